//! Worlds that `cluster-recording` tells of and whose recordings the project does not have: what it says of them, played
//! in its own words. These cases are ours; each names the sentence that it stands for.

use std::collections::BTreeSet;

use pullpath_model::time::{SimTime, Span};
use serde_json::{Value, json};

use super::canon::Names;
use super::recording::Recording;
use super::stage::{self, Outcome};
use super::world;

const DEFAULTS: &str = "all settings about pulling at their defaults";
const STUB: &str = "stub with HTTP basic authentication: alice/s3cret and bob/s3cret (and tokens not expired) are served; else 401";
const ALICE: &str =
    r#"{"auths": {"registry.example.com": {"username": "alice", "password": "s3cret"}}}"#;

/// What comes of a world and what is applied in it, at seconds.
fn play(
    worlds: &[&str],
    applied: &[(f64, Vec<Value>)],
    changes: &[(f64, &str)],
    seconds: f64,
) -> Outcome {
    let mut actions: Vec<(f64, Value)> = applied
        .iter()
        .map(|(t, objects)| {
            let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
            let list = documents.join("\n---\n");
            (*t, json!({ "t": t, "cmd": "kubectl apply -n case -f -", "stdin": list }))
        })
        .collect();
    actions.extend(changes.iter().map(|(t, world)| (*t, json!({ "t": t, "world": world }))));
    actions.sort_by(|one, other| one.0.total_cmp(&other.0));
    let actions: Vec<Value> = actions.into_iter().map(|(_, action)| action).collect();
    let recording = json!({
        "id": "ours", "title": "ours", "kubernetes": "v1.35.6", "kubectl": "v1.35.6", "containerd": "v2.3.4",
        "node": { "kubelet": DEFAULTS }, "world": worlds, "namespace": "case",
        "t0": "2026-11-23T23:00:00.000Z", "actions": actions, "recorded_for": seconds,
    });
    let recording: Recording = serde_yaml::from_str(&recording.to_string()).expect("a recording");
    let world = world::of(&recording).expect("a world that is known");
    let played = stage::play(&recording, world).expect("it is played");
    for output in &played.outputs {
        assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
    }
    played
}

fn pod(name: &str, image: &str, more: &Value) -> Value {
    let mut spec = json!({ "containers": [{ "name": "app", "image": image }] });
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name }, "spec": spec })
}

fn secret() -> Value {
    json!({ "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": { "name": "reg" }, "stringData": { ".dockerconfigjson": ALICE } })
}

fn with_secret() -> Value {
    json!({ "imagePullSecrets": [{ "name": "reg" }] })
}

/// The messages of a Pod's events of that reason, with when they were first written.
fn told(played: &Outcome, pod: &str, reason: &str) -> Vec<(i64, String)> {
    let names = Names::default();
    let events = played
        .events
        .iter()
        .filter(|event| event["involvedObject"]["name"] == pod && event["reason"] == reason);
    let mut told: Vec<(i64, String)> = events
        .map(|event| {
            let first = event["firstTimestamp"].as_str().and_then(pullpath_shell::unix_seconds);
            let message = event["message"].as_str().unwrap_or_default();
            (first.unwrap_or_default() - played.epoch, names.text(message))
        })
        .collect();
    told.sort();
    told
}

/// Pods that run at the end.
fn running(played: &Outcome) -> BTreeSet<String> {
    let mut running = BTreeSet::new();
    for change in &played.changes {
        let name = change.pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if change.kind != "DELETED" && change.pod["status"]["phase"] == "Running" {
            running.insert(name);
        } else {
            running.remove(&name);
        }
    }
    running
}

/// Pods whose image was asked for at a registry.
fn asked(played: &Outcome) -> BTreeSet<&str> {
    let pulls = played.pulls.iter().filter(|pull| !pull.exchanges.is_empty());
    pulls.map(|pull| pull.pod.as_str()).collect()
}

fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}

/// P27, `serial-pulls`: the Pulling event comes when the pull is queued, the success says how long it waited, a failing
/// one fails when its turn has come.
#[test]
fn pulls_wait_behind_a_slow_one() {
    let played = play(
        &["open.example.com/big: a layer takes 20 s"],
        &[
            (0.0, vec![pod("slow", "open.example.com/big:1.0", &Value::Null)]),
            (
                3.0,
                vec![
                    pod("quick", "open.example.com/web:1.0", &Value::Null),
                    pod("missing", "open.example.com/missing-web:1.0", &Value::Null),
                ],
            ),
        ],
        &[],
        60.0,
    );
    for pod in ["quick", "missing"] {
        let pulling = told(&played, pod, "Pulling");
        assert!(pulling[0].0 <= 5, "{pod}: {pulling:?}");
    }
    let pulled = told(&played, "quick", "Pulled");
    assert_eq!(
        pulled[0].1,
        "Successfully pulled image \"open.example.com/web:1.0\" in <age> (<age> including waiting). Image size: <n> bytes."
    );
    let failed = told(&played, "missing", "Failed");
    assert!(pulled[0].0 >= 20 && failed[0].0 >= 20, "{pulled:?} {failed:?}");
    assert_eq!(running(&played), BTreeSet::from(["quick".to_owned(), "slow".to_owned()]));
}

/// P27, `pull-qps-parallel`: forty at once, and some are over the limit; the registry sees nothing of these attempts, and
/// all run after an ordinary back-off.
#[test]
fn parallel_pulls_run_into_the_limit() {
    let pods = (0..40).map(|number| {
        let mut pod = pod(&format!("p{number}"), "open.example.com/qps:1.0", &Value::Null);
        pod["spec"]["containers"][0]["imagePullPolicy"] = "Always".into();
        pod
    });
    let played = play(
        &["kubelet: serializeImagePulls false (limits at their defaults)"],
        &[(0.0, pods.collect())],
        &[],
        60.0,
    );
    let throttled = played.pulls.iter().filter(|pull| pull.failed);
    let throttled: BTreeSet<&str> = throttled.map(|pull| pull.pod.as_str()).collect();
    assert!((10..=30).contains(&throttled.len()), "{}", throttled.len());
    for pod in &throttled {
        let failed = told(&played, pod, "Failed");
        let words = "Failed to pull image \"open.example.com/qps:1.0\": pull QPS exceeded";
        assert!(failed.iter().any(|(_, message)| message == words), "{failed:?}");
    }
    let silent = played.pulls.iter().filter(|pull| pull.failed);
    assert!(silent.clone().all(|pull| pull.exchanges.is_empty()));
    assert_eq!(running(&played).len(), 40);
}

/// P22, P52, `plugin-stale`: what a plugin gave counts until its time is over, however often the registry refuses it; a
/// held-back sync renews it, and the next pull comes through.
#[test]
fn a_stale_answer_of_a_plugin_counts_to_its_end() {
    let played = play(
        &[
            "a credential provider plugin for registry.example.com answers AWS/stale (cacheDuration 3m), then AWS/valid-2",
            STUB,
        ],
        &[(0.0, vec![pod("web", "registry.example.com/web:1.0", &Value::Null)])],
        &[],
        400.0,
    );
    // Nobody writes the event of the last pull any more: a Pod's Normal events run out after five minutes (P44).
    let (last, before) = played.pulls.split_last().expect("it is pulled");
    assert!(!last.failed && before.iter().all(|pull| pull.failed) && before.len() >= 4);
    assert!(last.at > SimTime::START + Span::minutes(3), "{}", last.at);
    assert!(running(&played).contains("web"));
}

/// The same, where somebody mends the plugin.
#[test]
fn a_plugin_that_fails_is_mended() {
    let played = play(
        &["a credential provider plugin for registry.example.com fails", STUB],
        &[(0.0, vec![pod("web", "registry.example.com/web:1.0", &Value::Null)])],
        &[(60.0, "the plugin answers alice/s3cret from now on")],
        120.0,
    );
    let failed = told(&played, "web", "Failed");
    assert!(failed.iter().any(|(_, message)| message.ends_with("no basic auth credentials")));
    assert!(told(&played, "web", "Pulled")[0].0 > 60);
}

/// P54, `plugin-service-account-token`.
#[test]
fn a_plugin_with_tokens_opens_an_image_for_an_account() {
    let account = |name: &str, annotations: Value| {
        json!({ "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": { "name": name, "annotations": annotations } })
    };
    let of = |account: &str| json!({ "serviceAccountName": account });
    let image = "registry.example.com/web:1.0";
    let annotated = || json!({ "example.com/team": "payments" });
    let played = play(
        &[
            "a credential provider plugin for registry.example.com with tokenAttributes: serviceAccountTokenAudience pull, requireServiceAccount true, cacheType ServiceAccount, requiredServiceAccountAnnotationKeys [example.com/team]; it answers alice/s3cret",
            STUB,
        ],
        &[
            (
                0.0,
                vec![
                    account("one", annotated()),
                    account("two", annotated()),
                    account("bare", json!({})),
                    pod("first", image, &of("one")),
                ],
            ),
            (
                10.0,
                vec![
                    pod("second", image, &of("one")),
                    pod("other", image, &of("two")),
                    pod("bare", image, &of("bare")),
                ],
            ),
        ],
        &[],
        40.0,
    );
    assert_eq!(asked(&played), set(&["first", "other", "bare"]));
    let running: BTreeSet<String> = running(&played);
    assert_eq!(
        running.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        set(&["first", "second", "other"])
    );
    let failed = told(&played, "bare", "Failed");
    assert!(failed.iter().any(|(_, message)| message.ends_with("no basic auth credentials")));
}

/// P47, `verify-never` and `verify-allowlist`: who may use what is there.
#[test]
fn policies_open_what_is_there() {
    #[track_caller]
    fn check(policy: &str, want: &[&str]) {
        let plain = |name: &str, image: &str| {
            let mut pod = pod(name, image, &Value::Null);
            pod["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent".into();
            pod
        };
        let played = play(
            &[STUB, policy],
            &[
                (
                    1.0,
                    vec![
                        secret(),
                        pod("pulls", "registry.example.com/pulled:1.0", &with_secret()),
                        plain("exact", "registry.example.com/wl-exact"),
                        plain("exact-tag", "registry.example.com/wl-exact:1.0"),
                        plain("below", "registry.example.com/wl-dir/app:1.0"),
                        plain("deep", "registry.example.com/wl-dir/deep/app:1.0"),
                        plain("elsewhere", "registry.example.com/other:1.0"),
                    ],
                ),
                (10.0, vec![plain("pulled", "registry.example.com/pulled:1.0")]),
            ],
            &[(
                0.0,
                "registry.example.com/wl-exact, registry.example.com/wl-exact:1.0, registry.example.com/wl-dir/app:1.0, registry.example.com/wl-dir/deep/app:1.0 and registry.example.com/other:1.0 are pulled into the runtime past the kubelet, with credentials (preloaded images)",
            )],
            30.0,
        );
        let running = running(&played);
        let got: Vec<&str> = running.iter().map(String::as_str).collect();
        assert_eq!(got, want, "{policy}");
    }
    let policy = "kubelet: imagePullCredentialsVerificationPolicy";
    check(
        &format!("{policy} NeverVerify"),
        &["below", "deep", "elsewhere", "exact", "exact-tag", "pulled", "pulls"],
    );
    check(
        &format!("{policy} NeverVerifyPreloadedImages (the default)"),
        &["below", "deep", "elsewhere", "exact", "exact-tag", "pulls"],
    );
    check(&format!("{policy} AlwaysVerify"), &["pulls"]);
    check(
        &format!(
            "{policy} NeverVerifyAllowlistedImages, preloadedImagesVerificationAllowlist [registry.example.com/wl-exact, registry.example.com/wl-dir/*]"
        ),
        &["below", "deep", "exact", "pulls"],
    );
}

/// R20, `digest-missing`: the runtime leaves the tag out, the kubelet keeps what is written.
#[test]
fn a_digest_that_nobody_has_is_told_without_the_tag() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = format!("open.example.com/web:1.0@{digest}");
    let played = play(&[STUB], &[(0.0, vec![pod("web", &image, &Value::Null)])], &[], 20.0);
    let whole = "open.example.com/web@<digest>";
    let failed = told(&played, "web", "Failed");
    let want = format!(
        "Failed to pull image \"open.example.com/web:1.0@<digest>\": rpc error: code = NotFound desc = failed to pull and unpack image \"{whole}\": failed to resolve image: {whole}: not found"
    );
    assert!(failed.iter().any(|(_, message)| *message == want), "{failed:#?}");
}

//! The whole model at work: stories of Pods that pull, fail, wait and recover.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_model::cause::Cause;
use pullpath_model::cluster::Cluster;
use pullpath_model::event::Reason;
use pullpath_model::log::{Entry, Fact};
use pullpath_model::pull::Refusal;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::{
    Image, NodeSpec, ProviderSpec, Registry, RegistryKind, Repository, RoleSpec, TokenSpec,
    Version, World,
};
use serde_json::{Value, json};

const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const WORKER: &str = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";

fn at(seconds: i64) -> SimTime {
    SimTime::START + Span::seconds(seconds)
}

fn world(seed: u64) -> World {
    let image = |mib: u64| Image { bytes: mib << 20, ..Image::default() };
    let tags = [("3.0.0".to_owned(), image(48))].into();
    let repository = Repository { tags, ..Repository::default() };
    World {
        epoch_seconds: 1_772_442_000,
        seed,
        from: SimTime::START - Span::hours(13),
        registries: [(
            HOST.to_owned(),
            Registry {
                kind: RegistryKind::Ecr,
                repositories: [("payment-api".to_owned(), repository)].into(),
                ..Registry::default()
            },
        )]
        .into(),
        tokens: BTreeMap::from([token("good", -1), token("old", -13)]),
        roles: [
            (
                "builder".to_owned(),
                RoleSpec { policies: vec![PULL_ONLY.into()], ..RoleSpec::default() },
            ),
            ("nodes".to_owned(), RoleSpec { policies: vec![WORKER.into()], ..RoleSpec::default() }),
        ]
        .into(),
        nodes: vec![NodeSpec {
            name: "worker-1".into(),
            joins: SimTime::START - Span::hours(13),
            leaves: None,
            containerd: Version::new(2, 3, 4),
            role: Some("nodes".into()),
            images: Vec::new(),
            providers: Vec::new(),
            bandwidth_mib: 50,
            ..NodeSpec::default()
        }],
        ..World::default()
    }
}

fn token(name: &str, hours: i64) -> (String, TokenSpec) {
    let issued = SimTime::START + Span::hours(hours);
    (
        name.to_owned(),
        TokenSpec { registry: HOST.into(), issued, role: "builder".into(), ..TokenSpec::default() },
    )
}

/// A cluster at T+0 with the namespace `payments`.
fn cluster(world: World) -> Cluster {
    let mut cluster = Cluster::new(&Arc::new(world));
    cluster.run_until(at(0));
    cluster.take_log();
    apply(
        &mut cluster,
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "payments"}}),
    );
    cluster
}

#[track_caller]
fn apply(cluster: &mut Cluster, manifest: &Value) -> String {
    cluster.apply(manifest).unwrap_or_else(|error| panic!("{error}")).to_string()
}

fn secret(cluster: &Cluster, name: &str, token: &str) -> Value {
    let password = cluster.mint().get(token).expect("a known token").text.reveal().to_owned();
    let config = json!({"auths": {HOST: {"username": "AWS", "password": password}}}).to_string();
    json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name, "namespace": "payments"}, "stringData": {".dockerconfigjson": config}})
}

fn account(name: &str, secrets: &[&str]) -> Value {
    let list: Vec<Value> = secrets.iter().map(|name| json!({ "name": name })).collect();
    json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": "payments"}, "imagePullSecrets": list})
}

fn deployment(replicas: u32, extra: &Value) -> Value {
    let mut spec =
        json!({"containers": [{"name": "app", "image": format!("{HOST}/payment-api:3.0.0")}]});
    for (key, value) in extra.as_object().expect("an object") {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "payment-api", "namespace": "payments"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "payment-api"}},
            "template": {"metadata": {"labels": {"app": "payment-api"}}, "spec": spec}}})
}

fn statuses(cluster: &Cluster) -> Vec<String> {
    cluster.pods().iter().map(|pod| pod.status.to_string()).collect()
}

fn attempts(log: &[Entry]) -> Vec<i64> {
    let began = |entry: &&Entry| matches!(entry.fact, Fact::PullBegan { .. });
    log.iter().filter(began).map(|entry| entry.at.as_millis()).collect()
}

/// Texts of the recorded case `ecr-no-credentials` (Kubernetes 1.35.6, containerd 2.3.4).
#[test]
fn a_pod_without_credentials_says_what_a_real_one_said() {
    let mut cluster = cluster(world(7));
    apply(&mut cluster, &deployment(1, &json!({})));
    cluster.run_until(at(5));
    let pod = cluster.pods()[0].clone();
    let image = format!("{HOST}/payment-api:3.0.0");
    let error = format!(
        "failed to pull and unpack image \"{image}\": failed to resolve image: pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"
    );
    let (container, waiting) = pod.waiting().expect("it waits");
    assert_eq!(
        &*waiting.message,
        format!("Back-off pulling image \"{image}\": ErrImagePull: {error}")
    );
    assert_eq!(waiting.cause, Cause::NoSecretsNamed);
    assert_eq!(&*container.field_path, "spec.containers{app}");
    let events: Vec<(&str, String)> = pod
        .recorder
        .written()
        .map(|event| (event.reason.name(), event.message.to_string()))
        .collect();
    assert_eq!(
        events,
        [
            ("Scheduled", format!("Successfully assigned payments/{} to worker-1", pod.key.name)),
            ("Pulling", format!("Pulling image \"{image}\"")),
            ("Failed", format!("Failed to pull image \"{image}\": {error}")),
            ("Failed", "Error: ErrImagePull".into()),
            ("BackOff", format!("Back-off pulling image \"{image}\"")),
            ("Failed", "Error: ImagePullBackOff".into()),
        ]
    );
}

/// cluster-recording, P12 and P38: the status lags one sync behind the events.
#[test]
fn the_status_goes_as_it_was_recorded() {
    let mut cluster = cluster(world(7));
    apply(&mut cluster, &deployment(1, &json!({})));
    cluster.run_until(at(60));
    let seen: Vec<(i64, String)> = cluster
        .take_log()
        .iter()
        .filter_map(|entry| match &entry.fact {
            Fact::Status(status) => Some((entry.at.as_millis(), status.to_string())),
            _ => None,
        })
        .collect();
    let words: Vec<&str> = seen.iter().map(|(_, status)| status.as_str()).collect();
    assert_eq!(
        words,
        [
            "Pending",
            "ContainerCreating",
            "ErrImagePull",
            "ImagePullBackOff",
            "ErrImagePull",
            "ImagePullBackOff",
            "ErrImagePull"
        ]
    );
    assert!((700..2500).contains(&seen[2].0), "ErrImagePull shows after about a second: {seen:?}");
    assert!((11_000..18_000).contains(&seen[3].0), "and stays for some ten: {seen:?}");
}

/// The bounds that the recordings' README gives for pulls that fail at once.
#[test]
fn every_attempt_falls_within_the_recorded_bounds() {
    let bounds = [(10, 17), (32, 48), (73, 103), (154, 196), (317, 371), (620, 685)];
    for seed in 0..200 {
        let mut cluster = cluster(world(seed));
        apply(&mut cluster, &deployment(1, &json!({})));
        cluster.run_until(at(700));
        let at = attempts(&cluster.take_log());
        for (number, (low, high)) in bounds.into_iter().enumerate() {
            let after = at[number + 1] - at[0];
            assert!(
                (low * 1000..=high * 1000).contains(&after),
                "seed {seed}: attempt {} came after {after} ms",
                number + 2
            );
        }
    }
}

/// The promise behind fast-forwarding: nothing that can be seen differs from the run that does every sync.
#[test]
fn skipping_held_back_syncs_changes_nothing() {
    for (seed, provider) in [(1, false), (2, true)] {
        let mut world = world(seed);
        if provider {
            world.nodes[0].providers = vec![ecr_provider()];
        }
        let story = |cluster: &mut Cluster| {
            let old = secret(cluster, "ecr", "old");
            apply(cluster, &old);
            apply(
                cluster,
                &deployment(3, &json!({"imagePullSecrets": [{"name": "ecr"}, {"name": "gone"}]})),
            );
            cluster.run_until(at(5000));
            // In the middle of a back-off the Secret breaks, and a while later it is mended.
            let mut broken = old.clone();
            broken["stringData"][".dockerconfigjson"] =
                json!({"auths": {HOST: {"auth": "!"}}}).to_string().into();
            apply(cluster, &broken);
            cluster.run_until(at(5400));
            apply(cluster, &old);
            cluster.run_until(at(30_000));
            let counts: Vec<(u32, u32)> = cluster
                .events()
                .iter()
                .map(|event| (event.event.count, event.event.seen))
                .collect();
            let log: String = cluster.take_log().iter().map(|entry| format!("{entry}\n")).collect();
            (counts, log)
        };
        let fast = story(&mut cluster(world.clone()));
        let naive = story(&mut cluster(world).without_fast_forward());
        assert_eq!(fast.0, naive.0, "event counts");
        assert_eq!(fast.1, naive.1, "log");
        assert!(fast.1.lines().count() > 500, "the story is long enough to mean something");
    }
}

fn ecr_provider() -> ProviderSpec {
    ProviderSpec {
        name: "ecr-credential-provider".into(),
        match_images: vec!["*.dkr.ecr.*.amazonaws.com".into()],
        default_cache_seconds: 12 * 3600,
        ..ProviderSpec::default()
    }
}

#[test]
fn two_runs_of_one_seed_are_the_same_and_another_seed_is_another_run() {
    let run = |seed| {
        let mut cluster = cluster(world(seed));
        apply(&mut cluster, &deployment(3, &json!({})));
        cluster.run_until(at(3600));
        cluster.take_log().iter().map(|entry| format!("{entry}\n")).collect::<String>()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn going_on_in_steps_is_the_same_as_at_once() {
    let mut whole = cluster(world(5));
    apply(&mut whole, &deployment(2, &json!({})));
    let mut steps = whole.clone();
    whole.run_until(at(7200));
    for second in (0..=7200).step_by(7) {
        steps.run_until(at(second));
    }
    steps.run_until(at(7200));
    assert_eq!(whole.take_log(), steps.take_log());
    assert_eq!(whole.events(), steps.events());
}

#[test]
fn an_account_mended_later_reaches_new_pods_only() {
    let mut cluster = cluster(world(7));
    let good = secret(&cluster, "ecr", "good");
    apply(&mut cluster, &good);
    apply(&mut cluster, &deployment(2, &json!({})));
    cluster.run_until(at(30));
    assert_eq!(
        apply(&mut cluster, &account("default", &["ecr"])),
        "serviceaccount/default configured"
    );
    cluster.run_until(at(700));
    assert_eq!(statuses(&cluster), ["ImagePullBackOff", "ImagePullBackOff"]);
    cluster.restart_rollout("payments", "payment-api").unwrap();
    cluster.run_until(at(720));
    assert_eq!(statuses(&cluster), ["Running", "Running"]);
    assert!(cluster.pods().iter().all(|pod| pod.list_from_account));
}

/// The recorded case `default-sa-trap-fixed`: the mended template runs within seconds, back-off plays no part.
#[test]
fn naming_the_account_mends_the_deployment() {
    let mut cluster = cluster(world(7));
    let good = secret(&cluster, "ecr", "good");
    apply(&mut cluster, &good);
    apply(&mut cluster, &account("payment-api-sa", &["ecr"]));
    apply(&mut cluster, &deployment(3, &json!({})));
    cluster.run_until(at(100));
    let applied =
        apply(&mut cluster, &deployment(3, &json!({"serviceAccountName": "payment-api-sa"})));
    assert_eq!(applied, "deployment.apps/payment-api configured");
    cluster.run_until(at(120));
    assert_eq!(statuses(&cluster), ["Running"; 3]);
    let scaled: Vec<String> = cluster
        .events()
        .iter()
        .filter(|event| event.event.reason == Reason::ScalingReplicaSet)
        .map(|event| event.event.message.to_string())
        .collect();
    assert!(
        scaled[0].starts_with("Scaled up replica set payment-api-")
            && scaled[0].ends_with(" from 0 to 3")
    );
    assert!(scaled[1].ends_with(" from 0 to 1"), "one more than asked for: {scaled:?}");
    assert!(scaled.last().unwrap().ends_with(" from 1 to 0"));
}

/// cluster-recording, controllers: 14 refusals from 0.25 s to 41 s, and again after the account is there.
#[test]
fn a_missing_account_is_refused_again_and_again() {
    let mut cluster = cluster(world(7));
    apply(&mut cluster, &deployment(1, &json!({"serviceAccountName": "ghost"})));
    cluster.run_until(at(60));
    assert_eq!(statuses(&cluster), Vec::<String>::new());
    let refused = cluster
        .events()
        .into_iter()
        .find(|event| event.event.reason == Reason::FailedCreate)
        .unwrap();
    let set = &refused.object.name;
    assert_eq!(
        &*refused.event.message,
        format!(
            "Error creating: pods \"{set}-\" is forbidden: error looking up service account payments/ghost: serviceaccount \"ghost\" not found"
        )
    );
    assert_eq!(refused.event.count, 14);
    apply(&mut cluster, &account("ghost", &[]));
    cluster.run_until(at(90));
    assert_eq!(cluster.pods().len(), 1);
}

#[test]
fn an_expired_token_is_refused_by_name_and_a_fresh_one_helps_at_the_next_attempt() {
    let mut cluster = cluster(world(7));
    let old = secret(&cluster, "ecr", "old");
    apply(&mut cluster, &old);
    apply(&mut cluster, &deployment(1, &json!({"imagePullSecrets": [{"name": "ecr"}]})));
    cluster.run_until(at(200));
    let cause = cluster.pods()[0].waiting().unwrap().1.cause;
    assert_eq!(cause, Cause::Refused(Refusal::TokenExpired));
    let fresh = cluster.mint_token(HOST, "builder").name.clone();
    let fresh = secret(&cluster, "ecr", &fresh);
    assert_eq!(apply(&mut cluster, &fresh), "secret/ecr configured");
    // P40: the Secret is right at once, the Pod recovers with the next allowed attempt.
    cluster.run_until(at(201));
    let status = statuses(&cluster).concat();
    assert!(matches!(&*status, "ImagePullBackOff" | "ErrImagePull"), "{status}");
    cluster.run_until(at(200 + 316));
    assert_eq!(statuses(&cluster), ["Running"]);
}

/// E5 and P53: what the node's role may do decides what its provider gets, from the next look-up on.
#[test]
fn a_role_that_gains_the_right_serves_every_pod_of_the_node() {
    let mut world = world(7);
    world.nodes[0].providers = vec![ecr_provider()];
    let mut cluster = cluster(world);
    apply(&mut cluster, &deployment(2, &json!({})));
    cluster.run_until(at(400));
    let cause = cluster.pods()[0].waiting().unwrap().1.cause;
    assert_eq!(cause, Cause::ProviderFailed);
    apply(
        &mut cluster,
        &json!({"apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": "Role",
        "metadata": {"name": "nodes", "namespace": "payments"},
        "spec": {"name": "nodes", "assumeRolePolicyDocument": "{}", "policies": [WORKER, PULL_ONLY]}}),
    );
    cluster.run_until(at(400 + 316));
    assert_eq!(statuses(&cluster), ["Running", "Running"]);
}

/// P46 to P49: a Secret opens an image to those who show it, and to nobody else.
#[test]
fn a_present_image_is_not_a_free_ride() {
    let mut cluster = cluster(world(7));
    let good = secret(&cluster, "ecr", "good");
    apply(&mut cluster, &good);
    let pod = |name: &str, secrets: &Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "payments"},
            "spec": {"imagePullSecrets": secrets, "containers": [{"name": "app", "image": format!("{HOST}/payment-api:3.0.0")}]}})
    };
    apply(&mut cluster, &pod("first", &json!([{"name": "ecr"}])));
    cluster.run_until(at(10));
    apply(&mut cluster, &pod("second", &json!([{"name": "ecr"}])));
    apply(&mut cluster, &pod("third", &json!([])));
    cluster.run_until(at(30));
    let status = |name| cluster.pod("payments", name).unwrap().status.to_string();
    assert_eq!(
        (status("first"), status("second"), status("third")),
        ("Running".into(), "Running".into(), "ImagePullBackOff".into())
    );
    let second = cluster.pod("payments", "second").unwrap();
    let pulled = second.recorder.written().find(|event| event.reason == Reason::Pulled).unwrap();
    assert!(pulled.message.ends_with("already present on machine and can be accessed by the pod"));
}

#[test]
fn the_reasons_of_an_attempt_agree_with_what_came_of_it() {
    let mut cluster = cluster(world(7));
    let old = secret(&cluster, "ecr", "old");
    apply(&mut cluster, &old);
    apply(&mut cluster, &deployment(1, &json!({"imagePullSecrets": [{"name": "ecr"}]})));
    let mut replay = cluster.clone();
    cluster.run_until(at(100));
    let uid = cluster.pods()[0].uid.to_string();
    let trace = replay.trace_attempt(&uid, 3, at(100)).expect("there was a third attempt");
    assert_eq!((trace.number, trace.tries.len(), trace.entries.len()), (3, 1, 1));
    assert!(trace.entries[0].matched);
    assert_eq!(trace.tries[0].username, "AWS");
    let statuses: Vec<u16> =
        trace.tries[0].trace.exchanges.iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses[..2], [401, 403]);
}

#[test]
fn what_is_applied_twice_is_unchanged() {
    let mut cluster = cluster(world(7));
    for manifest in [account("payment-api-sa", &["ecr"]), deployment(3, &json!({}))] {
        assert!(apply(&mut cluster, &manifest).ends_with(" created"));
        assert!(apply(&mut cluster, &manifest).ends_with(" unchanged"));
    }
    // `stringData` is never stored, so kubectl sends it again; the server finds nothing new in it.
    let good = secret(&cluster, "ecr", "good");
    assert_eq!(apply(&mut cluster, &good), "secret/ecr created");
    let version = cluster.store.resource_version();
    assert_eq!(apply(&mut cluster, &good), "secret/ecr configured");
    assert_eq!(cluster.store.resource_version(), version);
}

#[test]
fn a_refused_object_changes_nothing() {
    let mut cluster = cluster(world(7));
    let mut broken = deployment(1, &json!({}));
    broken["spec"]["selector"]["matchLabels"] = json!({"app": "other"});
    let error = cluster.apply(&broken).unwrap_err();
    assert_eq!(
        error.message,
        "Deployment.apps \"payment-api\" is invalid: spec.template.metadata.labels: Invalid value: {\"app\":\"payment-api\"}: `selector` does not match template `labels`"
    );
    let mut homeless = account("x", &[]);
    homeless["metadata"]["namespace"] = "nowhere".into();
    assert_eq!(cluster.apply(&homeless).unwrap_err().message, "namespaces \"nowhere\" not found");
    cluster.run_until(at(10));
    assert!(cluster.pods().is_empty());
}

/// A node that is lost takes its Pods along; they are made anew elsewhere, without its cached images.
#[test]
fn a_lost_node_uncovers_a_dead_token() {
    let mut world = world(7);
    world.nodes[0].leaves = Some(at(100));
    let other =
        NodeSpec { name: "worker-2".into(), joins: at(90), leaves: None, ..world.nodes[0].clone() };
    world.nodes.push(other);
    let mut cluster = Cluster::new(&Arc::new(world));
    apply(
        &mut cluster,
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "payments"}}),
    );
    let old = secret(&cluster, "ecr", "old");
    apply(&mut cluster, &old);
    apply(&mut cluster, &deployment(2, &json!({"imagePullSecrets": [{"name": "ecr"}]})));
    cluster.run_until(at(80));
    assert_eq!(statuses(&cluster), ["Running", "Running"]);
    cluster.run_until(at(130));
    let expired = Cause::Refused(Refusal::TokenExpired);
    assert!(
        cluster.pods().iter().all(|pod| pod.waiting().is_some_and(|(_, why)| why.cause == expired))
    );
    assert!(cluster.pods().iter().all(|pod| pod.node.as_deref() == Some("worker-2")));
}

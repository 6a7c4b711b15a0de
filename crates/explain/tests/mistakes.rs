//! Every mistake that is told, each in the smallest input that has it. Reads as the list of codes in `docs/explain.md`.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pullpath_explain::report::{Report, Verdict};
use pullpath_explain::{Input, Moment, Options, explain};

const ECR: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const NOW: i64 = 1_772_521_200;

fn ask(text: &str) -> Report {
    let inputs = [Input { name: "f.yaml".into(), text: text.into() }];
    explain(&inputs, &Options::at(Moment::from_unix(NOW)))
}

/// The codes that an input draws, in order of place.
fn codes(text: &str) -> Vec<&'static str> {
    ask(text).findings.iter().map(|finding| finding.code).collect()
}

#[track_caller]
fn check(text: &str, want: &[&str], verdict: Verdict) {
    let report = ask(text);
    let got: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(got, want, "{text}\n{:#?}", report.findings);
    assert_eq!(report.images[0].verdict, verdict, "{text}\n{:#?}", report.images);
    assert_eq!(report.unreadable, []);
}

/// A Pod of namespace `default` and what else stands in its spec.
fn pod(image: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers: [{{name: c, image: '{image}'}}]\n{rest}"
    )
}

const NAMES_S: &str = "  imagePullSecrets: [{name: s}]\n";

/// A Secret `s` of a type with one value.
fn secret_of(kind: &str, key: &str, value: &str) -> String {
    let value = STANDARD.encode(value);
    format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ntype: {kind}\ndata: {{{key}: {value}}}\n"
    )
}

fn secret(config: &str) -> String {
    secret_of("kubernetes.io/dockerconfigjson", ".dockerconfigjson", config)
}

fn login(key: &str, user: &str, password: &str) -> String {
    secret(&format!(r#"{{"auths":{{"{key}":{{"username":"{user}","password":"{password}"}}}}}}"#))
}

fn ecr_token(end: i64) -> String {
    STANDARD
        .encode(format!(r#"{{"payload":"x","version":"2","type":"DATA_KEY","expiration":{end}}}"#))
}

fn jwt(claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.sig", part(r#"{"alg":"RS256"}"#), part(claims))
}

/// What `kubectl get` prints: everything there is of these kinds.
fn dump(items: &[&str]) -> String {
    let mut out = "apiVersion: v1\nkind: List\nitems:\n".to_owned();
    for item in items {
        let _ = writeln!(out, "- {item}");
    }
    out
}

#[test]
fn names_and_policies() {
    use Verdict::{Pulls, WillNotPull};
    check(&pod("GHCR.io/Acme/x:1", ""), &["invalid-image-name"], WillNotPull);
    let hint = ask(&pod("quay.io/a/b@sha256:abc", "")).findings[0].hint.clone();
    assert!(hint.contains("64"), "{hint}");
    check(&pod("", ""), &["image-missing"], WillNotPull);
    check(&pod(" nginx:1", ""), &["image-whitespace"], WillNotPull);
    check(&pod("nginx", ""), &["latest-tag"], Pulls);
    let policy = |policy: &str| {
        pod("nginx:1", "").replace("'nginx:1'", &format!("'nginx:1', imagePullPolicy: {policy}"))
    };
    check(&policy("always"), &["bad-pull-policy"], WillNotPull);
    check(&policy("Never"), &["policy-never"], Verdict::Unknown);
    check(&policy("Always"), &[], Pulls);
}

#[test]
fn whose_secrets() {
    use Verdict::{Pulls, Unknown, WillNotPull};
    let good = login("ghcr.io", "u", "ghp_1");
    let image = "ghcr.io/a/b:1";
    let account = |name: &str, rest: &str| {
        format!("---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}}}\n{rest}")
    };
    let lists_s = "imagePullSecrets: [{name: s}]\n";
    let (default, other) = (account("default", ""), account("other", lists_s));
    check(
        &[&*good, &default, &other, &pod(image, "")].concat(),
        &["default-service-account"],
        WillNotPull,
    );
    check(&[&*good, &default, &pod(image, "")].concat(), &["secret-not-named"], WillNotPull);
    let mountable = account("default", "secrets: [{name: s}]\n");
    check(&[&*good, &mountable, &pod(image, "")].concat(), &["account-secrets-field"], WillNotPull);
    let with_list = account("default", lists_s);
    check(&[&*good, &with_list, &pod(image, "")].concat(), &[], Pulls);
    let empty = pod(image, "  imagePullSecrets: [{name: ''}]\n");
    check(&[&*good, &with_list, &empty].concat(), &["empty-secret-name"], WillNotPull);
    let own = pod(image, "  imagePullSecrets: [{name: t}]\n");
    let t = secret("{}").replace("name: s", "name: t");
    check(
        &[&*good, &t, &with_list, &own].concat(),
        &["no-entries", "account-list-ignored"],
        WillNotPull,
    );
    check(&pod(image, "  imagePullSecret: [{name: s}]\n"), &["misplaced-field"], Unknown);
    check(&pod(image, ""), &[], Unknown);
    check(&pod("registry.k8s.io/pause:3.10", ""), &[], Pulls);
}

#[test]
fn what_is_not_in_the_input_is_unknown_unless_a_whole_list_says_so() {
    use Verdict::{Unknown, WillNotPull};
    let p = pod("ghcr.io/a/b:1", NAMES_S);
    check(&p, &[], Unknown);
    let list = dump(&[
        "{apiVersion: v1, kind: Secret, metadata: {name: ss, namespace: default, uid: u1}, type: Opaque}",
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: default, uid: u2}}",
    ]);
    check(&format!("{list}{p}"), &["secret-missing"], WillNotPull);
    let elsewhere = list
        .replace("namespace: default, uid: u1", "namespace: build, uid: u1")
        .replace("name: ss", "name: s");
    check(&format!("{elsewhere}{p}"), &["secret-other-namespace"], Unknown);
    let everywhere = elsewhere.replace("items:\n", "items:\n- {apiVersion: v1, kind: Secret, metadata: {name: x, namespace: zone, uid: u3}, type: Opaque}\n");
    check(&format!("{everywhere}{p}"), &["secret-other-namespace"], WillNotPull);
    let account = pod("ghcr.io/a/b:1", "  serviceAccountName: dfault\n");
    check(&format!("{list}{account}"), &["service-account-missing"], WillNotPull);
    // One object on its own, and a list that a person wrote, prove nothing.
    let written = list.replace(", uid: u1", "").replace(", uid: u2", "");
    check(&format!("{written}{p}"), &["secret-name"], Unknown);
    let event = "---\napiVersion: v1\nkind: Event\nmetadata: {name: e}\ninvolvedObject: {kind: Pod, namespace: default, name: p}\nmessage: Unable to retrieve some image pull secrets (s); attempting to pull the image may not succeed.\n";
    check(&format!("{event}{p}"), &["secret-missing"], WillNotPull);
    let redacted = p.clone()
        + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: '<redacted>'}\n";
    check(&redacted, &[], Unknown);
}

#[test]
fn secrets_that_give_nothing() {
    use Verdict::WillNotPull;
    let p = pod("ghcr.io/a/b:1", NAMES_S);
    #[track_caller]
    fn one(secret: &str, pod: &str, code: &str) {
        check(&format!("{secret}{pod}"), &[code], WillNotPull);
    }
    let entry = r#"{"ghcr.io":{"username":"u","password":"p1"}}"#;
    let auths = format!(r#"{{"auths":{entry}}}"#);
    one(&secret_of("Opaque", ".dockerconfigjson", &auths), &p, "secret-type");
    one(&secret_of("kubernetes.io/dockerconfig", ".dockerconfigjson", &auths), &p, "secret-type");
    one(&secret_of("kubernetes.io/dockerconfigjson", "config.json", &auths), &p, "secret-key");
    one(&secret_of("kubernetes.io/dockercfg", ".dockercfg", &auths), &p, "nested-in-dockercfg");
    one(&secret(entry), &p, "flat-in-dockerconfigjson");
    one(&secret(""), &p, "secret-empty");
    one(&secret(r#"{"auths":{"ghcr.io":{}},"credsStore":"desktop"}"#), &p, "creds-store");
    one(&secret(r#"{"auths":{"#), &p, "secret-undecodable");
    one(&secret(r#"{"auths":{"ghcr.io":{"auth":"nocolon="}}}"#), &p, "bad-auth");
    one(&secret(&STANDARD.encode(&auths)), &p, "double-base64");
    one(&secret("x").replace("eA==", "'{}'"), &p, "bad-base64");
    one(&secret(r#"{"auths":{"ghcr.io":{"username":"u"}}}"#), &p, "empty-credential");
    one(&secret(r#"{"auths":{"ghcr.io":{"identitytoken":"t"}}}"#), &p, "identity-token");
    one(&login("ghcr.io", "u", r"p1\n"), &p, "newline-in-credential");
    one(&login("ghcr.io", "u", "${TOKEN}"), &p, "placeholder-credential");
    one(&login("ghcr.io", "u", "github_pat_1"), &p, "fine-grained-pat");
}

#[test]
fn tokens() {
    use Verdict::{Pulls, WillNotPull};
    let p = pod(&format!("{ECR}/a:1"), NAMES_S);
    let with = |user: &str, password: &str| login(ECR, user, password) + &p;
    check(&with("AWS", &ecr_token(NOW)), &["token-expired"], WillNotPull);
    check(&with("AWS", &ecr_token(NOW + 60)), &["token-ends-soon"], Pulls);
    check(&with("AWS", &ecr_token(NOW + 13 * 3600)), &[], Pulls);
    check(&with("me", &ecr_token(NOW + 60)), &["ecr-user"], WillNotPull);
    check(
        &with("AWS", &STANDARD.encode("AWS:eyJwYXls")),
        &["ecr-authorization-token"],
        WillNotPull,
    );
    // A token that says nothing is as old as its Secret, or older.
    let stamped = |fields: &str| {
        with("AWS", "opaque").replacen("{name: s}", &format!("{{name: s, {fields}}}"), 1)
    };
    let last = "managedFields: [{manager: k, time: '2026-03-02T18:00:00Z'}]";
    check(&stamped(last), &["token-expired"], WillNotPull);
    check(
        &stamped("creationTimestamp: '2026-03-02T18:00:00Z'"),
        &["token-expired"],
        Verdict::Unknown,
    );
    check(&stamped("creationTimestamp: '2026-03-03T06:00:00Z'"), &["token-ends-soon"], Pulls);

    let azure = pod("acme.azurecr.io/a:1", NAMES_S);
    let with = |claims: &str| {
        login("acme.azurecr.io", "00000000-0000-0000-0000-000000000000", &jwt(claims)) + &azure
    };
    check(&with(r#"{"aud":"acme.azurecr.io","exp":1772521199}"#), &["token-expired"], WillNotPull);
    check(
        &with(r#"{"aud":"other.azurecr.io","exp":1772621199}"#),
        &["token-audience"],
        WillNotPull,
    );
    check(&with(r#"{"aud":"acme.azurecr.io","exp":1772621199}"#), &[], Pulls);

    let lab = pod("registry.gitlab.com/a/b:1", NAMES_S);
    check(&(login("registry.gitlab.com", "u", "glcbt-1") + &lab), &["job-token"], Pulls);
    let two =
        r#"{"auths":{"registry.gitlab.com":{"username":"u","password":"p1","auth":"dTpwMg=="}}}"#;
    check(&(secret(two) + &lab), &["auth-overrides"], Pulls);
}

#[test]
fn robots_of_harbor() {
    use Verdict::{Pulls, WillNotPull};
    let team = pod("harbor.corp.example/team/app:1", NAMES_S);
    let robot = |user: &str| login("harbor.corp.example", user, "p1") + &team;
    check(&robot("robot$team+puller"), &[], Pulls);
    check(&robot("robot$everywhere"), &[], Pulls);
    check(&robot("robot$other+puller"), &["robot-project"], WillNotPull);
    check(&robot("robot+puller"), &["robot-name"], Pulls);
    check(&robot("robotics"), &[], Pulls);
}

#[test]
fn a_token_of_another_region_is_not_saved_by_another_key() {
    let other = login("123456789012.dkr.ecr.us-east-1.amazonaws.com", "AWS", "opaque-token");
    let report = ask(&(other + &pod(&format!("{ECR}/a:1"), NAMES_S)));
    let hint = &report.findings[0].hint;
    assert!(hint.contains("a token of its own") && hint.contains("eu-central-1"), "{hint}");
}

#[test]
fn a_token_below_a_pattern_ends_too() {
    let below = |end| login("*.dkr.ecr.*.amazonaws.com", "AWS", &ecr_token(end));
    let image = pod(&format!("{ECR}/a:1"), NAMES_S);
    check(&(below(NOW - 60) + &image), &["token-expired"], Verdict::WillNotPull);
    check(&(below(NOW + 60) + &image), &["token-ends-soon"], Verdict::Pulls);
}

#[test]
fn the_release_of_the_nodes_is_told_with_what_it_does_otherwise() {
    #[track_caller]
    fn check(versions: &[&str], want: &str) {
        let nodes: Vec<String> = versions
            .iter()
            .map(|version| {
                format!("apiVersion: v1\nkind: Node\nmetadata: {{ name: n{version} }}\nstatus: {{ nodeInfo: {{ kubeletVersion: {version}, containerRuntimeVersion: \"containerd://2.1.4\" }} }}\n")
            })
            .collect();
        let text = format!("{}---\n{}", pod("nginx:1.27", ""), nodes.join("---\n"));
        let report = ask(&text);
        let found = report.assumptions.iter().any(|assumption| assumption == want);
        assert!(found, "{:?}", report.assumptions);
    }
    let older = "before 1.35, a node starts any Pod from an image that it has already; rules about credentials are those of 1.35";
    check(&[], "rules are those of Kubernetes 1.35 and containerd");
    check(
        &["v1.35.6"],
        "nodes run Kubernetes v1.35.6 with containerd://2.1.4, as the input says, and rules are those of it",
    );
    check(
        &["v1.32.5"],
        &format!(
            "nodes run Kubernetes v1.32.5 with containerd://2.1.4, as the input says: {older}"
        ),
    );
    check(
        &["v1.32.5", "v1.35.6"],
        &format!("nodes run Kubernetes 1.32 and 1.35, as the input says: {older}"),
    );
    check(
        &["v1.36.1"],
        "nodes run Kubernetes v1.36.1 with containerd://2.1.4, as the input says; rules are those of 1.35",
    );
}

#[test]
fn a_template_is_called_one() {
    #[track_caller]
    fn check(text: &str, line: u32) {
        let found: Vec<_> =
            ask(text).unreadable.iter().map(|finding| (finding.code, finding.place.line)).collect();
        assert_eq!(found, [("template", line)], "{text}");
    }
    let kind = "apiVersion: v1\nkind: Pod\nmetadata:\n";
    check(&format!("{kind}  name: {{{{ include \"a\" . }}}}\n  {{{{- if .x }}}}\n  a: b\n"), 4);
    check(&format!("{{{{- if .x }}}}\n{kind}  name: a\n{{{{- end }}}}\n"), 1);
    // External Secrets write such texts into values; a mistake elsewhere is called by its own name.
    let text = format!("{kind}  name: '{{{{ .x }}}}'\nspec:\n  a: b\n\n  c: [\n");
    assert_eq!(ask(&text).unreadable[0].code, "yaml-syntax");
}

#[test]
fn a_kustomization_is_not_applied() {
    let text =
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n";
    assert_eq!(codes(text), ["kustomization"]);
    let said = pullpath_explain::text::render(&ask(text));
    let verdict = "no image and no message of a failed pull in the input, 1 warning";
    assert!(said.starts_with(verdict), "{said}");
    assert_eq!(ask(text).unreadable, []);
}

#[test]
fn a_table_of_events_is_read_by_its_head() {
    let message = "Failed to pull image \"a.example/b:1\": failed to pull and unpack image \"a.example/b:1\": failed to resolve image: a.example/b:1: not found";
    let behind = format!("OBJECT      MESSAGE{}COUNT\n", " ".repeat(message.len() - 4))
        + &format!("pod/web-0   {message}   4\n");
    let first = format!("MESSAGE{}OBJECT      REASON\n", " ".repeat(message.len() - 4))
        + &format!("{message}   pod/web-0   Failed\n");
    let empty = format!("OBJECT      SUBOBJECT   MESSAGE\npod/web-0               {message}\n");
    let pasted = format!("OBJECT    MESSAGE    COUNT\npod/web-0   {message}   4\n");
    for text in [behind, first, empty, pasted] {
        let report = ask(&text);
        let read: Vec<_> =
            report.messages.iter().map(|read| (read.subject.as_deref(), &*read.words)).collect();
        let [(Some("Pod default/web-0"), words)] = read[..] else { panic!("{text}\n{read:#?}") };
        assert!(words.ends_with("a.example/b:1: not found"), "{words}");
    }
}

#[test]
fn near_misses() {
    #[track_caller]
    fn one(key: &str, image: &str, code: &str) {
        let text = login(key, "u", "p1") + &pod(image, NAMES_S);
        check(&text, &[code], Verdict::WillNotPull);
    }
    one("reg.example.com", "reg.example.com:5000/a:1", "port-mismatch");
    one("https://reg.example.com:443", "reg.example.com/a:1", "port-mismatch");
    one("https://ghcr.io/v2", "ghcr.io/a/b:1", "key-path-v2");
    one("ghcr.io/a/b:1", "ghcr.io/a/b:1", "path-mismatch");
    one("ghcr.io/c", "ghcr.io/a/b:1", "path-mismatch");
    one("GHCR.io", "ghcr.io/a/b:1", "host-mismatch");
    one("ghrc.io", "ghcr.io/a/b:1", "host-mismatch");
    one("example.com", "reg.example.com/a:1", "host-mismatch");
    one("oci://ghcr.io", "ghcr.io/a/b:1", "key-scheme");
    one("ghcr.io /x", "ghcr.io/a/b:1", "key-unreadable");
    one("https://index.docker.io/v1", "acme/b:1", "docker-hub-key");
    one("hub.docker.com", "acme/b:1", "docker-hub-key");
    one("harbor", "harbor/b:1", "host-mismatch");
    // Two registries with similar names are two registries.
    check(&(login("gcr.io", "u", "p1") + &pod("ghcr.io/a/b:1", NAMES_S)), &[], Verdict::Unknown);
    check(
        &(login("https://index.docker.io/v1/", "u", "p1") + &pod("acme/b:1", NAMES_S)),
        &[],
        Verdict::Pulls,
    );
    // A login in a key, or in an image's name, is not shown.
    let report = ask(&pod("https://u:MARKED@reg.example.com/a:1", ""));
    assert_eq!(report.findings[0].code, "invalid-image-name");
    assert!(!format!("{report:?}").contains("MARKED"), "{report:?}");
    let report = ask(&(login("https://u:MARKED@reg.example.com", "u", "p1")
        + &pod("reg.example.com:5000/a:1", NAMES_S)));
    assert!(!format!("{report:?}").contains("MARKED"));
}

/// A command that somebody will copy holds nothing that a shell would run.
#[test]
fn commands_hold_names_only() {
    let hostile = pod("ghcr.io/a/b:1", "  imagePullSecrets: [{name: '$(touch x)'}]\n")
        .replace("{name: p}", "{name: 'p; touch x', namespace: '`touch x`'}");
    let report = ask(&hostile);
    let settle = report.images[0].settle.as_deref();
    assert_eq!(settle, Some("kubectl get secret SECRET -n NAMESPACE -o yaml"));
    let table = "NAME      READY   STATUS             RESTARTS   AGE\n$(touch)  0/1     ImagePullBackOff   0          9s\n";
    let report = ask(table);
    assert_eq!(report.messages[0].next, ["kubectl events -n NAMESPACE --for pod/POD"]);
}

/// The page for people lists every code, and nothing that no code draws.
#[test]
fn every_code_is_on_the_page() {
    let page = include_str!("../../../docs/explain.md");
    let table = &page[page.find("## Codes").unwrap()..page.find("SARIF has besides").unwrap()];
    let listed: BTreeSet<&str> = table.split('`').skip(1).step_by(2).collect();
    let sources = [
        include_str!("../src/account.rs"),
        include_str!("../src/credential.rs"),
        include_str!("../src/judge.rs"),
        include_str!("../src/judge/tried.rs"),
        include_str!("../src/lib.rs"),
        include_str!("../src/maker.rs"),
        include_str!("../src/miss.rs"),
        include_str!("../src/secret.rs"),
    ]
    .concat();
    for code in &listed {
        let ours = !matches!(*code, "yaml-syntax" | "duplicate-key");
        assert!(!ours || sources.contains(&format!("\"{code}\"")), "{code} is drawn nowhere");
    }
    assert!(listed.len() > 45, "{listed:?}");
    assert_eq!(codes(&pod("nginx", "")), ["latest-tag"]);
}

//! The project's own copy of the recorded cases, in `tests/conformance`, and what is known not to pass yet.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pullpath_conformance::run;

/// The families that must be complete.
const COMPLETE: &[&str] = &[
    "apply",
    "backoff",
    "create_other",
    "create_secret",
    "credential_provider",
    "describe",
    "dockerconfig_parse",
    "ensure_image",
    "errors_offline",
    "events",
    "get",
    "human_duration",
    "image_reference",
    "jsonpath",
    "keyring_match",
    "local_edit",
    "mutate",
    "pod_status_column",
    "pod_validation",
    "pull_policy_default",
    "registry_pull",
    "rollout",
    "secret_validation",
    "service_account_admission",
    "url_match",
    "watch",
    "yaml_dialect",
];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/conformance"))
}

/// The cases named in the list at the end of the folder's README: `- why: `family/id`, `family/id``.
fn known_failures() -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder().join("README.md")).expect("the folder has one");
    let (_, list) = text.split_once("## Not yet").expect("the README has that heading");
    let mut known = BTreeSet::new();
    for line in list.lines().filter_map(|line| line.strip_prefix("- ")) {
        let (reason, cases) = line.split_once(": `").expect("a line is `- why: cases`");
        assert!(!reason.is_empty(), "{cases} have no reason");
        let cases = cases.split('`').filter(|case| case.contains('/'));
        for case in cases {
            assert!(known.insert(case.to_owned()), "{case} stands there twice");
        }
    }
    known
}

#[test]
fn what_is_known_not_to_pass_is_exactly_what_does_not_pass() {
    let report = run::directory(&folder()).expect("the folder can be read");
    let families = report.families();
    for family in COMPLETE {
        let (passed, total) = families.get(family).copied().unwrap_or_default();
        assert!(total > 0 && passed == total, "{family}: {passed}/{total}");
    }
    let known = known_failures();
    let failing: BTreeSet<String> =
        report.failures().map(|case| format!("{}/{}", case.family, case.id)).collect();
    let new: Vec<&String> = failing.difference(&known).collect();
    let mended: Vec<&String> = known.difference(&failing).collect();
    assert!(new.is_empty(), "fail, and nobody knew:\n{new:#?}");
    assert!(mended.is_empty(), "pass now; take them off the list in the README:\n{mended:#?}");
}

/// Each thing that a recording holds is compared: a recording in which it is different does not pass.
#[test]
fn a_recording_that_says_otherwise_does_not_pass() {
    let path = folder().join("cluster/missing-secret-created.yaml");
    let text = std::fs::read_to_string(path).expect("the recording is there");
    let passes = |text: &str| {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let file = scratch.path().join("changed.yaml");
        std::fs::write(&file, text).expect("it can be written");
        let report = run::directory(&file).expect("it can be read");
        report.failures().next().is_none()
    };
    assert!(passes(&text), "unchanged");
    for (from, to) in [
        ("secret/ecr-pull-secret created", "secret/ecr-pull-secret configured"),
        ("reason: ImagePullBackOff", "reason: ErrImageNeverPull"),
        ("  phase: Running", "  phase: Failed"),
        ("PodScheduled: 'True'", "PodScheduled: 'False'"),
        ("  reason: BackOff\n  message: Back", "  reason: BackOff\n  message: Front"),
        ("component: default-scheduler", "component: kubelet"),
        ("auth: basic AWS", "auth: basic bob"),
        ("status: 401", "status: 403"),
        ("title:", "colour:"),
    ] {
        assert!(text.contains(from), "the recording has no {from:?}");
        assert!(!passes(&text.replace(from, to)), "{from:?} may be {to:?}");
    }
}

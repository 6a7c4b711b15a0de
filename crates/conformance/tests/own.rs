//! The project's own copy of the recorded cases, in `tests/conformance`, and what is known not to pass yet.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pullpath_conformance::run;

/// The families that must be complete.
const COMPLETE: &[&str] = &[
    "backoff",
    "credential_provider",
    "dockerconfig_parse",
    "ensure_image",
    "image_reference",
    "keyring_match",
    "pull_policy_default",
    "registry_pull",
    "url_match",
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

//! Manifests as people write them, through the intake to the API server and the first minutes of what follows.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use pullpath_lesson::intake::{self, Profile};
use pullpath_lesson::manifest;
use pullpath_model::cluster::Cluster;
use pullpath_model::time::Span;
use pullpath_model::world::{NodeSpec, World};

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let node = NodeSpec { name: "worker-1".to_owned(), ..NodeSpec::default() };
    Cluster::new(&Arc::new(World { nodes: vec![node], ..World::default() }))
});

fn has_null(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Array(list) => list.iter().any(has_null),
        serde_json::Value::Object(map) => map.values().any(has_null),
        other => other.is_null(),
    }
}

fuzz_target!(|text: &str| {
    for profile in [Profile::Manifest, Profile::Authored] {
        let read = intake::read("fuzz.yaml", text, profile);
        for diagnostic in &read.diagnostics {
            assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?} stands in the text");
        }
        for document in read.value.unwrap_or_default() {
            assert!(text.get(document.places.root()).is_some(), "a document stands in the text");
        }
    }
    let read = manifest::read("fuzz.yaml", text);
    for diagnostic in &read.diagnostics {
        assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?} stands in the text");
    }
    let mut cluster = CLUSTER.clone();
    for manifest in read.value.unwrap_or_default() {
        if cluster.apply(&manifest.value).is_ok() {
            let again = cluster.apply(&manifest.value);
            // A null is passed over where an object is made, and not in a list that a patch replaces: kubectl's own way
            // (pkg/cmd/apply/apply.go `pruneNullsFromMap`; kubernetes issue 123304).
            assert!(
                again.is_ok() || has_null(&manifest.value),
                "what was accepted is accepted again: {again:?}"
            );
        }
    }
    cluster.run_until(cluster.now() + Span::minutes(2));
});

//! What holds of workloads and their Pods when nothing is being done.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pullpath_model::cluster::Cluster;
use pullpath_model::object::Kind;
use serde_json::Value;

/// As many Pods as were asked for, unless some were refused, and no object of an owner that is gone.
pub(crate) fn check(cluster: &Cluster) -> Result<(), TestCaseError> {
    let mut alive: BTreeMap<&str, i64> = BTreeMap::new();
    for pod in cluster.pods() {
        let phase = pod.phase();
        if let Some(owner) = &pod.owner
            && pod.deleting.is_none()
            && phase != "Succeeded"
            && phase != "Failed"
        {
            *alive.entry(owner).or_default() += 1;
        }
    }
    for object in cluster.store.all() {
        for owner in object.metadata().owner_references.iter().flatten() {
            let kind = Kind::of(&owner.api_version, &owner.kind).expect("a kind that owns");
            let found = cluster.store.find(kind, object.namespace(), &owner.name);
            prop_assert!(
                found.is_some_and(|found| found.uid() == owner.uid),
                "{} outlives its owner",
                object.key()
            );
        }
        if object.metadata().deletion_timestamp.is_some() {
            continue;
        }
        let value = object.to_value();
        let (spec, status) = (&value["spec"], &value["status"]);
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let count = alive.get(object.uid()).copied().unwrap_or(0);
        let refused = cluster
            .events()
            .iter()
            .any(|of| *of.uid == *object.uid() && of.event.reason.name() == "FailedCreate");
        match object.kind() {
            Kind::ReplicaSet | Kind::StatefulSet if !refused => {
                // A StatefulSet in order waits for the first that is not ready.
                let waits = spec["podManagementPolicy"] == "OrderedReady"
                    && number(&status["readyReplicas"]) < number(&spec["replicas"]);
                prop_assert!(
                    count == number(&spec["replicas"])
                        || waits && count <= number(&spec["replicas"]),
                    "{} has {count} Pods: {value}",
                    object.key()
                );
                prop_assert_eq!(number(&status["replicas"]), count);
            }
            Kind::DaemonSet if !refused => {
                let on_each = spec["template"]["spec"]["nodeName"].is_null();
                let nodes = cluster.nodes().count() as i64;
                prop_assert!(!on_each || count == nodes, "{count} Pods on {nodes} nodes");
                prop_assert_eq!(number(&status["currentNumberScheduled"]), count);
            }
            Kind::Job => {
                let over = status["conditions"].as_array().into_iter().flatten().any(|condition| {
                    condition["type"] == "Complete" || condition["type"] == "Failed"
                });
                let left = number(&spec["completions"]) - number(&status["succeeded"]);
                let most = if over { 0 } else { left.min(number(&spec["parallelism"])) };
                prop_assert!(count <= most, "{} has {count} Pods: {value}", object.key());
                prop_assert_eq!(number(&status["active"]), count, "{}", value);
            }
            _ => {}
        }
    }
    Ok(())
}

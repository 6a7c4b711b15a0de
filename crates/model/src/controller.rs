//! The workload controllers: Deployments and their ReplicaSets.
//!
//! A controller looks at an object when something about it was written; looks that are asked for before the next one
//! are one look, as in a controller's work queue.

mod deployment;
mod pod_owner;
mod replica_set;
mod status;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::cluster::{Cluster, Task};
use crate::object::{Key, Kind, Workload};
use crate::random::Stream;
use crate::time::Span;

/// How long it takes a controller to hear of a write: 10 to 30 ms were recorded.
const NOTICE_MILLIS: i64 = 15;

impl Cluster {
    /// A controller is to look at an object so soon, unless it is going to anyway.
    pub(crate) fn enqueue(&mut self, key: &Key, millis: i64) {
        let at = self.now + Span::millis(millis);
        if self.work.get(key).is_some_and(|due| *due <= at) {
            return;
        }
        self.work.insert(key.clone(), at);
        self.schedule(at, Task::Controller(key.clone()));
    }

    /// The look that is due now, if it is still wanted.
    pub(crate) fn run_controller(&mut self, key: &Key) {
        if self.work.get(key) != Some(&self.now) {
            return;
        }
        self.work.remove(key);
        match key.kind.workload() {
            Some(Workload::Deployment) => self.sync_deployment(key),
            Some(Workload::ReplicaSet) => self.sync_replica_set(key),
            // Nothing of these runs yet.
            Some(
                Workload::StatefulSet | Workload::DaemonSet | Workload::Job | Workload::CronJob,
            )
            | None => {}
        }
    }
}

/// A ReplicaSet's name ends in a hash of its template. Upstream hashes Go's own print-out of it, which nothing
/// else can make; any function of the template gives names that look alike and change when they should.
fn template_hash(seed: u64, template: &PodTemplateSpec) -> String {
    // By way of a value, as every object goes: serde compiles a second writer of all API types for text.
    let text = serde_json::to_value(template).expect("a template is JSON").to_string();
    Stream::new(seed, &text, "pod-template-hash").name_suffix(10)
}

fn owner(kind: Kind, meta: &ObjectMeta) -> OwnerReference {
    OwnerReference {
        api_version: kind.api_version().into(),
        kind: kind.name().into(),
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

//! The workload controllers: Deployments and their ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs.
//!
//! A controller looks at an object when something about it was written; looks that are asked for before the next one
//! are one look, as in a controller's work queue.

mod ack;
mod cron_job;
mod daemon_set;
mod deployment;
mod hosts;
mod indexes;
mod job;
mod job_status;
mod member;
mod plain;
mod pod_owner;
mod progress;
mod replica_set;
mod revision;
mod schedule;
mod stateful_set;
mod status;
mod zone;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::cluster::{Cluster, Task};
use crate::object::{Key, Kind, PodTemplateSpec, Workload, json};
use crate::random::Stream;
use crate::time::{SimTime, Span};

pub(crate) use daemon_set::{GENERATION as TEMPLATE_GENERATION, meant_for};
pub(crate) use job_status::Failures;
pub use progress::Progress;
pub(crate) use schedule::Schedule;
pub(crate) use zone::Zone;

/// How long it takes a controller to hear of a write: 10 to 30 ms were recorded.
const NOTICE_MILLIS: i64 = 15;

/// A pause after a refusal that is longer than this is not going to end while somebody waits for a cluster to settle.
const PATIENCE_MILLIS: i64 = 5000;

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
        if self.work.get(key) == Some(&self.now) {
            self.work.remove(key);
            self.look_at(key);
        }
    }

    /// A controller looks at an object at that moment, whatever is written until then. Only the newest such wish counts.
    fn wake_at(&mut self, key: &Key, at: SimTime) {
        if self.deadlines.get(key) != Some(&at) {
            self.deadlines.insert(key.clone(), at);
            self.schedule(at, Task::Deadline(key.clone()));
        }
    }

    /// The look that is due now because time has passed, if it is still wanted.
    pub(crate) fn check_deadline(&mut self, key: &Key) {
        if self.deadlines.get(key).is_some_and(|at| *at <= self.now) {
            self.deadlines.remove(key);
            self.look_at(key);
        }
    }

    fn look_at(&mut self, key: &Key) {
        match key.kind.workload() {
            Some(Workload::Deployment) => self.sync_deployment(key),
            Some(Workload::ReplicaSet) => self.sync_replica_set(key),
            Some(Workload::StatefulSet) => self.sync_stateful_set(key),
            Some(Workload::DaemonSet) => self.sync_daemon_set(key),
            Some(Workload::Job) => self.sync_job(key),
            Some(Workload::CronJob) => self.sync_cron_job(key),
            None => {}
        }
    }

    /// What was refused is tried again after a pause that doubles.
    fn try_again(&mut self, key: &Key) {
        let refusals = self.refusals.entry(key.clone()).or_default();
        let pause = pause_after(key.kind, *refusals);
        *refusals += 1;
        self.enqueue(key, pause);
    }

    /// Whether so much was refused that the next try is far off.
    pub(crate) fn is_patient(&self, key: &Key) -> bool {
        let last = self.refusals.get(key).and_then(|refusals| refusals.checked_sub(1));
        last.is_some_and(|last| pause_after(key.kind, last) > PATIENCE_MILLIS)
    }
}

/// How long a controller waits after so many refusals: 5 ms, doubling, up to 1000 s (client-go's default rate limiter;
/// recorded with a missing ServiceAccount). The job controller waits longer at first, and never so long (job_controller.go
/// `DefaultJobApiBackOff`).
const fn pause_after(kind: Kind, refusals: u32) -> i64 {
    let (first, last) = if matches!(kind, Kind::Job) { (1000, 60_000) } else { (5, 1_000_000) };
    let doublings = if refusals < 18 { refusals } else { 18 };
    let pause = first << doublings;
    if pause < last { pause } else { last }
}

/// A ReplicaSet's name ends in a hash of its template. Upstream hashes Go's own print-out of it, which nothing
/// else can make; any function of the template gives names that look alike and change when they should.
fn template_hash(seed: u64, template: &PodTemplateSpec) -> String {
    let text = json::write(template).to_string();
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

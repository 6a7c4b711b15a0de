//! How far a workload is, for whoever watches it: the Pods that it asks for, and which of them are of its newest template.

use serde_json::Value;

use super::daemon_set::{GENERATION, POD_GENERATION};
use super::plain::number;
use super::revision::REVISION;
use crate::cluster::Cluster;
use crate::object::{Key, Kind, Object, Plain, Workload};
use crate::ordered;
use crate::pod::PodRun;

/// A workload as it stands.
#[derive(Debug, Clone, Default)]
pub struct Progress<'a> {
    /// How many Pods it asks for.
    pub wanted: u32,
    /// Its Pods of the newest template, or of a CronJob's newest Job, by name.
    pub newest: Vec<&'a PodRun>,
    /// These and those of older templates, by name.
    pub pods: Vec<&'a PodRun>,
}

impl Progress<'_> {
    /// How many of the newest Pods run, or have ended well.
    pub fn good(&self) -> u32 {
        self.newest.iter().filter(|pod| pod.came_through()).count() as u32
    }

    /// Whether every Pod that is asked for runs or has ended well, and no other is left.
    pub fn is_complete(&self) -> bool {
        self.wanted > 0 && self.good() == self.wanted && self.pods.len() as u32 == self.wanted
    }
}

impl Cluster {
    /// The Pods that an object made, also by way of ReplicaSets or Jobs, by name.
    pub fn pods_below(&self, key: &Key) -> Vec<&PodRun> {
        let mut pods = Vec::new();
        let mut makers: Vec<String> =
            self.store.get(key).map(|object| object.uid().to_owned()).into_iter().collect();
        while let Some(uid) = makers.pop() {
            pods.extend(self.pods.owned_by(&uid).map(AsRef::as_ref));
            // An owner is older than what it owns, so this ends.
            let owned = self.store.owned_by(&uid).into_iter();
            let below = owned.filter(|key| key.kind.workload().is_some());
            let below = below.filter_map(|key| self.store.get(&key));
            makers.extend(below.map(|object| object.uid().to_owned()));
        }
        ordered::sort_by(&mut pods, |one: &&PodRun, other: &&PodRun| one.key.cmp(&other.key));
        pods.dedup_by(|one, other| one.uid == other.uid);
        pods
    }

    /// How far a workload is; nothing is wanted of one that is not there.
    pub fn progress(&self, key: &Key) -> Progress<'_> {
        let Some(object) = self.store.get(key) else { return Progress::default() };
        let pods = self.pods_below(key);
        match (key.kind.workload(), object.as_ref()) {
            (Some(Workload::Deployment), Object::Deployment(deployment)) => {
                let newest = self.newest_replica_set(&key.namespace, &key.name);
                let of_newest = |pod: &PodRun| pod.owner.as_deref() == newest.as_deref();
                let replicas = deployment.spec.as_ref().and_then(|spec| spec.replicas);
                Progress::of(i64::from(replicas.unwrap_or(1)), pods, of_newest)
            }
            (Some(Workload::ReplicaSet), Object::ReplicaSet(set)) => {
                let replicas = set.spec.as_ref().and_then(|spec| spec.replicas);
                Progress::of(i64::from(replicas.unwrap_or(1)), pods, |_| true)
            }
            (Some(Workload::StatefulSet), Object::Plain(set)) => {
                let status = set.status();
                let newest = status.get("updateRevision").and_then(Value::as_str);
                let wanted = number(set.spec(), "replicas").unwrap_or(1);
                Progress::of(wanted, pods, |pod| self.label(pod, REVISION).as_deref() == newest)
            }
            (Some(Workload::DaemonSet), Object::Plain(set)) => {
                let status = Value::Object(set.status());
                let annotations = set.metadata.annotations.as_ref();
                let newest = annotations.and_then(|map| map.get(GENERATION)).cloned();
                let wanted = number(&status, "desiredNumberScheduled").unwrap_or(0);
                Progress::of(wanted, pods, |pod| self.label(pod, POD_GENERATION) == newest)
            }
            (Some(Workload::Job), Object::Plain(job)) => Progress::of_job(job, pods),
            (Some(Workload::CronJob), Object::Plain(_)) => self.newest_run(object.uid()),
            _ => Progress::default(),
        }
    }

    /// A CronJob is as far as its newest Job. One that has not come to run yet wants a Pod.
    fn newest_run(&self, cron_job: &str) -> Progress<'_> {
        let owned = self.store.owned_by(cron_job).into_iter();
        let jobs = owned.filter(|key| key.kind == Kind::Job).filter_map(|key| self.store.get(&key));
        let newest = jobs.max_by_key(|job| {
            let created = job.metadata().creation_timestamp.as_ref().map(|time| time.0.as_second());
            (created, job.name().to_owned())
        });
        match newest.map(|job| (job.key(), job.as_ref())) {
            Some((key, Object::Plain(job))) => Progress::of_job(job, self.pods_below(&key)),
            _ => Progress { wanted: 1, ..Progress::default() },
        }
    }

    fn label(&self, pod: &PodRun, label: &str) -> Option<String> {
        self.store.get(&pod.key)?.metadata().labels.as_ref()?.get(label).cloned()
    }
}

impl<'a> Progress<'a> {
    fn of(wanted: i64, pods: Vec<&'a PodRun>, is_newest: impl Fn(&PodRun) -> bool) -> Self {
        let newest = pods.iter().copied().filter(|pod| is_newest(pod)).collect();
        Self { wanted: u32::try_from(wanted).unwrap_or(0), newest, pods }
    }

    /// A Job makes Pods anew for those that failed, and those are no longer asked for.
    fn of_job(job: &Plain, mut pods: Vec<&'a PodRun>) -> Self {
        pods.retain(|pod| !pod.is_finished() || pod.came_through());
        let at_once = number(job.spec(), "parallelism").unwrap_or(1);
        let in_all = number(job.spec(), "completions").unwrap_or(at_once);
        Self::of(at_once.min(in_all).max(pods.len() as i64), pods, |_| true)
    }
}

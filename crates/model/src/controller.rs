//! The deployment and replicaset controllers, and the end of a Pod.
//! *Sources: kubernetes v1.35.6 pkg/controller/deployment/{rolling,sync}.go, pkg/controller/replicaset/replica_set.go;
//! confirmed by recordings of a 1.35.6 cluster.*

use std::cmp::Reverse;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::{Cluster, Task};
use crate::event::Reason;
use crate::log::Fact;
use crate::message::controller as words;
use crate::object::{Key, Kind, Object};
use crate::random::Stream;
use crate::time::Span;

/// Counts the templates that a Deployment had; here it also tells which ReplicaSet is older.
const REVISION: &str = "deployment.kubernetes.io/revision";
const TEMPLATE_HASH: &str = "pod-template-hash";

/// Refused creations are retried after 5 ms, doubling, up to 1000 s (client-go's default rate limiter; recorded
/// with a missing ServiceAccount).
const FIRST_RETRY_MILLIS: i64 = 5;
const LAST_RETRY_MILLIS: i64 = 1_000_000;

impl Cluster {
    /// One look of the deployment controller at a Deployment.
    pub(crate) fn sync_deployment(&mut self, key: &Key) {
        let Some(Object::Deployment(deployment)) = self.store.get(key).map(AsRef::as_ref) else {
            return;
        };
        let deployment = deployment.clone();
        let Some(spec) = &deployment.spec else { return };
        let replicas = spec.replicas.unwrap_or(1);
        let hash = self.template_hash(&spec.template);
        let name = format!("{}-{hash}", key.name);
        if self.replica_set(key, &name).is_none() {
            self.create_replica_set(key, &deployment, &name, &hash);
        } else {
            self.make_newest(key, &name);
        }
        let (surge, unavailable) = limits(&deployment, replicas);
        self.scale_up_new(key, &name, replicas, surge);
        self.scale_down_old(key, &name, replicas, unavailable);
    }

    /// A ReplicaSet's name ends in a hash of its template. Upstream hashes Go's own print-out of it, which nothing
    /// else can make; any function of the template gives names that look alike and change when they should.
    fn template_hash(&self, template: &PodTemplateSpec) -> String {
        let text = serde_json::to_string(template).expect("a template is JSON");
        Stream::new(self.world.seed, &text, "pod-template-hash").name_suffix(10)
    }

    fn create_replica_set(&mut self, key: &Key, deployment: &Deployment, name: &str, hash: &str) {
        let spec = deployment.spec.clone().unwrap_or_default();
        let label = |labels: &mut Option<std::collections::BTreeMap<String, String>>| {
            labels.get_or_insert_default().insert(TEMPLATE_HASH.into(), hash.into());
        };
        let mut template = spec.template;
        label(&mut template.metadata.get_or_insert_default().labels);
        let mut selector = spec.selector;
        label(&mut selector.match_labels);
        let labels = template.metadata.as_ref().and_then(|meta| meta.labels.clone());
        let replica_set = ReplicaSet {
            metadata: ObjectMeta {
                name: Some(name.into()),
                namespace: Some(key.namespace.to_string()),
                labels,
                annotations: Some(
                    [(REVISION.to_owned(), self.next_revision(key).to_string())].into(),
                ),
                owner_references: Some(vec![owner(Kind::Deployment, &deployment.metadata)]),
                ..ObjectMeta::default()
            },
            spec: Some(ReplicaSetSpec {
                replicas: Some(0),
                selector,
                template: Some(template),
                ..ReplicaSetSpec::default()
            }),
            status: None,
        };
        self.create(Object::ReplicaSet(Box::new(replica_set)))
            .expect("a Deployment's ReplicaSet is valid");
    }

    /// A Deployment that goes back to an older template takes its ReplicaSet up again, as its newest.
    fn make_newest(&mut self, key: &Key, name: &str) {
        let newest = self.replica_sets(key).pop();
        if newest.is_none_or(|(newest, _)| *newest == *name) {
            return;
        }
        let next = self.next_revision(key).to_string();
        let Some(old) = self.replica_set(key, name) else { return };
        let mut set = Object::clone(&old);
        set.metadata_mut().annotations.get_or_insert_default().insert(REVISION.into(), next);
        self.update(&old, set).expect("an annotation may change");
    }

    fn next_revision(&self, key: &Key) -> u32 {
        let sets = self.replica_sets(key);
        let newest = sets.last().and_then(|(name, _)| self.replica_set(key, name));
        newest.map_or(0, |set| revision(&set)) + 1
    }

    fn scale_up_new(&mut self, key: &Key, name: &str, replicas: i32, surge: i32) {
        let current = self.replicas_of(key, name);
        let all: i32 = self.replica_sets(key).iter().map(|(_, replicas)| replicas).sum();
        if current > replicas {
            self.scale(key, name, replicas);
        } else if current < replicas {
            let room = (replicas + surge - all).max(0);
            self.scale(key, name, current + room.min(replicas - current));
        }
    }

    /// First those old Pods that are not available, oldest ReplicaSet first, then as many as may be missing.
    fn scale_down_old(&mut self, key: &Key, name: &str, replicas: i32, max_unavailable: i32) {
        let sets = self.replica_sets(key);
        let old: Vec<(Arc<str>, i32)> = sets
            .iter()
            .filter(|(set, replicas)| &**set != name && *replicas > 0)
            .cloned()
            .collect();
        if old.is_empty() {
            return;
        }
        let all: i32 = sets.iter().map(|(_, replicas)| replicas).sum();
        let new_unavailable = self.replicas_of(key, name) - self.available(key, name);
        let min_available = replicas - max_unavailable;
        let mut room = all - min_available - new_unavailable;
        for (set, replicas) in &old {
            let unhealthy = replicas - self.available(key, set);
            let fewer = unhealthy.min(room).max(0);
            if fewer > 0 {
                self.scale(key, set, replicas - fewer);
                room -= fewer;
            }
        }
        let available: i32 =
            self.replica_sets(key).iter().map(|(set, _)| self.available(key, set)).sum();
        let mut surplus = available - min_available;
        for (set, _) in &old {
            let replicas = self.replicas_of(key, set);
            let fewer = replicas.min(surplus).max(0);
            if fewer > 0 {
                self.scale(key, set, replicas - fewer);
                surplus -= fewer;
            }
        }
    }

    fn scale(&mut self, deployment: &Key, name: &str, replicas: i32) {
        let Some(old) = self.replica_set(deployment, name) else { return };
        let Object::ReplicaSet(set) = old.as_ref() else { return };
        let before = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
        if before == replicas {
            return;
        }
        let mut set = set.clone();
        set.spec.get_or_insert_default().replicas = Some(replicas);
        self.update(&old, Object::ReplicaSet(set)).expect("a number of replicas may change");
        self.record(deployment, Reason::ScalingReplicaSet, words::scaled(name, before, replicas));
    }

    fn replica_set(&self, deployment: &Key, name: &str) -> Option<Arc<Object>> {
        self.store.find(Kind::ReplicaSet, &deployment.namespace, name).cloned()
    }

    /// The ReplicaSets of a Deployment with their wanted replicas, oldest first.
    pub(crate) fn replica_sets(&self, deployment: &Key) -> Vec<(Arc<str>, i32)> {
        let Some(owner) = self.store.get(deployment) else { return Vec::new() };
        let mut sets: Vec<(u32, Arc<str>, i32)> = Vec::new();
        for object in self.store.list(Kind::ReplicaSet) {
            if let Object::ReplicaSet(set) = object.as_ref()
                && object.owner() == Some(owner.uid())
            {
                let replicas = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
                sets.push((revision(object), object.name().into(), replicas));
            }
        }
        sets.sort();
        sets.into_iter().map(|(_, name, replicas)| (name, replicas)).collect()
    }

    fn replicas_of(&self, deployment: &Key, name: &str) -> i32 {
        let sets = self.replica_sets(deployment);
        sets.iter().find(|(set, _)| &**set == name).map_or(0, |(_, replicas)| *replicas)
    }

    fn available(&self, deployment: &Key, name: &str) -> i32 {
        let Some(set) = self.replica_set(deployment, name) else { return 0 };
        let running = |pod: &&Arc<crate::pod::PodRun>| {
            pod.owner.as_deref() == Some(set.uid()) && pod.is_running()
        };
        self.pods.values().filter(running).count() as i32
    }

    /// One look of the replicaset controller at a ReplicaSet.
    pub(crate) fn sync_replica_set(&mut self, key: &Key) {
        let Some(object) = self.store.get(key).cloned() else { return };
        let Object::ReplicaSet(set) = object.as_ref() else { return };
        let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0) as usize;
        let mut pods: Vec<Arc<crate::pod::PodRun>> = self
            .pods
            .values()
            .filter(|pod| pod.owner.as_deref() == Some(object.uid()) && pod.deleting.is_none())
            .cloned()
            .collect();
        if pods.len() > wanted {
            // Those that do not run go first, then the youngest (pkg/controller ActivePodsWithRanks).
            pods.sort_by_key(|pod| (pod.is_running(), Reverse(pod.created), pod.key.clone()));
            for pod in &pods[..pods.len() - wanted] {
                self.record(key, Reason::SuccessfulDelete, words::deleted_pod(&pod.key.name));
                self.begin_deletion(&pod.uid);
            }
            return;
        }
        for _ in pods.len()..wanted {
            if let Err(error) = self.create_pod_of(key, set) {
                self.record(key, Reason::FailedCreate, words::create_failed(&error.message));
                let refusals = self.refusals.entry(key.clone()).or_default();
                let pause = (FIRST_RETRY_MILLIS << (*refusals).min(18)).min(LAST_RETRY_MILLIS);
                *refusals += 1;
                self.schedule_once(self.now + Span::millis(pause), Task::ReplicaSet(key.clone()));
                return;
            }
        }
        self.refusals.remove(key);
    }

    fn create_pod_of(&mut self, key: &Key, set: &ReplicaSet) -> Result<(), crate::api::ApiError> {
        let template = set.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
        let meta = template.metadata.unwrap_or_default();
        let pod = Pod {
            metadata: ObjectMeta {
                generate_name: Some(format!("{}-", key.name)),
                namespace: Some(key.namespace.to_string()),
                labels: meta.labels,
                annotations: meta.annotations,
                owner_references: Some(vec![owner(Kind::ReplicaSet, &set.metadata)]),
                ..ObjectMeta::default()
            },
            spec: template.spec,
            status: None,
        };
        let pod = self.create(Object::Pod(Box::new(pod)))?;
        self.record(key, Reason::SuccessfulCreate, words::created_pod(pod.name()));
        Ok(())
    }

    /// A Pod's deletion begins: its owner looks for a replacement at once.
    pub(crate) fn begin_deletion(&mut self, uid: &Arc<str>) {
        let Some(pod) = self.pods.get_mut(uid).filter(|pod| pod.deleting.is_none()) else { return };
        let run = Arc::make_mut(pod);
        run.deleting = Some(self.now);
        run.held = None;
        let grace = 1000 + run.stream.between(0, 400);
        self.publish(uid);
        self.stop_containers(uid);
        self.soon(i64::from(grace), Task::PodGone(Arc::clone(uid)));
        self.owner_looks(uid, 30);
    }

    /// A Pod is gone; its events outlive it.
    pub(crate) fn pod_gone(&mut self, uid: &Arc<str>) {
        let Some(pod) = self.pods.get(uid).cloned() else { return };
        self.owner_looks(uid, 10);
        self.pods.remove(uid);
        if let Some(node) = pod.node.as_ref().and_then(|name| self.nodes.get_mut(name)) {
            let images = pod.containers.iter().map(|container| &container.image);
            let back_off = &mut Arc::make_mut(node).back_off;
            images.for_each(|image| back_off.reset(uid, image));
        }
        self.store.remove(&pod.key);
        self.recorders.insert(pod.key.clone(), Arc::new(pod.recorder.clone()));
        self.note(&pod.key, Fact::Deleted);
    }

    /// The ReplicaSet of a Pod that changed is looked at, and its Deployment.
    pub(crate) fn owner_looks(&mut self, uid: &Arc<str>, millis: i64) {
        let Some(owner) = self.pods.get(uid).and_then(|pod| pod.owner.clone()) else { return };
        let set = self.store.list(Kind::ReplicaSet).find(|set| set.uid() == &*owner).cloned();
        let Some(set) = set else { return };
        self.soon(millis, Task::ReplicaSet(set.key()));
        let deployment = set.owner().and_then(|owner| {
            self.store
                .list(Kind::Deployment)
                .find(|object| object.uid() == owner)
                .map(|object| object.key())
        });
        if let Some(key) = deployment {
            self.soon(millis + 20, Task::Deployment(key));
        }
    }
}

fn revision(object: &Object) -> u32 {
    let annotations = object.metadata().annotations.as_ref();
    annotations.and_then(|all| all.get(REVISION)).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// `maxSurge` rounds up, `maxUnavailable` rounds down, and not both may be zero; 25 % each by default.
fn limits(deployment: &Deployment, replicas: i32) -> (i32, i32) {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let of = |written: Option<&IntOrString>, up: bool| match written {
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(text)) => {
            share(text.trim_end_matches('%').parse().unwrap_or(25), replicas, up)
        }
        None => share(25, replicas, up),
    };
    let surge = of(rolling.and_then(|rolling| rolling.max_surge.as_ref()), true);
    let unavailable = of(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), false);
    (surge, if surge == 0 && unavailable == 0 { 1 } else { unavailable })
}

fn share(percent: i32, replicas: i32, up: bool) -> i32 {
    let product = percent * replicas;
    if up { (product + 99) / 100 } else { product / 100 }
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

//! The replicaset controller: as many Pods as its ReplicaSet wants.
//! *Source: kubernetes v1.35.6 pkg/controller/replicaset/{replica_set,replica_set_utils}.go; confirmed by recordings of a
//! 1.35.6 cluster.*

use std::cmp::Reverse;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::deployment::wanted;
use super::owner;
use super::status::{REPLICA_FAILURE, some};
use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::event::Reason;
use crate::message::controller as words;
use crate::object::{Key, Kind, Object, Pod, PodSpec, ReplicaSet};
use crate::ordered;
use crate::pod::PodRun;

impl Cluster {
    /// One look of the replicaset controller at a ReplicaSet (syncReplicaSet).
    pub(crate) fn sync_replica_set(&mut self, key: &Key) {
        let Some(object) = self.store.get(key).cloned() else { return };
        let Object::ReplicaSet(set) = object.as_ref() else { return };
        // The status tells of the Pods that this look began with.
        let mut status = counted(set, self.pods.owned_by(object.uid()));
        let refused = self.manage_pods(key, set, status.replicas as usize);
        self.note_refusal(&mut status, refused.err());
        self.write_replica_set_status(key, set, status);
    }

    fn manage_pods(&mut self, key: &Key, set: &ReplicaSet, active: usize) -> Result<(), ApiError> {
        let wanted = wanted(set).max(0) as usize;
        if active > wanted {
            let uid = set.metadata.uid.as_deref().unwrap_or_default();
            let active = self.pods.owned_by(uid).filter(|pod| pod.deleting.is_none());
            let mut pods: Vec<Arc<PodRun>> = active.cloned().collect();
            // Those that do not run go first, then the youngest (pkg/controller ActivePodsWithRanks).
            ordered::sort_by_key(&mut pods, |pod| {
                (pod.is_running(), Reverse(pod.created), pod.key.clone())
            });
            for pod in &pods[..pods.len() - wanted] {
                self.record(key, Reason::SuccessfulDelete, words::deleted_pod(&pod.key.name));
                if let Some(id) = self.pods.id_of(&pod.uid) {
                    self.begin_deletion(id);
                }
            }
            return Ok(());
        }
        for _ in active..wanted {
            if let Err(error) = self.create_pod_of(key, set) {
                self.record(key, Reason::FailedCreate, words::create_failed(&error.message));
                self.try_again(key);
                return Err(error);
            }
        }
        self.refusals.remove(key);
        Ok(())
    }

    fn create_pod_of(&mut self, key: &Key, set: &ReplicaSet) -> Result<(), ApiError> {
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
            spec: template.spec.map(|spec| PodSpec {
                enable_service_links: spec.enable_service_links.or(Some(true)),
                ..spec
            }),
            ..Pod::default()
        };
        let pod = self.create(Object::Pod(Box::new(pod)))?;
        self.record(key, Reason::SuccessfulCreate, words::created_pod(pod.name()));
        Ok(())
    }

    fn note_refusal(&self, status: &mut ReplicaSetStatus, refused: Option<ApiError>) {
        let conditions = status.conditions.get_or_insert_default();
        match refused {
            Some(error) if !conditions.iter().any(|one| one.type_ == REPLICA_FAILURE) => {
                conditions.push(ReplicaSetCondition {
                    type_: REPLICA_FAILURE.into(),
                    status: "True".into(),
                    reason: Some("FailedCreate".into()),
                    message: Some(error.message),
                    last_transition_time: Some(self.time_now()),
                });
            }
            Some(_) => {}
            None => conditions.retain(|condition| condition.type_ != REPLICA_FAILURE),
        }
        if conditions.is_empty() {
            status.conditions = None;
        }
    }

    fn write_replica_set_status(&mut self, key: &Key, set: &ReplicaSet, status: ReplicaSetStatus) {
        let before = set.status.as_ref();
        let observed = before.and_then(|before| before.observed_generation);
        if before == Some(&status) && observed == set.metadata.generation {
            return;
        }
        let Some(Object::ReplicaSet(live)) = self.store.get(key).map(AsRef::as_ref) else { return };
        let mut changed = live.clone();
        changed.status = Some(status);
        self.store.put(Object::ReplicaSet(changed));
        if let Some(deployment) = controller_of(&set.metadata, &key.namespace) {
            self.enqueue(&deployment, super::NOTICE_MILLIS);
        }
    }
}

fn counted<'a>(set: &ReplicaSet, pods: impl Iterator<Item = &'a Arc<PodRun>>) -> ReplicaSetStatus {
    let (mut active, mut running, mut terminating) = (0, 0, 0);
    for pod in pods {
        match pod.deleting {
            Some(_) => terminating += 1,
            None => (active, running) = (active + 1, running + i32::from(pod.is_running())),
        }
    }
    let before = set.status.as_ref();
    ReplicaSetStatus {
        replicas: active,
        fully_labeled_replicas: some(active),
        ready_replicas: some(running),
        available_replicas: some(running),
        terminating_replicas: Some(terminating),
        observed_generation: set.metadata.generation,
        conditions: before.and_then(|before| before.conditions.clone()),
    }
}

/// The object that controls one with these metadata, if it is of a kind that is modelled.
pub(super) fn controller_of(metadata: &ObjectMeta, namespace: &str) -> Option<Key> {
    let mut owners = metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    let kind = Kind::of(&owner.api_version, &owner.kind)?;
    Some(Key::new(kind, namespace, &owner.name))
}

//! The Pods of an object as its controller sees them, and how one is made from a template.
//! *Source: kubernetes v1.35.6 pkg/controller/controller_utils.go.*

use std::cmp::Reverse;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::defaults;
use crate::event::Reason;
use crate::kubelet::Ending;
use crate::message::controller as words;
use crate::object::{Key, Kind, Object, Plain, json as typed};
use crate::pod::PodRun;
use crate::time::{SimTime, Span};

/// A Pod together with the object that is stored of it.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) run: Arc<PodRun>,
    pub(super) pod: Arc<Object>,
}

/// How a new Pod is named.
pub(super) enum Named {
    /// With an ending of its own.
    After(String),
    Exactly(String),
}

impl Member {
    pub(super) fn name(&self) -> &str {
        &self.run.key.name
    }

    fn meta(&self) -> &ObjectMeta {
        self.pod.metadata()
    }

    pub(super) fn label(&self, key: &str) -> &str {
        self.meta().labels.as_ref().and_then(|labels| labels.get(key)).map_or("", String::as_str)
    }

    pub(super) fn annotation(&self, key: &str) -> &str {
        let annotations = self.meta().annotations.as_ref();
        annotations.and_then(|annotations| annotations.get(key)).map_or("", String::as_str)
    }

    pub(super) fn has_finalizer(&self, finalizer: &str) -> bool {
        self.meta().finalizers.iter().flatten().any(|one| one == finalizer)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.run.deleting.is_some()
    }

    /// Whether it is neither over nor to be deleted (FilterActivePods).
    pub(super) fn is_active(&self) -> bool {
        !self.run.is_finished() && !self.is_deleted()
    }

    /// Whether it is to be deleted and not yet over (IsPodTerminating).
    pub(super) fn is_terminating(&self) -> bool {
        !self.run.is_finished() && self.is_deleted()
    }

    /// In which order Pods that are too many go: first those that do not run, then the youngest (ActivePods).
    pub(super) fn rank(&self) -> (bool, bool, Reverse<SimTime>, Arc<Key>) {
        let run = &self.run;
        (run.node.is_some(), run.is_ready(), Reverse(run.created), Arc::clone(&run.key))
    }

    /// Whether it has been ready for so long.
    pub(super) fn is_available(&self, min_ready: Span, now: SimTime) -> bool {
        self.run.ready_since().is_some_and(|since| now.since(since) >= min_ready)
    }
}

impl Cluster {
    /// The Pods of an owner, by its uid, in the order of their creation.
    pub(super) fn members(&self, uid: &str) -> Vec<Member> {
        let stored = |run: &Arc<PodRun>| {
            let pod = self.store.get(&run.key).filter(|pod| pod.uid() == &*run.uid)?;
            Some(Member { run: Arc::clone(run), pod: Arc::clone(pod) })
        };
        self.pods.owned_by(uid).filter_map(stored).collect()
    }

    /// A Pod from a template, which the caller has completed.
    pub(super) fn create_member(
        &mut self,
        owner: &Plain,
        named: Named,
        template: &Value,
    ) -> Result<Arc<Object>, ApiError> {
        let mut pod = json!({ "metadata": {}, "spec": template["spec"] });
        for key in ["labels", "annotations", "finalizers"] {
            if let Some(written) = template["metadata"].get(key) {
                pod["metadata"][key] = written.clone();
            }
        }
        let metadata = &mut pod["metadata"];
        match named {
            Named::After(prefix) => metadata["generateName"] = prefix.into(),
            Named::Exactly(name) => metadata["name"] = name.into(),
        }
        metadata["namespace"] = owner.metadata.namespace.clone().into();
        let reference = super::owner(owner.kind, &owner.metadata);
        metadata["ownerReferences"] = json!([typed::write(&reference)]);
        defaults::fill_in(Kind::Pod, &mut pod);
        self.create(Object::decode(Kind::Pod, &pod))
    }

    /// The same with the events that most controllers record about it (RealPodControl).
    pub(super) fn create_and_tell(
        &mut self,
        owner: &Plain,
        prefix: String,
        template: &Value,
    ) -> Result<Arc<Object>, ApiError> {
        let key = Key::new(
            owner.kind,
            owner.metadata.namespace.as_deref().unwrap_or_default(),
            owner.name(),
        );
        let created = self.create_member(owner, Named::After(prefix), template);
        match &created {
            Ok(pod) => {
                self.record(&key, Reason::SuccessfulCreate, words::created_pod(pod.name()));
            }
            // Of a namespace that is going nobody is told.
            Err(error) if error.is_namespace_terminating() => {}
            Err(error) => {
                self.record(&key, Reason::FailedCreate, words::create_failed(&error.message));
            }
        }
        created
    }

    /// Deletes a Pod, with the event that most controllers record about it.
    pub(super) fn delete_and_tell(&mut self, owner: &Key, member: &Member) {
        self.record(owner, Reason::SuccessfulDelete, words::deleted_pod(member.name()));
        self.delete_member(member);
    }

    pub(super) fn delete_member(&mut self, member: &Member) {
        if let Some(id) = self.pods.id_of(&member.run.uid) {
            self.begin_deletion(id);
        }
    }

    /// Takes a finalizer away from a Pod. One that was only kept by it goes.
    pub(crate) fn drop_finalizer(&mut self, pod: &Key, finalizer: &str) {
        let Some(object) = self.store.get(pod) else { return };
        let finalizers = object.metadata().finalizers.as_deref().unwrap_or_default();
        if !finalizers.iter().any(|one| one == finalizer) {
            return;
        }
        let mut changed = Object::clone(object);
        let left = finalizers.iter().filter(|one| *one != finalizer).cloned().collect::<Vec<_>>();
        changed.metadata_mut().finalizers = (!left.is_empty()).then_some(left);
        let uid = changed.uid().to_owned();
        self.store.put(changed);
        let Some(id) = self.pods.id_of(&uid) else { return };
        if let Some(run) = self.pods.get(id).cloned() {
            self.push_change(&run, "MODIFIED");
            if run.ending == Some(Ending::Kept) {
                self.pod_gone(id);
            }
        }
    }
}

//! Deletions: what goes at once, what waits for a finalizer, and what goes with its owner.
//! *Sources: apiserver pkg/registry/generic/registry/store.go; kubernetes v1.35.6 pkg/controller/garbagecollector,
//! pkg/controller/namespace.*

use std::sync::Arc;

use serde_json::{Value, json};

use super::query::Propagation;
use super::{ApiError, Query, Target};
use crate::cluster::{Cluster, Task};
use crate::log::Fact;
use crate::object::{Key, Kind, Object};

const FOREGROUND: &str = "foregroundDeletion";
/// How long the garbage collector and the other controllers take to notice.
const NOTICE_MILLIS: i64 = 50;

impl Cluster {
    pub(super) fn delete(
        &mut self,
        target: &Target,
        query: &Query,
    ) -> Result<(u16, Value), ApiError> {
        let live = self.live(target)?;
        self.check_preconditions(&live, query)?;
        let waits = self.delete_object(&live, query.propagation.unwrap_or(Propagation::Background));
        if waits {
            let object = self.store.get(&live.key()).map_or(live, Arc::clone);
            return Ok((200, self.render(&object)));
        }
        let mut details =
            json!({ "name": target.name, "kind": target.kind.plural(), "uid": live.uid() });
        if !target.kind.group().is_empty() {
            details["group"] = target.kind.group().into();
        }
        Ok((
            200,
            json!({ "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success", "details": details }),
        ))
    }

    pub(super) fn delete_all(
        &mut self,
        target: &Target,
        query: &Query,
    ) -> Result<(u16, Value), ApiError> {
        let list = self.read(target, query)?;
        for item in list["items"].as_array().into_iter().flatten() {
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            let key = Key::new(target.kind, &target.namespace, name);
            if let Some(object) = self.store.get(&key).cloned() {
                self.delete_object(&object, query.propagation.unwrap_or(Propagation::Background));
            }
        }
        Ok((200, list))
    }

    fn check_preconditions(&self, live: &Object, query: &Query) -> Result<(), ApiError> {
        let conflict = |why: String| Err(ApiError::conflict(live.kind(), live.name(), &why));
        if let Some(uid) = query.uid.as_deref().filter(|uid| *uid != live.uid()) {
            return conflict(format!(
                "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
                live.uid()
            ));
        }
        let record = live.metadata().resource_version.as_deref().unwrap_or_default();
        if let Some(version) =
            query.resource_version.as_deref().filter(|version| *version != record)
        {
            return conflict(format!(
                "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({record}). The object might have been modified"
            ));
        }
        Ok(())
    }

    /// Begins a deletion. Answers whether the object is still there afterwards.
    pub(crate) fn delete_object(&mut self, live: &Arc<Object>, propagation: Propagation) -> bool {
        let key = live.key();
        if let Object::Pod(_) = live.as_ref() {
            if let Some(id) = self.pods.id_of(live.uid()) {
                self.begin_deletion(id);
            }
            return true;
        }
        let owned = self.store.owned_by(live.uid());
        let mut changed = Object::clone(live);
        match propagation {
            Propagation::Background => {}
            Propagation::Orphan => owned.iter().for_each(|key| self.orphan(key, live.uid())),
            Propagation::Foreground if owned.is_empty() => {}
            Propagation::Foreground => {
                let finalizers = changed.metadata_mut().finalizers.get_or_insert_default();
                finalizers.push(FOREGROUND.into());
            }
        }
        // A namespace waits until it is empty.
        let waits = changed.has_finalizers() || key.kind == Kind::Namespace;
        if !waits {
            self.remove(&key);
            return false;
        }
        if changed.metadata().deletion_timestamp.is_none() {
            let now = self.time_now();
            let meta = changed.metadata_mut();
            meta.deletion_timestamp = Some(now);
            meta.deletion_grace_period_seconds = (key.kind != Kind::Namespace).then_some(0);
            changed.terminate();
            self.store.put(changed);
            self.note(key.clone(), Fact::Changed);
        }
        self.soon(NOTICE_MILLIS, Task::Collect(key));
        true
    }

    /// Takes an object out of the store, and sets going what follows from that.
    pub(crate) fn remove(&mut self, key: &Key) {
        self.before_change(key);
        let Some(object) = self.store.remove(key) else { return };
        self.note(key.clone(), Fact::Deleted);
        self.gone(&object);
    }

    /// What follows when an object is gone: what it owned goes too, its own owner may go, its namespace may be empty.
    pub(crate) fn gone(&mut self, object: &Object) {
        let key = object.key();
        // The next object of that name begins anew.
        self.refusals.remove(&key);
        self.failures.remove(&key);
        for owned in self.store.owned_by(object.uid()) {
            if key.kind == Kind::Job {
                self.release_from_job(&owned);
            }
            self.soon(NOTICE_MILLIS, Task::Collect(owned));
        }
        for owner in object.metadata().owner_references.iter().flatten() {
            let Some(kind) = Kind::of(&owner.api_version, &owner.kind) else { continue };
            let owner =
                Key::new(kind, if kind.namespaced() { &key.namespace } else { "" }, &owner.name);
            if self.is_terminating(&owner) {
                self.soon(NOTICE_MILLIS, Task::Collect(owner));
            }
        }
        let namespace = Key::new(Kind::Namespace, "", &key.namespace);
        if key.kind.namespaced() && self.is_terminating(&namespace) {
            self.soon(NOTICE_MILLIS, Task::Collect(namespace));
        } else if key.kind == Kind::ServiceAccount && &*key.name == "default" {
            self.soon(NOTICE_MILLIS, Task::DefaultAccount(Arc::clone(&key.namespace)));
        }
    }

    fn is_terminating(&self, key: &Key) -> bool {
        let found = self.store.get(key);
        found.is_some_and(|object| object.metadata().deletion_timestamp.is_some())
    }

    fn orphan(&mut self, key: &Key, uid: &str) {
        let Some(mut object) = self.store.get(key).map(|object| Object::clone(object)) else {
            return;
        };
        let meta = object.metadata_mut();
        let owners = meta.owner_references.take().unwrap_or_default();
        let left: Vec<_> = owners.into_iter().filter(|owner| owner.uid != uid).collect();
        meta.owner_references = (!left.is_empty()).then_some(left);
        self.store.put(object);
        self.release_from_job(key);
    }

    /// The garbage collector, and the namespace controller, look at an object.
    pub(crate) fn collect(&mut self, key: &Key) {
        let Some(object) = self.store.get(key).cloned() else { return };
        let terminating = object.metadata().deletion_timestamp.is_some();
        if !terminating {
            let owners = object.metadata().owner_references.iter().flatten();
            let mut owners = owners.map(|owner| {
                let kind = Kind::of(&owner.api_version, &owner.kind)?;
                let namespace = if kind.namespaced() { &*key.namespace } else { "" };
                let found = self.store.find(kind, namespace, &owner.name)?;
                let foreground = found.metadata().finalizers.iter().flatten();
                let leaves = found.metadata().deletion_timestamp.is_some()
                    && foreground.into_iter().any(|finalizer| finalizer == FOREGROUND);
                (found.uid() == owner.uid && !leaves).then_some(())
            });
            // Objects of owners that are all gone, or that wait for them, go.
            if object.metadata().owner_references.is_some() && owners.all(|owner| owner.is_none()) {
                self.delete_object(&object, Propagation::Background);
            }
            return;
        }
        let rest: Vec<Arc<Object>> = if key.kind == Kind::Namespace {
            self.store.all().filter(|object| object.namespace() == &*key.name).cloned().collect()
        } else {
            let owned = self.store.owned_by(object.uid());
            owned.iter().filter_map(|key| self.store.get(key).cloned()).collect()
        };
        for object in &rest {
            if object.metadata().deletion_timestamp.is_none() {
                self.delete_object(object, Propagation::Background);
            }
        }
        let left = rest.iter().any(|object| self.store.get(&object.key()).is_some());
        if left {
            return;
        }
        let mut object = Object::clone(&object);
        let finalizers = object.metadata_mut().finalizers.take().unwrap_or_default();
        let others: Vec<String> =
            finalizers.into_iter().filter(|finalizer| finalizer != FOREGROUND).collect();
        if others.is_empty() {
            self.remove(key);
        } else {
            object.metadata_mut().finalizers = Some(others);
            self.store.put(object);
        }
    }
}

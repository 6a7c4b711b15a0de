//! How a Pod ends, and who hears of it.

use std::sync::Arc;

use super::replica_set::controller_of;
use crate::cluster::{Cluster, Task};
use crate::log::Fact;
use crate::object::Key;

impl Cluster {
    /// A Pod's deletion begins: its owner looks for a replacement at once.
    pub(crate) fn begin_deletion(&mut self, uid: &Arc<str>) {
        if self.pods.get(uid).is_none_or(|pod| pod.deleting.is_some()) {
            return;
        }
        // What follows draws from the Pod's stream, which skipped syncs have run ahead of.
        self.release(uid);
        let run = Arc::make_mut(self.pods.get_mut(uid).expect("it was just found"));
        run.deleting = Some(self.now);
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
        if let Some(owner) = &pod.owner
            && let Some(owned) = self.owned.get_mut(owner)
        {
            owned.remove(uid);
            if owned.is_empty() {
                self.owned.remove(owner);
            }
        }
        if let Some(node) = pod.node.as_ref().and_then(|name| self.nodes.get_mut(name)) {
            let images = pod.containers.iter().map(|container| &container.image);
            let back_off = &mut Arc::make_mut(node).back_off;
            images.for_each(|image| back_off.reset(uid, image));
        }
        let object = self.store.remove(&pod.key);
        self.recorders.insert(pod.key.clone(), Arc::new(pod.recorder.clone()));
        self.note(&pod.key, Fact::Deleted);
        if let Some(object) = object {
            self.gone(&object);
        }
    }

    /// The controller of a Pod that changed looks at it.
    pub(crate) fn owner_looks(&mut self, uid: &Arc<str>, millis: i64) {
        if let Some(owner) = self.owner_of_pod(uid) {
            self.enqueue(&owner, millis);
        }
    }

    fn owner_of_pod(&self, uid: &Arc<str>) -> Option<Key> {
        let pod = self.pods.get(uid).filter(|pod| pod.owner.is_some())?;
        let object = self.store.get(&pod.key)?;
        let owner = controller_of(object.metadata(), &pod.key.namespace)?;
        // A controller of the same name that is not the one that made the Pod has nothing to do with it.
        self.store.get(&owner).filter(|found| Some(found.uid()) == pod.owner.as_deref())?;
        Some(owner)
    }
}

//! Who hears of a Pod that changed.

use super::replica_set::controller_of;
use crate::cluster::Cluster;
use crate::object::{Key, Kind};
use crate::pods::PodId;

impl Cluster {
    /// The controller of a Pod that changed looks at it. The job controller gathers what happens within a second.
    pub(crate) fn owner_looks(&mut self, id: PodId, millis: i64) {
        if let Some(owner) = self.owner_of_pod(id) {
            let millis = if owner.kind == Kind::Job { super::job::BATCH_MILLIS } else { millis };
            self.enqueue(&owner, millis);
        }
    }

    fn owner_of_pod(&self, id: PodId) -> Option<Key> {
        let pod = self.pods.get(id).filter(|pod| pod.owner.is_some())?;
        let object = self.store.get(&pod.key)?;
        let owner = controller_of(object.metadata(), &pod.key.namespace)?;
        // A controller of the same name that is not the one that made the Pod has nothing to do with it.
        self.store.get(&owner).filter(|found| Some(found.uid()) == pod.owner.as_deref())?;
        Some(owner)
    }
}

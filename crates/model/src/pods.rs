//! All Pods as they run, with the ways to find them: by uid, name, owner and node.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::pod::PodRun;

/// A Pod's place among all Pods there ever were. It is not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PodId(u32);

impl PodId {
    /// How many Pods came before it.
    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

/// All Pods that are not gone. A clone shares them until one of the two changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pods {
    slots: Vec<Option<Arc<PodRun>>>,
    // Invariant: each Pod that is not gone stands in it once, under what it says of itself.
    index: Arc<Index>,
    /// Pods that sleep through syncs that nobody could tell apart.
    pub(crate) asleep: BTreeSet<PodId>,
}

#[derive(Debug, Clone, Default)]
struct Index {
    uids: BTreeMap<Arc<str>, PodId>,
    names: BTreeMap<(Arc<str>, Arc<str>), PodId>,
    owners: BTreeMap<Arc<str>, BTreeSet<PodId>>,
    nodes: BTreeMap<Arc<str>, BTreeSet<PodId>>,
}

impl Pods {
    /// Takes a new Pod in.
    pub(crate) fn insert(&mut self, pod: PodRun) -> PodId {
        let id = PodId(self.slots.len() as u32);
        let index = Arc::make_mut(&mut self.index);
        index.uids.insert(Arc::clone(&pod.uid), id);
        index.names.insert((Arc::clone(&pod.key.namespace), Arc::clone(&pod.key.name)), id);
        if let Some(owner) = &pod.owner {
            index.owners.entry(Arc::clone(owner)).or_default().insert(id);
        }
        if let Some(node) = &pod.node {
            index.nodes.entry(Arc::clone(node)).or_default().insert(id);
        }
        self.slots.push(Some(Arc::new(pod)));
        id
    }

    /// A Pod got a node.
    pub(crate) fn bind(&mut self, id: PodId, node: &Arc<str>) {
        let Some(pod) = self.get_mut(id) else { return };
        pod.node = Some(Arc::clone(node));
        let index = Arc::make_mut(&mut self.index);
        index.nodes.entry(Arc::clone(node)).or_default().insert(id);
    }

    /// A Pod is gone.
    pub(crate) fn remove(&mut self, id: PodId) -> Option<Arc<PodRun>> {
        let pod = self.slots.get_mut(id.0 as usize)?.take()?;
        let index = Arc::make_mut(&mut self.index);
        index.uids.remove(&pod.uid);
        let name = (Arc::clone(&pod.key.namespace), Arc::clone(&pod.key.name));
        // A StatefulSet's next Pod may have the name already.
        if index.names.get(&name) == Some(&id) {
            index.names.remove(&name);
        }
        let from = |map: &mut BTreeMap<Arc<str>, BTreeSet<PodId>>, key: &Option<Arc<str>>| {
            if let Some(key) = key
                && let Some(ids) = map.get_mut(key)
            {
                ids.remove(&id);
                if ids.is_empty() {
                    map.remove(key);
                }
            }
        };
        from(&mut index.owners, &pod.owner);
        from(&mut index.nodes, &pod.node);
        self.asleep.remove(&id);
        Some(pod)
    }

    /// The Pod at a place.
    pub(crate) fn get(&self, id: PodId) -> Option<&Arc<PodRun>> {
        self.slots.get(id.0 as usize)?.as_ref()
    }

    /// The Pod at a place, to be changed.
    pub(crate) fn get_mut(&mut self, id: PodId) -> Option<&mut PodRun> {
        self.slots.get_mut(id.0 as usize)?.as_mut().map(Arc::make_mut)
    }

    /// Takes a Pod out for a while, so that it and the rest can both be changed. It stays in the index.
    pub(crate) fn take(&mut self, id: PodId) -> Option<Arc<PodRun>> {
        self.slots.get_mut(id.0 as usize)?.take()
    }

    /// Puts a Pod back that was taken out.
    pub(crate) fn put(&mut self, id: PodId, pod: Arc<PodRun>) {
        self.slots[id.0 as usize] = Some(pod);
    }

    /// All of them, in the order of their creation.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Arc<PodRun>> {
        self.slots.iter().flatten()
    }

    /// How many there were, those that are gone included.
    pub(crate) const fn ever(&self) -> usize {
        self.slots.len()
    }

    /// The place of a uid.
    pub(crate) fn id_of(&self, uid: &str) -> Option<PodId> {
        self.index.uids.get(uid).copied()
    }

    /// The place of a name.
    pub(crate) fn id_named(&self, namespace: &str, name: &str) -> Option<PodId> {
        self.index.names.get(&(namespace.into(), name.into())).copied()
    }

    /// The Pods of an owner, by its uid.
    pub(crate) fn owned_by(&self, owner: &str) -> impl Iterator<Item = &Arc<PodRun>> {
        self.of(self.index.owners.get(owner))
    }

    /// The Pods of a node.
    pub(crate) fn on_node(&self, node: &str) -> impl Iterator<Item = &Arc<PodRun>> {
        self.of(self.index.nodes.get(node))
    }

    /// The places of a node's Pods.
    pub(crate) fn ids_on(&self, node: &str) -> Vec<PodId> {
        self.index.nodes.get(node).into_iter().flatten().copied().collect()
    }

    /// How many Pods a node has.
    pub(crate) fn count_on(&self, node: &str) -> usize {
        self.index.nodes.get(node).map_or(0, BTreeSet::len)
    }

    fn of<'a>(&'a self, ids: Option<&'a BTreeSet<PodId>>) -> impl Iterator<Item = &'a Arc<PodRun>> {
        ids.into_iter().flatten().filter_map(|id| self.get(*id))
    }
}

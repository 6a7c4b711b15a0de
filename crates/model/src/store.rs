//! The API server's store: objects by key, resource versions, and who owns whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::object::{Key, Kind, Object};

/// All objects. Cloning it copies pointers.
#[derive(Debug, Clone, Default)]
pub struct Store {
    objects: BTreeMap<Key, Arc<Object>>,
    resource_version: u64,
    // By the owner's uid.
    owned: BTreeMap<Arc<str>, BTreeSet<Key>>,
    // How many objects were created under a name, or with a generated one.
    creations: BTreeMap<Key, u64>,
}

impl Store {
    /// The object of that key.
    pub fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// The object of that kind, namespace and name.
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Object>> {
        self.get(&Key::new(kind, namespace, name))
    }

    /// All objects of a kind, by namespace and name.
    pub fn list(&self, kind: Kind) -> impl Iterator<Item = &Arc<Object>> {
        let first = Key::new(kind, "", "");
        self.objects
            .range(first..)
            .take_while(move |(key, _)| key.kind == kind)
            .map(|(_, object)| object)
    }

    /// All objects of a kind in a namespace, by name.
    pub fn list_in(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = &Arc<Object>> {
        let first = Key::new(kind, namespace, "");
        self.objects
            .range(first.clone()..)
            .take_while(move |(key, _)| key.kind == kind && key.namespace == first.namespace)
            .map(|(_, object)| object)
    }

    /// All objects, by kind, namespace and name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values()
    }

    /// The objects that name the object of a uid as an owner.
    pub fn owned_by(&self, uid: &str) -> Vec<Key> {
        self.owned.get(uid).into_iter().flatten().cloned().collect()
    }

    /// The version of the newest change.
    pub const fn resource_version(&self) -> u64 {
        self.resource_version
    }

    /// Counts a new object among those of its name, or of its `generateName`. Its uid is drawn from that and nothing
    /// else, so that an object more changes nothing for the others.
    pub fn count_creation(&mut self, named: Key) -> u64 {
        let count = self.creations.entry(named).or_default();
        *count += 1;
        *count
    }

    /// Writes an object under its key, with the next resource version.
    pub fn put(&mut self, mut object: Object) -> Arc<Object> {
        self.resource_version += 1;
        object.metadata_mut().resource_version = Some(self.resource_version.to_string());
        let key = object.key();
        let before = self.objects.get(&key).cloned();
        let owners = |object: &Object| -> Vec<String> {
            let owners = object.metadata().owner_references.iter().flatten();
            owners.map(|owner| owner.uid.clone()).collect()
        };
        let (old, new) = (before.map(|old| owners(&old)).unwrap_or_default(), owners(&object));
        if old != new {
            self.disown(&old, &key);
            for owner in &new {
                self.owned.entry(owner.as_str().into()).or_default().insert(key.clone());
            }
        }
        let object = Arc::new(object);
        self.objects.insert(key, Arc::clone(&object));
        object
    }

    /// Takes an object out.
    pub fn remove(&mut self, key: &Key) -> Option<Arc<Object>> {
        self.resource_version += 1;
        let object = self.objects.remove(key)?;
        let owners = object.metadata().owner_references.iter().flatten();
        let owners: Vec<String> = owners.map(|owner| owner.uid.clone()).collect();
        self.disown(&owners, key);
        Some(object)
    }

    fn disown(&mut self, owners: &[String], key: &Key) {
        for owner in owners {
            if let Some(owned) = self.owned.get_mut(owner.as_str()) {
                owned.remove(key);
                if owned.is_empty() {
                    self.owned.remove(owner.as_str());
                }
            }
        }
    }
}

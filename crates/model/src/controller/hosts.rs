//! An agent on every node that copies ConfigMaps into containerd's directories of hosts: a DaemonSet that mounts them and
//! `/etc/containerd/certs.d`, as many platform teams run one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::{Cluster, Task};
use crate::object::{Key, Kind, Object};
use crate::ordered;
use crate::runtime::hosts;

/// A kubelet renews the files of a mounted ConfigMap at its syncs, about once a minute.
const COPIED_AFTER_MILLIS: i64 = 60_000;

impl Cluster {
    /// A ConfigMap was written, which some node's agent may copy.
    pub(crate) fn config_map_written(&mut self, key: &Key) {
        if self.nodes.values().any(|node| node.copies(&key.namespace, &key.name)) {
            self.soon(COPIED_AFTER_MILLIS, Task::Hosts(key.clone()));
        }
    }

    /// The agents copy a ConfigMap. One that was deleted leaves its files.
    pub(crate) fn copy_hosts(&mut self, key: &Key) {
        self.release_all();
        self.generation += 1;
        for name in self.nodes.keys().cloned().collect::<Vec<Arc<str>>>() {
            self.read_hosts(&name, Some(key));
        }
    }

    /// containerd's directories on a node are those of its ConfigMaps, or of one of them, from now on.
    pub(crate) fn read_hosts(&mut self, name: &str, only: Option<&Key>) {
        let Some(node) = self.nodes.get(name) else { return };
        let mut read = Vec::new();
        for (registry, (namespace, map)) in &node.spec.hosts_from {
            let key = Key::new(Kind::ConfigMap, namespace, map);
            if only.is_some_and(|only| *only != key) {
                continue;
            }
            let Some(Object::Plain(plain)) = self.store.get(&key).map(AsRef::as_ref) else {
                continue;
            };
            let data = plain.rest.get("data").and_then(|data| data.as_object());
            let texts = data.into_iter().flatten();
            let files: BTreeMap<&str, &str> = ordered::map(
                texts.filter_map(|(file, text)| Some((file.as_str(), text.as_str()?))),
            );
            read.push((registry.clone(), hosts::read(registry, &files, &self.world)));
        }
        let Some(node) = self.nodes.get_mut(name).filter(|_| !read.is_empty()) else { return };
        Arc::make_mut(node).spec.hosts.extend(read);
    }
}

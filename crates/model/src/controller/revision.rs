//! ControllerRevisions: the templates that a StatefulSet or a DaemonSet had.
//! *Source: kubernetes v1.35.6 pkg/controller/history/controller_history.go; the hash compared with the revision in
//! pkg/controller/statefulset/testdata.*

use std::sync::Arc;

use serde_json::{Value, json};

use crate::apply::go_json;
use crate::cluster::Cluster;
use crate::object::{Key, Kind, Object, Plain, json as typed};
use crate::ordered;

const HASH: &str = "controller.kubernetes.io/hash";
/// The label by which a Pod tells which template it was made from.
pub(super) const REVISION: &str = "controller-revision-hash";

/// A template that there was, or is.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    pub(super) name: String,
    /// Higher is newer.
    pub(super) number: i64,
    /// The patch that puts the template back.
    pub(super) data: Value,
    object: Option<Arc<Object>>,
}

impl Revision {
    /// The template.
    pub(super) fn template(&self) -> Value {
        let mut template = self.data["spec"]["template"].clone();
        if let Some(map) = template.as_object_mut() {
            map.remove("$patch");
        }
        template
    }

    /// A label of the stored object.
    pub(super) fn label(&self, key: &str) -> &str {
        let labels = self.object.as_ref().and_then(|object| object.metadata().labels.as_ref());
        labels.and_then(|labels| labels.get(key)).map_or("", String::as_str)
    }

    fn key(&self) -> Option<Key> {
        self.object.as_ref().map(|object| object.key())
    }
}

/// The patch that puts an object's template back (getPatch).
pub(super) fn patch(owner: &Object) -> Value {
    let mut template = owner.as_served()["spec"]["template"].take();
    template["$patch"] = "replace".into();
    json!({ "spec": { "template": template } })
}

/// The hash in the name of a StatefulSet's revision (HashControllerRevision).
pub(super) fn hash(data: &Value, collisions: i64) -> String {
    let bytes = go_json(data).into_bytes().into_iter().chain(collisions.to_string().into_bytes());
    let fnv =
        bytes.fold(2_166_136_261_u32, |hash, byte| hash.wrapping_mul(16_777_619) ^ u32::from(byte));
    encode(&fnv.to_string())
}

/// A text in the characters of generated names (apimachinery pkg/util/rand SafeEncodeString).
fn encode(text: &str) -> String {
    let safe = crate::random::NAME_CHARACTERS;
    text.bytes().map(|byte| char::from(safe[usize::from(byte) % safe.len()])).collect()
}

fn kind() -> Kind {
    Kind::of("apps/v1", "ControllerRevision").expect("the kind is known")
}

impl Cluster {
    /// The revisions of an object by their number, the newest last.
    pub(super) fn revisions(&self, owner: &str) -> Vec<Revision> {
        let keys = self.store.owned_by(owner).into_iter().filter(|key| key.kind == kind());
        let read = |key: Key| {
            let object = self.store.get(&key)?;
            let Object::Plain(plain) = object.as_ref() else { return None };
            Some(Revision {
                name: key.name.to_string(),
                number: plain.rest.get("revision").and_then(Value::as_i64).unwrap_or(0),
                data: plain.rest.get("data").cloned().unwrap_or_default(),
                object: Some(Arc::clone(object)),
            })
        };
        let mut revisions: Vec<Revision> = keys.filter_map(read).collect();
        ordered::sort_by(&mut revisions, |one, other| {
            (one.number, &one.name).cmp(&(other.number, &other.name))
        });
        revisions
    }

    /// A revision becomes the newest.
    pub(super) fn renumber(&mut self, revision: &mut Revision, number: i64) {
        let Some(Object::Plain(plain)) = revision.object.as_deref() else { return };
        let mut changed = plain.clone();
        changed.rest.insert("revision".into(), number.into());
        revision.number = number;
        self.store.put(Object::Plain(changed));
    }

    /// Stores a new revision of an object; `label` is what its Pods are told by.
    pub(super) fn create_revision(
        &mut self,
        owner: &Plain,
        hash: &str,
        label: &str,
        (data, number): (Value, i64),
    ) -> Revision {
        let name = format!("{}-{hash}", owner.name());
        let mut labels = data["spec"]["template"]["metadata"]["labels"].clone();
        labels[label] = hash.into();
        let reference = super::owner(owner.kind, &owner.metadata);
        let value = json!({
            "metadata": {
                "name": name, "namespace": owner.metadata.namespace, "labels": labels,
                "annotations": owner.metadata.annotations,
                "ownerReferences": [typed::write(&reference)],
            },
            "data": data, "revision": number,
        });
        let object = Object::decode(kind(), &value);
        // It may be there already, of another object, or its namespace may be gone: then nothing is to be done.
        let object = self.create(object).ok();
        Revision { name, number, data, object }
    }

    pub(super) fn remove_revision(&mut self, revision: &Revision) {
        if let Some(key) = revision.key() {
            self.remove(&key);
        }
    }

    /// The revision of a StatefulSet's template, found or made, and the newest that its status names
    /// (getStatefulSetRevisions).
    pub(super) fn current_and_update(
        &mut self,
        owner: &Object,
        set: &Plain,
        known: &[Revision],
        current: &str,
    ) -> (Revision, Revision) {
        let data = patch(owner);
        let next = known.last().map_or(1, |newest| newest.number + 1);
        let same = known.iter().rposition(|revision| revision.data == data);
        let update = match same {
            Some(index) if index + 1 == known.len() => known[index].clone(),
            Some(index) => {
                // A template that comes back is the newest again.
                let mut revision = known[index].clone();
                self.renumber(&mut revision, next);
                revision
            }
            None => {
                let hash = hash(&data, 0);
                self.create_revision(set, &hash, HASH, (data, next))
            }
        };
        let current = known.iter().find(|revision| revision.name == current);
        (current.unwrap_or(&update).clone(), update)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The revision that kubernetes v1.35.6 keeps in pkg/controller/statefulset/testdata.
    #[test]
    fn a_revision_has_the_name_that_kubernetes_gives_it() {
        let data = json!({"spec": {"template": {"$patch": "replace",
            "metadata": {"annotations": {"test": "value"}, "labels": {"app": "foo"}},
            "spec": {
                "containers": [{"image": "test", "imagePullPolicy": "Always", "name": "test", "resources": {},
                    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}],
                "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                "securityContext": {}, "terminationGracePeriodSeconds": 30}}}});
        assert_eq!(hash(&data, 0), "776999688b");
    }
}

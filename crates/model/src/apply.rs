//! What `kubectl apply` sends: the object with a note of what was applied, and then patches against that note.
//! *Sources: kubectl v0.35 pkg/cmd/apply (patcher.go, apply.go) and pkg/util/apply.go; apimachinery
//! pkg/util/jsonmergepatch for kinds whose types the client does not have.*

use serde_json::{Map, Value};

use crate::api::PatchType;
use crate::api::strategic::{self, PatchError, Scope};
use crate::object::Kind;
use crate::schema::Schema;

/// Where `kubectl apply` keeps what it applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The manifest with the note of itself in its annotations.
pub fn annotated(manifest: &Value) -> Value {
    let mut object = manifest.clone();
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = Value::Object(Map::new());
    }
    if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
        annotations.remove(LAST_APPLIED);
    }
    let note = go_json(&object) + "\n";
    object["metadata"]["annotations"][LAST_APPLIED] = note.into();
    object
}

/// What is sent where nothing is there yet: nulls are told in the note, and left out of the object (kubectl v0.35
/// pkg/cmd/apply/apply.go `pruneNullsFromMap`). A patch keeps them in lists that it replaces as a whole, so a field that
/// nobody knows is passed over at first and refused later (kubernetes issue 123304).
pub fn creation(manifest: &Value) -> Value {
    let mut object = annotated(manifest);
    strategic::discard_nulls(&mut object);
    object
}

/// JSON as Go's encoder prints it: safe inside HTML.
pub fn go_json(value: &Value) -> String {
    let text = serde_json::to_string(value).expect("a JSON value prints");
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return text;
    }
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// The patch that applies a manifest to the live object. An empty one means that nothing is to be done, and kubectl
/// says `unchanged`.
pub fn patch(
    kind: Kind,
    live: &Value,
    manifest: &Value,
) -> Result<(PatchType, Map<String, Value>), PatchError> {
    let last: Value = live["metadata"]["annotations"][LAST_APPLIED]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    three_way(kind, &last, &annotated(manifest), live)
}

/// The patch from what was applied last, what is applied now and what is there.
pub fn three_way(
    kind: Kind,
    last: &Value,
    modified: &Value,
    live: &Value,
) -> Result<(PatchType, Map<String, Value>), PatchError> {
    let map = |value: &'_ Value| value.as_object().cloned().unwrap_or_default();
    let (live, last, modified) = (map(live), map(last), map(modified));
    match Schema::get().of(kind).filter(|_| kind.is_built_in()) {
        Some(of) => {
            let patch = strategic::three_way(&last, &modified, &live, Scope::Struct(of))?;
            Ok((PatchType::Strategic, patch))
        }
        None if kind.is_built_in() => {
            let patch = strategic::three_way(&last, &modified, &live, Scope::Free)?;
            Ok((PatchType::Strategic, patch))
        }
        None => {
            let mut patch = removals(&last, &modified);
            merge_into(&mut patch, additions(&live, &modified));
            Ok((PatchType::Merge, patch))
        }
    }
}

/// What `new` has that `old` has not, lists as a whole.
fn additions(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, value) in new.iter().filter(|(_, value)| !value.is_null()) {
        match (old.get(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let inner = additions(old, new);
                if !inner.is_empty() {
                    patch.insert(key.clone(), inner.into());
                }
            }
            (Some(old), new) if old == new => {}
            (_, new) => drop(patch.insert(key.clone(), new.clone())),
        }
    }
    patch
}

/// A null for each key that `new` has no more.
fn removals(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, value) in old {
        match (value, new.get(key)) {
            (_, None) => drop(patch.insert(key.clone(), Value::Null)),
            (Value::Object(old), Some(Value::Object(new))) => {
                let inner = removals(old, new);
                if !inner.is_empty() {
                    patch.insert(key.clone(), inner.into());
                }
            }
            _ => {}
        }
    }
    patch
}

fn merge_into(patch: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (patch.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merge_into(inner, value),
            (_, value) => drop(patch.insert(key, value)),
        }
    }
}

//! Changes that kubectl makes itself, without a server: `--local`, and the patches that other commands send.

use pullpath_model::api::strategic::{self, Scope};
use pullpath_model::api::{PatchType, patch};
use pullpath_model::go;
use pullpath_model::schema::Schema;
use serde_json::{Map, Value};

use super::failure::Failure;
use crate::print::typed;

/// What is known of the type of an object.
fn scope(object: &Value) -> Option<Scope> {
    typed::type_of(object).map(Scope::Struct)
}

/// The patch from one state of an object to another, and its format: a merge patch for types that the client has not.
pub(super) fn between(before: &Value, after: &Value) -> Result<(PatchType, Value), Failure> {
    let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (format, scope) = match scope(before) {
        Some(scope) => (PatchType::Strategic, scope),
        None => (PatchType::Merge, Scope::Free),
    };
    if format == PatchType::Merge {
        return Ok((format, merge_patch(before, after)));
    }
    let patch = strategic::two_way(&map(before), &map(after), scope)
        .map_err(|error| Failure::error(&error.to_string()))?;
    Ok((format, Value::Object(patch)))
}

/// The same as a merge patch.
pub(super) fn merge_patch(before: &Value, after: &Value) -> Value {
    let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
    Value::Object(differences(&map(before), &map(after)))
}

fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, value) in after {
        match (before.get(key), value) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                patch.insert(key.clone(), Value::Object(differences(old, new)));
            }
            (_, new) => drop(patch.insert(key.clone(), new.clone())),
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

/// Applies a patch that stands as text (K pkg/cmd/patch getPatchedJSON).
pub(super) fn patched(object: &Value, format: PatchType, text: &str) -> Result<Value, Failure> {
    let read = || serde_json::from_str::<Value>(text);
    let mut target = object.clone();
    match format {
        PatchType::Json => {
            go::json::check(text.as_bytes()).map_err(|error| Failure::error(&error.to_string()))?;
            let patch = read().unwrap_or_default();
            let operations = patch.as_array().cloned().ok_or_else(|| {
                Failure::error(
                    "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
                )
            })?;
            for operation in &operations {
                operate(&mut target, operation).map_err(|error| worded(&error))?;
            }
        }
        PatchType::Merge => {
            let given = read().map_err(|_| Failure::error("Invalid JSON Patch"))?;
            patch::merge(&mut target, &given);
        }
        PatchType::Strategic => {
            let patch = read().map_err(|_| Failure::error("invalid JSON document"))?;
            let Value::Object(mut patch) = patch else {
                return Err(Failure::error("invalid JSON document"));
            };
            let Some(scope) = scope(object) else {
                let (version, kind) =
                    (object["apiVersion"].as_str().unwrap_or_default(), &object["kind"]);
                let (group, version) = version.split_once('/').unwrap_or(("", version));
                let kind = kind.as_str().unwrap_or_default();
                return Err(Failure::error(&format!(
                    "strategic merge patch is not supported for {group}/{version}, Kind={kind} locally, try --type merge"
                )));
            };
            if let Some(target) = target.as_object_mut() {
                strategic::apply(target, &mut patch, scope)
                    .map_err(|error| Failure::error(&error.to_string()))?;
            }
        }
        PatchType::Apply => {}
    }
    Ok(target)
}

fn worded(error: &str) -> Failure {
    match error.split_once("doc is missing key: ") {
        Some((_, key)) => Failure::error(&format!("Object to be patched is missing field ({key})")),
        None => Failure::error(error),
    }
}

const MISSING: &str = "missing value";
const BAD_INDEX: &str = "invalid index referenced";

/// One operation of a JSON patch, with the errors of evanphx/json-patch v4.
fn operate(target: &mut Value, operation: &Value) -> Result<(), String> {
    let text = |key: &str| operation[key].as_str().unwrap_or_default();
    let (kind, path, value) = (text("op"), text("path"), operation["value"].clone());
    let nowhere = |verb: &str| {
        format!("{verb} operation does not apply: doc is missing path: \"{path}\": {MISSING}")
    };
    match kind {
        "add" => {
            let (parent, step) = place(target, path).ok_or_else(|| nowhere("add"))?;
            add(parent, &step, value)
                .map_err(|error| format!("error in add for path: '{path}': {error}"))
        }
        "remove" => {
            let (parent, step) = place(target, path).ok_or_else(|| nowhere("remove"))?;
            remove(parent, &step)
                .map(drop)
                .map_err(|error| format!("error in remove for path: '{path}': {error}"))
        }
        "replace" => match place(target, path) {
            None => Err(format!(
                "replace operation does not apply: doc is missing path: {path}: {MISSING}"
            )),
            Some((parent, step)) => match child(parent, &step) {
                None => Err(format!(
                    "replace operation does not apply: doc is missing key: {path}: {MISSING}"
                )),
                Some(slot) => {
                    *slot = value;
                    Ok(())
                }
            },
        },
        "move" | "copy" => {
            let from = text("from");
            let missing = || {
                format!(
                    "{kind} operation does not apply: doc is missing from path: {from}: {MISSING}"
                )
            };
            let (parent, step) = place(target, from).ok_or_else(missing)?;
            let moved = if kind == "move" {
                remove(parent, &step)
                    .map_err(|error| format!("error in move for path: '{from}': {error}"))?
            } else {
                child(parent, &step).cloned().ok_or_else(missing)?
            };
            let (parent, step) = place(target, path).ok_or_else(|| nowhere(kind))?;
            add(parent, &step, moved)
                .map_err(|error| format!("error in {kind} for path: '{path}': {error}"))
        }
        "test" => {
            let found = place(target, path)
                .ok_or_else(|| {
                    format!("test operation does not apply: is missing path: {path}: {MISSING}")
                })
                .map(|(parent, step)| child(parent, &step).cloned().unwrap_or_default())?;
            match found {
                found if found == value => Ok(()),
                Value::Null => Err(format!("testing path {path} failed: test failed")),
                _ => Err(format!("testing value {path} failed: test failed")),
            }
        }
        other => Err(format!("Unexpected kind: {other}")),
    }
}

/// What is around a path, and its last step.
fn place<'a>(target: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, step) = path.rsplit_once('/')?;
    let parent =
        target.pointer_mut(parent).filter(|parent| parent.is_object() || parent.is_array())?;
    Some((parent, step.replace("~1", "/").replace("~0", "~")))
}

fn child<'a>(parent: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    match parent {
        Value::Object(map) => map.get_mut(step),
        Value::Array(list) => list.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    }
}

fn index(step: &str, length: usize) -> Result<usize, String> {
    let index: i64 = step.parse().map_err(|_| {
        format!("value was not a proper array index: '{step}': strconv.Atoi: parsing {}: invalid syntax", go::quote(step))
    })?;
    let at = if index < 0 { index + i64::try_from(length).unwrap_or(0) } else { index };
    let at = usize::try_from(at).ok().filter(|at| *at <= length);
    at.ok_or_else(|| format!("Unable to access invalid index: {index}: {BAD_INDEX}"))
}

fn add(parent: &mut Value, step: &str, value: Value) -> Result<(), String> {
    match parent {
        Value::Object(map) => drop(map.insert(step.to_owned(), value)),
        Value::Array(list) if step == "-" => list.push(value),
        Value::Array(list) => {
            let index = index(step, list.len())?;
            list.insert(index, value);
        }
        _ => return Err(MISSING.to_owned()),
    }
    Ok(())
}

fn remove(parent: &mut Value, step: &str) -> Result<Value, String> {
    match parent {
        Value::Object(map) => map
            .remove(step)
            .ok_or_else(|| format!("Unable to remove nonexistent key: {step}: {MISSING}")),
        Value::Array(list) => {
            let index = index(step, list.len())?;
            if index < list.len() {
                Ok(list.remove(index))
            } else {
                Err(format!("Unable to access invalid index: {index}: {BAD_INDEX}"))
            }
        }
        _ => Err(MISSING.to_owned()),
    }
}

/// Whether the client has the type of an object with a Pod in it or in its template: the JSON pointer to the Pod's spec.
pub(super) fn pod_spec(object: &Value) -> Option<&'static str> {
    let of = typed::type_of(object)?;
    Schema::get().named(of.name)?;
    Some(match of.name {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => "/spec/template/spec",
        _ => return None,
    })
}

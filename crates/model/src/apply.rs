//! `kubectl apply`: the three-way merge of what was applied last, what is there, and what is applied now.
//! *Sources: k8s.io/cli-runtime and kubectl pkg/cmd/apply; list rules from the API types' patch strategies.*

use serde_json::{Map, Value};

use crate::object::Kind;

/// Where `kubectl apply` keeps what it applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object that results from applying `new` on `live`, when `last` was applied before.
pub fn three_way(kind: Kind, live: &Value, last: &Value, new: &Value) -> Value {
    merge(kind, "", live, last, new)
}

fn merge(kind: Kind, field: &str, live: &Value, last: &Value, new: &Value) -> Value {
    match (live, new) {
        (Value::Object(live), Value::Object(new)) => {
            Value::Object(merge_maps(kind, live, last.as_object(), new))
        }
        (Value::Array(live), Value::Array(new)) if merges_by_name(kind, field) => {
            Value::Array(merge_lists(kind, live, last.as_array(), new))
        }
        _ => new.clone(),
    }
}

fn merge_maps(
    kind: Kind,
    live: &Map<String, Value>,
    last: Option<&Map<String, Value>>,
    new: &Map<String, Value>,
) -> Map<String, Value> {
    let mut merged = live.clone();
    for key in last.into_iter().flat_map(Map::keys) {
        if !new.contains_key(key) {
            merged.remove(key);
        }
    }
    for (key, value) in new {
        let before = last.and_then(|last| last.get(key)).unwrap_or(&Value::Null);
        let value = match merged.get(key) {
            _ if value.is_null() => {
                merged.remove(key);
                continue;
            }
            Some(live) => merge(kind, key, live, before, value),
            None => value.clone(),
        };
        merged.insert(key.clone(), value);
    }
    merged
}

/// Lists that the API types merge by `name`. A ServiceAccount's `imagePullSecrets` is not among them: there the list
/// is replaced, on a Pod template it is merged (recorded: cluster-recording §3).
fn merges_by_name(kind: Kind, field: &str) -> bool {
    match kind {
        Kind::Pod | Kind::Deployment | Kind::ReplicaSet => {
            matches!(
                field,
                "containers" | "initContainers" | "imagePullSecrets" | "env" | "volumes"
            )
        }
        Kind::ServiceAccount => field == "secrets",
        Kind::Namespace | Kind::Secret | Kind::Role | Kind::Node | Kind::Event => false,
    }
}

fn merge_lists(kind: Kind, live: &[Value], last: Option<&Vec<Value>>, new: &[Value]) -> Vec<Value> {
    let named = |list: &[Value], name: &Value| -> Option<Value> {
        list.iter().find(|item| item.get("name") == Some(name)).cloned()
    };
    let empty = Vec::new();
    let last = last.unwrap_or(&empty);
    let mut merged: Vec<Value> = Vec::new();
    for item in new {
        let name = item.get("name").unwrap_or(&Value::Null);
        let before = named(last, name).unwrap_or(Value::Null);
        merged.push(match named(live, name) {
            Some(live) => merge(kind, "", &live, &before, item),
            None => item.clone(),
        });
    }
    // What others put in stays, behind what is applied.
    for item in live {
        let name = item.get("name").unwrap_or(&Value::Null);
        if named(new, name).is_none() && named(last, name).is_none() {
            merged.push(item.clone());
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(kind: Kind, live: Value, last: Value, new: Value, want: Value) {
        assert_eq!(three_way(kind, &live, &last, &new), want);
    }

    #[test]
    fn what_was_applied_and_is_no_longer_goes_what_others_set_stays() {
        check(
            Kind::Secret,
            json!({"a": 1, "b": 2, "c": 3}),
            json!({"a": 1, "b": 2}),
            json!({"a": 5}),
            json!({"a": 5, "c": 3}),
        );
    }

    #[test]
    fn pull_secrets_merge_in_a_template_and_are_replaced_on_an_account() {
        let list = |names: &[&str]| -> Value {
            let items: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
            json!({ "imagePullSecrets": items })
        };
        check(Kind::Deployment, list(&["z"]), json!({}), list(&["a"]), list(&["a", "z"]));
        check(Kind::Deployment, list(&["z", "a"]), list(&["z"]), list(&["a"]), list(&["a"]));
        check(Kind::ServiceAccount, list(&["z"]), json!({}), list(&["a"]), list(&["a"]));
    }

    #[test]
    fn a_defaulted_field_of_a_container_survives() {
        check(
            Kind::Deployment,
            json!({"containers": [{"name": "app", "image": "a:1", "imagePullPolicy": "IfNotPresent"}]}),
            json!({"containers": [{"name": "app", "image": "a:1"}]}),
            json!({"containers": [{"name": "app", "image": "a:2"}]}),
            json!({"containers": [{"name": "app", "image": "a:2", "imagePullPolicy": "IfNotPresent"}]}),
        );
    }
}

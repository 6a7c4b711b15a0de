//! The patch that `apply` sends: what it applied last, what is there and what is applied now (AM
//! pkg/util/strategicpatch CreateThreeWayMergePatch, pkg/util/jsonmergepatch).

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// How a list merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merge {
    /// As one value.
    Replace,
    /// By that key of its items.
    By(&'static str),
}

/// Which lists of the built-in types merge, and by which key (`patchMergeKey` of the API types). On a ServiceAccount
/// `imagePullSecrets` is replaced, in a Pod's spec it merges.
fn merge_of(kind: &str, parent: &str, field: &str) -> Merge {
    match (parent, field) {
        (_, "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes") => {
            Merge::By("name")
        }
        (_, "imagePullSecrets") if kind != "ServiceAccount" => Merge::By("name"),
        (_, "secrets") if kind == "ServiceAccount" => Merge::By("name"),
        (_, "volumeMounts") => Merge::By("mountPath"),
        (_, "volumeDevices") => Merge::By("devicePath"),
        (_, "hostAliases") => Merge::By("ip"),
        (_, "ownerReferences") => Merge::By("uid"),
        (_, "conditions") => Merge::By("type"),
        ("spec", "ports") if kind == "Service" => Merge::By("port"),
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => {
            Merge::By("containerPort")
        }
        _ => Merge::Replace,
    }
}

/// The strategic patch that makes `current` what `modified` says and takes out what only `original` had. Empty if there
/// is nothing to do.
pub(super) fn three_way(kind: &str, original: &Value, modified: &Value, current: &Value) -> Value {
    let empty = Object::new();
    let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (original, modified, current) = (map(original), map(modified), map(current));
    let additions = Diff { kind, deletions: false, changes: true };
    let deletions = Diff { kind, deletions: true, changes: false };
    let mut patch = deletions.maps("", &original, &modified);
    overlay(&mut patch, additions.maps("", &current, &modified));
    if patch == empty { json!({}) } else { Value::Object(patch) }
}

/// The JSON merge patch to the same end, for types that kubectl does not know.
pub(super) fn three_way_merge(original: &Value, modified: &Value, current: &Value) -> Value {
    let additions = Diff { kind: "", deletions: false, changes: true };
    let deletions = Diff { kind: "", deletions: true, changes: false };
    let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut patch = deletions.plain(&map(original), &map(modified));
    overlay(&mut patch, additions.plain(&map(current), &map(modified)));
    Value::Object(patch)
}

/// What a comparison looks for.
#[derive(Clone, Copy)]
struct Diff<'a> {
    kind: &'a str,
    deletions: bool,
    changes: bool,
}

impl Diff<'_> {
    fn maps(self, parent: &str, from: &Object, to: &Object) -> Object {
        let mut patch = Object::new();
        for (key, before) in from {
            match (before, to.get(key)) {
                (_, None) if self.deletions => drop(patch.insert(key.clone(), Value::Null)),
                (_, None) => {}
                (Value::Object(before), Some(Value::Object(after))) => {
                    let inner = self.maps(key, before, after);
                    if !inner.is_empty() {
                        patch.insert(key.clone(), Value::Object(inner));
                    }
                }
                (Value::Array(before), Some(Value::Array(after))) => {
                    self.lists(parent, key, before, after, &mut patch);
                }
                (before, Some(after)) if before != after && self.changes => {
                    patch.insert(key.clone(), after.clone());
                }
                (_, Some(_)) => {}
            }
        }
        if self.changes {
            let new = to.iter().filter(|(key, value)| !from.contains_key(*key) && !value.is_null());
            patch.extend(new.map(|(key, value)| (key.clone(), value.clone())));
        }
        patch
    }

    fn lists(self, parent: &str, key: &str, from: &[Value], to: &[Value], patch: &mut Object) {
        let Merge::By(merge_key) = merge_of(self.kind, parent, key) else {
            if from != to && self.changes {
                patch.insert(key.to_owned(), to.to_vec().into());
            }
            return;
        };
        let find = |list: &[Value], wanted: &Value| {
            list.iter().find(|item| item.get(merge_key) == wanted.get(merge_key)).cloned()
        };
        let mut items = Vec::new();
        for item in to {
            match (find(from, item), item) {
                (Some(Value::Object(before)), Value::Object(after)) => {
                    let mut inner = self.maps(key, &before, after);
                    if !inner.is_empty() {
                        inner.insert(merge_key.to_owned(), item[merge_key].clone());
                        items.push(Value::Object(inner));
                    }
                }
                _ if self.changes => items.push(item.clone()),
                _ => {}
            }
        }
        if self.deletions {
            let gone = from.iter().filter(|item| find(to, item).is_none());
            items
                .extend(gone.map(|item| json!({ "$patch": "delete", merge_key: item[merge_key] })));
        }
        let keys = |list: &[Value]| -> Vec<Value> {
            list.iter().map(|item| item.get(merge_key).cloned().unwrap_or_default()).collect()
        };
        if self.changes && (!items.is_empty() || keys(from) != keys(to)) {
            let order = keys(to).into_iter().map(|value| json!({ merge_key: value })).collect();
            patch.insert(format!("$setElementOrder/{key}"), order);
        }
        if !items.is_empty() {
            patch.insert(key.to_owned(), items.into());
        }
    }

    /// The same, for patches in which lists are values.
    fn plain(self, from: &Object, to: &Object) -> Object {
        let mut patch = Object::new();
        for (key, before) in from {
            match (before, to.get(key)) {
                (_, None) if self.deletions => drop(patch.insert(key.clone(), Value::Null)),
                (Value::Object(before), Some(Value::Object(after))) => {
                    let inner = self.plain(before, after);
                    if !inner.is_empty() {
                        patch.insert(key.clone(), Value::Object(inner));
                    }
                }
                (before, Some(after)) if before != after && self.changes => {
                    patch.insert(key.clone(), after.clone());
                }
                (_, _) => {}
            }
        }
        if self.changes {
            let new = to.iter().filter(|(key, _)| !from.contains_key(*key));
            patch.extend(new.map(|(key, value)| (key.clone(), value.clone())));
        }
        patch
    }
}

/// Puts a patch over another: objects merge, lists are joined.
fn overlay(patch: &mut Object, over: Object) {
    for (key, value) in over {
        match (patch.get_mut(&key), value) {
            (Some(Value::Object(under)), Value::Object(over)) => overlay(under, over),
            (Some(Value::Array(under)), Value::Array(over)) => {
                let rest = std::mem::take(under);
                under.extend(over);
                under.extend(rest);
            }
            (_, value) => drop(patch.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, original: Value, modified: Value, current: Value, want: Value) {
        assert_eq!(three_way(kind, &original, &modified, &current), want);
    }

    #[test]
    fn nothing_to_do_is_an_empty_patch() {
        let applied = json!({"spec": {"replicas": 1}});
        let live = json!({"spec": {"replicas": 1, "paused": false}, "status": {}});
        check("Deployment", applied.clone(), applied, live, json!({}));
    }

    #[test]
    fn what_is_no_longer_applied_goes() {
        check(
            "Deployment",
            json!({"spec": {"a": 1, "containers": [{"name": "x"}, {"name": "y"}]}}),
            json!({"spec": {"containers": [{"name": "x"}]}}),
            json!({"spec": {"a": 1, "containers": [{"name": "x"}, {"name": "y"}]}}),
            json!({"spec": {
                "a": null,
                "$setElementOrder/containers": [{"name": "x"}],
                "containers": [{"$patch": "delete", "name": "y"}],
            }}),
        );
    }

    #[test]
    fn pull_secrets_merge_in_a_template_and_are_replaced_on_an_account() {
        let list = |name: &str| json!({"imagePullSecrets": [{"name": name}]});
        let spec = |name: &str| json!({"spec": list(name)});
        check(
            "Deployment",
            json!({}),
            spec("a"),
            spec("z"),
            json!({"spec": {
                "$setElementOrder/imagePullSecrets": [{"name": "a"}],
                "imagePullSecrets": [{"name": "a"}],
            }}),
        );
        check("ServiceAccount", json!({}), list("a"), list("z"), list("a"));
    }
}

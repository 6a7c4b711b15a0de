//! JSON patches (RFC 6902) and JSON merge patches (RFC 7386).

use serde_json::{Map, Value};

/// Applies a merge patch: objects merge, null removes, everything else replaces.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { unreachable!("it was just made an object") };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Applies a JSON patch. `None` if an operation does not apply.
pub fn apply_json(target: &mut Value, operations: &[Value]) -> Option<()> {
    for operation in operations {
        let path = operation.get("path")?.as_str()?;
        let value = || operation.get("value").cloned();
        let from = || operation.get("from").and_then(Value::as_str);
        match operation.get("op")?.as_str()? {
            "add" => add(target, path, value()?)?,
            "remove" => drop(remove(target, path)?),
            "replace" => *target.pointer_mut(path)? = value()?,
            "move" => {
                let moved = remove(target, from()?)?;
                add(target, path, moved)?;
            }
            "copy" => {
                let copied = target.pointer(from()?)?.clone();
                add(target, path, copied)?;
            }
            "test" if target.pointer(path).unwrap_or(&Value::Null) == &value()? => {}
            _ => return None,
        }
    }
    Some(())
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    let Some((parent, step)) = split(path) else {
        *target = value;
        return Some(());
    };
    match target.pointer_mut(parent)? {
        Value::Object(map) => drop(map.insert(step, value)),
        Value::Array(list) if step == "-" => list.push(value),
        Value::Array(list) => {
            let index: usize = step.parse().ok().filter(|index| *index <= list.len())?;
            list.insert(index, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    let (parent, step) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&step),
        Value::Array(list) => {
            let index: usize = step.parse().ok().filter(|index| *index < list.len())?;
            Some(list.remove(index))
        }
        _ => None,
    }
}

/// The pointer to what is around, and the last step.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, step) = path.rsplit_once('/')?;
    Some((parent, step.replace("~1", "/").replace("~0", "~")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merge_patches_follow_the_rfc() {
        // RFC 7386, appendix A.
        for (mut target, patch, want) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            merge(&mut target, &patch);
            assert_eq!(target, want, "{patch}");
        }
    }

    #[test]
    fn json_patches_apply_or_do_not() {
        #[track_caller]
        fn check(operations: Value, want: Option<Value>) {
            let mut target = json!({"a": [1, 2], "b": {"c/d": 3}});
            let operations = operations.as_array().unwrap();
            assert_eq!(apply_json(&mut target, operations).map(|()| target), want);
        }
        check(
            json!([{"op": "add", "path": "/a/-", "value": 9}]),
            Some(json!({"a": [1, 2, 9], "b": {"c/d": 3}})),
        );
        check(
            json!([{"op": "add", "path": "/a/0", "value": 9}, {"op": "remove", "path": "/b/c~1d"}]),
            Some(json!({"a": [9, 1, 2], "b": {}})),
        );
        check(
            json!([{"op": "move", "from": "/b", "path": "/c"}]),
            Some(json!({"a": [1, 2], "c": {"c/d": 3}})),
        );
        check(json!([{"op": "add", "path": "/x/-", "value": 9}]), None);
        check(json!([{"op": "remove", "path": "/a/2"}]), None);
        check(json!([{"op": "replace", "path": "/x", "value": 9}]), None);
        check(json!([{"op": "test", "path": "/a/0", "value": 2}]), None);
    }
}

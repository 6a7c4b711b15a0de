//! Objects as Go prints them from its own types: fields in their order, empty structs included.

use pullpath_model::schema::{LeftOut, Schema, Struct, Type, shape};
use serde_json::{Map, Value};

use super::json;

/// The type that objects of a kind have in Go, where this client has it.
pub(crate) fn type_of(object: &Value) -> Option<&'static Struct> {
    let version = object["apiVersion"].as_str()?;
    let built_in = !version.contains('.') || version.contains(".k8s.io/");
    Schema::get().named(object["kind"].as_str()?).filter(|_| built_in)
}

/// The object after a Go program has read it and printed it again: unknown fields are gone, empty structs are there.
/// `zero_times` is whether an object that was never created says `creationTimestamp: null`.
pub(crate) fn complete(object: &Value, zero_times: bool) -> Value {
    let Some(of) = type_of(object) else { return object.clone() };
    let mut value = shape(of, object).value;
    if zero_times {
        add_zero_times(of, &mut value);
    }
    value
}

fn add_zero_times(of: &Struct, value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    if of.name == "ObjectMeta" {
        map.entry("creationTimestamp").or_insert(Value::Null);
    }
    for field in &of.fields {
        if field.name == "metadata" && field.left_out != LeftOut::Zero {
            map.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        }
        if let Some(inner) = map.get_mut(field.name) {
            each_struct(&field.shape, inner, &mut add_zero_times);
        }
    }
}

fn each_struct(shape: &Type, value: &mut Value, visit: &mut dyn FnMut(&Struct, &mut Value)) {
    match shape {
        Type::Struct(index) => visit(Schema::get().at(*index), value),
        Type::Pointer(inner) => each_struct(inner, value, visit),
        Type::List(inner) => {
            for item in value.as_array_mut().into_iter().flatten() {
                each_struct(inner, item, visit);
            }
        }
        Type::Map(inner) => {
            for (_, item) in value.as_object_mut().into_iter().flatten() {
                each_struct(inner, item, visit);
            }
        }
        _ => {}
    }
}

/// JSON in Go's order of fields, indented by four.
pub(crate) fn indented(object: &Value) -> String {
    let mut out = String::new();
    let shape = type_of(object).map(Shape::Struct);
    write(object, shape, Some(0), &mut out);
    out
}

/// The same on one line.
pub(crate) fn compact(object: &Value) -> String {
    let mut out = String::new();
    let shape = type_of(object).map(Shape::Struct);
    write(object, shape, None, &mut out);
    out
}

#[derive(Clone, Copy)]
enum Shape {
    Struct(&'static Struct),
    Of(&'static Type),
}

impl Shape {
    /// The struct that a value of this shape is.
    fn of_struct(self) -> Option<&'static Struct> {
        match self {
            Self::Struct(of) => Some(of),
            Self::Of(Type::Struct(index)) => Some(Schema::get().at(*index)),
            Self::Of(Type::Pointer(inner)) => Self::Of(inner).of_struct(),
            Self::Of(_) => None,
        }
    }

    /// The shape of what is in a list or a map.
    fn items(self) -> Option<Self> {
        match self {
            Self::Of(Type::List(inner) | Type::Map(inner)) => Some(Self::Of(inner)),
            Self::Of(Type::Pointer(inner)) => Self::Of(inner).items(),
            _ => None,
        }
    }
}

/// `depth` is how far lines are indented, none where all is on one line.
fn write(value: &Value, shape: Option<Shape>, depth: Option<usize>, out: &mut String) {
    let line = |depth: Option<usize>, out: &mut String| {
        if let Some(depth) = depth {
            out.push('\n');
            out.extend(std::iter::repeat_n("    ", depth));
        }
    };
    let deeper = depth.map(|depth| depth + 1);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let of = shape.and_then(Shape::of_struct);
            let known = of.into_iter().flat_map(|of| &of.fields);
            let ordered: Vec<(&str, &Value, Option<Shape>)> = known
                .filter_map(|field| {
                    Some((field.name, map.get(field.name)?, Some(Shape::Of(&field.shape))))
                })
                .collect();
            let rest = map
                .iter()
                .filter(|(key, _)| of.is_none_or(|of| of.field(key).is_none()))
                .map(|(key, value)| (key.as_str(), value, shape.and_then(Shape::items)));
            out.push('{');
            for (index, (key, value, shape)) in ordered.into_iter().chain(rest).enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(deeper, out);
                out.push_str(&json::compact(&key.into()));
                out.push_str(if depth.is_some() { ": " } else { ":" });
                write(value, shape, deeper, out);
            }
            line(depth, out);
            out.push('}');
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(deeper, out);
                write(item, shape.and_then(Shape::items), deeper, out);
            }
            line(depth, out);
            out.push(']');
        }
        scalar => out.push_str(&json::compact(scalar)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_come_out_as_from_go() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"b": "1", "a": "2"}},
            "spec": {"containers": [{"name": "c", "image": "i", "strange": 1}]},
        });
        let complete = complete(&pod, true);
        assert_eq!(complete["status"], json!({}));
        assert_eq!(
            complete["spec"]["containers"][0],
            json!({"name": "c", "image": "i", "resources": {}})
        );
        assert_eq!(complete["metadata"]["creationTimestamp"], Value::Null);
        let text = indented(&complete);
        let keys: Vec<&str> =
            text.lines().filter_map(|line| line.trim().split('"').nth(1)).collect();
        assert_eq!(&keys[..4], ["kind", "apiVersion", "metadata", "name"]);
        assert_eq!(&keys[5..7], ["labels", "a"]);
    }
}

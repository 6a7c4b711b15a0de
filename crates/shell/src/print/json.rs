//! JSON as Go's encoder writes it: keys sorted, `<`, `>` and `&` escaped.

use serde_json::Value;

/// One line, as `encoding/json` has it.
pub(crate) fn compact(value: &Value) -> String {
    escaped(&serde_json::to_string(value).expect("a value prints"))
}

/// Indented by four, as `-o json`.
pub(crate) fn indented(value: &Value) -> String {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    serde::Serialize::serialize(value, &mut serializer).expect("a value prints");
    escaped(&String::from_utf8(text).expect("JSON is UTF-8"))
}

fn escaped(text: &str) -> String {
    // These characters stand nowhere in JSON but inside strings.
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

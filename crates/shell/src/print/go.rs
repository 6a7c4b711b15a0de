//! How Go's `fmt` prints values that came from JSON.

use pullpath_model::go::quote;
use serde_json::Value;

/// `fmt.Sprint`: `map[name:x]`, `[a b]`, `<nil>`.
pub(crate) fn sprint(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number_text(number),
        Value::Array(list) => {
            let all: Vec<String> = list.iter().map(sprint).collect();
            format!("[{}]", all.join(" "))
        }
        Value::Object(map) => {
            let all: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}:{}", sprint(value))).collect();
            format!("map[{}]", all.join(" "))
        }
    }
}

/// `%#v`, as Go code would have it.
pub(crate) fn syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => quote(text),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number_text(number),
        Value::Array(list) => {
            let all: Vec<String> = list.iter().map(syntax).collect();
            format!("[]interface {{}}{{{}}}", all.join(", "))
        }
        Value::Object(map) => {
            let all: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", quote(key), syntax(value)))
                .collect();
            format!("map[string]interface {{}}{{{}}}", all.join(", "))
        }
    }
}

/// What Go calls the type of a value.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A float takes an exponent where it has more than 21 digits before its point, or starts with five zeros behind it.
fn number_text(number: &serde_json::Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let size = float.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{float:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', exponent),
        };
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    float.to_string()
}

//! YAML as kubectl writes it (SY over goyaml.v2): keys sorted, lists not indented, quotes only where needed.

use serde_json::Value;

/// A document, without a `---`.
pub(crate) fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => object(map, 0, &mut out),
        Value::Array(list) if !list.is_empty() => array(list, 0, &mut out),
        scalar => {
            out.push_str(&inline(scalar, 0));
            out.push('\n');
        }
    }
    out
}

fn object(map: &serde_json::Map<String, Value>, indent: usize, out: &mut String) {
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            pad(indent, out);
        }
        out.push_str(&text(key, indent + 2));
        out.push(':');
        after_key(value, indent, out);
    }
}

fn after_key(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            pad(indent + 2, out);
            object(map, indent + 2, out);
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('\n');
            pad(indent, out);
            array(list, indent, out);
        }
        scalar => {
            out.push(' ');
            out.push_str(&inline(scalar, indent + 2));
            out.push('\n');
        }
    }
}

fn array(list: &[Value], indent: usize, out: &mut String) {
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            pad(indent, out);
        }
        out.push_str("- ");
        match value {
            Value::Object(map) if !map.is_empty() => object(map, indent + 2, out),
            Value::Array(inner) if !inner.is_empty() => array(inner, indent + 2, out),
            scalar => {
                out.push_str(&inline(scalar, indent + 2));
                out.push('\n');
            }
        }
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn inline(value: &Value, indent: usize) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => text(string, indent),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
    }
}

/// A string as goyaml.v2's emitter writes it: plain, single-quoted, double-quoted or a literal block.
fn text(string: &str, indent: usize) -> String {
    let printable = |character: char| !character.is_control() || character == '\n';
    if string.contains('\n') && string.chars().all(printable) && !string.starts_with([' ', '\n']) {
        return literal(string, indent);
    }
    if !string.chars().all(|character| !character.is_control()) {
        return serde_json::to_string(string).expect("a string prints");
    }
    if resolves_to_something_else(string) {
        return format!("\"{}\"", string.replace('\\', "\\\\").replace('"', "\\\""));
    }
    if is_plain(string) { string.to_owned() } else { format!("'{}'", string.replace('\'', "''")) }
}

fn literal(string: &str, indent: usize) -> String {
    let body = string.trim_end_matches('\n');
    let chomping = match string.len() - body.len() {
        0 => "-",
        1 => "",
        _ => "+",
    };
    let mut out = format!("|{chomping}");
    let kept = if chomping == "+" { string.strip_suffix('\n').unwrap_or(string) } else { body };
    for line in kept.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(indent, &mut out);
            out.push_str(line);
        }
    }
    out
}

/// Text that would be read as a number, a boolean, null or a time, and is therefore quoted with `"`.
fn resolves_to_something_else(string: &str) -> bool {
    const WORDS: [&str; 11] =
        ["", "~", "null", "y", "n", "yes", "no", "true", "false", "on", "off"];
    if WORDS.contains(&string.to_lowercase().as_str()) || string == "<<" || string == "=" {
        return true;
    }
    let unsigned = string.strip_prefix(['-', '+']).unwrap_or(string);
    let digits = unsigned.replace('_', "");
    let number = !digits.is_empty()
        && digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && (digits.parse::<f64>().is_ok()
            || digits.strip_prefix("0x").is_some_and(|hex| u64::from_str_radix(hex, 16).is_ok())
            || digits.strip_prefix("0b").is_some_and(|bits| u64::from_str_radix(bits, 2).is_ok())
            || digits.strip_prefix("0o").is_some_and(|oct| u64::from_str_radix(oct, 8).is_ok()));
    number || is_time(string) || is_base_60(unsigned)
}

/// `1:30`: YAML 1.1 reads it as a number of base 60, so the emitter quotes it.
fn is_base_60(string: &str) -> bool {
    let mut parts = string.split(':');
    let first = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    !first.is_empty()
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && rest.peek().is_some()
        && rest.all(|part| {
            (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// `2026-11-23` and `2026-11-23T22:54:21Z`.
fn is_time(string: &str) -> bool {
    let bytes = string.as_bytes();
    let shape = bytes.len() >= 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes.iter().all(|byte| byte.is_ascii_digit() || b"-:TtZz.+ ".contains(byte));
    shape && string[5..].contains('-')
}

/// Whether a plain scalar can stand for it in a block (goyaml.v2 emitterc.go yaml_emitter_analyze_scalar).
fn is_plain(string: &str) -> bool {
    let first = string.chars().next().unwrap_or(' ');
    let second = string.chars().nth(1);
    let indicator = match first {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
        | '@' | '`' => true,
        '-' | '?' | ':' => second.is_none_or(char::is_whitespace),
        _ => false,
    };
    !indicator
        && !string.starts_with("---")
        && !string.starts_with("...")
        && !string.starts_with(' ')
        && !string.ends_with([' ', ':'])
        && !string.contains(": ")
        && !string.contains(" #")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_look_like_kubectls() {
        let value = json!({
            "apiVersion": "v1",
            "imagePullSecrets": [{"name": "c"}, {"name": "d", "z": []}],
            "metadata": {
                "annotations": {"last": "{\"a\":1}\n"}, "creationTimestamp": "2026-11-23T22:54:20Z",
                "resourceVersion": "2860", "labels": {},
            },
            "nested": [["a", "b"], []],
        });
        let want = "\
apiVersion: v1
imagePullSecrets:
- name: c
- name: d
  z: []
metadata:
  annotations:
    last: |
      {\"a\":1}
  creationTimestamp: \"2026-11-23T22:54:20Z\"
  labels: {}
  resourceVersion: \"2860\"
nested:
- - a
  - b
- []
";
        assert_eq!(document(&value), want);
    }

    #[test]
    fn strings_are_quoted_only_where_they_must_be() {
        for (string, want) in [
            ("a b", "a b"),
            ("y", "\"y\""),
            ("Off", "\"Off\""),
            ("1_000", "\"1_000\""),
            ("0x1F", "\"0x1F\""),
            ("1.35", "\"1.35\""),
            ("v1.35", "v1.35"),
            ("a: b", "'a: b'"),
            ("it's", "it's"),
            ("'x'", "'''x'''"),
            ("*", "'*'"),
            ("- x", "'- x'"),
            ("-x", "-x"),
            ("http://x:80/", "http://x:80/"),
            ("1:30", "\"1:30\""),
            ("tab\there", "\"tab\\there\""),
            ("", "\"\""),
        ] {
            assert_eq!(text(string, 0), want, "for {string:?}");
        }
    }
}

//! One YAML document to JSON, with the errors of Go's reader (SY yaml.go over goyaml.v2).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libyaml_safer::{Error, ErrorKind, Event, EventData, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::scalar::{Resolved, resolve};

/// Nothing stands deeper. Go's own limit is ten thousand, which a browser's stack does not hold.
const MOST_DEPTH: usize = 200;

/// No document has more nodes, those that aliases repeat included.
const MOST_NODES: usize = 200_000;

/// Reads a document; what follows its end is not looked at.
pub(crate) fn document(text: &str) -> Result<Value, String> {
    let mut bytes = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    let mut reader = Reader { anchors: BTreeMap::new(), open: Vec::new(), nodes: 0, depth: 0 };
    loop {
        let event = parser.parse().map_err(|error| worded(&error))?;
        match event.data {
            EventData::StreamEnd => return Ok(Value::Null),
            EventData::DocumentStart { version_directive: Some(version), .. }
                if (version.major, version.minor) != (1, 1) =>
            {
                return Err("yaml: found incompatible YAML document".to_owned());
            }
            EventData::StreamStart { .. } | EventData::DocumentStart { .. } => {}
            _ => return reader.node(&mut parser, event),
        }
    }
}

/// goyaml.v2 yaml.go parser.fail: the scanner's lines count from one, the parser's from zero.
fn worded(error: &Error) -> String {
    let line = |mark: Option<libyaml_safer::Mark>| mark.map_or(0, |mark| mark.line);
    let from_one = u64::from(error.kind() == ErrorKind::Scanner);
    let line = match (line(error.problem_mark()), line(error.context_mark())) {
        (0, context) => context,
        (problem, _) => problem + from_one,
    };
    let place = if line == 0 { String::new() } else { format!("line {line}: ") };
    format!("yaml: {place}{}", error.problem())
}

struct Reader {
    anchors: BTreeMap<String, Value>,
    /// Anchors of what is being read.
    open: Vec<String>,
    nodes: usize,
    depth: usize,
}

impl Reader {
    fn node<R: std::io::BufRead>(
        &mut self,
        parser: &mut Parser<R>,
        event: Event,
    ) -> Result<Value, String> {
        self.count(1)?;
        let (anchor, value) = match event.data {
            EventData::Alias { anchor } => {
                if self.open.contains(&anchor) {
                    return Err(format!("yaml: anchor '{anchor}' value contains itself"));
                }
                let known = self.anchors.get(&anchor).cloned();
                let value =
                    known.ok_or_else(|| format!("yaml: unknown anchor '{anchor}' referenced"))?;
                self.count(size(&value))?;
                return Ok(value);
            }
            EventData::Scalar { anchor, tag, value, style, .. } => {
                (anchor, scalar(&value, tag.as_deref(), style)?)
            }
            EventData::SequenceStart { anchor, .. } => {
                self.enter(anchor.as_ref())?;
                let mut list = Vec::new();
                loop {
                    let event = next(parser)?;
                    if event.data == EventData::SequenceEnd {
                        break;
                    }
                    list.push(self.node(parser, event)?);
                }
                self.leave(anchor.as_ref());
                (anchor, Value::Array(list))
            }
            EventData::MappingStart { anchor, .. } => {
                self.enter(anchor.as_ref())?;
                let map = self.mapping(parser)?;
                self.leave(anchor.as_ref());
                (anchor, Value::Object(map))
            }
            _ => return Err("yaml: unknown problem parsing YAML content".to_owned()),
        };
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn mapping<R: std::io::BufRead>(
        &mut self,
        parser: &mut Parser<R>,
    ) -> Result<Map<String, Value>, String> {
        let mut map = Map::new();
        loop {
            let event = next(parser)?;
            if event.data == EventData::MappingEnd {
                return Ok(map);
            }
            let merges = matches!(
                &event.data,
                EventData::Scalar { value, style: ScalarStyle::Plain, tag: None, .. } if value == "<<"
            );
            let key = self.node(parser, event)?;
            let event = next(parser)?;
            let value = self.node(parser, event)?;
            if merges {
                merge(value, &mut map)?;
            } else {
                // The last of several wins.
                map.insert(key_text(&key, &value)?, value);
            }
        }
    }

    fn enter(&mut self, anchor: Option<&String>) -> Result<(), String> {
        self.open.extend(anchor.cloned());
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err("yaml: exceeded max depth of 10000".to_owned());
        }
        Ok(())
    }

    fn leave(&mut self, anchor: Option<&String>) {
        self.depth -= 1;
        if anchor.is_some() {
            self.open.pop();
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        Ok(())
    }
}

fn next<R: std::io::BufRead>(parser: &mut Parser<R>) -> Result<Event, String> {
    parser.parse().map_err(|error| worded(&error))
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// `<<`: a map, or a list of maps of which the first ones win.
fn merge(value: Value, map: &mut Map<String, Value>) -> Result<(), String> {
    const WRONG: &str = "yaml: map merge requires map or sequence of maps as the value";
    match value {
        Value::Object(more) => map.extend(more),
        Value::Array(list) => {
            for more in list.into_iter().rev() {
                let Value::Object(more) = more else { return Err(WRONG.to_owned()) };
                map.extend(more);
            }
        }
        _ => return Err(WRONG.to_owned()),
    }
    Ok(())
}

/// SY yaml.go convertToJSONableObject: numbers and booleans as keys become text.
fn key_text(key: &Value, value: &Value) -> Result<String, String> {
    match key {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(crate::print::go::sprint(key)),
        Value::Null => Err(format!(
            "Unsupported map key of type: %!s(<nil>), key: <nil>, value: {}",
            crate::print::go::syntax(value)
        )),
        Value::Array(_) | Value::Object(_) => {
            Err(format!("yaml: invalid map key: {}", crate::print::go::syntax(key)))
        }
    }
}

fn scalar(text: &str, tag: Option<&str>, style: ScalarStyle) -> Result<Value, String> {
    let short = tag.map(|tag| tag.replace("tag:yaml.org,2002:", "!!"));
    let resolved = match short.as_deref() {
        Some("!!str" | "!") => return Ok(text.into()),
        Some("!!binary") => {
            let bytes = STANDARD.decode(text.replace(['\n', '\r'], ""));
            let bytes = bytes.map_err(|_| "yaml: !!binary value contains invalid base64 data")?;
            return Ok(String::from_utf8_lossy(&bytes).into_owned().into());
        }
        None if style != ScalarStyle::Plain => return Ok(text.into()),
        Some(wanted @ ("!!int" | "!!float" | "!!bool" | "!!null")) => {
            let resolved = resolve(text);
            let found = match &resolved {
                Resolved::NotJson(_) => "!!float",
                Resolved::Value(Value::Null) => "!!null",
                Resolved::Value(Value::Bool(_)) => "!!bool",
                Resolved::Value(Value::Number(number)) if number.is_f64() => "!!float",
                Resolved::Value(Value::Number(_)) => "!!int",
                Resolved::Value(_) => "!!str",
            };
            // A whole number is a float too, if it is to be one.
            if found != wanted && (found, wanted) != ("!!int", "!!float") {
                return Err(format!("yaml: cannot decode {found} `{text}` as a {wanted}"));
            }
            resolved
        }
        Some(tag) if !tag.starts_with("!!") => return Ok(text.into()),
        _ => resolve(text),
    };
    match resolved {
        Resolved::Value(value) => Ok(value),
        Resolved::NotJson(number) => Err(format!("json: unsupported value: {number}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<Value, &str>) {
        assert_eq!(document(text), want.map_err(str::to_owned), "for {text:?}");
    }

    #[test]
    fn documents_are_read_as_kubernetes_reads_them() {
        check("a: yes\nb: [0644, 'x', ~]\n", Ok(json!({"a": true, "b": [420, "x", null]})));
        check("1: a\ntrue: b\n1.5: c\n", Ok(json!({"1": "a", "true": "b", "1.5": "c"})));
        check("a: 1\na: 2\n", Ok(json!({"a": 2})));
        check(
            "x: &x {p: 1}\nz:\n  <<: *x\n  q: 2\n",
            Ok(json!({"x": {"p": 1}, "z": {"p": 1, "q": 2}})),
        );
        check("a: !!int \"7\"\n", Ok(json!({"a": 7})));
        check("# nothing\n", Ok(Value::Null));
        check("a: *b\n", Err("yaml: unknown anchor 'b' referenced"));
        check("a: .inf\n", Err("json: unsupported value: +Inf"));
        check("a: 1\nb: @x\n", Err("yaml: line 2: found character that cannot start any token"));
        check("kind: [\n", Err("yaml: line 1: did not find expected node content"));
        check("%YAML 1.2\n---\na: 1\n", Err("yaml: found incompatible YAML document"));
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
            + &(b'b'..=b'h')
                .map(|name| {
                    let (name, before) = (char::from(name), char::from(name - 1));
                    let ten = vec![format!("*{before}"); 10].join(",");
                    format!("{name}: &{name} [{ten}]\n")
                })
                .collect::<String>();
        check(&bomb, Err("yaml: document contains excessive aliasing"));
        check(&"[".repeat(1000), Err("yaml: exceeded max depth of 10000"));
    }
}

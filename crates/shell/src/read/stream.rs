//! A stream taken apart into documents (AM pkg/util/yaml/decoder.go).

use pullpath_model::go;
use serde_json::Value;

use super::yaml;

/// The documents of a stream up to its end, or up to the first that cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) read: Vec<Value>,
    /// Why the reading ended early: what stands behind `error parsing FILE: `.
    pub(crate) error: Option<String>,
}

/// How far a reader looks for a brace, which makes a stream JSON.
const PEEK: usize = 4096;

/// Reads a stream. `falls_back` is whether YAML may follow JSON, as since v1.33.
pub(crate) fn documents(text: &str, falls_back: bool) -> Documents {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_json = text.get(..PEEK).unwrap_or(text).trim_start().starts_with('{');
    let mut found = Documents::default();
    found.error =
        if is_json { json(text, falls_back, &mut found) } else { in_yaml(text, &mut found) }.err();
    found
}

fn json(text: &str, falls_back: bool, found: &mut Documents) -> Result<(), String> {
    let mut at = 0;
    while !text[at..].trim_start().is_empty() {
        match go::json::first(&text.as_bytes()[at..]) {
            Ok(length) => {
                let value = serde_json::from_str(&text[at..at + length]);
                found.keep(value.map_err(|error| error.to_string())?);
                at += length;
            }
            Err(_) if falls_back => return in_yaml(&text[at..], found),
            Err((_, go::json::SyntaxError::UnexpectedEnd)) => {
                return Err("unexpected EOF".to_owned());
            }
            Err((offset, error)) => return Err(format!("json: offset {}: {error}", at + offset)),
        }
    }
    Ok(())
}

fn in_yaml(text: &str, found: &mut Documents) -> Result<(), String> {
    let mut document = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                return Err(format!("invalid Yaml document separator: {rest}"));
            }
            if !document.is_empty() {
                found.keep(read(&document)?);
                document.clear();
                continue;
            }
        }
        document.push_str(line);
        document.push('\n');
    }
    if !document.is_empty() {
        found.keep(read(&document)?);
    }
    Ok(())
}

fn read(document: &str) -> Result<Value, String> {
    yaml::document(document).map_err(|error| format!("error converting YAML to JSON: {error}"))
}

impl Documents {
    /// A document that holds nothing is none.
    fn keep(&mut self, value: Value) {
        if !value.is_null() {
            self.read.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, falls_back: bool, read: usize, error: Option<&str>) {
        let found = documents(text, falls_back);
        assert_eq!((found.read.len(), found.error.as_deref()), (read, error), "for {text:?}");
    }

    #[test]
    fn documents_end_at_their_separators() {
        check("", false, 0, None);
        check("---\na: 1\n---\n# nothing\n---\nb: 2\n", false, 2, None);
        check("a: |\n  x\n  ---\n  y\n", false, 1, None);
        check("a: 1\n---b\n", false, 0, Some("invalid Yaml document separator: b"));
        check(" {\"a\":1}\n{\"b\":2}", false, 2, None);
        check("{\"a\":1", false, 0, Some("unexpected EOF"));
        let mixed = "{\"a\":1}\n---\nb: 2\n";
        check(mixed, false, 1, Some("json: offset 10: invalid character '-' in numeric literal"));
        check(mixed, true, 2, None);
        check(
            "{\"a\":1, // x\n\"b\":2}",
            false,
            0,
            Some(
                "json: offset 9: invalid character '/' looking for beginning of object key string",
            ),
        );
    }
}

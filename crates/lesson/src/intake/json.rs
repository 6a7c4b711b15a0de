//! JSON with a place for every node: what the page hands out, in the same composed form as YAML.
//!
//! `serde_json` says where a text stops being JSON, but not where a value stands that is JSON and wrong.

use std::sync::Arc;

use serde_json::Value;

use super::{Document, Entry, MOST_DEPTH, Node, Places};
use crate::diagnostic::{Checked, Diagnostic};
use crate::fields::short;
use crate::source::{Span, floor};

/// No JSON file of ours is larger: a hand-in with hundreds of edits is far below.
pub const MOST_JSON_BYTES: usize = 4 << 20;
/// No JSON file of ours has more values.
pub const MOST_JSON_NODES: u32 = 100_000;

/// Reads a JSON text.
pub fn read_json(file: &str, text: &str) -> Checked<Document> {
    let problem = if text.len() > MOST_JSON_BYTES {
        let message =
            format!("the file has {} KiB, more than {}", text.len() / 1024, MOST_JSON_BYTES / 1024);
        let hint = "hand in fewer attempts in one file";
        Diagnostic::error("too-large", file, 0..0, message).hint(hint)
    } else {
        match Reader::document(text) {
            Ok(root) => {
                let root = Arc::new(root);
                let value = root.to_value();
                let document = Document { value, places: Places { root } };
                return Checked { value: Some(document), diagnostics: Vec::new() };
            }
            Err(problem) => problem.told(file, text),
        }
    };
    Checked { value: None, diagnostics: vec![problem] }
}

/// Why a text is not JSON of ours.
enum Problem {
    /// It ends too early.
    Ends,
    /// Something else should stand here.
    Unexpected { at: usize, wanted: &'static str },
    /// A key twice in one map.
    Twice { key: String, span: Span },
    /// Deeper than anything of ours.
    Deep(usize),
    /// More values than anything of ours.
    Many(usize),
}

impl Problem {
    fn told(self, file: &str, text: &str) -> Diagnostic {
        match self {
            Self::Ends => {
                let end = text.trim_end().len();
                let message = "the file ends in the middle";
                let hint = "it was cut off on its way: ask for it again";
                Diagnostic::error("truncated", file, end..end, message).hint(hint)
            }
            Self::Unexpected { at, wanted } => {
                let at = floor(text, at);
                let end = text[at..].chars().next().map_or(at, |found| at + found.len_utf8());
                let message = format!("this is not JSON: {wanted} should stand here");
                let hint = "hand-ins are made by Pullpath and are not edited by hand";
                Diagnostic::error("json-syntax", file, at..end, message).hint(hint)
            }
            Self::Twice { key, span } => {
                let message = format!("`{}` is there twice", short(&key));
                let hint = "hand-ins are made by Pullpath and are not edited by hand";
                Diagnostic::error("duplicate-key", file, span, message).hint(hint)
            }
            Self::Deep(at) => {
                let message = format!("more than {MOST_DEPTH} levels");
                Diagnostic::error("too-deep", file, at..at, message).hint("no hand-in is so deep")
            }
            Self::Many(at) => {
                let message = format!("more than {MOST_JSON_NODES} values");
                let hint = "hand in fewer attempts in one file";
                Diagnostic::error("too-many-values", file, at..at, message).hint(hint)
            }
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    nodes: u32,
}

impl<'t> Reader<'t> {
    fn document(text: &'t str) -> Result<Node, Problem> {
        let mut reader = Self { text, at: 0, nodes: 0 };
        // Some editors begin a file with a byte order mark.
        if text.starts_with('\u{feff}') {
            reader.at = '\u{feff}'.len_utf8();
        }
        let root = reader.value(0)?;
        match reader.peek() {
            None => Ok(root),
            Some(_) => Err(reader.unexpected("nothing more")),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(blank).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, wanted: &'static str) -> Problem {
        if self.at >= self.text.len() {
            return Problem::Ends;
        }
        Problem::Unexpected { at: self.at, wanted }
    }

    fn value(&mut self, depth: u32) -> Result<Node, Problem> {
        let next = self.peek();
        self.nodes += 1;
        if depth >= MOST_DEPTH {
            return Err(Problem::Deep(self.at));
        }
        if self.nodes > MOST_JSON_NODES {
            return Err(Problem::Many(self.at));
        }
        match next {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => {
                let (text, span) = self.string()?;
                let length = text.len() as u32;
                Ok(Node::scalar(span, Value::String(text), length))
            }
            Some(_) => self.word(),
            None => Err(Problem::Ends),
        }
    }

    fn map(&mut self, depth: u32) -> Result<Node, Problem> {
        let start = self.at;
        let mut entries: Vec<Entry> = Vec::new();
        self.at += 1;
        let mut keys = std::collections::BTreeSet::new();
        loop {
            match self.peek() {
                Some(b'}') if entries.is_empty() => break,
                Some(b'"') => {}
                _ => return Err(self.unexpected("a name in quotes")),
            }
            let (key, key_span) = self.string()?;
            if !keys.insert(key.clone()) {
                return Err(Problem::Twice { key, span: key_span });
            }
            if self.peek() != Some(b':') {
                return Err(self.unexpected("a colon"));
            }
            self.at += 1;
            let value = Arc::new(self.value(depth + 1)?);
            entries.push(Entry { key, key_span, value });
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected("a comma or `}`")),
            }
        }
        self.at += 1;
        Ok(Node::map(start..self.at, entries))
    }

    fn list(&mut self, depth: u32) -> Result<Node, Problem> {
        let start = self.at;
        let mut items = Vec::new();
        self.at += 1;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::list(start..self.at, items));
        }
        loop {
            items.push(Arc::new(self.value(depth + 1)?));
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.unexpected("a comma or `]`")),
            }
        }
        self.at += 1;
        Ok(Node::list(start..self.at, items))
    }

    /// A text, from its opening quote on. What is between the quotes is `serde_json`'s to understand.
    fn string(&mut self) -> Result<(String, Span), Problem> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                None => return Err(Problem::Ends),
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        end += 1;
        let unread = |_| Problem::Unexpected { at: start, wanted: "a text" };
        let text = self.text.get(start..end).ok_or(Problem::Ends)?;
        let text = serde_json::from_str(text).map_err(unread)?;
        self.at = end;
        Ok((text, start..end))
    }

    /// `true`, `false`, `null` or a number.
    fn word(&mut self) -> Result<Node, Problem> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = rest.iter().take_while(part).count();
        let word = &self.text[start..start + length];
        if let Ok(value) = serde_json::from_str::<Value>(word) {
            self.at += length;
            return Ok(Node::scalar(start..self.at, value, length as u32));
        }
        let cut = start + length == self.text.len() && !word.is_empty();
        Err(if cut { Problem::Ends } else { self.unexpected("a value") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_serde_reads_it() {
        for text in [
            "{}",
            "[]",
            " [1, -2.5e3, true, null, \"a\\\"\\u00e9\\ud83d\\ude00\"] ",
            "{\"a\": {\"b\": [{}, []]}, \"é\": \"\"}",
        ] {
            let read = read_json("a.json", text);
            assert_eq!(read.diagnostics, []);
            let want: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read.value.unwrap().value, want, "{text}");
        }
    }

    #[test]
    fn values_have_their_places() {
        let text = "{\n  \"a\": [1, {\"b\": \"x\"}]\n}";
        let places = read_json("a.json", text).value.unwrap().places;
        assert_eq!(&text[places.value("/a/1/b")], "\"x\"");
        assert_eq!(&text[places.key("/a/1/b")], "\"b\"");
        assert_eq!(&text[places.value("/a/0")], "1");
    }

    /// Whatever `serde_json` refuses is refused here, with a code and a place inside the text.
    #[test]
    fn what_is_not_json_is_told() {
        #[track_caller]
        fn check(text: &str, code: &str, at: usize) {
            assert!(
                code == "duplicate-key" || serde_json::from_str::<Value>(text).is_err(),
                "{text}"
            );
            let read = read_json("a.json", text);
            let [problem] = &read.diagnostics[..] else { panic!("{text}: {read:?}") };
            assert_eq!((problem.code, problem.span.start), (code, at), "{text}");
        }
        check("", "truncated", 0);
        check("{\"a\": [1, 2\n", "truncated", 11);
        check("{\"a\": tru", "truncated", 9);
        check("{\"a\": \"x", "truncated", 8);
        check("{\"a\": \"x\\", "truncated", 9);
        check("{\"a\" 1}", "json-syntax", 5);
        check("{\"a\": 1,}", "json-syntax", 8);
        check("[1 2]", "json-syntax", 3);
        check("{a: 1}", "json-syntax", 1);
        check("[1] x", "json-syntax", 4);
        check("[\"a\nb\"]", "json-syntax", 1);
        check("[01]", "json-syntax", 1);
        check("{\"a\": 1, \"a\": 2}", "duplicate-key", 9);
        check(&"[".repeat(100_000), "too-deep", MOST_DEPTH as usize);
    }

    #[test]
    fn a_text_cut_anywhere_is_truncated() {
        let whole = "{\"a\": [1, true, \"x\"], \"b\": {\"c\": null}}";
        for end in 0..whole.len() {
            let read = read_json("a.json", &whole[..end]);
            assert_eq!(read.diagnostics[0].code, "truncated", "{}", &whole[..end]);
        }
    }
}

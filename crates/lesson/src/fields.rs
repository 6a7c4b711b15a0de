//! Reading typed values out of an authored YAML document, collecting every problem at its place.

use std::cell::RefCell;

use pullpath_model::time::Span as Duration;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, did_you_mean, nearest, one_of};
use crate::intake::{Document, pointer};
use crate::quantity;
use crate::scenario::Drawn;
use crate::source::Span;

#[cfg(feature = "schema")]
pub(crate) mod record;

/// Where the problems of one file are collected.
pub(crate) struct Sink<'a> {
    /// The file that the document stands in.
    pub(crate) file: &'a str,
    /// Where the document's text begins in that file: not 0 for front matter and directives.
    pub(crate) base: usize,
    /// What was found so far.
    pub(crate) found: RefCell<Vec<Diagnostic>>,
    /// The document as it is written, where placeholders were replaced in it, and what was drawn for them.
    pub(crate) written: Option<(&'a Value, &'a Drawn)>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(file: &'a str, base: usize) -> Self {
        Self { file, base, found: RefCell::default(), written: None }
    }

    pub(crate) fn push(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }
}

/// A value in a document.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    sink: &'a Sink<'a>,
    document: &'a Document,
    at: String,
    value: &'a Value,
    // The same way without indices and names that authors choose: what a schema is made of.
    #[cfg(feature = "schema")]
    way: String,
}

/// One step down from a value.
#[derive(Clone, Copy)]
enum Step {
    // A field that the format names.
    Field,
    // An entry that the author names.
    Entry,
    // An item of a list.
    Item,
}

/// A map, of which every field is known.
pub(crate) struct Fields<'a>(Node<'a>);

impl<'a> Node<'a> {
    pub(crate) fn root(sink: &'a Sink<'a>, document: &'a Document) -> Self {
        Self {
            sink,
            document,
            at: String::new(),
            value: &document.value,
            #[cfg(feature = "schema")]
            way: String::new(),
        }
    }

    /// Notes what a reader asks this value to be, where somebody makes a schema.
    #[cfg(feature = "schema")]
    fn asked(&self, form: record::Form) {
        record::note(&self.way, form);
    }

    fn shifted(&self, span: Span) -> Span {
        span.start + self.sink.base..span.end + self.sink.base
    }

    /// Where the value stands.
    pub(crate) fn span(&self) -> Span {
        self.shifted(self.document.places.value(&self.at))
    }

    /// Where its key stands.
    pub(crate) fn key_span(&self) -> Span {
        self.shifted(self.document.places.key(&self.at))
    }

    pub(crate) fn error(
        &self,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.error_at(code, self.span(), message, hint);
    }

    pub(crate) fn error_at(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.sink.push(Diagnostic::error(code, self.sink.file, span, message).hint(hint));
    }

    pub(crate) fn warn(
        &self,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.sink.push(Diagnostic::warning(code, self.sink.file, self.span(), message).hint(hint));
    }

    pub(crate) fn file(&self) -> &'a str {
        self.sink.file
    }

    /// The text as it is written, and what was drawn for its placeholders. No name that an author chooses stands above
    /// Markdown, so its place is the same.
    pub(crate) fn written(&self) -> Option<(&'a str, &'a Drawn)> {
        let (document, drawn) = self.sink.written?;
        Some((document.pointer(&self.at)?.as_str()?, drawn))
    }

    fn name(&self) -> String {
        match self.at.rsplit('/').find(|step| step.parse::<u32>().is_err()) {
            None | Some("") => "this".to_owned(),
            Some(step) => format!("`{}`", short(&step.replace("~1", "/").replace("~0", "~"))),
        }
    }

    fn wrong_type(&self, wanted: &str, hint: &str) {
        let found = match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a map",
        };
        self.error(
            "wrong-type",
            format!("{} should be {wanted}, and is {found}", self.name()),
            hint,
        );
    }

    fn child(&self, step: &str, value: &'a Value, kind: Step) -> Self {
        #[cfg(not(feature = "schema"))]
        let _ = kind;
        Self {
            sink: self.sink,
            document: self.document,
            at: pointer(&self.at, step),
            value,
            #[cfg(feature = "schema")]
            way: match kind {
                Step::Field => format!("{}/{step}", self.way),
                Step::Entry => format!("{}/{{}}", self.way),
                Step::Item => format!("{}/[]", self.way),
            },
        }
    }

    /// The map, each of whose fields is in `known`.
    pub(crate) fn map(&self, known: &[&str]) -> Option<Fields<'a>> {
        #[cfg(feature = "schema")]
        record::map(&self.way, &self.at, known);
        let Value::Object(map) = self.value else {
            self.wrong_type("a map", &format!("write its fields below it: {}", some_of(known)));
            return None;
        };
        for (key, value) in map {
            if !known.contains(&key.as_str()) {
                let hint = did_you_mean(key, known.iter().copied())
                    .unwrap_or_else(|| format!("the fields here are {}", some_of(known)));
                let span = self.child(key, value, Step::Field).key_span();
                self.error_at(
                    "unknown-field",
                    span,
                    format!("unknown field `{}`", short(key)),
                    hint,
                );
            }
        }
        Some(Fields(self.clone()))
    }

    /// The entries of a map whose keys are the author's.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Node<'a>)> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Entries);
        if let Value::Object(map) = self.value {
            let entry = |(key, value): (&'a String, &'a Value)| {
                (key.as_str(), self.child(key, value, Step::Entry))
            };
            return map.iter().map(entry).collect();
        }
        self.wrong_type("a map", "write `name: …` below it");
        Vec::new()
    }

    /// The items of a list, if it is one.
    pub(crate) fn items(&self) -> Vec<Node<'a>> {
        let items = self.value.as_array().map_or(&[][..], Vec::as_slice);
        let item =
            |(index, value): (usize, &'a Value)| self.child(&index.to_string(), value, Step::Item);
        items.iter().enumerate().map(item).collect()
    }

    /// The items of a list.
    pub(crate) fn list(&self) -> Vec<Node<'a>> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::List);
        if self.value.is_array() {
            return self.items();
        }
        self.wrong_type("a list", "begin each item with `- `, or write `[…]`");
        Vec::new()
    }

    /// One value, or a list of them.
    pub(crate) fn one_or_more(&self) -> Vec<Node<'a>> {
        if self.value.is_array() { self.list() } else { vec![self.clone()] }
    }

    /// One field of a map whose other fields are not looked at yet.
    pub(crate) fn peek(&self, name: &str) -> Option<Node<'a>> {
        Some(self.child(name, self.value.get(name)?, Step::Field))
    }

    /// The text, if it is one.
    pub(crate) fn string(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The version of a format, if it is a whole number.
    pub(crate) fn number(&self) -> Option<u64> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Version);
        self.value.as_u64()
    }

    /// As it stands, for a decoder of its own.
    pub(crate) fn value(&self) -> &'a Value {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Any);
        self.value
    }

    pub(crate) fn is_map(&self) -> bool {
        self.value.is_object()
    }

    /// A text that says something.
    pub(crate) fn text(&self) -> Option<&'a str> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Text);
        match self.value {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            Value::String(_) => {
                self.error(
                    "empty",
                    format!("{} is empty", self.name()),
                    "write something, or take the field away",
                );
                None
            }
            _ => {
                self.wrong_type("a text", "put quotes around it");
                None
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn whole(&self, least: u64, most: u64) -> Option<u64> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Whole(least, most));
        let number = self.value.as_u64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let wanted = format!("a whole number from {least} to {most}");
            let message = format!("{} should be {wanted}", self.name());
            self.error("bad-number", message, "write the number without quotes");
        }
        number
    }

    /// `true` or `false`.
    pub(crate) fn truth(&self) -> Option<bool> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Truth);
        if let Value::Bool(truth) = self.value {
            return Some(*truth);
        }
        self.wrong_type("true or false", "write `true` or `false` without quotes");
        None
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Words(words.iter().map(|(word, _)| (*word).to_owned()).collect()));
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.unknown_word(text, &known);
        }
        found
    }

    /// One of some words, as it stands.
    pub(crate) fn known_word(&self, known: &[&str]) -> Option<&'a str> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Words(known.iter().map(|&word| word.to_owned()).collect()));
        let text = self.text()?;
        if known.contains(&text) {
            return Some(text);
        }
        self.unknown_word(text, known);
        None
    }

    fn unknown_word(&self, text: &str, known: &[&str]) {
        let mut hint = format!("write {}", one_of(known));
        if let Some(near) = nearest(text, known.iter().copied()) {
            hint = format!("did you mean `{near}`?");
        }
        self.error("unknown-word", format!("{} cannot be `{}`", self.name(), short(text)), hint);
    }

    /// The name of something declared elsewhere.
    pub(crate) fn reference<'n>(
        &self,
        code: &'static str,
        what: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) -> Option<&'a str> {
        let text = self.text()?;
        self.named(code, what, text, known, self.span()).then_some(text)
    }

    /// The name of something declared elsewhere, where it is this value's key.
    pub(crate) fn key_reference<'n>(
        &self,
        code: &'static str,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) -> Option<()> {
        self.named(code, what, name, known, self.key_span()).then_some(())
    }

    fn named<'n>(
        &self,
        code: &'static str,
        what: &str,
        text: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
        span: Span,
    ) -> bool {
        if known.clone().into_iter().any(|name| name == text) {
            return true;
        }
        let mut names: Vec<_> = known.into_iter().collect();
        pullpath_model::ordered::sort(&mut names);
        let hint = did_you_mean(text, names.iter().copied()).unwrap_or_else(|| match &names[..] {
            [] => format!("no {what} is declared: declare one"),
            names => format!("there is {}", one_of(&names[..names.len().min(8)])),
        });
        self.error_at(code, span, format!("there is no {what} `{}`", short(text)), hint);
        false
    }

    /// A length of time.
    pub(crate) fn duration(&self) -> Option<Duration> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Length);
        // `0` needs no unit, and is a number then.
        if self.value.as_u64() == Some(0) {
            return Some(Duration::ZERO);
        }
        const HINT: &str = "write it like `90s`, `7m`, `1h30m` or `-13h`";
        let Value::String(text) = self.value else {
            self.wrong_type("a length of time", HINT);
            return None;
        };
        let length = quantity::duration(text);
        if length.is_none() {
            self.error("bad-duration", format!("`{}` is not a length of time", short(text)), HINT);
        }
        length
    }

    /// A text that `read` understands.
    pub(crate) fn parsed<T>(
        &self,
        code: &'static str,
        what: &str,
        hint: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        #[cfg(feature = "schema")]
        self.asked(record::Form::Parsed(hint.to_owned()));
        let found = match self.value {
            Value::String(text) => text.clone(),
            // An unquoted `2.1` or `48`.
            Value::Number(number) => number.to_string(),
            _ => {
                self.wrong_type(what, hint);
                return None;
            }
        };
        let value = read(&found);
        if value.is_none() {
            self.error(code, format!("`{}` is not {what}", short(&found)), hint);
        }
        value
    }
}

impl<'a> Fields<'a> {
    /// A field that may be left out.
    pub(crate) fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.0.value.get(name).filter(|value| !value.is_null())?;
        Some(self.0.child(name, value, Step::Field))
    }

    /// A field that must be there.
    pub(crate) fn need(&self, name: &str, hint: &str) -> Option<Node<'a>> {
        #[cfg(feature = "schema")]
        record::needed(&self.0.way, &self.0.at, name, hint);
        let found = self.get(name);
        if found.is_none() {
            let (span, message) = match self.0.value.get(name) {
                Some(value) => (
                    self.0.child(name, value, Step::Field).key_span(),
                    format!("`{name}` is empty"),
                ),
                None => {
                    let whole = self.0.span();
                    (whole.start..whole.start, format!("`{name}` is missing"))
                }
            };
            self.0.error_at("missing-field", span, message, hint);
        }
        found
    }
}

/// The names of fields, in a line that can be read.
fn some_of(known: &[&str]) -> String {
    const MOST: usize = 20;
    match known.get(..MOST) {
        Some(first) if known.len() > MOST => {
            format!("`{}` and {} others", first.join("`, `"), known.len() - MOST)
        }
        _ => one_of(known),
    }
}

pub(crate) fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

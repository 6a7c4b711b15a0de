//! What readers ask of a document: kept while a schema is made, so that the readers are its one source.
//!
//! A document that has every field in every form is read once, and each question that a reader asks of a value is noted
//! under the value's way: field names as they are, `{}` for an entry that the author names, `[]` for an item.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What a value is asked to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// A map with these fields.
    Map(Vec<String>),
    /// A map with names that the author chooses.
    Entries,
    /// A list.
    List,
    /// A text.
    Text,
    /// A whole number between two.
    Whole(u64, u64),
    /// `true` or `false`.
    Truth,
    /// One of some words.
    Words(Vec<String>),
    /// A length of time.
    Length,
    /// A text, or a number that is meant as one, with what is said to somebody who wrote something else.
    Parsed(String),
    /// The version of the format.
    Version,
    /// Anything that another decoder takes.
    Any,
}

/// What was asked of one way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// The forms, in the order of [`Form`].
    pub(crate) forms: BTreeSet<Form>,
    /// The maps that stood there, by place, with the fields that each of them needed.
    pub(crate) maps: BTreeMap<String, BTreeSet<String>>,
    /// What is said where a field is missing.
    pub(crate) hints: BTreeMap<String, String>,
}

/// Everything that was asked, by way.
pub(crate) type Record = BTreeMap<String, Asked>;

thread_local! {
    // Readers make their own sinks, deep down; nothing is recorded but within `while_recording`.
    static RECORD: RefCell<Option<Record>> = const { RefCell::new(None) };
}

/// What is asked while something is read.
pub(crate) fn while_recording(read: impl FnOnce()) -> Record {
    RECORD.with(|record| *record.borrow_mut() = Some(Record::new()));
    read();
    RECORD.with(RefCell::take).unwrap_or_default()
}

/// Reads another file in between, of which nothing is to be kept.
pub(crate) fn aside<T>(read: impl FnOnce() -> T) -> T {
    let kept = RECORD.with(RefCell::take);
    let value = read();
    RECORD.with(|record| *record.borrow_mut() = kept);
    value
}

fn at_way(way: &str, note: impl FnOnce(&mut Asked)) {
    RECORD.with(|record| {
        if let Some(record) = record.borrow_mut().as_mut() {
            note(record.entry(way.to_owned()).or_default());
        }
    });
}

pub(super) fn note(way: &str, form: Form) {
    at_way(way, |asked| {
        asked.forms.insert(form);
    });
}

pub(super) fn map(way: &str, at: &str, known: &[&str]) {
    at_way(way, |asked| {
        asked.forms.insert(Form::Map(known.iter().map(|&name| name.to_owned()).collect()));
        asked.maps.entry(at.to_owned()).or_default();
    });
}

pub(super) fn needed(way: &str, at: &str, name: &str, hint: &str) {
    at_way(way, |asked| {
        asked.maps.entry(at.to_owned()).or_default().insert(name.to_owned());
        asked.hints.insert(name.to_owned(), hint.to_owned());
    });
}

//! Edits as they stand in files: the first text of a file in an attempt is whole, a later one says what differs from the
//! one before, as one stretch of bytes that is cut out and a text that is put there.
//!
//! ```json
//! { "do": "edit", "file": "deployment.yaml", "at": 120, "cut": 4, "put": "name: api" }
//! ```
//!
//! In memory an edit is always its whole text, so nothing else knows of this.

use std::collections::BTreeMap;

use pullpath_view::Action;
use serde_json::{Value, json};

use crate::fields::{Node, short};

/// Writes the edits of an attempt's JSON in the short way, where that is shorter.
pub(super) fn shorten(attempt: &mut Value) {
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    let actions = attempt.get_mut("actions").and_then(Value::as_array_mut);
    for action in actions.into_iter().flatten() {
        if action["do"] != "edit" {
            continue;
        }
        let (Some(file), Some(text)) = (action["file"].as_str(), action["text"].as_str()) else {
            continue;
        };
        let (file, text) = (file.to_owned(), text.to_owned());
        if let Some(before) = last.get(&file) {
            let (at, cut, put) = difference(before, &text);
            let short = json!({ "do": "edit", "file": file, "at": at, "cut": cut, "put": put });
            if short.to_string().len() < action.to_string().len() {
                *action = short;
            }
        }
        last.insert(file, text);
    }
}

/// Where two texts begin to differ, how many bytes of the first differ, and what stands there in the second.
fn difference<'t>(before: &str, after: &'t str) -> (usize, usize, &'t str) {
    let same = |one: &mut dyn Iterator<Item = char>,
                other: &mut dyn Iterator<Item = char>|
     -> usize {
        one.zip(other).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum()
    };
    let head = same(&mut before.chars(), &mut after.chars());
    let (rest, new) = (&before[head..], &after[head..]);
    let tail = same(&mut rest.chars().rev(), &mut new.chars().rev());
    (head, rest.len() - tail, &new[..new.len() - tail])
}

/// The texts of an attempt's files, as its edits have left them.
#[derive(Debug, Default)]
pub(super) struct Texts(BTreeMap<String, String>);

impl Texts {
    /// An edit that is written in the short way; `None` for everything else. The error says why it does not fit.
    pub(super) fn read(&self, item: &Node<'_>) -> Result<Option<Action>, String> {
        let value = item.value();
        if value["do"] != "edit" || value.get("text").is_some() {
            return Ok(None);
        }
        let Some(map) = value.as_object() else { return Ok(None) };
        let Some(stranger) =
            map.keys().find(|key| !["do", "file", "at", "cut", "put"].contains(&key.as_str()))
        else {
            return self.patched(value).map(Some);
        };
        Err(format!("an edit has no field `{}`", short(stranger)))
    }

    fn patched(&self, value: &Value) -> Result<Action, String> {
        let file = value["file"].as_str().ok_or("an edit names no file")?;
        let number = |name: &str| {
            let number = value[name].as_u64().and_then(|number| usize::try_from(number).ok());
            number.ok_or_else(|| format!("an edit without `text` has a number `{name}`"))
        };
        let (at, cut) = (number("at")?, number("cut")?);
        let put = value["put"].as_str().ok_or("an edit without `text` has a text `put`")?;
        let before = self
            .0
            .get(file)
            .ok_or_else(|| format!("the first edit of `{}` is not whole", short(file)))?;
        let end = at.checked_add(cut).filter(|end| before.get(at..*end).is_some());
        let end = end.ok_or_else(|| {
            format!(
                "bytes {at} to {} are no part of `{}` as it was",
                at.saturating_add(cut),
                short(file)
            )
        })?;
        let text = [&before[..at], put, &before[end..]].concat();
        Ok(Action::Edit { file: file.to_owned(), text })
    }

    /// Notes what an action makes of a file.
    pub(super) fn note(&mut self, action: &Action) {
        if let Action::Edit { file, text } = action {
            self.0.insert(file.clone(), text.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, want: (usize, usize, &str)) {
        let (at, cut, put) = difference(before, after);
        assert_eq!((at, cut, put), want, "{before:?} to {after:?}");
        assert_eq!([&before[..at], put, &before[at + cut..]].concat(), after);
    }

    #[test]
    fn a_difference_is_one_stretch_between_characters() {
        check("", "", (0, 0, ""));
        check("a: 1\n", "a: 12\n", (4, 0, "2"));
        check("a: 1\n", "a: 1\nb: 2\n", (5, 0, "b: 2\n"));
        check("aaa", "aa", (2, 1, ""));
        check("aa", "aaa", (2, 0, "a"));
        // \u{e9} and \u{e8} share their first byte, \u{e9} and \u{129} their last.
        check("x\u{e9}y", "x\u{e8}y", (1, 2, "\u{e8}"));
        check("x\u{e9}y", "x\u{129}y", (1, 2, "\u{129}"));
        check("one\ntwo\n", "uno\ndue\n", (0, 7, "uno\ndue"));
    }
}

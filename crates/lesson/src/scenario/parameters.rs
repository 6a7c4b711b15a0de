//! What the seed draws for each attempt: names, images, accounts, whatever a text of the scenario asks for as `${param:NAME}`.
//!
//! In the scenario's own file a placeholder is replaced in decoded values, as a token's is in manifests, and in Markdown in
//! the blocks that were read, so no value is ever read as YAML or Markdown there. Files that a learner sees hold the values
//! from the start: what can be drawn is plain enough to stand anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pullpath_model::random::Stream;
use pullpath_view::block::Block;
use serde_json::Value;

use super::Folder;
use crate::Texts;
use crate::diagnostic::{Diagnostic, did_you_mean, one_of};
use crate::fields::{Node, short};
use crate::intake::Places;
use crate::markdown;
use crate::prose::Prose;
use crate::source::Span;

/// What can be drawn for each parameter.
pub type Choices = BTreeMap<String, Vec<String>>;

/// What was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawn(BTreeMap<String, String>);

/// What a scenario with parameters is read from again for another seed.
#[derive(Debug)]
pub(crate) struct Source {
    pub(super) texts: Texts,
    pub(super) name: String,
    pub(super) folder: Folder,
    pub(super) prose: Arc<dyn Prose + Send + Sync>,
}

// The rest of a scenario says what it was read from.
impl PartialEq for Source {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Source {}

const OPEN: &str = "${param:";
/// The top-level fields that are the same in every draw: the gallery shows them, or they are answered for all.
const FIXED: [&str; 7] = ["format", "id", "title", "summary", "topic", "parameters", "questions"];
/// The most values of one parameter.
const MOST: usize = 12;

impl Drawn {
    /// What a seed draws for a scenario.
    pub(super) fn of(choices: &Choices, scenario: &str, seed: u64) -> Self {
        let draw = |(name, values): (&String, &Vec<String>)| {
            let most = values.len().checked_sub(1)? as u32;
            let stream = &mut Stream::new(seed, scenario, &format!("parameter {name}"));
            let at = stream.between(0, most);
            Some((name.clone(), values[at as usize].clone()))
        };
        Self(choices.iter().filter_map(draw).collect())
    }

    /// Each parameter with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text with its placeholders replaced. Names that stand for nothing stay.
    pub fn fill(&self, text: &str) -> String {
        self.filled(text).0
    }

    /// The same, and how places in it shift.
    pub(super) fn filled(&self, text: &str) -> (String, Shifts) {
        let (mut filled, mut shifts, mut from) = (String::new(), Shifts::default(), 0);
        for (name, span) in placeholders(text) {
            let Some(value) = self.0.get(&name) else { continue };
            filled.push_str(&text[from..span.start]);
            let start = filled.len();
            filled.push_str(value);
            from = span.end;
            shifts.0.push((start..filled.len(), span));
        }
        filled.push_str(&text[from..]);
        (filled, shifts)
    }

    /// Fills every text of some blocks.
    pub(crate) fn fill_blocks(&self, blocks: &mut [Block]) {
        if !self.is_empty() {
            markdown::map_text(blocks, &|text| self.fill(text));
        }
    }
}

/// Where filled places stand in the text as it is written.
#[derive(Debug, Default)]
pub(super) struct Shifts(Vec<(Span, Span)>);

impl Shifts {
    pub(super) fn written(&self, span: &Span) -> Span {
        self.place(span.start, true)..self.place(span.end, false)
    }

    fn place(&self, at: usize, starts: bool) -> usize {
        let mut place = at;
        for (filled, written) in &self.0 {
            if at < filled.start || (!starts && at == filled.start) {
                break;
            }
            place = match at {
                at if at >= filled.end => written.end + (at - filled.end),
                _ if starts => written.start,
                _ => written.end,
            };
        }
        place
    }
}

/// The placeholders in a text: each name, and where the whole placeholder stands.
pub(super) fn placeholders(text: &str) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(OPEN).map(|at| from + at) {
        let name_start = start + OPEN.len();
        let rest = &text[name_start..];
        let length = rest.bytes().take_while(|byte| is_of_name(*byte)).count();
        from = name_start + length;
        if length > 0 && rest[length..].starts_with('}') {
            found.push((rest[..length].to_owned(), start..from + 1));
            from += 1;
        }
    }
    found
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// The choices as far as they are sound; the reader of the section tells the rest.
pub(super) fn peek(document: &Value) -> Choices {
    let sound = |(name, values): (&String, &Value)| {
        let values: Vec<String> = values
            .as_array()?
            .iter()
            .filter_map(|value| Some(value.as_str()?.to_owned()))
            .collect();
        let is_sound = !values.is_empty() && values.iter().all(|value| is_plain(value));
        is_sound.then(|| (name.clone(), values))
    };
    let section = document.get("parameters").and_then(Value::as_object);
    section.into_iter().flatten().filter_map(sound).collect()
}

/// A value that means the same wherever it stands: nothing of YAML, JSON, Markdown or a shell.
fn is_plain(value: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@".contains(&byte);
    let end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    value.len() <= 100
        && value.bytes().all(inner)
        && end(value.bytes().next())
        && end(value.bytes().last())
}

/// The section `parameters`.
pub(super) fn read(node: &Node<'_>) {
    for (name, item) in node.entries() {
        if name.is_empty() || name.len() > 40 || !name.bytes().all(is_of_name) {
            let hint = "use 1 to 40 lower-case letters, digits and `-`";
            let message = format!("`{}` cannot be a parameter's name", short(name));
            item.error_at("bad-id", item.key_span(), message, hint);
        }
        let items = item.list();
        if !(2..=MOST).contains(&items.len()) {
            let message = format!("there are {} values to draw from", items.len());
            let hint = format!("write 2 to {MOST} of them: `[payments, billing, checkout]`");
            item.error("bad-parameter", message, hint);
        }
        let mut seen = BTreeSet::new();
        for value in &items {
            let Some(text) = value.text() else { continue };
            if !is_plain(text) {
                let message = format!("`{}` cannot be drawn", short(text));
                let hint =
                    "use letters, digits and `-._/:@`, and begin and end with a letter or digit";
                value.error("bad-parameter", message, hint);
            }
            if !seen.insert(text) {
                let message = format!("`{}` is listed twice", short(text));
                value.error("bad-parameter", message, "list each value once");
            }
        }
    }
}

/// What is wrong with the placeholders of a folder, and which parameters are asked for.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) names: BTreeSet<String>,
    pub(super) found: Vec<Diagnostic>,
}

impl Uses {
    /// Of a text that stands there as a whole.
    pub(super) fn note(&mut self, choices: &Choices, file: &str, text: &str) {
        for (name, span) in placeholders(text) {
            self.one(choices, file, &name, span);
        }
    }

    fn one(&mut self, choices: &Choices, file: &str, name: &str, span: Span) {
        self.names.insert(name.to_owned());
        if choices.contains_key(name) {
            return;
        }
        let known: Vec<&str> = choices.keys().map(String::as_str).collect();
        let hint = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| match known[..] {
            [] => format!("declare it: `parameters: {{ {}: [one, other] }}`", short(name)),
            _ => format!("there is {}", one_of(&known)),
        });
        let message = format!("there is no parameter `{}`", short(name));
        self.found.push(Diagnostic::error("unknown-parameter", file, span, message).hint(hint));
    }

    /// Of the scenario's file, whose values are filled.
    pub(super) fn fill(
        &mut self,
        choices: &Choices,
        drawn: &Drawn,
        places: &Places,
        file: &str,
    ) -> Places {
        places.map_text(&mut |top, text, span| {
            let inside = placeholders(text);
            if inside.is_empty() {
                return None;
            }
            if FIXED.contains(&top) {
                let message = format!("`{top}` is the same for everybody: nothing is drawn in it");
                let hint = "take the placeholder away, or say it in the brief";
                let error = Diagnostic::error("parameter-not-here", file, span.clone(), message);
                self.found.push(error.hint(hint));
                return None;
            }
            for (name, _) in inside {
                self.one(choices, file, &name, span.clone());
            }
            Some(drawn.fill(text))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_filled_text_lead_back() {
        let drawn = Drawn([("team".to_owned(), "billing".to_owned())].into());
        let text = "a: ${param:team}\nb: ${param:team}/x\nc: ${param:other}\n";
        let (filled, shifts) = drawn.filled(text);
        assert_eq!(filled, "a: billing\nb: billing/x\nc: ${param:other}\n");
        for piece in ["a: ", "/x", "c: "] {
            let (from, to) = (filled.find(piece).unwrap(), text.find(piece).unwrap());
            let want = to..to + piece.len();
            assert_eq!(shifts.written(&(from..from + piece.len())), want, "{piece}");
        }
        let value = filled.find("billing/x").unwrap();
        assert_eq!(&text[shifts.written(&(value..value + 7))], "${param:team}");
    }

    #[test]
    fn what_is_drawn_is_plain() {
        for plain in ["payments", "123456789012", "eu-central-1", "team/web:1.0", "a.example.com"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", "-a", "a:", "a b", "a\nb", "{a}", "\"", "ä", "a#", "*"] {
            assert!(!is_plain(other), "{other}");
        }
    }
}

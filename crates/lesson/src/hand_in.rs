//! Hand-ins: read with a place for every mistake, written with a digest.
//!
//! One attempt or quiz that cannot be read does not take the others of its hand-in with it.

mod patch;

use std::cell::Cell;
use std::collections::BTreeMap;

use pullpath_view::hand_in::{HandIn, HandedAttempt, KIND, Learner, QuizAnswers, Response};
use pullpath_view::{Action, Attempt};
use serde::Deserialize;
use serde_json::Value;

use crate::diagnostic::Checked;
use crate::fields::{Fields, Node, Sink, short};
use crate::intake;
use crate::source::Span;

/// The version of the formats that this code reads and writes, of hand-ins and of attempts.
pub const FORMAT: u64 = 1;
/// The version of Pullpath, as attempts carry it.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");
/// Nobody does more in one attempt: the longest of testers' had some hundred.
pub const MOST_ACTIONS: usize = 2_000;
/// The most simulated time that one attempt may take with `advance`: four weeks.
pub const MOST_SECONDS: u64 = 28 * 24 * 3600;
/// No edit is longer than a manifest can be.
pub const MOST_TEXT: usize = intake::MOST_BYTES;
/// The most attempts and quizzes in one hand-in.
pub const MOST_PARTS: usize = 200;
/// The most bytes that all edits of one file come to when they are written out: short ones must not become a flood.
const MOST_EDITED: usize = 32 << 20;
/// A name or a number is not longer.
const MOST_NAME: usize = 200;

/// The fields of a hand-in.
pub const FIELDS: &[&str] = &["format", "kind", "learner", "attempts", "quizzes", "digest"];
/// The fields of who hands in.
pub const LEARNER: &[&str] = &["number", "name"];
/// The fields of an attempt.
pub const ATTEMPT: &[&str] =
    &["format", "scenario", "version", "seed", "content", "engine", "actions", "points"];
/// The fields of answers to a quiz.
pub const QUIZ: &[&str] = &["quiz", "version", "content", "answers"];

/// What a file holds that can be graded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// Who handed in; nobody in an attempt that stands alone.
    pub learner: Option<Learner>,
    /// The attempts that could be read.
    pub attempts: Vec<Placed<HandedAttempt>>,
    /// The quizzes that could be read.
    pub quizzes: Vec<Placed<QuizAnswers>>,
}

/// A part of a hand-in, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// What it is.
    pub value: T,
    /// The fields that later diagnostics point at, by name; the whole part under the empty name.
    spans: BTreeMap<&'static str, Span>,
}

impl<T> Placed<T> {
    /// Where a field stands, or the whole part.
    pub fn span(&self, field: &str) -> Span {
        self.spans.get(field).or_else(|| self.spans.get("")).cloned().unwrap_or(0..0)
    }
}

/// The text of a hand-in: its digest is filled in.
pub fn write(hand_in: &HandIn) -> String {
    let mut value = serde_json::to_value(hand_in).expect("a hand-in has string keys only");
    let attempts = value.get_mut("attempts").and_then(Value::as_array_mut);
    for attempt in attempts.into_iter().flatten() {
        patch::shorten(attempt);
    }
    value["digest"] = digest(&value).into();
    let mut text = serde_json::to_string_pretty(&value).expect("it is a JSON value");
    text.push('\n');
    text
}

/// The text of an attempt that stands alone.
pub fn write_attempt(attempt: &Attempt) -> String {
    let mut value = serde_json::to_value(attempt).expect("an attempt has string keys only");
    patch::shorten(&mut value);
    let mut text = serde_json::to_string_pretty(&value).expect("it is a JSON value");
    text.push('\n');
    text
}

/// A hash of everything in a hand-in but the hash itself, however it is laid out.
pub fn digest(value: &Value) -> String {
    let mut rest = value.clone();
    if let Some(map) = rest.as_object_mut() {
        map.remove("digest");
    }
    // Without `preserve_order` a map prints its keys sorted.
    let text = serde_json::to_string(&rest).expect("it is a JSON value");
    crate::hash(&[&text])
}

/// What was done, as one word: two learners with the same word did the same.
pub fn fingerprint(actions: &[Action]) -> String {
    crate::hash(&[&serde_json::to_string(actions).expect("actions have string keys only")])
}

/// Reads a hand-in, or an attempt or the answers to a quiz that stand alone.
pub fn read(file: &str, text: &str) -> Checked<Read> {
    let read = intake::read_json(file, text);
    let mut diagnostics = read.diagnostics;
    let Some(document) = read.value else { return Checked { value: None, diagnostics } };
    let sink = Sink::new(file, 0);
    let root = Node::root(&sink, &document);
    let value = whole(&root, &document.value);
    diagnostics.extend(sink.into_found());
    pullpath_model::ordered::sort_by_key(&mut diagnostics, |diagnostic| diagnostic.span.start);
    intake::truncate(&mut diagnostics);
    Checked { value, diagnostics }
}

fn whole(root: &Node<'_>, value: &Value) -> Option<Read> {
    if !root.is_map() {
        let hint = "a hand-in is the file that Pullpath exports; so is an attempt";
        root.error("not-a-hand-in", "this is neither a hand-in nor an attempt", hint);
        return None;
    }
    let says_so = root.peek("kind").is_some_and(|kind| kind.string() == Some(KIND));
    let is_attempt = root.peek("actions").is_some() && root.peek("attempts").is_none() && !says_so;
    let is_quiz = root.peek("answers").is_some() && root.peek("quizzes").is_none();
    if !is_attempt && !is_quiz && !says_so && root.peek("attempts").is_none() {
        let hint = "a hand-in is the file that Pullpath exports; so is an attempt";
        root.error("not-a-hand-in", "this is neither a hand-in nor an attempt", hint);
        return None;
    }
    if !format_is_known(root) {
        return None;
    }
    if is_attempt {
        let attempt = attempt(root, &Cell::new(0))?;
        return Some(Read { learner: None, attempts: vec![attempt], quizzes: Vec::new() });
    }
    if is_quiz && !says_so {
        return Some(Read { learner: None, attempts: Vec::new(), quizzes: vec![quiz(root)?] });
    }
    let fields = root.map(FIELDS)?;
    let kind = fields.need("kind", "hand-ins are made by Pullpath and are not edited by hand");
    if kind.is_some_and(|kind| kind.known_word(&[KIND]).is_none()) {
        return None;
    }
    arrived_whole(&fields, value)?;
    let learner = learner(&fields)?;
    let parts = |name: &str| fields.get(name).map(|node| node.list()).unwrap_or_default();
    let (attempts, quizzes) = (parts("attempts"), parts("quizzes"));
    if attempts.len() + quizzes.len() > MOST_PARTS {
        let message = format!("more than {MOST_PARTS} attempts and quizzes");
        root.error("too-many-parts", message, "hand in fewer attempts in one file");
        return None;
    }
    if attempts.is_empty() && quizzes.is_empty() {
        root.error(
            "nothing-handed-in",
            "there is neither an attempt nor a quiz in it",
            "export it again after you have played",
        );
        return None;
    }
    let edited = Cell::new(0);
    Some(Read {
        learner: Some(learner),
        attempts: attempts.iter().filter_map(|node| attempt(node, &edited)).collect(),
        quizzes: quizzes.iter().filter_map(quiz).collect(),
    })
}

/// A newer format is told before anything else, because everything else may have changed.
fn format_is_known(node: &Node<'_>) -> bool {
    let Some(format) = node.peek("format") else { return true };
    match format.number() {
        Some(FORMAT) => true,
        Some(number) if number > FORMAT => {
            let message =
                format!("this is format {number}; this is Pullpath {ENGINE}, which reads {FORMAT}");
            format.error("newer-format", message, "grade it with a newer Pullpath");
            false
        }
        _ => {
            let hint = format!("this program reads `\"format\": {FORMAT}`");
            format.error("unknown-format", "this version of the format is not known", hint);
            false
        }
    }
}

/// The digest shows accidents and careless edits; it is no proof against somebody who computes a new one. What proves
/// is the replay.
fn arrived_whole(fields: &Fields<'_>, value: &Value) -> Option<()> {
    let node = fields.need("digest", "hand-ins are made by Pullpath and are not edited by hand")?;
    let said = node.text()?;
    if said != digest(value) {
        let message = "the file was changed after it was made: its digest is of another content";
        node.error("tampered", message, "ask for it again, exported by Pullpath and not edited");
        return None;
    }
    Some(())
}

fn learner(fields: &Fields<'_>) -> Option<Learner> {
    let node = fields.need("learner", "write `{ \"name\": …, \"number\": … }`")?;
    let inner = node.map(LEARNER)?;
    let text = |name: &str| inner.get(name).and_then(|node| short_text(&node, MOST_NAME));
    let learner = Learner {
        number: text("number").unwrap_or_default(),
        name: text("name").unwrap_or_default(),
    };
    if learner == Learner::default() {
        node.error("no-learner", "it says not who hands in", "export it with a name or a number");
        return None;
    }
    Some(learner)
}

/// A text of one line that is safe to print.
fn short_text(node: &Node<'_>, most: usize) -> Option<String> {
    let text = node.text()?.trim();
    if text.chars().count() > most || text.chars().any(char::is_control) {
        // Escaped: a terminal must not be steered by a name.
        let shown = short(text).escape_debug().to_string();
        let message = format!("`{shown}` is longer than {most} characters, or not one line");
        node.error("bad-text", message, "hand-ins are made by Pullpath and are not edited by hand");
        return None;
    }
    Some(text.to_owned())
}

/// `edited` counts the bytes of edits, of all attempts of a file.
fn attempt(node: &Node<'_>, edited: &Cell<usize>) -> Option<Placed<HandedAttempt>> {
    let fields = node.map(ATTEMPT)?;
    if !format_is_known(node) {
        return None;
    }
    const HINT: &str = "attempts are made by Pullpath and are not edited by hand";
    fields.need("format", HINT)?;
    let scenario_node = fields.need("scenario", HINT);
    let scenario = scenario_node.as_ref().and_then(|node| short_text(node, 60));
    let version_node = fields.need("version", HINT);
    let version = version_node.as_ref().and_then(|node| node.whole(0, 1_000_000));
    let seed = fields.need("seed", HINT).and_then(|node| node.whole(0, (1 << 53) - 1));
    let text = |name: &str| fields.get(name).and_then(|node| short_text(&node, 100));
    let (content, engine) = (text("content"), text("engine"));
    let points = fields.get("points").and_then(|node| node.whole(0, 1_000_000));
    let newer = engine.as_deref().is_some_and(is_newer);
    if let (true, Some(node)) = (newer, fields.get("engine")) {
        let message = format!(
            "it was played with Pullpath {}, and this is {ENGINE}",
            engine.as_deref().unwrap_or_default()
        );
        node.warn(
            "newer-engine",
            message,
            "the same actions may come to something else here: grade with that version",
        );
    }
    let actions_node = fields.need("actions", HINT);
    let actions = actions_node.as_ref().and_then(|node| actions(node, newer, edited));
    let mut spans = BTreeMap::from([("", node.span())]);
    for name in ["scenario", "version", "seed", "content", "points"] {
        if let Some(node) = fields.get(name) {
            spans.insert(name, node.span());
        }
    }
    let attempt = Attempt {
        format: FORMAT as u32,
        scenario: scenario?,
        version: version? as u32,
        seed: seed?,
        content: content.unwrap_or_default(),
        engine: engine.unwrap_or_default(),
        actions: actions?,
    };
    let points = points.map(|points| points as u32);
    Some(Placed { value: HandedAttempt { attempt, points }, spans })
}

fn actions(node: &Node<'_>, newer: bool, edited: &Cell<usize>) -> Option<Vec<Action>> {
    let items = node.list();
    if items.len() > MOST_ACTIONS {
        let message = format!("{} actions, more than {MOST_ACTIONS}", items.len());
        node.error("too-many-actions", message, "nobody plays so long: ask how it was made");
        return None;
    }
    let mut actions = Vec::with_capacity(items.len());
    let mut seconds = 0;
    let mut texts = patch::Texts::default();
    for item in &items {
        let action = match texts.read(item) {
            Ok(Some(edit)) => Ok(edit),
            Ok(None) => Action::deserialize(item.value()),
            Err(why) => {
                item.error(
                    "bad-patch",
                    why,
                    "attempts are made by Pullpath and are not edited by hand",
                );
                return None;
            }
        };
        let action = match action {
            Ok(action) => action,
            Err(error) => {
                let hint = if newer {
                    "a newer Pullpath made it: grade it with that one"
                } else {
                    "attempts are made by Pullpath and are not edited by hand"
                };
                item.error("bad-action", format!("this is no action: {error}"), hint);
                return None;
            }
        };
        texts.note(&action);
        match &action {
            Action::Advance { seconds: more } => seconds += u64::from(*more),
            // A run takes ten minutes at most.
            Action::Run => seconds += 600,
            Action::Edit { text, .. } if text.len() > MOST_TEXT => {
                let message =
                    format!("a text of {} KiB, more than {}", text.len() / 1024, MOST_TEXT / 1024);
                item.error("too-large", message, "no manifest is so large");
                return None;
            }
            Action::Edit { text, .. } => {
                edited.set(edited.get() + text.len());
                if edited.get() > MOST_EDITED {
                    let message = format!("the edits come to more than {} MiB", MOST_EDITED >> 20);
                    item.error("too-large", message, "nobody edits so much: ask how it was made");
                    return None;
                }
            }
            _ => {}
        }
        if seconds > MOST_SECONDS {
            let message = format!("more than {} days of simulated time", MOST_SECONDS / 86_400);
            item.error("too-long", message, "nobody plays so long: ask how it was made");
            return None;
        }
        actions.push(action);
    }
    Some(actions)
}

fn quiz(node: &Node<'_>) -> Option<Placed<QuizAnswers>> {
    const HINT: &str = "hand-ins are made by Pullpath and are not edited by hand";
    let fields = node.map(QUIZ)?;
    let quiz = fields.need("quiz", HINT).and_then(|node| short_text(&node, 60));
    let version = fields.need("version", HINT).and_then(|node| node.whole(0, 1_000_000));
    let content = fields.get("content").and_then(|node| short_text(&node, 100));
    let answers_node = fields.need("answers", HINT);
    let mut answers = BTreeMap::new();
    for (id, item) in answers_node.iter().flat_map(Node::entries) {
        match Response::deserialize(item.value()) {
            Ok(response) => {
                answers.insert(id.to_owned(), response);
            }
            Err(_) => item.error(
                "bad-answer",
                format!("this is no answer to `{}`", short(id)),
                "an answer is a text, a list of texts, or a line's number",
            ),
        }
    }
    let mut spans = BTreeMap::from([("", node.span())]);
    for name in ["quiz", "version", "content"] {
        if let Some(node) = fields.get(name) {
            spans.insert(name, node.span());
        }
    }
    let value = QuizAnswers {
        quiz: quiz?,
        version: version? as u32,
        content: content.unwrap_or_default(),
        answers: answers_node.map(|_| answers)?,
    };
    Some(Placed { value, spans })
}

/// Whether a version of Pullpath is newer than this one.
fn is_newer(version: &str) -> bool {
    let parts = |text: &str| -> Vec<u32> {
        text.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
    };
    parts(version) > parts(ENGINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand_in() -> HandIn {
        let attempt = Attempt {
            format: 1,
            scenario: "default-serviceaccount".into(),
            version: 1,
            seed: 7,
            content: "0123".into(),
            engine: ENGINE.into(),
            actions: vec![
                Action::Edit { file: "deployment.yaml".into(), text: "a: \"é\"\n".into() },
                Action::Apply,
                Action::Run,
            ],
        };
        let answers = BTreeMap::from([
            ("a".to_owned(), Response::Text("x".into())),
            ("b".to_owned(), Response::Ids(vec!["x".into(), "y".into()])),
            ("c".to_owned(), Response::Line(3)),
        ]);
        HandIn {
            format: 1,
            kind: KIND.into(),
            learner: Learner { number: "s1".into(), name: "Ada".into() },
            attempts: vec![HandedAttempt { attempt, points: Some(100) }],
            quizzes: vec![QuizAnswers {
                quiz: "q".into(),
                version: 2,
                content: String::new(),
                answers,
            }],
            digest: String::new(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = write(&hand_in());
        let read = read("a.json", &text);
        assert_eq!(read.diagnostics, []);
        let read = read.value.unwrap();
        assert_eq!(read.learner.unwrap(), hand_in().learner);
        assert_eq!(read.attempts[0].value, hand_in().attempts[0]);
        assert_eq!(read.quizzes[0].value, hand_in().quizzes[0]);
        assert_eq!(&text[read.attempts[0].span("seed")], "7");
    }

    #[test]
    fn edits_are_written_short_and_read_back_to_the_letter() {
        let edit = |file: &str, text: &str| Action::Edit { file: file.into(), text: text.into() };
        let long = format!("kind: Deployment\n{}# é\n", "  a: 1\n".repeat(40));
        let mut hand_in = hand_in();
        let actions = vec![
            edit("a.yaml", &long),
            Action::Apply,
            edit("b.yaml", "x: 1\n"),
            edit("a.yaml", &long.replace('é', "è")),
            Action::Reset,
            edit("b.yaml", "completely: other\n"),
            edit("a.yaml", ""),
            edit("a.yaml", &long),
        ];
        hand_in.attempts[0].attempt.actions = actions;
        let text = write(&hand_in);
        assert_eq!(text.matches("kind: Deployment").count(), 2, "{text}");
        let read_back = read("a.json", &text);
        assert_eq!(read_back.diagnostics, []);
        assert_eq!(read_back.value.unwrap().attempts[0].value, hand_in.attempts[0]);

        // As it was written before there were short ones, it reads too.
        let mut whole = serde_json::to_value(&hand_in).unwrap();
        whole["digest"] = digest(&whole).into();
        let whole = whole.to_string();
        assert!(text.len() * 2 < whole.len() * 3);
        assert_eq!(read("a.json", &whole).value.unwrap().attempts[0].value, hand_in.attempts[0]);
        let alone = write_attempt(&hand_in.attempts[0].attempt);
        let alone = read("a.json", &alone).value.unwrap();
        assert_eq!(alone.attempts[0].value.attempt, hand_in.attempts[0].attempt);
    }

    #[test]
    fn layout_is_not_content() {
        let text = write(&hand_in());
        let value: Value = serde_json::from_str(&text).unwrap();
        let tight = serde_json::to_string(&value).unwrap();
        assert_eq!(read("a.json", &tight).diagnostics, []);
        // But every change of a value is seen.
        for (from, to) in [("\"seed\":7", "\"seed\":8"), ("\"Ada\"", "\"Bob\""), ("100", "99")] {
            let changed = tight.replacen(from, to, 1);
            assert_ne!(changed, tight);
            let codes: Vec<_> =
                read("a.json", &changed).diagnostics.iter().map(|told| told.code).collect();
            assert_eq!(codes, ["tampered"], "{to}");
        }
    }

    #[test]
    fn one_bad_attempt_leaves_the_others() {
        let mut hand_in = hand_in();
        let mut long = hand_in.attempts[0].clone();
        long.attempt.actions = vec![Action::Advance { seconds: 7 * 24 * 3600 }; 5];
        hand_in.attempts.push(long);
        let read = read("a.json", &write(&hand_in));
        assert_eq!(read.diagnostics.len(), 1);
        assert_eq!(read.diagnostics[0].code, "too-long");
        assert_eq!(read.value.unwrap().attempts.len(), 1);
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(is_newer("99.0.0") && is_newer("0.1.10"));
        assert!(!is_newer(ENGINE) && !is_newer("0.0.99") && !is_newer("nonsense"));
    }
}

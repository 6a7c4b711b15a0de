//! A quiz: questions of five kinds, each wrong answer with words of its own.
//!
//! [`Quiz::read`] turns a file into a value that can be [asked](Quiz::asked) and [judged](Question::judge).
//! `docs/quiz-format.md` is the author's side.

mod asked;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use pullpath_model::ordered;
use pullpath_view::block::{Block, Inline};
use pullpath_view::hand_in::Response;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::prediction::{Outcome, UNSURE};
use crate::scenario::Workload;
use crate::source::Span;

pub use self::asked::{seal, unseal};
pub(crate) use self::read::Reader;

/// The version of the format that this code reads.
pub const FORMAT: u64 = 1;

/// The fields of a quiz.
pub const FIELDS: &[&str] =
    &["format", "id", "title", "summary", "topic", "minutes", "version", "pass", "questions"];
/// The fields of a question; exactly one of the last five.
pub const QUESTION: &[&str] =
    &["id", "points", "prompt", "explanation", "choice", "short", "predict", "order", "locate"];
/// The fields of `choice`.
pub const CHOICE: &[&str] = &["options"];
/// The fields of an option.
pub const OPTION: &[&str] = &["id", "text", "right", "chosen", "not-chosen"];
/// The fields of `short`.
pub const SHORT: &[&str] = &["answer", "also", "exact", "nearly", "otherwise"];
/// The fields of a foreseen answer.
pub const NEARLY: &[&str] = &["answers", "say"];
/// The fields of `predict`.
pub const PREDICT: &[&str] = &["scenario", "about", "files", "commands", "expect", "say"];
/// The fields of `order`.
pub const ORDER: &[&str] = &["items", "otherwise"];
/// The fields of an item.
pub const ITEM: &[&str] = &["id", "text"];
/// The fields of `locate`.
pub const LOCATE: &[&str] = &["manifest", "line", "also", "lines", "otherwise"];
/// The fields of a foreseen line.
pub const LINE: &[&str] = &["line", "say"];

/// A quiz that can be asked. Bundles hold it as it was read, so that whoever only plays needs no reader of quizzes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiz {
    // Invariants: ids are unique among questions, and among the options and items of each; every question can be
    // answered rightly and wrongly; `pass` is at most the sum of the points.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) topic: String,
    pub(crate) minutes: u32,
    pub(crate) version: u32,
    pub(crate) content: String,
    pub(crate) pass: u32,
    pub(crate) questions: Vec<Question>,
}

impl Quiz {
    /// The file's name without `.yaml`.
    pub fn id(&self) -> &str {
        &self.id
    }
    /// A few words.
    pub fn title(&self) -> &str {
        &self.title
    }
    /// One or two sentences.
    pub fn summary(&self) -> &str {
        &self.summary
    }
    /// The group it stands in.
    pub fn topic(&self) -> &str {
        &self.topic
    }
    /// How long it takes, about.
    pub fn minutes(&self) -> u32 {
        self.minutes
    }
    /// Raised by the author when old answers should no longer count.
    pub fn version(&self) -> u32 {
        self.version
    }
    /// A hash of the file.
    pub fn content(&self) -> &str {
        &self.content
    }
    /// The points that are needed.
    pub fn pass(&self) -> u32 {
        self.pass
    }
    /// The questions, in order.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }
    /// The ids of the scenarios that its predictions play.
    pub fn scenarios(&self) -> BTreeSet<&str> {
        let predictions = self.questions.iter().filter_map(|question| match &question.kind {
            Kind::Predict(predict) => Some(predict.scenario.as_str()),
            Kind::Choice(_) | Kind::Short(_) | Kind::Order { .. } | Kind::Locate(_) => None,
        });
        predictions.collect()
    }
    /// The sum of the questions' points.
    pub fn total(&self) -> u32 {
        self.questions.iter().map(|question| question.points).sum()
    }
}

/// One question. Bundles hold those of a scenario as they were read, in JSON, so that whoever plays reads no YAML of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Unique in the quiz.
    pub id: String,
    /// What it is worth; at least 1.
    pub points: u32,
    /// The question itself.
    pub prompt: Vec<Block>,
    /// Shown with the result.
    pub explanation: Vec<Block>,
    /// How it is answered.
    pub kind: Kind,
    /// Where its id stands.
    #[serde(skip)]
    pub span: Span,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// By choosing. Where several options are right, all of them and no other.
    Choice(Vec<Choice>),
    /// By a word or a few.
    Short(Short),
    /// By saying what the model will do; the right answer is computed.
    Predict(Predict),
    /// By putting things in order; they stand in the right one.
    Order {
        /// At least three.
        items: Vec<Item>,
        /// Said of any other order.
        otherwise: Vec<Block>,
    },
    /// By pointing at a line of a manifest.
    Locate(Locate),
}

/// An option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Unique in the question.
    pub id: String,
    /// Its words.
    pub text: Vec<Inline>,
    /// Whether it is right to choose it.
    pub right: bool,
    /// Said when it was chosen.
    pub chosen: Vec<Block>,
    /// Said when it was not chosen; empty where the file says nothing.
    pub not_chosen: Vec<Block>,
}

/// A short answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// The answer that is shown in the end.
    pub answer: String,
    /// Others that count as well.
    pub also: Vec<String>,
    /// Whether upper and lower case differ.
    pub exact: bool,
    /// Wrong answers that were foreseen, each with its words.
    pub nearly: Vec<(Vec<String>, Vec<Block>)>,
    /// Said of any other answer.
    pub otherwise: Vec<Block>,
}

/// A prediction: what becomes of a workload of a scenario, as it ships or after some changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predict {
    /// The scenario's id.
    pub scenario: String,
    /// The workload that is asked about.
    pub about: Workload,
    /// Texts that take the place of the scenario's files.
    pub files: BTreeMap<String, String>,
    /// What is then done.
    pub commands: Vec<Command>,
    /// What the author expects; `check` compares it with what is computed.
    pub expect: Option<Outcome>,
    /// Said when an outcome was predicted.
    pub say: BTreeMap<String, Vec<Block>>,
    /// Where the scenario is named.
    #[serde(skip)]
    pub scenario_span: Span,
    /// Where `about` stands.
    #[serde(skip)]
    pub about_span: Span,
    /// Where `expect` stands, or the whole prediction.
    #[serde(skip)]
    pub expect_span: Span,
}

/// A thing to be put in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Unique in the question.
    pub id: String,
    /// Its words.
    pub text: Vec<Inline>,
}

/// A line to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locate {
    /// The text.
    pub manifest: String,
    /// The numbers of the lines that are right, from 1; at least one, and the first is the answer that is shown.
    pub right: Vec<u32>,
    /// Wrong lines that were foreseen, each with its words.
    pub lines: Vec<(u32, Vec<Block>)>,
    /// Said of any other line.
    pub otherwise: Vec<Block>,
}

/// What an answer to a question is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Whether it is right.
    pub right: bool,
    /// What was chosen or written, for counting.
    pub chosen: Vec<String>,
    /// What the learner is told.
    pub say: Vec<Block>,
}

impl Question {
    /// Judges an answer; `None` if it is no answer to a question of this kind. `key` is the computed outcome of a
    /// prediction.
    pub fn judge(&self, response: &Response, key: Option<Outcome>) -> Option<Judged> {
        match (&self.kind, response) {
            (Kind::Choice(options), Response::Text(id)) => choice(options, &[id.as_str()]),
            (Kind::Choice(options), Response::Ids(ids)) => {
                choice(options, &ids.iter().map(String::as_str).collect::<Vec<_>>())
            }
            (Kind::Short(short), Response::Text(text)) => Some(short.judge(text)),
            // A number that was written down is read as one.
            (Kind::Short(short), Response::Line(number)) => Some(short.judge(&number.to_string())),
            (Kind::Predict(predict), Response::Text(name)) => {
                let known = name == UNSURE || Outcome::from_name(name).is_some();
                known.then(|| Judged {
                    right: key.is_some_and(|key| key.name() == name),
                    chosen: vec![name.clone()],
                    say: predict.say.get(name).cloned().unwrap_or_default(),
                })
            }
            (Kind::Order { items, otherwise }, Response::Ids(ids)) => order(items, otherwise, ids),
            (Kind::Locate(locate), Response::Line(line)) => locate.judge(*line),
            _ => None,
        }
    }
}

impl Question {
    /// What is said of each option of a choice: because it was chosen, or because it was not.
    pub fn remarks(&self, response: &Response) -> BTreeMap<String, Vec<Block>> {
        let Kind::Choice(options) = &self.kind else { return BTreeMap::new() };
        let is_chosen = |option: &Choice| match response {
            Response::Text(id) => *id == option.id,
            Response::Ids(ids) => ids.contains(&option.id),
            Response::Line(_) => false,
        };
        let remark = |option: &Choice| {
            let said = if is_chosen(option) { &option.chosen } else { &option.not_chosen };
            (option.id.clone(), said.clone())
        };
        ordered::map(options.iter().map(remark).filter(|(_, said)| !said.is_empty()))
    }

    /// An answer that is right. `key` is the computed outcome of a prediction.
    pub fn answer(&self, key: Option<Outcome>) -> Response {
        match &self.kind {
            Kind::Choice(options) => {
                let right = options.iter().filter(|option| option.right);
                Response::Ids(right.map(|option| option.id.clone()).collect())
            }
            Kind::Short(short) => Response::Text(short.answer.clone()),
            Kind::Predict(_) => {
                Response::Text(key.map(|key| key.name().to_owned()).unwrap_or_default())
            }
            Kind::Order { items, .. } => {
                Response::Ids(items.iter().map(|item| item.id.clone()).collect())
            }
            Kind::Locate(locate) => Response::Line(locate.right[0]),
        }
    }
}

fn choice(options: &[Choice], chosen: &[&str]) -> Option<Judged> {
    let is_chosen = |option: &Choice| chosen.contains(&option.id.as_str());
    if chosen.iter().any(|id| !options.iter().any(|option| option.id == *id)) {
        return None;
    }
    let say = options.iter().flat_map(|option| match is_chosen(option) {
        true => option.chosen.clone(),
        false => option.not_chosen.clone(),
    });
    let ids = options.iter().filter(|option| is_chosen(option)).map(|option| option.id.clone());
    Some(Judged {
        right: options.iter().all(|option| is_chosen(option) == option.right),
        chosen: ids.collect(),
        say: say.collect(),
    })
}

fn order(items: &[Item], otherwise: &[Block], ids: &[String]) -> Option<Judged> {
    let mut given: Vec<&String> = ids.iter().collect();
    let mut wanted: Vec<&String> = items.iter().map(|item| &item.id).collect();
    let right = given == wanted;
    ordered::sort(&mut given);
    ordered::sort(&mut wanted);
    (given == wanted).then(|| Judged {
        right,
        chosen: vec![ids.join(" ")],
        say: if right { Vec::new() } else { otherwise.to_vec() },
    })
}

impl Short {
    fn judge(&self, text: &str) -> Judged {
        let given = self.fold(text);
        let is_given = |known: &String| self.fold(known) == given;
        let right = is_given(&self.answer) || self.also.iter().any(is_given);
        let foreseen = self.nearly.iter().find(|(answers, _)| answers.iter().any(is_given));
        let say = match (right, foreseen) {
            (true, _) => Vec::new(),
            (false, Some((_, say))) => say.clone(),
            (false, None) => self.otherwise.clone(),
        };
        Judged { right, chosen: vec![given.chars().take(255).collect()], say }
    }

    /// Space at the ends and more than one in a row do not count, nor quotes and backticks around the whole; case
    /// counts where the author says so.
    pub(crate) fn fold(&self, text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        let text = text.trim_matches(|c| matches!(c, '"' | '\'' | '`')).trim();
        if self.exact { text.to_owned() } else { text.to_lowercase() }
    }
}

impl Locate {
    fn judge(&self, line: u32) -> Option<Judged> {
        let there = 1..=self.manifest.lines().count() as u32;
        let right = self.right.contains(&line);
        let foreseen = self.lines.iter().find(|(known, _)| *known == line);
        there.contains(&line).then(|| Judged {
            right,
            chosen: vec![format!("line {line}")],
            say: match (right, foreseen) {
                (true, _) => Vec::new(),
                (false, Some((_, say))) => say.clone(),
                (false, None) => self.otherwise.clone(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiz() -> Quiz {
        let text = include_str!("../../../tests/broken/base-quiz.yaml");
        let checked = Quiz::read("base-quiz.yaml", "base-quiz", text);
        assert_eq!(checked.diagnostics, []);
        checked.value.unwrap()
    }

    fn text(word: &str) -> Response {
        Response::Text(word.into())
    }

    fn ids(words: &[&str]) -> Response {
        Response::Ids(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn every_kind_is_judged() {
        let quiz = quiz();
        #[track_caller]
        fn check(quiz: &Quiz, id: &str, response: &Response, want: Option<bool>) {
            let question = quiz.questions().iter().find(|question| question.id == id).unwrap();
            let judged = question.judge(response, Some(Outcome::PullFails));
            assert_eq!(judged.map(|judged| judged.right), want, "{id} {response:?}");
        }
        check(&quiz, "one", &text("b"), Some(true));
        check(&quiz, "one", &ids(&["b"]), Some(true));
        check(&quiz, "one", &text("a"), Some(false));
        check(&quiz, "one", &ids(&[]), Some(false));
        check(&quiz, "one", &text("z"), None);
        check(&quiz, "one", &Response::Line(1), None);
        check(&quiz, "several", &ids(&["c", "a"]), Some(true));
        check(&quiz, "several", &ids(&["a"]), Some(false));
        check(&quiz, "several", &ids(&["a", "b", "c"]), Some(false));
        check(&quiz, "word", &text("  `ImagePullSecrets` "), Some(true));
        check(&quiz, "word", &text("spec.imagePullSecrets"), Some(true));
        check(&quiz, "word", &text("pullSecrets"), Some(false));
        check(&quiz, "future", &text("pull-fails"), Some(true));
        check(&quiz, "future", &text("running"), Some(false));
        check(&quiz, "future", &text(UNSURE), Some(false));
        check(&quiz, "future", &text("heaven"), None);
        check(&quiz, "steps", &ids(&["first", "second", "third"]), Some(true));
        check(&quiz, "steps", &ids(&["second", "first", "third"]), Some(false));
        check(&quiz, "steps", &ids(&["first", "first", "third"]), None);
        check(&quiz, "line", &Response::Line(5), Some(true));
        check(&quiz, "line", &Response::Line(4), Some(false));
        check(&quiz, "line", &Response::Line(99), None);
    }

    #[test]
    fn the_answer_that_is_shown_is_right() {
        for question in quiz().questions() {
            let key = Some(Outcome::PullFails);
            let answer = question.answer(key);
            let judged = question.judge(&answer, key).map(|judged| judged.right);
            assert_eq!(judged, Some(true), "{}", question.id);
        }
    }

    #[test]
    fn options_have_remarks_of_their_own() {
        let quiz = quiz();
        let remarks = |response| quiz.questions()[0].remarks(&response);
        assert_eq!(remarks(text("a")).into_keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(remarks(text("b")).into_keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn each_wrong_answer_has_its_words() {
        let quiz = quiz();
        let said = |place: usize, response: &Response| {
            let judged = quiz.questions()[place].judge(response, None).unwrap();
            format!("{:?}", judged.say)
        };
        assert!(said(0, &text("a")).contains("A is chosen."));
        assert!(said(0, &text("a")).contains("B is not."));
        assert!(said(2, &text("pullsecrets")).contains("Nearly."));
        assert!(said(2, &text("x")).contains("Otherwise."));
        assert!(said(5, &Response::Line(4)).contains("A name."));
    }
}

//! The messages between the page and the engine's worker: JSON, one request, one final answer, progress in between.
//!
//! Enums are told apart by the name around their content (`{"act": {…}}`), here and in the other types that the page
//! decodes: a tag *inside* makes serde keep everything in a buffer first and compile every decoder a second time, which
//! was a sixth of the page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Action, Attempt};
use crate::hand_in::{HandIn, Response};
use crate::message::Meaning;
use crate::pane::View;
use crate::quiz::{QuizSource, Standing};
use crate::record::Record;

/// What a worker posts, as plain text, once it listens. What is sent before that would be lost.
pub const READY: &str = "ready";

/// From the page to the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<E = Errand> {
    /// Chosen by the page, rising; the answer carries it.
    pub id: u32,
    /// Which session is meant: `play` for the workbench, another name for each live figure.
    pub session: String,
    /// What is asked.
    pub ask: Ask<E>,
}

/// What the page may ask. An engine that only plays has no use for errands, and need not be able to read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask<E = Errand> {
    /// The first message. A worker of another build answers [`Answer::WrongBuild`].
    Hello { build: String },
    /// Starts a session from a scenario's files; with an attempt, replays it. The seed draws a new attempt's parameters, where
    /// the scenario has any.
    Open {
        sources: BTreeMap<String, String>,
        attempt: Option<Attempt>,
        #[serde(default)]
        seed: Option<u64>,
        query: Query,
    },
    /// Does one thing.
    Act { action: Action, query: Query },
    /// Asks for a view, of now or of the past.
    View { query: Query },
    /// Asks for the whole log as text.
    Log,
    /// Asks what answers to a quiz come to. No session is meant.
    Judge { quiz: QuizSource, answers: BTreeMap<String, Response> },
    /// Asks for something around playing. No session is meant.
    Errand(E),
    /// Ends a session.
    Close,
}

/// What is asked around playing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errand {
    /// Asks for the text of a hand-in.
    Write { hand_in: HandIn },
    /// Asks what stands in a file that somebody handed in.
    Read { name: String, text: String },
    /// Asks for the record that `pullpath grade` makes of a file, by the content that comes with it.
    Grade {
        name: String,
        text: String,
        scenarios: BTreeMap<String, BTreeMap<String, String>>,
        quizzes: Vec<QuizSource>,
    },
    /// Asks what a message means.
    Explain { message: String },
}

/// Which part of the session is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Query {
    /// The moment to look at; `None` is now.
    pub at_ms: Option<i64>,
    /// The id of the selected thing in the picture, for the ladder and the events.
    pub selection: Option<String>,
    /// Which pull attempt of the selected Pod, counted from 1; `None` is the last one.
    pub pull: Option<u32>,
    /// The stretch of time that the timeline shows; `None` is all of it.
    pub window: Option<(i64, i64)>,
    /// Send every pane, also those that the page was given before.
    pub whole: bool,
}

/// From the worker to the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply<F = Found> {
    /// The request's id.
    pub id: u32,
    /// The answer, or a sign of life.
    pub answer: Answer<F>,
}

/// What the worker answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<F = Found> {
    /// To [`Ask::Hello`].
    Hello { build: String },
    /// The page and the worker are of different builds: the page must be loaded again.
    WrongBuild { build: String },
    /// To [`Ask::Open`] and [`Ask::Act`]. `attempt` is the whole attempt, to be kept by the page.
    Done { view: Box<View>, attempt: Attempt, notices: Vec<Notice> },
    /// To [`Ask::View`]: the panes that differ from what the page has.
    View { view: Box<View> },
    /// To [`Ask::Log`] and [`Errand::Write`].
    Log { text: String },
    /// To [`Ask::Judge`].
    Judged { standing: Box<Standing> },
    /// To the other errands.
    Found(F),
    /// Not final: the simulated clock has come so far.
    Progress { done_ms: i64, total_ms: i64 },
    /// The scenario's or quiz's files have mistakes.
    Broken { problems: Vec<Problem> },
    /// It could not be done, and nothing changed.
    Refused { message: String },
    /// To [`Ask::Close`].
    Closed,
}

/// What an errand has brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// By [`Errand::Read`]: what could be read, and what is wrong with the rest.
    Read { hand_in: Option<Box<HandIn>>, problems: Vec<Problem> },
    /// By [`Errand::Grade`]. `worth` has the points and the pass of each attempt, then of each quiz, in the file's order;
    /// `None` of what could not be graded.
    Graded { record: Box<Record>, worth: Vec<Option<Worth>>, problems: Vec<Problem> },
    /// By [`Errand::Explain`].
    Meaning { meaning: Box<Meaning> },
}

/// What one attempt, or the answers to one quiz, come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worth {
    /// Points reached.
    pub points: u32,
    /// Points there are.
    pub out_of: u32,
    /// Whether they are enough.
    pub passed: bool,
}

/// Something to say once, for example what `kubectl apply` printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The command whose place this took, if one did.
    pub command: Option<String>,
    /// What was printed or happened.
    pub text: String,
    /// Whether it is bad news.
    pub failed: bool,
}

/// A mistake in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// For machines: `unknown-field`.
    pub code: String,
    /// Whether it is only a warning.
    pub warning: bool,
    /// Path of the file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in UTF-16 units, as editors count.
    pub column: u32,
    /// Where it ends, from 1.
    pub end_line: u32,
    /// Where it ends, from 1, exclusive.
    pub end_column: u32,
    /// One phrase in lower case.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// The source line and a caret, as the command line prints them.
    pub drawing: String,
}

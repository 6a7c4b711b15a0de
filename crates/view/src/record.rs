//! The record that grading makes, on the page and on the command line: the same actions and answers, the same bytes.

use serde::{Deserialize, Serialize};

use crate::hand_in::Learner;

/// What came of grading one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It was graded, and does not hold.
    Fail,
    /// It could not be graded.
    Error,
    /// Nothing was handed in.
    Missing,
}

impl Outcome {
    /// As people read it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Fail => "not passed",
            Self::Error => "could not be graded",
            Self::Missing => "missing",
        }
    }
}

/// One learner's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Who handed in.
    pub learner: Learner,
    /// What it comes to as a whole.
    pub outcome: Outcome,
    /// Points of everything.
    pub points: u32,
    /// Points there are.
    pub max_points: u32,
    /// Scenarios, then quizzes, by id.
    pub items: Vec<Item>,
}

impl Record {
    /// The record of some items; `is_readable` is whether everything in the hand-in could be read.
    pub fn of(learner: Learner, items: Vec<Item>, is_readable: bool) -> Self {
        let is_missing = |item: &Item| item.outcome == Outcome::Missing;
        let outcome = match items.iter().map(|item| item.outcome).max() {
            _ if !is_readable => Outcome::Error,
            Some(Outcome::Missing) if items.iter().all(is_missing) => Outcome::Missing,
            Some(Outcome::Missing) => Outcome::Fail,
            Some(worst) => worst,
            None => Outcome::Error,
        };
        Self {
            learner,
            outcome,
            points: items.iter().map(|item| item.points).sum(),
            max_points: items.iter().map(|item| item.max_points).sum(),
            items,
        }
    }
}

/// One scenario or quiz of one learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Which of the two.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// Points of the checks that hold.
    pub points: u32,
    /// Points there are.
    pub max_points: u32,
    /// How many attempts were handed in; the best one counts.
    pub attempts: u32,
    /// Goals or questions, in order.
    pub checks: Vec<Check>,
    /// Learners who handed in the same actions, to the letter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same_as: Vec<String>,
}

/// What kind of thing is graded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A scenario with its goals.
    Scenario,
    /// A quiz with its questions.
    Quiz,
}

/// One goal or question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Unique in its scenario or quiz.
    pub id: String,
    /// In words.
    pub title: String,
    /// Whether it holds.
    pub outcome: Outcome,
    /// Points that it gave.
    pub points: u32,
    /// Points that it can give.
    pub max_points: u32,
    /// The id of the feedback that was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    /// The options that were chosen, or what was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
    /// The object that shows why a goal is missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The last warning about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The number of the drawn world in which the goal is missed: `pullpath run --world`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<u32>,
    /// Whether it is the instructor's alone to see.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// What the learner is told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
}

//! What a learner hands in: one small file with attempts, quiz answers, and who they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::Attempt;

/// The word by which the file is told from others.
pub const KIND: &str = "hand-in";

/// One learner's hand-in. The score in it is a claim: what counts is what its actions come to when they are replayed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HandIn {
    /// The version of this format, 1.
    pub format: u32,
    /// [`KIND`].
    pub kind: String,
    /// Who hands in.
    pub learner: Learner,
    /// Any number of attempts, also several at one scenario: the best one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<HandedAttempt>,
    /// Answers to quizzes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quizzes: Vec<QuizAnswers>,
    /// A hash of all the rest, which shows that the file arrived as it was made.
    pub digest: String,
}

/// Who hands in. At least one of the two says something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Learner {
    /// The number that the school gave them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Their name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// An attempt with what the page said it was worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedAttempt {
    /// What was done.
    #[serde(flatten)]
    pub attempt: Attempt,
    /// The points that the page showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u32>,
}

/// The answers to one quiz.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuizAnswers {
    /// The quiz's id.
    pub quiz: String,
    /// The quiz's version.
    pub version: u32,
    /// A hash of the quiz as it was answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// The id of a question to what was answered.
    pub answers: BTreeMap<String, Response>,
}

/// What was answered to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Response {
    /// The number of a line, from 1.
    Line(u32),
    /// An option's id, or words.
    Text(String),
    /// Options' ids: those that were chosen, or all of them in order.
    Ids(Vec<String>),
}

//! A quiz as the page asks it. What is right is not in here: the engine judges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::block::{Block, Inline};
use crate::hand_in::Response;

/// A question as it is put to a learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Unique in the quiz.
    pub id: String,
    /// What it is worth.
    pub points: u32,
    /// The question itself.
    pub prompt: Vec<Block>,
    /// How it is answered.
    pub form: Form,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// By choosing one option, or, where `several` are right, each that is.
    Choice { several: bool, options: Vec<Choice> },
    /// By a word or a few.
    Short,
    /// By saying what will become of a workload of a scenario.
    Predict { scenario: String, about: String, options: Vec<Choice> },
    /// By putting things in order; here they stand in another one.
    Order { items: Vec<Choice> },
    /// By pointing at a line.
    Locate { manifest: String },
}

/// An option, or a thing to be put in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Unique in the question.
    pub id: String,
    /// Its words.
    pub text: Vec<Inline>,
}

/// A question of a scenario, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posed {
    /// What is asked.
    pub question: Question,
    /// What was answered.
    pub given: Option<Response>,
    /// What that is worth.
    pub verdict: Option<Verdict>,
}

/// Everything that the engine needs to judge answers to a quiz.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QuizSource {
    /// The quiz's id.
    pub id: String,
    /// The quiz as it was read, written so that nobody reads the answers by accident.
    pub sealed: String,
    /// The sources of the scenarios that its predictions play, by id.
    pub scenarios: BTreeMap<String, BTreeMap<String, String>>,
}

/// What answers to a quiz come to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// A hash of the quiz as it was judged.
    pub content: String,
    /// Points of what is right.
    pub points: u32,
    /// Points there are.
    pub out_of: u32,
    /// Points that are needed.
    pub pass: u32,
    /// Whether they are reached.
    pub passed: bool,
    /// One for each question that was answered, in the quiz's order.
    pub verdicts: Vec<Verdict>,
}

/// What one answer is worth, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The question's id.
    pub question: String,
    /// Whether the answer is right.
    pub right: bool,
    /// What is said of the whole answer; of a choice, each option has a remark of its own.
    pub say: Vec<Block>,
    /// What is said of an option, by its id: because it was chosen, or because it was not.
    pub remarks: BTreeMap<String, Vec<Block>>,
    /// An answer that is right.
    pub answer: Response,
    /// Said with every result.
    pub explanation: Vec<Block>,
}

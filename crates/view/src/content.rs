//! What the site fetches: an index, and one hashed bundle for each scenario, lesson and quiz.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::quiz::{Question, QuizSource};

/// The list of everything there is to play and read (`content/index.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The version of this format, 1.
    pub format: u32,
    /// Scenarios in the order of the course.
    pub scenarios: Vec<Entry>,
    /// Lessons in the order of the course.
    pub lessons: Vec<Entry>,
    /// Quizzes by name.
    #[serde(default)]
    pub quizzes: Vec<Entry>,
}

/// One scenario, lesson or quiz, as home shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The name in links, and of the folder or file.
    pub id: String,
    /// A few words.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// How long it takes, about.
    pub minutes: u32,
    /// `first`, `easy`, `medium` or `hard`; empty for a lesson or quiz.
    pub difficulty: String,
    /// The group it stands in.
    pub topic: String,
    /// Raised by the author when results of the old version should no longer count as of this one.
    pub version: u32,
    /// The bundle's file name beside the index; it holds a hash of the content.
    pub bundle: String,
}

/// A scenario, as the page fetches it. The engine reads `sources` with the same code as the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioBundle {
    /// The version of this format, 1.
    pub format: u32,
    /// The scenario's id.
    pub id: String,
    /// A few words.
    pub title: String,
    /// The story, from `brief.md`.
    pub brief: Vec<Block>,
    /// Path within the scenario's folder to text: `scenario.yaml`, `brief.md` and `files/…`, no solutions; and
    /// `prose.json`, the blocks of all their Markdown by its text, so that the engine reads none.
    pub sources: BTreeMap<String, String>,
}

/// A lesson, as the page fetches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonBundle {
    /// The version of this format, 1.
    pub format: u32,
    /// The lesson's id.
    pub id: String,
    /// A few words.
    pub title: String,
    /// The prose, figures and questions.
    pub blocks: Vec<Block>,
}

/// A quiz, as the page fetches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuizBundle {
    /// The version of this format, 1.
    pub format: u32,
    /// A few words.
    pub title: String,
    /// The quiz's version.
    pub version: u32,
    /// Points that are needed.
    pub pass: u32,
    /// The questions, in order.
    pub questions: Vec<Question>,
    /// What the engine judges by; the scenarios in it are empty, and are fetched by their ids.
    pub source: QuizSource,
}

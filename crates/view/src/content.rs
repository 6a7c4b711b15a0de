//! What the site fetches: an index, and one hashed bundle for each scenario and lesson.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::block::Block;

/// The list of everything there is to play and read (`content/index.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The version of this format, 1.
    pub format: u32,
    /// Scenarios in the order of the course.
    pub scenarios: Vec<Entry>,
    /// Lessons in the order of the course.
    pub lessons: Vec<Entry>,
}

/// One scenario or lesson, as home shows it.
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
    /// `first`, `easy`, `medium` or `hard`; empty for a lesson.
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
    /// Path within the scenario's folder to text: `scenario.yaml`, `brief.md` and `files/…`, no solutions.
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

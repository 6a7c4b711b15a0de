//! Markdown as data. There is no HTML in it, so none can be injected.

use serde::{Deserialize, Serialize};

/// A piece of a page, from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// A heading; `level` is 1 to 6 and `id` is unique on its page.
    Heading { level: u8, id: String, text: Vec<Inline> },
    /// A paragraph.
    Paragraph { text: Vec<Inline> },
    /// A list; `start` is the first number of an ordered one.
    List { start: Option<u64>, items: Vec<Vec<Block>> },
    /// A quotation, drawn as a note.
    Quote { blocks: Vec<Block> },
    /// Code, shown as it stands.
    Code { language: String, text: String },
    /// A table; every row has as many cells as `head`.
    Table { head: Vec<Vec<Inline>>, rows: Vec<Vec<Vec<Inline>>> },
    /// A thematic break.
    Rule,
    /// A live figure: a scenario's world, run in the reader.
    Figure(Figure),
    /// A question, answered in place.
    Question(Question),
    /// Questions of a quiz, answered in place.
    Quiz(Excerpt),
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inline {
    /// Plain text.
    Text(String),
    /// Code within a line.
    Code(String),
    /// Emphasis.
    Emphasis(Vec<Inline>),
    /// Strong emphasis.
    Strong(Vec<Inline>),
    /// A link whose target was checked: `#…`, a relative path without `//`, or `https:`.
    Link { to: String, text: Vec<Inline> },
    /// A forced line break.
    Break,
}

/// A live figure: the picture and the why ladder of a scenario as it ships, with a button that runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The id of the scenario that is run.
    pub scenario: String,
    /// What the figure shows, in words.
    pub caption: String,
}

/// A question with options, each with its own feedback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Unique on its page; answers are remembered by it.
    pub id: String,
    /// The question itself.
    pub prompt: Vec<Block>,
    /// At least two, at least one of them right.
    pub options: Vec<Choice>,
    /// Shown after a right answer, or after giving up.
    pub explanation: Vec<Block>,
}

/// One option of a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The option's words.
    pub text: Vec<Inline>,
    /// Whether it is right to choose it.
    pub right: bool,
    /// Said when it was chosen.
    pub feedback: Vec<Inline>,
}

/// Questions of a quiz that stand in a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The quiz's id.
    pub quiz: String,
    /// The ids of the questions; empty for all of them.
    pub questions: Vec<String>,
}

//! The Markdown of a scenario or quiz: read from the text where a person may have changed it, or once and for all when
//! it is bundled. So whoever only plays needs no Markdown reader, whose tables are a tenth of the engine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

use pullpath_view::block::{Block, Inline};

use crate::Texts;
use crate::diagnostic::Diagnostic;
use crate::fields::Node;
use crate::markdown::{self, Directives, Place};

/// The name among a bundle's sources that holds the blocks of all its Markdown.
pub const FILE: &str = "prose.json";

/// Where the blocks of a Markdown text come from.
pub trait Prose: Debug {
    /// The blocks of a text that stands there. What is wrong with it goes to `found`.
    fn blocks(
        &self,
        file: &str,
        text: &str,
        place: Place,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<Block>;
}

/// From the text itself.
#[derive(Debug)]
pub struct Markdown;

/// From the text, and remembered for a bundle.
#[derive(Debug, Default)]
pub struct Recorder(RefCell<BTreeMap<String, Vec<Block>>>);

/// From a bundle.
#[derive(Debug)]
pub struct Bundled(BTreeMap<String, Vec<Block>>);

impl Prose for Markdown {
    fn blocks(
        &self,
        file: &str,
        text: &str,
        place: Place,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<Block> {
        markdown::read(file, text, place, Directives::Refused, found)
    }
}

impl Prose for Recorder {
    fn blocks(
        &self,
        file: &str,
        text: &str,
        place: Place,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<Block> {
        let blocks = Markdown.blocks(file, text, place, found);
        self.0.borrow_mut().insert(text.to_owned(), blocks.clone());
        blocks
    }
}

impl Recorder {
    /// What was read, as [`Bundled`] takes it.
    pub fn into_json(self) -> String {
        serde_json::to_string(&self.0.into_inner()).expect("blocks are JSON")
    }
}

impl Prose for Bundled {
    fn blocks(&self, _: &str, text: &str, _: Place, _: &mut Vec<Diagnostic>) -> Vec<Block> {
        // A text that was not bundled is shown as it is written.
        let plain = || vec![Block::Paragraph { text: vec![Inline::Text(text.to_owned())] }];
        self.0.get(text).cloned().unwrap_or_else(plain)
    }
}

impl Bundled {
    /// Takes the blocks out of a bundle's sources; none where it has none.
    pub fn take_from(sources: &mut Texts) -> Self {
        Self::of(&sources.remove(FILE).unwrap_or_default())
    }

    /// The blocks that a [`Recorder`] wrote; none where it did not.
    pub fn of(json: &str) -> Self {
        Self(serde_json::from_str(json).unwrap_or_default())
    }
}

/// The Markdown in a YAML value.
pub(crate) fn of(node: &Node<'_>, prose: &dyn Prose, found: &mut Vec<Diagnostic>) -> Vec<Block> {
    let Some(text) = node.text() else { return Vec::new() };
    prose.blocks(node.file(), text, Place::Within(node.span()), found)
}

//! The Markdown of a scenario or quiz: read from the text where a person may have changed it, or once and for all when
//! it is bundled. So whoever only plays needs no Markdown reader, whose tables are a tenth of the engine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use pullpath_view::block::{Block, Inline};
use pullpath_view::own;

use crate::Texts;
use crate::diagnostic::Diagnostic;
use crate::fields::Node;
use crate::markdown::{self, Directives, Place};
use crate::quiz::{seal, unseal};
use crate::scenario::questions::{self, Section};
use crate::scenario::{self, Posed};

/// The name among a bundle's sources that holds the blocks of all its Markdown.
pub const FILE: &str = "prose.json";
/// The one that holds the questions as they were read, sealed, where a scenario asks any.
pub const QUESTIONS: &str = "questions.sealed";
/// The one that then holds the scenario's file, sealed: the answers stand in it.
pub const SEALED: &str = "scenario.sealed";

/// Where the blocks of a Markdown text come from, and the questions of a scenario.
pub trait Prose: Debug {
    /// The blocks of a text that stands there. What is wrong with it goes to `found`.
    fn blocks(
        &self,
        file: &str,
        text: &str,
        place: Place,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<Block>;

    /// The questions, and a text that says all of them: a hash of it tells whether they have changed. Only whoever reads
    /// them from YAML links the reader of quizzes.
    fn questions(&self, section: &Section<'_>, found: &mut Vec<Diagnostic>)
    -> (Vec<Posed>, String);

    /// For reading the same again.
    fn keep(&self) -> Arc<dyn Prose + Send + Sync>;
}

/// From the text itself.
#[derive(Debug)]
pub struct Markdown;

/// From the text, and remembered for a bundle.
#[derive(Debug, Default)]
pub struct Recorder {
    blocks: RefCell<BTreeMap<String, Vec<Block>>>,
    questions: RefCell<String>,
}

/// From a bundle.
#[derive(Debug, Clone)]
pub struct Bundled {
    blocks: BTreeMap<String, Vec<Block>>,
    questions: String,
}

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

    fn questions(
        &self,
        section: &Section<'_>,
        found: &mut Vec<Diagnostic>,
    ) -> (Vec<Posed>, String) {
        let read = questions::read(section, self, found);
        let text = serde_json::to_string(&read).expect("questions have string keys only");
        (read, text)
    }

    fn keep(&self) -> Arc<dyn Prose + Send + Sync> {
        Arc::new(Self)
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
        self.blocks.borrow_mut().insert(text.to_owned(), blocks.clone());
        blocks
    }

    fn questions(
        &self,
        section: &Section<'_>,
        found: &mut Vec<Diagnostic>,
    ) -> (Vec<Posed>, String) {
        let (read, text) = Markdown.questions(section, found);
        self.questions.borrow_mut().clone_from(&text);
        (read, text)
    }

    fn keep(&self) -> Arc<dyn Prose + Send + Sync> {
        Arc::new(Markdown)
    }
}

impl Recorder {
    /// What was read, as [`Bundled`] takes it.
    pub fn into_json(self) -> String {
        serde_json::to_string(&self.blocks.into_inner()).expect("blocks are JSON")
    }

    /// Puts what was read into a scenario's sources, as [`Bundled::take_from`] takes it out. Whoever looks at a bundle in
    /// passing reads no answer.
    pub fn put_into(self, sources: &mut Texts) {
        let questions = self.questions.take();
        if !questions.is_empty() {
            sources.insert(QUESTIONS.to_owned(), seal(&questions));
            if let Some(text) = sources.remove(scenario::FILE) {
                sources.insert(SEALED.to_owned(), seal(&text));
            }
        }
        sources.insert(FILE.to_owned(), self.into_json());
    }
}

impl Prose for Bundled {
    fn blocks(&self, _: &str, text: &str, _: Place, _: &mut Vec<Diagnostic>) -> Vec<Block> {
        // A text that was not bundled is shown as it is written.
        let plain = || vec![Block::Paragraph { text: vec![Inline::Text(text.to_owned())] }];
        self.blocks.get(text).cloned().unwrap_or_else(plain)
    }

    fn questions(&self, _: &Section<'_>, _: &mut Vec<Diagnostic>) -> (Vec<Posed>, String) {
        let read = own::read(&self.questions).unwrap_or_default();
        (read, self.questions.clone())
    }

    fn keep(&self) -> Arc<dyn Prose + Send + Sync> {
        Arc::new(self.clone())
    }
}

/// The text of a scenario's file among the sources of a folder or a bundle.
pub fn scenario_text(sources: &Texts) -> Option<String> {
    let sealed = || unseal(sources.get(SEALED)?);
    sources.get(scenario::FILE).cloned().or_else(sealed)
}

impl Bundled {
    /// Takes what was read out of a bundle's sources; nothing where it has none.
    pub fn take_from(sources: &mut Texts) -> Self {
        let opened = |sealed: Option<String>| sealed.and_then(|sealed| unseal(&sealed));
        let questions = opened(sources.remove(QUESTIONS)).unwrap_or_default();
        if let Some(text) = opened(sources.remove(SEALED)) {
            sources.insert(scenario::FILE.to_owned(), text);
        }
        Self { questions, ..Self::of(&sources.remove(FILE).unwrap_or_default()) }
    }

    /// The blocks that a [`Recorder`] wrote; none where it did not.
    pub fn of(json: &str) -> Self {
        Self { blocks: own::read(json).unwrap_or_default(), questions: String::new() }
    }
}

/// The Markdown in a YAML value.
pub(crate) fn of(node: &Node<'_>, prose: &dyn Prose, found: &mut Vec<Diagnostic>) -> Vec<Block> {
    let Some(text) = node.text() else { return Vec::new() };
    let Some((written, drawn)) = node.written() else {
        return prose.blocks(node.file(), text, Place::Within(node.span()), found);
    };
    let mut blocks = prose.blocks(node.file(), written, Place::Within(node.span()), found);
    drawn.fill_blocks(&mut blocks);
    blocks
}

//! What only the author's machine can look at: links to other files, the schema that an editor goes by, and how long and how
//! heavy a text is to read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::{Diagnostic, did_you_mean};
use pullpath_lesson::lesson::{self, Lesson};
use pullpath_lesson::markdown::plain;
use pullpath_lesson::quiz::{Question, Quiz};
use pullpath_lesson::scenario::{FILE, Scenario};
use pullpath_lesson::schema::{self, Format};
use pullpath_view::block::{Block, Inline};

use crate::files;

/// How much somebody reads in a minute who wants to understand it.
const WORDS_A_MINUTE: usize = 180;
/// Sentences that are longer on average than this are hard to follow on a screen.
const LONG_SENTENCE: usize = 24;
/// Fewer sentences than this have no average worth telling.
const FEW_SENTENCES: usize = 4;

/// Of a scenario that could be read.
pub(super) fn scenario(scenario: &Scenario, folder: &Path, texts: &Texts) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, blocks) in
        [("brief.md", scenario.brief()), ("explanation.md", scenario.explanation())]
    {
        let Some(text) = texts.get(name) else { continue };
        let page = Page { file: name, text, blocks, folder };
        found.extend(page.dead_links());
        found.extend(page.long_sentences());
    }
    let read = words(scenario.brief())
        + words(scenario.explanation())
        + scenario
            .steps()
            .iter()
            .map(|step| words(&step.task) + words(&step.explanation))
            .sum::<usize>()
        + scenario.hints().map(|hint| words(&hint.text)).sum::<usize>()
        + scenario.questions().iter().map(|posed| words_of(&posed.question)).sum::<usize>();
    let text = texts.get(FILE).map_or("", String::as_str);
    found.extend(too_little_time(FILE, text, read, scenario.minutes()));
    found.extend(stale_schema(Format::Scenario, folder, FILE, text));
    found
}

/// Of a lesson; `name` is what its file is called.
pub(super) fn lesson(lesson: &Lesson, file: &Path, name: &str, text: &str) -> Vec<Diagnostic> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let page = Page { file: name, text, blocks: &lesson.blocks, folder };
    let mut found = page.dead_links();
    found.extend(page.long_sentences());
    found.extend(too_little_time(name, text, words(&lesson.blocks), lesson.minutes));
    found
}

/// Of a quiz that could be read.
pub(super) fn quiz(quiz: &Quiz, file: &Path, name: &str, text: &str) -> Vec<Diagnostic> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let read = quiz.questions().iter().map(words_of).sum();
    let mut found = Vec::new();
    found.extend(too_little_time(name, text, read, quiz.minutes()));
    found.extend(stale_schema(Format::Quiz, folder, name, text));
    found
}

/// A page of Markdown.
struct Page<'a> {
    file: &'a str,
    text: &'a str,
    blocks: &'a [Block],
    folder: &'a Path,
}

impl Page<'_> {
    /// Links into this site that lead nowhere. What lies on other sites nobody asks for here.
    fn dead_links(&self) -> Vec<Diagnostic> {
        let mut targets = BTreeSet::new();
        links(self.blocks, &mut targets);
        let own: Vec<String> = headings(self.blocks);
        targets.iter().filter_map(|target| self.dead(target, &own)).collect()
    }

    fn dead(&self, target: &str, own: &[String]) -> Option<Diagnostic> {
        if target.starts_with("https:") || target.starts_with("HTTPS:") {
            return None;
        }
        let (path, heading) = target.split_once('#').unwrap_or((target, ""));
        let error = |message: String, hint: String| {
            let at = self.text.find(target).unwrap_or(0);
            let span = at..at + target.len();
            Some(Diagnostic::error("dead-link", self.file, span, message).hint(hint))
        };
        // `#/learn/…` is a page of the app.
        if heading.starts_with('/') {
            return None;
        }
        let path = path.split('?').next().unwrap_or_default();
        let other;
        let known: &[String] = if path.is_empty() {
            own
        } else {
            let file = self.folder.join(path);
            let Ok(Some(text)) = files::read_text(&file) else {
                let hint = format!("write the path from `{}` to a file that is there", self.file);
                return error(format!("there is no file `{path}`"), hint);
            };
            other = lesson::read(path, &files::stem_of(&file), &text)
                .value
                .map(|lesson| headings(&lesson.blocks))
                .unwrap_or_default();
            &other
        };
        if heading.is_empty() || known.iter().any(|id| id == heading) {
            return None;
        }
        let near = did_you_mean(heading, known.iter().map(String::as_str));
        let hint =
            near.unwrap_or_else(|| "write a heading's words in lower case, with hyphens".into());
        error(format!("there is no heading `#{heading}`"), hint)
    }

    fn long_sentences(&self) -> Option<Diagnostic> {
        let (mut sentences, mut words) = (0, 0);
        let mut paragraphs = Vec::new();
        texts_of(self.blocks, &mut paragraphs);
        for paragraph in &paragraphs {
            let ends = |word: &&str| word.ends_with(['.', '!', '?', ':']) || word.ends_with(".)");
            let all: Vec<&str> = paragraph.split_whitespace().collect();
            let ended = all.iter().filter(|word| ends(word)).count();
            sentences += ended.max(usize::from(!all.is_empty()));
            words += all.len();
        }
        let average = words / sentences.max(1);
        if sentences < FEW_SENTENCES || average <= LONG_SENTENCE {
            return None;
        }
        let message = format!("its sentences have {average} words on average");
        let note = Diagnostic::note("long-sentences", self.file, 0..0, message);
        Some(
            note.hint(format!(
                "below {LONG_SENTENCE} they read well on a screen: split the longest"
            )),
        )
    }
}

/// The minutes that an author promises, against those that reading alone takes.
fn too_little_time(file: &str, text: &str, words: usize, minutes: u32) -> Option<Diagnostic> {
    let needed = words.div_ceil(WORDS_A_MINUTE);
    if needed <= minutes as usize {
        return None;
    }
    let at = text.find("\nminutes:").map_or(0, |at| at + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let message = format!("reading alone takes {needed} minutes: there are {words} words");
    let note = Diagnostic::note("minutes-too-few", file, at..end, message);
    Some(note.hint("raise `minutes`, or say it in fewer words"))
}

/// A schema that another version of the program wrote lets an editor say other things than `check`.
fn stale_schema(format: Format, folder: &Path, file: &str, text: &str) -> Option<Diagnostic> {
    const MARK: &str = "# yaml-language-server: $schema=";
    let at = text.find(MARK)?;
    let path = text[at + MARK.len()..].lines().next()?.trim();
    if path.contains("://") {
        return None;
    }
    let written = folder.join(path);
    let fresh = fs::read_to_string(&written).ok()? == schema::text(format);
    let message = format!("`{path}` is not the schema of this version");
    let span = at..at + MARK.len() + path.len();
    let note = Diagnostic::note("stale-schema", file, span, message);
    (!fresh).then(|| note.hint("write it anew: `pullpath schema --out DIR`"))
}

fn words_of(question: &Question) -> usize {
    words(&question.prompt) + words(&question.explanation)
}

fn words(blocks: &[Block]) -> usize {
    let mut texts = Vec::new();
    texts_of(blocks, &mut texts);
    texts.iter().map(|text| text.split_whitespace().count()).sum()
}

/// The running text of blocks, piece by piece. Code is looked at, not read.
fn texts_of(blocks: &[Block], texts: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Heading { text, .. } | Block::Paragraph { text } => texts.push(plain(text)),
            Block::List { items, .. } => items.iter().for_each(|item| texts_of(item, texts)),
            Block::Quote { blocks } => texts_of(blocks, texts),
            Block::Table { head, rows } => {
                texts.extend(head.iter().chain(rows.iter().flatten()).map(|cell| plain(cell)));
            }
            Block::Question(question) => {
                texts_of(&question.prompt, texts);
                texts_of(&question.explanation, texts);
            }
            Block::Figure(figure) => texts.push(figure.caption.clone()),
            // The questions of a quiz are read in its own file.
            Block::Code { .. } | Block::Rule | Block::Quiz(_) => {}
        }
    }
}

fn headings(blocks: &[Block]) -> Vec<String> {
    let ids = blocks.iter().filter_map(|block| match block {
        Block::Heading { id, .. } => Some(id.clone()),
        _ => None,
    });
    ids.collect()
}

fn links(blocks: &[Block], found: &mut BTreeSet<String>) {
    for block in blocks {
        match block {
            Block::Heading { text, .. } | Block::Paragraph { text } => links_in(text, found),
            Block::List { items, .. } => items.iter().for_each(|item| links(item, found)),
            Block::Quote { blocks } => links(blocks, found),
            Block::Table { head, rows } => {
                head.iter().chain(rows.iter().flatten()).for_each(|cell| links_in(cell, found));
            }
            Block::Question(question) => {
                links(&question.prompt, found);
                links(&question.explanation, found);
            }
            Block::Code { .. } | Block::Rule | Block::Figure(_) | Block::Quiz(_) => {}
        }
    }
}

fn links_in(line: &[Inline], found: &mut BTreeSet<String>) {
    for piece in line {
        match piece {
            Inline::Link { to, text } => {
                found.insert(to.clone());
                links_in(text, found);
            }
            Inline::Emphasis(inner) | Inline::Strong(inner) => links_in(inner, found),
            Inline::Text(_) | Inline::Code(_) | Inline::Break => {}
        }
    }
}

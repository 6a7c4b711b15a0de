//! A lesson: a Markdown file with a head of YAML between two lines of `---`.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_view::block::Block;

use crate::diagnostic::{Checked, Diagnostic, did_you_mean};
use crate::fields::{Node, Sink};
use crate::intake::{self, Profile};
use crate::markdown::{self, Directives, Place};
use crate::quiz::Quiz;
use crate::source::Span;

/// A lesson that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The file's name without `.md`.
    pub id: String,
    /// A few words.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// How long it takes, about.
    pub minutes: u32,
    /// The group it stands in.
    pub topic: String,
    /// Raised by the author when old answers should no longer count.
    pub version: u32,
    /// Prose, figures and questions.
    pub blocks: Vec<Block>,
}

/// What there is for lessons to show and to ask.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The ids of scenarios.
    pub scenarios: BTreeSet<String>,
    /// The ids of quizzes with those of their questions; without, where a quiz cannot be read.
    pub quizzes: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Known {
    /// Scenarios, and quizzes that were read.
    pub fn of<'a>(scenarios: impl Iterator<Item = &'a str>, quizzes: &[Quiz]) -> Self {
        let ids = |quiz: &Quiz| quiz.questions().iter().map(|one| one.id.clone()).collect();
        Self {
            scenarios: scenarios.map(str::to_owned).collect(),
            quizzes: quizzes.iter().map(|quiz| (quiz.id().to_owned(), Some(ids(quiz)))).collect(),
        }
    }
}

/// The scenarios that a lesson shows, and the quizzes and questions that it asks, which are not there.
pub fn strangers(file: &str, text: &str, blocks: &[Block], known: &Known) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let mut tell =
        |fence: &str, word: &str, what: &str, code, known: &mut dyn Iterator<Item = &str>| {
            let span = within_fence(text, fence, word);
            let hint = did_you_mean(word, known)
                .unwrap_or_else(|| format!("write the name of a {what} that is there"));
            let message = format!("there is no {what} `{word}`");
            told.push(Diagnostic::error(code, file, span, message).hint(hint));
        };
    for block in blocks {
        match block {
            Block::Figure(figure) if !known.scenarios.contains(&figure.scenario) => {
                let mut ids = known.scenarios.iter().map(String::as_str);
                tell("figure", &figure.scenario, "scenario", "unknown-scenario", &mut ids);
            }
            Block::Quiz(excerpt) => match known.quizzes.get(&excerpt.quiz) {
                None => {
                    let mut ids = known.quizzes.keys().map(String::as_str);
                    tell("quiz", &excerpt.quiz, "quiz", "unknown-quiz", &mut ids);
                }
                // It is told in the quiz's own file.
                Some(None) => {}
                Some(Some(questions)) => {
                    for id in excerpt.questions.iter().filter(|id| !questions.contains(*id)) {
                        let mut ids = questions.iter().map(String::as_str);
                        tell("quiz", id, "question", "unknown-question", &mut ids);
                    }
                }
            },
            _ => {}
        }
    }
    told
}

/// Where a word stands in the fenced blocks of a kind; a lesson may be called like the quiz that it asks.
fn within_fence(text: &str, fence: &str, word: &str) -> Span {
    let opening = format!("```{fence}");
    let mut at = 0;
    while let Some(found) = text[at..].find(&opening) {
        let start = at + found + opening.len();
        let end = text[start..].find("```").map_or(text.len(), |end| start + end);
        if let Some(place) = text[start..end].find(word) {
            return start + place..start + place + word.len();
        }
        at = end;
    }
    0..0
}

/// Reads a lesson. `name` is the file's name without folder and `.md`.
pub fn read(file: &str, name: &str, text: &str) -> Checked<Lesson> {
    let Some((head, head_at, body_at)) = split(text) else {
        let diagnostic = Diagnostic::error("no-front-matter", file, 0..0, "the lesson has no head")
            .hint("begin with a line `---`, then `id:`, `title:`, `summary:`, `minutes:`, `topic:`, then `---`");
        return Checked { value: None, diagnostics: vec![diagnostic] };
    };
    let read = intake::read(file, head, Profile::Authored);
    let mut diagnostics: Vec<_> =
        read.diagnostics.into_iter().map(|diagnostic| shift(diagnostic, head_at)).collect();
    let body = &text[body_at..];
    let blocks =
        markdown::read(file, body, Place::From(body_at), Directives::Allowed, &mut diagnostics);
    let lesson = match read.value.as_deref() {
        Some([document]) => {
            let sink = Sink::new(file, head_at);
            let lesson = lesson(&Node::root(&sink, document), name, blocks);
            diagnostics.extend(sink.into_found());
            lesson
        }
        Some(_) => {
            let empty =
                Diagnostic::error("no-front-matter", file, 0..3, "the lesson's head is empty");
            diagnostics.push(
                empty.hint("write `id:`, `title:`, `summary:`, `minutes:` and `topic:` in it"),
            );
            None
        }
        None => None,
    };
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    Checked { value: lesson, diagnostics }
}

fn shift(diagnostic: Diagnostic, by: usize) -> Diagnostic {
    let span = diagnostic.span.start + by..diagnostic.span.end + by;
    Diagnostic { span, ..diagnostic }
}

/// The head, where it starts, and where the body starts.
fn split(text: &str) -> Option<(&str, usize, usize)> {
    let first = text.find('\n')?;
    if text[..first].trim_end() != "---" {
        return None;
    }
    let head_at = first + 1;
    let mut at = head_at;
    for line in text[head_at..].split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((&text[head_at..at], head_at, at + line.len()));
        }
        at += line.len();
    }
    None
}

fn lesson(node: &Node<'_>, name: &str, blocks: Vec<Block>) -> Option<Lesson> {
    let fields = node.map(&["id", "title", "summary", "minutes", "topic", "version"])?;
    let id = fields.need("id", "write the file's name without `.md`");
    let title = fields.need("title", "write a few words");
    let summary = fields.need("summary", "write a sentence or two");
    let minutes = fields.need("minutes", "write about how many minutes it takes");
    let topic = fields.need("topic", "write the group it stands in, for example `Attaching`");
    let version = fields.get("version").map_or(Some(1), |version| version.whole(1, 1_000_000));
    if let Some(id) = &id
        && id.text().is_some_and(|text| text != name)
    {
        id.error(
            "id-mismatch",
            "the id differs from the file's name",
            format!("write `id: {name}`"),
        );
    }
    let text = |node: Option<Node<'_>>| Some(node?.text()?.to_owned());
    let (id, title, summary, topic) = (text(id), text(title), text(summary), text(topic));
    let minutes = minutes.and_then(|minutes| minutes.whole(1, 600));
    Some(Lesson {
        id: id?,
        title: title?,
        summary: summary?,
        minutes: minutes? as u32,
        topic: topic?,
        version: version? as u32,
        blocks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_reads() {
        let text = "---\nid: a\ntitle: T\nsummary: S.\nminutes: 5\ntopic: P\n---\n# H\n";
        let checked = read("lessons/a.md", "a", text);
        assert_eq!(checked.diagnostics, []);
        assert_eq!(checked.value.unwrap().blocks.len(), 1);
    }

    #[test]
    fn problems_of_head_and_body_have_their_places() {
        #[track_caller]
        fn check(text: &str, want: &[(&str, &str)]) {
            let found = read("lessons/a.md", "a", text).diagnostics;
            let got: Vec<_> = found.iter().map(|d| (d.code, &text[d.span.clone()])).collect();
            assert_eq!(got, want);
        }
        check("# H\n", &[("no-front-matter", "")]);
        check("---\n---\n", &[("no-front-matter", "---")]);
        check(
            "---\nid: b\ntitle: T\nsummary: S.\nminutes: x\ntopik: P\n---\n[a](http://b)\n",
            &[
                ("missing-field", ""),
                ("id-mismatch", "b"),
                ("bad-number", "x"),
                ("unknown-field", "topik"),
                ("bad-link", "[a](http://b)"),
            ],
        );
    }
}

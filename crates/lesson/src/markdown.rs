//! Markdown to blocks: data that can be drawn, in which nothing can be injected.
//!
//! No HTML is ever made. Raw HTML stays visible as text; a link whose target is not plainly harmless loses the target;
//! pictures are refused, because fetching one tells a stranger who reads this.

use std::collections::BTreeSet;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use pullpath_view::block::{Block, Choice, Excerpt, Figure, Inline, Question};

use crate::diagnostic::Diagnostic;
use crate::fields::{Node, Sink, short};
use crate::intake::{self, Profile};
use crate::source::Span;

/// Where a Markdown text stands, so that its problems can be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It is the file from this byte on.
    From(usize),
    /// It is a value of a YAML file; all its problems are told there.
    Within(Span),
}

/// What a Markdown text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directives {
    /// Figures, questions and quizzes, as in lessons.
    Allowed,
    /// Prose only.
    Refused,
}

/// Nothing nests deeper.
const MOST_DEPTH: usize = 16;
/// No text is longer.
const MOST_BYTES: usize = intake::MOST_BYTES;

/// Reads a Markdown text.
pub fn read(
    file: &str,
    text: &str,
    place: Place,
    directives: Directives,
    found: &mut Vec<Diagnostic>,
) -> Vec<Block> {
    let mut reader = Reader {
        file,
        text,
        place,
        directives,
        found,
        events: Events { inner: Box::new(std::iter::empty()), peeked: None },
        ids: BTreeSet::new(),
        questions: BTreeSet::new(),
    };
    if text.len() > MOST_BYTES {
        let message =
            format!("the text has {} KiB, more than {}", text.len() / 1024, MOST_BYTES / 1024);
        reader.error("too-large", 0..0, message, "split it");
        return Vec::new();
    }
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
    reader.events.inner = Box::new(events);
    reader.blocks(0)
}

/// Where a link may lead: a place on the page, a file beside it, or `https:`. White space and control characters are
/// taken out first, because browsers skip them when they look for a scheme.
pub fn link_target(target: &str) -> Option<String> {
    let clean: String = target.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    if clean.starts_with('#') {
        return Some(clean);
    }
    if clean.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")) {
        return Some(clean);
    }
    let path = clean.split(['?', '#']).next().unwrap_or_default();
    let relative = !path.is_empty()
        && !path.starts_with('/')
        && !path.contains("//")
        && !path.contains(['\\', ':']);
    relative.then_some(clean)
}

/// Changes every piece of text and code in the blocks.
pub fn map_text(blocks: &mut [Block], change: &dyn Fn(&str) -> String) {
    for block in blocks {
        match block {
            Block::Heading { text, .. } | Block::Paragraph { text } => map_inline(text, change),
            Block::List { items, .. } => {
                for item in items {
                    map_text(item, change);
                }
            }
            Block::Quote { blocks } => map_text(blocks, change),
            Block::Code { text, .. } => *text = change(text),
            Block::Table { head, rows } => {
                for cell in head.iter_mut().chain(rows.iter_mut().flatten()) {
                    map_inline(cell, change);
                }
            }
            Block::Rule | Block::Figure(_) | Block::Question(_) | Block::Quiz(_) => {}
        }
    }
}

fn map_inline(line: &mut [Inline], change: &dyn Fn(&str) -> String) {
    for inline in line {
        match inline {
            Inline::Text(text) | Inline::Code(text) => *text = change(text),
            Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Link { text: inner, .. } => {
                map_inline(inner, change);
            }
            Inline::Break => {}
        }
    }
}

/// The words of a line without their dress.
pub fn plain(line: &[Inline]) -> String {
    let piece = |inline: &Inline| match inline {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Link { text: inner, .. } => {
            plain(inner)
        }
        Inline::Break => " ".to_owned(),
    };
    line.iter().map(piece).collect()
}

/// Blocks as lines of text: paragraphs are what feedback is made of; lists and code keep their words.
pub fn plain_lines(blocks: &[Block]) -> String {
    let lines = blocks.iter().map(|block| match block {
        Block::Heading { text, .. } | Block::Paragraph { text } => plain(text),
        Block::List { items, .. } => items
            .iter()
            .map(|item| format!("- {}", plain_lines(item)))
            .collect::<Vec<_>>()
            .join("\n"),
        Block::Quote { blocks } => plain_lines(blocks),
        Block::Code { text, .. } => text.trim_end().to_owned(),
        Block::Table { rows, .. } => {
            let row = |row: &Vec<Vec<Inline>>| {
                row.iter().map(|cell| plain(cell)).collect::<Vec<_>>().join("  ")
            };
            rows.iter().map(row).collect::<Vec<_>>().join("\n")
        }
        Block::Rule | Block::Figure(_) | Block::Question(_) | Block::Quiz(_) => String::new(),
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

type Spanned<'t> = (Event<'t>, Range<usize>);

struct Events<'t> {
    inner: Box<dyn Iterator<Item = Spanned<'t>> + 't>,
    peeked: Option<Spanned<'t>>,
}

impl<'t> Events<'t> {
    fn peek(&mut self) -> Option<&Spanned<'t>> {
        if self.peeked.is_none() {
            self.peeked = self.inner.next();
        }
        self.peeked.as_ref()
    }

    fn next(&mut self) -> Option<Spanned<'t>> {
        self.peeked.take().or_else(|| self.inner.next())
    }
}

struct Reader<'t, 'f> {
    file: &'t str,
    text: &'t str,
    place: Place,
    directives: Directives,
    found: &'f mut Vec<Diagnostic>,
    events: Events<'t>,
    ids: BTreeSet<String>,
    questions: BTreeSet<String>,
}

impl Reader<'_, '_> {
    fn span(&self, span: Range<usize>) -> Span {
        match &self.place {
            Place::From(base) => span.start + base..span.end + base,
            Place::Within(whole) => whole.clone(),
        }
    }

    fn error(&mut self, code: &'static str, span: Range<usize>, message: String, hint: &str) {
        let span = self.span(span);
        self.found.push(Diagnostic::error(code, self.file, span, message).hint(hint));
    }

    /// Blocks up to the end of what holds them. Lines of tight list items stand there without a paragraph.
    fn blocks(&mut self, depth: usize) -> Vec<Block> {
        let mut blocks = Vec::new();
        while let Some((event, span)) = self.events.peek().cloned() {
            match event {
                Event::End(_) => break,
                Event::Start(Tag::Paragraph) => {
                    self.events.next();
                    let text = self.line(depth + 1);
                    blocks.push(Block::Paragraph { text });
                    self.events.next();
                }
                Event::Start(Tag::Heading { level, .. }) => {
                    self.events.next();
                    let text = self.line(depth + 1);
                    let id = self.heading_id(&plain(&text));
                    blocks.push(Block::Heading { level: level_number(level), id, text });
                    self.events.next();
                }
                Event::Start(Tag::BlockQuote(_)) => {
                    self.events.next();
                    if self.may_nest(depth, &span) {
                        let inner = self.blocks(depth + 1);
                        blocks.push(Block::Quote { blocks: inner });
                    }
                    self.events.next();
                }
                Event::Start(Tag::List(start)) => {
                    self.events.next();
                    if self.may_nest(depth, &span) {
                        blocks.push(Block::List { start, items: self.items(depth + 1) });
                    }
                    self.events.next();
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    self.events.next();
                    blocks.extend(self.code(&kind, &span));
                }
                Event::Start(Tag::HtmlBlock) => {
                    self.events.next();
                    blocks.push(self.html_block(&span));
                }
                Event::Start(Tag::Table(_)) => {
                    self.events.next();
                    blocks.push(self.table(depth + 1));
                }
                Event::Rule => {
                    self.events.next();
                    blocks.push(Block::Rule);
                }
                _ => {
                    let text = self.line(depth + 1);
                    if text.is_empty() {
                        // Nothing that we know begins here: go on behind it.
                        self.events.next();
                    } else {
                        blocks.push(Block::Paragraph { text });
                    }
                }
            }
        }
        blocks
    }

    /// Too deep a block is told and skipped up to its end.
    fn may_nest(&mut self, depth: usize, span: &Range<usize>) -> bool {
        if depth < MOST_DEPTH {
            return true;
        }
        let message = format!("lists and quotations are nested more than {MOST_DEPTH} deep");
        self.error("too-deep", span.start..span.start, message, "write fewer levels");
        self.skip();
        false
    }

    fn skip(&mut self) {
        let mut open = 0_usize;
        while let Some((event, _)) = self.events.peek() {
            match event {
                Event::Start(_) => open += 1,
                Event::End(_) if open == 0 => return,
                Event::End(_) => open -= 1,
                _ => {}
            }
            self.events.next();
        }
    }

    fn items(&mut self, depth: usize) -> Vec<Vec<Block>> {
        let mut items = Vec::new();
        while let Some((Event::Start(Tag::Item), _)) = self.events.peek() {
            self.events.next();
            items.push(self.blocks(depth));
            self.events.next();
        }
        items
    }

    fn table(&mut self, depth: usize) -> Block {
        let (mut head, mut rows) = (Vec::new(), Vec::new());
        while let Some((event, _)) = self.events.next() {
            match event {
                Event::Start(Tag::TableHead) => head = self.cells(depth),
                Event::Start(Tag::TableRow) => {
                    let mut row = self.cells(depth);
                    row.resize(head.len(), Vec::new());
                    rows.push(row);
                }
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        Block::Table { head, rows }
    }

    fn cells(&mut self, depth: usize) -> Vec<Vec<Inline>> {
        let mut cells = Vec::new();
        while let Some((Event::Start(Tag::TableCell), _)) = self.events.peek() {
            self.events.next();
            cells.push(self.line(depth));
            self.events.next();
        }
        self.events.next();
        cells
    }

    /// Inlines up to something that is none.
    fn line(&mut self, depth: usize) -> Vec<Inline> {
        let mut line = Vec::new();
        while let Some((event, span)) = self.events.peek().cloned() {
            match event {
                Event::Text(text) => push_text(&mut line, &text),
                Event::Code(text) => line.push(Inline::Code(text.into_string())),
                Event::SoftBreak => push_text(&mut line, " "),
                Event::HardBreak => line.push(Inline::Break),
                Event::InlineHtml(html) | Event::Html(html) => {
                    self.raw_html(&span);
                    push_text(&mut line, &html);
                }
                Event::Start(
                    tag @ (Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. }),
                ) => {
                    self.events.next();
                    self.dressed(&tag, &span, depth, &mut line);
                }
                _ => break,
            }
            self.events.next();
        }
        line
    }

    /// Emphasis, a link or a picture; its end is left for the caller to take.
    fn dressed(
        &mut self,
        tag: &Tag<'_>,
        span: &Range<usize>,
        depth: usize,
        line: &mut Vec<Inline>,
    ) {
        if depth > 2 * MOST_DEPTH {
            let message = format!("text is dressed more than {MOST_DEPTH} deep");
            self.error("too-deep", span.start..span.start, message, "write fewer levels");
            return self.skip();
        }
        let mut inner = self.line(depth + 1);
        match tag {
            Tag::Emphasis => line.push(Inline::Emphasis(inner)),
            Tag::Strong => line.push(Inline::Strong(inner)),
            Tag::Link { dest_url, .. } => match link_target(dest_url) {
                Some(to) => line.push(Inline::Link { to, text: inner }),
                None => {
                    let message = format!("a link may not lead to `{}`", short(dest_url));
                    let hint = "write `https://…`, a path beside this file, or `#heading`";
                    self.error("bad-link", span.clone(), message, hint);
                    line.append(&mut inner);
                }
            },
            _ => {
                let hint = "draw it as a figure, or say it in words";
                self.error(
                    "image-refused",
                    span.clone(),
                    "pictures are not supported".to_owned(),
                    hint,
                );
                line.append(&mut inner);
            }
        }
    }

    fn raw_html(&mut self, span: &Range<usize>) {
        let span = self.span(span.clone());
        let refused = Diagnostic::error("raw-html", self.file, span, "HTML is refused");
        self.found.push(refused.hint("write Markdown, or put it between backticks"));
    }

    fn html_block(&mut self, span: &Range<usize>) -> Block {
        self.raw_html(span);
        let mut html = String::new();
        while let Some((event, _)) = self.events.next() {
            match event {
                Event::Html(text) | Event::InlineHtml(text) | Event::Text(text) => {
                    html.push_str(&text);
                }
                Event::End(_) => break,
                _ => {}
            }
        }
        Block::Paragraph { text: vec![Inline::Text(html.trim_end().to_owned())] }
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>, span: &Range<usize>) -> Option<Block> {
        let mut text = String::new();
        let mut start = None;
        while let Some((event, at)) = self.events.next() {
            match event {
                Event::Text(piece) => {
                    start = start.or(Some(at.start));
                    text.push_str(&piece);
                }
                Event::End(_) => break,
                _ => {}
            }
        }
        let info = match kind {
            CodeBlockKind::Fenced(info) => {
                info.split_whitespace().next().unwrap_or_default().to_owned()
            }
            CodeBlockKind::Indented => String::new(),
        };
        if !matches!(info.as_str(), "figure" | "question" | "quiz") {
            return Some(Block::Code { language: info, text });
        }
        let fence =
            span.start..span.start + self.text[span.clone()].find('\n').unwrap_or(span.len());
        if self.directives == Directives::Refused {
            let message = format!("a {info} cannot stand here");
            self.error(
                "directive-refused",
                fence,
                message,
                "figures, questions and quizzes belong into lessons",
            );
            return None;
        }
        self.directive(&info, &text, start, fence)
    }

    fn directive(
        &mut self,
        info: &str,
        text: &str,
        start: Option<usize>,
        fence: Span,
    ) -> Option<Block> {
        // In a list the lines are indented, and the text is not a stretch of the file.
        let start = start.filter(|start| self.text[*start..].starts_with(text));
        let Some(start) = start else {
            let message = format!("a {info} is empty, or indented");
            self.error(
                "bad-directive",
                fence,
                message,
                "let it begin in the first column, with its YAML below",
            );
            return None;
        };
        let base = self.span(start..start).start;
        let read = intake::read(self.file, text, Profile::Authored);
        let shift = |diagnostic: Diagnostic| {
            let span = diagnostic.span.start + base..diagnostic.span.end + base;
            Diagnostic { span, ..diagnostic }
        };
        self.found.extend(read.diagnostics.into_iter().map(shift));
        let document = match &read.value?[..] {
            [document] => document.clone(),
            _ => {
                let message = format!("a {info} is one YAML map");
                self.error("bad-directive", fence, message, "write its fields, without `---`");
                return None;
            }
        };
        let sink = Sink::new(self.file, base);
        let node = Node::root(&sink, &document);
        let block = match info {
            "figure" => figure(&node).map(Block::Figure),
            "quiz" => excerpt(&node).map(Block::Quiz),
            _ => self.question(&node).map(Block::Question),
        };
        self.found.extend(sink.into_found());
        block
    }

    fn question(&mut self, node: &Node<'_>) -> Option<Question> {
        let fields = node.map(&["id", "prompt", "options", "explanation"])?;
        let id = fields.need("id", "write a short name, for example `id: first-secret`");
        let prompt = fields.need("prompt", "write the question");
        let options = fields.need("options", "write at least two, each with `text` and `feedback`");
        let explanation = fields.need("explanation", "write why the right answer is right");
        let id = id.and_then(|id| {
            let text = id.text()?;
            if !self.questions.insert(text.to_owned()) {
                id.error(
                    "duplicate-id",
                    format!("the question `{}` is there twice", short(text)),
                    "choose another id",
                );
            }
            Some(text.to_owned())
        });
        let prompt = prompt.and_then(|prompt| self.prose(&prompt));
        let explanation = explanation.and_then(|explanation| self.prose(&explanation));
        let list = options?;
        let options: Vec<_> = list.list().iter().map(|option| self.option(option)).collect();
        if options.len() < 2 || !options.iter().flatten().any(|option| option.right) {
            list.error(
                "bad-options",
                "a question needs two options, one of them right",
                "write `right: true` at one",
            );
        }
        let options = options.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Question { id: id?, prompt: prompt?, options, explanation: explanation? })
    }

    fn option(&mut self, node: &Node<'_>) -> Option<Choice> {
        let fields = node.map(&["text", "right", "feedback"])?;
        let text = fields.need("text", "write the option's words");
        let feedback = fields.need("feedback", "write what to say to someone who chose it");
        let right = fields.get("right").is_some_and(|right| right.truth() == Some(true));
        let text = text.and_then(|text| self.one_line(&text));
        let feedback = feedback.and_then(|feedback| self.one_line(&feedback));
        Some(Choice { text: text?, right, feedback: feedback? })
    }

    fn prose(&mut self, node: &Node<'_>) -> Option<Vec<Block>> {
        Some(prose(node, self.found))
    }

    fn one_line(&mut self, node: &Node<'_>) -> Option<Vec<Inline>> {
        one_line(node, self.found)
    }

    /// Lower-case words of the heading joined by hyphens, and a number when that is taken.
    fn heading_id(&mut self, text: &str) -> String {
        let lower = text.to_lowercase();
        let words: Vec<_> =
            lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let slug = if words.is_empty() { "section".to_owned() } else { words.join("-") };
        let mut id = slug.clone();
        let mut number = 2;
        while !self.ids.insert(id.clone()) {
            id = format!("{slug}-{number}");
            number += 1;
        }
        id
    }
}

/// The Markdown in a YAML value.
pub(crate) fn prose(node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Vec<Block> {
    let Some(text) = node.text() else { return Vec::new() };
    read(node.file(), text, Place::Within(node.span()), Directives::Refused, found)
}

/// The Markdown in a YAML value that is one paragraph.
pub(crate) fn one_line(node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<Vec<Inline>> {
    let text = node.text()?;
    let blocks = read(node.file(), text, Place::Within(node.span()), Directives::Refused, found);
    if let [Block::Paragraph { text }] = &blocks[..] {
        return Some(text.clone());
    }
    node.error("not-one-line", "this should be one paragraph", "say it in a sentence or two");
    None
}

/// Questions of a quiz. Whether the quiz has them is told where all content is at hand.
fn excerpt(node: &Node<'_>) -> Option<Excerpt> {
    let fields = node.map(&["quiz", "questions"])?;
    let quiz = fields.need("quiz", "write the name of a quiz")?.text()?.to_owned();
    let questions = fields.get("questions").map(|node| node.list()).unwrap_or_default();
    let questions = questions.iter().filter_map(|node| Some(node.text()?.to_owned())).collect();
    Some(Excerpt { quiz, questions })
}

fn figure(node: &Node<'_>) -> Option<Figure> {
    let fields = node.map(&["scenario", "caption"])?;
    let scenario = fields.need("scenario", "write the id of a scenario");
    let caption = fields.need("caption", "write what the figure shows, in words");
    let (scenario, caption) =
        (scenario.and_then(|node| node.text()), caption.and_then(|node| node.text()));
    Some(Figure { scenario: scenario?.to_owned(), caption: caption?.to_owned() })
}

fn push_text(line: &mut Vec<Inline>, text: &str) {
    if let Some(Inline::Text(last)) = line.last_mut() {
        last.push_str(text);
    } else {
        line.push(Inline::Text(text.to_owned()));
    }
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_lesson(text: &str) -> (Vec<Block>, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let blocks = read("l.md", text, Place::From(0), Directives::Allowed, &mut found);
        (blocks, found)
    }

    /// Everything in the blocks that a page would fetch or follow.
    fn targets(blocks: &[Block]) -> Vec<String> {
        let json = serde_json::to_value(blocks).unwrap();
        let mut found = Vec::new();
        fn walk(value: &serde_json::Value, found: &mut Vec<String>) {
            match value {
                serde_json::Value::Object(map) => {
                    found.extend(map.get("to").map(|to| to.as_str().unwrap().to_owned()));
                    map.values().for_each(|value| walk(value, found));
                }
                serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
                _ => {}
            }
        }
        walk(&json, &mut found);
        found
    }

    #[test]
    fn hostile_markdown_comes_out_inert() {
        for (text, code) in [
            ("<script>alert(1)</script>", "raw-html"),
            ("hi <img src=x onerror=alert(1)>", "raw-html"),
            ("[x](javascript:alert(1))", "bad-link"),
            ("[x](JaVaScRiPt:alert(1))", "bad-link"),
            ("[x](java&#10;script:alert(1))", "bad-link"),
            ("![x](data:text/html;base64,AAA)", "image-refused"),
            ("<javascript:alert(1)>", "bad-link"),
            ("[x](data:text/html,<script>)", "bad-link"),
            ("[x](vbscript:x)", "bad-link"),
            ("<svg onload=alert(1)>", "raw-html"),
            ("<iframe src=https://evil.example></iframe>", "raw-html"),
            ("```html\n<script>alert(1)</script>\n```", ""),
            ("a <b>bold</b> & c", "raw-html"),
            ("[a](//evil.example)", "bad-link"),
            ("![t](https://track.example/p.gif)", "image-refused"),
            ("<style>body{display:none}</style>", "raw-html"),
            ("<form action=https://evil.example><input name=p></form>", "raw-html"),
        ] {
            let (blocks, found) = read_lesson(text);
            assert_eq!(found.first().map_or("", |diagnostic| diagnostic.code), code, "{text}");
            assert_eq!(targets(&blocks), [""; 0], "{text}");
            assert!(!blocks.is_empty(), "{text} is still visible");
        }
    }

    #[test]
    fn links_lead_where_they_may() {
        for (target, want) in [
            ("https://kubernetes.io/docs", Some("https://kubernetes.io/docs")),
            ("HTTPS://x", Some("HTTPS://x")),
            ("#a", Some("#a")),
            ("other.md#a", Some("other.md#a")),
            ("../b/c", Some("../b/c")),
            (" java\tscript:x", None),
            ("http://x", None),
            ("/root", None),
            ("\\\\evil", None),
            ("/\\evil", None),
            ("a//b", None),
            ("https:x", None),
            ("", None),
        ] {
            assert_eq!(link_target(target).as_deref(), want, "{target}");
        }
    }

    #[test]
    fn prose_becomes_blocks() {
        let text = "# A b\n\nOne *two* **three** `four`\nfive\\\nsix [l](#a).\n\n- x\n  - y\n\n3. z\n\n> q\n\n---\n\n\
                    ```sh\nls\n```\n\n| h | i |\n|---|---|\n| 1 |\n\n## A b\n";
        let (blocks, found) = read_lesson(text);
        assert_eq!(found, []);
        insta::assert_snapshot!(serde_json::to_string(&blocks).unwrap(), @r##"[{"heading":{"level":1,"id":"a-b","text":[{"text":"A b"}]}},{"paragraph":{"text":[{"text":"One "},{"emphasis":[{"text":"two"}]},{"text":" "},{"strong":[{"text":"three"}]},{"text":" "},{"code":"four"},{"text":" five"},"break",{"text":"six "},{"link":{"to":"#a","text":[{"text":"l"}]}},{"text":"."}]}},{"list":{"start":null,"items":[[{"paragraph":{"text":[{"text":"x"}]}},{"list":{"start":null,"items":[[{"paragraph":{"text":[{"text":"y"}]}}]]}}]]}},{"list":{"start":3,"items":[[{"paragraph":{"text":[{"text":"z"}]}}]]}},{"quote":{"blocks":[{"paragraph":{"text":[{"text":"q"}]}}]}},"rule",{"code":{"language":"sh","text":"ls\n"}},{"table":{"head":[[{"text":"h"}],[{"text":"i"}]],"rows":[[[{"text":"1"}],[]]]}},{"heading":{"level":2,"id":"a-b-2","text":[{"text":"A b"}]}}]"##);
    }

    #[test]
    fn directives_read_and_their_problems_stand_in_the_file() {
        let text = "Before.\n\n```figure\nscenario: x\ncaption: A pull.\n```\n\n```question\nid: q\nprompt: Why?\n\
                    options:\n  - {text: a, right: true, feedback: Yes.}\n  - {text: b, feedback: No.}\n\
                    explanation: So.\n```\n";
        let (blocks, found) = read_lesson(text);
        assert_eq!(found, []);
        assert!(matches!(&blocks[1], Block::Figure(figure) if figure.scenario == "x"));
        assert!(matches!(&blocks[2], Block::Question(question) if question.options[0].right));

        #[track_caller]
        fn check(text: &str, want: &[(&str, &str)]) {
            let (_, found) = read_lesson(text);
            let got: Vec<_> = found.iter().map(|d| (d.code, &text[d.span.clone()])).collect();
            assert_eq!(got, want, "{text}");
        }
        check(
            "x\n\n```figure\nscenari: x\ncaption: c\n```\n",
            &[("unknown-field", "scenari"), ("missing-field", "")],
        );
        check("```figure\na: [\n```\n", &[("yaml-syntax", "")]);
        check("```figure\n```\n", &[("bad-directive", "```figure")]);
        check(
            "```question\nid: q\nprompt: p\noptions: [{text: a, feedback: '![x](y)'}]\nexplanation: e\n```\n",
            &[("image-refused", "'![x](y)'"), ("bad-options", "[{text: a, feedback: '![x](y)'}]")],
        );
    }

    #[test]
    fn deep_and_long_texts_end() {
        let run = || {
            for text in [
                "> ".repeat(50_000),
                "- ".repeat(50_000),
                "*a **b ".repeat(20_000),
                "[".repeat(100_000),
            ] {
                let (blocks, found) = read_lesson(&text);
                assert!(
                    serde_json::to_string(&blocks).is_ok() && found.len() < 100,
                    "{}",
                    found.len()
                );
            }
            let nested = format!("{}x{}", "*_".repeat(2000), "_*".repeat(2000));
            read_lesson(&nested);
            assert_eq!(read_lesson(&"x".repeat(300_000)).1[0].code, "too-large");
        };
        std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
    }
}

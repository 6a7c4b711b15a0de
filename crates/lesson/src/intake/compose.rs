//! Events to nodes, on a stack of our own, counting as it goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Tag, options};
use serde_json::Value;

use super::scalar::{Resolved, resolve};
use super::{Content, Entry, Limits, MOST_ALIASES, Node, Profile};
use crate::diagnostic::Diagnostic;
use crate::source::{Span, line_at, position};

/// The roots of all documents that hold something, unless the text is not YAML or beyond the limits.
pub(super) fn compose(
    file: &str,
    text: &str,
    profile: Profile,
    progress: &mut dyn FnMut(usize),
) -> (Option<Vec<Arc<Node>>>, Vec<Diagnostic>) {
    let limits = profile.limits();
    let mut composer = Composer {
        file,
        text,
        profile,
        limits,
        dropping: 0,
        diagnostics: Vec::new(),
        stack: Vec::new(),
        anchors: BTreeMap::new(),
        roots: Vec::new(),
        documents: 0,
        nodes: 0,
        aliases: 0,
        bytes: 0,
    };
    let options = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        // The scanner looks ahead of the composer, which counts the mixed cases.
        flow_nesting_limit: limits.depth as usize,
        block_nesting_limit: limits.depth as usize,
    };
    let mut told = 0;
    for next in Parser::new_from_str_with_options(text, options) {
        let done = match next {
            Ok((event, span)) => {
                let read = composer.offset(&span.start);
                if read >= told + TELL_EVERY {
                    told = read;
                    progress(read);
                }
                composer.event(event, &span)
            }
            Err(error) => Err(composer.broken(&error)),
        };
        if let Err(fatal) = done {
            composer.diagnostics.push(*fatal);
            return (None, composer.diagnostics);
        }
    }
    (Some(composer.roots), composer.diagnostics)
}

/// After so many bytes it is told how far the reading has come.
const TELL_EVERY: usize = 256 * 1024;

/// Up to so many entries a map's keys are compared one by one, which is faster than any index.
const FEW: usize = 16;

struct Composer<'a> {
    file: &'a str,
    text: &'a str,
    profile: Profile,
    limits: Limits,
    // How deep inside a value that is not kept.
    dropping: u32,
    diagnostics: Vec<Diagnostic>,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Arc<Node>>,
    roots: Vec<Arc<Node>>,
    documents: usize,
    nodes: u32,
    aliases: u32,
    bytes: u32,
}

/// A list or map that is not at its end yet.
struct Frame {
    start: usize,
    anchor: usize,
    open: Open,
}

enum Open {
    List(Vec<Arc<Node>>),
    Map(OpenMap),
}

#[derive(Default)]
struct OpenMap {
    entries: Vec<Entry>,
    // Key to where it stood first; only once there are many entries.
    seen: BTreeMap<String, Span>,
    pending: Option<(Key, Span)>,
    merges: Vec<Arc<Node>>,
}

impl OpenMap {
    /// Where a key stood first.
    fn stood(&self, key: &str) -> Option<&Span> {
        if self.entries.len() > FEW {
            return self.seen.get(key);
        }
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.key_span)
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        let unseen = match self.entries.len() {
            0..=FEW => return,
            len if len == FEW + 1 => &self.entries[..],
            len => &self.entries[len - 1..],
        };
        self.seen.extend(unseen.iter().map(|entry| (entry.key.clone(), entry.key_span.clone())));
    }
}

enum Key {
    Name(String),
    /// `<<` of a manifest.
    Merge,
    /// A key that was complained about; its value is read and dropped.
    Broken,
}

/// A problem after which there is nothing more to read.
/// Boxed, because every `Result` of the composer would be as large otherwise.
type Fatal = Box<Diagnostic>;

impl Composer<'_> {
    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Result<(), Fatal> {
        let span = self.offset(&at.start)..self.offset(&at.end).max(self.offset(&at.start));
        if self.dropping > 0 {
            self.drop_event(&event);
            return Ok(());
        }
        match event {
            Event::DocumentStart(..) => self.start_document(span),
            Event::DocumentEnd => {
                // Anchors do not reach into the next document.
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.as_deref(), &["str", "int", "float", "bool", "null"], at, &span);
                self.count(&span, 1, text.len() as u32)?;
                self.scalar(&text, style, anchor, tag.as_deref(), span)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), &["seq"], at, &span);
                self.open(span, anchor, Open::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), &["map"], at, &span);
                self.open(span, anchor, Open::Map(OpenMap::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                let message = format!("nothing is anchored as `&{name}` above this alias");
                let hint =
                    format!("write `&{name}` at the value that is meant, or the value itself");
                self.error("unknown-alias", span.clone(), message, hint);
                self.finish(Node::scalar(span, Value::Null, 0), 0)
            }
            // Stream ends, comments and anchors on their own say nothing that a value holds.
            _ => Ok(()),
        }
    }

    /// Reads past a value that is not kept.
    fn drop_event(&mut self, event: &Event<'_>) {
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => self.dropping += 1,
            Event::SequenceEnd | Event::MappingEnd => self.dropping -= 1,
            _ => {}
        }
    }

    fn start_document(&mut self, span: Span) -> Result<(), Fatal> {
        self.documents += 1;
        let most = self.limits.documents;
        if self.documents > most {
            let message = format!("more than {most} documents in one file");
            return Err(self.fatal("too-many-documents", span, message, "split the file"));
        }
        Ok(())
    }

    fn open(&mut self, span: Span, anchor: usize, open: Open) -> Result<(), Fatal> {
        if self.is_to_drop() {
            self.dropping = 1;
            // What the value was is not told: an empty map stands for it.
            return self.finish(Node::map(span, Vec::new()), 0);
        }
        self.count(&span, 1, 0)?;
        if self.stack.len() as u32 >= self.limits.depth {
            return Err(self.too_deep(span));
        }
        self.stack.push(Frame { start: span.start, anchor, open });
        Ok(())
    }

    fn close(&mut self, span: &Span) -> Result<(), Fatal> {
        let frame = self.stack.pop().expect("the parser ends only what it started");
        let node = match frame.open {
            Open::List(items) => {
                let end = items.last().map_or(span.end, |item| item.span.end.max(span.end));
                Node::list(frame.start..self.end(frame.start, end), items)
            }
            Open::Map(map) => {
                let end =
                    map.entries.last().map_or(span.end, |entry| entry.value.span.end.max(span.end));
                let place = frame.start..self.end(frame.start, end);
                let entries = self.merge(map, &place)?;
                Node::map(place, entries)
            }
        };
        self.finish(node, frame.anchor)
    }

    /// Where a block ends: after its last character that is not white space.
    fn end(&self, start: usize, end: usize) -> usize {
        let end = end.max(start).min(self.text.len());
        start + self.text.get(start..end).map_or(0, |inner| inner.trim_end().len())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Fatal> {
        let as_text = || Resolved::Value(text.into());
        let resolved = match tag.and_then(Tag::core_suffix) {
            Some("str") => as_text(),
            Some(wanted) => {
                let resolved = resolve(text, self.profile);
                if !fits(&resolved, wanted) {
                    let message = format!("`{}` is not of type `!!{wanted}`", short(text));
                    self.error(
                        "wrong-type",
                        span.clone(),
                        message,
                        "take the tag away, or change the value",
                    );
                }
                resolved
            }
            None if tag.is_some() || style != ScalarStyle::Plain => as_text(),
            None => resolve(text, self.profile),
        };
        let value = match resolved {
            Resolved::Value(value) => value,
            Resolved::NotJson => {
                let message = format!("`{}` is a number that JSON does not have", short(text));
                self.error(
                    "not-json",
                    span.clone(),
                    message,
                    "put quotes around it if a text is meant",
                );
                Value::Null
            }
        };
        let is_plain = style == ScalarStyle::Plain && tag.is_none();
        if self.waits_for_key() {
            let key = match self.profile {
                Profile::Manifest | Profile::Dump if text == "<<" && is_plain => Key::Merge,
                Profile::Manifest | Profile::Dump => self.manifest_key(&value, text, &span),
                Profile::Authored => Key::Name(text.to_owned()),
            };
            return self.key(key, span);
        }
        self.finish(Node::scalar(span, value, text.len() as u32), anchor)
    }

    /// sigs.k8s.io/yaml yaml.go, `convertToJSONableObject`: numbers and booleans as keys become text; null cannot.
    fn manifest_key(&mut self, value: &Value, text: &str, span: &Span) -> Key {
        match value {
            Value::String(_) => Key::Name(text.to_owned()),
            Value::Bool(truth) => Key::Name(truth.to_string()),
            Value::Number(number) => Key::Name(number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let message = "a null cannot be the name of a field".to_owned();
                self.error("bad-key", span.clone(), message, "write a name before the colon");
                Key::Broken
            }
        }
    }

    /// Whether the value that begins here belongs to a key whose values are not kept.
    fn is_to_drop(&self) -> bool {
        let Some(Frame { open: Open::Map(map), .. }) = self.stack.last() else { return false };
        matches!(&map.pending, Some((Key::Name(key), _)) if self.profile.drops(key))
    }

    fn waits_for_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { open: Open::Map(map), .. }) if map.pending.is_none())
    }

    fn key(&mut self, key: Key, span: Span) -> Result<(), Fatal> {
        let Some(Frame { open: Open::Map(map), .. }) = self.stack.last_mut() else {
            unreachable!("a key stands in a map");
        };
        let mut duplicate = None;
        let key = match key {
            Key::Name(name) => match map.stood(&name) {
                Some(first) => {
                    duplicate = Some((name, first.start));
                    Key::Broken
                }
                None => Key::Name(name),
            },
            other => other,
        };
        map.pending = Some((key, span.clone()));
        if let Some((name, first)) = duplicate {
            let first = position(self.text, first);
            let message = format!("`{}` is given twice", short(&name));
            let hint =
                format!("the first one is at {}:{}; keep one of them", first.line, first.column);
            self.error("duplicate-key", span, message, hint);
        }
        self.many_problems()
    }

    /// Places a whole node: as a value, as an item, as a root.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Fatal> {
        let node = Arc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        self.put(node)
    }

    fn put(&mut self, node: Arc<Node>) -> Result<(), Fatal> {
        if self.waits_for_key() {
            let span = node.span.clone();
            let message = "a list or a map cannot be the name of a field".to_owned();
            self.error("bad-key", span.clone(), message, "write a name before the colon");
            return self.key(Key::Broken, span);
        }
        match self.stack.last_mut() {
            None => {
                if node.content != Content::Scalar(Value::Null) {
                    self.roots.push(node);
                }
            }
            Some(Frame { open: Open::List(items), .. }) => items.push(node),
            Some(Frame { open: Open::Map(map), .. }) => {
                match map.pending.take().expect("a value follows its key") {
                    (Key::Name(key), key_span) => {
                        map.push(Entry { key, key_span, value: node });
                    }
                    (Key::Merge, key_span) => return self.merge_value(&node, key_span),
                    (Key::Broken, _) => {}
                }
            }
        }
        self.many_problems()
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fatal> {
        self.aliases += 1;
        if self.aliases > MOST_ALIASES {
            let message = format!("more than {MOST_ALIASES} aliases");
            return Err(self.fatal(
                "too-many-aliases",
                span,
                message,
                "write the values themselves",
            ));
        }
        let Some(target) = self.anchors.get(&anchor).cloned() else {
            let message = "an alias stands inside the value that it repeats".to_owned();
            self.error("unknown-alias", span.clone(), message, "such a value would have no end");
            return self.finish(Node::scalar(span, Value::Null, 0), 0);
        };
        if self.stack.len() as u32 + target.height > self.limits.depth + 1 {
            return Err(self.too_deep(span));
        }
        self.count(&span, target.nodes, target.text)?;
        if self.waits_for_key()
            && let Content::Scalar(value) = &target.content
        {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let key = self.manifest_key(value, &text, &span);
            return self.key(key, span);
        }
        // The place of an alias is where the alias stands; what is inside stands where it was written.
        let here = Node {
            span,
            content: match &target.content {
                Content::Scalar(value) => Content::Scalar(value.clone()),
                Content::List(items) => Content::List(items.clone()),
                Content::Map(entries) => Content::Map(entries.clone()),
            },
            ..*target
        };
        self.put(Arc::new(here))
    }

    /// The maps of one `<<` join those that wait for the map's end.
    fn merge_value(&mut self, node: &Arc<Node>, key_span: Span) -> Result<(), Fatal> {
        let sources = match &node.content {
            Content::Map(_) => vec![Arc::clone(node)],
            Content::List(items) => items.clone(),
            Content::Scalar(_) => Vec::new(),
        };
        let fits = |source: &Arc<Node>| matches!(source.content, Content::Map(_));
        if sources.is_empty() || !sources.iter().all(fits) {
            let message = "`<<` needs a map, or a list of maps".to_owned();
            self.error(
                "bad-merge",
                key_span,
                message,
                "write `<<: *name` with the anchor of a map",
            );
            return self.many_problems();
        }
        let Some(Frame { open: Open::Map(map), .. }) = self.stack.last_mut() else {
            unreachable!("a merge key stands in a map");
        };
        map.merges.extend(sources);
        Ok(())
    }

    /// A map's own entries, then those of its merges that it has not: what stands first wins.
    fn merge(&mut self, mut map: OpenMap, place: &Span) -> Result<Vec<Entry>, Fatal> {
        for source in &std::mem::take(&mut map.merges) {
            self.count(place, source.nodes, source.text)?;
            let Content::Map(merged) = &source.content else { continue };
            for entry in merged {
                if map.stood(&entry.key).is_none() {
                    map.push(entry.clone());
                }
            }
        }
        Ok(map.entries)
    }

    fn check_tag(
        &mut self,
        tag: Option<&Tag>,
        known: &[&str],
        at: &granit_parser::Span,
        span: &Span,
    ) {
        let Some(tag) = tag else { return };
        let local = format!("{}{}", tag.handle(), tag.suffix()) == "!";
        if local || tag.core_suffix().is_some_and(|suffix| known.contains(&suffix)) {
            return;
        }
        let place = at
            .tag_span()
            .map_or_else(|| span.clone(), |tag| self.offset(&tag.start)..self.offset(&tag.end));
        let written = self.text.get(place.clone()).unwrap_or_default().to_owned();
        let message = format!("the tag `{}` is not supported here", short(&written));
        self.error(
            "unsupported-tag",
            place,
            message,
            "take it away: fields have their types already",
        );
    }

    fn count(&mut self, span: &Span, nodes: u32, text: u32) -> Result<(), Fatal> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(text);
        let Limits { nodes: most_nodes, text: most_text, .. } = self.limits;
        if self.nodes > most_nodes {
            let message = format!("more than {most_nodes} values, aliases written out");
            return Err(self.fatal("too-many-nodes", span.clone(), message, "split the file"));
        }
        if self.bytes > most_text {
            let message =
                format!("more than {} KiB of text, aliases written out", most_text / 1024);
            let hint = "repeat less with aliases";
            return Err(self.fatal("too-much-text", span.clone(), message, hint));
        }
        Ok(())
    }

    fn too_deep(&self, span: Span) -> Fatal {
        let message = format!("nested more than {} deep", self.limits.depth);
        self.fatal(
            "too-deep",
            span,
            message,
            "look for brackets or indentation that never come back",
        )
    }

    fn many_problems(&self) -> Result<(), Fatal> {
        if self.diagnostics.len() <= super::MOST_DIAGNOSTICS {
            return Ok(());
        }
        let span = self.diagnostics.last().map_or(0..0, |last| last.span.clone());
        Err(self.fatal(
            "too-many-problems",
            span,
            "reading stops here".to_owned(),
            "mend the ones above first",
        ))
    }

    fn error(&mut self, code: &'static str, span: Span, message: String, hint: impl Into<String>) {
        let error = Diagnostic::error(code, self.file, span, message).hint(hint);
        self.diagnostics.push(error);
    }

    fn fatal(&self, code: &'static str, span: Span, message: String, hint: &str) -> Fatal {
        // A block's start can span lines; its first character is the place.
        Box::new(Diagnostic::error(code, self.file, span, message).hint(hint))
    }

    fn offset(&self, marker: &Marker) -> usize {
        marker.byte_offset().unwrap_or(self.text.len()).min(self.text.len())
    }

    fn broken(&self, error: &ScanError) -> Fatal {
        let at = self.offset(error.marker());
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return self.too_deep(at..at);
        }
        if let Some(tab) = self.tab_near(at) {
            let (message, hint) = wording(&ErrorKind::TabInIndentation);
            let message = message.unwrap_or_default().to_owned();
            return self.fatal("yaml-syntax", tab..tab + 1, message, hint);
        }
        let (message, hint) = wording(error.kind());
        let message = message.map_or_else(|| error.kind().to_string(), str::to_owned);
        self.fatal("yaml-syntax", at..at, message, hint)
    }
}

impl Composer<'_> {
    /// A tab that indents the line of a problem or the one after it, which is then what is wrong: the parser may take
    /// the indented line for more of the value above.
    fn tab_near(&self, at: usize) -> Option<usize> {
        let mut start = line_at(self.text, at).0;
        for line in self.text[start..].split_inclusive('\n').take(2) {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line[..indent].find('\t') {
                return Some(start + tab);
            }
            start += line.len();
        }
        None
    }
}

/// Our words for the mistakes that people make; the parser's own for the rest.
fn wording(kind: &ErrorKind) -> (Option<&'static str>, &'static str) {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation => {
            (Some("a tab stands where YAML wants spaces"), "indent with spaces only")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::UnexpectedEof => (
            Some("a quotation mark is never closed"),
            "close it, or double it if it belongs to the text",
        ),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            (Some("a bracket is never closed"), "close `[` with `]`, and `{` with `}`")
        }
        ErrorKind::MismatchedFlowCollectionEnd { .. } | ErrorKind::MisplacedFlowCollectionEnd => (
            Some("a closing bracket has no opening one that fits"),
            "close `[` with `]`, and `{` with `}`",
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            Some("a `: ` stands where no field can begin"),
            "put quotes around a text that holds `: `; check the indentation and the brackets above",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => (
            Some("a line has no `:` where a field is expected"),
            "write `name: value`, and check the indentation",
        ),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => (
            Some("the indentation fits nothing above"),
            "let the fields of one object begin in the same column",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::ExpectedBlockSequenceEntry => (
            Some("a `- ` stands where no list can begin"),
            "put the list on lines of its own, below the field's name",
        ),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            (Some("a comma or a closing bracket is missing"), "separate the items with commas")
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar => (
            Some("something follows a closing quotation mark"),
            "put the quotes around the whole value",
        ),
        ErrorKind::UnknownQuotedScalarEscape => (
            Some("a `\\` begins no escape that YAML knows"),
            "double the `\\`, or use single quotes",
        ),
        ErrorKind::UnexpectedCharacter { .. } => {
            (None, "put quotes around a text that begins with a special character")
        }
        _ => (None, "check the indentation, quotes and colons here and on the line above"),
    }
}

/// Whether an explicit tag holds of what a plain scalar came to.
fn fits(resolved: &Resolved, tag: &str) -> bool {
    match (resolved, tag) {
        (Resolved::NotJson, "float") | (Resolved::Value(Value::Null), "null") => true,
        (Resolved::Value(Value::Bool(_)), "bool")
        | (Resolved::Value(Value::Number(_)), "float") => true,
        (Resolved::Value(Value::Number(number)), "int") => !number.is_f64(),
        _ => false,
    }
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

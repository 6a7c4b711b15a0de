//! YAML that people wrote, within limits, with a place for every node.
//!
//! In a page a hang freezes the tab and an overflow kills the engine, so neither may be possible, whatever the text: the
//! events of `granit-parser` go into a composer of our own (`compose`) that keeps no more than the limits allow. What
//! a plain scalar means is decided in `scalar`.

mod compose;
mod json;
mod scalar;

pub use json::{MOST_JSON_BYTES, MOST_JSON_NODES, read_json};

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::diagnostic::{Checked, Diagnostic};
use crate::source::Span;

/// Whose rules decide what a plain scalar means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// YAML 1.1 as Kubernetes reads it (`sigs.k8s.io/yaml`): `yes` is true, `0644` is 420, `<<` merges.
    Manifest,
    /// YAML 1.2, core schema: for scenario files and front matter.
    Authored,
    /// What `kubectl get … -o yaml` or `-o json` printed: read like a manifest, within limits of its own, and without
    /// `fieldsV1`, which is most of the values of a dump and says nothing to a person.
    Dump,
}

/// How much of a file is read.
#[derive(Debug, Clone, Copy)]
struct Limits {
    bytes: usize,
    documents: usize,
    depth: u32,
    nodes: u32,
    text: u32,
}

impl Profile {
    const fn limits(self) -> Limits {
        match self {
            Self::Manifest | Self::Authored => Limits {
                bytes: MOST_BYTES,
                documents: MOST_DOCUMENTS,
                depth: MOST_DEPTH,
                nodes: MOST_NODES,
                text: MOST_TEXT,
            },
            // Some 130 bytes of memory a node, keys included: the largest dump that is read stays below half a gigabyte,
            // and one of Pods, with a node for every 14 bytes, may be as large as the limit of bytes.
            Self::Dump => Limits {
                bytes: MOST_DUMP_BYTES,
                documents: 20_000,
                depth: 128,
                nodes: 3_000_000,
                text: MOST_DUMP_BYTES as u32,
            },
        }
    }

    /// A field whose value is read and not kept.
    fn drops(self, key: &str) -> bool {
        matches!(self, Self::Dump) && key == "fieldsV1"
    }
}

/// No file is larger.
pub const MOST_BYTES: usize = 256 * 1024;
/// No file has more documents.
pub const MOST_DOCUMENTS: usize = 64;
/// No node stands deeper.
pub const MOST_DEPTH: u32 = 64;
/// No file has more nodes, those that aliases repeat included.
pub const MOST_NODES: u32 = 20_000;
/// No file has more aliases.
pub const MOST_ALIASES: u32 = 1_000;
/// No file has more text in its scalars, that which aliases repeat included.
pub const MOST_TEXT: u32 = 1 << 20;
/// No dump is larger.
pub const MOST_DUMP_BYTES: usize = 32 << 20;
/// A file with more mistakes is told so; nobody reads more at once.
pub const MOST_DIAGNOSTICS: usize = 50;

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// Where each part of it stands.
    pub places: Places,
}

/// Reads a file. Empty documents are left out, as `kubectl` does. There is no value when the text is not YAML, or beyond
/// the limits.
pub fn read(file: &str, text: &str, profile: Profile) -> Checked<Vec<Document>> {
    let Checked { value, diagnostics } = read_places(file, text, profile, &mut |_| {});
    let documents = |roots: Vec<Places>| roots.into_iter().map(Document::of).collect();
    Checked { value: value.map(documents), diagnostics }
}

/// Reads a file as [`read`] does, for one who walks the nodes themselves and needs no second copy of them. Now and then
/// `progress` is told how many bytes have been read.
pub fn read_places(
    file: &str,
    text: &str,
    profile: Profile,
    progress: &mut dyn FnMut(usize),
) -> Checked<Vec<Places>> {
    let most = profile.limits().bytes;
    if text.len() > most {
        let message = format!("the file has {} KiB, more than {}", text.len() / 1024, most / 1024);
        let hint = "split it, or take out what the cluster added by itself";
        let diagnostic = Diagnostic::error("too-large", file, 0..0, message).hint(hint);
        return Checked { value: None, diagnostics: vec![diagnostic] };
    }
    let (roots, mut diagnostics) = compose::compose(file, text, profile, progress);
    truncate(&mut diagnostics);
    let places = |root: Arc<Node>| Places { root };
    Checked { value: roots.map(|roots| roots.into_iter().map(places).collect()), diagnostics }
}

/// Keeps the first [`MOST_DIAGNOSTICS`] of a file's problems, and says that there are more.
pub fn truncate(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() > MOST_DIAGNOSTICS {
        let left = diagnostics.len() - MOST_DIAGNOSTICS;
        let (file, span) = (
            diagnostics[MOST_DIAGNOSTICS].file.clone(),
            diagnostics[MOST_DIAGNOSTICS].span.clone(),
        );
        diagnostics.truncate(MOST_DIAGNOSTICS);
        let message = format!("{left} more problems from here on");
        let more = Diagnostic::error("too-many-problems", &file, span, message);
        diagnostics.push(more.hint("mend the ones above first"));
    }
}

impl Document {
    /// The document of a tree.
    pub(crate) fn of(places: Places) -> Self {
        Self { value: places.root.to_value(), places }
    }
}

/// Where each node of a document stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Places {
    root: Arc<Node>,
}

impl Places {
    /// Where the whole document stands.
    pub fn root(&self) -> Span {
        self.root.span.clone()
    }

    /// The whole document, to be walked.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { node: &self.root, key: None }
    }

    /// Where the value at a JSON pointer stands; its key, when the value is empty; the nearest node around it, when it
    /// does not exist.
    pub fn value(&self, pointer: &str) -> Span {
        let (node, key) = self.nearest(pointer);
        match key {
            Some(key) if node.span.is_empty() => key,
            _ => node.span.clone(),
        }
    }

    /// Where the key of the value at a JSON pointer stands; the value itself, in a list; the nearest around it, when it
    /// does not exist.
    pub fn key(&self, pointer: &str) -> Span {
        let (node, key) = self.nearest(pointer);
        key.unwrap_or_else(|| node.span.clone())
    }

    /// The same document with other texts: `change` is given the field at the top that a text or key stands in, the text
    /// and its place.
    pub(crate) fn map_text(
        &self,
        change: &mut dyn FnMut(&str, &str, &Span) -> Option<String>,
    ) -> Self {
        let Content::Map(entries) = &self.root.content else { return self.clone() };
        let entry = |entry: &Entry| Entry {
            value: changed(&entry.value, &mut |text, span| change(&entry.key, text, span)),
            ..entry.clone()
        };
        let content = Content::Map(entries.iter().map(entry).collect());
        Self { root: Arc::new(Node { content, ..self.root.shallow() }) }
    }

    fn nearest(&self, pointer: &str) -> (&Node, Option<Span>) {
        let mut node = &self.root;
        let mut key = None;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            match &node.content {
                Content::Map(entries) => match entries.iter().find(|entry| entry.key == step) {
                    Some(entry) => (node, key) = (&entry.value, Some(entry.key_span.clone())),
                    None => break,
                },
                Content::List(items) => {
                    match step.parse::<usize>().ok().and_then(|at| items.get(at)) {
                        Some(item) => (node, key) = (item, None),
                        None => break,
                    }
                }
                Content::Scalar(_) => break,
            }
        }
        (node, key)
    }
}

/// A value in a document, with its place.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    node: &'a Node,
    key: Option<&'a Span>,
}

impl<'a> Cursor<'a> {
    /// The field of that name.
    pub fn get(self, name: &str) -> Option<Self> {
        self.entries().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The field at the end of a path of names.
    pub fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |cursor, name| cursor.get(name))
    }

    /// The fields of a map, in the order of the text; none of anything else.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Self)> {
        let entries = match &self.node.content {
            Content::Map(entries) => &entries[..],
            Content::List(_) | Content::Scalar(_) => &[],
        };
        let cursor = |entry: &'a Entry| Self { node: &entry.value, key: Some(&entry.key_span) };
        entries.iter().map(move |entry| (entry.key.as_str(), cursor(entry)))
    }

    /// The items of a list; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let items = match &self.node.content {
            Content::List(items) => &items[..],
            Content::Map(_) | Content::Scalar(_) => &[],
        };
        items.iter().map(|item| Self { node: item, key: None })
    }

    /// The text, if it is one.
    pub fn text(self) -> Option<&'a str> {
        self.scalar().and_then(Value::as_str)
    }

    /// The scalar, if it is one.
    pub fn scalar(self) -> Option<&'a Value> {
        match &self.node.content {
            Content::Scalar(value) => Some(value),
            Content::Map(_) | Content::List(_) => None,
        }
    }

    /// Whether it is a map.
    pub fn is_map(self) -> bool {
        matches!(self.node.content, Content::Map(_))
    }

    /// Where the value stands.
    pub fn span(self) -> Span {
        self.node.span.clone()
    }

    /// Where its key stands, if it is a field.
    pub fn key_span(self) -> Option<Span> {
        self.key.cloned()
    }

    /// The JSON value.
    pub fn to_value(self) -> Value {
        self.node.to_value()
    }
}

/// A JSON pointer one step further down.
pub fn pointer(parent: &str, step: &str) -> String {
    format!("{parent}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// A node with its place. Aliases share what they repeat.
#[derive(Debug, PartialEq)]
struct Node {
    span: Span,
    content: Content,
    // Of the tree as it is when every alias is written out.
    nodes: u32,
    text: u32,
    height: u32,
}

#[derive(Debug, PartialEq)]
enum Content {
    Scalar(Value),
    List(Vec<Arc<Node>>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    key: String,
    key_span: Span,
    value: Arc<Node>,
}

/// A node with other texts and keys.
fn changed(node: &Arc<Node>, change: &mut dyn FnMut(&str, &Span) -> Option<String>) -> Arc<Node> {
    let content = match &node.content {
        Content::Scalar(Value::String(text)) => match change(text, &node.span) {
            Some(text) => Content::Scalar(Value::String(text)),
            None => return Arc::clone(node),
        },
        Content::Scalar(_) => return Arc::clone(node),
        Content::List(items) => {
            Content::List(items.iter().map(|item| changed(item, change)).collect())
        }
        Content::Map(entries) => {
            let entry = |entry: &Entry| Entry {
                key: change(&entry.key, &entry.key_span).unwrap_or_else(|| entry.key.clone()),
                key_span: entry.key_span.clone(),
                value: changed(&entry.value, change),
            };
            Content::Map(entries.iter().map(entry).collect())
        }
    };
    Arc::new(Node { content, ..node.shallow() })
}

impl Node {
    /// Without what is in it.
    fn shallow(&self) -> Self {
        let Self { span, nodes, text, height, .. } = self;
        let (span, content) = (span.clone(), Content::List(Vec::new()));
        Self { span, content, nodes: *nodes, text: *text, height: *height }
    }

    fn scalar(span: Span, value: Value, text: u32) -> Self {
        Self { span, content: Content::Scalar(value), nodes: 1, text, height: 1 }
    }

    fn list(span: Span, items: Vec<Arc<Node>>) -> Self {
        let sum = |part: fn(&Node) -> u32| items.iter().map(|item| part(item)).sum::<u32>();
        let (nodes, text) = (1 + sum(|item| item.nodes), sum(|item| item.text));
        let height = 1 + items.iter().map(|item| item.height).max().unwrap_or(0);
        Self { span, content: Content::List(items), nodes, text, height }
    }

    fn map(span: Span, entries: Vec<Entry>) -> Self {
        let nodes = 1 + entries.iter().map(|entry| 1 + entry.value.nodes).sum::<u32>();
        let text = entries.iter().map(|entry| entry.key.len() as u32 + entry.value.text).sum();
        let height = 1 + entries.iter().map(|entry| entry.value.height).max().unwrap_or(0);
        Self { span, content: Content::Map(entries), nodes, text, height }
    }

    /// The JSON value, aliases written out. The composer's limits bound its depth and size.
    fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(|item| item.to_value()).collect(),
            Content::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    map.insert(entry.key.clone(), entry.value.to_value());
                }
                Value::Object(map)
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What surrounds the cluster, as far as a small file says it: registries, and what nodes may pull by themselves.

use std::collections::BTreeMap;

use pullpath_lesson::diagnostic::{Checked, Diagnostic, did_you_mean, one_of};
use pullpath_lesson::intake::{self, Cursor, Profile};
use pullpath_model::keyring;

use crate::host::{Anonymous, Family};

/// The world around the inputs. The default knows nothing but what hosts say by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    registries: BTreeMap<String, Registry>,
    /// Images that nodes pull by themselves, as in a plugin's `matchImages`; `None` if nobody says.
    node_pulls: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Registry {
    family: Family,
    public: Option<Vec<String>>,
}

/// Whether nodes can pull an image without the Pod's help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Can,
    Cannot,
    Unsaid,
}

const FIELDS: [&str; 3] = ["format", "registries", "nodes"];
const REGISTRY_FIELDS: [&str; 2] = ["kind", "public"];

impl World {
    /// Reads a world file.
    pub fn read(file: &str, text: &str) -> Checked<Self> {
        let Checked { value, diagnostics } =
            intake::read_places(file, text, Profile::Authored, &mut |_| {});
        let mut reader = Reader { file, found: diagnostics };
        let mut documents = value.unwrap_or_default().into_iter();
        let (first, second) = (documents.next(), documents.next());
        let Some(document) = first.filter(|_| second.is_none()) else {
            if reader.found.is_empty() {
                reader.error(
                    "wrong-type",
                    0..0,
                    "a world file is one document",
                    "begin with `format: 1`",
                );
            }
            return Checked { value: None, diagnostics: reader.found };
        };
        let world = reader.world(document.cursor());
        Checked { value: Some(world), diagnostics: reader.found }
    }

    /// Says what nodes pull by themselves, if nothing has said it yet.
    pub(crate) fn nodes_pull_nothing(&mut self) {
        self.node_pulls.get_or_insert_default();
    }

    pub(crate) fn says_nothing_of_nodes(&self) -> bool {
        self.node_pulls.is_none()
    }

    pub(crate) fn family(&self, host: &str) -> Family {
        self.registries.get(host).map_or_else(|| Family::of(host), |registry| registry.family)
    }

    pub(crate) fn anonymous(&self, host: &str, path: &str) -> Anonymous {
        let public = self.registries.get(host).and_then(|registry| registry.public.as_ref());
        match public {
            Some(prefixes) if prefixes.iter().any(|prefix| path.starts_with(prefix)) => {
                Anonymous::Always
            }
            Some(_) => Anonymous::Never,
            None => self.family(host).anonymous(path),
        }
    }

    pub(crate) fn node(&self, lookup_name: &str) -> Node {
        match &self.node_pulls {
            None => Node::Unsaid,
            Some(patterns) => {
                let matches = |pattern: &String| keyring::matches(pattern, lookup_name) == Ok(true);
                if patterns.iter().any(matches) { Node::Can } else { Node::Cannot }
            }
        }
    }
}

struct Reader<'a> {
    file: &'a str,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(
        &mut self,
        code: &'static str,
        span: std::ops::Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found.push(Diagnostic::error(code, self.file, span, message).hint(hint));
    }

    fn known(&mut self, map: Cursor<'_>, known: &[&str]) {
        if !map.is_map() {
            let hint = format!("the fields here are {}", one_of(known));
            return self.error("wrong-type", map.span(), "this should be a map", hint);
        }
        for (key, value) in map.entries() {
            if !known.contains(&key) {
                let hint = did_you_mean(key, known.iter().copied())
                    .unwrap_or_else(|| format!("the fields here are {}", one_of(known)));
                let span = value.key_span().unwrap_or_else(|| value.span());
                self.error("unknown-field", span, format!("unknown field `{key}`"), hint);
            }
        }
    }

    fn texts(&mut self, list: Cursor<'_>, hint: &str) -> Vec<String> {
        let texts: Vec<_> =
            list.items().filter_map(|item| item.text().map(str::to_owned)).collect();
        if texts.len() != list.items().count() || (texts.is_empty() && list.scalar().is_some()) {
            self.error("wrong-type", list.span(), "this should be a list of texts", hint);
        }
        texts
    }

    fn world(&mut self, root: Cursor<'_>) -> World {
        self.known(root, &FIELDS);
        let format = root.get("format").and_then(Cursor::scalar);
        if format.and_then(serde_json::Value::as_u64) != Some(1) {
            self.error("bad-format", 0..0, "a world file says `format: 1`", "write it at the top");
        }
        let mut world = World::default();
        for (host, facts) in root.get("registries").into_iter().flat_map(Cursor::entries) {
            self.known(facts, &REGISTRY_FIELDS);
            let kind = facts.get("kind");
            let family = match kind.map(|kind| (kind, kind.text().and_then(Family::from_name))) {
                None => Family::of(host),
                Some((_, Some(family))) => family,
                Some((kind, None)) => {
                    let hint = format!("write {}", one_of(&Family::NAMES));
                    self.error("unknown-word", kind.span(), "no such kind of registry", hint);
                    Family::Other
                }
            };
            let public = facts.get("public").map(|public| match public.scalar() {
                Some(serde_json::Value::Bool(true)) => vec![String::new()],
                Some(serde_json::Value::Bool(false)) => Vec::new(),
                _ => self.texts(
                    public,
                    "write `true`, `false`, or a list of how the public paths begin",
                ),
            });
            world.registries.insert(host.to_owned(), Registry { family, public });
        }
        if let Some(nodes) = root.get("nodes") {
            self.known(nodes, &["pull"]);
            world.node_pulls = nodes.get("pull").map(|list| {
                self.texts(list, "write patterns as in `matchImages`, or `[]` for nothing")
            });
        }
        world
    }
}

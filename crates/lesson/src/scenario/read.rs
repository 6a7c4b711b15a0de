//! A folder to a [`Scenario`], with every problem told at its place.

mod answers;
mod checks;
mod goals;
mod steps;
mod vary;
mod world;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pullpath_model::object::Kind;
use pullpath_model::ordered;
use pullpath_model::time::{SimTime, Span as Duration};
use pullpath_model::world::{AdmissionPlugin, World};
use pullpath_view::block::Block;
use serde_json::Value;

use super::parameters::{self, Shifts, Uses};
use super::questions::Section;
use super::{
    Check, Choices, Deed, Difficulty, Drawn, FILE, FORMAT, Folder, Goal, HistoryStep, LadderRule,
    OneWay, Penalties, QUIZZES, Scenario, ScenarioFile, Source, Workload,
};
use crate::Texts;
use crate::diagnostic::{Checked, Diagnostic, any_errors, did_you_mean, nearest};
use crate::fields::{Fields, Node, Sink, short};
use crate::intake::{self, Document, Profile};
use crate::manifest::{self, Manifest};
use crate::markdown::Place;
use crate::prose::{self, Markdown, Prose};
use crate::quantity;

/// The fields of a scenario file.
const FIELDS: [&str; 27] = [
    "format",
    "id",
    "sandbox",
    "title",
    "summary",
    "topic",
    "difficulty",
    "minutes",
    "version",
    "ladder",
    "parameters",
    "world",
    "vary",
    "files",
    "history",
    "steps",
    "goals",
    "predict",
    "forbid",
    "penalties",
    "questions",
    "hints",
    "explanation",
    "pass",
    "solutions",
    "one-way",
    "wrong",
];

impl Scenario {
    /// Reads a scenario from the texts of its folder; `name` is the folder's.
    pub fn read(texts: &Texts, name: &str, folder: Folder) -> Checked<Self> {
        Self::read_with(texts, name, folder, &Markdown)
    }

    /// The same, with the Markdown read in another way.
    pub fn read_with(
        texts: &Texts,
        name: &str,
        folder: Folder,
        prose: &dyn Prose,
    ) -> Checked<Self> {
        Self::read_drawn(texts, name, folder, prose, None)
    }

    /// The same, as a seed draws it; as its own does without one. Where nothing is drawn, no other seed plays a part.
    pub(super) fn read_drawn(
        texts: &Texts,
        name: &str,
        folder: Folder,
        prose: &dyn Prose,
        seed: Option<u64>,
    ) -> Checked<Self> {
        let Some(text) = texts.get(FILE) else {
            let missing =
                Diagnostic::error("missing-file", FILE, 0..0, format!("`{name}` has no `{FILE}`"));
            let hint = format!("write it, or start with `pullpath new scenario {name}`");
            return Checked { value: None, diagnostics: vec![missing.hint(hint)] };
        };
        let read = intake::read(FILE, text, Profile::Authored);
        let mut diagnostics = read.diagnostics;
        let written = match read.value.as_deref() {
            None => return Checked { value: None, diagnostics },
            Some([document]) => document.clone(),
            Some(documents) => {
                let message = format!("the file has {} documents", documents.len());
                let wrong = Diagnostic::error("not-one-document", FILE, 0..0, message);
                diagnostics.push(wrong.hint("write one map, beginning with `format: 1`"));
                return Checked { value: None, diagnostics };
            }
        };
        let choices = parameters::peek(&written.value);
        let own = written.value.pointer("/world/seed").and_then(Value::as_u64);
        let seed = seed.filter(|_| !choices.is_empty());
        let drawn = Drawn::of(&choices, name, seed.or(own).unwrap_or_default());
        let mut uses = Uses::default();
        let document = Document::of(uses.fill(&choices, &drawn, &written.places, FILE));
        let filled = filled(texts, &choices, &drawn, &mut uses);
        let sink = Sink { written: Some((&written.value, &drawn)), ..Sink::new(FILE, 0) };
        let reader = Reader {
            written: texts,
            texts: filled.as_ref().map_or(texts, |(filled, _)| filled),
            name,
            folder,
            prose,
            drawn: &drawn,
            used: RefCell::new([FILE.to_owned()].into()),
            manifests: RefCell::default(),
            found: RefCell::default(),
        };
        let value = reader.scenario(&Node::root(&sink, &document), &uses.names);
        let mut found = reader.found.into_inner();
        for one in &mut found {
            if let Some(shifts) = filled.as_ref().and_then(|(_, shifts)| shifts.get(&one.file)) {
                one.span = shifts.written(&one.span);
            }
        }
        diagnostics.extend(sink.into_found());
        diagnostics.extend(found);
        diagnostics.extend(uses.found);
        // The scenario file first, then the others by name.
        ordered::sort_by_key(&mut diagnostics, |found| {
            (found.file != FILE, found.file.clone(), found.span.start)
        });
        intake::truncate(&mut diagnostics);
        let value = value.filter(|_| !any_errors(&diagnostics)).map(|scenario| Self {
            world: World { seed: seed.unwrap_or(scenario.world.seed), ..scenario.world },
            source: (!choices.is_empty()).then(|| {
                let (texts, name, prose) = (texts.clone(), name.to_owned(), prose.keep());
                Arc::new(Source { texts, name, folder, prose })
            }),
            parameters: choices,
            drawn: drawn.clone(),
            ..scenario
        });
        Checked { value, diagnostics }
    }
}

/// The texts of a folder with what was drawn, and how places shift in them; none where nothing is. Pages are filled when they
/// have been read.
fn filled(
    texts: &Texts,
    choices: &Choices,
    drawn: &Drawn,
    uses: &mut Uses,
) -> Option<(Texts, BTreeMap<String, Shifts>)> {
    let others = texts
        .iter()
        .filter(|(path, _)| *path != FILE && *path != prose::FILE && !path.starts_with(QUIZZES));
    for (path, text) in others.clone() {
        uses.note(choices, path, text);
    }
    if drawn.is_empty() {
        return None;
    }
    let (mut filled, mut all) = (texts.clone(), BTreeMap::new());
    for (path, text) in others.filter(|(path, _)| !path.ends_with(".md")) {
        let (new, shifts) = drawn.filled(text);
        filled.insert(path.clone(), new);
        all.insert(path.clone(), shifts);
    }
    Some((filled, all))
}

struct Reader<'a> {
    // As they are written, and with what was drawn.
    written: &'a Texts,
    texts: &'a Texts,
    drawn: &'a Drawn,
    name: &'a str,
    folder: Folder,
    prose: &'a dyn Prose,
    // Files of the folder that something refers to.
    used: RefCell<BTreeSet<String>>,
    // The objects of files that were read already, by path.
    manifests: RefCell<BTreeMap<String, Vec<Manifest>>>,
    // Problems in other files than the scenario's, and in the Markdown inside it.
    found: RefCell<Vec<Diagnostic>>,
}

/// The workloads of a scenario's files, as goals name them.
struct Workloads {
    known: BTreeSet<String>,
    // Whether every file could be read; otherwise a workload that seems to be missing may stand in one of the others.
    complete: bool,
}

/// The texts that history may name.
#[derive(Default)]
struct Sources {
    files: Vec<ScenarioFile>,
    setup: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn scenario(&self, root: &Node<'_>, asked_for: &BTreeSet<String>) -> Option<Scenario> {
        if let Some(format) = root.peek("format")
            && format.number() != Some(FORMAT)
        {
            let hint = "this program reads `format: 1`; a newer one may read the file";
            format.error("unknown-format", "this version of the format is not known", hint);
            return None;
        }
        let fields = root.map(&FIELDS)?;
        fields.need("format", "write `format: 1` on the first line");
        self.id(&fields);
        let title = text(fields.need("title", "write a few words"));
        let summary = text(fields.need("summary", "write a sentence or two for the gallery"));
        let topic =
            text(fields.need("topic", "write the group it stands in, for example `Attaching`"));
        let difficulty = fields
            .need("difficulty", "write `first`, `easy`, `medium` or `hard`")
            .and_then(|node| node.word(&Difficulty::ALL.map(|d| (d.name(), d))));
        let minutes = fields.need("minutes", "write about how many minutes it takes");
        let minutes = minutes.and_then(|node| node.whole(1, 600));
        let version =
            fields.need("version", "write `version: 1`").and_then(|node| node.whole(1, 1_000_000));
        let ladder = fields.get("ladder").map_or(Some(LadderRule::AfterDiagnosis), |node| {
            node.word(&LadderRule::ALL.map(|rule| (rule.name(), rule)))
        });
        if let Some(node) = fields.get("parameters") {
            parameters::read(&node);
            for (name, item) in node.entries().iter().filter(|(name, _)| !asked_for.contains(*name))
            {
                let message = format!("nothing asks for `{}`", short(name));
                let hint = format!("write `${{param:{name}}}` somewhere, or take it away");
                item.warn("unused-parameter", message, hint);
            }
        }
        let world = fields
            .need("world", "write `start`, `registries`, `roles`, `tokens` and `nodes` in it");
        let world = world.map(|node| self.world(&node));
        let (world, fresh_token_role) = match world {
            Some(Some((world, role))) => (Some(world), role),
            _ => (None, None),
        };
        let vary = fields
            .get("vary")
            .and_then(|node| Some(vary::read(&node, world.as_ref()?)))
            .unwrap_or_default();
        let mut sources = self.sources(&fields, world.as_ref());
        let history = self.history(&fields, &mut sources, world.as_ref());
        let workloads = self.workloads();
        let sandbox = fields.get("sandbox").is_some_and(|node| node.truth() == Some(true));
        let known =
            checks::Known { workloads: &workloads, world: world.as_ref(), files: &sources.files };
        let path = steps::read(self, &fields, &known, sandbox);
        if let Some(node) = fields.get("vary")
            && path.complete
            && path.goals.iter().all(|goal| goal.worlds == 0)
        {
            let hint = "give a goal `worlds: 20`, or take `vary` away";
            node.warn("vary-unused", "no goal is judged in more worlds than this one", hint);
        }
        if let (Some(rule), Some(goal)) = (
            ladder.filter(|rule| *rule != LadderRule::AfterDiagnosis),
            path.goals.iter().find(|goal| goal.check == Check::Diagnosed),
        ) {
            let message = format!("with `ladder: {}` nobody is asked for a diagnosis", rule.name());
            let hint = "write `ladder: after-diagnosis`";
            root.error_at("no-diagnosis", goal.span.clone(), message, hint);
        }
        let forbidden = forbidden(&fields);
        let penalties = penalties(&fields, &forbidden);
        let (questions, asked) = fields
            .get("questions")
            .map(|node| {
                let goals = path.goals.iter().map(|goal| goal.id.clone());
                let steps = path.steps.iter().map(|step| step.id.clone());
                let ids = ordered::set(goals.chain(steps));
                let section = Section { node, texts: self.texts, scenario: self.name, ids };
                self.prose.questions(&section, &mut self.found.borrow_mut())
            })
            .unwrap_or_default();
        let brief = self.page(root, "brief.md");
        let explanation =
            fields.need("explanation", "write `explanation: explanation.md`, and the file");
        let explanation = explanation.and_then(|node| self.page(&node, node.text()?));
        let all_goals = path.complete.then_some(&path.goals);
        let pass = self.pass(&fields, all_goals);
        let answers =
            answers::Answers { reader: self, files: &sources.files, world: world.as_ref() };
        let solutions = answers.solutions(&fields, sandbox);
        let one_way = one_way(&fields);
        let wrong = answers.wrong(&fields, &path.feedback_ids);
        self.unexpected();
        let Sources { files, setup } = sources;
        Some(Scenario {
            id: self.name.to_owned(),
            sandbox,
            title: title?,
            summary: summary?,
            topic: topic?,
            difficulty: difficulty?,
            minutes: minutes? as u32,
            version: version? as u32,
            content: content_hash(self.written, &asked),
            ladder: ladder?,
            world: world?,
            vary,
            fresh_token_role,
            files,
            setup,
            history,
            goals: path.goals,
            goals_span: path.span,
            steps: path.steps,
            has_path: path.listed,
            forbidden,
            questions,
            penalties,
            brief: brief?,
            explanation: explanation?,
            pass: pass?,
            solutions,
            one_way,
            wrong,
            parameters: Choices::new(),
            drawn: Drawn::default(),
            source: None,
        })
    }

    fn id(&self, fields: &Fields<'_>) -> Option<()> {
        let node = fields.need("id", "write the folder's name")?;
        let id = node.text()?;
        if !is_id(id) {
            node.error("bad-id", format!("`{}` cannot be an id", short(id)), ID_HINT);
        } else if id != self.name {
            let hint = format!("write `id: {}`, or rename the folder", self.name);
            node.error("id-mismatch", "the id differs from the folder's name", hint);
        }
        Some(())
    }

    // ---- the world -------------------------------------------------------------------------------------------------

    fn world(&self, node: &Node<'_>) -> Option<(World, Option<String>)> {
        let fields = node.map(&[
            "start",
            "kubernetes",
            "seed",
            "from",
            "account",
            "registries",
            "roles",
            "identities",
            "tokens",
            "secrets-manager",
            "nodes",
            "admission-plugins",
            "fresh-token-role",
        ])?;
        let start =
            fields.need("start", "write the wall clock of T+0, for example `2026-03-02T09:00:00Z`");
        let start = start.and_then(|node| {
            let hint = "write it like `2026-03-02T09:00:00Z`, in UTC";
            node.parsed("bad-time", "a moment", hint, quantity::moment)
        });
        let seed = fields.need("seed", "write any number, for example `seed: 7`");
        let seed = seed.and_then(|node| node.whole(0, (1 << 53) - 1));
        let from = fields.get("from").map_or(Some(Duration::ZERO), |node| not_after_start(&node));
        let from = SimTime::START + from.unwrap_or_default();
        let registries = fields.need("registries", "write at least one, by its host");
        let registries = registries.map(|node| world::registries(&node)).unwrap_or_default();
        let roles = fields.get("roles").map(|node| world::roles(&node)).unwrap_or_default();
        let identities = fields.get("identities").map(|node| world::identities(&node));
        let identities = identities.unwrap_or_default();
        let tokens = fields
            .get("tokens")
            .map(|node| world::tokens(&node, &registries, (&roles, &identities)))
            .unwrap_or_default();
        let secrets_manager = fields
            .get("secrets-manager")
            .map(|node| world::secrets_manager(&node, &registries, &roles, from))
            .unwrap_or_default();
        let nodes = fields.need("nodes", "write at least one node");
        let default = World::default();
        let kubernetes = fields.get("kubernetes").and_then(|node| world::kubernetes(&node));
        let kubernetes = kubernetes.unwrap_or(default.kubernetes);
        let nodes = nodes.map(|node| world::nodes(&node, (&roles, &identities), kubernetes, from));
        let plugins = fields.get("admission-plugins");
        let names = AdmissionPlugin::ALL.map(|plugin| (plugin.name(), plugin));
        let admission_plugins = plugins
            .iter()
            .flat_map(super::super::fields::Node::list)
            .filter_map(|node| node.word(&names));
        let known = roles.keys().map(String::as_str);
        let fresh = fields
            .get("fresh-token-role")
            .and_then(|node| node.reference("unknown-role", "role", known));
        let account = fields.get("account").and_then(|node| world::account(&node));
        let world = World {
            kubernetes,
            account: account.unwrap_or_default(),
            epoch_seconds: start?,
            seed: seed?,
            from,
            registries,
            tokens,
            roles,
            identities,
            secrets_manager,
            nodes: nodes.unwrap_or_default(),
            admission_plugins: ordered::set(admission_plugins),
            ..default
        };
        Some((world, fresh.map(str::to_owned)))
    }

    // ---- files and history -----------------------------------------------------------------------------------------

    fn sources(&self, fields: &Fields<'_>, world: Option<&World>) -> Sources {
        let mut sources = Sources::default();
        let hint = "write a list of `{ name: deployment.yaml, edit: true }`";
        let Some(node) = fields.need("files", hint) else { return sources };
        for item in node.list() {
            let Some(file) = self.scenario_file(&item) else { continue };
            if sources.files.iter().any(|other| other.name == file.name) {
                item.error(
                    "duplicate-id",
                    format!("`{}` is listed twice", file.name),
                    "list each file once",
                );
                continue;
            }
            self.read_manifests(&format!("files/{}", file.name), &file.text, world, 0);
            sources.files.push(file);
        }
        if node.list().is_empty() {
            node.error("no-files", "there is nothing to look at or edit", hint);
        }
        sources
    }

    fn scenario_file(&self, item: &Node<'_>) -> Option<ScenarioFile> {
        let fields = item.map(&["name", "edit"])?;
        let node = fields.need("name", "write the name of a file in `files/`")?;
        let edit_node = fields.get("edit");
        let name = node.text()?;
        if !is_file_name(name) {
            let hint = "use lower-case letters, digits, `-` and `.`, and end with `.yaml`";
            node.error("bad-file-name", format!("`{}` cannot be a file's name", short(name)), hint);
            return None;
        }
        // A file that is missing stays known, so that what names it is not told as well.
        let text = self.file(&node, &format!("files/{name}")).unwrap_or_default();
        let (edit, keep) = edit_node.map_or_else(Default::default, |node| editable(&node, text));
        let (name, text) = (name.to_owned(), text.to_owned());
        Some(ScenarioFile { name, edit, keep, text, span: node.span() })
    }

    /// The text of a file of the folder, which is used from now on.
    fn file(&self, node: &Node<'_>, path: &str) -> Option<&str> {
        self.used.borrow_mut().insert(path.to_owned());
        let text = self.texts.get(path);
        if text.is_none() {
            let near = nearest(path, self.texts.keys().map(String::as_str));
            let hint =
                near.map_or_else(|| format!("write `{path}`"), |near| format!("there is `{near}`"));
            node.error("missing-file", format!("there is no file `{}`", short(path)), hint);
        }
        text.map(String::as_str)
    }

    /// Reads a file's objects; `fresh` is how many fresh tokens there can be.
    fn read_manifests(&self, path: &str, text: &str, world: Option<&World>, fresh: usize) {
        let mut checked = manifest::read(path, text);
        let manifests = checked.value.take().unwrap_or_default();
        if let Some(world) = world {
            let known = |name: &str| {
                let minted =
                    |number: &str| number.parse::<usize>().is_ok_and(|n| (1..=fresh).contains(&n));
                let exists = world.tokens.contains_key(name)
                    || name.strip_prefix("fresh-").is_some_and(minted);
                exists.then(String::new)
            };
            for manifest in &manifests {
                checked.diagnostics.extend(manifest::substitute(manifest, text, &known).1);
            }
        }
        self.found.borrow_mut().append(&mut checked.diagnostics);
        self.manifests.borrow_mut().insert(path.to_owned(), manifests);
    }

    /// The workloads that a goal can be about.
    fn workloads(&self) -> Workloads {
        let manifests = self.manifests.borrow();
        let written = manifests.values().flatten().filter_map(|manifest| {
            let kind = Kind::of(&manifest.api_version, &manifest.kind)?.workload()?;
            let (namespace, name) = (manifest.namespace.clone(), manifest.name.clone());
            Some(Workload { kind, namespace, name }.to_string())
        });
        let known = ordered::set(written);
        Workloads { known, complete: !any_errors(&self.found.borrow()) }
    }

    fn history(
        &self,
        fields: &Fields<'_>,
        sources: &mut Sources,
        world: Option<&World>,
    ) -> Vec<HistoryStep> {
        let Some(node) = fields.get("history") else { return Vec::new() };
        let mut steps: Vec<HistoryStep> = Vec::new();
        for item in node.list() {
            let Some(step) = self.step(&item, sources, world) else { continue };
            if steps.last().is_some_and(|last| last.at > step.at) {
                item.error(
                    "out-of-order",
                    "a step stands before the one above it",
                    "order the steps by time",
                );
            }
            if let Some(world) = world.filter(|world| step.at < world.from) {
                let from = quantity::duration_text(world.from.since(SimTime::START));
                let hint = format!("`from` is {from}: let it be earlier, or the step later");
                item.error("out-of-order", "a step stands before history begins", hint);
            }
            steps.push(step);
        }
        steps
    }

    fn step(
        &self,
        item: &Node<'_>,
        sources: &mut Sources,
        world: Option<&World>,
    ) -> Option<HistoryStep> {
        let fields = item.map(&["at", "apply"])?;
        let at = fields.need("at", "write when, for example `at: -10m`");
        let at = at.and_then(|node| not_after_start(&node));
        let apply =
            fields.need("apply", "write a list of files: of `files/`, or `setup/NAME.yaml`")?;
        let mut names = Vec::new();
        for node in apply.list() {
            let Some(name) = node.text() else { continue };
            match name.strip_prefix("setup/").filter(|rest| is_file_name(rest)) {
                Some(_) => {
                    let Some(text) = self.file(&node, name) else { continue };
                    if sources.setup.insert(name.to_owned(), text.to_owned()).is_none() {
                        self.read_manifests(name, text, world, 0);
                    }
                }
                None => {
                    let known = sources.files.iter().map(|file| file.name.as_str());
                    if node.reference("unknown-file", "file", known).is_none() {
                        continue;
                    }
                }
            }
            names.push(name.to_owned());
        }
        Some(HistoryStep { at: SimTime::START + at?, apply: names, span: item.span() })
    }

    // ---- goals and texts -------------------------------------------------------------------------------------------

    /// The points that are needed; `goals` only when every one could be read, or the sum says nothing.
    fn pass(&self, fields: &Fields<'_>, goals: Option<&Vec<Goal>>) -> Option<u32> {
        let visible = |goals: &Vec<Goal>| {
            goals.iter().filter(|goal| goal.is_visible()).map(|goal| goal.points).sum::<u32>()
        };
        let total = goals.map(visible);
        let Some(node) = fields.get("pass") else { return total };
        let pass = node.whole(1, 1_000_000)? as u32;
        if let Some(total) = total.filter(|total| pass > *total) {
            let message = format!(
                "{pass} points are needed, but the goals that the learner sees give {total}"
            );
            let hint = match total {
                0 => "let the learner see a goal".to_owned(),
                total => format!("write at most `pass: {total}`"),
            };
            node.error("pass-above-total", message, hint);
        }
        Some(pass)
    }

    /// A Markdown file of the folder.
    fn page(&self, node: &Node<'_>, name: &str) -> Option<Vec<Block>> {
        let text = self.file(node, name)?;
        let mut found = self.found.borrow_mut();
        if text.trim().is_empty() {
            let empty = Diagnostic::error("empty", name, 0..0, format!("`{name}` says nothing"));
            found.push(empty.hint("write a paragraph or two"));
        }
        let mut blocks = self.prose.blocks(name, text, Place::From(0), &mut found);
        self.drawn.fill_blocks(&mut blocks);
        Some(blocks)
    }

    /// A file that nothing refers to is a mistake: a misspelt name, or a left-over.
    fn unexpected(&self) {
        let used = self.used.borrow();
        for path in self.texts.keys() {
            let answers = path.starts_with("solutions/") || path.starts_with("wrong/");
            let is_laid_in = path.starts_with(QUIZZES);
            if used.contains(path) || is_laid_in || (answers && self.folder == Folder::Played) {
                continue;
            }
            let message = format!("nothing refers to `{}`", short(path));
            let unexpected = Diagnostic::error("unexpected-file", path, 0..0, message);
            let hint = "name it in `scenario.yaml`, or delete it";
            self.found.borrow_mut().push(unexpected.hint(hint));
        }
    }
}

/// What a learner may not do.
fn forbidden(fields: &Fields<'_>) -> Vec<Deed> {
    let words = Deed::PLAIN;
    let known: Vec<&str> = words.iter().map(Deed::name).collect();
    let items = fields.get("forbid").map(|node| node.list()).unwrap_or_default();
    let read = items.iter().filter_map(|node| {
        let word = node.known_word(&known)?;
        Deed::PLAIN.into_iter().find(|deed| deed.name() == word)
    });
    read.collect()
}

/// What tries and actions cost.
fn penalties(fields: &Fields<'_>, forbidden: &[Deed]) -> Penalties {
    let mut penalties = Penalties::default();
    let known = Deed::PLAIN.iter().map(Deed::name).chain(["try"]).collect::<Vec<_>>();
    let Some(node) = fields.get("penalties") else { return penalties };
    let Some(fields) = node.map(&known) else { return penalties };
    let cost = |name: &str| Some((fields.get(name)?, fields.get(name)?.whole(1, 1000)? as u32));
    penalties.fruitless_try = cost("try").map_or(0, |(_, cost)| cost);
    for deed in Deed::PLAIN {
        let Some((node, cost)) = cost(deed.name()) else { continue };
        if forbidden.contains(&deed) {
            let message = format!("`{}` is forbidden, so it costs nothing", deed.name());
            node.error("penalty-unused", message, "take it out of `forbid`, or of `penalties`");
        }
        penalties.deeds.insert(deed, cost);
    }
    penalties
}

/// Why there is one solution only.
fn one_way(fields: &Fields<'_>) -> Option<OneWay> {
    let node = fields.get("one-way")?;
    let reason = node.text()?.to_owned();
    Some(OneWay { reason, span: node.span() })
}

/// Whether a file may be changed, and how its text begins and ends in any case: `edit: true`, or
/// `edit: { after: LINE, before: LINE }`.
fn editable(node: &Node<'_>, text: &str) -> (bool, (String, String)) {
    if !node.is_map() {
        return (node.truth() == Some(true), Default::default());
    }
    let Some(fields) = node.map(&["after", "before"]) else { return Default::default() };
    let (after, before) = (fields.get("after"), fields.get("before"));
    if after.is_none() && before.is_none() {
        let hint = "write `after` or `before`, or `edit: true` for the whole file";
        node.error("bad-edit", "it is not said which part may be changed", hint);
    }
    let place = |node: &Node<'_>| {
        let line = node.text()?.trim();
        let mut at = 0;
        let mut found = Vec::new();
        for one in text.split_inclusive('\n') {
            if one.trim() == line {
                found.push((at, at + one.len()));
            }
            at += one.len();
        }
        match found[..] {
            [place] => return Some(place),
            _ if text.is_empty() => {}
            [] => {
                let near = did_you_mean(line, text.lines().map(str::trim));
                let hint =
                    near.unwrap_or_else(|| "write a whole line of it, as it stands".to_owned());
                node.error(
                    "no-such-line",
                    format!("no line of the file is `{}`", short(line)),
                    hint,
                );
            }
            _ => {
                let message = format!("{} lines of the file are `{}`", found.len(), short(line));
                node.error("ambiguous-line", message, "name a line that is there once");
            }
        }
        None
    };
    let head = after.as_ref().and_then(place).map_or(0, |(_, end)| end);
    let tail = before.as_ref().and_then(place).map_or(text.len(), |(start, _)| start);
    if head > tail {
        let message = "the line of `after` stands behind the line of `before`";
        node.error(
            "bad-edit",
            message,
            "let `after` be the line above the part, and `before` the one below",
        );
        return Default::default();
    }
    (true, (text[..head].to_owned(), text[tail..].to_owned()))
}

fn text(node: Option<Node<'_>>) -> Option<String> {
    Some(node?.text()?.to_owned())
}

/// A hash of the texts that decide what an attempt is worth. The page has no answers, and prose changes nothing.
fn content_hash(texts: &Texts, questions: &str) -> String {
    let decides =
        |path: &str| path == FILE || path.starts_with("files/") || path.starts_with("setup/");
    let parts: Vec<&str> = texts
        .iter()
        .filter(|(path, _)| decides(path))
        .flat_map(|(path, text)| [path.as_str(), text.as_str()])
        // They may stand in a quiz.
        .chain(Some(questions).filter(|text| !text.is_empty()))
        .collect();
    crate::hash(&parts)
}

const ID_HINT: &str = "use 1 to 40 lower-case letters, digits and `-`";

fn is_id(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// An id at a node.
pub(super) fn id_at(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    if !is_id(text) {
        node.error("bad-id", format!("`{}` cannot be an id", short(text)), ID_HINT);
        return None;
    }
    Some(text.to_owned())
}

fn is_file_name(text: &str) -> bool {
    let known =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    text.len() <= 60 && text.ends_with(".yaml") && !text.starts_with('.') && text.bytes().all(known)
}

/// A length of time before T+0.
fn not_after_start(node: &Node<'_>) -> Option<Duration> {
    let length = node.duration()?;
    if length > Duration::ZERO {
        node.error("out-of-order", "this must not be after T+0", "write it with a minus: `-10m`");
        return None;
    }
    Some(length)
}

//! The platform engineer's question: will these images pull, with which credential, until when, and why not?
//!
//! Texts in, a typed report out. Nothing here reads a disk, a clock or a network, so that the command line and the page
//! call the same function; and nothing that comes out holds a secret of what went in.

mod account;
mod credential;
mod form;
mod host;
mod judge;
mod maker;
pub mod meaning;
mod message;
mod miss;
mod moment;
mod object;
pub mod report;
mod secret;
mod source;
mod world;

pub mod rehearse;
pub mod sarif;
pub mod text;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use pullpath_lesson::diagnostic::{self, Checked, Diagnostic};
use pullpath_lesson::intake::{self, Profile};

pub use moment::Moment;
pub use report::Report;
pub use world::World;

use crate::form::Form;
use crate::judge::Judge;
use crate::object::{Inventory, Reader};
use crate::report::{Finding, Image, Place, Reading, Severity};
use crate::source::{Sources, Spot};

/// A text, and what it is called in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The file's name as the user wrote it, or `-`.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// What the report depends on besides the inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The moment that the answer is about.
    pub now: Moment,
    /// The namespace of objects that name none, as with `kubectl -n`.
    pub namespace: String,
    /// What surrounds the cluster.
    pub world: World,
}

impl Options {
    /// The default namespace in a world that nobody has described.
    pub fn at(now: Moment) -> Self {
        Self { now, namespace: "default".into(), world: World::default() }
    }
}

/// Whether a text is about a cluster at all: a folder has other files beside its manifests.
pub fn recognises(text: &str) -> bool {
    match form::of(text) {
        Form::Empty => false,
        Form::Describe => true,
        Form::Objects => text.contains("apiVersion") && text.contains("kind"),
        Form::Lines => text.lines().any(message::is_about_pulls),
    }
}

/// How far the reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that have been read, of all inputs.
    pub read: usize,
    /// Bytes that there are.
    pub of: usize,
}

/// That an input could not be read at all, for [`Report::unreadable`].
pub fn unreadable(file: &str, why: String) -> Finding {
    let place = Place {
        file: file.to_owned(),
        line: 1,
        column: 1,
        end_line: 1,
        end_column: 1,
        quote: None,
    };
    let hint = String::new();
    Finding { code: "unreadable", severity: Severity::Error, place, message: why, hint }
}

/// Explains what the inputs say about image pulls.
pub fn explain(inputs: &[Input], options: &Options) -> Report {
    explain_telling(inputs, options, &mut |_| {})
}

/// The same, telling now and then how far it has come.
pub fn explain_telling(
    inputs: &[Input],
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    let sources = Sources::new(inputs);
    let mut inventory = Inventory::default();
    let (mut problems, mut unreadable) = (Vec::new(), Vec::new());
    let of = inputs.iter().map(|input| input.text.len()).sum();
    let mut before = 0;
    for (file, input) in inputs.iter().enumerate() {
        let mut tell = |read: usize| progress(Progress { read: before + read, of });
        let told = read(file, input, options, &sources, &mut inventory, &mut tell);
        match told {
            Told::Read(found) => problems.extend(found),
            Told::Unreadable(found) => unreadable.extend(found),
        }
        before += input.text.len();
    }
    progress(Progress { read: of, of });
    let world = world_of(&options.world, &inventory);
    let judge = Judge {
        inventory: &inventory,
        sources: &sources,
        world: &world,
        now: options.now,
        found: RefCell::default(),
        findings: RefCell::new(problems),
    };
    let images = images(&judge);
    check_objects(&judge);
    let messages = messages(&judge);
    let mut findings = judge.findings.into_inner();
    findings.sort_by(|a, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
    let files: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    // Files in the order in which they were given.
    findings.sort_by_key(|finding| files.iter().position(|file| *file == finding.place.file));
    Report {
        now: options.now,
        assumptions: assumptions(&inventory, &sources, options, &world, &images),
        images,
        messages,
        findings,
        unreadable,
    }
}

/// Whose rules these are, and what the nodes of the input do otherwise.
fn release(inventory: &Inventory) -> String {
    // The first release in which a present image is not every Pod's (P46).
    const VERIFIES: u32 = 35;
    let runtimes: BTreeSet<(&str, &str)> =
        inventory.nodes.iter().map(|node| (node.kubelet.as_str(), node.runtime.as_str())).collect();
    let minor = |kubelet: &str| kubelet.split('.').nth(1)?.parse::<u32>().ok();
    let minors: BTreeSet<u32> = runtimes.iter().filter_map(|(kubelet, _)| minor(kubelet)).collect();
    let run = match (runtimes.first(), runtimes.len()) {
        (Some((kubelet, runtime)), 1) => format!("Kubernetes {kubelet} with {runtime}"),
        (Some(_), _) if minors.len() == 1 => {
            format!("Kubernetes 1.{}", minors.iter().next().expect("one"))
        }
        (Some(_), _) if !minors.is_empty() => {
            let all: Vec<String> = minors.iter().map(|minor| format!("1.{minor}")).collect();
            format!("Kubernetes {}", all.join(" and "))
        }
        _ => return "rules are those of Kubernetes 1.35 and containerd".to_owned(),
    };
    let run = format!("nodes run {run}, as the input says");
    match minors.first() {
        Some(minor) if *minor < VERIFIES => format!(
            "{run}: before 1.{VERIFIES}, a node starts any Pod from an image that it has already; rules about credentials are those of 1.35"
        ),
        _ if minors == BTreeSet::from([VERIFIES]) => format!("{run}, and rules are those of it"),
        _ => format!("{run}; rules are those of 1.35"),
    }
}

/// The objects of all inputs that can be read.
fn inventory(inputs: &[Input], options: &Options) -> Inventory {
    let sources = Sources::new(inputs);
    let mut inventory = Inventory::default();
    for (file, input) in inputs.iter().enumerate() {
        read(file, input, options, &sources, &mut inventory, &mut |_| {});
    }
    inventory
}

enum Told {
    Read(Vec<Finding>),
    Unreadable(Vec<Finding>),
}

fn read(
    file: usize,
    input: &Input,
    options: &Options,
    sources: &Sources<'_>,
    inventory: &mut Inventory,
    tell: &mut dyn FnMut(usize),
) -> Told {
    let nothing = |message: &str, hint: &str| {
        let spot = Spot::value(file, 0..0, None);
        let found = sources.finding("nothing-to-explain", Severity::Error, &spot, message, hint);
        Told::Unreadable(vec![found])
    };
    match form::of(&input.text) {
        Form::Empty => {
            nothing("there is nothing in it", "was the command before the pipe successful?")
        }
        Form::Describe => {
            form::describe(file, &input.text, inventory);
            Told::Read(Vec::new())
        }
        Form::Lines => {
            if form::read_lines(file, &input.text, &options.namespace, inventory) {
                Told::Read(Vec::new())
            } else {
                nothing(
                    "this is neither a manifest nor anything that a cluster says about a pull",
                    "give YAML or JSON of objects, `kubectl describe pod`, events, or an error message",
                )
            }
        }
        Form::Objects => {
            let Checked { value, diagnostics } =
                intake::read_places(&input.name, &input.text, Profile::Dump, tell);
            if let Some(at) = template(&input.text, &diagnostics) {
                let spot = Spot::value(file, at..at, None);
                let found = sources.finding(
                    "template",
                    Severity::Error,
                    &spot,
                    "this is a template and no manifest yet: `{{` stands in it, and it is no YAML",
                    "render it first: `helm template RELEASE CHART | pullpath explain -f -`",
                );
                return Told::Unreadable(vec![found]);
            }
            let mut found: Vec<_> =
                diagnostics.iter().map(|diagnostic| told(file, diagnostic, sources)).collect();
            let Some(documents) = value else { return Told::Unreadable(found) };
            found.extend(documents.iter().filter_map(|document| {
                let kind = document.cursor().get("kind")?;
                let spot = Spot::value(file, kind.span(), kind.key_span());
                (kind.text()? == "Kustomization"
                    && document.cursor().get("apiVersion")?.text()?.starts_with("kustomize.config"))
                .then(|| {
                    sources.finding(
                        "kustomization",
                        Severity::Warning,
                        &spot,
                        "a Kustomization may change names, images and namespaces; it is not applied here",
                        "explain what comes of it: `kubectl kustomize FOLDER | pullpath explain -f -`",
                    )
                })
            }));
            let before = inventory.objects;
            for document in &documents {
                let mut reader = Reader { file, namespace: &options.namespace, into: inventory };
                reader.document(document.cursor());
            }
            if inventory.objects == before && found.is_empty() {
                let empty =
                    documents.iter().all(|document| document.cursor().get("items").is_some());
                if !documents.is_empty() && empty {
                    return Told::Read(found);
                }
                return nothing(
                    "there is no object in it",
                    "an object has `apiVersion:`, `kind:` and `metadata:`",
                );
            }
            Told::Read(found)
        }
    }
}

/// Where a template's own language breaks the YAML: `{{` at the first mistake or on the line before it. Elsewhere it may be in
/// its place, as in the texts of External Secrets and dashboards.
fn template(text: &str, diagnostics: &[Diagnostic]) -> Option<usize> {
    let first = diagnostics.iter().find(|found| found.severity == diagnostic::Severity::Error)?;
    if !["yaml-syntax", "bad-key"].contains(&first.code) {
        return None;
    }
    let at = text.floor_char_boundary(first.span.start);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let mut breaks = text[..at].rmatch_indices('\n');
    let from = breaks.nth(1).map_or(0, |(before, _)| before + 1);
    text[from..end].find("{{").map(|inside| from + inside)
}

/// A diagnostic of the intake. Its own drawing would show the whole source line.
fn told(file: usize, diagnostic: &Diagnostic, sources: &Sources<'_>) -> Finding {
    let severity = match diagnostic.severity {
        diagnostic::Severity::Error => Severity::Error,
        diagnostic::Severity::Warning | diagnostic::Severity::Note => Severity::Warning,
    };
    // A place of the parser's may be anywhere: nothing is shown of it.
    let spot = Spot::value(file, diagnostic.span.start..diagnostic.span.start, None);
    let hint = diagnostic.hint.clone().unwrap_or_default();
    let message = match diagnostic.code {
        // These quote a value, and it may be a secret.
        "wrong-type" | "not-json" => "the value does not fit its type".to_owned(),
        _ => diagnostic.message.clone(),
    };
    sources.finding(diagnostic.code, severity, &spot, message, hint)
}

/// Nodes of the input that belong to no cloud have no identity to pull with.
fn world_of(world: &World, inventory: &Inventory) -> World {
    let mut world = world.clone();
    let nodes = &inventory.nodes;
    let homely = |provider: &str| {
        ["kind://", "k3s://", "minikube://", "harvester://"]
            .iter()
            .any(|known| provider.starts_with(known))
    };
    if !nodes.is_empty() && nodes.iter().all(|node| homely(&node.provider)) {
        world.nodes_pull_nothing();
    }
    world
}

fn images(judge: &Judge<'_>) -> Vec<Image> {
    let inventory = judge.inventory;
    let owned_here = |pod: &object::PodLike| {
        // Its template is a copy of its owner's; a Pod is looked at for itself, because its list may differ.
        pod.kind != "Pod"
            && pod.owner.as_ref().is_some_and(|(kind, name)| {
                inventory.present.contains(&(kind.clone(), pod.namespace.clone(), name.clone()))
            })
    };
    let mut all: Vec<Image> = Vec::new();
    let mut same: BTreeMap<String, usize> = BTreeMap::new();
    for pod in inventory.pods.iter().filter(|pod| !owned_here(pod)) {
        for container in &pod.containers {
            let image = judge.image(pod, container);
            let key = format!(
                "{:?}",
                (
                    (&image.container, image.container_kind, &image.image, &image.policy),
                    (image.verdict, &image.reason, &image.unless, &image.credentials),
                    image.seen.as_ref().map(|seen| &seen.meaning),
                )
            );
            match same.get(&key) {
                Some(index) => all[*index].subjects.extend(image.subjects),
                None => {
                    same.insert(key, all.len());
                    all.push(image);
                }
            }
        }
    }
    all.sort_by_key(|image| image.verdict);
    all
}

/// Mistakes in objects, whichever image they are about.
fn check_objects(judge: &Judge<'_>) {
    let inventory = judge.inventory;
    let mut named: BTreeSet<(&str, &str)> = BTreeSet::new();
    for pod in &inventory.pods {
        let names = pod.list.iter().filter_map(|(name, _)| name.as_deref());
        named.extend(names.map(|name| (pod.namespace.as_str(), name)));
    }
    for ((namespace, _), account) in &inventory.accounts {
        let names = account.list.iter().filter_map(|(name, _)| name.as_deref());
        named.extend(names.map(|name| (namespace.as_str(), name)));
    }
    for misplaced in &inventory.misplaced {
        judge.error("misplaced-field", &misplaced.spot, &misplaced.message, &misplaced.hint);
    }
    for ((namespace, name), secret) in &inventory.secrets {
        let renewed = inventory.makers.iter().any(|maker| {
            maker.secret == *name && maker.namespace.as_ref().is_none_or(|made| made == namespace)
        });
        let is_named = named.contains(&(namespace.as_str(), name.as_str()));
        let found = secret::check(secret, is_named, renewed, judge.sources, judge.world, judge.now);
        judge.findings.borrow_mut().extend(found);
    }
    maker::check(judge, |maker| {
        named.iter().any(|(namespace, name)| {
            *name == maker.secret && maker.namespace.as_ref().is_none_or(|made| made == namespace)
        })
    });
}

/// What the events say about Pods that are not in the input themselves.
fn messages(judge: &Judge<'_>) -> Vec<Reading> {
    let known: BTreeSet<(&str, &str)> = judge
        .inventory
        .pods
        .iter()
        .filter(|pod| pod.kind == "Pod")
        .map(|pod| (pod.namespace.as_str(), pod.name.as_str()))
        .collect();
    // By Pod and rung, with the rank of the text.
    let mut best: BTreeMap<(Option<&object::Key>, u8), (usize, Reading)> = BTreeMap::new();
    for event in &judge.inventory.events {
        let subject = event.subject.as_ref();
        if subject
            .is_some_and(|(namespace, name)| known.contains(&(namespace.as_str(), name.as_str())))
        {
            continue;
        }
        let facts = message::Facts {
            namespace: subject.map_or("", |(namespace, _)| namespace),
            pod: subject.map(|(_, name)| name.as_str()),
            image: None,
        };
        let Some(meaning) = message::read(&event.message, &facts) else { continue };
        let rank = meaning.rank;
        let words = subject.map(|(namespace, name)| format!("Pod {namespace}/{name}"));
        let mut reading = meaning.reading(judge.sources.bare_place(&event.spot), words);
        reading.count = event.count;
        // Of one Pod the most exact text of each rung; the ones that only point at others come last.
        match best.get_mut(&(subject, reading.rung)) {
            Some((known, old)) if *known <= rank => old.count = old.count.max(event.count),
            _ => {
                best.insert((subject, reading.rung), (rank, reading));
            }
        }
    }
    let exact: BTreeSet<Option<String>> = best
        .values()
        .filter(|(_, reading)| reading.rung != 8)
        .map(|(_, reading)| reading.subject.clone())
        .collect();
    let tells = |reading: &Reading| reading.rung != 8 || !exact.contains(&reading.subject);
    let mut readings: Vec<Reading> =
        best.into_values().map(|(_, reading)| reading).filter(tells).collect();
    readings.sort_by(|a, b| a.place.cmp(&b.place));
    readings
}

fn assumptions(
    inventory: &Inventory,
    sources: &Sources<'_>,
    options: &Options,
    world: &World,
    images: &[Image],
) -> Vec<String> {
    let mut assumptions = Vec::new();
    if inventory.defaulted_namespace && !inventory.pods.is_empty() {
        let namespace = &options.namespace;
        assumptions.push(format!(
            "objects without a namespace are in `{namespace}` (`--namespace` says otherwise)"
        ));
    }
    let mut lists: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for (kind, complete) in &inventory.complete {
        let files: Vec<&str> = complete.files.iter().map(|file| sources.name(*file)).collect();
        let of = if complete.everywhere {
            "of the whole cluster".to_owned()
        } else {
            let names: Vec<&str> = complete.namespaces.iter().map(String::as_str).collect();
            format!("of namespace `{}`", names.join("`, `"))
        };
        lists.entry((files.join(", "), of)).or_default().push(kind);
    }
    for ((files, of), kinds) in lists {
        let kinds = kinds.join(" and every ");
        assumptions.push(format!("{files} has every {kinds} {of}, as `kubectl get` lists them"));
    }
    assumptions.push(release(inventory));
    let matters = |image: &Image| image.verdict != report::Verdict::Pulls && !image.node.is_empty();
    if world.says_nothing_of_nodes() && images.iter().any(matters) {
        assumptions.push(
            "what nodes pull by themselves is not known (a world file can say it)".to_owned(),
        );
    }
    assumptions
}

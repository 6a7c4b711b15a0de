//! What does this message mean? The search from a text back to what brings it about, over what the model says.

use super::node::Saying;
use super::runtime::Runtime;
use super::shape::{Shape, host_in, image_in};
use super::situation::Situation;
use super::{Reading, image_at, read};
use crate::image::ImageRef;
use crate::message::phrase::{Phrase, phrases};
use crate::ordered;
use crate::world::RegistryKind;

/// What a message means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Its pieces, in plain words.
    pub phrases: Vec<Phrase>,
    /// What brings it about. With several, the message does not tell them apart.
    pub causes: Vec<Possible>,
    /// The kubelet that writes like this, where it is told.
    pub kubelet: Option<&'static str>,
}

/// Something that brings a message about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Possible {
    /// What is the matter.
    pub what: Matter,
    /// At registries of these kinds; empty for any.
    pub kinds: Vec<RegistryKind>,
    /// With these runtimes; empty where the runtime plays no part.
    pub runtimes: Vec<Runtime>,
    /// How it reads with others.
    pub elsewhere: Vec<(Vec<Runtime>, String)>,
}

/// What is the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// The kubelet says it.
    Kubelet(Saying),
    /// A pull fails for it.
    Pull(Situation),
}

impl Matter {
    /// As a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Kubelet(saying) => saying.sentence(),
            Self::Pull(situation) => situation.sentence(),
        }
    }

    /// What to look at next.
    pub const fn next(self) -> &'static str {
        match self {
            Self::Kubelet(saying) => saying.next(),
            Self::Pull(situation) => situation.next(),
        }
    }
}

/// Looks a message up by its shape: names, hosts, digests and addresses may be any. Kinds of registries are held
/// against the host that the message names, if it names one.
pub fn search(message: &str) -> Meaning {
    let shape = Shape::of(message);
    let mut causes = kubelets(&shape);
    causes.extend(pulls(message, &shape));
    // What only says that something failed is said where nothing else is.
    let hides = |possible: &Possible| matches!(possible.what, Matter::Kubelet(saying) if saying.hides_the_cause());
    if !causes.iter().all(hides) {
        causes.retain(|possible| !hides(possible));
    }
    let kubelet = message.contains("code = Unknown desc = ").then_some("a kubelet up to 1.27");
    Meaning { phrases: phrases(message), causes, kubelet }
}

fn kubelets(shape: &Shape) -> Vec<Possible> {
    let says = |saying: &Saying| {
        let texts = saying.texts();
        texts.iter().any(|text| !Shape::of(text).places_in(shape).is_empty())
    };
    let possible = |saying| Possible {
        what: Matter::Kubelet(saying),
        kinds: Vec::new(),
        runtimes: Vec::new(),
        elsewhere: Vec::new(),
    };
    Saying::ALL.into_iter().filter(says).map(possible).collect()
}

fn pulls(message: &str, shape: &Shape) -> Vec<Possible> {
    let is_cut = message.trim_end().ends_with("...");
    let readings: Vec<(Reading, Vec<usize>)> = candidates(message)
        .into_iter()
        .map(|reading| {
            let text = without_code(&reading.message);
            let mut places = Shape::of(text).places_in(shape);
            // `kubectl get events` cuts a message after its first line.
            if is_cut && places.is_empty() {
                places = Shape::of(text.lines().next().unwrap_or_default()).places_in(shape);
            }
            (reading, places)
        })
        .collect();
    // Where several begin at one place, the longest says most: others say a part of it.
    let length = |reading: &Reading| Shape::of(without_code(&reading.message)).len();
    let longest = |place: usize| {
        let there = readings.iter().filter(|(_, places)| places.contains(&place));
        there.map(|(reading, _)| length(reading)).max()
    };
    let fits = |(reading, places): &&(Reading, Vec<usize>)| {
        !reading.message.is_empty()
            && places.iter().any(|place| is_cut || longest(*place) == Some(length(reading)))
    };
    let mut causes: Vec<Possible> = Vec::new();
    for (reading, _) in readings.iter().filter(fits) {
        let Reading { kind, situation, runtimes, .. } = reading;
        let what = Matter::Pull(*situation);
        if let Some(known) =
            causes.iter_mut().find(|known| known.what == what && known.runtimes == *runtimes)
        {
            known.kinds.push(*kind);
            continue;
        }
        let others = readings.iter().filter(|(other, _)| {
            (other.kind, other.situation) == (*kind, *situation) && other.message != reading.message
        });
        let elsewhere =
            others.map(|(other, _)| (other.runtimes.clone(), other.message.clone())).collect();
        let kinds = if situation.is_of_any_kind() { Vec::new() } else { vec![*kind] };
        causes.push(Possible { what, kinds, runtimes: runtimes.clone(), elsewhere });
    }
    ordered::sort_by_key(&mut causes, |possible| possible.what);
    causes
}

/// All that a message could be, with the image that it names.
fn candidates(message: &str) -> Vec<Reading> {
    let host = host_in(message);
    let host = host.map(|host| if host.ends_with(".docker.io") { "docker.io" } else { host });
    let kinds: Vec<RegistryKind> = match host.map(RegistryKind::of_host) {
        Some(Some(kind)) => vec![kind, RegistryKind::Open],
        // A host that no service has: one of those that anybody can run.
        Some(None) => RegistryKind::ALL.into_iter().filter(|kind| !kind.has_own_hosts()).collect(),
        None => RegistryKind::ALL.to_vec(),
    };
    let named = image_in(message).and_then(named);
    let mut readings = Vec::new();
    for kind in kinds {
        let image = match &named {
            Some(image) if host == Some(image.host()) => image.clone(),
            _ => ImageRef::parse(image_at(kind)).expect("the names are names"),
        };
        let of_kind = Situation::ALL.into_iter().filter(|situation| situation.happens_at(kind));
        let open_too = host.and_then(RegistryKind::of_host);
        for situation in of_kind {
            // An open registry stands for any where its kind makes no difference; what else it says is its own.
            if kind == RegistryKind::Open
                && open_too.is_some_and(|kind| kind != RegistryKind::Open)
                && !situation.is_of_any_kind()
            {
                continue;
            }
            readings.extend(read(kind, situation, &image));
        }
    }
    readings
}

/// The image with a tag, as the world of a reading has it.
fn named(name: &str) -> Option<ImageRef> {
    let image = ImageRef::parse(name).ok()?;
    match image.digest() {
        None => Some(image),
        Some(_) => ImageRef::parse(&format!("{}/{}:1.0", image.host(), image.path())).ok(),
    }
}

/// A message without the code of gRPC, which kubelets print or do not print (R41).
fn without_code(message: &str) -> &str {
    let rest = message.strip_prefix("rpc error: code = ");
    rest.and_then(|rest| rest.split_once(" desc = ")).map_or(message, |(_, rest)| rest)
}

//! The world of a recording: its sentences, the names of its stand-in registries, and the images its manifests name.
//!
//! The recorder's stand-ins follow conventions that the sentences do not repeat: `open.example.com` serves everybody,
//! other example hosts ask for a login, hosts of real services answer as they do; repositories called `missing…` and the
//! tag `9.9.9` do not exist, every other name and tag does; `limited…` is over Docker Hub's limit, `slow…` takes its
//! time. Where a recorded answer says that something is missing, or whom a plugin logged in as, it is so.

mod answers;
mod plugin;
mod setting;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use pullpath_model::credential::SecretText;
use pullpath_model::image::ImageRef;
use pullpath_model::pull_record::VerificationPolicy;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::wildcard;
use pullpath_model::world::{
    AdmissionPlugin, Image, NODE_CONFIG_PATHS, NodeSpec, Outage, Part, Plugin, ProviderSpec,
    RateLimit, Registry, RegistryKind, TokenSpec, Trouble, User, Version, World,
};
use serde_json::json;

use super::recording::Recording;
use crate::case::{NotPlayed, not_played};
use setting::Policy;

/// The one node.
pub(super) const NODE: &str = "worker-1";

/// The size that every stand-in image has.
const BYTES: u64 = 1_028_910;

/// How long a slow pull takes where nobody says it.
const SLOW: Span = Span::seconds(20);

/// What a world's change in the middle of a recording means for the player.
pub(super) enum Change {
    /// It is done when its moment comes.
    RestartKubelet,
    /// Images are put into the runtime past the kubelet.
    Preload(Vec<ImageRef>),
    /// A plugin of the node does something else.
    Plugin { name: String, plugin: Plugin },
    /// The world knows of it from the beginning, with its moment.
    Foreseen,
}

/// The sentences of changes.
pub(super) fn change(
    sentence: &str,
    recording: &Recording,
    node: &NodeSpec,
) -> Result<Change, NotPlayed> {
    let images = preloaded(sentence);
    if !images.is_empty() {
        return Ok(Change::Preload(images));
    }
    let acts = ["answers", "gives", "returns", "fails"];
    if plugin::is_meant(sentence) && acts.iter().any(|act| sentence.contains(act)) {
        let meant = |host: &str| words::words(sentence).iter().any(|word| word.starts_with(host));
        let spec = node
            .providers
            .iter()
            .find(|spec| spec.match_images.iter().any(|host| meant(host)))
            .or(node.providers.first());
        let Some(spec) = spec else {
            return not_played(format!("change of the world: {sentence}"));
        };
        let recorded = |hosts: &[String]| answers::logins(recording, hosts);
        let plugin = plugin::Said::change(sentence, spec, &recorded)?;
        return Ok(Change::Plugin { name: spec.name.clone(), plugin });
    }
    if is_end_of_tokens(sentence) || listens(sentence).is_some() {
        return Ok(Change::Foreseen);
    }
    if sentence.contains("kubelet is stopped and started")
        || sentence.contains("kubelet is restarted")
    {
        return Ok(Change::RestartKubelet);
    }
    not_played(format!("change of the world: {sentence}"))
}

/// The images that a sentence puts into the runtime past the kubelet.
fn preloaded(sentence: &str) -> Vec<ImageRef> {
    match sentence.split_once(" pulled into the runtime past the kubelet") {
        Some((images, _)) => words::words(images).into_iter().filter_map(words::image).collect(),
        None => Vec::new(),
    }
}

/// Whether what Secrets or plugins hold is over from now on.
fn is_end_of_tokens(sentence: &str) -> bool {
    sentence.contains("token") && (sentence.contains("expire") || sentence.contains("revoked"))
}

/// Whether a registry listens from now on, where a sentence says one or the other.
fn listens(sentence: &str) -> Option<bool> {
    let says = |all: &[&str]| all.iter().any(|words| sentence.contains(words));
    if says(&["stops listening", "goes down", "is down", "is stopped"])
        && !sentence.contains("kubelet")
    {
        Some(false)
    } else if says(&["listens again", "is back", "comes back", "is up again"]) {
        Some(true)
    } else {
        None
    }
}

/// A world in the making.
struct Draft {
    node: NodeSpec,
    admission: BTreeSet<AdmissionPlugin>,
    /// Host, user, password; the host is empty for every registry that asks for a login.
    logins: Vec<(String, String, String)>,
    policy: Policy,
    plugins: Vec<plugin::Said>,
    slow: Vec<Slow>,
}

/// Pulls that take their time.
struct Slow {
    /// Empty for every registry.
    host: String,
    /// With what the repository begins.
    path: String,
    takes: Span,
}

pub(super) fn of(recording: &Recording) -> Result<World, NotPlayed> {
    let mut draft = Draft {
        node: NodeSpec {
            name: NODE.to_owned(),
            containerd: version(&recording.containerd),
            ..NodeSpec::default()
        },
        admission: BTreeSet::new(),
        logins: Vec::new(),
        policy: Policy::default(),
        plugins: Vec::new(),
        slow: Vec::new(),
    };
    for sentence in recording.node.values() {
        draft.node_sentence(sentence)?;
    }
    for sentence in &recording.world {
        draft.sentence(sentence)?;
    }
    draft.settle_policy();
    for said in &draft.plugins {
        let recorded = |hosts: &[String]| answers::logins(recording, hosts);
        let mut spec = said.spec(&recorded)?;
        if !draft.node.providers.is_empty() {
            spec.name = format!("{}-{}", plugin::NAME, draft.node.providers.len() + 1);
        }
        draft.node.providers.push(spec);
    }
    let begin = recording.begin();
    for action in recording.actions.iter().filter(|action| action.t <= begin) {
        let images = action.world.as_deref().map(preloaded).unwrap_or_default();
        draft.node.images.extend(images.iter().map(ToString::to_string));
    }
    let seconds = pullpath_shell::unix_seconds(&recording.t0);
    let Some(epoch_seconds) = seconds else { return not_played(format!("t0 {}", recording.t0)) };
    let mut world = World {
        epoch_seconds,
        seed: seed(&recording.id),
        from: SimTime::START - Span::minutes(1),
        admission_plugins: draft.admission.clone(),
        ..World::default()
    };
    registries(recording, &draft, &mut world);
    tokens(recording, &mut world);
    answers::tokens(recording, &scripts(recording, &draft.node), &mut world);
    outages(recording, &mut world);
    world.nodes.push(draft.node);
    Ok(world)
}

/// The plugins with all that they answer in the course of a recording.
fn scripts(recording: &Recording, node: &NodeSpec) -> Vec<ProviderSpec> {
    let mut specs = node.providers.clone();
    for sentence in recording.actions.iter().filter_map(|action| action.world.as_deref()) {
        if let Ok(Change::Plugin { name, plugin: Plugin::Script(more) }) =
            change(sentence, recording, node)
            && let Some(spec) = specs.iter_mut().find(|spec| spec.name == name)
            && let Plugin::Script(answers) = &mut spec.plugin
        {
            answers.extend(more);
        }
    }
    specs
}

fn version(text: &str) -> Version {
    let mut numbers = text.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    Version::new(next(), next(), next())
}

/// Any number will do, as long as a run repeats; the id's own makes the cases draw differently.
fn seed(id: &str) -> u64 {
    id.bytes().fold(7, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

impl Draft {
    /// How the kubelet is set, in the words of the recording's `node`: `NAME VALUE` where it is not the default.
    fn node_sentence(&mut self, sentence: &str) -> Result<(), NotPlayed> {
        // What stands behind a semicolon says that the rest is as it is.
        let first = sentence.split(['(', ';']).next().unwrap_or(sentence).trim();
        if first == "all settings about pulling at their defaults" {
            return Ok(());
        }
        setting::read(sentence, &mut self.node.config, &mut self.policy)
    }

    /// One sentence of the recording's `world`.
    fn sentence(&mut self, sentence: &str) -> Result<(), NotPlayed> {
        if let Some(plugins) =
            sentence.strip_prefix("API server: --enable-admission-plugins includes ")
        {
            for name in plugins.split([',', ' ']).filter(|name| !name.is_empty()) {
                match AdmissionPlugin::ALL.into_iter().find(|plugin| plugin.name() == name) {
                    Some(plugin) => drop(self.admission.insert(plugin)),
                    None => return not_played(format!("admission plugin {name}")),
                }
            }
            return Ok(());
        }
        if plugin::is_meant(sentence) {
            return self.plugin_sentence(sentence);
        }
        if let Some(slow) = slow(sentence) {
            self.slow.push(slow);
            // It may say more: what kind of stand-in it is.
            if !sentence.contains("stub with HTTP basic authentication: ") {
                return Ok(());
            }
        }
        let told = sentence == "every registry is a stub under its real or an example name"
            // Stand-ins of services answer as their hosts' names have it.
            || sentence.starts_with("stub of ")
            || sentence.contains(": stub of ")
            // The node may ask for tokens of that audience, which nothing here keeps it from.
            || sentence.contains("request-serviceaccounts-token-audience");
        if told {
            return Ok(());
        }
        if let Some(setting) = sentence.strip_prefix("kubelet: ") {
            return setting::read(setting, &mut self.node.config, &mut self.policy);
        }
        // `[HOST: ]stub with HTTP basic authentication: alice/s3cret and bob/s3cret (…) are served; else 401`
        if let Some((host, logins)) = sentence.split_once("stub with HTTP basic authentication: ") {
            let host = host.trim_end_matches([':', ' ']);
            let logins = logins.split(" served").next().unwrap_or_default();
            for login in words::words(logins).into_iter().filter_map(words::login) {
                self.logins.push((host.to_owned(), login.0, login.1));
            }
            return Ok(());
        }
        // `the kubelet root directory holds config.json with alice/s3cret for nodecfg.example.com`
        if let Some(rest) =
            sentence.strip_prefix("the kubelet root directory holds config.json with ")
            && let Some((pair, host)) = rest.split_once(" for ")
            && let Some((username, password)) = words::login(pair)
        {
            let config =
                json!({ "auths": { host: { "username": username, "password": password } } });
            let config = SecretText::new(config.to_string());
            self.node.files.insert(NODE_CONFIG_PATHS[0].to_owned(), config);
            return Ok(());
        }
        not_played(format!("world: {sentence}"))
    }

    /// A sentence that names images begins another plugin, unless it is the first of one.
    fn plugin_sentence(&mut self, sentence: &str) -> Result<(), NotPlayed> {
        let mut said = plugin::Said::default();
        said.read(sentence);
        match self.plugins.last_mut() {
            Some(last) if !(said.has_hosts() && last.has_hosts()) => last.read(sentence),
            _ => self.plugins.push(said),
        }
        Ok(())
    }

    fn settle_policy(&mut self) {
        if let Some(name) = &self.policy.name {
            match VerificationPolicy::new(name, &self.policy.allowlist) {
                Ok(policy) => self.node.config.image_pull_credentials_verification_policy = policy,
                Err(refused) => self.node.refused_configuration = Some(refused),
            }
        }
    }

    /// How long a pull of that repository takes; nothing unless it is a slow one.
    fn slowness(&self, host: &str, path: &str) -> Option<Span> {
        let told = self.slow.iter().find(|slow| {
            (slow.host.is_empty() || slow.host == host) && path.starts_with(&slow.path)
        });
        let called =
            host.starts_with("slow") || path.split('/').any(|part| part.starts_with("slow"));
        told.map(|slow| slow.takes).or(called.then_some(SLOW))
    }
}

/// `slow.example.com: a layer takes 20 s`, `open.example.com/slow-web is sent slowly (22 s)`
fn slow(sentence: &str) -> Option<Slow> {
    let all = words::words(sentence);
    let takes = all.iter().enumerate().find_map(|(at, _)| words::span(&all[at..]));
    let says =
        |begin: &[&str]| all.iter().any(|word| begin.iter().any(|begin| word.starts_with(begin)));
    let is_slow = says(&["slowly", "slow"])
        || (takes.is_some() && says(&["takes", "take", "after", "delay", "wait", "late"]));
    if !is_slow || sentence.starts_with("kubelet: ") {
        return None;
    }
    let named = all.iter().find_map(|word| Some((words::host(word)?, *word)));
    let (host, path) = match named {
        Some((host, word)) => (host, word[host.len()..].trim_start_matches('/')),
        None => ("", "slow"),
    };
    let path = path.split([':', '@', '…', '*']).next().unwrap_or_default();
    Some(Slow {
        host: host.to_owned(),
        path: path.to_owned(),
        takes: takes.map_or(SLOW, |(span, _)| span),
    })
}

/// Every text of a recording that may name an image or hold a Secret.
fn manifests(recording: &Recording) -> impl Iterator<Item = &str> {
    let texts =
        recording.actions.iter().flat_map(|action| [&action.stdin, &action.cmd, &action.world]);
    texts.flatten().map(String::as_str)
}

/// Every registry whose images are named, with what it holds.
fn registries(recording: &Recording, draft: &Draft, world: &mut World) {
    for image in images(recording) {
        let (host, path) = (image.host().to_owned(), image.path().to_owned());
        let registry =
            world.registries.entry(host.clone()).or_insert_with(|| registry(&host, draft));
        let last = path.rsplit('/').next().unwrap_or(&path);
        if last.starts_with("limited") {
            registry.limit = Some(RateLimit { pulls: 100, used: 100 });
        }
        if last.starts_with("missing") {
            continue;
        }
        let private = registry.kind == RegistryKind::Ghcr && !path.starts_with("public/");
        let public = !private && !path.contains("private");
        let repository = registry.repositories.entry(path.clone()).or_default();
        repository.public = public;
        let node = u64::from(draft.node.bandwidth_mib) << 20;
        let bytes = draft
            .slowness(&host, &path)
            .map_or(BYTES, |takes| takes.as_millis().unsigned_abs() * node / 1000);
        // A digest is that of an image if the registry had it for somebody.
        let digest = image.digest().map(str::to_owned);
        let has = |digest: &String| answers::has(recording, &host, &path, digest);
        match (&digest, image.tag()) {
            (Some(digest), tag) if has(digest) => {
                let image = Image { bytes, digest: Some(digest.clone()), ..Image::default() };
                repository.tags.insert(tag.unwrap_or("by-digest").to_owned(), image);
            }
            (None, Some(tag)) if tag != "9.9.9" => {
                repository.tags.insert(tag.to_owned(), Image { bytes, ..Image::default() });
            }
            (Some(_) | None, _) => {}
        }
    }
    for request in recording.registry_requests.iter().filter(|request| request.status == 404) {
        let url = request.request.split_once(' ').map_or("", |(_, url)| url);
        let Some((host, rest)) = url.split_once("/v2/") else { continue };
        let host = if host == "registry-1.docker.io" { "docker.io" } else { host };
        if let Some((path, tag)) = rest.split_once("/manifests/")
            && let Some(registry) = world.registries.get_mut(host)
            && let Some(repository) = registry.repositories.get_mut(path)
        {
            repository.tags.remove(tag);
        }
    }
}

fn registry(host: &str, draft: &Draft) -> Registry {
    let by_plugin = |spec: &ProviderSpec| {
        let hosts = spec.match_images.iter().map(|image| image.split('/').next().unwrap_or(image));
        hosts.into_iter().any(|pattern| wildcard::covers(pattern, host))
    };
    let asks = draft.logins.iter().any(|(one, ..)| one.is_empty() || one == host)
        || draft.node.providers.iter().any(by_plugin);
    let kind = RegistryKind::of_host(host).unwrap_or(match host {
        "harbor.example.com" => RegistryKind::Harbor,
        "open.example.com" | "selfsigned.example.com" => RegistryKind::Open,
        _ if asks => RegistryKind::Basic,
        _ => RegistryKind::Open,
    });
    let mut registry = Registry { kind, ..Registry::default() };
    if kind == RegistryKind::Basic {
        for (_, user, password) in
            draft.logins.iter().filter(|(one, ..)| one.is_empty() || one == host)
        {
            let password = SecretText::new(password.as_str());
            registry.users.insert(user.clone(), User { password, ..User::default() });
        }
    }
    if kind == RegistryKind::Ghcr {
        registry.users.insert(
            "u".to_owned(),
            User { password: SecretText::new("pat-good"), ..User::default() },
        );
    }
    if host == "selfsigned.example.com" {
        registry.outages.push(Outage::of(Trouble::UnknownAuthority));
    }
    registry
}

/// The images that manifests and commands name; a name that does not parse has no registry.
fn images(recording: &Recording) -> BTreeSet<ImageRef> {
    let mut images = BTreeSet::new();
    for text in manifests(recording) {
        for word in text.split([' ', '\n', '"', '\'', ',', '=']) {
            let word = word.trim();
            let looks_like_one = word.contains('/') || word.contains(':');
            if looks_like_one && let Ok(image) = ImageRef::parse(word) {
                let host = image.host();
                if RegistryKind::of_host(host).is_some_and(|kind| kind != RegistryKind::DockerHub)
                    || host.ends_with(".example.com")
                    || (host == "docker.io" && text.contains(&format!("image: {word}")))
                {
                    images.insert(image);
                }
            }
        }
        // Names without a tag or a host stand behind `image:`.
        for line in text.lines() {
            if let Some((_, image)) = line.split_once("image: ")
                && let Ok(image) = ImageRef::parse(image.trim().trim_matches(['"', '\'']))
            {
                images.insert(image);
            }
        }
    }
    images
}

/// Tokens of stand-ins that ask for a login are the passwords of the recording's Secrets: `valid…` lives, `expired` does
/// not, and a sentence ends those that Secrets hold at its moment.
fn tokens(recording: &Recording, world: &mut World) {
    let hosts: Vec<String> = world
        .registries
        .iter()
        .filter(|(_, registry)| matches!(registry.kind, RegistryKind::Ecr | RegistryKind::Basic))
        .map(|(host, _)| host.clone())
        .collect();
    let mut held: BTreeMap<String, Option<SimTime>> = BTreeMap::new();
    for action in &recording.actions {
        let at = SimTime::from_millis((action.t * 1000.0) as i64);
        if action.world.as_deref().is_some_and(is_end_of_tokens) {
            for end in held.values_mut() {
                end.get_or_insert(at);
            }
        }
        for text in [&action.stdin, &action.cmd].into_iter().flatten() {
            for password in passwords(text) {
                let end = (password == "expired").then(|| SimTime::START - Span::hours(1));
                if password.starts_with("valid") || end.is_some() {
                    held.entry(password).or_insert(end);
                }
            }
        }
    }
    for host in hosts {
        for (password, end) in &held {
            let token = TokenSpec {
                registry: host.clone(),
                issued: SimTime::START - Span::hours(2),
                text: Some(SecretText::new(password.as_str())),
                expires: Some(end.unwrap_or(SimTime::START + Span::hours(10))),
                ..TokenSpec::default()
            };
            world.tokens.insert(format!("{host} {password}"), token);
        }
    }
}

/// What stands behind `"password":` or `--docker-password=`.
fn passwords(text: &str) -> Vec<String> {
    let quoted = text.split("\"password\"").skip(1).filter_map(|rest| rest.split('"').nth(1));
    let flag = text.split("--docker-password=").skip(1).filter_map(|rest| rest.split(' ').next());
    quoted.chain(flag).map(str::to_owned).collect()
}

/// The registry that a sentence names, or the world, stops listening, and listens again.
fn outages(recording: &Recording, world: &mut World) {
    let known = |host: &str| world.registries.contains_key(host).then(|| host.to_owned());
    let of_world =
        recording.world.iter().find_map(|sentence| known(sentence.split_once(": stub")?.0));
    let mut from: BTreeMap<String, SimTime> = BTreeMap::new();
    let mut outages: Vec<(String, Outage)> = Vec::new();
    let outage =
        |from, until| Outage { trouble: Trouble::Refused, part: Part::Registry, from, until };
    for action in &recording.actions {
        let Some((sentence, listens)) =
            action.world.as_deref().and_then(|sentence| Some((sentence, listens(sentence)?)))
        else {
            continue;
        };
        let at = SimTime::from_millis((action.t * 1000.0) as i64);
        let named = words::words(sentence).into_iter().find_map(|word| known(words::host(word)?));
        let Some(host) = named.or_else(|| of_world.clone()) else { continue };
        if !listens {
            from.insert(host, at);
        } else if let Some(from) = from.remove(&host) {
            outages.push((host, outage(Some(from), Some(at))));
        }
    }
    outages.extend(from.into_iter().map(|(host, from)| (host, outage(Some(from), None))));
    for (host, outage) in outages {
        if let Some(registry) = world.registries.get_mut(&host) {
            registry.outages.push(outage);
        }
    }
}

//! The world of a recording: its sentences, the names of its stand-in registries, and the images its manifests name.
//!
//! The recorder's stand-ins follow conventions that the sentences do not repeat: `open.example.com` serves everybody,
//! other example hosts ask for a login, hosts of real services answer as they do; repositories called `missing…` and the
//! tag `9.9.9` do not exist, every other name and tag does; `limited…` is over Docker Hub's limit. Where a recorded answer
//! says that something is missing, it is.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_model::credential::SecretText;
use pullpath_model::image::ImageRef;
use pullpath_model::pull_record::VerificationPolicy;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::{
    AdmissionPlugin, Image, NODE_CONFIG_PATHS, NodeSpec, Outage, Part, RateLimit, Registry,
    RegistryKind, TokenSpec, Trouble, User, Version, World,
};
use serde_json::json;

use super::recording::Recording;
use crate::case::{NotPlayed, not_played};

/// The one node.
pub(super) const NODE: &str = "worker-1";

/// The size that every stand-in image has.
const BYTES: u64 = 1_028_910;

/// What a world's change in the middle of a recording means for the player.
pub(super) enum Change {
    /// It is done when its moment comes.
    RestartKubelet,
    /// The world knows of it from the beginning, with its moment.
    Foreseen,
}

/// The sentences of changes.
pub(super) fn change(sentence: &str) -> Result<Change, NotPlayed> {
    Ok(match sentence {
        "the kubelet is stopped and started again" => Change::RestartKubelet,
        "the registry stops listening"
        | "the registry listens again"
        | "the token in the Secret expires at the registry" => Change::Foreseen,
        _ if preloaded(sentence).is_some() => Change::Foreseen,
        other => return not_played(format!("change of the world: {other}")),
    })
}

/// The image that a sentence puts into the runtime past the kubelet.
fn preloaded(sentence: &str) -> Option<&str> {
    sentence.split_once(" is pulled into the runtime past the kubelet").map(|(image, _)| image)
}

/// A world in the making.
struct Draft {
    node: NodeSpec,
    admission: BTreeSet<AdmissionPlugin>,
    /// Host, user, password; the host is empty for every registry that asks for a login.
    logins: Vec<(String, String, String)>,
    allowlist: Vec<String>,
    policy: Option<String>,
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
        allowlist: Vec::new(),
        policy: None,
    };
    for sentence in recording.node.values() {
        draft.node_sentence(sentence)?;
    }
    for sentence in &recording.world {
        draft.sentence(sentence)?;
    }
    draft.settle_policy()?;
    for action in &recording.actions {
        if let Some(image) = action.world.as_deref().and_then(preloaded) {
            draft.node.images.push(image.to_owned());
        }
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
    outages(recording, &mut world);
    world.nodes.push(draft.node);
    Ok(world)
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
        let sentence = sentence.split(['(', ';']).next().unwrap_or(sentence).trim();
        if sentence == "all settings about pulling at their defaults" {
            return Ok(());
        }
        self.setting(sentence)
    }

    /// One sentence of the recording's `world`.
    fn sentence(&mut self, sentence: &str) -> Result<(), NotPlayed> {
        if sentence == "every registry is a stub under its real or an example name"
            || sentence
                .starts_with("stub of an ECR endpoint: user AWS with a valid token is served")
        {
            return Ok(());
        }
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
        if let Some(setting) = sentence.strip_prefix("kubelet: ") {
            return self.setting(setting);
        }
        // `[HOST: ]stub with HTTP basic authentication: alice/s3cret and bob/s3cret (…) are served; else 401`
        if let Some((host, logins)) = sentence.split_once("stub with HTTP basic authentication: ") {
            let host = host.trim_end_matches([':', ' ']);
            let logins = logins.split(" are served").next().unwrap_or_default();
            for login in logins.split(" and ").filter_map(login) {
                self.logins.push((host.to_owned(), login.0, login.1));
            }
            return Ok(());
        }
        // `the kubelet root directory holds config.json with alice/s3cret for nodecfg.example.com`
        if let Some(rest) =
            sentence.strip_prefix("the kubelet root directory holds config.json with ")
            && let Some((pair, host)) = rest.split_once(" for ")
            && let Some((username, password)) = login(pair)
        {
            let config =
                json!({ "auths": { host: { "username": username, "password": password } } });
            self.node.files.insert(NODE_CONFIG_PATHS[0].to_owned(), config.to_string());
            return Ok(());
        }
        not_played(format!("world: {sentence}"))
    }

    /// `NAME VALUE` of a KubeletConfiguration; several are joined by `and`, `with` or commas, and a list goes on for as
    /// long as its words have slashes.
    fn setting(&mut self, setting: &str) -> Result<(), NotPlayed> {
        let setting = setting.split(" (").next().unwrap_or(setting);
        let mut words = setting
            .split([' ', ',', ':', '='])
            .map(|word| word.trim_matches(['[', ']', '"', '\'']))
            .filter(|word| !["", "and", "with"].contains(word))
            .peekable();
        while let Some(name) = words.next() {
            if name == "preloadedImagesVerificationAllowlist" {
                while let Some(entry) = words.next_if(|word| word.contains('/')) {
                    self.allowlist.push(entry.to_owned());
                }
                continue;
            }
            let Some(value) = words.next() else {
                return not_played(format!("kubelet: {setting}"));
            };
            let number = || value.parse::<u32>().map_err(|_| NotPlayed(format!("{name} {value}")));
            let kubelet = &mut self.node.config;
            match name {
                "registryPullQPS" => kubelet.registry_pull_qps = number()?,
                "registryBurst" => kubelet.registry_burst = number()?,
                "maxParallelImagePulls" => kubelet.max_parallel_image_pulls = Some(number()?),
                "serializeImagePulls" => kubelet.serialize_image_pulls = value == "true",
                "imagePullCredentialsVerificationPolicy" => self.policy = Some(value.to_owned()),
                _ => return not_played(format!("kubelet: {setting}")),
            }
        }
        Ok(())
    }

    fn settle_policy(&mut self) -> Result<(), NotPlayed> {
        if let Some(policy) = &self.policy {
            match VerificationPolicy::new(policy, &self.allowlist) {
                Ok(policy) => self.node.config.image_pull_credentials_verification_policy = policy,
                Err(refused) => self.node.refused_configuration = Some(refused),
            }
        }
        Ok(())
    }
}

fn login(pair: &str) -> Option<(String, String)> {
    let pair = pair.split(" (").next()?.trim();
    pair.split_once('/').map(|(user, password)| (user.to_owned(), password.to_owned()))
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
        if let Some(tag) = image.tag().filter(|tag| *tag != "9.9.9") {
            repository.tags.insert(tag.to_owned(), Image { bytes: BYTES, ..Image::default() });
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
    let asks = draft.logins.iter().any(|(one, ..)| one.is_empty() || one == host);
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

/// Tokens of ECR are the passwords of the recording's Secrets: `valid…` lives, `expired` does not, and a sentence ends
/// those that Secrets hold at its moment.
fn tokens(recording: &Recording, world: &mut World) {
    let hosts: Vec<String> = world
        .registries
        .iter()
        .filter(|(_, registry)| registry.kind == RegistryKind::Ecr)
        .map(|(host, _)| host.clone())
        .collect();
    let mut held: BTreeMap<String, Option<SimTime>> = BTreeMap::new();
    for action in &recording.actions {
        let at = SimTime::from_millis((action.t * 1000.0) as i64);
        if action.world.as_deref() == Some("the token in the Secret expires at the registry") {
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

/// The registry that the world names stops listening, and listens again.
fn outages(recording: &Recording, world: &mut World) {
    let named = recording.world.iter().find_map(|sentence| {
        let (host, _) = sentence.split_once(": stub")?;
        world.registries.contains_key(host).then(|| host.to_owned())
    });
    let Some(registry) = named.and_then(|host| world.registries.get_mut(&host)) else { return };
    let mut from = None;
    for action in &recording.actions {
        let at = SimTime::from_millis((action.t * 1000.0) as i64);
        match action.world.as_deref() {
            Some("the registry stops listening") => from = Some(at),
            Some("the registry listens again") => {
                let outage = Outage {
                    trouble: Trouble::Refused,
                    part: Part::Registry,
                    from: from.take(),
                    until: Some(at),
                };
                registry.outages.push(outage);
            }
            _ => {}
        }
    }
    if from.is_some() {
        let outage = Outage { trouble: Trouble::Refused, part: Part::Registry, from, until: None };
        registry.outages.push(outage);
    }
}

//! What the families of registries share: a world with tokens, and pulls in it.

use std::collections::BTreeMap;

use pullpath_model::cloud::Roles;
use pullpath_model::credential::{Login, SecretText};
use pullpath_model::image::ImageRef;
use pullpath_model::message::runtime::Dialect;
use pullpath_model::pull::{PullOutcome, PullRequest, PullTrace};
use pullpath_model::runtime;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::Mint;
use pullpath_model::world::{
    Image, Registry, RegistryKind, Repository, RoleSpec, TokenSpec, Version, World,
};
use serde_yaml::Value;

pub(super) const ECR_HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
pub(super) const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
pub(super) const CI: &str = "ci";
pub(super) const NODES: &str = "app-nodes";

/// A world whose tokens belong to a role that may pull: `live` an hour old, `old` 13 hours, `west` of another region.
pub(super) fn world() -> World {
    let token = |registry: &str, hours| TokenSpec {
        registry: registry.to_owned(),
        issued: SimTime::START - Span::hours(hours),
        role: CI.to_owned(),
    };
    let tokens = [("live", token(ECR_HOST, 1)), ("old", token(ECR_HOST, 13))];
    let role = RoleSpec { policies: vec![PULL_ONLY.to_owned()] };
    World {
        epoch_seconds: 1_772_442_000,
        seed: 1,
        from: SimTime::START,
        registries: BTreeMap::new(),
        tokens: tokens.map(|(name, token)| (name.to_owned(), token)).into(),
        roles: BTreeMap::from([(CI.to_owned(), role)]),
        ..World::default()
    }
}

/// Puts an image, or only its repository, into a world.
pub(super) fn put(
    world: &mut World,
    kind: RegistryKind,
    host: &str,
    repository: &str,
    tag: Option<&str>,
) {
    let registry = Registry { kind, repositories: BTreeMap::new() };
    let registry = world.registries.entry(host.to_owned()).or_insert(registry);
    let tags = tag.map(|tag| (tag.to_owned(), Image { bytes: 1_048_576 }));
    registry
        .repositories
        .insert(repository.to_owned(), Repository { tags: tags.into_iter().collect() });
}

pub(super) fn login(username: &str, password: &str) -> Login {
    Login {
        username: username.to_owned(),
        password: SecretText::new(password),
        email: String::new(),
    }
}

pub(super) fn pull(
    dialect: Dialect,
    world: &World,
    mint: &Mint,
    roles: &Roles,
    image: &str,
    login: Option<&Login>,
) -> PullTrace {
    let image: ImageRef = image.parse().expect("the case names an image");
    let (now, containerd) = (SimTime::START, dialect.containerd);
    let request = PullRequest { image: &image, login, now, containerd };
    let trace = runtime::pull_in(dialect, world, mint, roles, &request);
    if !dialect.local_pull || containerd < Version::new(2, 1, 0) {
        assert_eq!(runtime::outcome(world, mint, roles, &request), trace.outcome);
    }
    trace
}

/// A failure's text; empty after a success.
pub(super) fn message(outcome: &PullOutcome) -> &str {
    match outcome {
        PullOutcome::Pulled { .. } => "",
        PullOutcome::Failed { message, .. } => message,
    }
}

pub(super) fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("no text {key} in {case:?}"))
}

pub(super) fn texts(list: &Value) -> Vec<&str> {
    list.as_sequence().into_iter().flatten().map(|item| item.as_str().expect("a text")).collect()
}

//! What the families of registries share: a world with tokens, and pulls in it.

use std::collections::BTreeMap;

use pullpath_model::cloud::Roles;
use pullpath_model::credential::{Login, SecretText};
use pullpath_model::image::ImageRef;
use pullpath_model::pull::{
    AuthConfig, Content, Outside, PullOutcome, PullRequest, PullTrace, Served,
};
use pullpath_model::runtime;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::Mint;
use pullpath_model::world::{
    Image, NodeSpec, Registry, RegistryKind, Repository, RoleSpec, TokenSpec, Version, World,
};
use serde_yaml::Value;

pub(super) const ECR_HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
pub(super) const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
pub(super) const CI: &str = "ci";
pub(super) const NODES: &str = "app-nodes";

/// A world whose tokens belong to a role that may pull: `live` an hour old, `old` 13 hours.
pub(super) fn world() -> World {
    let token = |registry: &str, hours| TokenSpec {
        registry: registry.to_owned(),
        issued: SimTime::START - Span::hours(hours),
        role: CI.to_owned(),
        ..TokenSpec::default()
    };
    let tokens = [("live", token(ECR_HOST, 1)), ("old", token(ECR_HOST, 13))];
    let role = RoleSpec { policies: vec![PULL_ONLY.to_owned()], ..RoleSpec::default() };
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
pub(super) fn put<'w>(
    world: &'w mut World,
    kind: RegistryKind,
    host: &str,
    repository: &str,
    tag: Option<&str>,
) -> &'w mut Repository {
    let registry = Registry { kind, ..Registry::default() };
    let registry = world.registries.entry(host.to_owned()).or_insert(registry);
    let image = Image { bytes: 1_048_576, ..Image::default() };
    let tags = tag.map(|tag| (tag.to_owned(), image)).into_iter().collect();
    let repository = registry.repositories.entry(repository.to_owned()).or_default();
    repository.tags = tags;
    repository
}

pub(super) fn login(username: &str, password: &str) -> Login {
    Login {
        username: username.to_owned(),
        password: SecretText::new(password),
        email: String::new(),
    }
}

/// A node with that runtime.
pub(super) fn node(containerd: Version, local_pull: bool) -> NodeSpec {
    NodeSpec { containerd, local_pull, ..NodeSpec::default() }
}

/// Pulls with all that goes over the wire; a pull that nobody watches must come to the same.
pub(super) fn pull(
    node: &NodeSpec,
    world: &World,
    mint: &Mint,
    roles: &Roles,
    image: &ImageRef,
    auth: Option<AuthConfig<'_>>,
) -> PullTrace {
    let (content, mut served) = (Content::default(), Served::default());
    let kubelet = node.kubernetes.unwrap_or(Version::new(1, 35, 0));
    let now = SimTime::START;
    let request = PullRequest { image, auth, now, node, content: &content, kubelet };
    let outside = |served| Outside { world, mint, roles, served };
    let trace = runtime::pull(outside(&mut served), &request);
    let unwatched = runtime::outcome(outside(&mut Served::default()), &request);
    assert_eq!(unwatched, trace.outcome, "a pull that nobody watches");
    trace
}

/// A failure's text; empty after a success.
pub(super) fn message(outcome: &PullOutcome) -> &str {
    match outcome {
        PullOutcome::Pulled(_) => "",
        PullOutcome::Failed { message, .. } => message,
    }
}

pub(super) fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("no text {key} in {case:?}"))
}

pub(super) fn texts(list: &Value) -> Vec<&str> {
    list.as_sequence().into_iter().flatten().map(|item| item.as_str().expect("a text")).collect()
}

#[cfg(test)]
mod tests {
    use pullpath_model::pull::{Exchange, SentAuth};

    use super::*;

    /// A pull from ECR as a Kubernetes 1.35.6 cluster with containerd 2.3.4 makes it, and its requests. What the
    /// recordings have of such pulls is played by the family `cluster`.
    fn asked(image: &str, token: Option<&str>) -> (PullTrace, Vec<String>) {
        let mut world = world();
        put(&mut world, RegistryKind::Ecr, ECR_HOST, "payment-api", Some("3.0.0"));
        let (mint, roles) = (Mint::new(&world), Roles::new(&world));
        let token = token.map(|name| mint.get(name).expect("the world has it"));
        let login = token.map(|token| login("AWS", token.text.reveal()));
        let node = node(Version::new(2, 3, 4), false);
        let image = ImageRef::parse(&format!("{ECR_HOST}/{image}")).expect("an image");
        let auth = login.as_ref().map(AuthConfig::of);
        let trace = pull(&node, &world, &mint, &roles, &image, auth);
        let short = |exchange: &Exchange| {
            let user = match &exchange.auth {
                SentAuth::Basic(user) => user,
                SentAuth::None
                | SentAuth::Bearer
                | SentAuth::PasswordForm(_)
                | SentAuth::RefreshForm => "none",
            };
            format!("{} {user} {}", exchange.method, exchange.status)
        };
        let requests = trace.exchanges.iter().map(short).collect();
        (trace, requests)
    }

    /// The recording `cluster/good-pod` has the requests up to the layer, which its node had already.
    #[test]
    fn a_good_pull_authenticates_twice() {
        let (got, requests) = asked("payment-api:3.0.0", Some("live"));
        assert!(matches!(got.outcome, PullOutcome::Pulled(pulled) if pulled.bytes == 1_048_576));
        let recorded =
            ["HEAD none 401", "HEAD AWS 200", "GET none 401", "GET AWS 200", "GET AWS 200"];
        assert_eq!(requests[..5], recorded);
        assert_eq!(requests[5..], ["GET AWS 200"]);
    }

    /// containerd v2.3.4 resolver.go `Resolve`: a digest is looked for among the blobs too, also when the first try
    /// ended for want of a login.
    #[test]
    fn a_digest_without_a_login_is_asked_for_twice() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let (got, requests) = asked(&format!("payment-api@{digest}"), None);
        assert_eq!(requests, ["HEAD none 401", "HEAD none 401"]);
        assert!(got.exchanges[1].url.ends_with(&format!("/blobs/{digest}")));
        assert!(message(&got.outcome).ends_with("no basic auth credentials"));
    }
}

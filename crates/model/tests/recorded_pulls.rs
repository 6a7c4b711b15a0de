//! Pulls that a real cluster recorded, request by request.

use std::collections::BTreeMap;

use pullpath_model::cloud::Roles;
use pullpath_model::credential::{Login, SecretText};
use pullpath_model::image::ImageRef;
use pullpath_model::pull::{
    AuthConfig, Content, Exchange, Outside, PullOutcome, PullRequest, PullTrace, SentAuth, Served,
};
use pullpath_model::runtime;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::Mint;
use pullpath_model::world::{
    Image, NodeSpec, Registry, RegistryKind, Repository, RoleSpec, TokenSpec, Version, World,
};

const ECR_HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const CI: &str = "ci";

/// A world whose tokens belong to a role that may pull: `live` an hour old, `old` 13 hours, `west` of another region.
fn world() -> World {
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
fn put(world: &mut World, kind: RegistryKind, host: &str, repository: &str, tag: Option<&str>) {
    let registry = Registry { kind, ..Registry::default() };
    let registry = world.registries.entry(host.to_owned()).or_insert(registry);
    let tags = tag.map(|tag| (tag.to_owned(), Image { bytes: 1_048_576, ..Image::default() }));
    registry.repositories.insert(
        repository.to_owned(),
        Repository { tags: tags.into_iter().collect(), ..Repository::default() },
    );
}

fn login(username: &str, password: &str) -> Login {
    Login {
        username: username.to_owned(),
        password: SecretText::new(password),
        email: String::new(),
    }
}

/// A failure's text; empty after a success.
fn message(outcome: &PullOutcome) -> &str {
    match outcome {
        PullOutcome::Pulled(_) => "",
        PullOutcome::Failed { message, .. } => message,
    }
}

/// What a Kubernetes 1.35.6 cluster with containerd 2.3.4 recorded: shared recordings `cluster/ecr-expired`,
/// `ecr-no-credentials`, `ecr-missing-tag` and `ecr-missing-repo`, message of the event behind
/// `Failed to pull image "…": ` and the requests of the first attempt.
const RECORDED: [(&str, Option<&str>, &str, &[&str]); 4] = [
    (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-ex:3.0.0",
        Some("old"),
        "failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-ex:3.0.0\": failed to resolve image: unexpected status from HEAD request to https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/payment-api-ex/manifests/3.0.0: 403 Forbidden\ndenied: Your authorization token has expired. Reauthenticate and try again.",
        &["HEAD none 401", "HEAD AWS 403", "GET AWS 403"],
    ),
    (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-nc:3.0.0",
        None,
        "failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-nc:3.0.0\": failed to resolve image: pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
        &["HEAD none 401"],
    ),
    (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-mt:9.9.9",
        Some("live"),
        "rpc error: code = NotFound desc = failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-mt:9.9.9\": failed to resolve image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-mt:9.9.9: not found",
        &["HEAD none 401", "HEAD AWS 404"],
    ),
    (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/missing-api:3.0.0",
        Some("live"),
        "rpc error: code = NotFound desc = failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/missing-api:3.0.0\": failed to resolve image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/missing-api:3.0.0: not found",
        &["HEAD none 401", "HEAD AWS 404"],
    ),
];

#[test]
fn pulls_end_as_a_real_cluster_recorded() {
    for (image, token, want, wire) in RECORDED {
        let (got, requests) = pull_recorded(image, token);
        assert_eq!(message(&got.outcome), want);
        assert_eq!(requests, wire, "{image}");
    }
}

/// From the recording `cluster/good-pod`: the requests of a first pull that works. The last, for a layer, is the
/// model's; the recorded node had the layer already.
#[test]
fn a_good_pull_authenticates_twice() {
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-good:3.0.0";
    let (got, requests) = pull_recorded(image, Some("live"));
    assert!(matches!(got.outcome, PullOutcome::Pulled(pulled) if pulled.bytes == 1_048_576));
    let recorded = ["HEAD none 401", "HEAD AWS 200", "GET none 401", "GET AWS 200", "GET AWS 200"];
    assert_eq!(requests[..5], recorded);
    assert_eq!(requests[5..], ["GET AWS 200"]);
}

/// containerd v2.3.4 resolver.go `Resolve`: a digest is looked for among the blobs too, also when the first try ended
/// for want of a login.
#[test]
fn a_digest_without_a_login_is_asked_for_twice() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let (got, requests) = pull_recorded(&format!("{ECR_HOST}/payment-api-nc@{digest}"), None);
    assert_eq!(requests, ["HEAD none 401", "HEAD none 401"]);
    assert!(got.exchanges[1].url.ends_with(&format!("/blobs/{digest}")));
    assert!(message(&got.outcome).ends_with("no basic auth credentials"));
}

fn pull_recorded(image: &str, token: Option<&str>) -> (PullTrace, Vec<String>) {
    let mut world = world();
    for name in ["payment-api-ex", "payment-api-nc", "payment-api-mt", "payment-api-good"] {
        put(&mut world, RegistryKind::Ecr, ECR_HOST, name, Some("3.0.0"));
    }
    let (mint, roles) = (Mint::new(&world), Roles::new(&world));
    let token = token.map(|name| mint.get(name).expect("the world has it"));
    let login = token.map(|token| login("AWS", token.text.reveal()));
    let node = NodeSpec { containerd: Version::new(2, 3, 4), ..NodeSpec::default() };
    let image: ImageRef = image.parse().expect("an image");
    let (content, mut served) = (Content::default(), Served::default());
    let request = PullRequest {
        image: &image,
        auth: login.as_ref().map(AuthConfig::of),
        now: SimTime::START,
        node: &node,
        content: &content,
        kubelet: Version::new(1, 35, 6),
    };
    let outside = Outside { world: &world, mint: &mint, roles: &roles, served: &mut served };
    let trace = runtime::pull(outside, &request);
    let short = |exchange: &Exchange| {
        let user = match &exchange.auth {
            SentAuth::Basic(user) => user,
            _ => "none",
        };
        format!("{} {user} {}", exchange.method, exchange.status)
    };
    let requests = trace.exchanges.iter().map(short).collect();
    (trace, requests)
}

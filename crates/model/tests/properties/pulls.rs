//! Pulls in worlds drawn at random: what comes through was shown a credential that was good for it, and nobody reads a
//! secret anywhere. What is good is said here anew, from the world alone: who asks, for which host, at which moment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use pullpath_model::cloud::{ReadError, Stage};
use pullpath_model::cluster::Cluster;
use pullpath_model::credential::{SecretText, Source};
use pullpath_model::object::Kind;
use pullpath_model::pull::PullOutcome;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::trace::{AttemptResult, AttemptTrace, Try};
use pullpath_model::world::{
    CacheRule, CloudSecretSpec, Identity, Image, KubeletConfig, NodeSpec, Outage, Part, Plugin,
    ProviderSpec, RateLimit, Registry, RegistryKind, Repository, RoleSpec, TokenSpec, Trouble,
    User, Version, World, WriterSpec,
};
use serde_json::json;

/// What every secret of a drawn world begins with, and what that looks like in base64 at the three places in a group of
/// three bytes.
const MARKS: [&str; 4] = ["MARKED", "TUFSS0VE", "1BUktFR", "NQVJLRU"];

const ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const OTHER_REGION: &str = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
const HOSTS: [(&str, RegistryKind); 11] = [
    (ECR, RegistryKind::Ecr),
    (OTHER_REGION, RegistryKind::Ecr),
    ("open.example.com", RegistryKind::Open),
    ("basic.example.com", RegistryKind::Basic),
    ("token.example.com", RegistryKind::Token),
    ("harbor.example.com", RegistryKind::Harbor),
    ("quay.io", RegistryKind::Quay),
    ("ghcr.io", RegistryKind::Ghcr),
    ("docker.io", RegistryKind::DockerHub),
    ("team.azurecr.io", RegistryKind::Acr),
    ("europe-docker.pkg.dev", RegistryKind::ArtifactRegistry),
];

/// Repositories of every registry; the second may be public.
const PATHS: [&str; 3] = ["team/app", "team/site", "other/app"];

/// A world, its Secrets and its Pods.
#[derive(Debug, Clone)]
pub(crate) struct Pulls {
    seed: u64,
    public: bool,
    credentials: Vec<Credential>,
    pods: Vec<Puller>,
    containerd: Version,
    node_may: bool,
    outage: Option<(usize, i64, i64)>,
}

#[derive(Debug, Clone)]
struct Credential {
    host: usize,
    // The host that its Secret says it is for.
    key: usize,
    who: Who,
    pulls: Option<&'static str>,
}

#[derive(Debug, Clone)]
enum Who {
    User { right: bool, until: Option<i64> },
    Token { issued: i64, expires: Option<i64>, revoked: Option<i64>, may: bool },
}

#[derive(Debug, Clone)]
struct Puller {
    host: usize,
    path: usize,
    secrets: Vec<usize>,
}

/// Minutes from two days before to three hours after T+0.
fn moment() -> impl Strategy<Value = i64> {
    prop_oneof![-2880..0i64, 0..180i64]
}

pub(crate) fn pulls() -> impl Strategy<Value = Pulls> {
    let pattern = || prop::option::of(select(vec!["team/*", "other/*", "team/app"]));
    let who = prop_oneof![
        (prop::bool::weighted(0.7), prop::option::of(moment()))
            .prop_map(|(right, until)| Who::User { right, until }),
        // Most are young enough to live by the rules of their registry.
        (
            prop_oneof![1 => -2880..0i64, 2 => -300..0i64],
            prop::option::weighted(0.3, moment()),
            prop::option::weighted(0.3, moment()),
            any::<bool>(),
        )
            .prop_map(|(issued, expires, revoked, may)| Who::Token {
                issued,
                expires,
                revoked,
                may
            }),
    ];
    // Few hosts in a story, so that things meet.
    let some = prop::collection::vec(0..HOSTS.len(), 1..3);
    // ECR's two regions together, so that a token of one is shown to the other.
    let hosts = prop_oneof![3 => some, 1 => Just(vec![0, 1])];
    hosts.prop_flat_map(move |hosts| {
        let host = || select(hosts.clone());
        let credential = (host(), host(), who.clone(), pattern())
            .prop_map(|(host, key, who, pulls)| Credential { host, key, who, pulls });
        let puller = (host(), 0..PATHS.len(), prop::collection::vec(0..5usize, 0..4))
            .prop_map(|(host, path, secrets)| Puller { host, path, secrets });
        let containerd = select(vec![
            Version::new(1, 6, 20),
            Version::new(1, 7, 24),
            Version::new(2, 1, 9),
            Version::new(2, 3, 4),
        ]);
        (
            any::<u64>(),
            any::<bool>(),
            prop::collection::vec(credential, 1..5),
            prop::collection::vec(puller, 1..5),
            containerd,
            any::<bool>(),
            prop::option::weighted(0.2, (host(), 0..60i64, 0..120i64)),
        )
            .prop_map(|(seed, public, credentials, pods, containerd, node_may, outage)| {
                Pulls { seed, public, credentials, pods, containerd, node_may, outage }
            })
    })
}

fn at(minutes: i64) -> SimTime {
    SimTime::START + Span::minutes(minutes)
}

impl Pulls {
    fn user(&self, index: usize) -> String {
        let one = &self.credentials[index];
        let kind = HOSTS[one.host].1;
        match one.who {
            Who::Token { .. } => kind.token_user().map_or(format!("user-{index}"), str::to_owned),
            Who::User { .. } => format!("user-{index}"),
        }
    }

    fn world(&self) -> World {
        let image = || Image { bytes: 1 << 20, ..Image::default() };
        let repository = |public| Repository {
            tags: [("1".to_owned(), image())].into(),
            public,
            ..Repository::default()
        };
        let mut registries: BTreeMap<String, Registry> = HOSTS
            .iter()
            .map(|(host, kind)| {
                let repositories = PATHS.iter().enumerate().map(|(index, path)| {
                    ((*path).to_owned(), repository(index == 1 && self.public))
                });
                let registry = Registry {
                    kind: *kind,
                    repositories: repositories.collect(),
                    limit: Some(RateLimit { pulls: 5, used: 0 }),
                    ..Registry::default()
                };
                ((*host).to_owned(), registry)
            })
            .collect();
        let mut tokens = BTreeMap::new();
        for (index, one) in self.credentials.iter().enumerate() {
            let pulls = one.pulls.map(|pattern| vec![pattern.to_owned()]);
            let host = HOSTS[one.host].0;
            match &one.who {
                Who::User { right, until } => {
                    let password =
                        if *right { secret(index) } else { SecretText::new("MARKED other") };
                    let user = User { password, pulls, until: until.map(at), limit: None };
                    let registry = registries.get_mut(host).expect("all hosts are there");
                    registry.users.insert(self.user(index), user);
                }
                Who::Token { issued, expires, revoked, may } => {
                    let role = if *may { "puller" } else { "idler" };
                    let token = TokenSpec {
                        registry: host.to_owned(),
                        issued: at(*issued),
                        role: role.to_owned(),
                        user: Some(self.user(index)),
                        text: Some(secret(index)),
                        expires: expires.map(at),
                        revoked: revoked.map(at),
                        pulls,
                        ..TokenSpec::default()
                    };
                    tokens.insert(format!("token-{index}"), token);
                }
            }
        }
        if let Some((host, from, length)) = self.outage {
            registries.get_mut(HOSTS[host].0).expect("all hosts are there").outages =
                vec![Outage {
                    trouble: Trouble::Status(503, None),
                    part: Part::Registry,
                    from: Some(at(from)),
                    until: Some(at(from + length)),
                }];
        }
        registries.get_mut("open.example.com").expect("all hosts are there").caches =
            vec![CacheRule {
                prefix: "hub".to_owned(),
                public: false,
                upstream: "docker.io".to_owned(),
                user: Some("user-0".to_owned()),
                password: SecretText::new("MARKED cache"),
            }];
        let pull = RoleSpec {
            policies: vec!["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly".to_owned()],
            ..RoleSpec::default()
        };
        let plugin = |name: &str, plugin, images: &[&str]| ProviderSpec {
            name: name.to_owned(),
            match_images: images.iter().map(|image| (*image).to_owned()).collect(),
            default_cache_seconds: 60,
            plugin,
            token_attributes: None,
        };
        let config =
            r#"{"auths":{"basic.example.com":{"username":"node","password":"MARKED node"}}}"#;
        let node = NodeSpec {
            name: "worker".to_owned(),
            joins: at(-1),
            containerd: self.containerd,
            role: Some(if self.node_may { "puller" } else { "idler" }.to_owned()),
            identity: self.node_may.then(|| "node".to_owned()),
            providers: vec![
                plugin("ecr-credential-provider", Plugin::Ecr, &["*.dkr.ecr.*.amazonaws.com"]),
                plugin("auth-provider-gcp", Plugin::Gcp, &["*.pkg.dev"]),
                plugin("acr-credential-provider", Plugin::Acr, &["*.azurecr.io"]),
            ],
            files: [("/root/.docker/config.json".to_owned(), SecretText::new(config))].into(),
            // So that an attempt is made when it is due.
            config: KubeletConfig {
                registry_pull_qps: 0,
                serialize_image_pulls: false,
                ..KubeletConfig::default()
            },
            ..NodeSpec::default()
        };
        let writer = WriterSpec {
            every: Span::minutes(40),
            registry: ECR.to_owned(),
            role: "puller".to_owned(),
            late: Vec::new(),
        };
        let stored = CloudSecretSpec {
            region: "us-east-1".to_owned(),
            value: SecretText::new("MARKED ${token} ${authorization-token}"),
            created: at(-30),
            writer: Some(writer),
        };
        let team = Identity { pulls: Some(vec!["team/*".to_owned()]), ..Identity::default() };
        World {
            seed: self.seed,
            from: at(-1),
            registries,
            tokens,
            roles: [("puller".to_owned(), pull), ("idler".to_owned(), RoleSpec::default())].into(),
            identities: [("node".to_owned(), team)].into(),
            secrets_manager: [("registry/login".to_owned(), stored)].into(),
            nodes: vec![node],
            ..World::default()
        }
    }

    fn cluster(&self) -> Cluster {
        let mut cluster = Cluster::new(&Arc::new(self.world()));
        cluster.run_until(SimTime::START);
        let mut apply = |object| cluster.apply(&object).expect("it is one that can be applied");
        for (index, one) in self.credentials.iter().enumerate() {
            let key = match HOSTS[one.key].0 {
                "docker.io" => "https://index.docker.io/v1/",
                host => host,
            };
            let login = json!({"username": self.user(index), "password": secret(index).reveal()});
            let config = json!({"auths": {key: login}}).to_string();
            apply(json!({
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
                "metadata": {"name": format!("s{index}"), "namespace": "default"},
                "stringData": {".dockerconfigjson": config},
            }));
        }
        for (index, pod) in self.pods.iter().enumerate() {
            let secrets: Vec<_> =
                pod.secrets.iter().map(|index| json!({"name": format!("s{index}")})).collect();
            let image = format!("{}/{}:1", HOSTS[pod.host].0, PATHS[pod.path]);
            apply(json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("pod-{index}"), "namespace": "default"},
                "spec": {
                    "imagePullSecrets": secrets,
                    "containers": [{"name": "app", "image": image, "imagePullPolicy": "Always"}],
                },
            }));
        }
        cluster
    }

    /// Whether a credential opens a repository at a moment, said from the world alone.
    fn opens(&self, one: &Credential, host: usize, path: &str, now: SimTime) -> bool {
        let (name, kind) = HOSTS[host];
        let (own, _) = HOSTS[one.host];
        let in_scope = one.pulls.is_none_or(|pattern| {
            pattern.strip_suffix('*').map_or(pattern == path, |start| path.starts_with(start))
        });
        match one.who {
            Who::User { right, until } => {
                own == name
                    && right
                    && kind != RegistryKind::Ecr
                    && until.is_none_or(|until| now < at(until))
                    // A password file knows no rights.
                    && (in_scope || kind == RegistryKind::Basic)
            }
            Who::Token { issued, expires, revoked, may } => {
                let lifetime = kind.token_lifetime().map(|lifetime| at(issued) + lifetime);
                let end = expires.map(at).or(lifetime);
                own == name
                    && at(issued) <= now
                    && end.is_none_or(|end| now < end)
                    && revoked.is_none_or(|revoked| now < at(revoked))
                    && match kind {
                        RegistryKind::Ecr => may,
                        RegistryKind::Basic => true,
                        _ => in_scope,
                    }
            }
        }
    }

    fn check(&self, trace: &AttemptTrace, one: &Try) -> Result<(), TestCaseError> {
        let image = &trace.reference.as_ref().expect("all names are good").image;
        let host = HOSTS.iter().position(|(host, _)| *host == image.host()).expect("a known host");
        let kind = HOSTS[host].1;
        let knows_public = !matches!(kind, RegistryKind::Ecr | RegistryKind::Basic);
        let is_public = knows_public && self.public && image.path() == PATHS[1];
        if kind == RegistryKind::Open || is_public {
            return Ok(());
        }
        let (begin, end) = (trace.at, trace.at + Span::seconds(5));
        let fits = match &one.source {
            None => false,
            Some(Source::Secret { name, .. }) => {
                let index: usize = name[1..].parse().expect("Secrets are numbered");
                let one = &self.credentials[index];
                // What ends or begins during the attempt may go either way.
                [begin, end].iter().any(|now| self.opens(one, host, image.path(), *now))
            }
            Some(Source::NodeConfig) => false,
            Some(Source::Provider { name }) => match name.as_str() {
                "ecr-credential-provider" => kind == RegistryKind::Ecr && self.node_may,
                "auth-provider-gcp" => {
                    kind == RegistryKind::ArtifactRegistry
                        && self.node_may
                        && image.path().starts_with("team/")
                }
                _ => {
                    kind == RegistryKind::Acr && self.node_may && image.path().starts_with("team/")
                }
            },
            Some(Source::ServiceAccount { .. }) => false,
        };
        prop_assert!(fits, "{} at {} with {:?}", image, trace.at, one.source);
        Ok(())
    }
}

/// The secret of a credential.
fn secret(index: usize) -> SecretText {
    SecretText::new(format!("MARKED {index}"))
}

/// What an attempt was shown to have, wherever it is read.
fn no_secret(what: &str, text: &str) -> Result<(), TestCaseError> {
    for mark in MARKS {
        let found =
            text.find(mark).map(|at| &text[text.floor_char_boundary(at.saturating_sub(200))..]);
        prop_assert!(found.is_none(), "a secret in {what}: {found:?}");
    }
    Ok(())
}

pub(crate) fn what_comes_through_was_let_through(pulls: &Pulls) -> Result<u32, TestCaseError> {
    let start = pulls.cluster();
    let mut cluster = start.clone();
    let end = at(200);
    cluster.run_until(end);
    let mut came = 0;
    for pod in cluster.pods() {
        for attempt in 1..=pod.attempts.min(8) {
            let trace = start.clone().trace_attempt(&pod.uid, attempt, end);
            let trace = trace.expect("an attempt that was made can be traced");
            no_secret("a trace", &format!("{trace:?}"))?;
            for one in &trace.tries {
                if matches!(one.trace.outcome, PullOutcome::Pulled(_)) {
                    came += 1;
                    pulls.check(&trace, one)?;
                }
            }
            let is_pulled = trace.result == AttemptResult::Pulled;
            let last = trace.tries.last().map(|one| &one.trace.outcome);
            prop_assert_eq!(is_pulled, matches!(last, Some(PullOutcome::Pulled(_))));
        }
    }
    let mut told = String::new();
    for entry in cluster.take_log() {
        let _ = writeln!(told, "{entry} {entry:?}");
    }
    for of in cluster.events() {
        let _ = writeln!(told, "{of:?}");
    }
    for pod in cluster.pods() {
        let _ = writeln!(told, "{pod:?} {:?}", pod.waiting());
    }
    for object in cluster.store.all().filter(|object| object.kind() != Kind::Secret) {
        let _ = writeln!(told, "{}", object.to_value());
    }
    no_secret("what the cluster tells", &told)?;
    // What a panic's text would hold.
    no_secret("the world", &format!("{:?}", cluster.world()))?;
    no_secret("the tokens", &format!("{:?}", cluster.mint()))?;
    no_secret("Secrets Manager", &format!("{:?}", cluster.secrets_manager()))?;
    let written = cluster.get_secret_value("puller", "registry/login", Stage::Current);
    prop_assert!(
        matches!(written, Err(ReadError::Denied(_))),
        "who may pull may not read: {written:?}"
    );
    Ok(came)
}

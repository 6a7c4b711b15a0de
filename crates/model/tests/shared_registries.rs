//! What registries remember of pulls: limits by address and by account, and caches that fill.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use pullpath_model::cloud::{Roles, statements_of};
use pullpath_model::credential::{Login, SecretText};
use pullpath_model::image::ImageRef;
use pullpath_model::pull::{
    AuthConfig, Content, Outside, PullOutcome, PullRequest, Refusal, Served,
};
use pullpath_model::runtime;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::Mint;
use pullpath_model::world::{
    CacheRule, Image, Manifest, NodeSpec, Outage, RateLimit, Registry, RegistryKind, Repository,
    RoleSpec, TokenSpec, Trouble, User, Version, World,
};

const ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/// A world in which pulls follow one another.
struct Bench {
    world: World,
    roles: Roles,
    served: Served,
    node: NodeSpec,
    hours: i64,
}

impl Bench {
    fn new() -> Self {
        let image = Image {
            bytes: 1 << 20,
            manifest: Manifest::Index(vec!["linux/amd64".into(), "linux/arm64".into()]),
            ..Image::default()
        };
        let nginx = Repository {
            tags: [("1".to_owned(), image.clone()), ("2".to_owned(), image)].into(),
            public: true,
            ..Repository::default()
        };
        let user = |limit| User { password: SecretText::new("right"), limit, ..User::default() };
        let hub = Registry {
            kind: RegistryKind::DockerHub,
            repositories: [("library/nginx".to_owned(), nginx)].into(),
            users: [("plan".to_owned(), user(Some(2))), ("team".to_owned(), user(None))].into(),
            limit: Some(RateLimit { pulls: 3, used: 1 }),
            ..Registry::default()
        };
        let cache = |prefix: &str, user: Option<&str>| CacheRule {
            prefix: prefix.to_owned(),
            public: false,
            upstream: "docker.io".to_owned(),
            user: user.map(str::to_owned),
            password: SecretText::new("right"),
        };
        let with = |kind, caches| Registry { kind, caches, ..Registry::default() };
        let token = |role: &str| TokenSpec {
            registry: ECR.to_owned(),
            role: role.to_owned(),
            text: Some(SecretText::new(role)),
            ..TokenSpec::default()
        };
        let personal = TokenSpec {
            registry: "docker.io".to_owned(),
            user: Some("plan".to_owned()),
            text: Some(SecretText::new("personal")),
            ..TokenSpec::default()
        };
        let managed = |name: &str, more: &str| RoleSpec {
            policies: vec![format!("arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry{name}")],
            inline: statements_of(more).unwrap_or_default(),
            ..RoleSpec::default()
        };
        let make =
            r#"{"Statement":{"Effect":"Allow","Action":["ecr:CreateRepository"],"Resource":"*"}}"#;
        let world = World {
            registries: [
                ("docker.io".to_owned(), hub),
                (ECR.to_owned(), with(RegistryKind::Ecr, vec![cache("hub", Some("team"))])),
                ("mirror.example.com".to_owned(), with(RegistryKind::Open, vec![cache("", None)])),
            ]
            .into(),
            tokens: [
                ("reader".to_owned(), token("reader")),
                ("puller".to_owned(), token("puller")),
                ("maker".to_owned(), token("maker")),
                ("personal".to_owned(), personal),
            ]
            .into(),
            roles: [
                ("reader".to_owned(), managed("ReadOnly", "")),
                ("puller".to_owned(), managed("PullOnly", "")),
                ("maker".to_owned(), managed("PullOnly", make)),
            ]
            .into(),
            ..World::default()
        };
        let roles = Roles::new(&world);
        let node = NodeSpec { containerd: Version::new(2, 3, 4), ..NodeSpec::default() };
        Self { world, roles, served: Served::default(), node, hours: 0 }
    }

    /// `user:password`, or nobody. Answers `None` if the image comes.
    fn pull(&mut self, image: &str, login: &str) -> Option<(Refusal, String)> {
        let image = ImageRef::parse(image).unwrap();
        let mint = Mint::new(&self.world);
        let login = login.split_once(':').map(|(user, password)| Login {
            username: user.to_owned(),
            password: SecretText::new(password),
            email: String::new(),
        });
        let content = Content::default();
        let request = PullRequest {
            image: &image,
            auth: login.as_ref().map(AuthConfig::of),
            now: SimTime::START + Span::hours(self.hours),
            node: &self.node,
            content: &content,
            kubelet: Version::new(1, 35, 0),
        };
        let (world, roles) = (&self.world, &self.roles);
        let outside = Outside { world, mint: &mint, roles, served: &mut self.served };
        match runtime::outcome(outside, &request) {
            PullOutcome::Pulled(_) => None,
            PullOutcome::Failed { cause, message, .. } => Some((cause, message)),
        }
    }

    #[track_caller]
    fn check(&mut self, image: &str, login: &str, want: Option<Refusal>) {
        let got = self.pull(image, login);
        assert_eq!(got.as_ref().map(|(cause, _)| *cause), want, "{got:?}");
    }
}

const LIMITED: Option<Refusal> = Some(Refusal::RateLimited);

#[test]
fn pulls_count_by_address_and_by_account() {
    let mut bench = Bench::new();
    // One of three is used by others. An index counts once, however many manifests it takes.
    bench.check("nginx:1", "", None);
    bench.check("nginx:1", "", None);
    bench.check("nginx:1", "", LIMITED);
    // An account counts by itself, with a password or an access token; some have no limit.
    bench.check("nginx:1", "plan:right", None);
    bench.check("nginx:1", "plan:personal", None);
    bench.check("nginx:1", "plan:right", LIMITED);
    bench.check("nginx:1", "plan:personal", LIMITED);
    for _ in 0..5 {
        bench.check("nginx:1", "team:right", None);
    }
    // A node with an address of its own has a limit of its own, which nobody has used.
    bench.node.egress = "203.0.113.9".to_owned();
    for _ in 0..3 {
        bench.check("nginx:1", "", None);
    }
    bench.check("nginx:1", "", LIMITED);
    // Six hours later all are forgotten.
    bench.hours = 6;
    bench.check("nginx:1", "", None);
    bench.node.egress = String::new();
    bench.check("nginx:1", "", None);
}

#[test]
fn a_missing_tag_is_told_by_a_head_and_counts_for_nobody() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench.check("nginx:9", "", Some(Refusal::NotFound));
    }
    bench.check("nginx:1", "", None);
}

#[test]
fn a_cache_asks_once_and_keeps() {
    let mut bench = Bench::new();
    let image = format!("{ECR}/hub/library/nginx:1");
    // To import is a right of its own, and to make the repository another one (E18).
    for (login, action) in
        [("AWS:reader", "ecr:BatchImportUpstreamImage"), ("AWS:puller", "ecr:CreateRepository")]
    {
        let (cause, message) = bench.pull(&image, login).unwrap();
        assert_eq!(cause, Refusal::NotAuthorized);
        assert!(message.contains(&format!("perform: {action} on resource")), "{message}");
    }
    bench.check(&image, "AWS:maker", None);
    // Now it is there for all who may read, whatever the other registry does; another tag is not.
    bench.world.registries.get_mut("docker.io").unwrap().outages =
        vec![Outage::of(Trouble::Refused)];
    bench.check(&image, "AWS:reader", None);
    let other = format!("{ECR}/hub/library/nginx:2");
    bench.check(&other, "AWS:reader", Some(Refusal::NotAuthorized));
    bench.check(&other, "AWS:maker", Some(Refusal::RegistryFailed));
    bench.world.registries.get_mut("docker.io").unwrap().outages.clear();
    // The repository is there by now.
    bench.check(&other, "AWS:puller", None);
    bench.check(&format!("{ECR}/hub/nginx:1"), "AWS:maker", Some(Refusal::NotFound));
    bench.check(&format!("{ECR}/hub/library/nginx:9"), "AWS:maker", Some(Refusal::NotFound));
}

#[test]
fn a_cache_without_a_login_counts_for_its_own_address() {
    let mut bench = Bench::new();
    bench.check("mirror.example.com/library/nginx:1", "", None);
    bench.check("mirror.example.com/library/nginx:2", "", None);
    for _ in 0..4 {
        bench.check("mirror.example.com/library/nginx:1", "", None);
    }
    // The nodes' own address has its two left.
    bench.check("nginx:1", "", None);
    bench.check("nginx:1", "", None);
    bench.check("nginx:1", "", LIMITED);
}

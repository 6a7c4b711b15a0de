//! What holds for every pull, in worlds drawn at random: nobody gets an image without a credential that was good for it,
//! and no secret shows.

use std::collections::BTreeMap;

use pullpath_model::cloud::{EcrHost, Roles};
use pullpath_model::credential::{Login, SecretText};
use pullpath_model::image::ImageRef;
use pullpath_model::pull::{AuthConfig, Content, Outside, PullOutcome, PullRequest, Served};
use pullpath_model::random::Stream;
use pullpath_model::runtime;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::{Mint, Token};
use pullpath_model::wildcard::covers;
use pullpath_model::world::{
    Damage, Image, Manifest, NodeSpec, Outage, Part, RateLimit, Registry, RegistryKind, Repository,
    RoleSpec, TokenSpec, Trouble, User, Version, World,
};

const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const ECR_HOSTS: [&str; 2] = [
    "123456789012.dkr.ecr.us-east-1.amazonaws.com",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
];
const PATHS: [&str; 4] = ["team/app", "team/web", "other/app", "library/nginx"];

/// Draws, by names that say what is drawn.
struct Draw(Stream);

impl Draw {
    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.0.between(0, of.len() as u32 - 1) as usize]
    }

    fn once_in(&mut self, times: u32) -> bool {
        self.0.between(1, times) == 1
    }

    /// Around T+0, so that some lie before and some behind it.
    fn time(&mut self) -> SimTime {
        SimTime::START + Span::minutes(i64::from(self.0.between(0, 2000)) - 1000)
    }

    fn pulls(&mut self) -> Option<Vec<String>> {
        let lists: [Option<&[&str]>; 4] =
            [None, Some(&[]), Some(&["team/*"]), Some(&["other/app", "library/*"])];
        self.one(&lists).map(|list| list.iter().map(|&pattern| pattern.to_owned()).collect())
    }

    fn trouble(&mut self) -> Trouble {
        let at = self.time();
        self.one(&[
            Trouble::NoSuchHost,
            Trouble::NameServerSilent(Span::seconds(10)),
            Trouble::Dropped,
            Trouble::UnknownAuthority,
            Trouble::CertificateExpired(at),
            Trouble::PlainHttp,
            Trouble::Status(503, None),
            Trouble::Status(429, Some(("TOOMANYREQUESTS".to_owned(), "slow down".to_owned()))),
            Trouble::Slow(100),
        ])
        .clone()
    }

    fn registry(&mut self, kind: RegistryKind) -> Registry {
        let mut registry = Registry { kind, ..Registry::default() };
        for path in &PATHS[..3] {
            let manifest = match self.0.between(0, 3) {
                0 => Manifest::Index(vec!["linux/arm64".to_owned()]),
                1 => Manifest::Index(vec!["linux/amd64".to_owned()]),
                _ => Manifest::Single,
            };
            let damage = *self.one(&[Damage::None, Damage::None, Damage::None, Damage::Corrupt]);
            let image = Image { bytes: 1 << 20, manifest, damage, ..Image::default() };
            let tags = BTreeMap::from([("1.0".to_owned(), image)]);
            let public = self.once_in(4);
            let repository = Repository { tags, public, ..Repository::default() };
            registry.repositories.insert((*path).to_owned(), repository);
        }
        for name in ["alice", "bob"] {
            let user = User {
                password: SecretText::new(format!("pass-of-{name}-{}", self.0.between(0, 1))),
                pulls: self.pulls(),
                until: self.once_in(3).then(|| self.time()),
                limit: None,
            };
            registry.users.insert(name.to_owned(), user);
        }
        if self.once_in(4) {
            let part = *self.one(&[Part::Registry, Part::TokenServer]);
            let from = self.once_in(2).then(|| self.time());
            registry.outages.push(Outage { trouble: self.trouble(), part, from, until: None });
        }
        registry.limit = self.once_in(5).then_some(RateLimit { pulls: 3, used: 2 });
        registry
    }

    fn world(&mut self, seed: u64) -> World {
        let mut world = World { seed, ..World::default() };
        for number in 0..3 {
            let kind = *self.one(&RegistryKind::ALL);
            let host = match kind {
                RegistryKind::Ecr => (*self.one(&ECR_HOSTS)).to_owned(),
                RegistryKind::DockerHub => "docker.io".to_owned(),
                RegistryKind::EcrPublic => "public.ecr.aws".to_owned(),
                _ => format!("registry{number}.example.com"),
            };
            let registry = self.registry(kind);
            world.registries.insert(host, registry);
        }
        for (name, policies) in [("puller", vec![PULL_ONLY.to_owned()]), ("idler", Vec::new())] {
            world.roles.insert(name.to_owned(), RoleSpec { policies, ..RoleSpec::default() });
        }
        let hosts: Vec<String> = world.registries.keys().cloned().collect();
        for number in 0..6 {
            let issued = self.time();
            let spec = TokenSpec {
                registry: self.one(&hosts).clone(),
                issued,
                role: (*self.one(&["puller", "idler", ""])).to_owned(),
                text: self.once_in(2).then(|| SecretText::new(format!("token-text-{number}"))),
                expires: self.once_in(2).then(|| issued + Span::hours(2)),
                revoked: self.once_in(4).then(|| self.time()),
                pulls: self.pulls(),
                ..TokenSpec::default()
            };
            world.tokens.insert(format!("t{number}"), spec);
        }
        world
    }

    fn login(&mut self, mint: &Mint) -> Option<Login> {
        let (username, password) = match self.0.between(0, 4) {
            0 => return None,
            1 | 2 => {
                let name = *self.one(&["alice", "bob", "carol"]);
                let password = format!("pass-of-{name}-{}", self.0.between(0, 1));
                (name.to_owned(), SecretText::new(password))
            }
            _ => {
                let name = format!("t{}", self.0.between(0, 5));
                let token = mint.get(&name).expect("the world has six");
                let user = token.user.clone().unwrap_or_else(|| "robot".to_owned());
                let user = if self.once_in(6) { "mallory".to_owned() } else { user };
                (user, token.text.clone())
            }
        };
        Some(Login { username, password, email: String::new() })
    }
}

/// Whether a credential opens a repository at a moment, said without asking the registry: the rules are written down once
/// more, in the shortest way.
fn opens(
    world: &World,
    mint: &Mint,
    image: &ImageRef,
    login: Option<&Login>,
    now: SimTime,
) -> bool {
    let (host, path) = (image.host(), image.path());
    let registry = &world.registries[host];
    let may = |pulls: &Option<Vec<String>>| {
        registry.kind == RegistryKind::Basic
            || pulls.as_ref().is_none_or(|all| all.iter().any(|pattern| covers(pattern, path)))
    };
    let open = match registry.kind {
        RegistryKind::Open | RegistryKind::EcrPublic => true,
        RegistryKind::Basic | RegistryKind::Ecr => false,
        _ => registry.repositories[path].public,
    };
    let Some(login) = login else { return open };
    let user = registry.users.get(&login.username).is_some_and(|user| {
        registry.kind != RegistryKind::Ecr
            && user.password == login.password
            && user.until.is_none_or(|until| now < until)
            && may(&user.pulls)
    });
    let owner = |token: &Token| {
        let here = match (EcrHost::parse(host), EcrHost::parse(&token.registry)) {
            (Some(here), Some(there)) => here.region == there.region,
            _ => token.registry == host,
        };
        let iam = registry.kind != RegistryKind::Ecr || token.role != "idler";
        here && token.text == login.password
            && token.user.as_ref().is_none_or(|user| *user == login.username)
            && token.issued <= now
            && now < token.expires
            && token.revoked.is_none_or(|revoked| now < revoked)
            && (registry.kind == RegistryKind::Ecr || may(&token.pulls))
            && iam
    };
    open || user || mint.tokens().any(|token| owner(token))
}

const RUNTIMES: [Version; 5] = [
    Version::new(1, 6, 20),
    Version::new(1, 7, 24),
    Version::new(2, 0, 0),
    Version::new(2, 1, 9),
    Version::new(2, 3, 4),
];

#[test]
fn an_image_takes_a_good_credential_and_no_secret_shows() {
    let (mut pulled, mut private, mut failed) = (0, 0, 0);
    for seed in 0..400 {
        let mut draw = Draw(Stream::new(seed, "world", "pulls"));
        let world = draw.world(seed);
        let (mint, roles) = (Mint::new(&world), Roles::new(&world));
        let mut served = Served::default();
        let hosts: Vec<&String> = world.registries.keys().collect();
        for _ in 0..12 {
            let path = draw.one(&PATHS[..3]);
            let host = draw.one(&hosts);
            let image = ImageRef::parse(&format!("{host}/{path}:1.0")).expect("an image");
            let login = draw.login(&mint);
            let now = draw.time();
            let containerd = *draw.one(&RUNTIMES);
            let node = NodeSpec { containerd, ..NodeSpec::default() };
            let content = Content::default();
            let auth = login.as_ref().map(AuthConfig::of);
            let request = PullRequest {
                image: &image,
                auth,
                now,
                node: &node,
                content: &content,
                kubelet: Version::new(1, 35, 0),
            };
            let outside =
                Outside { world: &world, mint: &mint, roles: &roles, served: &mut served };
            let trace = runtime::pull(outside, &request);

            let all = format!("{trace:?} {request:?} {world:?} {mint:?}");
            if let Some(login) = &login {
                assert!(
                    !all.contains(login.password.reveal()),
                    "seed {seed}: a secret in {trace:?}"
                );
            }
            assert!(trace.exchanges.len() <= 40, "seed {seed}: {} requests", trace.exchanges.len());
            match trace.outcome {
                PullOutcome::Failed { message, .. } => {
                    assert!(!message.is_empty());
                    failed += 1;
                }
                PullOutcome::Pulled(_) => {
                    let good = opens(&world, &mint, &image, login.as_ref(), now);
                    assert!(good, "seed {seed}: {image} for {request:?}");
                    pulled += 1;
                    private += u32::from(!opens(&world, &mint, &image, None, now));
                }
            }
        }
    }
    // The draw reaches both ends, and images that not everybody gets.
    assert!(pulled > 300 && private > 100 && failed > 1000, "{pulled}, {private}, {failed}");
}

#[test]
fn a_credential_that_cannot_be_read_keeps_its_text_to_itself() {
    let auth =
        AuthConfig { auth: "c2VjcmV0LXRleHQ=", password: "secret-text", ..AuthConfig::default() };
    let shown = format!("{auth:?}");
    assert!(!shown.contains("c2Vj") && !shown.contains("secret-text"), "{shown}");
}

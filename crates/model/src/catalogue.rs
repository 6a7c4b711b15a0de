//! What failed pulls read like: each kind of registry in each situation, with each runtime, played once.
//!
//! Nothing here is written down: every text is what the registry and the runtime of the model come to. It answers "what does
//! this message mean?" from both sides: [`readings`] from the situation to the text, [`search()`] back.

mod node;
mod runtime;
mod search;
mod shape;
mod situation;

use crate::cloud::{Effect, Roles, Statement};
use crate::credential::{Login, SecretText};
use crate::image::ImageRef;
use crate::pull::{AuthConfig, Content, Outside, PullOutcome, PullRequest, Refusal, Served};
use crate::runtime as containerd;
use crate::time::{SimTime, Span};
use crate::token::Mint;
use crate::world::{
    Damage, HostsConfig, Image, Manifest, NodeSpec, Outage, RateLimit, Reach, Registry,
    RegistryKind, Repository, RoleSpec, TokenSpec, Trouble, User, Version, World,
};

pub use crate::message::phrase::{Phrase, phrases};
pub use node::Saying;
pub use runtime::{RUNTIMES, Runtime, by_runtime, releases};
pub use search::{Matter, Meaning, Possible, search};
pub use situation::Situation;

/// What one situation at one kind of registry reads like with some runtimes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The registry's kind.
    pub kind: RegistryKind,
    /// What is the matter.
    pub situation: Situation,
    /// With these runtimes.
    pub runtimes: Vec<Runtime>,
    /// What it comes to; `None` if the image comes all the same.
    pub refusal: Option<Refusal>,
    /// What stands behind `Failed to pull image "…": `; empty if the image comes.
    pub message: String,
}

/// All readings, by kind and situation. Runtimes that say the same are told together.
pub fn readings() -> Vec<Reading> {
    let mut readings = Vec::new();
    for kind in RegistryKind::ALL {
        let image = ImageRef::parse(image_at(kind)).expect("the names below are names");
        for situation in Situation::ALL {
            if situation.happens_at(kind) {
                readings.extend(read(kind, situation, &image));
            }
        }
    }
    readings
}

fn read(kind: RegistryKind, situation: Situation, image: &ImageRef) -> Vec<Reading> {
    let stage = Stage::of(kind, situation, image);
    by_runtime(|runtime| stage.play(runtime))
        .into_iter()
        .map(|((refusal, message), runtimes)| Reading {
            kind,
            situation,
            runtimes,
            refusal,
            message,
        })
        .collect()
}

/// An image at a registry of that kind, as people write it.
fn image_at(kind: RegistryKind) -> &'static str {
    match kind {
        RegistryKind::Open | RegistryKind::Basic | RegistryKind::Token => {
            "registry.example.com/team/app:1.0"
        }
        RegistryKind::Ecr => "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app:1.0",
        RegistryKind::EcrPublic => "public.ecr.aws/team/app:1.0",
        RegistryKind::DockerHub => "docker.io/team/app:1.0",
        RegistryKind::Ghcr => "ghcr.io/team/app:1.0",
        RegistryKind::ArtifactRegistry => "europe-docker.pkg.dev/project/team/app:1.0",
        RegistryKind::Acr => "team.azurecr.io/team/app:1.0",
        RegistryKind::Quay => "quay.io/team/app:1.0",
        RegistryKind::Harbor => "harbor.example.com/team/app:1.0",
        RegistryKind::GitLab => "registry.gitlab.com/team/app:1.0",
    }
}

const USER: &str = "alice";

/// A pull that is about to be made.
struct Stage<'a> {
    image: &'a ImageRef,
    world: World,
    mint: Mint,
    roles: Roles,
    login: Option<Login>,
    node: NodeSpec,
}

impl<'a> Stage<'a> {
    fn of(kind: RegistryKind, situation: Situation, image: &'a ImageRef) -> Self {
        let world = world(kind, situation, image);
        let (mint, roles) = (Mint::new(&world), Roles::new(&world));
        let token = mint.get("token").expect("the world has it");
        let user = token.user.clone().unwrap_or_else(|| USER.to_owned());
        let login = |user: &str, password: &SecretText| Login {
            username: user.to_owned(),
            password: password.clone(),
            email: String::new(),
        };
        let login = match situation {
            Situation::WrongUser => Some(login(USER, &token.text)),
            Situation::WrongPassword | Situation::PublicWithBadCredential => {
                Some(login(&user, &SecretText::new("wrong")))
            }
            Situation::AccountLimit => Some(login(USER, &SecretText::new("right"))),
            Situation::TokenTooOld
            | Situation::NoRight
            | Situation::NoLayerRight
            | Situation::OtherAccount
            | Situation::NoImportRight
            | Situation::NoTag
            | Situation::NoRepository => Some(login(&user, &token.text)),
            Situation::NoCredential
            | Situation::AddressLimit
            | Situation::NoPlatform
            | Situation::LayerMissing
            | Situation::LayerCorrupt
            | Situation::NoSuchHost
            | Situation::NameServerFails
            | Situation::NameServerSilent
            | Situation::Refused
            | Situation::NoRoute
            | Situation::NoNetwork
            | Situation::Dropped
            | Situation::UnknownAuthority
            | Situation::WrongName
            | Situation::CertificateExpired
            | Situation::PlainHttp
            | Situation::PlainToTls
            | Situation::Unavailable => None,
        };
        let plain = HostsConfig { server: Reach::Http, ..HostsConfig::default() };
        let told = (situation == Situation::PlainToTls).then(|| (image.host().to_owned(), plain));
        let node = NodeSpec { hosts: told.into_iter().collect(), ..NodeSpec::default() };
        Self { image, world, mint, roles, login, node }
    }

    fn play(&self, runtime: Runtime) -> (Option<Refusal>, String) {
        let (content, mut served) = (Content::default(), Served::default());
        let request = PullRequest {
            image: self.image,
            auth: self.login.as_ref().map(AuthConfig::of),
            now: SimTime::START,
            node: &runtime.on(&self.node),
            content: &content,
            kubelet: Version::new(1, 35, 0),
        };
        let Self { world, mint, roles, .. } = self;
        let outside = Outside { world, mint, roles, served: &mut served };
        match containerd::outcome(outside, &request) {
            PullOutcome::Pulled(_) => (None, String::new()),
            PullOutcome::Failed { cause, message, .. } => (Some(cause), message),
        }
    }
}

fn world(kind: RegistryKind, situation: Situation, image: &ImageRef) -> World {
    let manifest = match situation {
        Situation::NoPlatform => Manifest::Index(vec!["linux/s390x".to_owned()]),
        _ => Manifest::Single,
    };
    let damage = match situation {
        Situation::LayerMissing => Damage::Missing,
        Situation::LayerCorrupt => Damage::Corrupt,
        _ => Damage::None,
    };
    let tag = match image.tag() {
        Some(tag) if situation != Situation::NoTag => tag,
        _ => "another",
    };
    let pushed = Image { bytes: 1 << 20, manifest, damage, ..Image::default() };
    let is_public = matches!(
        situation,
        Situation::PublicWithBadCredential | Situation::AddressLimit | Situation::AccountLimit
    );
    let repository = Repository {
        tags: [(tag.to_owned(), pushed)].into(),
        public: is_public,
        imports: situation == Situation::NoImportRight,
        ..Repository::default()
    };
    let path = if situation == Situation::NoRepository { "another" } else { image.path() };
    let trouble = match situation {
        Situation::WrongName => Some(Trouble::WrongName("other.example.com".to_owned())),
        situation => situation.trouble(),
    };
    let alice = User { password: SecretText::new("right"), limit: Some(0), ..User::default() };
    let registry = Registry {
        kind,
        repositories: [(path.to_owned(), repository)].into(),
        users: [(USER.to_owned(), alice)].into(),
        outages: trouble.map(Outage::of).into_iter().collect(),
        limit: match situation {
            Situation::AddressLimit => Some(RateLimit { pulls: 100, used: 100 }),
            Situation::AccountLimit => Some(RateLimit { pulls: 100, used: 0 }),
            _ => None,
        },
        address: Some("198.51.100.7".to_owned()),
        ..Registry::default()
    };
    let hours = |hours| SimTime::START - Span::hours(hours);
    let old = situation == Situation::TokenTooOld;
    let may = situation != Situation::NoRight;
    let role = match situation {
        Situation::NoRight => "idler",
        Situation::NoLayerRight => "reader",
        Situation::NoImportRight => "read-only",
        _ => "puller",
    };
    let token = TokenSpec {
        registry: image.host().to_owned(),
        issued: if old { hours(13) } else { hours(0) },
        expires: old.then(|| hours(1)),
        role: role.to_owned(),
        pulls: (!may).then(Vec::new),
        text: Some(SecretText::new("token")),
        ..TokenSpec::default()
    };
    let managed = |name: &str| RoleSpec {
        policies: vec![format!("arn:aws:iam::aws:policy/{name}")],
        ..RoleSpec::default()
    };
    let manifests = Statement {
        effect: Effect::Allow,
        principals: Vec::new(),
        actions: vec!["ecr:GetAuthorizationToken".to_owned(), "ecr:BatchGetImage".to_owned()],
        resources: vec!["*".to_owned()],
    };
    let reader = RoleSpec { inline: vec![manifests], ..RoleSpec::default() };
    let account = if situation == Situation::OtherAccount { "999988887777" } else { "" };
    World {
        registries: [(image.host().to_owned(), registry)].into(),
        tokens: [("token".to_owned(), token)].into(),
        account: account.to_owned(),
        roles: [
            ("puller".to_owned(), managed("AmazonEC2ContainerRegistryPullOnly")),
            ("read-only".to_owned(), managed("AmazonEC2ContainerRegistryReadOnly")),
            ("reader".to_owned(), reader),
            ("idler".to_owned(), RoleSpec::default()),
        ]
        .into(),
        ..World::default()
    }
}

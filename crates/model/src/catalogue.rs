//! What failed pulls read like: each kind of registry in each situation, with each runtime, played once.
//!
//! Nothing here is written down: every text is what the registry and the runtime of the model come to. It answers "what does
//! this message mean?" from both sides.

use crate::cloud::Roles;
use crate::credential::{Login, SecretText};
use crate::image::ImageRef;
use crate::pull::{AuthConfig, Content, Outside, PullOutcome, PullRequest, Refusal, Served};
use crate::runtime;
use crate::time::{SimTime, Span};
use crate::token::Mint;
use crate::world::{
    Damage, Image, Manifest, NodeSpec, Outage, RateLimit, Registry, RegistryKind, Repository,
    RoleSpec, TokenSpec, Trouble, User, Version, World,
};

/// What is the matter with a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// The image is not public, and no credential is sent.
    NoCredential,
    /// The password is wrong.
    WrongPassword,
    /// The token is past its lifetime.
    TokenTooOld,
    /// The credential is good, and its owner may not pull this image.
    NoRight,
    /// There is no such tag.
    NoTag,
    /// There is no such repository.
    NoRepository,
    /// The image is public, and the credential that is sent is no good.
    PublicWithBadCredential,
    /// Too many pulls from one address.
    RateLimit,
    /// The image has nothing for the node's platform.
    NoPlatform,
    /// A layer is gone.
    LayerMissing,
    /// The registry's host name does not exist.
    NoSuchHost,
    /// The name server fails.
    NameServerFails,
    /// Nobody listens at the registry's address.
    Refused,
    /// There is no route to it.
    NoRoute,
    /// Packets to it are dropped.
    Dropped,
    /// The certificate is of an authority that the node does not know.
    UnknownAuthority,
    /// The certificate is for another name.
    WrongName,
    /// The registry speaks plain HTTP.
    PlainHttp,
    /// The registry answers 503.
    Unavailable,
}

impl Situation {
    /// All of them; from [`Self::NoPlatform`] on a registry's kind makes no difference.
    pub const ALL: [Self; 19] = [
        Self::NoCredential,
        Self::WrongPassword,
        Self::TokenTooOld,
        Self::NoRight,
        Self::NoTag,
        Self::NoRepository,
        Self::PublicWithBadCredential,
        Self::RateLimit,
        Self::NoPlatform,
        Self::LayerMissing,
        Self::NoSuchHost,
        Self::NameServerFails,
        Self::Refused,
        Self::NoRoute,
        Self::Dropped,
        Self::UnknownAuthority,
        Self::WrongName,
        Self::PlainHttp,
        Self::Unavailable,
    ];

    /// The situation as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoCredential => "The image is not public, and no credential is sent.",
            Self::WrongPassword => "The password is wrong.",
            Self::TokenTooOld => "The token is past its lifetime.",
            Self::NoRight => "The credential is good, and its owner may not pull this image.",
            Self::NoTag => "There is no such tag.",
            Self::NoRepository => "There is no such repository.",
            Self::PublicWithBadCredential => {
                "The image is public, and the credential that is sent is no good."
            }
            Self::RateLimit => "Too many pulls came from one address.",
            Self::NoPlatform => "The image has nothing for the node's platform.",
            Self::LayerMissing => "The registry has lost a layer of the image.",
            Self::NoSuchHost => "The registry's host name does not exist.",
            Self::NameServerFails => "The name server fails.",
            Self::Refused => "Nobody listens at the registry's address.",
            Self::NoRoute => "There is no route to the registry.",
            Self::Dropped => "Packets to the registry are dropped.",
            Self::UnknownAuthority => {
                "The registry's certificate is of an authority that the node does not know, or its own."
            }
            Self::WrongName => "The registry's certificate is for another name.",
            Self::PlainHttp => "The registry speaks plain HTTP, and is asked over TLS.",
            Self::Unavailable => "The registry answers 503.",
        }
    }

    const fn trouble(self) -> Option<Trouble> {
        Some(match self {
            Self::NoSuchHost => Trouble::NoSuchHost,
            Self::NameServerFails => Trouble::NameServerFails,
            Self::Refused => Trouble::Refused,
            Self::NoRoute => Trouble::NoRoute,
            Self::Dropped => Trouble::Dropped,
            Self::UnknownAuthority => Trouble::UnknownAuthority,
            Self::PlainHttp => Trouble::PlainHttp,
            Self::Unavailable => Trouble::Status(503, None),
            Self::WrongName
            | Self::NoCredential
            | Self::WrongPassword
            | Self::TokenTooOld
            | Self::NoRight
            | Self::NoTag
            | Self::NoRepository
            | Self::PublicWithBadCredential
            | Self::RateLimit
            | Self::NoPlatform
            | Self::LayerMissing => return None,
        })
    }

    /// Whether it can happen at a registry of that kind.
    fn happens_at(self, kind: RegistryKind) -> bool {
        use RegistryKind as Kind;
        let asks = kind != Kind::Open && kind != Kind::EcrPublic;
        match self {
            Self::NoCredential => asks,
            Self::WrongPassword => kind != Kind::Open,
            Self::TokenTooOld => kind != Kind::Open && kind != Kind::Basic,
            Self::NoRight => asks && kind != Kind::Basic,
            Self::NoTag | Self::NoRepository => true,
            Self::PublicWithBadCredential => asks && kind != Kind::Basic && kind != Kind::Ecr,
            Self::RateLimit => kind == Kind::DockerHub,
            Self::NoPlatform
            | Self::LayerMissing
            | Self::NoSuchHost
            | Self::NameServerFails
            | Self::Refused
            | Self::NoRoute
            | Self::Dropped
            | Self::UnknownAuthority
            | Self::WrongName
            | Self::PlainHttp
            | Self::Unavailable => kind == Kind::Open,
        }
    }
}

/// A runtime that texts differ by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runtime {
    /// Its release.
    pub containerd: Version,
    /// Whether it is told to pull without the transfer service (R22).
    pub local_pull: bool,
}

/// One release of each wording (R21, R24, R26).
pub const RUNTIMES: [Runtime; 8] = [
    Runtime { containerd: Version::new(1, 6, 20), local_pull: false },
    Runtime { containerd: Version::new(1, 7, 24), local_pull: false },
    Runtime { containerd: Version::new(2, 0, 0), local_pull: false },
    Runtime { containerd: Version::new(2, 1, 0), local_pull: false },
    Runtime { containerd: Version::new(2, 1, 9), local_pull: false },
    Runtime { containerd: Version::new(2, 3, 2), local_pull: false },
    Runtime { containerd: Version::new(2, 3, 4), local_pull: false },
    Runtime { containerd: Version::new(2, 3, 4), local_pull: true },
];

/// `containerd 2.3.4`
impl std::fmt::Display for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "containerd {}", self.containerd)?;
        if self.local_pull { f.write_str(" with use_local_image_pull") } else { Ok(()) }
    }
}

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
        for situation in Situation::ALL {
            if situation.happens_at(kind) {
                readings.extend(read(kind, situation));
            }
        }
    }
    readings
}

fn read(kind: RegistryKind, situation: Situation) -> Vec<Reading> {
    let mut readings: Vec<Reading> = Vec::new();
    for runtime in RUNTIMES {
        let (refusal, message) = play(kind, situation, runtime);
        match readings.iter_mut().find(|reading| reading.message == message) {
            Some(reading) => reading.runtimes.push(runtime),
            None => {
                let runtimes = vec![runtime];
                readings.push(Reading { kind, situation, runtimes, refusal, message });
            }
        }
    }
    readings
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

fn play(kind: RegistryKind, situation: Situation, runtime: Runtime) -> (Option<Refusal>, String) {
    let image = ImageRef::parse(image_at(kind)).expect("the names above are names");
    let world = world(kind, situation, &image);
    let (mint, roles) = (Mint::new(&world), Roles::new(&world));
    let token = mint.get("token").expect("the world has it");
    let user = token.user.clone().unwrap_or_else(|| USER.to_owned());
    let login = |password: &SecretText| Login {
        username: user.clone(),
        password: password.clone(),
        email: String::new(),
    };
    let login = match situation {
        Situation::WrongPassword | Situation::PublicWithBadCredential => {
            Some(login(&SecretText::new("wrong")))
        }
        Situation::TokenTooOld
        | Situation::NoRight
        | Situation::NoTag
        | Situation::NoRepository => Some(login(&token.text)),
        _ => None,
    };
    let Runtime { containerd, local_pull } = runtime;
    let node = NodeSpec { containerd, local_pull, ..NodeSpec::default() };
    let (content, mut served) = (Content::default(), Served::default());
    let request = PullRequest {
        image: &image,
        auth: login.as_ref().map(AuthConfig::of),
        now: SimTime::START,
        node: &node,
        content: &content,
        kubelet: Version::new(1, 35, 0),
    };
    let outside = Outside { world: &world, mint: &mint, roles: &roles, served: &mut served };
    match runtime::outcome(outside, &request) {
        PullOutcome::Pulled(_) => (None, String::new()),
        PullOutcome::Failed { cause, message, .. } => (Some(cause), message),
    }
}

fn world(kind: RegistryKind, situation: Situation, image: &ImageRef) -> World {
    let manifest = match situation {
        Situation::NoPlatform => Manifest::Index(vec!["linux/s390x".to_owned()]),
        _ => Manifest::Single,
    };
    let damage = match situation {
        Situation::LayerMissing => Damage::Missing,
        _ => Damage::None,
    };
    let tag = if situation == Situation::NoTag { "another" } else { "1.0" };
    let pushed = Image { bytes: 1 << 20, manifest, damage, ..Image::default() };
    let repository = Repository {
        tags: [(tag.to_owned(), pushed)].into(),
        public: matches!(situation, Situation::PublicWithBadCredential | Situation::RateLimit),
        ..Repository::default()
    };
    let path = if situation == Situation::NoRepository { "another" } else { image.path() };
    let trouble = match situation {
        Situation::WrongName => Some(Trouble::WrongName("other.example.com".to_owned())),
        situation => situation.trouble(),
    };
    let limit = RateLimit { pulls: 100, used: 100 };
    let registry = Registry {
        kind,
        repositories: [(path.to_owned(), repository)].into(),
        users: [(USER.to_owned(), User::default())].into(),
        outages: trouble.map(Outage::of).into_iter().collect(),
        limit: (situation == Situation::RateLimit).then_some(limit),
        address: Some("198.51.100.7".to_owned()),
        ..Registry::default()
    };
    let hours = |hours| SimTime::START - Span::hours(hours);
    let old = situation == Situation::TokenTooOld;
    let may = situation != Situation::NoRight;
    let token = TokenSpec {
        registry: image.host().to_owned(),
        issued: if old { hours(13) } else { hours(0) },
        expires: old.then(|| hours(1)),
        role: if may { "puller" } else { "idler" }.to_owned(),
        pulls: (!may).then(Vec::new),
        text: Some(SecretText::new("token")),
        ..TokenSpec::default()
    };
    let pull = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly".to_owned();
    let role = |policies| RoleSpec { policies, inline: Vec::new() };
    World {
        registries: [(image.host().to_owned(), registry)].into(),
        tokens: [("token".to_owned(), token)].into(),
        roles: [("puller".to_owned(), role(vec![pull])), ("idler".to_owned(), role(Vec::new()))]
            .into(),
        ..World::default()
    }
}

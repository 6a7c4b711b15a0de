//! Registries as a world describes them: what they hold, whom they know, and when they do not answer like themselves.

use std::collections::BTreeMap;

use crate::cloud::{EcrHost, Statement, is_ecr_public};
use crate::credential::SecretText;
use crate::time::{SimTime, Span};

/// A registry. By default an open one that holds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registry {
    /// Whose rules it follows.
    pub kind: RegistryKind,
    /// Its repositories by path (`payment-api`, `library/nginx`).
    pub repositories: BTreeMap<String, Repository>,
    /// Who can log in with a password, by user name.
    pub users: BTreeMap<String, User>,
    /// When it, or a part of it, does not answer like itself. The first that holds counts.
    pub outages: Vec<Outage>,
    /// How many manifests are given out before it answers 429.
    pub limit: Option<RateLimit>,
    /// The registries that it fetches images from which it does not have.
    pub caches: Vec<CacheRule>,
    /// The URL of its token server, where that is not the one of its kind.
    pub realm: Option<String>,
    /// The host that it sends those to who want a blob (R6); `None` where it serves them itself.
    pub blobs: Option<String>,
    /// The certificate of the authority that signed its own, as PEM; empty where it does not matter which it is.
    pub authority: String,
    /// The address that its name resolves to; `None` for one made up from the name.
    pub address: Option<String>,
}

/// A pull-through cache: what stands below a prefix is fetched from another registry at the first pull, and kept. ECR has
/// rules of that form, Harbor proxy projects; a mirror of CNCF distribution has one for everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheRule {
    /// The first parts of the path; empty for the whole registry.
    pub prefix: String,
    /// Whether everybody may pull from the cache, where its kind knows that; what the other registry says of it does not count.
    pub public: bool,
    /// The host of the other registry.
    pub upstream: String,
    /// The user name that it logs in there with; `None` for none.
    pub user: Option<String>,
    /// The password.
    pub password: SecretText,
}

impl CacheRule {
    /// What a path is called at the other registry, if the rule is for it.
    pub fn upstream_path<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.prefix.is_empty() {
            return Some(path);
        }
        path.strip_prefix(&self.prefix)?.strip_prefix('/')
    }
}

/// Whose rules a registry follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum RegistryKind {
    /// CNCF distribution without authentication: everybody may pull.
    #[default]
    Open,
    /// CNCF distribution with a password file: whoever logs in may pull everything.
    Basic,
    /// CNCF distribution with a token server.
    Token,
    /// A private Amazon ECR registry; account and region stand in its host name (E1).
    Ecr,
    /// Amazon ECR Public.
    EcrPublic,
    /// Docker Hub.
    DockerHub,
    /// GitHub's container registry.
    Ghcr,
    /// Google Artifact Registry, and the `gcr.io` hosts that it serves now.
    ArtifactRegistry,
    /// Azure Container Registry.
    Acr,
    /// Quay.
    Quay,
    /// Harbor.
    Harbor,
    /// GitLab's container registry.
    GitLab,
}

impl RegistryKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Open,
        Self::Basic,
        Self::Token,
        Self::Ecr,
        Self::EcrPublic,
        Self::DockerHub,
        Self::Ghcr,
        Self::ArtifactRegistry,
        Self::Acr,
        Self::Quay,
        Self::Harbor,
        Self::GitLab,
    ];

    /// The word that scenario files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Basic => "basic",
            Self::Token => "token",
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr-public",
            Self::DockerHub => "docker-hub",
            Self::Ghcr => "ghcr",
            Self::ArtifactRegistry => "artifact-registry",
            Self::Acr => "acr",
            Self::Quay => "quay",
            Self::Harbor => "harbor",
            Self::GitLab => "gitlab",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Open => "public",
            Self::Basic => "registry with passwords",
            Self::Token => "registry with a token server",
            Self::Ecr => "Amazon ECR, private",
            Self::EcrPublic => "Amazon ECR Public",
            Self::DockerHub => "Docker Hub",
            Self::Ghcr => "GitHub Container Registry",
            Self::ArtifactRegistry => "Google Artifact Registry",
            Self::Acr => "Azure Container Registry",
            Self::Quay => "Quay",
            Self::Harbor => "Harbor",
            Self::GitLab => "GitLab Container Registry",
        }
    }

    /// The kind that a host name gives away, as far as names do.
    pub fn of_host(host: &str) -> Option<Self> {
        if EcrHost::parse(host).is_some() {
            return Some(Self::Ecr);
        }
        if is_ecr_public(host) {
            return Some(Self::EcrPublic);
        }
        match host {
            "docker.io" | "index.docker.io" | "registry-1.docker.io" => Some(Self::DockerHub),
            "ghcr.io" => Some(Self::Ghcr),
            "quay.io" => Some(Self::Quay),
            "registry.gitlab.com" => Some(Self::GitLab),
            _ if host.ends_with(".azurecr.io") => Some(Self::Acr),
            _ if host == "gcr.io" || host.ends_with(".gcr.io") || host.ends_with(".pkg.dev") => {
                Some(Self::ArtifactRegistry)
            }
            _ => None,
        }
    }

    /// Whether it is a service that is reached at hosts of its own only, by which it is known.
    pub const fn has_own_hosts(self) -> bool {
        match self {
            Self::Ecr
            | Self::EcrPublic
            | Self::DockerHub
            | Self::Ghcr
            | Self::ArtifactRegistry
            | Self::Acr => true,
            Self::Open | Self::Basic | Self::Token | Self::Quay | Self::Harbor | Self::GitLab => {
                false
            }
        }
    }

    /// How long a token lives that it gives out for logging in (R, section 4); `None` where tokens carry a date of
    /// their own, or none.
    pub const fn token_lifetime(self) -> Option<Span> {
        match self {
            Self::Ecr | Self::EcrPublic => Some(crate::token::LIFETIME),
            Self::ArtifactRegistry => Some(Span::hours(1)),
            Self::Acr => Some(Span::hours(3)),
            Self::Open
            | Self::Basic
            | Self::Token
            | Self::DockerHub
            | Self::Ghcr
            | Self::Quay
            | Self::Harbor
            | Self::GitLab => None,
        }
    }

    /// The user name that a token must be sent with; `None` where any will do.
    ///
    /// *Source: R, section 4, and E3; the name beside a refresh token of ACR is that of Azure's documentation.*
    pub const fn token_user(self) -> Option<&'static str> {
        match self {
            Self::Ecr | Self::EcrPublic => Some(crate::token::USER),
            Self::ArtifactRegistry => Some("oauth2accesstoken"),
            Self::Acr => Some("00000000-0000-0000-0000-000000000000"),
            Self::Open
            | Self::Basic
            | Self::Token
            | Self::DockerHub
            | Self::Ghcr
            | Self::Quay
            | Self::Harbor
            | Self::GitLab => None,
        }
    }
}

/// A repository. By default a private, empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repository {
    /// Images by tag.
    pub tags: BTreeMap<String, Image>,
    /// Whether everybody may pull it, where the registry's kind knows such repositories.
    pub public: bool,
    /// The policy of a repository of ECR (E15); `None` without one.
    pub policy: Option<Vec<Statement>>,
    /// Whether ECR still has to import its images through a pull-through cache rule (E18): the first pull of each that is
    /// let through fills the cache.
    pub imports: bool,
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// Compressed size in bytes.
    pub bytes: u64,
    /// What the tag names.
    pub manifest: Manifest,
    /// Its digest, where that matters: two tags with one digest are one image.
    pub digest: Option<String>,
    /// The name of a layer that it has in common with other images; `None` for a layer of its own.
    pub layer: Option<String>,
    /// What is wrong with the layer.
    pub damage: Damage,
    /// When it was pushed; `None` if it was there from the beginning.
    pub pushed: Option<SimTime>,
}

/// What a tag names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Manifest {
    /// One manifest, whatever platform its image is for: containerd pulls it, and only starting it fails (R30).
    #[default]
    Single,
    /// An index of manifests, by platform: `linux/amd64`.
    Index(Vec<String>),
}

/// What is wrong with an image's layer (R31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Damage {
    /// Nothing.
    #[default]
    None,
    /// The registry does not have it.
    Missing,
    /// It is not what its digest says.
    Corrupt,
}

/// Somebody with a password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// The password.
    pub password: SecretText,
    /// The repositories that may be pulled, as patterns with `*` (`team/*`); `None` for all.
    pub pulls: Option<Vec<String>>,
    /// The first moment at which the password is refused.
    pub until: Option<SimTime>,
    /// How many pulls in six hours the account's plan allows, on a registry with a limit; `None` without one.
    pub limit: Option<u32>,
}

/// A token that exists from the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenSpec {
    /// The registry's host.
    pub registry: String,
    /// When it was issued.
    pub issued: SimTime,
    /// The IAM role whose rights it carries (E5); empty where no rights are asked for.
    pub role: String,
    /// The identity of Google Cloud or Azure whose rights it carries; empty for none.
    pub identity: String,
    /// The user name it must be sent with; `None` for the one of the registry's kind, or any.
    pub user: Option<String>,
    /// The token itself; `None` for one made up.
    pub text: Option<SecretText>,
    /// The first moment at which it is refused; `None` for the lifetime of the registry's kind.
    pub expires: Option<SimTime>,
    /// When it is revoked.
    pub revoked: Option<SimTime>,
    /// The repositories that may be pulled with it, as patterns with `*`; `None` for all.
    pub pulls: Option<Vec<String>>,
}

/// How many manifests are given out in six hours (R, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// To one address, without a login.
    pub pulls: u32,
    /// How many of them others behind the nodes' common address have used when the simulation begins.
    pub used: u32,
}

/// The time over which pulls are counted: 21600 s (docker/docs content/manuals/docker-hub/usage/pulls.md).
pub const LIMIT_WINDOW: Span = Span::hours(6);

/// A time in which a registry does not answer like itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What is wrong.
    pub trouble: Trouble,
    /// Where.
    pub part: Part,
    /// Since when; `None` for always.
    pub from: Option<SimTime>,
    /// The first moment at which it is over; `None` for never.
    pub until: Option<SimTime>,
}

impl Outage {
    /// Trouble with the registry's own host that never ends.
    pub const fn of(trouble: Trouble) -> Self {
        Self { trouble, part: Part::Registry, from: None, until: None }
    }

    /// Whether it holds at `now`.
    pub fn holds(&self, now: SimTime) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// The part of a registry that is troubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The host in the image's name.
    Registry,
    /// The token server.
    TokenServer,
    /// The host that blobs come from.
    Blobs,
}

/// What is wrong with a host (R29), or what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The name does not exist (NXDOMAIN).
    NoSuchHost,
    /// The name server fails (SERVFAIL).
    NameServerFails,
    /// The name server does not answer; a look-up is given up after so long.
    NameServerSilent(Span),
    /// Nobody listens.
    Refused,
    /// There is no route to it.
    NoRoute,
    /// There is no network.
    NoNetwork,
    /// Packets are dropped.
    Dropped,
    /// Its certificate is of an authority that nodes do not know, its own included.
    UnknownAuthority,
    /// Its certificate is for another name.
    WrongName(String),
    /// Its certificate ran out.
    CertificateExpired(SimTime),
    /// It speaks plain HTTP.
    PlainHttp,
    /// It answers every request with this status, and perhaps an error's code and message.
    Status(u16, Option<(String, String)>),
    /// It is slow: so many KiB a second, whatever the node could take.
    Slow(u32),
}

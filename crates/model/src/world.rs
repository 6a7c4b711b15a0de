//! What surrounds the cluster: registries and their images, tokens, nodes, IAM roles. A scenario describes it; the
//! simulation never changes a `World`, except that tokens are minted into its [`crate::token::Mint`].

mod registry;

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Statement;
use crate::time::SimTime;

pub use registry::{
    Damage, Image, LIMIT_WINDOW, Manifest, Outage, Part, RateLimit, Registry, RegistryKind,
    Repository, TokenSpec, Trouble, User,
};

/// Everything outside the API server. By default there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    /// Unix seconds of T+0, for wall-clock times.
    pub epoch_seconds: i64,
    /// The seed of all randomness.
    pub seed: u64,
    /// Whether the scheduler's choice between nodes that carry the same number of Pods is drawn, as in a real
    /// scheduler, and not the first by name.
    pub drawn_placement: bool,
    /// The first moment that is simulated; at most T+0.
    pub from: SimTime,
    /// Registries by host.
    pub registries: BTreeMap<String, Registry>,
    /// Tokens that exist from the beginning, by the name that files use: `${token:ecr-old}`.
    pub tokens: BTreeMap<String, TokenSpec>,
    /// The AWS account of the cluster; empty for that of the first ECR registry.
    pub account: String,
    /// IAM roles by name, as they are before any `Role` object changes them.
    pub roles: BTreeMap<String, RoleSpec>,
    /// Nodes, in the order they were declared.
    pub nodes: Vec<NodeSpec>,
    /// Admission plugins that are switched on beside the usual ones.
    pub admission_plugins: BTreeSet<AdmissionPlugin>,
}

/// An admission plugin that is off unless somebody switches it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdmissionPlugin {
    /// Every container of every Pod gets the pull policy Always (P3).
    AlwaysPullImages,
}

impl AdmissionPlugin {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::AlwaysPullImages];

    /// As `--enable-admission-plugins` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlwaysPullImages => "AlwaysPullImages",
        }
    }
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleSpec {
    /// ARNs of attached policies.
    pub policies: Vec<String>,
    /// The statements of its inline policy.
    pub inline: Vec<Statement>,
}

/// A node. By default it has no name, an empty store and the runtime of the default cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    /// Its name.
    pub name: String,
    /// When it joins; before the first simulated moment means that it is there from the beginning.
    pub joins: SimTime,
    /// When it is lost, with all its Pods.
    pub leaves: Option<SimTime>,
    /// The container runtime's version.
    pub containerd: Version,
    /// The kubelet's version; `None` for that of the cluster.
    pub kubernetes: Option<Version>,
    /// The IAM role of its instance, if any.
    pub role: Option<String>,
    /// Images in its store from the beginning, as `host/path:tag` or any reference; put there past the kubelet.
    pub images: Vec<String>,
    /// Its credential provider plugins, in configuration order.
    pub providers: Vec<ProviderSpec>,
    /// Mebibytes per second that a pull achieves.
    pub bandwidth_mib: u32,
    /// What it runs on, as `os/architecture`.
    pub platform: String,
    /// Whether containerd is told to pull without its transfer service (`use_local_image_pull`, R22).
    pub local_pull: bool,
    /// containerd's `hosts.toml` files, by the registry they are for.
    pub hosts: BTreeMap<String, HostsConfig>,
}

/// How containerd reaches a registry: the endpoints of a `hosts.toml`. By default there are no mirrors, and the
/// registry is asked over TLS, by the authorities that the node's system trusts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostsConfig {
    /// Tried before the registry itself, in order.
    pub mirrors: Vec<Mirror>,
    /// How the registry itself is asked.
    pub server: Reach,
}

/// A host that is asked in the place of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Its name, with a port if it has one.
    pub host: String,
    /// How it is asked.
    pub reach: Reach,
}

/// How a host is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Over TLS, with a certificate of an authority that the system trusts.
    #[default]
    Tls,
    /// Over TLS, also with a certificate of the host's own authority (`ca`).
    TlsWithCa,
    /// Over TLS, whatever the certificate (`skip_verify`).
    TlsUnverified,
    /// In plain HTTP.
    Http,
}

impl Default for NodeSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            joins: SimTime::default(),
            leaves: None,
            containerd: Version::new(2, 1, 0),
            kubernetes: None,
            role: None,
            images: Vec::new(),
            providers: Vec::new(),
            bandwidth_mib: 50,
            platform: "linux/amd64".to_owned(),
            local_pull: false,
            hosts: BTreeMap::new(),
        }
    }
}

/// A credential provider plugin, as configured on a node (P50).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSpec {
    /// `ecr-credential-provider`.
    pub name: String,
    /// Which images it is asked for (P32).
    pub match_images: Vec<String>,
    /// How long an answer without its own duration is kept, in seconds (P52).
    pub default_cache_seconds: i64,
}

/// A version of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first.
    pub major: u32,
    /// The second.
    pub minor: u32,
    /// The third.
    pub patch: u32,
}

impl Version {
    /// A version from its parts.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

//! What surrounds the cluster: registries and their images, tokens, nodes, IAM roles. A scenario describes it; the
//! simulation never changes a `World`, except that tokens are minted into its [`crate::token::Mint`].

use std::collections::BTreeMap;

use crate::time::SimTime;

/// Everything outside the API server. By default there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    /// Unix seconds of T+0, for wall-clock times.
    pub epoch_seconds: i64,
    /// The seed of all randomness.
    pub seed: u64,
    /// The first moment that is simulated; at most T+0.
    pub from: SimTime,
    /// Registries by host.
    pub registries: BTreeMap<String, Registry>,
    /// Tokens that exist from the beginning, by the name that files use: `${token:ecr-old}`.
    pub tokens: BTreeMap<String, TokenSpec>,
    /// IAM roles by name, as they are before any `Role` object changes them.
    pub roles: BTreeMap<String, RoleSpec>,
    /// Nodes, in the order they were declared.
    pub nodes: Vec<NodeSpec>,
}

/// A registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Whose rules it follows.
    pub kind: RegistryKind,
    /// Its repositories by path (`payment-api`, `library/nginx`).
    pub repositories: BTreeMap<String, Repository>,
}

/// Whose rules a registry follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryKind {
    /// A private Amazon ECR registry; account and region stand in its host name (E1).
    Ecr,
    /// CNCF distribution without authentication: everybody may pull.
    Open,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repository {
    /// Images by tag.
    pub tags: BTreeMap<String, Image>,
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Compressed size in bytes.
    pub bytes: u64,
}

/// A token that exists from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSpec {
    /// The registry's host.
    pub registry: String,
    /// When it was issued.
    pub issued: SimTime,
    /// The IAM role whose rights it carries (E5).
    pub role: String,
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleSpec {
    /// ARNs of attached policies.
    pub policies: Vec<String>,
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
    /// The IAM role of its instance, if any.
    pub role: Option<String>,
    /// Images in its store from the beginning, as `host/path:tag` or any reference; put there past the kubelet.
    pub images: Vec<String>,
    /// Its credential provider plugins, in configuration order.
    pub providers: Vec<ProviderSpec>,
    /// Mebibytes per second that a pull achieves.
    pub bandwidth_mib: u32,
}

impl Default for NodeSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            joins: SimTime::default(),
            leaves: None,
            containerd: Version::new(2, 1, 0),
            role: None,
            images: Vec::new(),
            providers: Vec::new(),
            bandwidth_mib: 50,
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

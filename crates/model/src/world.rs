//! What surrounds the cluster: registries and their images, tokens, nodes, IAM roles. A scenario describes it; the
//! simulation never changes a `World`, except that tokens are minted into its [`crate::token::Mint`].

mod registry;

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Statement;
use crate::credential::SecretText;
use crate::ensure_image::LookUpOrder;
use crate::provider::CacheKeyType;
use crate::pull_record::VerificationPolicy;
use crate::time::{SimTime, Span};

pub use registry::{
    CacheRule, Damage, Image, LIMIT_WINDOW, Manifest, Outage, Part, RateLimit, Registry,
    RegistryKind, Repository, TokenSpec, Trouble, User,
};

/// Everything outside the API server. By default there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The version of Kubernetes, of the API server and of every node that does not state its own.
    pub kubernetes: Version,
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
    /// Identities of Google Cloud and Azure by name: service accounts and managed identities.
    pub identities: BTreeMap<String, Identity>,
    /// The secrets of AWS Secrets Manager, by name.
    pub secrets_manager: BTreeMap<String, CloudSecretSpec>,
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

impl Default for World {
    fn default() -> Self {
        Self {
            kubernetes: Version::new(1, 35, 0),
            epoch_seconds: 0,
            seed: 0,
            drawn_placement: false,
            from: SimTime::default(),
            registries: BTreeMap::new(),
            tokens: BTreeMap::new(),
            account: String::new(),
            roles: BTreeMap::new(),
            identities: BTreeMap::new(),
            secrets_manager: BTreeMap::new(),
            nodes: Vec::new(),
            admission_plugins: BTreeSet::new(),
        }
    }
}

/// An identity of Google Cloud or Azure, as far as a pull depends on it. By default it may pull everything, always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The repositories that it may read, as patterns with `*`; `None` for all.
    pub pulls: Option<Vec<String>>,
    /// Since when it has that right; `None` for always.
    pub from: Option<SimTime>,
    /// The first moment at which it does not have it any more.
    pub until: Option<SimTime>,
}

impl Identity {
    /// Whether it may read a repository at a moment.
    pub fn may_pull(&self, path: &str, now: SimTime) -> bool {
        let covers =
            |all: &Vec<String>| all.iter().any(|pattern| crate::wildcard::covers(pattern, path));
        self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
            && self.pulls.as_ref().is_none_or(covers)
    }
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleSpec {
    /// The account that it belongs to; empty for the cluster's.
    pub account: String,
    /// The ServiceAccounts that may assume it with their tokens, as `namespace/name` with `*` (E33); `None` for all.
    pub trusts: Option<Vec<String>>,
    /// ARNs of attached policies.
    pub policies: Vec<String>,
    /// The statements of its inline policy.
    pub inline: Vec<Statement>,
}

/// A secret of AWS Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudSecretSpec {
    /// Its region.
    pub region: String,
    /// What it holds; `${token:NAME}` stands for a token of the world, and where somebody writes it, `${token}` for a fresh one.
    pub value: SecretText,
    /// When its first version was written.
    pub created: SimTime,
    /// Who writes the next ones.
    pub writer: Option<WriterSpec>,
}

/// A job that writes a fresh token of ECR into a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterSpec {
    /// How often, from the first version on.
    pub every: Span,
    /// The registry that the token is for.
    pub registry: String,
    /// The IAM role whose rights it carries; without the right to ask for tokens nothing is written.
    pub role: String,
    /// When it does not come; what was due then is written at the end.
    pub late: Vec<(SimTime, SimTime)>,
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
    /// Its identity on Google Cloud or Azure, if any.
    pub identity: Option<String>,
    /// Images in its store from the beginning, as `host/path:tag` or any reference; put there past the kubelet.
    pub images: Vec<String>,
    /// Its credential provider plugins, in configuration order.
    pub providers: Vec<ProviderSpec>,
    /// Mebibytes per second that a pull achieves.
    pub bandwidth_mib: u32,
    /// The address that registries see it under; empty for the one that it has in common with others.
    pub egress: String,
    /// What it runs on, as `os/architecture`.
    pub platform: String,
    /// Whether containerd is told to pull without its transfer service (`use_local_image_pull`, R22).
    pub local_pull: bool,
    /// containerd's `hosts.toml` files, by the registry they are for.
    pub hosts: BTreeMap<String, HostsConfig>,
    /// Of which ConfigMap, by namespace and name, an agent copies every key as a file into containerd's directory for a
    /// registry.
    pub hosts_from: BTreeMap<String, (String, String)>,
    /// How its kubelet is configured.
    pub config: KubeletConfig,
    /// Why its kubelet does not start, if its configuration is refused: nothing is scheduled to it (P47, P55).
    pub refused_configuration: Option<String>,
    /// Files of the node that can hold registry credentials, by path: see [`NODE_CONFIG_PATHS`].
    pub files: BTreeMap<String, SecretText>,
    /// The disk that images lie on; without one, it never fills.
    pub disk: Option<Disk>,
}

/// How containerd reaches a registry: the endpoints of a `hosts.toml`. By default there are no mirrors, and the
/// registry is asked over TLS, by the authorities that the node's system trusts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostsConfig {
    /// Tried before the registry itself, in order.
    pub mirrors: Vec<Mirror>,
    /// Another host than the registry's own that is asked last (`server`).
    pub last: Option<String>,
    /// How the host that is asked last is asked.
    pub server: Reach,
    /// What the host that is asked last is asked for.
    pub capabilities: Capabilities,
    /// What keeps containerd from making a client of the file: every pull fails with it.
    pub error: Option<String>,
    /// What containerd's log says of a file that it cannot decode, and passes over.
    pub log: Option<String>,
    /// When the file is there: since this moment, or always.
    pub from: Option<SimTime>,
    /// The first moment at which it is gone again.
    pub until: Option<SimTime>,
}

impl HostsConfig {
    /// Whether containerd reads it at a moment: it does at each pull.
    pub fn holds(&self, now: SimTime) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// A host that is asked in the place of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mirror {
    /// Its name, with a port if it has one.
    pub host: String,
    /// How it is asked.
    pub reach: Reach,
    /// What it is asked for.
    pub capabilities: Capabilities,
}

/// What a host is asked for (`capabilities`); for everything, unless something is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What a tag stands for.
    pub resolve: bool,
    /// Manifests and blobs by their digests.
    pub pull: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self { resolve: true, pull: true }
    }
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

/// Where the kubelet looks for registry credentials, in order; the first file that decodes counts (P35). Its root
/// directory is `/var/lib/kubelet`, its working directory `/`, its home `/root`.
pub const NODE_CONFIG_PATHS: [&str; 7] = [
    "/var/lib/kubelet/config.json",
    "/config.json",
    "/root/.docker/config.json",
    "/.docker/config.json",
    "/var/lib/kubelet/.dockercfg",
    "/.dockercfg",
    "/root/.dockercfg",
];

/// A node's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Its size.
    pub bytes: u64,
    /// What is taken by other things than images.
    pub other_bytes: u64,
}

/// A kubelet's configuration, as far as pulls depend on it. Field names as in KubeletConfiguration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeletConfig {
    /// Pulls that may begin in a second; zero is no limit (P27).
    pub registry_pull_qps: u32,
    /// Pulls that may begin at once (P27).
    pub registry_burst: u32,
    /// Whether pulls wait for one another (P27).
    pub serialize_image_pulls: bool,
    /// How many run side by side where they do not wait; without a number, all.
    pub max_parallel_image_pulls: Option<u32>,
    /// Who may use an image that is present (P47).
    pub image_pull_credentials_verification_policy: VerificationPolicy,
    /// Feature gates that are set otherwise than the release has them.
    pub feature_gates: BTreeMap<Feature, bool>,
    /// Images are collected when their disk is so full, in percent.
    pub image_gc_high_threshold_percent: u8,
    /// They are collected down to this.
    pub image_gc_low_threshold_percent: u8,
    /// An image is not collected before it is so old.
    pub image_minimum_gc_age: Span,
}

impl Default for KubeletConfig {
    /// The kubelet's own (pkg/kubelet/apis/config/v1beta1/defaults.go).
    fn default() -> Self {
        Self {
            registry_pull_qps: 5,
            registry_burst: 10,
            serialize_image_pulls: true,
            max_parallel_image_pulls: None,
            image_pull_credentials_verification_policy: VerificationPolicy::default(),
            feature_gates: BTreeMap::new(),
            image_gc_high_threshold_percent: 85,
            image_gc_low_threshold_percent: 80,
            image_minimum_gc_age: Span::minutes(2),
        }
    }
}

/// A feature gate of the kubelet that pulls depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// KEP-2535: a present image is a Pod's only with the right credential.
    KubeletEnsureSecretPulledImages,
    /// KEP-4412: credential providers get a token of the Pod's ServiceAccount.
    KubeletServiceAccountTokenForCredentialProviders,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 2] = [
        Self::KubeletEnsureSecretPulledImages,
        Self::KubeletServiceAccountTokenForCredentialProviders,
    ];

    /// As it is spelled.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KubeletEnsureSecretPulledImages => "KubeletEnsureSecretPulledImages",
            Self::KubeletServiceAccountTokenForCredentialProviders => {
                "KubeletServiceAccountTokenForCredentialProviders"
            }
        }
    }

    /// Whether it is on in a release that nobody changed (pkg/features/kube_features.go).
    pub const fn default_in(self, kubernetes: Version) -> bool {
        match self {
            Self::KubeletEnsureSecretPulledImages => kubernetes.minor >= 35,
            Self::KubeletServiceAccountTokenForCredentialProviders => kubernetes.minor >= 34,
        }
    }

    /// Whether a release has the gate at all: one that has not does not start with it set.
    pub const fn is_known_to(self, kubernetes: Version) -> bool {
        match self {
            Self::KubeletEnsureSecretPulledImages
            | Self::KubeletServiceAccountTokenForCredentialProviders => kubernetes.minor >= 33,
        }
    }
}

/// What a kubelet does otherwise than another release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// KEP-2535.
    pub ensures_secret_pulled_images: bool,
    /// KEP-4412.
    pub service_account_tokens: bool,
    /// When credentials are looked up.
    pub look_up: LookUpOrder,
    /// To 1.32, a sync whose only failures were back-off counted as clean (P37).
    pub back_off_is_clean: bool,
}

impl Features {
    /// Those of a release, with gates that are set otherwise.
    pub fn of(kubernetes: Version, gates: &BTreeMap<Feature, bool>) -> Self {
        let on = |feature: Feature| {
            let set = gates.get(&feature).copied();
            feature.is_known_to(kubernetes) && set.unwrap_or_else(|| feature.default_in(kubernetes))
        };
        Self {
            ensures_secret_pulled_images: on(Feature::KubeletEnsureSecretPulledImages),
            service_account_tokens: on(Feature::KubeletServiceAccountTokenForCredentialProviders),
            look_up: LookUpOrder::of(kubernetes),
            back_off_is_clean: kubernetes.minor <= 32,
        }
    }
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
            identity: None,
            images: Vec::new(),
            providers: Vec::new(),
            bandwidth_mib: 50,
            egress: String::new(),
            platform: "linux/amd64".to_owned(),
            local_pull: false,
            hosts: BTreeMap::new(),
            hosts_from: BTreeMap::new(),
            config: KubeletConfig::default(),
            refused_configuration: None,
            files: BTreeMap::new(),
            disk: None,
        }
    }
}

/// A credential provider plugin, as configured on a node (P50).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderSpec {
    /// `ecr-credential-provider`.
    pub name: String,
    /// Which images it is asked for (P32).
    pub match_images: Vec<String>,
    /// How long an answer without its own duration is kept, in seconds (P52).
    pub default_cache_seconds: i64,
    /// What it answers.
    pub plugin: Plugin,
    /// Whether it gets a token of the Pod's ServiceAccount (P54).
    pub token_attributes: Option<TokenAttributes>,
}

/// What a credential provider plugin does when it is run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Plugin {
    /// It fetches a token for ECR with the role of the node, or of the Pod's ServiceAccount.
    #[default]
    Ecr,
    /// It hands on the access token of the node's service account on Google Cloud.
    Gcp,
    /// It exchanges a token of the node's managed identity on Azure for one of ACR.
    Acr,
    /// What a script says: the first answer at the first run, the last one from then on. Never empty.
    Script(Vec<PluginAnswer>),
}

/// One answer of a scripted plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginAnswer {
    /// Credentials.
    Gives {
        /// Keys as in an `auths` map.
        auth: Vec<PluginLogin>,
        /// For which images it counts.
        cache_key: CacheKeyType,
        /// For how long; zero for this once, `None` for as long as the configuration says.
        cache: Option<Span>,
    },
    /// It fails, with what the kubelet's log says about it (P53).
    Fails(String),
}

/// One entry of a plugin's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginLogin {
    /// Its key.
    pub key: String,
    /// The user name.
    pub username: String,
    /// What it logs in with.
    pub password: PluginPassword,
}

/// What a scripted plugin gives as password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginPassword {
    /// This text.
    Text(SecretText),
    /// The ServiceAccount's token that it was given.
    ServiceAccountToken,
    /// The value of an annotation of the ServiceAccount that it was given; empty if there is none.
    Annotation(String),
}

/// `tokenAttributes` of a provider's configuration (P54).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAttributes {
    /// `serviceAccountTokenAudience`.
    pub audience: String,
    /// `cacheType`.
    pub cache_type: TokenCacheType,
    /// `requireServiceAccount`.
    pub require_service_account: bool,
    /// `requiredServiceAccountAnnotationKeys`: without one of these the plugin is not run.
    pub required_annotations: Vec<String>,
    /// `optionalServiceAccountAnnotationKeys`.
    pub optional_annotations: Vec<String>,
}

/// For whom an answer to a ServiceAccount's token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenCacheType {
    /// For every Pod of the account, while its annotations stay.
    ServiceAccount,
    /// For this token only.
    Token,
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

//! Why one attempt to start a container ended as it did. Recomputed when somebody asks, never stored for every pull.

use std::sync::Arc;

use crate::catalogue::Runtime;
use crate::cause::Cause;
use crate::credential::Source;
use crate::ensure_image::LookUpOrder;
use crate::object::Key;
use crate::pod::Reference;
use crate::pull::PullTrace;
use crate::pull_policy::PullPolicy;
use crate::pull_record::{PullRecord, Verdict};
use crate::time::SimTime;
use crate::world::Version;

/// The reasons of one attempt, in the order in which they came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptTrace {
    /// When it began.
    pub at: SimTime,
    /// Which attempt of this Pod, from 1.
    pub number: u32,
    /// The Pod.
    pub pod: Key,
    /// The container.
    pub container: Arc<str>,
    /// The image as written.
    pub image: Arc<str>,
    /// The image as understood, or why it was not (rung 1).
    pub reference: Result<Arc<Reference>, Arc<str>>,
    /// The policy that the Pod was stored with (rung 2).
    pub policy: PullPolicy,
    /// What the node's store said (rung 2).
    pub presence: Presence,
    /// How it was settled who may use an image that is there (rung 2).
    pub verification: Option<Verification>,
    /// What the node's kubelet does as its release does it.
    pub kubelet: KubeletTrace,
    /// The Pod's ServiceAccount (rung 3).
    pub service_account: Arc<str>,
    /// Whether the Pod's list was taken over from its ServiceAccount when it was created (rung 3).
    pub list_from_account: bool,
    /// The named Secrets (rung 4).
    pub secrets: Vec<SecretStep>,
    /// The entries of all Secrets that count (rung 5).
    pub entries: Vec<EntryStep>,
    /// The node's own docker config (rung 6).
    pub node_config: NodeConfigStep,
    /// The node's credential providers (rung 6).
    pub providers: Vec<ProviderStep>,
    /// Each pull, with the credential it was made with (rung 7).
    pub tries: Vec<Try>,
    /// What a failed pull would read like with each runtime, those together that say the same; empty unless pulls were made
    /// and failed (rung 8).
    pub wordings: Vec<(String, Vec<Runtime>)>,
    /// What it would read like with other runtimes than containerd, by their names, where that is known (rung 8).
    pub elsewhere: Vec<(&'static str, String)>,
    /// What came of it (rung 8).
    pub result: AttemptResult,
}

/// Whether the image was in the node's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The policy is Always: nobody looked (P17).
    NotAsked,
    /// It was not.
    Absent,
    /// The runtime could not say (P18).
    Unknown,
    /// It was, and this Pod may use it (P20).
    Usable,
    /// It was, pulled with a credential that this Pod has not shown (P21).
    NotEntitled,
}

/// How it was settled who may use an image that is there (P47, P48).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The node's policy, as its configuration spells it.
    pub policy: &'static str,
    /// The runtime's id of the image.
    pub image_id: Arc<str>,
    /// What the node remembered of its pulls, before this attempt.
    pub record: Option<PullRecord>,
    /// What was decided, or the error of a look-up of credentials.
    pub verdict: Result<Verdict, String>,
}

/// The kubelet that made an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeletTrace {
    /// Its node.
    pub node: Arc<str>,
    /// Its version.
    pub kubernetes: Version,
    /// The version of its container runtime.
    pub containerd: Version,
    /// What that version is counted among.
    pub runtime: Runtime,
    /// What its log says of the registry's `hosts.toml`, if it cannot decode it.
    pub hosts_log: Option<String>,
    /// Whether a present image is a Pod's only with the right credential (KEP-2535).
    pub ensures_secret_pulled_images: bool,
    /// When it looks up credentials.
    pub look_up: LookUpOrder,
    /// Pulls that were before this one in the queue.
    pub queued_behind: u32,
    /// Whether the node's limit of pulls a second refused this one (P27).
    pub throttled: bool,
}

/// The node's own docker config (P35).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeConfigStep {
    /// The file that counts, if one does.
    pub path: Option<&'static str>,
    /// Files that do not decode, and why.
    pub skipped: Vec<(&'static str, String)>,
}

/// One name of the Pod's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretStep {
    /// The name.
    pub name: Arc<str>,
    /// What was found under it.
    pub found: SecretFound,
}

/// What was found under a pull secret's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFound {
    /// No such Secret in the Pod's namespace.
    Missing,
    /// A Secret that does not count, and why.
    Ignored { secret_type: String, why: String },
    /// A Secret that does not decode, and why.
    Undecodable { why: String },
    /// A Secret with so many entries.
    Read { secret_type: String, entries: u32 },
}

/// One entry of an `auths` map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryStep {
    /// Whose entry it is.
    pub source: Source,
    /// Its key, as written.
    pub key: String,
    /// Whether it serves the image.
    pub matched: bool,
    /// Why, or why not.
    pub why: String,
}

/// One credential provider plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderStep {
    /// Its name.
    pub name: String,
    /// What it was good for.
    pub outcome: ProviderOutcome,
}

/// What a credential provider plugin was good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderOutcome {
    /// Its `matchImages` do not match.
    NotAsked,
    /// It was not run, which only the kubelet's log says: it wants something of the ServiceAccount (P54).
    Skipped { why: String },
    /// It gave a credential, from its cache or freshly, which is kept until then, as that ServiceAccount's.
    Provided { cached: bool, until: Option<SimTime>, account: Option<Arc<str>> },
    /// It could not; only the kubelet's log says why (P53).
    Failed { why: String },
}

/// One pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Where the credential came from; `None` is a pull without one.
    pub source: Option<Source>,
    /// Its user name.
    pub username: String,
    /// What went over the wire and what came back.
    pub trace: PullTrace,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The image was there and the container started.
    Present,
    /// The image was pulled.
    Pulled,
    /// The container waits.
    Failed {
        /// The first broken rung.
        cause: Cause,
        /// The waiting reason.
        reason: Arc<str>,
        /// The waiting message.
        message: Arc<str>,
        /// The first moment at which the next pull may run, if back-off holds it.
        retry: Option<SimTime>,
    },
}

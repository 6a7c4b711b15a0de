//! Why one attempt to start a container ended as it did. Recomputed when somebody asks, never stored for every pull.

use std::sync::Arc;

use crate::cause::Cause;
use crate::credential::Source;
use crate::image::ImageRef;
use crate::object::Key;
use crate::pull::PullTrace;
use crate::pull_policy::PullPolicy;
use crate::time::SimTime;

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
    pub reference: Result<Arc<ImageRef>, Arc<str>>,
    /// The policy that the Pod was stored with (rung 2).
    pub policy: PullPolicy,
    /// What the node's store said (rung 2).
    pub presence: Presence,
    /// The Pod's ServiceAccount (rung 3).
    pub service_account: Arc<str>,
    /// Whether the Pod's list was taken over from its ServiceAccount when it was created (rung 3).
    pub list_from_account: bool,
    /// The named Secrets (rung 4).
    pub secrets: Vec<SecretStep>,
    /// The entries of all Secrets that count (rung 5).
    pub entries: Vec<EntryStep>,
    /// The node's credential providers (rung 6).
    pub providers: Vec<ProviderStep>,
    /// Each pull, with the credential it was made with (rung 7).
    pub tries: Vec<Try>,
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
    /// It was, and this Pod may use it (P20).
    Usable,
    /// It was, pulled with a credential that this Pod has not shown (P21).
    NotEntitled,
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
    /// It gave a credential, from its cache or freshly.
    Provided { cached: bool },
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

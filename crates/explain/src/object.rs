//! What the inputs hold that a pull depends on: Pods and templates, Secrets, ServiceAccounts, events, nodes, and whoever
//! makes Secrets. Everything else of a dump is passed over.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use crate::moment::Moment;
use crate::source::Spot;

pub(crate) use self::read::Reader;

/// Namespace and name.
pub(crate) type Key = (String, String);

/// All of them.
#[derive(Default)]
pub(crate) struct Inventory {
    pub(crate) pods: Vec<PodLike>,
    pub(crate) secrets: BTreeMap<Key, SecretObject>,
    pub(crate) accounts: BTreeMap<Key, Account>,
    pub(crate) events: Vec<EventText>,
    pub(crate) makers: Vec<Maker>,
    pub(crate) generators: Vec<Generator>,
    pub(crate) nodes: Vec<NodeFacts>,
    pub(crate) complete: BTreeMap<&'static str, Complete>,
    /// Workloads and Secrets that stand in the input, by kind, for what they own: `(kind, namespace, name)`.
    pub(crate) present: BTreeSet<(String, String, String)>,
    /// Whether something without a namespace was put into the default one.
    pub(crate) defaulted_namespace: bool,
    /// Places of fields that no type has where they stand.
    pub(crate) misplaced: Vec<Misplaced>,
    /// How many objects there were in all.
    pub(crate) objects: usize,
}

/// The namespaces of which every object of a kind is in the input, and the files that say so.
#[derive(Default)]
pub(crate) struct Complete {
    pub(crate) everywhere: bool,
    pub(crate) namespaces: BTreeSet<String>,
    pub(crate) files: BTreeSet<usize>,
}

impl Complete {
    pub(crate) fn covers(&self, namespace: &str) -> bool {
        self.everywhere || self.namespaces.contains(namespace)
    }
}

/// A Pod, or a template that Pods are made from.
pub(crate) struct PodLike {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Whether the API server has stored this very Pod, so that its lists are final.
    pub(crate) stored: bool,
    /// Whether it is only known from a text that does not show its pull secrets.
    pub(crate) described: bool,
    pub(crate) created: Option<Moment>,
    pub(crate) node: Option<String>,
    pub(crate) is_mirror: bool,
    pub(crate) account: Option<(String, Spot)>,
    pub(crate) list: Vec<(Option<String>, Spot)>,
    pub(crate) spot: Spot,
    pub(crate) containers: Vec<Container>,
    pub(crate) owner: Option<(String, String)>,
}

impl PodLike {
    pub(crate) fn account_name(&self) -> &str {
        self.account.as_ref().map_or("default", |(name, _)| name)
    }

    pub(crate) fn subject(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }
}

pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) image: Option<(String, Spot)>,
    pub(crate) policy: Option<(String, Spot)>,
    pub(crate) spot: Spot,
    pub(crate) state: State,
}

/// What the cluster says about a container.
#[derive(Default)]
pub(crate) enum State {
    #[default]
    Unsaid,
    /// It runs, or has run.
    Started,
    Waiting {
        reason: String,
        message: Option<(String, Spot)>,
    },
}

pub(crate) struct SecretObject {
    pub(crate) name: String,
    pub(crate) spot: Spot,
    /// As the API server stores it.
    pub(crate) secret_type: String,
    pub(crate) type_spot: Option<Spot>,
    pub(crate) data: BTreeMap<String, Data>,
    pub(crate) data_spot: Spot,
    pub(crate) written: Option<Written>,
    pub(crate) stored: bool,
    pub(crate) immutable: bool,
}

/// A value of a Secret. It has no `Debug` on purpose.
pub(crate) struct Data {
    /// The bytes, or where the base64 of `data` breaks off.
    pub(crate) bytes: Result<Vec<u8>, String>,
    pub(crate) spot: Spot,
    /// Somebody has put stars or words in its place.
    pub(crate) redacted: bool,
    /// It stands under `data`, and is JSON all the same.
    pub(crate) plain: bool,
}

/// When a Secret's content was written last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) at: Moment,
    /// Whether nothing can have been written later: `managedFields` say so, `creationTimestamp` does not.
    pub(crate) surely_last: bool,
}

pub(crate) struct Account {
    pub(crate) list: Vec<(Option<String>, Spot)>,
    pub(crate) mountable: Vec<(String, Spot)>,
    /// When it was written last, if `managedFields` say it.
    pub(crate) edited: Option<Moment>,
}

pub(crate) struct EventText {
    /// `Pod payments/web`, where it is known.
    pub(crate) subject: Option<(String, String)>,
    pub(crate) message: String,
    pub(crate) spot: Spot,
    pub(crate) count: u32,
}

/// An object that makes a Secret.
pub(crate) struct Maker {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// The namespaces' name; `None` for any.
    pub(crate) namespace: Option<String>,
    pub(crate) secret: String,
    pub(crate) spot: Spot,
    pub(crate) api_version: String,
    pub(crate) api_spot: Spot,
    pub(crate) stored: bool,
    /// The type its template gives the Secret.
    pub(crate) secret_type: Option<String>,
    pub(crate) has_template_data: bool,
    pub(crate) refresh: Option<(String, Spot)>,
    pub(crate) generator: Option<(String, String)>,
}

/// An ESO generator of ECR tokens.
pub(crate) struct Generator {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) spot: Spot,
}

pub(crate) struct NodeFacts {
    pub(crate) provider: String,
    pub(crate) runtime: String,
    pub(crate) kubelet: String,
}

pub(crate) struct Misplaced {
    pub(crate) spot: Spot,
    pub(crate) message: String,
    pub(crate) hint: String,
}

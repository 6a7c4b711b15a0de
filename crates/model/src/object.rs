//! The API objects: `k8s-openapi` types, and the one custom resource that a node's role is kept in.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kinds that the API server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `v1 Namespace`
    Namespace,
    /// `v1 ServiceAccount`
    ServiceAccount,
    /// `v1 Secret`
    Secret,
    /// `iam.services.k8s.aws/v1alpha1 Role`, of the AWS Controllers for Kubernetes (ACK).
    Role,
    /// `apps/v1 Deployment`
    Deployment,
    /// `apps/v1 ReplicaSet`
    ReplicaSet,
    /// `v1 Pod`
    Pod,
    /// `v1 Node`. Nodes are the world's: they are named in the log, never stored or applied.
    Node,
    /// `v1 Event`. Events are kept with what they are about, and rendered when somebody reads them.
    Event,
}

impl Kind {
    /// Every kind that is stored.
    pub const ALL: [Self; 7] = [
        Self::Namespace,
        Self::ServiceAccount,
        Self::Secret,
        Self::Role,
        Self::Deployment,
        Self::ReplicaSet,
        Self::Pod,
    ];

    /// As `kind:` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::ServiceAccount => "ServiceAccount",
            Self::Secret => "Secret",
            Self::Role => "Role",
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::Pod => "Pod",
            Self::Node => "Node",
            Self::Event => "Event",
        }
    }

    /// As `apiVersion:` spells it.
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Namespace
            | Self::ServiceAccount
            | Self::Secret
            | Self::Pod
            | Self::Node
            | Self::Event => "v1",
            Self::Role => "iam.services.k8s.aws/v1alpha1",
            Self::Deployment | Self::ReplicaSet => "apps/v1",
        }
    }

    /// The plural in paths and in error messages: `serviceaccounts`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::ServiceAccount => "serviceaccounts",
            Self::Secret => "secrets",
            Self::Role => "roles",
            Self::Deployment => "deployments",
            Self::ReplicaSet => "replicasets",
            Self::Pod => "pods",
            Self::Node => "nodes",
            Self::Event => "events",
        }
    }

    /// The singular with its group, as `kubectl` prints results: `deployment.apps`.
    pub const fn printed(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::ServiceAccount => "serviceaccount",
            Self::Secret => "secret",
            Self::Role => "role.iam.services.k8s.aws",
            Self::Deployment => "deployment.apps",
            Self::ReplicaSet => "replicaset.apps",
            Self::Pod => "pod",
            Self::Node => "node",
            Self::Event => "event",
        }
    }

    /// Whether objects of this kind live in a namespace.
    pub const fn namespaced(self) -> bool {
        !matches!(self, Self::Namespace | Self::Node)
    }

    /// The group of its `apiVersion`; empty for the core group.
    pub fn group(self) -> &'static str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// The plural with its group, as messages name a resource: `deployments.apps`.
    pub fn resource(self) -> String {
        match self.group() {
            "" => self.plural().to_owned(),
            group => format!("{}.{group}", self.plural()),
        }
    }

    /// The kind behind a path's `apiVersion` and plural.
    pub fn of_plural(api_version: &str, plural: &str) -> Option<Self> {
        let read_only = [Self::Node, Self::Event];
        Self::ALL
            .into_iter()
            .chain(read_only)
            .find(|known| known.plural() == plural && known.api_version() == api_version)
    }

    /// The kind of that `apiVersion` and `kind`.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == kind && known.api_version() == api_version)
    }
}

/// Which object is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty for kinds without one.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl Key {
    /// A key.
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }
}

/// `deployment.apps/payment-api`
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.printed(), self.name)
    }
}

/// An IAM role kept as an object: ACK's controller makes the real role equal to it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Name, namespace and the rest.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What the role should be.
    pub spec: RoleSpec,
}

/// What a [`Role`] should be; field names as in ACK's CustomResourceDefinition.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleSpec {
    /// The role's name in IAM.
    pub name: String,
    /// Who may assume it, as a JSON policy document.
    pub assume_role_policy_document: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// ARNs of the managed policies attached to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Policy documents written into the role itself, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline_policies: BTreeMap<String, String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<BTreeMap<String, String>>,
}

/// An object of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// A namespace.
    Namespace(Namespace),
    /// A ServiceAccount.
    ServiceAccount(ServiceAccount),
    /// A Secret.
    Secret(Secret),
    /// An IAM role.
    Role(Role),
    /// A Deployment.
    Deployment(Box<Deployment>),
    /// A ReplicaSet.
    ReplicaSet(Box<ReplicaSet>),
    /// A Pod, without its status: that is rendered when somebody reads it.
    Pod(Box<Pod>),
}

/// A value that does not fit the API's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where it stands, as a JSON pointer.
    pub at: String,
    /// Why it does not fit.
    pub error: String,
}

/// Where serde left a field out, as a JSON pointer.
pub fn ignored_pointer(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", ignored_pointer(parent)),
        Path::Map { parent, key } => format!("{}/{}", ignored_pointer(parent), escaped(key)),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => ignored_pointer(parent),
    }
}

/// Where serde stopped, as a JSON pointer.
pub fn tracked_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |at, segment| match segment {
        Segment::Seq { index } => format!("{at}/{index}"),
        Segment::Map { key } => format!("{at}/{}", escaped(key)),
        Segment::Enum { variant } => format!("{at}/{}", escaped(variant)),
        Segment::Unknown => at,
    })
}

fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// Calls `$body` with the typed object, whatever its kind.
macro_rules! each {
    ($object:expr, $inner:ident => $body:expr) => {
        match $object {
            Object::Namespace($inner) => $body,
            Object::ServiceAccount($inner) => $body,
            Object::Secret($inner) => $body,
            Object::Role($inner) => $body,
            Object::Deployment($inner) => $body,
            Object::ReplicaSet($inner) => $body,
            Object::Pod($inner) => $body,
        }
    };
}

impl Object {
    /// Decodes an object of a known kind, and lists the fields that the API does not know, as JSON pointers.
    ///
    /// It is the only place that decodes API types: each instance of a decoder for them is a tenth of the engine.
    pub fn decode_strictly(kind: Kind, value: &Value) -> Result<(Self, Vec<String>), Misfit> {
        fn typed<T: DeserializeOwned>(
            value: &Value,
            unknown: &mut Vec<String>,
        ) -> Result<T, Misfit> {
            let mut track = serde_path_to_error::Track::new();
            let decoder = serde_path_to_error::Deserializer::new(value, &mut track);
            let mut note = |path: serde_ignored::Path<'_>| unknown.push(ignored_pointer(&path));
            let decoded = T::deserialize(serde_ignored::Deserializer::new(decoder, &mut note));
            decoded.map_err(|error| Misfit {
                at: tracked_pointer(&track.path()),
                error: error.to_string(),
            })
        }
        let unknown = &mut Vec::new();
        let object = match kind {
            Kind::Namespace => Self::Namespace(typed(value, unknown)?),
            Kind::ServiceAccount => Self::ServiceAccount(typed(value, unknown)?),
            Kind::Secret => Self::Secret(typed(value, unknown)?),
            Kind::Role => Self::Role(typed(value, unknown)?),
            Kind::Deployment => Self::Deployment(typed(value, unknown)?),
            Kind::ReplicaSet => Self::ReplicaSet(typed(value, unknown)?),
            Kind::Pod => Self::Pod(typed(value, unknown)?),
            Kind::Node | Kind::Event => {
                let error = "nodes and events are not written in a file".into();
                return Err(Misfit { at: String::new(), error });
            }
        };
        Ok((object, std::mem::take(unknown)))
    }

    /// Decodes an object of a known kind; the error names the field that could not be read.
    pub fn decode(kind: Kind, value: &Value) -> Result<Self, String> {
        let decoded = Self::decode_strictly(kind, value);
        decoded.map(|(object, _)| object).map_err(|Misfit { at, error }| {
            let path = at.trim_start_matches('/').replace('/', ".");
            if path.is_empty() { error } else { format!("{path}: {error}") }
        })
    }

    /// The object as JSON, `apiVersion` and `kind` included.
    pub fn to_value(&self) -> Value {
        let mut value =
            each!(self, inner => serde_json::to_value(inner)).expect("API types serialise to JSON");
        value["apiVersion"] = self.kind().api_version().into();
        value["kind"] = self.kind().name().into();
        value
    }

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Namespace(_) => Kind::Namespace,
            Self::ServiceAccount(_) => Kind::ServiceAccount,
            Self::Secret(_) => Kind::Secret,
            Self::Role(_) => Kind::Role,
            Self::Deployment(_) => Kind::Deployment,
            Self::ReplicaSet(_) => Kind::ReplicaSet,
            Self::Pod(_) => Kind::Pod,
        }
    }

    /// Its metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        each!(self, inner => &inner.metadata)
    }

    /// Its metadata, to be changed.
    pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
        each!(self, inner => &mut inner.metadata)
    }

    /// Takes over the status of the object it replaces: only controllers write that.
    pub(crate) fn keep_status_of(&mut self, old: &Self) {
        match (self, old) {
            (Self::Deployment(new), Self::Deployment(old)) => new.status.clone_from(&old.status),
            (Self::ReplicaSet(new), Self::ReplicaSet(old)) => new.status.clone_from(&old.status),
            _ => {}
        }
    }

    /// Its name; empty before one was generated.
    pub fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }

    /// Its namespace; empty for kinds without one.
    pub fn namespace(&self) -> &str {
        self.metadata().namespace.as_deref().unwrap_or_default()
    }

    /// Its uid.
    pub fn uid(&self) -> &str {
        self.metadata().uid.as_deref().unwrap_or_default()
    }

    /// Which object this is.
    pub fn key(&self) -> Key {
        Key::new(self.kind(), self.namespace(), self.name())
    }

    /// The uid of the object that owns this one.
    pub fn owner(&self) -> Option<&str> {
        let owners = self.metadata().owner_references.as_deref()?;
        owners.iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.as_str())
    }
}

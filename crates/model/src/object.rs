//! The API objects: `k8s-openapi` types where all of a type matters, types of the same names where a part does, and the
//! custom resources that IAM roles and ECR's repositories are kept in.

pub(crate) mod json;
mod pod;
mod template;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Secret, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::{self, Schema};

use json::partly;

pub(crate) use pod::name_in;
pub use pod::{
    Container, Deployment, DeploymentSpec, EnvVar, Pod, PodSpec, PodTemplateSpec, ReplicaSet,
    ReplicaSetSpec, Volume,
};

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
    /// `v1 ConfigMap`
    ConfigMap,
    /// `apps/v1 StatefulSet`
    StatefulSet,
    /// `apps/v1 DaemonSet`
    DaemonSet,
    /// `batch/v1 Job`
    Job,
    /// `batch/v1 CronJob`
    CronJob,
    /// `ecr.services.k8s.aws/v1alpha1 Repository`, of ACK.
    Repository,
    /// A real kind that has no effect here: it is stored and given back.
    Stored(Stored),
}

/// A kind whose objects make Pods, or what makes Pods, from a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Workload {
    /// `apps/v1 Deployment`
    Deployment,
    /// `apps/v1 ReplicaSet`
    ReplicaSet,
    /// `apps/v1 StatefulSet`
    StatefulSet,
    /// `apps/v1 DaemonSet`
    DaemonSet,
    /// `batch/v1 Job`
    Job,
    /// `batch/v1 CronJob`
    CronJob,
}

/// One of the real kinds that are only stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored(u8);

/// How a kind is spelled in all places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// As `apiVersion:` spells it.
    pub api_version: &'static str,
    /// As `kind:` spells it.
    pub kind: &'static str,
    /// The plural in paths and in error messages.
    pub plural: &'static str,
    /// What kubectl takes instead.
    pub short: &'static [&'static str],
    /// Whether objects of this kind live in a namespace.
    pub namespaced: bool,
    /// Whether `kubectl get all` shows it.
    pub in_all: bool,
}

const fn resource(
    api_version: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
) -> Resource {
    Resource { api_version, kind, plural, short, namespaced: true, in_all: false }
}

impl Resource {
    const fn cluster_wide(self) -> Self {
        Self { namespaced: false, ..self }
    }

    const fn in_all(self) -> Self {
        Self { in_all: true, ..self }
    }
}

/// What kubectl's discovery finds of the modelled kinds, in the order of [`Kind`].
const MODELLED: [Resource; 15] = [
    resource("v1", "Namespace", "namespaces", &["ns"]).cluster_wide(),
    resource("v1", "ServiceAccount", "serviceaccounts", &["sa"]),
    resource("v1", "Secret", "secrets", &[]),
    resource("iam.services.k8s.aws/v1alpha1", "Role", "roles", &[]),
    resource("apps/v1", "Deployment", "deployments", &["deploy"]).in_all(),
    resource("apps/v1", "ReplicaSet", "replicasets", &["rs"]).in_all(),
    resource("v1", "Pod", "pods", &["po"]).in_all(),
    resource("v1", "Node", "nodes", &["no"]).cluster_wide(),
    resource("v1", "Event", "events", &["ev"]),
    resource("v1", "ConfigMap", "configmaps", &["cm"]),
    resource("apps/v1", "StatefulSet", "statefulsets", &["sts"]).in_all(),
    resource("apps/v1", "DaemonSet", "daemonsets", &["ds"]).in_all(),
    resource("batch/v1", "Job", "jobs", &[]).in_all(),
    resource("batch/v1", "CronJob", "cronjobs", &["cj"]).in_all(),
    resource("ecr.services.k8s.aws/v1alpha1", "Repository", "repositories", &[]),
];

/// The kinds that are only stored (kubernetes v1.35 `kubectl api-resources`).
const STORED: [Resource; 25] = [
    resource("v1", "Service", "services", &["svc"]).in_all(),
    resource("v1", "Endpoints", "endpoints", &["ep"]),
    resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"]),
    resource("v1", "PersistentVolume", "persistentvolumes", &["pv"]).cluster_wide(),
    resource("v1", "LimitRange", "limitranges", &["limits"]),
    resource("v1", "ResourceQuota", "resourcequotas", &["quota"]),
    resource("v1", "ReplicationController", "replicationcontrollers", &["rc"]).in_all(),
    resource("v1", "PodTemplate", "podtemplates", &[]),
    resource("apps/v1", "ControllerRevision", "controllerrevisions", &[]),
    resource("networking.k8s.io/v1", "Ingress", "ingresses", &["ing"]),
    resource("networking.k8s.io/v1", "IngressClass", "ingressclasses", &[]).cluster_wide(),
    resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", &["netpol"]),
    resource("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", &["hpa"])
        .in_all(),
    resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", &["pdb"]),
    resource("rbac.authorization.k8s.io/v1", "Role", "roles", &[]),
    resource("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", &[]),
    resource("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", &[]).cluster_wide(),
    resource("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", &[])
        .cluster_wide(),
    resource("storage.k8s.io/v1", "StorageClass", "storageclasses", &["sc"]).cluster_wide(),
    resource("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", &["pc"]).cluster_wide(),
    resource("coordination.k8s.io/v1", "Lease", "leases", &[]),
    resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", &[]),
    resource("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", &[]).cluster_wide(),
    resource(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        &[],
    )
    .cluster_wide(),
    resource(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        &[],
    )
    .cluster_wide(),
];

impl Kind {
    /// The kinds that the model does something with, in the order of [`Kind`].
    pub const MODELLED: [Self; 15] = [
        Self::Namespace,
        Self::ServiceAccount,
        Self::Secret,
        Self::Role,
        Self::Deployment,
        Self::ReplicaSet,
        Self::Pod,
        Self::Node,
        Self::Event,
        Self::ConfigMap,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::Repository,
    ];

    /// Every kind that the API server knows, those that are only stored last.
    pub fn every() -> impl Iterator<Item = Self> {
        let stored = (0..STORED.len() as u8).map(|index| Self::Stored(Stored(index)));
        Self::MODELLED.into_iter().chain(stored)
    }

    /// How it is spelled.
    pub const fn spelling(self) -> &'static Resource {
        match self {
            Self::Namespace => &MODELLED[0],
            Self::ServiceAccount => &MODELLED[1],
            Self::Secret => &MODELLED[2],
            Self::Role => &MODELLED[3],
            Self::Deployment => &MODELLED[4],
            Self::ReplicaSet => &MODELLED[5],
            Self::Pod => &MODELLED[6],
            Self::Node => &MODELLED[7],
            Self::Event => &MODELLED[8],
            Self::ConfigMap => &MODELLED[9],
            Self::StatefulSet => &MODELLED[10],
            Self::DaemonSet => &MODELLED[11],
            Self::Job => &MODELLED[12],
            Self::CronJob => &MODELLED[13],
            Self::Repository => &MODELLED[14],
            Self::Stored(Stored(index)) => &STORED[index as usize],
        }
    }

    /// As `kind:` spells it.
    pub const fn name(self) -> &'static str {
        self.spelling().kind
    }

    /// As `apiVersion:` spells it.
    pub const fn api_version(self) -> &'static str {
        self.spelling().api_version
    }

    /// The plural in paths and in error messages: `serviceaccounts`.
    pub const fn plural(self) -> &'static str {
        self.spelling().plural
    }

    /// The singular with its group, as `kubectl` prints results: `deployment.apps`.
    pub fn printed(self) -> String {
        let singular = self.name().to_ascii_lowercase();
        match self.group() {
            "" => singular,
            group => format!("{singular}.{group}"),
        }
    }

    /// Whether objects of this kind live in a namespace.
    pub const fn namespaced(self) -> bool {
        self.spelling().namespaced
    }

    /// Whether the kind is Kubernetes' own, and clients have its types.
    pub const fn is_built_in(self) -> bool {
        !matches!(self, Self::Role | Self::Repository)
    }

    /// Whether objects of this kind have an effect here; others are stored and given back.
    pub const fn has_effect(self) -> bool {
        !matches!(self, Self::Stored(_))
    }

    /// Whether the API server counts changes of the object's spec (`metadata.generation`).
    pub const fn has_generation(self) -> bool {
        match self {
            Self::Deployment
            | Self::ReplicaSet
            | Self::Pod
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::Job
            | Self::CronJob
            | Self::Role
            | Self::Repository => true,
            Self::Namespace
            | Self::ServiceAccount
            | Self::Secret
            | Self::Node
            | Self::Event
            | Self::ConfigMap
            | Self::Stored(_) => false,
        }
    }

    /// Which workload it is, if it is one: what has a Pod template.
    pub const fn workload(self) -> Option<Workload> {
        match self {
            Self::Deployment => Some(Workload::Deployment),
            Self::ReplicaSet => Some(Workload::ReplicaSet),
            Self::StatefulSet => Some(Workload::StatefulSet),
            Self::DaemonSet => Some(Workload::DaemonSet),
            Self::Job => Some(Workload::Job),
            Self::CronJob => Some(Workload::CronJob),
            Self::Namespace
            | Self::ServiceAccount
            | Self::Secret
            | Self::Role
            | Self::Pod
            | Self::Node
            | Self::Event
            | Self::ConfigMap
            | Self::Repository
            | Self::Stored(_) => None,
        }
    }

    /// The component that looks after objects of this kind, as its events name it; empty where there is none.
    pub const fn controller(self) -> &'static str {
        match self.workload() {
            Some(Workload::Deployment) => "deployment-controller",
            Some(Workload::ReplicaSet) => "replicaset-controller",
            Some(Workload::StatefulSet) => "statefulset-controller",
            Some(Workload::DaemonSet) => "daemonset-controller",
            Some(Workload::Job) => "job-controller",
            Some(Workload::CronJob) => "cronjob-controller",
            None => "",
        }
    }

    /// The group of its `apiVersion`; empty for the core group.
    pub fn group(self) -> &'static str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// The version of its `apiVersion`: `v1`.
    pub fn version(self) -> &'static str {
        self.api_version().rsplit('/').next().unwrap_or_default()
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
        Self::every().find(|known| known.plural() == plural && known.api_version() == api_version)
    }

    /// The kind of that `apiVersion` and `kind`.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        Self::every().find(|known| known.name() == kind && known.api_version() == api_version)
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

impl Key {
    /// Where the API serves the objects beside this one: `/apis/apps/v1/namespaces/payments/deployments`.
    pub fn collection(&self) -> String {
        let Resource { api_version, plural, namespaced, .. } = *self.kind.spelling();
        let root = if api_version.contains('/') { "apis" } else { "api" };
        if namespaced {
            format!("/{root}/{api_version}/namespaces/{}/{plural}", self.namespace)
        } else {
            format!("/{root}/{api_version}/{plural}")
        }
    }

    /// Where the API serves the object.
    pub fn path(&self) -> String {
        format!("{}/{}", self.collection(), self.name)
    }
}

/// `deployment.apps/payment-api`
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.printed(), self.name)
    }
}

partly! {
    /// An IAM role kept as an object: ACK's controller makes the real role equal to it.
    Role {
        metadata: ObjectMeta = "metadata", "Name, namespace and the rest.";
        spec: RoleSpec = "spec", "What the role should be.";
    }
}

partly! {
    /// What a [`Role`] should be; field names as in ACK's CustomResourceDefinition.
    RoleSpec {
        name: String = "name", "The role's name in IAM.";
        assume_role_policy_document: String = "assumeRolePolicyDocument",
            "Who may assume it, as a JSON policy document.";
        policies: Option<Vec<String>> = "policies", "ARNs of the managed policies attached to it.";
        inline_policies: Option<BTreeMap<String, String>> = "inlinePolicies",
            "Policy documents written into the role itself, by name.";
    }
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
    /// An object of any other kind, as JSON.
    Plain(Box<Plain>),
}

/// An object that the model does not compute with, or not yet by a type of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Plain {
    /// Its kind.
    pub kind: Kind,
    /// Name, namespace and the rest.
    pub metadata: ObjectMeta,
    /// Everything else but `apiVersion` and `kind`.
    pub rest: Map<String, Value>,
}

/// An instant as metadata keep it.
pub(crate) fn time(unix_seconds: i64) -> Time {
    // Not `expect`: the error's words are thirty kilobytes of the engine.
    Time(k8s_openapi::jiff::Timestamp::from_second(unix_seconds).unwrap_or_default())
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
            Object::Plain($inner) => $body,
        }
    };
}

impl Object {
    /// Decodes an object whose shape was checked ([`crate::schema::shape`]).
    pub fn decode(kind: Kind, value: &Value) -> Self {
        match kind {
            Kind::Namespace => Self::Namespace(json::read(value)),
            Kind::ServiceAccount => Self::ServiceAccount(json::read(value)),
            Kind::Secret => Self::Secret(json::read(value)),
            Kind::Role => Self::Role(json::read(value)),
            Kind::Deployment => Self::Deployment(json::read(value)),
            Kind::ReplicaSet => Self::ReplicaSet(json::read(value)),
            Kind::Pod => Self::Pod(json::read(value)),
            Kind::Node
            | Kind::Event
            | Kind::ConfigMap
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::Repository
            | Kind::Stored(_) => {
                let mut rest = value.as_object().cloned().unwrap_or_default();
                rest.retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
                let metadata = value.get("metadata").map(json::read).unwrap_or_default();
                Self::Plain(Box::new(Plain { kind, metadata, rest }))
            }
        }
    }

    /// The object as JSON, `apiVersion` and `kind` included.
    pub fn to_value(&self) -> Value {
        let mut value = match self {
            Self::Namespace(inner) => json::write(inner),
            Self::ServiceAccount(inner) => json::write(inner),
            Self::Secret(inner) => json::write(inner),
            Self::Role(inner) => json::write(inner),
            Self::Deployment(inner) => json::write(inner),
            Self::ReplicaSet(inner) => json::write(inner),
            Self::Pod(inner) => json::write(inner),
            Self::Plain(inner) => {
                let mut all = inner.rest.clone();
                all.insert("metadata".into(), json::write(&inner.metadata));
                Value::Object(all)
            }
        };
        value["apiVersion"] = self.kind().api_version().into();
        value["kind"] = self.kind().name().into();
        value
    }

    /// The object as JSON the way the API server gives it: as Go prints it.
    pub fn as_served(&self) -> Value {
        let value = self.to_value();
        match Schema::get().of(self.kind()) {
            Some(of) => schema::shape(of, &value).value,
            None => value,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Namespace(_) => Kind::Namespace,
            Self::ServiceAccount(_) => Kind::ServiceAccount,
            Self::Secret(_) => Kind::Secret,
            Self::Role(_) => Kind::Role,
            Self::Deployment(_) => Kind::Deployment,
            Self::ReplicaSet(_) => Kind::ReplicaSet,
            Self::Pod(_) => Kind::Pod,
            Self::Plain(plain) => plain.kind,
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
            (Self::Namespace(new), Self::Namespace(old)) => new.status.clone_from(&old.status),
            (Self::Plain(new), Self::Plain(old)) => match old.rest.get("status") {
                Some(status) => drop(new.rest.insert("status".into(), status.clone())),
                None => drop(new.rest.remove("status")),
            },
            _ => {}
        }
    }

    /// The API server counts a DaemonSet's templates, from 1, in an annotation that is nobody else's
    /// (pkg/registry/apps/daemonset/strategy.go, pkg/apis/apps/v1/conversion.go).
    pub(crate) fn count_template(&mut self, old: Option<&Self>) {
        use crate::controller::TEMPLATE_GENERATION;
        let count = |object: &Self| {
            let annotations = object.metadata().annotations.as_ref();
            let text = annotations.and_then(|annotations| annotations.get(TEMPLATE_GENERATION));
            text.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0)
        };
        let template = |object: &Self| match object {
            Self::Plain(plain) => plain.rest.get("spec").map(|spec| spec["template"].clone()),
            _ => None,
        };
        let next = match old {
            Some(old) => count(old) + i64::from(template(old) != template(self)),
            None => 1,
        };
        let annotations = self.metadata_mut().annotations.get_or_insert_default();
        annotations.insert(TEMPLATE_GENERATION.into(), next.to_string());
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

    /// Whether something keeps it from being deleted.
    pub fn has_finalizers(&self) -> bool {
        self.metadata().finalizers.as_ref().is_some_and(|finalizers| !finalizers.is_empty())
    }

    /// Whether it differs from another in nothing but metadata and status.
    pub fn has_same_spec(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Namespace(one), Self::Namespace(two)) => one.spec == two.spec,
            (Self::ServiceAccount(_), Self::ServiceAccount(_)) => true,
            (Self::Secret(one), Self::Secret(two)) => one.data == two.data,
            (Self::Role(one), Self::Role(two)) => one.spec == two.spec,
            (Self::Deployment(one), Self::Deployment(two)) => one.spec == two.spec,
            (Self::ReplicaSet(one), Self::ReplicaSet(two)) => one.spec == two.spec,
            (Self::Pod(one), Self::Pod(two)) => one.spec == two.spec,
            (Self::Plain(one), Self::Plain(two)) => one.rest.get("spec") == two.rest.get("spec"),
            _ => false,
        }
    }

    /// How long a Pod may take to end.
    pub(crate) fn grace_seconds(&self) -> i64 {
        let Self::Pod(pod) = self else { return 0 };
        pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds).unwrap_or(30)
    }

    /// Shows that it is being deleted, where its status says so.
    pub(crate) fn terminate(&mut self) {
        if let Self::Namespace(namespace) = self {
            namespace.status.get_or_insert_default().phase = Some("Terminating".into());
        }
    }

    /// The uid of the object that owns this one.
    pub fn owner(&self) -> Option<&str> {
        let owners = self.metadata().owner_references.as_deref()?;
        owners.iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.as_str())
    }
}

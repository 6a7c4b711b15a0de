//! Resource types as kubectl knows them from discovery.

use serde_json::Value;

/// A type of objects.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) short: &'static str,
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) namespaced: bool,
}

const fn core(
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    short: &'static str,
) -> Resource {
    Resource { kind, plural, singular, short, group: "", version: "v1", namespaced: true }
}

const fn of(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    short: &'static str,
) -> Resource {
    Resource { group, ..core(kind, plural, singular, short) }
}

/// In the order in which discovery lists them.
static RESOURCES: [Resource; 24] = [
    core("Pod", "pods", "pod", "po"),
    core("Secret", "secrets", "secret", ""),
    core("ServiceAccount", "serviceaccounts", "serviceaccount", "sa"),
    core("ConfigMap", "configmaps", "configmap", "cm"),
    core("Event", "events", "event", "ev"),
    core("Service", "services", "service", "svc"),
    Resource { namespaced: false, ..core("Namespace", "namespaces", "namespace", "ns") },
    Resource { namespaced: false, ..core("Node", "nodes", "node", "no") },
    of("apps", "Deployment", "deployments", "deployment", "deploy"),
    of("apps", "ReplicaSet", "replicasets", "replicaset", "rs"),
    of("apps", "StatefulSet", "statefulsets", "statefulset", "sts"),
    of("apps", "DaemonSet", "daemonsets", "daemonset", "ds"),
    of("apps", "ControllerRevision", "controllerrevisions", "controllerrevision", ""),
    of("batch", "Job", "jobs", "job", ""),
    of("batch", "CronJob", "cronjobs", "cronjob", "cj"),
    of("coordination.k8s.io", "Lease", "leases", "lease", ""),
    of("networking.k8s.io", "Ingress", "ingresses", "ingress", "ing"),
    of("networking.k8s.io", "NetworkPolicy", "networkpolicies", "networkpolicy", "netpol"),
    Resource {
        version: "v2",
        ..of(
            "autoscaling",
            "HorizontalPodAutoscaler",
            "horizontalpodautoscalers",
            "horizontalpodautoscaler",
            "hpa",
        )
    },
    of("rbac.authorization.k8s.io", "Role", "roles", "role", ""),
    of("rbac.authorization.k8s.io", "RoleBinding", "rolebindings", "rolebinding", ""),
    Resource { version: "v1alpha1", ..of("iam.services.k8s.aws", "Role", "roles", "role", "") },
    of("external-secrets.io", "ExternalSecret", "externalsecrets", "externalsecret", "es"),
    of("external-secrets.io", "SecretStore", "secretstores", "secretstore", "ss"),
];

impl Resource {
    /// The type of that `apiVersion` and `kind`.
    pub(crate) fn of_kind(api_version: &str, kind: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|one| one.kind == kind && one.api_version() == api_version)
    }

    /// The type that a word on the command line means: `po`, `pods`, `deployments.apps`, …
    pub(crate) fn named(word: &str) -> Option<&'static Self> {
        let word = word.to_lowercase();
        let (name, group) =
            word.split_once('.').map_or((word.as_str(), None), |(name, group)| (name, Some(group)));
        let names = |one: &&Self| {
            [one.plural, one.singular].contains(&name)
                || (!one.short.is_empty() && one.short == name)
        };
        RESOURCES.iter().filter(names).find(|one| {
            group.is_none_or(|group| {
                group == one.group
                    || group == format!("{}.{}", one.version, one.group).trim_end_matches('.')
            })
        })
    }

    /// All types.
    pub(crate) fn all() -> &'static [Self] {
        &RESOURCES
    }

    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The path of an object, or of the collection without a name.
    pub(crate) fn path(&self, namespace: &str, name: &str) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let mut path = format!("{root}/{}", self.api_version());
        if self.namespaced && !namespace.is_empty() {
            path.push_str(&format!("/namespaces/{namespace}"));
        }
        path.push_str(&format!("/{}", self.plural));
        if !name.is_empty() {
            path.push_str(&format!("/{name}"));
        }
        path
    }

    /// `deployment.apps`
    pub(crate) fn type_name(&self) -> String {
        if self.group.is_empty() {
            self.singular.to_owned()
        } else {
            format!("{}.{}", self.singular, self.group)
        }
    }

    /// `deployments.apps`
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }
}

/// `deployment.apps/web`, by an object's own kind.
pub(crate) fn printed(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]).to_lowercase());
    let dot = version.split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
    format!("{kind}{dot}/{}", text(&object["metadata"]["name"]))
}

/// Items of a List come without kind and version.
pub(crate) fn as_item(resource: &Resource, mut item: Value) -> Value {
    item["apiVersion"] = resource.api_version().into();
    item["kind"] = resource.kind.into();
    item
}

/// A value in a query.
pub(crate) fn percent(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

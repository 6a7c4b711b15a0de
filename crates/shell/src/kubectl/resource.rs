//! Resource types as kubectl knows them from discovery, and how objects are named on a command line.

use pullpath_model::api::Method;
use serde_json::Value;

use super::Run;
use super::failure::Failure;

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
static RESOURCES: [Resource; 23] = [
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

    /// `deployment.apps/web`
    pub(crate) fn printed(&self, name: &str) -> String {
        format!("{}/{name}", self.type_name())
    }
}

/// The objects that a command line names, and why some were not found.
pub(crate) type Found = (Vec<(&'static Resource, Value)>, Vec<Failure>);

/// What a command line names.
pub(crate) struct Named {
    pub(crate) resource: &'static Resource,
    /// Empty for all of the type.
    pub(crate) names: Vec<String>,
}

/// `TYPE NAME…`, `TYPE/NAME…`, `TYPE,TYPE`.
pub(crate) fn named(words: &[String]) -> Result<Vec<Named>, Failure> {
    let resource = |word: &str| {
        Resource::named(word).ok_or_else(|| {
            Failure::error(&format!("the server doesn't have a resource type \"{word}\""))
        })
    };
    let mut all: Vec<Named> = Vec::new();
    if words.iter().any(|word| word.contains('/')) {
        for word in words {
            let (kind, name) = word.split_once('/').ok_or_else(|| {
                Failure::error("there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'")
            })?;
            all.push(Named { resource: resource(kind)?, names: vec![name.to_owned()] });
        }
        return Ok(all);
    }
    if let Some((kinds, names)) = words.split_first() {
        for kind in kinds.split(',') {
            if kind == "all" {
                for kind in ["po", "svc", "ds", "deploy", "rs", "sts", "hpa", "cj", "job"] {
                    all.push(Named { resource: resource(kind)?, names: Vec::new() });
                }
            } else {
                all.push(Named { resource: resource(kind)?, names: names.to_vec() });
            }
        }
    }
    Ok(all)
}

impl Run<'_> {
    /// The one type and the names that most commands want.
    pub(crate) fn one_type(&self, words: &[String]) -> Result<Named, Failure> {
        let mut all = named(words)?;
        if all.len() > 1 && all.iter().all(|one| one.resource == all[0].resource) {
            let names = all.iter().flat_map(|one| one.names.clone()).collect();
            return Ok(Named { resource: all[0].resource, names });
        }
        match all.len() {
            1 => Ok(all.remove(0)),
            _ => Err(Failure::error(
                "You must provide one or more resources by argument or filename.",
            )),
        }
    }

    /// The objects that the command line names; a missing one is a failure that is told after the others.
    pub(crate) fn objects(&mut self, words: &[String]) -> Result<Found, Failure> {
        let namespace =
            if self.flags.is_set("all-namespaces") { String::new() } else { self.namespace() };
        let mut objects = Vec::new();
        let mut failures = Vec::new();
        for Named { resource, names } in named(words)? {
            let inside = if resource.namespaced { namespace.as_str() } else { "" };
            if names.is_empty() {
                let query = self.selection();
                let list = self.ask(Method::Get, resource.path(inside, ""), &query, None)?;
                let items = list["items"].as_array().cloned().unwrap_or_default();
                objects.extend(items.into_iter().map(|item| (resource, as_item(resource, item))));
            }
            for name in names {
                match self.fetch(resource, inside, &name) {
                    Ok(object) => objects.push((resource, object)),
                    Err(failure) if failure.is_not_found() => {
                        failures.push(self.in_missing_namespace(resource, inside, failure));
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
        Ok((objects, failures))
    }

    /// A missing object in a missing namespace is reported as the namespace (CR pkg/resource/visitor.go Info.Get).
    fn in_missing_namespace(
        &mut self,
        resource: &Resource,
        namespace: &str,
        failure: Failure,
    ) -> Failure {
        if !resource.namespaced || namespace == "default" || namespace.is_empty() {
            return failure;
        }
        let namespaces = Resource::named("namespaces").expect("every cluster has them");
        match self.fetch(namespaces, "", namespace) {
            Err(missing) if missing.is_not_found() => missing,
            _ => failure,
        }
    }

    fn selection(&self) -> String {
        let mut query = Vec::new();
        for (flag, parameter) in
            [("selector", "labelSelector"), ("field-selector", "fieldSelector")]
        {
            if let Some(value) = self.flags.value(flag) {
                query.push(format!("{parameter}={}", percent(value)));
            }
        }
        query.join("&")
    }
}

/// Items of a List come without kind and version.
fn as_item(resource: &Resource, mut item: Value) -> Value {
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

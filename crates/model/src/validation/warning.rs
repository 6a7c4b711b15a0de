//! What the API server only warns of.
//! *Sources: kubernetes v1.35.6 pkg/api/pod/warnings.go, pkg/registry/core/serviceaccount/strategy.go.*

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::go::quote;
use crate::object::{Container, Object, PodSpec};

const ENFORCE: &str = "kubernetes.io/enforce-mountable-secrets";

/// The warnings about an object as it is written. Templates of workloads that are kept as JSON are not looked into.
pub fn of(old: Option<&Object>, new: &Object) -> Vec<String> {
    match new {
        Object::Pod(pod) if old.is_none() => {
            let spec = pod.spec.as_ref();
            spec.map(|spec| of_spec("", &pod.metadata, spec)).unwrap_or_default()
        }
        Object::Deployment(deployment) => {
            let template = deployment.spec.as_ref().map(|spec| &spec.template);
            let before = match old {
                Some(Object::Deployment(old)) => old.spec.as_ref().map(|spec| &spec.template),
                _ => None,
            };
            // Warnings come again only when the template changes.
            let spec = template.filter(|_| template != before);
            let spec = spec
                .and_then(|template| Some((template.metadata.as_ref(), template.spec.as_ref()?)));
            let empty = ObjectMeta::default();
            spec.map(|(meta, spec)| of_spec("spec.template.", meta.unwrap_or(&empty), spec))
                .unwrap_or_default()
        }
        Object::ServiceAccount(account) => {
            let written = |meta: &ObjectMeta| {
                meta.annotations.as_ref().is_some_and(|all| all.contains_key(ENFORCE))
            };
            let before = old.is_some_and(|old| written(old.metadata()));
            let words = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets";
            let warning = || format!("metadata.annotations[{ENFORCE}]: {words}");
            (written(&account.metadata) && !before).then(warning).into_iter().collect()
        }
        Object::Pod(_)
        | Object::ReplicaSet(_)
        | Object::Namespace(_)
        | Object::Secret(_)
        | Object::Role(_)
        | Object::Plain(_) => Vec::new(),
    }
}

fn of_spec(path: &str, meta: &ObjectMeta, spec: &PodSpec) -> Vec<String> {
    let mut warnings = Vec::new();
    let deprecated = [
        (
            "scheduler.alpha.kubernetes.io/critical-pod",
            "non-functional in v1.16+; use the \"priorityClassName\" field instead",
        ),
        (
            "security.alpha.kubernetes.io/sysctls",
            "non-functional in v1.11+; use the \"sysctls\" field instead",
        ),
        (
            "security.alpha.kubernetes.io/unsafe-sysctls",
            "non-functional in v1.11+; use the \"sysctls\" field instead",
        ),
    ];
    for (key, words) in deprecated {
        if meta.annotations.as_ref().is_some_and(|all| all.contains_key(key)) {
            warnings.push(format!("{path}metadata.annotations[{key}]: {words}"));
        }
    }
    let secrets = spec.image_pull_secrets.as_deref().unwrap_or_default();
    for (index, secret) in secrets.iter().enumerate() {
        if secrets[..index].iter().any(|earlier| earlier.name == secret.name) {
            let name = quote(&secret.name);
            warnings
                .push(format!("{path}spec.imagePullSecrets[{index}].name: duplicate name {name}"));
        }
    }
    for (index, secret) in secrets.iter().enumerate() {
        if secret.name.is_empty() {
            warnings.push(format!(
                "{path}spec.imagePullSecrets[{index}].name: invalid empty name \"\""
            ));
        }
    }
    let inits = spec.init_containers.as_deref().unwrap_or_default();
    for (field, containers) in [("initContainers", inits), ("containers", &spec.containers)] {
        for (index, container) in containers.iter().enumerate() {
            warnings.extend(of_env(&format!("{path}spec.{field}[{index}]"), container));
        }
    }
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        let words = "must be >= 0; negative values are invalid and will be treated as 1";
        warnings.push(format!("{path}spec.terminationGracePeriodSeconds: {words}"));
    }
    warnings
}

fn of_env(path: &str, container: &Container) -> Vec<String> {
    let mut warnings = Vec::new();
    let env = container.env.as_deref().unwrap_or_default();
    for (index, variable) in env.iter().enumerate() {
        if env[..index].iter().all(|earlier| earlier.name != variable.name) {
            continue;
        }
        let reference = format!("$({})", variable.name);
        let value = variable.value.as_deref().unwrap_or_default();
        if variable.rest.contains_key("valueFrom")
            || value == reference
            || !value.contains(&reference)
        {
            let name = quote(&variable.name);
            warnings.push(format!(
                "{path}.env[{index}]: hides previous definition of {name}, which may be dropped when using apply"
            ));
        }
    }
    warnings
}

//! The API server's checks of the fields that matter for image pulls.
//! *Sources: kubernetes v1.35.6 pkg/apis/core/validation/validation.go, pkg/apis/apps/validation/validation.go,
//! apimachinery pkg/util/validation/validation.go.*

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Secret};

use crate::api::{ApiError, Cause};
use crate::docker_config;
use crate::object::Object;
use crate::pull_policy;

const MAX_SECRET_BYTES: usize = 1_048_576;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// Checks a new object.
pub fn on_create(object: &Object) -> Result<(), ApiError> {
    let mut errors = name_errors(object);
    errors.extend(match object {
        Object::Secret(secret) => secret_errors(secret),
        Object::Pod(pod) => pod_errors(pod),
        Object::Deployment(deployment) => deployment_errors(deployment),
        Object::Namespace(_)
        | Object::ServiceAccount(_)
        | Object::Role(_)
        | Object::ReplicaSet(_) => Vec::new(),
    });
    refuse(object, &errors)
}

/// Checks a changed object against the one it replaces.
pub fn on_update(old: &Object, new: &Object) -> Result<(), ApiError> {
    let errors = match (old, new) {
        (Object::Secret(old), Object::Secret(new)) => {
            [secret_update_errors(old, new), secret_errors(new)].concat()
        }
        (Object::Pod(old), Object::Pod(new)) => pod_update_errors(old, new),
        (Object::Deployment(old), Object::Deployment(new)) => {
            [selector_errors(old, new), deployment_errors(new)].concat()
        }
        _ => Vec::new(),
    };
    refuse(new, &errors)
}

fn refuse(object: &Object, errors: &[String]) -> Result<(), ApiError> {
    if errors.is_empty() {
        return Ok(());
    }
    let causes = errors.iter().map(|error| {
        let (field, message) = error.split_once(": ").unwrap_or(("", error));
        Cause::invalid_as_said(field, message)
    });
    Err(ApiError::invalid(object.kind(), object.name(), causes.collect()))
}

fn name_errors(object: &Object) -> Vec<String> {
    let name = object.name();
    let label = |text: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let edge = |byte: &u8| *byte != b'-';
        let bytes = text.as_bytes();
        bytes.iter().copied().all(inner)
            && bytes.first().is_some_and(edge)
            && bytes.last().is_some_and(edge)
    };
    let (good, rule) = match object {
        Object::Namespace(_) => (label(name) && name.len() <= 63, LABEL),
        _ => (name.split('.').all(label) && name.len() <= 253, SUBDOMAIN),
    };
    if name.is_empty() {
        return vec!["metadata.name: Required value: name or generateName is required".into()];
    }
    if good {
        Vec::new()
    } else {
        vec![format!("metadata.name: Invalid value: \"{name}\": {rule}")]
    }
}

/// P8: only the two registry credential types are looked into, and not deeper than one JSON object.
fn secret_errors(secret: &Secret) -> Vec<String> {
    let mut errors = Vec::new();
    let empty = BTreeMap::new();
    let data = secret.data.as_ref().unwrap_or(&empty);
    if data.values().map(|value| value.0.len()).sum::<usize>() > MAX_SECRET_BYTES {
        errors.push(format!("data: Too long: may not be more than {MAX_SECRET_BYTES} bytes"));
    }
    let key = match secret.type_.as_deref() {
        Some(docker_config::DOCKER_CONFIG_JSON) => ".dockerconfigjson",
        Some(docker_config::DOCKER_CFG) => ".dockercfg",
        _ => return errors,
    };
    match data.get(key) {
        None => errors.push(format!("data[{key}]: Required value")),
        Some(ByteString(value)) => errors.extend(docker_config::object_error(value).map(|why| {
            format!("data[{key}]: Invalid value: \"<secret contents redacted>\": {why}")
        })),
    }
    errors
}

fn secret_update_errors(old: &Secret, new: &Secret) -> Vec<String> {
    let type_of = |secret: &Secret| secret.type_.clone().unwrap_or_else(|| "Opaque".into());
    let mut errors = Vec::new();
    if type_of(old) != type_of(new) {
        errors.push(format!("type: Invalid value: \"{}\": field is immutable", type_of(new)));
    }
    if old.immutable == Some(true) {
        let why = "Forbidden: field is immutable when `immutable` is set";
        if new.immutable != Some(true) {
            errors.push(format!("immutable: {why}"));
        }
        if old.data != new.data {
            errors.push(format!("data: {why}"));
        }
    }
    errors
}

/// P6: nothing about the image's name is checked but that there is one, and that it has no blanks around it.
fn pod_errors(pod: &Pod) -> Vec<String> {
    let Some(spec) = &pod.spec else { return vec!["spec.containers: Required value".into()] };
    let mut errors = spec_errors("spec", spec);
    for (path, container) in containers("spec", spec) {
        let image = container.image.as_deref().unwrap_or_default();
        if image.trim() != image && !image.trim().is_empty() {
            errors.push(format!(
                "{path}.image: Invalid value: \"{image}\": must not have leading or trailing whitespace"
            ));
        }
    }
    errors
}

fn spec_errors(path: &str, spec: &PodSpec) -> Vec<String> {
    let mut errors = Vec::new();
    if spec.containers.is_empty() {
        errors.push(format!("{path}.containers: Required value"));
    }
    for (path, container) in containers(path, spec) {
        if container.name.is_empty() {
            errors.push(format!("{path}.name: Required value"));
        }
        if container.image.as_deref().unwrap_or_default().is_empty() {
            errors.push(format!("{path}.image: Required value"));
        }
        let (policy, image) = (container.image_pull_policy.as_deref(), container.image.as_deref());
        if let Err(unsupported) = pull_policy::admit(policy, image.unwrap_or_default(), false) {
            errors.push(format!("{path}.imagePullPolicy: {unsupported}"));
        }
    }
    errors
}

fn containers<'a>(path: &str, spec: &'a PodSpec) -> Vec<(String, &'a Container)> {
    let numbered = |list: &'a [Container], field: &str| -> Vec<(String, &'a Container)> {
        list.iter()
            .enumerate()
            .map(|(index, container)| (format!("{path}.{field}[{index}]"), container))
            .collect()
    };
    let mut all = numbered(spec.init_containers.as_deref().unwrap_or_default(), "initContainers");
    all.extend(numbered(&spec.containers, "containers"));
    all
}

/// P7: of a stored Pod only its images may change (and fields that this model does not look at).
fn pod_update_errors(old: &Pod, new: &Pod) -> Vec<String> {
    let (Some(old), Some(new)) = (&old.spec, &new.spec) else { return Vec::new() };
    let names = |spec: &PodSpec| -> Vec<String> {
        containers("", spec).into_iter().map(|(_, container)| container.name.clone()).collect()
    };
    if names(old).len() != names(new).len() {
        return vec![
            "spec.containers: Forbidden: pod updates may not add or remove containers".into(),
        ];
    }
    let without_images = |spec: &PodSpec| {
        let mut spec = spec.clone();
        let lists = [Some(&mut spec.containers), spec.init_containers.as_mut()];
        for container in lists.into_iter().flatten().flatten() {
            container.image = None;
        }
        spec.active_deadline_seconds = None;
        spec.tolerations = None;
        spec
    };
    if without_images(old) == without_images(new) {
        return spec_errors("spec", new);
    }
    vec!["spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)".into()]
}

fn deployment_errors(deployment: &Deployment) -> Vec<String> {
    let Some(spec) = &deployment.spec else { return vec!["spec.selector: Required value".into()] };
    let mut errors = Vec::new();
    let wanted = spec.selector.match_labels.clone().unwrap_or_default();
    let labels =
        spec.template.metadata.as_ref().and_then(|meta| meta.labels.clone()).unwrap_or_default();
    if wanted.is_empty() && spec.selector.match_expressions.as_ref().is_none_or(Vec::is_empty) {
        errors.push(
            "spec.selector: Invalid value: {}: empty selector is invalid for deployment".into(),
        );
    } else if wanted.iter().any(|(key, value)| labels.get(key) != Some(value)) {
        let shown = serde_json::to_string(&labels).expect("a map of strings is JSON");
        errors.push(format!(
            "spec.template.metadata.labels: Invalid value: {shown}: `selector` does not match template `labels`"
        ));
    }
    if spec.replicas.is_some_and(|replicas| replicas < 0) {
        errors.push(format!(
            "spec.replicas: Invalid value: {}: must be greater than or equal to 0",
            spec.replicas.unwrap_or_default()
        ));
    }
    if let Some(template) = &spec.template.spec {
        errors.extend(spec_errors("spec.template.spec", template));
    } else {
        errors.push("spec.template.spec.containers: Required value".into());
    }
    errors
}

fn selector_errors(old: &Deployment, new: &Deployment) -> Vec<String> {
    let selector = |deployment: &Deployment| {
        deployment.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default()
    };
    if selector(old) == selector(new) {
        return Vec::new();
    }
    let shown = serde_json::to_string(&selector(new)).expect("a selector is JSON");
    vec![format!("spec.selector: Invalid value: {shown}: field is immutable")]
}

//! The API server's checks of the fields that matter here, in upstream's order.
//! *Sources: kubernetes v1.35.6 pkg/apis/{core,apps,batch}/validation/validation.go, apimachinery
//! pkg/api/validation/objectmeta.go.*

mod name;
mod pod;
mod secret;
mod warning;
mod workload;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::{ApiError, Cause};
use crate::go::quote;
use crate::object::{Kind, Object, Plain, Role, RoleSpec};

pub use name::{config_key as config_key_errors, label_value as label_value_errors};
pub use pod::{ephemeral_update as on_ephemeral_update, update as on_pod_update};
pub use warning::of as warnings;

const MAX_ANNOTATION_BYTES: usize = 256 << 10;

/// Checks a new object.
pub fn on_create(object: &Object) -> Result<(), ApiError> {
    let mut causes = metadata(object.kind(), object.metadata());
    causes.extend(match object {
        Object::Secret(secret) => secret::check(secret),
        Object::Pod(pod) => pod::create(pod),
        Object::Deployment(_) | Object::ReplicaSet(_) => workload::check(object),
        Object::Plain(plain) => match plain.kind {
            Kind::ConfigMap => secret::config_map(plain),
            Kind::Repository => required_name(plain),
            _ => workload::check(object),
        },
        Object::Role(role) => required(role),
        Object::Namespace(_) | Object::ServiceAccount(_) => Vec::new(),
    });
    refuse(object, causes)
}

/// Checks a changed object against the one it replaces.
pub fn on_update(old: &Object, new: &Object) -> Result<(), ApiError> {
    let mut causes = metadata(new.kind(), new.metadata());
    causes.extend(match (old, new) {
        (Object::Secret(old), Object::Secret(new)) => {
            [secret::update(old, new), secret::check(new)].concat()
        }
        (Object::Pod(old), Object::Pod(new)) => pod::update(old, new),
        (Object::Plain(old), Object::Plain(new)) if new.kind == Kind::ConfigMap => {
            [secret::config_map_update(old, new), secret::config_map(new)].concat()
        }
        (Object::Role(_), Object::Role(new)) => required(new),
        (Object::Plain(_), Object::Plain(new)) if new.kind == Kind::Repository => {
            required_name(new)
        }
        (old, new) => [workload::check(new), workload::update(old, new)].concat(),
    });
    refuse(new, causes)
}

/// What the CustomResourceDefinition of a role requires.
fn required(role: &Role) -> Vec<Cause> {
    let RoleSpec { name, assume_role_policy_document: document, .. } = &role.spec;
    let fields = [("spec.assumeRolePolicyDocument", document), ("spec.name", name)];
    let missing = fields.into_iter().filter(|(_, text)| text.is_empty());
    missing.map(|(field, _)| Cause::required(field, "")).collect()
}

/// What the CustomResourceDefinition of a repository requires.
fn required_name(repository: &Plain) -> Vec<Cause> {
    let spec = repository.rest.get("spec");
    let name = spec.and_then(|spec| spec["name"].as_str()).unwrap_or_default();
    name.is_empty().then(|| Cause::required("spec.name", "")).into_iter().collect()
}

/// The refusal that an object's faults make.
pub fn refuse(object: &Object, causes: Vec<Cause>) -> Result<(), ApiError> {
    if causes.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid(object.kind(), object.name(), causes))
    }
}

fn metadata(kind: Kind, meta: &ObjectMeta) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = meta.name.as_deref().unwrap_or_default();
    let rule = name::rule_of(kind);
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    }
    if let Some(prefix) = meta.generate_name.as_deref().filter(|prefix| !prefix.is_empty()) {
        // A prefix may end in a dash: a letter stands for what comes behind it.
        let masked = prefix.strip_suffix('-').map_or(prefix.to_owned(), |text| format!("{text}a"));
        let faults = rule(&masked).into_iter();
        causes
            .extend(faults.map(|why| Cause::invalid("metadata.generateName", quote(prefix), why)));
    }
    if !name.is_empty() {
        let faults = rule(name).into_iter();
        causes.extend(faults.map(|why| Cause::invalid("metadata.name", quote(name), why)));
    }
    if kind.namespaced() && meta.namespace.as_deref().unwrap_or_default().is_empty() {
        causes.push(Cause::required("metadata.namespace", ""));
    }
    causes.extend(labels("metadata.labels", meta.labels.iter().flatten()));
    let annotations = || meta.annotations.iter().flatten();
    for (key, _) in annotations() {
        let faults = name::qualified(&key.to_lowercase()).into_iter();
        causes.extend(faults.map(|why| Cause::invalid("metadata.annotations", quote(key), why)));
    }
    if annotations().map(|(key, value)| key.len() + value.len()).sum::<usize>()
        > MAX_ANNOTATION_BYTES
    {
        causes.push(Cause::too_long("metadata.annotations", MAX_ANNOTATION_BYTES));
    }
    causes
}

fn labels<'a>(path: &str, labels: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (key, value) in labels {
        let faults = name::qualified(key).into_iter();
        causes.extend(faults.map(|why| Cause::invalid(path, quote(key), why)));
        let faults = name::label_value(value).into_iter();
        causes.extend(faults.map(|why| Cause::invalid(path, quote(value), why)));
    }
    causes
}

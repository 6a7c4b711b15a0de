//! Secrets (P8) and ConfigMaps.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;

use super::name;
use crate::api::Cause;
use crate::docker_config;
use crate::go::quote;
use crate::object::Plain;

const MAX_BYTES: usize = 1_048_576;
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const IMMUTABLE: &str = "field is immutable when `immutable` is set";

/// Only the two registry credential types are looked into, and not deeper than one JSON object.
pub(super) fn check(secret: &Secret) -> Vec<Cause> {
    let empty = BTreeMap::new();
    let data = secret.data.as_ref().unwrap_or(&empty);
    let mut causes = keys("data", data.keys());
    if data.values().map(|value| value.0.len()).sum::<usize>() > MAX_BYTES {
        causes.push(Cause::too_long("data", MAX_BYTES));
    }
    let missing = |key: &str| Cause::required(format!("data[{key}]"), "");
    let is_empty = |key: &str| data.get(key).is_none_or(|value| value.0.is_empty());
    match secret.type_.as_deref().unwrap_or_default() {
        docker_config::DOCKER_CONFIG_JSON => causes.extend(json_object(data, ".dockerconfigjson")),
        docker_config::DOCKER_CFG => causes.extend(json_object(data, ".dockercfg")),
        "kubernetes.io/service-account-token" => {
            let named = secret.metadata.annotations.as_ref().and_then(|all| all.get(ACCOUNT_NAME));
            if named.is_none_or(String::is_empty) {
                causes.push(Cause::required(format!("metadata.annotations[{ACCOUNT_NAME}]"), ""));
            }
        }
        "kubernetes.io/basic-auth"
            if !data.contains_key("username") && !data.contains_key("password") =>
        {
            causes.extend([missing("username"), missing("password")]);
        }
        "kubernetes.io/ssh-auth" if is_empty("ssh-privatekey") => {
            causes.push(missing("ssh-privatekey"));
        }
        "kubernetes.io/tls" => {
            let keys = ["tls.crt", "tls.key"].into_iter();
            causes.extend(keys.filter(|key| !data.contains_key(*key)).map(missing));
        }
        _ => {}
    }
    causes
}

fn json_object(data: &BTreeMap<String, ByteString>, key: &str) -> Option<Cause> {
    let field = format!("data[{key}]");
    let Some(ByteString(value)) = data.get(key) else { return Some(Cause::required(field, "")) };
    let why = docker_config::object_error(value)?;
    Some(Cause::invalid(field, "\"<secret contents redacted>\"", why))
}

fn keys<'a>(field: &str, keys: impl Iterator<Item = &'a String>) -> Vec<Cause> {
    let faults = |key: &'a String| {
        let field = format!("{field}[{key}]");
        name::config_key(key)
            .into_iter()
            .map(move |why| Cause::invalid(field.clone(), quote(key), why))
    };
    keys.flat_map(faults).collect()
}

pub(super) fn update(old: &Secret, new: &Secret) -> Vec<Cause> {
    let type_of = |secret: &Secret| secret.type_.clone().unwrap_or_else(|| "Opaque".into());
    let mut causes = Vec::new();
    if type_of(old) != type_of(new) {
        causes.push(Cause::invalid("type", quote(&type_of(new)), "field is immutable"));
    }
    if old.immutable == Some(true) {
        if new.immutable != Some(true) {
            causes.push(Cause::forbidden("immutable", IMMUTABLE));
        }
        if old.data != new.data {
            causes.push(Cause::forbidden("data", IMMUTABLE));
        }
    }
    causes
}

pub(super) fn config_map(map: &Plain) -> Vec<Cause> {
    let entries = |field: &str| map.rest.get(field).and_then(Value::as_object);
    let mut causes = Vec::new();
    let mut bytes = 0;
    for field in ["data", "binaryData"] {
        let entries = entries(field).into_iter().flatten();
        causes.extend(keys(field, entries.clone().map(|(key, _)| key)));
        bytes += entries.map(|(_, value)| value.as_str().unwrap_or_default().len()).sum::<usize>();
    }
    let both = |key: &&String| entries("binaryData").is_some_and(|all| all.contains_key(*key));
    let twice = entries("data").into_iter().flatten().map(|(key, _)| key).filter(both);
    causes.extend(twice.map(|key| {
        let why = "duplicate of key present in binaryData";
        Cause::invalid(format!("data[{key}]"), quote(key), why)
    }));
    if bytes > MAX_BYTES {
        causes.push(Cause::too_long("", MAX_BYTES));
    }
    causes
}

pub(super) fn config_map_update(old: &Plain, new: &Plain) -> Vec<Cause> {
    if old.rest.get("immutable") != Some(&Value::Bool(true)) {
        return Vec::new();
    }
    let mut causes = Vec::new();
    if new.rest.get("immutable") != Some(&Value::Bool(true)) {
        causes.push(Cause::forbidden("immutable", IMMUTABLE));
    }
    for field in ["data", "binaryData"] {
        if old.rest.get(field) != new.rest.get(field) {
            causes.push(Cause::forbidden(field, IMMUTABLE));
        }
    }
    causes
}

//! The families of cases, each with the part of the model that it is about.

mod api_server;
mod backoff;
mod credential_provider;
mod dockerconfig_parse;
mod ecr;
mod ensure_image;
mod image_reference;
mod keyring_match;
mod pod_validation;
mod pull_policy_default;
mod registry_pull;
mod registry_world;
mod secret_validation;
mod service_account_admission;
mod url_match;

use crate::case::{Case, Played};
use crate::kubectl;

/// Plays one case of a family.
pub type Play = fn(&Case<'_>) -> Played;

/// Who plays the cases of a family.
pub fn player(family: &str) -> Option<Play> {
    Some(match family {
        "backoff" => backoff::play,
        "cluster" => crate::cluster::play,
        "credential_provider" => credential_provider::play,
        "dockerconfig_parse" => dockerconfig_parse::play,
        "ecr" => ecr::play,
        "ensure_image" => ensure_image::play,
        "image_reference" => image_reference::play,
        "keyring_match" => keyring_match::play,
        "pod_validation" => pod_validation::play,
        "pull_policy_default" => pull_policy_default::play,
        "registry_pull" => registry_pull::play,
        "secret_validation" => secret_validation::play,
        "service_account_admission" => service_account_admission::play,
        "url_match" => url_match::play,
        "apply" | "create_other" | "create_secret" | "describe" | "errors_offline" | "events"
        | "get" | "local_edit" | "mutate" | "rollout" | "watch" | "yaml_dialect" => {
            kubectl::command::play
        }
        "human_duration" => kubectl::human_duration,
        "jsonpath" => kubectl::jsonpath,
        "pod_status_column" => kubectl::pod_status_column,
        _ => return None,
    })
}

//! The families of cases, each with the part of the model that it is about.

mod backoff;
mod credential_provider;
mod dockerconfig_parse;
mod ecr;
mod image_reference;
mod keyring_match;
mod pull_policy_default;
mod registry_pull;
mod registry_world;
mod url_match;

use crate::case::{Case, Played};

/// Plays one case of a family.
pub type Play = fn(&Case<'_>) -> Played;

/// Who plays the cases of a family.
pub fn player(family: &str) -> Option<Play> {
    Some(match family {
        "backoff" => backoff::play,
        "credential_provider" => credential_provider::play,
        "dockerconfig_parse" => dockerconfig_parse::play,
        "ecr" => ecr::play,
        "image_reference" => image_reference::play,
        "keyring_match" => keyring_match::play,
        "pull_policy_default" => pull_policy_default::play,
        "registry_pull" => registry_pull::play,
        "url_match" => url_match::play,
        _ => return None,
    })
}

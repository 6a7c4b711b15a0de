//! `keyring_match`: which credentials of a Pod's Secrets and of the node apply to an image, in order.

use std::collections::BTreeMap;

use pullpath_model::credential::Source;
use pullpath_model::docker_config::{self, Parsed};
use pullpath_model::keyring::{self, Keyring};
use serde::Deserialize;

use crate::case::{Case, Played, differ, not_played};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    data: BTreeMap<String, String>,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
struct Credential {
    username: String,
    password: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    #[serde(default)]
    secrets: Vec<Secret>,
    #[serde(default)]
    node_config: Vec<String>,
    lookup: String,
    credentials: Option<Vec<Credential>>,
    error: Option<String>,
    falls_back_to_docker_hub: Option<bool>,
}

pub(super) fn play(case: &Case<'_>) -> Played {
    let mut case: Lookup = case.read()?;
    if let Some(want) = case.falls_back_to_docker_hub {
        let got = keyring::is_on_docker_hub(&case.lookup);
        return Ok(differ("fallback", &got, &want).into_iter().collect());
    }
    let want = match (case.credentials.take(), case.error.take()) {
        (Some(credentials), None) => Ok(credentials),
        (None, Some(error)) => Err(error),
        _ => return not_played("neither credentials nor an error, or both"),
    };
    Ok(differ("the list", &offered(case), &want).into_iter().collect())
}

fn offered(case: Lookup) -> Result<Vec<Credential>, String> {
    let mut keyrings = vec![keyring_of(case.secrets)?];
    for text in &case.node_config {
        let mut keyring = Keyring::new();
        keyring.add(&Source::NodeConfig, docker_config::parse_config_json(text.as_bytes())?);
        keyrings.push(keyring);
    }
    let offers = keyrings.iter().flat_map(|keyring| keyring.lookup(&case.lookup));
    let credentials = offers.map(|offer| Credential {
        username: offer.login.username.clone(),
        password: offer.login.password.reveal().to_owned(),
        source: match &offer.source {
            Source::Secret { name, .. } => format!("secret/{name}"),
            Source::NodeConfig => "node".to_owned(),
            Source::Provider { name } | Source::ServiceAccount { provider: name, .. } => {
                format!("provider/{name}")
            }
        },
    });
    Ok(credentials.collect())
}

/// The keyring of a Pod's Secrets, or the error that ends the look-up.
fn keyring_of(secrets: Vec<Secret>) -> Result<Keyring, String> {
    let mut keyring = Keyring::new();
    for Secret { name, kind, data } in secrets {
        let data = data.into_iter().map(|(key, value)| (key, value.into_bytes())).collect();
        let source = Source::Secret { namespace: "ns".into(), name, uid: "uid".into() };
        match docker_config::parse(&kind, &data) {
            Parsed::Ignored { .. } => {}
            Parsed::Entries(entries) => keyring.add(&source, entries),
            Parsed::Undecodable(error) => return Err(error),
        }
    }
    Ok(keyring)
}

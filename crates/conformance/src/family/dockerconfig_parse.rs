//! `dockerconfig_parse`: what the kubelet and the API server make of the text in a Secret.

use std::collections::BTreeMap;

use pullpath_model::credential::Login;
use pullpath_model::docker_config::{self, Parsed};
use serde::Deserialize;

use crate::case::{Case, Difference, Played, differ, differ_text, not_played};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthField {
    auth: String,
    username: Option<String>,
    password: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(rename = "type")]
    secret_type: String,
    value: String,
    entries: Option<BTreeMap<String, BTreeMap<String, String>>>,
    error: Option<String>,
    #[serde(default)]
    skipped: bool,
    error_exact: Option<bool>,
    api_server: String,
}

pub(super) fn play(case: &Case<'_>) -> Played {
    if case.group == "auth-field" { play_auth(case.read()?) } else { play_config(case.read()?) }
}

fn play_auth(case: AuthField) -> Played {
    let got = docker_config::decode_auth(&case.auth)
        .map(|(username, password)| (username, password.reveal().to_owned()));
    let want = match (case.username, case.password, case.error) {
        (Some(username), Some(password), None) => Ok((username, password)),
        (None, None, Some(error)) => Err(error),
        _ => return not_played("neither a login nor an error, or both"),
    };
    Ok(differ("the login", &got, &want).into_iter().collect())
}

fn play_config(case: Config) -> Played {
    let key = match case.secret_type.as_str() {
        docker_config::DOCKER_CFG => ".dockercfg",
        _ => ".dockerconfigjson",
    };
    let api_server = docker_config::object_error(case.value.as_bytes());
    let api_server = api_server.unwrap_or_else(|| "accepts".to_owned());
    let data = BTreeMap::from([(key.to_owned(), case.value.into_bytes())]);
    let got = docker_config::parse(&case.secret_type, &data);
    let difference = match (got, case.entries, case.error) {
        (Parsed::Ignored { .. }, None, None) if case.skipped => None,
        (Parsed::Entries(got), Some(want), None) => {
            let got = got.into_iter().map(|entry| (entry.key, fields(entry.login))).collect();
            differ("the entries", &got, &want)
        }
        // Mismatches of types are worded differently by each release of Go.
        (Parsed::Undecodable(_), None, Some(_)) if case.error_exact == Some(false) => None,
        (Parsed::Undecodable(got), None, Some(want)) => differ_text("the error", &got, &want),
        (got, entries, error) => Some(Difference {
            what: "the reading".to_owned(),
            expected: format!("entries {entries:?}, error {error:?}, skipped {}", case.skipped),
            got: format!("{got:?}"),
        }),
    };
    let api_server = differ_text("api_server", &api_server, &case.api_server);
    Ok(difference.into_iter().chain(api_server).collect())
}

fn fields(login: Login) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("username".to_owned(), login.username),
        ("password".to_owned(), login.password.reveal().to_owned()),
        ("email".to_owned(), login.email),
    ])
}

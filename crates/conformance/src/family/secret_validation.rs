//! `secret_validation`: which Secrets the API server accepts, and what it says about the others.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pullpath_model::api::Response;
use pullpath_model::object::{Kind, Object};
use pullpath_model::validation;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api_server::{Server, field_errors};
use crate::case::{Case, Difference, NotPlayed, Played, differ, differ_text, not_played};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Validation {
    secret: Option<Secret>,
    old: Option<Secret>,
    new: Option<Secret>,
    valid: bool,
    #[serde(default)]
    errors: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    name: String,
    namespace: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    data: BTreeMap<String, String>,
    annotations: Option<BTreeMap<String, String>>,
    immutable: Option<bool>,
}

impl Secret {
    fn object(&self) -> Value {
        let data: BTreeMap<&String, String> =
            self.data.iter().map(|(key, value)| (key, STANDARD.encode(value))).collect();
        let mut object = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": self.name }, "data": data,
        });
        if let Some(kind) = &self.kind {
            object["type"] = kind.as_str().into();
        }
        if let Some(annotations) = &self.annotations {
            object["metadata"]["annotations"] = json!(annotations);
        }
        if let Some(immutable) = self.immutable {
            object["immutable"] = immutable.into();
        }
        object
    }
}

pub(super) fn play(case: &Case<'_>) -> Played {
    let Validation { secret, old, new, valid, errors } = case.read()?;
    match (secret, old, new) {
        // Through the API the namespace comes from the path: only the rules themselves can be asked about none.
        (Some(secret), None, None) if secret.namespace.is_empty() => {
            without_namespace(&secret, valid, &errors)
        }
        (Some(secret), None, None) => {
            let response = Server::new(&secret.namespace).create("secrets", &secret.object());
            Ok(compare(&secret.name, &response, valid, &errors))
        }
        (None, Some(old), Some(new)) => {
            let mut server = Server::new(&old.namespace);
            let created = server.create("secrets", &old.object());
            if created.code != 201 {
                return not_played(format!(
                    "the old Secret is refused: {}",
                    created.body["message"]
                ));
            }
            let response = server.replace("secrets", &old.name, &new.object());
            Ok(compare(&new.name, &response, valid, &errors))
        }
        _ => not_played("neither one Secret, nor an old and a new one"),
    }
}

fn without_namespace(
    secret: &Secret,
    valid: bool,
    errors: &[String],
) -> Result<Vec<Difference>, NotPlayed> {
    let object = Object::decode(Kind::Secret, &secret.object());
    let found = validation::on_create(&object).err();
    let want = (!valid).then(|| message(&secret.name, errors));
    let got = found.map(|error| error.message);
    Ok(differ("the refusal", &got, &want).into_iter().collect())
}

fn compare(name: &str, response: &Response, valid: bool, errors: &[String]) -> Vec<Difference> {
    let mut differences: Vec<Difference> =
        differ("valid", &(response.code < 400), &valid).into_iter().collect();
    if response.code >= 400 || !valid {
        let (mut got, mut want) = (field_errors(response), errors.to_vec());
        // Data keys are visited in no fixed order upstream.
        let of_data = |errors: &[String]| {
            errors.iter().filter(|error| error.starts_with("data[")).count() > 1
        };
        let unordered = of_data(&want);
        if unordered {
            got.sort();
            want.sort();
        }
        differences.extend(differ("errors", &got, &want));
        differences.extend(differ("code", &response.code, &422));
        differences.extend(differ("reason", &response.body["reason"], &json!("Invalid")));
        if !unordered {
            let got = response.body["message"].as_str().unwrap_or_default();
            differences.extend(differ_text("message", got, &message(name, errors)));
        }
    }
    differences
}

/// `Secret "foo" is invalid: [a, b]`, texts that repeat shown once.
fn message(name: &str, errors: &[String]) -> String {
    let mut distinct: Vec<&str> = Vec::new();
    for error in errors {
        if !distinct.contains(&error.as_str()) {
            distinct.push(error);
        }
    }
    let list = match distinct.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    };
    format!("Secret \"{name}\" is invalid: {list}")
}

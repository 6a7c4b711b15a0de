//! `pod_validation`: the API server's checks of the Pod fields that matter for pulls.

use serde::Deserialize;
use serde_json::{Value, json};

use super::api_server::{Server, field_errors, named};
use crate::case::{Case, Difference, Played, differ, not_played};

const NAMESPACE: &str = "payments";
const NAME: &str = "web";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Validation {
    pod_spec: Option<Spec>,
    old: Option<Spec>,
    new: Option<Spec>,
    valid: bool,
    errors: Option<Vec<String>>,
    error_first_line: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Spec {
    service_account_name: Option<String>,
    image_pull_secrets: Option<Vec<String>>,
    #[serde(default)]
    init_containers: Vec<Container>,
    containers: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Container {
    name: String,
    image: String,
    image_pull_policy: Option<String>,
}

impl Spec {
    /// This spec's fields over those of another one; containers keep what the one of their place had.
    fn over(&self, spec: &Value) -> Value {
        let mut spec = spec.clone();
        if let Some(account) = &self.service_account_name {
            spec["serviceAccountName"] = account.as_str().into();
            spec["serviceAccount"] = account.as_str().into();
        }
        match &self.image_pull_secrets {
            Some(names) => spec["imagePullSecrets"] = named(names),
            None => {
                if let Some(spec) = spec.as_object_mut() {
                    spec.remove("imagePullSecrets");
                }
            }
        }
        for (field, containers) in
            [("initContainers", &self.init_containers), ("containers", &self.containers)]
        {
            let before = spec[field].as_array().cloned().unwrap_or_default();
            let list: Vec<Value> = containers
                .iter()
                .enumerate()
                .map(|(index, Container { name, image, image_pull_policy })| {
                    let mut container = before.get(index).cloned().unwrap_or_else(|| json!({}));
                    container["name"] = name.as_str().into();
                    container["image"] = image.as_str().into();
                    if let Some(policy) = image_pull_policy {
                        container["imagePullPolicy"] = policy.as_str().into();
                    }
                    container
                })
                .collect();
            if !list.is_empty() {
                spec[field] = list.into();
            }
        }
        spec
    }

    fn pod(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": NAME }, "spec": self.over(&json!({})),
        })
    }
}

pub(super) fn play(case: &Case<'_>) -> Played {
    let case: Validation = case.read()?;
    let mut server = Server::new(NAMESPACE);
    for spec in [&case.pod_spec, &case.old, &case.new].into_iter().flatten() {
        let account = spec.service_account_name.as_deref().filter(|account| *account != "default");
        if let Some(account) = account {
            server.create("serviceaccounts", &json!({ "metadata": { "name": account } }));
        }
    }
    let response = match (&case.pod_spec, &case.old, &case.new) {
        (Some(spec), None, None) => server.create("pods", &spec.pod()),
        (None, Some(old), Some(new)) => {
            let created = server.create("pods", &old.pod());
            if created.code != 201 {
                return not_played(format!("the old Pod is refused: {}", created.body["message"]));
            }
            let mut pod = created.body;
            pod["spec"] = new.over(&pod["spec"]);
            server.replace("pods", NAME, &pod)
        }
        _ => return not_played("neither one spec, nor an old and a new one"),
    };
    let mut differences: Vec<Difference> =
        differ("valid", &(response.code < 400), &case.valid).into_iter().collect();
    differences.extend(differ("warnings", &response.warnings, &case.warnings));
    let got = field_errors(&response);
    match (&case.errors, &case.error_first_line) {
        (Some(errors), None) => differences.extend(differ("errors", &got, errors)),
        (None, Some(line)) => {
            // What follows the first line is a diff of the two specs, the layout of which is free.
            let got: Vec<&str> =
                got.iter().map(|error| error.lines().next().unwrap_or_default()).collect();
            differences.extend(differ("errors", &got, &vec![line.as_str()]));
        }
        (None, None) if case.valid => {}
        _ => return not_played("what is said of an invalid Pod is not said, or twice"),
    }
    if response.code >= 400 {
        differences.extend(differ("code", &response.code, &422));
        let message = response.body["message"].as_str().unwrap_or_default();
        let begins = message.starts_with(&format!("Pod \"{NAME}\" is invalid: "));
        differences.extend(differ("how the message begins", &begins, &true));
    }
    Ok(differences)
}

//! `service_account_admission`: what the ServiceAccount plugin does to a Pod as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::api_server::{Server, named};
use crate::case::{Case, Difference, Played, differ, differ_text, not_played};

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Admission {
    namespace: String,
    service_accounts: Vec<Account>,
    operation: String,
    #[serde(default)]
    limit_secret_references: bool,
    pod: Pod,
    expect: Option<Expected>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Account {
    name: String,
    #[serde(default)]
    image_pull_secrets: Vec<String>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    automount_service_account_token: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Pod {
    name: Option<String>,
    generate_name: Option<String>,
    service_account_name: Option<String>,
    image_pull_secrets: Option<Vec<String>>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    secret_volumes: Vec<String>,
    env_secret: Option<EnvSecret>,
    env_from_secret: Option<EnvSecret>,
    #[serde(default)]
    token_projection: bool,
    #[serde(default)]
    mounts_at_token_path: bool,
    automount_service_account_token: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvSecret {
    container: String,
    env: Option<String>,
    secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expected {
    service_account_name: String,
    image_pull_secrets: Vec<String>,
    token_volume_mounted: Option<bool>,
}

impl Account {
    fn object(&self, limited: bool) -> Value {
        let mut annotations = self.annotations.clone();
        if limited {
            // No cluster has the plugin-wide switch; the annotation on the account that the Pod uses is the same rule.
            annotations.insert("kubernetes.io/enforce-mountable-secrets".into(), "true".into());
        }
        let mut object = json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": { "name": self.name, "annotations": annotations },
            "imagePullSecrets": named(&self.image_pull_secrets), "secrets": named(&self.secrets),
        });
        if let Some(automount) = self.automount_service_account_token {
            object["automountServiceAccountToken"] = automount.into();
        }
        object
    }
}

impl Pod {
    fn object(&self) -> Value {
        let env = [&self.env_secret, &self.env_from_secret];
        let container = env.into_iter().flatten().map(|env| env.container.as_str()).next();
        let mut container = json!({ "name": container.unwrap_or("app"), "image": "nginx:1" });
        if let Some(EnvSecret { env, secret, .. }) = &self.env_secret {
            let name = env.as_deref().unwrap_or("ENV");
            let from = json!({ "secretKeyRef": { "name": secret, "key": "key" } });
            container["env"] = json!([{ "name": name, "valueFrom": from }]);
        }
        if let Some(EnvSecret { secret, .. }) = &self.env_from_secret {
            container["envFrom"] = json!([{ "secretRef": { "name": secret } }]);
        }
        let mut volumes: Vec<Value> = self
            .secret_volumes
            .iter()
            .map(|secret| json!({ "name": format!("of-{secret}"), "secret": { "secretName": secret } }))
            .collect();
        if self.token_projection {
            let source = json!({ "serviceAccountToken": { "path": "token" } });
            volumes.push(json!({ "name": "token", "projected": { "sources": [source] } }));
        }
        if self.mounts_at_token_path {
            volumes.push(json!({ "name": "own", "emptyDir": {} }));
            container["volumeMounts"] = json!([{ "name": "own", "mountPath": TOKEN_PATH }]);
        }
        let mut spec = json!({ "containers": [container] });
        if !volumes.is_empty() {
            spec["volumes"] = volumes.into();
        }
        if let Some(account) = &self.service_account_name {
            spec["serviceAccountName"] = account.as_str().into();
        }
        if let Some(names) = &self.image_pull_secrets {
            spec["imagePullSecrets"] = named(names);
        }
        if let Some(automount) = self.automount_service_account_token {
            spec["automountServiceAccountToken"] = automount.into();
        }
        let mut metadata = json!({});
        for (field, value) in [("name", &self.name), ("generateName", &self.generate_name)] {
            if let Some(value) = value {
                metadata[field] = value.as_str().into();
            }
        }
        if !self.annotations.is_empty() {
            metadata["annotations"] = json!(self.annotations);
        }
        if self.annotations.contains_key("kubernetes.io/config.mirror") {
            // Only a kubelet writes mirror Pods, and it says on which node.
            spec["nodeName"] = "node-1".into();
        }
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
    }
}

pub(super) fn play(case: &Case<'_>) -> Played {
    let case: Admission = case.read()?;
    let mut server = Server::new(&case.namespace);
    let used = case
        .pod
        .service_account_name
        .as_deref()
        .filter(|name| !name.is_empty())
        .unwrap_or("default");
    if !case.service_accounts.iter().any(|account| account.name == "default") {
        server.delete("serviceaccounts", "default");
    }
    for account in &case.service_accounts {
        let object = account.object(case.limit_secret_references && account.name == used);
        let written = match account.name.as_str() {
            "default" => server.replace("serviceaccounts", "default", &object),
            _ => server.create("serviceaccounts", &object),
        };
        if written.code >= 400 {
            return not_played(format!("the account is refused: {}", written.body["message"]));
        }
    }
    let created = server.create("pods", &case.pod.object());
    let response = match case.operation.as_str() {
        "create" => created,
        "update" => {
            let name = case.pod.name.clone().unwrap_or_default();
            let pod = server.get("pods", &name);
            server.replace("pods", &name, &pod)
        }
        other => return not_played(format!("operation {other}")),
    };
    let mut differences: Vec<Difference> = Vec::new();
    match (&case.expect, &case.error) {
        (Some(want), None) => {
            differences.extend(differ_text("the reply", refusal(&response.body), ""));
            let spec = &response.body["spec"];
            let account = spec["serviceAccountName"].as_str().unwrap_or_default();
            differences.extend(differ_text(
                "serviceAccountName",
                account,
                &want.service_account_name,
            ));
            let list = spec["imagePullSecrets"].as_array().into_iter().flatten();
            let got: Vec<String> =
                list.map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect();
            differences.extend(differ("imagePullSecrets", &got, &want.image_pull_secrets));
            if let Some(mounted) = want.token_volume_mounted {
                differences.extend(differ("tokenVolumeMounted", &token_mounted(spec), &mounted));
            }
        }
        (None, Some(error)) => {
            differences.extend(differ_text("error", refusal(&response.body), error));
            differences.extend(differ("code", &response.code, &403));
            differences.extend(differ("reason", &response.body["reason"], &json!("Forbidden")));
        }
        _ => return not_played("neither `expect` nor `error`, or both"),
    }
    Ok(differences)
}

/// The message of a refusal; empty for a reply that is none.
fn refusal(body: &Value) -> &str {
    if body["kind"] == "Status" { body["message"].as_str().unwrap_or_default() } else { "" }
}

/// Whether the plugin gave every container the token's volume.
fn token_mounted(spec: &Value) -> bool {
    let volumes = spec["volumes"].as_array().into_iter().flatten();
    let token: Vec<&Value> = volumes
        .filter(|volume| {
            volume["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-"))
        })
        .map(|volume| &volume["name"])
        .collect();
    let mut containers = spec["containers"].as_array().into_iter().flatten();
    containers.all(|container| {
        let mut mounts = container["volumeMounts"].as_array().into_iter().flatten();
        mounts.any(|mount| mount["mountPath"] == TOKEN_PATH && token.contains(&&mount["name"]))
    })
}

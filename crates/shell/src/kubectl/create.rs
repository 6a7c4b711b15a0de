//! `create secret|serviceaccount|deployment|namespace|job|cronjob|configmap` and `run`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pullpath_model::api::Method;
use pullpath_model::image::ImageRef;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::resource::Resource;
use super::{DryRun, Run};
use crate::print::json;

const DOCKER_HUB: &str = "https://index.docker.io/v1/";

impl Run<'_> {
    pub(super) fn create(&mut self) -> Result<(), Failure> {
        if !self.flags.values("filename").is_empty() {
            return self.create_from_files();
        }
        match self.flags.subcommand.as_str() {
            "secret" => self.create_secret(),
            "serviceaccount" | "sa" => {
                let name = self.one_name("serviceaccount", 0)?;
                let object = self.shell_object("v1", "ServiceAccount", &name);
                self.post(object, |message| format!("failed to create serviceaccount: {message}"))
            }
            "namespace" | "ns" => {
                let name = self.one_name("namespace", 0)?;
                let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
                self.post_plain(object)
            }
            "configmap" | "cm" => {
                let name = self.one_name("configmap", 0)?;
                let mut object = self.shell_object("v1", "ConfigMap", &name);
                object["data"] = Value::Object(self.literals()?);
                self.post(object, |message| format!("failed to create configmap: {message}"))
            }
            "deployment" | "deploy" => self.create_deployment(),
            "job" => self.create_job(),
            "cronjob" | "cj" => self.create_cron_job(),
            "" => Err(Failure::error("must specify one of -f and -k")),
            other => Err(Failure::error(&format!("`kubectl create {other}` is not modelled here"))),
        }
    }

    fn one_name(&self, what: &str, skip: usize) -> Result<String, Failure> {
        match &self.flags.words[skip.min(self.flags.words.len())..] {
            [name] => Ok(name.clone()),
            others => Err(Failure::error(&format!(
                "exactly one NAME is required, got {}\nSee 'kubectl create {what} -h' for help and examples",
                others.len()
            ))),
        }
    }

    /// `apiVersion`, kind, name, and the namespace that was said.
    fn shell_object(&self, api_version: &str, kind: &str, name: &str) -> Value {
        let mut object =
            json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } });
        if let Some(namespace) = self.flags.value("namespace") {
            object["metadata"]["namespace"] = namespace.into();
        }
        object
    }

    /// Typed creates lose the form of a refusal: only the reply's message stays, behind their own words.
    fn post(&mut self, object: Value, words: impl Fn(&str) -> String) -> Result<(), Failure> {
        self.post_plain(object).map_err(|failure| match failure.status {
            Some(_) => Failure::error(&words(&failure.message())),
            None => failure,
        })
    }

    fn post_plain(&mut self, object: Value) -> Result<(), Failure> {
        let text = |key: &str| object[key].as_str().unwrap_or_default();
        let resource = Resource::of_kind(text("apiVersion"), text("kind"))
            .expect("a kind that kubectl creates");
        let namespace = if resource.namespaced { self.namespace() } else { String::new() };
        let query = self.write_query()?;
        let created = match self.dry_run()? {
            DryRun::Client => object,
            DryRun::No | DryRun::Server => {
                self.ask(Method::Post, resource.path(&namespace, ""), &query, Some(&object))?
            }
        };
        self.report(resource, &created, "created")
    }

    fn create_secret(&mut self) -> Result<(), Failure> {
        let kind = self.flags.words.first().cloned().unwrap_or_default();
        let name = self.one_name(&format!("secret {kind}"), 1)?;
        let mut object = self.shell_object("v1", "Secret", &name);
        match kind.as_str() {
            "generic" => {
                let data = self.literals()?;
                let encoded = data.into_iter().map(|(key, value)| {
                    let text = value.as_str().unwrap_or_default().to_owned();
                    (key, STANDARD.encode(text).into())
                });
                let encoded: Map<String, Value> = encoded.collect();
                if !encoded.is_empty() {
                    object["data"] = Value::Object(encoded);
                }
                if let Some(kind) = self.flags.value("type").filter(|kind| !kind.is_empty()) {
                    object["type"] = kind.into();
                }
            }
            "docker-registry" => {
                let text = self.docker_config()?;
                object["data"] = json!({ ".dockerconfigjson": STANDARD.encode(text) });
                object["type"] = "kubernetes.io/dockerconfigjson".into();
            }
            "tls" => {
                let file = |flag: &str| {
                    let path = self.flags.value(flag).unwrap_or_default();
                    self.host.read_file(path).ok_or_else(|| {
                        Failure::error(&format!("open {path}: no such file or directory"))
                    })
                };
                object["data"] = json!({
                    "tls.crt": STANDARD.encode(file("cert")?), "tls.key": STANDARD.encode(file("key")?),
                });
                object["type"] = "kubernetes.io/tls".into();
            }
            _ => {
                return Err(Failure::error(
                    "must specify one of the subcommands `docker-registry`, `generic`, `tls`",
                ));
            }
        }
        self.post(object, |message| format!("failed to create secret {message}"))
    }

    /// `--from-literal` and `--from-file`, by key.
    fn literals(&self) -> Result<Map<String, Value>, Failure> {
        let mut data = Map::new();
        for literal in self.flags.values("from-literal") {
            let (key, value) =
                literal.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
                    Failure::error(&format!("invalid literal source {literal}, expected key=value"))
                })?;
            let value = value.trim_matches(['"', '\'']);
            if data.insert(key.to_owned(), value.into()).is_some() {
                return Err(Failure::error(&format!(
                    "cannot add key {key}, another key by that name already exists"
                )));
            }
        }
        for file in self.flags.values("from-file") {
            let (key, text) = self.file_source(&file, None)?;
            data.insert(key, text.into());
        }
        Ok(data)
    }

    fn file_source(&self, source: &str, key: Option<&str>) -> Result<(String, String), Failure> {
        let (given, path) = match source.split_once('=') {
            Some((key, path)) => (Some(key), path),
            None => (key, source),
        };
        let base = path.rsplit('/').next().unwrap_or(path);
        let text = self.host.read_file(path).ok_or_else(|| {
            Failure::error(&format!("error reading {path}: no such file or directory"))
        })?;
        Ok((given.unwrap_or(base).to_owned(), text))
    }

    /// K pkg/cmd/create/create_secret_docker.go: keys in the order username, password, email, auth.
    fn docker_config(&self) -> Result<String, Failure> {
        if let Some(file) = self.flags.value("from-file") {
            return Ok(self.file_source(file, Some(".dockerconfigjson"))?.1);
        }
        let value = |flag: &str| self.flags.value(flag).filter(|value| !value.is_empty());
        let server = self.flags.value("docker-server").unwrap_or(DOCKER_HUB);
        let (Some(username), Some(password), false) =
            (value("docker-username"), value("docker-password"), server.is_empty())
        else {
            return Err(Failure::error(
                "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
            ));
        };
        let text = |value: &str| json::compact(&Value::from(value));
        let email = value("docker-email")
            .map_or(String::new(), |email| format!(",\"email\":{}", text(email)));
        let auth = STANDARD.encode(format!("{username}:{password}"));
        Ok(format!(
            "{{\"auths\":{{{}:{{\"username\":{},\"password\":{}{email},\"auth\":{}}}}}}}",
            text(server),
            text(username),
            text(password),
            text(&auth)
        ))
    }

    fn create_deployment(&mut self) -> Result<(), Failure> {
        let name = self.one_name("deployment", 0)?;
        let images = self.flags.values("image");
        if images.is_empty() {
            return Err(Failure::error("required flag(s) \"image\" not set"));
        }
        let containers: Vec<Value> = images
            .iter()
            .flat_map(|image| image.split(','))
            .map(|image| json!({ "name": container_name(image), "image": image, "resources": {} }))
            .collect();
        let replicas: i32 =
            self.flags.value("replicas").and_then(|text| text.parse().ok()).unwrap_or(1);
        let mut object = self.shell_object("apps/v1", "Deployment", &name);
        object["metadata"]["labels"] = json!({ "app": name });
        object["spec"] = json!({
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "strategy": {},
            "template": { "metadata": { "labels": { "app": name } }, "spec": { "containers": containers } },
        });
        self.post(object, |message| format!("failed to create deployment: {message}"))
    }

    fn create_job(&mut self) -> Result<(), Failure> {
        let command = self.flags.words.get(1..).unwrap_or_default().to_vec();
        let name = match self.flags.words.first() {
            Some(name) => name.clone(),
            None => self.one_name("job", 0)?,
        };
        let mut object = self.shell_object("batch/v1", "Job", &name);
        match (self.flags.value("from").map(str::to_owned), self.flags.value("image")) {
            (Some(from), _) => {
                let cron_job = from
                    .strip_prefix("cronjob/")
                    .ok_or_else(|| Failure::error("--from must be an existing cronjob"))?;
                let resource = Resource::named("cronjobs").expect("a built-in type");
                let source = self.fetch(resource, &self.namespace(), cron_job)?;
                object["spec"] = source["spec"]["jobTemplate"]["spec"].clone();
                object["metadata"]["annotations"] =
                    json!({ "cronjob.kubernetes.io/instantiate": "manual" });
            }
            (None, Some(image)) => {
                let mut container = json!({ "name": name, "image": image, "resources": {} });
                if !command.is_empty() {
                    container["command"] = command.into();
                }
                object["spec"] = json!({ "template": { "metadata": {}, "spec": { "containers": [container], "restartPolicy": "Never" } } });
            }
            (None, None) => {
                return Err(Failure::error("either --image or --from must be specified"));
            }
        }
        self.post(object, |message| format!("failed to create job: {message}"))
    }

    fn create_cron_job(&mut self) -> Result<(), Failure> {
        let name = self.one_name("cronjob", 0)?;
        let (Some(image), Some(schedule)) =
            (self.flags.value("image"), self.flags.value("schedule"))
        else {
            return Err(Failure::error("required flag(s) \"image\", \"schedule\" not set"));
        };
        let container = json!({ "name": name, "image": image, "resources": {} });
        let template = json!({ "metadata": {}, "spec": { "containers": [container], "restartPolicy": "OnFailure" } });
        let mut object = self.shell_object("batch/v1", "CronJob", &name);
        object["spec"] = json!({
            "schedule": schedule,
            "jobTemplate": { "metadata": { "name": name }, "spec": { "template": template } },
        });
        self.post(object, |message| format!("failed to create cronjob: {message}"))
    }

    /// `kubectl run`: a Pod with one container; `--overrides` is a JSON merge.
    pub(super) fn run_pod(&mut self) -> Result<(), Failure> {
        let Some(name) = self.flags.words.first().cloned() else {
            return Err(Failure::error("NAME is required for run"));
        };
        let image = self.flags.value("image").unwrap_or_default().to_owned();
        if image.is_empty() {
            return Err(Failure::error("--image is required"));
        }
        if ImageRef::parse(&image).is_err() {
            return Err(Failure::error(&format!(
                "Invalid image name \"{image}\": invalid reference format"
            )));
        }
        let mut container = json!({ "name": name, "image": image, "resources": {} });
        if let Some(policy) = self.flags.value("image-pull-policy") {
            if !["Always", "IfNotPresent", "Never"].contains(&policy) {
                return Err(Failure::error(&format!("invalid image pull policy: {policy}")));
            }
            container["imagePullPolicy"] = policy.into();
        }
        let arguments = self.flags.words[1..].to_vec();
        if !arguments.is_empty() {
            container[if self.flags.is_set("command") { "command" } else { "args" }] =
                arguments.into();
        }
        let restart = self.flags.value("restart").unwrap_or("Always").to_owned();
        if !["Always", "OnFailure", "Never"].contains(&restart.as_str()) {
            return Err(Failure::error(&format!(
                "invalid restart policy: {restart}\nSee 'kubectl run -h' for help and examples"
            )));
        }
        let labels = match self.flags.value("labels") {
            None => json!({ "run": name }),
            Some(text) => {
                let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
                pairs
                    .map(|(key, value)| (key.to_owned(), Value::from(value)))
                    .collect::<Map<_, _>>()
                    .into()
            }
        };
        let mut object = self.shell_object("v1", "Pod", &name);
        object["metadata"]["labels"] = labels;
        object["spec"] = json!({ "containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart });
        if let Some(overrides) = self.flags.value("overrides") {
            let overrides: Value = serde_json::from_str(overrides)
                .map_err(|error| Failure::error(&format!("Invalid JSON Patch: {error}")))?;
            merge(&mut object, &overrides);
        }
        self.post_plain(object)
    }
}

/// A container is called as the last part of its image's path (K create_deployment.go).
fn container_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split(['@', ':']).next().unwrap_or(last).to_owned()
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

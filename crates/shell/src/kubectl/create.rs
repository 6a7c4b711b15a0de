//! `create secret|serviceaccount|deployment|namespace|job|cronjob|configmap` and `run` (K pkg/cmd/create and run).

use pullpath_model::api::Method;
use pullpath_model::apply::LAST_APPLIED;
use pullpath_model::image::ImageRef;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::output::Shape;
use super::resource::Resource;
use super::{DryRun, Run, local};
use crate::print::typed;

impl Run<'_> {
    pub(super) fn create(&mut self, sub: &str) -> Result<(), Failure> {
        match sub {
            "" => self.create_from_files(),
            "secret" => self.secret_help(),
            "secret generic" | "secret docker-registry" | "secret tls" => self.create_secret(sub),
            "serviceaccount" => {
                let name = self.one_name()?;
                let object = self.shell_object("v1", "ServiceAccount", &name);
                self.post(object, "failed to create serviceaccount:")
            }
            "namespace" => {
                let name = self.one_name()?;
                let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
                self.post_plain(object)
            }
            "configmap" => self.create_config_map(),
            "deployment" => self.create_deployment(),
            "job" => self.create_job(),
            "cronjob" => self.create_cron_job(),
            "token" => {
                self.one_name()?;
                Err(Failure::error("Pullpath does not model `kubectl create token`"))
            }
            other => {
                Err(Failure::error(&format!("Pullpath does not model `kubectl create {other}`")))
            }
        }
    }

    /// The words before `--`, of which there must be one (K NameFromCommandArgs).
    pub(super) fn one_name(&self) -> Result<String, Failure> {
        let words = &self.flags.words;
        let before = self.flags.before_dash.unwrap_or(words.len());
        match &words[..before] {
            [name] => Ok(name.clone()),
            others => Err(self
                .flags
                .usage(&format!("exactly one NAME is required, got {}", others.len()))),
        }
    }

    /// The words behind the name.
    fn command_words(&self) -> Vec<String> {
        self.flags.words.get(1..).unwrap_or_default().to_vec()
    }

    /// cobra ValidateRequiredFlags
    fn require(&self, flags: &[&str]) -> Result<(), Failure> {
        let missing: Vec<String> = flags
            .iter()
            .filter(|flag| self.flags.value(flag).is_none())
            .map(|flag| format!("\"{flag}\""))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::error(&format!("required flag(s) {} not set", missing.join(", "))))
    }

    /// `apiVersion`, kind, name, and the namespace that was said.
    pub(super) fn shell_object(&self, api_version: &str, kind: &str, name: &str) -> Value {
        let mut object =
            json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } });
        if let Some(namespace) = self.flags.text("namespace") {
            object["metadata"]["namespace"] = namespace.into();
        }
        object
    }

    /// Typed creates lose the form of a refusal: only the reply's message stays, behind their own words.
    pub(super) fn post(&mut self, object: Value, words: &str) -> Result<(), Failure> {
        self.post_plain(object).map_err(|failure| match failure.status {
            Some(_) => Failure::error(&format!("{words} {}", failure.message())),
            None => failure,
        })
    }

    pub(super) fn post_plain(&mut self, object: Value) -> Result<(), Failure> {
        self.form(false)?;
        let text = |key: &str| object[key].as_str().unwrap_or_default();
        let resource = Resource::of_kind(text("apiVersion"), text("kind"))
            .expect("a kind that kubectl creates");
        let namespace = if resource.namespaced { self.namespace() } else { String::new() };
        let query = self.write_query()?;
        let mut object = typed::complete(&object, false);
        if self.flags.is_set("save-config") {
            // The note is printed from Go's types, unlike that of an object from a file.
            let zero_times = self.host.client().speaks.prints_zero_times();
            let note = typed::compact(&typed::complete(&object, zero_times)) + "\n";
            object["metadata"]["annotations"][LAST_APPLIED] = note.into();
        }
        let created = match self.dry_run()? {
            DryRun::Client => object,
            DryRun::No | DryRun::Server => {
                self.ask(Method::Post, resource.path(&namespace, ""), &query, Some(&object))?
            }
        };
        self.report(&created, "created", Shape::Typed)
    }

    fn create_deployment(&mut self) -> Result<(), Failure> {
        self.require(&["image"])?;
        let name = self.one_name()?;
        let images = self.flags.list("image");
        let command = self.command_words();
        if images.len() > 1 && !command.is_empty() {
            return Err(Failure::error("cannot specify multiple --image options and command"));
        }
        let mut containers: Vec<Value> = images
            .iter()
            .map(|image| {
                let mut container = json!({ "name": container_name(image), "image": image });
                if !command.is_empty() {
                    container["command"] = command.clone().into();
                }
                container
            })
            .collect();
        if let (Some(port @ 0..), Some(first)) = (self.flags.number("port"), containers.first_mut())
        {
            first["ports"] = json!([{ "containerPort": port }]);
        }
        let replicas = self.flags.number("replicas").unwrap_or(1);
        let mut object = self.shell_object("apps/v1", "Deployment", &name);
        object["metadata"]["labels"] = json!({ "app": name });
        object["spec"] = json!({
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "template": { "metadata": { "labels": { "app": name } }, "spec": { "containers": containers } },
        });
        self.post(object, "failed to create deployment:")
    }

    fn create_job(&mut self) -> Result<(), Failure> {
        let name = self.one_name()?;
        let command = self.command_words();
        let (from, image) = (self.flags.text("from").map(str::to_owned), self.flags.text("image"));
        if from.is_none() == image.is_none() {
            return Err(Failure::error("either --image or --from must be specified"));
        }
        if from.is_some() && !command.is_empty() {
            return Err(Failure::error("cannot specify --from and command"));
        }
        let mut object = self.shell_object("batch/v1", "Job", &name);
        match (from, image) {
            (Some(from), _) => {
                let (kind, cron_job) = from.split_once('/').unwrap_or(("", &from));
                self.connect()?;
                let resource = self.resource(kind)?;
                if resource.kind != "CronJob" {
                    return Err(Failure::error("from must be an existing cronjob"));
                }
                let source = self.fetch(resource, &self.namespace(), cron_job)?;
                let template = &source["spec"]["jobTemplate"];
                object["spec"] = template["spec"].clone();
                object["metadata"]["labels"] = template["metadata"]["labels"].clone();
                object["metadata"]["annotations"] =
                    json!({ "cronjob.kubernetes.io/instantiate": "manual" });
                if let Some(annotations) = template["metadata"]["annotations"].as_object() {
                    for (key, value) in annotations {
                        object["metadata"]["annotations"][key] = value.clone();
                    }
                }
                object["metadata"]["ownerReferences"] = json!([{
                    "apiVersion": "batch/v1", "kind": "CronJob", "name": cron_job,
                    "uid": source["metadata"]["uid"], "controller": true,
                }]);
            }
            (None, image) => {
                let mut container = json!({ "name": name, "image": image });
                if !command.is_empty() {
                    container["command"] = command.into();
                }
                object["spec"] = json!({ "template": { "spec": { "containers": [container], "restartPolicy": "Never" } } });
            }
        }
        self.post(object, "failed to create job:")
    }

    fn create_cron_job(&mut self) -> Result<(), Failure> {
        self.require(&["image", "schedule"])?;
        let name = self.one_name()?;
        let command = self.command_words();
        let text = |flag: &str| self.flags.text(flag).unwrap_or_default().to_owned();
        let mut container = json!({ "name": name, "image": text("image") });
        if !command.is_empty() {
            container["command"] = command.into();
        }
        let restart = self.flags.text("restart").unwrap_or("OnFailure");
        let template = json!({ "spec": { "containers": [container], "restartPolicy": restart } });
        let mut object = self.shell_object("batch/v1", "CronJob", &name);
        object["spec"] = json!({
            "schedule": text("schedule"),
            "jobTemplate": { "metadata": { "name": name }, "spec": { "template": template } },
        });
        self.post(object, "failed to create cronjob:")
    }

    /// `kubectl run`: a Pod with one container; `--overrides` is a JSON merge.
    pub(super) fn run_pod(&mut self) -> Result<(), Failure> {
        self.require(&["image"])?;
        let Some(name) = self.flags.words.first().cloned() else {
            return Err(self.flags.usage("NAME is required for run"));
        };
        let image = self.flags.text("image").unwrap_or_default().to_owned();
        if image.is_empty() {
            return Err(Failure::error("--image is required"));
        }
        if ImageRef::parse(&image).is_err() {
            return Err(Failure::error(&format!(
                "Invalid image name \"{image}\": invalid reference format"
            )));
        }
        if self.flags.is_set("tty") && !self.flags.is_set("stdin") {
            return Err(self
                .flags
                .usage("-i/--stdin is required for containers with -t/--tty=true"));
        }
        let mut container = json!({ "name": name, "image": image });
        if let Some(policy) = self.flags.text("image-pull-policy") {
            if !["Always", "IfNotPresent", "Never"].contains(&policy) {
                return Err(self.flags.usage(&format!("invalid image pull policy: {policy}")));
            }
            container["imagePullPolicy"] = policy.into();
        }
        let restart = self.flags.text("restart").unwrap_or("Always").to_owned();
        if !["Always", "OnFailure", "Never"].contains(&restart.as_str()) {
            return Err(self.flags.usage(&format!("invalid restart policy: {restart}")));
        }
        let arguments = self.command_words();
        if !arguments.is_empty() {
            let field = if self.flags.is_set("command") { "command" } else { "args" };
            container[field] = arguments.into();
        }
        if self.flags.is_set("stdin") {
            container["stdin"] = true.into();
            if !self.flags.is_set("leave-stdin-open") {
                container["stdinOnce"] = true.into();
            }
        }
        if self.flags.is_set("tty") {
            container["tty"] = true.into();
        }
        if self.flags.is_set("privileged") {
            container["securityContext"] = json!({ "privileged": true });
        }
        let mut env = Vec::new();
        for pair in self.flags.values("env") {
            let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                return Err(Failure::error(&format!("invalid env: {pair}")));
            };
            env.push(json!({ "name": key, "value": value }));
        }
        if !env.is_empty() {
            container["env"] = env.into();
        }
        if let Some(port) = self.flags.text("port") {
            let port: i64 = port.parse().map_err(|_| {
                Failure::error(&format!(
                    "strconv.Atoi: parsing {}: invalid syntax",
                    pullpath_model::go::quote(port)
                ))
            })?;
            container["ports"] = json!([{ "containerPort": port }]);
        }
        let mut object = self.shell_object("v1", "Pod", &name);
        object["metadata"]["labels"] = match self.flags.text("labels") {
            None => json!({ "run": name }),
            Some(text) => {
                let mut labels = Map::new();
                for pair in text.split(',') {
                    let Some((key, value)) = pair.split_once('=') else {
                        return Err(Failure::error(&format!("unexpected label spec: {pair}")));
                    };
                    labels.insert(key.to_owned(), value.into());
                }
                labels.into()
            }
        };
        for pair in self.flags.values("annotations") {
            if let Some((key, value)) = pair.split_once('=') {
                object["metadata"]["annotations"][key] = value.into();
            }
        }
        object["spec"] = json!({ "containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart });
        if let Some(overrides) = self.flags.text("overrides") {
            object = self.overridden(&object, overrides)?;
        }
        self.connect()?;
        self.post_plain(object)
    }

    fn overridden(&self, object: &Value, overrides: &str) -> Result<Value, Failure> {
        use pullpath_model::api::PatchType;
        let format = match self.flags.text("override-type") {
            None | Some("merge") => PatchType::Merge,
            Some("strategic") => PatchType::Strategic,
            Some("json") => PatchType::Json,
            Some(other) => {
                return Err(Failure::error(&format!("invalid override type: {other}")));
            }
        };
        local::patched(object, format, overrides)
    }
}

/// A container is called as the last part of its image's path (K create_deployment.go). What a name may not have becomes a
/// dash, and five drawn letters follow it: here they are always the same ones.
fn container_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split(':').next().unwrap_or(last);
    let name = name.split('@').next().unwrap_or(name);
    if name.contains(['_', '.']) {
        return format!("{}-bcdfg", name.replace(['_', '.'], "-"));
    }
    name.to_owned()
}

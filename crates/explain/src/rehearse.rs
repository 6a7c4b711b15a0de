//! A sandbox of the same cluster to try a fix on: a scenario's folder, in which every credential is a simulated one.
//! Nothing of a password gets into it; what is wrong with a Secret does, as far as the simulated API server lets it in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use pullpath_lesson::Texts;
use pullpath_model::docker_config::{self, Entry, Parsed};
use pullpath_model::image::ImageRef;
use serde_json::{Map, Value, json};

use crate::credential::assess;
use crate::host::Family;
use crate::object::{Account, Container, Inventory, PodLike, SecretObject};
use crate::secret::host_of;
use crate::world::{Node, World};
use crate::{Input, Options};

/// So many workloads and Secrets fit into files that are read within the limits of authored ones.
const MOST: usize = 60;

/// The texts of a scenario's folder of that name; an error says why there is none.
pub fn folder(inputs: &[Input], options: &Options, name: &str) -> Result<Texts, String> {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(valid) {
        return Err(format!(
            "`{}` cannot be a scenario's name\n  = hint: use lower-case letters, digits and `-`",
            crate::source::short(name)
        ));
    }
    let inventory = crate::inventory(inputs, options);
    let world = crate::world_of(&options.world, &inventory);
    let mut writer = Writer {
        options,
        world: &world,
        inventory: &inventory,
        tokens: BTreeMap::new(),
        notes: Vec::new(),
    };
    writer.folder(name)
}

struct Writer<'a> {
    options: &'a Options,
    world: &'a World,
    inventory: &'a Inventory,
    // Name to host and seconds since it was issued.
    tokens: BTreeMap<String, (String, i64)>,
    notes: Vec<String>,
}

impl Writer<'_> {
    fn folder(&mut self, name: &str) -> Result<Texts, String> {
        let workloads = self.workloads();
        if workloads.is_empty() {
            return Err("there is no Pod and no workload in the input to rehearse".into());
        }
        let secrets = self.secrets();
        let accounts = self.accounts();
        let namespaces: BTreeSet<String> =
            self.inventory.pods.iter().map(|pod| pod.namespace.clone()).collect();
        let namespaces = namespaces.into_iter().filter(|name| name != "default");
        let namespaces: Vec<Value> = namespaces
            .map(
                |name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
            )
            .collect();
        let mut texts = Texts::new();
        let mut history = Vec::new();
        let mut files = Vec::new();
        for (file, objects, setup) in [
            ("namespaces.yaml", namespaces, true),
            ("pull-secrets.yaml", secrets, false),
            ("serviceaccounts.yaml", accounts, false),
            ("workloads.yaml", workloads, false),
        ] {
            if objects.is_empty() {
                continue;
            }
            let folder = if setup { "setup" } else { "files" };
            history.push(if setup { format!("setup/{file}") } else { file.to_owned() });
            if !setup {
                files.push(file);
            }
            texts.insert(format!("{folder}/{file}"), yaml(&objects)?);
        }
        texts.insert("scenario.yaml".into(), self.scenario(name, &files, &history));
        texts.insert("brief.md".into(), self.brief());
        texts.insert("explanation.md".into(), "A sandbox has nothing to pass.\n".into());
        Ok(texts)
    }

    /// Every workload as what the simulator has: a Pod, or a Deployment with the same template.
    fn workloads(&mut self) -> Vec<Value> {
        let inventory = self.inventory;
        let has_owner = |pod: &PodLike| {
            pod.owner.as_ref().is_some_and(|(kind, name)| {
                inventory.present.contains(&(kind.clone(), pod.namespace.clone(), name.clone()))
            })
        };
        let mut workloads = Vec::new();
        for pod in inventory.pods.iter().filter(|pod| !has_owner(pod)) {
            if workloads.len() == MOST {
                self.notes.push(format!("Only the first {MOST} workloads are here."));
                break;
            }
            if pod.described {
                self.notes.push(format!(
                    "`{}` was described without its pull secrets, so it has none here.",
                    pod.subject()
                ));
            }
            let spec = self.spec(pod);
            if spec["containers"].as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            let name = pod.name.trim_end_matches('-');
            if matches!(pod.kind.as_str(), "Pod") {
                workloads.push(json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": name, "namespace": pod.namespace},
                    "spec": spec,
                }));
                continue;
            }
            if pod.kind != "Deployment" {
                self.notes.push(format!(
                    "`{}` is a Deployment here, with the same Pod template.",
                    pod.subject()
                ));
            }
            workloads.push(json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": name, "namespace": pod.namespace},
                "spec": {
                    "replicas": 1,
                    "selector": {"matchLabels": {"app": name}},
                    "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
                },
            }));
        }
        workloads
    }

    fn spec(&self, pod: &PodLike) -> Value {
        let of_kind = |kind: &str| -> Vec<Value> {
            pod.containers.iter().filter(|one| one.kind == kind).filter_map(container).collect()
        };
        let mut spec = Map::new();
        if let Some((account, _)) = &pod.account {
            spec.insert("serviceAccountName".into(), account.as_str().into());
        }
        if !pod.list.is_empty() {
            spec.insert("imagePullSecrets".into(), references(&pod.list));
        }
        let init = of_kind("init container");
        if !init.is_empty() {
            spec.insert("initContainers".into(), init.into());
        }
        spec.insert("containers".into(), of_kind("container").into());
        spec.into()
    }

    fn accounts(&self) -> Vec<Value> {
        let inventory = self.inventory;
        let mut accounts: Vec<Value> = inventory
            .accounts
            .iter()
            .take(MOST)
            .map(|(key, account)| service_account(key, Some(account)))
            .collect();
        let named: BTreeSet<(String, String)> = inventory
            .pods
            .iter()
            .filter_map(|pod| Some((pod.namespace.clone(), pod.account.as_ref()?.0.clone())))
            .filter(|key| key.1 != "default" && !inventory.accounts.contains_key(key))
            .collect();
        accounts.extend(named.iter().take(MOST).map(|key| service_account(key, None)));
        accounts.truncate(MOST);
        accounts
    }

    fn secrets(&mut self) -> Vec<Value> {
        let inventory = self.inventory;
        let mut secrets = Vec::new();
        for ((namespace, name), secret) in &inventory.secrets {
            if secrets.len() == MOST {
                self.notes.push(format!("Only the first {MOST} Secrets are here."));
                break;
            }
            let Some((key, config)) = self.config(secret) else { continue };
            secrets.push(json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace},
                "type": secret.secret_type,
                "stringData": {key: config},
            }));
        }
        secrets
    }

    /// A Secret's content with the same keys and the same mistakes, and other passwords.
    fn config(&mut self, secret: &SecretObject) -> Option<(String, String)> {
        let (key, value) = secret.data.iter().find(|(key, _)| {
            matches!(key.as_str(), ".dockerconfigjson" | ".dockercfg" | "config.json")
        })?;
        let flat = key == ".dockercfg";
        let kind = if flat { docker_config::DOCKER_CFG } else { docker_config::DOCKER_CONFIG_JSON };
        let own = if flat { ".dockercfg" } else { ".dockerconfigjson" };
        let data = BTreeMap::from([(own.to_owned(), value.bytes.clone().ok()?)]);
        let (entries, broken) = match docker_config::parse(kind, &data) {
            Parsed::Entries(entries) => (entries, false),
            Parsed::Undecodable(_) if docker_config::object_error(&data[own]).is_none() => {
                (Vec::new(), true)
            }
            Parsed::Undecodable(_) | Parsed::Ignored { .. } => {
                self.notes.push(format!(
                    "Secret `{}` is left out: the API server would refuse it.",
                    secret.name
                ));
                return None;
            }
        };
        let mut map = Map::new();
        for entry in &entries {
            let login = self.login(secret, entry);
            map.insert(crate::source::shown_key(&entry.key), login);
        }
        if broken {
            // The same kind of mistake: an `auth` that is no base64.
            map.insert("registry.invalid".into(), json!({"auth": "simulated:in-clear"}));
        }
        let config = if flat { Value::Object(map) } else { json!({ "auths": map }) };
        Some((key.clone(), serde_json::to_string_pretty(&config).ok()?))
    }

    fn login(&mut self, secret: &SecretObject, entry: &Entry) -> Value {
        let host = host_of(&entry.key);
        let family = self.world.family(&host);
        let (username, password) = (&entry.login.username, entry.login.password.reveal());
        if username.is_empty() && password.is_empty() {
            return json!({});
        }
        if family != Family::Ecr {
            return json!({"username": "simulated", "password": "simulated"});
        }
        let assessment = assess(&entry.login, &host, family, secret.written, self.options.now);
        let end = assessment.until.map_or(self.options.now.plus(11 * 3600), |until| until.at);
        // Within what a scenario can say: a token of a week ago is as dead as one of a year ago.
        let age = (self.options.now.unix() + 12 * 3600 - end.unix()).clamp(0, 7 * 86_400);
        let name = format!("pull-{}", self.tokens.len() + 1);
        self.tokens.insert(name.clone(), (host, age));
        let newline = if password.ends_with('\n') { "\n" } else { "" };
        let username = if username == "AWS" { "AWS" } else { "simulated" };
        json!({"username": username, "password": format!("${{token:{name}}}{newline}")})
    }

    fn scenario(&mut self, name: &str, files: &[&str], history: &[String]) -> String {
        let mut registries: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        let images = self.inventory.pods.iter().flat_map(|pod| &pod.containers);
        let mut node_pulls = false;
        for image in
            images.filter_map(|container| container.image.as_ref()?.0.parse::<ImageRef>().ok())
        {
            node_pulls |= self.world.family(image.host()) == Family::Ecr
                && self.world.node(&image.lookup_name()) == Node::Can;
            let tags = registries
                .entry(image.host().to_owned())
                .or_default()
                .entry(image.path().to_owned())
                .or_default();
            // An image that is only named by digest has a tag nobody asks for.
            tags.insert(image.tag().unwrap_or("latest").to_owned());
        }
        for (host, _) in self.tokens.values() {
            registries.entry(host.clone()).or_default();
        }
        let mut out = format!(
            "# A sandbox that `pullpath explain --rehearse` wrote. Every credential in it is simulated.\nformat: 1\nid: {name}\nsandbox: true\ntitle: Rehearsal\nsummary: The cluster of the input, with simulated credentials, to try a fix on.\ntopic: Sandbox\ndifficulty: easy\nminutes: 10\nversion: 1\nladder: open\nworld:\n  start: {}\n  seed: 1\n  from: -7d\n  registries:\n",
            self.options.now
        );
        for (host, repositories) in &registries {
            let kind = if self.world.family(host) == Family::Ecr { "ecr" } else { "open" };
            if kind == "open" {
                self.notes.push(format!(
                    "`{host}` lets everybody pull here: logins are only checked for ECR."
                ));
            }
            let _ = writeln!(
                out,
                "    {}:\n      kind: {kind}\n      repositories:{}",
                quoted(host),
                if repositories.is_empty() { " {}" } else { "" }
            );
            for (path, tags) in repositories {
                let tags: Vec<String> =
                    tags.iter().map(|tag| format!("{}: 50MiB", quoted(tag))).collect();
                let _ = writeln!(out, "        {}: {{ {} }}", quoted(path), tags.join(", "));
            }
        }
        out.push_str("  roles:\n    whoever-made-the-secret:\n      policies: [arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly]\n    nodes:\n      policies: [arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy");
        if node_pulls {
            out.push_str(", arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly");
        }
        out.push_str("]\n");
        if !self.tokens.is_empty() {
            out.push_str("  tokens:\n");
        }
        for (token, (host, age)) in &self.tokens {
            let minutes = age / 60;
            let issued = if minutes == 0 { "0".to_owned() } else { format!("-{minutes}m") };
            let _ = writeln!(
                out,
                "    {token}: {{ registry: {}, issued: {issued}, role: whoever-made-the-secret }}",
                quoted(host)
            );
        }
        out.push_str("  fresh-token-role: whoever-made-the-secret\n  nodes:\n    - { name: node-1, containerd: 2.1.4, role: nodes, providers: [ecr-credential-provider] }\nfiles:\n");
        for file in files {
            let _ = writeln!(out, "  - {{ name: {file}, edit: true }}");
        }
        let _ = write!(
            out,
            "history:\n  - at: 0\n    apply: [{}]\nhints:\n  - Change a file, then run. `pullpath explain` on the files of this folder says what it would find.\nexplanation: explanation.md\n",
            history.join(", ")
        );
        out
    }

    fn brief(&self) -> String {
        let mut brief = "The cluster of your input, with simulated credentials. Change the files and run, until everything pulls.\n".to_owned();
        if !self.notes.is_empty() {
            brief.push('\n');
        }
        for note in self.notes.iter().take(MOST) {
            let _ = writeln!(brief, "- {note}");
        }
        brief
    }
}

fn container(container: &Container) -> Option<Value> {
    let (image, _) = container.image.as_ref()?;
    let mut value = json!({"name": container.name, "image": image.trim()});
    let policy = container.policy.as_ref().map(|(policy, _)| policy.as_str());
    if let Some(policy @ ("Always" | "IfNotPresent" | "Never")) = policy {
        value["imagePullPolicy"] = policy.into();
    }
    Some(value)
}

fn references(list: &[(Option<String>, crate::source::Spot)]) -> Value {
    list.iter().map(|(name, _)| json!({"name": name.as_deref().unwrap_or_default()})).collect()
}

fn service_account(key: &(String, String), account: Option<&Account>) -> Value {
    let (namespace, name) = key;
    let mut value = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace},
    });
    if let Some(account) = account.filter(|account| !account.list.is_empty()) {
        value["imagePullSecrets"] = references(&account.list);
    }
    value
}

fn yaml(objects: &[Value]) -> Result<String, String> {
    let texts: Result<Vec<String>, _> = objects.iter().map(serde_yaml::to_string).collect();
    Ok(texts.map_err(|error| error.to_string())?.join("---\n"))
}

/// A text in YAML, in quotes wherever it might be taken for something else.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

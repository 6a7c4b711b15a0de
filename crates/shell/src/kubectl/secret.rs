//! `create secret` and `create configmap`: keys and values from flags and files (K pkg/cmd/create).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pullpath_model::validation::config_key_errors;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Run;
use super::failure::Failure;
use crate::print::json;

const DOCKER_HUB: &str = "https://index.docker.io/v1/";
const DOCKER_CONFIG: &str = ".dockerconfigjson";

/// What `create secret` says where the kind is missing.
const HELP: &str = "\
Create a secret with specified type.

 A docker-registry type secret is for accessing a container registry.

 A generic type secret indicate an Opaque secret type.

 A tls type secret holds TLS certificate and its associated key.

Available Commands:
  docker-registry   Create a secret for use with a Docker registry
  generic           Create a secret from a local file, directory, or literal value
  tls               Create a TLS secret

Usage:
  kubectl create secret (docker-registry | generic | tls) [options]

Use \"kubectl create secret <command> --help\" for more information about a given command.
Use \"kubectl options\" for a list of global command-line options (applies to all commands).
";

/// Keys and texts, and what they are for.
struct Data {
    texts: Map<String, Value>,
    config_map: Option<String>,
}

impl Run<'_> {
    pub(super) fn secret_help(&mut self) -> Result<(), Failure> {
        match self.flags.words.as_slice() {
            [] => Err(Failure::plain(HELP.to_owned())),
            words => {
                let words = words.join(" ");
                Err(self.flags.usage(&format!("unknown command \"{words}\"")))
            }
        }
    }

    pub(super) fn create_secret(&mut self, sub: &str) -> Result<(), Failure> {
        let mut name = self.one_name()?;
        let mut data = Data { texts: Map::new(), config_map: None };
        let mut kind = self.flags.text("type").map(str::to_owned);
        match sub {
            "secret docker-registry" => {
                kind = Some("kubernetes.io/dockerconfigjson".to_owned());
                let files = self.flags.list("from-file");
                if files.is_empty() {
                    let text = self.docker_config()?;
                    data.add(DOCKER_CONFIG, text)?;
                }
                for file in files {
                    let source =
                        if file.contains('=') { file } else { format!("{DOCKER_CONFIG}={file}") };
                    self.add_file(&source, &mut data)?;
                }
            }
            "secret tls" => {
                kind = Some("kubernetes.io/tls".to_owned());
                for (flag, key) in [("cert", "tls.crt"), ("key", "tls.key")] {
                    let path = self.flags.text(flag).unwrap_or_default().to_owned();
                    if path.is_empty() {
                        return Err(Failure::error("key and cert must be specified"));
                    }
                    let text = self
                        .host
                        .read_file(&path)
                        .map_err(|refusal| Failure::error(&format!("open {path}: {refusal}")))?;
                    data.add(key, text)?;
                }
            }
            _ => self.add_sources(&mut data)?,
        }
        let encoded: Map<String, Value> = data
            .texts
            .into_iter()
            .map(|(key, text)| (key, STANDARD.encode(text.as_str().unwrap_or_default()).into()))
            .collect();
        if self.flags.is_set("append-hash") {
            let hashed = json!({ "kind": "Secret", "type": kind.clone().unwrap_or_default(), "name": name, "data": encoded });
            name = format!("{name}-{}", hash(&hashed));
        }
        let mut object = self.shell_object("v1", "Secret", &name);
        object["data"] = Value::Object(encoded);
        if let Some(kind) = kind {
            object["type"] = kind.into();
        }
        self.post(object, "failed to create secret")
    }

    pub(super) fn create_config_map(&mut self) -> Result<(), Failure> {
        let mut name = self.one_name()?;
        let mut data = Data { texts: Map::new(), config_map: Some(name.clone()) };
        self.add_sources(&mut data)?;
        if self.flags.is_set("append-hash") {
            let hashed = json!({ "kind": "ConfigMap", "name": name, "data": data.texts });
            name = format!("{name}-{}", hash(&hashed));
        }
        let mut object = self.shell_object("v1", "ConfigMap", &name);
        object["data"] = Value::Object(data.texts);
        self.post(object, "failed to create configmap:")
    }

    /// `--from-literal` and `--from-file`.
    fn add_sources(&self, data: &mut Data) -> Result<(), Failure> {
        for literal in self.flags.values("from-literal") {
            let pair = literal.split_once('=').filter(|(key, _)| !key.is_empty());
            let (key, value) = pair.ok_or_else(|| {
                Failure::error(&format!("invalid literal source {literal}, expected key=value"))
            })?;
            data.add(key, value.trim_matches(['"', '\'']).to_owned())?;
        }
        for file in self.flags.list("from-file") {
            self.add_file(&file, data)?;
        }
        Ok(())
    }

    /// `path`, `key=path` or a folder.
    fn add_file(&self, source: &str, data: &mut Data) -> Result<(), Failure> {
        let (key, path) = match source.split_once('=') {
            Some((_, path)) if path.contains('=') => {
                return Err(Failure::error("key names or file paths cannot contain '='"));
            }
            Some(("", path)) => {
                return Err(Failure::error(&format!("key name for file path {path} missing")));
            }
            Some((key, "")) => {
                return Err(Failure::error(&format!("file path for key name {key} missing")));
            }
            Some((key, path)) => (key, path),
            None => (source.rsplit('/').next().unwrap_or(source), source),
        };
        if self.host.is_folder(path) {
            if source.contains('=') {
                return Err(Failure::error("cannot give a key name for a directory path"));
            }
            let folder = path.trim_end_matches('/');
            for name in self.host.list_files(path) {
                // Folders in it are passed over.
                if let Ok(text) = self.host.read_file(&format!("{folder}/{name}")) {
                    data.add(&name, text)?;
                }
            }
            return Ok(());
        }
        let text = self
            .host
            .read_file(path)
            .map_err(|refusal| Failure::error(&format!("error reading {path}: {refusal}")))?;
        data.add(key, text)
    }

    /// Keys in the order username, password, email, auth (create_secret_docker.go).
    fn docker_config(&self) -> Result<String, Failure> {
        let server = self.flags.value("docker-server").unwrap_or(DOCKER_HUB);
        let (Some(username), Some(password), false) = (
            self.flags.text("docker-username"),
            self.flags.text("docker-password"),
            server.is_empty(),
        ) else {
            return Err(Failure::error(
                "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
            ));
        };
        let text = |value: &str| json::compact(&Value::from(value));
        let email = self
            .flags
            .text("docker-email")
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
}

impl Data {
    fn add(&mut self, key: &str, text: String) -> Result<(), Failure> {
        let errors = config_key_errors(key);
        let quoted = pullpath_model::go::quote(key);
        if !errors.is_empty() {
            return Err(Failure::error(&match &self.config_map {
                None => format!("{quoted} is not valid key name for a Secret {}", errors.join(";")),
                Some(_) => format!(
                    "{quoted} is not a valid key name for a ConfigMap: {}",
                    errors.join(",")
                ),
            }));
        }
        if self.texts.contains_key(key) {
            return Err(Failure::error(&match &self.config_map {
                None => format!("cannot add key {key}, another key by that name already exists"),
                Some(name) => format!(
                    "cannot add key {quoted}, another key by that name already exists in Data for ConfigMap {}",
                    pullpath_model::go::quote(name)
                ),
            }));
        }
        self.texts.insert(key.to_owned(), text.into());
        Ok(())
    }
}

/// K pkg/util/hash: ten hex digits without vowels and what looks like them.
fn hash(object: &Value) -> String {
    let digest = Sha256::digest(json::compact(object));
    let hex: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let without_vowels = |digit| match digit {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().map(without_vowels).collect()
}

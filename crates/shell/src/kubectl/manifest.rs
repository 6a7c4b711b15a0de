//! Objects from `-f`: files and folders, documents, and which resource they are (kubectl.md, section 6).

use pullpath_model::schema::{Misfit, Schema, shape};
use serde_json::{Value, json};

use super::Run;
use super::builder::Info;
use super::failure::Failure;
use super::resource::Resource;
use crate::read;

/// What a folder is searched for.
const ENDINGS: [&str; 3] = [".json", ".yaml", ".yml"];

/// The objects of files, and why the reading ended early.
type Read = (Vec<Info>, Result<(), Failure>);

impl Run<'_> {
    /// The objects of all files. What cannot be read ends its file; the others are read all the same.
    pub(crate) fn documents(&mut self, local: bool) -> Read {
        let mut files = Vec::new();
        for path in self.flags.list("filename") {
            match self.files(&path) {
                Ok(more) => files.extend(more),
                // Files are looked for before anything is read.
                Err(failure) => return (Vec::new(), Err(failure)),
            }
        }
        let mut infos = Vec::new();
        let mut failures = Vec::new();
        for (source, text) in files {
            failures.extend(self.file(&source, &text, local, &mut infos).err());
        }
        (infos, super::failure::several(failures))
    }

    /// Names and texts of a file, a folder or standard input.
    fn files(&mut self, path: &str) -> Result<Vec<(String, String)>, Failure> {
        if path == "-" {
            return Ok(vec![("STDIN".to_owned(), self.stdin.unwrap_or_default().to_owned())]);
        }
        if path.starts_with("http://") || path.starts_with("https://") {
            return Err(Failure::error("Pullpath reads no manifests from the internet"));
        }
        let missing = || Failure::error(&format!("the path \"{path}\" does not exist"));
        if !self.host.is_folder(path) {
            let text = self.host.read_file(path).map_err(|_| missing())?;
            return Ok(vec![(path.to_owned(), text)]);
        }
        let mut files = Vec::new();
        let mut folders = vec![path.trim_end_matches('/').to_owned()];
        while let Some(folder) = folders.pop() {
            for name in self.host.list_files(&folder) {
                let path = format!("{folder}/{name}");
                if self.host.is_folder(&path) {
                    if self.flags.is_set("recursive") {
                        folders.push(path);
                    }
                } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                    let text = self.host.read_file(&path).map_err(|_| missing())?;
                    files.push((path, text));
                }
            }
        }
        if files.is_empty() {
            return Err(Failure::error(&format!(
                "error reading [{path}]: recognized file extensions are [.json .yaml .yml]"
            )));
        }
        files.sort();
        Ok(files)
    }

    fn file(
        &mut self,
        source: &str,
        text: &str,
        local: bool,
        infos: &mut Vec<Info>,
    ) -> Result<(), Failure> {
        let speaks = self.host.client().speaks;
        let found = read::documents(text, speaks.reads_yaml_behind_json());
        for document in found.read {
            self.validate(&document, source, local)?;
            let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
            let items = match document.get("items") {
                Some(Value::Array(items)) if text("kind").ends_with("List") => items.clone(),
                _ => vec![document],
            };
            // What cannot be decoded or mapped ends its file, behind the items of the same list.
            let mut failures = Vec::new();
            for item in items {
                match self.info(item, source, local) {
                    Ok(info) => infos.push(info),
                    Err(failure) => failures.push(failure),
                }
            }
            super::failure::several(failures)?;
        }
        match found.error {
            Some(error) => Err(Failure::error(&format!("error parsing {source}: {error}"))),
            None => Ok(()),
        }
    }

    /// What the client itself checks before it asks anybody (K pkg/validation).
    fn validate(&mut self, document: &Value, source: &str, local: bool) -> Result<(), Failure> {
        let validates =
            matches!(self.flags.command.as_str(), "apply" | "create" | "replace" | "diff" | "run");
        if local || !validates || self.validation()? == "Ignore" {
            return Ok(());
        }
        let is_empty = |key: &str| document[key].as_str().is_none_or(str::is_empty);
        let problem = if document.is_object() {
            match (is_empty("apiVersion"), is_empty("kind")) {
                (true, true) => "[apiVersion not set, kind not set]".to_owned(),
                (true, false) => "apiVersion not set".to_owned(),
                (false, true) => "kind not set".to_owned(),
                (false, false) if !self.host.client().connected => format!(
                    "failed to download openapi: Get \"http://localhost:8080/openapi/v2?timeout={}\": dial tcp 127.0.0.1:8080: connect: connection refused",
                    self.request_timeout()
                ),
                (false, false) => return Ok(()),
            }
        } else {
            "invalid object to validate".to_owned()
        };
        Err(Failure::error(&format!(
            "error validating \"{source}\": error validating data: {problem}; if you choose to ignore these errors, turn validation off with --validate=false"
        )))
    }

    fn info(&mut self, mut object: Value, source: &str, local: bool) -> Result<Info, Failure> {
        if let Some(problem) = undecodable(&object) {
            return Err(Failure::error(&format!("unable to decode \"{source}\": {problem}")));
        }
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let meta = |object: &Value, key: &str| {
            object["metadata"][key].as_str().unwrap_or_default().to_owned()
        };
        let (name, namespace) = (meta(&object, "name"), meta(&object, "namespace"));
        if local {
            let resource = Resource::of_kind(&api_version, &kind);
            return Ok(Info { resource, namespace, name, object, source: Some(source.to_owned()) });
        }
        self.connect()?;
        let resource = Resource::of_kind(&api_version, &kind)
            .filter(|resource| self.host.serves(resource))
            .ok_or_else(|| {
                Failure::error(&format!(
                    "resource mapping not found for name: \"{name}\" namespace: \"{namespace}\" from \"{source}\": no matches for kind \"{kind}\" in version \"{api_version}\"\nensure CRDs are installed first"
                ))
            })?;
        let mut place = String::new();
        if resource.namespaced {
            let given = self.flags.text("namespace");
            if let Some(given) = given.filter(|given| !namespace.is_empty() && *given != namespace)
            {
                return Err(Failure::error(&format!(
                    "the namespace from the provided object \"{namespace}\" does not match the namespace \"{given}\". You must pass '--namespace={namespace}' to perform this operation."
                )));
            }
            if namespace.is_empty() {
                place = self.namespace();
                object["metadata"]["namespace"] = place.clone().into();
            } else {
                place = namespace;
            }
        } else if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("namespace");
        }
        let (resource, source) = (Some(resource), Some(source.to_owned()));
        Ok(Info { resource, namespace: place, name, object, source })
    }
}

/// What Go's decoder says of an object whose metadata it cannot read.
fn undecodable(object: &Value) -> Option<String> {
    let found = match object {
        Value::Object(_) => None,
        Value::Array(_) => Some("array"),
        Value::String(_) => Some("string"),
        Value::Number(_) => Some("number"),
        Value::Bool(_) => Some("bool"),
        Value::Null => Some("null"),
    };
    if let Some(found) = found {
        return Some(format!(
            "json: cannot unmarshal {found} into Go value of type unstructured.detector"
        ));
    }
    for key in ["apiVersion", "kind"] {
        if let Some(found) = not_text(&object[key]) {
            return Some(format!(
                "json: cannot unmarshal {found} into Go struct field detector.{key} of type string"
            ));
        }
    }
    if object["kind"].as_str().is_none_or(str::is_empty) {
        return Some(format!(
            "Object 'Kind' is missing in '{}'",
            crate::print::json::compact(object)
        ));
    }
    // Any struct with metadata and nothing else that is looked at will do.
    let of = Schema::get().named("ServiceAccount").expect("the table has it");
    let shaped = shape(of, &json!({ "metadata": object["metadata"] }));
    let misfit = Misfit::first_in_document(&shaped.misfits)?;
    Some(misfit.go_json().replace("ServiceAccount.metadata", "metadataOnlyObject.metadata"))
}

fn not_text(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null | Value::String(_) => None,
        Value::Bool(_) => Some("bool"),
        Value::Number(_) => Some("number"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    }
}

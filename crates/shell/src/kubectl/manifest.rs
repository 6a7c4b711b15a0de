//! Objects from `-f`: documents, YAML to JSON, and which resource they are (kubectl.md, section 6).

use serde_json::Value;

use super::Run;
use super::failure::Failure;
use super::resource::Resource;

/// One object of a file.
pub(crate) struct Document {
    pub(crate) resource: &'static Resource,
    pub(crate) object: Value,
    /// What errors call the file.
    pub(crate) source: String,
}

impl Document {
    pub(crate) fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn namespace(&self) -> &str {
        self.object["metadata"]["namespace"].as_str().unwrap_or_default()
    }
}

impl Run<'_> {
    /// The documents of all files, up to the first that cannot be read; earlier ones count even then.
    pub(crate) fn documents(&mut self) -> (Vec<Document>, Result<(), Failure>) {
        let mut documents = Vec::new();
        for path in self.flags.values("filename") {
            let (source, text) = match path.as_str() {
                "-" => ("STDIN".to_owned(), self.stdin.map(str::to_owned)),
                path => (path.to_owned(), self.host.read_file(path)),
            };
            let Some(text) = text else {
                let failure = Failure::error(&format!("the path \"{path}\" does not exist"));
                return (documents, Err(failure));
            };
            for document in split(&text) {
                match self.document(&document, &source) {
                    Ok(None) => {}
                    Ok(Some(found)) => documents.extend(found),
                    Err(failure) => return (documents, Err(failure)),
                }
            }
        }
        (documents, Ok(()))
    }

    fn document(&self, text: &str, source: &str) -> Result<Option<Vec<Document>>, Failure> {
        let object = self.host.read_yaml(text).map_err(|error| {
            Failure::error(&format!(
                "error parsing {source}: error converting YAML to JSON: yaml: {}",
                error.0
            ))
        })?;
        if object.is_null() {
            return Ok(None);
        }
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        if kind == "List" && api_version == "v1" {
            let items = object["items"].as_array().cloned().unwrap_or_default();
            let items = items.into_iter().map(|item| self.typed(item, source));
            return items.collect::<Result<Vec<_>, _>>().map(Some);
        }
        self.typed(object, source).map(|document| Some(vec![document]))
    }

    fn typed(&self, mut object: Value, source: &str) -> Result<Document, Failure> {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let unset: Vec<&str> = [("apiVersion", &api_version), ("kind", &kind)]
            .into_iter()
            .filter(|(_, value)| value.is_empty())
            .map(|(key, _)| key)
            .collect();
        let unset = match unset.as_slice() {
            [] => None,
            [one] => Some(format!("{one} not set")),
            _ => Some("[apiVersion not set, kind not set]".to_owned()),
        };
        if let Some(unset) = unset {
            return Err(Failure::error(&format!(
                "error validating \"{source}\": error validating data: {unset}; if you choose to ignore these errors, turn validation off with --validate=false"
            )));
        }
        for key in ["name", "namespace"] {
            if let Some(type_name) = not_text(&object["metadata"][key]) {
                return Err(Failure::error(&format!(
                    "unable to decode \"{source}\": json: cannot unmarshal {type_name} into Go struct field ObjectMeta.metadata.{key} of type string"
                )));
            }
        }
        let (name, namespace) = {
            let meta = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
            (meta("name"), meta("namespace"))
        };
        let resource = Resource::of_kind(&api_version, &kind).ok_or_else(|| {
            Failure::error(&format!(
                "resource mapping not found for name: \"{name}\" namespace: \"{namespace}\" from \"{source}\": no matches for kind \"{kind}\" in version \"{api_version}\"\nensure CRDs are installed first"
            ))
        })?;
        if resource.namespaced {
            let given = self.flags.value("namespace");
            match (namespace.is_empty(), given) {
                (false, Some(given)) if given != namespace => {
                    return Err(Failure::error(&format!(
                        "the namespace from the provided object \"{namespace}\" does not match the namespace \"{given}\". You must pass '--namespace={namespace}' to perform this operation."
                    )));
                }
                (false, _) => {}
                (true, _) => object["metadata"]["namespace"] = self.namespace().into(),
            }
        }
        Ok(Document { resource, object, source: source.to_owned() })
    }
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

/// YAML documents end at a line that starts with `---`; empty ones and comments alone are nothing.
fn split(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.trim_start_matches('\u{feff}').lines() {
        if line.starts_with("---") {
            documents.push(String::new());
        } else {
            let document = documents.last_mut().expect("there is always one");
            document.push_str(line);
            document.push('\n');
        }
    }
    let says_something = |document: &String| {
        document.lines().any(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        })
    };
    documents.into_iter().filter(says_something).collect()
}

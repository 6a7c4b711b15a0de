//! `patch`, `scale`, `set`, `annotate`, `label`.

use pullpath_model::api::{Method, PatchType};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::resource::{Named, Resource};
use super::{DryRun, Run};

impl Run<'_> {
    pub(super) fn patch(&mut self) -> Result<(), Failure> {
        let Named { resource, names } = self.one_type(&self.flags.words.clone())?;
        let text = match (self.flags.value("patch"), self.flags.value("patch-file")) {
            (Some(text), _) => text.to_owned(),
            (None, Some(path)) => self.host.read_file(path).ok_or_else(|| {
                Failure::error(&format!(
                    "unable to read patch file: open {path}: no such file or directory"
                ))
            })?,
            (None, None) => {
                return Err(Failure::error(
                    "must specify --patch or --patch-file containing the contents of the patch",
                ));
            }
        };
        let format = match self.flags.value("type").unwrap_or("strategic") {
            "strategic" => PatchType::Strategic,
            "merge" => PatchType::Merge,
            "json" => PatchType::Json,
            other => {
                return Err(Failure::error(&format!(
                    "--type must be one of [json merge strategic], not \"{other}\""
                )));
            }
        };
        let patch = self.host.read_yaml(&text).map_err(|error| {
            Failure::error(&format!("unable to parse \"{text}\": yaml: {}", error.0))
        })?;
        let namespace = self.namespace();
        for name in names {
            let before = self.fetch(resource, &namespace, &name)?;
            let query = if self.dry_run()? == DryRun::Server { "dryRun=All" } else { "" };
            let mut path = resource.path(&namespace, &name);
            if let Some(subresource) = self.flags.value("subresource") {
                path.push_str(&format!("/{subresource}"));
            }
            let after = self.ask(Method::Patch(format), path, query, Some(&patch))?;
            let verb = if before == after { "patched (no change)" } else { "patched" };
            self.report(resource, &after, verb)?;
        }
        Ok(())
    }

    pub(super) fn scale(&mut self) -> Result<(), Failure> {
        let replicas = self.flags.value("replicas").and_then(|text| text.parse::<i32>().ok());
        let Some(replicas) = replicas.filter(|replicas| *replicas >= 0) else {
            return Err(Failure::error(
                "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
            ));
        };
        let (objects, failures) = self.objects(&self.flags.words.clone())?;
        let patch = json!({ "spec": { "replicas": replicas } });
        for (resource, object) in objects {
            let (namespace, name) = place(&object);
            let path = format!("{}/scale", resource.path(&namespace, &name));
            self.ask(Method::Patch(PatchType::Merge), path, "", Some(&patch))?;
            self.report(resource, &object, "scaled")?;
        }
        super::apply::several(failures)
    }

    /// `set image TYPE/NAME container=image…`; `*` means every container.
    pub(super) fn set_image(&mut self) -> Result<(), Failure> {
        let (pairs, named): (Vec<String>, Vec<String>) =
            self.flags.words.clone().into_iter().partition(|word| word.contains('='));
        if pairs.is_empty() {
            return Err(Failure::error("at least one image update is required"));
        }
        let pairs: Vec<(&str, &str)> =
            pairs.iter().filter_map(|pair| pair.split_once('=')).collect();
        let (objects, mut failures) = self.objects(&named)?;
        for (resource, object) in objects {
            let template = template_path(resource);
            let spec = object.pointer(&format!("{template}/spec")).cloned().unwrap_or_default();
            let mut patch = Map::new();
            let mut missing = Vec::new();
            for (container, image) in &pairs {
                let mut found = false;
                for list in ["initContainers", "containers"] {
                    for one in spec[list].as_array().into_iter().flatten() {
                        if *container == "*" || one["name"] == **container {
                            found = true;
                            let items = patch.entry(list).or_insert_with(|| json!([]));
                            if let Some(items) = items.as_array_mut() {
                                items.push(json!({ "name": one["name"], "image": image }));
                            }
                        }
                    }
                }
                if !found {
                    missing.push(Failure::error(&format!(
                        "unable to find container named \"{container}\""
                    )));
                }
            }
            if !missing.is_empty() {
                failures.extend(missing);
                continue;
            }
            self.patch_spec(resource, &object, Value::Object(patch), "image updated")?;
        }
        super::apply::several(failures)
    }

    /// `set serviceaccount TYPE NAME account`, or `TYPE/NAME account`.
    pub(super) fn set_service_account(&mut self) -> Result<(), Failure> {
        let mut words = self.flags.words.clone();
        let Some(account) = words.pop().filter(|_| !words.is_empty()) else {
            return Err(Failure::error("serviceaccount is required"));
        };
        let (objects, failures) = self.objects(&words)?;
        for (resource, object) in objects {
            let spec = json!({ "serviceAccountName": account });
            self.patch_spec(resource, &object, spec, "serviceaccount updated")?;
        }
        super::apply::several(failures)
    }

    fn patch_spec(
        &mut self,
        resource: &Resource,
        object: &Value,
        spec: Value,
        verb: &str,
    ) -> Result<(), Failure> {
        let mut patch = json!({ "spec": spec });
        for step in template_path(resource).rsplit('/').filter(|step| !step.is_empty()) {
            patch = json!({ step: patch });
        }
        let (namespace, name) = place(object);
        let path = resource.path(&namespace, &name);
        let after = self.ask(Method::Patch(PatchType::Strategic), path, "", Some(&patch))?;
        self.report(resource, &after, verb)
    }

    pub(super) fn annotate(&mut self) -> Result<(), Failure> {
        self.mark("annotations", "annotation", |_, _| "annotated")
    }

    pub(super) fn label(&mut self) -> Result<(), Failure> {
        self.mark("labels", "label", |changed, only_removed| match (changed, only_removed) {
            (false, _) => "not labeled",
            (true, true) => "unlabeled",
            (true, false) => "labeled",
        })
    }

    /// `key=value` sets, `key-` takes away.
    fn mark(
        &mut self,
        field: &str,
        what: &str,
        verb: fn(bool, bool) -> &'static str,
    ) -> Result<(), Failure> {
        let is_mark = |word: &String| word.contains('=') || word.ends_with('-');
        let (marks, named): (Vec<String>, Vec<String>) =
            self.flags.words.clone().into_iter().partition(is_mark);
        if marks.is_empty() {
            return Err(Failure::error(&format!("at least one {what} update is required")));
        }
        let (objects, failures) = self.objects(&named)?;
        for (resource, object) in objects {
            let mut changes = Map::new();
            let mut declared = Vec::new();
            for mark in &marks {
                match mark.split_once('=') {
                    Some((key, value)) => {
                        let before = object["metadata"][field][key].as_str();
                        if let Some(before) = before.filter(|before| *before != value)
                            && !self.flags.is_set("overwrite")
                        {
                            declared.push(format!("'{key}' already has a value ({before})"));
                        }
                        changes.insert(key.to_owned(), value.into());
                    }
                    None => {
                        changes.insert(mark.trim_end_matches('-').to_owned(), Value::Null);
                    }
                }
            }
            if !declared.is_empty() {
                return Err(Failure::error(&match field {
                    "labels" => declared
                        .iter()
                        .map(|text| format!("{text}, and --overwrite is false"))
                        .collect::<Vec<_>>()
                        .join("; "),
                    _ => format!(
                        "--overwrite is false but found the following declared annotation(s): {}",
                        declared.join("; ")
                    ),
                }));
            }
            let only_removed = changes.values().all(Value::is_null);
            let (namespace, name) = place(&object);
            let patch = json!({ "metadata": { field: changes } });
            let path = resource.path(&namespace, &name);
            let after = self.ask(Method::Patch(PatchType::Merge), path, "", Some(&patch))?;
            let changed = after["metadata"][field] != object["metadata"][field];
            self.report(resource, &after, verb(changed, only_removed))?;
        }
        super::apply::several(failures)
    }
}

/// Namespace and name of an object.
pub(super) fn place(object: &Value) -> (String, String) {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

/// Where an object has its Pod template, as a JSON pointer; a Pod is its own.
fn template_path(resource: &Resource) -> &'static str {
    match resource.kind {
        "Pod" => "",
        "CronJob" => "/spec/jobTemplate/spec/template",
        _ => "/spec/template",
    }
}

//! `kubectl apply`, `create -f` and `replace` (K pkg/cmd/apply, create, replace).

use pullpath_model::api::Method;
use pullpath_model::apply::{self, LAST_APPLIED, annotated};
use pullpath_model::object::Kind;
use serde_json::{Value, json};

use super::failure::Failure;
use super::manifest::Document;
use super::{DryRun, Run};
use crate::print::json;

impl Run<'_> {
    /// Every document that can be read is applied, also behind one that the server refuses.
    pub(super) fn apply(&mut self) -> Result<(), Failure> {
        if self.flags.is_set("server-side") {
            return Err(Failure::error("`--server-side` is not modelled here"));
        }
        if self.flags.values("filename").is_empty() {
            return Err(Failure::error("must specify one of -f and -k"));
        }
        let (documents, read) = self.documents();
        let none = documents.is_empty();
        let mut failures: Vec<Failure> = Vec::new();
        for document in documents {
            failures.extend(self.apply_one(document).err());
        }
        failures.extend(read.err());
        if none && failures.is_empty() {
            return Err(Failure::error("no objects passed to apply"));
        }
        several(failures)
    }

    fn apply_one(&mut self, document: Document) -> Result<(), Failure> {
        let Document { resource, source, .. } = &document;
        let (namespace, name) = (document.namespace().to_owned(), document.name().to_owned());
        let modified = annotated(&document.object);
        let query = self.write_query()?;
        let live = match self.fetch(resource, &namespace, &name) {
            Ok(live) => live,
            Err(failure) if failure.is_not_found() => {
                let object = apply::creation(&document.object);
                let created = match self.dry_run()? {
                    DryRun::Client => object,
                    DryRun::No | DryRun::Server => self
                        .ask(Method::Post, resource.path(&namespace, ""), &query, Some(&object))
                        .map_err(|failure| failure.about_file("creating", source))?,
                };
                return self.report(resource, &created, "created");
            }
            Err(failure) => {
                return Err(failure.about_file(
                    &format!("retrieving current configuration of {}", resource.printed(&name)),
                    source,
                ));
            }
        };
        let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
        if last.is_none() {
            let what = format!("{}/{name}", resource.plural);
            self.out.complain(&format!(
                "Warning: resource {what} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically."
            ));
        }
        let original =
            last.and_then(|last| serde_json::from_str(last).ok()).unwrap_or_else(|| json!({}));
        let kind = Kind::of(&resource.api_version(), resource.kind)
            .ok_or_else(|| Failure::error("the server could not find the requested resource"))?;
        let (format, patch) = apply::three_way(kind, &original, &modified, &live)
            .map_err(|error| Failure::error(&error.to_string()))?;
        if patch.is_empty() {
            return self.report(resource, &live, "unchanged");
        }
        let patch = Value::Object(patch);
        let patched = match self.dry_run()? {
            DryRun::Client => live,
            DryRun::No | DryRun::Server => self
                .ask(Method::Patch(format), resource.path(&namespace, &name), &query, Some(&patch))
                .map_err(|failure| {
                    let what = format!(
                        "applying patch:\n{}\nto:\n{}\nfor:",
                        json::compact(&patch),
                        resource.printed(&name)
                    );
                    failure.about_file(&what, source)
                })?,
        };
        self.report(resource, &patched, "configured")
    }

    pub(super) fn create_from_files(&mut self) -> Result<(), Failure> {
        let (documents, read) = self.documents();
        let mut failures: Vec<Failure> = Vec::new();
        for document in documents {
            let Document { resource, source, object } = &document;
            let object =
                if self.flags.is_set("save-config") { annotated(object) } else { object.clone() };
            let query = self.write_query()?;
            let path = resource.path(document.namespace(), "");
            let created = match self.dry_run()? {
                DryRun::Client => Ok(object),
                DryRun::No | DryRun::Server => self.ask(Method::Post, path, &query, Some(&object)),
            };
            match created {
                Ok(created) => self.report(resource, &created, "created")?,
                Err(failure) => failures.push(failure.about_file("creating", source)),
            }
        }
        failures.extend(read.err());
        several(failures)
    }

    pub(super) fn replace(&mut self) -> Result<(), Failure> {
        let (documents, read) = self.documents();
        let mut failures: Vec<Failure> = Vec::new();
        for document in documents {
            failures.extend(self.replace_one(&document).err());
        }
        failures.extend(read.err());
        several(failures)
    }

    fn replace_one(&mut self, document: &Document) -> Result<(), Failure> {
        let Document { resource, object, source } = document;
        let (namespace, name) = (document.namespace(), document.name());
        let path = resource.path(namespace, name);
        let query = self.write_query()?;
        if self.flags.is_set("force") {
            match self.ask(Method::Delete, path.clone(), "", None) {
                Ok(_) => {
                    self.wait_until_gone(resource, namespace, name, None);
                    self.out.say(&format!(
                        "{} \"{name}\" deleted from {namespace} namespace",
                        resource.type_name()
                    ));
                }
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return Err(failure),
            }
            let path = resource.path(namespace, "");
            let created = self.ask(Method::Post, path, &query, Some(object))?;
            return self.report(resource, &created, "replaced");
        }
        let replaced = self
            .ask(Method::Put, path, &query, Some(object))
            .map_err(|failure| failure.about_file("replacing", source))?;
        self.report(resource, &replaced, "replaced")
    }
}

/// One failure is itself; several stand one below the other, without the head that a single one gets.
pub(super) fn several(mut failures: Vec<Failure>) -> Result<(), Failure> {
    if failures.len() <= 1 {
        return failures.pop().map_or(Ok(()), Err);
    }
    let lines: Vec<String> = failures
        .iter()
        .map(|failure| match &failure.status {
            Some(status) => match status["reason"].as_str() {
                Some(reason) if !reason.is_empty() => {
                    format!("Error from server ({reason}): {}", failure.message())
                }
                _ => failure.message(),
            },
            None => failure.message(),
        })
        .collect();
    Err(Failure::plain(lines.join("\n")))
}

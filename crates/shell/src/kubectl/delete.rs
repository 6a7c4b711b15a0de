//! `kubectl delete`, which waits until the objects are gone (K pkg/cmd/delete).

use pullpath_model::api::Method;
use pullpath_model::time::Span;
use serde_json::{Value, json};

use super::Run;
use super::change::place;
use super::failure::Failure;
use super::resource::Resource;

/// How long a deletion is waited for before the command gives up.
const PATIENCE: Span = Span::hours(24);

impl Run<'_> {
    pub(super) fn delete(&mut self) -> Result<(), Failure> {
        let mut targets: Vec<(&'static Resource, Value)> = Vec::new();
        let mut failures = Vec::new();
        if self.flags.values("filename").is_empty() {
            let words = self.flags.words.clone();
            let by_name = words.len() > 1 || words.iter().any(|word| word.contains('/'));
            let by_choice = ["selector", "field-selector", "all"]
                .iter()
                .any(|flag| self.flags.value(flag).is_some());
            if words.is_empty() {
                return Err(Failure::error(
                    "You must provide one or more resources by argument or filename.",
                ));
            }
            if !by_name && !by_choice {
                return Err(Failure::error("resource(s) were provided, but no name was specified"));
            }
            let (objects, missing) = self.objects(&words)?;
            if objects.is_empty() && missing.is_empty() {
                self.out.say("No resources found");
                return Ok(());
            }
            targets = objects;
            failures = missing;
        } else {
            let (documents, read) = self.documents();
            targets
                .extend(documents.into_iter().map(|document| (document.resource, document.object)));
            failures.extend(read.err());
        }
        if self.flags.is_set("ignore-not-found") {
            failures.retain(|failure| !failure.is_not_found());
        }
        let forced = self.flags.is_set("force");
        if forced && self.flags.value("grace-period") == Some("0") {
            self.out.complain("Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.");
        }
        let mut gone = Vec::new();
        for (resource, object) in targets {
            let (namespace, name) = place(&object);
            let path = resource.path(&namespace, &name);
            let mut options = json!({ "propagationPolicy": "Background" });
            let query = match self.flags.value("grace-period") {
                Some(seconds) => {
                    format!("propagationPolicy=Background&gracePeriodSeconds={seconds}")
                }
                None => "propagationPolicy=Background".to_owned(),
            };
            if let Some(seconds) =
                self.flags.value("grace-period").and_then(|text| text.parse::<i64>().ok())
            {
                options["gracePeriodSeconds"] = seconds.into();
            }
            match self.ask(Method::Delete, path, &query, Some(&options)) {
                Ok(_) => {
                    let verb = if forced { "force deleted" } else { "deleted" };
                    let from = if resource.namespaced {
                        format!(" from {namespace} namespace")
                    } else {
                        String::new()
                    };
                    self.out.say(&format!("{} \"{name}\" {verb}{from}", resource.type_name()));
                    let uid = object["metadata"]["uid"].as_str().map(str::to_owned);
                    gone.push((resource, namespace, name, uid));
                }
                Err(failure) if failure.is_not_found() && self.flags.is_set("ignore-not-found") => {
                }
                Err(failure) => failures.push(failure),
            }
        }
        if !self.flags.is_off("wait") {
            for (resource, namespace, name, uid) in gone {
                self.wait_until_gone(resource, &namespace, &name, uid.as_deref());
            }
        }
        super::apply::several(failures)
    }

    /// Lets time go by until an object is gone, or is another one of the same name.
    pub(super) fn wait_until_gone(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        uid: Option<&str>,
    ) {
        let end = self.host.now() + PATIENCE;
        while let Ok(object) = self.fetch(resource, namespace, name) {
            let another = uid.is_some_and(|uid| object["metadata"]["uid"].as_str() != Some(uid));
            if another || !self.wait(end) {
                break;
            }
        }
    }
}

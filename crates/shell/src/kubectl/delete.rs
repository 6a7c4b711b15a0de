//! `kubectl delete`, which waits until the objects are gone (K pkg/cmd/delete).

use pullpath_model::api::Method;
use pullpath_model::time::{SimTime, Span};
use serde_json::json;

use super::builder::{Found, Info, Wanted};
use super::failure::{Failure, several};
use super::resource::Resource;
use super::{DryRun, Run};

/// How long a deletion is waited for before the command gives up.
const PATIENCE: Span = Span::hours(24);

impl Run<'_> {
    pub(super) fn delete(&mut self) -> Result<(), Failure> {
        let dry_run = self.dry_run()?;
        let by_choice = self.flags.is_set("all")
            || ["selector", "field-selector"].iter().any(|flag| self.flags.text(flag).is_some());
        let ignores_missing = match self.flags.value("ignore-not-found") {
            Some(given) => given != "false",
            None => by_choice,
        };
        let forced = self.flags.is_set("force");
        let grace = self.grace_period()?;
        if let Some(output) = self.flags.text("output").filter(|output| *output != "name") {
            return Err(Failure::error(&format!(
                "unexpected -o output mode: {output}. We only support '-o name'"
            )));
        }
        if self.flags.is_set("all") && self.flags.text("selector").is_some() {
            return Err(Failure::error("cannot set --all and --selector at the same time"));
        }
        let words = self.flags.words.clone();
        let wanted = Wanted { names_only: true, ..Wanted::default() };
        let Found { infos, mut failures, .. } = self.find(&words, wanted)?;
        match grace {
            Some(0) if forced => self.out.complain("Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely."),
            Some(1..) if forced => {
                return Err(Failure::error("--force and --grace-period greater than 0 cannot be specified together"));
            }
            _ => {}
        }
        let none = infos.is_empty() && failures.is_empty();
        let query = self.delete_query(grace)?;
        let mut options = json!({ "propagationPolicy": self.propagation() });
        if let Some(seconds) = grace {
            options["gracePeriodSeconds"] = seconds.into();
        }
        let verb = if forced && grace == Some(0) { "force deleted" } else { "deleted" };
        let mut gone = Vec::new();
        for info in infos {
            if dry_run == DryRun::Client {
                self.tell_deleted(&info, verb, " (dry run)")?;
                continue;
            }
            match self.ask(Method::Delete, info.path(), &query, Some(&options)) {
                Ok(answer) => {
                    let dry = if dry_run == DryRun::Server { " (server dry run)" } else { "" };
                    self.tell_deleted(&info, verb, dry)?;
                    let uid = [&answer["metadata"]["uid"], &answer["details"]["uid"]]
                        .into_iter()
                        .find_map(|uid| uid.as_str().map(str::to_owned));
                    gone.push((info, uid));
                }
                Err(failure) if failure.is_not_found() && ignores_missing => {}
                Err(failure) => failures.push(match &info.source {
                    Some(source) => failure.about_file("deleting", source),
                    None => failure,
                }),
            }
        }
        if none {
            self.out.say("No resources found");
            return Ok(());
        }
        let waits = !self.flags.is_off("wait") && dry_run == DryRun::No;
        if waits && failures.is_empty() {
            let end = self.deadline(None)?;
            for (info, uid) in gone {
                let resource = info.resource();
                self.wait_until_gone(
                    resource,
                    &info.namespace,
                    &info.name,
                    uid.as_deref(),
                    Some(end),
                );
            }
        }
        several(failures)
    }

    /// The seconds that are sent; none for the object's own.
    fn grace_period(&self) -> Result<Option<i64>, Failure> {
        let given = self.flags.number("grace-period").filter(|seconds| *seconds >= 0);
        let forced = self.flags.is_set("force");
        if self.flags.is_set("now") {
            if given.is_some() {
                return Err(Failure::error(
                    "--now and --grace-period cannot be specified together",
                ));
            }
            return Ok(Some(1));
        }
        Ok(match given {
            // Without force nothing is taken away at once.
            Some(0) if !forced => Some(1),
            None if forced => Some(0),
            given => given,
        })
    }

    fn propagation(&self) -> &'static str {
        match self.flags.value("cascade") {
            Some("orphan" | "false") => "Orphan",
            Some("foreground") => "Foreground",
            _ => "Background",
        }
    }

    fn delete_query(&self, grace: Option<i64>) -> Result<String, Failure> {
        let mut query = format!("propagationPolicy={}", self.propagation());
        if let Some(seconds) = grace {
            query.push_str(&format!("&gracePeriodSeconds={seconds}"));
        }
        if self.dry_run()? == DryRun::Server {
            query.push_str("&dryRun=All");
        }
        Ok(query)
    }

    /// `pod "web" deleted from payments namespace`
    pub(super) fn tell_deleted(
        &mut self,
        info: &Info,
        verb: &str,
        dry: &str,
    ) -> Result<(), Failure> {
        let (resource, name) = (info.resource(), &info.name);
        if self.flags.value("output") == Some("name") {
            self.out.say(&format!("{}/{name}", resource.type_name()));
            return Ok(());
        }
        let tells = self.host.client().speaks.tells_where_it_deleted();
        let from = if resource.namespaced && tells {
            format!(" from {} namespace", info.namespace)
        } else {
            String::new()
        };
        self.out.say(&format!("{} \"{name}\" {verb}{from}{dry}", resource.type_name()));
        Ok(())
    }

    /// Lets time go by until an object is gone, or is another one of the same name.
    pub(super) fn wait_until_gone(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        uid: Option<&str>,
        end: Option<SimTime>,
    ) {
        let end = end.unwrap_or(self.host.now() + PATIENCE);
        while let Ok(object) = self.ask(Method::Get, resource.path(namespace, name), "", None) {
            let another = uid.is_some_and(|uid| object["metadata"]["uid"].as_str() != Some(uid));
            if another || !self.wait(end) {
                break;
            }
        }
    }
}

//! `kubectl rollout status|restart|undo|history` (K pkg/polymorphichelpers).

use pullpath_model::api::{Method, PatchType};
use pullpath_model::time::SimTime;
use serde_json::{Value, json};

use super::Run;
use super::builder::{Found, Info, Wanted};
use super::change::place;
use super::failure::{Failure, bare, several};
use super::output::Shape;
use super::resource::Resource;
use super::watch::Watch;
use super::workload::template;
use crate::print::table::{Layout, tabbed};

const REVISION: &str = "deployment.kubernetes.io/revision";
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

impl Run<'_> {
    fn rolled(&mut self) -> Result<Vec<Info>, Failure> {
        let words = self.flags.words.clone();
        if words.is_empty() && self.flags.values("filename").is_empty() {
            return Err(Failure::error("required resource not specified"));
        }
        let wanted = Wanted { whole_types: true, latest: true, ..Wanted::default() };
        let Found { infos, failures, .. } = self.find(&words, wanted)?;
        several(failures)?;
        if infos.is_empty() {
            let namespace = self.namespace();
            self.out.complain(&format!("No resources found in {namespace} namespace."));
        }
        Ok(infos)
    }

    pub(super) fn rollout_status(&mut self) -> Result<(), Failure> {
        let end = self.deadline(None)?;
        for info in self.rolled()? {
            self.follow(&info, end)?;
        }
        Ok(())
    }

    /// A line for each state that the watch shows, until the rollout is through.
    fn follow(&mut self, info: &Info, end: SimTime) -> Result<(), Failure> {
        let resource = info.resource();
        let words = [resource.plural.to_owned(), info.name.clone()];
        let mut watch = Watch::from(std::slice::from_ref(info));
        let mut states = vec![("ADDED", info.object.clone())];
        loop {
            for (event, object) in states {
                if event == "DELETED" {
                    return Err(Failure::error("object has been deleted"));
                }
                let (line, done) = status(resource, &object)?;
                self.out.say(&line);
                if done || self.flags.is_off("watch") {
                    return Ok(());
                }
            }
            states = match self.changes_until(&mut watch, resource, &words, end)? {
                Some(more) => more,
                None if self.out.interrupted => return Ok(()),
                None => return Err(Failure::error("timed out waiting for the condition")),
            };
        }
    }

    pub(super) fn rollout_pause(&mut self, pauses: bool) -> Result<(), Failure> {
        let (verb, already) =
            if pauses { ("paused", "is already paused") } else { ("resumed", "is not paused") };
        let mut failures = Vec::new();
        for info in self.rolled()? {
            let what = format!("{} \"{}\"", info.resource().qualified(), info.name);
            if info.resource().kind != "Deployment" {
                let doing = if pauses { "pausing" } else { "resuming" };
                failures.push(Failure::error(&format!("error: {what} {doing} is not supported")));
                continue;
            }
            if (info.object["spec"]["paused"] == true) == pauses {
                failures.push(Failure::error(&format!("error: {what} {already}")));
                continue;
            }
            let paused = if pauses { Value::Bool(true) } else { Value::Null };
            let patch = json!({ "spec": { "paused": paused } });
            let method = Method::Patch(PatchType::Strategic);
            let after = self.ask(method, info.path(), "", Some(&patch))?;
            self.report(&after, verb, Shape::AsItIs)?;
        }
        bare(failures)
    }

    pub(super) fn rollout_restart(&mut self) -> Result<(), Failure> {
        let mut failures = Vec::new();
        for info in self.rolled()? {
            let resource = info.resource();
            if !matches!(resource.kind, "Deployment" | "StatefulSet" | "DaemonSet") {
                failures.push(Failure::error(&format!(
                    "error: {} \"{}\" restarting is not supported",
                    resource.qualified(),
                    info.name
                )));
                continue;
            }
            if info.object["spec"]["paused"] == true {
                failures.push(Failure::error(&format!(
                    "error: {} \"{}\" can't restart paused deployment (run rollout resume first)",
                    resource.qualified(),
                    info.name
                )));
                continue;
            }
            let now = rfc3339(self.host.unix_millis().div_euclid(1000));
            let annotations = json!({ "kubectl.kubernetes.io/restartedAt": now });
            let patch =
                json!({ "spec": { "template": { "metadata": { "annotations": annotations } } } });
            let method = Method::Patch(PatchType::Strategic);
            let after = self.ask(method, info.path(), "", Some(&patch))?;
            self.report(&after, "restarted", Shape::AsItIs)?;
        }
        bare(failures)
    }

    /// What keeps the templates that a workload had, oldest revision first: the ReplicaSets of a Deployment, or
    /// ControllerRevisions.
    fn revisions(&mut self, of: &Resource, workload: &Value) -> Result<Vec<(i64, Value)>, Failure> {
        let (namespace, _) = place(workload);
        let kept = if of.kind == "Deployment" { "replicasets" } else { "controllerrevisions" };
        let resource = Resource::named(kept).expect("a built-in type");
        let list = self.ask(Method::Get, resource.path(&namespace, ""), "", None)?;
        let uid = &workload["metadata"]["uid"];
        let owned = |one: &&Value| {
            let owners = one["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            owners.into_iter().any(|owner| owner["uid"] == *uid)
        };
        let all = list["items"].as_array().into_iter().flatten().filter(owned);
        let mut revisions: Vec<(i64, Value)> = all
            .filter_map(|one| {
                let annotated = || one["metadata"]["annotations"][REVISION].as_str()?.parse().ok();
                Some((one["revision"].as_i64().or_else(annotated)?, one.clone()))
            })
            .collect();
        revisions.sort_by_key(|(revision, _)| *revision);
        Ok(revisions)
    }

    pub(super) fn rollout_undo(&mut self) -> Result<(), Failure> {
        let wanted = self.flags.number("to-revision").unwrap_or(0);
        let dry_run = self.dry_run()?;
        for info in self.rolled()? {
            let (resource, object) = (info.resource(), &info.object);
            if !matches!(resource.kind, "Deployment" | "StatefulSet" | "DaemonSet") {
                return Err(Failure::error(&format!(
                    "no rollbacker has been implemented for \"{}\"",
                    group_kind(resource)
                )));
            }
            let revisions = self.revisions(resource, object)?;
            let found = match wanted {
                0 => revisions.iter().rev().nth(1),
                wanted => revisions.iter().find(|(revision, _)| *revision == wanted),
            };
            let Some((revision, set)) = found else {
                return Err(Failure::error(&match wanted {
                    0 if resource.kind != "Deployment" => {
                        "no last revision to roll back to".to_owned()
                    }
                    0 => format!("no rollout history found for deployment \"{}\"", info.name),
                    wanted => format!("unable to find specified revision {wanted} in history"),
                }));
            };
            if object["spec"]["paused"] == true {
                return Err(Failure::error(&format!(
                    "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume deployment/{}' and try again",
                    info.name
                )));
            }
            let mut template = kept_template(set).clone();
            if let Some(map) = template.as_object_mut() {
                map.remove("$patch");
            }
            let labels = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut);
            if let Some(labels) = labels {
                labels.remove("pod-template-hash");
            }
            let verb = if template == object["spec"]["template"] {
                format!("skipped rollback (current template already matches revision {revision})")
            } else {
                "rolled back".to_owned()
            };
            if verb == "rolled back" && dry_run != super::DryRun::Client {
                let patch =
                    json!([{ "op": "replace", "path": "/spec/template", "value": template }]);
                let query = self.dry_query()?;
                self.ask(Method::Patch(PatchType::Json), info.path(), query, Some(&patch))?;
            }
            self.report(object, &verb, Shape::AsItIs)?;
        }
        Ok(())
    }

    pub(super) fn rollout_history(&mut self) -> Result<(), Failure> {
        let wanted = self.flags.number("revision").unwrap_or(0);
        if wanted < 0 {
            return Err(Failure::error(&format!("revision must be a positive integer: {wanted}")));
        }
        for info in self.rolled()? {
            let resource = info.resource();
            if !matches!(resource.kind, "Deployment" | "StatefulSet" | "DaemonSet") {
                return Err(Failure::error(&format!(
                    "no history viewer has been implemented for \"{}\"",
                    group_kind(resource)
                )));
            }
            let revisions = self.revisions(resource, &info.object)?;
            let title = format!("{}/{}", resource.type_name(), info.name);
            if wanted > 0 {
                let found = revisions.iter().find(|(revision, _)| *revision == wanted);
                let Some((_, set)) = found else {
                    return Err(Failure::error("unable to find the specified revision"));
                };
                // Nothing aligns this text.
                let speaks = self.host.client().speaks;
                let text = template("Pod Template", kept_template(set), speaks);
                self.out.say(&format!("{title} with revision #{wanted}\n{text}"));
                continue;
            }
            let mut text = String::from("REVISION\tCHANGE-CAUSE\n");
            for (revision, set) in revisions {
                let cause = set["metadata"]["annotations"][CHANGE_CAUSE].as_str();
                let cause = cause.filter(|cause| !cause.is_empty()).unwrap_or("<none>");
                text.push_str(&format!("{revision}\t{cause}\n"));
            }
            self.out.say(&format!("{title} \n{}", tabbed(&text, Layout::Describe)));
        }
        Ok(())
    }
}

/// The template that a ReplicaSet or a ControllerRevision keeps.
fn kept_template(set: &Value) -> &Value {
    let kept = if set["data"].is_object() { &set["data"] } else { set };
    &kept["spec"]["template"]
}

/// `Deployment.apps`, `Pod`
fn group_kind(resource: &Resource) -> String {
    if resource.group.is_empty() {
        resource.kind.to_owned()
    } else {
        format!("{}.{}", resource.kind, resource.group)
    }
}

/// What `rollout status` says of an object, and whether that is the end (rollout_status.go).
fn status(resource: &Resource, object: &Value) -> Result<(String, bool), Failure> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let number = |field: &str| object["status"][field].as_i64().unwrap_or(0);
    let observed =
        object["metadata"]["generation"].as_i64().unwrap_or(0) <= number("observedGeneration");
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let strategy = &object["spec"]["updateStrategy"];
    if strategy.is_object() && strategy["type"] != "RollingUpdate" {
        // For DaemonSets too it is the name that StatefulSets have for it.
        let why = "rollout status is only available for RollingUpdate strategy type";
        return Err(Failure::error(why));
    }
    match resource.kind {
        "Deployment" => {
            if !observed {
                return Ok(("Waiting for deployment spec update to be observed...".into(), false));
            }
            let conditions = object["status"]["conditions"].as_array();
            let exceeded = conditions.into_iter().flatten().any(|condition| {
                condition["type"] == "Progressing"
                    && condition["reason"] == "ProgressDeadlineExceeded"
            });
            let waiting = |what: String| {
                (format!("Waiting for deployment \"{name}\" rollout to finish: {what}..."), false)
            };
            let (updated, all, available) =
                (number("updatedReplicas"), number("replicas"), number("availableReplicas"));
            if exceeded {
                Err(Failure::error(&format!(
                    "deployment \"{name}\" exceeded its progress deadline"
                )))
            } else if updated < wanted {
                Ok(waiting(format!("{updated} out of {wanted} new replicas have been updated")))
            } else if all > updated {
                Ok(waiting(format!("{} old replicas are pending termination", all - updated)))
            } else if available < updated {
                Ok(waiting(format!("{available} of {updated} updated replicas are available")))
            } else {
                Ok((format!("deployment \"{name}\" successfully rolled out"), true))
            }
        }
        "DaemonSet" => {
            let (scheduled, updated) =
                (number("desiredNumberScheduled"), number("updatedNumberScheduled"));
            let available = number("numberAvailable");
            let waiting = |what: String| {
                (format!("Waiting for daemon set \"{name}\" rollout to finish: {what}..."), false)
            };
            if !observed {
                Ok(("Waiting for daemon set spec update to be observed...".into(), false))
            } else if updated < scheduled {
                Ok(waiting(format!("{updated} out of {scheduled} new pods have been updated")))
            } else if available < scheduled {
                Ok(waiting(format!("{available} of {scheduled} updated pods are available")))
            } else {
                Ok((format!("daemon set \"{name}\" successfully rolled out"), true))
            }
        }
        "StatefulSet" => {
            let (ready, revision) = (number("readyReplicas"), &object["status"]["updateRevision"]);
            if !observed {
                Ok(("Waiting for statefulset spec update to be observed...".into(), false))
            } else if ready < wanted {
                Ok((format!("Waiting for {} pods to be ready...", wanted - ready), false))
            } else if strategy["rollingUpdate"].is_object() {
                let partition = strategy["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
                let (updated, all) = (number("updatedReplicas"), wanted - partition);
                if updated < all {
                    return Ok((
                        format!(
                            "Waiting for partitioned roll out to finish: {updated} out of {all} new pods have been updated..."
                        ),
                        false,
                    ));
                }
                let complete = format!(
                    "partitioned roll out complete: {updated} new pods have been updated..."
                );
                Ok((complete, true))
            } else if *revision != object["status"]["currentRevision"] {
                Ok((
                    format!(
                        "waiting for statefulset rolling update to complete {} pods at revision {}...",
                        number("updatedReplicas"),
                        revision.as_str().unwrap_or_default()
                    ),
                    false,
                ))
            } else {
                let revision = object["status"]["currentRevision"].as_str().unwrap_or_default();
                Ok((
                    format!(
                        "statefulset rolling update complete {} pods at revision {revision}...",
                        number("currentReplicas")
                    ),
                    true,
                ))
            }
        }
        _ => Err(Failure::error(&format!(
            "no status viewer has been implemented for {}",
            group_kind(resource)
        ))),
    }
}

/// `2026-11-23T22:54:21Z`
fn rfc3339(seconds: i64) -> String {
    pullpath_model::time::rfc3339(seconds, SimTime::START)
}

//! `kubectl rollout status|restart|undo|history` (K pkg/polymorphichelpers).

use pullpath_model::api::{Method, PatchType};
use pullpath_model::time::{SimTime, Span};
use serde_json::{Value, json};

use super::Run;
use super::change::place;
use super::failure::Failure;
use super::resource::Resource;

const REVISION: &str = "deployment.kubernetes.io/revision";
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

impl Run<'_> {
    fn rolled(&mut self) -> Result<Vec<(&'static Resource, Value)>, Failure> {
        let words = self.flags.words.clone();
        if words.is_empty() {
            return Err(Failure::error("required resource not specified"));
        }
        let (objects, mut failures) = self.objects(&words)?;
        match failures.pop() {
            Some(failure) => Err(failure),
            None => Ok(objects),
        }
    }

    pub(super) fn rollout_status(&mut self) -> Result<(), Failure> {
        let timeout = self
            .flags
            .value("timeout")
            .map(seconds)
            .transpose()?
            .filter(|span| *span != Span::ZERO);
        // Nobody waits longer than a day here.
        let end = self.host.now() + timeout.unwrap_or(Span::hours(24));
        for (resource, object) in self.rolled()? {
            self.follow(resource, object, end)?;
        }
        Ok(())
    }

    /// A line for each state that the watch shows, until the rollout is through.
    fn follow(&mut self, resource: &Resource, first: Value, end: SimTime) -> Result<(), Failure> {
        let (namespace, name) = place(&first);
        let mut object = first;
        let mut seen = Value::Null;
        loop {
            if object["metadata"]["resourceVersion"] != seen || seen.is_null() {
                seen = object["metadata"]["resourceVersion"].clone();
                let (line, done) = status(resource, &object)?;
                self.out.say(&line);
                if done || self.flags.is_off("watch") {
                    return Ok(());
                }
            }
            if !self.wait(end) {
                let cut = self.until.is_some_and(|until| until <= end);
                self.out.interrupted = cut;
                return if cut {
                    Ok(())
                } else {
                    Err(Failure::error("timed out waiting for the condition"))
                };
            }
            object = self.fetch(resource, &namespace, &name).map_err(|failure| {
                if failure.is_not_found() {
                    Failure::error("object has been deleted")
                } else {
                    failure
                }
            })?;
        }
    }

    pub(super) fn rollout_restart(&mut self) -> Result<(), Failure> {
        for (resource, object) in self.rolled()? {
            if !matches!(resource.kind, "Deployment" | "StatefulSet" | "DaemonSet") {
                return Err(Failure::error(&format!(
                    "{} restarting is not supported",
                    resource.plural
                )));
            }
            let now = rfc3339(self.host.unix_millis().div_euclid(1000));
            let annotations = json!({ "kubectl.kubernetes.io/restartedAt": now });
            let patch =
                json!({ "spec": { "template": { "metadata": { "annotations": annotations } } } });
            let (namespace, name) = place(&object);
            let path = resource.path(&namespace, &name);
            let after = self.ask(Method::Patch(PatchType::Strategic), path, "", Some(&patch))?;
            self.report(resource, &after, "restarted")?;
        }
        Ok(())
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
        for (resource, object) in self.rolled()? {
            if !matches!(resource.kind, "Deployment" | "StatefulSet" | "DaemonSet") {
                return Err(Failure::error(&format!(
                    "no rollbacker has been implemented for \"{}\"",
                    resource.kind
                )));
            }
            let (namespace, name) = place(&object);
            let revisions = self.revisions(resource, &object)?;
            let wanted: i64 =
                self.flags.value("to-revision").and_then(|text| text.parse().ok()).unwrap_or(0);
            let found = match wanted {
                0 => revisions.iter().rev().nth(1),
                wanted => revisions.iter().find(|(revision, _)| *revision == wanted),
            };
            let Some((revision, set)) = found else {
                return Err(Failure::error(&match wanted {
                    0 if resource.kind != "Deployment" => {
                        "no last revision to roll back to".to_owned()
                    }
                    0 => format!("no rollout history found for deployment \"{name}\""),
                    wanted => format!("unable to find specified revision {wanted} in history"),
                }));
            };
            let kept = if set["data"].is_object() { &set["data"] } else { set };
            let mut template = kept["spec"]["template"].clone();
            if let Some(map) = template.as_object_mut() {
                map.remove("$patch");
            }
            if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
                labels.remove("pod-template-hash");
            }
            if template == object["spec"]["template"] {
                self.out.say(&format!(
                    "{} skipped rollback (current template already matches revision {revision})",
                    resource.printed(&name)
                ));
                continue;
            }
            let patch = json!([{ "op": "replace", "path": "/spec/template", "value": template }]);
            let path = resource.path(&namespace, &name);
            let after = self.ask(Method::Patch(PatchType::Json), path, "", Some(&patch))?;
            self.report(resource, &after, "rolled back")?;
        }
        Ok(())
    }

    pub(super) fn rollout_history(&mut self) -> Result<(), Failure> {
        for (resource, object) in self.rolled()? {
            let (_, name) = place(&object);
            let mut text = String::from("REVISION\tCHANGE-CAUSE\n");
            for (revision, set) in self.revisions(resource, &object)? {
                let cause = set["metadata"]["annotations"][CHANGE_CAUSE].as_str();
                let cause = cause.filter(|cause| !cause.is_empty()).unwrap_or("<none>");
                text.push_str(&format!("{revision}\t{cause}\n"));
            }
            let table = crate::print::table::tabbed(&text);
            self.out.say(&format!("{} \n{table}", resource.printed(&name)));
        }
        Ok(())
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
        other => Err(Failure::error(&format!("no status viewer has been implemented for {other}"))),
    }
}

/// `3s`, `1m30s`, `2h`; a bare number is seconds.
fn seconds(text: &str) -> Result<Span, Failure> {
    let wrong = || {
        Failure::error(&format!(
            "invalid argument \"{text}\" for \"--timeout\" flag: time: invalid duration \"{text}\""
        ))
    };
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(Span::seconds(seconds));
    }
    let mut millis = 0_i64;
    let mut digits = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character {
            'h' => 3_600_000,
            'm' if rest.peek() == Some(&'s') => {
                rest.next();
                1
            }
            'm' => 60_000,
            's' => 1000,
            _ => return Err(wrong()),
        };
        let number: i64 = digits.parse().map_err(|_| wrong())?;
        millis =
            number.checked_mul(unit).and_then(|more| millis.checked_add(more)).ok_or_else(wrong)?;
        digits.clear();
    }
    if digits.is_empty() { Ok(Span::millis(millis)) } else { Err(wrong()) }
}

/// `2026-11-23T22:54:21Z`
fn rfc3339(seconds: i64) -> String {
    pullpath_model::time::rfc3339(seconds, SimTime::START)
}

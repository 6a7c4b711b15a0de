//! `kubectl describe` of what looks after Pods (K pkg/describe/describe.go), as v1.35.6 prints it.

use pullpath_model::api::Method;
use pullpath_model::schema::{Schema, shape};
use serde_json::Value;

use super::Run;
use super::change::place;
use super::describe::{
    annotations, describe_container, describe_volumes, labels, multi, string, tolerations,
};
use super::failure::Failure;
use super::resource::Resource;
use super::version::Speaks;
use crate::print::age;

/// How many characters of a list of indexes are shown.
const INDEXES: usize = 50;

impl Run<'_> {
    /// The text of a Deployment, ReplicaSet, StatefulSet, DaemonSet, Job or CronJob; nothing for other kinds.
    pub(super) fn describe_workload(
        &mut self,
        kind: &str,
        object: &Value,
    ) -> Result<Option<String>, Failure> {
        let speaks = self.host.client().speaks;
        let (spec, status) = (&object["spec"], &object["status"]);
        let (namespace, name) = place(object);
        let metadata = &object["metadata"];
        let mut text = format!("Name:\t{name}\nNamespace:\t{namespace}\n");
        let created = metadata["creationTimestamp"].as_str().and_then(age::rfc1123z);
        let created = format!("CreationTimestamp:\t{}\n", created.unwrap_or_default());
        let selector = format!("Selector:\t{}\n", selector(&spec["selector"]));
        let marks = multi("Labels:", &labels(&metadata["labels"]))
            + &multi("Annotations:", &annotations(object));
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        match kind {
            "Deployment" => {
                text.push_str(&format!("{created}{marks}{selector}"));
                text.push_str(&deployment(spec, status));
                text.push_str(&template("Pod Template", &spec["template"], speaks));
                text.push_str(&conditions(status));
                text.push_str(&self.replica_sets(object)?);
            }
            "ReplicaSet" => {
                text.push_str(&format!("{selector}{marks}{}", controlled_by(object)));
                let (current, desired) = (number(&status["replicas"]), number(&spec["replicas"]));
                text.push_str(&format!("Replicas:\t{current} current / {desired} desired\n"));
                text.push_str(&self.phases(object)?);
                text.push_str(&template("Pod Template", &spec["template"], speaks));
                text.push_str(&conditions(status));
            }
            "StatefulSet" => {
                text.push_str(&format!("{created}{selector}{marks}"));
                let (total, desired) = (number(&status["replicas"]), number(&spec["replicas"]));
                text.push_str(&format!("Replicas:\t{desired} desired | {total} total\n"));
                let strategy = &spec["updateStrategy"];
                text.push_str(&format!("Update Strategy:\t{}\n", string(&strategy["type"])));
                if let Some(partition) = strategy["rollingUpdate"]["partition"].as_i64() {
                    text.push_str(&format!("  Partition:\t{partition}\n"));
                }
                text.push_str(&self.phases(object)?);
                text.push_str(&template("Pod Template", &spec["template"], speaks));
                text.push_str(&claims(spec));
            }
            "DaemonSet" => {
                let nodes = labels(&spec["template"]["spec"]["nodeSelector"]).join(",");
                let nodes = if nodes.is_empty() { "<none>".to_owned() } else { nodes };
                text.push_str(&format!("{selector}Node-Selector:\t{nodes}\n{marks}"));
                for (label, field) in [
                    ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
                    ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
                    ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
                    ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
                    ("Number of Nodes Misscheduled", "numberMisscheduled"),
                ] {
                    text.push_str(&format!("{label}: {}\n", number(&status[field])));
                }
                text.push_str(&self.phases(object)?);
                text.push_str(&template("Pod Template", &spec["template"], speaks));
            }
            "Job" => {
                text.push_str(&format!("{selector}{marks}{}", controlled_by(object)));
                text.push_str(&job(spec, status));
                text.push_str(&template("Pod Template", &spec["template"], speaks));
            }
            "CronJob" => {
                text.push_str(&marks);
                text.push_str(&cron_job(spec, status, speaks));
            }
            _ => return Ok(None),
        }
        self.with_events(text, kind, object).map(Some)
    }

    /// `Pods Status`, by the phases of the Pods that the object controls.
    fn phases(&mut self, object: &Value) -> Result<String, Failure> {
        let (namespace, _) = place(object);
        let pods = Resource::named("pods").expect("a built-in type");
        let list = self.ask(Method::Get, pods.path(&namespace, ""), "", None)?;
        let pods = list["items"].as_array().cloned().unwrap_or_default();
        let count = |phase: &str| {
            let owned = pods.iter().filter(|pod| is_controlled_by(pod, object));
            owned.filter(|pod| pod["status"]["phase"] == phase).count()
        };
        Ok(format!(
            "Pods Status:\t{} Running / {} Waiting / {} Succeeded / {} Failed\n",
            count("Running"),
            count("Pending"),
            count("Succeeded"),
            count("Failed")
        ))
    }

    /// A Deployment's ReplicaSets: the older ones, and the one of its template.
    fn replica_sets(&mut self, deployment: &Value) -> Result<String, Failure> {
        let (namespace, _) = place(deployment);
        let sets = Resource::named("replicasets").expect("a built-in type");
        let list = self.ask(Method::Get, sets.path(&namespace, ""), "", None)?;
        let sets = list["items"].as_array().cloned().unwrap_or_default();
        let of_template = |set: &&Value| {
            let mut template = set["spec"]["template"].clone();
            let labels = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut);
            if let Some(labels) = labels {
                labels.remove("pod-template-hash");
            }
            same_template(&template, &deployment["spec"]["template"])
        };
        let owned = sets.iter().filter(|set| is_controlled_by(set, deployment));
        let (new, old): (Vec<&Value>, Vec<&Value>) = owned.partition(of_template);
        if new.is_empty() && old.is_empty() {
            return Ok(String::new());
        }
        let shown = |sets: Vec<&Value>| {
            let one = |set: &&Value| {
                let (made, wanted) = (&set["status"]["replicas"], &set["spec"]["replicas"]);
                format!("{} ({made}/{wanted} replicas created)", string(&set["metadata"]["name"]))
            };
            let all = sets.iter().map(one).collect::<Vec<_>>().join(", ");
            if all.is_empty() { "<none>".to_owned() } else { all }
        };
        Ok(format!("OldReplicaSets:\t{}\nNewReplicaSet:\t{}\n", shown(old), shown(new)))
    }
}

/// Whether two templates are the same to Go, for which null and nothing are.
fn same_template(one: &Value, other: &Value) -> bool {
    let of = Schema::get().named("PodTemplateSpec").expect("the table has it");
    shape(of, one).value == shape(of, other).value
}

fn is_controlled_by(object: &Value, owner: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let controllers = owners.filter(|one| one["controller"] == true);
    controllers.into_iter().any(|one| one["uid"] == owner["metadata"]["uid"])
}

fn controlled_by(object: &Value) -> String {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let mut controllers = owners.filter(|one| one["controller"] == true);
    controllers.next().map_or(String::new(), |one| {
        format!("Controlled By:\t{}/{}\n", string(&one["kind"]), string(&one["name"]))
    })
}

/// `app=web,tier in (a,b)`
fn selector(selector: &Value) -> String {
    let mut terms = labels(&selector["matchLabels"]);
    for one in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = string(&one["key"]);
        let values = one["values"].as_array().into_iter().flatten().map(string);
        let values = values.collect::<Vec<_>>().join(",");
        terms.push(match one["operator"].as_str() {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key,
        });
    }
    terms.sort();
    if terms.is_empty() { "<none>".to_owned() } else { terms.join(",") }
}

fn deployment(spec: &Value, status: &Value) -> String {
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    let strategy = &spec["strategy"];
    let mut text = format!(
        "Replicas:\t{} desired | {} updated | {} total | {} available | {} unavailable\nStrategyType:\t{}\nMinReadySeconds:\t{}\n",
        spec["replicas"].as_i64().unwrap_or(1),
        count("updatedReplicas"),
        count("replicas"),
        count("availableReplicas"),
        count("unavailableReplicas"),
        string(&strategy["type"]),
        spec["minReadySeconds"].as_i64().unwrap_or(0)
    );
    let rolling = &strategy["rollingUpdate"];
    if rolling.is_object() {
        let limit = |field: &str| match &rolling[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text.push_str(&format!(
            "RollingUpdateStrategy:\t{} max unavailable, {} max surge\n",
            limit("maxUnavailable"),
            limit("maxSurge")
        ));
    }
    text
}

fn job(spec: &Value, status: &Value) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("{label}:\t{value}\n"));
        }
    };
    let number = |value: &Value| value.as_i64().map(|number| number.to_string());
    let moment = |value: &Value| value.as_str().and_then(age::rfc1123z);
    let (began, ended) = (&status["startTime"], &status["completionTime"]);
    line("Parallelism", number(&spec["parallelism"]));
    line("Completions", number(&spec["completions"]).or(Some("<unset>".to_owned())));
    line("Completion Mode", spec["completionMode"].as_str().map(str::to_owned));
    line("Suspend", spec["suspend"].as_bool().map(|suspended| suspended.to_string()));
    line("Backoff Limit", number(&spec["backoffLimit"]));
    line("TTL Seconds After Finished", number(&spec["ttlSecondsAfterFinished"]));
    line("Start Time", moment(began));
    line("Completed At", moment(ended));
    let seconds = |value: &Value| value.as_str().and_then(age::unix_seconds);
    let lasted = seconds(ended).zip(seconds(began)).map(|(ended, began)| ended - began);
    line("Duration", lasted.map(|seconds| age::human(seconds * 1000)));
    let deadline = number(&spec["activeDeadlineSeconds"]);
    line("Active Deadline Seconds", deadline.map(|seconds| format!("{seconds}s")));
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    let ready = number(&status["ready"]).map_or(String::new(), |ready| format!(" ({ready} Ready)"));
    line(
        "Pods Statuses",
        Some(format!(
            "{} Active{ready} / {} Succeeded / {} Failed",
            count("active"),
            count("succeeded"),
            count("failed")
        )),
    );
    if spec["completionMode"] == "Indexed" {
        let indexes = string(&status["completedIndexes"]);
        let cut = indexes.get(INDEXES..).and_then(|rest| rest.find(','));
        line(
            "Completed Indexes",
            Some(match cut {
                _ if indexes.is_empty() => "<none>".to_owned(),
                Some(comma) => format!("{}...", &indexes[..=INDEXES + comma]),
                None => indexes,
            }),
        );
    }
    text
}

fn cron_job(spec: &Value, status: &Value, speaks: Speaks) -> String {
    let unset = |value: &Value, unit: &str| {
        value.as_i64().map_or("<unset>".to_owned(), |number| format!("{number}{unit}"))
    };
    let suspended = if spec["suspend"] == true { "True" } else { "False" };
    let of_job = &spec["jobTemplate"]["spec"];
    let mut text = format!(
        "Schedule:\t{}\nConcurrency Policy:\t{}\nSuspend:\t{suspended}\nSuccessful Job History Limit:\t{}\nFailed Job History Limit:\t{}\nStarting Deadline Seconds:\t{}\n",
        string(&spec["schedule"]),
        string(&spec["concurrencyPolicy"]),
        unset(&spec["successfulJobsHistoryLimit"], ""),
        unset(&spec["failedJobsHistoryLimit"], ""),
        unset(&spec["startingDeadlineSeconds"], "s"),
    );
    text.push_str(&format!(
        "Selector:\t<unset>\nParallelism:\t{}\nCompletions:\t{}\n",
        unset(&of_job["parallelism"], ""),
        unset(&of_job["completions"], "")
    ));
    if let Some(seconds) = of_job["activeDeadlineSeconds"].as_i64() {
        text.push_str(&format!("Active Deadline Seconds:\t{seconds}s\n"));
    }
    text.push_str(&template("Pod Template", &of_job["template"], speaks));
    let last = status["lastScheduleTime"].as_str().and_then(age::rfc1123z);
    let active = status["active"].as_array().into_iter().flatten();
    let active = active.map(|one| string(&one["name"])).collect::<Vec<_>>().join(", ");
    text.push_str(&format!(
        "Last Schedule Time:\t{}\nActive Jobs:\t{}\n",
        last.unwrap_or_else(|| "<unset>".to_owned()),
        if active.is_empty() { "<none>" } else { &active }
    ));
    text
}

fn claims(spec: &Value) -> String {
    let templates = spec["volumeClaimTemplates"].as_array().cloned().unwrap_or_default();
    if templates.is_empty() {
        return "Volume Claims:\t<none>\n".to_owned();
    }
    let mut text = String::from("Volume Claims:\n");
    for claim in templates {
        let modes = claim["spec"]["accessModes"].as_array().into_iter().flatten().map(string);
        let capacity = claim["spec"]["resources"]["requests"]["storage"].as_str();
        text.push_str(&format!(
            "  Name:\t{}\n  StorageClass:\t{}\n{}{}  Capacity:\t{}\n  Access Modes:\t[{}]\n",
            string(&claim["metadata"]["name"]),
            string(&claim["spec"]["storageClassName"]),
            multi("  Labels:", &labels(&claim["metadata"]["labels"])),
            multi("  Annotations:", &annotations(&claim)),
            capacity.unwrap_or("<default>"),
            modes.collect::<Vec<_>>().join(" ")
        ));
    }
    text
}

fn conditions(status: &Value) -> String {
    let all = status["conditions"].as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::from("Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n");
    for one in all {
        let (name, status) = (string(&one["type"]), string(&one["status"]));
        text.push_str(&format!("  {name} \t{status}\t{}\n", string(&one["reason"])));
    }
    text
}

/// A Pod template (DescribePodTemplate).
pub(super) fn template(title: &str, template: &Value, speaks: Speaks) -> String {
    let spec = &template["spec"];
    let mut text =
        format!("{title}:\n{}", multi("  Labels:", &labels(&template["metadata"]["labels"])));
    let notes = annotations(template);
    if !notes.is_empty() {
        text.push_str(&multi("  Annotations:", &notes));
    }
    if let Some(account) = spec["serviceAccountName"].as_str().filter(|name| !name.is_empty()) {
        text.push_str(&format!("  Service Account:\t{account}\n"));
    }
    for (label, list) in [("Init Containers", "initContainers"), ("Containers", "containers")] {
        let containers = spec[list].as_array().cloned().unwrap_or_default();
        if containers.is_empty() {
            continue;
        }
        text.push_str(&format!("  {label}:\n"));
        for container in containers {
            // Only the name moves to the right.
            text.push(' ');
            text.push_str(&describe_container(&container, None, None));
        }
    }
    // The same is true of volumes.
    for line in describe_volumes(spec, speaks).lines() {
        let moves = line.starts_with("Volumes:");
        let named = !moves && !line.starts_with("    ");
        text.push_str(if moves {
            "  "
        } else if named {
            " "
        } else {
            ""
        });
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&multi("  Node-Selectors:", &labels(&spec["nodeSelector"])));
    text.push_str(&multi("  Tolerations:", &tolerations(spec)));
    text
}

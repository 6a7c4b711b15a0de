//! Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs: their selectors, their templates, and what of
//! them may not change. They are read as JSON, so that one reading serves all.

use serde_json::{Map, Value};

use super::{labels, pod};
use crate::api::Cause;
use crate::apply::go_json;
use crate::controller::{Schedule, Zone};
use crate::go::quote;
use crate::object::{Object, PodTemplateSpec, Workload, json};

pub(super) fn check(object: &Object) -> Vec<Cause> {
    let value = object.to_value();
    let spec = &value["spec"];
    let Some(workload) = object.kind().workload() else { return Vec::new() };
    match workload {
        Workload::Deployment => deployment(spec),
        Workload::ReplicaSet => [
            counts("spec", spec, &["replicas", "minReadySeconds"]),
            // Upstream says `deployment` here too.
            selected("spec", spec, "deployment"),
            template("spec.template", spec, Some("ReplicaSet")),
        ]
        .concat(),
        Workload::StatefulSet => stateful_set(spec),
        Workload::DaemonSet => [
            selected("spec", spec, "daemonset"),
            template("spec.template", spec, Some("DaemonSet")),
            counts("spec", spec, &["minReadySeconds", "revisionHistoryLimit"]),
        ]
        .concat(),
        Workload::Job => job("spec", spec),
        Workload::CronJob => cron_job(spec),
    }
}

fn deployment(spec: &Value) -> Vec<Cause> {
    [
        counts("spec", spec, &["replicas"]),
        selected("spec", spec, "deployment"),
        template("spec.template", spec, Some("ReplicaSet")),
        strategy(&spec["strategy"]),
        counts(
            "spec",
            spec,
            &["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"],
        ),
    ]
    .concat()
}

fn strategy(strategy: &Value) -> Vec<Cause> {
    let rolling = &strategy["rollingUpdate"];
    match text(&strategy["type"]) {
        "Recreate" if !rolling.is_null() => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            vec![Cause::forbidden("spec.strategy.rollingUpdate", why)]
        }
        "Recreate" => Vec::new(),
        "RollingUpdate" => {
            let is_zero = |value: &Value| *value == 0 || matches!(text(value), "0" | "0%");
            let unavailable = &rolling["maxUnavailable"];
            if is_zero(unavailable) && is_zero(&rolling["maxSurge"]) {
                let why = "may not be 0 when `maxSurge` is 0";
                let field = "spec.strategy.rollingUpdate.maxUnavailable";
                vec![Cause::invalid(field, go_json(unavailable), why)]
            } else {
                Vec::new()
            }
        }
        _ => {
            let (shown, field) = (go_json(strategy), "spec.strategy");
            let body = format!(
                "Unsupported value: {shown}: supported values: \"Recreate\", \"RollingUpdate\""
            );
            vec![Cause::not_supported(field, body)]
        }
    }
}

fn stateful_set(spec: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let policy = text(&spec["podManagementPolicy"]);
    if !matches!(policy, "OrderedReady" | "Parallel") {
        let why = "must be 'OrderedReady' or 'Parallel'";
        causes.push(Cause::invalid("spec.podManagementPolicy", quote(policy), why));
    }
    causes.extend(counts("spec", spec, &["replicas", "minReadySeconds"]));
    causes.extend(selected("spec", spec, "statefulset"));
    // Volumes of claims are mounted without being listed.
    let mut spec = spec.clone();
    let claims: Vec<Value> = spec["volumeClaimTemplates"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|claim| serde_json::json!({ "name": claim["metadata"]["name"], "emptyDir": {} }))
        .collect();
    if !claims.is_empty() {
        let volumes = &mut spec["template"]["spec"]["volumes"];
        let mut all = volumes.as_array().cloned().unwrap_or_default();
        all.retain(|volume| claims.iter().all(|claim| claim["name"] != volume["name"]));
        all.extend(claims);
        *volumes = all.into();
    }
    causes.extend(template("spec.template", &spec, Some("StatefulSet")));
    causes
}

fn job(path: &str, spec: &Value) -> Vec<Cause> {
    let numbers = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    let mut causes = counts(path, spec, &numbers);
    causes.extend(completion(path, spec));
    causes.extend(template(&format!("{path}.template"), spec, None));
    let field = format!("{path}.template.spec.restartPolicy");
    match text(&spec["template"]["spec"]["restartPolicy"]) {
        "OnFailure" | "Never" => {}
        "Always" | "" => {
            causes.push(Cause::required(field, "valid values: \"OnFailure\", \"Never\""));
        }
        other => causes.push(Cause::unsupported(field, other, &["OnFailure", "Never"])),
    }
    causes
}

/// What the completion mode asks for or rules out.
fn completion(path: &str, spec: &Value) -> Vec<Cause> {
    let mode = text(&spec["completionMode"]);
    match mode {
        "Indexed" if spec["completions"].is_null() => {
            let why = "when completion mode is Indexed";
            vec![Cause::required(format!("{path}.completions"), why)]
        }
        "Indexed" => Vec::new(),
        "NonIndexed" | "" => {
            let fields = ["backoffLimitPerIndex", "maxFailedIndexes"];
            let written = fields.into_iter().filter_map(|field| {
                let number = spec[field].as_i64()?;
                let why = "requires indexed completion mode";
                Some(Cause::invalid(format!("{path}.{field}"), number, why))
            });
            written.collect()
        }
        other => {
            let field = format!("{path}.completionMode");
            vec![Cause::unsupported(field, other, &["Indexed", "NonIndexed"])]
        }
    }
}

fn cron_job(spec: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let schedule = text(&spec["schedule"]);
    if schedule.is_empty() {
        causes.push(Cause::required("spec.schedule", ""));
    } else {
        causes.extend(schedule_format(schedule));
    }
    causes.extend(counts("spec", spec, &["startingDeadlineSeconds"]));
    causes.extend(time_zone(&spec["timeZone"]));
    let policy = text(&spec["concurrencyPolicy"]);
    let known = ["Allow", "Forbid", "Replace"];
    if !known.contains(&policy) {
        causes.push(Cause::unsupported("spec.concurrencyPolicy", policy, &known));
    }
    causes.extend(job("spec.jobTemplate.spec", &spec["jobTemplate"]["spec"]));
    causes.extend(counts("spec", spec, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"]));
    causes
}

/// validateScheduleFormat
fn schedule_format(schedule: &str) -> Vec<Cause> {
    let refuse = |why: String| Cause::invalid("spec.schedule", quote(schedule), why);
    let wrong = Schedule::parse(schedule, None).err();
    let zoned = schedule
        .contains("TZ")
        .then(|| "cannot use TZ or CRON_TZ in schedule, use timeZone field instead".to_owned());
    wrong.into_iter().chain(zoned).map(refuse).collect()
}

/// validateTimeZone
fn time_zone(zone: &Value) -> Vec<Cause> {
    let Some(name) = zone.as_str() else { return Vec::new() };
    let refuse = |why: String| vec![Cause::invalid("spec.timeZone", quote(name), why)];
    if name.is_empty() {
        refuse("timeZone must be nil or non-empty string".to_owned())
    } else if name.eq_ignore_ascii_case("local") {
        refuse(
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
                .to_owned(),
        )
    } else if Zone::parse(name).is_none() {
        refuse(format!("unknown time zone {name}"))
    } else {
        Vec::new()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Numbers that may not be negative.
fn counts(path: &str, spec: &Value, fields: &[&str]) -> Vec<Cause> {
    let negative = |field: &&str| {
        let number = spec[*field].as_i64().filter(|number| *number < 0)?;
        let why = "must be greater than or equal to 0";
        Some(Cause::invalid(format!("{path}.{field}"), number, why))
    };
    fields.iter().filter_map(negative).collect()
}

/// The selector, and whether it selects the template.
fn selected(path: &str, spec: &Value, kind: &str) -> Vec<Cause> {
    let selector = &spec["selector"];
    if selector.is_null() {
        return vec![Cause::required(format!("{path}.selector"), "")];
    }
    let mut causes = expressions(&format!("{path}.selector"), selector);
    let empty = |field: &str| match &selector[field] {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => true,
    };
    if empty("matchLabels") && empty("matchExpressions") {
        let why = format!("empty selector is invalid for {kind}");
        causes.push(Cause::invalid(format!("{path}.selector"), go_json(selector), why));
    } else if causes.is_empty() {
        let labels = &spec["template"]["metadata"]["labels"];
        if !matches(selector, labels.as_object()) {
            let field = format!("{path}.template.metadata.labels");
            let why = "`selector` does not match template `labels`";
            causes.push(Cause::invalid(field, go_json(labels), why));
        }
    }
    causes
}

fn expressions(path: &str, selector: &Value) -> Vec<Cause> {
    let pairs: Vec<(String, String)> = selector["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), text(value).to_owned()))
        .collect();
    let mut causes =
        labels(&format!("{path}.matchLabels"), pairs.iter().map(|(key, value)| (key, value)));
    let list = selector["matchExpressions"].as_array().into_iter().flatten();
    for (index, expression) in list.enumerate() {
        let path = format!("{path}.matchExpressions[{index}]");
        let values = expression["values"].as_array().map_or(0, Vec::len);
        match text(&expression["operator"]) {
            "In" | "NotIn" if values == 0 => {
                let why = "must be specified when `operator` is 'In' or 'NotIn'";
                causes.push(Cause::required(format!("{path}.values"), why));
            }
            "Exists" | "DoesNotExist" if values > 0 => {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                causes.push(Cause::forbidden(format!("{path}.values"), why));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => causes.push(Cause::invalid(
                format!("{path}.operator"),
                quote(other),
                "not a valid selector operator",
            )),
        }
    }
    causes
}

/// Whether a label selector selects an object with those labels.
pub(super) fn matches(selector: &Value, labels: Option<&Map<String, Value>>) -> bool {
    let label = |key: &str| labels.and_then(|labels| labels.get(key));
    let by_label = |(key, value): (&String, &Value)| label(key) == Some(value);
    let by_expression = |expression: &Value| {
        let found = label(text(&expression["key"]));
        let listed = || {
            let values = expression["values"].as_array();
            found.is_some_and(|found| values.is_some_and(|values| values.contains(found)))
        };
        match text(&expression["operator"]) {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => found.is_some(),
            _ => found.is_none(),
        }
    };
    selector["matchLabels"].as_object().into_iter().flatten().all(by_label)
        && selector["matchExpressions"].as_array().into_iter().flatten().all(by_expression)
}

/// The Pod template of a spec; `of` names the kind for which Pods always restart.
fn template(path: &str, spec: &Value, of: Option<&str>) -> Vec<Cause> {
    let template = &spec["template"];
    if !template.is_object() {
        return vec![Cause::required(format!("{path}.spec.containers"), "")];
    }
    let typed: PodTemplateSpec = json::read(template);
    let meta = typed.metadata.unwrap_or_default();
    let mut causes = labels(&format!("{path}.labels"), meta.labels.iter().flatten());
    let spec = typed.spec.unwrap_or_default();
    causes.extend(pod::spec(&format!("{path}.spec"), &spec));
    let ephemeral = spec.ephemeral_containers.as_ref().is_some_and(|list| !list.is_empty());
    if ephemeral {
        let why = "ephemeral containers not allowed in pod template";
        causes.push(Cause::forbidden(format!("{path}.spec.ephemeralContainers"), why));
    }
    let Some(kind) = of else { return causes };
    let restart = spec.restart_policy.as_deref().unwrap_or_default();
    if restart != "Always" {
        let field = format!("{path}.spec.restartPolicy");
        causes.push(Cause::unsupported(field, restart, &["Always"]));
    }
    if spec.active_deadline_seconds.is_some() {
        let why = format!("activeDeadlineSeconds in {kind} is not Supported");
        causes.push(Cause::forbidden(format!("{path}.spec.activeDeadlineSeconds"), why));
    }
    causes
}

pub(super) fn update(old: &Object, new: &Object) -> Vec<Cause> {
    let Some(workload) = new.kind().workload() else { return Vec::new() };
    let (old, new) = (old.to_value(), new.to_value());
    let (old, new) = (&old["spec"], &new["spec"]);
    let immutable = |field: &str| {
        let changed = old[field] != new[field];
        let cause = || {
            let shown = if new[field].is_string() {
                quote(text(&new[field]))
            } else {
                go_json(&new[field])
            };
            Cause::invalid(format!("spec.{field}"), shown, "field is immutable")
        };
        changed.then(cause)
    };
    match workload {
        Workload::Deployment | Workload::ReplicaSet | Workload::DaemonSet => {
            immutable("selector").into_iter().collect()
        }
        Workload::StatefulSet => {
            const MUTABLE: [&str; 7] = [
                "replicas",
                "ordinals",
                "template",
                "updateStrategy",
                "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds",
            ];
            let fixed = |spec: &Value| {
                let mut fixed = spec.as_object().cloned().unwrap_or_default();
                fixed.retain(|key, _| !MUTABLE.contains(&key.as_str()));
                fixed
            };
            let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
            let changed = fixed(old) != fixed(new);
            changed.then(|| Cause::forbidden("spec", why)).into_iter().collect()
        }
        Workload::Job => {
            let fields = [
                "completions",
                "selector",
                "template",
                "completionMode",
                "podFailurePolicy",
                "backoffLimitPerIndex",
                "managedBy",
                "successPolicy",
            ];
            let template = |field: &str| {
                let changed = old[field] != new[field];
                changed.then(|| {
                    let shown = crate::schema::internal_json("PodTemplateSpec", &new[field]);
                    Cause::invalid("spec.template", shown, "field is immutable")
                })
            };
            // An indexed Job may be given other indexes, as many as run at once.
            let elastic =
                text(&new["completionMode"]) == "Indexed" && !new["completions"].is_null();
            let completions = |field: &str| {
                let changed = old[field] != new[field] && new[field] != new["parallelism"];
                let why = "can only be modified in tandem with spec.parallelism";
                changed.then(|| Cause::invalid("spec.completions", go_json(&new[field]), why))
            };
            let fault = |field: &str| match field {
                "template" => template(field),
                "completions" if elastic => completions(field),
                other => immutable(other),
            };
            fields.into_iter().filter_map(fault).collect()
        }
        Workload::CronJob => Vec::new(),
    }
}

//! What Jobs, CronJobs, StatefulSets and DaemonSets come to, and what they say of it.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeSet;
use std::sync::Arc;

use pullpath_model::api::{Method, PatchType, Request};
use pullpath_model::cluster::Cluster;
use pullpath_model::log::Fact;
use pullpath_model::object::Kind;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::{Image, NodeSpec, Registry, RegistryKind, Repository, World};
use serde_json::{Value, json};

fn at(seconds: i64) -> SimTime {
    SimTime::START + Span::seconds(seconds)
}

/// An open registry with the tags `1` and `2` of `app`, and nodes that join at these seconds.
fn cluster(joins: &[i64]) -> Cluster {
    let tags = ["1", "2"].map(|tag| (tag.to_owned(), Image { bytes: 1 << 20, ..Image::default() }));
    let repositories =
        [("app".to_owned(), Repository { tags: tags.into(), ..Repository::default() })].into();
    let registry = Registry { kind: RegistryKind::Open, repositories, ..Registry::default() };
    let node = |(index, seconds): (usize, &i64)| NodeSpec {
        name: format!("worker-{}", index + 1),
        joins: at(*seconds),
        ..NodeSpec::default()
    };
    Cluster::new(&Arc::new(World {
        epoch_seconds: 1_772_442_000,
        registries: [("open.example.com".to_owned(), registry)].into(),
        nodes: joins.iter().enumerate().map(node).collect(),
        ..World::default()
    }))
}

fn path(kind: &str, name: &str) -> String {
    let (version, plural) = match kind {
        "Job" => ("batch/v1", "jobs"),
        "CronJob" => ("batch/v1", "cronjobs"),
        "StatefulSet" => ("apps/v1", "statefulsets"),
        "DaemonSet" => ("apps/v1", "daemonsets"),
        _ => return format!("/api/v1/namespaces/default/pods/{name}"),
    };
    format!("/apis/{version}/namespaces/default/{plural}/{name}")
}

fn get(cluster: &mut Cluster, kind: &str, name: &str) -> Value {
    cluster.request(&Request::get(&path(kind, name))).body
}

fn patch(cluster: &mut Cluster, kind: &str, name: &str, body: &Value) {
    let request = Request {
        method: Method::Patch(PatchType::Merge),
        path: path(kind, name),
        query: String::new(),
        body: body.to_string(),
    };
    let response = cluster.request(&request);
    assert_eq!(response.code, 200, "{}", response.body);
}

fn delete(cluster: &mut Cluster, kind: &str, name: &str, query: &str) {
    let request = Request {
        method: Method::Delete,
        path: path(kind, name),
        query: query.to_owned(),
        body: String::new(),
    };
    assert_eq!(cluster.request(&request).code, 200);
}

/// A template whose container does that, of that tag.
fn template(restart: &str, tag: &str, command: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "it" } },
        "spec": { "restartPolicy": restart, "containers": [{
            "name": "app", "image": format!("open.example.com/app:{tag}"),
            "command": ["sh", "-c", command],
        }]},
    })
}

fn apply(cluster: &mut Cluster, version: &str, kind: &str, spec: &Value) {
    let manifest = json!({
        "apiVersion": version, "kind": kind, "metadata": { "name": "it" }, "spec": spec,
    });
    cluster.apply(&manifest).unwrap();
}

fn job(cluster: &mut Cluster, command: &str, more: &Value) {
    let mut spec = json!({ "template": template("Never", "1", command) });
    merge(&mut spec, more);
    apply(cluster, "batch/v1", "Job", &spec);
}

fn set(cluster: &mut Cluster, kind: &str, tag: &str, more: &Value) {
    let mut spec = json!({
        "selector": { "matchLabels": { "app": "it" } },
        "template": template("Always", tag, "serve"),
    });
    merge(&mut spec, more);
    apply(cluster, "apps/v1", kind, &spec);
}

fn merge(spec: &mut Value, more: &Value) {
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
}

/// `reason: message` of what a controller said of `it`, in order, with drawn endings left out.
fn said(cluster: &Cluster, kind: Kind) -> Vec<String> {
    let mut events: Vec<_> = cluster.events();
    events.retain(|of| of.object.kind == kind);
    events.sort_by_key(|of| (of.event.first, of.number));
    let drawn = |word: &str| match word.rsplit_once('-') {
        Some((name, ending))
            if ending.len() == 5 && ending.chars().any(|one| one.is_ascii_digit()) =>
        {
            format!("{name}-*")
        }
        Some((name, ending)) if name == "it" && ending.len() == 5 => "it-*".to_owned(),
        _ => word.to_owned(),
    };
    let line = |message: &str| message.split(' ').map(drawn).collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = Vec::new();
    for of in events {
        let times =
            if of.event.count > 1 { format!(" (x{})", of.event.count) } else { String::new() };
        lines.push(format!("{}: {}{times}", of.event.reason.name(), line(&of.event.message)));
    }
    lines
}

fn conditions(object: &Value) -> Vec<String> {
    let all = object["status"]["conditions"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|one| {
        format!("{}={}/{}", text(&one["type"]), text(&one["status"]), text(&one["reason"]))
    })
    .collect()
}

/// Names of the Pods that there are, with their `STATUS`.
fn pods(cluster: &Cluster) -> Vec<String> {
    cluster.pods().iter().map(|pod| format!("{} {}", pod.key.name, pod.status)).collect()
}

/// When Pods were created, in whole seconds, and their names.
fn creations(cluster: &mut Cluster) -> Vec<(i64, String)> {
    let log = cluster.take_log();
    let created = log
        .iter()
        .filter(|entry| entry.about.kind == Kind::Pod && matches!(entry.fact, Fact::Created));
    created.map(|entry| (entry.at.as_millis() / 1000, entry.about.name.to_string())).collect()
}

// Jobs.

#[test]
fn a_job_is_complete_when_enough_pods_ended_well() {
    let mut cluster = cluster(&[-100]);
    job(&mut cluster, "sleep 5", &json!({ "completions": 3, "parallelism": 2 }));
    cluster.run_until(at(4));
    let object = get(&mut cluster, "Job", "it");
    let status = &object["status"];
    assert_eq!(status["active"], 2);
    assert_eq!(status["ready"], 2);
    let pod = cluster.pods()[0].key.name.to_string();
    let pod = get(&mut cluster, "Pod", &pod);
    assert_eq!(pod["metadata"]["finalizers"], json!(["batch.kubernetes.io/job-tracking"]));
    assert_eq!(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"], "it");
    assert_eq!(pod["metadata"]["ownerReferences"][0]["kind"], "Job");
    assert_eq!(pod["spec"]["enableServiceLinks"], true);
    cluster.run_until(at(60));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(
        conditions(&object),
        ["SuccessCriteriaMet=True/CompletionsReached", "Complete=True/CompletionsReached"]
    );
    let mut status = object["status"].clone();
    assert!(status["completionTime"].is_string());
    for key in ["conditions", "startTime", "completionTime"] {
        status[key] = Value::Null;
    }
    assert_eq!(
        status,
        json!({
            "succeeded": 3, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {},
            "conditions": null, "startTime": null, "completionTime": null,
        })
    );
    assert_eq!(
        said(&cluster, Kind::Job),
        [
            "SuccessfulCreate: Created pod: it-*",
            "SuccessfulCreate: Created pod: it-*",
            "SuccessfulCreate: Created pod: it-*",
            "Completed: Job completed",
        ]
    );
    for pod in cluster.pods().iter().map(|pod| pod.key.name.to_string()).collect::<Vec<_>>() {
        let pod = get(&mut cluster, "Pod", &pod);
        assert_eq!(pod["status"]["phase"], "Succeeded");
        assert!(pod["metadata"]["finalizers"].is_null());
    }
}

/// Recorded as `job-stuck`.
#[test]
fn a_job_that_cannot_pull_fails_by_its_deadline_only() {
    let mut cluster = cluster(&[-100]);
    let mut spec = json!({ "template": template("Never", "missing", "run") });
    spec["activeDeadlineSeconds"] = 60.into();
    apply(&mut cluster, "batch/v1", "Job", &spec);
    cluster.run_until(at(59));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(object["status"]["active"], 1);
    assert_eq!(conditions(&object), [""; 0]);
    cluster.run_until(at(60) + Span::millis(500));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(conditions(&object), ["FailureTarget=True/DeadlineExceeded"]);
    assert_eq!(object["status"]["terminating"], 1);
    assert_eq!(object["status"]["failed"], 1);
    cluster.run_until(at(70));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(
        conditions(&object),
        ["FailureTarget=True/DeadlineExceeded", "Failed=True/DeadlineExceeded"]
    );
    assert_eq!(object["status"]["terminating"], 0);
    assert_eq!(pods(&cluster), [""; 0]);
    assert_eq!(
        said(&cluster, Kind::Job),
        [
            "SuccessfulCreate: Created pod: it-*",
            "SuccessfulDelete: Deleted pod: it-*",
            "DeadlineExceeded: Job was active longer than specified deadline",
        ]
    );
}

/// The pauses double from 10 s on, counted from the end of the Pod that failed.
#[test]
fn failed_pods_come_again_until_the_limit() {
    let mut cluster = cluster(&[-100]);
    job(&mut cluster, "sleep 1; exit 3", &json!({ "backoffLimit": 3 }));
    cluster.run_until(at(300));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(
        conditions(&object),
        ["FailureTarget=True/BackoffLimitExceeded", "Failed=True/BackoffLimitExceeded"]
    );
    assert_eq!(object["status"]["failed"], 4);
    assert_eq!(cluster.pods().len(), 4);
    assert!(pods(&cluster).iter().all(|pod| pod.ends_with(" Error")));
    let times: Vec<i64> = creations(&mut cluster).into_iter().map(|(second, _)| second).collect();
    let pauses: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, least) in pauses.iter().zip([10, 20, 40]) {
        assert!((least..least + 5).contains(pause), "{pauses:?}");
    }
    assert_eq!(
        said(&cluster, Kind::Job).last().unwrap(),
        "BackoffLimitExceeded: Job has reached the specified backoff limit"
    );
}

#[test]
fn a_policy_may_give_up_at_once_or_look_away() {
    let rule = |action: &str| {
        json!({ "backoffLimit": 1, "podFailurePolicy": { "rules": [
            { "action": action, "onExitCodes": { "operator": "In", "values": [42] } },
        ]}})
    };
    let mut failing = cluster(&[-100]);
    job(&mut failing, "exit 42", &rule("FailJob"));
    failing.run_until(at(30));
    let object = get(&mut failing, "Job", "it");
    assert_eq!(
        conditions(&object),
        ["FailureTarget=True/PodFailurePolicy", "Failed=True/PodFailurePolicy"]
    );
    let message = object["status"]["conditions"][1]["message"].as_str().unwrap();
    assert!(message.ends_with("failed with exit code 42 matching FailJob rule at index 0"));
    let mut ignoring = cluster(&[-100]);
    job(&mut ignoring, "exit 42", &rule("Ignore"));
    ignoring.run_until(at(120));
    let object = get(&mut ignoring, "Job", "it");
    assert_eq!(conditions(&object), [""; 0]);
    assert!(object["status"]["failed"].is_null());
    assert!(ignoring.pods().len() > 2);
}

#[test]
fn an_indexed_job_counts_its_indexes() {
    let mut cluster = cluster(&[-100]);
    let indexed = json!({ "completions": 4, "parallelism": 4, "completionMode": "Indexed" });
    job(&mut cluster, "sleep 3", &indexed);
    cluster.run_until(at(2));
    let name = cluster.pods()[2].key.name.to_string();
    assert!(name.starts_with("it-2-"), "{name}");
    let pod = get(&mut cluster, "Pod", &name);
    assert_eq!(pod["spec"]["hostname"], "it-2");
    assert_eq!(pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"], "2");
    assert_eq!(
        pod["spec"]["containers"][0]["env"],
        json!([{ "name": "JOB_COMPLETION_INDEX", "valueFrom": { "fieldRef": {
            "apiVersion": "v1",
            "fieldPath": "metadata.labels['batch.kubernetes.io/job-completion-index']",
        }}}])
    );
    cluster.run_until(at(30));
    assert_eq!(get(&mut cluster, "Job", "it")["status"]["completedIndexes"], "0-3");
}

/// Fewer or more indexes are asked for together with as many Pods at once.
#[test]
fn an_indexed_job_can_be_scaled() {
    let mut cluster = cluster(&[-100]);
    let indexed = json!({ "completions": 3, "parallelism": 3, "completionMode": "Indexed" });
    job(&mut cluster, "sleep 100", &indexed);
    cluster.run_until(at(5));
    patch(&mut cluster, "Job", "it", &json!({ "spec": { "completions": 1, "parallelism": 1 } }));
    cluster.run_until(at(20));
    assert_eq!(cluster.pods().len(), 1);
    assert!(cluster.pods()[0].key.name.starts_with("it-0-"));
    cluster.run_until(at(120));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(object["status"]["completedIndexes"], "0");
    assert_eq!(conditions(&object).last().unwrap(), "Complete=True/CompletionsReached");
}

/// What a Job of the same name learned is not the next one's.
#[test]
fn a_job_that_is_made_anew_begins_anew() {
    let mut cluster = cluster(&[-100]);
    job(&mut cluster, "exit 1", &json!({ "backoffLimit": 9 }));
    cluster.run_until(at(100));
    delete(&mut cluster, "Job", "it", "");
    cluster.run_until(at(110));
    cluster.take_log();
    job(&mut cluster, "exit 1", &json!({ "backoffLimit": 9 }));
    cluster.run_until(at(135));
    assert_eq!(creations(&mut cluster).len(), 2, "the second one comes after ten seconds");
}

#[test]
fn each_index_may_have_a_limit_of_its_own() {
    let mut cluster = cluster(&[-100]);
    let indexed = json!({
        "completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 1,
    });
    job(&mut cluster, "exit 1", &indexed);
    cluster.run_until(at(120));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(
        conditions(&object),
        ["FailureTarget=True/FailedIndexes", "Failed=True/FailedIndexes"]
    );
    assert_eq!(object["status"]["failedIndexes"], "0,1");
    assert_eq!(object["status"]["failed"], 4);
}

#[test]
fn a_suspended_job_has_no_pods_and_goes_on_later() {
    let mut cluster = cluster(&[-100]);
    job(&mut cluster, "sleep 100", &json!({ "suspend": true }));
    cluster.run_until(at(5));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(conditions(&object), ["Suspended=True/JobSuspended"]);
    assert!(object["status"]["startTime"].is_null());
    assert_eq!(pods(&cluster), [""; 0]);
    patch(&mut cluster, "Job", "it", &json!({ "spec": { "suspend": false } }));
    cluster.run_until(at(20));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!(conditions(&object), ["Suspended=False/JobResumed"]);
    assert_eq!(object["status"]["startTime"], "2026-03-02T09:00:05Z");
    patch(&mut cluster, "Job", "it", &json!({ "spec": { "suspend": true } }));
    cluster.run_until(at(40));
    let object = get(&mut cluster, "Job", "it");
    assert!(object["status"]["failed"].is_null(), "a suspended Pod did not fail");
    assert_eq!(pods(&cluster), [""; 0]);
    assert_eq!(
        said(&cluster, Kind::Job),
        [
            "Suspended: Job suspended (x2)",
            "SuccessfulCreate: Created pod: it-*",
            "Resumed: Job resumed",
            "SuccessfulDelete: Deleted pod: it-*",
        ]
    );
}

#[test]
fn a_job_that_is_over_goes_when_its_time_to_live_is() {
    let mut cluster = cluster(&[-100]);
    job(&mut cluster, "sleep 1", &json!({ "ttlSecondsAfterFinished": 30 }));
    cluster.run_until(at(20));
    assert_eq!(cluster.pods().len(), 1);
    cluster.run_until(at(45));
    assert_eq!(pods(&cluster), [""; 0]);
    assert_eq!(get(&mut cluster, "Job", "it")["reason"], "NotFound");
}

#[test]
fn a_deleted_pod_is_replaced_and_counts_as_failed() {
    let mut cluster = cluster(&[-100]);
    job(&mut cluster, "sleep 1000", &json!({}));
    cluster.run_until(at(5));
    let pod = cluster.pods()[0].key.name.to_string();
    delete(&mut cluster, "Pod", &pod, "");
    cluster.run_until(at(30));
    let object = get(&mut cluster, "Job", "it");
    assert_eq!((&object["status"]["failed"], &object["status"]["active"]), (&json!(1), &json!(1)));
    assert_eq!(cluster.pods().len(), 1);
    assert_ne!(&*cluster.pods()[0].key.name, pod);
}

/// Nothing keeps the Pods of a Job that is gone: neither its finalizer nor that somebody orphaned them.
#[test]
fn the_pods_of_a_deleted_job_are_let_go() {
    for policy in ["Background", "Foreground"] {
        let mut cluster = cluster(&[-100]);
        job(&mut cluster, "sleep 1000", &json!({ "parallelism": 2, "completions": 2 }));
        cluster.run_until(at(5));
        delete(&mut cluster, "Job", "it", &format!("propagationPolicy={policy}"));
        cluster.run_until(at(20));
        assert_eq!(pods(&cluster), [""; 0], "{policy}");
        assert_eq!(get(&mut cluster, "Job", "it")["reason"], "NotFound", "{policy}");
    }
    let mut cluster = cluster(&[-100]);
    job(&mut cluster, "sleep 1000", &json!({}));
    cluster.run_until(at(5));
    delete(&mut cluster, "Job", "it", "propagationPolicy=Orphan");
    cluster.run_until(at(20));
    let pod = cluster.pods()[0].key.name.to_string();
    let object = get(&mut cluster, "Pod", &pod);
    assert!(
        object["metadata"]["finalizers"].is_null()
            && object["metadata"]["ownerReferences"].is_null()
    );
}

#[test]
fn what_is_refused_is_told_and_tried_again() {
    let mut cluster = cluster(&[-100]);
    let mut spec = json!({ "template": template("Never", "1", "sleep 100") });
    spec["template"]["spec"]["serviceAccountName"] = "ghost".into();
    apply(&mut cluster, "batch/v1", "Job", &spec);
    cluster.run_until(at(30));
    let want = "FailedCreate: Error creating: pods \"it-\" is forbidden: error looking up service account default/ghost: serviceaccount \"ghost\" not found";
    let told = said(&cluster, Kind::Job);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with(want), "{told:?}");
    cluster
        .apply(
            &json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ghost"}}),
        )
        .unwrap();
    cluster.run_until(at(100));
    assert_eq!(cluster.pods().len(), 1);
}

// CronJobs.

fn cron(cluster: &mut Cluster, command: &str, more: &Value) {
    let mut spec = json!({
        "schedule": "* * * * *",
        "jobTemplate": { "spec": { "template": template("Never", "1", command) } },
    });
    merge(&mut spec, more);
    apply(cluster, "batch/v1", "CronJob", &spec);
}

fn jobs(cluster: &Cluster) -> Vec<String> {
    cluster.store.list(Kind::Job).map(|job| job.name().to_owned()).collect()
}

#[test]
fn a_cron_job_runs_by_its_schedule_and_forgets_old_runs() {
    let mut cluster = cluster(&[-100]);
    cluster.run_until(at(10));
    cron(&mut cluster, "sleep 5", &json!({ "successfulJobsHistoryLimit": 2 }));
    cluster.run_until(at(59));
    assert_eq!(jobs(&cluster), [""; 0]);
    cluster.run_until(at(61));
    // 2026-03-02T09:01 in minutes since 1970.
    assert_eq!(jobs(&cluster), ["it-29540701"]);
    let object = get(&mut cluster, "CronJob", "it");
    assert_eq!(object["status"]["lastScheduleTime"], "2026-03-02T09:01:00Z");
    assert_eq!(object["status"]["active"][0]["name"], "it-29540701");
    let job = get(&mut cluster, "Job", "it-29540701");
    assert_eq!(
        job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"],
        "2026-03-02T09:01:00Z"
    );
    cluster.run_until(at(210));
    assert_eq!(jobs(&cluster), ["it-29540702", "it-29540703"]);
    let object = get(&mut cluster, "CronJob", "it");
    assert!(object["status"]["active"].is_null());
    assert!(object["status"]["lastSuccessfulTime"].is_string());
    assert_eq!(
        said(&cluster, Kind::CronJob)[..3],
        [
            "SuccessfulCreate: Created job it-29540701",
            "SawCompletedJob: Saw completed job: it-29540701, condition: Complete",
            "SuccessfulCreate: Created job it-29540702",
        ]
    );
    assert!(
        said(&cluster, Kind::CronJob).contains(&"SuccessfulDelete: Deleted job it-29540701".into())
    );
    patch(&mut cluster, "CronJob", "it", &json!({ "spec": { "suspend": true } }));
    cluster.run_until(at(400));
    assert_eq!(jobs(&cluster), ["it-29540702", "it-29540703"]);
    delete(&mut cluster, "CronJob", "it", "");
    cluster.run_until(at(420));
    assert_eq!(jobs(&cluster), [""; 0]);
    assert_eq!(pods(&cluster), [""; 0]);
}

#[test]
fn what_a_run_that_is_not_over_means_for_the_next_one() {
    let run = |policy: &str| {
        let mut cluster = cluster(&[-100]);
        cron(&mut cluster, "sleep 1000", &json!({ "concurrencyPolicy": policy }));
        cluster.run_until(at(200));
        cluster
    };
    assert_eq!(jobs(&run("Allow")).len(), 3);
    let forbidding = run("Forbid");
    assert_eq!(jobs(&forbidding), ["it-29540701"]);
    let told = said(&forbidding, Kind::CronJob);
    assert_eq!(told.len(), 2);
    assert_eq!(
        told[1],
        "JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid (x2)"
    );
    let replacing = run("Replace");
    assert_eq!(jobs(&replacing), ["it-29540703"]);
    assert_eq!(replacing.pods().len(), 1);
}

#[test]
fn a_cron_job_has_a_time_zone_and_a_deadline() {
    let mut cluster = cluster(&[-100]);
    let zoned = json!({ "schedule": "5 10 * * *", "timeZone": "Europe/Berlin" });
    cron(&mut cluster, "sleep 1", &zoned);
    cluster.run_until(at(310));
    assert_eq!(jobs(&cluster), ["it-29540705"]);
    let job = get(&mut cluster, "Job", "it-29540705");
    assert_eq!(
        job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"],
        "2026-03-02T10:05:00+01:00"
    );
    // Suspended over a moment, it makes up for it; with a deadline that is over, it does not.
    for (deadline, want) in [(Value::Null, 1), (json!(20), 0)] {
        let mut cluster = self::cluster(&[-100]);
        let late = json!({
            "schedule": "1 * * * *", "suspend": true, "startingDeadlineSeconds": deadline,
        });
        cron(&mut cluster, "sleep 1", &late);
        cluster.run_until(at(100));
        patch(&mut cluster, "CronJob", "it", &json!({ "spec": { "suspend": false } }));
        cluster.run_until(at(120));
        assert_eq!(jobs(&cluster).len(), want);
    }
}

#[test]
fn a_schedule_that_does_not_read_is_refused() {
    let mut cluster = cluster(&[-100]);
    let mut refuse = |more: Value, want: &str| {
        let mut spec = json!({
            "schedule": "* * * * *",
            "jobTemplate": { "spec": { "template": template("Never", "1", "run") } },
        });
        merge(&mut spec, &more);
        let manifest = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "it" }, "spec": spec,
        });
        let error = cluster.apply(&manifest).unwrap_err();
        assert_eq!(error.message, format!("CronJob.batch \"it\" is invalid: {want}"));
    };
    refuse(
        json!({ "schedule": "* * * *" }),
        "spec.schedule: Invalid value: \"* * * *\": expected exactly 5 fields, found 4: [* * * *]",
    );
    refuse(
        json!({ "timeZone": "Mars/Base" }),
        "spec.timeZone: Invalid value: \"Mars/Base\": unknown time zone Mars/Base",
    );
    refuse(
        json!({ "schedule": "TZ=UTC * * * * *" }),
        "spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
    );
}

// StatefulSets.

#[test]
fn a_stateful_set_makes_its_pods_one_after_the_other() {
    let mut cluster = cluster(&[-100]);
    set(&mut cluster, "StatefulSet", "1", &json!({ "replicas": 3, "serviceName": "it" }));
    cluster.run_until(at(1));
    assert_eq!(pods(&cluster), ["it-0 ContainerCreating"]);
    cluster.run_until(at(30));
    assert_eq!(pods(&cluster), ["it-0 Running", "it-1 Running", "it-2 Running"]);
    let pod = get(&mut cluster, "Pod", "it-1");
    assert_eq!(
        (&pod["spec"]["hostname"], &pod["spec"]["subdomain"]),
        (&json!("it-1"), &json!("it"))
    );
    assert_eq!(pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"], "1");
    assert_eq!(pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"], "it-1");
    let object = get(&mut cluster, "StatefulSet", "it");
    let revision = &object["status"]["updateRevision"];
    assert_eq!(pod["metadata"]["labels"]["controller-revision-hash"], *revision);
    assert_eq!(
        object["status"],
        json!({
            "availableReplicas": 3, "collisionCount": 0, "currentReplicas": 3, "currentRevision": revision,
            "observedGeneration": 1, "readyReplicas": 3, "replicas": 3, "updateRevision": revision,
            "updatedReplicas": 3,
        })
    );
    assert_eq!(
        said(&cluster, Kind::StatefulSet),
        [0, 1, 2].map(|ordinal| {
            format!("SuccessfulCreate: Create Pod it-{ordinal} in StatefulSet it successful")
        })
    );
    // Fewer go from the end.
    patch(&mut cluster, "StatefulSet", "it", &json!({ "spec": { "replicas": 1 } }));
    cluster.run_until(at(60));
    assert_eq!(pods(&cluster), ["it-0 Running"]);
    assert_eq!(
        said(&cluster, Kind::StatefulSet)[3..],
        [2, 1].map(|ordinal| {
            format!("SuccessfulDelete: Delete Pod it-{ordinal} in StatefulSet it successful")
        })
    );
}

/// The known issue of a forced rollback: a Pod that does not become ready holds the update up, also the one that would
/// mend it, until somebody deletes it (cluster-recording, Controllers).
#[test]
fn a_stuck_pod_holds_up_the_update_that_mends_it() {
    let mut cluster = cluster(&[-100]);
    set(&mut cluster, "StatefulSet", "1", &json!({ "replicas": 2 }));
    cluster.run_until(at(30));
    set(&mut cluster, "StatefulSet", "missing", &json!({ "replicas": 2 }));
    cluster.run_until(at(90));
    let stuck = pods(&cluster);
    assert_eq!(stuck[0], "it-0 Running");
    assert!(stuck[1].starts_with("it-1 ") && stuck[1].contains("ImagePull"), "{stuck:?}");
    let object = get(&mut cluster, "StatefulSet", "it");
    assert_eq!(object["status"]["currentReplicas"], 1);
    assert_eq!(object["status"]["updatedReplicas"], 1);
    assert_ne!(object["status"]["currentRevision"], object["status"]["updateRevision"]);
    set(&mut cluster, "StatefulSet", "2", &json!({ "replicas": 2 }));
    cluster.run_until(at(300));
    assert!(pods(&cluster)[1].contains("ImagePull"), "a mended template replaces nothing");
    delete(&mut cluster, "Pod", "it-1", "");
    cluster.run_until(at(360));
    assert_eq!(pods(&cluster), ["it-0 Running", "it-1 Running"]);
    let object = get(&mut cluster, "StatefulSet", "it");
    assert_eq!(object["status"]["currentRevision"], object["status"]["updateRevision"]);
    let kind = Kind::of("apps/v1", "ControllerRevision").unwrap();
    assert_eq!(cluster.store.list(kind).count(), 3);
}

#[test]
fn a_partition_and_a_policy_of_their_own() {
    let mut cluster = cluster(&[-100]);
    let parallel = json!({ "replicas": 3, "podManagementPolicy": "Parallel",
        "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 2 } } });
    set(&mut cluster, "StatefulSet", "1", &parallel);
    cluster.run_until(at(1));
    assert_eq!(cluster.pods().len(), 3);
    cluster.run_until(at(20));
    set(&mut cluster, "StatefulSet", "2", &parallel);
    cluster.run_until(at(60));
    let images: Vec<String> =
        cluster.pods().iter().map(|pod| pod.containers[0].image.to_string()).collect();
    assert_eq!(images, ["1", "1", "2"].map(|tag| format!("open.example.com/app:{tag}")));
    // One that was below the partition comes back as it was.
    delete(&mut cluster, "Pod", "it-0", "");
    cluster.run_until(at(90));
    assert_eq!(&*cluster.pods()[0].containers[0].image, "open.example.com/app:1");
}

#[test]
fn a_stateful_set_tells_who_refused_its_pod() {
    let mut cluster = cluster(&[-100]);
    let mut spec = json!({ "selector": { "matchLabels": { "app": "it" } }, "template": template("Always", "1", "serve") });
    spec["template"]["spec"]["serviceAccountName"] = "ghost".into();
    apply(&mut cluster, "apps/v1", "StatefulSet", &spec);
    cluster.run_until(at(3));
    let told = said(&cluster, Kind::StatefulSet);
    let want = "FailedCreate: Create Pod it-0 in StatefulSet it failed error: pods \"it-0\" is forbidden: error looking up service account default/ghost: serviceaccount \"ghost\" not found";
    assert!(told.len() == 1 && told[0].starts_with(want), "{told:?}");
}

// DaemonSets.

#[test]
fn a_daemon_set_has_a_pod_on_each_node_and_a_node_that_joins_gets_one() {
    let mut cluster = cluster(&[-100, -100, 60]);
    set(&mut cluster, "DaemonSet", "1", &json!({}));
    cluster.run_until(at(20));
    let on: BTreeSet<String> =
        cluster.pods().iter().map(|pod| pod.node.as_deref().unwrap().to_owned()).collect();
    assert_eq!(on.into_iter().collect::<Vec<_>>(), ["worker-1", "worker-2"]);
    let name = cluster.pods()[0].key.name.to_string();
    let pod = get(&mut cluster, "Pod", &name);
    assert_eq!(pod["metadata"]["labels"]["pod-template-generation"], "1");
    let terms = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        ["nodeSelectorTerms"];
    assert_eq!(terms[0]["matchFields"][0]["key"], "metadata.name");
    assert!(pod["spec"]["tolerations"].as_array().unwrap().iter().any(|one| {
        one["key"] == "node.kubernetes.io/unschedulable" && one["effect"] == "NoSchedule"
    }));
    assert_eq!(
        get(&mut cluster, "DaemonSet", "it")["status"],
        json!({
            "currentNumberScheduled": 2, "desiredNumberScheduled": 2, "numberAvailable": 2,
            "numberMisscheduled": 0, "numberReady": 2, "observedGeneration": 1, "updatedNumberScheduled": 2,
        })
    );
    cluster.run_until(at(80));
    assert_eq!(cluster.pods().len(), 3);
    assert_eq!(get(&mut cluster, "DaemonSet", "it")["status"]["numberReady"], 3);
    assert_eq!(said(&cluster, Kind::DaemonSet), ["SuccessfulCreate: Created pod: it-*"; 3]);
}

#[test]
fn a_daemon_set_is_updated_node_by_node() {
    let mut cluster = cluster(&[-100, -100, -100]);
    set(&mut cluster, "DaemonSet", "1", &json!({}));
    cluster.run_until(at(20));
    set(&mut cluster, "DaemonSet", "missing", &json!({}));
    cluster.run_until(at(100));
    let status = get(&mut cluster, "DaemonSet", "it")["status"].clone();
    assert_eq!(
        (&status["numberReady"], &status["updatedNumberScheduled"], &status["numberUnavailable"]),
        (&json!(2), &json!(1), &json!(1)),
        "the first that cannot pull holds up the others"
    );
    // Unlike a StatefulSet, it replaces the stuck one.
    set(&mut cluster, "DaemonSet", "2", &json!({}));
    cluster.run_until(at(200));
    assert!(cluster.pods().iter().all(|pod| &*pod.containers[0].image == "open.example.com/app:2"));
    let object = get(&mut cluster, "DaemonSet", "it");
    assert_eq!(object["metadata"]["annotations"]["deprecated.daemonset.template.generation"], "3");
    assert_eq!(object["status"]["numberReady"], 3);
}

//! What the API server fills in before admission (P1), on the object as JSON.
//! *Sources: kubernetes v1.35.6 pkg/apis/{core,apps,batch}/v1/defaults.go and conversion.go; compared with the objects of
//! a recorded 1.35.6 cluster.*

use serde_json::{Map, Value, json};

use crate::object::{Kind, Workload};
use crate::pull_policy;

/// Where a kind keeps its Pod template, as a JSON pointer.
pub(crate) const fn template_of(kind: Kind) -> Option<&'static str> {
    match kind.workload() {
        Some(Workload::CronJob) => Some("/spec/jobTemplate/spec/template"),
        Some(
            Workload::Deployment
            | Workload::ReplicaSet
            | Workload::StatefulSet
            | Workload::DaemonSet
            | Workload::Job,
        ) => Some("/spec/template"),
        None => None,
    }
}

/// Fills an object in whose shape was checked.
pub(crate) fn fill_in(kind: Kind, object: &mut Value) {
    match kind {
        Kind::Secret => secret(object),
        Kind::Namespace => namespace(object),
        Kind::Pod => {
            pod_spec(&mut object["spec"]);
            pod(&mut object["spec"]);
        }
        Kind::Deployment => deployment(&mut object["spec"]),
        Kind::ReplicaSet => {
            set(&mut object["spec"], "replicas", 1);
            labels_from_template(object);
        }
        Kind::StatefulSet => stateful_set(&mut object["spec"]),
        Kind::DaemonSet => daemon_set(&mut object["spec"]),
        Kind::Job => {
            job(&mut object["spec"]);
            labels_from_template(object);
        }
        Kind::CronJob => {
            let spec = &mut object["spec"];
            set(spec, "concurrencyPolicy", "Allow");
            set(spec, "suspend", false);
            set(spec, "successfulJobsHistoryLimit", 3);
            set(spec, "failedJobsHistoryLimit", 1);
        }
        Kind::ServiceAccount => {
            // Of a Secret only the name is kept (pkg/registry/core/serviceaccount/strategy.go).
            for secret in list(object, "secrets") {
                secret
                    .as_object_mut()
                    .into_iter()
                    .for_each(|map| map.retain(|key, _| key == "name"));
            }
        }
        Kind::Role
        | Kind::Node
        | Kind::Event
        | Kind::ConfigMap
        | Kind::Repository
        | Kind::Stored(_) => {}
    }
    if let Some(template) = template_of(kind).and_then(|at| object.pointer_mut(at)) {
        pod_spec(&mut template["spec"]);
    }
}

fn set(object: &mut Value, key: &str, value: impl Into<Value>) {
    if object.get(key).is_none_or(Value::is_null) {
        object[key] = value.into();
    }
}

/// `stringData` is a way of writing `data`, never stored.
fn secret(secret: &mut Value) {
    use base64::Engine as _;
    set(secret, "type", "Opaque");
    let Some(map) = secret.as_object_mut() else { return };
    let Some(Value::Object(written)) = map.remove("stringData") else { return };
    let data = map.entry("data").or_insert_with(|| Value::Object(Map::new()));
    for (key, text) in written {
        let text = text.as_str().unwrap_or_default();
        data[key] = base64::engine::general_purpose::STANDARD.encode(text).into();
    }
}

fn namespace(namespace: &mut Value) {
    if let Some(name) = namespace.pointer("/metadata/name").cloned() {
        namespace["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    }
    set(&mut namespace["spec"], "finalizers", vec!["kubernetes"]);
    set(&mut namespace["status"], "phase", "Active");
}

fn labels_from_template(object: &mut Value) {
    let labels = object.pointer("/spec/template/metadata/labels").cloned();
    let none = object["metadata"]["labels"].as_object().is_none_or(Map::is_empty);
    if let Some(labels) = labels.filter(|_| none) {
        object["metadata"]["labels"] = labels;
    } else if none && let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("labels");
    }
}

fn deployment(spec: &mut Value) {
    set(spec, "replicas", 1);
    let strategy = &mut spec["strategy"];
    set(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        set(strategy, "rollingUpdate", Map::new());
        set(&mut strategy["rollingUpdate"], "maxUnavailable", "25%");
        set(&mut strategy["rollingUpdate"], "maxSurge", "25%");
    }
    set(spec, "revisionHistoryLimit", 10);
    set(spec, "progressDeadlineSeconds", 600);
}

fn stateful_set(spec: &mut Value) {
    set(spec, "podManagementPolicy", "OrderedReady");
    let strategy = &mut spec["updateStrategy"];
    set(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        set(strategy, "rollingUpdate", Map::new());
        set(&mut strategy["rollingUpdate"], "partition", 0);
    }
    let kept = json!({ "whenDeleted": "Retain", "whenScaled": "Retain" });
    set(spec, "persistentVolumeClaimRetentionPolicy", kept);
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    for claim in list(spec, "volumeClaimTemplates") {
        set(claim, "apiVersion", "v1");
        set(claim, "kind", "PersistentVolumeClaim");
        set(&mut claim["spec"], "volumeMode", "Filesystem");
        set(&mut claim["status"], "phase", "Pending");
    }
}

fn daemon_set(spec: &mut Value) {
    let strategy = &mut spec["updateStrategy"];
    set(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        set(strategy, "rollingUpdate", Map::new());
        set(&mut strategy["rollingUpdate"], "maxUnavailable", 1);
        set(&mut strategy["rollingUpdate"], "maxSurge", 0);
    }
    set(spec, "revisionHistoryLimit", 10);
}

fn job(spec: &mut Value) {
    if spec.get("completions").is_none() && spec.get("parallelism").is_none() {
        set(spec, "completions", 1);
    }
    set(spec, "parallelism", 1);
    let limit = if spec.get("backoffLimitPerIndex").is_some() { i32::MAX } else { 6 };
    set(spec, "backoffLimit", limit);
    set(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    let policy =
        if spec.get("podFailurePolicy").is_some() { "Failed" } else { "TerminatingOrFailed" };
    set(spec, "podReplacementPolicy", policy);
    set(spec, "manualSelector", false);
}

/// A Job's own label and selector (pkg/registry/batch/job/strategy.go generateSelector).
pub(crate) fn select_by_uid(job: &mut Value, name: &str, uid: &str) {
    if job.pointer("/spec/manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    // Labels that were taken over from the template are the template's: in Go, the same map.
    let of_template = job.pointer("/spec/template/metadata/labels").cloned().unwrap_or_default();
    let own = job["metadata"]["labels"].clone();
    let are_shared = own.as_object().is_none_or(Map::is_empty) || own == of_template;
    let Some(spec) = job.get_mut("spec") else { return };
    let labels = [
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
        ("controller-uid", uid),
        ("job-name", name),
    ];
    for (key, value) in labels {
        spec["template"]["metadata"]["labels"][key] = value.into();
    }
    spec["selector"] = json!({ "matchLabels": { "batch.kubernetes.io/controller-uid": uid } });
    if are_shared {
        let labels = spec["template"]["metadata"]["labels"].clone();
        job["metadata"]["labels"] = labels;
    }
}

/// What only a Pod itself gets, no template.
fn pod(spec: &mut Value) {
    set(spec, "enableServiceLinks", true);
    let on_host = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for key in ["containers", "initContainers"] {
        for container in list(spec, key) {
            let limits = container.pointer("/resources/limits").and_then(Value::as_object).cloned();
            let limits = limits.unwrap_or_default();
            for (resource, amount) in limits {
                set(&mut container["resources"]["requests"], &resource, amount);
            }
            for port in list(container, "ports").iter_mut().filter(|_| on_host) {
                let same = port["containerPort"].clone();
                set(port, "hostPort", same);
            }
        }
    }
}

fn pod_spec(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    set(spec, "dnsPolicy", "ClusterFirst");
    set(spec, "restartPolicy", "Always");
    set(spec, "securityContext", Map::new());
    set(spec, "terminationGracePeriodSeconds", 30);
    set(spec, "schedulerName", "default-scheduler");
    // The two fields are one: whichever is written, both are stored.
    let account = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount")).cloned();
    if let Some(account) = account {
        spec["serviceAccountName"] = account.clone();
        spec["serviceAccount"] = account;
    }
    for key in ["initContainers", "containers", "ephemeralContainers"] {
        list(spec, key).iter_mut().for_each(container);
    }
    list(spec, "volumes").iter_mut().for_each(volume);
}

/// P2 among others.
fn container(container: &mut Value) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = pull_policy::default_for(image).name();
    set(container, "imagePullPolicy", policy);
    set(container, "terminationMessagePath", "/dev/termination-log");
    set(container, "terminationMessagePolicy", "File");
    for port in list(container, "ports") {
        set(port, "protocol", "TCP");
    }
    for variable in list(container, "env") {
        if let Some(field) = variable.pointer_mut("/valueFrom/fieldRef") {
            set(field, "apiVersion", "v1");
        }
    }
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(key) else { continue };
        set(probe, "timeoutSeconds", 1);
        set(probe, "periodSeconds", 10);
        set(probe, "successThreshold", 1);
        set(probe, "failureThreshold", 3);
        http_get(probe);
        if let Some(grpc) = probe.get_mut("grpc") {
            set(grpc, "service", "");
        }
    }
    for at in ["/lifecycle/postStart", "/lifecycle/preStop"] {
        container.pointer_mut(at).into_iter().for_each(http_get);
    }
}

fn http_get(handler: &mut Value) {
    if let Some(get) = handler.get_mut("httpGet") {
        set(get, "path", "/");
        set(get, "scheme", "HTTP");
    }
}

fn volume(volume: &mut Value) {
    if volume.as_object().is_some_and(|map| map.keys().all(|key| key == "name")) {
        volume["emptyDir"] = Value::Object(Map::new());
    }
    for key in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(key) {
            set(source, "defaultMode", 420);
            downward(source);
            for part in list(source, "sources") {
                if let Some(token) = part.get_mut("serviceAccountToken") {
                    set(token, "expirationSeconds", 3600);
                }
                part.get_mut("downwardAPI").into_iter().for_each(downward);
            }
        }
    }
    if let Some(path) = volume.get_mut("hostPath") {
        set(path, "type", "");
    }
    if let Some(image) = volume.get_mut("image") {
        let reference = image.get("reference").and_then(Value::as_str).unwrap_or_default();
        let policy = pull_policy::default_for(reference).name();
        set(image, "pullPolicy", policy);
    }
    if let Some(claim) = volume.pointer_mut("/ephemeral/volumeClaimTemplate/spec") {
        set(claim, "volumeMode", "Filesystem");
    }
}

fn downward(source: &mut Value) {
    for item in list(source, "items") {
        if let Some(field) = item.get_mut("fieldRef") {
            set(field, "apiVersion", "v1");
        }
    }
}

fn list<'a>(object: &'a mut Value, key: &str) -> &'a mut [Value] {
    object.get_mut(key).and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default()
}

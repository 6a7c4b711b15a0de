//! The cells of `kubectl get`, as the API server makes them
//! (kubernetes v1.35.6 pkg/printers/internalversion/printers.go).

use serde_json::Value;

use super::resource::Resource;
use super::version::Speaks;
use crate::print::age;

/// Headers of a type.
pub(super) fn headers(resource: &Resource, wide: bool, speaks: Speaks) -> Vec<&'static str> {
    if wide && resource.kind == "Event" {
        return WIDE_EVENT.to_vec();
    }
    let (narrow, more) = match resource.kind {
        "ServiceAccount" if speaks.shows_mountable_secrets() => {
            (&["NAME", "SECRETS", "AGE"][..], &[][..])
        }
        _ => of_kind(resource),
    };
    let more = if wide { more } else { &[] };
    narrow.iter().chain(more).copied().collect()
}

/// Headers of a type, the wide ones apart.
fn of_kind(resource: &Resource) -> (&'static [&'static str], &'static [&'static str]) {
    match resource.kind {
        "Pod" => (
            &["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
            &["IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
        ),
        "Secret" => (&["NAME", "TYPE", "DATA", "AGE"], &[]),
        "ConfigMap" => (&["NAME", "DATA", "AGE"], &[]),
        "Deployment" => (
            &["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
            &["CONTAINERS", "IMAGES", "SELECTOR"],
        ),
        "ReplicaSet" => {
            (&["NAME", "DESIRED", "CURRENT", "READY", "AGE"], &["CONTAINERS", "IMAGES", "SELECTOR"])
        }
        "StatefulSet" => (&["NAME", "READY", "AGE"], &["CONTAINERS", "IMAGES"]),
        "DaemonSet" => (
            &[
                "NAME",
                "DESIRED",
                "CURRENT",
                "READY",
                "UP-TO-DATE",
                "AVAILABLE",
                "NODE SELECTOR",
                "AGE",
            ],
            &["CONTAINERS", "IMAGES", "SELECTOR"],
        ),
        "ControllerRevision" => (&["NAME", "CONTROLLER", "REVISION", "AGE"], &[]),
        "Job" => (
            &["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"],
            &["CONTAINERS", "IMAGES", "SELECTOR"],
        ),
        "CronJob" => (
            &["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "AGE"],
            &["CONTAINERS", "IMAGES", "SELECTOR"],
        ),
        "Event" => (&["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], &[]),
        "Node" => (
            &["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
            &["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
        ),
        "Namespace" => (&["NAME", "STATUS", "AGE"], &[]),
        "ExternalSecret" => (
            &["NAME", "STORETYPE", "STORE", "REFRESH INTERVAL", "STATUS", "READY", "LAST SYNC"],
            &[],
        ),
        // Types without columns of their own have these two.
        _ => (&["NAME", "AGE"], &[]),
    }
}

/// Events have their wide columns between the others.
const WIDE_EVENT: [&str; 10] = [
    "LAST SEEN",
    "TYPE",
    "REASON",
    "OBJECT",
    "SUBOBJECT",
    "SOURCE",
    "MESSAGE",
    "FIRST SEEN",
    "COUNT",
    "NAME",
];

/// The cells of an object.
pub(super) fn cells(
    resource: &Resource,
    object: &Value,
    wide: bool,
    now: i64,
    speaks: Speaks,
) -> Vec<String> {
    let name = text(&object["metadata"]["name"]);
    let created = age::since(object["metadata"]["creationTimestamp"].as_str(), now);
    let status = &object["status"];
    let count = |field: &str| status[field].as_i64().unwrap_or(0).to_string();
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let mut cells = match resource.kind {
        "Pod" => {
            let pod = pod_summary(object, now);
            vec![name, pod.ready, pod.status, pod.restarts, created]
        }
        "Secret" => vec![name, text(&object["type"]), size(&object["data"]).to_string(), created],
        "ServiceAccount" if speaks.shows_mountable_secrets() => {
            let secrets = object["secrets"].as_array().map_or(0, Vec::len);
            vec![name, secrets.to_string(), created]
        }
        "ConfigMap" => {
            let keys = size(&object["data"]) + size(&object["binaryData"]);
            vec![name, keys.to_string(), created]
        }
        "Deployment" => vec![
            name,
            format!("{}/{wanted}", count("readyReplicas")),
            count("updatedReplicas"),
            count("availableReplicas"),
            created,
        ],
        "ReplicaSet" => {
            vec![name, wanted.to_string(), count("replicas"), count("readyReplicas"), created]
        }
        "StatefulSet" => vec![name, format!("{}/{wanted}", count("readyReplicas")), created],
        "DaemonSet" => vec![
            name,
            count("desiredNumberScheduled"),
            count("currentNumberScheduled"),
            count("numberReady"),
            count("updatedNumberScheduled"),
            count("numberAvailable"),
            pairs(&object["spec"]["template"]["spec"]["nodeSelector"]),
            created,
        ],
        "ControllerRevision" => {
            let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            let owner = owners.into_iter().find(|owner| owner["controller"] == true);
            let owner = owner.map(|owner| {
                let kind = text(&owner["kind"]).to_ascii_lowercase();
                let version = text(&owner["apiVersion"]);
                let group = version.split_once('/').map_or("", |(group, _)| group);
                let dot = if group.is_empty() { "" } else { "." };
                format!("{kind}{dot}{group}/{}", text(&owner["name"]))
            });
            let controller = owner.unwrap_or_else(|| "<none>".to_owned());
            vec![name, controller, object["revision"].to_string(), created]
        }
        "Job" => job_cells(object, name, created, now),
        "CronJob" => vec![
            name,
            text(&object["spec"]["schedule"]),
            or_none(&object["spec"]["timeZone"]),
            if object["spec"]["suspend"] == true { "True" } else { "False" }.to_owned(),
            status["active"].as_array().map_or(0, Vec::len).to_string(),
            match status["lastScheduleTime"].as_str() {
                None => "<none>".to_owned(),
                last => age::since(last, now),
            },
            created,
        ],
        "Event" => return event_cells(object, wide, now),
        "Node" => {
            let version = text(&status["nodeInfo"]["kubeletVersion"]);
            vec![name, node_status(object), node_roles(object), created, version]
        }
        "Namespace" => {
            let phase = status["phase"].as_str().unwrap_or("Active").to_owned();
            vec![name, phase, created]
        }
        "ExternalSecret" => {
            let conditions = status["conditions"].as_array();
            let ready = conditions.into_iter().flatten().find(|one| one["type"] == "Ready");
            let ready = ready.cloned().unwrap_or_default();
            let store = &object["spec"]["secretStoreRef"];
            vec![
                name,
                store["kind"].as_str().unwrap_or("SecretStore").to_owned(),
                text(&store["name"]),
                text(&object["spec"]["refreshInterval"]),
                text(&ready["reason"]),
                text(&ready["status"]),
                status["refreshTime"]
                    .as_str()
                    .map_or(String::new(), |at| age::since(Some(at), now)),
            ]
        }
        _ => vec![name, created],
    };
    if wide {
        cells.extend(wide_cells(resource, object));
    }
    cells
}

fn wide_cells(resource: &Resource, object: &Value) -> Vec<String> {
    match resource.kind {
        "Pod" => vec![
            or_none(&object["status"]["podIPs"][0]["ip"]),
            or_none(&object["spec"]["nodeName"]),
            or_none(&object["status"]["nominatedNodeName"]),
            "<none>".to_owned(),
        ],
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" => {
            let template = match resource.kind {
                "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"],
                _ => &object["spec"]["template"],
            };
            let list = |field: &str| {
                let containers = template["spec"]["containers"].as_array();
                let all: Vec<String> =
                    containers.into_iter().flatten().map(|one| text(&one[field])).collect();
                all.join(",")
            };
            let mut cells = vec![list("name"), list("image")];
            if resource.kind != "StatefulSet" {
                cells.push(pairs(&object["spec"]["selector"]["matchLabels"]));
            }
            cells
        }
        "Node" => {
            let address = |kind: &str| {
                let all = object["status"]["addresses"].as_array();
                let found = all.into_iter().flatten().find(|one| one["type"] == kind);
                found.map_or_else(|| "<none>".to_owned(), |one| text(&one["address"]))
            };
            let info = |field: &str| match object["status"]["nodeInfo"][field].as_str() {
                Some(text) => text.to_owned(),
                None => "<unknown>".to_owned(),
            };
            vec![
                address("InternalIP"),
                address("ExternalIP"),
                info("osImage"),
                info("kernelVersion"),
                info("containerRuntimeVersion"),
            ]
        }
        _ => Vec::new(),
    }
}

/// What the STATUS, READY and RESTARTS cells of a Pod are made of.
pub(super) struct PodSummary {
    pub(super) ready: String,
    pub(super) status: String,
    pub(super) restarts: String,
}

/// printPod, in the order in which later steps override earlier ones (kubectl.md, section 3).
pub(super) fn pod_summary(pod: &Value, now: i64) -> PodSummary {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let condition = |kind: &str| {
        list(&status["conditions"]).into_iter().find(|one| one["type"] == kind).unwrap_or_default()
    };
    let inits = list(&spec["initContainers"]);
    let restartable = |name: &Value| {
        inits.iter().any(|init| init["name"] == *name && init["restartPolicy"] == "Always")
    };
    let sidecars = inits.iter().filter(|init| init["restartPolicy"] == "Always").count();
    let total = list(&spec["containers"]).len() + sidecars;
    let mut reason = text(&status["phase"]);
    if let Some(given) = status["reason"].as_str().filter(|given| !given.is_empty()) {
        given.clone_into(&mut reason);
    }
    if condition("PodScheduled")["reason"] == "SchedulingGated" {
        "SchedulingGated".clone_into(&mut reason);
    }
    let mut ready = 0;
    let mut restarts = 0;
    let mut sidecar_restarts = 0;
    let finished =
        |one: &Value| one["lastState"]["terminated"]["finishedAt"].as_str().map(str::to_owned);
    let (mut last, mut last_of_sidecars) = (None, None);
    let mut initializing = false;
    for (index, one) in list(&status["initContainerStatuses"]).iter().enumerate() {
        let is_sidecar = restartable(&one["name"]);
        restarts += one["restartCount"].as_i64().unwrap_or(0);
        last = finished(one).max(last);
        if is_sidecar {
            sidecar_restarts += one["restartCount"].as_i64().unwrap_or(0);
            last_of_sidecars = finished(one).max(last_of_sidecars);
        }
        let (terminated, waiting) = (&one["state"]["terminated"], &one["state"]["waiting"]);
        if terminated.is_object() && terminated["exitCode"] == 0 {
            continue;
        }
        if is_sidecar && one["started"] == true {
            ready += usize::from(one["ready"] == true);
            continue;
        }
        reason = if terminated.is_object() {
            format!("Init:{}", terminated_reason(terminated))
        } else if let Some(why) =
            waiting["reason"].as_str().filter(|why| !why.is_empty() && *why != "PodInitializing")
        {
            format!("Init:{why}")
        } else {
            format!("Init:{index}/{}", inits.len())
        };
        initializing = true;
        break;
    }
    if !initializing || condition("Initialized")["status"] == "True" {
        restarts = sidecar_restarts;
        last = last_of_sidecars;
        let mut has_running = false;
        for one in list(&status["containerStatuses"]).iter().rev() {
            restarts += one["restartCount"].as_i64().unwrap_or(0);
            last = finished(one).max(last);
            let (terminated, waiting) = (&one["state"]["terminated"], &one["state"]["waiting"]);
            if let Some(why) = waiting["reason"].as_str().filter(|why| !why.is_empty()) {
                why.clone_into(&mut reason);
            } else if terminated.is_object() {
                reason = terminated_reason(terminated);
            } else if one["ready"] == true && one["state"]["running"].is_object() {
                has_running = true;
                ready += 1;
            }
        }
        if reason == "Completed" && has_running {
            let is_ready = condition("Ready")["status"] == "True";
            let word = if is_ready { "Running" } else { "NotReady" };
            word.clone_into(&mut reason);
        }
    }
    let ended = ["Failed", "Succeeded"].contains(&status["phase"].as_str().unwrap_or_default());
    if !pod["metadata"]["deletionTimestamp"].is_null() && !ended {
        let word = if status["reason"] == "NodeLost" { "Unknown" } else { "Terminating" };
        word.clone_into(&mut reason);
    }
    let restarts = match last {
        Some(last) if restarts != 0 => format!("{restarts} ({} ago)", age::since(Some(&last), now)),
        _ => restarts.to_string(),
    };
    PodSummary { ready: format!("{ready}/{total}"), status: reason, restarts }
}

fn terminated_reason(terminated: &Value) -> String {
    match terminated["reason"].as_str().filter(|reason| !reason.is_empty()) {
        Some(reason) => reason.to_owned(),
        None => match terminated["signal"].as_i64().filter(|signal| *signal != 0) {
            Some(signal) => format!("Signal:{signal}"),
            None => format!("ExitCode:{}", terminated["exitCode"].as_i64().unwrap_or(0)),
        },
    }
}

fn job_cells(job: &Value, name: String, created: String, now: i64) -> Vec<String> {
    let status = &job["status"];
    let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
    let holds =
        |kind: &str| conditions.iter().any(|one| one["type"] == kind && one["status"] == "True");
    let word = if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if !job["metadata"]["deletionTimestamp"].is_null() {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else if holds("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    };
    let succeeded = status["succeeded"].as_i64().unwrap_or(0);
    let completions = match job["spec"]["completions"].as_i64() {
        Some(completions) => format!("{succeeded}/{completions}"),
        None => match job["spec"]["parallelism"].as_i64() {
            Some(parallelism @ 2..) => format!("{succeeded}/1 of {parallelism}"),
            _ => format!("{succeeded}/1"),
        },
    };
    let seconds = |field: &str| status[field].as_str().and_then(age::unix_seconds);
    let duration = match (seconds("startTime"), seconds("completionTime")) {
        (None, _) => String::new(),
        (Some(start), Some(end)) => age::human((end - start) * 1000),
        (Some(start), None) => age::human(now - start * 1000),
    };
    vec![name, word.to_owned(), completions, duration, created]
}

fn event_cells(event: &Value, wide: bool, now: i64) -> Vec<String> {
    let times = EventTimes::of(event);
    let about = &event["involvedObject"];
    let object = format!("{}/{}", text(&about["kind"]).to_lowercase(), text(&about["name"]));
    let last = age::since(times.last.as_deref(), now);
    let message = text(&event["message"]).trim().to_owned();
    let mut cells = vec![last, text(&event["type"]), text(&event["reason"]), object];
    if wide {
        cells.extend([text(&about["fieldPath"]), times.source]);
    }
    cells.push(message);
    if wide {
        cells.extend([
            age::since(times.first.as_deref(), now),
            times.count.to_string(),
            text(&event["metadata"]["name"]),
        ]);
    }
    cells
}

/// When an event was seen, how often, and by whom.
pub(super) struct EventTimes {
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) count: i64,
    pub(super) source: String,
}

impl EventTimes {
    pub(super) fn of(event: &Value) -> Self {
        let some = |value: &Value| value.as_str().map(str::to_owned);
        let first = some(&event["firstTimestamp"]).or_else(|| some(&event["eventTime"]));
        let last = some(&event["series"]["lastObservedTime"])
            .or_else(|| some(&event["lastTimestamp"]))
            .or_else(|| first.clone());
        let count = event["series"]["count"].as_i64().or_else(|| event["count"].as_i64());
        let part = |one: &Value, other: &Value| {
            one.as_str()
                .filter(|text| !text.is_empty())
                .or_else(|| other.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let component = part(&event["source"]["component"], &event["reportingComponent"]);
        let host = part(&event["source"]["host"], &event["reportingInstance"]);
        let source = if host.is_empty() { component } else { format!("{component}, {host}") };
        Self { first, last, count: count.unwrap_or(0).max(1), source }
    }
}

fn node_status(node: &Value) -> String {
    let conditions = node["status"]["conditions"].as_array();
    let ready = conditions.into_iter().flatten().find(|one| one["type"] == "Ready");
    let word = match ready.map(|one| one["status"] == "True") {
        Some(true) => "Ready",
        Some(false) => "NotReady",
        None => "Unknown",
    };
    let cordoned = node["spec"]["unschedulable"] == true;
    format!("{word}{}", if cordoned { ",SchedulingDisabled" } else { "" })
}

pub(super) fn node_roles(node: &Value) -> String {
    let labels = node["metadata"]["labels"].as_object();
    let mut roles: Vec<String> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role.to_owned()).filter(|role| !role.is_empty()),
            None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
            None => None,
        })
        .collect();
    roles.sort();
    if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn or_none(value: &Value) -> String {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or("<none>").to_owned()
}

fn size(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

/// `k=v,k2=v2`, or `<none>`.
pub(super) fn pairs(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten();
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", text(value))).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}

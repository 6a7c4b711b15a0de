//! A Pod's phase and conditions as its node publishes them, and `status` as a reader of the API gets it.
//! *Sources: kubernetes v1.35.6 pkg/kubelet/kubelet_pods.go (getPhase, convertToAPIContainerStatuses),
//! pkg/kubelet/status/generate.go; confirmed by the watches of a recorded 1.35.6 cluster.*

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::message::kubelet as words;
use crate::object::{Container, Pod, PodSpec};
use crate::pod::{ContainerKind, ContainerRun, Ended, PodRun, RestartPolicy, State};
use crate::time::{self, SimTime};

/// `status.phase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending,
    Running,
    Succeeded,
    Failed,
}

impl Phase {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }

    /// Whether nothing follows.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// What a node publishes of a Pod besides its containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) phase: Phase,
    /// When the node first said something: `startTime`.
    pub(crate) since: SimTime,
    pub(crate) sandbox: Condition,
    pub(crate) initialized: Condition,
    pub(crate) ready: Condition,
    pub(crate) containers_ready: Condition,
}

/// A condition. Its message follows from the containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) holds: bool,
    pub(crate) reason: Option<&'static str>,
    pub(crate) since: SimTime,
}

impl Condition {
    const fn new(holds: bool, reason: Option<&'static str>, now: SimTime) -> Self {
        Self { holds, reason, since: now }
    }

    /// `lastTransitionTime` moves when the status does, not when the reason does.
    fn follow(&mut self, holds: bool, reason: Option<&'static str>, now: SimTime) {
        if self.holds != holds {
            self.since = now;
        }
        (self.holds, self.reason) = (holds, reason);
    }
}

/// What a Pod's node publishes of it now, when it published that before.
pub(crate) fn publish(run: &PodRun, sandbox: bool, now: SimTime) -> Published {
    let phase = phase(run);
    let completed = phase == Phase::Succeeded;
    let done = |one: &ContainerRun| match one.kind {
        ContainerKind::Init => one.shown.ended_well(),
        ContainerKind::Sidecar => matches!(one.shown, State::Running(_)) || one.shown.ended_well(),
        ContainerKind::App | ContainerKind::Ephemeral => true,
    };
    let initialized = run.containers.iter().all(done);
    let ready = run.containers.iter().all(|one| match one.kind {
        ContainerKind::Init | ContainerKind::Ephemeral => true,
        ContainerKind::Sidecar | ContainerKind::App => matches!(one.shown, State::Running(_)),
    });
    let (init_reason, ready_reason) = match (completed, initialized, ready) {
        (true, ..) => (Some(words::POD_COMPLETED), Some(words::POD_COMPLETED)),
        (false, false, _) => {
            (Some(words::CONTAINERS_NOT_INITIALIZED), Some(words::CONTAINERS_NOT_READY))
        }
        (false, true, false) => (None, Some(words::CONTAINERS_NOT_READY)),
        (false, true, true) => (None, None),
    };
    let initialized = initialized || completed;
    let ready = ready && !completed;
    match &run.published {
        None => Published {
            phase,
            since: now,
            sandbox: Condition::new(sandbox, None, now),
            initialized: Condition::new(initialized, init_reason, now),
            ready: Condition::new(ready, ready_reason, now),
            containers_ready: Condition::new(ready, ready_reason, now),
        },
        Some(before) => {
            let mut after = before.clone();
            after.phase = phase;
            after.sandbox.follow(sandbox, None, now);
            after.initialized.follow(initialized, init_reason, now);
            after.ready.follow(ready, ready_reason, now);
            after.containers_ready.follow(ready, ready_reason, now);
            after
        }
    }
}

/// The phase that follows from what is shown of the containers (getPhase).
fn phase(run: &PodRun) -> Phase {
    let never = run.restart_policy == RestartPolicy::Never;
    let (mut waiting, mut running, mut stopped, mut succeeded) = (0, 0, 0, 0);
    for one in &run.containers {
        match (one.kind, &one.shown) {
            (ContainerKind::Ephemeral, _) | (ContainerKind::Sidecar, State::Running(_)) => {}
            (ContainerKind::Init | ContainerKind::Sidecar, State::Terminated(ended)) => {
                if ended.exit_code != 0 {
                    return if never { Phase::Failed } else { Phase::Pending };
                }
            }
            (ContainerKind::Init | ContainerKind::Sidecar, _) => return Phase::Pending,
            (ContainerKind::App, State::Fresh | State::Waiting(_)) => waiting += 1,
            (ContainerKind::App, State::Running(_)) => running += 1,
            (ContainerKind::App, State::Terminated(ended)) => {
                stopped += 1;
                succeeded += i32::from(ended.exit_code == 0);
            }
        }
    }
    let always = run.restart_policy == RestartPolicy::Always && run.deleting.is_none();
    match (waiting, running, stopped) {
        (1.., ..) | (0, 0, 0) => Phase::Pending,
        (_, 1.., _) => Phase::Running,
        _ if always => Phase::Running,
        _ if stopped == succeeded => Phase::Succeeded,
        _ if never || run.deleting.is_some() => Phase::Failed,
        _ => Phase::Running,
    }
}

/// Where a Pod runs, as its status says it.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) host: String,
    pub(crate) pod: String,
}

/// `status` of a Pod as it was last published. `pod` is the stored object.
pub(crate) fn render(run: &PodRun, pod: &Pod, epoch: i64, addresses: &Addresses) -> Value {
    let clock = |at: SimTime| Value::from(time::rfc3339(epoch, at));
    let generation = pod.metadata.generation.unwrap_or(1);
    let mut status = Map::new();
    status.insert("phase".into(), run.phase().into());
    status.insert("qosClass".into(), qos_class(pod.spec.as_ref()).into());
    let mut conditions = Vec::new();
    let mut condition = |name: &str, one: Condition, message: Option<String>| {
        let mut value = json!({
            "type": name,
            "status": if one.holds { "True" } else { "False" },
            "lastProbeTime": null,
            "lastTransitionTime": clock(one.since),
            "observedGeneration": generation,
        });
        if let Some(reason) = one.reason {
            value["reason"] = reason.into();
        }
        if let Some(message) = message {
            value["message"] = message.into();
        }
        conditions.push(value);
    };
    if let Some(published) = &run.published {
        let unready = unready(run, published);
        let incomplete = incomplete(run, published);
        condition("PodReadyToStartContainers", published.sandbox, None);
        condition("Initialized", published.initialized, incomplete);
        condition("Ready", published.ready, unready.clone());
        condition("ContainersReady", published.containers_ready, unready);
        status.insert("startTime".into(), clock(published.since));
        status.insert("observedGeneration".into(), generation.into());
        status.insert("hostIP".into(), addresses.host.as_str().into());
        status.insert("hostIPs".into(), json!([{ "ip": addresses.host }]));
        if run.syncs > 0 && published.sandbox.holds {
            status.insert("podIP".into(), addresses.pod.as_str().into());
            status.insert("podIPs".into(), json!([{ "ip": addresses.pod }]));
        }
    }
    if let Some(scheduled) = run.scheduled {
        condition("PodScheduled", Condition::new(true, None, scheduled), None);
    }
    if !conditions.is_empty() {
        status.insert("conditions".into(), conditions.into());
    }
    if run.published.is_some() {
        let waits = run
            .containers
            .iter()
            .any(|one| matches!(one.kind, ContainerKind::Init | ContainerKind::Sidecar));
        let waits = if waits { words::POD_INITIALIZING } else { words::CONTAINER_CREATING };
        for name in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
            let list: Vec<Value> = run
                .containers
                .iter()
                .filter(|one| list_of(one.kind) == name)
                .map(|one| container_status(one, pod, waits, &clock))
                .collect();
            if !list.is_empty() {
                status.insert(name.into(), list.into());
            }
        }
    }
    Value::Object(status)
}

/// The list of the status that a container stands in.
const fn list_of(kind: ContainerKind) -> &'static str {
    match kind {
        ContainerKind::Init | ContainerKind::Sidecar => "initContainerStatuses",
        ContainerKind::App => "containerStatuses",
        ContainerKind::Ephemeral => "ephemeralContainerStatuses",
    }
}

fn unready(run: &PodRun, published: &Published) -> Option<String> {
    if published.containers_ready.reason != Some(words::CONTAINERS_NOT_READY) {
        return None;
    }
    let unready = |one: &&ContainerRun| {
        matches!(one.kind, ContainerKind::App | ContainerKind::Sidecar)
            && !matches!(one.shown, State::Running(_))
    };
    Some(words::unready(&names(run, unready)))
}

fn incomplete(run: &PodRun, published: &Published) -> Option<String> {
    if published.initialized.reason != Some(words::CONTAINERS_NOT_INITIALIZED) {
        return None;
    }
    let incomplete = |one: &&ContainerRun| match one.kind {
        ContainerKind::Init => !one.shown.ended_well(),
        ContainerKind::Sidecar => !matches!(one.shown, State::Running(_)),
        ContainerKind::App | ContainerKind::Ephemeral => false,
    };
    Some(words::incomplete(&names(run, incomplete)))
}

fn names(run: &PodRun, test: impl Fn(&&ContainerRun) -> bool) -> Vec<&str> {
    run.containers.iter().filter(test).map(|one| &*one.name).collect()
}

fn container_status(
    one: &ContainerRun,
    pod: &Pod,
    fresh: &str,
    clock: &dyn Fn(SimTime) -> Value,
) -> Value {
    let state = match &one.shown {
        State::Fresh => json!({ "waiting": { "reason": fresh } }),
        State::Waiting(waiting) => {
            json!({ "waiting": { "reason": &*waiting.reason, "message": &*waiting.message } })
        }
        State::Running(since) => json!({ "running": { "startedAt": clock(*since) } }),
        State::Terminated(ended) => json!({ "terminated": terminated(ended, one, clock) }),
    };
    let runs = matches!(one.shown, State::Running(_));
    let started_once =
        runs || matches!(&one.shown, State::Terminated(end) if end.started.is_some());
    let mut status = json!({
        "name": &*one.name,
        "state": state,
        "lastState": {},
        "ready": match one.kind {
            ContainerKind::Init => one.shown.ended_well(),
            ContainerKind::Sidecar | ContainerKind::App => runs,
            ContainerKind::Ephemeral => false,
        },
        "restartCount": one.restarts,
        "image": &*one.image,
        "imageID": "",
    });
    if one.kind != ContainerKind::Ephemeral {
        status["started"] = match one.kind {
            ContainerKind::Init => false,
            ContainerKind::Sidecar | ContainerKind::App | ContainerKind::Ephemeral => runs,
        }
        .into();
    }
    if started_once && let Ok(reference) = &one.reference {
        status["image"] = reference.whole.as_str().into();
        let digest = one.image_id.as_deref().unwrap_or_default();
        status["imageID"] = format!("{}@{digest}", reference.lookup_name).into();
        status["containerID"] = container_id(one).into();
        status["resources"] = json!({});
        status["user"] = json!({ "linux": { "uid": 0, "gid": 0, "supplementalGroups": [0] } });
    }
    let mounts = volume_mounts(pod.spec.as_ref(), &one.name);
    if !mounts.is_empty() {
        status["volumeMounts"] = mounts.into();
    }
    status
}

fn terminated(ended: &Ended, one: &ContainerRun, clock: &dyn Fn(SimTime) -> Value) -> Value {
    let mut value = json!({ "exitCode": ended.exit_code, "reason": ended.reason });
    value["startedAt"] = ended.started.map_or(Value::Null, clock);
    value["finishedAt"] = ended.finished.map_or(Value::Null, clock);
    if let Some(message) = ended.message {
        value["message"] = message.into();
    }
    if ended.started.is_some() {
        value["containerID"] = container_id(one).into();
    }
    value
}

/// No two containers of a run have one id; nobody looks at it twice.
fn container_id(one: &ContainerRun) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(one.field_path.as_bytes());
    hash.update(one.image.as_bytes());
    hash.update(one.restarts.to_le_bytes());
    let since = match &one.shown {
        State::Running(since) => Some(*since),
        State::Terminated(ended) => ended.started,
        State::Fresh | State::Waiting(_) => None,
    };
    hash.update(since.map_or(0, SimTime::as_millis).to_le_bytes());
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("containerd://{hex}")
}

fn volume_mounts(spec: Option<&PodSpec>, name: &str) -> Vec<Value> {
    let Some(spec) = spec else { return Vec::new() };
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let Some(container) = containers.into_iter().find(|one: &&Container| one.name == name) else {
        return Vec::new();
    };
    let mounts = container.volume_mounts.iter().flatten();
    mounts
        .map(|mount| {
            let mut value = json!({ "name": mount.name, "mountPath": mount.mount_path });
            if mount.read_only == Some(true) {
                value["readOnly"] = true.into();
                value["recursiveReadOnly"] = "Disabled".into();
            }
            value
        })
        .collect()
}

/// `status.qosClass`, from requests and limits of CPU and memory (pkg/apis/core/v1/helper/qos).
fn qos_class(spec: Option<&PodSpec>) -> &'static str {
    let Some(spec) = spec else { return "BestEffort" };
    let containers: Vec<&Container> =
        spec.init_containers.iter().flatten().chain(&spec.containers).collect();
    let mut any = false;
    let mut all = true;
    for one in containers {
        let of = |part: &str| one.rest.get("resources").and_then(|all| all.get(part));
        let (requests, limits) = (of("requests"), of("limits"));
        for name in ["cpu", "memory"] {
            let limit = limits.and_then(|list| list.get(name));
            // A limit without a request is a request too.
            let request = requests.and_then(|list| list.get(name)).or(limit);
            any |= limit.is_some() || request.is_some();
            all &= limit.is_some() && limit == request;
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// One change of a Pod as a watch of the API sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct PodChange {
    /// When.
    pub at: SimTime,
    /// `ADDED`, `MODIFIED`, `DELETED`.
    pub kind: &'static str,
    /// The whole Pod, with its status.
    pub pod: Value,
}

/// Changes of Pods, while somebody watches.
pub(crate) type PodWatch = Option<Arc<Vec<PodChange>>>;

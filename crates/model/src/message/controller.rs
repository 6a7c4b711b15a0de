//! What the scheduler and the workload controllers write into events.
//! *Source: kubernetes v1.35.6 pkg/scheduler, pkg/controller/deployment, pkg/controller/controller_utils.go;
//! confirmed by recordings of a 1.35.6 cluster.*

/// `Scheduled` event.
pub fn scheduled(namespace: &str, pod: &str, node: &str) -> String {
    format!("Successfully assigned {namespace}/{pod} to {node}")
}

/// `FailedScheduling` event where the cluster has no node.
pub const NO_NODES: &str = "no nodes available to schedule pods";

/// `ScalingReplicaSet` event.
pub fn scaled(replica_set: &str, from: i32, to: i32) -> String {
    let direction = if to > from { "up" } else { "down" };
    format!("Scaled {direction} replica set {replica_set} from {from} to {to}")
}

/// `SuccessfulCreate` event.
pub fn created_pod(name: &str) -> String {
    format!("Created pod: {name}")
}

/// `SuccessfulDelete` event.
pub fn deleted_pod(name: &str) -> String {
    format!("Deleted pod: {name}")
}

/// `FailedCreate` event.
pub fn create_failed(error: &str) -> String {
    format!("Error creating: {error}")
}

/// `Progressing` of a Deployment whose newest ReplicaSet was just created.
pub fn new_set_created(name: &str) -> String {
    format!("Created new replica set \"{name}\"")
}

/// `Progressing` of a Deployment whose newest ReplicaSet was there.
pub fn new_set_found(name: &str) -> String {
    format!("Found new replica set \"{name}\"")
}

/// `Progressing` of a finished rollout; `subject` is `ReplicaSet "x"`.
pub fn progressed(subject: &str) -> String {
    format!("{subject} has successfully progressed.")
}

/// `Progressing` of a rollout that moves.
pub fn progressing(subject: &str) -> String {
    format!("{subject} is progressing.")
}

/// `Progressing` of a rollout past its deadline.
pub fn timed_out(subject: &str) -> String {
    format!("{subject} has timed out progressing.")
}

/// `Progressing` of a paused Deployment.
pub const DEPLOYMENT_PAUSED: &str = "Deployment is paused";

/// `Progressing` of a Deployment that goes on.
pub const DEPLOYMENT_RESUMED: &str = "Deployment is resumed";

/// `Available` of a Deployment with enough Pods.
pub const MINIMUM_AVAILABLE: &str = "Deployment has minimum availability.";

/// `Available` of a Deployment with too few.
pub const MINIMUM_UNAVAILABLE: &str = "Deployment does not have minimum availability.";

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

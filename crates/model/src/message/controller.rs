//! What the scheduler and the workload controllers write into events.
//! *Source: kubernetes v1.35.6 pkg/scheduler, pkg/controller/{deployment,job,cronjob,statefulset}, pkg/controller/controller_utils.go;
//! confirmed by recordings of a 1.35.6 cluster.*

/// `Scheduled` event.
pub fn scheduled(namespace: &str, pod: &str, node: &str) -> String {
    format!("Successfully assigned {namespace}/{pod} to {node}")
}

/// `FailedScheduling` event where the cluster has no node.
pub const NO_NODES: &str = "no nodes available to schedule pods";

/// `FailedScheduling` event where no node has the labels that the Pod selects (pkg/scheduler/framework/types.go `FitError`,
/// pkg/scheduler/framework/plugins/nodeaffinity).
pub fn no_node_matches(nodes: u32) -> String {
    format!(
        "0/{nodes} nodes are available: {nodes} node(s) didn't match Pod's node affinity/selector. no new claims to \
         deallocate, preemption: 0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling."
    )
}

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

/// `Suspended` of a Job, and the event.
pub const JOB_SUSPENDED: &str = "Job suspended";

/// The same when it goes on.
pub const JOB_RESUMED: &str = "Job resumed";

/// `Completed` event of a Job.
pub const JOB_COMPLETED: &str = "Job completed";

/// `Complete` of a Job.
pub const COMPLETIONS_REACHED: &str = "Reached expected number of succeeded pods";

/// `Complete` of a Job by the rule of its success policy at that place.
pub fn matched_rule(index: usize) -> String {
    format!("Matched rules at index {index}")
}

/// `Failed` of a Job, and the event: too many Pods failed.
pub const BACKOFF_LIMIT_EXCEEDED: &str = "Job has reached the specified backoff limit";

/// The same: it took too long.
pub const DEADLINE_EXCEEDED: &str = "Job was active longer than specified deadline";

/// The same: too many indexes failed.
pub const MAX_FAILED_INDEXES: &str =
    "Job has exceeded the specified maximal number of failed indexes";

/// The same: what did not succeed has failed.
pub const FAILED_INDEXES: &str = "Job has failed indexes";

/// The same: a container ended with a code for which the rule at that place gives up.
pub fn failed_by_policy(
    container: &str,
    (namespace, pod): (&str, &str),
    code: i32,
    index: usize,
) -> String {
    format!(
        "Container {container} for pod {namespace}/{pod} failed with exit code {code} matching FailJob rule at index {index}"
    )
}

/// `SuccessfulCreate` event of a StatefulSet.
pub fn created_in_set(pod: &str, set: &str) -> String {
    format!("Create Pod {pod} in StatefulSet {set} successful")
}

/// `FailedCreate` event of a StatefulSet.
pub fn create_in_set_failed(pod: &str, set: &str, error: &str) -> String {
    format!("Create Pod {pod} in StatefulSet {set} failed error: {error}")
}

/// `SuccessfulDelete` event of a StatefulSet.
pub fn deleted_in_set(pod: &str, set: &str) -> String {
    format!("Delete Pod {pod} in StatefulSet {set} successful")
}

/// `SuccessfulCreate` event of a StatefulSet about a PersistentVolumeClaim.
pub fn claim_created(claim: &str, pod: &str, set: &str) -> String {
    format!("Create Claim {claim} Pod {pod} in StatefulSet {set} success")
}

/// `SuccessfulCreate` event of a CronJob.
pub fn created_job(job: &str) -> String {
    format!("Created job {job}")
}

/// `FailedCreate` event of a CronJob.
pub fn create_job_failed(error: &str) -> String {
    format!("Error creating job: {error}")
}

/// `SuccessfulDelete` event of a CronJob.
pub fn deleted_job(job: &str) -> String {
    format!("Deleted job {job}")
}

/// `SawCompletedJob` event; the condition is `Complete` or `Failed`.
pub fn saw_completed_job(job: &str, condition: &str) -> String {
    format!("Saw completed job: {job}, condition: {condition}")
}

/// `JobAlreadyActive` event.
pub const JOB_ALREADY_ACTIVE: &str =
    "Not starting job because prior execution is running and concurrency policy is Forbid";

/// `MissingJob` event.
pub fn missing_job(job: &str) -> String {
    format!("Active job went missing: {job}")
}

/// `UnexpectedJob` event.
pub fn unexpected_job(job: &str) -> String {
    format!("Saw a job that the controller did not create or forgot: {job}")
}

/// `MissSchedule` event; the moment is in RFC 1123.
pub fn missed_schedule(moment: &str) -> String {
    format!("Missed scheduled time to start a job: {moment}")
}

/// `TooManyMissedTimes` event.
pub const TOO_MANY_MISSED: &str = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";

/// `InvalidSchedule` event.
pub fn invalid_schedule(schedule: &str) -> String {
    format!(
        "invalid schedule: {schedule} : time difference between two schedules is less than 1 second"
    )
}

/// `Available` of a Deployment with too few.
pub const MINIMUM_UNAVAILABLE: &str = "Deployment does not have minimum availability.";

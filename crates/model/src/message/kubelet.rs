//! What the kubelet writes into events and container states.
//! *Source: kubernetes v1.35.6 pkg/kubelet/images/image_manager.go, pkg/kubelet/kuberuntime/kuberuntime_container.go,
//! pkg/kubelet/kubelet_pods.go; confirmed by recordings of a 1.35.6 cluster.*

use crate::time::Span;

/// Waiting reason after a failed pull (P24).
pub const ERR_IMAGE_PULL: &str = "ErrImagePull";
/// Waiting reason while a pull is held back (P23).
pub const IMAGE_PULL_BACK_OFF: &str = "ImagePullBackOff";
/// Waiting reason of an image name that does not parse (P16).
pub const INVALID_IMAGE_NAME: &str = "InvalidImageName";
/// Waiting reason of policy Never without a usable image (P19, P21).
pub const ERR_IMAGE_NEVER_PULL: &str = "ErrImageNeverPull";
/// Waiting reason when the runtime cannot say whether an image is there (P18).
pub const IMAGE_INSPECT_ERROR: &str = "ImageInspectError";
/// Waiting reason of a pull whose error begins so (P24).
pub const REGISTRY_UNAVAILABLE: &str = "RegistryUnavailable";
/// Likewise.
pub const SIGNATURE_VALIDATION_FAILED: &str = "SignatureValidationFailed";
/// The error of a pull beyond the node's limit (P27; pkg/kubelet/images/helpers.go).
pub const PULL_QPS_EXCEEDED: &str = "pull QPS exceeded";
/// The kubelet's log about a plugin that gives its token back as password (P54; pkg/credentialprovider/plugin).
pub const ECHOED_TOKEN: &str = "credential provider plugin returned the service account token as the password which is not allowed when service account cache type is not set to 'Token'";
/// Waiting reason before anything ran (P11).
pub const CONTAINER_CREATING: &str = "ContainerCreating";
/// The same for Pods with init containers (P11).
pub const POD_INITIALIZING: &str = "PodInitializing";
/// Reason of a container that ended well, and of the Pod's word for it.
pub const COMPLETED: &str = "Completed";
/// Reason of a container that ended with another code than 0.
pub const ERROR: &str = "Error";
/// Reason of the conditions of a Pod whose containers have all ended well.
pub const POD_COMPLETED: &str = "PodCompleted";
/// Reason of `Ready` and `ContainersReady`.
pub const CONTAINERS_NOT_READY: &str = "ContainersNotReady";
/// Reason of `Initialized`.
pub const CONTAINERS_NOT_INITIALIZED: &str = "ContainersNotInitialized";
/// Reason of a container that never ran, when its Pod ends (cluster-recording: "Deleting a waiting pod").
pub const CONTAINER_STATUS_UNKNOWN: &str = "ContainerStatusUnknown";
/// Its message.
pub const NOT_LOCATED: &str = "The container could not be located when the pod was terminated";
/// `Created` event, without names in 1.35 (cluster-recording, P45).
pub const CREATED: &str = "Container created";
/// `Started` event, likewise.
pub const STARTED: &str = "Container started";

/// `Killing` event of a running container whose image was edited (cluster-recording, P7).
pub fn definition_changed(container: &str) -> String {
    format!("Container {container} definition changed, will be restarted")
}

/// `Pulling` event (P24).
pub fn pulling(image: &str) -> String {
    format!("Pulling image \"{image}\"")
}

/// `Pulled` event after a pull (P24): `pull` is the pull itself, `whole` adds the wait in the queue.
pub fn pulled(image: &str, pull: Span, whole: Span, bytes: u64) -> String {
    let (pull, whole) = (go_duration(pull), go_duration(whole));
    format!(
        "Successfully pulled image \"{image}\" in {pull} ({whole} including waiting). Image size: {bytes} bytes."
    )
}

/// `Pulled` event for an image that was there, where credentials are verified (P20).
pub fn present_and_accessible(image: &str) -> String {
    format!("Container image \"{image}\" already present on machine and can be accessed by the pod")
}

/// `Pulled` event for an image that was there, where nothing is verified (P20).
pub fn present(image: &str) -> String {
    format!("Container image \"{image}\" already present on machine")
}

/// `BackOff` event, and the beginning of the waiting message (P23).
pub fn back_off(image: &str) -> String {
    format!("Back-off pulling image \"{image}\"")
}

/// Waiting message while a pull is held back (P23): the event has no cause, the message does.
pub fn back_off_waiting(image: &str, reason: &str, error: &str) -> String {
    format!("Back-off pulling image \"{image}\": {reason}: {error}")
}

/// Waiting message of a failed pull whose error names its kind (P24).
pub fn pull_failed_because(image: &str, because: &str, rest: &str) -> String {
    format!("image pull failed for {image} because {because}{rest}")
}

/// `Failed` event of a pull (P24).
pub fn failed_to_pull(image: &str, error: &str) -> String {
    format!("Failed to pull image \"{image}\": {error}")
}

/// `Failed` event of a container start (P12).
pub fn error(reason: &str) -> String {
    format!("Error: {reason}")
}

/// `InspectFailed` event and waiting message (P16).
pub fn invalid_name(image: &str, why: &str) -> String {
    format!("Failed to apply default image tag \"{image}\": {why}")
}

/// `InspectFailed` event and waiting message (P18): the quoted name is empty in every release so far.
pub fn inspect_failed(error: &str) -> String {
    format!("Failed to inspect image \"\": {error}")
}

/// `ErrImageNeverPull` event and waiting message (P19).
pub fn never(image: &str) -> String {
    format!("Container image \"{image}\" is not present with pull policy of Never")
}

/// `FailedToRetrieveImagePullSecret` event (P10).
pub fn missing_secrets(names: &[&str]) -> String {
    format!(
        "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
        names.join(", ")
    )
}

/// Message of `Ready` and `ContainersReady`.
pub fn unready(containers: &[&str]) -> String {
    format!("containers with unready status: [{}]", containers.join(" "))
}

/// Message of `Initialized`.
pub fn incomplete(containers: &[&str]) -> String {
    format!("containers with incomplete status: [{}]", containers.join(" "))
}

/// `FreeDiskSpaceFailed` event of a node (pkg/kubelet/images/image_gc_manager.go).
pub fn disk_still_full(percent: u64, capacity: u64, freed: u64) -> String {
    // One digit behind the point, as Go's `%.1f` rounds it.
    let size = match capacity {
        0..0x400 => format!("{capacity} B"),
        0x400..0x10_0000 => tenths(capacity, 10, "KiB"),
        0x10_0000..0x4000_0000 => tenths(capacity, 20, "MiB"),
        0x4000_0000..0x100_0000_0000 => tenths(capacity, 30, "GiB"),
        _ => tenths(capacity, 40, "TiB"),
    };
    format!(
        "Insufficient free disk space on the node's image filesystem ({percent}% of {size} used). \
         Failed to free sufficient space by deleting unused images (freed {freed} bytes). \
         Investigate disk usage, as it could be used by active images, logs, volumes, or other data."
    )
}

fn tenths(bytes: u64, shift: u32, unit: &str) -> String {
    let tenths = (u128::from(bytes) * 10 + (1 << shift >> 1)) >> shift;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `crictl rmi` of an image that is not there (cri-tools cmd/crictl/image.go).
pub fn no_such_image(image: &str) -> String {
    format!("no such image {image}")
}

/// `Killing` event.
pub fn stopping(container: &str) -> String {
    format!("Stopping container {container}")
}

/// A duration as Go prints it after cutting it to milliseconds: `850ms`, `1.234s`, `2m3.4s` (P24).
pub fn go_duration(span: Span) -> String {
    let millis = span.as_millis();
    if millis == 0 {
        return "0s".into();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let fraction = format!("{:03}", millis % 1000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let seconds = format!("{}{point}{fraction}s", millis / 1000 % 60);
    match (millis / 3_600_000, millis / 60_000 % 60) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_prints_them() {
        let check = |millis, want: &str| assert_eq!(go_duration(Span::millis(millis)), want);
        check(0, "0s");
        check(850, "850ms");
        check(1000, "1s");
        check(1234, "1.234s");
        check(123_400, "2m3.4s");
        check(3_600_000, "1h0m0s");
    }
}

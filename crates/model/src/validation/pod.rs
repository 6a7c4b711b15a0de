//! Pods and Pod templates (P6, P7).

use k8s_openapi::api::core::v1::Toleration;

use super::{labels, name};
use crate::api::Cause;
use crate::go::quote;
use crate::object::{Container, Pod, PodSpec, Volume, name_in};
use crate::pull_policy;

const UPDATABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const WHITESPACE: &str = "must not have leading or trailing whitespace";

/// P6: nothing about the image's name is checked but that there is one, and that it has no blanks around it.
pub(super) fn create(pod: &Pod) -> Vec<Cause> {
    let mut causes = spec_of_pod(pod);
    let ephemeral = pod.spec.as_ref().and_then(|spec| spec.ephemeral_containers.as_ref());
    if ephemeral.is_some_and(|list| !list.is_empty()) {
        causes.push(Cause::forbidden("spec.ephemeralContainers", "cannot be set on create"));
    }
    causes
}

fn spec_of_pod(pod: &Pod) -> Vec<Cause> {
    let Some(spec) = &pod.spec else { return vec![Cause::required("spec.containers", "")] };
    let mut causes = Vec::new();
    let mirror =
        pod.metadata.annotations.as_ref().and_then(|all| all.get("kubernetes.io/config.mirror"));
    if let Some(value) = mirror.filter(|_| spec.node_name.is_none()) {
        let why = "must set spec.nodeName if mirror pod annotation is set";
        let field = "metadata.annotations[kubernetes.io/config.mirror]";
        causes.push(Cause::invalid(field, quote(value), why));
    }
    causes.extend(self::spec("spec", spec));
    causes.extend(blanks("spec.containers", &spec.containers));
    causes
        .extend(blanks("spec.initContainers", spec.init_containers.as_deref().unwrap_or_default()));
    causes
}

fn blanks(path: &str, containers: &[Container]) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (index, container) in containers.iter().enumerate() {
        let image = container.image.as_deref().unwrap_or_default();
        if image.trim() != image {
            causes.push(Cause::invalid(format!("{path}[{index}].image"), quote(image), WHITESPACE));
        }
    }
    causes
}

/// A Pod's spec, or a template's.
pub(super) fn spec(path: &str, spec: &PodSpec) -> Vec<Cause> {
    let (mut causes, volumes) = volumes(&format!("{path}.volumes"), spec.volumes.as_deref());
    causes.extend(containers(&format!("{path}.containers"), spec, &volumes));
    causes.extend(init_containers(&format!("{path}.initContainers"), spec, &volumes));
    causes.extend(ephemeral(&format!("{path}.ephemeralContainers"), spec));
    let restart = spec.restart_policy.as_deref().unwrap_or_default();
    let known = &["Always", "OnFailure", "Never"];
    causes.extend(one_of(&format!("{path}.restartPolicy"), restart, known));
    let dns = spec.dns_policy.as_deref().unwrap_or_default();
    let known = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    causes.extend(one_of(&format!("{path}.dnsPolicy"), dns, known));
    causes.extend(labels(&format!("{path}.nodeSelector"), spec.node_selector.iter().flatten()));
    let account = spec.service_account_name.as_deref().unwrap_or_default();
    if !account.is_empty() {
        let field = format!("{path}.serviceAccountName");
        let faults = name::subdomain(account).into_iter();
        causes.extend(faults.map(|why| Cause::invalid(field.clone(), quote(account), why)));
    }
    if let Some(node) = spec.node_name.as_deref().filter(|name| !name.is_empty()) {
        let field = format!("{path}.nodeName");
        let faults = name::subdomain(node).into_iter();
        causes.extend(faults.map(|why| Cause::invalid(field.clone(), quote(node), why)));
    }
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let field = format!("{path}.activeDeadlineSeconds");
        causes.push(Cause::invalid(field, seconds, "must be between 1 and 2147483647, inclusive"));
    }
    causes
}

fn one_of(path: &str, value: &str, known: &[&str]) -> Option<Cause> {
    if value.is_empty() {
        return Some(Cause::required(path, ""));
    }
    (!known.contains(&value)).then(|| Cause::unsupported(path, value, known))
}

/// The faults of volumes, and the names of those that have none.
fn volumes<'a>(path: &str, volumes: Option<&'a [Volume]>) -> (Vec<Cause>, Vec<&'a str>) {
    let (mut causes, mut names) = (Vec::new(), Vec::new());
    for (index, volume) in volumes.unwrap_or_default().iter().enumerate() {
        let field = format!("{path}[{index}].name");
        let mut faults = if volume.name.is_empty() {
            vec![Cause::required(field.clone(), "")]
        } else {
            dns_label(&field, &volume.name)
        };
        if names.contains(&volume.name.as_str()) {
            faults.push(Cause::duplicate(field, quote(&volume.name)));
        }
        if volume.source("secret").is_some_and(|secret| name_in(secret, "secretName").is_empty()) {
            faults.insert(0, Cause::required(format!("{path}[{index}].secret.secretName"), ""));
        }
        if volume.source("configMap").is_some_and(|map| name_in(map, "name").is_empty()) {
            faults.insert(0, Cause::required(format!("{path}[{index}].configMap.name"), ""));
        }
        if faults.is_empty() {
            names.push(volume.name.as_str());
        }
        causes.extend(faults);
    }
    (causes, names)
}

fn dns_label(field: &str, text: &str) -> Vec<Cause> {
    let faults = name::label(text).into_iter();
    faults.map(|why| Cause::invalid(field, quote(text), why)).collect()
}

fn containers(path: &str, spec: &PodSpec, volumes: &[&str]) -> Vec<Cause> {
    if spec.containers.is_empty() {
        return vec![Cause::required(path, "")];
    }
    let mut causes = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let path = format!("{path}[{index}]");
        causes.extend(common(&path, container, volumes));
        if names.contains(&container.name.as_str()) {
            causes.push(Cause::duplicate(format!("{path}.name"), quote(&container.name)));
        }
        names.push(&container.name);
    }
    causes
}

fn init_containers(path: &str, spec: &PodSpec, volumes: &[&str]) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut names: Vec<&str> = spec.containers.iter().map(|one| one.name.as_str()).collect();
    for (index, container) in spec.init_containers.iter().flatten().enumerate() {
        let path = format!("{path}[{index}]");
        causes.extend(common(&path, container, volumes));
        if names.contains(&container.name.as_str()) {
            causes.push(Cause::duplicate(format!("{path}.name"), quote(&container.name)));
        }
        names.push(&container.name);
        let sidecar = container.restart_policy.as_deref() == Some("Always");
        let may_not = "may not be set for init containers without restartPolicy=Always";
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if container.rest.contains_key(field) && !sidecar {
                causes.push(Cause::forbidden(format!("{path}.{field}"), may_not));
            }
        }
    }
    causes
}

/// What init containers and others have in common.
fn common(path: &str, container: &Container, volumes: &[&str]) -> Vec<Cause> {
    let field = format!("{path}.name");
    let mut causes = if container.name.is_empty() {
        vec![Cause::required(field, "")]
    } else {
        dns_label(&field, &container.name)
    };
    let image = container.image.as_deref().unwrap_or_default();
    if image.is_empty() {
        causes.push(Cause::required(format!("{path}.image"), ""));
    }
    let policy = container.termination_message_policy.as_deref().unwrap_or_default();
    let known = &["File", "FallbackToLogsOnError"];
    if !policy.is_empty() {
        causes.extend(one_of(&format!("{path}.terminationMessagePolicy"), policy, known));
    }
    causes.extend(ports(path, container));
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let field = format!("{path}.env[{index}].name");
        if variable.name.is_empty() {
            causes.push(Cause::required(field, ""));
        } else if !variable.name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=') {
            let why = "a valid environment variable name must consist only of printable ASCII characters other than '='";
            causes.push(Cause::invalid(field, quote(&variable.name), why));
        }
    }
    causes.extend(mounts(path, container, volumes));
    if let Err(unsupported) =
        pull_policy::admit(container.image_pull_policy.as_deref(), image, false)
    {
        causes.push(Cause::not_supported(format!("{path}.imagePullPolicy"), unsupported));
    }
    causes
}

fn ports(path: &str, container: &Container) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let in_range = |port: i32| (1..=65535).contains(&port);
    let range = "must be between 1 and 65535, inclusive";
    for (index, port) in container.ports.iter().flatten().enumerate() {
        let path = format!("{path}.ports[{index}]");
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            let faults = name::port(name);
            if faults.is_empty() && names.contains(&name) {
                causes.push(Cause::duplicate(format!("{path}.name"), quote(name)));
            }
            let faults = faults.into_iter();
            causes
                .extend(faults.map(|why| Cause::invalid(format!("{path}.name"), quote(name), why)));
            names.push(name);
        }
        let number = port.container_port;
        if number == 0 {
            causes.push(Cause::required(format!("{path}.containerPort"), ""));
        } else if !in_range(number) {
            causes.push(Cause::invalid(format!("{path}.containerPort"), number, range));
        }
        if let Some(number) = port.host_port.filter(|port| *port != 0 && !in_range(*port)) {
            causes.push(Cause::invalid(format!("{path}.hostPort"), number, range));
        }
        if let Some(protocol) = port.protocol.as_deref() {
            let known = &["SCTP", "TCP", "UDP"];
            causes.extend(one_of(&format!("{path}.protocol"), protocol, known));
        }
    }
    causes
}

fn mounts(path: &str, container: &Container, volumes: &[&str]) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut paths: Vec<&str> = Vec::new();
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let field = |name: &str| format!("{path}.volumeMounts[{index}].{name}");
        if mount.name.is_empty() {
            causes.push(Cause::required(field("name"), ""));
        }
        if !volumes.contains(&mount.name.as_str()) {
            causes.push(Cause::not_found(field("name"), &mount.name));
        }
        if mount.mount_path.is_empty() {
            causes.push(Cause::required(field("mountPath"), ""));
        }
        if paths.contains(&mount.mount_path.as_str()) {
            causes.push(Cause::invalid(
                field("mountPath"),
                quote(&mount.mount_path),
                "must be unique",
            ));
        }
        paths.push(&mount.mount_path);
    }
    causes
}

fn ephemeral(path: &str, spec: &PodSpec) -> Vec<Cause> {
    let mut causes = Vec::new();
    let others = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let mut names: Vec<&str> = others.map(|one| one.name.as_str()).collect();
    for (index, container) in spec.ephemeral_containers.iter().flatten().enumerate() {
        let path = format!("{path}[{index}]");
        if container.name.is_empty() {
            causes.push(Cause::required(format!("{path}.name"), ""));
        } else {
            causes.extend(dns_label(&format!("{path}.name"), &container.name));
        }
        let image = container.image.as_deref().unwrap_or_default();
        if image.is_empty() {
            causes.push(Cause::required(format!("{path}.image"), ""));
        }
        if image.trim() != image {
            causes.push(Cause::invalid(format!("{path}.image"), quote(image), WHITESPACE));
        }
        if names.contains(&container.name.as_str()) {
            causes.push(Cause::duplicate(format!("{path}.name"), quote(&container.name)));
        }
        names.push(&container.name);
    }
    causes
}

/// P7: of a stored Pod only its images may change, and little else.
pub fn update(old: &Pod, new: &Pod) -> Vec<Cause> {
    let mut causes = spec_of_pod(new);
    let (Some(old), Some(new)) = (&old.spec, &new.spec) else { return causes };
    let inits = |spec: &PodSpec| spec.init_containers.as_ref().map_or(0, Vec::len);
    for (field, same) in [
        ("spec.containers", old.containers.len() == new.containers.len()),
        ("spec.initContainers", inits(old) == inits(new)),
    ] {
        if !same {
            let why = "pod updates may not add or remove containers";
            causes.push(Cause::forbidden(field, why));
            return causes;
        }
    }
    match (old.active_deadline_seconds, new.active_deadline_seconds) {
        (Some(before), Some(after)) if before < after => {
            let why = "must be less than or equal to previous value";
            causes.push(Cause::invalid("spec.activeDeadlineSeconds", after, why));
            return causes;
        }
        (Some(_), None) => {
            let why = "must not update from a positive integer to nil value";
            causes.push(Cause::invalid("spec.activeDeadlineSeconds", "null", why));
        }
        _ => {}
    }
    // How long a toleration lasts may change.
    let plain = |one: &Toleration| Toleration { toleration_seconds: None, ..one.clone() };
    let kept: Vec<Toleration> = new.tolerations.iter().flatten().map(plain).collect();
    if old.tolerations.iter().flatten().any(|toleration| !kept.contains(&plain(toleration))) {
        let why = "existing toleration can not be modified except its tolerationSeconds";
        causes.push(Cause::forbidden("spec.tolerations", why));
    }
    let munged = munged(old, new);
    if munged != *old {
        causes.push(Cause::forbidden(
            "spec",
            format!("{UPDATABLE}\n{}", crate::schema::spec_diff(old, &munged)),
        ));
    }
    causes
}

/// The new spec with everything put back that may change.
fn munged(old: &PodSpec, new: &PodSpec) -> PodSpec {
    let mut munged = new.clone();
    let images = |munged: &mut [Container], old: &[Container]| {
        for (container, old) in munged.iter_mut().zip(old) {
            container.image.clone_from(&old.image);
        }
    };
    images(&mut munged.containers, &old.containers);
    images(
        munged.init_containers.as_deref_mut().unwrap_or_default(),
        old.init_containers.as_deref().unwrap_or_default(),
    );
    munged.active_deadline_seconds = old.active_deadline_seconds;
    const GATES: &str = "schedulingGates";
    match old.rest.get(GATES) {
        Some(gates) => drop(munged.rest.insert(GATES.into(), gates.clone())),
        None => drop(munged.rest.remove(GATES)),
    }
    munged.tolerations.clone_from(&old.tolerations);
    let was_negative = old.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0);
    if was_negative && munged.termination_grace_period_seconds == Some(1) {
        munged.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    munged
}

/// A Pod that is given ephemeral containers: those it has stay as they are.
pub fn ephemeral_update(old: &Pod, new: &Pod) -> Vec<Cause> {
    let mut causes = spec_of_pod(new);
    let list = |pod: &Pod| -> Vec<Container> {
        pod.spec.as_ref().and_then(|spec| spec.ephemeral_containers.clone()).unwrap_or_default()
    };
    let now = list(new);
    for before in list(old) {
        match now.iter().find(|one| one.name == before.name) {
            None => causes.push(Cause::forbidden(
                "spec.ephemeralContainers",
                format!(
                    "existing ephemeral containers {} may not be removed\n",
                    quote(&before.name)
                ),
            )),
            Some(after) if *after != before => causes.push(Cause::forbidden(
                "spec.ephemeralContainers",
                format!(
                    "existing ephemeral containers {} may not be changed\n",
                    quote(&before.name)
                ),
            )),
            Some(_) => {}
        }
    }
    causes
}

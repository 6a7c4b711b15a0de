//! `kubectl describe` (K pkg/describe/describe.go), as v1.35.6 prints it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pullpath_model::apply::LAST_APPLIED;
use pullpath_model::go::quote;
use serde_json::Value;

use super::Run;
use super::builder::{Found, Info, Wanted};
use super::change::place;
use super::failure::{Failure, several};
use super::version::Speaks;
use crate::print::age;
use crate::print::table::{Layout, tabbed};

impl Run<'_> {
    pub(super) fn describe(&mut self) -> Result<(), Failure> {
        let words = self.flags.words.clone();
        if words.is_empty() && self.flags.values("filename").is_empty() {
            return Err(Failure::error(
                "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
            ));
        }
        let wanted = Wanted { whole_types: true, latest: true, ..Wanted::default() };
        let Found { infos, mut failures, .. } = self.find(&words, wanted)?;
        if infos.is_empty()
            && let ([_, prefix], [failure]) = (words.as_slice(), failures.as_slice())
            && failure.is_not_found()
        {
            let missing = failure.clone();
            return self.describe_matching(&words[0], prefix, missing);
        }
        for (index, info) in infos.iter().enumerate() {
            match self.described(info) {
                Ok(text) => {
                    self.out.stdout.push_str(if index > 0 { "\n\n" } else { "" });
                    self.out.stdout.push_str(&text);
                }
                Err(failure) => failures.push(failure),
            }
        }
        if infos.is_empty() && failures.is_empty() {
            if self.flags.is_set("all-namespaces") {
                self.out.complain("No resources found");
            } else {
                let namespace = self.namespace();
                self.out.complain(&format!("No resources found in {namespace} namespace."));
            }
        }
        several(failures)
    }

    /// A name that is none may be how some names begin.
    fn describe_matching(
        &mut self,
        kind: &str,
        prefix: &str,
        missing: Failure,
    ) -> Result<(), Failure> {
        let resource = self.resource(kind)?;
        let namespace = if resource.namespaced { self.namespace() } else { String::new() };
        let mut any = false;
        for info in self.list(resource, &namespace)? {
            if info.name.starts_with(prefix) {
                any = true;
                let text = self.described(&info)?;
                self.out.say(&text);
            }
        }
        if any { Ok(()) } else { Err(missing) }
    }

    fn described(&mut self, info: &Info) -> Result<String, Failure> {
        let object = &info.object;
        match info.resource().kind {
            "Pod" => self.describe_pod(object),
            "Secret" => Ok(describe_secret(object)),
            "ServiceAccount" => self.describe_service_account(object),
            "ConfigMap" => self.describe_config_map(object),
            "Namespace" => self.describe_namespace(object),
            "Node" => self.describe_node(object),
            kind => match self.describe_workload(kind, object)? {
                Some(text) => Ok(text),
                None => self.describe_anything(kind, object),
            },
        }
    }

    fn describe_pod(&mut self, pod: &Value) -> Result<String, Failure> {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let (namespace, name) = place(pod);
        let mut text = format!("Name:\t{name}\nNamespace:\t{namespace}\n");
        if let Some(priority) = spec["priority"].as_i64() {
            text.push_str(&format!("Priority:\t{priority}\n"));
        }
        if let Some(class) = spec["priorityClassName"].as_str() {
            text.push_str(&format!("Priority Class Name:\t{class}\n"));
        }
        if let Some(account) = spec["serviceAccountName"].as_str().filter(|name| !name.is_empty()) {
            text.push_str(&format!("Service Account:\t{account}\n"));
        }
        let node = match spec["nodeName"].as_str() {
            Some(node) => format!("{node}/{}", string(&status["hostIP"])),
            None => "<none>".to_owned(),
        };
        text.push_str(&format!("Node:\t{node}\n"));
        if let Some(start) = status["startTime"].as_str().and_then(age::rfc1123z) {
            text.push_str(&format!("Start Time:\t{start}\n"));
        }
        text.push_str(&multi("Labels:", &labels(&pod["metadata"]["labels"])));
        text.push_str(&multi("Annotations:", &annotations(pod)));
        let has_ended = status["phase"] == "Failed" || status["phase"] == "Succeeded";
        match pod["metadata"]["deletionTimestamp"].as_str().filter(|_| !has_ended) {
            Some(deleted) => {
                let age = age::since(Some(deleted), self.host.unix_millis());
                let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
                text.push_str(&format!(
                    "Status:\tTerminating (lasts {age})\nTermination Grace Period:\t{grace}s\n"
                ));
            }
            None => text.push_str(&format!("Status:\t{}\n", string(&status["phase"]))),
        }
        for (label, field) in [("Reason", "reason"), ("Message", "message")] {
            if let Some(value) = status[field].as_str().filter(|value| !value.is_empty()) {
                text.push_str(&format!("{label}:\t{value}\n"));
            }
        }
        text.push_str(&format!("IP:\t{}\n", string(&status["podIP"])));
        let ips = status["podIPs"].as_array().cloned().unwrap_or_default();
        if ips.is_empty() {
            text.push_str("IPs:\t<none>\n");
        } else {
            text.push_str("IPs:\n");
            for ip in ips {
                text.push_str(&format!("  IP:\t{}\n", string(&ip["ip"])));
            }
        }
        let owners = pod["metadata"]["ownerReferences"].as_array();
        if let Some(owner) = owners.into_iter().flatten().find(|owner| owner["controller"] == true)
        {
            text.push_str(&format!(
                "Controlled By:\t{}/{}\n",
                string(&owner["kind"]),
                string(&owner["name"])
            ));
        }
        for (label, list, statuses) in [
            ("Init Containers", "initContainers", "initContainerStatuses"),
            ("Containers", "containers", "containerStatuses"),
            ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
        ] {
            let containers = spec[list].as_array().cloned().unwrap_or_default();
            if containers.is_empty() {
                continue;
            }
            text.push_str(&format!("{label}:\n"));
            for container in &containers {
                let known = status[statuses].as_array().into_iter().flatten();
                let status = known.into_iter().find(|one| one["name"] == container["name"]);
                text.push_str(&describe_container(container, status, Some(pod)));
            }
        }
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        if !conditions.is_empty() {
            text.push_str("Conditions:\n  Type\tStatus\n");
            for condition in conditions {
                text.push_str(&format!(
                    "  {} \t{} \n",
                    string(&condition["type"]),
                    string(&condition["status"])
                ));
            }
        }
        text.push_str(&describe_volumes(spec, self.host.client().speaks));
        let qos = status["qosClass"].as_str().unwrap_or("BestEffort");
        text.push_str(&format!("QoS Class:\t{qos}\n"));
        text.push_str(&multi("Node-Selectors:", &labels(&spec["nodeSelector"])));
        text.push_str(&multi("Tolerations:", &tolerations(spec)));
        self.with_events(text, "Pod", pod)
    }

    /// `Events:  <none>` in the same block, or a block of its own.
    pub(super) fn with_events(
        &mut self,
        text: String,
        kind: &str,
        object: &Value,
    ) -> Result<String, Failure> {
        if self.flags.is_off("show-events") {
            return Ok(tabbed(&text, Layout::Describe));
        }
        let (namespace, name) = place(object);
        let uid = &object["metadata"]["uid"];
        let resource = super::resource::Resource::named("events").expect("a built-in type");
        let path = resource.path(&namespace, "");
        let list = self.ask(pullpath_model::api::Method::Get, path, "", None)?;
        let mut events: Vec<Value> = list["items"].as_array().cloned().unwrap_or_default();
        events.retain(|event| {
            let about = &event["involvedObject"];
            about["kind"] == *kind
                && about["name"] == *name
                && (about["uid"].is_null() || about["uid"] == *uid)
        });
        if events.is_empty() {
            return Ok(tabbed(&format!("{text}Events:\t<none>\n"), Layout::Describe));
        }
        // Unset timestamps sort first.
        events.sort_by_key(|event| event["lastTimestamp"].as_str().and_then(age::unix_seconds));
        let now = self.host.unix_millis();
        let with_paths = self.host.client().speaks.describes_field_paths();
        let mut table = String::from(
            "  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------\n",
        );
        for event in events {
            let component = event["source"]["component"].as_str().filter(|text| !text.is_empty());
            let from = component
                .unwrap_or_else(|| event["reportingComponent"].as_str().unwrap_or_default());
            let path = event["involvedObject"]["fieldPath"].as_str();
            let path = path.filter(|path| with_paths && !path.is_empty());
            let path = path.map_or(String::new(), |path| format!("{path}: "));
            let message = string(&event["message"]);
            table.push_str(&format!(
                "  {}\t{}\t{}\t{from}\t{path}{}\n",
                string(&event["type"]),
                string(&event["reason"]),
                super::events::interval(&event, now),
                message.trim()
            ));
        }
        let (text, table) = (tabbed(&text, Layout::Describe), tabbed(&table, Layout::Describe));
        Ok(format!("{text}Events:\n{table}"))
    }
}

pub(super) fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn head(object: &Value) -> String {
    let (namespace, name) = place(object);
    let (labels, annotations) = (labels(&object["metadata"]["labels"]), annotations(object));
    format!(
        "Name:\t{name}\nNamespace:\t{namespace}\n{}{}",
        multi("Labels:", &labels),
        multi("Annotations:", &annotations)
    )
}

fn describe_secret(secret: &Value) -> String {
    let mut text = head(secret);
    text.push_str(&format!("\nType:\t{}\n\nData\n====\n", string(&secret["type"])));
    for (key, value) in secret["data"].as_object().into_iter().flatten() {
        let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
        let token = key == "token" && secret["type"] == "kubernetes.io/service-account-token";
        if token {
            text.push_str(&format!("{key}:\t{}\n", String::from_utf8_lossy(&bytes)));
        } else {
            text.push_str(&format!("{key}:\t{} bytes\n", bytes.len()));
        }
    }
    tabbed(&text, Layout::Describe)
}

/// A label and its values, one a line.
pub(super) fn multi<T: AsRef<str>>(label: &str, values: &[T]) -> String {
    match values.split_first() {
        None => format!("{label}\t<none>\n"),
        Some((first, rest)) => {
            let mut text = format!("{label}\t{}\n", first.as_ref());
            for value in rest {
                text.push_str(&format!("\t{}\n", value.as_ref()));
            }
            text
        }
    }
}

pub(super) fn labels(value: &Value) -> Vec<String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(key, value)| format!("{key}={}", string(value))).collect()
}

pub(super) fn annotations(object: &Value) -> Vec<String> {
    let all = object["metadata"]["annotations"].as_object().into_iter().flatten();
    all.filter(|(key, _)| *key != LAST_APPLIED)
        .flat_map(|(key, value)| {
            let value = string(value);
            let value = value.strip_suffix('\n').unwrap_or(&value);
            if key.len() + value.len() + 2 > 140 || value.contains('\n') {
                let shortened = |line: &str| {
                    if let Some(start) = line.get(..138).filter(|_| line.len() > 138) {
                        format!("  {start}...")
                    } else {
                        format!("  {line}")
                    }
                };
                std::iter::once(format!("{key}:"))
                    .chain(value.lines().map(shortened))
                    .collect::<Vec<_>>()
            } else {
                vec![format!("{key}: {value}")]
            }
        })
        .collect()
}

/// A container, with its status if it has one. Fields of the Pod are told if there is one.
pub(super) fn describe_container(
    container: &Value,
    status: Option<&Value>,
    pod: Option<&Value>,
) -> String {
    let mut text = format!("  {}:\n", string(&container["name"]));
    if let Some(status) = status {
        text.push_str(&format!("    Container ID:\t{}\n", string(&status["containerID"])));
    }
    text.push_str(&format!("    Image:\t{}\n", string(&container["image"])));
    if let Some(status) = status {
        text.push_str(&format!("    Image ID:\t{}\n", string(&status["imageID"])));
    }
    let ports = container["ports"].as_array().cloned().unwrap_or_default();
    let list = |field: &str, otherwise: &str| {
        let all: Vec<String> = ports
            .iter()
            .map(|port| {
                let protocol = port["protocol"].as_str().unwrap_or("TCP");
                match port[field].as_i64() {
                    Some(number) => format!("{number}/{protocol}"),
                    None => format!("{otherwise}/{protocol}"),
                }
            })
            .collect();
        if all.is_empty() { "<none>".to_owned() } else { all.join(", ") }
    };
    let plural = if ports.len() > 1 { "s" } else { "" };
    text.push_str(&format!("    Port{plural}:\t{}\n", list("containerPort", "0")));
    text.push_str(&format!("    Host Port{plural}:\t{}\n", list("hostPort", "0")));
    for (label, field) in [("Command", "command"), ("Args", "args")] {
        if let Some(words) = container[field].as_array().filter(|words| !words.is_empty()) {
            text.push_str(&format!("    {label}:\n"));
            for word in words {
                for line in string(word).lines() {
                    text.push_str(&format!("      {line}\n"));
                }
            }
        }
    }
    if let Some(status) = status {
        text.push_str(&describe_state("State", &status["state"]));
        if status["lastState"]["terminated"].is_object() {
            text.push_str(&describe_state("Last State", &status["lastState"]));
        }
        let ready = if status["ready"] == true { "True" } else { "False" };
        text.push_str(&format!("    Ready:\t{ready}\n"));
        text.push_str(&format!(
            "    Restart Count:\t{}\n",
            status["restartCount"].as_i64().unwrap_or(0)
        ));
    }
    for (label, field) in [("Limits", "limits"), ("Requests", "requests")] {
        if let Some(amounts) =
            container["resources"][field].as_object().filter(|all| !all.is_empty())
        {
            text.push_str(&format!("    {label}:\n"));
            for (key, value) in amounts {
                text.push_str(&format!("      {key}:\t{}\n", string(value)));
            }
        }
    }
    for (label, field) in [
        ("Liveness", "livenessProbe"),
        ("Readiness", "readinessProbe"),
        ("Startup", "startupProbe"),
    ] {
        if container[field].is_object() {
            text.push_str(&format!("    {label}:\t{}\n", describe_probe(&container[field])));
        }
    }
    text.push_str(&describe_environment(container, pod));
    let mut mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
    mounts.sort_by_key(|mount| string(&mount["mountPath"]));
    if mounts.is_empty() {
        text.push_str("    Mounts:\t<none>\n");
    } else {
        text.push_str("    Mounts:\n");
        for mount in mounts {
            let mut mode = if mount["readOnly"] == true { "ro" } else { "rw" }.to_owned();
            if let Some(path) = mount["subPath"].as_str().filter(|path| !path.is_empty()) {
                mode.push_str(&format!(",path={}", quote(path)));
            }
            text.push_str(&format!(
                "      {} from {} ({mode})\n",
                string(&mount["mountPath"]),
                string(&mount["name"])
            ));
        }
    }
    text
}

fn describe_environment(container: &Value, pod: Option<&Value>) -> String {
    let mut text = String::new();
    let is_optional = |value: &Value| value["optional"] == true;
    let sources = container["envFrom"].as_array().cloned().unwrap_or_default();
    if !sources.is_empty() {
        text.push_str("    Environment Variables from:\n");
        for source in sources {
            let (from, of) = if source["configMapRef"].is_object() {
                ("ConfigMap", &source["configMapRef"])
            } else {
                ("Secret", &source["secretRef"])
            };
            let prefix = source["prefix"].as_str().filter(|prefix| !prefix.is_empty());
            let prefix = prefix.map_or(String::new(), |prefix| format!(" with prefix '{prefix}'"));
            text.push_str(&format!(
                "      {}\t{from}{prefix}\tOptional: {}\n",
                string(&of["name"]),
                is_optional(of)
            ));
        }
    }
    let variables = container["env"].as_array().cloned().unwrap_or_default();
    if variables.is_empty() {
        text.push_str("    Environment:\t<none>\n");
        return text;
    }
    text.push_str("    Environment:\n");
    for variable in variables {
        let (name, from) = (string(&variable["name"]), &variable["valueFrom"]);
        let value = if from["fieldRef"].is_object() {
            let field = &from["fieldRef"];
            let path = string(&field["fieldPath"]);
            let value = pod.map_or(String::new(), |pod| {
                let pointer = format!("/{}", path.replace('.', "/"));
                pod.pointer(&pointer).map(string).unwrap_or_default()
            });
            let version = field["apiVersion"].as_str().unwrap_or("v1");
            format!("{value} ({version}:{path})")
        } else if from["resourceFieldRef"].is_object() {
            format!(" ({})", string(&from["resourceFieldRef"]["resource"]))
        } else if from["secretKeyRef"].is_object() {
            let of = &from["secretKeyRef"];
            format!(
                "<set to the key '{}' in secret '{}'>\tOptional: {}",
                string(&of["key"]),
                string(&of["name"]),
                is_optional(of)
            )
        } else if from["configMapKeyRef"].is_object() {
            let of = &from["configMapKeyRef"];
            format!(
                "<set to the key '{}' of config map '{}'>\tOptional: {}",
                string(&of["key"]),
                string(&of["name"]),
                is_optional(of)
            )
        } else {
            string(&variable["value"]).replace('\n', "\n      \t")
        };
        text.push_str(&format!("      {name}:\t{value}\n"));
    }
    text
}

fn describe_probe(probe: &Value) -> String {
    let number = |field: &str, otherwise: i64| probe[field].as_i64().unwrap_or(otherwise);
    let timing = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number("initialDelaySeconds", 0),
        number("timeoutSeconds", 0),
        number("periodSeconds", 0),
        number("successThreshold", 0),
        number("failureThreshold", 0)
    );
    let port = |value: &Value| crate::print::go::sprint(&value["port"]);
    if probe["exec"].is_object() {
        return format!("exec {} {timing}", crate::print::go::sprint(&probe["exec"]["command"]));
    }
    let http = &probe["httpGet"];
    if http.is_object() {
        let scheme = http["scheme"].as_str().unwrap_or_default().to_lowercase();
        let path = string(&http["path"]);
        return format!(
            "http-get {scheme}://{}:{}{path} {timing}",
            string(&http["host"]),
            port(http)
        );
    }
    let tcp = &probe["tcpSocket"];
    if tcp.is_object() {
        return format!("tcp-socket {}:{} {timing}", string(&tcp["host"]), port(tcp));
    }
    if probe["grpc"].is_object() {
        let service = string(&probe["grpc"]["service"]);
        return format!("grpc <pod>:{} {service} {timing}", port(&probe["grpc"]));
    }
    format!("unknown {timing}")
}

fn describe_state(label: &str, state: &Value) -> String {
    let moment = |value: &Value| value.as_str().and_then(age::rfc1123z).unwrap_or_default();
    let (running, waiting, terminated) =
        (&state["running"], &state["waiting"], &state["terminated"]);
    if running.is_object() {
        format!("    {label}:\tRunning\n      Started:\t{}\n", moment(&running["startedAt"]))
    } else if terminated.is_object() {
        let mut text = format!("    {label}:\tTerminated\n");
        for (label, field) in [("Reason", "reason"), ("Message", "message")] {
            if let Some(value) = terminated[field].as_str().filter(|value| !value.is_empty()) {
                text.push_str(&format!("      {label}:\t{value}\n"));
            }
        }
        text.push_str(&format!(
            "      Exit Code:\t{}\n",
            terminated["exitCode"].as_i64().unwrap_or(0)
        ));
        if let Some(signal) = terminated["signal"].as_i64().filter(|signal| *signal > 0) {
            text.push_str(&format!("      Signal:\t{signal}\n"));
        }
        text.push_str(&format!("      Started:\t{}\n", moment(&terminated["startedAt"])));
        text.push_str(&format!("      Finished:\t{}\n", moment(&terminated["finishedAt"])));
        text
    } else {
        let mut text = format!("    {label}:\tWaiting\n");
        // Only the reason: the message is found in the events.
        if let Some(reason) = waiting["reason"].as_str().filter(|reason| !reason.is_empty()) {
            text.push_str(&format!("      Reason:\t{reason}\n"));
        }
        text
    }
}

pub(super) fn describe_volumes(spec: &Value, speaks: Speaks) -> String {
    let volumes = spec["volumes"].as_array().cloned().unwrap_or_default();
    if volumes.is_empty() {
        return "Volumes:\t<none>\n".to_owned();
    }
    let mut text = String::from("Volumes:\n");
    for volume in volumes {
        text.push_str(&format!("  {}:\n", string(&volume["name"])));
        if let Some(sources) = volume["projected"]["sources"].as_array() {
            text.push_str("    Type:\tProjected (a volume that contains injected data from multiple sources)\n");
            for source in sources {
                if let Some(seconds) = source["serviceAccountToken"]["expirationSeconds"].as_i64() {
                    text.push_str(&format!("    TokenExpirationSeconds:\t{seconds}\n"));
                } else if source["configMap"].is_object() {
                    text.push_str(&format!(
                        "    ConfigMapName:\t{}\n    {}\n",
                        string(&source["configMap"]["name"]),
                        optional("ConfigMapOptional", &source["configMap"], speaks)
                    ));
                } else if source["secret"].is_object() {
                    text.push_str(&format!(
                        "    SecretName:\t{}\n    {}\n",
                        string(&source["secret"]["name"]),
                        optional("SecretOptionalName", &source["secret"], speaks)
                    ));
                } else if source["downwardAPI"].is_object() {
                    text.push_str("    DownwardAPI:\ttrue\n");
                }
            }
        } else if volume["secret"].is_object() {
            let optional = volume["secret"]["optional"] == true;
            text.push_str(&format!("    Type:\tSecret (a volume populated by a Secret)\n    SecretName:\t{}\n    Optional:\t{optional}\n", string(&volume["secret"]["secretName"])));
        } else if volume["configMap"].is_object() {
            let optional = volume["configMap"]["optional"] == true;
            text.push_str(&format!("    Type:\tConfigMap (a volume populated by a ConfigMap)\n    Name:\t{}\n    Optional:\t{optional}\n", string(&volume["configMap"]["name"])));
        } else if volume["emptyDir"].is_object() {
            let limit = volume["emptyDir"]["sizeLimit"].as_str().unwrap_or("<unset>");
            text.push_str(&format!("    Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)\n    Medium:\t{}\n    SizeLimit:\t{limit}\n", string(&volume["emptyDir"]["medium"])));
        }
    }
    text
}

/// Whether a projected source may be missing: older versions print Go's pointer.
fn optional(old_label: &str, source: &Value, speaks: Speaks) -> String {
    if !speaks.describes_projected_optional_as_pointer() {
        return format!("Optional:\t{}", source["optional"] == true);
    }
    let pointer = if source["optional"].is_null() { "<nil>" } else { "0xc000012345" };
    format!("{old_label}:\t{pointer}")
}

pub(super) fn tolerations(spec: &Value) -> Vec<String> {
    let mut all: Vec<String> = spec["tolerations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            let mut text = string(&one["key"]);
            if let Some(value) = one["value"].as_str().filter(|value| !value.is_empty()) {
                text.push_str(&format!("={value}"));
            }
            if let Some(effect) = one["effect"].as_str().filter(|effect| !effect.is_empty()) {
                text.push_str(&format!(":{effect}"));
            }
            // "Exists" is a special case: it is printed when there is no value.
            if one["operator"] == "Exists" && one["value"].as_str().is_none_or(str::is_empty) {
                text.push_str(
                    if one["key"].as_str().is_none_or(str::is_empty)
                        && one["effect"].as_str().is_none_or(str::is_empty)
                    {
                        "op=Exists"
                    } else {
                        " op=Exists"
                    },
                );
            }
            if let Some(seconds) = one["tolerationSeconds"].as_i64() {
                text.push_str(&format!(" for {seconds}s"));
            }
            text
        })
        .collect();
    all.sort();
    all
}

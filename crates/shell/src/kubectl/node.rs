//! `kubectl describe node` (K pkg/describe/describe.go describeNode).

use pullpath_model::api::Method;
use serde_json::Value;

use super::Run;
use super::change::place;
use super::columns::node_roles;
use super::describe::{annotations, labels, multi, string};
use super::failure::Failure;
use super::resource::Resource;
use crate::print::age;

impl Run<'_> {
    pub(super) fn describe_node(&mut self, node: &Value) -> Result<String, Failure> {
        let (spec, status) = (&node["spec"], &node["status"]);
        let name = place(node).1;
        let moment = |value: &Value| value.as_str().and_then(age::rfc1123z).unwrap_or_default();
        let mut text = format!("Name:\t{name}\nRoles:\t{}\n", node_roles(node));
        text.push_str(&multi("Labels:", &labels(&node["metadata"]["labels"])));
        text.push_str(&multi("Annotations:", &annotations(node)));
        let created = moment(&node["metadata"]["creationTimestamp"]);
        text.push_str(&format!("CreationTimestamp:\t{created}\n"));
        text.push_str(&multi("Taints:", &taints(spec)));
        text.push_str(&format!("Unschedulable:\t{}\n", spec["unschedulable"] == true));
        text.push_str(&self.lease(&name));
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        if !conditions.is_empty() {
            text.push_str("Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n  ----\t------\t-----------------\t------------------\t------\t-------\n");
            for one in conditions {
                text.push_str(&format!(
                    "  {} \t{} \t{} \t{} \t{} \t{}\n",
                    string(&one["type"]),
                    string(&one["status"]),
                    moment(&one["lastHeartbeatTime"]),
                    moment(&one["lastTransitionTime"]),
                    string(&one["reason"]),
                    string(&one["message"])
                ));
            }
        }
        text.push_str("Addresses:\n");
        for one in status["addresses"].as_array().into_iter().flatten() {
            text.push_str(&format!("  {}:\t{}\n", string(&one["type"]), string(&one["address"])));
        }
        for (label, field) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
            let amounts = status[field].as_object().filter(|amounts| !amounts.is_empty());
            if let Some(amounts) = amounts {
                text.push_str(&format!("{label}:\n"));
                for (resource, amount) in amounts {
                    text.push_str(&format!("  {resource}:\t{}\n", string(amount)));
                }
            }
        }
        text.push_str("System Info:\n");
        for (label, field) in [
            ("Machine ID", "machineID"),
            ("System UUID", "systemUUID"),
            ("Boot ID", "bootID"),
            ("Kernel Version", "kernelVersion"),
            ("OS Image", "osImage"),
            ("Operating System", "operatingSystem"),
            ("Architecture", "architecture"),
            ("Container Runtime Version", "containerRuntimeVersion"),
            ("Kubelet Version", "kubeletVersion"),
            ("Kube-Proxy Version", "kubeProxyVersion"),
        ] {
            text.push_str(&format!("  {label}:\t{}\n", string(&status["nodeInfo"][field])));
        }
        if let Some(range) = spec["podCIDR"].as_str().filter(|range| !range.is_empty()) {
            text.push_str(&format!("PodCIDR:\t{range}\n"));
        }
        let ranges: Vec<String> =
            spec["podCIDRs"].as_array().into_iter().flatten().map(string).collect();
        if !ranges.is_empty() {
            text.push_str(&format!("PodCIDRs:\t{}\n", ranges.join(",")));
        }
        if let Some(id) = spec["providerID"].as_str().filter(|id| !id.is_empty()) {
            text.push_str(&format!("ProviderID:\t{id}\n"));
        }
        text.push_str(&self.pods_on(&name, status)?);
        self.with_events(text, "Node", node)
    }

    fn lease(&mut self, node: &str) -> String {
        let path = format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}");
        match self.ask(Method::Get, path, "", None) {
            Err(failure) => format!("Lease:\tFailed to get lease: {}\n", failure.message()),
            Ok(lease) => {
                let spec = &lease["spec"];
                let moment = |field: &str| {
                    let at = spec[field].as_str().and_then(age::rfc1123z);
                    at.unwrap_or_else(|| "<unset>".to_owned())
                };
                format!(
                    "Lease:\n  HolderIdentity:\t{}\n  AcquireTime:\t{}\n  RenewTime:\t{}\n",
                    spec["holderIdentity"].as_str().unwrap_or("<unset>"),
                    moment("acquireTime"),
                    moment("renewTime")
                )
            }
        }
    }

    /// The Pods that have not ended on a node, and what they take of it.
    fn pods_on(&mut self, node: &str, status: &Value) -> Result<String, Failure> {
        let resource = Resource::named("pods").expect("a built-in type");
        let list = self.ask(Method::Get, resource.path("", ""), "", None)?;
        let mut pods = list["items"].as_array().cloned().unwrap_or_default();
        pods.retain(|pod| {
            pod["spec"]["nodeName"] == *node
                && pod["status"]["phase"] != "Succeeded"
                && pod["status"]["phase"] != "Failed"
        });
        let has_allocatable =
            status["allocatable"].as_object().is_some_and(|amounts| !amounts.is_empty());
        let all = &status[if has_allocatable { "allocatable" } else { "capacity" }];
        let amount = |resource: &str| thousandths(&string(&all[resource]));
        let share = |taken: i128, resource: &str| match amount(resource) {
            0 => 0,
            all => taken * 100 / all,
        };
        let now = self.host.unix_millis();
        let mut text = format!(
            "Non-terminated Pods:\t({} in total)\n  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n",
            pods.len()
        );
        for pod in &pods {
            let (namespace, name) = place(pod);
            let cell = |kind: &str, resource: &str| {
                let taken = taken(pod, kind, resource);
                format!("{} ({}%)", written(taken, resource), share(taken, resource))
            };
            let created = pod["metadata"]["creationTimestamp"].as_str();
            text.push_str(&format!(
                "  {namespace}\t{name}\t\t{}\t{}\t{}\t{}\t{}\n",
                cell("requests", "cpu"),
                cell("limits", "cpu"),
                cell("requests", "memory"),
                cell("limits", "memory"),
                age::since(created, now)
            ));
        }
        text.push_str("Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  Resource\tRequests\tLimits\n  --------\t--------\t------\n");
        let huge = all.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let huge = huge.filter(|name| name.starts_with("hugepages-"));
        for resource in ["cpu", "memory", "ephemeral-storage"].into_iter().chain(huge) {
            let cell = |kind: &str| {
                let taken: i128 = pods.iter().map(|pod| taken(pod, kind, resource)).sum();
                format!("{} ({}%)", written(taken, resource), share(taken, resource))
            };
            text.push_str(&format!("  {resource}\t{}\t{}\n", cell("requests"), cell("limits")));
        }
        Ok(text)
    }
}

fn taints(spec: &Value) -> Vec<String> {
    let mut taints: Vec<String> = spec["taints"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|taint| {
            let value = taint["value"].as_str().filter(|value| !value.is_empty());
            let value = value.map_or(String::new(), |value| format!("={value}"));
            format!("{}{value}:{}", string(&taint["key"]), string(&taint["effect"]))
        })
        .collect();
    taints.sort();
    taints
}

/// What the containers of a Pod request, or are limited to, in thousandths.
fn taken(pod: &Value, kind: &str, resource: &str) -> i128 {
    let of = |list: &str| -> Vec<i128> {
        let containers = pod["spec"][list].as_array().into_iter().flatten();
        containers.map(|one| thousandths(&string(&one["resources"][kind][resource]))).collect()
    };
    // Init containers run one after the other, before the others.
    let first = of("initContainers").into_iter().max().unwrap_or(0);
    of("containers").into_iter().sum::<i128>().max(first)
}

/// A quantity in thousandths: `500m` is 500, `1Ki` is 1,024,000.
fn thousandths(text: &str) -> i128 {
    let end = text.find(|one: char| !(one.is_ascii_digit() || one == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: i128 = match unit {
        "m" => 1,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "Ki" => 1_024_000,
        "Mi" => 1_048_576_000,
        "Gi" => 1_073_741_824_000,
        _ => 1000,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: i128 = whole.parse().unwrap_or(0);
    let fraction: i128 =
        format!("{fraction:0<3}").get(..3).and_then(|text| text.parse().ok()).unwrap_or(0);
    whole * factor + fraction * factor / 1000
}

/// The amount as Kubernetes writes it: processors in thousandths where they must be, memory in binary units.
fn written(thousandths: i128, resource: &str) -> String {
    if resource == "cpu" {
        return if thousandths % 1000 == 0 {
            (thousandths / 1000).to_string()
        } else {
            format!("{thousandths}m")
        };
    }
    let bytes = thousandths / 1000;
    for (unit, size) in [("Gi", 1_i128 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if bytes != 0 && bytes % size == 0 {
            return format!("{}{unit}", bytes / size);
        }
    }
    bytes.to_string()
}

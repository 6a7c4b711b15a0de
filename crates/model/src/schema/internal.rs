//! The API server's internal form of an object, which some refusals show: Go's own names of the fields, in Go's order,
//! with every empty one.
//! *Source: kubernetes v1.35.6 pkg/apis/core/types.go, which differs from the served types in what stands here;
//! apimachinery pkg/util/diff/diff.go.*

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{Field, Schema, Struct, Type, shape};
use crate::apply::go_json;
use crate::go::difflib;
use crate::object::PodSpec;

/// Fields whose internal names are not their served names with a capital.
const NAMES: [(&str, &str); 28] = [
    ("dnsPolicy", "DNSPolicy"),
    ("dnsConfig", "DNSConfig"),
    ("os", "OS"),
    ("gcePersistentDisk", "GCEPersistentDisk"),
    ("awsElasticBlockStore", "AWSElasticBlockStore"),
    ("nfs", "NFS"),
    ("iscsi", "ISCSI"),
    ("rbd", "RBD"),
    ("cephfs", "CephFS"),
    ("fc", "FC"),
    ("scaleIO", "ScaleIO"),
    ("storageos", "StorageOS"),
    ("csi", "CSI"),
    ("pdName", "PDName"),
    ("fsType", "FSType"),
    ("apiVersion", "APIVersion"),
    ("apiGroup", "APIGroup"),
    ("tty", "TTY"),
    ("httpGet", "HTTPGet"),
    ("tcpSocket", "TCPSocket"),
    ("grpc", "GRPC"),
    ("httpHeaders", "HTTPHeaders"),
    ("seLinuxOptions", "SELinuxOptions"),
    ("seLinuxChangePolicy", "SELinuxChangePolicy"),
    ("fsGroup", "FSGroup"),
    ("fsGroupChangePolicy", "FSGroupChangePolicy"),
    ("gmsaCredentialSpec", "GMSACredentialSpec"),
    ("ip", "IP"),
];

/// Where the internal order differs.
const POD_SPEC: &str = "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName automountServiceAccountToken nodeName securityContext imagePullSecrets hostname subdomain setHostnameAsFQDN affinity schedulerName tolerations hostAliases priorityClassName priority preemptionPolicy dnsConfig readinessGates runtimeClassName overhead enableServiceLinks topologySpreadConstraints os schedulingGates resourceClaims resources hostnameOverride workloadRef";
const VOLUME: &str = "name hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs persistentVolumeClaim rbd quobyte flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap vsphereVolume azureDisk photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral image";
/// These are the Pod spec's where it is served.
const HOST: [&str; 5] = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];
const POD_SECURITY_CONTEXT: &str = "seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups supplementalGroupsPolicy fsGroup fsGroupChangePolicy sysctls seccompProfile appArmorProfile seLinuxChangePolicy";

/// A JSON value whose fields have an order.
enum Node {
    Plain(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// The difference between two Pod specs, line by line.
pub fn spec_diff(old: &PodSpec, new: &PodSpec) -> String {
    let lines = |spec: &PodSpec| -> Vec<String> {
        let value = crate::object::json::write(spec);
        let mut text = String::new();
        pretty(&internal("PodSpec", &value), 0, &mut text);
        text.lines().map(str::to_owned).collect()
    };
    difflib::unified(&lines(old), &lines(new))
}

/// The internal form of a value as JSON.
pub fn internal_json(of: &str, value: &Value) -> String {
    let node = match of {
        // Its metadata are embedded.
        "PodTemplateSpec" => {
            let meta = Schema::get().named("ObjectMeta").map(|of| served(of, &value["metadata"]));
            let mut fields = match meta {
                Some(Node::Map(fields)) => fields,
                _ => Vec::new(),
            };
            fields.push(("Spec".into(), internal("PodSpec", &value["spec"])));
            Node::Map(fields)
        }
        of => internal(of, value),
    };
    let mut text = String::new();
    compact(&node, &mut text);
    text
}

fn internal(of: &str, value: &Value) -> Node {
    match Schema::get().named(of) {
        Some(of) => object(of, &shape(of, value).value),
        None => Node::Plain(go_json(value)),
    }
}

fn object(of: &'static Struct, value: &Value) -> Node {
    let ordered = |names: &str| -> Vec<&'static Field> {
        names.split(' ').filter_map(|name| of.field(name)).collect()
    };
    let fields = match of.name {
        "LabelSelector" | "LabelSelectorRequirement" | "ObjectMeta" => return served(of, value),
        "PodSpec" => ordered(POD_SPEC),
        "Volume" => ordered(VOLUME),
        "PodSecurityContext" => ordered(POD_SECURITY_CONTEXT),
        _ => of.fields.iter().collect(),
    };
    let mut nodes = Vec::with_capacity(fields.len());
    for field in fields {
        let mut found = value.get(field.name).cloned();
        let hosts = of.name == "PodSpec" && field.name == "securityContext";
        if let Some(context) = found.as_mut().filter(|_| hosts) {
            for name in HOST {
                if let Some(host) = value.get(name) {
                    context[name] = host.clone();
                }
            }
        }
        let node = match (of.name, field.name) {
            ("ServiceAccountTokenProjection", "expirationSeconds") => {
                Node::Plain(found.unwrap_or_else(|| 0.into()).to_string())
            }
            _ => typed(&field.shape, found.as_ref()),
        };
        nodes.push((go_name(field.name), node));
    }
    if of.name == "PodSecurityContext" {
        let plain = |(index, name): (usize, &&str)| {
            let empty = if index < 3 { "false" } else { "null" };
            let text = value.get(*name).map_or(empty.to_owned(), Value::to_string);
            (go_name(name), Node::Plain(text))
        };
        let hosts: Vec<_> = HOST.iter().enumerate().map(plain).collect();
        nodes.splice(0..0, hosts);
    }
    Node::Map(nodes)
}

fn go_name(name: &str) -> String {
    if let Some((_, odd)) = NAMES.iter().find(|(served, _)| *served == name) {
        return (*odd).to_owned();
    }
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn typed(shape: &Type, value: Option<&Value>) -> Node {
    let plain = |empty: &str| Node::Plain(value.map_or(empty.to_owned(), go_json));
    match (shape, value) {
        (Type::Pointer(inner), Some(value)) => typed(inner, Some(value)),
        (Type::Struct(index), value) => {
            let empty = Value::Object(Map::new());
            object(Schema::get().at(*index), value.unwrap_or(&empty))
        }
        (Type::List(inner), Some(Value::Array(list))) => {
            Node::List(list.iter().map(|item| typed(inner, Some(item))).collect())
        }
        (Type::Map(inner), Some(Value::Object(map))) => Node::Map(
            map.iter().map(|(key, item)| (key.clone(), typed(inner, Some(item)))).collect(),
        ),
        (Type::String, _) => plain("\"\""),
        (Type::Int32 | Type::Int64 | Type::IntOrString, _) => plain("0"),
        (Type::Bool, _) => plain("false"),
        (Type::Quantity, _) => plain("\"0\""),
        (
            Type::Pointer(_) | Type::List(_) | Type::Map(_) | Type::Bytes | Type::Time | Type::Any,
            _,
        ) => plain("null"),
    }
}

/// Types that have no form of their own inside.
fn served(of: &'static Struct, value: &Value) -> Node {
    fn any(shape: &Type, value: &Value) -> Node {
        match (shape, value) {
            (Type::Pointer(inner), value) => any(inner, value),
            (Type::Struct(index), value) => served(Schema::get().at(*index), value),
            (Type::List(inner), Value::Array(list)) => {
                Node::List(list.iter().map(|item| any(inner, item)).collect())
            }
            (_, Value::Object(map)) => Node::Map(
                map.iter().map(|(key, item)| (key.clone(), any(&Type::Any, item))).collect(),
            ),
            (_, value) => Node::Plain(go_json(value)),
        }
    }
    let written = of.fields.iter().filter_map(|field| {
        value.get(field.name).map(|value| (field.name.to_owned(), any(&field.shape, value)))
    });
    Node::Map(written.collect())
}

/// JSON with a line for each value, indented by one blank, as the diff takes it.
fn pretty(node: &Node, depth: usize, out: &mut String) {
    let pad = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth));
    };
    match node {
        Node::Plain(text) => out.push_str(text),
        Node::List(items) if items.is_empty() => out.push_str("[]"),
        Node::Map(fields) if fields.is_empty() => out.push_str("{}"),
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                pad(out, depth + 1);
                pretty(item, depth + 1, out);
            }
            pad(out, depth);
            out.push(']');
        }
        Node::Map(fields) => {
            for (index, (name, item)) in fields.iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                pad(out, depth + 1);
                write!(out, "\"{name}\": ").expect("a String takes all");
                pretty(item, depth + 1, out);
            }
            pad(out, depth);
            out.push('}');
        }
    }
}

fn compact(node: &Node, out: &mut String) {
    match node {
        Node::Plain(text) => out.push_str(text),
        Node::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                compact(item, out);
            }
            out.push(']');
        }
        Node::Map(fields) => {
            out.push('{');
            for (index, (name, item)) in fields.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                write!(out, "{comma}\"{name}\":").expect("a String takes all");
                compact(item, out);
            }
            out.push('}');
        }
    }
}

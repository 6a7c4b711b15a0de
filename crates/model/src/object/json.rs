//! Between typed API objects and JSON values, in as little code as there can be: what serde derives of them was a sixth
//! of the engine in the browser.
//!
//! Reading cannot fail, because a value was held against its type before ([`crate::schema::shape`]): what does not fit
//! reads as empty.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::{
    DeploymentCondition, DeploymentStatus, DeploymentStrategy, ReplicaSetCondition,
    ReplicaSetStatus, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::{
    ContainerPort, LocalObjectReference, Namespace, NamespaceCondition, NamespaceSpec,
    NamespaceStatus, ObjectReference, Secret, ServiceAccount, Toleration, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    FieldsV1, LabelSelector, LabelSelectorRequirement, ManagedFieldsEntry, ObjectMeta,
    OwnerReference, Time,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value};

use crate::ordered;
use crate::schema::unix_seconds;
use crate::time::{SimTime, rfc3339};

/// Reads a value of a type that it is known to fit.
pub(crate) fn read<T: Json>(value: &Value) -> T {
    T::read(value)
}

/// Writes a value of an API type.
pub(crate) fn write<T: Json>(value: &T) -> Value {
    value.write().unwrap_or_default()
}

/// A type of the API.
pub(crate) trait Json: Sized {
    /// What is null, or not there, reads as empty.
    fn read(value: &Value) -> Self;
    /// `None` where the field is left out.
    fn write(&self) -> Option<Value>;
}

// ---- structs ----------------------------------------------------------------------------------------------------

/// The field of that name; null if there is none.
#[inline(never)]
pub(super) fn at<'a>(value: &'a Value, name: &str) -> &'a Value {
    &value[name]
}

#[inline(never)]
pub(super) fn put(map: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value);
    }
}

/// What is left of an object besides the known fields and its type, which its kind says.
#[inline(never)]
pub(super) fn rest(value: &Value, known: &[&str]) -> Map<String, Value> {
    let mut rest = Map::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let known = known.contains(&name.as_str()) || name == "apiVersion" || name == "kind";
        if !known && !value.is_null() {
            rest.insert(name.clone(), value.clone());
        }
    }
    rest
}

/// For a struct of which every field is read.
macro_rules! fields {
    ($type:ty { $($field:ident: $name:literal),* $(,)? }) => {
        impl Json for $type {
            fn read(value: &Value) -> Self {
                Self { $($field: Json::read(at(value, $name))),* }
            }

            fn write(&self) -> Option<Value> {
                let mut map = Map::new();
                $(put(&mut map, $name, self.$field.write());)*
                Some(Value::Object(map))
            }
        }
    };
}

/// For a struct of which some fields are typed, and the others kept.
macro_rules! partly {
    ($(#[$about:meta])* $type:ident { $($field:ident: $of:ty = $name:literal, $doc:literal;)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $type {
            $(#[doc = $doc] pub $field: $of,)*
            /// Every other field, as written.
            pub rest: serde_json::Map<String, serde_json::Value>,
        }

        impl $crate::object::json::Json for $type {
            fn read(value: &serde_json::Value) -> Self {
                Self { $($field: $crate::object::json::Json::read($crate::object::json::at(value, $name)),)* rest: $crate::object::json::rest(value, &[$($name),*]) }
            }

            fn write(&self) -> Option<serde_json::Value> {
                let mut map = self.rest.clone();
                $($crate::object::json::put(&mut map, $name, $crate::object::json::Json::write(&self.$field));)*
                Some(serde_json::Value::Object(map))
            }
        }
    };
}
pub(super) use partly;

fields!(ObjectMeta {
    annotations: "annotations",
    creation_timestamp: "creationTimestamp",
    deletion_grace_period_seconds: "deletionGracePeriodSeconds",
    deletion_timestamp: "deletionTimestamp",
    finalizers: "finalizers",
    generate_name: "generateName",
    generation: "generation",
    labels: "labels",
    managed_fields: "managedFields",
    name: "name",
    namespace: "namespace",
    owner_references: "ownerReferences",
    resource_version: "resourceVersion",
    self_link: "selfLink",
    uid: "uid",
});
fields!(ManagedFieldsEntry {
    api_version: "apiVersion",
    fields_type: "fieldsType",
    fields_v1: "fieldsV1",
    manager: "manager",
    operation: "operation",
    subresource: "subresource",
    time: "time",
});
fields!(OwnerReference {
    api_version: "apiVersion",
    block_owner_deletion: "blockOwnerDeletion",
    controller: "controller",
    kind: "kind",
    name: "name",
    uid: "uid",
});
fields!(LabelSelector { match_expressions: "matchExpressions", match_labels: "matchLabels" });
fields!(LabelSelectorRequirement { key: "key", operator: "operator", values: "values" });
fields!(Namespace { metadata: "metadata", spec: "spec", status: "status" });
fields!(NamespaceSpec { finalizers: "finalizers" });
fields!(NamespaceStatus { conditions: "conditions", phase: "phase" });
fields!(NamespaceCondition {
    last_transition_time: "lastTransitionTime",
    message: "message",
    reason: "reason",
    status: "status",
    type_: "type",
});
fields!(ServiceAccount {
    automount_service_account_token: "automountServiceAccountToken",
    image_pull_secrets: "imagePullSecrets",
    metadata: "metadata",
    secrets: "secrets",
});
fields!(ObjectReference {
    api_version: "apiVersion",
    field_path: "fieldPath",
    kind: "kind",
    name: "name",
    namespace: "namespace",
    resource_version: "resourceVersion",
    uid: "uid",
});
fields!(LocalObjectReference { name: "name" });
fields!(Secret {
    data: "data",
    immutable: "immutable",
    metadata: "metadata",
    string_data: "stringData",
    type_: "type",
});
fields!(Toleration {
    effect: "effect",
    key: "key",
    operator: "operator",
    toleration_seconds: "tolerationSeconds",
    value: "value",
});
fields!(ContainerPort {
    container_port: "containerPort",
    host_ip: "hostIP",
    host_port: "hostPort",
    name: "name",
    protocol: "protocol",
});
fields!(VolumeMount {
    mount_path: "mountPath",
    mount_propagation: "mountPropagation",
    name: "name",
    read_only: "readOnly",
    recursive_read_only: "recursiveReadOnly",
    sub_path: "subPath",
    sub_path_expr: "subPathExpr",
});
fields!(DeploymentStrategy { rolling_update: "rollingUpdate", type_: "type" });
fields!(RollingUpdateDeployment { max_surge: "maxSurge", max_unavailable: "maxUnavailable" });
fields!(DeploymentStatus {
    available_replicas: "availableReplicas",
    collision_count: "collisionCount",
    conditions: "conditions",
    observed_generation: "observedGeneration",
    ready_replicas: "readyReplicas",
    replicas: "replicas",
    terminating_replicas: "terminatingReplicas",
    unavailable_replicas: "unavailableReplicas",
    updated_replicas: "updatedReplicas",
});
fields!(DeploymentCondition {
    last_transition_time: "lastTransitionTime",
    last_update_time: "lastUpdateTime",
    message: "message",
    reason: "reason",
    status: "status",
    type_: "type",
});
fields!(ReplicaSetStatus {
    available_replicas: "availableReplicas",
    conditions: "conditions",
    fully_labeled_replicas: "fullyLabeledReplicas",
    observed_generation: "observedGeneration",
    ready_replicas: "readyReplicas",
    replicas: "replicas",
    terminating_replicas: "terminatingReplicas",
});
fields!(ReplicaSetCondition {
    last_transition_time: "lastTransitionTime",
    message: "message",
    reason: "reason",
    status: "status",
    type_: "type",
});

// ---- what structs are made of -----------------------------------------------------------------------------------

impl<T: Json> Json for Option<T> {
    fn read(value: &Value) -> Self {
        if value.is_null() { None } else { Some(T::read(value)) }
    }

    fn write(&self) -> Option<Value> {
        self.as_ref().and_then(T::write)
    }
}

impl<T: Json> Json for Vec<T> {
    fn read(value: &Value) -> Self {
        let mut list = Self::new();
        for item in value.as_array().into_iter().flatten() {
            list.push(T::read(item));
        }
        list
    }

    fn write(&self) -> Option<Value> {
        let mut list = Vec::new();
        for item in self {
            list.push(write(item));
        }
        Some(Value::Array(list))
    }
}

impl<T: Json> Json for BTreeMap<String, T> {
    fn read(value: &Value) -> Self {
        let entries = value.as_object().into_iter().flatten();
        ordered::map(entries.map(|(key, value)| (key.clone(), T::read(value))))
    }

    fn write(&self) -> Option<Value> {
        let mut map = Map::new();
        for (key, value) in self {
            map.insert(key.clone(), write(value));
        }
        Some(Value::Object(map))
    }
}

impl<T: Json> Json for Box<T> {
    fn read(value: &Value) -> Self {
        Self::new(T::read(value))
    }

    fn write(&self) -> Option<Value> {
        T::write(self)
    }
}

impl Json for Value {
    fn read(value: &Value) -> Self {
        value.clone()
    }

    fn write(&self) -> Option<Value> {
        Some(self.clone())
    }
}

impl Json for String {
    #[inline(never)]
    fn read(value: &Value) -> Self {
        value.as_str().unwrap_or_default().to_owned()
    }

    fn write(&self) -> Option<Value> {
        Some(Value::String(self.clone()))
    }
}

impl Json for bool {
    fn read(value: &Value) -> Self {
        value.as_bool().unwrap_or_default()
    }

    fn write(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Json for i64 {
    #[inline(never)]
    fn read(value: &Value) -> Self {
        value.as_i64().unwrap_or_default()
    }

    fn write(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Json for i32 {
    fn read(value: &Value) -> Self {
        i64::read(value).clamp(i64::from(Self::MIN), i64::from(Self::MAX)) as Self
    }

    fn write(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Json for ByteString {
    fn read(value: &Value) -> Self {
        Self(STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default())
    }

    fn write(&self) -> Option<Value> {
        Some(STANDARD.encode(&self.0).into())
    }
}

impl Json for IntOrString {
    fn read(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::String(text.clone()),
            number => Self::Int(i32::read(number)),
        }
    }

    fn write(&self) -> Option<Value> {
        match self {
            Self::Int(number) => number.write(),
            Self::String(text) => text.write(),
        }
    }
}

impl Json for Time {
    // Not in jiff's way: its parser, its formatter and the words of their errors are thirty kilobytes of the engine.
    fn read(value: &Value) -> Self {
        super::time(value.as_str().and_then(unix_seconds).unwrap_or_default())
    }

    fn write(&self) -> Option<Value> {
        Some(rfc3339(self.0.as_second(), SimTime::START).into())
    }
}

impl Json for FieldsV1 {
    fn read(value: &Value) -> Self {
        Self(value.clone())
    }

    fn write(&self) -> Option<Value> {
        Some(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::{apps::v1 as apps, core::v1 as core};
    use serde::{Serialize, de::DeserializeOwned};
    use serde_json::json;

    use super::*;
    use crate::object::{Deployment, Pod, ReplicaSet};

    /// Reading and writing a value comes to what `k8s-openapi` makes of it.
    #[track_caller]
    fn check<Ours: Json, Theirs: Serialize + DeserializeOwned>(value: &Value) {
        let theirs: Theirs = serde_json::from_value(value.clone()).unwrap();
        let mut ours: Value = write(&read::<Ours>(value));
        // The kind of an object says them.
        for line in ["apiVersion", "kind"] {
            ours[line] = value[line].clone();
        }
        assert_eq!(ours, serde_json::to_value(theirs).unwrap());
    }

    fn metadata() -> Value {
        json!({
            "name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "7", "generation": 3,
            "generateName": "a-", "selfLink": "/a", "labels": { "a": "b" },
            "annotations": { "c": "d" }, "finalizers": ["e"], "deletionGracePeriodSeconds": 30,
            "creationTimestamp": "2026-03-02T09:05:10Z", "deletionTimestamp": "0001-01-01T00:00:00Z",
            "managedFields": [{
                "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": { "f:data": {} },
                "manager": "kubectl", "operation": "Apply", "subresource": "status",
                "time": "1969-12-31T23:59:59Z",
            }],
            "ownerReferences": [
                { "apiVersion": "v1", "kind": "Pod", "name": "b", "uid": "v", "controller": true },
                { "apiVersion": "v1", "kind": "Pod", "name": "c", "uid": "w", "blockOwnerDeletion": false },
            ],
        })
    }

    fn template() -> Value {
        let secret = json!({ "secretKeyRef": { "key": "k", "name": "s", "optional": true } });
        let container = json!({
            "name": "app", "image": "nginx", "imagePullPolicy": "Always", "command": ["a"],
            "args": ["b"], "env": [{ "name": "A", "value": "" }, { "name": "B", "valueFrom": secret }],
            "envFrom": [{ "prefix": "P_", "secretRef": { "name": "s" } }],
            "ports": [{ "containerPort": 80, "hostIP": "::", "hostPort": 8080, "name": "h", "protocol": "TCP" }],
            "volumeMounts": [{
                "mountPath": "/a", "name": "v", "readOnly": true, "recursiveReadOnly": "Disabled",
                "subPath": "p", "subPathExpr": "q", "mountPropagation": "None",
            }],
            "restartPolicy": "Always", "terminationMessagePolicy": "File", "stdin": true,
            "terminationMessagePath": "/t", "resources": { "limits": { "cpu": "1500m" } },
            "livenessProbe": { "httpGet": { "path": "/", "port": "h", "scheme": "HTTP" }, "periodSeconds": 5 },
            "securityContext": { "capabilities": { "drop": ["ALL"] }, "runAsUser": 0 },
        });
        json!({
            "metadata": { "labels": { "app": "a" } },
            "spec": {
                "containers": [container], "initContainers": [container],
                "ephemeralContainers": [{ "name": "debug", "image": "busybox", "targetContainerName": "app" }],
                "activeDeadlineSeconds": 9, "automountServiceAccountToken": false,
                "dnsPolicy": "Default", "enableServiceLinks": true, "nodeName": "n",
                "imagePullSecrets": [{ "name": "s" }], "nodeSelector": { "a": "b" },
                "preemptionPolicy": "Never", "priority": -1, "restartPolicy": "Always",
                "serviceAccount": "x", "serviceAccountName": "x", "terminationGracePeriodSeconds": -1,
                "tolerations": [
                    { "key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 300 },
                ],
                "volumes": [
                    { "name": "v", "secret": { "secretName": "s", "defaultMode": 420 } },
                    { "name": "w", "emptyDir": {} },
                ],
                "securityContext": {}, "hostNetwork": true, "schedulerName": "default-scheduler",
                "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{ "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["n"] }] }],
                } } },
            },
        })
    }

    #[test]
    fn objects_are_those_of_the_published_types() {
        let condition = |more: Value| {
            let mut one = json!({
                "type": "A", "status": "True", "reason": "R", "message": "m",
                "lastTransitionTime": "2026-03-02T09:05:10Z",
            });
            one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            one
        };
        let selector = json!({
            "matchLabels": { "app": "a" },
            "matchExpressions": [{ "key": "k", "operator": "In", "values": ["v"] }],
        });
        let core = |kind: &str, mut more: Value| {
            more["apiVersion"] = "v1".into();
            more["kind"] = kind.into();
            more["metadata"] = metadata();
            more
        };
        check::<Pod, core::Pod>(&core("Pod", json!({ "spec": template()["spec"] })));
        check::<Pod, core::Pod>(&core("Pod", json!({ "spec": { "containers": [] } })));
        check::<Namespace, core::Namespace>(&core(
            "Namespace",
            json!({
                "spec": { "finalizers": ["kubernetes"] },
                "status": { "phase": "Active", "conditions": [condition(json!({}))] },
            }),
        ));
        check::<ServiceAccount, core::ServiceAccount>(&core(
            "ServiceAccount",
            json!({
                "automountServiceAccountToken": false, "imagePullSecrets": [{ "name": "s" }],
                "secrets": [{
                    "apiVersion": "v1", "kind": "Secret", "name": "s", "namespace": "n",
                    "fieldPath": "f", "resourceVersion": "1", "uid": "u",
                }],
            }),
        ));
        check::<Secret, core::Secret>(&core(
            "Secret",
            json!({ "data": { "a": "AP8=", "b": "" }, "immutable": true, "stringData": { "c": "d" }, "type": "t" }),
        ));
        let mut deployment = core(
            "Deployment",
            json!({
                "spec": {
                    "replicas": 3, "selector": selector, "template": template(), "paused": true,
                    "minReadySeconds": 1, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 0,
                    "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": 1 } },
                },
                "status": {
                    "availableReplicas": 1, "collisionCount": 2, "observedGeneration": 3, "readyReplicas": 4,
                    "replicas": 5, "terminatingReplicas": 0, "unavailableReplicas": 6, "updatedReplicas": 7,
                    "conditions": [condition(json!({ "lastUpdateTime": "2026-03-02T09:05:10Z" }))],
                },
            }),
        );
        deployment["apiVersion"] = "apps/v1".into();
        check::<Deployment, apps::Deployment>(&deployment);
        let mut set = core(
            "ReplicaSet",
            json!({
                "spec": { "replicas": 0, "minReadySeconds": 1, "selector": selector, "template": template() },
                "status": {
                    "availableReplicas": 1, "fullyLabeledReplicas": 2, "observedGeneration": 3,
                    "readyReplicas": 4, "replicas": 5, "terminatingReplicas": 6, "conditions": [condition(json!({}))],
                },
            }),
        );
        set["apiVersion"] = "apps/v1".into();
        check::<ReplicaSet, apps::ReplicaSet>(&set);
    }
}

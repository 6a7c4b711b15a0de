//! Pods and what is made from Pod templates, as far as the model computes with them. Every other field is kept as the
//! JSON that it was written as: most of a Pod's spec, and all sources of a volume.
//!
//! The names are those of `k8s-openapi`, whose own types for these would bring three hundred more, none of them needed.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DeploymentStatus, DeploymentStrategy, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{ContainerPort, LocalObjectReference, Toleration, VolumeMount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde_json::Value;

use super::json::{at, partly};

partly! {
    /// `v1 Pod`
    Pod {
        metadata: ObjectMeta = "metadata", "Name, namespace and the rest.";
        spec: Option<PodSpec> = "spec", "What is to run.";
    }
}

partly! {
    /// `spec` of a Pod
    PodSpec {
        active_deadline_seconds: Option<i64> = "activeDeadlineSeconds", "How long it may take.";
        automount_service_account_token: Option<bool> = "automountServiceAccountToken",
            "Whether it gets its account's token.";
        containers: Vec<Container> = "containers", "What runs.";
        dns_policy: Option<String> = "dnsPolicy", "How names are looked up.";
        enable_service_links: Option<bool> = "enableServiceLinks",
            "Whether services are told in the environment.";
        ephemeral_containers: Option<Vec<Container>> = "ephemeralContainers",
            "What was added for debugging.";
        image_pull_secrets: Option<Vec<LocalObjectReference>> = "imagePullSecrets",
            "Its pull secrets.";
        init_containers: Option<Vec<Container>> = "initContainers",
            "What runs before the others, one after the other.";
        node_name: Option<String> = "nodeName", "The node it is bound to.";
        node_selector: Option<BTreeMap<String, String>> = "nodeSelector",
            "The labels of nodes that it may run on.";
        preemption_policy: Option<String> = "preemptionPolicy", "Whether it may end others.";
        priority: Option<i32> = "priority", "Its priority as a number.";
        restart_policy: Option<String> = "restartPolicy",
            "Whether containers that ended are started again.";
        service_account: Option<String> = "serviceAccount", "The old name of the next.";
        service_account_name: Option<String> = "serviceAccountName", "Its ServiceAccount.";
        termination_grace_period_seconds: Option<i64> = "terminationGracePeriodSeconds",
            "How long it may take to end.";
        tolerations: Option<Vec<Toleration>> = "tolerations", "The taints it stands.";
        volumes: Option<Vec<Volume>> = "volumes", "Its volumes.";
    }
}

partly! {
    /// A container in any of a Pod's lists.
    Container {
        args: Option<Vec<String>> = "args", "The words behind its command.";
        command: Option<Vec<String>> = "command", "Its command.";
        env: Option<Vec<EnvVar>> = "env", "Its environment.";
        env_from: Option<Vec<Value>> = "envFrom", "What its environment is also taken from.";
        image: Option<String> = "image", "Its image, as written.";
        image_pull_policy: Option<String> = "imagePullPolicy", "When the image is pulled.";
        name: String = "name", "Its name.";
        ports: Option<Vec<ContainerPort>> = "ports", "Its ports.";
        restart_policy: Option<String> = "restartPolicy", "`Always` for a sidecar.";
        termination_message_policy: Option<String> = "terminationMessagePolicy",
            "Where its last words are read.";
        volume_mounts: Option<Vec<VolumeMount>> = "volumeMounts", "Where its volumes are.";
    }
}

partly! {
    /// A variable of a container's environment.
    EnvVar {
        name: String = "name", "Its name.";
        value: Option<String> = "value", "Its value, if it is written out.";
    }
}

partly! {
    /// A volume: its source is one of thirty, none of which anything is computed with.
    Volume {
        name: String = "name", "Its name.";
    }
}

partly! {
    /// A Pod as it is to be made.
    PodTemplateSpec {
        metadata: Option<ObjectMeta> = "metadata", "Labels and annotations.";
        spec: Option<PodSpec> = "spec", "What is to run.";
    }
}

partly! {
    /// `apps/v1 Deployment`
    Deployment {
        metadata: ObjectMeta = "metadata", "Name, namespace and the rest.";
        spec: Option<DeploymentSpec> = "spec", "What is wanted.";
        status: Option<DeploymentStatus> = "status", "What there is.";
    }
}

partly! {
    /// `spec` of a Deployment
    DeploymentSpec {
        min_ready_seconds: Option<i32> = "minReadySeconds", "How long a Pod must be ready to count.";
        paused: Option<bool> = "paused", "Whether changes of the template wait.";
        progress_deadline_seconds: Option<i32> = "progressDeadlineSeconds",
            "When a rollout has taken too long.";
        replicas: Option<i32> = "replicas", "How many Pods.";
        revision_history_limit: Option<i32> = "revisionHistoryLimit",
            "How many old ReplicaSets are kept.";
        selector: LabelSelector = "selector", "Which Pods are its own.";
        strategy: Option<DeploymentStrategy> = "strategy", "How old Pods are replaced.";
        template: PodTemplateSpec = "template", "The Pods.";
    }
}

partly! {
    /// `apps/v1 ReplicaSet`
    ReplicaSet {
        metadata: ObjectMeta = "metadata", "Name, namespace and the rest.";
        spec: Option<ReplicaSetSpec> = "spec", "What is wanted.";
        status: Option<ReplicaSetStatus> = "status", "What there is.";
    }
}

partly! {
    /// `spec` of a ReplicaSet
    ReplicaSetSpec {
        min_ready_seconds: Option<i32> = "minReadySeconds", "How long a Pod must be ready to count.";
        replicas: Option<i32> = "replicas", "How many Pods.";
        selector: LabelSelector = "selector", "Which Pods are its own.";
        template: Option<PodTemplateSpec> = "template", "The Pods.";
    }
}

impl EnvVar {
    /// The Secret that its value is taken from.
    pub fn secret(&self) -> Option<&str> {
        Some(name_in(self.rest.get("valueFrom")?.get("secretKeyRef")?, "name"))
    }
}

impl Volume {
    /// Its source of that kind.
    pub fn source(&self, kind: &str) -> Option<&Value> {
        self.rest.get(kind)
    }
}

/// A name in a part of an object that is kept as JSON; empty where none is written.
pub(crate) fn name_in<'a>(part: &'a Value, field: &str) -> &'a str {
    at(part, field).as_str().unwrap_or_default()
}

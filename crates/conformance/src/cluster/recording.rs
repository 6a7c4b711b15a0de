//! A recording as its file has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a key is named here so that an unknown one is noticed")]
pub(super) struct Recording {
    pub(super) id: String,
    title: Value,
    kubernetes: String,
    kubectl: Value,
    pub(super) containerd: String,
    pub(super) node: BTreeMap<String, String>,
    pub(super) world: Vec<String>,
    pub(super) namespace: String,
    pub(super) t0: String,
    pub(super) actions: Vec<Action>,
    #[serde(default)]
    pub(super) watch: Vec<PodChange>,
    #[serde(default)]
    pub(super) workloads: Vec<BTreeMap<String, Value>>,
    #[serde(default)]
    pub(super) events: Vec<Event>,
    #[serde(default)]
    pub(super) registry_requests: Vec<Request>,
    // What the kubelet had on disk: nothing that a user sees.
    node_records: Option<Value>,
    // Renderings of given objects: they belong to the terminal (issue 7).
    samples: Option<Value>,
    pub(super) recorded_for: f64,
}

impl Recording {
    /// When the first command was given; what changed before that was so from the beginning.
    pub(super) fn begin(&self) -> f64 {
        self.actions.iter().find(|action| action.cmd.is_some()).map_or(0.0, |action| action.t)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "`took` is free")]
pub(super) struct Action {
    pub(super) t: f64,
    pub(super) cmd: Option<String>,
    pub(super) stdin: Option<String>,
    took: Option<f64>,
    #[serde(default)]
    pub(super) stdout: String,
    #[serde(default)]
    pub(super) stderr: String,
    #[serde(default)]
    pub(super) exit: i32,
    pub(super) world: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PodChange {
    pub(super) t: f64,
    pub(super) pod: String,
    pub(super) phase: Option<String>,
    #[serde(default)]
    pub(super) conditions: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) init: BTreeMap<String, Container>,
    #[serde(default)]
    pub(super) containers: BTreeMap<String, Container>,
    #[serde(default)]
    pub(super) created: bool,
    #[serde(default)]
    pub(super) deleting: bool,
    #[serde(default)]
    pub(super) deleted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Container {
    pub(super) waiting: Option<Reason>,
    pub(super) running: Option<bool>,
    pub(super) terminated: Option<Reason>,
    pub(super) ready: Option<bool>,
    pub(super) restarts: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Reason {
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    pub(super) message: String,
    pub(super) exit_code: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "instants and hosts are free")]
pub(super) struct Event {
    pub(super) object: String,
    namespace: Option<String>,
    #[serde(default)]
    pub(super) field_path: String,
    #[serde(rename = "type")]
    pub(super) event_type: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) count: Option<i64>,
    #[serde(default)]
    pub(super) component: String,
    source_host: Option<String>,
    reporting_component: Option<String>,
    pub(super) first: Option<f64>,
    last: Option<f64>,
    event_time: Option<f64>,
    series: Option<Value>,
    written: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) t: f64,
    pub(super) request: String,
    pub(super) auth: String,
    pub(super) status: u16,
}

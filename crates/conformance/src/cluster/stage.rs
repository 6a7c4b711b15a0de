//! Plays a recording's actions on the model, and watches.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_model::api::{Request, Response};
use pullpath_model::cluster::Cluster;
use pullpath_model::credential::Login;
use pullpath_model::log::Fact;
use pullpath_model::pod_status::PodChange;
use pullpath_model::pull::Exchange;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::World;
use pullpath_shell::{Client, Host, Output, Shell};
use serde_json::Value;

use super::recording::{Action, Recording};
use super::world::{self, Change};
use crate::case::NotPlayed;

/// What came of playing.
pub(super) struct Outcome {
    pub(super) outputs: Vec<Output>,
    pub(super) changes: Vec<PodChange>,
    /// `(moment, kind, name, object)`: each state of each workload; null when it is gone.
    pub(super) workloads: Vec<(SimTime, &'static str, String, Value)>,
    pub(super) events: Vec<Value>,
    /// Unix seconds of the first moment.
    pub(super) epoch: i64,
    /// Requests of each pull, with its moment.
    pub(super) pulls: Vec<Pull>,
}

/// A pull and its requests.
pub(super) struct Pull {
    pub(super) at: SimTime,
    /// Its number among those of its Pod.
    attempt: u32,
    pub(super) ended: Option<SimTime>,
    pub(super) pod: String,
    pub(super) image: String,
    pub(super) failed: bool,
    pub(super) exchanges: Vec<Exchange>,
}

/// The kinds whose states are told apart.
const WORKLOADS: [(&str, &str); 6] = [
    ("Deployment", "apps/v1/namespaces/NS/deployments"),
    ("ReplicaSet", "apps/v1/namespaces/NS/replicasets"),
    ("StatefulSet", "apps/v1/namespaces/NS/statefulsets"),
    ("DaemonSet", "apps/v1/namespaces/NS/daemonsets"),
    ("Job", "batch/v1/namespaces/NS/jobs"),
    ("CronJob", "batch/v1/namespaces/NS/cronjobs"),
];

/// A cluster with somebody who watches.
struct Stage {
    cluster: Cluster,
    namespaces: Vec<String>,
    changes: Vec<PodChange>,
    workloads: Vec<(SimTime, &'static str, String, Value)>,
    known: BTreeMap<(&'static str, String), Value>,
    pulls: Vec<Pull>,
}

pub(super) fn play(recording: &Recording, world: World) -> Result<Outcome, NotPlayed> {
    let mut cluster = Cluster::new(&Arc::new(world));
    cluster.watch_pods();
    let mut stage = Stage {
        cluster,
        namespaces: vec![recording.namespace.clone()],
        changes: Vec::new(),
        workloads: Vec::new(),
        known: BTreeMap::new(),
        pulls: Vec::new(),
    };
    stage.create_namespace(&recording.namespace);
    stage.run_until(SimTime::START);
    let mut outputs = Vec::new();
    for action in &recording.actions {
        stage.run_until(moment(action.t));
        outputs.push(stage.act(action, recording)?);
    }
    stage.run_until(moment(recording.recorded_for));
    Ok(Outcome {
        outputs,
        events: stage.events(),
        epoch: stage.cluster.world().epoch_seconds,
        changes: stage.changes,
        workloads: stage.workloads,
        pulls: stage.pulls,
    })
}

/// A moment of a recording.
fn moment(seconds: f64) -> SimTime {
    SimTime::from_millis((seconds * 1000.0).round() as i64)
}

impl Stage {
    fn create_namespace(&mut self, name: &str) {
        let body = format!(
            r#"{{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "{name}"}}}}"#
        );
        let path = "/api/v1/namespaces".to_owned();
        let method = pullpath_model::api::Method::Post;
        self.cluster.request(&Request { method, path, query: String::new(), body });
    }

    fn act(&mut self, action: &Action, recording: &Recording) -> Result<Output, NotPlayed> {
        if let Some(change) = &action.world {
            self.change(action.t, change, recording)?;
            self.observe();
            return Ok(Output::default());
        }
        let Some(command) = &action.cmd else {
            return Err(NotPlayed(
                "an action that is neither a command nor of the world".to_owned(),
            ));
        };
        // The recorder cut commands that never end, and said so.
        let cut = action.stderr.split("[cut after ").nth(1).and_then(|rest| rest.split('s').next());
        let patience = cut.and_then(|seconds| seconds.parse().ok()).map(Span::seconds);
        if let Some(name) =
            command.split("create").nth(1).and_then(|rest| rest.split(" namespace ").nth(1))
        {
            self.namespaces.push(name.trim().to_owned());
        }
        let mut shell = Shell::new(Client::default());
        Ok(shell.run(self, command, action.stdin.as_deref(), patience))
    }

    /// Something outside the cluster's objects changes.
    fn change(&mut self, t: f64, sentence: &str, recording: &Recording) -> Result<(), NotPlayed> {
        let node = self.cluster.world().nodes.first().expect("a recording has one node").clone();
        match world::change(sentence, recording, &node)? {
            Change::RestartKubelet => self.cluster.restart_kubelet(world::NODE),
            Change::Plugin { name, plugin } => {
                self.cluster.set_plugin(world::NODE, &name, &plugin);
            }
            Change::Preload(images) if t > recording.begin() => {
                for image in images {
                    let login = self.login(image.host());
                    let name = image.to_string();
                    let pulled = self.cluster.crictl_pull(world::NODE, &name, login.as_ref());
                    pulled.map_err(|why| NotPlayed(format!("{name}: {why}")))?;
                }
            }
            // What the world knows beforehand happens by itself.
            Change::Preload(_) | Change::Foreseen => {}
        }
        Ok(())
    }

    /// A login that a registry takes now.
    fn login(&self, host: &str) -> Option<Login> {
        let world = self.cluster.world();
        let user = world.registries.get(host)?.users.iter().next();
        let token = || world.tokens.values().find(|token| token.registry == host);
        let (username, password) = match user {
            Some((name, user)) => (name.clone(), user.password.clone()),
            None => ("AWS".to_owned(), token()?.text.clone()?),
        };
        Some(Login { username, password, email: String::new() })
    }

    fn run_until(&mut self, end: SimTime) {
        while self.cluster.now() < end && self.step(end) {}
    }

    /// Takes note of what has changed.
    fn observe(&mut self) {
        let namespaces = &self.namespaces;
        let ours = |change: &PodChange| {
            let namespace = change.pod["metadata"]["namespace"].as_str().unwrap_or_default();
            namespaces.iter().any(|one| one == namespace)
        };
        self.changes.extend(self.cluster.take_pod_changes().into_iter().filter(ours));
        for (kind, path) in WORKLOADS {
            let path = format!("/apis/{}", path.replace("NS", &self.namespaces[0]));
            let list = self.cluster.request(&Request::get(&path));
            if list.code != 200 {
                continue;
            }
            let mut gone: Vec<String> = self
                .known
                .keys()
                .filter(|(one, _)| *one == kind)
                .map(|(_, name)| name.clone())
                .collect();
            for object in list.body["items"].as_array().into_iter().flatten() {
                let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                gone.retain(|one| *one != name);
                let key = (kind, name.clone());
                if self.known.get(&key) != Some(object) {
                    self.known.insert(key, object.clone());
                    self.workloads.push((self.cluster.now(), kind, name, object.clone()));
                }
            }
            for name in gone {
                self.known.remove(&(kind, name.clone()));
                self.workloads.push((self.cluster.now(), kind, name, Value::Null));
            }
        }
    }

    fn events(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        for namespace in self.namespaces.clone() {
            let path = format!("/api/v1/namespaces/{namespace}/events");
            let list = self.cluster.request(&Request::get(&path)).body;
            events.extend(list["items"].as_array().cloned().unwrap_or_default());
        }
        events
    }

    /// The requests of the pulls that have just begun, told by a run of their own from before them.
    fn trace(&mut self, before: &Cluster) {
        for entry in self.cluster.take_log() {
            let (namespace, name) = (&*entry.about.namespace, &*entry.about.name);
            if let Fact::AttemptEnded { attempt, .. } = entry.fact {
                let is_it = |pull: &&mut Pull| pull.pod == name && pull.attempt == attempt;
                if let Some(pull) = self.pulls.iter_mut().rev().find(is_it) {
                    pull.ended.get_or_insert(entry.at);
                }
            }
            let Fact::PullBegan { attempt, image } = entry.fact else { continue };
            let Some(uid) = self.cluster.pod(namespace, name).map(|pod| Arc::clone(&pod.uid))
            else {
                continue;
            };
            let end = self.cluster.now() + Span::hours(1);
            let trace = before.clone().trace_attempt(&uid, attempt, end);
            let tries = trace.map(|trace| trace.tries).unwrap_or_default();
            let failed = tries.last().is_none_or(|one| {
                matches!(one.trace.outcome, pullpath_model::pull::PullOutcome::Failed { .. })
            });
            let exchanges = tries.into_iter().flat_map(|one| one.trace.exchanges).collect();
            self.pulls.push(Pull {
                at: entry.at,
                attempt,
                ended: None,
                pod: name.to_owned(),
                image: image.to_string(),
                failed,
                exchanges,
            });
        }
    }
}

impl Host for Stage {
    fn request(&mut self, request: &Request) -> Response {
        let response = self.cluster.request(request);
        if request.method != pullpath_model::api::Method::Get {
            self.observe();
        }
        response
    }

    fn now(&self) -> SimTime {
        self.cluster.now()
    }

    fn unix_millis(&self) -> i64 {
        self.cluster.world().epoch_seconds * 1000 + self.cluster.now().as_millis()
    }

    fn step(&mut self, end: SimTime) -> bool {
        let before = self.cluster.clone();
        if self.cluster.step(end) {
            self.trace(&before);
            self.observe();
            true
        } else {
            self.cluster.run_until(end);
            self.observe();
            false
        }
    }
}

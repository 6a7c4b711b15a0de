//! What Deployments and ReplicaSets say of themselves, against recordings of a 1.35.6 cluster.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::sync::Arc;

use pullpath_model::api::{Method, PatchType, Request};
use pullpath_model::cluster::Cluster;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::{Image, NodeSpec, Registry, RegistryKind, Repository, Version, World};
use serde_json::{Value, json};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/web";

fn at(millis: i64) -> SimTime {
    SimTime::from_millis(millis)
}

fn cluster() -> Cluster {
    Cluster::new(&Arc::new(world()))
}

/// An open registry with the tags `1` and `2` of `web`, and one node.
fn world() -> World {
    let tags = ["1", "2"].map(|tag| (tag.to_owned(), Image { bytes: 1 << 20, ..Image::default() }));
    let repositories =
        [("web".to_owned(), Repository { tags: tags.into(), ..Repository::default() })].into();
    let registry = Registry { kind: RegistryKind::Open, repositories, ..Registry::default() };
    World {
        epoch_seconds: 1_772_442_000,
        registries: [("open.example.com".to_owned(), registry)].into(),
        nodes: vec![NodeSpec {
            name: "worker-1".into(),
            containerd: Version::new(2, 3, 4),
            ..NodeSpec::default()
        }],
        ..World::default()
    }
}

fn deployment(tag: &str, replicas: u32, more: &Value) -> Value {
    let mut manifest = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "progressDeadlineSeconds": 60, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "app", "image": format!("open.example.com/web:{tag}")}]}}}});
    for (key, value) in more.as_object().unwrap() {
        manifest["spec"][key] = value.clone();
    }
    manifest
}

/// The Deployment's status, one line for each time it was written: counts, then conditions in their order.
struct Watch {
    seen: Value,
    lines: Vec<String>,
}

impl Watch {
    fn new() -> Self {
        Self { seen: Value::Null, lines: Vec::new() }
    }

    fn run(&mut self, cluster: &mut Cluster, until: SimTime) -> Vec<String> {
        self.look(cluster);
        while cluster.step(until) {
            self.look(cluster);
        }
        cluster.run_until(until);
        std::mem::take(&mut self.lines)
    }

    fn look(&mut self, cluster: &mut Cluster) {
        let request = Request::get(DEPLOYMENT);
        let mut status = cluster.request(&request).body["status"].take();
        let conditions = status["conditions"].take();
        let conditions: Vec<String> = conditions
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                let text = |key: &str| one[key].as_str().unwrap().to_owned();
                format!("{}={}/{}", text("type"), text("status"), text("reason"))
            })
            .collect();
        let counts = [
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
        ]
        .map(|count| status[count].as_i64().map_or("-".into(), |count| count.to_string()));
        let line = json!(format!("{} {}", counts.join(" "), conditions.join(" ")));
        if line != self.seen {
            self.lines.push(line.as_str().unwrap().to_owned());
            self.seen = line;
        }
    }
}

/// Recorded as `deployment-stuck`: two replicas of an image that cannot be had.
#[test]
fn a_stuck_rollout_exceeds_its_deadline_a_second_late_at_most() {
    let mut cluster = cluster();
    cluster.apply(&deployment("missing", 2, &json!({}))).unwrap();
    let mut watch = Watch::new();
    assert_eq!(
        watch.run(&mut cluster, at(59_000)),
        [
            "- - - - - ",
            "- - - - - Progressing=True/NewReplicaSetCreated",
            "- - - 2 0 Progressing=True/NewReplicaSetCreated Available=False/MinimumReplicasUnavailable",
            "2 2 - 2 0 Available=False/MinimumReplicasUnavailable Progressing=True/ReplicaSetUpdated",
        ]
    );
    assert_eq!(watch.run(&mut cluster, at(60_000)), [""; 0]);
    assert_eq!(
        watch.run(&mut cluster, at(62_000)),
        [
            "2 2 - 2 0 Available=False/MinimumReplicasUnavailable Progressing=False/ProgressDeadlineExceeded"
        ]
    );
    assert_eq!(watch.run(&mut cluster, at(600_000)), [""; 0]);
}

/// Recorded as `rollout-half-way`: three good replicas, an update to a missing tag, and back.
#[test]
fn an_update_that_cannot_pull_stops_after_the_surge_and_is_undone() {
    let mut cluster = cluster();
    cluster.apply(&deployment("1", 3, &json!({}))).unwrap();
    let mut watch = Watch::new();
    let lines = watch.run(&mut cluster, at(25_000));
    assert_eq!(
        lines.last().unwrap(),
        "3 3 3 - 0 Available=True/MinimumReplicasAvailable Progressing=True/NewReplicaSetAvailable"
    );
    cluster.apply(&deployment("missing", 3, &json!({}))).unwrap();
    assert_eq!(
        watch.run(&mut cluster, at(100_000)),
        [
            "3 3 3 - 0 Available=True/MinimumReplicasAvailable Progressing=True/NewReplicaSetCreated",
            "3 - 3 1 0 Available=True/MinimumReplicasAvailable Progressing=True/NewReplicaSetCreated",
            "4 1 3 1 0 Available=True/MinimumReplicasAvailable Progressing=True/ReplicaSetUpdated",
            "4 1 3 1 0 Available=True/MinimumReplicasAvailable Progressing=False/ProgressDeadlineExceeded",
        ]
    );
    cluster.apply(&deployment("1", 3, &json!({}))).unwrap();
    assert_eq!(
        watch.run(&mut cluster, at(120_000)),
        [
            "4 3 3 - 0 Available=True/MinimumReplicasAvailable Progressing=True/ReplicaSetUpdated",
            "3 3 3 - 1 Available=True/MinimumReplicasAvailable Progressing=True/NewReplicaSetAvailable",
            "3 3 3 - 0 Available=True/MinimumReplicasAvailable Progressing=True/NewReplicaSetAvailable",
        ]
    );
    let set =
        cluster.store.find(pullpath_model::object::Kind::Deployment, "default", "web").unwrap();
    let revision = "deployment.kubernetes.io/revision";
    assert_eq!(set.metadata().annotations.as_ref().unwrap()[revision], "3");
}

/// A complete Deployment that loses its Pods has no deadline that could run out, and nobody spins.
#[test]
fn a_complete_deployment_that_loses_its_pods_waits_in_peace() {
    let mut world = world();
    world.nodes[0].leaves = Some(at(40_000));
    let mut cluster = Cluster::new(&Arc::new(world));
    cluster.apply(&deployment("1", 1, &json!({}))).unwrap();
    cluster.run_until(at(39_000));
    assert!(cluster.pods()[0].is_running());
    let mut watch = Watch::new();
    let lines = watch.run(&mut cluster, at(60_000));
    assert_eq!(
        lines.last().unwrap(),
        "1 1 - 1 0 Progressing=True/NewReplicaSetAvailable Available=False/MinimumReplicasUnavailable"
    );
    let mut steps = 0;
    while cluster.step(at(3_600_000)) {
        steps += 1;
    }
    assert!(steps < 100, "{steps} steps in an hour in which nothing happens");
}

#[test]
fn a_changed_number_of_replicas_is_shared_in_proportion_while_two_templates_run() {
    let mut cluster = cluster();
    let surge = json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}});
    cluster.apply(&deployment("1", 10, &surge)).unwrap();
    cluster.run_until(at(60_000));
    cluster.apply(&deployment("missing", 10, &surge)).unwrap();
    cluster.run_until(at(120_000));
    assert_eq!(sizes(&cluster), [8, 5]);
    // The documented example of proportional scaling: 10 to 15 replicas with a surge of 3 gives 11 and 7.
    cluster.apply(&deployment("missing", 15, &surge)).unwrap();
    cluster.run_until(at(180_000));
    assert_eq!(sizes(&cluster), [11, 7]);
}

/// Wanted replicas of each ReplicaSet, the largest first.
fn sizes(cluster: &Cluster) -> Vec<i64> {
    let sets = cluster.store.list(pullpath_model::object::Kind::ReplicaSet);
    let mut sizes: Vec<i64> =
        sets.map(|set| set.to_value()["spec"]["replicas"].as_i64().unwrap()).collect();
    sizes.sort_unstable_by_key(|size| -size);
    sizes
}

#[test]
fn recreate_waits_until_the_old_pods_are_gone() {
    let mut cluster = cluster();
    let recreate = json!({"strategy": {"type": "Recreate"}});
    cluster.apply(&deployment("1", 2, &recreate)).unwrap();
    cluster.run_until(at(30_000));
    cluster.apply(&deployment("2", 2, &recreate)).unwrap();
    let mut most = 0;
    while cluster.step(at(60_000)) {
        most = most.max(cluster.pods().len());
    }
    assert_eq!(most, 2);
    assert_eq!(sizes(&cluster), [2, 0]);
    assert!(cluster.pods().iter().all(|pod| pod.is_running()));
}

#[test]
fn a_paused_rollout_says_so_and_starts_nothing() {
    let mut cluster = cluster();
    cluster.apply(&deployment("1", 1, &json!({}))).unwrap();
    cluster.run_until(at(30_000));
    cluster.apply(&deployment("2", 1, &json!({"paused": true}))).unwrap();
    let mut watch = Watch::new();
    let lines = watch.run(&mut cluster, at(90_000));
    assert_eq!(
        lines.last().unwrap(),
        "1 - 1 - 0 Available=True/MinimumReplicasAvailable Progressing=Unknown/DeploymentPaused"
    );
    assert_eq!(sizes(&cluster), [1]);
    cluster.apply(&deployment("2", 1, &json!({"paused": false}))).unwrap();
    let lines = watch.run(&mut cluster, at(120_000));
    assert!(lines.iter().any(|line| line.ends_with("Progressing=Unknown/DeploymentResumed")));
    assert_eq!(sizes(&cluster), [1, 0]);
}

#[test]
fn only_the_wanted_number_of_old_replica_sets_is_kept() {
    let mut cluster = cluster();
    for round in 0..5 {
        let more = json!({"revisionHistoryLimit": 2});
        let mut manifest = deployment("1", 1, &more);
        manifest["spec"]["template"]["metadata"]["annotations"] =
            json!({"round": round.to_string()});
        cluster.apply(&manifest).unwrap();
        cluster.run_until(cluster.now() + Span::minutes(1));
    }
    assert_eq!(sizes(&cluster), [1, 0, 0]);
    let patch = Request {
        method: Method::Patch(PatchType::Merge),
        path: DEPLOYMENT.into(),
        body: json!({"status": {"replicas": 77}}).to_string(),
        query: String::new(),
    };
    assert_eq!(
        cluster.request(&patch).body["status"]["replicas"],
        1,
        "only controllers write a status"
    );
}

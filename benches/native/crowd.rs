//! Thousands of Pods on many nodes: a world of one open registry and Deployments that pull from it.

use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use pullpath_model::cluster::Cluster;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::{Image, NodeSpec, Registry, Repository, World};
use serde_json::json;

/// An image that is there.
pub(crate) const GOOD: &str = "registry.example.com/team/app:1";
/// One that is not.
pub(crate) const MISSING: &str = "registry.example.com/team/app:2";

/// So many Pods in one Deployment on so many nodes, one image.
pub(crate) struct Crowd {
    pub(crate) pods: u32,
    pub(crate) nodes: u32,
    pub(crate) image: &'static str,
}

/// From nothing to all Pods running.
pub(crate) fn settle(crowd: &Crowd) {
    let mut cluster = crowd.cluster();
    cluster.run_until(SimTime::START + Span::minutes(3));
    let running = cluster.pods().iter().filter(|pod| pod.is_running()).count();
    assert_eq!(running, crowd.pods as usize, "all Pods run");
    black_box(cluster.take_log().len());
}

/// A day of Pods that fail: microseconds, and the most memory that the process held meanwhile, in KiB.
pub(crate) fn day(crowd: &Crowd) -> (u128, u64) {
    forget_peak();
    let began = Instant::now();
    let mut cluster = crowd.cluster();
    // A session takes the log as it goes along; here an hour at a time.
    let mut entries = 0;
    for hour in 1..=24 {
        cluster.run_until(SimTime::START + Span::hours(hour));
        entries += cluster.take_log().len();
    }
    let micros = began.elapsed().as_micros();
    assert!(entries > crowd.pods as usize * 500, "every Pod tried all day: {entries} entries");
    (micros, peak())
}

impl Crowd {
    fn cluster(&self) -> Cluster {
        let image = Image { bytes: 20 << 20, ..Image::default() };
        let repository =
            Repository { tags: [("1".to_owned(), image)].into(), ..Repository::default() };
        let repositories = [("team/app".to_owned(), repository)].into();
        let registry = Registry { repositories, ..Registry::default() };
        let node = |number| NodeSpec { name: format!("node-{number:03}"), ..NodeSpec::default() };
        let world = World {
            seed: 1,
            registries: [("registry.example.com".to_owned(), registry)].into(),
            nodes: (0..self.nodes).map(node).collect(),
            ..World::default()
        };
        let mut cluster = Cluster::new(&Arc::new(world));
        let labels = json!({ "app": "web" });
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"replicas": self.pods, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "web", "image": self.image}]}}}});
        cluster.apply(&deployment).expect("the Deployment is valid");
        cluster
    }
}

/// Forgets the peak so far. Only Linux tells, and only Linux forgets.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that the process held, in KiB; 0 where nobody tells.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

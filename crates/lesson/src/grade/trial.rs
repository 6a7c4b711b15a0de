//! What a copy of the cluster is put through before somebody looks again.

use pullpath_model::api::{Method, PatchType, Request};
use pullpath_model::cluster::Cluster;
use pullpath_model::object::{Key, Kind, Object};
use pullpath_model::world::NodeSpec;
use serde_json::{Value, json};

use crate::scenario::{Trial, Workload};

/// The node that joins.
const FRESH_NODE: &str = "fresh-node";
/// So many replicas more are asked for by [`Trial::ScaleOut`].
const MORE: u32 = 2;

/// Does it. What the API server refuses shows in the workload, which then does not run.
pub(super) fn put_through(cluster: &mut Cluster, workload: &Workload, trial: Trial) {
    match trial {
        Trial::Restart => restart(cluster, workload),
        Trial::ScaleOut => {
            join_fresh_node(cluster);
            scale(cluster, workload);
        }
        Trial::Rotation => cluster.rotate_tokens(),
    }
}

/// As `kubectl rollout restart` does it, for every kind that it can be done to.
fn restart(cluster: &mut Cluster, workload: &Workload) {
    let at = cluster.wall_clock(cluster.now());
    let annotations = json!({ "kubectl.kubernetes.io/restartedAt": at });
    patch(
        cluster,
        workload,
        &json!({ "template": { "metadata": { "annotations": annotations } } }),
    );
}

fn scale(cluster: &mut Cluster, workload: &Workload) {
    let more = cluster.progress(&workload.key()).wanted + MORE;
    patch(cluster, workload, &json!({ "replicas": more }));
}

fn patch(cluster: &mut Cluster, workload: &Workload, spec: &Value) {
    cluster.request(&Request {
        method: Method::Patch(PatchType::Merge),
        path: workload.key().path(),
        query: String::new(),
        body: json!({ "spec": spec }).to_string(),
    });
}

/// A node like the newest one, but with an empty image store.
fn join_fresh_node(cluster: &mut Cluster) -> Option<()> {
    let model = cluster.world().nodes.iter().max_by_key(|node| node.joins)?.clone();
    cluster.join_node(NodeSpec {
        name: FRESH_NODE.into(),
        joins: cluster.now(),
        leaves: None,
        images: Vec::new(),
        ..model
    });
    Some(())
}

/// A Pod made from the workload's template, on a node like the newest one but with an empty image store.
pub(super) fn create_probe(cluster: &mut Cluster, like: &Workload) -> Option<Key> {
    let mut pod = cluster.store.get(&like.key())?.pod_template()?;
    join_fresh_node(cluster)?;
    pod["spec"]["nodeName"] = FRESH_NODE.into();
    pod["metadata"]["generateName"] = format!("{}-fresh-", like.name).into();
    pod["metadata"]["namespace"] = like.namespace.as_str().into();
    cluster.create(Object::decode(Kind::Pod, &pod)).ok().map(|object| object.key())
}

//! What a copy of the cluster is put through before somebody looks again.

use pullpath_model::api::{Method, PatchType, Request};
use pullpath_model::cluster::Cluster;
use pullpath_model::object::{Key, Kind, Object, Pod};
use pullpath_model::world::NodeSpec;

use crate::scenario::{Trial, Workload};

/// The node that joins.
const FRESH_NODE: &str = "fresh-node";
/// So many replicas more are asked for by [`Trial::ScaleOut`].
const MORE: i32 = 2;

/// Does it. What the API server refuses shows in the workload, which then does not run.
pub(super) fn put_through(cluster: &mut Cluster, workload: &Workload, trial: Trial) {
    match trial {
        Trial::Restart => {
            let _ = cluster.restart_rollout(&workload.namespace, &workload.name);
        }
        Trial::ScaleOut => {
            join_fresh_node(cluster);
            scale(cluster, workload);
        }
        Trial::Rotation => cluster.rotate_tokens(),
    }
}

fn scale(cluster: &mut Cluster, workload: &Workload) {
    let found = cluster.store.find(Kind::Deployment, &workload.namespace, &workload.name);
    let Some(Object::Deployment(deployment)) = found.map(AsRef::as_ref) else { return };
    let replicas = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let more = replicas.saturating_add(MORE);
    cluster.request(&Request {
        method: Method::Patch(PatchType::Merge),
        path: Key::new(Kind::Deployment, &workload.namespace, &workload.name).path(),
        query: String::new(),
        body: format!(r#"{{"spec":{{"replicas":{more}}}}}"#),
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
    let found = cluster.store.find(Kind::Deployment, &like.namespace, &like.name)?.clone();
    let Object::Deployment(deployment) = found.as_ref() else { return None };
    let template = deployment.spec.as_ref()?.template.clone();
    join_fresh_node(cluster)?;
    let mut spec = template.spec?;
    spec.node_name = Some(FRESH_NODE.into());
    let mut meta = template.metadata.unwrap_or_default();
    meta.name = None;
    meta.generate_name = Some(format!("{}-fresh-", like.name));
    meta.namespace = Some(like.namespace.clone());
    let pod = Pod { metadata: meta, spec: Some(spec), ..Pod::default() };
    cluster.create(Object::Pod(Box::new(pod))).ok().map(|object| object.key())
}

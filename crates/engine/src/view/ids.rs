//! Names of things in the picture, the same in every pane.

use pullpath_model::object::Workload;

pub(crate) fn pod(namespace: &str, name: &str) -> String {
    format!("pod/{namespace}/{name}")
}

pub(crate) fn service_account(namespace: &str, name: &str) -> String {
    format!("serviceaccount/{namespace}/{name}")
}

pub(crate) fn secret(namespace: &str, name: &str) -> String {
    format!("secret/{namespace}/{name}")
}

pub(crate) fn workload(kind: Workload, namespace: &str, name: &str) -> String {
    format!("{}/{namespace}/{name}", kind.word())
}

pub(crate) fn node(name: &str) -> String {
    format!("node/{name}")
}

pub(crate) fn registry(host: &str) -> String {
    format!("registry/{host}")
}

pub(crate) fn token(name: &str) -> String {
    format!("token/{name}")
}

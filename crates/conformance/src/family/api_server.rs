//! What the families of the API server share: a cluster without nodes, and requests to it.

use std::sync::Arc;

use pullpath_model::api::{Method, Request, Response};
use pullpath_model::cluster::Cluster;
use pullpath_model::world::World;
use serde_json::{Value, json};

/// An API server with one namespace.
pub(super) struct Server {
    cluster: Cluster,
    namespace: String,
}

impl Server {
    pub(super) fn new(namespace: &str) -> Self {
        let mut server = Self {
            cluster: Cluster::new(&Arc::new(World::default())),
            namespace: namespace.to_owned(),
        };
        let object =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
        server.send(Method::Post, "/api/v1/namespaces", &object);
        server
    }

    fn send(&mut self, method: Method, path: &str, body: &Value) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request { method, path: path.to_owned(), query: String::new(), body };
        self.cluster.request(&request)
    }

    fn path(&self, plural: &str, name: &str) -> String {
        let path = format!("/api/v1/namespaces/{}/{plural}", self.namespace);
        if name.is_empty() { path } else { format!("{path}/{name}") }
    }

    pub(super) fn create(&mut self, plural: &str, object: &Value) -> Response {
        self.send(Method::Post, &self.path(plural, ""), object)
    }

    pub(super) fn replace(&mut self, plural: &str, name: &str, object: &Value) -> Response {
        self.send(Method::Put, &self.path(plural, name), object)
    }

    pub(super) fn get(&mut self, plural: &str, name: &str) -> Value {
        self.send(Method::Get, &self.path(plural, name), &Value::Null).body
    }

    pub(super) fn delete(&mut self, plural: &str, name: &str) {
        self.send(Method::Delete, &self.path(plural, name), &Value::Null);
    }
}

/// The field errors of a refusal, as `field: message`; none of a reply that is no refusal.
pub(super) fn field_errors(response: &Response) -> Vec<String> {
    let causes = response.body["details"]["causes"].as_array();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let error = |cause: &Value| format!("{}: {}", text(&cause["field"]), text(&cause["message"]));
    causes.into_iter().flatten().map(error).collect()
}

/// `[{"name": "a"}, …]`
pub(super) fn named(names: &[String]) -> Value {
    names.iter().map(|name| json!({ "name": name })).collect()
}

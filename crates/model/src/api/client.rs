//! What clients do in several requests: `kubectl apply`, and the few commands that the page has buttons for.

use std::fmt;

use serde_json::Value;

use super::{ApiError, Method, Request, Response};
use crate::apply;
use crate::cluster::Cluster;
use crate::object::{Key, Kind, Object};

/// What `kubectl apply` did with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Which object.
    pub key: Key,
    /// What was done.
    pub verb: AppliedVerb,
}

/// The last word of a line that `kubectl apply` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppliedVerb {
    /// It was not there.
    Created,
    /// It differs from before.
    Configured,
    /// It does not.
    Unchanged,
}

/// `deployment.apps/payment-api configured`
impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            AppliedVerb::Created => "created",
            AppliedVerb::Configured => "configured",
            AppliedVerb::Unchanged => "unchanged",
        };
        write!(f, "{} {verb}", self.key)
    }
}

impl Cluster {
    /// `kubectl apply` of one manifest. Nothing is stored when it is refused.
    pub fn apply(&mut self, manifest: &Value) -> Result<Applied, ApiError> {
        let text = |key: &str| manifest.get(key).and_then(Value::as_str).unwrap_or_default();
        let (api_version, name) = (text("apiVersion"), text("kind"));
        let kind = Kind::of(api_version, name).ok_or_else(|| {
            ApiError::not_found(format!(
                "no matches for kind \"{name}\" in version \"{api_version}\""
            ))
        })?;
        if manifest.get("metadata").is_some_and(|meta| !meta.is_object() && !meta.is_null()) {
            return Err(ApiError::bad_request("metadata is not an object"));
        }
        let mut manifest = manifest.clone();
        if !kind.namespaced()
            && let Some(Value::Object(metadata)) = manifest.get_mut("metadata")
        {
            metadata.remove("namespace");
        }
        let metadata = |manifest: &Value, key: &str| {
            manifest["metadata"][key].as_str().unwrap_or_default().to_owned()
        };
        if kind.namespaced() && metadata(&manifest, "namespace").is_empty() {
            manifest["metadata"]["namespace"] = "default".into();
        }
        let namespace =
            if kind.namespaced() { metadata(&manifest, "namespace") } else { String::new() };
        let key = Key::new(kind, &namespace, &metadata(&manifest, "name"));
        let Some(live) = self.store.get(&key).cloned() else {
            let body = apply::go_json(&apply::creation(&manifest));
            self.ask(Method::Post, key.collection(), body)?;
            return Ok(Applied { key, verb: AppliedVerb::Created });
        };
        let (format, patch) = apply::patch(kind, &self.render(&live), &manifest)
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        if patch.is_empty() {
            return Ok(Applied { key, verb: AppliedVerb::Unchanged });
        }
        let body = apply::go_json(&Value::Object(patch));
        self.ask(Method::Patch(format), key.path(), body)?;
        Ok(Applied { key, verb: AppliedVerb::Configured })
    }

    fn ask(&mut self, method: Method, path: String, body: String) -> Result<Response, ApiError> {
        let query = "fieldValidation=Strict".into();
        let response = self.request(&Request { method, path, query, body });
        match response.error() {
            Some(error) => Err(error),
            None => Ok(response),
        }
    }

    /// `kubectl delete pod`: the Pod is gone about a second later (cluster-recording: "Deleting a waiting pod").
    pub fn delete_pod(&mut self, namespace: &str, name: &str) -> Result<(), ApiError> {
        let path = Key::new(Kind::Pod, namespace, name).path();
        self.ask(Method::Delete, path, String::new()).map(drop)
    }

    /// `kubectl rollout restart deployment`: an annotation in the template, and thereby a new ReplicaSet.
    pub fn restart_rollout(&mut self, namespace: &str, name: &str) -> Result<(), ApiError> {
        let found = self.store.find(Kind::Deployment, namespace, name).cloned();
        let Some(Object::Deployment(deployment)) = found.as_deref() else {
            return Err(ApiError::object_not_found(Kind::Deployment, name));
        };
        let mut changed = deployment.clone();
        let spec = changed.spec.get_or_insert_default();
        let annotations =
            spec.template.metadata.get_or_insert_default().annotations.get_or_insert_default();
        annotations.insert("kubectl.kubernetes.io/restartedAt".into(), self.wall_clock(self.now));
        self.update(&Object::Deployment(deployment.clone()), Object::Deployment(changed));
        Ok(())
    }
}

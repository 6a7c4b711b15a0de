//! Requests and what they change.

use std::sync::Arc;

use serde_json::{Value, json};

use super::patch;
use super::{ApiError, Cause, Method, PatchType, Query, Request, Response, Target};
use crate::admission;
use crate::cluster::Cluster;
use crate::object::{Key, Kind, Object};

impl Cluster {
    /// Answers a request to the API server.
    pub fn request(&mut self, request: &Request) -> Response {
        let mut warnings = Vec::new();
        match self.answer(request, &mut warnings) {
            Ok((code, body)) => Response { code, body, warnings },
            Err(error) => Response { code: error.code, body: error.to_status(), warnings },
        }
    }

    fn answer(
        &mut self,
        request: &Request,
        warnings: &mut Vec<String>,
    ) -> Result<(u16, Value), ApiError> {
        let target = Target::parse(&request.path).ok_or_else(ApiError::no_such_path)?;
        let query = Query::parse(&request.query)?;
        if request.method == Method::Get {
            return Ok((200, self.read(&target, &query)?));
        }
        if query.dry_run {
            // A clone shares everything that is large.
            let wet = Request { query: String::new(), ..request.clone() };
            return self.clone().answer(&wet, warnings);
        }
        match (request.method, target.name.is_empty()) {
            (Method::Post, true) => {
                let body = parsed_object(&request.body)?;
                let created = self.post(&target, body)?;
                Ok((201, self.render(&created)))
            }
            (Method::Put, false) => {
                let body = parsed_object(&request.body)?;
                let updated = self.replace(&target, body)?;
                Ok((200, self.render(&updated)))
            }
            (Method::Patch(format), false) => {
                let patched = self.patched(&target, format, &request.body)?;
                Ok((200, self.render(&patched)))
            }
            (Method::Delete, false) => self.delete(&target),
            _ => Err(ApiError::method_not_allowed()),
        }
    }

    fn post(&mut self, target: &Target, mut body: Value) -> Result<Arc<Object>, ApiError> {
        if target.kind.namespaced() {
            body["metadata"]["namespace"] = target.namespace.as_str().into();
        }
        let object = decoded(target.kind, &body)?;
        if self.store.get(&object.key()).is_some() {
            return Err(ApiError::already_exists(target.kind, object.name()));
        }
        self.create(object)
    }

    fn replace(&mut self, target: &Target, mut body: Value) -> Result<Arc<Object>, ApiError> {
        let live = self.live(target)?;
        keep_identity(&mut body, &live);
        let mut object = decoded(target.kind, &body)?;
        admission::default_object(&mut object);
        self.updated(&live, object)
    }

    fn patched(
        &mut self,
        target: &Target,
        format: PatchType,
        body: &str,
    ) -> Result<Arc<Object>, ApiError> {
        let live = self.live(target)?;
        let document = parsed(body)?;
        let mut value = live.to_value();
        match format {
            PatchType::Json => {
                let operations = document.as_array().map(Vec::as_slice).unwrap_or_default();
                patch::apply_json(&mut value, operations).ok_or_else(ApiError::unprocessable)?;
            }
            PatchType::Merge => patch::merge(&mut value, &document),
            PatchType::Strategic | PatchType::Apply => {
                value = crate::apply::three_way(target.kind, &value, &Value::Null, &document);
            }
        }
        if !is_object(&value) {
            return Err(ApiError::unprocessable());
        }
        keep_identity(&mut value, &live);
        let mut object = Object::decode(target.kind, &value).map_err(|error| {
            ApiError::invalid_patch(vec![Cause::invalid("patch", document, error)])
        })?;
        admission::default_object(&mut object);
        self.updated(&live, object)
    }

    fn updated(&mut self, live: &Arc<Object>, object: Object) -> Result<Arc<Object>, ApiError> {
        if object == **live {
            return Ok(Arc::clone(live));
        }
        let key = object.key();
        self.update(live, object)?;
        Ok(Arc::clone(self.store.get(&key).expect("it was just stored")))
    }

    fn delete(&mut self, target: &Target) -> Result<(u16, Value), ApiError> {
        let live = self.live(target)?;
        let before = self.render(&live);
        let key = live.key();
        if let Object::Pod(_) = live.as_ref() {
            self.delete_pod(&target.namespace, &target.name)?;
            return Ok((200, before));
        }
        self.remove(&key);
        let done = json!({ "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success",
            "details": { "name": target.name, "kind": target.kind.plural(), "uid": live.uid() } });
        Ok((200, done))
    }

    fn live(&self, target: &Target) -> Result<Arc<Object>, ApiError> {
        let key = Key::new(target.kind, &target.namespace, &target.name);
        let found = self.store.get(&key).cloned();
        found.ok_or_else(|| ApiError::object_not_found(target.kind, &target.name))
    }
}

fn parsed(body: &str) -> Result<Value, ApiError> {
    serde_json::from_str(body).map_err(|error| ApiError::bad_request(error.to_string()))
}

/// Only an object can be one of the API's, and its metadata is one too, if it has any.
fn parsed_object(body: &str) -> Result<Value, ApiError> {
    let body = parsed(body)?;
    if is_object(&body) {
        return Ok(body);
    }
    Err(ApiError::bad_request("the body of the request is not an API object"))
}

fn is_object(value: &Value) -> bool {
    value.is_object() && value.get("metadata").is_none_or(|meta| meta.is_object() || meta.is_null())
}

fn decoded(kind: Kind, body: &Value) -> Result<Object, ApiError> {
    Object::decode(kind, body).map_err(|error| {
        let (name, api_version) = (kind.name(), kind.api_version());
        let version = api_version.rsplit('/').next().unwrap_or_default();
        ApiError::bad_request(format!(
            "{name} in version \"{version}\" cannot be handled as a {name}: {error}"
        ))
    })
}

/// What no write changes.
fn keep_identity(value: &mut Value, live: &Object) {
    let before = live.to_value();
    for field in ["namespace", "uid", "creationTimestamp", "generation", "resourceVersion"] {
        match before["metadata"].get(field) {
            Some(kept) => value["metadata"][field] = kept.clone(),
            None => {
                if let Some(metadata) = value["metadata"].as_object_mut() {
                    metadata.remove(field);
                }
            }
        }
    }
}

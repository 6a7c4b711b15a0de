//! Subresources: `scale`, `ephemeralcontainers`, `eviction`, `status`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::change::{Answer, patched};
use super::query::Propagation;
use super::{ApiError, Method, Request};
use crate::cluster::Cluster;
use crate::object::{Kind, Object};
use crate::validation;

impl Cluster {
    pub(super) fn subresource(
        &mut self,
        request: &Request,
        answer: &mut Answer<'_>,
    ) -> Result<(u16, Value), ApiError> {
        let target = answer.target;
        match (target.subresource.as_str(), request.method) {
            // The status is the controllers'; what a client writes there changes nothing here.
            ("status", Method::Get | Method::Put | Method::Patch(_)) => {
                let live = self.live(target)?;
                Ok((200, self.render(&live)))
            }
            ("scale", method) if scales(target.kind) => {
                let live = self.live(target)?;
                let scaled = match method {
                    Method::Get => return Ok((200, scale(&live))),
                    Method::Put => serde_json::from_str(&request.body)
                        .map_err(|error| ApiError::bad_request(error.to_string()))?,
                    Method::Patch(_) => {
                        let mut scale = scale(&live);
                        let patch: Value = serde_json::from_str(&request.body)
                            .map_err(|error| ApiError::bad_request(error.to_string()))?;
                        super::patch::merge(&mut scale, &patch);
                        scale
                    }
                    Method::Post | Method::Delete => return Err(ApiError::method_not_allowed()),
                };
                let mut value = live.to_value();
                let replicas = scaled["spec"]["replicas"].as_i64().unwrap_or(0);
                let Ok(replicas) = i32::try_from(replicas) else {
                    return Err(ApiError::bad_request(format!(
                        "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal number {replicas} into Go struct field ScaleSpec.spec.replicas of type int32"
                    )));
                };
                value["spec"]["replicas"] = replicas.into();
                let object = Object::decode(target.kind, &value);
                let updated = self.updated(&live, object)?;
                Ok((200, scale(&updated)))
            }
            ("ephemeralcontainers", method) if target.kind == Kind::Pod => {
                self.ephemeral_containers(request, answer, method)
            }
            ("eviction", Method::Post) if target.kind == Kind::Pod => {
                let live = self.live(target)?;
                self.delete_object(&live, Propagation::Background);
                let done = json!({ "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success", "code": 201 });
                Ok((201, done))
            }
            _ => Err(ApiError::no_such_path()),
        }
    }

    fn ephemeral_containers(
        &mut self,
        request: &Request,
        answer: &mut Answer<'_>,
        method: Method,
    ) -> Result<(u16, Value), ApiError> {
        let live = self.live(answer.target)?;
        let value = match method {
            Method::Get => return Ok((200, self.render(&live))),
            Method::Put => super::body::object(
                Kind::Pod,
                &request.body,
                answer.query.field_validation,
                answer.warnings,
            )?,
            Method::Patch(format) => patched(answer, &live.as_served(), format, &request.body)?,
            Method::Post | Method::Delete => return Err(ApiError::method_not_allowed()),
        };
        // Only the ephemeral containers are taken over.
        let mut whole = live.to_value();
        whole["spec"]["ephemeralContainers"] = value["spec"]["ephemeralContainers"].clone();
        crate::defaults::fill_in(Kind::Pod, &mut whole);
        let object = Object::decode(Kind::Pod, &whole);
        let (Object::Pod(old), Object::Pod(new)) = (live.as_ref(), &object) else {
            return Err(ApiError::no_such_path());
        };
        self.admission(live.namespace()).ephemeral(new)?;
        validation::refuse(&object, validation::on_ephemeral_update(old, new))?;
        let key = object.key();
        if object != *live {
            self.update(&live, object);
        }
        let object = self.store.get(&key).map_or(live, Arc::clone);
        Ok((200, self.render(&object)))
    }
}

const fn scales(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet)
}

fn scale(object: &Object) -> Value {
    let meta = object.metadata();
    let value = object.to_value();
    json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {
            "name": meta.name, "namespace": meta.namespace, "uid": meta.uid,
            "resourceVersion": meta.resource_version, "creationTimestamp": value["metadata"]["creationTimestamp"],
        },
        "spec": { "replicas": value["spec"]["replicas"] },
        "status": { "replicas": value["spec"]["replicas"] },
    })
}

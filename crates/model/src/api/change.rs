//! Requests that change something: from a body to an object that can be written.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::strategic::{self, PatchError, Scope};
use super::{ApiError, Method, PatchType, Query, Request, Response, Target};
use super::{body, patch};
use crate::cluster::Cluster;
use crate::defaults;
use crate::object::{Key, Kind, Object};
use crate::schema::Schema;
use crate::validation;

/// What the real server says to a write that is based on an older state (apiserver pkg/registry/generic/registry).
const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// A request that is being answered.
pub(crate) struct Answer<'a> {
    pub(super) target: &'a Target,
    pub(super) query: &'a Query,
    pub(super) warnings: &'a mut Vec<String>,
}

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
        let query = Query::of(request)?;
        if request.method == Method::Get && target.subresource.is_empty() {
            return Ok((200, self.read(&target, &query)?));
        }
        let answer = &mut Answer { target: &target, query: &query, warnings };
        if query.dry_run {
            // A clone shares everything that is large, and takes the changes with it.
            return self.clone().write(request, answer);
        }
        self.write(request, answer)
    }

    fn write(
        &mut self,
        request: &Request,
        answer: &mut Answer<'_>,
    ) -> Result<(u16, Value), ApiError> {
        let target = answer.target;
        if !target.subresource.is_empty() {
            return self.subresource(request, answer);
        }
        if matches!(target.kind, Kind::Node | Kind::Event) {
            return Err(ApiError::method_not_allowed());
        }
        match (request.method, target.name.is_empty()) {
            (Method::Post, true) if target.kind.namespaced() != target.namespace.is_empty() => {
                let object = self.post(answer, &request.body)?;
                Ok((201, self.render(&object)))
            }
            (Method::Put, false) => {
                let object = self.replace(answer, &request.body)?;
                Ok((200, self.render(&object)))
            }
            (Method::Patch(PatchType::Apply), false) => {
                self.server_side_apply(answer, &request.body)
            }
            (Method::Patch(format), false) => {
                let object = self.patch(answer, format, &request.body)?;
                Ok((200, self.render(&object)))
            }
            (Method::Delete, false) => self.delete(target, answer.query),
            (Method::Delete, true) if !target.namespace.is_empty() => {
                self.delete_all(target, answer.query)
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }

    fn post(&mut self, answer: &mut Answer<'_>, text: &str) -> Result<Arc<Object>, ApiError> {
        let Answer { target, query, warnings } = answer;
        let mut value = body::object(target.kind, text, query.field_validation, warnings)?;
        if target.kind.namespaced() {
            let written = text_of(&value, "namespace");
            if !written.is_empty() && written != target.namespace {
                return Err(ApiError::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
        }
        if !text_of(&value, "resourceVersion").is_empty() {
            return Err(ApiError::bad_request(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        self.create_value(target, value.take(), warnings)
    }

    /// Creates an object whose shape was checked.
    fn create_value(
        &mut self,
        target: &Target,
        mut value: Value,
        warnings: &mut Vec<String>,
    ) -> Result<Arc<Object>, ApiError> {
        let metadata = metadata_of(&mut value);
        for key in SERVERS_OWN {
            metadata.remove(key);
        }
        if target.kind.namespaced() {
            metadata.insert("namespace".into(), target.namespace.as_str().into());
        } else {
            metadata.remove("namespace");
        }
        let object = typed(target.kind, value);
        let created = self.create(object)?;
        warnings.extend(validation::warnings(None, &created));
        Ok(created)
    }

    fn replace(&mut self, answer: &mut Answer<'_>, text: &str) -> Result<Arc<Object>, ApiError> {
        let Answer { target, query, warnings } = answer;
        let value = body::object(target.kind, text, query.field_validation, warnings)?;
        check_name(target, &value)?;
        let live = self.live(target)?;
        self.write_over(&live, value, warnings)
    }

    fn patch(
        &mut self,
        answer: &mut Answer<'_>,
        format: PatchType,
        text: &str,
    ) -> Result<Arc<Object>, ApiError> {
        let live = self.live(answer.target)?;
        let value = patched(answer, &live.as_served(), format, text)?;
        check_name(answer.target, &value)?;
        self.write_over(&live, value, answer.warnings)
    }

    /// Server-side apply, as far as one manager can tell: the body is merged into the object, which is created if need
    /// be. Fields that an earlier body had are not taken away.
    fn server_side_apply(
        &mut self,
        answer: &mut Answer<'_>,
        text: &str,
    ) -> Result<(u16, Value), ApiError> {
        let target = answer.target;
        if self.live(target).is_ok() {
            let object = self.patch(answer, PatchType::Strategic, text)?;
            return Ok((200, self.render(&object)));
        }
        let value =
            body::object(target.kind, text, answer.query.field_validation, answer.warnings)?;
        check_name(target, &value)?;
        let object = self.create_value(target, value, answer.warnings)?;
        Ok((201, self.render(&object)))
    }

    /// Writes a value, whose shape was checked, over the object that is there.
    fn write_over(
        &mut self,
        live: &Arc<Object>,
        mut value: Value,
        warnings: &mut Vec<String>,
    ) -> Result<Arc<Object>, ApiError> {
        let (kind, name) = (live.kind(), live.name());
        let meta = live.metadata();
        let version = text_of(&value, "resourceVersion");
        if !version.is_empty() && Some(version) != meta.resource_version.as_deref() {
            return Err(ApiError::conflict(kind, name, MODIFIED));
        }
        let uid = text_of(&value, "uid");
        if !uid.is_empty() && uid != live.uid() {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                live.uid()
            );
            return Err(ApiError::conflict(kind, name, &why));
        }
        keep_servers_own(&mut value, live);
        let object = typed(kind, value);
        let updated = self.updated(live, object)?;
        if !Arc::ptr_eq(&updated, live) {
            warnings.extend(validation::warnings(Some(live), &updated));
        }
        Ok(updated)
    }

    /// Validates and writes a changed object; the old one comes back if nothing is different.
    pub(super) fn updated(
        &mut self,
        live: &Arc<Object>,
        mut object: Object,
    ) -> Result<Arc<Object>, ApiError> {
        if let (Object::Pod(old), Object::Pod(new)) = (live.as_ref(), &mut object) {
            self.admission(live.namespace()).update(old, new);
        }
        object.keep_status_of(live);
        if object.kind() == Kind::DaemonSet {
            object.count_template(Some(live));
        }
        // The version is the store's.
        object.metadata_mut().resource_version.clone_from(&live.metadata().resource_version);
        if object == **live {
            return Ok(Arc::clone(live));
        }
        validation::on_update(live, &object)?;
        let key = object.key();
        self.update(live, object);
        // An object that was only kept by its finalizers may be gone now.
        Ok(self.store.get(&key).map_or_else(|| Arc::clone(live), Arc::clone))
    }

    pub(super) fn live(&self, target: &Target) -> Result<Arc<Object>, ApiError> {
        let key = Key::new(target.kind, &target.namespace, &target.name);
        let found = self.store.get(&key).cloned();
        found.ok_or_else(|| ApiError::object_not_found(target.kind, &target.name))
    }
}

/// The object that a patch makes of a live one, its shape checked.
pub(crate) fn patched(
    answer: &mut Answer<'_>,
    live: &Value,
    format: PatchType,
    text: &str,
) -> Result<Value, ApiError> {
    let Answer { target, query, warnings } = answer;
    let (kind, mode) = (target.kind, query.field_validation);
    let mut document = body::parse(text)
        .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
    let mut value = live.clone();
    match (format, &mut document.value) {
        (PatchType::Json, Value::Array(operations)) => {
            patch::apply_json(&mut value, operations).ok_or_else(ApiError::unprocessable)?;
            body::patched(kind, &value, mode, warnings)
        }
        (PatchType::Merge, patch @ Value::Object(_)) => {
            patch::merge(&mut value, patch);
            body::patched(kind, &value, mode, warnings)
        }
        (PatchType::Strategic | PatchType::Apply, Value::Object(patch)) => {
            if !kind.is_built_in() {
                return Err(ApiError::unsupported_media_type());
            }
            let scope = Schema::get().of(kind).map_or(Scope::Free, Scope::Struct);
            let map = value.as_object_mut().expect("an object is a map");
            strategic::apply(map, patch, scope).map_err(refused)?;
            let patch = patch.clone();
            let duplicates = document.duplicates();
            body::strategically_patched(kind, &value, &patch, duplicates, mode, warnings)
        }
        (_, other) => {
            let found = match other {
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Number(_) => "number",
                Value::Bool(_) => "bool",
                Value::Null | Value::Object(_) => "object",
            };
            let wanted = match format {
                PatchType::Json => "[]handlers.jsonPatchOp",
                _ => "map[string]interface {}",
            };
            Err(ApiError::bad_request(format!(
                "error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}"
            )))
        }
    }
}

fn refused(error: PatchError) -> ApiError {
    match error {
        PatchError::Bad(words) => ApiError::bad_request(words),
        PatchError::Unprocessable => ApiError::unprocessable(),
        PatchError::Other(words) => ApiError::internal(words),
    }
}

/// What clients do not write.
const SERVERS_OWN: [&str; 8] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
];

fn keep_servers_own(value: &mut Value, live: &Object) {
    let before = live.to_value();
    let metadata = metadata_of(value);
    for key in SERVERS_OWN.into_iter().chain(["namespace", "generateName"]) {
        match before["metadata"].get(key) {
            Some(kept) => drop(metadata.insert(key.into(), kept.clone())),
            None => drop(metadata.remove(key)),
        }
    }
}

fn metadata_of(value: &mut Value) -> &mut Map<String, Value> {
    let metadata = &mut value["metadata"];
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    metadata.as_object_mut().expect("it was just made a map")
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value["metadata"].get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The name in a body has to be that of the path.
fn check_name(target: &Target, value: &Value) -> Result<(), ApiError> {
    let name = text_of(value, "name");
    if name != target.name {
        let url = &target.name;
        return Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({url})"
        )));
    }
    let namespace = text_of(value, "namespace");
    if !namespace.is_empty() && namespace != target.namespace {
        let url = &target.namespace;
        return Err(ApiError::bad_request(format!(
            "the namespace of the object ({namespace}) does not match the namespace on the request ({url})"
        )));
    }
    Ok(())
}

/// Defaults, and the typed object. The status is not the client's to write, and neither is the type: a strategic patch
/// may name another one, which upstream passes over, because Go's type is what it converts.
fn typed(kind: Kind, mut value: Value) -> Object {
    if let Some(map) = value.as_object_mut() {
        map.remove("status");
        map.insert("apiVersion".into(), kind.api_version().into());
        map.insert("kind".into(), kind.name().into());
    }
    defaults::fill_in(kind, &mut value);
    Object::decode(kind, &value)
}

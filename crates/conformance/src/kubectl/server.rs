//! The small scripted server that the cases of kubectl were recorded against: it holds objects as they are given, answers
//! with faults where a case has some, and tells what a case wants watchers to be told. It is no API server: nothing is
//! checked, defaulted or counted. How patches apply is the model's code.

use std::collections::VecDeque;

use pullpath_model::api::strategic::{self, Scope};
use pullpath_model::api::{Method, PatchType, Query, Request, Response, patch, selects_labels};
use pullpath_model::schema::Schema;
use pullpath_model::time::{SimTime, Span};
use pullpath_shell::{Host, Pattern};
use serde::Deserialize;
use serde_json::{Value, json};

use super::millis;
use crate::case::NotPlayed;

/// The types that the server had.
const SERVED: [(&str, &str); 10] = [
    ("v1", "ConfigMap"),
    ("v1", "Event"),
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("external-secrets.io/v1", "ExternalSecret"),
];

/// A scripted answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    method: String,
    path: String,
    status: Option<Value>,
    warning: Option<String>,
}

/// What watchers are told next, and when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
    now: Option<String>,
}

pub(super) struct Server {
    objects: Vec<Value>,
    faults: Vec<(Fault, Pattern)>,
    telling: VecDeque<(&'static str, Value, Option<i64>)>,
    told: Vec<(&'static str, Value)>,
    start: i64,
    now: SimTime,
}

/// What a path names.
struct Target<'a> {
    version: String,
    plural: &'a str,
    namespace: &'a str,
    name: &'a str,
    subresource: &'a str,
}

impl<'a> Target<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let mut steps = path.trim_start_matches('/').split('/');
        let version = match steps.next()? {
            "api" => steps.next()?.to_owned(),
            "apis" => format!("{}/{}", steps.next()?, steps.next()?),
            _ => return None,
        };
        let rest: Vec<&str> = steps.collect();
        let (namespace, rest) = match rest.as_slice() {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, subresource] => (*plural, *name, *subresource),
            _ => return None,
        };
        Some(Self { version, plural, namespace, name, subresource })
    }

    fn is_type_of(&self, object: &Value) -> bool {
        object["apiVersion"] == self.version.as_str() && plural(object) == self.plural
    }

    fn names(&self, object: &Value) -> bool {
        let (namespace, name) = place(object);
        self.is_type_of(object) && name == self.name && namespace == self.namespace
    }

    /// `deployments.apps`
    fn qualified(&self) -> String {
        match self.version.split_once('/') {
            Some((group, _)) => format!("{}.{group}", self.plural),
            None => self.plural.to_owned(),
        }
    }

    fn not_found(&self) -> Response {
        let message = format!("{} \"{}\" not found", self.qualified(), self.name);
        self.refusal(404, "NotFound", message)
    }

    fn refusal(&self, code: u16, reason: &str, message: String) -> Response {
        let body = json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code,
            "details": { "name": self.name, "kind": self.plural },
        });
        Response { code, body, warnings: Vec::new() }
    }
}

fn plural(object: &Value) -> String {
    format!("{}s", object["kind"].as_str().unwrap_or_default().to_lowercase())
}

fn place(object: &Value) -> (&str, &str) {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    (text("namespace"), text("name"))
}

fn fine(body: Value) -> Response {
    Response { code: 200, body, warnings: Vec::new() }
}

impl Server {
    pub(super) fn new(objects: Vec<Value>, now: i64) -> Self {
        let mut server = Self {
            objects,
            faults: Vec::new(),
            telling: VecDeque::new(),
            told: Vec::new(),
            start: now,
            now: SimTime::START,
        };
        server.sort();
        server
    }

    /// Objects come in the order of their keys.
    fn sort(&mut self) {
        self.objects.sort_by(|one, other| place(one).cmp(&place(other)));
    }

    pub(super) fn answer_with(&mut self, faults: Vec<Fault>) -> Result<(), NotPlayed> {
        for fault in faults {
            let pattern = Pattern::extended(&fault.path)
                .ok_or_else(|| NotPlayed(format!("no pattern: {}", fault.path)))?;
            self.faults.push((fault, pattern));
        }
        Ok(())
    }

    pub(super) fn tell(&mut self, events: Vec<Told>) -> Result<(), NotPlayed> {
        for event in events {
            let kind = match event.kind.as_str() {
                "ADDED" => "ADDED",
                "MODIFIED" => "MODIFIED",
                "DELETED" => "DELETED",
                other => return Err(NotPlayed(format!("unknown watch event {other}"))),
            };
            let now = event.now.as_deref().map(millis).transpose()?;
            self.telling.push_back((kind, event.object, now));
        }
        Ok(())
    }

    fn answer(&mut self, request: &Request) -> Response {
        let Some(target) = Target::parse(&request.path) else {
            return Response {
                code: 404,
                body: json!({ "message": "the server could not find the requested resource", "reason": "NotFound", "code": 404 }),
                warnings: Vec::new(),
            };
        };
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let query = Query::of(request).unwrap_or_default();
        let found = self.objects.iter().position(|object| target.names(object));
        match (request.method, found) {
            (Method::Get, _) if target.name.is_empty() => self.list(&target, &query),
            (Method::Get, Some(index)) if target.subresource.is_empty() => {
                fine(self.objects[index].clone())
            }
            (Method::Post, _) => self.create(&target, body, query.dry_run),
            (Method::Put, Some(index)) => {
                if !query.dry_run {
                    self.objects[index] = body.clone();
                }
                fine(body)
            }
            (Method::Patch(PatchType::Apply), None) => {
                if !query.dry_run {
                    self.objects.push(body.clone());
                    self.sort();
                }
                fine(body)
            }
            (Method::Patch(format), Some(index)) => {
                let mut object = self.objects[index].clone();
                if let Err(refusal) = patched(&target, &mut object, format, &body) {
                    return refusal;
                }
                if !query.dry_run {
                    self.objects[index] = object.clone();
                }
                fine(object)
            }
            (Method::Delete, Some(index)) => {
                let uid = self.objects[index]["metadata"]["uid"].clone();
                if !query.dry_run {
                    self.objects.remove(index);
                }
                fine(json!({
                    "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success",
                    "details": { "name": target.name, "kind": target.plural, "uid": uid },
                }))
            }
            _ => target.not_found(),
        }
    }

    fn list(&self, target: &Target<'_>, query: &Query) -> Response {
        let chosen = |object: &&Value| {
            target.is_type_of(object)
                && (target.namespace.is_empty() || place(object).0 == target.namespace)
                && selects_labels(&query.label_selector, object)
                && selects_fields(&query.field_selector, object)
        };
        let items: Vec<Value> = self.objects.iter().filter(chosen).cloned().collect();
        fine(
            json!({ "apiVersion": target.version, "kind": "List", "metadata": {}, "items": items }),
        )
    }

    fn create(&mut self, target: &Target<'_>, mut object: Value, dry_run: bool) -> Response {
        if object["metadata"]["namespace"].is_null() && !target.namespace.is_empty() {
            object["metadata"]["namespace"] = target.namespace.into();
        }
        let (namespace, name) = place(&object);
        let taken = self
            .objects
            .iter()
            .any(|known| target.is_type_of(known) && place(known) == (namespace, name));
        if taken {
            let message = format!("{} \"{name}\" already exists", target.qualified());
            return target.refusal(409, "AlreadyExists", message);
        }
        if !dry_run {
            self.objects.push(object.clone());
            self.sort();
        }
        Response { code: 201, body: object, warnings: Vec::new() }
    }
}

/// Applies a patch to an object.
fn patched(
    target: &Target<'_>,
    object: &mut Value,
    format: PatchType,
    body: &Value,
) -> Result<(), Response> {
    let refused = |words: String| target.refusal(422, "Invalid", words);
    match format {
        PatchType::Json => {
            let operations = body.as_array().cloned().unwrap_or_default();
            patch::apply_json(object, &operations)
                .ok_or_else(|| refused("the patch does not apply".to_owned()))
        }
        PatchType::Strategic => {
            let of = object["kind"].as_str().and_then(|kind| Schema::get().named(kind));
            let Some(of) = of.filter(|_| !target.version.contains('.')) else {
                let words = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
                return Err(target.refusal(415, "UnsupportedMediaType", words.to_owned()));
            };
            let mut body = body.as_object().cloned().unwrap_or_default();
            let Some(object) = object.as_object_mut() else { return Ok(()) };
            strategic::apply(object, &mut body, Scope::Struct(of))
                .map_err(|error| refused(error.to_string()))
        }
        PatchType::Merge | PatchType::Apply => {
            patch::merge(object, body);
            Ok(())
        }
    }
}

/// `status.phase=Running,metadata.name!=x`
fn selects_fields(selector: &str, object: &Value) -> bool {
    selector.split(',').filter(|term| !term.is_empty()).all(|term| {
        let (field, value, equal) = match (term.split_once("!="), term.split_once('=')) {
            (Some((field, value)), _) => (field, value, false),
            (None, Some((field, value))) => (field, value.trim_start_matches('='), true),
            (None, None) => return false,
        };
        let found = object.pointer(&format!("/{}", field.replace('.', "/")));
        (found.and_then(Value::as_str).unwrap_or_default() == value) == equal
    })
}

impl Host for Server {
    fn request(&mut self, request: &Request) -> Response {
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch(_) => "PATCH",
            Method::Delete => "DELETE",
        };
        let whole = match request.query.as_str() {
            "" => request.path.clone(),
            query => format!("{}?{query}", request.path),
        };
        let fault = self
            .faults
            .iter()
            .find(|(fault, pattern)| fault.method == method && pattern.is_match(&whole));
        let warnings: Vec<String> =
            fault.and_then(|(fault, _)| fault.warning.clone()).into_iter().collect();
        if let Some(status) = fault.and_then(|(fault, _)| fault.status.clone()) {
            let code = status["code"].as_u64().and_then(|code| u16::try_from(code).ok());
            return Response { code: code.unwrap_or(500), body: status, warnings };
        }
        let mut response = self.answer(request);
        response.warnings = warnings;
        response
    }

    fn now(&self) -> SimTime {
        self.now
    }

    fn unix_millis(&self) -> i64 {
        self.start + self.now.as_millis()
    }

    fn step(&mut self, end: SimTime) -> bool {
        self.told.clear();
        let Some((kind, object, now)) = self.telling.pop_front() else {
            self.now = self.now.max(end);
            return false;
        };
        if let Some(now) = now {
            self.now = SimTime::START + Span::millis(now - self.start);
        }
        let known = self
            .objects
            .iter()
            .position(|one| place(one) == place(&object) && one["kind"] == object["kind"]);
        match (kind, known) {
            ("DELETED", Some(index)) => drop(self.objects.remove(index)),
            ("DELETED", None) => {}
            (_, Some(index)) => self.objects[index] = object.clone(),
            (_, None) => {
                self.objects.push(object.clone());
                self.sort();
            }
        }
        self.told.push((kind, object));
        true
    }

    fn told(&mut self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.told)
    }

    fn serves(&self, api_version: &str, kind: &str) -> bool {
        SERVED.contains(&(api_version, kind))
    }
}

//! Reading: objects as a reader gets them, with what is rendered only then.

use serde_json::{Value, json};

use super::{ApiError, Query, Target};
use crate::cluster::Cluster;
use crate::object::{Kind, Object};
use crate::pod::PodRun;
use crate::time::Span;

impl Cluster {
    /// An object or a List.
    pub(super) fn read(&self, target: &Target, query: &Query) -> Result<Value, ApiError> {
        if !target.name.is_empty() {
            return self
                .rendered(target.kind, &target.namespace, &target.name)
                .ok_or_else(|| ApiError::object_not_found(target.kind, &target.name));
        }
        let items: Vec<Value> = self
            .rendered_all(target.kind, &target.namespace)
            .into_iter()
            .filter(|object| {
                selects_labels(&query.label_selector, object)
                    && selects_fields(&query.field_selector, object)
            })
            .collect();
        Ok(json!({
            "apiVersion": target.kind.api_version(), "kind": format!("{}List", target.kind.name()),
            "metadata": { "resourceVersion": self.store.resource_version().to_string() }, "items": items,
        }))
    }

    fn rendered(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        match kind {
            Kind::Event | Kind::Node => self
                .rendered_all(kind, namespace)
                .into_iter()
                .find(|object| object["metadata"]["name"] == name),
            _ => self.store.find(kind, namespace, name).map(|object| self.render(object)),
        }
    }

    fn rendered_all(&self, kind: Kind, namespace: &str) -> Vec<Value> {
        let inside = |object: &Value| {
            namespace.is_empty() || object["metadata"]["namespace"].as_str() == Some(namespace)
        };
        match kind {
            Kind::Event => self.rendered_events().into_iter().filter(inside).collect(),
            Kind::Node => self
                .nodes()
                .map(|node| {
                    let metadata = json!({ "name": node.spec.name });
                    json!({ "apiVersion": "v1", "kind": "Node", "metadata": metadata })
                })
                .collect(),
            _ => self
                .store
                .list(kind)
                .filter(|object| namespace.is_empty() || object.namespace() == namespace)
                .map(|object| self.render(object))
                .collect(),
        }
    }

    /// The object as JSON with its status as of now.
    pub(crate) fn render(&self, object: &Object) -> Value {
        let run = match object {
            Object::Pod(_) => self.pods.id_of(object.uid()).and_then(|id| self.pods.get(id)),
            _ => None,
        };
        match run {
            Some(run) => self.render_pod(object, run),
            None => object.as_served(),
        }
    }

    /// A Pod as JSON with the status that was last published.
    pub(crate) fn render_pod(&self, object: &Object, run: &PodRun) -> Value {
        let mut value = object.as_served();
        if let Object::Pod(pod) = object {
            value["status"] = self.status_of(run, pod);
        }
        if let Some(since) = run.deleting {
            let grace = object.grace_seconds();
            let end = self.wall_clock(since + Span::seconds(grace));
            value["metadata"]["deletionTimestamp"] = end.into();
            value["metadata"]["deletionGracePeriodSeconds"] = grace.into();
        }
        value
    }

    /// All `v1 Event`s that are not expired.
    fn rendered_events(&self) -> Vec<Value> {
        let epoch = self.world.epoch_seconds;
        let alive = self.events().into_iter().filter(|of| !of.event.is_expired(self.now));
        alive.map(|of| of.to_value(epoch)).collect()
    }
}

/// `app=web,tier!=front,team,!old,zone in (a,b),zone notin (c)`
pub fn selects_labels(selector: &str, object: &Value) -> bool {
    let label = |key: &str| object["metadata"]["labels"][key.trim()].as_str();
    terms(selector).all(|term| {
        let set = term.strip_suffix(')').and_then(|term| term.split_once('('));
        if let Some((head, values)) = set {
            let mut words = head.split_whitespace();
            let value = label(words.next().unwrap_or_default());
            let is_in = values.split(',').any(|one| value == Some(one.trim()));
            is_in == (words.next() == Some("in"))
        } else if let Some((key, value)) = term.split_once("!=") {
            label(key) != Some(value.trim())
        } else if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            label(key) == Some(value.trim())
        } else if let Some(key) = term.strip_prefix('!') {
            label(key).is_none()
        } else {
            label(term).is_some()
        }
    })
}

/// The terms of a selector: a comma inside brackets separates values.
fn terms(selector: &str) -> impl Iterator<Item = &str> {
    let mut open = false;
    let separates = move |one: char| {
        open = (open || one == '(') && one != ')';
        one == ',' && !open
    };
    selector.split(separates).map(str::trim).filter(|term| !term.is_empty())
}

/// `metadata.name=web,status.phase!=Running`
fn selects_fields(selector: &str, object: &Value) -> bool {
    let field = |path: &str| {
        let found = object.pointer(&format!("/{}", path.trim().replace('.', "/")));
        match found {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        }
    };
    selector.split(',').map(str::trim).filter(|term| !term.is_empty()).all(|term| {
        if let Some((path, value)) = term.split_once("!=") {
            field(path) != value.trim()
        } else if let Some((path, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            field(path) == value.trim()
        } else {
            false
        }
    })
}

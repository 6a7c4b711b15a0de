//! A thing's life as a list of facts: which field took which value, and when it first did.

use std::collections::BTreeMap;

use serde_json::Value;

use super::canon::Names;
use super::recording::{Container, PodChange, Reason};

/// A field and a value of it.
pub(super) type Fact = (String, String);

/// The life of one thing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Life {
    /// Each fact at its first appearance, in order.
    pub(super) first: Vec<(f64, Fact)>,
    /// The fields as they were last.
    pub(super) last: BTreeMap<String, String>,
}

impl Life {
    pub(super) fn set(&mut self, at: f64, field: &str, value: &str) {
        if self.last.get(field).is_some_and(|known| known == value) {
            return;
        }
        self.last.insert(field.to_owned(), value.to_owned());
        let fact = (field.to_owned(), value.to_owned());
        if self.first.iter().all(|(_, known)| *known != fact) {
            self.first.push((at, fact));
        }
    }

    /// When a fact was first so.
    pub(super) fn when(&self, fact: &Fact) -> Option<f64> {
        self.first.iter().find(|(_, known)| known == fact).map(|(at, _)| *at)
    }
}

/// The lives of Pods as a recording has them, by name.
pub(super) fn recorded_pods(watch: &[PodChange], names: &Names) -> Vec<(String, Life)> {
    let mut lives: Vec<(String, Life)> = Vec::new();
    for change in watch {
        let at = change.t;
        let life = of(&mut lives, &change.pod);
        if change.created {
            life.set(at, "created", "yes");
        }
        if let Some(phase) = &change.phase {
            life.set(at, "phase", phase);
        }
        for (kind, status) in &change.conditions {
            life.set(at, &format!("condition {kind}"), status);
        }
        for (part, containers) in [("init", &change.init), ("container", &change.containers)] {
            for (name, container) in containers {
                recorded_container(life, at, &format!("{part} {name}"), container, names);
            }
        }
        if change.deleting {
            life.set(at, "deleting", "yes");
        }
        if change.deleted {
            life.set(at, "deleted", "yes");
        }
    }
    lives
}

fn of<'a>(lives: &'a mut Vec<(String, Life)>, name: &str) -> &'a mut Life {
    let index = lives.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
        lives.push((name.to_owned(), Life::default()));
        lives.len() - 1
    });
    &mut lives[index].1
}

fn recorded_container(life: &mut Life, at: f64, part: &str, container: &Container, names: &Names) {
    let worded = |state: &str, Reason { reason, message, exit_code }: &Reason| {
        let exit = exit_code.map_or(String::new(), |code| format!(" exit {code}"));
        names.text(&format!("{state} {reason}{exit}: {message}"))
    };
    if let Some(waiting) = &container.waiting {
        life.set(at, part, &worded("waiting", waiting));
    }
    if container.running == Some(true) {
        life.set(at, part, "running");
    }
    if let Some(terminated) = &container.terminated {
        life.set(at, part, &worded("terminated", terminated));
    }
    if let Some(ready) = container.ready {
        life.set(at, &format!("{part} ready"), &ready.to_string());
    }
    if let Some(restarts) = container.restarts.filter(|restarts| *restarts > 0) {
        life.set(at, &format!("{part} restarts"), &restarts.to_string());
    }
}

/// A change of a Pod as the model's watch sends it.
pub(super) fn modelled_pod(
    lives: &mut Vec<(String, Life)>,
    at: f64,
    kind: &str,
    pod: &Value,
    names: &Names,
) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&pod["metadata"]["name"]);
    let life = of(lives, &name);
    if kind == "ADDED" {
        life.set(at, "created", "yes");
    }
    let status = &pod["status"];
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        life.set(at, "deleting", "yes");
    }
    if kind == "DELETED" {
        life.set(at, "deleted", "yes");
        return;
    }
    life.set(at, "phase", &text(&status["phase"]));
    for condition in status["conditions"].as_array().into_iter().flatten() {
        let reason = condition["reason"].as_str().filter(|reason| !reason.is_empty());
        let value = match reason {
            Some(reason) => format!("{}/{reason}", text(&condition["status"])),
            None => text(&condition["status"]),
        };
        life.set(at, &format!("condition {}", text(&condition["type"])), &value);
    }
    for (part, list) in [("init", "initContainerStatuses"), ("container", "containerStatuses")] {
        for one in status[list].as_array().into_iter().flatten() {
            let part = format!("{part} {}", text(&one["name"]));
            let state = &one["state"];
            let worded = |word: &str, state: &Value| {
                let exit = state["exitCode"]
                    .as_i64()
                    .map_or(String::new(), |code| format!(" exit {code}"));
                names.text(&format!(
                    "{word} {}{exit}: {}",
                    text(&state["reason"]),
                    text(&state["message"])
                ))
            };
            if state["waiting"].is_object() {
                life.set(at, &part, &worded("waiting", &state["waiting"]));
            } else if state["running"].is_object() {
                life.set(at, &part, "running");
            } else if state["terminated"].is_object() {
                life.set(at, &part, &worded("terminated", &state["terminated"]));
            }
            // A recording says when a container became ready, never that it ceased to be.
            if one["ready"] == true {
                life.set(at, &format!("{part} ready"), "true");
            }
            if let Some(restarts) = one["restartCount"].as_i64().filter(|restarts| *restarts > 0) {
                life.set(at, &format!("{part} restarts"), &restarts.to_string());
            }
        }
    }
}

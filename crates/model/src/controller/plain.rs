//! Objects that are kept as JSON, read and written by their controllers. One way of reading serves all kinds, and costs
//! no decoder of its own.

use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::object::{Key, Object, Plain};
use crate::schema;
use crate::time::SimTime;

pub(super) fn number(value: &Value, key: &str) -> Option<i64> {
    value[key].as_i64()
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A number, or a share of `all` in percent, rounded up.
pub(super) fn number_or_share(value: &Value, all: i64) -> i64 {
    match value {
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (percent.clamp(0, 100) * all + 99) / 100
        }
        other => other.as_i64().unwrap_or(0),
    }
}

impl Plain {
    /// Its `spec`.
    pub(super) fn spec(&self) -> &Value {
        self.rest.get("spec").unwrap_or(&Value::Null)
    }

    /// Its `status`, to be changed and written.
    pub(super) fn status(&self) -> Map<String, Value> {
        self.rest.get("status").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// Its uid.
    pub(super) fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    /// Whether its deletion was asked for.
    pub(super) fn is_deleted(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }
}

impl Cluster {
    /// The instant now as API objects hold it: in whole seconds.
    pub(super) fn clock(&self) -> Value {
        self.wall_clock(self.now).into()
    }

    /// The moment of an instant that an API object holds.
    pub(super) fn moment(&self, instant: &Value) -> Option<SimTime> {
        let seconds = schema::unix_seconds(instant.as_str()?)?;
        Some(SimTime::from_millis((seconds - self.world.epoch_seconds) * 1000))
    }

    /// A moment in whole seconds, as it comes back from an API object.
    pub(super) fn whole_seconds(&self, at: SimTime) -> SimTime {
        SimTime::from_millis(at.as_millis().div_euclid(1000) * 1000)
    }

    /// Writes a status if it differs from what is stored, and lets the controller of its owner look. Answers whether
    /// it was written.
    pub(super) fn write_status(&mut self, key: &Key, status: Map<String, Value>) -> bool {
        let Some(Object::Plain(live)) = self.store.get(key).map(AsRef::as_ref) else {
            return false;
        };
        let status = Value::Object(status);
        if live.rest.get("status") == Some(&status) {
            return false;
        }
        let mut changed = live.clone();
        changed.rest.insert("status".into(), status);
        let owner = super::replica_set::controller_of(&live.metadata, &key.namespace);
        self.store.put(Object::Plain(changed));
        if let Some(owner) = owner {
            self.enqueue(&owner, super::NOTICE_MILLIS);
        }
        true
    }
}

/// The condition of a type.
pub(super) fn condition<'a>(status: &'a Map<String, Value>, type_: &str) -> Option<&'a Value> {
    let conditions = status.get("conditions")?.as_array()?;
    conditions.iter().find(|condition| condition["type"] == type_)
}

/// Whether it holds.
pub(super) fn holds(status: &Map<String, Value>, type_: &str) -> bool {
    condition(status, type_).is_some_and(|condition| condition["status"] == "True")
}

/// Sets a condition as the job controller does (ensureJobConditionStatus): one that is not there and does not hold is not
/// added, one that says the same stays as it is. Answers whether anything changed.
pub(super) fn set_condition(
    status: &mut Map<String, Value>,
    type_: &str,
    holds: bool,
    (reason, message): (&str, &str),
    now: &Value,
) -> bool {
    let word = if holds { "True" } else { "False" };
    let new = json!({
        "type": type_, "status": word, "reason": reason, "message": message,
        "lastProbeTime": now, "lastTransitionTime": now,
    });
    let conditions = status.entry("conditions").or_insert_with(|| Value::Array(Vec::new()));
    let conditions = conditions.as_array_mut().expect("conditions are a list");
    let changed = match conditions.iter_mut().find(|condition| condition["type"] == type_) {
        Some(known) => {
            let same = ["status", "reason", "message"].iter().all(|key| known[key] == new[key]);
            if !same {
                *known = new;
            }
            !same
        }
        None if holds => {
            conditions.push(new);
            true
        }
        None => false,
    };
    if conditions.is_empty() {
        status.remove("conditions");
    }
    changed
}

/// Sets a count that is left out where it is nothing.
pub(super) fn set_count(status: &mut Map<String, Value>, key: &str, count: i64) {
    if count == 0 {
        status.remove(key);
    } else {
        status.insert(key.into(), count.into());
    }
}

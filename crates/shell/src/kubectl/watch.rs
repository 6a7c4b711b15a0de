//! Changes of objects, one after the other, as a watch would tell them; and `kubectl wait`.

use std::collections::BTreeMap;

use pullpath_model::api::Method;
use pullpath_model::time::{SimTime, Span};
use serde_json::Value;

use super::Run;
use super::builder::{Found, Info, Wanted};
use super::change::place;
use super::duration;
use super::failure::{Failure, several};
use super::resource::Resource;

/// Nothing is watched longer than a day.
const PATIENCE: Span = Span::hours(24);

/// What happened to objects: `ADDED`, `MODIFIED` or `DELETED`, and the object.
pub(super) type Changes = Vec<(&'static str, Value)>;

/// What is known of the objects that are watched.
#[derive(Debug, Default)]
pub(super) struct Watch(BTreeMap<(String, String), Value>);

impl Watch {
    pub(super) fn from(infos: &[Info]) -> Self {
        Self(infos.iter().map(|info| (place(&info.object), info.object.clone())).collect())
    }
}

impl Run<'_> {
    /// Lets time go by until something about the objects has changed. `None` once nobody tells any more: the server has
    /// closed the watch, or somebody interrupts.
    pub(super) fn next_changes(
        &mut self,
        watch: &mut Watch,
        resource: &'static Resource,
        words: &[String],
    ) -> Result<Option<Changes>, Failure> {
        self.changes_until(watch, resource, words, self.host.now() + PATIENCE)
    }

    /// The same, with an end.
    pub(super) fn changes_until(
        &mut self,
        watch: &mut Watch,
        resource: &'static Resource,
        words: &[String],
        end: SimTime,
    ) -> Result<Option<Changes>, Failure> {
        let names: Vec<String> = match words {
            [one] => one.split_once('/').map(|(_, name)| name.to_owned()).into_iter().collect(),
            [_, names @ ..] => names.to_vec(),
            [] => Vec::new(),
        };
        loop {
            if !self.wait(end) {
                self.out.interrupted = self.until.is_some_and(|until| until <= end);
                return Ok(None);
            }
            let mut changes = Vec::new();
            let told = self.host.told();
            if told.is_empty() {
                let namespace = if resource.namespaced && !self.flags.is_set("all-namespaces") {
                    self.namespace()
                } else {
                    String::new()
                };
                let mut present = self.list(resource, &namespace)?;
                present.retain(|info| names.is_empty() || names.contains(&info.name));
                let present: BTreeMap<(String, String), Value> =
                    present.into_iter().map(|info| (place(&info.object), info.object)).collect();
                for (key, object) in &present {
                    match watch.0.get(key) {
                        None => changes.push(("ADDED", object.clone())),
                        Some(before) if before != object => {
                            changes.push(("MODIFIED", object.clone()));
                        }
                        Some(_) => {}
                    }
                }
                let gone = watch.0.iter().filter(|(key, _)| !present.contains_key(*key));
                changes.extend(gone.map(|(_, object)| ("DELETED", object.clone())));
                watch.0 = present;
            } else {
                for (event, object) in told {
                    let (_, name) = place(&object);
                    let ours = object["kind"] == resource.kind
                        && (names.is_empty() || names.contains(&name));
                    if ours {
                        changes.push((event, object));
                    }
                }
            }
            if !changes.is_empty() {
                return Ok(Some(changes));
            }
        }
    }

    /// `--timeout` from now on.
    pub(super) fn deadline(&self, otherwise: Option<Span>) -> Result<SimTime, Failure> {
        let given = self.flags.value("timeout").map(duration::parse).transpose();
        let span = given.map_err(|error| Failure::error(&error))?.or(otherwise);
        let span = span.filter(|span| *span != Span::ZERO).unwrap_or(PATIENCE);
        // A negative time means a week, which is more than enough here.
        Ok(self.host.now() + if span < Span::ZERO { PATIENCE } else { span })
    }

    /// `kubectl wait --for=condition=Ready|delete|jsonpath=…`
    pub(super) fn wait_for(&mut self) -> Result<(), Failure> {
        let words = self.flags.words.clone();
        let condition = self.flags.text("for").unwrap_or_default().to_owned();
        let wanted = Condition::read(&condition)?;
        let end = self.deadline(Some(Span::seconds(30)))?;
        let Found { infos, mut failures, .. } = self.find(&words, Wanted::default())?;
        if wanted == Condition::Deleted {
            failures.retain(|failure| !failure.is_not_found());
        }
        if infos.is_empty() && failures.is_empty() && wanted != Condition::Deleted {
            return Err(Failure::error("no matching resources found"));
        }
        for info in infos {
            loop {
                let now = self.ask(Method::Get, info.path(), "", None);
                let object = match now {
                    Ok(object) => Some(object),
                    Err(failure) if failure.is_not_found() => None,
                    Err(failure) => return Err(failure),
                };
                if wanted.holds(object.as_ref()) {
                    self.report(&info.object, "condition met", super::output::Shape::AsItIs)?;
                    break;
                }
                if !self.wait(end) {
                    let cut = self.until.is_some_and(|until| until < end);
                    self.out.interrupted = cut;
                    let what = format!("{}/{}", info.resource().qualified(), info.name);
                    failures.push(Failure::error(&format!(
                        "timed out waiting for the condition on {what}"
                    )));
                    break;
                }
            }
        }
        several(failures)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Created,
    Deleted,
    Holds { kind: String, status: String },
    Path { template: crate::print::jsonpath::Template, value: Option<String> },
}

impl Condition {
    fn read(text: &str) -> Result<Self, Failure> {
        let lower = text.to_lowercase();
        if lower == "delete" || lower == "create" {
            return Ok(if lower == "delete" { Self::Deleted } else { Self::Created });
        }
        if let Some(rest) = text.strip_prefix("condition=") {
            let (kind, status) = rest.split_once('=').unwrap_or((rest, "true"));
            return Ok(Self::Holds { kind: kind.to_lowercase(), status: status.to_lowercase() });
        }
        if let Some(rest) = text.strip_prefix("jsonpath=") {
            let (path, value) = match rest.rsplit_once('=') {
                Some((path, value)) => (path, Some(value.to_owned())),
                None => (rest, None),
            };
            let wrong = |error: String| Failure::error(&error);
            let path = super::output::relaxed(path.trim_matches('\'')).map_err(wrong)?;
            let template = crate::print::jsonpath::Template::parse(&path).map_err(wrong)?;
            return Ok(Self::Path { template, value });
        }
        Err(Failure::error(&format!("unrecognized condition: \"{text}\"")))
    }

    fn holds(&self, object: Option<&Value>) -> bool {
        let Some(object) = object else { return *self == Self::Deleted };
        match self {
            Self::Created => true,
            Self::Deleted => false,
            Self::Holds { kind, status } => {
                let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
                let generation = object["metadata"]["generation"].as_i64();
                let observed = object["status"]["observedGeneration"].as_i64();
                let stale = observed.zip(generation).is_some_and(|(seen, now)| seen < now);
                !stale
                    && conditions
                        .into_iter()
                        .any(|one| text(&one["type"]) == *kind && text(&one["status"]) == *status)
            }
            Self::Path { template, value } => match (template.find(object).as_slice(), value) {
                ([], _) => false,
                (_, None) => true,
                ([one, ..], Some(value)) => crate::print::go::sprint(one) == *value,
            },
        }
    }
}

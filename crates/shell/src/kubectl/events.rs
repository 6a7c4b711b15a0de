//! `kubectl events` (K pkg/cmd/events): cells of its own, made by the client.

use pullpath_model::api::Method;
use serde_json::Value;

use super::Run;
use super::change::place;
use super::failure::Failure;
use super::output::{Form, Shape};
use super::resource::{Resource, as_item, percent};
use crate::print::age;
use crate::print::table::{Layout, tabbed};

impl Run<'_> {
    pub(super) fn events(&mut self) -> Result<(), Failure> {
        let types = self.flags.list("types");
        let known = |one: &String| ["normal", "warning"].contains(&one.to_lowercase().as_str());
        if !types.iter().all(known) {
            return Err(Failure::error("valid --types are Normal or Warning"));
        }
        let everywhere = self.flags.is_set("all-namespaces");
        let mut query = String::new();
        if let Some(about) = self.flags.text("for").map(str::to_owned) {
            let Some((kind, name)) = about.split_once('/').filter(|(_, name)| !name.is_empty())
            else {
                return Err(Failure::error("--for must be in resource/name form"));
            };
            self.connect()?;
            let resource = self.resource(kind)?;
            let terms = [
                ("involvedObject.kind", resource.kind.to_owned()),
                ("involvedObject.apiVersion", resource.api_version()),
                ("involvedObject.name", name.to_owned()),
            ];
            let terms: Vec<String> =
                terms.iter().map(|(field, value)| format!("{field}={value}")).collect();
            query = format!("fieldSelector={}", percent(&terms.join(",")));
        }
        let form = self.form(false)?;
        let namespace = if everywhere { String::new() } else { self.namespace() };
        let resource = Resource::named("events").expect("a built-in type");
        let list = self.ask(Method::Get, resource.path(&namespace, ""), &query, None)?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let mut events: Vec<Value> = items
            .into_iter()
            .filter(|event| {
                let kind = event["type"].as_str().unwrap_or_default().to_lowercase();
                types.is_empty() || types.iter().any(|one| one.to_lowercase() == kind)
            })
            .map(|event| as_item(resource, event))
            .collect();
        if events.is_empty() {
            self.out.complain(&if everywhere {
                "No events found.".to_owned()
            } else {
                format!("No events found in {namespace} namespace.")
            });
            return Ok(());
        }
        events.sort_by_key(seen);
        if !matches!(form, Form::Plain { .. }) {
            return self.print_one(&form, &super::output::list(events), Shape::AsItIs);
        }
        let now = self.host.unix_millis();
        let mut text = String::new();
        if !self.flags.is_set("no-headers") {
            text.push_str(if everywhere { "NAMESPACE\t" } else { "" });
            text.push_str("LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n");
        }
        for event in events {
            let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let about = &event["involvedObject"];
            if everywhere {
                text.push_str(&format!("{}\t", place(&event).0));
            }
            text.push_str(&format!(
                "{}\t{}\t{}\t{}/{}\t{}\n",
                interval(&event, now),
                string(&event["type"]),
                string(&event["reason"]),
                string(&about["kind"]),
                string(&about["name"]),
                string(&event["message"]).trim()
            ));
        }
        self.out.stdout.push_str(&tabbed(&text, Layout::Get));
        Ok(())
    }
}

/// When an event was seen last, to the microsecond; unset ones come first.
fn seen(event: &Value) -> Option<String> {
    let moment = |value: &Value| value.as_str().map(str::to_owned);
    let at = if event["series"].is_object() {
        moment(&event["series"]["lastObservedTime"])
    } else {
        moment(&event["lastTimestamp"]).or_else(|| moment(&event["eventTime"]))
    };
    // Moments with and without fractions compare once the letter behind the seconds is gone.
    at.map(|at| at.trim_end_matches('Z').to_owned())
}

/// `2m (x5 over 4m59s)`
pub(super) fn interval(event: &Value, now: i64) -> String {
    let first = event["eventTime"].as_str().or_else(|| event["firstTimestamp"].as_str());
    let first = age::since(first, now);
    let (last, count) = if event["series"].is_object() {
        let series = &event["series"];
        (series["lastObservedTime"].as_str(), series["count"].as_i64().unwrap_or(0))
    } else {
        match event["count"].as_i64().unwrap_or(0) {
            count @ 2.. => (event["lastTimestamp"].as_str(), count),
            _ => return first,
        }
    };
    format!("{} (x{count} over {first})", age::since(last, now))
}

//! `kubectl describe` of what is neither a Pod nor looks after Pods, down to types that kubectl does not know.

use pullpath_model::api::Method;
use serde_json::{Map, Value};

use super::Run;
use super::change::place;
use super::describe::{annotations, head, labels, multi, string};
use super::failure::Failure;
use super::resource::Resource;
use crate::print::table::{Layout, tabbed};
use crate::print::{age, go};

/// What is told at the top, and not once more further down.
const SKIPPED: [&str; 5] = [
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
];

impl Run<'_> {
    pub(super) fn describe_service_account(&mut self, object: &Value) -> Result<String, Failure> {
        let names = |field: &str| -> Vec<String> {
            let all = object[field].as_array().into_iter().flatten();
            all.filter_map(|secret| secret["name"].as_str().map(str::to_owned)).collect()
        };
        let (pull, mount) = (names("imagePullSecrets"), names("secrets"));
        let mut text = head(object);
        if !self.host.client().speaks.shows_mountable_secrets() {
            text.push_str(&multi("Image pull secrets:", &pull));
            return self.with_events(text, "ServiceAccount", object);
        }
        let (namespace, account) = place(object);
        let resource = Resource::named("secrets").expect("a built-in type");
        // If the list fails, nothing is told to be missing.
        let list = self.ask(Method::Get, resource.path(&namespace, ""), "", None).ok();
        let secrets = list.and_then(|list| list["items"].as_array().cloned());
        let known = |name: &String| {
            secrets.as_ref().is_none_or(|all| {
                all.iter().any(|secret| secret["metadata"]["name"] == name.as_str())
            })
        };
        let marked = |names: Vec<String>| -> Vec<String> {
            let mark = |name: String| {
                if known(&name) { name } else { format!("{name} (not found)") }
            };
            names.into_iter().map(mark).collect()
        };
        let uid = &object["metadata"]["uid"];
        let tokens: Vec<String> = secrets
            .iter()
            .flatten()
            .filter(|secret| {
                let notes = &secret["metadata"]["annotations"];
                secret["type"] == "kubernetes.io/service-account-token"
                    && notes["kubernetes.io/service-account.name"] == account.as_str()
                    && (notes["kubernetes.io/service-account.uid"].is_null()
                        || notes["kubernetes.io/service-account.uid"] == *uid)
            })
            .map(|secret| place(secret).1)
            .collect();
        text.push_str(&multi("Image pull secrets:", &marked(pull)));
        text.push_str(&multi("Mountable secrets:", &marked(mount)));
        text.push_str(&multi("Tokens:", &marked(tokens)));
        self.with_events(text, "ServiceAccount", object)
    }

    pub(super) fn describe_config_map(&mut self, object: &Value) -> Result<String, Failure> {
        let mut text = head(object);
        text.push_str("\nData\n====\n");
        for (key, value) in object["data"].as_object().into_iter().flatten() {
            text.push_str(&format!("{key}:\n----\n{}\n\n", string(value)));
        }
        text.push_str("\nBinaryData\n====\n");
        for (key, value) in object["binaryData"].as_object().into_iter().flatten() {
            text.push_str(&format!("{key}: {} bytes\n", string(value).len() / 4 * 3));
        }
        text.push('\n');
        self.with_events(text, "ConfigMap", object)
    }

    pub(super) fn describe_namespace(&mut self, object: &Value) -> Result<String, Failure> {
        let mut text = format!("Name:\t{}\n", place(object).1);
        text.push_str(&multi("Labels:", &labels(&object["metadata"]["labels"])));
        text.push_str(&multi("Annotations:", &annotations(object)));
        text.push_str(&format!("Status:\t{}\n", string(&object["status"]["phase"])));
        let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if !conditions.is_empty() {
            text.push_str("Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage\n  ----\t------\t------------------\t------\t-------\n");
            for one in conditions {
                let at = one["lastTransitionTime"].as_str().and_then(age::rfc1123z);
                text.push_str(&format!(
                    "  {}\t{}\t{}\t{}\t{}\n",
                    string(&one["type"]),
                    string(&one["status"]),
                    at.unwrap_or_default(),
                    string(&one["reason"]),
                    string(&one["message"])
                ));
            }
        }
        // Nobody sets quotas or limits here; a server that has no such types is not asked.
        for (kind, line) in
            [("ResourceQuota", "No resource quota."), ("LimitRange", "No LimitRange resource.")]
        {
            if self.host.has_type("v1", kind) {
                text.push_str(&format!("\n{line}\n"));
            }
        }
        Ok(tabbed(&text, Layout::Describe))
    }

    /// Any object, field by field (K GenericDescriber).
    pub(super) fn describe_anything(
        &mut self,
        kind: &str,
        object: &Value,
    ) -> Result<String, Failure> {
        let mut text = head(object);
        if let Some(map) = object.as_object() {
            content(map, 0, "", &mut text);
        }
        self.with_events(text, kind, object)
    }
}

fn content(map: &Map<String, Value>, depth: usize, above: &str, text: &mut String) {
    let pad = "  ".repeat(depth);
    for (key, value) in map {
        let path = format!("{above}.{key}");
        if SKIPPED.contains(&path.as_str()) {
            continue;
        }
        let label = smart_label(key);
        match value {
            Value::Object(inner) => {
                text.push_str(&format!("{pad}{label}:\n"));
                content(inner, depth + 1, &path, text);
            }
            Value::Array(items) => {
                text.push_str(&format!("{pad}{label}:\n"));
                for item in items {
                    match item {
                        Value::Object(inner) => content(inner, depth + 1, &path, text),
                        other => text.push_str(&format!("{pad}  {}\n", go::sprint(other))),
                    }
                }
            }
            scalar => text.push_str(&format!("{pad}{label}:\t{}\n", go::sprint(scalar))),
        }
    }
}

/// `creationTimestamp` as people write it: `Creation Timestamp`.
fn smart_label(field: &str) -> String {
    if field.chars().any(|one| !one.is_alphabetic() && one != '-') {
        return field.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let letters: Vec<char> = field.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        let behind = letters.get(index + 1);
        // A word begins at a capital behind a small letter, and at the last capital of a row.
        let begins = before.is_none_or(|before| {
            (letter.is_uppercase() && !before.is_uppercase())
                || (letter.is_uppercase()
                    && before.is_uppercase()
                    && behind.is_some_and(|behind| behind.is_lowercase()))
                || (letter.is_alphabetic() != before.is_alphabetic())
        });
        match words.last_mut() {
            Some(word) if !begins => word.push(*letter),
            _ => words.push(letter.to_string()),
        }
    }
    let titled = words.into_iter().map(|word| {
        let upper = word.to_uppercase();
        if ["API", "URL", "UID", "OSB", "GUID"].contains(&upper.as_str()) {
            return upper;
        }
        let mut rest = word.chars();
        rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
    });
    titled.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_words() {
        for (field, want) in [
            ("creationTimestamp", "Creation Timestamp"),
            ("uid", "UID"),
            ("apiVersion", "API Version"),
            ("secretStoreRef", "Secret Store Ref"),
            ("firstTimestamp", "First Timestamp"),
            (".dockerconfigjson", ".dockerconfigjson"),
            ("podCIDRs", "Pod CID Rs"),
        ] {
            assert_eq!(smart_label(field), want);
        }
    }
}

//! `kubectl config` and `kubectl api-resources`.

use serde_json::{Value, json};

use super::Run;
use super::failure::Failure;
use super::resource::Resource;
use crate::print::table::{Table, Widths};
use crate::print::{json, yaml};

impl Run<'_> {
    pub(super) fn api_resources(&mut self) -> Result<(), Failure> {
        if !self.flags.words.is_empty() {
            let words = self.flags.words.join(" ");
            return Err(self.flags.usage(&format!("unexpected arguments: [{words}]")));
        }
        self.connect()?;
        let group = self.flags.value("api-group");
        let namespaced = self.flags.value("namespaced").map(|value| value == "true");
        let mut all: Vec<&Resource> = Resource::all()
            .iter()
            .filter(|one| self.host.serves(one))
            .filter(|one| group.is_none_or(|group| group == one.group))
            .filter(|one| namespaced.is_none_or(|wanted| wanted == one.namespaced))
            .collect();
        all.sort_by_key(|one| (one.group, one.plural));
        if self.flags.value("output") == Some("name") {
            for one in all {
                self.out.say(&one.qualified());
            }
            return Ok(());
        }
        let headers = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"];
        let row = |one: &Resource| {
            vec![
                one.plural.to_owned(),
                one.short.to_owned(),
                one.api_version(),
                one.namespaced.to_string(),
                one.kind.to_owned(),
            ]
        };
        let table = Table {
            headers: headers.map(str::to_owned).to_vec(),
            rows: all.into_iter().map(row).collect(),
        };
        let with_headers = !self.flags.is_set("no-headers");
        self.out.stdout.push_str(&table.print(with_headers, &mut Widths::default()));
        Ok(())
    }

    pub(super) fn config(&mut self, command: &str) -> Result<(), Failure> {
        let client = self.host.client().clone();
        match command {
            "current-context" => match client.context {
                Some(context) => self.out.say(&context),
                None => return Err(Failure::error("current-context is not set")),
            },
            "get-contexts" => {
                let namespace = client.namespace.unwrap_or_default();
                let row = client.context.map(|context| {
                    vec!["*".to_owned(), context.clone(), context.clone(), context, namespace]
                });
                let headers = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"];
                let table = Table {
                    headers: headers.map(str::to_owned).to_vec(),
                    rows: row.into_iter().collect(),
                };
                let with_headers = !self.flags.is_set("no-headers");
                self.out.stdout.push_str(&table.print(with_headers, &mut Widths::default()));
            }
            "use-context" => {
                let wanted = self.flags.words.first().cloned().unwrap_or_default();
                if client.context.as_deref() != Some(&wanted) {
                    return Err(Failure::error(&format!(
                        "no context exists with the name: \"{wanted}\""
                    )));
                }
                self.out.say(&format!("Switched to context \"{wanted}\"."));
            }
            "set-context" => {
                let named = self.flags.words.first().cloned();
                let name = match (named, self.flags.is_set("current"), client.context) {
                    (Some(name), _, _) => name,
                    (None, true, Some(context)) => context,
                    (None, true, None) => {
                        return Err(Failure::error("no current context is set"));
                    }
                    (None, false, _) => {
                        return Err(Failure::error(
                            "you must specify a non-empty context name or --current",
                        ));
                    }
                };
                if let Some(namespace) = self.flags.value("namespace").map(str::to_owned) {
                    self.host.client_mut().namespace =
                        Some(namespace).filter(|namespace| !namespace.is_empty());
                }
                self.out.say(&format!("Context \"{name}\" modified."));
            }
            _ => {
                let view = self.view();
                match self.flags.value("output") {
                    Some("json") => self.out.say(&json::indented(&view)),
                    None | Some("yaml") => self.out.stdout.push_str(&yaml::document(&view)),
                    Some(_) => {
                        let form = self.form(false)?;
                        self.print_one(&form, &view, super::output::Shape::AsItIs)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn view(&self) -> Value {
        let client = self.host.client();
        let Some(context) = &client.context else {
            return json!({
                "apiVersion": "v1", "clusters": null, "contexts": null, "current-context": "",
                "kind": "Config", "preferences": {}, "users": null,
            });
        };
        let mut inner = json!({ "cluster": context, "user": context });
        if let Some(namespace) = &client.namespace {
            inner["namespace"] = namespace.as_str().into();
        }
        json!({
            "apiVersion": "v1",
            "clusters": [{ "cluster": { "server": "https://127.0.0.1:6443" }, "name": context }],
            "contexts": [{ "context": inner, "name": context }],
            "current-context": context,
            "kind": "Config",
            "preferences": {},
            "users": [{ "name": context, "user": { "token": "REDACTED" } }],
        })
    }
}

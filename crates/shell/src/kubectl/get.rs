//! `kubectl get`: which objects, and in which form.

use std::collections::BTreeMap;

use pullpath_model::api::Method;
use pullpath_model::time::Span;
use serde_json::{Value, json};

use super::Run;
use super::change::place;
use super::columns;
use super::failure::Failure;
use super::resource::{Resource, named};
use crate::print::jsonpath::{self, Template};
use crate::print::table::{Table, Widths};
use crate::print::{json, yaml};

/// How the objects are printed.
enum Form {
    Table { wide: bool },
    Yaml,
    Json,
    Name,
    Path(Template),
    Columns(Vec<(String, Template)>),
}

impl Run<'_> {
    pub(super) fn get(&mut self) -> Result<(), Failure> {
        let words = self.flags.words.clone();
        if words.is_empty() && self.flags.values("filename").is_empty() {
            return Err(Failure::error(
                "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples",
            ));
        }
        // A type that does not exist is told before the output form is looked at.
        let types = named(&words)?;
        let form = self.form()?;
        if self.flags.is_set("watch") || self.flags.is_set("watch-only") {
            return self.watch(&form);
        }
        let single = types.len() == 1 && types[0].names.len() == 1;
        let (mut objects, mut failures) = self.objects(&words)?;
        if self.flags.is_set("ignore-not-found") {
            failures.retain(|failure| !failure.is_not_found());
        }
        self.sort(&mut objects)?;
        if objects.is_empty() && failures.is_empty() {
            if let Form::Yaml | Form::Json | Form::Path(_) = form {
                self.print(&form, &[], single)?;
            } else if types.iter().all(|one| one.names.is_empty()) {
                self.nothing_found(types.iter().all(|one| !one.resource.namespaced));
            }
            return Ok(());
        }
        if !objects.is_empty() {
            self.print(&form, &objects, single)?;
        }
        super::apply::several(failures)
    }

    fn nothing_found(&mut self, cluster_wide: bool) {
        if cluster_wide || self.flags.is_set("all-namespaces") {
            self.out.complain("No resources found");
        } else {
            let namespace = self.namespace();
            self.out.complain(&format!("No resources found in {namespace} namespace."));
        }
    }

    fn form(&self) -> Result<Form, Failure> {
        let output = self.flags.value("output").unwrap_or_default();
        let (kind, argument) = output.split_once('=').unwrap_or((output, ""));
        let template = |text: &str| {
            Template::parse(text)
                .map_err(|error| Failure::error(&format!("error parsing jsonpath {text}, {error}")))
        };
        Ok(match kind {
            "" => Form::Table { wide: false },
            "wide" => Form::Table { wide: true },
            "yaml" => Form::Yaml,
            "json" => Form::Json,
            "name" => Form::Name,
            "jsonpath" => Form::Path(template(argument)?),
            "custom-columns" => {
                let mut columns = Vec::new();
                for column in split_columns(argument) {
                    let Some((header, path)) =
                        column.split_once(':').filter(|(_, path)| !path.is_empty())
                    else {
                        return Err(Failure::error(&format!(
                            "unexpected custom-columns spec: {column}, expected <header>:<json-path-expr>"
                        )));
                    };
                    columns.push((header.to_owned(), template(&relaxed(path))?));
                }
                Form::Columns(columns)
            }
            other => {
                return Err(Failure::error(&format!(
                    "unable to match a printer suitable for the output format \"{other}\", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml"
                )));
            }
        })
    }

    /// `-o` of a command that has just changed or made something.
    pub(super) fn print_objects(
        &mut self,
        objects: &[Value],
        several: bool,
    ) -> Result<(), Failure> {
        let form = self.form()?;
        let typed: Vec<(&'static Resource, Value)> = objects
            .iter()
            .filter_map(|object| {
                let text = |key: &str| object[key].as_str().unwrap_or_default();
                Some((Resource::of_kind(text("apiVersion"), text("kind"))?, object.clone()))
            })
            .collect();
        self.print(&form, &typed, !several)
    }

    fn print(
        &mut self,
        form: &Form,
        objects: &[(&'static Resource, Value)],
        single: bool,
    ) -> Result<(), Failure> {
        let whole = || match objects {
            [(_, object)] if single => shown(object),
            objects => json!({
                "apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "" },
                "items": objects.iter().map(|(_, object)| shown(object)).collect::<Vec<_>>(),
            }),
        };
        match form {
            Form::Table { wide } => self.print_tables(objects, *wide),
            Form::Yaml => self.out.stdout.push_str(&yaml::document(&whole())),
            Form::Json => self.out.say(&json::indented(&whole())),
            Form::Name => {
                for (resource, object) in objects {
                    self.out.say(&resource.printed(&place(object).1));
                }
            }
            Form::Path(template) => {
                let text = template.print(&whole()).map_err(|error| Failure::error(&error))?;
                self.out.stdout.push_str(&text);
            }
            Form::Columns(columns) => {
                let mut table = Table {
                    headers: columns.iter().map(|(header, _)| header.clone()).collect(),
                    rows: Vec::new(),
                };
                for (_, object) in objects {
                    let cell = |(_, template): &(String, Template)| {
                        let found = template.find(object);
                        let cells: Vec<String> = found.iter().map(jsonpath::text).collect();
                        if cells.is_empty() { "<none>".to_owned() } else { cells.join(",") }
                    };
                    table.rows.push(columns.iter().map(cell).collect());
                }
                let headers = !self.flags.is_set("no-headers");
                let text = table.print(headers, &mut Widths::default());
                self.out.stdout.push_str(&text);
            }
        }
        Ok(())
    }

    /// One table for each type, in the order of first appearance.
    fn print_tables(&mut self, objects: &[(&'static Resource, Value)], wide: bool) {
        let mut groups: Vec<(&'static Resource, Vec<&Value>)> = Vec::new();
        for (resource, object) in objects {
            match groups.iter_mut().find(|(known, _)| known == resource) {
                Some((_, group)) => group.push(object),
                None => groups.push((resource, vec![object])),
            }
        }
        let with_kind = groups.len() > 1 || self.flags.is_set("show-kind");
        for (index, (resource, group)) in groups.iter().enumerate() {
            if index > 0 {
                self.out.stdout.push('\n');
            }
            let mut table = self.table(resource, wide);
            for object in group {
                table.rows.push(self.row(resource, object, wide, with_kind));
            }
            let headers = !self.flags.is_set("no-headers");
            let text = table.print(headers, &mut Widths::default());
            self.out.stdout.push_str(&text);
        }
    }

    fn table(&self, resource: &Resource, wide: bool) -> Table {
        let mut headers: Vec<String> = Vec::new();
        if self.flags.is_set("all-namespaces") {
            headers.push("NAMESPACE".to_owned());
        }
        if wide && resource.kind == "Event" {
            headers.extend(columns::WIDE_EVENT.map(str::to_owned));
        } else {
            let (narrow, more) = columns::headers(resource);
            headers.extend(narrow.iter().map(|header| (*header).to_owned()));
            if wide {
                headers.extend(more.iter().map(|header| (*header).to_owned()));
            }
        }
        for key in self.label_columns() {
            headers.push(key.rsplit('/').next().unwrap_or(&key).to_uppercase());
        }
        if self.flags.is_set("show-labels") {
            headers.push("LABELS".to_owned());
        }
        Table { headers, rows: Vec::new() }
    }

    fn row(&self, resource: &Resource, object: &Value, wide: bool, with_kind: bool) -> Vec<String> {
        let mut row = Vec::new();
        let (namespace, name) = place(object);
        if self.flags.is_set("all-namespaces") {
            row.push(namespace);
        }
        let mut cells = columns::cells(resource, object, wide, self.host.unix_millis());
        if with_kind && resource.kind != "Event" {
            cells[0] = resource.printed(&name);
        }
        row.extend(cells);
        let labels = &object["metadata"]["labels"];
        for key in self.label_columns() {
            row.push(labels[&key].as_str().unwrap_or_default().to_owned());
        }
        if self.flags.is_set("show-labels") {
            row.push(columns::pairs(labels));
        }
        row
    }

    fn label_columns(&self) -> Vec<String> {
        let all = self.flags.values("label-columns");
        all.iter().flat_map(|keys| keys.split(',')).map(str::to_owned).collect()
    }

    fn sort(&self, objects: &mut [(&'static Resource, Value)]) -> Result<(), Failure> {
        let Some(path) = self.flags.value("sort-by") else { return Ok(()) };
        let template = Template::parse(&relaxed(path)).map_err(|error| Failure::error(&error))?;
        let key = |object: &Value| template.find(object).first().cloned().unwrap_or_default();
        objects.sort_by(|(_, one), (_, other)| match (key(one), key(other)) {
            (Value::Number(one), Value::Number(other)) => {
                one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(std::cmp::Ordering::Equal)
            }
            (one, other) => jsonpath::text(&one).cmp(&jsonpath::text(&other)),
        });
        Ok(())
    }

    /// The first list, then a row for every change, until somebody interrupts.
    fn watch(&mut self, form: &Form) -> Result<(), Failure> {
        let words = self.flags.words.clone();
        let types = named(&words)?;
        let [one] = types.as_slice() else {
            return Err(Failure::error("you may only specify a single resource type"));
        };
        let resource = one.resource;
        let wide = matches!(form, Form::Table { wide: true });
        let with_events = self.flags.is_set("output-watch-events");
        let end = self.host.now() + Span::hours(24);
        let mut widths = Widths::default();
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        let mut first = true;
        loop {
            let (objects, _) = self.objects(&words)?;
            let present: BTreeMap<String, Value> = objects
                .into_iter()
                .map(|(_, object)| {
                    let (namespace, name) = place(&object);
                    (format!("{namespace}/{name}"), object)
                })
                .collect();
            let mut changes: Vec<(&str, Value)> = Vec::new();
            for (key, object) in &present {
                match known.get(key) {
                    None => changes.push(("ADDED", object.clone())),
                    Some(before) if before != object => changes.push(("MODIFIED", object.clone())),
                    Some(_) => {}
                }
            }
            let gone = known.iter().filter(|(key, _)| !present.contains_key(*key));
            changes.extend(gone.map(|(_, object)| ("DELETED", object.clone())));
            if !changes.is_empty() {
                let mut table = self.table(resource, wide);
                if with_events {
                    table.headers.insert(0, "EVENT".to_owned());
                }
                for (event, object) in &changes {
                    let mut row = self.row(resource, object, wide, false);
                    if with_events {
                        row.insert(0, format!("{event:<8}"));
                    }
                    table.rows.push(row);
                }
                let headers = first && !self.flags.is_set("no-headers");
                let text = table.print(headers, &mut widths);
                self.out.stdout.push_str(&text);
            }
            if first && changes.is_empty() {
                self.nothing_found(!resource.namespaced);
            }
            first = false;
            known = present;
            if !self.wait(end) {
                self.out.interrupted = true;
                return Ok(());
            }
        }
    }

    /// All events of a namespace, as objects.
    pub(super) fn events_in(&mut self, namespace: &str) -> Result<Vec<Value>, Failure> {
        let resource = Resource::named("events").expect("a built-in type");
        let list = self.ask(Method::Get, resource.path(namespace, ""), "", None)?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    }
}

/// Without what kubectl hides.
fn shown(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    object
}

/// Commas inside brackets do not separate columns.
fn split_columns(text: &str) -> Vec<String> {
    let mut columns = vec![String::new()];
    let mut depth = 0;
    for character in text.chars() {
        match character {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 {
            columns.push(String::new());
        } else if let Some(column) = columns.last_mut() {
            column.push(character);
        }
    }
    columns
}

/// `metadata.name`, `.metadata.name` and `{.metadata.name}` are the same (K RelaxedJSONPathExpression).
fn relaxed(path: &str) -> String {
    let inner = path.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(path);
    let inner = inner.strip_prefix('.').unwrap_or(inner);
    format!("{{.{inner}}}")
}

//! `-o`: the forms that objects are printed in (CR pkg/genericclioptions and pkg/printers).

use serde_json::{Value, json};

use super::failure::Failure;
use super::resource::printed;
use super::{DryRun, Run};
use crate::print::jsonpath::Template;
use crate::print::table::{Table, Widths};
use crate::print::{go, json, typed, yaml};

/// How objects are printed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// As people read it: a table, or what was done.
    Plain {
        wide: bool,
    },
    Yaml,
    Json,
    Name,
    Path(Template, String),
    PathAsJson(Template, String),
    Columns(Vec<(String, Template)>),
}

/// Whether an object is printed as it came, or as Go's own types have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    AsItIs,
    Typed,
}

impl Run<'_> {
    /// The form that is wanted. `tables` is whether the command prints tables.
    pub(super) fn form(&self, tables: bool) -> Result<Form, Failure> {
        let output = self.flags.value("output").unwrap_or_default();
        let (kind, argument) = output.split_once('=').unwrap_or((output, ""));
        let template = || {
            if argument.is_empty() {
                return Err(Failure::error("template format specified but no template given"));
            }
            let read = Template::parse(argument).map_err(|error| {
                Failure::error(&format!("error parsing jsonpath {argument}, {error}"))
            });
            Ok((read?, argument.to_owned()))
        };
        Ok(match kind {
            "" => Form::Plain { wide: false },
            "wide" if tables => Form::Plain { wide: true },
            "yaml" => Form::Yaml,
            "json" => Form::Json,
            "name" => Form::Name,
            "jsonpath" => template().map(|(template, text)| Form::Path(template, text))?,
            "jsonpath-as-json" => {
                template().map(|(template, text)| Form::PathAsJson(template, text))?
            }
            "custom-columns" if tables => Form::Columns(columns(argument)?),
            "kyaml" if self.host.client().speaks.prints_kyaml() => {
                return Err(Failure::error("Pullpath does not model the output format kyaml"));
            }
            "go-template"
            | "go-template-file"
            | "template"
            | "templatefile"
            | "jsonpath-file"
            | "custom-columns-file" => {
                return Err(Failure::error(&format!(
                    "Pullpath does not model the output format {kind}"
                )));
            }
            _ => {
                let first = if tables { "custom-columns,custom-columns-file," } else { "" };
                let kyaml = if self.host.client().speaks.prints_kyaml() { "kyaml," } else { "" };
                let wide = if tables { "wide," } else { "" };
                return Err(Failure::error(&format!(
                    "unable to match a printer suitable for the output format \"{output}\", allowed formats are: {first}go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,{kyaml}name,template,templatefile,{wide}yaml"
                )));
            }
        })
    }

    /// `configmap/x created`, or with `-o` the object.
    pub(super) fn report(
        &mut self,
        object: &Value,
        verb: &str,
        shape: Shape,
    ) -> Result<(), Failure> {
        match self.form(false)? {
            Form::Plain { .. } => {
                let dry = match self.dry_run()? {
                    DryRun::No => "",
                    DryRun::Client => " (dry run)",
                    DryRun::Server => " (server dry run)",
                };
                self.out.say(&format!("{} {verb}{dry}", printed(object)));
                Ok(())
            }
            form => self.print_one(&form, object, shape),
        }
    }

    /// Prints an object, or a list of them, in a form that is no table.
    pub(super) fn print_one(
        &mut self,
        form: &Form,
        object: &Value,
        shape: Shape,
    ) -> Result<(), Failure> {
        let mut object = match shape {
            Shape::AsItIs => object.clone(),
            Shape::Typed => typed::complete(object, self.host.client().speaks.prints_zero_times()),
        };
        if !self.flags.is_set("show-managed-fields") {
            without_managed_fields(&mut object);
        }
        let items = || match object["items"].as_array() {
            Some(items) if object["kind"] == "List" => items.iter().collect(),
            _ => vec![&object],
        };
        match form {
            Form::Plain { .. } => {}
            Form::Yaml => self.out.stdout.push_str(&yaml::document(&object)),
            Form::Json if shape == Shape::Typed => self.out.say(&typed::indented(&object)),
            Form::Json => self.out.say(&json::indented(&object)),
            Form::Name => {
                for item in items() {
                    self.out.say(&printed(item));
                }
            }
            Form::Path(template, text) => {
                let printed =
                    template.print(&object).map_err(|error| failed(&error, text, &object))?;
                self.out.stdout.push_str(&printed);
            }
            Form::PathAsJson(template, text) => {
                let printed =
                    template.print_json(&object).map_err(|error| failed(&error, text, &object))?;
                self.out.stdout.push_str(&printed);
            }
            Form::Columns(columns) => {
                let mut table = Table {
                    headers: columns.iter().map(|(header, _)| header.clone()).collect(),
                    rows: Vec::new(),
                };
                for item in items() {
                    let cell = |(_, template): &(String, Template)| {
                        let cells: Vec<String> =
                            template.find(item).iter().map(go::sprint).collect();
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

    /// Prints what a command made or changed all together, as `apply -o yaml` does.
    pub(super) fn print_all(
        &mut self,
        form: &Form,
        mut objects: Vec<Value>,
    ) -> Result<(), Failure> {
        let whole = match objects.len() {
            0 => return Ok(()),
            1 => objects.remove(0),
            _ => list(objects),
        };
        self.print_one(form, &whole, Shape::AsItIs)
    }
}

/// Objects as one `kind: List`.
pub(super) fn list(items: Vec<Value>) -> Value {
    json!({
        "apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "" }, "items": items,
    })
}

fn without_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    for item in object.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        without_managed_fields(item);
    }
}

/// CR pkg/printers/jsonpath.go: the template, and all that it was held against.
fn failed(error: &str, template: &str, object: &Value) -> Failure {
    Failure::error(&format!(
        "error executing jsonpath \"{}\": Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine was:\n\t\t{}\n\n\n",
        pullpath_model::go::quote(template).trim_matches('"'),
        go::syntax(object)
    ))
}

fn columns(spec: &str) -> Result<Vec<(String, Template)>, Failure> {
    if spec.is_empty() {
        return Err(Failure::error("custom-columns format specified but no custom columns given"));
    }
    let mut columns = Vec::new();
    for column in spec.split(',') {
        let Some((header, path)) = column.split_once(':') else {
            return Err(Failure::error(&format!(
                "unexpected custom-columns spec: {column}, expected <header>:<json-path-expr>"
            )));
        };
        let path = relaxed(path).map_err(|error| Failure::error(&error))?;
        let template = Template::parse(&path).map_err(|error| Failure::error(&error))?;
        columns.push((header.to_owned(), template));
    }
    Ok(columns)
}

/// `metadata.name`, `.metadata.name` and `{.metadata.name}` are the same (K RelaxedJSONPathExpression).
pub(super) fn relaxed(path: &str) -> Result<String, String> {
    let inner = path.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(path);
    let inner = inner.strip_prefix('.').unwrap_or(inner);
    if inner.contains(['{', '}']) {
        return Err(format!(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{{name1.name2}}' or '{{.name1.name2}}'; got {path}"
        ));
    }
    Ok(if inner.is_empty() { String::new() } else { format!("{{.{inner}}}") })
}

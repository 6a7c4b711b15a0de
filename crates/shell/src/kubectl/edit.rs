//! `kubectl edit` (K pkg/cmd/util/editor/editoptions.go).

use pullpath_model::api::Method;
use pullpath_model::apply::annotated;
use serde_json::Value;

use super::builder::{Found, Info, Wanted};
use super::failure::{Failure, several};
use super::output::Shape;
use super::{Run, local};
use crate::print::yaml;
use crate::read;

/// How often a file is opened again before somebody must have given up.
const MOST_ROUNDS: u32 = 20;

const HEADER: &str = "\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";

impl Run<'_> {
    pub(super) fn edit(&mut self) -> Result<(), Failure> {
        let words = self.flags.words.clone();
        let wanted = Wanted { whole_types: true, latest: true, ..Wanted::default() };
        let Found { infos, failures, .. } = self.find(&words, wanted)?;
        several(failures)?;
        let infos_of_one: Vec<Info> = infos;
        match infos_of_one.as_slice() {
            [] => Err(Failure::error("edit cancelled, no objects found")),
            [info] => self.edit_one(info),
            _ => Err(Failure::error("Pullpath edits one object at a time")),
        }
    }

    fn editor(&self) -> String {
        let named = ["KUBE_EDITOR", "EDITOR"].into_iter().find_map(|name| self.host.variable(name));
        named.filter(|editor| !editor.is_empty()).unwrap_or_else(|| "vi".to_owned())
    }

    fn edit_one(&mut self, info: &Info) -> Result<(), Failure> {
        let editor = self.editor();
        let mut before = info.object.clone();
        if let Some(metadata) = before.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        let original = format!("{HEADER}{}", yaml::document(&before));
        let mut reasons: Vec<String> = Vec::new();
        let mut text = original.clone();
        let mut last: Option<String> = None;
        for round in 0..MOST_ROUNDS {
            let path = format!("/tmp/kubectl-edit-{round:010}.yaml");
            let opened = with_reasons(&text, &reasons);
            self.host
                .write_file(&path, &opened)
                .map_err(|refusal| Failure::error(&format!("open {path}: {refusal}")))?;
            let problem = match self.host.edit(&editor, &path) {
                None => Some(format!("unable to launch the editor {}", quote(&editor))),
                Some(0) => None,
                Some(_) => Some(format!("there was a problem with the editor {}", quote(&editor))),
            };
            if let Some(problem) = problem {
                return Err(self.kept(&problem, last.as_deref()));
            }
            let edited = self.host.read_file(&path).unwrap_or_default();
            if last.is_some() && same(&text, &edited) {
                return Err(self.kept("Edit cancelled, no valid changes were saved.", Some(&path)));
            }
            if let Some(before) = last.replace(path.clone()) {
                self.host.remove_file(&before);
            }
            text = edited;
            let what = format!("{} \"{}\"", info.resource().qualified(), info.name);
            let Some(after) = valid(&text) else {
                self.out.complain(&format!("error: {what} is invalid"));
                reasons = vec![
                    format!("{what} was not valid:"),
                    " * <nil>: Invalid value: \"The edited file failed validation\"".to_owned(),
                ];
                continue;
            };
            if same(&original, &text) {
                self.host.remove_file(&path);
                self.out.complain("Edit cancelled, no changes made.");
                return Ok(());
            }
            if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
                self.host.remove_file(&path);
                self.out.complain("Edit cancelled, saved file was empty.");
                return Ok(());
            }
            let is_same = |pointer: &str| before.pointer(pointer) == after.pointer(pointer);
            if !["/apiVersion", "/kind", "/metadata/name"].into_iter().all(is_same) {
                let problem = "At least one of apiVersion, kind and name was changed";
                return Err(self.kept(problem, Some(&path)));
            }
            match self.send_edit(info, &before, after) {
                Ok(Some(edited)) => {
                    self.host.remove_file(&path);
                    return self.report(&edited, "edited", Shape::AsItIs);
                }
                Ok(None) => {
                    self.host.remove_file(&path);
                    return self.report(&info.object, "skipped", Shape::AsItIs);
                }
                Err(failure) if is_invalid(&failure) => {
                    self.out.complain(&format!("error: {what} is invalid"));
                    reasons = causes(&failure, &what);
                }
                Err(failure) if failure.is_not_found() => {
                    self.out.complain(&format!("error: {what} could not be found on the server"));
                    self.out.complain(&format!(
                        "The edits you made on deleted resources have been saved to {}",
                        quote(&path)
                    ));
                    return Err(Failure::silent());
                }
                Err(failure) => {
                    self.out.complain(&format!(
                        "error: {what} could not be patched: {}",
                        failure.message()
                    ));
                    self.out.complain(&format!(
                        "You can run `kubectl replace -f {path}` to try this update again."
                    ));
                    return Err(Failure::silent());
                }
            }
        }
        Err(self.kept("Edit cancelled, no valid changes were saved.", last.as_deref()))
    }

    /// A failure, and where the edited file is.
    fn kept(&mut self, problem: &str, path: Option<&str>) -> Failure {
        if let Some(path) = path {
            self.out
                .complain(&format!("A copy of your changes has been stored to {}", quote(path)));
        }
        Failure::error(problem)
    }

    /// The object after the change; nothing if there is none.
    fn send_edit(
        &mut self,
        info: &Info,
        before: &Value,
        after: Value,
    ) -> Result<Option<Value>, Failure> {
        let after = if self.flags.is_set("save-config") { annotated(&after) } else { after };
        let (format, patch) = local::between(before, &after)?;
        if patch.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(None);
        }
        let query = format!("fieldValidation={}", self.validation()?);
        self.ask(Method::Patch(format), info.path(), &query, Some(&patch)).map(Some)
    }
}

fn quote(text: &str) -> String {
    pullpath_model::go::quote(text)
}

/// The object in the file, if what a client can check is right.
fn valid(text: &str) -> Option<Value> {
    let object = read::document(&without_comments(text)).ok()?;
    let has = |key: &str| object[key].as_str().is_some_and(|text| !text.is_empty());
    (has("apiVersion") && has("kind")).then_some(object)
}

/// Whether two texts are the same document, or the same lines where one of them is none (K hasDifferences, hasLines).
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (without_comments(one), without_comments(other));
    one == other
        || matches!((read::document(&one), read::document(&other)), (Ok(one), Ok(other)) if one == other)
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

fn with_reasons(text: &str, reasons: &[String]) -> String {
    if reasons.is_empty() {
        return text.to_owned();
    }
    let reasons: String = reasons.iter().map(|line| format!("# {line}\n")).collect();
    format!("{HEADER}{reasons}#\n{}", without_comments(text))
}

fn is_invalid(failure: &Failure) -> bool {
    failure.status.as_ref().is_some_and(|status| status["reason"] == "Invalid")
}

fn causes(failure: &Failure, what: &str) -> Vec<String> {
    let status = failure.status.as_ref().map(|status| &status["details"]["causes"]);
    let causes = status.and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    std::iter::once(format!("{what} was not valid:"))
        .chain(causes.map(|one| format!("* {}: {}", text(&one["field"]), text(&one["message"]))))
        .collect()
}

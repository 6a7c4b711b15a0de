//! `patch`, `scale`, `annotate`, `label` (K pkg/cmd).

use std::collections::BTreeMap;

use pullpath_model::api::{Method, PatchType};
use serde_json::{Value, json};

use super::builder::{Found, Info, NO_RESOURCE, Wanted};
use super::failure::{Failure, several};
use super::output::Shape;
use super::{DryRun, Run, local};
use crate::read;

const SERVER_AND_LOCAL: &str =
    "cannot specify --local and --dry-run=server - did you mean --dry-run=client?";

impl Run<'_> {
    pub(super) fn patch(&mut self) -> Result<(), Failure> {
        let is_local = self.flags.is_set("local");
        let dry_run = self.dry_run()?;
        let (given, file) = (self.flags.text("patch"), self.flags.text("patch-file"));
        if given.is_some() && file.is_some() {
            return Err(Failure::error("cannot specify --patch and --patch-file together"));
        }
        if given.is_none() && file.is_none() {
            return Err(Failure::error(
                "must specify --patch or --patch-file containing the contents of the patch",
            ));
        }
        if is_local && !self.flags.words.is_empty() {
            return Err(Failure::error("cannot specify --local and server resources"));
        }
        if is_local && dry_run == DryRun::Server {
            return Err(Failure::error(SERVER_AND_LOCAL));
        }
        let format = match self.flags.text("type").map(str::to_lowercase).as_deref() {
            None | Some("strategic") => PatchType::Strategic,
            Some("merge") => PatchType::Merge,
            Some("json") => PatchType::Json,
            Some(_) => {
                return Err(Failure::error(&format!(
                    "--type must be one of [json merge strategic], not {}",
                    pullpath_model::go::quote(self.flags.text("type").unwrap_or_default())
                )));
            }
        };
        let text = match (given, file) {
            (_, Some(path)) => self.host.read_file(path).map_err(|refusal| {
                Failure::error(&format!("unable to read patch file: open {path}: {refusal}"))
            })?,
            (given, None) => given.unwrap_or_default().to_owned(),
        };
        // JSON is sent as it is, anything else is taken for YAML.
        let body = if text.trim_start().starts_with('{') {
            text
        } else {
            let value = read::document(&text).map_err(|error| {
                let quoted = pullpath_model::go::quote(&text);
                Failure::error(&format!("unable to parse {quoted}: {error}"))
            })?;
            crate::print::json::compact(&value)
        };
        let words = self.flags.words.clone();
        if words.is_empty() && self.flags.values("filename").is_empty() {
            return Err(Failure::error(NO_RESOURCE));
        }
        let wanted = Wanted { local: is_local, ..Wanted::default() };
        let Found { infos, mut failures, .. } = self.find(&words, wanted)?;
        if infos.is_empty() && failures.is_empty() {
            return Err(Failure::error("no objects passed to patch"));
        }
        for info in infos {
            match self.patch_one(&info, format, &body, is_local || dry_run == DryRun::Client) {
                Ok(after) => {
                    let changed = after != info.object;
                    let verb = if changed { "patched" } else { "patched (no change)" };
                    self.report_patch(&after, verb)?;
                }
                Err(failure) => failures.push(failure),
            }
        }
        several(failures)
    }

    /// `patch` never says that it was a dry run of the client.
    fn report_patch(&mut self, object: &Value, verb: &str) -> Result<(), Failure> {
        if self.dry_run()? == DryRun::Client && self.flags.text("output").is_none() {
            self.out.say(&format!("{} {verb}", super::resource::printed(object)));
            return Ok(());
        }
        self.report(object, verb, Shape::AsItIs)
    }

    fn patch_one(
        &mut self,
        info: &Info,
        format: PatchType,
        body: &str,
        here: bool,
    ) -> Result<Value, Failure> {
        if here {
            return local::patched(&info.object, format, body);
        }
        let mut path = info.path();
        if let Some(subresource) = self.flags.text("subresource") {
            path.push_str(&format!("/{subresource}"));
        }
        let query = self.dry_query()?;
        self.connect()?;
        let response = self.send_text(Method::Patch(format), path, query, body);
        if response.code >= 400 {
            return Err(Failure::of_status(&response.body));
        }
        Ok(response.body)
    }

    pub(super) fn scale(&mut self) -> Result<(), Failure> {
        let Some(replicas) = self.flags.number("replicas").filter(|replicas| *replicas >= 0) else {
            return Err(Failure::error(
                "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
            ));
        };
        let words = self.flags.words.clone();
        let Found { infos, mut failures, .. } = self.find(&words, Wanted::default())?;
        if infos.is_empty() && failures.is_empty() {
            return Err(Failure::error("no objects passed to scale"));
        }
        let dry_run = self.dry_run()?;
        let current = self.flags.number("current-replicas").filter(|current| *current >= 0);
        for info in infos {
            let now = info.object["spec"]["replicas"].as_i64().unwrap_or(1);
            if let Some(current) = current.filter(|current| *current != now) {
                failures
                    .push(Failure::error(&format!("Expected replicas to be {current}, was {now}")));
                continue;
            }
            if dry_run != DryRun::Client {
                let patch = json!({ "spec": { "replicas": replicas } });
                let path = format!("{}/scale", info.path());
                let query = self.dry_query()?;
                let asked = self.ask(Method::Patch(PatchType::Merge), path, query, Some(&patch));
                if let Err(failure) = asked {
                    failures.push(failure);
                    continue;
                }
            }
            self.report(&info.object, "scaled", Shape::AsItIs)?;
        }
        several(failures)
    }

    pub(super) fn label(&mut self) -> Result<(), Failure> {
        self.mark(&LABELS)
    }

    pub(super) fn annotate(&mut self) -> Result<(), Failure> {
        self.mark(&ANNOTATIONS)
    }

    /// `key=value` sets, `key-` takes away.
    fn mark(&mut self, kind: &Mark) -> Result<(), Failure> {
        let dry_run = self.dry_run()?;
        let is_local = self.flags.is_set("local");
        let (named, pairs) = pairs(&self.flags.words, kind.name)?;
        let mut set: BTreeMap<String, String> = BTreeMap::new();
        let mut removed: Vec<String> = Vec::new();
        for pair in &pairs {
            match (pair.split_once('='), pair.strip_suffix('-')) {
                (Some((key, value)), _) => {
                    kind.check(pair, key, value)?;
                    set.insert(key.to_owned(), value.to_owned());
                }
                (None, Some(key)) => removed.push(key.to_owned()),
                (None, None) => {
                    return Err(Failure::error(&format!("unknown {} spec: {pair}", kind.name)));
                }
            }
        }
        if removed.iter().any(|key| set.contains_key(key)) {
            return Err(Failure::error(&match kind.name {
                "label" => "can not both modify and remove a label in the same command".to_owned(),
                _ => {
                    let both: Vec<&str> = removed
                        .iter()
                        .filter(|key| set.contains_key(*key))
                        .map(String::as_str)
                        .collect();
                    format!(
                        "can not both modify and remove the following annotation(s) in the same command: {}",
                        both.join(", ")
                    )
                }
            }));
        }
        let has_files = !self.flags.values("filename").is_empty();
        if self.flags.is_set("all") && self.flags.text("selector").is_some() {
            return Err(Failure::error("cannot set --all and --selector at the same time"));
        }
        if is_local {
            if dry_run == DryRun::Server {
                return Err(Failure::error(SERVER_AND_LOCAL));
            }
            if !named.is_empty() {
                let [yaml, json] = kind.examples;
                return Err(Failure::error(&format!(
                    "can only use local files by -f {yaml} or --filename={json} when --local=true is set"
                )));
            }
            if !has_files {
                let [yaml, json] = kind.examples;
                return Err(Failure::error(&format!(
                    "one or more files must be specified as -f {yaml} or --filename={json}"
                )));
            }
        } else if named.is_empty() && !has_files {
            return Err(Failure::error(
                "one or more resources must be specified as <resource> <name> or <resource>/<name>",
            ));
        }
        let lists = self.flags.is_set("list");
        if lists && self.flags.text("output").is_some() {
            return Err(Failure::error("--list and --output may not be specified together"));
        }
        if set.is_empty() && removed.is_empty() && !lists {
            return Err(Failure::error(&format!("at least one {} update is required", kind.name)));
        }
        let wanted = Wanted { local: is_local, latest: true, ..Wanted::default() };
        let Found { infos, mut failures, single } = self.find(&named, wanted)?;
        for info in infos {
            let here = is_local || lists || dry_run == DryRun::Client;
            match self.mark_one(kind, &info, &set, &removed, here) {
                Ok((object, _)) if lists => self.list_marks(kind, &object, single),
                Ok((object, verb)) => self.report(&object, verb, Shape::AsItIs)?,
                Err(failure) => failures.push(failure),
            }
        }
        several(failures)
    }

    /// `--list`: all that an object has then.
    fn list_marks(&mut self, kind: &Mark, object: &Value, single: bool) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if !single {
            let version = text(&object["apiVersion"]);
            let group = version.split_once('/').map_or("", |(group, _)| group);
            let name = text(&object["metadata"]["name"]);
            let object_kind = text(&object["kind"]);
            self.out.say(&format!("Listing {} for {object_kind}.{group}/{name}:", kind.field));
        }
        let indent = if single { "" } else { " " };
        // In the order of the keys. Go's maps have none.
        for (key, value) in object["metadata"][kind.field].as_object().into_iter().flatten() {
            self.out.say(&format!("{indent}{key}={}", text(value)));
        }
    }

    fn mark_one(
        &mut self,
        kind: &Mark,
        info: &Info,
        set: &BTreeMap<String, String>,
        removed: &[String],
        here: bool,
    ) -> Result<(Value, &'static str), Failure> {
        let before = info.object["metadata"][kind.field].clone();
        if !here && kind.name == "label" {
            for key in removed.iter().filter(|key| before.get(key.as_str()).is_none()) {
                self.out.say(&format!("label \"{key}\" not found."));
            }
        }
        if !self.flags.is_set("overwrite") {
            kind.refuse_overwriting(&before, set)?;
        }
        let mut after = info.object.clone();
        let mut marks = before.as_object().cloned().unwrap_or_default();
        marks.extend(set.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
        marks.retain(|key, _| !removed.contains(key));
        // An empty map is set too, which makes an object without labels a different one.
        after["metadata"][kind.field] = Value::Object(marks);
        let length = |object: &Value| crate::print::json::compact(object).len();
        let verb = if kind.name == "annotation" {
            "annotated"
        } else if after == info.object {
            "not labeled"
        } else if !self.flags.is_set("overwrite") && length(&after) < length(&info.object) {
            "unlabeled"
        } else {
            "labeled"
        };
        if here {
            return Ok((after, verb));
        }
        let patch = local::merge_patch(&info.object, &after);
        let query = self.dry_query()?;
        self.ask(Method::Patch(PatchType::Merge), info.path(), query, Some(&patch))?;
        // What is printed is the client's own idea of the object.
        Ok((after, verb))
    }
}

/// Labels or annotations.
struct Mark {
    name: &'static str,
    field: &'static str,
    examples: [&'static str; 2],
}

const LABELS: Mark = Mark { name: "label", field: "labels", examples: ["pod.yaml", "pod.json"] };
const ANNOTATIONS: Mark =
    Mark { name: "annotation", field: "annotations", examples: ["rsrc.yaml", "rsrc.json"] };

impl Mark {
    fn check(&self, pair: &str, key: &str, value: &str) -> Result<(), Failure> {
        if self.name != "label" {
            if key.is_empty() {
                return Err(Failure::error(&format!("invalid annotation format: {pair}")));
            }
            return Ok(());
        }
        if value.contains('=') {
            return Err(Failure::error(&format!("invalid label spec: {pair}")));
        }
        let errors = pullpath_model::validation::label_value_errors(value);
        if errors.is_empty() {
            return Ok(());
        }
        Err(Failure::error(&format!(
            "invalid label value: {}: {}",
            pullpath_model::go::quote(pair),
            errors.join(";")
        )))
    }

    fn refuse_overwriting(
        &self,
        before: &Value,
        set: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let declared = set.iter().filter_map(|(key, value)| {
            let before = before[key].as_str().filter(|before| *before != value)?;
            Some((key, before))
        });
        if self.name == "label" {
            let all: Vec<Failure> = declared
                .map(|(key, before)| {
                    Failure::error(&format!(
                        "'{key}' already has a value ({before}), and --overwrite is false"
                    ))
                })
                .collect();
            return several(all);
        }
        let all: Vec<String> = declared
            .map(|(key, before)| format!("'{key}' already has a value ({before})"))
            .collect();
        if all.is_empty() {
            return Ok(());
        }
        Err(Failure::error(&format!(
            "--overwrite is false but found the following declared annotation(s): {}",
            all.join("; ")
        )))
    }
}

/// Words apart from the pairs behind them (K GetResourcesAndPairs).
pub(super) fn pairs(words: &[String], kind: &str) -> Result<(Vec<String>, Vec<String>), Failure> {
    let is_pair = |word: &String| {
        (word.contains('=') && !word.starts_with('=')) || (word.ends_with('-') && word != "-")
    };
    let at = words.iter().position(is_pair).unwrap_or(words.len());
    let (named, pairs) = words.split_at(at);
    if let Some(word) = pairs.iter().find(|word| !is_pair(word)) {
        return Err(Failure::error(&format!(
            "all resources must be specified before {kind} changes: {word}"
        )));
    }
    Ok((named.to_vec(), pairs.to_vec()))
}

/// Namespace and name of an object.
pub(super) fn place(object: &Value) -> (String, String) {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

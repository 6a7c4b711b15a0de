//! `kubectl apply`, `create -f`, `replace` and `diff` (K pkg/cmd/apply, create, replace, diff).

use pullpath_model::api::{Method, PatchType};
use pullpath_model::apply::{self, LAST_APPLIED, annotated};
use pullpath_model::object::Kind;
use serde_json::{Value, json};

use super::builder::Info;
use super::failure::{Failure, several};
use super::output::{Form, Shape};
use super::{DryRun, Run};
use crate::print::{json, yaml};

/// What kubectl says below a conflict of field managers.
const OTHER_MANAGERS: &str = "\
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

const FILES_NEEDED: &str = "must specify one of -f and -k";

impl Run<'_> {
    /// Every document that can be read is applied, also behind one that the server refuses.
    pub(super) fn apply(&mut self) -> Result<(), Failure> {
        let server_side = self.flags.is_set("server-side");
        let dry_run = self.dry_run()?;
        if self.flags.is_set("force-conflicts") && !server_side {
            return Err(Failure::error("--force-conflicts only works with --server-side"));
        }
        if server_side && dry_run == DryRun::Client {
            return Err(Failure::error(
                "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
            ));
        }
        if !self.flags.words.is_empty() {
            let words = self.flags.words.join(" ");
            return Err(self.flags.usage(&format!("Unexpected args: [{words}]")));
        }
        if self.flags.values("filename").is_empty() {
            return Err(Failure::error(FILES_NEEDED));
        }
        self.validation()?;
        let form = self.form(false)?;
        let (infos, read) = self.documents(false);
        if infos.is_empty() && read.is_ok() {
            return Err(Failure::error("no objects passed to apply"));
        }
        let mut failures: Vec<Failure> = read.err().into_iter().collect();
        let mut applied = Vec::new();
        for info in infos {
            let done =
                if server_side { self.apply_on_server(&info) } else { self.apply_one(&info) };
            match done {
                Ok((object, verb)) if matches!(form, Form::Plain { .. } | Form::Name) => {
                    self.report(&object, verb, Shape::AsItIs)?;
                }
                Ok((object, _)) => applied.push(object),
                Err(failure) => failures.push(failure),
            }
        }
        self.print_all(&form, applied)?;
        several(failures)
    }

    fn apply_on_server(&mut self, info: &Info) -> Result<(Value, &'static str), Failure> {
        let query = format!("fieldManager=kubectl&{}", self.write_query()?);
        let query = if self.flags.is_set("force-conflicts") {
            format!("{query}&force=true")
        } else {
            query
        };
        let method = Method::Patch(PatchType::Apply);
        let object =
            self.ask(method, info.path(), &query, Some(&info.object)).map_err(|failure| {
                match failure.status.as_ref().map(|status| status["code"].as_i64()) {
                    Some(Some(409)) => {
                        Failure::error(&format!("{}\n{OTHER_MANAGERS}", failure.message()))
                    }
                    Some(Some(415)) => Failure::error(&format!(
                        "Server-side apply not available on the server: ({})",
                        failure.message()
                    )),
                    _ => failure,
                }
            })?;
        self.warn_if_deleting(&object, &info.name);
        Ok((object, "serverside-applied"))
    }

    /// The object as it is then, and what was done.
    fn apply_one(&mut self, info: &Info) -> Result<(Value, &'static str), Failure> {
        let (resource, source) = (info.resource(), info.source.as_deref().unwrap_or_default());
        let modified = annotated(&info.object);
        let query = self.write_query()?;
        let dry_run = self.dry_run()?;
        let live = match self.fetch(resource, &info.namespace, &info.name) {
            Ok(live) => live,
            Err(failure) if failure.is_not_found() => {
                let object = apply::creation(&info.object);
                let created = match dry_run {
                    DryRun::Client => object,
                    DryRun::No | DryRun::Server => self
                        .ask(
                            Method::Post,
                            resource.path(&info.namespace, ""),
                            &query,
                            Some(&object),
                        )
                        .map_err(|failure| failure.about_file("creating", source))?,
                };
                return Ok((created, "created"));
            }
            Err(failure) => {
                let what = format!(
                    "retrieving current configuration of:\n{}\nfrom server for:",
                    told(info)
                );
                return Err(failure.about_file(&what, source));
            }
        };
        if dry_run == DryRun::Client {
            return Ok((live, "configured"));
        }
        let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
        if last.is_none() {
            let what = format!("{}/{}", resource.plural, info.name);
            self.out.complain(&format!(
                "Warning: resource {what} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically."
            ));
        }
        let original =
            last.and_then(|last| serde_json::from_str(last).ok()).unwrap_or_else(|| json!({}));
        let kind = Kind::of(&resource.api_version(), resource.kind)
            .ok_or_else(|| Failure::error("the server could not find the requested resource"))?;
        let (format, patch) = apply::three_way(kind, &original, &modified, &live)
            .map_err(|error| Failure::error(&error.to_string()))?;
        if patch.is_empty() {
            return Ok((live, "unchanged"));
        }
        let patch = Value::Object(patch);
        let patched = self.ask(Method::Patch(format), info.path(), &query, Some(&patch)).map_err(
            |failure| {
                let what = format!(
                    "applying patch:\n{}\nto:\n{}\nfor:",
                    json::compact(&patch),
                    told(info)
                );
                failure.about_file(&what, source)
            },
        )?;
        self.warn_if_deleting(&patched, &info.name);
        Ok((patched, "configured"))
    }

    fn warn_if_deleting(&mut self, object: &Value, name: &str) {
        if !object["metadata"]["deletionTimestamp"].is_null() {
            self.out.complain(&format!(
                "Warning: Detected changes to resource {name} which is currently being deleted."
            ));
        }
    }

    pub(super) fn create_from_files(&mut self) -> Result<(), Failure> {
        if !self.flags.words.is_empty() {
            let words = self.flags.words.join(" ");
            return Err(self.flags.usage(&format!("Unexpected args: [{words}]")));
        }
        if self.flags.values("filename").is_empty() {
            return Err(Failure::error(FILES_NEEDED));
        }
        self.validation()?;
        let (infos, read) = self.documents(false);
        let none = infos.is_empty() && read.is_ok();
        let mut failures: Vec<Failure> = Vec::new();
        for info in infos {
            let object = if self.flags.is_set("save-config") {
                annotated(&info.object)
            } else {
                info.object.clone()
            };
            let query = self.write_query()?;
            let path = info.resource().path(&info.namespace, "");
            let created = match self.dry_run()? {
                DryRun::Client => Ok(object),
                DryRun::No | DryRun::Server => self.ask(Method::Post, path, &query, Some(&object)),
            };
            match created {
                Ok(created) => self.report(&created, "created", Shape::AsItIs)?,
                Err(failure) => {
                    let source = info.source.as_deref().unwrap_or_default();
                    failures.push(failure.about_file("creating", source));
                }
            }
        }
        failures.extend(read.err());
        if none {
            return Err(Failure::error("no objects passed to create"));
        }
        several(failures)
    }

    pub(super) fn replace(&mut self) -> Result<(), Failure> {
        let forced = self.flags.is_set("force");
        if !forced && self.flags.number("grace-period").is_some_and(|seconds| seconds >= 0) {
            return Err(Failure::error("--grace-period must have --force specified"));
        }
        if !forced
            && self.flags.text("timeout").is_some_and(|timeout| !matches!(timeout, "0" | "0s"))
        {
            return Err(Failure::error("--timeout must have --force specified"));
        }
        if forced && self.dry_run()? != DryRun::No {
            return Err(Failure::error("--dry-run can not be used when --force is set"));
        }
        if self.flags.values("filename").is_empty() {
            return Err(Failure::error("must specify --filename to replace"));
        }
        self.validation()?;
        let (infos, read) = self.documents(false);
        let none = infos.is_empty() && read.is_ok();
        let mut failures: Vec<Failure> = Vec::new();
        for info in infos {
            failures.extend(self.replace_one(&info).err());
        }
        failures.extend(read.err());
        if none {
            return Err(Failure::error("no objects passed to replace"));
        }
        several(failures)
    }

    fn replace_one(&mut self, info: &Info) -> Result<(), Failure> {
        let resource = info.resource();
        let query = self.write_query()?;
        let object = if self.flags.is_set("save-config") {
            annotated(&info.object)
        } else {
            info.object.clone()
        };
        if self.flags.is_set("force") {
            match self.ask(Method::Delete, info.path(), "", None) {
                Ok(_) => {
                    self.tell_deleted(info, "deleted", "")?;
                    self.wait_until_gone(resource, &info.namespace, &info.name, None, None);
                }
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return Err(failure),
            }
            let path = resource.path(&info.namespace, "");
            let created = self.ask(Method::Post, path, &query, Some(&object))?;
            return self.report(&created, "replaced", Shape::AsItIs);
        }
        let replaced = match self.dry_run()? {
            DryRun::Client => object,
            DryRun::No | DryRun::Server => {
                let source = info.source.as_deref().unwrap_or_default();
                self.ask(Method::Put, info.path(), &query, Some(&object))
                    .map_err(|failure| failure.about_file("replacing", source))?
            }
        };
        self.report(&replaced, "replaced", Shape::AsItIs)
    }

    /// `kubectl diff`: the objects there now against what applying the files would make of them. Exit code 1 if they differ.
    pub(super) fn diff(&mut self) -> Result<(), Failure> {
        if self.flags.values("filename").is_empty() {
            return Err(Failure::error(FILES_NEEDED));
        }
        let (infos, read) = self.documents(false);
        let mut failures: Vec<Failure> = read.err().into_iter().collect();
        let mut differs = false;
        for info in infos {
            let resource = info.resource();
            let live = match self.fetch(resource, &info.namespace, &info.name) {
                Ok(live) => Some(live),
                Err(failure) if failure.is_not_found() => None,
                Err(failure) => {
                    failures.push(failure);
                    continue;
                }
            };
            let merged = match self.merged(&info, live.as_ref()) {
                Ok(merged) => merged,
                Err(failure) => {
                    failures.push(failure);
                    continue;
                }
            };
            let lines = |object: Option<&Value>| -> Vec<String> {
                let text =
                    object.map(shown).map_or(String::new(), |object| yaml::document(&object));
                text.lines().map(str::to_owned).collect()
            };
            let (before, after) = (lines(live.as_ref()), lines(Some(&merged)));
            if before != after {
                differs = true;
                let group = if resource.group.is_empty() {
                    String::new()
                } else {
                    format!("{}.", resource.group)
                };
                let name = format!(
                    "{group}{}.{}.{}.{}",
                    resource.version, resource.kind, info.namespace, info.name
                );
                self.out.say(&format!("diff -u -N /tmp/LIVE/{name} /tmp/MERGED/{name}"));
                self.out.say(&format!("--- /tmp/LIVE/{name}\n+++ /tmp/MERGED/{name}"));
                let text = pullpath_model::go::difflib::unified(&before, &after);
                self.out.stdout.push_str(&text);
            }
        }
        several(failures)?;
        if differs {
            self.out.exit = 1;
        }
        Ok(())
    }

    fn merged(&mut self, info: &Info, live: Option<&Value>) -> Result<Value, Failure> {
        let query = format!("{}&dryRun=All", self.write_query()?);
        let Some(live) = live else {
            let object = apply::creation(&info.object);
            let path = info.resource().path(&info.namespace, "");
            return self.ask(Method::Post, path, &query, Some(&object));
        };
        let resource = info.resource();
        let kind = Kind::of(&resource.api_version(), resource.kind)
            .ok_or_else(|| Failure::error("the server could not find the requested resource"))?;
        let (format, patch) = apply::patch(kind, live, &info.object)
            .map_err(|error| Failure::error(&error.to_string()))?;
        if patch.is_empty() {
            return Ok(live.clone());
        }
        self.ask(Method::Patch(format), info.path(), &query, Some(&Value::Object(patch)))
    }
}

fn shown(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

/// An object as errors of `apply` describe it (CR pkg/resource/visitor.go Info.String).
fn told(info: &Info) -> String {
    let resource = info.resource();
    let (group, version, kind, plural) =
        (resource.group, resource.version, resource.kind, resource.plural);
    format!(
        "Resource: \"{group}/{version}, Resource={plural}\", GroupVersionKind: \"{group}/{version}, Kind={kind}\"\nName: \"{}\", Namespace: \"{}\"",
        info.name, info.namespace
    )
}

//! `set image`, `set serviceaccount`, `set env` (K pkg/cmd/set).

use pullpath_model::api::Method;
use serde_json::{Map, Value, json};

use super::builder::{Found, Info, NO_RESOURCE, Wanted};
use super::change::{pairs, place};
use super::failure::{Failure, bare, several};
use super::output::Shape;
use super::{DryRun, Run, local};
use crate::print::typed;

/// What a change does to the spec of a Pod; what it cannot do.
type Change<'a> = &'a mut dyn FnMut(&mut Value, &mut Vec<Failure>);

impl Run<'_> {
    /// `set image TYPE/NAME container=image…`; `*` means every container.
    pub(super) fn set_image(&mut self) -> Result<(), Failure> {
        let (named, pairs) = pairs(&self.flags.words, "image")?;
        let mut images: Vec<(String, String)> = Vec::new();
        for pair in &pairs {
            let Some((container, image)) = pair.split_once('=') else {
                return Err(Failure::error(&format!("invalid image format: {pair}")));
            };
            images.retain(|(known, _)| known != container);
            images.push((container.to_owned(), image.to_owned()));
        }
        let found = self.targets(&named)?;
        if images.is_empty() {
            return Err(Failure::error("at least one image update is required"));
        }
        if images.len() > 1 && images.iter().any(|(container, _)| container == "*") {
            return Err(Failure::error(
                "all containers are already specified by *, but saw more than one container_name=container_image pairs",
            ));
        }
        self.change_pods(
            found,
            "image updated",
            "failed to patch image update to pod template:",
            &mut |spec, failures| {
                for (container, image) in &images {
                    let mut any = false;
                    for list in ["initContainers", "containers"] {
                        for one in
                            spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
                        {
                            if container == "*" || one["name"] == **container {
                                any = true;
                                one["image"] = image.as_str().into();
                            }
                        }
                    }
                    if !any {
                        failures.push(Failure::error(&format!(
                            "error: unable to find container named {}",
                            pullpath_model::go::quote(container)
                        )));
                    }
                }
            },
        )
    }

    /// `set serviceaccount TYPE NAME account`, or `TYPE/NAME account`.
    pub(super) fn set_service_account(&mut self) -> Result<(), Failure> {
        let mut words = self.flags.words.clone();
        let Some(account) = words.pop() else {
            return Err(Failure::error("serviceaccount is required"));
        };
        let found = self.targets(&words)?;
        self.change_pods(
            found,
            "serviceaccount updated",
            "failed to patch ServiceAccountName",
            &mut |spec, _| {
                spec["serviceAccountName"] = account.as_str().into();
            },
        )
    }

    /// `set env TYPE/NAME KEY=VALUE KEY-`, `--list`
    pub(super) fn set_env(&mut self) -> Result<(), Failure> {
        let (named, mut given) = pairs(&self.flags.words, "environment variables")?;
        given.extend(self.flags.values("env"));
        let list = self.flags.is_set("list");
        if given.is_empty() && !list {
            return Err(self.flags.usage("at least one environment variable must be provided"));
        }
        let found = self.targets(&named)?;
        let chosen = self.flags.text("containers").unwrap_or("*").to_owned();
        let is_chosen = |container: &Value| {
            let name = container["name"].as_str().unwrap_or_default();
            pullpath_model::go::glob::matches(&chosen, name).unwrap_or(false)
        };
        if list {
            for info in &found.infos {
                let spec = local::pod_spec(&info.object).and_then(|at| info.object.pointer(at));
                let (_, name) = place(&info.object);
                let kind = info.resource.map_or("", |resource| resource.plural);
                let containers =
                    spec.and_then(|spec| spec["containers"].as_array()).into_iter().flatten();
                for container in containers.filter(|one| is_chosen(one)) {
                    let title = container["name"].as_str().unwrap_or_default();
                    self.out.say(&format!("# {kind} {name}, container {title}"));
                    for one in container["env"].as_array().into_iter().flatten() {
                        let text = |key: &str| one[key].as_str().unwrap_or_default();
                        self.out.say(&format!("{}={}", text("name"), text("value")));
                    }
                }
            }
            return several(found.failures);
        }
        let overwrite = !self.flags.is_off("overwrite");
        self.change_pods(found, "env updated", "failed to patch env update to pod template:", &mut |spec, failures| {
            let containers = spec.get_mut("containers").and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                if !is_chosen(container) {
                    continue;
                }
                let mut env = container["env"].as_array().cloned().unwrap_or_default();
                for pair in &given {
                    match (pair.split_once('='), pair.strip_suffix('-')) {
                        (Some((name, value)), _) => {
                            let known = env.iter_mut().find(|one| one["name"] == *name);
                            match known {
                                Some(_) if !overwrite => failures.push(Failure::error(&format!(
                                    "'{name}' already has a value ({value}), and --overwrite is false"
                                ))),
                                Some(known) => *known = json!({ "name": name, "value": value }),
                                None => env.push(json!({ "name": name, "value": value })),
                            }
                        }
                        (None, Some(name)) => env.retain(|one| one["name"] != *name),
                        (None, None) => {}
                    }
                }
                if env.is_empty() {
                    container.as_object_mut().map(|map| map.remove("env"));
                } else {
                    container["env"] = Value::Array(env);
                }
            }
        })
    }

    fn targets(&mut self, named: &[String]) -> Result<Found, Failure> {
        let is_local = self.flags.is_set("local");
        if named.is_empty() && self.flags.values("filename").is_empty() {
            return Err(if is_local {
                Failure::plain("error: you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'".to_owned())
            } else {
                Failure::error(NO_RESOURCE)
            });
        }
        if is_local && self.dry_run()? == DryRun::Server {
            return Err(Failure::error(
                "cannot specify --local and --dry-run=server - did you mean --dry-run=client?",
            ));
        }
        let wanted = Wanted { local: is_local, latest: true, ..Wanted::default() };
        let found = self.find(named, wanted)?;
        several(found.failures)?;
        Ok(Found { failures: Vec::new(), ..found })
    }

    fn change_pods(
        &mut self,
        found: Found,
        verb: &str,
        refused: &str,
        change: Change<'_>,
    ) -> Result<(), Failure> {
        let here = self.flags.is_set("local") || self.dry_run()? == DryRun::Client;
        let mut failures = Vec::new();
        for info in found.infos {
            let Info { object, resource, .. } = &info;
            let Some(at) = local::pod_spec(object) else {
                let plural = resource.map_or("", |resource| resource.plural);
                let kind = object["kind"].as_str().unwrap_or_default();
                failures.push(Failure::error(&format!(
                    "error: {plural}/{} the object is not a pod or does not have a pod template: *v1.{kind}",
                    info.name
                )));
                continue;
            };
            // Both states as Go has them, so that the way between them is only what was changed.
            let before = typed::complete(object, false);
            let mut after = before.clone();
            if after.pointer(at).is_none() {
                after["spec"] = Value::Object(Map::new());
            }
            if let Some(spec) = after.pointer_mut(at) {
                change(spec, &mut failures);
            }
            if after == before && !(here && verb.starts_with("serviceaccount")) {
                continue;
            }
            if here {
                self.report(&after, verb, Shape::Typed)?;
                continue;
            }
            let (format, patch) = local::between(&before, &after)?;
            let query = self.dry_query()?;
            match self.ask(Method::Patch(format), info.path(), query, Some(&patch)) {
                Ok(patched) => self.report(&patched, verb, Shape::Typed)?,
                Err(failure) => {
                    failures.push(Failure::error(&format!("{refused} {}", failure.message())));
                }
            }
        }
        bare(failures)
    }
}

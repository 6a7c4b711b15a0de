//! `kubectl debug POD`: an ephemeral container (K pkg/cmd/debug).

use pullpath_model::api::{Method, PatchType};
use serde_json::json;

use super::Run;
use super::failure::Failure;
use super::resource::Resource;

impl Run<'_> {
    pub(super) fn debug(&mut self) -> Result<(), Failure> {
        let Some(word) = self.flags.words.first().cloned() else {
            return Err(Failure::error("NAME or TYPE/NAME is required for debug"));
        };
        let name = match word.split_once('/') {
            None => word.as_str(),
            Some(("pod" | "pods" | "po", name)) => name,
            Some((other, _)) => {
                return Err(Failure::error(&format!(
                    "`kubectl debug {other}/…` is not modelled here"
                )));
            }
        };
        let Some(image) = self.flags.value("image").map(str::to_owned) else {
            return Err(Failure::error("you must specify --image when not using interactive mode"));
        };
        let resource = Resource::named("pods").expect("a built-in type");
        let namespace = self.namespace();
        let pod = self.fetch(resource, &namespace, name)?;
        let taken = pod["spec"]["ephemeralContainers"].as_array().map_or(0, Vec::len);
        let container = match self.flags.value("container") {
            Some(container) => container.to_owned(),
            None => {
                // kubectl draws five letters; here they count, so that a run repeats.
                let chosen = format!("debugger-{:05}", taken + 1);
                self.out.complain(&format!("Defaulting debug container name to {chosen}."));
                chosen
            }
        };
        let mut ephemeral = json!({
            "name": container, "image": image, "resources": {}, "terminationMessagePolicy": "File",
        });
        for (flag, field) in
            [("image-pull-policy", "imagePullPolicy"), ("target", "targetContainerName")]
        {
            if let Some(value) = self.flags.value(flag) {
                ephemeral[field] = value.into();
            }
        }
        for (flag, field) in [("stdin", "stdin"), ("tty", "tty")] {
            if self.flags.is_set(flag) {
                ephemeral[field] = true.into();
            }
        }
        if matches!(self.flags.value("profile"), None | Some("general")) {
            ephemeral["securityContext"] = json!({ "capabilities": { "add": ["SYS_PTRACE"] } });
        }
        let patch = json!({ "spec": { "ephemeralContainers": [ephemeral] } });
        let path = format!("{}/ephemeralcontainers", resource.path(&namespace, name));
        self.ask(Method::Patch(PatchType::Strategic), path, "", Some(&patch)).map(drop)
    }
}

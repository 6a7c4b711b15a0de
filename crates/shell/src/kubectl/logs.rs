//! `kubectl logs`: what a container that never started says.

use pullpath_model::api::Method;
use serde_json::Value;

use super::Run;
use super::builder::{Found, Wanted};
use super::failure::Failure;
use super::resource::{Resource, percent};

impl Run<'_> {
    pub(super) fn logs(&mut self) -> Result<(), Failure> {
        let words = self.flags.words.clone();
        let (pod, container) = match words.as_slice() {
            [] if self.flags.text("selector").is_none() => {
                return Err(self.flags.usage("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command"));
            }
            [pod] => (pod.clone(), None),
            [pod, container] => (pod.clone(), Some(container.clone())),
            _ => {
                return Err(self.flags.usage("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command"));
            }
        };
        let named = if pod.contains('/') { vec![pod] } else { vec!["pods".to_owned(), pod] };
        let Found { infos, failures, .. } = self.find(&named, Wanted::default())?;
        if let Some(missing) = failures.iter().find(|failure| failure.is_not_found()) {
            let (message, namespace) = (missing.message(), self.namespace());
            return Err(Failure::error(&format!(
                "error from server (NotFound): {message} in namespace \"{namespace}\""
            )));
        }
        super::failure::several(failures)?;
        let Some(info) = infos.into_iter().next() else { return Ok(()) };
        let info =
            if info.resource().kind == "Pod" { info } else { self.first_pod_of(&info.object)? };
        let containers = info.object["spec"]["containers"].as_array().cloned().unwrap_or_default();
        let name = |one: &Value| one["name"].as_str().unwrap_or_default().to_owned();
        let wanted = self.flags.text("container").map(str::to_owned).or(container);
        let wanted = match (wanted, containers.as_slice()) {
            (Some(wanted), _) => wanted,
            (None, [only]) => name(only),
            (None, several) => {
                let all: Vec<String> = several.iter().map(name).collect();
                let first = all.first().cloned().unwrap_or_default();
                self.out.complain(&format!(
                    "Defaulted container \"{first}\" out of: {}",
                    all.join(", ")
                ));
                first
            }
        };
        let mut query = format!("container={}", percent(&wanted));
        for flag in ["follow", "previous", "timestamps"] {
            if self.flags.is_set(flag) {
                query.push_str(&format!("&{flag}=true"));
            }
        }
        let answer = self.ask(Method::Get, format!("{}/log", info.path()), &query, None)?;
        if let Some(text) = answer.as_str() {
            self.out.stdout.push_str(text);
        }
        Ok(())
    }

    /// A Pod that the selector of a workload chooses.
    fn first_pod_of(&mut self, workload: &Value) -> Result<super::builder::Info, Failure> {
        let (namespace, name) = super::change::place(workload);
        let pods = Resource::named("pods").expect("a built-in type");
        let labels = workload["spec"]["selector"]["matchLabels"].clone();
        let found = self.list(pods, &namespace)?.into_iter().find(|info| {
            let of = &info.object["metadata"]["labels"];
            labels.as_object().is_some_and(|all| all.iter().all(|(key, value)| of[key] == *value))
        });
        found.ok_or_else(|| {
            let kind = workload["kind"].as_str().unwrap_or_default().to_lowercase();
            Failure::error(&format!("no pods found for {kind}/{name}"))
        })
    }
}

//! `kubectl`: which command, which flags, and how a refusal is worded.

mod apply;
mod change;
mod columns;
mod create;
mod debug;
mod delete;
mod describe;
mod failure;
mod flags;
mod get;
mod manifest;
mod resource;
mod rollout;
mod workload;

use pullpath_model::api::{Method, Request, Response};
use pullpath_model::time::{SimTime, Span};
use serde_json::Value;

use crate::host::{Host, Output};
use failure::Failure;
use flags::Flags;
use resource::Resource;

/// The version it speaks as.
pub(crate) const VERSION: &str = "v1.35.6";

/// A command in the middle of its run.
pub(crate) struct Run<'a> {
    pub(crate) host: &'a mut dyn Host,
    pub(crate) out: &'a mut Output,
    pub(crate) flags: Flags,
    pub(crate) stdin: Option<&'a str>,
    /// When somebody interrupts it.
    pub(crate) until: Option<SimTime>,
    warned: Vec<String>,
}

/// Runs `kubectl` with its arguments.
pub(crate) fn run(
    host: &mut dyn Host,
    arguments: &[String],
    stdin: Option<&str>,
    patience: Option<Span>,
    out: &mut Output,
) {
    let flags = match Flags::parse(arguments) {
        Ok(flags) => flags,
        Err(failure) => return out.fail(&failure.text, failure.exit),
    };
    let until = patience.map(|patience| host.now() + patience);
    let mut run = Run { host, out, flags, stdin, until, warned: Vec::new() };
    if let Err(failure) = run.command() {
        run.out.fail(&failure.text, failure.exit);
    }
}

impl Run<'_> {
    fn command(&mut self) -> Result<(), Failure> {
        let (command, sub) = (self.flags.command.clone(), self.flags.subcommand.clone());
        match (command.as_str(), sub.as_str()) {
            ("apply", "") => self.apply(),
            ("create", _) => self.create(),
            ("replace", "") => self.replace(),
            ("run", "") => self.run_pod(),
            ("patch", "") => self.patch(),
            ("scale", "") => self.scale(),
            ("set", "image") => self.set_image(),
            ("set", "serviceaccount" | "sa") => self.set_service_account(),
            ("annotate", "") => self.annotate(),
            ("label", "") => self.label(),
            ("delete", "") => self.delete(),
            ("rollout", "status") => self.rollout_status(),
            ("rollout", "restart") => self.rollout_restart(),
            ("rollout", "undo") => self.rollout_undo(),
            ("rollout", "history") => self.rollout_history(),
            ("debug", "") => self.debug(),
            ("get", "") => self.get(),
            ("describe", "") => self.describe(),
            ("auth", "can-i") => self.can_i(),
            ("version", "") => {
                self.out.say(&format!("Client Version: {VERSION}"));
                self.out.say("Kustomize Version: v5.7.1");
                self.out.say(&format!("Server Version: {VERSION}"));
                Ok(())
            }
            ("", _) => {
                Err(Failure::error("kubectl: say a command, for example `kubectl get pods`"))
            }
            (command, "") => Err(Failure::unknown_command(command)),
            (command, sub) => {
                let what = format!("`kubectl {command} {sub}` is not modelled here");
                Err(Failure::error(&what))
            }
        }
    }

    /// `kubectl auth can-i`: the learner is the cluster's administrator.
    fn can_i(&mut self) -> Result<(), Failure> {
        self.out.say("yes");
        Ok(())
    }

    // Requests.

    pub(crate) fn namespace(&self) -> String {
        self.flags.value("namespace").unwrap_or("default").to_owned()
    }

    /// Sends a request; warnings are printed, each once.
    pub(crate) fn send(
        &mut self,
        method: Method,
        path: String,
        query: &str,
        body: Option<&Value>,
    ) -> Response {
        let body = body.map(crate::print::json::compact).unwrap_or_default();
        let response = self.host.request(&Request { method, path, query: query.to_owned(), body });
        for warning in &response.warnings {
            if !self.warned.contains(warning) {
                self.warned.push(warning.clone());
                self.out.complain(&format!("Warning: {warning}"));
            }
        }
        response
    }

    /// The same; a refusal is a failure.
    pub(crate) fn ask(
        &mut self,
        method: Method,
        path: String,
        query: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let response = self.send(method, path, query, body);
        if response.code >= 400 {
            Err(Failure::of_status(&response.body))
        } else {
            Ok(response.body)
        }
    }

    pub(crate) fn fetch(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Value, Failure> {
        self.ask(Method::Get, resource.path(namespace, name), "", None)
    }

    /// Lets time go by until the next thing has happened. False if patience or `end` came first.
    pub(crate) fn wait(&mut self, end: SimTime) -> bool {
        let end = self.until.map_or(end, |until| until.min(end));
        self.host.step(end)
    }

    pub(crate) fn dry_run(&self) -> Result<DryRun, Failure> {
        match self.flags.value("dry-run") {
            None | Some("none") => Ok(DryRun::No),
            Some("client") => Ok(DryRun::Client),
            Some("server") => Ok(DryRun::Server),
            Some(other) => Err(Failure::error(&format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// `fieldValidation=Strict`, and `dryRun=All` where the server shall only pretend.
    pub(crate) fn write_query(&self) -> Result<String, Failure> {
        let validation = match self.flags.value("validate") {
            None | Some("strict" | "true" | "") => "Strict",
            Some("warn") => "Warn",
            Some("ignore" | "false") => "Ignore",
            Some(other) => {
                return Err(Failure::error(&format!(
                    "invalid validate option \"{other}\"; must be one of: true, strict, warn, false, ignore"
                )));
            }
        };
        let dry = if self.dry_run()? == DryRun::Server { "&dryRun=All" } else { "" };
        Ok(format!("fieldValidation={validation}{dry}"))
    }

    /// `configmap/x created`, or with `-o` the object.
    pub(crate) fn report(
        &mut self,
        resource: &Resource,
        object: &Value,
        verb: &str,
    ) -> Result<(), Failure> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let dry = match self.dry_run()? {
            DryRun::No => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        };
        let printed = resource.printed(name);
        match self.flags.value("output") {
            None => self.out.say(&format!("{printed} {verb}{dry}")),
            Some("name") => self.out.say(&printed),
            Some(_) => self.print_objects(std::slice::from_ref(object), false)?,
        }
        Ok(())
    }
}

/// Whether a change is only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DryRun {
    No,
    Client,
    Server,
}

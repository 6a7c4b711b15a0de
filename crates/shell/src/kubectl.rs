//! `kubectl`: which command, which flags, and how a refusal is worded.

mod apply;
mod builder;
mod change;
mod client;
mod columns;
mod config;
mod create;
mod debug;
mod delete;
mod describe;
mod describe_other;
mod duration;
mod edit;
mod events;
mod failure;
mod flags;
mod get;
mod local;
mod logs;
mod manifest;
mod node;
mod output;
mod resource;
mod rollout;
mod secret;
mod set;
mod version;
mod watch;
mod workload;

use pullpath_model::api::{Method, Request, Response};
use pullpath_model::time::SimTime;
use serde_json::Value;

use crate::host::Output;
pub use client::Client;
pub(crate) use client::Terminal;
use failure::Failure;
use flags::Flags;
pub use version::Speaks;

/// What the RESTARTS, READY, STATUS and AGE cells of a Pod say: in this order ready, status, restarts, age.
pub fn pod_columns(pod: &Value, now_millis: i64) -> [String; 4] {
    let pod_summary = columns::pod_summary(pod, now_millis);
    let age = crate::print::age::since(pod["metadata"]["creationTimestamp"].as_str(), now_millis);
    [pod_summary.ready, pod_summary.status, pod_summary.restarts, age]
}

/// An age in the words of kubectl: `2m36s`.
pub fn human_duration(millis: i64) -> String {
    crate::print::age::human(millis)
}

/// A command in the middle of its run.
pub(crate) struct Run<'a> {
    pub(crate) host: &'a mut dyn Terminal,
    pub(crate) out: &'a mut Output,
    pub(crate) flags: Flags,
    pub(crate) stdin: Option<&'a str>,
    /// When somebody interrupts it.
    pub(crate) until: Option<SimTime>,
    warned: Vec<String>,
    /// Whether it has been found that nobody answers.
    connected: bool,
}

/// Runs `kubectl` with its arguments.
pub(crate) fn run(
    host: &mut dyn Terminal,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) {
    let flags = match Flags::parse(arguments) {
        Ok(flags) => flags,
        Err(failure) => return out.fail(&failure.text, failure.exit),
    };
    let until = host.until();
    let mut run = Run { host, out, flags, stdin, until, warned: Vec::new(), connected: false };
    if let Err(failure) = run.command() {
        // Of a difference that could not be told, the exit code is one higher (K CheckDiffErr).
        let more = i32::from(run.flags.command == "diff");
        run.out.fail(&failure.text, failure.exit + more);
    }
}

impl Run<'_> {
    fn command(&mut self) -> Result<(), Failure> {
        let (command, sub) = (self.flags.command.clone(), self.flags.subcommand.clone());
        if let Some(context) = self.flags.text("context")
            && self.host.client().context.as_deref() != Some(context)
        {
            return Err(Failure::plain(format!(
                "Error in configuration: context was not found for specified context: {context}\n"
            )));
        }
        if self.flags.is_set("help") && !command.is_empty() {
            let page = [command.as_str(), sub.as_str()].join(" ").trim_end().replace(' ', "_");
            self.out.say(&format!("Pullpath has no help pages of its own for `{}`. They are at https://kubernetes.io/docs/reference/kubectl/generated/kubectl_{page}/", self.flags.path()));
            return Ok(());
        }
        self.warn_of_dry_run();
        match (command.as_str(), sub.as_str()) {
            ("apply", "") => self.apply(),
            ("create", sub) => self.create(sub),
            ("replace", "") => self.replace(),
            ("run", "") => self.run_pod(),
            ("patch", "") => self.patch(),
            ("scale", "") => self.scale(),
            ("set", "image") => self.set_image(),
            ("set", "serviceaccount") => self.set_service_account(),
            ("set", "env") => self.set_env(),
            ("annotate", "") => self.annotate(),
            ("label", "") => self.label(),
            ("delete", "") => self.delete(),
            ("diff", "") => self.diff(),
            ("edit", "") => self.edit(),
            ("events", "") => self.events(),
            ("logs", "") => self.logs(),
            ("wait", "") => self.wait_for(),
            ("rollout", "status") => self.rollout_status(),
            ("rollout", "restart") => self.rollout_restart(),
            ("rollout", "undo") => self.rollout_undo(),
            ("rollout", "history") => self.rollout_history(),
            ("rollout", "pause") => self.rollout_pause(true),
            ("rollout", "resume") => self.rollout_pause(false),
            ("debug", "") => self.debug(),
            ("get", "") => self.get(),
            ("describe", "") => self.describe(),
            ("auth", "can-i") => self.can_i(),
            ("api-resources", "") => self.api_resources(),
            (
                "config",
                sub @ ("view" | "current-context" | "get-contexts" | "set-context" | "use-context"),
            ) => self.config(sub),
            ("version", "") => self.version(),
            ("", _) => {
                self.out.stdout.push_str(HELP);
                Ok(())
            }
            (group @ ("set" | "rollout" | "config" | "auth"), "") => {
                match self.flags.words.as_slice() {
                    [] => {
                        Err(Failure::error(&format!("`kubectl {group}` needs a command behind it")))
                    }
                    words => {
                        let words = words.join(" ");
                        Err(self.flags.usage(&format!("unknown command \"{words}\"")))
                    }
                }
            }
            _ => Err(Failure::error(&format!("Pullpath does not model `{}`", self.flags.path()))),
        }
    }

    /// `kubectl auth can-i`: the learner is the cluster's administrator.
    fn can_i(&mut self) -> Result<(), Failure> {
        if self.flags.words.len() < 2 {
            return Err(Failure::error(
                "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
            ));
        }
        self.connect()?;
        if !self.flags.is_set("quiet") {
            self.out.say("yes");
        }
        Ok(())
    }

    fn version(&mut self) -> Result<(), Failure> {
        let speaks = self.host.client().speaks;
        self.out.say(&format!("Client Version: {}", speaks.version()));
        self.out.say(&format!("Kustomize Version: {}", speaks.kustomize()));
        if self.flags.is_set("client") {
            return Ok(());
        }
        self.connect()?;
        self.out.say(&format!("Server Version: {}", speaks.version()));
        Ok(())
    }

    // Requests.

    pub(crate) fn namespace(&self) -> String {
        let given = self.flags.text("namespace").map(str::to_owned);
        given
            .or_else(|| self.host.client().namespace.clone())
            .unwrap_or_else(|| "default".to_owned())
    }

    pub(crate) fn request_timeout(&self) -> String {
        let given = self.flags.text("request-timeout").filter(|given| *given != "0");
        given.unwrap_or("32s").to_owned()
    }

    /// Finds out whether there is a server at all. Without one kubectl asks five times which types there are.
    pub(crate) fn connect(&mut self) -> Result<(), Failure> {
        if self.connected || self.host.client().connected {
            self.connected = true;
            return Ok(());
        }
        let timeout = self.request_timeout();
        for _ in 0..5 {
            self.log('E', "memcache.go:265", &format!("\"Unhandled Error\" err=\"couldn't get current server API group list: Get \\\"http://localhost:8080/api?timeout={timeout}\\\": dial tcp 127.0.0.1:8080: connect: connection refused\""));
        }
        Err(Failure::plain("The connection to the server localhost:8080 was refused - did you specify the right host or port?".to_owned()))
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
        self.send_text(method, path, query, &body)
    }

    /// The same with a body that need not be JSON.
    pub(crate) fn send_text(
        &mut self,
        method: Method,
        path: String,
        query: &str,
        body: &str,
    ) -> Response {
        let (query, body) = (query.to_owned(), body.to_owned());
        let response = self.host.request(&Request { method, path, query, body });
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
        self.connect()?;
        let response = self.send(method, path, query, body);
        if response.code >= 400 {
            Err(Failure::of_status(&response.body))
        } else {
            Ok(response.body)
        }
    }

    /// Lets time go by until the next thing has happened. False if patience or `end` came first.
    pub(crate) fn wait(&mut self, end: SimTime) -> bool {
        let end = self.until.map_or(end, |until| until.min(end));
        self.host.step(end)
    }

    pub(crate) fn dry_run(&self) -> Result<DryRun, Failure> {
        match self.flags.value("dry-run") {
            None | Some("none") => Ok(DryRun::No),
            Some("client" | "unchanged") => Ok(DryRun::Client),
            Some(other) if boolean(other).is_some() => Ok(match boolean(other) {
                Some(true) => DryRun::Client,
                _ => DryRun::No,
            }),
            Some("server") => Ok(DryRun::Server),
            Some(other) => Err(Failure::error(&format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// Old spellings of `--dry-run` still work, with a warning of the log.
    fn warn_of_dry_run(&mut self) {
        let speaks = self.host.client().speaks;
        let given = self.flags.value("dry-run").unwrap_or_default();
        let new = match boolean(given) {
            _ if given == "unchanged" => "",
            Some(true) => "client",
            Some(false) => "none",
            None => return,
        };
        let text = if new.is_empty() {
            "--dry-run is deprecated and can be replaced with --dry-run=client.".to_owned()
        } else {
            format!(
                "--dry-run={} is deprecated (boolean value) and can be replaced with --dry-run={new}.",
                new == "client"
            )
        };
        let place = format!("helpers.go:{}", speaks.line_of_dry_run_warning(new));
        self.log('W', &place, &text);
    }

    /// A line as Kubernetes' programs log it.
    fn log(&mut self, level: char, place: &str, text: &str) {
        let millis = self.host.unix_millis();
        let moment = pullpath_model::time::rfc3339(millis.div_euclid(1000), SimTime::START);
        let (day, time) = (
            format!("{}{}", &moment[5..7], &moment[8..10]),
            moment.get(11..19).unwrap_or_default(),
        );
        let millis = millis.rem_euclid(1000);
        self.out.complain(&format!("{level}{day} {time}.{millis:03}000       1 {place}] {text}"));
    }

    pub(crate) fn validation(&self) -> Result<&'static str, Failure> {
        match self.flags.value("validate").map(str::to_lowercase).as_deref() {
            None | Some("strict" | "true") => Ok("Strict"),
            Some("warn") => Ok("Warn"),
            Some("ignore" | "false") => Ok("Ignore"),
            Some(_) => Err(Failure::error(&format!(
                "invalid - validate option {}; must be one of: strict (or true), warn, ignore (or false)",
                pullpath_model::go::quote(self.flags.value("validate").unwrap_or_default())
            ))),
        }
    }

    /// `fieldValidation=Strict`, and `dryRun=All` where the server shall only pretend.
    pub(crate) fn write_query(&self) -> Result<String, Failure> {
        let dry = if self.dry_run()? == DryRun::Server { "&dryRun=All" } else { "" };
        Ok(format!("fieldValidation={}{dry}", self.validation()?))
    }

    /// `dryRun=All` alone.
    pub(crate) fn dry_query(&self) -> Result<&'static str, Failure> {
        Ok(if self.dry_run()? == DryRun::Server { "dryRun=All" } else { "" })
    }
}

/// strconv.ParseBool
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Whether a change is only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DryRun {
    No,
    Client,
    Server,
}

/// What `kubectl` alone prints.
const HELP: &str = "\
kubectl controls the Kubernetes cluster manager.

 Find more information at: https://kubernetes.io/docs/reference/kubectl/

Basic Commands (Beginner):
  create          Create a resource from a file or from stdin
  run             Run a particular image on the cluster
  set             Set specific features on objects

Basic Commands (Intermediate):
  get             Display one or many resources
  edit            Edit a resource on the server
  delete          Delete resources by file names, stdin, resources and names, or by resources and label selector

Deploy Commands:
  rollout         Manage the rollout of a resource
  scale           Set a new size for a deployment, replica set, or replication controller

Troubleshooting and Debugging Commands:
  describe        Show details of a specific resource or group of resources
  logs            Print the logs for a container in a pod
  auth            Inspect authorization
  debug           Create debugging sessions for troubleshooting workloads and nodes
  events          List events

Advanced Commands:
  diff            Diff the live version against a would-be applied version
  apply           Apply a configuration to a resource by file name or stdin
  patch           Update fields of a resource
  replace         Replace a resource by file name or stdin
  wait            Experimental: Wait for a specific condition on one or many resources

Settings Commands:
  label           Update the labels on a resource
  annotate        Update the annotations on a resource

Other Commands:
  api-resources   Print the supported API resources on the server
  config          Modify kubeconfig files
  version         Print the client and server version information

Usage:
  kubectl [flags] [options]

Use \"kubectl <command> --help\" for more information about a given command.
Use \"kubectl options\" for a list of global command-line options (applies to all commands).
";

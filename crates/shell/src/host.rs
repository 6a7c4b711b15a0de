//! What a terminal has around it: the API and time; and what a command leaves behind.

use pullpath_model::api::{Request, Response};
use pullpath_model::time::SimTime;
use serde_json::Value;

/// What commands run on.
pub trait Host {
    /// Sends a request to the API server.
    fn request(&mut self, request: &Request) -> Response;

    /// The present moment.
    fn now(&self) -> SimTime;

    /// Unix milliseconds of the present moment.
    fn unix_millis(&self) -> i64;

    /// Lets the next thing happen, if it happens until `end`. Answers whether there was one; if not, it is `end` now.
    fn step(&mut self, end: SimTime) -> bool;

    /// What the last step told those who watch: `ADDED`, `MODIFIED` or `DELETED`, and the object. A host that tells nothing is
    /// asked for its objects instead.
    fn told(&mut self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// Whether the server has a type of objects.
    fn serves(&self, api_version: &str, kind: &str) -> bool {
        let _ = (api_version, kind);
        true
    }
}

/// What a command printed and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code.
    pub exit: i32,
    /// Whether patience ended before the command did.
    pub interrupted: bool,
}

impl Output {
    /// A line on standard output.
    pub(crate) fn say(&mut self, line: &str) {
        self.stdout.push_str(line);
        self.stdout.push('\n');
    }

    /// A line on standard error; nothing where there is nothing to say.
    pub(crate) fn complain(&mut self, line: &str) {
        self.stderr.push_str(line);
        if !line.is_empty() && !line.ends_with('\n') {
            self.stderr.push('\n');
        }
    }

    /// A line on standard error, and an exit code.
    pub(crate) fn fail(&mut self, line: &str, exit: i32) {
        self.complain(line);
        self.exit = exit;
    }
}

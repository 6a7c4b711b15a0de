//! How kubectl words what went wrong (K pkg/cmd/util/helpers.go checkErr).

use serde_json::Value;

/// Why a command ends early.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    /// What is printed on standard error.
    pub(crate) text: String,
    pub(crate) exit: i32,
    /// The Status, if the server refused.
    pub(crate) status: Option<Box<Value>>,
}

impl Failure {
    /// `error: …`
    pub(crate) fn error(text: &str) -> Self {
        Self::plain(format!("error: {text}"))
    }

    pub(crate) fn plain(text: String) -> Self {
        Self { text, exit: 1, status: None }
    }

    pub(crate) fn unknown_command(command: &str) -> Self {
        Self::error(&format!("unknown command \"{command}\" for \"kubectl\""))
    }

    /// What the server refused with.
    pub(crate) fn of_status(status: &Value) -> Self {
        Self { text: worded(status), exit: 1, status: Some(Box::new(status.clone())) }
    }

    /// The same about an object from a file (AddSourceToErr): `error when creating "STDIN": …`.
    pub(crate) fn about_file(self, verb: &str, source: &str) -> Self {
        match self.status {
            None => self,
            Some(mut status) => {
                let message = status["message"].as_str().unwrap_or_default();
                status["message"] = format!("error when {verb} \"{source}\": {message}").into();
                Self::of_status(&status)
            }
        }
    }

    /// The reply's own message, for commands that put it behind words of theirs.
    pub(crate) fn message(&self) -> String {
        match &self.status {
            Some(status) => status["message"].as_str().unwrap_or_default().to_owned(),
            None => self.text.strip_prefix("error: ").unwrap_or(&self.text).to_owned(),
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status["code"] == 404)
    }
}

fn worded(status: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let message = text(&status["message"]);
    match status["reason"].as_str().unwrap_or_default() {
        "Invalid" => invalid(status, &message),
        "" => format!("Error from server: {message}"),
        "Unauthorized" => "error: You must be logged in to the server (Unauthorized)".to_owned(),
        reason => format!("Error from server ({reason}): {message}"),
    }
}

fn invalid(status: &Value, message: &str) -> String {
    let details = &status["details"];
    let (kind, name) = (&details["kind"], &details["name"]);
    let causes: Vec<String> = details["causes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|cause| {
            let text = |key: &str| cause[key].as_str().unwrap_or_default();
            format!("{}: {}", text("field"), text("message"))
        })
        .collect();
    let mut distinct: Vec<&String> = Vec::new();
    for cause in &causes {
        if !distinct.contains(&cause) {
            distinct.push(cause);
        }
    }
    let head = if kind.as_str().is_some_and(|kind| !kind.is_empty()) {
        let (kind, name) = (kind.as_str().unwrap_or_default(), name.as_str().unwrap_or_default());
        format!("The {kind} \"{name}\" is invalid")
    } else if causes.is_empty() && !message.is_empty() {
        format!("The request is invalid: {message}")
    } else {
        "The request is invalid".to_owned()
    };
    match distinct.as_slice() {
        [] => head,
        // The list's printer ends its lines itself.
        [one] => format!("{head}: {one}\n"),
        several => {
            let lines: String = several.iter().map(|cause| format!("* {cause}\n")).collect();
            format!("{head}: \n{lines}")
        }
    }
}

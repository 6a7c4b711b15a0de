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

    /// An end without a word of its own.
    pub(crate) fn silent() -> Self {
        Self::plain(String::new())
    }

    /// What the server refused with.
    pub(crate) fn of_status(status: &Value) -> Self {
        Self { text: worded(status), exit: 1, status: Some(Box::new(status.clone())) }
    }

    /// The same about an object from a file (AddSourceToErr): `error when creating "STDIN": …`.
    pub(crate) fn about_file(self, verb: &str, source: &str) -> Self {
        match self.status {
            None => {
                let problem = self.message();
                Self::error(&format!("error when {verb} \"{source}\": {problem}"))
            }
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

/// One failure is itself; several stand one below the other, without the head that a single one gets.
pub(crate) fn several(mut failures: Vec<Failure>) -> Result<(), Failure> {
    if failures.len() <= 1 {
        return failures.pop().map_or(Ok(()), Err);
    }
    let lines: Vec<String> = failures
        .iter()
        .map(|failure| match &failure.status {
            Some(status) => match status["reason"].as_str() {
                Some("Unauthorized") => failure.text.clone(),
                Some(reason) if !reason.is_empty() => {
                    format!("Error from server ({reason}): {}", failure.message())
                }
                _ => format!("Error from server: {}", failure.message()),
            },
            None => failure.message(),
        })
        .collect();
    Err(Failure::plain(lines.join("\n")))
}

/// Failures that say `error: ` themselves: a single one says it once, several each.
pub(crate) fn bare(failures: Vec<Failure>) -> Result<(), Failure> {
    match failures.as_slice() {
        [one] => Err(Failure::plain(one.text.replacen("error: error: ", "error: ", 1))),
        _ => several(failures),
    }
}

fn worded(status: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let message = text(&status["message"]);
    match status["reason"].as_str().unwrap_or_default() {
        // Other refusals with code 422 have their own form.
        "Invalid" if status["code"].as_i64().is_none_or(|code| code == 422) => {
            invalid(status, &message)
        }
        "" => format!("Error from server: {message}"),
        "Unauthorized" => format!("error: You must be logged in to the server ({message})"),
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
    let (kind, name) = (kind.as_str().unwrap_or_default(), name.as_str().unwrap_or_default());
    let head = if !kind.is_empty() || !name.is_empty() {
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

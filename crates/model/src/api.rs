//! What the API server makes of a request before it stores anything: refusals with their exact words.

use std::fmt;

/// A refusal by the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub code: u16,
    /// `NotFound`, `Invalid`, `Forbidden`, …
    pub reason: &'static str,
    /// The reply's message.
    pub message: String,
}

impl ApiError {
    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { code: 404, reason: "NotFound", message: message.into() }
    }

    /// 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self { code: 403, reason: "Forbidden", message: message.into() }
    }

    /// 422, with one or several field errors; repeated ones are dropped (P8).
    pub fn invalid(kind: &str, name: &str, errors: &[String]) -> Self {
        let mut distinct: Vec<&str> = Vec::new();
        for error in errors {
            if !distinct.contains(&error.as_str()) {
                distinct.push(error);
            }
        }
        let list = match distinct.as_slice() {
            [one] => (*one).to_owned(),
            several => format!("[{}]", several.join(", ")),
        };
        Self {
            code: 422,
            reason: "Invalid",
            message: format!("{kind} \"{name}\" is invalid: {list}"),
        }
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self { code: 400, reason: "BadRequest", message: message.into() }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

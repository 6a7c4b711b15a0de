//! Refusals with their exact words.
//! *Source: apimachinery pkg/api/errors/errors.go of the v1.35 line.*

use std::fmt;

use serde_json::{Value, json};

use crate::go::quote;
use crate::object::Kind;

/// A refusal by the API server, as its `v1 Status` carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub code: u16,
    /// `NotFound`, `Invalid`, `Forbidden`, …
    pub reason: &'static str,
    /// The reply's message.
    pub message: String,
    /// The name of the object, where the reply gives it.
    pub name: String,
    /// The group of the kind or resource, empty for the core group.
    pub group: String,
    /// The kind, or in some replies the plural of the resource.
    pub kind: String,
    /// Single reasons, for kubectl's list of an invalid object's faults.
    pub causes: Vec<Cause>,
}

/// One fault of an invalid object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired`, …
    pub reason: &'static str,
    /// What is said behind the field and a colon.
    pub message: String,
    /// `spec.containers[0].image`
    pub field: String,
}

/// How the refusal ends that a namespace's end is the reason of.
pub(super) const NAMESPACE_TERMINATING: &str = "because it is being terminated";

/// The reasons that a Status may carry here.
const REASONS: [&str; 9] = [
    "NotFound",
    "AlreadyExists",
    "Conflict",
    "Invalid",
    "Forbidden",
    "BadRequest",
    "MethodNotAllowed",
    "UnsupportedMediaType",
    "InternalError",
];

impl ApiError {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            causes: Vec::new(),
        }
    }

    /// The same, about an object of a resource.
    fn about(mut self, kind: Kind, name: &str) -> Self {
        (self.group, self.kind) = (kind.group().into(), kind.plural().into());
        self.name = name.into();
        self
    }

    /// Whether a namespace is going, so that nothing is created in it any more (NamespaceTerminatingCause).
    pub(crate) fn is_namespace_terminating(&self) -> bool {
        self.reason == "Forbidden" && self.message.ends_with(NAMESPACE_TERMINATING)
    }

    /// Whether a name was taken.
    pub(crate) fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// 404 of an object.
    pub fn object_not_found(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.resource());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    /// 404 of a path.
    pub fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// 404 with words of its own.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NotFound", message)
    }

    /// 409 of a name that is taken.
    pub fn already_exists(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.resource());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409 of a write that is based on an older state.
    pub fn conflict(kind: Kind, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.resource());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// 403 of an admission plugin.
    pub fn forbidden(kind: Kind, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.resource());
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message)
    }

    /// 415 of a strategic patch for a kind whose types the server does not have.
    pub fn unsupported_media_type() -> Self {
        let message = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 422, with one or several faults; repeated ones are said once (P8).
    pub fn invalid(kind: Kind, name: &str, causes: Vec<Cause>) -> Self {
        let group = kind.group();
        let qualified = if group.is_empty() {
            kind.name().to_owned()
        } else {
            format!("{}.{group}", kind.name())
        };
        let message = format!("{qualified} \"{name}\" is invalid: {}", joined(&causes));
        let mut error = Self::new(422, "Invalid", message);
        (error.group, error.kind) = (group.into(), kind.name().into());
        error.name = name.into();
        error.causes = causes;
        error
    }

    /// 422 of a patch that cannot be read as the object's type
    /// (apiserver pkg/endpoints/handlers/patch.go: an invalid object without kind and name).
    pub fn invalid_patch(causes: Vec<Cause>) -> Self {
        let mut error = Self::new(422, "Invalid", format!(" \"\" is invalid: {}", joined(&causes)));
        error.causes = causes;
        error
    }

    /// 500, which has no reason.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// 422 of a JSON patch that does not apply.
    pub fn unprocessable() -> Self {
        Self::new(422, "Invalid", "the server rejected our request due to an error in our request")
    }

    /// The `v1 Status` that carries it.
    pub fn to_status(&self) -> Value {
        let mut details = serde_json::Map::new();
        for (key, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                details.insert(key.into(), text.as_str().into());
            }
        }
        if !self.causes.is_empty() {
            let cause = |cause: &Cause| json!({ "reason": cause.reason, "message": cause.message, "field": cause.field });
            details.insert("causes".into(), self.causes.iter().map(cause).collect());
        }
        let mut status = json!({ "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code });
        if !details.is_empty() {
            status["details"] = details.into();
        }
        status
    }

    /// The refusal that a `v1 Status` carries.
    pub(crate) fn from_status(code: u16, status: &Value) -> Self {
        let text = |pointer: &str| {
            status.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let reason = REASONS.into_iter().find(|reason| *reason == text("/reason"));
        let mut error = Self::new(code, reason.unwrap_or(""), text("/message"));
        (error.name, error.group, error.kind) =
            (text("/details/name"), text("/details/group"), text("/details/kind"));
        let causes = status.pointer("/details/causes").and_then(Value::as_array);
        error.causes = causes
            .into_iter()
            .flatten()
            .map(|cause| {
                let text = |key: &str| cause[key].as_str().unwrap_or_default().to_owned();
                Cause::named(&text("reason"), text("field"), text("message"))
            })
            .collect();
        error
    }
}

fn joined(causes: &[Cause]) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for cause in causes {
        let text = cause.to_string();
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    match distinct.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

/// `spec.containers[0].image: Required value`
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// *Source: apimachinery pkg/util/validation/field/errors.go.*
impl Cause {
    fn named(reason: &str, field: String, message: String) -> Self {
        const REASONS: [&str; 8] = [
            "FieldValueNotFound",
            "FieldValueInvalid",
            "FieldValueRequired",
            "FieldValueForbidden",
            "FieldValueDuplicate",
            "FieldValueNotSupported",
            "FieldValueTooLong",
            "FieldValueTypeInvalid",
        ];
        let reason = REASONS.into_iter().find(|known| *known == reason).unwrap_or("");
        Self { reason, message, field }
    }

    /// A value is missing.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() {
            "Required value".to_owned()
        } else {
            format!("Required value: {detail}")
        };
        Self { reason: "FieldValueRequired", field: field.into(), message }
    }

    /// A value is wrong; `value` as Go prints it, texts with their quotes.
    pub fn invalid(
        field: impl Into<String>,
        value: impl fmt::Display,
        detail: impl fmt::Display,
    ) -> Self {
        let message = format!("Invalid value: {value}: {detail}");
        Self { reason: "FieldValueInvalid", field: field.into(), message }
    }

    /// A value may not be there.
    pub fn forbidden(field: impl Into<String>, detail: impl fmt::Display) -> Self {
        let message = format!("Forbidden: {detail}");
        Self { reason: "FieldValueForbidden", field: field.into(), message }
    }

    /// A value appears twice.
    pub fn duplicate(field: impl Into<String>, value: impl fmt::Display) -> Self {
        let message = format!("Duplicate value: {value}");
        Self { reason: "FieldValueDuplicate", field: field.into(), message }
    }

    /// A value is none of those that are allowed; `body` is what is said of it.
    pub fn not_supported(field: impl Into<String>, body: impl fmt::Display) -> Self {
        let (field, message) = (field.into(), body.to_string());
        Self { reason: "FieldValueNotSupported", field, message }
    }

    /// A text is none of those that are allowed.
    pub fn unsupported(field: impl Into<String>, value: &str, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|known| quote(known)).collect();
        let value = quote(value);
        let body = format!("Unsupported value: {value}: supported values: {}", known.join(", "));
        Self::not_supported(field, body)
    }

    /// A value names something that is not there.
    pub fn not_found(field: impl Into<String>, value: &str) -> Self {
        let message = format!("Not found: {}", quote(value));
        Self { reason: "FieldValueNotFound", field: field.into(), message }
    }

    /// A value is too long.
    pub fn too_long(field: impl Into<String>, max: usize) -> Self {
        let message = format!("Too long: may not be more than {max} bytes");
        Self { reason: "FieldValueTooLong", field: field.into(), message }
    }
}

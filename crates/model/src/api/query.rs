//! The options of a request, from its query and from the body of a deletion.

use serde_json::Value;

use super::{ApiError, Method, Request};

/// What a query says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// `dryRun=All`: everything but the storing.
    pub dry_run: bool,
    /// `fieldValidation=`
    pub field_validation: FieldValidation,
    /// `labelSelector=`, decoded.
    pub label_selector: String,
    /// `fieldSelector=`, decoded.
    pub field_selector: String,
    /// `propagationPolicy=`
    pub propagation: Option<Propagation>,
    /// `gracePeriodSeconds=`
    pub grace_period: Option<i64>,
    /// The uid that an object has to have to be deleted.
    pub uid: Option<String>,
    /// The version that an object has to have to be deleted.
    pub resource_version: Option<String>,
}

/// What becomes of fields that the type does not have, and of fields that are there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// The request is refused.
    Strict,
    /// They are dropped, with warnings: the server's default.
    #[default]
    Warn,
    /// They are dropped.
    Ignore,
}

/// What becomes of objects that the deleted one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted afterwards.
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay, without an owner.
    Orphan,
}

impl Propagation {
    /// The policy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "Background" => Self::Background,
            "Foreground" => Self::Foreground,
            "Orphan" => Self::Orphan,
            _ => return None,
        })
    }
}

impl Query {
    /// Reads the options of a request; those of a deletion may stand in its body.
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        let mut options = Self::parse(&request.query);
        if request.method != Method::Delete || request.body.is_empty() {
            return Ok(options);
        }
        let body: Value = serde_json::from_str(&request.body)
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        options.dry_run |= body["dryRun"].as_array().is_some_and(|all| all.contains(&"All".into()));
        if let Some(policy) = body["propagationPolicy"].as_str() {
            options.propagation = Propagation::from_name(policy);
        }
        options.grace_period = body["gracePeriodSeconds"].as_i64().or(options.grace_period);
        options.uid = text(&body["preconditions"]["uid"]);
        options.resource_version = text(&body["preconditions"]["resourceVersion"]);
        Ok(options)
    }

    /// Reads a query. Options that this server does not know are passed over, as by the real one.
    fn parse(query: &str) -> Self {
        let mut options = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match key {
                "dryRun" => options.dry_run = value == "All",
                "fieldValidation" => {
                    options.field_validation = match value.as_str() {
                        "Strict" => FieldValidation::Strict,
                        "Ignore" => FieldValidation::Ignore,
                        _ => FieldValidation::Warn,
                    }
                }
                "labelSelector" => options.label_selector = value,
                "fieldSelector" => options.field_selector = value,
                "propagationPolicy" => options.propagation = Propagation::from_name(&value),
                "gracePeriodSeconds" => options.grace_period = value.parse().ok(),
                _ => {}
            }
        }
        options
    }
}

/// Percent-decoding; a plus is a blank.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

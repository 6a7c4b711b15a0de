//! Bodies: JSON texts into objects of the API's types, with Go's words for what is wrong.
//! *Sources: apiserver pkg/endpoints/handlers/{rest,create,patch}.go of v0.35.6; sigs.k8s.io/json.*

use serde_json::{Map, Number, Value};

use super::query::FieldValidation;
use super::strategic::go_print;
use super::{ApiError, Cause};
use crate::apply::go_json;
use crate::go::json::{self, Cursor};
use crate::go::quote;
use crate::object::Kind;
use crate::ordered;
use crate::schema::{self, Misfit, Schema, Shaped};

/// So many strict errors are told.
const MAX_STRICT_ERRORS: usize = 100;

/// A document, and the fields that it has twice.
pub(super) struct Document {
    pub(super) value: Value,
    duplicates: Vec<String>,
}

/// Reads a JSON text. Of fields that are there twice the last counts.
pub(super) fn parse(text: &str) -> Result<Document, json::SyntaxError> {
    let mut cursor = Cursor::new(text.as_bytes())?;
    let mut document = Document { value: Value::Null, duplicates: Vec::new() };
    document.value = read(&mut cursor, "", &mut document.duplicates);
    Ok(document)
}

fn read(cursor: &mut Cursor<'_>, at: &str, duplicates: &mut Vec<String>) -> Value {
    match cursor.kind() {
        json::Kind::Object => {
            let mut map = Map::new();
            let done: Result<(), std::convert::Infallible> = cursor.members(|key, cursor| {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let value = read(cursor, &at, duplicates);
                if map.insert(key, value).is_some() {
                    duplicates.push(format!("duplicate field {}", plain_quote(&at)));
                }
                Ok(())
            });
            let Ok(()) = done;
            Value::Object(map)
        }
        json::Kind::Array => {
            let mut list = Vec::new();
            cursor.elements(|cursor| {
                let at = format!("{at}[{}]", list.len());
                list.push(read(cursor, &at, duplicates));
            });
            Value::Array(list)
        }
        json::Kind::String => Value::String(cursor.string()),
        json::Kind::Number => {
            let text = cursor.text();
            let number = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<Number>());
            number.map_or(Value::Null, Value::Number)
        }
        json::Kind::Bool => Value::Bool(cursor.text() == "true"),
        json::Kind::Null => {
            cursor.skip();
            Value::Null
        }
    }
}

/// Quotes without escapes, as the strict decoder puts them around a path.
fn plain_quote(text: &str) -> String {
    format!("\"{text}\"")
}

/// What becomes of strict errors.
fn judge(
    mode: FieldValidation,
    errors: Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    let mut distinct: Vec<String> = Vec::new();
    for error in errors {
        if distinct.len() < MAX_STRICT_ERRORS && !distinct.contains(&error) {
            distinct.push(error);
        }
    }
    match mode {
        FieldValidation::Strict if !distinct.is_empty() => {
            return Err(format!("strict decoding error: {}", distinct.join(", ")));
        }
        FieldValidation::Strict | FieldValidation::Ignore => {}
        FieldValidation::Warn => warnings.extend(distinct),
    }
    Ok(())
}

/// Holds a value against the kind's type; kinds without one are taken as they are.
fn shaped(kind: Kind, value: &Value) -> Shaped {
    match Schema::get().of(kind) {
        Some(of) => schema::shape(of, value),
        // Only the metadata has a type.
        None => {
            let of = Schema::get().named("ObjectMeta").expect("the table has it");
            if !value.is_object() {
                return schema::shape(of, value);
            }
            let empty = Value::Object(Map::new());
            let written = value.get("metadata").filter(|metadata| !metadata.is_null());
            let metadata = schema::shape(of, written.unwrap_or(&empty));
            let mut value = value.clone();
            value["metadata"] = metadata.value;
            Shaped { value, unknown: Vec::new(), misfits: metadata.misfits }
        }
    }
}

/// Reads the body of a creation or a replacement.
pub(super) fn object(
    kind: Kind,
    body: &str,
    mode: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, ApiError> {
    let document = parse(body).map_err(|error| {
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: {error} ({})",
            kind.name(),
            summary(body)
        ))
    })?;
    let text = |key: &str| document.value.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, name) = (text("apiVersion"), text("kind"));
    if !api_version.is_empty() && api_version != kind.api_version() {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({api_version}) does not match the expected API version ({})",
            kind.api_version()
        )));
    }
    if !name.is_empty() && name != kind.name() {
        return Err(ApiError::bad_request(format!(
            "{name} in version {} cannot be handled as a {}: no kind {} is registered for version {}",
            quote(kind.version()),
            kind.name(),
            quote(name),
            quote(kind.api_version())
        )));
    }
    let refuse = |why: String| {
        let (name, version) = (kind.name(), quote(kind.version()));
        ApiError::bad_request(format!(
            "{name} in version {version} cannot be handled as a {name}: {why}"
        ))
    };
    let Shaped { value, unknown, misfits } = shaped(kind, &document.value);
    if let Some(misfit) = Misfit::first_in_document(&misfits) {
        return Err(refuse(misfit.go_json()));
    }
    let unknown =
        unknown.iter().map(|path| format!("unknown field {}", plain_quote(&path.to_string())));
    let errors = document.duplicates.into_iter().chain(unknown).collect();
    judge(mode, errors, warnings).map_err(refuse)?;
    Ok(value)
}

/// The beginning of a body, as a refusal shows it.
fn summary(body: &str) -> String {
    const MOST: usize = 30;
    let shown = |bytes: &[u8]| -> String {
        if body.starts_with('{') {
            String::from_utf8_lossy(bytes).into_owned()
        } else {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
    };
    match body.as_bytes() {
        [] => "<empty>".to_owned(),
        bytes if bytes.len() > MOST => format!("{} ...", shown(&bytes[..MOST])),
        bytes => shown(bytes),
    }
}

/// Reads an object that a JSON patch or a merge patch has made.
pub(super) fn patched(
    kind: Kind,
    value: &Value,
    mode: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, ApiError> {
    let refuse = |why: String| {
        let shown = quote(&go_json(value));
        ApiError::invalid_patch(vec![Cause::invalid("patch", shown, why)])
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, name) = (text("apiVersion"), text("kind"));
    if (!api_version.is_empty() && api_version != kind.api_version())
        || (!name.is_empty() && name != kind.name())
    {
        return Err(refuse(format!(
            "no kind {} is registered for version {}",
            quote(name),
            quote(api_version)
        )));
    }
    let Shaped { value: shaped, unknown, misfits } = shaped(kind, value);
    if let Some(misfit) = Misfit::first_in_document(&misfits) {
        return Err(refuse(misfit.go_json()));
    }
    let errors =
        unknown.iter().map(|path| format!("unknown field {}", plain_quote(&path.to_string())));
    judge(mode, errors.collect(), warnings).map_err(refuse)?;
    Ok(shaped)
}

/// Reads an object that a strategic patch has made. Errors quote what is left of the patch.
pub(super) fn strategically_patched(
    kind: Kind,
    value: &Value,
    patch: &Map<String, Value>,
    duplicates: Vec<String>,
    mode: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, ApiError> {
    let refuse = |why: String| {
        let shown = quote(&go_print(&Value::Object(patch.clone())));
        ApiError::invalid_patch(vec![Cause::invalid("patch", shown, why)])
    };
    let Shaped { value, unknown, misfits } = shaped(kind, value);
    if let Some(misfit) = misfits.first() {
        return Err(refuse(misfit.go_conversion()));
    }
    let mut unknown: Vec<String> = unknown
        .iter()
        .map(|path| format!("unknown field {}", plain_quote(&path.to_string())))
        .collect();
    ordered::sort(&mut unknown);
    let errors = duplicates.into_iter().chain(unknown).collect();
    judge(mode, errors, warnings).map_err(refuse)?;
    Ok(value)
}

impl Document {
    pub(super) fn duplicates(&mut self) -> Vec<String> {
        std::mem::take(&mut self.duplicates)
    }
}

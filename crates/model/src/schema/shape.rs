//! Holds a JSON value against a type of the table, and brings it into the form that Go would print.

use std::cmp::Ordering;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Field, LeftOut, Schema, Struct, Type, instant};
use crate::go::base64;
use crate::ordered;

/// A value held against its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Shaped {
    /// The value as Go would print it after reading it: without unknown fields, nulls and empty values.
    pub value: Value,
    /// Where fields stand that the type does not have, in the order of the document.
    pub unknown: Vec<Path>,
    /// What does not fit, in Go's order of fields.
    pub misfits: Vec<Misfit>,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A value that does not fit its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    /// Where it stands.
    pub at: Path,
    /// What it is.
    pub found: Found,
    /// What it had to be.
    pub wanted: Wanted,
    /// The struct whose field it is in, as Go calls it.
    owner: &'static str,
    /// Go's print of the type that it had to have.
    go_type: String,
    /// What reading the type itself said, where a type reads itself.
    own_words: Option<String>,
}

/// The kind of a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A text.
    String(String),
    /// A list.
    Array,
    /// An object.
    Object,
}

/// What a value had to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A text.
    Text,
    /// A whole number that fits.
    Integer,
    /// `true` or `false`.
    Bool,
    /// A list.
    List,
    /// An object.
    Object,
    /// A text in base64.
    Base64,
    /// An amount such as `500m`.
    Quantity,
    /// A whole number or a text.
    IntegerOrText,
    /// An instant.
    Time,
}

/// Holds a value against a struct.
pub fn shape(of: &'static Struct, value: &Value) -> Shaped {
    let mut walk = Walk {
        schema: Schema::get(),
        at: Path::default(),
        unknown: Vec::new(),
        misfits: Vec::new(),
    };
    let value = walk.object(of, value, of.name, &|| format!("v1.{}", of.name));
    let Walk { mut unknown, misfits, .. } = walk;
    ordered::sort_by(&mut unknown, Path::by_document);
    Shaped { value: value.unwrap_or_default(), unknown, misfits }
}

struct Walk {
    schema: &'static Schema,
    at: Path,
    unknown: Vec<Path>,
    misfits: Vec<Misfit>,
}

/// Go's print of a type, made only when it is needed.
type GoType<'a> = &'a dyn Fn() -> String;

impl Walk {
    fn object(
        &mut self,
        of: &'static Struct,
        value: &Value,
        owner: &'static str,
        go_type: GoType<'_>,
    ) -> Option<Value> {
        let Value::Object(map) = value else {
            self.misfit(value, Wanted::Object, owner, go_type, None);
            return None;
        };
        let mut out = Map::new();
        for field in &of.fields {
            let written = map.get(field.name).filter(|value| !value.is_null());
            let shaped = written.and_then(|value| {
                self.at.0.push(Step::Key(field.name.to_owned()));
                let shaped =
                    self.value(&field.shape, value, of.name, &|| field.go_type(0), field, 0);
                self.at.0.pop();
                shaped
            });
            if let Some(value) = printed(field, shaped) {
                out.insert(field.name.to_owned(), value);
            }
        }
        for key in map.keys().filter(|key| of.field(key).is_none()) {
            let mut at = self.at.clone();
            at.0.push(Step::Key(key.clone()));
            self.unknown.push(at);
        }
        Some(Value::Object(out))
    }

    fn value(
        &mut self,
        shape: &'static Type,
        value: &Value,
        owner: &'static str,
        go_type: GoType<'_>,
        field: &'static Field,
        depth: usize,
    ) -> Option<Value> {
        let wanted = match shape {
            Type::Any => return Some(value.clone()),
            Type::Pointer(inner) => {
                return self.value(inner, value, owner, go_type, field, depth);
            }
            Type::Struct(index) => {
                return self.object(self.schema.at(*index), value, owner, go_type);
            }
            Type::List(item) => match value {
                Value::Array(items) => {
                    return Some(self.items(item, items, owner, field, depth + 1));
                }
                _ => Wanted::List,
            },
            Type::Map(item) => match value {
                Value::Object(map) => {
                    return Some(self.entries(item, map, owner, field, depth + 1));
                }
                _ => Wanted::Object,
            },
            Type::String => Wanted::Text,
            Type::Int32 | Type::Int64 => Wanted::Integer,
            Type::Bool => Wanted::Bool,
            Type::Bytes => Wanted::Base64,
            Type::Quantity => Wanted::Quantity,
            Type::IntOrString => Wanted::IntegerOrText,
            Type::Time => Wanted::Time,
        };
        match scalar(shape, value) {
            Ok(None) => Some(value.clone()),
            Ok(other) => other,
            Err(own_words) => {
                self.misfit(value, wanted, owner, go_type, own_words);
                None
            }
        }
    }

    fn items(
        &mut self,
        item: &'static Type,
        items: &[Value],
        owner: &'static str,
        field: &'static Field,
        depth: usize,
    ) -> Value {
        let mut out = Vec::with_capacity(items.len());
        for (index, value) in items.iter().enumerate() {
            self.at.0.push(Step::Index(index));
            let null = value.is_null().then(|| empty(item)).flatten();
            let shaped = null
                .or_else(|| self.value(item, value, owner, &|| field.go_type(depth), field, depth));
            out.push(shaped.unwrap_or_default());
            self.at.0.pop();
        }
        Value::Array(out)
    }

    fn entries(
        &mut self,
        item: &'static Type,
        map: &Map<String, Value>,
        owner: &'static str,
        field: &'static Field,
        depth: usize,
    ) -> Value {
        let mut out = Map::new();
        for (key, value) in map {
            self.at.0.push(Step::Key(key.clone()));
            let null = value.is_null().then(|| empty(item)).flatten();
            let shaped = null
                .or_else(|| self.value(item, value, owner, &|| field.go_type(depth), field, depth));
            out.insert(key.clone(), shaped.unwrap_or_default());
            self.at.0.pop();
        }
        Value::Object(out)
    }

    fn misfit(
        &mut self,
        value: &Value,
        wanted: Wanted,
        owner: &'static str,
        go_type: GoType<'_>,
        own_words: Option<String>,
    ) {
        let found = match value {
            Value::Null | Value::Object(_) => Found::Object,
            Value::Bool(value) => Found::Bool(*value),
            Value::Number(number) => Found::Number(number.to_string()),
            Value::String(text) => Found::String(text.clone()),
            Value::Array(_) => Found::Array,
        };
        let (at, go_type) = (self.at.clone(), go_type());
        self.misfits.push(Misfit { at, found, wanted, owner, go_type, own_words });
    }
}

/// The empty value that Go makes of a null inside a list or a map.
fn empty(item: &Type) -> Option<Value> {
    match item {
        Type::Struct(_) => Some(Value::Object(Map::new())),
        Type::String | Type::Bytes => Some("".into()),
        Type::Int32 | Type::Int64 => Some(0.into()),
        Type::Bool => Some(false.into()),
        Type::List(_)
        | Type::Map(_)
        | Type::Pointer(_)
        | Type::Quantity
        | Type::IntOrString
        | Type::Time
        | Type::Any => None,
    }
}

/// What Go prints of a field.
fn printed(field: &Field, value: Option<Value>) -> Option<Value> {
    let is_empty = match &value {
        None => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(map)) => match field.shape {
            Type::Map(_) => map.is_empty(),
            _ => false,
        },
        Some(value) => match field.shape {
            Type::Pointer(_) | Type::Any => false,
            _ => value == "" || value == 0 || value == false,
        },
    };
    match (field.left_out, &field.shape) {
        (_, _) if !is_empty => value,
        // A struct that is no pointer is always printed, unless it says otherwise.
        (LeftOut::Empty | LeftOut::Never, Type::Struct(_)) => {
            Some(value.unwrap_or_else(|| Value::Object(Map::new())))
        }
        (LeftOut::Empty | LeftOut::Zero, _) => None,
        (LeftOut::Never, shape) => Some(value.or_else(|| empty(shape)).unwrap_or_default()),
    }
}

/// Whether a scalar reads as its type, and what is printed where that is something else; the type's own words if it has
/// some.
fn scalar(shape: &Type, value: &Value) -> Result<Option<Value>, Option<String>> {
    let fits = match (shape, value) {
        (Type::String, Value::String(_)) | (Type::Bool, Value::Bool(_)) => true,
        (Type::Int32, Value::Number(number)) => {
            number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Type::Int64, Value::Number(number)) => number.as_i64().is_some(),
        (Type::Bytes, Value::String(text)) => {
            match base64::decode(text.as_bytes(), base64::Padding::Required) {
                Ok(bytes) => return Ok(Some(STANDARD.encode(bytes).into())),
                Err(error) => return Err(Some(error.to_string())),
            }
        }
        (Type::Quantity, _) => return quantity(value).map_err(|words| Some(words.to_owned())),
        (Type::IntOrString, Value::String(_)) => true,
        (Type::IntOrString, _) => return int_or_string(value).map_err(Some),
        (Type::Time, _) => return instant::read(value).map_err(Some),
        _ => false,
    };
    if fits { Ok(None) } else { Err(None) }
}

/// *Source: apimachinery pkg/api/resource/quantity.go ParseQuantity, UnmarshalJSON.*
fn quantity(value: &Value) -> Result<Option<Value>, &'static str> {
    const FORMAT: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    const SUFFIX: &str = "unable to parse quantity's suffix";
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    if number.is_empty() || number.matches('.').count() > 1 || number == "." {
        return Err(FORMAT);
    }
    let letters = suffix.trim_start_matches(|c: char| "eEinumkKMGTP".contains(c));
    let exponent = letters.strip_prefix(['+', '-']).unwrap_or(letters);
    if !exponent.chars().all(|c| c.is_ascii_digit()) {
        return Err(FORMAT);
    }
    let known =
        ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let scientific = suffix.strip_prefix(['e', 'E']).is_some_and(|rest| {
        let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    });
    if known.contains(&suffix) || scientific { Ok(Some(text.into())) } else { Err(SUFFIX) }
}

/// *Source: apimachinery pkg/util/intstr/intstr.go UnmarshalJSON.*
fn int_or_string(value: &Value) -> Result<Option<Value>, String> {
    let found = match value {
        Value::Number(number) => {
            if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) {
                return Ok(None);
            }
            format!("number {number}")
        }
        Value::Bool(_) => "bool".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) | Value::Null | Value::String(_) => "object".to_owned(),
    };
    Err(format!("json: cannot unmarshal {found} into Go value of type int32"))
}

impl Path {
    /// As a JSON pointer.
    pub fn pointer(&self) -> String {
        self.0.iter().fold(String::new(), |at, step| match step {
            Step::Key(key) => format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("{at}/{index}"),
        })
    }

    /// The order in which a document with sorted keys is read.
    fn by_document(&self, other: &Self) -> Ordering {
        for (one, two) in self.0.iter().zip(&other.0) {
            let order = match (one, two) {
                (Step::Key(one), Step::Key(two)) => one.cmp(two),
                (Step::Index(one), Step::Index(two)) => one.cmp(two),
                (Step::Key(_), Step::Index(_)) => Ordering::Greater,
                (Step::Index(_), Step::Key(_)) => Ordering::Less,
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        self.0.len().cmp(&other.0.len())
    }

    /// The keys alone, as Go's type errors give them: `spec.template.spec`.
    fn fields(&self) -> String {
        let keys = self.0.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        keys.collect::<Vec<_>>().join(".")
    }
}

/// `spec.containers[0].imagePullSecrets`
impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Found {
    /// As Go's JSON decoder names it; a number that is not the right one is named with its digits.
    fn go_json(&self, wanted: Wanted) -> String {
        match self {
            Self::Bool(_) => "bool".to_owned(),
            Self::Number(number) if wanted == Wanted::Integer => format!("number {number}"),
            Self::Number(_) => "number".to_owned(),
            Self::String(_) => "string".to_owned(),
            Self::Array => "array".to_owned(),
            Self::Object => "object".to_owned(),
        }
    }

    /// As Go's reflection names the kind of a decoded value.
    fn go_kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Number(number) if number.contains(['.', 'e']) => "float64",
            Self::Number(_) => "int64",
            Self::String(_) => "string",
            Self::Array => "slice",
            Self::Object => "map",
        }
    }
}

impl Misfit {
    /// What Go's JSON decoder says of it (Go encoding/json UnmarshalTypeError.Error).
    pub fn go_json(&self) -> String {
        if let Some(words) = &self.own_words {
            return words.clone();
        }
        let (found, go_type) = (self.found.go_json(self.wanted), &self.go_type);
        let mut fields = self.at.clone();
        // The keys of a map are no fields.
        let inside = self.keys_of_maps();
        fields.0.truncate(fields.0.len() - inside);
        if fields.0.is_empty() {
            return format!("json: cannot unmarshal {found} into Go value of type {go_type}");
        }
        let (owner, path) = (self.owner, fields.fields());
        format!(
            "json: cannot unmarshal {found} into Go struct field {}.{path} of type {go_type}",
            owner.strip_prefix("Ack").unwrap_or(owner)
        )
    }

    /// How many of the last steps lead into the lists and maps of one field.
    fn keys_of_maps(&self) -> usize {
        let Some(owner) = Schema::get().named(self.owner) else { return 0 };
        let is_field = |step: &Step| match step {
            Step::Key(key) => owner.field(key).is_some(),
            Step::Index(_) => false,
        };
        self.at.0.iter().rev().position(is_field).unwrap_or(0)
    }

    /// What the conversion of a patched object says of it (apimachinery pkg/runtime/converter.go).
    pub fn go_conversion(&self) -> String {
        let kind = self.found.go_kind();
        match self.wanted {
            Wanted::Object if self.go_type.starts_with("map[") => {
                format!("cannot restore map from {kind}")
            }
            Wanted::Object => format!("cannot restore struct from: {kind}"),
            Wanted::Base64 if matches!(self.found, Found::String(_)) => {
                let words = self.own_words.clone().unwrap_or_default();
                format!("error decoding from json: {words}")
            }
            Wanted::List | Wanted::Base64 => format!("cannot restore slice from {kind}"),
            Wanted::Text | Wanted::Integer | Wanted::Bool => {
                let target = match self.wanted {
                    Wanted::Text => "string",
                    Wanted::Bool => "bool",
                    _ if self.go_type == "int64" => "int64",
                    _ => "int32",
                };
                // Go converts between numbers, and from a number to the character of that code.
                let convertible = matches!(self.found, Found::Number(_))
                    && target != "bool"
                    && (kind == "int64" || target != "string");
                if convertible {
                    format!("cannot convert {kind} to {}", self.go_type)
                } else {
                    format!("unrecognized type: {target}")
                }
            }
            Wanted::Quantity | Wanted::IntegerOrText | Wanted::Time => {
                self.own_words.clone().unwrap_or_default()
            }
        }
    }

    /// The first misfit that a decoder of the document meets.
    pub fn first_in_document(misfits: &[Self]) -> Option<&Self> {
        misfits.iter().min_by(|one, two| one.at.by_document(&two.at))
    }
}

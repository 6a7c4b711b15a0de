//! Text out of objects: tables, ages, YAML, JSONPath.

pub(crate) mod age;
pub(crate) mod go;
pub(crate) mod json;
pub(crate) mod jsonpath;
pub(crate) mod table;
pub(crate) mod typed;
pub(crate) mod yaml;

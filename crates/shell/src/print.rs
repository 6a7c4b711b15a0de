//! Text out of objects: tables, ages, YAML, JSONPath.

pub(crate) mod age;
pub(crate) mod json;
pub(crate) mod jsonpath;
pub(crate) mod table;
pub(crate) mod yaml;

//! Manifests: what a learner's file says about API objects.

use serde_json::Value;

use crate::intake::Places;
use crate::source::Span;

/// One object of a file, checked for its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The file it stands in.
    pub file: String,
    /// Which document of the file, counted from 0.
    pub index: usize,
    /// The object as JSON, as `kubectl apply` sends it; placeholders are still in it.
    pub value: Value,
    /// Where each of its fields stands.
    pub places: Places,
    /// As `apiVersion:` says.
    pub api_version: String,
    /// As `kind:` says.
    pub kind: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.namespace`; `default` where a namespaced object names none, empty for kinds without one.
    pub namespace: String,
}

impl Manifest {
    /// Where the field at a JSON pointer stands; the nearest one around it when it does not exist.
    pub fn place(&self, pointer: &str) -> Span {
        self.places.value(pointer)
    }
}

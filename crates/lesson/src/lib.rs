//! File formats with spans, checks and the grader.
//!
//! Nothing here reads a disk: every input is a map from path to text. A mistake that a person wrote into a file is a
//! [`diagnostic::Diagnostic`] with its place, and all of them are collected.

pub mod source;

pub mod diagnostic;
pub mod intake;

pub mod command;
pub mod manifest;
pub mod markdown;
pub mod quantity;
pub mod scenario;

/// A folder of texts: path with `/` to text.
pub type Texts = std::collections::BTreeMap<String, String>;

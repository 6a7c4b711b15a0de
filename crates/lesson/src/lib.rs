//! File formats with spans, checks and the grader.
//!
//! Nothing here reads a disk: every input is a map from path to text. A mistake that a person wrote into a file is a
//! [`diagnostic::Diagnostic`] with its place, and all of them are collected.

pub mod source;

pub mod diagnostic;
pub mod intake;

pub mod command;
mod fields;
pub mod lesson;
pub mod manifest;
pub mod markdown;
pub mod quantity;
pub mod scenario;

pub mod bundle;
pub mod grade;

/// A folder of texts: path with `/` to text.
pub type Texts = std::collections::BTreeMap<String, String>;

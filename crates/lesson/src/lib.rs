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
pub mod prose;
pub mod quantity;
pub mod scenario;

pub mod prediction;
pub mod quiz;

pub mod bundle;
pub mod grade;
pub mod hand_in;

#[cfg(feature = "schema")]
pub mod schema;

/// A folder of texts: path with `/` to text.
pub type Texts = std::collections::BTreeMap<String, String>;

/// A short hash of some texts, as attempts and hand-ins carry it: 16 hex digits.
pub fn hash(texts: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

//! The platform engineer's question: will these images pull, with which credential, until when, and why not?
//!
//! Texts in, a typed report out. Nothing here reads a disk, a clock or a network, so that the command line and the page
//! call the same function; and nothing that comes out holds a secret of what went in.
#![allow(missing_docs, reason = "the fields of a variant are named in the variant's sentence")]

mod moment;
pub mod report;

pub use moment::Moment;
pub use report::Report;

/// A text, and what it is called in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The file's name as the user wrote it, or `-`.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// What the report depends on besides the inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The moment that the answer is about.
    pub now: Moment,
}

/// Explains what the inputs say about image pulls.
pub fn explain(inputs: &[Input], options: &Options) -> Report {
    let _ = inputs;
    Report {
        now: options.now,
        assumptions: Vec::new(),
        images: Vec::new(),
        messages: Vec::new(),
        findings: Vec::new(),
        unreadable: Vec::new(),
    }
}

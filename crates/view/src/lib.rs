//! The contract between the page and the engine: what the page may ask, and what it is given to draw.
//!
//! Everything here is plain owned data with the words already chosen. The page decides nothing; the engine draws
//! nothing. Times are milliseconds since the scenario's start (T+0); history before it is negative.

#![allow(missing_docs, reason = "the fields of a variant are named in the variant's sentence")]

pub mod action;
pub mod block;
pub mod content;
pub mod hand_in;
pub mod message;
pub mod own;
pub mod pane;
pub mod quiz;
pub mod record;
pub mod wire;

pub use action::{Action, Attempt};
pub use pane::View;

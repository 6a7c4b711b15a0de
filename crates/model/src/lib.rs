//! The simulator: pure, no IO, no clock, no YAML.
//!
//! Everything that happens is a function of a [`world::World`], the requests made to the API server, and the moments
//! they were made at. Rule numbers (P…, R…, E…) are those of the project's reference; each stands with its source in
//! the module that implements it.
#![allow(missing_docs, reason = "the fields of a variant are named in the variant's sentence")]

pub mod cause;
pub mod credential;
pub mod image;
pub mod pull;
pub mod time;
pub mod world;

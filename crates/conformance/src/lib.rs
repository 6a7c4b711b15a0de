//! The conformance runner: plays recorded facts about the real programs against the model, and compares.
//!
//! A case file is data; its head says what its keys mean. The runner builds what a case gives, asks the model, and
//! compares everything that the case expects. It never computes an outcome of its own, and what it does not understand
//! (a key, a family, a file) counts as failed.

#![allow(clippy::struct_field_names, reason = "fields are named as recorded data names them")]

pub mod case;
mod cluster;
pub mod family;
mod kubectl;
pub mod report;
pub mod run;

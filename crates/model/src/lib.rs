//! The simulator: pure, no IO, no clock, no YAML.
//!
//! Everything that happens is a function of a [`world::World`], the requests made to the API server, and the moments
//! they were made at. Rule numbers (P…, R…, E…) are those of the project's reference; each stands with its source in
//! the module that implements it.
#![allow(missing_docs, reason = "the fields of a variant are named in the variant's sentence")]

pub mod admission;
pub mod api;
pub mod apply;
pub mod back_off;
pub mod catalogue;
pub mod cause;
pub mod cloud;
pub mod cluster;
mod controller;
pub mod credential;
mod defaults;
pub mod docker_config;
pub mod ensure_image;
pub mod event;
pub mod go;
pub mod image;
pub mod keyring;
mod kubelet;
pub mod log;
mod look_up;
pub mod message;
pub mod node;
pub mod object;
pub mod ordered;
pub mod pod;
pub mod pod_status;
mod pods;
pub mod provider;
pub mod pull;
pub mod pull_policy;
pub mod pull_record;
pub mod random;
pub mod registry;
pub mod runtime;
pub mod schema;
pub mod store;
pub mod time;
pub mod token;
pub mod trace;
pub mod validation;
pub mod wildcard;
pub mod world;

//! Every sentence that Kubernetes, containerd and the registries say, word for word, with its source. No other module
//! types one.

pub mod cloud;
pub mod configuration;
pub mod controller;
pub mod kubelet;
pub mod other;
pub mod phrase;
pub mod registry;
pub mod runtime;

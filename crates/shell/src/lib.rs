//! The learner's terminal: command lines in, requests to the cluster's API and text out.
//!
//! [`Shell`] is the terminal: words, pipes, redirections, variables, files in memory, and the commands of `sh::builtin`.
//! `kubectl` in it is what it is in real life, a client: it knows the cluster only by [`Host::request`], merges on its own
//! side, and words its own errors. It speaks as v1.35.6, or as v1.32.5 ([`Speaks`]); *source* tags in the code are those of
//! the reference: K is kubernetes/kubectl, CR kubernetes/cli-runtime, AM kubernetes/apimachinery, SY kubernetes-sigs/yaml.

mod host;
mod kubectl;
mod print;
mod read;
mod sh;

pub use host::{Host, Output};
pub use kubectl::{Client, Speaks, human_duration, pod_columns};
pub use print::age::unix_seconds;
pub use sh::{Files, Pattern, Shell};

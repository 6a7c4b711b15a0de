//! The learner's terminal: command lines in, requests to the cluster's API and text out.
//!
//! `kubectl` here is what it is in real life, a client: it knows the cluster only by [`Host::request`], merges on its own
//! side, and words its own errors. It speaks as v1.35.6; *source* tags in the code are those of the reference:
//! K is kubernetes/kubectl, CR kubernetes/cli-runtime, AM kubernetes/apimachinery.

mod host;
mod kubectl;
mod print;
mod words;

pub use host::{Host, Output, YamlError};
pub use print::age::unix_seconds;
pub use words::{Unterminated, split};

/// Runs one command line. `patience` is how long a command that never ends by itself (`get -w`) is let run before it is
/// interrupted.
pub fn run(
    host: &mut dyn Host,
    line: &str,
    stdin: Option<&str>,
    patience: Option<pullpath_model::time::Span>,
) -> Output {
    let mut output = Output::default();
    match split(line) {
        Err(Unterminated) => output.fail("bash: unexpected end of the line: a quote is open", 2),
        Ok(words) => match words.split_first() {
            None => {}
            Some((program, arguments)) if program == "kubectl" => {
                kubectl::run(host, arguments, stdin, patience, &mut output);
            }
            Some((program, _)) => output.fail(&format!("bash: {program}: command not found"), 127),
        },
    }
    output
}

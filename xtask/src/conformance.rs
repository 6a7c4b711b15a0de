//! `cargo xtask conformance DIR [--show ID]`: recorded cases, played by a program of their own.

use std::env;

use crate::places;
use crate::process::{Outcome, program, run};

/// Builds the runner and starts it; xtask itself links no engine.
pub(crate) fn command(options: &[&str]) -> Outcome<()> {
    if options.is_empty() {
        return Err("say which folder: cargo xtask conformance tests/conformance".to_owned());
    }
    run(program("cargo").args(["build", "--quiet", "--package", "pullpath-conformance"]))?;
    let mut runner = program(places::target().join("debug/conformance"));
    // Folders are named from where the person stands.
    runner.args(options).current_dir(env::current_dir().map_err(|error| error.to_string())?);
    match runner.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) if status.code() == Some(1) => Err("Not every case passed.".to_owned()),
        Ok(status) => Err(format!("the runner ended with {status}")),
        Err(error) => Err(format!("cannot start the runner: {error}")),
    }
}

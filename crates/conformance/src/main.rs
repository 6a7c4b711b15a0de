//! `conformance DIR [--show ID]`: plays recorded cases; `cargo xtask conformance` builds and starts it.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use pullpath_conformance::run;

const USAGE: &str = "usage: conformance DIR [--show ID]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (directory, shown) = match words.as_slice() {
        [directory] => (*directory, None),
        [directory, "--show", id] | ["--show", id, directory] => (*directory, Some(*id)),
        _ => return complain(USAGE),
    };
    let report = match run::directory(Path::new(directory)) {
        Ok(report) => report,
        Err(error) => return complain(&format!("{directory}: {error}")),
    };
    let out = &mut io::stdout().lock();
    let printed = match shown {
        None => report.print(out),
        Some(id) => match report.show(id, out) {
            Ok(false) => return complain(&format!("there is no case `{id}` in {directory}")),
            Ok(true) => Ok(()),
            Err(error) => Err(error),
        },
    };
    if let Err(error) = printed.and_then(|()| out.flush()) {
        return complain(&error.to_string());
    }
    // Nothing played is nothing proved.
    let fine = !report.outcomes.is_empty() && report.failures().next().is_none();
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn complain(problem: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{problem}");
    ExitCode::from(2)
}

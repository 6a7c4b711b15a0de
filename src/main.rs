//! The `pullpath` command.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let mut out = std::io::stdout().lock();
    let mut err = std::io::stderr().lock();
    let code = pullpath::cli::run(arguments, &mut out, &mut err);
    // A reader that went away, `pullpath … | head`, is no reason to complain.
    let _ = out.flush();
    ExitCode::from(code)
}

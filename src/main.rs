//! The `pullpath` command.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let mut out = Reader(io::stdout().lock());
    let mut err = io::stderr().lock();
    let code = pullpath::cli::run(arguments, &mut out, &mut err);
    // There is nowhere left to say that the last of it could not be written.
    let _ = out.flush();
    ExitCode::from(code)
}

/// Standard output, whose reader may go away when it has seen enough, as `head` does. That is no reason to complain, and the
/// exit code is that of the work.
struct Reader<W>(W);

impl<W: Write> Write for Reader<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

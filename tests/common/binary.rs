//! The real `pullpath` binary as tests run it.

use std::process::{Command, Output};

/// What came of a run.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        let code = output.status.code().expect("no signal ended it");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Everything that was printed.
    pub(crate) fn printed(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// The binary, which may use 200 MB of address space and no more.
pub(crate) fn within_200_megabytes(arguments: &[&str]) -> Run {
    let limited = "ulimit -v 204800 && exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_pullpath")])
        .args(arguments)
        // Each thread of glibc would reserve 64 MiB that it never touches.
        .env("MALLOC_ARENA_MAX", "1")
        .output();
    Run::of(output.expect("there is a shell"))
}

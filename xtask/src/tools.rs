//! The tools of this machine as they were found, and commands that use them.

use std::process::Command;

use crate::process::program;

/// The wasm32 target.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// What set-up found or installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tools {
    /// The rustup toolchain that has the wasm32 target, if it is not the ordinary one.
    pub(crate) wasm_toolchain: Option<&'static str>,
}

impl Tools {
    /// A program that may build for wasm32: cargo itself, or something that calls it.
    pub(crate) fn wasm_program(self, name: &str) -> Command {
        let mut command = program(name);
        if let Some(toolchain) = self.wasm_toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
            // The running toolchain's own, which another rustc must not be told.
            for key in ["RUSTC", "RUSTDOC", "LD_LIBRARY_PATH"] {
                command.env_remove(key);
            }
        }
        command
    }
}

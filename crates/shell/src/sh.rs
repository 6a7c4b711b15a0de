//! The shell of the terminal: a small part of bash over simulated time and a file system in memory.
//!
//! It is its own parser: of the crates that read POSIX shell, the kept ones either bring a grammar generator and an async
//! runtime along (`brush-parser`, `deno_task_shell`) or have a licence that this project cannot take (`yash-syntax`), and
//! the small ones (`shlex`, `shell-words`) know words and nothing else.

mod builtin;
mod expand;
pub(crate) mod files;
mod parse;
mod pattern;
mod run;
mod syntax;
mod text;

use std::collections::BTreeMap;

use pullpath_model::time::Span;

use crate::host::{Host, Output};
use crate::kubectl::Client;
pub use files::Files;
pub use pattern::Pattern;

/// Where `~` is.
pub(crate) const HOME: &str = "/root";

/// A terminal: what stays between two command lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    pub(crate) files: Files,
    pub(crate) variables: BTreeMap<String, Variable>,
    pub(crate) folder: String,
    /// What the last command ended with.
    pub(crate) status: i32,
    /// `$1` and so on, inside a script.
    pub(crate) arguments: Vec<String>,
    pub(crate) client: Client,
}

/// A variable of the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) value: String,
    pub(crate) exported: bool,
}

impl Shell {
    /// A new terminal with that kubectl.
    pub fn new(client: Client) -> Self {
        let variable = |value: &str| Variable { value: value.to_owned(), exported: true };
        let variables = [("HOME", HOME), ("PATH", "/usr/local/bin:/usr/bin:/bin"), ("PWD", HOME)];
        Self {
            files: Files::default(),
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.to_owned(), variable(value)))
                .collect(),
            folder: HOME.to_owned(),
            status: 0,
            arguments: Vec::new(),
            client,
        }
    }

    /// Runs command lines. `patience` is how long a command that never ends by itself (`get -w`) is let run before it is
    /// interrupted.
    pub fn run(
        &mut self,
        host: &mut dyn Host,
        script: &str,
        stdin: Option<&str>,
        patience: Option<Span>,
    ) -> Output {
        let mut output = Output::default();
        run::Session::new(self, host, patience).script(script, stdin, &mut output);
        output.exit = self.status;
        output
    }

    /// Runs `kubectl` with arguments that no shell takes apart any more.
    pub fn kubectl(&mut self, host: &mut dyn Host, arguments: &[String]) -> Output {
        let mut output = Output::default();
        run::Session::new(self, host, None).kubectl(arguments, None, &mut output);
        output
    }

    /// Puts a file into the terminal; a path that is not absolute begins at home. A file that begins with `#!` is a program.
    pub fn put_file(&mut self, path: &str, text: &str) {
        let path = files::absolute(&self.folder, path);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        // A file system that is full keeps what it has.
        let _ = self.files.create_folders(folder);
        let _ = self.files.write(&path, text, false);
        if text.starts_with("#!") {
            let _ = self.files.make_executable(&path);
        }
    }

    /// Sets a variable that commands see too.
    pub fn export(&mut self, name: &str, value: &str) {
        let variable = Variable { value: value.to_owned(), exported: true };
        self.variables.insert(name.to_owned(), variable);
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|variable| variable.value.as_str())
    }
}

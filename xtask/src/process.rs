//! Runs other programs, and says what is going on.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::places;

/// A step's result; the problem is a sentence for the person who ran it.
pub(crate) type Outcome<T> = Result<T, String>;

/// Says what is done and why, does it, and says how long it took.
pub(crate) fn step<T>(what: &str, why: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    say(&format!("\n==> {what}{why}"));
    let begin = Instant::now();
    let outcome = work();
    let word = if outcome.is_ok() { "done" } else { "FAILED" };
    say(&format!("    {word} in {:.1} s: {what}", begin.elapsed().as_secs_f32()));
    outcome
}

/// A line of our own. Flushed, so that it keeps its place between the lines of other programs.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout();
    // Nobody reads any more: that is no reason to stop.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A program with our PATH, at the top of the repository, without what cargo told xtask about itself.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(resolve(name.as_ref()));
    command.current_dir(places::root());
    let path = std::env::join_paths(places::search_path()).expect("the PATH was split from one");
    command.env("PATH", path);
    for (key, _) in std::env::vars_os() {
        let key = key.to_string_lossy();
        // `cargo run` describes xtask in these; another cargo would take them for its own package.
        let is_ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|start| key.starts_with(start));
        if is_ours || matches!(&*key, "CARGO" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE") {
            command.env_remove(&*key);
        }
    }
    command
}

/// Our own search, because the system's may look at the old PATH.
fn resolve(name: &OsStr) -> std::ffi::OsString {
    let is_bare = Path::new(name).components().count() == 1;
    let found = name.to_str().filter(|_| is_bare).and_then(places::find);
    found.map_or_else(|| name.to_owned(), Into::into)
}

/// Runs to the end; what it prints is seen.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    let line = render(command);
    let status = command.status().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})")) }
}

/// Runs to the end; its standard output is seen and kept.
pub(crate) fn run_and_keep(command: &mut Command) -> (String, Outcome<()>) {
    let line = render(command);
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return (String::new(), Err(format!("cannot start `{line}`: {error}"))),
    };
    let mut kept = String::new();
    let output = child.stdout.take().expect("it was piped");
    for text in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let text = String::from_utf8_lossy(&text).into_owned();
        say(&text);
        kept.push_str(&text);
        kept.push('\n');
    }
    let outcome = match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed ({status})")),
        Err(error) => Err(format!("`{line}`: {error}")),
    };
    (kept, outcome)
}

/// Runs unseen and gives what it printed, if it succeeded.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it.
fn render(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

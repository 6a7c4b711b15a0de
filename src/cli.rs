//! The commands. `run` prints only to the writers it is given, so a test compares the whole output.

mod bundle;
mod check;
mod explain;
mod grade;
mod hand_in;
mod new;
mod play;
mod schema;
mod xml;

use std::ffi::OsString;
use std::io::Write;

use lexopt::prelude::*;

/// Passed.
pub const PASSED: u8 = 0;
/// Graded or checked, and not passed.
pub const NOT_PASSED: u8 = 1;
/// Could not do it.
pub const IMPOSSIBLE: u8 = 2;

const HELP: &str = "\
Pullpath: see the path of every pull.

Usage:
  pullpath check [PATH...]               lint and prove scenarios, lessons, quizzes
      [--format text|json|sarif|junit]
  pullpath new scenario|lesson|quiz NAME a commented starting point
      [--from DUMP]                      of a scenario: the cluster of a dump
  pullpath schema [FORMAT]               JSON Schemas of the formats, for editors
  pullpath run SCENARIO                  play a scenario without a browser
      [--until 13h] [--answer NAME | --replay FILE] [--world N]
      [--json | --log | --attempt]
  pullpath grade HAND-IN... [--content DIR]   what hand-ins are worth, one row a learner
      [--roster CSV] [--seed S] [--check ID] [--format F] [--summary]
      [--resume FILE] [--shard I/N]
  pullpath hand-in --name NAME FILE...   attempts as one file to hand in
  pullpath explain -f FILE...            will real manifests pull, until when, and why not
      [--now TIME] [--world FILE] [--format text|json|sarif] [--strict] [--rehearse DIR]
  pullpath explain --message TEXT        what a message means, and what to check next
  pullpath bundle [PATH...] --out DIR    turn content into what the site fetches
  pullpath --help | --version            with a command, --help tells more

Exit codes: 0 passed; 1 graded or checked, and not passed; 2 could not do it.
";

/// Why a command could not be done. The text is for the person.
pub(crate) struct Failure(String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Where a command prints.
pub(crate) struct Output<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) err: &'a mut dyn Write,
}

/// Runs the command that the arguments name and answers its exit code.
pub fn run(arguments: Vec<OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let mut output = Output { out, err };
    match dispatch(arguments, &mut output) {
        Ok(code) => code,
        Err(Failure(message)) => {
            // There is nowhere left to say that even this could not be written.
            let _ = writeln!(output.err, "error: {}", message.trim_end());
            IMPOSSIBLE
        }
    }
}

fn dispatch(arguments: Vec<OsString>, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut parser = lexopt::Parser::from_args(arguments);
    match parser.next()? {
        None => {
            write!(output.err, "{HELP}")?;
            Ok(IMPOSSIBLE)
        }
        Some(Long("help") | Short('h')) => say(output, HELP),
        Some(Long("version") | Short('V')) => {
            say(output, concat!("pullpath ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Some(Value(command)) => match command.to_string_lossy().as_ref() {
            "check" => check::run(&mut parser, output),
            "new" => new::run(&mut parser, output),
            "run" => play::run(&mut parser, output),
            "grade" => grade::run(&mut parser, output),
            "hand-in" => hand_in::run(&mut parser, output),
            "bundle" => bundle::run(&mut parser, output),
            "explain" => explain::run(&mut parser, output),
            "schema" => schema::run(&mut parser, output),
            other => Err(Failure(format!(
                "there is no command `{other}`\n  = hint: {}",
                hint_for(other)
            ))),
        },
        Some(other) => Err(unexpected(other, "")),
    }
}

fn hint_for(word: &str) -> String {
    let commands = ["check", "new", "run", "grade", "hand-in", "bundle", "explain", "schema"];
    match pullpath_lesson::diagnostic::nearest(word, commands) {
        Some(near) => format!("did you mean `pullpath {near}`?"),
        None => "`pullpath --help` lists the commands".into(),
    }
}

/// What is said to an option or a word that a command does not know.
pub(crate) fn unexpected(argument: lexopt::Arg<'_>, command: &str) -> Failure {
    let error = argument.unexpected();
    Failure(format!("{error}\n  = hint: `pullpath {command}--help` lists what there is"))
}

/// Prints a text and is done.
pub(crate) fn say(output: &mut Output<'_>, text: &str) -> Result<u8, Failure> {
    write!(output.out, "{text}")?;
    Ok(PASSED)
}

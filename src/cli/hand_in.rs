//! `pullpath hand-in`: attempts and quiz answers as one file to hand in.

use std::path::PathBuf;

use lexopt::prelude::*;
use pullpath_lesson::{Texts, hand_in};
use pullpath_view::hand_in::{HandIn, KIND, Learner};

use super::{Failure, Output, PASSED, say};
use crate::files;

const HELP: &str = "\
Usage: pullpath hand-in [--number NUMBER] [--name NAME] FILE...

Puts attempts and quiz answers into one file to hand in, and prints it. A FILE is an
attempt (`pullpath run --attempt` prints one), the answers to a quiz, or a hand-in,
whose parts are taken over.
";

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut learner = Learner::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Long("number") => learner.number = parser.value()?.string()?,
            Long("name") => learner.name = parser.value()?.string()?,
            Value(path) => paths.push(path.into()),
            other => return Err(super::unexpected(other, "hand-in ")),
        }
    }
    if learner == Learner::default() || paths.is_empty() {
        let hint = "pullpath hand-in --name 'Ada Lovelace' attempt.json";
        return Err(Failure(format!("who hands in, and what?\n  = hint: {hint}")));
    }
    let mut whole = HandIn { format: 1, kind: KIND.into(), learner, ..HandIn::default() };
    for path in &paths {
        let name = path.display().to_string();
        let text = files::read_text(path)?.ok_or_else(|| format!("{name}: this is not text"))?;
        let read = hand_in::read(&name, &text).into_result().map_err(|told| {
            let texts = Texts::from([(name.clone(), text.clone())]);
            told.iter().map(|told| told.draw(&texts)).collect::<Vec<_>>().join("\n")
        })?;
        whole.attempts.extend(read.attempts.into_iter().map(|placed| placed.value));
        whole.quizzes.extend(read.quizzes.into_iter().map(|placed| placed.value));
    }
    write!(output.out, "{}", hand_in::write(&whole))?;
    Ok(PASSED)
}

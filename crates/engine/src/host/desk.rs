//! What is done around playing: hand-ins written, read and graded, messages looked up. No session is meant.

use std::collections::BTreeMap;

use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::{Texts, hand_in};
use pullpath_view::hand_in::{HandIn, KIND};
use pullpath_view::quiz::QuizSource;
use pullpath_view::wire::{Answer, Errand, Found, Problem};

use super::{Reader, ask, scenarios};
use crate::{meaning, record};

/// What hand-ins are graded with comes in bundles, which hold the blocks of their Markdown.
const BUNDLED: Reader = None;

pub(super) fn answer(errand: Errand, sign: &mut dyn FnMut(usize, usize)) -> Answer {
    match errand {
        Errand::Write { hand_in } => Answer::Log { text: hand_in::write(&hand_in) },
        Errand::Read { name, text } => read(&name, text),
        Errand::Grade { name, text, scenarios, quizzes } => {
            grade(&name, text, &scenarios, quizzes, sign)
        }
        Errand::Explain { message } => {
            Answer::Found(Found::Meaning { meaning: Box::new(meaning::meaning(&message)) })
        }
    }
}

/// What stands in a file that somebody handed in.
fn read(name: &str, text: String) -> Answer {
    let checked = hand_in::read(name, &text);
    let problems = problems(name, text, &checked.diagnostics);
    let hand_in = checked.value.map(|read| {
        Box::new(HandIn {
            format: 1,
            kind: KIND.to_owned(),
            learner: read.learner.unwrap_or_default(),
            attempts: read.attempts.into_iter().map(|placed| placed.value).collect(),
            quizzes: read.quizzes.into_iter().map(|placed| placed.value).collect(),
            digest: String::new(),
        })
    });
    Answer::Found(Found::Read { hand_in, problems })
}

fn grade(
    name: &str,
    text: String,
    sources: &BTreeMap<String, Texts>,
    quizzes: Vec<QuizSource>,
    sign: &mut dyn FnMut(usize, usize),
) -> Answer {
    let mut asked = BTreeMap::new();
    for source in quizzes {
        match ask(BUNDLED, &source) {
            Ok(quiz) => asked.insert(source.id, quiz),
            Err(problems) => return Answer::Broken { problems },
        };
    }
    let graded = record::grade(name, &text, &scenarios(BUNDLED, sources), &asked, sign);
    let problems = problems(name, text, &graded.told);
    let record = Box::new(graded.record);
    Answer::Found(Found::Graded { record, worth: graded.worth, problems })
}

/// Without the source line: hand-ins have very long ones.
fn problems(name: &str, text: String, told: &[Diagnostic]) -> Vec<Problem> {
    let texts = Texts::from([(name.to_owned(), text)]);
    let problem = |told: &Diagnostic| Problem { drawing: String::new(), ..told.problem(&texts) };
    told.iter().map(problem).collect()
}

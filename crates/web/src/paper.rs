//! Hand-ins: written, read and graded by the engine, with content that is fetched for it.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_view::content::{Index, QuizBundle};
use pullpath_view::hand_in::{HandIn, Learner};
use pullpath_view::record::Record;
use pullpath_view::wire::{Answer, Ask, Errand, Found, Problem, Worth};

use crate::engine::Engine;
use crate::fetch::fetch;
use crate::quiz::{sources_of, with_scenarios};
use crate::store::Progress;

/// A hand-in whose record was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    pub record: Record,
    /// What each attempt, then each quiz comes to.
    pub worth: Vec<Option<Worth>>,
    pub problems: Vec<Problem>,
}

impl Graded {
    /// The record as a file: the same bytes as that part of what `pullpath grade --format json` prints.
    pub fn file(&self) -> String {
        // Through a value, whose keys are sorted, as the command line prints them.
        let value = serde_json::to_value(&self.record).expect("a record has string keys only");
        serde_json::to_string_pretty(&value).expect("it is a JSON value") + "\n"
    }
}

/// The text of a hand-in.
pub async fn write(engine: &Engine, hand_in: HandIn) -> Result<String, String> {
    match engine.answer(Ask::Errand(Errand::Write { hand_in }), |_, _| {}).await {
        Ok(Answer::Log { text }) => Ok(text),
        Ok(_) => Err(misunderstood()),
        Err(loss) => Err(loss.words().to_owned()),
    }
}

/// What stands in a file. The problems are those of what could not be read.
pub async fn read(
    engine: &Engine,
    name: String,
    text: String,
) -> Result<(Option<HandIn>, Vec<Problem>), String> {
    match engine.answer(Ask::Errand(Errand::Read { name, text }), |_, _| {}).await {
        Ok(Answer::Found(Found::Read { hand_in, problems })) => {
            Ok((hand_in.map(|whole| *whole), problems))
        }
        Ok(_) => Err(misunderstood()),
        Err(loss) => Err(loss.words().to_owned()),
    }
}

/// Replays everything in a hand-in and makes its record. `sign` hears how many parts are done, of how many.
pub async fn grade(
    engine: &Engine,
    index: &Index,
    hand_in: &HandIn,
    name: String,
    text: String,
    sign: impl Fn(i64, i64) + 'static,
) -> Result<Graded, String> {
    // What this site does not have is told by the engine, as by the command line.
    let played: BTreeSet<&str> =
        hand_in.attempts.iter().map(|one| one.attempt.scenario.as_str()).collect();
    let mut scenarios = BTreeMap::new();
    for entry in index.scenarios.iter().filter(|entry| played.contains(entry.id.as_str())) {
        scenarios.insert(entry.id.clone(), sources_of(&entry.id, index).await?);
    }
    let answered: BTreeSet<&str> = hand_in.quizzes.iter().map(|one| one.quiz.as_str()).collect();
    let mut quizzes = Vec::new();
    for entry in index.quizzes.iter().filter(|entry| answered.contains(entry.id.as_str())) {
        let bundle = fetch::<QuizBundle>(&entry.bundle).await?;
        quizzes.push(with_scenarios(&bundle, index).await?);
    }
    match engine.answer(Ask::Errand(Errand::Grade { name, text, scenarios, quizzes }), sign).await {
        Ok(Answer::Found(Found::Graded { record, worth, problems })) => {
            Ok(Graded { record: *record, worth, problems })
        }
        Ok(Answer::Broken { problems }) => {
            let problem = problems.first().map(|problem| problem.message.as_str());
            Err(format!(
                "The content of this site has a mistake: {}.",
                problem.unwrap_or("unknown")
            ))
        }
        Ok(_) => Err(misunderstood()),
        Err(loss) => Err(loss.words().to_owned()),
    }
}

fn misunderstood() -> String {
    "The engine did not understand the page. Load the page again.".to_owned()
}

/// The name of a hand-in's file: who hands in, as far as it can stand in a file's name.
pub fn file_name(learner: &Learner) -> String {
    let who = if learner.number.is_empty() { &learner.name } else { &learner.number };
    let mut plain = String::new();
    for letter in who.chars().take(60) {
        match letter {
            letter if letter.is_alphanumeric() => plain.extend(letter.to_lowercase()),
            _ if !plain.is_empty() && !plain.ends_with('-') => plain.push('-'),
            _ => {}
        }
    }
    let plain = plain.trim_end_matches('-');
    if plain.is_empty() { "hand-in.json".to_owned() } else { format!("hand-in-{plain}.json") }
}

/// What would be handed in, in words: `2 attempts at 2 scenarios, 1 go at 1 quiz`.
pub fn in_words(progress: &Progress) -> String {
    let whole = progress.hand_in(Learner::default());
    let scenarios: BTreeSet<&str> =
        whole.attempts.iter().map(|one| one.attempt.scenario.as_str()).collect();
    let quizzes: BTreeSet<&str> = whole.quizzes.iter().map(|one| one.quiz.as_str()).collect();
    let count = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let mut parts = Vec::new();
    if !whole.attempts.is_empty() {
        let attempts = count(whole.attempts.len(), "attempt", "attempts");
        parts.push(format!("{attempts} at {}", count(scenarios.len(), "scenario", "scenarios")));
    }
    if !whole.quizzes.is_empty() {
        let answers = count(whole.quizzes.len(), "set of answers", "sets of answers");
        parts.push(format!("{answers} to {}", count(quizzes.len(), "quiz", "quizzes")));
    }
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_who_hands_in() {
        let learner =
            |number: &str, name: &str| Learner { number: number.into(), name: name.into() };
        for (learner, want) in [
            (learner("S 17/b", "Ada"), "hand-in-s-17-b.json"),
            (learner("", "Žofie Łoś"), "hand-in-žofie-łoś.json"),
            (learner("", "../.."), "hand-in.json"),
        ] {
            assert_eq!(file_name(&learner), want);
        }
    }
}

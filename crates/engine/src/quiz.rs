//! The keys of predictions: what the model really does.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_lesson::diagnostic::{Diagnostic, did_you_mean};
use pullpath_lesson::prediction::{Outcome, outcome};
use pullpath_lesson::quiz::{Kind, Predict, Question, Quiz};
use pullpath_lesson::scenario::{Answer, FILE, Scenario};

use crate::answer;

/// A quiz with the computed outcomes of its predictions, by question.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub quiz: Quiz,
    /// What the model comes to.
    pub keys: BTreeMap<String, Outcome>,
}

/// The computed outcome of each prediction, by the question's id, and what does not hold in the file.
pub fn keys<'s>(
    file: &str,
    quiz: &Quiz,
    scenario: &dyn Fn(&str) -> Option<&'s Arc<Scenario>>,
    known: &[&str],
) -> (BTreeMap<String, Outcome>, Vec<Diagnostic>) {
    of_questions(file, quiz.questions().iter(), scenario, known)
}

fn of_questions<'q, 's>(
    file: &str,
    questions: impl Iterator<Item = &'q Question>,
    scenario: &dyn Fn(&str) -> Option<&'s Arc<Scenario>>,
    known: &[&str],
) -> (BTreeMap<String, Outcome>, Vec<Diagnostic>) {
    let mut keys = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for question in questions {
        let Kind::Predict(predict) = &question.kind else { continue };
        match key(file, predict, scenario, known) {
            Ok(key) => {
                if let Some(expect) = predict.expect.filter(|expect| *expect != key) {
                    let message = format!(
                        "`{}` was expected, and the model comes to `{}`",
                        expect.name(),
                        key.name()
                    );
                    let hint =
                        "the computed one is what counts: mend the question, or report the model";
                    let span = predict.expect_span.clone();
                    diagnostics
                        .push(Diagnostic::error("wrong-key", file, span, message).hint(hint));
                }
                keys.insert(question.id.clone(), key);
            }
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    (keys, diagnostics)
}

/// The computed outcome of each prediction among a scenario's own questions, and what does not hold.
pub fn own_keys(scenario: &Arc<Scenario>) -> (BTreeMap<String, Outcome>, Vec<Diagnostic>) {
    let questions = scenario.questions().iter().map(|posed| &posed.question);
    of_questions(FILE, questions, &|_| Some(scenario), &[])
}

fn key<'s>(
    file: &str,
    predict: &Predict,
    scenario: &dyn Fn(&str) -> Option<&'s Arc<Scenario>>,
    known: &[&str],
) -> Result<Outcome, Box<Diagnostic>> {
    let error = |code, span: &pullpath_lesson::source::Span, message: String, hint: String| {
        Box::new(Diagnostic::error(code, file, span.clone(), message).hint(hint))
    };
    let found = scenario(&predict.scenario).ok_or_else(|| {
        let hint = did_you_mean(&predict.scenario, known.iter().copied()).unwrap_or_else(|| {
            "write the name of a folder in `scenarios`, beside the quiz's".to_owned()
        });
        let message = format!("there is no scenario `{}`", predict.scenario);
        error("unknown-scenario", &predict.scenario_span, message, hint)
    })?;
    let answer = Answer {
        name: "the question".to_owned(),
        files: predict.files.clone(),
        commands: predict.commands.clone(),
    };
    let session = answer::play(found, &answer).map_err(|why| {
        let hint = "write what a learner could do in that scenario".to_owned();
        error("answer-refused", &predict.scenario_span, format!("it cannot be played: {why}"), hint)
    })?;
    let about = &predict.about;
    if session.cluster().store.get(&about.key()).is_none() {
        let hint = format!("write a workload of `{}`", predict.scenario);
        let message = format!("there is no workload `{about}` in it");
        return Err(error("unknown-workload", &predict.about_span, message, hint));
    }
    Ok(outcome(session.cluster(), about))
}

//! Prediction, diagnosis, hints, explanation.

use std::cmp::Ordering;

use pullpath_lesson::grade;
use pullpath_lesson::scenario::{self, Due, LadderRule, Step};
use pullpath_view::pane::{Diagnosis, Guide, Prediction, StepRow, StepState};
use pullpath_view::quiz::Posed;

use super::ladder::TITLES;
use crate::record;
use crate::session::Session;
use pullpath_lesson::prediction::{Outcome, UNSURE};

pub(crate) fn guide(session: &Session) -> Guide {
    let state = &session.guide;
    let at = session.step();
    let step = &session.scenario.steps()[at];
    let hints = &step.hints;
    let open = session.open_hints(at).min(hints.len());
    let hint_note = session.hint_note(at);
    let questions: Vec<Posed> =
        session.scenario.questions().iter().filter_map(|posed| asked(session, posed)).collect();
    let questions_later = (session.scenario.questions().len() - questions.len()) as u32;
    Guide {
        steps: steps(session),
        step: at as u32,
        prediction: prediction(session),
        diagnosis: diagnosis(session),
        hints: hints[..open].iter().map(|hint| hint.text.clone()).collect(),
        more_hints: open < hints.len() && hint_note.is_none(),
        hint_cost: hints.get(open).map_or(0, |hint| hint.penalty),
        hints_cost: session.deeds().cost(&session.scenario).hints,
        hint_note,
        questions,
        questions_later,
        explanation: if state.passed {
            session.scenario.explanation().to_vec()
        } else {
            Vec::new()
        },
        last_run: session.last_run.clone(),
    }
}

/// A question with what became of it, if it is asked by now.
fn asked(session: &Session, posed: &scenario::Posed) -> Option<Posed> {
    let question = &posed.question;
    let given = grade::response(&session.attempt.actions, &question.id);
    let is_due = match posed.due {
        Due::AtOnce => true,
        Due::AfterPass => session.guide.passed || given.is_some(),
    };
    is_due.then(|| Posed {
        question: question.asked(session.scenario.id()),
        given: given.cloned(),
        verdict: given.and_then(|given| record::judgement(question, given, session.key(posed))),
    })
}

fn steps(session: &Session) -> Vec<StepRow> {
    if !session.scenario.has_path() {
        return Vec::new();
    }
    let row = |(at, step): (usize, &Step)| {
        let state = match at.cmp(&session.guide.step) {
            Ordering::Less => StepState::Done,
            Ordering::Equal => StepState::Current,
            Ordering::Greater => StepState::ToCome,
        };
        let task = if is_shown(session, at) { step.task.clone() } else { Vec::new() };
        let is_done = state == StepState::Done;
        let explanation = if is_done { step.explanation.clone() } else { Vec::new() };
        StepRow { title: step.title.clone(), state, task, explanation }
    };
    session.scenario.steps().iter().enumerate().map(row).collect()
}

/// Whether a step has begun; after a pass there is nothing to keep back.
pub(crate) fn is_shown(session: &Session, step: usize) -> bool {
    step <= session.guide.step || session.guide.passed
}

fn prediction(session: &Session) -> Option<Prediction> {
    let at = session.step();
    let predict = session.scenario.steps()[at].predict.as_ref()?;
    let state = session.guide.predictions.get(&at).cloned().unwrap_or_default();
    let options =
        Outcome::ALL.iter().map(|outcome| (outcome.name().to_owned(), outcome.words().to_owned()));
    let unsure = (UNSURE.to_owned(), "I don't know".to_owned());
    let comment = state.outcome.map(|outcome| {
        let came = format!("What came: {}.", lower_first(outcome.words()));
        match state.chosen.as_deref() {
            None | Some(UNSURE) => came,
            Some(chosen) if chosen == outcome.name() => format!("As you predicted. {came}"),
            Some(_) => format!("Not what you predicted. {came} The events and the ladder say why."),
        }
    });
    Some(Prediction {
        question: predict.question.clone(),
        options: options.chain([unsure]).collect(),
        chosen: state.chosen,
        locked: state.locked,
        outcome: state.outcome.map(|outcome| outcome.name().to_owned()),
        comment,
    })
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

fn diagnosis(session: &Session) -> Option<Diagnosis> {
    if session.scenario.ladder() != LadderRule::AfterDiagnosis {
        return None;
    }
    let state = &session.guide;
    let comment = match (state.diagnosis, state.diagnosis_right) {
        (Some(_), Some(true)) => {
            Some("Right: that is where it broke when you said so. The ladder shows it.".to_owned())
        }
        (Some(_), Some(false)) => Some(
            "It broke at another rung. The ladder is open now: find the first that failed."
                .to_owned(),
        ),
        (Some(_), None) => {
            Some("No Pod was waiting when you said so. The ladder is open now.".to_owned())
        }
        (None, _) => None,
    };
    Some(Diagnosis {
        rungs: TITLES.iter().map(|&title| title.to_owned()).collect(),
        chosen: state.diagnosis,
        comment,
        right: state.diagnosis_right,
    })
}

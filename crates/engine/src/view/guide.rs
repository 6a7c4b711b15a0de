//! Prediction, diagnosis, hints, explanation.

use pullpath_lesson::grade;
use pullpath_lesson::scenario::{self, Due, LadderRule};
use pullpath_view::pane::{Diagnosis, Guide, Prediction};
use pullpath_view::quiz::Posed;

use super::ladder::TITLES;
use crate::record;
use crate::session::Session;
use pullpath_lesson::prediction::{Outcome, UNSURE};

pub(crate) fn guide(session: &Session) -> Guide {
    let state = &session.guide;
    let hints = session.scenario.hints();
    let open = state.hints.min(hints.len());
    let hint_note = session.hint_note();
    let questions: Vec<Posed> =
        session.scenario.questions().iter().filter_map(|posed| asked(session, posed)).collect();
    let questions_later = (session.scenario.questions().len() - questions.len()) as u32;
    Guide {
        prediction: prediction(session),
        diagnosis: diagnosis(session),
        hints: hints[..open].to_vec(),
        more_hints: open < hints.len() && hint_note.is_none(),
        hint_cost: session.scenario.next_penalty(open),
        hints_cost: session.scenario.penalty(open),
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

fn prediction(session: &Session) -> Option<Prediction> {
    let predict = session.scenario.predict()?;
    let state = &session.guide;
    let options =
        Outcome::ALL.iter().map(|outcome| (outcome.name().to_owned(), outcome.words().to_owned()));
    let unsure = (UNSURE.to_owned(), "I don't know".to_owned());
    let comment = state.outcome.map(|outcome| {
        let came = format!("What came: {}.", lower_first(outcome.words()));
        match state.prediction.as_deref() {
            None | Some(UNSURE) => came,
            Some(chosen) if chosen == outcome.name() => format!("As you predicted. {came}"),
            Some(_) => format!("Not what you predicted. {came} The events and the ladder say why."),
        }
    });
    Some(Prediction {
        question: predict.question.clone(),
        options: options.chain([unsure]).collect(),
        chosen: state.prediction.clone(),
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

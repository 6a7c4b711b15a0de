//! What a learner did, as far as checks ask for it.

use std::collections::BTreeSet;

use pullpath_view::Action;
use pullpath_view::hand_in::Response;

use crate::prediction::Outcome;
use crate::quiz::Judged;
use crate::scenario::{Deed, Posed, Scenario};

/// What was done since the last reset, how many hints were opened, and how each question was answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deeds {
    done: BTreeSet<Deed>,
    hints: usize,
    // As many as there are questions.
    judged: Vec<Option<Judged>>,
}

/// What an action comes to, if a scenario can forbid it. Edits count by what the file then is.
pub fn deed(action: &Action) -> Option<Deed> {
    match action {
        Action::DeletePod { .. } => Some(Deed::DeletePod),
        Action::RestartRollout { .. } => Some(Deed::RestartRollout),
        Action::FreshToken { .. } => Some(Deed::FreshToken),
        Action::Edit { .. }
        | Action::ResetFile { .. }
        | Action::Apply
        | Action::Run
        | Action::Advance { .. }
        | Action::Predict { .. }
        | Action::Diagnose { .. }
        | Action::Answer { .. }
        | Action::Hint
        | Action::OpenLadder
        | Action::Reset => None,
    }
}

impl Deeds {
    /// Of actions that were done, in order, after which the files are as `text` says. `key` is the computed outcome of a
    /// prediction among the questions.
    pub fn of<'t>(
        scenario: &Scenario,
        actions: &[Action],
        text: &dyn Fn(&str) -> Option<&'t str>,
        key: &dyn Fn(&Posed) -> Option<Outcome>,
    ) -> Self {
        let last_reset = actions.iter().rposition(|action| *action == Action::Reset);
        let since = &actions[last_reset.map_or(0, |reset| reset + 1)..];
        let mut done: BTreeSet<Deed> = since.iter().filter_map(deed).collect();
        let differs = scenario
            .files()
            .iter()
            .filter(|file| text(&file.name).is_some_and(|now| now != file.text));
        done.extend(differs.map(|file| Deed::Changed(file.name.clone())));
        // Nothing takes a hint back.
        let hints = actions.iter().filter(|action| **action == Action::Hint).count();
        // Nor an answer.
        let judge = |posed: &Posed| {
            let response = response(actions, &posed.question.id)?;
            posed.question.judge(response, key(posed))
        };
        let judged = scenario.questions().iter().map(judge).collect();
        Self { done, hints, judged }
    }

    /// How many hints were opened.
    pub const fn hints(&self) -> usize {
        self.hints
    }

    /// What each question's answer is worth, in the scenario's order; `None` where there is none.
    pub fn judged(&self) -> &[Option<Judged>] {
        &self.judged
    }

    /// The points of the questions that are answered rightly, less what the open hints cost: that may be below nothing.
    pub(super) fn balance(&self, scenario: &Scenario) -> i64 {
        let judged = scenario.questions().iter().zip(&self.judged);
        let right = judged.filter(|(_, judged)| judged.as_ref().is_some_and(|one| one.right));
        let earned: u32 = right.map(|(posed, _)| posed.question.points).sum();
        i64::from(earned) - i64::from(scenario.penalty(self.hints))
    }

    /// The first of some deeds that was done.
    pub(super) fn first_of<'d>(&self, deeds: &'d [Deed]) -> Option<&'d Deed> {
        deeds.iter().find(|deed| self.done.contains(deed))
    }
}

/// What was answered to a question.
pub fn response<'a>(actions: &'a [Action], id: &str) -> Option<&'a Response> {
    actions.iter().find_map(|action| match action {
        Action::Answer { question, response } if question == id => Some(response),
        _ => None,
    })
}

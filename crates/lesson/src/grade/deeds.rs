//! What a learner did, as far as checks ask for it.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_model::ordered;
use pullpath_view::Action;
use pullpath_view::hand_in::Response;

use crate::prediction::Outcome;
use crate::quiz::Judged;
use crate::scenario::{Deed, Posed, Scenario};

/// What was done since the last reset; and what a reset does not take back: hints, tries, what actions cost, the diagnosis,
/// answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deeds {
    done: BTreeSet<Deed>,
    // How many hints were opened, by step.
    hints: BTreeMap<usize, usize>,
    // How often each was done in the whole attempt.
    counts: BTreeMap<Deed, u32>,
    // As many as there are questions.
    judged: Vec<Option<Judged>>,
    /// How many tries brought no goal further.
    pub fruitless: u32,
    /// The rung that was named last, and whether the pull broke there.
    pub diagnosis: Option<(u8, bool)>,
}

/// What is taken off the points, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// For hints.
    pub hints: u32,
    /// For tries that brought no goal further.
    pub tries: u32,
    /// For what was done.
    pub deeds: u32,
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
        | Action::Hint { .. }
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
        let mut done: BTreeSet<Deed> = ordered::set(since.iter().filter_map(deed));
        let differs = scenario
            .files()
            .iter()
            .filter(|file| text(&file.name).is_some_and(|now| now != file.text));
        done.extend(differs.map(|file| Deed::Changed(file.name.clone())));
        let judge = |posed: &Posed| {
            let response = response(actions, &posed.question.id)?;
            posed.question.judge(response, key(posed))
        };
        let judged = scenario.questions().iter().map(judge).collect();
        let mut deeds = Self { done, judged, ..Self::default() };
        for action in actions {
            if let Action::Hint { step } = action {
                *deeds.hints.entry(*step as usize).or_default() += 1;
            }
            if let Some(deed) = deed(action) {
                *deeds.counts.entry(deed).or_default() += 1;
            }
        }
        deeds
    }

    /// How many hints of a step were opened.
    pub fn hints(&self, step: usize) -> usize {
        self.hints.get(&step).copied().unwrap_or(0)
    }

    /// What is taken off the points.
    pub fn cost(&self, scenario: &Scenario) -> Cost {
        let steps = scenario.steps().iter().enumerate();
        let penalties = scenario.penalties();
        let deeds = self.counts.iter();
        Cost {
            hints: steps.map(|(at, step)| step.hints_cost(self.hints(at))).sum(),
            tries: penalties.of_tries(self.fruitless),
            deeds: deeds.map(|(deed, times)| penalties.of(deed).saturating_mul(*times)).sum(),
        }
    }

    /// What each question's answer is worth, in the scenario's order; `None` where there is none.
    pub fn judged(&self) -> &[Option<Judged>] {
        &self.judged
    }

    /// What points of goals come to with questions that are answered rightly, and less what costs; never below nothing.
    pub fn points(&self, goals: u32, scenario: &Scenario) -> u32 {
        let judged = scenario.questions().iter().zip(&self.judged);
        let right = judged.filter(|(_, judged)| judged.as_ref().is_some_and(|one| one.right));
        let earned: u32 = right.map(|(posed, _)| posed.question.points).sum();
        let Cost { hints, tries, deeds } = self.cost(scenario);
        let cost = hints.saturating_add(tries).saturating_add(deeds);
        (goals + earned).saturating_sub(cost)
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

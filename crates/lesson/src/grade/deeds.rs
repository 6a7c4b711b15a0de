//! What a learner did, as far as checks ask for it.

use std::collections::BTreeSet;

use pullpath_view::Action;

use crate::scenario::{Deed, Scenario};

/// What was done since the last reset, and how many hints were opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deeds {
    done: BTreeSet<Deed>,
    hints: usize,
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
        | Action::Hint
        | Action::OpenLadder
        | Action::Reset => None,
    }
}

impl Deeds {
    /// Of actions that were done, in order, after which the files are as `text` says.
    pub fn of<'t>(
        scenario: &Scenario,
        actions: &[Action],
        text: &dyn Fn(&str) -> Option<&'t str>,
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
        Self { done, hints }
    }

    /// How many hints were opened.
    pub const fn hints(&self) -> usize {
        self.hints
    }

    /// The first of some deeds that was done.
    pub(super) fn first_of<'d>(&self, deeds: &'d [Deed]) -> Option<&'d Deed> {
        deeds.iter().find(|deed| self.done.contains(deed))
    }
}

//! A row of the report: the record that grading makes, with what a batch adds to it. Every format is made from it.

use std::collections::BTreeMap;

use pullpath_view::hand_in::Learner;
pub(crate) use pullpath_view::record::{Check, Item, Kind, Outcome};
use serde::{Deserialize, Serialize};

/// One learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) learner: Learner,
    /// The files that were handed in.
    pub(crate) files: Vec<String>,
    pub(crate) outcome: Outcome,
    pub(crate) points: u32,
    pub(crate) max_points: u32,
    /// Scenarios, then quizzes, by id.
    pub(crate) items: Vec<Item>,
    pub(crate) problems: Vec<Problem>,
    /// A hash of everything that the row depends on: a row with the same key need not be made again.
    pub(crate) key: String,
}

impl Row {
    /// How the learner is called in a line of text.
    pub(crate) fn label(&self) -> String {
        label(&self.learner)
    }
}

pub(crate) fn label(learner: &Learner) -> String {
    [learner.number.as_str(), learner.name.as_str()].join(" ").trim().to_owned()
}

/// Something that is wrong with a hand-in, at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: String,
    pub(crate) warning: bool,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl Problem {
    /// A problem that stands nowhere in a text.
    pub(crate) fn of_file(code: &str, file: &str, message: String, hint: &str) -> Self {
        Self {
            code: code.to_owned(),
            warning: false,
            file: file.to_owned(),
            line: 1,
            column: 1,
            message,
            hint: Some(hint.to_owned()),
        }
    }

    /// As the command line prints it, without the source line: hand-ins have very long ones.
    pub(crate) fn draw(&self) -> String {
        let severity = if self.warning { "warning" } else { "error" };
        let Self { code, file, line, column, message, hint, .. } = self;
        let hint = hint.as_ref().map(|hint| format!("\n  = hint: {hint}")).unwrap_or_default();
        format!("{severity}[{code}]: {message}\n --> {file}:{line}:{column}{hint}")
    }
}

/// How many learners missed or chose what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) learners: u32,
    pub(crate) passed: u32,
    pub(crate) not_passed: u32,
    pub(crate) errors: u32,
    pub(crate) missing: u32,
    pub(crate) items: Vec<ItemSummary>,
}

/// One scenario or quiz over all learners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ItemSummary {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) graded: u32,
    pub(crate) passed: u32,
    pub(crate) checks: Vec<CheckSummary>,
}

/// One goal or question over all learners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CheckSummary {
    pub(crate) id: String,
    pub(crate) graded: u32,
    pub(crate) failed: u32,
    /// Feedback or option to how many drew or chose it.
    pub(crate) drew: BTreeMap<String, u32>,
}

impl Summary {
    pub(crate) fn of(rows: &[Row]) -> Self {
        let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count() as u32;
        let mut items: Vec<ItemSummary> = Vec::new();
        for item in rows.iter().flat_map(|row| &row.items) {
            let same = |known: &&mut ItemSummary| known.kind == item.kind && known.id == item.id;
            match items.iter_mut().find(same) {
                Some(known) => known.add(item),
                None => {
                    let (kind, id) = (item.kind, item.id.clone());
                    let mut fresh =
                        ItemSummary { kind, id, graded: 0, passed: 0, checks: Vec::new() };
                    fresh.add(item);
                    items.push(fresh);
                }
            }
        }
        Self {
            learners: rows.len() as u32,
            passed: count(Outcome::Pass),
            not_passed: count(Outcome::Fail),
            errors: count(Outcome::Error),
            missing: count(Outcome::Missing),
            items,
        }
    }
}

impl ItemSummary {
    fn add(&mut self, item: &Item) {
        if !matches!(item.outcome, Outcome::Pass | Outcome::Fail) {
            return;
        }
        self.graded += 1;
        self.passed += u32::from(item.outcome == Outcome::Pass);
        for check in &item.checks {
            let known = match self.checks.iter().position(|known| known.id == check.id) {
                Some(place) => &mut self.checks[place],
                None => {
                    let id = check.id.clone();
                    let fresh = CheckSummary { id, graded: 0, failed: 0, drew: BTreeMap::new() };
                    self.checks.push(fresh);
                    self.checks.last_mut().expect("it was just pushed")
                }
            };
            known.graded += 1;
            known.failed += u32::from(check.outcome != Outcome::Pass);
            for drawn in check.feedback.iter().chain(&check.chosen) {
                *known.drew.entry(drawn.clone()).or_default() += 1;
            }
        }
    }
}

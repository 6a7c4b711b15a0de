//! What came of a run, and how it is printed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::case::Difference;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that it expects is so.
    Passed,
    /// Something is not.
    Failed(Vec<Difference>),
    /// The runner has no part for something in it.
    NotPlayed(String),
    /// Playing it ended in a panic, with these words.
    Panicked(String),
}

/// One case and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The stem of its file's name, or `cluster`.
    pub family: String,
    /// Its id.
    pub id: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// All outcomes of a run, in the order in which they were played.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The outcomes.
    pub outcomes: Vec<Outcome>,
}

impl Verdict {
    /// Whether it is a pass.
    pub const fn passed(&self) -> bool {
        matches!(self, Self::Passed)
    }
}

impl Report {
    /// Passed and all cases of each family.
    pub fn families(&self) -> BTreeMap<&str, (u32, u32)> {
        let mut families = BTreeMap::new();
        for outcome in &self.outcomes {
            let (passed, total) = families.entry(outcome.family.as_str()).or_default();
            *passed += u32::from(outcome.verdict.passed());
            *total += 1;
        }
        families
    }

    /// The cases that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| !outcome.verdict.passed())
    }

    /// A line for each family, then the ids that fail.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for (family, (passed, total)) in self.families() {
            writeln!(out, "{family}: {passed}/{total}")?;
        }
        for Outcome { family, id, verdict } in self.failures() {
            match verdict {
                Verdict::Passed => {}
                Verdict::Failed(_) => writeln!(out, "{family}/{id}")?,
                Verdict::NotPlayed(why) => writeln!(out, "{family}/{id} (not played: {why})")?,
                Verdict::Panicked(words) => {
                    let first = words.lines().next().unwrap_or_default();
                    writeln!(out, "{family}/{id} (panicked: {first})")?;
                }
            }
        }
        Ok(())
    }

    /// Expected and got of the cases of that id (or `family/id`); false if there is none.
    pub fn show(&self, wanted: &str, out: &mut dyn Write) -> io::Result<bool> {
        let mut found = false;
        for Outcome { family, id, verdict } in &self.outcomes {
            if id != wanted && format!("{family}/{id}") != wanted {
                continue;
            }
            found = true;
            writeln!(out, "{family}/{id}")?;
            match verdict {
                Verdict::Passed => writeln!(out, "passed")?,
                Verdict::NotPlayed(why) => writeln!(out, "not played: {why}")?,
                Verdict::Panicked(words) => writeln!(out, "panicked: {words}")?,
                Verdict::Failed(differences) => {
                    for difference in differences {
                        writeln!(out, "{difference}")?;
                    }
                }
            }
        }
        Ok(found)
    }
}

//! The verdict on an answer: what the simulated cluster does, not what a file says.
//!
//! Goals count from the learner's last change. The grader takes the cluster as it was right after that change and lets
//! a copy of it run on, so a verdict does not depend on how far the learner let the clock run.

mod deeds;
mod objects;
mod outcome;
mod trial;

use pullpath_model::cluster::Cluster;
use pullpath_model::object::Key;
use pullpath_model::ordered;
use pullpath_view::block::Block;

pub use deeds::{Cost, Deeds, deed, response};

use crate::quiz::Judged;
use crate::scenario::{Scenario, Workload};
use outcome::Outcome;

/// The verdict on a whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// One for each goal, in the scenario's order.
    pub goals: Vec<GoalVerdict>,
    /// One for each question, in the scenario's order; `None` where it is not answered.
    pub questions: Vec<Option<Judged>>,
    /// Points of the goals that are met and of the questions that are answered rightly, less what hints, tries and actions
    /// cost.
    pub points: u32,
    /// Whether the goals that the learner sees are enough. Questions give points and other things cost some; none decides it.
    pub passed: bool,
}

/// The verdict on one goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoalVerdict {
    /// The goal's id.
    pub id: String,
    /// Whether it holds.
    pub met: bool,
    /// Why not.
    pub miss: Option<Miss>,
    /// The number of the drawn world in which it was missed; `None` if that was the scenario's own.
    pub world: Option<u32>,
}

/// Why a goal was missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The id of the feedback whose conditions held.
    pub feedback: Option<String>,
    /// What is said.
    pub say: Vec<Block>,
    /// The object that shows it: a Pod, the workload where there is none, what a check on objects found. What was done is
    /// shown by no object.
    pub object: Option<Key>,
    /// The last warning about it, word for word.
    pub event: Option<String>,
    /// The broken rung.
    pub rung: Option<u8>,
}

/// Judges an answer. `after_change` is the cluster right after the learner's last change.
pub fn judge(scenario: &Scenario, after_change: &Cluster, deeds: &Deeds) -> Verdict {
    let changed = after_change.now();
    let outcomes = outcomes(scenario, after_change, deeds, &|_| true);
    let met = |id: &str| {
        let index = scenario.goals().iter().position(|goal| goal.id == id);
        index.and_then(|index| outcomes[index].as_ref()).is_some_and(|outcome| outcome.met)
    };
    let judged = scenario.goals().iter().zip(&outcomes);
    let goals: Vec<GoalVerdict> = judged
        .filter_map(|(goal, outcome)| Some((goal, outcome.as_ref()?)))
        .map(|(goal, outcome)| GoalVerdict {
            id: goal.id.clone(),
            met: outcome.met,
            miss: (!outcome.met).then(|| outcome.miss(goal, changed, &met)),
            world: None,
        })
        .collect();
    Verdict::of(scenario, goals, deeds)
}

/// Which of some goals, by their places in the scenario, do not hold.
pub fn missed(
    scenario: &Scenario,
    after_change: &Cluster,
    deeds: &Deeds,
    wanted: &dyn Fn(usize) -> bool,
) -> Vec<usize> {
    let outcomes = outcomes(scenario, after_change, deeds, wanted);
    let missed = |outcome: &Option<Outcome>| outcome.as_ref().is_some_and(|outcome| !outcome.met);
    (0..outcomes.len()).filter(|place| missed(&outcomes[*place])).collect()
}

/// What became of the wanted goals. They share one run of the cluster as far as they only look on: the first minutes after
/// a change are the dear ones.
fn outcomes(
    scenario: &Scenario,
    after_change: &Cluster,
    deeds: &Deeds,
    wanted: &dyn Fn(usize) -> bool,
) -> Vec<Option<Outcome>> {
    let goals = scenario.goals();
    let mut places: Vec<usize> = (0..goals.len()).filter(|place| wanted(*place)).collect();
    ordered::sort_by_key(&mut places, |place| outcome::looks_on_until(&goals[*place]));
    let mut outcomes: Vec<Option<Outcome>> = goals.iter().map(|_| None).collect();
    let mut shared = after_change.clone();
    for place in places {
        let goal = &goals[place];
        shared.run_until(after_change.now() + outcome::looks_on_until(goal));
        outcomes[place] = Some(Outcome::of(goal, shared.clone(), deeds));
    }
    outcomes
}

impl Verdict {
    /// The points of the goals that are met, and whether they are enough.
    pub fn of(scenario: &Scenario, goals: Vec<GoalVerdict>, deeds: &Deeds) -> Self {
        let met = scenario.goals().iter().zip(&goals).filter(|(_, verdict)| verdict.met);
        let all: u32 = met.map(|(goal, _)| goal.points).sum();
        let points = deeds.points(all, scenario);
        let verdict = Self { goals, questions: deeds.judged().to_vec(), points, passed: false };
        Self { passed: verdict.met_points(scenario) >= scenario.pass(), ..verdict }
    }

    /// Whether every goal that the learner sees is met.
    pub fn all_met(&self, scenario: &Scenario) -> bool {
        let mut judged = scenario.goals().iter().zip(&self.goals);
        judged.all(|(goal, verdict)| verdict.met || !goal.is_visible())
    }

    /// The points of the goals that the learner sees, with nothing taken off.
    pub fn met_points(&self, scenario: &Scenario) -> u32 {
        let judged = scenario.goals().iter().zip(&self.goals);
        let met = judged.filter(|(goal, verdict)| verdict.met && goal.is_visible());
        met.map(|(goal, _)| goal.points).sum()
    }
}

/// Whether every Pod that a workload asks for runs, of its current template, and no other is left. What ends well has run.
pub fn is_running(cluster: &Cluster, workload: &Workload) -> bool {
    cluster.progress(&workload.key()).is_complete()
}

/// How many Pods of a workload's current template run, and how many it asks for.
pub fn running_of(cluster: &Cluster, workload: &Workload) -> (u32, u32) {
    let progress = cluster.progress(&workload.key());
    (progress.good(), progress.wanted)
}

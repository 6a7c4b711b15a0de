//! Attempts that somebody handed in, replayed where nobody looks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::grade::Verdict;
use pullpath_lesson::quiz::Kind;
use pullpath_lesson::scenario::{Posed, Scenario};
use pullpath_view::{Action, Attempt};

use crate::quiz;
use crate::session::{self, Session, Watch};
use crate::worlds;

/// Replays attempts at one scenario. The worlds are the instructor's: an attempt's own seed says only what its Pods were
/// called.
#[derive(Debug)]
pub struct Regrader {
    // The world of the instructor's seed.
    start: Session,
    // Starts by the seeds of attempts that name Pods.
    named: Mutex<BTreeMap<u64, Session>>,
    // Graders of the same scenario as attempts drew it, by what was drawn.
    drawn: Mutex<BTreeMap<String, Arc<Self>>>,
}

impl Regrader {
    /// For a scenario in the world of a seed; without one, in its own. The error is of the author's files.
    pub fn new(scenario: &Arc<Scenario>, seed: Option<u64>) -> Result<Self, Diagnostic> {
        let seed = seed.unwrap_or(scenario.world().seed);
        let mut start = start(scenario, seed)?;
        let drawn = OnceLock::new();
        let _ = drawn.set(worlds::drawn(scenario, seed));
        start.worlds = Arc::new(drawn);
        let predicts = |posed: &Posed| matches!(posed.question.kind, Kind::Predict(_));
        if scenario.questions().iter().any(predicts) {
            // A seed must not decide what is right.
            let _ = start.keys.set(quiz::own_keys(scenario).0);
        }
        Ok(Self { start, named: Mutex::default(), drawn: Mutex::default() })
    }

    /// What an attempt is worth. What it drew is part of it; the worlds are not.
    pub fn grade(&self, attempt: &Attempt) -> Verdict {
        match self.as_drawn(attempt.seed) {
            Some(drawn) => drawn.grade_here(attempt),
            None => self.grade_here(attempt),
        }
    }

    /// The scenario as an attempt drew it.
    pub fn scenario(&self, attempt: &Attempt) -> Arc<Scenario> {
        let scenario = |grader: &Self| Arc::clone(&grader.start.scenario);
        self.as_drawn(attempt.seed).map_or_else(|| scenario(self), |drawn| scenario(&drawn))
    }

    /// The grader of the scenario as another seed draws it, where that is not as it is here.
    fn as_drawn(&self, seed: u64) -> Option<Arc<Self>> {
        let scenario = &self.start.scenario;
        let values = scenario.would_draw(seed);
        if values == *scenario.drawn() {
            return None;
        }
        let key: String = values.iter().map(|(_, value)| format!("{value} ")).collect();
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = drawn.get(&key) {
            return Some(Arc::clone(known));
        }
        let worlds = scenario.world().seed;
        let new = Arc::new(Self::new(&Arc::new(scenario.redrawn(seed)?), Some(worlds)).ok()?);
        // There are not many draws, unless somebody has thought of very many values.
        if drawn.len() > 64 {
            drawn.clear();
        }
        drawn.insert(key, Arc::clone(&new));
        Some(new)
    }

    fn grade_here(&self, attempt: &Attempt) -> Verdict {
        let mut session = self.replay(attempt);
        if session::ends_with_a_run(&attempt.actions) {
            // The run that ended the last try decides nothing else, and was left out.
            session.end_try(None);
        }
        session.judge()
    }

    fn replay(&self, attempt: &Attempt) -> Session {
        let mut session = self.start.clone();
        let actions: Vec<&Action> =
            session::decisive(&attempt.actions).map(|place| &attempt.actions[place]).collect();
        let names_pods = actions.iter().any(|action| matches!(action, Action::DeletePod { .. }));
        if !names_pods || attempt.seed == session.scenario.world().seed {
            for action in actions {
                // A refused action changes nothing, then and now.
                let _ = session.act(action.clone(), &mut |_, _| {});
            }
            return session;
        }
        // Played beside its own world, which knows the names.
        let mut own = self.named(attempt.seed);
        for action in actions {
            let before = own.attempt.actions.len();
            let done = own.act(action.clone(), &mut |_, _| {});
            let now = own.attempt.actions.len();
            if done.is_ok() && now > 0 {
                // An edit that took the place of the one before stands where that one stood.
                session.act_as(&own, before.min(now - 1));
            }
        }
        session
    }

    fn named(&self, seed: u64) -> Session {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        // A file may claim any seed: a handful is kept.
        if named.len() > 16 {
            named.clear();
        }
        let scenario = &self.start.scenario;
        named
            .entry(seed)
            .or_insert_with(|| start(scenario, seed).expect("history applies in every world"))
            .clone()
    }
}

fn start(scenario: &Arc<Scenario>, seed: u64) -> Result<Session, Diagnostic> {
    let mut world = scenario.world().clone();
    let same = world.seed == seed;
    world.seed = seed;
    let scenario = if same { Arc::clone(scenario) } else { Arc::new(scenario.in_world(world)) };
    Ok(Session::new(scenario)?.watched_by(Watch::Grader))
}

//! Robust goals: an answer is played again in worlds that are drawn, and must hold in each.
//!
//! A world has a number, and everything that differs in it is drawn from that number: jitter, names and placement
//! always, and what the scenario says under `vary`. So one failing world can be played again from its number alone.

use std::sync::Arc;

use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::grade::{self, Deeds, GoalVerdict, Verdict};
use pullpath_lesson::quantity::duration_text;
use pullpath_lesson::scenario::Scenario;
use pullpath_model::random::Stream;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::World as Surroundings;

use crate::session::{self, Session, Watch};

/// A world that was drawn, with its start.
#[derive(Debug, Clone)]
pub struct World {
    /// Its number.
    pub number: u32,
    /// What was drawn, in words.
    pub differs: String,
    start: Session,
}

/// The number of the world at a place in the row that a seed draws.
pub fn number(scenario: &str, seed: u64, place: u32) -> u32 {
    Stream::new(seed, scenario, &format!("world {place}")).between(0, u32::MAX - 1)
}

impl World {
    /// The world of a number.
    pub fn draw(scenario: &Scenario, number: u32) -> Result<Self, Diagnostic> {
        let (surroundings, arrival, differs) = surroundings(scenario, number);
        let scenario = Arc::new(scenario.in_world(surroundings));
        let mut start = Session::new(scenario)?;
        start.cluster.run_until(SimTime::START + arrival);
        Ok(Self { number, differs, start: start.watched_by(Watch::Nobody) })
    }

    /// What another session's attempt comes to here.
    fn play(&self, other: &Session) -> Session {
        let mut session = self.start.clone();
        for place in session::decisive(&other.attempt.actions) {
            session.act_as(other, place);
        }
        session
    }
}

/// The session of a number's world that can be looked at, with an attempt played in it.
pub fn visit(session: &Session, number: u32) -> Result<(Session, String), Diagnostic> {
    let (surroundings, arrival, differs) = surroundings(&session.scenario, number);
    let mut visited = Session::new(Arc::new(session.scenario.in_world(surroundings)))?;
    visited.past.run(&mut visited.cluster, SimTime::START + arrival, &mut |_| {});
    for place in 0..session.attempt.actions.len() {
        visited.act_as(session, place);
    }
    Ok((visited, differs))
}

/// What surrounds the cluster in the world of a number, when the learner comes, and both in words.
fn surroundings(scenario: &Scenario, number: u32) -> (Surroundings, Span, String) {
    let mut world = scenario.world().clone();
    let vary = scenario.vary();
    let mut differs = Vec::new();
    world.seed = u64::from(number);
    world.drawn_placement = true;
    let draw = |what: &str, name: &str, earliest: i64, latest: i64| {
        // Whole seconds: nobody reads milliseconds.
        let seconds = ((latest - earliest) / 1000) as u32;
        let drawn = Stream::new(u64::from(number), name, what).between(0, seconds);
        earliest + i64::from(drawn) * 1000
    };
    let mut moment = |what: &str, name: &str, range: &(SimTime, SimTime)| {
        let drawn = draw(what, name, range.0.as_millis(), range.1.as_millis());
        let drawn = SimTime::from_millis(drawn);
        differs.push(format!("{name} {what} {}", duration_text(drawn.since(SimTime::START))));
        drawn
    };
    for (name, range) in &vary.tokens {
        if let Some(token) = world.tokens.get_mut(name) {
            token.issued = moment("issued", name, range);
        }
    }
    for node in &mut world.nodes {
        if let Some(range) = vary.nodes.get(&node.name) {
            node.joins = moment("joins", &node.name, range);
        }
    }
    let arrival = Span::millis(draw("arrival", "learner", 0, vary.arrival.as_millis()));
    if vary.arrival > Span::ZERO {
        differs.push(format!("the learner comes {} later", duration_text(arrival)));
    }
    (world, arrival, differs.join(", "))
}

/// The worlds that a scenario's goals ask for, drawn from a seed.
pub(crate) fn drawn(scenario: &Scenario, seed: u64) -> Vec<World> {
    let draw = |place| World::draw(scenario, number(scenario.id(), seed, place));
    // History that applies in one world applies in all: what differs is time and chance. A world in which it does not
    // is none that a learner could have been in.
    (0..scenario.worlds()).filter_map(|place| draw(place).ok()).collect()
}

/// The verdict on a session's attempt: in its own world first, and where a goal holds there, in the drawn ones.
pub(crate) fn judge(session: &Session) -> Verdict {
    let scenario = &session.scenario;
    let deeds = session.deeds();
    let verdict = grade::judge(scenario, session.after_change(), &deeds);
    let held_by: u32 = scenario
        .goals()
        .iter()
        .zip(&verdict.goals)
        .filter(|(_, judged)| judged.met)
        .map(|(goal, _)| goal.worlds)
        .max()
        .unwrap_or(0);
    if held_by == 0 {
        return verdict;
    }
    let worlds = session.worlds.get_or_init(|| drawn(scenario, scenario.world().seed));
    let mut goals = verdict.goals;
    for (place, world) in worlds.iter().enumerate() {
        let wanted = |(goal, judged): (&pullpath_lesson::scenario::Goal, &GoalVerdict)| {
            judged.met && (place as u32) < goal.worlds
        };
        if !scenario.goals().iter().zip(&goals).any(wanted) {
            continue;
        }
        judge_in(world, session, place as u32, &deeds, &mut goals);
    }
    Verdict::of(scenario, goals, &deeds)
}

/// Takes back the goals that hold so far and do not hold in this world.
fn judge_in(
    world: &World,
    session: &Session,
    place: u32,
    deeds: &Deeds,
    goals: &mut [GoalVerdict],
) {
    let scenario = &session.scenario;
    let played = world.play(session);
    let wanted = |at: usize| goals[at].met && place < scenario.goals()[at].worlds;
    let missed = grade::missed(scenario, played.after_change(), deeds, &wanted);
    if missed.is_empty() {
        return;
    }
    let here = grade::judge(&played.scenario, played.after_change(), deeds);
    for (at, here) in here.goals.into_iter().enumerate() {
        if missed.contains(&at) {
            goals[at] = GoalVerdict { world: Some(world.number), ..here };
        }
    }
}

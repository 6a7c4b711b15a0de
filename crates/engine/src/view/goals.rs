//! Goals with their live state.

use pullpath_lesson::grade::{self, Cost, Miss};
use pullpath_lesson::quantity::duration_text;
use pullpath_lesson::scenario::{Check, Goal};
use pullpath_model::cluster::Cluster;
use pullpath_model::time::Span;
use pullpath_view::pane::{Feedback, GoalRow, GoalState, Goals};

use crate::session::{self, Session};
use crate::view::guide::is_shown;

/// The goals at the moment of `cluster`: their words and their live text are of the same one.
pub(crate) fn goals(session: &Session, cluster: &Cluster) -> Goals {
    let (scenario, deeds) = (&session.scenario, session.deeds());
    let verdict = session.verdict_at(cluster.now());
    let visible = scenario.goals().iter().enumerate().filter(|(_, goal)| goal.is_visible());
    let mut points = 0;
    let mut rows = Vec::new();
    for (index, goal) in visible {
        let state = session::state(goal, index, verdict, &deeds);
        if state == Some(true) {
            points += goal.points;
        }
        if is_shown(session, goal.step) {
            let miss = verdict.and_then(|verdict| verdict.goals[index].miss.as_ref());
            rows.push(row(session, cluster, goal, state, miss));
        }
    }
    let cost = deeds.cost(scenario);
    Goals {
        rows,
        points: deeds.points(points, scenario),
        out_of: scenario.visible_total(),
        pass: scenario.pass(),
        passed: session.guide.passed,
        taken_off: taken_off(cost, deeds.fruitless),
        next_try: next_try(session, deeds.fruitless),
    }
}

fn taken_off(cost: Cost, fruitless: u32) -> Vec<String> {
    let tries = format!("{fruitless} tries that brought no goal further");
    // Hints tell what they cost where they stand.
    let for_what = [(cost.tries, tries.as_str()), (cost.deeds, "actions")];
    let told = for_what.into_iter().filter(|(points, _)| *points > 0);
    told.map(|(points, what)| format!("{}: {what}", lost(points))).collect()
}

/// As it stands beside a button.
pub(crate) fn lost(points: u32) -> String {
    let noun = if points == 1 { "point" } else { "points" };
    format!("\u{2212}{points} {noun}")
}

fn next_try(session: &Session, fruitless: u32) -> Option<String> {
    let penalties = session.scenario.penalties();
    let cost = penalties.fruitless_try;
    if cost == 0 || session.guide.passed {
        return None;
    }
    Some(if fruitless == 0 {
        format!(
            "A try that brings no goal further is free the first time, then {} each.",
            lost(cost)
        )
    } else {
        format!("{} if the next try brings no goal further.", lost(cost))
    })
}

fn row(
    session: &Session,
    cluster: &Cluster,
    goal: &Goal,
    state: Option<bool>,
    miss: Option<&Miss>,
) -> GoalRow {
    let when = if cluster.now() < session.cluster.now() { "then" } else { "now" };
    GoalRow {
        id: goal.id.clone(),
        step: goal.step as u32,
        title: goal.title.clone(),
        window: window(goal),
        state: match state {
            None => GoalState::Open,
            Some(true) => GoalState::Met,
            Some(false) => GoalState::Missed,
        },
        points: goal.points,
        live: match &goal.check {
            Check::Running { workload } | Check::Pulled { workload, .. } => {
                let (running, wanted) = grade::running_of(cluster, workload);
                format!("{running} of {wanted} Pods running {when}")
            }
            Check::FreshPod { .. } | Check::Survives { .. } => {
                "judged on a copy of the cluster when you run".into()
            }
            Check::SecretUsers { .. }
            | Check::CredentialsOnlyIn { .. }
            | Check::NoPlainText
            | Check::Verified { .. }
            | Check::NotDone { .. } => "judged when you run".into(),
            Check::Diagnosed => "judged when you name a rung".into(),
        },
        feedback: miss.filter(|_| state == Some(false)).map(|miss| feedback(session, miss)),
    }
}

fn window(goal: &Goal) -> String {
    if goal.check == Check::Diagnosed {
        return String::new();
    }
    if goal.check.workload().is_none() {
        return match goal.at {
            Span::ZERO => "as you leave it".into(),
            at => format!("{} after your last change", duration_text(at)),
        };
    }
    let within = duration_text(goal.within);
    if goal.at == Span::ZERO {
        format!("within {within} of your last change")
    } else {
        format!("{} after your last change, within {within}", duration_text(goal.at))
    }
}

fn feedback(session: &Session, miss: &Miss) -> Feedback {
    Feedback {
        id: miss.feedback.clone(),
        text: miss.say.clone(),
        object: miss.object.as_ref().map(ToString::to_string).unwrap_or_default(),
        event: miss.event.clone(),
        rung: miss.rung.filter(|_| session.ladder_is_open()),
    }
}

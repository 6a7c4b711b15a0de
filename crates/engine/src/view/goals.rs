//! Goals with their live state.

use pullpath_lesson::grade::{self, GoalVerdict, Miss, Verdict};
use pullpath_lesson::quantity::duration_text;
use pullpath_lesson::scenario::{Check, Goal};
use pullpath_model::cluster::Cluster;
use pullpath_model::time::Span;
use pullpath_view::pane::{Feedback, GoalRow, GoalState, Goals};

use crate::session::Session;

/// The goals at the moment of `cluster`: their words and their live text are of the same one.
pub(crate) fn goals(session: &Session, cluster: &Cluster) -> Goals {
    let verdict = session.verdict_at(cluster.now());
    let visible = session.scenario.goals().iter().enumerate().filter(|(_, goal)| goal.is_visible());
    let rows = visible.map(|(index, goal)| {
        let verdict = verdict.map(|verdict| &verdict.goals[index]);
        row(session, cluster, goal, verdict)
    });
    Goals {
        rows: rows.collect(),
        points: Verdict::visible_points(verdict, &session.scenario, &session.deeds()),
        out_of: session.scenario.visible_total(),
        passed: session.guide.passed,
    }
}

fn row(
    session: &Session,
    cluster: &Cluster,
    goal: &Goal,
    verdict: Option<&GoalVerdict>,
) -> GoalRow {
    let when = if cluster.now() < session.cluster.now() { "then" } else { "now" };
    GoalRow {
        id: goal.id.clone(),
        title: goal.title.clone(),
        window: window(goal),
        state: match verdict {
            None => GoalState::Open,
            Some(verdict) if verdict.met => GoalState::Met,
            Some(_) => GoalState::Missed,
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
        },
        feedback: verdict
            .and_then(|verdict| verdict.miss.as_ref())
            .map(|miss| feedback(session, miss)),
    }
}

fn window(goal: &Goal) -> String {
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

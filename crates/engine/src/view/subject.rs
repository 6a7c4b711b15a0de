//! The Pod that the ladder is about, and the attempt that is shown.

use pullpath_model::cluster::Cluster;
use pullpath_model::log::Fact;
use pullpath_model::object::{Key, Workload};
use pullpath_model::pod::PodRun;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::trace::AttemptTrace;
use pullpath_view::pane::Ladder;
use pullpath_view::wire::Query;

use super::ids;
use super::ladder::{clock, rungs, summary};
use crate::session::Session;

/// The Pod that is looked at, with its attempt.
pub(crate) struct Subject {
    pod: Option<PodRun>,
    wanted: Option<u32>,
}

impl Subject {
    /// The selected Pod; without one, the newest Pod that waits, else the newest of all. Selecting a workload selects
    /// its newest waiting Pod.
    pub(crate) fn of(session: &Session, cluster: &Cluster, query: &Query) -> Self {
        let selected = query.selection.as_deref().unwrap_or_default();
        let parts: Vec<&str> = selected.split('/').collect();
        let newest = |pods: Vec<&PodRun>| {
            pods.into_iter()
                .max_by_key(|pod| {
                    (
                        pod.waiting().is_some() && pod.deleting.is_none(),
                        pod.created,
                        pod.key.clone(),
                    )
                })
                .cloned()
        };
        let pod = match parts.as_slice() {
            ["pod", namespace, name] => cluster.pod(namespace, name).cloned(),
            [word, namespace, name] => Workload::of_word(word).and_then(|workload| {
                newest(cluster.pods_below(&Key::new(workload.kind(), namespace, name)))
            }),
            _ => None,
        };
        let goals = session.scenario.goals();
        let of_goals = || {
            let workloads = goals.iter().filter_map(|goal| goal.check.workload());
            let pods = workloads.flat_map(|workload| cluster.pods_below(&workload.key()));
            newest(pods.collect())
        };
        Self { pod: pod.or_else(of_goals), wanted: query.pull }
    }

    /// The reasons of the attempt, replayed from the checkpoint before it.
    pub(crate) fn trace(&self, session: &Session, at: SimTime) -> Option<Box<AttemptTrace>> {
        let pod = self.pod.as_ref()?;
        let number = self.number()?;
        let began = began(session, pod, number)?.min(at);
        let mut replay = session.past.strictly_before(began).clone();
        // Its reasons are known when it has its turn, which other pulls of its node may keep waiting.
        replay.trace_attempt(&pod.uid, number, began + Span::minutes(10))
    }

    fn number(&self) -> Option<u32> {
        let pod = self.pod.as_ref()?;
        let last = pod.attempts;
        (last > 0).then(|| self.wanted.unwrap_or(last).clamp(1, last))
    }

    /// The ladder pane.
    pub(crate) fn ladder(
        &self,
        session: &Session,
        cluster: &Cluster,
        trace: Option<&AttemptTrace>,
        open: bool,
    ) -> Ladder {
        if !open {
            let text = "The ladder opens when you have named the broken rung. Look at the events and the picture first: they show what a real cluster shows.";
            return Ladder::Locked { text: text.into() };
        }
        let Some(pod) = &self.pod else {
            let events = cluster.events();
            let refused =
                events.iter().rev().find(|event| event.event.reason.name() == "FailedCreate");
            let text = match refused {
                Some(event) => format!("There is no Pod to look at. {}", event.event.message),
                None => "There is no Pod to look at yet. Apply your files, then run.".to_owned(),
            };
            return Ladder::Empty { text };
        };
        let Some(trace) = trace else {
            return Ladder::Empty {
                text: format!("Pod {} has not tried to get its image yet.", pod.key.name),
            };
        };
        Ladder::Open {
            subject: format!("Pod {}, container {}", pod.key.name, trace.container),
            thing: ids::pod(&pod.key.namespace, &pod.key.name),
            pull: trace.number,
            pulls: pod.attempts,
            when: clock(trace.at),
            summary: summary(trace),
            rungs: rungs(trace, session.remedies_are_open(), &|kind, name, pointer| {
                session.place_of(kind, name, pointer)
            }),
        }
    }
}

/// When an attempt of a Pod began, from the log.
fn began(session: &Session, pod: &PodRun, number: u32) -> Option<SimTime> {
    let log = session.past.log().iter();
    log.filter(|entry| entry.about == pod.key)
        .find(|entry| match &entry.fact {
            Fact::PullBegan { attempt, .. } | Fact::AttemptEnded { attempt, .. } => {
                *attempt == number
            }
            _ => false,
        })
        .map(|entry| entry.at)
}

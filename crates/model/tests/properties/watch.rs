//! What must hold of every log and every state, whatever was done.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_model::cluster::Cluster;
use pullpath_model::event::{Event, EventType, Reason};
use pullpath_model::log::{Entry, Fact};
use pullpath_model::object::{Key, Kind};
use pullpath_model::pod::{PodRun, State};
use pullpath_model::time::SimTime;

/// So many events of a type are written about a Pod before writing is throttled (P44).
const BURST: u32 = 25;

/// Reads along, and panics when something cannot be.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    now: Option<SimTime>,
    pods: BTreeMap<Arc<Key>, Followed>,
    // By object, its uid if it is no Pod, field path, reason and message.
    events: BTreeMap<(Arc<Key>, String), Event>,
}

/// What the log said of a Pod so far.
#[derive(Debug, Default)]
struct Followed {
    status: Option<Arc<str>>,
    attempt: u32,
    pulling: Option<Arc<str>>,
    written: BTreeMap<EventType, u32>,
}

impl Watch {
    /// Reads what was logged since the last call, and looks at the cluster.
    pub(crate) fn look(&mut self, cluster: &mut Cluster) {
        for entry in cluster.take_log() {
            self.entry(&entry);
        }
        assert!(self.now.is_none_or(|now| now <= cluster.now()), "the log runs ahead of time");
        self.counts(cluster);
        for pod in cluster.pods() {
            self.pod(pod);
        }
    }

    fn entry(&mut self, entry: &Entry) {
        assert!(self.now.is_none_or(|now| now <= entry.at), "time goes back: {entry}");
        self.now = Some(entry.at);
        if entry.about.kind != Kind::Pod {
            return;
        }
        if entry.fact == Fact::Created {
            let before = self.pods.insert(entry.about.clone(), Followed::default());
            assert!(before.is_none(), "there is one already: {entry}");
            return;
        }
        if entry.fact == Fact::Deleted {
            self.pods.remove(&entry.about).unwrap_or_else(|| panic!("gone twice: {entry}"));
            self.events.retain(|(object, _), _| *object != entry.about);
            return;
        }
        let Some(pod) = self.pods.get_mut(&entry.about) else { panic!("of no Pod: {entry}") };
        match &entry.fact {
            Fact::Created | Fact::Deleted | Fact::Changed => {}
            Fact::Status(status) => {
                assert_ne!(pod.status.as_ref(), Some(status), "no news: {entry}");
                pod.status = Some(Arc::clone(status));
            }
            Fact::Event { reason, message, .. } => {
                *pod.written.entry(reason.event_type()).or_default() += 1;
                if *reason == Reason::Pulled && message.starts_with("Successfully pulled") {
                    let image = pod.pulling.take().unwrap_or_else(|| panic!("no pull: {entry}"));
                    let quoted = format!("\"{image}\"");
                    assert!(message.contains(&quoted), "another image than {image}: {entry}");
                }
            }
            Fact::PullBegan { attempt, image } => {
                assert_eq!(*attempt, pod.attempt + 1, "attempts are numbered: {entry}");
                pod.attempt = *attempt;
                pod.pulling = Some(Arc::clone(image));
            }
            Fact::AttemptEnded { attempt, .. } => {
                let known = pod.attempt..=pod.attempt + 1;
                assert!(known.contains(attempt), "attempts are numbered: {entry}");
                pod.attempt = *attempt;
                pod.pulling = None;
            }
            Fact::NodeJoined | Fact::NodeLost | Fact::SecretWritten => {
                panic!("not of a Pod: {entry}")
            }
        }
    }

    /// Counts never fall, and what was first stays first.
    fn counts(&mut self, cluster: &Cluster) {
        // A Pod's events outlive it, and the next Pod of its name has its own: only those of living Pods are followed.
        let of_pods = cluster.pods().into_iter().flat_map(|pod| {
            pod.recorder.written().map(|one| (pod.key.clone(), "".into(), one.clone()))
        });
        let of_others =
            cluster.events().into_iter().map(|of| (Arc::new(of.object), of.uid, of.event));
        let of_others = of_others.filter(|(object, _, _)| object.kind != Kind::Pod);
        for (object, uid, event) in of_pods.chain(of_others) {
            assert!(event.count <= event.seen && event.first <= event.last, "{event:?}");
            let path = event.field_path.as_deref().unwrap_or_default();
            let which = format!("{uid} {path} {} {}", event.reason.name(), event.message);
            let before = self.events.insert((object.clone(), which), event.clone());
            let Some(before) = before else { continue };
            assert!(
                before.count <= event.count
                    && before.seen <= event.seen
                    && before.last <= event.last
                    && before.first == event.first,
                "{object}: an event went back from {before:?} to {event:?}"
            );
            assert!(before.count < event.count || before.last == event.last, "{event:?}");
        }
    }

    /// What a Pod shows, its events tell.
    fn pod(&self, pod: &PodRun) {
        let followed = &self.pods[&pod.key];
        assert_eq!(followed.status.as_ref(), Some(&pod.status), "{}", pod.key);
        let events: Vec<&Event> = pod.recorder.written().collect();
        let throttled =
            |of: EventType| followed.written.get(&of).is_some_and(|written| *written >= BURST);
        for container in &pod.containers {
            let of = |reason: Reason, message: &str| {
                events.iter().position(|event| {
                    event.reason == reason
                        && event.field_path.as_ref() == Some(&container.field_path)
                        && (message.is_empty() || *event.message == *message)
                })
            };
            match &container.shown {
                State::Waiting(waiting) => {
                    let error = format!("Error: {}", waiting.reason);
                    assert!(
                        of(Reason::Failed, &error).is_some() || throttled(EventType::Warning),
                        "{}: waits with {} and no event says so: {events:#?}",
                        pod.key,
                        waiting.reason
                    );
                }
                // A container that never ran is written off when its Pod ends.
                State::Terminated(ended) if ended.started.is_none() => {}
                State::Running(_) | State::Terminated(_) => {
                    let order = [Reason::Pulled, Reason::Created, Reason::Started]
                        .map(|of_reason| of(of_reason, ""));
                    assert!(
                        order.is_sorted() && order[0].is_some() || throttled(EventType::Normal),
                        "{}: runs, and its events do not say how: {events:#?}",
                        pod.key
                    );
                }
                State::Fresh => {}
            }
        }
    }
}

//! The timeline: a lane for each token, Pod, node change and for the learner.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use pullpath_model::log::{Entry, Fact};
use pullpath_model::object::{Key, Kind};
use pullpath_model::ordered;
use pullpath_model::time::SimTime;
use pullpath_view::pane::{Bar, Lane, Mark, Timeline, Tone};
use pullpath_view::wire::Query;

use super::ids;
use crate::session::Session;

/// Marks closer together than one in so many parts of the window stand for each other.
const PARTS: i64 = 240;

/// Moments for "next event", at most.
const MOST_STOPS: usize = 500;

/// Pods that are shown; of those that are gone, the last.
const MOST_PODS: usize = 24;

pub(crate) fn timeline(session: &Session, query: &Query) -> Timeline {
    let now = session.cluster.now().as_millis();
    let start = session.scenario.world().from.as_millis();
    let (from, to) = query
        .window
        .map_or((start, now), |(from, to)| (from.max(start), to.min(now).max(from + 1)));
    let mut lanes = vec![learner(session)];
    lanes.extend(tokens(session, from, to));
    lanes.push(nodes(session));
    lanes.extend(pods(session, now));
    let window = from..=to;
    for lane in &mut lanes {
        lane.bars.retain(|bar| bar.from_ms <= to && bar.to_ms >= from);
        lane.marks.retain(|mark| window.contains(&mark.at_ms));
        thin(&mut lane.marks, (to - from) / PARTS);
    }
    lanes.retain(|lane| lane.kind == "You" || !lane.bars.is_empty() || !lane.marks.is_empty());
    Timeline { from_ms: from, to_ms: to, stops: stops(session), lanes }
}

fn learner(session: &Session) -> Lane {
    let marks = session.changes.iter().map(|change| Mark {
        at_ms: change.at.as_millis(),
        label: change.label.clone(),
        tone: Tone::Neutral,
        count: 1,
    });
    Lane {
        id: "you".into(),
        kind: "You".into(),
        label: "Your changes".into(),
        bars: Vec::new(),
        marks: marks.collect(),
    }
}

fn tokens(session: &Session, from: i64, to: i64) -> Vec<Lane> {
    // Tokens that a node's provider fetched for itself are not the learner's to look after.
    let shown = session.cluster.mint().tokens().filter(|token| !token.name.starts_with("node-"));
    shown
        .map(|token| {
            let (issued, expires) = (token.issued.as_millis(), token.expires.as_millis());
            let bar = |from_ms, to_ms, label: &str, tone| Bar {
                from_ms,
                to_ms,
                label: label.into(),
                tone,
            };
            Lane {
                id: ids::token(&token.name),
                kind: "Token".into(),
                label: token.name.clone(),
                bars: vec![
                    bar(issued.max(from), expires.min(to.max(issued)), "valid", Tone::Good),
                    bar(expires, to.max(expires), "expired", Tone::Bad),
                ]
                .into_iter()
                .filter(|bar| bar.from_ms < bar.to_ms)
                .collect(),
                marks: Vec::new(),
            }
        })
        .collect()
}

fn nodes(session: &Session) -> Lane {
    let marks = session.past.log().iter().filter_map(|entry| {
        let label = match entry.fact {
            Fact::NodeJoined => format!("{} joined", entry.about.name),
            Fact::NodeLost => format!("{} was replaced", entry.about.name),
            _ => return None,
        };
        Some(Mark { at_ms: entry.at.as_millis(), label, tone: Tone::Neutral, count: 1 })
    });
    Lane {
        id: "nodes".into(),
        kind: "Node".into(),
        label: "Nodes".into(),
        bars: Vec::new(),
        marks: marks.collect(),
    }
}

fn pods(session: &Session, now: i64) -> Vec<Lane> {
    let mut lanes: BTreeMap<&Key, PodLane> = BTreeMap::new();
    for entry in session.past.log().iter().filter(|entry| entry.about.kind == Kind::Pod) {
        let lane = lanes.entry(&*entry.about).or_insert_with(|| {
            let name = &entry.about.name;
            let lane = Lane {
                id: ids::pod(&entry.about.namespace, name),
                kind: "Pod".into(),
                label: name.to_string(),
                bars: Vec::new(),
                marks: Vec::new(),
            };
            PodLane { came: entry.at, went: None, lane }
        });
        lane.went = (entry.fact == Fact::Deleted).then_some(entry.at);
        note(&mut lane.lane, entry);
    }
    let mut lanes: Vec<PodLane> = lanes.into_values().collect();
    for PodLane { lane, .. } in &mut lanes {
        if let Some(bar) = lane.bars.last_mut().filter(|bar| bar.to_ms == i64::MAX) {
            bar.to_ms = now;
        }
    }
    ordered::sort_by(&mut lanes, |one, other| one.rank().cmp(&other.rank()));
    lanes.into_iter().take(MOST_PODS).map(|pod| pod.lane).collect()
}

/// A Pod's lane while lanes are put in order.
struct PodLane {
    came: SimTime,
    went: Option<SimTime>,
    lane: Lane,
}

impl PodLane {
    /// The living first, as they came; below them those that are gone, the last to go on top.
    fn rank(&self) -> (Option<Reverse<SimTime>>, SimTime, &str) {
        (self.went.map(Reverse), self.came, &self.lane.id)
    }
}

fn note(lane: &mut Lane, entry: &Entry) {
    let at_ms = entry.at.as_millis();
    let end = |lane: &mut Lane| {
        if let Some(bar) = lane.bars.last_mut().filter(|bar| bar.to_ms == i64::MAX) {
            bar.to_ms = at_ms;
        }
    };
    match &entry.fact {
        Fact::Status(status) => {
            end(lane);
            let (label, tone) = segment(status);
            match lane.bars.last_mut().filter(|bar| bar.label == label && bar.to_ms == at_ms) {
                // ErrImagePull and ImagePullBackOff take turns for hours: one segment.
                Some(bar) => bar.to_ms = i64::MAX,
                None => lane.bars.push(Bar {
                    from_ms: at_ms,
                    to_ms: i64::MAX,
                    label: label.into(),
                    tone,
                }),
            }
        }
        Fact::Deleted => end(lane),
        Fact::AttemptEnded { failed, .. } => lane.marks.push(Mark {
            at_ms,
            label: failed.map_or("image there".to_owned(), |cause| cause.name().replace('-', " ")),
            tone: if failed.is_some() { Tone::Bad } else { Tone::Good },
            count: 1,
        }),
        Fact::Created
        | Fact::Changed
        | Fact::Event { .. }
        | Fact::PullBegan { .. }
        | Fact::NodeJoined
        | Fact::NodeLost
        | Fact::SecretWritten => {}
    }
}

fn segment(status: &str) -> (&str, Tone) {
    match status {
        "Running" => ("Running", Tone::Good),
        "ErrImagePull" | "ImagePullBackOff" => ("ImagePullBackOff", Tone::Bad),
        "Pending" | "ContainerCreating" | "PodInitializing" => ("starting", Tone::Waiting),
        "Terminating" => ("Terminating", Tone::Waiting),
        other if other.starts_with("Init:") && !other.contains("mage") => {
            ("starting", Tone::Waiting)
        }
        other => (other, Tone::Bad),
    }
}

/// Marks that would lie on top of each other become one that counts them.
fn thin(marks: &mut Vec<Mark>, distance: i64) {
    let mut kept: Vec<Mark> = Vec::new();
    for mark in marks.drain(..) {
        match kept.last_mut() {
            Some(last) if last.label == mark.label && mark.at_ms - last.at_ms < distance => {
                last.count += mark.count;
            }
            _ => kept.push(mark),
        }
    }
    *marks = kept;
}

/// Moments at which something happened that is worth a stop: attempts, statuses, changes, nodes.
fn stops(session: &Session) -> Vec<i64> {
    let from_log = session.past.log().iter().filter(|entry| {
        matches!(
            entry.fact,
            Fact::AttemptEnded { .. } | Fact::NodeJoined | Fact::NodeLost | Fact::Status(_)
        )
    });
    let changes = session.changes.iter().map(|change| change.at.as_millis());
    let mut stops: Vec<i64> = from_log.map(|entry| entry.at.as_millis()).chain(changes).collect();
    ordered::sort(&mut stops);
    // Things that happen within a second are one stop.
    stops.dedup_by(|next, kept| *next - *kept < 1000);
    let surplus = stops.len().saturating_sub(MOST_STOPS);
    stops.split_off(surplus)
}

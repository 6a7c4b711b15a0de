//! Sleeping: syncs that change nothing that can be seen are skipped as arithmetic, and counted when somebody looks or
//! when something they would have read changes.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::event::{Event, Recorder};
use crate::log::{Entry, Fact};
use crate::object::Key;
use crate::pod::{ContainerKind, ContainerRun, Held, PodRun, State};
use crate::pods::PodId;
use crate::random::Stream;
use crate::time::{SimTime, Span};

use super::sync::next_end;

/// The pause behind a sync (P37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Behind one that failed: 10 s × (1 to 1.5), picked up by a 1 s ticker. Drawn a little inside, so that every pull
    /// attempt stays within the recorded bounds.
    Failed,
    /// Behind a clean one: 60 s × (1 to 1.5).
    Clean,
}

impl Pause {
    pub(super) fn draw(self, stream: &mut Stream) -> Span {
        let (least, most) = match self {
            Self::Failed => (11_000, 15_000),
            Self::Clean => (60_000, 90_000),
        };
        Span::millis(i64::from(stream.between(least, most)))
    }
}

impl Cluster {
    /// The next sync of a Pod that waits: the first one, from here on, that does something that can be seen.
    pub(super) fn wake_after_failure(&mut self, id: PodId, run: &mut PodRun) {
        let pause = self.pause_of(run);
        if let Some(most) = self.ahead {
            let wake = self.repeat_until(most, run, pause);
            return self.takes_turn(id, run, wake);
        }
        let before = run.stream.clone();
        let mut wake = self.now + pause.draw(&mut run.stream);
        if self.fast
            && let Some(until) = quiet(run)
            && wake < until
        {
            let (mut uncounted, mut last) = (0, self.now);
            // Ends: every pause is eleven seconds or more, and `until` is at most five minutes away.
            while wake < until {
                (uncounted, last) = (uncounted + 1, wake);
                wake = wake + pause.draw(&mut run.stream);
            }
            let repeats = repeats(run);
            let held = Held { since: self.now, stream: before, pause, uncounted, last, repeats };
            run.held = Some(Box::new(held));
            self.pods.asleep.insert(id);
        }
        self.takes_turn(id, run, wake);
    }

    /// The same for a Pod that runs ahead, where syncs that only repeat events are made at once, up to that moment. Answers
    /// when the first one comes that is not.
    fn repeat_until(&mut self, most: SimTime, run: &mut PodRun, pause: Pause) -> SimTime {
        let wake = self.now + pause.draw(&mut run.stream);
        let Some(until) = repeats_until(run) else { return wake };
        let until = until.min(most + Span::millis(1));
        if wake >= until {
            return wake;
        }
        let repeats = repeats(run);
        let PodRun { key, recorder, stream, .. } = run;
        let (last, wake) =
            repeat(&mut self.log, key, recorder, &repeats, (wake, until), || pause.draw(stream));
        for container in &mut run.containers {
            if matches!(&container.state, State::Waiting(waiting) if !waiting.is_held_back()) {
                container.tried = last;
            }
        }
        wake
    }

    /// P37: to 1.32, a sync whose only failures were back-off counted as clean.
    pub(super) fn pause_of(&self, run: &PodRun) -> Pause {
        let held_back = |one: &crate::pod::ContainerRun| match &one.state {
            State::Waiting(waiting) => waiting.is_held_back(),
            State::Fresh | State::Running(_) | State::Terminated(_) => true,
        };
        let lenient = self.node_of(run).is_some_and(|node| node.features.back_off_is_clean);
        if lenient && run.containers.iter().all(held_back) { Pause::Clean } else { Pause::Failed }
    }

    /// Something changes that the skipped syncs of some Pods would have noticed: they are syncs again from here on.
    pub(crate) fn release_where(&mut self, test: impl Fn(&PodRun) -> bool) {
        let asleep: Vec<PodId> = self
            .pods
            .asleep
            .iter()
            .copied()
            .filter(|id| self.pods.get(*id).is_some_and(|pod| test(pod)))
            .collect();
        for id in asleep {
            self.release(id);
        }
    }

    /// The same for all Pods.
    pub(crate) fn release_all(&mut self) {
        self.release_where(|_| true);
    }

    /// Skipped syncs up to now are counted, and the next one is a sync again.
    pub(super) fn release(&mut self, id: PodId) {
        let now = self.now;
        let Some(run) = self.pods.get_mut(id).filter(|pod| pod.held.is_some()) else { return };
        let mut held = run.held.take().expect("it was just seen");
        let counted = held.count(now);
        for index in &held.repeats {
            run.recorder.count_unwritten(*index, counted, held.since);
        }
        run.stream = held.stream;
        let wake = held.since + held.pause.draw(&mut run.stream);
        let ticket = self.turn_at(id, wake);
        self.pods.get_mut(id).expect("it was just there").ticket = ticket;
        self.pods.asleep.remove(&id);
    }

    /// A Pod wakes of itself: what it slept through is counted.
    pub(super) fn settle(&mut self, id: PodId, run: &mut PodRun) {
        if let Some(held) = run.held.take() {
            for index in &held.repeats {
                run.recorder.count_unwritten(*index, held.uncounted, held.last);
            }
            self.pods.asleep.remove(&id);
        }
    }
}

/// Until when a Pod's syncs change nothing that can be seen: they only repeat events, and none of these is written.
fn quiet(run: &PodRun) -> Option<SimTime> {
    Some(repeats_until(run)?.min(run.recorder.writes_any_again()))
}

/// Until when a Pod's syncs do nothing but repeat their events: every container that is tried failed as before and that
/// is published, the next pull is not due, and nothing that was read runs out.
fn repeats_until(run: &PodRun) -> Option<SimTime> {
    if run.recorder.combines() {
        return None;
    }
    let mut until = next_end(run).unwrap_or(SimTime::from_millis(i64::MAX));
    for container in reached(run).filter(|one| !one.is_up()) {
        let State::Waiting(waiting) = &container.state else { return None };
        if container.shown != container.state || container.repeated.is_empty() {
            return None;
        }
        let due = run.back_off.due_at(&run.uid, &container.image);
        if waiting.is_held_back() {
            until = until.min(due?);
        } else if due.is_some() && container.failed_pull.is_some() {
            // It has just failed to pull: the next sync says something else.
            return None;
        }
        if let Some(cached) = &container.look_up {
            until = until.min(cached.until);
        }
    }
    Some(until)
}

/// Makes the syncs from the first moment up to the second, which repeat those events and do nothing else. Answers when the
/// last one was, and when the next one comes.
pub(super) fn repeat(
    log: &mut Vec<Entry>,
    about: &Arc<Key>,
    recorder: &mut Recorder,
    repeats: &[usize],
    (mut wake, until): (SimTime, SimTime),
    mut pause: impl FnMut() -> Span,
) -> (SimTime, SimTime) {
    let mut last = wake;
    // Ends: every pause is eleven seconds or more.
    while wake < until {
        let quiet = until.min(recorder.writes_any_again());
        let mut unwritten = 0;
        while wake < quiet {
            unwritten += 1;
            (last, wake) = (wake, wake + pause());
        }
        if unwritten > 0 {
            for index in repeats {
                recorder.count_unwritten(*index, unwritten, last);
            }
        }
        if wake < until {
            for index in repeats {
                if recorder.record_again(wake, *index) {
                    let Event { reason, message, count, .. } = recorder.event(*index);
                    let message = Arc::clone(message);
                    let fact = Fact::Event { reason: *reason, message, count: *count };
                    log.push(Entry { at: wake, about: Arc::clone(about), fact });
                }
            }
            (last, wake) = (wake, wake + pause());
        }
    }
    (last, wake)
}

/// The events that such a sync repeats, in their order.
fn repeats(run: &PodRun) -> Vec<usize> {
    let waiting = reached(run).filter(|one| !one.is_up());
    run.missing_event
        .into_iter()
        .chain(waiting.flat_map(|one| one.repeated.iter().copied()))
        .collect()
}

/// The containers that a sync comes to, in their order: it ends at one that must be done before the next may start.
pub(super) fn reached(run: &PodRun) -> impl Iterator<Item = &ContainerRun> {
    let of = |ephemeral: bool| {
        let is_meant =
            move |one: &&ContainerRun| (one.kind == ContainerKind::Ephemeral) == ephemeral;
        run.containers.iter().filter(is_meant)
    };
    let mut held_up = false;
    of(true).chain(of(false)).take_while(move |one| {
        let goes_on = !held_up;
        held_up |= !one.lets_others_start();
        goes_on
    })
}

impl Held {
    /// Moves on to a moment; answers how many skipped syncs lie before it that were not counted yet.
    pub(crate) fn count(&mut self, now: SimTime) -> u32 {
        let mut counted = 0;
        let mut ahead = self.stream.clone();
        // Ends: at most so many were skipped.
        while counted < self.uncounted {
            let wake = self.since + self.pause.draw(&mut ahead);
            if wake > now {
                break;
            }
            self.since = self.since + self.pause.draw(&mut self.stream);
            counted += 1;
        }
        self.uncounted -= counted;
        counted
    }
}

/// How often a sleeping Pod has repeated each of its events by now, without waking it.
pub(crate) fn slept_through(run: &Arc<PodRun>, now: SimTime) -> Option<(Vec<usize>, u32)> {
    let mut held = run.held.as_deref()?.clone();
    let count = held.count(now);
    Some((held.repeats, count))
}

//! Sleeping: syncs that change nothing that can be seen are skipped as arithmetic, and counted when somebody looks or
//! when something they would have read changes.

use std::sync::Arc;

use crate::cluster::{Cluster, Task};
use crate::event::EventType;
use crate::pod::{Held, PodRun, State};
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
        let before = run.stream.clone();
        let mut wake = self.now + pause.draw(&mut run.stream);
        if self.fast
            && let Some(until) = self.quiet(run)
            && wake < until
        {
            let (mut uncounted, mut last) = (0, self.now);
            // Ends: every pause is eleven seconds or more, and `until` is at most five minutes away.
            while wake < until {
                (uncounted, last) = (uncounted + 1, wake);
                wake = wake + pause.draw(&mut run.stream);
            }
            let mut repeats: Vec<usize> = run.missing_event.into_iter().collect();
            for container in run.containers.iter().filter(|one| !one.is_up()) {
                repeats.extend(&container.repeated);
                if !container.lets_others_start() {
                    break;
                }
            }
            run.held =
                Some(Held { since: self.now, stream: before, pause, uncounted, last, repeats });
            self.pods.asleep.insert(id);
        }
        run.ticket = self.schedule(wake, Task::Sync(id));
    }

    /// P37: to 1.32, a sync whose only failures were back-off counted as clean.
    fn pause_of(&self, run: &PodRun) -> Pause {
        let held_back = |one: &crate::pod::ContainerRun| match &one.state {
            State::Waiting(waiting) => waiting.is_held_back(),
            State::Fresh | State::Running(_) | State::Terminated(_) => true,
        };
        let lenient = self.node_of(run).is_some_and(|node| node.features.back_off_is_clean);
        if lenient && run.containers.iter().all(held_back) { Pause::Clean } else { Pause::Failed }
    }

    /// Until when a Pod's syncs change nothing that can be seen: every container that is tried failed as before and that
    /// is published, the next pull is not due, no event would be written, and nothing that was read runs out.
    fn quiet(&self, run: &PodRun) -> Option<SimTime> {
        if run.recorder.combines() {
            return None;
        }
        let writes = |event_type| run.recorder.writes_again(event_type);
        let mut until = writes(EventType::Normal).min(writes(EventType::Warning));
        if let Some(end) = next_end(run) {
            until = until.min(end);
        }
        for container in &run.containers {
            if container.is_up() {
                continue;
            }
            let State::Waiting(waiting) = &container.state else {
                // Init containers before it have not let it start.
                continue;
            };
            if container.shown != container.state || container.repeated.is_empty() {
                return None;
            }
            if waiting.is_held_back() {
                until = until.min(run.back_off.due_at(&run.uid, &container.image)?);
            } else if run.back_off.due_at(&run.uid, &container.image).is_some()
                && container.failed_pull.is_some()
            {
                // It has just failed to pull: the next sync says something else.
                return None;
            }
            if let Some(cached) = &container.look_up {
                until = until.min(cached.until);
            }
            if !container.lets_others_start() {
                break;
            }
        }
        Some(until)
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
        let ticket = self.schedule(wake, Task::Sync(id));
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
    let mut held = run.held.clone()?;
    let count = held.count(now);
    Some((held.repeats, count))
}

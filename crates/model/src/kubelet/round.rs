//! Rounds of back-off: what is done over and over for a Pod that runs ahead and waits for one container. Its syncs and pulls
//! come to the same in every round, so only times, draws and counts are worked out, in place.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::event::{Event, Known, Reason, Recorder};
use crate::log::{Entry, Fact};
use crate::object::Key;
use crate::pod::{
    ContainerKind, ContainerRun, PodRun, PullResult, PullStage, Pulling, State, Waiting,
};
use crate::time::{SimTime, Span};

use super::Turn;
use super::sleep::{Pause, repeat};

/// The rounds of Pods, by their number; `None` for those that do other things too.
pub(super) type Rounds = Vec<Option<Round>>;

/// What the rounds of a Pod are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    container: usize,
    /// The container's place in the order in which they are started.
    place: usize,
    pulling: Known,
    failed: [Known; 2],
    held_back: [Known; 2],
    /// The pause behind a sync that was held back.
    pause: Pause,
}

impl Round {
    /// The events of a sync that was held back.
    fn repeats(self) -> [usize; 2] {
        self.held_back.map(|known| known.event)
    }
}

impl Cluster {
    /// What the rounds of a Pod are made of, if it does nothing but go round.
    pub(super) fn round_of(&self, run: &PodRun) -> Option<Round> {
        let node = self.node_of(run)?;
        let waits = |one: &ContainerRun| matches!(one.state, State::Waiting(_));
        let container = run.containers.iter().position(waits)?;
        let goes_on = |one: &ContainerRun| match one.kind {
            ContainerKind::Init => one.state.ended_well(),
            ContainerKind::Sidecar | ContainerKind::App => matches!(one.state, State::Running(_)),
            ContainerKind::Ephemeral => false,
        };
        let (before, others) = run.containers.split_at(container);
        let (one, behind) = others.split_first()?;
        let alone = one.kind == ContainerKind::App && before.iter().chain(behind).all(goes_on);
        let words = one.failed_pull.as_ref()?;
        let known = one.foreseen.as_ref()?;
        let same = Arc::ptr_eq(&words.errors, &known.errors) && words.waiting.cause == known.cause;
        if !alone || !same || !run.pull_secrets.is_empty() || node.inspect_error.is_some() {
            return None;
        }
        let known = |reason, message| run.recorder.known(Some(&one.field_path), reason, message);
        Some(Round {
            container,
            place: container,
            pulling: known(Reason::Pulling, &words.pulling)?,
            failed: [
                known(Reason::Failed, &words.failed)?,
                known(Reason::Failed, &words.start_failed)?,
            ],
            held_back: [
                known(Reason::BackOff, &words.back_off)?,
                known(Reason::Failed, &words.back_off_failed)?,
            ],
            pause: if node.features.back_off_is_clean { Pause::Clean } else { Pause::Failed },
        })
    }

    /// Takes a turn of a Pod that runs ahead until then, if it is part of a round. Answers whether it was.
    pub(super) fn goes_round(&mut self, turn: Turn, until: SimTime, rounds: &mut Rounds) -> bool {
        let place = turn.id.number() as usize;
        let Some(round) = rounds.get(place).copied().flatten() else { return false };
        let Some(pod) = self.pods.get(turn.id).filter(|pod| pod.ticket == turn.ticket) else {
            return false;
        };
        let container = &pod.containers[round.container];
        let (Some(words), Some(name)) = (&container.failed_pull, pod.node.clone()) else {
            return false;
        };
        match &pod.pulling {
            None => {
                let rests = is(&container.state, &words.held_back)
                    && is(&container.shown, &words.held_back)
                    && pod.held.is_none();
                if !rests {
                    return false;
                }
                match pod.back_off.due_at(&pod.uid, &container.image) {
                    Some(due) if turn.at < due => {
                        self.rests_again(turn, round, due.min(until + Span::millis(1)));
                        return true;
                    }
                    _ => self.asks_again(turn, round, &name),
                }
            }
            Some(Pulling { stage: PullStage::Runs { result, .. }, .. }) => {
                if !matches!(result, PullResult::Failed { errors, .. } if Arc::ptr_eq(errors, &words.errors))
                {
                    // The node had too many pulls in a second: that has other words, and so have the next ones.
                    rounds[place] = None;
                    return false;
                }
                self.fails_again(turn, round, &name, until);
            }
            Some(Pulling { stage: PullStage::Queued, .. }) => return false,
        }
        self.start_pulls(&name);
        true
    }

    /// The sync that asks for a pull.
    fn asks_again(&mut self, turn: Turn, round: Round, node: &Arc<str>) {
        let Some(run) = self.pods.get_mut(turn.id) else { return };
        let PodRun { key, recorder, attempts, containers, pulling, .. } = run;
        let container = &containers[round.container];
        let Some(words) = &container.failed_pull else { return };
        tell(&mut self.log, key, recorder, turn.at, round.pulling);
        *attempts += 1;
        let fact = Fact::PullBegan { attempt: *attempts, image: Arc::clone(&words.image) };
        self.log.push(Entry { at: turn.at, about: Arc::clone(key), fact });
        *pulling = Some(Pulling {
            container: round.container,
            place: round.place,
            queued: turn.at,
            stage: PullStage::Queued,
            trace: None,
        });
        if let Some(node) = self.nodes.get_mut(node).map(Arc::make_mut) {
            node.intend(&container.image);
            node.pulls.waiting.push_back(turn.id);
        }
    }

    /// Syncs that repeat their events, up to that moment.
    fn rests_again(&mut self, turn: Turn, round: Round, end: SimTime) {
        let ticket = self.next_ticket();
        let Some(run) = self.pods.get_mut(turn.id) else { return };
        let PodRun { key, recorder, stream, .. } = run;
        let draw = || round.pause.draw(stream);
        let (_, at) = repeat(&mut self.log, key, recorder, &round.repeats(), (turn.at, end), draw);
        run.ticket = ticket;
        self.turns.push(Reverse(Turn { at, ticket, ..turn }));
    }

    /// The pull has failed: the syncs behind it, up to the next one that asks, or beyond where the Pod runs ahead to.
    fn fails_again(&mut self, turn: Turn, round: Round, node: &Arc<str>, until: SimTime) {
        let ticket = self.next_ticket();
        let Some(run) = self.pods.get_mut(turn.id) else { return };
        let PodRun { key, uid, recorder, back_off, stream, status, .. } = run;
        let container = &mut run.containers[round.container];
        let Some(words) = &container.failed_pull else { return };
        let log = &mut self.log;
        run.pulling = None;
        if let Some(node) = self.nodes.get_mut(node).map(Arc::make_mut) {
            node.pulls.running = node.pulls.running.saturating_sub(1);
            node.intent_ends(&container.image);
        }
        for known in round.failed {
            tell(log, key, recorder, turn.at, known);
        }
        back_off.record_failure(uid, &container.image, turn.at);
        let due = back_off.due_at(uid, &container.image).unwrap_or(turn.at);
        let (attempt, cause) = (run.attempts, words.waiting.cause);
        let fact = Fact::AttemptEnded { attempt, failed: Some(cause) };
        log.push(Entry { at: turn.at, about: Arc::clone(key), fact });
        container.tried = turn.at;

        let mut publish = |log: &mut Vec<Entry>, at: SimTime, waiting: &Arc<Waiting>| {
            if **status != *waiting.reason {
                status.clone_from(&waiting.reason);
                let fact = Fact::Status(Arc::clone(&waiting.reason));
                log.push(Entry { at, about: Arc::clone(key), fact });
            }
        };
        let end = due.min(until + Span::millis(1));
        let mut wake = turn.at + Pause::Failed.draw(stream);
        let (mut state, mut shown) = (&words.waiting, None);
        if wake < end {
            // The first sync publishes that, and the next pull is held back.
            publish(log, wake, &words.waiting);
            for known in round.held_back {
                tell(log, key, recorder, wake, known);
            }
            (state, shown) = (&words.held_back, Some(&words.waiting));
            wake = wake + round.pause.draw(stream);
        }
        if wake < end {
            // The second one publishes this, and those behind it repeat their events.
            publish(log, wake, &words.held_back);
            shown = Some(&words.held_back);
            let draw = || round.pause.draw(stream);
            (_, wake) = repeat(log, key, recorder, &round.repeats(), (wake, end), draw);
        }
        if shown.is_some() {
            container.repeated.clear();
            container.repeated.extend(round.repeats());
        }
        if !is(&container.state, state) {
            container.state = State::Waiting(Arc::clone(state));
        }
        if let Some(shown) = shown
            && !is(&container.shown, shown)
        {
            container.shown = State::Waiting(Arc::clone(shown));
        }
        run.ticket = ticket;
        self.turns.push(Reverse(Turn { at: wake, ticket, ..turn }));
    }
}

/// Records a known event, and logs it if it was written.
fn tell(
    log: &mut Vec<Entry>,
    about: &Arc<Key>,
    recorder: &mut Recorder,
    at: SimTime,
    known: Known,
) {
    if recorder.record_known(at, known) {
        let Event { reason, message, count, .. } = recorder.event(known.event);
        let fact = Fact::Event { reason: *reason, message: Arc::clone(message), count: *count };
        log.push(Entry { at, about: Arc::clone(about), fact });
    }
}

fn is(state: &State, waiting: &Arc<Waiting>) -> bool {
    matches!(state, State::Waiting(one) if Arc::ptr_eq(one, waiting))
}

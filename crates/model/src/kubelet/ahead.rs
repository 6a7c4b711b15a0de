//! Running ahead: where nothing can come between, each node's Pods run on by themselves for a while, one node after the
//! other, and then the log is put in order.
//!
//! A Pod that is known to fail touches nothing but itself and its node's queue of pulls. Thousands of them in the order of
//! time would be met with cold caches at each of their turns; a node's hundred stay warm.

use std::cmp::Reverse;

use crate::cause::Cause;
use crate::cluster::Cluster;
use crate::log::Entry;
use crate::node::Node;
use crate::pod::{ContainerRun, PodRun, PullResult, PullStage, Pulling, State};
use crate::pods::PodId;
use crate::pull_policy::PullPolicy;
use crate::time::{SimTime, Span};

use super::Turn;
use super::round::Rounds;
use super::sleep::reached;

/// Less than that is not worth the look at every Pod.
const LEAST: Span = Span::minutes(2);
/// So far at a time: the part of the log that is put in order should not outgrow the caches.
const MOST: Span = Span::minutes(60);

const NEVER: SimTime = SimTime::from_millis(i64::MAX);

impl Cluster {
    /// Lets kubelets run ahead as far as nothing but them has a turn, at most until `end`. What can be seen afterwards is
    /// what can be seen after as many steps.
    pub(crate) fn run_ahead(&mut self, end: SimTime) {
        let task = self.next_task().map_or(NEVER, just_before);
        let until = end.min(self.now + MOST).min(task);
        let is_worth_while = |until: SimTime| until.since(self.now) >= LEAST;
        let someone_looks = self.pod_watch.is_some() || self.wanted.is_some();
        if !self.fast || someone_looks || self.now < self.looks_ahead || !is_worth_while(until) {
            return;
        }
        let until = until.min(just_before(self.first_that_matters()));
        if is_worth_while(until) {
            self.run_nodes(until);
        } else {
            self.looks_ahead = self.now + LEAST;
        }
    }

    /// The first moment at which a Pod's turn may matter to others than its node's queue.
    fn first_that_matters(&self) -> SimTime {
        let valid =
            |turn: &&Turn| self.pods.get(turn.id).is_some_and(|pod| pod.ticket == turn.ticket);
        let turns = self
            .turns
            .iter()
            .map(|Reverse(turn)| turn)
            .filter(valid)
            .map(|turn| (turn.id, turn.at));
        let queued =
            self.nodes.values().flat_map(|node| &node.pulls.waiting).map(|id| (*id, self.now));
        let matters = turns.chain(queued).map(|(id, at)| {
            let private =
                self.pods.get(id).map_or(Some(NEVER), |pod| self.keeps_to_itself_until(pod));
            private.map_or(at, |until| until.max(at))
        });
        matters.min().unwrap_or(NEVER)
    }

    fn run_nodes(&mut self, until: SimTime) {
        let turns = std::mem::take(&mut self.turns);
        let number = |id: PodId| Some(self.node_of(self.pods.get(id)?)?.number);
        let mut lanes: Vec<(Option<u32>, Turn)> =
            turns.into_iter().map(|Reverse(turn)| (number(turn.id), turn)).collect();
        lanes.sort_unstable();
        let mut nodes = std::mem::take(&mut self.nodes);
        let (from, begins) = (self.now, self.log.len());
        // By when and of whom, in one number.
        let mut order: Vec<(u64, usize)> = Vec::new();
        let mut rest = Vec::with_capacity(lanes.len());
        let mut rounds: Rounds = vec![None; self.pods.ever()];
        self.ahead = Some(until);
        for lane in lanes.chunk_by(|one, other| one.0 == other.0) {
            self.turns = lane.iter().map(|(_, turn)| Reverse(*turn)).collect();
            // Its own node is all that it may touch, and a map of one is searched fast.
            let name = self.pods.get(lane[0].1.id).and_then(|pod| pod.node.clone());
            self.nodes.extend(name.as_ref().and_then(|name| nodes.remove_entry(name)));
            let queued = self.nodes.values().flat_map(|node| &node.pulls.waiting).copied();
            for id in lane.iter().map(|(_, turn)| turn.id).chain(queued) {
                rounds[id.number() as usize] = self.pods.get(id).and_then(|pod| self.round_of(pod));
            }
            // Ends: each turn of a Pod is later than the one before.
            while let Some(turn) = self.next_turn(until) {
                self.now = turn.at;
                if !self.goes_round(turn, until, &mut rounds) {
                    self.take_turn(turn);
                }
                for index in order.len()..self.log.len() - begins {
                    let after = self.log[begins + index].at.since(from).as_millis() as u64;
                    order.push((after << u32::BITS | u64::from(turn.id.number()), index));
                }
            }
            nodes.append(&mut self.nodes);
            rest.append(&mut std::mem::take(&mut self.turns).into_vec());
        }
        self.ahead = None;
        self.nodes = nodes;
        self.turns = rest.into();
        self.now = until;
        order.sort_by_key(|(key, _)| *key);
        let mut entries: Vec<Option<Entry>> = self.log.drain(begins..).map(Some).collect();
        self.log.extend(order.into_iter().filter_map(|(_, index)| entries[index].take()));
    }

    fn next_turn(&mut self, until: SimTime) -> Option<Turn> {
        let Reverse(turn) = *self.turns.peek()?;
        if turn.at > until {
            return None;
        }
        self.turns.pop();
        Some(turn)
    }

    /// Until when a Pod does not begin or cease to run, and asks nobody for anything that is not known.
    fn keeps_to_itself_until(&self, run: &PodRun) -> Option<SimTime> {
        let node = self.node_of(run)?;
        if run.deleting.is_some() || run.pending || run.init_ended || run.syncs < 2 {
            return None;
        }
        let pulled = |pulling: &Pulling| {
            matches!(pulling.stage, PullStage::Runs { result: PullResult::Pulled { .. }, .. })
        };
        if run.pulling.as_ref().is_some_and(pulled) {
            return None;
        }
        let mut until = NEVER;
        for one in reached(run) {
            let steady = match &one.state {
                State::Running(_) if one.runs_for.is_none() && one.shown == one.state => NEVER,
                State::Terminated(_) if one.shown == one.state => NEVER,
                State::Waiting(waiting) => self.fails_until(run, one, waiting.cause, node)?,
                State::Fresh | State::Running(_) | State::Terminated(_) => return None,
            };
            until = until.min(steady);
        }
        Some(until)
    }

    /// Until when a container that waits is sure to fail, while nobody touches its node or what look-ups read.
    fn fails_until(
        &self,
        run: &PodRun,
        container: &ContainerRun,
        cause: Cause,
        node: &Node,
    ) -> Option<SimTime> {
        let Ok(reference) = &container.reference else { return Some(NEVER) };
        let asks = container.policy != PullPolicy::Always;
        if asks && node.inspect_error.is_some() {
            return Some(NEVER);
        }
        if asks && node.image(&reference.whole).is_some() {
            return None;
        }
        if container.policy == PullPolicy::Never {
            return Some(NEVER);
        }
        // Containers of one image have one series of attempts, in which the first that comes pulls.
        let (mut until, mut first) = (NEVER, None);
        for one in reached(run).filter(|one| one.image == container.image && !one.is_up()) {
            let cached = one.look_up.as_ref()?;
            if !cached.counts(self.generation, self.now) {
                return None;
            }
            until = until.min(cached.until);
            first.get_or_insert(match &one.foreseen {
                Some(known) => known.holds(&cached.look_up, &node.content),
                None => cause == Cause::SecretUndecodable && cached.look_up.offers.is_err(),
            });
        }
        (first == Some(true)).then_some(until)
    }
}

const fn just_before(at: SimTime) -> SimTime {
    SimTime::from_millis(at.as_millis().saturating_sub(1))
}

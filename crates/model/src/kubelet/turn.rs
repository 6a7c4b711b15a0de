//! Turns: a kubelet does one thing for a Pod at a time, and each says when the next one comes.

use std::cmp::Reverse;

use crate::cluster::Cluster;
use crate::pod::PodRun;
use crate::pods::PodId;
use crate::time::SimTime;

/// A kubelet turns to a Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    pub(crate) at: SimTime,
    pub(crate) id: PodId,
    /// A turn whose ticket is not the Pod's any more does not count.
    pub(crate) ticket: u64,
}

impl Cluster {
    /// What is due for a Pod: the end of its pull or of itself, or a sync.
    pub(crate) fn take_turn(&mut self, turn: Turn) {
        let Some(pod) = self.pods.get(turn.id).filter(|pod| pod.ticket == turn.ticket) else {
            return;
        };
        if pod.ending.is_some() {
            self.pod_ends(turn.id);
        } else if pod.pulling.is_some() {
            self.pull_ends(turn.id);
        } else {
            self.sync_pod(turn.id);
        }
    }

    /// A Pod's next turn comes at that moment; the one before it does not count any more.
    pub(super) fn takes_turn(&mut self, id: PodId, run: &mut PodRun, at: SimTime) {
        run.ticket = self.turn_at(id, at);
    }

    pub(super) fn turn_at(&mut self, id: PodId, at: SimTime) -> u64 {
        let ticket = self.next_ticket();
        self.turns.push(Reverse(Turn { at: at.max(self.now), id, ticket }));
        ticket
    }
}

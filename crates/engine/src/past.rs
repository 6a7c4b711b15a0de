//! The past of a session: checkpoints from which any moment is replayed, and the log of all that happened.

use pullpath_model::cluster::Cluster;
use pullpath_model::log::Entry;
use pullpath_model::time::{SimTime, Span};

/// How much simulated time lies between two checkpoints at most.
const STRIDE: Span = Span::minutes(15);

/// More checkpoints than this are thinned: a week of simulated time fits.
const MOST: usize = 1_000;

/// Checkpoints and log.
#[derive(Debug, Clone, Default)]
pub struct Past {
    // Invariant: in order of time; of two at the same moment the later one includes more actions.
    checkpoints: Vec<Cluster>,
    log: Vec<Entry>,
}

impl Past {
    /// Remembers a state; what happened up to it goes into the log.
    pub fn remember(&mut self, cluster: &mut Cluster) {
        self.log.extend(cluster.take_log());
        self.checkpoints.push(cluster.clone());
        if self.checkpoints.len() > MOST {
            // Every other one of the older half goes; replay from the one before takes twice as long, no more.
            let half = self.checkpoints.len() / 2;
            let mut index = 0;
            self.checkpoints.retain(|_| {
                index += 1;
                index > half || index % 2 == 1
            });
        }
    }

    /// Lets a cluster run, with checkpoints on the way. `progress` is told how far it has come.
    pub fn run(&mut self, cluster: &mut Cluster, end: SimTime, progress: &mut dyn FnMut(SimTime)) {
        while cluster.now() < end {
            let next = (cluster.now() + STRIDE).min(end);
            cluster.run_until(next);
            self.remember(cluster);
            progress(next);
        }
    }

    /// The state at a moment.
    pub fn at(&self, moment: SimTime) -> Cluster {
        let mut cluster = self.before(moment).clone();
        cluster.run_until(moment);
        cluster.take_log();
        cluster
    }

    /// The last checkpoint that is not after a moment; the first one there is, for moments before it.
    pub fn before(&self, moment: SimTime) -> &Cluster {
        let after = self.checkpoints.partition_point(|cluster| cluster.now() <= moment);
        &self.checkpoints[after.saturating_sub(1)]
    }

    /// The last checkpoint that is strictly before a moment, from which what happened at it can be replayed.
    pub fn strictly_before(&self, moment: SimTime) -> &Cluster {
        let after = self.checkpoints.partition_point(|cluster| cluster.now() < moment);
        &self.checkpoints[after.saturating_sub(1)]
    }

    /// Everything that happened, in order.
    pub fn log(&self) -> &[Entry] {
        &self.log
    }
}

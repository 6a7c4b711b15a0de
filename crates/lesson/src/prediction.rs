//! Predictions: the options are the model's own words, and the right one is computed.

use pullpath_model::cluster::Cluster;
use serde::{Deserialize, Serialize};

use crate::scenario::Workload;

/// The option of a learner who does not know.
pub const UNSURE: &str = "unsure";

/// What can become of a workload's Pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// All of them run.
    Running,
    /// They are created, and their image cannot be pulled.
    PullFails,
    /// A credential cannot be read, which ends each try before a pull (P22).
    LookUpFails,
    /// They may not pull, and the image is not there.
    NeverPull,
    /// Their image's name does not parse.
    InvalidName,
    /// They are not created at all.
    NotCreated,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::PullFails,
        Self::LookUpFails,
        Self::NeverPull,
        Self::InvalidName,
        Self::NotCreated,
    ];

    /// As answers spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::PullFails => "pull-fails",
            Self::LookUpFails => "look-up-fails",
            Self::NeverPull => "never-pull",
            Self::InvalidName => "invalid-name",
            Self::NotCreated => "not-created",
        }
    }

    /// As the learner reads it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Running => "All Pods come to run",
            Self::PullFails => "Pods are created, then show ErrImagePull and ImagePullBackOff",
            Self::LookUpFails => {
                "Pods are created, then show an error about their credentials, and never ImagePullBackOff"
            }
            Self::NeverPull => "Pods are created, then show ErrImageNeverPull",
            Self::InvalidName => "Pods are created, then show InvalidImageName",
            Self::NotCreated => "No new Pod is created",
        }
    }

    /// The outcome of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What became of a workload's Pods.
pub fn outcome(cluster: &Cluster, about: &Workload) -> Outcome {
    let progress = cluster.progress(&about.key());
    if progress.wanted > 0 && progress.newest.is_empty() {
        return Outcome::NotCreated;
    }
    let waiting = progress.pods.iter().find_map(|pod| pod.waiting()).map(|(_, waiting)| waiting);
    match waiting.map(|waiting| (&*waiting.reason, &*waiting.message)) {
        None => Outcome::Running,
        Some(("ErrImageNeverPull", _)) => Outcome::NeverPull,
        Some(("InvalidImageName", _)) => Outcome::InvalidName,
        // P22: the error is the reason and the message, and only it is.
        Some((reason, message)) if reason == message => Outcome::LookUpFails,
        Some(_) => Outcome::PullFails,
    }
}

//! Everything a learner can do. A session is a fold over actions, so an attempt is a list of them.

use serde::{Deserialize, Serialize};

use crate::hand_in::Response;

/// One thing a learner did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// The text of a file is now this.
    Edit { file: String, text: String },
    /// The file is again as the scenario ships it.
    ResetFile { file: String },
    /// `kubectl apply -f` of every file, in the scenario's order. Takes one simulated second, runs nothing.
    Apply,
    /// The clock runs until nothing changes any more but back-off, at most ten minutes.
    Run,
    /// The clock runs for so long.
    Advance { seconds: u32 },
    /// `kubectl delete pod`.
    DeletePod { namespace: String, name: String },
    /// `kubectl rollout restart deployment`.
    RestartRollout { namespace: String, deployment: String },
    /// `aws ecr get-login-password` for a registry's host. With a file, the new token takes the place of every token
    /// of that registry in the file's text.
    FreshToken {
        registry: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// What the learner thinks will happen; locked at the next run.
    Predict { option: String },
    /// Which rung of the why ladder (1 to 8) the learner thinks is broken.
    Diagnose { rung: u8 },
    /// Answers a question of the scenario. It is judged at once, and stays.
    Answer { question: String, response: Response },
    /// Opens the next hint of a step; the one of a scenario without steps is the first, 0.
    Hint {
        #[serde(default, skip_serializing_if = "is_first")]
        step: u32,
    },
    /// Opens the why ladder without a diagnosis; counts as a hint.
    OpenLadder,
    /// Everything is as at the start again; what was done before stays in the attempt.
    Reset,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_first(step: &u32) -> bool {
    *step == 0
}

/// What a learner did in one scenario. Replaying it gives the same result anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The version of this format, 1.
    pub format: u32,
    /// The scenario's id.
    pub scenario: String,
    /// The scenario's version.
    pub version: u32,
    /// The seed of the simulated randomness.
    pub seed: u64,
    /// A hash of the scenario's files as they were played; empty in attempts of before there was one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// The version of Pullpath that played it; empty in attempts of before it was noted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub engine: String,
    /// What was done, in order.
    pub actions: Vec<Action>,
}

//! The page's half of the worker channel: requests out, answers in, and a new worker when one does not come back.
//!
//! ```text
//! let channel = Channel::open(Settings::of_page("worker"), |signal| { /* tell the learner */ });
//! channel.ask("play", Ask::Open { sources, attempt: None, seed: None, query }, |update| match update {
//!     Update::Progress { done_ms, total_ms } => { /* move a bar */ }
//!     Update::Answer(answer) => { /* draw it */ }
//!     Update::Lost(loss) => { /* say it; nothing else is lost */ }
//! });
//! ```
//!
//! What holds:
//! - A callback hears any number of [`Update::Progress`], then exactly one [`Update::Answer`] or [`Update::Lost`].
//!   It is always called later, never inside [`Channel::ask`] — but for a View that a newer one takes the place of.
//! - Requests may be made at once, before the worker is there: they wait for it.
//! - At most one View per session is in flight and one waits. A newer one takes the place of the waiting one, whose
//!   callback hears [`Loss::Superseded`]. Answers are deltas, so draw every `View` that comes, also of a moment that
//!   is no longer looked at.
//! - The channel remembers, per session, the sources of the last good Open and the attempt of the last
//!   [`Answer::Done`]. When the worker is silent for too long, breaks, or is told to [`Channel::stop`], it is ended,
//!   and a new one is given all of that. Only the request it died of is lost; what was asked after it (more typing)
//!   is asked again. The owner hears [`Signal::Restarting`] and, for each session, [`Signal::Replayed`] with a whole
//!   view to draw.
//! - When the last clone of a channel is dropped, its worker ends.

#![allow(missing_docs, reason = "the fields of a variant are named in the variant's sentence")]

use pullpath_view::action::Action;
use pullpath_view::wire::Answer;

#[cfg(any(feature = "csr", test))]
mod ledger;
#[cfg(feature = "csr")]
mod line;

#[cfg(feature = "csr")]
pub use line::{Channel, Settings};

/// What the callback of a request hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// A sign of life: the simulated clock has come so far.
    Progress { done_ms: i64, total_ms: i64 },
    /// The answer; nothing follows.
    Answer(Answer),
    /// There will be no answer.
    Lost(Loss),
}

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// A newer View took its place.
    Superseded,
    /// The worker gave no sign of life for too long while it was at this request.
    Stalled,
    /// The learner ended it.
    Stopped,
    /// The worker broke while it was at this request; the message is for a bug report.
    Crashed { message: String },
    /// There is no worker: it could not be loaded, or is of another build.
    Unavailable,
}

impl Loss {
    /// What the learner is told who waited for an answer.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Unavailable => {
                "The engine could not be loaded. Check the connection and load the page again; nothing that you did is lost."
            }
            Self::Superseded | Self::Stopped => "It was stopped.",
            Self::Stalled => "It took too long and was stopped. Try it again.",
            Self::Crashed { .. } => "It ended with an error of Pullpath itself. Try it again.",
        }
    }
}

/// What the owner of a channel hears that no single request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The worker runs.
    Ready,
    /// The worker is of another build: the page must be loaded again. No request will be answered.
    WrongBuild { build: String },
    /// The worker could not be loaded. Requests are lost until [`Channel::stop`] tries again.
    Unavailable { message: String },
    /// The worker was ended, and a new one is told what happened so far. `dropped` is the action that was lost.
    Restarting { loss: Loss, dropped: Option<Action> },
    /// A session is open again in the new worker: the same as the answer to an Open.
    Replayed { session: String, answer: Answer },
}

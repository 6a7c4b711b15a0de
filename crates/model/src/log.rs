//! The log: what happened, in order, as typed facts. Its text is what two runs are compared by.

use std::fmt;
use std::sync::Arc;

use crate::cause::Cause;
use crate::event::Reason;
use crate::object::Key;
use crate::time::SimTime;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: SimTime,
    /// To which object.
    pub about: Arc<Key>,
    /// What.
    pub fact: Fact,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An object was created.
    Created,
    /// An object was changed.
    Changed,
    /// An object is gone.
    Deleted,
    /// A Pod's `STATUS` is now this, as `kubectl get pods` prints it.
    Status(Arc<str>),
    /// An Event object was written, with its count.
    Event { reason: Reason, message: Arc<str>, count: u32 },
    /// A pull began; it is the Pod's attempt of that number.
    PullBegan { attempt: u32, image: Arc<str> },
    /// An attempt ended: with an image, or with a cause.
    AttemptEnded { attempt: u32, failed: Option<Cause> },
    /// A node joined; `about` names it.
    NodeJoined,
    /// A node was lost.
    NodeLost,
    /// A secret of AWS Secrets Manager, which `about` names, has a new version.
    SecretWritten,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.at)?;
        if !self.about.namespace.is_empty() {
            write!(f, "{}/", self.about.namespace)?;
        }
        write!(f, "{}: ", self.about)?;
        match &self.fact {
            Fact::Created => f.write_str("created"),
            Fact::Changed => f.write_str("changed"),
            Fact::Deleted => f.write_str("deleted"),
            Fact::Status(status) => write!(f, "status {status}"),
            Fact::Event { reason, message, count } => {
                write!(f, "event {} x{count}: {}", reason.name(), message.replace('\n', "\\n"))
            }
            Fact::PullBegan { attempt, image } => write!(f, "attempt {attempt}: pulls {image}"),
            Fact::AttemptEnded { attempt, failed: None } => {
                write!(f, "attempt {attempt}: has the image")
            }
            Fact::AttemptEnded { attempt, failed: Some(cause) } => {
                write!(f, "attempt {attempt}: {}", cause.name())
            }
            Fact::NodeJoined => f.write_str("node joined"),
            Fact::NodeLost => f.write_str("node lost"),
            Fact::SecretWritten => f.write_str("new version in AWS Secrets Manager"),
        }
    }
}

//! Goals: what is stated on the simulated outcome, and what is said to whoever misses it.

use pullpath_model::cause::Cause;
use pullpath_model::object::{Key, Workload as Kind};
use pullpath_model::time::Span as Duration;
use pullpath_view::block::Block;
use serde::{Deserialize, Serialize};

use crate::source::Span;

/// A statement on a simulated outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// Unique in the scenario.
    pub id: String,
    /// One sentence, as the learner reads it.
    pub title: String,
    /// What it is worth; at least 1.
    pub points: u32,
    /// The statement.
    pub check: Check,
    /// How long after the learner's last change it begins to count; zero when the file says nothing.
    pub at: Duration,
    /// How long it then may take to come true.
    pub within: Duration,
    /// In how many drawn worlds it must hold as well; zero when the file says nothing.
    pub worlds: u32,
    /// Who sees it.
    pub audience: Audience,
    /// The step that it belongs to, from 0.
    pub step: usize,
    /// Whether it holds before the learner has done anything, and must not be lost.
    pub holds_at_start: bool,
    /// What to say when it is not met: the first whose conditions all hold. Never empty of conditions but the last.
    pub feedback: Vec<Feedback>,
    /// Where the goal's id stands.
    pub span: Span,
}

impl Goal {
    /// Whether the learner is shown it while they play.
    pub fn is_visible(&self) -> bool {
        self.audience == Audience::Learner
    }
}

/// Who sees a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audience {
    /// Everybody.
    #[default]
    Learner,
    /// Only who grades. It gives points, and never decides whether an attempt passes.
    Instructor,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Learner, Self::Instructor];

    /// As scenario files spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Learner => "learner",
            Self::Instructor => "instructor",
        }
    }
}

/// What a goal states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// All replicas that the workload asks for run, of its current template.
    Running {
        /// Which one.
        workload: Workload,
    },
    /// A Pod made from the workload's template comes to run on a node that has just joined, with nothing cached.
    FreshPod {
        /// Whose template.
        like: Workload,
    },
    /// The workload runs after something has happened to it.
    Survives {
        /// Which one.
        workload: Workload,
        /// What happens.
        trial: Trial,
    },
    /// The workload's Pods run, and what they pulled came in this way.
    Pulled {
        /// Which one.
        workload: Workload,
        /// What was logged in with; anything where it is not said.
        with: Option<PulledWith>,
        /// The name of the pull secret that was logged in with.
        secret: Option<String>,
        /// The host of all its images.
        from: Option<String>,
    },
    /// Nobody but these names a Secret as a pull secret.
    SecretUsers {
        /// The Secret, as `namespace/name`.
        secret: Named,
        /// `serviceaccount/NAME`, `deployment/NAME`, `pod/NAME`.
        only: Vec<String>,
    },
    /// Logins for a registry lie in these namespaces only.
    CredentialsOnlyIn {
        /// The registry's host.
        registry: String,
        /// The namespaces.
        namespaces: Vec<String>,
    },
    /// No object but a Secret holds a token or a password.
    NoPlainText,
    /// Every node asks a registry over TLS, and looks at its certificate.
    Verified {
        /// The registry's host.
        registry: String,
    },
    /// The learner has done none of these.
    NotDone {
        /// What.
        deeds: Vec<Deed>,
    },
    /// The learner has named the rung at which the pull broke.
    Diagnosed,
}

impl Check {
    /// The kinds of checks, as scenario files spell them.
    pub const NAMES: [&str; 10] = [
        "running",
        "fresh-pod",
        "survives",
        "pulled",
        "secret-users",
        "credentials-only-in",
        "no-plain-text",
        "verified",
        "not-done",
        "diagnosed",
    ];

    /// The workload that the check is about, if it is about one.
    pub fn workload(&self) -> Option<&Workload> {
        match self {
            Self::Running { workload }
            | Self::FreshPod { like: workload }
            | Self::Survives { workload, .. }
            | Self::Pulled { workload, .. } => Some(workload),
            Self::SecretUsers { .. }
            | Self::CredentialsOnlyIn { .. }
            | Self::NoPlainText
            | Self::Verified { .. }
            | Self::NotDone { .. }
            | Self::Diagnosed => None,
        }
    }
}

/// What a workload is put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// `kubectl rollout restart`.
    Restart,
    /// Two replicas more, and a node that has just joined.
    ScaleOut,
    /// Every token that was written into a file is taken back, and a Pod comes to a node that has just joined.
    Rotation,
}

impl Trial {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Restart, Self::ScaleOut, Self::Rotation];

    /// As scenario files spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::ScaleOut => "scale-out",
            Self::Rotation => "rotation",
        }
    }

    /// Whether it can be done to a workload of that kind.
    pub const fn can_be_put_to(self, kind: Kind) -> bool {
        match self {
            Self::Restart => {
                matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet)
            }
            Self::ScaleOut => {
                matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet)
            }
            Self::Rotation => true,
        }
    }
}

/// Something that a learner can do to the cluster or to a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// `kubectl delete pod`
    DeletePod,
    /// `kubectl rollout restart`
    RestartRollout,
    /// A token that was minted.
    FreshToken,
    /// A file that differs from how it shipped.
    Changed(String),
}

impl Deed {
    /// Those that are no file's.
    pub const PLAIN: [Self; 3] = [Self::DeletePod, Self::RestartRollout, Self::FreshToken];

    /// As scenario files spell it, and as feedback quotes it.
    pub fn name(&self) -> &str {
        match self {
            Self::DeletePod => "delete-pod",
            Self::RestartRollout => "restart-rollout",
            Self::FreshToken => "fresh-token",
            Self::Changed(file) => file,
        }
    }
}

/// An object of a kind that is known, written `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What makes Pods: a Deployment is written `namespace/name`, any other `daemonset/namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Workload {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.kind != Kind::Deployment {
            write!(f, "{}/", self.kind.word())?;
        }
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl Workload {
    /// The one that is written so.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, namespace, name) = match text.split('/').collect::<Vec<_>>()[..] {
            [namespace, name] => (Kind::Deployment, namespace, name),
            [word, namespace, name] => (Kind::of_word(word)?, namespace, name),
            _ => return None,
        };
        let whole = !namespace.is_empty() && !name.is_empty();
        whole.then(|| Self { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// The object.
    pub fn key(&self) -> Key {
        Key::new(self.kind.kind(), &self.namespace, &self.name)
    }
}

/// What to say about one way to miss a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Unique in the scenario.
    pub id: String,
    /// All of these hold of the Pod that shows the failure; no conditions always hold.
    pub when: Vec<Condition>,
    /// What is said.
    pub say: Say,
    /// Where the feedback's id stands.
    pub span: Span,
}

/// One thing that can be true of the Pod that shows a failure: the newest of the workload's that does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The last pull failed for one of these.
    Cause(Vec<Cause>),
    /// The Pod runs as this account.
    ServiceAccount(String),
    /// The Pod's ServiceAccount carries this annotation.
    AccountAnnotation(String),
    /// The Pod's own list of pull secrets, as it was admitted, holds this name.
    NamesSecret(String),
    /// Whether the Pod is older than the learner's last change.
    Created(Created),
    /// A container waits with one of these reasons.
    Waiting(Vec<String>),
    /// An event of this reason was recorded on the workload, its ReplicaSets or its Pods.
    Event(String),
    /// What the workload's last good pull logged in with.
    PulledWith(PulledWith),
    /// Another goal is met.
    GoalMet(String),
    /// What was found against a goal is this: `serviceaccount/default`, `secret`, or what was done.
    Object(String),
}

/// Whether a Pod is older than the learner's last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// Created before it.
    BeforeChange,
    /// Created at it or after.
    AfterChange,
}

/// What a good pull logged in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PulledWith {
    /// An entry of a pull secret.
    Secret,
    /// A credential provider of the node.
    Provider,
    /// No credential at all.
    Nothing,
    /// There was no good pull.
    NotPulled,
}

/// Feedback text with places to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Say {
    pub(crate) blocks: Vec<Block>,
}

impl Say {
    /// What may stand in braces.
    pub const QUOTES: [&str; 5] = ["pod", "serviceAccount", "event", "object", "rung"];

    /// The text with every `{name}` replaced by what `value` gives for it. What is filled in is never read as Markdown.
    pub fn fill(&self, value: &dyn Fn(&str) -> String) -> Vec<Block> {
        let mut blocks = self.blocks.clone();
        crate::markdown::map_text(&mut blocks, &|text| {
            let mut filled = text.to_owned();
            for name in Self::QUOTES {
                let quote = format!("{{{name}}}");
                if filled.contains(&quote) {
                    filled = filled.replace(&quote, &value(name));
                }
            }
            filled
        });
        blocks
    }
}

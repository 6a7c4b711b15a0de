//! A scenario: a world, a cluster's history, files to edit, and goals on what the simulated cluster then does.
//!
//! [`Scenario::read`] turns a folder into a value whose parts agree with each other: every name that is used exists,
//! every time is in order, every text could be read. `docs/scenario-format.md` is the author's side of it.

use std::collections::BTreeMap;

use pullpath_model::cause::Cause;
use pullpath_model::time::{SimTime, Span as Duration};
use pullpath_model::world::World;
use pullpath_view::block::Block;

use crate::command::Command;
use crate::source::Span;

/// The file that describes a scenario; the spans of all types here point into it.
pub const FILE: &str = "scenario.yaml";

/// The version of the format that this code reads.
pub const FORMAT: u64 = 1;

/// How much of a scenario's folder there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// All of it, as an author has it.
    Whole,
    /// What the page and the exam get: without `solutions/` and `wrong/`.
    Played,
}

/// A scenario that can be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    // Invariants: ids are unique among their kind; `pass` is at most the sum of the goals' points; every token, role,
    // registry, workload and file that is named exists; history is in order of time and not after T+0.
    pub(crate) id: String,
    pub(crate) sandbox: bool,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) topic: String,
    pub(crate) difficulty: Difficulty,
    pub(crate) minutes: u32,
    pub(crate) version: u32,
    pub(crate) content: String,
    pub(crate) ladder: LadderRule,
    pub(crate) world: World,
    pub(crate) vary: Vary,
    pub(crate) fresh_token_role: Option<String>,
    pub(crate) files: Vec<ScenarioFile>,
    pub(crate) setup: BTreeMap<String, String>,
    pub(crate) history: Vec<HistoryStep>,
    pub(crate) goals: Vec<Goal>,
    pub(crate) goals_span: Span,
    pub(crate) predict: Option<Predict>,
    pub(crate) hints: Vec<Vec<Block>>,
    pub(crate) brief: Vec<Block>,
    pub(crate) explanation: Vec<Block>,
    pub(crate) pass: u32,
    pub(crate) solutions: Vec<Solution>,
    pub(crate) wrong: Vec<WrongAnswer>,
}

impl Scenario {
    /// The folder's name.
    pub fn id(&self) -> &str {
        &self.id
    }
    /// Whether there is nothing to pass, and so nothing to prove.
    pub fn is_sandbox(&self) -> bool {
        self.sandbox
    }
    /// A few words.
    pub fn title(&self) -> &str {
        &self.title
    }
    /// One or two sentences.
    pub fn summary(&self) -> &str {
        &self.summary
    }
    /// The group it stands in.
    pub fn topic(&self) -> &str {
        &self.topic
    }
    /// How hard it is.
    pub fn difficulty(&self) -> Difficulty {
        self.difficulty
    }
    /// How long it takes, about.
    pub fn minutes(&self) -> u32 {
        self.minutes
    }
    /// Raised by the author when old results should no longer count.
    pub fn version(&self) -> u32 {
        self.version
    }
    /// A hash of the files that decide what an attempt is worth: `scenario.yaml`, `files/` and `setup/`.
    pub fn content(&self) -> &str {
        &self.content
    }
    /// When the why ladder opens.
    pub fn ladder(&self) -> LadderRule {
        self.ladder
    }
    /// Registries, roles, tokens, nodes, seed and clock.
    pub fn world(&self) -> &World {
        &self.world
    }
    /// What differs between the worlds that are drawn for goals with `worlds`.
    pub fn vary(&self) -> &Vary {
        &self.vary
    }
    /// The most worlds that a goal asks for beyond the scenario's own.
    pub fn worlds(&self) -> u32 {
        self.goals.iter().map(|goal| goal.worlds).max().unwrap_or(0)
    }
    /// The same scenario in another world; everything that names parts of the world must be there too.
    pub fn in_world(&self, world: World) -> Self {
        Self { world, ..self.clone() }
    }
    /// The IAM role whose rights a token from the *Fresh token* button carries.
    pub fn fresh_token_role(&self) -> Option<&str> {
        self.fresh_token_role.as_deref()
    }
    /// The learner's files, in the order in which they are shown and applied.
    pub fn files(&self) -> &[ScenarioFile] {
        &self.files
    }
    /// The text of a file that history names: one of [`Self::files`], or `setup/…`.
    pub fn text(&self, name: &str) -> Option<&str> {
        let file = self.files.iter().find(|file| file.name == name).map(|file| &file.text);
        file.or_else(|| self.setup.get(name)).map(String::as_str)
    }
    /// What was applied before the learner came, in order of time.
    pub fn history(&self) -> &[HistoryStep] {
        &self.history
    }
    /// What is graded, in order.
    pub fn goals(&self) -> &[Goal] {
        &self.goals
    }
    /// Where the goals stand in the file.
    pub fn goals_span(&self) -> Span {
        self.goals_span.clone()
    }
    /// What the learner is asked to predict before the first run.
    pub fn predict(&self) -> Option<&Predict> {
        self.predict.as_ref()
    }
    /// Hints, from a nudge to a worked step. There is at least one.
    pub fn hints(&self) -> &[Vec<Block>] {
        &self.hints
    }
    /// The story.
    pub fn brief(&self) -> &[Block] {
        &self.brief
    }
    /// Shown after a pass.
    pub fn explanation(&self) -> &[Block] {
        &self.explanation
    }
    /// The points that are needed.
    pub fn pass(&self) -> u32 {
        self.pass
    }
    /// The sum of the goals' points.
    pub fn total(&self) -> u32 {
        self.goals.iter().map(|goal| goal.points).sum()
    }
    /// Answers that must pass; empty for [`Folder::Played`].
    pub fn solutions(&self) -> &[Solution] {
        &self.solutions
    }
    /// Answers that must not pass, each with the feedback it must draw; empty for [`Folder::Played`].
    pub fn wrong(&self) -> &[WrongAnswer] {
        &self.wrong
    }
}

/// How hard a scenario is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difficulty {
    /// A visitor's first three minutes.
    First,
    /// One idea.
    Easy,
    /// Two that meet.
    Medium,
    /// An incident.
    Hard,
}

impl Difficulty {
    /// All of them, from the easiest.
    pub const ALL: [Self; 4] = [Self::First, Self::Easy, Self::Medium, Self::Hard];

    /// As scenario files spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }
}

/// When the why ladder opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LadderRule {
    /// At once.
    Open,
    /// When the learner has named the broken rung, rightly or wrongly.
    AfterDiagnosis,
    /// When the goals are met.
    AfterPass,
}

impl LadderRule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::AfterDiagnosis, Self::AfterPass];

    /// As scenario files spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::AfterDiagnosis => "after-diagnosis",
            Self::AfterPass => "after-pass",
        }
    }
}

/// What differs between the worlds that are drawn, beside placement and jitter, which always do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vary {
    /// The learner's first action comes up to so much later.
    pub arrival: Duration,
    /// Tokens by name, with the earliest and the latest moment at which they were issued.
    pub tokens: BTreeMap<String, (SimTime, SimTime)>,
    /// Nodes by name, with the earliest and the latest moment at which they join.
    pub nodes: BTreeMap<String, (SimTime, SimTime)>,
}

/// One of the learner's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioFile {
    /// Its name; the text is in `files/<name>`.
    pub name: String,
    /// Whether the learner may change it.
    pub edit: bool,
    /// As it ships.
    pub text: String,
    /// Where it is named.
    pub span: Span,
}

/// `kubectl apply -f` of some files, before the learner came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryStep {
    /// When; not before the world's `from`, not after T+0.
    pub at: SimTime,
    /// Names for [`Scenario::text`], in order.
    pub apply: Vec<String>,
    /// Where the step stands.
    pub span: Span,
}

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
    /// What to say when it is not met: the first whose conditions all hold. Never empty of conditions but the last.
    pub feedback: Vec<Feedback>,
    /// Where the goal's id stands.
    pub span: Span,
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
}

impl Check {
    /// The workload that the check is about.
    pub fn workload(&self) -> &Workload {
        match self {
            Self::Running { workload } => workload,
            Self::FreshPod { like } => like,
        }
    }
}

/// A Deployment, written `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
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
    /// What may stand in braces: `{pod}`, `{serviceAccount}`, `{event}`.
    pub const QUOTES: [&str; 3] = ["pod", "serviceAccount", "event"];

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

/// A question about what the shipped state will do; the options and the right one are the model's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predict {
    /// The question.
    pub question: String,
    /// The workload it is about.
    pub about: Workload,
    /// Where it stands.
    pub span: Span,
}

/// A learner's whole answer, as an author writes it down: files in place of the shipped ones, then commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The folder's name.
    pub name: String,
    /// New texts of files that may be edited, by file name.
    pub files: BTreeMap<String, String>,
    /// What is done, in order. Without a `commands.sh` it is one `kubectl apply -f .`.
    pub commands: Vec<Command>,
}

/// An answer that must pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// What is done.
    pub answer: Answer,
    /// Where it is listed.
    pub span: Span,
}

/// An answer that must not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongAnswer {
    /// What is done.
    pub answer: Answer,
    /// The id of the feedback that it must draw.
    pub feedback: String,
    /// Where it is listed.
    pub span: Span,
}

mod read;

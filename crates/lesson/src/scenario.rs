//! A scenario: a world, a cluster's history, files to edit, and goals on what the simulated cluster then does.
//!
//! [`Scenario::read`] turns a folder into a value whose parts agree with each other: every name that is used exists,
//! every time is in order, every text could be read. `docs/scenario-format.md` is the author's side of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_model::time::{SimTime, Span as Duration};
use pullpath_model::world::World;
use pullpath_view::block::Block;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::diagnostic::Checked;
use crate::quiz::Question;
use crate::source::Span;

/// The file that describes a scenario; the spans of all types here point into it.
pub const FILE: &str = "scenario.yaml";

/// The version of the format that this code reads.
pub const FORMAT: u64 = 1;

/// The folder of quizzes that a scenario takes questions from: beside `scenarios/`, and laid into its own for reading.
pub const QUIZZES: &str = "quizzes/";

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
    // Invariants: ids are unique among their kind; `pass` is at most the sum of the points of the goals that the learner
    // sees; every token, role,
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
    // At least one; each goal's step is one of them.
    pub(crate) steps: Vec<Step>,
    pub(crate) has_path: bool,
    pub(crate) forbidden: Vec<Deed>,
    // Their ids are none of goals.
    pub(crate) questions: Vec<Posed>,
    pub(crate) penalties: Penalties,
    pub(crate) brief: Vec<Block>,
    pub(crate) explanation: Vec<Block>,
    pub(crate) pass: u32,
    pub(crate) solutions: Vec<Solution>,
    pub(crate) one_way: Option<OneWay>,
    pub(crate) wrong: Vec<WrongAnswer>,
    pub(crate) parameters: Choices,
    pub(crate) drawn: Drawn,
    // What it is read from again for another seed; nothing where nothing is drawn.
    pub(crate) source: Option<Arc<Source>>,
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
    /// What is drawn for each attempt, and from which values.
    pub fn parameters(&self) -> &Choices {
        &self.parameters
    }
    /// What was drawn.
    pub fn drawn(&self) -> &Drawn {
        &self.drawn
    }
    /// What another seed draws.
    pub fn would_draw(&self, seed: u64) -> Drawn {
        Drawn::of(&self.parameters, &self.id, seed)
    }
    /// The same scenario as another seed draws it; `None` where nothing is drawn, or what is drawn has mistakes.
    pub fn redrawn(&self, seed: u64) -> Option<Self> {
        self.redraw(seed)?.value
    }
    /// The same, with what is wrong.
    pub fn redraw(&self, seed: u64) -> Option<Checked<Self>> {
        let Source { texts, name, folder, prose } = &**self.source.as_ref()?;
        Some(Self::read_drawn(texts, name, *folder, &**prose, Some(seed)))
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
    /// What is to be done, one after the other; there is at least one.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
    /// What the learner is asked, in order.
    pub fn questions(&self) -> &[Posed] {
        &self.questions
    }
    /// Whether the author listed steps: the learner is shown them as a path.
    pub fn has_path(&self) -> bool {
        self.has_path
    }
    /// Whether a goal is to name the broken rung.
    pub fn asks_for_diagnosis(&self) -> bool {
        self.goals.iter().any(|goal| goal.check == Check::Diagnosed)
    }
    /// All hints of all steps.
    pub fn hints(&self) -> impl Iterator<Item = &Hint> {
        self.steps.iter().flat_map(|step| &step.hints)
    }
    /// What tries and actions cost.
    pub fn penalties(&self) -> &Penalties {
        &self.penalties
    }
    /// What a learner may not do here.
    pub fn forbidden(&self) -> &[Deed] {
        &self.forbidden
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
    /// The sum of the points of goals and questions.
    pub fn total(&self) -> u32 {
        self.goals.iter().map(|goal| goal.points).sum::<u32>() + self.questions_total()
    }
    /// The same without the goals that only the instructor sees.
    pub fn visible_total(&self) -> u32 {
        let visible = self.goals.iter().filter(|goal| goal.is_visible());
        visible.map(|goal| goal.points).sum::<u32>() + self.questions_total()
    }
    fn questions_total(&self) -> u32 {
        self.questions.iter().map(|posed| posed.question.points).sum()
    }
    /// Answers that must pass; empty for [`Folder::Played`].
    pub fn solutions(&self) -> &[Solution] {
        &self.solutions
    }
    /// Why there is only one way, where the author says so.
    pub fn one_way(&self) -> Option<&OneWay> {
        self.one_way.as_ref()
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
    /// What stays as it is where only a part may be changed: how the text begins and how it ends.
    pub keep: (String, String),
    /// As it ships.
    pub text: String,
    /// Where it is named.
    pub span: Span,
}

impl ScenarioFile {
    /// Whether a text only differs from the shipped one where it may. What may be changed are whole lines.
    pub fn may_become(&self, text: &str) -> bool {
        let (head, tail) = &self.keep;
        let inner =
            text.strip_prefix(head.as_str()).and_then(|rest| rest.strip_suffix(tail.as_str()));
        inner.is_some_and(|inner| inner.is_empty() || tail.is_empty() || inner.ends_with('\n'))
    }

    /// Which lines of its text, as it is now, may be changed, in words.
    pub fn editable_words(&self, text: &str) -> String {
        let (head, tail) = (self.keep.0.lines().count(), self.keep.1.lines().count());
        let (first, last) = (head + 1, text.lines().count().saturating_sub(tail));
        let lines = match last {
            last if last > first => format!("only lines {first} to {last}"),
            last if last == first => format!("only line {first}"),
            // There are none yet.
            _ => format!("only what stands between lines {head} and {first}"),
        };
        format!("{lines} of `{}` can be edited in this scenario", self.name)
    }
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

/// One thing to do on the way through a scenario, done when its goals hold. The clock and the cluster go on from step to
/// step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// Unique among steps, goals and feedback; empty for the one step of a scenario that lists none.
    pub id: String,
    /// A few words; empty likewise.
    pub title: String,
    /// What is to be done; nothing where the brief says it.
    pub task: Vec<Block>,
    /// What the learner is asked to predict before the first run in it.
    pub predict: Option<Predict>,
    /// From a nudge to a worked step. There is at least one.
    pub hints: Vec<Hint>,
    /// Shown when it is done.
    pub explanation: Vec<Block>,
}

impl Step {
    /// What so many open hints cost.
    pub fn hints_cost(&self, open: usize) -> u32 {
        self.hints.iter().take(open).map(|hint| hint.penalty).sum()
    }
}

/// Help that a learner can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What is said.
    pub text: Vec<Block>,
    /// The points that opening it costs.
    pub penalty: u32,
}

/// What is taken off the points. No penalty decides whether an attempt passes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Penalties {
    /// For each try after the first that brings no goal further.
    pub fruitless_try: u32,
    /// For each time that something is done.
    pub deeds: BTreeMap<Deed, u32>,
}

impl Penalties {
    /// What doing something costs.
    pub fn of(&self, deed: &Deed) -> u32 {
        self.deeds.get(deed).copied().unwrap_or(0)
    }

    /// What so many fruitless tries cost: the first one is free.
    pub fn of_tries(&self, fruitless: u32) -> u32 {
        self.fruitless_try.saturating_mul(fruitless.saturating_sub(1))
    }
}

/// Why a scenario shows one solution only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneWay {
    /// The author's reason.
    pub reason: String,
    /// Where it stands.
    pub span: Span,
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

/// A question that a scenario asks. It gives points, and never decides whether an attempt passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posed {
    /// What is asked, and how an answer is judged.
    pub question: Question,
    /// When it is asked.
    pub due: Due,
}

/// When a scenario asks a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Due {
    /// From the start.
    AtOnce,
    /// When the goals are met.
    AfterPass,
}

impl Due {
    /// Both.
    pub const ALL: [Self; 2] = [Self::AtOnce, Self::AfterPass];

    /// As scenario files spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "at-once",
            Self::AfterPass => "after-pass",
        }
    }
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

mod goal;
mod parameters;
pub(crate) mod questions;
mod read;

pub use goal::{
    Audience, Check, Condition, Created, Deed, Feedback, Goal, Named, PulledWith, Say, Trial,
    Workload,
};
pub(crate) use parameters::Source;
pub use parameters::{Choices, Drawn};
pub use questions::lay_out_quizzes;

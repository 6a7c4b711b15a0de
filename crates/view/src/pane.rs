//! What the workbench shows, pane by pane. A pane that is `None` has not changed since the page was last given it.

use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::message::Explained;
use crate::quiz::Posed;
use crate::wire::Problem;

/// Everything the workbench draws.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct View {
    /// The moment that is shown.
    pub at_ms: i64,
    /// The newest moment there is.
    pub now_ms: i64,
    /// The oldest moment there is: history before the scenario's start is negative.
    pub from_ms: i64,
    /// `at_ms` as the learner reads it: `T+00:05:10`.
    pub clock: String,
    /// `at_ms` as the cluster's wall clock: `2026-03-02 09:05:10Z`.
    pub wall: String,
    /// The versions of the world: `Kubernetes 1.35 · containerd 2.1`.
    pub versions: String,
    /// The story, from the scenario's `brief.md`.
    pub brief: Option<Vec<Block>>,
    /// Goals with their live state at `at_ms`.
    pub goals: Option<Goals>,
    /// Files to edit. Never looks back: drafts are of now.
    pub files: Option<Vec<FileRow>>,
    /// The cluster picture at `at_ms`.
    pub picture: Option<Picture>,
    /// The why ladder of the selected Pod at `at_ms`.
    pub ladder: Option<Ladder>,
    /// The timeline of everything so far.
    pub timeline: Option<Timeline>,
    /// Events at `at_ms`, newest first.
    pub events: Option<Vec<EventRow>>,
    /// Prediction, diagnosis, hints and explanation.
    pub guide: Option<Guide>,
}

/// How something stands. Drawn with a shape and a word as well as a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// As it should be.
    Good,
    /// Broken.
    Bad,
    /// On its way, or soon to expire.
    Waiting,
    /// Neither.
    Neutral,
}

/// The goals and the score.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Goals {
    /// In the scenario's order, without those of steps that are still to come.
    pub rows: Vec<GoalRow>,
    /// Points so far.
    pub points: u32,
    /// Points there are.
    pub out_of: u32,
    /// Points that are needed.
    pub pass: u32,
    /// Whether the scenario is passed.
    pub passed: bool,
    /// What was taken off the points and for what, in words.
    pub taken_off: Vec<String>,
    /// What the next try costs, in words, where tries cost anything.
    pub next_try: Option<String>,
}

/// One goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalRow {
    /// The goal's id in the scenario.
    pub id: String,
    /// The step that it belongs to, from 0.
    pub step: u32,
    /// What should be true.
    pub title: String,
    /// When it counts, in words: `within 7 min of your last change`.
    pub window: String,
    /// Whether it holds.
    pub state: GoalState,
    /// Points it gives.
    pub points: u32,
    /// How it stands in the cluster right now: `0 of 3 Pods running`.
    pub live: String,
    /// Why it was missed.
    pub feedback: Option<Feedback>,
}

/// Whether a goal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoalState {
    /// Not judged since the last change: run to see.
    Open,
    /// Holds.
    Met,
    /// Does not hold.
    Missed,
}

/// Why a goal was missed, from what the simulated cluster did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// The id of the foreseen mistake, if it was one.
    pub id: Option<String>,
    /// What to think about.
    pub text: Vec<Block>,
    /// The object that shows it: `pod/payment-api-7c9f8d-x2x9z`.
    pub object: String,
    /// The event that shows it, word for word.
    pub event: Option<String>,
    /// The broken rung, where the scenario's ladder rule allows to say it.
    pub rung: Option<u8>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// Its name, as in a tab.
    pub name: String,
    /// Its text now.
    pub text: String,
    /// Its text as the scenario ships it.
    pub shipped: String,
    /// Whether the learner may change it.
    pub editable: bool,
    /// What stays as it is where only a part may be changed.
    pub closed: Option<Closed>,
    /// Mistakes in it, with places.
    pub problems: Vec<Problem>,
    /// Whether the text differs from what was last applied.
    pub unapplied: bool,
    /// The host of a registry whose token in this file can be replaced by a fresh one.
    pub token: Option<String>,
    /// What a fresh token costs in points.
    pub token_cost: u32,
}

/// The parts of a file that stay as they are: its beginning and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// How much is at the beginning, in UTF-16 units, as editors count.
    pub head: u32,
    /// How much is at the end.
    pub tail: u32,
    /// Which lines may be changed, in a sentence.
    pub note: String,
}

/// The cluster and what surrounds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Picture {
    /// Namespaces that the scenario uses.
    pub namespaces: Vec<NamespaceBox>,
    /// Nodes with their Pods.
    pub nodes: Vec<NodeBox>,
    /// Registries outside the cluster.
    pub registries: Vec<Thing>,
    /// The path of the selected Pod's last pull, if the ladder may be seen.
    pub path: Option<PullPath>,
    /// The id of the selected thing.
    pub selected: Option<String>,
}

/// A thing in the picture that can be selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// Unique in the picture: `secret/payments/ecr-pull-secret`.
    pub id: String,
    /// `Secret`, `ServiceAccount`, `Deployment`, `ReplicaSet`, `Pod`, `Node`, `Registry`, `Role`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its state in a word or two: `ImagePullBackOff`, `2 of 3 ready`, `expired 1 h ago`.
    pub status: String,
    /// How it stands.
    pub tone: Tone,
    /// Facts for the list and the tooltip, each a name and a value.
    pub facts: Vec<(String, String)>,
    /// The `kubectl` command that would show it.
    pub command: String,
    /// What can be done with it.
    pub verbs: Vec<Verb>,
}

/// Something that can be done with a thing in the picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verb {
    /// On the button: `Delete Pod`.
    pub label: String,
    /// What it does.
    pub action: crate::action::Action,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceBox {
    /// Its name.
    pub name: String,
    /// Deployments and whatever else owns Pods.
    pub workloads: Vec<Thing>,
    /// ServiceAccounts; the facts name their `imagePullSecrets`.
    pub service_accounts: Vec<Thing>,
    /// Secrets that hold registry credentials, or try to.
    pub secrets: Vec<Thing>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeBox {
    /// The node itself.
    pub node: Thing,
    /// Its Pods.
    pub pods: Vec<Thing>,
    /// Images in its store.
    pub images: Vec<String>,
}

/// The way of one pull, link by link, and where it stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullPath {
    /// Pod → ServiceAccount → Secret → keyring → registry, as far as they take part.
    pub links: Vec<Link>,
    /// The whole path in one sentence.
    pub sentence: String,
}

/// One link of a pull's path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Short name of the stop: `ServiceAccount`.
    pub stop: String,
    /// Which one, or what is missing: `default`.
    pub name: String,
    /// The id of the thing in the picture, if it is there.
    pub thing: Option<String>,
    /// Whether the pull came past here.
    pub state: RungState,
    /// What happened here, in a few words.
    pub label: String,
}

/// The why ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ladder {
    /// Nothing to show yet; the text says what to do.
    Empty { text: String },
    /// Closed until the learner has named the rung, or has passed.
    Locked { text: String },
    /// The reasons of one pull attempt.
    Open {
        /// The Pod and container.
        subject: String,
        /// The id of the Pod in the picture.
        thing: String,
        /// Which attempt is shown, from 1.
        pull: u32,
        /// How many there were up to the moment that is shown.
        pulls: u32,
        /// When it was, as the learner reads it.
        when: String,
        /// One sentence that names the first broken rung, or says that the pull succeeded.
        summary: String,
        /// Eight rungs.
        rungs: Vec<Rung>,
    },
}

/// One rung of the why ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// 1 to 8.
    pub number: u8,
    /// What is asked here: `Whose secrets`.
    pub title: String,
    /// How it went.
    pub state: RungState,
    /// One sentence.
    pub sentence: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// What would have made it pass, once that may be said.
    pub remedy: Option<String>,
    /// The HTTP exchanges, on rung 7.
    pub exchanges: Vec<Exchange>,
    /// What the container waits with, on rung 8.
    pub message: Option<Explained>,
}

/// How a rung, or a link of the path, went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RungState {
    /// The pull came past here.
    Passed,
    /// It broke here.
    Failed,
    /// It did not come here, or this took no part.
    Skipped,
}

/// An object and a field that show something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `pod/payments/payment-api-7c9f8d-x2x9z`.
    pub object: String,
    /// `spec.imagePullSecrets`.
    pub field: String,
    /// What stands there, or `absent`.
    pub value: String,
    /// Where the learner can edit it: file name and line from 1.
    pub place: Option<(String, u32)>,
}

/// One HTTP exchange of a pull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// `HEAD https://…/v2/payment-api/manifests/3.0.0`.
    pub request: String,
    /// `none`, `Basic AWS`.
    pub auth: String,
    /// `401 Unauthorized`.
    pub status: String,
    /// What was said besides: a challenge, an error code and message.
    pub note: String,
}

/// What happened when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The stretch that is shown.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
    /// From top to bottom.
    pub lanes: Vec<Lane>,
    /// The moments at which something happened, for "next event" and "previous event"; at most 500.
    pub stops: Vec<i64>,
}

/// One lane of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Unique in the timeline; the same as the thing's id in the picture where there is one.
    pub id: String,
    /// `Token`, `Pod`, `You`.
    pub kind: String,
    /// Its name.
    pub label: String,
    /// States over time.
    pub bars: Vec<Bar>,
    /// Things that happened at a moment.
    pub marks: Vec<Mark>,
}

/// A state that lasted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Where it begins.
    pub from_ms: i64,
    /// Where it ends.
    pub to_ms: i64,
    /// In a word.
    pub label: String,
    /// How it stands.
    pub tone: Tone,
}

/// Something that happened at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at_ms: i64,
    /// In a few words.
    pub label: String,
    /// How it stands: a pull that came through is good, one that failed is bad.
    pub tone: Tone,
    /// How many of the same kind this one stands for.
    pub count: u32,
}

/// One Event object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// First seen, as the learner reads it.
    pub first: String,
    /// Last seen.
    pub last: String,
    /// Last seen, for sorting and selecting.
    pub last_ms: i64,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// `Failed`.
    pub reason: String,
    /// `pod/payment-api-7c9f8d-x2x9z`.
    pub object: String,
    /// The real words.
    pub message: String,
    /// How often.
    pub count: u32,
    /// `kubelet`, `deployment-controller`.
    pub from: String,
    /// Whether `kubectl` would no longer show it: events live an hour.
    pub gone: bool,
}

/// What leads the learner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Guide {
    /// The steps of the way, where the scenario has any.
    pub steps: Vec<StepRow>,
    /// The step that prediction and hints are of, from 0.
    pub step: u32,
    /// The prediction, where the author asks for one.
    pub prediction: Option<Prediction>,
    /// The diagnosis, where the ladder waits for one.
    pub diagnosis: Option<Diagnosis>,
    /// The hints that are open.
    pub hints: Vec<Vec<Block>>,
    /// Whether another hint can be opened now.
    pub more_hints: bool,
    /// Why not, if there is one that cannot be opened yet.
    pub hint_note: Option<String>,
    /// What the next hint costs, in points.
    pub hint_cost: u32,
    /// What the open hints have cost.
    pub hints_cost: u32,
    /// The questions that are asked by now.
    pub questions: Vec<Posed>,
    /// How many more are asked once the goals are met.
    pub questions_later: u32,
    /// The explanation, after a pass.
    pub explanation: Vec<Block>,
    /// How the last run ended, in one sentence.
    pub last_run: Option<String>,
}

/// One step of the way through a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// A few words.
    pub title: String,
    /// How far the learner is with it.
    pub state: StepState,
    /// What is to be done, once it has begun.
    pub task: Vec<Block>,
    /// What it came to, once it is done.
    pub explanation: Vec<Block>,
}

/// How far a learner is with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Its goals held after a run.
    Done,
    /// It is the one to do.
    Current,
    /// It opens when those before it are done.
    ToCome,
}

/// A prediction: made before a run, answered by the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prediction {
    /// What is asked.
    pub question: String,
    /// Id and words of each option; the last is `unsure`.
    pub options: Vec<(String, String)>,
    /// What the learner chose.
    pub chosen: Option<String>,
    /// Whether it can no longer be changed.
    pub locked: bool,
    /// What came of it, once there was a run: the id of the option that came true.
    pub outcome: Option<String>,
    /// What to make of the difference.
    pub comment: Option<String>,
}

/// A diagnosis: which rung is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The titles of the eight rungs.
    pub rungs: Vec<String>,
    /// What the learner named, from 1.
    pub chosen: Option<u8>,
    /// What to make of it.
    pub comment: Option<String>,
    /// Whether it was right.
    pub right: Option<bool>,
}

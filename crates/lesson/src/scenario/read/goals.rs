//! The goals of a scenario file, and its prediction.

use std::collections::BTreeSet;

use pullpath_model::cause::Cause;
use pullpath_model::time::Span as Duration;
use pullpath_view::block::Block;

use super::checks::{self, Known};
use super::{Workloads, id_at};
use crate::diagnostic::Diagnostic;
use crate::fields::{Node, short};
use crate::markdown;
use crate::prose::{self, Prose};
use crate::scenario::{
    Audience, Condition, Created, Feedback, Goal, Predict, PulledWith, Say, Workload,
};

/// The reasons a container of the model waits with.
const WAITING: [&str; 5] = [
    "ContainerCreating",
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
];

/// The reasons of events that feedback can ask for.
const EVENTS: [&str; 16] = [
    "Scheduled",
    "FailedScheduling",
    "Pulling",
    "Pulled",
    "Created",
    "Started",
    "Killing",
    "BackOff",
    "Failed",
    "InspectFailed",
    "ErrImageNeverPull",
    "FailedToRetrieveImagePullSecret",
    "ScalingReplicaSet",
    "SuccessfulCreate",
    "FailedCreate",
    "SuccessfulDelete",
];

/// The conditions of `when`.
const CONDITIONS: [&str; 10] = [
    "cause",
    "service-account",
    "account-annotation",
    "names-secret",
    "created",
    "waiting",
    "event",
    "pulled-with",
    "goal-met",
    "object",
];

/// The fields of a goal.
const GOAL: [&str; 10] = [
    "id",
    "title",
    "points",
    "check",
    "at",
    "within",
    "worlds",
    "audience",
    "holds-at-start",
    "feedback",
];

/// The goals as far as they could be read.
pub(super) struct Goals<'a, 'k> {
    pub(super) read: Vec<Goal>,
    /// Whether that is all of them.
    pub(super) complete: bool,
    /// The ids of all feedback, also of goals that could not be read.
    pub(super) feedback_ids: Vec<&'a str>,
    known: &'k Known<'k>,
    // Of all goals, also of those in later lists.
    goal_ids: Vec<&'a str>,
    // Of steps, goals and feedback: one name, one meaning.
    ids: BTreeSet<String>,
}

impl<'a, 'k> Goals<'a, 'k> {
    /// None yet, of those that stand in some lists.
    pub(super) fn new(known: &'k Known<'k>, lists: &[Node<'a>]) -> Self {
        let items: Vec<Node<'a>> = lists.iter().flat_map(Node::items).collect();
        let id_of = |item: &Node<'a>| item.peek("id")?.string();
        let feedback =
            items.iter().filter_map(|item| item.peek("feedback")).flat_map(|all| all.items());
        let feedback_ids = feedback.filter_map(|item| id_of(&item)).collect();
        let goal_ids = items.iter().filter_map(id_of).collect();
        let (read, ids) = (Vec::new(), BTreeSet::new());
        Self { read, complete: true, feedback_ids, known, goal_ids, ids }
    }

    /// Every goal of one list, in order.
    pub(super) fn read(
        &mut self,
        node: &Node<'a>,
        step: usize,
        prose: &dyn Prose,
        found: &mut Vec<Diagnostic>,
    ) {
        let items = node.list();
        if items.is_empty() {
            node.error("no-goals", "there is nothing to reach", "write at least one goal");
        }
        let (goal_ids, ids) = (&self.goal_ids, &mut self.ids);
        let mut reader = Reader { known: self.known, prose, found, goal_ids, ids, step };
        let read: Vec<_> = items.iter().filter_map(|item| reader.goal(item)).collect();
        self.complete &= read.len() == items.len();
        self.read.extend(read);
    }

    /// An id that nothing else has.
    pub(super) fn own_id(&mut self, node: &Node<'_>) -> Option<String> {
        own_id(&mut self.ids, node)
    }
}

fn own_id(ids: &mut BTreeSet<String>, node: &Node<'_>) -> Option<String> {
    let id = id_at(node)?;
    if !ids.insert(id.clone()) {
        let hint = "steps, goals and feedback need ids of their own";
        node.error("duplicate-id", format!("`{id}` is the id of something else already"), hint);
    }
    Some(id)
}

/// What the learner is asked to predict.
pub(super) fn predict(node: &Node<'_>, workloads: &Workloads) -> Option<Predict> {
    let fields = node.map(&["question", "about"])?;
    let question = fields.need("question", "write what is asked");
    let question = question.and_then(|node| Some(node.text()?.to_owned()));
    let about = fields.need("about", "write the Deployment: `namespace/name`");
    let about = about.and_then(|node| workload(&node, workloads));
    Some(Predict { question: question?, about: about?, span: node.key_span() })
}

pub(super) fn workload(node: &Node<'_>, workloads: &Workloads) -> Option<Workload> {
    if !workloads.complete {
        return None;
    }
    let known = workloads.known.iter().map(String::as_str);
    // A Deployment may be written out as well.
    let written = node.string().and_then(Workload::parse);
    if written.as_ref().is_some_and(|one| workloads.known.contains(&one.to_string())) {
        node.text()?;
        return written;
    }
    Workload::parse(node.reference("unknown-workload", "workload", known)?)
}

struct Reader<'a> {
    known: &'a Known<'a>,
    prose: &'a dyn Prose,
    found: &'a mut Vec<Diagnostic>,
    goal_ids: &'a [&'a str],
    ids: &'a mut BTreeSet<String>,
    step: usize,
}

impl Reader<'_> {
    fn goal(&mut self, item: &Node<'_>) -> Option<Goal> {
        let fields = item.map(&GOAL)?;
        let id_node = fields.need("id", "write a short name, for example `id: running`");
        let id = id_node.as_ref().and_then(|node| own_id(self.ids, node));
        let title = fields.need("title", "write what shall be true, in a sentence");
        let title = title.and_then(|node| Some(node.text()?.to_owned()));
        let points =
            fields.need("points", "write what it is worth").and_then(|node| node.whole(1, 1000));
        let check = fields.need("check", "write what is to hold, for example `running`");
        let check = check.and_then(|node| checks::read(&node, self.known));
        let at = fields.get("at").map_or(Some(Duration::ZERO), |node| node.duration());
        let hint = "write how long it may take, for example `within: 7m`";
        let within = match check.as_ref().map(|check| check.workload().is_some()) {
            // Told already, and what it would need is not known.
            None => None,
            Some(true) => fields.need("within", hint).and_then(|node| positive(&node)),
            // What is done, and objects, are as they are: nothing has to come true.
            Some(false) => fields.get("within").map_or(Some(Duration::ZERO), |node| {
                let message = "what is checked here takes no time";
                let hint = "take `within` away; `at` says when it is looked at";
                node.error("bad-duration", message, hint);
                None
            }),
        };
        let worlds = fields.get("worlds").map_or(Some(0), |node| node.whole(1, 200));
        let words = Audience::ALL.map(|audience| (audience.name(), audience));
        let audience =
            fields.get("audience").map_or(Some(Audience::Learner), |node| node.word(&words));
        let holds_at_start =
            fields.get("holds-at-start").is_some_and(|node| node.truth() == Some(true));
        let own = id.clone().unwrap_or_default();
        let feedback =
            fields.get("feedback").map(|node| self.feedbacks(&node, &own)).unwrap_or_default();
        if let (Some(at), Some(node)) = (at, fields.get("at"))
            && at < Duration::ZERO
        {
            node.error(
                "out-of-order",
                "a goal cannot count before the last change",
                "write it without a minus",
            );
        }
        Some(Goal {
            id: id?,
            title: title?,
            points: points? as u32,
            check: check?,
            at: at?,
            within: within?,
            worlds: worlds? as u32,
            audience: audience?,
            step: self.step,
            holds_at_start,
            feedback,
            span: id_node?.span(),
        })
    }

    fn feedbacks(&mut self, node: &Node<'_>, goal: &str) -> Vec<Feedback> {
        let mut feedbacks = Vec::new();
        let items = node.list();
        for (index, item) in items.iter().enumerate() {
            let Some(feedback) = self.feedback(item, goal) else { continue };
            if feedback.when.is_empty() && index + 1 < items.len() {
                let hint = "give it a `when`, or let it be the last";
                item.warn("unreachable-feedback", "no feedback after this one can be said", hint);
            }
            feedbacks.push(feedback);
        }
        feedbacks
    }

    fn feedback(&mut self, item: &Node<'_>, goal: &str) -> Option<Feedback> {
        let fields = item.map(&["id", "when", "say"])?;
        let id_node = fields.need("id", "write a short name, for example `id: still-default`");
        let id = id_node.as_ref().and_then(|node| own_id(self.ids, node));
        let when = fields.get("when").map(|node| self.when(&node, goal)).unwrap_or_default();
        let say = fields.need("say", "write what to tell the learner").map(|node| self.say(&node));
        Some(Feedback { id: id?, when, say: say?, span: id_node?.span() })
    }

    fn when(&mut self, node: &Node<'_>, goal: &str) -> Vec<Condition> {
        let Some(fields) = node.map(&CONDITIONS) else { return Vec::new() };
        let given = CONDITIONS.iter().filter_map(|name| Some((*name, fields.get(name)?)));
        given.filter_map(|(name, node)| self.condition(name, &node, goal)).collect()
    }

    fn condition(&self, name: &str, node: &Node<'_>, goal: &str) -> Option<Condition> {
        let name_of = |node: &Node<'_>| Some(node.text()?.to_owned());
        Some(match name {
            "cause" => {
                let words = Cause::ALL.map(|cause| (cause.name(), cause));
                let causes: Option<Vec<_>> =
                    node.one_or_more().iter().map(|node| node.word(&words)).collect();
                Condition::Cause(causes?)
            }
            "service-account" => Condition::ServiceAccount(name_of(node)?),
            "account-annotation" => Condition::AccountAnnotation(name_of(node)?),
            "names-secret" => Condition::NamesSecret(name_of(node)?),
            "created" => Condition::Created(node.word(&[
                ("before-change", Created::BeforeChange),
                ("after-change", Created::AfterChange),
            ])?),
            "waiting" => {
                let known = |node: &Node<'_>| node.known_word(&WAITING).map(str::to_owned);
                let reasons: Option<Vec<_>> = node.one_or_more().iter().map(known).collect();
                Condition::Waiting(reasons?)
            }
            "event" => Condition::Event(node.known_word(&EVENTS)?.to_owned()),
            "pulled-with" => Condition::PulledWith(node.word(&[
                ("secret", PulledWith::Secret),
                ("provider", PulledWith::Provider),
                ("none", PulledWith::Nothing),
                ("not", PulledWith::NotPulled),
            ])?),
            "object" => Condition::Object(name_of(node)?),
            _ => {
                let others = self.goal_ids.iter().copied().filter(|id| *id != goal);
                Condition::GoalMet(node.reference("unknown-goal", "other goal", others)?.to_owned())
            }
        })
    }

    fn say(&mut self, node: &Node<'_>) -> Say {
        let blocks = prose::of(node, self.prose, self.found);
        for name in quotes(&blocks) {
            if !Say::QUOTES.contains(&name.as_str()) {
                let hint = "write `{pod}`, `{serviceAccount}`, `{event}`, `{object}` or `{rung}`";
                node.error(
                    "unknown-quote",
                    format!("`{{{}}}` stands for nothing", short(&name)),
                    hint,
                );
            }
        }
        Say { blocks }
    }
}

fn positive(node: &Node<'_>) -> Option<Duration> {
    let length = node.duration()?;
    if length <= Duration::ZERO {
        node.error("bad-duration", "this must be longer than nothing", "write it like `7m`");
        return None;
    }
    Some(length)
}

/// The words that stand alone between braces: `{pod}`, but not `{"auths": …}`.
fn quotes(blocks: &[Block]) -> BTreeSet<String> {
    let names = std::cell::RefCell::new(BTreeSet::new());
    let mut blocks = blocks.to_vec();
    markdown::map_text(&mut blocks, &|text| {
        for piece in text.split('{').skip(1) {
            if let Some((name, _)) = piece.split_once('}')
                && !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphabetic())
            {
                names.borrow_mut().insert(name.to_owned());
            }
        }
        text.to_owned()
    });
    names.into_inner()
}

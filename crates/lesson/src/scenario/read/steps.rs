//! The steps of a scenario file: listed, or the one that it is without a list.

use pullpath_view::block::Block;

use super::checks::Known;
use super::goals::{self, Goals};
use super::{Reader, text};
use crate::fields::{Fields, Node};
use crate::prose;
use crate::scenario::{Goal, Hint, Step};
use crate::source::Span;

/// The fields of a step.
const STEP: [&str; 7] = ["id", "title", "task", "predict", "goals", "hints", "explanation"];
/// Those that stand in a step where there are steps.
const WITHIN: [&str; 3] = ["goals", "predict", "hints"];

/// Steps and goals as far as they could be read.
pub(super) struct Path<'a> {
    pub(super) steps: Vec<Step>,
    /// Whether the author listed them.
    pub(super) listed: bool,
    pub(super) goals: Vec<Goal>,
    /// Whether that is all of them, and there may be as few.
    pub(super) complete: bool,
    /// The ids of all feedback, also of goals that could not be read.
    pub(super) feedback_ids: Vec<&'a str>,
    /// Where they stand.
    pub(super) span: Span,
}

/// Everything that is to be done, in order.
pub(super) fn read<'a>(
    reader: &Reader<'_>,
    fields: &Fields<'a>,
    known: &Known<'_>,
    sandbox: bool,
) -> Path<'a> {
    match fields.get("steps") {
        Some(node) => listed(reader, fields, &node, known),
        None => one(reader, fields, known, sandbox),
    }
}

fn one<'a>(reader: &Reader<'_>, fields: &Fields<'a>, known: &Known<'_>, sandbox: bool) -> Path<'a> {
    let hint = "write at least one, with `id`, `title`, `points`, `check` and `within`";
    let node = if sandbox { fields.get("goals") } else { fields.need("goals", hint) };
    let nodes: Vec<Node<'a>> = node.iter().cloned().collect();
    let mut goals = Goals::new(known, &nodes);
    if let Some(node) = &node {
        goals.read(node, 0, reader.prose, &mut reader.found.borrow_mut());
    }
    let (hints, predict) = help(reader, fields, known);
    Path {
        steps: vec![Step { predict, hints, ..Step::default() }],
        listed: false,
        complete: goals.complete && (node.is_some() || sandbox),
        goals: goals.read,
        feedback_ids: goals.feedback_ids,
        span: node.map_or(0..0, |node| node.key_span()),
    }
}

fn listed<'a>(
    reader: &Reader<'_>,
    fields: &Fields<'a>,
    node: &Node<'a>,
    known: &Known<'_>,
) -> Path<'a> {
    for name in WITHIN {
        if let Some(outside) = fields.get(name) {
            let message = format!("`{name}` stands beside `steps`");
            outside.error("outside-steps", message, "put it into the step that it belongs to");
        }
    }
    let items = node.list();
    if items.is_empty() {
        let hint = "write at least one, with `id`, `title`, `task`, `goals` and `hints`";
        node.error("no-steps", "there is nothing to do", hint);
    }
    let goal_nodes: Vec<Node<'a>> = items.iter().filter_map(|item| item.peek("goals")).collect();
    let mut goals = Goals::new(known, &goal_nodes);
    let mut steps = Vec::new();
    for item in &items {
        let number = steps.len();
        steps.extend(step(reader, item, number, known, &mut goals));
    }
    Path {
        complete: goals.complete && steps.len() == items.len() && !steps.is_empty(),
        steps,
        listed: true,
        goals: goals.read,
        feedback_ids: goals.feedback_ids,
        span: node.key_span(),
    }
}

fn step<'a>(
    reader: &Reader<'_>,
    item: &Node<'a>,
    number: usize,
    known: &Known<'_>,
    goals: &mut Goals<'a, '_>,
) -> Option<Step> {
    let fields = item.map(&STEP)?;
    let id = fields.need("id", "write a short name, for example `id: find-out`");
    let id = id.and_then(|node| goals.own_id(&node));
    let title = text(fields.need("title", "write what this step is, in a few words"));
    let task = fields.need("task", "write what is to be done");
    let task = task.map(|node| blocks(reader, &node));
    let hint = "write at least one, with `id`, `title`, `points`, `check` and `within`";
    if let Some(node) = fields.need("goals", hint) {
        let before = goals.read.len();
        goals.read(&node, number, reader.prose, &mut reader.found.borrow_mut());
        let own = &goals.read[before..];
        // It would be done before anybody has done anything.
        if goals.complete && own.iter().all(|goal| goal.holds_at_start || !goal.is_visible()) {
            let hint = "give it a goal that the learner sees and has to work for";
            node.error("empty-step", "nothing shows when this step is done", hint);
        }
    }
    let (hints, predict) = help(reader, &fields, known);
    let explanation = fields.get("explanation").map(|node| blocks(reader, &node));
    Some(Step {
        id: id?,
        title: title?,
        task: task?,
        predict,
        hints,
        explanation: explanation.unwrap_or_default(),
    })
}

fn blocks(reader: &Reader<'_>, node: &Node<'_>) -> Vec<Block> {
    prose::of(node, reader.prose, &mut reader.found.borrow_mut())
}

/// The hints, and what is to be predicted.
fn help(
    reader: &Reader<'_>,
    fields: &Fields<'_>,
    known: &Known<'_>,
) -> (Vec<Hint>, Option<crate::scenario::Predict>) {
    let predict = fields.get("predict").and_then(|node| goals::predict(&node, known.workloads));
    let hint = "write at least one; the last one is a worked step";
    let Some(node) = fields.need("hints", hint) else { return (Vec::new(), predict) };
    let items = node.list();
    if items.is_empty() {
        node.error("no-hints", "there is no hint", hint);
    }
    (items.iter().filter_map(|item| one_hint(reader, item)).collect(), predict)
}

fn one_hint(reader: &Reader<'_>, item: &Node<'_>) -> Option<Hint> {
    if !item.is_map() {
        return Some(Hint { text: blocks(reader, item), penalty: 0 });
    }
    let fields = item.map(&["text", "penalty"])?;
    let text = fields.need("text", "write the hint")?;
    let penalty = fields.get("penalty").and_then(|node| node.whole(0, 1000)).unwrap_or(0);
    Some(Hint { text: blocks(reader, &text), penalty: penalty as u32 })
}

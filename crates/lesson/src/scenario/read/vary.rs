//! What differs between the worlds that are drawn.

use std::collections::BTreeMap;

use pullpath_model::time::{SimTime, Span as Duration};
use pullpath_model::world::World;

use crate::fields::Node;
use crate::scenario::Vary;

/// The section `vary`.
pub(super) fn read(node: &Node<'_>, world: &World) -> Vary {
    let Some(fields) = node.map(&["arrival", "tokens", "nodes"]) else { return Vary::default() };
    let arrival = fields.get("arrival").and_then(|node| {
        let length = node.duration()?;
        let allowed = (Duration::ZERO..=Duration::hours(24)).contains(&length);
        if !allowed {
            let hint = "write it like `5m`, at most `24h`";
            node.error("bad-duration", "the learner comes later by nothing or more", hint);
        }
        allowed.then_some(length)
    });
    let tokens = fields.get("tokens").map(|node| {
        let known = world.tokens.keys().map(String::as_str);
        ranges(&node, "token", "issued", known, world.from)
    });
    let nodes = fields.get("nodes").map(|node| {
        let known = world.nodes.iter().map(|node| node.name.as_str());
        ranges(&node, "node", "joins", known, world.from)
    });
    Vary {
        arrival: arrival.unwrap_or_default(),
        tokens: tokens.unwrap_or_default(),
        nodes: nodes.unwrap_or_default(),
    }
}

/// `NAME: { FIELD: [EARLIEST, LATEST] }`
fn ranges<'n>(
    node: &Node<'_>,
    what: &str,
    field: &str,
    known: impl IntoIterator<Item = &'n str> + Clone,
    from: SimTime,
) -> BTreeMap<String, (SimTime, SimTime)> {
    let mut ranges = BTreeMap::new();
    for (name, item) in node.entries() {
        let code = if what == "token" { "unknown-token" } else { "unknown-node" };
        if item.key_reference(code, what, name, known.clone()).is_none() {
            continue;
        }
        let hint = format!("write `{{ {field}: [-20h, -13h] }}`");
        let Some(inner) = item.map(&[field]) else { continue };
        let Some(range) = inner.need(field, &hint) else { continue };
        let ends: Vec<_> = range.list().iter().filter_map(Node::duration).collect();
        match ends[..] {
            [earliest, latest] if earliest <= latest && latest <= Duration::ZERO => {
                let (earliest, latest) = (SimTime::START + earliest, SimTime::START + latest);
                // A node that is there from the beginning stays so; nothing happens before history.
                if what == "node" && earliest < from {
                    range.error("out-of-order", "this is before history begins", &*hint);
                    continue;
                }
                ranges.insert(name.to_owned(), (earliest, latest));
            }
            _ => {
                let message = "this should be the earliest and the latest, neither after T+0";
                range.error("bad-range", message, &*hint);
            }
        }
    }
    ranges
}

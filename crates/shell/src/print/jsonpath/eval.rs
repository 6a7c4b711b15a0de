//! A template held against an object (client-go util/jsonpath jsonpath.go). Missing keys find nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::{Bound, Filter, Found, Node};
use crate::print::go;

/// How far a run is into ranges.
#[derive(Debug, Default)]
pub(super) struct Run {
    begin: u32,
    inside: u32,
    end: u32,
    last_end: usize,
}

impl Run {
    /// What the nodes from one on find, each for itself.
    pub(super) fn find<'a>(
        &mut self,
        nodes: &'a [Node],
        from: usize,
        data: Cow<'a, Value>,
    ) -> Result<Vec<Found<'a>>, String> {
        let mut all = Vec::new();
        let mut index = from;
        while index < nodes.len() {
            let found = self.walk(vec![data.clone()], &nodes[index])?;
            if self.end > 0 && self.end <= self.inside {
                self.end -= 1;
                self.last_end = index;
                break;
            }
            if self.begin > 0 {
                self.begin -= 1;
                self.inside += 1;
                if found.is_empty() {
                    // The way to the end of the range is gone all the same.
                    self.find(nodes, index + 1, Cow::Owned(Value::Null))?;
                }
                for item in found {
                    all.extend(self.find(nodes, index + 1, item)?);
                }
                self.inside -= 1;
                if self.last_end > index {
                    index = self.last_end;
                }
                index += 1;
                continue;
            }
            all.push(found);
            index += 1;
        }
        Ok(all)
    }

    fn walk<'a>(&mut self, input: Found<'a>, node: &'a Node) -> Result<Found<'a>, String> {
        let constant = |value: Value| Ok(input.iter().map(|_| Cow::Owned(value.clone())).collect());
        match node {
            Node::List(nodes) => self.list(input, nodes),
            Node::Text(text) => Ok(vec![Cow::Owned(text.as_str().into())]),
            Node::Field(name) => Ok(each(input, |value, found| found.extend(child(value, name)))),
            Node::Array(bounds) => array(input, *bounds),
            Node::Filter(filter) => self.filter(input, filter),
            Node::Int(number) => constant((*number).into()),
            Node::Float(number) => constant((*number).into()),
            Node::Bool(truth) => constant((*truth).into()),
            Node::Wildcard => Ok(each(input, |value, found| found.extend(children(value)))),
            Node::Recursive => {
                let mut found = Vec::new();
                for value in input {
                    deep(value, &mut found);
                }
                Ok(found)
            }
            Node::Union(lists) => {
                let mut found = Vec::new();
                for nodes in lists {
                    found.extend(self.list(input.clone(), nodes)?);
                }
                Ok(found)
            }
            Node::Identifier(name) => match name.as_str() {
                "range" => {
                    self.begin += 1;
                    Ok(input)
                }
                "end" if self.inside > 0 => {
                    self.end += 1;
                    Ok(Vec::new())
                }
                "end" => Err("not in range, nothing to end".to_owned()),
                other => Err(format!("unrecognized identifier {other}")),
            },
        }
    }

    fn list<'a>(&mut self, input: Found<'a>, nodes: &'a [Node]) -> Result<Found<'a>, String> {
        nodes.iter().try_fold(input, |found, node| self.walk(found, node))
    }

    fn filter<'a>(&mut self, input: Found<'a>, filter: &'a Filter) -> Result<Found<'a>, String> {
        let mut passed = Vec::new();
        for value in input {
            if !value.is_array() {
                let value = go::sprint(&value);
                return Err(format!("{value} is not array or slice and cannot be filtered"));
            }
            for item in children(value) {
                let left = self.list(vec![item.clone()], &filter.left);
                if filter.operator == "exists" {
                    if left.is_ok_and(|left| !left.is_empty()) {
                        passed.push(item);
                    }
                    continue;
                }
                let (left, right) = (left?, self.list(vec![item.clone()], &filter.right)?);
                let one = |found: &Found<'_>| match found.as_slice() {
                    [] => Ok(None),
                    [one] => Ok(Some(one.clone().into_owned())),
                    _ => Err("can only compare one element at a time".to_owned()),
                };
                let Some(left) = one(&left)? else { continue };
                let Some(right) = one(&right)? else { continue };
                if holds(&left, &filter.operator, &right)? {
                    passed.push(item);
                }
            }
        }
        Ok(passed)
    }
}

/// What is found in each value; null holds nothing.
fn each<'a>(input: Found<'a>, mut find: impl FnMut(Cow<'a, Value>, &mut Found<'a>)) -> Found<'a> {
    let mut found = Vec::new();
    input.into_iter().filter(|value| !value.is_null()).for_each(|value| find(value, &mut found));
    found
}

fn child<'a>(value: Cow<'a, Value>, name: &str) -> Option<Cow<'a, Value>> {
    match value {
        Cow::Borrowed(value) => value.as_object()?.get(name).map(Cow::Borrowed),
        Cow::Owned(value) => value.as_object()?.get(name).cloned().map(Cow::Owned),
    }
}

fn children(value: Cow<'_, Value>) -> Found<'_> {
    match value {
        Cow::Borrowed(Value::Array(list)) => list.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Object(map)) => map.values().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Array(list)) => list.into_iter().map(Cow::Owned).collect(),
        Cow::Owned(Value::Object(map)) => map.into_iter().map(|one| Cow::Owned(one.1)).collect(),
        // Go takes a text apart into bytes.
        value => {
            let bytes = value.as_str().unwrap_or_default().bytes();
            bytes.map(|byte| Cow::Owned(byte.into())).collect()
        }
    }
}

fn deep<'a>(value: Cow<'a, Value>, found: &mut Found<'a>) {
    let inner = children(value.clone());
    if !inner.is_empty() {
        found.push(value);
        for inner in inner {
            deep(inner, found);
        }
    }
}

fn array(input: Found<'_>, [first, last, step]: [Bound; 3]) -> Result<Found<'_>, String> {
    let mut found = Vec::new();
    for value in input.into_iter().filter(|value| !value.is_null()) {
        if !value.is_array() {
            return Err(format!("{} is not array or slice", go::type_of(&value)));
        }
        let items = children(value);
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let mut from = if first.known { first.value } else { 0 };
        if from < 0 {
            from += length;
        }
        let mut to = if last.known { last.value } else { length };
        if to < 0 || (to == 0 && last.derived) {
            to += length;
        }
        if from == to {
            return Ok(found);
        }
        let out_of_bounds =
            |index: i64| Err(format!("array index out of bounds: index {index}, length {length}"));
        if from >= length || from < 0 {
            return out_of_bounds(from);
        }
        if to > length || to < 0 {
            return out_of_bounds(to - 1);
        }
        if from > to {
            return Err(format!("starting index {from} is greater than ending index {to}"));
        }
        if step.known && step.value <= 0 {
            return Err("step must be > 0".to_owned());
        }
        let step = if step.known { usize::try_from(step.value).unwrap_or(usize::MAX) } else { 1 };
        let (from, to) = (from.unsigned_abs() as usize, to.unsigned_abs() as usize);
        found.extend(items.into_iter().take(to).skip(from).step_by(step));
    }
    Ok(found)
}

/// Go's template comparison: numbers with numbers of their kind, texts with texts.
fn holds(left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
    const WRONG_TYPE: &str = "invalid type for comparison";
    let is_order = !matches!(operator, "==" | "!=");
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bool(_), Value::Bool(_)) if is_order => return Err(WRONG_TYPE.to_owned()),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) if left.is_f64() == right.is_f64() => {
            match (left.as_i64(), right.as_i64()) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
            }
        }
        (
            Value::Bool(_) | Value::Number(_) | Value::String(_),
            Value::Bool(_) | Value::Number(_) | Value::String(_),
        ) => return Err("incompatible types for comparison".to_owned()),
        _ => return Err(WRONG_TYPE.to_owned()),
    };
    match operator {
        "==" => Ok(order.is_eq()),
        "!=" => Ok(order.is_ne()),
        "<" => Ok(order.is_lt()),
        "<=" => Ok(order.is_le()),
        ">" => Ok(order.is_gt()),
        ">=" => Ok(order.is_ge()),
        other => Err(format!("unrecognized filter operator {other}")),
    }
}

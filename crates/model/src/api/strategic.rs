//! Strategic merge patches: how one applies, and how one is made of two states of an object.
//! *Source: apimachinery pkg/util/strategicpatch/patch.go of v0.35.6, for behaviour and words.*

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::ApiError;
use crate::ordered;
use crate::schema::{Field, Merge, Schema, Struct, Type};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const SET_ORDER: &str = "$setElementOrder/";

/// Why a patch cannot be made or applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchError {
    /// The patch is no patch: 400.
    Bad(&'static str),
    /// It does not fit what it is applied to: 422.
    Unprocessable,
    /// Anything else: 500.
    Other(String),
}

impl std::fmt::Display for PatchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bad(words) => f.write_str(words),
            Self::Unprocessable => f.write_str(&ApiError::unprocessable().message),
            Self::Other(words) => f.write_str(words),
        }
    }
}

const BAD_ORDER: &str = "invalid patch format of setElementOrder list";
const BAD_RETAIN_KEYS: &str = "invalid patch format of retainKeys list";

/// What is known of the object at hand.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// Its fields.
    Struct(&'static Struct),
    /// Nothing: objects merge, lists are replaced.
    Free,
}

/// How a field merges: the scope of what is in it, the merge rule, whether keys are retained.
type Rule = (Scope, Merge, bool);

impl Scope {
    fn rule(self, key: &str) -> Result<Rule, PatchError> {
        let Self::Struct(of) = self else { return Ok((Self::Free, Merge::Plain, false)) };
        let field: &Field = of.field(key).ok_or_else(|| {
            PatchError::Other(format!(
                "unable to find api field in struct {} for the json field {key:?}",
                of.name
            ))
        })?;
        Ok((inside(&field.shape), field.merge, field.retain_keys))
    }
}

fn inside(shape: &Type) -> Scope {
    match shape {
        Type::Struct(index) => Scope::Struct(Schema::get().at(*index)),
        Type::Pointer(inner) | Type::List(inner) => inside(inner),
        _ => Scope::Free,
    }
}

/// Applies a patch. What the patch says of order and of keys to retain is taken out of it on the way, as upstream does;
/// errors quote what is left.
pub fn apply(
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
    scope: Scope,
) -> Result<(), PatchError> {
    Merger { onto_object: true }.merge(original, patch, scope)
}

/// The patch that `kubectl apply` sends: what `modified` has and `current` has not, and what `last` had and `modified`
/// has no more.
pub fn three_way(
    last: &Map<String, Value>,
    modified: &Map<String, Value>,
    current: &Map<String, Value>,
    scope: Scope,
) -> Result<Map<String, Value>, PatchError> {
    let additions = Differ { changes: true, deletions: false };
    let deletions = Differ { changes: false, deletions: true };
    let mut delta = additions.maps(current, modified, scope, false)?;
    let mut patch = deletions.maps(last, modified, scope, false)?;
    Merger { onto_object: false }.merge(&mut patch, &mut delta, scope)?;
    Ok(patch)
}

/// The patch that `kubectl edit`, `label`, `set` and others send: the way from one state to another.
pub fn two_way(
    original: &Map<String, Value>,
    modified: &Map<String, Value>,
    scope: Scope,
) -> Result<Map<String, Value>, PatchError> {
    Differ { changes: true, deletions: true }.maps(original, modified, scope, false)
}

fn no_merge_key(item: &Value, key: &str) -> PatchError {
    PatchError::Other(format!("map: {} does not contain declared merge key: {key}", go_print(item)))
}

fn no_map() -> PatchError {
    PatchError::Unprocessable
}

/// Applies patches to objects, or to other patches, which then keep their directives.
#[derive(Clone, Copy)]
struct Merger {
    onto_object: bool,
}

impl Merger {
    fn merge(
        self,
        original: &mut Map<String, Value>,
        patch: &mut Map<String, Value>,
        scope: Scope,
    ) -> Result<(), PatchError> {
        match patch.get(PATCH).map(|directive| directive.as_str().unwrap_or_default()) {
            None => {}
            Some("replace") => {
                patch.remove(PATCH);
                original.clone_from(patch);
                return Ok(());
            }
            Some("delete") => {
                original.clear();
                return Ok(());
            }
            Some(other) => {
                return Err(PatchError::Other(format!(
                    "unknown patch type: {other} in map: {}",
                    go_print(&Value::Object(patch.clone()))
                )));
            }
        }
        self.retain_keys(original, patch)?;
        self.ordered_lists(original, patch, scope)?;
        for (key, value) in patch.iter_mut() {
            self.field(original, key, value, scope)?;
        }
        Ok(())
    }

    fn field(
        self,
        original: &mut Map<String, Value>,
        key: &str,
        value: &mut Value,
        scope: Scope,
    ) -> Result<(), PatchError> {
        let deletes = key.strip_prefix(DELETE_FROM);
        if deletes.is_some() && !self.onto_object {
            original.insert(key.to_owned(), value.clone());
            return Ok(());
        }
        let key = deletes.unwrap_or(key);
        if value.is_null() {
            original.remove(key);
            if self.onto_object {
                return Ok(());
            }
        }
        match (original.get_mut(key), &mut *value) {
            (Some(Value::Object(before)), Value::Object(patch)) => {
                let (scope, _, _) = scope.rule(key)?;
                self.merge(before, patch, scope)
            }
            (Some(Value::Array(before)), Value::Array(patch)) => {
                let rule = scope.rule(key)?;
                let merged = self.list(std::mem::take(before), patch, rule, deletes.is_some())?;
                *before = merged;
                Ok(())
            }
            (Some(before), value)
                if !(before.is_object()
                    || before.is_array()
                    || value.is_object()
                    || value.is_array()) =>
            {
                if deletes.is_none() {
                    *before = value.clone();
                }
                Ok(())
            }
            _ if deletes.is_some() => Ok(()),
            (_, value) => {
                if self.onto_object {
                    discard_nulls(value);
                }
                if drop_directives(value) {
                    original.insert(key.to_owned(), value.clone());
                } else {
                    original.remove(key);
                }
                Ok(())
            }
        }
    }

    fn retain_keys(
        self,
        original: &mut Map<String, Value>,
        patch: &mut Map<String, Value>,
    ) -> Result<(), PatchError> {
        let Some(listed) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
        if !self.onto_object {
            let known = original.entry(RETAIN_KEYS).or_insert_with(|| listed.clone());
            return if *known == listed {
                Ok(())
            } else {
                Err(PatchError::Other(format!(
                    "{} and {} are not deep equal: this may happen when calculating the 3-way diff patch",
                    go_print(known),
                    go_print(&listed)
                )))
            };
        }
        let Value::Array(listed) = listed else { return Err(PatchError::Bad(BAD_RETAIN_KEYS)) };
        let is_listed = |key: &str| listed.iter().any(|listed| listed == key);
        let directive = |key: &str| key.starts_with(DELETE_FROM) || key.starts_with(SET_ORDER);
        if patch.iter().any(|(key, value)| !value.is_null() && !directive(key) && !is_listed(key)) {
            return Err(PatchError::Bad(BAD_RETAIN_KEYS));
        }
        original.retain(|key, _| is_listed(key));
        Ok(())
    }

    /// Lists for which the patch gives an order are merged first, and taken out of the patch.
    fn ordered_lists(
        self,
        original: &mut Map<String, Value>,
        patch: &mut Map<String, Value>,
        scope: Scope,
    ) -> Result<(), PatchError> {
        let directives: Vec<String> =
            patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
        for directive in directives {
            let order = patch.remove(&directive).unwrap_or_default();
            if !self.onto_object {
                let known = original.entry(directive.clone()).or_insert_with(|| order.clone());
                if *known != order {
                    return Err(PatchError::Bad(BAD_ORDER));
                }
            }
            let Value::Array(order) = order else { return Err(no_map()) };
            let key = directive.trim_start_matches(SET_ORDER);
            let rule = scope.rule(key)?;
            let list = |value: Option<&Value>| match value {
                None => Ok(None),
                Some(Value::Array(list)) => Ok(Some(list.clone())),
                Some(_) => Err(no_map()),
            };
            let before = list(original.get(key))?;
            let patched = list(patch.get(key))?;
            check_order(patched.as_deref().unwrap_or_default(), &order, rule.1)?;
            let merged = match (before.clone(), patch.get_mut(key)) {
                (None, None) => continue,
                (Some(before), None) => before,
                (None, Some(added)) => {
                    drop_directives(added);
                    added.as_array().cloned().unwrap_or_default()
                }
                (Some(before), Some(Value::Array(patch))) => {
                    self.list(before, patch, rule, false)?
                }
                (Some(_), Some(_)) => return Err(no_map()),
            };
            let sorted = in_order(merged, &order, &before.unwrap_or_default(), rule.1)?;
            original.insert(key.to_owned(), sorted.into());
            patch.remove(key);
        }
        Ok(())
    }

    fn list(
        self,
        original: Vec<Value>,
        patch: &mut [Value],
        (scope, merge, _): Rule,
        deletes: bool,
    ) -> Result<Vec<Value>, PatchError> {
        match merge {
            _ if deletes => Ok(original.into_iter().filter(|item| !patch.contains(item)).collect()),
            Merge::Plain => Ok(patch.to_vec()),
            Merge::Set => {
                let mut merged: Vec<Value> = Vec::new();
                for item in original.iter().chain(patch.iter()) {
                    if !merged.contains(item) {
                        merged.push(item.clone());
                    }
                }
                in_order(merged, patch, &original, merge)
            }
            Merge::By(key) => self.list_of_objects(original, patch, scope, key),
        }
    }

    fn list_of_objects(
        self,
        mut original: Vec<Value>,
        patch: &mut [Value],
        scope: Scope,
        key: &'static str,
    ) -> Result<Vec<Value>, PatchError> {
        let mut plain: Vec<&mut Value> = Vec::new();
        let mut replace = false;
        for item in patch {
            let Value::Object(map) = &*item else { return Err(no_map()) };
            match map.get(PATCH).map(|directive| directive.as_str().unwrap_or_default()) {
                None => plain.push(item),
                Some("delete") => {
                    let gone = map.get(key).ok_or_else(|| no_merge_key(item, key))?;
                    original.retain(|item| item.get(key) != Some(gone));
                }
                Some("replace") => replace = true,
                Some("merge") => {
                    let words = "merging lists cannot yet be specified in the patch";
                    return Err(PatchError::Other(words.into()));
                }
                Some(other) => {
                    let map = go_print(item);
                    return Err(PatchError::Other(format!(
                        "unknown patch type: {other} in map: {map}"
                    )));
                }
            }
        }
        if replace {
            return Ok(plain.into_iter().map(|item| item.clone()).collect());
        }
        let order: Vec<Value> = plain.iter().map(|item| (**item).clone()).collect();
        let before = original.clone();
        for item in plain {
            let name = item.get(key).cloned().ok_or_else(|| no_merge_key(item, key))?;
            match (original.iter_mut().find(|item| item.get(key) == Some(&name)), item) {
                (Some(Value::Object(found)), Value::Object(item)) => {
                    self.merge(found, item, scope)?;
                }
                (_, item) => original.push(item.clone()),
            }
        }
        in_order(original, &order, &before, Merge::By(key))
    }
}

/// The items in the order of the patch, with what only the server has where it stood.
fn in_order(
    merged: Vec<Value>,
    order: &[Value],
    server_order: &[Value],
    merge: Merge,
) -> Result<Vec<Value>, PatchError> {
    if let Merge::By(key) = merge {
        for item in merged.iter().chain(order) {
            if item.get(key).is_none() {
                return Err(no_merge_key(item, key));
            }
        }
    }
    let place = |list: &[Value], item: &Value| place(list, item, merge);
    let (mut patched, mut server_only): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| place(order, item).is_some());
    sort_like(&mut patched, order, merge);
    sort_like(&mut server_only, server_order, merge);
    let (mut left, mut right) =
        (server_only.into_iter().peekable(), patched.into_iter().peekable());
    let mut all = Vec::new();
    loop {
        let server_first = match (left.peek(), right.peek()) {
            (None, None) => return Ok(all),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(one), Some(two)) => match (place(server_order, one), place(server_order, two)) {
                (Some(one), Some(two)) => one < two,
                _ => false,
            },
        };
        all.extend(if server_first { left.next() } else { right.next() });
    }
}

fn place(list: &[Value], item: &Value, merge: Merge) -> Option<usize> {
    match merge {
        Merge::By(key) => list.iter().position(|other| other.get(key) == item.get(key)),
        Merge::Plain | Merge::Set => list.iter().position(|other| other == item),
    }
}

/// Go's stable sort of a short list, with upstream's comparison, which calls everything smaller that has no place.
fn sort_like(list: &mut [Value], order: &[Value], merge: Merge) {
    for end in 1..list.len() {
        for at in (1..=end).rev() {
            let is_less = match (place(order, &list[at], merge), place(order, &list[at - 1], merge))
            {
                (Some(one), Some(two)) => one < two,
                _ => true,
            };
            if !is_less {
                break;
            }
            list.swap(at, at - 1);
        }
    }
}

/// The items of the patch have to be among those of the order, and in that order.
fn check_order(patch: &[Value], order: &[Value], merge: Merge) -> Result<(), PatchError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut rest = order.iter();
    let live = patch.iter().filter(|item| item.get(PATCH).is_none());
    for item in live {
        let same = |other: &Value| match merge {
            Merge::By(key) => other.get(key) == item.get(key),
            Merge::Plain | Merge::Set => other == item,
        };
        if !rest.any(same) {
            let list = |items: &[Value]| go_print(&Value::Array(items.to_vec()));
            return Err(PatchError::Other(format!(
                "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                list(patch),
                list(order)
            )));
        }
    }
    Ok(())
}

/// Takes the keys out whose value is null, in lists too (`discardNullValuesFromPatch`).
pub(crate) fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(discard_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// Takes objects with directives out; answers whether the value itself stays.
fn drop_directives(value: &mut Value) -> bool {
    match value {
        Value::Object(map) if map.contains_key(PATCH) => return false,
        Value::Object(map) => map.retain(|_, value| drop_directives(value)),
        Value::Array(list) => list.retain_mut(drop_directives),
        _ => {}
    }
    true
}

/// Makes patches.
#[derive(Clone, Copy)]
struct Differ {
    changes: bool,
    deletions: bool,
}

impl Differ {
    fn maps(
        self,
        original: &Map<String, Value>,
        modified: &Map<String, Value>,
        scope: Scope,
        retain_keys: bool,
    ) -> Result<Map<String, Value>, PatchError> {
        let mut patch = Map::new();
        for (key, new) in modified {
            match (original.get(key), new) {
                (None, new) => {
                    if self.changes {
                        patch.insert(key.clone(), new.clone());
                    }
                }
                (Some(Value::Object(old)), Value::Object(new)) => {
                    if old == new {
                        continue;
                    }
                    let (scope, _, retain) = scope.rule(key)?;
                    let inner = self.maps(old, new, scope, retain)?;
                    if !inner.is_empty() {
                        patch.insert(key.clone(), inner.into());
                    }
                }
                (Some(Value::Array(old)), Value::Array(new)) => {
                    if old != new {
                        self.lists(key, old, new, scope.rule(key)?, &mut patch)?;
                    }
                }
                (Some(old), new) => {
                    if self.changes && old != new {
                        patch.insert(key.clone(), new.clone());
                    }
                }
            }
        }
        let gone = |key: &&String| !modified.contains_key(*key);
        if self.deletions {
            for key in original.keys().filter(gone) {
                patch.insert(key.clone(), Value::Null);
            }
        }
        let kept: Vec<Value> = modified
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, _)| key.as_str().into())
            .collect();
        let more =
            original.iter().any(|(key, value)| !value.is_null() && !modified.contains_key(key));
        if retain_keys && !kept.is_empty() && (!patch.is_empty() || more) {
            patch.insert(RETAIN_KEYS.into(), kept.into());
        }
        Ok(patch)
    }

    fn lists(
        self,
        key: &str,
        old: &[Value],
        new: &[Value],
        (scope, merge, retain): Rule,
        patch: &mut Map<String, Value>,
    ) -> Result<(), PatchError> {
        let mut put = |key: String, list: Vec<Value>| {
            if !list.is_empty() {
                patch.insert(key, list.into());
            }
        };
        match merge {
            Merge::Plain => {
                if self.changes {
                    patch.insert(key.to_owned(), new.to_vec().into());
                }
            }
            _ if old.is_empty() => {
                if self.changes {
                    put(key.to_owned(), new.to_vec());
                }
            }
            Merge::Set => {
                let missing = |from: &[Value], in_: &[Value]| -> Vec<Value> {
                    let mut missing: Vec<Value> =
                        from.iter().filter(|item| !in_.contains(item)).cloned().collect();
                    ordered::sort_by_key(&mut missing, go_print);
                    missing.dedup();
                    missing
                };
                let mut added = if self.changes { missing(new, old) } else { Vec::new() };
                sort_like(&mut added, new, merge);
                let gone = if self.deletions { missing(old, new) } else { Vec::new() };
                if self.changes || !gone.is_empty() {
                    put(format!("{SET_ORDER}{key}"), new.to_vec());
                }
                put(key.to_owned(), added);
                put(format!("{DELETE_FROM}{key}"), gone);
            }
            Merge::By(by) => {
                let mut list = self.lists_of_objects(old, new, scope, by, retain)?;
                let gone = list.split_off(
                    list.len()
                        - list.iter().rev().take_while(|item| item.get(PATCH).is_some()).count(),
                );
                sort_like(&mut list, new, merge);
                list.extend(gone);
                let same_order = old.len() == new.len()
                    && old.iter().zip(new).all(|(old, new)| old.get(by) == new.get(by));
                if (self.changes && (!list.is_empty() || !same_order))
                    || (self.deletions && !list.is_empty())
                {
                    let order = new.iter().map(|item| json!({ by: item.get(by) })).collect();
                    put(format!("{SET_ORDER}{key}"), order);
                }
                put(key.to_owned(), list);
            }
        }
        Ok(())
    }

    /// What changed, and behind it what is gone; both by the merge key.
    fn lists_of_objects(
        self,
        old: &[Value],
        new: &[Value],
        scope: Scope,
        by: &'static str,
        retain: bool,
    ) -> Result<Vec<Value>, PatchError> {
        let sorted = |list: &[Value]| -> Result<Vec<(String, Value)>, PatchError> {
            let mut named = Vec::new();
            for item in list {
                let name = item.get(by).ok_or_else(|| no_merge_key(item, by))?;
                named.push((go_print(name), item.clone()));
            }
            ordered::sort_by(&mut named, |one: &(String, Value), two| one.0.cmp(&two.0));
            Ok(named)
        };
        let (old, new) = (sorted(old)?, sorted(new)?);
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        let (mut olds, mut news) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(old), Some(new)) => old.0.cmp(&new.0),
            };
            match order {
                std::cmp::Ordering::Equal => {
                    let (old, new) = (olds.next(), news.next());
                    if let (Some((_, Value::Object(old))), Some((_, Value::Object(new)))) =
                        (old, new)
                    {
                        let mut inner = self.maps(old, new, scope, retain)?;
                        if !inner.is_empty() {
                            inner.insert(by.to_owned(), new[by].clone());
                            changed.push(inner.into());
                        }
                    }
                }
                std::cmp::Ordering::Greater => {
                    let new = news.next();
                    changed.extend(new.filter(|_| self.changes).map(|(_, item)| item.clone()));
                }
                std::cmp::Ordering::Less => {
                    let old = olds.next().filter(|_| self.deletions);
                    gone.extend(old.map(|(_, item)| json!({ PATCH: "delete", by: item[by] })));
                }
            }
        }
        changed.extend(gone);
        Ok(changed)
    }
}

/// A JSON value as Go prints a decoded one: `map[a:[1 2] b:<nil>]` (fmt's `%v`).
pub fn go_print(value: &Value) -> String {
    let mut out = String::new();
    print(value, &mut out);
    out
}

fn print(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::String(text) => out.push_str(text),
        Value::Bool(_) | Value::Number(_) => write!(out, "{value}").expect("a String takes all"),
        Value::Array(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { " " });
                print(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push_str("map[");
            for (index, (key, item)) in map.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { " " });
                out.push_str(key);
                out.push(':');
                print(item, out);
            }
            out.push(']');
        }
    }
}

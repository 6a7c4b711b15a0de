//! Sorting and ordered maps in few copies of the algorithm.
//!
//! A sort of the standard library is compiled anew for each type of items and each comparison, five kilobytes of wasm at
//! a time, and `collect` into an ordered map sorts first: together they were a twentieth of the engine in the browser.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts, and leaves equal items in their order.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let mut order = order(items.len(), &|one, other| compare(&items[one], &items[other]));
    // `order[at]` is where the item that belongs there stands. Each cycle is walked once.
    for start in 0..items.len() {
        let mut at = start;
        while order[at] != start {
            let from = order[at];
            items.swap(at, from);
            order[at] = at;
            at = from;
        }
        order[at] = at;
    }
}

/// Sorts by a key, and leaves items of the same key in their order.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

/// Sorts.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

#[inline(never)]
fn order(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

/// A map of entries; of those with one key the last stays.
pub fn map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}

/// A set of items.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    for item in items {
        set.insert(item);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        // Few keys, so that there are equal ones, whose order shows.
        let mut state = 7_u32;
        for length in 0..60 {
            let mut items: Vec<(u32, u32)> = (0..length)
                .map(|at| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 29, at)
                })
                .collect();
            let mut want = items.clone();
            want.sort_by_key(|(key, _)| *key);
            sort_by_key(&mut items, |(key, _)| *key);
            assert_eq!(items, want);
            items.reverse();
            sort(&mut items);
            want.sort_unstable();
            assert_eq!(items, want);
        }
    }

    #[test]
    fn maps_and_sets_are_those_of_collect() {
        let entries = [("b", 1), ("a", 2), ("b", 3)];
        assert_eq!(map(entries), entries.into_iter().collect());
        assert_eq!(set(["b", "a", "b"]), ["a", "b"].into());
    }
}

//! Sets of completion indexes as a Job's status spells them: `0-2,5,7,8`.
//! *Source: kubernetes v1.35.6 pkg/controller/job/indexed_job_utils.go.*

use std::collections::BTreeSet;

use crate::ordered;

/// How many indexes one interval is taken for; a Job has fewer.
const MOST: i64 = 100_000;

/// The indexes below `completions` that a text spells.
pub(super) fn parse(text: &str, completions: i64) -> BTreeSet<i64> {
    let interval = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
        Some(first..=last.min(completions - 1).min(first.saturating_add(MOST)))
    };
    ordered::set(text.split(',').filter_map(interval).flatten())
}

/// Indexes as intervals; two neighbours are no interval.
pub(super) fn print(indexes: &BTreeSet<i64>) -> String {
    let mut intervals: Vec<(i64, i64)> = Vec::new();
    for index in indexes {
        match intervals.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => intervals.push((*index, *index)),
        }
    }
    let shown = intervals.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    });
    shown.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(indexes: &[i64], want: &str) {
        let indexes: BTreeSet<i64> = indexes.iter().copied().collect();
        assert_eq!(print(&indexes), want);
        assert_eq!(parse(want, 100), indexes);
    }

    #[test]
    fn indexes_are_spelled_as_intervals() {
        check(&[], "");
        check(&[3], "3");
        check(&[0, 1, 2, 5, 7, 8], "0-2,5,7,8");
        assert_eq!(print(&parse("1-9,12", 5)), "1-4");
        assert_eq!(print(&parse("x,2-,1", 5)), "1");
    }
}

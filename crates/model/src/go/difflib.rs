//! github.com/pmezard/go-difflib, which is Python's difflib in Go: unified diffs of two lists of lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// From so many lines on, lines that are very common do not begin a match.
const JUNK_FROM: usize = 200;

/// Where two lists agree: from here, from there, so many lines.
type Match = (usize, usize, usize);

/// Stretches of the two lists, and whether they are equal.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    equal: bool,
    old: (usize, usize),
    new: (usize, usize),
}

/// The unified diff without a head; empty for equal lists.
pub fn unified(old: &[String], new: &[String]) -> String {
    let mut out = String::new();
    for group in groups(&stretches(old, new)) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let range = |start: usize, end: usize| match end - start {
            1 => format!("{}", start + 1),
            0 => format!("{start},0"),
            length => format!("{},{length}", start + 1),
        };
        let (old_range, new_range) =
            (range(first.old.0, last.old.1), range(first.new.0, last.new.1));
        writeln!(out, "@@ -{old_range} +{new_range} @@").expect("a String takes all");
        for stretch in group {
            let (olds, news) =
                (&old[stretch.old.0..stretch.old.1], &new[stretch.new.0..stretch.new.1]);
            let mut put = |sign: char, lines: &[String]| {
                for line in lines {
                    writeln!(out, "{sign}{line}").expect("a String takes all");
                }
            };
            if stretch.equal {
                put(' ', olds);
            } else {
                put('-', olds);
                put('+', news);
            }
        }
    }
    out
}

/// Cuts long agreements down to their context.
fn groups(stretches: &[Stretch]) -> Vec<Vec<Stretch>> {
    let mut all = stretches.to_vec();
    if let Some(first) = all.first_mut().filter(|first| first.equal) {
        first.old.0 = first.old.0.max(first.old.1.saturating_sub(CONTEXT));
        first.new.0 = first.new.0.max(first.new.1.saturating_sub(CONTEXT));
    }
    if let Some(last) = all.last_mut().filter(|last| last.equal) {
        last.old.1 = last.old.1.min(last.old.0 + CONTEXT);
        last.new.1 = last.new.1.min(last.new.0 + CONTEXT);
    }
    let mut groups = Vec::new();
    let mut group: Vec<Stretch> = Vec::new();
    for mut stretch in all {
        if stretch.equal && stretch.old.1 - stretch.old.0 > 2 * CONTEXT {
            let mut end = stretch;
            end.old.1 = end.old.0 + CONTEXT;
            end.new.1 = end.new.0 + CONTEXT;
            group.push(end);
            groups.push(std::mem::take(&mut group));
            stretch.old.0 = stretch.old.1 - CONTEXT;
            stretch.new.0 = stretch.new.1 - CONTEXT;
        }
        group.push(stretch);
    }
    groups.push(group);
    groups.retain(|group| group.iter().any(|stretch| !stretch.equal));
    groups
}

fn stretches(old: &[String], new: &[String]) -> Vec<Stretch> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, line) in new.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    if new.len() >= JUNK_FROM {
        let most = new.len() / 100 + 1;
        places.retain(|_, places| places.len() <= most);
    }
    let mut found = Vec::new();
    let mut open = vec![((0, old.len()), (0, new.len()))];
    while let Some((olds, news)) = open.pop() {
        let (at, there, length) = longest(old, new, &places, olds, news);
        if length > 0 {
            found.push((at, there, length));
            open.push(((olds.0, at), (news.0, there)));
            open.push(((at + length, olds.1), (there + length, news.1)));
        }
    }
    crate::ordered::sort(&mut found);
    let mut stretches: Vec<Stretch> = Vec::new();
    let (mut at, mut there) = (0, 0);
    for (next, next_there, length) in found.into_iter().chain([(old.len(), new.len(), 0)]) {
        if at < next || there < next_there {
            stretches.push(Stretch { equal: false, old: (at, next), new: (there, next_there) });
        }
        (at, there) = (next + length, next_there + length);
        let (old, new) = ((next, at), (next_there, there));
        match stretches.last_mut() {
            Some(last) if last.equal && length > 0 => {
                last.old.1 = at;
                last.new.1 = there;
            }
            _ if length > 0 => stretches.push(Stretch { equal: true, old, new }),
            _ => {}
        }
    }
    stretches
}

/// The longest agreement in a part of both lists, the earliest of several.
fn longest(
    old: &[String],
    new: &[String],
    places: &BTreeMap<&str, Vec<usize>>,
    olds: (usize, usize),
    news: (usize, usize),
) -> Match {
    let (mut at, mut there, mut length) = (olds.0, news.0, 0);
    // How long the agreement is that ends at a place of the new list.
    let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, line) in old.iter().enumerate().take(olds.1).skip(olds.0) {
        let mut next = BTreeMap::new();
        for &place in places.get(line.as_str()).into_iter().flatten() {
            if place < news.0 {
                continue;
            }
            if place >= news.1 {
                break;
            }
            let before = place.checked_sub(1).and_then(|before| ends.get(&before));
            let size = before.copied().unwrap_or(0) + 1;
            next.insert(place, size);
            if size > length {
                (at, there, length) = (index + 1 - size, place + 1 - size, size);
            }
        }
        ends = next;
    }
    // Common lines do not begin an agreement, but they may widen one.
    while at > olds.0 && there > news.0 && old[at - 1] == new[there - 1] {
        (at, there, length) = (at - 1, there - 1, length + 1);
    }
    while at + length < olds.1 && there + length < news.1 && old[at + length] == new[there + length]
    {
        length += 1;
    }
    (at, there, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diffs_read_as_difflibs() {
        let lines = |text: &str| -> Vec<String> { text.chars().map(String::from).collect() };
        let check = |old: &str, new: &str, want: &str| {
            assert_eq!(unified(&lines(old), &lines(new)), want, "{old} {new}");
        };
        check("abc", "abc", "");
        check("abcdefgh", "abcdXfgh", "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n");
        check("a", "", "@@ -1 +0,0 @@\n-a\n");
        check("", "ab", "@@ -0,0 +1,2 @@\n+a\n+b\n");
    }
}

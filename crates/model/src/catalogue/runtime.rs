//! The releases of containerd, told apart by how they word a failed pull.

use std::fmt::Write as _;

use crate::world::{NodeSpec, Version};

/// A run of releases that word everything alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runtime {
    /// The first of them, which is played.
    pub containerd: Version,
    /// The last.
    last: Last,
    /// Whether it is told to pull without the transfer service (R22).
    pub local_pull: bool,
}

/// The last release of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// This patch of the minor release that it begins with.
    Patch(u32),
    /// The last of that minor release of the same major.
    Minor(u32),
    /// The newest there is.
    Newest,
}

/// Every boundary at which a wording changed: R21, R24 to R26, R29, R33, R40. Local pulls stand at the end.
pub const RUNTIMES: [Runtime; 14] = [
    run(Version::new(1, 6, 0), Last::Patch(20), false),
    run(Version::new(1, 6, 21), Last::Patch(24), false),
    run(Version::new(1, 6, 25), Last::Minor(6), false),
    run(Version::new(1, 7, 0), Last::Patch(7), false),
    run(Version::new(1, 7, 8), Last::Minor(7), false),
    run(Version::new(2, 0, 0), Last::Minor(0), false),
    run(Version::new(2, 1, 0), Last::Patch(2), false),
    run(Version::new(2, 1, 3), Last::Minor(2), false),
    run(Version::new(2, 3, 0), Last::Patch(2), false),
    run(Version::new(2, 3, 3), Last::Newest, false),
    run(Version::new(2, 1, 0), Last::Patch(2), true),
    run(Version::new(2, 1, 3), Last::Minor(2), true),
    run(Version::new(2, 3, 0), Last::Patch(2), true),
    run(Version::new(2, 3, 3), Last::Newest, true),
];

/// The first place of local pulls.
const LOCAL: usize = 10;

const fn run(containerd: Version, last: Last, local_pull: bool) -> Runtime {
    Runtime { containerd, last, local_pull }
}

impl Runtime {
    /// The run that a node's runtime belongs to.
    pub fn of(node: &NodeSpec) -> Self {
        let (containerd, from) = (node.containerd, Version::new(2, 1, 0));
        let local_pull = node.local_pull && containerd >= from;
        let fits = |run: &&Self| run.local_pull == local_pull && run.containerd <= containerd;
        *RUNTIMES.iter().rfind(fits).unwrap_or(&RUNTIMES[0])
    }

    /// A node like another one, with this runtime.
    pub fn on(self, node: &NodeSpec) -> NodeSpec {
        NodeSpec { containerd: self.containerd, local_pull: self.local_pull, ..node.clone() }
    }

    fn last(self) -> String {
        let Version { major, minor, .. } = self.containerd;
        match self.last {
            Last::Patch(patch) => format!("{major}.{minor}.{patch}"),
            Last::Minor(minor) => format!("{major}.{minor}.x"),
            Last::Newest => "later".to_owned(),
        }
    }
}

/// Plays something with each of the runtimes; those with which it comes to the same are told together.
pub fn by_runtime<T: PartialEq>(mut play: impl FnMut(Runtime) -> T) -> Vec<(T, Vec<Runtime>)> {
    let mut all: Vec<(T, Vec<Runtime>)> = Vec::new();
    for runtime in RUNTIMES {
        let outcome = play(runtime);
        match all.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, runtimes)) => runtimes.push(runtime),
            None => all.push((outcome, vec![runtime])),
        }
    }
    all
}

/// `containerd 1.6.25 to 2.0.x`, `containerd 2.3.3 and later, or 2.1.0 and later with use_local_image_pull`.
pub fn releases(runtimes: &[Runtime]) -> String {
    let has = |at: usize| runtimes.contains(&RUNTIMES[at]);
    if (0..RUNTIMES.len()).all(has) {
        return "every release of containerd".to_owned();
    }
    let mut text = String::from("containerd ");
    let mut parts = ranges(0..LOCAL, has);
    let local = ranges(LOCAL..RUNTIMES.len(), has);
    if !local.is_empty() {
        parts.push(format!("{} with use_local_image_pull", local.join(", ")));
    }
    let count = parts.len();
    for (index, part) in parts.iter().enumerate() {
        let between = match index {
            0 => "",
            index if index + 1 == count => ", or ",
            _ => ", ",
        };
        let _ = write!(text, "{between}{part}");
    }
    text
}

/// Runs that follow one another, as one.
fn ranges(of: std::ops::Range<usize>, has: impl Fn(usize) -> bool) -> Vec<String> {
    let mut ranges = Vec::new();
    let mut at = of.start;
    while at < of.end {
        if !has(at) {
            at += 1;
            continue;
        }
        let first = RUNTIMES[at];
        while at + 1 < of.end && has(at + 1) {
            at += 1;
        }
        let last = RUNTIMES[at];
        let is_oldest = first == RUNTIMES[0];
        ranges.push(match last.last {
            Last::Newest => format!("{} and later", first.containerd),
            Last::Patch(_) | Last::Minor(_) if is_oldest => format!("up to {}", last.last()),
            Last::Patch(_) | Last::Minor(_) => format!("{} to {}", first.containerd, last.last()),
        });
        at += 1;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_told_as_ranges() {
        let check = |places: &[usize], want: &str| {
            let runtimes: Vec<Runtime> = places.iter().map(|at| RUNTIMES[*at]).collect();
            assert_eq!(releases(&runtimes), want, "{places:?}");
        };
        check(&[0, 1], "containerd up to 1.6.24");
        check(&[2, 3, 4, 5], "containerd 1.6.25 to 2.0.x");
        check(&[9], "containerd 2.3.3 and later");
        check(&[5], "containerd 2.0.0 to 2.0.x");
        check(
            &[0, 5, 10, 11, 12, 13],
            "containerd up to 1.6.20, 2.0.0 to 2.0.x, or 2.1.0 and later with use_local_image_pull",
        );
        check(&(0..14).collect::<Vec<_>>(), "every release of containerd");
    }

    #[test]
    fn nodes_have_a_runtime_of_the_table() {
        let check = |containerd, local_pull, want: usize| {
            let node = NodeSpec { containerd, local_pull, ..NodeSpec::default() };
            assert_eq!(Runtime::of(&node), RUNTIMES[want], "{containerd}");
        };
        check(Version::new(1, 5, 0), false, 0);
        check(Version::new(1, 7, 24), true, 4);
        check(Version::new(2, 2, 7), false, 7);
        check(Version::new(2, 2, 7), true, 11);
        check(Version::new(2, 4, 0), false, 9);
    }
}

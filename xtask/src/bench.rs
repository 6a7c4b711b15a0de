//! `cargo xtask bench [--against REV]`: how fast, how large, and how that compares with another revision.

use std::collections::BTreeMap;
use std::path::Path;

use crate::places;
use crate::process::{Outcome, program, run, run_and_keep, say, step};
use crate::serve::{self, Hosting};
use crate::setup;
use crate::site;

/// How often both sides run, in turn, when they are compared.
const TURNS: usize = 5;

/// What the project aims at: a part of a case's name, and microseconds.
const AIMS: [(&str, u64); 7] = [
    ("13 simulated hours of one", 1_000),
    ("13 simulated hours of 10", 10_000),
    ("500 Pods to a settled state", 50_000),
    ("a day of back-off of  10000", 5_000_000),
    ("a moment of the past", 50_000),
    ("one edit: applied", 16_000),
    ("in the browser", 16_000),
];

/// The largest of the cases may hold so much memory, in KiB.
const MEMORY_AIM: u64 = 1 << 20;

/// Minimum, median and maximum of a case, in microseconds.
type Times = (u64, u64, u64);

pub(crate) fn command(words: &[&str]) -> Outcome<()> {
    match words {
        [] => {
            report(&native(&places::root())?);
            in_the_browser()
        }
        ["--against", revision] => against(revision),
        _ => Err("cargo xtask bench [--against REV]".to_owned()),
    }
}

fn report(cases: &BTreeMap<String, Times>) {
    for (name, (least, middle, most)) in cases {
        let aim = AIMS.iter().find(|(part, _)| name.contains(part));
        let aim = aim.map_or(String::new(), |(_, aim)| format!("   aim: under {}", millis(*aim)));
        say(&format!(
            "    {name}: {} (from {} to {}){aim}",
            millis(*middle),
            millis(*least),
            millis(*most)
        ));
    }
}

fn millis(micros: u64) -> String {
    format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10)
}

fn native(root: &Path) -> Outcome<BTreeMap<String, Times>> {
    let mut cargo = program("cargo");
    cargo.current_dir(root).args([
        "bench",
        "--quiet",
        "--package",
        "pullpath",
        "--bench",
        "native",
    ]);
    if root != places::root() {
        cargo.env("CARGO_TARGET_DIR", root.join("target"));
    }
    let mut kept = String::new();
    step("Native benchmarks", "compiled with optimisation first", || {
        let (text, outcome) = run_and_keep(&mut cargo);
        kept = text;
        outcome
    })?;
    for line in kept.lines() {
        if let Some((name, peak)) = memory(line) {
            say(&format!(
                "    {name}: at most {} MiB held   aim: under {} MiB",
                peak >> 10,
                MEMORY_AIM >> 10
            ));
        }
    }
    Ok(kept.lines().filter_map(case).collect())
}

/// The fifth column of a case that has one: the most memory that was held, in KiB.
fn memory(line: &str) -> Option<(&str, u64)> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [name, _, _, _, peak] = columns.as_slice() else { return None };
    Some((name, peak.trim().parse().ok().filter(|peak| *peak > 0)?))
}

/// `name TAB least TAB middle TAB most`
fn case(line: &str) -> Option<(String, Times)> {
    let mut parts = line.split('\t');
    let name = parts.next()?.to_owned();
    let mut number = || parts.next()?.trim().parse().ok();
    Some((name, (number()?, number()?, number()?)))
}

fn in_the_browser() -> Outcome<()> {
    site::build(&setup::for_site()?)?;
    let hosting = Hosting { base: "/".to_owned(), sends_policy: true };
    let server = serve::start(0, hosting)?;
    let mut kept = String::new();
    step("Benchmark in Chromium", "", || {
        let mut node = program("node");
        node.arg(places::root().join("tests/e2e/bench.mjs")).env("PULLPATH_URL", &server.address);
        node.envs(setup::chromium().map(|chromium| ("CHROMIUM", chromium)));
        let (text, outcome) = run_and_keep(&mut node);
        kept = text;
        outcome
    })?;
    report(&kept.lines().filter_map(case).collect());
    say("    Bytes to be transferred are those of the list above: gzip.");
    Ok(())
}

/// Both revisions in turn, so that a noisy machine is noisy for both; the ratio of medians, with its spread.
fn against(revision: &str) -> Outcome<()> {
    let other = places::scratch().join("against");
    let git = |words: &[&str]| run(program("git").current_dir(places::root()).args(words));
    let path = other.to_string_lossy().into_owned();
    let _ = git(&["worktree", "remove", "--force", &path]);
    git(&["worktree", "add", "--detach", &path, revision])?;
    let outcome = compare(&other);
    git(&["worktree", "remove", "--force", &path])?;
    outcome
}

fn compare(other: &Path) -> Outcome<()> {
    let mut ratios: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for _ in 0..TURNS {
        let (ours, theirs) = (native(&places::root())?, native(other)?);
        for (name, (_, middle, _)) in ours {
            if let Some((_, before, _)) = theirs.get(&name) {
                ratios.entry(name).or_default().push(middle * 1000 / before.max(&1));
            }
        }
    }
    for (name, mut list) in ratios {
        list.sort_unstable();
        let of = |thousandths: u64| format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
        let (least, most) = (list[0], list[list.len() - 1]);
        say(&format!(
            "    {name}: {} times the other's (from {} to {})",
            of(list[list.len() / 2]),
            of(least),
            of(most)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_figures_is_read_and_others_are_not() {
        assert_eq!(case("a b\t1\t2\t3"), Some(("a b".to_owned(), (1, 2, 3))));
        assert_eq!(case("running 0 tests"), None);
        assert_eq!(case("a\t1\tx\t3"), None);
        assert_eq!(case("a\t1\t2\t3\t4"), Some(("a".to_owned(), (1, 2, 3))));
        assert_eq!(memory("a\t1\t2\t3\t4"), Some(("a", 4)));
        assert_eq!(memory("a\t1\t2\t3"), None);
        assert_eq!(millis(12_345), "12.34 ms");
    }
}

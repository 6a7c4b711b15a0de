//! `cargo xtask bench [--against REV [CASE]]`: how fast, how large, and how that compares with another revision. Without
//! `--against` it ends badly when an aim is missed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::places;
use crate::process::{Outcome, program, run, run_and_keep, say, step};
use crate::serve::{self, Hosting};
use crate::setup;
use crate::site;

/// How often both sides run, in turn, when they are compared.
const TURNS: usize = 5;

/// The cases that are compared when none is named: a part of each one's name. The days of crowds, where one turn takes
/// minutes, are not among them.
const QUICK: [&str; 6] = [
    "13 simulated hours",
    "500 Pods to a settled state",
    "a day of back-off of     10 Pods",
    "a moment of the past",
    "one edit",
    "100 different attempts",
];

/// What the project aims at: a part of a case's name, and microseconds.
const AIMS: [(&str, u64); 9] = [
    ("13 simulated hours of one", 1_000),
    ("13 simulated hours of 10", 10_000),
    ("500 Pods to a settled state", 50_000),
    ("a day of back-off of  10000", 5_000_000),
    ("a moment of the past", 50_000),
    ("one edit: applied", 16_000),
    ("run and grade one edit", 16_000),
    ("50 worlds of a scenario", 250_000),
    // A thousand a second on two cores.
    ("100 different attempts graded", 200_000),
];

/// The largest of the cases may hold so much memory, in KiB.
const MEMORY_AIM: u64 = 1 << 20;

/// What may be transferred, compressed: the first letters of the files' names, what they are, and bytes. What home takes
/// is measured in the browser instead.
const SIZES: [(&str, &str, u64); 4] = [
    ("room-", "the room: lessons, workbench, author; in the background", 350_000),
    ("worker-", "the engine, in the background", 700_000),
    (
        "desk-",
        "the engine that also reads Markdown and hand-ins and looks messages up, for the pages that do",
        1_000_000,
    ),
    ("editor-", "the editor", 150_000),
];
const HOME: (&str, u64) = ("until home is interactive", 250_000);

/// Minimum, median and maximum of a case, in microseconds.
type Times = (u64, u64, u64);

pub(crate) fn command(words: &[&str]) -> Outcome<()> {
    match words {
        [] => {
            let mut missed = report(&native(&places::root(), &[""])?);
            missed += in_the_browser()?;
            match missed {
                0 => Ok(()),
                1 => Err("1 aim was MISSED".to_owned()),
                more => Err(format!("{more} aims were MISSED")),
            }
        }
        ["--against", revision] => {
            say(
                "The days of 100 Pods and more are left out: they take minutes. Name them to compare them, for example:",
            );
            say(&format!("    cargo xtask bench --against {revision} \"a day of back-off\""));
            against(revision, &QUICK)
        }
        ["--against", revision, case] => against(revision, &[case]),
        _ => Err("cargo xtask bench [--against REV [CASE]]".to_owned()),
    }
}

/// Says every case beside its aim, and how many missed theirs.
fn report(text: &str) -> u32 {
    let mut missed = 0;
    for (name, peak) in text.lines().filter_map(memory) {
        let aim = Some(MEMORY_AIM);
        say(&format!(
            "    {name}: at most {} held{}",
            mebibytes(peak),
            beside(peak, aim, mebibytes)
        ));
        missed += u32::from(peak >= MEMORY_AIM);
    }
    for (name, (least, middle, most)) in &cases(text) {
        let aim = AIMS.iter().find(|(part, _)| name.contains(part)).map(|(_, aim)| *aim);
        say(&format!(
            "    {name}: {} (from {} to {}){}",
            millis(*middle),
            millis(*least),
            millis(*most),
            beside(*middle, aim, millis)
        ));
        missed += u32::from(aim.is_some_and(|aim| *middle >= aim));
    }
    missed
}

/// Says every size beside its aim, and how many missed theirs. What home took comes from the browser.
fn report_sizes(home: u64) -> u32 {
    let (name, aim) = HOME;
    let mut sizes = vec![(name, home, aim)];
    for (start, name, aim) in SIZES {
        let of_part = |file: &&PathBuf| {
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
        };
        let files = places::files_below(&places::dist());
        let bytes = files.iter().filter(of_part).map(|file| site::gzip_size(file) as u64).sum();
        sizes.push((name, bytes, aim));
    }
    let mut missed = 0;
    for (name, bytes, aim) in sizes {
        say(&format!("    {name}: {}{}", kilobytes(bytes), beside(bytes, Some(aim), kilobytes)));
        missed += u32::from(bytes >= aim);
    }
    missed
}

/// The aim, to stand behind what was measured.
fn beside(measured: u64, aim: Option<u64>, words: fn(u64) -> String) -> String {
    match aim {
        None => String::new(),
        Some(aim) if measured < aim => format!("   aim: under {}", words(aim)),
        Some(aim) => format!("   aim: under {}: MISSED", words(aim)),
    }
}

fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{} MiB", kibibytes >> 10)
}

fn millis(micros: u64) -> String {
    format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10)
}

/// What the native benchmarks print of the cases with these parts in their names.
fn native(root: &Path, cases: &[&str]) -> Outcome<String> {
    let mut kept = String::new();
    let what = if root == places::root() { "" } else { " of the other revision" };
    step(&format!("Native benchmarks{what}"), "compiled with optimisation first", || {
        for case in cases {
            let mut cargo = program("cargo");
            let words = ["bench", "--quiet", "--package", "pullpath", "--bench", "native"];
            cargo.current_dir(root).args(words).args(["--", case]);
            if root != places::root() {
                cargo.env("CARGO_TARGET_DIR", root.join("target"));
            }
            let (text, outcome) = run_and_keep(&mut cargo);
            kept += &text;
            outcome?;
        }
        Ok(())
    })?;
    Ok(kept)
}

fn cases(text: &str) -> BTreeMap<String, Times> {
    text.lines().filter_map(case).collect()
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

fn in_the_browser() -> Outcome<u32> {
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
    let (bytes, times): (Vec<&str>, Vec<&str>) =
        kept.lines().partition(|line| line.starts_with("bytes of home"));
    let home = bytes.into_iter().find_map(case).ok_or("the browser did not say what home takes")?;
    say("\nTransferred, compressed with gzip:");
    let missed = report_sizes(home.1.1);
    say("");
    Ok(missed + report(&times.join("\n")))
}

/// Both revisions in turn, so that a noisy machine is noisy for both; the ratio of medians, with its spread.
fn against(revision: &str, cases: &[&str]) -> Outcome<()> {
    let other = places::scratch().join("against");
    let git = |words: &[&str]| run(program("git").current_dir(places::root()).args(words));
    let path = other.to_string_lossy().into_owned();
    let _ = git(&["worktree", "remove", "--force", &path]);
    git(&["worktree", "add", "--detach", &path, revision])?;
    let outcome = compare(&other, cases);
    git(&["worktree", "remove", "--force", &path])?;
    outcome
}

fn compare(other: &Path, names: &[&str]) -> Outcome<()> {
    let mut ratios: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for _ in 0..TURNS {
        let ours = cases(&native(&places::root(), names)?);
        let theirs = cases(&native(other, names)?);
        for (name, (_, middle, _)) in ours {
            if let Some((_, before, _)) = theirs.get(&name) {
                ratios.entry(name).or_default().push(middle * 1000 / before.max(&1));
            }
        }
    }
    if ratios.is_empty() {
        return Err("no case was measured on both sides".to_owned());
    }
    say("\nBeside the other revision, measured in turn:");
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

    #[test]
    fn a_missed_aim_is_said() {
        assert_eq!(beside(249_999, Some(250_000), kilobytes), "   aim: under 250.0 KB");
        assert_eq!(beside(250_000, Some(250_000), kilobytes), "   aim: under 250.0 KB: MISSED");
        assert_eq!(beside(1, None, millis), "");
        let slow = "13 simulated hours of 10 Pods\t9000\t10000\t11000\nanother\t1\t2\t3\t2000000";
        assert_eq!(report(slow), 2);
    }
}

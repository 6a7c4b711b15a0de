//! `cargo xtask fuzz [TARGET] [--runs N | --minutes N]`: text from strangers, millions of times.
//!
//! libFuzzer finds its way by the branches that an input takes. It needs no nightly compiler: the counters that it reads are put
//! in by the ordinary one, with the flags that `cargo fuzz` uses too. (Sanitizers would need one; there is no unsafe code here
//! for them to look at.)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places;
use crate::process::{Outcome, ask, program, run, step};

/// Counters at every branch, and the values that comparisons were about.
const FLAGS: &[&str] = &[
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// A target in `fuzz/targets`, and how long it runs when nobody says.
struct Target {
    name: &'static str,
    effort: Effort,
    most_bytes: u32,
    /// Folders of the project whose files are good inputs too.
    seeds: &'static [&'static str],
}

const TARGETS: [Target; 4] = [
    Target { name: "references", effort: Effort::runs(10_000_000), most_bytes: 512, seeds: &[] },
    Target { name: "docker_config", effort: Effort::runs(10_000_000), most_bytes: 512, seeds: &[] },
    Target {
        name: "manifests",
        effort: Effort { runs: Some(1_000_000), minutes: Some(30) },
        most_bytes: 4096,
        seeds: &["scenarios"],
    },
    Target {
        name: "explain",
        effort: Effort { runs: Some(1_000_000), minutes: Some(30) },
        most_bytes: 4096,
        seeds: &["tests/explain"],
    },
];

/// How long: whatever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Effort {
    runs: Option<u64>,
    minutes: Option<u64>,
}

impl Effort {
    const fn runs(runs: u64) -> Self {
        Self { runs: Some(runs), minutes: None }
    }
}

const USAGE: &str = "cargo xtask fuzz [TARGET] [--runs N | --minutes N]";

pub(crate) fn command(words: &[&str]) -> Outcome<()> {
    let (name, effort) = asked(words)?;
    let targets: Vec<&Target> =
        TARGETS.iter().filter(|target| name.is_none_or(|name| name == target.name)).collect();
    if targets.is_empty() {
        let names = TARGETS.map(|target| target.name).join(", ");
        return Err(format!("there is no such target; there are: {names}\n{USAGE}"));
    }
    let programs = build()?;
    let mut broken = Vec::new();
    for target in targets {
        let mut fuzzer = fuzzer(target, &programs, effort.unwrap_or(target.effort))?;
        let why = "what breaks it is kept in fuzz/found";
        if let Err(problem) = step(&format!("Fuzzing {}", target.name), why, || run(&mut fuzzer)) {
            broken.push(problem);
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

fn asked<'a>(words: &[&'a str]) -> Outcome<(Option<&'a str>, Option<Effort>)> {
    let number =
        |text: &str| text.parse().map_err(|_| format!("`{text}` is not a number\n{USAGE}"));
    let (name, options) = match words {
        [name, options @ ..] if !name.starts_with('-') => (Some(*name), options),
        options => (None, options),
    };
    let effort = match options {
        [] => None,
        ["--runs", runs] => Some(Effort::runs(number(runs)?)),
        ["--minutes", minutes] => Some(Effort { runs: None, minutes: Some(number(minutes)?) }),
        _ => return Err(USAGE.to_owned()),
    };
    Ok((name, effort))
}

/// Builds the targets, and says where they are.
fn build() -> Outcome<PathBuf> {
    let folder = places::root().join("fuzz");
    // The same versions of everything as the project itself.
    fs::copy(places::root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .map_err(|error| format!("fuzz/Cargo.lock: {error}"))?;
    let about = ask(program("rustc").arg("-vV")).ok_or("`rustc -vV` failed")?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("`rustc -vV` names no host")?;
    let target = folder.join("target");
    let mut cargo = program("cargo");
    // With a target named, the flags are not for build scripts.
    cargo.current_dir(&folder).args(["build", "--release", "--target", host]);
    cargo.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", FLAGS.join(" "));
    step("Building the fuzz targets", "minutes the first time", || run(&mut cargo))?;
    Ok(target.join(host).join("release"))
}

fn fuzzer(target: &Target, programs: &Path, effort: Effort) -> Outcome<Command> {
    let folder = places::root().join("fuzz");
    let found = folder.join("found").join(target.name);
    let corpus = found.join("corpus");
    fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
    let mut fuzzer = program(programs.join(target.name));
    fuzzer.arg(format!("-artifact_prefix={}/", found.display()));
    fuzzer.arg(format!("-dict={}", folder.join("dictionaries").join(target.name).display()));
    fuzzer.arg(format!("-max_len={}", target.most_bytes));
    fuzzer.args(["-timeout=10", "-print_final_stats=1"]);
    fuzzer.args(effort.runs.map(|runs| format!("-runs={runs}")));
    fuzzer.args(effort.minutes.map(|minutes| format!("-max_total_time={}", minutes * 60)));
    // New inputs go into the first folder; the others are only read.
    fuzzer.arg(corpus).arg(folder.join("corpus").join(target.name));
    fuzzer.args(target.seeds.iter().map(|seeds| places::root().join(seeds)));
    Ok(fuzzer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_and_an_effort_are_understood() {
        assert_eq!(asked(&[]), Ok((None, None)));
        assert_eq!(asked(&["references"]), Ok((Some("references"), None)));
        assert_eq!(asked(&["--runs", "5"]), Ok((None, Some(Effort::runs(5)))));
        let minutes = Effort { runs: None, minutes: Some(2) };
        assert_eq!(asked(&["x", "--minutes", "2"]), Ok((Some("x"), Some(minutes))));
        assert!(asked(&["--runs"]).is_err() && asked(&["--runs", "many"]).is_err());
    }

    #[test]
    fn every_target_has_a_corpus_a_dictionary_and_a_program() {
        let folder = places::root().join("fuzz");
        for Target { name, .. } in TARGETS {
            assert!(!places::files_below(&folder.join("corpus").join(name)).is_empty(), "{name}");
            assert!(folder.join("dictionaries").join(name).is_file(), "{name}");
            assert!(folder.join("targets").join(format!("{name}.rs")).is_file(), "{name}");
        }
        let programs = places::files_below(&folder.join("targets"));
        assert_eq!(programs.len(), TARGETS.len(), "{programs:?}");
    }
}

//! Every check and every test, cheapest first, and a count of each kind at the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::places;
use crate::process::{Outcome, ask, program, run, run_and_keep, say, step};
use crate::serve::{self, Hosting};
use crate::setup;
use crate::site;
use crate::tidy;
use crate::tools::{Tools, WASM};

/// What `pullpath-model` may be made of. A parser, a clock or a page in this list would be a broken fence.
const MODEL_CRATES: &[&str] = &[
    "base64",
    "block-buffer",
    "cfg-if",
    "const-oid",
    "cpufeatures",
    "crypto-common",
    "digest",
    "hybrid-array",
    "itoa",
    "jiff",
    "jiff-core",
    "k8s-openapi",
    "memchr",
    "ppv-lite86",
    "proc-macro2",
    "pullpath-model",
    "quote",
    "rand",
    "rand_chacha",
    "rand_core",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "sha2",
    "syn",
    "typenum",
    "unicode-ident",
    "zerocopy",
    "zmij",
];

/// How long scenarios are played when native and browser are compared.
const UNTIL: &str = "25h";
const UNTIL_MS: u32 = 25 * 3600 * 1000;

/// The kinds of tests, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Checks,
    Native,
    Components,
    Wasm,
    EndToEnd,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Checks, "checks"),
    (Kind::Native, "native"),
    (Kind::Components, "components"),
    (Kind::Wasm, "wasm"),
    (Kind::EndToEnd, "e2e"),
];

/// `cargo xtask test [KIND…]`; without a kind, all of them.
pub(crate) fn command(words: &[&str]) -> Outcome<()> {
    let names: Vec<&str> = KINDS.iter().map(|(_, name)| *name).collect();
    if let Some(stranger) = words.iter().find(|word| !names.contains(word)) {
        return Err(format!(
            "there is no kind of test `{stranger}`; there are: {}",
            names.join(", ")
        ));
    }
    let tools = setup::everything()?;
    let mut tally = Tally::default();
    for (kind, _) in KINDS.iter().filter(|(_, name)| words.is_empty() || words.contains(name)) {
        match kind {
            Kind::Checks => checks(tools, &mut tally),
            Kind::Native => native(&mut tally),
            Kind::Components => components(&mut tally),
            Kind::Wasm => wasm(tools, &mut tally),
            Kind::EndToEnd => end_to_end(tools, &mut tally),
        }
    }
    tally.conclude()
}

// ---- what there is ----------------------------------------------------------------------------------------------

fn checks(tools: Tools, tally: &mut Tally) {
    tally.check("Formatting", "", || run(program("cargo").args(["fmt", "--all", "--check"])));
    tally.check("Tidiness", "what no compiler checks", tidy::command);
    tally.check("Fences between the crates", "", fences);
    tally.check("Clippy, native", "every crate with every feature: minutes the first time", || {
        let words =
            ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
        run(program("cargo").args(words))
    });
    for (bin, feature) in
        [("page", "csr"), ("room", "csr"), ("worker", "worker"), ("desk", "worker")]
    {
        tally.check(&format!("Clippy, wasm: {bin}"), "", || wasm_clippy(tools, bin, feature));
    }
    tally.check("Documentation", "", || {
        let words = ["doc", "--no-deps", "--workspace", "--exclude", "xtask", "--lib"];
        let flags = ["--all-features", "--document-private-items"];
        run(program("cargo").args(words).args(flags).env("RUSTDOCFLAGS", "-D warnings"))
    });
    tally.check("Scenarios, lessons and quizzes", "`pullpath check --strict`", || {
        run(site::pullpath().args(["check", "--strict", "scenarios", "lessons", "quizzes"]))
    });
}

/// The wasm toolchain may be another one, whose pedantic lints differ: only the ordinary ones are errors.
fn wasm_clippy(tools: Tools, bin: &str, feature: &str) -> Outcome<()> {
    let mut cargo = tools.wasm_program("cargo");
    cargo.args(["clippy", "--package", "pullpath", "--bin", bin, "--target", WASM]);
    cargo.args(["--no-default-features", "--features", feature]);
    run(cargo.args(["--", "-D", "clippy::all", "-D", "unused", "-A", "clippy::pedantic"]))
}

fn fences() -> Outcome<()> {
    let model = tree("pullpath-model")?;
    let strangers: Vec<&String> =
        model.iter().filter(|name| !MODEL_CRATES.contains(&name.as_str())).collect();
    if !strangers.is_empty() {
        return Err(format!(
            "pullpath-model depends on {strangers:?}: a new crate there needs a reason"
        ));
    }
    for (package, forbidden) in [
        ("pullpath-view", &["pullpath-model", "pullpath-lesson", "pullpath-engine", "yew"][..]),
        ("pullpath-web", &["pullpath-model", "pullpath-lesson", "pullpath-engine", "k8s-openapi"]),
        ("pullpath-lesson", &["pullpath-shell", "pullpath-engine", "yew", "web-sys"]),
        ("pullpath-shell", &["pullpath-lesson", "pullpath-engine", "yew", "web-sys"]),
        ("pullpath-engine", &["yew", "web-sys"]),
        ("pullpath-conformance", &["pullpath-lesson", "pullpath-engine", "yew"]),
        ("xtask", &["pullpath-engine", "pullpath-model"]),
    ] {
        if let Some(name) = tree(package)?.iter().find(|name| forbidden.contains(&name.as_str())) {
            return Err(format!("{package} must not depend on {name}"));
        }
    }
    Ok(())
}

/// The names of all crates that a package is linked with.
fn tree(package: &str) -> Outcome<Vec<String>> {
    let words =
        ["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let text = ask(program("cargo").args(words)).ok_or("`cargo tree` failed")?;
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

fn native(tally: &mut Tally) {
    tally.tests(Kind::Native, "Native tests", "compiled first", || {
        run_and_keep(program("cargo").args(["test", "--no-fail-fast"]))
    });
}

fn components(tally: &mut Tally) {
    tally.tests(
        Kind::Components,
        "Component tests",
        "the page rendered to text, without a browser",
        || {
            run_and_keep(program("cargo").args([
                "test",
                "--no-fail-fast",
                "--package",
                "pullpath-web",
                "--features",
                "ssr",
            ]))
        },
    );
}

fn wasm(tools: Tools, tally: &mut Tally) {
    let cases = step(
        "Playing every scenario natively",
        "the browser must come to the same log",
        native_logs,
    );
    let cases = match cases {
        Ok(cases) => cases,
        Err(problem) => return tally.broken(Kind::Wasm, &problem),
    };
    tally.tests(Kind::Wasm, "Wasm tests in headless Chromium", "compiled first", || {
        let mut cargo = tools.wasm_program("cargo");
        cargo.args(["test", "--package", "pullpath", "--test", "web", "--target", WASM]);
        cargo.args(["--no-default-features", "--features", "worker"]);
        cargo.env("PULLPATH_CASES", &cases);
        // The runner gives up after 20 s, which is little for every scenario twice on a busy machine.
        cargo.env("WASM_BINDGEN_TEST_TIMEOUT", "300");
        cargo.envs(setup::chromedriver().map(|driver| ("CHROMEDRIVER", driver)));
        run_and_keep(&mut cargo)
    });
}

/// The file that `tests/web` holds the browser against: sources and native log of every scenario.
fn native_logs() -> Outcome<PathBuf> {
    let scratch = places::scratch().join("wasm-cases");
    let _ = fs::remove_dir_all(&scratch);
    // Scenarios may ask questions of quizzes.
    let bundle = ["bundle", "scenarios", "quizzes", "--out"];
    run(site::pullpath().args(bundle).arg(scratch.join("bundles")))?;
    let mut cases = Vec::new();
    for file in places::files_below(&scratch.join("bundles")) {
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let bundle: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let (Some(id), sources @ Value::Object(_)) = (bundle["id"].as_str(), &bundle["sources"])
        else {
            continue;
        };
        // Exit code 1 is "the goals are not met", which is how a scenario starts.
        let play = ["run", &format!("scenarios/{id}"), "--log", "--until", UNTIL];
        let output = site::pullpath().args(play).output().map_err(|error| error.to_string())?;
        let log = String::from_utf8_lossy(&output.stdout);
        if log.is_empty() {
            return Err(format!("{id} has no log: {}", String::from_utf8_lossy(&output.stderr)));
        }
        cases.push(json!({ "id": id, "until_ms": UNTIL_MS, "sources": sources, "log": log }));
    }
    let path = scratch.join("cases.json");
    fs::write(&path, Value::from(cases).to_string()).map_err(|error| error.to_string())?;
    Ok(path)
}

/// Plays the built site twice: with the policy as a header at the top of a host, and on a host that sends none, below a
/// path.
fn end_to_end(tools: Tools, tally: &mut Tally) {
    if let Err(problem) = site::build(&tools) {
        return tally.broken(Kind::EndToEnd, &problem);
    }
    let top = serve::start(0, Hosting { base: "/".to_owned(), sends_policy: true });
    let below = serve::start(0, Hosting { base: "/some/where/".to_owned(), sends_policy: false });
    let (top, below) = match (top, below) {
        (Ok(top), Ok(below)) => (top, below),
        (Err(problem), _) | (_, Err(problem)) => return tally.broken(Kind::EndToEnd, &problem),
    };
    tally.tests(Kind::EndToEnd, "End-to-end tests in headless Chromium", "", || {
        let mut node = program("node");
        node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
            .args(end_to_end_files());
        node.env("PULLPATH_URL", &top.address).env("PULLPATH_BELOW_URL", &below.address);
        node.envs(setup::chromium().map(|chromium| ("CHROMIUM", chromium)));
        run_and_keep(&mut node)
    });
}

/// Named one by one: what `node --test FOLDER` means differs between versions of Node.
fn end_to_end_files() -> Vec<PathBuf> {
    let files = places::files_below(&places::root().join("tests/e2e"));
    files.into_iter().filter(|file| file.to_string_lossy().ends_with(".test.mjs")).collect()
}

// ---- counting ---------------------------------------------------------------------------------------------------

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    passed: u32,
    failed: u32,
}

#[derive(Debug, Default)]
struct Tally {
    counts: BTreeMap<Kind, Count>,
    problems: Vec<String>,
}

impl Tally {
    fn check(&mut self, what: &str, why: &str, work: impl FnOnce() -> Outcome<()>) {
        let outcome = step(what, why, work);
        let count = self.counts.entry(Kind::Checks).or_default();
        match outcome {
            Ok(()) => count.passed += 1,
            Err(problem) => {
                count.failed += 1;
                say(&format!("    {problem}"));
                self.problems.push(format!("{what}: {problem}"));
            }
        }
    }

    fn tests(
        &mut self,
        kind: Kind,
        what: &str,
        why: &str,
        work: impl FnOnce() -> (String, Outcome<()>),
    ) {
        let mut printed = String::new();
        let outcome = step(what, why, || {
            let (text, outcome) = work();
            printed = text;
            outcome
        });
        let counted = count(&printed);
        let count = self.counts.entry(kind).or_default();
        count.passed += counted.passed;
        count.failed += counted.failed;
        match outcome {
            Err(problem) => {
                // It did not even come to testing.
                count.failed += u32::from(counted.failed == 0);
                self.problems.push(format!("{what}: {problem}"));
            }
            Ok(()) if counted == Count::default() => {
                self.broken(kind, &format!("{what}: no test ran"));
            }
            Ok(()) => {}
        }
    }

    fn broken(&mut self, kind: Kind, problem: &str) {
        self.counts.entry(kind).or_default().failed += 1;
        self.problems.push(problem.to_owned());
    }

    fn conclude(self) -> Outcome<()> {
        say("");
        for problem in &self.problems {
            say(&format!("FAILED {problem}"));
        }
        let mut total = Count::default();
        for (kind, name) in KINDS {
            if let Some(count) = self.counts.get(&kind) {
                say(&format!("{name}: {} passed, {} failed", count.passed, count.failed));
                total.passed += count.passed;
                total.failed += count.failed;
            }
        }
        say(&format!("{} passed, {} failed", total.passed, total.failed));
        if total.failed == 0 { Ok(()) } else { Err("Not everything passed.".to_owned()) }
    }
}

/// Adds up what cargo's, wasm-bindgen's and Node's runners say at their ends.
fn count(printed: &str) -> Count {
    let mut count = Count::default();
    for line in printed.lines() {
        if let Some((_, result)) = line.split_once("test result: ") {
            count.passed += number_before(result, " passed");
            count.failed += number_before(result, " failed");
        } else if let Some(rest) = line.strip_prefix("ℹ ") {
            let mut words = rest.split(' ');
            let (name, number) =
                (words.next(), words.next().and_then(|word| word.parse().ok()).unwrap_or(0));
            match name {
                Some("pass") => count.passed += number,
                Some("fail" | "cancelled") => count.failed += number,
                _ => {}
            }
        }
    }
    count
}

fn number_before(text: &str, word: &str) -> u32 {
    let before = text.split_once(word).map_or("", |(before, _)| before);
    before.rsplit([' ', '.']).next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(printed: &str, passed: u32, failed: u32) {
        assert_eq!(count(printed), Count { passed, failed }, "for {printed:?}");
    }

    #[test]
    fn every_runner_is_understood() {
        check("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out", 12, 0);
        check("test result: FAILED. 3 passed; 2 failed; 0 ignored", 3, 2);
        check(
            "ℹ tests 5\nℹ suites 0\nℹ pass 4\nℹ fail 1\nℹ cancelled 0\nℹ duration_ms 812.5",
            4,
            1,
        );
        check("running 0 tests", 0, 0);
    }
}

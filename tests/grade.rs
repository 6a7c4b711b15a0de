//! `pullpath grade` and `hand-in`, the real binary on real files: whole outputs.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pullpath_lesson::hand_in;
use pullpath_lesson::intake::{self, Profile};
use pullpath_view::hand_in::{HandIn, HandedAttempt, KIND, Learner, QuizAnswers, Response};
use pullpath_view::{Action, Attempt};

const TOKEN: &str = "thirteen-hour-token";
const ACCOUNT: &str = "default-serviceaccount";

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn pullpath(arguments: &[&str], input: &str) -> Run {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_pullpath"))
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    let code = output.status.code().expect("no signal ended it");
    Run { code, out: text(output.stdout), err: text(output.stderr) }
}

fn grade(arguments: &[&str]) -> Run {
    pullpath(&[&["grade"], arguments].concat(), "")
}

fn file(scenario: &str, name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join("scenarios").join(scenario).join(name)).unwrap()
}

fn attempt(scenario: &str, actions: Vec<Action>) -> Attempt {
    let seed = if scenario == TOKEN { 1312 } else { 43 };
    Attempt {
        format: 1,
        scenario: scenario.into(),
        version: 1,
        seed,
        engine: hand_in::ENGINE.into(),
        actions,
        ..Attempt::default()
    }
}

fn edit(scenario: &str, folder: &str, name: &str) -> Action {
    Action::Edit { file: name.into(), text: file(scenario, &format!("{folder}/{name}")) }
}

/// Names the rung and mends the node's role: everything passes.
fn mended() -> Attempt {
    let role = edit(TOKEN, "solutions/node-role", "node-role.yaml");
    attempt(TOKEN, vec![Action::Diagnose { rung: 7 }, role, Action::Apply, Action::Run])
}

/// Only restarts: nothing does.
fn restarted() -> Attempt {
    let (namespace, deployment) = ("payments".into(), "payment-api".into());
    attempt(TOKEN, vec![Action::RestartRollout { namespace, deployment }, Action::Run])
}

fn by(number: &str, name: &str, attempts: Vec<Attempt>) -> HandIn {
    let handed = |attempt| HandedAttempt { attempt, points: None };
    HandIn {
        format: 1,
        kind: KIND.into(),
        learner: Learner { number: number.into(), name: name.into() },
        attempts: attempts.into_iter().map(handed).collect(),
        ..HandIn::default()
    }
}

/// A folder of hand-ins of every kind, and its roster.
struct Class {
    folder: tempfile::TempDir,
}

impl Class {
    fn new() -> Self {
        let class = Self { folder: tempfile::tempdir().unwrap() };
        class.put("in/ada.json", &hand_in::write(&by("s1", "Ada", vec![restarted(), mended()])));
        class.put("in/bob.json", &hand_in::write(&by("s2", "Bob", vec![restarted()])));
        class.put("in/group/cy.json", &hand_in::write(&by("s3", "Cy", vec![mended()])));
        let cut = hand_in::write(&by("s4", "Dora", vec![mended()]));
        class.put("in/dora.json", &cut[..200]);
        class.put(
            "in/eve.json",
            &hand_in::write(&by("s5", "Eve", vec![mended()])).replace("s5", "s6"),
        );
        class.put("roster.csv", "number,name\ns3,Cy\ns1,Ada\ns2,Bob\ns9,\"Zed, Z.\"\n");
        class
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// What is printed about this folder, without the folder's own name.
    fn grade(&self, arguments: &[&str]) -> Run {
        let (hand_ins, roster) = (self.path("in"), self.path("roster.csv"));
        let whole = [&[hand_ins.as_str(), "--roster", &roster], arguments].concat();
        let run = grade(&whole);
        let out = run.out.replace(&self.path(""), "");
        Run { out, ..run }
    }
}

#[test]
fn a_class_is_graded_one_row_each() {
    let run = Class::new().grade(&["--summary"]);
    assert_eq!((run.code, run.err.as_str()), (2, ""));
    insta::assert_snapshot!("class_text", run.out);
}

#[test]
fn every_format_says_the_same() {
    let class = Class::new();
    insta::assert_snapshot!("class_csv", class.grade(&["--format", "csv"]).out);
    insta::assert_snapshot!("class_junit", class.grade(&["--format", "junit"]).out);
    let json: serde_json::Value =
        serde_json::from_str(&class.grade(&["--format", "json", "--summary"]).out).unwrap();
    let lines = class.grade(&["--format", "ndjson"]).out;
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json["results"], serde_json::Value::from(rows));
    assert_eq!(json["summary"]["missing"], 1);
    let one = grade(&[&class.path("in/bob.json"), "--format", "gradescope"]);
    insta::assert_snapshot!("bob_gradescope", one.out);
    let broken = grade(&[&class.path("in/dora.json"), "--format", "gradescope"]);
    assert_eq!(broken.code, 2);
    let broken: serde_json::Value = serde_json::from_str(&broken.out).unwrap();
    assert_eq!(broken["tests"][1]["visibility"], "hidden");
    assert!(broken["tests"][1]["output"].as_str().unwrap().contains("error[truncated]"));
    let two = grade(&[&class.path("in"), "--format", "gradescope"]);
    assert!(two.err.contains("one submission at a time"), "{}", two.err);
}

/// The union of all shards is the unsharded result, byte for byte; so is what a batch that was cut short comes to.
#[test]
fn shards_and_resumed_batches_come_to_the_same() {
    let class = Class::new();
    let whole = class.grade(&["--format", "ndjson", "--seed", "5"]);
    assert_eq!(whole.out.lines().count(), 6);
    let mut union = String::new();
    for shard in ["0/3", "1/3", "2/3"] {
        let kept = class.path(&format!("{}.ndjson", &shard[..1]));
        let run = class
            .grade(&["--format", "ndjson", "--seed", "5", "--shard", shard, "--resume", &kept]);
        assert_eq!(
            fs::read_to_string(&kept).unwrap().replace(&class.path(""), "").lines().count(),
            run.out.lines().count()
        );
        union += &fs::read_to_string(&kept).unwrap();
    }
    let sorted = |text: &str| {
        let mut lines: Vec<String> =
            text.replace(&class.path(""), "").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&union), sorted(&whole.out));
    // Put together, nothing is graded again: a mark in a kept row comes through.
    let marked = union.replace("All three Pods of payment-api run again", "MARKED");
    // The last line was cut short, as by a lost machine.
    let cut = marked.trim_end().len() - 20;
    class.put("all.ndjson", &marked[..cut]);
    let run =
        class.grade(&["--format", "ndjson", "--seed", "5", "--resume", &class.path("all.ndjson")]);
    assert!(run.out.contains("MARKED"));
    assert_eq!(run.out.lines().count(), 6);
    assert_eq!(fs::read_to_string(class.path("all.ndjson")).unwrap().lines().count(), 6);
    // Another seed is another grading: nothing that was kept is taken for it.
    let other =
        class.grade(&["--format", "ndjson", "--seed", "6", "--resume", &class.path("all.ndjson")]);
    assert!(!other.out.contains("MARKED"));
    class.put("all.ndjson", "{\"nonsense\": 1}\n");
    let run = class.grade(&["--resume", &class.path("all.ndjson")]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("error[not-results]") && run.err.contains(":1:1"), "{}", run.err);
}

/// Each line of a stream is a hand-in, and a bad one ends nothing.
#[test]
fn a_stream_is_graded_line_by_line() {
    let line = |hand_in: &HandIn| {
        let value: serde_json::Value = serde_json::from_str(&hand_in::write(hand_in)).unwrap();
        value.to_string() + "\n"
    };
    let stream = line(&by("s1", "", vec![mended()]))
        + "\n{\"kind\":\"hand-in\"\n"
        + &line(&by("s2", "", vec![restarted()]));
    let run = pullpath(&["grade", "-", "--format", "csv"], &stream);
    assert_eq!(run.code, 2);
    insta::assert_snapshot!("stream_csv", run.out);
}

/// Deleted Pods have other names in the instructor's world; the attempt means the same ones there, whatever its own seed was.
#[test]
fn worlds_are_the_instructors_and_names_are_followed() {
    let class = Class::new();
    let solution = edit(ACCOUNT, "solutions/mend-default", "default-serviceaccount.yaml");
    let pods = |seed: u64| -> Vec<String> {
        let text = file(ACCOUNT, "scenario.yaml").replace("seed: 43", &format!("seed: {seed}"));
        let folder = class.folder.path().join(format!("{seed}/{ACCOUNT}"));
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(ACCOUNT);
        copy(&root, &folder);
        fs::write(folder.join("scenario.yaml"), text).unwrap();
        let run = pullpath(&["run", folder.to_str().unwrap(), "--json"], "");
        let view: pullpath_view::View = serde_json::from_str(&run.out).unwrap();
        let nodes = view.picture.unwrap().nodes;
        nodes.iter().flat_map(|node| node.pods.iter().map(|pod| pod.name.clone())).collect()
    };
    let played = |seed: u64| {
        let mut actions = vec![solution.clone(), Action::Apply];
        for name in pods(seed) {
            actions.push(Action::DeletePod { namespace: "payments".into(), name });
        }
        actions.push(Action::Run);
        Attempt { seed, ..attempt(ACCOUNT, actions) }
    };
    let (own, other) = (played(43), played(8));
    assert_ne!(own.actions, other.actions, "Pods have other names in another world");
    class.put("own.json", &hand_in::write(&by("s1", "", vec![own])));
    class.put("other.json", &hand_in::write(&by("s2", "", vec![other])));
    for seed in [&[][..], &["--seed", "99"]] {
        let run =
            grade(&[&[class.path("own.json").as_str(), &class.path("other.json")], seed].concat());
        assert_eq!(run.code, 0, "{}", run.out);
        assert!(run.out.contains("s2: passed, 100 of 100 points"), "{}", run.out);
    }
}

/// A goal with `worlds` must hold in each of them; the one in which it does not is named, and can be played.
#[test]
fn a_goal_that_fails_in_one_world_names_it() {
    let class = Class::new();
    let folder = class.folder.path().join(format!("content/{TOKEN}"));
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(TOKEN), &folder);
    let text = file(TOKEN, "scenario.yaml")
        .replacen("within: 7m\n", "within: 7m\n        worlds: 12\n", 1)
        .replace(
            "\nsteps:\n",
            "\nvary:\n  arrival: 4h\n  tokens: { ecr-old: { issued: [-13h, -12h30m] } }\nsteps:\n",
        );
    fs::write(folder.join("scenario.yaml"), text).unwrap();
    let content = class.path("content");
    // Sound as before: solutions hold in every world.
    let run = pullpath(&["check", folder.to_str().unwrap()], "");
    assert_eq!(run.code, 0, "{}", run.out);
    class.put("mended.json", &hand_in::write(&by("s1", "", vec![mended()])));
    let run = grade(&[&class.path("mended.json"), "--content", &content]);
    assert_eq!(run.code, 0, "{}", run.out);
    // A token that is alive when the learner comes, and dead in those worlds where it is older: doing nothing is luck.
    let lucky = file(TOKEN, "scenario.yaml")
        .replacen("within: 7m\n", "within: 7m\n        worlds: 12\n", 1)
        .replace("issued: -13h", "issued: -11h")
        .replace(
            "\nsteps:\n",
            "\nvary:\n  tokens: { ecr-old: { issued: [-14h, -10h] } }\nsteps:\n",
        );
    fs::write(folder.join("scenario.yaml"), lucky).unwrap();
    let actions = vec![Action::Run];
    class.put("lucky.json", &hand_in::write(&by("s1", "", vec![attempt(TOKEN, actions)])));
    let run = grade(&[
        &class.path("lucky.json"),
        "--content",
        &content,
        "--format",
        "json",
        "--check",
        "running",
    ]);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let check = &report["results"][0]["items"][0]["checks"][0];
    assert_eq!((run.code, &check["outcome"]), (1, &"fail".into()), "{}", run.out);
    let world = check["world"].as_u64().expect("it holds in the scenario's own world").to_string();
    // The failing world alone shows the same failure.
    let shown = pullpath(
        &[
            "run",
            folder.to_str().unwrap(),
            "--replay",
            &class.path("lucky.json"),
            "--world",
            &world,
        ],
        "",
    );
    assert_eq!(shown.code, 1, "{}", shown.out);
    assert!(shown.out.contains(&format!("World {world}: ecr-old issued -1")), "{}", shown.out);
    assert!(shown.out.contains("403 Forbidden"), "{}", shown.out);
}

#[test]
fn quiz_answers_are_graded_beside_attempts() {
    let class = Class::new();
    let mut hand_in = by("s1", "Ada", vec![mended()]);
    let text = |word: &str| Response::Text(word.into());
    let answers = |words: [Response; 6]| {
        ["secret-type", "field", "first-state", "overnight", "fifteen", "no-secrets"]
            .into_iter()
            .map(str::to_owned)
            .zip(words)
            .collect()
    };
    let quiz = |answers| QuizAnswers {
        quiz: "image-pull-secrets".into(),
        version: 1,
        content: String::new(),
        answers,
    };
    hand_in.quizzes = vec![quiz(answers([
        text("kubernetes.io/dockercfg"),
        text("ImagePullSecrets "),
        text("ErrImagePull"),
        text("expired"),
        text("account"),
        text("node-role"),
    ]))];
    class.put("ada.json", &hand_in::write(&hand_in));
    let mut wrong = by("s2", "Bob", vec![]);
    wrong.quizzes = vec![quiz(answers([
        text("Opaque"),
        text("secrets"),
        Response::Line(3),
        text("deleted"),
        Response::Ids(vec!["account".into(), "label".into()]),
        text("nowhere"),
    ]))];
    class.put("bob.json", &hand_in::write(&wrong));
    let run = grade(&[&class.path("ada.json"), &class.path("bob.json"), "--summary"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!("quiz_text", run.out.replace(&class.path(""), ""));
}

#[test]
fn one_check_can_be_worth_everything() {
    let class = Class::new();
    class.put("bob.json", &hand_in::write(&by("s2", "", vec![restarted()])));
    let folder = "scenarios/thirteen-hour-token/wrong/fresh-token-only";
    let run = grade(&["scenarios/thirteen-hour-token", folder, "--check", "running"]);
    assert_eq!(run.code, 0, "{}", run.out);
    let run = grade(&["scenarios/thirteen-hour-token", folder, "--check", "lasts"]);
    assert_eq!(run.code, 1, "{}", run.out);
    let run = grade(&["scenarios/thirteen-hour-token", folder, "--check", "last"]);
    assert!(run.err.contains("did you mean `lasts`?"), "{}", run.err);
}

#[test]
fn the_printed_attempt_becomes_a_hand_in() {
    let class = Class::new();
    let printed = pullpath(
        &["run", "scenarios/thirteen-hour-token", "--answer", "node-role", "--attempt"],
        "",
    );
    class.put("attempt.json", &printed.out);
    let run =
        pullpath(&["hand-in", "--number", "s1", "--name", "Ada", &class.path("attempt.json")], "");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    class.put("ada.json", &run.out);
    let run = grade(&[&class.path("ada.json")]);
    assert!(run.out.starts_with("s1 Ada: passed, 100 of 100 points\n"), "{}", run.out);
    let run = pullpath(&["hand-in", &class.path("attempt.json")], "");
    assert!(run.err.contains("who hands in, and what?"), "{}", run.err);
}

/// The Job's shards are as many as its indexes, and each keeps a file of its own.
#[test]
fn the_job_grades_every_shard() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("deploy/grade-job.yaml")).unwrap();
    let read = intake::read("grade-job.yaml", &text, Profile::Manifest);
    assert_eq!(read.diagnostics, []);
    let job = read.value.unwrap().remove(0).value;
    let number = |path: &str| job.pointer(path).unwrap().as_u64().unwrap();
    let completions = number("/spec/completions");
    assert_eq!(job["spec"]["completionMode"], "Indexed");
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let script = container["args"][0].as_str().unwrap();
    assert!(script.contains(&format!("--shard \"$INDEX/{completions}\"")), "{script}");
    assert!(script.contains("--resume \"results/$INDEX.ndjson\""), "{script}");
    assert_eq!(container["env"][0]["name"], "INDEX");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).map(|_| ()).unwrap();
        }
    }
}

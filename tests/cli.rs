//! The real `pullpath` binary on real files: whole outputs, exit codes, and bad input of every kind.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[path = "common/binary.rs"]
mod binary;
#[path = "broken/table.rs"]
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use binary::{Run, within_200_megabytes};

fn pullpath(arguments: &[&str]) -> Run {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output =
        Command::new(env!("CARGO_BIN_EXE_pullpath")).args(arguments).current_dir(root).output();
    Run::of(output.expect("the binary runs"))
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { put(&path, &target) }
    }
}

fn put(from: &Path, to: &Path) {
    fs::copy(from, to).expect("a file can be copied");
}

fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name)
}

#[test]
fn everything_that_ships_is_proved() {
    let run = pullpath(&["check", "--strict"]);
    insta::assert_snapshot!(run.out, @r"
    ok scenarios/cache-under-readonly: fails as shipped, 3 solutions pass, 6 wrong answers told apart
    ok scenarios/dead-at-night: fails as shipped, 2 solutions pass, 4 wrong answers told apart
    ok scenarios/default-serviceaccount: fails as shipped, 3 solutions pass, 4 wrong answers told apart
    ok scenarios/free-ride-lost: fails as shipped, 2 solutions pass, 4 wrong answers told apart
    ok scenarios/list-hides-list: fails as shipped, 3 solutions pass, 4 wrong answers told apart, 2 questions asked (only-the-account is `pull-fails`)
    ok scenarios/one-bad-secret: fails as shipped, 3 solutions pass, 3 wrong answers told apart
    ok scenarios/other-accounts-repository: fails as shipped, 2 solutions pass, 6 wrong answers told apart
    ok scenarios/other-architecture: fails as shipped, 2 solutions pass, 4 wrong answers told apart
    ok scenarios/private-authority: fails as shipped, 3 solutions pass, 4 wrong answers told apart
    ok scenarios/shared-address: fails as shipped, 3 solutions pass, 6 wrong answers told apart
    ok scenarios/thirteen-hour-token: fails as shipped, 3 solutions pass, 7 wrong answers told apart
    ok scenarios/two-robots: fails as shipped, 2 solutions pass, 4 wrong answers told apart
    ok scenarios/wrong-type: fails as shipped, 3 solutions pass, 4 wrong answers told apart, in 3 draws of its parameters
    ok lessons/image-pull-secrets.md
    ok quizzes/image-pull-secrets.yaml
    ok quizzes/reading-a-failed-pull.yaml: only-restarted is `pull-fails`
    13 scenarios, 1 lesson, 2 quizzes checked: 0 errors, 0 warnings
    ");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn help_is_there_for_every_command() {
    for arguments in [
        &["--help"][..],
        &["check", "--help"],
        &["run", "-h"],
        &["grade", "--help"],
        &["hand-in", "--help"],
        &["new", "--help"],
        &["bundle", "--help"],
        &["explain", "--help"],
        &["schema", "--help"],
    ] {
        let run = pullpath(arguments);
        assert_eq!(run.code, 0, "{arguments:?}");
        assert!(run.out.contains("Usage:"), "{arguments:?}: {}", run.out);
    }
}

#[test]
fn what_cannot_be_meant_is_told_with_a_hint() {
    #[track_caller]
    fn check(arguments: &[&str], says: &str) {
        let run = pullpath(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains(says), "{arguments:?}: {}", run.err);
    }
    check(&["chekc"], "did you mean `pullpath check`?");
    check(&["frobnicate"], "`pullpath --help` lists the commands");
    check(&["run"], "which scenario?");
    check(&["run", "scenarios/nowhere"], "scenarios/nowhere: ");
    check(&["run", "lessons"], "there is no `scenario.yaml` here");
    check(&["run", "scenarios/thirteen-hour-token", "--until", "soon"], "write it like 13h");
    check(&["run", "scenarios/thirteen-hour-token", "--answer", "magic"], "there is node-role");
    check(&["grade", "scenarios/thirteen-hour-token"], "which attempts?");
    check(&["bundle"], "where to?");
    check(&["check", "--frob"], "--frob");
    check(&["check", "--format", "xml"], "write `text`, `json`, `sarif` or `junit`");
    check(&["schema"], "write `scenario`, `quiz`, `lesson` or `hand-in`");
    check(&["schema", "course"], "there is no format `course`");
}

#[test]
fn a_solution_passes_and_the_shipped_state_does_not() {
    let shipped = pullpath(&["run", "scenarios/default-serviceaccount"]);
    assert_eq!(shipped.code, 1);
    assert!(shipped.out.contains("  3 FAILED  Whose secrets: "), "{}", shipped.out);
    assert!(shipped.out.contains("Goals: 0 of 100 points"), "{}", shipped.out);
    let solved = pullpath(&[
        "run",
        "scenarios/thirteen-hour-token",
        "--answer",
        "node-role",
        "--until",
        "13h",
    ]);
    assert_eq!(solved.code, 0);
    assert!(solved.out.contains("\nT+13:00:"), "{}", solved.out);
    assert!(solved.out.contains("Goals: 100 of 100 points"), "{}", solved.out);
}

#[test]
fn two_runs_print_the_same_log() {
    let log = || pullpath(&["run", "scenarios/thirteen-hour-token", "--log", "--until", "24h"]).out;
    let first = log();
    assert!(first.lines().count() > 200);
    assert_eq!(first, log());
}

#[test]
fn the_json_is_the_view_that_the_page_draws() {
    let run = pullpath(&["run", "scenarios/default-serviceaccount", "--json"]);
    let view: pullpath_view::View = serde_json::from_str(&run.out).expect("it is a view");
    assert_eq!(view.picture.expect("a picture").nodes.len(), 2);
}

#[test]
fn answer_folders_and_attempts_are_graded() {
    let base = "scenarios/thirteen-hour-token";
    let run = pullpath(&[
        "grade",
        base,
        "scenarios/thirteen-hour-token/solutions/node-role",
        "scenarios/thirteen-hour-token/wrong/fresh-token-only",
    ]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("solutions/node-role: passed, 100 of 100 points"), "{}", run.out);
    assert!(
        run.out.contains("wrong/fresh-token-only: not passed, 40 of 100 points"),
        "{}",
        run.out
    );
    assert!(run.out.contains("dies again tonight"), "{}", run.out);

    let folder = scratch();
    let attempt = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
    };
    attempt(
        "a.json",
        r#"{"format":1,"scenario":"thirteen-hour-token","version":1,"seed":1312,"actions":[{"do":"run"}]}"#,
    );
    attempt(
        "b.json",
        r#"{"format":1,"scenario":"default-serviceaccount","version":1,"seed":1312,"actions":[]}"#,
    );
    attempt("c.json", r#"{"format":1,"#);
    attempt(
        "d.json",
        r#"{"format":9,"scenario":"thirteen-hour-token","version":1,"seed":1312,"actions":[]}"#,
    );
    let run = pullpath(&["grade", base, folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("a.json: not passed, 0 of 100 points"), "{}", run.out);
    assert!(run.out.contains("b.json: could not be graded"), "{}", run.out);
    assert!(
        run.out.contains("error[unknown-scenario]: there is no scenario `default-serviceaccount`"),
        "{}",
        run.out
    );
    assert!(run.out.contains("error[truncated]: the file ends in the middle"), "{}", run.out);
    assert!(run.out.contains("c.json:1:13"), "{}", run.out);
    assert!(run.out.contains("error[newer-format]: this is format 9"), "{}", run.out);
    let json = pullpath(&["grade", base, folder.path().join("a.json").to_str().unwrap(), "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(report["results"][0]["items"][0]["checks"][0]["outcome"], "fail");
}

/// The proof finds what reading cannot: each mistake is told at its place in `scenario.yaml`.
#[test]
fn an_unsound_scenario_does_not_pass_the_check() {
    #[track_caller]
    fn check(change: impl Fn(&Path), says: &str) {
        let folder = scratch();
        let target = folder.path().join("default-serviceaccount");
        copy(&scenario("default-serviceaccount"), &target);
        change(&target);
        let run = pullpath(&["check", target.to_str().unwrap()]);
        assert_eq!(run.code, 1, "{}", run.out);
        assert!(run.out.contains(says), "{}", run.out);
        assert!(run.out.contains("scenario.yaml:"), "{}", run.out);
        assert!(run.out.contains("= hint: "), "{}", run.out);
    }
    let solution = |target: &Path| target.join("solutions/name-the-account/deployment.yaml");
    check(
        |target| put(&solution(target), &target.join("files/deployment.yaml")),
        "error[solved-at-start]: goal `running` is met",
    );
    check(
        |target| put(&target.join("files/deployment.yaml"), &solution(target)),
        "error[solution-fails]: solution `name-the-account` gets 0 of the 100 points",
    );
    check(
        |target| {
            put(&solution(target), &target.join("wrong/misspelt-account/deployment.yaml"));
        },
        "error[wrong-passes]: the wrong answer `misspelt-account` passes",
    );
    check(
        |target| {
            let file = target.join("scenario.yaml");
            let text = fs::read_to_string(&file).unwrap();
            let text =
                text.replace("misspelt-account: account-missing", "misspelt-account: old-pods");
            fs::write(file, text).unwrap();
        },
        "error[wrong-feedback]: the wrong answer `misspelt-account` draws `account-missing`, not `old-pods`",
    );
}

#[test]
fn what_cannot_be_read_is_told_with_file_line_and_column() {
    let folder = scratch();
    let target = folder.path().join("default-serviceaccount");
    copy(&scenario("default-serviceaccount"), &target);
    let file = target.join("scenario.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("minutes: 3", "minuets: 3")).unwrap();
    let run = pullpath(&["check", target.to_str().unwrap()]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("error[unknown-field]: unknown field `minuets`"), "{}", run.out);
    assert!(run.out.contains("scenario.yaml:7:1"), "{}", run.out);
    assert!(run.out.contains("did you mean `minutes`?"), "{}", run.out);
}

#[test]
fn bundles_hold_no_answers_and_are_the_same_each_time() {
    let read = |folder: &Path| -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                (
                    path.file_name().unwrap().to_string_lossy().into_owned(),
                    fs::read_to_string(path).unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    };
    let (one, other) = (scratch(), scratch());
    fs::write(other.path().join("old-000000000000.json"), "{}").unwrap();
    for folder in [&one, &other] {
        let folder = folder.path().to_str().unwrap();
        let run = pullpath(&["bundle", "scenarios", "lessons", "quizzes", "--out", folder]);
        assert_eq!(run.code, 0, "{}", run.err);
    }
    let files = read(one.path());
    assert_eq!(files, read(other.path()));
    assert_eq!(files.len(), 17, "an index, thirteen scenarios, one lesson, two quizzes");
    assert!(files.iter().all(|(_, json)| !json.contains("solutions/") && !json.contains("wrong/")));
    // What is right in a quiz, and what is said of answers, is not in plain sight.
    let quizzes = files.iter().filter(|(name, _)| name.starts_with("quiz-"));
    for (_, json) in quizzes {
        for word in ["right", "chosen", "otherwise", "explanation"] {
            assert!(!json.contains(&format!("\"{word}\"")), "{word}");
        }
    }
}

/// The same table that the formats are tested by, on real files: a diagnostic with a place and a hint, never a panic.
#[test]
fn every_broken_folder_is_told_on_the_command_line() {
    let cases = table::cases();
    assert!(cases.len() >= 30);
    for case in cases {
        let folder = scratch();
        let texts = table::broken(&case);
        for (path, text) in &texts {
            let file = folder.path().join("base").join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let target = folder.path().join("base");
        let target = if case.lesson { target.join(&case.file) } else { target };
        let run = within_200_megabytes(&["check", target.to_str().unwrap()]);
        let name = &case.name;
        let printed = run.printed();
        let only_warned = printed.contains(&format!("warning[{}]", case.code));
        let is_found = run.code == 1 || only_warned;
        assert!(case.found.is_none() || is_found, "{name}: only playing finds it");
        assert!(only_warned || run.code == 1 || run.code == 2, "{name}: exit code {}", run.code);
        assert!(!printed.contains("panicked"), "{name}: {printed}");
        if case.delete && case.file == "scenario.yaml" {
            // Then it is no scenario at all.
            assert!(printed.contains("= hint: "), "{name}: {printed}");
            continue;
        }
        assert!(printed.contains(&format!("[{}]", case.code)), "{name}: {printed}");
        assert!(printed.contains(&format!("/{}", case.at)), "{name}: {printed}");
        assert!(printed.contains("= hint: "), "{name}: {printed}");
    }
}

/// What a lesson leads to, shows and asks, held against the content around it; `bundle` tells the same of what it needs.
#[test]
fn lessons_lead_somewhere_and_ask_what_is_there() {
    let folder = scratch();
    let put = |path: &str, text: &str| {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    for (path, text) in table::base() {
        put(&format!("scenarios/base/{path}"), &text);
    }
    put("quizzes/base-quiz.yaml", include_str!("broken/base-quiz.yaml"));
    put("lessons/other.md", &table::LESSON.replace("base-lesson", "other"));
    let path = |path: &str| folder.path().join(path).to_string_lossy().into_owned();
    let check = |more: &str, want: &str| {
        put("lessons/deep/base-lesson.md", &format!("{}\n{more}\n", table::LESSON));
        let run = pullpath(&["check", &path("lessons/deep/base-lesson.md")]);
        if want.is_empty() {
            assert_eq!(run.code, 0, "{more}: {}", run.out);
            return;
        }
        let (code, place, hint) = {
            let mut parts = want.splitn(3, ' ');
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
        };
        assert_eq!(run.code, 1, "{more}: {}", run.out);
        for part in [format!("error[{code}]"), format!("base-lesson.md:{place}\n"), hint.into()] {
            assert!(run.out.contains(&part), "{more}: {part} in {}", run.out);
        }
    };
    check("[a](../other.md#one), [b](#one), [c](https://kubernetes.io)", "");
    check("```quiz\nquiz: base-quiz\nquestions: [one, several]\n```", "");
    check("[a](../othr.md)", "dead-link 26:5 = hint: ");
    check("[a](../other.md#on)", "dead-link 26:5 did you mean `one`?");
    check("[a](#on)", "dead-link 26:5 did you mean `one`?");
    check("```quiz\nquiz: base-quz\n```", "unknown-quiz 27:7 did you mean `base-quiz`?");
    check(
        "```quiz\nquiz: base-quiz\nquestions: [one, sevral]\n```",
        "unknown-question 28:18 did you mean `several`?",
    );
    check(
        "```figure\nscenario: bse\ncaption: A pull.\n```",
        "unknown-scenario 27:11 did you mean `base`?",
    );
    // Two of the same name: no link leads to the second.
    put("lessons/deep/base-lesson.md", table::LESSON);
    put("lessons/base-lesson.md", table::LESSON);
    let run = pullpath(&["check", &path("lessons")]);
    assert!(run.code == 1 && run.out.contains("error[unreachable]"), "{}", run.out);
}

#[test]
fn what_cannot_be_done_is_said_about_what_was_typed() {
    #[track_caller]
    fn check(arguments: &[&str], folder: &Path, want: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_pullpath"))
            .args(arguments)
            .current_dir(folder)
            .output()
            .expect("the binary runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("it prints UTF-8");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        for part in want {
            assert!(said.contains(part), "{arguments:?}: no {part:?} in\n{said}");
        }
    }
    let scratch = scratch();
    let here = scratch.path();
    fs::create_dir(here.join("empty")).unwrap();
    fs::write(here.join("bad.yaml"), "format: 1\n title: x\n").unwrap();
    for command in ["check", "run", "grade", "hand-in", "new", "bundle", "explain", "schema"] {
        let help = format!("`pullpath {command} --help`");
        check(&[command, "--nope"], here, &["'--nope'", &help]);
    }
    check(&["--nope"], here, &["'--nope'", "`pullpath --help`"]);
    check(&["check", "bad.yaml"], here, &["--> ./bad.yaml:2:7"]);
    check(&["run", "bad.yaml"], here, &["bad.yaml: this is a file, and a folder is wanted"]);
    check(&["grade", "missing.json"], here, &["missing.json: No such file"]);
    check(&["bundle", "empty", "--out", "out"], here, &["there is no content to bundle"]);
}

/// One run, told in every format: each names the file, the place and the code.
#[test]
fn what_is_found_is_told_in_every_format() {
    let folder = scratch();
    let target = folder.path().join("scenarios/default-serviceaccount");
    copy(&scenario("default-serviceaccount"), &target);
    let path = target.join("scenario.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("version: 1", "version: one", 1)).unwrap();
    let brief = target.join("brief.md");
    let text = fs::read_to_string(&brief).unwrap();
    fs::write(&brief, format!("{text}\nSee [this](nowhere.md).\n")).unwrap();
    let told = |format: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_pullpath"))
            .args(["check", "scenarios", "--format", format])
            .current_dir(folder.path())
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{format}");
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    };
    let file = "scenarios/default-serviceaccount/scenario.yaml";
    let json: serde_json::Value = serde_json::from_str(&told("json")).unwrap();
    let found = &json["subjects"][0]["found"][0];
    assert_eq!((&json["errors"], &found["code"]), (&1.into(), &"bad-number".into()));
    assert_eq!((&found["file"], &found["line"]), (&file.into(), &8.into()));
    let sarif: serde_json::Value = serde_json::from_str(&told("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"bad-number".into(), &"error".into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], file);
    assert_eq!(place["region"]["startLine"], 8);
    let junit = told("junit");
    assert!(junit.contains("tests=\"1\" failures=\"1\" errors=\"0\""), "{junit}");
    assert!(junit.contains(&format!("message=\"{file}:8:")), "{junit}");
    assert!(told("text").contains("1 scenario, 0 lessons, 0 quizzes checked: 1 error, 0 warnings"));

    // What only the whole folder shows is told when the format is right.
    fs::write(&path, fs::read_to_string(&path).unwrap().replacen("version: one", "version: 1", 1))
        .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pullpath"))
        .args(["check", "scenarios"])
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");
    let printed = String::from_utf8(output.stdout).expect("it prints UTF-8");
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("error[dead-link]: there is no file `nowhere.md`"), "{printed}");
}

/// Links within the content lead somewhere, and of two pages with one name nobody comes to the second.
#[test]
fn pages_that_lead_nowhere_and_pages_nobody_comes_to() {
    let folder = scratch();
    let head = |id: &str| {
        format!("---\nid: {id}\ntitle: T\nsummary: S.\nminutes: 1\ntopic: P\n---\n# One place\n")
    };
    let put = |path: &str, text: String| {
        let path = folder.path().join("lessons").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put(
        "a.md",
        head("a")
            + "[x](#one-place) [y](b.md#one-place) [z](https://example.com/#any) [w](#/play/x)\n",
    );
    put("b.md", head("b") + "[x](#one-plaice) [y](a.md#other) [z](more/a.md)\n");
    put("more/a.md", head("a") + &"Word ".repeat(200));
    let run = pullpath(&["check", folder.path().join("lessons").to_str().unwrap()]);
    assert_eq!(run.code, 1);
    for told in [
        "error[dead-link]: there is no heading `#one-plaice`",
        "= hint: did you mean `one-place`?",
        "error[dead-link]: there is no heading `#other`",
        "error[unreachable]: no link leads to this lesson",
        "note[minutes-too-few]: reading alone takes 2 minutes",
        "3 lessons, 0 quizzes checked: 3 errors, 0 warnings, 1 note",
    ] {
        assert!(run.out.contains(told), "no {told:?} in\n{}", run.out);
    }
}

/// A dump becomes a scenario that can be played, and nothing of its passwords is in it.
#[test]
fn a_dump_becomes_a_starting_point() {
    let folder = scratch();
    let dump = folder.path().join("dump.yaml");
    let auth = "QVdTOnMzY3JldC1wYXNzd29yZA==";
    let config = format!(
        "{{\"auths\":{{\"123456789012.dkr.ecr.eu-central-1.amazonaws.com\":{{\"auth\":\"{auth}\"}}}}}}"
    );
    fs::write(&dump, format!("apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {{ name: web, namespace: shop }}\n  spec:\n    selector: {{ matchLabels: {{ app: web }} }}\n    template:\n      metadata: {{ labels: {{ app: web }} }}\n      spec:\n        imagePullSecrets: [{{ name: login }}]\n        containers: [{{ name: web, image: \"123456789012.dkr.ecr.eu-central-1.amazonaws.com/web:1.0\" }}]\n- apiVersion: v1\n  kind: Secret\n  metadata: {{ name: login, namespace: shop, creationTimestamp: \"2026-03-01T09:00:00Z\" }}\n  type: kubernetes.io/dockerconfigjson\n  stringData:\n    .dockerconfigjson: '{config}'\n")).unwrap();
    let here = folder.path().to_str().unwrap();
    let arguments = [
        "new",
        "scenario",
        "incident",
        "--from",
        dump.to_str().unwrap(),
        "--now",
        "2026-03-02T09:00:00Z",
        "--in",
        here,
    ];
    let run = pullpath(&arguments);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let target = folder.path().join("scenarios/incident");
    let checked = pullpath(&["check", target.to_str().unwrap()]);
    assert_eq!(checked.code, 0, "{}", checked.out);
    assert!(checked.out.contains("a sandbox"), "{}", checked.out);
    for path in ["scenario.yaml", "brief.md", "files/pull-secrets.yaml", "files/workloads.yaml"] {
        let text = fs::read_to_string(target.join(path)).unwrap();
        assert!(!text.contains("s3cret") && !text.contains(auth), "{path}: {text}");
    }
    let text = fs::read_to_string(target.join("scenario.yaml")).unwrap();
    assert!(
        text.starts_with("# yaml-language-server: $schema=../../.schema/scenario.json\n"),
        "{text}"
    );
    let again = pullpath(&arguments);
    assert_eq!(again.code, 2, "nothing is written over");
    let quiz = pullpath(&["new", "quiz", "incident", "--from", dump.to_str().unwrap()]);
    assert!(quiz.err.contains("a quiz cannot begin with a dump"), "{}", quiz.err);
}

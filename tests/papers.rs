//! Broken quizzes and hand-ins, one table each: told by the formats and by the command line, with place and hint.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[path = "common/binary.rs"]
mod binary;
#[path = "broken/table.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod table;

use std::fs;
use std::path::Path;

use binary::{Run, within_200_megabytes};
use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::hand_in;
use pullpath_lesson::intake::{self, Profile};
use pullpath_lesson::quiz::Quiz;
use pullpath_lesson::source::position;
use serde::Deserialize;

const QUIZ: &str = include_str!("broken/base-quiz.yaml");
const HAND_IN: &str = include_str!("broken/base-hand-in.json");
const NO_DIGEST: &str = "0000000000000000";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    replace: Option<String>,
    with: Option<String>,
    // A second replacement.
    also: Option<[String; 2]>,
    // Everything after the replacement is cut off.
    #[serde(default)]
    cut: bool,
    write: Option<String>,
    append: Option<String>,
    generate: Option<table::Generate>,
    digest: Option<String>,
    found: Option<String>,
    code: String,
    at: String,
}

impl Case {
    fn text(&self, base: &str) -> String {
        let mut text = base.to_owned();
        if let (Some(replace), Some(with)) = (&self.replace, &self.with) {
            let at = text.find(replace).unwrap_or_else(|| panic!("{}: `{replace}`", self.name));
            text.replace_range(at..at + replace.len(), with);
            if self.cut {
                text.truncate(at + with.len());
            }
        }
        if let Some([from, to]) = &self.also {
            assert!(text.contains(from), "{}", self.name);
            text = text.replacen(from, to, 1);
        }
        if let Some(write) = &self.write {
            text.clone_from(write);
        }
        if let Some(append) = &self.append {
            text.push_str(append);
        }
        if let Some(table::Generate { before, repeat, times, after }) = &self.generate {
            text = format!("{before}{}{after}", repeat.repeat(*times));
        }
        text.replace("ENGINE", hand_in::ENGINE)
    }

    /// The digest is as long as what it takes the place of, so places stay.
    fn hand_in(&self) -> String {
        let text = self.text(HAND_IN);
        match serde_json::from_str(&text) {
            Ok(value) if self.digest.is_none() => text.replace(NO_DIGEST, &hand_in::digest(&value)),
            _ => text,
        }
    }
}

fn cases(file: &str, text: &str) -> Vec<Case> {
    let read = intake::read(file, text, Profile::Authored);
    assert_eq!(read.diagnostics, []);
    serde_json::from_value(read.value.unwrap().remove(0).value).expect("every case has its fields")
}

fn quizzes() -> Vec<Case> {
    cases("quizzes.yaml", include_str!("broken/quizzes.yaml"))
}

fn hand_ins() -> Vec<Case> {
    cases("hand-ins.yaml", include_str!("broken/hand-ins.yaml"))
}

fn told(name: &str, text: &str, diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |told: &Diagnostic| {
        assert!(told.hint.is_some(), "{name}: no hint in {told:?}");
        let at = position(text, told.span.start);
        format!("{} {}:{}", told.code, at.line, at.column)
    };
    diagnostics.iter().map(line).collect()
}

#[track_caller]
fn check_table(cases: Vec<Case>, read: &dyn Fn(&Case) -> Vec<String>) {
    let mut wrong = Vec::new();
    for case in &cases {
        let told = read(case);
        let want = format!("{} {}", case.code, case.at);
        let as_wanted = if case.found.is_some() { told.is_empty() } else { told.contains(&want) };
        if !as_wanted {
            wrong.push(format!("{}: want {want}, told {told:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_broken_quiz_is_told() {
    assert!(quizzes().len() >= 50);
    check_table(quizzes(), &|case| {
        let text = case.text(QUIZ);
        told(&case.name, &text, &Quiz::read("base-quiz.yaml", "base-quiz", &text).diagnostics)
    });
}

#[test]
fn every_broken_hand_in_is_told() {
    assert!(hand_ins().len() >= 50);
    check_table(hand_ins(), &|case| {
        let text = case.hand_in();
        told(&case.name, &text, &hand_in::read("hand-in.json", &text).diagnostics)
    });
}

/// Half a file is what a bad line or a full disk leaves: wherever it was cut, it is told, and no more.
#[test]
fn files_that_were_cut_anywhere_are_told() {
    for end in (0..HAND_IN.len()).filter(|end| HAND_IN.is_char_boundary(*end)) {
        let read = hand_in::read("hand-in.json", &HAND_IN[..end]);
        let cut = HAND_IN[..end].trim_end() != HAND_IN.trim_end();
        assert!(!cut || read.diagnostics[0].code == "truncated", "{end}: {:?}", read.diagnostics);
    }
    for end in (0..QUIZ.len()).filter(|end| QUIZ.is_char_boundary(*end)) {
        for told in Quiz::read("base-quiz.yaml", "base-quiz", &QUIZ[..end]).diagnostics {
            assert!(told.hint.is_some(), "{told:?}");
        }
    }
}

/// Content with the one scenario and the one quiz that the tables break.
fn content() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (path, text) in table::base() {
        put(&format!("scenarios/base/{path}"), &text);
    }
    put("quizzes/base-quiz.yaml", QUIZ);
    folder
}

#[track_caller]
fn check_run(case: &Case, file: &str, run: &Run) {
    let (name, printed) = (&case.name, &run.printed());
    assert!(run.code <= 2, "{name}: {} {printed}", run.code);
    assert!(!printed.contains("panicked"), "{name}: {printed}");
    assert!(printed.contains(&format!("[{}]", case.code)), "{name}: {printed}");
    assert!(printed.contains(&format!("{file}:{}", case.at)), "{name}: {printed}");
    assert!(printed.contains("= hint: "), "{name}: {printed}");
}

#[test]
fn every_broken_hand_in_is_told_on_the_command_line_and_ends_nothing() {
    let content = content();
    let place = |name: &str| content.path().join(name).to_string_lossy().into_owned();
    let whole = Case {
        replace: Some("\"s1\", \"name\": \"Ada\"".into()),
        with: Some("\"s2\", \"name\": \"Cy\"".into()),
        ..Case::of("", "")
    };
    fs::write(place("whole.json"), whole.hand_in()).unwrap();
    for case in hand_ins() {
        fs::write(place("hand-in.json"), case.hand_in()).unwrap();
        let run = within_200_megabytes(&[
            "grade",
            &place("hand-in.json"),
            &place("whole.json"),
            "--content",
            &place(""),
        ]);
        check_run(&case, "hand-in.json", &run);
        assert!(run.printed().contains("s2 Cy: "), "{}: {}", case.name, run.printed());
    }
}

#[test]
fn every_broken_quiz_is_told_on_the_command_line() {
    let content = content();
    let quiz = content.path().join("quizzes/base-quiz.yaml");
    let run = within_200_megabytes(&["check", quiz.to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}", run.printed());
    assert!(run.printed().contains("future is `pull-fails`"), "{}", run.printed());
    for case in quizzes() {
        fs::write(&quiz, case.text(QUIZ)).unwrap();
        let run = within_200_megabytes(&["check", quiz.to_str().unwrap()]);
        check_run(&case, "base-quiz.yaml", &run);
        let only_warned = run.printed().contains(&format!("warning[{}]", case.code));
        assert!(only_warned || run.code != 0, "{}", case.name);
    }
    assert!(Path::new(&quiz).is_file());
}

impl Case {
    fn of(code: &str, at: &str) -> Self {
        Self {
            name: String::new(),
            replace: None,
            with: None,
            also: None,
            cut: false,
            write: None,
            append: None,
            generate: None,
            digest: None,
            found: None,
            code: code.into(),
            at: at.into(),
        }
    }
}

//! `pullpath check`: the author's lint and proof.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lexopt::prelude::*;
use pullpath_engine::{proof, quiz};
use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::{Diagnostic, Severity, any_errors};
use pullpath_lesson::lesson;
use pullpath_lesson::quiz::{Kind as QuestionKind, Question, Quiz};
use pullpath_lesson::scenario::{Folder, Scenario};

use super::{Failure, IMPOSSIBLE, NOT_PASSED, Output, PASSED, play, say};
use crate::files;

const HELP: &str = "\
Usage: pullpath check [PATH...]

Checks scenarios, lessons and quizzes: formats, names, links; and proves each scenario:
the shipped state fails every goal, each solution passes, each foreseen wrong answer
draws its own feedback, two runs agree. The key of each prediction is computed.

PATH is a scenario's folder, a lesson's Markdown file, a quiz's YAML file, or a folder
of any of them; without one, `scenarios`, `lessons` and `quizzes` are checked. A quiz
asks about scenarios in the folder `scenarios` beside its own.

Exit codes: 0 all is well; 1 something does not hold; 2 a file cannot be read.
";

/// What is counted at the end.
#[derive(Default)]
struct Tally {
    scenarios: u32,
    lessons: u32,
    quizzes: u32,
    errors: u32,
    warnings: u32,
    unreadable: bool,
}

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut paths: Vec<PathBuf> = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Value(path) => paths.push(path.into()),
            other => return Err(super::unexpected(other, "check ")),
        }
    }
    if paths.is_empty() {
        let folders = ["scenarios", "lessons", "quizzes"].map(PathBuf::from);
        paths = folders.into_iter().filter(|folder| folder.is_dir()).collect();
    }
    if paths.is_empty() {
        let hint = "name a folder of content: pullpath check FOLDER";
        return Err(Failure(format!("there is no content here\n  = hint: {hint}")));
    }
    let mut tally = Tally::default();
    for path in &paths {
        check_path(path, output, &mut tally)?;
    }
    writeln!(
        output.out,
        "{}, {}, {} checked: {}, {}",
        counted(tally.scenarios, "scenario"),
        counted(tally.lessons, "lesson"),
        match tally.quizzes {
            1 => "1 quiz".to_owned(),
            number => format!("{number} quizzes"),
        },
        counted(tally.errors, "error"),
        counted(tally.warnings, "warning"),
    )?;
    Ok(match (tally.unreadable, tally.errors) {
        (true, _) => IMPOSSIBLE,
        (false, 0) => PASSED,
        (false, _) => NOT_PASSED,
    })
}

fn check_path(path: &Path, output: &mut Output<'_>, tally: &mut Tally) -> Result<(), Failure> {
    if path.is_file() {
        return match path.extension().is_some_and(|extension| extension == "yaml") {
            true => check_quiz(path, output, tally),
            false => check_lesson(path, output, tally),
        };
    }
    let folders = files::scenario_folders(path)?;
    for folder in &folders {
        check_scenario(folder, output, tally)?;
    }
    let mut lessons = Vec::new();
    if !folders.contains(&path.to_owned()) {
        for entry in std::fs::read_dir(path)? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "md") {
                lessons.push(file);
            }
        }
    }
    lessons.sort();
    for file in &lessons {
        check_lesson(file, output, tally)?;
    }
    let quizzes = files::quiz_files(path)?;
    for file in &quizzes {
        check_quiz(file, output, tally)?;
    }
    if folders.is_empty() && lessons.is_empty() && quizzes.is_empty() {
        return Err(Failure(format!(
            "{}: there is neither a scenario nor a lesson nor a quiz here\n  = hint: a scenario is a folder with a `scenario.yaml`, a lesson is a `.md` file, a quiz is a `.yaml` file",
            path.display()
        )));
    }
    Ok(())
}

fn check_scenario(
    folder: &Path,
    output: &mut Output<'_>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let texts = files::read_folder(folder)?;
    let name = files::name_of(folder)?;
    let checked = Scenario::read(&texts, &name, Folder::Whole);
    let mut diagnostics = checked.diagnostics;
    let mut proved = String::new();
    if let Some(scenario) = checked.value.filter(|_| !any_errors(&diagnostics)) {
        let is_sandbox = scenario.is_sandbox();
        let proof = proof::prove(&Arc::new(scenario));
        if !any_errors(&proof.diagnostics) {
            proved = if is_sandbox {
                ": a sandbox, it can be played and there is nothing to prove".to_owned()
            } else {
                format!(
                    ": fails as shipped, {} pass, {} told apart",
                    counted(proof.solutions, "solution"),
                    counted(proof.wrong, "wrong answer")
                )
            };
        }
        diagnostics.extend(proof.diagnostics);
    } else {
        tally.unreadable = true;
    }
    tally.scenarios += 1;
    report(folder, &texts, &diagnostics, output, tally)?;
    if !proved.is_empty() {
        writeln!(output.out, "ok {}{proved}", folder.display())?;
    }
    Ok(())
}

fn check_lesson(file: &Path, output: &mut Output<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let text =
        files::read_text(file)?.ok_or_else(|| format!("{}: this is not text", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let id = name.trim_end_matches(".md").to_owned();
    let checked = lesson::read(&name, &id, &text);
    tally.lessons += 1;
    tally.unreadable |= checked.value.is_none();
    let texts = Texts::from([(name, text)]);
    let errors = tally.errors;
    report(file.parent().unwrap_or(Path::new(".")), &texts, &checked.diagnostics, output, tally)?;
    if errors == tally.errors {
        writeln!(output.out, "ok {}", file.display())?;
    }
    Ok(())
}

fn check_quiz(file: &Path, output: &mut Output<'_>, tally: &mut Tally) -> Result<(), Failure> {
    let text =
        files::read_text(file)?.ok_or_else(|| format!("{}: this is not text", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let checked = Quiz::read(&name, &files::stem_of(file), &text);
    let mut diagnostics = checked.diagnostics;
    let mut keys = BTreeMap::new();
    tally.quizzes += 1;
    if let Some(quiz) = checked.value.filter(|_| !any_errors(&diagnostics)) {
        let (scenarios, known) = asked_about(file, &quiz)?;
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let (computed, told) = quiz::keys(&name, &quiz, &|id| scenarios.get(id), &known);
        keys = computed;
        diagnostics.extend(told);
    } else {
        tally.unreadable = true;
    }
    let texts = Texts::from([(name, text)]);
    let errors = tally.errors;
    report(file.parent().unwrap_or(Path::new(".")), &texts, &diagnostics, output, tally)?;
    if errors == tally.errors {
        let keys: Vec<String> =
            keys.iter().map(|(id, key)| format!("{id} is `{}`", key.name())).collect();
        let keys = if keys.is_empty() { String::new() } else { format!(": {}", keys.join(", ")) };
        writeln!(output.out, "ok {}{keys}", file.display())?;
    }
    Ok(())
}

/// The scenarios that a quiz asks about, and the names of all that it could.
type Scenarios = (BTreeMap<String, Arc<Scenario>>, Vec<String>);

fn asked_about(file: &Path, quiz: &Quiz) -> Result<Scenarios, Failure> {
    let mut scenarios = BTreeMap::new();
    let folder = file.parent().map(|folder| folder.join("../scenarios")).unwrap_or_default();
    let folder = folder.canonicalize().unwrap_or(folder);
    let folders = if folder.is_dir() { files::scenario_folders(&folder)? } else { Vec::new() };
    let mut known = Vec::new();
    for folder in folders {
        let id = files::name_of(&folder)?;
        let is_asked = |question: &Question| match &question.kind {
            QuestionKind::Predict(predict) => predict.scenario == id,
            _ => false,
        };
        if quiz.questions().iter().any(is_asked) {
            scenarios.insert(id.clone(), play::open(&folder)?);
        }
        known.push(id);
    }
    Ok((scenarios, known))
}

/// Prints diagnostics with paths that can be opened from here.
fn report(
    folder: &Path,
    texts: &Texts,
    diagnostics: &[Diagnostic],
    output: &mut Output<'_>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    // The parent of a bare file name is empty, and `/name` would be another file.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let folder = folder.to_string_lossy();
    let prefixed: Texts =
        texts.iter().map(|(path, text)| (format!("{folder}/{path}"), text.clone())).collect();
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Error => tally.errors += 1,
            Severity::Warning => tally.warnings += 1,
        }
        writeln!(output.out, "{}", diagnostic.clone().under(&folder).draw(&prefixed))?;
    }
    Ok(())
}

fn counted(number: u32, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

//! `pullpath check`: the author's lint and proof.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lexopt::prelude::*;
use pullpath_engine::proof;
use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::{Diagnostic, Severity, any_errors};
use pullpath_lesson::lesson;
use pullpath_lesson::scenario::{Folder, Scenario};

use super::{Failure, IMPOSSIBLE, NOT_PASSED, Output, PASSED, say};
use crate::files;

const HELP: &str = "\
Usage: pullpath check [PATH...]

Checks scenarios and lessons: formats, names, links; and proves each scenario: the
shipped state fails every goal, each solution passes, each foreseen wrong answer draws
its own feedback, two runs agree.

PATH is a scenario's folder, a folder of scenarios, a lesson's Markdown file, or a
folder of them; without one, `scenarios` and `lessons` are checked.

Exit codes: 0 all is well; 1 something does not hold; 2 a file cannot be read.
";

/// What is counted at the end.
#[derive(Default)]
struct Tally {
    scenarios: u32,
    lessons: u32,
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
            other => return Err(other.unexpected().into()),
        }
    }
    if paths.is_empty() {
        paths = ["scenarios", "lessons"].map(PathBuf::from).to_vec();
    }
    let mut tally = Tally::default();
    for path in &paths {
        check_path(path, output, &mut tally)?;
    }
    writeln!(
        output.out,
        "{} checked, {} checked: {}, {}",
        counted(tally.scenarios, "scenario"),
        counted(tally.lessons, "lesson"),
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
        return check_lesson(path, output, tally);
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
    if folders.is_empty() && lessons.is_empty() {
        return Err(Failure(format!(
            "{}: there is neither a scenario nor a lesson here\n  = hint: a scenario is a folder with a `scenario.yaml`, a lesson is a `.md` file",
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

/// Prints diagnostics with paths that can be opened from here.
fn report(
    folder: &Path,
    texts: &Texts,
    diagnostics: &[Diagnostic],
    output: &mut Output<'_>,
    tally: &mut Tally,
) -> Result<(), Failure> {
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

//! `pullpath grade`: what attempts and answer folders are worth.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lexopt::prelude::*;
use pullpath_engine::{Session, answer};
use pullpath_lesson::grade::Verdict;
use pullpath_lesson::markdown;
use pullpath_lesson::scenario::Scenario;
use pullpath_view::Attempt;
use pullpath_view::block::{Block, Inline};
use serde_json::json;

use super::{Failure, IMPOSSIBLE, NOT_PASSED, Output, PASSED, play, say};
use crate::files;

const HELP: &str = "\
Usage: pullpath grade SCENARIO ATTEMPT|FOLDER... [--json]

Replays attempts and says what they are worth. An ATTEMPT is the JSON file that the page
hands out; a FOLDER holds files that take the place of the scenario's, and may hold a
`commands.sh`. A folder of attempts (*.json) is graded one by one.

Exit codes: 0 all passed; 1 one or more did not; 2 one or more could not be graded.
";

/// What one hand-in came to.
struct Graded {
    name: String,
    result: Result<Verdict, String>,
}

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut as_json = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Long("json") => as_json = true,
            Value(path) => paths.push(path.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    if paths.len() < 2 {
        let hint = "pullpath grade scenarios/NAME attempt.json";
        return Err(Failure(format!("which scenario, and which attempts?\n  = hint: {hint}")));
    }
    let scenario = play::open(&paths[0])?;
    let mut graded = Vec::new();
    for path in &paths[1..] {
        graded.extend(grade_path(&scenario, path)?);
    }
    if as_json {
        print_json(&scenario, &graded, output)?;
    } else {
        print_text(&scenario, &graded, output)?;
    }
    let impossible = graded.iter().any(|graded| graded.result.is_err());
    let passed =
        graded.iter().all(|graded| graded.result.as_ref().is_ok_and(|verdict| verdict.passed));
    Ok(match (impossible, passed) {
        (true, _) => IMPOSSIBLE,
        (false, true) => PASSED,
        (false, false) => NOT_PASSED,
    })
}

fn grade_path(scenario: &Arc<Scenario>, path: &Path) -> Result<Vec<Graded>, Failure> {
    let name = path.display().to_string();
    if path.is_file() {
        return Ok(vec![Graded { name, result: grade_attempt(scenario, path) }]);
    }
    let texts = files::read_folder(path)?;
    let attempts: Vec<&String> = texts.keys().filter(|file| file.ends_with(".json")).collect();
    if attempts.is_empty() {
        let result = match answer::from_folder(scenario, &name, &texts) {
            Ok(answer) => answer::play(scenario, &answer)
                .map(|session| session.judge())
                .map_err(|problem| problem.to_string()),
            Err(diagnostics) => {
                Err(diagnostics.iter().map(|problem| problem.draw(&texts)).collect())
            }
        };
        return Ok(vec![Graded { name, result }]);
    }
    let grade = |file: &String| {
        let path = path.join(file);
        Graded { name: path.display().to_string(), result: grade_attempt(scenario, &path) }
    };
    Ok(attempts.into_iter().map(grade).collect())
}

fn grade_attempt(scenario: &Arc<Scenario>, path: &Path) -> Result<Verdict, String> {
    let text =
        files::read_text(path).map_err(|error| error.to_string())?.ok_or("this is not text")?;
    let attempt: Attempt = serde_json::from_str(&text).map_err(|error| {
        format!("{}:{}: this is not an attempt: {error}", error.line(), error.column())
    })?;
    if attempt.format != 1 {
        return Err(format!(
            "format {} is not known here: this is Pullpath {}",
            attempt.format,
            env!("CARGO_PKG_VERSION")
        ));
    }
    if attempt.scenario != scenario.id() {
        return Err(format!(
            "this is an attempt at `{}`, not at `{}`",
            attempt.scenario,
            scenario.id()
        ));
    }
    if attempt.version != scenario.version() || attempt.seed != scenario.world().seed {
        return Err(format!(
            "this is an attempt at version {} with seed {}; the scenario is at version {} with seed {}",
            attempt.version,
            attempt.seed,
            scenario.version(),
            scenario.world().seed
        ));
    }
    let session = Session::replay(Arc::clone(scenario), &attempt, &mut |_, _| {});
    session.map(|session| session.judge()).map_err(|problem| problem.message)
}

fn print_text(
    scenario: &Scenario,
    graded: &[Graded],
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    for Graded { name, result } in graded {
        match result {
            Err(why) => writeln!(output.out, "{name}: could not be graded: {}", why.trim_end())?,
            Ok(verdict) => {
                let word = if verdict.passed { "passed" } else { "not passed" };
                writeln!(
                    output.out,
                    "{name}: {word}, {} of {} points",
                    verdict.points,
                    scenario.total()
                )?;
                for (goal, judged) in scenario.goals().iter().zip(&verdict.goals) {
                    let word = if judged.met { "met   " } else { "missed" };
                    writeln!(output.out, "  {word} {}", goal.title)?;
                    if let Some(miss) = &judged.miss {
                        writeln!(output.out, "         {}", miss.object)?;
                        if let Some(event) = &miss.event {
                            writeln!(
                                output.out,
                                "         {}",
                                event.replace('\n', "\n         ")
                            )?;
                        }
                        let said = plain(&miss.say);
                        if !said.is_empty() {
                            writeln!(output.out, "         {}", said.replace('\n', "\n         "))?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

fn print_json(
    scenario: &Scenario,
    graded: &[Graded],
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let results: Vec<serde_json::Value> = graded
        .iter()
        .map(|Graded { name, result }| match result {
            Err(why) => json!({ "name": name, "outcome": "error", "message": why }),
            Ok(verdict) => json!({
                "name": name,
                "outcome": if verdict.passed { "pass" } else { "fail" },
                "points": verdict.points,
                "max_points": scenario.total(),
                "checks": scenario.goals().iter().zip(&verdict.goals).map(|(goal, judged)| json!({
                    "id": goal.id,
                    "title": goal.title,
                    "max_points": goal.points,
                    "points": if judged.met { goal.points } else { 0 },
                    "outcome": if judged.met { "pass" } else { "fail" },
                    "feedback": judged.miss.as_ref().and_then(|miss| miss.feedback.clone()),
                    "object": judged.miss.as_ref().map(|miss| miss.object.to_string()),
                    "event": judged.miss.as_ref().and_then(|miss| miss.event.clone()),
                })).collect::<Vec<_>>(),
            }),
        })
        .collect();
    let report = json!({ "format": 1, "scenario": scenario.id(), "version": scenario.version(), "results": results });
    writeln!(output.out, "{}", serde_json::to_string_pretty(&report)?)?;
    Ok(())
}

/// Feedback as lines of text: paragraphs are what feedback is made of; lists and code keep their words.
fn plain(blocks: &[Block]) -> String {
    let lines = blocks.iter().map(|block| match block {
        Block::Heading { text, .. } | Block::Paragraph { text } => markdown::plain(text),
        Block::List { items, .. } => {
            items.iter().map(|item| format!("- {}", plain(item))).collect::<Vec<_>>().join("\n")
        }
        Block::Quote { blocks } => plain(blocks),
        Block::Code { text, .. } => text.trim_end().to_owned(),
        Block::Table { rows, .. } => {
            let row = |row: &Vec<Vec<Inline>>| {
                row.iter().map(|cell| markdown::plain(cell)).collect::<Vec<_>>().join("  ")
            };
            rows.iter().map(row).collect::<Vec<_>>().join("\n")
        }
        Block::Rule | Block::Figure(_) | Block::Question(_) => String::new(),
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

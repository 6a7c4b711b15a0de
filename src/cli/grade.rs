//! `pullpath grade`: what hand-ins are worth, one row for each learner.

mod content;
mod input;
mod learner;
mod pool;
mod record;
mod report;
mod resume;
mod roster;

use std::path::PathBuf;

use lexopt::prelude::*;
use pullpath_lesson::Texts;

use self::content::Content;
use self::input::Input;
use self::learner::{Group, Rules};
use self::record::{Outcome, Row};
use self::report::Format;
use self::resume::Results;
use super::{Failure, IMPOSSIBLE, NOT_PASSED, Output, PASSED, say};
use crate::files;

const HELP: &str = "\
Usage: pullpath grade HAND-IN... [--content DIR] [OPTIONS]
       pullpath grade SCENARIO ATTEMPT|ANSWER-FOLDER... [OPTIONS]

Replays what learners handed in and prints one row for each. A HAND-IN is the JSON file
that Pullpath exports, an attempt alone, a folder of them, a file of one hand-in a line
(.ndjson, .jsonl), or `-` for such lines on standard input. An ANSWER-FOLDER holds files
that take the place of the scenario's, and may hold a `commands.sh`.

  --content DIR     the scenarios and quizzes that were set; `.` unless given
  --roster CSV      who should hand in: a column `number`, `name`, or both
  --item ID         grade this scenario or quiz only; may be repeated. Without it, all
                    that somebody handed in
  --check ID        grade this goal or question only
  --seed S          draw the worlds from S; an attempt's own seed never counts
  --format F        text, json, ndjson, junit, csv or gradescope
  --summary         how many failed each goal and chose each option
  --resume FILE     keep results in FILE (NDJSON), and skip those that it holds already
  --shard I/N       grade every N-th learner only, from the I-th on; I counts from 0

Exit codes: 0 all passed; 1 one or more did not; 2 one or more could not be graded.
";

/// What the arguments ask for.
#[derive(Default)]
struct Options {
    paths: Vec<PathBuf>,
    content: Option<PathBuf>,
    roster: Option<PathBuf>,
    items: Vec<String>,
    check: Option<String>,
    seed: Option<u64>,
    format: Format,
    summary: bool,
    resume: Option<PathBuf>,
    shard: Option<(usize, usize)>,
}

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Long("content") => options.content = Some(parser.value()?.into()),
            Long("roster") => options.roster = Some(parser.value()?.into()),
            Long("item") => options.items.push(parser.value()?.string()?),
            Long("check") => options.check = Some(parser.value()?.string()?),
            Long("seed") => options.seed = Some(seed(&parser.value()?.string()?)?),
            Long("format") => options.format = Format::named(&parser.value()?.string()?)?,
            Long("json") => options.format = Format::Json,
            Long("summary") => options.summary = true,
            Long("resume") => options.resume = Some(parser.value()?.into()),
            Long("shard") => options.shard = Some(shard(&parser.value()?.string()?)?),
            Value(path) => options.paths.push(path.into()),
            other => return Err(super::unexpected(other, "grade ")),
        }
    }
    grade(options, output)
}

fn grade(mut options: Options, output: &mut Output<'_>) -> Result<u8, Failure> {
    let scenario = options.paths.first().filter(|path| is_scenario(path)).cloned();
    if scenario.is_some() {
        options.paths.remove(0);
    }
    if options.paths.is_empty() {
        let hint =
            "pullpath grade hand-ins/ --content DIR, or pullpath grade scenarios/NAME attempt.json";
        return Err(Failure(format!("which attempts?\n  = hint: {hint}")));
    }
    // The path that was typed is told of before a folder that was not.
    for path in options.paths.iter().filter(|path| path.as_os_str() != "-") {
        std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let content = match &scenario {
        Some(folder) => Content::of_scenario(folder)?,
        None => Content::below(options.content.as_deref().unwrap_or(std::path::Path::new(".")))?,
    };
    let inputs = input::collect(&options.paths, scenario.is_some())?;
    let roster = options.roster.as_deref().map(read_roster).transpose()?;
    let groups = learner::groups(inputs, roster.as_deref());
    let rules = Rules::new(&content, &options.items, options.check.clone(), options.seed, &groups)?;
    let in_shard = |place: usize| options.shard.is_none_or(|(index, of)| place % of == index);
    let groups: Vec<Group> = groups
        .into_iter()
        .enumerate()
        .filter(|(place, _)| in_shard(*place))
        .map(|(_, group)| group)
        .collect();
    let mut results = Results::open(options.resume.as_deref())?;
    let mut unwritten = None;
    let rows = {
        let earlier = results.take();
        let grade = |group: &Group| match earlier.get(&rules.key(group)) {
            Some(row) => (Row::clone(row), false),
            None => (rules.grade(group), true),
        };
        let broken = |group: &Group, why: String| (rules.broken(group, &why), true);
        let mut keep = |(row, fresh): &(Row, bool)| {
            if *fresh && let Err(error) = results.append(row) {
                unwritten = Some(error);
            }
        };
        pool::each(&groups, &grade, &broken, &mut keep)
    };
    if let Some(Failure(why)) = unwritten {
        return Err(Failure(why));
    }
    let rows: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
    report::print(&rows, &rules, options.format, options.summary, output)?;
    let any = |outcome| rows.iter().any(|row| row.outcome == outcome);
    Ok(match (any(Outcome::Error), any(Outcome::Fail) || any(Outcome::Missing)) {
        (true, _) => IMPOSSIBLE,
        (false, true) => NOT_PASSED,
        (false, false) => PASSED,
    })
}

fn is_scenario(path: &std::path::Path) -> bool {
    path.join(pullpath_lesson::scenario::FILE).is_file()
}

fn read_roster(path: &std::path::Path) -> Result<Vec<pullpath_view::hand_in::Learner>, Failure> {
    let name = path.display().to_string();
    let text = files::read_text(path)?.ok_or_else(|| format!("{name}: this is not text"))?;
    roster::read(&name, &text)
}

fn seed(text: &str) -> Result<u64, Failure> {
    let seed = text.parse().ok().filter(|seed| *seed < 1 << 53);
    seed.ok_or_else(|| {
        Failure(format!("`{text}` is not a seed\n  = hint: write a whole number below 2^53"))
    })
}

fn shard(text: &str) -> Result<(usize, usize), Failure> {
    let parts = text
        .split_once('/')
        .and_then(|(index, of)| Some((index.parse::<usize>().ok()?, of.parse::<usize>().ok()?)));
    parts.filter(|(index, of)| index < of).ok_or_else(|| {
        let hint = "write I/N with I from 0 to N-1: 0/4, 1/4, 2/4, 3/4";
        Failure(format!("`{text}` is not a shard\n  = hint: {hint}"))
    })
}

/// The texts of one input, for drawing what is wrong in it.
fn texts_of(input: &Input) -> Texts {
    match &input.content {
        input::Handed::File(text) => Texts::from([(input.name.clone(), text.clone())]),
        input::Handed::Folder(texts) => texts.clone(),
        input::Handed::Unreadable(_) => Texts::new(),
    }
}

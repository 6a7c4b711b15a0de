//! `pullpath run`: a scenario without a browser.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lexopt::prelude::*;
use pullpath_engine::{Session, answer, view, worlds};
use pullpath_lesson::scenario::{Answer, Folder, Scenario};
use pullpath_lesson::{Texts, hand_in, quantity};
use pullpath_view::pane::{GoalState, Ladder, RungState};
use pullpath_view::wire::Query;
use pullpath_view::{Action, Attempt, View};

use super::{Failure, NOT_PASSED, Output, PASSED, say};
use crate::files;

const HELP: &str = "\
Usage: pullpath run SCENARIO [--until TIME] [--answer NAME | --replay FILE]
           [--world N] [--seed N] [--json | --log | --attempt]

Plays a scenario as it ships, or with one of its answers, and prints what happened, the
goals, and the why ladder of a Pod that waits.

  --until TIME    let the clock run to T+TIME, for example 13h or 1h30m
  --answer NAME   put the files and commands of solutions/NAME or wrong/NAME in place
  --replay FILE   do what a hand-in or an attempt holds
  --world N       in the drawn world of that number, which `grade` names
  --seed N        as the seed N draws its parameters, where it has any
  --json          print the view that the page would draw
  --log           print the log alone: what two runs are compared by
  --attempt       print the attempt, as the page hands it out

Exit codes: 0 the goals are met; 1 they are not; 2 it could not be played.
";

#[derive(Default)]
struct Options {
    scenario: Option<PathBuf>,
    until: Option<i64>,
    answer: Option<String>,
    replay: Option<PathBuf>,
    world: Option<u32>,
    seed: Option<u64>,
    json: bool,
    log: bool,
    attempt: bool,
}

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Long("until") => {
                let text = parser.value()?.string()?;
                let length = quantity::duration(&text).ok_or_else(|| {
                    format!("`{text}` is not a length of time\n  = hint: write it like 13h, 90s or 1h30m")
                })?;
                options.until = Some(length.as_millis());
            }
            Long("answer") => options.answer = Some(parser.value()?.string()?),
            Long("replay") => options.replay = Some(parser.value()?.into()),
            Long("world") => {
                let text = parser.value()?.string()?;
                options.world = Some(text.parse().map_err(|_| {
                    format!("`{text}` is not a world\n  = hint: write the number that `pullpath grade` names")
                })?);
            }
            Long("seed") => {
                let text = parser.value()?.string()?;
                options.seed = Some(text.parse().map_err(|_| {
                    format!("`{text}` is not a seed\n  = hint: write a whole number")
                })?);
            }
            Long("json") => options.json = true,
            Long("log") => options.log = true,
            Long("attempt") => options.attempt = true,
            Value(path) if options.scenario.is_none() => options.scenario = Some(path.into()),
            other => return Err(super::unexpected(other, "run ")),
        }
    }
    let path = options
        .scenario
        .as_ref()
        .ok_or("which scenario?\n  = hint: pullpath run scenarios/NAME")?;
    let scenario = drawn(open(path)?, options.seed);
    let mut session = play(&scenario, &options)?;
    let mut differs = None;
    if let Some(world) = options.world {
        let (visited, words) = worlds::visit(&session, world).map_err(|problem| problem.message)?;
        (session, differs) = (visited, Some(format!("World {world}: {words}")));
    }
    run_until(&mut session, &options)?;
    print(&session, &options, differs.as_deref(), output)?;
    Ok(if session.judge_here().passed { PASSED } else { NOT_PASSED })
}

/// Reads a scenario that must be sound.
pub(super) fn open(folder: &Path) -> Result<Arc<Scenario>, Failure> {
    let texts = files::read_scenario(folder)?;
    if !texts.contains_key(pullpath_lesson::scenario::FILE) {
        return Err(Failure(format!(
            "{}: there is no `scenario.yaml` here\n  = hint: name the scenario's folder",
            folder.display()
        )));
    }
    let name = files::name_of(folder)?;
    Scenario::read(&texts, &name, Folder::Whole).into_result().map(Arc::new).map_err(
        |diagnostics| {
            let drawn: Vec<String> =
                diagnostics.iter().map(|diagnostic| diagnostic.draw(&texts)).collect();
            Failure(format!("{} has mistakes\n\n{}", folder.display(), drawn.join("\n")))
        },
    )
}

/// A scenario as a seed draws it.
fn drawn(scenario: Arc<Scenario>, seed: Option<u64>) -> Arc<Scenario> {
    seed.and_then(|seed| scenario.redrawn(seed)).map_or(scenario, Arc::new)
}

fn play(scenario: &Arc<Scenario>, options: &Options) -> Result<Session, Failure> {
    if let Some(path) = &options.replay {
        let attempt = attempt_of(path, scenario)?;
        let scenario = drawn(Arc::clone(scenario), Some(attempt.seed));
        return Session::replay(scenario, &attempt, &mut |_, _| {})
            .map_err(|problem| Failure(problem.message));
    }
    Ok(match &options.answer {
        None => {
            let mut session =
                Session::new(Arc::clone(scenario)).map_err(|problem| problem.message)?;
            session.act(Action::Run, &mut |_, _| {})?;
            session
        }
        Some(name) => answer::play(scenario, find(scenario, name)?)?,
    })
}

fn run_until(session: &mut Session, options: &Options) -> Result<(), Failure> {
    let now = session.cluster().now().as_millis();
    if let Some(seconds) =
        options.until.map(|until| (until - now).div_euclid(1000)).filter(|left| *left > 0)
    {
        let seconds = u32::try_from(seconds).map_err(|_| "that is too far in the future")?;
        session.act(Action::Advance { seconds }, &mut |_, _| {})?;
    }
    Ok(())
}

/// The last attempt at a scenario in a file.
fn attempt_of(path: &Path, scenario: &Scenario) -> Result<Attempt, Failure> {
    let name = path.display().to_string();
    let text = files::read_text(path)?.ok_or_else(|| format!("{name}: this is not text"))?;
    let read = hand_in::read(&name, &text).into_result().map_err(|told| {
        let texts = Texts::from([(name.clone(), text.clone())]);
        told.iter().map(|told| told.draw(&texts)).collect::<Vec<_>>().join("\n")
    })?;
    let mut attempts = read.attempts.into_iter().map(|placed| placed.value.attempt);
    attempts.rfind(|attempt| attempt.scenario == scenario.id()).ok_or_else(|| {
        Failure(format!(
            "{name}: there is no attempt at `{}` in it\n  = hint: name the scenario that was played",
            scenario.id()
        ))
    })
}

fn find<'a>(scenario: &'a Scenario, name: &str) -> Result<&'a Answer, Failure> {
    let solutions = scenario.solutions().iter().map(|solution| &solution.answer);
    let answers: Vec<&Answer> =
        solutions.chain(scenario.wrong().iter().map(|wrong| &wrong.answer)).collect();
    let names: Vec<&str> = answers.iter().map(|answer| answer.name.as_str()).collect();
    answers.iter().find(|answer| answer.name == name).copied().ok_or_else(|| {
        Failure(format!("there is no answer `{name}`\n  = hint: there is {}", names.join(", ")))
    })
}

fn print(
    session: &Session,
    options: &Options,
    differs: Option<&str>,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if options.log {
        write!(output.out, "{}", session.log_text())?;
        return Ok(());
    }
    if options.attempt {
        write!(output.out, "{}", hand_in::write_attempt(session.attempt()))?;
        return Ok(());
    }
    // Without a browser nobody is taught: the ladder is always open.
    let mut session = session.clone();
    session.act(Action::OpenLadder, &mut |_, _| {})?;
    let view = view::whole(&session, &Query::default());
    if options.json {
        writeln!(output.out, "{}", serde_json::to_string_pretty(&view)?)?;
        return Ok(());
    }
    writeln!(
        output.out,
        "{} ({})\n{}\n",
        session.scenario().title(),
        session.scenario().id(),
        view.versions
    )?;
    if let Some(differs) = differs {
        writeln!(output.out, "{differs}\n")?;
    }
    write!(output.out, "{}", session.log_text())?;
    print_state(&view, output)
}

fn print_state(view: &View, output: &mut Output<'_>) -> Result<(), Failure> {
    writeln!(output.out, "\n{} ({})", view.clock, view.wall)?;
    for pod in view.picture.iter().flat_map(|picture| &picture.nodes).flat_map(|node| &node.pods) {
        writeln!(output.out, "  pod/{}  {}", pod.name, pod.status)?;
    }
    if let Some(Ladder::Open { subject, pull, pulls, when, summary, rungs, .. }) = &view.ladder {
        writeln!(
            output.out,
            "\nWhy ladder: {subject}, attempt {pull} of {pulls} at {when}\n  {summary}"
        )?;
        for rung in rungs {
            let mark = match rung.state {
                RungState::Passed => "passed ",
                RungState::Failed => "FAILED ",
                RungState::Skipped => "skipped",
            };
            writeln!(output.out, "  {} {mark} {}: {}", rung.number, rung.title, rung.sentence)?;
            for exchange in &rung.exchanges {
                let note = if exchange.note.is_empty() {
                    String::new()
                } else {
                    format!("  {}", exchange.note)
                };
                writeln!(
                    output.out,
                    "      {} ({}) -> {}{note}",
                    exchange.request, exchange.auth, exchange.status
                )?;
            }
        }
    }
    if let Some(goals) = &view.goals {
        writeln!(output.out, "\nGoals: {} of {} points", goals.points, goals.out_of)?;
        for goal in &goals.rows {
            let state = match goal.state {
                GoalState::Open => "open  ",
                GoalState::Met => "met   ",
                GoalState::Missed => "missed",
            };
            writeln!(output.out, "  {state} {} ({}, {})", goal.title, goal.window, goal.live)?;
        }
    }
    Ok(())
}

//! The proof that a scenario is sound: it fails as shipped, every solution passes, every foreseen wrong answer draws
//! its own feedback, and two runs agree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pullpath_lesson::diagnostic::{Checked, Diagnostic, Severity, any_errors};
use pullpath_lesson::grade::Verdict;
use pullpath_lesson::manifest;
use pullpath_lesson::prediction::Outcome;
use pullpath_lesson::quantity::duration_text;
use pullpath_lesson::scenario::{Answer, Drawn, FILE, Scenario};
use pullpath_lesson::source::Span;
use pullpath_model::time::{SimTime, Span as TimeSpan};

use crate::answer::{self, Problem};
use crate::quiz;
use crate::session::Session;
use crate::worlds;

/// What a proof showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// What does not hold, with its place in `scenario.yaml`.
    pub diagnostics: Vec<Diagnostic>,
    /// How many solutions passed.
    pub solutions: u32,
    /// How many wrong answers drew their own feedback.
    pub wrong: u32,
    /// In how many draws of its parameters it was proved.
    pub draws: u32,
    /// The computed outcomes of the predictions among the questions.
    pub keys: BTreeMap<String, Outcome>,
    // The goals that some wrong answer misses.
    missed: BTreeSet<String>,
}

/// What is simulated before and after the learner's last change may take so long, as in attempts.
const MOST: TimeSpan = TimeSpan::hours(28 * 24);

/// No scenario is proved in more draws.
const MOST_DRAWS: u32 = 40;

/// Proves a scenario, or says what does not hold: as its own seed draws it, and then in other draws until each value of each
/// parameter was in one.
pub fn prove(scenario: &Arc<Scenario>) -> Proof {
    let mut proof = prove_one(scenario);
    proof.draws = 1;
    let mut seen: BTreeSet<(String, String)> = pairs(scenario.drawn());
    let all: usize = scenario.parameters().values().map(Vec::len).sum();
    for place in 0..MOST_DRAWS {
        if seen.len() == all || any_errors(&proof.diagnostics) {
            break;
        }
        let seed = u64::from(worlds::number(scenario.id(), scenario.world().seed, place));
        let new = pairs(&scenario.would_draw(seed));
        if new.is_subset(&seen) {
            continue;
        }
        seen.extend(new);
        let told = match scenario.redraw(seed).map(Checked::into_result) {
            None => break,
            Some(Err(told)) => told,
            Some(Ok(drawn)) => prove_one(&Arc::new(drawn)).diagnostics,
        };
        proof.draws += 1;
        let told = told.into_iter().filter(|told| told.severity == Severity::Error);
        proof.diagnostics.extend(told.map(|told| Diagnostic {
            message: format!("as seed {seed} draws it, {}", told.message),
            ..told
        }));
    }
    proof
}

fn pairs(drawn: &Drawn) -> BTreeSet<(String, String)> {
    drawn.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn prove_one(scenario: &Arc<Scenario>) -> Proof {
    let mut proof = Proof::default();
    if !takes_bearable_time(scenario, &mut proof) {
        return proof;
    }
    match Session::new(Arc::clone(scenario)) {
        Err(diagnostic) => {
            proof.diagnostics.push(diagnostic);
            return proof;
        }
        Ok(session) => start_fails(scenario, &session.judge(), &mut proof),
    }
    let (keys, told) = quiz::own_keys(scenario);
    proof.keys = keys;
    proof.diagnostics.extend(told);
    let mut ways = BTreeSet::new();
    for solution in scenario.solutions() {
        let log = solution_passes(scenario, &solution.answer, &solution.span, &mut proof);
        ways.extend(log.map(|log| format!("{}{log}", objects(&solution.answer))));
    }
    for wrong in scenario.wrong() {
        wrong_is_told(scenario, wrong, &mut proof);
    }
    each_its_own(scenario, &mut proof);
    every_goal_can_be_missed(scenario, &mut proof);
    more_than_one_way(scenario, &ways, &mut proof);
    proof
}

fn error(code: &'static str, span: &Span, message: String, hint: &str) -> Diagnostic {
    Diagnostic::error(code, FILE, span.clone(), message).hint(hint)
}

/// Nobody waits for a year of simulated time.
fn takes_bearable_time(scenario: &Scenario, proof: &mut Proof) -> bool {
    let history = SimTime::START.since(scenario.world().from);
    let before = proof.diagnostics.len();
    for goal in scenario.goals() {
        let takes = history + goal.at + goal.within;
        if takes > MOST {
            let message = format!(
                "goal `{}` asks for {} of simulated time, more than {}",
                goal.id,
                duration_text(takes),
                duration_text(MOST)
            );
            let hint = "let `from` be later, or `at` and `within` be shorter";
            proof.diagnostics.push(error("too-much-time", &goal.span, message, hint));
        }
    }
    proof.diagnostics.len() == before
}

fn start_fails(scenario: &Scenario, verdict: &Verdict, proof: &mut Proof) {
    for (goal, judged) in scenario.goals().iter().zip(&verdict.goals) {
        if judged.met && !goal.holds_at_start {
            let message = format!("goal `{}` is met before the learner has done anything", goal.id);
            let hint = "break the world or the shipped files so that it has to be worked for, or write `holds-at-start: true` where it must not be lost";
            proof.diagnostics.push(error("solved-at-start", &goal.span, message, hint));
        }
        if !judged.met && goal.holds_at_start {
            let message = format!("goal `{}` does not hold before the learner has come", goal.id);
            let hint = "take `holds-at-start` away, or mend the world or the shipped files";
            proof.diagnostics.push(error("lost-at-start", &goal.span, message, hint));
        }
    }
    let all = scenario.goals().iter().all(|goal| goal.holds_at_start);
    if let (true, Some(goal)) = (all, scenario.goals().first()) {
        let message = "every goal holds before the learner has come".to_owned();
        let hint = "ask for something that has to be worked for";
        proof.diagnostics.push(error("solved-at-start", &goal.span, message, hint));
    }
}

/// What happens with a solution that passes.
fn solution_passes(
    scenario: &Arc<Scenario>,
    answer: &Answer,
    span: &Span,
    proof: &mut Proof,
) -> Option<String> {
    let (verdict, log, agree) = played(scenario, answer, span, proof)?;
    if !agree {
        let message = format!("two runs of solution `{}` differ", answer.name);
        let hint = "this is a mistake of Pullpath's, not of the scenario: please report it";
        proof.diagnostics.push(error("runs-differ", span, message, hint));
    }
    if verdict.passed {
        proof.solutions += 1;
        return Some(log);
    }
    let message = format!(
        "solution `{}` gets {} of the {} points that are needed: {}",
        answer.name,
        verdict.points,
        scenario.pass(),
        told(&verdict)
    );
    let hint = "mend the solution's files, or the goal that it misses";
    proof.diagnostics.push(error("solution-fails", span, message, hint));
    None
}

fn wrong_is_told(
    scenario: &Arc<Scenario>,
    wrong: &pullpath_lesson::scenario::WrongAnswer,
    proof: &mut Proof,
) {
    let name = &wrong.answer.name;
    let Some((verdict, ..)) = played(scenario, &wrong.answer, &wrong.span, proof) else { return };
    let missed = verdict.goals.iter().filter(|goal| !goal.met).map(|goal| goal.id.clone());
    proof.missed.extend(missed);
    if verdict.passed {
        let message = format!("the wrong answer `{name}` passes");
        let hint = "any correct way passes: move it to the solutions, or ask for more in a goal";
        proof.diagnostics.push(error("wrong-passes", &wrong.span, message, hint));
        return;
    }
    let drawn = feedback_of(&verdict);
    if drawn.as_deref() == Some(wrong.feedback.as_str()) {
        proof.wrong += 1;
        return;
    }
    let message = match drawn {
        Some(drawn) => {
            format!("the wrong answer `{name}` draws `{drawn}`, not `{}`", wrong.feedback)
        }
        None => {
            format!("the wrong answer `{name}` draws no feedback of its own: {}", told(&verdict))
        }
    };
    let hint = "feedback is tried in order and the first whose conditions all hold is said: narrow those before it, or widen its own";
    proof.diagnostics.push(error("wrong-feedback", &wrong.span, message, hint));
}

/// Two foreseen mistakes that are told the same are one mistake.
fn each_its_own(scenario: &Scenario, proof: &mut Proof) {
    let wrong = scenario.wrong();
    for (index, one) in wrong.iter().enumerate() {
        if wrong[..index].iter().any(|before| before.feedback == one.feedback) {
            let message = format!(
                "`{}` shares its feedback `{}` with another wrong answer",
                one.answer.name, one.feedback
            );
            let hint = "give each foreseen mistake its own words";
            proof.diagnostics.push(error("feedback-shared", &one.span, message, hint));
        }
    }
}

/// A goal that nobody misses grades nothing.
fn every_goal_can_be_missed(scenario: &Scenario, proof: &mut Proof) {
    for goal in scenario.goals() {
        if scenario.is_sandbox() || proof.missed.contains(&goal.id) {
            continue;
        }
        let message = format!("no wrong answer misses goal `{}`", goal.id);
        let hint = "write the mistake that it is there for as an answer in `wrong/`, or take the goal away";
        let span = goal.span.clone();
        let warning = Diagnostic::warning("goal-never-missed", FILE, span, message);
        proof.diagnostics.push(warning.hint(hint));
    }
}

/// Goals look at what the cluster does, and there is mostly more than one way to it. Two solutions are two ways when other
/// objects are applied, or something else happens: the same written otherwise is no second way.
fn more_than_one_way(scenario: &Scenario, ways: &BTreeSet<String>, proof: &mut Proof) {
    let solutions = scenario.solutions();
    if let Some(reason) = scenario.one_way().filter(|_| ways.len() > 1) {
        let message = "two solutions are shown, and they are not the same".to_owned();
        let span = reason.span.clone();
        let warning = Diagnostic::warning("not-one-way", FILE, span, message);
        proof.diagnostics.push(warning.hint("take `one-way` away"));
    }
    let all_pass = proof.solutions as usize == solutions.len();
    let [first, ..] = solutions else { return };
    if !all_pass || ways.len() > 1 || scenario.one_way().is_some() {
        return;
    }
    let message = match solutions.len() {
        1 => "one way is shown to pass".to_owned(),
        many => format!("the {many} solutions are the same: one way is shown to pass"),
    };
    let hint = "let another stand in `solutions/` too, such as the account in place of the template; or say why there is none: `one-way: REASON`";
    let warning = Diagnostic::warning("one-solution", FILE, first.span.clone(), message);
    proof.diagnostics.push(warning.hint(hint));
}

/// What an answer's files say, however they are laid out.
fn objects(answer: &Answer) -> String {
    let objects = |(file, text): (&String, &String)| {
        let read = manifest::read(file, text).value.unwrap_or_default();
        read.iter().map(|manifest| format!("{file} {}\n", manifest.value)).collect::<String>()
    };
    answer.files.iter().map(objects).collect()
}

/// The verdict on an answer, its log, and whether a second run gave the same one.
fn played(
    scenario: &Arc<Scenario>,
    answer: &Answer,
    span: &Span,
    proof: &mut Proof,
) -> Option<(Verdict, String, bool)> {
    match answer::play(scenario, answer) {
        Ok(session) => {
            let again = Session::replay(Arc::clone(scenario), session.attempt(), &mut |_, _| {});
            let log = session.log_text();
            let agree = again.is_ok_and(|again| again.log_text() == log);
            Some((session.judge(), log, agree))
        }
        Err(Problem::Scenario(diagnostic)) => {
            proof.diagnostics.push(diagnostic);
            None
        }
        Err(Problem::Command(why)) => {
            let message = format!("`{}` cannot be played: {why}", answer.name);
            let hint = "a command that is refused ends the answer: mend its commands.sh";
            proof.diagnostics.push(error("answer-refused", span, message, hint));
            None
        }
    }
}

/// The feedback of the first goal that was missed.
fn feedback_of(verdict: &Verdict) -> Option<String> {
    let miss = verdict.goals.iter().find_map(|goal| goal.miss.as_ref())?;
    miss.feedback.clone()
}

fn told(verdict: &Verdict) -> String {
    let missed = verdict.goals.iter().filter_map(|goal| {
        let miss = goal.miss.as_ref()?;
        let event =
            miss.event.as_deref().unwrap_or("no warning event").lines().next().unwrap_or_default();
        let by = miss.object.as_ref().map(|object| format!(" by {object}")).unwrap_or_default();
        Some(format!("goal `{}` is missed{by} ({event})", goal.id))
    });
    missed.collect::<Vec<_>>().join("; ")
}

//! What hand-ins come to: the record of each scenario and quiz. The page and `pullpath grade` make it with the same code.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_lesson::diagnostic::{Diagnostic, Severity};
use pullpath_lesson::grade::{GoalVerdict, Verdict};
use pullpath_lesson::hand_in::{self, ENGINE, Placed};
use pullpath_lesson::markdown::plain_lines;
use pullpath_lesson::prediction::Outcome as Predicted;
use pullpath_lesson::quiz::{Judged, Question};
use pullpath_lesson::scenario::{Goal, Scenario};
use pullpath_view::hand_in::{HandedAttempt, QuizAnswers, Response};
use pullpath_view::quiz::{Standing, Verdict as Judgement};
use pullpath_view::record::{Check, Item, Kind, Outcome, Record};
use pullpath_view::wire::Worth;

use crate::quiz::Asked;
use crate::regrade::Regrader;

/// The item of something that nobody handed in, or that could not be graded.
pub fn ungraded(kind: Kind, id: &str, max_points: u32, attempts: u32) -> Item {
    Item {
        kind,
        id: id.to_owned(),
        outcome: if attempts == 0 { Outcome::Missing } else { Outcome::Error },
        points: 0,
        max_points,
        attempts,
        checks: Vec::new(),
        same_as: Vec::new(),
    }
}

/// The item of one attempt.
pub fn of_verdict(scenario: &Scenario, verdict: &Verdict) -> Item {
    let check = |(goal, judged): (&Goal, &GoalVerdict)| {
        let miss = judged.miss.as_ref();
        Check {
            id: goal.id.clone(),
            title: goal.title.clone(),
            outcome: if judged.met { Outcome::Pass } else { Outcome::Fail },
            points: if judged.met { goal.points } else { 0 },
            max_points: goal.points,
            feedback: miss.and_then(|miss| miss.feedback.clone()),
            chosen: Vec::new(),
            object: miss.and_then(|miss| miss.object.as_ref()).map(ToString::to_string),
            event: miss.and_then(|miss| miss.event.clone()),
            world: judged.world,
            hidden: !goal.is_visible(),
            said: miss.map(|miss| plain_lines(&miss.say)).unwrap_or_default(),
        }
    };
    let goals = scenario.goals().iter().zip(&verdict.goals).map(check);
    let questions = scenario.questions().iter().zip(&verdict.questions);
    let questions = questions.map(|(posed, judged)| of_question(&posed.question, judged.as_ref()));
    Item {
        outcome: if verdict.passed { Outcome::Pass } else { Outcome::Fail },
        points: verdict.points,
        checks: goals.chain(questions).collect(),
        ..ungraded(Kind::Scenario, scenario.id(), scenario.total(), 1)
    }
}

/// The item of the answers to a quiz.
pub fn of_answers(asked: &Asked, answers: &BTreeMap<String, Response>) -> Item {
    let Asked { quiz, keys } = asked;
    let check = |question: &Question| {
        let response = answers.get(&question.id);
        let key = keys.get(&question.id).copied();
        of_question(question, response.and_then(|response| question.judge(response, key)).as_ref())
    };
    let checks: Vec<Check> = quiz.questions().iter().map(check).collect();
    let points: u32 = checks.iter().map(|check| check.points).sum();
    Item {
        outcome: if points >= quiz.pass() { Outcome::Pass } else { Outcome::Fail },
        points,
        checks,
        ..ungraded(Kind::Quiz, quiz.id(), quiz.total(), 1)
    }
}

/// What became of one question, of a quiz or of a scenario.
fn of_question(question: &Question, judged: Option<&Judged>) -> Check {
    let right = judged.is_some_and(|judged| judged.right);
    Check {
        id: question.id.clone(),
        title: first_line(&plain_lines(&question.prompt)),
        outcome: match (judged, right) {
            (_, true) => Outcome::Pass,
            (Some(_), false) => Outcome::Fail,
            (None, false) => Outcome::Missing,
        },
        points: if right { question.points } else { 0 },
        max_points: question.points,
        feedback: None,
        said: judged.map(|judged| plain_lines(&judged.say)).unwrap_or_default(),
        chosen: judged.map(|judged| judged.chosen.clone()).unwrap_or_default(),
        object: None,
        event: None,
        world: None,
        hidden: false,
    }
}

/// A title from a question's text.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut title: String = line.chars().take(100).collect();
    if title.len() < line.len() {
        title.push('…');
    }
    title
}

/// What one answer comes to, with everything that is said of it; `None` if it is no answer to that question.
pub(crate) fn judgement(
    question: &Question,
    response: &Response,
    key: Option<Predicted>,
) -> Option<Judgement> {
    let judged = question.judge(response, key)?;
    let remarks = question.remarks(response);
    Some(Judgement {
        question: question.id.clone(),
        right: judged.right,
        // Of a choice it is the same again, all in one.
        say: if remarks.is_empty() { judged.say } else { Vec::new() },
        remarks,
        answer: question.answer(key),
        explanation: question.explanation.clone(),
    })
}

/// What answers come to, with everything that is said of them.
pub fn standing(asked: &Asked, answers: &BTreeMap<String, Response>) -> Standing {
    let Asked { quiz, keys } = asked;
    let item = of_answers(asked, answers);
    let judged = quiz.questions().iter().filter_map(|question| {
        let response = answers.get(&question.id)?;
        let key = keys.get(&question.id).copied();
        judgement(question, response, key)
    });
    Standing {
        content: quiz.content().to_owned(),
        points: item.points,
        out_of: item.max_points,
        pass: quiz.pass(),
        passed: item.outcome == Outcome::Pass,
        verdicts: judged.collect(),
    }
}

/// What an attempt that somebody handed in comes to, and what is to be said of it. `seed` is the instructor's, if they
/// named one.
pub fn attempt(
    scenario: &Scenario,
    grader: &Regrader,
    seed: Option<u64>,
    file: &str,
    handed: &Placed<HandedAttempt>,
) -> (Option<Verdict>, Vec<Diagnostic>) {
    let HandedAttempt { attempt, points } = &handed.value;
    if attempt.version != scenario.version() {
        let message = format!(
            "this is an attempt at version {} of `{}`, and here is version {}",
            attempt.version,
            scenario.id(),
            scenario.version()
        );
        let hint = "grade it with the content that was set: see --content";
        let told = Diagnostic::error("other-version", file, handed.span("version"), message);
        return (None, vec![told.hint(hint)]);
    }
    let mut told = Vec::new();
    let same_content = attempt.content.is_empty() || attempt.content == scenario.content();
    if !same_content {
        let message = format!("the files of `{}` have changed since it was played", scenario.id());
        let hint = "it is graded by the files that are here: raise the scenario's version if old attempts should not count";
        let span = handed.span("content");
        told.push(Diagnostic::warning("content-changed", file, span, message).hint(hint));
    }
    let verdict = grader.grade(attempt);
    // Another seed, other files or another engine may rightly come to something else.
    let comparable = seed.is_none()
        && same_content
        && attempt.seed == scenario.world().seed
        && attempt.engine == ENGINE;
    if let Some(points) = points.filter(|points| comparable && *points != verdict.points) {
        let message =
            format!("the file claims {points} points, and its actions come to {}", verdict.points);
        let span = handed.span("points");
        let hint = "what the actions come to is what counts";
        told.push(Diagnostic::warning("claim-differs", file, span, message).hint(hint));
    }
    (Some(verdict), told)
}

/// What answers that somebody handed in come to, and what is to be said of them.
pub fn answers(
    asked: &Asked,
    file: &str,
    handed: &Placed<QuizAnswers>,
) -> (Option<Item>, Vec<Diagnostic>) {
    let quiz = &asked.quiz;
    let QuizAnswers { version, content, answers, .. } = &handed.value;
    if *version != quiz.version() {
        let message = format!(
            "these are answers to version {version} of `{}`, and here is version {}",
            quiz.id(),
            quiz.version()
        );
        let hint = "grade them with the content that was set: see --content";
        let told = Diagnostic::error("other-version", file, handed.span("version"), message);
        return (None, vec![told.hint(hint)]);
    }
    let mut told = Vec::new();
    let mut warn = |code, field, message: String, hint: &str| {
        told.push(Diagnostic::warning(code, file, handed.span(field), message).hint(hint));
    };
    if !content.is_empty() && content != quiz.content() {
        let message = format!("`{}` has changed since it was answered", quiz.id());
        let hint = "it is graded by the file that is here: raise the quiz's version if old answers should not count";
        warn("content-changed", "content", message, hint);
    }
    for question in quiz.questions() {
        let key = asked.keys.get(&question.id).copied();
        let response = answers.get(&question.id);
        if response.is_some_and(|response| question.judge(response, key).is_none()) {
            let message = format!("this is no answer to `{}`", question.id);
            warn("bad-answer", "", message, "it counts as not answered");
        }
    }
    let known = |id: &String| quiz.questions().iter().any(|question| question.id == *id);
    for stranger in answers.keys().filter(|id| !known(id)) {
        let stranger: String = stranger.chars().take(60).collect();
        let message = format!("there is no question `{stranger}` in `{}`", quiz.id());
        warn("unknown-question", "", message, "it is passed over");
    }
    (Some(of_answers(asked, answers)), told)
}

/// A hand-in, graded.
#[derive(Debug)]
pub struct Graded {
    /// The record.
    pub record: Record,
    /// What each attempt, then each quiz comes to; `None` of what could not be graded.
    pub worth: Vec<Option<Worth>>,
    /// What is to be said of the file.
    pub told: Vec<Diagnostic>,
}

/// Grades a file that somebody handed in. `sign` hears how many parts are done, of how many.
pub fn grade(
    file: &str,
    text: &str,
    scenarios: &BTreeMap<String, Arc<Scenario>>,
    quizzes: &BTreeMap<String, Asked>,
    sign: &mut dyn FnMut(usize, usize),
) -> Graded {
    let checked = hand_in::read(file, text);
    let mut told = checked.diagnostics;
    let read = checked.value.unwrap_or_default();
    let parts = read.attempts.len() + read.quizzes.len();
    let mut worth: Vec<Option<Worth>> = Vec::with_capacity(parts);
    let mut items: BTreeMap<(Kind, String), Item> = BTreeMap::new();
    let mut graders: BTreeMap<&str, Regrader> = BTreeMap::new();
    for handed in &read.attempts {
        sign(worth.len(), parts);
        let id = &handed.value.attempt.scenario;
        let Some(scenario) = scenarios.get(id) else {
            told.push(stranger(Kind::Scenario, file, id, handed));
            worth.push(None);
            continue;
        };
        let grader = graders.entry(id).or_insert_with(|| {
            Regrader::new(scenario, None)
                .expect("a scenario that was read has a history that applies")
        });
        let (verdict, said) = attempt(scenario, grader, None, file, handed);
        told.extend(said);
        let drawn = grader.scenario(&handed.value.attempt);
        let item = verdict.map(|verdict| of_verdict(&drawn, &verdict));
        worth.push(item.as_ref().map(value));
        let known = items
            .entry((Kind::Scenario, id.clone()))
            .or_insert_with(|| ungraded(Kind::Scenario, id, scenario.total(), 0));
        take_better(known, item);
    }
    for handed in &read.quizzes {
        sign(worth.len(), parts);
        let id = &handed.value.quiz;
        let Some(asked) = quizzes.get(id) else {
            told.push(stranger(Kind::Quiz, file, id, handed));
            worth.push(None);
            continue;
        };
        let (item, said) = answers(asked, file, handed);
        told.extend(said);
        worth.push(item.as_ref().map(value));
        let known = items
            .entry((Kind::Quiz, id.clone()))
            .or_insert_with(|| ungraded(Kind::Quiz, id, asked.quiz.total(), 0));
        take_better(known, item);
    }
    let is_readable = told.iter().all(|told| told.severity == Severity::Warning);
    let items = items.into_values().collect();
    Graded { record: Record::of(read.learner.unwrap_or_default(), items, is_readable), worth, told }
}

/// Counts another attempt, which takes the place of the one before if it is better.
fn take_better(known: &mut Item, item: Option<Item>) {
    let attempts = known.attempts + 1;
    // Passed is better than not, then points are; an item that was not graded yet has none.
    let rank = |item: &Item| (item.outcome == Outcome::Pass, item.points);
    let is_ungraded = !matches!(known.outcome, Outcome::Pass | Outcome::Fail);
    match item {
        Some(item) if is_ungraded || rank(&item) > rank(known) => *known = item,
        Some(_) => {}
        None if is_ungraded => known.outcome = Outcome::Error,
        None => {}
    }
    known.attempts = attempts;
}

const fn value(item: &Item) -> Worth {
    let passed = matches!(item.outcome, Outcome::Pass);
    Worth { points: item.points, out_of: item.max_points, passed }
}

fn stranger<T>(kind: Kind, file: &str, id: &str, handed: &Placed<T>) -> Diagnostic {
    let (code, word) = match kind {
        Kind::Scenario => ("unknown-scenario", "scenario"),
        Kind::Quiz => ("unknown-quiz", "quiz"),
    };
    let message = format!("there is no {word} `{id}` here");
    let told = Diagnostic::error(code, file, handed.span(word), message);
    told.hint("it was made with other content")
}

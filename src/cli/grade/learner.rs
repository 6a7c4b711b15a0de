//! One learner's hand-ins to one row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pullpath_engine::{answer, record};
use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::{Diagnostic, Severity, did_you_mean};
use pullpath_lesson::grade::Verdict;
use pullpath_lesson::hand_in::{self, ENGINE, Placed, Read};
use pullpath_lesson::scenario::Scenario;
use pullpath_lesson::source::position;
use pullpath_view::hand_in::{HandedAttempt, Learner, QuizAnswers};
use pullpath_view::record::Record;

use super::super::Failure;
use super::content::Content;
use super::input::{Handed, Input};
use super::record::{Item, Kind, Outcome, Problem, Row, label};
use super::texts_of;

/// Everything of one learner.
pub(super) struct Group {
    pub(super) learner: Learner,
    handed: Vec<Parsed>,
    // Told in the row beside what is wrong with the files.
    stranger: bool,
}

/// One input, read.
struct Parsed {
    input: Input,
    read: Read,
    problems: Vec<Problem>,
}

/// Reads every input and puts those of one learner together: in the roster's order, then the others by name.
pub(super) fn groups(inputs: Vec<Input>, roster: Option<&[Learner]>) -> Vec<Group> {
    let mut groups: Vec<Group> = roster
        .unwrap_or_default()
        .iter()
        .map(|learner| Group { learner: learner.clone(), handed: Vec::new(), stranger: false })
        .collect();
    let known = groups.len();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for input in inputs {
        let parsed = parse(input);
        let learner = parsed.read.learner.clone().unwrap_or_else(|| nameless(&parsed.input.name));
        let on_roster = groups[..known].iter().position(|group| same(&group.learner, &learner));
        let place = on_roster.or_else(|| places.get(&key_of(&learner)).copied());
        let place = place.unwrap_or_else(|| {
            places.insert(key_of(&learner), groups.len());
            // A file that names nobody is told for that, and for no more.
            let stranger = roster.is_some() && parsed.read.learner.is_some();
            groups.push(Group { learner, handed: Vec::new(), stranger });
            groups.len() - 1
        });
        groups[place].handed.push(parsed);
    }
    let (_, others) = groups.split_at_mut(known);
    others.sort_by_key(|group| key_of(&group.learner));
    groups
}

/// The learner of a file that names nobody.
fn nameless(file: &str) -> Learner {
    Learner { number: String::new(), name: file.to_owned() }
}

fn key_of(learner: &Learner) -> String {
    let word = if learner.number.is_empty() { &learner.name } else { &learner.number };
    word.trim().to_lowercase()
}

/// Whether a roster's entry is meant: by number where both have one, otherwise by name.
fn same(roster: &Learner, learner: &Learner) -> bool {
    let equal = |one: &str, other: &str| {
        !one.is_empty() && one.trim().to_lowercase() == other.trim().to_lowercase()
    };
    if !roster.number.is_empty() && !learner.number.is_empty() {
        return equal(&roster.number, &learner.number);
    }
    equal(&roster.name, &learner.name)
}

fn parse(input: Input) -> Parsed {
    let (read, problems) = match &input.content {
        Handed::File(text) => {
            let checked = hand_in::read(&input.name, text);
            let texts = texts_of(&input);
            let problems = checked.diagnostics.iter().map(|told| problem(told, &texts)).collect();
            (checked.value.unwrap_or_default(), problems)
        }
        Handed::Folder(_) => (Read::default(), Vec::new()),
        Handed::Unreadable([code, message, hint]) => {
            let told = Problem::of_file(code, &input.name, message.clone(), hint);
            (Read::default(), vec![told])
        }
    };
    Parsed { input, read, problems }
}

fn problem(diagnostic: &Diagnostic, texts: &Texts) -> Problem {
    let text = texts.get(&diagnostic.file).map_or("", String::as_str);
    let at = position(text, diagnostic.span.start);
    // One hand-in of a stream: `stream.ndjson#7` is line 7 of it.
    let (file, line) = match diagnostic.file.rsplit_once('#') {
        Some((file, line)) if at.line == 1 && line.parse::<u32>().is_ok() => {
            (file.to_owned(), line.parse().unwrap_or(1))
        }
        _ => (diagnostic.file.clone(), at.line),
    };
    Problem {
        code: diagnostic.code.to_owned(),
        warning: diagnostic.severity == Severity::Warning,
        file,
        line,
        column: at.column,
        message: diagnostic.message.clone(),
        hint: diagnostic.hint.clone(),
    }
}

/// How everything is graded.
pub(super) struct Rules<'c> {
    content: &'c Content,
    pub(super) seed: Option<u64>,
    check: Option<String>,
    // What each row has, in order.
    pub(super) items: Vec<(Kind, String)>,
    // Scenario and fingerprint to the learners who did just that.
    alike: BTreeMap<(String, String), BTreeSet<String>>,
}

impl<'c> Rules<'c> {
    /// The rules for a batch. What is graded is asked for, or all that somebody handed in: the same for everybody.
    pub(super) fn new(
        content: &'c Content,
        asked: &[String],
        check: Option<String>,
        seed: Option<u64>,
        groups: &[Group],
    ) -> Result<Self, Failure> {
        let mut items: BTreeSet<(Kind, String)> = BTreeSet::new();
        for id in asked {
            let kinds = content.kinds(id);
            if kinds.is_empty() {
                let hint = did_you_mean(id, content.ids())
                    .unwrap_or_else(|| "name a scenario or a quiz of the content".to_owned());
                let why = format!("there is no scenario and no quiz `{id}`\n  = hint: {hint}");
                return Err(Failure(why));
            }
            items.extend(kinds.into_iter().map(|kind| (kind, id.clone())));
        }
        let mut alike: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for group in groups {
            for parsed in &group.handed {
                for attempt in &parsed.read.attempts {
                    let attempt = &attempt.value.attempt;
                    if asked.is_empty() && content.has(Kind::Scenario, &attempt.scenario) {
                        items.insert((Kind::Scenario, attempt.scenario.clone()));
                    }
                    if !attempt.actions.is_empty() {
                        let word = hand_in::fingerprint(&attempt.actions);
                        let same = alike.entry((attempt.scenario.clone(), word)).or_default();
                        same.insert(label(&group.learner));
                    }
                }
                for quiz in &parsed.read.quizzes {
                    if asked.is_empty() && content.has(Kind::Quiz, &quiz.value.quiz) {
                        items.insert((Kind::Quiz, quiz.value.quiz.clone()));
                    }
                }
            }
        }
        if items.is_empty()
            && let Some(only) = content.only()
        {
            items.extend(content.kinds(only).into_iter().map(|kind| (kind, only.to_owned())));
        }
        alike.retain(|_, learners| learners.len() > 1);
        let rules = Self { content, seed, check, items: items.into_iter().collect(), alike };
        rules.check_is_there()?;
        Ok(rules)
    }

    fn check_is_there(&self) -> Result<(), Failure> {
        let Some(check) = &self.check else { return Ok(()) };
        let known: Vec<String> =
            self.items.iter().flat_map(|(kind, id)| self.content.checks(*kind, id)).collect();
        if known.contains(check) {
            return Ok(());
        }
        let hint = match did_you_mean(check, known.iter().map(String::as_str)) {
            Some(hint) => hint,
            None => format!("there is {}", known.join(", ")),
        };
        Err(Failure(format!("there is no check `{check}` in what is graded\n  = hint: {hint}")))
    }

    /// A hash of everything that a learner's row depends on.
    pub(super) fn key(&self, group: &Group) -> String {
        let mut parts = vec![ENGINE.to_owned(), format!("{:?} {:?}", self.seed, self.check)];
        parts.extend(self.items.iter().map(|(kind, id)| self.content.hash(*kind, id)));
        parts.push(format!("{:?} {}", group.learner, group.stranger));
        for parsed in &group.handed {
            parts.push(parsed.input.name.clone());
            for (path, text) in texts_of(&parsed.input) {
                parts.extend([path, text]);
            }
            for attempt in &parsed.read.attempts {
                parts.push(self.same_as(&group.learner, &attempt.value).join(","));
            }
        }
        pullpath_lesson::hash(&parts.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A learner's row.
    pub(super) fn grade(&self, group: &Group) -> Row {
        let mut problems: Vec<Problem> =
            group.handed.iter().flat_map(|parsed| parsed.problems.clone()).collect();
        if group.stranger {
            let file = group.handed.first().map_or("", |parsed| parsed.input.name.as_str());
            let message = format!("`{}` is not on the roster", label(&group.learner));
            let hint = "a number or name may be misspelt: the roster's own entry is then missing";
            problems.push(Problem {
                warning: true,
                ..Problem::of_file("not-on-roster", file, message, hint)
            });
        }
        for parsed in &group.handed {
            self.strays(parsed, &mut problems);
        }
        let items: Vec<Item> = self
            .items
            .iter()
            .map(|(kind, id)| match kind {
                Kind::Scenario => self.scenario(group, id, &mut problems),
                Kind::Quiz => self.quiz(group, id, &mut problems),
            })
            .collect();
        let failed_to_read = problems.iter().any(|problem| !problem.warning);
        let record = Record::of(group.learner.clone(), items, !failed_to_read);
        Row {
            files: group.handed.iter().map(|parsed| parsed.input.name.clone()).collect(),
            outcome: if group.handed.is_empty() { Outcome::Missing } else { record.outcome },
            points: record.points,
            max_points: record.max_points,
            learner: record.learner,
            items: record.items,
            problems,
            key: self.key(group),
        }
    }

    /// The row of a learner whose hand-in broke the grader itself.
    pub(super) fn broken(&self, group: &Group, why: &str) -> Row {
        let file = group.handed.first().map_or("", |parsed| parsed.input.name.as_str());
        let message =
            format!("the grader broke off: {}", why.lines().collect::<Vec<_>>().join(" "));
        let hint =
            "this is a mistake of Pullpath's, not of the learner: please report it with the file";
        let item = |(kind, id): &(Kind, String)| Item {
            outcome: Outcome::Error,
            ..record::ungraded(*kind, id, self.content.points(*kind, id, self.check.as_deref()), 0)
        };
        let items: Vec<Item> = self.items.iter().map(item).collect();
        Row {
            learner: group.learner.clone(),
            files: group.handed.iter().map(|parsed| parsed.input.name.clone()).collect(),
            outcome: Outcome::Error,
            points: 0,
            max_points: items.iter().map(|item| item.max_points).sum(),
            items,
            problems: vec![Problem::of_file("grader-panicked", file, message, hint)],
            key: self.key(group),
        }
    }

    /// Attempts and answers at what the content does not have. What was not asked for is passed over.
    fn strays(&self, parsed: &Parsed, problems: &mut Vec<Problem>) {
        let mut stray = |kind: Kind, id: &str, span: pullpath_lesson::source::Span| {
            if self.content.has(kind, id) {
                return;
            }
            let (code, word) = match kind {
                Kind::Scenario => ("unknown-scenario", "scenario"),
                Kind::Quiz => ("unknown-quiz", "quiz"),
            };
            let hint = did_you_mean(id, self.content.ids())
                .unwrap_or_else(|| "it was made with other content: see --content".to_owned());
            let told = Diagnostic::error(
                code,
                &parsed.input.name,
                span,
                format!("there is no {word} `{id}` here"),
            );
            problems.push(problem(&told.hint(hint), &texts_of(&parsed.input)));
        };
        for attempt in &parsed.read.attempts {
            stray(Kind::Scenario, &attempt.value.attempt.scenario, attempt.span("scenario"));
        }
        for quiz in &parsed.read.quizzes {
            stray(Kind::Quiz, &quiz.value.quiz, quiz.span("quiz"));
        }
    }

    fn scenario(&self, group: &Group, id: &str, problems: &mut Vec<Problem>) -> Item {
        let scenario = self.content.scenario(id).expect("items are of the content");
        let mut best: Option<(Verdict, Arc<Scenario>, Vec<String>)> = None;
        let mut attempts = 0;
        let mut consider = |verdict: Verdict, drawn: Arc<Scenario>, same_as: Vec<String>| {
            if best.as_ref().is_none_or(|(known, ..)| {
                (verdict.passed, verdict.points) > (known.passed, known.points)
            }) {
                best = Some((verdict, drawn, same_as));
            }
        };
        for parsed in &group.handed {
            if let Handed::Folder(texts) = &parsed.input.content {
                attempts += 1;
                match self.folder(scenario, &parsed.input.name, texts) {
                    Ok(verdict) => consider(verdict, Arc::clone(scenario), Vec::new()),
                    Err(told) => problems.extend(told),
                }
            }
            for attempt in &parsed.read.attempts {
                if attempt.value.attempt.scenario != id {
                    continue;
                }
                attempts += 1;
                if let Some(verdict) = self.attempt(scenario, parsed, attempt, problems) {
                    let drawn = self.content.grader(id, self.seed);
                    let drawn = drawn.scenario(&attempt.value.attempt);
                    consider(verdict, drawn, self.same_as(&group.learner, &attempt.value));
                }
            }
        }
        let Some((verdict, drawn, same_as)) = best else {
            let points = self.content.points(Kind::Scenario, id, self.check.as_deref());
            return record::ungraded(Kind::Scenario, id, points, attempts);
        };
        Item { attempts, same_as, ..self.asked(record::of_verdict(&drawn, &verdict)) }
    }

    /// An item with the checks that were asked for.
    fn asked(&self, mut item: Item) -> Item {
        if let Some(id) = &self.check {
            item.checks.retain(|check| check.id == *id);
            item.points = item.checks.iter().map(|check| check.points).sum();
            item.max_points = item.checks.iter().map(|check| check.max_points).sum();
            let holds = item.checks.iter().all(|check| check.outcome == Outcome::Pass);
            item.outcome = if holds { Outcome::Pass } else { Outcome::Fail };
        }
        item
    }

    fn folder(
        &self,
        scenario: &Arc<Scenario>,
        name: &str,
        texts: &Texts,
    ) -> Result<Verdict, Vec<Problem>> {
        let answer = answer::from_folder(scenario, name, texts).map_err(|told| {
            let under = |told: &Diagnostic| Problem {
                file: format!("{name}/{}", told.file),
                ..problem(told, texts)
            };
            told.iter().map(under).collect::<Vec<_>>()
        })?;
        let session = answer::play(scenario, &answer).map_err(|why| {
            let hint = "a command that is refused ends the answer";
            vec![Problem::of_file("answer-refused", name, why.to_string(), hint)]
        })?;
        // Replayed like any other: in the worlds that the instructor drew.
        Ok(self.content.grader(scenario.id(), self.seed).grade(session.attempt()))
    }

    fn attempt(
        &self,
        scenario: &Scenario,
        parsed: &Parsed,
        handed: &Placed<HandedAttempt>,
        problems: &mut Vec<Problem>,
    ) -> Option<Verdict> {
        let grader = self.content.grader(scenario.id(), self.seed);
        let (verdict, told) =
            record::attempt(scenario, grader, self.seed, &parsed.input.name, handed);
        problems.extend(told.iter().map(|told| problem(told, &texts_of(&parsed.input))));
        verdict
    }

    fn quiz(&self, group: &Group, id: &str, problems: &mut Vec<Problem>) -> Item {
        let handed = group.handed.iter().flat_map(|parsed| {
            parsed
                .read
                .quizzes
                .iter()
                .filter(|quiz| quiz.value.quiz == id)
                .map(move |quiz| (parsed, quiz))
        });
        let mut best: Option<Item> = None;
        let mut attempts = 0;
        for (parsed, answers) in handed {
            attempts += 1;
            if let Some(item) = self.answers(id, parsed, answers, problems)
                && best.as_ref().is_none_or(|known| item.points > known.points)
            {
                best = Some(item);
            }
        }
        let points = || self.content.points(Kind::Quiz, id, self.check.as_deref());
        let item = best.unwrap_or_else(|| record::ungraded(Kind::Quiz, id, points(), attempts));
        Item { attempts, ..item }
    }

    fn answers(
        &self,
        id: &str,
        parsed: &Parsed,
        handed: &Placed<QuizAnswers>,
        problems: &mut Vec<Problem>,
    ) -> Option<Item> {
        let asked = self.content.quiz(id).expect("items are of the content");
        let (item, told) = record::answers(asked, &parsed.input.name, handed);
        problems.extend(told.iter().map(|told| problem(told, &texts_of(&parsed.input))));
        item.map(|item| self.asked(item))
    }

    fn same_as(&self, learner: &Learner, handed: &HandedAttempt) -> Vec<String> {
        let attempt = &handed.attempt;
        let word = hand_in::fingerprint(&attempt.actions);
        let own = label(learner);
        let same = self.alike.get(&(attempt.scenario.clone(), word));
        same.into_iter().flatten().filter(|other| **other != own).cloned().collect()
    }
}

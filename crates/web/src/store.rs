//! What the browser keeps: results, the attempt to continue, answers. One JSON value with a schema version; best
//! effort, since a browser may refuse to keep anything.

use std::collections::BTreeMap;

use gloo::storage::{LocalStorage, Storage};
use pullpath_view::action::Attempt;
use pullpath_view::hand_in::{HandIn, HandedAttempt, KIND, Learner, QuizAnswers};
use pullpath_view::pane::Goals;
use pullpath_view::quiz::Standing;
use pullpath_view::wire::Worth;
use serde::{Deserialize, Serialize};

use crate::browser;

/// The version of [`Progress`] that this page writes.
const SCHEMA: u32 = 1;
const KEY: &str = "pullpath.progress";
/// Where a value that cannot be read is put, so that nothing a learner did is thrown away.
const ASIDE: &str = "pullpath.progress.aside";
/// More than any browser keeps; a file beyond it was not written by this page.
const IMPORT_LIMIT_BYTES: usize = 6_000_000;

/// Everything about one learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The version of this format.
    pub schema: u32,
    /// By scenario.
    #[serde(default)]
    pub scenarios: BTreeMap<String, Record>,
    /// By lesson and question: `pull-path/whose-secret`.
    #[serde(default)]
    pub answers: BTreeMap<String, Answered>,
    /// By quiz.
    #[serde(default)]
    pub quizzes: BTreeMap<String, QuizRecord>,
    /// What was open last: `play/default-serviceaccount`.
    #[serde(default)]
    pub last: Option<String>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            scenarios: BTreeMap::new(),
            answers: BTreeMap::new(),
            quizzes: BTreeMap::new(),
            last: None,
        }
    }
}

/// What is known of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// The scenario's version that the result is of.
    pub version: u32,
    /// Most points so far.
    pub best: u32,
    /// Points there were.
    pub out_of: u32,
    /// Whether it was ever passed.
    pub passed: bool,
    /// How often it was begun.
    pub attempts: u32,
    /// The attempt to continue.
    pub attempt: Option<Attempt>,
    /// What that attempt is worth; not known of attempts from before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u32>,
    /// The attempt with the best result, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_attempt: Option<Attempt>,
    /// How the goals of that attempt stood last: title and whether it was met.
    #[serde(default)]
    pub goals: Vec<(String, bool)>,
}

/// What was chosen in one question, last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Which option, from 0.
    pub option: u32,
    /// Whether it was right.
    pub right: bool,
}

/// What is known of one quiz.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QuizRecord {
    /// The quiz's version that the answers are to.
    pub version: u32,
    /// Most points so far.
    pub best: u32,
    /// Points there are.
    pub out_of: u32,
    /// Whether it was ever passed.
    pub passed: bool,
    /// Each time that it was answered, oldest first; the last one is to be continued.
    pub goes: Vec<QuizAnswers>,
    /// Which questions of the last one are answered rightly.
    pub right: BTreeMap<String, bool>,
    /// How many questions there are.
    pub questions: u32,
}

/// Nobody answers one quiz more often; the oldest answers give way.
const MOST_GOES: usize = 20;

impl Record {
    /// Whether the attempt to continue is the one with the best result.
    fn is_at_best(&self) -> bool {
        self.attempt.is_some() && self.points == Some(self.best)
    }

    /// Puts the attempt with the best result aside before another one takes its place.
    fn keep_best(&mut self) {
        if self.is_at_best() && self.best > 0 {
            self.best_attempt = self.attempt.take();
        }
    }
}

impl Progress {
    /// Notes where an attempt stands after something was done in it.
    pub fn note(&mut self, attempt: &Attempt, goals: &Goals) {
        let record = self.scenarios.entry(attempt.scenario.clone()).or_default();
        if record.version != attempt.version {
            // The scenario has changed: what was reached in the old one is not a result of this one.
            *record = Record { version: attempt.version, ..Record::default() };
        }
        let is_new = record.attempt.as_ref().is_none_or(|kept| kept.actions.is_empty());
        if is_new && !attempt.actions.is_empty() {
            record.attempts += 1;
        }
        if goals.points >= record.best {
            record.best_attempt = None;
        } else {
            record.keep_best();
        }
        record.best = record.best.max(goals.points);
        record.out_of = goals.out_of;
        record.passed |= goals.passed;
        record.attempt = Some(attempt.clone());
        record.points = Some(goals.points);
        record.goals = goals
            .rows
            .iter()
            .map(|row| (row.title.clone(), row.state == pullpath_view::pane::GoalState::Met))
            .collect();
        self.last = Some(format!("play/{}", attempt.scenario));
    }

    /// Gives up the attempt of a scenario; its best result stays.
    pub fn start_over(&mut self, scenario: &str) {
        if let Some(record) = self.scenarios.get_mut(scenario) {
            record.keep_best();
            record.attempt = None;
            record.points = None;
            record.goals.clear();
        }
    }

    /// Notes answers to a quiz, judged.
    pub fn note_answers(&mut self, answers: QuizAnswers, standing: &Standing, questions: u32) {
        let record = self.quiz_of_version(&answers.quiz, answers.version);
        record.best = record.best.max(standing.points);
        record.out_of = standing.out_of;
        record.passed |= standing.passed;
        record.questions = questions;
        let right = standing.verdicts.iter().map(|one| (one.question.clone(), one.right));
        record.right = right.collect();
        self.last = Some(format!("quiz/{}", answers.quiz));
        let record = self.quizzes.get_mut(&answers.quiz).expect("it was just there");
        match record.goes.last_mut() {
            Some(last) => *last = answers,
            None => record.goes.push(answers),
        }
    }

    /// Begins a quiz once more; `keeps` is whether answers that were right are kept.
    pub fn answer_again(&mut self, quiz: &str, keeps: bool) {
        let Some(record) = self.quizzes.get_mut(quiz) else { return };
        let Some(mut next) = record.goes.last().cloned() else { return };
        let right = &record.right;
        next.answers.retain(|id, _| keeps && right.get(id) == Some(&true));
        record.right.retain(|_, right| keeps && *right);
        record.goes.push(next);
        let surplus = record.goes.len().saturating_sub(MOST_GOES);
        record.goes.drain(..surplus);
    }

    /// The answers to continue, if they are to this version.
    pub fn answers_to(&self, quiz: &str, version: u32) -> Option<&QuizAnswers> {
        self.quizzes.get(quiz).filter(|record| record.version == version)?.goes.last()
    }

    /// The record of a quiz; what was answered to another version is none of it.
    fn quiz_of_version(&mut self, quiz: &str, version: u32) -> &mut QuizRecord {
        let record = self.quizzes.entry(quiz.to_owned()).or_default();
        if record.version != version {
            *record = QuizRecord { version, ..QuizRecord::default() };
        }
        record
    }

    /// Everything that can be handed in: of each scenario the best attempt and the last one, and all answers.
    pub fn hand_in(&self, learner: Learner) -> HandIn {
        let attempts = self.scenarios.values().flat_map(|record| {
            let best = record.best_attempt.as_ref().map(|attempt| (attempt, Some(record.best)));
            let last = record.attempt.as_ref().map(|attempt| (attempt, record.points));
            best.into_iter().chain(last)
        });
        let attempts = attempts
            .filter(|(attempt, _)| !attempt.actions.is_empty())
            .map(|(attempt, points)| HandedAttempt { attempt: attempt.clone(), points });
        let answers = self.quizzes.values().flat_map(|record| &record.goes);
        HandIn {
            format: 1,
            kind: KIND.to_owned(),
            learner,
            attempts: attempts.collect(),
            quizzes: answers.filter(|go| !go.answers.is_empty()).cloned().collect(),
            digest: String::new(),
        }
    }

    /// The progress that a hand-in holds. `worth` is what its attempts, then its quizzes come to here; what could not
    /// be graded is left out.
    pub fn of_hand_in(hand_in: HandIn, worth: &[Option<Worth>]) -> Self {
        let mut progress = Self::default();
        let mut worth = worth.iter().copied();
        for HandedAttempt { attempt, .. } in hand_in.attempts {
            let Some(worth) = worth.next().flatten() else { continue };
            let Worth { points, out_of, passed } = worth;
            progress.note(&attempt, &Goals { points, out_of, passed, ..Goals::default() });
        }
        for answers in hand_in.quizzes {
            let Some(worth) = worth.next().flatten() else { continue };
            let record = progress.quiz_of_version(&answers.quiz, answers.version);
            record.best = record.best.max(worth.points);
            record.out_of = worth.out_of;
            record.passed |= worth.passed;
            record.goes.push(answers);
        }
        progress.last = None;
        progress
    }

    /// The attempt to continue, if it is of this version and something was done in it.
    pub fn attempt(&self, scenario: &str, version: u32) -> Option<&Attempt> {
        let attempt = self.scenarios.get(scenario)?.attempt.as_ref()?;
        (attempt.version == version && !attempt.actions.is_empty()).then_some(attempt)
    }

    /// Takes what another file knows better: more points, or an attempt where there is none.
    pub fn merge(&mut self, other: Self) {
        for (id, theirs) in other.scenarios {
            let Some(ours) = self.scenarios.get_mut(&id) else {
                self.scenarios.insert(id, theirs);
                continue;
            };
            let is_newer = theirs.version > ours.version;
            let is_better = theirs.version == ours.version
                && (theirs.passed, theirs.best) > (ours.passed, ours.best);
            if is_newer || is_better {
                let attempts = ours.attempts.max(theirs.attempts);
                *ours = Record { attempts, ..theirs };
            } else if ours.attempt.is_none() && theirs.version == ours.version {
                ours.attempt = theirs.attempt;
                ours.goals = theirs.goals;
            }
        }
        for (id, theirs) in other.answers {
            let ours = self.answers.entry(id).or_insert_with(|| theirs.clone());
            if theirs.right && !ours.right {
                *ours = theirs;
            }
        }
        for (id, theirs) in other.quizzes {
            let is_better = self.quizzes.get(&id).is_none_or(|ours| {
                (theirs.version, theirs.best, theirs.goes.len())
                    > (ours.version, ours.best, ours.goes.len())
            });
            if is_better {
                self.quizzes.insert(id, theirs);
            }
        }
        if self.last.is_none() {
            self.last = other.last;
        }
    }

    /// As a file to take elsewhere.
    pub fn export(&self) -> String {
        serde_json::to_string_pretty(self).expect("progress has string keys only")
    }

    /// Reads a file that [`Self::export`] made. The error is a sentence for the learner.
    pub fn import(text: &str) -> Result<Self, String> {
        if text.len() > IMPORT_LIMIT_BYTES {
            return Err("This file is too big to be Pullpath progress.".to_owned());
        }
        let progress: Self = serde_json::from_str(text)
            .map_err(|error| format!("This is not a progress file of Pullpath: {error}."))?;
        if progress.schema != SCHEMA {
            return Err(format!(
                "This file has format {}, and this page reads format {SCHEMA}. Was it written by a newer Pullpath?",
                progress.schema
            ));
        }
        for (id, record) in &progress.scenarios {
            if record.attempt.as_ref().is_some_and(|attempt| attempt.scenario != *id) {
                return Err(format!("The attempt stored under {id} belongs to another scenario."));
            }
        }
        Ok(progress)
    }
}

/// Progress as it is stored now. Where the browser stores nothing it stands on `window`, for as long as the tab lives.
pub fn text() -> Option<String> {
    browser::global_text(KEY).or_else(|| read(KEY))
}

/// What was kept, and a sentence if something was wrong with it.
pub fn load() -> (Progress, Option<String>) {
    let Some(text) = text() else { return (Progress::default(), None) };
    match Progress::import(&text) {
        Ok(progress) => (progress, None),
        Err(error) => {
            let kept = write(ASIDE, &text).is_ok();
            let place = if kept { " It was set aside, not deleted (see Progress)." } else { "" };
            (
                Progress::default(),
                Some(format!("Your saved progress could not be read. {error}{place}")),
            )
        }
    }
}

/// Keeps it. The error is a sentence for the learner; everything goes on without.
pub fn save(progress: &Progress) -> Result<(), String> {
    let text = serde_json::to_string(progress).expect("progress has string keys only");
    let outcome = write(KEY, &text);
    browser::set_global_text(KEY, outcome.err().map(|()| text.as_str()));
    outcome.map_err(|()| {
        "This browser does not let Pullpath store anything (private window, or storage is full). \
         You can go on; export your progress before you leave."
            .to_owned()
    })
}

/// Progress that could not be read and was set aside, as it stands.
pub fn aside() -> Option<String> {
    read(ASIDE)
}

/// Deletes everything that is kept about the learner.
pub fn clear() {
    if available() {
        LocalStorage::delete(KEY);
        LocalStorage::delete(ASIDE);
    }
}

/// A small setting of the page: theme, sizes of panes.
pub fn setting(name: &str) -> Option<String> {
    read(&format!("pullpath.{name}"))
}

/// Keeps a small setting; nobody needs to hear when that fails.
pub fn set_setting(name: &str, value: &str) {
    let _ = write(&format!("pullpath.{name}"), value);
}

fn available() -> bool {
    // gloo's `raw` throws where storage is forbidden, so ask first.
    browser::is_here()
        && gloo::utils::window().local_storage().is_ok_and(|storage| storage.is_some())
}

fn read(key: &str) -> Option<String> {
    if !available() {
        return None;
    }
    LocalStorage::raw().get_item(key).ok().flatten()
}

fn write(key: &str, text: &str) -> Result<(), ()> {
    if !available() {
        return Err(());
    }
    LocalStorage::raw().set_item(key, text).map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use pullpath_view::action::Action;

    use super::*;

    fn attempt(version: u32, actions: Vec<Action>) -> Attempt {
        Attempt { format: 1, scenario: "s".into(), version, seed: 7, actions, ..Attempt::default() }
    }

    fn goals(points: u32, passed: bool) -> Goals {
        Goals { points, out_of: 10, passed, ..Goals::default() }
    }

    #[test]
    fn the_best_result_stays() {
        let mut progress = Progress::default();
        progress.note(&attempt(1, vec![Action::Run]), &goals(10, true));
        progress.start_over("s");
        progress.note(&attempt(1, vec![Action::Reset]), &goals(2, false));
        let record = &progress.scenarios["s"];
        assert_eq!((record.best, record.passed, record.attempts), (10, true, 2));
        assert_eq!(progress.attempt("s", 1).unwrap().actions, [Action::Reset]);
    }

    #[test]
    fn the_best_attempt_is_handed_in_beside_the_last_one() {
        let handed = |progress: &Progress| -> Vec<(Vec<Action>, Option<u32>)> {
            let whole = progress.hand_in(Learner::default());
            whole.attempts.into_iter().map(|one| (one.attempt.actions, one.points)).collect()
        };
        let mut progress = Progress::default();
        progress.note(&attempt(1, vec![Action::Run]), &goals(10, true));
        assert_eq!(handed(&progress), [(vec![Action::Run], Some(10))]);
        // What comes later in the same attempt is worse.
        progress.note(&attempt(1, vec![Action::Run, Action::Apply]), &goals(3, false));
        let later = (vec![Action::Run, Action::Apply], Some(3));
        assert_eq!(handed(&progress), [(vec![Action::Run], Some(10)), later]);
        progress.start_over("s");
        progress.note(&attempt(1, vec![Action::Reset]), &goals(10, true));
        assert_eq!(handed(&progress), [(vec![Action::Reset], Some(10))]);
    }

    #[test]
    fn a_hand_in_comes_back() {
        let mut ours = Progress::default();
        ours.note(&attempt(1, vec![Action::Run]), &goals(10, true));
        ours.note(&attempt(1, vec![Action::Run, Action::Apply]), &goals(3, false));
        let whole = ours.hand_in(Learner::default());
        let worth = |points, passed| Some(Worth { points, out_of: 10, passed });
        let back = Progress::of_hand_in(whole.clone(), &[worth(10, true), worth(3, false)]);
        assert_eq!(back.hand_in(Learner::default()), whole);
        assert_eq!(Progress::of_hand_in(whole, &[None, None]), Progress::default());
    }

    #[test]
    fn a_quiz_is_answered_again_with_or_without_what_was_right() {
        use pullpath_view::hand_in::Response;
        use pullpath_view::quiz::Verdict;
        let answers = |words: &[(&str, &str)]| QuizAnswers {
            quiz: "q".into(),
            version: 1,
            content: String::new(),
            answers: words
                .iter()
                .map(|(id, word)| ((*id).into(), Response::Text((*word).into())))
                .collect(),
        };
        let verdict = |question: &str, right| Verdict {
            question: question.into(),
            right,
            say: Vec::new(),
            remarks: BTreeMap::new(),
            answer: Response::Line(1),
            explanation: Vec::new(),
        };
        let standing = Standing {
            points: 1,
            out_of: 2,
            verdicts: vec![verdict("a", true), verdict("b", false)],
            ..Standing::default()
        };
        let mut progress = Progress::default();
        progress.note_answers(answers(&[("a", "x")]), &standing, 2);
        progress.note_answers(answers(&[("a", "x"), ("b", "y")]), &standing, 2);
        assert_eq!(progress.quizzes["q"].goes.len(), 1);
        progress.answer_again("q", true);
        assert_eq!(progress.answers_to("q", 1), Some(&answers(&[("a", "x")])));
        progress.answer_again("q", false);
        assert_eq!(progress.answers_to("q", 1), Some(&answers(&[])));
        assert_eq!(progress.answers_to("q", 2), None);
        // Only what was answered is handed in.
        assert_eq!(progress.hand_in(Learner::default()).quizzes.len(), 2);
    }

    #[test]
    fn a_changed_scenario_starts_anew() {
        let mut progress = Progress::default();
        progress.note(&attempt(1, vec![Action::Run]), &goals(10, true));
        assert_eq!(progress.attempt("s", 2), None);
        progress.note(&attempt(2, vec![Action::Run]), &goals(3, false));
        assert_eq!((progress.scenarios["s"].best, progress.scenarios["s"].passed), (3, false));
    }

    #[test]
    fn import_takes_the_better_of_two() {
        let mut ours = Progress::default();
        ours.note(&attempt(1, vec![Action::Run]), &goals(4, false));
        let mut theirs = Progress::default();
        theirs.note(&attempt(1, vec![Action::Apply]), &goals(9, true));
        let back = Progress::import(&theirs.export()).unwrap();
        assert_eq!(back, theirs);
        ours.merge(back);
        assert_eq!(ours.scenarios["s"].best, 9);
        let before = ours.clone();
        let mut worse = Progress::default();
        worse.note(&attempt(1, vec![Action::Apply]), &goals(1, false));
        ours.merge(worse);
        assert_eq!(ours, before);
    }

    #[test]
    fn files_that_are_not_progress_are_refused() {
        for (text, want) in [
            ("", "This is not a progress file"),
            ("{}", "This is not a progress file"),
            (r#"{"schema":9}"#, "This file has format 9"),
            (
                r#"{"schema":1,"scenarios":{"a":{"version":1,"best":0,"out_of":1,"passed":false,"attempts":1,
                "attempt":{"format":1,"scenario":"b","version":1,"seed":1,"actions":[]}}}}"#,
                "The attempt stored under a",
            ),
        ] {
            let error = Progress::import(text).unwrap_err();
            assert!(error.starts_with(want), "{text:?}: {error}");
        }
    }
}

//! The scenarios and quizzes that hand-ins are graded by.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use pullpath_engine::quiz::Asked;
use pullpath_engine::regrade::Regrader;
use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::{Diagnostic, any_errors};
use pullpath_lesson::quiz::Quiz;
use pullpath_lesson::scenario::Scenario;

use super::super::{Failure, play};
use super::record::Kind;
use crate::files;

/// Everything that can be graded.
#[derive(Default)]
pub(super) struct Content {
    scenarios: BTreeMap<String, Graded>,
    quizzes: BTreeMap<String, Asked>,
}

/// A scenario with the one grader that all threads share.
struct Graded {
    scenario: Arc<Scenario>,
    grader: OnceLock<Regrader>,
}

impl Content {
    /// One scenario.
    pub(super) fn of_scenario(folder: &Path) -> Result<Self, Failure> {
        let mut content = Self::default();
        content.add(folder)?;
        Ok(content)
    }

    /// The scenarios and quizzes of a folder, or of `scenarios/` and `quizzes/` in it.
    pub(super) fn below(folder: &Path) -> Result<Self, Failure> {
        let mut content = Self::default();
        for place in [folder.to_owned(), folder.join("scenarios")] {
            if place.is_dir() {
                for scenario in files::scenario_folders(&place)? {
                    content.add(&scenario)?;
                }
            }
        }
        for place in [folder.to_owned(), folder.join("quizzes")] {
            if place.is_dir() {
                for quiz in files::quiz_files(&place)? {
                    content.ask(&quiz)?;
                }
            }
        }
        if content.scenarios.is_empty() && content.quizzes.is_empty() {
            let hint = "name the folder that was set: pullpath grade HAND-IN... --content DIR";
            return Err(Failure(format!(
                "{}: there is neither a scenario nor a quiz here\n  = hint: {hint}",
                folder.display()
            )));
        }
        Ok(content)
    }

    fn add(&mut self, folder: &Path) -> Result<(), Failure> {
        let scenario = play::open(folder)?;
        let graded = Graded { scenario, grader: OnceLock::new() };
        self.scenarios.insert(graded.scenario.id().to_owned(), graded);
        Ok(())
    }

    fn ask(&mut self, path: &Path) -> Result<(), Failure> {
        let name = path.display().to_string();
        let text = files::read_text(path)?.ok_or_else(|| format!("{name}: this is not text"))?;
        // Other YAML may lie about in a folder of content; a quiz says that it is one.
        if !text.contains("questions:") {
            return Ok(());
        }
        let texts = Texts::from([(name.clone(), text.clone())]);
        let broken = |told: &[Diagnostic]| {
            let drawn: Vec<String> = told.iter().map(|told| told.draw(&texts)).collect();
            Failure(format!("{name} has mistakes\n\n{}", drawn.join("\n")))
        };
        let quiz = Quiz::read(&name, &files::stem_of(path), &text).into_result();
        let quiz = quiz.map_err(|told| broken(&told))?;
        let known: Vec<&str> = self.scenarios.keys().map(String::as_str).collect();
        let (keys, told) =
            pullpath_engine::quiz::keys(&name, &quiz, &|id| self.scenario(id), &known);
        if any_errors(&told) {
            return Err(broken(&told));
        }
        self.quizzes.insert(quiz.id().to_owned(), Asked { quiz, keys });
        Ok(())
    }

    pub(super) fn quiz(&self, id: &str) -> Option<&Asked> {
        self.quizzes.get(id)
    }

    pub(super) fn scenario(&self, id: &str) -> Option<&Arc<Scenario>> {
        Some(&self.scenarios.get(id)?.scenario)
    }

    /// The grader of a scenario that is there. Every call names the same seed.
    pub(super) fn grader(&self, id: &str, seed: Option<u64>) -> &Regrader {
        let graded = &self.scenarios[id];
        graded.grader.get_or_init(|| {
            Regrader::new(&graded.scenario, seed).expect("a scenario's history applies")
        })
    }

    /// The ids of everything.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.scenarios.keys().chain(self.quizzes.keys()).map(String::as_str)
    }

    /// The one id, where there is only one.
    pub(super) fn only(&self) -> Option<&str> {
        self.ids().next().filter(|_| self.scenarios.len() + self.quizzes.len() == 1)
    }
}

impl Content {
    /// Whether there is such a scenario or quiz.
    pub(super) fn has(&self, kind: Kind, id: &str) -> bool {
        match kind {
            Kind::Scenario => self.scenarios.contains_key(id),
            Kind::Quiz => self.quizzes.contains_key(id),
        }
    }

    /// What an id names: a quiz may be called like its scenario.
    pub(super) fn kinds(&self, id: &str) -> Vec<Kind> {
        let mut kinds = vec![Kind::Scenario, Kind::Quiz];
        kinds.retain(|kind| self.has(*kind, id));
        kinds
    }

    /// The ids of goals and questions.
    pub(super) fn checks(&self, kind: Kind, id: &str) -> Vec<String> {
        match kind {
            Kind::Scenario => {
                let Some(scenario) = self.scenario(id) else { return Vec::new() };
                let questions = scenario.questions().iter().map(|posed| posed.question.id.clone());
                scenario.goals().iter().map(|goal| goal.id.clone()).chain(questions).collect()
            }
            Kind::Quiz => {
                let questions = self.quiz(id).into_iter().flat_map(|asked| asked.quiz.questions());
                questions.map(|question| question.id.clone()).collect()
            }
        }
    }

    /// The points that can be had, of everything or of one check.
    pub(super) fn points(&self, kind: Kind, id: &str, check: Option<&str>) -> u32 {
        match kind {
            Kind::Scenario => {
                let Some(scenario) = self.scenario(id) else { return 0 };
                let goals = scenario.goals().iter().map(|goal| (&goal.id, goal.points));
                let questions = scenario.questions().iter().map(|posed| &posed.question);
                let questions = questions.map(|question| (&question.id, question.points));
                let asked = goals
                    .chain(questions)
                    .filter(|(id, _)| check.is_none_or(|check| id.as_str() == check));
                asked.map(|(_, points)| points).sum()
            }
            Kind::Quiz => {
                let questions = self.quiz(id).into_iter().flat_map(|asked| asked.quiz.questions());
                let asked =
                    questions.filter(|question| check.is_none_or(|check| question.id == check));
                asked.map(|question| question.points).sum()
            }
        }
    }

    /// A hash of what decides a result.
    pub(super) fn hash(&self, kind: Kind, id: &str) -> String {
        match kind {
            Kind::Scenario => {
                self.scenario(id).map(|scenario| scenario.content().to_owned()).unwrap_or_default()
            }
            // Its predictions also hang on scenarios.
            Kind::Quiz => self
                .quiz(id)
                .map(|asked| format!("{} {:?}", asked.quiz.content(), asked.keys))
                .unwrap_or_default(),
        }
    }
}

//! `pullpath check`: the author's lint and proof.

mod lint;
mod report;

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
Usage: pullpath check [PATH...] [--strict] [--format text|json|sarif|junit]

Checks scenarios, lessons and quizzes: formats, names, links; and proves each scenario:
the shipped state fails every goal, each solution passes, each foreseen wrong answer
draws its own feedback, every goal is missed by some answer, two runs agree; all of it in
as many draws of its parameters as it takes to see each value. The key of
each prediction is computed. Notes say what is worth a thought, such as long sentences.

PATH is a scenario's folder, a lesson's Markdown file, a quiz's YAML file, or a folder
of any of them; without one, `scenarios`, `lessons` and `quizzes` are checked. A quiz
asks about scenarios in the folder `scenarios` beside its own.

With --strict a warning counts as an error, as it should where content is published.

Exit codes: 0 all is well; 1 something does not hold; 2 a file cannot be read.
";

/// What is checked, in the order in which it is reported.
#[derive(Default)]
struct Run {
    subjects: Vec<Subject>,
    unreadable: bool,
}

/// A scenario, a lesson or a quiz, with everything that was found in it.
struct Subject {
    kind: Kind,
    /// Its folder or file, as it can be opened from here.
    path: String,
    /// What was shown about it, if nothing is wrong.
    proved: String,
    /// The texts, by paths that can be opened from here.
    texts: Texts,
    /// What was found, in files of `texts`.
    found: Vec<Diagnostic>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scenario,
    Lesson,
    Quiz,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Lesson => "lesson",
            Self::Quiz => "quiz",
        }
    }
}

impl Subject {
    /// `folder` is put before every path.
    fn new(kind: Kind, path: &Path, folder: &Path, texts: &Texts, found: Vec<Diagnostic>) -> Self {
        // The parent of a bare file name is empty, and `/name` would be another file.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = folder.to_string_lossy();
        Self {
            kind,
            path: path.display().to_string(),
            proved: String::new(),
            texts: texts
                .iter()
                .map(|(path, text)| (format!("{folder}/{path}"), text.clone()))
                .collect(),
            found: found.into_iter().map(|found| found.under(&folder)).collect(),
        }
    }

    fn has_errors(&self) -> bool {
        any_errors(&self.found)
    }
}

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut format = report::Format::Text;
    let mut strict = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Long("format") => format = report::Format::of(&parser.value()?.string()?)?,
            Long("strict") => strict = true,
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
    let mut run = Run::default();
    for path in &paths {
        let before = run.subjects.len();
        run.path(path)?;
        // Proofs take their time, so what is known is said at once.
        if format == report::Format::Text {
            report::said(&run.subjects[before..], output.out)?;
        }
    }
    report::end(&run.subjects, format, output.out)?;
    let counts = |found: &Diagnostic| strict && found.severity == Severity::Warning;
    let errors =
        run.subjects.iter().any(|subject| subject.has_errors() || subject.found.iter().any(counts));
    Ok(match (run.unreadable, errors) {
        (true, _) => IMPOSSIBLE,
        (false, false) => PASSED,
        (false, true) => NOT_PASSED,
    })
}

impl Run {
    fn path(&mut self, path: &Path) -> Result<(), Failure> {
        if path.is_file() {
            return match path.extension().is_some_and(|extension| extension == "yaml") {
                true => self.quiz(path),
                false => self.lesson(path),
            };
        }
        let folders = files::scenario_folders(path)?;
        for folder in &folders {
            self.scenario(folder)?;
        }
        let mut lessons = Vec::new();
        if !folders.contains(&path.to_owned()) {
            lessons = files::lesson_files(path)?;
        }
        for file in &lessons {
            self.lesson(file)?;
        }
        let quizzes = files::quiz_files(path)?;
        for file in &quizzes {
            self.quiz(file)?;
        }
        if folders.is_empty() && lessons.is_empty() && quizzes.is_empty() {
            return Err(Failure(format!(
                "{}: there is neither a scenario nor a lesson nor a quiz here\n  = hint: a scenario is a folder with a `scenario.yaml`, a lesson is a `.md` file, a quiz is a `.yaml` file",
                path.display()
            )));
        }
        Ok(())
    }

    fn scenario(&mut self, folder: &Path) -> Result<(), Failure> {
        let texts = files::read_scenario(folder)?;
        let name = files::name_of(folder)?;
        let checked = Scenario::read(&texts, &name, Folder::Whole);
        let mut found = checked.diagnostics;
        let mut proved = String::new();
        if let Some(scenario) = checked.value.filter(|_| !any_errors(&found)) {
            let (is_sandbox, questions) =
                (scenario.is_sandbox(), scenario.questions().len() as u32);
            found.extend(lint::scenario(&scenario, folder, &texts));
            let proof = proof::prove(&Arc::new(scenario));
            proved = if is_sandbox {
                ": a sandbox, it can be played and there is nothing to prove".to_owned()
            } else {
                let draws = match proof.draws {
                    0 | 1 => String::new(),
                    draws => format!(", in {draws} draws of its parameters"),
                };
                let asked = match questions {
                    0 => String::new(),
                    number => format!(", {} asked", counted(number, "question")),
                };
                let keys =
                    proof.keys.iter().map(|(id, key)| format!(" ({id} is `{}`)", key.name()));
                format!(
                    ": fails as shipped, {} pass, {} told apart{draws}{asked}{}",
                    counted(proof.solutions, "solution"),
                    counted(proof.wrong, "wrong answer"),
                    keys.collect::<String>()
                )
            };
            found.extend(proof.diagnostics);
        } else {
            self.unreadable = true;
        }
        let subject = Subject::new(Kind::Scenario, folder, folder, &texts, found);
        self.subjects.push(Subject { proved, ..subject });
        Ok(())
    }

    fn lesson(&mut self, file: &Path) -> Result<(), Failure> {
        let text = text_of(file)?;
        let name = name_of(file);
        let id = files::stem_of(file);
        let checked = lesson::read(&name, &id, &text);
        let mut found = checked.diagnostics;
        self.unreadable |= checked.value.is_none();
        if let Some(lesson) = &checked.value {
            found.extend(lint::lesson(lesson, file, &name, &text));
            found.extend(lesson::strangers(&name, &text, &lesson.blocks, &known_beside(file)?));
        }
        found.extend(self.taken(Kind::Lesson, &id, &name));
        let texts = Texts::from([(name, text)]);
        let folder = file.parent().unwrap_or(Path::new("."));
        self.subjects.push(Subject::new(Kind::Lesson, file, folder, &texts, found));
        Ok(())
    }

    /// Pages are found by id, so of two with the same one nobody comes to the second.
    fn taken(&self, kind: Kind, id: &str, name: &str) -> Option<Diagnostic> {
        let mut others = self.subjects.iter().filter(|subject| subject.kind == kind);
        let other = others.find(|other| files::stem_of(Path::new(&other.path)) == id)?;
        let what = kind.name();
        let message = format!("no link leads to this {what}: `{}` is called the same", other.path);
        let unreachable = Diagnostic::error("unreachable", name, 0..0, message);
        Some(unreachable.hint("give the file, and its `id`, another name"))
    }

    fn quiz(&mut self, file: &Path) -> Result<(), Failure> {
        let text = text_of(file)?;
        let name = name_of(file);
        let id = files::stem_of(file);
        let checked = Quiz::read(&name, &id, &text);
        let mut found = checked.diagnostics;
        let mut keys = BTreeMap::new();
        if let Some(quiz) = checked.value.filter(|_| !any_errors(&found)) {
            found.extend(lint::quiz(&quiz, file, &name, &text));
            let (scenarios, known) = asked_about(file, &quiz)?;
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let (computed, told) = quiz::keys(&name, &quiz, &|id| scenarios.get(id), &known);
            keys = computed;
            found.extend(told);
        } else {
            self.unreadable = true;
        }
        found.extend(self.taken(Kind::Quiz, &id, &name));
        let keys: Vec<String> =
            keys.iter().map(|(id, key)| format!("{id} is `{}`", key.name())).collect();
        let proved = if keys.is_empty() { String::new() } else { format!(": {}", keys.join(", ")) };
        let texts = Texts::from([(name, text)]);
        let folder = file.parent().unwrap_or(Path::new("."));
        let subject = Subject::new(Kind::Quiz, file, folder, &texts, found);
        self.subjects.push(Subject { proved, ..subject });
        Ok(())
    }
}

/// The scenarios and quizzes around a lesson: in `scenarios/` and `quizzes/` of the nearest folder above it that has one of
/// them. Lessons may lie in folders of their own.
fn known_beside(file: &Path) -> Result<lesson::Known, Failure> {
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let has_content =
        |folder: &&Path| folder.join("scenarios").is_dir() || folder.join("quizzes").is_dir();
    let folder = file.ancestors().skip(1).find(has_content).unwrap_or(Path::new(""));
    let (scenarios, quizzes) = (folder.join("scenarios"), folder.join("quizzes"));
    let mut known = lesson::Known::default();
    if scenarios.is_dir() {
        for folder in files::scenario_folders(&scenarios)? {
            known.scenarios.insert(files::name_of(&folder)?);
        }
    }
    if quizzes.is_dir() {
        for file in files::quiz_files(&quizzes)? {
            let id = files::stem_of(&file);
            let quiz = Quiz::read(&name_of(&file), &id, &text_of(&file)?).value;
            let ids = |quiz: Quiz| quiz.questions().iter().map(|one| one.id.clone()).collect();
            known.quizzes.insert(id, quiz.map(ids));
        }
    }
    Ok(known)
}

fn text_of(file: &Path) -> Result<String, Failure> {
    let text = files::read_text(file)?;
    text.ok_or_else(|| Failure(format!("{}: this is not text", file.display())))
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
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

fn counted(number: u32, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

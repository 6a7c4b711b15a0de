//! Content as the site fetches it: an index, and one hashed JSON file for each scenario, lesson and quiz.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_view::content::{Entry, Index, LessonBundle, QuizBundle, ScenarioBundle};
use pullpath_view::quiz::QuizSource;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Texts;
use crate::diagnostic::{Checked, Diagnostic, any_errors, did_you_mean};
use crate::lesson::{self, Known};
use crate::prose::{Markdown, Recorder};
use crate::quiz::{Kind, Quiz, seal};
use crate::scenario::{self, FILE, Folder, Scenario};

/// The index's file name; the only one without a hash in it.
pub const INDEX: &str = "index.json";

/// What of a scenario's folder stays with its author: answers, and quizzes that it takes questions from.
const PRIVATE: [&str; 3] = ["solutions/", "wrong/", scenario::QUIZZES];

/// Turns content into files: name to JSON. Paths of `texts` begin with any folder; below it, `NAME/scenario.yaml` is a
/// scenario; beside no `scenario.yaml`, `NAME.md` is a lesson and `NAME.yaml` with questions in it a quiz. Solutions and
/// wrong answers are left out.
pub fn bundle(texts: &Texts) -> Checked<Vec<(String, String)>> {
    let mut diagnostics = Vec::new();
    let mut files = Vec::new();
    let mut scenarios = Vec::new();
    let mut lessons = Vec::new();
    let mut quizzes = Vec::new();
    let mut asked = Vec::new();
    let folders: BTreeSet<&str> =
        texts.keys().filter_map(|path| path.strip_suffix(FILE)?.strip_suffix('/')).collect();
    let outside = texts
        .iter()
        .filter(|(path, _)| !folders.iter().any(|folder| path.starts_with(&format!("{folder}/"))));
    for folder in &folders {
        let mut inner = below(texts, folder);
        scenario::lay_out_quizzes(&mut inner, &mut outside.clone());
        let id = name_of(folder);
        let prose = Recorder::default();
        let checked = Scenario::read_with(&inner, id, Folder::Whole, &prose);
        diagnostics.extend(checked.diagnostics.into_iter().map(|one| one.under(folder)));
        if let Some(scenario) = checked.value {
            let (entry, file) = scenario_file(&scenario, inner, prose);
            scenarios.push(((scenario.difficulty(), entry.id.clone()), entry));
            files.push(file);
        }
    }
    for (path, text) in outside.clone() {
        // Other YAML may lie about; a quiz says that it is one.
        let Some(stem) = path.strip_suffix(".yaml").filter(|_| text.contains("questions:")) else {
            continue;
        };
        let id = stem.rsplit('/').next().unwrap_or_default();
        let checked = Quiz::read_with(path, id, text, &Markdown);
        diagnostics.extend(checked.diagnostics);
        if let Some(quiz) = checked.value {
            diagnostics.extend(unknown_worlds(path, &quiz, &folders));
            let (entry, file) = quiz_file(&quiz);
            quizzes.push(entry);
            files.push(file);
            asked.push(quiz);
        }
    }
    for (path, text) in outside {
        let Some(stem) = path.strip_suffix(".md") else { continue };
        let id = stem.rsplit('/').next().unwrap_or_default();
        let checked = lesson::read(path, id, text);
        diagnostics.extend(checked.diagnostics);
        if let Some(lesson) = checked.value {
            let known = Known::of(folders.iter().map(|folder| name_of(folder)), &asked);
            diagnostics.extend(lesson::strangers(path, text, &lesson.blocks, &known));
            let (entry, file) = lesson_file(lesson);
            lessons.push(entry);
            files.push(file);
        }
    }
    scenarios.sort_by(|(one, _), (other, _)| one.cmp(other));
    let scenarios = scenarios.into_iter().map(|(_, entry)| entry).collect();
    files.push((INDEX.to_owned(), json(&Index { format: 1, scenarios, lessons, quizzes })));
    files.sort();
    let value = (!any_errors(&diagnostics)).then_some(files);
    Checked { value, diagnostics }
}

/// A prediction plays a scenario of the same content.
fn unknown_worlds(path: &str, quiz: &Quiz, folders: &BTreeSet<&str>) -> Vec<Diagnostic> {
    let known: Vec<_> = folders.iter().map(|folder| name_of(folder)).collect();
    let predictions = quiz.questions().iter().filter_map(|question| match &question.kind {
        Kind::Predict(predict) => Some(predict),
        Kind::Choice(_) | Kind::Short(_) | Kind::Order { .. } | Kind::Locate(_) => None,
    });
    let strangers = predictions.filter(|predict| !known.contains(&predict.scenario.as_str()));
    let told = strangers.map(|predict| {
        let message = format!("there is no scenario `{}`", predict.scenario);
        let hint = did_you_mean(&predict.scenario, known.iter().copied())
            .unwrap_or_else(|| "write the name of a scenario's folder".to_owned());
        let span = predict.scenario_span.clone();
        Diagnostic::error("unknown-scenario", path, span, message).hint(hint)
    });
    told.collect()
}

fn name_of(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or_default()
}

fn below(texts: &Texts, folder: &str) -> Texts {
    let prefix = format!("{folder}/");
    let inner = texts
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix(&prefix)?.to_owned(), text.clone())));
    inner.collect()
}

fn scenario_file(scenario: &Scenario, texts: Texts, prose: Recorder) -> (Entry, (String, String)) {
    let mut sources: BTreeMap<String, String> = texts
        .into_iter()
        .filter(|(path, _)| !PRIVATE.iter().any(|folder| path.starts_with(folder)))
        .collect();
    prose.put_into(&mut sources);
    let file = hashed(
        scenario.id(),
        &ScenarioBundle {
            format: 1,
            id: scenario.id().to_owned(),
            title: scenario.title().to_owned(),
            // What is drawn for an attempt comes with it.
            brief: match scenario.drawn().is_empty() {
                true => scenario.brief().to_vec(),
                false => Vec::new(),
            },
            sources,
        },
    );
    let entry = Entry {
        id: scenario.id().to_owned(),
        title: scenario.title().to_owned(),
        summary: scenario.summary().to_owned(),
        minutes: scenario.minutes(),
        difficulty: scenario.difficulty().name().to_owned(),
        topic: scenario.topic().to_owned(),
        version: scenario.version(),
        bundle: file.0.clone(),
    };
    (entry, file)
}

fn lesson_file(lesson: lesson::Lesson) -> (Entry, (String, String)) {
    let bundle = LessonBundle {
        format: 1,
        id: lesson.id.clone(),
        title: lesson.title.clone(),
        blocks: lesson.blocks,
    };
    let file = hashed(&lesson.id, &bundle);
    let entry = Entry {
        id: lesson.id,
        title: lesson.title,
        summary: lesson.summary,
        minutes: lesson.minutes,
        difficulty: String::new(),
        topic: lesson.topic,
        version: lesson.version,
        bundle: file.0.clone(),
    };
    (entry, file)
}

fn quiz_file(quiz: &Quiz) -> (Entry, (String, String)) {
    let scenarios = quiz.scenarios().into_iter();
    let bundle = QuizBundle {
        format: 1,
        title: quiz.title().to_owned(),
        version: quiz.version(),
        pass: quiz.pass(),
        questions: quiz.asked(),
        source: QuizSource {
            id: quiz.id().to_owned(),
            sealed: seal(&json(quiz)),
            scenarios: scenarios.map(|id| (id.to_owned(), BTreeMap::new())).collect(),
        },
    };
    // A lesson may have the same name.
    let file = hashed(&format!("quiz-{}", quiz.id()), &bundle);
    let entry = Entry {
        id: quiz.id().to_owned(),
        title: quiz.title().to_owned(),
        summary: quiz.summary().to_owned(),
        minutes: quiz.minutes(),
        difficulty: String::new(),
        topic: quiz.topic().to_owned(),
        version: quiz.version(),
        bundle: file.0.clone(),
    };
    (entry, file)
}

fn hashed(id: &str, bundle: &impl Serialize) -> (String, String) {
    let json = json(bundle);
    let digest = Sha256::digest(json.as_bytes());
    let hash: String = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    (format!("{id}-{hash}.json"), json)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("view types are JSON")
}

//! Content as the site fetches it: an index, and one hashed JSON file for each scenario and lesson.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_view::block::Block;
use pullpath_view::content::{Entry, Index, LessonBundle, ScenarioBundle};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Texts;
use crate::diagnostic::{Checked, Diagnostic, any_errors, did_you_mean};
use crate::lesson;
use crate::scenario::{FILE, Folder, Scenario};
use crate::source::line_at;

/// The index's file name; the only one without a hash in it.
pub const INDEX: &str = "index.json";

/// Turns content into files: name to JSON. Paths of `texts` begin with any folder; below it, `NAME/scenario.yaml` is a
/// scenario and `NAME.md` beside no `scenario.yaml` is a lesson. Solutions and wrong answers are left out.
pub fn bundle(texts: &Texts) -> Checked<Vec<(String, String)>> {
    let mut diagnostics = Vec::new();
    let mut files = Vec::new();
    let mut scenarios = Vec::new();
    let mut lessons = Vec::new();
    let folders: BTreeSet<&str> =
        texts.keys().filter_map(|path| path.strip_suffix(FILE)?.strip_suffix('/')).collect();
    for folder in &folders {
        let inner = below(texts, folder);
        let id = name_of(folder);
        let checked = Scenario::read(&inner, id, Folder::Whole);
        diagnostics.extend(checked.diagnostics.into_iter().map(|one| one.under(folder)));
        if let Some(scenario) = checked.value {
            let (entry, file) = scenario_file(&scenario, inner);
            scenarios.push(((scenario.difficulty(), entry.id.clone()), entry));
            files.push(file);
        }
    }
    for (path, text) in texts {
        let in_scenario = folders.iter().any(|folder| path.starts_with(&format!("{folder}/")));
        let Some(stem) = path.strip_suffix(".md").filter(|_| !in_scenario) else { continue };
        let id = stem.rsplit('/').next().unwrap_or_default();
        let checked = lesson::read(path, id, text);
        diagnostics.extend(checked.diagnostics);
        if let Some(lesson) = checked.value {
            diagnostics.extend(unknown_figures(path, text, &lesson.blocks, &folders));
            let (entry, file) = lesson_file(lesson);
            lessons.push(entry);
            files.push(file);
        }
    }
    scenarios.sort_by(|(one, _), (other, _)| one.cmp(other));
    let scenarios = scenarios.into_iter().map(|(_, entry)| entry).collect();
    files.push((INDEX.to_owned(), json(&Index { format: 1, scenarios, lessons })));
    files.sort();
    let value = (!any_errors(&diagnostics)).then_some(files);
    Checked { value, diagnostics }
}

/// A figure runs a scenario of the same content.
fn unknown_figures(
    path: &str,
    text: &str,
    blocks: &[Block],
    folders: &BTreeSet<&str>,
) -> Vec<Diagnostic> {
    let known: Vec<_> = folders.iter().map(|folder| name_of(folder)).collect();
    let figures = blocks.iter().filter_map(|block| match block {
        Block::Figure(figure) if !known.contains(&figure.scenario.as_str()) => Some(figure),
        _ => None,
    });
    let told = figures.map(|figure| {
        let at = text.find(&format!("scenario: {}", figure.scenario)).unwrap_or(0);
        let end = line_at(text, at).0 + line_at(text, at).1.len();
        let message = format!("there is no scenario `{}`", figure.scenario);
        let hint = did_you_mean(&figure.scenario, known.iter().copied())
            .unwrap_or_else(|| "write the name of a scenario's folder".to_owned());
        Diagnostic::error("unknown-scenario", path, at..end, message).hint(hint)
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

fn scenario_file(scenario: &Scenario, texts: Texts) -> (Entry, (String, String)) {
    let sources: BTreeMap<String, String> = texts
        .into_iter()
        .filter(|(path, _)| !path.starts_with("solutions/") && !path.starts_with("wrong/"))
        .collect();
    let file = hashed(
        scenario.id(),
        &ScenarioBundle {
            format: 1,
            id: scenario.id().to_owned(),
            title: scenario.title().to_owned(),
            brief: scenario.brief().to_vec(),
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

fn hashed(id: &str, bundle: &impl Serialize) -> (String, String) {
    let json = json(bundle);
    let digest = Sha256::digest(json.as_bytes());
    let hash: String = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    (format!("{id}-{hash}.json"), json)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("view types are JSON")
}

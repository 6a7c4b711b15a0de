//! The content that is shipped: it reads without a word, and is bundled the same way each time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pullpath_lesson::Texts;
use pullpath_lesson::bundle::{INDEX, bundle};
use pullpath_lesson::diagnostic::Checked;
use pullpath_lesson::prose::Bundled;
use pullpath_lesson::scenario::{Folder, Scenario, lay_out_quizzes};
use serde_json::Value;

fn read_folder(root: &Path, below: &Path, texts: &mut Texts) {
    for entry in fs::read_dir(below).expect("the folder is there") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            read_folder(root, &path, texts);
        } else {
            let name = path.strip_prefix(root).expect("it is below the root");
            let parts = name.components().map(|part| part.as_os_str().to_string_lossy());
            let name = parts.collect::<Vec<_>>().join("/");
            texts.insert(name, fs::read_to_string(&path).expect("it is text"));
        }
    }
}

fn content() -> Texts {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = Texts::new();
    for folder in ["scenarios", "lessons", "quizzes"] {
        read_folder(&root, &root.join(folder), &mut texts);
    }
    texts
}

#[test]
fn shipped_content_reads_without_a_word() {
    let checked = bundle(&content());
    assert_eq!(checked.diagnostics, []);
    assert_eq!(checked, bundle(&content()));
}

#[test]
fn the_index_names_every_bundle_and_no_bundle_holds_an_answer() {
    let files = bundle(&content()).value.expect("content without mistakes");
    let index = files.iter().find(|(name, _)| name == INDEX).expect("there is an index");
    let index: Value = serde_json::from_str(&index.1).expect("it is JSON");
    let entries = ["scenarios", "lessons", "quizzes"]
        .map(|list| index[list].as_array().expect("a list").clone());
    let named: BTreeSet<_> =
        entries.iter().flatten().map(|entry| entry["bundle"].as_str().unwrap()).collect();
    let others: BTreeSet<_> =
        files.iter().map(|(name, _)| name.as_str()).filter(|name| *name != INDEX).collect();
    assert_eq!(named, others);
    for (name, json) in &files {
        let value: Value = serde_json::from_str(json).expect("it is JSON");
        for path in value["sources"].as_object().into_iter().flat_map(|sources| sources.keys()) {
            assert!(
                !path.starts_with("solutions/") && !path.starts_with("wrong/"),
                "{name}: {path}"
            );
        }
    }
}

#[test]
fn a_bundled_scenario_needs_no_markdown_reader() {
    let files = bundle(&content()).value.expect("content without mistakes");
    let (mut scenarios, mut asking) = (0, 0);
    for (name, json) in &files {
        let value: Value = serde_json::from_str(json).expect("it is JSON");
        let Some(sources) = value.get("sources") else { continue };
        let mut sources: Texts = serde_json::from_value(sources.clone()).expect("they are texts");
        let prose = Bundled::take_from(&mut sources);
        let id = value["id"].as_str().expect("it has one");
        let bundled = Scenario::read_with(&sources, id, Folder::Played, &prose);
        let everything = content();
        lay_out_quizzes(
            &mut sources,
            &mut everything.iter().filter(|(path, _)| path.starts_with("quizzes/")),
        );
        let whole = Scenario::read(&sources, id, Folder::Played);
        let asked =
            |checked: &Checked<Scenario>| checked.value.as_ref().unwrap().questions().to_vec();
        if asked(&whole).is_empty() {
            assert_eq!(bundled, whole, "{name}");
        } else {
            // Where questions stand in the author's files is not bundled.
            let text = |checked| serde_json::to_string(&asked(checked)).unwrap();
            assert_eq!(text(&bundled), text(&whole), "{name}");
            let content = |checked: Checked<Scenario>| checked.value.unwrap().content().to_owned();
            assert_eq!(content(bundled), content(whole), "{name}");
            asking += 1;
        }
        scenarios += 1;
    }
    assert!(scenarios > 0 && asking > 0);
}

#[test]
fn a_bundle_changes_its_name_with_its_content() {
    let names = |texts: &Texts| -> BTreeSet<String> {
        bundle(texts).value.expect("no mistakes").into_iter().map(|(name, _)| name).collect()
    };
    let mut texts = content();
    let before = names(&texts);
    let lesson = texts.get_mut("lessons/image-pull-secrets.md").expect("the lesson is there");
    lesson.push_str("\nOne more line.\n");
    let after = names(&texts);
    assert_eq!(before.difference(&after).count(), 1);
}

#[test]
fn a_figure_runs_a_scenario_that_is_there() {
    let mut texts = content();
    let lesson = texts.get_mut("lessons/image-pull-secrets.md").expect("the lesson is there");
    *lesson =
        lesson.replace("scenario: default-serviceaccount", "scenario: defualt-serviceaccount");
    let checked = bundle(&texts);
    let [diagnostic] = &checked.diagnostics[..] else { panic!("{:?}", checked.diagnostics) };
    assert_eq!(diagnostic.code, "unknown-scenario");
    let lesson = &texts["lessons/image-pull-secrets.md"];
    assert_eq!(&lesson[diagnostic.span.clone()], "defualt-serviceaccount");
    assert_eq!(diagnostic.hint.as_deref(), Some("did you mean `default-serviceaccount`?"));
}

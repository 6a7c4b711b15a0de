//! The JSON Schemas that `pullpath schema` prints: what ships fits them, and what they can see of the broken does not.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[path = "broken/table.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod table;

use std::fs;
use std::path::Path;
use std::process::Command;

use pullpath_lesson::intake::{self, Profile};
use serde_json::Value;

fn schema(format: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_pullpath")).args(["schema", format]).output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

/// Draft 7 as far as our schemas go; a keyword that is not known here fails the test.
fn misfits(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut own: Vec<String> = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "title" | "description" => {}
            "type" => {
                let names: Vec<&Value> = match rule {
                    Value::Array(names) => names.iter().collect(),
                    name => vec![name],
                };
                let is = |name: &&Value| match name.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    other => panic!("type {other}"),
                };
                if !names.iter().any(is) {
                    own.push("type".to_owned());
                }
            }
            "const" if rule != value => own.push("const".to_owned()),
            "enum" if !rule.as_array().unwrap().contains(value) => own.push("enum".to_owned()),
            "const" | "enum" => {}
            "minLength" => {
                if value.as_str().is_some_and(str::is_empty) {
                    own.push("minLength".to_owned());
                }
            }
            "minimum" => {
                if value.as_i64().is_some_and(|number| number < rule.as_i64().unwrap()) {
                    own.push("minimum".to_owned());
                }
            }
            "maximum" => {
                if value.as_u64().is_some_and(|number| number > rule.as_u64().unwrap()) {
                    own.push("maximum".to_owned());
                }
            }
            "pattern" => {
                // The one pattern is that of lengths of time, which the reader knows best.
                let length = |text: &str| pullpath_lesson::quantity::duration(text).is_some();
                if value.as_str().is_some_and(|text| !length(text)) {
                    own.push("pattern".to_owned());
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        own.push(format!("required {name}"));
                    }
                }
            }
            "anyOf" => {
                let fits = |one: &Value| misfits(one, value, at).is_empty();
                if !rule.as_array().unwrap().iter().any(fits) {
                    own.push("anyOf".to_owned());
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(misfits(rule, item, &format!("{at}/{index}")));
                }
            }
            "properties" => {}
            "additionalProperties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    let at = format!("{at}/{name}");
                    match schema.get("properties").and_then(|known| known.get(name)) {
                        Some(known) => found.extend(misfits(known, inner, &at)),
                        None if *rule == false => found.push(format!("{at}: unknown")),
                        None => found.extend(misfits(rule, inner, &at)),
                    }
                }
            }
            other => panic!("the keyword {other} is not known to this test"),
        }
    }
    found.extend(own.into_iter().map(|why| format!("{at}: {why}")));
    found
}

fn document(path: &str, text: &str) -> Value {
    let read = intake::read(path, text, Profile::Authored);
    read.value
        .unwrap_or_default()
        .into_iter()
        .next()
        .map(|document| document.value)
        .unwrap_or_default()
}

#[test]
fn what_ships_and_what_is_begun_fits() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenario = schema("scenario");
    let mut seen = 0;
    for entry in fs::read_dir(root.join("scenarios")).unwrap() {
        let path = entry.unwrap().path().join("scenario.yaml");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            misfits(&scenario, &document("s.yaml", &text), ""),
            [""; 0],
            "{}",
            path.display()
        );
        seen += 1;
    }
    assert!(seen >= 8);
    let quiz = schema("quiz");
    for path in
        ["quizzes/image-pull-secrets.yaml", "src/cli/new/quiz.yaml", "tests/broken/base-quiz.yaml"]
    {
        let text = fs::read_to_string(root.join(path)).unwrap().replace("NAME", "name");
        assert_eq!(misfits(&quiz, &document("q.yaml", &text), ""), [""; 0], "{path}");
    }
    let begun = fs::read_to_string(root.join("src/cli/new/scenario.yaml")).unwrap();
    assert_eq!(misfits(&scenario, &document("s.yaml", &begun), ""), [""; 0]);
    let hand_in = fs::read_to_string(root.join("tests/broken/base-hand-in.json")).unwrap();
    let hand_in: Value = serde_json::from_str(&hand_in).unwrap();
    assert_eq!(misfits(&schema("hand-in"), &hand_in, ""), [""; 0]);
    let lesson = fs::read_to_string(root.join("lessons/image-pull-secrets.md")).unwrap();
    let head = lesson.split("---\n").nth(1).unwrap();
    assert_eq!(misfits(&schema("lesson"), &document("l.yaml", head), ""), [""; 0]);
}

/// A schema that lets everything through would be worth nothing to an editor.
#[test]
fn what_is_misspelt_does_not_fit() {
    let scenario = schema("scenario");
    let mut told = 0;
    // Whether a field is needed may hang on what stands in others, which our schemas do not say.
    let hangs_on_others = [
        "goal-on-objects-with-window",
        "goal-without-window",
        "provider-without-answers",
        "question-without-its-quiz",
        "quiz-without-a-question",
    ];
    for case in
        table::cases().into_iter().filter(|case| !case.lesson && case.file == "scenario.yaml")
    {
        let texts = table::broken(&case);
        let Some(text) = texts.get("scenario.yaml") else { continue };
        let value = document("scenario.yaml", text);
        if matches!(
            case.code.as_str(),
            "unknown-field"
                | "missing-field"
                | "unknown-word"
                | "wrong-type"
                | "bad-number"
                | "bad-duration"
        ) && value.is_object()
        {
            let is_told = !misfits(&scenario, &value, "").is_empty();
            assert!(is_told || hangs_on_others.contains(&case.name.as_str()), "{}", case.name);
            told += 1;
        }
    }
    assert!(told >= 12, "{told}");
}

#[test]
fn schemas_are_written_where_files_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pullpath"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    run(&["new", "scenario", "first"]);
    run(&["new", "quiz", "first"]);
    for (file, format) in
        [("scenarios/first/scenario.yaml", "scenario"), ("quizzes/first.yaml", "quiz")]
    {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        let named =
            text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=").unwrap();
        let written = fs::read_to_string(path.parent().unwrap().join(named)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), schema(format));
    }
    assert!(!run(&["check"]).contains("stale-schema"));
    fs::write(folder.path().join(".schema/quiz.json"), "{}").unwrap();
    let told = run(&["check"]);
    assert!(
        told.contains("note[stale-schema]") && told.contains("quizzes/first.yaml:1:1"),
        "{told}"
    );
}

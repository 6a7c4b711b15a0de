//! JSON Schemas of the formats, for editors.
//!
//! There is no second description of a format: a document that has every field in every form is read, and what the
//! readers ask of it is the schema. What the fields mean stands in the tables of `docs/`, and is taken from there.

use std::collections::BTreeMap;

use pullpath_view::Action;
use pullpath_view::hand_in::Response;
use serde_json::{Map, Value, json};

use crate::fields::record::{Asked, Form, Record, while_recording};
use crate::quiz::Quiz;
use crate::scenario::{FILE, Folder, Scenario};
use crate::{Texts, hand_in, lesson};

/// The formats that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `scenario.yaml`
    Scenario,
    /// A quiz.
    Quiz,
    /// The head of a lesson.
    Lesson,
    /// A hand-in.
    HandIn,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Scenario, Self::Quiz, Self::Lesson, Self::HandIn];

    /// Its name, also of the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Quiz => "quiz",
            Self::Lesson => "lesson",
            Self::HandIn => "hand-in",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Scenario => "A scenario of Pullpath, format 1",
            Self::Quiz => "A quiz of Pullpath, format 1",
            Self::Lesson => "The head of a lesson of Pullpath",
            Self::HandIn => "A hand-in of Pullpath, format 1",
        }
    }
}

const SCENARIO: &str = include_str!("schema/scenario.yaml");
const QUIZ: &str = include_str!("schema/quiz.yaml");
const LESSON: &str = include_str!("schema/lesson.md");
const HAND_IN: &str = include_str!("schema/hand-in.json");
const SCENARIO_PAGE: &str = include_str!("../../../docs/scenario-format.md");
const QUIZ_PAGE: &str = include_str!("../../../docs/quiz-format.md");

/// The tables of the pages: the heading above one, and the way to the map whose fields it tells. The page that has no such
/// heading has one table.
const SCENARIO_TABLES: [(&str, &str); 2] = [("Fields", ""), ("`world`", "/world")];
const QUIZ_TABLES: [(&str, &str); 1] = [("", "")];

/// The schema of a format, as text.
pub fn text(format: Format) -> String {
    let mut text = serde_json::to_string_pretty(&schema(format)).expect("it is a JSON value");
    text.push('\n');
    text
}

/// The schema of a format.
pub fn schema(format: Format) -> Value {
    let record = recorded(format);
    let meanings = match format {
        Format::Scenario => meanings(SCENARIO_PAGE, &SCENARIO_TABLES),
        Format::Quiz => meanings(QUIZ_PAGE, &QUIZ_TABLES),
        Format::Lesson | Format::HandIn => BTreeMap::new(),
    };
    let maker = Maker { record: &record, meanings: &meanings };
    let Value::Object(mut whole) = maker.at("") else { unreachable!("every format is a map") };
    whole.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    whole.insert("title".into(), format.title().into());
    Value::Object(whole)
}

/// The document of a format that has every field in every form, in a folder.
pub fn everything(format: Format) -> Texts {
    let (path, text) = match format {
        Format::Scenario => (FILE, SCENARIO),
        Format::Quiz => ("everything.yaml", QUIZ),
        Format::Lesson => ("everything.md", LESSON),
        Format::HandIn => ("everything.json", HAND_IN),
    };
    let mut texts = Texts::from([(path.to_owned(), text.to_owned())]);
    if let (Format::HandIn, Ok(value)) = (format, serde_json::from_str(text)) {
        texts.insert(path.to_owned(), text.replace("DIGEST", &hand_in::digest(&value)));
    }
    if format == Format::Scenario {
        // Its own questions are like those of a quiz.
        let (_, asked) = QUIZ.split_once("questions:\n").expect("the quiz asks something");
        let taken = "{ quiz: everything, question: one, id: taken, points: 2, ask: at-once }";
        let text = format!("{SCENARIO}questions:\n  - {taken}\n{asked}");
        texts.insert(path.to_owned(), text);
        let rest = [
            ("quizzes/everything.yaml", QUIZ),
            ("brief.md", "A story.\n"),
            ("explanation.md", "Why it is so.\n"),
            (
                "files/other.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${param:team}\n",
            ),
            (
                "files/web.yaml",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n",
            ),
            ("setup/shop.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"),
            ("solutions/one/commands.sh", "kubectl apply -f .\n"),
            ("wrong/other/commands.sh", "kubectl apply -f .\n"),
        ];
        texts.extend(rest.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }
    texts
}

/// The same scenario with its goals in a step, which cannot stand beside them, and nothing forbidden.
fn in_steps(texts: &Texts) -> Texts {
    let text = &texts[FILE];
    let (before, rest) = text.split_once("goals:\n").expect("there are goals");
    let (goals, rest) = rest.split_once("predict:").expect("there is a prediction");
    let (predict, rest) = rest.split_once('\n').expect("it is one line");
    let (more, rest) = rest.split_once("hints:\n").expect("there are hints");
    let (hints, rest) = rest.split_once("explanation:").expect("there is an explanation");
    let more =
        more.replace("forbid: [fresh-token]\n", "").replace("try: 5", "try: 5, fresh-token: 3");
    let inner = format!("predict:{predict}\nhints:\n{hints}goals:\n{goals}");
    let inner: String = inner.lines().map(|line| format!("    {line}\n")).collect();
    let step = format!(
        "steps:\n  - id: first\n    title: A step\n    task: Do it.\n    explanation: Why.\n{inner}"
    );
    let mut texts = texts.clone();
    texts.insert(FILE.to_owned(), format!("{before}{step}{more}explanation:{rest}"));
    texts
}

/// What readers ask of the document; of a scenario, of both.
fn recorded(format: Format) -> Record {
    let texts = everything(format);
    let mut record = while_recording(|| read_everything(format, &texts));
    if format == Format::Scenario {
        let other = while_recording(|| read_everything(format, &in_steps(&texts)));
        for (way, asked) in other {
            let known = record.entry(way).or_default();
            known.forms.extend(asked.forms);
            known.hints.extend(asked.hints);
            let maps = asked.maps.into_iter().map(|(at, needed)| (format!("steps {at}"), needed));
            known.maps.extend(maps);
        }
    }
    record
}

fn read_everything(format: Format, texts: &Texts) {
    match format {
        Format::Scenario => {
            Scenario::read(texts, "everything", Folder::Whole);
        }
        Format::Quiz => {
            Quiz::read("everything.yaml", "everything", QUIZ);
        }
        Format::Lesson => {
            lesson::read("everything.md", "everything", LESSON);
        }
        Format::HandIn => {
            hand_in::read("everything.json", &texts["everything.json"]);
        }
    }
}

/// The meanings of fields, by way, from the tables of a page: `` | `field` | needed | meaning | ``.
fn meanings(page: &str, tables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut meanings = BTreeMap::new();
    let mut heading = "";
    for line in page.lines() {
        if let Some(new) = line.strip_prefix("## ") {
            heading = new;
        }
        let Some((_, way)) = tables.iter().find(|(table, _)| *table == heading) else { continue };
        let Some(row) = line.strip_prefix("| `") else { continue };
        let cells: Vec<&str> = row.trim_end_matches(" |").splitn(3, " | ").collect();
        let [names, default, meaning] = cells[..] else { continue };
        let meaning = match default.trim() {
            "needed" => meaning.to_owned(),
            default => format!("{meaning} (unless given: {default})"),
        };
        for name in names.split(", ") {
            let name = name.trim_matches('`');
            meanings.insert(format!("{way}/{name}"), capital(&meaning));
        }
    }
    meanings
}

struct Maker<'a> {
    record: &'a Record,
    meanings: &'a BTreeMap<String, String>,
}

impl Maker<'_> {
    /// The schema of what stands at a way.
    fn at(&self, way: &str) -> Value {
        let Some(asked) = self.record.get(way) else { return json!({}) };
        let mut alternatives: Vec<Value> = Vec::new();
        if let Some(map) = self.map(way, asked) {
            alternatives.push(map);
        }
        let words: Vec<&String> = asked
            .forms
            .iter()
            .flat_map(|form| match form {
                Form::Words(words) => words.as_slice(),
                _ => &[],
            })
            .collect();
        if !words.is_empty() {
            alternatives.push(json!({ "enum": words }));
        }
        for form in &asked.forms {
            alternatives.extend(match form {
                Form::Map(_) | Form::Words(_) => None,
                Form::Entries => Some(json!({
                    "type": "object",
                    "additionalProperties": self.at(&format!("{way}/{{}}")),
                })),
                Form::List => {
                    Some(json!({ "type": "array", "items": self.at(&format!("{way}/[]")) }))
                }
                // A word is asked for as a text first.
                Form::Text if !words.is_empty() => None,
                Form::Text => Some(json!({ "type": "string", "minLength": 1 })),
                Form::Whole(least, most) => {
                    Some(json!({ "type": "integer", "minimum": least, "maximum": most }))
                }
                Form::Truth => Some(json!({ "type": "boolean" })),
                Form::Length => Some(json!({
                    "anyOf": [
                        { "type": "string", "pattern": "^[-+]?(0|([0-9]+(d|h|m|s|ms))+)$" },
                        { "const": 0 },
                    ],
                })),
                Form::Parsed(hint) => {
                    Some(json!({ "type": ["string", "number"], "description": capital(hint) }))
                }
                // All formats stand at the same one.
                Form::Version => Some(json!({ "const": crate::scenario::FORMAT })),
                Form::Any => self.decoded(way),
            });
        }
        if asked.forms.contains(&Form::Any) && self.decoded(way).is_none() {
            return json!({});
        }
        match alternatives.len() {
            1 => alternatives.swap_remove(0),
            _ => json!({ "anyOf": alternatives }),
        }
    }

    /// A map with the fields of the format. Those that every one of the document's maps needed are required.
    fn map(&self, way: &str, asked: &Asked) -> Option<Value> {
        let mut properties = Map::new();
        for form in &asked.forms {
            let Form::Map(known) = form else { continue };
            for name in known {
                let at = format!("{way}/{name}");
                let mut property = self.at(&at);
                let meaning = self.meanings.get(&at).or_else(|| asked.hints.get(name));
                if let (Some(meaning), Value::Object(property)) = (meaning, &mut property) {
                    property.insert("description".into(), capital(meaning).into());
                }
                properties.insert(name.clone(), property);
            }
        }
        if properties.is_empty() {
            return None;
        }
        let mut maps = asked.maps.values();
        let first = maps.next().cloned().unwrap_or_default();
        let required = maps.fold(first, |all, one| all.intersection(one).cloned().collect());
        let mut map = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if !required.is_empty() {
            map["required"] = required.into_iter().collect();
        }
        Some(map)
    }

    /// What another decoder takes: of hand-ins, where it is serde.
    fn decoded(&self, way: &str) -> Option<Value> {
        match way {
            "/attempts/[]/actions/[]" => Some(json!({ "anyOf": actions() })),
            "/quizzes/[]/answers/{}" => Some(response()),
            _ => None,
        }
    }
}

/// A schema for each action, from the action as it is written: the fields of the shortest way to write it are required.
fn actions() -> Vec<Value> {
    let text = || "text".to_owned();
    let (namespace, name, file) = (text(), text(), text());
    let fresh = |file| Action::FreshToken { registry: text(), file };
    let every = [
        (Action::Edit { file: text(), text: text() }, None),
        (Action::ResetFile { file }, None),
        (Action::Apply, None),
        (Action::Run, None),
        (Action::Advance { seconds: 1 }, None),
        (Action::DeletePod { namespace, name }, None),
        (Action::RestartRollout { namespace: text(), deployment: text() }, None),
        (fresh(Some(text())), Some(fresh(None))),
        (Action::Predict { option: text() }, None),
        (Action::Diagnose { rung: 1 }, None),
        (Action::Answer { question: text(), response: Response::Text(text()) }, None),
        (Action::Hint { step: 1 }, Some(Action::Hint { step: 0 })),
        (Action::OpenLadder, None),
        (Action::Reset, None),
    ];
    let written = |action: &Action| serde_json::to_value(action).expect("actions are JSON");
    let mut schemas: Vec<Value> = every
        .iter()
        .map(|(whole, shortest)| {
            as_written(&written(whole), &written(shortest.as_ref().unwrap_or(whole)))
        })
        .collect();
    let short = json!({ "do": "edit", "file": "text", "at": 1, "cut": 1, "put": "text" });
    schemas.push(as_written(&short, &short));
    schemas
}

/// What can be answered to a question.
fn response() -> Value {
    json!({
        "anyOf": [
            { "type": "string" },
            { "type": "integer", "minimum": 0 },
            { "type": "array", "items": { "type": "string" } },
        ],
    })
}

fn as_written(whole: &Value, shortest: &Value) -> Value {
    let fields = whole.as_object().into_iter().flatten();
    let property = |(name, value): (&String, &Value)| {
        let schema = match value {
            Value::String(word) if name == "do" => json!({ "const": word }),
            _ if name == "response" => response(),
            Value::Number(_) => json!({ "type": "integer", "minimum": 0 }),
            _ => json!({ "type": "string" }),
        };
        (name.clone(), schema)
    };
    let required: Vec<&String> = shortest.as_object().into_iter().flat_map(Map::keys).collect();
    json!({
        "type": "object",
        "properties": fields.map(property).collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;

    fn told(format: Format) -> Vec<Diagnostic> {
        let texts = everything(format);
        match format {
            Format::Scenario => {
                let told =
                    |texts: &Texts| Scenario::read(texts, "everything", Folder::Whole).diagnostics;
                [told(&texts), told(&in_steps(&texts))].concat()
            }
            Format::Quiz => Quiz::read("everything.yaml", "everything", QUIZ).diagnostics,
            Format::Lesson => lesson::read("everything.md", "everything", LESSON).diagnostics,
            Format::HandIn => {
                hand_in::read("everything.json", &texts["everything.json"]).diagnostics
            }
        }
    }

    /// A field that is added to a reader has to be added to the document too, or editors would not know it.
    #[test]
    fn the_documents_have_every_field() {
        for format in Format::ALL {
            let texts = everything(format);
            let drawn: Vec<String> = told(format).iter().map(|told| told.draw(&texts)).collect();
            assert_eq!(drawn, [""; 0], "{}", format.name());
            let record = recorded(format);
            let mut missing = Vec::new();
            for (way, asked) in &record {
                for form in &asked.forms {
                    let inside: Vec<String> = match form {
                        Form::Map(known) => {
                            known.iter().map(|name| format!("{way}/{name}")).collect()
                        }
                        Form::Entries => vec![format!("{way}/{{}}")],
                        Form::List => vec![format!("{way}/[]")],
                        _ => Vec::new(),
                    };
                    let is_asked =
                        |way: &String| record.get(way).is_some_and(|asked| !asked.forms.is_empty());
                    missing.extend(inside.into_iter().filter(|way| !is_asked(way)));
                }
            }
            assert_eq!(missing, [""; 0], "of {}", format.name());
        }
    }

    /// The pages tell every field of the maps that they have tables for, and no other.
    #[test]
    fn the_pages_tell_every_field() {
        for (format, page, tables) in [
            (Format::Scenario, SCENARIO_PAGE, &SCENARIO_TABLES[..]),
            (Format::Quiz, QUIZ_PAGE, &QUIZ_TABLES[..]),
        ] {
            let record = recorded(format);
            let mut known: Vec<String> = Vec::new();
            for (_, way) in tables {
                for form in &record[*way].forms {
                    if let Form::Map(names) = form {
                        known.extend(names.iter().map(|name| format!("{way}/{name}")));
                    }
                }
            }
            known.sort();
            let told: Vec<String> = meanings(page, tables).into_keys().collect();
            assert_eq!(told, known, "of {}", format.name());
        }
    }

    #[test]
    fn required_fields_are_those_that_are_always_needed() {
        let schema = schema(Format::Scenario);
        let required = |schema: &Value| -> Vec<String> {
            let names = schema["required"].as_array().into_iter().flatten();
            names.filter_map(|name| Some(name.as_str()?.to_owned())).collect()
        };
        let world = &schema["properties"]["world"];
        assert_eq!(required(world), ["nodes", "registries", "seed", "start"]);
        // Only ECR's tokens need a role.
        let token = &world["properties"]["tokens"]["additionalProperties"];
        assert_eq!(required(token), ["issued", "registry"]);
        assert_eq!(
            world["properties"]["seed"]["description"],
            "A whole number; all randomness comes from it"
        );
        let ladder = &schema["properties"]["ladder"]["enum"];
        assert_eq!(*ladder, json!(["open", "after-diagnosis", "after-pass"]));
    }
}

//! The table of broken scenario folders in `tests/broken`: each mistake is told with its place and a hint.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::intake::{self, Profile};
use pullpath_lesson::lesson;
use pullpath_lesson::scenario::{Folder, Scenario};
use pullpath_lesson::source::position;
use serde::Deserialize;

/// One entry of `cases.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    file: String,
    replace: Option<String>,
    with: Option<String>,
    write: Option<String>,
    append: Option<String>,
    #[serde(default)]
    delete: bool,
    generate: Option<Generate>,
    found: Option<String>,
    #[serde(default)]
    lesson: bool,
    code: String,
    at: String,
}

/// A text that is too large to keep.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Generate {
    #[serde(default)]
    before: String,
    repeat: String,
    times: usize,
    #[serde(default)]
    after: String,
}

impl Case {
    /// Breaks the texts in the way of this case.
    fn apply(&self, texts: &mut Texts) {
        if self.delete {
            texts.remove(&self.file).expect("the file to delete is there");
            return;
        }
        let text = texts.entry(self.file.clone()).or_default();
        if let (Some(replace), Some(with)) = (&self.replace, &self.with) {
            assert!(text.contains(replace), "{}: `{replace}` is not in {}", self.name, self.file);
            *text = text.replacen(replace, with, 1);
        }
        if let Some(write) = &self.write {
            text.clone_from(write);
        }
        if let Some(append) = &self.append {
            text.push_str(append);
        }
        if let Some(Generate { before, repeat, times, after }) = &self.generate {
            *text = format!("{before}{}{after}", repeat.repeat(*times));
        }
    }

    /// `code file:line:column` of everything that reading tells.
    fn told(&self, texts: &Texts) -> Vec<String> {
        let found = if self.lesson {
            lesson::read(&self.file, "base-lesson", &texts[&self.file]).diagnostics
        } else {
            Scenario::read(texts, "base", Folder::Whole).diagnostics
        };
        found.iter().map(|diagnostic| self.line(diagnostic, texts)).collect()
    }

    fn line(&self, diagnostic: &Diagnostic, texts: &Texts) -> String {
        let text = texts.get(&diagnostic.file).map_or("", String::as_str);
        let at = position(text, diagnostic.span.start);
        assert!(diagnostic.hint.is_some(), "{}: no hint in {diagnostic:?}", self.name);
        let drawing = diagnostic.draw(texts);
        let widest = drawing.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest < 300, "{}: a line of {widest} characters", self.name);
        assert_eq!(diagnostic.problem(texts).column, at.column, "{}", self.name);
        format!("{} {}:{}:{}", diagnostic.code, diagnostic.file, at.line, at.column)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/broken")
}

fn read_folder(root: &Path, below: &Path, texts: &mut Texts) {
    for entry in fs::read_dir(below).expect("the folder is there") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            read_folder(root, &path, texts);
        } else {
            let name = path.strip_prefix(root).expect("it is below the root");
            let name = name
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect::<Vec<_>>();
            texts.insert(name.join("/"), fs::read_to_string(&path).expect("it is text"));
        }
    }
}

fn base() -> Texts {
    let mut texts = Texts::new();
    let root = folder().join("base");
    read_folder(&root, &root, &mut texts);
    texts
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(folder().join("cases.yaml")).expect("the table is there");
    let read = intake::read("cases.yaml", &text, Profile::Authored);
    assert_eq!(read.diagnostics, []);
    let document = read.value.expect("the table reads").remove(0);
    serde_json::from_value(document.value).expect("every case has its fields")
}

#[test]
fn the_base_has_no_mistake() {
    let whole = base();
    let checked = Scenario::read(&whole, "base", Folder::Whole);
    assert_eq!(checked.diagnostics, []);
    let scenario = checked.value.expect("it reads");
    assert_eq!((scenario.solutions().len(), scenario.wrong().len()), (1, 1));

    let mut played = whole;
    played.retain(|path, _| !path.starts_with("solutions/") && !path.starts_with("wrong/"));
    let checked = Scenario::read(&played, "base", Folder::Played);
    assert_eq!(checked.diagnostics, []);
    assert_eq!(checked.value.expect("it reads").solutions(), []);

    let text = fs::read_to_string(folder().join("base-lesson.md")).expect("the lesson is there");
    assert_eq!(lesson::read("base-lesson.md", "base-lesson", &text).diagnostics, []);
}

#[test]
fn every_mistake_is_told_with_its_place_and_a_hint() {
    let cases = cases();
    assert!(cases.len() >= 30);
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    // The engine's stack in the page has 1 MiB.
    let run = move || {
        for case in cases {
            let mut texts = base();
            if case.lesson {
                let text =
                    fs::read_to_string(folder().join(&case.file)).expect("the lesson is there");
                texts = Texts::from([(case.file.clone(), text)]);
            }
            case.apply(&mut texts);
            let told = case.told(&texts);
            let want = format!("{} {}", case.code, case.at);
            let as_wanted = match case.found.as_deref() {
                Some("by-playing") => told.is_empty(),
                _ => told.contains(&want),
            };
            if !as_wanted {
                wrong.push(format!("{}: want {want}, told {told:?}", case.name));
            }
            assert!(names.insert(case.name.clone()), "{} is there twice", case.name);
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

/// Half-typed files are what an editor sends: cut off anywhere, or with a line gone, a file is told about, drawn, and no
/// more.
#[test]
fn half_typed_files_never_panic() {
    let whole = base();
    for file in ["scenario.yaml", "files/deployment.yaml", "files/secret.yaml", "brief.md"] {
        let text = &whole[file];
        let cut = text.char_indices().map(|(at, _)| text[..at].to_owned());
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let gone =
            (0..lines.len()).map(|gone| [&lines[..gone], &lines[gone + 1..]].concat().concat());
        for broken in cut.chain(gone) {
            let mut texts = whole.clone();
            texts.insert(file.to_owned(), broken);
            for diagnostic in Scenario::read(&texts, "base", Folder::Whole).diagnostics {
                assert!(diagnostic.hint.is_some(), "{diagnostic:?}");
                assert!(diagnostic.draw(&texts).contains(&diagnostic.message));
            }
        }
    }
}

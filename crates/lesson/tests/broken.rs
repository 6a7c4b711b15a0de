//! The table of broken scenario folders in `tests/broken`: each mistake is told with its place and a hint.

#[path = "../../../tests/broken/table.rs"]
mod table;

use std::collections::BTreeSet;

use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::lesson;
use pullpath_lesson::scenario::{Folder, Scenario};
use pullpath_lesson::source::position;
use table::{Case, base, cases};

/// `code file:line:column` of everything that reading tells.
fn told(case: &Case, texts: &Texts) -> Vec<String> {
    let found = if case.lesson {
        lesson::read(&case.file, "base-lesson", &texts[&case.file]).diagnostics
    } else {
        Scenario::read(texts, "base", Folder::Whole).diagnostics
    };
    found.iter().map(|diagnostic| line(case, diagnostic, texts)).collect()
}

fn line(case: &Case, diagnostic: &Diagnostic, texts: &Texts) -> String {
    let text = texts.get(&diagnostic.file).map_or("", String::as_str);
    let at = position(text, diagnostic.span.start);
    assert!(diagnostic.hint.is_some(), "{}: no hint in {diagnostic:?}", case.name);
    let drawing = diagnostic.draw(texts);
    let widest = drawing.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest < 300, "{}: a line of {widest} characters", case.name);
    assert_eq!(diagnostic.problem(texts).column, at.column, "{}", case.name);
    format!("{} {}:{}:{}", diagnostic.code, diagnostic.file, at.line, at.column)
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

    assert_eq!(lesson::read("base-lesson.md", "base-lesson", table::LESSON).diagnostics, []);
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
            let texts = table::broken(&case);
            let told = told(&case, &texts);
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

//! `docs/authoring.md`, done as it stands there; and `pullpath new`.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// A fenced block: the word after the fence, the path behind it, and the text.
struct Block<'a> {
    kind: &'a str,
    path: &'a str,
    text: String,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("```") else { continue };
        let (kind, path) = head.split_once(' ').unwrap_or((head, ""));
        let text = lines.by_ref().take_while(|line| *line != "```");
        let text = text.map(|line| format!("{line}\n")).collect();
        blocks.push(Block { kind, path, text });
    }
    blocks
}

/// Takes lines that begin with `-` out and puts those with `+` after them in their place.
fn patch(text: &str, diff: &str) -> String {
    let mut text = text.to_owned();
    let mut lines = diff.lines().peekable();
    while lines.peek().is_some() {
        let mut take = |sign: char| {
            let mut taken = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with(sign)) {
                taken += &format!("{}\n", &line[1..]);
            }
            taken
        };
        let (old, new) = (take('-'), take('+'));
        assert!(!old.is_empty() && text.contains(&old), "no such lines:\n{old}in\n{text}");
        text = text.replacen(&old, &new, 1);
    }
    text
}

fn put(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

struct Run {
    code: i32,
    printed: String,
}

/// One line of shell that runs `pullpath`, in a folder.
fn run(folder: &Path, line: &str) -> Run {
    let line = line.replacen("pullpath", "\"$PULLPATH\"", 1);
    let output = Command::new("sh")
        .args(["-c", &line])
        .current_dir(folder)
        .env("PULLPATH", env!("CARGO_BIN_EXE_pullpath"))
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    Run { code: output.status.code().unwrap(), printed: printed.concat() }
}

#[test]
fn the_tutorial_works_as_it_stands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/authoring.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut printed = String::new();
    let mut compared = 0;
    for block in blocks(&page) {
        match (block.kind, block.path) {
            ("sh", "") => {
                for line in block.text.lines() {
                    let run = run(folder, line);
                    assert_eq!(run.code, 0, "{line}: {}", run.printed);
                    printed = run.printed;
                }
            }
            ("text", _) => {
                assert_eq!(printed, block.text);
                compared += 1;
            }
            ("diff", path) => {
                let text = fs::read_to_string(folder.join(path)).unwrap();
                put(folder, path, &patch(&text, &block.text));
            }
            (_, path) => put(folder, path, &block.text),
        }
    }
    assert!(compared >= 5);
}

#[test]
fn every_starting_point_passes_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for kind in ["scenario", "lesson", "quiz"] {
        let made = run(folder, &format!("pullpath new {kind} first-try --in content"));
        assert_eq!(made.code, 0, "{}", made.printed);
        let again = run(folder, &format!("pullpath new {kind} first-try --in content"));
        assert_eq!(again.code, 2);
        assert!(again.printed.contains("it is there already"), "{}", again.printed);
    }
    let checked = run(&folder.join("content"), "pullpath check --strict");
    assert_eq!(checked.code, 0, "{}", checked.printed);
    assert!(
        checked.printed.ends_with("1 scenario, 1 lesson, 1 quiz checked: 0 errors, 0 warnings\n"),
        "{}",
        checked.printed
    );
}

#[test]
fn what_cannot_be_started_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (line, says) in [
        ("pullpath new", "what, and how is it called?"),
        ("pullpath new course x", "write `scenario`, `lesson` or `quiz`"),
        ("pullpath new quiz Übung", "use 1 to 40 lower-case letters"),
        ("pullpath new quiz ../x", "use 1 to 40 lower-case letters"),
    ] {
        let run = run(folder.path(), line);
        assert_eq!(run.code, 2, "{line}");
        assert!(run.printed.contains(says) && run.printed.contains("= hint: "), "{}", run.printed);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

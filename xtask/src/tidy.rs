//! Checks what no compiler checks, over the files that git knows or would know.

use std::fs;

use serde_json::Value;

use crate::places;
use crate::process::{Outcome, ask, program};

/// Licences that a dependency may have.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that name a file instead of a licence, and what stands in it.
const LICENCE_FILES: &[(&str, &str)] = &[("libyaml-safer", "MIT")];

/// The same for npm packages. MPL-2.0 is axe-core, which tests the page and is no part of it.
const NPM_LICENCES: &[&str] = &["Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"];

/// One file of the project.
struct Text {
    path: String,
    text: String,
}

impl Text {
    fn is_code(&self) -> bool {
        [".rs", ".mjs", ".js", ".css"].iter().any(|end| self.path.ends_with(end))
    }
}

/// `cargo xtask tidy`
pub(crate) fn command() -> Outcome<()> {
    let files = project_files()?;
    let mut problems = Vec::new();
    for file in &files {
        problems.extend(module_docs(file));
        problems.extend(leftovers(file));
        problems.extend(machine(file));
        problems.extend(dependency_comments(file));
    }
    problems.extend(cargo_licences()?);
    problems.extend(npm_licences()?);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n    ")) }
}

fn project_files() -> Outcome<Vec<Text>> {
    let list = ask(program("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]));
    let list = list.ok_or("`git ls-files` failed")?;
    let read = |path: &str| {
        let text = fs::read_to_string(places::root().join(path)).ok()?;
        Some(Text { path: path.to_owned(), text })
    };
    // What is no text (an image), or was deleted a moment ago, has nothing to check.
    Ok(list.lines().filter_map(read).collect())
}

fn module_docs(file: &Text) -> Option<String> {
    let lacks = file.path.ends_with(".rs") && !file.text.starts_with("//! ");
    lacks.then(|| {
        format!("{}: the first line should say what the module is for (`//! …`)", file.path)
    })
}

fn leftovers(file: &Text) -> Vec<String> {
    // Put together here, or this file would find itself.
    let words = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X"],
        ["dbg", "!("],
        ["todo", "!("],
        ["unimplemented", "!("],
    ];
    let words = words.map(|parts| parts.concat());
    let mut problems = Vec::new();
    for (number, line) in file.text.lines().enumerate().filter(|_| file.is_code()) {
        if let Some(word) = words.iter().find(|word| has_word(line, word)) {
            problems.push(format!("{}:{}: `{word}` is left over", file.path, number + 1));
        }
    }
    problems
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !is_part(before) && (word.ends_with('(') || !is_part(after))
    })
}

/// Nothing of the machine it was written on, and no host that packages are fetched from.
fn machine(file: &Text) -> Vec<String> {
    let here = places::root().to_string_lossy().into_owned();
    let registries = [["registry.npm", "js"], ["static.crates", ".io"], ["index.crates", ".io"]];
    let mut problems = Vec::new();
    if file.text.contains(&here) {
        problems.push(format!("{}: holds a path of this machine: {here}", file.path));
    }
    if registries.iter().any(|parts| file.text.contains(&parts.concat())) {
        problems.push(format!("{}: names a package registry's host", file.path));
    }
    if file.path == "package-lock.json" && file.text.contains("\"resolved\"") {
        problems.push(format!("{}: records where packages were fetched from; `npm install` with the .npmrc here does not", file.path));
    }
    problems
}

/// Each dependency that is chosen somewhere says there what it saves us: above it, or above its group.
fn dependency_comments(file: &Text) -> Vec<String> {
    if !file.path.ends_with("Cargo.toml") {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let (mut in_dependencies, mut is_explained) = (false, false);
    for (number, line) in file.text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
            is_explained = false;
        } else if line.is_empty() {
            is_explained = false;
        } else if line.starts_with('#') {
            is_explained = true;
        } else if in_dependencies
            && !is_explained
            && !line.contains("workspace = true")
            && !line.contains("path = ")
        {
            problems.push(format!(
                "{}:{}: say in a comment what this dependency saves us",
                file.path,
                number + 1
            ));
        }
    }
    problems
}

// ---- licences ---------------------------------------------------------------------------------------------------

fn cargo_licences() -> Outcome<Vec<String>> {
    let text = ask(program("cargo").args(["metadata", "--format-version", "1"]))
        .ok_or("`cargo metadata` failed")?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| format!("`cargo metadata`: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` lists no packages")?;
    let judge = |package: &Value| {
        let name = package["name"].as_str()?;
        let in_file = LICENCE_FILES.iter().find(|(known, _)| *known == name);
        let in_file = in_file.map_or("none", |(_, licence)| licence);
        let licence = package["license"].as_str().unwrap_or(in_file);
        (!is_allowed(licence, LICENCES))
            .then(|| format!("the licence of {name} is not on the list: {licence}"))
    };
    Ok(packages.iter().filter_map(judge).collect())
}

fn npm_licences() -> Outcome<Vec<String>> {
    let text = fs::read_to_string(places::root().join("package-lock.json"))
        .map_err(|error| error.to_string())?;
    let lock: Value =
        serde_json::from_str(&text).map_err(|error| format!("package-lock.json: {error}"))?;
    let packages = lock["packages"].as_object().ok_or("package-lock.json lists no packages")?;
    let judge = |(path, package): (&String, &Value)| {
        let licence = package["license"].as_str().unwrap_or("none");
        let is_ours = path.is_empty();
        (!is_ours && !is_allowed(licence, NPM_LICENCES))
            .then(|| format!("the licence of {path} is not on the list: {licence}"))
    };
    Ok(packages.iter().filter_map(judge).collect())
}

/// Whether an SPDX expression can be kept with the licences on a list. `/` is the old way to write OR.
fn is_allowed(expression: &str, list: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut words = words.as_slice();
    either(&mut words, list) && words.is_empty()
}

fn either(words: &mut &[&str], list: &[&str]) -> bool {
    let mut allowed = both(words, list);
    while let ["OR", rest @ ..] = words {
        *words = rest;
        allowed |= both(words, list);
    }
    allowed
}

fn both(words: &mut &[&str], list: &[&str]) -> bool {
    let mut allowed = one(words, list);
    while let ["AND", rest @ ..] = words {
        *words = rest;
        allowed &= one(words, list);
    }
    allowed
}

fn one(words: &mut &[&str], list: &[&str]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let allowed = either(words, list);
            *words = words.strip_prefix(&[")"]).unwrap_or(words);
            allowed
        }
        [name, "WITH", exception, rest @ ..] => {
            *words = rest;
            list.contains(&format!("{name} WITH {exception}").as_str())
        }
        [name, rest @ ..] => {
            *words = rest;
            list.contains(name)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn licence(expression: &str, want: bool) {
        assert_eq!(
            is_allowed(expression, &["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]),
            want,
            "{expression}"
        );
    }

    #[test]
    fn licences_are_read_as_expressions() {
        licence("MIT", true);
        licence("GPL-3.0", false);
        licence("GPL-3.0 OR MIT", true);
        licence("MIT/Apache-2.0", true);
        licence("MIT AND GPL-3.0", false);
        licence("(GPL-3.0 OR MIT) AND ISC", true);
        licence("MIT OR GPL-3.0 AND X", true);
        licence("Apache-2.0 WITH LLVM-exception", true);
        licence("Apache-2.0 WITH Other", false);
        licence("", false);
        licence("MIT MIT", false);
    }

    #[track_caller]
    fn leftover(line: &str, want: usize) {
        let file = Text { path: "a.rs".to_owned(), text: line.to_owned() };
        assert_eq!(leftovers(&file).len(), want, "{line}");
    }

    #[test]
    fn leftovers_are_whole_words() {
        leftover(&["// TO", "DO: later"].concat(), 1);
        leftover(&["let x = dbg", "!(y);"].concat(), 1);
        leftover(&["MASTO", "DON"].concat(), 0);
        leftover("a tidy line", 0);
    }

    #[track_caller]
    fn dependency(text: &str, want: usize) {
        let file = Text { path: "Cargo.toml".to_owned(), text: text.to_owned() };
        assert_eq!(dependency_comments(&file).len(), want, "{text}");
    }

    #[test]
    fn a_chosen_dependency_is_explained() {
        dependency("[dependencies]\nserde = \"1\"", 1);
        dependency("[dependencies]\n# Saves us a parser.\nserde = \"1\"\nserde_json = \"1\"", 0);
        dependency("[dependencies]\n# Saves us a parser.\nserde = \"1\"\n\nyew = \"1\"", 1);
        dependency("[dependencies]\nserde = { workspace = true }", 0);
        dependency("[features]\ncli = []", 0);
    }
}

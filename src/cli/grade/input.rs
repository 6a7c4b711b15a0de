//! What was handed in, as texts with names.

use std::io::Read;
use std::path::{Path, PathBuf};

use pullpath_lesson::Texts;
use pullpath_lesson::intake::MOST_JSON_BYTES;

use super::super::Failure;
use crate::files;

/// One thing that was handed in.
pub(super) struct Input {
    /// The file, or the file and its line.
    pub(super) name: String,
    pub(super) content: Handed,
}

/// What was found there.
pub(super) enum Handed {
    /// The text of a hand-in or an attempt.
    File(String),
    /// The files of an answer.
    Folder(Texts),
    /// Code, message and hint of why there is no text.
    Unreadable([String; 3]),
}

/// Reads everything below the paths. A file that cannot be read is told in its row and ends nothing.
pub(super) fn collect(paths: &[PathBuf], answers: bool) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes)?;
            lines("-", &bytes, &mut inputs);
        } else if path.is_dir() {
            folder(path, answers, &mut inputs)?;
        } else {
            file(path, &mut inputs)?;
        }
    }
    Ok(inputs)
}

fn folder(path: &Path, answers: bool, inputs: &mut Vec<Input>) -> Result<(), Failure> {
    let mut found = Vec::new();
    below(path, 0, &mut found)?;
    found.sort();
    if found.is_empty() {
        if !answers {
            return Err(Failure(format!(
                "{}: there is no hand-in here\n  = hint: hand-ins end with .json, .ndjson or .jsonl; an answer folder stands behind its scenario: pullpath grade scenarios/NAME FOLDER",
                path.display()
            )));
        }
        let content = Handed::Folder(files::read_folder(path)?);
        inputs.push(Input { name: path.display().to_string(), content });
        return Ok(());
    }
    for path in found {
        file(&path, inputs)?;
    }
    Ok(())
}

/// The hand-ins below a folder. Submissions of a learning platform stand a folder or two further down.
fn below(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let about = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(about)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() && depth < 4 {
            below(&path, depth + 1, found)?;
        } else if [".json", ".ndjson", ".jsonl"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
    Ok(())
}

fn file(path: &Path, inputs: &mut Vec<Input>) -> Result<(), Failure> {
    let name = path.display().to_string();
    let of_lines = name.ends_with(".ndjson") || name.ends_with(".jsonl");
    let size = std::fs::metadata(path).map_err(|error| format!("{name}: {error}"))?.len();
    if !of_lines && size > MOST_JSON_BYTES as u64 {
        let message = format!("the file has {} KiB", size / 1024);
        inputs.push(unreadable(name, "too-large", &message, "hand in fewer attempts in one file"));
        return Ok(());
    }
    match std::fs::read(path) {
        Err(error) => {
            inputs.push(unreadable(
                name,
                "unreadable",
                &error.to_string(),
                "see that it can be read",
            ));
        }
        Ok(bytes) if of_lines => lines(&name, &bytes, inputs),
        Ok(bytes) => inputs.push(whole(name, bytes)),
    }
    Ok(())
}

fn lines(name: &str, bytes: &[u8], inputs: &mut Vec<Input>) {
    for (place, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            inputs.push(whole(format!("{name}#{}", place + 1), line.to_vec()));
        }
    }
}

fn whole(name: String, bytes: Vec<u8>) -> Input {
    match String::from_utf8(bytes) {
        Ok(text) => Input { name, content: Handed::File(text) },
        Err(_) => unreadable(
            name,
            "not-text",
            "this is not UTF-8 text",
            "a hand-in is the JSON file that Pullpath exports",
        ),
    }
}

fn unreadable(name: String, code: &str, message: &str, hint: &str) -> Input {
    let content = Handed::Unreadable([code, message, hint].map(str::to_owned));
    Input { name, content }
}

//! Where texts come from: folders on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pullpath_lesson::Texts;

/// A folder with more in it than this is not content of ours.
const MOST_FILES: usize = 2_000;

/// A larger file is not read into memory; the formats refuse far smaller ones with a better message.
pub(crate) const LARGEST: u64 = 64 << 20;

/// Reads every file below a folder: path with `/` to text. Files that are not text, and hidden ones, are left out.
pub fn read_folder(folder: &Path) -> io::Result<Texts> {
    if folder.is_file() {
        let message = format!("{}: this is a file, and a folder is wanted", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotADirectory, message));
    }
    let mut texts = Texts::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).map_err(|error| about(&next, &error))? {
            let path = entry?.path();
            let hidden =
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            if texts.len() >= MOST_FILES {
                let message = format!("{}: more than {MOST_FILES} files", folder.display());
                return Err(io::Error::other(message));
            }
            if let Some(text) = read_text(&path)? {
                texts.insert(name_in(folder, &path), text);
            }
        }
    }
    Ok(texts)
}

/// The texts of a scenario's folder, with the quizzes beside `scenarios/` that it may take questions from.
pub fn read_scenario(folder: &Path) -> io::Result<Texts> {
    let mut texts = read_folder(folder)?;
    let quizzes = folder.canonicalize().map_err(|error| about(folder, &error))?;
    let quizzes = quizzes.join("../..").join(pullpath_lesson::scenario::QUIZZES);
    let mut others = Texts::new();
    if quizzes.is_dir() {
        for file in quiz_files(&quizzes)? {
            if let Some(text) = read_text(&file)? {
                others.insert(name_in(&quizzes, &file), text);
            }
        }
    }
    pullpath_lesson::scenario::lay_out_quizzes(&mut texts, &mut others.iter());
    Ok(texts)
}

/// The text of one file; `None` if it is no text.
pub fn read_text(path: &Path) -> io::Result<Option<String>> {
    let size = fs::metadata(path).map_err(|error| about(path, &error))?.len();
    if size > LARGEST {
        let message = format!("{}: {size} bytes is larger than any file of ours", path.display());
        return Err(io::Error::other(message));
    }
    let bytes = fs::read(path).map_err(|error| about(path, &error))?;
    Ok(String::from_utf8(bytes).ok())
}

/// Folders below a path that hold a `scenario.yaml`; the path itself, if it does.
pub fn scenario_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.join(pullpath_lesson::scenario::FILE).is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| about(path, &error))? {
        let child = entry?.path();
        if child.is_dir() && child.join(pullpath_lesson::scenario::FILE).is_file() {
            folders.push(child);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The lessons below a folder: its Markdown files that are no scenario's.
pub fn lesson_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).map_err(|error| about(&next, &error))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_scenario = path.join(pullpath_lesson::scenario::FILE).is_file();
            if name.starts_with('.') || is_scenario {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
        if found.len() > MOST_FILES {
            let message = format!("{}: more than {MOST_FILES} lessons", folder.display());
            return Err(io::Error::other(message));
        }
    }
    found.sort();
    Ok(found)
}

/// The quizzes in a folder that is no scenario's: its YAML files.
pub fn quiz_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.join(pullpath_lesson::scenario::FILE).is_file() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).map_err(|error| about(folder, &error))? {
        let path = entry?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file without folder and ending.
pub fn stem_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The last part of a path, also of `.`.
pub fn name_of(path: &Path) -> io::Result<String> {
    let whole = path.canonicalize().map_err(|error| about(path, &error))?;
    Ok(whole.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

fn name_in(folder: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

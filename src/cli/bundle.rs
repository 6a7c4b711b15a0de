//! `pullpath bundle`: content as the site fetches it.

use std::fs;
use std::path::PathBuf;

use lexopt::prelude::*;
use pullpath_lesson::{Texts, bundle};

use super::{Failure, Output, PASSED, say};
use crate::files;

const HELP: &str = "\
Usage: pullpath bundle [PATH...] --out DIR

Turns scenarios, lessons and quizzes into an index and hashed JSON bundles, without
solutions and wrong answers. Without a PATH, `scenarios`, `lessons` and `quizzes` are
taken. Bundles that an earlier run left in DIR and that are no longer needed are removed.
";

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut out: Option<PathBuf> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Long("out") => out = Some(parser.value()?.into()),
            Value(path) => paths.push(path.into()),
            other => return Err(super::unexpected(other, "bundle ")),
        }
    }
    let out =
        out.ok_or("where to?\n  = hint: pullpath bundle scenarios lessons quizzes --out DIR")?;
    if paths.is_empty() {
        paths = ["scenarios", "lessons", "quizzes"].map(PathBuf::from).to_vec();
        paths.retain(|path| path.is_dir());
    }
    let mut texts = Texts::new();
    for path in &paths {
        let folder = files::name_of(path)?;
        for (name, text) in files::read_folder(path)? {
            texts.insert(format!("{folder}/{name}"), text);
        }
    }
    if texts.is_empty() {
        let hint = "name folders with scenarios, lessons or quizzes in them";
        return Err(Failure(format!("there is no content to bundle\n  = hint: {hint}")));
    }
    let bundles = bundle::bundle(&texts).into_result().map_err(|diagnostics| {
        diagnostics.iter().map(|diagnostic| diagnostic.draw(&texts)).collect::<Vec<_>>().join("\n")
    })?;
    fs::create_dir_all(&out)?;
    for entry in fs::read_dir(&out)? {
        let path = entry?.path();
        let stale = path.extension().is_some_and(|extension| extension == "json");
        if stale && !bundles.iter().any(|(name, _)| path.ends_with(name)) {
            fs::remove_file(path)?;
        }
    }
    for (name, json) in &bundles {
        fs::write(out.join(name), json)?;
    }
    let files = if bundles.len() == 1 { "file" } else { "files" };
    writeln!(output.out, "{} {files} in {}", bundles.len(), out.display())?;
    Ok(PASSED)
}

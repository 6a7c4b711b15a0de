//! `pullpath new`: a commented starting point that passes `check`.

mod dump;

use std::fs;
use std::path::{Path, PathBuf};

use lexopt::prelude::*;
use pullpath_lesson::diagnostic::one_of;
use pullpath_lesson::scenario::FILE;
use pullpath_lesson::schema::{self, Format};

use super::{Failure, Output, PASSED, say};

const HELP: &str = "\
Usage: pullpath new scenario|lesson|quiz NAME [--in DIR]
       pullpath new scenario NAME --from DUMP... [-n NAMESPACE] [--now TIME] [--in DIR]

Writes a commented starting point that passes `pullpath check`: a small scenario to make
your own, a lesson of one page, or a quiz with a question of each kind. NAME is 1 to 40
lower-case letters, digits and `-`. It goes below `scenarios`, `lessons` or `quizzes` of
DIR (`.` unless given); nothing that is there is written over. `.schema` of DIR gets the
JSON Schemas that the files name for editors.

With --from, a scenario begins with the cluster of real manifests, or of a dump as
`kubectl get pods,deployments,secrets,serviceaccounts -o yaml` prints it. Every
credential is replaced by a simulated one of the same age. It is a sandbox until it has
goals; what could not be taken over stands in its brief.md.
";

/// A file of a starting point: path and text, in which NAME stands for the name.
type Files = &'static [(&'static str, &'static str)];

const SCENARIO: Files = &[
    ("scenarios/NAME/scenario.yaml", include_str!("new/scenario.yaml")),
    ("scenarios/NAME/brief.md", include_str!("new/brief.md")),
    ("scenarios/NAME/explanation.md", include_str!("new/explanation.md")),
    ("scenarios/NAME/setup/namespace.yaml", include_str!("new/setup-namespace.yaml")),
    ("scenarios/NAME/files/deployment.yaml", include_str!("new/deployment.yaml")),
    ("scenarios/NAME/files/pull-secret.yaml", include_str!("new/pull-secret.yaml")),
    ("scenarios/NAME/solutions/name-the-secret/deployment.yaml", include_str!("new/solution.yaml")),
    ("scenarios/NAME/wrong/restart-only/commands.sh", include_str!("new/restart-only.sh")),
];
const LESSON: Files = &[("lessons/NAME.md", include_str!("new/lesson.md"))];
const QUIZ: Files = &[("quizzes/NAME.yaml", include_str!("new/quiz.yaml"))];

const KINDS: [(&str, Files); 3] = [("scenario", SCENARIO), ("lesson", LESSON), ("quiz", QUIZ)];

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut words: Vec<String> = Vec::new();
    let mut folder = PathBuf::from(".");
    let mut dump = dump::Dump::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Long("in") => folder = parser.value()?.into(),
            Long("from") => dump.paths.extend(parser.values()?.map(PathBuf::from)),
            Long("namespace") | Short('n') => dump.namespace = Some(parser.value()?.string()?),
            Long("now") => dump.now = Some(super::explain::moment(&parser.value()?.string()?)?),
            Value(word) if words.len() < 2 => words.push(word.string()?),
            other => return Err(super::unexpected(other, "new ")),
        }
    }
    let [kind, name] = &words[..] else {
        let hint = "pullpath new scenario my-first-scenario";
        return Err(Failure(format!("what, and how is it called?\n  = hint: {hint}")));
    };
    let files = KINDS.iter().find(|(known, _)| known == kind).map(|(_, files)| *files);
    let files = files.ok_or_else(|| {
        let known = one_of(&KINDS.map(|(known, _)| known));
        format!("`{kind}` is nothing that can be started\n  = hint: write {known}")
    })?;
    if !is_name(name) {
        return Err(Failure(format!(
            "`{name}` cannot be a name\n  = hint: use 1 to 40 lower-case letters, digits and `-`"
        )));
    }
    let files: Vec<(String, String)> = if dump.paths.is_empty() {
        let named = |text: &str| text.replace("NAME", name);
        files.iter().map(|(path, text)| (named(path), named(text))).collect()
    } else if kind == "scenario" {
        dump.scenario(name)?
    } else {
        return Err(Failure(format!(
            "a {kind} cannot begin with a dump\n  = hint: pullpath new scenario {name} --from FILE"
        )));
    };
    write_all(&files, &folder, output)?;
    let schemas = folder.join(".schema");
    fs::create_dir_all(&schemas)?;
    for format in Format::ALL {
        fs::write(schemas.join(format!("{}.json", format.name())), schema::text(format))?;
    }
    Ok(PASSED)
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(fits)
}

fn write_all(
    files: &[(String, String)],
    folder: &Path,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    // All or nothing: half a starting point would be no starting point.
    for (path, _) in files {
        let path = folder.join(path);
        if path.exists() {
            let hint = "take another name, or move it away";
            return Err(Failure(format!(
                "{}: it is there already\n  = hint: {hint}",
                path.display()
            )));
        }
    }
    for (path, text) in files {
        let path = folder.join(path);
        let about = |error: std::io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(about)?;
        fs::write(&path, text).map_err(about)?;
        writeln!(output.out, "wrote {}", path.display())?;
    }
    // The folder of a scenario, the file of anything else.
    let main = files.iter().find(|(path, _)| path.ends_with(FILE)).unwrap_or(&files[0]);
    let first = folder.join(&main.0);
    let checked = if files.len() > 1 { first.parent().unwrap_or(&first) } else { &first };
    writeln!(output.out, "\nnext: pullpath check {}", checked.display())?;
    Ok(())
}

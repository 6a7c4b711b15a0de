//! `pullpath schema`: what editors complete and validate with.

use std::fs;
use std::path::PathBuf;

use lexopt::prelude::*;
use pullpath_lesson::diagnostic::one_of;
use pullpath_lesson::schema::{Format, text};

use super::{Failure, Output, PASSED, say};

const HELP: &str = "\
Usage: pullpath schema scenario|quiz|lesson|hand-in
       pullpath schema --out DIR

Prints the JSON Schema of a format, or writes all of them into DIR, as scenario.json and
so on. They are made of what the readers of the formats ask for. An editor with the YAML
language server uses one that a file's first line names:

  # yaml-language-server: $schema=../../.schema/scenario.json
";

pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let mut name: Option<String> = None;
    let mut out: Option<PathBuf> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return say(output, HELP),
            Long("out") => out = Some(parser.value()?.into()),
            Value(word) if name.is_none() => name = Some(word.string()?),
            other => return Err(super::unexpected(other, "schema ")),
        }
    }
    let names = Format::ALL.map(Format::name);
    let wanted = match &name {
        None => None,
        Some(name) => {
            let found = Format::ALL.into_iter().find(|format| format.name() == name);
            Some(found.ok_or_else(|| {
                let hint = one_of(&names);
                format!("there is no format `{name}`\n  = hint: write {hint}")
            })?)
        }
    };
    let Some(folder) = out else {
        let hint = one_of(&names);
        let format =
            wanted.ok_or_else(|| format!("the schema of what?\n  = hint: write {hint}"))?;
        return say(output, &text(format));
    };
    fs::create_dir_all(&folder)?;
    for format in Format::ALL.into_iter().filter(|format| wanted.is_none_or(|one| one == *format)) {
        let path = folder.join(format!("{}.json", format.name()));
        fs::write(&path, text(format)).map_err(|error| format!("{}: {error}", path.display()))?;
        writeln!(output.out, "wrote {}", path.display())?;
    }
    Ok(PASSED)
}

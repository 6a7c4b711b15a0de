//! `pullpath new scenario --from`: a real cluster as a starting point, without its secrets.

use std::path::PathBuf;

use pullpath_explain::{Moment, Options, World, rehearse};

use super::super::explain::{clock, read_all};
use super::Failure;

/// What a scenario is to begin with.
#[derive(Default)]
pub(super) struct Dump {
    pub(super) paths: Vec<PathBuf>,
    pub(super) namespace: Option<String>,
    pub(super) now: Option<Moment>,
}

/// What stands above the fields of the scenario.
const HEAD: &str = "\
# yaml-language-server: $schema=../../.schema/scenario.json
# The cluster of a dump. Every credential in it is simulated, and was issued when the real one was, as far as that could
# be told. It is a sandbox: to make an exercise of it, take `sandbox` away and write `goals`, `solutions` and `wrong`, as
# docs/authoring.md shows.
";

impl Dump {
    /// The files of a scenario's folder, by path.
    pub(super) fn scenario(self, name: &str) -> Result<Vec<(String, String)>, Failure> {
        let given = read_all(&self.paths)?;
        if let Some(unreadable) = given.unreadable.first() {
            let hint = "name files that can be read: half a cluster is another one";
            return Err(Failure(format!(
                "{}: {}\n  = hint: {hint}",
                unreadable.place.file, unreadable.message
            )));
        }
        let options = Options {
            now: self.now.unwrap_or_else(clock),
            namespace: self.namespace.unwrap_or_else(|| "default".to_owned()),
            world: World::default(),
        };
        let texts = rehearse::folder(&given.inputs, &options, name).map_err(Failure)?;
        let files = texts.into_iter().map(|(path, text)| {
            let text = match path == super::FILE {
                // The first line says where it comes from, which the head does too.
                true => HEAD.to_owned() + text.split_once('\n').map_or("", |(_, rest)| rest),
                false => text,
            };
            (format!("scenarios/{name}/{path}"), text)
        });
        Ok(files.collect())
    }
}

//! The answers that an author foresees: `solutions/` and `wrong/`.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_model::world::{RegistryKind, World};

use super::{Reader, id_at, world::ecr_region};
use crate::command::{self, Command};
use crate::diagnostic::{Diagnostic, one_of};
use crate::fields::{Fields, Node, short};
use crate::scenario::{Answer, Folder, ScenarioFile, Solution, WrongAnswer};

pub(super) struct Answers<'r, 'a> {
    pub(super) reader: &'r Reader<'a>,
    pub(super) files: &'r [ScenarioFile],
    pub(super) world: Option<&'r World>,
}

impl Answers<'_, '_> {
    pub(super) fn solutions(&self, fields: &Fields<'_>, sandbox: bool) -> Vec<Solution> {
        let hint = "write a list of folders in `solutions/`";
        let node = match self.reader.folder {
            Folder::Whole if !sandbox => fields.need("solutions", hint),
            Folder::Whole | Folder::Played => fields.get("solutions"),
        };
        let Some(node) = node else { return Vec::new() };
        let items = node.list();
        if items.is_empty() {
            node.error("no-solutions", "nothing shows that this can be solved", hint);
        }
        let mut names = BTreeSet::new();
        let mut solutions = Vec::new();
        for item in &items {
            let Some(name) = id_at(item) else { continue };
            if !names.insert(name.clone()) {
                item.error(
                    "duplicate-id",
                    format!("`{name}` is listed twice"),
                    "list each solution once",
                );
                continue;
            }
            let answer = self.answer(item, "solutions", &name);
            solutions.extend(answer.map(|answer| Solution { answer, span: item.span() }));
        }
        solutions
    }

    pub(super) fn wrong(&self, fields: &Fields<'_>, feedback_ids: &[&str]) -> Vec<WrongAnswer> {
        let Some(node) = fields.get("wrong") else { return Vec::new() };
        let mut wrong = Vec::new();
        for (name, item) in node.entries() {
            let feedback =
                item.reference("unknown-feedback", "feedback", feedback_ids.iter().copied());
            let answer = self.answer(&item, "wrong", name);
            if let (Some(feedback), Some(answer)) = (feedback, answer) {
                wrong.push(WrongAnswer {
                    answer,
                    feedback: feedback.to_owned(),
                    span: item.key_span(),
                });
            }
        }
        wrong
    }

    /// One folder; there is none to read in what the page gets.
    fn answer(&self, item: &Node<'_>, group: &str, name: &str) -> Option<Answer> {
        if self.reader.folder == Folder::Played {
            return None;
        }
        let prefix = format!("{group}/{name}/");
        let within: Vec<_> = self
            .reader
            .texts
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .collect();
        if within.is_empty() {
            let hint = format!("put changed files, or a `commands.sh`, into `{prefix}`");
            item.error("missing-folder", format!("there is no folder `{}`", short(&prefix)), hint);
            return None;
        }
        let mut commands = vec![Command::Apply];
        if let Some(text) = self.reader.texts.get(&format!("{prefix}commands.sh")) {
            commands = self.commands(&format!("{prefix}commands.sh"), text);
        }
        let fresh =
            commands.iter().filter(|command| matches!(command, Command::FreshToken { .. })).count();
        let mut files = BTreeMap::new();
        for (path, text) in within {
            let file = &path[prefix.len()..];
            self.reader.used.borrow_mut().insert(path.clone());
            if file != "commands.sh" && self.may_change(path, file) {
                self.reader.read_manifests(path, text, self.world, fresh);
                files.insert(file.to_owned(), text.clone());
            }
        }
        Some(Answer { name: name.to_owned(), files, commands })
    }

    fn may_change(&self, path: &str, file: &str) -> bool {
        let editable: Vec<_> =
            self.files.iter().filter(|file| file.edit).map(|file| file.name.as_str()).collect();
        if editable.contains(&file) {
            return true;
        }
        let message = format!("a learner cannot edit `{}`", short(file));
        let diagnostic = Diagnostic::error("not-editable", path, 0..0, message);
        let hint = match &editable[..] {
            [] => "no file has `edit: true`".to_owned(),
            editable => format!("what can be edited is {}", one_of(editable)),
        };
        self.reader.found.borrow_mut().push(diagnostic.hint(hint));
        false
    }

    fn commands(&self, path: &str, text: &str) -> Vec<Command> {
        let mut found = self.reader.found.borrow_mut();
        let commands = command::read(path, text, &mut found);
        for command in &commands {
            if let Command::FreshToken { region } = command
                && self.world.is_some_and(|world| !has_region(world, region))
            {
                let start = text.find(region.as_str()).unwrap_or(0);
                let message = format!("no registry of this world is in `{}`", short(region));
                let error =
                    Diagnostic::error("unknown-region", path, start..start + region.len(), message);
                found.push(error.hint("write the region in the host of an ECR registry"));
            }
        }
        commands
    }
}

fn has_region(world: &World, region: &str) -> bool {
    let ecr = world.registries.iter().filter(|(_, registry)| registry.kind == RegistryKind::Ecr);
    ecr.into_iter().any(|(host, _)| ecr_region(host) == Some(region))
}

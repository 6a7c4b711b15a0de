//! Cases that are a command line.

use std::collections::BTreeMap;

use pullpath_shell::{Client, Shell};
use serde::Deserialize;
use serde_json::Value;

use super::server::{Fault, Server, Told};
use super::{NOW, SPEAKS, millis};
use crate::case::{Case, Played, differ, differ_text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    #[serde(default)]
    files: BTreeMap<String, String>,
    objects: Option<Vec<Value>>,
    #[serde(default)]
    faults: Vec<Fault>,
    #[serde(default)]
    watch: Vec<Told>,
    context_namespace: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    now: Option<String>,
    command: String,
    stdout: String,
    stderr: String,
    exit: i32,
}

pub(crate) fn play(case: &Case<'_>) -> Played {
    let wanted: Command = case.read()?;
    let now = millis(wanted.now.as_deref().unwrap_or(NOW))?;
    let mut client = match wanted.objects {
        Some(_) => Client { speaks: SPEAKS, ..Client::default() },
        None => Client::offline(SPEAKS),
    };
    client.namespace = wanted.context_namespace;
    let mut server = Server::new(wanted.objects.unwrap_or_default(), now);
    server.answer_with(wanted.faults)?;
    server.tell(wanted.watch)?;
    let mut shell = Shell::new(client);
    for (path, text) in &wanted.files {
        shell.put_file(path, text);
    }
    for (name, value) in &wanted.env {
        shell.export(name, value);
    }
    let got = shell.run(&mut server, &wanted.command, None, None);
    // Recordings show the home folder as `$HOME`, and copies of edited files under one name.
    let masked = |text: &str| mask_copies(&text.replace("/root", "$HOME"));
    let differences = [
        differ_text("stdout", &masked(&got.stdout), &wanted.stdout),
        differ_text("stderr", &masked(&got.stderr), &wanted.stderr),
        differ("exit", &got.exit, &wanted.exit),
    ];
    Ok(differences.into_iter().flatten().collect())
}

/// `/tmp/kubectl-edit-0000000003.yaml` with zeros for its number.
fn mask_copies(text: &str) -> String {
    const COPY: &str = "/tmp/kubectl-edit-";
    let mut parts = text.split(COPY);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        masked.push_str(COPY);
        masked.push_str(&"0".repeat(digits));
        masked.push_str(&part[digits..]);
    }
    masked
}

//! The families of kubectl: command lines run in the terminal, against what the server of the recordings was.

pub(crate) mod command;
mod server;

use pullpath_shell::{Client, Shell, Speaks, unix_seconds};
use serde::Deserialize;
use serde_json::Value;

use crate::case::{Case, NotPlayed, Played, differ, differ_text, not_played};
use server::Server;

/// The version that the cases were recorded with.
const SPEAKS: Speaks = Speaks::V1_32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HumanDuration {
    seconds: i64,
    text: String,
    #[serde(rename = "measured")]
    _measured: bool,
}

/// Ages by the second.
pub(crate) fn human_duration(case: &Case<'_>) -> Played {
    let HumanDuration { seconds, text, .. } = case.read()?;
    let got = pullpath_shell::human_duration(seconds * 1000);
    Ok(differ_text("text", &got, &text).into_iter().collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PodStatusColumn {
    now: String,
    pod: Value,
    ready: String,
    status: String,
    restarts: String,
    age: String,
}

/// The cells of a Pod.
pub(crate) fn pod_status_column(case: &Case<'_>) -> Played {
    let wanted: PodStatusColumn = case.read()?;
    let now = millis(&wanted.now)?;
    let got = pullpath_shell::pod_columns(&wanted.pod, now);
    let names = ["ready", "status", "restarts", "age"];
    let expected = [wanted.ready, wanted.status, wanted.restarts, wanted.age];
    let cells = names.into_iter().zip(got.iter().zip(&expected));
    Ok(cells.filter_map(|(name, (got, expected))| differ_text(name, got, expected)).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonPath {
    output: String,
    template: String,
    object: String,
    stdout: String,
    stderr: String,
    exit: i32,
    #[serde(default)]
    unordered: bool,
}

/// A template held against an object of the file: `get` of that object, or of all Pods for a list.
pub(crate) fn jsonpath(case: &Case<'_>) -> Played {
    let wanted: JsonPath = case.read()?;
    let Some(object) = case.file.get("objects").and_then(|all| all.get(wanted.object.as_str()))
    else {
        return not_played(format!("no object `{}`", wanted.object));
    };
    let object: Value =
        serde_yaml::from_value(object.clone()).map_err(|error| NotPlayed(error.to_string()))?;
    let items = object["items"].as_array().cloned();
    let first = items.as_ref().and_then(|items| items.first()).unwrap_or(&object).clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = vec!["get".to_owned(), text(&first["kind"]).to_lowercase()];
    if items.is_none() {
        words.push(text(&first["metadata"]["name"]));
    }
    words.extend(["-n".to_owned(), text(&first["metadata"]["namespace"])]);
    words.extend(["-o".to_owned(), format!("{}={}", wanted.output, wanted.template)]);
    let mut server = Server::new(items.unwrap_or_else(|| vec![object]), millis(NOW)?);
    let mut shell = Shell::new(Client { speaks: SPEAKS, ..Client::default() });
    let got = shell.kubectl(&mut server, &words);
    let mut differences = Vec::new();
    if wanted.unordered {
        let words = |text: &str| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            words.sort();
            words
        };
        differences.extend(differ("stdout", &words(&got.stdout), &words(&wanted.stdout)));
    } else {
        differences.extend(differ_text("stdout", &got.stdout, &wanted.stdout));
    }
    differences.extend(differ_text("stderr", &got.stderr, &wanted.stderr));
    differences.extend(differ("exit", &got.exit, &wanted.exit));
    Ok(differences)
}

/// The time of a case that says none: the prefixes of logs are masked to it.
const NOW: &str = "2026-01-15T10:00:00Z";

fn millis(moment: &str) -> Result<i64, NotPlayed> {
    let seconds = unix_seconds(moment);
    seconds.map(|seconds| seconds * 1000).ok_or_else(|| NotPlayed(format!("no time: {moment}")))
}

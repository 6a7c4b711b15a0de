//! What must be equal, compared.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_model::time::{SimTime, Span};
use pullpath_shell::Output;
use serde_json::Value;

use super::canon::Names;
use super::facts::{self, Life};
use super::recording::{Action, Recording};
use super::stage::Outcome;
use crate::case::{Difference, differ_text};

/// How much later of two things may have been first in a recording without that meaning anything (README: about 0.1 s).
const SAME_TIME: f64 = 0.1;

pub(super) fn differences(recording: &Recording, played: &Outcome) -> Vec<Difference> {
    let (recorded, modelled) = (recorded_names(recording), modelled_names(played));
    let mut differences = Vec::new();
    for (action, output) in recording.actions.iter().zip(&played.outputs) {
        differences.extend(action_differs(action, output, &recorded, &modelled));
    }
    differences.extend(pods(recording, played, &recorded, &modelled));
    differences.extend(events(recording, played, &recorded, &modelled));
    differences.extend(workloads(recording, played, &recorded, &modelled));
    differences.extend(requests(recording, played));
    differences.extend(attempts(recording, played));
    differences
}

fn recorded_names(recording: &Recording) -> Names {
    let text = |value: &serde_yaml::Value| value.as_str().unwrap_or_default().to_owned();
    let workloads: Vec<(String, String)> =
        recording.workloads.iter().map(|one| (text(&one["kind"]), text(&one["name"]))).collect();
    let pods: Vec<String> = recording.watch.iter().map(|change| change.pod.clone()).collect();
    let mut names = Names::default();
    names.learn(&workloads, &pods);
    names
}

fn modelled_names(played: &Outcome) -> Names {
    let workloads: Vec<(String, String)> = played
        .workloads
        .iter()
        .map(|(_, kind, name, _)| ((*kind).to_owned(), name.clone()))
        .collect();
    let pod = |change: &pullpath_model::pod_status::PodChange| {
        change.pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()
    };
    let pods: Vec<String> = played.changes.iter().map(pod).collect();
    let mut names = Names::default();
    names.learn(&workloads, &pods);
    names
}

#[expect(clippy::cast_precision_loss, reason = "recordings last minutes")]
fn seconds(at: SimTime) -> f64 {
    at.as_millis() as f64 / 1000.0
}

// Actions.

fn action_differs(
    action: &Action,
    output: &Output,
    recorded: &Names,
    modelled: &Names,
) -> Vec<Difference> {
    let Some(command) = &action.cmd else { return Vec::new() };
    let cut = action.stderr.contains("[cut after ");
    let (want_err, exit) =
        if cut { (String::new(), 124) } else { (action.stderr.clone(), action.exit) };
    let got_exit = if output.interrupted { 124 } else { output.exit };
    let is_describe = command.contains(" describe ");
    let what = |part: &str| format!("at {}: {command}: {part}", action.t);
    // The rows of a table; what else `get` prints has an order.
    let set = command.contains(" get ")
        && !["yaml", "json"].iter().any(|form| {
            command.contains(&format!("-o {form}")) || command.contains(&format!("-o '{form}"))
        });
    [
        differ_text(
            &what("stdout"),
            &told(&printed(&output.stdout, modelled, set), is_describe),
            &told(&printed(&action.stdout, recorded, set), is_describe),
        ),
        differ_text(
            &what("stderr"),
            &printed(&output.stderr, modelled, false),
            &printed(&want_err, recorded, false),
        ),
        differ_text(&what("exit"), &got_exit.to_string(), &exit.to_string()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a command printed, with what is free made equal: widths of columns follow from names and ages; which of the two
/// words a failing Pod shows at a moment, and how often something was seen by then, from the moments of its syncs; the
/// rows of `get` are sorted by drawn names, and those of `-w` come as syncs do.
fn printed(text: &str, names: &Names, is_get: bool) -> String {
    let text = names.text(text);
    let mut lines = Vec::new();
    for line in text.lines() {
        // The line diff of two specs behind a refused change is not part of what is fixed (pod_validation.yaml).
        if line.starts_with("@@ ") {
            break;
        }
        let mut line = line.to_owned();
        if is_get || line.trim_start().starts_with("Reason: ") {
            for word in ["ErrImagePull", "ImagePullBackOff"] {
                if !line.contains("Error: ") {
                    line = line.replace(word, "<failing>");
                }
            }
        }
        line = counted(&line);
        if line.trim_start().starts_with("resourceVersion: ") {
            let indent = line.len() - line.trim_start().len();
            line = format!("{}resourceVersion: <n>", &line[..indent]);
        }
        lines.push(if line.contains("  ") { columns(&line) } else { line });
    }
    if is_get && lines.iter().any(|line| line.contains("  ")) {
        let rest = lines.split_off(1);
        let sorted: BTreeSet<String> = rest.into_iter().collect();
        lines.extend(sorted);
    }
    lines.join("\n").trim_end().to_owned()
}

/// `describe` sorts events by when they were last seen, which follows from the moments of syncs.
fn told(text: &str, is_describe: bool) -> String {
    match text.split_once("Events:\n") {
        Some((before, events)) if is_describe => {
            let mut lines: Vec<&str> = events.lines().collect();
            lines.sort_unstable();
            format!("{before}Events:\n{}", lines.join("\n"))
        }
        _ => text.to_owned(),
    }
}

/// Runs of spaces and dashes as one, indentation apart.
fn columns(line: &str) -> String {
    let content = line.trim_start();
    let indent = &line[..line.len() - content.len()];
    let cells: Vec<&str> =
        content.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let cells: Vec<&str> = cells
        .into_iter()
        .map(|cell| if cell.chars().all(|one| one == '-') { "--" } else { cell })
        .collect();
    format!("{indent}{}", cells.join("  "))
}

/// `(x5 over <age>)` counts syncs; so does a lone `<age>` of something that may have been seen again.
fn counted(line: &str) -> String {
    let Some(start) = line.find("(x") else { return line.to_owned() };
    match line[start..].find(')') {
        Some(end) if line[start..start + end].contains(" over ") => {
            format!("{}(repeated){}", &line[..start], &line[start + end + 1..])
        }
        _ => line.to_owned(),
    }
}

// Pods.

fn pods(
    recording: &Recording,
    played: &Outcome,
    recorded: &Names,
    modelled: &Names,
) -> Vec<Difference> {
    let want = facts::recorded_pods(&recording.watch, recorded);
    let mut got: Vec<(String, Life)> = Vec::new();
    for change in &played.changes {
        facts::modelled_pod(&mut got, seconds(change.at), change.kind, &change.pod, modelled);
    }
    let (want, got) = (grouped(want, recorded), grouped(got, modelled));
    let mut differences = Vec::new();
    let names: BTreeSet<&String> = want.keys().chain(got.keys()).collect();
    for name in names {
        let none = Vec::new();
        let (want, got) = (want.get(name).unwrap_or(&none), got.get(name).unwrap_or(&none));
        if want.len() != got.len() {
            differences.extend(differ_text(
                &format!("number of pods {name}"),
                &got.len().to_string(),
                &want.len().to_string(),
            ));
            continue;
        }
        differences.extend(lives(&format!("pod {name}"), want, got));
    }
    differences
}

/// Lives by the name that each stands for.
fn grouped(lives: Vec<(String, Life)>, names: &Names) -> BTreeMap<String, Vec<Life>> {
    let mut groups: BTreeMap<String, Vec<Life>> = BTreeMap::new();
    for (name, life) in lives {
        groups.entry(names.of(&name).to_owned()).or_default().push(life);
    }
    groups
}

/// Things that stand for one name are any of one another: each recorded life wants one like it.
fn lives(what: &str, want: &[Life], got: &[Life]) -> Vec<Difference> {
    let mut left: Vec<&Life> = got.iter().collect();
    let mut differences = Vec::new();
    for life in want {
        let scored =
            left.iter().enumerate().map(|(index, other)| (life_differs(what, life, other), index));
        let Some((found, index)) = scored.min_by_key(|(found, _)| found.len()) else { break };
        left.remove(index);
        differences.extend(found);
    }
    differences
}

fn life_differs(what: &str, want: &Life, got: &Life) -> Vec<Difference> {
    let mut differences = Vec::new();
    let shown = |life: &Life| {
        life.first
            .iter()
            .map(|(at, (field, value))| format!("{at} {field}: {value}"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let set =
        |life: &Life| life.first.iter().map(|(_, fact)| fact.clone()).collect::<BTreeSet<_>>();
    let (wanted, had) = (set(want), set(got));
    if wanted != had {
        let lines = |facts: &mut dyn Iterator<Item = &(String, String)>| {
            facts.map(|(field, value)| format!("{field}: {value}")).collect::<Vec<_>>().join("\n")
        };
        differences.push(Difference {
            what: format!("{what}: states"),
            expected: lines(&mut wanted.difference(&had)),
            got: lines(&mut had.difference(&wanted)),
        });
    }
    for (index, (before, one)) in want.first.iter().enumerate() {
        for (after, other) in &want.first[index + 1..] {
            let (Some(first), Some(second)) = (got.when(one), got.when(other)) else { continue };
            if after - before > SAME_TIME && first > second {
                differences.push(Difference {
                    what: format!("{what}: order"),
                    expected: format!("{}: {}\nbefore {}: {}", one.0, one.1, other.0, other.1),
                    got: shown(got),
                });
                return differences;
            }
        }
    }
    let last = |life: &Life| {
        let fields = life.last.iter().map(|(field, value)| format!("{field}: {}", settled(value)));
        fields.collect::<Vec<_>>().join("\n")
    };
    differences.extend(differ_text(&format!("{what}: at the end"), &last(got), &last(want)));
    differences
}

/// A failing container is in one of two states at any moment, which the moments of its syncs decide.
fn settled(value: &str) -> String {
    let back_off = "waiting ImagePullBackOff: ";
    match value.strip_prefix(back_off).and_then(|rest| rest.split_once(": ErrImagePull: ")) {
        Some((_, error)) => format!("failing: {error}"),
        None => match value.strip_prefix("waiting ErrImagePull: ") {
            Some(error) => format!("failing: {error}"),
            None => value.to_owned(),
        },
    }
}

// Events.

fn events(
    recording: &Recording,
    played: &Outcome,
    recorded: &Names,
    modelled: &Names,
) -> Vec<Difference> {
    // A first sync takes up to a second more or less, so what begins in the last one may be on either side of the end.
    let last_second = recording.recorded_for - 1.0;
    let mut late = BTreeSet::new();
    let mut want: BTreeMap<String, bool> = BTreeMap::new();
    for event in &recording.events {
        let (kind, name) = event.object.split_once('/').unwrap_or_default();
        let line = format!(
            "{kind}/{} {} {} {} {}: {}",
            recorded.of(name),
            event.field_path,
            event.event_type,
            event.component,
            event.reason,
            recorded.text(&event.message)
        );
        if event.first.is_some_and(|first| first >= last_second) {
            late.insert(line.clone());
        }
        *want.entry(line).or_default() |= event.count.is_some_and(|count| count > 1);
    }
    let mut got: BTreeMap<String, bool> = BTreeMap::new();
    for event in &played.events {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let about = &event["involvedObject"];
        let component = event["source"]["component"].as_str().filter(|text| !text.is_empty());
        let component = component.map_or_else(|| text(&event["reportingComponent"]), str::to_owned);
        let line = format!(
            "{}/{} {} {} {component} {}: {}",
            text(&about["kind"]),
            modelled.of(&text(&about["name"])),
            text(&about["fieldPath"]),
            text(&event["type"]),
            text(&event["reason"]),
            modelled.text(&text(&event["message"]))
        );
        let first = event["firstTimestamp"].as_str().and_then(pullpath_shell::unix_seconds);
        if first.is_some_and(|first| {
            seconds(SimTime::from_millis((first - played.epoch) * 1000)) >= last_second.floor()
        }) {
            late.insert(line.clone());
        }
        *got.entry(line).or_default() |= event["count"].as_i64().is_some_and(|count| count > 1);
    }
    for line in late {
        if want.contains_key(&line) != got.contains_key(&line) {
            want.remove(&line);
            got.remove(&line);
        }
    }
    let lines = |events: &BTreeMap<String, bool>, others: &BTreeMap<String, bool>| {
        let own = events.iter().filter(|(line, repeats)| others.get(*line) != Some(repeats));
        let own = own
            .map(|(line, repeats)| format!("{}{line}", if *repeats { "(repeated) " } else { "" }));
        own.collect::<Vec<_>>().join("\n")
    };
    differ_text("events", &lines(&got, &want), &lines(&want, &got)).into_iter().collect()
}

// Workloads.

fn workloads(
    recording: &Recording,
    played: &Outcome,
    recorded: &Names,
    modelled: &Names,
) -> Vec<Difference> {
    let mut want: Vec<(String, Life)> = Vec::new();
    for one in &recording.workloads {
        let json = serde_json::to_value(one).unwrap_or_default();
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let at = json["t"].as_f64().unwrap_or_default();
        let name = format!("{} {}", text("kind"), recorded.of(&text("name")));
        workload(&mut want, at, &name, &json, json["deleted"] == true, recorded);
    }
    let mut got: Vec<(String, Life)> = Vec::new();
    for (at, kind, name, object) in &played.workloads {
        let name = format!("{kind} {}", modelled.of(name));
        let mut status = object["status"].clone();
        if !object["spec"]["replicas"].is_null() {
            status["spec_replicas"] = object["spec"]["replicas"].clone();
        }
        workload(&mut got, seconds(*at), &name, &status, object.is_null(), modelled);
    }
    let (want, got): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (want.into_iter().collect(), got.into_iter().collect());
    let mut differences = Vec::new();
    let names: BTreeSet<&String> = want.keys().chain(got.keys()).collect();
    for name in names {
        match (want.get(name), got.get(name)) {
            (Some(want), Some(got)) => differences.extend(life_differs(name, want, got)),
            (want, got) => differences.push(Difference {
                what: name.clone(),
                expected: want.map_or("not there", |_| "there").to_owned(),
                got: got.map_or("not there", |_| "there").to_owned(),
            }),
        }
    }
    differences
}

/// Conditions by type, as facts with their order; numbers only as they are last, since between two steps of a controller
/// they depend on how fast it is.
fn workload(
    lives: &mut Vec<(String, Life)>,
    at: f64,
    name: &str,
    status: &Value,
    deleted: bool,
    names: &Names,
) {
    let index = lives.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
        lives.push((name.to_owned(), Life::default()));
        lives.len() - 1
    });
    let life = &mut lives[index].1;
    if deleted {
        life.set(at, "deleted", "yes");
        return;
    }
    for condition in status["conditions"].as_array().into_iter().flatten() {
        let text = |key: &str| condition[key].as_str().unwrap_or_default();
        let value =
            format!("{}/{} {}", text("status"), text("reason"), names.text(text("message")));
        life.set(at, &format!("condition {}", text("type")), &value);
    }
    let fields: Vec<String> =
        life.last.keys().filter(|key| !key.starts_with("condition")).cloned().collect();
    for field in fields {
        life.last.remove(&field);
    }
    for (field, value) in status.as_object().into_iter().flatten() {
        let is_place = ["t", "kind", "name", "conditions", "deleted"].contains(&field.as_str());
        if !is_place && value.is_number() && value.as_i64() != Some(0) {
            life.last.insert(field.clone(), value.to_string());
        }
    }
}

// Requests.

/// By repository: which requests, with whose credentials and which answers, in the order of their first appearance.
fn requests(recording: &Recording, played: &Outcome) -> Vec<Difference> {
    let mut want: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // What is requested before the first command is the recorder's own, when it preloads an image.
    let begin = recording.begin();
    for request in recording.registry_requests.iter().filter(|request| request.t >= begin) {
        let (method, url) = request.request.split_once(' ').unwrap_or_default();
        note(&mut want, method, url, &request.auth, request.status);
    }
    let several = several_tags(&want);
    let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pull in &played.pulls {
        for exchange in &pull.exchanges {
            use pullpath_model::pull::SentAuth;
            let auth = match &exchange.auth {
                SentAuth::None => "none".to_owned(),
                SentAuth::Basic(user) => format!("basic {user}"),
                SentAuth::Bearer => "bearer".to_owned(),
                SentAuth::PasswordForm(_) | SentAuth::RefreshForm => continue,
            };
            let url = exchange.url.split_once("://").map_or(exchange.url.as_str(), |(_, url)| url);
            // A host that nobody answers at is not a request that reached a registry.
            if exchange.status != 0 {
                note(&mut got, exchange.method, url, &auth, exchange.status);
            }
        }
    }
    // The recorder looked for the images of its manifests.
    let named = |repository: &String| {
        let path = repository.split_once('/').map_or("", |(_, path)| path);
        let mut manifests = recording.actions.iter().filter_map(|action| action.stdin.as_ref());
        want.contains_key(repository) || manifests.any(|manifest| manifest.contains(path))
    };
    got.retain(|repository, _| named(repository));
    let (want, got) = (apart(want, &several), apart(got, &several));
    let mut differences = Vec::new();
    let repositories: BTreeSet<&String> = want.keys().chain(got.keys()).collect();
    for repository in repositories {
        let lines = |all: &BTreeMap<String, Vec<String>>| {
            all.get(repository).map(|lines| lines.join("\n")).unwrap_or_default()
        };
        differences.extend(differ_text(
            &format!("requests for {repository}"),
            &lines(&got),
            &lines(&want),
        ));
    }
    differences
}

/// The repositories of which several tags were asked for: their pulls run side by side.
fn several_tags(all: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let tags = |lines: &Vec<String>| {
        lines.iter().filter_map(|line| tag(line)).collect::<BTreeSet<_>>().len()
    };
    all.iter()
        .filter(|(_, lines)| tags(lines) > 1)
        .map(|(repository, _)| repository.clone())
        .collect()
}

/// The tag in a line.
fn tag(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("/manifests/")?;
    rest.split(' ').next().filter(|tag| *tag != "<digest>")
}

/// Requests of pulls that run side by side, tag by tag; what asks for a digest has no tag.
fn apart(
    all: BTreeMap<String, Vec<String>>,
    several: &BTreeSet<String>,
) -> BTreeMap<String, Vec<String>> {
    let mut apart: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (repository, lines) in all {
        for line in lines {
            let key = match tag(&line) {
                Some(tag) if several.contains(&repository) => format!("{repository}:{tag}"),
                _ => repository.clone(),
            };
            apart.entry(key).or_default().push(line);
        }
    }
    apart
}

fn note(all: &mut BTreeMap<String, Vec<String>>, method: &str, url: &str, auth: &str, status: u16) {
    // Layers that a node has are not fetched, and which ones it had is not recorded. Token requests by POST are not listed.
    if url.contains("/blobs/") || method == "POST" {
        return;
    }
    let (host, rest) = url.split_once('/').unwrap_or((url, ""));
    let repository = match rest.split_once("scope=repository%3A") {
        Some((_, scope)) => scope.split("%3A").next().unwrap_or_default().replace("%2F", "/"),
        None => rest
            .strip_prefix("v2/")
            .and_then(|path| path.rsplit_once("/manifests/"))
            .map_or_else(String::new, |(path, _)| path.to_owned()),
    };
    // Docker Hub's token server stands beside its registry.
    let registry = if host == "auth.docker.io" { "registry-1.docker.io" } else { host };
    let repository = format!("{registry}/{repository}");
    let mut path = rest.to_owned();
    if let Some((_, digest)) = rest.rsplit_once("/manifests/sha256:") {
        path = rest.replace(&format!("sha256:{digest}"), "<digest>");
    }
    let line = format!("{method} {host}/{path} auth={auth} -> {status}");
    let lines = all.entry(repository).or_default();
    if !lines.contains(&line) {
        lines.push(line);
    }
}

// Attempts.

/// Seconds after the first attempt, from the README: 2nd, 3rd, … for pulls that fail at once.
const BOUNDS: [(f64, f64); 6] =
    [(10.0, 17.0), (32.0, 48.0), (73.0, 103.0), (154.0, 196.0), (317.0, 371.0), (620.0, 685.0)];

/// When a pull had its turn: one that waited in the queue is told when it is queued, and its back-off begins at its end.
fn turn(pull: &super::stage::Pull) -> SimTime {
    const AT_ONCE: Span = Span::seconds(2);
    pull.ended.filter(|ended| ended.since(pull.at) > AT_ONCE).unwrap_or(pull.at)
}

/// Each series of failing attempts keeps inside the published bounds, up to the first action that changes something.
fn attempts(recording: &Recording, played: &Outcome) -> Vec<Difference> {
    let mut series: BTreeMap<(&str, &str), Vec<&super::stage::Pull>> = BTreeMap::new();
    for pull in &played.pulls {
        series.entry((&pull.pod, &pull.image)).or_default().push(pull);
    }
    let mut differences = Vec::new();
    for ((pod, image), pulls) in series {
        let first = seconds(turn(pulls[0]));
        let touched = recording.actions.iter().map(|action| action.t).find(|t| *t > first + 1.0);
        let failing = pulls.iter().take_while(|pull| pull.failed);
        let times = failing
            .map(|pull| seconds(turn(pull)))
            .filter(|at| touched.is_none_or(|touched| *at < touched));
        for ((at, (from, to)), number) in times.skip(1).zip(BOUNDS).zip(2..) {
            let after = at - first;
            if after < from || after > to {
                differences.push(Difference {
                    what: format!("attempt {number} of {pod} for {image}"),
                    expected: format!("{from} to {to} s after the first"),
                    got: format!("{after} s"),
                });
            }
        }
    }
    differences
}

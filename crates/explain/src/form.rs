//! Which of the known forms a text has, by its content, and the forms that are not YAML: `kubectl describe pod`, tables of
//! events or Pods, and bare messages.

use pullpath_lesson::source::Span;

use crate::message;
use crate::object::{Container, EventText, Inventory, PodLike, State};
use crate::source::{Spot, argument};

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// YAML or JSON with objects.
    Objects,
    /// `kubectl describe pod`.
    Describe,
    /// Lines, with or without a head: `kubectl get events`, `kubectl get pods`, or a message.
    Lines,
    /// Nothing at all.
    Empty,
}

/// Recognises a text.
pub(crate) fn of(text: &str) -> Form {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.trim_start();
    if first.is_empty() {
        return Form::Empty;
    }
    if first.starts_with(['{', '['])
        && first[1..].trim_start().starts_with(['"', '{', '}', ']', '\''])
    {
        return Form::Objects;
    }
    let mut lines = text.lines().take(2_000);
    let is_field = |line: &str| {
        let line = line.trim_start_matches(['-', ' ']);
        line.starts_with("apiVersion:")
            || line.starts_with("kind:")
            || line.starts_with("\"apiVersion\"")
    };
    let described = |line: &str| line.starts_with("Name:") || line.starts_with("Namespace:");
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if described(head)
        && text
            .lines()
            .take(400)
            .any(|line| line.trim_end() == "Containers:" || line.starts_with("Events:"))
    {
        return Form::Describe;
    }
    if lines.any(is_field) {
        return Form::Objects;
    }
    Form::Lines
}

/// A line and where it begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// The columns of a table's line, with where they begin: two blanks or a tab part them.
fn columns(line: &str) -> Vec<(usize, &str)> {
    let mut columns = Vec::new();
    let mut start = None;
    let bytes = line.as_bytes();
    for at in 0..=bytes.len() {
        let gap = match bytes.get(at) {
            None | Some(b'\t') => true,
            Some(b' ') => bytes.get(at + 1).is_none_or(|next| matches!(next, b' ' | b'\t')),
            Some(_) => false,
        };
        match (start, gap) {
            (None, false) if bytes[at] != b' ' => start = Some(at),
            (Some(from), true) => {
                columns.push((from, &line[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    columns
}

/// The head of a message that goes on from the line before: containerd puts the registry's words on a line of their own.
fn continues(line: &str) -> bool {
    let words = [
        "denied:",
        "toomanyrequests:",
        "unauthorized:",
        "unknown:",
        "name unknown:",
        "manifest unknown:",
    ];
    words.iter().any(|start| line.trim_start().starts_with(start))
}

/// Reads `kubectl describe pod`, of one Pod or of several.
pub(crate) fn describe(file: usize, text: &str, into: &mut Inventory) {
    let mut reader = Describe {
        file,
        pod: None,
        section: String::new(),
        state: false,
        events_from: into.events.len(),
    };
    for (at, line) in lines(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let at = at + (text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len());
        reader.line(at, line, into);
    }
    reader.finish(into);
}

struct Describe {
    file: usize,
    pod: Option<PodLike>,
    section: String,
    // Inside `State:` of a container.
    state: bool,
    events_from: usize,
}

impl Describe {
    fn finish(&mut self, into: &mut Inventory) {
        let Some(pod) = self.pod.take() else { return };
        for event in &mut into.events[self.events_from..] {
            event.subject = Some((pod.namespace.clone(), pod.name.clone()));
        }
        self.events_from = into.events.len();
        into.objects += 1;
        into.pods.push(pod);
    }

    fn spot(&self, at: usize, line: &str, value: &str) -> Spot {
        let from = at + line.len() - value.len();
        let indent = line.len() - line.trim_start().len();
        let key: Span = at + indent..at + indent;
        Spot::value(self.file, from..at + line.trim_end().len(), Some(key))
    }

    fn line(&mut self, at: usize, line: &str, into: &mut Inventory) {
        let indent = line.len() - line.trim_start().len();
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let (key, value) = (key.trim(), value.trim_start());
        if indent == 0 && !line.is_empty() {
            if key == "Name" {
                self.finish(into);
                self.pod = Some(PodLike {
                    kind: "Pod".into(),
                    namespace: "default".into(),
                    name: value.trim().to_owned(),
                    stored: true,
                    described: true,
                    created: None,
                    node: None,
                    is_mirror: false,
                    account: None,
                    list: Vec::new(),
                    spot: self.spot(at, line, value),
                    containers: Vec::new(),
                    owner: None,
                });
            }
            key.clone_into(&mut self.section);
        }
        let spot = self.spot(at, line, value);
        let file = self.file;
        let Some(pod) = &mut self.pod else { return };
        let kind = match self.section.as_str() {
            "Init Containers" => "init container",
            "Containers" => "container",
            "Ephemeral Containers" => "ephemeral container",
            "Events" => {
                if indent > 0 || continues(line) {
                    event_row(file, at, line, into);
                }
                return;
            }
            _ => {
                let value = value.trim();
                match key {
                    "Namespace" if indent == 0 => value.clone_into(&mut pod.namespace),
                    "Service Account" => pod.account = Some((value.to_owned(), spot)),
                    "Node" if indent == 0 && value != "<none>" => {
                        pod.node = value.split('/').next().map(str::to_owned);
                    }
                    _ => {}
                }
                return;
            }
        };
        match (indent, key) {
            (2, name) if value.is_empty() => {
                self.state = false;
                pod.containers.push(Container {
                    name: name.to_owned(),
                    kind,
                    image: None,
                    policy: None,
                    spot,
                    state: State::Unsaid,
                });
            }
            (4, key) => {
                self.state = key == "State";
                let Some(container) = pod.containers.last_mut() else { return };
                match key {
                    "Image" => container.image = Some((value.trim().to_owned(), spot)),
                    "State" if value.starts_with("Running") || value.starts_with("Terminated") => {
                        container.state = State::Started;
                    }
                    _ => {}
                }
            }
            (6, "Reason") if self.state => {
                if let Some(container) = pod.containers.last_mut()
                    && matches!(container.state, State::Unsaid)
                {
                    container.state =
                        State::Waiting { reason: value.trim().to_owned(), message: None };
                }
            }
            (6, "Message") if self.state => {
                if let Some(container) = pod.containers.last_mut()
                    && let State::Waiting { message, .. } = &mut container.state
                {
                    *message = Some((value.trim().to_owned(), spot));
                }
            }
            _ => {}
        }
    }
}

/// One row of the table below `Events:`.
fn event_row(file: usize, at: usize, line: &str, into: &mut Inventory) {
    let columns = columns(line);
    let is_row = matches!(columns.first(), Some((_, "Normal" | "Warning"))) && columns.len() >= 5;
    if !is_row {
        if let Some(last) = into.events.last_mut().filter(|_| continues(line)) {
            last.message.push('\n');
            last.message.push_str(line.trim());
        }
        return;
    }
    let (from, _) = columns[4];
    let message = line[from..].trim_end();
    let count = columns[2].1.split_once("(x").and_then(|(_, rest)| rest.split(' ').next());
    into.events.push(EventText {
        subject: None,
        message: message.to_owned(),
        spot: Spot::value(file, at + from..at + from + message.len(), None),
        count: count.and_then(|count| count.parse().ok()).unwrap_or(1),
    });
}

/// Reads a table of events or Pods, or bare messages. Says whether there was anything about a pull.
pub(crate) fn read_lines(file: usize, text: &str, namespace: &str, into: &mut Inventory) -> bool {
    let before = into.events.len();
    let bom = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let mut head: Vec<(usize, &str)> = Vec::new();
    let mut joined = false;
    for (at, line) in lines(&text[bom..]) {
        let at = at + bom;
        let all = columns(line);
        let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
        if names.contains(&"MESSAGE") || (names.contains(&"STATUS") && names.contains(&"READY")) {
            head = all;
            continue;
        }
        if continues(line) && joined {
            let last = into.events.last_mut().expect("there was a line to go on from");
            last.message.push('\n');
            last.message.push_str(line.trim());
            continue;
        }
        joined = row(file, at, line, &all, &head, namespace, into);
    }
    if into.events.len() == before && message::is_about_pulls(text) {
        let end = text.floor_char_boundary(text.len().min(400));
        let spot = Spot::value(file, bom..end, None);
        into.events.push(EventText { subject: None, message: text.to_owned(), spot, count: 1 });
    }
    into.events.len() > before || !head.is_empty()
}

/// What stands in a row below a name of the head. kubectl begins a column's cells where its name begins, and a cell may be
/// empty; a table that was pasted has lost that, and its columns are counted.
fn cell<'a>(
    line: &'a str,
    all: &[(usize, &'a str)],
    head: &[(usize, &str)],
    name: &str,
) -> Option<(usize, &'a str)> {
    let index = head.iter().position(|(_, known)| *known == name)?;
    let begins =
        |at: usize| line.is_char_boundary(at) && (at == 0 || line[..at].ends_with([' ', '\t']));
    if head.iter().all(|(at, _)| *at > line.len() || begins(*at)) {
        let from = head[index].0;
        let to = head.get(index + 1).map_or(line.len(), |(next, _)| (*next).min(line.len()));
        let text = line.get(from..to)?;
        let cell = text.trim();
        return (!cell.is_empty()).then(|| (from + text.len() - text.trim_start().len(), cell));
    }
    let (from, cell) = *all.get(index)?;
    if name != "MESSAGE" {
        return Some((from, cell));
    }
    // A message may have gaps of its own: what follows it is counted from the end.
    let behind = head.len() - index - 1;
    let (last, words) = all[index.max(all.len().saturating_sub(behind + 1))];
    Some((from, &line[from..last + words.len()]))
}

fn row(
    file: usize,
    at: usize,
    line: &str,
    all: &[(usize, &str)],
    head: &[(usize, &str)],
    namespace: &str,
    into: &mut Inventory,
) -> bool {
    let column = |name: &str| cell(line, all, head, name);
    let object = column("OBJECT").map(|(_, object)| object).or_else(|| {
        all.iter()
            .map(|(_, column)| *column)
            .find(|column| column.to_ascii_lowercase().starts_with("pod/"))
    });
    let pod = object
        .filter(|object| object.to_ascii_lowercase().starts_with("pod/"))
        .map(|object| &object[4..])
        .or_else(|| column("NAME").map(|(_, name)| name));
    let (from, message) = match column("MESSAGE").or(column("STATUS")) {
        Some(found) => found,
        None => match (object, all.last()) {
            (Some(_), Some((from, last))) => (*from, *last),
            _ => (line.len() - line.trim_start().len(), line.trim()),
        },
    };
    if !message::is_about_pulls(message) {
        return false;
    }
    let inside = column("NAMESPACE").map_or(namespace, |(_, name)| name);
    let count = column("LAST SEEN").and_then(|(_, seen)| seen.split_once("(x"));
    into.events.push(EventText {
        // What is no name was no column.
        subject: pod
            .filter(|pod| argument(pod, "") == *pod && argument(inside, "") == inside)
            .map(|pod| (inside.to_owned(), pod.to_owned())),
        message: message.to_owned(),
        spot: Spot::value(file, at + from..at + from + message.len(), None),
        count: count.and_then(|(_, rest)| rest.split(' ').next()?.parse().ok()).unwrap_or(1),
    });
    true
}

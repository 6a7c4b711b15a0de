//! `explain --message`: from one message to the situations that bring it about, over the model's catalogue, which is the
//! table of `docs/messages.md`. Words that only other programs write are known by the rules of `crate::message`.

use std::fmt::Write as _;

use pullpath_model::catalogue::{self, Possible, releases};
use serde::Serialize;

use crate::message::{self, Facts};

/// What a message means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// Whether anything is known about it.
    pub known: bool,
    /// Its rung on the pull's path, and what the words mean that it is known by.
    pub reading: Option<Reading>,
    /// What brings it about. With several, the message does not tell them apart.
    pub situations: Vec<Situation>,
    /// Its words one by one.
    pub words: Vec<Words>,
    /// Commands to go on with.
    pub next: Vec<String>,
}

/// What a message's words mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The rung, 1 to 8.
    pub rung: u8,
    /// In our words.
    pub meaning: String,
    /// Which program writes so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
}

/// Something that brings a message about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Situation {
    /// As a sentence.
    pub what: &'static str,
    /// At which registries; empty where it makes no difference.
    pub registries: Vec<&'static str>,
    /// With which runtimes; empty where it makes no difference.
    pub runtimes: String,
    /// What to look at next.
    pub next: &'static str,
    /// How it reads with other runtimes.
    pub elsewhere: Vec<Elsewhere>,
}

/// The same situation in other words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// With which runtimes.
    pub runtimes: String,
    /// The text.
    pub text: String,
}

/// Some words of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// As they are written.
    pub words: &'static str,
    /// What they say.
    pub means: &'static str,
}

/// Looks a message up.
pub fn meaning(text: &str, namespace: &str) -> Meaning {
    let catalogue::Meaning { phrases, causes, kubelet } = catalogue::search(text);
    let read = message::read(text, &Facts { namespace, ..Facts::default() });
    let situations: Vec<Situation> = causes.iter().map(situation).collect();
    let words: Vec<Words> =
        phrases.iter().map(|phrase| Words { words: phrase.words, means: phrase.means }).collect();
    let (reading, next) = match read {
        None => (None, Vec::new()),
        Some(read) => {
            let written_by = read.written_by.or_else(|| kubelet.map(str::to_owned));
            (Some(Reading { rung: read.rung, meaning: read.means, written_by }), read.next)
        }
    };
    let known = reading.is_some() || !situations.is_empty() || !words.is_empty();
    Meaning { known, reading, situations, words, next }
}

fn situation(possible: &Possible) -> Situation {
    let elsewhere = possible
        .elsewhere
        .iter()
        .map(|(runtimes, text)| Elsewhere { runtimes: releases(runtimes), text: text.clone() });
    Situation {
        what: possible.what.sentence(),
        registries: possible.kinds.iter().map(|kind| kind.title()).collect(),
        runtimes: match possible.runtimes.is_empty() {
            true => String::new(),
            false => releases(&possible.runtimes),
        },
        next: possible.what.next(),
        elsewhere: elsewhere.collect(),
    }
}

/// The meaning as text.
pub fn render(meaning: &Meaning) -> String {
    let mut out = String::new();
    if !meaning.known {
        return "No message of Kubernetes, containerd, CRI-O, Docker or a registry is known that reads like this.\n"
            .to_owned();
    }
    if let Some(reading) = &meaning.reading {
        let _ = writeln!(out, "It means: {} (rung {})", reading.meaning, reading.rung);
        if let Some(program) = &reading.written_by {
            let _ = writeln!(out, "Written by {program}");
        }
    }
    for (number, one) in meaning.situations.iter().enumerate() {
        if number == 0 {
            let head = match meaning.situations.len() {
                1 => "What brings it about:",
                _ => "What brings it about; the message does not tell these apart:",
            };
            let _ = writeln!(out, "\n{head}");
        }
        let _ = writeln!(out, "\n{}. {}", number + 1, one.what);
        let mut row = |name: &str, text: &str| {
            let _ = writeln!(out, "   {name:<12} {text}");
        };
        if !one.registries.is_empty() {
            row("registries", &one.registries.join(", "));
        }
        if !one.runtimes.is_empty() {
            row("runtimes", &one.runtimes);
        }
        row("check next", one.next);
        for other in &one.elsewhere {
            row("reads with", &format!("{}:", other.runtimes));
            for line in other.text.lines() {
                row("", &format!("  {line}"));
            }
        }
    }
    if !meaning.words.is_empty() {
        out.push_str("\nWord by word:\n\n");
        for Words { words, means } in &meaning.words {
            let _ = writeln!(out, "   {words}\n      {means}");
        }
    }
    if !meaning.next.is_empty() {
        out.push_str("\nTo go on:\n\n");
        for step in &meaning.next {
            let _ = writeln!(out, "   {step}");
        }
    }
    out
}

//! The report as a person reads it on a terminal or in the log of a CI job: the verdict first, then why, then where.

use std::fmt::Write;

use crate::report::{Credential, Finding, Image, Place, Reading, Report, Severity, Verdict};

/// So many images that pull are listed; nobody reads more of them.
const MOST_THAT_PULL: usize = 30;
/// So many images, messages and mistakes are shown.
const MOST_SHOWN: usize = 200;
/// So many Pods of one answer are named.
const MOST_SUBJECTS: usize = 3;

/// The whole report.
pub fn render(report: &Report) -> String {
    let mut out = headline(report);
    out.push('\n');
    for finding in &report.unreadable {
        out.push('\n');
        out.push_str(&draw(finding));
    }
    let troubled: Vec<&Image> =
        report.images.iter().filter(|image| image.verdict != Verdict::Pulls).collect();
    some(&mut out, &troubled, "image", |image| trouble(image));
    some(&mut out, &report.messages, "message", message);
    let pulling: Vec<&Image> =
        report.images.iter().filter(|image| image.verdict == Verdict::Pulls).collect();
    if !pulling.is_empty() {
        out.push('\n');
    }
    for image in pulling.iter().take(MOST_THAT_PULL) {
        let _ = writeln!(out, "PULLS  {}\n  {}: {}", image.image, who(image), image.reason);
    }
    if pulling.len() > MOST_THAT_PULL {
        let more = pulling.len() - MOST_THAT_PULL;
        let _ = writeln!(out, "PULLS  {more} more (`--format json` has them all)");
    }
    some(&mut out, &report.findings, "finding", draw);
    if !report.assumptions.is_empty() {
        out.push_str("\nTaken for granted:\n");
    }
    for assumption in &report.assumptions {
        let _ = writeln!(out, "  - {assumption}");
    }
    out
}

/// As many as anybody reads, and how many there are besides.
fn some<T>(out: &mut String, all: &[T], name: &str, draw: impl Fn(&T) -> String) {
    for one in all.iter().take(MOST_SHOWN) {
        out.push('\n');
        out.push_str(&draw(one));
    }
    if all.len() > MOST_SHOWN {
        let more = number(all.len() - MOST_SHOWN, name);
        let _ = writeln!(out, "\n… and {more} more (`--format json` has them all)");
    }
}

/// The verdict in one line.
pub fn headline(report: &Report) -> String {
    let [not, unknown, pulls] = [Verdict::WillNotPull, Verdict::Unknown, Verdict::Pulls]
        .map(|verdict| report.count(verdict));
    let mut parts = Vec::new();
    let all = report.images.len();
    for (count, word) in [(not, "will not pull"), (unknown, "unknown"), (pulls, "pull")] {
        let word = if word == "pull" && count == 1 { "pulls" } else { word };
        match count {
            0 => {}
            count if count == all => parts.push(format!("{} {word}", number(all, "image"))),
            count if parts.is_empty() => {
                parts.push(format!("{count} of {} {word}", number(all, "image")));
            }
            count => parts.push(format!("{count} {word}")),
        }
    }
    match report.messages.len() {
        0 => {}
        1 => parts.push("1 message of a failed pull".into()),
        count => parts.push(format!("{count} messages of failed pulls")),
    }
    if parts.is_empty() && report.unreadable.is_empty() {
        parts.push("no image and no message of a failed pull in the input".into());
    }
    let of =
        |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    for (count, name) in [(of(Severity::Error), "mistake"), (of(Severity::Warning), "warning")] {
        if count > 0 {
            parts.push(number(count, name));
        }
    }
    if !report.unreadable.is_empty() {
        let files = report.unreadable.iter().map(|finding| &finding.place.file);
        let files: std::collections::BTreeSet<_> = files.collect();
        parts.push(format!("{} could not be read", number(files.len(), "input")));
    }
    format!("{} (at {})", parts.join(", "), report.now)
}

fn number(count: usize, name: &str) -> String {
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// Whose image it is.
fn who(image: &Image) -> String {
    let mut who = image.subjects.iter().take(MOST_SUBJECTS).cloned().collect::<Vec<_>>().join(", ");
    if image.subjects.len() > MOST_SUBJECTS {
        let _ = write!(who, " and {} more", image.subjects.len() - MOST_SUBJECTS);
    }
    format!("{who}, {} `{}`", image.container_kind, image.container)
}

fn trouble(image: &Image) -> String {
    let mut out = format!("{}  {}\n", image.verdict.words().to_uppercase(), image.image);
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<11} {text}");
    };
    row("whose", &who(image));
    row("why", &image.reason);
    if let Some(unless) = &image.unless {
        row("unless", unless);
    }
    if let Some(seen) = &image.seen {
        row("seen", &seen.words);
        if !image.reason.contains(&seen.meaning) {
            row("", &seen.meaning);
        }
    }
    if image.normalized.is_some() {
        let policy = image.policy.as_ref().map_or(String::new(), |policy| {
            format!(
                ", policy {}{}",
                policy.name,
                if policy.defaulted { " (by default)" } else { "" }
            )
        });
        let registry = image.registry.unwrap_or_default();
        row(
            "image",
            &format!("{} on {registry}{policy}", image.normalized.as_deref().unwrap_or_default()),
        );
        row("pull list", &image.list);
        for (number, credential) in image.credentials.iter().enumerate() {
            row(if number == 0 { "credentials" } else { "" }, &credential_line(number, credential));
        }
        if !image.node.is_empty() {
            row("node", &image.node);
        }
    }
    if let Some(settle) = &image.settle {
        row("settle with", settle);
    } else if let Some(seen) =
        image.seen.as_ref().filter(|seen| image.reason.contains(&seen.meaning))
    {
        for (number, step) in seen.next.iter().enumerate() {
            row(if number == 0 { "next" } else { "" }, step);
        }
    }
    row("at", &at(&image.place));
    out
}

fn credential_line(number: usize, credential: &Credential) -> String {
    let key = credential.key.as_ref().map(|key| format!(", entry `{key}`")).unwrap_or_default();
    let login = credential.login.map(|login| format!(" ({login})")).unwrap_or_default();
    format!("{}. {}{key}{login}: {}", number + 1, credential.source, credential.note)
}

fn message(reading: &Reading) -> String {
    let count = if reading.count > 1 { format!(" (x{})", reading.count) } else { String::new() };
    let subject = reading.subject.as_deref().unwrap_or("an image");
    let mut out = format!("FAILED  {subject}{count}\n");
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<11} {text}");
    };
    row("says", &reading.words);
    row("means", &format!("rung {}: {}", reading.rung, reading.meaning));
    if let Some(program) = &reading.written_by {
        row("written by", program);
    }
    for (number, step) in reading.next.iter().enumerate() {
        row(if number == 0 { "next" } else { "" }, step);
    }
    row("at", &at(&reading.place));
    out
}

fn at(place: &Place) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}

fn draw(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut out =
        format!("{severity}[{}]: {}\n --> {}\n", finding.code, finding.message, at(&finding.place));
    if let Some(quote) = &finding.place.quote {
        let (before, width) = (quote.before as usize, quote.width as usize);
        let _ =
            writeln!(out, "  | {}\n  | {}{}", quote.line, " ".repeat(before), "^".repeat(width));
    }
    if !finding.hint.is_empty() {
        let _ = writeln!(out, "  = hint: {}", finding.hint);
    }
    out
}

//! What was found, for people and for machines.

use std::fmt::Write as _;
use std::io::Write;

use pullpath_lesson::diagnostic::{Diagnostic, Severity, one_of};
use pullpath_lesson::source::position;
use serde_json::{Value, json};

use super::super::Failure;
use super::{Kind, Subject, counted};
use crate::cli::xml::escape;

/// How it is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
    Sarif,
    Junit,
}

const FORMATS: [(&str, Format); 4] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("sarif", Format::Sarif),
    ("junit", Format::Junit),
];

impl Format {
    pub(super) fn of(name: &str) -> Result<Self, Failure> {
        let found = FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
        let known = one_of(&FORMATS.map(|(name, _)| name));
        found
            .ok_or_else(|| Failure(format!("there is no format `{name}`\n  = hint: write {known}")))
    }
}

/// What is said of subjects as soon as they are checked.
pub(super) fn said(subjects: &[Subject], out: &mut dyn Write) -> Result<(), Failure> {
    for subject in subjects {
        for found in &subject.found {
            writeln!(out, "{}", found.draw(&subject.texts))?;
        }
        if !subject.has_errors() {
            writeln!(out, "ok {}{}", subject.path, subject.proved)?;
        }
    }
    Ok(())
}

/// What is said when everything is checked: the sums, or the whole report of another format.
pub(super) fn end(
    subjects: &[Subject],
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match format {
        Format::Text => writeln!(out, "{}", sums(subjects))?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&as_json(subjects))?)?,
        Format::Sarif => writeln!(out, "{}", serde_json::to_string_pretty(&as_sarif(subjects))?)?,
        Format::Junit => write!(out, "{}", as_junit(subjects))?,
    }
    Ok(())
}

fn number(subjects: &[Subject], kind: Kind) -> u32 {
    subjects.iter().filter(|subject| subject.kind == kind).count() as u32
}

fn found(subjects: &[Subject], severity: Severity) -> u32 {
    let all = subjects.iter().flat_map(|subject| &subject.found);
    all.filter(|found| found.severity == severity).count() as u32
}

fn sums(subjects: &[Subject]) -> String {
    let mut sums = format!(
        "{}, {}, {} checked: {}, {}",
        counted(number(subjects, Kind::Scenario), "scenario"),
        counted(number(subjects, Kind::Lesson), "lesson"),
        match number(subjects, Kind::Quiz) {
            1 => "1 quiz".to_owned(),
            number => format!("{number} quizzes"),
        },
        counted(found(subjects, Severity::Error), "error"),
        counted(found(subjects, Severity::Warning), "warning"),
    );
    match found(subjects, Severity::Note) {
        0 => {}
        notes => sums += &format!(", {}", counted(notes, "note")),
    }
    sums
}

fn as_json(subjects: &[Subject]) -> Value {
    let subject = |subject: &Subject| {
        let told = |found: &Diagnostic| {
            let problem = found.problem(&subject.texts);
            json!({
                "severity": found.severity.name(),
                "code": found.code,
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "end_line": problem.end_line,
                "end_column": problem.end_column,
                "message": found.message,
                "hint": found.hint,
            })
        };
        json!({
            "kind": subject.kind.name(),
            "path": subject.path,
            "ok": !subject.has_errors(),
            "proved": subject.proved.trim_start_matches(": "),
            "found": subject.found.iter().map(told).collect::<Vec<_>>(),
        })
    };
    json!({
        "format": 1,
        "subjects": subjects.iter().map(subject).collect::<Vec<_>>(),
        "errors": found(subjects, Severity::Error),
        "warnings": found(subjects, Severity::Warning),
        "notes": found(subjects, Severity::Note),
    })
}

/// SARIF 2.1.0, which code hosts show beside the lines of a change.
fn as_sarif(subjects: &[Subject]) -> Value {
    let all = || subjects.iter().flat_map(|of| of.found.iter().map(move |found| (of, found)));
    let mut rules: Vec<&str> = all().map(|(_, found)| found.code).collect();
    rules.sort_unstable();
    rules.dedup();
    let result = |(subject, found): (&Subject, &Diagnostic)| {
        let place = found.problem(&subject.texts);
        let hint = found.hint.as_ref().map(|hint| format!(". Hint: {hint}")).unwrap_or_default();
        json!({
            "ruleId": found.code,
            "level": found.severity.name(),
            "message": { "text": format!("{}{hint}", found.message) },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": pullpath_explain::sarif::uri(&place.file) },
                "region": {
                    "startLine": place.line,
                    "startColumn": place.column,
                    "endLine": place.end_line,
                    "endColumn": place.end_column,
                },
            } }],
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pullpath",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| json!({ "id": code })).collect::<Vec<_>>(),
            } },
            "columnKind": "utf16CodeUnits",
            "results": all().map(result).collect::<Vec<_>>(),
        }],
    })
}

/// JUnit's XML: a case for each subject, which fails for its errors.
fn as_junit(subjects: &[Subject]) -> String {
    let failures = subjects.iter().filter(|subject| subject.has_errors()).count();
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pullpath\">\n",
    );
    let _ = writeln!(
        xml,
        "  <testsuite name=\"pullpath check\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">",
        subjects.len()
    );
    for subject in subjects {
        let (class, name) = (subject.kind.name(), escape(&subject.path));
        let _ = write!(xml, "    <testcase classname=\"{class}\" name=\"{name}\"");
        let drawn: Vec<String> =
            subject.found.iter().map(|found| found.draw(&subject.texts)).collect();
        let drawn = escape(&drawn.join("\n"));
        let first = subject.found.iter().find(|found| found.severity == Severity::Error);
        let inside = match first {
            Some(first) => {
                let at = position(
                    subject.texts.get(&first.file).map_or("", String::as_str),
                    first.span.start,
                );
                let message =
                    format!("{}:{}:{}: {}", first.file, at.line, at.column, first.message);
                format!(
                    "<failure message=\"{}\" type=\"{}\">{drawn}</failure>",
                    escape(&message),
                    first.code
                )
            }
            None if subject.found.is_empty() => {
                xml.push_str("/>\n");
                continue;
            }
            None => format!("<system-out>{drawn}</system-out>"),
        };
        let _ = writeln!(xml, ">\n      {inside}\n    </testcase>");
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

//! Rows as people and other programs read them.

mod gradescope;
mod junit;

use std::fmt::Write as _;

use pullpath_lesson::hand_in::ENGINE;
use serde_json::json;

use super::super::{Failure, Output};
use super::learner::Rules;
use super::record::{Check, Item, Outcome, Row, Summary};

/// How the report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One document.
    Json,
    /// One row a line; what `--resume` keeps.
    Ndjson,
    /// For continuous integration.
    Junit,
    /// For spreadsheets.
    Csv,
    /// `results.json` of one submission.
    Gradescope,
}

impl Format {
    const ALL: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("json", Self::Json),
        ("ndjson", Self::Ndjson),
        ("junit", Self::Junit),
        ("csv", Self::Csv),
        ("gradescope", Self::Gradescope),
    ];

    pub(super) fn named(name: &str) -> Result<Self, Failure> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, format)| *format).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            let known = pullpath_lesson::diagnostic::one_of(&names);
            Failure(format!("there is no format `{name}`\n  = hint: write {known}"))
        })
    }
}

/// Prints the report.
pub(super) fn print(
    rows: &[Row],
    rules: &Rules<'_>,
    format: Format,
    summary: bool,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let summary = summary.then(|| Summary::of(rows));
    let text = match format {
        Format::Text => text(rows, summary.as_ref()),
        Format::Json => {
            let report = json!({
                "format": 1,
                "engine": ENGINE,
                "seed": rules.seed,
                "items": rules.items.iter().map(|(kind, id)| json!({ "kind": kind, "id": id })).collect::<Vec<_>>(),
                "results": rows,
                "summary": summary,
            });
            serde_json::to_string_pretty(&report)? + "\n"
        }
        Format::Ndjson => {
            let mut lines = String::new();
            for row in rows {
                let _ = writeln!(lines, "{}", serde_json::to_string(row)?);
            }
            if let Some(summary) = summary {
                let _ =
                    writeln!(lines, "{}", serde_json::to_string(&json!({ "summary": summary }))?);
            }
            lines
        }
        Format::Junit => junit::report(rows),
        Format::Csv => csv(rows),
        Format::Gradescope => gradescope::report(rows)?,
    };
    write!(output.out, "{text}")?;
    Ok(())
}

// ---- text -------------------------------------------------------------------------------------------------------

fn text(rows: &[Row], summary: Option<&Summary>) -> String {
    let mut text = String::new();
    for row in rows {
        let points = match row.outcome {
            Outcome::Pass | Outcome::Fail => {
                format!(", {} of {} points", row.points, row.max_points)
            }
            Outcome::Error | Outcome::Missing => String::new(),
        };
        let _ = writeln!(text, "{}: {}{points}", row.label(), row.outcome.words());
        for problem in &row.problems {
            let _ = writeln!(text, "  {}", problem.draw().replace('\n', "\n  "));
        }
        if row.files.is_empty() {
            continue;
        }
        for item in &row.items {
            item_text(item, &mut text);
        }
    }
    if let Some(summary) = summary {
        summary_text(summary, &mut text);
    }
    text
}

fn item_text(item: &Item, text: &mut String) {
    let _ = write!(text, "  {}: {}", item.id, item.outcome.words());
    if matches!(item.outcome, Outcome::Pass | Outcome::Fail) {
        let _ = write!(text, ", {} of {} points", item.points, item.max_points);
    }
    if item.attempts > 1 {
        let _ = write!(text, " (the best of {} attempts)", item.attempts);
    }
    if !item.same_as.is_empty() {
        let _ = write!(text, ", the same actions as {}", item.same_as.join(", "));
    }
    text.push('\n');
    for check in &item.checks {
        check_text(check, text);
    }
}

fn check_text(check: &Check, text: &mut String) {
    let word = if check.outcome == Outcome::Pass { "met   " } else { "missed" };
    let _ = writeln!(text, "    {word} {}", check.title);
    let mut line = |words: &str| {
        if !words.is_empty() {
            let _ = writeln!(text, "           {}", words.replace('\n', "\n           "));
        }
    };
    if let Some(world) = check.world {
        line(&format!("in world {world}: pullpath run SCENARIO --replay HAND-IN --world {world}"));
    }
    line(check.object.as_deref().unwrap_or_default());
    line(check.event.as_deref().unwrap_or_default());
    line(&check.said);
}

fn summary_text(summary: &Summary, text: &mut String) {
    let Summary { learners, passed, not_passed, errors, missing, items } = summary;
    let _ = writeln!(
        text,
        "\n{learners} learners: {passed} passed, {not_passed} did not, {missing} missing, {errors} could not be graded"
    );
    for item in items {
        let _ = writeln!(text, "  {}: {} of {} passed", item.id, item.passed, item.graded);
        for check in &item.checks {
            let _ = writeln!(text, "    {}: {} of {} failed", check.id, check.failed, check.graded);
            for (drawn, count) in &check.drew {
                let _ = writeln!(text, "      {count} {drawn}");
            }
        }
    }
}

// ---- csv --------------------------------------------------------------------------------------------------------

fn csv(rows: &[Row]) -> String {
    let mut text = String::from("number,name,outcome,points,max_points,percent");
    // Every row has the same items; the checks of those that were graded.
    let mut columns: Vec<(String, String)> = Vec::new();
    for item in rows.iter().flat_map(|row| &row.items) {
        for check in &item.checks {
            let column = (item.id.clone(), check.id.clone());
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    columns.sort();
    for (item, check) in &columns {
        let _ = write!(text, ",{item}/{check}");
    }
    text.push_str(",same_as,files,problems\n");
    for row in rows {
        let points = |(id, check): &(String, String)| {
            let items = row.items.iter().filter(|item| item.id == *id);
            let check = items.flat_map(|item| &item.checks).find(|known| known.id == *check);
            check.map(|check| check.points.to_string()).unwrap_or_default()
        };
        let same: Vec<&str> =
            row.items.iter().flat_map(|item| &item.same_as).map(String::as_str).collect();
        let problems: Vec<&str> = row.problems.iter().map(|told| told.code.as_str()).collect();
        let percent = (row.points * 100).checked_div(row.max_points).unwrap_or(0);
        let mut cells = vec![
            row.learner.number.clone(),
            row.learner.name.clone(),
            row.outcome.words().to_owned(),
            row.points.to_string(),
            row.max_points.to_string(),
            percent.to_string(),
        ];
        cells.extend(columns.iter().map(points));
        cells.extend([same.join(" "), row.files.join(" "), problems.join(" ")]);
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// A cell. What a spreadsheet would take for a formula is made a text: names come from other people.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// What a check says besides its outcome.
fn evidence(check: &Check) -> String {
    let world = check.world.map(|world| format!("in world {world}"));
    let parts = [world, check.object.clone(), check.event.clone(), Some(check.said.clone())];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        assert_eq!(cell("Ada"), "Ada");
        assert_eq!(cell("Lovelace, \"A\""), "\"Lovelace, \"\"A\"\"\"");
        assert_eq!(cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(cell("a\nb"), "\"a\nb\"");
    }
}

//! JUnit's XML: a suite for each learner, a case for each check.

use std::fmt::Write as _;

use super::super::record::{Outcome, Problem, Row};
use super::evidence;
use crate::cli::xml::escape;

/// The report.
pub(super) fn report(rows: &[Row]) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pullpath\">\n",
    );
    for row in rows {
        suite(row, &mut xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(row: &Row, xml: &mut String) {
    let checks =
        || row.items.iter().flat_map(|item| item.checks.iter().map(move |check| (item, check)));
    let failures = checks().filter(|(_, check)| check.outcome != Outcome::Pass).count();
    let broken = matches!(row.outcome, Outcome::Error | Outcome::Missing);
    let tests = checks().count() + usize::from(broken);
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{}\">",
        escape(&row.label()),
        u32::from(broken)
    );
    for (item, check) in checks() {
        let _ = write!(
            xml,
            "    <testcase classname=\"{}\" name=\"{}\"",
            escape(&item.id),
            escape(&check.title)
        );
        if check.outcome == Outcome::Pass {
            xml.push_str("/>\n");
        } else {
            let message = check.feedback.as_deref().unwrap_or("missed");
            let _ = writeln!(
                xml,
                ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                escape(message),
                escape(&evidence(check))
            );
        }
    }
    if broken {
        let told: Vec<String> = row.problems.iter().map(Problem::draw).collect();
        let _ = writeln!(
            xml,
            "    <testcase classname=\"hand-in\" name=\"can be graded\">\n      <error message=\"{}\">{}</error>\n    </testcase>",
            row.outcome.words(),
            escape(&told.join("\n"))
        );
    }
    xml.push_str("  </testsuite>\n");
}

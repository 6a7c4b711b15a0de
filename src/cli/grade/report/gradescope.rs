//! `results.json` as Gradescope's autograder takes it: `score`, and one test for each check.

use serde_json::{Value, json};

use super::super::super::Failure;
use super::super::record::{Check, Item, Outcome, Row};
use super::evidence;

/// The report on one submission.
pub(super) fn report(rows: &[Row]) -> Result<String, Failure> {
    let [row] = rows else {
        return Err(Failure(format!(
            "Gradescope grades one submission at a time, and here are {} learners\n  = hint: name one hand-in, or take --format csv",
            rows.len()
        )));
    };
    let mut tests: Vec<Value> = row
        .items
        .iter()
        .flat_map(|item| item.checks.iter().map(move |check| test(item, check)))
        .collect();
    let failed_to_grade = matches!(row.outcome, Outcome::Error | Outcome::Missing);
    if failed_to_grade {
        // The learner reads a neutral sentence, the instructor what happened (as otter-grader does).
        let told: Vec<String> =
            row.problems.iter().map(super::super::record::Problem::draw).collect();
        let failed = |name: &str, output: &str, visibility: &str| json!({ "name": name, "score": 0, "max_score": 0, "status": "failed", "output": output, "visibility": visibility });
        tests.push(failed(
            "Grading",
            "The hand-in could not be graded. Please tell your instructor.",
            "visible",
        ));
        tests.push(failed("What happened", &told.join("\n"), "hidden"));
    }
    let score = if failed_to_grade { 0 } else { row.points };
    let report = json!({ "score": score, "visibility": "visible", "tests": tests });
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn test(item: &Item, check: &Check) -> Value {
    json!({
        "name": format!("{}: {}", item.id, check.title),
        "score": check.points,
        "max_score": check.max_points,
        "status": if check.outcome == Outcome::Pass { "passed" } else { "failed" },
        "output": evidence(check),
        "visibility": if check.hidden { "hidden" } else { "visible" },
    })
}

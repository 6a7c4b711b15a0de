//! The report as SARIF 2.1.0, which code hosts show beside the lines of a change.

use serde_json::{Value, json};

use crate::report::{Finding, Place, Report, Severity, Verdict};

/// The whole report. `version` is that of the program.
pub fn render(report: &Report, version: &str) -> Value {
    let mut rules: Vec<&str> = Vec::new();
    let mut results = Vec::new();
    for finding in report.unreadable.iter().chain(&report.findings) {
        rules.push(finding.code);
        results.push(result(finding.code, level(finding), &told(finding), &finding.place));
    }
    for image in &report.images {
        let (code, level) = match image.verdict {
            Verdict::WillNotPull => ("will-not-pull", "error"),
            Verdict::Unknown => ("pull-unknown", "note"),
            Verdict::Pulls => continue,
        };
        rules.push(code);
        let whose = image.subjects.first().map_or("", String::as_str);
        let unless =
            image.unless.as_ref().map(|unless| format!(", unless {unless}")).unwrap_or_default();
        let settle = image
            .settle
            .as_ref()
            .map(|command| format!(" Settle it with: {command}"))
            .unwrap_or_default();
        let text = format!(
            "{} ({whose}) {}: {}{unless}.{settle}",
            image.image,
            image.verdict.words(),
            image.reason
        );
        results.push(result(code, level, &text, &image.place));
    }
    for reading in &report.messages {
        rules.push("pull-failed");
        let text = format!("{}: {}", reading.words, reading.meaning);
        results.push(result("pull-failed", "error", &text, &reading.place));
    }
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(|code| json!({ "id": code })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "pullpath", "version": version, "rules": rules } },
            "columnKind": "utf16CodeUnits",
            "invocations": [{
                "executionSuccessful": report.unreadable.is_empty(),
                "properties": { "now": report.now },
            }],
            "results": results,
        }],
    })
}

fn level(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn told(finding: &Finding) -> String {
    if finding.hint.is_empty() {
        return finding.message.clone();
    }
    format!("{}. Hint: {}", finding.message, finding.hint)
}

fn result(code: &str, level: &str, text: &str, place: &Place) -> Value {
    json!({
        "ruleId": code,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file) },
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        } }],
    })
}

/// A path as a relative URI: slashes, and everything that is no plain letter of a path escaped.
pub fn uri(path: &str) -> String {
    let mut uri = String::new();
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(byte as char);
            }
            // A drive's letter.
            b':' if uri.len() == 1 => {
                uri.insert_str(0, "file:///");
                uri.push(':');
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    if uri.starts_with('/') { format!("file://{uri}") } else { uri }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        for (path, want) in [
            ("deploy/pod.yaml", "deploy/pod.yaml"),
            ("./deploy/my pod.yaml", "deploy/my%20pod.yaml"),
            ("deploy\\pod.yaml", "deploy/pod.yaml"),
            ("C:\\Users\\Ärmel\\pod.yaml", "file:///C:/Users/%C3%84rmel/pod.yaml"),
            ("/srv/pod.yaml", "file:///srv/pod.yaml"),
            ("-", "-"),
        ] {
            assert_eq!(uri(path), want, "{path}");
        }
    }
}

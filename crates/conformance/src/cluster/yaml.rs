//! Manifests inside recordings, read as kubectl does: YAML to JSON, with the words of Go's parser.

use pullpath_shell::YamlError;
use serde_json::Value;

/// Reads one document.
pub(super) fn read(document: &str) -> Result<Value, YamlError> {
    let value: serde_yaml::Value =
        serde_yaml::from_str(document).map_err(|error| worded(&error))?;
    serde_json::to_value(value).map_err(|error| YamlError(error.to_string()))
}

/// This parser and Go's are ports of one library: the problem has the same words, without the context that this one
/// adds. Go counts lines from zero where the parser stumbles, and from one where the scanner does (goyaml.v2 yaml.go
/// parser.fail).
fn worded(error: &serde_yaml::Error) -> YamlError {
    let text = error.to_string();
    let problem = text.split(" at line ").next().unwrap_or(&text);
    let from_zero = usize::from(problem.starts_with("did not find expected"));
    match error.location().map(|location| location.line().saturating_sub(from_zero)) {
        None | Some(0) => YamlError(problem.to_owned()),
        Some(line) => YamlError(format!("line {line}: {problem}")),
    }
}

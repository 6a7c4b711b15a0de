//! Policy documents: the JSON that IAM keeps and people write.

use serde_json::Value;

use super::{Effect, Statement};

/// The statements of a policy document; nothing if it is none, which IAM refuses (`MalformedPolicyDocument`).
///
/// What this model cannot judge, a statement with `Condition`, `NotAction`, `NotResource` or `NotPrincipal`, is read
/// and has no effect.
///
/// ```
/// use pullpath_model::cloud::statements_of;
/// let document = r#"{"Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}}"#;
/// assert_eq!(statements_of(document).unwrap()[0].actions, ["ecr:*"]);
/// assert_eq!(statements_of("{"), None);
/// ```
pub fn statements_of(document: &str) -> Option<Vec<Statement>> {
    let document: Value = serde_json::from_str(document).ok()?;
    let list = match document.get("Statement")? {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    let mut statements = Vec::new();
    for value in list {
        let statement = value.as_object()?;
        let effect = match statement.get("Effect")?.as_str()? {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            _ => return None,
        };
        let unjudged = ["Condition", "NotAction", "NotResource", "NotPrincipal"];
        if unjudged.iter().any(|key| statement.contains_key(*key)) {
            continue;
        }
        let texts = |key| statement.get(key).map(texts).unwrap_or_default();
        let principals = match statement.get("Principal") {
            Some(Value::Object(by_kind)) => by_kind.get("AWS").map(self::texts).unwrap_or_default(),
            Some(everybody) => self::texts(everybody),
            None => Vec::new(),
        };
        let (actions, resources) = (texts("Action"), texts("Resource"));
        statements.push(Statement { effect, principals, actions, resources });
    }
    Some(statements)
}

/// A text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

//! Policy documents: the JSON that IAM keeps and people write.

use serde_json::Value;

use super::{Effect, Roles, Statement};
use crate::message::cloud as words;

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

/// The statements of a repository's policy, or why ECR does not take it: it is none, it names a resource (it is about the
/// repository and nothing else), or it names somebody who is not there.
pub fn repository_statements(
    document: &str,
    roles: &Roles,
) -> Result<Vec<Statement>, &'static str> {
    let statements = statements_of(document).ok_or(words::POLICY_INVALID)?;
    let whole = |one: &Statement| {
        one.resources.is_empty() && !one.actions.is_empty() && !one.principals.is_empty()
    };
    if !statements.iter().all(whole) {
        return Err(words::POLICY_INVALID);
    }
    for principal in statements.iter().flat_map(|one| &one.principals) {
        match roles.knows(principal) {
            Some(true) => {}
            Some(false) => return Err(words::PRINCIPAL_NOT_FOUND),
            None => return Err(words::POLICY_INVALID),
        }
    }
    Ok(statements)
}

/// A text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

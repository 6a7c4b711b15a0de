//! What names, labels and keys may look like.
//! *Source: apimachinery pkg/util/validation/validation.go, pkg/api/validate/content.*

use crate::object::Kind;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// A rule says what is wrong with a text.
pub(super) type Rule = fn(&str) -> Vec<String>;

/// The rule for names of a kind.
pub(super) const fn rule_of(kind: Kind) -> Rule {
    match kind {
        Kind::Namespace | Kind::StatefulSet => label,
        Kind::CronJob => cron_job,
        Kind::ServiceAccount
        | Kind::Secret
        | Kind::Role
        | Kind::Deployment
        | Kind::ReplicaSet
        | Kind::Pod
        | Kind::Node
        | Kind::Event
        | Kind::ConfigMap
        | Kind::DaemonSet
        | Kind::Job
        | Kind::Repository => subdomain,
        // Some of them, Roles for one, take anything that fits into a path; none is stricter.
        Kind::Stored(_) => path_segment,
    }
}

fn cron_job(name: &str) -> Vec<String> {
    let mut faults = subdomain(name);
    // Its Jobs add eleven characters.
    if name.len() > 52 {
        faults.push("must be no more than 52 characters".into());
    }
    faults
}

fn path_segment(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if matches!(name, "." | "..") {
        faults.push(format!("may not be '{name}'"));
    }
    for part in ["/", "%"] {
        if name.contains(part) {
            faults.push(format!("may not contain '{part}'"));
        }
    }
    faults
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edge = |byte: &u8| *byte != b'-';
    let bytes = text.as_bytes();
    bytes.iter().copied().all(inner)
        && bytes.first().is_some_and(edge)
        && bytes.last().is_some_and(edge)
}

fn too_long(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("must be no more than {most} bytes"))
}

/// An RFC 1123 label.
pub(super) fn label(text: &str) -> Vec<String> {
    let wrong = || {
        // Where the text would do as a subdomain, it is the dots that are wrong.
        if text.split('.').all(is_label) { "must not contain dots".into() } else { LABEL.into() }
    };
    too_long(text, 63).into_iter().chain((!is_label(text)).then(wrong)).collect()
}

/// An RFC 1123 subdomain.
pub(super) fn subdomain(text: &str) -> Vec<String> {
    let wrong = || SUBDOMAIN.to_owned();
    let right = text.split('.').all(is_label);
    too_long(text, 253).into_iter().chain((!right).then(wrong)).collect()
}

fn is_qualified_name(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// The key of a label or an annotation: `example.com/MyName`.
pub(super) fn qualified(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = match text.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        ["", name] => {
            faults.push("prefix part must be non-empty".into());
            name
        }
        [prefix, name] => {
            faults.extend(subdomain(prefix).into_iter().map(|why| format!("prefix part {why}")));
            name
        }
        _ => {
            return vec![format!(
                "a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".into());
    }
    faults.extend(too_long(name, 63).map(|why| format!("name part {why}")));
    if !is_qualified_name(name) {
        faults.push(format!("name part {QUALIFIED}"));
    }
    faults
}

/// The value of a label.
pub fn label_value(text: &str) -> Vec<String> {
    let right = text.is_empty() || is_qualified_name(text);
    let wrong = || LABEL_VALUE.to_owned();
    too_long(text, 63).into_iter().chain((!right).then(wrong)).collect()
}

/// A key of a Secret or a ConfigMap.
pub fn config_key(text: &str) -> Vec<String> {
    let mut faults: Vec<String> = too_long(text, 253).into_iter().collect();
    let character = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if text.is_empty() || !text.bytes().all(character) {
        faults.push(CONFIG_KEY.into());
    }
    match text {
        "." => faults.push("must not be '.'".into()),
        ".." => faults.push("must not be '..'".into()),
        _ if text.starts_with("..") => faults.push("must not start with '..'".into()),
        _ => {}
    }
    faults
}

/// The name of a port.
pub(super) fn port(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, why: &str| {
        if wrong {
            faults.push(why.to_owned());
        }
    };
    let bytes = text.as_bytes();
    fault(text.len() > 15, "must be no more than 15 bytes");
    let character = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    fault(
        !bytes.iter().all(character),
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    );
    fault(!bytes.iter().any(u8::is_ascii_lowercase), "must contain at least one letter (a-z)");
    fault(text.contains("--"), "must not contain consecutive hyphens");
    fault(text.starts_with('-') || text.ends_with('-'), "must not begin or end with a hyphen");
    faults
}

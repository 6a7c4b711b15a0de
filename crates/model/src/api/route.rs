//! Paths: which collection, object or subresource a request is about.

use crate::object::Kind;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The kind of the objects.
    pub kind: Kind,
    /// The namespace; empty for cluster-wide kinds, and for a namespaced kind across all namespaces.
    pub namespace: String,
    /// The object's name; empty for a collection.
    pub name: String,
    /// `status`, `scale`, `ephemeralcontainers`, …; empty for the object itself.
    pub subresource: String,
}

impl Target {
    /// Reads a path. `None` where nothing is served.
    pub fn parse(path: &str) -> Option<Self> {
        let mut steps = path.trim_start_matches('/').trim_end_matches('/').split('/');
        let api_version = match steps.next()? {
            "api" => steps.next()?.to_owned(),
            "apis" => format!("{}/{}", steps.next()?, steps.next()?),
            _ => return None,
        };
        let rest: Vec<&str> = steps.collect();
        let (namespace, rest) = match rest.as_slice() {
            // `/api/v1/namespaces/x` is the namespace itself, anything behind it is inside.
            ["namespaces", namespace, plural, rest @ ..]
                if !matches!(*plural, "status" | "finalize") =>
            {
                (*namespace, [&[*plural], rest].concat())
            }
            rest => ("", rest.to_vec()),
        };
        let (plural, name, subresource) = match rest.as_slice() {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, subresource] => (*plural, *name, *subresource),
            _ => return None,
        };
        let kind = Kind::of_plural(&api_version, plural)?;
        // A namespaced object is only reached through its namespace, a cluster-wide one never.
        if kind.namespaced() == namespace.is_empty() && !(namespace.is_empty() && name.is_empty()) {
            return None;
        }
        Some(Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        })
    }
}

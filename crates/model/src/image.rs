//! Image references, normalized.

/// An image name with its registry host and tag filled in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageRef {
    // Invariant: `host` and `path` are never empty; at least one of `tag` and `digest` is there.
    host: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageRef {
    /// The registry's host, with its port if there is one: `docker.io`.
    pub fn host(&self) -> &str {
        &self.host
    }
    /// The repository within the registry: `library/nginx`.
    pub fn path(&self) -> &str {
        &self.path
    }
    /// The tag; `latest` where neither tag nor digest was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
    /// `sha256:…`, if written.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
    /// The name credentials are looked up with (P15): host and path, no tag.
    pub fn lookup_name(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }
}

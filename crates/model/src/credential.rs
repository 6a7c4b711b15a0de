//! Secrets that do not print themselves, and what a pull logs in with.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Text that must not end up in a log, a snapshot or a panic. `Debug` shows only its length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretText(Arc<str>);

impl SecretText {
    /// Wraps a text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one who needs it: a registry that compares, a tool that really prints it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// For maps that are asked by a text; `Arc<str>` orders as its text does.
impl Borrow<str> for SecretText {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Default for SecretText {
    fn default() -> Self {
        Self("".into())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}

/// What a registry is offered: one entry of an `auths` map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Login {
    /// The user name; may be empty.
    pub username: String,
    /// The password or token; may be empty.
    pub password: SecretText,
    /// Ignored by registries, but part of the kubelet's hash of a credential (P46).
    pub email: String,
}

/// A user name and a password on their way to a registry. `Debug` shows the name only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Basic<'a> {
    /// The user name; empty beside an identity token.
    pub user: &'a str,
    /// The password or token.
    pub secret: &'a str,
}

impl fmt::Debug for Basic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Basic({}, {} bytes)", self.user, self.secret.len())
    }
}

/// Where a credential came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A Secret named in the Pod's `imagePullSecrets`.
    Secret { namespace: String, name: String, uid: String },
    /// The node's own docker config file (P35).
    NodeConfig,
    /// A credential provider plugin of the node (P50), by its name.
    Provider { name: String },
    /// A plugin that was given a token of the Pod's ServiceAccount (P54): its answer is that account's.
    ServiceAccount { provider: String, namespace: String, name: String, uid: String },
}

//! When a container's image is pulled.

use std::fmt;

use crate::go::quote;
use crate::image::ImageRef;

/// A container's `imagePullPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PullPolicy {
    /// Ask the registry at every start.
    Always,
    /// Pull what is not there or not this Pod's to use.
    IfNotPresent,
    /// Use what is there.
    Never,
}

impl PullPolicy {
    /// All of them, in the order in which the API server lists them.
    pub const ALL: [Self; 3] = [Self::Always, Self::IfNotPresent, Self::Never];

    /// As it stands in a manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }

    /// The policy of that name; case counts.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

/// P2: what a container without a policy gets (pkg/apis/core/v1/defaults.go SetDefaults_Container).
pub fn default_for(image: &str) -> PullPolicy {
    // An image that does not parse has no tag, and so not the tag `latest`.
    match image.parse::<ImageRef>() {
        Ok(image) if image.tag() == Some("latest") => PullPolicy::Always,
        _ => PullPolicy::IfNotPresent,
    }
}

/// A policy that does not exist (P6), as the API server says it behind the field's path and a colon
/// (pkg/apis/core/validation/validation.go validatePullPolicy).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported(String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = PullPolicy::ALL.map(|policy| quote(policy.name())).join(", ");
        write!(f, "Unsupported value: {}: supported values: {known}", quote(&self.0))
    }
}

/// The policy a container of a created Pod ends up with: P2, then P3 if AlwaysPullImages is on, then P6.
pub fn admit(
    declared: Option<&str>,
    image: &str,
    always_pull_images: bool,
) -> Result<PullPolicy, Unsupported> {
    match declared.filter(|name| !name.is_empty()) {
        _ if always_pull_images => Ok(PullPolicy::Always),
        None => Ok(default_for(image)),
        Some(name) => PullPolicy::from_name(name).ok_or_else(|| Unsupported(name.to_owned())),
    }
}

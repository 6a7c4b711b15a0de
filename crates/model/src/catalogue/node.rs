//! What the kubelet itself says about a pull, before and beside what the runtime says.

use std::collections::BTreeMap;

use crate::docker_config::{self, Parsed};
use crate::message::kubelet as words;

/// What the kubelet says something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Saying {
    /// A named Secret does not exist (P10).
    MissingSecret,
    /// The image's name is none (P16).
    InvalidName,
    /// The runtime cannot say whether the image is there (P18).
    InspectFailed,
    /// Policy `Never`, and no image for this Pod (P19, P21).
    NeverAndAbsent,
    /// More pulls than the node's limit (P27).
    Throttled,
    /// An `auth` field is not base64 (P29).
    NotBase64,
    /// An `auth` field has no colon in it (P29).
    NoColon,
    /// A Secret's value is no JSON (P29).
    NotJson,
    /// A pull is held back (P23).
    HeldBack,
    /// A pull failed; the cause stands elsewhere (P24).
    Failed,
}

impl Saying {
    /// All of them. The last two say nothing of a cause.
    pub const ALL: [Self; 10] = [
        Self::MissingSecret,
        Self::InvalidName,
        Self::InspectFailed,
        Self::NeverAndAbsent,
        Self::Throttled,
        Self::NotBase64,
        Self::NoColon,
        Self::NotJson,
        Self::HeldBack,
        Self::Failed,
    ];

    /// Whether it only says that something failed, and not what.
    pub const fn hides_the_cause(self) -> bool {
        matches!(self, Self::HeldBack | Self::Failed)
    }

    /// What is the matter, as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::MissingSecret => {
                "A Secret that the Pod names does not exist in its namespace. The pull goes on without it."
            }
            Self::InvalidName => {
                "The image's name is no image name. Nothing was asked of any registry."
            }
            Self::InspectFailed => "The node's runtime could not say whether it has the image.",
            Self::NeverAndAbsent => {
                "The pull policy is `Never`, and the node has no copy of the image that this Pod may use."
            }
            Self::Throttled => {
                "The node had begun as many pulls as its limit allows. The registry was not asked."
            }
            Self::NotBase64 => {
                "A pull secret of the Pod has an `auth` that is not base64. That ends the look-up for every image of the Pod."
            }
            Self::NoColon => {
                "A pull secret of the Pod has an `auth` without a colon in it. That ends the look-up for every image of the Pod."
            }
            Self::NotJson => {
                "A pull secret of the Pod is not the JSON that it should be. That ends the look-up for every image of the Pod."
            }
            Self::HeldBack => {
                "A pull failed before, and the node waits before it tries again, up to five minutes."
            }
            Self::Failed => "A pull failed. Why, another event says.",
        }
    }

    /// What to look at next.
    pub const fn next(self) -> &'static str {
        match self {
            Self::MissingSecret => {
                "The name, and the namespace: a Secret of another one does not count. Created later, it is found at the next try."
            }
            Self::InvalidName => {
                "HOST/PATH:TAG, all in lower case, without `https://` and without blanks."
            }
            Self::InspectFailed => "The container runtime of the node.",
            Self::NeverAndAbsent => {
                "The policy; then, on the node, `crictl images`. From Kubernetes 1.35 on a copy that was pulled with a Secret is not for Pods without it."
            }
            Self::Throttled => {
                "It passes by itself. Else: `registryPullQPS` and `registryBurst` of the kubelet."
            }
            Self::NotBase64 | Self::NoColon => {
                "`auth` is base64 of `user:password`; write `username` and `password` instead, and it is made for you."
            }
            Self::NotJson => {
                "What the Secret holds: `kubectl get secret NAME -o jsonpath='{.data.\\.dockerconfigjson}' | base64 -d`."
            }
            Self::HeldBack | Self::Failed => {
                "The event `Failed to pull image …` before it: `kubectl events --for pod/POD`."
            }
        }
    }

    /// Its texts, one for each place that it is written to.
    pub fn texts(self) -> Vec<String> {
        const IMAGE: &str = "registry.example.com/team/app:1.0";
        let secret = |config: &str| {
            let data = BTreeMap::from([(".dockerconfigjson".to_owned(), config.into())]);
            match docker_config::parse("kubernetes.io/dockerconfigjson", &data) {
                Parsed::Undecodable(error) => vec![error],
                Parsed::Ignored { .. } | Parsed::Entries(_) => Vec::new(),
            }
        };
        let auth = |auth: &str| secret(&format!(r#"{{"auths":{{"a":{{"auth":"{auth}"}}}}}}"#));
        match self {
            Self::MissingSecret => vec![words::missing_secrets(&["regcred"])],
            Self::InvalidName => {
                let error = |name: &str| match crate::image::ImageRef::parse(name) {
                    Err(error) => vec![words::invalid_name(
                        name,
                        &format!("couldn't parse image name \"{name}\": {error}"),
                    )],
                    Ok(_) => Vec::new(),
                };
                [error("Team/App"), error("https://app")].concat()
            }
            Self::InspectFailed => vec![words::inspect_failed("")],
            Self::NeverAndAbsent => vec![words::never(IMAGE)],
            Self::Throttled => vec![words::PULL_QPS_EXCEEDED.to_owned()],
            Self::NotBase64 => auth("%"),
            // base64 of `alice`.
            Self::NoColon => auth("YWxpY2U="),
            Self::NotJson => [secret("{"), secret("[]"), secret("x")].concat(),
            Self::HeldBack => vec![
                words::back_off(IMAGE),
                words::error(words::IMAGE_PULL_BACK_OFF),
                words::IMAGE_PULL_BACK_OFF.to_owned(),
            ],
            Self::Failed => {
                vec![words::error(words::ERR_IMAGE_PULL), words::ERR_IMAGE_PULL.to_owned()]
            }
        }
    }
}

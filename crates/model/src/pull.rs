//! One `PullImage` call to the container runtime: what is asked, what went over the wire, and what came of it.

use crate::credential::Login;
use crate::image::ImageRef;
use crate::time::SimTime;
use crate::world::Version;

/// What the kubelet asks of the runtime.
#[derive(Debug, Clone)]
pub struct PullRequest<'a> {
    /// The image, normalised.
    pub image: &'a ImageRef,
    /// The credential, if there is one.
    pub login: Option<&'a Login>,
    /// When.
    pub now: SimTime,
    /// The runtime's version.
    pub containerd: Version,
}

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullTrace {
    /// The HTTP exchanges in order.
    pub exchanges: Vec<Exchange>,
    /// What came of it.
    pub outcome: PullOutcome,
}

/// What came of a pull. A pull that fails is a result of the model, never an `Err`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullOutcome {
    /// The image is in the node's store.
    Pulled {
        /// `sha256:…`
        digest: String,
        /// Compressed size.
        bytes: u64,
    },
    /// It is not.
    Failed {
        /// Why, for the ladder and the grader.
        cause: Refusal,
        /// The text as the kubelet prints it behind `Failed to pull image "…": ` (P26, R41).
        message: String,
    },
}

/// Why a registry did not give an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No usable credential was offered and one was asked for.
    NoCredentials,
    /// The token is past its lifetime.
    TokenExpired,
    /// The registry does not know the token, or it is of another region.
    TokenInvalid,
    /// The user name or password is wrong.
    LoginRefused,
    /// The identity may not pull this.
    NotAuthorized,
    /// No such repository or tag.
    NotFound,
    /// The host has no registry that answers.
    Unreachable,
}

/// One HTTP request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// `HEAD`, `GET`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// The user of the `Authorization: Basic` header, if one was sent.
    pub basic_user: Option<String>,
    /// `401`.
    pub status: u16,
    /// A challenge, or the error code and message of the body.
    pub note: String,
}

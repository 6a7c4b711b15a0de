//! What containerd says about a pull, release by release, and how the kubelet prints it.
//!
//! *Source: rules R20 to R41; containerd core/remotes/docker (resolver.go, pusher.go, errcode.go, fetcher.go) and
//! internal/cri/server/images/image_pull.go of the tags named there; 1.6.20, 1.7.24, 2.1.9 and 2.3.4 measured.*

use std::fmt;

use crate::image::ImageRef;
use crate::message::registry::status_text;
use crate::registry::{ErrorBody, Target};
use crate::world::Version;

/// Which wording a node's containerd uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The release.
    pub containerd: Version,
    /// Whether images are pulled by the CRI plugin itself (`use_local_image_pull`, R22), as they always were before
    /// the transfer service.
    pub local_pull: bool,
}

impl Dialect {
    /// The wording of a release in its default configuration: from 2.1 on the transfer service pulls (R21).
    pub fn of(containerd: Version) -> Self {
        Self { containerd, local_pull: containerd < Version::new(2, 1, 0) }
    }

    /// Whether a HEAD that ends in 403 is followed by a GET, for the sake of its error body (R24, E9).
    pub fn asks_again_on_forbidden(self) -> bool {
        self.containerd >= Version::new(2, 3, 3)
    }

    /// How many requests for one URL are made in all while it answers 401 (R9). Measured for 2.1.9 (6) and 2.3.4 (5);
    /// v2.3.2 is the first tag whose core/remotes/docker/resolver.go has `maxAttempts`, and 2.2 did not take it over.
    pub fn attempts(self) -> u32 {
        if self.containerd >= Version::new(2, 3, 2) { 5 } else { 6 }
    }

    fn names_request_on_head(self) -> bool {
        self.containerd >= Version::new(1, 6, 25)
    }

    fn names_request_on_get(self) -> bool {
        self.containerd >= Version::new(2, 1, 3)
    }

    fn explains_missing_login(self) -> bool {
        match self.containerd {
            Version { major: 1, minor: 7, patch } => patch >= 8,
            version => version >= Version::new(1, 6, 25),
        }
    }
}

/// The normalised name of an image as containerd prints it: a tag beside a digest is left out (R20, cluster-recording
/// section 4).
#[derive(Debug, Clone, Copy)]
pub struct ImageName<'a>(pub &'a ImageRef);

impl fmt::Display for ImageName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.host(), self.0.path())?;
        match (self.0.digest(), self.0.tag()) {
            (Some(digest), _) => write!(f, "@{digest}"),
            (None, Some(tag)) => write!(f, ":{tag}"),
            (None, None) => Ok(()),
        }
    }
}

/// A URL of a registry's API.
#[derive(Debug, Clone, Copy)]
pub struct Url<'a> {
    /// Where the registry is reached, with its port if there is one.
    pub host: &'a str,
    /// The repository.
    pub repository: &'a str,
    /// What of it.
    pub target: Target<'a>,
}

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}/v2/{}/{}", self.host, self.repository, self.target)
    }
}

/// A pull that failed.
#[derive(Debug, Clone, Copy)]
pub struct PullError<'a> {
    /// Who says it.
    pub dialect: Dialect,
    /// Which image.
    pub image: &'a ImageRef,
    /// The URL at which it ended.
    pub url: Url<'a>,
    /// How.
    pub fault: Fault<'a>,
}

/// How a pull failed.
#[derive(Debug, Clone, Copy)]
pub enum Fault<'a> {
    /// The name server knows no such host (R29).
    NoSuchHost { dns: &'a str },
    /// Nobody listens at the address that stands in the place of a name (R29).
    ConnectionRefused { address: &'a str },
    /// The registry asked for a login, and there is none that can be sent (R3, R26).
    NoLogin,
    /// An answer to the HEAD that resolves the name, with the error of a GET that came after it, if any (R24).
    Resolve { status: u16, error: Option<&'a ErrorBody> },
    /// An answer to a GET of content (R23, R24).
    Fetch { status: u16, error: Option<&'a ErrorBody> },
    /// 404 (R27).
    NotFound,
}

/// A gRPC status code that a pull can end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// For 404 (R40).
    NotFound,
    /// For nearly all else, 401 and 403 included.
    Unknown,
}

impl Code {
    /// As gRPC prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::Unknown => "Unknown",
        }
    }
}

impl PullError<'_> {
    /// The code it is reported with (R40).
    pub const fn code(&self) -> Code {
        match self.fault {
            Fault::NotFound => Code::NotFound,
            Fault::NoSuchHost { .. }
            | Fault::ConnectionRefused { .. }
            | Fault::NoLogin
            | Fault::Resolve { .. }
            | Fault::Fetch { .. } => Code::Unknown,
        }
    }

    /// The text as kubelets since 1.28 print it: `Unknown` loses its prefix, other codes keep it (P26, R41:
    /// kubernetes staging/src/k8s.io/cri-client/pkg/remote_image.go).
    pub fn for_kubelet(&self) -> String {
        match self.code() {
            Code::Unknown => self.to_string(),
            code @ Code::NotFound => format!("rpc error: code = {} desc = {self}", code.name()),
        }
    }

    /// What went wrong, without the stage it went wrong in.
    fn write_cause(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url;
        match self.fault {
            Fault::NoSuchHost { dns } => {
                let name = url.host.split(':').next().unwrap_or_default();
                write!(
                    f,
                    "failed to do request: Head \"{url}\": dial tcp: lookup {name} on {dns}:53: no such host"
                )
            }
            Fault::ConnectionRefused { address } => write!(
                f,
                "failed to do request: Head \"{url}\": dial tcp {address}: connect: connection refused"
            ),
            Fault::NoLogin if self.dialect.explains_missing_login() => f.write_str(
                "pull access denied, repository does not exist or may require authorization: \
                 authorization failed: no basic auth credentials",
            ),
            Fault::NoLogin => self.write_head_status(f, 401, None),
            Fault::Resolve { status, error } => self.write_head_status(f, status, error),
            Fault::Fetch { status, error } => self.write_get_status(f, status, error),
            Fault::NotFound => write!(f, "{}: not found", ImageName(self.image)),
        }
    }

    /// Up to 1.6.24 a failed HEAD was reported without its URL (R24).
    fn write_head_status(
        &self,
        f: &mut fmt::Formatter<'_>,
        status: u16,
        error: Option<&ErrorBody>,
    ) -> fmt::Result {
        let (url, text) = (self.url, status_text(status));
        if self.dialect.names_request_on_head() {
            write!(f, "unexpected status from HEAD request to {url}: {status} {text}")?;
        } else {
            let (kind, reference) = match url.target {
                Target::Manifest(reference) => ("manifests", reference),
                Target::Blob(digest) => ("blobs", digest),
            };
            write!(
                f,
                "pulling from host {} failed with status code [{kind} {reference}]: {status} {text}",
                url.host
            )?;
        }
        error.map_or(Ok(()), |error| write!(f, "\n{error}"))
    }

    /// From 2.1.3 on a failed GET is reported like a HEAD, the error on a line of its own (R24).
    fn write_get_status(
        &self,
        f: &mut fmt::Formatter<'_>,
        status: u16,
        error: Option<&ErrorBody>,
    ) -> fmt::Result {
        let (url, text) = (self.url, status_text(status));
        let separator = if self.dialect.names_request_on_get() {
            write!(f, "unexpected status from GET request to {url}: {status} {text}")?;
            "\n"
        } else {
            write!(f, "unexpected status code {url}: {status} {text}")?;
            " - Server message: "
        };
        error.map_or(Ok(()), |error| write!(f, "{separator}{error}"))
    }
}

/// The description of the gRPC status.
impl fmt::Display for PullError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let image = ImageName(self.image);
        write!(f, "failed to pull and unpack image \"{image}\": ")?;
        match self.fault {
            Fault::Fetch { .. } => f.write_str("failed to copy: httpReadSeeker: failed open: ")?,
            Fault::NoSuchHost { .. }
            | Fault::ConnectionRefused { .. }
            | Fault::NoLogin
            | Fault::Resolve { .. }
            | Fault::NotFound => {
                if self.dialect.local_pull {
                    write!(f, "failed to resolve reference \"{image}\": ")?;
                } else {
                    f.write_str("failed to resolve image: ")?;
                }
            }
        }
        self.write_cause(f)
    }
}

/// The code in lower case with blanks, then the message (R24: containerd core/remotes/docker/errcode.go).
impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.to_ascii_lowercase().replace('_', " ");
        write!(f, "{code}: {}", self.message)
    }
}

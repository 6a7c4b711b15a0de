//! What containerd says about a pull, release by release, and how the kubelet prints it.
//!
//! *Source: rules R20 to R41; containerd core/remotes/docker (resolver.go, pusher.go, errcode.go, fetcher.go) and
//! internal/cri/server/images/image_pull.go of the tags named there; 1.6.20, 1.7.24, 2.1.9 and 2.3.4 measured.*

use std::fmt;

use crate::image::ImageRef;
use crate::message::registry::status_text;
use crate::registry::{ErrorBody, Method, Target};
use crate::runtime::auth::AuthError;
use crate::world::{NodeSpec, Version};

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
    /// The wording of a node: from 2.1 on the transfer service pulls, unless the node is told otherwise (R21, R22).
    pub fn of(node: &NodeSpec) -> Self {
        let containerd = node.containerd;
        Self { containerd, local_pull: node.local_pull || containerd < Version::new(2, 1, 0) }
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

    /// Whether 500, 503 and 504 are asked once more (R9).
    pub fn retries_failures(self) -> bool {
        self.containerd >= Version::new(2, 1, 0)
    }

    /// Whether a Basic challenge without a login is an error of its own (R26).
    pub fn explains_missing_login(self) -> bool {
        match self.containerd {
            Version { major: 1, minor: 7, patch } => patch >= 8,
            version => version >= Version::new(1, 6, 25),
        }
    }

    fn names_request_on_head(self) -> bool {
        self.containerd >= Version::new(1, 6, 25)
    }

    fn names_request_on_get(self) -> bool {
        self.containerd >= Version::new(2, 1, 3)
    }

    /// Whether a connection that times out has a code of its own (R40: measured for 1.7.24 and 2.3.4; not for 1.6.20 and
    /// 2.1.9).
    fn has_deadline_code(self) -> bool {
        match self.containerd {
            Version { major: 1, minor, .. } => minor >= 7,
            version => version >= Version::new(2, 3, 0),
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
    /// Whether it is plain HTTP.
    pub plain: bool,
    /// Where the registry is reached, with its port if there is one.
    pub host: &'a str,
    /// The repository.
    pub repository: &'a str,
    /// What of it.
    pub target: Target<'a>,
    /// The registry in whose place a mirror is asked.
    pub stands_for: Option<&'a str>,
}

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.plain { "http" } else { "https" };
        write!(f, "{scheme}://{}/v2/{}/{}", self.host, self.repository, self.target)?;
        self.stands_for.map_or(Ok(()), |registry| write!(f, "?ns={registry}"))
    }
}

/// A pull that failed.
#[derive(Debug, Clone, Copy)]
pub struct PullError<'a> {
    /// Who says it.
    pub dialect: Dialect,
    /// Which image.
    pub image: &'a ImageRef,
    /// In which part of the pull.
    pub stage: Stage,
    /// How.
    pub fault: &'a Fault,
}

/// The part of a pull that failed (R21, R23).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding out what the name stands for.
    Resolve,
    /// Getting what it stands for.
    Fetch,
    /// Choosing and unpacking.
    Unpack,
}

/// How a pull failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A request met no server (R29); `deadline` if it timed out.
    Request { method: Method, url: String, error: String, deadline: bool },
    /// There was no token to be had (R25).
    Token { anonymous: bool, method: Method, url: String, problem: TokenProblem },
    /// The registry asked for a login, and there is none that can be sent (R3, R26).
    NoLogin,
    /// The registry said why a token is not enough (R26).
    ServerMessage(&'static str),
    /// The credential cannot be read (R33).
    Unreadable { host: String, error: AuthError },
    /// An answer that was not hoped for, with its error if it had one (R24). `target` is the end of the URL.
    Status { url: String, host: String, target: String, status: u16, error: Option<ErrorBody> },
    /// 404 (R27).
    NotFound,
    /// A blob that the registry does not have (R31).
    BlobMissing { digest: String, media_type: &'static str },
    /// An index without the node's platform (R30).
    NoPlatform { index: String },
    /// The registry's `hosts.toml` cannot be used.
    HostsFile(String),
    /// No host may be asked (resolver.go, fetcher.go).
    NoHosts,
    /// A layer that is not what its digest says (R31).
    LayerCorrupt { digest: String, actual: String },
}

/// Why there was no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenProblem {
    /// The token server refused.
    Status(u16),
    /// It was not reached.
    Request { error: String, deadline: bool },
}

/// A gRPC status code that a pull can end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// For 404 (R40).
    NotFound,
    /// For a damaged layer.
    FailedPrecondition,
    /// For a connection that timed out, in some releases.
    DeadlineExceeded,
    /// For nearly all else, 401 and 403 included.
    Unknown,
}

impl Code {
    /// As gRPC prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::FailedPrecondition => "FailedPrecondition",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::Unknown => "Unknown",
        }
    }
}

/// A status as a kubelet prints it: since 1.28 `Unknown` loses its prefix, other codes keep it (P26, R41: kubernetes
/// staging/src/k8s.io/cri-client/pkg/remote_image.go, PR 117612).
pub fn for_kubelet(code: Code, description: &str, kubelet: Version) -> String {
    if code == Code::Unknown && kubelet >= Version::new(1, 28, 0) {
        return description.to_owned();
    }
    format!("rpc error: code = {} desc = {description}", code.name())
}

impl PullError<'_> {
    /// The code it is reported with (R40).
    pub fn code(&self) -> Code {
        match self.fault {
            Fault::NotFound
            | Fault::BlobMissing { .. }
            | Fault::NoPlatform { .. }
            | Fault::NoHosts => Code::NotFound,
            Fault::LayerCorrupt { .. } => Code::FailedPrecondition,
            Fault::Request { deadline: true, .. }
            | Fault::Token { problem: TokenProblem::Request { deadline: true, .. }, .. }
                if self.dialect.has_deadline_code() =>
            {
                Code::DeadlineExceeded
            }
            Fault::Request { .. }
            | Fault::Token { .. }
            | Fault::NoLogin
            | Fault::HostsFile(_)
            | Fault::ServerMessage(_)
            | Fault::Unreadable { .. }
            | Fault::Status { .. } => Code::Unknown,
        }
    }

    /// What went wrong, without the stage it went wrong in.
    fn write_cause(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Fault::Request { method, url, error, .. } => {
                write!(f, "failed to do request: {} \"{url}\": {error}", method.in_errors())
            }
            Fault::Token { anonymous, method, url, problem } => {
                let kind = if *anonymous { "anonymous" } else { "oauth" };
                write!(f, "failed to authorize: failed to fetch {kind} token: ")?;
                match problem {
                    TokenProblem::Request { error, .. } => {
                        write!(f, "{} \"{url}\": {error}", method.in_errors())
                    }
                    TokenProblem::Status(status) => {
                        f.write_str("unexpected status")?;
                        if self.dialect.names_request_on_head() {
                            write!(f, " from {} request to {url}", method.name())?;
                        }
                        write!(f, ": {status} {}", status_text(*status))
                    }
                }
            }
            Fault::NoLogin => {
                self.write_denied(f)?;
                f.write_str("authorization failed: no basic auth credentials")
            }
            Fault::ServerMessage(error) => {
                self.write_denied(f)?;
                write!(f, "server message: {error}: authorization failed")
            }
            Fault::Unreadable { host, error } => {
                if !self.dialect.local_pull {
                    write!(f, "failed to get credentials for \"{host}\": ")?;
                }
                write!(f, "{error}")
            }
            Fault::Status { url, host, target, status, error } => match self.stage {
                Stage::Resolve => {
                    self.write_head_status(f, (url, host, target), *status, error.as_ref())
                }
                Stage::Fetch | Stage::Unpack => {
                    self.write_get_status(f, url, *status, error.as_ref())
                }
            },
            Fault::NotFound => write!(f, "{}: not found", ImageName(self.image)),
            Fault::HostsFile(error) => f.write_str(error),
            Fault::NoHosts => {
                let what = if self.stage == Stage::Resolve { "resolve" } else { "pull" };
                write!(f, "no {what} hosts: not found")
            }
            Fault::BlobMissing { digest, media_type } => write!(
                f,
                "could not fetch content descriptor {digest} ({media_type}) from remote: not found"
            ),
            Fault::NoPlatform { index } => {
                f.write_str("no match for platform in manifest")?;
                if !self.dialect.local_pull {
                    write!(f, " {index}")?;
                }
                f.write_str(": not found")
            }
            Fault::LayerCorrupt { digest, actual } => write!(
                f,
                "failed commit on ref \"layer-{digest}\": unexpected commit digest {actual}, expected {digest}: \
                 failed precondition"
            ),
        }
    }

    /// R26; only resolving says so (resolver.go `Resolve`).
    fn write_denied(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage {
            Stage::Resolve => f.write_str(
                "pull access denied, repository does not exist or may require authorization: ",
            ),
            Stage::Fetch | Stage::Unpack => Ok(()),
        }
    }

    /// Up to 1.6.24 a failed HEAD was reported without its URL (R24).
    fn write_head_status(
        &self,
        f: &mut fmt::Formatter<'_>,
        (url, host, target): (&str, &str, &str),
        status: u16,
        error: Option<&ErrorBody>,
    ) -> fmt::Result {
        let text = status_text(status);
        if self.dialect.names_request_on_head() {
            write!(f, "unexpected status from HEAD request to {url}: {status} {text}")?;
        } else {
            let target = target.replacen('/', " ", 1);
            write!(
                f,
                "pulling from host {host} failed with status code [{target}]: {status} {text}"
            )?;
        }
        error.map_or(Ok(()), |error| write!(f, "\n{error}"))
    }

    /// From 2.1.3 on a failed GET is reported like a HEAD, the error on a line of its own (R24).
    fn write_get_status(
        &self,
        f: &mut fmt::Formatter<'_>,
        url: &str,
        status: u16,
        error: Option<&ErrorBody>,
    ) -> fmt::Result {
        let text = status_text(status);
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
        if matches!(self.fault, Fault::NoPlatform { .. }) && !self.dialect.local_pull {
            f.write_str("get image config descriptor: ")?;
            return self.write_cause(f);
        }
        write!(f, "failed to pull and unpack image \"{image}\": ")?;
        match self.stage {
            Stage::Fetch if matches!(self.fault, Fault::NoHosts) => {
                f.write_str("failed to copy: ")?;
            }
            Stage::Fetch => f.write_str("failed to copy: httpReadSeeker: failed open: ")?,
            Stage::Unpack => {}
            Stage::Resolve if self.dialect.local_pull => {
                write!(f, "failed to resolve reference \"{image}\": ")?;
            }
            Stage::Resolve => f.write_str("failed to resolve image: ")?,
        }
        self.write_cause(f)
    }
}

/// The codes that containerd knows, with the text that goes without saying (core/remotes/docker/errdesc.go).
const ERROR_CODES: [(&str, &str); 6] = [
    ("UNKNOWN", "unknown error"),
    ("UNSUPPORTED", "The operation is unsupported."),
    ("UNAUTHORIZED", super::registry::UNAUTHORIZED),
    ("DENIED", super::registry::DENIED),
    ("UNAVAILABLE", "service unavailable"),
    ("TOOMANYREQUESTS", "too many requests"),
];

/// The code in lower case, then the message if it says more (R24: core/remotes/docker/errcode.go `UnmarshalJSON`).
impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = ERROR_CODES.iter().find(|(code, _)| *code == self.code);
        let (code, standard) = known.unwrap_or(&ERROR_CODES[0]);
        f.write_str(&code.to_ascii_lowercase())?;
        if self.message.is_empty() || self.message == *standard {
            return Ok(());
        }
        write!(f, ": {}", self.message)
    }
}

/// What Go says about a name that is not resolved (net `DNSError`).
pub fn lookup(name: &str, server: &str, why: &str) -> String {
    format!("dial tcp: lookup {name} on {server}:53: {why}")
}

/// Why, when the name server does not answer.
pub fn silent(client: &str, server: &str) -> String {
    format!("read udp {client}->{server}:53: i/o timeout")
}

/// What Go says about a connection that is not made (net `OpError`).
pub fn connect(address: &str, why: &str) -> String {
    format!("dial tcp {address}: connect: {why}")
}

/// The same when nothing came back.
pub fn connect_timeout(address: &str) -> String {
    format!("dial tcp {address}: i/o timeout")
}

/// What Go says about a certificate it does not accept. The first words came with Go 1.20, which 1.6 was not built with
/// up to 1.6.20 (R29); the boundary in between is the model's choice.
pub fn certificate(containerd: Version, why: &str) -> String {
    let step = if containerd > Version::new(1, 6, 20) {
        "tls: failed to verify certificate: "
    } else {
        ""
    };
    format!("{step}x509: {why}")
}

/// What Go says where no TLS server is (crypto/tls `RecordHeaderError`).
pub const NOT_TLS: &str = "tls: first record does not look like a TLS handshake";

/// containerd's log about a `hosts.toml` that it passes over (core/remotes/docker/config/hosts.go `loadHostDir`).
pub fn hosts_not_decoded(directory: &str, file: &str, why: &str) -> String {
    format!("failed to decode {directory}/{file}: {why}")
}

/// A host's URL that is none (same file, `parseHostConfig`).
pub fn hosts_bad_server(server: &str, why: &str) -> String {
    format!("unable to parse server {server}: {why}")
}

/// A value of another type than a field of a `hosts.toml` has (go-toml v2 unmarshaler.go `typeMismatchString`).
pub fn toml_type(field: &str, wanted: &str) -> String {
    format!(
        "toml: cannot decode TOML value into struct field config.hostFileConfig.{field} of type {wanted}"
    )
}

/// An authority's certificate that is not where a `hosts.toml` says (same file, `updateTLSConfigFromHost`).
pub fn no_ca_file(quoted: &str, path: &str) -> String {
    format!("unable to read CA cert {quoted}: open {path}: no such file or directory")
}

/// A file that holds no certificate (same place).
pub fn bad_ca_file(quoted: &str) -> String {
    format!("unable to load CA cert {quoted}")
}

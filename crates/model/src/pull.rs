//! One `PullImage` call to the container runtime: what is asked, what went over the wire, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::cloud::Roles;
use crate::credential::Login;
use crate::image::ImageRef;
use crate::time::{SimTime, Span};
use crate::token::Mint;
use crate::world::{NodeSpec, Version, World};

/// What is outside the cluster as far as a pull meets it.
#[derive(Debug)]
pub struct Outside<'a> {
    /// The registries.
    pub world: &'a World,
    /// The tokens they know.
    pub mint: &'a Mint,
    /// The IAM roles.
    pub roles: &'a Roles,
    /// The manifests that registries with a limit have given out.
    pub served: &'a mut Served,
}

/// What the kubelet asks of the runtime.
#[derive(Debug, Clone, Copy)]
pub struct PullRequest<'a> {
    /// The image, normalised.
    pub image: &'a ImageRef,
    /// The credential, if there is one.
    pub auth: Option<AuthConfig<'a>>,
    /// When.
    pub now: SimTime,
    /// The node whose runtime is asked.
    pub node: &'a NodeSpec,
    /// What is in its content store.
    pub content: &'a Content,
    /// The kubelet's version, which decides how it prints what the runtime says.
    pub kubelet: Version,
}

/// The credential of a pull as the CRI has it. A kubelet sets user name and password only (P25); other clients of the CRI
/// may set the rest. Empty texts are fields that are not set.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct AuthConfig<'a> {
    /// The user name.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
    /// Base64 of `user:password`.
    pub auth: &'a str,
    /// The URL of the registry it is for.
    pub server_address: &'a str,
    /// A token to get tokens with.
    pub identity_token: &'a str,
    /// A token for the registry itself, which containerd passes over (R11).
    pub registry_token: &'a str,
}

impl<'a> AuthConfig<'a> {
    /// What a kubelet sends.
    pub fn of(login: &'a Login) -> Self {
        let (username, password) = (login.username.as_str(), login.password.reveal());
        Self { username, password, ..Self::default() }
    }
}

impl fmt::Debug for AuthConfig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthConfig(user {:?}, server {:?})", self.username, self.server_address)
    }
}

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullTrace {
    /// The HTTP exchanges in order. A request that met no server is none.
    pub exchanges: Vec<Exchange>,
    /// What came of it.
    pub outcome: PullOutcome,
}

/// What came of a pull. A pull that fails is a result of the model, never an `Err`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullOutcome {
    /// The image is in the node's store.
    Pulled(Pulled),
    /// It is not.
    Failed {
        /// Why, for the ladder and the grader.
        cause: Refusal,
        /// The text as the kubelet prints it behind `Failed to pull image "…": ` (P26, R41).
        message: String,
        /// How long was waited for hosts that did not answer.
        waited: Span,
    },
}

/// An image that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// `sha256:…`
    pub digest: String,
    /// Its compressed size.
    pub bytes: u64,
    /// How much of it had to be fetched.
    pub fetched: u64,
    /// The most that came in a second, where the registry was slower than any node, in bytes.
    pub link: Option<u64>,
    /// The digests of its parts.
    pub parts: Arc<[String]>,
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
    /// Too many pulls.
    RateLimited,
    /// The image has nothing for the node's platform.
    NoPlatform,
    /// A part of the image is missing or broken.
    Damaged,
    /// The registry failed.
    RegistryFailed,
    /// Its certificate is not to be trusted, or it has none.
    Untrusted,
    /// The host has no registry that answers.
    Unreachable,
}

/// One HTTP request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// `HEAD`, `GET`, `POST`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// What was sent to say who asks.
    pub auth: SentAuth,
    /// `401`.
    pub status: u16,
    /// A challenge, or the error code and message of the body.
    pub note: String,
}

/// What a request said about who asks, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentAuth {
    /// Nothing.
    None,
    /// `Authorization: Basic`, with this user.
    Basic(String),
    /// `Authorization: Bearer`.
    Bearer,
    /// A form with `grant_type=password`, and this user.
    PasswordForm(String),
    /// A form with `grant_type=refresh_token`.
    RefreshForm,
}

/// `none`, `Basic AWS`, `Bearer`.
impl fmt::Display for SentAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Basic(user) => write!(f, "Basic {user}"),
            Self::Bearer => f.write_str("Bearer"),
            Self::PasswordForm(user) => write!(f, "form, password of {user}"),
            Self::RefreshForm => f.write_str("form, refresh token"),
        }
    }
}

/// What a node's content store holds: the digests of the parts of each image, by the image's name. A clone shares them
/// until one of the two changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content(Arc<BTreeMap<String, Arc<[String]>>>);

impl Content {
    /// Adds an image's parts.
    pub fn put(&mut self, image: String, parts: Arc<[String]>) {
        Arc::make_mut(&mut self.0).insert(image, parts);
    }

    /// Takes an image out; what other images have in common with it stays.
    pub fn remove(&mut self, image: &str) {
        if self.0.contains_key(image) {
            Arc::make_mut(&mut self.0).remove(image);
        }
    }

    /// Whether neither has changed since one was cloned from the other.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it has a manifest or blob of that digest.
    pub fn has(&self, digest: &str) -> bool {
        self.0.values().any(|parts| parts.iter().any(|part| part == digest))
    }
}

/// What registries remember of pulls: the manifests that those with a limit have given out, by host and by who they count
/// for, and the images that pull-through caches have fetched. Cloning shares it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Served {
    counted: Arc<BTreeMap<(String, String), Vec<SimTime>>>,
    // By host, then `path:tag`.
    imported: Arc<BTreeMap<String, BTreeSet<String>>>,
}

impl Served {
    /// How many were given out after a moment.
    pub(crate) fn since(&self, host: &str, to: &str, from: SimTime) -> u32 {
        let times = self.counted.get(&(host.to_owned(), to.to_owned()));
        times.map_or(0, |times| times.iter().filter(|time| **time > from).count() as u32)
    }

    /// Counts one more, and forgets those before a moment.
    pub(crate) fn count(&mut self, host: &str, to: &str, now: SimTime, from: SimTime) {
        let key = (host.to_owned(), to.to_owned());
        let times = Arc::make_mut(&mut self.counted).entry(key).or_default();
        times.retain(|time| *time > from);
        times.push(now);
    }

    /// Whether a cache has an image already.
    pub(crate) fn has_imported(&self, host: &str, path: &str, tag: &str) -> bool {
        let images = self.imported.get(host);
        images.is_some_and(|images| images.contains(&format!("{path}:{tag}")))
    }

    /// Whether a cache has anything of a repository.
    pub(crate) fn has_imported_from(&self, host: &str, path: &str) -> bool {
        let of = |image: &String| image.rsplit_once(':').is_some_and(|(known, _)| known == path);
        self.imported.get(host).is_some_and(|images| images.iter().any(of))
    }

    /// A cache keeps an image from now on.
    pub(crate) fn import(&mut self, host: &str, path: &str, tag: &str) {
        let images = Arc::make_mut(&mut self.imported).entry(host.to_owned()).or_default();
        images.insert(format!("{path}:{tag}"));
    }
}

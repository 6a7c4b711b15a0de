//! A registry as a machine that answers HTTP requests. It knows its tokens by their strings, asks IAM at each request,
//! and judges who is asking before it says what exists (E16).

mod cache;
mod content;
mod judge;
mod words;

use std::fmt;

use crate::cloud::{Action, Decision, Roles};
use crate::credential::Basic;
use crate::pull::{Outside, Refusal, Served};
use crate::time::SimTime;
use crate::token::{Mint, Token};
use crate::world::{Image, Part as Place, Registry, RegistryKind, Trouble, User, World};

pub use content::{Parts, parts_of};

/// A registry at its host, with what it needs to know about the rest of the world.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    world: &'a World,
    host: &'a str,
    registry: &'a Registry,
    seed: u64,
    mint: &'a Mint,
    roles: &'a Roles,
}

/// A request for a part of an image.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r, 'a> {
    /// With a body in the answer, or without.
    pub method: Method,
    /// The repository: `library/nginx`.
    pub repository: &'r str,
    /// What is wanted of it.
    pub target: Target<'r>,
    /// Who says to be asking.
    pub authorization: Authorization<'r, 'a>,
    /// The address that it comes from; empty for the one that nodes have in common.
    pub from: &'r str,
    /// When.
    pub now: SimTime,
}

/// A request for a token to pull from a repository with.
#[derive(Debug, Clone, Copy)]
pub struct TokenRequest<'a> {
    /// `POST` with a form, or `GET`.
    pub method: Method,
    /// The repository.
    pub repository: &'a str,
    /// Who asks, if anybody says so.
    pub login: Option<Basic<'a>>,
    /// When.
    pub now: SimTime,
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Only the header of the answer is wanted.
    Head,
    /// The answer has a body.
    Get,
    /// The request has one.
    Post,
}

impl Method {
    /// As it stands in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "HEAD",
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    /// As Go's errors write it.
    pub const fn in_errors(self) -> &'static str {
        match self {
            Self::Head => "Head",
            Self::Get => "Get",
            Self::Post => "Post",
        }
    }
}

/// The `Authorization` header of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization<'r, 'a> {
    /// None.
    None,
    /// `Basic`.
    Basic(Basic<'r>),
    /// `Bearer`.
    Bearer(Bearer<'a>),
}

/// A token of a token server: good for the moment, for one repository, for whom it was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer<'a>(Caller<'a>);

/// Who a registry takes somebody for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller<'a> {
    /// Nobody in particular.
    Nobody,
    /// A user.
    User(&'a str, &'a User),
    /// The owner of a token.
    Owner(&'a Token),
    /// The owner of a token that is too old.
    Late(&'a Token),
    /// Somebody with a login that is not known here.
    Stranger,
}

/// What a request wants of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A manifest by its tag or digest.
    Manifest(&'a str),
    /// A blob by its digest.
    Blob(&'a str),
}

impl Target<'_> {
    /// The right that it takes (E10).
    pub const fn action(self) -> Action {
        match self {
            Self::Manifest(_) => Action::BatchGetImage,
            Self::Blob(_) => Action::GetDownloadUrlForLayer,
        }
    }
}

/// The end of its URL.
impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(reference) => write!(f, "manifests/{reference}"),
            Self::Blob(digest) => write!(f, "blobs/{digest}"),
        }
    }
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Here it is: a part of the image of that tag.
    Found(Found<'a>),
    /// It lies on another host (R6).
    Elsewhere(&'a str),
    /// A token.
    Token(Bearer<'a>),
    /// No.
    Refused(Refused<'a>),
}

/// Something that a registry has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The tag of the image that it is a part of.
    pub tag: &'a str,
    /// The image.
    pub image: &'a Image,
}

/// Why a registry does not give what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused<'a> {
    /// The HTTP status.
    pub status: u16,
    /// What it comes to.
    pub why: Refusal,
    /// How it asks for a login.
    pub challenge: Challenge,
    body: Body<'a>,
}

/// The `WWW-Authenticate` header of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// There is none.
    None,
    /// `Basic`.
    Basic,
    /// `Bearer`, perhaps with an error.
    Bearer(Option<&'static str>),
}

/// The body of an answer that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body<'a> {
    Empty,
    /// Plain text.
    Text(&'static str),
    /// An error that is the same for every request.
    Error(&'static str, &'static str),
    /// An error that the world states.
    Given(&'a str, &'a str),
    /// ECR: no such repository.
    EcrNoRepository,
    /// ECR: IAM says no.
    Iam(&'a Token, Action, Decision),
    /// Artifact Registry: no right to read.
    NoDownload,
    /// ACR: no such tag.
    AcrNoTag,
    /// Harbor: not for this caller.
    HarborNoAccess,
}

/// The error in an answer's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// `DENIED`; empty where the body is plain text.
    pub code: String,
    /// What it says.
    pub message: String,
}

impl Answer<'_> {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Found(_) | Self::Token(_) => 200,
            Self::Elsewhere(_) => 307,
            Self::Refused(refused) => refused.status,
        }
    }
}

impl<'a> Refused<'a> {
    /// What a Go server answers to plain HTTP where it speaks TLS (R29).
    pub(crate) const PLAIN_HTTP: Self = Self::new(
        400,
        Refusal::Untrusted,
        Body::Text("Client sent an HTTP request to an HTTPS server."),
    );

    const fn new(status: u16, why: Refusal, body: Body<'a>) -> Self {
        Self { status, why, challenge: Challenge::None, body }
    }

    const fn asking(challenge: Challenge, why: Refusal, body: Body<'a>) -> Self {
        Self { status: 401, why, challenge, body }
    }
}

impl<'a> Server<'a> {
    /// The registry at a host; `None` if nobody answers there.
    pub fn at(world: &'a World, mint: &'a Mint, roles: &'a Roles, host: &str) -> Option<Self> {
        let (host, registry) = world.registries.get_key_value(host)?;
        Some(Self { world, host, registry, seed: world.seed, mint, roles })
    }

    /// The same for a pull.
    pub(crate) fn of(outside: &Outside<'a>, host: &str) -> Option<Self> {
        Self::at(outside.world, outside.mint, outside.roles, host)
    }

    /// Whose rules it follows.
    pub const fn kind(&self) -> RegistryKind {
        self.registry.kind
    }

    /// The trouble that holds at a moment with a part of it.
    pub(crate) fn trouble(&self, part: Place, now: SimTime) -> Option<&'a Trouble> {
        let mut outages = self.registry.outages.iter();
        let holds = outages.find(|outage| outage.part == part && outage.holds(now));
        holds.map(|outage| &outage.trouble)
    }

    /// Whether it answers about a repository, to those who do not say who they are, the same at every hour and however
    /// often it is asked.
    pub(crate) fn is_steady(&self, repository: &str) -> bool {
        let Registry { outages, limit, repositories, caches, .. } = self.registry;
        let mut tags = repositories.get(repository).into_iter().flat_map(|one| one.tags.values());
        outages.is_empty()
            && limit.is_none()
            && caches.is_empty()
            && tags.all(|tag| tag.pushed.is_none())
    }

    /// The host that it sends those to who want a blob.
    pub(crate) fn blob_host(&self) -> Option<&'a str> {
        self.registry.blobs.as_deref()
    }

    /// The address that its name resolves to, if the world gives one.
    pub(crate) fn address(&self) -> Option<&'a str> {
        self.registry.address.as_deref()
    }

    /// Answers a request; a manifest that counts is counted.
    pub fn answer(&self, request: &Request<'_, 'a>, served: &mut Served) -> Answer<'a> {
        if let Some(Trouble::Status(status, error)) = self.trouble(Place::Registry, request.now) {
            return Answer::Refused(given(*status, error.as_ref()));
        }
        let refused = self
            .refuse(request)
            .or_else(|| self.refuse_import(request, served))
            .or_else(|| self.limit(request, served));
        match refused {
            Some(refused) => Answer::Refused(refused),
            None => self.find(request),
        }
    }

    /// Answers a request to its token server.
    pub fn give_token(&self, request: &TokenRequest<'_>) -> Answer<'a> {
        if let Some(Trouble::Status(status, error)) = self.trouble(Place::TokenServer, request.now)
        {
            return Answer::Refused(given(*status, error.as_ref()));
        }
        match self.judge_login(request) {
            Ok(caller) => Answer::Token(Bearer(caller)),
            Err(refused) => Answer::Refused(refused),
        }
    }
}

/// An answer that the world prescribes.
fn given(status: u16, error: Option<&(String, String)>) -> Refused<'_> {
    let why = match status {
        429 => Refusal::RateLimited,
        401 | 403 => Refusal::NotAuthorized,
        404 => Refusal::NotFound,
        _ => Refusal::RegistryFailed,
    };
    let body = error.map_or(Body::Empty, |(code, message)| Body::Given(code, message));
    Refused::new(status, why, body)
}

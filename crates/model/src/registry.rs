//! A registry as a machine that answers HTTP requests. It knows its tokens by their strings, asks IAM at each request,
//! and judges who is asking before it says what exists (E16).

use std::fmt;

use sha2::{Digest, Sha256};

use crate::cloud::{Action, EcrHost, Roles};
use crate::credential::Login;
use crate::message::{cloud as iam_words, registry as words};
use crate::pull::Refusal;
use crate::time::SimTime;
use crate::token::{self, Mint, Token};
use crate::world::{Image, Registry, RegistryKind, Repository, World};

/// A registry at its host, with what it needs to know about the rest of the world.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    host: &'a str,
    registry: &'a Registry,
    seed: u64,
    mint: &'a Mint,
    roles: &'a Roles,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// With a body in the answer, or without.
    pub method: Method,
    /// The repository: `library/nginx`.
    pub repository: &'a str,
    /// What is wanted of it.
    pub target: Target<'a>,
    /// The `Authorization: Basic` header.
    pub login: Option<&'a Login>,
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
}

impl Method {
    /// As it stands in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "HEAD",
            Self::Get => "GET",
        }
    }
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
    Found { tag: &'a str, image: &'a Image },
    /// Who is asking? With a Basic challenge.
    Unauthorized,
    /// That is no token, or it is of another region (E6).
    BadRequest,
    /// The token is too old (E7).
    Expired,
    /// The token's owner has no right to do that (E13, E14).
    NotAllowed { token: &'a Token, by: PolicySide },
    /// There is no such repository.
    NoRepository,
    /// There is no such manifest or blob in the repository.
    NoContent,
}

/// Whose policy lacks a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySide {
    /// The caller's own.
    Identity,
    /// That of a repository in another account (E15).
    Repository,
}

/// The error in an answer's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// `DENIED`; empty where the body is plain text.
    pub code: &'static str,
    /// What it says.
    pub message: String,
}

impl Answer<'_> {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Found { .. } => 200,
            Self::Unauthorized => 401,
            Self::BadRequest => 400,
            Self::Expired | Self::NotAllowed { .. } => 403,
            Self::NoRepository | Self::NoContent => 404,
        }
    }

    /// Why the image was not given; `None` if it was.
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Found { .. } => None,
            Self::Unauthorized => Some(Refusal::LoginRefused),
            Self::BadRequest => Some(Refusal::TokenInvalid),
            Self::Expired => Some(Refusal::TokenExpired),
            Self::NotAllowed { .. } => Some(Refusal::NotAuthorized),
            Self::NoRepository | Self::NoContent => Some(Refusal::NotFound),
        }
    }
}

impl<'a> Server<'a> {
    /// The registry at a host; `None` if nobody answers there.
    pub fn at(world: &'a World, mint: &'a Mint, roles: &'a Roles, host: &str) -> Option<Self> {
        let (host, registry) = world.registries.get_key_value(host)?;
        Some(Self { host, registry, seed: world.seed, mint, roles })
    }

    /// Answers a request.
    pub fn answer(&self, request: &Request<'_>) -> Answer<'a> {
        let refused = match self.registry.kind {
            RegistryKind::Open => None,
            RegistryKind::Ecr => self.refuse(request),
        };
        refused.unwrap_or_else(|| self.find(request))
    }

    /// The challenge that goes with an answer.
    pub fn challenge(&self, answer: &Answer<'_>) -> Option<String> {
        (*answer == Answer::Unauthorized).then(|| words::ecr_challenge(self.host))
    }

    /// The error that a GET's answer has in its body; a HEAD's answer has none.
    pub fn error(&self, request: &Request<'_>, answer: &Answer<'_>) -> Option<ErrorBody> {
        let error = |code, message| Some(ErrorBody { code, message });
        match (answer, self.registry.kind) {
            (Answer::Found { .. }, _) => None,
            (Answer::Unauthorized, _) => error("", words::ECR_NOT_AUTHORIZED.to_owned()),
            (Answer::BadRequest, _) => error("", words::status_text(400).to_owned()),
            (Answer::Expired, _) => error("DENIED", words::ECR_TOKEN_EXPIRED.to_owned()),
            (Answer::NotAllowed { token, by }, _) => {
                error("DENIED", self.denial(request, token, *by))
            }
            (Answer::NoRepository, RegistryKind::Ecr) => {
                error("NAME_UNKNOWN", words::ecr_no_repository(request.repository, self.account()))
            }
            (Answer::NoContent, RegistryKind::Ecr) => {
                error("MANIFEST_UNKNOWN", words::ECR_NO_IMAGE.to_owned())
            }
            (Answer::NoRepository | Answer::NoContent, RegistryKind::Open) => {
                match request.target {
                    Target::Manifest(_) => {
                        error("MANIFEST_UNKNOWN", words::MANIFEST_UNKNOWN.to_owned())
                    }
                    Target::Blob(_) => error("BLOB_UNKNOWN", words::BLOB_UNKNOWN.to_owned()),
                }
            }
        }
    }

    /// Why ECR does not let the request through, in the order in which it looks (E5 to E7, E10, E15; that a wrong
    /// region shows before expiry, and both before a missing image, is the reference's choice).
    fn refuse(&self, request: &Request<'_>) -> Option<Answer<'a>> {
        let Some(login) = request.login.filter(|login| login.username == token::USER) else {
            return Some(Answer::Unauthorized);
        };
        let token = self.mint.find(login.password.reveal());
        let Some(token) = token.filter(|token| token.issued <= request.now) else {
            return Some(Answer::BadRequest);
        };
        let host = EcrHost::parse(self.host);
        if host.is_some_and(|host| host.region != token.region) {
            return Some(Answer::BadRequest);
        }
        if !token.is_live(request.now) {
            return Some(Answer::Expired);
        }
        if !self.roles.allows(&token.role, request.target.action()) {
            return Some(Answer::NotAllowed { token, by: PolicySide::Identity });
        }
        // Repositories have no policies here, so a role of another account never gets in.
        (self.roles.account() != self.account())
            .then_some(Answer::NotAllowed { token, by: PolicySide::Repository })
    }

    /// What there is, once the request is let through.
    fn find(&self, request: &Request<'_>) -> Answer<'a> {
        let Some(repository) = self.registry.repositories.get(request.repository) else {
            return Answer::NoRepository;
        };
        let found = match request.target {
            Target::Manifest(reference) if !reference.contains(':') => {
                repository.tags.get_key_value(reference)
            }
            Target::Manifest(digest) => {
                self.holder(repository, request.repository, digest, &[Part::Manifest])
            }
            Target::Blob(digest) => {
                self.holder(repository, request.repository, digest, &[Part::Config, Part::Layer])
            }
        };
        found.map_or(Answer::NoContent, |(tag, image)| Answer::Found { tag, image })
    }

    /// The tag whose image has a part of that digest.
    fn holder(
        &self,
        repository: &'a Repository,
        name: &str,
        digest: &str,
        parts: &[Part],
    ) -> Option<(&'a String, &'a Image)> {
        repository
            .tags
            .iter()
            .find(|(tag, _)| parts.iter().any(|part| self.digest(name, tag, *part) == digest))
    }

    /// The digest of a part of a tag's image: that of a seeded text, since images have no content here.
    pub fn digest(&self, repository: &str, tag: &str, part: Part) -> String {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update([part as u8]);
        for piece in [self.host, "/", repository, ":", tag] {
            hash.update(piece.as_bytes());
        }
        let hash = hash.finalize();
        hash.iter().fold(String::from("sha256:"), |mut text, byte| {
            fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"))
                .expect("a String takes all");
            text
        })
    }

    fn denial(&self, request: &Request<'_>, token: &Token, by: PolicySide) -> String {
        let principal = self.roles.principal(&token.role);
        let region = EcrHost::parse(self.host).map_or("", |host| host.region);
        let resource = iam_words::repository_arn(region, self.account(), request.repository);
        let action = request.target.action();
        match by {
            PolicySide::Identity => iam_words::denied_by_identity(&principal, action, &resource),
            PolicySide::Repository => iam_words::denied_by_resource(&principal, action, &resource),
        }
    }

    fn account(&self) -> &'a str {
        EcrHost::parse(self.host).map_or("", |host| host.account)
    }
}

/// The parts of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What a tag names.
    Manifest,
    /// What a container is started with.
    Config,
    /// The files.
    Layer,
}

//! containerd's side of a pull: which requests it makes, what it concludes from the answers, and what it says then.
//!
//! *Source: R1 to R11 and R23 to R31; containerd core/remotes/docker (resolver.go, fetcher.go, authorizer.go) of the
//! tags that are named.*

pub mod auth;
mod dial;
pub mod hosts;
pub mod other;
mod wire;

use crate::image::{ImageError, ImageRef};
use crate::message::runtime::{Code, Dialect, Fault, PullError, Stage, for_kubelet};
use crate::pull::{Exchange, Outside, PullOutcome, PullRequest, PullTrace, Pulled, Refusal};
use crate::registry::{Answer, ErrorBody, Found, Method, Refused, Target};
use crate::time::Span;
use crate::world::{Damage, Part, Trouble, Version};

use wire::{Failure, Wire};

/// What a layer is called where one is missing; images here have no other layers.
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Pulls an image, with all that goes over the wire.
pub fn pull(outside: Outside<'_>, request: &PullRequest<'_>) -> PullTrace {
    let mut exchanges = Vec::new();
    let outcome = Pull::new(outside, request, Some(&mut exchanges)).run();
    PullTrace { exchanges, outcome }
}

/// Pulls an image when only the outcome matters; the same outcome as [`pull`]'s, for less.
pub fn outcome(outside: Outside<'_>, request: &PullRequest<'_>) -> PullOutcome {
    Pull::new(outside, request, None).run()
}

/// Whether a pull without a credential comes to the same at every hour, as long as the node's store is the same.
pub(crate) fn is_steady(outside: &Outside<'_>, request: &PullRequest<'_>) -> bool {
    let file = request.node.hosts.get(request.image.host());
    if file.is_some_and(|file| file.from.is_some() || file.until.is_some()) {
        return false;
    }
    wire::hosts_of(request)
        .filter_map(|(host, ..)| wire::server_at(outside, host))
        .all(|server| server.is_steady(request.image.path()))
}

/// What is said about a string that is no image's name, when a client of the CRI asks for it (R13, R32). A kubelet stops
/// such names itself (P16).
pub fn refuse_name(
    containerd: Version,
    name: &str,
    error: &ImageError,
    kubelet: Version,
) -> String {
    // Releases before 1.7 carry an older version of distribution/reference, which does not name the repository.
    let why = match error {
        ImageError::RepositoryUppercase(_) if containerd < Version::new(1, 7, 0) => {
            "invalid reference format: repository name must be lowercase".to_owned()
        }
        error => error.to_string(),
    };
    let name = crate::go::quote(name);
    for_kubelet(Code::Unknown, &format!("failed to parse image reference {name}: {why}"), kubelet)
}

struct Pull<'a, 'w> {
    request: &'a PullRequest<'a>,
    dialect: Dialect,
    wire: Wire<'a, 'w>,
}

/// A failure, and in which half of the pull.
type Failed = (Stage, Failure);

impl<'a, 'w> Pull<'a, 'w> {
    fn new(
        outside: Outside<'a>,
        request: &'a PullRequest<'a>,
        exchanges: Option<&'w mut Vec<Exchange>>,
    ) -> Self {
        let dialect = Dialect::of(request.node);
        Self { request, dialect, wire: Wire::new(outside, request, dialect, exchanges) }
    }

    fn run(mut self) -> PullOutcome {
        match self.pull() {
            Ok(pulled) => PullOutcome::Pulled(pulled),
            Err((stage, Failure { why, fault })) => {
                let PullRequest { image, auth, kubelet, .. } = *self.request;
                let cause = match why {
                    // Who was nobody to the registry had no credential, whatever the answer was.
                    Refusal::NotAuthorized | Refusal::LoginRefused if auth.is_none() => {
                        Refusal::NoCredentials
                    }
                    why => why,
                };
                let error = PullError { dialect: self.dialect, image, stage, fault: &fault };
                let message = for_kubelet(error.code(), &error.to_string(), kubelet);
                PullOutcome::Failed { cause, message, waited: self.wire.waited }
            }
        }
    }

    /// Resolves the name, then fetches what it stands for: two halves that authenticate separately (R5). What the
    /// content store has is not fetched again (R8).
    fn pull(&mut self) -> Result<Pulled, Failed> {
        let image = self.request.image;
        let file = self.request.node.hosts.get(image.host());
        if let Some(error) = file.and_then(|file| file.error.clone()) {
            let fault = Fault::HostsFile(error);
            return Err((Stage::Resolve, Failure::new(Refusal::Untrusted, fault)));
        }
        let (host, found) = self.resolve().map_err(|failure| (Stage::Resolve, failure))?;
        self.wire.forget_logins();
        let server = self.wire.server(host).expect("a server answered");
        let platform = &self.request.node.platform;
        let parts = server.parts(image.path(), found.tag, found.image, platform);
        let link = [Part::Registry, Part::Blobs].into_iter().find_map(|part| {
            match server.trouble(part, self.request.now) {
                Some(Trouble::Slow(kib)) => Some(u64::from(*kib) << 10),
                _ => None,
            }
        });
        let fetching = |failure| (Stage::Fetch, failure);
        self.fetch(Target::Manifest(&parts.top)).map_err(fetching)?;
        match &parts.platform {
            None => {}
            Some(Some(manifest)) => {
                self.fetch(Target::Manifest(manifest)).map_err(fetching)?;
            }
            Some(None) => {
                let fault = Fault::NoPlatform { index: parts.top };
                return Err((Stage::Unpack, Failure::new(Refusal::NoPlatform, fault)));
            }
        }
        self.fetch(Target::Blob(&parts.config)).map_err(fetching)?;
        let fetched = self.fetch(Target::Blob(&parts.layer)).map_err(fetching)?;
        if fetched && found.image.damage == Damage::Corrupt {
            // What came has some other digest; any will do that is not the wanted one.
            let actual = server.parts(image.path(), "", found.image, platform).config;
            let fault = Fault::LayerCorrupt { digest: parts.layer, actual };
            return Err((Stage::Unpack, Failure::new(Refusal::Damaged, fault)));
        }
        Ok(Pulled {
            digest: parts.top.clone(),
            bytes: found.image.bytes,
            fetched: if fetched { found.image.bytes } else { 0 },
            link,
            parts: parts.all().into(),
        })
    }

    /// Finds out what a tag or digest stands for, from the first host that knows (resolver.go `Resolve`). A digest that
    /// is no manifest may still be a blob (R10). Of several errors the one is reported that came furthest, and of
    /// those the first; one that is neither "not found" nor a failed request ends the search for blobs.
    fn resolve(&mut self) -> Result<(usize, Found<'a>), Failure> {
        let image = self.request.image;
        let paths = match (image.digest(), image.tag()) {
            (Some(digest), _) => [Some(Target::Manifest(digest)), Some(Target::Blob(digest))],
            (None, Some(tag)) => [Some(Target::Manifest(tag)), None],
            (None, None) => unreachable!("an image has a tag or a digest"),
        };
        let hosts = self.wire.able(|host| host.resolve);
        let mut first: Option<(u8, Failure)> = None;
        for target in paths.into_iter().flatten() {
            if first.as_ref().is_some_and(|(priority, _)| *priority > 2) {
                break;
            }
            for &host in &hosts {
                let last = hosts.last() == Some(&host);
                let (priority, failure) = match self.resolve_at(host, target, last) {
                    Ok(found) => return Ok((host, found)),
                    Err(failed) => failed,
                };
                if first.as_ref().is_none_or(|(known, _)| *known < priority) {
                    first = Some((priority, failure));
                }
            }
        }
        Err(first.map_or_else(|| Failure::new(Refusal::NotFound, Fault::NoHosts), |(_, no)| no))
    }

    fn resolve_at(
        &mut self,
        host: usize,
        target: Target<'_>,
        last: bool,
    ) -> Result<Found<'a>, (u8, Failure)> {
        let answer = self.wire.ask(host, Method::Head, target, last).map_err(|no| (1, no))?;
        match answer {
            Answer::Found(found) => Ok(found),
            // A HEAD is answered here: only blobs lie elsewhere, and a blob is no image.
            Answer::Elsewhere(_) | Answer::Token(_) => {
                Err((2, Failure::new(Refusal::NotFound, Fault::NotFound)))
            }
            Answer::Refused(no) if no.status == 404 => {
                Err((2, Failure::new(no.why, Fault::NotFound)))
            }
            Answer::Refused(no) => {
                let error = self.error_of_forbidden(host, target, no);
                Err((3, self.refused(host, target, no, error)))
            }
        }
    }

    /// A HEAD's answer has no body. Newer releases ask once more for the sake of it (R24).
    fn error_of_forbidden(
        &mut self,
        host: usize,
        target: Target<'_>,
        no: Refused<'a>,
    ) -> Option<ErrorBody> {
        if no.status != 403 || !self.dialect.asks_again_on_forbidden() {
            return None;
        }
        match self.wire.ask(host, Method::Get, target, false) {
            Ok(Answer::Refused(no)) if no.status == 403 => self.error(host, target, no),
            Ok(_) | Err(_) => None,
        }
    }

    /// The error that containerd reads from a body: nothing where it is not a registry's JSON (R24).
    fn error(&self, host: usize, target: Target<'_>, no: Refused<'a>) -> Option<ErrorBody> {
        let path = self.request.image.path();
        let error = self.wire.server(host)?.error(path, target, &no)?;
        (!error.code.is_empty()).then_some(error)
    }

    fn refused(
        &self,
        host: usize,
        target: Target<'_>,
        no: Refused<'a>,
        error: Option<ErrorBody>,
    ) -> Failure {
        let (url, host) = (self.wire.url(host, target), self.wire.name(host).to_owned());
        let target = target.to_string();
        Failure::new(no.why, Fault::Status { url, host, target, status: no.status, error })
    }

    /// Fetches a part of the image from the first host that has it; says whether it had to.
    fn fetch(&mut self, target: Target<'_>) -> Result<bool, Failure> {
        let (Target::Manifest(digest) | Target::Blob(digest)) = target;
        if self.request.content.has(digest) {
            return Ok(false);
        }
        let hosts = self.wire.able(|host| host.pull);
        let mut first = None;
        for &host in &hosts {
            match self.fetch_at(host, target, hosts.last() == Some(&host)) {
                Ok(()) => return Ok(true),
                Err(failure) => {
                    first.get_or_insert(failure);
                }
            }
        }
        let none = || Failure::new(Refusal::NotFound, Fault::NoHosts);
        let failure = first.unwrap_or_else(none);
        Err(match (&*failure.fault, target) {
            (Fault::NotFound, Target::Blob(digest)) => {
                let why = match failure.why {
                    Refusal::NotFound => Refusal::Damaged,
                    why => why,
                };
                let digest = digest.to_owned();
                Failure::new(why, Fault::BlobMissing { digest, media_type: LAYER_TYPE })
            }
            _ => failure,
        })
    }

    fn fetch_at(&mut self, host: usize, target: Target<'_>, last: bool) -> Result<(), Failure> {
        match self.wire.ask(host, Method::Get, target, last)? {
            Answer::Found(_) | Answer::Token(_) => Ok(()),
            Answer::Elsewhere(other) => self.wire.follow(host, other, target),
            Answer::Refused(no) if no.status == 404 => Err(Failure::new(no.why, Fault::NotFound)),
            Answer::Refused(no) => {
                let error = self.error(host, target, no);
                Err(self.refused(host, target, no, error))
            }
        }
    }
}

/// How long a pull of so many bytes takes on a node, when the registry gives no more than `link` bytes a second.
pub fn transfer_time(bytes: u64, bandwidth_mib: u32, link: Option<u64>) -> Span {
    let node = u64::from(bandwidth_mib.max(1)) << 20;
    let rate = link.map_or(node, |link| link.clamp(1, node));
    Span::millis((bytes * 1000 / rate) as i64)
}

/// The host that a registry's API is reached at (containerd core/remotes/docker/registry.go `DefaultHost`).
pub fn endpoint(image: &ImageRef) -> &str {
    wire::endpoint(image.host())
}

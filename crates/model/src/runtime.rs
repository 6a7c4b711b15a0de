//! containerd's side of a pull: which requests it makes, what it concludes from the answers, and what it says then.

use std::net::IpAddr;

use crate::cloud::Roles;
use crate::credential::Login;
use crate::message::runtime::{Dialect, Fault, PullError, Url};
use crate::pull::{Exchange, PullOutcome, PullRequest, PullTrace, Refusal};
use crate::registry::{Answer, ErrorBody, Method, Part, Request, Server, Target};
use crate::token::Mint;
use crate::world::World;

/// The nodes' name server; the model's choice, the second address of a VPC's range as on EC2.
const DNS: &str = "10.0.0.2";

/// Pulls an image, with all that goes over the wire.
pub fn pull(world: &World, mint: &Mint, roles: &Roles, request: &PullRequest<'_>) -> PullTrace {
    pull_in(Dialect::of(request.containerd), world, mint, roles, request)
}

/// The same by a containerd that is not configured as it comes.
pub fn pull_in(
    dialect: Dialect,
    world: &World,
    mint: &Mint,
    roles: &Roles,
    request: &PullRequest<'_>,
) -> PullTrace {
    let mut exchanges = Vec::new();
    let outcome = run(dialect, world, mint, roles, request, &mut exchanges);
    PullTrace { exchanges, outcome }
}

/// Pulls an image when only the outcome matters; the same outcome as [`pull`]'s, for less.
pub fn outcome(
    world: &World,
    mint: &Mint,
    roles: &Roles,
    request: &PullRequest<'_>,
) -> PullOutcome {
    run(Dialect::of(request.containerd), world, mint, roles, request, &mut Unwatched)
}

/// Somebody who watches the wire, or nobody.
trait Watcher {
    fn saw(&mut self, exchange: impl FnOnce() -> Exchange);
}

impl Watcher for Vec<Exchange> {
    fn saw(&mut self, exchange: impl FnOnce() -> Exchange) {
        self.push(exchange());
    }
}

/// Nobody: exchanges are not even put into words.
struct Unwatched;

impl Watcher for Unwatched {
    fn saw(&mut self, _exchange: impl FnOnce() -> Exchange) {}
}

fn run(
    dialect: Dialect,
    world: &World,
    mint: &Mint,
    roles: &Roles,
    request: &PullRequest<'_>,
    watcher: &mut impl Watcher,
) -> PullOutcome {
    let image = request.image;
    let client = Client { dialect, host: endpoint(image.host()), request };
    let reference = image.digest().or(image.tag()).expect("an image has a tag or a digest");
    let Some(server) = Server::at(world, mint, roles, image.host()) else {
        return client.no_server(Target::Manifest(reference));
    };
    let mut connection = Connection { client, server, authorized: false, watcher };
    connection.pull(reference).unwrap_or_else(|failed| failed)
}

/// Where a registry's API is reached (containerd core/remotes/docker/registry.go `DefaultHost`).
fn endpoint(host: &str) -> &str {
    if host == "docker.io" { "registry-1.docker.io" } else { host }
}

/// The one who pulls.
#[derive(Clone, Copy)]
struct Client<'a> {
    dialect: Dialect,
    host: &'a str,
    request: &'a PullRequest<'a>,
}

impl<'a> Client<'a> {
    fn url<'t>(&self, target: Target<'t>) -> Url<'t>
    where
        'a: 't,
    {
        Url { host: self.host, repository: self.request.image.path(), target }
    }

    fn failed(&self, cause: Refusal, target: Target<'_>, fault: Fault<'_>) -> PullOutcome {
        let url = self.url(target);
        let error = PullError { dialect: self.dialect, image: self.request.image, url, fault };
        PullOutcome::Failed { cause, message: error.for_kubelet() }
    }

    /// A name that nobody registered, or an address where nobody listens (R29).
    fn no_server(&self, target: Target<'_>) -> PullOutcome {
        let address = address(self.host);
        let fault = match &address {
            Some(address) => Fault::ConnectionRefused { address },
            None => Fault::NoSuchHost { dns: DNS },
        };
        self.failed(Refusal::Unreachable, target, fault)
    }

    /// The credential, if it is one that containerd would send (R3, R11).
    fn login(&self) -> Option<&'a Login> {
        self.request
            .login
            .filter(|login| !login.username.is_empty() && !login.password.reveal().is_empty())
    }
}

/// The address that is dialled for a host that is no name to look up.
fn address(host: &str) -> Option<String> {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
    let ip = if name == "localhost" { "127.0.0.1" } else { name };
    ip.parse::<IpAddr>().is_ok().then(|| format!("{ip}:{port}"))
}

/// A client that talks to a registry.
struct Connection<'a, 'w, W> {
    client: Client<'a>,
    server: Server<'a>,
    // Whether the registry's challenge was seen, so that requests carry the login from the first one on (R2).
    authorized: bool,
    watcher: &'w mut W,
}

/// What a series of requests for one URL ended with.
#[derive(Clone, Copy)]
enum Reply<'a> {
    Answer(Answer<'a>),
    /// A challenge that there is no login for.
    NoLogin,
}

impl<'a, W: Watcher> Connection<'a, '_, W> {
    /// Resolves the name, then fetches what it stands for: two halves that authenticate separately (R5).
    fn pull(&mut self, reference: &str) -> Result<PullOutcome, PullOutcome> {
        let (tag, bytes) = self.resolve(reference)?;
        self.authorized = false;
        let path = self.client.request.image.path();
        let digest = self.server.digest(path, tag, Part::Manifest);
        self.fetch(Target::Manifest(&digest))?;
        for part in [Part::Config, Part::Layer] {
            let digest = self.server.digest(path, tag, part);
            self.fetch(Target::Blob(&digest))?;
        }
        Ok(PullOutcome::Pulled { digest, bytes })
    }

    /// Finds out what a tag or digest stands for, and its size. A digest that is no manifest may still be a blob
    /// (R10); without a login that is asked too, in vain, and the first refusal is the one reported
    /// (containerd v2.3.4 core/remotes/docker/resolver.go `Resolve`, `firstErrPriority`).
    fn resolve(&mut self, reference: &str) -> Result<(&'a str, u64), PullOutcome> {
        let is_digest = self.client.request.image.digest().is_some();
        let manifest = Target::Manifest(reference);
        match self.ask(Method::Head, manifest) {
            Reply::Answer(Answer::NoRepository | Answer::NoContent) if is_digest => {
                let blob = Target::Blob(reference);
                let reply = self.ask(Method::Head, blob);
                self.resolved(blob, reply)
            }
            Reply::NoLogin if is_digest => {
                self.ask(Method::Head, Target::Blob(reference));
                self.resolved(manifest, Reply::NoLogin)
            }
            reply => self.resolved(manifest, reply),
        }
    }

    fn resolved(
        &mut self,
        target: Target<'_>,
        reply: Reply<'a>,
    ) -> Result<(&'a str, u64), PullOutcome> {
        let client = self.client;
        let failed = |cause, fault| Err(client.failed(cause, target, fault));
        let answer = match reply {
            Reply::Answer(answer) => answer,
            Reply::NoLogin => return failed(Refusal::NoCredentials, Fault::NoLogin),
        };
        let Some(cause) = answer.refusal() else {
            let Answer::Found { tag, image } = answer else {
                unreachable!("only what was found is not refused")
            };
            return Ok((tag, image.bytes));
        };
        let status = answer.status();
        if status == 404 {
            return failed(cause, Fault::NotFound);
        }
        let error = self.error_of_forbidden(target, status);
        failed(cause, Fault::Resolve { status, error: error.as_ref() })
    }

    /// A HEAD's answer has no body. Newer releases ask once more for the sake of it (R24).
    fn error_of_forbidden(&mut self, target: Target<'_>, status: u16) -> Option<ErrorBody> {
        if status != 403 || !self.client.dialect.asks_again_on_forbidden() {
            return None;
        }
        match self.ask(Method::Get, target) {
            Reply::Answer(answer) => self.error(target, &answer),
            Reply::NoLogin => None,
        }
    }

    fn fetch(&mut self, target: Target<'_>) -> Result<(), PullOutcome> {
        let failed = |client: Client<'_>, cause, fault| Err(client.failed(cause, target, fault));
        let answer = match self.ask(Method::Get, target) {
            Reply::Answer(answer) => answer,
            Reply::NoLogin => return failed(self.client, Refusal::NoCredentials, Fault::NoLogin),
        };
        let Some(cause) = answer.refusal() else { return Ok(()) };
        let error = self.error(target, &answer);
        let fault = Fault::Fetch { status: answer.status(), error: error.as_ref() };
        failed(self.client, cause, fault)
    }

    /// The error that containerd reads from a body: nothing where it is not a registry's JSON (R24).
    fn error(&self, target: Target<'_>, answer: &Answer<'_>) -> Option<ErrorBody> {
        let request = self.request(Method::Get, target, None);
        self.server.error(&request, answer).filter(|error| !error.code.is_empty())
    }

    /// Asks for one URL until the answer is something else than 401, or the attempts are used up (R2, R3, R9).
    fn ask(&mut self, method: Method, target: Target<'_>) -> Reply<'a> {
        let mut answer = self.send(method, target);
        for _ in 1..self.client.dialect.attempts() {
            if answer != Answer::Unauthorized {
                break;
            }
            if self.client.login().is_none() {
                return Reply::NoLogin;
            }
            self.authorized = true;
            answer = self.send(method, target);
        }
        Reply::Answer(answer)
    }

    fn send(&mut self, method: Method, target: Target<'_>) -> Answer<'a> {
        let login = self.client.login().filter(|_| self.authorized);
        let request = self.request(method, target, login);
        let answer = self.server.answer(&request);
        let (client, server) = (self.client, self.server);
        self.watcher.saw(|| exchange(client, server, &request, &answer));
        answer
    }

    fn request<'t>(
        &self,
        method: Method,
        target: Target<'t>,
        login: Option<&'t Login>,
    ) -> Request<'t>
    where
        'a: 't,
    {
        let PullRequest { image, now, .. } = self.client.request;
        Request { method, repository: image.path(), target, login, now: *now }
    }
}

/// A request and its answer as somebody sees them who watches the wire.
fn exchange(
    client: Client<'_>,
    server: Server<'_>,
    request: &Request<'_>,
    answer: &Answer<'_>,
) -> Exchange {
    let note = match (server.challenge(answer), request.method) {
        (Some(challenge), _) => challenge,
        (None, Method::Head) => String::new(),
        (None, Method::Get) => {
            server.error(request, answer).map_or_else(String::new, |error| match error.code {
                "" => error.message,
                code => format!("{code}: {}", error.message),
            })
        }
    };
    Exchange {
        method: request.method.name(),
        url: client.url(request.target).to_string(),
        basic_user: request.login.map(|login| login.username.clone()),
        status: answer.status(),
        note,
    }
}

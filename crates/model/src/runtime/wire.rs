//! The HTTP client of containerd: the hosts of a registry, the logins at them, and requests that are made again.
//!
//! *Source: R2 to R4, R9; containerd v2.3.4 core/remotes/docker resolver.go `doWithRetries`, `retryRequest`, authorizer.go
//! `AddResponses`, `doBearerAuth`; what earlier tags do differently is asked of the [`Dialect`].*

use super::auth;
use super::dial::{Door, RETRY_PAUSE, Unreached, retries_timeouts};
use crate::credential::Basic;
use crate::message::runtime::{Dialect, Fault, TokenProblem, Url};
use crate::pull::{Exchange, Outside, PullRequest, Refusal, SentAuth, Served};
use crate::registry::{
    Answer, Authorization, Bearer, Challenge, Method, Refused, Request, Server, Target,
    TokenRequest,
};
use crate::time::Span;
use crate::world::{Capabilities, Part, Reach, Trouble, World};

/// What a pull ends with that does not end well.
pub(super) struct Failure {
    pub(super) why: Refusal,
    // Boxed, because what ends well is small and what does not is not.
    pub(super) fault: Box<Fault>,
}

impl Failure {
    pub(super) fn new(why: Refusal, fault: Fault) -> Self {
        Self { why, fault: Box::new(fault) }
    }
}

/// Where a registry's API is reached (containerd core/remotes/docker/registry.go `DefaultHost`).
pub(super) fn endpoint(host: &str) -> &str {
    if host == "docker.io" { "registry-1.docker.io" } else { host }
}

/// The hosts of an image's registry in the order in which they are asked: mirrors with the registry that they stand for,
/// then the registry itself.
pub(super) fn hosts_of<'a>(
    request: &PullRequest<'a>,
) -> impl Iterator<Item = (&'a str, Reach, Capabilities, Option<&'a str>)> + use<'a> {
    let registry = request.image.host();
    let config = request.node.hosts.get(registry).filter(|config| config.holds(request.now));
    let mirrors = config.map_or(&[][..], |config| &config.mirrors);
    let (reach, capabilities) =
        config.map_or_else(Default::default, |config| (config.server, config.capabilities));
    let last = config.and_then(|config| config.last.as_deref()).unwrap_or(endpoint(registry));
    let hosts = mirrors.iter().map(|one| (&*one.host, one.reach, one.capabilities));
    hosts.chain([(last, reach, capabilities)]).map(move |(host, reach, capabilities)| {
        let stands_for = (host != endpoint(registry)).then_some(registry);
        (host, reach, capabilities, stands_for)
    })
}

/// The registry behind a host, if there is one.
pub(super) fn server_at<'a>(outside: &Outside<'a>, host: &str) -> Option<Server<'a>> {
    // Docker Hub's API has a name of its own.
    Server::of(outside, if host == endpoint("docker.io") { "docker.io" } else { host })
}

pub(super) struct Wire<'a, 'w> {
    request: &'a PullRequest<'a>,
    dialect: Dialect,
    world: &'a World,
    served: &'a mut Served,
    // Mirrors, then the registry itself.
    hosts: Vec<Host<'a>>,
    // Nobody may be watching; then exchanges are not even put into words.
    exchanges: Option<&'w mut Vec<Exchange>>,
    // How long was waited for hosts that did not answer.
    pub(super) waited: Span,
}

struct Host<'a> {
    name: &'a str,
    reach: Reach,
    capabilities: Capabilities,
    // `None` where no registry is.
    server: Option<Server<'a>>,
    // The registry in whose place it is asked, if it is a mirror.
    stands_for: Option<&'a str>,
    login: Login<'a>,
}

/// How requests to a host say who asks.
#[derive(Clone)]
enum Login<'a> {
    /// Not at all, until a challenge comes.
    None,
    /// With user name and password.
    Basic { user: String, secret: String },
    /// With a token, which is got with the login, or for nothing.
    Bearer { user: String, secret: String, token: Option<Bearer<'a>> },
}

/// What comes next after an answer.
enum Next {
    Retry,
    Done,
}

impl<'a, 'w> Wire<'a, 'w> {
    pub(super) fn new(
        outside: Outside<'a>,
        request: &'a PullRequest<'a>,
        dialect: Dialect,
        exchanges: Option<&'w mut Vec<Exchange>>,
    ) -> Self {
        let host = |(name, reach, capabilities, stands_for)| {
            let server = server_at(&outside, name);
            Host { name, reach, capabilities, server, stands_for, login: Login::None }
        };
        let hosts = hosts_of(request).map(host).collect();
        let Outside { world, served, .. } = outside;
        Self { request, dialect, world, served, hosts, exchanges, waited: Span::ZERO }
    }

    /// The hosts that are asked for something.
    pub(super) fn able(&self, is_able: impl Fn(Capabilities) -> bool) -> Vec<usize> {
        let all = self.hosts.iter().enumerate();
        all.filter(|(_, host)| is_able(host.capabilities)).map(|(at, _)| at).collect()
    }

    pub(super) fn server(&self, host: usize) -> Option<Server<'a>> {
        self.hosts[host].server
    }

    pub(super) fn name(&self, host: usize) -> &'a str {
        self.hosts[host].name
    }

    /// Content is fetched by another authorizer than the one that the name was resolved by (R5).
    pub(super) fn forget_logins(&mut self) {
        for host in &mut self.hosts {
            host.login = Login::None;
        }
    }

    pub(super) fn url(&self, host: usize, target: Target<'_>) -> String {
        let Host { name, reach, stands_for, .. } = self.hosts[host];
        let repository = self.request.image.path();
        let plain = reach == Reach::Http;
        Url { plain, host: name, repository, target, stands_for }.to_string()
    }

    /// Asks for one URL until the answer is one to keep, or the attempts are used up.
    pub(super) fn ask(
        &mut self,
        host: usize,
        mut method: Method,
        target: Target<'_>,
        last_host: bool,
    ) -> Result<Answer<'a>, Failure> {
        let mut statuses = Vec::new();
        let mut timeouts = 0;
        loop {
            let attempt = statuses.len() as u32 + timeouts + 1;
            let authorization = self.authorize(host)?;
            if let Err(no) = self.dial(host) {
                self.waited = self.waited + no.waited;
                let again = last_host
                    && retries_timeouts(self.dialect.containerd)
                    && timeouts < no.retries
                    && attempt < self.dialect.attempts();
                if again {
                    timeouts += 1;
                    self.waited = self.waited + RETRY_PAUSE;
                    continue;
                }
                let url = self.url(host, target);
                let Unreached { why, error, deadline, .. } = no;
                let fault = Fault::Request { method, url, error, deadline };
                return Err(Failure::new(why, fault));
            }
            let answer = self.send(host, method, target, authorization.as_ref());
            let Answer::Refused(no) = answer else { return Ok(answer) };
            let next = self.next(host, no, &statuses, last_host, &mut method, target)?;
            statuses.push(no.status);
            if matches!(next, Next::Done) || attempt >= self.dialect.attempts() {
                return Ok(answer);
            }
        }
    }

    /// What is done about a refusal (`retryRequest`, `AddResponses`).
    fn next(
        &mut self,
        host: usize,
        no: Refused<'a>,
        statuses: &[u16],
        last_host: bool,
        method: &mut Method,
        target: Target<'_>,
    ) -> Result<Next, Failure> {
        match no.status {
            401 => self.take_challenge(host, no, !statuses.is_empty()),
            405 if *method == Method::Head && matches!(target, Target::Manifest(_)) => {
                *method = Method::Get;
                Ok(Next::Retry)
            }
            408 | 429 => Ok(Next::Retry),
            500 | 503 | 504
                if self.dialect.retries_failures()
                    && last_host
                    && statuses.last() != Some(&no.status) =>
            {
                Ok(Next::Retry)
            }
            _ => Ok(Next::Done),
        }
    }

    fn take_challenge(
        &mut self,
        host: usize,
        no: Refused<'a>,
        repeated: bool,
    ) -> Result<Next, Failure> {
        match no.challenge {
            Challenge::None => Ok(Next::Done),
            Challenge::Bearer(error) => {
                if let Some(error) = error {
                    if repeated {
                        return Err(Failure::new(no.why, Fault::ServerMessage(error)));
                    }
                    self.hosts[host].login = Login::None;
                }
                if matches!(self.hosts[host].login, Login::None) {
                    let (user, secret) = self.credential(host)?;
                    self.hosts[host].login = Login::Bearer { user, secret, token: None };
                }
                Ok(Next::Retry)
            }
            Challenge::Basic => {
                let (user, secret) = self.credential(host)?;
                if !user.is_empty() && !secret.is_empty() {
                    self.hosts[host].login = Login::Basic { user, secret };
                    return Ok(Next::Retry);
                }
                if !self.dialect.explains_missing_login() {
                    return Ok(Next::Done);
                }
                // A name or password that is empty is none.
                Err(Failure::new(Refusal::NoCredentials, Fault::NoLogin))
            }
        }
    }

    /// The credential as far as it is one for a host (R11).
    fn credential(&self, host: usize) -> Result<(String, String), Failure> {
        let Some(auth) = &self.request.auth else { return Ok((String::new(), String::new())) };
        let name = self.hosts[host].name;
        match auth::parse(auth, name) {
            Ok(auth::Parsed { user, secret }) => Ok((user, secret)),
            Err(error) => {
                let fault = Fault::Unreadable { host: name.to_owned(), error };
                Err(Failure::new(Refusal::LoginRefused, fault))
            }
        }
    }

    /// What the next request to a host says about who asks; a token is got first where one is needed (R4).
    fn authorize(&mut self, host: usize) -> Result<Option<Bearer<'a>>, Failure> {
        let (user, secret) = match &self.hosts[host].login {
            Login::None | Login::Basic { .. } => return Ok(None),
            Login::Bearer { token: Some(token), .. } => return Ok(Some(*token)),
            Login::Bearer { user, secret, token: None } => (user.clone(), secret.clone()),
        };
        let bearer = self.get_token(host, &user, &secret)?;
        self.hosts[host].login = Login::Bearer { user, secret, token: Some(bearer) };
        Ok(Some(bearer))
    }

    /// First a form, then, where that is not understood or not believed, a query.
    fn get_token(&mut self, host: usize, user: &str, secret: &str) -> Result<Bearer<'a>, Failure> {
        let server = self.hosts[host].server.expect("only a server asks for a token");
        let anonymous = secret.is_empty();
        let login = (!anonymous).then_some(Basic { user, secret });
        let methods = if anonymous { &[Method::Get][..] } else { &[Method::Post, Method::Get] };
        for &method in methods {
            let url = match method {
                Method::Post => server.realm(),
                Method::Head | Method::Get => server.token_url(self.request.image.path()),
            };
            let failed = |why, problem| {
                Failure::new(why, Fault::Token { anonymous, method, url: url.clone(), problem })
            };
            if let Err(no) = self.dial_token_server(server, &url) {
                self.waited = self.waited + no.waited;
                let Unreached { why, error, deadline, .. } = no;
                return Err(failed(why, TokenProblem::Request { error, deadline }));
            }
            let now = self.request.now;
            let request =
                TokenRequest { method, repository: self.request.image.path(), login, now };
            let answer = server.give_token(&request);
            self.saw_token(server, &request, &url, &answer);
            match answer {
                Answer::Token(bearer) => return Ok(bearer),
                Answer::Refused(no) => {
                    let falls_back = method == Method::Post
                        && (matches!(no.status, 400 | 401 | 404)
                            || (no.status == 405 && !user.is_empty()));
                    if !falls_back {
                        return Err(failed(no.why, TokenProblem::Status(no.status)));
                    }
                }
                Answer::Found(_) | Answer::Elsewhere(_) => {
                    unreachable!("a token server gives tokens only")
                }
            }
        }
        unreachable!("a query is always answered or refused")
    }

    fn dial_token_server(&self, server: Server<'a>, url: &str) -> Result<(), Unreached> {
        let trouble = server.trouble(Part::TokenServer, self.request.now);
        let place = url.split_once("://").map_or(url, |(_, place)| place);
        let host = place.split('/').next().unwrap_or(place);
        let reach = if url.starts_with("http://") { Reach::Http } else { Reach::Tls };
        let (world, request) = (self.world, self.request);
        Door { world, request, host, reach, address: None, trouble }.try_it()
    }

    fn dial(&self, host: usize) -> Result<(), Unreached> {
        let Host { name, reach, server, .. } = &self.hosts[host];
        let (world, request) = (self.world, self.request);
        let door =
            |address, trouble| Door { world, request, host: name, reach: *reach, address, trouble };
        match server {
            None => Err(door(None, None).nobody()),
            Some(server) => {
                let trouble = server.trouble(Part::Registry, request.now);
                door(server.address(), trouble).try_it()
            }
        }
    }

    fn send(
        &mut self,
        host: usize,
        method: Method,
        target: Target<'_>,
        bearer: Option<&Bearer<'a>>,
    ) -> Answer<'a> {
        let Host { login, server, reach, .. } = &self.hosts[host];
        let authorization = match (login, bearer) {
            (_, Some(bearer)) => Authorization::Bearer(*bearer),
            (Login::Basic { user, secret }, None) => Authorization::Basic(Basic { user, secret }),
            (Login::None | Login::Bearer { .. }, None) => Authorization::None,
        };
        let (repository, now) = (self.request.image.path(), self.request.now);
        let from = &*self.request.node.egress;
        let request = Request { method, repository, target, authorization, from, now };
        let server = server.expect("what was dialled is there");
        let speaks_plain = matches!(server.trouble(Part::Registry, now), Some(Trouble::PlainHttp));
        let answer = if *reach == Reach::Http && !speaks_plain {
            Answer::Refused(Refused::PLAIN_HTTP)
        } else {
            server.answer(&request, self.served)
        };
        if self.exchanges.is_some() {
            let auth = match authorization {
                Authorization::None => SentAuth::None,
                Authorization::Basic(basic) => SentAuth::Basic(basic.user.to_owned()),
                Authorization::Bearer(_) => SentAuth::Bearer,
            };
            let note = match &answer {
                Answer::Refused(no) => {
                    let challenge = server.challenge(repository, no.challenge);
                    challenge.unwrap_or_else(|| match method {
                        Method::Head => String::new(),
                        Method::Get | Method::Post => note(server, repository, target, no),
                    })
                }
                Answer::Elsewhere(other) => format!("Location: https://{other}/…"),
                Answer::Found(_) | Answer::Token(_) => String::new(),
            };
            let (url, status) = (self.url(host, target), answer.status());
            self.saw(Exchange { method: method.name(), url, auth, status, note });
        }
        answer
    }

    /// Gets a blob from the host that the registry pointed at; no credential goes there (R6).
    pub(super) fn follow(
        &mut self,
        host: usize,
        other: &'a str,
        target: Target<'_>,
    ) -> Result<(), Failure> {
        let server = self.hosts[host].server.expect("it has just answered");
        let (Target::Manifest(digest) | Target::Blob(digest)) = target;
        let url = format!("https://{other}/{digest}");
        let trouble = server.trouble(Part::Blobs, self.request.now);
        let (world, request) = (self.world, self.request);
        let door = Door { world, request, host: other, reach: Reach::Tls, address: None, trouble };
        if let Err(no) = door.try_it() {
            self.waited = self.waited + no.waited;
            let Unreached { why, error, deadline, .. } = no;
            let method = Method::Get;
            let fault = Fault::Request { method, url, error, deadline };
            return Err(Failure::new(why, fault));
        }
        let status = match trouble {
            Some(Trouble::Status(status, _)) => *status,
            _ => 200,
        };
        let (method, auth) = (Method::Get.name(), SentAuth::None);
        self.saw(Exchange { method, url: url.clone(), auth, status, note: String::new() });
        if status < 300 {
            return Ok(());
        }
        let (host, target, why) = (other.to_owned(), target.to_string(), Refusal::RegistryFailed);
        let fault = Fault::Status { url, host, target, status, error: None };
        Err(Failure::new(why, fault))
    }

    fn saw(&mut self, exchange: Exchange) {
        if let Some(exchanges) = &mut self.exchanges {
            exchanges.push(exchange);
        }
    }

    fn saw_token(
        &mut self,
        server: Server<'a>,
        request: &TokenRequest<'_>,
        url: &str,
        answer: &Answer<'a>,
    ) {
        if self.exchanges.is_none() {
            return;
        }
        let auth = match (request.login, request.method) {
            (None, _) => SentAuth::None,
            (Some(login), Method::Post) if login.user.is_empty() => SentAuth::RefreshForm,
            (Some(login), Method::Post) => SentAuth::PasswordForm(login.user.to_owned()),
            (Some(login), Method::Head | Method::Get) => SentAuth::Basic(login.user.to_owned()),
        };
        let note = match answer {
            Answer::Refused(no) => note(server, request.repository, Target::Manifest(""), no),
            Answer::Found(_) | Answer::Elsewhere(_) | Answer::Token(_) => String::new(),
        };
        let (method, status) = (request.method.name(), answer.status());
        self.saw(Exchange { method, url: url.to_owned(), auth, status, note });
    }
}

/// The error in the body of an answer: `DENIED: …`, or plain text.
fn note(server: Server<'_>, repository: &str, target: Target<'_>, no: &Refused<'_>) -> String {
    match server.error(repository, target, no) {
        None => String::new(),
        Some(error) if error.code.is_empty() => error.message,
        Some(error) => format!("{}: {}", error.code, error.message),
    }
}

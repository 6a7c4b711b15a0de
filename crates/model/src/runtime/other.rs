//! The same pull by other clients than containerd: Docker, which kubelets reach through cri-dockerd, and the library of
//! CRI-O. Only what they would say is wanted; how often they ask is left out.
//!
//! *Source: R1 and R, section 3, "docker and skopeo wording".*

use super::dial::{Door, Unreached};
use super::wire::{endpoint, server_at};
use crate::credential::Basic;
use crate::message::other::{End, crio, docker};
use crate::message::runtime::{Code, Url, for_kubelet};
use crate::pull::{Outside, PullRequest};
use crate::registry::{
    Answer, Authorization, Challenge, Method, Refused, Request, Server, Target, TokenRequest,
};
use crate::world::{Part, Reach};

/// How a client words the end of a pull; `None` where nobody has said.
pub type Words = fn(&End<'_>) -> Option<String>;

/// What runs containers elsewhere, and how it words the end of a pull, where that is known.
pub const CLIENTS: [(&str, Words); 2] =
    [("CRI-O", crio), ("Docker, by way of cri-dockerd", docker)];

/// What each of [`CLIENTS`] says when a pull fails, as the kubelet prints it; empty if the image comes, `None` where nobody
/// has said how it words such an end.
pub fn said(outside: Outside<'_>, request: &PullRequest<'_>) -> [Option<String>; 2] {
    let end = end(outside, request);
    CLIENTS.map(|(_, word)| {
        if end == End::Came {
            return Some(String::new());
        }
        Some(for_kubelet(Code::Unknown, &word(&end)?, request.kubelet))
    })
}

fn end<'a>(outside: Outside<'a>, request: &'a PullRequest<'a>) -> End<'a> {
    let image = request.image;
    let host = endpoint(image.host());
    let server = server_at(&outside, host);
    let Outside { world, served, .. } = outside;
    let door =
        |address, trouble| Door { world, request, host, reach: Reach::Tls, address, trouble };
    let Some(server) = server else {
        let Unreached { error, .. } = door(None, None).nobody();
        return End::Unreached { host, error, deadline: false };
    };
    let trouble = server.trouble(Part::Registry, request.now);
    if let Err(Unreached { error, deadline, .. }) = door(server.address(), trouble).try_it() {
        return End::Unreached { host, error, deadline };
    }
    let login = request.auth.filter(|auth| !auth.username.is_empty() && !auth.password.is_empty());
    let login = login.map(|auth| Basic { user: auth.username, secret: auth.password });
    let target = Target::Manifest(image.digest().or(image.tag()).unwrap_or_default());
    let mut ask = |authorization| {
        let request = Request {
            method: Method::Get,
            repository: image.path(),
            target,
            authorization,
            from: &request.node.egress,
            now: request.now,
        };
        server.answer(&request, served)
    };
    let refused = |no: Refused<'a>| {
        let error = server.error(image.path(), target, &no);
        End::Refused { image, status: no.status, error }
    };
    let first = match ask(Authorization::None) {
        Answer::Refused(no) if no.status == 401 => no,
        Answer::Refused(no) => return refused(no),
        Answer::Found(found) => return came(server, request, found.tag, found.image),
        Answer::Elsewhere(_) | Answer::Token(_) => return End::Came,
    };
    let url = || {
        let (repository, plain) = (image.path(), false);
        Url { plain, host, repository, target, stands_for: None }.to_string()
    };
    let second = match (first.challenge, login) {
        (Challenge::None, _) => return refused(first),
        (Challenge::Basic, None) => return End::NoLogin { image, url: url() },
        (Challenge::Basic, Some(login)) => ask(Authorization::Basic(login)),
        (Challenge::Bearer(_), login) => {
            let (method, repository, now) = (Method::Get, image.path(), request.now);
            let wanted = TokenRequest { method, repository, login, now };
            match server.give_token(&wanted) {
                Answer::Token(bearer) => ask(Authorization::Bearer(bearer)),
                Answer::Refused(no) => {
                    let error = server.error(repository, target, &no);
                    return End::NoToken { image, url: url(), status: no.status, error };
                }
                Answer::Found(_) | Answer::Elsewhere(_) => return End::Came,
            }
        }
    };
    match second {
        Answer::Refused(no) => refused(no),
        Answer::Found(found) => came(server, request, found.tag, found.image),
        Answer::Elsewhere(_) | Answer::Token(_) => End::Came,
    }
}

fn came<'a>(
    server: Server<'a>,
    request: &'a PullRequest<'a>,
    tag: &str,
    image: &crate::world::Image,
) -> End<'a> {
    let platform = &request.node.platform;
    let parts = server.parts(request.image.path(), tag, image, platform);
    if matches!(parts.platform, Some(None)) { End::NoPlatform { platform } } else { End::Came }
}

//! What the stand-in registries answered, where it tells what they hold and whom they know.

use pullpath_model::credential::SecretText;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::wildcard;
use pullpath_model::world::{
    Plugin, PluginAnswer, PluginPassword, ProviderSpec, RegistryKind, TokenSpec, World,
};

use super::super::recording::Recording;

/// Whether a registry gave out that digest.
pub(super) fn has(recording: &Recording, host: &str, path: &str, digest: &str) -> bool {
    let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
    let end = format!("{host}/v2/{path}/manifests/{digest}");
    let gives = |status: u16| (200..400).contains(&status);
    recording
        .registry_requests
        .iter()
        .any(|request| request.request.ends_with(&end) && gives(request.status))
}

/// A login that a registry judged, as long as it judged it alike.
struct Judged {
    user: String,
    accepted: bool,
    /// When it was refused after it had been accepted.
    until: Option<SimTime>,
}

/// The logins that a plugin's registries judged, one for each change of their minds.
fn judged(recording: &Recording, hosts: &[String]) -> Vec<Judged> {
    let mut all: Vec<Judged> = Vec::new();
    for request in &recording.registry_requests {
        let url = request.request.split_once("://").map_or("", |(_, url)| url);
        let at = url.split('/').next().unwrap_or_default();
        let is_theirs =
            |host: &String| wildcard::covers(host.split('/').next().unwrap_or(host), at);
        let Some(user) = request.auth.strip_prefix("basic ") else { continue };
        if !hosts.iter().any(is_theirs) {
            continue;
        }
        let accepted = !matches!(request.status, 400 | 401 | 403);
        match all.last_mut() {
            Some(last)
                if last.user == user && last.accepted == accepted && last.until.is_none() => {}
            Some(last) if last.user == user && last.accepted && last.until.is_none() => {
                last.until = Some(SimTime::from_millis((request.t * 1000.0) as i64));
            }
            // The same login is still refused.
            Some(last) if last.user == user && last.until.is_some() && !accepted => {}
            _ => all.push(Judged { user: user.to_owned(), accepted, until: None }),
        }
    }
    all
}

/// Logins for a plugin whose sentences name none.
pub(super) fn logins(recording: &Recording, hosts: &[String]) -> Vec<(String, String)> {
    let judged = judged(recording, hosts);
    let password = |(number, one): (usize, Judged)| (one.user, format!("{RECORDED}{number}"));
    judged.into_iter().enumerate().map(password).collect()
}

/// How a password begins that nobody wrote down.
const RECORDED: &str = "recorded-";

/// The logins that plugins give, as far as the registries take them.
pub(super) fn tokens(recording: &Recording, providers: &[ProviderSpec], world: &mut World) {
    for spec in providers {
        let Plugin::Script(answers) = &spec.plugin else { continue };
        let judged = judged(recording, &spec.match_images);
        let mut judged = judged.into_iter();
        for answer in answers {
            let PluginAnswer::Gives { auth, .. } = answer else { continue };
            let Some(PluginPassword::Text(text)) = auth.first().map(|login| &login.password) else {
                continue;
            };
            let one = judged.next();
            let expires = match text.reveal() {
                word if ["expired", "stale", "old"].iter().any(|begin| word.starts_with(begin)) => {
                    Some(SimTime::START - Span::hours(1))
                }
                word if word.starts_with("valid") => one.and_then(|one| one.until).or(Some(LATE)),
                _ => one.filter(|one| one.accepted).map(|one| one.until.unwrap_or(LATE)),
            };
            let Some(expires) = expires else { continue };
            for login in auth {
                let hosts = world.registries.iter().filter(|(host, registry)| {
                    wildcard::covers(&login.key, host) && takes_tokens(registry.kind)
                });
                let hosts: Vec<String> = hosts.map(|(host, _)| host.clone()).collect();
                for host in hosts {
                    let token = TokenSpec {
                        registry: host.clone(),
                        issued: SimTime::START - Span::hours(2),
                        text: Some(SecretText::new(text.reveal())),
                        expires: Some(expires),
                        ..TokenSpec::default()
                    };
                    world.tokens.insert(format!("{host} {}", text.reveal()), token);
                }
            }
        }
    }
}

/// Later than any recording.
const LATE: SimTime = SimTime::from_millis(36_000_000);

fn takes_tokens(kind: RegistryKind) -> bool {
    kind != RegistryKind::Open
}

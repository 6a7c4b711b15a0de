//! `registry_pull`: what a registry answers, and what each containerd then says.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pullpath_model::cloud::Roles;
use pullpath_model::credential::SecretText;
use pullpath_model::image::ImageRef;
use pullpath_model::message::runtime::ImageName;
use pullpath_model::pull::{
    AuthConfig, Exchange, Outside, PullOutcome, PullTrace, SentAuth, Served,
};
use pullpath_model::registry;
use pullpath_model::runtime;
use pullpath_model::time::{SimTime, Span, rfc3339};
use pullpath_model::token::Mint;
use pullpath_model::world::{
    Damage, Image, Manifest, Outage, RateLimit, RegistryKind, TokenSpec, Trouble, User, Version,
    World,
};
use serde_yaml::Value;

use super::registry_world::{message, node, pull, put, text, texts, world};
use crate::case::{Case, Difference, NotPlayed, Played, differ_text as differ, not_played};

/// What a case may say.
const KEYS: [&str; 17] = [
    "registry_kind",
    "situation",
    "image",
    "registry",
    "credential",
    "server",
    "pulled",
    "dockerd-28.5.2",
    "skopeo-1.9.3",
    "recorded_from",
    "runtime",
    "http_containerd_2_3_4",
    "challenge",
    "clock",
    "last_error_body",
    "network",
    "seconds_until_error",
];

/// The containerd versions of `registry_pull.yaml`, the last with `use_local_image_pull`.
const RUNTIMES: [(&str, Version, bool); 5] = [
    ("containerd-1.6.20", Version::new(1, 6, 20), false),
    ("containerd-1.7.24", Version::new(1, 7, 24), false),
    ("containerd-2.1.9", Version::new(2, 1, 9), false),
    (WIRE, Version::new(2, 3, 4), false),
    ("containerd-2.3.4-localpull", Version::new(2, 3, 4), true),
];

/// The one whose requests were written down.
const WIRE: &str = "containerd-2.3.4";

/// A kubelet that prints every status with its code (P26).
const TELLING_KUBELET: Version = Version::new(1, 27, 0);

/// What registries of the cases resolve to.
const ADDRESS: &str = "192.0.2.10";

/// When the expired certificate ran out, and the name in the one for another name; the cases do not say.
const CERTIFICATE_HOURS: i64 = -24;
const OTHER_NAME: &str = "other.example.com";

/// How long the resolver of the measurements waited for its name server; recorded are five tries and their pauses.
const LOOKUP_TIMEOUT: Span = Span::seconds(2);

const USER: &str = "alice";
const PASSWORD: &str = "s3cret";

pub(super) fn play(case: &Case<'_>) -> Played {
    case.knows(&KEYS)?;
    let case = case.value;
    if let Some(runtimes) = case["runtime"].as_mapping() {
        let known = |name: &Value| RUNTIMES.iter().any(|(known, ..)| name == known);
        if let Some(stranger) = runtimes.keys().find(|name| !known(name)) {
            return not_played(format!("runtime {stranger:?}"));
        }
    }
    let image = match ImageRef::parse(text(case, "image")) {
        Ok(image) => image,
        Err(error) => {
            let said = |(name, version, _): (&str, Version, bool)| {
                let image = text(case, "image");
                let got = runtime::refuse_name(version, image, &error, TELLING_KUBELET);
                differ(name, &got, &wanted(case, name, &got, &[("{IMAGE}", image)]))
            };
            return Ok(RUNTIMES.into_iter().filter_map(said).collect());
        }
    };
    let world = world_of(case, &image)?;
    let mut differences = Vec::new();
    for (name, version, local_pull) in RUNTIMES {
        let mut node = node(version, local_pull);
        node.kubernetes = Some(TELLING_KUBELET);
        let (mint, roles) = (Mint::new(&world), Roles::new(&world));
        let auth = Auth::of(case, &image, &mint)?;
        let trace = pull(&node, &world, &mint, &roles, &image, auth.as_ref().map(Auth::config));
        let outside =
            Outside { world: &world, mint: &mint, roles: &roles, served: &mut Served::default() };
        let filled = placeholders(&outside, &image);
        let got = message(&trace.outcome);
        differences.extend(differ(
            name,
            got,
            &wanted(case, name, got, &filled.each_ref().map(|(key, value)| (*key, value.as_str()))),
        ));
        let pulled = matches!(trace.outcome, PullOutcome::Pulled(_));
        differences.extend((case["pulled"] != pulled).then(|| Difference {
            what: format!("{name}: pulled"),
            expected: format!("{:?}", case["pulled"]),
            got: pulled.to_string(),
        }));
        if name == WIRE {
            differences.extend(compare_wire(case, &image, &trace));
        }
    }
    Ok(differences)
}

/// The requests, the first challenge and the last error.
fn compare_wire(case: &Value, image: &ImageRef, trace: &PullTrace) -> Vec<Difference> {
    let mut differences = Vec::new();
    let want = texts(&case["http_containerd_2_3_4"]);
    let host = runtime::endpoint(image);
    // The log was that of all registries: where no line is for the image's host, it tells of another pull, and so do
    // the challenge and the error (`net-timeout`).
    let own = want.is_empty() || want.iter().any(|line| line.contains(&format!(" {host}/v2/")));
    if own && !want.is_empty() {
        let lines: Vec<String> = trace.exchanges.iter().map(line).collect();
        // Of a pull that works only the first half was written down; `…` stands for more of the same.
        let (want, cut) = match want.split_last() {
            Some((&"…", rest)) => (rest, true),
            _ => (&want[..], case["pulled"] == true),
        };
        let count = if cut { want.len().min(lines.len()) } else { lines.len() };
        differences.extend(differ("wire", &lines[..count].join("\n"), &want.join("\n")));
    }
    if let Some(want) = case["challenge"].as_str().filter(|_| own) {
        let got = trace.exchanges.iter().find(|exchange| exchange.status == 401);
        differences.extend(differ("challenge", got.map_or("", |one| &one.note), want));
    }
    if let Some(body) = case["last_error_body"].as_str().filter(|_| own) {
        let parsed: Value = serde_yaml::from_str(body).expect("an error's body is JSON");
        let error = &parsed["errors"][0];
        let want = match error["code"].as_str() {
            Some(code) => format!("{code}: {}", text(error, "message")),
            None => body.to_owned(),
        };
        let got = trace.exchanges.last().map_or("", |exchange| &exchange.note);
        differences.extend(differ("last error", got, &want));
    }
    if let (Some(want), PullOutcome::Failed { waited, .. }) =
        (case["seconds_until_error"].as_f64(), &trace.outcome)
    {
        let near = waited.as_millis().abs_diff((want * 1000.0) as i64) <= 300;
        differences.extend((!near).then(|| Difference {
            what: "seconds_until_error".to_owned(),
            expected: want.to_string(),
            got: format!("{} ms", waited.as_millis()),
        }));
    }
    differences
}

fn kind_of(name: &str) -> Result<RegistryKind, NotPlayed> {
    Ok(match name {
        "any" | "distribution-noauth" => RegistryKind::Open,
        "distribution-basic" => RegistryKind::Basic,
        "distribution-token" => RegistryKind::Token,
        "ecr" => RegistryKind::Ecr,
        "ecr-public" => RegistryKind::EcrPublic,
        "dockerhub" => RegistryKind::DockerHub,
        "ghcr" => RegistryKind::Ghcr,
        "gar" | "gcr" => RegistryKind::ArtifactRegistry,
        "acr" => RegistryKind::Acr,
        "quay" => RegistryKind::Quay,
        "harbor" => RegistryKind::Harbor,
        "gitlab" => RegistryKind::GitLab,
        other => return not_played(format!("registry kind `{other}`")),
    })
}

fn world_of(case: &Value, image: &ImageRef) -> Result<World, NotPlayed> {
    let kind = kind_of(text(case, "registry_kind"))?;
    let mut world = world();
    let facts = &case["registry"];
    let exists = |key| facts[key] == true;
    let path = if exists("repo_exists") { image.path() } else { "another/one" };
    let tag = if exists("ref_exists") { image.tag() } else { Some("another") };
    put(&mut world, kind, image.host(), path, tag).public = facts["pull_requires_auth"] == "none";
    let may = text(&case["credential"], "state") != "valid-without-permission";
    let pulls = (!may).then(Vec::new);
    let age = case["clock"]["credential_age_hours"].as_i64().unwrap_or(13);
    let lifetime = case["clock"]["credential_lifetime_hours"].as_i64().or_else(|| {
        Some(kind.token_lifetime().map_or(1, |lifetime| lifetime.as_millis() / 3_600_000))
    });
    let issued = |hours| SimTime::START - Span::hours(hours);
    let token = |hours| TokenSpec {
        registry: image.host().to_owned(),
        issued: issued(hours),
        expires: lifetime.map(|lifetime| issued(hours) + Span::hours(lifetime)),
        user: (kind.token_user() != Some("AWS")).then(|| USER.to_owned()),
        pulls: pulls.clone(),
        // Without rights a token of ECR is one of a role without any.
        role: if may || kind != RegistryKind::Ecr { String::new() } else { "nobody".to_owned() },
        ..TokenSpec::default()
    };
    world.tokens = BTreeMap::from([("live".to_owned(), token(0)), ("old".to_owned(), token(age))]);
    let registry = world.registries.get_mut(image.host()).expect("it was put there");
    registry.address = Some(ADDRESS.to_owned());
    let user = User { password: SecretText::new(PASSWORD), pulls, ..User::default() };
    registry.users.insert(USER.to_owned(), user);
    if text(case, "situation").contains("rate limit") {
        registry.limit = Some(RateLimit { pulls: 100, used: 100 });
    }
    if let Some(network) = case["network"].as_str() {
        let images = registry.repositories.values_mut().flat_map(|all| all.tags.values_mut());
        match trouble_of(network)? {
            Strange::Trouble(trouble) => registry.outages.push(Outage::of(trouble)),
            Strange::Image(change) => images.for_each(change),
        }
    }
    Ok(world)
}

enum Strange {
    Trouble(Trouble),
    Image(fn(&mut Image)),
}

/// What is strange about the network, the server or the image, in the words of the cases.
fn trouble_of(network: &str) -> Result<Strange, NotPlayed> {
    let says = |part: &str| network.contains(part);
    let status = network.get(..3).and_then(|digits| digits.parse::<u16>().ok());
    let not_after = SimTime::START + Span::hours(CERTIFICATE_HOURS);
    Ok(Strange::Trouble(match status {
        Some(status) if says("registry error body") => {
            let error = ("UNAVAILABLE".to_owned(), "the backend is gone".to_owned());
            Trouble::Status(status, Some(error))
        }
        Some(status) => Trouble::Status(status, None),
        None if says("NXDOMAIN") => Trouble::NoSuchHost,
        None if says("SERVFAIL") => Trouble::NameServerFails,
        None if says("DNS server does not answer") => Trouble::NameServerSilent(LOOKUP_TIMEOUT),
        None if says("connection refused") => Trouble::Refused,
        None if says("no route to host") => Trouble::NoRoute,
        None if says("network is unreachable") => Trouble::NoNetwork,
        None if says("packets dropped") => Trouble::Dropped,
        None if says("unknown CA") || says("self-signed") => Trouble::UnknownAuthority,
        None if says("expired certificate") => Trouble::CertificateExpired(not_after),
        None if says("certificate") && says("name") => Trouble::WrongName(OTHER_NAME.to_owned()),
        None if says("plain HTTP server") => Trouble::PlainHttp,
        None => {
            return Ok(Strange::Image(if says("index without the node platform") {
                |image| image.manifest = Manifest::Index(vec!["linux/arm64".to_owned()])
            } else if says("single manifest") {
                |image| image.manifest = Manifest::Single
            } else if says("index") {
                |image| {
                    let platforms = ["linux/amd64", "linux/arm64"].map(str::to_owned);
                    image.manifest = Manifest::Index(platforms.into());
                }
            } else if says("blob absent") {
                |image| image.damage = Damage::Missing
            } else if says("does not match its digest") {
                |image| image.damage = Damage::Corrupt
            } else {
                return not_played(format!("network `{network}`"));
            }));
        }
    }))
}

/// A credential as the CRI has it.
#[derive(Default)]
struct Auth {
    username: String,
    password: String,
    encoded: String,
    server_address: String,
    identity_token: String,
    registry_token: String,
}

impl Auth {
    fn of(case: &Value, image: &ImageRef, mint: &Mint) -> Result<Option<Self>, NotPlayed> {
        let token = |name: &str| mint.get(name).expect("the world has it").text.reveal();
        let is_ecr = text(case, "registry_kind").starts_with("ecr");
        let (user, good) = if is_ecr { ("AWS", token("live")) } else { (USER, PASSWORD) };
        let with = |username: &str, password: &str| Self {
            username: username.to_owned(),
            password: password.to_owned(),
            ..Self::default()
        };
        let mut auth = match text(&case["credential"], "state") {
            "none" => return Ok(None),
            "valid"
            | "valid-without-permission"
            | "valid-for-other-host"
            | "valid-server-address-without-scheme"
            | "registry-token-only"
            | "identity-token-only" => with(user, good),
            "wrong-password" => with(user, "wrong"),
            "empty-password" => with(user, ""),
            "malformed" => with(user, "garbage"),
            "trailing-newline" => with(user, &format!("{good}\n")),
            "wrong-user" => with("nobody", good),
            "expired" | "revoked-or-expired" => with(user, token("old")),
            // The field alone says it; see below.
            state if state.starts_with("auth-field") => with(user, good),
            other => return not_played(format!("credential state `{other}`")),
        };
        let state = text(&case["credential"], "state");
        let fields = texts(&case["credential"]["cri_fields"]);
        let whole = std::mem::take(&mut auth);
        for field in fields {
            match field {
                "username" => auth.username.clone_from(&whole.username),
                "password" => auth.password.clone_from(&whole.password),
                "auth" if state.contains("not-base64") => "***".clone_into(&mut auth.encoded),
                "auth" if state.contains("colon") => auth.encoded = STANDARD.encode(user),
                "auth" => auth.encoded = STANDARD.encode(format!("{user}:{}", whole.password)),
                "server_address" => {
                    auth.server_address = match state {
                        "valid-for-other-host" => "https://elsewhere.example.com".to_owned(),
                        "valid-server-address-without-scheme" => image.host().to_owned(),
                        _ => format!("https://{}", image.host()),
                    }
                }
                "identity_token" => auth.identity_token.clone_from(&whole.password),
                "registry_token" => auth.registry_token.clone_from(&whole.password),
                other => return not_played(format!("field `{other}` of a credential")),
            }
        }
        Ok(Some(auth))
    }

    fn config(&self) -> AuthConfig<'_> {
        AuthConfig {
            username: &self.username,
            password: &self.password,
            auth: &self.encoded,
            server_address: &self.server_address,
            identity_token: &self.identity_token,
            registry_token: &self.registry_token,
        }
    }
}

/// What the placeholders of the recorded texts stand for here.
fn placeholders(outside: &Outside<'_>, image: &ImageRef) -> [(&'static str, String); 12] {
    let reference = image.digest().or(image.tag()).expect("an image has one of them");
    let epoch = outside.world.epoch_seconds;
    let parts = registry::parts_of(outside, image, "linux/amd64");
    let (top, layer) = parts.map(|parts| (parts.top, parts.layer)).unwrap_or_default();
    [
        ("{IMAGE}", ImageName(image).to_string()),
        ("{HOST}", image.host().to_owned()),
        ("{REPO}", image.path().to_owned()),
        ("{REPO_URLENC}", image.path().replace('/', "%2F")),
        ("{REF}", reference.to_owned()),
        ("{IP}", ADDRESS.to_owned()),
        ("{DNS_IP}", "10.0.0.2".to_owned()),
        ("{MANIFEST_DIGEST}", top.clone()),
        ("{INDEX_DIGEST}", top),
        ("{LAYER_DIGEST}", layer),
        ("{NOW_RFC3339}", rfc3339(epoch, SimTime::START)),
        ("{NOT_AFTER_RFC3339}", rfc3339(epoch, SimTime::START + Span::hours(CERTIFICATE_HOURS))),
    ]
}

/// The recorded status as a kubelet prints it that leaves nothing out; empty after a success. What the placeholders that
/// are left stand for is anything without a blank, taken from what was got.
fn wanted(case: &Value, name: &str, got: &str, filled: &[(&str, &str)]) -> String {
    let recorded = &case["runtime"][name];
    if recorded.is_null() {
        return String::new();
    }
    let message =
        filled.iter().fold(text(recorded, "message").to_owned(), |text, (key, value)| match *key {
            // An empty name was replaced everywhere by the one who recorded; it is so again.
            "{IMAGE}" if value.is_empty() => text.replace("{IMAGE}", ""),
            key => text.replace(key, value),
        });
    let host = filled.iter().find(|(key, _)| *key == "{HOST}").map_or("", |(_, host)| host);
    let message = if host == "docker.io" {
        message.replace("https://docker.io/", "https://registry-1.docker.io/")
    } else {
        message
    };
    let message = format!("rpc error: code = {} desc = {message}", text(recorded, "grpc_code"));
    // A client's address and port, and the digest of what came instead.
    ["{CLIENT_IP}", "{PORT}", "{ACTUAL_DIGEST}"].into_iter().fold(message, |text, key| {
        let Some((before, after)) = text.split_once(key) else { return text };
        let Some(rest) = got.strip_prefix(before) else { return text };
        let end = after.chars().next().and_then(|stop| rest.find(stop)).unwrap_or(rest.len());
        text.replace(key, &rest[..end])
    })
}

/// `HEAD host/v2/app/manifests/1 auth=Basic -> 200`, as `registry_pull.yaml` writes it.
fn line(exchange: &Exchange) -> String {
    let Exchange { method, url, auth, status, .. } = exchange;
    let auth = match auth {
        SentAuth::None => "auth=none",
        SentAuth::Basic(_) => "auth=Basic",
        SentAuth::Bearer => "auth=Bearer",
        SentAuth::PasswordForm(_) => "form(grant_type=password)",
        SentAuth::RefreshForm => "form(grant_type=refresh_token)",
    };
    let url = url.strip_prefix("https://").expect("registries are asked over TLS");
    let url = match url.rsplit_once("/sha256:") {
        // What the case itself names stays as it is.
        Some((before, digest)) if !digest.starts_with("aaaa") => format!("{before}/{{DIGEST}}"),
        _ => url.to_owned(),
    };
    format!("{method} {url} {auth} -> {status}")
}

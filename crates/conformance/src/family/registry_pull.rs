//! `registry_pull`: what a registry answers, and what each containerd then says.

use pullpath_model::cloud::Roles;
use pullpath_model::credential::Login;
use pullpath_model::image::ImageRef;
use pullpath_model::message::runtime::{Dialect, ImageName};
use pullpath_model::pull::{Exchange, PullOutcome};
use pullpath_model::token::Mint;
use pullpath_model::world::{RegistryKind, Version, World};
use serde_yaml::Value;

use super::registry_world::{login, message, pull, put, text, texts, world};
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
fn dialects() -> [(&'static str, Dialect); 5] {
    let version = |major, minor, patch| Dialect::of(Version::new(major, minor, patch));
    [
        ("containerd-1.6.20", version(1, 6, 20)),
        ("containerd-1.7.24", version(1, 7, 24)),
        ("containerd-2.1.9", version(2, 1, 9)),
        ("containerd-2.3.4", version(2, 3, 4)),
        ("containerd-2.3.4-localpull", Dialect { local_pull: true, ..version(2, 3, 4) }),
    ]
}

pub(super) fn play(case: &Case<'_>) -> Played {
    case.knows(&KEYS)?;
    let case = case.value;
    // ECR, CNCF distribution without authentication, and hosts that do not exist.
    let known = match text(case, "registry_kind") {
        "ecr" | "distribution-noauth" => true,
        _ => case["network"].as_str() == Some("host name does not exist (NXDOMAIN)"),
    };
    if !known {
        return not_played(format!("registry kind `{}`", text(case, "registry_kind")));
    }
    let mut differences = Vec::new();
    for (name, dialect) in dialects() {
        differences.extend(play_pull(case, name, dialect)?);
    }
    Ok(differences)
}

fn play_pull(case: &Value, name: &str, dialect: Dialect) -> Played {
    let image: ImageRef = text(case, "image").parse().expect("the case names an image");
    let world = world_of(case, &image);
    let (mint, roles) = (Mint::new(&world), Roles::new(&world));
    let login = login_of(case, &mint)?;
    let trace = pull(dialect, &world, &mint, &roles, text(case, "image"), login.as_ref());

    let lines: Vec<String> = trace.exchanges.iter().map(line).collect();
    let challenge = trace.exchanges.first().map_or("", |exchange| exchange.note.as_str());
    let mut differences = Vec::new();
    if let Some(want) = case["challenge"].as_str() {
        differences.extend(differ("challenge", challenge, want));
    }
    if name == "containerd-2.3.4" && !case["http_containerd_2_3_4"].is_null() {
        // Of a pull that works only the first half was written down.
        let want = texts(&case["http_containerd_2_3_4"]);
        let count = if case["pulled"] == true { want.len() } else { lines.len() };
        differences.extend(differ("wire", &lines[..count].join("\n"), &want.join("\n")));
    }
    if name == "containerd-2.3.4"
        && let Some(body) = case["last_error_body"].as_str()
    {
        let body: Value = serde_yaml::from_str(body).expect("a registry's error is JSON");
        let error = &body["errors"][0];
        let want = format!("{}: {}", text(error, "code"), text(error, "message"));
        differences.extend(differ("last error", &trace.exchanges[lines.len() - 1].note, &want));
    }
    let want = wanted(case, name, &image);
    differences.extend(differ(name, message(&trace.outcome), &want));
    let pulled = matches!(trace.outcome, PullOutcome::Pulled { .. });
    differences.extend((case["pulled"] != pulled).then(|| Difference {
        what: format!("{name}: pulled"),
        expected: format!("{:?}", case["pulled"]),
        got: pulled.to_string(),
    }));
    Ok(differences)
}

fn world_of(case: &Value, image: &ImageRef) -> World {
    let mut world = world();
    let kind = match text(case, "registry_kind") {
        "ecr" => RegistryKind::Ecr,
        "distribution-noauth" => RegistryKind::Open,
        _ => return world,
    };
    let registry = &case["registry"];
    let exists = |key| registry[key] == true;
    let repository = if exists("repo_exists") { image.path() } else { "another" };
    let tag = if exists("ref_exists") { image.tag() } else { Some("another") };
    put(&mut world, kind, image.host(), repository, tag);
    world
}

fn login_of(case: &Value, mint: &Mint) -> Result<Option<Login>, NotPlayed> {
    let token = |name: &str| mint.get(name).expect("the world has it").text.reveal().to_owned();
    Ok(Some(match text(&case["credential"], "state") {
        "none" => return Ok(None),
        "valid" => login("AWS", &token("live")),
        "expired" => login("AWS", &token("old")),
        "trailing-newline" => login("AWS", &format!("{}\n", token("live"))),
        "malformed" => login("AWS", "garbage"),
        "wrong-user" => login("aws", &token("live")),
        "wrong-password" => login("alice", "wrong"),
        other => return not_played(format!("credential state `{other}`")),
    }))
}

/// The recorded message as a kubelet since 1.28 prints it (P26).
fn wanted(case: &Value, name: &str, image: &ImageRef) -> String {
    let recorded = &case["runtime"][name];
    if recorded.is_null() {
        return String::new();
    }
    let reference = image.digest().or(image.tag()).expect("an image has one of them");
    let message = text(recorded, "message")
        .replace("{IMAGE}", &ImageName(image).to_string())
        .replace("{HOST}", image.host())
        .replace("{REPO}", image.path())
        .replace("{REF}", reference)
        .replace("{DNS_IP}", "10.0.0.2");
    match text(recorded, "grpc_code") {
        "Unknown" => message,
        code => format!("rpc error: code = {code} desc = {message}"),
    }
}

/// `HEAD host/v2/app/manifests/1 auth=Basic -> 200`, as `registry_pull.yaml` writes it.
fn line(exchange: &Exchange) -> String {
    let auth = if exchange.basic_user.is_some() { "Basic" } else { "none" };
    let url = exchange.url.strip_prefix("https://").expect("registries are asked over TLS");
    format!("{} {url} auth={auth} -> {}", exchange.method, exchange.status)
}

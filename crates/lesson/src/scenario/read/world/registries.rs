//! The `registries:` of a world.

use std::collections::BTreeMap;

use pullpath_model::cloud::{Effect, Statement};
use pullpath_model::credential::SecretText;
use pullpath_model::time::SimTime;
use pullpath_model::world::{
    CacheRule, Damage, Image, Manifest, Outage, Part, RateLimit, Registry, RegistryKind,
    Repository, Trouble, User,
};

use super::{ecr_region, is_host};
use crate::fields::{Fields, Node, short};
use crate::quantity;

/// Registries by host.
pub(in super::super) fn registries(node: &Node<'_>) -> BTreeMap<String, Registry> {
    let mut registries = BTreeMap::new();
    let hosts: Vec<&str> = node.entries().into_iter().map(|(host, _)| host).collect();
    for (host, node) in node.entries() {
        let Some(fields) = node.map(&[
            "kind",
            "repositories",
            "users",
            "limit",
            "outages",
            "caches",
            "token-server",
            "blobs",
            "authority",
            "address",
        ]) else {
            continue;
        };
        if !is_host(host) {
            let hint = "write a host name, with a port if it has one, and no `https://`";
            node.error_at(
                "bad-host",
                node.key_span(),
                format!("`{}` is not a host", short(host)),
                hint,
            );
        }
        let kinds = RegistryKind::ALL.map(|kind| (kind.name(), kind));
        let kind = fields.need("kind", "write whose rules it follows: `ecr`, `open`, `harbor`, …");
        let kind = kind.and_then(|node| {
            let found = node.word(&kinds)?;
            check_host(&node, host, found);
            Some(found)
        });
        let hint = "write `{ payment-api: { \"3.0.0\": 48MiB } }`";
        let repositories = fields.need("repositories", hint);
        let text = |name| fields.get(name).and_then(|node| Some(node.text()?.to_owned()));
        // A broken one stays known, so that what names it is not told as well.
        let registry = Registry {
            kind: kind.unwrap_or(RegistryKind::Ecr),
            repositories: repositories.map(|node| repositories_of(&node)).unwrap_or_default(),
            users: fields.get("users").map(|node| users(&node)).unwrap_or_default(),
            outages: fields.get("outages").map(|node| outages(&node)).unwrap_or_default(),
            limit: fields.get("limit").and_then(|node| limit(&node)),
            caches: fields.get("caches").map(|node| caches(&node, &hosts)).unwrap_or_default(),
            realm: fields.get("token-server").and_then(|node| url(&node)),
            blobs: text("blobs"),
            authority: text("authority").unwrap_or_default(),
            address: text("address"),
        };
        registries.insert(host.to_owned(), registry);
    }
    registries
}

/// Some kinds are told by their host.
fn check_host(node: &Node<'_>, host: &str, kind: RegistryKind) {
    let is_there = match kind {
        RegistryKind::Ecr => ecr_region(host).is_some(),
        RegistryKind::DockerHub => host == "docker.io",
        _ => true,
    };
    if is_there {
        return;
    }
    let message = format!("`{}` is not a host of {}", short(host), kind.title());
    match kind {
        RegistryKind::Ecr => {
            let hint = "an ECR host is like `123456789012.dkr.ecr.eu-central-1.amazonaws.com`";
            node.error("not-an-ecr-host", message, hint);
        }
        _ => node.error("not-docker-hub", message, "images of Docker Hub are at `docker.io`"),
    }
}

fn url(node: &Node<'_>) -> Option<String> {
    let hint = "write it like `https://auth.example.com/token`";
    node.parsed("bad-url", "a URL", hint, |text| {
        let place = text.strip_prefix("https://")?.split('/').next()?;
        is_host(place).then(|| text.to_owned())
    })
}

fn repositories_of(node: &Node<'_>) -> BTreeMap<String, Repository> {
    let mut repositories = BTreeMap::new();
    for (path, node) in node.entries() {
        let part = |part: &str| {
            let known = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
            };
            !part.is_empty() && part.bytes().all(known)
        };
        if !path.split('/').all(part) {
            let hint = "use lower-case letters, digits, `.`, `_`, `-`, and `/` between parts";
            let message = format!("`{}` is not a repository's path", short(path));
            node.error_at("bad-repository", node.key_span(), message, hint);
        }
        // Tags alone, or with something about the repository beside them.
        let repository = match node.peek("tags") {
            Some(tags) if tags.is_map() => {
                let fields = node.map(&["tags", "public", "policy", "imports"]);
                let truth = |fields: &Fields<'_>, name| {
                    fields.get(name).is_some_and(|node| node.truth() == Some(true))
                };
                fields.map_or_else(Repository::default, |fields| Repository {
                    tags: tags_of(&tags),
                    public: truth(&fields, "public"),
                    policy: fields.get("policy").map(|node| statements(&node, Whose::Repository)),
                    imports: truth(&fields, "imports"),
                })
            }
            Some(_) | None => Repository { tags: tags_of(&node), ..Repository::default() },
        };
        repositories.insert(path.to_owned(), repository);
    }
    repositories
}

fn tags_of(node: &Node<'_>) -> BTreeMap<String, Image> {
    let mut tags = BTreeMap::new();
    for (tag, node) in node.entries() {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if tag.len() > 128
            || tag.starts_with(['.', '-'])
            || !tag.bytes().all(known)
            || tag.is_empty()
        {
            let hint = "use letters, digits, `.`, `_` and `-`";
            let message = format!("`{}` is not a tag", short(tag));
            node.error_at("bad-tag", node.key_span(), message, hint);
        }
        if let Some(image) = image(&node) {
            tags.insert(tag.to_owned(), image);
        }
    }
    tags
}

/// A size, or a map with one.
fn image(node: &Node<'_>) -> Option<Image> {
    let size = |node: &Node<'_>| {
        node.parsed("bad-size", "a size", "write it like `48MiB`", quantity::size)
    };
    if !node.is_map() {
        return Some(Image { bytes: size(node)?, ..Image::default() });
    }
    let fields = node.map(&["size", "platforms", "digest", "layer", "damage", "pushed"])?;
    let bytes = fields.need("size", "write it like `48MiB`").and_then(|node| size(&node));
    let manifest = fields.get("platforms").map(|node| {
        let hint = "write it like `linux/arm64`";
        let platform = |node: &Node<'_>| {
            node.parsed("bad-platform", "a platform", hint, |text| {
                let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                let mut parts = text.split('/');
                let fits = parts.clone().count() >= 2
                    && parts.all(|part| !part.is_empty() && part.bytes().all(known));
                fits.then(|| text.to_owned())
            })
        };
        Manifest::Index(node.list().iter().filter_map(platform).collect())
    });
    let digest = fields.get("digest").and_then(|node| {
        let hint = "write `sha256:` and 64 hex digits";
        node.parsed("bad-digest", "a digest", hint, |text| {
            let hex = text.strip_prefix("sha256:")?;
            let known = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            (hex.len() == 64 && hex.bytes().all(known)).then(|| text.to_owned())
        })
    });
    let damage = fields
        .get("damage")
        .and_then(|node| node.word(&[("missing", Damage::Missing), ("corrupt", Damage::Corrupt)]));
    Some(Image {
        bytes: bytes?,
        manifest: manifest.unwrap_or_default(),
        digest,
        layer: fields.get("layer").and_then(|node| Some(node.text()?.to_owned())),
        damage: damage.unwrap_or_default(),
        pushed: fields.get("pushed").and_then(|node| at(&node)),
    })
}

fn users(node: &Node<'_>) -> BTreeMap<String, User> {
    let mut users = BTreeMap::new();
    for (name, node) in node.entries() {
        // A password, or a map with one.
        if !node.is_map() {
            let password = SecretText::new(node.text().unwrap_or_default());
            users.insert(name.to_owned(), User { password, ..User::default() });
            continue;
        }
        let Some(fields) = node.map(&["password", "pulls", "until", "limit"]) else { continue };
        let password = fields.need("password", "write the password");
        let user = User {
            password: SecretText::new(password.and_then(|node| node.text()).unwrap_or_default()),
            pulls: fields.get("pulls").map(|node| texts(&node)),
            until: fields.get("until").and_then(|node| at(&node)),
            limit: fields.get("limit").and_then(|node| node.whole(0, 1_000_000)).map(|n| n as u32),
        };
        users.insert(name.to_owned(), user);
    }
    users
}

fn limit(node: &Node<'_>) -> Option<RateLimit> {
    let fields = node.map(&["pulls", "used"])?;
    let pulls = fields.need("pulls", "write how many pulls one address has in six hours");
    let pulls = pulls.and_then(|node| node.whole(0, 1_000_000))?;
    let used = fields.get("used").map_or(Some(0), |node| node.whole(0, 1_000_000))?;
    Some(RateLimit { pulls: pulls as u32, used: used as u32 })
}

/// `{ prefix, public, upstream, user, password }`: pull-through caches.
fn caches(node: &Node<'_>, hosts: &[&str]) -> Vec<CacheRule> {
    let read = |node: &Node<'_>| {
        let fields = node.map(&["prefix", "public", "upstream", "user", "password"])?;
        let text = |name| fields.get(name).and_then(|node| node.text());
        let upstream =
            fields.need("upstream", "write the host of another registry of this world")?;
        let upstream = upstream.reference("unknown-registry", "registry", hosts.iter().copied())?;
        Some(CacheRule {
            prefix: text("prefix").unwrap_or_default().trim_matches('/').to_owned(),
            public: fields.get("public").is_some_and(|node| node.truth() == Some(true)),
            upstream: upstream.to_owned(),
            user: text("user").map(str::to_owned),
            password: SecretText::new(text("password").unwrap_or_default()),
        })
    };
    node.list().iter().filter_map(read).collect()
}

/// What can be wrong, by the word for it; what some words need besides stands beside them.
const TROUBLES: [&str; 13] = [
    "no-such-host",
    "name-server-fails",
    "name-server-silent",
    "refused",
    "no-route",
    "no-network",
    "dropped",
    "unknown-authority",
    "wrong-name",
    "certificate-expired",
    "plain-http",
    "status",
    "slow",
];

fn outages(node: &Node<'_>) -> Vec<Outage> {
    node.list().iter().filter_map(outage).collect()
}

fn outage(node: &Node<'_>) -> Option<Outage> {
    let fields = node.map(&[
        "trouble", "part", "from", "until", "status", "code", "message", "name", "ended", "rate",
        "after",
    ])?;
    let hint = "write what is wrong: `refused`, `no-such-host`, `unknown-authority`, `status`, …";
    let word = fields.need("trouble", hint)?.known_word(&TROUBLES)?;
    let trouble = match word {
        "no-such-host" => Trouble::NoSuchHost,
        "name-server-fails" => Trouble::NameServerFails,
        "name-server-silent" => {
            let after = fields.get("after").map(|node| node.duration());
            Trouble::NameServerSilent(after.flatten().unwrap_or(super::LOOKUP_TIMEOUT))
        }
        "refused" => Trouble::Refused,
        "no-route" => Trouble::NoRoute,
        "no-network" => Trouble::NoNetwork,
        "dropped" => Trouble::Dropped,
        "unknown-authority" => Trouble::UnknownAuthority,
        "wrong-name" => {
            let name = fields.need("name", "write the name in the certificate");
            Trouble::WrongName(name?.text()?.to_owned())
        }
        "certificate-expired" => {
            let ended = fields.need("ended", "write when it ran out, for example `ended: -2h`");
            Trouble::CertificateExpired(at(&ended?)?)
        }
        "plain-http" => Trouble::PlainHttp,
        "slow" => {
            let hint = "write what comes in a second, like `512KiB`";
            let rate = fields.need("rate", hint)?;
            let rate = rate.parsed("bad-size", "a size of at least 1KiB", hint, |text| {
                u32::try_from(quantity::size(text)? >> 10).ok().filter(|kib| *kib > 0)
            })?;
            Trouble::Slow(rate)
        }
        _ => {
            let status = fields.need("status", "write the HTTP status, for example `status: 503`");
            let status = status?.whole(400, 599)? as u16;
            let text = |name| fields.get(name).and_then(|node| Some(node.text()?.to_owned()));
            let error = text("code").map(|code| (code, text("message").unwrap_or_default()));
            Trouble::Status(status, error)
        }
    };
    let parts =
        [("registry", Part::Registry), ("token-server", Part::TokenServer), ("blobs", Part::Blobs)];
    let part = fields.get("part").map_or(Some(Part::Registry), |node| node.word(&parts))?;
    let from = fields.get("from").and_then(|node| at(&node));
    let until = fields.get("until").and_then(|node| {
        let until = at(&node)?;
        if from.is_some_and(|from| until <= from) {
            let hint = "let `until` be later than `from`";
            node.error("out-of-order", "an outage ends before it begins", hint);
        }
        Some(until)
    });
    Some(Outage { trouble, part, from, until })
}

/// Whose policy statements stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Role,
    Repository,
}

/// The statements of a policy. A role's are about resources, a repository's about principals.
pub(super) fn statements(node: &Node<'_>, whose: Whose) -> Vec<Statement> {
    let about = match whose {
        Whose::Role => "resources",
        Whose::Repository => "principals",
    };
    let read = |node: &Node<'_>| {
        let fields = node.map(&["effect", "actions", about])?;
        let effects = [("allow", Effect::Allow), ("deny", Effect::Deny)];
        let effect =
            fields.get("effect").map_or(Some(Effect::Allow), |node| node.word(&effects))?;
        let actions = fields.need("actions", "write a list like `[ecr:BatchGetImage]`")?;
        let list = fields.get(about).map(|node| texts(&node));
        let list = list.unwrap_or_else(|| vec!["*".to_owned()]);
        let (principals, resources) = match whose {
            Whose::Role => (Vec::new(), list),
            Whose::Repository => (list, Vec::new()),
        };
        Some(Statement { effect, principals, actions: texts(&actions), resources })
    };
    node.list().iter().filter_map(read).collect()
}

pub(super) fn texts(node: &Node<'_>) -> Vec<String> {
    node.list().iter().filter_map(|node| Some(node.text()?.to_owned())).collect()
}

/// A moment, by its distance from T+0.
pub(super) fn at(node: &Node<'_>) -> Option<SimTime> {
    Some(SimTime::START + node.duration()?)
}

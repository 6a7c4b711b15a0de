//! Entries that were meant for an image and do not serve it: the near misses of rule P32.

use pullpath_model::cloud::EcrHost;
use pullpath_model::image::ImageRef;
use pullpath_model::keyring::{EntryTrace, Why};

use crate::object::SecretObject;
use crate::source::{Spot, shown_key};

/// A near miss.
pub(crate) struct Miss {
    pub(crate) code: &'static str,
    pub(crate) why: String,
    pub(crate) hint: String,
}

/// Names that people take for Docker Hub's (P34).
const HUB_NAMES: [&str; 5] = [
    "registry-1.docker.io",
    "hub.docker.com",
    "registry.hub.docker.com",
    "index.docker.io",
    "auth.docker.io",
];

/// Why an entry does not serve an image that it looks as if it were meant for; `None` for an entry that is about something
/// else.
pub(crate) fn of(trace: &EntryTrace<'_>, image: &ImageRef) -> Option<Miss> {
    let key = shown_key(trace.key);
    let host = image.host();
    let miss = |code, why: String, hint: String| Some(Miss { code, why, hint });
    // A key is taken apart by hand here, because the people who wrote it did not know Go's rules.
    let bare = key.split_once("://").map_or(key.as_str(), |(_, rest)| rest);
    let key_host = bare.split('/').next().unwrap_or_default();
    let same_name = key_host.split(':').next() == host.split(':').next();
    if host == "docker.io" && HUB_NAMES.contains(&key_host) {
        return miss(
            "docker-hub-key",
            format!("`{key}` is no name of Docker Hub to the kubelet"),
            "write `https://index.docker.io/v1/`, with the slash at the end, or `docker.io`".into(),
        );
    }
    let first = image.path().split('/').next();
    if host == "docker.io" && !key_host.contains('.') && first == key_host.split(':').next() {
        return miss(
            "host-mismatch",
            format!(
                "without a dot or a port, `{key_host}` at the head of an image's name is an account of Docker Hub"
            ),
            "name the registry with its whole host, in the image as well".into(),
        );
    }
    match &trace.why {
        Why::Matches | Why::DockerHub | Why::DockerHubNotNeeded | Why::NameUnreadable(_) => None,
        Why::Unreadable(error) => {
            let near = key.to_ascii_lowercase().contains(host);
            let error = crate::source::short(error);
            near.then(|| Miss {
                code: "key-unreadable",
                why: format!("the kubelet cannot read it as a URL ({error})"),
                hint: format!("write `{host}`"),
            })
        }
        Why::Port { entry, image } if same_name => {
            let port = |port: &str| {
                if port.is_empty() { "no port".to_owned() } else { format!("port {port}") }
            };
            miss(
                "port-mismatch",
                format!(
                    "it is for {}, the image has {}, and ports are compared as texts",
                    port(entry),
                    port(image)
                ),
                format!("write `{host}`, as the image does"),
            )
        }
        Why::Path { entry, image } => {
            let slashless = ["/v1", "/v2"].contains(&entry.as_str());
            let whole =
                entry.trim_matches('/').split([':', '@']).next() == Some(image.trim_matches('/'));
            let (code, why) = if slashless {
                (
                    "key-path-v2",
                    format!(
                        "the path `{entry}` without a slash at its end is taken for a repository's"
                    ),
                )
            } else if whole && entry.contains([':', '@']) {
                (
                    "path-mismatch",
                    "it names a tag or digest, which the look-up leaves out".to_owned(),
                )
            } else {
                (
                    "path-mismatch",
                    format!("its path `{entry}` is not how the image's path `{image}` begins"),
                )
            };
            miss(code, why, format!("write `{host}`, which serves every repository there"))
        }
        _ if key_host.eq_ignore_ascii_case(host) && key_host != host => miss(
            "host-mismatch",
            format!("host names are compared letter by letter, and `{key_host}` has capitals"),
            format!("write `{host}`"),
        ),
        _ if key.contains("://") && !key.starts_with("http") && key.contains(host) => miss(
            "key-scheme",
            "only `https://` and `http://` are known in front of a host".into(),
            format!("write `{host}`"),
        ),
        Why::Port { .. } | Why::LabelCount { .. } | Why::Label { .. } | Why::BadPattern { .. } => {
            near_host(key_host, host, &key)
        }
    }
}

fn near_host(key_host: &str, host: &str, key: &str) -> Option<Miss> {
    let hint = format!("write `{host}`");
    let miss = |why: String| Some(Miss { code: "host-mismatch", why, hint: hint.clone() });
    if let (Some(theirs), Some(ours)) = (EcrHost::parse(key_host), EcrHost::parse(host)) {
        if theirs.account == ours.account && theirs.region != ours.region {
            // E6: under another key the same token would be refused.
            return Some(Miss {
                code: "host-mismatch",
                why: format!(
                    "it is for the region `{}`, the image is in `{}`",
                    theirs.region, ours.region
                ),
                hint: format!(
                    "add an entry `{host}` with a token of its own: `aws ecr get-login-password --region {}`",
                    ours.region
                ),
            });
        }
        if theirs.region == ours.region && theirs.account != ours.account {
            return miss(format!(
                "it is for the account `{}`, the image is in `{}`",
                theirs.account, ours.account
            ));
        }
    }
    let labels = |text: &str| text.split('.').count();
    if key_host.contains('*') && labels(key_host) != labels(host) {
        let tail = key_host.rsplit('*').next().unwrap_or_default();
        if tail.len() > 3 && host.ends_with(tail) {
            return miss(format!(
                "each `*` of `{key}` stands for one label, and the host has {}",
                labels(host)
            ));
        }
    }
    let parent = host.ends_with(&format!(".{key_host}")) || key_host.ends_with(&format!(".{host}"));
    let close = key_host.len() > 5
        && key_host.len() < 200
        && labels(key_host) == labels(host)
        && strsim::osa_distance(key_host, host) <= 2;
    // `ghcr.io` and `gcr.io` are two letters apart, and two registries.
    let known = ["ghcr.io", "gcr.io", "quay.io", "docker.io"];
    let both_known = known.contains(&key_host) && known.contains(&host);
    ((parent && labels(key_host) > 1) || (close && !both_known))
        .then(|| miss(format!("its host is `{key_host}`, the image's is `{host}`")))
        .flatten()
}

/// Where an entry stands: at the value that holds it.
pub(crate) fn spot(secret: &SecretObject) -> Spot {
    let value = [".dockerconfigjson", ".dockercfg"].iter().find_map(|key| secret.data.get(*key));
    value.map_or_else(|| secret.data_spot.clone(), |value| value.spot.clone())
}

/// Whether a Secret that gives nothing has a host's name in one of its values.
pub(crate) fn mentions(secret: &SecretObject, host: &str) -> bool {
    let host = if host == "docker.io" { "docker.io/" } else { host };
    secret
        .data
        .values()
        .filter_map(|value| value.bytes.as_ref().ok())
        .any(|bytes| bytes.len() <= 1 << 20 && String::from_utf8_lossy(bytes).contains(host))
}

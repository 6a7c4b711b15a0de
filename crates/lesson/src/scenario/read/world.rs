//! The `world:` of a scenario file.

use std::collections::BTreeMap;

use pullpath_model::cloud::EcrHost;
use pullpath_model::time::{SimTime, Span as Duration};
use pullpath_model::world::{
    Image, NodeSpec, ProviderSpec, Registry, RegistryKind, Repository, RoleSpec, TokenSpec,
};

use super::{ID_HINT, is_id, not_after_start};
use crate::fields::{Node, short};
use crate::quantity;

/// The provider that EKS nodes come with, and which images it is asked for (E22).
const ECR_PROVIDER: &str = "ecr-credential-provider";
const ECR_PROVIDER_IMAGES: [&str; 13] = [
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr-ecr.*.on.aws",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.dkr-ecr.*.on.amazonwebservices.com.cn",
    "*.dkr.ecr-fips.*.amazonaws.com",
    "*.dkr-ecr-fips.*.on.aws",
    "*.dkr.ecr.*.c2s.ic.gov",
    "*.dkr.ecr.*.sc2s.sgov.gov",
    "*.dkr.ecr.*.cloud.adc-e.uk",
    "*.dkr.ecr.*.csp.hci.ic.gov",
    "*.dkr.ecr.*.amazonaws.eu",
    "public.ecr.aws",
    "ecr-public.aws.com",
];
const ECR_PROVIDER_CACHE_SECONDS: i64 = 12 * 3600;

/// Registries by host.
pub(super) fn registries(node: &Node<'_>) -> BTreeMap<String, Registry> {
    let mut registries = BTreeMap::new();
    for (host, node) in node.entries() {
        let Some(fields) = node.map(&["kind", "repositories"]) else { continue };
        if !is_host(host) {
            let hint = "write a host name, with a port if it has one, and no `https://`";
            node.error_at(
                "bad-host",
                node.key_span(),
                format!("`{}` is not a host", short(host)),
                hint,
            );
        }
        let kind = fields.need("kind", "write `ecr` or `open`");
        let kind = kind.and_then(|kind| {
            let found = kind.word(&[("ecr", RegistryKind::Ecr), ("open", RegistryKind::Open)])?;
            if found == RegistryKind::Ecr && ecr_region(host).is_none() {
                let hint = "an ECR host is like `123456789012.dkr.ecr.eu-central-1.amazonaws.com`";
                kind.error(
                    "not-an-ecr-host",
                    format!("`{}` is not a host of ECR", short(host)),
                    hint,
                );
            }
            Some(found)
        });
        let hint = "write `{ payment-api: { \"3.0.0\": 48MiB } }`";
        let repositories = fields.need("repositories", hint).map(|node| repositories(&node));
        // A broken one stays known, so that what names it is not told as well.
        let (kind, repositories) =
            (kind.unwrap_or(RegistryKind::Ecr), repositories.unwrap_or_default());
        registries.insert(host.to_owned(), Registry { kind, repositories, ..Registry::default() });
    }
    registries
}

fn repositories(node: &Node<'_>) -> BTreeMap<String, Repository> {
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
            let hint = "write it like `48MiB`";
            if let Some(bytes) = node.parsed("bad-size", "a size", hint, quantity::size) {
                tags.insert(tag.to_owned(), Image { bytes, ..Image::default() });
            }
        }
        repositories.insert(path.to_owned(), Repository { tags, ..Repository::default() });
    }
    repositories
}

/// IAM roles by name.
pub(super) fn roles(node: &Node<'_>) -> BTreeMap<String, RoleSpec> {
    let mut roles = BTreeMap::new();
    for (name, node) in node.entries() {
        let Some(fields) = node.map(&["policies"]) else { continue };
        let arn = |node: Node<'_>| {
            let arn = node.text()?;
            if !(arn.starts_with("arn:aws") && arn.contains(":iam::") && arn.contains(":policy/")) {
                let hint =
                    "write it like `arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly`";
                node.error("bad-arn", format!("`{}` is not the ARN of a policy", short(arn)), hint);
            }
            Some(arn.to_owned())
        };
        let policies = fields.get("policies").map(|list| list.list()).unwrap_or_default();
        let policies = policies.into_iter().filter_map(arn).collect();
        roles.insert(name.to_owned(), RoleSpec { policies, ..RoleSpec::default() });
    }
    roles
}

/// Tokens by name.
pub(super) fn tokens(
    node: &Node<'_>,
    registries: &BTreeMap<String, Registry>,
    roles: &BTreeMap<String, RoleSpec>,
) -> BTreeMap<String, TokenSpec> {
    let mut tokens = BTreeMap::new();
    for (name, node) in node.entries() {
        let Some(fields) = node.map(&["registry", "issued", "role"]) else { continue };
        if !is_id(name) {
            let message = format!("`{}` cannot be a token's name", short(name));
            node.error_at("bad-id", node.key_span(), message, ID_HINT);
        }
        if name.starts_with("fresh-") {
            let message = format!("`{}` is a name for fresh tokens", short(name));
            let hint = "tokens that a learner mints are called `fresh-1`, `fresh-2`, …: choose another name";
            node.error_at("bad-id", node.key_span(), message, hint);
        }
        let registry = fields.need("registry", "write the host of a registry");
        let registry = registry.and_then(|node| {
            let known = registries.keys().map(String::as_str);
            let host = node.reference("unknown-registry", "registry", known)?;
            if registries[host].kind != RegistryKind::Ecr {
                node.error(
                    "no-tokens-here",
                    "an open registry has no tokens",
                    "name a registry of kind `ecr`",
                );
            }
            Some(host)
        });
        let issued = fields.need("issued", "write when, for example `issued: -13h`");
        let issued = issued.and_then(|node| not_after_start(&node));
        let role = fields.need("role", "write whose rights it carries: a role");
        let role = role.and_then(|node| {
            node.reference("unknown-role", "role", roles.keys().map(String::as_str))
        });
        // A broken one stays known, so that what names it is not told as well.
        let (registry, role) =
            (registry.unwrap_or_default().to_owned(), role.unwrap_or_default().to_owned());
        let issued = SimTime::START + issued.unwrap_or_default();
        tokens
            .insert(name.to_owned(), TokenSpec { registry, issued, role, ..TokenSpec::default() });
    }
    tokens
}

/// Nodes in order.
pub(super) fn nodes(
    node: &Node<'_>,
    roles: &BTreeMap<String, RoleSpec>,
    from: SimTime,
) -> Vec<NodeSpec> {
    let mut nodes: Vec<NodeSpec> = Vec::new();
    let items = node.list();
    if items.is_empty() {
        node.error("no-nodes", "there is no node", "write at least one");
    }
    for item in items {
        let Some(read) = cluster_node(&item, roles, from) else { continue };
        if nodes.iter().any(|other| other.name == read.name) {
            let message = format!("the node `{}` is there twice", read.name);
            item.error("duplicate-id", message, "give each node its own name");
        }
        nodes.push(read);
    }
    nodes
}

fn cluster_node(
    item: &Node<'_>,
    roles: &BTreeMap<String, RoleSpec>,
    from: SimTime,
) -> Option<NodeSpec> {
    let fields = item.map(&[
        "name",
        "containerd",
        "role",
        "joins",
        "leaves",
        "images",
        "providers",
        "bandwidth",
    ])?;
    let name = fields.need("name", "write the node's name").and_then(|node| {
        let name = node.text()?;
        let known =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if !name.bytes().all(known) || name.len() > 253 {
            let hint = "use lower-case letters, digits, `-` and `.`";
            node.error("bad-id", format!("`{}` cannot be a node's name", short(name)), hint);
        }
        Some(name.to_owned())
    });
    let containerd =
        fields.need("containerd", "write its version, for example `containerd: 2.1.4`");
    let hint = "write three numbers: `2.1.4`";
    let containerd = containerd
        .and_then(|node| node.parsed("bad-version", "a version", hint, quantity::version));
    let role = fields.get("role").and_then(|node| {
        node.reference("unknown-role", "role", roles.keys().map(String::as_str)).map(str::to_owned)
    });
    let joins = fields
        .get("joins")
        .map_or(Some(from), |node| node.duration().map(|at| SimTime::START + at));
    let leaves = fields.get("leaves").and_then(|node| {
        let at = SimTime::START + node.duration()?;
        if joins.is_some_and(|joins| at <= joins) {
            node.error(
                "out-of-order",
                "a node leaves before it joins",
                "let `leaves` be later than `joins`",
            );
        }
        Some(at)
    });
    let images = fields.get("images").map(|node| node.list()).unwrap_or_default();
    let images = images.iter().filter_map(|node| Some(node.text()?.to_owned())).collect();
    let providers = fields.get("providers").map(|node| node.list()).unwrap_or_default();
    let providers = providers.iter().filter_map(provider).collect();
    let bandwidth = fields.get("bandwidth").map_or(Some(50), |node| {
        let hint = "write how much a pull gets in a second, like `50MiB`";
        node.parsed("bad-size", "a whole number of MiB", hint, |text| {
            let bytes = quantity::size(text)?;
            u32::try_from(bytes >> 20).ok().filter(|mib| *mib > 0 && bytes % (1 << 20) == 0)
        })
    });
    Some(NodeSpec {
        name: name?,
        joins: joins?,
        leaves,
        containerd: containerd?,
        role,
        images,
        providers,
        bandwidth_mib: bandwidth?,
        ..NodeSpec::default()
    })
}

/// A provider is known by its name, or configured as on the node.
fn provider(node: &Node<'_>) -> Option<ProviderSpec> {
    if !node.is_map() {
        let name = node.known_word(&[ECR_PROVIDER])?.to_owned();
        let match_images = ECR_PROVIDER_IMAGES.map(str::to_owned).to_vec();
        return Some(ProviderSpec {
            name,
            match_images,
            default_cache_seconds: ECR_PROVIDER_CACHE_SECONDS,
        });
    }
    let fields = node.map(&["name", "match-images", "default-cache"])?;
    let name = fields
        .need("name", "write `ecr-credential-provider`")?
        .known_word(&[ECR_PROVIDER])?
        .to_owned();
    let images = fields.need("match-images", "write which images it is asked for")?.list();
    let match_images = images.iter().filter_map(|node| Some(node.text()?.to_owned())).collect();
    let cache =
        fields.get("default-cache").map_or(Some(Duration::hours(12)), |node| node.duration())?;
    Some(ProviderSpec { name, match_images, default_cache_seconds: cache.as_millis() / 1000 })
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok());
    // A name without a dot, a port or `localhost` would be read as a path on Docker Hub (P34).
    host.split('.').all(label)
        && port_fits
        && (host.contains('.') || port.is_some() || host == "localhost")
}

/// The region in the host of a private ECR registry (E1).
pub(super) fn ecr_region(host: &str) -> Option<&str> {
    EcrHost::parse(host).map(|ecr| ecr.region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_ecr_have_a_region() {
        for (host, region) in [
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("123456789012.dkr-ecr-fips.us-gov-west-1.on.aws", Some("us-gov-west-1")),
            ("12345678901.dkr.ecr.eu-central-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.eu-central-1.example.com", None),
            ("ghcr.io", None),
            ("é23456789012.dkr.ecr.x.amazonaws.com", None),
        ] {
            assert_eq!(ecr_region(host), region, "{host}");
        }
    }

    #[test]
    fn hosts_are_told_from_paths() {
        for host in ["ghcr.io", "registry.corp:5000", "localhost", "kind-registry:5000"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["library", "https://ghcr.io", "ghcr.io/acme", "Ghcr.io", "a..b", "a.b:x", ""] {
            assert!(!is_host(host), "{host}");
        }
    }
}

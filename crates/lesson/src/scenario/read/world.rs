//! The `world:` of a scenario file.

mod kubelet;
mod provider;
mod registries;

use std::collections::BTreeMap;

use pullpath_model::cloud::EcrHost;
use pullpath_model::credential::SecretText;
use pullpath_model::ordered;
use pullpath_model::time::{SimTime, Span as Duration};
use pullpath_model::world::{
    CloudSecretSpec, Disk, Features, HostsConfig, Identity, Mirror, NodeSpec, Reach, Registry,
    RegistryKind, RoleSpec, TokenSpec, Version, WriterSpec,
};

use super::{ID_HINT, is_id, not_after_start};
use crate::fields::{Node, short};
use crate::quantity;

pub(super) use registries::registries;
use registries::{Whose, at, statements, texts};

/// When a look-up of a name is given up: two tries of five seconds (resolv.conf(5)).
const LOOKUP_TIMEOUT: Duration = Duration::seconds(10);

/// IAM roles by name.
pub(super) fn roles(node: &Node<'_>) -> BTreeMap<String, RoleSpec> {
    let mut roles = BTreeMap::new();
    for (name, node) in node.entries() {
        let Some(fields) = node.map(&["policies", "statements", "account", "trusts"]) else {
            continue;
        };
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
        let inline = fields.get("statements").map(|node| statements(&node, Whose::Role));
        let inline = inline.unwrap_or_default();
        let account = fields.get("account").and_then(|node| account(&node)).unwrap_or_default();
        let trusts = fields.get("trusts").map(|node| texts(&node));
        roles.insert(name.to_owned(), RoleSpec { account, trusts, policies, inline });
    }
    roles
}

/// An AWS account.
pub(super) fn account(node: &Node<'_>) -> Option<String> {
    let hint = "write its twelve digits, in quotes";
    node.parsed("bad-account", "an AWS account", hint, |text| {
        let fits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.to_owned())
    })
}

/// Identities of Google Cloud and Azure by name.
pub(super) fn identities(node: &Node<'_>) -> BTreeMap<String, Identity> {
    let read = |(name, node): (&str, Node<'_>)| {
        let fields = node.map(&["pulls", "from", "until"])?;
        let moment = |name| fields.get(name).and_then(|node| at(&node));
        let pulls = fields.get("pulls").map(|node| texts(&node));
        let identity = Identity { pulls, from: moment("from"), until: moment("until") };
        Some((name.to_owned(), identity))
    };
    ordered::map(node.entries().into_iter().filter_map(read))
}

/// Tokens by name.
pub(super) fn tokens(
    node: &Node<'_>,
    registries: &BTreeMap<String, Registry>,
    (roles, identities): (&BTreeMap<String, RoleSpec>, &BTreeMap<String, Identity>),
) -> BTreeMap<String, TokenSpec> {
    let mut tokens = BTreeMap::new();
    for (name, node) in node.entries() {
        let Some(fields) = node.map(&[
            "registry", "issued", "role", "identity", "user", "text", "expires", "revoked", "pulls",
        ]) else {
            continue;
        };
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
            if registries[host].kind == RegistryKind::Open {
                node.error(
                    "no-tokens-here",
                    "an open registry has no tokens",
                    "name a registry of another kind, such as `ecr`",
                );
            }
            Some(host)
        });
        let issued = fields.need("issued", "write when, for example `issued: -13h`");
        let issued = issued.and_then(|node| not_after_start(&node));
        // IAM is asked by ECR; elsewhere a token carries its own rights.
        let is_ecr = registry.is_none_or(|host| registries[host].kind == RegistryKind::Ecr);
        let role = if is_ecr {
            fields.need("role", "write whose rights it carries: a role")
        } else {
            fields.get("role")
        };
        let role = role.and_then(|node| {
            node.reference("unknown-role", "role", roles.keys().map(String::as_str))
        });
        let identity = fields.get("identity").and_then(|node| {
            let known = identities.keys().map(String::as_str);
            node.reference("unknown-identity", "identity", known)
        });
        // A broken one stays known, so that what names it is not told as well.
        let (registry, role) =
            (registry.unwrap_or_default().to_owned(), role.unwrap_or_default().to_owned());
        let issued = SimTime::START + issued.unwrap_or_default();
        let text = |name| fields.get(name).and_then(|node| node.text());
        let token = TokenSpec {
            registry,
            issued,
            role,
            identity: identity.unwrap_or_default().to_owned(),
            user: text("user").map(str::to_owned),
            text: text("text").map(SecretText::new),
            expires: fields.get("expires").and_then(|node| at(&node)),
            revoked: fields.get("revoked").and_then(|node| at(&node)),
            pulls: fields.get("pulls").map(|node| texts(&node)),
        };
        tokens.insert(name.to_owned(), token);
    }
    tokens
}

/// Nodes in order.
pub(super) fn nodes(
    node: &Node<'_>,
    (roles, identities): (&BTreeMap<String, RoleSpec>, &BTreeMap<String, Identity>),
    cluster: Version,
    from: SimTime,
) -> Vec<NodeSpec> {
    let mut nodes: Vec<NodeSpec> = Vec::new();
    let items = node.list();
    if items.is_empty() {
        node.error("no-nodes", "there is no node", "write at least one");
    }
    for item in items {
        let Some(read) = cluster_node(&item, (roles, identities), cluster, from) else { continue };
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
    (roles, identities): (&BTreeMap<String, RoleSpec>, &BTreeMap<String, Identity>),
    cluster: Version,
    from: SimTime,
) -> Option<NodeSpec> {
    let fields = item.map(&[
        "name",
        "containerd",
        "role",
        "identity",
        "egress",
        "joins",
        "leaves",
        "images",
        "providers",
        "bandwidth",
        "kubernetes",
        "platform",
        "local-pull",
        "hosts",
        "hosts-from",
        "kubelet",
        "files",
        "disk",
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
    let own = fields.get("kubernetes").and_then(|node| kubernetes(&node).map(|own| (node, own)));
    if let Some((node, own)) = &own
        && (own.major, own.minor) > (cluster.major, cluster.minor)
    {
        let message = format!("a kubelet {own} is newer than its API server, {cluster}");
        let hint = "raise `world.kubernetes`: Kubernetes does not support a kubelet that is ahead";
        node.warn("version-skew", message, hint);
    }
    let own = own.map(|(_, own)| own);
    let release = own.unwrap_or(cluster);
    let config = fields.get("kubelet").map(|node| kubelet::config(&node, release));
    let config = config.unwrap_or_default();
    let features = Features::of(release, &config.feature_gates);
    let role = fields.get("role").and_then(|node| {
        node.reference("unknown-role", "role", roles.keys().map(String::as_str)).map(str::to_owned)
    });
    let identity = fields.get("identity").and_then(|node| {
        let known = identities.keys().map(String::as_str);
        node.reference("unknown-identity", "identity", known).map(str::to_owned)
    });
    let egress = fields.get("egress").and_then(|node| Some(node.text()?.to_owned()));
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
    let providers = fields.get("providers").map(|node| provider::all(&node, features));
    let bandwidth = fields.get("bandwidth").map_or(Some(50), |node| {
        let hint = "write how much a pull gets in a second, like `50MiB`";
        node.parsed("bad-size", "a whole number of MiB", hint, |text| {
            let bytes = quantity::size(text)?;
            u32::try_from(bytes >> 20).ok().filter(|mib| *mib > 0 && bytes % (1 << 20) == 0)
        })
    });
    let default = NodeSpec::default();
    let platform = fields.get("platform").and_then(|node| node.text());
    let hosts = fields.get("hosts").map(|node| hosts(&node)).unwrap_or_default();
    let hosts_from = fields.get("hosts-from").map(|node| hosts_from(&node)).unwrap_or_default();
    let files = fields.get("files").map(|node| kubelet::files(&node)).unwrap_or_default();
    Some(NodeSpec {
        name: name?,
        joins: joins?,
        leaves,
        containerd: containerd?,
        role,
        identity,
        egress: egress.unwrap_or_default(),
        images,
        providers: providers.unwrap_or_default(),
        bandwidth_mib: bandwidth?,
        kubernetes: own,
        platform: platform.map_or(default.platform, str::to_owned),
        local_pull: fields.get("local-pull").is_some_and(|node| node.truth() == Some(true)),
        hosts,
        hosts_from,
        config,
        files,
        disk: fields.get("disk").and_then(|node| disk(&node)),
        ..default
    })
}

/// A version of Kubernetes: `1.34`, or `1.34.2`.
pub(super) fn kubernetes(node: &Node<'_>) -> Option<Version> {
    // What is 1.30 without quotes is the number 1.3, and nothing tells the two apart.
    let hint = "write it like `1.34` or `1.34.2`, from 1.28 to 1.36, and `\"1.30\"` in quotes";
    node.parsed("bad-version", "a version of Kubernetes", hint, quantity::kubernetes)
}

/// `{ size, other }`: the disk that images lie on.
fn disk(node: &Node<'_>) -> Option<Disk> {
    let hint = "write it like `100GiB`";
    let size = |node: Node<'_>| node.parsed("bad-size", "a size", hint, quantity::size);
    let fields = node.map(&["size", "other"])?;
    let bytes = fields.need("size", hint).and_then(size)?;
    let other_bytes = match fields.get("other") {
        None => 0,
        Some(other) => {
            let found = size(other.clone())?;
            if found > bytes {
                let hint = "let `other` be at most `size`";
                other.error("bad-size", "the disk holds more than it has room for", hint);
            }
            found
        }
    };
    Some(Disk { bytes, other_bytes })
}

/// containerd's `hosts.toml` files: registry → `{ mirrors: [{ host, reach }], reach, from, until }`.
fn hosts(node: &Node<'_>) -> BTreeMap<String, HostsConfig> {
    let reach = |node: &Node<'_>| {
        node.word(&[
            ("tls", Reach::Tls),
            ("own-ca", Reach::TlsWithCa),
            ("unverified", Reach::TlsUnverified),
            ("http", Reach::Http),
        ])
    };
    let mirror = |node: &Node<'_>| {
        let fields = node.map(&["host", "reach"])?;
        let host = fields.need("host", "write the mirror's host")?;
        let host =
            host.parsed("bad-host", "a host", "write a host name, and no `https://`", |text| {
                is_host(text).then(|| text.to_owned())
            })?;
        let reach = fields.get("reach").and_then(|node| reach(&node)).unwrap_or_default();
        Some(Mirror { host, reach, ..Mirror::default() })
    };
    let read = |(host, node): (&str, Node<'_>)| {
        let fields = node.map(&["mirrors", "reach", "from", "until"])?;
        let mirrors = fields.get("mirrors").map(|node| node.list()).unwrap_or_default();
        let mirrors = mirrors.iter().filter_map(mirror).collect();
        let server = fields.get("reach").and_then(|node| reach(&node)).unwrap_or_default();
        let moment = |name| fields.get(name).and_then(|node| at(&node));
        let (from, until) = (moment("from"), moment("until"));
        let config = HostsConfig { mirrors, server, from, until, ..HostsConfig::default() };
        Some((host.to_owned(), config))
    };
    ordered::map(node.entries().into_iter().filter_map(read))
}

/// The ConfigMaps that an agent copies into containerd's directories: registry → `namespace/name`.
fn hosts_from(node: &Node<'_>) -> BTreeMap<String, (String, String)> {
    let read = |(host, node): (&str, Node<'_>)| {
        let hint = "write it like `platform/registry-hosts`";
        let map = node.parsed("bad-config-map", "a ConfigMap", hint, |text| {
            let (namespace, name) = text.split_once('/')?;
            let whole = !namespace.is_empty() && !name.is_empty() && !name.contains('/');
            whole.then(|| (namespace.to_owned(), name.to_owned()))
        })?;
        Some((host.to_owned(), map))
    };
    ordered::map(node.entries().into_iter().filter_map(read))
}

/// The secrets of AWS Secrets Manager, by name. A value is a text, or the map that its JSON holds.
pub(super) fn secrets_manager(
    node: &Node<'_>,
    registries: &BTreeMap<String, Registry>,
    roles: &BTreeMap<String, RoleSpec>,
    from: SimTime,
) -> BTreeMap<String, CloudSecretSpec> {
    let first = registries.keys().find_map(|host| ecr_region(host)).unwrap_or("us-east-1");
    let read = |(name, node): (&str, Node<'_>)| {
        let fields = node.map(&["region", "value", "created", "writer"])?;
        let value = fields.need("value", "write what it holds: a text, or a map")?;
        let value = match value.is_map() {
            true => value.value().to_string(),
            false => value.text()?.to_owned(),
        };
        let region = fields.get("region").and_then(|node| Some(node.text()?.to_owned()));
        let created = fields.get("created").and_then(|node| at(&node));
        let writer = fields.get("writer").and_then(|node| writer(&node, registries, roles));
        let spec = CloudSecretSpec {
            region: region.unwrap_or_else(|| first.to_owned()),
            value: SecretText::new(value),
            created: created.unwrap_or(from),
            writer,
        };
        Some((name.to_owned(), spec))
    };
    ordered::map(node.entries().into_iter().filter_map(read))
}

/// `{ every, registry, role, late: [{ from, until }] }`: a job that writes fresh tokens.
fn writer(
    node: &Node<'_>,
    registries: &BTreeMap<String, Registry>,
    roles: &BTreeMap<String, RoleSpec>,
) -> Option<WriterSpec> {
    let fields = node.map(&["every", "registry", "role", "late"])?;
    let every = fields.need("every", "write how often it comes, for example `every: 6h`");
    let every = every.and_then(|node| {
        let every = node.duration()?;
        if every < Duration::minutes(1) {
            node.error(
                "bad-duration",
                "a writer comes at most once a minute",
                "write `1m` or more",
            );
        }
        Some(every)
    });
    let registry =
        fields.need("registry", "write the host of the registry that its tokens are for");
    let registry = registry.and_then(|node| {
        let known = registries.keys().map(String::as_str);
        node.reference("unknown-registry", "registry", known).map(str::to_owned)
    });
    let role = fields.need("role", "write whose rights its tokens carry: a role");
    let role = role.and_then(|node| {
        let known = roles.keys().map(String::as_str);
        node.reference("unknown-role", "role", known).map(str::to_owned)
    });
    let pause = |node: &Node<'_>| {
        let fields = node.map(&["from", "until"])?;
        let from =
            fields.need("from", "write since when it does not come").and_then(|node| at(&node));
        let until = fields.need("until", "write when it comes again").and_then(|node| {
            let until = at(&node)?;
            if from.is_some_and(|from| until <= from) {
                let hint = "let `until` be later than `from`";
                node.error("out-of-order", "it comes again before it stays away", hint);
            }
            Some(until)
        });
        Some((from?, until?))
    };
    let late = fields.get("late").map(|node| node.list()).unwrap_or_default();
    let late = late.iter().filter_map(pause).collect();
    let every = every?.max(Duration::minutes(1));
    Some(WriterSpec { every, registry: registry?, role: role?, late })
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
    use pullpath_model::world::{Damage, Manifest, Outage, Part, Trouble};

    use super::*;
    use crate::fields::Sink;
    use crate::intake::{self, Profile};

    /// Reads a map of registries that has no mistake.
    #[track_caller]
    fn read(text: &str) -> BTreeMap<String, Registry> {
        let documents = intake::read("w.yaml", text, Profile::Authored).value.expect("YAML");
        let sink = Sink::new("w.yaml", 0);
        let registries = registries(&Node::root(&sink, &documents[0]));
        assert_eq!(sink.into_found(), []);
        registries
    }

    #[test]
    fn a_registry_can_be_told_with_all_it_has() {
        let read = read(
            "
registry.example.com:
  kind: harbor
  repositories:
    team/app: { \"1.0\": 8MiB }
    team/web:
      public: true
      tags:
        \"2.0\": { size: 9MiB, platforms: [linux/amd64], layer: base, damage: missing, pushed: 5m }
  users:
    alice: s3cret
    bob: { password: other, pulls: [team/*], until: 1h, limit: 200 }
  limit: { pulls: 100, used: 7 }
  outages:
    - { trouble: refused, from: 15s, until: 2m }
    - { trouble: status, status: 503, code: UNAVAILABLE, message: gone, part: token-server }
    - { trouble: slow, rate: 512KiB, part: blobs }
  token-server: https://auth.example.com/token
  blobs: blobs.example.com
  address: 10.20.0.20
",
        );
        let registry = &read["registry.example.com"];
        assert_eq!(registry.kind, RegistryKind::Harbor);
        let image = &registry.repositories["team/web"].tags["2.0"];
        assert_eq!(image.manifest, Manifest::Index(vec!["linux/amd64".to_owned()]));
        assert_eq!((image.bytes, image.damage), (9 << 20, Damage::Missing));
        assert_eq!(image.pushed, Some(SimTime::START + Duration::minutes(5)));
        let public = |path: &str| registry.repositories[path].public;
        assert_eq!([public("team/app"), public("team/web")], [false, true]);
        assert_eq!(registry.users["alice"].password.reveal(), "s3cret");
        let bob = &registry.users["bob"];
        assert_eq!(
            (bob.pulls.as_deref(), bob.limit),
            (Some(&["team/*".to_owned()][..]), Some(200))
        );
        let at = |seconds| Some(SimTime::START + Duration::seconds(seconds));
        let refused = Outage {
            trouble: Trouble::Refused,
            part: Part::Registry,
            from: at(15),
            until: at(120),
        };
        assert_eq!(registry.outages[0], refused);
        let error = Some(("UNAVAILABLE".to_owned(), "gone".to_owned()));
        assert_eq!(registry.outages[1].trouble, Trouble::Status(503, error));
        assert_eq!(registry.outages[1].part, Part::TokenServer);
        assert_eq!(registry.outages[2].trouble, Trouble::Slow(512));
        assert_eq!(registry.limit.map(|limit| (limit.pulls, limit.used)), Some((100, 7)));
    }

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

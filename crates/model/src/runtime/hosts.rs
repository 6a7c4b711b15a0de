//! containerd's directory for a registry: `/etc/containerd/certs.d/HOST` with its `hosts.toml` and certificates. It is read
//! at every pull.
//!
//! *Source: containerd v2.3.4 core/remotes/docker/config/hosts.go `loadHostDir`, `parseHostsFile`, `parseHostConfig`,
//! `updateTLSConfigFromHost`.*

use std::collections::BTreeMap;

use crate::go::base64::{self, Padding};
use crate::go::toml::{self, Value};
use crate::go::{quote, url};
use crate::message::runtime as words;
use crate::world::{Capabilities, HostsConfig, Mirror, Reach, Trouble, World};

/// The file that says how a registry is reached.
pub const FILE: &str = "hosts.toml";

/// Where containerd looks for what concerns a registry.
pub fn directory(registry: &str) -> String {
    format!("/etc/containerd/certs.d/{registry}")
}

/// What a directory's files, by their names, tell containerd about a registry. Whether a certificate is that of the
/// registry's own authority is the world's to say.
///
/// A file that cannot be decoded is told in containerd's log and nowhere else: then only certificates in the directory
/// count, as if it were not there.
pub fn read(registry: &str, files: &BTreeMap<&str, &str>, world: &World) -> HostsConfig {
    let directory = Directory { registry, files, world };
    match files.get(FILE).filter(|text| !text.is_empty()) {
        None => directory.certificates_alone(),
        Some(text) => directory.hosts(text).unwrap_or_else(|why| HostsConfig {
            log: Some(words::hosts_not_decoded(&self::directory(registry), FILE, &why)),
            ..directory.certificates_alone()
        }),
    }
}

struct Directory<'a> {
    registry: &'a str,
    files: &'a BTreeMap<&'a str, &'a str>,
    world: &'a World,
}

/// The settings of one host (`hostFileConfig`).
#[derive(Default)]
struct Settings {
    capabilities: Capabilities,
    certificates: Vec<String>,
    skip_verify: Option<bool>,
    override_path: bool,
}

/// What a host's URL says.
struct Server {
    plain: bool,
    host: String,
    path: String,
}

impl Directory<'_> {
    /// Docker's way of laying certificates down: every `.crt` is an authority's.
    fn certificates_alone(&self) -> HostsConfig {
        let certificates = self.files.keys().filter(|name| name.ends_with(".crt"));
        let certificates: Vec<String> = certificates.map(|name| self.path(name)).collect();
        let (server, error) = self.reach(self.registry, false, None, &certificates);
        HostsConfig { server, error, ..HostsConfig::default() }
    }

    fn hosts(&self, text: &str) -> Result<HostsConfig, String> {
        let document = toml::read(text).map_err(|why| format!("toml: {why}"))?;
        // In the order in which their tables stand.
        let mut hosts: Vec<(&str, Settings)> = Vec::new();
        let mut root = Settings::default();
        let mut server = "";
        for (way, value) in &document {
            let [first, rest @ ..] = &way[..] else { continue };
            match (first.as_str(), rest, value) {
                ("host", [name, field @ ..], value) => {
                    let at = hosts.iter().position(|(known, _)| known == name);
                    let at = at.unwrap_or_else(|| {
                        hosts.push((name, Settings::default()));
                        hosts.len() - 1
                    });
                    if let ([field], Some(value)) = (field, value) {
                        hosts[at].1.set(field, value)?;
                    }
                }
                ("server", [], Some(Value::Text(text))) => server = text,
                ("server", [], Some(_)) => return Err(words::toml_type("Server", "string")),
                (field, [], Some(value)) => root.set(field, value)?,
                _ => {}
            }
        }
        let mut config = HostsConfig::default();
        for (name, settings) in hosts {
            let one = parse_server(name)?;
            let certificates = self.paths(&settings);
            let (reach, error) =
                self.reach(&one.host, one.plain, settings.skip_verify, &certificates);
            config.error = config.error.or(error);
            // What is asked below another path answers 404 here, as a registry does to a path that it does not know.
            let is_api = one.path == "/v2" || (one.path.is_empty() && !settings.override_path);
            if is_api {
                let capabilities = settings.capabilities;
                config.mirrors.push(Mirror { host: one.host, reach, capabilities });
            }
        }
        let certificates = self.paths(&root);
        let last = if server.is_empty() { None } else { Some(parse_server(server)?) };
        let (host, plain) =
            last.as_ref().map_or((self.registry, false), |last| (&last.host, last.plain));
        let (reach, error) = self.reach(host, plain, root.skip_verify, &certificates);
        config.error = config.error.or(error);
        config.server = reach;
        config.capabilities = root.capabilities;
        config.last = last.map(|last| last.host);
        Ok(config)
    }

    fn paths(&self, settings: &Settings) -> Vec<String> {
        settings.certificates.iter().map(|path| self.path(path)).collect()
    }

    /// A path of a file, as seen from the directory.
    fn path(&self, path: &str) -> String {
        match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("{}/{path}", directory(self.registry)),
        }
    }

    /// How a host is reached, and what keeps containerd from trying.
    fn reach(
        &self,
        host: &str,
        plain: bool,
        skip_verify: Option<bool>,
        certificates: &[String],
    ) -> (Reach, Option<String>) {
        let own = format!("{}/", directory(self.registry));
        let mut trusts = false;
        for path in certificates {
            let file = path.strip_prefix(&own).and_then(|name| self.files.get(name));
            let Some(text) = file else {
                return (Reach::Tls, Some(words::no_ca_file(&quote(path), path)));
            };
            let found = certificates_in(text);
            if found.is_empty() {
                return (Reach::Tls, Some(words::bad_ca_file(&quote(path))));
            }
            trusts |= self.is_authority_of(host, &found);
        }
        let tls = match (skip_verify, trusts) {
            (Some(true), _) => Reach::TlsUnverified,
            (_, true) => Reach::TlsWithCa,
            (_, false) => Reach::Tls,
        };
        // Whoever says how TLS is to be spoken and writes `http://` is asked over TLS first, unless at port 80.
        let explicit = skip_verify.is_some() || !certificates.is_empty();
        let falls_back = explicit && !host.ends_with(":80") && !self.speaks_plain(host);
        (if plain && !falls_back { Reach::Http } else { tls }, None)
    }

    fn speaks_plain(&self, host: &str) -> bool {
        let registry = self.world.registries.get(host);
        registry.is_some_and(|registry| {
            registry.outages.iter().any(|outage| outage.trouble == Trouble::PlainHttp)
        })
    }

    /// Whether one of the certificates is that of the authority behind a host.
    fn is_authority_of(&self, host: &str, certificates: &[Vec<u8>]) -> bool {
        let registry = self.world.registries.get(host);
        registry.is_some_and(|registry| {
            let own = certificates_in(&registry.authority);
            own.is_empty() || own.iter().any(|own| certificates.contains(own))
        })
    }
}

impl Settings {
    fn set(&mut self, field: &str, value: &Value) -> Result<(), String> {
        match (field, value) {
            ("capabilities", Value::List(items)) if !items.is_empty() => {
                self.capabilities = Capabilities { resolve: false, pull: false };
                for item in items {
                    let Value::Text(word) = item else {
                        return Err(words::toml_type("Capabilities", "[]string"));
                    };
                    match word.to_ascii_lowercase().as_str() {
                        "pull" => self.capabilities.pull = true,
                        "resolve" => self.capabilities.resolve = true,
                        "push" | "referrers" => {}
                        _ => return Err(format!("unknown capability {word}")),
                    }
                }
            }
            ("capabilities", Value::List(_)) => {}
            ("capabilities", _) => return Err(words::toml_type("Capabilities", "[]string")),
            ("ca", Value::Text(path)) => self.certificates = vec![path.clone()],
            ("ca", Value::List(items)) => {
                self.certificates.clear();
                for item in items {
                    let Value::Text(path) = item else {
                        return Err("unable to cast value to string".to_owned());
                    };
                    self.certificates.push(path.clone());
                }
            }
            ("ca", _) => return Err("invalid type for \"ca\"".to_owned()),
            ("skip_verify", Value::Truth(skip)) => self.skip_verify = Some(*skip),
            ("skip_verify", _) => return Err(words::toml_type("SkipVerify", "bool")),
            ("override_path", Value::Truth(overrides)) => self.override_path = *overrides,
            ("override_path", _) => return Err(words::toml_type("OverridePath", "bool")),
            // Headers and client certificates make no difference to the registries here.
            _ => {}
        }
        Ok(())
    }
}

/// The URL of a host; without a scheme it is `https`.
fn parse_server(text: &str) -> Result<Server, String> {
    let whole = match text.starts_with("http") {
        true => text.to_owned(),
        false => format!("https://{text}"),
    };
    let url =
        url::parse(&whole).map_err(|why| words::hosts_bad_server(&whole, &why.to_string()))?;
    let path = url.path.trim_end_matches('/').to_owned();
    Ok(Server { plain: whole.starts_with("http://"), host: url.host, path })
}

/// The certificates in a PEM file, as bytes.
fn certificates_in(text: &str) -> Vec<Vec<u8>> {
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let decoded = blocks.filter_map(|block| {
        let (inner, _) = block.split_once("-----END CERTIFICATE-----")?;
        let inner: String = inner.split_whitespace().collect();
        base64::decode(inner.as_bytes(), Padding::Required).ok()
    });
    // DER begins with a sequence.
    decoded.filter(|bytes| bytes.first() == Some(&0x30)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Registry;

    const HOST: &str = "harbor.acme.example";
    const ROOT: &str = "-----BEGIN CERTIFICATE-----\nMIIBroot\n-----END CERTIFICATE-----\n";
    const OTHER: &str = "-----BEGIN CERTIFICATE-----\nMIIBelse\n-----END CERTIFICATE-----\n";

    #[track_caller]
    fn read_files(files: &[(&str, &str)]) -> HostsConfig {
        let registry = Registry { authority: ROOT.to_owned(), ..Registry::default() };
        let plain = Registry {
            outages: vec![crate::world::Outage::of(Trouble::PlainHttp)],
            ..Registry::default()
        };
        let world = World {
            registries: [
                (HOST.to_owned(), registry),
                ("mirror.acme.example:5000".to_owned(), plain),
            ]
            .into(),
            ..World::default()
        };
        read(HOST, &files.iter().copied().collect(), &world)
    }

    #[test]
    fn a_certificate_of_the_own_authority_is_trusted() {
        let by_name = read_files(&[("hosts.toml", "ca = \"ca.crt\""), ("ca.crt", ROOT)]);
        assert_eq!(by_name, HostsConfig { server: Reach::TlsWithCa, ..HostsConfig::default() });
        let path = "ca = [\"/etc/containerd/certs.d/harbor.acme.example/ca.crt\"]";
        assert_eq!(read_files(&[("hosts.toml", path), ("ca.crt", ROOT)]), by_name);
        let other = read_files(&[("hosts.toml", "ca = \"ca.crt\""), ("ca.crt", OTHER)]);
        assert_eq!(other, HostsConfig::default());
        // Docker's way: without a hosts.toml every .crt counts.
        assert_eq!(read_files(&[("ca.crt", ROOT)]), by_name);
        assert_eq!(read_files(&[("ca.pem", ROOT)]), HostsConfig::default());
    }

    #[test]
    fn a_file_that_cannot_be_decoded_is_told_in_the_log_alone() {
        let broken = read_files(&[("hosts.toml", "server = https://x"), ("ca.crt", ROOT)]);
        let log = "failed to decode /etc/containerd/certs.d/harbor.acme.example/hosts.toml: toml: incomplete number";
        assert_eq!(broken.log.as_deref(), Some(log));
        assert_eq!((broken.server, broken.error), (Reach::TlsWithCa, None));
        let unknown = read_files(&[("hosts.toml", "capabilities = [\"pull\", \"read\"]")]);
        assert!(unknown.log.unwrap().ends_with(": unknown capability read"));
    }

    #[test]
    fn a_certificate_that_is_not_there_fails_every_pull() {
        let missing = read_files(&[("hosts.toml", "ca = \"root.crt\""), ("ca.crt", ROOT)]);
        let path = "/etc/containerd/certs.d/harbor.acme.example/root.crt";
        let error =
            format!("unable to read CA cert \"{path}\": open {path}: no such file or directory");
        assert_eq!((missing.error, missing.log), (Some(error), None));
        let empty = read_files(&[("hosts.toml", "ca = \"ca.crt\""), ("ca.crt", "nothing")]);
        assert!(empty.error.unwrap().starts_with("unable to load CA cert "));
    }

    #[test]
    fn hosts_are_asked_in_the_order_in_which_they_stand() {
        let text = "server = \"https://elsewhere.example\"\n[host.\"http://mirror.acme.example:5000\"]\ncapabilities = [\"pull\"]\n[host.\"b.example\"]\nskip_verify = true\n[host.\"https://c.example/v2/cache\"]\noverride_path = true\n";
        let read = read_files(&[("hosts.toml", text)]);
        let first = Mirror {
            host: "mirror.acme.example:5000".to_owned(),
            reach: Reach::Http,
            capabilities: Capabilities { resolve: false, pull: true },
        };
        let second = Mirror {
            host: "b.example".to_owned(),
            reach: Reach::TlsUnverified,
            ..Mirror::default()
        };
        assert_eq!(read.mirrors, [first, second]);
        assert_eq!(read.last.as_deref(), Some("elsewhere.example"));
    }
}

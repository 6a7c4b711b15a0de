//! Which credentials apply to an image, in which order (pkg/credentialprovider/keyring.go).

use std::fmt;

use crate::credential::{Login, Source};
use crate::docker_config::Entry;
use crate::go::{glob, url};
use crate::ordered;

/// Entries from one of the sources of P28: all pull secrets together, the node's file, or all plugins together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keyring {
    // Invariant: descending by pattern; entries with equal patterns in the order they were added.
    held: Vec<Held>,
    /// Entries whose keys are no URLs, which upstream drops with a log line.
    dropped: Vec<Dropped>,
}

/// One credential that is offered to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What is offered.
    pub login: Login,
    /// Where it came from.
    pub source: Source,
    /// Its key as written.
    pub key: String,
    /// Its key as it is compared (P31).
    pub pattern: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    offer: Offer,
    // The pattern read as a URL once more, as upstream does at every look-up.
    place: Result<Place, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Dropped {
    source: Source,
    key: String,
    error: String,
}

/// One entry, and why it was offered or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryTrace<'a> {
    /// Where the entry came from.
    pub source: &'a Source,
    /// Its key as written.
    pub key: &'a str,
    /// Its key as it is compared (P31); `None` if it could not be read.
    pub pattern: Option<&'a str>,
    /// Whether its credential is offered.
    pub matched: bool,
    /// Why; `Display` is a clause for the learner.
    pub why: Why,
}

/// Why an entry's credential is offered for an image, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Host, port and path fit.
    Matches,
    /// Nothing else matched, and this is Docker Hub's entry (P34).
    DockerHub,
    /// It is Docker Hub's entry and the image is on Docker Hub, but another entry matched directly (P34).
    DockerHubNotNeeded,
    /// Go cannot read the key as a URL.
    Unreadable(String),
    /// Go cannot read the image's name as a URL.
    NameUnreadable(String),
    /// The ports differ as texts; no port is written as nothing.
    Port { entry: String, image: String },
    /// The host names have different numbers of labels.
    LabelCount { entry: String, image: String },
    /// One label of the host differs.
    Label { entry: String, image: String },
    /// A label of the entry is a malformed pattern.
    BadPattern { label: String },
    /// The entry's path is not how the image's path begins.
    Path { entry: String, image: String },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = |port: &str| match port {
            "" => "no port".to_owned(),
            port => format!("port {port}"),
        };
        match self {
            Self::Matches => f.write_str("host, port and path fit"),
            Self::DockerHub => {
                f.write_str("nothing else matched, and this entry serves all of Docker Hub")
            }
            Self::DockerHubNotNeeded => f.write_str(
                "another entry matched, and Docker Hub's own is only used when none does",
            ),
            Self::Unreadable(error) => write!(f, "its key cannot be read: {error}"),
            Self::NameUnreadable(error) => write!(f, "the image's name cannot be read: {error}"),
            Self::Port { entry, image } => {
                write!(f, "it is for {}, the image has {}", port(entry), port(image))
            }
            Self::LabelCount { entry, image } => write!(
                f,
                "its host `{entry}` and the image's `{image}` have different numbers of labels"
            ),
            Self::Label { entry, image } => {
                write!(f, "`{entry}` in its host does not fit the image's `{image}`")
            }
            Self::BadPattern { label } => write!(f, "`{label}` in its host is a malformed pattern"),
            Self::Path { entry, image } => {
                write!(f, "its path `{entry}` is not how the image's path `{image}` begins")
            }
        }
    }
}

/// The one pattern that serves Docker Hub without matching it (keyring.go defaultRegistryKey).
const DOCKER_HUB: &str = "index.docker.io";

impl Keyring {
    /// A keyring with nothing on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the entries of one source, in order (keyring.go Add).
    pub fn add(&mut self, source: &Source, entries: impl IntoIterator<Item = Entry>) {
        for Entry { key, login } in entries {
            let source = source.clone();
            match pattern_of(&key) {
                Ok(pattern) => self.held.push(Held {
                    place: Place::read(&pattern).map_err(|error| error.to_string()),
                    offer: Offer { login, source, key, pattern },
                }),
                Err(error) => {
                    self.dropped.push(Dropped { source, key, error: error.to_string() });
                }
            }
        }
        // P33. The sort is stable, which keeps the order of entries with one pattern.
        ordered::sort_by(&mut self.held, |a, b| b.offer.pattern.cmp(&a.offer.pattern));
    }

    /// Whether there is nothing on it.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.dropped.is_empty()
    }

    /// The credentials for a repository (P15's name), in the order they are tried (keyring.go Lookup).
    pub fn lookup(&self, lookup_name: &str) -> Vec<&Offer> {
        let Ok(name) = Place::read(lookup_name) else { return self.docker_hub(lookup_name) };
        let matching: Vec<&Offer> = self
            .held
            .iter()
            .filter(|held| held.place.as_ref().is_ok_and(|place| place.verdict(&name).is_ok()))
            .map(|held| &held.offer)
            .collect();
        if matching.is_empty() { self.docker_hub(lookup_name) } else { matching }
    }

    /// P34: Docker Hub's own entries, if the name is one of Docker Hub.
    fn docker_hub(&self, lookup_name: &str) -> Vec<&Offer> {
        let offers = self.held.iter().map(|held| &held.offer);
        offers
            .filter(|offer| offer.pattern == DOCKER_HUB && is_on_docker_hub(lookup_name))
            .collect()
    }

    /// Every entry in the order they are looked at, and why its credential is offered or not.
    pub fn explain(&self, lookup_name: &str) -> Vec<EntryTrace<'_>> {
        let name = Place::read(lookup_name).map_err(|error| error.to_string());
        let verdicts: Vec<Why> = self.held.iter().map(|held| held.why(name.as_ref())).collect();
        let direct = verdicts.contains(&Why::Matches);
        let held = self.held.iter().zip(verdicts).map(|(Held { offer, .. }, why)| {
            let serves_hub = offer.pattern == DOCKER_HUB && is_on_docker_hub(lookup_name);
            let why = match why {
                Why::Matches => Why::Matches,
                _ if serves_hub && direct => Why::DockerHubNotNeeded,
                _ if serves_hub => Why::DockerHub,
                why => why,
            };
            let matched = matches!(why, Why::Matches | Why::DockerHub);
            let pattern = Some(offer.pattern.as_str());
            EntryTrace { source: &offer.source, key: &offer.key, pattern, matched, why }
        });
        let dropped = self.dropped.iter().map(|Dropped { source, key, error }| EntryTrace {
            source,
            key,
            pattern: None,
            matched: false,
            why: Why::Unreadable(error.clone()),
        });
        held.chain(dropped).collect()
    }
}

impl Held {
    fn why(&self, name: Result<&Place, &String>) -> Why {
        match (&self.place, name) {
            (Err(error), _) => Why::Unreadable(error.clone()),
            (_, Err(error)) => Why::NameUnreadable(error.clone()),
            (Ok(place), Ok(name)) => match place.verdict(name) {
                Ok(()) => Why::Matches,
                Err(mismatch) => mismatch.why(),
            },
        }
    }
}

/// P31: the key of an entry as it is compared.
fn pattern_of(key: &str) -> Result<String, url::UrlError> {
    let parsed = if key.starts_with("https://") || key.starts_with("http://") {
        url::parse(key)?
    } else {
        url::parse(&format!("https://{key}"))?
    };
    let path = match parsed.path.as_str() {
        path if path.starts_with("/v1/") || path.starts_with("/v2/") => &path[3..],
        path => path,
    };
    Ok(if path == "/" { parsed.host } else { parsed.host + path })
}

/// Whether Docker Hub's entry may serve a name (keyring.go isDefaultRegistryMatch).
pub fn is_on_docker_hub(lookup_name: &str) -> bool {
    match lookup_name.split_once('/') {
        None => !lookup_name.is_empty(),
        Some(("docker.io" | DOCKER_HUB, _)) => true,
        Some((first, _)) => !first.is_empty() && !first.contains(['.', ':']),
    }
}

/// P32: whether a pattern, an entry's key or a plugin's `matchImages`, matches a name. An error counts as no match.
pub fn matches(pattern: &str, lookup_name: &str) -> Result<bool, String> {
    let pattern = Place::read(pattern).map_err(|error| error.to_string())?;
    let name = Place::read(lookup_name).map_err(|error| error.to_string())?;
    match pattern.verdict(&name) {
        Ok(()) => Ok(true),
        Err(Mismatch::BadPattern { .. }) => Err(glob::BadPattern.to_string()),
        Err(_) => Ok(false),
    }
}

/// A pattern or a name, cut into what is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    // With its port.
    host: String,
    path: String,
}

/// Why two places do not match, without copies.
enum Mismatch<'a> {
    Port { entry: &'a str, image: &'a str },
    LabelCount { entry: &'a str, image: &'a str },
    Label { entry: &'a str, image: &'a str },
    BadPattern { label: &'a str },
    Path { entry: &'a str, image: &'a str },
}

impl Mismatch<'_> {
    fn why(&self) -> Why {
        let owned = |entry: &str, image: &str| (entry.to_owned(), image.to_owned());
        match *self {
            Self::Port { entry, image } => {
                let (entry, image) = owned(entry, image);
                Why::Port { entry, image }
            }
            Self::LabelCount { entry, image } => {
                let (entry, image) = owned(entry, image);
                Why::LabelCount { entry, image }
            }
            Self::Label { entry, image } => {
                let (entry, image) = owned(entry, image);
                Why::Label { entry, image }
            }
            Self::Path { entry, image } => {
                let (entry, image) = owned(entry, image);
                Why::Path { entry, image }
            }
            Self::BadPattern { label } => Why::BadPattern { label: label.to_owned() },
        }
    }
}

impl Place {
    fn read(text: &str) -> Result<Self, url::UrlError> {
        let url::Url { host, path } = url::parse(&format!("https://{text}"))?;
        Ok(Self { host, path })
    }

    /// P32 with the pattern on the left (keyring.go URLsMatch). A host that differs is named before a path that does,
    /// because it is what a reader wants to know first; upstream tests the path first, which shows only in that a
    /// malformed label is no error when the path differs too.
    fn verdict<'a>(&'a self, name: &'a Self) -> Result<(), Mismatch<'a>> {
        let (host, port) = url::split_port(&self.host);
        let (name_host, name_port) = url::split_port(&name.host);
        if port != name_port {
            return Err(Mismatch::Port { entry: port, image: name_port });
        }
        if host.split('.').count() != name_host.split('.').count() {
            return Err(Mismatch::LabelCount { entry: host, image: name_host });
        }
        let path_fits = name.path.starts_with(&self.path);
        for (label, name_label) in host.split('.').zip(name_host.split('.')) {
            match glob::matches(label, name_label) {
                Ok(true) => {}
                Ok(false) => return Err(Mismatch::Label { entry: label, image: name_label }),
                Err(glob::BadPattern) if path_fits => return Err(Mismatch::BadPattern { label }),
                Err(glob::BadPattern) => break,
            }
        }
        if path_fits {
            Ok(())
        } else {
            Err(Mismatch::Path { entry: &self.path, image: &name.path })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::SecretText;

    fn keyring(keys: &[&str]) -> Keyring {
        let mut keyring = Keyring::new();
        for (key, number) in keys.iter().zip(1..) {
            let login = Login { username: format!("user{number}"), ..Login::default() };
            let entry = Entry { key: (*key).to_owned(), login };
            keyring.add(&Source::Provider { name: format!("p{number}") }, [entry]);
        }
        keyring
    }

    #[track_caller]
    fn check(keys: &[&str], lookup_name: &str, want: &[&str]) {
        let keyring = keyring(keys);
        let got: Vec<String> = keyring
            .explain(lookup_name)
            .iter()
            .map(|trace| {
                let mark = if trace.matched { '+' } else { '-' };
                format!("{mark} {}: {}", trace.key, trace.why)
            })
            .collect();
        assert_eq!(got, want, "for {lookup_name}");
        let offered: Vec<&str> =
            keyring.lookup(lookup_name).iter().map(|offer| offer.key.as_str()).collect();
        let explained: Vec<&str> = keyring
            .explain(lookup_name)
            .iter()
            .filter(|trace| trace.matched)
            .map(|trace| trace.key)
            .collect();
        assert_eq!(offered, explained, "what is offered and what is explained for {lookup_name}");
    }

    #[test]
    fn every_entry_says_why() {
        check(
            &[
                "123.dkr.ecr.us-east-1.amazonaws.com",
                "https://123.dkr.ecr.eu-west-1.amazonaws.com",
                "*.dkr.ecr.*.amazonaws.com/team",
                "dkr.ecr.us-east-1.amazonaws.com",
                "123.dkr.ecr.us-east-1.amazonaws.com:443",
                "gh cr.io",
                "123.dkr.ecr.us-east[-1.amazonaws.com",
            ],
            "123.dkr.ecr.us-east-1.amazonaws.com/payment-api",
            &[
                "- dkr.ecr.us-east-1.amazonaws.com: its host `dkr.ecr.us-east-1.amazonaws.com` and the \
                 image's `123.dkr.ecr.us-east-1.amazonaws.com` have different numbers of labels",
                "- 123.dkr.ecr.us-east[-1.amazonaws.com: `us-east[-1` in its host is a malformed pattern",
                "- 123.dkr.ecr.us-east-1.amazonaws.com:443: it is for port 443, the image has no port",
                "+ 123.dkr.ecr.us-east-1.amazonaws.com: host, port and path fit",
                "- https://123.dkr.ecr.eu-west-1.amazonaws.com: `eu-west-1` in its host does not fit the \
                 image's `us-east-1`",
                "- *.dkr.ecr.*.amazonaws.com/team: its path `/team` is not how the image's path \
                 `/payment-api` begins",
                "- gh cr.io: its key cannot be read: parse \"https://gh cr.io\": invalid character \" \" \
                 in host name",
            ],
        );
    }

    #[test]
    fn docker_hub_is_a_last_resort() {
        let hub = "https://index.docker.io/v1/";
        check(
            &[hub, "docker.io/acme"],
            "docker.io/acme/web",
            &[
                "- https://index.docker.io/v1/: another entry matched, and Docker Hub's own is only used \
                 when none does",
                "+ docker.io/acme: host, port and path fit",
            ],
        );
        check(
            &[hub, "docker.io/acme"],
            "docker.io/library/nginx",
            &[
                "+ https://index.docker.io/v1/: nothing else matched, and this entry serves all of \
                 Docker Hub",
                "- docker.io/acme: its path `/acme` is not how the image's path `/library/nginx` begins",
            ],
        );
    }

    #[test]
    fn bounds() {
        check(&[], "", &[]);
        check(&[""], "", &["+ : host, port and path fit"]);
        check(
            &["r"],
            "r /x",
            &[
                "- r: the image's name cannot be read: parse \"https://r /x\": invalid character \" \" in \
               host name",
            ],
        );
        let labels = vec!["*a*a*a*b"; 255].join(".");
        let name = vec!["a".repeat(1000); 255].join(".");
        assert_eq!(matches(&labels, &name), Ok(false));
        assert_eq!(matches(&labels, &name.replace("a.", "b.")), Ok(false));
        let long = "a/".repeat(1 << 20);
        assert_eq!(matches(&long, &long), Ok(true));
        assert_eq!(matches(&long, "a/a"), Ok(false));
        assert_eq!(matches("a[.b/x", "a.b/y"), Ok(false), "the path differs");
        assert_eq!(matches("a[.b/x", "a.b/x"), Err("syntax error in pattern".to_owned()));
    }

    #[test]
    fn a_keyring_keeps_its_secrets_to_itself() {
        let mut keyring = Keyring::new();
        let login = Login { password: SecretText::new("s3cret"), ..Login::default() };
        keyring.add(&Source::NodeConfig, [Entry { key: "r".into(), login }]);
        assert!(!format!("{keyring:?}").contains("s3cret"));
    }
}

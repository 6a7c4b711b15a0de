//! Who may use an image that is on a node already: the kubelet's records of its pulls (KEP-2535, P46–P48), and when they
//! are consulted (P47). *Sources: kubernetes v1.35.6 pkg/kubelet/images/pullmanager/{image_pull_manager,
//! image_pull_policies}.go; each policy confirmed by recordings of a 1.35.6 cluster.*

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::credential::Login;
use crate::image::ImageRef;
use crate::ordered;

/// What a node remembers of the pulls of one image, the runtime's id of which it is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PullRecord {
    // By repository: the name that credentials are looked up with (P15). Invariant of each: see `Access`.
    repositories: BTreeMap<String, Access>,
}

/// Who may use an image under the name of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Every Pod of the node; this stays once it is written.
    EveryPod,
    /// Pods that show one of these, sorted by namespace, name and uid.
    These {
        /// Secrets that opened it.
        secrets: Vec<SecretRecord>,
        /// ServiceAccounts whose token opened it.
        service_accounts: Vec<AccountRecord>,
    },
}

/// A Secret that opened an image, and the hash of the credential it held then.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretRecord {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid: a Secret that is made anew is another one.
    pub uid: String,
    /// [`credential_hash`] of what it held; empty if it could not be made.
    pub hash: String,
}

/// A ServiceAccount whose token opened an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountRecord {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// What a pull came through with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PulledBy {
    /// No credential, or one of the node: its docker config or a plugin.
    Node,
    /// A Secret's credential.
    Secret(SecretRecord),
    /// A plugin's answer to a ServiceAccount's token (KEP-4412).
    ServiceAccount(AccountRecord),
}

/// What a Pod can show: those of its matching credentials that are not the node's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodCredentials {
    /// From its pull secrets, in keyring order.
    pub secrets: Vec<SecretRecord>,
    /// Its ServiceAccount, if a plugin answered to that account's token.
    pub service_account: Option<AccountRecord>,
}

/// While a record has fewer Secrets than this, a match adds to it (writeRecordWhileMatchingLimit).
const MATCHING_WRITES_BELOW: usize = 100;

impl PullRecord {
    /// The record of an image with these repositories.
    pub fn new(repositories: impl IntoIterator<Item = (String, Access)>) -> Self {
        let sorted = |access| match access {
            Access::EveryPod => Access::EveryPod,
            Access::These { mut secrets, mut service_accounts } => {
                ordered::sort(&mut secrets);
                ordered::sort(&mut service_accounts);
                Access::These { secrets, service_accounts }
            }
        };
        let repositories = repositories.into_iter();
        let sorted = repositories.map(|(name, access)| (name, sorted(access)));
        Self { repositories: ordered::map(sorted) }
    }

    /// Who may use the image, by repository.
    pub fn repositories(&self) -> impl Iterator<Item = (&str, &Access)> {
        self.repositories.iter().map(|(name, access)| (name.as_str(), access))
    }

    /// Adds what a pull came through with (P46). Answers whether anything changed.
    pub fn add(&mut self, repository: &str, pulled_by: &PulledBy) -> bool {
        let none = Access::These { secrets: Vec::new(), service_accounts: Vec::new() };
        let access = self.repositories.entry(repository.to_owned()).or_insert(none);
        let Access::These { secrets, service_accounts } = access else { return false };
        match pulled_by {
            PulledBy::Node => *access = Access::EveryPod,
            PulledBy::Secret(secret) => {
                match secrets.iter_mut().find(|known| known.is_same_secret(secret)) {
                    Some(known) if known.hash == secret.hash => return false,
                    Some(known) => known.hash.clone_from(&secret.hash),
                    None => {
                        secrets.push(secret.clone());
                        ordered::sort(secrets);
                    }
                }
            }
            PulledBy::ServiceAccount(account) => {
                if service_accounts.contains(account) {
                    return false;
                }
                service_accounts.push(account.clone());
                ordered::sort(service_accounts);
            }
        }
        true
    }
}

impl SecretRecord {
    /// Whether it is the same object, whatever it holds.
    pub fn is_same_secret(&self, other: &Self) -> bool {
        self.uid == other.uid && self.namespace == other.namespace && self.name == other.name
    }
}

/// P46: SHA-256 over the JSON of a credential, empty fields left out.
pub fn credential_hash(login: &Login) -> String {
    let fields = [
        ("username", &*login.username),
        ("password", login.password.reveal()),
        ("email", &login.email),
    ];
    let mut json = String::from("{");
    for (name, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
        let comma = if json.len() > 1 { "," } else { "" };
        let text = serde_json::to_string(text).expect("a text is JSON");
        // Go escapes what could end a script element.
        let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        write!(json, "{comma}\"{name}\":{text}").expect("a String takes all");
    }
    json.push('}');
    Sha256::digest(json.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The kubelet's `imagePullCredentialsVerificationPolicy` (P47).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VerificationPolicy {
    /// Only what the kubelet itself has pulled, or begun to pull, is verified. The default.
    #[default]
    NeverVerifyPreloadedImages,
    /// Nothing is.
    NeverVerify,
    /// Everything is.
    AlwaysVerify,
    /// Everything but the listed images is.
    NeverVerifyAllowlistedImages(Allowlist),
}

impl VerificationPolicy {
    /// The names of all of them, the default first.
    pub const NAMES: [&str; 4] = [
        "NeverVerifyPreloadedImages",
        "NeverVerify",
        "AlwaysVerify",
        "NeverVerifyAllowlistedImages",
    ];

    /// The policy of that name, with the node's `preloadedImagesVerificationAllowlist`; the error stops the kubelet
    /// from starting.
    pub fn new(name: &str, allowlist: &[String]) -> Result<Self, String> {
        match name {
            "NeverVerifyPreloadedImages" => Ok(Self::NeverVerifyPreloadedImages),
            "NeverVerify" => Ok(Self::NeverVerify),
            "AlwaysVerify" => Ok(Self::AlwaysVerify),
            "NeverVerifyAllowlistedImages" => {
                Allowlist::new(allowlist).map(Self::NeverVerifyAllowlistedImages)
            }
            _ => Err(format!("unknown image pull credential verification policy: {name}")),
        }
    }

    /// As the kubelet's configuration spells it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NeverVerifyPreloadedImages => "NeverVerifyPreloadedImages",
            Self::NeverVerify => "NeverVerify",
            Self::AlwaysVerify => "AlwaysVerify",
            Self::NeverVerifyAllowlistedImages(_) => "NeverVerifyAllowlistedImages",
        }
    }

    /// Whether a present image is this Pod's only with the right credential. `image` is as written in the Pod;
    /// `pulled_by_kubelet` says whether a record of a pull, or of the intent to pull, exists.
    pub fn verifies(&self, image: &str, pulled_by_kubelet: bool) -> bool {
        match self {
            Self::NeverVerifyPreloadedImages => pulled_by_kubelet,
            Self::NeverVerify => false,
            Self::AlwaysVerify => true,
            Self::NeverVerifyAllowlistedImages(list) => !list.covers(image),
        }
    }
}

/// Images that are never verified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowlist {
    exact: Vec<String>,
    // Invariant: each ends in `/`.
    prefixes: Vec<String>,
}

impl Allowlist {
    /// Reads the patterns: whole repository names in their full form, or `prefix/*`.
    pub fn new(patterns: &[String]) -> Result<Self, String> {
        let mut list = Self::default();
        for pattern in patterns {
            list.add(pattern)?;
        }
        Ok(list)
    }

    fn add(&mut self, pattern: &str) -> Result<(), String> {
        if pattern != pattern.trim() {
            return Err(format!("leading/trailing spaces are not allowed: {pattern}"));
        }
        let prefix = pattern.ends_with("/*").then(|| &pattern[..pattern.len() - 1]);
        let text = prefix.unwrap_or(pattern);
        if text.is_empty() {
            return Err(format!("the supplied pattern is too short: {pattern}"));
        }
        if text.contains('*') {
            return Err(format!(
                "not a valid wildcard pattern, only patterns ending with '/*' are allowed: {pattern}"
            ));
        }
        if prefix.is_some() {
            if text == "/" {
                return Err("at least registry hostname is required".into());
            }
            self.prefixes.push(text.to_owned());
            return Ok(());
        }
        let image = ImageRef::parse(text)
            .map_err(|error| format!("failed to parse as an image name: {error}"))?;
        if image.lookup_name() != text {
            return Err(format!(
                "neither tag nor digest is accepted in an image reference: {pattern}"
            ));
        }
        self.exact.push(text.to_owned());
        Ok(())
    }

    /// The image is compared as written, so that an exact entry does not cover `name:tag` (P47, as recorded).
    fn covers(&self, image: &str) -> bool {
        self.exact.iter().any(|exact| exact == image)
            || self.prefixes.iter().any(|prefix| image.starts_with(prefix.as_str()))
    }
}

/// Whether a present image must be pulled all the same, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The policy opens it to every Pod.
    NotVerified,
    /// A record says that every Pod of the node may use it.
    EveryPod,
    /// A credential that equals this Secret's opened it before.
    SameCredential(SecretRecord),
    /// This Secret opened it before, with another credential than it holds now.
    SameSecret(SecretRecord),
    /// This ServiceAccount's token opened it before.
    SameServiceAccount(AccountRecord),
    /// The image must be pulled: no pull of it by this kubelet is on record.
    NoRecord,
    /// The image must be pulled: its record is of other repositories, or names nobody.
    OtherRepository,
    /// The image must be pulled: nothing that the Pod can show is on record.
    NothingMatches,
}

impl Verdict {
    /// Whether the image must be pulled.
    pub const fn must_pull(&self) -> bool {
        match self {
            Self::NotVerified
            | Self::EveryPod
            | Self::SameCredential(_)
            | Self::SameSecret(_)
            | Self::SameServiceAccount(_) => false,
            Self::NoRecord | Self::OtherRepository | Self::NothingMatches => true,
        }
    }
}

/// P48: whether a Pod must pull an image that is present (image_pull_manager.go MustAttemptImagePull).
///
/// `image` is as written and `repository` its look-up name; `record` is that of the image's id and may be added to;
/// `pull_intent` says whether a pull of it was begun and not finished. `credentials` is called only where a record
/// needs comparing; its error ends the attempt.
pub fn must_pull(
    policy: &VerificationPolicy,
    image: &str,
    repository: &str,
    record: Option<&mut PullRecord>,
    pull_intent: bool,
    credentials: impl FnOnce() -> Result<PodCredentials, String>,
) -> Result<Verdict, String> {
    if !policy.verifies(image, record.is_some() || pull_intent) {
        return Ok(Verdict::NotVerified);
    }
    let Some(record) = record else { return Ok(Verdict::NoRecord) };
    let (secrets, service_accounts) = match record.repositories.get(repository) {
        None => return Ok(Verdict::OtherRepository),
        Some(Access::EveryPod) => return Ok(Verdict::EveryPod),
        Some(Access::These { secrets, service_accounts }) => (secrets, service_accounts),
    };
    if secrets.is_empty() && service_accounts.is_empty() {
        return Ok(Verdict::OtherRepository);
    }
    let shown = credentials()?;
    let writes = secrets.len() < MATCHING_WRITES_BELOW;
    for secret in shown.secrets {
        for known in secrets {
            // A hash that could not be made equals none.
            let same_credential = !known.hash.is_empty() && known.hash == secret.hash;
            let same_secret = known.is_same_secret(&secret);
            if same_credential {
                if !same_secret && writes {
                    record.add(repository, &PulledBy::Secret(secret.clone()));
                }
                return Ok(Verdict::SameCredential(secret));
            }
            if same_secret && writes {
                record.add(repository, &PulledBy::Secret(secret.clone()));
                return Ok(Verdict::SameSecret(secret));
            }
        }
    }
    Ok(match shown.service_account {
        Some(account) if service_accounts.contains(&account) => {
            Verdict::SameServiceAccount(account)
        }
        _ => Verdict::NothingMatches,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::SecretText;

    /// The hash that a recorded node kept for this credential (cluster-recording, P48).
    #[test]
    fn the_hash_is_that_of_gos_json() {
        let login = |username: &str, password: &str| Login {
            username: username.into(),
            password: SecretText::new(password),
            email: String::new(),
        };
        let of = |json: &str| -> String {
            Sha256::digest(json.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let alice = credential_hash(&login("alice", "s3cret"));
        assert_eq!(alice, of(r#"{"username":"alice","password":"s3cret"}"#));
        assert_eq!(credential_hash(&login("", "a<b")), of("{\"password\":\"a\\u003cb\"}"));
        assert_eq!(credential_hash(&Login::default()), of("{}"));
    }

    #[test]
    fn a_full_record_takes_no_more_and_a_rotated_secret_must_pull() {
        let secret = |number: usize, hash: &str| SecretRecord {
            namespace: "ns".into(),
            name: format!("s{number:03}"),
            uid: "u".into(),
            hash: hash.into(),
        };
        for (count, want) in [(99, false), (100, true)] {
            let secrets = (0..count).map(|number| secret(number, "old")).collect();
            let access = Access::These { secrets, service_accounts: Vec::new() };
            let mut record = PullRecord::new([("r.io/a".to_owned(), access)]);
            let shown = PodCredentials { secrets: vec![secret(7, "new")], service_account: None };
            let verdict = must_pull(
                &VerificationPolicy::AlwaysVerify,
                "r.io/a:1",
                "r.io/a",
                Some(&mut record),
                false,
                || Ok(shown),
            );
            assert_eq!(verdict.map(|verdict| verdict.must_pull()), Ok(want), "{count} Secrets");
        }
    }
}

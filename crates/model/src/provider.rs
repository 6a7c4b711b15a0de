//! Credential provider plugins on a node, and what the node remembers of their answers
//! (pkg/credentialprovider/plugin/plugin.go).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::credential::Login;
use crate::docker_config::Entry;
use crate::keyring;
use crate::time::{SimTime, Span};
use crate::world::ProviderSpec;

/// For which later images an answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheKeyType {
    /// For this repository.
    Image,
    /// For all of the registry: the text before the first `/`.
    Registry,
    /// For every image the plugin is asked for.
    Global,
}

/// What a plugin answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Credentials, perhaps none.
    Given {
        /// Pairs of a key, as in an `auths` map, and what it logs in with (P51).
        auth: Vec<(String, Login)>,
        /// For which images it counts.
        cache_key: CacheKeyType,
        /// For how long; zero for this once, `None` for as long as the node's configuration says.
        cache_duration: Option<Span>,
    },
    /// It failed, with what the kubelet's log says about it (P53).
    Failed(String),
}

/// What came of wanting a plugin's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provided {
    /// The plugin is not for this image.
    NotAsked,
    /// An earlier answer still counts.
    Cached(Auth),
    /// It was asked and answered.
    Answered(Auth),
    /// It was asked and failed: it contributes nothing, and nobody but the log is told (P53).
    Failed(String),
}

/// The `auth` map of an answer, shared with the cache.
pub type Auth = Arc<[(String, Login)]>;

impl Provided {
    /// The entries for the keyring, which the image must match once more (P51).
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let auth = match self {
            Self::Cached(auth) | Self::Answered(auth) => &auth[..],
            Self::NotAsked | Self::Failed(_) => &[],
        };
        auth.iter().map(|(key, login)| Entry { key: key.clone(), login: login.clone() })
    }
}

/// P50: whether a plugin is asked for a repository (plugin.go isImageAllowed).
pub fn asks(spec: &ProviderSpec, lookup_name: &str) -> bool {
    spec.match_images.iter().any(|pattern| keyring::matches(pattern, lookup_name) == Ok(true))
}

/// The answers a node remembers, of all its plugins. A clone shares them until one of the two changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cache {
    // By plugin, then by cache key: two levels let a look-up borrow both.
    answers: Arc<BTreeMap<String, BTreeMap<String, Remembered>>>,
    // Which answer each scripted plugin gives next.
    runs: Arc<BTreeMap<String, u32>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Remembered {
    auth: Auth,
    // The last moment at which it counts.
    until: SimTime,
}

/// The cache key of answers for every image. No repository and no registry is called so.
const GLOBAL: &str = "global";

impl Cache {
    /// What a plugin has to offer for a repository: nothing, an answer that still counts, or what `ask` gives for it.
    pub fn provide(
        &mut self,
        spec: &ProviderSpec,
        lookup_name: &str,
        now: SimTime,
        ask: impl FnOnce(&str) -> Answer,
    ) -> Provided {
        self.provide_for(spec, lookup_name, "", now, ask)
    }

    /// The same for a plugin that is given a token: its answers are kept apart by the text `account` (P54).
    pub fn provide_for(
        &mut self,
        spec: &ProviderSpec,
        lookup_name: &str,
        account: &str,
        now: SimTime,
        ask: impl FnOnce(&str) -> Answer,
    ) -> Provided {
        if !asks(spec, lookup_name) {
            return Provided::NotAsked;
        }
        if let Some(auth) = self.get_for(&spec.name, lookup_name, account, now) {
            return Provided::Cached(auth);
        }
        match ask(lookup_name) {
            Answer::Failed(error) => Provided::Failed(error),
            Answer::Given { auth, cache_key, cache_duration } => {
                let auth: Auth = auth.into();
                let default = Span::seconds(spec.default_cache_seconds);
                let lifetime = cache_duration.unwrap_or(default);
                if lifetime != Span::ZERO {
                    let key = with_account(cache_key.of(lookup_name), account);
                    self.put(
                        &spec.name,
                        &key,
                        Remembered { auth: auth.clone(), until: now + lifetime },
                    );
                }
                Provided::Answered(auth)
            }
        }
    }

    /// P52: the answer of a plugin that still counts for a repository (plugin.go getCachedCredentials).
    pub fn get(&self, provider: &str, lookup_name: &str, now: SimTime) -> Option<Auth> {
        self.get_for(provider, lookup_name, "", now)
    }

    fn get_for(&self, provider: &str, name: &str, account: &str, now: SimTime) -> Option<Auth> {
        self.counting(provider, name, account, now).map(|remembered| Arc::clone(&remembered.auth))
    }

    /// When the answer that counts now stops to count: the first moment after it is one millisecond later.
    pub fn counts_until(
        &self,
        provider: &str,
        lookup_name: &str,
        account: &str,
        now: SimTime,
    ) -> Option<SimTime> {
        self.counting(provider, lookup_name, account, now).map(|remembered| remembered.until)
    }

    fn counting(
        &self,
        provider: &str,
        lookup_name: &str,
        account: &str,
        now: SimTime,
    ) -> Option<&Remembered> {
        let answers = self.answers.get(provider)?;
        [CacheKeyType::Image, CacheKeyType::Registry, CacheKeyType::Global]
            .into_iter()
            .filter_map(|key| answers.get(&*with_account(key.of(lookup_name), account)))
            // Still valid at the exact end of its lifetime (cacheExpirationPolicy).
            .find(|remembered| now <= remembered.until)
    }

    /// A scripted plugin is run; answers which of its answers it is to give, the last one again and again.
    pub(crate) fn next_answer(&mut self, provider: &str, answers: u32) -> u32 {
        let next = self.answer_due(provider, answers);
        if next + 1 < answers {
            Arc::make_mut(&mut self.runs).insert(provider.to_owned(), next + 1);
        }
        next
    }

    /// A scripted plugin got another script.
    pub(crate) fn begin_script(&mut self, provider: &str) {
        Arc::make_mut(&mut self.runs).remove(provider);
    }

    /// Which answer a scripted plugin gives when it is run the next time.
    pub(crate) fn answer_due(&self, provider: &str, answers: u32) -> u32 {
        self.runs.get(provider).copied().unwrap_or(0).min(answers.saturating_sub(1))
    }

    fn put(&mut self, provider: &str, key: &str, remembered: Remembered) {
        let answers = Arc::make_mut(&mut self.answers).entry(provider.to_owned()).or_default();
        answers.insert(key.to_owned(), remembered);
    }
}

/// Neither part can hold a line break.
fn with_account<'a>(key: &'a str, account: &str) -> Cow<'a, str> {
    if account.is_empty() { key.into() } else { format!("{key}\n{account}").into() }
}

impl CacheKeyType {
    /// The key that an answer for a repository is kept under.
    fn of(self, lookup_name: &str) -> &str {
        match self {
            Self::Image => lookup_name,
            Self::Registry => lookup_name.split('/').next().expect("a split has a first part"),
            Self::Global => GLOBAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_its_own_answers() {
        let spec = ProviderSpec {
            name: "ecr".into(),
            match_images: vec!["r.io".into()],
            default_cache_seconds: 60,
            ..ProviderSpec::default()
        };
        let answer = |_: &str| Answer::Given {
            auth: Vec::new(),
            cache_key: CacheKeyType::Registry,
            cache_duration: None,
        };
        let end = SimTime::START + Span::minutes(1);
        let mut cache = Cache::default();
        let before = cache.clone();
        assert_eq!(
            cache.provide(&spec, "r.io/a", SimTime::START, answer),
            Provided::Answered([].into())
        );
        assert_eq!(cache.provide(&spec, "r.io/b", end, answer), Provided::Cached([].into()));
        assert_eq!(cache.counts_until("ecr", "r.io/c", "", end), Some(end));
        assert_eq!(cache.counts_until("ecr", "r.io/c", "", end + Span::millis(1)), None);
        assert_eq!(cache.get("other", "r.io/a", end), None);
        assert_eq!(before.get("ecr", "r.io/a", SimTime::START), None);
    }
}

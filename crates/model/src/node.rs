//! A node: its image store, the records of its pulls (P46–P48), its providers' caches, its pull queue.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::credential::{SecretText, Source};
use crate::docker_config;
use crate::image::ImageRef;
use crate::keyring::{Keyring, Offer};
use crate::object::Key;
use crate::pods::PodId;
use crate::provider;
use crate::pull::Content;
use crate::pull_record::{
    AccountRecord, PodCredentials, PullRecord, PulledBy, SecretRecord, Verdict, credential_hash,
    must_pull,
};
use crate::registry::Parts;
use crate::time::{SimTime, Span};
use crate::world::{Features, NODE_CONFIG_PATHS, NodeSpec, Plugin, ProviderSpec, Version};

/// A node that is part of the cluster.
#[derive(Debug, Clone)]
pub struct Node {
    /// What the world says of it.
    pub spec: NodeSpec,
    /// Its kubelet's version.
    pub kubernetes: Version,
    /// What that version does otherwise than others.
    pub features: Features,
    /// Its providers' cached answers.
    pub providers: provider::Cache,
    /// Which node it is, from 1, in the order in which they joined.
    pub(crate) number: u32,
    /// Who pulls, and who waits for that.
    pub(crate) pulls: Pulls,
    // By the reference with its tag and digest.
    images: BTreeMap<String, StoredImage>,
    // By image id.
    records: BTreeMap<Arc<str>, PullRecord>,
    // How many pulls were begun and not finished, by image as written (P47); none is zero or no entry.
    intents: BTreeMap<Arc<str>, u32>,
    config: NodeConfig,
    /// What its images consist of.
    pub content: Content,
    /// Why the runtime cannot say whether an image is there, while it cannot (P18).
    pub(crate) inspect_error: Option<Arc<str>>,
    // Places of its Pods' addresses that were given away.
    addresses: u32,
}

/// An image in a node's store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImage {
    /// The runtime's id of it.
    pub id: Arc<str>,
    /// How much of the disk it takes.
    pub bytes: u64,
    /// When the kubelet first saw it.
    pub first_detected: SimTime,
    /// When the kubelet last saw a container use it.
    pub last_used: Option<SimTime>,
}

/// The turns of a node's pulls (P27).
#[derive(Debug, Clone, Default)]
pub(crate) struct Pulls {
    pub(crate) running: u32,
    pub(crate) waiting: VecDeque<PodId>,
    pub(crate) throttle: Throttle,
}

/// A token bucket as client-go's flowcontrol has it: so many at once, then so many a second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Throttle {
    // Thousandths of a pull that were used up and are not yet regained at `at`.
    used: u64,
    at: SimTime,
}

impl Throttle {
    /// Whether a pull may begin now; it counts if it may. A rate of zero is no limit.
    pub fn try_accept(&mut self, per_second: u32, burst: u32, now: SimTime) -> bool {
        if per_second == 0 {
            return true;
        }
        let regained = now.since(self.at).as_millis().max(0) as u64 * u64::from(per_second);
        let used = self.used.saturating_sub(regained);
        let accepted = used + 1000 <= u64::from(burst) * 1000;
        *self = Self { used: if accepted { used + 1000 } else { used }, at: now };
        accepted
    }
}

/// The node's own docker config, read at most every five minutes (P35).
#[derive(Debug, Clone, Default)]
struct NodeConfig {
    files: BTreeMap<String, SecretText>,
    read: Option<(SimTime, Arc<ReadConfig>)>,
}

/// What the kubelet read from the node's files.
#[derive(Debug, Default)]
pub(crate) struct ReadConfig {
    /// Which file counts, if one does.
    pub(crate) path: Option<&'static str>,
    /// Files that were skipped because they do not decode, and why.
    pub(crate) skipped: Vec<(&'static str, String)>,
    /// Their entries.
    pub(crate) keyring: Keyring,
}

/// How large an image is taken to be that came with its node.
const PRELOADED_BYTES: u64 = 64 << 20;

/// How long what was read of the node's files counts.
const CONFIG_LIFETIME: Span = Span::minutes(5);

impl Node {
    /// A label that every node has, by its key.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        let (os, architecture) = self.spec.platform.split_once('/')?;
        match key {
            "kubernetes.io/hostname" => Some(&self.spec.name),
            "kubernetes.io/os" | "beta.kubernetes.io/os" => Some(os),
            "kubernetes.io/arch" | "beta.kubernetes.io/arch" => Some(architecture),
            _ => None,
        }
    }

    /// Whether an agent on it copies that ConfigMap.
    pub(crate) fn copies(&self, namespace: &str, name: &str) -> bool {
        let mut copied = self.spec.hosts_from.values();
        copied.any(|(of, named)| of == namespace && named == name)
    }

    /// A node that has just joined a cluster of that version, with a number of its own, from 1.
    pub fn new(spec: NodeSpec, cluster: Version, number: u32) -> Self {
        let kubernetes = spec.kubernetes.unwrap_or(cluster);
        Self {
            features: Features::of(kubernetes, &spec.config.feature_gates),
            kubernetes,
            providers: provider::Cache::default(),
            number,
            pulls: Pulls::default(),
            images: BTreeMap::new(),
            records: BTreeMap::new(),
            intents: BTreeMap::new(),
            config: NodeConfig { files: spec.files.clone(), read: None },
            inspect_error: None,
            content: Content::default(),
            addresses: 0,
            spec,
        }
    }

    /// Puts an image into the store past the kubelet, as one that came with the node. Without a registry that has it,
    /// its content is of its own.
    pub(crate) fn preload(
        &mut self,
        seed: u64,
        image: &ImageRef,
        parts: Option<Parts>,
        now: SimTime,
    ) {
        let (id, bytes) = match &parts {
            Some(parts) => (parts.top.as_str().into(), PRELOADED_BYTES),
            None => (preloaded_id(seed, image), PRELOADED_BYTES),
        };
        let parts = parts.map(|parts| parts.all().into());
        self.put_image(&image.to_string(), id, bytes, parts, now);
    }

    /// The key of its object.
    pub fn key(&self) -> Key {
        Key::new(crate::object::Kind::Node, "", &self.spec.name)
    }

    /// When what a look-up of that name read of the node runs out, so that the next one reads again; far in the future
    /// if nothing does. Nothing is cached while a provider fails, and it goes on failing until a role changes.
    pub fn look_up_changes_at(&self, lookup_name: &str, account: &str, now: SimTime) -> SimTime {
        let until = |spec: &ProviderSpec| {
            self.providers.counts_until(&spec.name, lookup_name, account, now)
        };
        let first = self.spec.providers.iter().filter_map(until).min();
        let provider = first.map_or(SimTime::from_millis(i64::MAX), |last| last + Span::millis(1));
        match &self.config.read {
            Some((read, _)) if !self.config.files.is_empty() => {
                provider.min(*read + CONFIG_LIFETIME)
            }
            _ => provider,
        }
    }

    /// The node's docker config as the kubelet knows it now (P35): read anew if that is due.
    pub(crate) fn docker_config(&mut self, now: SimTime) -> Arc<ReadConfig> {
        if let Some((read, config)) = &self.config.read
            && now < *read + CONFIG_LIFETIME
        {
            return Arc::clone(config);
        }
        let config = Arc::new(read_config(&self.config.files));
        self.config.read = Some((now, Arc::clone(&config)));
        config
    }

    /// Somebody writes a file on the node; `None` removes it.
    pub(crate) fn write_file(&mut self, path: &str, text: Option<&str>) {
        match text {
            Some(text) => self.config.files.insert(path.to_owned(), SecretText::new(text)),
            None => self.config.files.remove(path),
        };
    }

    /// A plugin does something else from now on.
    pub(crate) fn set_plugin(&mut self, provider: &str, plugin: &Plugin) {
        if let Some(spec) = self.spec.providers.iter_mut().find(|spec| spec.name == provider) {
            spec.plugin = plugin.clone();
            self.providers.begin_script(provider);
        }
    }

    // Images.

    /// References in the store.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.images.keys().map(String::as_str)
    }

    /// The store, by reference.
    pub fn stored_images(&self) -> impl Iterator<Item = (&str, &StoredImage)> {
        self.images.iter().map(|(name, image)| (name.as_str(), image))
    }

    /// The image under a whole normalised name.
    pub fn image(&self, whole: &str) -> Option<&StoredImage> {
        self.images.get(whole)
    }

    pub(crate) fn image_mut(&mut self, whole: &str) -> Option<&mut StoredImage> {
        self.images.get_mut(whole)
    }

    /// What the node remembers of the pulls of its images, by image id.
    pub fn pull_records(&self) -> impl Iterator<Item = (&str, &PullRecord)> {
        self.records.iter().map(|(id, record)| (&**id, record))
    }

    /// Puts an image into the store, past all records.
    pub(crate) fn put_image(
        &mut self,
        whole: &str,
        id: Arc<str>,
        bytes: u64,
        parts: Option<Arc<[String]>>,
        now: SimTime,
    ) {
        if let Some(parts) = parts {
            self.content.put(whole.to_owned(), parts);
        }
        let image = StoredImage { id, bytes, first_detected: now, last_used: None };
        match self.images.get_mut(whole) {
            Some(known) if known.id == image.id => {}
            _ => {
                self.images.insert(whole.to_owned(), image);
            }
        }
    }

    /// Takes an image out of the store. Its record stays until the next collection of images.
    pub(crate) fn remove_image(&mut self, whole: &str) -> bool {
        self.content.remove(whole);
        self.images.remove(whole).is_some()
    }

    /// Drops the records of images that are not there any more, as a collection of images does.
    pub(crate) fn prune_records(&mut self) {
        let images = &self.images;
        self.records.retain(|id, _| images.values().any(|image| image.id == *id));
    }

    // Who may use what is there.

    /// Whether a Pod must pull an image that is there (P48).
    pub(crate) fn must_pull(
        &mut self,
        image: &str,
        whole: &str,
        repository: &str,
        credentials: impl FnOnce() -> Result<PodCredentials, String>,
    ) -> Result<Verdict, String> {
        let Some(stored) = self.images.get(whole) else { return Ok(Verdict::NoRecord) };
        let policy = &self.spec.config.image_pull_credentials_verification_policy;
        let intent = self.intents.get(image).is_some_and(|count| *count > 0);
        let record = self.records.get_mut(&stored.id);
        must_pull(policy, image, repository, record, intent, credentials)
    }

    /// A pull begins.
    pub(crate) fn intend(&mut self, image: &Arc<str>) {
        if self.features.ensures_secret_pulled_images {
            match self.intents.get_mut(image) {
                Some(count) => *count += 1,
                None => {
                    self.intents.insert(Arc::clone(image), 1);
                }
            }
        }
    }

    /// A pull has ended, well or not.
    pub(crate) fn intent_ends(&mut self, image: &str) {
        if let Some(count) = self.intents.get_mut(image) {
            *count = count.saturating_sub(1);
        }
    }

    /// Remembers who a pull came through with (P46).
    pub(crate) fn record_pull(&mut self, id: &Arc<str>, repository: &str, offer: Option<&Offer>) {
        if self.features.ensures_secret_pulled_images {
            let record = self.records.entry(Arc::clone(id)).or_default();
            record.add(repository, &pulled_by(offer));
        }
    }

    /// A kubelet that restarts forgets everything that it does not keep on disk. An image whose pull it had only begun
    /// is on record from then on, as nobody's.
    pub(crate) fn restart(&mut self) {
        self.providers = provider::Cache::default();
        self.pulls = Pulls::default();
        self.config.read = None;
        let begun = self.intents.iter().filter(|(_, count)| **count > 0);
        let begun: Vec<Arc<str>> = begun.map(|(image, _)| Arc::clone(image)).collect();
        for image in begun {
            let stored = ImageRef::parse(&image).ok().and_then(|image| {
                self.images.get(&image.to_string()).map(|stored| Arc::clone(&stored.id))
            });
            if let Some(id) = stored {
                self.records.entry(id).or_default();
                self.intents.remove(&image);
            } else {
                self.intents.insert(image, 1);
            }
        }
    }

    /// The node's own address.
    pub(crate) fn address(&self) -> String {
        format!("10.30.{}.{}", self.number >> 8, self.number & 255)
    }

    /// The address of the next Pod.
    pub(crate) fn next_pod_address(&mut self) -> String {
        self.addresses += 1;
        let place = self.addresses + 1;
        format!("10.244.{}.{}", (self.number - 1) << 2 & 255 | place >> 8 & 3, place & 255)
    }
}

fn preloaded_id(seed: u64, image: &ImageRef) -> Arc<str> {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(image.to_string().as_bytes());
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}").into()
}

/// P35: the first file that decodes counts, nothing is merged.
fn read_config(files: &BTreeMap<String, SecretText>) -> ReadConfig {
    let mut read = ReadConfig::default();
    for path in NODE_CONFIG_PATHS {
        let Some(text) = files.get(path).map(SecretText::reveal) else { continue };
        let entries = if path.ends_with("config.json") {
            docker_config::parse_config_json(text.as_bytes())
        } else {
            docker_config::parse_cfg(text.as_bytes())
        };
        match entries {
            Ok(entries) => {
                read.keyring.add(&Source::NodeConfig, entries);
                read.path = Some(path);
                break;
            }
            Err(why) => read.skipped.push((path, why)),
        }
    }
    read
}

/// The record that a credential leaves.
fn pulled_by(offer: Option<&Offer>) -> PulledBy {
    let Some(offer) = offer else { return PulledBy::Node };
    match secret_record(offer) {
        Some(secret) => PulledBy::Secret(secret),
        None => account_record(offer).map_or(PulledBy::Node, PulledBy::ServiceAccount),
    }
}

fn secret_record(offer: &Offer) -> Option<SecretRecord> {
    match &offer.source {
        Source::Secret { namespace, name, uid } => Some(SecretRecord {
            namespace: namespace.clone(),
            name: name.clone(),
            uid: uid.clone(),
            hash: credential_hash(&offer.login),
        }),
        Source::NodeConfig | Source::Provider { .. } | Source::ServiceAccount { .. } => None,
    }
}

fn account_record(offer: &Offer) -> Option<AccountRecord> {
    match &offer.source {
        Source::ServiceAccount { namespace, name, uid, .. } => Some(AccountRecord {
            namespace: namespace.clone(),
            name: name.clone(),
            uid: uid.clone(),
        }),
        Source::NodeConfig | Source::Provider { .. } | Source::Secret { .. } => None,
    }
}

/// What a Pod can show for a present image.
pub(crate) fn pod_credentials(offers: &[Offer]) -> PodCredentials {
    PodCredentials {
        secrets: offers.iter().filter_map(secret_record).collect(),
        service_account: offers.iter().find_map(account_record),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_throttle_lets_a_burst_through_and_then_five_a_second() {
        let mut throttle = Throttle::default();
        let at = |millis| SimTime::START + Span::millis(millis);
        let accepted = |throttle: &mut Throttle, millis, tries: u32| {
            (0..tries).filter(|_| throttle.try_accept(5, 10, at(millis))).count()
        };
        assert_eq!(accepted(&mut throttle, 0, 28), 10);
        assert_eq!(accepted(&mut throttle, 199, 3), 0);
        assert_eq!(accepted(&mut throttle, 200, 3), 1);
        assert_eq!(accepted(&mut throttle, 60_000, 28), 10);
        assert_eq!((0..99).filter(|_| throttle.try_accept(0, 1, at(0))).count(), 99);
    }
}

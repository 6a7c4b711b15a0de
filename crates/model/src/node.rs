//! A node: its image store, who may use what is in it (KEP-2535, P46–P48), its providers' caches, its pull queue.

use std::collections::BTreeMap;

use crate::back_off::BackOff;
use crate::credential::{Login, Source};
use crate::image::ImageRef;
use crate::keyring::Offer;
use crate::provider;
use crate::pull::Content;
use crate::time::{SimTime, Span};
use crate::world::{NodeSpec, ProviderSpec};

/// A node that is part of the cluster.
#[derive(Debug, Clone)]
pub struct Node {
    /// What the world says of it.
    pub spec: NodeSpec,
    /// Its providers' cached answers.
    pub providers: provider::Cache,
    /// Failed pulls, by Pod and image.
    pub back_off: BackOff,
    /// When the pulls that are queued by now are through: pulls are serial by default (P27).
    pub pulls_end: SimTime,
    /// What its images consist of.
    pub content: Content,
    // By the reference with its tag and digest.
    images: BTreeMap<String, Access>,
}

/// Who may use an image of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Access {
    /// No record: it was put there past the kubelet, and `NeverVerifyPreloadedImages` opens it to all (P47).
    Preloaded,
    /// It was pulled without credentials or with the node's own: every Pod of the node (P46).
    EveryPod,
    /// It was pulled with these Secrets' credentials.
    Secrets(Vec<SecretRecord>),
}

/// A Secret that opened an image, and the credential it held then.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SecretRecord {
    source: Source,
    // Upstream keeps a SHA-256 of it; equality is all that is ever asked.
    login: Login,
}

impl Node {
    /// A node that has just joined.
    pub fn new(spec: NodeSpec) -> Self {
        let preloaded = |name: &String| {
            let image = ImageRef::parse(name).expect("a scenario's cached images were checked");
            (image.to_string(), Access::Preloaded)
        };
        let images = spec.images.iter().map(preloaded).collect();
        let providers = provider::Cache::default();
        Self {
            spec,
            providers,
            back_off: BackOff::default(),
            pulls_end: SimTime::from_millis(i64::MIN / 2),
            content: Content::default(),
            images,
        }
    }

    /// When a cached answer of a provider for that name runs out, so that the next look-up asks again; far in the
    /// future if none is cached. Nothing is cached while a provider fails, and it goes on failing until a role
    /// changes.
    pub fn providers_change_at(&self, lookup_name: &str, now: SimTime) -> SimTime {
        let until = |spec: &ProviderSpec| self.providers.counts_until(&spec.name, lookup_name, now);
        let first = self.spec.providers.iter().filter_map(until).min();
        first.map_or(SimTime::from_millis(i64::MAX), |last| last + Span::millis(1))
    }

    /// References in the store.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.images.keys().map(String::as_str)
    }

    /// Whether the image is in the store.
    pub fn has(&self, image: &ImageRef) -> bool {
        self.images.contains_key(&image.to_string())
    }

    /// Whether credentials decide who may use the image; if not, none need to be looked up (P22).
    pub fn asks_for_credentials(&self, image: &ImageRef) -> bool {
        matches!(self.images.get(&image.to_string()), Some(Access::Secrets(_)))
    }

    /// Whether a Pod with these credentials may use the image as it lies there (P48). A match updates the record: an
    /// equal credential adds its Secret, the same Secret with another credential replaces it.
    pub fn entitles(&mut self, image: &ImageRef, offers: &[Offer]) -> bool {
        let Some(access) = self.images.get_mut(&image.to_string()) else { return false };
        let Access::Secrets(records) = access else { return true };
        for offer in offers {
            if let Some(record) = records.iter_mut().find(|record| record.source == offer.source) {
                record.login = offer.login.clone();
                return true;
            }
            if records.iter().any(|record| record.login == offer.login) {
                if matches!(offer.source, Source::Secret { .. }) {
                    remember(records, offer);
                }
                return true;
            }
        }
        false
    }

    /// Puts a pulled image into the store, with the credential it was pulled with (P46).
    pub fn store(&mut self, image: &ImageRef, offer: Option<&Offer>) {
        let access = self.images.entry(image.to_string()).or_insert(Access::Secrets(Vec::new()));
        let secret = offer.filter(|offer| matches!(offer.source, Source::Secret { .. }));
        match (secret, access) {
            (None, access) => *access = Access::EveryPod,
            (Some(offer), Access::Secrets(records)) => remember(records, offer),
            (Some(offer), access @ Access::Preloaded) => {
                let mut records = Vec::new();
                remember(&mut records, offer);
                *access = Access::Secrets(records);
            }
            // "Any Pod" stays once it is written.
            (Some(_), Access::EveryPod) => {}
        }
    }
}

/// At most a hundred Secrets are remembered for an image (P48).
fn remember(records: &mut Vec<SecretRecord>, offer: &Offer) {
    let record = SecretRecord { source: offer.source.clone(), login: offer.login.clone() };
    let known = records.iter().position(|known| known.source == record.source);
    match known {
        Some(index) => records[index] = record,
        None if records.len() < 100 => records.push(record),
        None => {}
    }
}

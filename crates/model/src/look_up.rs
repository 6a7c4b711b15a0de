//! Looking up the credentials for an image: the Pod's Secrets, then the node's providers (P28), with the reasons.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cause::Cause;
use crate::cloud;
use crate::cluster::Cluster;
use crate::credential::Source;
use crate::docker_config::{self, Parsed};
use crate::image::ImageRef;
use crate::keyring::{Keyring, Offer};
use crate::object::{Kind, Object};
use crate::pod::PodRun;
use crate::provider::Provided;
use crate::pull::Refusal;
use crate::time::SimTime;

use crate::trace::{
    AttemptTrace, EntryStep, ProviderOutcome, ProviderStep, SecretFound, SecretStep,
};

/// Secrets that were read, until they change: by uid, with the resource version they were read at.
pub(crate) type ParsedSecrets = BTreeMap<String, (String, Arc<Read>)>;

/// A Secret as the kubelet reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    secret_type: String,
    parsed: Parsed,
}

/// What one look-up came to.
#[derive(Debug, Clone)]
pub(crate) struct LookUp {
    /// The credentials in the order in which they are tried, or the error that ends the attempt (P22, P29).
    pub(crate) offers: Result<Vec<Offer>, String>,
    secrets: Vec<SecretStep>,
    keyring: Keyring,
    providers: Vec<ProviderStep>,
}

/// A look-up that need not be done again while nothing that it read has changed.
#[derive(Debug, Clone)]
pub(crate) struct CachedLookUp {
    image: Arc<ImageRef>,
    generation: u64,
    until: SimTime,
    look_up: Arc<LookUp>,
}

impl LookUp {
    /// The first broken rung, when the pull was refused for that reason.
    pub(crate) fn cause(&self, refusal: Refusal) -> Cause {
        let tried = self.offers.as_ref().is_ok_and(|offers| !offers.is_empty());
        if tried || refusal != Refusal::NoCredentials {
            return Cause::Refused(refusal);
        }
        let any =
            |test: fn(&SecretFound) -> bool| self.secrets.iter().any(|step| test(&step.found));
        let provider_failed = self
            .providers
            .iter()
            .any(|step| matches!(step.outcome, ProviderOutcome::Failed { .. }));
        if self.secrets.is_empty() {
            return if provider_failed { Cause::ProviderFailed } else { Cause::NoSecretsNamed };
        }
        if any(|found| matches!(found, SecretFound::Missing)) {
            Cause::SecretMissing
        } else if any(|found| matches!(found, SecretFound::Ignored { .. })) {
            Cause::SecretIgnored
        } else {
            Cause::NoEntryMatches
        }
    }

    /// Puts the reasons into a trace.
    pub(crate) fn explain(&self, image: &ImageRef, trace: &mut AttemptTrace) {
        trace.secrets.clone_from(&self.secrets);
        trace.providers.clone_from(&self.providers);
        trace.entries = self
            .keyring
            .explain(&image.lookup_name())
            .into_iter()
            .map(|entry| EntryStep {
                source: entry.source.clone(),
                key: entry.key.to_owned(),
                matched: entry.matched,
                why: entry.why.to_string(),
            })
            .collect();
    }
}

impl Cluster {
    /// Looks up the credentials of a Pod for an image. Providers are asked where their cache has nothing (P52).
    ///
    /// The answer is kept: it is the same until a Secret or a role changes, or a provider's cached answer runs out.
    pub(crate) fn look_up(&mut self, run: &mut PodRun, image: &Arc<ImageRef>) -> Arc<LookUp> {
        if let Some(cached) = &run.look_up
            && cached.generation == self.generation
            && self.now < cached.until
            && cached.image == *image
        {
            return Arc::clone(&cached.look_up);
        }
        let look_up = Arc::new(self.look_up_anew(run, image));
        let node = run.node.as_ref().and_then(|name| self.nodes.get(name));
        let until = node.map(|node| node.providers_change_at(&image.lookup_name(), self.now));
        run.look_up = Some(CachedLookUp {
            image: Arc::clone(image),
            generation: self.generation,
            until: until.unwrap_or(SimTime::from_millis(i64::MAX)),
            look_up: Arc::clone(&look_up),
        });
        look_up
    }

    fn look_up_anew(&mut self, run: &PodRun, image: &ImageRef) -> LookUp {
        let name = image.lookup_name();
        let mut secrets = Vec::new();
        let mut keyring = Keyring::new();
        let mut error = None;
        for secret in run.pull_secrets.iter() {
            let found = match self.read_secret(&run.key.namespace, secret) {
                None => SecretFound::Missing,
                Some((uid, read)) => match &read.parsed {
                    Parsed::Ignored { why } => SecretFound::Ignored {
                        secret_type: read.secret_type.clone(),
                        why: why.to_string(),
                    },
                    Parsed::Undecodable(why) => {
                        error.get_or_insert_with(|| why.clone());
                        SecretFound::Undecodable { why: why.clone() }
                    }
                    Parsed::Entries(list) => {
                        let source = Source::Secret {
                            namespace: run.key.namespace.to_string(),
                            name: secret.to_string(),
                            uid,
                        };
                        keyring.add(&source, list.iter().cloned());
                        SecretFound::Read {
                            secret_type: read.secret_type.clone(),
                            entries: list.len() as u32,
                        }
                    }
                },
            };
            secrets.push(SecretStep { name: Arc::clone(secret), found });
        }
        let mut offers: Vec<Offer> = keyring.lookup(&name).into_iter().cloned().collect();
        let mut providers = Vec::new();
        if error.is_none() {
            offers.extend(self.ask_providers(run, &name, &mut providers));
        }
        LookUp { offers: error.map_or(Ok(offers), Err), secrets, keyring, providers }
    }

    fn read_secret(&mut self, namespace: &str, name: &str) -> Option<(String, Arc<Read>)> {
        let object = self.store.find(Kind::Secret, namespace, name)?;
        let Object::Secret(secret) = object.as_ref() else { return None };
        let uid = object.uid().to_owned();
        let version = secret.metadata.resource_version.clone().unwrap_or_default();
        if let Some((read_at, read)) = self.secrets.get(&uid)
            && *read_at == version
        {
            return Some((uid, Arc::clone(read)));
        }
        let secret_type = secret.type_.clone().unwrap_or_default();
        let bytes = secret.data.iter().flatten();
        let data = bytes.map(|(key, value)| (key.clone(), value.0.clone())).collect();
        let parsed = docker_config::parse(&secret_type, &data);
        let read = Arc::new(Read { secret_type, parsed });
        self.secrets.insert(uid.clone(), (version, Arc::clone(&read)));
        Some((uid, read))
    }

    /// P50 to P53. The node's role decides what the plugin gets.
    fn ask_providers(
        &mut self,
        run: &PodRun,
        name: &str,
        steps: &mut Vec<ProviderStep>,
    ) -> Vec<Offer> {
        let Some(node_name) = run.node.clone() else { return Vec::new() };
        let Some(node) = self.nodes.get(&node_name).map(Arc::clone) else { return Vec::new() };
        let mut cache = node.providers.clone();
        let mut keyring = Keyring::new();
        for spec in &node.spec.providers {
            let role = node.spec.role.as_deref();
            let provided = cache.provide(spec, name, self.now, |lookup_name| {
                cloud::provide_ecr(&mut self.mint, &self.roles, role, lookup_name, self.now)
            });
            keyring.add(&Source::Provider { name: spec.name.clone() }, provided.entries());
            let outcome = match provided {
                Provided::NotAsked => ProviderOutcome::NotAsked,
                Provided::Cached(_) => ProviderOutcome::Provided { cached: true },
                Provided::Answered(_) => ProviderOutcome::Provided { cached: false },
                Provided::Failed(why) => ProviderOutcome::Failed { why },
            };
            steps.push(ProviderStep { name: spec.name.clone(), outcome });
        }
        if cache != node.providers {
            let node = self.nodes.get_mut(&node_name).expect("it was just there");
            Arc::make_mut(node).providers = cache;
        }
        keyring.lookup(name).into_iter().cloned().collect()
    }
}

//! Looking up the credentials for an image: the Pod's Secrets, then the node's providers (P28), with the reasons.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cause::Cause;
use crate::cloud;
use crate::cluster::Cluster;
use crate::credential::{Login, SecretText, Source};
use crate::docker_config::{self, Parsed};
use crate::keyring::{Keyring, Offer};
use crate::node::ReadConfig;
use crate::object::{Kind, Object};
use crate::ordered;
use crate::pod::{PodRun, Reference};
use crate::provider::{Answer, Provided, asks};
use crate::pull::Refusal;
use crate::time::{SimTime, Span};
use crate::trace::{
    AttemptTrace, EntryStep, NodeConfigStep, ProviderOutcome, ProviderStep, SecretFound, SecretStep,
};
use crate::world::{NodeSpec, Plugin, PluginAnswer, PluginPassword, ProviderSpec, TokenCacheType};

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
    /// Whether the next look-up may come to something else though nothing was changed: a plugin's answer was not kept.
    pub(crate) volatile: bool,
    secrets: Vec<SecretStep>,
    keyring: Keyring,
    config: Arc<ReadConfig>,
    providers: Vec<ProviderStep>,
    provided: Keyring,
}

/// A look-up that need not be done again while nothing that it read has changed.
#[derive(Debug, Clone)]
pub(crate) struct CachedLookUp {
    generation: u64,
    /// The first moment at which something that it read runs out.
    pub(crate) until: SimTime,
    pub(crate) look_up: Arc<LookUp>,
}

/// A Pod's ServiceAccount as a plugin gets it (P54).
struct Account {
    uid: String,
    annotations: BTreeMap<String, String>,
    token: String,
    // What tells its cached answers from those of others.
    cache_key: String,
}

/// How long a token is used before the kubelet asks for a new one: 80 % of an hour (pkg/kubelet/token).
const TOKEN_USE: Span = Span::minutes(48);

impl CachedLookUp {
    /// Whether it counts at a moment, when so many changes of what look-ups read were made.
    pub(crate) fn counts(&self, generation: u64, now: SimTime) -> bool {
        self.generation == generation && now < self.until
    }
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
    pub(crate) fn explain(&self, image: &Reference, trace: &mut AttemptTrace) {
        trace.secrets.clone_from(&self.secrets);
        trace.providers.clone_from(&self.providers);
        trace.node_config =
            NodeConfigStep { path: self.config.path, skipped: self.config.skipped.clone() };
        trace.entries = [&self.keyring, &self.config.keyring, &self.provided]
            .into_iter()
            .flat_map(|keyring| keyring.explain(&image.lookup_name))
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
    /// The answer is kept: it is the same until a Secret, an account or a role changes, or something cached runs out.
    pub(crate) fn look_up(
        &mut self,
        run: &mut PodRun,
        index: usize,
        image: &Reference,
    ) -> Arc<LookUp> {
        if let Some(cached) = &run.containers[index].look_up
            && cached.counts(self.generation, self.now)
        {
            return Arc::clone(&cached.look_up);
        }
        debug_assert!(self.ahead.is_none(), "{} looks up while it runs ahead", run.key);
        let look_up = Arc::new(self.look_up_anew(run, image));
        let until = if look_up.volatile { self.now } else { self.look_up_until(run, image) };
        run.containers[index].look_up = Some(CachedLookUp {
            generation: self.generation,
            until,
            look_up: Arc::clone(&look_up),
        });
        look_up
    }

    /// When something that a look-up read runs out.
    fn look_up_until(&self, run: &PodRun, image: &Reference) -> SimTime {
        let node = run.node.as_ref().and_then(|name| self.nodes.get(name));
        let Some(node) = node else { return SimTime::from_millis(i64::MAX) };
        let mut until = node.look_up_changes_at(&image.lookup_name, "", self.now);
        for spec in &node.spec.providers {
            if let Ok(Some(account)) =
                self.account_for(run, spec, node.features.service_account_tokens)
            {
                let own = node.look_up_changes_at(&image.lookup_name, &account.cache_key, self.now);
                until = until.min(own);
                if spec
                    .token_attributes
                    .as_ref()
                    .is_some_and(|attributes| attributes.cache_type == TokenCacheType::Token)
                {
                    until = until.min(self.token_until(run));
                }
            }
        }
        until
    }

    fn look_up_anew(&mut self, run: &PodRun, image: &Reference) -> LookUp {
        let name = &image.lookup_name;
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
        let mut look_up = LookUp {
            offers: Ok(Vec::new()),
            volatile: false,
            secrets,
            keyring,
            config: Arc::default(),
            providers: Vec::new(),
            provided: Keyring::new(),
        };
        if let Some(error) = error {
            look_up.offers = Err(error);
            return look_up;
        }
        if let Some(node) = run.node.as_ref().and_then(|name| self.nodes.get_mut(name)) {
            look_up.config = Arc::make_mut(node).docker_config(self.now);
        }
        self.ask_providers(run, name, &mut look_up);
        // P28: three keyrings, one after the other.
        let keyrings = [&look_up.keyring, &look_up.config.keyring, &look_up.provided];
        let offers = keyrings.into_iter().flat_map(|keyring| keyring.lookup(name));
        look_up.offers = Ok(offers.cloned().collect());
        look_up
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
        let data = ordered::map(bytes.map(|(key, value)| (key.clone(), value.0.clone())));
        let parsed = docker_config::parse(&secret_type, &data);
        let read = Arc::new(Read { secret_type, parsed });
        self.secrets.insert(uid.clone(), (version, Arc::clone(&read)));
        Some((uid, read))
    }

    /// P50 to P54. Every plugin that matches is asked, in configuration order.
    fn ask_providers(&mut self, run: &PodRun, name: &str, look_up: &mut LookUp) {
        let Some(node_name) = run.node.clone() else { return };
        let Some(node) = self.nodes.get(&node_name).map(Arc::clone) else { return };
        let mut cache = node.providers.clone();
        for spec in &node.spec.providers {
            if !asks(spec, name) {
                let (name, outcome) = (spec.name.clone(), ProviderOutcome::NotAsked);
                look_up.providers.push(ProviderStep { name, outcome });
                continue;
            }
            let account = match self.account_for(run, spec, node.features.service_account_tokens) {
                Ok(account) => account,
                Err(outcome) => {
                    look_up.providers.push(ProviderStep { name: spec.name.clone(), outcome });
                    continue;
                }
            };
            let key =
                account.as_ref().map(|account| account.cache_key.as_str()).unwrap_or_default();
            let script = match &spec.plugin {
                Plugin::Ecr | Plugin::Gcp | Plugin::Acr => None,
                Plugin::Script(answers) => {
                    let count = answers.len() as u32;
                    Some((answers, count, cache.answer_due(&spec.name, count)))
                }
            };
            let mut asked = false;
            let provided = cache.provide_for(spec, name, key, self.now, |lookup_name| {
                asked = true;
                match script {
                    None => self.run_plugin(spec, &node.spec, run, account.as_ref(), lookup_name),
                    Some((answers, _, due)) => {
                        scripted(&answers[due as usize], spec, account.as_ref())
                    }
                }
            });
            if asked && let Some((_, count, due)) = script {
                cache.next_answer(&spec.name, count);
                // The next run would give another answer, and comes with the next look-up if this one is not kept.
                look_up.volatile |= due + 1 < count
                    && cache.counts_until(&spec.name, name, key, self.now).is_none();
            }
            let source = match &account {
                Some(account) => Source::ServiceAccount {
                    provider: spec.name.clone(),
                    namespace: run.key.namespace.to_string(),
                    name: run.service_account.to_string(),
                    uid: account.uid.clone(),
                },
                None => Source::Provider { name: spec.name.clone() },
            };
            look_up.provided.add(&source, provided.entries());
            let with = account.as_ref().map(|_| Arc::clone(&run.service_account));
            let outcome = match provided {
                Provided::NotAsked => ProviderOutcome::NotAsked,
                Provided::Cached(_) => {
                    let until = cache.counts_until(&spec.name, name, key, self.now);
                    ProviderOutcome::Provided { cached: true, until, account: with }
                }
                Provided::Answered(_) => {
                    let until = cache.counts_until(&spec.name, name, key, self.now);
                    // A token that ECR's plugin fetched and the kubelet did not keep is fetched anew each time.
                    look_up.volatile |= until.is_none() && script.is_none();
                    ProviderOutcome::Provided { cached: false, until, account: with }
                }
                Provided::Failed(why) => ProviderOutcome::Failed { why },
            };
            look_up.providers.push(ProviderStep { name: spec.name.clone(), outcome });
        }
        if cache != node.providers {
            let node = self.nodes.get_mut(&node_name).expect("it was just there");
            Arc::make_mut(node).providers = cache;
        }
    }

    /// A plugin whose answers are modelled.
    fn run_plugin(
        &mut self,
        spec: &ProviderSpec,
        node: &NodeSpec,
        run: &PodRun,
        account: Option<&Account>,
        lookup_name: &str,
    ) -> Answer {
        let (mint, now) = (&mut self.mint, self.now);
        let identity = node.identity.as_deref();
        match spec.plugin {
            Plugin::Gcp => cloud::provide_gcp(mint, identity, lookup_name, now),
            Plugin::Acr => cloud::provide_acr(mint, identity, lookup_name, now),
            Plugin::Ecr | Plugin::Script(_) => {
                // E33: with a ServiceAccount's token, the role that its annotation names.
                let annotation = account
                    .and_then(|account| account.annotations.get(cloud::ECR_ROLE_ANNOTATION))
                    .map(String::as_str);
                let named = annotation.map(cloud::role_name).unwrap_or_default();
                let trusts = self.roles.trusts(named, &run.key.namespace, &run.service_account);
                match cloud::plugin_role(node.role.as_deref(), annotation, trusts) {
                    Ok(role) => cloud::provide_ecr(mint, &self.roles, role, lookup_name, now),
                    Err(why) => Answer::Failed(why),
                }
            }
        }
    }

    /// What a plugin gets of the Pod's ServiceAccount: nothing if it wants no token, or the outcome if it is not run.
    fn account_for(
        &self,
        run: &PodRun,
        spec: &ProviderSpec,
        tokens: bool,
    ) -> Result<Option<Account>, ProviderOutcome> {
        let Some(wants) = spec.token_attributes.as_ref().filter(|_| tokens) else {
            return Ok(None);
        };
        let (namespace, name) = (&*run.key.namespace, &*run.service_account);
        if name.is_empty() {
            return if wants.require_service_account {
                Err(ProviderOutcome::Skipped { why: "the Pod has no ServiceAccount".into() })
            } else {
                Ok(None)
            };
        }
        let object = self.store.find(Kind::ServiceAccount, namespace, name);
        let Some(object) = object else {
            let why = format!("failed to get service account: serviceaccount \"{name}\" not found");
            return Err(ProviderOutcome::Failed { why });
        };
        let written = object.metadata().annotations.clone().unwrap_or_default();
        if let Some(missing) =
            wants.required_annotations.iter().find(|key| !written.contains_key(*key))
        {
            let why = format!("ServiceAccount `{name}` lacks the annotation `{missing}`");
            return Err(ProviderOutcome::Skipped { why });
        }
        let wanted = |key: &String| {
            wants.required_annotations.contains(key) || wants.optional_annotations.contains(key)
        };
        let annotations: BTreeMap<String, String> =
            ordered::map(written.into_iter().filter(|(key, _)| wanted(key)));
        let uid = object.uid().to_owned();
        // A token is bound to the Pod, and another one is asked for in time.
        let turn = self.now.since(run.created).as_millis() / TOKEN_USE.as_millis();
        let token = format!("{namespace}:{name}:{}:{}:{turn}", wants.audience, run.uid);
        let of_token = match wants.cache_type {
            TokenCacheType::ServiceAccount => String::new(),
            TokenCacheType::Token => format!("\n{token}"),
        };
        let cache_key = format!("{namespace}/{name}/{uid}{annotations:?}{of_token}");
        Ok(Some(Account { uid, annotations, token, cache_key }))
    }

    /// When the kubelet asks for another token for a Pod.
    fn token_until(&self, run: &PodRun) -> SimTime {
        let turn = self.now.since(run.created).as_millis() / TOKEN_USE.as_millis();
        run.created + Span::millis((turn + 1) * TOKEN_USE.as_millis())
    }
}

/// What a script has its plugin say.
fn scripted(answer: &PluginAnswer, spec: &ProviderSpec, account: Option<&Account>) -> Answer {
    let (auth, cache_key, cache) = match answer {
        PluginAnswer::Fails(why) => return Answer::Failed(why.clone()),
        PluginAnswer::Gives { auth, cache_key, cache } => (auth, *cache_key, *cache),
    };
    let token = account.map(|account| account.token.as_str()).unwrap_or_default();
    let mut logins = Vec::new();
    for login in auth {
        let password = match &login.password {
            PluginPassword::Text(text) => text.clone(),
            PluginPassword::ServiceAccountToken => SecretText::new(token),
            PluginPassword::Annotation(key) => {
                let value = account.and_then(|account| account.annotations.get(key));
                SecretText::new(value.map(String::as_str).unwrap_or_default())
            }
        };
        // P54: an echoed token is refused, unless answers are kept for each token.
        let kept_by_token = spec
            .token_attributes
            .as_ref()
            .is_some_and(|attributes| attributes.cache_type == TokenCacheType::Token);
        if !token.is_empty() && password.reveal() == token && !kept_by_token {
            return Answer::Failed(crate::message::kubelet::ECHOED_TOKEN.into());
        }
        let login_of = Login { username: login.username.clone(), password, email: String::new() };
        logins.push((login.key.clone(), login_of));
    }
    Answer::Given { auth: logins, cache_key, cache_duration: cache }
}

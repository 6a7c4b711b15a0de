//! Registry tokens: every one that a registry has ever given out, known by its string.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::credential::SecretText;
use crate::random::Stream;
use crate::time::{SimTime, Span};
use crate::world::{RegistryKind, TokenSpec, World};

/// The user name of every ECR token (E3).
pub const USER: &str = "AWS";

/// How long an ECR token lives; fixed, and not extendable (E4: AWS API reference, AuthorizationData).
pub const LIFETIME: Span = Span::hours(12);

/// The first bytes of every data key seen in public; in base64 they read `AQEBAHij`.
const DATA_KEY_START: [u8; 6] = [0x01, 0x01, 0x01, 0x00, 0x78, 0xa3];

/// A data key's length, which makes 248 characters of base64.
const DATA_KEY_BYTES: usize = 184;

/// A password for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What files and people call it: `ecr-old`, `fresh-1`.
    pub name: String,
    /// The host it was asked for.
    pub registry: String,
    /// The region that issued it, the only one it is good in (E6); empty where the host has none.
    pub region: String,
    /// The user name it must be sent with; `None` where any will do.
    pub user: Option<String>,
    /// The IAM role whose rights it carries (E5); empty where no rights are asked for.
    pub role: String,
    /// The identity of Google Cloud or Azure whose rights it carries; empty for none.
    pub identity: String,
    /// The repositories that may be pulled with it, as patterns; `None` for all.
    pub pulls: Option<Vec<String>>,
    /// When it was issued.
    pub issued: SimTime,
    /// The first moment at which it is refused.
    pub expires: SimTime,
    /// When it is revoked.
    pub revoked: Option<SimTime>,
    /// The password itself.
    pub text: SecretText,
}

/// What time has made of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is not issued yet: nobody knows it.
    Unborn,
    /// It is good.
    Live,
    /// It was taken back: nobody knows it any more.
    Revoked,
    /// It is past its lifetime.
    Expired,
}

impl Token {
    /// What it is at `now`, before anything is said about rights.
    pub fn life(&self, now: SimTime) -> Life {
        if now < self.issued {
            Life::Unborn
        } else if self.revoked.is_some_and(|revoked| revoked <= now) {
            Life::Revoked
        } else if self.expires <= now {
            Life::Expired
        } else {
            Life::Live
        }
    }

    /// Whether a registry of its region takes it at `now`.
    pub fn is_live(&self, now: SimTime) -> bool {
        self.life(now) == Life::Live
    }
}

/// The end of tokens that have none.
const NEVER: SimTime = SimTime::from_millis(i64::MAX);

/// All tokens there are. Cloning shares them until one side mints another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mint {
    seed: u64,
    epoch_seconds: i64,
    fresh: u32,
    node: u32,
    written: u32,
    by_name: Arc<BTreeMap<String, Arc<Token>>>,
    // Tokens that a world gives a text to may share it: they are for different hosts.
    by_text: Arc<BTreeMap<SecretText, Vec<Arc<Token>>>>,
}

impl Mint {
    /// The tokens that a world begins with.
    pub fn new(world: &World) -> Self {
        let mut mint = Self {
            seed: world.seed,
            epoch_seconds: world.epoch_seconds,
            fresh: 0,
            node: 0,
            written: 0,
            by_name: Arc::default(),
            by_text: Arc::default(),
        };
        for (name, spec) in &world.tokens {
            let kind = world.registries.get(&spec.registry).map(|registry| registry.kind);
            let kind = kind.or_else(|| RegistryKind::of_host(&spec.registry));
            mint.issue(name.clone(), kind.unwrap_or_default(), spec);
        }
        mint
    }

    /// A new token for a person or a controller that asked for one: `fresh-1`, `fresh-2`, ….
    pub fn mint(&mut self, registry: &str, role: &str, now: SimTime) -> Arc<Token> {
        let name = free_name(&self.by_name, "fresh", &mut self.fresh);
        self.issue_for_role(name, registry, role, now)
    }

    /// A new token for a node's credential provider: `node-1`, `node-2`, …. These count apart from [`Self::mint`]'s,
    /// so that the name of the token somebody asks for does not depend on what nodes did before.
    pub fn mint_for_node(&mut self, registry: &str, role: &str, now: SimTime) -> Arc<Token> {
        let name = free_name(&self.by_name, "node", &mut self.node);
        self.issue_for_role(name, registry, role, now)
    }

    /// A new token for a job that writes it down somewhere: `written-1`, `written-2`, …, which count for themselves too.
    pub fn mint_for_writer(&mut self, registry: &str, role: &str, now: SimTime) -> Arc<Token> {
        let name = free_name(&self.by_name, "written", &mut self.written);
        self.issue_for_role(name, registry, role, now)
    }

    /// A token of a node's identity on another cloud, with the user name that its plugin gives: the newest that there is,
    /// if it lives for so long still, or a new one.
    pub fn mint_for_identity(
        &mut self,
        (registry, kind): (&str, RegistryKind),
        (identity, user): (&str, &str),
        now: SimTime,
        at_least: Span,
    ) -> Arc<Token> {
        let fits = |token: &&Arc<Token>| {
            token.identity == identity
                && token.user.as_deref() == Some(user)
                && now + at_least < token.expires
                && token.issued <= now
        };
        if let Some(token) = self.tokens().filter(fits).max_by_key(|token| token.issued) {
            return Arc::clone(token);
        }
        let name = free_name(&self.by_name, "node", &mut self.node);
        let spec = TokenSpec {
            registry: registry.to_owned(),
            issued: now,
            identity: identity.to_owned(),
            user: Some(user.to_owned()),
            ..TokenSpec::default()
        };
        self.issue(name, kind, &spec)
    }

    /// The id of a request to AWS that asked for a token, as error messages name it.
    pub fn request_id(&self, registry: &str, now: SimTime) -> String {
        Stream::new(self.seed, registry, &format!("request at {now}")).uid()
    }

    /// The token of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Token>> {
        self.by_name.get(name)
    }

    /// The token that is this very string, as a registry looks it up.
    pub fn find(&self, text: &str) -> Option<&Arc<Token>> {
        self.find_all(text).first()
    }

    /// All tokens that are this very string.
    pub fn find_all(&self, text: &str) -> &[Arc<Token>] {
        self.by_text.get(text).map_or(&[], Vec::as_slice)
    }

    /// Takes every token back that a person can have written into a file; those of nodes are asked for anew anyway.
    pub fn revoke_written(&mut self, now: SimTime) {
        let is_nodes = |name: &str| {
            let number = name.strip_prefix("node-");
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let revoke = |token: &mut Arc<Token>| {
            if !is_nodes(&token.name) && token.revoked.is_none_or(|revoked| now < revoked) {
                Arc::make_mut(token).revoked = Some(now);
            }
        };
        Arc::make_mut(&mut self.by_name).values_mut().for_each(revoke);
        Arc::make_mut(&mut self.by_text).values_mut().flatten().for_each(revoke);
    }

    /// All tokens, by name.
    pub fn tokens(&self) -> impl Iterator<Item = &Arc<Token>> {
        self.by_name.values()
    }

    fn issue_for_role(
        &mut self,
        name: String,
        registry: &str,
        role: &str,
        issued: SimTime,
    ) -> Arc<Token> {
        let (registry, role) = (registry.to_owned(), role.to_owned());
        let spec = TokenSpec { registry, issued, role, ..TokenSpec::default() };
        self.issue(name, RegistryKind::Ecr, &spec)
    }

    fn issue(&mut self, name: String, kind: RegistryKind, spec: &TokenSpec) -> Arc<Token> {
        let lifetime = kind.token_lifetime().map(|lifetime| spec.issued + lifetime);
        let expires = spec.expires.or(lifetime).unwrap_or(NEVER);
        let text = spec.text.clone().unwrap_or_else(|| {
            let seconds = expires.as_millis().div_euclid(1000).saturating_add(self.epoch_seconds);
            SecretText::new(match kind {
                RegistryKind::Ecr | RegistryKind::EcrPublic => password(self.seed, &name, seconds),
                kind => opaque(self.seed, &name, kind),
            })
        });
        let token = Arc::new(Token {
            text,
            registry: spec.registry.clone(),
            region: region(&spec.registry).to_owned(),
            user: spec.user.clone().or_else(|| kind.token_user().map(str::to_owned)),
            role: spec.role.clone(),
            identity: spec.identity.clone(),
            pulls: spec.pulls.clone(),
            name,
            issued: spec.issued,
            expires,
            revoked: spec.revoked,
        });
        Arc::make_mut(&mut self.by_name).insert(token.name.clone(), Arc::clone(&token));
        let same = Arc::make_mut(&mut self.by_text).entry(token.text.clone()).or_default();
        same.push(Arc::clone(&token));
        token
    }
}

/// The region that a token for a host is good in; empty where hosts have none.
fn region(host: &str) -> &str {
    crate::cloud::client_region(host).unwrap_or_default()
}

/// The next name of a series that no scenario has taken for a token of its own.
fn free_name(taken: &BTreeMap<String, Arc<Token>>, series: &str, count: &mut u32) -> String {
    loop {
        *count += 1;
        let name = format!("{series}-{count}");
        if !taken.contains_key(&name) {
            return name;
        }
    }
}

/// A token of the shape that other registries give out: a prefix that says what it is, where theirs has one, and letters
/// that mean nothing.
fn opaque(seed: u64, name: &str, kind: RegistryKind) -> String {
    let prefix = match kind {
        RegistryKind::Ghcr => "ghp_",
        RegistryKind::DockerHub => "dckr_pat_",
        RegistryKind::ArtifactRegistry => "ya29.",
        RegistryKind::GitLab => "gldt-",
        RegistryKind::Open
        | RegistryKind::Basic
        | RegistryKind::Token
        | RegistryKind::Ecr
        | RegistryKind::EcrPublic
        | RegistryKind::Acr
        | RegistryKind::Quay
        | RegistryKind::Harbor => "",
    };
    format!("{prefix}{}", Stream::new(seed, name, "token").name_suffix(36))
}

/// A password of the shape that ECR gives out: base64 of a small JSON document whose parts are opaque, except that
/// it says in clear when it expires (seen in public write-ups of decoded ECR passwords).
fn password(seed: u64, name: &str, expiration: i64) -> String {
    let mut stream = Stream::new(seed, name, "token");
    // Lengths differ from token to token; the whole comes to some 1.9 to 2.4 kB, as the real ones do.
    let mut payload = vec![0; 3 * stream.between(284, 360) as usize];
    stream.fill(&mut payload);
    let mut data_key = [0; DATA_KEY_BYTES];
    stream.fill(&mut data_key);
    data_key[..DATA_KEY_START.len()].copy_from_slice(&DATA_KEY_START);
    STANDARD.encode(format!(
        r#"{{"payload":"{}","datakey":"{}","version":"2","type":"DATA_KEY","expiration":{expiration}}}"#,
        STANDARD.encode(payload),
        STANDARD.encode(data_key),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
    const EPOCH: i64 = 1_772_442_000;

    fn world(names: &[&str]) -> World {
        let spec = TokenSpec {
            registry: HOST.to_owned(),
            issued: SimTime::START - Span::hours(13),
            role: "ci".to_owned(),
            ..TokenSpec::default()
        };
        World {
            epoch_seconds: EPOCH,
            seed: 7,
            from: SimTime::START,
            registries: BTreeMap::new(),
            tokens: names.iter().map(|name| ((*name).to_owned(), spec.clone())).collect(),
            ..World::default()
        }
    }

    #[test]
    fn a_password_decodes_to_json_that_says_when_it_expires() {
        let mut mint = Mint::new(&world(&[]));
        let token = mint.mint(HOST, "ci", SimTime::START + Span::millis(500));
        let json = STANDARD.decode(token.text.reveal()).expect("base64");
        let value: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(value["version"], "2");
        assert_eq!(value["type"], "DATA_KEY");
        assert_eq!(value["expiration"], EPOCH + 12 * 3600);
        let data_key = value["datakey"].as_str().expect("text");
        assert!(data_key.starts_with("AQEBAHij"), "{data_key}");
        STANDARD.decode(data_key).expect("base64");
        let payload = value["payload"].as_str().expect("text");
        assert!(payload.len() > 600 && STANDARD.decode(payload).is_ok());
    }

    #[test]
    fn passwords_have_the_length_of_real_ones_and_differ() {
        let mut mint = Mint::new(&world(&[]));
        let texts: BTreeSet<String> = (0..50)
            .map(|_| mint.mint(HOST, "ci", SimTime::START).text.reveal().to_owned())
            .collect();
        assert_eq!(texts.len(), 50);
        for text in texts {
            assert!((1900..=2400).contains(&text.len()), "{} characters", text.len());
        }
    }

    #[test]
    fn tokens_are_found_by_name_and_by_string_only() {
        let mut mint = Mint::new(&world(&["ecr-old"]));
        let before = mint.clone();
        let fresh = mint.mint(HOST, "nodes", SimTime::START);
        assert_eq!(mint.get("ecr-old").map(|token| token.expires), {
            Some(SimTime::START - Span::hours(1))
        });
        let text = fresh.text.reveal();
        assert_eq!(mint.find(text), Some(&fresh));
        assert_eq!(mint.find(&text[..text.len() - 1]), None);
        assert_eq!(mint.find(&format!("{text}\n")), None);
        assert_eq!(before.find(text), None);
        assert_eq!((fresh.region.as_str(), fresh.role.as_str()), ("us-east-1", "nodes"));
    }

    #[test]
    fn what_was_written_down_can_be_taken_back() {
        let mut mint = Mint::new(&world(&["ecr-old"]));
        let node = mint.mint_for_node(HOST, "ci", SimTime::START);
        let fresh = mint.mint(HOST, "ci", SimTime::START);
        let before = mint.clone();
        let now = SimTime::START + Span::hours(1);
        mint.revoke_written(now);
        let life = |mint: &Mint, text: &SecretText| {
            mint.find(text.reveal()).expect("it is known").life(now)
        };
        assert_eq!(life(&mint, &fresh.text), Life::Revoked);
        assert_eq!(mint.get("ecr-old").expect("it is known").life(now), Life::Revoked);
        assert_eq!(life(&mint, &node.text), Life::Live);
        assert_eq!(life(&before, &fresh.text), Life::Live);
    }

    #[test]
    fn names_count_up_and_avoid_those_of_the_scenario() {
        let mut mint = Mint::new(&world(&["fresh-2"]));
        let mut name = || mint.mint(HOST, "ci", SimTime::START).name.clone();
        assert_eq!([name(), name()], ["fresh-1", "fresh-3"]);
        assert_eq!(mint.mint_for_node(HOST, "ci", SimTime::START).name, "node-1");
    }

    #[test]
    fn a_token_lives_from_its_issue_until_just_before_twelve_hours() {
        let token = Mint::new(&world(&[])).mint(HOST, "ci", SimTime::START);
        let live_at = |millis| token.is_live(SimTime::from_millis(millis));
        let twelve_hours = 12 * 3_600_000;
        assert_eq!(
            [live_at(-1), live_at(0), live_at(twelve_hours - 1), live_at(twelve_hours)],
            [false, true, true, false]
        );
    }
}

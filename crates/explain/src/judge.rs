//! One container's image: whose list of pull secrets counts, which credentials are tried in which order, and what comes of
//! it. Every decision is the model's own code; this module only asks it about real objects.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use pullpath_model::credential::Source;
use pullpath_model::docker_config::Parsed;
use pullpath_model::go::quote;
use pullpath_model::image::ImageRef;
use pullpath_model::keyring::{EntryTrace, Keyring, Offer};
use pullpath_model::pull_policy::{self, PullPolicy};

use crate::credential::{Assessment, assess, of_another_region};
use crate::host::{Anonymous, Family};
use crate::miss;
use crate::moment::Moment;
use crate::object::{Account, Container, Inventory, PodLike, SecretObject, State};
use crate::report::{Credential, Finding, Image, Policy, Reading, Severity, Until, Verdict};
use crate::secret::{self, Content};
use crate::source::{Sources, Spot, short, shown_key};
use crate::world::{Node, World};
use crate::{account, message};

/// What every answer is made from.
pub(crate) struct Judge<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) sources: &'a Sources<'a>,
    pub(crate) world: &'a World,
    pub(crate) now: Moment,
    pub(crate) found: RefCell<BTreeSet<FindingKey>>,
    pub(crate) findings: RefCell<Vec<Finding>>,
}

/// One mistake is told once, however many Pods it hits.
pub(crate) type FindingKey = (Spot, &'static str, String);

/// Whose pull secrets a Pod has.
pub(crate) enum Names<'a> {
    /// The list, and whose it is.
    Known { names: &'a [(Option<String>, Spot)], origin: String },
    /// It is not in the input.
    Unknown { origin: String, settle: String },
    /// The API server does not let the Pod in.
    Refused { why: String },
}

/// The verdict and what goes with it.
struct Answer {
    verdict: Verdict,
    reason: String,
    unless: Option<String>,
    until: Option<Until>,
    settle: Option<String>,
}

impl Answer {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: reason.into(), unless: None, until: None, settle: None }
    }

    fn settle(self, command: impl Into<String>) -> Self {
        Self { settle: Some(command.into()), ..self }
    }
}

/// What the Pod's Secrets come to for one image.
#[derive(Default)]
struct Tried<'a> {
    offers: Vec<(Offer, Assessment)>,
    /// Names whose content is not in the input.
    unknown: Vec<&'a str>,
    /// Names that are proved to be missing, or that give nothing.
    useless: u32,
    undecodable: Option<&'a str>,
    /// A near miss, or a useless Secret that is about this host.
    meant: bool,
    rows: Vec<Credential>,
}

impl<'a> Judge<'a> {
    pub(crate) fn tell(
        &self,
        code: &'static str,
        severity: Severity,
        spot: &Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let message = message.into();
        if self.found.borrow_mut().insert((spot.clone(), code, message.clone())) {
            let finding = self.sources.finding(code, severity, spot, message, hint);
            self.findings.borrow_mut().push(finding);
        }
    }

    pub(crate) fn error(
        &self,
        code: &'static str,
        spot: &Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.tell(code, Severity::Error, spot, message, hint);
    }

    pub(crate) fn warn(
        &self,
        code: &'static str,
        spot: &Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.tell(code, Severity::Warning, spot, message, hint);
    }

    pub(crate) fn secret(&self, namespace: &str, name: &str) -> Option<&'a SecretObject> {
        self.inventory.secrets.get(&(namespace.to_owned(), name.to_owned()))
    }

    pub(crate) fn account(&self, namespace: &str, name: &str) -> Option<&'a Account> {
        self.inventory.accounts.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// Whether every object of a kind in a namespace is in the input.
    pub(crate) fn is_complete(&self, kind: &str, namespace: &str) -> bool {
        self.inventory.complete.get(kind).is_some_and(|complete| complete.covers(namespace))
    }

    /// The answer for one container.
    pub(crate) fn image(&self, pod: &'a PodLike, container: &'a Container) -> Image {
        let written = container.image.as_ref().map_or("", |(image, _)| image.as_str());
        let spot = container.image.as_ref().map_or(&container.spot, |(_, spot)| spot);
        let seen = self.seen(pod, container);
        let parsed = written.parse::<ImageRef>();
        let family = parsed.as_ref().ok().map(|image| self.world.family(image.host()));
        let mut image = Image {
            subjects: vec![pod.subject()],
            container: container.name.clone(),
            container_kind: container.kind,
            image: short(written),
            normalized: parsed.as_ref().ok().map(ToString::to_string),
            registry: family.map(Family::name),
            policy: self.policy(container, written, spot),
            place: self.sources.place(spot),
            verdict: Verdict::Unknown,
            reason: String::new(),
            unless: None,
            until: None,
            list: String::new(),
            credentials: Vec::new(),
            node: String::new(),
            seen,
            settle: None,
        };
        let answer = match (&parsed, family) {
            (Ok(reference), Some(family)) => {
                image.node = self.node_words(reference, family);
                self.with_reference(pod, container, reference, family, &mut image)
            }
            (Ok(_), None) | (Err(_), _) => self.bad_image(container, written, spot),
        };
        let answer = self.against_what_was_seen(answer, container, &image);
        let Answer { verdict, reason, unless, until, settle } = answer;
        if pod.described {
            // `kubectl describe` does not show it.
            image.policy = None;
        }
        Image { verdict, reason, unless, until, settle, ..image }
    }

    /// P6, P16.
    fn bad_image(&self, container: &Container, written: &str, spot: &Spot) -> Answer {
        if written.is_empty() {
            let message = format!("{} `{}` has no image", container.kind, container.name);
            self.error(
                "image-missing",
                spot,
                message,
                "the API server refuses it: `image: Required value`",
            );
            return Answer::new(Verdict::WillNotPull, "there is no image name");
        }
        let why =
            written.parse::<ImageRef>().err().map(|error| error.to_string()).unwrap_or_default();
        if written.trim() != written {
            let message =
                format!("the image name {} has white space at an end", quote(&short(written)));
            self.error(
                "image-whitespace",
                spot,
                message,
                "take it away; the API server refuses a Pod with it",
            );
            return Answer::new(
                Verdict::WillNotPull,
                "the API server refuses white space at the ends of an image name",
            );
        }
        let bare = written.split_once("://").map_or(written, |(_, rest)| rest);
        let lower = bare.to_lowercase();
        let hint = if written.contains("{{") || written.contains("${") || written.contains("$(") {
            "this is a template: render it first (`helm template`, `envsubst`, `kustomize build`)"
                .to_owned()
        } else if lower != written && lower.parse::<ImageRef>().is_ok() {
            format!("write `{}`", short(&lower))
        } else {
            "an image name is HOST/PATH:TAG in lower case, without a scheme".to_owned()
        };
        let message = format!("{} is no image name: {why}", quote(&short(written)));
        self.error("invalid-image-name", spot, message, hint);
        Answer::new(
            Verdict::WillNotPull,
            format!("the node does not understand the image's name (InvalidImageName): {why}"),
        )
    }

    fn policy(&self, container: &Container, image: &str, spot: &Spot) -> Option<Policy> {
        let declared = container.policy.as_ref().map(|(policy, _)| policy.as_str());
        let place = container.policy.as_ref().map_or(spot, |(_, spot)| spot);
        match pull_policy::admit(declared, image, false) {
            Ok(policy) => {
                if policy == PullPolicy::Never {
                    let message = format!(
                        "with the policy `Never`, `{}` starts only where a node has the image already",
                        container.name
                    );
                    self.warn(
                        "policy-never",
                        place,
                        message,
                        "write `IfNotPresent`, unless every node is given the image beforehand",
                    );
                }
                let tag = image.parse::<ImageRef>().ok();
                if declared.is_none()
                    && tag.as_ref().is_some_and(|image| {
                        image.digest().is_none() && image.tag() == Some("latest")
                    })
                {
                    let how = if image.ends_with(":latest") {
                        "has the tag"
                    } else {
                        "has no tag, which means"
                    };
                    let message = format!(
                        "`{}` {how} `latest`, so every start asks the registry (policy `Always`) and may bring another image",
                        short(image)
                    );
                    self.warn("latest-tag", spot, message, "name a version or a digest");
                }
                Some(Policy { name: policy.name(), defaulted: declared.is_none() })
            }
            Err(unsupported) => {
                let message = format!("the API server refuses this policy: {unsupported}");
                self.error(
                    "bad-pull-policy",
                    place,
                    message,
                    "case counts: `Always`, `IfNotPresent` or `Never`",
                );
                None
            }
        }
    }

    fn node_words(&self, image: &ImageRef, family: Family) -> String {
        match (self.world.node(&image.lookup_name()), family.node_identity()) {
            (Node::Can, _) => "the nodes pull it by themselves, as the input says".into(),
            (Node::Cannot, _) => "the nodes have nothing to add, as the input says".into(),
            (Node::Unsaid, Some(identity)) => format!("not in the input: {identity}"),
            (Node::Unsaid, None) => String::new(),
        }
    }

    fn with_reference(
        &self,
        pod: &'a PodLike,
        container: &'a Container,
        reference: &ImageRef,
        family: Family,
        image: &mut Image,
    ) -> Answer {
        let names = account::names(self, pod);
        if container.kind == "image volume" && image.policy.is_none() {
            return Answer::new(Verdict::WillNotPull, "the API server refuses the pull policy");
        }
        match &image.policy {
            None => {
                return Answer::new(Verdict::WillNotPull, "the API server refuses the pull policy");
            }
            Some(policy) if policy.name == PullPolicy::Never.name() => {
                image.list = "not asked".into();
                image.node = "not asked".into();
                return Answer::new(Verdict::Unknown, "the policy is `Never`: it is not pulled at all, and starts only where the node has it")
                    .settle(format!("kubectl get nodes -o jsonpath='{{range .items[*]}}{{.metadata.name}}{{\" \"}}{{.status.images[*].names}}{{\"\\n\"}}{{end}}' | grep {}", reference.path()));
            }
            Some(_) => {}
        }
        let lookup = reference.lookup_name();
        match names {
            Names::Refused { why } => {
                image.list = "none: the Pod is refused".into();
                Answer::new(Verdict::WillNotPull, why)
            }
            Names::Unknown { origin, settle } => {
                image.list = origin;
                self.without_list(reference, family, settle)
            }
            Names::Known { names, origin } => {
                image.list = origin;
                let tried = self.try_all(pod, names, reference, family);
                let trap = (tried.offers.is_empty() && tried.undecodable.is_none())
                    .then(|| account::unreached(self, pod, names, &lookup))
                    .flatten();
                let answer =
                    self.decide(pod, container, names.len(), &tried, trap, reference, family);
                image.credentials = tried.rows;
                answer
            }
        }
    }

    /// Nothing is known about the Pod's Secrets.
    fn without_list(&self, image: &ImageRef, family: Family, settle: String) -> Answer {
        let (host, path) = (image.host(), image.path());
        if self.world.node(&image.lookup_name()) == Node::Can {
            return Answer::new(Verdict::Pulls, "the nodes pull it by themselves");
        }
        match self.world.anonymous(host, path) {
            Anonymous::Always => Answer::new(Verdict::Pulls, everybody(family)),
            Anonymous::Never | Anonymous::Repository => {
                Answer::new(Verdict::Unknown, "which pull secrets the Pod has is not in the input")
                    .settle(settle)
            }
        }
    }

    /// P28 to P34 with the Secrets of a list.
    fn try_all(
        &self,
        pod: &PodLike,
        names: &'a [(Option<String>, Spot)],
        image: &ImageRef,
        family: Family,
    ) -> Tried<'a> {
        let mut tried = Tried::default();
        let mut keyring = Keyring::new();
        let mut secrets: BTreeMap<&str, &SecretObject> = BTreeMap::new();
        for (name, spot) in names {
            let Some(name) = name else {
                tried.rows.push(row("an empty name", "passed over without a word"));
                continue;
            };
            let source = format!("Secret {}/{name}", pod.namespace);
            let Some(secret) = self.secret(&pod.namespace, name) else {
                let (missing, note) = self.absent(pod, name, spot);
                if missing {
                    tried.useless += 1
                } else {
                    tried.unknown.push(name)
                }
                tried.rows.push(row(&source, &note));
                continue;
            };
            match secret::content(secret) {
                Content::Redacted => {
                    tried.unknown.push(name);
                    tried.rows.push(row(&source, "its content is blanked out in the input"));
                }
                Content::Read(Parsed::Ignored { why }) => {
                    tried.useless += 1;
                    tried.rows.push(row(&source, &format!("passed over without a word: {why}")));
                }
                Content::Read(Parsed::Undecodable(error)) => {
                    tried.undecodable.get_or_insert(name);
                    tried.rows.push(row(&source, &format!("does not decode: {error}")));
                }
                Content::Read(Parsed::Entries(entries)) => {
                    if entries.is_empty() {
                        tried.useless += 1;
                        tried.rows.push(row(&source, "has no entry for any registry"));
                    }
                    secrets.insert(name, secret);
                    let from = Source::Secret {
                        namespace: pod.namespace.clone(),
                        name: name.clone(),
                        uid: String::new(),
                    };
                    keyring.add(&from, entries);
                }
            }
        }
        if tried.undecodable.is_some() {
            return tried;
        }
        let lookup = image.lookup_name();
        for offer in keyring.lookup(&lookup) {
            let secret = source_name(&offer.source).and_then(|name| secrets.get(name));
            let written = secret.and_then(|secret| secret.written);
            let assessment = assess(&offer.login, image.host(), family, written, self.now);
            tried.rows.push(Credential {
                source: source_words(&offer.source),
                key: Some(shown_key(&offer.key)),
                login: Some(assessment.kind),
                tried: true,
                note: note(&assessment),
                until: assessment.until.clone(),
            });
            tried.offers.push((offer.clone(), assessment));
        }
        if tried.offers.is_empty() {
            for trace in keyring.explain(&lookup) {
                self.near_miss(&trace, &secrets, image, &mut tried);
            }
            // A Secret that names the host was meant for it, whatever is wrong with it.
            let names =
                names.iter().filter_map(|(name, _)| self.secret(&pod.namespace, name.as_ref()?));
            tried.meant |= names.into_iter().any(|secret| miss::mentions(secret, image.host()));
        }
        tried
    }

    fn near_miss(
        &self,
        trace: &EntryTrace<'_>,
        secrets: &BTreeMap<&str, &SecretObject>,
        image: &ImageRef,
        tried: &mut Tried<'_>,
    ) {
        let miss = miss::of(trace, image);
        let secret = source_name(trace.source).and_then(|name| secrets.get(name));
        let why = miss.as_ref().map_or_else(|| trace.why.to_string(), |miss| miss.why.clone());
        let mut row =
            row(&source_words(trace.source), &format!("not for this image: {}", short(&why)));
        row.key = Some(shown_key(trace.key));
        if tried.rows.len() < 20 {
            tried.rows.push(row);
        }
        if let (Some(miss), Some(secret)) = (miss, secret) {
            tried.meant = true;
            if self.world.anonymous(image.host(), image.path()) == Anonymous::Always {
                return;
            }
            let of = match miss.code {
                "path-mismatch" => image.lookup_name(),
                _ => format!("any image of `{}`", image.host()),
            };
            let message = format!(
                "the entry `{}` of Secret `{}` does not serve {of}: {}",
                shown_key(trace.key),
                secret.name,
                miss.why
            );
            self.error(miss.code, &miss::spot(secret), message, miss.hint);
        }
    }

    /// A name under which there is nothing in the input: whether that is proved, and what to say.
    fn absent(&self, pod: &PodLike, name: &str, spot: &Spot) -> (bool, String) {
        let namespace = &pod.namespace;
        let elsewhere: Vec<&str> = self
            .inventory
            .secrets
            .keys()
            .filter(|(other, known)| other != namespace && known == name)
            .map(|(other, _)| other.as_str())
            .take(3)
            .collect();
        let near = self.inventory.secrets.keys().filter(|(other, _)| other == namespace);
        let near = pullpath_lesson::diagnostic::nearest(name, near.map(|(_, name)| name.as_str()));
        let maker = self.inventory.makers.iter().find(|maker| {
            maker.secret == name && maker.namespace.as_ref().is_none_or(|made| made == namespace)
        });
        let missing = self.is_complete("Secret", namespace);
        let there = |namespace: &str| {
            format!("there is one in namespace `{namespace}`, and Secrets do not cross namespaces")
        };
        if missing {
            let hint = match (elsewhere.first(), near, maker) {
                (Some(other), _, _) => format!("{}: create it in `{namespace}` too", there(other)),
                (_, Some(near), _) => format!("did you mean `{near}`?"),
                (_, _, Some(maker)) => format!(
                    "{} `{}` should make it: look at its status and events",
                    maker.kind, maker.name
                ),
                _ => format!("create it in `{namespace}`, or take the name out of the list"),
            };
            let code =
                if elsewhere.is_empty() { "secret-missing" } else { "secret-other-namespace" };
            let message = format!("there is no Secret `{name}` in namespace `{namespace}`");
            self.error(code, spot, message, hint);
            return (true, "does not exist; the node passes over it with an event (FailedToRetrieveImagePullSecret)".into());
        }
        if let Some(maker) = maker {
            return (false, format!("not in the input; {} `{}` makes it", maker.kind, maker.name));
        }
        if let Some(other) = elsewhere.first() {
            let message = format!(
                "Secret `{name}` is not in the input for namespace `{namespace}`; {}",
                there(other)
            );
            self.warn(
                "secret-other-namespace",
                spot,
                message,
                format!("create it in `{namespace}` too, unless it is there"),
            );
        } else if let Some(near) = near {
            let message = format!("Secret `{name}` is not in the input, and `{near}` is");
            self.warn("secret-name", spot, message, format!("did you mean `{near}`?"));
        }
        (false, "not in the input".into())
    }

    #[expect(clippy::too_many_arguments, reason = "everything that the verdict hangs on")]
    fn decide(
        &self,
        pod: &PodLike,
        container: &Container,
        named: usize,
        tried: &Tried<'_>,
        trap: Option<String>,
        image: &ImageRef,
        family: Family,
    ) -> Answer {
        use Verdict::{Pulls, Unknown, WillNotPull};
        let node = self.world.node(&image.lookup_name());
        let anonymous = self.world.anonymous(image.host(), image.path());
        let node_clause = || {
            (node == Node::Unsaid)
                .then(|| family.node_identity())
                .flatten()
                .map(|identity| format!("{identity} may pull it"))
        };
        if let Some(name) = tried.undecodable {
            return Answer::new(
                WillNotPull,
                format!(
                    "Secret `{name}` does not decode, which ends the look-up for every image of the Pod"
                ),
            );
        }
        let live = tried.offers.iter().find(|(_, assessment)| assessment.dead.is_none());
        if let Some((offer, _)) = live
            && let Some(other) = self.other_region(pod, offer)
        {
            let settle = format!(
                "kubectl get events -n {} --field-selector involvedObject.name={}",
                pod.namespace, pod.name
            );
            let reason = format!(
                "{} has the same token for `{other}`, and a token is good in one region only",
                source_words(&offer.source)
            );
            return Answer::new(Unknown, reason).settle(settle);
        }
        if let Some((offer, assessment)) = live {
            let from = source_words(&offer.source);
            let holds = match (&assessment.until, assessment.note) {
                (Some(until), _) if until.estimate => {
                    format!("holds at the latest until {}", until.at)
                }
                (Some(until), _) => format!("holds until {}", until.at),
                (None, Some(note)) => note.to_owned(),
                (None, None) => "does not say until when it holds".to_owned(),
            };
            let reason = format!(
                "{from} has a login for `{}`: {}, {holds}",
                shown_key(&offer.key),
                article(assessment.kind)
            );
            return Answer { until: assessment.until.clone(), ..Answer::new(Pulls, reason) };
        }
        if node == Node::Can {
            return Answer::new(
                Pulls,
                "no Secret has a login that works, and the nodes pull it by themselves",
            );
        }
        if let [unknown, ..] = tried.unknown[..] {
            if anonymous == Anonymous::Always && tried.offers.is_empty() {
                return Answer::new(Pulls, everybody(family));
            }
            let settle = format!("kubectl get secret {unknown} -n {} -o yaml", pod.namespace);
            let reason =
                format!("what stands in Secret `{}/{unknown}` is not in the input", pod.namespace);
            return Answer::new(Unknown, reason).settle(settle);
        }
        if let Some((offer, assessment)) = tried.offers.first() {
            return self.all_dead(pod, tried, offer, assessment, anonymous, family, node_clause());
        }
        if anonymous == Anonymous::Always {
            return Answer::new(Pulls, everybody(family));
        }
        if named == 0 && matches!(container.state, State::Started) && trap.is_none() {
            return Answer::new(
                Pulls,
                "without a pull secret, as it was pulled before: the container runs or ran",
            );
        }
        let public = (anonymous == Anonymous::Repository)
            .then(|| format!("`{}` is public", image.lookup_name()));
        let unless = [node_clause(), public].into_iter().flatten().collect::<Vec<_>>();
        let unless = (!unless.is_empty()).then(|| unless.join(", or "));
        let all_useless = named > 0 && tried.useless as usize == named;
        let why = match (&trap, named) {
            (Some(trap), _) => trap.clone(),
            (None, 0) => "the Pod has no pull secret".to_owned(),
            (None, _) if all_useless => "none of its pull secrets gives a login".to_owned(),
            (None, _) => {
                format!("none of its pull secrets has an entry for `{}`", image.lookup_name())
            }
        };
        let proved = trap.is_some()
            || all_useless
            || tried.meant
            || unless.is_none()
            || (named > 0 && anonymous == Anonymous::Never);
        if proved {
            return Answer { unless, ..Answer::new(WillNotPull, why) };
        }
        let settle = format!(
            "kubectl run pull-test -n {} --restart=Never --image-pull-policy=Always --image={} && sleep 20 && kubectl describe pod pull-test -n {}",
            pod.namespace,
            short(container.image.as_ref().map_or("", |(image, _)| image)),
            pod.namespace
        );
        let reason = format!("{why}, so it pulls only if {}", unless.unwrap_or_default());
        Answer::new(Unknown, reason).settle(settle)
    }

    /// E6: the key under which the very same token stands for another region.
    fn other_region(&self, pod: &PodLike, offer: &Offer) -> Option<String> {
        let secret = self.secret(&pod.namespace, source_name(&offer.source)?)?;
        let Content::Read(Parsed::Entries(entries)) = secret::content(secret) else { return None };
        let host = secret::host_of(&offer.key);
        let other = entries.iter().find(|entry| {
            entry.login.password == offer.login.password
                && of_another_region(&host, &secret::host_of(&entry.key))
        })?;
        Some(shown_key(&other.key))
    }

    #[expect(clippy::too_many_arguments, reason = "everything that the verdict hangs on")]
    fn all_dead(
        &self,
        pod: &PodLike,
        tried: &Tried<'_>,
        offer: &Offer,
        assessment: &Assessment,
        anonymous: Anonymous,
        family: Family,
        node_clause: Option<String>,
    ) -> Answer {
        let dead = assessment.dead.as_ref().map(|dead| dead.why.clone()).unwrap_or_default();
        let only = if tried.offers.len() == 1 {
            "the only login"
        } else {
            "the first of several logins that do not work"
        };
        let secret = source_name(&offer.source).and_then(|name| self.secret(&pod.namespace, name));
        let guess = |assessment: &Assessment| {
            assessment.until.as_ref().is_some_and(|until| until.estimate)
                && !secret
                    .and_then(|secret| secret.written)
                    .is_some_and(|written| written.surely_last)
        };
        let reason = format!(
            "{only}, {}'s for `{}`, cannot work: {dead}",
            source_words(&offer.source),
            shown_key(&offer.key)
        );
        if tried.offers.iter().any(|(_, assessment)| guess(assessment)) {
            let name = source_name(&offer.source).unwrap_or_default();
            let settle = format!(
                "kubectl get secret {name} -n {} -o yaml --show-managed-fields",
                pod.namespace
            );
            return Answer::new(Verdict::Unknown, reason).settle(settle);
        }
        let forgiven = anonymous != Anonymous::Never && !family.bad_login_fails_public();
        let public = forgiven.then(|| {
            "the repository is public, where this registry forgives a bad login".to_owned()
        });
        let unless = [node_clause, public].into_iter().flatten().collect::<Vec<_>>().join(", or ");
        let unless = (!unless.is_empty()).then_some(unless);
        Answer { unless, ..Answer::new(Verdict::WillNotPull, reason) }
    }

    /// What the cluster itself says about the container.
    fn seen(&self, pod: &PodLike, container: &Container) -> Option<Reading> {
        let State::Waiting { reason, message } = &container.state else { return None };
        let written = container.image.as_ref().map(|(image, _)| image.as_str());
        let facts =
            message::Facts { namespace: &pod.namespace, pod: Some(&pod.name), image: written };
        let (text, spot) = match message {
            Some((text, spot)) => (format!("{reason}: {text}"), spot),
            None => (reason.clone(), &container.spot),
        };
        let mut best = message::read(&text, &facts).map(|meaning| (meaning, spot));
        for event in &self.inventory.events {
            let ours = event
                .subject
                .as_ref()
                .is_some_and(|(namespace, name)| *namespace == pod.namespace && *name == pod.name);
            let other = message::image_in(&event.message)
                .is_some_and(|image| Some(image.as_str()) != written);
            if !ours || other {
                continue;
            }
            let Some(meaning) = message::read(&event.message, &facts) else { continue };
            if best.as_ref().is_none_or(|(best, _)| meaning.rank < best.rank) {
                best = Some((meaning, &event.spot));
            }
        }
        let subject = Some(format!("{}, {} `{}`", pod.subject(), container.kind, container.name));
        best.map(|(meaning, spot)| meaning.reading(self.sources.place(spot), subject))
    }

    /// A node that has tried knows more than a file; unless somebody has mended the file since.
    fn against_what_was_seen(
        &self,
        answer: Answer,
        container: &Container,
        image: &Image,
    ) -> Answer {
        let State::Waiting { reason, .. } = &container.state else { return answer };
        if !message::is_pull_failure(reason) || answer.verdict == Verdict::WillNotPull {
            return answer;
        }
        let meaning = image.seen.as_ref().map_or("", |seen| seen.meaning.as_str());
        let verdict = Verdict::WillNotPull;
        let says = format!("the cluster says `{reason}`: {meaning}");
        match answer.verdict {
            Verdict::Pulls => Answer {
                verdict,
                reason: says,
                unless: Some(format!(
                    "it was mended after the last try ({}); a waiting Pod tries again within 316 s",
                    answer.reason
                )),
                ..answer
            },
            Verdict::Unknown | Verdict::WillNotPull => Answer { verdict, reason: says, ..answer },
        }
    }
}

fn row(source: &str, note: &str) -> Credential {
    Credential {
        source: source.to_owned(),
        key: None,
        login: None,
        tried: false,
        note: note.to_owned(),
        until: None,
    }
}

fn note(assessment: &Assessment) -> String {
    match (&assessment.dead, &assessment.until, assessment.note) {
        (Some(dead), _, _) => format!("cannot work: {}", dead.why),
        (None, Some(until), _) if until.estimate => {
            format!("holds at the latest until {}, an estimate: {}", until.at, until.basis)
        }
        (None, Some(until), _) => format!("holds until {} ({})", until.at, until.basis),
        (None, None, Some(note)) => note.to_owned(),
        (None, None, None) => "does not say until when it holds".to_owned(),
    }
}

fn everybody(family: Family) -> String {
    let why = match family {
        Family::Hub => "Docker's official images are public",
        _ => "everything there is public",
    };
    format!("no login is needed: {why}")
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['A', 'E', 'a', 'e']);
    if kind == "user name and password" {
        return kind.to_owned();
    }
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

/// The name of the Secret that a credential comes from.
pub(crate) fn source_name(source: &Source) -> Option<&str> {
    match source {
        Source::Secret { name, .. } => Some(name),
        Source::NodeConfig | Source::Provider { .. } => None,
    }
}

fn source_words(source: &Source) -> String {
    match source {
        Source::Secret { namespace, name, .. } => format!("Secret {namespace}/{name}"),
        Source::NodeConfig => "the node's docker config".to_owned(),
        Source::Provider { name } => format!("the node's plugin {name}"),
    }
}

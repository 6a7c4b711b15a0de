//! One container's image: whose list of pull secrets counts, which credentials are tried in which order, and what comes of
//! it. Every decision is the model's own code; this module only asks it about real objects.

mod decide;
mod tried;

use std::cell::RefCell;
use std::collections::BTreeSet;

use pullpath_model::credential::Source;
use pullpath_model::go::quote;
use pullpath_model::image::ImageRef;
use pullpath_model::pull_policy::{self, PullPolicy};

use crate::account;
use crate::host::{Anonymous, Family};
use crate::moment::Moment;
use crate::object::{Account, Container, Inventory, PodLike, SecretObject};
use crate::report::{Finding, Image, Policy, Severity, Until, Verdict};
use crate::source::{Sources, Spot, short};
use crate::world::{Node, World};

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
        } else if lower.split_once('@').is_some_and(|(name, _)| name.parse::<ImageRef>().is_ok()) {
            "a digest is `sha256:` and 64 of the characters 0-9 and a-f".to_owned()
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
}

fn everybody(family: Family) -> String {
    let why = match family {
        Family::Hub => "Docker's official images are public",
        _ => "everything there is public",
    };
    format!("no login is needed: {why}")
}

/// The name of the Secret that a credential comes from.
pub(crate) fn source_name(source: &Source) -> Option<&str> {
    match source {
        Source::Secret { name, .. } => Some(name),
        Source::NodeConfig | Source::Provider { .. } | Source::ServiceAccount { .. } => None,
    }
}

fn source_words(source: &Source) -> String {
    match source {
        Source::Secret { namespace, name, .. } => format!("Secret {namespace}/{name}"),
        Source::NodeConfig => "the node's docker config".to_owned(),
        Source::Provider { name } | Source::ServiceAccount { provider: name, .. } => {
            format!("the node's plugin {name}")
        }
    }
}

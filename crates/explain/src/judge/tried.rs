//! What a Pod's Secrets come to for one image: the credentials that are tried, in order, and those that are not (P28 to
//! P34).

use std::collections::BTreeMap;

use pullpath_model::credential::Source;
use pullpath_model::docker_config::Parsed;
use pullpath_model::image::ImageRef;
use pullpath_model::keyring::{EntryTrace, Keyring, Offer};

use super::{Judge, source_name, source_words};
use crate::credential::{Assessment, Dead, assess};
use crate::host::{Anonymous, Family};
use crate::object::{PodLike, SecretObject};
use crate::report::Credential;
use crate::secret::{self, Content};
use crate::source::{Spot, short, shown_key};
use crate::{message, miss};

/// What the Pod's Secrets come to for one image.
#[derive(Default)]
pub(super) struct Tried<'a> {
    pub(super) offers: Vec<(Offer, Assessment)>,
    /// Names whose content is not in the input.
    pub(super) unknown: Vec<&'a str>,
    /// Names that are proved to be missing, or that give nothing.
    pub(super) useless: u32,
    pub(super) undecodable: Option<&'a str>,
    /// A near miss, or a useless Secret that is about this host.
    pub(super) meant: bool,
    pub(super) rows: Vec<Credential>,
}

impl<'a> Judge<'a> {
    /// P28 to P34 with the Secrets of a list.
    pub(super) fn try_all(
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
                    tried.useless += 1;
                } else {
                    tried.unknown.push(name);
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
            let mut assessment = assess(&offer.login, image.host(), family, written, self.now);
            if assessment.dead.is_none() && family == Family::Harbor {
                assessment.dead = foreign_robot(&offer.login.username, image.path());
                if let (Some(dead), Some(secret)) = (&assessment.dead, secret) {
                    let message = format!(
                        "the entry `{}` of Secret `{}` gives no login for `{}`: {}",
                        shown_key(&offer.key),
                        secret.name,
                        image.lookup_name(),
                        dead.why
                    );
                    self.error(dead.code, &miss::spot(secret), message, &dead.hint);
                }
            }
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
        let complete = self.is_complete("Secret", namespace);
        // P10: the node itself says which names it could not have.
        let said = self.inventory.events.iter().any(|event| {
            let ours = event.subject.as_ref().is_some_and(|(inside, of)| {
                inside == namespace && *of == pod.name && pod.kind == "Pod"
            });
            ours && message::unretrieved(&event.message).any(|unretrieved| unretrieved == name)
        });
        let missing = complete || said;
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
}

/// Harbor calls a project's own robot `robot$project+name`, and it has rights in that project only. One of the whole system
/// has no `+` in its name, and the prefix can be set: what does not look like this is not judged.
fn foreign_robot(user: &str, path: &str) -> Option<Dead> {
    let (theirs, _) = user.strip_prefix("robot$")?.split_once('+')?;
    let ours = path.split('/').next().unwrap_or_default();
    (theirs != ours).then(|| Dead {
        code: "robot-project",
        why: format!(
            "it is a robot account of the project `{}`, the image is in `{}`",
            short(theirs),
            short(ours)
        ),
        hint: format!("take a robot account of `{}`, or one of the whole system", short(ours)),
    })
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

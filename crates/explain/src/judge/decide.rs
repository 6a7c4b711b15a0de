//! The verdict, from the credentials that are tried and from what the cluster has said.

use pullpath_model::docker_config::Parsed;
use pullpath_model::image::ImageRef;
use pullpath_model::keyring::Offer;

use super::tried::Tried;
use super::{Answer, Judge, everybody, source_name, source_words};
use crate::credential::{Assessment, of_another_region};
use crate::host::{Anonymous, Family};
use crate::message;
use crate::object::{Container, PodLike, State};
use crate::report::{Image, Reading, Verdict};
use crate::secret::{self, Content};
use crate::source::{argument, shown_key};
use crate::world::Node;

impl Judge<'_> {
    #[expect(clippy::too_many_arguments, reason = "everything that the verdict hangs on")]
    pub(super) fn decide(
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
                argument(&pod.namespace, "NAMESPACE"),
                argument(&pod.name, "POD")
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
            let settle = format!(
                "kubectl get secret {} -n {} -o yaml",
                argument(unknown, "SECRET"),
                argument(&pod.namespace, "NAMESPACE")
            );
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
            argument(&pod.namespace, "NAMESPACE"),
            argument(container.image.as_ref().map_or("", |(image, _)| image), "IMAGE"),
            argument(&pod.namespace, "NAMESPACE")
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
                "kubectl get secret {} -n {} -o yaml --show-managed-fields",
                argument(name, "SECRET"),
                argument(&pod.namespace, "NAMESPACE")
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
    pub(super) fn seen(&self, pod: &PodLike, container: &Container) -> Option<Reading> {
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
        best.map(|(meaning, spot)| meaning.reading(self.sources.bare_place(spot), subject))
    }

    /// A node that has tried knows more than a file; unless somebody has mended the file since.
    pub(super) fn against_what_was_seen(
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

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['A', 'E', 'a', 'e']);
    if kind == "user name and password" {
        return kind.to_owned();
    }
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

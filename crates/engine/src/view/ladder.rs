//! The why ladder and the lit path of one pull attempt, in words.

use pullpath_model::catalogue::releases;
use pullpath_model::cause::Cause;
use pullpath_model::credential::Source;
use pullpath_model::message::registry::status_text;
use pullpath_model::pull::{PullOutcome, Refusal};
use pullpath_model::time::SimTime;
use pullpath_model::trace::{
    AttemptResult, AttemptTrace, KubeletTrace, Presence, ProviderOutcome, SecretFound, Try,
};
use pullpath_view::message::Explained;
use pullpath_view::pane::{Evidence, Exchange, Link, PullPath, Rung, RungState};

use super::ids;

mod node;

/// The titles of the eight rungs.
pub(crate) const TITLES: [&str; 8] = [
    "Image reference",
    "Pull policy and local image",
    "Whose secrets",
    "Each Secret",
    "Matching entries",
    "Node credential providers",
    "The registry's answer",
    "What the kubelet makes of it",
];

/// Finds the place in the learner's files of a field of an object: `(kind, name, pointer)` to file and line.
pub(crate) type Places<'a> = &'a dyn Fn(&str, &str, &str) -> Option<(String, u32)>;

/// The rungs of an attempt.
pub(crate) fn rungs(trace: &AttemptTrace, remedies: bool, places: Places<'_>) -> Vec<Rung> {
    let broken = broken(trace);
    let facts = [
        image(trace),
        node::policy(trace),
        whose(trace, places),
        secrets(trace, places),
        entries(trace),
        node::providers(trace),
        answers(trace),
        verdict(trace),
    ];
    facts
        .into_iter()
        .zip(1u8..)
        .map(|(facts, number)| Rung {
            number,
            title: TITLES[usize::from(number) - 1].into(),
            state: match broken {
                Some(broken) if number == broken => RungState::Failed,
                Some(broken) if number > broken && number != 8 => match facts.took_part {
                    true => RungState::Passed,
                    false => RungState::Skipped,
                },
                _ if number == 8 && broken.is_some() => RungState::Failed,
                _ if !facts.took_part => RungState::Skipped,
                _ => RungState::Passed,
            },
            sentence: facts.sentence,
            evidence: facts.evidence,
            remedy: (remedies && broken == Some(number)).then(|| remedy(trace)).flatten(),
            exchanges: facts.exchanges,
            message: facts.message,
        })
        .collect()
}

/// One sentence that names the first broken rung.
pub(crate) fn summary(trace: &AttemptTrace) -> String {
    match &trace.result {
        AttemptResult::Present => {
            "The image was on the node already, and this Pod may use it.".into()
        }
        AttemptResult::Pulled => match trace.tries.last().and_then(|one| one.source.as_ref()) {
            None => "The image was pulled without any credential.".into(),
            Some(source) => {
                format!("The image was pulled with a credential from {}.", said(source))
            }
        },
        AttemptResult::Failed { cause, .. } => {
            format!(
                "Broken at rung {}, {}: {}",
                cause.rung(),
                TITLES[usize::from(cause.rung()) - 1],
                why(trace, *cause)
            )
        }
    }
}

fn broken(trace: &AttemptTrace) -> Option<u8> {
    match &trace.result {
        AttemptResult::Failed { cause, .. } => Some(cause.rung()),
        AttemptResult::Present | AttemptResult::Pulled => None,
    }
}

fn why(trace: &AttemptTrace, cause: Cause) -> String {
    let account = &trace.service_account;
    let missing = || named(trace, |found| matches!(found, SecretFound::Missing));
    let host =
        trace.reference.as_ref().map(|name| name.image.host().to_owned()).unwrap_or_default();
    match cause {
        Cause::ImageNameInvalid => format!("`{}` is not an image name.", trace.image),
        Cause::InspectFailed => {
            "the container runtime cannot say whether the image is on the node.".into()
        }
        Cause::PullThrottled => {
            "the node had begun as many pulls as its limit allows; the registry was not asked.".into()
        }
        Cause::NeverAndAbsent => {
            "the policy is Never, and the node has no copy that this Pod may use.".into()
        }
        Cause::NoSecretsNamed => format!(
            "the Pod names no pull secrets, and its ServiceAccount `{account}` had none to give when the Pod was created."
        ),
        Cause::SecretMissing => {
            format!("the Pod names `{}`, which does not exist in its namespace.", missing())
        }
        Cause::SecretIgnored => {
            let name = named(trace, |found| matches!(found, SecretFound::Ignored { .. }));
            format!("the kubelet passes over `{name}`, because it is not a registry credential.")
        }
        Cause::SecretUndecodable => {
            let name = named(trace, |found| matches!(found, SecretFound::Undecodable { .. }));
            format!("`{name}` cannot be decoded, and that ends every look-up of this Pod.")
        }
        Cause::NoEntryMatches => format!("no entry of the Secrets is for `{host}`."),
        Cause::ProviderFailed => {
            "the node's credential provider was asked and got nothing; the pull went on without a credential.".into()
        }
        Cause::Refused(refusal) => match refusal {
            Refusal::NoCredentials => format!("`{host}` wants a credential, and none was offered."),
            Refusal::TokenExpired => format!("`{host}` says that the token is past its lifetime."),
            Refusal::TokenInvalid => format!("`{host}` does not know the token."),
            Refusal::LoginRefused => format!("`{host}` refused the user name or password."),
            Refusal::NotAuthorized => format!("`{host}` knows who asks, and does not allow it."),
            Refusal::NotFound => format!("`{host}` has no such repository or tag."),
            Refusal::RateLimited => format!("`{host}` has given out as many images as it allows."),
            Refusal::NoPlatform => "the image has nothing for the node's platform.".into(),
            Refusal::Damaged => format!("a part of the image is missing or broken at `{host}`."),
            Refusal::RegistryFailed => format!("`{host}` failed to answer."),
            Refusal::Untrusted => format!("the node does not trust `{host}`."),
            Refusal::Unreachable => format!("`{host}` cannot be reached."),
        },
    }
}

/// What would have made the broken rung pass.
fn remedy(trace: &AttemptTrace) -> Option<String> {
    let AttemptResult::Failed { cause, .. } = &trace.result else { return None };
    let account = &trace.service_account;
    Some(match cause {
        Cause::ImageNameInvalid => "An image name of the form `registry/repository:tag`, all in lower case.".into(),
        Cause::InspectFailed => "A container runtime that answers; the kubelet asks it again at every sync.".into(),
        Cause::PullThrottled => "Fewer pulls at once, serial pulls, or a higher `registryPullQPS` and `registryBurst` of the kubelet. It passes by itself with the next attempt.".into(),
        Cause::NeverAndAbsent => "The policy IfNotPresent, or a copy of the image on the node.".into(),
        Cause::NoSecretsNamed => format!(
            "A Pod that names a pull secret itself, or that is created with a ServiceAccount that lists one. `{account}` lists none that this Pod got; mending the account reaches only Pods created afterwards."
        ),
        Cause::SecretMissing => "A Secret of that name in the Pod's own namespace.".into(),
        Cause::SecretIgnored => "A Secret of type `kubernetes.io/dockerconfigjson` with the key `.dockerconfigjson`. The type of a Secret cannot be changed: delete it and create it anew.".into(),
        Cause::SecretUndecodable => "A value that is valid JSON, with `auth` fields that are base64 of `user:password`.".into(),
        Cause::NoEntryMatches => "An entry under `auths` whose key is the image's registry host.".into(),
        Cause::ProviderFailed => "A node role with the right to ask for tokens and to pull, such as the policy AmazonEC2ContainerRegistryPullOnly.".into(),
        Cause::Refused(Refusal::TokenExpired) => "A token that is younger than its lifetime at the moment of the pull: a fresh one in the Secret, or a node role that lets the credential provider fetch its own.".into(),
        Cause::Refused(Refusal::NotAuthorized) => "An identity whose policies allow ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository.".into(),
        Cause::Refused(Refusal::TokenInvalid) => "A token from the registry's own region, complete and without a line break.".into(),
        Cause::Refused(Refusal::LoginRefused) => "The right user name and password; for ECR the user is always `AWS`.".into(),
        Cause::Refused(Refusal::NotFound) => "A repository and tag that exist. An answer of 404 hides behind missing rights, so look at both.".into(),
        Cause::Refused(Refusal::RateLimited) => "A login whose plan allows more, fewer pulls from this address, or a copy of the image elsewhere. The limit counts six hours back.".into(),
        Cause::Refused(Refusal::NoPlatform) => "An image that was built for the node's platform too, or a node of another.".into(),
        Cause::Refused(Refusal::Damaged) => "The image pushed again, all of it.".into(),
        Cause::Refused(Refusal::RegistryFailed) => "A registry that works. The kubelet tries again by itself.".into(),
        Cause::Refused(Refusal::Untrusted) => "A certificate for this very name, of an authority that the node trusts, and in date; or a node that is told how to reach the registry.".into(),
        Cause::Refused(Refusal::Unreachable) => "A host name that resolves, and a way to it from the node.".into(),
        Cause::Refused(Refusal::NoCredentials) => "A credential for the registry's host.".into(),
    })
}

/// What there is to say on one rung.
#[derive(Default)]
struct Facts {
    sentence: String,
    took_part: bool,
    evidence: Vec<Evidence>,
    exchanges: Vec<Exchange>,
    message: Option<Explained>,
}

fn image(trace: &AttemptTrace) -> Facts {
    let sentence = match &trace.reference {
        Ok(name) => {
            let image = &name.image;
            format!(
                "Registry `{}`, repository `{}`, {}.",
                image.host(),
                image.path(),
                version(image.tag(), image.digest())
            )
        }
        Err(why) => format!("Not understood: {why}."),
    };
    let evidence = vec![of_pod(trace, "spec.containers[].image", &trace.image)];
    Facts { sentence, took_part: true, evidence, ..Facts::default() }
}

fn version(tag: Option<&str>, digest: Option<&str>) -> String {
    match (tag, digest) {
        (_, Some(digest)) => format!("digest `{digest}`"),
        (Some(tag), None) => format!("tag `{tag}`"),
        (None, None) => "no tag".into(),
    }
}

fn whose(trace: &AttemptTrace, places: Places<'_>) -> Facts {
    let account = &trace.service_account;
    let names: Vec<&str> = trace.secrets.iter().map(|step| &*step.name).collect();
    let list = names.join(", ");
    let sentence = if names.is_empty() {
        format!(
            "The Pod's list is empty: it names none itself, and ServiceAccount `{account}` had none when the Pod was created."
        )
    } else if trace.list_from_account {
        format!(
            "The list was taken over from ServiceAccount `{account}` when the Pod was created: {list}."
        )
    } else {
        format!("The Pod has a list of its own, which hides its ServiceAccount's: {list}.")
    };
    let shown = if names.is_empty() { "absent" } else { &list };
    let mut evidence = vec![
        of_pod(trace, "spec.serviceAccountName", account),
        of_pod(trace, "spec.imagePullSecrets", shown),
    ];
    evidence[0].place = places("Deployment", "", "/spec/template/spec/serviceAccountName")
        .or_else(|| places("Deployment", "", "/spec/template/spec"));
    evidence.push(Evidence {
        object: format!("serviceaccount/{}/{account}", trace.pod.namespace),
        field: "imagePullSecrets".into(),
        value: "as it was when the Pod was created".into(),
        place: places("ServiceAccount", account, "/imagePullSecrets"),
    });
    Facts {
        sentence,
        took_part: reached_look_up(trace) && !names.is_empty(),
        evidence,
        ..Facts::default()
    }
}

fn secrets(trace: &AttemptTrace, places: Places<'_>) -> Facts {
    let told = |step: &pullpath_model::trace::SecretStep| match &step.found {
        SecretFound::Missing => format!("`{}` does not exist", step.name),
        SecretFound::Ignored { secret_type, why } => {
            format!("`{}` of type {secret_type} is passed over: {why}", step.name)
        }
        SecretFound::Undecodable { why } => format!("`{}` cannot be decoded: {why}", step.name),
        SecretFound::Read { entries, .. } => {
            format!("`{}` was read, {entries} {}", step.name, plural(*entries, "entry", "entries"))
        }
    };
    let evidence = trace
        .secrets
        .iter()
        .map(|step| Evidence {
            object: format!("secret/{}/{}", trace.pod.namespace, step.name),
            field: "type".into(),
            value: match &step.found {
                SecretFound::Missing => "absent".into(),
                SecretFound::Ignored { secret_type, .. }
                | SecretFound::Read { secret_type, .. } => secret_type.clone(),
                SecretFound::Undecodable { why } => why.clone(),
            },
            place: places("Secret", &step.name, "/type"),
        })
        .collect();
    let list: Vec<String> = trace.secrets.iter().map(told).collect();
    Facts {
        sentence: sentence_of(&list, "There are none to read."),
        took_part: !trace.secrets.is_empty(),
        evidence,
        ..Facts::default()
    }
}

fn entries(trace: &AttemptTrace) -> Facts {
    let evidence = trace
        .entries
        .iter()
        .map(|entry| Evidence {
            object: match &entry.source {
                Source::Secret { namespace, name, .. } => format!("secret/{namespace}/{name}"),
                Source::NodeConfig => "node".into(),
                Source::Provider { name } => name.clone(),
                Source::ServiceAccount { provider, .. } => provider.clone(),
            },
            field: format!("auths[\"{}\"]", entry.key),
            value: if entry.matched { "matches".into() } else { entry.why.clone() },
            place: None,
        })
        .collect();
    let matching = trace.entries.iter().filter(|entry| entry.matched).count() as u32;
    let all = trace.entries.len() as u32;
    let sentence = match (all, matching) {
        (0, _) => "There are no entries to match.".into(),
        (_, 0) => format!("None of {all} {} is for this image.", plural(all, "entry", "entries")),
        _ => format!(
            "{matching} of {all} {} {} for this image.",
            plural(all, "entry", "entries"),
            plural(matching, "is", "are")
        ),
    };
    Facts { sentence, took_part: all > 0, evidence, ..Facts::default() }
}

fn answers(trace: &AttemptTrace) -> Facts {
    let told = |one: &Try| {
        let who = one.source.as_ref().map_or_else(
            || "Without a credential".into(),
            |source| format!("With the credential from {}", said(source)),
        );
        match &one.trace.outcome {
            PullOutcome::Pulled { .. } => format!("{who}: the image came"),
            PullOutcome::Failed { cause, .. } => {
                format!("{who}: {}", Cause::Refused(*cause).name().replace('-', " "))
            }
        }
    };
    let exchanges = trace
        .tries
        .iter()
        .flat_map(|one| &one.trace.exchanges)
        .map(|exchange| Exchange {
            request: format!("{} {}", exchange.method, exchange.url),
            auth: exchange.auth.to_string(),
            status: format!("{} {}", exchange.status, status_text(exchange.status)),
            note: exchange.note.clone(),
        })
        .collect();
    let list: Vec<String> = trace.tries.iter().map(told).collect();
    Facts {
        sentence: sentence_of(&list, "The registry was not asked."),
        took_part: !trace.tries.is_empty(),
        evidence: [node::hosts(trace), node::queue(trace)].concat(),
        exchanges,
        ..Facts::default()
    }
}

fn verdict(trace: &AttemptTrace) -> Facts {
    let mut evidence = Vec::new();
    let mut explained = None;
    let sentence = match &trace.result {
        AttemptResult::Present => "The container is created and started.".into(),
        AttemptResult::Pulled => {
            "The image is stored, and the container is created and started.".into()
        }
        AttemptResult::Failed { reason, message, retry, .. } => {
            evidence.push(of_pod(trace, "status.containerStatuses[].state.waiting.reason", reason));
            explained = Some(explain(trace, message));
            match retry {
                Some(retry) => format!(
                    "The container waits with {reason}; the next pull may run from {} on.",
                    clock(*retry)
                ),
                None => format!(
                    "The container waits with {reason}; it is tried again at every sync, without back-off."
                ),
            }
        }
    };
    Facts { sentence, took_part: true, evidence, message: explained, ..Facts::default() }
}

/// The message with what its words say, and what the same pull would read like with other runtimes.
fn explain(trace: &AttemptTrace, message: &str) -> Explained {
    let KubeletTrace { kubernetes, containerd, runtime, .. } = &trace.kubelet;
    let kubelet = format!("the kubelet {}", super::release(*kubernetes));
    let writer = match trace.wordings.is_empty() {
        true => kubelet,
        false => format!("containerd {containerd}, passed on by {kubelet}"),
    };
    let comes = |text: &String| match text.is_empty() {
        true => "The image comes.".to_owned(),
        false => text.clone(),
    };
    let others = trace.wordings.iter().filter(|(_, runtimes)| !runtimes.contains(runtime));
    let elsewhere = others.map(|(text, runtimes)| (releases(runtimes), comes(text)));
    let others_too = trace.elsewhere.iter().map(|(name, text)| ((*name).to_owned(), comes(text)));
    Explained {
        text: message.to_owned(),
        writer,
        phrases: crate::meaning::phrases_of(message),
        elsewhere: elsewhere.chain(others_too).collect(),
    }
}

fn reached_look_up(trace: &AttemptTrace) -> bool {
    trace.reference.is_ok()
        && trace.presence != Presence::Usable
        && !matches!(trace.result, AttemptResult::Failed { cause: Cause::NeverAndAbsent, .. })
}

fn of_pod(trace: &AttemptTrace, field: &str, value: &str) -> Evidence {
    Evidence {
        object: format!("pod/{}/{}", trace.pod.namespace, trace.pod.name),
        field: field.replace("[]", &format!("[{}]", trace.container)),
        value: value.into(),
        place: None,
    }
}

fn sentence_of(parts: &[String], none: &str) -> String {
    if parts.is_empty() { none.into() } else { format!("{}.", parts.join("; ")) }
}

fn named(trace: &AttemptTrace, test: impl Fn(&SecretFound) -> bool) -> String {
    trace
        .secrets
        .iter()
        .find(|step| test(&step.found))
        .map(|step| step.name.to_string())
        .unwrap_or_default()
}

fn said(source: &Source) -> String {
    match source {
        Source::Secret { name, .. } => format!("Secret `{name}`"),
        Source::NodeConfig => "the node's docker config".into(),
        Source::Provider { name } => format!("the node's `{name}`"),
        Source::ServiceAccount { provider, name, .. } => {
            format!("the node's `{provider}`, for the token of ServiceAccount `{name}`")
        }
    }
}

fn plural<'a>(number: u32, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

/// The lit path: where the pull came past, and where it stopped.
pub(crate) fn path(trace: &AttemptTrace) -> PullPath {
    let broken = broken(trace);
    let namespace = &trace.pod.namespace;
    let mut links = vec![Link {
        stop: "Pod".into(),
        name: trace.pod.name.to_string(),
        thing: Some(ids::pod(namespace, &trace.pod.name)),
        state: if broken.is_some_and(|rung| rung <= 2) {
            RungState::Failed
        } else {
            RungState::Passed
        },
        label: format!("needs {}", trace.image),
    }];
    if trace.presence == Presence::Usable {
        links.push(Link {
            stop: "Node".into(),
            name: "image store".into(),
            thing: None,
            state: RungState::Passed,
            label: "had the image".into(),
        });
    } else if broken.is_none_or(|rung| rung > 2) {
        account_link(trace, broken, &mut links);
        secret_links(trace, broken, &mut links);
        provider_links(trace, broken, &mut links);
        registry_link(trace, &mut links);
    }
    PullPath { sentence: summary(trace), links }
}

fn account_link(trace: &AttemptTrace, broken: Option<u8>, links: &mut Vec<Link>) {
    if trace.secrets.is_empty() || trace.list_from_account {
        let failed = broken == Some(3);
        links.push(Link {
            stop: "ServiceAccount".into(),
            name: trace.service_account.to_string(),
            thing: Some(ids::service_account(&trace.pod.namespace, &trace.service_account)),
            state: match (failed, trace.secrets.is_empty()) {
                (true, _) => RungState::Failed,
                (false, true) => RungState::Skipped,
                (false, false) => RungState::Passed,
            },
            label: if trace.secrets.is_empty() {
                "gave no pull secrets".into()
            } else {
                "gave its pull secrets".into()
            },
        });
    }
}

fn secret_links(trace: &AttemptTrace, broken: Option<u8>, links: &mut Vec<Link>) {
    for step in &trace.secrets {
        let (good, label) = match &step.found {
            SecretFound::Missing => (false, "does not exist".to_owned()),
            SecretFound::Ignored { .. } => (false, "is no registry credential".into()),
            SecretFound::Undecodable { .. } => (false, "cannot be decoded".into()),
            SecretFound::Read { .. } => (true, "was read".into()),
        };
        links.push(Link {
            stop: "Secret".into(),
            name: step.name.to_string(),
            thing: Some(ids::secret(&trace.pod.namespace, &step.name)),
            state: match (good, broken) {
                (true, _) => RungState::Passed,
                (false, Some(4)) => RungState::Failed,
                (false, _) => RungState::Skipped,
            },
            label,
        });
    }
    if !trace.entries.is_empty() {
        let matching = trace.entries.iter().filter(|entry| entry.matched).count();
        links.push(Link {
            stop: "Keyring".into(),
            name: format!("{matching} of {}", trace.entries.len()),
            thing: None,
            state: match (matching, broken) {
                (0, Some(5)) => RungState::Failed,
                (0, _) => RungState::Skipped,
                _ => RungState::Passed,
            },
            label: if matching == 0 {
                "no entry matches".into()
            } else {
                "an entry matches".into()
            },
        });
    }
}

fn provider_links(trace: &AttemptTrace, broken: Option<u8>, links: &mut Vec<Link>) {
    for step in &trace.providers {
        let (state, label) = match &step.outcome {
            ProviderOutcome::NotAsked | ProviderOutcome::Skipped { .. } => continue,
            ProviderOutcome::Provided { .. } => (RungState::Passed, "gave a credential"),
            ProviderOutcome::Failed { .. } if broken == Some(6) => {
                (RungState::Failed, "got no token")
            }
            ProviderOutcome::Failed { .. } => (RungState::Skipped, "got no token"),
        };
        links.push(Link {
            stop: "Provider".into(),
            name: step.name.clone(),
            thing: None,
            state,
            label: label.into(),
        });
    }
}

fn registry_link(trace: &AttemptTrace, links: &mut Vec<Link>) {
    let Ok(reference) = &trace.reference else { return };
    let image = &reference.image;
    let (state, label) = match &trace.result {
        AttemptResult::Failed { cause: Cause::Refused(refusal), .. } => {
            (RungState::Failed, Cause::Refused(*refusal).name().replace('-', " "))
        }
        AttemptResult::Failed { .. } if trace.tries.is_empty() => {
            (RungState::Skipped, "was not asked".into())
        }
        AttemptResult::Failed { .. } => (RungState::Skipped, "asked for a credential".into()),
        AttemptResult::Present | AttemptResult::Pulled => {
            (RungState::Passed, "gave the image".into())
        }
    };
    links.push(Link {
        stop: "Registry".into(),
        name: image.host().to_owned(),
        thing: Some(ids::registry(image.host())),
        state,
        label,
    });
}

/// A moment as learners read it, without milliseconds.
pub(crate) fn clock(at: SimTime) -> String {
    SimTime::from_millis(at.as_millis().div_euclid(1000) * 1000).to_string()
}

//! What an error text means. Texts are known by the words that Kubernetes, containerd and registries really use (rules
//! P16 to P24 and R20 to R42; the sentences themselves are `pullpath_model::message`'s).

mod rules;

use pullpath_model::message::kubelet as words;

use self::rules::{Next, RULES, Rule};
use crate::host::Family;
use crate::report::{Place, Reading};
use crate::source::{argument, printable, short};

/// What is known about the Pod that a text is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) pod: Option<&'a str>,
    pub(crate) image: Option<&'a str>,
}

/// The meaning of a text.
pub(crate) struct Meaning {
    /// Its place among the rules: a smaller number is more exact.
    pub(crate) rank: usize,
    /// The image it is about.
    pub(crate) image: Option<String>,
    pub(crate) words: String,
    pub(crate) rung: u8,
    pub(crate) means: String,
    pub(crate) written_by: Option<String>,
    pub(crate) next: Vec<String>,
}

impl Meaning {
    pub(crate) fn reading(self, place: Place, subject: Option<String>) -> Reading {
        let Self { rank: _, image, words, rung, means: meaning, written_by, next } = self;
        let subject = subject.or_else(|| image.map(|image| format!("image {}", short(&image))));
        Reading { place, count: 1, subject, words, rung, meaning, written_by, next }
    }
}

/// Whether a waiting reason is about the image.
pub(crate) fn is_pull_failure(reason: &str) -> bool {
    matches!(
        reason,
        words::ERR_IMAGE_PULL
            | words::IMAGE_PULL_BACK_OFF
            | words::INVALID_IMAGE_NAME
            | words::ERR_IMAGE_NEVER_PULL
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed"
    )
}

/// The names in a `FailedToRetrieveImagePullSecret` event (P10).
pub(crate) fn unretrieved(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split_once("Unable to retrieve some image pull secrets (");
    let names = names.and_then(|(_, rest)| rest.split_once(')')).map_or("", |(names, _)| names);
    names.split(", ").filter(|name| !name.is_empty())
}

/// Whether a text has anything to do with images at all.
pub(crate) fn is_about_pulls(text: &str) -> bool {
    read(text, &Facts::default()).is_some()
}

/// A message longer than this is not read to its end.
const MOST: usize = 16 * 1024;

/// Reads a text; `None` if it says nothing about a pull.
pub(crate) fn read(text: &str, facts: &Facts<'_>) -> Option<Meaning> {
    let text = &without_queries(&text[..text.floor_char_boundary(MOST)]);
    let stands = |rule: &Rule| rule.all.iter().all(|words| text.contains(words));
    let rank = RULES.iter().position(stands)?;
    let rule = &RULES[rank];
    let image = facts.image.map(str::to_owned).or_else(|| image_in(text));
    let host =
        image.as_deref().and_then(|image| image.parse::<pullpath_model::image::ImageRef>().ok());
    let host = host.map(|image| image.host().to_owned());
    let mut meaning = rule.meaning.to_owned();
    if rule.all.contains(&"403 Forbidden")
        && rule.all.len() == 1
        && let Some(host) = &host
    {
        meaning = match Family::of(host) {
            Family::Ecr => "a token was sent and ECR refused it: it is older than 12 hours, or IAM does not let its owner pull; containerd before 2.3.3 does not print which (R24, E8)".to_owned(),
            Family::Gar => "the identity is known, and lacks the right to read the repository (`roles/artifactregistry.reader`)".to_owned(),
            _ => meaning,
        };
    }
    if rule.all == ["401 Unauthorized"] && host.as_deref().map(Family::of) == Some(Family::Quay) {
        "Quay answers like this to a pull without a login too: either none was sent, or the registry does not take the one it got (R28)"
            .clone_into(&mut meaning);
    }
    Some(Meaning {
        rank,
        image,
        words: shown_words(text, rule.all),
        rung: rule.rung,
        means: meaning,
        written_by: written_by(text),
        next: next(rule.next, text, facts, host.as_deref()),
    })
}

/// The line that a text was known by, cut around the words at blanks.
fn shown_words(text: &str, words: &[&str]) -> String {
    let last = words.last().copied().unwrap_or_default();
    let at = text.rfind(last).unwrap_or(0);
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = at + last.len();
    let line_end = text[end..].find('\n').map_or(text.len(), |newline| end + newline);
    let (before, after) = (&text[line_start..at], &text[at..line_end]);
    // What stands before the words is kept from a blank on, what stands after them up to one.
    let cut = before.len().saturating_sub(90);
    let from = if cut == 0 {
        0
    } else {
        let cut = before.floor_char_boundary(cut);
        before[cut..].find(' ').map_or(before.len(), |blank| cut + blank + 1)
    };
    let most = after.floor_char_boundary(after.len().min(last.len() + 90));
    let to = if most == after.len() {
        most
    } else {
        after[..most].rfind(' ').unwrap_or(most).max(last.len().min(most))
    };
    let lead = if from > 0 { "… " } else { "" };
    let tail = if to < after.len() { " …" } else { "" };
    let line: String = before[from..].chars().chain(after[..to].chars()).map(printable).collect();
    format!("{lead}{}{tail}", line.trim())
}

/// A text without the queries of its URLs, which may name accounts and hold tokens.
fn without_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split('?').enumerate() {
        if index == 0 {
            out.push_str(part);
            continue;
        }
        let query = part.find([' ', '"', '\n']).unwrap_or(part.len());
        // The colon that ends a URL belongs to the sentence.
        let query = if part[..query].ends_with(':') { query - 1 } else { query };
        out.push_str("?…");
        out.push_str(&part[query..]);
    }
    out
}

/// Which program writes like this (R21, R24, R41).
fn written_by(text: &str) -> Option<String> {
    let has = |words: &str| text.contains(words);
    let runtime = if has("Error response from daemon") || has("may require 'docker login'") {
        Some("Docker, not containerd")
    } else if has("\ndenied: ") && has("from HEAD request") {
        Some("containerd 2.3.3 or later, which adds the registry's own words")
    } else if has("failed to resolve image: ") || has("failed to get credentials for \"") {
        Some("containerd 2.1 or later in its default mode")
    } else if has("failed with status code [manifests") {
        Some("containerd 1.6.24 or earlier")
    } else if has("failed to resolve reference \"") {
        Some("containerd before 2.1, or a later one with local pulls")
    } else if has("unexpected status code http") {
        Some("containerd before 2.1.3")
    } else if has("reading manifest ")
        || has("Requesting bearer token")
        || has("unable to retrieve auth token")
    {
        Some("CRI-O (the words of containers/image)")
    } else if has("failed to pull and unpack image") {
        Some("containerd")
    } else {
        None
    };
    let kubelet = if has("code = Unknown desc = ") {
        Some("a kubelet before 1.28")
    } else if has("can be accessed by the pod") {
        Some("a kubelet of 1.35 or later")
    } else {
        None
    };
    match (runtime, kubelet) {
        (Some(runtime), Some(kubelet)) => Some(format!("{runtime}, {kubelet}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// The image that a text quotes.
pub(crate) fn image_in(text: &str) -> Option<String> {
    for before in [
        "Failed to pull image \"",
        "Back-off pulling image \"",
        "unpack image \"",
        "Container image \"",
        "default image tag \"",
    ] {
        if let Some((_, rest)) = text.split_once(before)
            && let Some((image, _)) = rest.split_once('"')
        {
            return Some(image.to_owned());
        }
    }
    None
}

fn next(next: Next, text: &str, facts: &Facts<'_>, host: Option<&str>) -> Vec<String> {
    let namespace = argument(facts.namespace, "NAMESPACE");
    let pod = argument(facts.pod.unwrap_or_default(), "POD");
    let family = host.map_or(Family::Other, Family::of);
    let host = host.map_or("the registry", |host| argument(host, "HOST"));
    let list = format!(
        "kubectl get pod {pod} -n {namespace} -o jsonpath='{{.spec.serviceAccountName}} {{.spec.imagePullSecrets}}'"
    );
    let steps: Vec<String> = match next {
        Next::Secrets => {
            let names: Vec<&str> =
                unretrieved(text).map(|name| argument(name, "SECRET")).collect();
            let named = (!names.is_empty()).then(|| names.join(" "));
            match named {
                Some(names) => vec![
                    format!("kubectl get secret {names} -n {namespace}"),
                    "a Secret of another namespace does not count: create it here too".into(),
                ],
                None => {
                    let mut steps = vec![list, format!("explain the Pod with its Secrets: kubectl get pod,secret,serviceaccount -n {namespace} -o yaml | pullpath explain -f -")];
                    if let Some(identity) = family.node_identity() {
                        steps.push(format!("without a Secret this needs {identity}"));
                    }
                    steps
                }
            }
        }
        Next::Login => {
            let mut steps = vec![
                format!("explain the Pod with its Secrets: kubectl get pod,secret,serviceaccount -n {namespace} -o yaml | pullpath explain -f -"),
                format!("a new login for {host}: {}", family.fresh_login(host)),
            ];
            if family == Family::Ecr {
                steps.push("IAM: ecr:GetAuthorizationToken on `*`, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository".into());
            }
            steps
        }
        Next::Spelling => vec![
            "an image name is HOST/PATH:TAG in lower case, without a scheme and without blanks".into(),
            format!("kubectl get pod {pod} -n {namespace} -o jsonpath='{{.spec.containers[*].image}}'"),
        ],
        Next::Name => vec![
            "compare host, path and tag with what was pushed, letter by letter".into(),
            "a missing repository, a missing tag and a wrong host look alike".into(),
        ],
        Next::Network => vec![format!("from the node, not from a Pod: curl -v https://{host}/v2/")],
        Next::Trust => vec!["the node's runtime trusts what stands in its own configuration (containerd: /etc/containerd/certs.d), not what Pods trust".into()],
        Next::NodeItself => vec![format!("kubectl get pod {pod} -n {namespace} -o wide, then on that node: crictl images")],
        Next::Wait => vec!["pull with a login, through a cache of your own, or later".into()],
        Next::Account => vec![format!("kubectl get serviceaccount -n {namespace}")],
        Next::Event => vec![format!("kubectl events -n {namespace} --for pod/{pod}")],
        Next::Platform => vec!["kubectl get nodes -L kubernetes.io/arch, and build the image for that architecture".into()],
    };
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_of_the_model_is_known() {
        for (text, rung) in [
            (words::missing_secrets(&["a", "b"]), 4),
            (
                words::invalid_name(
                    "A",
                    "couldn't parse image name \"A\": invalid reference format",
                ),
                1,
            ),
            (words::never("a"), 2),
            (words::back_off("a"), 8),
            (words::error(words::ERR_IMAGE_PULL), 8),
            (words::error(words::IMAGE_PULL_BACK_OFF), 8),
        ] {
            assert_eq!(
                read(&text, &Facts::default()).map(|meaning| meaning.rung),
                Some(rung),
                "{text}"
            );
        }
        for text in
            [words::CREATED.to_owned(), words::pulling("a"), words::present("a"), String::new()]
        {
            assert!(read(&text, &Facts::default()).is_none(), "{text}");
        }
    }

    #[test]
    fn queries_are_not_repeated() {
        let text = "failed to fetch oauth token: unexpected status from GET request to https://a/token?account=marked&scope=x: 401 Unauthorized";
        let meaning = read(text, &Facts::default()).unwrap();
        assert!(!meaning.words.contains("marked"), "{}", meaning.words);
    }
}

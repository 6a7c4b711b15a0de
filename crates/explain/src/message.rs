//! What an error text means. Texts are known by the words that Kubernetes, containerd and registries really use (rules
//! P16 to P24 and R20 to R42; the sentences themselves are `pullpath_model::message`'s).

use pullpath_model::message::{kubelet as words, registry};

use crate::host::Family;
use crate::report::{Place, Reading};
use crate::source::{printable, short};

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
    pub(crate) meaning: String,
    pub(crate) written_by: Option<String>,
    pub(crate) next: Vec<String>,
}

impl Meaning {
    pub(crate) fn reading(self, place: Place, subject: Option<String>) -> Reading {
        let Self { rank: _, image, words, rung, meaning, written_by, next } = self;
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

/// Whether a text has anything to do with images at all.
pub(crate) fn is_about_pulls(text: &str) -> bool {
    read(text, &Facts::default()).is_some()
}

/// A rule: words that all stand in a text, the rung, the meaning.
struct Rule {
    all: &'static [&'static str],
    rung: u8,
    meaning: &'static str,
    next: Next,
}

/// What to look at next.
#[derive(Clone, Copy)]
enum Next {
    /// The Pod's list and its Secrets.
    Secrets,
    /// The credential that was sent.
    Login,
    /// How the image's name is written.
    Spelling,
    /// Which image is meant.
    Name,
    /// The network between node and registry.
    Network,
    /// The certificates.
    Trust,
    /// The node.
    NodeItself,
    /// Time.
    Wait,
    /// The ServiceAccount.
    Account,
    /// The event that has the cause.
    Event,
    /// The architecture.
    Platform,
}

/// The more exact a rule, the further up it stands.
const RULES: &[Rule] = &[
    Rule {
        all: &["Unable to retrieve some image pull secrets"],
        rung: 4,
        next: Next::Secrets,
        meaning: "Secrets that the Pod names do not exist in its namespace, or cannot be read; the pull goes on without them (P10)",
    },
    Rule {
        all: &["error looking up service account"],
        rung: 3,
        next: Next::Account,
        meaning: "the API server refuses the Pod, because its ServiceAccount does not exist in its namespace (P4)",
    },
    Rule {
        all: &["couldn't parse image name"],
        rung: 1,
        next: Next::Spelling,
        meaning: "the image's name is no image name; nothing was asked of any registry (P16)",
    },
    Rule {
        all: &["failed to parse image reference"],
        rung: 1,
        next: Next::Spelling,
        meaning: "the runtime does not understand the image's name (R32)",
    },
    Rule {
        all: &[words::INVALID_IMAGE_NAME],
        rung: 1,
        next: Next::Spelling,
        meaning: "the image's name is no image name; nothing was asked of any registry (P16)",
    },
    Rule {
        all: &["is not present with pull policy of Never"],
        rung: 2,
        next: Next::NodeItself,
        meaning: "the policy is `Never`, and the node does not have the image, or not for this Pod (P19, P21)",
    },
    Rule {
        all: &[words::ERR_IMAGE_NEVER_PULL],
        rung: 2,
        next: Next::NodeItself,
        meaning: "the policy is `Never`, and the node does not have the image, or not for this Pod (P19, P21)",
    },
    Rule {
        all: &["Failed to inspect image"],
        rung: 2,
        next: Next::NodeItself,
        meaning: "the node's runtime could not say whether it has the image (P18)",
    },
    Rule {
        all: &["pull QPS exceeded"],
        rung: 8,
        next: Next::Wait,
        meaning: "the node starts more pulls than its limit (registryPullQPS) and put this one off (P27)",
    },
    Rule {
        all: &[registry::ECR_TOKEN_EXPIRED],
        rung: 7,
        next: Next::Login,
        meaning: "the ECR token is older than 12 hours (E4, E7)",
    },
    Rule {
        all: &["Your Authorization Token has expired"],
        rung: 7,
        next: Next::Login,
        meaning: "the ECR token is older than 12 hours (E4, E7)",
    },
    Rule {
        all: &["is not authorized to perform: ecr:"],
        rung: 7,
        next: Next::Login,
        meaning: "the token is good, and IAM does not let its owner do this (E13 to E15)",
    },
    Rule {
        all: &["toomanyrequests"],
        rung: 7,
        next: Next::Wait,
        meaning: "the registry's limit of pulls is used up; without a login it counts for the whole address",
    },
    Rule {
        all: &["429 Too Many Requests"],
        rung: 7,
        next: Next::Wait,
        meaning: "the registry's limit of pulls is used up; without a login it counts for the whole address",
    },
    Rule {
        all: &["no basic auth credentials"],
        rung: 5,
        next: Next::Secrets,
        meaning: "the registry asked for a login and the node had none to send: no Secret that counts, none with an entry for this host, or one without user or password (R3, R26)",
    },
    Rule {
        all: &["failed to fetch anonymous token"],
        rung: 5,
        next: Next::Secrets,
        meaning: "the node asked the registry's token service without a login, and got nothing: no Secret has an entry for this host (R25)",
    },
    Rule {
        all: &["failed to fetch oauth token", "401 Unauthorized"],
        rung: 7,
        next: Next::Login,
        meaning: "a login was sent, and the registry's token service does not take it: wrong, expired or revoked (R25)",
    },
    Rule {
        all: &["failed to fetch oauth token", "403 Forbidden"],
        rung: 7,
        next: Next::Login,
        meaning: "a login was sent, and the registry's token service denies it: expired, revoked, or without the right to read this package (R25)",
    },
    Rule {
        all: &["failed to fetch oauth token"],
        rung: 7,
        next: Next::Login,
        meaning: "a login was sent, and the registry's token service did not give a token for it (R25)",
    },
    Rule {
        all: &["insufficient_scope"],
        rung: 7,
        next: Next::Login,
        meaning: "the registry knows no such repository, or does not let this login (or nobody without one) see it; it says the same for both (R26)",
    },
    Rule {
        all: &["invalid_token", "authorization failed"],
        rung: 7,
        next: Next::Login,
        meaning: "the registry does not take the token that its own token service gave (R26)",
    },
    Rule {
        all: &["failed to get credentials for"],
        rung: 4,
        next: Next::Secrets,
        meaning: "the `auth` field of the credential cannot be decoded by the runtime (R33)",
    },
    Rule {
        all: &["403 Forbidden"],
        rung: 7,
        next: Next::Login,
        meaning: "a login was sent and refused: on ECR an expired token or a missing IAM right, elsewhere a missing right; containerd before 2.3.3 does not print which (R24, E8)",
    },
    Rule {
        all: &["401 Unauthorized"],
        rung: 7,
        next: Next::Login,
        meaning: "a login was sent and the registry does not take it: wrong password or robot, or a line break at its end (R28)",
    },
    Rule {
        all: &["400 Bad Request"],
        rung: 7,
        next: Next::Login,
        meaning: "the registry cannot read the login: on ECR a token that is cut, has a line break at its end, or comes from another region (E6)",
    },
    Rule {
        all: &["no match for platform in manifest"],
        rung: 7,
        next: Next::Platform,
        meaning: "the image has no variant for the node's architecture (R30)",
    },
    Rule {
        all: &["no matching manifest for"],
        rung: 7,
        next: Next::Platform,
        meaning: "the image has no variant for the node's architecture",
    },
    Rule {
        all: &["could not fetch content descriptor", "not found"],
        rung: 7,
        next: Next::Name,
        meaning: "the image's manifest is there and one of its layers is not (R31)",
    },
    Rule {
        all: &["unexpected commit digest"],
        rung: 7,
        next: Next::Network,
        meaning: "a layer came over the wire damaged (R31)",
    },
    Rule {
        all: &["no such host"],
        rung: 7,
        next: Next::Network,
        meaning: "the node's name server does not know the registry's host (R29)",
    },
    Rule {
        all: &["server misbehaving"],
        rung: 7,
        next: Next::Network,
        meaning: "the node's name server failed (R29)",
    },
    Rule {
        all: &["connection refused"],
        rung: 7,
        next: Next::Network,
        meaning: "nobody listens at the registry's address (R29)",
    },
    Rule {
        all: &["no route to host"],
        rung: 7,
        next: Next::Network,
        meaning: "there is no way from the node to the registry (R29)",
    },
    Rule {
        all: &["network is unreachable"],
        rung: 7,
        next: Next::Network,
        meaning: "there is no way from the node to the registry (R29)",
    },
    Rule {
        all: &["i/o timeout"],
        rung: 7,
        next: Next::Network,
        meaning: "the registry, or the name server, did not answer in time (R12, R29)",
    },
    Rule {
        all: &["context deadline exceeded"],
        rung: 7,
        next: Next::Network,
        meaning: "the registry did not answer in time (R12)",
    },
    Rule {
        all: &["certificate signed by unknown authority"],
        rung: 7,
        next: Next::Trust,
        meaning: "the node does not trust who signed the registry's certificate (R29)",
    },
    Rule {
        all: &["certificate has expired"],
        rung: 7,
        next: Next::Trust,
        meaning: "the registry's certificate has expired, or the node's clock is wrong (R29)",
    },
    Rule {
        all: &["certificate is valid for"],
        rung: 7,
        next: Next::Trust,
        meaning: "the registry's certificate is for another name (R29)",
    },
    Rule {
        all: &["first record does not look like a TLS handshake"],
        rung: 7,
        next: Next::Trust,
        meaning: "the registry speaks plain HTTP and the node wants TLS (R29)",
    },
    Rule {
        all: &["server gave HTTP response to HTTPS client"],
        rung: 7,
        next: Next::Trust,
        meaning: "the registry speaks plain HTTP and the node wants TLS (R29)",
    },
    Rule {
        all: &["Client sent an HTTP request to an HTTPS server"],
        rung: 7,
        next: Next::Trust,
        meaning: "the node is told to speak plain HTTP, and the registry wants TLS (R29)",
    },
    Rule {
        all: &["RegistryUnavailable"],
        rung: 8,
        next: Next::Network,
        meaning: "the runtime calls the registry unavailable (P24)",
    },
    Rule {
        all: &["SignatureValidationFailed"],
        rung: 8,
        next: Next::Trust,
        meaning: "the image's signature does not satisfy the node's policy (P24)",
    },
    Rule {
        all: &["signature validation failed"],
        rung: 8,
        next: Next::Trust,
        meaning: "the image's signature does not satisfy the node's policy (P24)",
    },
    Rule {
        all: &["unauthorized: authentication required"],
        rung: 7,
        next: Next::Login,
        meaning: "the registry wants a login, or does not take the one it got",
    },
    Rule {
        all: &["may require 'docker login'"],
        rung: 7,
        next: Next::Login,
        meaning: "the registry knows no such repository, or does not let this login see it",
    },
    Rule {
        all: &["unable to retrieve auth token: invalid username/password"],
        rung: 7,
        next: Next::Login,
        meaning: "a login was sent, and the registry's token service does not take it",
    },
    Rule {
        all: &["Requesting bearer token: invalid status code from registry"],
        rung: 7,
        next: Next::Login,
        meaning: "the registry's token service gave no token: the login is expired, revoked or without rights, or there was none",
    },
    Rule {
        all: &["requested access to the resource is denied"],
        rung: 7,
        next: Next::Login,
        meaning: "the registry knows no such repository, or does not let this login see it",
    },
    Rule {
        all: &["manifest unknown"],
        rung: 7,
        next: Next::Name,
        meaning: "the repository has no such tag or digest",
    },
    Rule {
        all: &["name unknown"],
        rung: 7,
        next: Next::Name,
        meaning: "the registry has no such repository",
    },
    Rule {
        all: &["failed to", ": not found"],
        rung: 7,
        next: Next::Name,
        meaning: "the registry has no such tag, digest or repository; the message is the same for all of them (R27)",
    },
    Rule {
        all: &["code = NotFound"],
        rung: 7,
        next: Next::Name,
        meaning: "the registry has no such tag, digest or repository; the message is the same for all of them (R27)",
    },
    Rule {
        all: &["illegal base64 data at input byte"],
        rung: 4,
        next: Next::Secrets,
        meaning: "a pull secret of the Pod has an `auth` that is not base64, which ends the look-up for every image of the Pod; there is no back-off (P22, P29)",
    },
    Rule {
        all: &["unable to parse auth field, must be formatted as base64(username:password)"],
        rung: 4,
        next: Next::Secrets,
        meaning: "a pull secret of the Pod has an `auth` without a colon in it, which ends the look-up for every image of the Pod; there is no back-off (P22, P29)",
    },
    Rule {
        all: &["json: cannot unmarshal"],
        rung: 4,
        next: Next::Secrets,
        meaning: "a pull secret of the Pod is not a docker config, which ends the look-up for every image of the Pod (P22, P29)",
    },
    Rule {
        all: &["unexpected end of JSON input"],
        rung: 4,
        next: Next::Secrets,
        meaning: "a pull secret of the Pod is broken JSON, which ends the look-up for every image of the Pod (P22, P29)",
    },
    Rule {
        all: &["no space left on device"],
        rung: 7,
        next: Next::NodeItself,
        meaning: "the node's disk is full",
    },
    Rule {
        all: &["Back-off pulling image"],
        rung: 8,
        next: Next::Event,
        meaning: "the node holds the next try back, up to 5 minutes; the cause is in the `Failed` event before it (P23, P36)",
    },
    Rule {
        all: &[words::IMAGE_PULL_BACK_OFF],
        rung: 8,
        next: Next::Event,
        meaning: "a pull failed, and the node holds the next try back, up to 5 minutes; the cause is in the `Failed` event before it (P23, P36)",
    },
    Rule {
        all: &[words::ERR_IMAGE_PULL],
        rung: 8,
        next: Next::Event,
        meaning: "a pull failed; the cause is in the `Failed` event, `Failed to pull image …` (P24)",
    },
    Rule {
        all: &["failed to pull"],
        rung: 7,
        next: Next::Event,
        meaning: "the pull failed for a reason that is not known here",
    },
    Rule {
        all: &["Failed to pull image"],
        rung: 7,
        next: Next::Event,
        meaning: "the pull failed for a reason that is not known here",
    },
];

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
        meaning = "Quay answers like this to a pull without a login too: either none was sent, or the registry does not take the one it got (R28)".to_owned();
    }
    Some(Meaning {
        rank,
        image,
        words: shown_words(text, rule.all),
        rung: rule.rung,
        meaning,
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
    let namespace = if facts.namespace.is_empty() { "NAMESPACE" } else { facts.namespace };
    let pod = facts.pod.unwrap_or("POD");
    let family = host.map_or(Family::Other, Family::of);
    let host = host.unwrap_or("the registry");
    let list = format!(
        "kubectl get pod {pod} -n {namespace} -o jsonpath='{{.spec.serviceAccountName}} {{.spec.imagePullSecrets}}'"
    );
    let steps: Vec<String> = match next {
        Next::Secrets => {
            let named = text
                .split_once("image pull secrets (")
                .and_then(|(_, rest)| rest.split_once(')'))
                .map(|(names, _)| names.replace(", ", " "));
            match named {
                Some(names) => vec![
                    format!("kubectl get secret {} -n {namespace}", short(&names)),
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

//! The words that texts are known by. The sentences are facts of Kubernetes, containerd and the registries, with the
//! rules that have their sources; what they mean is said in our words.

use pullpath_model::message::{kubelet as words, registry};

/// A rule: words that all stand in a text, the rung, the meaning.
pub(super) struct Rule {
    pub(super) all: &'static [&'static str],
    pub(super) rung: u8,
    pub(super) meaning: &'static str,
    pub(super) next: Next,
}

/// What to look at next.
#[derive(Clone, Copy)]
pub(super) enum Next {
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
pub(super) const RULES: &[Rule] = &[
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

//! The words that messages are known by, and what they mean, in plain words.

use crate::ordered;

/// Some words of a message and what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    /// The words, as Kubernetes, containerd or a registry writes them.
    pub words: &'static str,
    /// What they mean.
    pub means: &'static str,
}

/// Longer ones stand before those that they contain. Sources are those of the sentences beside it.
const PHRASES: [Phrase; 50] = [
    of(
        "Unable to retrieve some image pull secrets",
        "The kubelet looked for Secrets that the Pod names and did not find all of them.",
    ),
    of("Failed to apply default image tag", "The kubelet could not read the image's name."),
    of(
        "Failed to inspect image",
        "The kubelet asked the runtime whether the image is there, and got an error.",
    ),
    of(
        "is not present with pull policy of Never",
        "The policy forbids pulling, and there is nothing on the node that may be used.",
    ),
    of("pull QPS exceeded", "The kubelet's own limit of pulls a second."),
    of("illegal base64 data at input byte", "Something in a Secret should be base64 and is not."),
    of(
        "unable to parse auth field, must be formatted as base64(username:password)",
        "The `auth` of a Secret decodes, and has no colon in it.",
    ),
    of("Back-off pulling image", "The kubelet waits before the next try. This is not the cause."),
    of(
        "Failed to pull image",
        "The kubelet's event for a pull that failed. What follows is the runtime's.",
    ),
    of(
        "code = NotFound",
        "The runtime's word for an answer of 404, or for content that is missing. It comes before the sentence.",
    ),
    of("code = DeadlineExceeded", "The runtime's word for a time that ran out."),
    of(
        "code = Unknown",
        "The runtime's word for all other failures; kubelets print it up to 1.27.",
    ),
    of(
        "failed to pull and unpack image",
        "containerd could not bring this image into the node's store.",
    ),
    of(
        "failed to resolve reference",
        "It got no answer to its first question: which content does this name stand for?",
    ),
    of(
        "failed to resolve image",
        "It got no answer to its first question: which content does this name stand for?",
    ),
    of(
        "get image config descriptor",
        "It has the image's index, and looks for what fits the node.",
    ),
    of(
        "failed to copy: httpReadSeeker: failed open",
        "The name was resolved. Fetching a part of the image failed.",
    ),
    of(
        "failed to do request",
        "There was no answer at all: what follows is of the network or of TLS, and no registry has looked at a password.",
    ),
    of(
        "failed to authorize",
        "The registry asked for a token of its token server, and that is where it failed.",
    ),
    of(
        "failed to fetch anonymous token",
        "The token server was asked without a login: no credential was there to be sent.",
    ),
    of("failed to fetch oauth token", "The token server was asked with a login."),
    of(
        "pull access denied, repository does not exist or may require authorization",
        "containerd's sentence for a registry that asks who you are and is not satisfied. Registries say the same of a repository that does not exist.",
    ),
    of(
        "no basic auth credentials",
        "User name and password were asked for, and there were none to send for this host.",
    ),
    of("insufficient_scope", "The token was good, and not for this repository."),
    of("invalid_token", "The registry did not take the token that its own token server had given."),
    of(
        "unexpected status from HEAD request to",
        "The question was a HEAD, whose answer has no body: the registry's reason is not in it.",
    ),
    of("unexpected status from GET request to", "The registry's answer to a GET."),
    of(
        "unexpected status code",
        "The registry's answer to a GET, as containerd before 2.1.3 words it.",
    ),
    of("failed with status code", "The registry's answer, as containerd up to 1.6.24 words it."),
    of(
        "400 Bad Request",
        "The registry cannot read what it was sent: on ECR a token that is cut, or of another region.",
    ),
    of("401 Unauthorized", "The registry does not know who asks, or does not take the login."),
    of(
        "403 Forbidden",
        "The registry knows the login, and refuses: on ECR a token that is too old reads just so.",
    ),
    of("404 Not Found", "There is no such thing there, or not for this login."),
    of("429 Too Many Requests", "Too many pulls."),
    of("503 Service Unavailable", "The registry is there, and does not work."),
    of("toomanyrequests:", "The registry's own words about its limit follow."),
    of(
        "denied:",
        "The registry's own reason follows. Only containerd 2.3.3 and later asks for it.",
    ),
    of(
        "no match for platform in manifest",
        "The image was not built for the node's operating system and architecture.",
    ),
    of(
        "could not fetch content descriptor",
        "A part that the manifest names is not at the registry.",
    ),
    of("unexpected commit digest", "What came is not what the digest says."),
    of("no such host", "The name server knows no such name."),
    of("server misbehaving", "The name server answered with an error."),
    of("connection refused", "The address was reached, and nobody listens on the port."),
    of("no route to host", "No way leads to the address."),
    of("network is unreachable", "The node has no way out at all."),
    of("i/o timeout", "Nothing came back in time."),
    of(
        "x509: certificate signed by unknown authority",
        "The node does not trust who signed the certificate.",
    ),
    of("x509: certificate is valid for", "The certificate names other hosts."),
    of("x509: certificate has expired or is not yet valid", "The certificate's time is over."),
    of("first record does not look like a TLS handshake", "The other side does not speak TLS."),
];

const fn of(words: &'static str, means: &'static str) -> Phrase {
    Phrase { words, means }
}

/// The pieces that are known, in the order in which they stand. They are told in our words: nothing of the message
/// itself comes back, which may hold anything.
pub fn phrases(message: &str) -> Vec<Phrase> {
    let mut found: Vec<(usize, Phrase)> =
        PHRASES.iter().filter_map(|phrase| Some((message.find(phrase.words)?, *phrase))).collect();
    // A message may say itself twice, once for each credential.
    ordered::sort_by_key(&mut found, |(at, _)| *at);
    found.into_iter().map(|(_, phrase)| phrase).collect()
}

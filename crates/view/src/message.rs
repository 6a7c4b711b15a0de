//! What a message means: its words, what brings it about, how it reads elsewhere.

use serde::{Deserialize, Serialize};

/// What a pasted message means.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meaning {
    /// Words that are known, in order, each with what they say.
    pub phrases: Vec<(String, String)>,
    /// What brings it about. With several, the message does not tell them apart.
    pub causes: Vec<Possible>,
    /// What else is to be read from it: which kubelet wrote it.
    pub note: Option<String>,
}

/// Something that brings a message about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Possible {
    /// As a sentence.
    pub what: String,
    /// At which registries: `Docker Hub, Harbor`; empty where it makes no difference.
    pub registries: String,
    /// With which runtimes: `containerd 2.1.0 to 2.3.2`; empty where it makes no difference.
    pub runtimes: String,
    /// What to look at next.
    pub next: String,
    /// How it reads with other runtimes: which, and the text.
    pub elsewhere: Vec<(String, String)>,
}

/// The message of a pull, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// Word for word.
    pub text: String,
    /// Who wrote it: `containerd 2.1.4, the kubelet 1.35`.
    pub writer: String,
    /// Words that are known, in order, each with what they say.
    pub phrases: Vec<(String, String)>,
    /// How the same pull reads with other runtimes: which, and the text.
    pub elsewhere: Vec<(String, String)>,
}

//! What comes out: typed, complete, and without any secret in it. How it is shown is the business of `text` and `sarif`.

use serde::Serialize;

use crate::moment::Moment;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The moment that the answer is about.
    pub now: Moment,
    /// What was taken for granted, because the input does not say it.
    pub assumptions: Vec<String>,
    /// Every container image, the worst first.
    pub images: Vec<Image>,
    /// What error texts of the input mean, where they belong to no image above.
    pub messages: Vec<Reading>,
    /// Mistakes and warnings, in the order of files and places.
    pub findings: Vec<Finding>,
    /// What could not be read at all; the rest of the report is about the other inputs.
    pub unreadable: Vec<Finding>,
}

/// Whether an image pulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It does not, for a reason that can be shown.
    WillNotPull,
    /// The input does not decide it.
    Unknown,
    /// Everything that the input says is in order.
    Pulls,
}

impl Verdict {
    /// As a sentence has it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::WillNotPull => "will not pull",
            Self::Unknown => "unknown",
            Self::Pulls => "pulls",
        }
    }
}

/// One image of one container, for all Pods and templates for which the answer is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Whose container it is: `Deployment payments/payment-api`.
    pub subjects: Vec<String>,
    /// The container's name.
    pub container: String,
    /// `container`, `init container` or `ephemeral container`.
    pub container_kind: &'static str,
    /// The image as written.
    pub image: String,
    /// The image as understood, unless it is no image name.
    pub normalized: Option<String>,
    /// Whose registry that is.
    pub registry: Option<&'static str>,
    /// When it is pulled.
    pub policy: Option<Policy>,
    /// Where it is written.
    pub place: Place,
    /// The answer.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// What would make the answer wrong, if it were so.
    pub unless: Option<String>,
    /// Until when the credential holds that makes it pull.
    pub until: Option<Until>,
    /// Whose list of pull secrets counts.
    pub list: String,
    /// The credentials in the order in which they are tried, and the Secrets that give none.
    pub credentials: Vec<Credential>,
    /// What the node itself adds to them.
    pub node: String,
    /// What the cluster said about it.
    pub seen: Option<Reading>,
    /// The command that settles what is unknown.
    pub settle: Option<String>,
}

/// A pull policy, and whether it was written or filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// `Always`, `IfNotPresent`, `Never`.
    pub name: &'static str,
    /// Whether the API server fills it in.
    pub defaulted: bool,
}

/// The end of a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Until {
    /// The moment.
    pub at: Moment,
    /// Whether the token does not say it itself.
    pub estimate: bool,
    /// Who says it, or what the estimate rests on.
    pub basis: String,
}

/// A credential that is tried, or a source that has none to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// `Secret payments/ecr-pull-secret`
    pub source: String,
    /// The key of the entry, without any login that is written into it.
    pub key: Option<String>,
    /// What kind of login it is.
    pub login: Option<&'static str>,
    /// Whether it is offered to the registry.
    pub tried: bool,
    /// What is to be said about it.
    pub note: String,
    /// Its end.
    pub until: Option<Until>,
}

/// What an error text means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Where it stands.
    pub place: Place,
    /// How often it was found.
    pub count: u32,
    /// What it is about, as far as the input says.
    pub subject: Option<String>,
    /// The words that it was known by.
    pub words: String,
    /// The rung of the why ladder that it is about, 1 to 8.
    pub rung: u8,
    /// What it means.
    pub meaning: String,
    /// Which runtime or kubelet writes it like this.
    pub written_by: Option<String>,
    /// What to look at next, the first thing first.
    pub next: Vec<String>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A mistake.
    Error,
    /// Worth a second look.
    Warning,
}

/// A mistake at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// For machines: `secret-type`. Codes do not change their meaning.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What is wrong, in one phrase.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

/// A place in an input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The input's name.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in UTF-16 units.
    pub column: u32,
    /// The line of its end.
    pub end_line: u32,
    /// The column of its end.
    pub end_column: u32,
    /// The source line as far as it can be shown, and how many characters stand before the carets and under them.
    pub quote: Option<Quote>,
}

/// A source line in which nothing secret is left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Quote {
    /// The line.
    pub line: String,
    /// Characters before the place.
    pub before: u32,
    /// Characters of the place.
    pub width: u32,
}

impl Report {
    /// Whether something will not pull or says that it did not, or a mistake was proved.
    pub fn has_failures(&self) -> bool {
        let stops = |image: &Image| image.verdict == Verdict::WillNotPull;
        let error = |finding: &Finding| finding.severity == Severity::Error;
        self.images.iter().any(stops)
            || self.findings.iter().any(error)
            || !self.messages.is_empty()
    }

    /// Whether the input leaves it open for some image.
    pub fn has_unknown(&self) -> bool {
        self.count(Verdict::Unknown) > 0
    }

    /// How many images have a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.images.iter().filter(|image| image.verdict == verdict).count()
    }
}

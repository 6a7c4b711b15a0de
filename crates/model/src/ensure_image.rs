//! What the kubelet decides for one start of a container: use the image that is there, pull, hold back, or fail
//! (P16–P26; kubernetes v1.35.6 pkg/kubelet/images/image_manager.go EnsureImageExists).
//!
//! The decision is a function of a [`Question`] and of answers that it asks for one by one, since some questions cost a
//! request and must not be asked too early. The kubelet of a cluster answers from its node; a test answers from a table.
//!
//! ```
//! use pullpath_model::ensure_image::{Answers, Decision, LookUpOrder, Question, decide, pull_failure};
//! use pullpath_model::pull_policy::PullPolicy;
//!
//! struct Empty;
//! impl Answers for Empty {
//!     fn image_status(&mut self) -> Result<bool, String> { Ok(false) }
//!     fn must_pull(&mut self) -> Result<bool, String> { Ok(true) }
//!     fn look_up(&mut self) -> Result<(), String> { Ok(()) }
//!     fn is_held_back(&mut self) -> bool { false }
//! }
//! let question = Question {
//!     image: "nginx",
//!     name_error: None,
//!     policy: PullPolicy::IfNotPresent,
//!     ensures_secret_pulled_images: true,
//!     look_up: LookUpOrder::WhenNeeded,
//! };
//! let decision = decide(&question, &mut Empty);
//! assert_eq!(decision, Decision::Pull);
//! assert_eq!(decision.events(&question)[0].1, "Pulling image \"nginx\"");
//! // Each credential was tried, and all were refused:
//! let failure = pull_failure("nginx", &["401 A".into(), "401 B".into()]);
//! assert_eq!(failure.message, "[401 A, 401 B]");
//! ```

use crate::event::Reason;
use crate::message::kubelet as words;
use crate::pull_policy::PullPolicy;
use crate::world::Version;

/// What is to be decided.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The image as written.
    pub image: &'a str,
    /// Why its name does not parse, if it does not: [`crate::image::ImageError::about`].
    pub name_error: Option<&'a str>,
    /// The policy that the container was stored with.
    pub policy: PullPolicy,
    /// Whether a present image is the Pod's only with the right credential (KEP-2535, `KubeletEnsureSecretPulledImages`).
    pub ensures_secret_pulled_images: bool,
    /// When credentials are looked up.
    pub look_up: LookUpOrder,
}

/// When credentials are looked up, by release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUpOrder {
    /// From 1.35: when a record needs comparing or a pull is due, before the back-off is asked (P22).
    WhenNeeded,
    /// 1.33 and 1.34: for every image, unless it is present and the feature is off.
    BeforeAll,
    /// To 1.32: inside the pull, behind the back-off; a look-up that fails is a failed pull.
    WithinPull,
}

impl LookUpOrder {
    /// That of a release of Kubernetes.
    pub const fn of(kubernetes: Version) -> Self {
        match kubernetes.minor {
            ..=32 => Self::WithinPull,
            33 | 34 => Self::BeforeAll,
            35.. => Self::WhenNeeded,
        }
    }
}

/// Who knows what the decision depends on. Each is asked at most once, in the kubelet's order.
pub trait Answers {
    /// Whether the runtime has the image, or why it cannot say (P18).
    fn image_status(&mut self) -> Result<bool, String>;
    /// Whether a present image must be pulled all the same (P48; [`crate::pull_record::must_pull`]). The error is that
    /// of a look-up of credentials.
    fn must_pull(&mut self) -> Result<bool, String>;
    /// Looks up the credentials for the image, once however often it is wanted; the error ends the attempt (P22).
    fn look_up(&mut self) -> Result<(), String>;
    /// Whether back-off holds the pull back (P23).
    fn is_held_back(&mut self) -> bool;
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The name does not parse (P16).
    InvalidName { why: String },
    /// The runtime cannot say whether the image is there (P18).
    InspectFailed { error: String },
    /// Policy Never, and the image is absent or not this Pod's (P19, P21).
    NeverPull,
    /// The image is there and this Pod's (P20).
    Present,
    /// Looking up credentials failed (P22).
    LookUpFailed { error: String },
    /// Back-off holds the pull back (P23).
    HeldBack,
    /// The image is to be pulled (P24).
    Pull,
}

/// Why a container waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The waiting reason.
    pub reason: String,
    /// The waiting message.
    pub message: String,
}

/// A pull that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullFailure {
    /// The text behind `Failed to pull image "…": ` (P25).
    pub error: String,
    /// The waiting reason that follows from how the text begins (P24).
    pub reason: &'static str,
    /// The waiting message.
    pub message: String,
}

/// Decides.
pub fn decide(question: &Question<'_>, answers: &mut dyn Answers) -> Decision {
    match decision(question, answers) {
        Ok(decision) => decision,
        Err(error) => Decision::LookUpFailed { error },
    }
}

/// The error is that of a look-up of credentials.
fn decision(question: &Question<'_>, answers: &mut dyn Answers) -> Result<Decision, String> {
    if let Some(why) = question.name_error {
        return Ok(Decision::InvalidName { why: why.to_owned() });
    }
    // P17: with Always, nobody asks the runtime.
    let present = question.policy != PullPolicy::Always
        && match answers.image_status() {
            Ok(present) => present,
            Err(error) => return Ok(Decision::InspectFailed { error }),
        };
    if !present && question.policy == PullPolicy::Never {
        return Ok(Decision::NeverPull);
    }
    if present && !question.ensures_secret_pulled_images {
        return Ok(Decision::Present);
    }
    if question.look_up == LookUpOrder::BeforeAll {
        answers.look_up()?;
    }
    if present && !answers.must_pull()? {
        return Ok(Decision::Present);
    }
    if question.policy == PullPolicy::Never {
        // The image is there and not this Pod's; the message does not reveal it.
        return Ok(Decision::NeverPull);
    }
    if question.look_up == LookUpOrder::WhenNeeded {
        answers.look_up()?;
    }
    Ok(if answers.is_held_back() { Decision::HeldBack } else { Decision::Pull })
}

impl Decision {
    /// Why the container waits from now on; `None` if it may be created, or if a pull will tell. `previous` is why the
    /// last pull of the image failed, for a pull that is held back.
    pub fn failure(&self, image: &str, previous: Option<&Failure>) -> Option<Failure> {
        let (reason, message) = match self {
            Self::Present | Self::Pull => return None,
            Self::InvalidName { why } => {
                (words::INVALID_IMAGE_NAME, words::invalid_name(image, why))
            }
            Self::InspectFailed { error } => {
                (words::IMAGE_INSPECT_ERROR, words::inspect_failed(error))
            }
            Self::NeverPull => (words::ERR_IMAGE_NEVER_PULL, words::never(image)),
            Self::LookUpFailed { error } => (error.as_str(), error.clone()),
            Self::HeldBack => (
                words::IMAGE_PULL_BACK_OFF,
                match previous {
                    Some(Failure { reason, message }) => {
                        words::back_off_waiting(image, reason, message)
                    }
                    None => words::back_off(image),
                },
            ),
        };
        Some(Failure { reason: reason.to_owned(), message })
    }

    /// The events that the decision itself is told by, in order. What comes of a pull is told when it ends.
    pub fn events(&self, question: &Question<'_>) -> Vec<(Reason, String)> {
        let image = question.image;
        let told = match self {
            Self::InvalidName { why } => {
                Some((Reason::InspectFailed, words::invalid_name(image, why)))
            }
            Self::InspectFailed { error } => {
                Some((Reason::InspectFailed, words::inspect_failed(error)))
            }
            Self::NeverPull => Some((Reason::ErrImageNeverPull, words::never(image))),
            Self::Present if question.ensures_secret_pulled_images => {
                Some((Reason::Pulled, words::present_and_accessible(image)))
            }
            Self::Present => Some((Reason::Pulled, words::present(image))),
            Self::LookUpFailed { .. } => None,
            Self::HeldBack => Some((Reason::BackOff, words::back_off(image))),
            Self::Pull => Some((Reason::Pulling, words::pulling(image))),
        };
        // The second one is that of the container's start (P12).
        let failed = self
            .failure(image, None)
            .map(|failure| (Reason::Failed, words::error(&failure.reason)));
        told.into_iter().chain(failed).collect()
    }
}

/// What a pull that failed comes to, from the text of each try (P24, P25).
pub fn pull_failure(image: &str, errors: &[String]) -> PullFailure {
    let error = joined(errors);
    let of = |begins: &'static str, because: &str| {
        let rest = error.strip_prefix(begins)?;
        Some((begins, words::pull_failed_because(image, because, rest)))
    };
    let (reason, message) = of(words::REGISTRY_UNAVAILABLE, "the registry is unavailable")
        .or_else(|| of(words::SIGNATURE_VALIDATION_FAILED, "the signature validation failed"))
        .unwrap_or_else(|| (words::ERR_IMAGE_PULL, error.clone()));
    PullFailure { error, reason, message }
}

impl PullFailure {
    /// The events that tell of it, in order.
    pub fn events(&self, image: &str) -> [(Reason, String); 2] {
        [
            (Reason::Failed, words::failed_to_pull(image, &self.error)),
            (Reason::Failed, words::error(self.reason)),
        ]
    }

    /// Why the container waits from now on.
    pub fn failure(&self) -> Failure {
        Failure { reason: self.reason.to_owned(), message: self.message.clone() }
    }
}

/// P25: one text stays as it is, several distinct ones stand in brackets (apimachinery pkg/util/errors aggregate).
fn joined(errors: &[String]) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for text in errors {
        if !texts.contains(&text.as_str()) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// P26: an error of the runtime as it reaches the kubelet's messages; only the code `Unknown` loses its prefix
/// (cri-client pkg/remote_image.go).
pub fn runtime_error(code: &str, message: &str) -> String {
    if code == "Unknown" {
        message.to_owned()
    } else {
        format!("rpc error: code = {code} desc = {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers as told, and writes down what was asked.
    struct Told {
        present: bool,
        must_pull: bool,
        keyring: Result<(), String>,
        held: bool,
        asked: Vec<&'static str>,
    }

    impl Answers for Told {
        fn image_status(&mut self) -> Result<bool, String> {
            self.asked.push("image");
            Ok(self.present)
        }
        fn must_pull(&mut self) -> Result<bool, String> {
            self.asked.push("record");
            Ok(self.must_pull)
        }
        fn look_up(&mut self) -> Result<(), String> {
            self.asked.push("keyring");
            self.keyring.clone()
        }
        fn is_held_back(&mut self) -> bool {
            self.asked.push("back-off");
            self.held
        }
    }

    #[track_caller]
    fn check(minor: u32, policy: PullPolicy, feature: bool, told: Told, want: &str) {
        let mut told = told;
        let question = Question {
            image: "x",
            name_error: None,
            policy,
            ensures_secret_pulled_images: feature,
            look_up: LookUpOrder::of(Version::new(1, minor, 0)),
        };
        let decision = decide(&question, &mut told);
        assert_eq!(format!("{} -> {decision:?}", told.asked.join(" ")), want);
    }

    fn told(present: bool, must_pull: bool, keyring: &str) -> Told {
        let keyring = if keyring.is_empty() { Ok(()) } else { Err(keyring.to_owned()) };
        Told { present, must_pull, keyring, held: true, asked: Vec::new() }
    }

    #[test]
    fn each_release_asks_in_its_own_order() {
        let broken = r#"LookUpFailed { error: "no" }"#;
        let present = PullPolicy::IfNotPresent;
        check(35, present, true, told(true, false, "no"), "image record -> Present");
        check(34, present, true, told(true, false, "no"), &format!("image keyring -> {broken}"));
        check(34, present, false, told(true, false, "no"), "image -> Present");
        check(
            35,
            PullPolicy::Always,
            true,
            told(true, true, "no"),
            &format!("keyring -> {broken}"),
        );
        check(32, PullPolicy::Always, false, told(true, true, "no"), "back-off -> HeldBack");
        check(35, PullPolicy::Never, true, told(true, true, ""), "image record -> NeverPull");
        check(35, PullPolicy::Never, true, told(false, true, ""), "image -> NeverPull");
    }
}

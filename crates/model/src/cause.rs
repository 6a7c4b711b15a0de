//! Why a container has no image, as one word: what the ladder names, a scenario's feedback tells apart, and a diagnosis
//! is held against.

use crate::pull::Refusal;

/// The first broken rung of the why ladder, said more precisely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Rung 1: the image's name does not parse (P16).
    ImageNameInvalid,
    /// Rung 2: the runtime cannot say whether the image is there (P18).
    InspectFailed,
    /// Rung 2: policy `Never`, and the image is not there or not this Pod's to use (P19, P21).
    NeverAndAbsent,
    /// Rung 3: the Pod names no pull secrets, and nothing else had a credential.
    NoSecretsNamed,
    /// Rung 4: a named Secret does not exist (P10).
    SecretMissing,
    /// Rung 4: a named Secret is not of a type that counts, or lacks the key that goes with it (P29).
    SecretIgnored,
    /// Rung 4: a Secret's value does not decode, which ends every look-up of the Pod (P29, P22).
    SecretUndecodable,
    /// Rung 5: no entry of the Secrets matches the image (P32).
    NoEntryMatches,
    /// Rung 6: the node's credential provider was asked, and could not provide (P53).
    ProviderFailed,
    /// Rung 7: the node's limit of pulls a second kept it from asking the registry (P27).
    PullThrottled,
    /// Rung 7: the registry did not give the image for the credentials it was shown, or for none.
    Refused(Refusal),
}

impl Cause {
    /// All of them, in the order of the rungs.
    pub const ALL: [Self; 22] = [
        Self::ImageNameInvalid,
        Self::InspectFailed,
        Self::NeverAndAbsent,
        Self::NoSecretsNamed,
        Self::SecretMissing,
        Self::SecretIgnored,
        Self::SecretUndecodable,
        Self::NoEntryMatches,
        Self::ProviderFailed,
        Self::PullThrottled,
        Self::Refused(Refusal::NoCredentials),
        Self::Refused(Refusal::TokenExpired),
        Self::Refused(Refusal::TokenInvalid),
        Self::Refused(Refusal::LoginRefused),
        Self::Refused(Refusal::NotAuthorized),
        Self::Refused(Refusal::NotFound),
        Self::Refused(Refusal::RateLimited),
        Self::Refused(Refusal::NoPlatform),
        Self::Refused(Refusal::Damaged),
        Self::Refused(Refusal::RegistryFailed),
        Self::Refused(Refusal::Untrusted),
        Self::Refused(Refusal::Unreachable),
    ];

    /// The word that scenario files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ImageNameInvalid => "image-name-invalid",
            Self::InspectFailed => "inspect-failed",
            Self::NeverAndAbsent => "never-and-absent",
            Self::NoSecretsNamed => "no-secrets-named",
            Self::SecretMissing => "secret-missing",
            Self::SecretIgnored => "secret-ignored",
            Self::SecretUndecodable => "secret-undecodable",
            Self::NoEntryMatches => "no-entry-matches",
            Self::ProviderFailed => "provider-failed",
            Self::PullThrottled => "pull-throttled",
            Self::Refused(Refusal::NoCredentials) => "no-credentials",
            Self::Refused(Refusal::TokenExpired) => "token-expired",
            Self::Refused(Refusal::TokenInvalid) => "token-invalid",
            Self::Refused(Refusal::LoginRefused) => "login-refused",
            Self::Refused(Refusal::NotAuthorized) => "not-authorized",
            Self::Refused(Refusal::NotFound) => "not-found",
            Self::Refused(Refusal::RateLimited) => "rate-limited",
            Self::Refused(Refusal::NoPlatform) => "no-platform",
            Self::Refused(Refusal::Damaged) => "image-damaged",
            Self::Refused(Refusal::RegistryFailed) => "registry-failed",
            Self::Refused(Refusal::Untrusted) => "untrusted",
            Self::Refused(Refusal::Unreachable) => "unreachable",
        }
    }

    /// The cause of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// The rung it stands on, 1 to 8.
    pub const fn rung(self) -> u8 {
        match self {
            Self::ImageNameInvalid => 1,
            Self::InspectFailed | Self::NeverAndAbsent => 2,
            Self::NoSecretsNamed => 3,
            Self::SecretMissing | Self::SecretIgnored | Self::SecretUndecodable => 4,
            Self::NoEntryMatches => 5,
            Self::ProviderFailed => 6,
            Self::PullThrottled | Self::Refused(_) => 7,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_causes_are_one_to_one_and_rungs_rise() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_name(cause.name()), Some(cause));
        }
        assert!(Cause::ALL.is_sorted_by_key(|cause| cause.rung()));
        assert_eq!(Cause::from_name("gremlins"), None);
    }
}

//! What a kubelet says when it does not start because its configuration is wrong (P47, P55). *Sources: kubernetes
//! pkg/kubelet/apis/config/validation/validation.go, pkg/credentialprovider/plugin/config.go, component-base
//! featuregate/feature_gate.go.*

use crate::world::Feature;

/// A pattern of `preloadedImagesVerificationAllowlist` that does not read; the error is that of the pattern.
pub fn bad_allowlist(error: &str) -> String {
    format!(
        "invalid configuration: invalid image pattern in `preloadedImagesVerificationAllowlist`: {error}"
    )
}

/// A list beside a policy that does not ask for one. The misspelling is the kubelet's.
pub const ALLOWLIST_UNUSED: &str = "invalid configuration: can't set `preloadedImagesVerificationAllowlist` if `imagePullCredentialsVertificationPolicy` is not \"NeverVerifyAllowlistedImages\"";

/// A setting of image verification in a kubelet that does not verify.
pub fn verification_is_off(setting: &str) -> String {
    let gate = Feature::KubeletEnsureSecretPulledImages.name();
    format!(
        "invalid configuration: `{setting}` must not be set if {gate} feature gate is not enabled"
    )
}

/// A number of pulls side by side where they wait for one another.
pub const PARALLEL_BUT_SERIAL: &str = "invalid configuration: maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false";

/// The threshold at which collecting images stops, against that at which it begins.
pub fn bad_gc_thresholds(low: u8, high: u8) -> String {
    format!(
        "invalid configuration: imageGCLowThresholdPercent (--image-gc-low-threshold) {low} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) {high}"
    )
}

/// A gate that the release does not have.
pub fn unknown_gate(gate: Feature) -> String {
    format!("unrecognized feature gate: {}", gate.name())
}

/// `tokenAttributes` of a provider where tokens are off.
pub fn no_token_attributes() -> String {
    let gate = Feature::KubeletServiceAccountTokenForCredentialProviders.name();
    format!(
        "providers.tokenAttributes: Forbidden: tokenAttributes is not supported when {gate} feature gate is disabled"
    )
}

/// Annotations that are asked of an account which need not be there.
pub const ANNOTATIONS_WITHOUT_ACCOUNT: &str = "providers.tokenAttributes.requiredServiceAccountAnnotationKeys: Forbidden: requireServiceAccount cannot be false when requiredServiceAccountAnnotationKeys is set";

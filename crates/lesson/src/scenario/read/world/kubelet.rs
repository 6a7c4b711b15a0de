//! A node's `kubelet:`, in the words of a KubeletConfiguration, and its `files:`.

use std::collections::BTreeMap;

use pullpath_model::credential::SecretText;
use pullpath_model::message::configuration as words;
use pullpath_model::pull_record::VerificationPolicy;
use pullpath_model::time::Span;
use pullpath_model::world::{Feature, Features, KubeletConfig, NODE_CONFIG_PATHS, Version};

use super::registries::texts;
use crate::diagnostic::one_of;
use crate::fields::{Fields, Node, short};

/// The code of what reads well, and stops a kubelet from starting.
pub(super) const REFUSED: &str = "kubelet-refuses";

/// What the fields of a KubeletConfiguration hold at most, as they are `int32`.
const MOST: u64 = i32::MAX as u64;

const POLICY: &str = "imagePullCredentialsVerificationPolicy";
const ALLOWLIST: &str = "preloadedImagesVerificationAllowlist";

/// The configuration of a kubelet of a release.
pub(super) fn config(node: &Node<'_>, release: Version) -> KubeletConfig {
    let default = KubeletConfig::default();
    let Some(fields) = node.map(&[
        "registryPullQPS",
        "registryBurst",
        "serializeImagePulls",
        "maxParallelImagePulls",
        POLICY,
        ALLOWLIST,
        "featureGates",
        "imageGCHighThresholdPercent",
        "imageGCLowThresholdPercent",
        "imageMinimumGCAge",
    ]) else {
        return default;
    };
    let whole = |name, least, most| fields.get(name).and_then(|node| node.whole(least, most));
    let percent = |name, default| whole(name, 0, 100).map_or(default, |percent: u64| percent as u8);
    let gates = fields.get("featureGates").map(|node| feature_gates(&node, release));
    let feature_gates = gates.unwrap_or_default();
    let parallel = whole("maxParallelImagePulls", 1, MOST).map(|number| number as u32);
    // One who says how many run side by side need not say that they do (v1beta1/defaults.go).
    let serial = fields.get("serializeImagePulls").and_then(|node| node.truth());
    if serial == Some(true)
        && parallel.is_some_and(|number| number > 1)
        && let Some(node) = fields.get("maxParallelImagePulls")
    {
        node.error(REFUSED, words::PARALLEL_BUT_SERIAL, "take one of the two away");
    }
    let high = percent("imageGCHighThresholdPercent", default.image_gc_high_threshold_percent);
    let low = percent("imageGCLowThresholdPercent", default.image_gc_low_threshold_percent);
    let threshold = fields
        .get("imageGCLowThresholdPercent")
        .or_else(|| fields.get("imageGCHighThresholdPercent"));
    if let Some(node) = threshold.filter(|_| low >= high) {
        let hint = "let the low one be less than the high one; they are 80 and 85 unless given";
        node.error(REFUSED, words::bad_gc_thresholds(low, high), hint);
    }
    let age = fields.get("imageMinimumGCAge").and_then(|node| {
        let age = node.duration()?;
        if age < Span::ZERO {
            node.error("bad-duration", "an age is not negative", "write it like `2m`");
        }
        Some(age)
    });
    let verifies = Features::of(release, &feature_gates).ensures_secret_pulled_images;
    KubeletConfig {
        registry_pull_qps: whole("registryPullQPS", 0, MOST)
            .map_or(default.registry_pull_qps, |number| number as u32),
        registry_burst: whole("registryBurst", 0, MOST)
            .map_or(default.registry_burst, |number| number as u32),
        serialize_image_pulls: serial.unwrap_or(parallel.is_none_or(|number| number < 2)),
        max_parallel_image_pulls: parallel,
        image_pull_credentials_verification_policy: policy(&fields, verifies),
        feature_gates,
        image_gc_high_threshold_percent: high,
        image_gc_low_threshold_percent: low,
        image_minimum_gc_age: age.unwrap_or(default.image_minimum_gc_age),
    }
}

fn feature_gates(node: &Node<'_>, release: Version) -> BTreeMap<Feature, bool> {
    let mut gates = BTreeMap::new();
    let Some(fields) = node.map(&Feature::ALL.map(Feature::name)) else { return gates };
    for feature in Feature::ALL {
        let Some(node) = fields.get(feature.name()) else { continue };
        if !feature.is_known_to(release) {
            let hint = format!("take it away: Kubernetes {release} came before it");
            node.error_at(REFUSED, node.key_span(), words::unknown_gate(feature), hint);
        }
        if let Some(on) = node.truth() {
            gates.insert(feature, on);
        }
    }
    gates
}

/// The policy and its list, which only one policy has (P47).
fn policy(fields: &Fields<'_>, verifies: bool) -> VerificationPolicy {
    let policy = fields.get(POLICY);
    let list = fields.get(ALLOWLIST);
    if !verifies {
        let gate = Feature::KubeletEnsureSecretPulledImages.name();
        let hint = format!("take it away, or switch `{gate}` on in `featureGates`, from 1.33 on");
        for (name, node) in [(POLICY, &policy), (ALLOWLIST, &list)] {
            if let Some(node) = node {
                node.error(REFUSED, words::verification_is_off(name), hint.as_str());
            }
        }
        return VerificationPolicy::default();
    }
    let name = match &policy {
        None => VerificationPolicy::default().name(),
        Some(node) => match node.known_word(&VerificationPolicy::NAMES) {
            Some(name) => name,
            // Told already; what the list should be is not known then.
            None => return VerificationPolicy::default(),
        },
    };
    let patterns = list.as_ref().map(texts).unwrap_or_default();
    let read = VerificationPolicy::new(name, &patterns);
    if let Some(list) = list {
        let takes_list =
            matches!(read, Ok(VerificationPolicy::NeverVerifyAllowlistedImages(_)) | Err(_));
        if !takes_list && !patterns.is_empty() {
            let hint = format!("write `{POLICY}: NeverVerifyAllowlistedImages`, or take it away");
            list.error(REFUSED, words::ALLOWLIST_UNUSED, hint);
        }
        // Each entry is told at its own place.
        for item in list.items() {
            let Some(Err(error)) = item
                .string()
                .filter(|_| takes_list)
                .map(|pattern| VerificationPolicy::new(name, &[pattern.to_owned()]))
            else {
                continue;
            };
            let hint = "write a whole repository, like `registry.example.com/base`, or `registry.example.com/base/*`";
            item.error(REFUSED, words::bad_allowlist(&error), hint);
        }
    }
    read.unwrap_or_default()
}

/// Docker config files of the node: path → text, or the map that its JSON is to hold.
pub(super) fn files(node: &Node<'_>) -> BTreeMap<String, SecretText> {
    let mut files = BTreeMap::new();
    for (path, node) in node.entries() {
        if !NODE_CONFIG_PATHS.contains(&path) {
            let message = format!("the kubelet reads no credentials from `{}`", short(path));
            let hint = format!("it reads {}", one_of(&NODE_CONFIG_PATHS));
            node.error_at("unknown-path", node.key_span(), message, hint);
        }
        let text = if node.is_map() {
            Some(node.value().to_string())
        } else {
            node.text().map(str::to_owned)
        };
        files.extend(text.map(|text| (path.to_owned(), SecretText::new(text))));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Sink;
    use crate::intake::{self, Profile};

    /// What is read from a `kubelet:` of 1.35, and the messages that come with it.
    fn read(text: &str) -> (KubeletConfig, Vec<String>) {
        let documents = intake::read("k.yaml", text, Profile::Authored).value.expect("YAML");
        let sink = Sink::new("k.yaml", 0);
        let config = config(&Node::root(&sink, &documents[0]), Version::new(1, 35, 0));
        let found = sink.into_found().into_iter().map(|found| found.message);
        (config, found.collect())
    }

    #[test]
    fn a_kubelet_can_be_told_with_all_it_has() {
        let (config, found) = read(
            "
registryPullQPS: 0
registryBurst: 1
maxParallelImagePulls: 3
imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages
preloadedImagesVerificationAllowlist: [registry.example.com/base/*]
featureGates: { KubeletServiceAccountTokenForCredentialProviders: false }
imageGCHighThresholdPercent: 70
imageGCLowThresholdPercent: 60
imageMinimumGCAge: 5m
",
        );
        assert_eq!(found, <[String; 0]>::default());
        let policy = config.image_pull_credentials_verification_policy.clone();
        assert!(!policy.verifies("registry.example.com/base/app:1", true));
        assert!(policy.verifies("registry.example.com/app:1", true));
        let gate = Feature::KubeletServiceAccountTokenForCredentialProviders;
        let want = KubeletConfig {
            registry_pull_qps: 0,
            registry_burst: 1,
            // As the kubelet takes it where only the number is given.
            serialize_image_pulls: false,
            max_parallel_image_pulls: Some(3),
            image_pull_credentials_verification_policy: policy,
            feature_gates: [(gate, false)].into(),
            image_gc_high_threshold_percent: 70,
            image_gc_low_threshold_percent: 60,
            image_minimum_gc_age: Span::minutes(5),
        };
        assert_eq!(config, want);
        assert_eq!(read("{}"), (KubeletConfig::default(), Vec::new()));
    }

    #[test]
    fn what_a_kubelet_refuses_is_told_in_its_words() {
        let check = |text: &str, want: &str| assert_eq!(read(text).1, [want], "{text}");
        let allowlist = |entry: &str| {
            format!("{{ {POLICY}: NeverVerifyAllowlistedImages, {ALLOWLIST}: [\"{entry}\"] }}")
        };
        check(
            &allowlist("registry.example.com/wl-tag:1.0"),
            "invalid configuration: invalid image pattern in `preloadedImagesVerificationAllowlist`: neither tag nor digest is accepted in an image reference: registry.example.com/wl-tag:1.0",
        );
        check(
            &allowlist("registry.example.com/*/app"),
            "invalid configuration: invalid image pattern in `preloadedImagesVerificationAllowlist`: not a valid wildcard pattern, only patterns ending with '/*' are allowed: registry.example.com/*/app",
        );
        check(
            &format!("{{ {ALLOWLIST}: [registry.example.com/base] }}"),
            "invalid configuration: can't set `preloadedImagesVerificationAllowlist` if `imagePullCredentialsVertificationPolicy` is not \"NeverVerifyAllowlistedImages\"",
        );
        check(
            &format!(
                "{{ {POLICY}: AlwaysVerify, featureGates: {{ KubeletEnsureSecretPulledImages: false }} }}"
            ),
            "invalid configuration: `imagePullCredentialsVerificationPolicy` must not be set if KubeletEnsureSecretPulledImages feature gate is not enabled",
        );
        check(
            "{ imageGCLowThresholdPercent: 90 }",
            "invalid configuration: imageGCLowThresholdPercent (--image-gc-low-threshold) 90 must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) 85",
        );
    }

    #[test]
    fn a_file_is_a_text_or_the_map_of_its_json() {
        let text = "
/root/.docker/config.json: { auths: { registry.example.com: { username: u, password: p } } }
/.dockercfg: not JSON
";
        let documents = intake::read("f.yaml", text, Profile::Authored).value.expect("YAML");
        let sink = Sink::new("f.yaml", 0);
        let files = files(&Node::root(&sink, &documents[0]));
        assert_eq!(sink.into_found(), []);
        let json = files["/root/.docker/config.json"].reveal().as_bytes();
        let entries = pullpath_model::docker_config::parse_config_json(json).expect("it decodes");
        assert_eq!(entries[0].key, "registry.example.com");
        assert_eq!(files["/.dockercfg"].reveal(), "not JSON");
    }
}

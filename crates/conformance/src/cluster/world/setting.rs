//! How the kubelet is set, in the words of a recording: `NAME VALUE`, several joined by `and`, `with` or commas.

use pullpath_model::world::{Feature, KubeletConfig};

use super::words::{span, words};
use crate::case::{NotPlayed, not_played};

/// The settings that are read together: a policy and its list are one.
#[derive(Debug, Default)]
pub(super) struct Policy {
    pub(super) name: Option<String>,
    pub(super) allowlist: Vec<String>,
}

/// Words after a name that leave it as it is.
const DEFAULT: [&str; 5] = ["default", "defaults", "at", "its", "their"];

/// Reads one sentence. What stands in parentheses explains it.
pub(super) fn read(
    sentence: &str,
    kubelet: &mut KubeletConfig,
    policy: &mut Policy,
) -> Result<(), NotPlayed> {
    let sentence = sentence.split(" (").next().unwrap_or(sentence);
    let all = words(sentence);
    let mut at = 0;
    let mut any = false;
    while let Some(name) = all.get(at).copied() {
        at += 1;
        let rest: &[&str] = &all[at..];
        let value = rest.first().copied().unwrap_or_default();
        if name == "preloadedImagesVerificationAllowlist" {
            // A list goes on for as long as its words have slashes.
            let entries = rest.iter().take_while(|word| word.contains('/'));
            policy.allowlist.extend(entries.map(|entry| (*entry).to_owned()));
            any = true;
            continue;
        }
        let is_name = is_setting(name);
        if is_name
            && (value.is_empty() || DEFAULT.contains(&value) || is_setting(value) || value == "and")
        {
            any = true;
            continue;
        }
        let number = || value.parse::<u32>().map_err(|_| NotPlayed(format!("{name} {value}")));
        let percent = || {
            value.trim_end_matches('%').parse().map_err(|_| NotPlayed(format!("{name} {value}")))
        };
        match name {
            "registryPullQPS" => kubelet.registry_pull_qps = number()?,
            "registryBurst" => kubelet.registry_burst = number()?,
            "maxParallelImagePulls" => kubelet.max_parallel_image_pulls = Some(number()?),
            "serializeImagePulls" => kubelet.serialize_image_pulls = value == "true",
            "imagePullCredentialsVerificationPolicy" => policy.name = Some(value.to_owned()),
            "imageGCHighThresholdPercent" => kubelet.image_gc_high_threshold_percent = percent()?,
            "imageGCLowThresholdPercent" => kubelet.image_gc_low_threshold_percent = percent()?,
            "imageMinimumGCAge" => match span(rest) {
                Some((age, _)) => kubelet.image_minimum_gc_age = age,
                None => return not_played(format!("kubelet: {name} {value}")),
            },
            _ => match Feature::ALL.into_iter().find(|feature| feature.name() == name) {
                Some(feature) => {
                    let on = !["false", "off", "disabled"].contains(&value);
                    kubelet.feature_gates.insert(feature, on);
                }
                // A setting that is not known changes the world; any other word only joins.
                None if looks_like_a_setting(name) => {
                    return not_played(format!("kubelet: {name}"));
                }
                None => continue,
            },
        }
        any = true;
        at += 1;
    }
    if any { Ok(()) } else { not_played(format!("kubelet: {sentence}")) }
}

fn is_setting(word: &str) -> bool {
    const NAMES: [&str; 9] = [
        "registryPullQPS",
        "registryBurst",
        "maxParallelImagePulls",
        "serializeImagePulls",
        "imagePullCredentialsVerificationPolicy",
        "preloadedImagesVerificationAllowlist",
        "imageGCHighThresholdPercent",
        "imageGCLowThresholdPercent",
        "imageMinimumGCAge",
    ];
    NAMES.contains(&word) || Feature::ALL.into_iter().any(|feature| feature.name() == word)
}

/// `evictionHard`, `KubeletInUserNamespace`: what the kubelet's configuration could be made of.
fn looks_like_a_setting(word: &str) -> bool {
    word != "featureGates"
        && word.chars().skip(1).any(char::is_uppercase)
        && word.chars().all(|one| one.is_ascii_alphanumeric())
        && word.chars().any(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentence: &str, want: &str) {
        let (mut kubelet, mut policy) = (KubeletConfig::default(), Policy::default());
        let read = read(sentence, &mut kubelet, &mut policy);
        let got = match read {
            Ok(()) => format!(
                "{} {} {} {:?} {} {}",
                kubelet.registry_pull_qps,
                kubelet.registry_burst,
                kubelet.serialize_image_pulls,
                kubelet.max_parallel_image_pulls,
                policy.name.unwrap_or_default(),
                policy.allowlist.join("+"),
            ),
            Err(NotPlayed(why)) => why,
        };
        assert_eq!(got.trim_end(), want, "for {sentence:?}");
    }

    #[test]
    fn settings_are_read_whatever_joins_them() {
        check("registryPullQPS 0 and serializeImagePulls false", "0 10 false None");
        check("serializeImagePulls false, maxParallelImagePulls 2", "5 10 false Some(2)");
        check(
            "serializeImagePulls: false; registryPullQPS and registryBurst at their defaults",
            "5 10 false None",
        );
        check("serializeImagePulls=false with the default limits", "5 10 false None");
        check(
            "imagePullCredentialsVerificationPolicy NeverVerifyPreloadedImages (the default)",
            "5 10 true None NeverVerifyPreloadedImages",
        );
        check(
            "imagePullCredentialsVerificationPolicy NeverVerifyAllowlistedImages, preloadedImagesVerificationAllowlist [registry.example.com/wl-exact, registry.example.com/wl-dir/*]",
            "5 10 true None NeverVerifyAllowlistedImages registry.example.com/wl-exact+registry.example.com/wl-dir/*",
        );
        check("evictionHard 5%", "kubelet: evictionHard");
        check("something else", "kubelet: something else");
    }
}

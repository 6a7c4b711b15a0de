//! The rungs that the node decides: who may use what is there, its own credentials, its pull queue.

use pullpath_model::ensure_image::LookUpOrder;
use pullpath_model::pull_policy::PullPolicy;
use pullpath_model::pull_record::{Access, PullRecord, Verdict};
use pullpath_model::trace::{AttemptTrace, Presence, ProviderOutcome, ProviderStep, Verification};
use pullpath_view::pane::Evidence;

use super::{Facts, clock, of_pod, plural, sentence_of};

/// Rung 2: the policy, the node's store, and its record of who may use the image.
pub(super) fn policy(trace: &AttemptTrace) -> Facts {
    let presence = match (trace.policy, trace.presence) {
        (PullPolicy::Always, _) | (_, Presence::NotAsked) => {
            "the node's copy, if any, is not asked for".to_owned()
        }
        (_, Presence::Absent) => "the image is not on the node".into(),
        (_, Presence::Unknown) => "the container runtime cannot say whether it is there".into(),
        (_, Presence::Usable | Presence::NotEntitled) => presence(trace),
    };
    let mut evidence =
        vec![of_pod(trace, "spec.containers[].imagePullPolicy", trace.policy.name())];
    if matches!(trace.presence, Presence::Usable | Presence::NotEntitled) {
        evidence.extend(kubelet(trace));
    }
    if let Some(verification) = &trace.verification {
        evidence.extend(record(trace, verification));
    }
    Facts {
        sentence: format!("Policy {}: {presence}.", trace.policy.name()),
        took_part: trace.reference.is_ok(),
        evidence,
        ..Facts::default()
    }
}

fn presence(trace: &AttemptTrace) -> String {
    if !trace.kubelet.ensures_secret_pulled_images {
        return format!(
            "the image is on the node, and Kubernetes {} lets every Pod use what is there",
            trace.kubelet.kubernetes
        );
    }
    let Some(verification) = &trace.verification else {
        return "the image is on the node, and this Pod may use it".into();
    };
    match &verification.verdict {
        Ok(verdict) => match verdict {
            Verdict::NotVerified => format!(
                "the image is on the node, and the policy {} opens it to every Pod",
                verification.policy
            ),
            Verdict::EveryPod => {
                "the image is on the node, pulled without a Pod's own credential, so that every Pod may use it".into()
            }
            Verdict::SameCredential(secret) => format!(
                "the image is on the node, and `{}` holds a credential that pulled it before",
                secret.name
            ),
            Verdict::SameSecret(secret) => format!(
                "the image is on the node, and the Secret `{}` pulled it before; what it holds now was not tried",
                secret.name
            ),
            Verdict::SameServiceAccount(account) => format!(
                "the image is on the node, and ServiceAccount `{}` pulled it before",
                account.name
            ),
            Verdict::NoRecord => {
                "the image is on the node, but no pull of it is on record, so that it must be pulled".into()
            }
            Verdict::OtherRepository => {
                "the image is on the node, but its record names nobody for this repository, so that it must be pulled".into()
            }
            Verdict::NothingMatches => {
                "the image is on the node, but was pulled with a credential that this Pod has not shown".into()
            }
        },
        Err(why) => format!("the image is on the node, but no credentials could be compared: {why}"),
    }
}

fn kubelet(trace: &AttemptTrace) -> Vec<Evidence> {
    let of = |field: &str, value: String| Evidence {
        object: format!("node/{}", trace.kubelet.node),
        field: field.into(),
        value,
        place: None,
    };
    let feature = if trace.kubelet.ensures_secret_pulled_images { "on" } else { "off" };
    let order = match trace.kubelet.look_up {
        LookUpOrder::WhenNeeded => "when a record needs comparing or a pull is due",
        LookUpOrder::BeforeAll => "before the node's copy is considered",
        LookUpOrder::WithinPull => "as part of the pull",
    };
    vec![
        of("kubelet version", trace.kubelet.kubernetes.to_string()),
        of("KubeletEnsureSecretPulledImages", feature.into()),
        of("credentials are looked up", order.into()),
    ]
}

fn record(trace: &AttemptTrace, verification: &Verification) -> Vec<Evidence> {
    let of = |field: String, value: String| Evidence {
        object: format!("node/{}", trace.kubelet.node),
        field,
        value,
        place: None,
    };
    let mut evidence = vec![
        of("imagePullCredentialsVerificationPolicy".into(), verification.policy.into()),
        of("image id".into(), verification.image_id.to_string()),
    ];
    let repositories = verification.record.iter().flat_map(PullRecord::repositories);
    for (repository, access) in repositories {
        let value = match access {
            Access::EveryPod => "every Pod of the node".to_owned(),
            Access::These { secrets, service_accounts } => {
                let secrets = secrets.iter().map(|secret| {
                    let hash = secret.hash.get(..8).unwrap_or_default();
                    format!("Secret {}/{} ({hash}…)", secret.namespace, secret.name)
                });
                let accounts = service_accounts.iter().map(|account| {
                    format!("ServiceAccount {}/{}", account.namespace, account.name)
                });
                let all: Vec<String> = secrets.chain(accounts).collect();
                if all.is_empty() { "nobody".into() } else { all.join(", ") }
            }
        };
        evidence.push(of(format!("pull record of {repository}"), value));
    }
    if verification.record.is_none() {
        evidence.push(of("pull record".into(), "none".into()));
    }
    evidence
}

/// Rung 6: the node's docker config, and its credential provider plugins.
pub(super) fn providers(trace: &AttemptTrace) -> Facts {
    let told = |step: &ProviderStep| match &step.outcome {
        ProviderOutcome::NotAsked => format!("`{}` is not for this image", step.name),
        ProviderOutcome::Skipped { why } => {
            format!("`{}` was not run, which no event shows: {why}", step.name)
        }
        ProviderOutcome::Provided { cached, until, account } => {
            let how = match (cached, account) {
                (true, None) => "gave a credential from its cache".to_owned(),
                (false, None) => "fetched a credential with the node's role".into(),
                (true, Some(account)) => {
                    format!("gave a credential from its cache, kept for ServiceAccount `{account}`")
                }
                (false, Some(account)) => {
                    format!("gave a credential for a token of ServiceAccount `{account}`")
                }
            };
            match until {
                Some(until) => {
                    format!("`{}` {how}, which is kept until {}", step.name, clock(*until))
                }
                None => format!("`{}` {how}, which is not kept", step.name),
            }
        }
        ProviderOutcome::Failed { .. } => format!(
            "`{}` was asked and failed, which no event shows; the pull went on without it",
            step.name
        ),
    };
    let mut list: Vec<String> = Vec::new();
    if let Some(path) = trace.node_config.path {
        list.push(format!("the node's file `{path}` was read"));
    }
    for (path, why) in &trace.node_config.skipped {
        list.push(format!("the node's file `{path}` does not decode and is passed over: {why}"));
    }
    list.extend(trace.providers.iter().map(told));
    let evidence = trace
        .providers
        .iter()
        .filter_map(|step| match &step.outcome {
            ProviderOutcome::Failed { why } => Some(Evidence {
                object: step.name.clone(),
                field: "kubelet log".into(),
                value: why.clone(),
                place: None,
            }),
            ProviderOutcome::NotAsked
            | ProviderOutcome::Skipped { .. }
            | ProviderOutcome::Provided { .. } => None,
        })
        .collect();
    let provided = |step: &ProviderStep| matches!(step.outcome, ProviderOutcome::Provided { .. });
    Facts {
        sentence: sentence_of(&list, "The node has none."),
        took_part: trace.node_config.path.is_some() || trace.providers.iter().any(provided),
        evidence,
        ..Facts::default()
    }
}

/// A `hosts.toml` that containerd passed over.
pub(super) fn hosts(trace: &AttemptTrace) -> Vec<Evidence> {
    let told = trace.kubelet.hosts_log.as_ref().map(|log| Evidence {
        object: format!("node/{}", trace.kubelet.node),
        field: "log of containerd".into(),
        value: log.clone(),
        place: None,
    });
    told.into_iter().collect()
}

/// Rung 7: what the pull's turn was like.
pub(super) fn queue(trace: &AttemptTrace) -> Vec<Evidence> {
    let of = |field: &str, value: String| Evidence {
        object: format!("node/{}", trace.kubelet.node),
        field: field.into(),
        value,
        place: None,
    };
    let mut evidence = Vec::new();
    if trace.kubelet.queued_behind > 0 {
        let count = trace.kubelet.queued_behind;
        evidence.push(of(
            "pull queue",
            format!("{count} {} before it", plural(count, "pull", "pulls")),
        ));
    }
    if trace.kubelet.throttled {
        evidence.push(of("registryPullQPS", "exceeded".into()));
    }
    evidence
}

//! What can be said against the objects that make pull secrets: External Secrets and their generators.

use pullpath_model::cloud::EcrHost;
use pullpath_model::docker_config::{DOCKER_CFG, DOCKER_CONFIG_JSON};

use crate::judge::Judge;
use crate::object::Maker;

/// An ECR token's life, in seconds (E4).
const ECR_SECONDS: u64 = 12 * 3600;

/// Checks all of them. `named` says whether a Pod or a ServiceAccount names a Secret.
pub(crate) fn check(judge: &Judge<'_>, named: impl Fn(&Maker) -> bool) {
    for maker in &judge.inventory.makers {
        if maker.kind == "SealedSecret" {
            continue;
        }
        old_version(judge, maker);
        if named(maker) {
            secret_type(judge, maker);
        }
        if let Some((kind, name)) = &maker.generator
            && kind == "ECRAuthorizationToken"
        {
            refresh(judge, maker);
            region(judge, maker, name);
        }
    }
}

/// E50: not served since ESO 0.17, unless somebody has switched it back on.
fn old_version(judge: &Judge<'_>, maker: &Maker) {
    if maker.api_version != "external-secrets.io/v1beta1" || maker.stored {
        return;
    }
    let message = format!(
        "{} `{}` is `v1beta1`, which External Secrets has not served since 0.17",
        maker.kind, maker.name
    );
    judge.error(
        "eso-v1beta1",
        &maker.api_spot,
        message,
        "write `apiVersion: external-secrets.io/v1`; nothing else needs to change",
    );
}

/// E75: without a type in its template the Secret is Opaque.
fn secret_type(judge: &Judge<'_>, maker: &Maker) {
    match maker.secret_type.as_deref() {
        Some(DOCKER_CONFIG_JSON | DOCKER_CFG) if maker.has_template_data => {}
        Some(kind @ (DOCKER_CONFIG_JSON | DOCKER_CFG)) => {
            let message = format!(
                "{} `{}` gives its Secret the type `{kind}` and no template for its content",
                maker.kind, maker.name
            );
            judge.warn("eso-template", &maker.spot, message, "unless the provider's own key is called `.dockerconfigjson`, the API server refuses the Secret: add `target.template.data`");
        }
        other => {
            let made = other.unwrap_or("Opaque");
            let message = format!(
                "{} `{}` makes Secret `{}` with the type `{}`, which the kubelet passes over",
                maker.kind,
                maker.name,
                maker.secret,
                crate::source::short(made)
            );
            judge.error("eso-type", &maker.spot, message, format!("write `target.template.type: {DOCKER_CONFIG_JSON}`; an existing Secret has to be deleted, its type cannot be changed"));
        }
    }
}

/// E83: the token is fresh at each refresh, and lives for 12 hours.
fn refresh(judge: &Judge<'_>, maker: &Maker) {
    let Some((text, spot)) = &maker.refresh else { return };
    match go_seconds(text) {
        Some(0) => {
            let message = format!(
                "{} `{}` is never refreshed, and an ECR token lives for 12 hours",
                maker.kind, maker.name
            );
            judge.error("eso-refresh", spot, message, "write `refreshInterval: 1h`");
        }
        Some(seconds) if seconds >= ECR_SECONDS => {
            let message = format!(
                "{} `{}` is refreshed every {text}, and an ECR token lives for 12 hours",
                maker.kind, maker.name
            );
            judge.error("eso-refresh", spot, message, "write `refreshInterval: 1h`");
        }
        Some(_) | None => {}
    }
}

/// E6: the token is good in the generator's region only.
fn region(judge: &Judge<'_>, maker: &Maker, generator: &str) {
    let found = judge.inventory.generators.iter().find(|known| {
        known.name == generator
            && maker.namespace.as_ref().is_none_or(|name| *name == known.namespace)
    });
    let Some(found) = found else { return };
    let pods = judge.inventory.pods.iter().filter(|pod| {
        maker.namespace.as_ref().is_none_or(|name| *name == pod.namespace)
            && pod.list.iter().any(|(name, _)| name.as_deref() == Some(&maker.secret))
    });
    for image in
        pods.flat_map(|pod| &pod.containers).filter_map(|container| container.image.as_ref())
    {
        let host = image.0.split('/').next().unwrap_or_default();
        let Some(ecr) = EcrHost::parse(host).filter(|ecr| ecr.region != found.region) else {
            continue;
        };
        let message = format!(
            "generator `{generator}` gets tokens of the region `{}`, and `{}` is in `{}`",
            crate::source::short(&found.region),
            crate::source::short(&image.0),
            ecr.region
        );
        judge.error(
            "token-region",
            &found.spot,
            message,
            format!("write `region: {}`", ecr.region),
        );
    }
}

/// Go's duration, in whole seconds: `1h`, `30m`, `1h0m0s`.
fn go_seconds(text: &str) -> Option<u64> {
    let mut seconds = 0_u64;
    let mut rest = text.trim();
    if rest == "0" {
        return Some(0);
    }
    // Each round takes a number and its unit.
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = &rest[digits..];
        let (unit, factor) = [("h", 3600), ("ms", 0), ("m", 60), ("s", 1)]
            .into_iter()
            .find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        seconds = seconds.checked_add(number.checked_mul(factor)?)?;
    }
    Some(seconds)
}

//! `pull_policy_default`: the policy that admission writes into a container.

use pullpath_model::pull_policy;
use serde::Deserialize;

use crate::case::{Case, Played, differ, not_played};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Container {
    image: String,
    declared: Option<String>,
    always_pull_images: bool,
    expect: Option<String>,
    expect_error: Option<String>,
}

pub(super) fn play(case: &Case<'_>) -> Played {
    let case: Container = case.read()?;
    let got = pull_policy::admit(case.declared.as_deref(), &case.image, case.always_pull_images)
        .map(|policy| policy.name().to_owned())
        .map_err(|error| format!("spec.containers[0].imagePullPolicy: {error}"));
    let want = match (case.expect, case.expect_error) {
        (Some(policy), None) => Ok(policy),
        (None, Some(error)) => Err(error),
        _ => return not_played("neither a policy nor an error, or both"),
    };
    Ok(differ("the policy", &got, &want).into_iter().collect())
}

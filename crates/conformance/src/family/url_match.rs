//! `url_match`: whether a credential's key covers an image.

use pullpath_model::keyring;
use serde::Deserialize;

use crate::case::{Case, Played, differ};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    glob: String,
    target: String,
    #[serde(rename = "match")]
    matched: bool,
    error: Option<String>,
}

pub(super) fn play(case: &Case<'_>) -> Played {
    let Match { glob, target, matched, error } = case.read()?;
    let want = error.map_or(Ok(matched), Err);
    Ok(differ("match", &keyring::matches(&glob, &target), &want).into_iter().collect())
}

//! `credential_provider`: when a plugin is asked, which of its answers count, and for how long.

use pullpath_model::credential::{Login, Source};
use pullpath_model::docker_config::Entry;
use pullpath_model::keyring::Keyring;
use pullpath_model::provider::{self, Answer, CacheKeyType, Provided};
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::ProviderSpec;
use serde::Deserialize;

use super::backoff::seconds;
use crate::case::{Case, Difference, NotPlayed, Played, differ, not_played};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    #[serde(rename = "match_images")]
    patterns: Vec<String>,
    lookup: String,
    response_auth_keys: Vec<String>,
    asked: bool,
    used_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    at: f64,
    lookup: String,
    asked: bool,
    answer: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginAnswer {
    cache_key_type: Option<String>,
    cache_duration: Option<i64>,
    #[serde(default)]
    fails: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CacheCase {
    default_cache_duration: i64,
    answers: Vec<PluginAnswer>,
    requests: Vec<Request>,
}

pub(super) fn play(case: &Case<'_>) -> Played {
    match case.group {
        "cache" => play_cache(&case.read()?),
        group if group.starts_with("match") => play_match(case.read()?),
        group => not_played(format!("unknown group `{group}`")),
    }
}

fn spec(match_images: Vec<String>, default_cache_seconds: i64) -> ProviderSpec {
    ProviderSpec {
        name: "plugin".into(),
        match_images,
        default_cache_seconds,
        ..ProviderSpec::default()
    }
}

fn play_match(case: Match) -> Played {
    let auth = case.response_auth_keys.into_iter().map(|key| (key, Login::default())).collect();
    let answer = Answer::Given { auth, cache_key: CacheKeyType::Registry, cache_duration: None };
    let spec = spec(case.patterns, 0);
    let mut asked = false;
    let mut cache = provider::Cache::default();
    let provided = cache.provide(&spec, &case.lookup, SimTime::START, |_| {
        asked = true;
        answer
    });
    let mut keyring = Keyring::new();
    keyring.add(&Source::Provider { name: spec.name }, provided.entries());
    let used: Vec<String> =
        keyring.lookup(&case.lookup).iter().map(|offer| offer.key.clone()).collect();
    let asked = differ("asked", &asked, &case.asked);
    Ok(asked.into_iter().chain(differ("used_keys", &used, &case.used_keys)).collect())
}

fn play_cache(case: &CacheCase) -> Played {
    let spec = spec(vec!["*.*.*.*.*.*".into(), "*.*".into()], case.default_cache_duration);
    // A plugin says by its user name which run gave the answer.
    let answers = |run: usize| answer(&case.answers[(run - 1).min(case.answers.len() - 1)], run);
    for run in 1..=case.answers.len() {
        answers(run)?;
    }
    let mut cache = provider::Cache::default();
    let mut runs = 0;
    let mut differences = Vec::new();
    for Request { at, lookup, asked, answer } in &case.requests {
        let runs_before = runs;
        let provided = cache.provide(&spec, lookup, seconds(*at), |_| {
            runs += 1;
            answers(runs).expect("all were tried above")
        });
        let used = provided.entries().next().map(|entry: Entry| entry.login.username);
        differences.extend(differ(&format!("asked at {at}"), &(runs > runs_before), asked));
        let want = answer.map(|number| number.to_string());
        differences.extend(differ(&format!("answer at {at}"), &used, &want));
        if provided == Provided::NotAsked {
            differences.push(Difference {
                what: format!("at {at}"),
                expected: "the plugin is for the image".to_owned(),
                got: format!("not for {lookup}"),
            });
        }
    }
    Ok(differences)
}

fn answer(answer: &PluginAnswer, run: usize) -> Result<Answer, NotPlayed> {
    if answer.fails {
        return Ok(Answer::Failed("exit status 1".into()));
    }
    let cache_key = match answer.cache_key_type.as_deref() {
        Some("Image") => CacheKeyType::Image,
        Some("Registry") => CacheKeyType::Registry,
        Some("Global") => CacheKeyType::Global,
        other => return not_played(format!("unknown cache key type {other:?}")),
    };
    Ok(Answer::Given {
        auth: vec![("*".into(), Login { username: run.to_string(), ..Login::default() })],
        cache_key,
        cache_duration: answer.cache_duration.map(Span::seconds),
    })
}

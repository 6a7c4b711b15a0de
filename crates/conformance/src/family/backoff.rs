//! `backoff`: the counter that holds pulls back.

use std::sync::Arc;

use pullpath_model::back_off::BackOff;
use pullpath_model::time::{SimTime, Span};
use serde::Deserialize;

use crate::case::{Case, Played, differ, not_played};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at: f64,
    #[serde(rename = "do")]
    action: String,
    in_backoff: Option<bool>,
    delay: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counter {
    initial: i64,
    max: i64,
    steps: Vec<Step>,
}

pub(super) fn play(case: &Case<'_>) -> Played {
    let Counter { initial, max, steps } = case.read()?;
    let (uid, image) = (Arc::from("uid"), Arc::from("image"));
    let mut back_off = BackOff::new(Span::seconds(initial), Span::seconds(max));
    let mut differences = Vec::new();
    for Step { at, action, in_backoff, delay } in steps {
        let now = seconds(at);
        let held_back = back_off.is_held_back(&uid, &image, now);
        match action.as_str() {
            "fail" => back_off.record_failure(&uid, &image, now),
            "try" if !held_back => back_off.record_failure(&uid, &image, now),
            "try" | "check" => {}
            "gc" => back_off.collect_idle(now),
            "reset" => back_off.reset(&uid, &image),
            other => return not_played(format!("unknown step `{other}`")),
        }
        let got = back_off.delay(&uid, &image).unwrap_or(Span::ZERO);
        differences.extend(differ(&format!("delay at {at}"), &got, &Span::seconds(delay)));
        let got = in_backoff.map(|_| held_back);
        differences.extend(differ(&format!("in_backoff at {at}"), &got, &in_backoff));
    }
    Ok(differences)
}

/// A moment that a case writes as seconds.
pub(super) fn seconds(seconds: f64) -> SimTime {
    SimTime::from_millis((seconds * 1000.0).round() as i64)
}

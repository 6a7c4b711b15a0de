//! `cluster`: recordings of a whole cluster, played from their first action to the end and compared with what a faithful
//! model must have equal (`tests/conformance/cluster/README.md`).

mod canon;
mod compare;
mod facts;
mod recording;
mod stage;
#[cfg(test)]
mod tests;
mod world;

use crate::case::{Case, NotPlayed, Played};
use recording::Recording;

/// Plays one recording.
pub(crate) fn play(case: &Case<'_>) -> Played {
    let recording: Recording =
        serde_yaml::from_value(case.value.clone()).map_err(|error| NotPlayed(error.to_string()))?;
    let world = world::of(&recording)?;
    let played = stage::play(&recording, world)?;
    Ok(compare::differences(&recording, &played))
}

//! The kubelet: syncs of a Pod, what they publish, try and repeat (P9–P40).
//!
//! A sync first publishes the status that the sync before left behind and only then does its work, so the status a
//! user sees lags one sync behind the events (cluster-recording, P12 and P38).

mod ahead;
mod ending;
mod images;
mod publish;
mod pull;
mod round;
mod sleep;
mod start;
mod sync;
mod turn;

pub(crate) use ending::Ending;
pub(crate) use sleep::{Pause, slept_through};
pub(crate) use turn::Turn;

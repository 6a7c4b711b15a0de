//! One component per route.

pub mod author;
pub mod figure;
pub mod hero;
pub mod home;
pub mod learn;
pub mod messages;
pub mod play;
pub mod progress;
pub mod quiz;

//! A session: one learner, one attempt; what the page is given to draw; and the host that answers the page.
//!
//! The engine knows no browser and no file system. The worker and the command line hand it texts and actions.

mod past;

pub mod answer;
pub mod host;
pub mod meaning;
pub mod proof;
pub mod quiz;
pub mod record;
pub mod regrade;
pub mod session;
pub mod view;
pub mod worlds;

pub use host::{Host, Player};
pub use past::Past;
pub use session::Session;

//! The Yew page: draws view types, sends Actions.

pub mod channel;

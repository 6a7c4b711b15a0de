//! The Yew page: draws view types, sends Actions.

//! The Yew page: draws view types, sends Actions.
//!
//! Start reading at [`app`]. A component shows what it is given and decides nothing; what is not drawing is in
//! [`session`] (one learner's conversation with the engine), [`store`] (what the browser keeps) and [`browser`] (the
//! few things of the browser that Yew does not wrap).

#![allow(missing_docs, reason = "a component's properties are named in its own sentence")]

pub mod app;
pub mod blocks;
pub mod browser;
pub mod channel;
pub mod engine;
pub mod fetch;
pub mod icon;
pub mod page;
pub mod panel;
pub mod route;
pub mod session;
pub mod store;
pub mod text;

/// Starts the page in the browser.
#[cfg(feature = "csr")]
pub fn run() {
    yew::Renderer::<app::App>::new().render();
}

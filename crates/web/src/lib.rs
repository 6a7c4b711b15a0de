//! The Yew page: draws view types, sends Actions.
//!
//! It is two programs. Start reading at [`app`], which is all that home needs, then [`room`], which has everything that
//! talks to the engine and is fetched in the background. A component shows what it is given and decides nothing; what is
//! not drawing is in [`session`] (one learner's conversation with the engine), [`quiz`] (another one, about answers),
//! [`paper`] (hand-ins), [`keeper`] and [`store`] (what the browser keeps) and [`browser`] (the few things of the browser that Yew does not wrap).

#![allow(missing_docs, reason = "a component's properties are named in its own sentence")]

pub mod app;
pub mod blocks;
pub mod browser;
pub mod channel;
pub mod chunk;
pub mod engine;
pub mod fetch;
pub mod frame;
pub mod icon;
pub mod keeper;
pub mod page;
pub mod panel;
pub mod paper;
pub mod quiz;
pub mod room;
pub mod route;
pub mod session;
pub mod store;
pub mod text;

/// Starts the first half of the page. Each half has a place of its own, because Yew listens to events at the root of
/// what it drew, and would take the other's elements for its own.
#[cfg(feature = "csr")]
pub fn run() {
    yew::Renderer::<app::App>::with_root(place("page")).render();
}

/// Starts the second half.
#[cfg(feature = "csr")]
pub fn run_room() {
    yew::Renderer::<room::Room>::with_root(place("room")).render();
}

#[cfg(feature = "csr")]
fn place(id: &str) -> web_sys::Element {
    gloo::utils::document().get_element_by_id(id).expect("index.html has a place for each half")
}

//! Parts of the page that are fetched when they are needed: the editor, and the room with everything that talks to the
//! engine. Each is a script whose address the build writes into the head of the page.

use wasm_bindgen::JsValue;
use yew::prelude::*;

use crate::browser;

/// A part that comes as a script of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// The `<meta>` that names the script.
    pub meta: &'static str,
    /// The property of `window` that the script sets once it is ready.
    pub global: &'static str,
    /// The event on `window` that says so.
    pub event: &'static str,
}

/// CodeMirror with what the project adds to it.
pub const EDITOR: Chunk =
    Chunk { meta: "pullpath-editor", global: "pullpathEditor", event: "pullpath-editor" };
/// The second half of the page: lessons, quizzes, workbench, progress, messages, author.
pub const ROOM: Chunk =
    Chunk { meta: "pullpath-room", global: "pullpathRoom", event: "pullpath-room" };

/// How far a chunk has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrival {
    /// Not there.
    Away,
    /// There; with the object that it left behind.
    There(JsValue),
    /// It could not be fetched.
    Failed,
}

impl Chunk {
    /// What it left behind, if it is there.
    pub fn find(self) -> Option<JsValue> {
        if !browser::is_here() {
            return None;
        }
        let object = js_sys::Reflect::get(&js_sys::global(), &self.global.into()).ok()?;
        object.is_object().then_some(object)
    }

    /// Asks for it, once for the whole page, and gives the script's element.
    pub fn fetch(self) -> Option<web_sys::Element> {
        if !browser::is_here() {
            return None;
        }
        let document = gloo::utils::document();
        if let Some(script) = document.get_element_by_id(self.meta) {
            return Some(script);
        }
        let source = browser::meta(self.meta).filter(|source| !source.is_empty())?;
        let script = document.create_element("script").ok()?;
        for (name, value) in [("id", self.meta), ("type", "module"), ("src", source.as_str())] {
            script.set_attribute(name, value).ok()?;
        }
        document.head()?.append_child(&script).ok()?;
        Some(script)
    }
}

/// Fetches a chunk as soon as it is wanted, and follows how far it is.
#[hook]
pub fn use_chunk(chunk: Chunk, is_wanted: bool) -> Arrival {
    let arrival = use_state(|| chunk.find().map_or(Arrival::Away, Arrival::There));
    let setter = arrival.setter();
    use_effect_with(is_wanted, move |is_wanted| {
        let mut listeners = None;
        if *is_wanted
            && chunk.find().is_none()
            && let Some(script) = chunk.fetch()
        {
            let failed = setter.clone();
            let there =
                gloo::events::EventListener::new(&gloo::utils::window(), chunk.event, move |_| {
                    setter.set(chunk.find().map_or(Arrival::Away, Arrival::There));
                });
            let error = gloo::events::EventListener::new(&script, "error", move |_| {
                failed.set(Arrival::Failed);
            });
            listeners = Some((there, error));
        }
        move || drop(listeners)
    });
    (*arrival).clone()
}

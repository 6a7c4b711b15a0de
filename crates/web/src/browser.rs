//! The few things of the browser that neither Yew nor gloo wraps. Outside a browser each does nothing, so that
//! components can be rendered to text.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, ResizeObserver};
use yew::prelude::*;

/// Whether there is a browser at all.
pub const fn is_here() -> bool {
    cfg!(target_arch = "wasm32")
}

/// The part of the address after `#`.
pub fn hash() -> String {
    if !is_here() {
        return String::new();
    }
    gloo::utils::window().location().hash().unwrap_or_default()
}

/// Goes to another hash route.
pub fn go(hash: &str) {
    if is_here() {
        // A browser refuses only malformed addresses, and a fragment cannot be one.
        let _ = gloo::utils::window().location().set_hash(hash);
    }
}

/// Loads the page again.
pub fn reload() {
    if is_here() {
        let _ = gloo::utils::window().location().reload();
    }
}

/// Names the page in the tab.
pub fn set_title(title: &str) {
    if is_here() {
        gloo::utils::document().set_title(title);
    }
}

/// The content of a `<meta name=…>` of the page.
pub fn meta(name: &str) -> Option<String> {
    if !is_here() {
        return None;
    }
    let selector = format!("meta[name=\"{name}\"]");
    gloo::utils::document().query_selector(&selector).ok()??.get_attribute("content")
}

fn element(id: &str) -> Option<HtmlElement> {
    if !is_here() {
        return None;
    }
    gloo::utils::document().get_element_by_id(id)?.dyn_into().ok()
}

/// Puts the keyboard focus on an element, which need not be an HTML one (SVG groups can be focused too).
pub fn focus(id: &str) {
    if !is_here() {
        return;
    }
    let Some(element) = gloo::utils::document().get_element_by_id(id) else { return };
    if let Ok(focus) = Reflect::get(&element, &"focus".into())
        && let Some(focus) = focus.dyn_ref::<js_sys::Function>()
    {
        let _ = focus.call0(&element);
    }
}

/// Puts the keyboard focus on an element after what is being drawn now is there.
pub fn focus_soon(id: impl Into<String>) {
    let id = id.into();
    if is_here() {
        gloo::timers::callback::Timeout::new(0, move || focus(&id)).forget();
    }
}

/// Puts the keyboard focus on an element, unless the learner has put it somewhere already.
pub fn focus_if_nothing_has(id: &str) {
    if is_here() {
        let document = gloo::utils::document();
        if document.active_element().is_none_or(|element| element.tag_name() == "BODY") {
            focus_soon(id);
        }
    }
}

/// Leaves an object on `window` by which others see that something is there.
pub fn set_global(name: &str) {
    if is_here() {
        let _ = Reflect::set(&js_sys::global(), &name.into(), &js_sys::Object::new());
    }
}

/// A text that was left on `window`.
pub fn global_text(name: &str) -> Option<String> {
    if !is_here() {
        return None;
    }
    Reflect::get(&js_sys::global(), &name.into()).ok()?.as_string()
}

/// Leaves a text on `window`, or takes it away.
pub fn set_global_text(name: &str, text: Option<&str>) {
    if is_here() {
        let value = text.map_or(JsValue::UNDEFINED, JsValue::from_str);
        let _ = Reflect::set(&js_sys::global(), &name.into(), &value);
    }
}

/// Dispatches an event on `window`.
pub fn tell_window(name: &str) {
    if is_here()
        && let Ok(event) = web_sys::Event::new(name)
    {
        let _ = gloo::utils::window().dispatch_event(&event);
    }
}

/// Brings an element into sight.
pub fn scroll_to(id: &str) {
    if let Some(element) = element(id) {
        element.scroll_into_view();
    }
}

/// The heading that the address names, if it does: `#/learn/NAME?at=HEADING`.
pub fn heading() -> Option<String> {
    let hash = hash();
    let (_, named) = hash.split_once("?at=")?;
    js_sys::decode_uri_component(named).ok().and_then(|name| name.as_string())
}

/// Goes to the heading that the address names, and takes the focus there.
pub fn go_to_heading() {
    if let Some(heading) = heading() {
        scroll_to(&heading);
        focus_soon(heading);
    }
}

/// Back to the top of the page.
pub fn scroll_to_top() {
    if is_here() {
        gloo::utils::window().scroll_to_with_x_and_y(0.0, 0.0);
    }
}

/// Sets or removes an attribute of the root element.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    if !is_here() {
        return;
    }
    let Some(root) = gloo::utils::document().document_element() else { return };
    let _ = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
}

/// Sets a CSS variable. The policy forbids `style=` attributes, not this.
pub fn set_variable(name: &str, value: &str) {
    if is_here()
        && let Some(root) = gloo::utils::document().document_element()
        && let Some(root) = root.dyn_ref::<HtmlElement>()
    {
        let _ = root.style().set_property(name, value);
    }
}

/// Puts text on the clipboard.
pub fn copy(text: &str) {
    if is_here() {
        // Refused without a secure origin; the command stands there to be selected by hand.
        let _ = gloo::utils::window().navigator().clipboard().write_text(text);
    }
}

/// Hands a text to the learner as a file.
pub fn download(name: &str, text: &str) {
    if !is_here() {
        return;
    }
    let blob = gloo::file::Blob::new_with_options(text, Some("application/json"));
    let url = gloo::file::ObjectUrl::from(blob);
    let document = gloo::utils::document();
    let Ok(anchor) = document.create_element("a") else { return };
    let _ = anchor.set_attribute("href", &url);
    let _ = anchor.set_attribute("download", name);
    if let Some(anchor) = anchor.dyn_ref::<HtmlElement>() {
        anchor.click();
    }
    // The browser reads the address after the click has been dealt with.
    gloo::timers::callback::Timeout::new(10_000, move || drop(url)).forget();
}

/// Whether the learner asked for a page that does not move.
pub fn wants_stillness() -> bool {
    is_here()
        && gloo::utils::window()
            .match_media("(prefers-reduced-motion: reduce)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches())
}

/// Whether a key event was meant for a field that takes text.
pub fn is_typing(event: &web_sys::Event) -> bool {
    let Some(element) =
        event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok())
    else {
        return false;
    };
    let is_field = matches!(element.tag_name().as_str(), "TEXTAREA" | "SELECT")
        || element.tag_name() == "INPUT"
            && !matches!(
                element.get_attribute("type").as_deref(),
                Some("radio" | "range" | "checkbox" | "file")
            );
    // CodeMirror stands in a shadow root: from outside, the event comes from its host.
    is_field || element.class_list().contains("editor-host")
}

/// Opens or closes a native dialog.
pub fn set_dialog(node: &NodeRef, is_open: bool) {
    let Some(dialog) = node.cast::<web_sys::HtmlDialogElement>() else { return };
    if is_open && !dialog.open() {
        let _ = dialog.show_modal();
    } else if !is_open && dialog.open() {
        dialog.close();
    }
}

/// The width of an element in whole CSS pixels, followed as it changes. SVG drawn in true pixels keeps its letters at
/// their size.
#[hook]
pub fn use_width(node: &NodeRef, at_first: u32) -> u32 {
    let width = use_state(|| at_first);
    let node = node.clone();
    let setter = width.setter();
    use_effect_with((), move |()| {
        let mut watch = None;
        if let Some(element) = node.cast::<web_sys::Element>() {
            let target = element.clone();
            let measure = wasm_bindgen::closure::Closure::<dyn Fn()>::new(move || {
                let now = target.get_bounding_client_rect().width();
                if now > 0.0 {
                    setter.set(now as u32);
                }
            });
            if let Ok(observer) = ResizeObserver::new(measure.as_ref().unchecked_ref()) {
                observer.observe(&element);
                watch = Some((observer, measure));
            }
        }
        move || {
            if let Some((observer, _measure)) = watch {
                observer.disconnect();
            }
        }
    });
    *width
}

/// Calls a method of a JavaScript object, if there is one of that name.
pub fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let function = Reflect::get(object, &method.into()).ok()?;
    let function: &js_sys::Function = function.dyn_ref()?;
    function.apply(object, &arguments.iter().collect::<js_sys::Array>()).ok()
}

/// A seed for an attempt that begins.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 2^32")]
pub fn random_seed() -> u64 {
    (js_sys::Math::random() * 4_294_967_296.0) as u64
}

//! The engine in a Web Worker: JSON requests in, JSON replies out, one at a time.

use std::cell::RefCell;

use js_sys::{JsString, Reflect};
use pullpath_engine::Host;
use pullpath_view::own;
use pullpath_view::wire::{READY, Reply, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// The build, which `cargo xtask build` writes at the top of the worker's script.
const BUILD_VARIABLE: &str = "PULLPATH_BUILD";

/// Answers what the page asks, for as long as the worker lives; `host` makes a host of a build.
pub fn serve<E, F>(host: fn(&str) -> Host<E, F>)
where
    E: DeserializeOwned + 'static,
    F: Serialize + 'static,
{
    // A panic is a broken promise of ours. Thrown, its text reaches the page's error handler, which starts a new
    // worker; without this the page would only see "unreachable".
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let host = RefCell::new(host(&own_build()));
    let listener = scope.clone();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let text = event.data().as_string().expect("the page sends strings");
        let request: Request<E> = own::read(&text).expect("the page sends requests");
        let reply = host.borrow_mut().answer(request, &mut |progress| post(&listener, &progress));
        post(&listener, &reply);
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It listens for as long as the worker lives.
    on_message.forget();
    scope.post_message(&READY.into()).expect("a string can always be cloned");
}

fn own_build() -> String {
    let value = Reflect::get(&js_sys::global(), &BUILD_VARIABLE.into()).ok();
    value.and_then(|value| value.dyn_into::<JsString>().ok()).map(String::from).unwrap_or_default()
}

fn post<F: Serialize>(scope: &DedicatedWorkerGlobalScope, reply: &Reply<F>) {
    let text = serde_json::to_string(reply).expect("a reply has string keys only");
    scope.post_message(&text.into()).expect("a string can always be cloned");
}

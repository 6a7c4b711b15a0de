//! The engine in its Web Worker: JSON requests in, JSON replies out, one at a time.

use js_sys::{JsString, Reflect};
use pullpath_view::wire::{Answer, Ask, READY, Reply, Request};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// The build, which `cargo xtask build` writes at the top of the worker's script.
const BUILD_VARIABLE: &str = "PULLPATH_BUILD";

/// The version of Kubernetes that is modelled.
const KUBERNETES: &str = "1.35";

fn main() {
    // A panic is a broken promise of ours. Thrown, its text reaches the page's error handler, which starts a new
    // worker; without this the page would only see "unreachable".
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let build = own_build();
    let listener = scope.clone();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let text = event.data().as_string().expect("the page sends strings");
        let request: Request = serde_json::from_str(&text).expect("the page sends requests");
        let id = request.id;
        let answer = match request.ask {
            Ask::Hello { build: theirs } if theirs != build => Answer::WrongBuild { build: build.clone() },
            Ask::Hello { build } => Answer::Hello { build, kubernetes: KUBERNETES.to_owned() },
            Ask::Open { .. } | Ask::Act { .. } | Ask::View { .. } | Ask::Log | Ask::Close => {
                Answer::Refused { message: "this build has no engine".to_owned() }
            }
        };
        post(&listener, id, answer);
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

fn post(scope: &DedicatedWorkerGlobalScope, id: u32, answer: Answer) {
    let text = serde_json::to_string(&Reply { id, answer }).expect("a reply has string keys only");
    scope.post_message(&text.into()).expect("a string can always be cloned");
}

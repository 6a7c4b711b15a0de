//! What stands around every page: name, navigation, theme, the list of keys.

use yew::prelude::*;

use crate::browser;
use crate::icon;
use crate::route::Route;
use crate::store;

/// Properties of [`Header`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct HeaderProps {
    pub route: Route,
}

/// Name, navigation, theme.
#[component]
pub fn Header(props: &HeaderProps) -> Html {
    let link = |route: Route, text: &'static str| {
        let current = (props.route == route).then_some("page");
        html! { <a href={route.href()} aria-current={current}>{ text }</a> }
    };
    html! {
        <header class="site-head">
            <a class="brand" href="#/">
                <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path class="brand-line" d="M3 12h7" /><path class="brand-gap" d="M14 12h7" /><circle class="brand-dot" cx="3.5" cy="12" r="2.5" /><path class="brand-cross" d="m10 9.5 4 5m0-5-4 5" /></svg>
                { "Pullpath" }
            </a>
            <nav aria-label="Pages">
                { link(Route::Home, "Course") }
                { link(Route::Progress, "Progress") }
                { link(Route::Messages, "Messages") }
                { link(Route::Author, "Author") }
            </nav>
            <ThemeSwitch />
        </header>
    }
}

/// System, light or dark.
#[component]
fn ThemeSwitch() -> Html {
    const THEMES: [(&str, &str); 3] =
        [("system", "Colours of the system"), ("light", "Light"), ("dark", "Dark")];
    let chosen = use_state(|| store::setting("theme").unwrap_or_else(|| "system".to_owned()));
    use_effect_with((*chosen).clone(), |chosen| {
        browser::set_root_attribute("data-theme", (chosen != "system").then_some(chosen.as_str()));
    });
    let button = |(name, label): &(&'static str, &'static str)| {
        let (name, chosen) = (*name, chosen.clone());
        let pressed = (*chosen == name).to_string();
        let onclick = Callback::from(move |_: MouseEvent| {
            store::set_setting("theme", name);
            chosen.set(name.to_owned());
        });
        html! { <button type="button" aria-pressed={pressed} aria-label={*label} title={*label} {onclick}>{ icon::theme(name) }</button> }
    };
    html! { <div class="switch theme" role="group" aria-label="Theme">{ for THEMES.iter().map(button) }</div> }
}

/// The list of keys, opened by `?` or its button at the foot of every page.
#[component]
pub fn Keys() -> Html {
    const KEYS: [(&str, &str); 10] = [
        ("?", "this list"),
        ("Ctrl Enter", "apply the files and run"),
        ("Ctrl S", "apply the files"),
        ("Ctrl Shift Enter", "run the clock until nothing changes"),
        ("Alt 1 … Alt 5", "to the brief, files, cluster, why ladder, timeline"),
        (
            "Arrow keys",
            "between tabs, things of the picture, moments of the scrubber, and to size panes",
        ),
        ("Alt ↑, Alt ↓", "move a thing that is to be put in order"),
        ("Enter, Space", "select, press, unfold"),
        ("Tab", "onward, also out of the editor"),
        ("Ctrl Z, Ctrl Y", "undo and redo in the editor"),
    ];
    let dialog = use_node_ref();
    let open = {
        let dialog = dialog.clone();
        Callback::from(move |()| browser::set_dialog(&dialog, true))
    };
    {
        let open = open.clone();
        use_effect_with((), move |()| {
            let listener = browser::is_here().then(|| {
                gloo::events::EventListener::new(
                    &gloo::utils::document(),
                    "keydown",
                    move |event| {
                        use wasm_bindgen::JsCast;
                        let is_asked = event
                            .dyn_ref::<web_sys::KeyboardEvent>()
                            .is_some_and(|event| event.key() == "?");
                        if is_asked && !browser::is_typing(event) {
                            open.emit(());
                        }
                    },
                )
            });
            move || drop(listener)
        });
    }
    let close = {
        let dialog = dialog.clone();
        Callback::from(move |_: MouseEvent| browser::set_dialog(&dialog, false))
    };
    html! {
        <footer class="site-foot">
            <p>{ "Runs in this browser. Nothing is sent anywhere." }</p>
            <button type="button" class="button quiet" onclick={open.reform(|_: MouseEvent| ())}>{ "Keys" }<kbd>{ "?" }</kbd></button>
            <dialog ref={dialog} class="keys" aria-labelledby="keys-title">
                <h2 id="keys-title">{ "Keys" }</h2>
                <dl>{ for KEYS.iter().map(|(key, what)| html! { <div><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></div> }) }</dl>
                <button type="button" class="button primary" onclick={close}>{ "Close" }</button>
            </dialog>
        </footer>
    }
}

//! The bar between two panes: dragged, or moved by arrow keys. Sizes are CSS variables, and are remembered.

use web_sys::PointerEvent;
use yew::prelude::*;

use crate::{browser, store};

/// How far an arrow key moves it.
const STEP: i32 = 24;

/// Properties of [`Splitter`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SplitterProps {
    /// Of the pane that it sizes; also the CSS variable `--size-<name>`.
    pub name: &'static str,
    /// For a screen reader.
    pub label: &'static str,
    pub least: i32,
    pub most: i32,
    /// Size at first.
    pub size: i32,
    /// Whether the bar lies, between a pane above and one below.
    #[prop_or_default]
    pub lies: bool,
    /// Whether the pane it sizes comes after it, so that moving the bar on makes it smaller.
    #[prop_or_default]
    pub after: bool,
}

/// The bar.
#[component]
pub fn Splitter(props: &SplitterProps) -> Html {
    let SplitterProps { name, label, least, most, size, lies, after } = *props;
    let size = use_state(|| size);
    let grabbed = use_state(|| None::<(i32, i32)>);
    let put = {
        let size = size.setter();
        Callback::from(move |to: i32| {
            let to = to.clamp(least, most);
            browser::set_variable(&format!("--size-{name}"), &format!("{to}px"));
            store::set_setting(&format!("size.{name}"), &to.to_string());
            size.set(to);
        })
    };
    {
        let put = put.clone();
        use_effect_with((), move |()| {
            if let Some(kept) =
                store::setting(&format!("size.{name}")).and_then(|text| text.parse().ok())
            {
                put.emit(kept);
            }
        });
    }
    let place = move |event: &PointerEvent| if lies { event.client_y() } else { event.client_x() };
    let onpointerdown = {
        let (grabbed, size) = (grabbed.clone(), *size);
        Callback::from(move |event: PointerEvent| {
            if let Some(bar) = event.target_dyn_into::<web_sys::Element>() {
                let _ = bar.set_pointer_capture(event.pointer_id());
            }
            grabbed.set(Some((place(&event), size)));
        })
    };
    let onpointermove = {
        let (grabbed, put) = (grabbed.clone(), put.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some((start, size)) = *grabbed {
                let moved = place(&event) - start;
                put.emit(size + if after { -moved } else { moved });
            }
        })
    };
    let release = {
        let grabbed = grabbed.clone();
        Callback::from(move |_: PointerEvent| grabbed.set(None))
    };
    let onkeydown = {
        let (size, put) = (*size, put);
        Callback::from(move |event: KeyboardEvent| {
            let on = if after { -STEP } else { STEP };
            let to = match event.key().as_str() {
                "ArrowRight" | "ArrowDown" => size + on,
                "ArrowLeft" | "ArrowUp" => size - on,
                "Home" => least,
                "End" => most,
                _ => return,
            };
            event.prevent_default();
            put.emit(to);
        })
    };
    html! {
        <div class={classes!("splitter", if lies { "lies" } else { "stands" }, format!("for-{name}"), grabbed.is_some().then_some("grabbed"))}
            role="separator" tabindex="0" aria-orientation={if lies { "horizontal" } else { "vertical" }} aria-label={label}
            aria-valuenow={size.to_string()} aria-valuemin={least.to_string()} aria-valuemax={most.to_string()}
            {onpointerdown} {onpointermove} onpointerup={release.clone()} onpointercancel={release} {onkeydown} />
    }
}

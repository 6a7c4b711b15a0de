//! "What does this message mean?": a message is pasted, and the engine says what brings it about.

use pullpath_view::message::{Meaning, Possible};
use pullpath_view::wire::{Answer, Ask, Errand, Found};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use crate::blocks::sentence;
use crate::channel::Update;
use crate::engine::Engine;
use crate::panel::message::{draw_elsewhere, draw_phrases};

/// Questions of this page are of no session.
const SESSION: &str = "messages";

/// The page.
#[component]
pub fn MessagesPage() -> Html {
    let engine = use_context::<Engine>().expect("Room gives its pages an engine");
    let text = use_state(String::new);
    let meaning = use_state(|| None::<Meaning>);
    // What is on its way is of an older text once another one is asked for.
    let newest = use_mut_ref(|| 0u32);
    let oninput = {
        let (text, meaning) = (text.clone(), meaning.setter());
        Callback::from(move |event: InputEvent| {
            let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() else { return };
            let message = area.value();
            text.set(message.clone());
            let ticket = *newest.borrow() + 1;
            newest.replace(ticket);
            if message.trim().is_empty() {
                meaning.set(None);
                return;
            }
            let (newest, meaning) = (newest.clone(), meaning.clone());
            engine.ask(SESSION, Ask::Errand(Errand::Explain { message }), move |update| {
                if let Update::Answer(Answer::Found(Found::Meaning { meaning: found })) = update
                    && *newest.borrow() == ticket
                {
                    meaning.set(Some(*found));
                }
            });
        })
    };
    html! {
        <div class="sheet narrow messages">
            <h1 id="page-title" tabindex="-1">{ "What does this message mean?" }</h1>
            <p class="lead">{ "Paste what a failed pull says: from an event, from describe, from a container's status. Names, hosts and digests may be any. Nothing leaves this browser." }</p>
            <label for="message">{ "The message" }</label>
            <textarea id="message" class="mono" rows="5" spellcheck="false" autocomplete="off" placeholder="With or without what stands around it" value={(*text).clone()} {oninput} />
            <div role="status">{ said(meaning.as_ref()) }</div>
            if let Some(meaning) = &*meaning { <MeaningSheet meaning={meaning.clone()} /> }
        </div>
    }
}

/// What was found, in one sentence.
fn said(meaning: Option<&Meaning>) -> Html {
    let Some(Meaning { phrases, causes, .. }) = meaning else { return Html::default() };
    let text = match (causes.len(), phrases.is_empty()) {
        (0, true) => {
            "No message of Kubernetes, containerd or a registry is known that reads like this. CRI-O and Docker have words of their own: the command `pullpath explain` knows some."
        }
        (0, false) => {
            "Some of its words are known. The whole of it is no message that a pull here comes to."
        }
        (1, _) => "One thing brings this about.",
        _ => "Several things bring this about; the message does not tell them apart.",
    };
    html! { <p class="standing">{ sentence(text) }</p> }
}

/// Properties of [`MeaningSheet`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MeaningSheetProps {
    pub meaning: Meaning,
}

/// Causes first, then the words one by one.
#[component]
pub fn MeaningSheet(props: &MeaningSheetProps) -> Html {
    let Meaning { phrases, causes, note } = &props.meaning;
    html! { <>
        if !causes.is_empty() {
            <h2>{ "What brings it about" }</h2>
            <ol class="causes">{ for causes.iter().map(draw_cause) }</ol>
        }
        if let Some(note) = note { <p>{ note }</p> }
        if !phrases.is_empty() {
            <h2>{ "Word by word" }</h2>
            { draw_phrases(phrases) }
        }
    </> }
}

fn draw_cause(cause: &Possible) -> Html {
    let Possible { what, registries, runtimes, next, elsewhere } = cause;
    html! {
        <li>
            <h3>{ sentence(what) }</h3>
            if !registries.is_empty() { <p class="faint">{ format!("At: {registries}") }</p> }
            if !runtimes.is_empty() { <p class="faint">{ format!("So words it: {runtimes}") }</p> }
            <p><strong>{ "Check next: " }</strong>{ sentence(next) }</p>
            if !elsewhere.is_empty() {
                <details>
                    <summary>{ "How it reads with other runtimes" }</summary>
                    { draw_elsewhere(elsewhere) }
                </details>
            }
        </li>
    }
}

//! A message explained: its words one by one, and how it reads elsewhere.

use pullpath_view::message::Explained;
use yew::prelude::*;

use crate::blocks::sentence;
use crate::route::Route;

/// Properties of [`MessageCard`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MessageCardProps {
    pub message: Explained,
}

/// The message of a pull, with a button that explains it.
#[component]
pub fn MessageCard(props: &MessageCardProps) -> Html {
    let Explained { text, writer, phrases, elsewhere } = &props.message;
    let is_open = use_state(|| false);
    let onclick = {
        let is_open = is_open.clone();
        Callback::from(move |_: MouseEvent| is_open.set(!*is_open))
    };
    html! {
        <div class="message-card">
            <p class="faint">{ format!("In the words of {writer}:") }</p>
            { draw_text(text, "The message") }
            <p><button type="button" class="button" aria-expanded={is_open.to_string()} aria-controls="message-meaning" {onclick}>
                { "What does this message mean?" }
            </button></p>
            <div id="message-meaning" hidden={!*is_open}>
                { draw_phrases(phrases) }
                if !elsewhere.is_empty() {
                    <h4>{ "The same pull with another runtime" }</h4>
                    { draw_elsewhere(elsewhere) }
                }
                <p><a href={Route::Messages.href()}>{ "Look up another message" }</a></p>
            </div>
        </div>
    }
}

/// What each of a message's words says.
pub fn draw_phrases(phrases: &[(String, String)]) -> Html {
    if phrases.is_empty() {
        return Html::default();
    }
    let row = |(words, means): &(String, String)| {
        html! { <div><dt><code>{ words }</code></dt><dd>{ sentence(means) }</dd></div> }
    };
    html! { <dl class="phrases">{ for phrases.iter().map(row) }</dl> }
}

/// How something reads with other runtimes.
pub fn draw_elsewhere(elsewhere: &[(String, String)]) -> Html {
    let row = |(runtimes, text): &(String, String)| {
        html! { <li><p class="faint">{ runtimes }</p>{ draw_text(text, runtimes) }</li> }
    };
    html! { <ul class="elsewhere">{ for elsewhere.iter().map(row) }</ul> }
}

/// Texts may be long and have lines of their own: they are wrapped, never cut.
fn draw_text(text: &str, label: &str) -> Html {
    html! { <pre class="message-text" aria-label={label.to_owned()} role="group"><code>{ text }</code></pre> }
}

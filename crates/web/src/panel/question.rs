//! A question in the text, with feedback for each option.

use pullpath_view::block::Question;
use pullpath_view::pane::Tone;
use yew::prelude::*;

use crate::app::Services;
use crate::blocks::{Blocks, inlines};
use crate::icon::ToneIcon;
use crate::keeper::Note;
use crate::store::Answered;
use crate::text::tone_class;

/// Properties of [`QuestionCard`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct QuestionCardProps {
    pub question: Question,
    /// What the answer is remembered under.
    pub page: Option<AttrValue>,
}

/// Native radio buttons in a fieldset; the result goes to a live region that takes the focus.
#[component]
pub fn QuestionCard(props: &QuestionCardProps) -> Html {
    let services = use_context::<Services>();
    let Question { id, prompt, options, explanation } = &props.question;
    let key = props.page.as_ref().map(|page| format!("{page}/{id}"));
    let remembered = services
        .as_ref()
        .zip(key.as_ref())
        .and_then(|(services, key)| services.progress.kept.answers.get(key))
        .map(|answer| answer.option as usize)
        .filter(|option| *option < options.len());
    let chosen = use_state(|| remembered);
    let checked = use_state(|| remembered);
    let onsubmit = {
        let (chosen, checked, options) = (chosen.clone(), checked.clone(), options.clone());
        let (services, key, result) = (services, key, format!("result-{id}"));
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(option) = *chosen else { return };
            checked.set(Some(option));
            crate::browser::focus_soon(result.clone());
            if let (Some(services), Some(key)) = (&services, &key) {
                let answer = Answered { option: option as u32, right: options[option].right };
                services.progress.note.emit(Note::Answer(key.clone(), answer));
            }
        })
    };
    let choice = |n: usize| {
        let chosen = chosen.clone();
        let is_chosen = *chosen == Some(n);
        let onchange = Callback::from(move |_: Event| chosen.set(Some(n)));
        html! {
            <label class="choice">
                <input type="radio" name={format!("question-{id}")} value={n.to_string()} checked={is_chosen} {onchange} />
                <span>{ inlines(&options[n].text) }</span>
            </label>
        }
    };
    let result = checked.filter(|option| *option < options.len()).map(|option| &options[option]);
    let tone = result.map(|choice| if choice.right { Tone::Good } else { Tone::Bad });
    html! {
        <form class="question" {onsubmit}>
            <fieldset>
                <legend><Blocks blocks={prompt.clone()} /></legend>
                { for (0..options.len()).map(choice) }
            </fieldset>
            <button type="submit" class="button primary" disabled={chosen.is_none()}>{ "Check" }</button>
            <div class="result" id={format!("result-{id}")} tabindex="-1" aria-live="polite">
                if let (Some(choice), Some(tone)) = (result, tone) {
                    <p class={classes!("standing", tone_class(tone))}>
                        <ToneIcon {tone} />{ if choice.right { "Right." } else { "Not quite." } }
                    </p>
                    <p>{ inlines(&choice.feedback) }</p>
                    if choice.right && !explanation.is_empty() { <Blocks blocks={explanation.clone()} /> }
                }
            </div>
        </form>
    }
}

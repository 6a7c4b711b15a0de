//! One question of a quiz: asked, answered, and what is said then.

use pullpath_view::block::{Block, Inline};
use pullpath_view::hand_in::Response;
use pullpath_view::pane::Tone;
use pullpath_view::quiz::{Choice, Form, Question, Verdict};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::order::OrderList;
use crate::blocks::{Blocks, inlines};
use crate::browser;
use crate::icon::ToneIcon;
use crate::text::{element_id, tone_class};

/// Properties of [`AskedCard`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct AskedCardProps {
    pub quiz: AttrValue,
    pub question: Question,
    /// Its place and how many there are, for a heading; without, there is none.
    #[prop_or_default]
    pub place: Option<(usize, usize)>,
    /// What was answered.
    pub given: Option<Response>,
    /// What that is worth; not there before it was judged.
    pub verdict: Option<Verdict>,
    pub is_pending: bool,
    /// Why an answer could not be judged.
    #[prop_or_default]
    pub trouble: Option<AttrValue>,
    pub answer: Callback<(String, Response)>,
    /// What follows the result: a button to the next question.
    #[prop_or_default]
    pub children: Html,
}

/// Native inputs in a fieldset; the result takes the focus, so that it is read at once.
#[component]
pub fn AskedCard(props: &AskedCardProps) -> Html {
    let AskedCardProps { quiz, question, place, given, verdict, is_pending, trouble, .. } = props;
    let draft = use_state(|| start(&question.form));
    let id = element_id("asked", &format!("{quiz}-{}", question.id));
    let result = format!("{id}-result");
    {
        // Only an answer that was given here moves the focus, not one that was kept from before.
        let was_asked = use_mut_ref(|| false);
        let (result, is_pending) = (result.clone(), *is_pending);
        use_effect_with((is_pending, verdict.is_some()), move |(is_pending, is_judged)| {
            if *is_pending {
                was_asked.replace(true);
            } else if *is_judged && was_asked.replace(false) {
                browser::focus_soon(result);
            }
        });
    }
    let onsubmit = {
        let (draft, answer, id) = (draft.clone(), props.answer.clone(), question.id.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(response) = (*draft).clone() {
                answer.emit((id.clone(), response));
            }
        })
    };
    let change = {
        let draft = draft.setter();
        Callback::from(move |response: Option<Response>| draft.set(response))
    };
    let heading = place.map(|(place, of)| {
        html! {
            <h2 class="asked-place" id={format!("{id}-title")} tabindex="-1">
                { format!("Question {place} of {of}") }
                if question.points > 1 { <span class="points">{ format!("{} points", question.points) }</span> }
            </h2>
        }
    });
    let (legend, rest) = split(&question.prompt);
    let is_done = given.is_some() && verdict.is_some();
    html! {
        <form class={classes!("question", "asked", is_done.then_some("done"))} {onsubmit} aria-busy={is_pending.to_string()}>
            { heading.unwrap_or_default() }
            <fieldset>
                <legend>{ legend }</legend>
                if !rest.is_empty() { <div class="prose asked-more"><Blocks blocks={rest} /></div> }
                {
                    match (given, verdict) {
                        (Some(given), Some(verdict)) => answered(&question.form, given, verdict),
                        _ => form(&id, &question.form, (*draft).as_ref(), &change),
                    }
                }
            </fieldset>
            if !is_done {
                <button type="submit" class="button primary" disabled={draft.is_none() || *is_pending}>{ if *is_pending { "Checking…" } else { "Check" } }</button>
            }
            <div role="status">
                if let Some(trouble) = trouble.as_ref().filter(|_| !is_done && draft.is_some()) {
                    <p class="standing bad"><ToneIcon tone={Tone::Bad} />{ trouble }</p>
                }
            </div>
            if let (Some(given), Some(verdict)) = (given, verdict) {
                <div class="result" id={result} tabindex="-1">
                    { said(question, given, verdict) }
                </div>
                { props.children.clone() }
            }
        </form>
    }
}

/// The question's first sentence names the group; what else it has stands below.
fn split(prompt: &[Block]) -> (Html, Vec<Block>) {
    match prompt {
        [Block::Paragraph { text }, rest @ ..] => (inlines(text), rest.to_vec()),
        blocks => (html! { "Question" }, blocks.to_vec()),
    }
}

/// What stands there before anything is answered.
fn start(form: &Form) -> Option<Response> {
    match form {
        Form::Order { items } => {
            Some(Response::Ids(items.iter().map(|item| item.id.clone()).collect()))
        }
        Form::Choice { .. } | Form::Short | Form::Predict { .. } | Form::Locate { .. } => None,
    }
}

// ---- asked ------------------------------------------------------------------------------------------------------

fn form(
    id: &str,
    form: &Form,
    draft: Option<&Response>,
    change: &Callback<Option<Response>>,
) -> Html {
    match form {
        Form::Choice { several: true, options } => several(id, options, draft, change),
        Form::Choice { several: false, options } | Form::Predict { options, .. } => {
            one(id, options, draft, change)
        }
        Form::Short => {
            let oninput = change.reform(|event: InputEvent| {
                let text = event.target_unchecked_into::<HtmlInputElement>().value();
                (!text.trim().is_empty()).then_some(Response::Text(text))
            });
            html! {
                <label class="short"><span>{ "Your answer" }</span>
                    <input type="text" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="200" {oninput} /></label>
            }
        }
        Form::Order { items } => {
            let order = match draft {
                Some(Response::Ids(ids)) => ids.clone(),
                _ => items.iter().map(|item| item.id.clone()).collect(),
            };
            let change = change.reform(|ids| Some(Response::Ids(ids)));
            html! { <OrderList id={id.to_owned()} items={items.clone()} {order} {change} /> }
        }
        Form::Locate { manifest } => locate(id, manifest, draft, change),
    }
}

fn one(
    id: &str,
    options: &[Choice],
    draft: Option<&Response>,
    change: &Callback<Option<Response>>,
) -> Html {
    let option = |option: &Choice| {
        let response = Response::Text(option.id.clone());
        let is_chosen = draft == Some(&response);
        let onchange = change.reform(move |_: Event| Some(response.clone()));
        html! {
            <label class="choice">
                <input type="radio" name={id.to_owned()} value={option.id.clone()} checked={is_chosen} {onchange} />
                <span>{ inlines(&option.text) }</span>
            </label>
        }
    };
    options.iter().map(option).collect()
}

fn several(
    id: &str,
    options: &[Choice],
    draft: Option<&Response>,
    change: &Callback<Option<Response>>,
) -> Html {
    let chosen = match draft {
        Some(Response::Ids(ids)) => ids.clone(),
        _ => Vec::new(),
    };
    let option = |option: &Choice| {
        let is_chosen = chosen.contains(&option.id);
        let (chosen, own) = (chosen.clone(), option.id.clone());
        let onchange = change.reform(move |_: Event| {
            let mut chosen = chosen.clone();
            match chosen.iter().position(|id| *id == own) {
                Some(at) => drop(chosen.remove(at)),
                None => chosen.push(own.clone()),
            }
            (!chosen.is_empty()).then_some(Response::Ids(chosen))
        });
        html! {
            <label class="choice">
                <input type="checkbox" name={id.to_owned()} value={option.id.clone()} checked={is_chosen} {onchange} />
                <span>{ inlines(&option.text) }</span>
            </label>
        }
    };
    html! { <><p class="faint asked-how">{ "Choose all that are right." }</p>{ for options.iter().map(option) }</> }
}

/// The lines as radio buttons: arrow keys go from one to the next.
fn locate(
    id: &str,
    manifest: &str,
    draft: Option<&Response>,
    change: &Callback<Option<Response>>,
) -> Html {
    let line = |(place, text): (usize, &str)| {
        let number = place as u32 + 1;
        let response = Response::Line(number);
        let is_chosen = draft == Some(&response);
        if text.trim().is_empty() {
            return html! { <span class="code-line" aria-hidden="true"><span class="line-number">{ number }</span></span> };
        }
        let onchange = change.reform(move |_: Event| Some(response.clone()));
        html! {
            <label class="code-line">
                <input type="radio" name={id.to_owned()} value={number.to_string()} checked={is_chosen} {onchange} />
                <span class="line-number"><span class="sr-only">{ "Line " }</span>{ number }</span><code>{ text }</code>
            </label>
        }
    };
    html! { <>
        <p class="faint asked-how">{ "Choose the line." }</p>
        <div class="lines">{ for manifest.lines().enumerate().map(line) }</div>
    </> }
}

// ---- answered ---------------------------------------------------------------------------------------------------

/// How an option came off.
struct Mark {
    tone: Option<Tone>,
    word: &'static str,
}

impl Mark {
    const fn of(is_chosen: bool, is_right: bool) -> Self {
        match (is_chosen, is_right) {
            (true, true) => Self { tone: Some(Tone::Good), word: "your answer, right" },
            (true, false) => Self { tone: Some(Tone::Bad), word: "your answer" },
            (false, true) => Self { tone: Some(Tone::Neutral), word: "right" },
            (false, false) => Self { tone: None, word: "" },
        }
    }

    fn icon(&self) -> Html {
        match self.tone {
            Some(tone) => html! { <ToneIcon {tone} /> },
            None => html! { <span class="icon no-mark" aria-hidden="true"></span> },
        }
    }

    fn class(&self) -> &'static str {
        self.tone.map_or("", tone_class)
    }
}

/// Whether the learner said that they do not know.
fn is_unsure(form: &Form, given: &Response) -> bool {
    matches!(form, Form::Predict { .. }) && has(given, "unsure")
}

fn has(response: &Response, id: &str) -> bool {
    match response {
        Response::Text(text) => text == id,
        Response::Ids(ids) => ids.iter().any(|known| known == id),
        Response::Line(_) => false,
    }
}

fn answered(form: &Form, given: &Response, verdict: &Verdict) -> Html {
    match form {
        Form::Choice { options, .. } | Form::Predict { options, .. } => {
            let option = |option: &Choice| {
                let is_chosen = has(given, &option.id);
                let mut mark = Mark::of(is_chosen, has(&verdict.answer, &option.id));
                if is_chosen && is_unsure(form, given) {
                    mark.tone = Some(Tone::Waiting);
                }
                let word = match (form, mark.word) {
                    (Form::Predict { .. }, "right") => "this is what happens",
                    (_, word) => word,
                };
                let remark = verdict.remarks.get(&option.id).cloned();
                html! {
                    <li class={classes!("marked", mark.class())}>
                        { mark.icon() }
                        <div>
                            <p>{ inlines(&option.text) }if !word.is_empty() { <span class="marked-word">{ word }</span> }</p>
                            if let Some(blocks) = remark { <div class="prose small remark"><Blocks {blocks} /></div> }
                        </div>
                    </li>
                }
            };
            html! { <ul class="marks">{ for options.iter().map(option) }</ul> }
        }
        Form::Short => {
            let words = |response: &Response| match response {
                Response::Text(text) => text.clone(),
                Response::Line(number) => number.to_string(),
                Response::Ids(ids) => ids.join(" "),
            };
            let mark = Mark::of(true, verdict.right);
            html! {
                <ul class="marks">
                    <li class={classes!("marked", mark.class())}>{ mark.icon() }<div><p><code>{ words(given) }</code><span class="marked-word">{ mark.word }</span></p></div></li>
                    if !verdict.right {
                        <li class="marked neutral"><ToneIcon tone={Tone::Neutral} /><div><p><code>{ words(&verdict.answer) }</code><span class="marked-word">{ "right" }</span></p></div></li>
                    }
                </ul>
            }
        }
        Form::Order { items } => {
            let (Response::Ids(given), Response::Ids(right)) = (given, &verdict.answer) else {
                return Html::default();
            };
            let row = |(place, id): (usize, &String)| {
                let yours = given.iter().position(|own| own == id);
                let is_right = yours == Some(place);
                let mark = Mark::of(true, is_right);
                let words: Vec<Inline> = items
                    .iter()
                    .find(|item| item.id == *id)
                    .map(|item| item.text.clone())
                    .unwrap_or_default();
                let word = match yours {
                    Some(yours) if !is_right => format!("you had it at {}", yours + 1),
                    _ => String::new(),
                };
                html! {
                    <li class={classes!("marked", mark.class())}>
                        { mark.icon() }
                        <div><p>{ format!("{}. ", place + 1) }{ inlines(&words) }if !word.is_empty() { <span class="marked-word">{ word }</span> }</p></div>
                    </li>
                }
            };
            html! { <ol class="marks">{ for right.iter().enumerate().map(row) }</ol> }
        }
        Form::Locate { manifest } => {
            let line = |(place, text): (usize, &str)| {
                let response = Response::Line(place as u32 + 1);
                let is_chosen = *given == response;
                let is_right = verdict.answer == response || (is_chosen && verdict.right);
                let mark = Mark::of(is_chosen, is_right);
                html! {
                    <li class={classes!("code-line", mark.tone.map(|_| "noted"), mark.class())}>
                        { mark.icon() }
                        <span class="line-number">{ place + 1 }</span><code>{ text }</code>
                        if !mark.word.is_empty() { <span class="marked-word">{ mark.word }</span> }
                    </li>
                }
            };
            // It scrolls, and nothing in it takes the focus.
            html! {
                <div class="lines" tabindex="0" role="region" aria-label="The manifest">
                    <ol class="line-list">{ for manifest.lines().enumerate().map(line) }</ol>
                </div>
            }
        }
    }
}

/// The result in words.
fn said(question: &Question, given: &Response, verdict: &Verdict) -> Html {
    let (tone, word) = match (verdict.right, is_unsure(&question.form, given)) {
        (true, _) => (Tone::Good, "Right."),
        (false, true) => (Tone::Waiting, "Now you know."),
        (false, false) => (Tone::Bad, "Not quite."),
    };
    html! { <>
        <p class={classes!("standing", "large", tone_class(tone))}>
            <ToneIcon {tone} />{ word }
            if question.points > 1 { <span class="points">{ format!("{} of {} points", if verdict.right { question.points } else { 0 }, question.points) }</span> }
        </p>
        if !verdict.say.is_empty() { <div class="prose small"><Blocks blocks={verdict.say.clone()} /></div> }
        if !verdict.explanation.is_empty() {
            <div class="note prose small"><Blocks blocks={verdict.explanation.clone()} /></div>
        }
        if let Form::Predict { scenario, .. } = &question.form {
            <p class="faint asked-how">{ "The simulated cluster was asked. " }<a href={format!("#/play/{scenario}")}>{ "Try it there" }</a></p>
        }
    </> }
}

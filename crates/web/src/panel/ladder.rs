//! The why ladder: the reasons of one pull attempt, rung by rung.

use std::rc::Rc;

use pullpath_view::action::Action;
use pullpath_view::pane::{Diagnosis, Evidence, Exchange, Ladder, Rung, RungState};
use yew::prelude::*;

use super::message::MessageCard;
use super::{Look, Wishes};
use crate::blocks::sentence;
use crate::browser;
use crate::icon::{self, ToneIcon};
use crate::text::{rung_tone, rung_word, tone_class};

/// Properties of [`LadderPane`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LadderPaneProps {
    pub ladder: Rc<Ladder>,
    pub wishes: Wishes,
    /// Asked while the ladder is locked, and told of afterwards.
    #[prop_or_default]
    pub diagnosis: Option<Diagnosis>,
}

/// The ladder, or what to do to get it.
#[component]
pub fn LadderPane(props: &LadderPaneProps) -> Html {
    let is_open = matches!(*props.ladder, Ladder::Open { .. });
    {
        let was_asked = use_mut_ref(|| false);
        let is_locked = matches!(*props.ladder, Ladder::Locked { .. });
        use_effect_with((is_open, is_locked), move |&(is_open, is_locked)| {
            // The form that had the focus is gone; what it led to takes it.
            if was_asked.replace(is_locked) && is_open {
                browser::focus_soon("ladder-summary");
            }
        });
    }
    let body = match &*props.ladder {
        Ladder::Empty { text } => html! { <p class="empty">{ text }</p> },
        Ladder::Locked { text } => html! {
            <div class="locked">
                <p class="locked-text">{ icon::lock() }<span>{ text }</span></p>
                if let Some(diagnosis) = &props.diagnosis {
                    <DiagnosisForm diagnosis={diagnosis.clone()} act={props.wishes.act.clone()} />
                }
                <p><button type="button" class="button quiet" onclick={props.wishes.act.reform(|_: MouseEvent| Action::OpenLadder)}>
                    { "Open it without a diagnosis (counts as a hint)" }
                </button></p>
            </div>
        },
        Ladder::Open { subject, pull, summary, rungs, .. } => {
            let look = &props.wishes.look;
            html! { <>
                if let Some(diagnosis) = props.diagnosis.as_ref().filter(|diagnosis| diagnosis.chosen.is_some()) {
                    <Verdict diagnosis={diagnosis.clone()} />
                }
                <p class="summary" id="ladder-summary" tabindex="-1">{ sentence(summary) }</p>
                <p class="ladder-subject">{ subject }</p>
                <ol class="ladder">
                    { for rungs.iter().map(|rung| html! {
                        // Another attempt is another ladder: what was unfolded in this one is not carried over.
                        <RungRow key={format!("{pull}/{}/{}", rung.number, rung_word(rung.state))} rung={rung.clone()} look={look.clone()} />
                    }) }
                </ol>
            </> }
        }
    };
    html! {
        <section class="pane ladder-pane" aria-label="Why">
            <header class="pane-head"><h2>{ "Why" }</h2>{ draw_stepper(&props.ladder, &props.wishes.look) }</header>
            // Another key is another element: an open ladder starts at its top.
            <div class="pane-body" key={if is_open { "open" } else { "closed" }}>{ body }</div>
        </section>
    }
}

/// Which pull it is, and the way to the other ones.
fn draw_stepper(ladder: &Ladder, look: &Callback<Look>) -> Html {
    let Ladder::Open { pull, pulls, when, .. } = ladder else { return Html::default() };
    let step = |to: u32| look.reform(move |_: MouseEvent| Look::Pull(Some(to)));
    html! {
        <div class="stepper" role="group" aria-label="Pull attempt">
            <button type="button" class="button icon-only" aria-label="Earlier pull" disabled={*pull <= 1} onclick={step(pull.saturating_sub(1))}>{ icon::previous() }</button>
            <span>{ format!("pull {pull} of {pulls}") }<span class="faint">{ format!(" at {when}") }</span></span>
            <button type="button" class="button icon-only" aria-label="Later pull" disabled={pull >= pulls} onclick={step(pull + 1)}>{ icon::next() }</button>
        </div>
    }
}

/// Properties of [`RungRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RungRowProps {
    pub rung: Rung,
    pub look: Callback<Look>,
}

/// One rung; folded unless it broke.
#[component]
pub fn RungRow(props: &RungRowProps) -> Html {
    let rung = &props.rung;
    let is_open = use_state(|| rung.state == RungState::Failed);
    let tone = rung_tone(rung.state);
    let onclick = {
        let is_open = is_open.clone();
        Callback::from(move |_: MouseEvent| is_open.set(!*is_open))
    };
    let body = format!("rung-body-{}", rung.number);
    html! {
        <li class={classes!("rung", tone_class(tone))}>
            <h3>
                <button type="button" class="rung-head" aria-expanded={is_open.to_string()} aria-controls={body.clone()} {onclick}>
                    <span class="rung-number">{ rung.number }</span>
                    <span class="rung-title">{ &rung.title }</span>
                    <span class="rung-state"><ToneIcon {tone} />{ rung_word(rung.state) }</span>
                </button>
            </h3>
            <div class="rung-body" id={body} hidden={!*is_open}>
                <p>{ sentence(&rung.sentence) }</p>
                if !rung.evidence.is_empty() {
                    <ul class="evidence">{ for rung.evidence.iter().map(|evidence| draw_evidence(evidence, &props.look)) }</ul>
                }
                if !rung.exchanges.is_empty() {
                    <ol class="exchanges">{ for rung.exchanges.iter().map(draw_exchange) }</ol>
                }
                if let Some(message) = &rung.message {
                    <MessageCard message={message.clone()} />
                }
                if let Some(remedy) = &rung.remedy {
                    <p class="remedy"><strong>{ "What would have made it pass: " }</strong>{ sentence(remedy) }</p>
                }
            </div>
        </li>
    }
}

fn draw_evidence(evidence: &Evidence, look: &Callback<Look>) -> Html {
    let what = html! { <>
        <span class="evidence-object">{ &evidence.object }</span>
        <span class="evidence-field">{ &evidence.field }</span>
        <span class="evidence-value">{ &evidence.value }</span>
    </> };
    match &evidence.place {
        Some((file, line)) => {
            let (file, line) = (file.clone(), *line);
            let place = format!("{file}:{line}");
            let onclick = look.reform(move |_: MouseEvent| Look::Place(file.clone(), line));
            html! {
                <li><button type="button" class="evidence-link" title="Go to the line in the editor" {onclick}>
                    { what }<span class="evidence-place">{ place }{ icon::arrow() }</span>
                </button></li>
            }
        }
        None => html! { <li><div class="evidence-plain">{ what }</div></li> },
    }
}

fn draw_exchange(exchange: &Exchange) -> Html {
    let is_good = exchange.status.starts_with('2');
    html! {
        <li class={classes!("exchange", if is_good { "good" } else { "bad" })}>
            <code class="request">{ &exchange.request }</code>
            <span class="auth">{ "Authorization: " }<code>{ &exchange.auth }</code></span>
            <span class="status">{ &exchange.status }</span>
            if !exchange.note.is_empty() { <span class="exchange-note">{ &exchange.note }</span> }
        </li>
    }
}

/// Properties of [`DiagnosisForm`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct DiagnosisFormProps {
    pub diagnosis: Diagnosis,
    pub act: Callback<Action>,
}

/// Which rung is broken? Naming it, rightly or wrongly, opens the ladder.
#[component]
pub fn DiagnosisForm(props: &DiagnosisFormProps) -> Html {
    let chosen = use_state(|| props.diagnosis.chosen);
    let onsubmit = {
        let (act, chosen) = (props.act.clone(), chosen.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(rung) = *chosen {
                act.emit(Action::Diagnose { rung });
            }
        })
    };
    let option = |n: usize, title: &String| {
        let rung = n as u8 + 1;
        let chosen = chosen.clone();
        let checked = *chosen == Some(rung);
        let onchange = Callback::from(move |_: Event| chosen.set(Some(rung)));
        html! {
            <label class="choice">
                <input type="radio" name="diagnosis" value={rung.to_string()} {checked} {onchange} />
                <span><span class="rung-number">{ rung }</span>{ " " }{ title }</span>
            </label>
        }
    };
    html! {
        <form class="diagnosis" {onsubmit}>
            <fieldset>
                <legend>{ "Which rung is broken?" }</legend>
                { for props.diagnosis.rungs.iter().enumerate().map(|(n, title)| option(n, title)) }
            </fieldset>
            <button type="submit" class="button primary" disabled={chosen.is_none()}>{ "Name it" }</button>
        </form>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct VerdictProps {
    diagnosis: Diagnosis,
}

#[component]
fn Verdict(props: &VerdictProps) -> Html {
    let Diagnosis { rungs, chosen, comment, right } = &props.diagnosis;
    let tone = match right {
        Some(true) => pullpath_view::pane::Tone::Good,
        Some(false) => pullpath_view::pane::Tone::Bad,
        None => pullpath_view::pane::Tone::Neutral,
    };
    let title = chosen.and_then(|rung| rungs.get(usize::from(rung).saturating_sub(1)));
    html! {
        <div class={classes!("verdict", tone_class(tone))} role="status">
            <ToneIcon {tone} />
            <p>
                if let (Some(rung), Some(title)) = (chosen, title) { { format!("You named rung {rung}, {title}. ") } }
                if let Some(comment) = comment { { comment } }
            </p>
        </div>
    }
}

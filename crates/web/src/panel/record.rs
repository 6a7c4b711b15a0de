//! The record of a hand-in: what everything in it comes to, as an instructor will see it.

use pullpath_view::pane::Tone;
use pullpath_view::record::{Check, Item, Kind, Outcome, Record};
use yew::prelude::*;

use crate::blocks::sentence;
use crate::icon::ToneIcon;
use crate::text::tone_class;

/// Properties of [`RecordSheet`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RecordSheetProps {
    pub record: Record,
    /// The title of a scenario or quiz, where this site has it.
    pub title: Callback<(Kind, String), String>,
}

/// One block for each scenario and quiz, with its goals or questions inside.
#[component]
pub fn RecordSheet(props: &RecordSheetProps) -> Html {
    let Record { items, points, max_points, outcome, .. } = &props.record;
    let tone = tone_of(*outcome);
    html! {
        <div class="record">
            <p class={classes!("standing", "large", tone_class(tone))}>
                <ToneIcon {tone} />{ format!("{points} of {max_points} points") }
            </p>
            <ul class="record-items">{ for items.iter().map(|item| draw_item(item, &props.title)) }</ul>
        </div>
    }
}

const fn tone_of(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Pass => Tone::Good,
        Outcome::Fail => Tone::Waiting,
        Outcome::Error => Tone::Bad,
        Outcome::Missing => Tone::Neutral,
    }
}

fn draw_item(item: &Item, title: &Callback<(Kind, String), String>) -> Html {
    let tone = tone_of(item.outcome);
    let (word, tries) = match item.kind {
        Kind::Scenario => ("Scenario", "the best of {} attempts"),
        Kind::Quiz => ("Quiz", "the best of {} goes"),
    };
    html! {
        <li>
            <details>
                <summary>
                    <ToneIcon {tone} />
                    <span class="record-title">{ title.emit((item.kind, item.id.clone())) }</span>
                    <span class="faint">
                        { word }
                        if item.attempts > 1 { { ", " }{ tries.replace("{}", &item.attempts.to_string()) } }
                    </span>
                    <span class={classes!("word", tone_class(tone))}>{ item.outcome.words() }</span>
                    <span class="number">{ format!("{} of {}", item.points, item.max_points) }</span>
                </summary>
                <ol class="record-checks">{ for item.checks.iter().map(draw_check) }</ol>
            </details>
        </li>
    }
}

fn draw_check(check: &Check) -> Html {
    let (tone, word) = match check.outcome {
        Outcome::Pass => (Tone::Good, "holds"),
        Outcome::Fail => (Tone::Bad, "does not hold"),
        Outcome::Error => (Tone::Bad, "could not be graded"),
        Outcome::Missing => (Tone::Neutral, "not answered"),
    };
    html! {
        <li class={tone_class(tone)}>
            <ToneIcon {tone} />
            <div>
                <p>{ &check.title }<span class="sr-only">{ format!(": {word}") }</span></p>
                if !check.said.is_empty() { <p class="faint">{ sentence(&check.said) }</p> }
            </div>
            <span class="number faint">{ format!("{} of {}", check.points, check.max_points) }</span>
        </li>
    }
}

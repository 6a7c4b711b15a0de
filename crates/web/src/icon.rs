//! Shapes that go with the words: a state is never told by colour alone.

use pullpath_view::pane::Tone;
use yew::prelude::*;

use crate::text::tone_class;

/// The shape of a tone: a tick, a cross, a clock, a ring.
#[component]
pub fn ToneIcon(props: &ToneIconProps) -> Html {
    let class = classes!("icon", tone_class(props.tone));
    html! {
        <svg {class} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            { tone_shape(props.tone) }
        </svg>
    }
}

/// Properties of [`ToneIcon`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ToneIconProps {
    pub tone: Tone,
}

/// The shape alone, centred on (8, 8), for use within another drawing.
pub fn tone_shape(tone: Tone) -> Html {
    match tone {
        Tone::Good => html! { <>
            <circle class="disc" cx="8" cy="8" r="7" />
            <path class="stroke" d="M4.6 8.3 7 10.7 11.5 5.6" />
        </> },
        Tone::Bad => html! { <>
            <path class="disc" d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" />
            <path class="stroke" d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" />
        </> },
        Tone::Waiting => html! { <>
            <path class="disc" d="M8 1 15.4 14.2H.6z" />
            <path class="stroke" d="M8 5.4v4.2M8 11.8v.3" />
        </> },
        Tone::Neutral => html! { <circle class="ring" cx="8" cy="8" r="5.6" /> },
    }
}

/// A drawing of one line, 16 by 16.
fn line(path: &'static str) -> Html {
    html! {
        <svg class="icon line" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d={path} />
        </svg>
    }
}

/// A triangle that points on.
pub fn play() -> Html {
    line("M4.5 2.8v10.4L13 8z")
}

/// Two bars.
pub fn pause() -> Html {
    line("M5 3v10M11 3v10")
}

/// To the event before.
pub fn previous() -> Html {
    line("M12.5 3v10L5.5 8zM3.5 3v10")
}

/// To the event after.
pub fn next() -> Html {
    line("M3.5 3v10l7-5zM12.5 3v10")
}

/// Two sheets.
pub fn copy() -> Html {
    line("M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3")
}

/// An arrow to the right.
pub fn arrow() -> Html {
    line("M2.5 8h11M9.5 4l4 4-4 4")
}

/// An arrow up.
pub fn up() -> Html {
    line("M8 13.5v-11M4 6.5l4-4 4 4")
}

/// An arrow down.
pub fn down() -> Html {
    line("M8 2.5v11M4 9.5l4 4 4-4")
}

/// An arrow that turns back.
pub fn undo() -> Html {
    line("M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M5.8 3.2 2.5 6.5l3.3 3.3")
}

/// A closed lock.
pub fn lock() -> Html {
    line("M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5")
}

/// A sun, a moon and a screen for the theme switch.
pub fn theme(name: &str) -> Html {
    match name {
        "light" => line(
            "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
        ),
        "dark" => line("M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z"),
        _ => line("M2 3h12v8H2zM6 14h4M8 11v3"),
    }
}

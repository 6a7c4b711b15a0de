//! The workbench: every pane in its place, and the keys.

use std::rc::Rc;

use pullpath_view::action::Action;
use pullpath_view::block::Block;
use pullpath_view::pane::{Goals, Tone};
use yew::prelude::*;

use super::brief::{BriefPane, all_met};
use super::files::FilesPane;
use super::ladder::LadderPane;
use super::picture::PicturePane;
use super::splitter::Splitter;
use super::timeline::TimelinePane;
use super::{Look, Wishes};
use crate::icon::ToneIcon;
use crate::session::{Busy, Session};
use crate::text::length;

/// Properties of [`Workbench`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct WorkbenchProps {
    pub title: AttrValue,
    pub brief: Rc<Vec<Block>>,
    pub session: Session,
    pub wishes: Wishes,
    /// A file and line to go to, and a number that differs each time.
    #[prop_or_default]
    pub place: Option<(String, u32, u32)>,
    /// How many actions of an earlier visit were replayed, and what starts over.
    #[prop_or_default]
    pub resumed: Option<(usize, Callback<()>)>,
}

const PANES: [(&str, &str); 5] = [
    ("brief", "Brief"),
    ("files", "Files"),
    ("cluster", "Cluster"),
    ("why", "Why"),
    ("time", "Timeline"),
];

/// Panes side by side where there is room, one at a time where there is not.
#[component]
pub fn Workbench(props: &WorkbenchProps) -> Html {
    let shown = use_state(|| 0_usize);
    use_keys(&props.wishes);
    {
        // Going to a line must show the editor, also where only one pane fits.
        let shown = shown.clone();
        use_effect_with(props.place.clone(), move |place| {
            if place.is_some() {
                shown.set(1);
            }
        });
    }
    let (session, wishes) = (&props.session, &props.wishes);
    let panes = &session.panes;
    let passed =
        panes.goals.as_ref().filter(|goals| goals.passed).map(|goals| passed_in_short(goals));
    let tab = |index: usize| {
        let shown = shown.clone();
        let pressed = (*shown == index).to_string();
        let onclick = Callback::from(move |_: MouseEvent| shown.set(index));
        html! { <button type="button" aria-pressed={pressed} {onclick}>{ PANES[index].1 }</button> }
    };
    html! {
        <div class={classes!("workbench", format!("show-{}", PANES[*shown].0))}>
            <BusyBar busy={session.busy.clone()} stop={wishes.stop.clone()} />
            if let Some(trouble) = &session.trouble {
                <div class="banner bad" role="alert">
                    <p>{ trouble }</p>
                    <button type="button" class="button quiet" onclick={wishes.dismiss.reform(|_: MouseEvent| ())}>{ "Understood" }</button>
                </div>
            }
            <Strip at_ms={panes.at_ms} now_ms={panes.now_ms} clock={panes.clock.clone()} wall={panes.wall.clone()} versions={panes.versions.clone()}
                resumed={props.resumed.clone()} passed={passed} back={wishes.look.reform(|()| Look::At(None))} />
            <div class="pane-tabs switch" role="group" aria-label="Pane">{ for (0..PANES.len()).map(tab) }</div>
            <div class="bench">
                <div class="place-brief" id="pane-brief" tabindex="-1">
                    <BriefPane title={props.title.clone()} brief={panes.brief.clone().unwrap_or_else(|| props.brief.clone())} goals={panes.goals.clone()} guide={panes.guide.clone()} wishes={wishes.clone()}
                        is_answering={session.busy.iter().any(|(_, busy)| busy.what == "Answer")} />
                </div>
                <Splitter name="brief" label="Width of the brief" least={220} most={520} size={316} />
                <div class="place-files" id="pane-files" tabindex="-1">
                    if let Some(files) = &panes.files {
                        <FilesPane files={files.clone()} drafts={session.drafts.clone()} notices={session.notices.clone()} place={props.place.clone()} wishes={wishes.clone()}
                            next_try={panes.goals.as_ref().and_then(|goals| goals.next_try.clone())} />
                    } else {
                        <Waiting name="Files" />
                    }
                </div>
                <Splitter name="side" label="Width of the cluster picture" least={340} most={900} size={540} after={true} />
                <div class="place-cluster" id="pane-cluster" tabindex="-1">
                    if let Some(picture) = &panes.picture {
                        <PicturePane picture={picture.clone()} wishes={wishes.clone()} />
                    } else {
                        <Waiting name="Cluster" />
                    }
                </div>
                <Splitter name="why" label="Height of the why ladder" least={120} most={700} size={260} lies={true} after={true} />
                <div class="place-why" id="pane-why" tabindex="-1">
                    if let Some(ladder) = &panes.ladder {
                        <LadderPane ladder={ladder.clone()} diagnosis={panes.guide.as_ref().and_then(|guide| guide.diagnosis.clone())} wishes={wishes.clone()} />
                    } else {
                        <Waiting name="Why" />
                    }
                </div>
                <Splitter name="time" label="Height of the timeline" least={96} most={520} size={222} lies={true} after={true} />
                <div class="place-time" id="pane-time" tabindex="-1">
                    if let Some(timeline) = &panes.timeline {
                        <TimelinePane timeline={timeline.clone()} events={panes.events.clone().unwrap_or_default()} at_ms={panes.at_ms} now_ms={panes.now_ms}
                            from_ms={panes.from_ms} clock={panes.clock.clone()} wall={panes.wall.clone()} wishes={wishes.clone()} />
                    } else {
                        <Waiting name="Timeline" />
                    }
                </div>
            </div>
        </div>
    }
}

fn passed_in_short(goals: &Goals) -> String {
    let what = if all_met(goals) { "All goals are met" } else { "Passed" };
    format!("{what}: {} of {} points.", goals.points, goals.out_of)
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct StripProps {
    at_ms: i64,
    now_ms: i64,
    clock: AttrValue,
    wall: AttrValue,
    versions: AttrValue,
    resumed: Option<(usize, Callback<()>)>,
    /// How a pass went, in a sentence.
    passed: Option<String>,
    back: Callback<()>,
}

/// One line that is always there, so that nothing moves when it has something to say: the past, an attempt that was
/// replayed, otherwise what is modelled.
#[component]
fn Strip(props: &StripProps) -> Html {
    let is_past = props.at_ms < props.now_ms;
    let kind = match (is_past, &props.resumed, &props.passed) {
        (true, ..) => "past",
        (_, Some(_), _) => "resumed",
        (_, _, Some(_)) => "done",
        (false, None, None) => "plain",
    };
    let body = if is_past {
        html! { <>
            <p>
                { "You are looking at " }<strong class="mono">{ &props.clock }</strong>
                { format!(", {} ago. Your files are as they are now.", length(props.now_ms - props.at_ms)) }
            </p>
            <button type="button" class="button" onclick={props.back.reform(|_: MouseEvent| ())}>{ "Back to now" }</button>
        </> }
    } else if let Some((count, start_over)) = &props.resumed {
        let actions = if *count == 1 { "action" } else { "actions" };
        html! { <>
            <p>{ format!("Your attempt from before was replayed: {count} {actions}.") }</p>
            <button type="button" class="button" onclick={start_over.reform(|_: MouseEvent| ())}>{ "Start over" }</button>
        </> }
    } else if let Some(passed) = &props.passed {
        html! { <>
            <p class="with-icon"><ToneIcon tone={Tone::Good} />{ passed }</p>
            <p class="faint">{ &props.versions }</p>
        </> }
    } else {
        html! { <><p class="faint">{ &props.versions }</p><p class="faint number">{ &props.wall }</p></> }
    };
    html! {
        <div class={classes!("strip", kind)} role="status">{ body }</div>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct WaitingProps {
    name: &'static str,
}

/// A pane of the right size before its content is there.
#[component]
fn Waiting(props: &WaitingProps) -> Html {
    html! {
        <section class="pane waiting-pane" aria-label={props.name} aria-busy="true">
            <header class="pane-head"><h2>{ props.name }</h2></header>
            <div class="pane-body skeleton"><span></span><span></span><span></span></div>
        </section>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct BusyBarProps {
    busy: Vec<(u32, Busy)>,
    stop: Callback<()>,
}

/// What takes longer than 300 ms, how far it is, and a way out. The stylesheet holds it back that long; the key makes
/// each request wait anew.
#[component]
fn BusyBar(props: &BusyBarProps) -> Html {
    let Some((ticket, busy)) = props.busy.first() else {
        return html! { <div class="busy-place"></div> };
    };
    let percent = busy.progress.map(|(done, total)| (done * 100 / total.max(1)).clamp(0, 100));
    html! {
        <div class="busy-place">
            <div class="busy" key={*ticket}>
                <progress aria-label={busy.what.clone()} max="100" value={percent.map(|percent| percent.to_string())}></progress>
                <span role="status">
                    { &busy.what }
                    if let Some((done, _)) = busy.progress { { format!(": {} simulated", length(done)) } } else { { "…" } }
                </span>
                <button type="button" class="button" onclick={props.stop.reform(|_: MouseEvent| ())}>{ "Stop" }</button>
            </div>
        </div>
    }
}

/// The keys of the workbench, wherever the focus is.
#[hook]
fn use_keys(wishes: &Wishes) {
    let wishes = wishes.clone();
    use_effect_with(wishes, move |wishes| {
        let wishes = wishes.clone();
        let listener = crate::browser::is_here().then(|| {
            let options = gloo::events::EventListenerOptions::enable_prevent_default();
            let document = gloo::utils::document();
            gloo::events::EventListener::new_with_options(
                &document,
                "keydown",
                options,
                move |event| {
                    use wasm_bindgen::JsCast;
                    if let Some(event) = event.dyn_ref::<web_sys::KeyboardEvent>() {
                        press(event, &wishes);
                    }
                },
            )
        });
        move || drop(listener)
    });
}

fn press(event: &web_sys::KeyboardEvent, wishes: &Wishes) {
    let command = event.ctrl_key() || event.meta_key();
    match event.key().as_str() {
        "Enter" if command && event.shift_key() => wishes.act.emit(Action::Run),
        "Enter" if command => {
            wishes.act.emit(Action::Apply);
            wishes.act.emit(Action::Run);
        }
        "s" if command => wishes.act.emit(Action::Apply),
        digit @ ("1" | "2" | "3" | "4" | "5") if event.alt_key() && !command => {
            let index = digit.parse::<usize>().expect("a digit") - 1;
            crate::browser::focus(&format!("pane-{}", PANES[index].0));
        }
        _ => return,
    }
    event.prevent_default();
}

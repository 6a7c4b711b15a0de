//! What happened when: lanes, a transport, and a scrubber that goes back.

use std::rc::Rc;

use gloo::timers::callback::Interval;
use pullpath_view::action::Action;
use pullpath_view::pane::{Bar, EventRow, Lane, Mark, Timeline};
use yew::prelude::*;

use super::events::EventTable;
use super::{Look, Wishes};
use crate::browser;
use crate::icon::{self, tone_shape};
use crate::text::{element_id, length, moment, shorten, tick, ticks, tone_class};

/// Room for the names of lanes; the stylesheet gives the scrubber the same margin.
const GUTTER: i32 = 176;
const AXIS: i32 = 23;
const LANE: i32 = 22;
const RIGHT: i32 = 14;
/// How often playback moves on.
const FRAME_MS: u32 = 100;

/// Properties of [`TimelinePane`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct TimelinePaneProps {
    pub timeline: Rc<Timeline>,
    pub events: Rc<Vec<EventRow>>,
    pub at_ms: i64,
    pub now_ms: i64,
    pub from_ms: i64,
    pub clock: AttrValue,
    pub wall: AttrValue,
    pub wishes: Wishes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    Lanes,
    Table,
    Events,
}

/// The timeline with its transport; the same as a table; the events.
#[component]
pub fn TimelinePane(props: &TimelinePaneProps) -> Html {
    let face = use_state(|| Face::Lanes);
    let node = use_node_ref();
    let width = browser::use_width(&node, 1200);
    let tab = |this: Face, text: &'static str| {
        let onclick = {
            let face = face.clone();
            Callback::from(move |_: MouseEvent| face.set(this))
        };
        html! { <button type="button" aria-pressed={(*face == this).to_string()} {onclick}>{ text }</button> }
    };
    let events = format!("Events ({})", props.events.len());
    html! {
        <section class="pane timeline-pane" aria-label="Timeline">
            <header class="pane-head">
                <h2>{ "Timeline" }</h2>
                <Transport ..props.clone() />
                <Zoom at_ms={props.at_ms} from_ms={props.from_ms} now_ms={props.now_ms} look={props.wishes.look.clone()} />
                <div class="switch" role="group" aria-label="Show the timeline as">
                    { tab(Face::Lanes, "Lanes") }
                    { tab(Face::Table, "Table") }
                    <button type="button" aria-pressed={(*face == Face::Events).to_string()} onclick={{
                        let face = face.clone();
                        move |_: MouseEvent| face.set(Face::Events)
                    }}>{ events }</button>
                </div>
            </header>
            <Scrubber ..props.clone() />
            // It scrolls, so it must take the focus.
            <div class="pane-body" ref={node} tabindex="0" role="region" aria-label="What happened when">
                {
                    match *face {
                        Face::Lanes => html! { <Lanes timeline={props.timeline.clone()} at_ms={props.at_ms} now_ms={props.now_ms} {width} look={props.wishes.look.clone()} /> },
                        Face::Table => html! { <TimelineTable timeline={props.timeline.clone()} /> },
                        Face::Events => html! { <EventTable rows={props.events.clone()} look={props.wishes.look.clone()} /> },
                    }
                }
            </div>
        </section>
    }
}

/// Play, pause, speeds, events, and the ways forward.
#[component]
fn Transport(props: &TimelinePaneProps) -> Html {
    let speed = use_state(|| 60_i64);
    let direction = use_state(|| 0_i64);
    // The moment is drawn later than it is asked for, so playback counts on its own.
    let at = use_mut_ref(|| props.at_ms);
    {
        let (at, at_ms) = (Rc::clone(&at), props.at_ms);
        use_effect_with((props.at_ms, *direction), move |(_, direction)| {
            if *direction == 0 {
                at.replace(at_ms);
            }
        });
    }
    {
        let (at, look, stop) = (Rc::clone(&at), props.wishes.look.clone(), direction.setter());
        let (from, now) = (props.from_ms, props.now_ms);
        use_effect_with((*direction, *speed, now), move |&(direction, speed, _)| {
            let timer = (direction != 0).then(|| {
                Interval::new(FRAME_MS, move || {
                    let next =
                        (*at.borrow() + direction * speed * i64::from(FRAME_MS)).clamp(from, now);
                    at.replace(next);
                    look.emit(Look::At((next < now).then_some(next)));
                    if next == from || next == now {
                        stop.set(0);
                    }
                })
            });
            move || drop(timer)
        });
    }
    let run = |to: i64| {
        let (direction, at) = (direction.clone(), Rc::clone(&at));
        let (at_ms, now, from) = (props.at_ms, props.now_ms, props.from_ms);
        Callback::from(move |_: MouseEvent| {
            // Played forwards at the end, it starts again from the beginning.
            at.replace(if to > 0 && at_ms >= now { from } else { at_ms });
            direction.set(if *direction == to { 0 } else { to });
        })
    };
    let jump = |to: Option<i64>| {
        let (direction, now) = (direction.clone(), props.now_ms);
        props.wishes.look.reform(move |_: MouseEvent| {
            direction.set(0);
            Look::At(to.filter(|at| *at < now))
        })
    };
    let stops = &props.timeline.stops;
    let before = stops.iter().rev().find(|at| **at < props.at_ms).copied();
    let after = stops.iter().find(|at| **at > props.at_ms).copied();
    let advance = |seconds: u32, text: &'static str| {
        let onclick = props.wishes.act.reform(move |_: MouseEvent| Action::Advance { seconds });
        html! { <button type="button" class="button" {onclick} aria-label={format!("Advance the clock by {}", length(i64::from(seconds) * 1000))}>{ text }</button> }
    };
    let speed_button = |times: i64| {
        let speed = speed.clone();
        let pressed = (*speed == times).to_string();
        let onclick = Callback::from(move |_: MouseEvent| speed.set(times));
        html! { <button type="button" aria-pressed={pressed} {onclick}>{ format!("×{times}") }</button> }
    };
    html! {
        <div class="transport" role="group" aria-label="Transport">
            <span class="clock" title={props.wall.clone()}>{ &props.clock }</span>
            <button type="button" class="button icon-only" aria-label="Previous event" disabled={before.is_none()} onclick={jump(before)}>{ icon::previous() }</button>
            <button type="button" class="button icon-only backwards" aria-label={if *direction < 0 { "Pause" } else { "Play backwards" }} onclick={run(-1)}>{ if *direction < 0 { icon::pause() } else { icon::play() } }</button>
            <button type="button" class="button icon-only" aria-label={if *direction > 0 { "Pause" } else { "Play" }} onclick={run(1)}>{ if *direction > 0 { icon::pause() } else { icon::play() } }</button>
            <button type="button" class="button icon-only" aria-label="Next event" disabled={after.is_none()} onclick={jump(after)}>{ icon::next() }</button>
            <div class="switch" role="group" aria-label="Speed">
                { speed_button(1) }{ speed_button(60) }{ speed_button(3600) }
            </div>
            <div class="advance" role="group" aria-label="Advance the clock">
                { advance(60, "+1 m") }{ advance(3600, "+1 h") }{ advance(46_800, "+13 h") }
            </div>
        </div>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct ZoomProps {
    at_ms: i64,
    from_ms: i64,
    now_ms: i64,
    look: Callback<Look>,
}

/// How much of time the lanes show.
#[component]
fn Zoom(props: &ZoomProps) -> Html {
    let chosen = use_state(|| 0_i64);
    let button = |span: i64, text: &'static str| {
        let pressed = (*chosen == span).to_string();
        let (chosen, at, from, now) = (chosen.clone(), props.at_ms, props.from_ms, props.now_ms);
        let onclick = props.look.reform(move |_: MouseEvent| {
            chosen.set(span);
            let start = (at - span / 2).min(now - span).max(from);
            Look::Window((span > 0).then_some((start, start + span)))
        });
        html! { <button type="button" aria-pressed={pressed} {onclick}>{ text }</button> }
    };
    html! {
        <div class="switch zoom" role="group" aria-label="Stretch of time shown">
            { button(0, "all") }{ button(3_600_000, "1 h") }{ button(600_000, "10 min") }
        </div>
    }
}

/// A range input is a scrubber that the keyboard and a screen reader know already.
#[component]
fn Scrubber(props: &TimelinePaneProps) -> Html {
    let (from, to) = (props.timeline.from_ms, props.timeline.to_ms.max(props.timeline.from_ms + 1));
    let now = props.now_ms;
    let oninput = props.wishes.look.reform(move |event: InputEvent| {
        let value = event
            .target_dyn_into::<web_sys::HtmlInputElement>()
            .map_or(now, |input| input.value_as_number() as i64);
        Look::At((value < now).then_some(value))
    });
    // Sixty steps a minute for short stretches; an arrow key should be a visible step in long ones.
    let step = ((to - from) / 1_000_000 * 1000).max(1000);
    html! {
        <div class="scrubber">
            <label for="scrubber">{ "Moment" }</label>
            <input id="scrubber" type="range" min={from.to_string()} max={to.to_string()} step={step.to_string()}
                value={props.at_ms.to_string()} aria-valuetext={format!("{}, {}", props.clock, props.wall)} {oninput} />
        </div>
    }
}

/// Properties of [`Lanes`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LanesProps {
    pub timeline: Rc<Timeline>,
    pub at_ms: i64,
    pub now_ms: i64,
    pub width: u32,
    pub look: Callback<Look>,
}

struct Scale {
    from_ms: i64,
    to_ms: i64,
    left: i32,
    right: i32,
}

impl Scale {
    /// Where a moment stands, kept within the lanes.
    fn x(&self, at_ms: i64) -> i32 {
        let span = (self.to_ms - self.from_ms).max(1);
        let at = (at_ms - self.from_ms).clamp(0, span);
        self.left + (at * i64::from(self.right - self.left) / span) as i32
    }

    fn has(&self, at_ms: i64) -> bool {
        (self.from_ms..=self.to_ms).contains(&at_ms)
    }
}

/// The drawing. The table is its equal for those who cannot see it, so it is one image with a name.
#[component]
pub fn Lanes(props: &LanesProps) -> Html {
    let Timeline { from_ms, to_ms, lanes, .. } = &*props.timeline;
    let width = (props.width as i32).max(320);
    let gutter = if width < 640 { 108 } else { GUTTER };
    let scale = Scale { from_ms: *from_ms, to_ms: *to_ms, left: gutter, right: width - RIGHT };
    let height = AXIS + LANE * lanes.len().max(1) as i32 + 6;
    let (step, named) = ticks(*from_ms, *to_ms, i64::from((scale.right - scale.left) / 96));
    let (at_x, now_x) = (scale.x(props.at_ms), scale.x(props.now_ms));
    let line = |x: i32, class: &'static str| {
        html! {
            <line {class} x1={x.to_string()} x2={x.to_string()} y1={(AXIS - 6).to_string()} y2={(height - 2).to_string()} />
        }
    };
    html! {
        <svg class="lanes" width={width.to_string()} height={height.to_string()} viewBox={format!("0 0 {width} {height}")}
            role="img" aria-label={format!("Timeline from {} to {}, {} lanes. The Table button shows the same as a table.", moment(*from_ms), moment(*to_ms), lanes.len())}>
            <defs>
                <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect class="hatch" width="2" height="6" />
                </pattern>
            </defs>
            { for named.iter().map(|at| html! { <>
                { line(scale.x(*at), "grid") }
                <text class="tick" x={scale.x(*at).min(width - 4).to_string()} y="12" text-anchor={if scale.x(*at) > width - 40 { "end" } else { "middle" }}>{ tick(*at, step) }</text>
            </> }) }
            { for lanes.iter().enumerate().map(|(n, lane)| draw_lane(lane, AXIS + n as i32 * LANE, &scale, props)) }
            if scale.has(props.now_ms) { { line(now_x, "now-line") } }
            if scale.has(props.at_ms) {
                { line(at_x, "at-line") }
                <path class="at-head" d={format!("M{} {}h10l-5 6z", at_x - 5, AXIS - 10)} />
            }
        </svg>
    }
}

fn draw_lane(lane: &Lane, y: i32, scale: &Scale, props: &LanesProps) -> Html {
    let room = ((scale.left - 28) * 10 / 67) as usize;
    let select = {
        let (look, id) = (props.look.clone(), lane.id.clone());
        Callback::from(move |_: MouseEvent| look.emit(Look::Select(Some(id.clone()))))
    };
    html! {
        <g class="lane" id={element_id("lane", &lane.id)}>
            <rect class="lane-back" x="0" y={y.to_string()} width={(scale.right + RIGHT).to_string()} height={LANE.to_string()} />
            <text class="lane-name" x="16" y={(y + 15).to_string()} onclick={select}>
                { shorten(&lane.label, room) }<title>{ format!("{} {}", lane.kind, lane.label) }</title>
            </text>
            { for lane.bars.iter().map(|bar| draw_bar(bar, lane, y, scale)) }
            { for apart(lane, scale).into_iter().map(|(mark, is_alone)| draw_mark(mark, is_alone, y, scale, &props.look)) }
        </g>
    }
}

fn draw_bar(bar: &Bar, lane: &Lane, y: i32, scale: &Scale) -> Html {
    if bar.to_ms < scale.from_ms || bar.from_ms > scale.to_ms {
        return Html::default();
    }
    let (from, to) = (scale.x(bar.from_ms), scale.x(bar.to_ms));
    let w = (to - from).max(2);
    let word = place_word(&bar.label, from, to, lane, scale);
    let title = format!(
        "{}: {} to {} ({})",
        bar.label,
        moment(bar.from_ms),
        moment(bar.to_ms),
        length(bar.to_ms - bar.from_ms)
    );
    let place = |class: &'static str, fill: Option<&'static str>| {
        html! {
            <rect {class} x={from.to_string()} y={(y + 3).to_string()} width={w.to_string()} height={(LANE - 6).to_string()} rx="3" {fill} />
        }
    };
    html! {
        <g class={classes!("bar", tone_class(bar.tone))}>
            <title>{ title }</title>
            { place("bar-face", None) }
            if bar.tone == pullpath_view::pane::Tone::Bad && word.is_none() { { place("bar-hatch", Some("url(#hatch)")) } }
            if let Some((x, word)) = word { <text x={x.to_string()} y={(y + 14).to_string()}>{ word }</text> }
        </g>
    }
}

/// Where a bar's word stands: in the first gap between the lane's marks that has room for it, otherwise cut short in
/// the widest gap, or nowhere.
fn place_word(word: &str, from: i32, to: i32, lane: &Lane, scale: &Scale) -> Option<(i32, String)> {
    const LETTER: i32 = 62;
    /// Half of a mark, and air.
    const MARK: i32 = 10;
    let mut edges = vec![from - 4];
    edges.extend(
        lane.marks
            .iter()
            .map(|mark| scale.x(mark.at_ms))
            .filter(|x| *x > from - MARK && *x < to + MARK),
    );
    edges.sort_unstable();
    edges.push(to + 6);
    let gaps: Vec<(i32, i32)> =
        edges.windows(2).map(|pair| (pair[0] + MARK, pair[1] - pair[0] - 2 * MARK)).collect();
    let need = word.chars().count() as i32 * LETTER / 10;
    let (x, room) = gaps
        .iter()
        .find(|(_, room)| *room >= need)
        .or(gaps.iter().max_by_key(|(_, room)| *room))
        .copied()?;
    let letters = (room * 10 / LETTER).max(0) as usize;
    (letters >= word.chars().count().min(6)).then(|| (x, shorten(word, letters)))
}

/// The marks in sight, each with whether it has room for its shape. A hundred pulls in a hand's breadth are drawn as
/// ticks, but for the first.
fn apart<'a>(lane: &'a Lane, scale: &Scale) -> Vec<(&'a Mark, bool)> {
    const ROOM: i32 = 15;
    let marks: Vec<&Mark> = lane.marks.iter().filter(|mark| scale.has(mark.at_ms)).collect();
    let near = |a: &Mark, b: &Mark| (scale.x(a.at_ms) - scale.x(b.at_ms)).abs() < ROOM;
    let is_alone = |n: usize| {
        let is_new =
            n == 0 || marks[n - 1].label != marks[n].label || marks[n - 1].tone != marks[n].tone;
        let before = n.checked_sub(1).is_some_and(|n| near(marks[n], marks[n + 1]));
        let after = marks.get(n + 1).is_some_and(|next| near(marks[n], next));
        is_new || !before && !after
    };
    (0..marks.len()).map(|n| (marks[n], is_alone(n))).collect()
}

fn draw_mark(mark: &Mark, is_alone: bool, y: i32, scale: &Scale, look: &Callback<Look>) -> Html {
    let x = scale.x(mark.at_ms);
    let (look, at) = (look.clone(), mark.at_ms);
    let onclick = Callback::from(move |_: MouseEvent| look.emit(Look::At(Some(at))));
    let times = if mark.count > 1 { format!(" ×{}", mark.count) } else { String::new() };
    if !is_alone {
        return html! {
            <rect class={classes!("tiny", tone_class(mark.tone))} x={(x - 1).to_string()} y={(y + LANE - 9).to_string()} width="2" height="6" {onclick}>
                <title>{ format!("{}: {}{times}", moment(mark.at_ms), mark.label) }</title>
            </rect>
        };
    }
    html! {
        <g class={classes!("mark", tone_class(mark.tone))} transform={format!("translate({} {}) scale(0.8)", x - 6, y + 5)} {onclick}>
            <title>{ format!("{}: {}{times}", moment(mark.at_ms), mark.label) }</title>
            { tone_shape(mark.tone) }
        </g>
    }
}

/// Properties of [`TimelineTable`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct TimelineTableProps {
    pub timeline: Rc<Timeline>,
}

/// Every bar and mark of the lanes, lane by lane.
#[component]
pub fn TimelineTable(props: &TimelineTableProps) -> Html {
    let lane = |lane: &Lane| {
        let mut rows: Vec<(i64, Html)> = Vec::new();
        for bar in &lane.bars {
            rows.push((bar.from_ms, html! { <><td>{ moment(bar.from_ms) }</td><td>{ length(bar.to_ms - bar.from_ms) }</td><td>{ &bar.label }</td></> }));
        }
        for mark in &lane.marks {
            let times = if mark.count > 1 { format!(" ×{}", mark.count) } else { String::new() };
            rows.push((mark.at_ms, html! { <><td>{ moment(mark.at_ms) }</td><td>{ "—" }</td><td>{ &mark.label }{ times }</td></> }));
        }
        rows.sort_by_key(|(at, _)| *at);
        rows.into_iter()
            .enumerate()
            .map(|(n, (_, cells))| html! {
                <tr>
                    if n == 0 { <th scope="row">{ format!("{} {}", lane.kind, lane.label) }</th> } else { <td class="ditto">{ &lane.label }</td> }
                    { cells }
                </tr>
            })
            .collect::<Html>()
    };
    html! {
        <table class="dense">
            <thead><tr><th scope="col">{ "What" }</th><th scope="col">{ "From" }</th><th scope="col">{ "For" }</th><th scope="col">{ "State or event" }</th></tr></thead>
            <tbody>{ for props.timeline.lanes.iter().map(lane) }</tbody>
        </table>
    }
}

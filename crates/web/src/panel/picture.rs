//! The cluster picture: what there is, where it runs, and how far the pull came.

use std::rc::Rc;

use pullpath_view::pane::{Picture, PullPath, RungState, Thing};
use yew::prelude::*;

use super::picture_layout::{Card, Drawing, Frame, Wire, Word, lay_out};
use super::things::{Inspector, ThingList, everything};
use super::{Look, Wishes};
use crate::blocks::sentence;
use crate::browser;
use crate::icon::{self, ToneIcon, tone_shape};
use crate::text::{cut, element_id, rung_tone, rung_word, shorten, tone_class};

/// Widths of a letter in tenths of a pixel: 12 px monospace, 11 px and 11.5 px of the ordinary kind.
const MONO: i32 = 73;
const SANS: i32 = 61;

/// Properties of [`PicturePane`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct PicturePaneProps {
    pub picture: Rc<Picture>,
    pub wishes: Wishes,
    /// Begin with the list instead of the drawing.
    #[prop_or_default]
    pub as_list: bool,
    /// Nothing can be done here, only looked at.
    #[prop_or_default]
    pub is_figure: bool,
}

/// The picture or the equal list, the path of the pull as a line of words, and the selected thing.
#[component]
pub fn PicturePane(props: &PicturePaneProps) -> Html {
    let as_list = use_state(|| props.as_list);
    let node = use_node_ref();
    let width = browser::use_width(&node, 560);
    let select = props.wishes.look.reform(|id: String| Look::Select(Some(id)));
    let selected = props.picture.selected.as_ref();
    let thing = selected.and_then(|id| {
        everything(&props.picture).into_iter().find(|thing| thing.id == *id).cloned()
    });
    let choose = |list: bool| {
        let as_list = as_list.clone();
        Callback::from(move |_: MouseEvent| as_list.set(list))
    };
    html! {
        <section class="pane picture-pane" aria-label="Cluster">
            <header class="pane-head">
                <h2>{ "Cluster" }</h2>
                <div class="switch" role="group" aria-label="Show the cluster as">
                    <button type="button" aria-pressed={(!*as_list).to_string()} onclick={choose(false)}>{ "Picture" }</button>
                    <button type="button" aria-pressed={as_list.to_string()} onclick={choose(true)}>{ "List" }</button>
                </div>
            </header>
            <div class="pane-body" ref={node}>
                if *as_list {
                    <ThingList picture={props.picture.clone()} select={select} />
                } else {
                    <DrawnPicture picture={props.picture.clone()} width={width} select={select} />
                }
                if let Some(path) = &props.picture.path {
                    <PathStrip path={path.clone()} select={props.wishes.look.reform(|id| Look::Select(Some(id)))} />
                }
                if let Some(thing) = thing {
                    <Inspector {thing} act={(!props.is_figure).then(|| props.wishes.act.clone())} />
                } else if !props.is_figure {
                    <p class="empty">{ "Select anything in the picture to see its facts, the command that shows them, and what can be done with it." }</p>
                }
            </div>
        </section>
    }
}

/// Properties of [`DrawnPicture`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct DrawnPictureProps {
    pub picture: Rc<Picture>,
    pub width: u32,
    pub select: Callback<String>,
}

/// The drawing. One of its things is in the tab order; arrow keys go to the others.
#[component]
pub fn DrawnPicture(props: &DrawnPictureProps) -> Html {
    let focused = use_state(|| None::<String>);
    let drawing = lay_out(&props.picture, props.width.saturating_sub(2));
    let order: Rc<Vec<String>> = Rc::new(
        drawing
            .cards
            .iter()
            .filter_map(|card| card.thing.as_ref())
            .map(|thing| thing.id.clone())
            .collect(),
    );
    let current = [focused.as_ref(), props.picture.selected.as_ref()]
        .into_iter()
        .flatten()
        .find(|id| order.contains(id))
        .or(order.first())
        .cloned();
    let onkeydown = {
        let (order, current) = (Rc::clone(&order), current.clone());
        let (focused, select) = (focused.clone(), props.select.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(here) =
                current.as_ref().and_then(|id| order.iter().position(|other| other == id))
            else {
                return;
            };
            let last = order.len() - 1;
            let there = match event.key().as_str() {
                "ArrowRight" | "ArrowDown" => (here + 1).min(last),
                "ArrowLeft" | "ArrowUp" => here.saturating_sub(1),
                "Home" => 0,
                "End" => last,
                "Enter" | " " => {
                    event.prevent_default();
                    return select.emit(order[here].clone());
                }
                _ => return,
            };
            event.prevent_default();
            browser::focus(&element_id("thing", &order[there]));
            focused.set(Some(order[there].clone()));
        })
    };
    let Drawing { width, height, frames, words, cards, wires } = &drawing;
    let card = |card: &Card| {
        let id = card.thing.as_ref().map(|thing| thing.id.as_str());
        let is_current = id.is_some() && id == current.as_deref();
        let is_selected = id.is_some() && id == props.picture.selected.as_deref();
        let pick = card.thing.as_ref().map(|thing| {
            let (select, focused, id) = (props.select.clone(), focused.clone(), thing.id.clone());
            Callback::from(move |_: MouseEvent| {
                focused.set(Some(id.clone()));
                select.emit(id.clone());
            })
        });
        draw_card(card, is_current, is_selected, pick)
    };
    html! {
        <svg class="cluster" width={width.to_string()} height={height.to_string()} viewBox={format!("0 0 {width} {height}")}
            role="group" aria-label="Cluster picture: arrow keys move, Enter selects" {onkeydown}>
            { for frames.iter().map(draw_frame) }
            { for words.iter().map(draw_word) }
            { for wires.iter().enumerate().map(|(n, wire)| draw_wire(n, wire)) }
            { for cards.iter().map(card) }
            { for wires.iter().filter(|wire| wire.state == RungState::Failed).map(draw_break) }
        </svg>
    }
}

fn draw_frame(frame: &Frame) -> Html {
    let r = frame.rect;
    let class = classes!("frame", frame.kind.to_ascii_lowercase());
    html! {
        <g {class}>
            <rect x={r.x.to_string()} y={r.y.to_string()} width={r.w.to_string()} height={r.h.to_string()} rx="10" />
            if !frame.title.is_empty() {
                <text x={(r.x + 12).to_string()} y={(r.y + 18).to_string()}>
                    <tspan class="frame-kind">{ format!("{} ", frame.kind) }</tspan>
                    <tspan class="frame-name">{ shorten(&frame.title, ((r.w - 110) * 10 / MONO) as usize) }</tspan>
                </text>
            }
        </g>
    }
}

fn draw_word(word: &Word) -> Html {
    let letter = if word.class == "image" { 67 } else { SANS };
    html! {
        <text class={word.class} x={word.x.to_string()} y={word.y.to_string()}>
            { shorten(&word.text, (word.room * 10 / letter) as usize) }
            <title>{ &word.text }</title>
        </text>
    }
}

fn draw_wire(n: usize, wire: &Wire) -> Html {
    // The pull came as far as the link that broke; only what lies beyond was never reached.
    let state = if wire.state == RungState::Skipped { "beyond" } else { "lit" };
    // Each piece starts when the one before has arrived; the classes hold the delays.
    html! { <path class={classes!("wire", state, format!("step-{}", n.min(6)))} d={wire.path.clone()} pathLength="1" /> }
}

fn draw_break(wire: &Wire) -> Html {
    let (x, y) = wire.end;
    html! {
        <g class="break bad" transform={format!("translate({} {})", x - 9, y - 9)}>
            <circle class="halo" cx="9" cy="9" r="11" />
            <g transform="translate(1 1)">{ tone_shape(pullpath_view::pane::Tone::Bad) }</g>
        </g>
    }
}

/// The words on a card, cut to its room, and where they stand.
struct Face {
    name: String,
    status: String,
    name_y: i32,
    status_x: i32,
    status_y: i32,
}

impl Face {
    fn of(card: &Card, is_strip: bool) -> Self {
        let r = card.rect;
        let said = card.label.as_ref().unwrap_or(&card.status);
        let letters = |room: i32, width: i32| (room * 10 / width).max(4) as usize;
        if !is_strip {
            let name = shorten(&card.name, letters(r.w - 18, MONO));
            let status = cut(said, letters(r.w - 32, SANS));
            return Self { name, status, name_y: r.y + 17, status_x: r.x + 9, status_y: r.y + 33 };
        }
        // A strip has both side by side: the state whole, the name in what is left.
        let status = cut(said, letters(r.w / 3, SANS));
        let taken = status.chars().count() as i32 * SANS / 10 + 30;
        let name = shorten(&card.name, letters(r.w - taken - 54, MONO));
        let y = r.y + 17;
        Self { name, status, name_y: y, status_x: r.x + r.w - taken, status_y: y }
    }
}

fn draw_card(
    card: &Card,
    is_current: bool,
    is_selected: bool,
    pick: Option<Callback<MouseEvent>>,
) -> Html {
    let r = card.rect;
    let tone = tone_class(card.tone);
    let on_path = match card.state {
        Some(RungState::Failed) => "broken",
        Some(RungState::Passed) => "lit",
        Some(RungState::Skipped) | None => "",
    };
    let is_strip = r.h < 30;
    let face = Face::of(card, is_strip);
    let label = |kind: &str| {
        let facts = [card.status.as_str(), card.label.as_deref().unwrap_or_default()];
        let facts =
            facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(": ");
        format!("{kind} {}, {facts}", card.name)
    };
    let inside = html! { <>
        <rect class="face" x={r.x.to_string()} y={r.y.to_string()} width={r.w.to_string()} height={r.h.to_string()} rx="6" />
        <text class="name" x={(r.x + 9).to_string()} y={face.name_y.to_string()}>
            if is_strip { <tspan class="frame-kind">{ "Node " }</tspan> }
            { face.name }
        </text>
        if !face.status.is_empty() {
            <g class={classes!("mini", tone)} transform={format!("translate({} {}) scale(0.75)", face.status_x, face.status_y - 10)}>
                { tone_shape(card.tone) }
            </g>
            <text class={classes!("status", tone)} x={(face.status_x + 16).to_string()} y={face.status_y.to_string()}>{ face.status }</text>
        }
    </> };
    match &card.thing {
        Some(thing) => html! {
            <g id={element_id("thing", &thing.id)} class={classes!("card", tone, on_path, is_selected.then_some("selected"))}
                role="button" tabindex={if is_current { "0" } else { "-1" }} aria-pressed={is_selected.to_string()}
                aria-label={label(&thing.kind)} onclick={pick}>
                <title>{ label(&thing.kind) }</title>
                { inside }
            </g>
        },
        None => html! {
            <g class={classes!("card", "ghost", on_path)} role="img" aria-label={label("")}>
                <title>{ label("").trim_start() }</title>
                { inside }
            </g>
        },
    }
}

/// Properties of [`PathStrip`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct PathStripProps {
    pub path: PullPath,
    pub select: Callback<String>,
}

/// The way of the pull in words, stop by stop.
#[component]
pub fn PathStrip(props: &PathStripProps) -> Html {
    let stop = |n: usize, link: &pullpath_view::pane::Link| {
        let state = rung_tone(link.state);
        let name = match &link.thing {
            Some(id) => {
                let (select, id) = (props.select.clone(), id.clone());
                let onclick = Callback::from(move |_: MouseEvent| select.emit(id.clone()));
                html! { <button type="button" class="plain stop-name" title={link.name.clone()} {onclick}>{ shorten(&link.name, 30) }</button> }
            }
            None => {
                html! { <span class="stop-name" title={link.name.clone()}>{ shorten(&link.name, 30) }</span> }
            }
        };
        html! {
            <li class={classes!("stop", tone_class(state))}>
                if n > 0 { <span class="stop-arrow" aria-hidden="true">{ icon::arrow() }</span> }
                <ToneIcon tone={state} />
                <span class="stop-kind">{ &link.stop }</span>
                { name }
                <span class="stop-label">{ format!("{}: {}", rung_word(link.state), link.label) }</span>
            </li>
        }
    };
    html! {
        <div class="path">
            <p class="path-sentence">{ sentence(&props.path.sentence) }</p>
            <ol class="stops">{ for props.path.links.iter().enumerate().map(|(n, link)| stop(n, link)) }</ol>
        </div>
    }
}

/// The thing that a drawing would call by this id, for tests.
pub fn find<'a>(picture: &'a Picture, id: &str) -> Option<&'a Thing> {
    everything(picture).into_iter().find(|thing| thing.id == id)
}

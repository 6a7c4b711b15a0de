//! Things to be put in order: with buttons, with keys, or by dragging.

use pullpath_view::quiz::Choice;
use yew::prelude::*;

use crate::blocks::inlines;
use crate::browser;
use crate::icon;
use crate::text::element_id;

/// Properties of [`OrderList`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct OrderListProps {
    /// Unique on the page.
    pub id: AttrValue,
    pub items: Vec<Choice>,
    /// The ids of all items, as they stand now.
    pub order: Vec<String>,
    pub change: Callback<Vec<String>>,
}

/// Each row has a button up and one down; Alt and an arrow key do the same; whoever has a mouse may drag.
#[component]
pub fn OrderList(props: &OrderListProps) -> Html {
    let OrderListProps { id, items, order, change } = props;
    let dragged = use_state(|| None::<usize>);
    let told = use_state(String::new);
    let place = {
        let (order, change, told) = (order.clone(), change.clone(), told.setter());
        move |from: usize, to: usize| {
            if from == to || to >= order.len() {
                return;
            }
            let mut next = order.clone();
            let moved = next.remove(from);
            next.insert(to, moved);
            told.set(format!("Now at {} of {}.", to + 1, next.len()));
            change.emit(next);
        }
    };
    let row = |(at, own): (usize, &String)| {
        let words = items.iter().find(|item| item.id == *own);
        let words = words.map(|item| item.text.clone()).unwrap_or_default();
        let name = crate::text::plain(&words);
        let button = |to: Option<usize>, which: &'static str, drawing: Html| {
            let element = element_id(&format!("{id}-{which}"), own);
            let (place, focus) = (place.clone(), element.clone());
            let onclick = Callback::from(move |_: MouseEvent| {
                if let Some(to) = to {
                    place(at, to);
                    // The row goes elsewhere in the document, and the focus with it.
                    browser::focus_soon(focus.clone());
                }
            });
            // Not `disabled`, which would lose the focus at the top and at the bottom.
            html! {
                <button type="button" class="button icon-only" id={element} aria-label={format!("Move {which}: {name}")} title={format!("Move {which}")}
                    aria-disabled={to.is_none().to_string()} {onclick}>{ drawing }</button>
            }
        };
        let above = at.checked_sub(1);
        let below = (at + 1 < order.len()).then_some(at + 1);
        let onkeydown = {
            let (place, id, own) = (place.clone(), id.clone(), own.clone());
            Callback::from(move |event: KeyboardEvent| {
                let (to, which) = match event.key().as_str() {
                    "ArrowUp" => (above, "up"),
                    "ArrowDown" => (below, "down"),
                    _ => return,
                };
                if !event.alt_key() {
                    return;
                }
                event.prevent_default();
                if let Some(to) = to {
                    place(at, to);
                    browser::focus_soon(element_id(&format!("{id}-{which}"), &own));
                }
            })
        };
        let ondragstart = {
            let dragged = dragged.setter();
            Callback::from(move |event: DragEvent| {
                if let Some(data) = event.data_transfer() {
                    // Firefox drags nothing that carries nothing.
                    let _ = data.set_data("text/plain", &at.to_string());
                }
                dragged.set(Some(at));
            })
        };
        let ondragover = {
            let (dragged, place) = (dragged.clone(), place.clone());
            Callback::from(move |event: DragEvent| {
                let Some(from) = *dragged else { return };
                event.prevent_default();
                if from != at {
                    place(from, at);
                    dragged.set(Some(at));
                }
            })
        };
        let end = {
            let dragged = dragged.setter();
            Callback::from(move |event: DragEvent| {
                event.prevent_default();
                dragged.set(None);
            })
        };
        html! {
            <li key={own.clone()} class={classes!("order-row", (*dragged == Some(at)).then_some("dragged"))} draggable="true" {onkeydown} {ondragstart} {ondragover}
                ondrop={end.clone()} ondragend={end}>
                <span class="order-place" aria-hidden="true">{ at + 1 }</span>
                <span class="order-words">{ inlines(&words) }</span>
                { button(above, "up", icon::up()) }
                { button(below, "down", icon::down()) }
            </li>
        }
    };
    html! { <>
        <p class="faint asked-how">{ "Put them in order: with the buttons, with Alt and the arrow keys, or by dragging." }</p>
        <ol class="order">{ for order.iter().enumerate().map(row) }</ol>
        <p class="sr-only" role="status">{ &*told }</p>
    </> }
}

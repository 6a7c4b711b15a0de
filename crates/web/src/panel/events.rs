//! Events as `kubectl get events` has them, and those it no longer has.

use std::rc::Rc;

use pullpath_view::pane::{EventRow, Tone};
use yew::prelude::*;

use super::Look;
use crate::icon::ToneIcon;

/// Properties of [`EventTable`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct EventTableProps {
    pub rows: Rc<Vec<EventRow>>,
    pub look: Callback<Look>,
}

/// The events, newest first.
#[component]
pub fn EventTable(props: &EventTableProps) -> Html {
    if props.rows.is_empty() {
        return html! { <p class="empty">{ "No events yet. Apply and run to see some." }</p> };
    }
    let row = |row: &EventRow| {
        let is_warning = row.kind == "Warning";
        let at = row.last_ms;
        let onclick = props.look.reform(move |_: MouseEvent| Look::At(Some(at)));
        html! {
            <tr class={classes!(is_warning.then_some("warning"), row.gone.then_some("gone"))}>
                <td class="nowrap"><button type="button" class="plain" title={format!("First seen {}. Look at this moment.", row.first)} {onclick}>{ &row.last }</button></td>
                <td class="nowrap"><span class="with-icon"><ToneIcon tone={if is_warning { Tone::Waiting } else { Tone::Neutral }} />{ &row.kind }</span></td>
                <td>{ &row.reason }</td>
                <td class="mono">{ &row.object }</td>
                <td class="message">
                    { &row.message }
                    if row.gone { <span class="tag">{ "older than an hour: kubectl no longer shows it" }</span> }
                </td>
                <td class="number">{ row.count }</td>
                <td>{ &row.from }</td>
            </tr>
        }
    };
    html! {
        <table class="dense events">
            <thead><tr>
                <th scope="col">{ "Last seen" }</th><th scope="col">{ "Type" }</th><th scope="col">{ "Reason" }</th>
                <th scope="col">{ "Object" }</th><th scope="col">{ "Message" }</th><th scope="col">{ "Count" }</th><th scope="col">{ "From" }</th>
            </tr></thead>
            <tbody>{ for props.rows.iter().map(row) }</tbody>
        </table>
    }
}

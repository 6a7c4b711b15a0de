//! What the last actions printed.

use pullpath_view::pane::Tone;
use pullpath_view::wire::Notice;
use yew::prelude::*;

use crate::icon::ToneIcon;

/// Properties of [`NoticeLog`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct NoticeLogProps {
    pub notices: Vec<(u32, Notice)>,
}

/// Oldest first, as a terminal would; new ones are announced.
#[component]
pub fn NoticeLog(props: &NoticeLogProps) -> Html {
    let end = use_node_ref();
    {
        let end = end.clone();
        let newest = props.notices.last().map(|(serial, _)| *serial);
        use_effect_with(newest, move |_| {
            if let Some(list) = end.cast::<web_sys::Element>() {
                list.set_scroll_top(list.scroll_height());
            }
        });
    }
    let row = |(serial, notice): &(u32, Notice)| {
        html! {
            <li key={*serial} class={classes!(notice.failed.then_some("failed"))}>
                if let Some(command) = &notice.command { <code class="ran"><span class="prompt" aria-hidden="true">{ "$ " }</span>{ command }</code> }
                <span class="printed">
                    if notice.failed { <ToneIcon tone={Tone::Bad} /><span class="sr-only">{ "Failed: " }</span> }
                    { &notice.text }
                </span>
            </li>
        }
    };
    html! {
        <div class="notices" ref={end} role="log" aria-label="What happened" tabindex="0">
            if props.notices.is_empty() {
                <p class="empty">{ "Apply sends the files to the cluster; Run lets its clock go. What they print appears here." }</p>
            }
            <ol>{ for props.notices.iter().map(row) }</ol>
        </div>
    }
}

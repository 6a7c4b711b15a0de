//! The cluster as a list that says what the picture shows, and the facts of one thing.

use std::rc::Rc;

use pullpath_view::action::Action;
use pullpath_view::pane::{Picture, Thing};
use yew::prelude::*;

use crate::browser;
use crate::icon::{self, ToneIcon};
use crate::text::tone_class;

/// Every thing of a picture, in the order in which both picture and list have them.
pub fn everything(picture: &Picture) -> Vec<&Thing> {
    let shelves = picture.namespaces.iter().flat_map(|namespace| {
        namespace.workloads.iter().chain(&namespace.service_accounts).chain(&namespace.secrets)
    });
    let nodes = picture.nodes.iter().flat_map(|node| std::iter::once(&node.node).chain(&node.pods));
    shelves.chain(nodes).chain(&picture.registries).collect()
}

/// Properties of [`ThingList`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ThingListProps {
    pub picture: Rc<Picture>,
    pub select: Callback<String>,
}

/// The picture's equal, in words.
#[component]
pub fn ThingList(props: &ThingListProps) -> Html {
    let rows = |things: &[Thing]| {
        let row = |thing: &Thing| {
            let is_selected = props.picture.selected.as_ref() == Some(&thing.id);
            let (select, id) = (props.select.clone(), thing.id.clone());
            let onclick = Callback::from(move |_: MouseEvent| select.emit(id.clone()));
            html! {
                <li>
                    <button type="button" class={classes!("thing", tone_class(thing.tone))} aria-pressed={is_selected.to_string()} {onclick}>
                        <ToneIcon tone={thing.tone} />
                        <span class="thing-kind">{ &thing.kind }</span>
                        <span class="thing-name">{ &thing.name }</span>
                        <span class="thing-status">{ &thing.status }</span>
                    </button>
                </li>
            }
        };
        things.iter().map(row).collect::<Html>()
    };
    html! {
        <div class="things">
            { for props.picture.namespaces.iter().map(|namespace| html! {
                <section>
                    <h3>{ "Namespace " }<span class="mono">{ &namespace.name }</span></h3>
                    <ul>
                        { rows(&namespace.workloads) }
                        { rows(&namespace.service_accounts) }
                        { rows(&namespace.secrets) }
                    </ul>
                </section>
            }) }
            { for props.picture.nodes.iter().map(|node| html! {
                <section>
                    <h3>{ "Node " }<span class="mono">{ &node.node.name }</span></h3>
                    <ul>
                        { rows(std::slice::from_ref(&node.node)) }
                        { rows(&node.pods) }
                    </ul>
                    <p class="images">
                        if node.images.is_empty() {
                            { "No image in its store" }
                        } else {
                            { "Images in its store: " }
                            { for node.images.iter().enumerate().map(|(n, image)| html! {
                                <>if n > 0 { { ", " } }<code>{ image }</code></>
                            }) }
                        }
                    </p>
                </section>
            }) }
            if !props.picture.registries.is_empty() {
                <section>
                    <h3>{ "Registries, outside the cluster" }</h3>
                    <ul>{ rows(&props.picture.registries) }</ul>
                </section>
            }
        </div>
    }
}

/// Properties of [`Inspector`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct InspectorProps {
    pub thing: Thing,
    /// Without it, nothing can be done here.
    pub act: Option<Callback<Action>>,
}

/// The selected thing: its facts, the command that shows them, what can be done with it.
#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let thing = &props.thing;
    let verb = |verb: &pullpath_view::pane::Verb| {
        let act = props.act.clone()?;
        let action = verb.action.clone();
        let onclick = Callback::from(move |_: MouseEvent| act.emit(action.clone()));
        Some(html! { <button type="button" class="button" {onclick}>{ &verb.label }</button> })
    };
    html! {
        <section class={classes!("inspector", tone_class(thing.tone))} aria-label={format!("Selected: {} {}", thing.kind, thing.name)}>
            <h3><span class="thing-kind">{ &thing.kind }</span>{ " " }<span class="mono">{ &thing.name }</span></h3>
            <p class={classes!("standing", tone_class(thing.tone))}><ToneIcon tone={thing.tone} />{ &thing.status }</p>
            if !thing.facts.is_empty() {
                <dl class="facts">
                    { for thing.facts.iter().map(|(name, value)| html! {
                        <div><dt>{ name }</dt><dd>{ value }</dd></div>
                    }) }
                </dl>
            }
            if !thing.command.is_empty() { <Command text={thing.command.clone()} /> }
            <div class="verbs">{ for thing.verbs.iter().filter_map(verb) }</div>
        </section>
    }
}

/// Properties of [`Command`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct CommandProps {
    pub text: AttrValue,
}

/// A command line, ready to be copied.
#[component]
pub fn Command(props: &CommandProps) -> Html {
    let copied = use_state(|| false);
    let onclick = {
        let (copied, text) = (copied.clone(), props.text.clone());
        Callback::from(move |_: MouseEvent| {
            browser::copy(&text);
            copied.set(true);
        })
    };
    {
        let copied = copied.clone();
        use_effect_with(props.text.clone(), move |_| copied.set(false));
    }
    html! {
        <div class="command">
            <code><span class="prompt" aria-hidden="true">{ "$ " }</span>{ &props.text }</code>
            <button type="button" class="button quiet" {onclick} aria-label={format!("Copy: {}", props.text)}>
                { icon::copy() }<span aria-live="polite">{ if *copied { "Copied" } else { "Copy" } }</span>
            </button>
        </div>
    }
}

//! A live figure: a scenario's world within the text.

use std::rc::Rc;

use pullpath_view::action::Action;
use pullpath_view::block::Figure;
use pullpath_view::content::ScenarioBundle;
use pullpath_view::pane::Ladder;
use yew::prelude::*;

use crate::app::Services;
use crate::engine::Engine;
use crate::fetch::{Load, use_content};
use crate::icon;
use crate::panel::ladder::LadderPane;
use crate::panel::picture::PicturePane;
use crate::panel::{Look, Wishes};
use crate::session::{Desk, Stage, use_desk};

/// Properties of [`LiveFigure`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LiveFigureProps {
    pub figure: Figure,
}

/// The picture and the ladder of a scenario as it ships, with a button that runs it.
#[component]
pub fn LiveFigure(props: &LiveFigureProps) -> Html {
    match (use_context::<Services>(), use_context::<Engine>()) {
        (Some(services), Some(engine)) => {
            html! { <Running figure={props.figure.clone()} {services} {engine} /> }
        }
        // Without an engine there is still what it would show, in words.
        _ => {
            html! { <figure class="live"><figcaption>{ &props.figure.caption }</figcaption></figure> }
        }
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RunningProps {
    figure: Figure,
    services: Services,
    engine: Engine,
}

#[component]
fn Running(props: &RunningProps) -> Html {
    let Figure { scenario, caption } = &props.figure;
    let bundle_name = props.services.index.ready().and_then(|index| {
        index.scenarios.iter().find(|entry| entry.id == *scenario).map(|entry| entry.bundle.clone())
    });
    let bundle = use_content::<ScenarioBundle>(bundle_name);
    let name = use_memo(scenario.clone(), |scenario| format!("figure/{scenario}"));
    let desk = use_desk(&name, &props.engine);
    let open = {
        let (desk, bundle) = (desk.clone(), bundle.clone());
        Callback::from(move |()| {
            if let Load::Ready(bundle) = &bundle {
                desk.open(bundle.sources.clone(), None);
                desk.act(Action::OpenLadder);
            }
        })
    };
    {
        let open = open.clone();
        use_effect_with(bundle.clone(), move |_| open.emit(()));
    }
    let wishes = use_figure_wishes(&desk);
    let panes = &desk.state.panes;
    let is_there = panes.picture.is_some();
    let trouble = match &desk.state.stage {
        Stage::Lost(why) => Some(why.clone()),
        Stage::Broken(_) => Some("The scenario of this figure has mistakes.".into()),
        Stage::Opening | Stage::Open => None,
    };
    html! {
        <figure class="live">
            <div class="live-bar">
                <span class="clock">{ if is_there { panes.clock.clone() } else { "T+00:00:00".into() } }</span>
                <button type="button" class="button primary" disabled={!is_there} onclick={wishes.act.reform(|_: MouseEvent| Action::Run)}>{ icon::play() }{ "Run" }</button>
                <button type="button" class="button quiet" disabled={!is_there} onclick={open.reform(|_: MouseEvent| ())}>{ icon::undo() }{ "From the start" }</button>
                <a class="live-link" href={format!("#/play/{scenario}")}>{ "Open in the workbench" }{ icon::arrow() }</a>
            </div>
            if let Some(why) = trouble { <p role="alert">{ why }</p> }
            <div class="live-panes">
                if let (Some(picture), Some(ladder)) = (&panes.picture, &panes.ladder) {
                    <PicturePane picture={picture.clone()} wishes={wishes.clone()} is_figure={true} />
                    <LadderPane ladder={Rc::new(without_places(ladder))} wishes={wishes.clone()} />
                } else {
                    <div class="skeleton tall" aria-busy="true"><span></span><span></span></div>
                }
            </div>
            <figcaption>{ caption }</figcaption>
        </figure>
    }
}

/// A figure has no editor, so its evidence leads nowhere.
fn without_places(ladder: &Ladder) -> Ladder {
    let mut ladder = ladder.clone();
    if let Ladder::Open { rungs, .. } = &mut ladder {
        let evidence = rungs.iter_mut().flat_map(|rung| &mut rung.evidence);
        evidence.for_each(|evidence| evidence.place = None);
    }
    ladder
}

#[hook]
fn use_figure_wishes(desk: &Desk) -> Wishes {
    let desk = desk.clone();
    let wishes: Rc<Wishes> = use_memo((), move |()| {
        let act = {
            let desk = desk.clone();
            Callback::from(move |action| desk.act(action))
        };
        let look = Callback::from(move |look| match look {
            Look::Select(selection) => desk.look(|query| {
                query.selection = selection;
                query.pull = None;
            }),
            Look::Pull(pull) => desk.look(|query| query.pull = pull),
            Look::At(_) | Look::Window(_) | Look::Place(..) => {}
        });
        Wishes { act, look, ..Wishes::none() }
    });
    (*wishes).clone()
}

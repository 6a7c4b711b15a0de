//! One scenario in the workbench, where the learner left it.

use std::rc::Rc;

use pullpath_view::content::ScenarioBundle;
use yew::prelude::*;

use crate::app::Services;
use crate::engine::Engine;
use crate::fetch::{Load, use_content};
use crate::keeper::Note;
use crate::panel::problems::ProblemList;
use crate::panel::workbench::Workbench;
use crate::panel::{Look, Wishes};
use crate::session::{Desk, Stage, use_desk};

/// Properties of [`PlayPage`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct PlayPageProps {
    pub scenario: AttrValue,
}

/// The page of a scenario.
#[component]
pub fn PlayPage(props: &PlayPageProps) -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    let engine = use_context::<Engine>().expect("Room gives its pages an engine");
    let id = props.scenario.to_string();
    let entry = services
        .index
        .ready()
        .and_then(|index| index.scenarios.iter().find(|entry| entry.id == id).cloned());
    let bundle = use_content::<ScenarioBundle>(entry.as_ref().map(|entry| entry.bundle.clone()));
    let desk = use_desk("play", &engine);
    // How many actions were replayed; said until the learner does something or starts over.
    let resumed = use_state(|| None::<usize>);
    {
        let (desk, resumed) = (desk.clone(), resumed.clone());
        let kept = entry
            .as_ref()
            .and_then(|entry| services.progress.kept.attempt(&id, entry.version))
            .cloned();
        use_effect_with(bundle.clone(), move |bundle| {
            if let Load::Ready(bundle) = bundle {
                resumed.set(kept.as_ref().map(|attempt| attempt.actions.len()));
                desk.open(bundle.sources.clone(), kept);
            }
        });
    }
    {
        let progress = services.progress.note.clone();
        let panes = &desk.state.panes;
        // Goals of the past are none of progress.
        let goals = panes.goals.clone().filter(|_| !panes.is_past());
        use_effect_with((desk.state.attempt.clone(), goals), move |(attempt, goals)| {
            if let (Some(attempt), Some(goals)) = (attempt, goals)
                && !attempt.actions.is_empty()
            {
                progress.emit(Note::Attempt(Rc::clone(attempt), Rc::clone(goals)));
            }
        });
    }
    let start_over = {
        let (desk, resumed, bundle) = (desk.clone(), resumed.clone(), bundle.clone());
        let (progress, id) = (services.progress.note.clone(), id.clone());
        Callback::from(move |()| {
            progress.emit(Note::StartOver(id.clone()));
            resumed.set(None);
            if let Load::Ready(bundle) = &bundle {
                desk.open(bundle.sources.clone(), None);
            }
        })
    };
    let is_unknown = services.index.ready().is_some() && entry.is_none();
    let trouble = match (&services.index, &bundle) {
        (Load::Failed(why), _) | (_, Load::Failed(why)) => Some(why.clone()),
        _ => None,
    };
    if is_unknown {
        return html! {
            <div class="sheet narrow">
                <h1 id="page-title" tabindex="-1">{ "No such scenario" }</h1>
                <p>{ "There is no scenario called " }<code>{ id }</code>{ " on this site." }</p>
                <p><a class="button primary" href="#/">{ "To the course" }</a></p>
            </div>
        };
    }
    if let Some(why) = trouble {
        return html! {
            <div class="sheet narrow">
                <h1 id="page-title" tabindex="-1">{ "This scenario could not be loaded" }</h1>
                <p>{ "Check the connection and load the page again. Your progress is kept." }</p>
                <p class="faint">{ why }</p>
            </div>
        };
    }
    let title = entry.map_or_else(|| props.scenario.clone(), |entry| entry.title.into());
    let brief = bundle.ready().map_or_else(Rc::default, |bundle| Rc::new(bundle.brief.clone()));
    let resumed = resumed
        .as_ref()
        .copied()
        .filter(|count| {
            desk.state.attempt.as_ref().is_some_and(|attempt| attempt.actions.len() == *count)
        })
        .map(|count| (count, start_over));
    html! { <Table {desk} {title} {brief} {resumed} /> }
}

/// Properties of [`Table`].
#[derive(Clone, PartialEq, Properties)]
pub struct TableProps {
    pub desk: Desk,
    pub title: AttrValue,
    pub brief: Rc<Vec<pullpath_view::block::Block>>,
    #[prop_or_default]
    pub resumed: Option<(usize, Callback<()>)>,
}

/// A workbench over a conversation, or what is wrong with it.
#[component]
pub fn Table(props: &TableProps) -> Html {
    let desk = &props.desk;
    let place = use_state(|| None::<(String, u32, u32)>);
    let wishes = use_wishes(desk, &place);
    match &desk.state.stage {
        Stage::Broken(problems) => html! {
            <div class="sheet">
                <h1 id="page-title" tabindex="-1">{ &props.title }</h1>
                <p>{ "The files of this scenario have mistakes, so it cannot be played." }</p>
                <ProblemList problems={(**problems).clone()} with_drawing={true} />
            </div>
        },
        Stage::Lost(why) => html! {
            <div class="sheet narrow">
                <h1 id="page-title" tabindex="-1">{ &props.title }</h1>
                <p role="alert">{ why }</p>
                <p><button type="button" class="button primary" onclick={|_: MouseEvent| crate::browser::reload()}>{ "Load the page again" }</button></p>
            </div>
        },
        Stage::Opening | Stage::Open => html! {
            <Workbench title={props.title.clone()} brief={props.brief.clone()} session={(*desk.state).clone()} {wishes}
                place={(*place).clone()} resumed={props.resumed.clone()} />
        },
    }
}

/// What the workbench wants, done at a desk.
#[hook]
fn use_wishes(desk: &Desk, place: &UseStateHandle<Option<(String, u32, u32)>>) -> Wishes {
    let serial = use_mut_ref(|| 0_u32);
    let place = place.setter();
    let this = desk.clone();
    // Made once: a desk's clones all speak in the same conversation, and callbacks that stay equal keep panes from
    // being drawn again.
    let wishes = use_memo((), move |()| Wishes {
        act: {
            let desk = this.clone();
            Callback::from(move |action| desk.act(action))
        },
        look: {
            let desk = this.clone();
            Callback::from(move |look| match look {
                Look::At(at_ms) => desk.look(|query| {
                    query.at_ms = at_ms;
                    query.pull = None;
                }),
                Look::Select(selection) => desk.look(|query| {
                    query.selection = selection;
                    query.pull = None;
                }),
                Look::Pull(pull) => desk.look(|query| query.pull = pull),
                Look::Window(window) => desk.look(|query| query.window = window),
                Look::Place(file, line) => {
                    *serial.borrow_mut() += 1;
                    place.set(Some((file, line, *serial.borrow())));
                }
            })
        },
        typed: {
            let desk = this.clone();
            Callback::from(move |(file, text)| desk.type_text(file, text))
        },
        stop: {
            let desk = this.clone();
            Callback::from(move |()| desk.stop())
        },
        dismiss: Callback::from(move |()| this.dismiss()),
    });
    (*wishes).clone()
}

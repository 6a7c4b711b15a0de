//! The first half of the page: the frame and home. It is all that is loaded before home can be used; lessons, quizzes,
//! workbench, progress, messages and author are the [room](crate::room), a program of its own that comes in the background.

use pullpath_view::content::{Entry, Index};
use yew::prelude::*;

use crate::browser;
use crate::chunk::{Arrival, ROOM, use_chunk};
use crate::fetch::{Load, use_content};
use crate::frame::{Header, Keys};
use crate::keeper::{Keeper, use_progress};
use crate::page::home::HomePage;
use crate::route::{Route, use_route};

/// What pages share.
#[derive(Debug, Clone, PartialEq)]
pub struct Services {
    pub index: Load<Index>,
    pub progress: Keeper,
}

/// The frame and the pages that need no engine.
#[component]
pub fn App() -> Html {
    let progress = use_progress();
    let index = use_content::<Index>(Some("index.json".to_owned()));
    let route = use_route();
    // Home first; then the room, so that it is there before anybody asks for it.
    let room = use_chunk(ROOM, route.is_room() || !matches!(index, Load::Loading));
    {
        let title = title_of(&route, &index);
        use_effect_with((route.clone(), title), |(_, title)| {
            browser::set_title(&format!("{title} · Pullpath"));
        });
    }
    {
        let is_first = use_mut_ref(|| true);
        use_effect_with(route.clone(), move |_| {
            // A new page starts at its top and is read from there; the first one is where the browser put it.
            if !is_first.replace(false) {
                browser::scroll_to_top();
                browser::focus_soon("page-title");
            }
        });
    }
    let page = match &route {
        Route::Home => Some(html! { <HomePage /> }),
        Route::Unknown(path) => Some(html! { <UnknownPage path={path.clone()} /> }),
        Route::Learn(_)
        | Route::Play(_)
        | Route::Quiz(_)
        | Route::Messages
        | Route::Author
        | Route::Progress => waiting(&room),
    };
    let skip = Callback::from(|event: MouseEvent| {
        // A fragment would be taken for a route.
        event.prevent_default();
        browser::focus("main");
    });
    let (notice, dismiss) = (progress.notice.clone(), progress.dismiss.clone());
    html! {
        <ContextProvider<Services> context={Services { index, progress }}>
            <a class="skip" href="#main" onclick={skip}>{ "Skip to the content" }</a>
            <Header route={route.clone()} />
            if let Some(notice) = notice {
                <div class="banner bad" role="alert">
                    <p>{ notice }</p>
                    <button type="button" class="button quiet" onclick={dismiss.reform(|_: MouseEvent| ())}>{ "Understood" }</button>
                </div>
            }
            if let Some(page) = page {
                <main id="main" tabindex="-1">{ page }</main>
                <Keys />
            }
        </ContextProvider<Services>>
    }
}

/// What stands in the room's place until it is there.
fn waiting(room: &Arrival) -> Option<Html> {
    match room {
        Arrival::There(_) => None,
        Arrival::Away => Some(html! {
            <div class="sheet skeleton" aria-busy="true"><span></span><span></span><span></span></div>
        }),
        Arrival::Failed => Some(html! {
            <div class="sheet narrow" role="alert">
                <h1 id="page-title" tabindex="-1">{ "This part of Pullpath could not be loaded" }</h1>
                <p>{ "Check the connection and load the page again. Your progress is kept." }</p>
                <p><button type="button" class="button primary" onclick={|_: MouseEvent| browser::reload()}>{ "Load the page again" }</button></p>
            </div>
        }),
    }
}

fn title_of(route: &Route, index: &Load<Index>) -> String {
    let find = |id: &String, entries: fn(&Index) -> &Vec<Entry>| {
        let entry =
            index.ready().and_then(|index| entries(index).iter().find(|entry| entry.id == *id));
        entry.map_or_else(|| id.clone(), |entry| entry.title.clone())
    };
    match route {
        Route::Home => "See the path of every pull".to_owned(),
        Route::Learn(lesson) => find(lesson, |index| &index.lessons),
        Route::Play(scenario) => find(scenario, |index| &index.scenarios),
        Route::Quiz(quiz) => find(quiz, |index| &index.quizzes),
        Route::Messages => "What does this message mean?".to_owned(),
        Route::Author => "Author".to_owned(),
        Route::Progress => "Progress".to_owned(),
        Route::Unknown(_) => "No such page".to_owned(),
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct UnknownPageProps {
    path: AttrValue,
}

/// For addresses that lead nowhere.
#[component]
fn UnknownPage(props: &UnknownPageProps) -> Html {
    html! {
        <div class="sheet narrow">
            <h1 id="page-title" tabindex="-1">{ "404: the name resolves, the page does not exist" }</h1>
            <p>{ "There is nothing at " }<code>{ format!("#/{}", props.path) }</code>{ ". The credentials are not the problem this time." }</p>
            <p><a class="button primary" href="#/">{ "To the course" }</a></p>
        </div>
    }
}

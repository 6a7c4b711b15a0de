//! The second half of the page: everything that talks to the engine, and the reader of lessons. A program of its own,
//! in a place of its own beside the [first half](crate::app): each follows the address and draws its own pages, and
//! progress is shared through the browser's storage, so neither knows more of the other than that it is there.

use pullpath_view::content::Index;
use yew::prelude::*;

use crate::app::Services;
use crate::browser;
use crate::chunk::ROOM;
use crate::engine::Engine;
use crate::fetch::use_content;
use crate::frame::Keys;
use crate::keeper::use_progress;
use crate::page::author::AuthorPage;
use crate::page::learn::LearnPage;
use crate::page::messages::MessagesPage;
use crate::page::play::PlayPage;
use crate::page::progress::ProgressPage;
use crate::page::quiz::QuizPage;
use crate::route::{Route, use_route};

/// The pages with an engine; nothing where the address means another one.
#[component]
pub fn Room() -> Html {
    let route = use_route();
    // Pages around playing need an engine that can do more, and are as rare as that one is large.
    let worker = match route {
        Route::Author | Route::Messages | Route::Progress => "desk",
        Route::Home | Route::Learn(_) | Route::Play(_) | Route::Quiz(_) | Route::Unknown(_) => {
            "worker"
        }
    };
    let engine = use_memo(worker, |worker| Engine::connect(worker));
    let progress = use_progress();
    let index = use_content::<Index>(Some("index.json".to_owned()));
    use_effect_with((), |()| {
        browser::set_global(ROOM.global);
        browser::tell_window(ROOM.event);
        // Whoever waited for this page goes on from its title.
        browser::focus_if_nothing_has("page-title");
    });
    let page = match &route {
        Route::Learn(lesson) => {
            html! { <LearnPage key={format!("learn/{lesson}")} lesson={lesson.clone()} /> }
        }
        Route::Play(scenario) => {
            html! { <PlayPage key={format!("play/{scenario}")} scenario={scenario.clone()} /> }
        }
        Route::Messages => html! { <MessagesPage /> },
        Route::Author => html! { <AuthorPage /> },
        Route::Quiz(quiz) => {
            html! { <QuizPage key={format!("quiz/{quiz}")} quiz={quiz.clone()} /> }
        }
        Route::Progress => html! { <ProgressPage /> },
        Route::Home | Route::Unknown(_) => return Html::default(),
    };
    html! {
        <ContextProvider<Services> context={Services { index, progress }}>
            <ContextProvider<Engine> context={(*engine).clone()}>
                <main id="main" tabindex="-1">{ page }</main>
                <Keys />
            </ContextProvider<Engine>>
        </ContextProvider<Services>>
    }
}

//! The frame around every page: services, header, routes, the list of keys.

use std::rc::Rc;

use pullpath_view::action::Attempt;
use pullpath_view::content::Index;
use pullpath_view::pane::Goals;
use yew::prelude::*;

use crate::browser;
use crate::engine::Engine;
use crate::fetch::{Load, use_content};
use crate::icon;
use crate::page::author::AuthorPage;
use crate::page::home::HomePage;
use crate::page::learn::LearnPage;
use crate::page::play::PlayPage;
use crate::page::progress::ProgressPage;
use crate::route::Route;
use crate::store::{self, Answered, Progress};

/// What pages share.
#[derive(Clone, PartialEq)]
pub struct Services {
    pub engine: Engine,
    pub index: Load<Index>,
    pub progress: UseReducerHandle<Keeper>,
}

/// Progress as the page holds it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Keeper {
    pub kept: Progress,
    /// What was wrong with storage, to be said once.
    pub notice: Option<AttrValue>,
}

/// What changes progress.
pub enum Note {
    /// Something was done in an attempt.
    Attempt(Rc<Attempt>, Rc<Goals>),
    /// An attempt is given up.
    StartOver(String),
    /// A question was answered.
    Answer(String, Answered),
    /// A page was opened.
    Visited(String),
    /// Progress from a file.
    Import(Box<Progress>),
    /// Everything is forgotten.
    Reset,
    /// Something to say about storage.
    Notice(Option<AttrValue>),
}

impl Reducible for Keeper {
    type Action = Note;

    fn reduce(self: Rc<Self>, note: Note) -> Rc<Self> {
        let mut this = Rc::unwrap_or_clone(self);
        match note {
            Note::Attempt(attempt, goals) => this.kept.note(&attempt, &goals),
            Note::StartOver(scenario) => this.kept.start_over(&scenario),
            Note::Answer(question, answer) => {
                this.kept.answers.insert(question, answer);
            }
            Note::Visited(page) => this.kept.last = Some(page),
            Note::Import(other) => this.kept.merge(*other),
            Note::Reset => this = Self::default(),
            Note::Notice(notice) => this.notice = notice,
        }
        Rc::new(this)
    }
}

/// The whole page.
#[component]
pub fn App() -> Html {
    let engine = use_memo((), |()| Engine::connect());
    let progress = use_reducer(|| {
        let (kept, notice) = store::load();
        Keeper { kept, notice: notice.map(AttrValue::from) }
    });
    let index = use_content::<Index>(Some("index.json".to_owned()));
    let route = use_route();
    use_saving(&progress);
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
    let services = Services { engine: (*engine).clone(), index, progress: progress.clone() };
    let page = match &route {
        Route::Home => html! { <HomePage /> },
        Route::Learn(lesson) => {
            html! { <LearnPage key={format!("learn/{lesson}")} lesson={lesson.clone()} /> }
        }
        Route::Play(scenario) => {
            html! { <PlayPage key={format!("play/{scenario}")} scenario={scenario.clone()} /> }
        }
        Route::Author => html! { <AuthorPage /> },
        Route::Progress => html! { <ProgressPage /> },
        Route::Unknown(path) => html! { <UnknownPage path={path.clone()} /> },
    };
    let skip = Callback::from(|event: MouseEvent| {
        // A fragment would be taken for a route.
        event.prevent_default();
        browser::focus("main");
    });
    html! {
        <ContextProvider<Services> context={services}>
            <a class="skip" href="#main" onclick={skip}>{ "Skip to the content" }</a>
            <Header route={route.clone()} />
            if let Some(notice) = &progress.notice {
                <div class="banner bad" role="alert">
                    <p>{ notice }</p>
                    <button type="button" class="button quiet" onclick={
                        let progress = progress.dispatcher();
                        move |_: MouseEvent| progress.dispatch(Note::Notice(None))
                    }>{ "Understood" }</button>
                </div>
            }
            <main id="main" tabindex="-1">{ page }</main>
            <Keys />
        </ContextProvider<Services>>
    }
}

fn title_of(route: &Route, index: &Load<Index>) -> String {
    let find = |id: &String, entries: fn(&Index) -> &Vec<pullpath_view::content::Entry>| {
        let entry =
            index.ready().and_then(|index| entries(index).iter().find(|entry| entry.id == *id));
        entry.map_or_else(|| id.clone(), |entry| entry.title.clone())
    };
    match route {
        Route::Home => "See the path of every pull".to_owned(),
        Route::Learn(lesson) => find(lesson, |index| &index.lessons),
        Route::Play(scenario) => find(scenario, |index| &index.scenarios),
        Route::Author => "Author".to_owned(),
        Route::Progress => "Progress".to_owned(),
        Route::Unknown(_) => "No such page".to_owned(),
    }
}

/// Where the learner is, followed as the address changes.
#[hook]
fn use_route() -> Route {
    let route = use_state(|| Route::parse(&browser::hash()));
    let setter = route.setter();
    use_effect_with((), move |()| {
        let listener = browser::is_here().then(|| {
            let window = gloo::utils::window();
            gloo::events::EventListener::new(&window, "hashchange", move |_| {
                setter.set(Route::parse(&browser::hash()));
            })
        });
        move || drop(listener)
    });
    (*route).clone()
}

/// Keeps progress whenever it changes. A browser that refuses is named once.
#[hook]
fn use_saving(progress: &UseReducerHandle<Keeper>) {
    let has_failed = use_mut_ref(|| false);
    let is_first = use_mut_ref(|| true);
    let dispatcher = progress.dispatcher();
    use_effect_with(progress.kept.clone(), move |kept| {
        if is_first.replace(false) || !browser::is_here() {
            return;
        }
        if let Err(why) = store::save(kept)
            && !has_failed.replace(true)
        {
            dispatcher.dispatch(Note::Notice(Some(why.into())));
        }
    });
}

/// Properties of [`Header`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct HeaderProps {
    pub route: Route,
}

/// Name, navigation, theme.
#[component]
pub fn Header(props: &HeaderProps) -> Html {
    let link = |route: Route, text: &'static str| {
        let current = (props.route == route).then_some("page");
        html! { <a href={route.href()} aria-current={current}>{ text }</a> }
    };
    html! {
        <header class="site-head">
            <a class="brand" href="#/">
                <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path class="brand-line" d="M3 12h7" /><path class="brand-gap" d="M14 12h7" /><circle class="brand-dot" cx="3.5" cy="12" r="2.5" /><path class="brand-cross" d="m10 9.5 4 5m0-5-4 5" /></svg>
                { "Pullpath" }
            </a>
            <nav aria-label="Pages">
                { link(Route::Home, "Course") }
                { link(Route::Progress, "Progress") }
                { link(Route::Author, "Author") }
            </nav>
            <ThemeSwitch />
        </header>
    }
}

/// System, light or dark.
#[component]
fn ThemeSwitch() -> Html {
    const THEMES: [(&str, &str); 3] =
        [("system", "Colours of the system"), ("light", "Light"), ("dark", "Dark")];
    let chosen = use_state(|| store::setting("theme").unwrap_or_else(|| "system".to_owned()));
    use_effect_with((*chosen).clone(), |chosen| {
        browser::set_root_attribute("data-theme", (chosen != "system").then_some(chosen.as_str()));
    });
    let button = |(name, label): &(&'static str, &'static str)| {
        let (name, chosen) = (*name, chosen.clone());
        let pressed = (*chosen == name).to_string();
        let onclick = Callback::from(move |_: MouseEvent| {
            store::set_setting("theme", name);
            chosen.set(name.to_owned());
        });
        html! { <button type="button" aria-pressed={pressed} aria-label={*label} title={*label} {onclick}>{ icon::theme(name) }</button> }
    };
    html! { <div class="switch theme" role="group" aria-label="Theme">{ for THEMES.iter().map(button) }</div> }
}

/// The list of keys, opened by `?` or its button at the foot of every page.
#[component]
pub fn Keys() -> Html {
    const KEYS: [(&str, &str); 9] = [
        ("?", "this list"),
        ("Ctrl Enter", "apply the files and run"),
        ("Ctrl S", "apply the files"),
        ("Ctrl Shift Enter", "run the clock until nothing changes"),
        ("Alt 1 … Alt 5", "to the brief, files, cluster, why ladder, timeline"),
        (
            "Arrow keys",
            "between tabs, things of the picture, moments of the scrubber, and to size panes",
        ),
        ("Enter, Space", "select, press, unfold"),
        ("Tab", "onward, also out of the editor"),
        ("Ctrl Z, Ctrl Y", "undo and redo in the editor"),
    ];
    let dialog = use_node_ref();
    let open = {
        let dialog = dialog.clone();
        Callback::from(move |()| browser::set_dialog(&dialog, true))
    };
    {
        let open = open.clone();
        use_effect_with((), move |()| {
            let listener = browser::is_here().then(|| {
                gloo::events::EventListener::new(
                    &gloo::utils::document(),
                    "keydown",
                    move |event| {
                        use wasm_bindgen::JsCast;
                        let is_asked = event
                            .dyn_ref::<web_sys::KeyboardEvent>()
                            .is_some_and(|event| event.key() == "?");
                        if is_asked && !browser::is_typing(event) {
                            open.emit(());
                        }
                    },
                )
            });
            move || drop(listener)
        });
    }
    let close = {
        let dialog = dialog.clone();
        Callback::from(move |_: MouseEvent| browser::set_dialog(&dialog, false))
    };
    html! {
        <footer class="site-foot">
            <p>{ "Runs in this browser. Nothing is sent anywhere." }</p>
            <button type="button" class="button quiet" onclick={open.reform(|_: MouseEvent| ())}>{ "Keys" }<kbd>{ "?" }</kbd></button>
            <dialog ref={dialog} class="keys" aria-labelledby="keys-title">
                <h2 id="keys-title">{ "Keys" }</h2>
                <dl>{ for KEYS.iter().map(|(key, what)| html! { <div><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></div> }) }</dl>
                <button type="button" class="button primary" onclick={close}>{ "Close" }</button>
            </dialog>
        </footer>
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

//! Writes pages as static HTML, to be looked at: `cargo run -p pullpath-web --features ssr --example preview -- FOLDER`.

#![allow(dead_code, missing_docs, reason = "a look is not a test")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::rc::Rc;

use pullpath_view::block::{Block, Choice, Inline, Question};
use pullpath_view::content::{Entry, Index, LessonBundle};
use pullpath_web::engine::Engine;
use pullpath_web::fetch::Load;
use pullpath_web::frame::{Header, Keys};
use pullpath_web::page::home::Home;
use pullpath_web::page::learn::Lesson;
use pullpath_web::page::messages::{MeaningSheet, MessagesPage};
use pullpath_web::panel::Wishes;
use pullpath_web::panel::workbench::Workbench;
use pullpath_web::route::Route;
use pullpath_web::store::Progress;
use yew::prelude::*;

#[component]
fn Bench() -> Html {
    html! { <>
        <Header route={Route::Play("default-serviceaccount".into())} />
        <main id="main"><Workbench title="The default ServiceAccount" brief={common::brief()} session={common::session()} wishes={Wishes::none()} /></main>
        <Keys />
    </> }
}

#[component]
fn HomeSheet() -> Html {
    html! { <><Header route={Route::Home} /><main id="main"><Home index={Load::Ready(Rc::new(index()))} progress={Progress::default()} /></main><Keys /></> }
}

#[component]
fn LessonSheet() -> Html {
    html! { <><Header route={Route::Learn("a".into())} /><main id="main"><article class="sheet reader"><Lesson bundle={lesson()} /></article></main><Keys /></> }
}

#[component]
fn MessagesSheet() -> Html {
    html! { <><Header route={Route::Messages} /><main id="main">
        <ContextProvider<Engine> context={Engine::idle()}><MessagesPage /></ContextProvider<Engine>>
        <div class="sheet narrow messages"><MeaningSheet meaning={common::meaning()} /></div>
    </main><Keys /></> }
}

fn index() -> Index {
    let entry = |id: &str, title: &str, summary: &str, difficulty: &str, minutes| Entry {
        id: id.into(),
        title: title.into(),
        summary: summary.into(),
        minutes,
        difficulty: difficulty.into(),
        topic: "Pull secrets".into(),
        version: 1,
        bundle: String::new(),
    };
    Index {
        format: 1,
        scenarios: vec![
            entry(
                "default-serviceaccount",
                "The default ServiceAccount",
                "A Secret and a ServiceAccount that lists it are there. The Pods use neither.",
                "first",
                3,
            ),
            entry(
                "thirteen-hour-token",
                "The thirteen-hour-old token",
                "It worked yesterday. Nobody changed anything. That is the problem.",
                "easy",
                8,
            ),
        ],
        lessons: vec![entry(
            "pull-path",
            "The path of a pull",
            "From the Pod to the registry: eight questions that the kubelet answers, in order.",
            "",
            12,
        )],
        quizzes: vec![entry(
            "image-pull-secrets",
            "Image pull secrets",
            "Six questions on whose credentials a node shows to a registry.",
            "",
            8,
        )],
    }
}

fn lesson() -> LessonBundle {
    let text = |text: &str| vec![Inline::Text(text.into())];
    LessonBundle {
        format: 1,
        id: "pull-path".into(),
        title: "The path of a pull".into(),
        blocks: vec![
            Block::Paragraph { text: text("A Pod names an image. Before its first byte arrives, eight questions have been answered, each by another part of the cluster, and each of them can end the pull.") },
            Block::Heading { level: 2, id: "whose".into(), text: text("Whose secrets?") },
            Block::Paragraph { text: vec![Inline::Text("The Pod’s own ".into()), Inline::Code("imagePullSecrets".into()), Inline::Text(" win. Only when that list is empty does admission copy the list of the ServiceAccount.".into())] },
            Block::Code { language: "yaml".into(), text: "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: payments-puller\nimagePullSecrets:\n  - name: ecr-pull-secret".into() },
            Block::Table { head: vec![text("Question"), text("Answered by")], rows: vec![vec![text("Whose secrets"), text("admission, once")], vec![text("Which entries match"), text("kubelet, at every pull")]] },
            Block::Question(Question {
                id: "q".into(),
                prompt: vec![Block::Paragraph { text: text("You add a pull secret to the ServiceAccount of a Pod that is in ImagePullBackOff. What happens to that Pod?") }],
                options: vec![
                    Choice { text: text("The next attempt uses it."), right: false, feedback: text("The list was copied when the Pod was admitted.") },
                    Choice { text: text("Nothing."), right: true, feedback: text("It keeps what it was given.") },
                ],
                explanation: Vec::new(),
            }),
        ],
    }
}

fn write<C: yew::BaseComponent>(folder: &str, name: &str)
where
    C::Properties: Default,
{
    let css = concat!(env!("CARGO_MANIFEST_DIR"), "/style/main.css");
    let body = pollster::block_on(yew::LocalServerRenderer::<C>::new().hydratable(false).render());
    for theme in ["light", "dark"] {
        let page = format!(
            "<!doctype html><html lang=en data-theme={theme}><meta charset=utf-8><meta name=viewport content='width=device-width'><link rel=stylesheet href='file://{css}'><body>{body}"
        );
        std::fs::write(format!("{folder}/{name}-{theme}.html"), page)
            .expect("the folder can be written");
    }
}

fn main() {
    let folder = std::env::args().nth(1).expect("an argument: the folder to write to");
    write::<Bench>(&folder, "bench");
    write::<HomeSheet>(&folder, "home");
    write::<LessonSheet>(&folder, "lesson");
    write::<MessagesSheet>(&folder, "messages");
}

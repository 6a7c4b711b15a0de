//! Home: one pull to mend, the course as a path, the scenarios.

use pullpath_view::content::{Entry, Index};
use pullpath_view::pane::Tone;
use yew::prelude::*;

use super::hero::HeroPicture;
use crate::app::Services;
use crate::fetch::Load;
use crate::icon::{self, ToneIcon};
use crate::store::{Progress, QuizRecord, Record};

/// The home page.
#[component]
pub fn HomePage() -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    html! { <Home index={services.index.clone()} progress={(*services.progress.kept).clone()} /> }
}

/// Properties of [`Home`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct HomeProps {
    pub index: Load<Index>,
    pub progress: Progress,
}

/// The home page from what it shows.
#[component]
pub fn Home(props: &HomeProps) -> Html {
    let is_new = props.progress.last.is_none();
    html! {
        <div class="sheet home">
            <section class={classes!("hero", (!is_new).then_some("again"))}>
                <div class="hero-words">
                    <h1 id="page-title" tabindex="-1">{ "See the path of every pull" }</h1>
                    <p class="lead">
                        { "A Pod asks for an image. Between it and the registry stand a ServiceAccount, a Secret, a keyring and a token that \
                           expires. Any one of them can stop the pull, and the message rarely says which. Here you can watch, break and mend \
                           all of it, in a simulated cluster inside this page." }
                    </p>
                    if is_new {
                        <p><a class="button primary large" href="#/play/default-serviceaccount">{ "Mend this pull (3 min)" }{ icon::arrow() }</a></p>
                    } else if let Load::Ready(index) = &props.index {
                        <Continue index={(**index).clone()} progress={props.progress.clone()} />
                    }
                </div>
                <HeroPicture />
            </section>
            {
                match &props.index {
                    Load::Ready(index) => html! { <Course index={(**index).clone()} progress={props.progress.clone()} /> },
                    Load::Loading => html! { <div class="skeleton cards" aria-busy="true"><span></span><span></span></div> },
                    Load::Failed(why) => html! {
                        <div class="note bad" role="alert">
                            <p>{ "The list of lessons and scenarios could not be loaded. Check the connection and load the page again." }</p>
                            <p class="faint">{ why }</p>
                        </div>
                    },
                }
            }
        </div>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct CourseProps {
    index: Index,
    progress: Progress,
}

/// What was done last, and which goals are open.
#[component]
fn Continue(props: &CourseProps) -> Html {
    let Some(last) = &props.progress.last else { return Html::default() };
    let (kind, id) = last.split_once('/').unwrap_or(("", last));
    let entries = match kind {
        "learn" => &props.index.lessons,
        "quiz" => &props.index.quizzes,
        _ => &props.index.scenarios,
    };
    let Some(entry) = entries.iter().find(|entry| entry.id == id) else { return Html::default() };
    let record = props.progress.scenarios.get(id).filter(|_| kind == "play");
    let quiz = props.progress.quizzes.get(id).filter(|_| kind == "quiz");
    let open = record.map_or(Vec::new(), |record| {
        record.goals.iter().filter(|(_, met)| !met).map(|(title, _)| title.clone()).collect()
    });
    let is_passed = record.is_some_and(|record| record.passed && open.is_empty());
    html! {
        <div class="continue">
            <p class="faint">{ match kind { "learn" => "You were reading", "quiz" => "You were answering", _ => "You were working on" } }</p>
            <p class="continue-title">{ &entry.title }</p>
            if is_passed {
                <p class="standing good"><ToneIcon tone={Tone::Good} />{ "Mended." }</p>
            } else if let Some(quiz) = quiz {
                { quiz_standing(Some(quiz), quiz.version) }
            } else if !open.is_empty() {
                <ul class="open-goals">{ for open.iter().map(|title| html! { <li><ToneIcon tone={Tone::Neutral} />{ title }</li> }) }</ul>
            }
            <a class="button primary large" href={format!("#/{last}")}>{ if is_passed { "Look again" } else { "Continue" } }{ icon::arrow() }</a>
        </div>
    }
}

/// The lessons as a path, the scenarios as cards.
#[component]
fn Course(props: &CourseProps) -> Html {
    let CourseProps { index, progress } = props;
    let done = index
        .scenarios
        .iter()
        .filter(|entry| {
            progress
                .scenarios
                .get(&entry.id)
                .is_some_and(|record| record.passed && record.version == entry.version)
        })
        .count();
    html! { <>
        if !index.lessons.is_empty() {
            <section class="course">
                <h2>{ "The course" }</h2>
                <ol class="course-path">
                    { for index.lessons.iter().map(|entry| {
                        let prefix = format!("{}/", entry.id);
                        let answered = progress.answers.iter().filter(|(key, answer)| key.starts_with(&prefix) && answer.right).count();
                        html! {
                            <li class={classes!((answered > 0).then_some("begun"))}>
                                <a href={format!("#/learn/{}", entry.id)}>{ &entry.title }</a>
                                <p>{ &entry.summary }</p>
                                <p class="faint">
                                    { format!("{} min", entry.minutes) }
                                    if answered > 0 { { format!(" · {answered} {} right", if answered == 1 { "answer" } else { "answers" }) } }
                                </p>
                            </li>
                        }
                    }) }
                </ol>
            </section>
        }
        <section class="gallery">
            <h2>{ "Scenarios" }<span class="points">{ format!("{done} of {} mended", index.scenarios.len()) }</span></h2>
            <ul class="cards">{ for index.scenarios.iter().map(|entry| scenario_card(entry, progress.scenarios.get(&entry.id))) }</ul>
        </section>
        if !index.quizzes.is_empty() {
            <section class="gallery">
                <h2>{ "Quizzes" }</h2>
                <ul class="cards">{ for index.quizzes.iter().map(|entry| quiz_card(entry, progress.quizzes.get(&entry.id))) }</ul>
            </section>
        }
    </> }
}

fn scenario_card(entry: &Entry, record: Option<&Record>) -> Html {
    let is_current = record.is_some_and(|record| record.version == entry.version);
    let (tone, word) = match record {
        Some(record) if !is_current => (
            Tone::Neutral,
            format!(
                "changed since: {} of {} points in the older version",
                record.best, record.out_of
            ),
        ),
        Some(record) if record.passed => {
            (Tone::Good, format!("mended, {} of {} points", record.best, record.out_of))
        }
        Some(record) => {
            (Tone::Waiting, format!("begun, {} of {} points", record.best, record.out_of))
        }
        None => (Tone::Neutral, "not begun".to_owned()),
    };
    html! {
        <li class="scenario">
            <p class="scenario-facts"><span>{ &entry.topic }</span><span>{ &entry.difficulty }</span><span>{ format!("{} min", entry.minutes) }</span></p>
            <h3><a href={format!("#/play/{}", entry.id)}>{ &entry.title }</a></h3>
            <p>{ &entry.summary }</p>
            <p class={classes!("standing", crate::text::tone_class(tone))}><ToneIcon {tone} />{ word }</p>
        </li>
    }
}

fn quiz_card(entry: &Entry, record: Option<&QuizRecord>) -> Html {
    html! {
        <li class="scenario">
            <p class="scenario-facts"><span>{ &entry.topic }</span><span>{ format!("{} min", entry.minutes) }</span></p>
            <h3><a href={format!("#/quiz/{}", entry.id)}>{ &entry.title }</a></h3>
            <p>{ &entry.summary }</p>
            { quiz_standing(record, entry.version) }
        </li>
    }
}

/// How a quiz went, or how far it has come.
fn quiz_standing(record: Option<&QuizRecord>, version: u32) -> Html {
    let (tone, word) = match record {
        Some(record) if record.version != version => (
            Tone::Neutral,
            format!(
                "changed since: {} of {} points in the older version",
                record.best, record.out_of
            ),
        ),
        Some(record) if record.passed => {
            (Tone::Good, format!("passed, {} of {} points", record.best, record.out_of))
        }
        Some(record) if record.right.len() < record.questions as usize => (
            Tone::Waiting,
            format!("begun, {} of {} answered", record.right.len(), record.questions),
        ),
        Some(record) => {
            (Tone::Waiting, format!("not passed, {} of {} points", record.best, record.out_of))
        }
        None => (Tone::Neutral, "not begun".to_owned()),
    };
    html! { <p class={classes!("standing", crate::text::tone_class(tone))}><ToneIcon {tone} />{ word }</p> }
}

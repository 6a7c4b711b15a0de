//! The reader: one lesson, with its figures and questions where they stand.

use pullpath_view::block::Block;
use pullpath_view::content::LessonBundle;
use yew::prelude::*;

use crate::app::Services;
use crate::blocks::Blocks;
use crate::browser;
use crate::fetch::{Load, use_content};
use crate::keeper::Note;
use crate::text::plain;

/// Properties of [`LearnPage`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LearnPageProps {
    pub lesson: AttrValue,
}

/// The page of a lesson.
#[component]
pub fn LearnPage(props: &LearnPageProps) -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    let id = props.lesson.to_string();
    let lessons = services.index.ready().map(|index| index.lessons.clone()).unwrap_or_default();
    let here = lessons.iter().position(|entry| entry.id == id);
    let entry = here.map(|n| lessons[n].clone());
    let bundle = use_content::<LessonBundle>(entry.as_ref().map(|entry| entry.bundle.clone()));
    {
        let (progress, page) = (services.progress.note.clone(), format!("learn/{id}"));
        use_effect_with(bundle.ready().is_some(), move |is_there| {
            if *is_there {
                progress.emit(Note::Visited(page));
            }
        });
    }
    use_effect_with((bundle.ready().is_some(), id.clone()), |(is_there, _)| {
        if *is_there {
            browser::go_to_heading();
        }
    });
    use_effect_with((), |()| {
        let listener = browser::is_here().then(|| {
            let window = gloo::utils::window();
            gloo::events::EventListener::new(&window, "hashchange", |_| browser::go_to_heading())
        });
        move || drop(listener)
    });
    let link = |n: Option<usize>, word: &'static str| {
        let entry = n.and_then(|n| lessons.get(n))?;
        Some(
            html! { <a href={format!("#/learn/{}", entry.id)}><span class="faint">{ word }</span>{ &entry.title }</a> },
        )
    };
    let trouble = match (&services.index, &bundle) {
        (Load::Failed(why), _) | (_, Load::Failed(why)) => Some(why.clone()),
        (Load::Ready(_), _) if entry.is_none() => {
            Some(format!("There is no lesson called {id} on this site.").into())
        }
        _ => None,
    };
    if let Some(why) = trouble {
        return html! {
            <div class="sheet narrow">
                <h1 id="page-title" tabindex="-1">{ "This lesson could not be loaded" }</h1>
                <p>{ why }</p>
                <p><a class="button primary" href="#/">{ "To the course" }</a></p>
            </div>
        };
    }
    let Some(bundle) = bundle.ready() else {
        return html! { <div class="sheet reader skeleton" aria-busy="true"><h1 id="page-title" tabindex="-1">{ "Loading" }</h1><span></span><span></span><span></span></div> };
    };
    html! {
        <article class="sheet reader">
            <Lesson bundle={(**bundle).clone()} />
            <nav class="turn" aria-label="Lessons">
                { link(here.and_then(|n| n.checked_sub(1)), "Previous") }
                { link(here.map(|n| n + 1), "Next") }
            </nav>
        </article>
    }
}

/// Properties of [`Lesson`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LessonProps {
    pub bundle: LessonBundle,
}

/// Title, contents, text.
#[component]
pub fn Lesson(props: &LessonProps) -> Html {
    let LessonBundle { id, title, blocks, .. } = &props.bundle;
    let headings: Vec<(String, String)> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Heading { level: 2, id, text } => Some((id.clone(), plain(text))),
            _ => None,
        })
        .collect();
    // The lesson's own first heading is its title; the page has it already.
    let blocks = match blocks.split_first() {
        Some((Block::Heading { level: 1, .. }, rest)) => rest.to_vec(),
        _ => blocks.clone(),
    };
    let entry = |(id, text): &(String, String)| {
        let target = id.clone();
        // The address is a route already, so a heading is scrolled to rather than linked.
        let onclick = Callback::from(move |_: MouseEvent| browser::scroll_to(&target));
        html! { <li><button type="button" class="plain" {onclick}>{ text }</button></li> }
    };
    html! { <>
        <h1 id="page-title" tabindex="-1">{ title }</h1>
        if headings.len() > 2 {
            <nav class="contents" aria-label="In this lesson"><ol>{ for headings.iter().map(entry) }</ol></nav>
        }
        <div class="prose"><Blocks {blocks} page={id.clone()} /></div>
    </> }
}

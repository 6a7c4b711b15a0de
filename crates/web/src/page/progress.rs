//! Results, what can be handed in, and files to take progress elsewhere.

use std::rc::Rc;

use pullpath_view::content::Index;
use pullpath_view::hand_in::{HandIn, KIND, Learner};
use pullpath_view::pane::Tone;
use pullpath_view::record::Kind;
use pullpath_view::wire::Problem;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::Services;
use crate::browser;
use crate::engine::Engine;
use crate::fetch::Load;
use crate::icon::ToneIcon;
use crate::keeper::Note;
use crate::panel::problems::ProblemList;
use crate::panel::record::RecordSheet;
use crate::paper::{self, Graded};
use crate::store::{self, Progress, QuizRecord, Record};
use crate::text::tone_class;

/// The progress page.
#[component]
pub fn ProgressPage() -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    let kept = services.progress.kept.clone();
    let titles = title_of(services.index.clone());
    let scenarios = kept.scenarios.iter().map(|(id, record)| {
        (id.clone(), titles.emit((Kind::Scenario, id.clone())), record.clone())
    });
    let quizzes =
        kept.quizzes.iter().filter(|(_, record)| record.version > 0).map(|(id, record)| {
            (id.clone(), titles.emit((Kind::Quiz, id.clone())), record.clone())
        });
    html! {
        <div class="sheet progress">
            <h1 id="page-title" tabindex="-1">{ "Progress" }</h1>
            <p class="lead">{ "Kept in this browser, and nowhere else. What you did can be replayed anywhere, with the same result." }</p>
            <ResultTable rows={scenarios.collect::<Vec<_>>()} quizzes={quizzes.collect::<Vec<_>>()} />
            <HandInSheet />
            <BringIn />
            <Elsewhere />
        </div>
    }
}

/// The title of a scenario or quiz; its id where this site does not have it.
fn title_of(index: Load<Index>) -> Callback<(Kind, String), String> {
    Callback::from(move |(kind, id): (Kind, String)| {
        let entries = index.ready().map(|index| match kind {
            Kind::Scenario => &index.scenarios,
            Kind::Quiz => &index.quizzes,
        });
        let entry = entries.and_then(|entries| entries.iter().find(|entry| entry.id == id));
        entry.map_or(id, |entry| entry.title.clone())
    })
}

/// Properties of [`ResultTable`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ResultTableProps {
    /// Id, title and record of each scenario that was begun.
    pub rows: Vec<(String, String, Record)>,
    /// The same of each quiz.
    #[prop_or_default]
    pub quizzes: Vec<(String, String, QuizRecord)>,
}

/// One row for each scenario and quiz.
#[component]
pub fn ResultTable(props: &ResultTableProps) -> Html {
    if props.rows.is_empty() && props.quizzes.is_empty() {
        return html! { <p class="empty">{ "Nothing yet. " }<a href="#/play/default-serviceaccount">{ "Mend your first pull" }</a>{ "; it takes about three minutes." }</p> };
    }
    let row = |href: String,
               title: &str,
               kind: &'static str,
               (passed, best, out_of): (bool, u32, u32),
               tries: usize,
               open: &'static str| {
        let (tone, word) = if passed { (Tone::Good, "passed") } else { (Tone::Waiting, open) };
        html! {
            <tr>
                <th scope="row"><a {href}>{ title.to_owned() }</a></th>
                <td class="kind faint">{ kind }</td>
                <td><span class={classes!("standing", tone_class(tone))}><ToneIcon {tone} />{ word }</span></td>
                <td class="number">{ format!("{best} of {out_of}") }</td>
                <td class="number">{ tries }</td>
            </tr>
        }
    };
    let scenario = |(id, title, record): &(String, String, Record)| {
        let worth = (record.passed, record.best, record.out_of);
        row(format!("#/play/{id}"), title, "Scenario", worth, record.attempts as usize, "begun")
    };
    let quiz = |(id, title, record): &(String, String, QuizRecord)| {
        let worth = (record.passed, record.best, record.out_of);
        let is_whole = record.right.len() >= record.questions as usize;
        let open = if is_whole { "not passed" } else { "begun" };
        row(format!("#/quiz/{id}"), title, "Quiz", worth, record.goes.len(), open)
    };
    html! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Results">
            <table class="results">
                <thead><tr><th scope="col">{ "Title" }</th><th scope="col" class="kind">{ "Kind" }</th><th scope="col">{ "State" }</th><th scope="col" class="number">{ "Best" }</th><th scope="col" class="number">{ "Tries" }</th></tr></thead>
                <tbody>{ for props.rows.iter().map(scenario) }{ for props.quizzes.iter().map(quiz) }</tbody>
            </table>
        </div>
    }
}

// ---- handing in -------------------------------------------------------------------------------------------------

/// How far a file has come.
#[derive(Debug, Clone, PartialEq, Default)]
enum Stage {
    #[default]
    Nothing,
    /// In words, and how far of how far.
    Working(&'static str, Option<(i64, i64)>),
    /// It could not be done; in words.
    Trouble(AttrValue),
    /// The file could not be read.
    Broken(Vec<Problem>),
    /// It is written or read, and graded.
    Ready(Rc<Ready>),
}

/// A hand-in with its record.
#[derive(Debug, PartialEq)]
struct Ready {
    name: String,
    text: String,
    hand_in: HandIn,
    graded: Graded,
}

/// Asks who hands in, writes the file, and shows what it comes to.
#[component]
fn HandInSheet() -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    let engine = use_context::<Engine>().expect("Room gives its pages an engine");
    let learner = use_state(Learner::default);
    let stage = use_state(Stage::default);
    let is_nameless = use_state(|| false);
    let what = paper::in_words(&services.progress.kept);
    let field = |id: &'static str,
                 label: &'static str,
                 value: &str,
                 set: fn(&mut Learner, String)| {
        let (learner, nameless) = (learner.clone(), is_nameless.clone());
        let oninput = Callback::from(move |event: InputEvent| {
            let mut next = (*learner).clone();
            set(&mut next, event.target_unchecked_into::<HtmlInputElement>().value());
            nameless.set(false);
            learner.set(next);
        });
        let described = (*is_nameless && id == "learner-number").then_some("learner-missing");
        html! {
            <label class="field" for={id}><span>{ label }</span>
                <input {id} type="text" autocomplete="off" maxlength="100" value={value.to_owned()} aria-invalid={is_nameless.to_string()} aria-describedby={described} {oninput} /></label>
        }
    };
    let onsubmit = {
        let (services, engine) = (services.clone(), engine.clone());
        let (learner, stage, is_nameless) = (learner.clone(), stage.clone(), is_nameless.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let who = Learner {
                number: learner.number.trim().to_owned(),
                name: learner.name.trim().to_owned(),
            };
            if who == Learner::default() {
                is_nameless.set(true);
                browser::focus_soon("learner-number");
                return;
            }
            let Some(index) = services.index.ready().cloned() else { return };
            let (hand_in, name) =
                (services.progress.kept.hand_in(who.clone()), paper::file_name(&who));
            let (stage, engine) = (stage.setter(), engine.clone());
            stage.set(Stage::Working("Writing the file", None));
            wasm_bindgen_futures::spawn_local(async move {
                let text = match paper::write(&engine, hand_in.clone()).await {
                    Ok(text) => text,
                    Err(why) => return stage.set(Stage::Trouble(why.into())),
                };
                browser::download(&name, &text);
                show(&engine, &index, hand_in, name, text, &stage).await;
                browser::focus_soon("hand-in-ready");
            });
        })
    };
    html! {
        <section class="transfer" aria-labelledby="hand-in-title">
            <h2 id="hand-in-title">{ "Hand in" }</h2>
            if what.is_empty() {
                <p class="empty">{ "There is nothing to hand in yet. Play a scenario or answer a quiz first." }</p>
            } else {
                <div class="panel">
                    <p>{ "One file with " }<strong>{ what }</strong>{ ". Your instructor replays it: what counts is what your actions and answers come to, and of several attempts the best." }</p>
                    <form class="hand-in" {onsubmit}>
                        { field("learner-number", "Your number", &learner.number, |learner, text| learner.number = text) }
                        { field("learner-name", "Your name", &learner.name, |learner, text| learner.name = text) }
                        <button type="submit" class="button primary" disabled={matches!(*stage, Stage::Working(..))}>{ "Export the hand-in" }</button>
                    </form>
                    <div role="alert">
                        if *is_nameless { <p id="learner-missing" class="standing bad"><ToneIcon tone={Tone::Bad} />{ "Write your number or your name: one of the two is enough." }</p> }
                    </div>
                    { standing(&stage) }
                    if let Stage::Ready(ready) = &*stage {
                        <div class="ready">
                            <h3 id="hand-in-ready" tabindex="-1">{ "Exported: " }<span class="mono">{ &ready.name }</span></h3>
                            <p class="faint">{ "It was read back and replayed here. This is what it comes to:" }</p>
                            { outcome(&ready.graded, services.index.clone()) }
                            <div class="row">
                                { download("Download it again", ready.name.clone(), ready.text.clone()) }
                                { download("Download the record", ready.name.replacen("hand-in", "record", 1), ready.graded.file()) }
                            </div>
                        </div>
                    }
                </div>
            }
        </section>
    }
}

fn download(words: &'static str, name: String, text: String) -> Html {
    let onclick = Callback::from(move |_: MouseEvent| browser::download(&name, &text));
    html! { <button type="button" class="button" {onclick}>{ words }</button> }
}

/// Grades a file and shows it.
async fn show(
    engine: &Engine,
    index: &Index,
    hand_in: HandIn,
    name: String,
    text: String,
    stage: &UseStateSetter<Stage>,
) {
    stage.set(Stage::Working("Replaying it", None));
    let sign = {
        let stage = stage.clone();
        move |done, total| stage.set(Stage::Working("Replaying it", Some((done, total))))
    };
    let graded = paper::grade(engine, index, &hand_in, name.clone(), text.clone(), sign).await;
    stage.set(match graded {
        Ok(graded) => Stage::Ready(Rc::new(Ready { name, text, hand_in, graded })),
        Err(why) => Stage::Trouble(why.into()),
    });
}

/// What goes on, and what went wrong.
fn standing(stage: &Stage) -> Html {
    html! {
        <div role="status">
            {
                match stage {
                    Stage::Working(what, progress) => {
                        let (value, max) = progress.map_or((None, None), |(done, total)| (Some(done.to_string()), Some(total.to_string())));
                        html! { <p class="working"><span>{ *what }</span><progress aria-label={*what} {value} {max}></progress></p> }
                    }
                    Stage::Trouble(why) => html! { <p class="standing bad"><ToneIcon tone={Tone::Bad} />{ why }</p> },
                    Stage::Broken(problems) => html! { <>
                        <p class="standing bad"><ToneIcon tone={Tone::Bad} />{ "This file cannot be taken in." }</p>
                        <ProblemList problems={problems.clone()} />
                    </> },
                    Stage::Nothing | Stage::Ready(_) => Html::default(),
                }
            }
        </div>
    }
}

/// The record, and what is to be said of the file.
fn outcome(graded: &Graded, index: Load<Index>) -> Html {
    html! { <>
        <RecordSheet record={graded.record.clone()} title={title_of(index)} />
        if !graded.problems.is_empty() { <ProblemList problems={graded.problems.clone()} /> }
    </> }
}

// ---- files ------------------------------------------------------------------------------------------------------

/// Takes in a file: progress from elsewhere, or a hand-in, which is replayed first.
#[component]
fn BringIn() -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    let engine = use_context::<Engine>().expect("Room gives its pages an engine");
    let stage = use_state(Stage::default);
    let said = use_state(|| None::<AttrValue>);
    let onchange = {
        let (stage, said, services) = (stage.setter(), said.setter(), services.clone());
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
            let Some(index) = services.index.ready().cloned() else { return };
            let (stage, said, engine) = (stage.clone(), said.clone(), engine.clone());
            let note = services.progress.note.clone();
            said.set(None);
            stage.set(Stage::Working("Reading the file", None));
            wasm_bindgen_futures::spawn_local(async move {
                let name = file.name();
                let text = match text_of(&file).await {
                    Ok(text) => text,
                    Err(why) => return stage.set(Stage::Trouble(why.into())),
                };
                // The same file can be chosen again; before, it would have been gone.
                input.set_value("");
                if looks_like_progress(&text) {
                    match Progress::import(&text) {
                        Ok(other) => {
                            said.set(Some(taken_over(&other).into()));
                            stage.set(Stage::Nothing);
                            note.emit(Note::Import(Box::new(other)));
                        }
                        Err(why) => stage.set(Stage::Trouble(why.into())),
                    }
                    return;
                }
                match paper::read(&engine, name.clone(), text.clone()).await {
                    Ok((Some(hand_in), _)) => {
                        show(&engine, &index, hand_in, name, text, &stage).await;
                        browser::focus_soon("brought-in");
                    }
                    Ok((None, problems)) => stage.set(Stage::Broken(problems)),
                    Err(why) => stage.set(Stage::Trouble(why.into())),
                }
            });
        })
    };
    let take = {
        let (stage, said, note) = (stage.clone(), said.setter(), services.progress.note.clone());
        Callback::from(move |_: MouseEvent| {
            if let Stage::Ready(ready) = &*stage {
                let other = Progress::of_hand_in(ready.hand_in.clone(), &ready.graded.worth);
                said.set(Some(taken_over(&other).into()));
                note.emit(Note::Import(Box::new(other)));
                stage.set(Stage::Nothing);
            }
        })
    };
    let leave = {
        let stage = stage.setter();
        Callback::from(move |_: MouseEvent| stage.set(Stage::Nothing))
    };
    html! {
        <section class="transfer" aria-labelledby="bring-title">
            <h2 id="bring-title">{ "Bring in a file" }</h2>
            <p>{ "Progress that you exported elsewhere, or a hand-in: that one is replayed first, and you see what it comes to." }</p>
            <div class="row">
                <label class="button file-button">{ "Choose a file" }<input type="file" accept=".json,application/json" {onchange} /></label>
            </div>
            { standing(&stage) }
            <div role="status">
                if let Some(said) = &*said { <p class="standing good"><ToneIcon tone={Tone::Good} />{ said }</p> }
            </div>
            if let Stage::Ready(ready) = &*stage {
                <div class="panel ready">
                    <h3 id="brought-in" tabindex="-1">{ "Hand-in of " }{ who(&ready.hand_in.learner) }</h3>
                    { outcome(&ready.graded, services.index.clone()) }
                    <div class="row">
                        <button type="button" class="button primary" onclick={take} disabled={ready.graded.worth.iter().all(Option::is_none)}>{ "Add it to the progress of this browser" }</button>
                        <button type="button" class="button quiet" onclick={leave}>{ "Leave it" }</button>
                    </div>
                </div>
            }
        </section>
    }
}

fn who(learner: &Learner) -> String {
    let who = format!("{} {}", learner.name, learner.number);
    let who = who.trim();
    if who.is_empty() { "somebody without a name".to_owned() } else { who.to_owned() }
}

/// What was taken over, in words.
fn taken_over(other: &Progress) -> String {
    let count = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    format!(
        "Taken in: {} and {}. Of each the better result stays.",
        count(other.scenarios.len(), "scenario", "scenarios"),
        count(other.quizzes.len(), "quiz", "quizzes")
    )
}

/// A file larger than this is neither progress nor a hand-in.
const FILE_BYTES: f64 = 6_000_000.0;

async fn text_of(file: &web_sys::File) -> Result<String, String> {
    if file.size() > FILE_BYTES {
        return Err("This file is too big to be progress or a hand-in of Pullpath.".to_owned());
    }
    let text = wasm_bindgen_futures::JsFuture::from(file.text()).await.ok();
    text.and_then(|text| text.as_string()).ok_or_else(|| "The file could not be read.".to_owned())
}

/// A hand-in says that it is one; progress has a schema. Everything else is the engine's to tell.
fn looks_like_progress(text: &str) -> bool {
    text.contains("\"schema\"") && !text.contains(&format!("\"{KIND}\""))
}

/// Exports progress, and forgets it.
#[component]
fn Elsewhere() -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    let progress = services.progress;
    let is_sure = use_state(|| false);
    let is_gone = use_state(|| false);
    let export = {
        let text = progress.kept.export();
        Callback::from(move |_: MouseEvent| browser::download("pullpath-progress.json", &text))
    };
    let reset = {
        let (is_sure, is_gone, note) = (is_sure.clone(), is_gone.clone(), progress.note.clone());
        Callback::from(move |_: MouseEvent| {
            if *is_sure {
                store::clear();
                note.emit(Note::Reset);
            }
            is_gone.set(*is_sure);
            is_sure.set(!*is_sure);
        })
    };
    html! {
        <section class="transfer" aria-labelledby="elsewhere-title">
            <h2 id="elsewhere-title">{ "Take it elsewhere" }</h2>
            <div class="row">
                <button type="button" class="button" onclick={export}>{ "Export progress" }</button>
                <button type="button" class={classes!("button", is_sure.then_some("danger"))} onclick={reset}>
                    { if *is_sure { "Forget everything: press again to confirm" } else { "Forget everything" } }
                </button>
                if let Some(text) = store::aside() {
                    { download("Download what was set aside", "pullpath-set-aside.json".to_owned(), text) }
                }
            </div>
            <div role="status">
                if *is_gone { <p class="standing good"><ToneIcon tone={Tone::Good} />{ "Everything was forgotten." }</p> }
            </div>
        </section>
    }
}

//! A quiz: one question at a time or all of them, then the result with everything that can be learned from it.

use pullpath_view::block::Block;
use pullpath_view::content::{Entry, QuizBundle};
use pullpath_view::pane::Tone;
use pullpath_view::quiz::{Question, Standing};
use yew::prelude::*;

use crate::app::Services;
use crate::browser;
use crate::fetch::Load;
use crate::icon::{self, ToneIcon};
use crate::keeper::Note;
use crate::panel::asked::AskedCard;
use crate::quiz::{Answers, Paper, use_paper};
use crate::store;
use crate::text::{plain, tone_class};

/// The setting that keeps how questions are shown.
const SHOWN: &str = "quiz-shown";

/// Properties of [`QuizPage`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct QuizPageProps {
    pub quiz: AttrValue,
}

/// The page of a quiz.
#[component]
pub fn QuizPage(props: &QuizPageProps) -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    let paper = use_paper(&props.quiz);
    {
        let (note, page) = (services.progress.note.clone(), format!("quiz/{}", props.quiz));
        use_effect_with(paper.bundle.ready().is_some(), move |is_there| {
            if *is_there {
                note.emit(Note::Visited(page));
            }
        });
    }
    let is_unknown = paper.entry.ready().is_some_and(|entry| entry.is_none());
    let trouble = match (&paper.entry, &paper.bundle) {
        (Load::Failed(why), _) | (_, Load::Failed(why)) => Some(why.clone()),
        _ if is_unknown => {
            Some(format!("There is no quiz called {} on this site.", props.quiz).into())
        }
        _ => None,
    };
    if let Some(why) = trouble {
        return html! {
            <div class="sheet narrow">
                <h1 id="page-title" tabindex="-1">{ "This quiz could not be loaded" }</h1>
                <p>{ why }</p>
                <p><a class="button primary" href="#/">{ "To the course" }</a></p>
            </div>
        };
    }
    let entry = paper.entry.ready().and_then(|entry| (**entry).clone());
    let (Some(entry), Some(bundle)) = (entry, paper.bundle.ready().cloned()) else {
        return html! { <div class="sheet quiz skeleton tall" aria-busy="true"><h1 id="page-title" tabindex="-1">{ "Loading" }</h1><span></span><span></span><span></span></div> };
    };
    html! { <Asking {entry} bundle={(*bundle).clone()} {paper} /> }
}

/// Properties of [`Asking`].
#[derive(Clone, PartialEq, Properties)]
pub struct AskingProps {
    pub entry: Entry,
    pub bundle: QuizBundle,
    pub paper: Paper,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Question(usize),
    Result,
}

/// A quiz that is there.
#[component]
pub fn Asking(props: &AskingProps) -> Html {
    let AskingProps { entry, bundle, paper } = props;
    let questions = &bundle.questions;
    let is_answered = |question: &Question| paper.answers.contains_key(&question.id);
    let first_open = questions.iter().position(|question| !is_answered(question));
    let at = use_state(|| first_open.map_or(At::Result, At::Question));
    let shows_all = use_state(|| store::setting(SHOWN).as_deref() == Some("all"));
    let go_to = {
        let at = at.setter();
        Callback::from(move |to: At| {
            at.set(to);
            browser::focus_soon(match to {
                At::Question(_) => "quiz-card",
                At::Result => "quiz-result",
            });
        })
    };
    let again = {
        let (again, go_to) = (paper.again.clone(), go_to.clone());
        let ids: Vec<String> = questions.iter().map(|question| question.id.clone()).collect();
        let standing = paper.standing.clone();
        Callback::from(move |keeps: bool| {
            let is_right = |id: &String| {
                standing.as_ref().is_some_and(|standing| {
                    standing.verdicts.iter().any(|one| one.question == *id && one.right)
                })
            };
            let first = ids.iter().position(|id| !keeps || !is_right(id)).unwrap_or(0);
            again.emit(keeps);
            go_to.emit(At::Question(first));
        })
    };
    let total: u32 = questions.iter().map(|question| question.points).sum();
    let card = |place: usize, children: Html| {
        let question = &questions[place];
        html! {
            <AskedCard key={format!("{}/{}", question.id, paper.go)} quiz={bundle.source.id.clone()} question={question.clone()} place={(place + 1, questions.len())}
                given={paper.answers.get(&question.id).cloned()} verdict={paper.verdict(&question.id).cloned()}
                is_pending={paper.pending.as_ref() == Some(&question.id)} trouble={paper.trouble.clone()} answer={paper.answer.clone()}>{ children }</AskedCard>
        }
    };
    let after = |place: usize| {
        let to = questions
            .iter()
            .enumerate()
            .cycle()
            .skip(place + 1)
            .take(questions.len() - 1)
            .find(|(_, question)| !is_answered(question))
            .map_or(At::Result, |(place, _)| At::Question(place));
        let words = if to == At::Result { "To the result" } else { "Next question" };
        let onclick = go_to.reform(move |_: MouseEvent| to);
        html! { <p class="after"><button type="button" class="button primary" {onclick}>{ words }{ icon::arrow() }</button></p> }
    };
    let result = html! { <Tally bundle={bundle.clone()} answers={(*paper.answers).clone()} standing={paper.standing.clone()} trouble={paper.trouble.clone()} {again}
    look={go_to.reform(At::Question)} /> };
    html! {
        <div class="sheet quiz">
            <header class="quiz-head">
                <p class="scenario-facts"><span>{ &entry.topic }</span><span>{ format!("{} min", entry.minutes) }</span><span>{ format!("{} of {total} points to pass", bundle.pass) }</span></p>
                <h1 id="page-title" tabindex="-1">{ &bundle.title }</h1>
                <p class="lead">{ &entry.summary }</p>
            </header>
            <div class="quiz-bar">
                <Steps questions={questions.clone()} paper={paper.clone()} at={(!*shows_all).then_some(*at)} go_to={go_to.clone()} />
                <Shown shows_all={shows_all.clone()} />
            </div>
            if *shows_all {
                <div class="quiz-all">{ for (0..questions.len()).map(|place| card(place, Html::default())) }</div>
                { result }
            } else {
                <div class="quiz-one" id="quiz-card" tabindex="-1">
                    {
                        match *at {
                            At::Question(place) if place < questions.len() => html! { <>
                                { card(place, after(place)) }
                                <Turn {place} of={questions.len()} go_to={go_to.clone()} />
                            </> },
                            At::Question(_) | At::Result => result,
                        }
                    }
                </div>
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct StepsProps {
    questions: Vec<Question>,
    paper: Paper,
    /// Nothing is marked where all questions are shown.
    at: Option<At>,
    go_to: Callback<At>,
}

/// A mark for each question, with how it went.
#[component]
fn Steps(props: &StepsProps) -> Html {
    let StepsProps { questions, paper, at, go_to } = props;
    let shows_all = at.is_none();
    let step = |(place, question): (usize, &Question)| {
        let right = paper.verdict(&question.id).map(|verdict| verdict.right);
        let is_answered = paper.answers.contains_key(&question.id);
        let (tone, word) = match (is_answered, right) {
            (true, Some(true)) => (Some(Tone::Good), "right"),
            (true, Some(false)) => (Some(Tone::Bad), "wrong"),
            (true, None) => (None, "answered"),
            (false, _) => (None, "open"),
        };
        let current = (*at == Some(At::Question(place))).then_some("step");
        let card =
            crate::text::element_id("asked", &format!("{}-{}", paper_id(paper), question.id));
        let go_to = go_to.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            if shows_all {
                browser::scroll_to(&format!("{card}-title"));
                browser::focus_soon(format!("{card}-title"));
            } else {
                go_to.emit(At::Question(place));
            }
        });
        html! {
            <li><button type="button" class={classes!("step", tone.map(tone_class))} aria-current={current} {onclick} aria-label={format!("Question {}: {word}", place + 1)}>
                { place + 1 }if let Some(tone) = tone { <ToneIcon {tone} /> }
            </button></li>
        }
    };
    let to_result = {
        let go_to = go_to.clone();
        Callback::from(move |_: MouseEvent| {
            if shows_all {
                browser::scroll_to("quiz-result");
                browser::focus_soon("quiz-result");
            } else {
                go_to.emit(At::Result);
            }
        })
    };
    let current = (*at == Some(At::Result)).then_some("step");
    html! {
        <ol class="steps" aria-label="Questions">
            { for questions.iter().enumerate().map(step) }
            <li><button type="button" class="step wide" aria-current={current} onclick={to_result}>{ "Result" }</button></li>
        </ol>
    }
}

fn paper_id(paper: &Paper) -> String {
    paper.bundle.ready().map(|bundle| bundle.source.id.clone()).unwrap_or_default()
}

#[derive(Clone, PartialEq, Properties)]
struct ShownProps {
    shows_all: UseStateHandle<bool>,
}

/// One at a time, or all.
#[component]
fn Shown(props: &ShownProps) -> Html {
    let button = |all: bool, words: &'static str| {
        let state = props.shows_all.clone();
        let pressed = (*state == all).to_string();
        let onclick = Callback::from(move |_: MouseEvent| {
            store::set_setting(SHOWN, if all { "all" } else { "one" });
            state.set(all);
        });
        html! { <button type="button" aria-pressed={pressed} {onclick}>{ words }</button> }
    };
    html! { <div class="switch" role="group" aria-label="Questions shown">{ button(false, "One at a time") }{ button(true, "All") }</div> }
}

#[derive(Clone, PartialEq, Properties)]
struct TurnProps {
    place: usize,
    of: usize,
    go_to: Callback<At>,
}

/// To the question before, and to the one after.
#[component]
fn Turn(props: &TurnProps) -> Html {
    let TurnProps { place, of, go_to } = props.clone();
    let to = |at: At| go_to.reform(move |_: MouseEvent| at);
    html! {
        <nav class="quiz-turn" aria-label="Questions before and after">
            if place > 0 { <button type="button" class="button quiet" onclick={to(At::Question(place - 1))}>{ "Previous" }</button> }
            <span class="spacer"></span>
            if place + 1 < of { <button type="button" class="button quiet" onclick={to(At::Question(place + 1))}>{ "Skip to the next" }</button> }
        </nav>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct TallyProps {
    bundle: QuizBundle,
    answers: Answers,
    standing: Option<std::rc::Rc<Standing>>,
    trouble: Option<AttrValue>,
    again: Callback<bool>,
    look: Callback<usize>,
}

/// The points, and each question with its verdict.
#[component]
fn Tally(props: &TallyProps) -> Html {
    let TallyProps { bundle, answers, standing, trouble, again, look } = props;
    let questions = &bundle.questions;
    let known = |question: &&Question| answers.contains_key(&question.id);
    let answered = questions.iter().filter(known).count();
    let open = questions.len() - answered;
    let points = standing.as_ref().map_or(0, |standing| standing.points);
    let passed = standing.as_ref().is_some_and(|standing| standing.passed);
    let verdict = |question: &Question| {
        let verdicts = &standing.as_ref()?.verdicts;
        verdicts.iter().find(|verdict| verdict.question == question.id)
    };
    let wrong = questions
        .iter()
        .filter(|question| verdict(question).is_some_and(|verdict| !verdict.right))
        .count();
    let total: u32 = questions.iter().map(|question| question.points).sum();
    let (tone, words) = match (passed, open) {
        (true, _) => (Tone::Good, "Passed.".to_owned()),
        (false, 0) => (Tone::Bad, format!("Not passed: {} points are needed.", bundle.pass)),
        (false, _) => (Tone::Neutral, format!("{} points are needed to pass.", bundle.pass)),
    };
    let row = |(place, question): (usize, &Question)| {
        let (tone, word) = match verdict(question) {
            Some(verdict) if verdict.right => (Tone::Good, "right"),
            Some(_) => (Tone::Bad, "not right"),
            None if answers.contains_key(&question.id) => (Tone::Neutral, "being judged"),
            None => (Tone::Neutral, "open"),
        };
        let prompt = match question.prompt.first() {
            Some(Block::Paragraph { text }) => plain(text),
            _ => format!("Question {}", place + 1),
        };
        let onclick = look.reform(move |_: MouseEvent| place);
        html! {
            <li class={classes!("review", tone_class(tone))}>
                <ToneIcon {tone} />
                <button type="button" class="plain" {onclick}>{ format!("{}. {}", place + 1, crate::text::cut(&prompt, 150)) }</button>
                <span class="word">{ word }</span>
            </li>
        }
    };
    let is_waiting = standing.is_none() && answered > 0;
    html! {
        <section class="quiz-result" aria-labelledby="quiz-result" aria-busy={is_waiting.to_string()}>
            <h2 id="quiz-result" tabindex="-1">{ "Result" }</h2>
            if answered == 0 {
                <p class="empty">{ "Nothing is answered yet. Each answer is judged at once, and can be given once in a go." }</p>
            } else {
                <p class="score"><span class="score-points">{ points }</span>{ format!(" of {total} points") }</p>
                <p class={classes!("standing", "large", tone_class(tone))}><ToneIcon {tone} />{ words }</p>
                if let Some(trouble) = trouble { <p class="standing bad" role="alert"><ToneIcon tone={Tone::Bad} />{ trouble }</p> }
            }
            <ol class="reviews">{ for questions.iter().enumerate().map(row) }</ol>
            <div class="row">
                if let Some(first) = questions.iter().position(|question| !answers.contains_key(&question.id)) {
                    <button type="button" class="button primary" onclick={look.reform(move |_: MouseEvent| first)}>
                        { if answered == 0 { "To the first question".to_owned() } else if open == 1 { "To the open question".to_owned() } else { format!("To the {open} open questions") } }
                    </button>
                }
                if wrong > 0 {
                    <button type="button" class={classes!("button", (open == 0).then_some("primary"))} onclick={again.reform(|_: MouseEvent| true)}>
                        { if wrong == 1 { "Answer the wrong one again" } else { "Answer the wrong ones again" } }
                    </button>
                }
                if answered > 0 {
                    <button type="button" class="button" onclick={again.reform(|_: MouseEvent| false)}>{ "Start again" }</button>
                    <a class="button" href="#/progress">{ "Progress and handing in" }</a>
                }
            </div>
        </section>
    }
}

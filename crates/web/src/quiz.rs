//! One learner's conversation with the engine about a quiz: what was answered, and what it comes to.
//!
//! The answers are those that the browser keeps. An answer is kept once the engine has judged it, by the same code as
//! `pullpath grade`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use pullpath_view::block;
use pullpath_view::content::{Entry, Index, QuizBundle, ScenarioBundle};
use pullpath_view::hand_in::{QuizAnswers, Response};
use pullpath_view::quiz::{Question, QuizSource, Standing, Verdict};
use pullpath_view::wire::{Answer, Ask};
use yew::prelude::*;

use crate::app::Services;
use crate::engine::Engine;
use crate::fetch::{Load, fetch, use_content};
use crate::keeper::Note;
use crate::panel::asked::AskedCard;

/// The answers to a quiz, by question.
pub type Answers = BTreeMap<String, Response>;

/// A quiz as pages hold it.
#[derive(Clone, PartialEq)]
pub struct Paper {
    /// What the list says of it; `None` if it is not there.
    pub entry: Load<Option<Entry>>,
    pub bundle: Load<QuizBundle>,
    /// What was answered.
    pub answers: Rc<Answers>,
    /// Which time it is that the quiz is answered, from 1.
    pub go: usize,
    /// What that comes to; not there while it is being judged.
    pub standing: Option<Rc<Standing>>,
    /// The question whose answer is being judged.
    pub pending: Option<String>,
    /// Why the last answer was not judged.
    pub trouble: Option<AttrValue>,
    /// Answers a question.
    pub answer: Callback<(String, Response)>,
    /// Begins once more; with the answers that were right, or without.
    pub again: Callback<bool>,
}

impl Paper {
    /// The verdict on a question, if it was answered.
    pub fn verdict(&self, question: &str) -> Option<&Verdict> {
        self.standing.as_ref()?.verdicts.iter().find(|verdict| verdict.question == question)
    }
}

/// What is known between two drawings.
#[derive(Debug, Clone, PartialEq, Default)]
struct Judged {
    answers: Answers,
    standing: Option<Rc<Standing>>,
    pending: Option<String>,
    trouble: Option<AttrValue>,
}

/// A quiz, followed as it is answered.
#[hook]
pub fn use_paper(id: &str) -> Paper {
    let services = use_context::<Services>().expect("App gives services to every page");
    let engine = use_context::<Engine>().expect("Room gives its pages an engine");
    let entry = match &services.index {
        Load::Ready(index) => {
            Load::Ready(Rc::new(index.quizzes.iter().find(|entry| entry.id == id).cloned()))
        }
        Load::Loading => Load::Loading,
        Load::Failed(why) => Load::Failed(why.clone()),
    };
    let known = entry.ready().and_then(|entry| (**entry).clone());
    let bundle = use_content::<QuizBundle>(known.map(|entry| entry.bundle));
    let kept = &services.progress.kept;
    let version = bundle.ready().map_or(0, |bundle| bundle.version);
    let answers =
        Rc::new(kept.answers_to(id, version).map(|kept| kept.answers.clone()).unwrap_or_default());
    let go = kept.quizzes.get(id).map_or(1, |record| record.goes.len().max(1));
    let judged = use_state(Judged::default);
    let source = use_mut_ref(|| None::<QuizSource>);
    // Judges all answers: those that are kept, and perhaps one more, which is kept once it is judged.
    let judge = {
        let (judged, engine, source) = (judged.setter(), engine.clone(), Rc::clone(&source));
        let (services, bundle) = (services.clone(), bundle.clone());
        move |answers: Answers, fresh: Option<String>, before: Judged| {
            let Some(bundle) = bundle.ready().cloned() else { return };
            let Some(index) = services.index.ready().cloned() else { return };
            judged.set(Judged { pending: fresh.clone(), trouble: None, ..before.clone() });
            let (judged, engine, source) = (judged.clone(), engine.clone(), Rc::clone(&source));
            let note = services.progress.note.clone();
            wasm_bindgen_futures::spawn_local(async move {
                let outcome = ask(&engine, &bundle, &index, &source, answers.clone()).await;
                match outcome {
                    Ok(standing) => {
                        let standing = Rc::new(standing);
                        let (kept, shown) = (answers.clone(), Some(Rc::clone(&standing)));
                        // First what is known, then what is kept: the other way round it would be asked again.
                        let (pending, trouble) = (None, None);
                        judged.set(Judged { answers, standing: shown, pending, trouble });
                        if fresh.is_some() {
                            let kept = QuizAnswers {
                                quiz: bundle.source.id.clone(),
                                version: bundle.version,
                                content: standing.content.clone(),
                                answers: kept,
                            };
                            let questions = bundle.questions.len() as u32;
                            note.emit(Note::Answers(Box::new(kept), standing, questions));
                        }
                    }
                    Err(why) => {
                        judged.set(Judged { pending: None, trouble: Some(why.into()), ..before });
                    }
                }
            });
        }
    };
    {
        let (judge, state) = (judge.clone(), judged.clone());
        let deps =
            (bundle.ready().is_some(), Rc::clone(&answers), services.index.ready().is_some());
        use_effect_with(deps, move |(is_there, answers, has_index)| {
            let is_known = state.standing.is_some() && state.answers == **answers;
            if *is_there && *has_index && !is_known && !answers.is_empty() {
                judge((**answers).clone(), None, (*state).clone());
            }
        });
    }
    let answer = {
        let (judge, state, answers) = (judge, judged.clone(), Rc::clone(&answers));
        Callback::from(move |(question, response): (String, Response)| {
            let mut all = (*answers).clone();
            all.insert(question.clone(), response);
            judge(all, Some(question), (*state).clone());
        })
    };
    let again = {
        let (note, quiz) = (services.progress.note.clone(), id.to_owned());
        Callback::from(move |keeps| note.emit(Note::AnswerAgain { quiz: quiz.clone(), keeps }))
    };
    // A standing of other answers is not of interest any more.
    let standing = judged.standing.clone().filter(|_| judged.answers == *answers);
    let (pending, trouble) = (judged.pending.clone(), judged.trouble.clone());
    Paper { entry, bundle, answers, go, standing, pending, trouble, answer, again }
}

/// Asks the engine; the scenarios that predictions play are fetched the first time.
async fn ask(
    engine: &Engine,
    bundle: &QuizBundle,
    index: &Index,
    source: &RefCell<Option<QuizSource>>,
    answers: Answers,
) -> Result<Standing, String> {
    let known = source.borrow().clone();
    let quiz = match known {
        Some(quiz) => quiz,
        None => {
            let quiz = with_scenarios(bundle, index).await?;
            source.replace(Some(quiz.clone()));
            quiz
        }
    };
    match engine.answer(Ask::Judge { quiz, answers }, |_, _| {}).await {
        Ok(Answer::Judged { standing }) => Ok(*standing),
        Ok(Answer::Broken { problems }) => {
            let problem = problems.first().map(|problem| problem.message.as_str());
            Err(format!("This quiz has a mistake: {}.", problem.unwrap_or("it cannot be read")))
        }
        Ok(_) => Err("The engine did not understand the page. Load the page again.".to_owned()),
        Err(loss) => Err(loss.words().to_owned()),
    }
}

/// What the engine judges a quiz by, whole.
pub async fn with_scenarios(bundle: &QuizBundle, index: &Index) -> Result<QuizSource, String> {
    let mut quiz = bundle.source.clone();
    for (id, sources) in &mut quiz.scenarios {
        *sources = sources_of(id, index).await?;
    }
    Ok(quiz)
}

/// The files of a scenario of this site.
pub async fn sources_of(id: &str, index: &Index) -> Result<BTreeMap<String, String>, String> {
    let entry = index.scenarios.iter().find(|entry| entry.id == id);
    let entry = entry.ok_or_else(|| format!("There is no scenario called {id} on this site."))?;
    Ok(fetch::<ScenarioBundle>(&entry.bundle).await?.sources)
}

/// Properties of [`Excerpt`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ExcerptProps {
    pub excerpt: block::Excerpt,
}

/// Questions of a quiz within a lesson. They are the same questions, and the same answers, as on the quiz's own page.
#[component]
pub fn Excerpt(props: &ExcerptProps) -> Html {
    match (use_context::<Services>(), use_context::<Engine>()) {
        (Some(_), Some(_)) => html! { <Live excerpt={props.excerpt.clone()} /> },
        _ => Html::default(),
    }
}

#[component]
fn Live(props: &ExcerptProps) -> Html {
    let block::Excerpt { quiz, questions } = &props.excerpt;
    let paper = use_paper(quiz);
    let Some(bundle) = paper.bundle.ready() else {
        return html! { <div class="question skeleton" aria-busy="true"><span></span><span></span><span></span></div> };
    };
    let is_meant = |question: &&Question| questions.is_empty() || questions.contains(&question.id);
    let card = |question: &Question| {
        html! {
            <AskedCard key={format!("{}/{}", question.id, paper.go)} quiz={quiz.clone()} question={question.clone()} given={paper.answers.get(&question.id).cloned()}
                verdict={paper.verdict(&question.id).cloned()} is_pending={paper.pending.as_ref() == Some(&question.id)}
                trouble={paper.trouble.clone()} answer={paper.answer.clone()} />
        }
    };
    html! {
        <section class="excerpt" aria-label="Questions">
            { for bundle.questions.iter().filter(is_meant).map(card) }
            <p class="excerpt-more"><a href={format!("#/quiz/{quiz}")}>{ format!("The whole quiz: {}", bundle.title) }</a></p>
        </section>
    }
}

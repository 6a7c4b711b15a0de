//! What leads the learner: the story, the goals, the prediction, the last run, the hints.

use std::rc::Rc;

use pullpath_view::action::Action;
use pullpath_view::block::Block;
use pullpath_view::pane::{
    Feedback, GoalRow, GoalState, Goals, Guide, Prediction, StepRow, StepState, Tone,
};
use pullpath_view::quiz::Posed;
use yew::prelude::*;

use super::Wishes;
use super::asked::AskedCard;
use crate::blocks::Blocks;
use crate::icon::ToneIcon;
use crate::text::{goal_tone, goal_word, tone_class};

/// Properties of [`BriefPane`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct BriefPaneProps {
    pub title: AttrValue,
    pub brief: Rc<Vec<Block>>,
    pub goals: Option<Rc<Goals>>,
    pub guide: Option<Rc<Guide>>,
    pub wishes: Wishes,
    /// Whether an answer to a question is on its way.
    #[prop_or_default]
    pub is_answering: bool,
}

/// The left side of the workbench.
#[component]
pub fn BriefPane(props: &BriefPaneProps) -> Html {
    html! {
        <section class="pane brief-pane" aria-label="Brief">
            <div class="pane-body">
                <h1 id="page-title" tabindex="-1">{ &props.title }</h1>
                <div class="prose small"><Blocks blocks={(*props.brief).clone()} /></div>
                if let Some(goals) = &props.goals {
                    <GoalList goals={goals.clone()} steps={props.guide.as_ref().map(|guide| guide.steps.clone()).unwrap_or_default()} />
                }
                if let Some(guide) = &props.guide {
                    if let Some(last_run) = &guide.last_run {
                        <section class="last-run"><h2>{ "Last run" }</h2><p>{ last_run }</p></section>
                    }
                    if let Some(prediction) = &guide.prediction {
                        <PredictionForm key={prediction.question.clone()} prediction={prediction.clone()} act={props.wishes.act.clone()} />
                    }
                    if !guide.explanation.is_empty() {
                        <section class="explanation prose small"><h2>{ "What happened here" }</h2><Blocks blocks={guide.explanation.clone()} /></section>
                    }
                    <QuestionList guide={guide.clone()} is_answering={props.is_answering} act={props.wishes.act.clone()} />
                    <HintList guide={guide.clone()} act={props.wishes.act.clone()} />
                }
            </div>
        </section>
    }
}

/// Properties of [`GoalList`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct GoalListProps {
    pub goals: Rc<Goals>,
    /// The way that they are on, where there is one.
    #[prop_or_default]
    pub steps: Vec<StepRow>,
}

/// The goals with their live state: of a way with steps, at the step that they belong to.
#[component]
pub fn GoalList(props: &GoalListProps) -> Html {
    let goals = &*props.goals;
    let title = if props.steps.is_empty() { "Goals" } else { "Steps" };
    html! {
        <section class="goals">
            <h2>{ title }<span class="points">{ format!("{} of {} points", goals.points, goals.out_of) }</span></h2>
            if !goals.taken_off.is_empty() {
                <ul class="taken-off">{ for goals.taken_off.iter().map(|what| html! { <li>{ what }</li> }) }</ul>
            }
            if props.steps.is_empty() {
                <ol>{ for goals.rows.iter().map(draw_goal) }</ol>
            } else {
                <ol class="way">{ for props.steps.iter().enumerate().map(|(at, step)| draw_step(at, step, goals)) }</ol>
                <p class="sr-only" role="status">{ where_on(&props.steps) }</p>
            }
            if goals.passed {
                <p class="passed good" role="status"><ToneIcon tone={Tone::Good} />{ passed_words(goals) }</p>
            }
        </section>
    }
}

/// What a pass comes to.
fn passed_words(goals: &Goals) -> String {
    if all_met(goals) {
        "All goals are met. The pull comes through.".to_owned()
    } else {
        format!("Passed: {} points were needed.", goals.pass)
    }
}

/// Whether no goal is left: enough of them may be a pass.
pub(super) fn all_met(goals: &Goals) -> bool {
    goals.rows.iter().all(|row| row.state == GoalState::Met)
}

/// Said when a step opens.
fn where_on(steps: &[StepRow]) -> String {
    let current = steps.iter().position(|step| step.state == StepState::Current);
    match current {
        Some(at) => format!("Step {} of {}: {}", at + 1, steps.len(), steps[at].title),
        None => "All steps are done.".to_owned(),
    }
}

fn draw_step(at: usize, step: &StepRow, goals: &Goals) -> Html {
    let own = || goals.rows.iter().filter(|row| row.step as usize == at).map(draw_goal);
    let (class, word, tone) = match step.state {
        StepState::Done => ("done", "done", Tone::Good),
        StepState::Current => ("current", "now", Tone::Waiting),
        StepState::ToCome => ("to-come", "to come", Tone::Neutral),
    };
    let head = html! { <>
        <ToneIcon {tone} /><span class="step-title">{ format!("{}. {}", at + 1, step.title) }</span>
        <span class={classes!("word", tone_class(tone))}>{ word }</span>
    </> };
    let body = html! { <>
        <div class="prose small"><Blocks blocks={step.task.clone()} /></div>
        <ol>{ for own() }</ol>
        if !step.explanation.is_empty() {
            <div class="explanation prose small"><Blocks blocks={step.explanation.clone()} /></div>
        }
    </> };
    let current = (step.state == StepState::Current).then_some("step");
    html! {
        <li key={at} class={classes!("way-step", class)} aria-current={current}>
            if step.state == StepState::Current || step.task.is_empty() {
                <h3 class="step-head">{ head }</h3>
                { body }
            } else {
                <details><summary class="step-head">{ head }</summary>{ body }</details>
            }
        </li>
    }
}

fn draw_goal(row: &GoalRow) -> Html {
    let tone = goal_tone(row.state);
    html! {
        <li class={classes!("goal", tone_class(tone))}>
            <div class="goal-line">
                <ToneIcon {tone} />
                <div>
                    <p class="goal-title">{ &row.title }</p>
                    <p class="goal-facts">
                        <span class={classes!("word", tone_class(tone))}>{ goal_word(row.state) }</span>
                        <span>{ &row.live }</span>
                        if !row.window.is_empty() { <span class="faint">{ &row.window }</span> }
                    </p>
                </div>
            </div>
            if let Some(feedback) = &row.feedback { { draw_feedback(feedback) } }
        </li>
    }
}

fn draw_feedback(feedback: &Feedback) -> Html {
    html! {
        <div class="feedback prose small">
            <Blocks blocks={feedback.text.clone()} />
            <p class="proof">
                if !feedback.object.is_empty() { <code>{ &feedback.object }</code> }
                if let Some(event) = &feedback.event { <q>{ event }</q> }
                if let Some(rung) = feedback.rung { <span class="tag">{ format!("rung {rung}") }</span> }
            </p>
        </div>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct PredictionProps {
    prediction: Prediction,
    act: Callback<Action>,
}

#[component]
fn PredictionForm(props: &PredictionProps) -> Html {
    let Prediction { question, options, chosen, locked, outcome, comment } = &props.prediction;
    let words = |id: &String| {
        options.iter().find(|(option, _)| option == id).map(|(_, words)| words.clone())
    };
    let choice = |(id, text): &(String, String)| {
        let is_chosen = chosen.as_ref() == Some(id);
        let came_true = outcome.as_ref() == Some(id);
        let option = id.clone();
        let onchange = props.act.reform(move |_: Event| Action::Predict { option: option.clone() });
        html! {
            <label class={classes!("choice", came_true.then_some("came-true"))}>
                <input type="radio" name="prediction" value={id.clone()} checked={is_chosen} disabled={*locked} {onchange} />
                <span>{ text }{ if came_true { " — this is what happened" } else { "" } }</span>
            </label>
        }
    };
    html! {
        <section class="prediction">
            <h2>{ "Predict, then run" }</h2>
            <fieldset>
                <legend>{ question }</legend>
                { for options.iter().map(choice) }
            </fieldset>
            if let Some(outcome) = outcome.as_ref().and_then(words) {
                <div class="note" role="status">
                    <p><strong>{ "What happened: " }</strong>{ outcome }</p>
                    if let Some(comment) = comment { <p>{ comment }</p> }
                </div>
            } else if *locked {
                <p class="faint">{ "Locked since the run began." }</p>
            }
        </section>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct HintListProps {
    guide: Rc<Guide>,
    act: Callback<Action>,
}

#[component]
fn HintList(props: &HintListProps) -> Html {
    let guide = &props.guide;
    if guide.hints.is_empty() && !guide.more_hints && guide.hint_note.is_none() {
        return Html::default();
    }
    let step = guide.step;
    let text = if guide.hints.is_empty() { "Show a hint" } else { "Show the next hint" };
    let text = match guide.hint_cost {
        0 => text.to_owned(),
        cost => format!("{text} (costs {})", points(cost)),
    };
    html! {
        <section class="hints">
            <h2>{ "Hints" }if guide.hints_cost > 0 { <span class="points">{ format!("{} so far", points(guide.hints_cost)) }</span> }</h2>
            <ol aria-live="polite">
                { for guide.hints.iter().map(|hint| html! { <li class="prose small"><Blocks blocks={hint.clone()} /></li> }) }
            </ol>
            if guide.more_hints {
                <button type="button" class="button" onclick={props.act.reform(move |_: MouseEvent| Action::Hint { step })}>{ text }</button>
            }
            if let Some(note) = &guide.hint_note { <p class="faint">{ note }</p> }
        </section>
    }
}

fn points(number: u32) -> String {
    if number == 1 { "1 point".to_owned() } else { format!("{number} points") }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct QuestionListProps {
    guide: Rc<Guide>,
    is_answering: bool,
    act: Callback<Action>,
}

/// What the scenario asks. An answer is judged at once, and belongs to the attempt.
#[component]
fn QuestionList(props: &QuestionListProps) -> Html {
    let Guide { questions, questions_later, .. } = &*props.guide;
    if questions.is_empty() && *questions_later == 0 {
        return Html::default();
    }
    let answer = props.act.reform(|(question, response)| Action::Answer { question, response });
    let card = |Posed { question, given, verdict }: &Posed| {
        html! {
            <AskedCard key={question.id.clone()} quiz="here" question={question.clone()} given={given.clone()} verdict={verdict.clone()}
                is_pending={props.is_answering && given.is_none()} answer={answer.clone()} />
        }
    };
    let later = match (questions_later, questions.is_empty()) {
        (0, _) => None,
        (1, true) => Some("One question follows when the goals are met.".to_owned()),
        (number, true) => Some(format!("{number} questions follow when the goals are met.")),
        (1, false) => Some("One more follows when the goals are met.".to_owned()),
        (number, false) => Some(format!("{number} more follow when the goals are met.")),
    };
    html! {
        <section class="posed">
            <h2>{ "Questions" }</h2>
            { for questions.iter().map(card) }
            if let Some(later) = later { <p class="faint">{ later }</p> }
        </section>
    }
}

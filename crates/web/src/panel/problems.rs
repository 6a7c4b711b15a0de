//! Mistakes in files, as a list outside the editor.

use pullpath_view::pane::Tone;
use pullpath_view::wire::Problem;
use yew::prelude::*;

use super::Look;
use crate::blocks::sentence;
use crate::icon::ToneIcon;

/// Properties of [`ProblemList`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ProblemListProps {
    pub problems: Vec<Problem>,
    /// Where selecting one leads; without it, they are only shown.
    #[prop_or_default]
    pub look: Option<Callback<Look>>,
    /// Also the source line with its caret.
    #[prop_or_default]
    pub with_drawing: bool,
}

/// One row each: shape, place, message, hint.
#[component]
pub fn ProblemList(props: &ProblemListProps) -> Html {
    let row = |problem: &Problem| {
        let tone = if problem.warning { Tone::Waiting } else { Tone::Bad };
        let place = format!("{}:{}:{}", problem.file, problem.line, problem.column);
        let place = match &props.look {
            Some(look) => {
                let (file, line) = (problem.file.clone(), problem.line);
                let onclick = look.reform(move |_: MouseEvent| Look::Place(file.clone(), line));
                html! { <button type="button" class="plain mono" {onclick}>{ place }</button> }
            }
            None => html! { <span class="mono">{ place }</span> },
        };
        html! {
            <li class="problem">
                <p><ToneIcon {tone} />{ place }<span class="problem-message">{ sentence(&problem.message) }</span><span class="tag">{ &problem.code }</span></p>
                if let Some(hint) = &problem.hint { <p class="problem-hint">{ "Hint: " }{ sentence(hint) }</p> }
                if props.with_drawing && !problem.drawing.is_empty() {
                    <pre class="code" tabindex="0" role="region" aria-label="The place in the file"><code>{ &problem.drawing }</code></pre>
                }
            </li>
        }
    };
    html! { <ul class="problems">{ for props.problems.iter().map(row) }</ul> }
}

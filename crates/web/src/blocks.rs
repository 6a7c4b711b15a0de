//! Markdown as virtual DOM. There is no HTML string anywhere, so none can be injected.

use pullpath_view::block::{Block, Inline};
use yew::prelude::*;

use crate::page::figure::LiveFigure;
use crate::panel::question::QuestionCard;
use crate::quiz::Excerpt;

/// Properties of [`Blocks`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct BlocksProps {
    pub blocks: Vec<Block>,
    /// What answers to questions are remembered under; without it, nothing is remembered.
    #[prop_or_default]
    pub page: Option<AttrValue>,
}

/// Prose, with figures and questions where they stand.
#[component]
pub fn Blocks(props: &BlocksProps) -> Html {
    props.blocks.iter().map(|block| draw(block, props.page.as_ref())).collect()
}

fn draw(block: &Block, page: Option<&AttrValue>) -> Html {
    match block {
        Block::Heading { level, id, text } => {
            // The page has its one h1 already.
            let tag = format!("h{}", (*level).clamp(2, 6));
            html! { <@{tag} id={id.clone()} tabindex="-1">{ inlines(text) }</@> }
        }
        Block::Paragraph { text } => html! { <p>{ inlines(text) }</p> },
        Block::List { start, items } => {
            let item = |blocks: &Vec<Block>| html! { <li>{ tight(blocks, page) }</li> };
            match start {
                Some(1) => html! { <ol>{ for items.iter().map(item) }</ol> },
                Some(start) => {
                    html! { <ol start={start.to_string()}>{ for items.iter().map(item) }</ol> }
                }
                None => html! { <ul>{ for items.iter().map(item) }</ul> },
            }
        }
        Block::Quote { blocks } => html! {
            <aside class="note">{ for blocks.iter().map(|block| draw(block, page)) }</aside>
        },
        Block::Code { language, text } => html! {
            // Code that is wider than the page scrolls, and whatever scrolls must take the focus.
            <pre class="code" tabindex="0" role="region" aria-label={label_of(language)}><code>{ text }</code></pre>
        },
        Block::Table { head, rows } => html! {
            <div class="table-scroll" tabindex="0" role="region" aria-label="Table">
                <table>
                    <thead><tr>{ for head.iter().map(|cell| html! { <th scope="col">{ inlines(cell) }</th> }) }</tr></thead>
                    <tbody>
                        { for rows.iter().map(|row| html! {
                            <tr>{ for row.iter().map(|cell| html! { <td>{ inlines(cell) }</td> }) }</tr>
                        }) }
                    </tbody>
                </table>
            </div>
        },
        Block::Rule => html! { <hr /> },
        Block::Figure(figure) => html! { <LiveFigure figure={figure.clone()} /> },
        Block::Quiz(excerpt) => html! { <Excerpt excerpt={excerpt.clone()} /> },
        Block::Question(question) => {
            html! { <QuestionCard question={question.clone()} page={page.cloned()} /> }
        }
    }
}

/// The blocks of a list item: a single paragraph is not set apart.
fn tight(blocks: &[Block], page: Option<&AttrValue>) -> Html {
    match blocks {
        [Block::Paragraph { text }, rest @ ..] => html! {
            <>{ inlines(text) }{ for rest.iter().map(|block| draw(block, page)) }</>
        },
        blocks => blocks.iter().map(|block| draw(block, page)).collect(),
    }
}

fn label_of(language: &str) -> String {
    if language.is_empty() { "Code".to_owned() } else { format!("Code, {language}") }
}

/// A sentence of the engine's, with the words in backticks drawn as code.
pub fn sentence(text: &str) -> Html {
    let piece = |(is_word, piece): (bool, &str)| {
        let piece = piece.to_owned();
        if is_word {
            html! { <code>{ piece }</code> }
        } else {
            html! { piece }
        }
    };
    crate::text::ticked(text).into_iter().map(piece).collect()
}

/// A line of text.
pub fn inlines(text: &[Inline]) -> Html {
    text.iter().map(inline).collect()
}

fn inline(piece: &Inline) -> Html {
    match piece {
        Inline::Text(text) => html! { text },
        Inline::Code(text) => html! { <code>{ text }</code> },
        Inline::Emphasis(text) => html! { <em>{ inlines(text) }</em> },
        Inline::Strong(text) => html! { <strong>{ inlines(text) }</strong> },
        Inline::Link { to, text } if is_safe(to) => {
            let is_outside = to.starts_with("https:");
            let rel = is_outside.then_some("noopener noreferrer");
            let target = is_outside.then_some("_blank");
            let href = address(to, &crate::browser::hash());
            html! { <a {href} {rel} {target}>{ inlines(text) }</a> }
        }
        Inline::Link { text, .. } => inlines(text),
        Inline::Break => html! { <br /> },
    }
}

/// Where a link of a text leads in the app: authors write the paths of files and headings, as they lie on the disk.
fn address(to: &str, here: &str) -> String {
    let (path, heading) = to.split_once('#').unwrap_or((to, ""));
    if to.starts_with("https://") || heading.starts_with('/') {
        return to.to_owned();
    }
    let lesson = path.rsplit('/').next().and_then(|name| name.strip_suffix(".md"));
    let page = match (path, lesson) {
        ("", _) if here.starts_with("#/") => here.split('?').next().unwrap_or(here).to_owned(),
        (_, Some(lesson)) => format!("#/learn/{lesson}"),
        _ => return to.to_owned(),
    };
    if heading.is_empty() { page } else { format!("{page}?at={heading}") }
}

/// Targets were checked when the content was made; files of other people come through the author's page, so look
/// again where the harm would be done.
fn is_safe(target: &str) -> bool {
    let has_scheme = target.split(['/', '#', '?']).next().is_some_and(|start| start.contains(':'));
    let is_host = target.contains("//") && !target.starts_with("https://");
    let is_plain = !target.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    is_plain && !is_host && (!has_scheme || target.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::{address, is_safe};

    #[test]
    fn links_between_lessons_lead_through_the_app() {
        let here = "#/learn/image-pull-secrets?at=before";
        for (to, want) in [
            ("#rung-3", "#/learn/image-pull-secrets?at=rung-3"),
            ("other.md", "#/learn/other"),
            ("../deep/other.md#a-b", "#/learn/other?at=a-b"),
            ("#/play/a", "#/play/a"),
            ("https://kubernetes.io/docs/a.md#b", "https://kubernetes.io/docs/a.md#b"),
            ("images/a.png", "images/a.png"),
        ] {
            assert_eq!(address(to, here), want);
        }
        // Where there is no address, as on a machine that draws a page for a test.
        assert_eq!(address("#rung-3", ""), "#rung-3");
    }

    #[test]
    fn only_harmless_targets_become_links() {
        for target in ["#rung-3", "#/play/a", "images/a.png", "https://kubernetes.io/docs/?a=b:c"] {
            assert!(is_safe(target), "{target}");
        }
        for target in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>",
            "vbscript:x",
            "//evil.example",
            "/\\evil.example",
            "http://kubernetes.io",
        ] {
            assert!(!is_safe(target), "{target}");
        }
    }
}

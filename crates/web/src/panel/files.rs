//! The files: tabs, the editor, the problems of the file that is open, and the buttons that send them.

use std::collections::BTreeMap;
use std::rc::Rc;

use pullpath_view::action::Action;
use pullpath_view::pane::{FileRow, Tone};
use pullpath_view::wire::Notice;
use yew::prelude::*;

use super::Wishes;
use super::editor::Editor;
use super::notices::NoticeLog;
use super::problems::ProblemList;
use crate::blocks::sentence;
use crate::browser;
use crate::icon::{self, ToneIcon};
use crate::text::element_id;

/// Properties of [`FilesPane`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct FilesPaneProps {
    pub files: Rc<Vec<FileRow>>,
    /// Texts that the engine does not have yet.
    pub drafts: BTreeMap<String, String>,
    pub notices: Vec<(u32, Notice)>,
    /// A file and line to go to, and a number that differs each time.
    #[prop_or_default]
    pub place: Option<(String, u32, u32)>,
    pub wishes: Wishes,
    /// What the next try costs, in words, where it does.
    #[prop_or_default]
    pub next_try: Option<String>,
}

/// The centre of the workbench.
#[component]
pub fn FilesPane(props: &FilesPaneProps) -> Html {
    let open = use_state(|| 0_usize);
    {
        let (open, files) = (open.clone(), Rc::clone(&props.files));
        use_effect_with(props.place.clone(), move |place| {
            let index = place
                .as_ref()
                .and_then(|(file, ..)| files.iter().position(|row| row.name == *file));
            if let Some(index) = index {
                open.set(index);
            }
        });
    }
    let Some(file) = props.files.get(*open).or(props.files.first()) else {
        return html! { <section class="pane files-pane" aria-label="Files"><p class="empty">{ "This scenario has no files." }</p></section> };
    };
    let text = props.drafts.get(&file.name).unwrap_or(&file.text);
    let reveal = props
        .place
        .as_ref()
        .filter(|(name, ..)| *name == file.name)
        .map(|(_, line, serial)| (*line, *serial));
    let act = |action: Action| props.wishes.act.reform(move |_: MouseEvent| action.clone());
    let pick = {
        let open = open.clone();
        Callback::from(move |index: usize| open.set(index))
    };
    html! {
        <section class="pane files-pane" aria-label="Files">
            <Tabs files={props.files.clone()} drafts={props.drafts.clone()} open={file.name.clone()} {pick} />
            <div class="file" id="file-panel" role="tabpanel" aria-labelledby={element_id("tab", &file.name)}>
                if let Some(note) = closed_note(file) {
                    <p class="closed-note" id="closed-note">{ icon::lock() }{ note }</p>
                }
                <div class="editor-frame">
                    <Editor name={file.name.clone()} text={text.clone()} editable={file.editable} closed={file.closed.clone()} problems={file.problems.clone()}
                        {reveal} typed={props.wishes.typed.clone()} />
                </div>
                if !file.problems.is_empty() {
                    <div class="file-problems"><ProblemList problems={file.problems.clone()} look={props.wishes.look.clone()} /></div>
                }
            </div>
            <div class="actions" role="group" aria-label="Files and cluster">
                <button type="button" class="button" onclick={act(Action::Apply)} aria-keyshortcuts="Control+S">{ "Apply" }<kbd>{ "Ctrl S" }</kbd></button>
                <button type="button" class="button" onclick={act(Action::Run)} aria-keyshortcuts="Control+Shift+Enter">{ icon::play() }{ "Run" }</button>
                <ApplyAndRun act={props.wishes.act.clone()} is_described={props.next_try.is_some()} />
                if let Some(cost) = &props.next_try { <span class="cost" id="next-try">{ cost }</span> }
                <span class="spacer"></span>
                if let Some(host) = &file.token {
                    <button type="button" class="button" title={format!("aws ecr get-login-password, into {} for {host}", file.name)}
                        onclick={act(Action::FreshToken { registry: host.clone(), file: Some(file.name.clone()) })}>
                        { "Fresh token" }
                        if file.token_cost > 0 { <span class="cost">{ cost_words(file.token_cost) }</span> }
                    </button>
                }
                if file.editable {
                    <button type="button" class="button quiet" disabled={*text == file.shipped}
                        onclick={act(Action::ResetFile { file: file.name.clone() })}>{ icon::undo() }{ "Reset file" }</button>
                }
            </div>
            <NoticeLog notices={props.notices.clone()} />
        </section>
    }
}

/// What of a file cannot be changed, in a sentence.
fn closed_note(file: &FileRow) -> Option<Html> {
    match &file.closed {
        Some(closed) => Some(sentence(&closed.note)),
        None => (!file.editable).then(|| "This file is read-only in this scenario.".into()),
    }
}

fn cost_words(points: u32) -> String {
    let noun = if points == 1 { "point" } else { "points" };
    format!("\u{2212}{points} {noun}")
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct ApplyAndRunProps {
    act: Callback<Action>,
    is_described: bool,
}

/// The button for the most usual thing: both at once.
#[component]
fn ApplyAndRun(props: &ApplyAndRunProps) -> Html {
    let act = props.act.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        act.emit(Action::Apply);
        act.emit(Action::Run);
    });
    html! {
        <button type="button" class="button primary" {onclick} aria-keyshortcuts="Control+Enter" aria-describedby={props.is_described.then_some("next-try")}>{ "Apply and run" }<kbd>{ "Ctrl ⏎" }</kbd></button>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct TabsProps {
    files: Rc<Vec<FileRow>>,
    drafts: BTreeMap<String, String>,
    open: String,
    pick: Callback<usize>,
}

/// One tab per file, as tabs behave: one in the tab order, arrow keys between them.
#[component]
fn Tabs(props: &TabsProps) -> Html {
    let files = &props.files;
    let here = files.iter().position(|file| file.name == props.open).unwrap_or(0);
    let onkeydown = {
        let (files, pick) = (Rc::clone(files), props.pick.clone());
        Callback::from(move |event: KeyboardEvent| {
            let there = match event.key().as_str() {
                "ArrowRight" => (here + 1) % files.len(),
                "ArrowLeft" => (here + files.len() - 1) % files.len(),
                "Home" => 0,
                "End" => files.len() - 1,
                _ => return,
            };
            event.prevent_default();
            pick.emit(there);
            browser::focus(&element_id("tab", &files[there].name));
        })
    };
    let tab = |index: usize, file: &FileRow| {
        let is_open = index == here;
        let has_draft = props.drafts.contains_key(&file.name) || file.unapplied;
        let errors = file.problems.iter().filter(|problem| !problem.warning).count();
        let onclick = props.pick.reform(move |_: MouseEvent| index);
        // One place for all of them, which is there from the start: a tab must not grow while somebody types.
        let state = match (errors, has_draft, file.editable) {
            (1.., ..) => {
                html! { <span class="tab-state bad" title={format!("{errors} problems")}><ToneIcon tone={Tone::Bad} /><span class="sr-only">{ format!("{errors} problems") }</span></span> }
            }
            (0, true, _) => {
                html! { <span class="tab-state draft" title="Not applied: the cluster does not have this text yet"><span class="dot"></span><span class="sr-only">{ "not applied" }</span></span> }
            }
            (0, false, true) => html! { <span class="tab-state"></span> },
            (0, false, false) => {
                html! { <span class="tab-state" title="Read-only">{ icon::lock() }<span class="sr-only">{ "read-only" }</span></span> }
            }
        };
        html! {
            <button type="button" class="tab" role="tab" id={element_id("tab", &file.name)} aria-selected={is_open.to_string()}
                aria-controls="file-panel" tabindex={if is_open { "0" } else { "-1" }} {onclick}>
                { &file.name }
                { state }
            </button>
        }
    };
    html! {
        <div class="tabs" role="tablist" aria-label="Files" {onkeydown}>
            { for files.iter().enumerate().map(|(index, file)| tab(index, file)) }
        </div>
    }
}

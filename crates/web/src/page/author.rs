//! A scenario folder of one's own: its mistakes, or the scenario itself.

use std::collections::BTreeMap;
use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::play::Table;
use crate::engine::Engine;
use crate::session::{Stage, use_desk};

/// A folder beyond this is not a scenario; the engine has its own, stricter limits and says them with a place.
const FILES: u32 = 200;
const FILE_BYTES: f64 = 20_000_000.0;

/// What has come of the chosen folder.
#[derive(Debug, Clone, PartialEq)]
enum Folder {
    None,
    Reading(AttrValue),
    Refused(AttrValue),
    Read { name: AttrValue, sources: Rc<BTreeMap<String, String>> },
}

/// The page for authors.
#[component]
pub fn AuthorPage() -> Html {
    let engine = use_context::<Engine>().expect("Room gives its pages an engine");
    let desk = use_desk("author", &engine);
    let folder = use_state(|| Folder::None);
    let onchange = {
        let (folder, desk) = (folder.clone(), desk.clone());
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let (folder, desk) = (folder.setter(), desk.clone());
            let files = match list(&input) {
                Ok(files) => files,
                Err(why) => return folder.set(Folder::Refused(why.into())),
            };
            // The same folder can be chosen again after it was edited.
            input.set_value("");
            let name: AttrValue =
                files.first().map_or_else(String::new, |(top, ..)| top.clone()).into();
            folder.set(Folder::Reading(name.clone()));
            wasm_bindgen_futures::spawn_local(async move {
                match read(files).await {
                    Ok(sources) => {
                        desk.open(sources.clone(), None);
                        folder.set(Folder::Read { name, sources: Rc::new(sources) });
                    }
                    Err(why) => folder.set(Folder::Refused(why.into())),
                }
            });
        })
    };
    let again = {
        let folder = folder.clone();
        Callback::from(move |_: MouseEvent| folder.set(Folder::None))
    };
    if let Folder::Read { name, sources } = &*folder {
        let brief = desk.state.panes.brief.clone().unwrap_or_default();
        let is_sound = matches!(desk.state.stage, Stage::Open);
        return html! { <>
            <div class="banner" role="status">
                <p>
                    { "Scenario folder " }<strong class="mono">{ name }</strong>{ format!(", {} files. ", sources.len()) }
                    if is_sound { { "It is sound; play it. Whether it can be solved, `pullpath check` proves." } }
                </p>
                <button type="button" class="button quiet" onclick={again}>{ "Choose another folder" }</button>
            </div>
            <Table {desk} title={name.clone()} {brief} />
        </> };
    }
    html! {
        <div class="sheet narrow">
            <h1 id="page-title" tabindex="-1">{ "Author" }</h1>
            <p class="lead">{ "Open a scenario folder from your disk. Its mistakes are shown with file, line and a hint; if it has none, you can play it. Nothing leaves this browser." }</p>
            <label class="drop">
                <input type="file" webkitdirectory={true} multiple={true} {onchange} />
                <span class="drop-title">{ "Choose a scenario folder" }</span>
                <span class="faint">{ "or drop it here: the folder that holds scenario.yaml" }</span>
            </label>
            <div role="status" aria-live="polite">
                {
                    match &*folder {
                        Folder::Reading(name) => html! { <p>{ format!("Reading {name}…") }</p> },
                        Folder::Refused(why) => html! { <p class="standing bad">{ why }</p> },
                        Folder::None | Folder::Read { .. } => Html::default(),
                    }
                }
            </div>
        </div>
    }
}

/// The chosen files: top folder, path below it, file.
fn list(input: &HtmlInputElement) -> Result<Vec<(String, String, web_sys::File)>, String> {
    let chosen = input.files().ok_or("No files were chosen.")?;
    if chosen.length() > FILES {
        return Err(format!(
            "This folder has {} files; a scenario has at most {FILES}. Was it the right folder?",
            chosen.length()
        ));
    }
    let mut files = Vec::new();
    for file in (0..chosen.length()).filter_map(|n| chosen.get(n)) {
        let relative = js_sys::Reflect::get(&file, &"webkitRelativePath".into())
            .ok()
            .and_then(|path| path.as_string())
            .unwrap_or_default();
        let path = if relative.is_empty() { file.name() } else { relative };
        let (top, below) = path.split_once('/').unwrap_or(("", &path));
        if below.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        if file.size() > FILE_BYTES {
            return Err(format!(
                "{below} is larger than 20 MB. A scenario's files are small; was it the right folder?"
            ));
        }
        files.push((top.to_owned(), below.to_owned(), file));
    }
    if files.is_empty() {
        return Err("There are no files in this folder.".to_owned());
    }
    Ok(files)
}

async fn read(
    files: Vec<(String, String, web_sys::File)>,
) -> Result<BTreeMap<String, String>, String> {
    let mut sources = BTreeMap::new();
    for (_, path, file) in files {
        let text = wasm_bindgen_futures::JsFuture::from(file.text())
            .await
            .ok()
            .and_then(|text| text.as_string())
            .ok_or_else(|| format!("{path} could not be read."))?;
        sources.insert(path, text);
    }
    Ok(sources)
}

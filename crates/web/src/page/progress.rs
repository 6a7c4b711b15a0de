//! Results, a file to take them elsewhere, and what can be handed in.

use pullpath_view::pane::Tone;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::Services;
use crate::browser;
use crate::icon::ToneIcon;
use crate::keeper::Note;
use crate::store::{self, Progress, Record};

/// The progress page.
#[component]
pub fn ProgressPage() -> Html {
    let services = use_context::<Services>().expect("App gives services to every page");
    let progress = services.progress.clone();
    let said = use_state(|| None::<(bool, AttrValue)>);
    let is_sure = use_state(|| false);
    let import = {
        let (said, note) = (said.setter(), progress.note.clone());
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
            input.set_value("");
            let (said, note) = (said.clone(), note.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let text = wasm_bindgen_futures::JsFuture::from(file.text())
                    .await
                    .ok()
                    .and_then(|text| text.as_string());
                match Progress::import(&text.unwrap_or_default()) {
                    Ok(other) => {
                        said.set(Some((
                            true,
                            format!(
                                "Imported {} scenarios; the better result of each was kept.",
                                other.scenarios.len()
                            )
                            .into(),
                        )));
                        note.emit(Note::Import(Box::new(other)));
                    }
                    Err(why) => said.set(Some((false, why.into()))),
                }
            });
        })
    };
    let export = {
        let text = progress.kept.export();
        Callback::from(move |_: MouseEvent| browser::download("pullpath-progress.json", &text))
    };
    let reset = {
        let (is_sure, said, note) = (is_sure.clone(), said.clone(), progress.note.clone());
        Callback::from(move |_: MouseEvent| {
            if *is_sure {
                store::clear();
                note.emit(Note::Reset);
                said.set(Some((true, "Everything was forgotten.".into())));
            }
            is_sure.set(!*is_sure);
        })
    };
    let title = |id: &str| {
        let entry = services
            .index
            .ready()
            .and_then(|index| index.scenarios.iter().find(|entry| entry.id == id));
        entry.map_or_else(|| id.to_owned(), |entry| entry.title.clone())
    };
    html! {
        <div class="sheet">
            <h1 id="page-title" tabindex="-1">{ "Progress" }</h1>
            <p>{ "Kept in this browser only. Take it elsewhere as a file, or hand in an attempt: replaying it gives the same result anywhere." }</p>
            <ResultTable rows={progress.kept.scenarios.iter().map(|(id, record)| (id.clone(), title(id), record.clone())).collect::<Vec<_>>()} />
            <section class="transfer">
                <h2>{ "Take it elsewhere" }</h2>
                <div class="row">
                    <button type="button" class="button" onclick={export}>{ "Export progress" }</button>
                    <label class="button file-button">{ "Import progress" }<input type="file" accept=".json,application/json" onchange={import} /></label>
                    <button type="button" class={classes!("button", is_sure.then_some("danger"))} onclick={reset}>
                        { if *is_sure { "Forget everything: press again to confirm" } else { "Forget everything" } }
                    </button>
                    if let Some(text) = store::aside() {
                        <button type="button" class="button" onclick={move |_: MouseEvent| browser::download("pullpath-set-aside.json", &text)}>{ "Download what was set aside" }</button>
                    }
                </div>
                <div role="status" aria-live="polite">
                    if let Some((is_good, text)) = &*said {
                        <p class={classes!("standing", if *is_good { "good" } else { "bad" })}>
                            <ToneIcon tone={if *is_good { Tone::Good } else { Tone::Bad }} />{ text }
                        </p>
                    }
                </div>
            </section>
        </div>
    }
}

/// Properties of [`ResultTable`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ResultTableProps {
    /// Id, title and record of each scenario that was begun.
    pub rows: Vec<(String, String, Record)>,
}

/// One row per scenario, with the attempt to hand in.
#[component]
pub fn ResultTable(props: &ResultTableProps) -> Html {
    if props.rows.is_empty() {
        return html! { <p class="empty">{ "Nothing yet. " }<a href="#/play/default-serviceaccount">{ "Mend your first pull" }</a>{ "; it takes about three minutes." }</p> };
    }
    let row = |(id, title, record): &(String, String, Record)| {
        let (tone, word) =
            if record.passed { (Tone::Good, "passed") } else { (Tone::Waiting, "begun") };
        let hand_in = record.attempt.as_ref().map(|attempt| {
            let text = serde_json::to_string_pretty(attempt).expect("an attempt has string keys only");
            let name = format!("{id}.attempt.json");
            let count = attempt.actions.len();
            let onclick = Callback::from(move |_: MouseEvent| browser::download(&name, &text));
            html! { <button type="button" class="button" {onclick}>{ format!("Hand-in ({count} actions)") }</button> }
        });
        html! {
            <tr>
                <th scope="row"><a href={format!("#/play/{id}")}>{ title }</a></th>
                <td><span class={classes!("standing", crate::text::tone_class(tone))}><ToneIcon {tone} />{ word }</span></td>
                <td class="number">{ format!("{} of {}", record.best, record.out_of) }</td>
                <td class="number">{ record.attempts }</td>
                <td>{ hand_in.unwrap_or_default() }</td>
            </tr>
        }
    };
    html! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Results">
            <table class="results">
                <thead><tr><th scope="col">{ "Scenario" }</th><th scope="col">{ "State" }</th><th scope="col" class="number">{ "Best" }</th><th scope="col" class="number">{ "Attempts" }</th><th scope="col">{ "Attempt" }</th></tr></thead>
                <tbody>{ for props.rows.iter().map(row) }</tbody>
            </table>
        </div>
    }
}

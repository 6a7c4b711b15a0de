//! The text editor: CodeMirror once its chunk is there, a plain text area until then and where it never comes.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Array;
use pullpath_view::pane::Closed;
use pullpath_view::wire::Problem;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use yew::prelude::*;

use crate::browser;
use crate::chunk::{Arrival, EDITOR, use_chunk};

/// Properties of [`Editor`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct EditorProps {
    /// The file's name.
    pub name: AttrValue,
    pub text: AttrValue,
    pub editable: bool,
    /// What stays as it is where only a part may be changed.
    #[prop_or_default]
    pub closed: Option<Closed>,
    pub problems: Vec<Problem>,
    /// A line to go to, and a number that differs each time.
    #[prop_or_default]
    pub reveal: Option<(u32, u32)>,
    /// The text of a file is now this.
    pub typed: Callback<(String, String)>,
}

type Typed = Closure<dyn Fn(String, String)>;

/// A mounted CodeMirror, and the function it calls back.
struct Mounted {
    handle: JsValue,
    _typed: Typed,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        browser::call(&self.handle, "destroy", &[]);
    }
}

/// One editor for all files: it keeps undo and cursor of each.
#[component]
pub fn Editor(props: &EditorProps) -> Html {
    let chunk = match use_chunk(EDITOR, true) {
        Arrival::There(object) => Some(object),
        Arrival::Away | Arrival::Failed => None,
    };
    let host = use_node_ref();
    let mounted = use_mut_ref(|| None::<Mounted>);
    // The mounted editor outlives any one drawing, so it calls whatever callback is the newest.
    let typed = use_mut_ref(|| props.typed.clone());
    typed.replace(props.typed.clone());
    {
        let (host, mounted, typed) = (host.clone(), Rc::clone(&mounted), Rc::clone(&typed));
        use_effect_with(chunk.is_some(), move |_| {
            if let Some(chunk) = EDITOR.find()
                && let Some(host) = host.cast::<web_sys::Element>()
            {
                let typed: Typed =
                    Closure::new(move |file, text| typed.borrow().emit((file, text)));
                if let Some(handle) =
                    browser::call(&chunk, "mount", &[host.into(), typed.as_ref().clone()])
                {
                    mounted.replace(Some(Mounted { handle, _typed: typed }));
                }
            }
            let mounted = Rc::clone(&mounted);
            move || drop(mounted.take())
        });
    }
    {
        let mounted = Rc::clone(&mounted);
        let (name, text, editable) = (props.name.clone(), props.text.clone(), props.editable);
        let closed = props.closed.as_ref().map_or((0, 0), |closed| (closed.head, closed.tail));
        let file = (chunk.is_some(), name, editable, closed);
        use_effect_with(file, move |(_, name, editable, (head, tail))| {
            let closed = [(*head).into(), (*tail).into()];
            let words = [(&**name).into(), (&*text).into(), (!editable).into()];
            tell(&mounted, "open", &[&words[..], &closed].concat());
        });
    }
    {
        let mounted = Rc::clone(&mounted);
        use_effect_with((props.name.clone(), props.text.clone()), move |(_, text)| {
            tell(&mounted, "setText", &[(&**text).into()]);
        });
    }
    {
        let mounted = Rc::clone(&mounted);
        use_effect_with(
            (chunk.is_some(), props.name.clone(), props.problems.clone()),
            move |(_, _, problems)| {
                tell(&mounted, "setProblems", &[to_array(problems).into()]);
            },
        );
    }
    {
        let mounted = Rc::clone(&mounted);
        use_effect_with((chunk.is_some(), props.reveal), move |(_, reveal)| {
            if let Some((line, _)) = reveal {
                tell(&mounted, "reveal", &[(*line).into()]);
            }
        });
    }
    if chunk.is_some() {
        return html! { <div class="editor-host" ref={host} key="codemirror"></div> };
    }
    html! { <PlainEditor key="plain" ..props.clone() /> }
}

/// The same text in a text area, for when the chunk is not there. Closed parts stand around it.
#[component]
pub fn PlainEditor(props: &EditorProps) -> Html {
    let (head, open, tail) = parts(&props.text, props.closed.as_ref());
    let oninput = {
        let (typed, name) = (props.typed.clone(), props.name.to_string());
        let (head, tail) = (head.to_owned(), tail.to_owned());
        Callback::from(move |event: InputEvent| {
            if let Some(area) = event.target_dyn_into::<web_sys::HtmlTextAreaElement>() {
                let open = area.value();
                // The closed lines stay lines of their own.
                let end = if open.is_empty() || open.ends_with('\n') || tail.is_empty() {
                    ""
                } else {
                    "\n"
                };
                typed.emit((name.clone(), format!("{head}{open}{end}{tail}")));
            }
        })
    };
    let label = match (&props.closed, props.editable) {
        (Some(_), true) => format!("{}, the part that can be edited", props.name).into(),
        (None, true) => props.name.clone(),
        (_, false) => format!("{}, read-only", props.name).into(),
    };
    let around = |text: &str, label: &str| {
        (!text.is_empty()).then(|| html! {
            <pre class="editor-closed" tabindex="0" role="region" aria-label={label.to_owned()}><code>{ text }</code></pre>
        })
    };
    let described = props.closed.as_ref().map(|_| "closed-note");
    html! { <>
        { around(head, "Read-only, above") }
        <textarea class="editor-plain" id="editor-plain" aria-label={label} aria-describedby={described} readonly={!props.editable} spellcheck="false"
            autocapitalize="off" autocomplete="off" wrap="off" value={open.to_owned()} {oninput} />
        { around(tail, "Read-only, below") }
    </> }
}

/// What stays as it is above, what may be changed, what stays as it is below.
fn parts<'t>(text: &'t str, closed: Option<&Closed>) -> (&'t str, &'t str, &'t str) {
    let Some(closed) = closed else { return ("", text, "") };
    let units = text.encode_utf16().count() as u32;
    let (Some(head), Some(tail)) = (
        place(text, closed.head),
        units.checked_sub(closed.tail).and_then(|units| place(text, units)),
    ) else {
        return ("", text, "");
    };
    if head > tail {
        return ("", text, "");
    }
    (&text[..head], &text[head..tail], &text[tail..])
}

/// The byte that stands after so many UTF-16 units.
fn place(text: &str, units: u32) -> Option<usize> {
    let mut passed = 0;
    let mut starts = text.char_indices().map(|(at, one)| {
        let here = (at, passed);
        passed += one.len_utf16() as u32;
        here
    });
    let found = starts.find(|(_, passed)| *passed == units).map(|(at, _)| at);
    found.or_else(|| (passed == units).then_some(text.len()))
}

fn tell(mounted: &Rc<RefCell<Option<Mounted>>>, method: &str, arguments: &[JsValue]) {
    let handle = mounted.borrow().as_ref().map(|mounted| mounted.handle.clone());
    if let Some(handle) = handle {
        browser::call(&handle, method, arguments);
    }
}

fn to_array(problems: &[Problem]) -> Array {
    let text = serde_json::to_string(problems).expect("problems are plain data");
    js_sys::JSON::parse(&text).ok().and_then(|value| value.dyn_into().ok()).unwrap_or_default()
}

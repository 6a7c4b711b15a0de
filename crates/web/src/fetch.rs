//! Content from the site: the index and its bundles.

use std::rc::Rc;

use pullpath_view::own;
use serde::de::DeserializeOwned;
use yew::prelude::*;

use crate::browser;

/// Something on its way.
#[derive(Debug, PartialEq)]
pub enum Load<T> {
    /// Not there yet.
    Loading,
    /// There.
    Ready(Rc<T>),
    /// It did not come; why, in words.
    Failed(AttrValue),
}

// Derived, it would ask that `T` can be cloned.
impl<T> Clone for Load<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Loading => Self::Loading,
            Self::Ready(value) => Self::Ready(Rc::clone(value)),
            Self::Failed(why) => Self::Failed(why.clone()),
        }
    }
}

impl<T> Load<T> {
    /// What is there.
    pub fn ready(&self) -> Option<&Rc<T>> {
        match self {
            Self::Ready(value) => Some(value),
            Self::Loading | Self::Failed(_) => None,
        }
    }
}

/// Fetches a JSON file of the content folder; nothing while there is no name.
#[hook]
pub fn use_content<T: DeserializeOwned + PartialEq + 'static>(name: Option<String>) -> Load<T> {
    let state = use_state(|| (None::<String>, Load::<T>::Loading));
    let setter = state.setter();
    use_effect_with(name.clone(), move |name| {
        if let Some(name) = name.clone().filter(|_| browser::is_here()) {
            wasm_bindgen_futures::spawn_local(async move {
                let load = fetch(&name).await.map_or_else(
                    |why| Load::Failed(why.into()),
                    |value| Load::Ready(Rc::new(value)),
                );
                setter.set((Some(name), load));
            });
        }
    });
    // What came for another name is not of interest any more.
    if state.0 == name { state.1.clone() } else { Load::Loading }
}

/// Fetches a JSON file of the content folder; the error is in words.
pub async fn fetch<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    let folder = browser::meta("pullpath-content").unwrap_or_else(|| "content".to_owned());
    let address = format!("{}/{name}", folder.trim_end_matches('/'));
    let response = gloo::net::http::Request::get(&address)
        .send()
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    if !response.ok() {
        return Err(format!("{address}: {} {}", response.status(), response.status_text()));
    }
    let text = response.text().await.map_err(|error| format!("{address}: {error}"))?;
    own::read(&text).ok_or_else(|| format!("{address}: it is not what this page reads"))
}

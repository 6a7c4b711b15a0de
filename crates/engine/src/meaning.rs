//! What a message means, for the page: the model's catalogue, searched from the text.

use pullpath_model::catalogue::{self, releases};
use pullpath_view::message::{Meaning, Possible};

/// Looks a pasted message up.
pub fn meaning(message: &str) -> Meaning {
    let catalogue::Meaning { causes, kubelet, .. } = catalogue::search(message);
    let told = |cause: catalogue::Possible| {
        let titles: Vec<&str> = cause.kinds.iter().map(|kind| kind.title()).collect();
        let runtimes = match cause.runtimes.is_empty() {
            true => String::new(),
            false => releases(&cause.runtimes),
        };
        let elsewhere = cause.elsewhere.into_iter();
        Possible {
            what: cause.what.sentence().to_owned(),
            registries: titles.join(", "),
            runtimes,
            next: cause.what.next().to_owned(),
            elsewhere: elsewhere.map(|(runtimes, text)| (releases(&runtimes), text)).collect(),
        }
    };
    Meaning {
        phrases: phrases_of(message),
        causes: causes.into_iter().map(told).collect(),
        note: kubelet.map(|kubelet| format!("Written by {kubelet}.")),
    }
}

/// The words of a message that are known, each with what they say.
pub(crate) fn phrases_of(message: &str) -> Vec<(String, String)> {
    let owned = |phrase: catalogue::Phrase| (phrase.words.to_owned(), phrase.means.to_owned());
    catalogue::phrases(message).into_iter().map(owned).collect()
}

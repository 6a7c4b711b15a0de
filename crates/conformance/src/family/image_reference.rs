//! `image_reference`: how image names are read, normalised and sent on.

use std::collections::BTreeMap;

use pullpath_model::image::ImageRef;
use serde::Deserialize;

use crate::case::{Case, Difference, Played, differ, differ_text, not_played};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    input: String,
    expect: Option<BTreeMap<String, String>>,
    error: Option<String>,
}

pub(super) fn play(case: &Case<'_>) -> Played {
    let Reference { input, expect, error } = case.read()?;
    match (input.parse::<ImageRef>(), expect, error) {
        (Err(got), None, Some(want)) => {
            Ok(differ_text("error", &got.about(&input), &want).into_iter().collect())
        }
        (Ok(image), Some(want), None) => parts(&image, &input, &want),
        (Ok(image), None, Some(want)) => Ok(vec![Difference {
            what: "the reading".to_owned(),
            expected: want,
            got: format!("{image:?}"),
        }]),
        (Err(got), Some(want), None) => Ok(vec![Difference {
            what: "the reading".to_owned(),
            expected: format!("{want:#?}"),
            got: got.about(&input),
        }]),
        _ => not_played("neither `expect` nor `error`, or both"),
    }
}

fn parts(image: &ImageRef, input: &str, want: &BTreeMap<String, String>) -> Played {
    let got = BTreeMap::from([
        ("domain".to_owned(), image.host().to_owned()),
        ("path".to_owned(), image.path().to_owned()),
        ("lookup".to_owned(), image.lookup_name()),
        ("tag".to_owned(), image.tag().unwrap_or_default().to_owned()),
        ("digest".to_owned(), image.digest().unwrap_or_default().to_owned()),
        ("sent_to_runtime".to_owned(), image.sent_to_runtime(input)),
        ("familiar".to_owned(), image.familiar(input)),
    ]);
    let again = image.to_string().parse();
    let printed = differ("the printed form, read again,", &again, &Ok(image.clone()));
    Ok(differ("the parts", &got, want).into_iter().chain(printed).collect())
}

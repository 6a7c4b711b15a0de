//! `docs/messages.md`: what every failed pull reads like, as the model says it.

use std::fmt::Write as _;

use pullpath_model::catalogue::{Reading, readings};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/messages.md");

const HEAD: &str = "\
# What the message of a failed pull means

Each text stands behind `Failed to pull image \"…\": ` in the event, and in the waiting message of the container. The model makes
this page: `PULLPATH_UPDATE=1 cargo test -p pullpath-model --test catalogue` writes it anew.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut last: Option<Reading> = None;
    for reading in readings() {
        if last.as_ref().is_none_or(|last| last.kind != reading.kind) {
            let _ = write!(page, "\n## {}\n", reading.kind.title());
        }
        if last
            .as_ref()
            .is_none_or(|last| (last.kind, last.situation) != (reading.kind, reading.situation))
        {
            let _ = write!(page, "\n### {}\n", reading.situation.sentence());
        }
        let runtimes: Vec<String> = reading.runtimes.iter().map(ToString::to_string).collect();
        let text = match &reading.refusal {
            None => "The image comes all the same.".to_owned(),
            Some(_) => format!("```text\n{}\n```", reading.message),
        };
        let _ = write!(page, "\n{}:\n\n{text}\n", runtimes.join(", "));
        last = Some(reading);
    }
    page
}

#[test]
fn the_page_says_what_the_model_says() {
    let page = page();
    if std::env::var_os("PULLPATH_UPDATE").is_some() {
        std::fs::write(PAGE, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(PAGE).expect("the page is there");
    assert!(written == page, "docs/messages.md is not what the model says; see its head");
}

#[test]
fn nobody_reads_a_secret_there() {
    for reading in readings() {
        assert!(!reading.message.contains("wrong\""), "{reading:?}");
    }
}

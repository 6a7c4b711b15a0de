//! The engine in a browser gives what it gives on the command line. `cargo xtask test wasm` plays the scenarios
//! natively first and writes the logs that are expected here.
#![cfg(target_arch = "wasm32")]

mod broken;

use std::collections::BTreeMap;

use pullpath_engine::Player;
use pullpath_view::Action;
use pullpath_view::own;
use pullpath_view::wire::{Answer, Ask, Query, Reply, Request};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A list of cases, as JSON.
const CASES: &str = include_str!(env!("PULLPATH_CASES"));

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    /// The moment until which the scenario is played.
    until_ms: i64,
    sources: BTreeMap<String, String>,
    log: String,
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(CASES).expect("xtask writes cases");
    assert!(!cases.is_empty(), "there are scenarios");
    cases
}

/// Asks like the page does, through JSON.
fn ask(host: &mut Player, ask: Ask) -> Answer {
    let request = Request { id: 1, session: "play".to_owned(), ask };
    let text = serde_json::to_string(&request).expect("a request is JSON");
    let request = own::read(&text).expect("a request comes back");
    let reply = host.answer(request, &mut |_| {});
    let text = serde_json::to_string(&reply).expect("a reply is JSON");
    own::read::<Reply>(&text).expect("a reply comes back").answer
}

/// Opens a scenario and plays it as `pullpath run` does.
fn play(case: &Case) -> Player {
    let mut host = Player::of_bundles("test");
    let query = Query::default();
    let open = Ask::Open {
        sources: case.sources.clone(),
        attempt: None,
        seed: None,
        query: query.clone(),
    };
    assert!(matches!(ask(&mut host, open), Answer::Done { .. }), "{} opens", case.id);
    let act = |action| Ask::Act { action, query: query.clone() };
    let Answer::Done { view, .. } = ask(&mut host, act(Action::Run)) else {
        panic!("{} runs", case.id);
    };
    let seconds = (case.until_ms - view.now_ms).div_euclid(1000);
    if let Ok(seconds @ 1..) = u32::try_from(seconds) {
        let answer = ask(&mut host, act(Action::Advance { seconds }));
        assert!(matches!(answer, Answer::Done { .. }), "{} waits", case.id);
    }
    host
}

#[wasm_bindgen_test]
fn the_log_is_the_native_one_byte_for_byte() {
    for case in cases() {
        let Answer::Log { text } = ask(&mut play(&case), Ask::Log) else {
            panic!("{} has a log", case.id);
        };
        assert_eq!(text, case.log, "{}", case.id);
    }
}

#[wasm_bindgen_test]
fn an_attempt_replays_to_the_same_log() {
    for case in cases() {
        let mut first = play(&case);
        let hint = Ask::Act { action: Action::Hint { step: 0 }, query: Query::default() };
        let attempt = match ask(&mut first, hint) {
            Answer::Done { attempt, .. } => attempt,
            answer => panic!("{}: {answer:?}", case.id),
        };
        let mut second = Player::of_bundles("test");
        let open = Ask::Open {
            sources: case.sources.clone(),
            attempt: Some(attempt),
            seed: None,
            query: Query::default(),
        };
        assert!(matches!(ask(&mut second, open), Answer::Done { .. }), "{} replays", case.id);
        assert_eq!(ask(&mut first, Ask::Log), ask(&mut second, Ask::Log), "{}", case.id);
    }
}

#[wasm_bindgen_test]
fn a_broken_file_is_a_problem_with_a_place_here_too() {
    for mut case in cases() {
        case.sources.insert("scenario.yaml".to_owned(), "format: [1".to_owned());
        let open =
            Ask::Open { sources: case.sources, attempt: None, seed: None, query: Query::default() };
        let Answer::Broken { problems } = ask(&mut Player::of_bundles("test"), open) else {
            panic!("{} is broken", case.id);
        };
        assert_eq!(problems[0].file, "scenario.yaml", "{}", case.id);
        assert_eq!(problems[0].line, 1, "{}", case.id);
    }
}

//! What is broken is told in the browser as it is on the command line.

#[path = "../broken/table.rs"]
mod table;

use pullpath_engine::Host;
use pullpath_lesson::Texts;
use pullpath_lesson::scenario::{Folder, Scenario};
use pullpath_view::wire::{Answer, Ask, Problem, Query, Request};
use wasm_bindgen_test::wasm_bindgen_test;

fn open(sources: Texts) -> Answer {
    let ask = Ask::Open { sources, attempt: None, seed: None, query: Query::default() };
    let request = Request { id: 1, session: "play".into(), ask };
    Host::new("test").answer(request, &mut |_| {}).answer
}

#[wasm_bindgen_test]
fn the_scenario_without_a_mistake_opens() {
    assert!(matches!(open(table::base()), Answer::Done { .. }));
}

#[wasm_bindgen_test]
fn every_broken_scenario_is_told_with_its_place_and_a_hint() {
    let mut told = 0;
    // What only playing finds needs the answers, which the page does not have; lessons come as bundles.
    for case in table::cases().into_iter().filter(|case| !case.lesson && case.found.is_none()) {
        let texts = table::broken(&case);
        if case.code == "id-mismatch" {
            // The page has a scenario's files without the folder's name, so it goes by the id that they give.
            continue;
        }
        if Scenario::read(&texts, "base", Folder::Whole).is_usable() {
            // It only draws a warning.
            continue;
        }
        let answer = open(texts);
        let Answer::Broken { problems } = answer else { panic!("{}: it opened", case.name) };
        let at = |problem: &Problem| {
            format!("{} {}:{}:{}", problem.code, problem.file, problem.line, problem.column)
        };
        let want = format!("{} {}", case.code, case.at);
        let found: Vec<String> = problems.iter().map(at).collect();
        assert!(found.contains(&want), "{}: want {want}, told {found:?}", case.name);
        assert!(problems.iter().all(|problem| problem.hint.is_some()), "{}: no hint", case.name);
        told += 1;
    }
    assert!(told >= 30, "{told} cases");
}

//! Questions that a scenario asks: when, how often, and what they are worth wherever the attempt is judged.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pullpath_engine::regrade::Regrader;
use pullpath_engine::{Player, Session, answer, record, view};
use pullpath_lesson::Texts;
use pullpath_lesson::bundle::bundle;
use pullpath_lesson::scenario::{Folder, Scenario, lay_out_quizzes};
use pullpath_view::Action;
use pullpath_view::content::ScenarioBundle;
use pullpath_view::hand_in::Response;
use pullpath_view::pane::{Goals, Guide};
use pullpath_view::record::Outcome;
use pullpath_view::wire::{Answer, Ask, Query, Request};

const ID: &str = "list-hides-list";

/// The content that ships, as `pullpath bundle` reads it.
fn content() -> Texts {
    fn walk(root: &Path, folder: PathBuf, texts: &mut Texts) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, path, texts);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                texts.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = Texts::new();
    for folder in ["quizzes", "scenarios"] {
        walk(&root, root.join(folder), &mut texts);
    }
    texts
}

fn scenario() -> Arc<Scenario> {
    let content = content();
    let prefix = format!("scenarios/{ID}/");
    let own = content.iter().filter_map(|(path, text)| Some((path.strip_prefix(&prefix)?, text)));
    let mut texts: Texts = own.map(|(path, text)| (path.to_owned(), text.clone())).collect();
    lay_out_quizzes(
        &mut texts,
        &mut content.iter().filter(|(path, _)| path.starts_with("quizzes/")),
    );
    Arc::new(Scenario::read(&texts, ID, Folder::Whole).into_result().unwrap())
}

fn solved(scenario: &Arc<Scenario>) -> Session {
    answer::play(scenario, &scenario.solutions()[0].answer).unwrap()
}

fn panes(session: &Session) -> (Goals, Guide) {
    let view = view::whole(session, &Query::default());
    (view.goals.unwrap(), view.guide.unwrap())
}

fn say(session: &mut Session, question: &str, response: Response) -> Result<(), String> {
    let action = Action::Answer { question: question.into(), response };
    session.act(action, &mut |_, _| {}).map(|_| ())
}

fn text(word: &str) -> Response {
    Response::Text(word.into())
}

fn in_order() -> Response {
    Response::Ids(["copy", "bind", "read", "ask", "run"].map(str::to_owned).into())
}

#[test]
fn questions_follow_the_pass_and_are_answered_once() {
    let scenario = scenario();
    let fresh = Session::new(Arc::clone(&scenario)).unwrap();
    let (goals, guide) = panes(&fresh);
    assert_eq!((goals.points, goals.out_of), (0, 120));
    assert_eq!((guide.questions.len(), guide.questions_later), (0, 2));

    let mut session = solved(&scenario);
    let (goals, guide) = panes(&session);
    assert_eq!((goals.points, goals.passed), (100, true));
    assert_eq!((guide.questions.len(), guide.questions_later), (2, 0));
    assert!(guide.questions.iter().all(|posed| posed.given.is_none() && posed.verdict.is_none()));

    let before = session.attempt().actions.len();
    for (question, response) in [
        ("in-ordre", in_order()),
        ("in-order", text("copy")),
        ("in-order", Response::Ids(vec!["copy".into()])),
        ("only-the-account", text("rnuning")),
        ("only-the-account", Response::Line(1)),
    ] {
        assert!(say(&mut session, question, response.clone()).is_err(), "{question} {response:?}");
    }
    assert_eq!(session.attempt().actions.len(), before, "what is refused is no part of an attempt");

    say(&mut session, "only-the-account", text("running")).unwrap();
    say(&mut session, "in-order", in_order()).unwrap();
    assert!(say(&mut session, "only-the-account", text("pull-fails")).is_err(), "once");
    let (goals, guide) = panes(&session);
    assert_eq!(goals.points, 110);
    let verdicts: Vec<_> = guide.questions.iter().map(|one| one.verdict.clone().unwrap()).collect();
    assert_eq!(verdicts.iter().map(|one| one.right).collect::<Vec<_>>(), [false, true]);
    // Computed, not written: the scenario was played.
    assert_eq!(verdicts[0].answer, text("pull-fails"));

    // They belong to the attempt, so a reset keeps them.
    session.act(Action::Reset, &mut |_, _| {}).unwrap();
    assert_eq!(panes(&session).0.points, 10);
    assert!(say(&mut session, "in-order", in_order()).is_err());
}

#[test]
fn answers_are_worth_the_same_wherever_they_are_judged() {
    let scenario = scenario();
    let mut session = solved(&scenario);
    say(&mut session, "only-the-account", text("pull-fails")).unwrap();
    say(
        &mut session,
        "in-order",
        Response::Ids(["bind", "copy", "read", "ask", "run"].map(str::to_owned).into()),
    )
    .unwrap();
    let here = record::of_verdict(&scenario, &session.judge());
    assert_eq!((here.points, here.max_points, here.outcome), (110, 120, Outcome::Pass));
    let outcomes: Vec<_> =
        here.checks.iter().map(|check| (check.id.as_str(), check.outcome, check.points)).collect();
    assert_eq!(
        outcomes[3..],
        [("only-the-account", Outcome::Pass, 10), ("in-order", Outcome::Fail, 0)]
    );
    assert_eq!(here.checks[3].chosen, ["pull-fails"]);
    assert!(here.checks[4].said.starts_with("The list of names"));

    let again = Session::replay(Arc::clone(&scenario), session.attempt(), &mut |_, _| {}).unwrap();
    assert_eq!(record::of_verdict(&scenario, &again.judge()), here);
    // Neither the instructor's seed nor the attempt's decides what is right.
    for seed in [None, Some(1), Some(77)] {
        let regrader = Regrader::new(&scenario, seed).unwrap();
        let verdict = regrader.grade(session.attempt());
        assert_eq!(record::of_verdict(&scenario, &verdict), here, "{seed:?}");
    }
}

/// Points of questions are points, and no way to a pass.
#[test]
fn nobody_passes_by_answering() {
    let scenario = scenario();
    let mut session = Session::new(Arc::clone(&scenario)).unwrap();
    say(&mut session, "only-the-account", text("pull-fails")).unwrap();
    say(&mut session, "in-order", in_order()).unwrap();
    session.act(Action::Run, &mut |_, _| {}).unwrap();
    let verdict = session.judge();
    // Nobody but checkout uses the partner's login: that holds from the start.
    assert_eq!((verdict.points, verdict.passed), (40, false));
    assert!(!panes(&session).0.passed);
}

#[test]
fn what_is_bundled_asks_the_same_and_shows_no_answer() {
    let files = bundle(&content()).into_result().unwrap();
    let (_, json) = files.iter().find(|(name, _)| name.starts_with(ID)).unwrap();
    for word in ["right: true", "expect:", "pull-fails", "settled when the Pod is created"] {
        assert!(!json.contains(word), "{word}");
    }
    let ScenarioBundle { sources, .. } = serde_json::from_str(json).unwrap();
    let mut host = Player::of_bundles("b");
    let mut ask =
        |id, ask| host.answer(Request { id, session: "play".into(), ask }, &mut |_| {}).answer;
    let scenario = scenario();
    let mut session = solved(&scenario);
    let attempt = Some(session.attempt().clone());
    let Answer::Done { attempt, .. } =
        ask(1, Ask::Open { sources, attempt, seed: None, query: Query::default() })
    else {
        panic!("it opens")
    };
    assert_eq!(attempt.content, scenario.content());
    let action = Action::Answer { question: "only-the-account".into(), response: text("unsure") };
    let Answer::Done { view, .. } = ask(
        2,
        Ask::Act { action: action.clone(), query: Query { whole: true, ..Query::default() } },
    ) else {
        panic!("it is judged")
    };
    session.act(action, &mut |_, _| {}).unwrap();
    let (goals, guide) = panes(&session);
    assert_eq!((view.goals, view.guide), (Some(goals), Some(guide)));
}

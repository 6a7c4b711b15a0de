//! Components drawn to text, without a browser.
#![cfg(feature = "ssr")]
#![allow(missing_docs, reason = "tests")]

mod common;

use std::rc::Rc;

use pullpath_view::block::{Block, Inline};
use pullpath_view::hand_in::Response;
use pullpath_view::pane::{GoalState, Ladder, Picture};
use pullpath_view::quiz::{Choice, Form, Question, Verdict};
use pullpath_view::wire::Problem;
use pullpath_web::blocks::Blocks;
use pullpath_web::channel::Loss;
use pullpath_web::page::messages::MeaningSheet;
use pullpath_web::panel::Wishes;
use pullpath_web::panel::asked::AskedCard;
use pullpath_web::panel::editor::PlainEditor;
use pullpath_web::panel::ladder::LadderPane;
use pullpath_web::panel::picture::DrawnPicture;
use pullpath_web::panel::problems::ProblemList;
use pullpath_web::panel::things::{ThingList, everything};
use pullpath_web::panel::timeline::{Lanes, TimelineTable};
use pullpath_web::panel::workbench::Workbench;
use pullpath_web::session::{Busy, Session};
use yew::prelude::*;

/// Draws anything: `draw(|| html! { … })`.
fn draw(view: impl Fn() -> Html + 'static) -> String {
    #[derive(Clone, Properties)]
    struct Shown {
        html: Rc<dyn Fn() -> Html>,
    }
    impl PartialEq for Shown {
        fn eq(&self, other: &Self) -> bool {
            Rc::ptr_eq(&self.html, &other.html)
        }
    }
    #[component]
    fn Sheet(props: &Shown) -> Html {
        (props.html)()
    }
    let props = Shown { html: Rc::new(view) };
    pollster::block_on(
        yew::LocalServerRenderer::<Sheet>::with_props(props).hydratable(false).render(),
    )
}

/// The same without tags: one line for each element that has text.
fn words(html: &str) -> String {
    let mut lines = Vec::new();
    for piece in html.split('<') {
        let text = piece.split_once('>').map_or(piece, |(_, text)| text).trim();
        if !text.is_empty() {
            lines.push(
                text.replace("&quot;", "\"")
                    .replace("&#x27;", "'")
                    .replace("&gt;", ">")
                    .replace("&amp;", "&"),
            );
        }
    }
    lines.join("\n")
}

fn workbench(session: Session) -> String {
    draw(move || {
        html! { <Workbench title="The default ServiceAccount" brief={common::brief()} session={session.clone()} wishes={Wishes::none()} /> }
    })
}

fn open_at(pull: u32) -> Ladder {
    let Ladder::Open { subject, thing, pulls, when, summary, rungs, .. } = common::ladder() else {
        unreachable!("the fixture is open")
    };
    Ladder::Open { subject, thing, pull, pulls, when, summary, rungs }
}

/// How often a text occurs.
fn count(html: &str, text: &str) -> usize {
    html.matches(text).count()
}

#[test]
fn the_list_says_what_the_picture_shows() {
    let picture = Rc::new(common::picture());
    let things: Vec<(String, String, String)> = everything(&picture)
        .iter()
        .map(|thing| (thing.kind.clone(), thing.name.clone(), thing.status.clone()))
        .collect();
    assert_eq!(things.len(), 9);
    let drawn = {
        let picture = Rc::clone(&picture);
        draw(
            move || html! { <DrawnPicture picture={picture.clone()} width=540 select={Callback::noop()} /> },
        )
    };
    let list = words(&draw(
        move || html! { <ThingList picture={picture.clone()} select={Callback::noop()} /> },
    ));
    let (mut at_drawn, mut at_list) = (0, 0);
    for (kind, name, status) in &things {
        // Same order, same facts: each is found after the one before.
        let label = format!("aria-label=\"{kind} {name}, {}", status.replace('\'', "&#x27;"));
        at_drawn +=
            drawn[at_drawn..].find(&label).unwrap_or_else(|| panic!("picture lacks {label}"));
        let row = format!("{kind}\n{name}\n{status}");
        at_list += list[at_list..].find(&row).unwrap_or_else(|| panic!("list lacks {row}"));
    }
    for image in &common::picture().nodes[0].images {
        assert!(
            drawn.contains(&format!("<title>{image}</title>")) && list.contains(image),
            "{image}"
        );
    }
}

#[test]
fn a_picture_has_one_thing_in_the_tab_order_and_marks_the_break() {
    let html = draw(
        || html! { <DrawnPicture picture={Rc::new(common::picture())} width=540 select={Callback::noop()} /> },
    );
    assert_eq!(count(&html, "tabindex=\"0\""), 1);
    assert_eq!(count(&html, "tabindex=\"-1\""), 8);
    assert_eq!(count(&html, "class=\"break bad\""), 1);
    // Pod to ServiceAccount lit, and three links beyond.
    assert_eq!((count(&html, "wire lit"), count(&html, "wire beyond")), (1, 3));
    assert_eq!(count(&html, "aria-pressed=\"true\""), 1);
}

#[test]
fn an_empty_cluster_can_be_drawn() {
    let html = draw(
        || html! { <DrawnPicture picture={Rc::new(Picture::default())} width=300 select={Callback::noop()} /> },
    );
    assert!(html.contains("<svg"));
}

#[test]
fn the_broken_rung_is_open_and_the_others_are_folded() {
    let html =
        draw(|| html! { <LadderPane ladder={Rc::new(open_at(3))} wishes={Wishes::none()} /> });
    // Rungs 3 and 8 failed.
    assert_eq!(
        (count(&html, "aria-expanded=\"true\""), count(&html, "aria-expanded=\"false\"")),
        // The message's button is folded too.
        (2, 7)
    );
    insta::assert_snapshot!(words(&html));
}

#[test]
fn a_meaning_tells_causes_before_words() {
    let html = draw(|| html! { <MeaningSheet meaning={common::meaning()} /> });
    insta::assert_snapshot!(words(&html));
}

#[test]
fn the_stepper_stops_at_both_ends() {
    for (pull, want) in [(1, 1), (3, 0), (158, 1)] {
        let html = draw(
            move || html! { <LadderPane ladder={Rc::new(open_at(pull))} wishes={Wishes::none()} /> },
        );
        assert_eq!(count(&html, " disabled"), want, "pull {pull}");
    }
}

#[test]
fn a_locked_ladder_asks_and_gives_nothing_away() {
    let html = draw(|| {
        let mut diagnosis = common::guide().diagnosis.unwrap();
        (diagnosis.chosen, diagnosis.comment, diagnosis.right) = (None, None, None);
        let ladder = Rc::new(Ladder::Locked { text: "Name the rung first.".into() });
        html! { <LadderPane {ladder} wishes={Wishes::none()} {diagnosis} /> }
    });
    assert_eq!(count(&html, "type=\"radio\""), 8);
    assert!(html.contains("<fieldset") && html.contains("<legend"));
    assert!(!html.contains("broke here") && !html.contains("passed"));
    insta::assert_snapshot!(words(&html));
}

#[test]
fn the_table_holds_every_bar_and_mark_of_the_timeline() {
    let timeline = common::timeline();
    let rows: usize = timeline.lanes.iter().map(|lane| lane.bars.len() + lane.marks.len()).sum();
    let table = draw(|| html! { <TimelineTable timeline={Rc::new(common::timeline())} /> });
    assert_eq!(count(&table, "<tr>"), rows + 1);
    let drawn = draw(
        || html! { <Lanes timeline={Rc::new(common::timeline())} at_ms=0 now_ms=46_800_000 width=1200 look={Callback::noop()} /> },
    );
    for lane in &timeline.lanes {
        for text in
            lane.bars.iter().map(|bar| &bar.label).chain(lane.marks.iter().map(|mark| &mark.label))
        {
            assert!(table.contains(text.as_str()) && drawn.contains(text.as_str()), "{text}");
        }
    }
}

#[test]
fn a_workbench_has_no_inline_style_and_one_heading_of_the_first_rank() {
    let html = workbench(common::session());
    assert!(!html.contains(" style="), "the content policy forbids it");
    assert_eq!(count(&html, "<h1"), 1);
    let ids: Vec<&str> =
        html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(ids.len(), unique.len(), "ids occur once");
    insta::assert_snapshot!(words(&html));
}

#[test]
fn looking_back_is_said() {
    assert!(!workbench(common::session()).contains("Back to now"));
    let mut session = common::session();
    session.panes.at_ms = 0;
    session.panes.clock = "T+00:00:00".into();
    let text = words(&workbench(session));
    assert!(text.contains("You are looking at\nT+00:00:00\n, 13 h ago."), "{text}");
}

#[test]
fn a_pass_is_said_where_it_is_seen() {
    let mut session = common::session();
    let mut goals = common::goals();
    (goals.passed, goals.points) = (true, 14);
    goals.rows.iter_mut().for_each(|row| row.state = GoalState::Met);
    session.panes.goals = Some(Rc::new(goals));
    assert!(words(&workbench(session)).contains("All goals are met: 14 of 14 points."));
}

#[test]
fn long_work_can_be_stopped() {
    let mut session = common::session();
    let busy = Busy { what: "Run".into(), progress: Some((3_600_000, 14_400_000)) };
    session.busy = vec![(7, busy)];
    let html = workbench(session);
    assert!(html.contains("value=\"25\"") && words(&html).contains("Stop"), "{html}");
}

#[test]
fn a_workbench_that_waits_has_its_panes_already() {
    let html = workbench(Session::default());
    assert_eq!(count(&html, "aria-busy=\"true\""), 4);
}

#[test]
fn a_lost_engine_is_told_of_in_the_workbench() {
    let mut session = common::session();
    session = session.fold(pullpath_web::session::Msg::Signalled(
        pullpath_web::channel::Signal::Restarting {
            loss: Loss::Stalled,
            dropped: Some(pullpath_view::action::Action::Run),
        },
    ));
    assert!(words(&workbench(session)).contains("“Run” took too long and was stopped. Everything before it is as it was, and nothing you typed is lost."));
}

#[test]
fn the_plain_editor_has_a_name_and_its_text() {
    let html = draw(|| {
        let problems: Vec<Problem> = Vec::new();
        html! { <PlainEditor name="pod.yaml" text="kind: Pod" editable={false} {problems} typed={Callback::noop()} /> }
    });
    assert!(
        html.contains("aria-label=\"pod.yaml, read-only\"")
            && html.contains("readonly")
            && html.contains(">kind: Pod</textarea>"),
        "{html}"
    );
}

#[test]
fn problems_name_place_message_and_hint() {
    let html =
        draw(|| html! { <ProblemList problems={vec![common::problem()]} with_drawing={true} /> });
    insta::assert_snapshot!(words(&html));
}

#[test]
fn markup_in_content_stays_text() {
    for text in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<iframe src=https://evil.example></iframe>",
    ] {
        let html = draw(move || {
            let link = Inline::Link {
                to: "javascript:alert(1)".into(),
                text: vec![Inline::Text(text.into())],
            };
            let blocks = vec![
                Block::Paragraph { text: vec![link, Inline::Code(text.into())] },
                Block::Code { language: text.into(), text: text.into() },
            ];
            html! { <Blocks {blocks} /> }
        });
        assert!(
            !html.contains("<script")
                && !html.contains("<img")
                && !html.contains("<iframe")
                && !html.contains("href"),
            "{html}"
        );
    }
}

fn asked(form: Form, given: Option<Response>, verdict: Option<Verdict>) -> String {
    let prompt = vec![Block::Paragraph { text: vec![Inline::Text("Which?".into())] }];
    let question = Question { id: "q".into(), points: 1, prompt, form };
    draw(move || {
        html! {
            <AskedCard quiz="bank" question={question.clone()} place={(1, 2)} given={given.clone()} verdict={verdict.clone()}
                is_pending=false trouble={None::<AttrValue>} answer={Callback::noop()} />
        }
    })
}

fn options() -> Vec<Choice> {
    let option = |id: &str| Choice { id: id.into(), text: vec![Inline::Text(id.to_uppercase())] };
    ["a", "b", "c"].map(option).into()
}

#[test]
fn every_kind_of_question_is_asked_with_native_controls_in_a_named_group() {
    #[track_caller]
    fn check(form: Form, control: &str, wanted: usize) {
        let html = asked(form, None, None);
        assert_eq!(count(&html, control), wanted, "{html}");
        assert!(html.contains("<legend>Which?</legend>"), "{html}");
        assert!(html.contains(">Check<") && !html.contains("your answer"), "{html}");
    }
    check(Form::Choice { several: false, options: options() }, "type=\"radio\"", 3);
    check(Form::Choice { several: true, options: options() }, "type=\"checkbox\"", 3);
    check(Form::Short, "type=\"text\"", 1);
    let (scenario, about) = ("s".into(), "n/w".into());
    check(Form::Predict { scenario, about, options: options() }, "type=\"radio\"", 3);
    check(Form::Order { items: options() }, "aria-label=\"Move ", 6);
    check(Form::Locate { manifest: "kind: Pod\n\nspec: {}\n".into() }, "type=\"radio\"", 2);
}

#[test]
fn an_answered_question_says_of_each_option_what_it_was() {
    let say = |text: &str| vec![Block::Paragraph { text: vec![Inline::Text(text.into())] }];
    let verdict = Verdict {
        question: "q".into(),
        right: false,
        say: Vec::new(),
        remarks: [("a".to_owned(), say("Not A.")), ("b".to_owned(), say("B it was."))].into(),
        answer: Response::Ids(vec!["b".into()]),
        explanation: say("Because."),
    };
    let form = Form::Choice { several: false, options: options() };
    let html = asked(form, Some(Response::Text("a".into())), Some(verdict));
    assert_eq!(
        words(&html),
        "Question 1 of 2\nWhich?\nA\nyour answer\nNot A.\nB\nright\nB it was.\nC\nNot quite.\nBecause."
    );
    assert!(!html.contains("<input") && !html.contains(">Check<"));
}

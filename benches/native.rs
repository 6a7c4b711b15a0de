//! How fast the engine is, natively. `cargo xtask bench` runs it and compares with another revision.
//!
//! One line for each case: name, then minimum, median and maximum in microseconds, separated by tabs. A case of thousands of Pods
//! runs once; its line has a fifth column, the most memory that the process held, in KiB.

#[path = "native/crowd.rs"]
mod crowd;

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use pullpath_engine::regrade::Regrader;
use pullpath_engine::{Session, view};
use pullpath_lesson::Texts;
use pullpath_lesson::scenario::{Folder, Scenario};
use pullpath_model::time::Span;
use pullpath_view::wire::Query;
use pullpath_view::{Action, Attempt};

const ROUNDS: usize = 15;

fn main() {
    let replicas = |replicas: u32| {
        session("default-serviceaccount", &|texts| {
            let file =
                texts.get_mut("files/deployment.yaml").expect("the scenario has a Deployment");
            *file = file.replace("replicas: 3", &format!("replicas: {replicas}"));
        })
    };
    let (one, ten) = (replicas(1), replicas(10));
    for (name, session) in [("one failing Pod", &one), ("10 failing Pods", &ten)] {
        measure(&format!("13 simulated hours of {name}"), || {
            let mut cluster = session.cluster().clone();
            cluster.run_until(cluster.now() + Span::hours(13));
            black_box(cluster.take_log().len());
        });
    }

    let settled = crowd::Crowd { pods: 500, nodes: 10, image: crowd::GOOD };
    measure("500 Pods to a settled state", || crowd::settle(&settled));
    for pods in [10, 100, 1_000, 10_000] {
        let crowd = crowd::Crowd { pods, nodes: pods.div_ceil(100), image: crowd::MISSING };
        let name = format!("a day of back-off of {pods:>6} Pods on {:>3} nodes", crowd.nodes);
        if wanted(&name) {
            let (micros, most) = crowd::day(&crowd);
            print(&format!("{name}\t{micros}\t{micros}\t{micros}\t{most}"));
        }
    }

    let mut day = ten.clone();
    act(&mut day, Action::OpenLadder);
    act(&mut day, Action::Advance { seconds: 24 * 3600 });
    let mut hour = 0;
    measure("a moment of the past of 24 h with 10 Pods, drawn", || {
        hour = (hour + 7) % 24;
        let query = Query { at_ms: Some(hour * 3_600_000 + 1_800_000), ..Query::default() };
        black_box(view::whole(&day, &query));
    });

    let token = session("thirteen-hour-token", &|_| {});
    let role =
        &token.scenario().text("node-role.yaml").expect("the scenario has a role").to_owned();
    let text = format!("{role}    - arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly\n");
    measure("one edit: applied, run, graded 13 h ahead", || {
        let mut session = token.clone();
        act(&mut session, Action::Edit { file: "node-role.yaml".into(), text: text.clone() });
        act(&mut session, Action::Apply);
        act(&mut session, Action::Run);
        assert!(session.judge().passed, "the edit solves the scenario");
    });

    // Goals in 50 worlds that are drawn anew each time, as by a page that has just opened the scenario.
    let many = || {
        session("default-serviceaccount", &|texts| {
            let file = texts.get_mut("scenario.yaml").expect("a scenario has one");
            *file = file.replacen("    within: 7m", "    within: 7m\n    worlds: 50", 1);
            let file =
                texts.get_mut("files/deployment.yaml").expect("the scenario has a Deployment");
            *file = file.replace("replicas: 3", "replicas: 10");
        })
    };
    let own = many().scenario().text("deployment.yaml").expect("it is there").to_owned();
    let mended =
        own.replacen("    spec:\n", "    spec:\n      serviceAccountName: payment-api-sa\n", 1);
    let play = |session: &mut Session| {
        act(session, Action::Edit { file: "deployment.yaml".into(), text: mended.clone() });
        act(session, Action::Apply);
        act(session, Action::Run);
        assert!(session.judge().passed, "the edit solves the scenario in every world");
    };
    measure("50 worlds of a scenario with 10 Pods, drawn, played and judged", || play(&mut many()));
    let mut drawn = many();
    play(&mut drawn);
    measure("50 worlds of a scenario with 10 Pods, judged again", || {
        assert!(drawn.judge().passed, "the edit solves the scenario in every world");
    });

    let grader = Regrader::new(token.scenario(), None).expect("its history applies");
    let mut number = 0;
    measure("100 different attempts graded again, on one core", || {
        for _ in 0..100 {
            number += 1;
            let text = format!("{text}# {number}\n");
            let edit = Action::Edit { file: "node-role.yaml".into(), text };
            let actions = vec![edit, Action::Apply, Action::Run];
            let attempt = Attempt { actions, ..token.attempt().clone() };
            assert!(grader.grade(&attempt).passed, "the edit solves the scenario");
        }
    });
}

/// Whether the case is wanted: `cargo bench --bench native -- Pods` measures those with "Pods" in the name.
fn wanted(name: &str) -> bool {
    std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).all(|part| name.contains(&part))
}

fn measure(name: &str, mut work: impl FnMut()) {
    if !wanted(name) {
        return;
    }
    work();
    let mut times: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    let (least, middle, most) = (times[0], times[ROUNDS / 2], times[ROUNDS - 1]);
    print(&format!("{name}\t{least}\t{middle}\t{most}"));
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn print(line: &str) {
    println!("{line}");
}

fn act(session: &mut Session, action: Action) {
    session.act(action, &mut |_, _| {}).expect("the action is possible");
}

fn session(id: &str, change: &dyn Fn(&mut Texts)) -> Session {
    let mut texts: Texts = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(id);
    read(&folder, &folder, &mut texts);
    texts.retain(|path, _| !path.starts_with("solutions/") && !path.starts_with("wrong/"));
    change(&mut texts);
    let scenario = Scenario::read(&texts, id, Folder::Played).into_result().expect("it is sound");
    Session::new(Arc::new(scenario)).expect("its history applies")
}

fn read(root: &Path, folder: &Path, texts: &mut Texts) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            read(root, &path, texts);
        } else {
            let name = path
                .strip_prefix(root)
                .expect("it is below the root")
                .to_string_lossy()
                .replace('\\', "/");
            texts.insert(name, fs::read_to_string(&path).expect("it is text"));
        }
    }
}

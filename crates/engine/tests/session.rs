//! Sessions on the scenarios that ship: what a learner can do, what is shown, and that looking back changes nothing.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pullpath_engine::regrade::Regrader;
use pullpath_engine::{Host, Session, answer, view};
use pullpath_lesson::Texts;
use pullpath_lesson::bundle::bundle;
use pullpath_lesson::scenario::{Folder, Scenario, lay_out_quizzes};
use pullpath_model::token::Mint;
use pullpath_view::content::ScenarioBundle;
use pullpath_view::pane::{GoalState, Ladder, RungState, StepState};
use pullpath_view::wire::{Answer, Ask, Query, Request};
use pullpath_view::{Action, Attempt, View};

fn texts(id: &str) -> Texts {
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(id);
    let mut texts = Texts::new();
    walk(&root, root.clone(), &mut texts);
    let (mut quizzes, beside) = (Texts::new(), root.join("../../quizzes"));
    walk(&beside, beside.clone(), &mut quizzes);
    lay_out_quizzes(&mut texts, &mut quizzes.iter());
    texts
}

fn session(id: &str) -> Session {
    played(id, &texts(id))
}

fn played(id: &str, texts: &Texts) -> Session {
    let scenario = Scenario::read(texts, id, Folder::Whole).into_result().unwrap();
    Session::new(Arc::new(scenario)).unwrap()
}

#[track_caller]
fn act(session: &mut Session, action: Action) {
    session.act(action, &mut |_, _| {}).unwrap();
}

fn look(session: &Session) -> View {
    view::whole(session, &Query::default())
}

fn edited(session: &Session, file: &str, from: &str, to: &str) -> Action {
    let files = look(session).files.unwrap();
    let text = files.iter().find(|row| row.name == file).unwrap().text.replace(from, to);
    Action::Edit { file: file.into(), text }
}

fn name_the_account(session: &Session) -> Action {
    let line = "      serviceAccountName: payment-api-sa\n      containers:";
    edited(session, "deployment.yaml", "      containers:", line)
}

/// A scenario with other text in its `scenario.yaml`.
fn changed(id: &str, edits: &[(&str, &str)]) -> Session {
    let mut texts = texts(id);
    let file = texts.get_mut("scenario.yaml").unwrap();
    for (from, to) in edits {
        assert!(file.contains(from), "{from}");
        *file = file.replace(from, to);
    }
    played(id, &texts)
}

#[test]
fn the_world_states_its_release_and_nodes_their_own() {
    let check = |edits: &[(&str, &str)], versions: &str, running: bool| {
        let mut session = changed("free-ride-lost", edits);
        assert_eq!(look(&session).versions, versions, "{edits:?}");
        act(&mut session, Action::Run);
        let state = look(&session).goals.unwrap().rows[0].state;
        assert_eq!(state == GoalState::Met, running, "{edits:?}");
    };
    let shipped = "Kubernetes 1.35 · containerd 2.1.4";
    // KEP-2535 is on from 1.35: before, whoever came to the node could use what was there (P49).
    let world = |to: &str, versions: &str, running: bool| {
        check(&[("  kubernetes: 1.35\n", to)], versions, running);
    };
    world("", shipped, false);
    world("  kubernetes: 1.35.6\n", "Kubernetes 1.35.6 · containerd 2.1.4", false);
    world("  kubernetes: 1.34\n", "Kubernetes 1.34 · containerd 2.1.4", true);
    let node = |extra: &str, versions: &str, running: bool| {
        let to = format!("name: worker-7, {extra}, ");
        // A token with a text that a file of the node can hold too.
        let token = ("issued: -25m,", "issued: -25m, text: morning,");
        check(&[("name: worker-7, ", &to), token], versions, running);
    };
    node("kubernetes: 1.34.2", "Kubernetes 1.35 · kubelet 1.34.2, containerd 2.1.4", true);
    node("kubelet: { imagePullCredentialsVerificationPolicy: NeverVerify }", shipped, true);
    node("kubelet: { featureGates: { KubeletEnsureSecretPulledImages: false } }", shipped, true);
    node("kubelet: { registryPullQPS: 1 }", shipped, false);
    // A login of the node serves every Pod (P35), and so does a plugin's.
    let host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    for (password, running) in [("morning", true), ("evening", false)] {
        let auth = format!("{{ {host}: {{ username: AWS, password: {password} }} }}");
        let file = format!("files: {{ /root/.docker/config.json: {{ auths: {auth} }} }}");
        node(&file, shipped, running);
        let plugin = format!("name: helper, match-images: [{host}], answers: [auth: {auth}]");
        node(&format!("providers: [{{ {plugin} }}]"), shipped, running);
    }
}

#[test]
fn a_look_up_that_fails_is_not_a_pull_that_fails() {
    let check = |id: &str, edits: &[(&str, &str)], want: &str| {
        let mut session = changed(id, edits);
        act(&mut session, Action::Predict { option: "running".into() });
        act(&mut session, Action::Run);
        let prediction = look(&session).guide.unwrap().prediction.unwrap();
        assert_eq!(prediction.outcome.as_deref(), Some(want), "{id} {edits:?}");
    };
    let asks =
        ("\nhints:", "\npredict: { question: What will it do?, about: shop/checkout }\nhints:");
    check("one-bad-secret", &[asks], "look-up-fails");
    // To 1.32 the look-up was a part of the pull.
    check("one-bad-secret", &[asks, ("  seed:", "  kubernetes: 1.32\n  seed:")], "pull-fails");
    check("wrong-type", &[], "pull-fails");
}

#[test]
fn the_first_scenario_can_be_failed_understood_and_solved() {
    let mut session = session("default-serviceaccount");
    let view = look(&session);
    let picture = view.picture.unwrap();
    let pods: Vec<_> = picture.nodes.iter().flat_map(|node| &node.pods).collect();
    assert_eq!(pods.len(), 3);
    assert!(
        pods.iter().all(|pod| pod.status == "ImagePullBackOff" || pod.status == "ErrImagePull")
    );
    assert!(matches!(view.ladder, Some(Ladder::Locked { .. })));
    assert!(picture.path.is_none(), "the lit path would give the diagnosis away");

    act(&mut session, Action::Predict { option: "pull-fails".into() });
    act(&mut session, Action::Run);
    let view = look(&session);
    let goals = view.goals.unwrap();
    assert_eq!(goals.rows[0].state, GoalState::Missed);
    let feedback = goals.rows[0].feedback.as_ref().unwrap();
    assert_eq!(feedback.rung, None, "the rung is not said before the diagnosis");
    assert!(feedback.event.as_ref().unwrap().contains("no basic auth credentials"));
    let prediction = view.guide.unwrap().prediction.unwrap();
    assert_eq!((prediction.locked, prediction.outcome.as_deref()), (true, Some("pull-fails")));
    assert!(session.act(Action::Predict { option: "running".into() }, &mut |_, _| {}).is_err());

    act(&mut session, Action::Diagnose { rung: 3 });
    let view = look(&session);
    assert_eq!(view.guide.unwrap().diagnosis.unwrap().right, Some(true));
    let Some(Ladder::Open { rungs, .. }) = view.ladder else { panic!("the ladder is open now") };
    let failed: Vec<u8> = rungs
        .iter()
        .filter(|rung| rung.state == RungState::Failed)
        .map(|rung| rung.number)
        .collect();
    assert_eq!(failed, [3, 8]);
    assert!(rungs.iter().all(|rung| rung.remedy.is_none()), "the cure waits for the last hint");
    let place = rungs[2].evidence[0].place.as_ref().unwrap();
    assert_eq!(place.0, "deployment.yaml");

    let edit = name_the_account(&session);
    act(&mut session, edit);
    assert!(look(&session).files.unwrap()[0].unapplied);
    act(&mut session, Action::Apply);
    act(&mut session, Action::Run);
    let view = look(&session);
    assert!(view.goals.unwrap().passed);
    assert!(!view.guide.unwrap().explanation.is_empty());
}

#[test]
fn a_fresh_token_takes_the_place_of_the_old_one_and_dies_again() {
    let mut session = session("thirteen-hour-token");
    act(&mut session, Action::Diagnose { rung: 7 });
    let host = look(&session).files.unwrap().iter().find_map(|file| file.token.clone()).unwrap();
    act(&mut session, Action::FreshToken { registry: host, file: Some("pull-secret.yaml".into()) });
    let files = look(&session).files.unwrap();
    let secret = files.iter().find(|file| file.name == "pull-secret.yaml").unwrap();
    assert!(secret.text.contains("${token:fresh-1}") && !secret.text.contains("ecr-old"));
    act(&mut session, Action::Apply);
    act(&mut session, Action::Run);
    let goals = look(&session).goals.unwrap();
    let states: Vec<GoalState> = goals.rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [GoalState::Met, GoalState::Met, GoalState::Missed]);
    assert_eq!(goals.rows[2].feedback.as_ref().unwrap().id.as_deref(), Some("dies-again"));
    assert!(!goals.passed);
}

/// `title state` of each step, and the ids of the goals that are shown.
fn way(session: &Session) -> (Vec<StepState>, Vec<String>) {
    let view = look(session);
    let steps = view.guide.unwrap().steps;
    assert!(steps.iter().all(|step| step.task.is_empty() == (step.state == StepState::ToCome)));
    let goals = view.goals.unwrap().rows.into_iter().map(|row| row.id);
    (steps.into_iter().map(|step| step.state).collect(), goals.collect())
}

#[test]
fn steps_open_one_after_the_other_and_stay_open() {
    use StepState::{Current, Done, ToCome};
    let mut session = session("thirteen-hour-token");
    let hint = |step| Action::Hint { step };
    assert_eq!(way(&session), (vec![Current, ToCome, ToCome], vec!["named".to_owned()]));
    assert!(session.act(hint(1), &mut |_, _| {}).is_err(), "its step has not begun");
    act(&mut session, Action::Diagnose { rung: 4 });
    let named = look(&session).goals.unwrap().rows.remove(0);
    assert_eq!(named.state, GoalState::Missed);
    act(&mut session, Action::Diagnose { rung: 7 });
    assert_eq!(way(&session).0, [Done, Current, ToCome]);
    assert_eq!(look(&session).goals.unwrap().points, 10);
    act(&mut session, hint(1));
    let host = look(&session).files.unwrap().iter().find_map(|file| file.token.clone()).unwrap();
    act(&mut session, Action::FreshToken { registry: host, file: Some("pull-secret.yaml".into()) });
    act(&mut session, Action::Apply);
    assert_eq!(way(&session).0, [Done, Current, ToCome], "nothing is judged before a run");
    act(&mut session, Action::Run);
    let (states, goals) = way(&session);
    assert_eq!((states, goals.len()), (vec![Done, Done, Current], 3));
    assert_eq!(look(&session).guide.unwrap().hints.len(), 0, "the hints are of the open step");
    act(&mut session, Action::Reset);
    assert_eq!(way(&session).0, [Done, Done, Current]);
}

/// A mended Pod waits no more, and where it broke can still be named.
#[test]
fn a_diagnosis_can_come_late() {
    let mut session = session("thirteen-hour-token");
    let role = edited(
        &session,
        "node-role.yaml",
        "AmazonEKSWorkerNodePolicy\n",
        "AmazonEKSWorkerNodePolicy\n    - arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly\n",
    );
    for action in [role, Action::Apply, Action::Run] {
        act(&mut session, action);
    }
    let goals = look(&session).goals.unwrap();
    assert_eq!((goals.points, goals.passed, goals.rows.len()), (90, true, 3));
    act(&mut session, Action::Diagnose { rung: 7 });
    let goals = look(&session).goals.unwrap();
    assert_eq!((goals.points, session.judge().points), (100, 100));
}

#[test]
fn an_attempt_replays_to_the_same_log_and_the_same_view() {
    let mut session = session("thirteen-hour-token");
    let role = edited(
        &session,
        "node-role.yaml",
        "AmazonEKSWorkerNodePolicy\n",
        "AmazonEKSWorkerNodePolicy\n    - arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly\n",
    );
    for action in [role, Action::Apply, Action::Run, Action::Advance { seconds: 13 * 3600 }] {
        act(&mut session, action);
    }
    let json = serde_json::to_string(session.attempt()).unwrap();
    let attempt: Attempt = serde_json::from_str(&json).unwrap();
    let again = Session::replay(Arc::clone(session.scenario()), &attempt, &mut |_, _| {}).unwrap();
    assert_eq!(again.log_text(), session.log_text());
    assert_eq!(look(&again), look(&session));
    assert!(again.judge().passed);
}

#[test]
fn looking_back_shows_what_was_and_changes_nothing() {
    let mut session = session("default-serviceaccount");
    let then = look(&session);
    act(&mut session, Action::Advance { seconds: 6 * 3600 });
    let before = session.log_text();
    let query = Query { at_ms: Some(then.at_ms), ..Query::default() };
    let back = view::whole(&session, &query);
    assert_eq!((back.at_ms, back.clock), (then.at_ms, then.clock));
    assert_eq!(back.events, then.events);
    assert_eq!(back.picture.unwrap().nodes, then.picture.unwrap().nodes);
    assert_eq!(session.log_text(), before);
}

#[test]
fn every_attempt_of_a_pod_can_be_asked_for_its_reasons() {
    let mut session = session("default-serviceaccount");
    act(&mut session, Action::OpenLadder);
    act(&mut session, Action::Advance { seconds: 3600 });
    let Some(Ladder::Open { pulls, thing, .. }) = look(&session).ladder else { panic!("open") };
    assert!(pulls > 10);
    for pull in 1..=pulls {
        let query = Query { pull: Some(pull), selection: Some(thing.clone()), ..Query::default() };
        match view::whole(&session, &query).ladder {
            Some(Ladder::Open { pull: shown, rungs, .. }) => {
                assert_eq!(shown, pull);
                assert_eq!(rungs[6].exchanges.len(), 1, "one HEAD that is answered with 401");
            }
            other => panic!("attempt {pull}: {other:?}"),
        }
    }
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut session = session("default-serviceaccount");
    let (log, attempt) = (session.log_text(), session.attempt().clone());
    for action in [
        Action::Edit { file: "pull-secret.yaml".into(), text: String::new() },
        Action::Edit { file: "nothing.yaml".into(), text: String::new() },
        Action::DeletePod { namespace: "payments".into(), name: "ghost".into() },
        Action::RestartRollout { namespace: "payments".into(), deployment: "ghost".into() },
        Action::FreshToken { registry: "example.com".into(), file: None },
        Action::Diagnose { rung: 9 },
        Action::Advance { seconds: 0 },
        Action::Advance { seconds: u32::MAX },
        Action::Predict { option: "gremlins".into() },
    ] {
        assert!(session.act(action.clone(), &mut |_, _| {}).is_err(), "{action:?}");
    }
    assert_eq!((session.log_text(), session.attempt()), (log, &attempt));
}

#[test]
fn a_broken_file_is_told_with_its_place_and_the_others_are_applied() {
    let mut session = session("default-serviceaccount");
    act(&mut session, Action::Edit { file: "serviceaccount.yaml".into(), text: "kind: [".into() });
    let edit = name_the_account(&session);
    act(&mut session, edit);
    let notices = session.act(Action::Apply, &mut |_, _| {}).unwrap();
    assert!(notices[0].failed);
    assert!(notices[0].text.contains("serviceaccount.yaml:1:"), "{}", notices[0].text);
    assert!(
        notices[0].text.contains("deployment.apps/payment-api configured"),
        "{}",
        notices[0].text
    );
    let files = look(&session).files.unwrap();
    assert!(
        !files.iter().find(|file| file.name == "serviceaccount.yaml").unwrap().problems.is_empty()
    );
}

#[test]
fn hints_come_one_by_one_with_a_try_between() {
    let mut session = session("default-serviceaccount");
    act(&mut session, Action::Hint { step: 0 });
    assert!(session.act(Action::Hint { step: 0 }, &mut |_, _| {}).is_err());
    act(&mut session, Action::Apply);
    act(&mut session, Action::Run);
    act(&mut session, Action::Hint { step: 0 });
    assert_eq!(look(&session).guide.unwrap().hints.len(), 2);
}

#[test]
fn a_reset_brings_the_start_back_and_keeps_the_attempt() {
    let mut session = session("default-serviceaccount");
    let start = look(&session).files;
    let edit = name_the_account(&session);
    for action in [edit, Action::Apply, Action::Run, Action::Reset] {
        act(&mut session, action);
    }
    assert_eq!(look(&session).files, start);
    assert_eq!(session.attempt().actions.len(), 4);
}

/// The page's side of it: deltas leave out what has not changed, and a scrub stays small.
#[test]
fn a_scrub_over_a_day_of_ten_pods_is_small() {
    let mut sources: BTreeMap<String, String> = texts("default-serviceaccount");
    sources.retain(|path, _| !path.starts_with("solutions/") && !path.starts_with("wrong/"));
    let deployment = sources.get_mut("files/deployment.yaml").unwrap();
    *deployment = deployment.replace("replicas: 3", "replicas: 10");
    let mut host = Host::new("b");
    let mut id = 0;
    let mut ask = |host: &mut Host, ask: Ask| {
        id += 1;
        host.answer(Request { id, session: "play".into(), ask }, &mut |_| {}).answer
    };
    let query = Query::default();
    let opened =
        ask(&mut host, Ask::Open { sources, attempt: None, seed: None, query: query.clone() });
    assert!(matches!(opened, Answer::Done { .. }), "{opened:?}");
    for action in [Action::OpenLadder, Action::Advance { seconds: 24 * 3600 }] {
        ask(&mut host, Ask::Act { action, query: query.clone() });
    }
    for hour in 0..24 {
        let query = Query { at_ms: Some(hour * 3_600_000 + 12_345), ..Query::default() };
        let answer = ask(&mut host, Ask::View { query });
        let bytes = serde_json::to_string(&answer).unwrap().len();
        assert!(bytes <= 64 << 10, "hour {hour}: {bytes} bytes");
        let Answer::View { view } = answer else { panic!("a view was asked for") };
        assert!(view.files.is_none() && view.guide.is_none(), "these have not changed");
    }
}

#[test]
fn a_worker_of_another_build_says_so() {
    let mut host = Host::new("new");
    let request =
        Request { id: 1, session: "play".into(), ask: Ask::Hello { build: "old".into() } };
    let answer = host.answer(request, &mut |_| {}).answer;
    assert_eq!(answer, Answer::WrongBuild { build: "new".into() });
}

/// Every scenario in every state that its answers bring it to: no pane, no log, no attempt and no report holds the text of
/// a token, or a registry's password. The files are the learner's own.
#[test]
fn nothing_that_is_shown_holds_a_secret() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut ids: Vec<String> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    ids.sort();
    let mut looked = 0;
    for id in ids {
        let scenario = Scenario::read(&texts(&id), &id, Folder::Whole).into_result().unwrap();
        let scenario = Arc::new(scenario);
        let answers = scenario
            .solutions()
            .iter()
            .map(|one| &one.answer)
            .chain(scenario.wrong().iter().map(|wrong| &wrong.answer));
        for answer in answers {
            let Ok(mut session) = pullpath_engine::answer::play(&scenario, answer) else {
                continue;
            };
            act(&mut session, Action::OpenLadder);
            let mut told = session.log_text();
            let pods: Vec<String> = look(&session)
                .picture
                .unwrap()
                .nodes
                .iter()
                .flat_map(|node| node.pods.iter().map(|pod| pod.id.clone()))
                .collect();
            for selection in pods {
                for pull in [Some(1), None] {
                    let selection = Some(selection.clone());
                    let query = Query { selection, pull, ..Query::default() };
                    let view = View { files: None, brief: None, ..view::whole(&session, &query) };
                    told += &serde_json::to_string(&view).unwrap();
                    looked += 1;
                }
            }
            // However a token of ECR was got, it begins like this.
            assert!(!told.contains("eyJwYXlsb2FkIjoi"), "{id}: a token of ECR");
            let world = scenario.world();
            let mint = Mint::new(world);
            let tokens = mint.tokens().map(|token| token.text.clone());
            let users = world.registries.values().flat_map(|registry| registry.users.values());
            for secret in tokens.chain(users.map(|user| user.password.clone())) {
                let text = secret.reveal();
                assert!(text.is_empty() || !told.contains(text), "{id}: {text}");
            }
        }
    }
    assert!(looked > 100, "only {looked} looks");
}

/// Another seed draws other names, an attempt carries the seed, and grading plays it as it was drawn.
#[test]
fn an_attempt_is_graded_as_it_was_drawn() {
    let base = session("wrong-type");
    let base = base.scenario();
    let own = base.drawn().iter().map(|(_, value)| value.to_owned()).collect::<Vec<_>>();
    let seed = (0..50).find(|seed| base.would_draw(*seed) != *base.drawn()).unwrap();
    let drawn = Arc::new(base.redrawn(seed).unwrap());
    assert_eq!((drawn.world().seed, drawn.content()), (seed, base.content()));
    let [solution, ..] = drawn.solutions() else { panic!("there are solutions") };
    let played = answer::play(&drawn, &solution.answer).unwrap();
    let attempt = played.attempt();
    assert_eq!((attempt.seed, played.judge().passed), (seed, true));
    let grader = Regrader::new(base, Some(99)).unwrap();
    assert!(grader.grade(attempt).passed);
    assert!(!grader.grade(&Attempt { seed: base.world().seed, ..attempt.clone() }).passed);
    // Nothing of the text is left to be filled, whoever looks.
    let view = serde_json::to_string(&look(&played)).unwrap();
    assert!(!view.contains("${param:"));
    assert!(drawn.drawn().iter().map(|(_, value)| value.to_owned()).ne(own));
}

fn open_here(sources: &Texts, seed: u64) -> Request {
    let (sources, query) = (sources.clone(), Query::default());
    let ask = Ask::Open { sources, attempt: None, seed: Some(seed), query };
    Request { id: 1, session: "s".into(), ask }
}

/// The engine that has only the blocks of a bundle reads the same, in every draw.
#[test]
fn a_bundle_draws_what_its_folder_draws() {
    let texts = texts("wrong-type");
    let whole: Texts =
        texts.iter().map(|(path, text)| (format!("s/wrong-type/{path}"), text.clone())).collect();
    let files = bundle(&whole).into_result().unwrap();
    let json = &files.iter().find(|(name, _)| name.starts_with("wrong-type")).unwrap().1;
    let bundle: ScenarioBundle = serde_json::from_str(json).unwrap();
    assert!(bundle.brief.is_empty(), "it comes with the attempt");
    for seed in 0..4 {
        let open = |sources: &Texts| {
            let (sources, query) = (sources.clone(), Query::default());
            let ask = Ask::Open { sources, attempt: None, seed: Some(seed), query };
            Request { id: 1, session: "s".into(), ask }
        };
        let mut folder = texts.clone();
        folder.retain(|path, _| !path.starts_with("solutions/") && !path.starts_with("wrong/"));
        let played = Host::of_bundles("test").answer(open(&bundle.sources), &mut |_| {}).answer;
        let read = Host::new("test").answer(open_here(&folder, seed), &mut |_| {}).answer;
        let (Answer::Done { view, attempt, .. }, Answer::Done { view: other, .. }) = (played, read)
        else {
            panic!("both open")
        };
        assert_eq!(view, other);
        assert_eq!(attempt.seed, seed);
    }
}

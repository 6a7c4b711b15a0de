//! The checks of goals, each met and missed by what a learner does.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_engine::regrade::Regrader;
use pullpath_engine::{Session, answer, view};
use pullpath_lesson::Texts;
use pullpath_lesson::command;
use pullpath_lesson::grade::Verdict;
use pullpath_lesson::scenario::{Answer, Folder, Scenario, ScenarioFile};
use pullpath_view::Action;
use pullpath_view::wire::Query;

const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

/// A scenario that ships mended: one Pod of `web` pulls with `login`, the nodes could pull by themselves, and one goal asks.
fn scenario(check: &str, more: &str) -> Arc<Scenario> {
    scenario_of(
        check,
        more,
        &web(&format!("{HOST}/web:1.0"), "imagePullSecrets: [{ name: login }]"),
    )
}

/// The same with another text in `web.yaml`.
fn scenario_of(check: &str, more: &str, web: &str) -> Arc<Scenario> {
    read(check, more, web).unwrap_or_else(|told| panic!("{told}"))
}

/// The scenario, or what is told about it.
fn read(check: &str, more: &str, web: &str) -> Result<Arc<Scenario>, String> {
    let within =
        if ["running", "fresh-pod", "survives", "pulled"].iter().any(|of| check.contains(of)) {
            "    within: 7m\n"
        } else {
            ""
        };
    let text = format!(
        "format: 1
id: checks
title: Checks
summary: One goal.
topic: Checks
difficulty: easy
minutes: 3
version: 1
ladder: open
world:
  start: 2026-03-02T09:00:00Z
  seed: 7
  from: -10m
  registries:
    {HOST}: {{ kind: ecr, repositories: {{ web: {{ \"1.0\": 8MiB }} }} }}
    registry.example.com: {{ kind: basic, repositories: {{ web: {{ \"1.0\": 8MiB }} }}, users: {{ shop: s3al-and-l0ck }} }}
  roles:
    nodes: {{ policies: [arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly] }}
  tokens:
    ecr: {{ registry: {HOST}, issued: -1h, role: nodes }}
  fresh-token-role: nodes
  nodes:
    - {{ name: node-1, containerd: 2.1.4, role: nodes, providers: [ecr-credential-provider] }}
files:
  - {{ name: web.yaml, edit: true }}
  - {{ name: login.yaml, edit: true }}
  - {{ name: extra.yaml, edit: {{ after: \"# yours\" }} }}
history:
  - {{ at: -9m, apply: [extra.yaml, login.yaml, web.yaml] }}
goals:
  - id: goal
    title: The goal
    points: 10
    check: {check}
{within}    holds-at-start: true
    feedback:
      - {{ id: secret-found, when: {{ object: secret }}, say: \"It is {{object}}.\" }}
      - {{ id: other, say: \"By {{object}}.\" }}
{more}hints: [Look., {{ text: Look again., penalty: 3 }}]
explanation: explanation.md
solutions: [any]
"
    );
    let mut texts: Texts = [
        ("scenario.yaml", text.as_str()),
        ("brief.md", "Checks.\n"),
        ("explanation.md", "Checks.\n"),
        ("files/web.yaml", web),
        ("files/login.yaml", &login("shop")),
        (
            "files/extra.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: spare }\n# yours\n",
        ),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .collect();
    texts.retain(|path, _| !path.is_empty());
    let checked = Scenario::read(&texts, "checks", Folder::Played);
    let drawn: Vec<String> = checked.diagnostics.iter().map(|told| told.draw(&texts)).collect();
    checked.value.map(Arc::new).ok_or_else(|| drawn.join("\n"))
}

fn web(image: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web, namespace: shop }}
spec:
  replicas: 1
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec:
      {spec}
      containers:
        - {{ name: web, image: \"{image}\" }}
"
    )
}

fn login(namespace: &str) -> String {
    format!(
        "apiVersion: v1
kind: Secret
metadata: {{ name: login, namespace: {namespace} }}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{{\"auths\":{{\"https://{HOST}\":{{\"username\":\"AWS\",\"password\":\"${{token:ecr}}\"}}}}}}'
"
    )
}

fn play(scenario: &Arc<Scenario>, files: &[(&str, &str)], commands: &str) -> Session {
    let mut told = Vec::new();
    let commands = command::read("commands.sh", commands, &mut told);
    assert_eq!(told, []);
    let files: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let answer = Answer { name: "test".to_owned(), files, commands };
    answer::play(scenario, &answer).unwrap_or_else(|why| panic!("{why}"))
}

/// What the one goal comes to: `met`, or the feedback and its text.
fn judged(verdict: &Verdict) -> String {
    let goal = &verdict.goals[0];
    let Some(miss) = &goal.miss else { return "met".to_owned() };
    let said = serde_json::to_string(&miss.say).expect("blocks are JSON");
    let said = said.split("\"text\":\"").nth(1).and_then(|rest| rest.split('"').next());
    format!("{}: {}", miss.feedback.as_deref().unwrap_or("none"), said.unwrap_or_default())
}

#[track_caller]
fn check(check: &str, files: &[(&str, &str)], commands: &str, want: &str) {
    let scenario = scenario(check, "");
    assert_eq!(judged(&play(&scenario, files, commands).judge()), want, "{check}");
}

const APPLY: &str = "kubectl apply -f .\n";
const RESTART: &str = "kubectl apply -f .\nkubectl rollout restart deployment/web -n shop\n";

#[test]
fn how_images_came() {
    let of = |how: &str| format!("{{ pulled: {{ deployment: shop/web, {how} }} }}");
    let by_node = web(&format!("{HOST}/web:1.0"), "terminationGracePeriodSeconds: 1");
    let elsewhere = web("registry.example.com/web:1.0", "imagePullSecrets: [{ name: login }]");
    check(&of("with: secret"), &[], APPLY, "met");
    check(&of("secret: login"), &[], APPLY, "met");
    check(&of("secret: other"), &[], APPLY, "other: By deployment.apps/web.");
    check(&of("with: provider"), &[], APPLY, "other: By deployment.apps/web.");
    check(&of(&format!("from: {HOST}")), &[], APPLY, "met");
    check(&of("from: registry.example.com"), &[], APPLY, "other: By deployment.apps/web.");
    // The image lies on the node, and this Pod has not the Secret that it was pulled with: so it pulls in its own way.
    check(&of("with: provider"), &[("web.yaml", &by_node)], APPLY, "met");
    // One that has it pulls nothing, which shows nothing.
    check(&of("with: secret"), &[], RESTART, "other: By deployment.apps/web.");
    let scenario = scenario(&of("from: registry.example.com"), "");
    let missed = judged(&play(&scenario, &[("web.yaml", &elsewhere)], APPLY).judge());
    assert!(missed.starts_with("other: By pod/web-"), "{missed}");
}

#[test]
fn what_a_workload_lives_through() {
    let of = |trial: &str| format!("{{ survives: {{ deployment: shop/web, trial: {trial} }} }}");
    let by_node = web(&format!("{HOST}/web:1.0"), "terminationGracePeriodSeconds: 1");
    // What lies on the node, for whoever shows the Secret that it was pulled with.
    let never = web(&format!("{HOST}/web:1.0"), "imagePullSecrets: [{ name: login }]")
        .replace("image:", "imagePullPolicy: Never, image:");
    check(&of("restart"), &[], APPLY, "met");
    check(&of("restart"), &[("web.yaml", &never)], APPLY, "met");
    check(&of("scale-out"), &[], APPLY, "met");
    let missed = |trial: &str, text: &str| {
        judged(&play(&scenario(&of(trial), ""), &[("web.yaml", text)], APPLY).judge())
    };
    // A new node does not have what lay on the old one.
    let scaled = missed("scale-out", &never);
    assert!(scaled.starts_with("other: By pod/web-"), "{scaled}");
    check(&of("rotation"), &[("web.yaml", &by_node)], APPLY, "met");
    // The nodes of this world have a login of their own, which serves when the one that was written down is dead.
    check(&of("rotation"), &[], APPLY, "met");
    let only_written = "aws ecr get-login-password --region eu-central-1\nkubectl apply -f .\n";
    check(&of("rotation"), &[], only_written, "met");
}

#[test]
fn who_uses_a_secret() {
    let of = |only: &str| format!("{{ secret-users: {{ secret: shop/login, only: [{only}] }} }}");
    check(&of("deployment/web"), &[], APPLY, "met");
    check(&of("serviceaccount/web"), &[], APPLY, "other: By deployment.apps/web -n shop.");
    let account = "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: spare }\n# yours\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: default, namespace: shop }\nimagePullSecrets: [{ name: login }]\n";
    check(
        &of("deployment/web"),
        &[("extra.yaml", account)],
        APPLY,
        "other: By serviceaccount/default -n shop.",
    );
    check(&of("deployment/web, serviceaccount/default"), &[("extra.yaml", account)], APPLY, "met");
    // A Pod that stands alone uses what its account gives it, and is listed by that account.
    let pod = format!(
        "{account}---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: debug, namespace: shop }}\nspec:\n  containers: [{{ name: web, image: \"{HOST}/web:1.0\" }}]\n"
    );
    let own = pod.replace("spec:\n", "spec:\n  imagePullSecrets: [{ name: login }]\n");
    check(&of("deployment/web, serviceaccount/default"), &[("extra.yaml", &pod)], APPLY, "met");
    check(
        &of("deployment/web, serviceaccount/default"),
        &[("extra.yaml", &own)],
        APPLY,
        "other: By pod/debug -n shop.",
    );
}

/// A workload of a kind, with this in the `spec` of its template.
fn workload(kind: &str, spec: &str) -> String {
    let template = |restart: &str| {
        format!(
            "{{ metadata: {{ labels: {{ app: other }} }}, spec: {{ restartPolicy: {restart}, {spec} }} }}"
        )
    };
    let selector = "selector: { matchLabels: { app: other } }";
    let (group, rest) = match kind {
        "Job" => ("batch/v1", format!("{{ template: {} }}", template("Never"))),
        "CronJob" => {
            let job = format!("{{ spec: {{ template: {} }} }}", template("OnFailure"));
            ("batch/v1", format!("{{ schedule: \"3 * * * *\", jobTemplate: {job} }}"))
        }
        "DaemonSet" => ("apps/v1", format!("{{ {selector}, template: {} }}", template("Always"))),
        _ => {
            ("apps/v1", format!("{{ replicas: 2, {selector}, template: {} }}", template("Always")))
        }
    };
    let head = "metadata: { name: other, namespace: shop }";
    format!("apiVersion: {group}\nkind: {kind}\n{head}\nspec: {rest}\n")
}

const KINDS: [&str; 6] = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// Every kind of workload, in every way in which a Pod can use a Secret.
#[test]
fn every_workload_that_uses_a_secret_is_told() {
    let base = "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: spare }\n# yours\n---\n";
    let one = |more: &str| format!("containers: [{{ name: c, image: \"{HOST}/web:1.0\"{more} }}]");
    let ways = [
        format!("imagePullSecrets: [{{ name: login }}], {}", one("")),
        one(
            ", env: [{ name: A, valueFrom: { secretKeyRef: { name: login, key: k, optional: true } } }]",
        ),
        one(", envFrom: [{ secretRef: { name: login } }]"),
        format!("volumes: [{{ name: v, secret: {{ secretName: login }} }}], {}", one("")),
        format!(
            "volumes: [{{ name: v, projected: {{ sources: [{{ secret: {{ name: login }} }}] }} }}], {}",
            one("")
        ),
        format!(
            "initContainers: [{{ name: i, image: \"{HOST}/web:1.0\", envFrom: [{{ secretRef: {{ name: login }} }}] }}], {}",
            one("")
        ),
    ];
    let harmless = format!(
        "imagePullSecrets: [{{ name: log }}], volumes: [{{ name: login, emptyDir: {{}} }}], {}",
        one(", env: [{ name: login, value: login }]")
    );
    let check = "{ secret-users: { secret: shop/login, only: [deployment/web] } }";
    let scenario = scenario(check, "");
    let judged = |text: &str| {
        let extra = format!("{base}{text}");
        judged(&play(&scenario, &[("extra.yaml", &extra)], APPLY).judge())
    };
    for kind in KINDS {
        let told = judged(&workload(kind, &harmless));
        assert_eq!(told, "met", "{kind}");
        for way in &ways {
            let told = judged(&workload(kind, way));
            let want = format!("other: By {}", kind.to_lowercase());
            assert!(
                told.starts_with(&want) && told.ends_with("other -n shop."),
                "{kind} {way}: {told}"
            );
        }
    }
}

/// What makes Pods comes through or does not, whatever kind it is of; so does a fresh Pod of its template.
#[test]
fn every_kind_of_workload_can_be_asked_for() {
    let spec = |tag: &str| {
        format!(
            "imagePullSecrets: [{{ name: login }}], containers: [{{ name: c, image: \"{HOST}/web:{tag}\" }}]"
        )
    };
    for kind in KINDS {
        let word = kind.to_lowercase();
        let (good, bad) = (workload(kind, &spec("1.0")), workload(kind, &spec("9.9")));
        for check in [
            format!("{{ running: {{ workload: {word}/shop/other }} }}"),
            format!("{{ pulled: {{ workload: {word}/shop/other, from: {HOST} }} }}"),
            format!("{{ fresh-pod: {{ like: {word}/shop/other }} }}"),
            format!("{{ survives: {{ workload: {word}/shop/other, trial: rotation }} }}"),
        ] {
            // A token that was taken back is no login; the node has its own, and needs no Secret.
            let scenario = scenario_of(&check, "", &good);
            let verdict = judged(&play(&scenario, &[], APPLY).judge());
            assert_eq!(verdict, "met", "{check}");
            // The template of a Job that is there cannot be changed, so it starts with the bad one.
            let scenario = scenario_of(&check, "", &bad);
            let verdict = judged(&play(&scenario, &[], APPLY).judge());
            assert!(verdict.starts_with("other: By pod/other"), "{check}: {verdict}");
        }
    }
    for (kind, trial, can) in [
        ("StatefulSet", "restart", true),
        ("DaemonSet", "restart", true),
        ("StatefulSet", "scale-out", true),
        ("ReplicaSet", "scale-out", true),
        ("Job", "restart", false),
        ("CronJob", "scale-out", false),
        ("DaemonSet", "scale-out", false),
    ] {
        let word = kind.to_lowercase();
        let check = format!("{{ survives: {{ workload: {word}/shop/other, trial: {trial} }} }}");
        let good = workload(kind, &spec("1.0"));
        match read(&check, "", &good) {
            Ok(scenario) => {
                assert!(can, "{check}");
                assert_eq!(judged(&play(&scenario, &[], APPLY).judge()), "met", "{check}");
            }
            Err(told) => assert!(!can && told.contains("[bad-trial]"), "{check}: {told}"),
        }
    }
}

#[test]
fn where_logins_lie() {
    let of = |host: &str, namespaces: &str| {
        format!("{{ credentials-only-in: {{ registry: {host}, namespaces: [{namespaces}] }} }}")
    };
    check(&of(HOST, "shop"), &[], APPLY, "met");
    check(&of(HOST, ""), &[], APPLY, "secret-found: It is secret/login -n shop.");
    check(&of("registry.example.com", ""), &[], APPLY, "met");
    let both = login("shop") + "---\n" + &login("spare");
    check(
        &of(HOST, "shop"),
        &[("login.yaml", &both)],
        APPLY,
        "secret-found: It is secret/login -n spare.",
    );
    // A Secret of another type is no pull secret.
    let opaque = login("shop")
        + "---\n"
        + &login("spare").replace("kubernetes.io/dockerconfigjson", "Opaque");
    check(&of(HOST, "shop"), &[("login.yaml", &opaque)], APPLY, "met");
}

#[test]
fn nothing_in_plain_text() {
    let of = "{ no-plain-text: true }";
    check(of, &[], APPLY, "met");
    for value in ["${token:ecr}", "s3al-and-l0ck", "c2hvcDpzM2FsLWFuZC1sMGNr"] {
        let text = web(&format!("{HOST}/web:1.0"), "imagePullSecrets: [{ name: login }]")
            .replace("image:", &format!("env: [{{ name: LOGIN, value: \"{value}\" }}], image:"));
        check(of, &[("web.yaml", &text)], APPLY, "other: By deployment.apps/web -n shop.");
    }
}

#[test]
fn what_was_not_done() {
    let of = "{ not-done: [delete-pod, restart-rollout, fresh-token, login.yaml] }";
    let other = login("shop") + "# more\n";
    check(of, &[], APPLY, "met");
    check(of, &[], "kubectl delete pod -n shop --all\n", "other: By delete-pod.");
    check(of, &[], RESTART, "other: By restart-rollout.");
    check(of, &[], "aws ecr get-login-password --region eu-central-1\n", "other: By fresh-token.");
    check(of, &[("login.yaml", &other)], APPLY, "other: By login.yaml.");
    check("{ not-done: [fresh-token] }", &[("login.yaml", &other)], RESTART, "met");

    // What was done before a reset is undone, and a file that is as it was is not changed.
    let scenario = scenario(of, "");
    let mut session = play(&scenario, &[("login.yaml", &other)], RESTART);
    let mut act = |action: Action| session.act(action, &mut |_, _| {}).map(drop);
    act(Action::Reset).expect("a reset can be done");
    act(Action::Apply).expect("so can this");
    assert_eq!(judged(&session.judge()), "met");
}

#[test]
fn what_is_forbidden_is_refused() {
    let scenario = scenario("{ no-plain-text: true }", "forbid: [restart-rollout]\n");
    let mut session = Session::new(scenario).expect("it begins");
    let mut act = |action: Action| session.act(action, &mut |_, _| {});
    let restart = Action::RestartRollout { namespace: "shop".into(), deployment: "web".into() };
    assert_eq!(
        act(restart).map(drop),
        Err("this scenario asks you to do without `restart-rollout`".to_owned())
    );
    // Only what stands below its line can be changed in this file.
    let edit = |text: &str| Action::Edit { file: "extra.yaml".into(), text: text.into() };
    let shipped = "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: spare }\n# yours\n";
    act(edit(&format!("{shipped}---\n"))).expect("below the line");
    let refused = act(edit("apiVersion: v1\n")).map(drop);
    assert_eq!(
        refused,
        Err("only line 9 of `extra.yaml` can be edited in this scenario".to_owned())
    );
}

#[test]
fn hints_cost_points_and_never_a_pass() {
    let scenario = scenario("{ no-plain-text: true }", "");
    let mut session = Session::new(scenario).expect("it begins");
    let mut points = Vec::new();
    for action in [Action::Hint { step: 0 }, Action::Apply, Action::Run, Action::Hint { step: 0 }] {
        session.act(action, &mut |_, _| {}).expect("it can be done");
        let verdict = session.judge();
        points.push((verdict.points, verdict.passed));
    }
    assert_eq!(points, [(10, true), (10, true), (10, true), (7, true)]);
}

/// A try that brings no goal further costs from the second on, what is done costs each time, and grading comes to the same.
#[test]
fn fruitless_tries_and_actions_cost_points() {
    let scenario = scenario(
        "{ running: { deployment: shop/web } }",
        "penalties: { try: 2, restart-rollout: 3 }\n",
    );
    let web = |image: &str| Action::Edit {
        file: "web.yaml".into(),
        text: web(&format!("{HOST}/web:{image}"), "imagePullSecrets: [{ name: login }]"),
    };
    let (namespace, deployment) = ("shop".into(), "web".into());
    let actions = [
        web("2.0"),
        Action::Apply,
        Action::Run,
        web("3.0"),
        Action::Apply,
        Action::Run,
        Action::RestartRollout { namespace, deployment },
        Action::Advance { seconds: 1 },
        Action::Run,
        web("1.0"),
        Action::Apply,
        Action::Run,
    ];
    let mut session = Session::new(Arc::clone(&scenario)).expect("it begins");
    let grader = Regrader::new(&scenario, None).expect("it begins");
    let mut told = Vec::new();
    for action in actions {
        session.act(action, &mut |_, _| {}).expect("it can be done");
        let judged = session.judge();
        assert_eq!(grader.grade(session.attempt()), judged, "as when it is graded");
        let goals = view::whole(&session, &Query::default()).goals.expect("there are goals");
        told.push((goals.taken_off.join(", "), judged.points, judged.passed));
    }
    let after_runs: Vec<_> = [2, 5, 7, 8, 11].map(|at| told[at].clone()).into();
    let of = |text: &str, points, passed| (text.to_owned(), points, passed);
    assert_eq!(
        after_runs,
        [
            of("", 0, false),
            of("\u{2212}2 points: 2 tries that brought no goal further", 0, false),
            of(
                "\u{2212}4 points: 3 tries that brought no goal further, \u{2212}3 points: actions",
                0,
                false
            ),
            of(
                "\u{2212}4 points: 3 tries that brought no goal further, \u{2212}3 points: actions",
                0,
                false
            ),
            of(
                "\u{2212}4 points: 3 tries that brought no goal further, \u{2212}3 points: actions",
                3,
                true
            ),
        ]
    );
}

/// A closed line below what may be changed stays a line of its own.
#[test]
fn what_can_be_edited_are_whole_lines() {
    let file = ScenarioFile {
        name: "a.yaml".into(),
        edit: true,
        keep: ("a: 1\n".into(), "c: 3\n".into()),
        text: "a: 1\nb: 2\nc: 3\n".into(),
        span: 0..0,
    };
    let check = |text: &str, may| assert_eq!(file.may_become(text), may, "{text:?}");
    check("a: 1\nc: 3\n", true);
    check("a: 1\nb: 2\nd: 4\nc: 3\n", true);
    check("a: 1\nb: 2c: 3\n", false);
    check("a: 1\n# c: 3\n", false);
    check("a: 1\n", false);
    check("b: 2\nc: 3\n", false);
}

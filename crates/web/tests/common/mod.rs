//! A workbench as the engine would fill it: three Pods of `payment-api` that cannot pull, thirteen hours in.

use std::rc::Rc;

use pullpath_view::action::{Action, Attempt};
use pullpath_view::block::{Block, Inline};
use pullpath_view::message::{Explained, Meaning, Possible};
use pullpath_view::pane::{
    Bar, Diagnosis, EventRow, Evidence, Exchange, Feedback, FileRow, GoalRow, GoalState, Goals,
    Guide, Ladder, Lane, Link, Mark, NamespaceBox, NodeBox, Picture, Prediction, PullPath, Rung,
    RungState, Thing, Timeline, Tone, Verb, View,
};
use pullpath_view::wire::{Notice, Problem};
use pullpath_web::session::{Session, Stage};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

fn thing(kind: &str, id: &str, status: &str, tone: Tone, facts: &[(&str, &str)]) -> Thing {
    let name = id.rsplit('/').next().expect("a split has a last part");
    Thing {
        id: id.into(),
        kind: kind.into(),
        name: name.into(),
        status: status.into(),
        tone,
        facts: facts.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        command: format!("kubectl describe {} {name} -n payments", kind.to_lowercase()),
        verbs: Vec::new(),
    }
}

fn pod(name: &str) -> Thing {
    let image = format!("{HOST}/payments/payment-api:3.0.0");
    let facts = [
        ("image", image.as_str()),
        ("serviceAccountName", "default"),
        ("imagePullSecrets", "absent"),
        ("restarts", "0"),
    ];
    let mut pod =
        thing("Pod", &format!("pod/payments/{name}"), "ImagePullBackOff", Tone::Bad, &facts);
    pod.verbs = vec![Verb {
        label: "Delete Pod".into(),
        action: Action::DeletePod { namespace: "payments".into(), name: name.into() },
    }];
    pod
}

fn prose(text: &str) -> Block {
    Block::Paragraph { text: vec![Inline::Text(text.into())] }
}

/// The cluster with the path of one pull in it.
pub(crate) fn picture() -> Picture {
    let mut deployment = thing(
        "Deployment",
        "deployment/payments/payment-api",
        "0 of 3 ready",
        Tone::Bad,
        &[("replicas", "3")],
    );
    deployment.verbs = vec![Verb {
        label: "Restart rollout".into(),
        action: Action::RestartRollout {
            namespace: "payments".into(),
            deployment: "payment-api".into(),
        },
    }];
    Picture {
        namespaces: vec![NamespaceBox {
            name: "payments".into(),
            workloads: vec![deployment],
            service_accounts: vec![
                thing("ServiceAccount", "serviceaccount/payments/default", "no pull secret", Tone::Neutral, &[("imagePullSecrets", "none")]),
                thing("ServiceAccount", "serviceaccount/payments/payments-puller", "1 pull secret", Tone::Neutral, &[("imagePullSecrets", "ecr-pull-secret")]),
            ],
            secrets: vec![thing("Secret", "secret/payments/ecr-pull-secret", "valid for 11 h", Tone::Good, &[("type", "kubernetes.io/dockerconfigjson"), ("registry", HOST)])],
        }],
        nodes: vec![NodeBox {
            node: thing("Node", "node/ip-10-0-12-31.eu-central-1.compute.internal", "Ready", Tone::Good, &[("runtime", "containerd 2.1")]),
            pods: ["payment-api-7c9f8d6b5-x2x9z", "payment-api-7c9f8d6b5-kq7tb", "payment-api-7c9f8d6b5-m4wzl"].map(pod).into(),
            images: vec!["registry.k8s.io/pause:3.10.1".into(), format!("{HOST}/payments/sidecar-with-a-rather-long-name:1.4.2")],
        }],
        registries: vec![thing("Registry", &format!("registry/{HOST}"), "private, asks for a token", Tone::Neutral, &[("tokens", "expire after 12 h")])],
        path: Some(PullPath {
            links: vec![
                link("Pod", "payment-api-7c9f8d6b5-x2x9z", Some("pod/payments/payment-api-7c9f8d6b5-x2x9z"), RungState::Passed, "names no secret of its own"),
                link("ServiceAccount", "default", Some("serviceaccount/payments/default"), RungState::Failed, "lists no pull secret"),
                link("Secret", "none", None, RungState::Skipped, "none was looked for"),
                link("keyring", "empty", None, RungState::Skipped, "nothing to try"),
                link("registry", HOST, Some(&format!("registry/{HOST}")), RungState::Skipped, "asked without a password"),
            ],
            sentence: "The pull stopped at ServiceAccount default: it lists no pull secret, so the registry was asked without one.".into(),
        }),
        selected: Some("pod/payments/payment-api-7c9f8d6b5-x2x9z".into()),
    }
}

fn link(stop: &str, name: &str, thing: Option<&str>, state: RungState, label: &str) -> Link {
    Link {
        stop: stop.into(),
        name: name.into(),
        thing: thing.map(str::to_owned),
        state,
        label: label.into(),
    }
}

/// What a pasted message means.
pub(crate) fn meaning() -> Meaning {
    let possible = |what: &str| Possible {
        what: what.into(),
        registries: "Amazon ECR, private".into(),
        runtimes: "containerd 2.1.0 to 2.3.2".into(),
        next: "When the token was made: ECR's live 12 hours.".into(),
        elsewhere: vec![(
            "containerd 2.3.3 and later".into(),
            format!(
                "failed to pull and unpack image \"{HOST}/web:7\": 403 Forbidden\ndenied: too old."
            ),
        )],
    };
    Meaning {
        phrases: vec![(
            "403 Forbidden".into(),
            "The registry knows the login, and refuses.".into(),
        )],
        causes: vec![possible("The token is past its lifetime."), possible("It may not pull.")],
        note: Some("Written by a kubelet up to 1.27.".into()),
    }
}

/// The ladder of that pull, broken at rung 3.
pub(crate) fn ladder() -> Ladder {
    let titles = titles();
    let rung = |n: u8, state: RungState, sentence: &str| Rung {
        number: n,
        title: titles[usize::from(n) - 1].clone(),
        state,
        sentence: sentence.into(),
        evidence: Vec::new(),
        remedy: None,
        exchanges: Vec::new(),
        message: None,
    };
    let mut rungs = vec![
        rung(
            1,
            RungState::Passed,
            &format!("{HOST}/payments/payment-api:3.0.0 is taken as it is written."),
        ),
        rung(
            2,
            RungState::Passed,
            "IfNotPresent, and the image is not on the node: it must be pulled.",
        ),
        rung(
            3,
            RungState::Failed,
            "The Pod lists none, and its ServiceAccount default had none when the Pod was admitted.",
        ),
        rung(4, RungState::Skipped, "There was no Secret to look at."),
        rung(5, RungState::Skipped, "There was no entry to match."),
        rung(6, RungState::Skipped, "No provider is set up on this node."),
        rung(7, RungState::Passed, "One request went out without a password."),
        rung(8, RungState::Failed, "containerd gave up, and the kubelet made ErrImagePull of it."),
    ];
    rungs[2].evidence = vec![
        Evidence {
            object: "pod/payments/payment-api-7c9f8d6b5-x2x9z".into(),
            field: "spec.imagePullSecrets".into(),
            value: "absent".into(),
            place: Some(("deployment.yaml".into(), 14)),
        },
        Evidence {
            object: "serviceaccount/payments/default".into(),
            field: "imagePullSecrets".into(),
            value: "absent".into(),
            place: None,
        },
    ];
    rungs[2].remedy = Some(
        "A pull secret on the ServiceAccount before the Pod is created, or on the Pod itself."
            .into(),
    );
    rungs[6].exchanges = vec![Exchange {
        request: format!("HEAD https://{HOST}/v2/payments/payment-api/manifests/3.0.0"),
        auth: "none".into(),
        status: "401 Unauthorized".into(),
        note: format!(
            "www-authenticate: Basic realm=\"https://{HOST}/\",service=\"ecr.amazonaws.com\""
        ),
    }];
    rungs[7].message = Some(Explained {
        text: format!(
            "failed to pull and unpack image \"{HOST}/payments/payment-api:3.0.0\": no basic auth credentials"
        ),
        writer: "containerd 2.1.4, passed on by the kubelet 1.35".into(),
        phrases: vec![(
            "no basic auth credentials".into(),
            "User name and password were asked for, and there were none to send.".into(),
        )],
        elsewhere: vec![(
            "containerd up to 1.6.24".into(),
            "401 Unauthorized\nin other words".into(),
        )],
    });
    Ladder::Open {
        subject: "payment-api-7c9f8d6b5-x2x9z / app".into(),
        thing: "pod/payments/payment-api-7c9f8d6b5-x2x9z".into(),
        pull: 3,
        pulls: 158,
        when: "T+00:00:40".into(),
        summary: "Rung 3 broke: nobody gave this Pod a pull secret.".into(),
        rungs,
    }
}

pub(crate) fn titles() -> Vec<String> {
    [
        "Image reference",
        "Pull policy and local image",
        "Whose secrets",
        "Each Secret",
        "Entries that match",
        "Credential providers",
        "Credentials tried",
        "What the kubelet made of it",
    ]
    .map(str::to_owned)
    .into()
}

/// Thirteen hours: a token that ran out, three Pods, and what the learner did.
pub(crate) fn timeline() -> Timeline {
    let bar = |from_ms, to_ms, label: &str, tone| Bar { from_ms, to_ms, label: label.into(), tone };
    let mark = |at_ms, label: &str, tone, count| Mark { at_ms, label: label.into(), tone, count };
    let mut lanes = vec![Lane {
        id: "secret/payments/ecr-pull-secret".into(),
        kind: "Token".into(),
        label: "ecr-pull-secret".into(),
        bars: vec![
            bar(-HOUR, 11 * HOUR, "valid", Tone::Good),
            bar(11 * HOUR, 13 * HOUR, "expired", Tone::Bad),
        ],
        marks: vec![mark(-HOUR, "issued", Tone::Neutral, 1)],
    }];
    for name in ["x2x9z", "kq7tb", "m4wzl"] {
        lanes.push(Lane {
            id: format!("pod/payments/payment-api-7c9f8d6b5-{name}"),
            kind: "Pod".into(),
            label: format!("payment-api-7c9f8d6b5-{name}"),
            bars: vec![
                bar(0, 14_000, "ErrImagePull", Tone::Bad),
                bar(14_000, 13 * HOUR, "ImagePullBackOff", Tone::Bad),
            ],
            marks: (0..13)
                .map(|hour| mark(hour * HOUR + 5 * MINUTE, "pull failed", Tone::Bad, 12))
                .collect(),
        });
    }
    lanes.push(Lane {
        id: "you".into(),
        kind: "You".into(),
        label: "You".into(),
        bars: Vec::new(),
        marks: vec![
            mark(0, "Apply", Tone::Neutral, 1),
            mark(10 * MINUTE, "Advance by 13 h", Tone::Neutral, 1),
        ],
    });
    Timeline {
        from_ms: -HOUR,
        to_ms: 13 * HOUR,
        lanes,
        stops: vec![-HOUR, 0, 14_000, 10 * MINUTE, 13 * HOUR],
    }
}

pub(crate) fn events() -> Vec<EventRow> {
    let row = |last_ms: i64, kind: &str, reason: &str, message: String, count, gone| EventRow {
        first: "T+00:00:00".into(),
        last: pullpath_web::text::moment(last_ms),
        last_ms,
        kind: kind.into(),
        reason: reason.into(),
        object: "pod/payment-api-7c9f8d6b5-x2x9z".into(),
        message,
        count,
        from: "kubelet".into(),
        gone,
    };
    let image = format!("{HOST}/payments/payment-api:3.0.0");
    vec![
        row(
            13 * HOUR,
            "Normal",
            "BackOff",
            format!("Back-off pulling image \"{image}\""),
            3421,
            false,
        ),
        row(
            40_000,
            "Warning",
            "Failed",
            format!(
                "Failed to pull image \"{image}\": failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"
            ),
            4,
            true,
        ),
    ]
}

pub(crate) fn goals() -> Goals {
    Goals {
        rows: vec![
            GoalRow {
                id: "running".into(),
                step: 0,
                title: "All three replicas of payment-api are running".into(),
                window: "within 7 min of your last change".into(),
                state: GoalState::Missed,
                points: 8,
                live: "0 of 3 Pods running".into(),
                feedback: Some(Feedback {
                    id: Some("secret-in-another-namespace".into()),
                    text: vec![prose(
                        "The Secret is there, and so is the ServiceAccount that lists it. Which ServiceAccount does the Pod use?",
                    )],
                    object: "pod/payment-api-7c9f8d6b5-x2x9z".into(),
                    event: Some("Error: ImagePullBackOff".into()),
                    rung: Some(3),
                }),
            },
            GoalRow {
                id: "later".into(),
                step: 0,
                title: "A Pod created on a fresh node at T+13 h pulls its image".into(),
                window: "at T+13 h".into(),
                state: GoalState::Open,
                points: 4,
                live: "not judged yet".into(),
                feedback: None,
            },
            GoalRow {
                id: "others".into(),
                step: 0,
                title: "Nothing else in the namespace changed".into(),
                window: "always".into(),
                state: GoalState::Met,
                points: 2,
                live: "as it was".into(),
                feedback: None,
            },
        ],
        points: 2,
        out_of: 14,
        pass: 14,
        ..Goals::default()
    }
}

pub(crate) fn guide() -> Guide {
    Guide {
        prediction: Some(Prediction {
            question: "After Apply, without anything else: what will the three Pods say?".into(),
            options: [("running", "Running"), ("backoff", "ImagePullBackOff"), ("name", "InvalidImageName"), ("unsure", "I don't know")]
                .map(|(id, words)| (id.into(), words.into()))
                .into(),
            chosen: Some("running".into()),
            locked: true,
            outcome: Some("backoff".into()),
            comment: Some("The ServiceAccount was mended, but the Pods were admitted before: they keep what it had then.".into()),
        }),
        diagnosis: Some(Diagnosis {
            rungs: titles(),
            chosen: Some(3),
            comment: Some("That is the rung.".into()),
            right: Some(true),
        }),
        hints: vec![vec![prose("Look at what the Pods say about themselves, not at what the Deployment says.")]],
        more_hints: true,
        hint_cost: 5,
        hints_cost: 10,
        questions: Vec::new(),
        questions_later: 1,
        hint_note: None,
        explanation: Vec::new(),
        last_run: Some("Nothing changed any more but back-off after 40 s; the clock was stopped at T+00:10:00.".into()),
        ..Guide::default()
    }
}

pub(crate) fn problem() -> Problem {
    Problem {
        code: "unknown-field".into(),
        warning: false,
        file: "deployment.yaml".into(),
        line: 15,
        column: 7,
        end_line: 15,
        end_column: 24,
        message: "unknown field `serviceAcountName`".into(),
        hint: Some("did you mean `serviceAccountName`?".into()),
        drawing: " --> deployment.yaml:15:7\n  |\n15|       serviceAcountName: payments-puller\n  |       ^^^^^^^^^^^^^^^^^".into(),
    }
}

pub(crate) fn files() -> Vec<FileRow> {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: payment-api\n  namespace: payments\nspec:\n  replicas: 3\n  selector:\n    matchLabels: {{ app: payment-api }}\n  template:\n    metadata:\n      labels: {{ app: payment-api }}\n    spec:\n      # The puller was made for this.\n      serviceAcountName: payments-puller\n      containers:\n        - name: app\n          image: {HOST}/payments/payment-api:3.0.0\n"
    );
    let file = |name: &str, text: &str, editable: bool| FileRow {
        name: name.into(),
        text: text.into(),
        shipped: String::new(),
        editable,
        problems: Vec::new(),
        unapplied: false,
        token: None,
        token_cost: 0,
        closed: None,
    };
    let mut deployment = file("deployment.yaml", &text, true);
    deployment.problems = vec![problem()];
    deployment.unapplied = true;
    let mut secret = file("secret.yaml", "apiVersion: v1\nkind: Secret\n", true);
    secret.token = Some(HOST.into());
    vec![
        deployment,
        secret,
        file("serviceaccount.yaml", "apiVersion: v1\nkind: ServiceAccount\n", true),
        file("registry.md", "An ECR registry.\n", false),
    ]
}

pub(crate) fn view() -> View {
    View {
        at_ms: 13 * HOUR,
        now_ms: 13 * HOUR,
        from_ms: -HOUR,
        clock: "T+13:00:00".into(),
        wall: "2026-03-02 22:00:00Z".into(),
        versions: "Kubernetes 1.35 · containerd 2.1".into(),
        brief: None,
        goals: Some(goals()),
        files: Some(files()),
        picture: Some(picture()),
        ladder: Some(ladder()),
        timeline: Some(timeline()),
        events: Some(events()),
        guide: Some(guide()),
    }
}

/// A session that was given all of that.
pub(crate) fn session() -> Session {
    let mut session = Session::default();
    session.stage = Stage::Open;
    session.panes.take(view());
    session.attempt = Some(Rc::new(Attempt {
        format: 1,
        scenario: "default-serviceaccount".into(),
        version: 1,
        seed: 7,
        actions: vec![Action::Apply, Action::Run],
        ..Attempt::default()
    }));
    session.notices = vec![
        (1, Notice { command: Some("kubectl apply -f deployment.yaml -f secret.yaml -f serviceaccount.yaml".into()), text: "deployment.apps/payment-api configured\nsecret/ecr-pull-secret unchanged\nserviceaccount/payments-puller unchanged".into(), failed: false }),
        (2, Notice { command: None, text: "Nothing changed any more but back-off; the clock stopped at T+00:10:00.".into(), failed: false }),
    ];
    session
}

pub(crate) fn brief() -> Rc<Vec<Block>> {
    Rc::new(vec![
        prose(
            "The payments team moved payment-api into its own namespace. Since then none of its three Pods has started.",
        ),
        Block::Paragraph {
            text: vec![
                Inline::Text("The Secret was copied over, and a ServiceAccount ".into()),
                Inline::Code("payments-puller".into()),
                Inline::Text(" lists it. Get the Pods running again, in a way that will ".into()),
                Inline::Strong(vec![Inline::Text("last".into())]),
                Inline::Text(".".into()),
            ],
        },
    ])
}

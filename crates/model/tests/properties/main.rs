//! What holds for any sequence of objects and actions and any seed. `PROPTEST_CASES=5000 cargo test -p pullpath-model
//! --test properties` looks longer, and elsewhere.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod pulls;
mod rest;
mod story;
mod watch;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestRunner};
use pullpath_model::cluster::Cluster;
use pullpath_model::event::Reason;
use pullpath_model::log::{Entry, Fact};
use pullpath_model::object::{Key, Kind};
use pullpath_model::time::Span;
use serde_json::json;

use story::{APART, LONELY, Story, lonely_pod, story};
use watch::Watch;

/// By default few, and the same ones each time: `cargo test` takes seconds, and fails only for who broke something.
fn config() -> ProptestConfig {
    // proptest's own default is 256, unless PROPTEST_CASES says otherwise.
    let default = ProptestConfig::default();
    let cases = (default.cases != 256).then_some(default.cases);
    ProptestConfig {
        cases: cases.unwrap_or(16),
        rng_seed: if cases.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) },
        max_shrink_iters: 2000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..default
    }
}

/// Everything that can be seen of a run: its log, its events with their counts, its Pods and objects.
fn seen(cluster: &mut Cluster) -> String {
    let mut seen = text(&cluster.take_log());
    for of in cluster.events() {
        writeln!(seen, "{} {:?}", of.object, of.event).unwrap();
    }
    for pod in cluster.pods() {
        let waiting = pod.waiting().map(|(_, waiting)| waiting);
        let status = cluster.pod_status(&pod.uid);
        writeln!(seen, "{} {} {waiting:?} {status:?}", pod.key, pod.attempts).unwrap();
    }
    for object in cluster.store.all() {
        writeln!(seen, "{}", object.to_value()).unwrap();
    }
    seen
}

fn text(log: &[Entry]) -> String {
    log.iter().fold(String::new(), |text, entry| text + &format!("{entry}\n"))
}

fn whole(story: &Story, cluster: Cluster) -> String {
    let (mut cluster, told) = story.told(cluster);
    told + &seen(&mut cluster)
}

/// Two runs that should not differ; the message is the first line that does.
fn same(one: &str, other: &str) -> Result<(), TestCaseError> {
    let mut lines = one.lines().zip(other.lines());
    let differing = lines.find(|(line, against)| line != against);
    prop_assert_eq!(differing, None);
    prop_assert_eq!(one.lines().count(), other.lines().count(), "one goes on where the other ends");
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    /// Never a panic; time never goes back; status and events agree at every moment.
    #[test]
    fn every_moment_makes_sense(story in story(false)) {
        let mut cluster = story.cluster();
        let mut watch = Watch::default();
        let mut told = String::new();
        for step in &story.steps {
            step.perform(&mut cluster, &mut told);
            watch.look(&mut cluster);
        }
        let end = cluster.now() + Span::hours(1);
        while cluster.step(end) {
            watch.look(&mut cluster);
        }
        prop_assert!(cluster.now() <= end);
    }

    #[test]
    fn a_replay_gives_the_same_bytes(story in story(false)) {
        same(&whole(&story, story.cluster()), &whole(&story, story.cluster()))?;
    }

    /// A checkpoint is a clone. Going on from it is as if nobody had made one, and what is done to it stays with it.
    #[test]
    fn a_checkpoint_run_on_is_the_run_without_it(story in story(false), at in any::<Index>()) {
        let (mut there, mut told) = (story.cluster(), String::new());
        let mut cluster = there.clone();
        let at = at.index(story.steps.len());
        for (index, step) in story.steps.iter().enumerate() {
            if index == at {
                there = cluster.clone();
                // Something else goes on in the run that the checkpoint was taken of.
                cluster.run_until(cluster.now() + Span::hours(9));
                cluster = there.clone();
            }
            step.perform(&mut cluster, &mut told);
        }
        cluster.run_until(cluster.now() + Span::hours(1));
        let restored = told + &seen(&mut cluster);
        same(&restored, &whole(&story, story.cluster()))?;
        for step in &story.steps[at..] {
            step.perform(&mut there, &mut String::new());
        }
    }

    #[test]
    fn skipping_syncs_cannot_be_seen(story in story(false)) {
        let naive = story.cluster().without_fast_forward();
        same(&whole(&story, story.cluster()), &whole(&story, naive))?;
    }

    /// Controllers come to rest: hours after the last change nothing is written any more but what was refused, there are
    /// as many Pods as were asked for, and none of an owner that is gone.
    #[test]
    fn controllers_come_to_rest(story in story(false)) {
        let (mut cluster, _) = story.told(story.cluster());
        // Until then all nodes have come and gone, and the pauses of back-offs have reached their limit.
        cluster.run_until(cluster.now() + Span::hours(9));
        let is_of_cron = |key: &Key| key.kind == Kind::CronJob || key.name.starts_with("it-2");
        cluster.take_log();
        cluster.run_until(cluster.now() + Span::hours(1));
        for entry in cluster.take_log() {
            let refused = matches!(entry.fact, Fact::Event { reason: Reason::FailedCreate, .. });
            prop_assert!(
                entry.about.kind == Kind::Pod || is_of_cron(&entry.about) || refused,
                "written for ever: {}", entry
            );
        }
        rest::check(&cluster)?;
    }

    /// Looking in between, or letting time go in smaller steps, changes nothing.
    #[test]
    fn small_steps_come_to_the_same(story in story(false), step in 1..900i64) {
        let (mut whole, _) = story.told(story.cluster());
        let mut steps = whole.clone();
        let end = whole.now() + Span::hours(2);
        whole.run_until(end);
        while steps.now() < end {
            steps.run_until((steps.now() + Span::seconds(step)).min(end));
        }
        same(&seen(&mut whole), &seen(&mut steps))?;
    }

    /// What is promised: a Pod in a namespace and on a node where no other Pod of the run is changes nothing for the
    /// others' logs. (On the same node it would queue before their pulls, and an image that it brings is there for them.
    /// Resource versions are counted in common, as in etcd.)
    #[test]
    fn one_pod_more_elsewhere_changes_nothing_for_the_others(story in story(true), at in any::<Index>()) {
        let run = |with: bool| {
            let (mut cluster, mut told) = (story.cluster(), String::new());
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": LONELY}});
            cluster.apply(&namespace).unwrap();
            for (index, step) in story.steps.iter().enumerate() {
                if with && index == at.index(story.steps.len()) {
                    cluster.apply(&lonely_pod()).unwrap();
                }
                step.perform(&mut cluster, &mut told);
            }
            cluster.run_until(cluster.now() + Span::hours(1));
            let others: Vec<Entry> = cluster.take_log().into_iter()
                .filter(|entry| &*entry.about.namespace != LONELY)
                .collect();
            text(&others)
        };
        same(&run(false), &run(true))?;
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_pull_that_succeeds_was_shown_a_credential_that_is_good_for_it_then(pulls in pulls::pulls()) {
        pulls::what_comes_through_was_let_through(&pulls)?;
    }
}

/// The same of many worlds at once; and of these enough must pull at all.
#[test]
fn drawn_worlds_do_pull() {
    let mut runner = TestRunner::deterministic();
    let mut came = 0;
    for _ in 0..120 {
        let pulls = pulls::pulls().new_tree(&mut runner).unwrap().current();
        came += pulls::what_comes_through_was_let_through(&pulls).unwrap();
    }
    assert!(came > 80, "only {came} pulls came through");
}

/// A generator that only made dull stories would prove nothing.
#[test]
fn stories_get_everywhere() {
    let want = [
        "Pod gone",
        "event BackOff",
        "event BackoffLimitExceeded",
        "event Completed",
        "event ErrImageNeverPull",
        "event FailedCreate",
        "event FailedToRetrieveImagePullSecret",
        "event InspectFailed",
        "event JobAlreadyActive",
        "event Killing",
        "event Pulled",
        "event SawCompletedJob",
        "event SuccessfulDelete",
        "no-entry-matches",
        "no-secrets-named",
        "node lost",
        "not-found",
        "secret-ignored",
        "secret-missing",
        "secret-undecodable",
        "status Running",
        "status Init:ImagePullBackOff",
        "told configured",
        "told created",
        "told forbidden",
        "told is invalid",
        "told not found",
        "told unchanged",
        "token-expired",
        "unreachable",
    ];
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    // Ends: the rarest of these is met once in some hundred stories.
    for _ in 0..600 {
        if want.iter().all(|word| met.contains(*word)) {
            break;
        }
        let story = story(false).new_tree(&mut runner).unwrap().current();
        let (mut cluster, told) = story.told(story.cluster());
        for entry in cluster.take_log() {
            match entry.fact {
                Fact::Event { reason, .. } => met.insert(format!("event {}", reason.name())),
                Fact::AttemptEnded { failed: Some(cause), .. } => {
                    met.insert(cause.name().to_owned())
                }
                Fact::Status(status) => met.insert(format!("status {status}")),
                Fact::Deleted if entry.about.kind == Kind::Pod => met.insert("Pod gone".into()),
                Fact::NodeLost => met.insert("node lost".into()),
                _ => false,
            };
        }
        for word in ["created", "configured", "unchanged", "forbidden", "not found", "is invalid"] {
            if told.contains(word) {
                met.insert(format!("told {word}"));
            }
        }
    }
    let missing: Vec<&str> = want.into_iter().filter(|word| !met.contains(*word)).collect();
    assert!(missing.is_empty(), "no story came to {missing:?}; they came to {met:?}");
    assert!(
        !story(true)
            .new_tree(&mut runner)
            .unwrap()
            .current()
            .steps
            .iter()
            .any(|step| format!("{step:?}").contains(APART)),
        "nobody else runs there"
    );
}

//! What a Job comes to: when it has failed or is done, what is said of that, and how long it waits between failures.
//! *Sources: kubernetes v1.35.6 pkg/controller/job/{job_controller,backoff_utils,pod_failure_policy,success_policy}.go.*

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::indexes;
use super::job::{INDEX_FAILURES, INDEX_IGNORED, Look};
use super::member::Member;
use super::plain::{self, condition, list, number, set_condition, text};
use crate::cluster::Cluster;
use crate::event::Reason;
use crate::message::controller as words;
use crate::object::Key;
use crate::pod::{ContainerKind, PodRun, State};
use crate::time::{SimTime, Span};

const COMPLETE: &str = "Complete";
const FAILED: &str = "Failed";
const FAILURE_TARGET: &str = "FailureTarget";
const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";
const SUSPENDED: &str = "Suspended";

/// The first pause after a failed Pod, and the longest (DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff).
const FIRST_PAUSE: Span = Span::seconds(10);
const LAST_PAUSE: Span = Span::minutes(10);

/// Failed Pods since the last that came to a good end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Failures {
    count: u32,
    last: Option<SimTime>,
}

impl Failures {
    /// After more Pods have ended at these moments (newBackoffRecord).
    pub(super) fn after(self, succeeded: Option<SimTime>, failed: Vec<SimTime>) -> Self {
        let failed: Vec<SimTime> = match succeeded {
            Some(succeeded) => failed.into_iter().filter(|at| *at > succeeded).collect(),
            None => failed,
        };
        let before = if succeeded.is_some() { Self::default() } else { self };
        let last = failed.iter().copied().max();
        Self { count: before.count + failed.len() as u32, last: last.or(before.last) }
    }

    /// Until when no Pod is created for those that failed.
    pub(super) fn held_until(self) -> Option<SimTime> {
        self.last.map(|last| last + pause_after(self.count))
    }
}

/// 10 s after the first failure, doubling, up to ten minutes.
pub(super) fn pause_after(failures: u32) -> Span {
    let doublings = failures.saturating_sub(1).min(16);
    let pause = Span::millis(FIRST_PAUSE.as_millis() << doublings);
    if failures == 0 { Span::ZERO } else { pause.min(LAST_PAUSE) }
}

/// What has become of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) failed: bool,
    /// Why, as its events say it; of one that is done the reason of the condition.
    reason: Reason,
    /// The reason as the conditions say it.
    word: String,
    message: String,
}

impl Verdict {
    fn failed(reason: Reason, message: String) -> Self {
        Self { failed: true, reason, word: reason.name().into(), message }
    }

    fn done(word: &str, message: String) -> Self {
        Self { failed: false, reason: Reason::Completed, word: word.into(), message }
    }

    /// All that was asked for came to a good end.
    pub(super) fn completed() -> Self {
        Self::done("CompletionsReached", words::COMPLETIONS_REACHED.into())
    }

    /// The event that tells of it.
    fn event(&self) -> (Reason, String) {
        let message = if self.failed { &self.message } else { words::JOB_COMPLETED };
        (self.reason, message.into())
    }
}

/// The condition by which a Job has ended.
pub(super) fn ended(status: &Map<String, Value>) -> Option<&Value> {
    let ends = |name: &&str| plain::holds(status, name);
    [COMPLETE, FAILED].into_iter().find(ends).and_then(|name| condition(status, name))
}

/// Whether it ended well.
pub(super) fn succeeded(status: &Map<String, Value>) -> bool {
    plain::holds(status, COMPLETE)
}

impl Cluster {
    /// What is known of a Job's end before anything is done about it; otherwise, when to look again.
    pub(super) fn judge(
        &mut self,
        look: &Look<'_>,
        status: &Map<String, Value>,
    ) -> Option<Verdict> {
        known(status)
            .or_else(|| policy_verdict(look))
            .or_else(|| self.limits_verdict(look, status))
            .or_else(|| index_verdict(look))
            .or_else(|| success_verdict(look))
    }

    fn limits_verdict(&mut self, look: &Look<'_>, status: &Map<String, Value>) -> Option<Verdict> {
        let limit = number(look.spec, "backoffLimit").unwrap_or(6);
        if look.failed > limit || restarts_exceed(look, limit) {
            let message = words::BACKOFF_LIMIT_EXCEEDED.into();
            return Some(Verdict::failed(Reason::BackoffLimitExceeded, message));
        }
        let seconds = number(look.spec, "activeDeadlineSeconds")?;
        let began = self.moment(status.get("startTime")?).filter(|_| !look.is_suspended())?;
        let end = began + Span::seconds(seconds);
        if end <= self.now {
            let message = words::DEADLINE_EXCEEDED.into();
            return Some(Verdict::failed(Reason::DeadlineExceeded, message));
        }
        self.wake_at(look.key, end);
        None
    }

    pub(super) fn note_suspension(&mut self, look: &Look<'_>, status: &mut Map<String, Value>) {
        let now = self.clock();
        let suspended = look.is_suspended();
        let (word, message, reason) = if suspended {
            ("JobSuspended", words::JOB_SUSPENDED, Reason::Suspended)
        } else {
            ("JobResumed", words::JOB_RESUMED, Reason::Resumed)
        };
        if !set_condition(status, SUSPENDED, suspended, (word, message), &now) {
            return;
        }
        self.record(look.key, reason, message.into());
        if !suspended {
            // `activeDeadlineSeconds` begins anew.
            status.insert("startTime".into(), now);
        }
    }

    /// What has become of a Job is said at once; that it is over, when no Pod is left that is being deleted. Answers
    /// whether it is over.
    pub(super) fn note_verdict(
        &mut self,
        key: &Key,
        verdict: &Verdict,
        no_pod_left: bool,
        status: &mut Map<String, Value>,
    ) -> bool {
        let now = self.clock();
        let said = (verdict.word.as_str(), verdict.message.as_str());
        let (first, last) = if verdict.failed {
            (FAILURE_TARGET, FAILED)
        } else {
            (SUCCESS_CRITERIA_MET, COMPLETE)
        };
        if !plain::holds(status, first) {
            set_condition(status, first, true, said, &now);
        }
        if !no_pod_left {
            return false;
        }
        set_condition(status, last, true, said, &now);
        if !verdict.failed {
            status.insert("completionTime".into(), now);
        }
        let (reason, message) = verdict.event();
        self.record(key, reason, message);
        true
    }
}

/// What an earlier look came to.
fn known(status: &Map<String, Value>) -> Option<Verdict> {
    let said = |name: &str| condition(status, name).filter(|_| plain::holds(status, name));
    if let Some(met) = said(SUCCESS_CRITERIA_MET) {
        return Some(Verdict::done(text(met, "reason"), text(met, "message").to_owned()));
    }
    let target = said(FAILURE_TARGET)?;
    let reasons = [
        Reason::BackoffLimitExceeded,
        Reason::DeadlineExceeded,
        Reason::FailedIndexes,
        Reason::MaxFailedIndexesExceeded,
        Reason::PodFailurePolicy,
    ];
    let reason = reasons.into_iter().find(|reason| reason.name() == text(target, "reason"))?;
    Some(Verdict::failed(reason, text(target, "message").to_owned()))
}

fn policy_verdict(look: &Look<'_>) -> Option<Verdict> {
    let failed = look.pods.iter().filter(|member| look.has_failed(member));
    let message = failed.filter_map(|member| match of_policy(look, member) {
        Some(Ruling::FailJob(message)) => Some(message),
        Some(Ruling::Ignore | Ruling::FailIndex | Ruling::Count) | None => None,
    });
    message.into_iter().next().map(|message| Verdict::failed(Reason::PodFailurePolicy, message))
}

fn index_verdict(look: &Look<'_>) -> Option<Verdict> {
    look.limit_per_index()?;
    let lost = look.lost.len() as i64;
    let most = number(look.spec, "maxFailedIndexes");
    if most.is_some_and(|most| lost > most) {
        let message = words::MAX_FAILED_INDEXES.into();
        return Some(Verdict::failed(Reason::MaxFailedIndexesExceeded, message));
    }
    let all = look.completions()?;
    let message = words::FAILED_INDEXES.into();
    (lost > 0 && lost + look.done.len() as i64 >= all)
        .then(|| Verdict::failed(Reason::FailedIndexes, message))
}

/// `successPolicy`: the first rule that is met.
fn success_verdict(look: &Look<'_>) -> Option<Verdict> {
    if look.done.is_empty() {
        return None;
    }
    let met = |rule: &Value| {
        let enough = number(rule, "succeededCount");
        match rule["succeededIndexes"].as_str() {
            Some(spelled) => {
                let asked = indexes::parse(spelled, look.completions().unwrap_or(0));
                let found = asked.intersection(&look.done).count();
                found > 0
                    && (found == asked.len() || enough.is_some_and(|count| found as i64 >= count))
            }
            None => enough.is_some_and(|count| look.done.len() as i64 >= count),
        }
    };
    let index = list(&look.spec["successPolicy"], "rules").iter().position(met)?;
    Some(Verdict::done("SuccessPolicy", words::matched_rule(index)))
}

/// With `OnFailure` the containers are started again in their Pod, and that is what is counted.
fn restarts_exceed(look: &Look<'_>, limit: i64) -> bool {
    if look.spec["template"]["spec"]["restartPolicy"] != "OnFailure" {
        return false;
    }
    let alive = look.pods.iter().filter(|member| !member.run.is_finished());
    let restarts: i64 = alive
        .flat_map(|member| &member.run.containers)
        .map(|container| i64::from(container.restarts))
        .sum();
    restarts >= limit.max(1)
}

/// What a rule of `podFailurePolicy` says of a failed Pod.
enum Ruling {
    FailJob(String),
    FailIndex,
    Ignore,
    Count,
}

/// The first rule that a Pod matches. Nothing here is disrupted, so that no Pod has a condition that a rule could name.
fn of_policy(look: &Look<'_>, member: &Member) -> Option<Ruling> {
    let rules = list(&look.spec["podFailurePolicy"], "rules");
    rules.iter().enumerate().find_map(|(index, rule)| {
        let wanted = &rule["onExitCodes"];
        let (name, code) = exits(&member.run).find(|(name, code)| {
            let named = wanted["containerName"].as_str().is_none_or(|wanted| wanted == *name);
            let listed = list(wanted, "values").iter().any(|value| *value == *code);
            named && *code != 0 && listed == (wanted["operator"] == "In")
        })?;
        Some(match text(rule, "action") {
            "FailJob" => {
                let pod = (&*member.run.key.namespace, member.name());
                Ruling::FailJob(words::failed_by_policy(name, pod, code, index))
            }
            "FailIndex" => Ruling::FailIndex,
            "Ignore" => Ruling::Ignore,
            _ => Ruling::Count,
        })
        .filter(|_| wanted.is_object())
    })
}

/// With which codes a Pod's containers ended, the main ones first.
fn exits(run: &PodRun) -> impl Iterator<Item = (&str, i32)> {
    let is_main = |kind: ContainerKind| kind == ContainerKind::App;
    let of = move |main: bool| {
        run.containers.iter().filter(move |one| is_main(one.kind) == main).filter_map(|one| {
            match &one.shown {
                State::Terminated(ended) => Some((&*one.name, ended.exit_code)),
                State::Fresh | State::Waiting(_) | State::Running(_) => None,
            }
        })
    };
    of(true).chain(of(false))
}

/// Whether a failed Pod is counted, or ignored by the policy.
pub(super) fn counts_as_failed(look: &Look<'_>, member: &Member) -> bool {
    !matches!(of_policy(look, member), Some(Ruling::Ignore))
}

/// Whether an index is given up with this failed Pod (isIndexFailed).
pub(super) fn gives_up(look: &Look<'_>, member: &Member) -> bool {
    let Some(limit) = look.limit_per_index() else { return false };
    match of_policy(look, member) {
        Some(Ruling::FailIndex) => true,
        Some(Ruling::Ignore) => false,
        Some(Ruling::FailJob(_) | Ruling::Count) | None => {
            annotated(member, INDEX_FAILURES) >= limit
        }
    }
}

fn annotated(member: &Member, key: &str) -> i64 {
    member.annotation(key).parse().unwrap_or(0)
}

/// How often an index failed before this Pod, ignored failures included.
pub(super) fn index_failures(member: &Member) -> u32 {
    (annotated(member, INDEX_FAILURES) + annotated(member, INDEX_IGNORED)).max(0) as u32
}

/// The failures that the next Pod of an index is told of: those that counted, and those that were ignored.
pub(super) fn next_failures(look: &Look<'_>, index: i64) -> (i64, i64) {
    let Some(before) = look.waiting.get(&index) else { return (0, 0) };
    let (failures, ignored) = (annotated(before, INDEX_FAILURES), annotated(before, INDEX_IGNORED));
    if counts_as_failed(look, before) { (failures + 1, ignored) } else { (failures, ignored + 1) }
}

/// The failed Pods that have to stay until the next one of their index carries on their count
/// (getPodsWithDelayedDeletionPerIndex).
pub(super) fn waiting(look: &Look<'_>) -> BTreeMap<i64, Member> {
    let taken: Vec<i64> = look
        .pods
        .iter()
        .filter(|member| member.is_active())
        .filter_map(|member| look.index_of(member))
        .collect();
    let mut waiting: BTreeMap<i64, Member> = BTreeMap::new();
    for member in look.pods.iter().filter(|one| look.is_new(one) && look.has_failed(one)) {
        let Some(index) = look.index_of(member) else { continue };
        if look.done.contains(&index) || look.lost.contains(&index) || taken.contains(&index) {
            continue;
        }
        let newer = |known: &Member| {
            index_failures(known) <= index_failures(member)
                && finished_at(&known.run) <= finished_at(&member.run)
        };
        if waiting.get(&index).is_none_or(newer) {
            waiting.insert(index, member.clone());
        }
    }
    waiting
}

/// When a Pod ended: its containers, else its readiness, else its deletion (getFinishedTime).
pub(super) fn finished_at(run: &PodRun) -> SimTime {
    let runs = |kind: ContainerKind| matches!(kind, ContainerKind::App | ContainerKind::Sidecar);
    let ends = run.containers.iter().filter(|one| runs(one.kind)).map(|one| match &one.shown {
        State::Terminated(ended) => ended.finished,
        State::Fresh | State::Waiting(_) | State::Running(_) => None,
    });
    let last = ends.collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    let unready = run.published.as_ref().map(|published| published.ready);
    let unready = unready.filter(|ready| !ready.holds).map(|ready| ready.since);
    last.or(unready).or(run.deleting).unwrap_or(run.created)
}

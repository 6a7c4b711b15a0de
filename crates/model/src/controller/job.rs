//! The job controller: as many Pods as a Job still needs, until enough came to a good end or too many to a bad one.
//! *Sources: kubernetes v1.35.6 pkg/controller/job/{job_controller,indexed_job_utils,backoff_utils}.go,
//! pkg/controller/ttlafterfinished; confirmed by a recording of a 1.35.6 cluster.*

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::job_status::{Failures, Verdict, counts_as_failed, gives_up};
use super::member::Member;
use super::plain::{self, number, text};
use super::{indexes, job_status};
use crate::api::Propagation;
use crate::cluster::Cluster;
use crate::object::{Key, Kind, Object, Plain};
use crate::ordered;
use crate::time::{SimTime, Span};

/// A Pod that has it was not counted yet in its Job's status.
pub(crate) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
pub(super) const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
pub(super) const INDEX_IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";
/// Looks that Pods and the status ask for come after this time, once for all of them (SyncJobBatchPeriod).
pub(super) const BATCH_MILLIS: i64 = 1000;
/// How many Pods one look creates at most (MaxPodCreateDeletePerSync).
const MOST_PODS: i64 = 500;
/// Generated names leave room for their ending (apiserver pkg/storage/names).
const LONGEST_PREFIX: usize = 58;

/// A Job with its Pods, as one look finds them.
pub(super) struct Look<'a> {
    pub(super) key: &'a Key,
    pub(super) job: &'a Plain,
    pub(super) spec: &'a Value,
    pub(super) pods: Vec<Member>,
    /// Pods that came to a good end, those included that are counted with this look.
    pub(super) succeeded: i64,
    pub(super) failed: i64,
    /// Indexes that came to a good end, and how many of them the status knew.
    pub(super) done: BTreeSet<i64>,
    pub(super) known_done: BTreeSet<i64>,
    /// Indexes that failed, where each has a limit of its own.
    pub(super) lost: BTreeSet<i64>,
    /// By index: the last Pod that failed, while nothing has taken its place.
    pub(super) waiting: BTreeMap<i64, Member>,
    pub(super) failures: Failures,
}

impl Look<'_> {
    pub(super) fn is_indexed(&self) -> bool {
        text(self.spec, "completionMode") == "Indexed"
    }

    pub(super) fn completions(&self) -> Option<i64> {
        number(self.spec, "completions")
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.spec["suspend"] == true
    }

    pub(super) fn limit_per_index(&self) -> Option<i64> {
        number(self.spec, "backoffLimitPerIndex")
    }

    /// Whether Pods that are only being deleted are not replaced yet (onlyReplaceFailedPods).
    fn waits_for_end(&self) -> bool {
        text(self.spec, "podReplacementPolicy") == "Failed"
            || self.spec["podFailurePolicy"].is_object()
    }

    pub(super) fn has_failed(&self, member: &Member) -> bool {
        match member.run.phase() {
            "Failed" => true,
            "Succeeded" => false,
            _ => !self.waits_for_end() && member.is_deleted(),
        }
    }

    /// The index of a Pod, if it has one that counts.
    pub(super) fn index_of(&self, member: &Member) -> Option<i64> {
        let index: i64 = member.annotation(INDEX).parse().ok()?;
        (0..self.completions()?).contains(&index).then_some(index)
    }

    /// Whether a Pod is not counted yet, and can be.
    pub(super) fn is_new(&self, member: &Member) -> bool {
        member.has_finalizer(TRACKING) && (!self.is_indexed() || self.index_of(member).is_some())
    }

    fn active(&self) -> impl Iterator<Item = &Member> {
        self.pods.iter().filter(|member| member.is_active())
    }

    /// How many Pods there should be now.
    fn wanted(&self) -> i64 {
        let parallelism = number(self.spec, "parallelism").unwrap_or(1);
        match self.completions() {
            // One that ended well says that all are done: those that run may finish.
            None if self.succeeded > 0 => self.active().count() as i64,
            None => parallelism,
            Some(completions) => (completions - self.succeeded).min(parallelism).max(0),
        }
    }
}

/// What becomes of a look: how many Pods there are after it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) active: i64,
    pub(super) ready: i64,
    pub(super) terminating: i64,
}

impl Counts {
    fn without(self, gone: &[&Member]) -> Self {
        let count = gone.len() as i64;
        let ready = gone.iter().filter(|member| member.run.is_ready()).count() as i64;
        Self {
            active: self.active - count,
            ready: self.ready - ready,
            terminating: self.terminating + count,
        }
    }
}

impl Cluster {
    /// One look of the job controller at a Job (syncJob).
    pub(crate) fn sync_job(&mut self, key: &Key) {
        let Some(object) = self.store.get(key).cloned() else {
            self.failures.remove(key);
            return;
        };
        let Object::Plain(job) = object.as_ref() else { return };
        let manager = text(job.spec(), "managedBy");
        if !manager.is_empty() && manager != "kubernetes.io/job-controller" {
            return;
        }
        let mut status = job.status();
        if let Some(ended) = job_status::ended(&status) {
            self.failures.remove(key);
            let ended = self.moment(&ended["lastTransitionTime"]);
            return self.expire_job(key, job, ended);
        }
        let look = self.look_at_job(key, job, &status);
        if !status.contains_key("startTime") && !look.is_suspended() {
            status.insert("startTime".into(), self.clock());
        }
        let mut counts = Counts {
            active: look.active().count() as i64,
            ready: look.active().filter(|member| member.run.is_ready()).count() as i64,
            terminating: look.pods.iter().filter(|member| member.is_terminating()).count() as i64,
        };
        let mut verdict = self.judge(&look, &status);
        if verdict.is_some() {
            let active: Vec<&Member> = look.active().collect();
            for member in &active {
                self.delete_and_tell(key, member);
            }
            counts = counts.without(&active);
        } else {
            if !job.is_deleted() {
                self.manage_job(&look, &mut counts);
            }
            verdict = look.is_complete(counts.active).then(Verdict::completed);
            if verdict.is_none() && !job.is_deleted() {
                self.note_suspension(&look, &mut status);
            }
        }
        self.count_pods(&look, verdict.as_ref(), &mut status);
        if look.failures == Failures::default() {
            self.failures.remove(key);
        } else {
            self.failures.insert(key.clone(), look.failures);
        }
        plain::set_count(&mut status, "active", counts.active);
        status.insert("ready".into(), counts.ready.into());
        status.insert("terminating".into(), counts.terminating.into());
        let over = verdict.is_some_and(|verdict| {
            self.note_verdict(key, &verdict, counts.terminating == 0, &mut status)
        });
        if self.write_status(key, status) {
            // The end is looked at for what follows it, everything else because the status was written.
            self.enqueue(key, if over { super::NOTICE_MILLIS } else { BATCH_MILLIS });
        }
    }

    fn look_at_job<'a>(
        &self,
        key: &'a Key,
        job: &'a Plain,
        status: &Map<String, Value>,
    ) -> Look<'a> {
        let count = |name: &str| status.get(name).and_then(Value::as_i64).unwrap_or(0);
        let spelled = |name: &str| status.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut look = Look {
            key,
            job,
            spec: job.spec(),
            pods: self.members(job.uid()),
            succeeded: count("succeeded"),
            failed: count("failed"),
            done: BTreeSet::new(),
            known_done: BTreeSet::new(),
            lost: BTreeSet::new(),
            waiting: BTreeMap::new(),
            failures: self.failures.get(key).copied().unwrap_or_default(),
        };
        let fresh = look.pods.iter().filter(|member| look.is_new(member));
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for member in fresh {
            if member.run.phase() == "Succeeded" {
                good.push(member);
            } else if look.has_failed(member) {
                bad.push(member);
            }
        }
        let finished = |member: &&Member| self.whole_seconds(job_status::finished_at(&member.run));
        let failures = look
            .failures
            .after(good.iter().map(finished).max(), bad.iter().map(finished).collect::<Vec<_>>());
        let counted = bad.iter().filter(|member| counts_as_failed(&look, member)).count() as i64;
        let (failed, succeeded) = (look.failed + counted, look.succeeded + good.len() as i64);
        let done_now: BTreeSet<i64> =
            ordered::set(good.iter().filter_map(|member| look.index_of(member)));
        let lost_now = bad.iter().filter(|member| gives_up(&look, member));
        let lost_now: BTreeSet<i64> =
            ordered::set(lost_now.filter_map(|member| look.index_of(member)));
        look.failures = failures;
        (look.failed, look.succeeded) = (failed, succeeded);
        if look.is_indexed() {
            let completions = look.completions().unwrap_or(0);
            look.known_done = indexes::parse(spelled("completedIndexes"), completions);
            look.done = ordered::set(look.known_done.union(&done_now).copied());
            look.succeeded = look.done.len() as i64;
            if look.limit_per_index().is_some() {
                look.lost = indexes::parse(spelled("failedIndexes"), completions);
                look.lost.extend(lost_now);
                look.waiting = job_status::waiting(&look);
            }
        }
        look
    }

    /// Creates or deletes Pods, never both in one look (manageJob).
    fn manage_job(&mut self, look: &Look<'_>, counts: &mut Counts) {
        let key = look.key;
        let wanted = if look.is_suspended() { 0 } else { look.wanted() };
        let surplus = look.surplus((counts.active - wanted).max(0) as usize);
        if !surplus.is_empty() {
            for member in &surplus {
                // These do not count as failed.
                self.drop_finalizer(&member.run.key, TRACKING);
                self.delete_and_tell(key, member);
            }
            *counts = counts.without(&surplus);
            return;
        }
        let held = if look.waits_for_end() { counts.terminating } else { 0 };
        let missing = wanted - held - counts.active;
        if missing <= 0 {
            return;
        }
        let (chosen, until) = if look.limit_per_index().is_some() {
            self.ready_indexes(look, missing)
        } else {
            let until = look.failures.held_until().filter(|until| *until > self.now);
            (look.next_indexes(missing), until)
        };
        let nothing_yet = look.limit_per_index().is_none() || chosen.is_empty();
        if let Some(until) = until.filter(|_| nothing_yet) {
            self.wake_at(key, until.max(self.now + Span::millis(BATCH_MILLIS)));
            // Upstream counts no Pod at all while a failed one waits for its successor.
            counts.active = 0;
            return;
        }
        let places: Vec<Option<i64>> = if look.is_indexed() {
            chosen.into_iter().map(Some).collect()
        } else {
            vec![None; missing.min(MOST_PODS) as usize]
        };
        for index in places {
            let (prefix, template) = look.pod(index);
            if self.create_and_tell(look.job, prefix, &template).is_err() {
                // The first that is refused stands for those that would be.
                return self.try_again(key);
            }
            counts.active += 1;
        }
        self.refusals.remove(key);
    }

    /// Indexes whose turn it is, where each waits for itself; if there are none, when the first is due.
    fn ready_indexes(&self, look: &Look<'_>, missing: i64) -> (Vec<i64>, Option<SimTime>) {
        let mut ready = Vec::new();
        let mut due = None::<SimTime>;
        for index in look.next_indexes(missing) {
            let until = look.waiting.get(&index).map(|member| {
                let before = job_status::index_failures(member) + 1;
                let finished = self.whole_seconds(job_status::finished_at(&member.run));
                finished + job_status::pause_after(before)
            });
            match until.filter(|until| *until > self.now) {
                Some(until) => due = Some(due.map_or(until, |due| due.min(until))),
                None => ready.push(index),
            }
        }
        (ready, due)
    }

    /// Takes up what ended into the status and lets those Pods go (trackJobStatusAndRemoveFinalizers). Upstream writes the
    /// uids first, lets the Pods go and then writes the counts; nothing can come between these here.
    fn count_pods(
        &mut self,
        look: &Look<'_>,
        verdict: Option<&Verdict>,
        status: &mut Map<String, Value>,
    ) {
        let over = look.job.is_deleted() || verdict.is_some();
        let has_failed = verdict.is_some_and(|verdict| verdict.failed);
        let (mut succeeded, mut failed) = (0, 0);
        let mut done = look.known_done.clone();
        for member in look.pods.iter().filter(|member| member.has_finalizer(TRACKING)) {
            let succeeds = member.run.phase() == "Succeeded";
            let fails = look.has_failed(member);
            let waits = look
                .index_of(member)
                .and_then(|index| look.waiting.get(&index))
                .is_some_and(|waiting| waiting.run.uid == member.run.uid);
            if !(over || succeeds || fails && !waits) {
                continue;
            }
            if succeeds {
                succeeded += 1;
                done.extend(look.index_of(member));
            } else if (fails || has_failed)
                && (!look.is_indexed() || look.index_of(member).is_some())
                && counts_as_failed(look, member)
            {
                failed += 1;
            }
            self.drop_finalizer(&member.run.key, TRACKING);
        }
        let before = |name: &str| status.get(name).and_then(Value::as_i64).unwrap_or(0);
        let failed = before("failed") + failed;
        let succeeded =
            if look.is_indexed() { done.len() as i64 } else { before("succeeded") + succeeded };
        plain::set_count(status, "failed", failed);
        plain::set_count(status, "succeeded", succeeded);
        status.insert("uncountedTerminatedPods".into(), json!({}));
        if look.is_indexed() {
            let spelled = indexes::print(&done);
            if spelled.is_empty() {
                status.remove("completedIndexes");
            } else {
                status.insert("completedIndexes".into(), spelled.into());
            }
        }
        if look.limit_per_index().is_some() {
            status.insert("failedIndexes".into(), indexes::print(&look.lost).into());
        }
    }

    /// A Job that has ended goes with its Pods when its time to live is over (ttlafterfinished).
    fn expire_job(&mut self, key: &Key, job: &Plain, ended: Option<SimTime>) {
        let lives = number(job.spec(), "ttlSecondsAfterFinished");
        let (Some(lives), Some(ended)) = (lives, ended) else { return };
        if job.is_deleted() {
            return;
        }
        let end = ended + Span::seconds(lives);
        if end > self.now {
            self.wake_at(key, end);
        } else if let Some(object) = self.store.get(key).cloned() {
            self.delete_object(&object, Propagation::Foreground);
        }
    }

    /// A Pod's deletion was asked for, or it lost its owner: if its Job will not count it any more, nothing keeps it
    /// (syncOrphanPod).
    pub(crate) fn release_from_job(&mut self, pod: &Key) {
        let Some(object) = self.store.get(pod) else { return };
        if !object.metadata().finalizers.iter().flatten().any(|one| one == TRACKING) {
            return;
        }
        let owner = super::replica_set::controller_of(object.metadata(), &pod.namespace);
        if owner.as_ref().is_some_and(|owner| owner.kind != Kind::Job) {
            return;
        }
        let job = owner.and_then(|owner| self.store.get(&owner));
        let counts = job.is_some_and(|job| match job.as_ref() {
            Object::Plain(job) => {
                object.owner() == Some(job.uid()) && job_status::ended(&job.status()).is_none()
            }
            _ => false,
        });
        if !counts {
            self.drop_finalizer(pod, TRACKING);
        }
    }
}

impl Look<'_> {
    /// Whether enough came to a good end, and nothing runs any more.
    fn is_complete(&self, active: i64) -> bool {
        active == 0 && self.succeeded >= self.completions().unwrap_or(1)
    }

    /// Pods to be deleted: those whose index is another's or none at all, then as many as there are too many
    /// (activePodsForRemoval).
    fn surplus(&self, at_least: usize) -> Vec<&Member> {
        let mut left: Vec<&Member> = self.active().collect();
        ordered::sort_by_key(&mut left, |member| member.rank());
        let mut surplus = Vec::new();
        if self.is_indexed() {
            // The one that is furthest keeps an index.
            let mut kept = BTreeSet::new();
            let (stay, go): (Vec<&Member>, Vec<&Member>) = left
                .into_iter()
                .rev()
                .partition(|member| self.index_of(member).is_some_and(|index| kept.insert(index)));
            surplus.extend(go);
            left = stay.into_iter().rev().collect();
        }
        let more = at_least.saturating_sub(surplus.len());
        surplus.extend(left.into_iter().take(more));
        surplus.truncate(MOST_PODS as usize);
        surplus
    }

    /// The first indexes that nothing is there for (firstPendingIndexes).
    fn next_indexes(&self, count: i64) -> Vec<i64> {
        let holding = self
            .pods
            .iter()
            .filter(|member| member.is_active() || self.waits_for_end() && member.is_terminating());
        let taken = ordered::set(holding.filter_map(|member| self.index_of(member)));
        let free = |index: &i64| {
            !taken.contains(index) && !self.done.contains(index) && !self.lost.contains(index)
        };
        let all = 0..if self.is_indexed() { self.completions().unwrap_or(0) } else { 0 };
        all.filter(free).take(count.min(MOST_PODS) as usize).collect()
    }

    /// What a Pod is made of, and how its name begins.
    fn pod(&self, index: Option<i64>) -> (String, Value) {
        let name = self.job.name();
        let mut template = self.spec["template"].clone();
        if !template["metadata"].is_object() {
            template["metadata"] = json!({});
        }
        let finalizers = &mut template["metadata"]["finalizers"];
        let known = finalizers.as_array().cloned().unwrap_or_default();
        *finalizers = known.into_iter().chain([TRACKING.into()]).collect();
        let Some(index) = index else { return (format!("{name}-"), template) };
        for key in ["labels", "annotations"] {
            template["metadata"][key][INDEX] = index.to_string().into();
        }
        if self.limit_per_index().is_some() {
            let (failures, ignored) = job_status::next_failures(self, index);
            let annotations = &mut template["metadata"]["annotations"];
            annotations[INDEX_FAILURES] = failures.to_string().into();
            if ignored > 0 {
                annotations[INDEX_IGNORED] = ignored.to_string().into();
            }
        }
        template["spec"]["hostname"] = format!("{name}-{index}").into();
        for list in ["initContainers", "containers"] {
            let containers = template["spec"].get_mut(list).and_then(Value::as_array_mut);
            containers.into_iter().flatten().for_each(tell_index);
        }
        let ending = format!("-{index}-");
        let mut prefix = name.to_owned();
        prefix.truncate(LONGEST_PREFIX - ending.len());
        (prefix + &ending, template)
    }
}

/// The variable by which a container of an indexed Job knows its index.
fn tell_index(container: &mut Value) {
    const NAME: &str = "JOB_COMPLETION_INDEX";
    let mut variables = container["env"].as_array().cloned().unwrap_or_default();
    if variables.iter().any(|variable| variable["name"] == NAME) {
        return;
    }
    let field = format!("metadata.labels['{INDEX}']");
    variables.push(json!({ "name": NAME, "valueFrom": { "fieldRef": { "fieldPath": field } } }));
    container["env"] = variables.into();
}

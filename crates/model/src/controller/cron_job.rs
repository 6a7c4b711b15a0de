//! The cronjob controller: a Job whenever the schedule says so.
//! *Sources: kubernetes v1.35.6 pkg/controller/cronjob/{cronjob_controllerv2,utils}.go.*

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::job_status;
use super::plain::{number, text};
use super::schedule::Schedule;
use super::zone::Zone;
use crate::api::Propagation;
use crate::cluster::Cluster;
use crate::defaults;
use crate::event::Reason;
use crate::message::controller as words;
use crate::object::{Key, Kind, Object, Plain, json as typed};
use crate::ordered;
use crate::time::{self, SimTime};

const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// Looks come so much after the moment that is scheduled (nextScheduleDelta).
const DELTA_MILLIS: i64 = 100;
/// More moments missed than this are worth a warning.
const MANY: i64 = 100;

/// What a look finds of the schedule: the last moment that is due, if one is, and how many were missed, roughly.
struct Due {
    /// From when on moments are looked for.
    since: i64,
    at: Option<i64>,
    missed: i64,
    /// Whether the schedule has less than a second between two moments: none at all.
    never: bool,
}

/// A Job that the CronJob made.
struct Run {
    object: Arc<Object>,
    status: Map<String, Value>,
}

impl Run {
    fn name(&self) -> &str {
        self.object.name()
    }

    fn is_over(&self) -> bool {
        job_status::ended(&self.status).is_some()
    }

    /// In which order Jobs are forgotten; one that never began comes last (byJobStartTime).
    fn age(&self) -> (bool, String, String) {
        let began = self.status.get("startTime").and_then(Value::as_str).unwrap_or_default();
        (began.is_empty(), began.to_owned(), self.name().to_owned())
    }
}

impl Cluster {
    /// One look of the cronjob controller at a CronJob.
    pub(crate) fn sync_cron_job(&mut self, key: &Key) {
        let Some(object) = self.store.get(key).cloned() else { return };
        let Object::Plain(cron) = object.as_ref() else { return };
        let mut status = cron.status();
        let runs = self.runs_of(cron);
        self.forget_runs(key, cron, &runs, &mut status);
        self.note_runs(key, &runs, &mut status);
        if !cron.is_deleted() && cron.spec()["suspend"] != true {
            let zone = Zone::parse(text(cron.spec(), "timeZone"));
            if let Ok(schedule) = Schedule::parse(text(cron.spec(), "schedule"), zone) {
                self.start_run(key, cron, &schedule, &mut status);
                if let Some(next) = self.next_run(cron, &schedule, &status) {
                    self.wake_at(key, next);
                }
            }
        }
        self.write_status(key, status);
    }

    fn runs_of(&self, cron: &Plain) -> Vec<Run> {
        let keys = self.store.owned_by(cron.uid()).into_iter();
        let read = |key: Key| {
            let object = self.store.get(&key)?;
            let Object::Plain(job) = object.as_ref() else { return None };
            Some(Run { object: Arc::clone(object), status: job.status() })
        };
        keys.filter(|key| key.kind == Kind::Job).filter_map(read).collect()
    }

    /// Jobs that are over go when there are more than the history keeps, the oldest first (cleanupFinishedJobs).
    fn forget_runs(
        &mut self,
        key: &Key,
        cron: &Plain,
        runs: &[Run],
        status: &mut Map<String, Value>,
    ) {
        let limits = [(true, "successfulJobsHistoryLimit"), (false, "failedJobsHistoryLimit")];
        for (good, limit) in limits {
            let Some(limit) = number(cron.spec(), limit) else { continue };
            let of_kind = |run: &&Run| run.is_over() && job_status::succeeded(&run.status) == good;
            let mut over: Vec<&Run> = runs.iter().filter(of_kind).collect();
            ordered::sort_by_key(&mut over, |run| run.age());
            let surplus = over.len().saturating_sub(limit.max(0) as usize);
            for run in &over[..surplus] {
                self.delete_run(key, &run.object, status);
            }
        }
    }

    fn delete_run(&mut self, key: &Key, job: &Arc<Object>, status: &mut Map<String, Value>) {
        if self.store.get(&job.key()).is_none() {
            return;
        }
        self.delete_object(job, Propagation::Background);
        forget(status, job.uid());
        self.record(key, Reason::SuccessfulDelete, words::deleted_job(job.name()));
    }

    /// What became of the Jobs that were active, and of those that nobody scheduled.
    fn note_runs(&mut self, key: &Key, runs: &[Run], status: &mut Map<String, Value>) {
        for run in runs {
            let known = active(status).iter().any(|one| one["uid"] == run.object.uid());
            let is_there = self.store.get(&run.object.key()).is_some();
            if !run.is_over() {
                if !known && is_there {
                    self.record(key, Reason::UnexpectedJob, words::unexpected_job(run.name()));
                }
                continue;
            }
            let good = job_status::succeeded(&run.status);
            if known {
                forget(status, run.object.uid());
                let condition = if good { "Complete" } else { "Failed" };
                let message = words::saw_completed_job(run.name(), condition);
                self.record(key, Reason::SawCompletedJob, message);
            }
            let finished = run.status.get("completionTime").filter(|_| good);
            if let Some(finished) = finished {
                let last = status.get("lastSuccessfulTime").and_then(|last| self.moment(last));
                if last.is_none_or(|last| self.moment(finished).is_some_and(|at| at > last)) {
                    status.insert("lastSuccessfulTime".into(), finished.clone());
                }
            }
        }
        for one in active(status).to_vec() {
            let name = text(&one, "name");
            if runs.iter().all(|run| one["uid"] != run.object.uid()) {
                self.record(key, Reason::MissingJob, words::missing_job(name));
                forget(status, text(&one, "uid"));
            }
        }
    }

    fn start_run(
        &mut self,
        key: &Key,
        cron: &Plain,
        schedule: &Schedule,
        status: &mut Map<String, Value>,
    ) {
        let spec = cron.spec();
        let due = self.due(cron, schedule, status, true);
        if due.never {
            let message = words::invalid_schedule(text(spec, "schedule"));
            self.record(key, Reason::InvalidSchedule, message);
            return;
        }
        let Some(at) = due.at else { return };
        if due.missed > MANY {
            self.record(key, Reason::TooManyMissedTimes, words::TOO_MANY_MISSED.into());
        }
        let deadline = number(spec, "startingDeadlineSeconds");
        if deadline.is_some_and(|seconds| (at + seconds) * 1000 < self.unix_millis()) {
            let message = words::missed_schedule(&time::rfc1123(at));
            self.record(key, Reason::MissSchedule, message);
            return;
        }
        let name = format!("{}-{}", key.name, at.div_euclid(60));
        let last = status.get("lastScheduleTime").and_then(|last| self.unix_seconds(last));
        if last == Some(at) || active(status).iter().any(|one| text(one, "name") == name) {
            return;
        }
        match text(spec, "concurrencyPolicy") {
            "Forbid" if !active(status).is_empty() => {
                self.record(key, Reason::JobAlreadyActive, words::JOB_ALREADY_ACTIVE.into());
                return;
            }
            "Replace" => {
                for one in active(status).to_vec() {
                    let job = self.store.find(Kind::Job, &key.namespace, text(&one, "name"));
                    if let Some(job) = job.cloned() {
                        self.delete_run(key, &job, status);
                    }
                }
            }
            _ => {}
        }
        let job = self.new_run(cron, &name, at);
        let job = match self.create(Object::decode(Kind::Job, &job)) {
            Ok(job) => job,
            Err(error) if error.is_already_exists() => return,
            Err(error) => {
                let message = words::create_job_failed(&error.message);
                self.record(key, Reason::FailedCreate, message);
                return self.try_again(key);
            }
        };
        self.refusals.remove(key);
        self.record(key, Reason::SuccessfulCreate, words::created_job(job.name()));
        let reference = json!({
            "kind": "Job", "apiVersion": "batch/v1", "namespace": &*key.namespace, "name": job.name(),
            "uid": job.uid(), "resourceVersion": job.metadata().resource_version,
        });
        let list = status.entry("active").or_insert_with(|| Value::Array(Vec::new()));
        list.as_array_mut().expect("it is a list").push(reference);
        status.insert("lastScheduleTime".into(), time::rfc3339(at, SimTime::START).into());
    }

    /// A Job from the template (getJobFromTemplate2).
    fn new_run(&self, cron: &Plain, name: &str, at: i64) -> Value {
        let template = &cron.spec()["jobTemplate"];
        let zone = Zone::parse(text(cron.spec(), "timeZone")).unwrap_or(Zone::UTC);
        let mut metadata = json!({ "name": name, "namespace": cron.metadata.namespace });
        for key in ["labels", "annotations"] {
            if let Some(written) = template["metadata"].get(key) {
                metadata[key] = written.clone();
            }
        }
        metadata["annotations"][SCHEDULED] = time::rfc3339_at(at, zone.offset(at)).into();
        let reference = super::owner(Kind::CronJob, &cron.metadata);
        metadata["ownerReferences"] = json!([typed::write(&reference)]);
        let mut job = json!({ "metadata": metadata, "spec": template["spec"] });
        defaults::fill_in(Kind::Job, &mut job);
        job
    }

    /// The last moment that is due and was not acted upon (mostRecentScheduleTime).
    fn due(
        &self,
        cron: &Plain,
        schedule: &Schedule,
        status: &Map<String, Value>,
        with_deadline: bool,
    ) -> Due {
        let now = self.unix_millis().div_euclid(1000);
        let created = cron.metadata.creation_timestamp.as_ref().map_or(now, |at| at.0.as_second());
        let last = status.get("lastScheduleTime").and_then(|last| self.unix_seconds(last));
        let mut since = last.unwrap_or(created);
        let deadline = number(cron.spec(), "startingDeadlineSeconds").filter(|_| with_deadline);
        if let Some(deadline) = deadline {
            since = since.max(now - deadline);
        }
        let none = Due { since, at: None, missed: 0, never: false };
        let Some(first) = schedule.next(since) else { return Due { never: true, ..none } };
        if now < first {
            return none;
        }
        let Some(second) = schedule.next(first) else { return Due { at: Some(first), ..none } };
        if now < second {
            return Due { at: Some(first), ..none };
        }
        let missed = (now - first) / (second - first).max(1) + 1;
        // Moments need not be evenly spaced: the last ones are looked at one by one.
        let mut at = None;
        let mut next = schedule.next(first + (missed - 2) * (second - first));
        while let Some(moment) = next.filter(|moment| *moment <= now) {
            at = Some(moment);
            next = schedule.next(moment);
        }
        Due { at, missed, ..none }
    }

    /// When to look again (nextScheduleTimeDuration).
    fn next_run(
        &self,
        cron: &Plain,
        schedule: &Schedule,
        status: &Map<String, Value>,
    ) -> Option<SimTime> {
        let due = self.due(cron, schedule, status, false);
        let now = self.unix_millis().div_euclid(1000);
        let from = due.at.unwrap_or(if due.missed == 0 { due.since } else { now });
        let next = schedule.next(from)? - self.world.epoch_seconds;
        let at = SimTime::from_millis(next * 1000 + DELTA_MILLIS);
        (at > self.now).then_some(at)
    }

    fn unix_millis(&self) -> i64 {
        self.world.epoch_seconds * 1000 + self.now.as_millis()
    }

    fn unix_seconds(&self, instant: &Value) -> Option<i64> {
        Some(self.world.epoch_seconds + self.moment(instant)?.as_millis() / 1000)
    }
}

fn active(status: &Map<String, Value>) -> &[Value] {
    status.get("active").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn forget(status: &mut Map<String, Value>, uid: &str) {
    let left: Vec<Value> = active(status).iter().filter(|one| one["uid"] != uid).cloned().collect();
    if left.is_empty() {
        status.remove("active");
    } else {
        status.insert("active".into(), left.into());
    }
}

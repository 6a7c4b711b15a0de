//! What a Deployment's status says, and when: conditions, progress, its deadline.
//! *Sources: kubernetes v1.35.6 pkg/controller/deployment/{progress,sync}.go and util/deployment_util.go; confirmed by
//! recordings of a 1.35.6 cluster.*

use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::deployment::{self, Rollout};
use crate::cluster::Cluster;
use crate::message::controller as words;
use crate::object::{Key, Object, ReplicaSet, time};
use crate::time::Span;

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
pub(super) const REPLICA_FAILURE: &str = "ReplicaFailure";
const NEW_AVAILABLE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

impl Cluster {
    /// A moment as API objects hold it: in whole seconds.
    pub(crate) fn time_now(&self) -> Time {
        let seconds = self.world.epoch_seconds + self.now.as_millis().div_euclid(1000);
        time(seconds)
    }

    /// A pause or its end is noted before anything else happens. Answers whether it was.
    pub(super) fn note_pause(&mut self, rollout: &Rollout) -> bool {
        if deadline(rollout).is_none() {
            return false;
        }
        let mut status = rollout.deployment.status.clone().unwrap_or_default();
        let current = condition(&status, PROGRESSING);
        if current.is_some_and(|current| current.reason.as_deref() == Some(TIMED_OUT)) {
            return false;
        }
        let noted = current.is_some_and(|current| current.reason.as_deref() == Some(PAUSED));
        let (reason, message) = match (rollout.spec().paused == Some(true), noted) {
            (true, false) => (PAUSED, words::DEPLOYMENT_PAUSED),
            (false, true) => ("DeploymentResumed", words::DEPLOYMENT_RESUMED),
            (true, true) | (false, false) => return false,
        };
        let paused = self.condition(PROGRESSING, "Unknown", reason, message.to_owned());
        set(&mut status, paused);
        self.write_deployment_status(&rollout.key, status, None)
    }

    /// The newest ReplicaSet was created or found: its revision, and a first word about progress. Answers whether
    /// anything had to be written.
    pub(super) fn write_new_set(
        &mut self,
        rollout: &Rollout,
        name: &str,
        revision: u32,
        created: bool,
    ) -> bool {
        let mut status = rollout.deployment.status.clone().unwrap_or_default();
        if deadline(rollout).is_some() && (created || condition(&status, PROGRESSING).is_none()) {
            let (reason, message) = if created {
                ("NewReplicaSetCreated", words::new_set_created(name))
            } else {
                ("FoundNewReplicaSet", words::new_set_found(name))
            };
            let found = self.condition(PROGRESSING, "True", reason, message);
            set(&mut status, found);
        }
        self.write_deployment_status(&rollout.key, status, Some(revision))
    }

    /// After a change of `spec.replicas`, and while paused: numbers, and no word about progress.
    pub(super) fn write_scaled_status(&mut self, key: &Key) {
        let Some(rollout) = self.rollout(key) else { return };
        let status = self.calculated(&rollout);
        self.write_deployment_status(key, status, None);
    }

    /// After every other look (syncRolloutStatus).
    pub(super) fn write_rollout_status(&mut self, rollout: Rollout) {
        let Some(rollout) = self.rollout_now(rollout) else { return };
        let mut status = self.calculated(&rollout);
        let before = rollout.deployment.status.clone().unwrap_or_default();
        let current = condition(&before, PROGRESSING).cloned();
        let finished = status.replicas == status.updated_replicas
            && current.as_ref().is_some_and(|one| one.reason.as_deref() == Some(NEW_AVAILABLE));
        if deadline(&rollout).is_none() {
            remove(&mut status, PROGRESSING);
        } else if !finished {
            self.judge_progress(&rollout, &before, &mut status, current.as_ref());
        }
        match failure(&rollout) {
            Some(failure) => set(&mut status, failure),
            None => remove(&mut status, REPLICA_FAILURE),
        }
        if !self.write_deployment_status(&rollout.key, status, None) {
            self.wait_for_deadline(&rollout);
        }
    }

    fn judge_progress(
        &self,
        rollout: &Rollout,
        before: &DeploymentStatus,
        status: &mut DeploymentStatus,
        current: Option<&DeploymentCondition>,
    ) {
        let name = rollout.new.as_ref().and_then(|set| set.metadata.name.clone());
        let subject = match name {
            Some(name) => format!("ReplicaSet \"{name}\""),
            None => format!("Deployment \"{}\"", rollout.key.name),
        };
        if completes(rollout, status) {
            let message = words::progressed(&subject);
            set(status, self.condition(PROGRESSING, "True", NEW_AVAILABLE, message));
        } else if progresses(before, status) {
            let message = words::progressing(&subject);
            let mut progress = self.condition(PROGRESSING, "True", "ReplicaSetUpdated", message);
            if let Some(current) = current {
                if current.status == "True" {
                    progress.last_transition_time.clone_from(&current.last_transition_time);
                }
                remove(status, PROGRESSING);
            }
            set(status, progress);
        } else if self.has_timed_out(rollout, current) {
            let message = words::timed_out(&subject);
            set(status, self.condition(PROGRESSING, "False", TIMED_OUT, message));
        }
    }

    fn has_timed_out(&self, rollout: &Rollout, current: Option<&DeploymentCondition>) -> bool {
        let (Some(current), Some(deadline)) = (current, deadline(rollout)) else { return false };
        match current.reason.as_deref() {
            Some(NEW_AVAILABLE) => false,
            Some(TIMED_OUT) => true,
            _ => self.since_update(current).as_millis() > deadline.as_millis(),
        }
    }

    fn since_update(&self, condition: &DeploymentCondition) -> Span {
        let updated = condition.last_update_time.as_ref().map_or(0, |time| time.0.as_second());
        let now = self.world.epoch_seconds * 1000 + self.now.as_millis();
        Span::millis(now - updated * 1000)
    }

    /// A look is due a second after the deadline ran out, counted from whole seconds (requeueStuckDeployment). What is
    /// less than a second away is asked for again and again upstream; here once, when it has run out.
    fn wait_for_deadline(&mut self, rollout: &Rollout) {
        let Some(deadline) = deadline(rollout) else { return };
        let Some(status) = &rollout.deployment.status else { return };
        let Some(current) = condition(status, PROGRESSING) else { return };
        // A Deployment that was complete and lost Pods since has no deadline.
        let ended = |reason: &str| reason == TIMED_OUT || reason == NEW_AVAILABLE;
        if is_complete(rollout) || current.reason.as_deref().is_some_and(ended) {
            return;
        }
        let left = deadline.as_millis() - self.since_update(current).as_millis();
        let at = self.now + Span::millis(if left < 1000 { left.max(0) + 1 } else { left + 1000 });
        self.wake_at(&rollout.key, at);
    }

    fn calculated(&self, rollout: &Rollout) -> DeploymentStatus {
        let sum = |of: &dyn Fn(&ReplicaSet) -> i32| rollout.all().map(of).sum::<i32>();
        let status_of = |set: &ReplicaSet| set.status.clone().unwrap_or_default();
        let available = sum(&|set| status_of(set).available_replicas.unwrap_or(0));
        let before = rollout.deployment.status.clone().unwrap_or_default();
        let mut status = DeploymentStatus {
            observed_generation: rollout.deployment.metadata.generation,
            replicas: some(sum(&|set| status_of(set).replicas)),
            updated_replicas: some(rollout.new.as_deref().map_or(0, |set| status_of(set).replicas)),
            ready_replicas: some(sum(&|set| status_of(set).ready_replicas.unwrap_or(0))),
            available_replicas: some(available),
            unavailable_replicas: some((sum(&deployment::wanted) - available).max(0)),
            terminating_replicas: Some(sum(&|set| {
                status_of(set).terminating_replicas.unwrap_or(0)
            })),
            collision_count: before.collision_count,
            conditions: before.conditions,
        };
        let enough = available >= rollout.replicas() - rollout.max_unavailable();
        let (word, reason, message) = if enough {
            ("True", "MinimumReplicasAvailable", words::MINIMUM_AVAILABLE)
        } else {
            ("False", "MinimumReplicasUnavailable", words::MINIMUM_UNAVAILABLE)
        };
        set(&mut status, self.condition(AVAILABLE, word, reason, message.to_owned()));
        status
    }

    fn condition(
        &self,
        type_: &str,
        status: &str,
        reason: &str,
        message: String,
    ) -> DeploymentCondition {
        DeploymentCondition {
            type_: type_.into(),
            status: status.into(),
            reason: Some(reason.into()),
            message: Some(message),
            last_update_time: Some(self.time_now()),
            last_transition_time: Some(self.time_now()),
        }
    }

    /// Writes a status, and a revision beside it, if they differ from what is stored.
    fn write_deployment_status(
        &mut self,
        key: &Key,
        status: DeploymentStatus,
        revision: Option<u32>,
    ) -> bool {
        let Some(Object::Deployment(live)) = self.store.get(key).map(AsRef::as_ref) else {
            return false;
        };
        let other = revision.filter(|number| !deployment::has_revision(&live.metadata, *number));
        if other.is_none() && live.status.as_ref() == Some(&status) {
            return false;
        }
        let mut changed = live.clone();
        if let Some(number) = other {
            deployment::set_revision(&mut changed.metadata, number);
        }
        changed.status = Some(status);
        self.store.put(Object::Deployment(changed));
        self.enqueue(key, super::NOTICE_MILLIS);
        true
    }
}

/// Counts of nothing are left out.
pub(super) fn some(count: i32) -> Option<i32> {
    (count != 0).then_some(count)
}

/// Whether the Deployment has all its Pods, of the newest template and available, and says so (DeploymentComplete).
pub(super) fn is_complete(rollout: &Rollout) -> bool {
    rollout.deployment.status.as_ref().is_some_and(|status| completes(rollout, status))
}

fn completes(rollout: &Rollout, status: &DeploymentStatus) -> bool {
    let wanted = rollout.replicas();
    [status.updated_replicas, status.replicas, status.available_replicas]
        .into_iter()
        .all(|count| count.unwrap_or(0) == wanted)
        && status.observed_generation >= rollout.deployment.metadata.generation
}

/// More new Pods, fewer old ones, more that are ready or available (DeploymentProgressing).
fn progresses(before: &DeploymentStatus, after: &DeploymentStatus) -> bool {
    let count = |count: Option<i32>| count.unwrap_or(0);
    let old = |status: &DeploymentStatus| count(status.replicas) - count(status.updated_replicas);
    count(after.updated_replicas) > count(before.updated_replicas)
        || old(after) < old(before)
        || count(after.ready_replicas) > count(before.ready_replicas)
        || count(after.available_replicas) > count(before.available_replicas)
}

/// `progressDeadlineSeconds`; the largest number switches it off.
fn deadline(rollout: &Rollout) -> Option<Span> {
    let seconds = rollout.spec().progress_deadline_seconds.unwrap_or(600);
    (seconds != i32::MAX).then(|| Span::seconds(i64::from(seconds)))
}

/// The failure of the newest ReplicaSet, else of any other.
fn failure(rollout: &Rollout) -> Option<DeploymentCondition> {
    let of = |set: &ReplicaSet| {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        let found = conditions.iter().find(|condition| condition.type_ == REPLICA_FAILURE)?;
        Some(DeploymentCondition {
            type_: REPLICA_FAILURE.into(),
            status: found.status.clone(),
            reason: found.reason.clone(),
            message: found.message.clone(),
            last_update_time: found.last_transition_time.clone(),
            last_transition_time: found.last_transition_time.clone(),
        })
    };
    rollout.new.as_deref().and_then(of).or_else(|| rollout.all().find_map(of))
}

fn condition<'a>(status: &'a DeploymentStatus, type_: &str) -> Option<&'a DeploymentCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == type_)
}

/// Sets a condition unless it is there with the same status and reason; a changed one moves to the end.
fn set(status: &mut DeploymentStatus, mut new: DeploymentCondition) {
    if let Some(current) = condition(status, &new.type_) {
        if current.status == new.status && current.reason == new.reason {
            return;
        }
        if current.status == new.status {
            new.last_transition_time.clone_from(&current.last_transition_time);
        }
    }
    remove(status, &new.type_);
    status.conditions.get_or_insert_default().push(new);
}

fn remove(status: &mut DeploymentStatus, type_: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_ != type_);
        if conditions.is_empty() {
            status.conditions = None;
        }
    }
}

//! Events: what is recorded, how repeats are counted, and when recording is skipped.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::object::{Key, Kind};
use crate::random::Stream;
use crate::time::{self, SimTime, Span};

/// `Normal` or `Warning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// As it should be.
    Normal,
    /// Worth a look.
    Warning,
}

/// The reasons that are recorded (P45, and the recordings for the controllers' ones).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// default-scheduler: a node was chosen.
    Scheduled,
    /// default-scheduler: there is none.
    FailedScheduling,
    /// kubelet: a pull begins, or is queued.
    Pulling,
    /// kubelet: a pull came through, or the image was there.
    Pulled,
    /// kubelet: a container exists.
    Created,
    /// kubelet: a container runs.
    Started,
    /// kubelet: a container is stopped.
    Killing,
    /// kubelet: a pull is held back.
    BackOff,
    /// kubelet: a pull, or a container start, failed.
    Failed,
    /// kubelet: the image's name does not parse.
    InspectFailed,
    /// kubelet: policy Never and the image is absent.
    ErrImageNeverPull,
    /// kubelet: a pull secret could not be had.
    FailedToRetrieveImagePullSecret,
    /// kubelet, about its node: images were collected, and the disk is still too full.
    FreeDiskSpaceFailed,
    /// deployment-controller: a ReplicaSet was scaled.
    ScalingReplicaSet,
    /// A controller: a Pod or a Job was created.
    SuccessfulCreate,
    /// A controller: a Pod or a Job was refused.
    FailedCreate,
    /// A controller: a Pod or a Job was deleted.
    SuccessfulDelete,
    /// job-controller: a Job came to a good end.
    Completed,
    /// job-controller: a Job was suspended.
    Suspended,
    /// job-controller: a Job goes on.
    Resumed,
    /// job-controller: too many of a Job's Pods failed.
    BackoffLimitExceeded,
    /// job-controller: a Job took too long.
    DeadlineExceeded,
    /// job-controller: some indexes of a Job failed, and no others are left.
    FailedIndexes,
    /// job-controller: too many indexes of a Job failed.
    MaxFailedIndexesExceeded,
    /// job-controller: a Pod failed in a way for which the Job's policy gives up.
    PodFailurePolicy,
    /// cronjob-controller: a Job is over.
    SawCompletedJob,
    /// cronjob-controller: a Job runs, and the policy forbids another.
    JobAlreadyActive,
    /// cronjob-controller: a Job that ran is gone.
    MissingJob,
    /// cronjob-controller: a Job runs that it did not make.
    UnexpectedJob,
    /// cronjob-controller: it is too late for the moment that is due.
    MissSchedule,
    /// cronjob-controller: more than a hundred moments were missed.
    TooManyMissedTimes,
    /// cronjob-controller: the schedule has no moment.
    InvalidSchedule,
}

impl Reason {
    /// As it is spelled.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::FailedScheduling => "FailedScheduling",
            Self::Pulling => "Pulling",
            Self::Pulled => "Pulled",
            Self::Created => "Created",
            Self::Started => "Started",
            Self::Killing => "Killing",
            Self::BackOff => "BackOff",
            Self::Failed => "Failed",
            Self::InspectFailed => "InspectFailed",
            Self::ErrImageNeverPull => "ErrImageNeverPull",
            Self::FailedToRetrieveImagePullSecret => "FailedToRetrieveImagePullSecret",
            Self::FreeDiskSpaceFailed => "FreeDiskSpaceFailed",
            Self::ScalingReplicaSet => "ScalingReplicaSet",
            Self::SuccessfulCreate => "SuccessfulCreate",
            Self::FailedCreate => "FailedCreate",
            Self::SuccessfulDelete => "SuccessfulDelete",
            Self::Completed => "Completed",
            Self::Suspended => "Suspended",
            Self::Resumed => "Resumed",
            Self::BackoffLimitExceeded => "BackoffLimitExceeded",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::FailedIndexes => "FailedIndexes",
            Self::MaxFailedIndexesExceeded => "MaxFailedIndexesExceeded",
            Self::PodFailurePolicy => "PodFailurePolicy",
            Self::SawCompletedJob => "SawCompletedJob",
            Self::JobAlreadyActive => "JobAlreadyActive",
            Self::MissingJob => "MissingJob",
            Self::UnexpectedJob => "UnexpectedJob",
            Self::MissSchedule => "MissSchedule",
            Self::TooManyMissedTimes => "TooManyMissedTimes",
            Self::InvalidSchedule => "InvalidSchedule",
        }
    }

    /// Its type. The kubelet's back-off is Normal, not Warning (P23).
    pub const fn event_type(self) -> EventType {
        match self {
            Self::Scheduled
            | Self::Pulling
            | Self::Pulled
            | Self::Created
            | Self::Started
            | Self::Killing
            | Self::BackOff
            | Self::ScalingReplicaSet
            | Self::SuccessfulCreate
            | Self::SuccessfulDelete
            | Self::Completed
            | Self::Suspended
            | Self::Resumed
            | Self::SawCompletedJob
            | Self::JobAlreadyActive
            | Self::MissingJob => EventType::Normal,
            Self::FailedScheduling
            | Self::Failed
            | Self::InspectFailed
            | Self::ErrImageNeverPull
            | Self::FailedToRetrieveImagePullSecret
            | Self::FreeDiskSpaceFailed
            | Self::FailedCreate
            | Self::BackoffLimitExceeded
            | Self::DeadlineExceeded
            | Self::FailedIndexes
            | Self::MaxFailedIndexesExceeded
            | Self::PodFailurePolicy
            | Self::UnexpectedJob
            | Self::MissSchedule
            | Self::TooManyMissedTimes
            | Self::InvalidSchedule => EventType::Warning,
        }
    }

    /// The component that records it about an object of that kind.
    pub const fn component(self, about: Kind) -> &'static str {
        match self {
            Self::Scheduled | Self::FailedScheduling => "default-scheduler",
            Self::Pulling
            | Self::Pulled
            | Self::Created
            | Self::Started
            | Self::Killing
            | Self::BackOff
            | Self::Failed
            | Self::InspectFailed
            | Self::ErrImageNeverPull
            | Self::FailedToRetrieveImagePullSecret
            | Self::FreeDiskSpaceFailed => "kubelet",
            Self::ScalingReplicaSet
            | Self::SuccessfulCreate
            | Self::FailedCreate
            | Self::SuccessfulDelete
            | Self::Completed
            | Self::Suspended
            | Self::Resumed
            | Self::BackoffLimitExceeded
            | Self::DeadlineExceeded
            | Self::FailedIndexes
            | Self::MaxFailedIndexesExceeded
            | Self::PodFailurePolicy
            | Self::SawCompletedJob
            | Self::JobAlreadyActive
            | Self::MissingJob
            | Self::UnexpectedJob
            | Self::MissSchedule
            | Self::TooManyMissedTimes
            | Self::InvalidSchedule => about.controller(),
        }
    }
}

impl Reason {
    /// Whether it is recorded through the newer events API, which neither combines nor drops (cluster-recording, P45).
    pub const fn is_newer_api(self) -> bool {
        matches!(self, Self::Scheduled | Self::FailedScheduling)
    }
}

impl EventType {
    /// As it is spelled.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// `kube-apiserver --event-ttl`: an Event object lives an hour after it was last written
/// (cmd/kube-apiserver/app/options, pkg/registry/core/event).
pub const LIFETIME: Span = Span::hours(1);

/// One Event object: equal occurrences are counted, not repeated (P42).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The field of the object: `spec.containers{app}` (P41).
    pub field_path: Option<Arc<str>>,
    /// Its reason, which also says its type and source.
    pub reason: Reason,
    /// The real words.
    pub message: Arc<str>,
    /// `firstTimestamp`.
    pub first: SimTime,
    /// `lastTimestamp`, as last written.
    pub last: SimTime,
    /// `count`, as last written.
    pub count: u32,
    /// Occurrences so far; runs ahead of `count` while writing is skipped (P44). Zero `count` means never written.
    pub seen: u32,
    /// The first occurrence, by which the object is named.
    pub named: SimTime,
    /// Whether it stands for ten or more messages (P43).
    pub combined: bool,
    /// Whether the one who recorded it has restarted since, and begins a new one.
    pub closed: bool,
}

impl Event {
    /// Whether the object is gone from the API.
    pub fn is_expired(&self, now: SimTime) -> bool {
        now.since(self.last) > LIFETIME
    }
}

/// The events of one object, with the limits on writing them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorder {
    events: Vec<Event>,
    normal: Bucket,
    warning: Bucket,
    groups: Vec<Group>,
    /// The node whose kubelet records them.
    pub(crate) host: Option<Arc<str>>,
}

/// The different messages of one reason, each within ten minutes of the one before (P43).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    reason: Reason,
    messages: Vec<Arc<str>>,
    last: SimTime,
}

/// Where a recorder has an event and its group, and how many messages that has: with as many, its words are among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) event: usize,
    group: usize,
    messages: usize,
}

/// From so many different messages on, they are combined (events_cache.go defaultAggregateMaxEvents).
const COMBINED_FROM: usize = 10;
/// A pause longer than this begins a new group (defaultAggregateIntervalInSeconds).
const GROUP_INTERVAL: Span = Span::seconds(600);

/// Twenty-five events at once, then one every 300 s (P44; client-go tools/record/events_cache.go). The scheduler
/// and the controllers stay far below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    // Milliseconds of refill that are saved up; one event costs `REFILL`.
    saved: i64,
    at: SimTime,
}

const REFILL: i64 = 300_000;
const BURST: i64 = 25;

impl Bucket {
    const FULL: Self = Self { saved: BURST * REFILL, at: SimTime::from_millis(i64::MIN / 2) };

    fn saved_at(self, now: SimTime) -> i64 {
        (self.saved + now.since(self.at).as_millis()).min(BURST * REFILL)
    }

    fn take(&mut self, now: SimTime) -> bool {
        let saved = self.saved_at(now);
        let taken = saved >= REFILL;
        *self = Self { saved: if taken { saved - REFILL } else { saved }, at: now };
        taken
    }

    fn ready_at(self) -> SimTime {
        self.at + Span::millis((REFILL - self.saved).max(0))
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            normal: Bucket::FULL,
            warning: Bucket::FULL,
            groups: Vec::new(),
            host: None,
        }
    }
}

impl Recorder {
    /// Every Event object that was ever written, in order of first appearance.
    pub fn written(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.count > 0)
    }

    /// The same together with the object that they are about.
    pub(crate) fn of(&self, object: &Key, uid: &Arc<str>) -> Vec<EventOf> {
        let written = (0..).zip(&self.events).filter(|(_, event)| event.count > 0);
        written
            .map(|(number, event)| EventOf {
                object: object.clone(),
                uid: Arc::clone(uid),
                host: self.host.clone(),
                number,
                event: event.clone(),
            })
            .collect()
    }

    /// Records an occurrence. Answers the index of the event, and whether it was written.
    pub fn record(
        &mut self,
        now: SimTime,
        field_path: Option<&Arc<str>>,
        reason: Reason,
        message: &Arc<str>,
    ) -> (usize, bool) {
        let index = if !reason.is_newer_api() && self.is_combined(now, reason, message) {
            let message = format!("(combined from similar events): {message}").into();
            let known = self.position(|event| event.combined && event.reason == reason);
            let index = known.unwrap_or_else(|| self.begin(now, field_path, reason, &message));
            (self.events[index].combined, self.events[index].message) = (true, message);
            index
        } else {
            let known = self.find(field_path, reason, message);
            known.unwrap_or_else(|| self.begin(now, field_path, reason, message))
        };
        (index, self.count(now, index))
    }

    /// Records an occurrence more of an event whose words are not combined with others, and are what they were. Answers
    /// whether it was written.
    pub(crate) fn record_again(&mut self, now: SimTime, index: usize) -> bool {
        let Event { reason, message, .. } = &self.events[index];
        group_with(&mut self.groups, now, *reason, message);
        self.count(now, index)
    }

    /// Where the event is that these words make, if they were recorded before and would not be combined with others.
    pub(crate) fn known(
        &self,
        field_path: Option<&Arc<str>>,
        reason: Reason,
        message: &Arc<str>,
    ) -> Option<Known> {
        let event = self.find(field_path, reason, message)?;
        let group = self.groups.iter().position(|group| group.reason == reason)?;
        let Group { messages, .. } = &self.groups[group];
        let knows = messages.iter().any(|known| **known == **message);
        (knows && !self.combines()).then_some(Known { event, group, messages: messages.len() })
    }

    /// [`Self::record_again`], for many times.
    pub(crate) fn record_known(&mut self, now: SimTime, known: Known) -> bool {
        let group = &mut self.groups[known.group];
        if now.since(group.last) > GROUP_INTERVAL || group.messages.len() != known.messages {
            return self.record_again(now, known.event);
        }
        group.last = now;
        self.count(now, known.event)
    }

    fn count(&mut self, now: SimTime, index: usize) -> bool {
        let event = &mut self.events[index];
        let bucket = match event.reason.event_type() {
            EventType::Normal => &mut self.normal,
            EventType::Warning => &mut self.warning,
        };
        let written = event.reason.is_newer_api() || bucket.take(now);
        event.seen += 1;
        if written {
            if event.count == 0 {
                event.first = now;
            }
            event.last = now;
            event.count = event.seen;
        }
        written
    }

    fn begin(
        &mut self,
        now: SimTime,
        field_path: Option<&Arc<str>>,
        reason: Reason,
        message: &Arc<str>,
    ) -> usize {
        self.events.push(Event {
            field_path: field_path.cloned(),
            reason,
            message: Arc::clone(message),
            first: now,
            last: now,
            count: 0,
            seen: 0,
            named: now,
            combined: false,
            closed: false,
        });
        self.events.len() - 1
    }

    /// P43 (events_cache.go EventAggregate). Upstream forgets any one of the messages once there are ten; here it is the
    /// oldest.
    fn is_combined(&mut self, now: SimTime, reason: Reason, message: &Arc<str>) -> bool {
        let group = group_with(&mut self.groups, now, reason, message);
        if group.messages.len() < COMBINED_FROM {
            return false;
        }
        group.messages.remove(0);
        true
    }

    /// Whether the next messages may be combined, so that no occurrence can be skipped.
    pub(crate) fn combines(&self) -> bool {
        self.groups.iter().any(|group| group.messages.len() + 1 >= COMBINED_FROM)
    }

    /// Counts occurrences that are known to fall where nothing is written; the last of them at `last`.
    pub fn count_unwritten(&mut self, index: usize, occurrences: u32, last: SimTime) {
        let event = &mut self.events[index];
        event.seen += occurrences;
        let reason = event.reason;
        if let Some(group) = self.groups.iter_mut().find(|group| group.reason == reason) {
            group.last = group.last.max(last);
        }
    }

    /// The kubelet restarts: it counts anew, in new Event objects, with full buckets (`kubelet-restart`).
    pub(crate) fn restart(&mut self) {
        for event in self.events.iter_mut().filter(|event| !event.reason.is_newer_api()) {
            event.closed = true;
        }
        (self.normal, self.warning) = (Bucket::FULL, Bucket::FULL);
        self.groups.clear();
    }

    /// The event at an index that [`Self::record`] gave.
    pub fn event(&self, index: usize) -> &Event {
        &self.events[index]
    }

    /// The first moment at which an event of that type would be written again.
    pub fn writes_again(&self, event_type: EventType) -> SimTime {
        match event_type {
            EventType::Normal => self.normal.ready_at(),
            EventType::Warning => self.warning.ready_at(),
        }
    }

    /// The first moment at which any event would be written again.
    pub(crate) fn writes_any_again(&self) -> SimTime {
        self.normal.ready_at().min(self.warning.ready_at())
    }

    fn find(&self, path: Option<&Arc<str>>, reason: Reason, message: &Arc<str>) -> Option<usize> {
        self.position(|event| {
            event.reason == reason
                && (Arc::ptr_eq(&event.message, message) || event.message == *message)
                && event.field_path.as_ref() == path
        })
    }

    fn position(&self, test: impl Fn(&Event) -> bool) -> Option<usize> {
        self.events.iter().position(|event| !event.closed && test(event))
    }
}

/// The group of a reason's messages, with one more.
fn group_with<'a>(
    groups: &'a mut Vec<Group>,
    now: SimTime,
    reason: Reason,
    message: &Arc<str>,
) -> &'a mut Group {
    let known = groups.iter().position(|group| group.reason == reason);
    let index = known.unwrap_or_else(|| {
        groups.push(Group { reason, messages: Vec::new(), last: now });
        groups.len() - 1
    });
    let group = &mut groups[index];
    if now.since(group.last) > GROUP_INTERVAL {
        group.messages.clear();
    }
    group.last = now;
    let is_known = |known: &Arc<str>| Arc::ptr_eq(known, message) || **known == **message;
    if !group.messages.iter().any(is_known) {
        group.messages.push(Arc::clone(message));
    }
    group
}

/// An Event object together with the object it is about, as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOf {
    /// The object.
    pub object: Key,
    /// Its uid.
    pub uid: Arc<str>,
    /// The node whose kubelet recorded it.
    pub host: Option<Arc<str>>,
    /// Which of the object's events it is.
    pub number: u32,
    /// The event.
    pub event: Event,
}

impl EventOf {
    /// Its name in the API: that of the object, and the nanosecond of the first occurrence in hexadecimal.
    pub fn name(&self, epoch_seconds: i64) -> String {
        let millis = epoch_seconds * 1000 + self.event.named.as_millis();
        // Events of one millisecond are told apart by what they would have of it.
        let rest = 1_009 * i64::from(self.number % 900) + 104_729;
        format!("{}.{:x}", self.object.name, millis * 1_000_000 + rest)
    }

    /// The object as the API has it, as `v1 Event`.
    pub fn to_value(&self, epoch_seconds: i64) -> Value {
        let clock = |at: SimTime| Value::from(time::rfc3339(epoch_seconds, at));
        let event = &self.event;
        let namespace =
            if self.object.kind.namespaced() { &*self.object.namespace } else { "default" };
        let mut involved = json!({
            "apiVersion": self.object.kind.api_version(),
            "kind": self.object.kind.name(),
            "name": &*self.object.name,
            "uid": &*self.uid,
        });
        if self.object.kind.namespaced() {
            involved["namespace"] = namespace.into();
        }
        if let Some(path) = &event.field_path {
            involved["fieldPath"] = (&**path).into();
        }
        let component = event.reason.component(self.object.kind);
        let name = self.name(epoch_seconds);
        let mut value = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": Stream::new(0, &name, "uid").uid(),
                "creationTimestamp": clock(event.first),
            },
            "involvedObject": involved,
            "reason": event.reason.name(),
            "message": &*event.message,
            "type": event.reason.event_type().name(),
            "reportingComponent": component,
        });
        let host = self.host.as_deref().unwrap_or_default();
        if event.reason.is_newer_api() {
            let seconds = time::rfc3339(epoch_seconds, event.first);
            let micros = event.first.as_millis().rem_euclid(1000) * 1000;
            value["eventTime"] = format!("{}.{micros:06}Z", seconds.trim_end_matches('Z')).into();
            value["source"] = json!({});
            (value["firstTimestamp"], value["lastTimestamp"]) = (Value::Null, Value::Null);
            value["action"] = match event.reason {
                Reason::Scheduled => "Binding",
                _ => "Scheduling",
            }
            .into();
            value["reportingInstance"] = format!("{component}-0").into();
        } else {
            value["eventTime"] = Value::Null;
            value["source"] = json!({ "component": component });
            value["reportingInstance"] = "".into();
            if component == "kubelet" {
                value["source"]["host"] = host.into();
                value["reportingInstance"] = host.into();
            }
            value["firstTimestamp"] = clock(event.first);
            value["lastTimestamp"] = clock(event.last);
            value["count"] = event.count.into();
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> SimTime {
        SimTime::START + Span::seconds(seconds)
    }

    #[test]
    fn equal_events_are_counted() {
        let mut recorder = Recorder::default();
        let message: Arc<str> = "Back-off pulling image \"x\"".into();
        for second in [0, 10, 20] {
            recorder.record(at(second), None, Reason::BackOff, &message);
        }
        recorder.record(at(21), None, Reason::Failed, &message);
        let counts: Vec<_> = recorder.written().map(|event| (event.reason, event.count)).collect();
        assert_eq!(counts, [(Reason::BackOff, 3), (Reason::Failed, 1)]);
    }

    #[test]
    fn the_bucket_runs_dry_and_the_count_jumps() {
        let mut recorder = Recorder::default();
        let message: Arc<str> = "m".into();
        let mut written = Vec::new();
        for second in (0..400).step_by(10) {
            if recorder.record(at(second), None, Reason::Failed, &message).1 {
                written.push((second, recorder.event(0).count));
            }
        }
        // 25 at once; one was saved up in the first 300 s; then nothing until 600 s.
        assert_eq!(written.len(), 26);
        assert_eq!(written[24], (240, 25));
        assert_eq!(written[25], (300, 31));
        assert_eq!(recorder.event(0).seen, 40);
        assert_eq!(recorder.writes_again(EventType::Warning), at(600));
        assert_eq!(recorder.writes_again(EventType::Normal), Recorder::default().normal.ready_at());
    }

    #[test]
    fn ten_different_messages_become_one_event() {
        let mut recorder = Recorder::default();
        for number in 0..12 {
            let message: Arc<str> = format!("m{number}").into();
            recorder.record(at(number), None, Reason::Failed, &message);
        }
        let written: Vec<_> =
            recorder.written().map(|event| (event.message.to_string(), event.count)).collect();
        assert_eq!(written.len(), 10);
        assert_eq!(written[8], ("m8".into(), 1));
        assert_eq!(written[9], ("(combined from similar events): m11".into(), 3));
        // After a pause, each is itself again.
        let message: Arc<str> = "m3".into();
        recorder.record(at(700), None, Reason::Failed, &message);
        assert_eq!(recorder.event(3).count, 2);
    }

    #[test]
    fn a_restarted_kubelet_begins_new_events() {
        let mut recorder = Recorder::default();
        let message: Arc<str> = "m".into();
        for second in 0..40 {
            recorder.record(at(second), None, Reason::Failed, &message);
        }
        recorder.restart();
        assert_eq!(recorder.record(at(41), None, Reason::Failed, &message), (1, true));
        let counts: Vec<u32> = recorder.written().map(|event| event.count).collect();
        assert_eq!(counts, [25, 1]);
    }
}

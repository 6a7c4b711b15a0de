//! Events: what is recorded, how repeats are counted, and when recording is skipped.

use std::sync::Arc;

use crate::object::Key;
use crate::time::{SimTime, Span};

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
    /// deployment-controller: a ReplicaSet was scaled.
    ScalingReplicaSet,
    /// replicaset-controller: a Pod was created.
    SuccessfulCreate,
    /// replicaset-controller: a Pod was refused.
    FailedCreate,
    /// replicaset-controller: a Pod was deleted.
    SuccessfulDelete,
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
            Self::ScalingReplicaSet => "ScalingReplicaSet",
            Self::SuccessfulCreate => "SuccessfulCreate",
            Self::FailedCreate => "FailedCreate",
            Self::SuccessfulDelete => "SuccessfulDelete",
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
            | Self::SuccessfulDelete => EventType::Normal,
            Self::FailedScheduling
            | Self::Failed
            | Self::InspectFailed
            | Self::ErrImageNeverPull
            | Self::FailedToRetrieveImagePullSecret
            | Self::FailedCreate => EventType::Warning,
        }
    }

    /// The component that records it.
    pub const fn component(self) -> &'static str {
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
            | Self::FailedToRetrieveImagePullSecret => "kubelet",
            Self::ScalingReplicaSet => "deployment-controller",
            Self::SuccessfulCreate | Self::FailedCreate | Self::SuccessfulDelete => {
                "replicaset-controller"
            }
        }
    }
}

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
}

/// The events of one object, with the limits on writing them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorder {
    events: Vec<Event>,
    normal: Bucket,
    warning: Bucket,
}

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
        Self { events: Vec::new(), normal: Bucket::FULL, warning: Bucket::FULL }
    }
}

impl Recorder {
    /// Every Event object that was ever written, in order of first appearance.
    pub fn written(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.count > 0)
    }

    /// Records an occurrence. Answers the index of the event, and whether it was written.
    pub fn record(
        &mut self,
        now: SimTime,
        field_path: Option<&Arc<str>>,
        reason: Reason,
        message: &Arc<str>,
    ) -> (usize, bool) {
        let index = self.find(field_path, reason, message).unwrap_or_else(|| {
            self.events.push(Event {
                field_path: field_path.cloned(),
                reason,
                message: Arc::clone(message),
                first: now,
                last: now,
                count: 0,
                seen: 0,
            });
            self.events.len() - 1
        });
        let written = self.bucket(reason).take(now);
        let event = &mut self.events[index];
        event.seen += 1;
        if written {
            if event.count == 0 {
                event.first = now;
            }
            event.last = now;
            event.count = event.seen;
        }
        (index, written)
    }

    /// Counts occurrences that are known to fall where nothing is written.
    pub fn count_unwritten(&mut self, index: usize, occurrences: u32) {
        self.events[index].seen += occurrences;
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

    fn bucket(&mut self, reason: Reason) -> &mut Bucket {
        match reason.event_type() {
            EventType::Normal => &mut self.normal,
            EventType::Warning => &mut self.warning,
        }
    }

    fn find(&self, path: Option<&Arc<str>>, reason: Reason, message: &Arc<str>) -> Option<usize> {
        self.events.iter().position(|event| {
            event.reason == reason
                && (Arc::ptr_eq(&event.message, message) || event.message == *message)
                && event.field_path.as_ref() == path
        })
    }
}

/// An Event object together with the object it is about, as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOf {
    /// The object.
    pub object: Key,
    /// The event.
    pub event: Event,
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
}

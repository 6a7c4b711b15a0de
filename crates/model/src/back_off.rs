//! How long a node waits before it tries a failed pull again (P36).

use std::collections::BTreeMap;

use crate::time::{SimTime, Span};

/// The failures of one node, per Pod and image as written.
///
/// Not persisted: a kubelet that restarts begins with a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackOff {
    // Invariant: `initial` is at most `max`, so that a delay ends before its entry is idle.
    initial: Span,
    max: Span,
    // By Pod uid, then by image: upstream's key is `<uid>_<image>`, and two levels let a look-up borrow both.
    entries: BTreeMap<String, BTreeMap<String, Entry>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    delay: Span,
    last_failure: SimTime,
}

impl Default for BackOff {
    /// The kubelet's numbers for image pulls: 10 s, doubling up to 300 s (pkg/kubelet/kubelet.go).
    fn default() -> Self {
        Self::new(Span::seconds(10), Span::seconds(300))
    }
}

impl BackOff {
    /// A counter that starts with the delay `initial` and doubles it up to `max`.
    pub const fn new(initial: Span, max: Span) -> Self {
        Self { initial, max, entries: BTreeMap::new() }
    }

    /// A pull has failed now: the delay doubles, or starts again after a long silence (backoff.go Next).
    pub fn record_failure(&mut self, pod_uid: &str, image: &str, now: SimTime) {
        let delay = match self.get(pod_uid, image) {
            Some(entry) if !self.is_idle(entry, now) => (entry.delay + entry.delay).min(self.max),
            _ => self.initial,
        };
        let images = self.entries.entry(pod_uid.to_owned()).or_default();
        images.insert(image.to_owned(), Entry { delay, last_failure: now });
    }

    /// Whether a pull is held back now; at exactly the delay it may run (backoff.go IsInBackOffSinceUpdate).
    pub fn is_held_back(&self, pod_uid: &str, image: &str, now: SimTime) -> bool {
        self.due_at(pod_uid, image).is_some_and(|due| now < due)
    }

    /// The first moment a pull may run again; `None` if none has failed. It may have passed.
    pub fn due_at(&self, pod_uid: &str, image: &str) -> Option<SimTime> {
        self.get(pod_uid, image).map(|entry| entry.last_failure + entry.delay)
    }

    /// The current delay, if there is an entry.
    pub fn delay(&self, pod_uid: &str, image: &str) -> Option<Span> {
        self.get(pod_uid, image).map(|entry| entry.delay)
    }

    /// Drops what is idle, as the kubelet does after every successful pull (backoff.go GC). It changes
    /// no answer: an idle entry holds nothing back, and the next failure starts it again.
    pub fn collect_idle(&mut self, now: SimTime) {
        let max = self.max;
        self.entries.retain(|_, images| {
            images.retain(|_, entry| !is_idle(*entry, max, now));
            !images.is_empty()
        });
    }

    /// Forgets one entry.
    pub fn reset(&mut self, pod_uid: &str, image: &str) {
        if let Some(images) = self.entries.get_mut(pod_uid) {
            images.remove(image);
            if images.is_empty() {
                self.entries.remove(pod_uid);
            }
        }
    }

    fn get(&self, pod_uid: &str, image: &str) -> Option<Entry> {
        self.entries.get(pod_uid)?.get(image).copied()
    }

    fn is_idle(&self, entry: Entry, now: SimTime) -> bool {
        is_idle(entry, self.max, now)
    }
}

/// More than twice the longest delay without a failure (backoff.go hasExpired).
fn is_idle(entry: Entry, max: Span, now: SimTime) -> bool {
    now.since(entry.last_failure) > max + max
}

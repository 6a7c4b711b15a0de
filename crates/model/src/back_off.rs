//! How long a node waits before it tries a failed pull again (P36).

use std::sync::Arc;

use crate::time::{SimTime, Span};

/// The failures of one node, per Pod and image as written.
///
/// Not persisted: a kubelet that restarts begins with a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackOff {
    // Invariant: `initial` is at most `max`, so that a delay ends before its entry is idle.
    initial: Span,
    max: Span,
    // Invariant: one for each Pod uid and image (upstream's key is `<uid>_<image>`). Here each Pod has its own, of few
    // entries, and a list is searched faster than a map.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    // Shared with who asks, so that they are mostly compared by their places.
    pod_uid: Arc<str>,
    image: Arc<str>,
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
        Self { initial, max, entries: Vec::new() }
    }

    /// A pull has failed now: the delay doubles, or starts again after a long silence (backoff.go Next).
    pub fn record_failure(&mut self, pod_uid: &Arc<str>, image: &Arc<str>, now: SimTime) {
        let (initial, max) = (self.initial, self.max);
        let Some(entry) = self.entries.iter_mut().find(|one| one.is_of(pod_uid, image)) else {
            let (pod_uid, image) = (Arc::clone(pod_uid), Arc::clone(image));
            self.entries.push(Entry { pod_uid, image, delay: initial, last_failure: now });
            return;
        };
        entry.delay = match entry.is_idle(max, now) {
            true => initial,
            false => (entry.delay + entry.delay).min(max),
        };
        entry.last_failure = now;
    }

    /// Whether a pull is held back now; at exactly the delay it may run (backoff.go IsInBackOffSinceUpdate).
    pub fn is_held_back(&self, pod_uid: &Arc<str>, image: &Arc<str>, now: SimTime) -> bool {
        self.due_at(pod_uid, image).is_some_and(|due| now < due)
    }

    /// The first moment a pull may run again; `None` if none has failed. It may have passed.
    pub fn due_at(&self, pod_uid: &Arc<str>, image: &Arc<str>) -> Option<SimTime> {
        self.get(pod_uid, image).map(|entry| entry.last_failure + entry.delay)
    }

    /// The current delay, if there is an entry.
    pub fn delay(&self, pod_uid: &Arc<str>, image: &Arc<str>) -> Option<Span> {
        self.get(pod_uid, image).map(|entry| entry.delay)
    }

    /// Drops what is idle, as the kubelet does after every successful pull (backoff.go GC). It changes
    /// no answer: an idle entry holds nothing back, and the next failure starts it again.
    pub fn collect_idle(&mut self, now: SimTime) {
        let max = self.max;
        self.entries.retain(|entry| !entry.is_idle(max, now));
    }

    /// Forgets one entry.
    pub fn reset(&mut self, pod_uid: &Arc<str>, image: &Arc<str>) {
        self.entries.retain(|entry| !entry.is_of(pod_uid, image));
    }

    fn get(&self, pod_uid: &Arc<str>, image: &Arc<str>) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_of(pod_uid, image))
    }
}

impl Entry {
    fn is_of(&self, pod_uid: &Arc<str>, image: &Arc<str>) -> bool {
        self.image == *image && self.pod_uid == *pod_uid
    }

    /// More than twice the longest delay without a failure (backoff.go hasExpired).
    fn is_idle(&self, max: Span, now: SimTime) -> bool {
        now.since(self.last_failure) > max + max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> SimTime {
        SimTime::START + Span::seconds(seconds)
    }

    #[test]
    fn the_first_free_moment_is_known_beforehand() {
        let mut back_off = BackOff::default();
        let (uid, image) = (Arc::from("uid"), Arc::from("nginx"));
        assert_eq!(back_off.due_at(&uid, &image), None);
        let mut now = at(0);
        let mut pulls = Vec::new();
        for _ in 0..8 {
            back_off.record_failure(&uid, &image, now);
            let due = back_off.due_at(&uid, &image).expect("it has failed");
            assert!(back_off.is_held_back(&uid, &image, due - Span::millis(1)));
            assert!(!back_off.is_held_back(&uid, &image, due));
            pulls.push(due.since(at(0)).as_millis() / 1000);
            now = due;
        }
        assert_eq!(pulls, [10, 30, 70, 150, 310, 610, 910, 1210]);
    }

    #[test]
    fn keys_are_apart_and_idle_ones_go() {
        let mut back_off = BackOff::default();
        let [a, b, c, nginx, redis] = ["a", "b", "c", "nginx", "redis"].map(Arc::from);
        back_off.record_failure(&a, &nginx, at(0));
        back_off.record_failure(&a, &redis, at(600));
        back_off.record_failure(&b, &nginx, at(600));
        assert!(!back_off.is_held_back(&b, &redis, at(601)));
        back_off.collect_idle(at(601));
        assert_eq!(back_off.due_at(&a, &nginx), None);
        assert_eq!(back_off.due_at(&a, &redis), Some(at(610)));
        back_off.reset(&a, &redis);
        back_off.reset(&b, &nginx);
        back_off.reset(&c, &nginx);
        assert_eq!(back_off, BackOff::default());
    }
}

//! Events, newest first.

use pullpath_model::cluster::Cluster;
use pullpath_model::event::EventType;
use pullpath_model::time::{SimTime, Span};
use pullpath_view::pane::EventRow;

use super::ladder::clock;

/// `kube-apiserver --event-ttl`: an Event object lives an hour after it was last written.
const LIFETIME: Span = Span::hours(1);

/// More rows than this are of no use to anybody; the oldest are left out.
const MOST: usize = 200;

pub(crate) fn events(cluster: &Cluster, at: SimTime) -> Vec<EventRow> {
    let mut events = cluster.events();
    events.reverse();
    events.truncate(MOST);
    events
        .into_iter()
        .map(|of| EventRow {
            first: clock(of.event.first),
            last: clock(of.event.last),
            last_ms: of.event.last.as_millis(),
            kind: match of.event.reason.event_type() {
                EventType::Normal => "Normal".into(),
                EventType::Warning => "Warning".into(),
            },
            reason: of.event.reason.name().into(),
            object: format!(
                "{}/{}",
                of.object.kind.printed().split('.').next().unwrap_or_default(),
                of.object.name
            ),
            message: of.event.message.to_string(),
            count: of.event.count,
            from: of.event.reason.component().into(),
            gone: at.since(of.event.last) > LIFETIME,
        })
        .collect()
}

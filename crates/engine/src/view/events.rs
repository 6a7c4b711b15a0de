//! Events, newest first.

use pullpath_model::cluster::Cluster;
use pullpath_model::time::SimTime;
use pullpath_view::pane::EventRow;

use super::ladder::clock;

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
            kind: of.event.reason.event_type().name().into(),
            reason: of.event.reason.name().into(),
            object: format!(
                "{}/{}",
                of.object.kind.printed().split('.').next().unwrap_or_default(),
                of.object.name
            ),
            message: of.event.message.to_string(),
            count: of.event.count,
            from: of.event.reason.component(of.object.kind).into(),
            gone: of.event.is_expired(at),
        })
        .collect()
}

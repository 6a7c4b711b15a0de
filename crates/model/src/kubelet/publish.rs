//! Publishing a Pod's status, and recording its events.

use std::sync::Arc;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::event::Reason;
use crate::log::Fact;
use crate::object::Object;
use crate::pod::PodRun;
use crate::pod_status::{self, Addresses, PodChange};
use crate::pods::PodId;

impl Cluster {
    /// Publishes what a Pod's containers are doing.
    pub(crate) fn publish(&mut self, id: PodId) {
        let Some(mut pod) = self.pods.take(id) else { return };
        self.publish_run(Arc::make_mut(&mut pod));
        self.pods.put(id, pod);
    }

    pub(super) fn publish_run(&mut self, run: &mut PodRun) {
        // The sandbox that the first sync makes is seen by the second; the end of a Pod too begins with what the runtime
        // says after the last sync (pkg/kubelet/pod_workers.go podWorkerLoop: `GetNewerThan`).
        let sandbox = match run.ending {
            None => run.syncs > 1,
            Some(ending) => run.syncs > 0 && ending.has_sandbox(),
        };
        let same = run.containers.iter().all(|one| one.shown == one.state);
        if same && run.published.as_ref().is_some_and(|before| before.sandbox.holds == sandbox) {
            return;
        }
        let was_running = (run.is_running(), run.is_ready());
        let was_finished = run.is_finished();
        for container in &mut run.containers {
            if container.shown != container.state {
                run.init_ended |= container.kind == crate::pod::ContainerKind::Init
                    && matches!(container.state, crate::pod::State::Terminated(_));
                container.shown = container.state.clone();
            }
        }
        let published = pod_status::publish(run, sandbox, self.now);
        run.published = Some(published);
        if sandbox && run.address.is_none() {
            let address = self.node_of_mut(run).map(|node| node.next_pod_address().into());
            run.address = address;
        }
        let status = run.rendered_status();
        if status != run.status {
            run.status = Arc::clone(&status);
            self.note(Arc::clone(&run.key), Fact::Status(status));
        }
        let is_running = (run.is_running(), run.is_ready());
        run.ready_changed |= was_running != is_running || was_finished != run.is_finished();
        self.push_change(run, "MODIFIED");
    }

    /// `status` of a Pod as a reader gets it now; nothing if there is no such Pod.
    pub fn pod_status(&self, uid: &str) -> Option<Value> {
        let run = self.pods.get(self.pods.id_of(uid)?)?;
        match self.store.get(&run.key)?.as_ref() {
            Object::Pod(pod) => Some(self.status_of(run, pod)),
            _ => None,
        }
    }

    pub(crate) fn status_of(&self, run: &PodRun, pod: &crate::object::Pod) -> Value {
        let host = self.node_of(run).map(crate::node::Node::address);
        let addresses = Addresses {
            host: host.unwrap_or_default(),
            pod: run.address.as_deref().unwrap_or_default().to_owned(),
        };
        pod_status::render(run, pod, self.world.epoch_seconds, &addresses)
    }

    /// From now on, every change of a Pod is kept for [`Self::take_pod_changes`], as a watch would send it.
    pub fn watch_pods(&mut self) {
        self.pod_watch.get_or_insert_default();
    }

    /// Takes the changes of Pods since the last call, in order.
    pub fn take_pod_changes(&mut self) -> Vec<PodChange> {
        match &mut self.pod_watch {
            Some(changes) => std::mem::take(Arc::make_mut(changes)),
            None => Vec::new(),
        }
    }

    pub(crate) fn push_change(&mut self, run: &PodRun, kind: &'static str) {
        if self.pod_watch.is_none() {
            return;
        }
        let Some(object) = self.store.get(&run.key) else { return };
        let change = PodChange { at: self.now, kind, pod: self.render_pod(object, run) };
        if let Some(changes) = &mut self.pod_watch {
            Arc::make_mut(changes).push(change);
        }
    }

    // Recording.

    pub(crate) fn record_on_pod(
        &mut self,
        id: PodId,
        path: Option<&Arc<str>>,
        reason: Reason,
        message: &Arc<str>,
    ) {
        let Some(mut pod) = self.pods.take(id) else { return };
        self.record_on(Arc::make_mut(&mut pod), path, reason, message);
        self.pods.put(id, pod);
    }

    pub(super) fn record_on(
        &mut self,
        run: &mut PodRun,
        path: Option<&Arc<str>>,
        reason: Reason,
        message: &Arc<str>,
    ) -> usize {
        let (index, written) = run.recorder.record(self.now, path, reason, message);
        if written {
            let event = run.recorder.event(index);
            let (message, count) = (Arc::clone(&event.message), event.count);
            self.note(Arc::clone(&run.key), Fact::Event { reason, message, count });
        }
        index
    }
}

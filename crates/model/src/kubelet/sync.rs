//! One sync of a Pod: its beginning, its end, and when the next one comes (P9, P37, P38).

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::event::Reason;
use crate::kubelet::Ending;
use crate::message::kubelet as words;
use crate::object::{Kind, Pod};
use crate::pod::{ContainerKind, Ended, PodRun, RestartPolicy, State};
use crate::pods::PodId;
use crate::time::Span;

impl Cluster {
    /// The node hears of a Pod and starts its sandbox; 0.3 to 1 s were recorded.
    pub(crate) fn first_sync(&mut self, id: PodId) {
        let Some(run) = self.pods.get_mut(id) else { return };
        let millis = i64::from(run.stream.between(350, 550));
        self.wake_in(id, Span::millis(millis));
    }

    /// A stored Pod was changed: it is synced at once (P37). A container with another image gets it, with a fresh
    /// back-off series, because the key holds the image (P7, P36); a running one is killed for it.
    pub(crate) fn pod_updated(&mut self, pod: &Pod) {
        let Some(id) = self.pods.id_of(pod.metadata.uid.as_deref().unwrap_or_default()) else {
            return;
        };
        let edited = PodRun::new(pod, false, self.now, self.world.seed);
        self.release(id);
        let Some(run) = self.pods.get_mut(id) else { return };
        if run.ending == Some(Ending::Kept) {
            // Its finalizers may be gone by now.
            return self.pod_gone(id);
        }
        let mut killed = Vec::new();
        for new in edited.containers {
            let Some(container) = run.containers.iter_mut().find(|one| one.name == new.name) else {
                run.containers.push(new);
                continue;
            };
            if container.image != new.image {
                if matches!(container.state, State::Running(_)) {
                    killed.push((Arc::clone(&container.field_path), Arc::clone(&container.name)));
                    container.state = State::Fresh;
                }
                container.image = new.image;
                container.reference = new.reference;
                container.look_up = None;
            }
        }
        for (path, name) in killed {
            let message = words::definition_changed(&name).into();
            self.record_on_pod(id, Some(&path), Reason::Killing, &message);
        }
        let Some(run) = self.pods.get_mut(id) else { return };
        if run.node.is_none() || run.deleting.is_some() || run.syncs == 0 {
            return;
        }
        if run.pulling.is_some() {
            run.pending = true;
        } else {
            self.wake_in(id, Span::millis(60));
        }
    }

    /// A sync of a Pod.
    pub(super) fn sync_pod(&mut self, id: PodId) {
        let mut pod = self.pods.take(id).expect("it was just there");
        let run = Arc::make_mut(&mut pod);
        self.settle(id, run);
        self.begin_sync(run);
        if !self.start_containers(id, run, 0) {
            self.end_sync(id, run);
        }
        self.put_back(id, pod);
    }

    /// A Pod that was worked on goes back to the others; who waits for it is told.
    pub(super) fn put_back(&mut self, id: PodId, mut pod: Arc<PodRun>) {
        let ready_changed = pod.ready_changed;
        if ready_changed {
            Arc::make_mut(&mut pod).ready_changed = false;
        }
        let queued = pod.pulling.is_some();
        let node = pod.node.clone();
        self.pods.put(id, pod);
        if ready_changed {
            self.owner_looks(id, 10);
        }
        if queued && let Some(node) = node {
            self.start_pulls(&node);
        }
    }

    pub(super) fn begin_sync(&mut self, run: &mut PodRun) {
        run.syncs = run.syncs.saturating_add(1).min(2);
        self.observe(run);
        self.publish_run(run);
        let missing: Vec<&str> = run
            .pull_secrets
            .iter()
            .filter(|name| !self.secret_exists(&run.key.namespace, name))
            .map(AsRef::as_ref)
            .collect();
        run.missing_event = None;
        if !missing.is_empty() {
            let message = words::missing_secrets(&missing).into();
            let reason = Reason::FailedToRetrieveImagePullSecret;
            run.missing_event = Some(self.record_on(run, None, reason, &message));
        }
    }

    /// What the runtime says of containers that were started: some have come to their end.
    fn observe(&self, run: &mut PodRun) {
        for container in &mut run.containers {
            if let (State::Running(since), Some(runs_for)) = (&container.state, container.runs_for)
                && *since + runs_for <= self.now
            {
                // A container that would be started again after a failure is taken to end well.
                let never = run.restart_policy == RestartPolicy::Never;
                let code = if never { container.exits_with } else { 0 };
                container.state = ended(code, *since, *since + runs_for);
            }
        }
        let apps_ended = run.restart_policy != RestartPolicy::Always
            && run.containers.iter().all(|one| {
                one.kind != ContainerKind::App || matches!(one.state, State::Terminated(_))
            });
        if apps_ended {
            // Sidecars are stopped when nobody needs them any more.
            for container in &mut run.containers {
                if let (State::Running(since), ContainerKind::Sidecar) =
                    (&container.state, container.kind)
                {
                    container.state = ended(0, *since, self.now);
                }
            }
        }
    }

    /// When the next sync comes.
    pub(super) fn end_sync(&mut self, id: PodId, run: &mut PodRun) {
        let fresh = run.containers.iter().any(|one| one.is_up() && one.shown != one.state);
        let failing = run.waiting().is_some();
        if run.pending {
            run.pending = false;
            self.wake_run(id, run, Span::millis(60));
        } else if failing && run.syncs == 1 {
            // P38: the sandbox's start is noticed and queues a second sync right behind the first.
            let millis = i64::from(run.stream.between(500, 900));
            self.wake_run(id, run, Span::millis(millis));
        } else if fresh || run.init_ended {
            // The relist of once a second notices a container's start, and its end.
            run.init_ended = false;
            self.wake_run(id, run, Span::seconds(1));
        } else if failing {
            self.wake_after_failure(id, run);
        } else if let Some(end) = next_end(run) {
            let pause = end.since(self.now) + Span::millis(600);
            self.wake_run(id, run, pause);
        } else if run.missing_event.is_some() {
            let pause = super::sleep::Pause::Clean.draw(&mut run.stream);
            self.wake_run(id, run, pause);
        }
    }

    pub(super) fn wake_in(&mut self, id: PodId, pause: Span) {
        self.pods.get_mut(id).expect("only Pods that exist are woken").ticket =
            self.turn_at(id, self.now + pause);
    }

    pub(super) fn wake_run(&mut self, id: PodId, run: &mut PodRun, pause: Span) {
        self.takes_turn(id, run, self.now + pause);
    }

    fn secret_exists(&self, namespace: &str, name: &str) -> bool {
        self.store.find(Kind::Secret, namespace, name).is_some()
    }
}

/// When the first of a Pod's running containers comes to its end.
pub(super) fn next_end(run: &PodRun) -> Option<crate::time::SimTime> {
    run.containers
        .iter()
        .filter_map(|one| match &one.state {
            State::Running(since) => Some(*since + one.runs_for?),
            State::Fresh | State::Waiting(_) | State::Terminated(_) => None,
        })
        .min()
}

fn ended(exit_code: i32, started: crate::time::SimTime, finished: crate::time::SimTime) -> State {
    State::Terminated(Ended {
        exit_code,
        reason: if exit_code == 0 { words::COMPLETED } else { words::ERROR },
        message: None,
        started: Some(started),
        finished: Some(finished),
    })
}

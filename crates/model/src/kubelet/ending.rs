//! The end of a Pod: its containers are stopped, its sandbox goes, and then the object (cluster-recording: "Deleting a
//! waiting pod", and the watches of deleted Pods that ran).

use std::sync::Arc;

use crate::cluster::{Cluster, Task};
use crate::event::Reason;
use crate::log::Fact;
use crate::message::kubelet as words;
use crate::object::Key;
use crate::pod::{ContainerKind, Ended, PodRun, State};
use crate::pods::PodId;
use crate::time::Span;

/// How far the end of a Pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Its containers are told to stop; why others waited is forgotten.
    Stopping,
    /// They have stopped, and the sandbox is gone.
    Stopped,
    /// Containers that never ran are written off; nothing is left.
    Over,
    /// Nothing but a finalizer keeps the object.
    Kept,
}

impl Ending {
    pub(crate) const fn has_sandbox(self) -> bool {
        matches!(self, Self::Stopping)
    }
}

impl Cluster {
    /// A Pod's deletion begins: its owner looks for a replacement at once. A pull that is under way is not cut short.
    pub(crate) fn begin_deletion(&mut self, id: PodId) {
        self.release(id);
        let now = self.now;
        let Some(run) = self.pods.get_mut(id).filter(|pod| pod.deleting.is_none()) else { return };
        run.deleting = Some(now);
        let status = run.rendered_status();
        run.status = Arc::clone(&status);
        let (key, pulls) = (run.key.clone(), run.pulling.is_some());
        let lost = run.node.as_ref().is_none_or(|node| !self.nodes.contains_key(node));
        self.note(Arc::clone(&key), Fact::Status(status));
        if let Some(pod) = self.pods.get(id).cloned() {
            self.push_change(&pod, "MODIFIED");
        }
        self.owner_looks(id, 30);
        self.release_from_job(&key);
        if lost {
            // No kubelet is there to stop anything: the object goes.
            self.soon(1, Task::PodGone(id));
        } else if !pulls {
            let mut pod = self.pods.take(id).expect("it was just there");
            self.begin_ending(id, Arc::make_mut(&mut pod));
            self.pods.put(id, pod);
        }
    }

    /// The kubelet begins to end a Pod.
    pub(super) fn begin_ending(&mut self, id: PodId, run: &mut PodRun) {
        run.ending = Some(Ending::Stopping);
        self.takes_turn(id, run, self.now + Span::millis(40));
    }

    /// The next step of a Pod's end.
    pub(super) fn pod_ends(&mut self, id: PodId) {
        let mut pod = self.pods.take(id).expect("it was just there");
        let run = Arc::make_mut(&mut pod);
        match run.ending {
            Some(Ending::Stopping) => self.stop(id, run),
            Some(Ending::Stopped) => self.stopped(id, run),
            Some(Ending::Over | Ending::Kept) | None => {
                write_off(run, self.now);
                self.publish_run(run);
                self.soon(0, Task::PodGone(id));
            }
        }
        self.put_back(id, pod);
    }

    fn stop(&mut self, id: PodId, run: &mut PodRun) {
        let mut running = Vec::new();
        for container in &mut run.containers {
            match container.state {
                State::Running(_) => running
                    .push((Arc::clone(&container.field_path), words::stopping(&container.name))),
                State::Waiting(_) => container.state = State::Fresh,
                State::Fresh | State::Terminated(_) => {}
            }
        }
        for (path, message) in running {
            self.record_on(run, Some(&path), Reason::Killing, &message.into());
        }
        self.publish_run(run);
        run.ending = Some(Ending::Stopped);
        let pause = Span::millis(i64::from(run.stream.between(130, 250)));
        self.takes_turn(id, run, self.now + pause);
    }

    fn stopped(&mut self, id: PodId, run: &mut PodRun) {
        let mut never_ran = false;
        for container in &mut run.containers {
            match container.state {
                State::Running(since) => {
                    // A server ends well when it is told to; what was to end by itself is cut short by SIGTERM.
                    let (exit_code, reason) = match container.runs_for {
                        None => (0, words::COMPLETED),
                        Some(_) => (128 + 15, words::ERROR),
                    };
                    container.state = State::Terminated(Ended {
                        exit_code,
                        reason,
                        message: None,
                        started: Some(since),
                        finished: Some(self.now),
                    });
                }
                State::Fresh | State::Waiting(_) => never_ran = true,
                State::Terminated(_) => {}
            }
        }
        self.publish_run(run);
        run.ending = Some(Ending::Over);
        // Containers that cannot be found are looked for once more, a second later.
        let (least, most) = if never_ran { (900, 1100) } else { (250, 400) };
        let pause = Span::millis(i64::from(run.stream.between(least, most)));
        self.takes_turn(id, run, self.now + pause);
    }

    /// A Pod is gone, unless a finalizer keeps its object; its events outlive it.
    pub(crate) fn pod_gone(&mut self, id: PodId) {
        let Some(pod) = self.pods.get(id).cloned() else { return };
        if self.store.get(&pod.key).is_some_and(|object| object.has_finalizers()) {
            if let Some(run) = self.pods.get_mut(id) {
                run.ending = Some(Ending::Kept);
            }
            return;
        }
        self.owner_looks(id, 10);
        if let Some(run) = self.pods.get(id).cloned() {
            self.push_change(&run, "DELETED");
        }
        self.pods.remove(id);
        let object = self.store.remove(&pod.key);
        let recorder = Arc::new(pod.recorder.clone());
        self.recorders.insert((Key::clone(&pod.key), Arc::clone(&pod.uid)), recorder);
        self.note(Arc::clone(&pod.key), Fact::Deleted);
        if let Some(object) = object {
            self.gone(&object);
        }
    }
}

/// Containers that never ran are not to be found.
fn write_off(run: &mut PodRun, _now: crate::time::SimTime) {
    for container in &mut run.containers {
        if matches!(container.state, State::Fresh | State::Waiting(_))
            && container.kind != ContainerKind::Ephemeral
        {
            container.state = State::Terminated(Ended {
                exit_code: 137,
                reason: words::CONTAINER_STATUS_UNKNOWN,
                message: Some(words::NOT_LOCATED),
                started: None,
                finished: None,
            });
        }
    }
}

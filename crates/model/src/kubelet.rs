//! The kubelet's syncs of a Pod: what is published, what is tried, and when it is tried again (P9–P40).
//!
//! A sync first publishes the status that the sync before left behind and only then does its work, so the status a
//! user sees lags one sync behind the events (cluster-recording, P12 and P38).

use std::sync::Arc;

use crate::cause::Cause;
use crate::cluster::{Cluster, Task};
use crate::credential::Source;
use crate::event::{EventType, Reason};
use crate::image::ImageRef;
use crate::log::Fact;
use crate::look_up::LookUp;
use crate::message::kubelet as words;
use crate::object::Key;
use crate::pod::{Held, PodRun, PullResult, PulledWith, Pulling, State, Waiting};
use crate::pull::{AuthConfig, Outside, PullOutcome, PullRequest, Pulled, Refusal};
use crate::pull_policy::PullPolicy;
use crate::random::Stream;
use crate::runtime;
use crate::time::{SimTime, Span};
use crate::trace::{AttemptResult, AttemptTrace, Presence, Try};
use crate::world::Version;

/// The version of the cluster.
const KUBERNETES: Version = Version::new(1, 35, 0);

/// What became of one attempt to start a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Up,
    Failed,
    Pulling,
}

/// The pause after a sync that failed: 10 s × (1 to 1.5), picked up by a 1 s ticker (P37). Drawn a little inside, so
/// that every pull attempt stays within the recorded bounds.
fn failed_sync_pause(stream: &mut Stream) -> Span {
    Span::millis(i64::from(stream.between(11_000, 15_000)))
}

/// The pause after a clean sync: 60 s × (1 to 1.5) (P37).
fn clean_sync_pause(stream: &mut Stream) -> Span {
    Span::millis(i64::from(stream.between(60_000, 90_000)))
}

impl Cluster {
    /// The node hears of a Pod and starts its sandbox; 0.3 to 1 s were recorded.
    pub(crate) fn first_sync(&mut self, uid: &Arc<str>) {
        let run = Arc::make_mut(self.pods.get_mut(uid).expect("the Pod was just bound"));
        let millis = i64::from(run.stream.between(350, 550));
        self.wake_in(uid, Span::millis(millis));
    }

    /// A stored Pod's images changed: the Pod is synced at once (P37), with a fresh back-off series, because the key
    /// holds the image (P7, P36).
    pub(crate) fn image_edited(&mut self, pod: &k8s_openapi::api::core::v1::Pod) {
        let uid: Arc<str> = pod.metadata.uid.as_deref().unwrap_or_default().into();
        let edited = PodRun::new(pod, false, self.now, self.world.seed);
        self.release(&uid);
        let Some(run) = self.pods.get_mut(&uid) else { return };
        let run = Arc::make_mut(run);
        let mut killed = Vec::new();
        for (container, new) in run.containers.iter_mut().zip(edited.containers) {
            if container.image != new.image {
                if matches!(container.state, State::Running(_)) {
                    killed.push((Arc::clone(&container.field_path), Arc::clone(&container.name)));
                    container.state = State::Fresh;
                }
                container.image = new.image;
                container.reference = new.reference;
            }
        }
        for (path, name) in killed {
            let message = words::definition_changed(&name).into();
            self.record_on_pod(&uid, Some(&path), Reason::Killing, &message);
        }
        self.wake_in(&uid, Span::millis(200));
    }

    /// A sync of a Pod, or the end of its pull, if the ticket is still valid.
    pub(crate) fn sync_pod(&mut self, uid: &Arc<str>, ticket: u64) {
        if self.pods.get(uid).is_none_or(|pod| pod.ticket != ticket || pod.deleting.is_some()) {
            return;
        }
        self.catch_up(uid);
        let mut pod = self.pods.remove(uid).expect("it was just there");
        let run = Arc::make_mut(&mut pod);
        run.held = None;
        let from = match run.pulling.take() {
            Some(pulling) => {
                let container = pulling.container;
                self.end_pull(run, pulling);
                container + 1
            }
            None => {
                self.begin_sync(run);
                0
            }
        };
        let pulling = self.start_containers(run, from);
        if !pulling {
            self.end_sync(run);
        }
        let ready_changed = run.ready_changed;
        run.ready_changed = false;
        self.pods.insert(Arc::clone(uid), pod);
        if ready_changed {
            self.owner_looks(uid, 10);
        }
    }

    fn begin_sync(&mut self, run: &mut PodRun) {
        run.syncs = run.syncs.saturating_add(1).min(2);
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

    /// Init containers one after the other, then every other container (P9). Answers whether a pull is under way.
    fn start_containers(&mut self, run: &mut PodRun, from: usize) -> bool {
        for index in 0..run.containers.len() {
            let container = &mut run.containers[index];
            if container.init
                && matches!(container.state, State::Running(since) if since < self.now)
            {
                // The model's init containers take as long as it takes to see them run.
                container.state = State::Completed;
            }
            let container = &run.containers[index];
            if index >= from && !container.is_up() {
                match self.attempt(run, index) {
                    Attempt::Pulling => return true,
                    Attempt::Failed | Attempt::Up => {}
                }
            }
            let container = &run.containers[index];
            if container.init && container.state != State::Completed {
                return false;
            }
        }
        false
    }

    fn end_sync(&mut self, run: &mut PodRun) {
        let fresh = run.containers.iter().any(|one| one.is_up() && one.shown != one.state);
        let failing = run.waiting().is_some();
        let initializing =
            run.containers.iter().any(|one| one.init && matches!(one.state, State::Running(_)));
        if failing && run.syncs == 1 {
            // P38: the sandbox's start is noticed and queues a second sync right behind the first.
            let millis = i64::from(run.stream.between(500, 900));
            self.wake_run(run, Span::millis(millis));
        } else if fresh || initializing {
            // The relist of once a second notices the container.
            self.wake_run(run, Span::seconds(1));
        } else if failing {
            self.wake_after_failure(run);
        } else if run.missing_event.is_some() {
            let pause = clean_sync_pause(&mut run.stream);
            self.wake_run(run, pause);
        }
    }

    // One attempt.

    fn attempt(&mut self, run: &mut PodRun, index: usize) -> Attempt {
        let container = &run.containers[index];
        let reference = match &container.reference {
            Ok(reference) => Arc::clone(reference),
            Err(why) => {
                let message: Arc<str> = words::invalid_name(&container.image, why).into();
                let reason = words::INVALID_IMAGE_NAME;
                self.fail_locally(
                    run,
                    index,
                    Reason::InspectFailed,
                    reason,
                    &message,
                    Cause::ImageNameInvalid,
                );
                return Attempt::Failed;
            }
        };
        let policy = container.policy;
        let mut presence = Presence::NotAsked;
        if policy != PullPolicy::Always {
            presence = self.presence(run, &reference);
            if presence == Presence::Usable {
                self.use_present(run, index, &reference);
                return Attempt::Up;
            }
            if policy == PullPolicy::Never {
                let message: Arc<str> = words::never(&run.containers[index].image).into();
                let reason = words::ERR_IMAGE_NEVER_PULL;
                self.fail_locally(
                    run,
                    index,
                    Reason::ErrImageNeverPull,
                    reason,
                    &message,
                    Cause::NeverAndAbsent,
                );
                return Attempt::Failed;
            }
        }
        self.pull(run, index, &reference, presence)
    }

    /// P16, P19, P22: no back-off, tried again at every sync.
    fn fail_locally(
        &mut self,
        run: &mut PodRun,
        index: usize,
        event: Reason,
        reason: &str,
        message: &Arc<str>,
        cause: Cause,
    ) {
        let path = Arc::clone(&run.containers[index].field_path);
        self.record_on(run, Some(&path), event, message);
        let error = words::error(reason).into();
        self.record_on(run, Some(&path), Reason::Failed, &error);
        self.wait_locally(run, index, reason, message, cause);
    }

    fn wait_locally(
        &mut self,
        run: &mut PodRun,
        index: usize,
        reason: &str,
        message: &Arc<str>,
        cause: Cause,
    ) {
        let repeated = matches!(&run.containers[index].state, State::Waiting(waiting) if waiting.cause == cause && waiting.message == *message);
        let waiting = Waiting {
            reason: reason.into(),
            message: Arc::clone(message),
            error: Arc::clone(message),
            cause,
            tried: self.now,
        };
        run.containers[index].state = State::Waiting(waiting);
        if !repeated {
            run.attempts += 1;
            self.note(&run.key, Fact::AttemptEnded { attempt: run.attempts, failed: Some(cause) });
            if self.is_wanted(run) {
                let mut trace = self.new_trace(run, index, Presence::Absent);
                if cause == Cause::ImageNameInvalid
                    || run.containers[index].policy == PullPolicy::Always
                {
                    trace.presence = Presence::NotAsked;
                }
                if cause == Cause::SecretUndecodable
                    && let Ok(reference) = run.containers[index].reference.clone()
                {
                    self.look_up(run, &reference).explain(&reference, &mut trace);
                }
                trace.result = AttemptResult::Failed {
                    cause,
                    reason: reason.into(),
                    message: Arc::clone(message),
                    retry: None,
                };
                self.found = Some(Box::new(trace));
            }
        }
    }

    fn presence(&mut self, run: &mut PodRun, reference: &Arc<ImageRef>) -> Presence {
        let Some(node) = self.node_of(run) else { return Presence::Absent };
        if !node.has(reference) {
            return Presence::Absent;
        }
        if !node.asks_for_credentials(reference) {
            return Presence::Usable;
        }
        let look_up = self.look_up(run, reference);
        let offers = look_up.offers.as_deref().unwrap_or_default();
        let name = run.node.as_ref().expect("a Pod is synced by its node");
        let node = Arc::make_mut(self.nodes.get_mut(name).expect("it was just there"));
        if node.entitles(reference, offers) { Presence::Usable } else { Presence::NotEntitled }
    }

    fn use_present(&mut self, run: &mut PodRun, index: usize, reference: &Arc<ImageRef>) {
        let container = &run.containers[index];
        let path = Arc::clone(&container.field_path);
        let message = words::present_and_accessible(&container.image).into();
        self.record_on(run, Some(&path), Reason::Pulled, &message);
        run.attempts += 1;
        if self.is_wanted(run) {
            let mut trace = self.new_trace(run, index, Presence::Usable);
            self.look_up(run, reference).explain(reference, &mut trace);
            trace.result = AttemptResult::Present;
            self.found = Some(Box::new(trace));
        }
        self.note(&run.key, Fact::AttemptEnded { attempt: run.attempts, failed: None });
        self.start(run, index);
    }

    fn start(&mut self, run: &mut PodRun, index: usize) {
        let path = Arc::clone(&run.containers[index].field_path);
        self.record_on(run, Some(&path), Reason::Created, &words::CREATED.into());
        self.record_on(run, Some(&path), Reason::Started, &words::STARTED.into());
        run.containers[index].state = State::Running(self.now);
    }

    /// P22 to P25. Credentials are looked up before the back-off is asked (cluster-recording, P22).
    fn pull(
        &mut self,
        run: &mut PodRun,
        index: usize,
        reference: &Arc<ImageRef>,
        presence: Presence,
    ) -> Attempt {
        let look_up = self.look_up(run, reference);
        let path = Arc::clone(&run.containers[index].field_path);
        if let Err(error) = &look_up.offers {
            let text: Arc<str> = error.as_str().into();
            self.record_on(run, Some(&path), Reason::Failed, &words::error(error).into());
            self.wait_locally(run, index, error, &text, Cause::SecretUndecodable);
            return Attempt::Failed;
        }
        let image = Arc::clone(&run.containers[index].image);
        let node = self.node_of(run).expect("a Pod is synced by its node");
        if node.back_off.is_held_back(&run.uid, &image, self.now) {
            self.hold_back(run, index);
            return Attempt::Failed;
        }
        self.record_on(run, Some(&path), Reason::Pulling, &words::pulling(&image).into());
        run.attempts += 1;
        self.note(&run.key, Fact::PullBegan { attempt: run.attempts, image });
        let pulling = self.begin_pull(run, index, reference, &look_up, presence);
        run.pulling = Some(pulling);
        Attempt::Pulling
    }

    /// The pull waits for its turn and is decided when it comes; its end is on the queue.
    fn begin_pull(
        &mut self,
        run: &mut PodRun,
        index: usize,
        reference: &Arc<ImageRef>,
        look_up: &LookUp,
        presence: Presence,
    ) -> Pulling {
        let name = run.node.as_ref().expect("a Pod is synced by its node");
        let node = Arc::clone(self.nodes.get(name).expect("a Pod is synced by its node"));
        let began = self.now.max(node.pulls_end);
        let wanted = self.is_wanted(run);
        let mut tries = Vec::new();
        let mut failures: Vec<(String, Refusal)> = Vec::new();
        let mut result = None;
        let mut took = Span::ZERO;
        let answer = Span::millis(i64::from(run.stream.between(120, 240)));
        let offers = look_up.offers.as_deref().unwrap_or_default();
        let logins = offers.iter().map(Some).chain(offers.is_empty().then_some(None));
        for offer in logins {
            let login = offer.map(|offer| &offer.login);
            let request = PullRequest {
                image: reference,
                auth: login.map(AuthConfig::of),
                now: began + took,
                node: &node.spec,
                content: &node.content,
                kubelet: node.spec.kubernetes.unwrap_or(KUBERNETES),
            };
            let (world, mint, roles) = (&self.world, &self.mint, &self.roles);
            let outside = Outside { world, mint, roles, served: &mut self.served };
            took = took + answer;
            let outcome = if wanted {
                let trace = runtime::pull(outside, &request);
                let outcome = trace.outcome.clone();
                tries.push(Try {
                    source: offer.map(|offer| offer.source.clone()),
                    username: login.map(|login| login.username.clone()).unwrap_or_default(),
                    trace,
                });
                outcome
            } else {
                runtime::outcome(outside, &request)
            };
            match outcome {
                PullOutcome::Pulled(Pulled { bytes, fetched, link, parts, .. }) => {
                    let offer = offer.cloned().map(Box::new);
                    result = Some(PullResult::Pulled { bytes, parts, offer });
                    let bandwidth = node.spec.bandwidth_mib;
                    took = took + runtime::transfer_time(fetched, bandwidth, link);
                    break;
                }
                PullOutcome::Failed { cause, message, waited } => {
                    took = took + waited;
                    failures.push((message, cause));
                }
            }
        }
        let result = result.unwrap_or_else(|| PullResult::Failed {
            error: joined(&failures).into(),
            cause: look_up.cause(failures[0].1),
        });
        let end = began + took;
        let name = run.node.as_ref().expect("a Pod is synced by its node");
        Arc::make_mut(self.nodes.get_mut(name).expect("it was just there")).pulls_end = end;
        run.ticket = self.schedule(end, Task::Sync(Arc::clone(&run.uid)));
        if wanted {
            let mut trace = self.new_trace(run, index, presence);
            look_up.explain(reference, &mut trace);
            trace.tries = tries;
            trace.result = match &result {
                PullResult::Pulled { .. } => AttemptResult::Pulled,
                PullResult::Failed { error, cause } => AttemptResult::Failed {
                    cause: *cause,
                    reason: words::ERR_IMAGE_PULL.into(),
                    message: Arc::clone(error),
                    retry: self.retry_after(run, index, end),
                },
            };
            self.found = Some(Box::new(trace));
        }
        Pulling { container: index, queued: self.now, began, result }
    }

    /// When the next pull may run, if this one fails.
    fn retry_after(&self, run: &PodRun, index: usize, end: SimTime) -> Option<SimTime> {
        let mut back_off = self.node_of(run)?.back_off.clone();
        let image = &run.containers[index].image;
        back_off.record_failure(&run.uid, image, end);
        back_off.due_at(&run.uid, image)
    }

    fn end_pull(&mut self, run: &mut PodRun, pulling: Pulling) {
        let index = pulling.container;
        let container = &run.containers[index];
        let (path, image) = (Arc::clone(&container.field_path), Arc::clone(&container.image));
        match pulling.result {
            PullResult::Pulled { bytes, parts, offer } => {
                let (pull, whole) = (self.now.since(pulling.began), self.now.since(pulling.queued));
                let message = words::pulled(&image, pull, whole, bytes).into();
                self.record_on(run, Some(&path), Reason::Pulled, &message);
                if let Ok(reference) = &run.containers[index].reference {
                    let name = run.node.as_ref().expect("a Pod is synced by its node");
                    if let Some(node) = self.nodes.get_mut(name) {
                        let node = Arc::make_mut(node);
                        node.store(reference, offer.as_deref());
                        node.content.put(reference.to_string(), parts);
                    }
                }
                run.pulled_with = Some(match offer.map(|offer| offer.source) {
                    None => PulledWith::Nothing,
                    Some(Source::Secret { .. }) => PulledWith::Secret,
                    Some(Source::NodeConfig | Source::Provider { .. }) => PulledWith::Node,
                });
                self.note(&run.key, Fact::AttemptEnded { attempt: run.attempts, failed: None });
                self.start(run, index);
            }
            PullResult::Failed { error, cause } => {
                let message = words::failed_to_pull(&image, &error).into();
                self.record_on(run, Some(&path), Reason::Failed, &message);
                let failed = words::error(words::ERR_IMAGE_PULL).into();
                self.record_on(run, Some(&path), Reason::Failed, &failed);
                if let Some(node) = run.node.as_ref().and_then(|name| self.nodes.get_mut(name)) {
                    Arc::make_mut(node).back_off.record_failure(&run.uid, &image, self.now);
                }
                self.note(
                    &run.key,
                    Fact::AttemptEnded { attempt: run.attempts, failed: Some(cause) },
                );
                run.containers[index].state = State::Waiting(Waiting {
                    reason: words::ERR_IMAGE_PULL.into(),
                    message: Arc::clone(&error),
                    error,
                    cause,
                    tried: self.now,
                });
            }
        }
    }

    /// P23: a Normal event without a cause, and a waiting message with one.
    fn hold_back(&mut self, run: &mut PodRun, index: usize) {
        let container = &run.containers[index];
        let path = Arc::clone(&container.field_path);
        let image = Arc::clone(&container.image);
        let (message, failed): (Arc<str>, Arc<str>) = match &container.held_words {
            Some(words) => words.clone(),
            None => {
                (words::back_off(&image).into(), words::error(words::IMAGE_PULL_BACK_OFF).into())
            }
        };
        let back_off = self.record_on(run, Some(&path), Reason::BackOff, &message);
        let error = self.record_on(run, Some(&path), Reason::Failed, &failed);
        let container = &mut run.containers[index];
        container.held_words = Some((message, failed));
        container.held_events = Some((back_off, error));
        let previous = match &container.state {
            State::Waiting(waiting) if &*waiting.reason == words::IMAGE_PULL_BACK_OFF => return,
            State::Waiting(waiting) => waiting.clone(),
            // Another container of the Pod failed on the same image: the series is shared (P36).
            State::Fresh | State::Running(_) | State::Completed => {
                match run.containers.iter().find_map(|other| match &other.state {
                    State::Waiting(waiting) if other.image == image => Some(waiting.clone()),
                    _ => None,
                }) {
                    Some(waiting) => waiting,
                    None => return,
                }
            }
        };
        run.containers[index].state = State::Waiting(Waiting {
            reason: words::IMAGE_PULL_BACK_OFF.into(),
            message: words::back_off_waiting(&image, words::ERR_IMAGE_PULL, &previous.error).into(),
            ..previous
        });
    }

    // Sleeping.

    /// The next sync of a Pod that waits. Syncs that change nothing that can be seen are skipped, and counted when
    /// somebody looks: every container was held back before and that is published, the next pull is not due, no
    /// event would be written, and no cached credential runs out.
    fn wake_after_failure(&mut self, run: &mut PodRun) {
        let (since, before) = (self.now, run.stream.clone());
        let mut wake = since + failed_sync_pause(&mut run.stream);
        if self.fast
            && let Some((until, repeats)) = self.quiet(run)
            && wake < until
        {
            // Ends: every pause is eleven seconds or more, and `until` is at most a back-off away.
            while wake < until {
                wake = wake + failed_sync_pause(&mut run.stream);
            }
            run.held = Some(Held { since, stream: before, until: wake, repeats });
        }
        run.ticket = self.schedule(wake, Task::Sync(Arc::clone(&run.uid)));
    }

    fn quiet(&self, run: &PodRun) -> Option<(SimTime, Vec<usize>)> {
        let writes = |event_type| run.recorder.writes_again(event_type);
        let mut until = writes(EventType::Normal).min(writes(EventType::Warning));
        let mut repeats: Vec<usize> = run.missing_event.into_iter().collect();
        for container in &run.containers {
            if container.is_up() {
                continue;
            }
            let held = matches!(&container.state, State::Waiting(waiting) if &*waiting.reason == words::IMAGE_PULL_BACK_OFF);
            let (back_off, failed) = container.held_events?;
            if !held || container.shown != container.state {
                return None;
            }
            repeats.extend([back_off, failed]);
            let node = self.node_of(run)?;
            until = until.min(node.back_off.due_at(&run.uid, &container.image)?);
            if let Ok(reference) = &container.reference {
                until = until.min(node.providers_change_at(&reference.lookup_name(), self.now));
            }
            if container.init {
                break;
            }
        }
        Some((until, repeats))
    }

    /// Counts the syncs of all Pods that were skipped up to now.
    pub(crate) fn catch_up_all(&mut self) {
        for uid in self.held_pods() {
            self.catch_up(&uid);
        }
    }

    /// Something changes that skipped syncs would have noticed: they are syncs again from here on.
    pub(crate) fn release_all(&mut self) {
        for uid in self.held_pods() {
            self.release(&uid);
        }
    }

    fn held_pods(&self) -> Vec<Arc<str>> {
        let held = self.pods.values().filter(|pod| pod.held.is_some());
        held.map(|pod| Arc::clone(&pod.uid)).collect()
    }

    fn catch_up(&mut self, uid: &Arc<str>) {
        let now = self.now;
        let Some(pod) = self.pods.get_mut(uid).filter(|pod| pod.held.is_some()) else { return };
        let run = Arc::make_mut(pod);
        let held = run.held.as_mut().expect("it was just seen");
        let mut skipped = 0;
        loop {
            let mut stream = held.stream.clone();
            let wake = held.since + failed_sync_pause(&mut stream);
            if wake > now || wake >= held.until {
                break;
            }
            (held.since, held.stream) = (wake, stream);
            skipped += 1;
        }
        if skipped > 0 {
            for index in held.repeats.clone() {
                run.recorder.count_unwritten(index, skipped);
            }
        }
    }

    pub(crate) fn release(&mut self, uid: &Arc<str>) {
        self.catch_up(uid);
        let Some(pod) = self.pods.get_mut(uid).filter(|pod| pod.held.is_some()) else { return };
        let run = Arc::make_mut(pod);
        let held = run.held.take().expect("it was just seen");
        run.stream = held.stream;
        let wake = held.since + failed_sync_pause(&mut run.stream);
        let ticket = self.schedule(wake, Task::Sync(Arc::clone(uid)));
        Arc::make_mut(self.pods.get_mut(uid).expect("it was just there")).ticket = ticket;
    }

    fn wake_in(&mut self, uid: &Arc<str>, pause: Span) {
        let ticket = self.schedule(self.now + pause, Task::Sync(Arc::clone(uid)));
        Arc::make_mut(self.pods.get_mut(uid).expect("only Pods that exist are woken")).ticket =
            ticket;
    }

    fn wake_run(&mut self, run: &mut PodRun, pause: Span) {
        run.ticket = self.schedule(self.now + pause, Task::Sync(Arc::clone(&run.uid)));
    }

    // Publishing and recording.

    /// Publishes what a Pod's containers are doing.
    pub(crate) fn publish(&mut self, uid: &Arc<str>) {
        let mut pod = self.pods.remove(uid).expect("only Pods that exist are published");
        self.publish_run(Arc::make_mut(&mut pod));
        self.pods.insert(Arc::clone(uid), pod);
    }

    fn publish_run(&mut self, run: &mut PodRun) {
        let was_running = run.is_running();
        for container in &mut run.containers {
            if container.shown != container.state {
                container.shown = container.state.clone();
            }
        }
        let status = run.rendered_status();
        if status != run.status {
            run.status = Arc::clone(&status);
            self.note(&run.key, Fact::Status(status));
        }
        run.ready_changed |= was_running != run.is_running();
    }

    /// Running containers of a deleted Pod are stopped.
    pub(crate) fn stop_containers(&mut self, uid: &Arc<str>) {
        let Some(pod) = self.pods.get(uid).cloned() else { return };
        for container in pod.containers.iter().filter(|one| matches!(one.state, State::Running(_)))
        {
            let message = words::stopping(&container.name).into();
            self.record_on_pod(uid, Some(&container.field_path), Reason::Killing, &message);
        }
    }

    pub(crate) fn record_on_pod(
        &mut self,
        uid: &Arc<str>,
        path: Option<&Arc<str>>,
        reason: Reason,
        message: &Arc<str>,
    ) {
        let mut pod = self.pods.remove(uid).expect("only Pods that exist have events");
        self.record_on(Arc::make_mut(&mut pod), path, reason, message);
        self.pods.insert(Arc::clone(uid), pod);
    }

    fn record_on(
        &mut self,
        run: &mut PodRun,
        path: Option<&Arc<str>>,
        reason: Reason,
        message: &Arc<str>,
    ) -> usize {
        let (index, written) = run.recorder.record(self.now, path, reason, message);
        if written {
            let count = run.recorder.event(index).count;
            self.note(&run.key, Fact::Event { reason, message: Arc::clone(message), count });
        }
        index
    }

    // Looking.

    fn node_of(&self, run: &PodRun) -> Option<&crate::node::Node> {
        self.nodes.get(run.node.as_ref()?).map(AsRef::as_ref)
    }

    fn secret_exists(&self, namespace: &str, name: &str) -> bool {
        self.store.find(crate::object::Kind::Secret, namespace, name).is_some()
    }

    fn is_wanted(&self, run: &PodRun) -> bool {
        self.wanted
            .as_ref()
            .is_some_and(|wanted| wanted.uid == run.uid && wanted.attempt == run.attempts)
    }

    fn new_trace(&self, run: &PodRun, index: usize, presence: Presence) -> AttemptTrace {
        let container = &run.containers[index];
        AttemptTrace {
            at: self.now,
            number: run.attempts,
            pod: Key::clone(&run.key),
            container: Arc::clone(&container.name),
            image: Arc::clone(&container.image),
            reference: container.reference.clone(),
            policy: container.policy,
            presence,
            service_account: Arc::clone(&run.service_account),
            list_from_account: run.list_from_account,
            secrets: Vec::new(),
            entries: Vec::new(),
            providers: Vec::new(),
            tries: Vec::new(),
            result: AttemptResult::Present,
        }
    }

    /// Goes on until a Pod's attempt of that number was made, and tells its reasons. Called on a clone from before it.
    pub fn trace_attempt(
        &mut self,
        uid: &str,
        attempt: u32,
        end: SimTime,
    ) -> Option<Box<AttemptTrace>> {
        self.wanted = Some(crate::cluster::Wanted { uid: uid.into(), attempt });
        while self.found.is_none() && self.step(end) {}
        self.wanted = None;
        self.found.take()
    }
}

/// P25: one text stays as it is, several distinct ones stand in brackets.
fn joined(failures: &[(String, Refusal)]) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for (text, _) in failures {
        if !texts.contains(&text.as_str()) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}

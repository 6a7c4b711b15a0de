//! Pulls: their turn, their outcome, and what a failed one leaves behind (P24, P25, P27, P36).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalogue::{RUNTIMES, Runtime, by_runtime};
use crate::cause::Cause;
use crate::cluster::Cluster;
use crate::credential::Source;
use crate::ensure_image::{LookUpOrder, pull_failure};
use crate::event::Reason;
use crate::log::Fact;
use crate::look_up::LookUp;
use crate::message::kubelet as words;
use crate::node::Node;
use crate::pod::{
    ContainerRun, FailedPull, Foreseen, PodRun, PullResult, PullStage, PulledWith, Pulling,
    Reference, State, Waiting,
};
use crate::pods::PodId;
use crate::pull::{AuthConfig, Outside, PullOutcome, PullRequest, Pulled, Refusal};
use crate::runtime::{self, other};
use crate::time::{SimTime, Span};
use crate::trace::{AttemptResult, Presence, Try, Verification};
use crate::world::NodeSpec;

impl Cluster {
    /// A pull is told and queued (P24): the event comes now, the turn perhaps later.
    pub(super) fn queue_pull(
        &mut self,
        id: PodId,
        run: &mut PodRun,
        index: usize,
        place: usize,
        presence: Presence,
        verification: Option<Verification>,
    ) {
        let container = &run.containers[index];
        let path = Arc::clone(&container.field_path);
        let image = Arc::clone(&container.image);
        let message = match &container.failed_pull {
            Some(failed) if failed.image == image => Arc::clone(&failed.pulling),
            _ => words::pulling(&image).into(),
        };
        self.record_on(run, Some(&path), Reason::Pulling, &message);
        run.attempts += 1;
        let fact = Fact::PullBegan { attempt: run.attempts, image: Arc::clone(&image) };
        self.note(Arc::clone(&run.key), fact);
        let trace = self.is_wanted(run).then(|| {
            let mut trace = self.new_trace(run, index, presence);
            trace.verification = verification;
            let before = self
                .node_of(run)
                .map_or(0, |node| node.pulls.running + node.pulls.waiting.len() as u32);
            trace.kubelet.queued_behind = before;
            Box::new(trace)
        });
        run.pulling = Some(Pulling {
            container: index,
            place,
            queued: self.now,
            stage: PullStage::Queued,
            trace,
        });
        if let Some(node) = self.node_of_mut(run) {
            node.intend(&image);
            node.pulls.waiting.push_back(id);
        }
    }

    /// Lets as many of a node's queued pulls begin as may run side by side (P27).
    pub(super) fn start_pulls(&mut self, name: &Arc<str>) {
        // Ends: each turn takes one out of the queue.
        while let Some(node) = self.nodes.get(name)
            && !node.pulls.waiting.is_empty()
        {
            let config = &node.spec.config;
            let most = match config.max_parallel_image_pulls {
                _ if config.serialize_image_pulls => 1,
                Some(most) if most >= 1 => most,
                Some(_) | None => u32::MAX,
            };
            if node.pulls.running >= most {
                return;
            }
            let node = Arc::make_mut(self.nodes.get_mut(name).expect("it was just there"));
            let Some(id) = node.pulls.waiting.pop_front() else { return };
            node.pulls.running += 1;
            let config = &node.spec.config;
            let (qps, burst) = (config.registry_pull_qps, config.registry_burst);
            let accepted = node.pulls.throttle.try_accept(qps, burst, self.now);
            let Some(mut pod) = self.pods.take(id) else { continue };
            self.start_pull(id, Arc::make_mut(&mut pod), accepted);
            self.pods.put(id, pod);
        }
    }

    /// A pull has its turn. What will come of it is known; when it has come is on the queue.
    fn start_pull(&mut self, id: PodId, run: &mut PodRun, accepted: bool) {
        let Some(mut pulling) = run.pulling.take() else { return };
        let index = pulling.container;
        let Ok(reference) = run.containers[index].reference.clone() else { return };
        let (result, took) = if accepted {
            let answer = Span::millis(i64::from(run.stream.between(120, 240)));
            if self.ahead.is_some()
                && let Some(known) = &run.containers[index].foreseen
            {
                known.result(answer)
            } else {
                let look_up = self.look_up(run, index, &reference);
                let tried = self.try_credentials(
                    run,
                    (index, &reference),
                    &look_up,
                    answer,
                    &mut pulling.trace,
                );
                if let Some(trace) = &mut pulling.trace {
                    look_up.explain(&reference, trace);
                }
                tried
            }
        } else {
            let errors = [words::PULL_QPS_EXCEEDED.to_owned()].into();
            if let Some(trace) = &mut pulling.trace {
                trace.kubelet.throttled = true;
                self.look_up(run, index, &reference).explain(&reference, trace);
            }
            (PullResult::Failed { errors, cause: Cause::PullThrottled }, Span::millis(1))
        };
        let end = self.now + took;
        if let Some(mut trace) = pulling.trace.take() {
            trace.result = match &result {
                PullResult::Pulled { .. } => AttemptResult::Pulled,
                PullResult::Failed { errors, cause } => {
                    let failure = pull_failure(&trace.image, errors);
                    AttemptResult::Failed {
                        cause: *cause,
                        reason: failure.reason.into(),
                        message: failure.message.into(),
                        retry: retry_after(run, index, end),
                    }
                }
            };
            self.found = Some(trace);
        }
        pulling.stage = PullStage::Runs { began: self.now, result };
        run.pulling = Some(pulling);
        self.takes_turn(id, run, end);
    }

    /// P25: one pull for each credential until one comes through, or one without. Answers how long they take.
    fn try_credentials(
        &mut self,
        run: &mut PodRun,
        (index, reference): (usize, &Reference),
        look_up: &Arc<LookUp>,
        answer: Span,
        trace: &mut Option<Box<crate::trace::AttemptTrace>>,
    ) -> (PullResult, Span) {
        let name = run.node.as_ref().expect("a Pod is synced by its node");
        let node = self.nodes.get(name).expect("a Pod is synced by its node");
        if self.fast
            && trace.is_none()
            && let Some(known) = &run.containers[index].foreseen
            && known.holds(look_up, &node.content)
        {
            return known.result(answer);
        }
        let order = node.features.look_up;
        let offers = match &look_up.offers {
            Ok(offers) => offers.as_slice(),
            // To 1.32, a look-up that fails is a pull that fails.
            Err(error) if order == LookUpOrder::WithinPull => {
                let errors = [error.clone()].into();
                return (
                    PullResult::Failed { errors, cause: Cause::SecretUndecodable },
                    Span::millis(1),
                );
            }
            Err(_) => &[],
        };
        debug_assert!(self.ahead.is_none(), "{} asks while it runs ahead", run.key);
        let node = Arc::clone(node);
        let mut errors: Vec<String> = Vec::new();
        let mut first: Option<Refusal> = None;
        let mut took = Span::ZERO;
        let mut steady = false;
        let logins = offers.iter().map(Some).chain(offers.is_empty().then_some(None));
        for offer in logins {
            let login = offer.map(|offer| &offer.login);
            let request = PullRequest {
                image: &reference.image,
                auth: login.map(AuthConfig::of),
                now: self.now + took,
                node: &node.spec,
                content: &node.content,
                kubelet: node.kubernetes,
            };
            let (world, mint, roles) = (&self.world, &self.mint, &self.roles);
            let outside = Outside { world, mint, roles, served: &mut self.served };
            took = took + answer;
            steady = login.is_none() && runtime::is_steady(&outside, &request);
            let outcome = if let Some(trace) = trace {
                let pull = runtime::pull(outside, &request);
                let outcome = pull.outcome.clone();
                trace.tries.push(Try {
                    source: offer.map(|offer| offer.source.clone()),
                    username: login.map(|login| login.username.clone()).unwrap_or_default(),
                    trace: pull,
                });
                outcome
            } else {
                runtime::outcome(outside, &request)
            };
            match outcome {
                PullOutcome::Pulled(Pulled { digest, bytes, fetched, link, parts }) => {
                    let offer = offer.cloned().map(Box::new);
                    let bandwidth = node.spec.bandwidth_mib;
                    took = took + runtime::transfer_time(fetched, bandwidth, link);
                    let digest = digest.into();
                    return (PullResult::Pulled { bytes, digest, parts, offer }, took);
                }
                PullOutcome::Failed { cause, message, waited } => {
                    took = took + waited;
                    first.get_or_insert(cause);
                    errors.push(message);
                }
            }
        }
        if let Some(trace) = trace {
            trace.wordings = self.wordings(&node, reference, offers);
            let hosts = node.spec.hosts.get(reference.image.host());
            trace.kubelet.hosts_log = hosts.and_then(|hosts| hosts.log.clone());
            trace.elsewhere = self.elsewhere(&node, reference, offers);
        }
        let cause = look_up.cause(first.expect("at least one pull was made"));
        let errors: Arc<[String]> = errors.into();
        run.containers[index].foreseen = steady.then(|| {
            let (look_up, content) = (Arc::clone(look_up), node.content.clone());
            let waited = Span::millis(took.as_millis() - answer.as_millis());
            Box::new(Foreseen { look_up, content, errors: Arc::clone(&errors), cause, waited })
        });
        (PullResult::Failed { errors, cause }, took)
    }

    /// The same pulls, as other runtimes would tell of them.
    fn wordings(
        &self,
        node: &Node,
        reference: &Reference,
        offers: &[crate::keyring::Offer],
    ) -> Vec<(String, Vec<Runtime>)> {
        by_runtime(|runtime| {
            let spec = runtime.on(&node.spec);
            let mut served = self.served.clone();
            let mut errors = Vec::new();
            let logins = offers.iter().map(Some).chain(offers.is_empty().then_some(None));
            for offer in logins {
                let request = PullRequest {
                    image: &reference.image,
                    auth: offer.map(|offer| AuthConfig::of(&offer.login)),
                    now: self.now,
                    node: &spec,
                    content: &node.content,
                    kubelet: node.kubernetes,
                };
                let (world, mint, roles) = (&self.world, &self.mint, &self.roles);
                let outside = Outside { world, mint, roles, served: &mut served };
                match runtime::outcome(outside, &request) {
                    PullOutcome::Failed { message, .. } => errors.push(message),
                    PullOutcome::Pulled(_) => return String::new(),
                }
            }
            pull_failure(&reference.whole, &errors).message
        })
    }

    /// The same pulls, as other runtimes than containerd would tell of them; those whose words are not known do not.
    fn elsewhere(
        &self,
        node: &Node,
        reference: &Reference,
        offers: &[crate::keyring::Offer],
    ) -> Vec<(&'static str, String)> {
        // They have files of their own for mirrors and certificates.
        let hosts = BTreeMap::new();
        let newest = RUNTIMES[RUNTIMES.len() - 1];
        let spec = NodeSpec { hosts, ..newest.on(&node.spec) };
        let mut served = self.served.clone();
        let mut errors = other::CLIENTS.map(|_| Some(Vec::new()));
        let logins = offers.iter().map(Some).chain(offers.is_empty().then_some(None));
        for offer in logins {
            let request = PullRequest {
                image: &reference.image,
                auth: offer.map(|offer| AuthConfig::of(&offer.login)),
                now: self.now,
                node: &spec,
                content: &node.content,
                kubelet: node.kubernetes,
            };
            let (world, mint, roles) = (&self.world, &self.mint, &self.roles);
            let outside = Outside { world, mint, roles, served: &mut served };
            for (all, said) in errors.iter_mut().zip(other::said(outside, &request)) {
                *all = all.take().zip(said).map(|(mut all, said)| {
                    all.push(said);
                    all
                });
            }
        }
        let told = other::CLIENTS.into_iter().zip(errors).filter_map(|((name, _), errors)| {
            let errors = errors?;
            let comes = errors.iter().any(String::is_empty);
            let text = match comes {
                true => String::new(),
                false => pull_failure(&reference.whole, &errors).message,
            };
            Some((name, text))
        });
        told.collect()
    }

    /// A pull has ended; the sync that made it goes on.
    pub(super) fn pull_ends(&mut self, id: PodId) {
        let mut pod = self.pods.take(id).expect("it was just there");
        let run = Arc::make_mut(&mut pod);
        let node = run.node.clone();
        if let Some(Pulling {
            container,
            place,
            queued,
            stage: PullStage::Runs { began, result },
            ..
        }) = run.pulling.take()
        {
            if let Some(node) = self.node_of_mut(run) {
                node.pulls.running = node.pulls.running.saturating_sub(1);
                node.intent_ends(&run.containers[container].image);
            }
            match result {
                PullResult::Pulled { bytes, digest, parts, offer } => {
                    let spans = (self.now.since(began), self.now.since(queued));
                    let image = (bytes, &digest, parts);
                    self.pulled(run, container, spans, image, offer.as_deref());
                }
                PullResult::Failed { errors, cause } => {
                    self.pull_failed(run, container, &errors, cause);
                }
            }
            if run.deleting.is_some() {
                self.begin_ending(id, run);
            } else if !self.start_containers(id, run, place + 1) {
                self.end_sync(id, run);
            }
        }
        self.put_back(id, pod);
        if let Some(node) = node {
            self.start_pulls(&node);
        }
    }

    fn pulled(
        &mut self,
        run: &mut PodRun,
        index: usize,
        (pull, whole): (Span, Span),
        (bytes, digest, parts): (u64, &Arc<str>, Arc<[String]>),
        offer: Option<&crate::keyring::Offer>,
    ) {
        let container = &run.containers[index];
        let (path, image) = (Arc::clone(&container.field_path), Arc::clone(&container.image));
        let message = words::pulled(&image, pull, whole, bytes).into();
        self.record_on(run, Some(&path), Reason::Pulled, &message);
        if let Ok(reference) = run.containers[index].reference.clone() {
            let now = self.now;
            if let Some(node) = self.node_of_mut(run) {
                node.put_image(&reference.whole, Arc::clone(digest), bytes, Some(parts), now);
                node.record_pull(digest, &reference.lookup_name, offer);
            }
            if let Some(node) = run.node.clone() {
                self.image_store_changed(&node, &reference.whole);
            }
        }
        run.pulled_with = Some(match offer.map(|offer| &offer.source) {
            None => PulledWith::Nothing,
            Some(Source::Secret { name, .. }) => PulledWith::Secret(name.as_str().into()),
            Some(Source::NodeConfig | Source::Provider { .. } | Source::ServiceAccount { .. }) => {
                PulledWith::Node
            }
        });
        let fact = Fact::AttemptEnded { attempt: run.attempts, failed: None };
        self.note(Arc::clone(&run.key), fact);
        self.start(run, index);
    }

    fn pull_failed(
        &mut self,
        run: &mut PodRun,
        index: usize,
        errors: &Arc<[String]>,
        cause: Cause,
    ) {
        let failed = self.words_of(run, index, errors, cause);
        if let Some(known) = &mut run.containers[index].foreseen
            && known.errors == failed.errors
        {
            known.errors = Arc::clone(&failed.errors);
        }
        let path = Arc::clone(&run.containers[index].field_path);
        self.record_on(run, Some(&path), Reason::Failed, &failed.failed);
        self.record_on(run, Some(&path), Reason::Failed, &failed.start_failed);
        let image = Arc::clone(&run.containers[index].image);
        run.back_off.record_failure(&run.uid, &image, self.now);
        let fact = Fact::AttemptEnded { attempt: run.attempts, failed: Some(cause) };
        self.note(Arc::clone(&run.key), fact);
        let container = &mut run.containers[index];
        container.tried = self.now;
        container.state = State::Waiting(Arc::clone(&failed.waiting));
        container.failed_pull = Some(failed);
    }

    /// P23: a Normal event without a cause, and a waiting message with one.
    pub(super) fn hold_back(&mut self, run: &mut PodRun, index: usize) {
        let of_image = |one: &ContainerRun| {
            let failed = one.failed_pull.as_ref()?;
            let cause = match &one.state {
                State::Waiting(waiting) => waiting.cause,
                State::Fresh | State::Running(_) | State::Terminated(_) => failed.waiting.cause,
            };
            (failed.image == run.containers[index].image)
                .then(|| (Arc::clone(failed), cause, one.tried))
        };
        // Another container of the Pod may have failed on the same image: the series is shared (P36).
        let own = of_image(&run.containers[index]);
        let found = own.or_else(|| run.containers.iter().find_map(of_image));
        let Some((failed, cause, tried)) = found else { return };
        let path = Arc::clone(&run.containers[index].field_path);
        let back_off = self.record_on(run, Some(&path), Reason::BackOff, &failed.back_off);
        let error = self.record_on(run, Some(&path), Reason::Failed, &failed.back_off_failed);
        let container = &mut run.containers[index];
        container.repeated.clear();
        container.repeated.extend([back_off, error]);
        if let State::Waiting(waiting) = &container.state
            && waiting.is_held_back()
            && Arc::ptr_eq(&waiting.message, &failed.held_back.message)
        {
            return;
        }
        // The last attempt may have got no further than to look up its credentials.
        container.state = State::Waiting(if cause == failed.held_back.cause {
            Arc::clone(&failed.held_back)
        } else {
            Arc::new(Waiting { cause, ..Waiting::clone(&failed.held_back) })
        });
        container.tried = container.tried.max(tried);
        container.failed_pull = Some(failed);
    }

    /// The words of a failed pull: those of the Pod's pull before, or of the last one that anybody made, if that failed in
    /// the same way. Thousands of Pods fail in the same words.
    fn words_of(
        &mut self,
        run: &PodRun,
        index: usize,
        errors: &Arc<[String]>,
        cause: Cause,
    ) -> Arc<FailedPull> {
        let ContainerRun { image, failed_pull, .. } = &run.containers[index];
        let before = [failed_pull, &self.failed_pull].into_iter().flatten();
        let same = |one: &&Arc<FailedPull>| {
            (Arc::ptr_eq(&one.errors, errors) || one.errors == *errors)
                && one.waiting.cause == cause
                && one.image == *image
        };
        if let Some(same) = before.into_iter().find(same) {
            return Arc::clone(same);
        }
        let failed = Arc::new(FailedPull::new(image, errors, cause));
        self.failed_pull = Some(Arc::clone(&failed));
        failed
    }
}

impl FailedPull {
    fn new(image: &Arc<str>, errors: &Arc<[String]>, cause: Cause) -> Self {
        let failure = pull_failure(image, errors);
        let [failed, start_failed] = failure.events(image).map(|(_, message)| message.into());
        let error: Arc<str> = failure.error.into();
        let held_back = Waiting {
            reason: words::IMAGE_PULL_BACK_OFF.into(),
            message: words::back_off_waiting(image, failure.reason, &failure.message).into(),
            error: Arc::clone(&error),
            cause,
        };
        let waiting = Waiting {
            reason: failure.reason.into(),
            message: failure.message.into(),
            error,
            cause,
        };
        Self {
            image: Arc::clone(image),
            errors: Arc::clone(errors),
            waiting: Arc::new(waiting),
            held_back: Arc::new(held_back),
            failed,
            start_failed,
            pulling: words::pulling(image).into(),
            back_off: words::back_off(image).into(),
            back_off_failed: words::error(words::IMAGE_PULL_BACK_OFF).into(),
        }
    }
}

/// When the next pull may run, if this one fails.
fn retry_after(run: &PodRun, index: usize, end: SimTime) -> Option<SimTime> {
    let mut back_off = run.back_off.clone();
    let image = &run.containers[index].image;
    back_off.record_failure(&run.uid, image, end);
    back_off.due_at(&run.uid, image)
}

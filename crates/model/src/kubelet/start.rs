//! Starting containers: one after the other, each by its own decision (P9, P16–P23).

use std::sync::Arc;

use crate::catalogue::{RUNTIMES, Runtime};
use crate::cause::Cause;
use crate::cluster::Cluster;
use crate::ensure_image::{Answers, Decision, LookUpOrder, Question, decide};
use crate::event::Reason;
use crate::log::Fact;
use crate::look_up::LookUp;
use crate::message::kubelet as words;
use crate::node::{Node, pod_credentials};
use crate::object::Key;
use crate::pod::{ContainerKind, PodRun, Reference, State, Waiting};
use crate::pods::PodId;
use crate::pull_policy::PullPolicy;
use crate::trace::{
    AttemptResult, AttemptTrace, KubeletTrace, NodeConfigStep, Presence, Verification,
};
use crate::world::NodeSpec;

/// A node and a Pod, as the decision asks them.
struct OfNode<'a> {
    cluster: &'a mut Cluster,
    run: &'a mut PodRun,
    index: usize,
    reference: Option<Arc<Reference>>,
    presence: Presence,
    verification: Option<Verification>,
    looked_up: bool,
}

impl OfNode<'_> {
    fn reference(&self) -> Arc<Reference> {
        Arc::clone(self.reference.as_ref().expect("an unreadable name is decided first"))
    }

    fn looks_up(&mut self) -> Arc<LookUp> {
        let reference = self.reference();
        self.looked_up = true;
        self.cluster.look_up(self.run, self.index, &reference)
    }
}

impl Answers for OfNode<'_> {
    fn image_status(&mut self) -> Result<bool, String> {
        let reference = self.reference();
        let Some(node) = self.cluster.node_of(self.run) else { return Ok(false) };
        if let Some(error) = &node.inspect_error {
            self.presence = Presence::Unknown;
            return Err(error.to_string());
        }
        let present = node.image(&reference.whole).is_some();
        self.presence = if present { Presence::Usable } else { Presence::Absent };
        Ok(present)
    }

    fn must_pull(&mut self) -> Result<bool, String> {
        let reference = self.reference();
        let image = Arc::clone(&self.run.containers[self.index].image);
        let wanted = self.cluster.is_wanted_next(self.run);
        let Some(node) = self.cluster.node_of(self.run) else { return Ok(true) };
        let before = node.image(&reference.whole).map(|stored| {
            let record = node.pull_records().find(|(id, _)| *id == &*stored.id);
            (Arc::clone(&stored.id), record.map(|(_, record)| record.clone()))
        });
        let policy = node.spec.config.image_pull_credentials_verification_policy.name();
        // Credentials are looked up only where a record needs comparing, and that is known without them.
        let mut verdict = self.cluster.node_of_mut(self.run).expect("it was just there").must_pull(
            &image,
            &reference.whole,
            &reference.lookup_name,
            || Err(String::new()),
        );
        if verdict.is_err() {
            let look_up = self.looks_up();
            let shown = look_up.offers.clone().map(|offers| pod_credentials(&offers));
            let node = self.cluster.node_of_mut(self.run).expect("it was just there");
            verdict = node.must_pull(&image, &reference.whole, &reference.lookup_name, || shown);
        }
        if wanted && let Some((image_id, record)) = before {
            let verdict = verdict.clone();
            self.verification = Some(Verification { policy, image_id, record, verdict });
        }
        let must_pull = verdict?.must_pull();
        if must_pull {
            self.presence = Presence::NotEntitled;
        }
        Ok(must_pull)
    }

    fn look_up(&mut self) -> Result<(), String> {
        self.looks_up().offers.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn is_held_back(&mut self) -> bool {
        let image = &self.run.containers[self.index].image;
        self.run.back_off.is_held_back(&self.run.uid, image, self.cluster.now)
    }
}

/// What became of one attempt to start a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Over,
    Pulling,
}

impl Cluster {
    /// Ephemeral containers, then init containers one after the other, then every other container (P9), beginning with
    /// the one at place `from` of that order. Answers whether a pull is under way.
    pub(super) fn start_containers(&mut self, id: PodId, run: &mut PodRun, from: usize) -> bool {
        // The one whose pull has just ended may hold the others up.
        if let Some(before) = from.checked_sub(1)
            && !run.containers[at_place(run, before)].lets_others_start()
        {
            return false;
        }
        for place in from..run.containers.len() {
            let index = at_place(run, place);
            // A sandbox that is only being made has no ephemeral containers yet.
            let early = run.syncs == 1 && run.containers[index].kind == ContainerKind::Ephemeral;
            if !early
                && !run.containers[index].is_up()
                && self.attempt(id, run, index, place) == Attempt::Pulling
            {
                return true;
            }
            if !run.containers[index].lets_others_start() {
                return false;
            }
        }
        false
    }

    fn attempt(&mut self, id: PodId, run: &mut PodRun, index: usize, place: usize) -> Attempt {
        let container = &run.containers[index];
        let image = Arc::clone(&container.image);
        let name_error = container.reference.as_ref().err().cloned();
        let reference = container.reference.as_ref().ok().cloned();
        let policy = container.policy;
        let Some(node) = self.node_of(run) else { return Attempt::Over };
        let question = Question {
            image: &image,
            name_error: name_error.as_deref(),
            policy,
            ensures_secret_pulled_images: node.features.ensures_secret_pulled_images,
            look_up: node.features.look_up,
        };
        let mut answers = OfNode {
            cluster: self,
            run,
            index,
            reference,
            presence: Presence::NotAsked,
            verification: None,
            looked_up: false,
        };
        let decision = decide(&question, &mut answers);
        let OfNode { presence, verification, reference, looked_up, .. } = answers;
        match &decision {
            Decision::Pull => {
                self.queue_pull(id, run, index, place, presence, verification);
                return Attempt::Pulling;
            }
            Decision::HeldBack => self.hold_back(run, index),
            Decision::Present => {
                let (reason, message) = decision.events(&question).remove(0);
                let path = Arc::clone(&run.containers[index].field_path);
                self.record_on(run, Some(&path), reason, &message.into());
                let reference = reference.expect("a present image has a name");
                run.attempts += 1;
                if self.is_wanted(run) {
                    let mut trace = self.new_trace(run, index, presence);
                    trace.verification = verification;
                    if looked_up {
                        self.look_up(run, index, &reference).explain(&reference, &mut trace);
                    }
                    trace.result = AttemptResult::Present;
                    self.found = Some(Box::new(trace));
                }
                let fact = Fact::AttemptEnded { attempt: run.attempts, failed: None };
                self.note(Arc::clone(&run.key), fact);
                self.start(run, index);
            }
            Decision::InvalidName { .. }
            | Decision::InspectFailed { .. }
            | Decision::NeverPull
            | Decision::LookUpFailed { .. } => {
                self.fail_locally(run, index, &decision, &question, presence, verification);
            }
        }
        Attempt::Over
    }

    /// P16, P18, P19, P22: no back-off, tried again at every sync.
    fn fail_locally(
        &mut self,
        run: &mut PodRun,
        index: usize,
        decision: &Decision,
        question: &Question<'_>,
        presence: Presence,
        verification: Option<Verification>,
    ) {
        let path = Arc::clone(&run.containers[index].field_path);
        let mut recorded = Vec::new();
        for (reason, message) in decision.events(question) {
            recorded.push(self.record_on(run, Some(&path), reason, &message.into()));
        }
        let container = &mut run.containers[index];
        (container.repeated, container.tried) = (recorded, self.now);
        let cause = match decision {
            Decision::InvalidName { .. } => Cause::ImageNameInvalid,
            Decision::InspectFailed { .. } => Cause::InspectFailed,
            Decision::LookUpFailed { .. } => Cause::SecretUndecodable,
            Decision::NeverPull | Decision::Present | Decision::HeldBack | Decision::Pull => {
                Cause::NeverAndAbsent
            }
        };
        let failure = decision.failure(question.image, None).expect("it has failed");
        if let State::Waiting(waiting) = &run.containers[index].state
            && waiting.cause == cause
            && *waiting.message == *failure.message
        {
            return;
        }
        let message: Arc<str> = failure.message.into();
        run.containers[index].state = State::Waiting(Arc::new(Waiting {
            reason: failure.reason.as_str().into(),
            message: Arc::clone(&message),
            error: Arc::clone(&message),
            cause,
        }));
        run.attempts += 1;
        let fact = Fact::AttemptEnded { attempt: run.attempts, failed: Some(cause) };
        self.note(Arc::clone(&run.key), fact);
        if self.is_wanted(run) {
            let mut trace = self.new_trace(run, index, presence);
            trace.verification = verification;
            if cause == Cause::SecretUndecodable
                && let Ok(reference) = run.containers[index].reference.clone()
            {
                self.look_up(run, index, &reference).explain(&reference, &mut trace);
            }
            trace.result = AttemptResult::Failed {
                cause,
                reason: failure.reason.into(),
                message,
                retry: None,
            };
            self.found = Some(Box::new(trace));
        }
    }

    /// The image is there: the container is created and started.
    pub(super) fn start(&mut self, run: &mut PodRun, index: usize) {
        let path = Arc::clone(&run.containers[index].field_path);
        self.record_on(run, Some(&path), Reason::Created, &words::CREATED.into());
        self.record_on(run, Some(&path), Reason::Started, &words::STARTED.into());
        let container = &mut run.containers[index];
        if container.image_id.is_some() {
            container.restarts += 1;
        }
        container.state = State::Running(self.now);
        container.image_id = match &container.reference {
            Ok(reference) => {
                let node = run.node.as_ref().and_then(|name| self.nodes.get(name));
                let stored = node.and_then(|node| node.image(&reference.whole));
                stored.map(|stored| Arc::clone(&stored.id))
            }
            Err(_) => None,
        };
    }

    pub(super) fn node_of(&self, run: &PodRun) -> Option<&Node> {
        self.nodes.get(run.node.as_ref()?).map(AsRef::as_ref)
    }

    pub(super) fn node_of_mut(&mut self, run: &PodRun) -> Option<&mut Node> {
        self.nodes.get_mut(run.node.as_ref()?).map(Arc::make_mut)
    }

    /// Whether somebody wants the reasons of the attempt that was just counted.
    pub(super) fn is_wanted(&self, run: &PodRun) -> bool {
        self.wanted
            .as_ref()
            .is_some_and(|wanted| wanted.uid == run.uid && wanted.attempt == run.attempts)
    }

    /// The same of an attempt that may be about to be counted.
    fn is_wanted_next(&self, run: &PodRun) -> bool {
        self.wanted
            .as_ref()
            .is_some_and(|wanted| wanted.uid == run.uid && wanted.attempt == run.attempts + 1)
    }

    pub(super) fn new_trace(&self, run: &PodRun, index: usize, presence: Presence) -> AttemptTrace {
        let container = &run.containers[index];
        let node = self.node_of(run);
        AttemptTrace {
            at: self.now,
            number: run.attempts,
            pod: Key::clone(&run.key),
            container: Arc::clone(&container.name),
            image: Arc::clone(&container.image),
            reference: container.reference.clone(),
            policy: container.policy,
            presence: match container.policy {
                PullPolicy::Always => Presence::NotAsked,
                PullPolicy::IfNotPresent | PullPolicy::Never => presence,
            },
            verification: None,
            kubelet: KubeletTrace {
                node: run.node.clone().unwrap_or_default(),
                kubernetes: node.map_or(self.world.kubernetes, |node| node.kubernetes),
                containerd: node
                    .map_or(NodeSpec::default().containerd, |node| node.spec.containerd),
                runtime: node.map_or(RUNTIMES[0], |node| Runtime::of(&node.spec)),
                ensures_secret_pulled_images: node
                    .is_some_and(|node| node.features.ensures_secret_pulled_images),
                look_up: node.map_or(LookUpOrder::WhenNeeded, |node| node.features.look_up),
                hosts_log: None,
                queued_behind: 0,
                throttled: false,
            },
            service_account: Arc::clone(&run.service_account),
            list_from_account: run.list_from_account,
            secrets: Vec::new(),
            entries: Vec::new(),
            node_config: NodeConfigStep::default(),
            providers: Vec::new(),
            tries: Vec::new(),
            wordings: Vec::new(),
            elsewhere: Vec::new(),
            result: AttemptResult::Present,
        }
    }

    /// Goes on until a Pod's attempt of that number was made, and tells its reasons. Called on a clone from before it.
    pub fn trace_attempt(
        &mut self,
        uid: &str,
        attempt: u32,
        end: crate::time::SimTime,
    ) -> Option<Box<AttemptTrace>> {
        self.wanted = Some(crate::cluster::Wanted { uid: uid.into(), attempt });
        while self.found.is_none() && self.step(end) {}
        self.wanted = None;
        self.found.take()
    }
}

/// The container at a place of the order in which they are started: ephemeral ones come first, and stand last.
fn at_place(run: &PodRun, place: usize) -> usize {
    let ephemeral = |one: &&crate::pod::ContainerRun| one.kind == ContainerKind::Ephemeral;
    let count = run.containers.iter().filter(ephemeral).count();
    if place < count { run.containers.len() - count + place } else { place - count }
}

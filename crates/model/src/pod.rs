//! A Pod as the node runs it: compact state, from which status is rendered when somebody reads it.

use std::sync::Arc;

use crate::back_off::BackOff;
use crate::cause::Cause;
use crate::event::Recorder;
use crate::image::ImageRef;
use crate::kubelet::{Ending, Pause};
use crate::look_up::{CachedLookUp, LookUp};
use crate::message::kubelet;
use crate::object::{Container, Key, Pod, PodSpec};
use crate::pod_status::{Phase, Published};
use crate::pull::Content;
use crate::pull_policy::PullPolicy;
use crate::random::Stream;
use crate::time::{SimTime, Span};
use crate::trace::AttemptTrace;

/// A Pod from its creation until it is gone.
#[derive(Debug, Clone)]
pub struct PodRun {
    /// Namespace and name.
    pub key: Arc<Key>,
    /// Its uid.
    pub uid: Arc<str>,
    /// The uid of the object that owns it.
    pub owner: Option<Arc<str>>,
    /// When it was created.
    pub created: SimTime,
    /// The node it was bound to.
    pub node: Option<Arc<str>>,
    /// Its ServiceAccount.
    pub service_account: Arc<str>,
    /// Its pull secrets, without empty names (P10).
    pub pull_secrets: Arc<[Arc<str>]>,
    /// Whether the list was taken over from the ServiceAccount (P4.5).
    pub list_from_account: bool,
    /// Init containers first, then the others, then the ephemeral ones.
    pub containers: Vec<ContainerRun>,
    /// When its deletion was asked for.
    pub deleting: Option<SimTime>,
    /// Its events.
    pub recorder: Recorder,
    /// Attempts to get an image that reached a decision other than being held back.
    pub attempts: u32,
    /// `STATUS` as last published.
    pub status: Arc<str>,
    /// What its last good pull logged in with.
    pub pulled_with: Option<PulledWith>,
    /// When it was bound to its node.
    pub(crate) scheduled: Option<SimTime>,
    /// Phase and conditions as last published by its node.
    pub(crate) published: Option<Published>,
    /// Whether its containers are started again when they end.
    pub(crate) restart_policy: RestartPolicy,
    /// Failed pulls, by image as written. A kubelet that restarts forgets them (P36).
    pub(crate) back_off: BackOff,
    /// Jitter of this Pod's syncs and pulls.
    pub(crate) stream: Stream,
    /// How many syncs it had, up to two: the first one starts the sandbox, the second is the quick one (P38).
    pub(crate) syncs: u8,
    /// The queue's ticket that is valid for it; older ones are stale.
    pub(crate) ticket: u64,
    /// The pull that is under way.
    pub(crate) pulling: Option<Pulling>,
    /// How far its end is.
    pub(crate) ending: Option<Ending>,
    /// Its address, once it has a sandbox.
    pub(crate) address: Option<Arc<str>>,
    /// Whether the end of an init container has just been published.
    pub(crate) init_ended: bool,
    /// Whether something asked for a sync while a pull was under way.
    pub(crate) pending: bool,
    /// Syncs that were skipped because they change nothing that can be seen.
    pub(crate) held: Option<Box<Held>>,
    /// The event about missing pull secrets, if the last sync recorded one.
    pub(crate) missing_event: Option<usize>,
    /// Whether it began or ceased to run since its owner last looked.
    pub(crate) ready_changed: bool,
}

/// `spec.restartPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

/// A container.
#[derive(Debug, Clone)]
pub struct ContainerRun {
    /// Its name.
    pub name: Arc<str>,
    /// `spec.containers{app}`.
    pub field_path: Arc<str>,
    /// Which of the Pod's lists it stands in.
    pub kind: ContainerKind,
    /// The image as written.
    pub image: Arc<str>,
    /// The image as understood.
    pub reference: Result<Arc<Reference>, Arc<str>>,
    /// Its pull policy as stored.
    pub policy: PullPolicy,
    /// What it is doing.
    pub state: State,
    /// What was last published of it: the status lags one sync behind (cluster-recording, P12 and P38).
    pub shown: State,
    /// How often it was started again.
    pub restarts: u32,
    /// When the last attempt was made to get its image.
    pub(crate) tried: SimTime,
    /// How long it runs before it ends; `None` if it goes on.
    pub(crate) runs_for: Option<Span>,
    /// With which code it ends.
    pub(crate) exits_with: i32,
    /// The id of the image that it was started with.
    pub(crate) image_id: Option<Arc<str>>,
    /// The last look-up of credentials, which counts until something that it read changes.
    pub(crate) look_up: Option<CachedLookUp>,
    /// What the last failed pull of its image said, and the words that are made of it.
    pub(crate) failed_pull: Option<Arc<FailedPull>>,
    /// What its next pull comes to, if that is known already.
    pub(crate) foreseen: Option<Box<Foreseen>>,
    /// The events that a sync repeats while it fails as it did.
    pub(crate) repeated: Vec<usize>,
}

/// Which of a Pod's lists a container stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// `initContainers`: runs to its end before the next one.
    Init,
    /// `initContainers` with `restartPolicy: Always`: started in its turn, and goes on.
    Sidecar,
    /// `containers`.
    App,
    /// `ephemeralContainers`.
    Ephemeral,
}

/// An image name with what is made of it at every sync.
#[derive(Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name, normalised.
    pub image: ImageRef,
    /// The name that credentials are looked up with (P15).
    pub lookup_name: String,
    /// The whole normalised name, under which a node keeps the image.
    pub whole: String,
}

impl Reference {
    /// Reads an image's name; the error is the kubelet's (P16).
    pub fn parse(image: &str) -> Result<Self, String> {
        let image = ImageRef::parse(image).map_err(|error| error.about(image))?;
        Ok(Self { lookup_name: image.lookup_name(), whole: image.to_string(), image })
    }
}

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing was tried yet, or it is not known any more.
    Fresh,
    /// It waits, with a reason.
    Waiting(Arc<Waiting>),
    /// It runs since then.
    Running(SimTime),
    /// It has ended.
    Terminated(Ended),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `0` is well.
    pub exit_code: i32,
    /// `Completed`, `Error`, `ContainerStatusUnknown`.
    pub reason: &'static str,
    /// More about it, where the kubelet has something to say.
    pub message: Option<&'static str>,
    /// When it was started, if it was.
    pub started: Option<SimTime>,
    /// When it ended.
    pub finished: Option<SimTime>,
}

/// What a good pull logged in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PulledWith {
    /// An entry of the pull secret of this name.
    Secret(Arc<str>),
    /// A credential of the node: its docker config, or a provider.
    Node,
    /// No credential at all.
    Nothing,
}

/// Why a container waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// `ImagePullBackOff`, or the text of a failed look-up (P22).
    pub reason: Arc<str>,
    /// The waiting message.
    pub message: Arc<str>,
    /// The error of the last pull, for the message of a held-back one.
    pub error: Arc<str>,
    /// The first broken rung of the last attempt.
    pub cause: Cause,
}

impl Waiting {
    /// Whether it waits for its back-off.
    pub fn is_held_back(&self) -> bool {
        &*self.reason == kubelet::IMAGE_PULL_BACK_OFF
    }
}

/// A failed pull in the kubelet's words, made once for each error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailedPull {
    pub(crate) image: Arc<str>,
    pub(crate) errors: Arc<[String]>,
    /// Why the container waits behind it, and why while the next one is held back.
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) held_back: Arc<Waiting>,
    // Events: that the pull failed, and that the start did; then those of a sync that is held back.
    pub(crate) failed: Arc<str>,
    pub(crate) start_failed: Arc<str>,
    pub(crate) pulling: Arc<str>,
    pub(crate) back_off: Arc<str>,
    pub(crate) back_off_failed: Arc<str>,
}

/// A pull that is under way.
#[derive(Debug, Clone)]
pub(crate) struct Pulling {
    pub(crate) container: usize,
    /// Its place in the order in which containers are started.
    pub(crate) place: usize,
    pub(crate) queued: SimTime,
    pub(crate) stage: PullStage,
    /// The reasons so far, if somebody asked for them.
    pub(crate) trace: Option<Box<AttemptTrace>>,
}

/// How far a pull is.
#[derive(Debug, Clone)]
pub(crate) enum PullStage {
    /// It waits for its turn.
    Queued,
    /// It runs since then, and this will come of it.
    Runs { began: SimTime, result: PullResult },
}

/// What a pull will have come to when it ends.
#[derive(Debug, Clone)]
pub(crate) enum PullResult {
    Pulled {
        bytes: u64,
        digest: Arc<str>,
        parts: Arc<[String]>,
        offer: Option<Box<crate::keyring::Offer>>,
    },
    Failed {
        errors: Arc<[String]>,
        cause: Cause,
    },
}

/// What the next pull without a credential comes to as well, because the hosts that are asked answer it at every hour in
/// the same way.
#[derive(Debug, Clone)]
pub(crate) struct Foreseen {
    pub(crate) look_up: Arc<LookUp>,
    pub(crate) content: Content,
    pub(crate) errors: Arc<[String]>,
    pub(crate) cause: Cause,
    /// How long was waited for hosts that did not answer.
    pub(crate) waited: Span,
}

impl Foreseen {
    /// Whether a pull now would read the same: a look-up that came to no credential, and what the node's store has.
    pub(crate) fn holds(&self, look_up: &Arc<LookUp>, content: &Content) -> bool {
        Arc::ptr_eq(&self.look_up, look_up) && self.content.is_shared_with(content)
    }

    /// What it comes to, and how long that takes where hosts take so long to answer.
    pub(crate) fn result(&self, answer: Span) -> (PullResult, Span) {
        let errors = Arc::clone(&self.errors);
        (PullResult::Failed { errors, cause: self.cause }, answer + self.waited)
    }
}

/// Where the skipped syncs begin.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// The last sync that is counted.
    pub(crate) since: SimTime,
    /// The draws of the syncs that are not counted yet.
    pub(crate) stream: Stream,
    pub(crate) pause: Pause,
    /// Skipped syncs that are not counted yet.
    pub(crate) uncounted: u32,
    /// The last sync that is skipped.
    pub(crate) last: SimTime,
    /// Events that every skipped sync repeats.
    pub(crate) repeats: Vec<usize>,
}

impl PodRun {
    /// The Pod that was just stored.
    pub(crate) fn new(pod: &Pod, list_from_account: bool, now: SimTime, seed: u64) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let uid: Arc<str> = pod.metadata.uid.as_deref().unwrap_or_default().into();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let secrets = spec.image_pull_secrets.iter().flatten().map(|secret| secret.name.as_str());
        let owners = pod.metadata.owner_references.iter().flatten();
        let mut run = Self {
            key: Arc::new(Key::new(
                crate::object::Kind::Pod,
                &text(&pod.metadata.namespace),
                &text(&pod.metadata.name),
            )),
            owner: owners.map(|owner| owner.uid.as_str().into()).next(),
            created: now,
            node: spec.node_name.as_deref().map(Into::into),
            service_account: text(&spec.service_account_name).into(),
            pull_secrets: secrets.filter(|name| !name.is_empty()).map(Into::into).collect(),
            list_from_account,
            containers: containers(&spec),
            deleting: None,
            recorder: Recorder::default(),
            attempts: 0,
            status: "".into(),
            pulled_with: None,
            scheduled: None,
            published: None,
            restart_policy: match spec.restart_policy.as_deref() {
                Some("Never") => RestartPolicy::Never,
                Some("OnFailure") => RestartPolicy::OnFailure,
                _ => RestartPolicy::Always,
            },
            back_off: BackOff::default(),
            stream: Stream::new(seed, &uid, "sync"),
            syncs: 0,
            ticket: 0,
            pulling: None,
            ending: None,
            address: None,
            init_ended: false,
            pending: false,
            held: None,
            missing_event: None,
            ready_changed: false,
            uid,
        };
        run.status = run.rendered_status();
        run
    }

    /// Whether every container is as it should be, and that was published.
    pub fn is_running(&self) -> bool {
        self.deleting.is_none()
            && self.containers.iter().all(|container| match container.kind {
                ContainerKind::Init => container.shown.ended_well(),
                ContainerKind::Sidecar | ContainerKind::App => {
                    matches!(container.shown, State::Running(_))
                }
                ContainerKind::Ephemeral => true,
            })
    }

    /// Whether it runs, or every container of it has ended well, and that was published.
    pub fn came_through(&self) -> bool {
        self.is_running() || self.phase() == Phase::Succeeded.name()
    }

    /// Since when it has been ready, as published; a Pod that is being deleted is until its containers stop.
    pub(crate) fn ready_since(&self) -> Option<SimTime> {
        let published = self.published.as_ref()?;
        (published.phase == Phase::Running && published.ready.holds)
            .then_some(published.ready.since)
    }

    /// Whether it is ready, as published.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready_since().is_some()
    }

    /// Whether every container of it has ended, and that was published.
    pub fn is_finished(&self) -> bool {
        self.published.as_ref().is_some_and(|published| published.phase.is_final())
    }

    /// Whether it runs, or has tried since then and that is published.
    pub(crate) fn is_settled(&self, since: SimTime, now: SimTime) -> bool {
        if self.node.is_none() || self.is_finished() {
            return true;
        }
        let Some((container, waiting)) = self.waiting() else { return self.is_running() };
        // A Pod that sleeps has failed at every sync in the same way, and they come every 15 s at the latest.
        let asleep = self.held.is_some() && !waiting.is_held_back();
        (container.tried >= since || asleep && now.since(since) > Span::seconds(16))
            && container.shown == container.state
            && &*waiting.reason != kubelet::ERR_IMAGE_PULL
    }

    /// The container that keeps the Pod from running, and why: the first that waits.
    pub fn waiting(&self) -> Option<(&ContainerRun, &Waiting)> {
        self.containers.iter().find_map(|container| match &container.state {
            State::Waiting(waiting) => Some((container, &**waiting)),
            State::Fresh | State::Running(_) | State::Terminated(_) => None,
        })
    }

    /// `pod.status.phase`, as published.
    pub fn phase(&self) -> &'static str {
        self.published.as_ref().map_or("Pending", |published| published.phase.name())
    }

    /// The `STATUS` column of `kubectl get pods`, from what was published
    /// (kubernetes v1.35.6 pkg/printers/internalversion/printers.go printPod).
    pub fn rendered_status(&self) -> Arc<str> {
        if self.deleting.is_some() {
            return "Terminating".into();
        }
        if self.published.is_none() {
            return "Pending".into();
        }
        let is_init =
            |one: &&ContainerRun| matches!(one.kind, ContainerKind::Init | ContainerKind::Sidecar);
        let inits = self.containers.iter().filter(is_init);
        let total = inits.clone().count();
        for (done, container) in inits.enumerate() {
            match (&container.shown, container.kind) {
                (State::Terminated(ended), _) if ended.exit_code == 0 => {}
                (State::Terminated(ended), _) => return format!("Init:{}", ended.reason).into(),
                (State::Running(_), ContainerKind::Sidecar) => {}
                (State::Waiting(waiting), _) => return format!("Init:{}", waiting.reason).into(),
                (State::Fresh | State::Running(_), _) => {
                    return format!("Init:{done}/{total}").into();
                }
            }
        }
        let apps = self.containers.iter().filter(|one| one.kind == ContainerKind::App);
        // Upstream counts down, so that the first container's word stands in the end.
        let word = apps.clone().find_map(|container| match &container.shown {
            State::Waiting(waiting) => Some(Arc::clone(&waiting.reason)),
            State::Fresh if total > 0 => Some(kubelet::POD_INITIALIZING.into()),
            State::Fresh => Some(kubelet::CONTAINER_CREATING.into()),
            State::Terminated(ended) => Some(ended.reason.into()),
            State::Running(_) => None,
        });
        let runs = apps.clone().any(|one| matches!(one.shown, State::Running(_)));
        match word {
            // A Pod of which some containers have ended and others run is Running.
            Some(word) if &*word == kubelet::COMPLETED && runs => "Running".into(),
            Some(word) => word,
            None => "Running".into(),
        }
    }
}

fn containers(spec: &PodSpec) -> Vec<ContainerRun> {
    let ends = spec.restart_policy.as_deref().is_some_and(|policy| policy != "Always");
    let inits = spec.init_containers.iter().flatten().map(|one| {
        let sidecar = one.restart_policy.as_deref() == Some("Always");
        let kind = if sidecar { ContainerKind::Sidecar } else { ContainerKind::Init };
        ContainerRun::new(one, kind, ends)
    });
    let apps = spec.containers.iter().map(|one| ContainerRun::new(one, ContainerKind::App, ends));
    let ephemeral = spec
        .ephemeral_containers
        .iter()
        .flatten()
        .map(|one| ContainerRun::new(one, ContainerKind::Ephemeral, false));
    inits.chain(apps).chain(ephemeral).collect()
}

/// How long a container runs before it ends well. Init containers and containers that are not to be started again end;
/// `sleep` says when, others after a moment. All others go on.
fn runs_for(container: &Container, kind: ContainerKind, ends: bool) -> Option<Span> {
    let finite = match kind {
        ContainerKind::Init => true,
        ContainerKind::Sidecar | ContainerKind::Ephemeral => false,
        ContainerKind::App => ends,
    };
    let words = words_of(container);
    let slept = words
        .windows(2)
        .filter(|pair| pair[0] == "sleep" || pair[0].ends_with("/sleep"))
        .filter_map(|pair| pair[1].trim_end_matches('s').parse::<u32>().ok())
        .map(i64::from)
        .sum::<i64>();
    finite.then(|| if slept > 0 { Span::seconds(slept) } else { Span::millis(200) })
}

/// With which code a container ends: what its command says to the shell, or nothing but good.
fn exits_with(container: &Container) -> i32 {
    let words = words_of(container);
    let exits = words.windows(2).filter(|pair| pair[0] == "exit");
    let code = exits.filter_map(|pair| pair[1].parse::<u8>().ok()).next_back();
    let fails = words.iter().any(|word| *word == "false" || word.ends_with("/false"));
    code.map_or(i32::from(fails), i32::from)
}

fn words_of(container: &Container) -> Vec<&str> {
    let texts = container.command.iter().chain(&container.args).flatten();
    texts
        .flat_map(|text| text.split([' ', ';', '&', '\n']))
        .filter(|word| !word.is_empty())
        .collect()
}

impl State {
    /// Whether it has ended with exit code 0.
    pub const fn ended_well(&self) -> bool {
        matches!(self, Self::Terminated(Ended { exit_code: 0, .. }))
    }
}

impl ContainerRun {
    fn new(container: &Container, kind: ContainerKind, ends: bool) -> Self {
        let image = container.image.as_deref().unwrap_or_default();
        let list = match kind {
            ContainerKind::Init | ContainerKind::Sidecar => "initContainers",
            ContainerKind::App => "containers",
            ContainerKind::Ephemeral => "ephemeralContainers",
        };
        Self {
            name: container.name.as_str().into(),
            field_path: format!("spec.{list}{{{}}}", container.name).into(),
            kind,
            image: image.into(),
            reference: Reference::parse(image).map(Arc::new).map_err(Into::into),
            policy: PullPolicy::from_name(
                container.image_pull_policy.as_deref().unwrap_or_default(),
            )
            .unwrap_or(PullPolicy::IfNotPresent),
            state: State::Fresh,
            shown: State::Fresh,
            restarts: 0,
            tried: SimTime::from_millis(i64::MIN),
            runs_for: runs_for(container, kind, ends),
            exits_with: exits_with(container),
            image_id: None,
            look_up: None,
            failed_pull: None,
            foreseen: None,
            repeated: Vec::new(),
        }
    }

    /// Whether nothing more is to be done for it.
    pub(crate) const fn is_up(&self) -> bool {
        matches!(self.state, State::Running(_) | State::Terminated(_))
    }

    /// Whether the next init container, or the other containers, may be started.
    pub(crate) const fn lets_others_start(&self) -> bool {
        match self.kind {
            ContainerKind::Init => self.state.ended_well(),
            ContainerKind::Sidecar => self.is_up(),
            ContainerKind::App | ContainerKind::Ephemeral => true,
        }
    }
}

//! A Pod as the node runs it: compact state, from which status is rendered when somebody reads it.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, Pod};

use crate::cause::Cause;
use crate::event::Recorder;
use crate::image::ImageRef;
use crate::look_up::CachedLookUp;
use crate::message::kubelet;
use crate::object::Key;
use crate::pull_policy::PullPolicy;
use crate::random::Stream;
use crate::time::SimTime;

/// A Pod from its creation until it is gone.
#[derive(Debug, Clone)]
pub struct PodRun {
    /// Namespace and name.
    pub key: Key,
    /// Its uid.
    pub uid: Arc<str>,
    /// The uid of the ReplicaSet that owns it.
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
    /// Init containers first, then the others.
    pub containers: Vec<ContainerRun>,
    /// When its deletion was asked for.
    pub deleting: Option<SimTime>,
    /// Its events.
    pub recorder: Recorder,
    /// Attempts to get an image that reached a decision other than being held back.
    pub attempts: u32,
    /// `STATUS` as last published.
    pub status: Arc<str>,
    /// Jitter of this Pod's syncs and pulls.
    pub(crate) stream: Stream,
    /// How many syncs it had, up to two: the first one starts the sandbox, the second is the quick one (P38).
    pub(crate) syncs: u8,
    /// The queue's ticket that is valid for it; older ones are stale.
    pub(crate) ticket: u64,
    /// The pull that is under way.
    pub(crate) pulling: Option<Pulling>,
    /// Syncs that were skipped because they change nothing that can be seen.
    pub(crate) held: Option<Held>,
    /// The event about missing pull secrets, if the last sync recorded one.
    pub(crate) missing_event: Option<usize>,
    /// Whether it began or ceased to run since its owner last looked.
    pub(crate) ready_changed: bool,
    /// The last look-up of credentials, which counts until something that it read changes.
    pub(crate) look_up: Option<CachedLookUp>,
    /// What its last good pull logged in with.
    pub pulled_with: Option<PulledWith>,
}

/// A container.
#[derive(Debug, Clone)]
pub struct ContainerRun {
    /// Its name.
    pub name: Arc<str>,
    /// `spec.containers{app}`.
    pub field_path: Arc<str>,
    /// Whether it is an init container.
    pub init: bool,
    /// The image as written.
    pub image: Arc<str>,
    /// The image as understood.
    pub reference: Result<Arc<ImageRef>, Arc<str>>,
    /// Its pull policy as stored.
    pub policy: PullPolicy,
    /// What it is doing.
    pub state: State,
    /// What was last published of it: the status lags one sync behind (cluster-recording, P12 and P38).
    pub shown: State,
    /// The words of its held-back events, made once.
    pub(crate) held_words: Option<(Arc<str>, Arc<str>)>,
    /// Where those events are.
    pub(crate) held_events: Option<(usize, usize)>,
}

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing was tried yet.
    Fresh,
    /// It waits, with a reason.
    Waiting(Waiting),
    /// It runs since then.
    Running(SimTime),
    /// An init container that ended well.
    Completed,
}

/// What a good pull logged in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PulledWith {
    /// An entry of a pull secret.
    Secret,
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
    /// When that attempt was made.
    pub tried: SimTime,
}

/// A pull that is under way.
#[derive(Debug, Clone)]
pub(crate) struct Pulling {
    pub(crate) container: usize,
    pub(crate) queued: SimTime,
    pub(crate) began: SimTime,
    pub(crate) result: PullResult,
}

/// What a pull will have come to when it ends.
#[derive(Debug, Clone)]
pub(crate) enum PullResult {
    Pulled { bytes: u64, parts: Arc<[String]>, offer: Option<Box<crate::keyring::Offer>> },
    Failed { error: Arc<str>, cause: Cause },
}

/// Where the skipped syncs begin.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) since: SimTime,
    pub(crate) stream: Stream,
    /// The first sync that is not skipped.
    pub(crate) until: SimTime,
    /// Events that every skipped sync repeats.
    pub(crate) repeats: Vec<usize>,
}

impl PodRun {
    /// The Pod that was just stored.
    pub(crate) fn new(pod: &Pod, list_from_account: bool, now: SimTime, seed: u64) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let uid: Arc<str> = pod.metadata.uid.as_deref().unwrap_or_default().into();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let inits = spec.init_containers.iter().flatten().map(|one| ContainerRun::new(one, true));
        let containers =
            inits.chain(spec.containers.iter().map(|one| ContainerRun::new(one, false))).collect();
        let secrets = spec.image_pull_secrets.iter().flatten().map(|secret| secret.name.as_str());
        let owners = pod.metadata.owner_references.iter().flatten();
        let mut run = Self {
            key: Key::new(
                crate::object::Kind::Pod,
                &text(&pod.metadata.namespace),
                &text(&pod.metadata.name),
            ),
            owner: owners.map(|owner| owner.uid.as_str().into()).next(),
            created: now,
            node: spec.node_name.as_deref().map(Into::into),
            service_account: text(&spec.service_account_name).into(),
            pull_secrets: secrets.filter(|name| !name.is_empty()).map(Into::into).collect(),
            list_from_account,
            containers,
            deleting: None,
            recorder: Recorder::default(),
            attempts: 0,
            status: "".into(),
            stream: Stream::new(seed, &uid, "sync"),
            syncs: 0,
            ticket: 0,
            pulling: None,
            held: None,
            missing_event: None,
            ready_changed: false,
            look_up: None,
            pulled_with: None,
            uid,
        };
        run.status = run.rendered_status();
        run
    }

    /// Whether every container is as it should be, and that was published.
    pub fn is_running(&self) -> bool {
        self.deleting.is_none()
            && self.containers.iter().all(|container| match container.shown {
                State::Running(_) => !container.init,
                State::Completed => container.init,
                State::Fresh | State::Waiting(_) => false,
            })
    }

    /// Whether it runs, or has tried since then and that is published.
    pub(crate) fn is_settled(&self, since: SimTime) -> bool {
        if self.node.is_none() {
            return true;
        }
        let Some((container, waiting)) = self.waiting() else { return self.is_running() };
        waiting.tried >= since
            && container.shown == container.state
            && &*waiting.reason != kubelet::ERR_IMAGE_PULL
    }

    /// The container that keeps the Pod from running, and why: the first that waits.
    pub fn waiting(&self) -> Option<(&ContainerRun, &Waiting)> {
        self.containers.iter().find_map(|container| match &container.state {
            State::Waiting(waiting) => Some((container, waiting)),
            State::Fresh | State::Running(_) | State::Completed => None,
        })
    }

    /// `pod.status.phase`.
    pub fn phase(&self) -> &'static str {
        if self.containers.iter().any(|one| !one.init && matches!(one.shown, State::Running(_))) {
            "Running"
        } else {
            "Pending"
        }
    }

    /// The `STATUS` column of `kubectl get pods`, from what was published
    /// (kubernetes v1.35.6 pkg/printers/internalversion/printers.go printPod).
    pub fn rendered_status(&self) -> Arc<str> {
        if self.deleting.is_some() {
            return "Terminating".into();
        }
        if self.node.is_none() {
            return "Pending".into();
        }
        let inits = self.containers.iter().filter(|container| container.init);
        let total = inits.clone().count();
        for (done, container) in inits.enumerate() {
            match &container.shown {
                State::Completed => {}
                State::Waiting(waiting) => return format!("Init:{}", waiting.reason).into(),
                State::Fresh | State::Running(_) => return format!("Init:{done}/{total}").into(),
            }
        }
        let waiting =
            self.containers.iter().filter(|container| !container.init).find_map(|container| {
                match &container.shown {
                    State::Waiting(waiting) => Some(Arc::clone(&waiting.reason)),
                    State::Fresh if total > 0 => Some(kubelet::POD_INITIALIZING.into()),
                    State::Fresh => Some(kubelet::CONTAINER_CREATING.into()),
                    State::Running(_) | State::Completed => None,
                }
            });
        waiting.unwrap_or_else(|| "Running".into())
    }
}

impl ContainerRun {
    fn new(container: &Container, init: bool) -> Self {
        let image = container.image.as_deref().unwrap_or_default();
        let list = if init { "initContainers" } else { "containers" };
        Self {
            name: container.name.as_str().into(),
            field_path: format!("spec.{list}{{{}}}", container.name).into(),
            init,
            image: image.into(),
            reference: ImageRef::parse(image)
                .map(Arc::new)
                .map_err(|error| error.about(image).into()),
            policy: PullPolicy::from_name(
                container.image_pull_policy.as_deref().unwrap_or_default(),
            )
            .unwrap_or(PullPolicy::IfNotPresent),
            state: State::Fresh,
            shown: State::Fresh,
            held_words: None,
            held_events: None,
        }
    }

    /// Whether nothing more is to be done for it.
    pub(crate) const fn is_up(&self) -> bool {
        matches!(self.state, State::Running(_) | State::Completed)
    }
}

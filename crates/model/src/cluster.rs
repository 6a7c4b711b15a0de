//! The whole state, and the one `step` that moves it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use crate::cloud::{Roles, SecretsManager};
use crate::controller::{Failures, meant_for};
use crate::event::{EventOf, Reason, Recorder};
use crate::image::ImageRef;
use crate::kubelet::{self, Turn};
use crate::log::{Entry, Fact};
use crate::look_up::ParsedSecrets;
use crate::message::controller as words;
use crate::node::Node;
use crate::object::{Key, Kind, Object};
use crate::ordered;
use crate::pod::{FailedPull, PodRun};
use crate::pod_status::PodWatch;
use crate::pods::{PodId, Pods};
use crate::pull::{Outside, Served};
use crate::random::Stream;
use crate::registry;
use crate::store::Store;
use crate::time::{self, SimTime, Span};
use crate::token::{Mint, Token};
use crate::trace::AttemptTrace;
use crate::world::{NodeSpec, World};

pub use crate::controller::Progress;

/// How many things may happen at one simulated instant before the run is taken for a runaway.
const MAX_STEPS_PER_INSTANT: u32 = 200_000;

/// Everything there is: API objects, nodes, Pods as they run, tokens, roles, and what is still to happen.
///
/// Cloning is cheap: the large parts are shared until one side changes them.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The API objects.
    pub store: Store,
    pub(crate) world: Arc<World>,
    pub(crate) now: SimTime,
    pub(crate) mint: Mint,
    pub(crate) roles: Roles,
    pub(crate) secrets_manager: SecretsManager,
    // Manifests that registries with a limit have given out.
    pub(crate) served: Served,
    pub(crate) nodes: BTreeMap<Arc<str>, Arc<Node>>,
    pub(crate) pods: Pods,
    // Events about objects that are not Pods, and about Pods that are gone; by the object and its uid.
    pub(crate) recorders: BTreeMap<(Key, Arc<str>), Arc<Recorder>>,
    pub(crate) pod_watch: PodWatch,
    pub(crate) log: Vec<Entry>,
    pub(crate) secrets: ParsedSecrets,
    // The words of the last pull that failed.
    pub(crate) failed_pull: Option<Arc<FailedPull>>,
    // Counts changes of what look-ups of credentials read: Secrets and roles.
    pub(crate) generation: u64,
    // Refused creations in a row, by the object that they were for.
    pub(crate) refusals: BTreeMap<Key, u32>,
    // Failed Pods in a row, by Job.
    pub(crate) failures: BTreeMap<Key, Failures>,
    // When controllers look next, by object.
    pub(crate) work: BTreeMap<Key, SimTime>,
    // When controllers look next because time has passed, by object.
    pub(crate) deadlines: BTreeMap<Key, SimTime>,
    pub(crate) fast: bool,
    pub(crate) wanted: Option<Wanted>,
    pub(crate) found: Option<Box<AttemptTrace>>,
    // How many nodes ever joined.
    joined: u32,
    queue: BTreeMap<(SimTime, u64), Task>,
    // What kubelets are going to do for their Pods.
    pub(crate) turns: BinaryHeap<Reverse<Turn>>,
    // How far the Pods of the node that is running ahead may go.
    pub(crate) ahead: Option<SimTime>,
    // When it is worth while again to look whether Pods can run ahead.
    pub(crate) looks_ahead: SimTime,
    tickets: u64,
    steps_at: (SimTime, u32),
}

/// The attempt whose reasons somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) uid: Arc<str>,
    pub(crate) attempt: u32,
}

/// Something that is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// The controller of a kind looks at an object.
    Controller(Key),
    /// The controller of a kind looks at an object because time has passed: something may have run out, or begun.
    Deadline(Key),
    /// The scheduler looks for a node.
    Schedule(PodId),
    /// A deleted Pod is gone.
    PodGone(PodId),
    /// The kubelet of a node collects images.
    ImageGc(Arc<str>),
    /// ACK's controller makes what AWS has equal to its object.
    Ack(Key),
    /// An agent on the nodes copies a ConfigMap into containerd's directory of hosts.
    Hosts(Key),
    /// A job writes the next version of a secret of Secrets Manager.
    SecretWriter(Arc<str>),
    /// The garbage collector, or the namespace controller, looks at an object.
    Collect(Key),
    /// The serviceaccount controller looks at a namespace.
    DefaultAccount(Arc<str>),
    /// A node of the world joins.
    NodeJoins(usize),
    /// A node of the world is lost.
    NodeLeaves(usize),
}

impl Cluster {
    /// An empty cluster in a world, at the world's first moment.
    pub fn new(world: &Arc<World>) -> Self {
        let mut cluster = Self {
            store: Store::default(),
            now: world.from,
            mint: Mint::new(world),
            roles: Roles::new(world),
            secrets_manager: SecretsManager::default(),
            served: Served::default(),
            nodes: BTreeMap::new(),
            pods: Pods::default(),
            recorders: BTreeMap::new(),
            pod_watch: None,
            joined: 0,
            log: Vec::new(),
            secrets: ParsedSecrets::default(),
            failed_pull: None,
            generation: 0,
            refusals: BTreeMap::new(),
            failures: BTreeMap::new(),
            work: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            fast: true,
            wanted: None,
            found: None,
            queue: BTreeMap::new(),
            turns: BinaryHeap::new(),
            ahead: None,
            looks_ahead: world.from,
            tickets: 0,
            steps_at: (world.from, 0),
            world: Arc::clone(world),
        };
        for namespace in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            cluster.create_namespace(namespace);
        }
        cluster.begin_secrets_manager();
        for (index, node) in world.nodes.iter().enumerate() {
            if node.joins <= world.from {
                cluster.join_node(node.clone());
            } else {
                cluster.schedule(node.joins, Task::NodeJoins(index));
            }
            if let Some(leaves) = node.leaves {
                cluster.schedule(leaves, Task::NodeLeaves(index));
            }
        }
        cluster
    }

    /// Turns fast-forwarding of held-back syncs off, for comparison.
    #[must_use]
    pub fn without_fast_forward(mut self) -> Self {
        self.fast = false;
        self
    }

    /// The present moment.
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// The world it stands in.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// The tokens there are.
    pub const fn mint(&self) -> &Mint {
        &self.mint
    }

    /// The IAM roles as they are.
    pub const fn roles(&self) -> &Roles {
        &self.roles
    }

    /// AWS Secrets Manager as it is.
    pub const fn secrets_manager(&self) -> &SecretsManager {
        &self.secrets_manager
    }

    /// The nodes that are part of the cluster, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().map(AsRef::as_ref)
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.get(name).map(AsRef::as_ref)
    }

    /// Pods that are not gone, by namespace and name.
    pub fn pods(&self) -> Vec<&PodRun> {
        let mut pods: Vec<&PodRun> = self.pods.values().map(AsRef::as_ref).collect();
        ordered::sort_by(&mut pods, |one, other| one.key.cmp(&other.key));
        pods
    }

    /// The Pod of that namespace and name.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&PodRun> {
        self.pods.get(self.pods.id_named(namespace, name)?).map(AsRef::as_ref)
    }

    /// The Pod of that uid.
    pub fn pod_of_uid(&self, uid: &str) -> Option<&PodRun> {
        self.pods.get(self.pods.id_of(uid)?).map(AsRef::as_ref)
    }

    /// The Pods of a node.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &PodRun> {
        self.pods.on_node(node).map(AsRef::as_ref)
    }

    /// The Pods whose ReplicaSet belongs to that Deployment.
    pub fn pods_of(&self, namespace: &str, deployment: &str) -> Vec<&PodRun> {
        let key = Key::new(Kind::Deployment, namespace, deployment);
        let sets = self.replica_set_uids(&key);
        let owned = sets.iter().flat_map(|uid| self.pods.owned_by(uid));
        let mut pods: Vec<&PodRun> = owned.map(AsRef::as_ref).collect();
        ordered::sort_by(&mut pods, |one, other| one.key.cmp(&other.key));
        pods
    }

    /// The uid of a Deployment's newest ReplicaSet.
    pub fn newest_replica_set(&self, namespace: &str, deployment: &str) -> Option<String> {
        let key = Key::new(Kind::Deployment, namespace, deployment);
        self.replica_set_uids(&key).pop()
    }

    /// Every Event object that was ever written, oldest first; those that are gone from the API included.
    pub fn events(&self) -> Vec<EventOf> {
        let of_pods = self.pods.values().flat_map(|pod| {
            let mut recorder = pod.recorder.clone();
            if let Some((repeated, count)) = kubelet::slept_through(pod, self.now) {
                for index in repeated {
                    recorder.count_unwritten(index, count, self.now);
                }
            }
            recorder.of(&pod.key, &pod.uid)
        });
        let of_others =
            self.recorders.iter().flat_map(|((key, uid), recorder)| recorder.of(key, uid));
        let mut events: Vec<EventOf> = of_pods.chain(of_others).collect();
        ordered::sort_by(&mut events, |one, other| {
            (one.event.last, &one.object).cmp(&(other.event.last, &other.object))
        });
        events
    }

    /// Takes what happened since the last call.
    pub fn take_log(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.log)
    }

    /// The wall clock at a moment.
    pub fn wall_clock(&self, at: SimTime) -> String {
        time::rfc3339(self.world.epoch_seconds, at)
    }

    /// `aws ecr get-login-password`: a new token for a registry, with the rights of a role.
    pub fn mint_token(&mut self, registry: &str, role: &str) -> Arc<Token> {
        self.mint.mint(registry, role, self.now)
    }

    /// Whoever keeps the registries takes every token back that was ever written down.
    pub fn rotate_tokens(&mut self) {
        self.mint.revoke_written(self.now);
    }

    /// A node joins now.
    pub fn join_node(&mut self, spec: NodeSpec) {
        let name: Arc<str> = spec.name.as_str().into();
        self.joined += 1;
        let mut node = Node::new(spec, self.world.kubernetes, self.joined);
        for image in node.spec.images.clone() {
            let Ok(image) = ImageRef::parse(&image) else { continue };
            let (world, mint, roles) = (&self.world, &self.mint, &self.roles);
            let outside = Outside { world, mint, roles, served: &mut self.served };
            let parts = registry::parts_of(&outside, &image, &node.spec.platform);
            node.preload(self.world.seed, &image, parts, self.now);
        }
        self.nodes.insert(Arc::clone(&name), Arc::new(node));
        self.read_hosts(&name, None);
        self.note(Key::new(Kind::Node, "", &name), Fact::NodeJoined);
        self.begin_image_gc(&name);
        self.daemon_sets_look();
        let waiting: Vec<(PodId, bool)> = self
            .pods
            .values()
            .filter(|pod| pod.node.as_ref().is_none_or(|node| *node == name))
            .filter_map(|pod| Some((self.pods.id_of(&pod.uid)?, pod.node.is_some())))
            .collect();
        for (id, bound) in waiting {
            if bound {
                self.publish(id);
                self.first_sync(id);
            } else {
                self.soon(100, Task::Schedule(id));
            }
        }
    }

    // Time.

    /// Lets everything happen up to and including a moment. Going back is done with an earlier clone.
    pub fn run_until(&mut self, end: SimTime) {
        // Ends: time goes on with every step, or `step` stops it.
        loop {
            self.run_ahead(end);
            if !self.step(end) {
                break;
            }
        }
        self.now = self.now.max(end);
    }

    /// Lets the next thing happen, if it happens until `end`. Answers whether there was one.
    pub fn step(&mut self, end: SimTime) -> bool {
        let Some(at) = self.next_step().filter(|at| *at <= end) else { return false };
        self.now = self.now.max(at);
        self.count_step();
        // Of what happens in one millisecond, kubelets come last, and the Pods in the order of their creation: it must not
        // depend on which syncs were skipped before.
        match self.next_task() {
            Some(due) if due == at => {
                let (_, task) = self.queue.pop_first().expect("it was just seen");
                self.perform(task);
            }
            _ => {
                let Reverse(turn) = self.turns.pop().expect("it was just seen");
                self.take_turn(turn);
            }
        }
        true
    }

    /// When the next thing happens.
    pub fn next_step(&self) -> Option<SimTime> {
        let turn = self.turns.peek().map(|Reverse(turn)| turn.at);
        self.next_task().into_iter().chain(turn).min()
    }

    /// When something happens next that no kubelet does.
    pub(crate) fn next_task(&self) -> Option<SimTime> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    fn count_step(&mut self) {
        if self.steps_at.0 == self.now {
            self.steps_at.1 += 1;
            assert!(
                self.steps_at.1 < MAX_STEPS_PER_INSTANT,
                "more than {MAX_STEPS_PER_INSTANT} things happen at {}",
                self.now
            );
        } else {
            self.steps_at = (self.now, 0);
        }
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Controller(key) => self.run_controller(&key),
            Task::Deadline(key) => self.check_deadline(&key),
            Task::Schedule(id) => self.schedule_pod(id),
            Task::PodGone(id) => self.pod_gone(id),
            Task::ImageGc(node) => self.collect_images(&node),
            Task::Ack(key) => self.sync_ack(&key),
            Task::Hosts(key) => self.copy_hosts(&key),
            Task::SecretWriter(name) => self.write_cloud_secret(&name),
            Task::Collect(key) => self.collect(&key),
            Task::DefaultAccount(namespace) => self.create_default_account(&namespace),
            Task::NodeJoins(index) => {
                let spec = self.world.nodes[index].clone();
                self.join_node(spec);
            }
            Task::NodeLeaves(index) => {
                let name = self.world.nodes[index].name.clone();
                self.lose_node(&name);
            }
        }
    }

    /// Whether nothing is going to change any more but by back-off, when the last change was made at `since`: every Pod
    /// runs, or has tried again since then and says so; no controller has anything to do but to retry.
    pub fn is_settled(&self, since: SimTime) -> bool {
        let idle = self.queue.iter().all(|((due, _), task)| match task {
            Task::ImageGc(_)
            | Task::NodeJoins(_)
            | Task::NodeLeaves(_)
            | Task::Deadline(_)
            | Task::SecretWriter(_) => true,
            Task::Controller(key) => self.work.get(key) != Some(due) || self.is_patient(key),
            Task::Schedule(_)
            | Task::PodGone(_)
            | Task::Ack(_)
            | Task::Hosts(_)
            | Task::Collect(_)
            | Task::DefaultAccount(_) => false,
        });
        idle && self
            .pods
            .values()
            .all(|pod| pod.deleting.is_none() && pod.is_settled(since, self.now))
    }

    // Inside.

    /// Puts a task on the queue.
    pub(crate) fn schedule(&mut self, at: SimTime, task: Task) {
        debug_assert!(self.ahead.is_none(), "who runs ahead keeps to itself: {task:?}");
        let ticket = self.next_ticket();
        self.queue.insert((at.max(self.now), ticket), task);
    }

    pub(crate) const fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    pub(crate) fn soon(&mut self, millis: i64, task: Task) {
        self.schedule(self.now + Span::millis(millis), task);
    }

    pub(crate) fn note(&mut self, about: impl Into<Arc<Key>>, fact: Fact) {
        self.log.push(Entry { at: self.now, about: about.into(), fact });
    }

    /// Records an event of a controller about an object that is not a Pod.
    pub(crate) fn record(&mut self, about: &Key, reason: Reason, message: String) {
        let message: Arc<str> = message.into();
        let uid = self.store.get(about).map(|object| object.uid().into()).unwrap_or_default();
        let recorder = self.recorders.entry((about.clone(), uid)).or_default();
        let recorder = Arc::make_mut(recorder);
        let (index, written) = recorder.record(self.now, None, reason, &message);
        if written {
            let count = recorder.event(index).count;
            self.note(about.clone(), Fact::Event { reason, message, count });
        }
    }

    /// Whether some node's credential providers get tokens of ServiceAccounts (P54).
    pub(crate) fn gives_tokens(&self) -> bool {
        let tokens = |spec: &crate::world::ProviderSpec| spec.token_attributes.is_some();
        self.nodes.values().any(|node| node.spec.providers.iter().any(tokens))
    }

    /// The scheduler: of the nodes whose kubelet runs and whose labels the Pod wants, the one with the fewest Pods; of these one that is drawn, where the
    /// world says so, or the first by name.
    fn schedule_pod(&mut self, id: PodId) {
        let Some(pod) =
            self.pods.get(id).filter(|pod| pod.node.is_none() && pod.deleting.is_none())
        else {
            return;
        };
        let key = pod.key.clone();
        let uid = Arc::clone(&pod.uid);
        // kube-scheduler draws among the nodes of the best score (selectHost in pkg/scheduler/schedule_one.go).
        let tie = |name: &str| match self.world.drawn_placement {
            true => Stream::new(self.world.seed, name, &uid).between(0, u32::MAX - 1),
            false => 0,
        };
        let wanted = match self.store.get(&key).map(AsRef::as_ref) {
            Some(Object::Pod(pod)) => pod.spec.as_ref().and_then(|spec| spec.node_selector.clone()),
            _ => None,
        };
        let ready = self.nodes.iter().filter(|(_, node)| node.spec.refused_configuration.is_none());
        let ready: Vec<_> = ready.collect();
        // A Pod of a DaemonSet says by its affinity which node it is for.
        let only = self.store.get(&key).and_then(|pod| meant_for(pod).map(str::to_owned));
        let fits = ready.iter().filter(|(name, node)| {
            only.as_deref().is_none_or(|only| only == &***name)
                && wanted
                    .iter()
                    .flatten()
                    .all(|(key, value)| node.label(key) == Some(value.as_str()))
        });
        let names = fits.map(|(name, _)| *name);
        let best = names.min_by_key(|name| (self.pods.count_on(name), tie(name))).cloned();
        let Some(node) = best else {
            if only.is_some() {
                return;
            }
            let message = match ready.len() {
                0 => words::NO_NODES.to_owned(),
                count => words::no_node_matches(count as u32),
            };
            self.record_on_pod(id, None, Reason::FailedScheduling, &message.into());
            return;
        };
        let message = words::scheduled(&key.namespace, &key.name, &node).into();
        self.record_on_pod(id, None, Reason::Scheduled, &message);
        if let Some(Object::Pod(pod)) = self.store.get(&key).map(AsRef::as_ref) {
            let mut pod = pod.clone();
            pod.spec.get_or_insert_default().node_name = Some(node.to_string());
            self.store.put(Object::Pod(pod));
        }
        let now = self.now;
        self.pods.bind(id, &node);
        let run = self.pods.get_mut(id).expect("it was just found");
        run.scheduled = Some(now);
        run.recorder.host = Some(node);
        let run = self.pods.get(id).cloned().expect("it was just found");
        self.push_change(&run, "MODIFIED");
        self.publish(id);
        self.first_sync(id);
    }

    fn lose_node(&mut self, name: &str) {
        if self.nodes.remove(name).is_none() {
            return;
        }
        self.note(Key::new(Kind::Node, "", name), Fact::NodeLost);
        for id in self.pods.ids_on(name) {
            self.begin_deletion(id);
        }
        self.daemon_sets_look();
    }
}

//! The whole state, and the one `step` that moves it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::admission;
use crate::api::ApiError;
use crate::apply::{self, LAST_APPLIED};
use crate::cloud::Roles;
use crate::event::{EventOf, Reason, Recorder};
use crate::image::ImageRef;
use crate::log::{Entry, Fact};
use crate::look_up::ParsedSecrets;
use crate::message::controller as words;
use crate::node::Node;
use crate::object::{Key, Kind, Object};
use crate::pod::PodRun;
use crate::pull::{Outside, Served};
use crate::random::Stream;
use crate::registry;
use crate::store::Store;
use crate::time::{self, SimTime, Span};
use crate::token::{Mint, Token};
use crate::trace::AttemptTrace;
use crate::validation;
use crate::world::{NodeSpec, World};

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
    // Manifests that registries with a limit have given out.
    pub(crate) served: Served,
    pub(crate) nodes: BTreeMap<Arc<str>, Arc<Node>>,
    pub(crate) pods: BTreeMap<Arc<str>, Arc<PodRun>>,
    pub(crate) recorders: BTreeMap<Key, Arc<Recorder>>,
    pub(crate) log: Vec<Entry>,
    pub(crate) secrets: ParsedSecrets,
    // Counts changes of what look-ups of credentials read: Secrets and roles.
    pub(crate) generation: u64,
    // Refused creations in a row, by ReplicaSet.
    pub(crate) refusals: BTreeMap<Key, u32>,
    // When controllers look next, by object.
    pub(crate) work: BTreeMap<Key, SimTime>,
    // When progress deadlines are checked next, by Deployment.
    pub(crate) deadlines: BTreeMap<Key, SimTime>,
    // The uids of Pods by the uid of their owner.
    pub(crate) owned: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    pub(crate) fast: bool,
    pub(crate) wanted: Option<Wanted>,
    pub(crate) found: Option<Box<AttemptTrace>>,
    queue: BTreeMap<(SimTime, u64), Task>,
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
    /// A Deployment's progress deadline may have run out.
    ProgressDeadline(Key),
    /// The scheduler looks for a node.
    Schedule(Arc<str>),
    /// The kubelet syncs a Pod, or its pull ends.
    Sync(Arc<str>),
    /// A deleted Pod is gone.
    PodGone(Arc<str>),
    /// ACK's controller makes an IAM role equal to its object.
    Role(Key),
    /// A node of the world joins.
    NodeJoins(usize),
    /// A node of the world is lost.
    NodeLeaves(usize),
}

/// What `kubectl apply` did with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Which object.
    pub key: Key,
    /// What was done.
    pub verb: AppliedVerb,
}

/// The last word of a line that `kubectl apply` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppliedVerb {
    /// It was not there.
    Created,
    /// It differs from before.
    Configured,
    /// It does not.
    Unchanged,
}

/// `deployment.apps/payment-api configured`
impl std::fmt::Display for Applied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verb = match self.verb {
            AppliedVerb::Created => "created",
            AppliedVerb::Configured => "configured",
            AppliedVerb::Unchanged => "unchanged",
        };
        write!(f, "{} {verb}", self.key)
    }
}

impl Cluster {
    /// An empty cluster in a world, at the world's first moment.
    pub fn new(world: &Arc<World>) -> Self {
        let mut cluster = Self {
            store: Store::default(),
            now: world.from,
            mint: Mint::new(world),
            roles: Roles::new(world),
            served: Served::default(),
            nodes: BTreeMap::new(),
            pods: BTreeMap::new(),
            recorders: BTreeMap::new(),
            log: Vec::new(),
            secrets: ParsedSecrets::default(),
            generation: 0,
            refusals: BTreeMap::new(),
            work: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            owned: BTreeMap::new(),
            fast: true,
            wanted: None,
            found: None,
            queue: BTreeMap::new(),
            tickets: 0,
            steps_at: (world.from, 0),
            world: Arc::clone(world),
        };
        for namespace in ["default", "kube-system"] {
            let value = serde_json::json!({ "metadata": { "name": namespace } });
            let object = Object::decode(Kind::Namespace, &value).expect("a name is enough");
            cluster.create(object).expect("the first namespaces are fine");
        }
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
        pods.sort_by(|one, other| one.key.cmp(&other.key));
        pods
    }

    /// The Pod of that namespace and name.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&PodRun> {
        self.pods
            .values()
            .map(AsRef::as_ref)
            .find(|pod| &*pod.key.namespace == namespace && &*pod.key.name == name)
    }

    /// The Pods whose ReplicaSet belongs to that Deployment.
    pub fn pods_of(&self, namespace: &str, deployment: &str) -> Vec<&PodRun> {
        let key = Key::new(Kind::Deployment, namespace, deployment);
        let sets = self.replica_set_uids(&key);
        let owned = sets.iter().flat_map(|uid| self.pods_owned_by(uid));
        let mut pods: Vec<&PodRun> = owned.map(AsRef::as_ref).collect();
        pods.sort_by(|one, other| one.key.cmp(&other.key));
        pods
    }

    /// The uid of a Deployment's newest ReplicaSet.
    pub fn newest_replica_set(&self, namespace: &str, deployment: &str) -> Option<String> {
        let key = Key::new(Kind::Deployment, namespace, deployment);
        self.replica_set_uids(&key).pop()
    }

    /// Every Event object that was ever written, oldest first.
    pub fn events(&self) -> Vec<EventOf> {
        let of_pods = self.pods.values().map(|pod| (&pod.key, &pod.recorder));
        let of_others = self.recorders.iter().map(|(key, recorder)| (key, recorder.as_ref()));
        let mut events: Vec<EventOf> = of_pods
            .chain(of_others)
            .flat_map(|(key, recorder)| {
                recorder
                    .written()
                    .map(|event| EventOf { object: key.clone(), event: event.clone() })
            })
            .collect();
        events.sort_by(|one, other| {
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

    // Requests.

    /// `kubectl apply` of one manifest. Nothing is stored when it is refused.
    pub fn apply(&mut self, manifest: &Value) -> Result<Applied, ApiError> {
        let text =
            |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind_name) = (text("/apiVersion"), text("/kind"));
        let kind = Kind::of(api_version, kind_name).ok_or_else(|| {
            ApiError::not_found(format!(
                "no matches for kind \"{kind_name}\" in version \"{api_version}\""
            ))
        })?;
        if manifest.get("metadata").is_some_and(|meta| !meta.is_object() && !meta.is_null()) {
            return Err(ApiError::bad_request("metadata is not an object"));
        }
        let mut manifest = manifest.clone();
        if !kind.namespaced()
            && let Some(Value::Object(metadata)) = manifest.get_mut("metadata")
        {
            metadata.remove("namespace");
        }
        if kind.namespaced() && text_at(&manifest, "/metadata/namespace").is_empty() {
            manifest["metadata"]["namespace"] = "default".into();
        }
        let namespace = text_at(&manifest, "/metadata/namespace").to_owned();
        let key = Key::new(
            kind,
            if kind.namespaced() { &namespace } else { "" },
            text_at(&manifest, "/metadata/name"),
        );
        let live = self.store.get(&key).cloned();
        let merged = match &live {
            None => with_last_applied(&manifest, &manifest),
            Some(live) => {
                let live = live.to_value();
                let last = last_applied(&live);
                with_last_applied(&apply::three_way(kind, &live, &last, &manifest), &manifest)
            }
        };
        let mut object = Object::decode(kind, &merged).map_err(|error| {
            ApiError::bad_request(format!(
                "{kind_name} in version \"{}\" cannot be handled as a {kind_name}: {error}",
                kind.api_version().rsplit('/').next().unwrap_or_default()
            ))
        })?;
        let verb = match live {
            None => {
                self.create(object)?;
                AppliedVerb::Created
            }
            Some(live) => {
                admission::default_object(&mut object);
                if object == *live {
                    AppliedVerb::Unchanged
                } else {
                    self.update(&live, object)?;
                    AppliedVerb::Configured
                }
            }
        };
        Ok(Applied { key, verb })
    }

    /// Creates an object: defaults, admission, validation, storage, in this order (P1).
    pub fn create(&mut self, mut object: Object) -> Result<Arc<Object>, ApiError> {
        if !object.kind().namespaced() {
            // apiserver pkg/registry/rest EnsureObjectNamespaceMatchesRequestNamespace clears it.
            object.metadata_mut().namespace = None;
        }
        let namespace = object.namespace().to_owned();
        if object.kind().namespaced() && self.store.find(Kind::Namespace, "", &namespace).is_none()
        {
            return Err(ApiError::object_not_found(Kind::Namespace, &namespace));
        }
        admission::default_object(&mut object);
        let mut list_from_account = false;
        if let Object::Pod(pod) = &mut object {
            let list = |pod: &k8s_openapi::api::core::v1::Pod| {
                pod.spec
                    .as_ref()
                    .and_then(|spec| spec.image_pull_secrets.clone())
                    .unwrap_or_default()
            };
            let before = list(pod);
            admission::admit_pod(&self.store, &namespace, pod)?;
            list_from_account = before.is_empty() && !list(pod).is_empty();
        }
        let mut stream = self.uid_stream(&object);
        let wall_clock = self.wall_clock(self.now);
        let meta = object.metadata_mut();
        meta.uid = Some(stream.uid());
        meta.generation = Some(1);
        if meta.name.is_none() {
            let prefix = meta.generate_name.clone().unwrap_or_default();
            meta.name = Some(format!("{prefix}{}", stream.name_suffix(5)));
        }
        meta.creation_timestamp = serde_json::from_value(wall_clock.into()).ok();
        validation::on_create(&object)?;
        self.before_change(object.kind());
        let object = self.store.put(object);
        self.note(&object.key(), Fact::Created);
        self.after_create(&object, list_from_account);
        Ok(object)
    }

    /// What an object's uid is drawn from, and the end of its name if that is to be generated.
    fn uid_stream(&mut self, object: &Object) -> Stream {
        let meta = object.metadata();
        let prefix = meta.generate_name.as_deref().map(|prefix| format!("{prefix}*"));
        let name = meta.name.clone().or(prefix).unwrap_or_default();
        let named = Key::new(object.kind(), object.namespace(), &name);
        let count = self.store.count_creation(named);
        let which = format!("{}/{}/{name}/{count}", object.kind().name(), object.namespace());
        Stream::new(self.world.seed, &which, "uid")
    }

    /// Replaces an object.
    pub(crate) fn update(&mut self, old: &Object, mut object: Object) -> Result<(), ApiError> {
        object.keep_status_of(old);
        validation::on_update(old, &object)?;
        if spec_of(old) != spec_of(&object) {
            let generation = old.metadata().generation.unwrap_or(1) + 1;
            object.metadata_mut().generation = Some(generation);
        }
        self.before_change(object.kind());
        let object = self.store.put(object);
        let key = object.key();
        self.note(&key, Fact::Changed);
        match object.as_ref() {
            Object::Deployment(_) => self.enqueue(&key, 50),
            Object::ReplicaSet(_) => self.enqueue(&key, 20),
            Object::Role(_) => self.soon(1500, Task::Role(key)),
            Object::Pod(pod) => self.image_edited(pod),
            Object::Namespace(_) | Object::ServiceAccount(_) | Object::Secret(_) => {}
        }
        Ok(())
    }

    /// Takes an object that is no Pod out of the store.
    pub(crate) fn remove(&mut self, key: &Key) {
        self.before_change(key.kind);
        self.store.remove(key);
        self.note(key, Fact::Deleted);
    }

    /// `kubectl delete pod`: the Pod is gone about a second later (cluster-recording: "Deleting a waiting pod").
    pub fn delete_pod(&mut self, namespace: &str, name: &str) -> Result<(), ApiError> {
        let uid = self.pod(namespace, name).map(|pod| Arc::clone(&pod.uid));
        let uid = uid.ok_or_else(|| ApiError::object_not_found(Kind::Pod, name))?;
        self.begin_deletion(&uid);
        Ok(())
    }

    /// `kubectl rollout restart deployment`: an annotation in the template, and thereby a new ReplicaSet.
    pub fn restart_rollout(&mut self, namespace: &str, name: &str) -> Result<(), ApiError> {
        let found = self.store.find(Kind::Deployment, namespace, name).cloned();
        let Some(Object::Deployment(deployment)) = found.as_deref() else {
            return Err(ApiError::object_not_found(Kind::Deployment, name));
        };
        let mut changed = deployment.clone();
        let spec = changed.spec.get_or_insert_default();
        let annotations =
            spec.template.metadata.get_or_insert_default().annotations.get_or_insert_default();
        annotations.insert("kubectl.kubernetes.io/restartedAt".into(), self.wall_clock(self.now));
        self.update(&Object::Deployment(deployment.clone()), Object::Deployment(changed))
    }

    /// `aws ecr get-login-password`: a new token for a registry, with the rights of a role.
    pub fn mint_token(&mut self, registry: &str, role: &str) -> Arc<Token> {
        self.mint.mint(registry, role, self.now)
    }

    /// A node joins now.
    pub fn join_node(&mut self, spec: NodeSpec) {
        let name: Arc<str> = spec.name.as_str().into();
        let mut node = Node::new(spec);
        for image in &node.spec.images {
            let Ok(image) = ImageRef::parse(image) else { continue };
            let (world, mint, roles) = (&self.world, &self.mint, &self.roles);
            let outside = Outside { world, mint, roles, served: &mut self.served };
            if let Some(parts) = registry::parts_of(&outside, &image, &node.spec.platform) {
                node.content.put(image.to_string(), parts.all().into());
            }
        }
        self.nodes.insert(Arc::clone(&name), Arc::new(node));
        self.note(&Key::new(Kind::Node, "", &name), Fact::NodeJoined);
        let waiting: Vec<(Arc<str>, bool)> = self
            .pods
            .values()
            .filter(|pod| pod.node.as_ref().is_none_or(|node| *node == name))
            .map(|pod| (Arc::clone(&pod.uid), pod.node.is_some()))
            .collect();
        for (uid, bound) in waiting {
            if bound {
                self.first_sync(&uid);
            } else {
                self.soon(100, Task::Schedule(uid));
            }
        }
    }

    // Time.

    /// Lets everything happen up to and including a moment. Going back is done with an earlier clone.
    pub fn run_until(&mut self, end: SimTime) {
        while self.step(end) {}
        self.now = self.now.max(end);
        self.catch_up_all();
    }

    /// Lets the next thing happen, if it happens until `end`. Answers whether there was one.
    pub fn step(&mut self, end: SimTime) -> bool {
        let Some(entry) = self.queue.first_entry() else { return false };
        let (at, _) = *entry.key();
        if at > end {
            return false;
        }
        let ((_, ticket), task) = entry.remove_entry();
        self.now = self.now.max(at);
        self.count_step();
        self.perform(ticket, task);
        true
    }

    /// When the next thing happens.
    pub fn next_step(&self) -> Option<SimTime> {
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

    fn perform(&mut self, ticket: u64, task: Task) {
        match task {
            Task::Controller(key) => self.run_controller(&key),
            Task::ProgressDeadline(key) => self.check_deadline(&key),
            Task::Schedule(uid) => self.schedule_pod(&uid),
            Task::Sync(uid) => self.sync_pod(&uid, ticket),
            Task::PodGone(uid) => self.pod_gone(&uid),
            Task::Role(key) => self.sync_role(&key),
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
            Task::Sync(_)
            | Task::NodeJoins(_)
            | Task::NodeLeaves(_)
            | Task::ProgressDeadline(_) => true,
            Task::Controller(key) => {
                self.work.get(key) != Some(due)
                    || self.refusals.get(key).is_some_and(|refusals| *refusals > 10)
            }
            Task::Schedule(_) | Task::PodGone(_) | Task::Role(_) => false,
        });
        idle && self.pods.values().all(|pod| pod.deleting.is_none() && pod.is_settled(since))
    }

    // Inside.

    /// Puts a task on the queue; the ticket tells it from older ones.
    pub(crate) fn schedule(&mut self, at: SimTime, task: Task) -> u64 {
        self.tickets += 1;
        self.queue.insert((at.max(self.now), self.tickets), task);
        self.tickets
    }

    pub(crate) fn soon(&mut self, millis: i64, task: Task) {
        self.schedule(self.now + Span::millis(millis), task);
    }

    pub(crate) fn note(&mut self, about: &Key, fact: Fact) {
        self.log.push(Entry { at: self.now, about: about.clone(), fact });
    }

    /// Records an event of a controller about an object that is not a Pod.
    pub(crate) fn record(&mut self, about: &Key, reason: Reason, message: String) {
        let message: Arc<str> = message.into();
        let recorder = Arc::make_mut(self.recorders.entry(about.clone()).or_default());
        let (index, written) = recorder.record(self.now, None, reason, &message);
        if written {
            let count = recorder.event(index).count;
            self.note(about, Fact::Event { reason, message, count });
        }
    }

    /// Skipped syncs were skipped on the promise that nothing they read changes.
    fn before_change(&mut self, kind: Kind) {
        match kind {
            Kind::Secret => {
                self.release_all();
                self.generation += 1;
            }
            Kind::Namespace
            | Kind::ServiceAccount
            | Kind::Role
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::Pod
            | Kind::Node
            | Kind::Event => {}
        }
    }

    fn after_create(&mut self, object: &Object, list_from_account: bool) {
        let key = object.key();
        match object {
            Object::Namespace(_) => self.create_default_account(&key.name),
            Object::Deployment(_) => self.enqueue(&key, 50),
            Object::ReplicaSet(_) => self.enqueue(&key, 20),
            Object::Role(_) => self.soon(1500, Task::Role(key)),
            Object::Pod(pod) => self.pod_created(pod, list_from_account),
            Object::ServiceAccount(_) | Object::Secret(_) => {}
        }
    }

    /// The serviceaccount controller gives every namespace a `default` account.
    fn create_default_account(&mut self, namespace: &str) {
        let value =
            serde_json::json!({ "metadata": { "name": "default", "namespace": namespace } });
        let account = Object::decode(Kind::ServiceAccount, &value).expect("a name is enough");
        self.create(account).expect("the namespace was just created");
    }

    fn pod_created(&mut self, pod: &k8s_openapi::api::core::v1::Pod, list_from_account: bool) {
        let run = PodRun::new(pod, list_from_account, self.now, self.world.seed);
        let uid = Arc::clone(&run.uid);
        let node = run.node.clone();
        self.note(&run.key, Fact::Status(Arc::clone(&run.status)));
        if let Some(owner) = &run.owner {
            self.owned.entry(Arc::clone(owner)).or_default().insert(Arc::clone(&uid));
        }
        self.pods.insert(Arc::clone(&uid), Arc::new(run));
        self.owner_looks(&uid, 10);
        match node {
            None => self.soon(10, Task::Schedule(uid)),
            Some(node) if self.nodes.contains_key(&node) => self.first_sync(&uid),
            // The node that a Pod names itself need not exist: then nobody looks after the Pod.
            Some(_) => {}
        }
    }

    /// The scheduler: the node with the fewest Pods, then the first by name.
    fn schedule_pod(&mut self, uid: &Arc<str>) {
        let Some(pod) =
            self.pods.get(uid).filter(|pod| pod.node.is_none() && pod.deleting.is_none())
        else {
            return;
        };
        let key = pod.key.clone();
        let load =
            |name: &str| self.pods.values().filter(|pod| pod.node.as_deref() == Some(name)).count();
        let Some(node) = self.nodes.keys().min_by_key(|name| load(name)).cloned() else {
            self.record_on_pod(uid, None, Reason::FailedScheduling, &words::NO_NODES.into());
            return;
        };
        let message = words::scheduled(&key.namespace, &key.name, &node).into();
        self.record_on_pod(uid, None, Reason::Scheduled, &message);
        if let Some(Object::Pod(pod)) = self.store.get(&key).map(AsRef::as_ref) {
            let mut pod = pod.clone();
            pod.spec.get_or_insert_default().node_name = Some(node.to_string());
            self.store.put(Object::Pod(pod));
        }
        let run = Arc::make_mut(self.pods.get_mut(uid).expect("it was just found"));
        run.node = Some(node);
        self.publish(uid);
        self.first_sync(uid);
    }

    fn lose_node(&mut self, name: &str) {
        if self.nodes.remove(name).is_none() {
            return;
        }
        self.note(&Key::new(Kind::Node, "", name), Fact::NodeLost);
        let on_it = |pod: &&Arc<PodRun>| pod.node.as_deref() == Some(name);
        let lost: Vec<Arc<str>> =
            self.pods.values().filter(on_it).map(|pod| Arc::clone(&pod.uid)).collect();
        for uid in lost {
            self.begin_deletion(&uid);
        }
    }

    /// E5: permissions are looked up at each request, so a changed role counts at once for tokens that exist.
    fn sync_role(&mut self, key: &Key) {
        let Some(Object::Role(role)) = self.store.get(key).map(AsRef::as_ref) else { return };
        let (name, policies) = (role.spec.name.clone(), role.spec.policies.clone());
        self.release_all();
        self.generation += 1;
        self.roles.set(&name, policies);
    }
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn with_last_applied(object: &Value, manifest: &Value) -> Value {
    let mut object = object.clone();
    let last = serde_json::to_string(manifest).expect("a JSON value prints") + "\n";
    object["metadata"]["annotations"][LAST_APPLIED] = last.into();
    object
}

fn last_applied(live: &Value) -> Value {
    let annotations = live.pointer("/metadata/annotations");
    let text = annotations.and_then(|all| all.get(LAST_APPLIED)).and_then(Value::as_str);
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

fn spec_of(object: &Object) -> Value {
    object.to_value().get("spec").cloned().unwrap_or(Value::Null)
}

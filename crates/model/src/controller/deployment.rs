//! The deployment controller: one ReplicaSet for each template, and how Pods move from the old ones to the newest.
//! *Sources: kubernetes v1.35.6 pkg/controller/deployment/{deployment_controller,sync,rolling,recreate}.go and
//! util/deployment_util.go; confirmed by recordings of a 1.35.6 cluster.*

use std::ops::Deref;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{owner, template_hash};
use crate::cluster::Cluster;
use crate::event::Reason;
use crate::message::controller as words;
use crate::object::{Deployment, DeploymentSpec, Key, Kind, Object, ReplicaSet, ReplicaSetSpec};
use crate::ordered;

/// Counts the templates that a Deployment had; here it also tells which ReplicaSet is older.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// What a ReplicaSet was scaled for, which tells a changed `spec.replicas` from a changed template.
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations of a Deployment that its ReplicaSets do not take over (annotationsToSkip).
const NOT_COPIED: [&str; 4] = [crate::apply::LAST_APPLIED, REVISION, DESIRED, MAX];
const TEMPLATE_HASH: &str = "pod-template-hash";
/// How many ReplicaSets without Pods are kept for a rollback, unless the Deployment says otherwise.
const HISTORY: i32 = 10;

/// A Deployment with its ReplicaSets, as one look finds them.
pub(super) struct Rollout {
    pub(super) key: Key,
    pub(super) deployment: Stored<Deployment>,
    /// The one of the current template.
    pub(super) new: Option<Stored<ReplicaSet>>,
    /// The others, oldest first.
    pub(super) old: Vec<Stored<ReplicaSet>>,
    /// What the current template gives its ReplicaSet's name.
    hash: String,
    /// The store's version that it was read at.
    version: u64,
}

/// An object of one kind, shared with the store.
#[derive(Clone)]
pub(super) struct Stored<T> {
    object: Arc<Object>,
    // Answers for objects that `of` took in.
    read: fn(&Object) -> Option<&T>,
}

impl<T> Stored<T> {
    fn of(object: &Arc<Object>, read: fn(&Object) -> Option<&T>) -> Option<Self> {
        read(object).is_some().then(|| Self { object: Arc::clone(object), read })
    }
}

impl<T> Deref for Stored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        (self.read)(&self.object).expect("an object does not change its kind")
    }
}

impl Rollout {
    pub(super) fn spec(&self) -> &DeploymentSpec {
        self.deployment.spec.as_ref().expect("a Deployment without a spec has no rollout")
    }

    pub(super) fn replicas(&self) -> i32 {
        self.spec().replicas.unwrap_or(1)
    }

    /// All ReplicaSets, the newest last.
    pub(super) fn all(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new).map(|set| &**set)
    }

    fn wanted(&self) -> i32 {
        self.all().map(wanted).sum()
    }

    fn recreates(&self) -> bool {
        let strategy = self.spec().strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
        strategy == Some("Recreate")
    }

    /// How many Pods there may be beyond `spec.replicas`.
    fn surge(&self) -> i32 {
        if self.recreates() { 0 } else { limits(self.spec()).0 }
    }

    /// How many Pods may be missing.
    pub(super) fn max_unavailable(&self) -> i32 {
        if self.recreates() { 0 } else { limits(self.spec()).1.min(self.replicas()) }
    }

    fn is_paused(&self) -> bool {
        self.spec().paused == Some(true)
    }

    /// Whether `spec.replicas` changed since the ReplicaSets were scaled last (isScalingEvent).
    fn is_scaled(&self) -> bool {
        let active = self.all().filter(|set| wanted(set) > 0);
        let desired = |set: &ReplicaSet| annotation(&set.metadata, DESIRED)?.parse::<i32>().ok();
        active.filter_map(desired).any(|desired| desired != self.replicas())
    }

    /// How many replicas the newest ReplicaSet may have now (NewRSNewReplicas).
    fn room_for_new(&self) -> i32 {
        let current = self.new.as_deref().map_or(0, wanted);
        if self.recreates() {
            return self.replicas();
        }
        let room = self.replicas() + self.surge() - self.wanted();
        if room <= 0 { current } else { current + room.min(self.replicas() - current) }
    }

    fn next_revision(&self) -> u32 {
        self.old.iter().map(|set| revision(&set.metadata)).max().unwrap_or(0) + 1
    }
}

impl Cluster {
    /// One look of the deployment controller at a Deployment (syncDeployment).
    pub(crate) fn sync_deployment(&mut self, key: &Key) {
        let Some(rollout) = self.rollout(key) else { return };
        if self.note_pause(&rollout) {
            return;
        }
        if rollout.is_paused() || rollout.is_scaled() {
            self.scale_as_a_whole(&rollout);
            return self.write_scaled_status(key);
        }
        if rollout.new.is_none() {
            if rollout.recreates() && self.empty_old(&rollout) {
                return self.write_rollout_status(rollout);
            }
            return self.create_new(&rollout);
        }
        if self.take_up_new(&rollout) {
            return;
        }
        let scaled = if rollout.recreates() {
            self.empty_old(&rollout) || self.grow_new(&rollout)
        } else {
            self.grow_new(&rollout) || self.shrink_old(&rollout)
        };
        if !scaled {
            self.forget_old(&rollout);
        }
        self.write_rollout_status(rollout);
    }

    pub(super) fn rollout(&self, key: &Key) -> Option<Rollout> {
        let deployment = Stored::of(self.store.get(key)?, |object| match object {
            Object::Deployment(deployment) => Some(&**deployment),
            _ => None,
        })?;
        let hash = template_hash(self.world.seed, &deployment.spec.as_ref()?.template);
        let name = format!("{}-{hash}", key.name);
        let mut old = self.replica_sets(key);
        let new = old.iter().position(|set| set.metadata.name.as_deref() == Some(&name));
        let new = new.map(|index| old.remove(index));
        let version = self.store.resource_version();
        Some(Rollout { key: key.clone(), deployment, new, old, hash, version })
    }

    /// The same as it is now: read again if anything was written since.
    pub(super) fn rollout_now(&self, rollout: Rollout) -> Option<Rollout> {
        match rollout.version == self.store.resource_version() {
            true => Some(rollout),
            false => self.rollout(&rollout.key),
        }
    }

    /// The ReplicaSets of a Deployment by revision, oldest first.
    fn replica_sets(&self, deployment: &Key) -> Vec<Stored<ReplicaSet>> {
        let Some(owner) = self.store.get(deployment) else { return Vec::new() };
        let owned = self
            .store
            .list_in(Kind::ReplicaSet, &deployment.namespace)
            .filter(|object| object.owner() == Some(owner.uid()));
        let mut sets: Vec<Stored<ReplicaSet>> = owned.filter_map(replica_set).collect();
        ordered::sort_by_key(&mut sets, |set| (revision(&set.metadata), set.metadata.name.clone()));
        sets
    }

    /// The uids of a Deployment's ReplicaSets, oldest first.
    pub(crate) fn replica_set_uids(&self, deployment: &Key) -> Vec<String> {
        let sets = self.replica_sets(deployment).into_iter();
        sets.filter_map(|set| set.metadata.uid.clone()).collect()
    }

    fn create_new(&mut self, rollout: &Rollout) {
        let replicas = rollout.room_for_new();
        let name = format!("{}-{}", rollout.key.name, rollout.hash);
        let set = new_replica_set(rollout, &name, replicas);
        // It is valid as the Deployment is; but their namespace may be gone by now, and then there is nothing to be done.
        if self.create(Object::ReplicaSet(Box::new(set))).is_err() {
            return;
        }
        if replicas > 0 {
            let message = words::scaled(&name, 0, replicas);
            self.record(&rollout.key, Reason::ScalingReplicaSet, message);
        }
        self.write_new_set(rollout, &name, rollout.next_revision(), true);
    }

    /// A Deployment that goes back to an older template takes its ReplicaSet up again, as its newest. Answers whether
    /// something had to be written first.
    fn take_up_new(&mut self, rollout: &Rollout) -> bool {
        let Some(new) = &rollout.new else { return false };
        let number = rollout.next_revision().max(revision(&new.metadata));
        let name = new.metadata.name.clone().unwrap_or_default();
        let mut metadata = new.metadata.clone();
        annotate(&mut metadata, rollout, number);
        if metadata != new.metadata {
            self.update_set(new, Box::new(ReplicaSet { metadata, ..ReplicaSet::clone(new) }));
        }
        self.write_new_set(rollout, &name, number, false)
    }

    fn grow_new(&mut self, rollout: &Rollout) -> bool {
        let Some(new) = &rollout.new else { return false };
        let replicas = if wanted(new) > rollout.replicas() {
            rollout.replicas()
        } else {
            rollout.room_for_new()
        };
        self.scale(rollout, new, replicas)
    }

    /// First those old Pods that are not available, oldest ReplicaSet first, then as many as may be missing
    /// (reconcileOldReplicaSets).
    fn shrink_old(&mut self, rollout: &Rollout) -> bool {
        let Some(new) = &rollout.new else { return false };
        if rollout.old.iter().all(|set| wanted(set) == 0) {
            return false;
        }
        let min_available = rollout.replicas() - rollout.max_unavailable();
        let mut room = rollout.wanted() - min_available - (wanted(new) - available(new));
        if room <= 0 {
            return false;
        }
        let mut left: Vec<i32> = rollout.old.iter().map(|set| wanted(set)).collect();
        for (set, left) in rollout.old.iter().zip(&mut left) {
            let fewer = (*left - available(set)).clamp(0, room);
            (*left, room) = (*left - fewer, room - fewer);
        }
        let mut surplus = (rollout.all().map(available).sum::<i32>() - min_available).max(0);
        for left in &mut left {
            let fewer = (*left).min(surplus);
            (*left, surplus) = (*left - fewer, surplus - fewer);
        }
        let mut scaled = false;
        for (set, left) in rollout.old.iter().zip(left) {
            scaled |= self.scale(rollout, set, left);
        }
        scaled
    }

    /// Recreate: all old Pods go, and are gone, before a new one is made. Answers whether there is still one.
    fn empty_old(&mut self, rollout: &Rollout) -> bool {
        let mut scaled = false;
        for set in &rollout.old {
            scaled |= self.scale(rollout, set, 0);
        }
        let uids = rollout.old.iter().filter_map(|set| set.metadata.uid.as_deref());
        let remain = uids.map(|uid| self.pods.owned_by(uid).count()).sum::<usize>() > 0;
        scaled || remain
    }

    /// A changed `spec.replicas`: the only active ReplicaSet takes it all; several share it in proportion (sync.go scale).
    fn scale_as_a_whole(&mut self, rollout: &Rollout) {
        let active: Vec<&ReplicaSet> = rollout.all().filter(|set| wanted(set) > 0).collect();
        let only = match active.as_slice() {
            [] => rollout.all().last(),
            [one] => Some(*one),
            _ => None,
        };
        if let Some(set) = only {
            self.scale(rollout, set, rollout.replicas());
            return;
        }
        if let Some(new) = &rollout.new
            && available(new) == rollout.replicas()
            && wanted(new) == rollout.replicas()
        {
            for set in &rollout.old {
                self.scale(rollout, set, 0);
            }
            return;
        }
        if rollout.recreates() {
            return;
        }
        for (set, replicas) in shares(rollout, &active) {
            self.scale(rollout, set, replicas);
        }
    }

    fn scale(&mut self, rollout: &Rollout, set: &ReplicaSet, replicas: i32) -> bool {
        let before = wanted(set);
        let mut metadata = set.metadata.clone();
        note_sizes(&mut metadata, rollout);
        if before == replicas && metadata == set.metadata {
            return false;
        }
        let mut changed = Box::new(ReplicaSet { metadata, ..set.clone() });
        changed.spec.get_or_insert_default().replicas = Some(replicas);
        self.update_set(set, changed);
        if before != replicas {
            let name = set.metadata.name.as_deref().unwrap_or_default();
            let message = words::scaled(name, before, replicas);
            self.record(&rollout.key, Reason::ScalingReplicaSet, message);
        }
        before != replicas
    }

    fn update_set(&mut self, before: &ReplicaSet, after: Box<ReplicaSet>) {
        let before = Object::ReplicaSet(Box::new(before.clone()));
        self.update(&before, Object::ReplicaSet(after));
    }

    /// A finished rollout forgets the oldest ReplicaSets without Pods (cleanupDeployment).
    fn forget_old(&mut self, rollout: &Rollout) {
        let keep = rollout.spec().revision_history_limit.unwrap_or(HISTORY).max(0) as usize;
        let empty = |set: &&Stored<ReplicaSet>| {
            wanted(set) == 0 && set.status.as_ref().is_none_or(|status| status.replicas == 0)
        };
        let idle: Vec<Key> = rollout
            .old
            .iter()
            .filter(empty)
            .filter_map(|set| set.metadata.name.as_deref())
            .map(|name| Key::new(Kind::ReplicaSet, &rollout.key.namespace, name))
            .collect();
        if !super::status::is_complete(rollout) {
            return;
        }
        for key in &idle[..idle.len().saturating_sub(keep)] {
            self.remove(key);
        }
    }
}

fn replica_set(object: &Arc<Object>) -> Option<Stored<ReplicaSet>> {
    Stored::of(object, |object| match object {
        Object::ReplicaSet(set) => Some(&**set),
        _ => None,
    })
}

fn new_replica_set(rollout: &Rollout, name: &str, replicas: i32) -> ReplicaSet {
    let hash = rollout.hash.as_str();
    let mut template = rollout.spec().template.clone();
    let labels = &mut template.metadata.get_or_insert_default().labels;
    labels.get_or_insert_default().insert(TEMPLATE_HASH.into(), hash.into());
    let labels = labels.clone();
    let mut selector = rollout.spec().selector.clone();
    selector.match_labels.get_or_insert_default().insert(TEMPLATE_HASH.into(), hash.into());
    let mut metadata = ObjectMeta {
        name: Some(name.into()),
        namespace: Some(rollout.key.namespace.to_string()),
        labels,
        owner_references: Some(vec![owner(Kind::Deployment, &rollout.deployment.metadata)]),
        ..ObjectMeta::default()
    };
    annotate(&mut metadata, rollout, rollout.next_revision());
    note_sizes(&mut metadata, rollout);
    ReplicaSet {
        metadata,
        spec: Some(ReplicaSetSpec {
            min_ready_seconds: rollout.spec().min_ready_seconds,
            replicas: Some(replicas),
            selector,
            template: Some(template),
            ..ReplicaSetSpec::default()
        }),
        ..ReplicaSet::default()
    }
}

/// The Deployment's annotations and the revision (SetNewReplicaSetAnnotations).
fn annotate(metadata: &mut ObjectMeta, rollout: &Rollout, number: u32) {
    let annotations = metadata.annotations.get_or_insert_default();
    let taken_over = rollout.deployment.metadata.annotations.iter().flatten();
    for (key, value) in taken_over.filter(|(key, _)| !NOT_COPIED.contains(&key.as_str())) {
        annotations.insert(key.clone(), value.clone());
    }
    annotations.insert(REVISION.into(), number.to_string());
}

fn note_sizes(metadata: &mut ObjectMeta, rollout: &Rollout) {
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(DESIRED.into(), rollout.replicas().to_string());
    annotations.insert(MAX.into(), (rollout.replicas() + rollout.surge()).to_string());
}

/// Each active ReplicaSet's share of the new size, the largest first; what rounding leaves over goes to the first
/// (sync.go scale and GetReplicaSetProportion).
fn shares<'a>(rollout: &Rollout, active: &[&'a ReplicaSet]) -> Vec<(&'a ReplicaSet, i32)> {
    let allowed = if rollout.replicas() > 0 { rollout.replicas() + rollout.surge() } else { 0 };
    let total: i32 = active.iter().map(|set| wanted(set)).sum();
    let to_add = allowed - total;
    let mut sets = active.to_vec();
    // Among equals the newer come first when growing, the older when shrinking.
    if to_add > 0 {
        sets.reverse();
    }
    ordered::sort_by(&mut sets, |one, other| wanted(other).cmp(&wanted(one)));
    let mut added = 0;
    let mut shares = Vec::new();
    for set in sets {
        let before = wanted(set);
        let of = annotation(&set.metadata, MAX).and_then(|text| text.parse().ok());
        let of: i64 = of.filter(|of| *of > 0).unwrap_or(i64::from(rollout.replicas().max(1)));
        let exact = i64::from(before) * i64::from(allowed);
        let rounded = (2 * exact + of).div_euclid(2 * of) as i32;
        let left = to_add - added;
        let change = if to_add > 0 {
            (rounded - before).clamp(0, left.max(0))
        } else {
            (rounded - before).clamp(left.min(0), 0)
        };
        added += change;
        shares.push((set, before + change));
    }
    if let Some(first) = shares.first_mut() {
        first.1 = (first.1 + to_add - added).max(0);
    }
    shares
}

pub(super) fn wanted(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0)
}

fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0)
}

pub(super) fn revision(metadata: &ObjectMeta) -> u32 {
    annotation(metadata, REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn annotation<'a>(metadata: &'a ObjectMeta, key: &str) -> Option<&'a str> {
    metadata.annotations.as_ref()?.get(key).map(String::as_str)
}

/// Writes the revision into a Deployment's annotations.
pub(super) fn set_revision(metadata: &mut ObjectMeta, number: u32) {
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(REVISION.into(), number.to_string());
}

/// Whether it is of that revision.
pub(super) fn has_revision(metadata: &ObjectMeta, number: u32) -> bool {
    annotation(metadata, REVISION) == Some(number.to_string().as_str())
}

/// `maxSurge` rounds up, `maxUnavailable` rounds down, and not both may be zero; 25 % each by default.
fn limits(spec: &DeploymentSpec) -> (i32, i32) {
    let replicas = spec.replicas.unwrap_or(1);
    let rolling = spec.strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
    let of = |written: Option<&IntOrString>, up: bool| match written {
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(text)) => {
            share(text.trim_end_matches('%').parse().unwrap_or(25), replicas, up)
        }
        None => share(25, replicas, up),
    };
    let surge = of(rolling.and_then(|rolling| rolling.max_surge.as_ref()), true);
    let unavailable = of(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), false);
    (surge, if surge == 0 && unavailable == 0 { 1 } else { unavailable })
}

fn share(percent: i32, replicas: i32, up: bool) -> i32 {
    let product = i64::from(percent) * i64::from(replicas);
    let share = if up { (product + 99) / 100 } else { product / 100 };
    share.clamp(0, i64::from(i32::MAX)) as i32
}

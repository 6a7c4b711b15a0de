//! The statefulset controller: Pods with names of their own, one after the other.
//! *Sources: kubernetes v1.35.6 pkg/controller/statefulset/{stateful_set_control,stateful_set_utils,stateful_pod_control}.go.*

use serde_json::{Map, Value, json};

use super::member::{Member, Named};
use super::plain::{list, number, set_count, text};
use super::revision::{REVISION, Revision};
use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::defaults;
use crate::event::Reason;
use crate::message::controller as words;
use crate::object::{Key, Kind, Object, Plain};
use crate::ordered;
use crate::time::Span;

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";
/// How many templates without Pods are kept for a rollback, unless the StatefulSet says otherwise.
const HISTORY: i64 = 10;

/// A StatefulSet with its Pods, as one look finds them.
struct Look<'a> {
    key: &'a Key,
    set: &'a Plain,
    spec: &'a Value,
    /// By ordinal; what is not there is to be made.
    replicas: Vec<(i64, Option<Member>)>,
    /// Beyond the ordinals that are wanted, the highest first.
    condemned: Vec<Member>,
    current: Revision,
    update: Revision,
}

/// Whether a look goes on to the next Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    Stop,
}

impl Look<'_> {
    /// Whether one Pod waits for the other.
    fn is_ordered(&self) -> bool {
        text(self.spec, "podManagementPolicy") != "Parallel"
    }

    fn min_ready(&self) -> Span {
        Span::seconds(number(self.spec, "minReadySeconds").unwrap_or(0))
    }

    fn rolls(&self) -> bool {
        text(&self.spec["updateStrategy"], "type") == "RollingUpdate"
    }

    fn partition(&self) -> i64 {
        number(&self.spec["updateStrategy"]["rollingUpdate"], "partition").unwrap_or(0)
    }

    fn members(&self) -> impl Iterator<Item = &Member> {
        let replicas = self.replicas.iter().filter_map(|(_, member)| member.as_ref());
        replicas.chain(&self.condemned)
    }

    /// The template of a new Pod: below the partition it is the current one (newVersionedStatefulSetPod).
    fn revision_of(&self, ordinal: i64, current_replicas: i64) -> &Revision {
        let strategy = &self.spec["updateStrategy"]["rollingUpdate"];
        let start = start(self.spec);
        let is_current = if strategy.is_object() {
            ordinal < start + self.partition()
        } else {
            self.rolls() && ordinal < start + current_replicas
        };
        if is_current { &self.current } else { &self.update }
    }
}

fn start(spec: &Value) -> i64 {
    number(&spec["ordinals"], "start").unwrap_or(0)
}

impl Cluster {
    /// One look of the statefulset controller at a StatefulSet (UpdateStatefulSet).
    pub(crate) fn sync_stateful_set(&mut self, key: &Key) {
        let Some(object) = self.store.get(key).cloned() else { return };
        let Object::Plain(set) = object.as_ref() else { return };
        let status = set.status();
        let known = self.revisions(set.uid());
        let named = status.get("currentRevision").and_then(Value::as_str).unwrap_or_default();
        let (current, update) = self.current_and_update(&object, set, &known, named);
        let look = self.look_at_set(key, set, (current, update));
        let before = status.get("currentReplicas").and_then(Value::as_i64).unwrap_or(0);
        let mut counts = self.counted(&look);
        if !set.is_deleted() {
            let done = self.replicas(&look, before).map(|then| match then {
                Then::GoOn => self.condemned(&look),
                Then::Stop => Then::Stop,
            });
            if done == Ok(Then::GoOn) && self.roll(&look) {
                counts.current -= 1;
            }
            if done.is_ok() {
                self.refusals.remove(key);
            } else {
                self.try_again(key);
            }
        }
        self.write_set_status(&look, counts, status);
        self.forget_revisions(&look, &known);
    }

    fn look_at_set<'a>(
        &self,
        key: &'a Key,
        set: &'a Plain,
        (current, update): (Revision, Revision),
    ) -> Look<'a> {
        let spec = set.spec();
        let start = start(spec);
        let end = start + number(spec, "replicas").unwrap_or(1).max(0);
        let mut replicas: Vec<(i64, Option<Member>)> =
            (start..end).map(|ordinal| (ordinal, None)).collect();
        let mut condemned = Vec::new();
        for member in self.members(set.uid()) {
            match ordinal(&key.name, member.name()) {
                Some(ordinal) if (start..end).contains(&ordinal) => {
                    replicas[(ordinal - start) as usize].1 = Some(member);
                }
                Some(ordinal) => condemned.push((ordinal, member)),
                None => {}
            }
        }
        ordered::sort_by_key(&mut condemned, |(ordinal, _)| std::cmp::Reverse(*ordinal));
        let condemned = condemned.into_iter().map(|(_, member)| member).collect();
        Look { key, set, spec, replicas, condemned, current, update }
    }

    /// Each Pod that should be there: made if it is not, and in order none before the one before it is well
    /// (processReplica).
    fn replicas(&mut self, look: &Look<'_>, current_replicas: i64) -> Result<Then, ApiError> {
        let ordered = look.is_ordered();
        for (ordinal, member) in &look.replicas {
            let Some(member) = member else {
                self.create_ordinal(look, *ordinal, look.revision_of(*ordinal, current_replicas))?;
                if ordered {
                    return Ok(Then::Stop);
                }
                continue;
            };
            if member.run.is_finished() {
                // What takes its place is made when it is gone.
                if !member.is_deleted() {
                    self.delete_ordinal(look, member);
                }
                return Ok(Then::Stop);
            }
            let well = !member.is_deleted() && member.is_available(look.min_ready(), self.now);
            if ordered && !well {
                return Ok(Then::Stop);
            }
        }
        Ok(Then::GoOn)
    }

    /// Pods that are too many go from the highest ordinal on, and in order only while all others are well
    /// (processCondemned).
    fn condemned(&mut self, look: &Look<'_>) -> Then {
        let ill = |member: &&Member| {
            member.is_deleted() || !member.is_available(look.min_ready(), self.now)
        };
        // In order, all replicas are well by now.
        let first_ill = look.condemned.iter().rev().find(ill).map(|member| member.run.uid.clone());
        for member in &look.condemned {
            if member.is_deleted() {
                if look.is_ordered() {
                    return Then::Stop;
                }
                continue;
            }
            let waits = !member.is_available(look.min_ready(), self.now)
                && first_ill.as_ref() != Some(&member.run.uid);
            if look.is_ordered() && waits {
                return Then::Stop;
            }
            self.delete_ordinal(look, member);
            if look.is_ordered() {
                return Then::Stop;
            }
        }
        Then::GoOn
    }

    /// One Pod of an older template at a time, the highest ordinal first, down to the partition. Answers whether one was
    /// deleted.
    fn roll(&mut self, look: &Look<'_>) -> bool {
        if text(&look.spec["updateStrategy"], "type") == "OnDelete" {
            return false;
        }
        let from = look.partition().max(0) as usize;
        for (_, member) in look.replicas.iter().skip(from).rev() {
            let Some(member) = member else { return false };
            if member.label(REVISION) != look.update.name && !member.is_deleted() {
                self.delete_ordinal(look, member);
                return true;
            }
            if member.is_deleted() || !member.is_available(look.min_ready(), self.now) {
                return false;
            }
        }
        false
    }

    fn create_ordinal(
        &mut self,
        look: &Look<'_>,
        ordinal: i64,
        revision: &Revision,
    ) -> Result<(), ApiError> {
        let set = look.set.name();
        let name = format!("{set}-{ordinal}");
        let mut template = revision.template();
        let labels = &mut template["metadata"]["labels"];
        labels[POD_NAME] = name.as_str().into();
        labels[POD_INDEX] = ordinal.to_string().into();
        labels[REVISION] = revision.name.as_str().into();
        template["spec"]["hostname"] = name.as_str().into();
        let service = text(look.spec, "serviceName");
        if !service.is_empty() {
            template["spec"]["subdomain"] = service.into();
        }
        let claims = self.claims(look, ordinal, &name);
        if !claims.is_empty() {
            let written = list(&template["spec"], "volumes").iter();
            let others = written.filter(|one| claims.iter().all(|own| own["name"] != one["name"]));
            let volumes = claims.iter().chain(others).cloned().collect();
            template["spec"]["volumes"] = Value::Array(volumes);
        }
        let created = self.create_member(look.set, Named::Exactly(name.clone()), &template);
        match created {
            Ok(_) => {
                let message = words::created_in_set(&name, set);
                self.record(look.key, Reason::SuccessfulCreate, message);
                Ok(())
            }
            Err(error) => {
                // Another Pod of that name is nobody's news (CreateStatefulPod).
                if !error.is_already_exists() {
                    let message = words::create_in_set_failed(&name, set, &error.message);
                    self.record(look.key, Reason::FailedCreate, message);
                }
                Err(error)
            }
        }
    }

    fn delete_ordinal(&mut self, look: &Look<'_>, member: &Member) {
        self.delete_member(member);
        let message = words::deleted_in_set(member.name(), look.set.name());
        self.record(look.key, Reason::SuccessfulDelete, message);
    }

    /// The claims of a Pod, made if they are not there, as its volumes. What provides the storage is not modelled: they
    /// are bound at once.
    fn claims(&mut self, look: &Look<'_>, ordinal: i64, pod: &str) -> Vec<Value> {
        let kind = Kind::of("v1", "PersistentVolumeClaim").expect("the kind is known");
        let set = look.set.name();
        let mut volumes = Vec::new();
        for template in list(look.spec, "volumeClaimTemplates") {
            let volume = text(&template["metadata"], "name");
            let name = format!("{volume}-{set}-{ordinal}");
            volumes.push(json!({ "name": volume, "persistentVolumeClaim": { "claimName": name } }));
            if self.store.find(kind, &look.key.namespace, &name).is_some() {
                continue;
            }
            let mut claim = template.clone();
            let metadata = &mut claim["metadata"];
            metadata["name"] = name.as_str().into();
            metadata["namespace"] = (&*look.key.namespace).into();
            let selected = look.spec["selector"]["matchLabels"].as_object();
            for (label, value) in selected.into_iter().flatten() {
                metadata["labels"][label] = value.clone();
            }
            let (modes, requests) =
                (claim["spec"]["accessModes"].clone(), &claim["spec"]["resources"]["requests"]);
            claim["status"] =
                json!({ "phase": "Bound", "accessModes": modes, "capacity": requests });
            defaults::fill_in(kind, &mut claim);
            if self.create(Object::decode(kind, &claim)).is_ok() {
                let message = words::claim_created(&name, pod, set);
                self.record(look.key, Reason::SuccessfulCreate, message);
            }
        }
        volumes
    }

    fn counted(&self, look: &Look<'_>) -> Counts {
        let mut counts = Counts::default();
        for member in look.members() {
            counts.all += 1;
            counts.ready += i64::from(member.run.is_ready());
            counts.available += i64::from(member.is_available(look.min_ready(), self.now));
            if !member.is_deleted() {
                let revision = member.label(REVISION);
                counts.current += i64::from(revision == look.current.name);
                counts.updated += i64::from(revision == look.update.name);
            }
        }
        counts
    }

    fn write_set_status(
        &mut self,
        look: &Look<'_>,
        mut counts: Counts,
        mut status: Map<String, Value>,
    ) {
        let wanted = number(look.spec, "replicas").unwrap_or(1);
        let mut current = look.current.name.as_str();
        // completeRollingUpdate
        if look.rolls()
            && [counts.updated, counts.ready, counts.all].iter().all(|one| *one == wanted)
        {
            counts.current = counts.updated;
            current = &look.update.name;
        }
        let generation = look.set.metadata.generation.unwrap_or(1);
        for (field, value) in [
            ("observedGeneration", Value::from(generation)),
            ("replicas", counts.all.into()),
            ("availableReplicas", counts.available.into()),
            ("currentRevision", current.into()),
            ("updateRevision", look.update.name.as_str().into()),
            ("collisionCount", 0.into()),
        ] {
            status.insert(field.into(), value);
        }
        set_count(&mut status, "readyReplicas", counts.ready);
        set_count(&mut status, "currentReplicas", counts.current);
        set_count(&mut status, "updatedReplicas", counts.updated);
        if self.write_status(look.key, status) {
            self.enqueue(look.key, super::NOTICE_MILLIS);
        }
        if counts.ready != counts.available {
            let min_ready = look.min_ready();
            let due = look.members().filter_map(|member| member.run.ready_since());
            let due = due.map(|since| since + min_ready).filter(|due| *due > self.now).min();
            if let Some(due) = due {
                self.wake_at(look.key, due);
            }
        }
    }

    /// Templates that no Pod has and that are not the current or the newest one, beyond the limit (truncateHistory).
    fn forget_revisions(&mut self, look: &Look<'_>, known: &[Revision]) {
        let keep = number(look.spec, "revisionHistoryLimit").unwrap_or(HISTORY);
        let lives = |name: &str| {
            name == look.current.name
                || name == look.update.name
                || look.members().any(|member| member.label(REVISION) == name)
        };
        let idle: Vec<&Revision> = known.iter().filter(|one| !lives(&one.name)).collect();
        let surplus = idle.len().saturating_sub(keep.max(0) as usize);
        for revision in &idle[..surplus] {
            self.remove_revision(revision);
        }
    }
}

/// How many Pods there are.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    all: i64,
    ready: i64,
    available: i64,
    current: i64,
    updated: i64,
}

/// The ordinal in a Pod's name.
fn ordinal(set: &str, pod: &str) -> Option<i64> {
    let digits = pod.strip_prefix(set)?.strip_prefix('-')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<i32>().ok().filter(|_| plain).map(i64::from)
}

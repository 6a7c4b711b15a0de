//! The daemonset controller: one Pod on each node.
//! *Sources: kubernetes v1.35.6 pkg/controller/daemon/{daemon_controller,update}.go and util/daemonset_util.go.*

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::member::Member;
use super::plain::{list, number, number_or_share, set_count, text};
use super::revision::{self, REVISION, Revision};
use crate::cluster::Cluster;
use crate::object::{Key, Kind, Object, Plain};
use crate::ordered;
use crate::random::Stream;
use crate::time::Span;

/// Counts the templates that a DaemonSet had; the API server keeps it (pkg/apis/apps/v1/conversion.go).
pub(crate) const GENERATION: &str = "deprecated.daemonset.template.generation";
pub(super) const POD_GENERATION: &str = "pod-template-generation";
/// How many templates without Pods are kept for a rollback, unless the DaemonSet says otherwise.
const HISTORY: i64 = 10;

/// What the Pods of every DaemonSet tolerate (AddOrUpdateDaemonPodTolerations).
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// A DaemonSet with its Pods, as one look finds them.
struct Look<'a> {
    key: &'a Key,
    set: &'a Plain,
    spec: &'a Value,
    /// The hash of the newest template.
    hash: String,
    /// The nodes that should have a Pod.
    wanted: BTreeSet<String>,
    /// The Pods by node, the oldest first.
    pods: BTreeMap<String, Vec<Member>>,
}

impl Look<'_> {
    fn min_ready(&self) -> Span {
        Span::seconds(number(self.spec, "minReadySeconds").unwrap_or(0))
    }

    fn rolling(&self) -> Option<&Value> {
        let strategy = &self.spec["updateStrategy"];
        (text(strategy, "type") == "RollingUpdate").then(|| &strategy["rollingUpdate"])
    }

    fn limit(&self, name: &str, of: i64) -> i64 {
        self.rolling().map_or(0, |rolling| number_or_share(&rolling[name], of))
    }

    fn surges(&self) -> bool {
        self.limit("maxSurge", 1) > 0
    }

    fn generation(&self) -> &str {
        let annotations = self.set.metadata.annotations.as_ref();
        annotations.and_then(|map| map.get(GENERATION)).map_or("", String::as_str)
    }

    fn is_updated(&self, member: &Member) -> bool {
        let generation = self.generation();
        member.label(REVISION) == self.hash
            || !generation.is_empty() && member.label(POD_GENERATION) == generation
    }

    /// The Pod of the newest template and the one of an older one; nothing if there are more than that
    /// (findUpdatedPodsOnNode).
    fn pair<'a>(&self, pods: &'a [Member]) -> Option<(Option<&'a Member>, Option<&'a Member>)> {
        let alive = pods.iter().filter(|member| !member.is_deleted());
        let (new, old): (Vec<&Member>, Vec<&Member>) =
            alive.partition(|member| self.is_updated(member));
        (new.len() <= 1 && old.len() <= 1).then(|| (new.first().copied(), old.first().copied()))
    }
}

/// What is to be done about Pods.
#[derive(Default)]
struct Changes<'a> {
    create: Vec<&'a str>,
    delete: Vec<&'a Member>,
}

impl Cluster {
    /// A node joined or was lost.
    pub(crate) fn daemon_sets_look(&mut self) {
        let keys: Vec<Key> = self.store.list(Kind::DaemonSet).map(|set| set.key()).collect();
        for key in keys {
            self.enqueue(&key, super::NOTICE_MILLIS);
        }
    }

    /// One look of the daemonset controller at a DaemonSet (syncDaemonSet).
    pub(crate) fn sync_daemon_set(&mut self, key: &Key) {
        let Some(object) = self.store.get(key).cloned() else { return };
        let Object::Plain(set) = object.as_ref() else { return };
        if set.is_deleted() {
            return;
        }
        let (current, old) = self.daemon_revisions(&object, set);
        let hash = current.label(REVISION).to_owned();
        let look = Look {
            key,
            set,
            spec: set.spec(),
            hash,
            wanted: self.wanted_nodes(set.spec()),
            pods: self.pods_by_node(set.uid()),
        };
        let changes = self.manage_daemons(&look);
        let quiet = changes.create.is_empty() && changes.delete.is_empty();
        let mut done = self.make_daemons(&look, &changes);
        if done && quiet {
            let changes = self.roll_daemons(&look);
            done = self.make_daemons(&look, &changes);
        }
        if done {
            self.refusals.remove(key);
            self.forget_daemon_revisions(&look, &old);
        } else {
            self.try_again(key);
        }
        // The status tells of the Pods that this look began with.
        self.write_daemon_status(&look);
    }

    /// The nodes that take a Pod of that template. Of what a node is known by, only its name, its system and its
    /// architecture are modelled.
    fn wanted_nodes(&self, spec: &Value) -> BTreeSet<String> {
        let pod = &spec["template"]["spec"];
        let runs = |name: &str, node: &crate::node::Node| {
            let named = text(pod, "nodeName");
            let selected = pod["nodeSelector"].as_object().into_iter().flatten();
            node.spec.refused_configuration.is_none()
                && (named.is_empty() || named == name)
                && selected
                    .into_iter()
                    .all(|(key, value)| node.label(key).is_some_and(|label| *value == label))
        };
        let nodes = self.nodes.iter().filter(|(name, node)| runs(name, node));
        ordered::set(nodes.map(|(name, _)| name.to_string()))
    }

    /// Pods by the node that they run on or are meant for (getNodesToDaemonPods).
    fn pods_by_node(&self, uid: &str) -> BTreeMap<String, Vec<Member>> {
        let mut pods: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for member in self.members(uid) {
            if member.run.is_finished() && member.is_deleted() {
                continue;
            }
            let node = member.run.node.as_deref().map(str::to_owned);
            if let Some(node) = node.or_else(|| meant_for(&member.pod).map(str::to_owned)) {
                pods.entry(node).or_default().push(member);
            }
        }
        pods
    }

    /// A Pod for each node that needs one, and none elsewhere (podsShouldBeOnNode). A Pod of a DaemonSet is always started
    /// again, so that none is ever over while nobody deletes it.
    fn manage_daemons<'a>(&self, look: &'a Look<'_>) -> Changes<'a> {
        let mut changes = Changes::default();
        let missing = look.wanted.iter().filter(|node| !look.pods.contains_key(*node));
        changes.create.extend(missing.map(String::as_str));
        for (node, pods) in &look.pods {
            let alive: Vec<&Member> = pods.iter().filter(|member| !member.is_deleted()).collect();
            if !self.nodes.contains_key(node.as_str()) {
                // Those that run there went with it; those that were meant for it never come there.
                let unbound = alive.into_iter().filter(|member| member.run.node.is_none());
                changes.delete.extend(unbound);
            } else if !look.wanted.contains(node) {
                changes.delete.extend(alive);
            } else if !look.surges() {
                changes.delete.extend(alive.into_iter().skip(1));
            } else if alive.is_empty() {
                changes.create.push(node);
            } else if alive.len() > 1 {
                changes.delete.extend(self.surplus_of_surge(look, alive));
            }
        }
        changes
    }

    /// With a surge there may be one old and one new Pod, while the old one is ready and the new one is not available.
    fn surplus_of_surge<'a>(&self, look: &Look<'_>, alive: Vec<&'a Member>) -> Vec<&'a Member> {
        let (mut new, mut old) = (None, None);
        let mut surplus = Vec::new();
        for member in alive {
            let place = if member.label(REVISION) == look.hash { &mut new } else { &mut old };
            match place {
                None => *place = Some(member),
                Some(_) => surplus.push(member),
            }
        }
        if let (Some(new), Some(old)) = (new, old)
            && (!old.run.is_ready() || new.is_available(look.min_ready(), self.now))
        {
            surplus.push(old);
        }
        surplus
    }

    /// Old Pods make way for new ones, as many at a time as may be missing or too many (rollingUpdate).
    fn roll_daemons<'a>(&self, look: &'a Look<'_>) -> Changes<'a> {
        let mut changes = Changes::default();
        if look.rolling().is_none() {
            return changes;
        }
        let desired = look.wanted.len() as i64;
        let surge = look.limit("maxSurge", desired);
        let mut unavailable = look.limit("maxUnavailable", desired);
        if unavailable == 0 && surge == 0 {
            unavailable = 1;
        }
        let available = |member: &Member| member.is_available(look.min_ready(), self.now);
        let nodes: BTreeSet<&String> = ordered::set(look.wanted.iter().chain(look.pods.keys()));
        let (mut busy, mut candidates) = (0, Vec::new());
        for node in nodes {
            let pods = look.pods.get(node).map_or(&[][..], Vec::as_slice);
            match (look.pair(pods), surge) {
                (None, _) => busy += 1,
                (Some((new, Some(old))), 1..) => match new {
                    Some(new) if available(new) => changes.delete.push(old),
                    Some(_) => busy += 1,
                    None if !available(old) => changes.create.push(node),
                    None => candidates.push((node, old)),
                },
                (Some((_, None)), 1..) => {}
                (Some((None, None) | (Some(_), Some(_))), _) => busy += 1,
                (Some((Some(new), None)), _) => busy += i64::from(!available(new)),
                (Some((None, Some(old))), _) => {
                    if available(old) {
                        candidates.push((node, old));
                    } else {
                        changes.delete.push(old);
                        busy += 1;
                    }
                }
            }
        }
        let room = (if surge > 0 { surge } else { unavailable } - busy).max(0) as usize;
        for (node, old) in candidates.into_iter().take(room) {
            if surge > 0 {
                changes.create.push(node);
            } else {
                changes.delete.push(old);
            }
        }
        changes
    }

    /// Answers whether nothing was refused (syncNodes).
    fn make_daemons(&mut self, look: &Look<'_>, changes: &Changes<'_>) -> bool {
        let mut done = true;
        for node in &changes.create {
            let template = look.pod(node);
            let prefix = format!("{}-", look.set.name());
            if self.create_and_tell(look.set, prefix, &template).is_err() {
                done = false;
                break;
            }
        }
        for member in &changes.delete {
            self.delete_and_tell(look.key, member);
        }
        done
    }

    fn write_daemon_status(&mut self, look: &Look<'_>) {
        let desired = look.wanted.len() as i64;
        let (mut scheduled, mut ready, mut updated, mut available, mut misplaced) = (0, 0, 0, 0, 0);
        for (node, pods) in &look.pods {
            let Some(oldest) = pods.first() else { continue };
            if !look.wanted.contains(node) {
                misplaced += i64::from(self.nodes.contains_key(node.as_str()));
                continue;
            }
            scheduled += 1;
            ready += i64::from(oldest.run.is_ready());
            available += i64::from(oldest.is_available(look.min_ready(), self.now));
            updated += i64::from(look.is_updated(oldest));
        }
        let mut status: Map<String, Value> = look.set.status();
        for (field, count) in [
            ("currentNumberScheduled", scheduled),
            ("numberMisscheduled", misplaced),
            ("desiredNumberScheduled", desired),
            ("numberReady", ready),
            ("observedGeneration", look.set.metadata.generation.unwrap_or(1)),
        ] {
            status.insert(field.into(), count.into());
        }
        set_count(&mut status, "updatedNumberScheduled", updated);
        set_count(&mut status, "numberAvailable", available);
        set_count(&mut status, "numberUnavailable", desired - available);
        if self.write_status(look.key, status) {
            self.enqueue(look.key, super::NOTICE_MILLIS);
        }
        if ready != available {
            let first = look.pods.values().filter_map(|pods| pods.first()?.run.ready_since());
            let due = first.map(|since| since + look.min_ready());
            if let Some(due) = due.filter(|due| *due > self.now).min() {
                self.wake_at(look.key, due);
            }
        }
    }

    /// The newest template, stored if it is not, and the older ones (constructHistory).
    fn daemon_revisions(&mut self, object: &Object, set: &Plain) -> (Revision, Vec<Revision>) {
        let data = revision::patch(object);
        let (mut same, old): (Vec<Revision>, Vec<Revision>) =
            self.revisions(set.uid()).into_iter().partition(|revision| revision.data == data);
        let next = old.last().map_or(0, |newest| newest.number) + 1;
        let current = match same.pop() {
            Some(mut current) => {
                if current.number < next {
                    self.renumber(&mut current, next);
                }
                current
            }
            None => {
                // As for a ReplicaSet, upstream's hash is of Go's own print-out.
                let text = data.to_string();
                let hash = Stream::new(self.world.seed, &text, "pod-template-hash").name_suffix(10);
                self.create_revision(set, &hash, REVISION, (data, next))
            }
        };
        (current, old)
    }

    fn forget_daemon_revisions(&mut self, look: &Look<'_>, old: &[Revision]) {
        let keep = number(look.spec, "revisionHistoryLimit").unwrap_or(HISTORY).max(0) as usize;
        let surplus = old.len().saturating_sub(keep);
        let lives = |revision: &&Revision| {
            let mut members = look.pods.values().flatten();
            members.any(|member| member.label(REVISION) == revision.label(REVISION))
        };
        for revision in old.iter().filter(|one| !lives(one)).take(surplus) {
            self.remove_revision(revision);
        }
    }
}

impl Look<'_> {
    /// What a Pod for that node is made of (CreatePodTemplate, ReplaceDaemonSetPodNodeNameNodeAffinity).
    fn pod(&self, node: &str) -> Value {
        let mut template = self.spec["template"].clone();
        let labels = &mut template["metadata"]["labels"];
        labels[REVISION] = self.hash.as_str().into();
        if !self.generation().is_empty() {
            labels[POD_GENERATION] = self.generation().into();
        }
        let spec = &mut template["spec"];
        let mut tolerations = list(spec, "tolerations").to_vec();
        let on_host = spec["hostNetwork"] == true;
        let network = ("node.kubernetes.io/network-unavailable", "NoSchedule");
        for (key, effect) in TOLERATED.into_iter().chain(on_host.then_some(network)) {
            let toleration = json!({ "key": key, "operator": "Exists", "effect": effect });
            tolerations.retain(|known| *known != toleration);
            tolerations.push(toleration);
        }
        spec["tolerations"] = tolerations.into();
        let field = json!({ "key": "metadata.name", "operator": "In", "values": [node] });
        let required =
            &mut spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        required["nodeSelectorTerms"] = json!([{ "matchFields": [field] }]);
        template
    }
}

/// The only node that a Pod may run on, if its affinity names one (GetTargetNodeName).
pub(crate) fn meant_for(pod: &Object) -> Option<&str> {
    let Object::Pod(pod) = pod else { return None };
    let affinity = pod.spec.as_ref()?.rest.get("affinity")?;
    let required =
        affinity["nodeAffinity"].get("requiredDuringSchedulingIgnoredDuringExecution")?;
    let terms = required["nodeSelectorTerms"].as_array()?;
    let mut fields = terms.iter().flat_map(|term| list(term, "matchFields"));
    let field =
        fields.find(|field| field["key"] == "metadata.name" && field["operator"] == "In")?;
    match list(field, "values") {
        [node] => node.as_str(),
        _ => None,
    }
}

//! The verdict on an answer: what the simulated cluster does, not what a file says.
//!
//! Goals count from the learner's last change. The grader takes the cluster as it was right after that change and lets
//! a copy of it run on, so a verdict does not depend on how far the learner let the clock run.

use pullpath_model::cluster::Cluster;
use pullpath_model::event::EventOf;
use pullpath_model::object::{Key, Kind, Object};
use pullpath_model::pod::{PodRun, PulledWith as Login};
use pullpath_model::time::SimTime;
use pullpath_model::world::NodeSpec;
use pullpath_view::block::Block;

use crate::scenario::{Check, Condition, Created, Feedback, Goal, PulledWith, Scenario, Workload};

/// The node on which `fresh-pod` goals are tried.
const FRESH_NODE: &str = "fresh-node";

/// The verdict on a whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// One for each goal, in the scenario's order.
    pub goals: Vec<GoalVerdict>,
    /// Points of the goals that are met.
    pub points: u32,
    /// Whether the points are enough.
    pub passed: bool,
}

/// The verdict on one goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoalVerdict {
    /// The goal's id.
    pub id: String,
    /// Whether it holds.
    pub met: bool,
    /// Why not.
    pub miss: Option<Miss>,
    /// The number of the drawn world in which it was missed; `None` if that was the scenario's own.
    pub world: Option<u32>,
}

/// Why a goal was missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The id of the feedback whose conditions held.
    pub feedback: Option<String>,
    /// What is said.
    pub say: Vec<Block>,
    /// The object that shows it: a Pod, or the workload where there is none.
    pub object: Key,
    /// The last warning about it, word for word.
    pub event: Option<String>,
    /// The broken rung.
    pub rung: Option<u8>,
}

/// Judges an answer. `after_change` is the cluster right after the learner's last change.
pub fn judge(scenario: &Scenario, after_change: &Cluster) -> Verdict {
    let changed = after_change.now();
    let outcomes: Vec<Outcome> =
        scenario.goals().iter().map(|goal| Outcome::of(goal, after_change)).collect();
    let met = |id: &str| {
        let index = scenario.goals().iter().position(|goal| goal.id == id);
        index.is_some_and(|index| outcomes[index].met)
    };
    let goals: Vec<GoalVerdict> = scenario
        .goals()
        .iter()
        .zip(&outcomes)
        .map(|(goal, outcome)| GoalVerdict {
            id: goal.id.clone(),
            met: outcome.met,
            miss: (!outcome.met).then(|| outcome.miss(goal, changed, &met)),
            world: None,
        })
        .collect();
    Verdict::of(scenario, goals)
}

/// Whether one goal holds.
pub fn holds(goal: &Goal, after_change: &Cluster) -> bool {
    Outcome::of(goal, after_change).met
}

impl Verdict {
    /// The points of the goals that are met, and whether they are enough.
    pub fn of(scenario: &Scenario, goals: Vec<GoalVerdict>) -> Self {
        let judged = scenario.goals().iter().zip(&goals);
        let points = judged.filter(|(_, verdict)| verdict.met).map(|(goal, _)| goal.points).sum();
        Self { goals, points, passed: points >= scenario.pass() }
    }
}

/// Whether a workload has all its replicas running, of its current template.
pub fn is_running(cluster: &Cluster, workload: &Workload) -> bool {
    let (running, wanted) = running_of(cluster, workload);
    wanted > 0
        && running == wanted
        && cluster.pods_of(&workload.namespace, &workload.name).len() as u32 == wanted
}

/// How many Pods of a workload's current template run, and how many it asks for.
pub fn running_of(cluster: &Cluster, workload: &Workload) -> (u32, u32) {
    let found = cluster.store.find(Kind::Deployment, &workload.namespace, &workload.name);
    let Some(Object::Deployment(deployment)) = found.map(AsRef::as_ref) else { return (0, 0) };
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let newest = cluster.newest_replica_set(&workload.namespace, &workload.name);
    let running = cluster
        .pods_of(&workload.namespace, &workload.name)
        .into_iter()
        .filter(|pod| pod.is_running() && pod.owner.as_deref() == newest.as_deref())
        .count();
    (running as u32, wanted.max(0) as u32)
}

/// What became of one goal.
struct Outcome {
    met: bool,
    cluster: Cluster,
    workload: Workload,
    // The Pod that was made to try the goal.
    probe: Option<Key>,
}

impl Outcome {
    fn of(goal: &Goal, after_change: &Cluster) -> Self {
        let mut cluster = after_change.clone();
        let begins = after_change.now() + goal.at;
        cluster.run_until(begins);
        let workload = goal.check.workload().clone();
        let probe = match &goal.check {
            Check::Running { .. } => None,
            Check::FreshPod { like } => create_probe(&mut cluster, like),
        };
        cluster.run_until(begins + goal.within);
        let met = match &goal.check {
            Check::Running { workload } => is_running(&cluster, workload),
            Check::FreshPod { .. } => probe
                .as_ref()
                .and_then(|key| cluster.pod(&key.namespace, &key.name))
                .is_some_and(PodRun::is_running),
        };
        Self { met, cluster, workload, probe }
    }

    fn miss(&self, goal: &Goal, changed: SimTime, met: &dyn Fn(&str) -> bool) -> Miss {
        let pod = self.failing_pod();
        let holds = |feedback: &&Feedback| {
            feedback.when.iter().all(|condition| self.holds(condition, pod, changed, met))
        };
        let feedback = goal.feedback.iter().find(holds);
        let event = self.last_warning(pod);
        let value = |name: &str| match name {
            "pod" => pod.map_or_else(|| self.workload.to_string(), |pod| pod.key.name.to_string()),
            "serviceAccount" => pod.map_or_else(String::new, |pod| pod.service_account.to_string()),
            _ => event.clone().unwrap_or_default(),
        };
        Miss {
            feedback: feedback.map(|feedback| feedback.id.clone()),
            say: feedback.map(|feedback| feedback.say.fill(&value)).unwrap_or_default(),
            object: pod.map_or_else(
                || Key::new(Kind::Deployment, &self.workload.namespace, &self.workload.name),
                |pod| Key::clone(&pod.key),
            ),
            rung: pod.and_then(PodRun::waiting).map(|(_, waiting)| waiting.cause.rung()),
            event,
        }
    }

    /// The Pod of the workload that does not run: of its current template if there is one, and the newest.
    fn failing_pod(&self) -> Option<&PodRun> {
        if let Some(key) = &self.probe {
            return self.cluster.pod(&key.namespace, &key.name);
        }
        let newest = self.cluster.newest_replica_set(&self.workload.namespace, &self.workload.name);
        let failing = self.pods().into_iter().filter(|pod| !pod.is_running());
        failing.max_by_key(|pod| (pod.owner.as_deref() == newest.as_deref(), pod.created))
    }

    fn pods(&self) -> Vec<&PodRun> {
        self.cluster.pods_of(&self.workload.namespace, &self.workload.name)
    }

    fn last_warning(&self, pod: Option<&PodRun>) -> Option<String> {
        let about = |event: &&EventOf| match pod {
            Some(pod) => event.object == *pod.key,
            None => self.is_of_workload(&event.object),
        };
        let events = self.cluster.events();
        let mut warnings = events.iter().filter(about).filter(|event| {
            event.event.reason.event_type() == pullpath_model::event::EventType::Warning
                && !event.event.message.starts_with("Error: ")
        });
        warnings.next_back().map(|event| event.event.message.to_string())
    }

    /// The workload, its ReplicaSets and their Pods all begin with its name.
    fn is_of_workload(&self, key: &Key) -> bool {
        let name = &self.workload.name;
        *key.namespace == *self.workload.namespace
            && (*key.name == **name
                || key.name.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-')))
            && matches!(key.kind, Kind::Deployment | Kind::ReplicaSet | Kind::Pod)
    }

    fn holds(
        &self,
        condition: &Condition,
        pod: Option<&PodRun>,
        changed: SimTime,
        met: &dyn Fn(&str) -> bool,
    ) -> bool {
        let waiting = pod.and_then(PodRun::waiting).map(|(_, waiting)| waiting);
        match condition {
            Condition::Cause(causes) => {
                waiting.is_some_and(|waiting| causes.contains(&waiting.cause))
            }
            Condition::ServiceAccount(name) => {
                pod.is_some_and(|pod| *pod.service_account == **name)
            }
            Condition::AccountAnnotation(key) => pod
                .is_some_and(|pod| self.account_has(&pod.key.namespace, &pod.service_account, key)),
            Condition::NamesSecret(name) => {
                pod.is_some_and(|pod| pod.pull_secrets.iter().any(|secret| **secret == **name))
            }
            Condition::Created(Created::BeforeChange) => {
                pod.is_some_and(|pod| pod.created < changed)
            }
            Condition::Created(Created::AfterChange) => {
                pod.is_some_and(|pod| pod.created >= changed)
            }
            Condition::Waiting(reasons) => waiting
                .is_some_and(|waiting| reasons.iter().any(|reason| **reason == *waiting.reason)),
            Condition::Event(reason) => self.cluster.events().iter().any(|event| {
                self.is_of_workload(&event.object) && event.event.reason.name() == reason
            }),
            Condition::PulledWith(with) => self.pulled_with() == *with,
            Condition::GoalMet(id) => met(id),
        }
    }

    fn account_has(&self, namespace: &str, name: &str, annotation: &str) -> bool {
        let account = self.cluster.store.find(Kind::ServiceAccount, namespace, name);
        account.is_some_and(|account| {
            account.metadata().annotations.as_ref().is_some_and(|all| all.contains_key(annotation))
        })
    }

    fn pulled_with(&self) -> PulledWith {
        let newest = self
            .pods()
            .into_iter()
            .filter(|pod| pod.pulled_with.is_some())
            .max_by_key(|pod| pod.created);
        match newest.and_then(|pod| pod.pulled_with) {
            Some(Login::Secret) => PulledWith::Secret,
            Some(Login::Node) => PulledWith::Provider,
            Some(Login::Nothing) => PulledWith::Nothing,
            None => PulledWith::NotPulled,
        }
    }
}

/// A Pod made from the workload's template, on a node like the newest one but with an empty image store.
fn create_probe(cluster: &mut Cluster, like: &Workload) -> Option<Key> {
    let found = cluster.store.find(Kind::Deployment, &like.namespace, &like.name)?.clone();
    let Object::Deployment(deployment) = found.as_ref() else { return None };
    let template = deployment.spec.as_ref()?.template.clone();
    let model = cluster.world().nodes.iter().max_by_key(|node| node.joins)?.clone();
    cluster.join_node(NodeSpec {
        name: FRESH_NODE.into(),
        joins: cluster.now(),
        leaves: None,
        images: Vec::new(),
        ..model
    });
    let mut spec = template.spec?;
    spec.node_name = Some(FRESH_NODE.into());
    let mut meta = template.metadata.unwrap_or_default();
    meta.name = None;
    meta.generate_name = Some(format!("{}-fresh-", like.name));
    meta.namespace = Some(like.namespace.clone());
    let pod = k8s_openapi::api::core::v1::Pod { metadata: meta, spec: Some(spec), status: None };
    cluster.create(Object::Pod(Box::new(pod))).ok().map(|object| object.key())
}

//! What became of a goal on a copy of the cluster, and why.

use pullpath_model::cluster::Cluster;
use pullpath_model::event::{EventOf, EventType};
use pullpath_model::object::{Key, Kind};
use pullpath_model::pod::{PodRun, PulledWith as Login};
use pullpath_model::time::{SimTime, Span};

use super::{Deeds, Miss, is_running, objects, trial};
use crate::scenario::{
    Check, Condition, Created, Deed, Feedback, Goal, PulledWith, Trial, Workload,
};

/// What became of one goal.
pub(super) struct Outcome {
    pub(super) met: bool,
    cluster: Cluster,
    workload: Option<Workload>,
    // The Pod that was made to try the goal.
    probe: Option<Key>,
    // What a check that is not about a workload found.
    found: Option<Found>,
}

/// What is against a goal that is not about a workload.
pub(super) enum Found {
    Object(Key),
    Deed(Deed),
    // What was named in its place.
    Rung(u8),
}

/// How long after the last change a goal leaves the cluster to itself.
pub(super) fn looks_on_until(goal: &Goal) -> Span {
    match goal.check {
        // A workload is put through something when it has come to rest: in the middle of a rollout, a scale-out would
        // multiply the template that is on its way out.
        Check::Running { .. } | Check::Pulled { .. } | Check::Survives { .. } => {
            goal.at + goal.within
        }
        Check::FreshPod { .. }
        | Check::SecretUsers { .. }
        | Check::CredentialsOnlyIn { .. }
        | Check::NoPlainText
        | Check::Verified { .. }
        | Check::NotDone { .. }
        | Check::Diagnosed => goal.at,
    }
}

impl Outcome {
    /// `cluster` has run until the goal no longer only looks on.
    pub(super) fn of(goal: &Goal, mut cluster: Cluster, deeds: &Deeds) -> Self {
        let ends = cluster.now() + goal.within;
        let workload = goal.check.workload().cloned();
        let (mut probe, mut found) = (None, None);
        let met = match &goal.check {
            Check::Running { workload } => is_running(&cluster, workload),
            Check::FreshPod { like } => {
                probe = trial::create_probe(&mut cluster, like);
                cluster.run_until(ends);
                runs(&cluster, probe.as_ref())
            }
            Check::Survives { workload, trial: Trial::Rotation } => {
                cluster.rotate_tokens();
                probe = trial::create_probe(&mut cluster, workload);
                cluster.run_until(ends);
                runs(&cluster, probe.as_ref())
            }
            Check::Survives { workload, trial } => {
                trial::put_through(&mut cluster, workload, *trial);
                cluster.run_until(ends);
                is_running(&cluster, workload)
            }
            Check::Pulled { workload, with, secret, from } => {
                let asked = Way { with: *with, secret: secret.as_deref(), from: from.as_deref() };
                asked.was_taken(&cluster, workload)
            }
            Check::SecretUsers { .. }
            | Check::CredentialsOnlyIn { .. }
            | Check::NoPlainText
            | Check::Verified { .. } => {
                found = objects::against(&cluster, &goal.check).map(Found::Object);
                found.is_none()
            }
            Check::NotDone { deeds: forbidden } => {
                found = deeds.first_of(forbidden).cloned().map(Found::Deed);
                found.is_none()
            }
            Check::Diagnosed => {
                let wrong = deeds.diagnosis.filter(|(_, right)| !right);
                found = wrong.map(|(rung, _)| Found::Rung(rung));
                deeds.diagnosis.is_some_and(|(_, right)| right)
            }
        };
        Self { met, cluster, workload, probe, found }
    }

    pub(super) fn miss(&self, goal: &Goal, changed: SimTime, met: &dyn Fn(&str) -> bool) -> Miss {
        let pod = self.failing_pod();
        let holds = |feedback: &&Feedback| {
            feedback.when.iter().all(|condition| self.holds(condition, pod, changed, met))
        };
        let feedback = goal.feedback.iter().find(holds);
        let event = self.last_warning(pod);
        let object = self.object(pod);
        let rung = pod.and_then(PodRun::waiting).map(|(_, waiting)| waiting.cause.rung());
        let workload = || self.workload.as_ref().map(ToString::to_string).unwrap_or_default();
        let value = |name: &str| match name {
            "pod" => pod.map_or_else(workload, |pod| pod.key.name.to_string()),
            "serviceAccount" => pod.map_or_else(String::new, |pod| pod.service_account.to_string()),
            "object" => match (&self.found, &object) {
                (Some(Found::Deed(deed)), _) => deed.name().to_owned(),
                (Some(Found::Rung(rung)), _) => format!("rung {rung}"),
                // As kubectl is told of it: in which namespace it lies is half of what is wrong with it.
                (Some(Found::Object(key)), _) => format!("{key} -n {}", key.namespace),
                (None, Some(object)) => object.to_string(),
                (None, None) => String::new(),
            },
            "rung" => rung.map(|rung| rung.to_string()).unwrap_or_default(),
            _ => event.clone().unwrap_or_default(),
        };
        Miss {
            feedback: feedback.map(|feedback| feedback.id.clone()),
            say: feedback.map(|feedback| feedback.say.fill(&value)).unwrap_or_default(),
            object,
            rung,
            event,
        }
    }

    fn object(&self, pod: Option<&PodRun>) -> Option<Key> {
        match &self.found {
            Some(Found::Object(key)) => return Some(key.clone()),
            Some(Found::Deed(_) | Found::Rung(_)) => return None,
            None => {}
        }
        pod.map(|pod| Key::clone(&pod.key)).or_else(|| self.workload.as_ref().map(Workload::key))
    }

    /// The Pod of the workload that does not run: of its current template if there is one, and the newest.
    fn failing_pod(&self) -> Option<&PodRun> {
        if let Some(key) = &self.probe {
            return self.cluster.pod(&key.namespace, &key.name);
        }
        let progress = self.cluster.progress(&self.workload.as_ref()?.key());
        let is_newest = |pod: &PodRun| progress.newest.iter().any(|newest| newest.uid == pod.uid);
        let failing = progress.pods.iter().copied().filter(|pod| !pod.came_through());
        failing.max_by_key(|pod| (is_newest(pod), pod.created))
    }

    fn pods(&self) -> Vec<&PodRun> {
        let workload = self.workload.as_ref();
        workload.map_or_else(Vec::new, |of| self.cluster.pods_below(&of.key()))
    }

    fn last_warning(&self, pod: Option<&PodRun>) -> Option<String> {
        let about = |event: &&EventOf| match pod {
            Some(pod) => event.object == *pod.key,
            None => self.is_of_workload(&event.object),
        };
        let events = self.cluster.events();
        let mut warnings = events.iter().filter(about).filter(|event| {
            event.event.reason.event_type() == EventType::Warning
                && !event.event.message.starts_with("Error: ")
        });
        warnings.next_back().map(|event| event.event.message.to_string())
    }

    /// The workload, its ReplicaSets or Jobs, and their Pods all begin with its name.
    fn is_of_workload(&self, key: &Key) -> bool {
        let Some(workload) = &self.workload else { return false };
        let name = &workload.name;
        *key.namespace == *workload.namespace
            && (*key.name == **name
                || key.name.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-')))
            && (key.kind.workload().is_some() || key.kind == Kind::Pod)
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
            Condition::Object(word) => match &self.found {
                Some(Found::Deed(deed)) => deed.name() == word,
                Some(Found::Rung(rung)) => word == "rung" || *word == format!("rung-{rung}"),
                Some(Found::Object(key)) => {
                    let whole = objects::word(key);
                    whole == *word || whole.split('/').next() == Some(word)
                }
                None => false,
            },
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
        newest.map_or(PulledWith::NotPulled, pulled_with)
    }
}

fn pulled_with(pod: &PodRun) -> PulledWith {
    match pod.pulled_with {
        Some(Login::Secret(_)) => PulledWith::Secret,
        Some(Login::Node) => PulledWith::Provider,
        Some(Login::Nothing) => PulledWith::Nothing,
        None => PulledWith::NotPulled,
    }
}

fn runs(cluster: &Cluster, pod: Option<&Key>) -> bool {
    let run = pod.and_then(|key| cluster.pod(&key.namespace, &key.name));
    run.is_some_and(PodRun::came_through)
}

/// How images are to have come.
struct Way<'a> {
    with: Option<PulledWith>,
    secret: Option<&'a str>,
    from: Option<&'a str>,
}

impl Way<'_> {
    /// Every Pod of the workload runs. What was pulled came in this way, and something was: an image that lay on the node
    /// already shows nothing.
    fn was_taken(&self, cluster: &Cluster, workload: &Workload) -> bool {
        if !is_running(cluster, workload) {
            return false;
        }
        let pods = cluster.progress(&workload.key()).pods;
        let mut pulled = pods.iter().filter(|pod| pod.pulled_with.is_some()).peekable();
        let asks_for_a_pull = self.with.is_some() || self.secret.is_some();
        if asks_for_a_pull && pulled.peek().is_none() {
            return false;
        }
        pulled.all(|pod| self.logged_in(pod)) && pods.iter().all(|pod| self.came_from(pod))
    }

    fn logged_in(&self, pod: &PodRun) -> bool {
        let named = |name: &str| match &pod.pulled_with {
            Some(Login::Secret(secret)) => **secret == *name,
            Some(Login::Node | Login::Nothing) | None => false,
        };
        self.with.is_none_or(|with| with == pulled_with(pod)) && self.secret.is_none_or(named)
    }

    fn came_from(&self, pod: &PodRun) -> bool {
        let Some(host) = self.from else { return true };
        let is_from = |container: &pullpath_model::pod::ContainerRun| {
            container.reference.as_ref().is_ok_and(|reference| reference.image.host() == host)
        };
        pod.containers.iter().all(is_from)
    }
}

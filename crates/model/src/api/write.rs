//! Writing typed objects: identity, admission, validation, and what each change sets going.

use std::sync::Arc;

use super::ApiError;
use crate::admission::Admission;
use crate::cluster::{Cluster, Task};
use crate::defaults;
use crate::log::Fact;
use crate::object::{Key, Kind, Object, Pod};
use crate::pod::PodRun;
use crate::random::Stream;
use crate::validation;
use crate::world::AdmissionPlugin;

/// How long it takes ACK's controllers to hear of a write and to tell AWS.
const ACK_MILLIS: i64 = 1500;

impl Cluster {
    /// Creates an object that has its defaults: admission, validation, storage, in this order (P1).
    pub fn create(&mut self, mut object: Object) -> Result<Arc<Object>, ApiError> {
        let kind = object.kind();
        if !kind.namespaced() {
            // apiserver pkg/registry/rest EnsureObjectNamespaceMatchesRequestNamespace clears it.
            object.metadata_mut().namespace = None;
        }
        let namespace = object.namespace().to_owned();
        if kind.namespaced() {
            self.check_namespace(&object, &namespace)?;
        }
        let is_named = !object.name().is_empty();
        let mut stream = self.identify(&mut object);
        let mut list_from_account = false;
        if let Object::Pod(pod) = &mut object {
            // The name that a refusal shows is the one that was asked for, not a generated one.
            let name = pod.metadata.name.clone();
            if !is_named {
                pod.metadata.name = None;
            }
            let admitted = self.admission(&namespace).create(pod, &mut stream);
            pod.metadata.name = name;
            list_from_account = admitted?;
        }
        if kind == Kind::Job {
            object = with_selector(&object);
        } else if kind == Kind::DaemonSet {
            object.count_template(None);
        }
        validation::on_create(&object)?;
        if self.store.get(&object.key()).is_some() {
            return Err(ApiError::already_exists(kind, object.name()));
        }
        self.before_change(&object.key());
        let object = self.store.put(object);
        self.note(object.key(), Fact::Created);
        self.after_create(&object, list_from_account);
        Ok(object)
    }

    fn check_namespace(&self, object: &Object, namespace: &str) -> Result<(), ApiError> {
        let Some(found) = self.store.find(Kind::Namespace, "", namespace) else {
            return Err(ApiError::object_not_found(Kind::Namespace, namespace));
        };
        if found.metadata().deletion_timestamp.is_some() {
            let end = super::error::NAMESPACE_TERMINATING;
            let why = format!("unable to create new content in namespace {namespace} {end}");
            return Err(ApiError::forbidden(object.kind(), object.name(), &why));
        }
        Ok(())
    }

    /// Gives a new object its uid, its name if one is to be made, and its times. Answers the stream that they came
    /// from.
    fn identify(&mut self, object: &mut Object) -> Stream {
        let kind = object.kind();
        let meta = object.metadata();
        let prefix = meta.generate_name.clone().unwrap_or_default();
        let asked = meta.name.clone().filter(|name| !name.is_empty());
        let named = asked.clone().unwrap_or_else(|| format!("{prefix}*"));
        let namespace = object.namespace().to_owned();
        let count = self.store.count_creation(Key::new(kind, &namespace, &named));
        let which = format!("{}/{namespace}/{named}/{count}", kind.name());
        let mut stream = Stream::new(self.world.seed, &which, "uid");
        let created = self.time_now();
        let meta = object.metadata_mut();
        meta.uid = Some(stream.uid());
        meta.generation = kind.has_generation().then_some(1);
        meta.name = asked
            .or_else(|| (!prefix.is_empty()).then(|| format!("{prefix}{}", stream.name_suffix(5))));
        meta.creation_timestamp = Some(created);
        stream
    }

    pub(super) fn admission<'a>(&'a self, namespace: &'a str) -> Admission<'a> {
        let plugins = &self.world.admission_plugins;
        let always_pull_images = plugins.contains(&AdmissionPlugin::AlwaysPullImages);
        Admission { store: &self.store, namespace, always_pull_images }
    }

    /// Replaces an object by one that was found valid.
    pub(crate) fn update(&mut self, old: &Object, mut object: Object) {
        object.keep_status_of(old);
        if object.kind().has_generation() && !old.has_same_spec(&object) {
            let generation = old.metadata().generation.unwrap_or(1) + 1;
            object.metadata_mut().generation = Some(generation);
        }
        if object.metadata().deletion_timestamp.is_some() && !object.has_finalizers() {
            self.remove(&object.key());
            return;
        }
        self.before_change(&object.key());
        let object = self.store.put(object);
        let key = object.key();
        self.note(key.clone(), Fact::Changed);
        match object.as_ref() {
            Object::Deployment(_) => self.enqueue(&key, 50),
            Object::ReplicaSet(_) => self.enqueue(&key, 20),
            Object::Role(_) => self.soon(ACK_MILLIS, Task::Ack(key)),
            Object::Pod(pod) => self.pod_updated(pod),
            Object::Plain(_) if key.kind.workload().is_some() => self.enqueue(&key, 20),
            Object::Plain(_) if key.kind == Kind::Repository => {
                self.soon(ACK_MILLIS, Task::Ack(key));
            }
            Object::Plain(_) if key.kind == Kind::ConfigMap => self.config_map_written(&key),
            Object::Namespace(_)
            | Object::ServiceAccount(_)
            | Object::Secret(_)
            | Object::Plain(_) => {}
        }
    }

    /// Skipped syncs were skipped on the promise that nothing they read changes.
    pub(super) fn before_change(&mut self, key: &Key) {
        let named: fn(&PodRun, &Key) -> bool = match key.kind {
            Kind::Secret => |pod, key| pod.pull_secrets.contains(&key.name),
            Kind::ServiceAccount if self.gives_tokens() => {
                |pod, key| pod.service_account == key.name
            }
            _ => return,
        };
        self.release_where(|pod| pod.key.namespace == key.namespace && named(pod, key));
        self.generation += 1;
    }

    fn after_create(&mut self, object: &Object, list_from_account: bool) {
        let key = object.key();
        match object {
            Object::Namespace(_) => self.furnish_namespace(&key.name),
            Object::Deployment(_) => self.enqueue(&key, 50),
            Object::ReplicaSet(_) => self.enqueue(&key, 20),
            Object::Role(_) => self.soon(ACK_MILLIS, Task::Ack(key)),
            Object::Pod(pod) => self.pod_created(pod, list_from_account),
            Object::Plain(_) if key.kind.workload().is_some() => self.enqueue(&key, 20),
            Object::Plain(_) if key.kind == Kind::Repository => {
                self.soon(ACK_MILLIS, Task::Ack(key));
            }
            Object::Plain(_) if key.kind == Kind::ConfigMap => self.config_map_written(&key),
            Object::ServiceAccount(_) | Object::Secret(_) | Object::Plain(_) => {}
        }
    }

    /// One of the namespaces that are there from the beginning.
    pub(crate) fn create_namespace(&mut self, name: &str) {
        let mut value =
            serde_json::json!({ "metadata": { "name": name }, "spec": {}, "status": {} });
        defaults::fill_in(Kind::Namespace, &mut value);
        let namespace = Object::decode(Kind::Namespace, &value);
        self.create(namespace).expect("the first namespaces are fine");
    }

    /// The controllers that give every namespace a `default` account and the cluster's certificate.
    fn furnish_namespace(&mut self, namespace: &str) {
        self.create_default_account(namespace);
        let value = serde_json::json!({
            "metadata": {
                "name": "kube-root-ca.crt", "namespace": namespace,
                "annotations": { "kubernetes.io/description": ROOT_CERTIFICATE },
            },
            "data": { "ca.crt": "-----BEGIN CERTIFICATE-----\n(simulated)\n-----END CERTIFICATE-----\n" },
        });
        let mut map = Object::decode(Kind::ConfigMap, &value);
        self.identify(&mut map);
        // Nobody made it, so the log does not tell of it.
        self.store.put(map);
    }

    /// The serviceaccount controller's part, also when the account was deleted.
    pub(crate) fn create_default_account(&mut self, namespace: &str) {
        let gone = |namespace: &Arc<Object>| namespace.metadata().deletion_timestamp.is_some();
        if self.store.find(Kind::Namespace, "", namespace).is_none_or(gone)
            || self.store.find(Kind::ServiceAccount, namespace, "default").is_some()
        {
            return;
        }
        let value =
            serde_json::json!({ "metadata": { "name": "default", "namespace": namespace } });
        let account = Object::decode(Kind::ServiceAccount, &value);
        self.create(account).expect("the namespace is there, the account is not");
    }

    fn pod_created(&mut self, pod: &Pod, list_from_account: bool) {
        let mut run = PodRun::new(pod, list_from_account, self.now, self.world.seed);
        let node = run.node.clone();
        if let Some(node) = &node {
            run.scheduled = Some(self.now);
            run.recorder.host = Some(Arc::clone(node));
        }
        self.note(Arc::clone(&run.key), Fact::Status(Arc::clone(&run.status)));
        self.push_change(&run, "ADDED");
        let id = self.pods.insert(run);
        self.owner_looks(id, 10);
        match node {
            None => self.soon(10, Task::Schedule(id)),
            Some(node) if self.nodes.contains_key(&node) => {
                self.publish(id);
                self.first_sync(id);
            }
            // The node that a Pod names itself need not exist: then nobody looks after the Pod.
            Some(_) => {}
        }
    }
}

/// pkg/controller/certificates/rootcacertpublisher.
const ROOT_CERTIFICATE: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/// A Job selects its Pods by its own uid.
fn with_selector(job: &Object) -> Object {
    let mut value = job.to_value();
    defaults::select_by_uid(&mut value, job.name(), job.uid());
    Object::decode(job.kind(), &value)
}

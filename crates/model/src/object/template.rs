//! What an object makes Pods from.

use serde_json::Value;

use super::{Kind, Object, Workload};

impl Workload {
    /// All of them, in the order of [`Kind`].
    pub const ALL: [Self; 6] = [
        Self::Deployment,
        Self::ReplicaSet,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
    ];

    /// As `kubectl` is told of it: `deployment`.
    pub fn word(self) -> String {
        self.kind().name().to_lowercase()
    }

    /// The one of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.word() == word)
    }

    /// The kind.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Deployment => Kind::Deployment,
            Self::ReplicaSet => Kind::ReplicaSet,
            Self::StatefulSet => Kind::StatefulSet,
            Self::DaemonSet => Kind::DaemonSet,
            Self::Job => Kind::Job,
            Self::CronJob => Kind::CronJob,
        }
    }
}

impl Object {
    /// The `metadata` and `spec` of the Pods that it makes, as JSON; of a Pod, its own.
    pub fn pod_template(&self) -> Option<Value> {
        let at = match self.kind().workload() {
            Some(Workload::CronJob) => "/spec/jobTemplate/spec/template",
            Some(_) => "/spec/template",
            None if self.kind() == Kind::Pod => "",
            None => return None,
        };
        self.to_value().pointer_mut(at).map(Value::take)
    }
}

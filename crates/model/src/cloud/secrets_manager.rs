//! AWS Secrets Manager: secrets by name, each with its current version and the one before, and the jobs that write them.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Action, Decision, Resource};
use crate::cluster::{Cluster, Task};
use crate::credential::SecretText;
use crate::log::Fact;
use crate::message::cloud as words;
use crate::object::{Key, Kind};
use crate::random::Stream;
use crate::time::SimTime;
use crate::token;
use crate::world::{CloudSecretSpec, WriterSpec};

/// What stands in a written value for the password of a fresh token, as `aws ecr get-login-password` prints it.
const PASSWORD: &str = "${token}";

/// The same for a fresh `authorizationToken`, as ECR's API gives it: base64 of `AWS:` and the password (E3).
const AUTHORIZATION: &str = "${authorization-token}";

/// The secrets as they are. Cloning shares them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretsManager {
    by_name: BTreeMap<Arc<str>, Arc<StoredSecret>>,
}

/// A secret with those of its versions that have a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    // Invariant: `previous`, if there is one, is older than `current`.
    arn: String,
    current: SecretVersion,
    previous: Option<SecretVersion>,
    deleted: bool,
}

/// A version of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersion {
    /// Its id.
    pub id: String,
    /// `SecretString`.
    pub value: SecretText,
    /// When it was written.
    pub created: SimTime,
}

/// The label of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// `AWSCURRENT`: what is read unless another is asked for.
    #[default]
    Current,
    /// `AWSPREVIOUS`: what was current before.
    Previous,
}

impl Stage {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// Why a secret is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// There is none of that name (`ResourceNotFoundException`).
    NotFound,
    /// No version has that stage (`ResourceNotFoundException`).
    NoVersion(Stage),
    /// It is going to be deleted (`InvalidRequestException`).
    MarkedForDeletion,
    /// IAM does not allow it (`AccessDeniedException`), and what it says.
    Denied(String),
}

impl ReadError {
    /// The name of the API's error, and its message.
    pub fn said(&self) -> (&'static str, String) {
        match self {
            Self::NotFound => ("ResourceNotFoundException", words::SECRET_NOT_FOUND.to_owned()),
            Self::NoVersion(stage) => {
                ("ResourceNotFoundException", words::secret_version_not_found(stage.name()))
            }
            Self::MarkedForDeletion => {
                ("InvalidRequestException", words::SECRET_MARKED_FOR_DELETION.to_owned())
            }
            Self::Denied(why) => ("AccessDeniedException", why.clone()),
        }
    }
}

impl SecretsManager {
    /// The secrets, by name.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &StoredSecret)> {
        self.by_name.iter().map(|(name, secret)| (&**name, &**secret))
    }

    /// A secret by its name.
    pub fn get(&self, name: &str) -> Option<&StoredSecret> {
        self.by_name.get(name).map(AsRef::as_ref)
    }

    /// `PutSecretValue`: the current version becomes the previous one, and what was that has no stage any more. A secret
    /// that is not there is made.
    pub(crate) fn put(&mut self, name: &str, arn: String, version: SecretVersion) {
        match self.by_name.get_mut(name) {
            Some(secret) => {
                let secret = Arc::make_mut(secret);
                let old = std::mem::replace(&mut secret.current, version);
                secret.previous = Some(old);
            }
            None => {
                let secret = StoredSecret { arn, current: version, previous: None, deleted: false };
                self.by_name.insert(name.into(), Arc::new(secret));
            }
        }
    }

    /// `DeleteSecret` with its recovery window, or `RestoreSecret`.
    pub(crate) fn mark_for_deletion(&mut self, name: &str, deleted: bool) {
        if let Some(secret) = self.by_name.get_mut(name) {
            Arc::make_mut(secret).deleted = deleted;
        }
    }
}

impl StoredSecret {
    /// Its ARN, which ends in six characters of its own.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The version of a stage.
    pub fn version(&self, stage: Stage) -> Result<&SecretVersion, ReadError> {
        match stage {
            _ if self.deleted => Err(ReadError::MarkedForDeletion),
            Stage::Current => Ok(&self.current),
            Stage::Previous => self.previous.as_ref().ok_or(ReadError::NoVersion(stage)),
        }
    }
}

impl Cluster {
    /// `GetSecretValue` of somebody with the rights of a role. IAM is asked before it shows whether there is such a secret.
    pub fn get_secret_value(
        &self,
        role: &str,
        name: &str,
        stage: Stage,
    ) -> Result<&SecretVersion, ReadError> {
        let found = self.secrets_manager.get(name);
        let account = self.roles.account();
        // Of what is not there IAM sees the name that was asked for.
        let asked = words::secret_arn(&self.secrets_region(name), account, name);
        let arn = found.map_or(asked.as_str(), StoredSecret::arn);
        let action = Action::GetSecretValue;
        match self.roles.decide(role, action, Resource { arn, account, policy: None }) {
            Decision::Allowed => found.ok_or(ReadError::NotFound)?.version(stage),
            no => {
                let principal = self.roles.principal(role);
                Err(ReadError::Denied(words::denied(&principal, action, &asked, no)))
            }
        }
    }

    /// `PutSecretValue`, by whoever may.
    pub fn put_secret_value(&mut self, name: &str, value: SecretText) {
        let id = Stream::new(self.world.seed, name, &format!("version at {}", self.now)).uid();
        self.store_secret(name, SecretVersion { id, value, created: self.now });
    }

    /// `DeleteSecret`, or `RestoreSecret`.
    pub fn mark_secret_for_deletion(&mut self, name: &str, deleted: bool) {
        self.secrets_manager.mark_for_deletion(name, deleted);
    }

    /// The secrets that the world begins with, and the first visit of those who write them.
    pub(crate) fn begin_secrets_manager(&mut self) {
        let world = Arc::clone(&self.world);
        for (name, spec) in &world.secrets_manager {
            let value = match &spec.writer {
                Some(writer) => self.write_fresh(spec, writer, spec.created),
                None => Some(self.with_tokens(spec.value.reveal())),
            };
            let value = value.unwrap_or_else(|| spec.value.clone());
            let id = Stream::new(world.seed, name, "first version").uid();
            let arn = self.secret_arn(name);
            self.secrets_manager.put(name, arn, SecretVersion { id, value, created: spec.created });
            if let Some(writer) = &spec.writer {
                let next = writer.next_after(spec.created, self.now);
                self.schedule(next, Task::SecretWriter(name.as_str().into()));
            }
        }
    }

    /// A writer comes by: it writes what it is there for, unless something keeps it away, which it then makes up for.
    pub(crate) fn write_cloud_secret(&mut self, name: &str) {
        let world = Arc::clone(&self.world);
        let Some(spec) = world.secrets_manager.get(name) else { return };
        let Some(writer) = &spec.writer else { return };
        let late = writer.late.iter().find(|(from, until)| (*from..*until).contains(&self.now));
        if let Some((_, until)) = late {
            self.schedule(*until, Task::SecretWriter(name.into()));
            return;
        }
        if let Some(value) = self.write_fresh(spec, writer, self.now) {
            self.put_secret_value(name, value);
        }
        let next = writer.next_after(spec.created, self.now);
        self.schedule(next, Task::SecretWriter(name.into()));
    }

    fn store_secret(&mut self, name: &str, version: SecretVersion) {
        let arn = self.secret_arn(name);
        self.secrets_manager.put(name, arn, version);
        self.note(Key::new(Kind::Secret, "", name), Fact::SecretWritten);
    }

    /// What a writer writes at a moment: a token with its role's rights, if it gets one.
    fn write_fresh(
        &mut self,
        spec: &CloudSecretSpec,
        writer: &WriterSpec,
        now: SimTime,
    ) -> Option<SecretText> {
        if !self.roles.allows(&writer.role, Action::GetAuthorizationToken) {
            return None;
        }
        let token = self.mint.mint_for_writer(&writer.registry, &writer.role, now);
        let password = token.text.reveal();
        let both = STANDARD.encode(format!("{}:{password}", token::USER));
        let text = spec.value.reveal();
        Some(SecretText::new(text.replace(PASSWORD, password).replace(AUTHORIZATION, &both)))
    }

    /// A value with the tokens of the world in the places that name them.
    fn with_tokens(&self, text: &str) -> SecretText {
        let mut filled = text.to_owned();
        for token in self.mint.tokens() {
            filled = filled.replace(&format!("${{token:{}}}", token.name), token.text.reveal());
        }
        SecretText::new(filled)
    }

    fn secrets_region(&self, name: &str) -> String {
        let spec = self.world.secrets_manager.get(name);
        spec.map_or_else(|| "us-east-1".to_owned(), |spec| spec.region.clone())
    }

    fn secret_arn(&self, name: &str) -> String {
        let arn = words::secret_arn(&self.secrets_region(name), self.roles.account(), name);
        let ending = Stream::new(self.world.seed, name, "arn").name_suffix(6);
        format!("{arn}-{ending}")
    }
}

impl WriterSpec {
    /// When it is due next, behind a moment, counted from the first time.
    fn next_after(&self, first: SimTime, now: SimTime) -> SimTime {
        let every = self.every.as_millis().max(1);
        let rounds = now.since(first).as_millis().div_euclid(every) + 1;
        SimTime::from_millis(first.as_millis() + rounds * every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use crate::world::{RoleSpec, World};

    const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

    fn world(late: Vec<(SimTime, SimTime)>) -> World {
        let at = |hours| SimTime::START + Span::hours(hours);
        let registry = crate::world::Registry {
            kind: crate::world::RegistryKind::Ecr,
            ..crate::world::Registry::default()
        };
        let role = |policy: &str| RoleSpec {
            policies: vec![format!("arn:aws:iam::aws:policy/{policy}")],
            ..RoleSpec::default()
        };
        let writer = WriterSpec {
            every: Span::hours(6),
            registry: HOST.to_owned(),
            role: "writer".to_owned(),
            late,
        };
        let spec = CloudSecretSpec {
            region: "eu-central-1".to_owned(),
            value: SecretText::new(r#"{"token":"${token}","both":"${authorization-token}"}"#),
            created: at(-2),
            writer: Some(writer),
        };
        World {
            from: at(-1),
            registries: [(HOST.to_owned(), registry)].into(),
            roles: [
                ("writer".to_owned(), role("AmazonEC2ContainerRegistryPullOnly")),
                ("reader".to_owned(), role("SecretsManagerReadWrite")),
            ]
            .into(),
            secrets_manager: [("ecr/token".to_owned(), spec)].into(),
            ..World::default()
        }
    }

    fn written(cluster: &Cluster, stage: Stage) -> Option<SimTime> {
        let read = cluster.get_secret_value("reader", "ecr/token", stage);
        Some(read.ok()?.created)
    }

    #[test]
    fn a_writer_comes_on_time_and_keeps_the_version_before() {
        let mut cluster = Cluster::new(&Arc::new(world(Vec::new())));
        let at = |hours| SimTime::START + Span::hours(hours);
        assert_eq!(written(&cluster, Stage::Current), Some(at(-2)));
        assert_eq!(written(&cluster, Stage::Previous), None);
        cluster.run_until(at(11));
        assert_eq!(written(&cluster, Stage::Current), Some(at(10)));
        assert_eq!(written(&cluster, Stage::Previous), Some(at(4)));
        let told = cluster.take_log();
        let told = told.iter().filter(|entry| entry.fact == Fact::SecretWritten).count();
        assert_eq!(told, 2);
        let version = cluster.get_secret_value("reader", "ecr/token", Stage::Current);
        let value: serde_json::Value =
            serde_json::from_str(version.unwrap().value.reveal()).expect("the template is JSON");
        let password = value["token"].as_str().unwrap();
        let token = cluster.mint().find(password).expect("it is one of the registry's");
        assert_eq!((token.issued, token.role.as_str()), (at(10), "writer"));
        let both = STANDARD.encode(format!("AWS:{password}"));
        assert_eq!(value["both"].as_str(), Some(both.as_str()));
    }

    #[test]
    fn a_late_writer_makes_up_for_it() {
        let at = |hours| SimTime::START + Span::hours(hours);
        let mut cluster = Cluster::new(&Arc::new(world(vec![(at(3), at(9))])));
        cluster.run_until(at(8));
        assert_eq!(written(&cluster, Stage::Current), Some(at(-2)));
        cluster.run_until(at(9));
        assert_eq!(written(&cluster, Stage::Current), Some(at(9)));
        // From then on as before.
        cluster.run_until(at(10));
        assert_eq!(written(&cluster, Stage::Current), Some(at(10)));
    }

    #[test]
    fn who_may_not_read_does_not_learn_what_there_is() {
        let mut cluster = Cluster::new(&Arc::new(world(Vec::new())));
        for name in ["ecr/token", "nothing"] {
            let read = cluster.get_secret_value("writer", name, Stage::Current);
            let Err(ReadError::Denied(why)) = read else { panic!("{read:?}") };
            assert!(why.contains("is not authorized to perform: secretsmanager:GetSecretValue"));
            assert!(why.ends_with(
                "because no identity-based policy allows the secretsmanager:GetSecretValue action"
            ));
        }
        let nothing = cluster.get_secret_value("reader", "nothing", Stage::Current);
        assert_eq!(nothing, Err(ReadError::NotFound));
        cluster.mark_secret_for_deletion("ecr/token", true);
        let read = cluster.get_secret_value("reader", "ecr/token", Stage::Current);
        assert_eq!(read, Err(ReadError::MarkedForDeletion));
    }
}

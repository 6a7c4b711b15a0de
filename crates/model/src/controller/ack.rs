//! The AWS Controllers for Kubernetes: what an object says is what AWS has, a second or two later.
//!
//! *Source: aws-controllers-k8s/ecr-controller pkg/resource/repository, aws-controllers-k8s/runtime.*

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::plain::text;
use crate::cloud::{self, EcrHost};
use crate::cluster::{Cluster, Task};
use crate::message::cloud as words;
use crate::object::{Key, Kind, Object, Plain, Role};

/// The annotation of a namespace whose objects are another account's (ACK, "Manage resources in multiple AWS accounts").
const OWNER: &str = "services.k8s.aws/owner-account-id";

/// The annotation of an object that is of another region (ACK, "Manage resources in multiple regions").
const REGION: &str = "services.k8s.aws/region";

/// The same of a namespace.
const DEFAULT_REGION: &str = "services.k8s.aws/default-region";

/// How long a controller waits before it tries again what AWS refused.
const RETRY_MILLIS: i64 = 1500;

impl Cluster {
    /// E5: permissions are looked up at each request, so what changes counts at once for tokens that exist.
    pub(crate) fn sync_ack(&mut self, key: &Key) {
        match self.store.get(key).cloned().as_deref() {
            Some(Object::Role(role)) => self.sync_role(role),
            Some(Object::Plain(plain)) => self.sync_repository(key, plain),
            _ => {}
        }
    }

    fn sync_role(&mut self, role: &Role) {
        let (name, policies) = (&role.spec.name, role.spec.policies.clone().unwrap_or_default());
        let inline = role.spec.inline_policies.iter().flat_map(BTreeMap::values);
        let inline: Option<Vec<_>> = inline.map(|text| cloud::statements_of(text)).collect();
        self.release_all();
        self.generation += 1;
        let is_new = self.roles.policies(name).is_none();
        self.roles.set(name, policies);
        // A document that IAM refuses leaves those that are there.
        if let Some(inline) = inline {
            self.roles.set_inline(name, inline.concat());
        }
        if is_new {
            // A repository's policy may have waited for this role.
            let waiting = self.store.list(Kind::Repository).map(|object| object.key());
            for key in waiting.collect::<Vec<_>>() {
                self.soon(RETRY_MILLIS, Task::Ack(key));
            }
        }
    }

    /// `SetRepositoryPolicy` with what the object says, or `DeleteRepositoryPolicy` where it says nothing.
    fn sync_repository(&mut self, key: &Key, plain: &Plain) {
        let Some(host) = self.registry_of(key, plain) else { return };
        let name = text(plain.spec(), "name");
        let document = Some(text(plain.spec(), "policy")).filter(|text| !text.is_empty());
        let statements =
            document.map(|text| cloud::repository_statements(text, &self.roles)).transpose();
        let condition = |type_: &str, message: &str| json!([{ "type": type_, "status": "True", "message": message }]);
        let conditions = match statements {
            Ok(statements) => {
                self.release_all();
                self.generation += 1;
                self.roles.set_repository_policy(&host, name, statements);
                condition("ACK.ResourceSynced", "Resource synced successfully")
            }
            // ECR keeps the policy that it has.
            Err(constraint) => {
                let id = self.mint.request_id(&host, self.now);
                condition("ACK.Recoverable", &words::policy_refused(&id, constraint))
            }
        };
        let status =
            [("conditions", conditions), ("repositoryURI", format!("{host}/{name}").into())];
        let status = status.into_iter().map(|(key, value)| (key.to_owned(), value));
        self.write_status(key, status.collect::<Map<String, Value>>());
    }

    /// The registry that a repository is in: of the account and the region that the object or its namespace name, or of the
    /// cluster's account.
    fn registry_of(&self, key: &Key, plain: &Plain) -> Option<String> {
        let own = |name: &str| Some(plain.metadata.annotations.as_ref()?.get(name)?.as_str());
        let namespace = self.store.find(Kind::Namespace, "", &key.namespace);
        let annotations = namespace.and_then(|object| object.metadata().annotations.as_ref());
        let of_namespace = |name: &str| Some(annotations?.get(name)?.as_str());
        let named = Some(text(plain.spec(), "registryID")).filter(|id| !id.is_empty());
        let account = named.or_else(|| of_namespace(OWNER)).unwrap_or_else(|| self.roles.account());
        let region = own(REGION).or_else(|| of_namespace(DEFAULT_REGION));
        let fits = |host: &&String| {
            EcrHost::parse(host).is_some_and(|parts| {
                parts.account == account && region.is_none_or(|region| region == parts.region)
            })
        };
        self.world.registries.keys().find(fits).cloned()
    }
}

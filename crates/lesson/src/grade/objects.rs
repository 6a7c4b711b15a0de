//! Checks on the objects as they are: who uses which Secret, and where credentials lie.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use pullpath_model::cluster::Cluster;
use pullpath_model::docker_config::{self, Parsed};
use pullpath_model::keyring;
use pullpath_model::object::{Key, Kind, Object, Workload};
use pullpath_model::ordered;
use pullpath_model::world::Reach;
use serde_json::Value;

use crate::scenario::{Check, Named};

/// A shorter password is found in too many places by chance.
const SHORTEST: usize = 6;

/// The first object that is against a check on objects.
pub(super) fn against(cluster: &Cluster, check: &Check) -> Option<Key> {
    match check {
        Check::SecretUsers { secret, only } => other_user(cluster, secret, only),
        Check::CredentialsOnlyIn { registry, namespaces } => {
            login_elsewhere(cluster, registry, namespaces)
        }
        Check::NoPlainText => in_plain_text(cluster),
        Check::Verified { registry } => unverified(cluster, registry),
        Check::Running { .. }
        | Check::FreshPod { .. }
        | Check::Survives { .. }
        | Check::Pulled { .. }
        | Check::NotDone { .. }
        | Check::Diagnosed => None,
    }
}

/// A node that asks the hosts of a registry without looking at their certificates.
fn unverified(cluster: &Cluster, registry: &str) -> Option<Key> {
    let trusts = |reach: Reach| matches!(reach, Reach::TlsUnverified | Reach::Http);
    let mut nodes = cluster.nodes();
    let found = nodes.find(|node| {
        let file = node.spec.hosts.get(registry);
        file.is_some_and(|file| {
            trusts(file.server) || file.mirrors.iter().any(|mirror| trusts(mirror.reach))
        })
    });
    found.map(|node| Key::new(Kind::Node, "", &node.spec.name))
}

/// `deployment/web`: an object in the words of a scenario file.
pub(super) fn word(key: &Key) -> String {
    format!("{}/{}", key.kind.name().to_lowercase(), key.name)
}

/// An object that uses the Secret and is not in the list.
fn other_user(cluster: &Cluster, secret: &Named, only: &[String]) -> Option<Key> {
    let kinds = [Kind::ServiceAccount].into_iter();
    let kinds = kinds.chain(Workload::ALL.map(Workload::kind)).chain([Kind::Pod]);
    let objects = kinds.flat_map(|kind| cluster.store.list_in(kind, &secret.namespace));
    let mut users = objects.filter(|object| uses(cluster, object, &secret.name, only));
    users.find(|object| !only.contains(&word(&object.key()))).map(|object| object.key())
}

/// Whether an object uses a Secret of its namespace, be it for pulls or in a container.
fn uses(cluster: &Cluster, object: &Object, secret: &str, only: &[String]) -> bool {
    if let Object::ServiceAccount(account) = object {
        let mut list = account.image_pull_secrets.iter().flatten();
        return list.any(|reference| reference.name == secret);
    }
    // Others are made by what stands above them, which is told.
    if object.metadata().owner_references.is_some() {
        return false;
    }
    let Some(template) = object.pod_template() else { return false };
    let spec = &template["spec"];
    let is_of_listed_account = || {
        let pod = cluster.pod(object.namespace(), object.name());
        pod.is_some_and(|pod| {
            pod.list_from_account
                && only.contains(&format!("serviceaccount/{}", pod.service_account))
        })
    };
    let pulls = items(spec, "imagePullSecrets").any(|reference| reference["name"] == secret);
    // A Pod that has its list from an account in the list is as good as that account.
    let pulls = pulls && !(object.kind() == Kind::Pod && is_of_listed_account());
    pulls || is_mounted(spec, secret) || is_in_the_environment(spec, secret)
}

/// Whether a Secret is a volume, or a part of one.
fn is_mounted(spec: &Value, secret: &str) -> bool {
    items(spec, "volumes").any(|volume| {
        volume["secret"]["secretName"] == secret
            || items(&volume["projected"], "sources").any(|part| part["secret"]["name"] == secret)
    })
}

/// Whether a container has a Secret, or a key of it, in its environment.
fn is_in_the_environment(spec: &Value, secret: &str) -> bool {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    lists.into_iter().flat_map(|list| items(spec, list)).any(|container| {
        items(container, "envFrom").any(|from| from["secretRef"]["name"] == secret)
            || items(container, "env")
                .any(|variable| variable["valueFrom"]["secretKeyRef"]["name"] == secret)
    })
}

fn items<'v>(value: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> {
    value[list].as_array().into_iter().flatten()
}

/// A Secret in another namespace that holds a login for the registry.
fn login_elsewhere(cluster: &Cluster, registry: &str, namespaces: &[String]) -> Option<Key> {
    let mut secrets = cluster.store.list(Kind::Secret);
    let found = secrets.find(|object| {
        let Object::Secret(secret) = object.as_ref() else { return false };
        let namespace = secret.metadata.namespace.as_deref().unwrap_or_default();
        !namespaces.iter().any(|allowed| allowed == namespace) && serves(secret, registry)
    });
    found.map(|object| object.key())
}

/// Whether an entry of a pull secret is for some image of a registry, whatever its path.
fn serves(secret: &Secret, registry: &str) -> bool {
    let data = secret.data.iter().flatten();
    let data: BTreeMap<String, Vec<u8>> =
        ordered::map(data.map(|(key, value)| (key.clone(), value.0.clone())));
    let Parsed::Entries(entries) =
        docker_config::parse(secret.type_.as_deref().unwrap_or_default(), &data)
    else {
        return false;
    };
    entries.iter().any(|entry| {
        let key = entry.key.trim_start_matches("https://").trim_start_matches("http://");
        let host = key.split('/').next().unwrap_or_default();
        keyring::matches(host, &format!("{registry}/any")).unwrap_or(false)
    })
}

/// An object other than a Secret with a token or a password in it.
fn in_plain_text(cluster: &Cluster) -> Option<Key> {
    let mut logins: Vec<(String, String)> = cluster
        .mint()
        .tokens()
        .map(|token| (token.user.clone().unwrap_or_default(), token.text.reveal().to_owned()))
        .collect();
    for registry in cluster.world().registries.values() {
        let users = registry.users.iter();
        logins.extend(users.map(|(name, user)| (name.clone(), user.password.reveal().to_owned())));
    }
    logins.retain(|(_, password)| password.len() >= SHORTEST);
    let spelled: Vec<String> = logins
        .into_iter()
        .flat_map(|(user, password)| {
            let encoded =
                [STANDARD.encode(&password), STANDARD.encode(format!("{user}:{password}"))];
            encoded.into_iter().chain([password])
        })
        .collect();
    let mut others = cluster.store.all().filter(|object| object.key().kind != Kind::Secret);
    let found = others.find(|object| {
        let text = object.to_value().to_string();
        spelled.iter().any(|spelled| text.contains(spelled.as_str()))
    });
    found.map(|object| object.key())
}

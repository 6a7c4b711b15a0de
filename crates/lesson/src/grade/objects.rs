//! Checks on the objects as they are: who uses which Secret, and where credentials lie.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::{LocalObjectReference, Secret};
use pullpath_model::cluster::Cluster;
use pullpath_model::docker_config::{self, Parsed};
use pullpath_model::keyring;
use pullpath_model::object::{Key, Kind, Object, PodSpec};
use pullpath_model::ordered;
use pullpath_model::world::Reach;

use crate::scenario::{Check, Workload};

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

/// An object that names the Secret as a pull secret and is not in the list.
fn other_user(cluster: &Cluster, secret: &Workload, only: &[String]) -> Option<Key> {
    let names = |list: &Option<Vec<LocalObjectReference>>| {
        list.iter().flatten().any(|reference| reference.name == secret.name)
    };
    let in_spec = |spec: Option<&PodSpec>| spec.is_some_and(|spec| names(&spec.image_pull_secrets));
    let uses = |object: &Object| match object {
        Object::ServiceAccount(account) => names(&account.image_pull_secrets),
        Object::Deployment(deployment) => {
            in_spec(deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref()))
        }
        // Others are made by what stands above them, or have the list of their account.
        Object::Pod(pod) => pod.metadata.owner_references.is_none() && in_spec(pod.spec.as_ref()),
        // The kinds that are asked for are these three.
        _ => false,
    };
    let kinds = [Kind::ServiceAccount, Kind::Deployment, Kind::Pod];
    let users = kinds
        .into_iter()
        .flat_map(|kind| cluster.store.list_in(kind, &secret.namespace))
        .filter(|object| uses(object));
    users
        .map(|object| object.key())
        .find(|key| !only.contains(&word(key)) && !is_of_listed_account(cluster, key, only))
}

/// A Pod without an owner that has its list from an account in the list.
fn is_of_listed_account(cluster: &Cluster, key: &Key, only: &[String]) -> bool {
    let run = (key.kind == Kind::Pod).then(|| cluster.pod(&key.namespace, &key.name)).flatten();
    run.is_some_and(|pod| {
        pod.list_from_account && only.contains(&format!("serviceaccount/{}", pod.service_account))
    })
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

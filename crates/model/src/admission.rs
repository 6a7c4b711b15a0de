//! What the API server fills in, and what it refuses, as objects are written (P1): defaults, and the ServiceAccount
//! admission plugin (P4).

use k8s_openapi::api::core::v1::{Container, LocalObjectReference, Pod, PodSpec, ServiceAccount};

use crate::api::ApiError;
use crate::object::{Kind, Object};
use crate::pull_policy;
use crate::store::Store;

/// Fills in the defaults that matter here.
pub fn default_object(object: &mut Object) {
    match object {
        Object::Secret(secret) => {
            // `stringData` is a way of writing `data`, never stored.
            let written = secret.string_data.take().unwrap_or_default();
            let data = secret.data.get_or_insert_default();
            for (key, text) in written {
                data.insert(key, k8s_openapi::ByteString(text.into_bytes()));
            }
            if data.is_empty() {
                secret.data = None;
            }
            secret.type_.get_or_insert_with(|| "Opaque".into());
        }
        Object::Pod(pod) => default_spec(pod.spec.get_or_insert_default()),
        Object::Deployment(deployment) => {
            if let Some(spec) = &mut deployment.spec {
                spec.replicas.get_or_insert(1);
                default_spec(spec.template.spec.get_or_insert_default());
            }
        }
        Object::Namespace(_)
        | Object::ServiceAccount(_)
        | Object::Role(_)
        | Object::ReplicaSet(_) => {}
    }
}

fn default_spec(spec: &mut PodSpec) {
    let lists = [Some(&mut spec.containers), spec.init_containers.as_mut()];
    for container in lists.into_iter().flatten().flatten() {
        default_container(container);
    }
    spec.restart_policy.get_or_insert_with(|| "Always".into());
}

/// P2.
fn default_container(container: &mut Container) {
    let image = container.image.as_deref().unwrap_or_default();
    let policy = || pull_policy::default_for(image).name().into();
    if container.image_pull_policy.is_none() {
        container.image_pull_policy = Some(policy());
    }
}

/// The ServiceAccount admission plugin on a Pod that is being created (P4).
pub fn admit_pod(store: &Store, namespace: &str, pod: &mut Pod) -> Result<(), ApiError> {
    let shown = shown_name(pod);
    let spec = pod.spec.get_or_insert_default();
    // The two fields are one: whichever is written, both are stored.
    let name = spec
        .service_account_name
        .clone()
        .or_else(|| spec.service_account.clone())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "default".into());
    spec.service_account_name = Some(name.clone());
    spec.service_account = Some(name.clone());
    let Some(account) = service_account(store, namespace, &name) else {
        let why = format!(
            "error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found"
        );
        return Err(ApiError::forbidden(Kind::Pod, &shown, &why));
    };
    // P4.5: the Pod's own list is kept whole or taken over whole, never merged.
    if spec.image_pull_secrets.as_ref().is_none_or(Vec::is_empty) {
        spec.image_pull_secrets.clone_from(&account.image_pull_secrets);
    }
    check_mountable(account, &name, spec, &shown)
}

/// P4.6: only with the account's annotation.
fn check_mountable(
    account: &ServiceAccount,
    name: &str,
    spec: &PodSpec,
    shown: &str,
) -> Result<(), ApiError> {
    let annotations = account.metadata.annotations.as_ref();
    let written = annotations.and_then(|all| all.get("kubernetes.io/enforce-mountable-secrets"));
    // Go's strconv.ParseBool; what does not parse counts as off.
    if !written
        .is_some_and(|text| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"))
    {
        return Ok(());
    }
    let listed = |list: &Option<Vec<LocalObjectReference>>, secret: &str| {
        list.iter().flatten().any(|reference| reference.name == secret)
    };
    let secrets = spec.image_pull_secrets.iter().flatten().enumerate();
    for (index, secret) in secrets {
        if !listed(&account.image_pull_secrets, &secret.name) {
            let why = format!(
                "imagePullSecrets[{index}].name=\"{}\" is not allowed because service account {name} does not reference that imagePullSecret",
                secret.name
            );
            return Err(ApiError::forbidden(Kind::Pod, shown, &why));
        }
    }
    Ok(())
}

fn service_account<'a>(
    store: &'a Store,
    namespace: &str,
    name: &str,
) -> Option<&'a ServiceAccount> {
    match store.find(Kind::ServiceAccount, namespace, name)?.as_ref() {
        Object::ServiceAccount(account) => Some(account),
        _ => None,
    }
}

/// P4.3: the name, else what it is generated from, else `Unknown`.
fn shown_name(pod: &Pod) -> String {
    let meta = &pod.metadata;
    let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    some(&meta.name).or_else(|| some(&meta.generate_name)).unwrap_or_else(|| "Unknown".into())
}

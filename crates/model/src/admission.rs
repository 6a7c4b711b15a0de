//! What admission plugins make of a Pod as it is written: ServiceAccount (P4), AlwaysPullImages (P3), and the defaults
//! of Priority and DefaultTolerationSeconds.
//! *Sources: kubernetes v1.35.6 plugin/pkg/admission/{serviceaccount,alwayspullimages,priority,defaulttolerationseconds}.*

use k8s_openapi::api::core::v1::{ServiceAccount, Toleration, VolumeMount};
use serde_json::{Value, json};

use crate::api::ApiError;
use crate::object::{Container, Kind, Object, Pod, PodSpec, Volume, name_in};
use crate::pull_policy::PullPolicy;
use crate::random::Stream;
use crate::store::Store;

/// Marks a Pod that the kubelet runs from a file of its own.
const MIRROR: &str = "kubernetes.io/config.mirror";
const ENFORCE: &str = "kubernetes.io/enforce-mountable-secrets";
const TOKEN_VOLUME: &str = "kube-api-access-";
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// A token that is good for an hour and seven seconds is one that nobody asked for in particular
/// (pkg/serviceaccount/claims.go).
const TOKEN_SECONDS: i64 = 3607;

/// What the plugins need to know.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    /// Where the accounts are.
    pub store: &'a Store,
    /// The namespace of the request.
    pub namespace: &'a str,
    /// Whether AlwaysPullImages is switched on.
    pub always_pull_images: bool,
}

impl Admission<'_> {
    /// A Pod that is being created. Answers whether its list of pull secrets is its account's.
    pub fn create(self, pod: &mut Pod, stream: &mut Stream) -> Result<bool, ApiError> {
        let shown = shown_name(pod);
        let forbidden = |why: String| ApiError::forbidden(Kind::Pod, &shown, &why);
        let is_mirror =
            pod.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(MIRROR));
        let spec = pod.spec.get_or_insert_default();
        if self.always_pull_images {
            always_pull(spec);
        }
        spec.priority.get_or_insert(0);
        spec.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".into());
        tolerate(spec);
        if is_mirror {
            check_mirror(spec).map_err(|why| forbidden(why.into()))?;
            return Ok(false);
        }
        let written = spec.service_account_name.take().filter(|name| !name.is_empty());
        let name = written.unwrap_or_else(|| "default".into());
        spec.service_account_name = Some(name.clone());
        spec.service_account = Some(name.clone());
        let account = self.account(&name).map_err(forbidden)?;
        let mounts = spec
            .automount_service_account_token
            .or(account.automount_service_account_token)
            .unwrap_or(true);
        if mounts {
            mount_token(spec, stream);
        }
        // P4.5: the Pod's own list is kept whole or taken over whole, never merged.
        let copied = spec.image_pull_secrets.as_ref().is_none_or(Vec::is_empty)
            && account.image_pull_secrets.as_ref().is_some_and(|list| !list.is_empty());
        if copied {
            spec.image_pull_secrets.clone_from(&account.image_pull_secrets);
        }
        if enforces_mountable(account) {
            check_mountable(account, spec).map_err(forbidden)?;
        }
        Ok(copied)
    }

    /// A Pod that is being changed: only a new image matters (P3).
    pub fn update(self, old: &Pod, new: &mut Pod) {
        let (Some(old), Some(new)) = (&old.spec, &mut new.spec) else { return };
        let known: Vec<&str> = images(old).collect();
        let changed = images(new).any(|image| !known.contains(&image));
        if self.always_pull_images && changed {
            always_pull(new);
        }
    }

    /// A Pod that is given ephemeral containers.
    pub fn ephemeral(self, pod: &Pod) -> Result<(), ApiError> {
        let forbidden = |why: String| ApiError::forbidden(Kind::Pod, &shown_name(pod), &why);
        let Some(spec) = &pod.spec else { return Ok(()) };
        let name = spec.service_account_name.as_deref().unwrap_or_default();
        if name.is_empty() {
            let pod = pod.metadata.name.as_deref().unwrap_or_default();
            let why = format!("no service account specified for pod {}/{pod}", self.namespace);
            return Err(forbidden(why));
        }
        let account = self.account(name).map_err(forbidden)?;
        if !enforces_mountable(account) {
            return Ok(());
        }
        let containers = spec.ephemeral_containers.iter().flatten();
        let mut users = containers.map(|one| User { what: "ephemeral container", one });
        users.try_for_each(|user| user.check(account)).map_err(forbidden)
    }

    fn account(&self, name: &str) -> Result<&ServiceAccount, String> {
        let namespace = self.namespace;
        match self.store.find(Kind::ServiceAccount, namespace, name).map(AsRef::as_ref) {
            Some(Object::ServiceAccount(account)) => Ok(account),
            _ => Err(format!(
                "error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found"
            )),
        }
    }
}

/// P4.3: the name, else what it is generated from, else `Unknown`.
fn shown_name(pod: &Pod) -> String {
    let meta = &pod.metadata;
    let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    some(&meta.name).or_else(|| some(&meta.generate_name)).unwrap_or_else(|| "Unknown".into())
}

fn images(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let ephemeral = spec.ephemeral_containers.iter().flatten();
    containers
        .map(|container| container.image.as_deref())
        .chain(ephemeral.map(|container| container.image.as_deref()))
        .flatten()
}

fn always_pull(spec: &mut PodSpec) {
    let always = || Some(PullPolicy::Always.name().to_owned());
    let containers = spec.init_containers.iter_mut().flatten().chain(&mut spec.containers);
    containers.for_each(|container| container.image_pull_policy = always());
    let ephemeral = spec.ephemeral_containers.iter_mut().flatten();
    ephemeral.for_each(|container| container.image_pull_policy = always());
    for image in spec.volumes.iter_mut().flatten().filter_map(|one| one.rest.get_mut("image")) {
        image["pullPolicy"] = PullPolicy::Always.name().into();
    }
}

/// A Pod stays five minutes on a node that is lost.
fn tolerate(spec: &mut PodSpec) {
    let tolerations = spec.tolerations.get_or_insert_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = tolerations.iter().any(|known| {
            known.key.as_deref().is_none_or(|known| known == key || known.is_empty())
                && matches!(known.effect.as_deref(), None | Some("" | "NoExecute"))
        });
        if !tolerated {
            tolerations.push(Toleration {
                key: Some(key.into()),
                operator: Some("Exists".into()),
                effect: Some("NoExecute".into()),
                toleration_seconds: Some(300),
                value: None,
            });
        }
    }
}

fn check_mirror(spec: &PodSpec) -> Result<(), &'static str> {
    let set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if set(&spec.service_account_name) || set(&spec.service_account) {
        return Err("a mirror pod may not reference service accounts");
    }
    if names_secrets(spec) {
        return Err("a mirror pod may not reference secrets");
    }
    let mut sources = spec.volumes.iter().flatten().flat_map(projected);
    if sources.any(|source| source.get("serviceAccountToken").is_some()) {
        return Err("a mirror pod may not use ServiceAccountToken volume projections");
    }
    Ok(())
}

/// *Source: pkg/api/pod/util.go VisitPodSecretNames.*
fn names_secrets(spec: &PodSpec) -> bool {
    let some = |name: &str| !name.is_empty();
    let inits = spec.init_containers.iter().flatten();
    let ephemeral = spec.ephemeral_containers.iter().flatten();
    let by_containers = inits.chain(&spec.containers).chain(ephemeral).any(|one| {
        one.env.iter().flatten().any(|variable| variable.secret().is_some_and(some))
            || one.env_from.iter().flatten().any(|source| secret_from(source).is_some_and(some))
    });
    let by_volumes = spec.volumes.iter().flatten().any(|volume| {
        let by_source = NAMES_A_SECRET.iter().any(|(source, field)| {
            let source = volume.source(source).unwrap_or(&Value::Null);
            let (part, name) = field
                .rsplit_once('.')
                .map_or((source, *field), |(part, name)| (&source[part], name));
            some(name_in(part, name))
        });
        by_source || projected(volume).iter().any(|source| some(name_in(&source["secret"], "name")))
    });
    by_containers
        || by_volumes
        || spec.image_pull_secrets.iter().flatten().any(|secret| some(&secret.name))
}

/// Where sources of volumes name a Secret.
const NAMES_A_SECRET: [(&str, &str); 7] = [
    ("secret", "secretName"),
    ("csi", "nodePublishSecretRef.name"),
    ("cephfs", "secretRef.name"),
    ("rbd", "secretRef.name"),
    ("iscsi", "secretRef.name"),
    ("flexVolume", "secretRef.name"),
    ("azureFile", "secretName"),
];

/// The sources of a projected volume.
fn projected(volume: &Volume) -> &[Value] {
    let sources = volume.source("projected").and_then(|projected| projected["sources"].as_array());
    sources.map(Vec::as_slice).unwrap_or_default()
}

fn secret_from(source: &Value) -> Option<&str> {
    Some(name_in(source.get("secretRef")?, "name"))
}

fn mount_token(spec: &mut PodSpec, stream: &mut Stream) {
    let volumes = spec.volumes.iter().flatten();
    let own = volumes.map(|volume| &volume.name).find(|name| name.starts_with(TOKEN_VOLUME));
    let (own, name) = match own {
        Some(name) => (true, name.clone()),
        None => (false, format!("{TOKEN_VOLUME}{}", stream.name_suffix(5))),
    };
    let mut needed = false;
    for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        let mounts = container.volume_mounts.get_or_insert_default();
        if mounts.iter().all(|mount| mount.mount_path != TOKEN_PATH) {
            needed = true;
            mounts.push(VolumeMount {
                name: name.clone(),
                read_only: Some(true),
                mount_path: TOKEN_PATH.into(),
                ..VolumeMount::default()
            });
        }
    }
    if needed && !own {
        spec.volumes.get_or_insert_default().push(token_volume(name));
    }
}

fn token_volume(name: String) -> Volume {
    let namespace = json!({ "apiVersion": "v1", "fieldPath": "metadata.namespace" });
    let mut volume = Volume { name, ..Volume::default() };
    let sources = json!([
        { "serviceAccountToken": { "expirationSeconds": TOKEN_SECONDS, "path": "token" } },
        {
            "configMap": {
                "name": "kube-root-ca.crt",
                "items": [{ "key": "ca.crt", "path": "ca.crt" }],
            },
        },
        { "downwardAPI": { "items": [{ "path": "namespace", "fieldRef": namespace }] } },
    ]);
    let projected = json!({ "defaultMode": 420, "sources": sources });
    volume.rest.insert("projected".into(), projected);
    volume
}

/// P4.6: only with the account's annotation, which is read by Go's `strconv.ParseBool`; what does not parse is off.
fn enforces_mountable(account: &ServiceAccount) -> bool {
    let written = account.metadata.annotations.as_ref().and_then(|all| all.get(ENFORCE));
    written.is_some_and(|text| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"))
}

fn check_mountable(account: &ServiceAccount, spec: &PodSpec) -> Result<(), String> {
    let name = account.metadata.name.as_deref().unwrap_or_default();
    for volume in spec.volumes.iter().flatten().filter_map(|volume| volume.source("secret")) {
        let secret = name_in(volume, "secretName");
        if !mountable(account, secret) {
            return Err(format!(
                "volume with secret.secretName=\"{secret}\" is not allowed because service account {name} does not reference that secret"
            ));
        }
    }
    let inits = spec.init_containers.iter().flatten();
    let inits = inits.map(|one| User { what: "init container", one });
    let containers = spec.containers.iter().map(|one| User { what: "container", one });
    inits.chain(containers).try_for_each(|user| user.check(account))?;
    let listed = |secret: &str| {
        account.image_pull_secrets.iter().flatten().any(|reference| reference.name == secret)
    };
    for (index, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        let secret = &secret.name;
        if !listed(secret) {
            return Err(format!(
                "imagePullSecrets[{index}].name=\"{secret}\" is not allowed because service account {name} does not reference that imagePullSecret"
            ));
        }
    }
    Ok(())
}

fn mountable(account: &ServiceAccount, secret: &str) -> bool {
    let names = account.secrets.iter().flatten().map(|secret| secret.name.as_deref());
    names.into_iter().any(|name| name.unwrap_or_default() == secret)
}

/// A container of any sort, as far as it uses Secrets.
struct User<'a> {
    what: &'static str,
    one: &'a Container,
}

impl User<'_> {
    fn check(&self, account: &ServiceAccount) -> Result<(), String> {
        let Self { what, one: Container { name, env, env_from, .. } } = self;
        let refuse = |how: String, secret: &str| {
            let account = account.metadata.name.as_deref().unwrap_or_default();
            Err(format!(
                "{what} {name} with {how} referencing secret.secretName=\"{secret}\" is not allowed because service account {account} does not reference that secret"
            ))
        };
        for variable in env.iter().flatten() {
            if let Some(secret) = variable.secret().filter(|name| !mountable(account, name)) {
                return refuse(format!("envVar {}", variable.name), secret);
            }
        }
        for source in env_from.iter().flatten() {
            if let Some(secret) = secret_from(source).filter(|name| !mountable(account, name)) {
                return refuse("envFrom".into(), secret);
            }
        }
        Ok(())
    }
}

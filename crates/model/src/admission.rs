//! What admission plugins make of a Pod as it is written: ServiceAccount (P4), AlwaysPullImages (P3), and the defaults
//! of Priority and DefaultTolerationSeconds.
//! *Sources: kubernetes v1.35.6 plugin/pkg/admission/{serviceaccount,alwayspullimages,priority,defaulttolerationseconds}.*

use k8s_openapi::api::core::v1::{
    ConfigMapProjection, Container, DownwardAPIProjection, DownwardAPIVolumeFile, EnvFromSource,
    EnvVar, EphemeralContainer, KeyToPath, ObjectFieldSelector, Pod, PodSpec,
    ProjectedVolumeSource, ServiceAccount, ServiceAccountTokenProjection, Toleration, Volume,
    VolumeMount, VolumeProjection,
};

use crate::api::ApiError;
use crate::object::{Kind, Object};
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
        let containers = spec.ephemeral_containers.iter().flatten().map(User::from);
        containers.into_iter().try_for_each(|user| user.check(account)).map_err(forbidden)
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
    let volumes = spec.volumes.iter_mut().flatten().filter_map(|volume| volume.image.as_mut());
    volumes.for_each(|image| image.pull_policy = always());
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
    let projected = spec.volumes.iter().flatten().filter_map(|volume| volume.projected.as_ref());
    let mut sources = projected.flat_map(|projected| projected.sources.iter().flatten());
    if sources.any(|source| source.service_account_token.is_some()) {
        return Err("a mirror pod may not use ServiceAccountToken volume projections");
    }
    Ok(())
}

/// *Source: pkg/api/pod/util.go VisitPodSecretNames.*
fn names_secrets(spec: &PodSpec) -> bool {
    let some = |name: &str| !name.is_empty();
    let users = spec
        .init_containers
        .iter()
        .flatten()
        .chain(&spec.containers)
        .map(|container| (&container.env, &container.env_from))
        .chain(spec.ephemeral_containers.iter().flatten().map(|one| (&one.env, &one.env_from)));
    let by_containers = users.into_iter().any(|(env, from)| {
        env.iter().flatten().any(|variable| secret_of(variable).is_some_and(some))
            || from.iter().flatten().any(|source| secret_from(source).is_some_and(some))
    });
    let by_volumes = spec.volumes.iter().flatten().any(|volume| {
        let reference = |reference: &Option<k8s_openapi::api::core::v1::LocalObjectReference>| {
            reference.as_ref().is_some_and(|secret| some(&secret.name))
        };
        let projected = volume.projected.as_ref().and_then(|volume| volume.sources.as_ref());
        volume.secret.as_ref().and_then(|secret| secret.secret_name.as_deref()).is_some_and(some)
            || volume.csi.as_ref().is_some_and(|csi| reference(&csi.node_publish_secret_ref))
            || volume.cephfs.as_ref().is_some_and(|volume| reference(&volume.secret_ref))
            || volume.rbd.as_ref().is_some_and(|volume| reference(&volume.secret_ref))
            || volume.iscsi.as_ref().is_some_and(|volume| reference(&volume.secret_ref))
            || volume.flex_volume.as_ref().is_some_and(|volume| reference(&volume.secret_ref))
            || volume.azure_file.as_ref().is_some_and(|volume| some(&volume.secret_name))
            || projected
                .into_iter()
                .flatten()
                .any(|source| source.secret.as_ref().is_some_and(|secret| some(&secret.name)))
    });
    by_containers
        || by_volumes
        || spec.image_pull_secrets.iter().flatten().any(|secret| some(&secret.name))
}

fn secret_of(variable: &EnvVar) -> Option<&str> {
    Some(variable.value_from.as_ref()?.secret_key_ref.as_ref()?.name.as_str())
}

fn secret_from(source: &EnvFromSource) -> Option<&str> {
    Some(source.secret_ref.as_ref()?.name.as_str())
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
    let token = ServiceAccountTokenProjection {
        expiration_seconds: Some(TOKEN_SECONDS),
        path: "token".into(),
        audience: None,
    };
    let root = KeyToPath { key: "ca.crt".into(), path: "ca.crt".into(), mode: None };
    let certificate = ConfigMapProjection {
        name: "kube-root-ca.crt".into(),
        items: Some(vec![root]),
        optional: None,
    };
    let field = ObjectFieldSelector {
        api_version: Some("v1".into()),
        field_path: "metadata.namespace".into(),
    };
    let namespace = DownwardAPIVolumeFile {
        path: "namespace".into(),
        field_ref: Some(field),
        ..DownwardAPIVolumeFile::default()
    };
    let downward = DownwardAPIProjection { items: Some(vec![namespace]) };
    let sources = vec![
        VolumeProjection { service_account_token: Some(token), ..VolumeProjection::default() },
        VolumeProjection { config_map: Some(certificate), ..VolumeProjection::default() },
        VolumeProjection { downward_api: Some(downward), ..VolumeProjection::default() },
    ];
    let projected = ProjectedVolumeSource { default_mode: Some(420), sources: Some(sources) };
    Volume { name, projected: Some(projected), ..Volume::default() }
}

/// P4.6: only with the account's annotation, which is read by Go's `strconv.ParseBool`; what does not parse is off.
fn enforces_mountable(account: &ServiceAccount) -> bool {
    let written = account.metadata.annotations.as_ref().and_then(|all| all.get(ENFORCE));
    written.is_some_and(|text| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"))
}

fn check_mountable(account: &ServiceAccount, spec: &PodSpec) -> Result<(), String> {
    let name = account.metadata.name.as_deref().unwrap_or_default();
    for volume in spec.volumes.iter().flatten().filter_map(|volume| volume.secret.as_ref()) {
        let secret = volume.secret_name.as_deref().unwrap_or_default();
        if !mountable(account, secret) {
            return Err(format!(
                "volume with secret.secretName=\"{secret}\" is not allowed because service account {name} does not reference that secret"
            ));
        }
    }
    let inits = spec.init_containers.iter().flatten();
    inits.map(|one| User::of("init container", one)).try_for_each(|user| user.check(account))?;
    let containers = spec.containers.iter();
    containers.map(|one| User::of("container", one)).try_for_each(|user| user.check(account))?;
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
    name: &'a str,
    env: &'a Option<Vec<EnvVar>>,
    env_from: &'a Option<Vec<EnvFromSource>>,
}

impl<'a> User<'a> {
    fn of(what: &'static str, one: &'a Container) -> Self {
        Self { what, name: &one.name, env: &one.env, env_from: &one.env_from }
    }

    fn check(&self, account: &ServiceAccount) -> Result<(), String> {
        let Self { what, name, env, env_from } = self;
        let refuse = |how: String, secret: &str| {
            let account = account.metadata.name.as_deref().unwrap_or_default();
            Err(format!(
                "{what} {name} with {how} referencing secret.secretName=\"{secret}\" is not allowed because service account {account} does not reference that secret"
            ))
        };
        for variable in env.iter().flatten() {
            if let Some(secret) = secret_of(variable).filter(|name| !mountable(account, name)) {
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

impl<'a> From<&'a EphemeralContainer> for User<'a> {
    fn from(one: &'a EphemeralContainer) -> Self {
        let what = "ephemeral container";
        Self { what, name: &one.name, env: &one.env, env_from: &one.env_from }
    }
}

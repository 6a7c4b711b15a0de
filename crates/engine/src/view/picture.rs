//! The cluster picture at a moment.

use pullpath_lesson::grade::deed;
use pullpath_model::cloud::IRSA_ANNOTATION;
use pullpath_model::cluster::Cluster;
use pullpath_model::docker_config::{self, Parsed};
use pullpath_model::node::Node;
use pullpath_model::object::{Kind, Object, Workload};
use pullpath_model::ordered;
use pullpath_model::pod::PodRun;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::Token;
use pullpath_model::trace::AttemptTrace;
use pullpath_model::world::{Manifest, Reach, Registry};
use pullpath_view::Action;
use pullpath_view::pane::{NamespaceBox, NodeBox, Picture, Thing, Tone, Verb};
use pullpath_view::wire::Query;

use super::goals::lost;
use super::{ids, ladder};
use crate::session::Session;

pub(crate) fn picture(
    session: &Session,
    cluster: &Cluster,
    query: &Query,
    trace: Option<&AttemptTrace>,
) -> Picture {
    let namespaces = cluster
        .store
        .list(Kind::Namespace)
        .map(|object| object.name().to_owned())
        .filter(|name| !matches!(name.as_str(), "kube-system") && is_used(cluster, name));
    let mut picture = Picture {
        namespaces: namespaces.map(|name| namespace(cluster, &name)).collect(),
        nodes: cluster.nodes().map(|node| node_box(cluster, node)).collect(),
        registries: session
            .scenario
            .world()
            .registries
            .iter()
            .map(|(host, registry)| Thing {
                id: ids::registry(host),
                kind: "Registry".into(),
                name: host.clone(),
                status: registry.kind.title().into(),
                tone: Tone::Neutral,
                facts: registry_facts(registry),
                command: String::new(),
                verbs: Vec::new(),
            })
            .collect(),
        path: trace.map(ladder::path),
        selected: query.selection.clone(),
    };
    tell_costs(session, &mut picture);
    picture
}

/// What a button costs stands on it.
fn tell_costs(session: &Session, picture: &mut Picture) {
    let penalties = session.scenario.penalties();
    if penalties.deeds.is_empty() {
        return;
    }
    let workloads = picture.namespaces.iter_mut().flat_map(|namespace| &mut namespace.workloads);
    let pods = picture.nodes.iter_mut().flat_map(|node| &mut node.pods);
    for verb in workloads.chain(pods).flat_map(|thing| &mut thing.verbs) {
        let cost = deed(&verb.action).map_or(0, |deed| penalties.of(&deed));
        if cost > 0 {
            verb.label = format!("{} ({})", verb.label, lost(cost));
        }
    }
}

/// What a registry's own page would tell: its repositories with their tags, what it fetches elsewhere, its limit.
fn registry_facts(registry: &Registry) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    for (path, repository) in &registry.repositories {
        let tags: Vec<String> = repository
            .tags
            .iter()
            .map(|(tag, image)| match &image.manifest {
                Manifest::Single => tag.clone(),
                Manifest::Index(platforms) => format!("{tag} ({})", platforms.join(", ")),
            })
            .collect();
        facts.push((path.clone(), tags.join(", ")));
    }
    for rule in &registry.caches {
        let prefix = if rule.prefix.is_empty() { "everything" } else { &rule.prefix };
        facts.push((format!("{prefix}/…"), format!("fetched from {} and kept", rule.upstream)));
    }
    if let Some(limit) = registry.limit {
        let pulls = format!("{} in six hours from one address, without a login", limit.pulls);
        facts.push(("pulls".into(), pulls));
    }
    facts
}

fn is_used(cluster: &Cluster, namespace: &str) -> bool {
    let in_it = |kind| cluster.store.list(kind).any(|object| object.namespace() == namespace);
    let mut kinds = Workload::ALL.into_iter().map(Workload::kind).chain([Kind::Pod, Kind::Secret]);
    kinds.any(in_it)
}

fn namespace(cluster: &Cluster, name: &str) -> NamespaceBox {
    let things = |kind, make: fn(&Cluster, &Object) -> Thing| -> Vec<Thing> {
        let objects = cluster.store.list(kind).filter(|object| object.namespace() == name);
        objects.map(|object| make(cluster, object)).collect()
    };
    let own = Workload::ALL.into_iter().flat_map(|of| cluster.store.list_in(of.kind(), name));
    // What a Deployment or a CronJob made stands for itself in its Pods.
    let own = own.filter(|object| object.metadata().owner_references.is_none());
    NamespaceBox {
        name: name.to_owned(),
        workloads: own.filter_map(|object| workload(cluster, object)).collect(),
        service_accounts: things(Kind::ServiceAccount, service_account),
        secrets: things(Kind::Secret, secret),
    }
}

fn workload(cluster: &Cluster, object: &Object) -> Option<Thing> {
    let (namespace, name) = (object.namespace(), object.name());
    let kind = object.kind().workload()?;
    let progress = cluster.progress(&object.key());
    let ready = progress.pods.iter().filter(|pod| pod.came_through()).count() as u32;
    let wanted = progress.wanted;
    let template = object.pod_template()?;
    let spec = &template["spec"];
    let texts = |list: &str, field: &str| -> Vec<String> {
        let items = spec[list].as_array().into_iter().flatten();
        items.filter_map(|item| Some(item[field].as_str()?.to_owned())).collect()
    };
    let account = spec["serviceAccountName"].as_str().unwrap_or("default (none is named)");
    let mut facts = vec![
        ("serviceAccountName".into(), account.into()),
        ("imagePullSecrets".into(), or_none(&texts("imagePullSecrets", "name"))),
        ("image".into(), texts("containers", "image").join(", ")),
    ];
    let (status, tone) = match kind {
        Workload::CronJob if progress.pods.is_empty() => {
            ("has not run yet".to_owned(), Tone::Neutral)
        }
        Workload::CronJob | Workload::Job => {
            (format!("{ready} of {wanted} came through"), good_if(ready >= wanted))
        }
        Workload::Deployment
        | Workload::ReplicaSet
        | Workload::StatefulSet
        | Workload::DaemonSet => (format!("{ready} of {wanted} ready"), good_if(ready >= wanted)),
    };
    if let Some(schedule) = object.to_value()["spec"]["schedule"].as_str() {
        facts.push(("schedule".into(), schedule.into()));
    }
    let restart = Verb {
        label: "Restart rollout".into(),
        action: Action::RestartRollout { namespace: namespace.into(), deployment: name.into() },
    };
    Some(Thing {
        id: ids::workload(kind, namespace, name),
        kind: object.kind().name().into(),
        name: name.into(),
        status,
        tone,
        facts,
        command: format!("kubectl describe {} -n {namespace} {name}", kind.word()),
        verbs: if kind == Workload::Deployment { vec![restart] } else { Vec::new() },
    })
}

const fn good_if(holds: bool) -> Tone {
    if holds { Tone::Good } else { Tone::Bad }
}

fn service_account(cluster: &Cluster, object: &Object) -> Thing {
    let Object::ServiceAccount(account) = object else { unreachable!("listed by kind") };
    let (namespace, name) = (object.namespace(), object.name());
    let list: Vec<String> =
        account.image_pull_secrets.iter().flatten().map(|secret| secret.name.clone()).collect();
    let used = cluster
        .pods()
        .iter()
        .filter(|pod| *pod.key.namespace == *namespace && *pod.service_account == *name)
        .count();
    let mut facts = vec![
        ("imagePullSecrets".into(), or_none(&list)),
        ("used by".into(), format!("{used} {}", if used == 1 { "Pod" } else { "Pods" })),
    ];
    // E31: what people take for the Pod's identity at the registry.
    let annotations = account.metadata.annotations.iter().flatten();
    for (_, role) in annotations.filter(|(key, _)| *key == IRSA_ANNOTATION) {
        let role = role.rsplit('/').next().unwrap_or_default();
        facts
            .push(("IAM role (IRSA)".into(), format!("{role}: for its containers, not for pulls")));
    }
    Thing {
        id: ids::service_account(namespace, name),
        kind: "ServiceAccount".into(),
        name: name.into(),
        status: if list.is_empty() {
            "no pull secrets".into()
        } else {
            format!("gives {}", list.join(", "))
        },
        tone: Tone::Neutral,
        facts,
        command: format!("kubectl describe serviceaccount -n {namespace} {name}"),
        verbs: Vec::new(),
    }
}

fn secret(cluster: &Cluster, object: &Object) -> Thing {
    let Object::Secret(secret) = object else { unreachable!("listed by kind") };
    let (namespace, name) = (object.namespace(), object.name());
    let secret_type = secret.type_.clone().unwrap_or_default();
    let data = secret.data.iter().flatten();
    let data = ordered::map(data.map(|(key, value)| (key.clone(), value.0.clone())));
    let parsed = docker_config::parse(&secret_type, &data);
    let mut facts = vec![("type".to_owned(), secret_type)];
    let tone = match &parsed {
        Parsed::Ignored { why } => {
            facts.push(("as a pull secret".into(), format!("passed over: {why}")));
            Tone::Neutral
        }
        Parsed::Undecodable(why) => {
            facts.push(("as a pull secret".into(), format!("not decodable: {why}")));
            Tone::Bad
        }
        Parsed::Entries(entries) => {
            let hosts: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
            facts.push(("auths".into(), hosts.join(", ")));
            Tone::Neutral
        }
    };
    // What a look at the cluster alone cannot show stays for the timeline: whether the token in it is still good.
    Thing {
        id: ids::secret(namespace, name),
        kind: "Secret".into(),
        name: name.into(),
        status: match &parsed {
            Parsed::Entries(entries) => match token_of(cluster, entries) {
                Some(token) => age_words(cluster.now(), token),
                None => "registry credential".into(),
            },
            Parsed::Ignored { .. } => "no registry credential".into(),
            Parsed::Undecodable(_) => "not decodable".into(),
        },
        tone,
        facts,
        command: format!("kubectl get secret -n {namespace} {name} -o yaml"),
        verbs: Vec::new(),
    }
}

fn token_of<'a>(cluster: &'a Cluster, entries: &[docker_config::Entry]) -> Option<&'a Token> {
    let find = |entry: &docker_config::Entry| cluster.mint().find(entry.login.password.reveal());
    entries.iter().find_map(find).map(AsRef::as_ref)
}

fn age_words(now: SimTime, token: &Token) -> String {
    let minutes = now.since(token.issued).as_millis() / 60_000;
    if minutes < 60 {
        format!("token {minutes} min old")
    } else {
        format!("token {} h old", minutes / 60)
    }
}

fn node_box(cluster: &Cluster, node: &Node) -> NodeBox {
    let name = &node.spec.name;
    let pods = cluster.pods().into_iter().filter(|pod| pod.node.as_deref() == Some(name.as_str()));
    let mut facts =
        vec![("container runtime".to_owned(), format!("containerd {}", node.spec.containerd))];
    facts.push(("kubelet".into(), super::release(node.kubernetes)));
    facts.push(("platform".into(), node.spec.platform.clone()));
    for (registry, config) in &node.spec.hosts {
        let mirrors = config.mirrors.iter().map(|mirror| (mirror.host.as_str(), mirror.reach));
        let own = [(registry.as_str(), config.server)];
        let hosts: Vec<String> = mirrors.chain(own).map(reached).collect();
        facts.push((format!("hosts.toml of {registry}"), hosts.join(", then ")));
    }
    if let Some(identity) = &node.spec.identity {
        facts.push(("identity".into(), identity.clone()));
    }
    if let Some(role) = &node.spec.role {
        facts.push(("IAM role".into(), role.clone()));
        let policies = cluster.roles().policies(role).unwrap_or_default();
        let short: Vec<String> = policies
            .iter()
            .map(|arn| arn.rsplit('/').next().unwrap_or_default().to_owned())
            .collect();
        facts.push(("policies".into(), or_none(&short)));
    }
    let providers: Vec<String> =
        node.spec.providers.iter().map(|provider| provider.name.clone()).collect();
    facts.push(("credential providers".into(), or_none(&providers)));
    let age = cluster.now().since(node.spec.joins);
    NodeBox {
        node: Thing {
            id: ids::node(name),
            kind: "Node".into(),
            name: name.clone(),
            status: if age < Span::hours(1) {
                format!("joined {} min ago", age.as_millis() / 60_000)
            } else {
                "Ready".into()
            },
            tone: Tone::Neutral,
            facts,
            command: format!("kubectl describe node {name}"),
            verbs: Vec::new(),
        },
        pods: pods.map(pod_thing).collect(),
        images: node.images().map(str::to_owned).collect(),
    }
}

/// A host of a `hosts.toml`, and how it is asked.
fn reached((host, reach): (&str, Reach)) -> String {
    match reach {
        Reach::Tls => format!("https://{host}"),
        Reach::TlsWithCa => format!("https://{host} (own ca)"),
        Reach::TlsUnverified => format!("https://{host} (skip_verify)"),
        Reach::Http => format!("http://{host}"),
    }
}

fn pod_thing(pod: &PodRun) -> Thing {
    let (namespace, name) = (pod.key.namespace.to_string(), pod.key.name.to_string());
    let list: Vec<String> = pod.pull_secrets.iter().map(ToString::to_string).collect();
    let tone = match &*pod.status {
        "Running" => Tone::Good,
        "ContainerCreating" | "Pending" | "PodInitializing" | "Terminating" => Tone::Waiting,
        _ => Tone::Bad,
    };
    Thing {
        id: ids::pod(&namespace, &name),
        kind: "Pod".into(),
        status: pod.status.to_string(),
        tone,
        facts: vec![
            ("serviceAccountName".into(), pod.service_account.to_string()),
            ("imagePullSecrets".into(), or_none(&list)),
            (
                "image".into(),
                pod.containers
                    .iter()
                    .map(|one| one.image.to_string())
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            ("created".into(), ladder::clock(pod.created)),
            ("attempts".into(), pod.attempts.to_string()),
        ],
        command: format!("kubectl describe pod -n {namespace} {name}"),
        verbs: vec![Verb {
            label: "Delete Pod".into(),
            action: Action::DeletePod { namespace, name: name.clone() },
        }],
        name,
    }
}

fn or_none(list: &[String]) -> String {
    if list.is_empty() { "none".into() } else { list.join(", ") }
}

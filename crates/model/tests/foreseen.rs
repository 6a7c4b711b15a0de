//! What is foreseen comes: Pods that are known to fail are not asked about at each attempt, sleep through syncs and run
//! ahead of the rest, and nobody can tell. Each world here is one in which that could go wrong.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fmt::Write as _;
use std::sync::Arc;

use pullpath_model::cluster::Cluster;
use pullpath_model::log::{Entry, Fact};
use pullpath_model::time::{SimTime, Span};
use pullpath_model::trace::AttemptResult;
use pullpath_model::world::{
    Image, KubeletConfig, NodeSpec, Outage, Part, ProviderSpec, RateLimit, Registry, RegistryKind,
    Repository, RoleSpec, TokenSpec, Trouble, Version, World,
};
use serde_json::{Value, json};

const OPEN: &str = "registry.example.com";
const ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const WORKER: &str = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";

/// How long each story is, in hours.
const HOURS: i64 = 8;

fn hour(hours: i64) -> SimTime {
    SimTime::START + Span::hours(hours)
}

/// An open registry, an ECR one, a token that is good until the sixth hour, and two nodes.
fn world() -> World {
    let image = Image { bytes: 20 << 20, ..Image::default() };
    let tags = [("1".to_owned(), image)];
    let repository = Repository { tags: tags.into(), ..Repository::default() };
    let registry = |kind| Registry {
        kind,
        repositories: [("team/app".to_owned(), repository.clone())].into(),
        ..Registry::default()
    };
    let role = |policy: &str| RoleSpec { policies: vec![policy.into()], ..RoleSpec::default() };
    let token = TokenSpec {
        registry: ECR.into(),
        issued: hour(-6),
        role: "builder".into(),
        ..TokenSpec::default()
    };
    let node = |name: &str| NodeSpec {
        name: name.into(),
        role: Some("nodes".into()),
        ..NodeSpec::default()
    };
    World {
        seed: 7,
        registries: [
            (OPEN.to_owned(), registry(RegistryKind::Open)),
            (ECR.to_owned(), registry(RegistryKind::Ecr)),
        ]
        .into(),
        tokens: [("until-six".to_owned(), token)].into(),
        roles: [("builder".to_owned(), role(PULL_ONLY)), ("nodes".to_owned(), role(WORKER))].into(),
        nodes: vec![node("worker-1"), node("worker-2")],
        ..World::default()
    }
}

fn open(world: &mut World) -> &mut Registry {
    world.registries.get_mut(OPEN).unwrap()
}

fn app(world: &mut World) -> &mut Image {
    let repository = open(world).repositories.get_mut("team/app").unwrap();
    repository.tags.get_mut("1").unwrap()
}

fn outage(trouble: Trouble, from: Option<i64>, until: Option<i64>) -> Outage {
    Outage { trouble, part: Part::Registry, from: from.map(hour), until: until.map(hour) }
}

fn deployment(name: &str, replicas: u32, spec: Value) -> Value {
    let labels = json!({ "app": name });
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec}}})
}

fn of_image(replicas: u32, image: &str) -> Value {
    deployment("web", replicas, json!({"containers": [{"name": "web", "image": image}]}))
}

fn missing(replicas: u32) -> Value {
    of_image(replicas, &format!("{OPEN}/team/app:2"))
}

fn secret(cluster: &Cluster) -> Value {
    let password = cluster.mint().get("until-six").unwrap().text.reveal().to_owned();
    let config = json!({"auths": {ECR: {"username": "AWS", "password": password}}}).to_string();
    json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "ecr", "namespace": "default"}, "stringData": {".dockerconfigjson": config}})
}

/// A story: a world, what is in it, and what somebody does in the third hour.
struct Story {
    name: &'static str,
    world: World,
    objects: Vec<Value>,
    then: fn(&mut Cluster),
}

fn stories() -> Vec<Story> {
    let nobody: fn(&mut Cluster) = |_| {};
    let story = |name, change: fn(&mut World), objects: Vec<Value>, then| {
        let mut world = world();
        change(&mut world);
        Story { name, world, objects, then }
    };
    let ecr = format!("{ECR}/team/app:1");
    let good = format!("{OPEN}/team/app:1");
    let bad = format!("{OPEN}/team/app:2");
    vec![
        story("no such tag", |_| {}, vec![missing(6)], nobody),
        story(
            "another error for a while",
            |world| {
                open(world).outages = vec![outage(Trouble::Refused, Some(2), Some(4))];
            },
            vec![missing(4)],
            nobody,
        ),
        story(
            "a registry that comes back",
            |world| open(world).outages = vec![outage(Trouble::NoRoute, None, Some(5))],
            vec![of_image(4, &good)],
            nobody,
        ),
        story(
            "an image that comes",
            |world| app(world).pushed = Some(hour(5)),
            vec![of_image(4, &good)],
            nobody,
        ),
        story(
            "a registry that counts",
            |world| {
                let hub = open(world);
                hub.kind = RegistryKind::DockerHub;
                hub.limit = Some(RateLimit { pulls: 10, used: 0 });
                hub.repositories.get_mut("team/app").unwrap().public = true;
            },
            vec![
                of_image(3, &good),
                deployment(
                    "other",
                    3,
                    json!({"containers": [
                {"name": "other", "image": good, "imagePullPolicy": "Always"}, {"name": "no", "image": bad}]}),
                ),
            ],
            nobody,
        ),
        story(
            "a node that may pull once in a second",
            |world| {
                world.nodes.truncate(1);
                world.nodes[0].config = KubeletConfig {
                    registry_pull_qps: 1,
                    registry_burst: 1,
                    serialize_image_pulls: false,
                    ..KubeletConfig::default()
                };
            },
            vec![missing(12)],
            nobody,
        ),
        story(
            "a provider whose answer is kept for an hour",
            |world| {
                let provider = ProviderSpec {
                    name: "ecr-credential-provider".into(),
                    match_images: vec!["*.dkr.ecr.*.amazonaws.com".into()],
                    default_cache_seconds: 3600,
                    ..ProviderSpec::default()
                };
                world.nodes[0].providers = vec![provider];
            },
            vec![of_image(4, &ecr)],
            nobody,
        ),
        story(
            "a role that gets its policy",
            |_| {},
            vec![of_image(4, &ecr)],
            |cluster| {
                let role = json!({"apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": "Role",
                    "metadata": {"name": "nodes", "namespace": "default"},
                    "spec": {"name": "nodes", "assumeRolePolicyDocument": "{}", "policies": [PULL_ONLY]}});
                cluster.apply(&role).unwrap();
            },
        ),
        story(
            "a Secret that comes",
            |_| {},
            vec![deployment(
                "web",
                3,
                json!({"imagePullSecrets": [{"name": "ecr"}],
                "containers": [{"name": "web", "image": ecr, "imagePullPolicy": "Always"}]}),
            )],
            |cluster| {
                let secret = secret(cluster);
                cluster.apply(&secret).unwrap();
            },
        ),
        story(
            "an image that somebody else brings, to a kubelet that does not ask for whom",
            |world| {
                world.kubernetes = Version::new(1, 34, 2);
                world.nodes.truncate(1);
            },
            vec![of_image(3, &ecr)],
            |cluster| {
                let secret = secret(cluster);
                cluster.apply(&secret).unwrap();
                let other = deployment(
                    "other",
                    1,
                    json!({"imagePullSecrets": [{"name": "ecr"}],
                    "containers": [{"name": "other", "image": format!("{ECR}/team/app:1")}]}),
                );
                cluster.apply(&other).unwrap();
            },
        ),
        story(
            "an image that comes past the kubelet",
            |world| world.kubernetes = Version::new(1, 34, 2),
            vec![of_image(4, &ecr)],
            |cluster| {
                let login = pullpath_model::credential::Login {
                    username: "AWS".into(),
                    email: String::new(),
                    password: cluster.mint().get("until-six").unwrap().text.clone(),
                };
                cluster
                    .crictl_pull("worker-1", &format!("{ECR}/team/app:1"), Some(&login))
                    .unwrap();
            },
        ),
        story(
            "several containers, of one image and of others",
            |world| open(world).outages = vec![outage(Trouble::Refused, Some(5), Some(6))],
            vec![
                deployment(
                    "web",
                    2,
                    json!({"containers": [
                    {"name": "one", "image": bad}, {"name": "two", "image": bad}, {"name": "three", "image": good},
                    {"name": "four", "image": "Not/A/Name:"}, {"name": "five", "image": good, "imagePullPolicy": "Never"},
                    {"name": "six", "image": ecr}]}),
                ),
                deployment(
                    "late",
                    2,
                    json!({"initContainers": [{"name": "first", "image": ecr}],
                    "containers": [{"name": "app", "image": good}]}),
                ),
                deployment(
                    "runs",
                    2,
                    json!({"imagePullSecrets": [{"name": "gone"}],
                    "containers": [{"name": "app", "image": good}]}),
                ),
            ],
            |cluster| cluster.restart_kubelet("worker-2"),
        ),
        story(
            "a node that is lost, and Pods that go",
            |world| world.nodes[1].leaves = Some(hour(4)),
            vec![missing(4)],
            |cluster| {
                let pod = Arc::clone(&cluster.pods()[0].key);
                cluster.delete_pod("default", &pod.name).unwrap();
            },
        ),
    ]
}

impl Story {
    fn begun(&self) -> Cluster {
        let mut cluster = Cluster::new(&Arc::new(self.world.clone()));
        for object in &self.objects {
            cluster.apply(object).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        }
        cluster
    }

    /// The story when somebody looks every so often.
    fn told(&self, mut cluster: Cluster, step: Span) -> (Vec<Entry>, String) {
        let mut log = Vec::new();
        for (end, then) in [(hour(3), self.then), (hour(HOURS), |_: &mut Cluster| {})] {
            while cluster.now() < end {
                cluster.run_until((cluster.now() + step).min(end));
                log.append(&mut cluster.take_log());
            }
            then(&mut cluster);
        }
        let mut seen = String::new();
        for event in cluster.events() {
            writeln!(seen, "{}", event.to_value(0)).unwrap();
        }
        for pod in cluster.pods() {
            let status = cluster.pod_status(&pod.uid);
            writeln!(seen, "{} {} {status:?}", pod.key, pod.attempts).unwrap();
        }
        (log, seen)
    }
}

#[track_caller]
fn same(name: &str, one: &(Vec<Entry>, String), other: &(Vec<Entry>, String)) {
    let text = |(log, seen): &(Vec<Entry>, String)| {
        log.iter().map(|entry| format!("{entry}\n")).collect::<String>() + seen
    };
    let (one, other) = (text(one), text(other));
    let differing = one.lines().zip(other.lines()).find(|(line, against)| line != against);
    assert_eq!(differing, None, "{name}");
    assert_eq!(one.lines().count(), other.lines().count(), "{name}");
}

#[test]
fn looking_often_is_looking_once_is_asking_every_time() {
    for story in stories() {
        let once = story.told(story.begun(), Span::hours(HOURS));
        assert!(once.0.len() > 300, "{}: the story means something", story.name);
        same(story.name, &once, &story.told(story.begun(), Span::seconds(61)));
        same(story.name, &once, &story.told(story.begun(), Span::minutes(15)));
        let naive = story.begun().without_fast_forward();
        same(story.name, &once, &story.told(naive, Span::hours(HOURS)));
    }
}

/// A trace asks the registry, where the run relied on what was foreseen.
#[test]
fn a_trace_finds_what_the_run_said() {
    for story in stories() {
        let mut cluster = story.begun();
        cluster.run_until(hour(3));
        let start = cluster.clone();
        cluster.run_until(hour(HOURS));
        let log = cluster.take_log();
        for pod in start.pods() {
            let ended: Vec<_> = log
                .iter()
                .filter(|entry| entry.about == pod.key && entry.at > start.now())
                .filter_map(|entry| match &entry.fact {
                    Fact::AttemptEnded { attempt, failed } => Some((*attempt, *failed)),
                    _ => None,
                })
                .collect();
            for (attempt, failed) in ended.into_iter().step_by(23) {
                let trace = start.clone().trace_attempt(&pod.uid, attempt, hour(HOURS + 1));
                let told = match trace.map(|trace| trace.result) {
                    Some(AttemptResult::Failed { cause, .. }) => Some(Some(cause)),
                    Some(AttemptResult::Present | AttemptResult::Pulled) => Some(None),
                    None => None,
                };
                assert_eq!(told, Some(failed), "{}: {} attempt {attempt}", story.name, pod.key);
            }
        }
    }
}

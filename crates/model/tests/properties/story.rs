//! Stories drawn at random: a world, and what is done in it. The one place where inputs of the property tests are made.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use pullpath_model::api::{Method, PatchType, Request};
use pullpath_model::cluster::Cluster;
use pullpath_model::object::Kind;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::{
    Image, NodeSpec, ProviderSpec, Registry, RegistryKind, Repository, RoleSpec, TokenSpec, World,
};
use serde_json::{Value, json};

const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const OPEN: &str = "registry.example.com:5000";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";

/// The node that a Pod of its own is put on: no other Pod of a story comes there when the story says who runs where.
pub(crate) const APART: &str = "apart";

/// The namespace of that Pod.
pub(crate) const LONELY: &str = "lonely";

/// A world and what is done in it.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) seed: u64,
    pub(crate) nodes: Vec<Machine>,
    pub(crate) steps: Vec<Step>,
}

/// A node of the world, beside `worker-1`, which is always there.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    joins: i64,
    stays: Option<i64>,
    provider: bool,
    slow: bool,
}

/// One thing that is done.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// `kubectl apply`
    Apply(Thing),
    /// Any request about an object, also ones that no client of good manners sends.
    Send { method: Method, about: Thing, query: &'static str, odd: Option<(Index, usize)> },
    /// `kubectl delete pod` of one that there is.
    DeletePod(Index),
    /// `kubectl rollout restart`
    Restart { namespace: &'static str, name: &'static str },
    /// `aws ecr get-login-password`
    Mint,
    /// A node joins that the world did not know of.
    Join { provider: bool },
    /// Time goes by.
    Wait(Span),
}

/// A manifest.
#[derive(Debug, Clone)]
pub(crate) enum Thing {
    Namespace(&'static str),
    Secret { namespace: &'static str, name: &'static str, holds: Holds },
    Account { namespace: &'static str, name: &'static str, secrets: Vec<&'static str> },
    Pod { namespace: &'static str, name: &'static str, spec: Spec },
    Deployment { namespace: &'static str, name: &'static str, replicas: u32, spec: Spec },
    Workload { of: Workload, namespace: &'static str, replicas: u32, spec: Spec },
    Role { allowed: bool },
}

/// What looks after Pods in another way than a Deployment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Workload {
    StatefulSet { parallel: bool },
    DaemonSet,
    Job { indexed: bool, ends: &'static str },
    CronJob { policy: &'static str },
}

/// What a Secret holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holds {
    Good,
    Expired,
    /// The newest that was minted, or the good one.
    Minted,
    OtherHost,
    OtherPath,
    Opaque,
    Undecodable,
    NotJson,
    NoEntries,
}

/// What a Pod is made of.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    account: Option<&'static str>,
    secrets: Vec<&'static str>,
    init: Option<Container>,
    containers: Vec<Container>,
    node: Option<&'static str>,
}

/// A container.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    image: String,
    policy: Option<&'static str>,
}

const NAMESPACES: [&str; 3] = ["default", "payments", "search"];

/// A story. With `bound`, each Pod says which node it runs on, and none runs on [`APART`].
pub(crate) fn story(bound: bool) -> impl Strategy<Value = Story> {
    let steps = prop::collection::vec(step(bound), 1..24);
    (any::<u64>(), prop::collection::vec(machine(), 0..3), steps).prop_map(
        |(seed, nodes, steps)| {
            // Every story begins with something to be done in: refusals alone are dull.
            let mut all: Vec<Step> =
                NAMESPACES.into_iter().map(Thing::Namespace).map(Step::Apply).collect();
            all.extend(steps);
            Story { seed, nodes, steps: all }
        },
    )
}

fn machine() -> impl Strategy<Value = Machine> {
    let stays = prop::option::of(1..20_000i64);
    (-50..4000i64, stays, any::<bool>(), any::<bool>())
        .prop_map(|(joins, stays, provider, slow)| Machine { joins, stays, provider, slow })
}

fn step(bound: bool) -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => thing(bound).prop_map(Step::Apply),
        6 => wait().prop_map(Step::Wait),
        4 => send(bound),
        2 => any::<Index>().prop_map(Step::DeletePod),
        1 => (namespace(), deployment_name())
            .prop_map(|(namespace, name)| Step::Restart { namespace, name }),
        1 => Just(Step::Mint),
        1 => any::<bool>().prop_map(|provider| Step::Join { provider }),
    ]
}

fn send(bound: bool) -> impl Strategy<Value = Step> {
    use PatchType::{Apply, Json, Merge, Strategic};
    let patches = [Json, Merge, Strategic, Apply].map(Method::Patch);
    let method = prop_oneof![
        2 => Just(Method::Delete),
        3 => select(patches.to_vec()),
        1 => select(vec![Method::Get, Method::Post, Method::Put]),
    ];
    let query = prop_oneof![
        4 => Just(""),
        1 => select(vec!["dryRun=All", "fieldValidation=Strict", "fieldManager=x", "dryRun=Some", "%"]),
    ];
    let odd = prop::option::weighted(0.4, (any::<Index>(), 0..ODD.len()));
    (method, thing(bound), query, odd).prop_map(|(method, about, query, odd)| Step::Send {
        method,
        about,
        query,
        odd,
    })
}

/// What may stand anywhere in a body.
const ODD: [&str; 10] =
    ["null", "true", "7", "-1", "\"\"", "\"a b\"", "[]", "{}", "[null]", "{\"\": {}}"];

pub(crate) fn wait() -> impl Strategy<Value = Span> {
    prop_oneof![
        2 => (0..3_000i64).prop_map(Span::millis),
        3 => (3..120i64).prop_map(Span::seconds),
        2 => (2..40i64).prop_map(Span::minutes),
        1 => (1..7i64).prop_map(Span::hours),
    ]
}

fn thing(bound: bool) -> impl Strategy<Value = Thing> {
    let replicas = 0..5u32;
    prop_oneof![
        1 => select(&["payments", "Search", ""][..]).prop_map(Thing::Namespace),
        5 => (namespace(), secret_name(), holds())
            .prop_map(|(namespace, name, holds)| Thing::Secret { namespace, name, holds }),
        3 => (namespace(), select(&["default", "app"][..]), secret_names())
            .prop_map(|(namespace, name, secrets)| Thing::Account { namespace, name, secrets }),
        4 => (namespace(), select(&["one", "two"][..]), spec(bound))
            .prop_map(|(namespace, name, spec)| Thing::Pod { namespace, name, spec }),
        5 => (namespace(), deployment_name(), replicas, spec(bound)).prop_map(
            |(namespace, name, replicas, spec)| Thing::Deployment { namespace, name, replicas, spec }
        ),
        4 => (workload(), namespace(), 0..4u32, spec(bound)).prop_map(
            |(of, namespace, replicas, spec)| Thing::Workload { of, namespace, replicas, spec }
        ),
        1 => any::<bool>().prop_map(|allowed| Thing::Role { allowed }),
    ]
}

fn workload() -> impl Strategy<Value = Workload> {
    let ends = select(&["run", "sleep 70", "sleep 3; exit 1"][..]);
    prop_oneof![
        2 => any::<bool>().prop_map(|parallel| Workload::StatefulSet { parallel }),
        1 => Just(Workload::DaemonSet),
        2 => (any::<bool>(), ends).prop_map(|(indexed, ends)| Workload::Job { indexed, ends }),
        1 => select(&["Allow", "Forbid", "Replace"][..])
            .prop_map(|policy| Workload::CronJob { policy }),
    ]
}

fn namespace() -> impl Strategy<Value = &'static str> {
    // Mostly one, so that things meet.
    prop_oneof![8 => Just("payments"), 3 => select(&NAMESPACES[..]), 1 => Just("nowhere")]
}

fn deployment_name() -> impl Strategy<Value = &'static str> {
    select(&["web", "api"][..])
}

fn secret_name() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("ecr"), 1 => Just("other")]
}

fn secret_names() -> impl Strategy<Value = Vec<&'static str>> {
    let name = prop_oneof![6 => secret_name(), 1 => Just("gone"), 1 => Just("")];
    prop::collection::vec(name, 0..4)
}

fn holds() -> impl Strategy<Value = Holds> {
    use Holds::{
        Expired, Good, Minted, NoEntries, NotJson, Opaque, OtherHost, OtherPath, Undecodable,
    };
    let kinds = [Expired, Minted, OtherHost, OtherPath, Opaque, Undecodable, NotJson, NoEntries];
    prop_oneof![3 => Just(Good), 1 => Just(Opaque), 5 => select(kinds.to_vec())]
}

fn spec(bound: bool) -> impl Strategy<Value = Spec> {
    let account = prop::option::of(select(&["default", "app", "ghost"][..]));
    let containers = prop::collection::vec(container(), 1..3);
    let node = if bound {
        select(vec![Some("worker-1"), Some("worker-2")]).boxed()
    } else {
        prop_oneof![9 => Just(None), 1 => Just(Some("worker-1"))].boxed()
    };
    (account, secret_names(), prop::option::weighted(0.2, container()), containers, node).prop_map(
        |(account, secrets, init, containers, node)| Spec {
            account,
            secrets,
            init,
            containers,
            node,
        },
    )
}

fn container() -> impl Strategy<Value = Container> {
    let image = prop_oneof![
        6 => select(vec![
            format!("{HOST}/payment-api:3.0.0"),
            format!("{HOST}/payment-api:2.0.0"),
            format!("{OPEN}/team/app:1"),
        ]),
        2 => select(vec![
            format!("{HOST}/payment-api:9.9.9"),
            format!("{OPEN}/team/app"),
            format!("{OPEN}/gone:1"),
            "nowhere.example.org/app:1".to_owned(),
        ]),
        1 => select(vec!["Not An Image".to_owned(), String::new(), "nginx".to_owned()]),
    ];
    let policy =
        prop::option::of(select(&["Always", "IfNotPresent", "IfNotPresent", "Never", "Often"][..]));
    (image, policy).prop_map(|(image, policy)| Container { image, policy })
}

impl Story {
    /// The cluster before the first step.
    pub(crate) fn cluster(&self) -> Cluster {
        let image = |mib: u64| Image { bytes: mib << 20, ..Image::default() };
        let repository = |tags: &[(&str, u64)]| Repository {
            tags: tags.iter().map(|(tag, mib)| ((*tag).to_owned(), image(*mib))).collect(),
            ..Repository::default()
        };
        let registry = |kind, path: &str, repository| Registry {
            kind,
            repositories: [(path.to_owned(), repository)].into(),
            ..Registry::default()
        };
        let private = repository(&[("3.0.0", 48), ("2.0.0", 900)]);
        let role = |policies: &[&str]| RoleSpec {
            policies: policies.iter().map(|policy| (*policy).to_owned()).collect(),
            ..RoleSpec::default()
        };
        let worker = |name: &str, machine: &Machine| NodeSpec {
            name: name.to_owned(),
            joins: SimTime::START + Span::seconds(machine.joins),
            leaves: machine
                .stays
                .map(|stays| SimTime::START + Span::seconds(machine.joins + stays)),
            role: Some("nodes".to_owned()),
            providers: machine.provider.then(provider).into_iter().collect(),
            bandwidth_mib: if machine.slow { 1 } else { 50 },
            ..NodeSpec::default()
        };
        let always = Machine { joins: -100, stays: None, provider: false, slow: false };
        let mut nodes = vec![worker("worker-1", &always), worker(APART, &always)];
        for (index, machine) in self.nodes.iter().enumerate() {
            nodes.push(worker(&format!("worker-{}", index + 2), machine));
        }
        let world = World {
            epoch_seconds: 1_772_442_000,
            seed: self.seed,
            from: SimTime::START - Span::seconds(100),
            registries: BTreeMap::from([
                (HOST.to_owned(), registry(RegistryKind::Ecr, "payment-api", private)),
                (
                    OPEN.to_owned(),
                    registry(RegistryKind::Open, "team/app", repository(&[("1", 20)])),
                ),
            ]),
            tokens: BTreeMap::from([token("good", -1), token("old", -13)]),
            roles: BTreeMap::from([
                ("builder".to_owned(), role(&[PULL_ONLY])),
                ("nodes".to_owned(), role(&[])),
            ]),
            nodes,
            ..World::default()
        };
        Cluster::new(&Arc::new(world))
    }

    /// The cluster after all steps and an hour more, and what the API answered to each.
    pub(crate) fn told(&self, mut cluster: Cluster) -> (Cluster, String) {
        let mut told = String::new();
        for step in &self.steps {
            step.perform(&mut cluster, &mut told);
        }
        cluster.run_until(cluster.now() + Span::hours(1));
        (cluster, told)
    }
}

fn token(name: &str, hours: i64) -> (String, TokenSpec) {
    let issued = SimTime::START + Span::hours(hours);
    let (registry, role) = (HOST.into(), "builder".into());
    (name.to_owned(), TokenSpec { registry, issued, role, ..TokenSpec::default() })
}

fn provider() -> ProviderSpec {
    ProviderSpec {
        name: "ecr-credential-provider".into(),
        match_images: vec!["*.dkr.ecr.*.amazonaws.com".into()],
        default_cache_seconds: 12 * 3600,
        ..ProviderSpec::default()
    }
}

impl Step {
    /// Does it, and writes down what was answered.
    pub(crate) fn perform(&self, cluster: &mut Cluster, told: &mut String) {
        let answer = match self {
            Self::Apply(thing) => {
                let manifest = thing.manifest(cluster);
                match cluster.apply(&manifest) {
                    Ok(applied) => applied.to_string(),
                    Err(error) => error.to_string(),
                }
            }
            Self::Send { method, about, query, odd } => {
                let response = cluster.request(&about.request(cluster, *method, query, *odd));
                format!("{} {} {:?}", response.code, response.body, response.warnings)
            }
            Self::DeletePod(index) => {
                let keys: Vec<_> = cluster.pods().iter().map(|pod| pod.key.clone()).collect();
                let keys: Vec<_> =
                    keys.into_iter().filter(|key| &*key.namespace != LONELY).collect();
                if keys.is_empty() {
                    return;
                }
                let key = index.get(&keys);
                format!("{:?}", cluster.delete_pod(&key.namespace, &key.name))
            }
            Self::Restart { namespace, name } => {
                format!("{:?}", cluster.restart_rollout(namespace, name))
            }
            Self::Mint => cluster.mint_token(HOST, "builder").name.clone(),
            Self::Join { provider: has } => {
                let number = cluster.nodes().count();
                cluster.join_node(NodeSpec {
                    name: format!("late-{number}"),
                    joins: cluster.now(),
                    role: Some("nodes".to_owned()),
                    providers: has.then(provider).into_iter().collect(),
                    ..NodeSpec::default()
                });
                return;
            }
            Self::Wait(span) => {
                cluster.run_until(cluster.now() + *span);
                return;
            }
        };
        writeln!(told, "{} {answer}", cluster.now()).expect("a string takes everything");
    }
}

impl Thing {
    fn request(
        &self,
        cluster: &Cluster,
        method: Method,
        query: &str,
        odd: Option<(Index, usize)>,
    ) -> Request {
        let mut body = self.manifest(cluster);
        let text =
            |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = Kind::of(text("/apiVersion"), text("/kind")).expect("stories know their kinds");
        let root = if kind.api_version() == "v1" { "/api" } else { "/apis" };
        let mut path = format!("{root}/{}", kind.api_version());
        if kind.namespaced() {
            write!(path, "/namespaces/{}", text("/metadata/namespace")).expect("it is a string");
        }
        write!(path, "/{}", kind.plural()).expect("it is a string");
        if method != Method::Post {
            write!(path, "/{}", text("/metadata/name")).expect("it is a string");
        }
        if method == Method::Patch(PatchType::Json) {
            body = json!([
                {"op": "add", "path": "/metadata/labels", "value": {"patched": "yes"}},
                {"op": "replace", "path": "/spec", "value": body["spec"]},
            ]);
        }
        if let Some((at, odd)) = odd {
            let mut left = at.index(size(&body));
            let odd = serde_json::from_str(ODD[odd]).expect("odd, but JSON");
            replace(&mut body, &mut left, &odd);
        }
        let has_body = !matches!(method, Method::Get | Method::Delete);
        let body = if has_body { body.to_string() } else { String::new() };
        Request { method, path, query: query.to_owned(), body }
    }

    fn manifest(&self, cluster: &Cluster) -> Value {
        match self {
            Self::Namespace(name) => {
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            }
            Self::Secret { namespace, name, holds } => {
                let (of_type, value) = holds.value(cluster);
                json!({"apiVersion": "v1", "kind": "Secret", "type": of_type,
                    "metadata": {"name": name, "namespace": namespace},
                    "stringData": {".dockerconfigjson": value}})
            }
            Self::Account { namespace, name, secrets } => {
                json!({"apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": {"name": name, "namespace": namespace},
                    "imagePullSecrets": references(secrets)})
            }
            Self::Pod { namespace, name, spec } => {
                json!({"apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": name, "namespace": namespace}, "spec": spec.value()})
            }
            Self::Deployment { namespace, name, replicas, spec } => {
                let labels = json!({ "app": name });
                json!({"apiVersion": "apps/v1", "kind": "Deployment",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                        "template": {"metadata": {"labels": labels}, "spec": spec.value()}}})
            }
            Self::Workload { of, namespace, replicas, spec } => {
                of.manifest(namespace, *replicas, spec.value())
            }
            Self::Role { allowed } => {
                let policies: &[&str] = if *allowed { &[PULL_ONLY] } else { &[] };
                json!({"apiVersion": Kind::Role.api_version(), "kind": "Role",
                    "metadata": {"name": "nodes", "namespace": "default"},
                    "spec": {"name": "nodes", "assumeRolePolicyDocument": "{}", "policies": policies}})
            }
        }
    }
}

impl Workload {
    /// One of each kind in a namespace.
    fn manifest(self, namespace: &str, replicas: u32, mut pod: Value) -> Value {
        let labels = json!({ "app": "it" });
        let mut set = json!({"selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod}});
        let (version, kind, spec) = match self {
            Self::StatefulSet { parallel } => {
                set["replicas"] = replicas.into();
                set["podManagementPolicy"] =
                    if parallel { "Parallel" } else { "OrderedReady" }.into();
                ("apps/v1", "StatefulSet", set)
            }
            Self::DaemonSet => ("apps/v1", "DaemonSet", set),
            Self::Job { indexed, ends } => {
                pod["restartPolicy"] = "Never".into();
                pod["containers"][0]["command"] = json!(["sh", "-c", ends]);
                let mode = if indexed { "Indexed" } else { "NonIndexed" };
                let spec = json!({"completions": replicas, "parallelism": 2, "completionMode": mode,
                    "backoffLimit": 2, "template": {"spec": pod}});
                ("batch/v1", "Job", spec)
            }
            Self::CronJob { policy } => {
                pod["restartPolicy"] = "OnFailure".into();
                let spec = json!({"schedule": "*/7 * * * *", "concurrencyPolicy": policy,
                    "jobTemplate": {"spec": {"template": {"spec": pod}}}});
                ("batch/v1", "CronJob", spec)
            }
        };
        json!({"apiVersion": version, "kind": kind,
            "metadata": {"name": "it", "namespace": namespace}, "spec": spec})
    }
}

/// How many values there are in a value, itself included.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum::<usize>(),
        _ => 0,
    }
}

/// Puts another value in the place of one of them, counted from outside in.
fn replace(value: &mut Value, left: &mut usize, by: &Value) -> bool {
    if *left == 0 {
        *value = by.clone();
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| replace(item, left, by)),
        Value::Object(fields) => fields.values_mut().any(|field| replace(field, left, by)),
        _ => false,
    }
}

fn references(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "name": name })).collect()
}

impl Holds {
    fn value(self, cluster: &Cluster) -> (&'static str, String) {
        let newest = (1..).map(|number| format!("fresh-{number}"));
        let minted = newest.take_while(|name| cluster.mint().get(name).is_some()).last();
        let token = match self {
            Self::Expired => "old",
            Self::Minted => minted.as_deref().unwrap_or("good"),
            Self::Good
            | Self::OtherHost
            | Self::OtherPath
            | Self::Opaque
            | Self::Undecodable
            | Self::NotJson
            | Self::NoEntries => "good",
        };
        let password = cluster.mint().get(token).expect("a known token").text.reveal().to_owned();
        let login = json!({"username": "AWS", "password": password});
        let config = |key: &str| json!({ "auths": { key: login } }).to_string();
        let value = match self {
            Self::Good | Self::Expired | Self::Minted | Self::Opaque => config(HOST),
            Self::OtherHost => config("ghcr.io"),
            Self::OtherPath => config(&format!("{HOST}/another")),
            Self::Undecodable => json!({"auths": {HOST: {"auth": "!"}}}).to_string(),
            Self::NotJson => "auths:".to_owned(),
            Self::NoEntries => "{}".to_owned(),
        };
        let of_type =
            if matches!(self, Self::Opaque) { "Opaque" } else { "kubernetes.io/dockerconfigjson" };
        (of_type, value)
    }
}

impl Spec {
    fn value(&self) -> Value {
        let containers: Vec<Value> = self
            .containers
            .iter()
            .enumerate()
            .map(|(index, container)| container.value(&format!("c{index}")))
            .collect();
        let mut spec = json!({ "containers": containers });
        if let Some(account) = self.account {
            spec["serviceAccountName"] = account.into();
        }
        if !self.secrets.is_empty() {
            spec["imagePullSecrets"] = references(&self.secrets);
        }
        if let Some(init) = &self.init {
            spec["initContainers"] = json!([init.value("init")]);
        }
        if let Some(node) = self.node {
            spec["nodeName"] = node.into();
        }
        spec
    }
}

impl Container {
    fn value(&self, name: &str) -> Value {
        let mut value = json!({"name": name, "image": self.image});
        if let Some(policy) = self.policy {
            value["imagePullPolicy"] = policy.into();
        }
        value
    }
}

/// A Pod in a namespace and on a node of its own, which pulls what others pull, and fails.
pub(crate) fn lonely_pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "namespace": LONELY},
        "spec": {"nodeName": APART, "containers": [
            {"name": "app", "image": format!("{HOST}/payment-api:3.0.0")}]}})
}

//! Recorded facts about registries, containerd and AWS, played against the model.
//!
//! The data stands in `tests/conformance` at the top of the repository; each file's head says where its cases come from.
//! Only part of it can be told to the model yet; what is played is chosen by what a case is about, never by what the
//! model makes of it, and its count is fixed.

use std::collections::BTreeMap;

use pullpath_model::cloud::{self, EcrHost, Roles};
use pullpath_model::credential::{Login, SecretText};
use pullpath_model::image::ImageRef;
use pullpath_model::message::runtime::{Dialect, ImageName};
use pullpath_model::provider::{self, Answer};
use pullpath_model::pull::{Exchange, PullOutcome, PullRequest, PullTrace};
use pullpath_model::registry::{Method, Request, Server, Target};
use pullpath_model::runtime;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::Mint;
use pullpath_model::world::{
    Image, ProviderSpec, Registry, RegistryKind, Repository, RoleSpec, TokenSpec, Version, World,
};
use serde_yaml::Value;

const REGISTRY_PULL: &str = include_str!("../../../tests/conformance/registry_pull.yaml");
const ECR: &str = include_str!("../../../tests/conformance/ecr.yaml");

const ECR_HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const CI: &str = "ci";
const NODES: &str = "app-nodes";

/// The containerd versions of `registry_pull.yaml`, the last with `use_local_image_pull`.
fn dialects() -> [(&'static str, Dialect); 5] {
    let version = |major, minor, patch| Dialect::of(Version::new(major, minor, patch));
    [
        ("containerd-1.6.20", version(1, 6, 20)),
        ("containerd-1.7.24", version(1, 7, 24)),
        ("containerd-2.1.9", version(2, 1, 9)),
        ("containerd-2.3.4", version(2, 3, 4)),
        ("containerd-2.3.4-localpull", Dialect { local_pull: true, ..version(2, 3, 4) }),
    ]
}

/// A world whose tokens belong to a role that may pull: `live` an hour old, `old` 13 hours, `west` of another region.
fn world() -> World {
    let token = |registry: &str, hours| TokenSpec {
        registry: registry.to_owned(),
        issued: SimTime::START - Span::hours(hours),
        role: CI.to_owned(),
    };
    let tokens = [("live", token(ECR_HOST, 1)), ("old", token(ECR_HOST, 13))];
    let role = RoleSpec { policies: vec![PULL_ONLY.to_owned()] };
    World {
        epoch_seconds: 1_772_442_000,
        seed: 1,
        from: SimTime::START,
        registries: BTreeMap::new(),
        tokens: tokens.map(|(name, token)| (name.to_owned(), token)).into(),
        roles: BTreeMap::from([(CI.to_owned(), role)]),
        ..World::default()
    }
}

/// Puts an image, or only its repository, into a world.
fn put(world: &mut World, kind: RegistryKind, host: &str, repository: &str, tag: Option<&str>) {
    let registry = Registry { kind, repositories: BTreeMap::new() };
    let registry = world.registries.entry(host.to_owned()).or_insert(registry);
    let tags = tag.map(|tag| (tag.to_owned(), Image { bytes: 1_048_576 }));
    registry
        .repositories
        .insert(repository.to_owned(), Repository { tags: tags.into_iter().collect() });
}

fn login(username: &str, password: &str) -> Login {
    Login {
        username: username.to_owned(),
        password: SecretText::new(password),
        email: String::new(),
    }
}

fn pull(
    dialect: Dialect,
    world: &World,
    mint: &Mint,
    roles: &Roles,
    image: &str,
    login: Option<&Login>,
) -> PullTrace {
    let image: ImageRef = image.parse().expect("the case names an image");
    let (now, containerd) = (SimTime::START, dialect.containerd);
    let request = PullRequest { image: &image, login, now, containerd };
    let trace = runtime::pull_in(dialect, world, mint, roles, &request);
    if !dialect.local_pull || containerd < Version::new(2, 1, 0) {
        assert_eq!(runtime::outcome(world, mint, roles, &request), trace.outcome);
    }
    trace
}

/// A failure's text; empty after a success.
fn message(outcome: &PullOutcome) -> &str {
    match outcome {
        PullOutcome::Pulled { .. } => "",
        PullOutcome::Failed { message, .. } => message,
    }
}

/// `HEAD host/v2/app/manifests/1 auth=Basic -> 200`, as `registry_pull.yaml` writes it.
fn line(exchange: &Exchange) -> String {
    let auth = if exchange.basic_user.is_some() { "Basic" } else { "none" };
    let url = exchange.url.strip_prefix("https://").expect("registries are asked over TLS");
    format!("{} {url} auth={auth} -> {}", exchange.method, exchange.status)
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("no text {key} in {case:?}"))
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_sequence().into_iter().flatten().map(|item| item.as_str().expect("a text")).collect()
}

/// The cases of one list of a file.
fn cases(file: &str, list: &str) -> Vec<Value> {
    let data: Value = serde_yaml::from_str(file).expect("the file is YAML");
    data[list].as_sequence().expect("the file has that list").clone()
}

/// Plays the cases that `covers` picks; `play` panics or returns what differs.
#[track_caller]
fn play_all(
    file: &str,
    list: &str,
    count: usize,
    covers: impl Fn(&Value) -> bool,
    play: impl Fn(&Value) -> Vec<String>,
) {
    let cases = cases(file, list);
    let covered: Vec<&Value> = cases.iter().filter(|case| covers(case)).collect();
    let differences = |case: &&Value| {
        let id = text(case, "id").to_owned();
        play(case).into_iter().map(move |line| format!("{id}: {line}")).collect::<Vec<_>>()
    };
    let failures: Vec<String> = covered.iter().flat_map(differences).collect();
    assert!(failures.is_empty(), "{list}:\n{}", failures.join("\n"));
    assert_eq!(covered.len(), count, "cases of {list}, {} in all", cases.len());
}

fn differ(what: &str, got: &str, want: &str) -> Option<String> {
    (got != want).then(|| format!("{what} is\n    {got:?}, should be\n    {want:?}"))
}

#[test]
fn pulls_end_as_measured_with_each_containerd() {
    // ECR, CNCF distribution without authentication, and hosts that do not exist.
    let covers = |case: &Value| match text(case, "registry_kind") {
        "ecr" | "distribution-noauth" => true,
        _ => case["network"].as_str() == Some("host name does not exist (NXDOMAIN)"),
    };
    play_all(REGISTRY_PULL, "cases", 12, covers, |case| {
        dialects().into_iter().flat_map(|(name, dialect)| play_pull(case, name, dialect)).collect()
    });
}

fn play_pull(case: &Value, name: &str, dialect: Dialect) -> Vec<String> {
    let image: ImageRef = text(case, "image").parse().expect("the case names an image");
    let world = world_of(case, &image);
    let (mint, roles) = (Mint::new(&world), Roles::new(&world));
    let login = login_of(case, &mint);
    let trace = pull(dialect, &world, &mint, &roles, text(case, "image"), login.as_ref());

    let lines: Vec<String> = trace.exchanges.iter().map(line).collect();
    let challenge = trace.exchanges.first().map_or("", |exchange| exchange.note.as_str());
    let mut differences = Vec::new();
    if let Some(want) = case["challenge"].as_str() {
        differences.extend(differ("challenge", challenge, want));
    }
    if name == "containerd-2.3.4" && !case["http_containerd_2_3_4"].is_null() {
        // Of a pull that works only the first half was written down.
        let want = texts(&case["http_containerd_2_3_4"]);
        let count = if case["pulled"] == true { want.len() } else { lines.len() };
        differences.extend(differ("wire", &lines[..count].join("\n"), &want.join("\n")));
    }
    if name == "containerd-2.3.4"
        && let Some(body) = case["last_error_body"].as_str()
    {
        let body: Value = serde_yaml::from_str(body).expect("a registry's error is JSON");
        let error = &body["errors"][0];
        let want = format!("{}: {}", text(error, "code"), text(error, "message"));
        differences.extend(differ("last error", &trace.exchanges[lines.len() - 1].note, &want));
    }
    let want = wanted(case, name, &image);
    differences.extend(differ(name, message(&trace.outcome), &want));
    let pulled = matches!(trace.outcome, PullOutcome::Pulled { .. });
    differences.extend((case["pulled"] != pulled).then(|| format!("{name}: pulled is {pulled}")));
    differences
}

fn world_of(case: &Value, image: &ImageRef) -> World {
    let mut world = world();
    let kind = match text(case, "registry_kind") {
        "ecr" => RegistryKind::Ecr,
        "distribution-noauth" => RegistryKind::Open,
        _ => return world,
    };
    let registry = &case["registry"];
    let exists = |key| registry[key] == true;
    let repository = if exists("repo_exists") { image.path() } else { "another" };
    let tag = if exists("ref_exists") { image.tag() } else { Some("another") };
    put(&mut world, kind, image.host(), repository, tag);
    world
}

fn login_of(case: &Value, mint: &Mint) -> Option<Login> {
    let token = |name: &str| mint.get(name).expect("the world has it").text.reveal().to_owned();
    Some(match text(&case["credential"], "state") {
        "none" => return None,
        "valid" => login("AWS", &token("live")),
        "expired" => login("AWS", &token("old")),
        "trailing-newline" => login("AWS", &format!("{}\n", token("live"))),
        "malformed" => login("AWS", "garbage"),
        "wrong-user" => login("aws", &token("live")),
        "wrong-password" => login("alice", "wrong"),
        other => panic!("credential state {other}"),
    })
}

/// The recorded message as a kubelet since 1.28 prints it (P26).
fn wanted(case: &Value, name: &str, image: &ImageRef) -> String {
    let recorded = &case["runtime"][name];
    if recorded.is_null() {
        return String::new();
    }
    let reference = image.digest().or(image.tag()).expect("an image has one of them");
    let message = text(recorded, "message")
        .replace("{IMAGE}", &ImageName(image).to_string())
        .replace("{HOST}", image.host())
        .replace("{REPO}", image.path())
        .replace("{REF}", reference)
        .replace("{DNS_IP}", "10.0.0.2");
    match text(recorded, "grpc_code") {
        "Unknown" => message,
        code => format!("rpc error: code = {code} desc = {message}"),
    }
}

/// What a Kubernetes 1.35.6 cluster with containerd 2.3.4 recorded: shared recordings `cluster/ecr-expired`,
/// `ecr-no-credentials`, `ecr-missing-tag` and `ecr-missing-repo`, message of the event behind
/// `Failed to pull image "…": ` and the requests of the first attempt.
const RECORDED: [(&str, Option<&str>, &str, &[&str]); 4] = [
    (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-ex:3.0.0",
        Some("old"),
        "failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-ex:3.0.0\": failed to resolve image: unexpected status from HEAD request to https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/payment-api-ex/manifests/3.0.0: 403 Forbidden\ndenied: Your authorization token has expired. Reauthenticate and try again.",
        &["HEAD none 401", "HEAD AWS 403", "GET AWS 403"],
    ),
    (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-nc:3.0.0",
        None,
        "failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-nc:3.0.0\": failed to resolve image: pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
        &["HEAD none 401"],
    ),
    (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-mt:9.9.9",
        Some("live"),
        "rpc error: code = NotFound desc = failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-mt:9.9.9\": failed to resolve image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-mt:9.9.9: not found",
        &["HEAD none 401", "HEAD AWS 404"],
    ),
    (
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/missing-api:3.0.0",
        Some("live"),
        "rpc error: code = NotFound desc = failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/missing-api:3.0.0\": failed to resolve image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/missing-api:3.0.0: not found",
        &["HEAD none 401", "HEAD AWS 404"],
    ),
];

#[test]
fn pulls_end_as_a_real_cluster_recorded() {
    for (image, token, want, wire) in RECORDED {
        let (got, requests) = pull_recorded(image, token);
        assert_eq!(message(&got.outcome), want);
        assert_eq!(requests, wire, "{image}");
    }
}

/// From the recording `cluster/good-pod`: the requests of a first pull that works. The last, for a layer, is the
/// model's; the recorded node had the layer already.
#[test]
fn a_good_pull_authenticates_twice() {
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/payment-api-good:3.0.0";
    let (got, requests) = pull_recorded(image, Some("live"));
    assert!(matches!(got.outcome, PullOutcome::Pulled { bytes: 1_048_576, .. }));
    let recorded = ["HEAD none 401", "HEAD AWS 200", "GET none 401", "GET AWS 200", "GET AWS 200"];
    assert_eq!(requests[..5], recorded);
    assert_eq!(requests[5..], ["GET AWS 200"]);
}

/// containerd v2.3.4 resolver.go `Resolve`: a digest is looked for among the blobs too, also when the first try ended
/// for want of a login.
#[test]
fn a_digest_without_a_login_is_asked_for_twice() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let (got, requests) = pull_recorded(&format!("{ECR_HOST}/payment-api-nc@{digest}"), None);
    assert_eq!(requests, ["HEAD none 401", "HEAD none 401"]);
    assert!(got.exchanges[1].url.ends_with(&format!("/blobs/{digest}")));
    assert!(message(&got.outcome).ends_with("no basic auth credentials"));
}

fn pull_recorded(image: &str, token: Option<&str>) -> (PullTrace, Vec<String>) {
    let mut world = world();
    for name in ["payment-api-ex", "payment-api-nc", "payment-api-mt", "payment-api-good"] {
        put(&mut world, RegistryKind::Ecr, ECR_HOST, name, Some("3.0.0"));
    }
    let (mint, roles) = (Mint::new(&world), Roles::new(&world));
    let token = token.map(|name| mint.get(name).expect("the world has it"));
    let login = token.map(|token| login("AWS", token.text.reveal()));
    let dialect = Dialect::of(Version::new(2, 3, 4));
    let trace = pull(dialect, &world, &mint, &roles, image, login.as_ref());
    let short = |exchange: &Exchange| {
        let user = exchange.basic_user.as_deref().unwrap_or("none");
        format!("{} {user} {}", exchange.method, exchange.status)
    };
    let requests = trace.exchanges.iter().map(short).collect();
    (trace, requests)
}

/// E22: what an EKS-optimised AMI hands to the ECR plugin (awslabs/amazon-eks-ami
/// nodeadm/internal/kubelet/image-credential-provider.go, Kubernetes 1.32 and later).
const EKS_MATCH_IMAGES: [&str; 13] = [
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr-ecr.*.on.aws",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.dkr-ecr.*.on.amazonwebservices.com.cn",
    "*.dkr.ecr-fips.*.amazonaws.com",
    "*.dkr-ecr-fips.*.on.aws",
    "*.dkr.ecr.*.c2s.ic.gov",
    "*.dkr.ecr.*.sc2s.sgov.gov",
    "*.dkr.ecr.*.cloud.adc-e.uk",
    "*.dkr.ecr.*.csp.hci.ic.gov",
    "*.dkr.ecr.*.amazonaws.eu",
    "public.ecr.aws",
    "ecr-public.aws.com",
];

#[test]
fn hosts_are_told_apart() {
    play_all(
        ECR,
        "host_cases",
        31,
        |_| true,
        |case| {
            let host = text(case, "host");
            let parsed = EcrHost::parse(host);
            let kind = match parsed {
                Some(_) => "private",
                None if cloud::is_ecr_public(host) => "public",
                None => "none",
            };
            let matched = EKS_MATCH_IMAGES.into_iter().find(|pattern| {
                let spec = ProviderSpec {
                    name: "ecr-credential-provider".to_owned(),
                    match_images: vec![(*pattern).to_owned()],
                    default_cache_seconds: 43_200,
                };
                provider::asks(&spec, &format!("{host}/app"))
            });
            let or_null = |text: Option<&str>| text.map_or(Value::Null, Value::from);
            [
                ("kind", Value::from(kind)),
                ("account", or_null(parsed.map(|host| host.account))),
                ("region", or_null(parsed.map(|host| host.region))),
                ("fips", Value::from(parsed.is_some_and(|host| host.fips))),
                (
                    "plugin_client_region",
                    Value::from(cloud::client_region(host).unwrap_or_default()),
                ),
                ("ami_match_image", or_null(matched)),
            ]
            .into_iter()
            // The glob alone fits one host with a `#` too, but the kubelet is never handed that: no image name has one.
            .filter(|(key, _)| {
                *key != "ami_match_image" || ImageRef::parse(&format!("{host}/app")).is_ok()
            })
            .filter(|(key, got)| case[*key] != *got)
            .map(|(key, got)| format!("{key} is {got:?}, should be {:?}", case[key]))
            .collect()
        },
    );
}

#[test]
fn iam_decides_each_step() {
    // Statements that allow on everything, and no policy on the repository.
    let covers = |case: &Value| {
        let simple =
            |statement: &Value| statement["Effect"] == "Allow" && statement["Resource"] == "*";
        let identity = case["caller"]["identity"].as_sequence().expect("statements");
        identity.iter().all(simple)
            && case["repository"]["policy"].is_null()
            && case["pull_through_first_import"] == false
    };
    play_all(ECR, "iam_cases", 11, covers, play_iam);
}

fn play_iam(case: &Value) -> Vec<String> {
    let (caller, repository, expect) = (&case["caller"], &case["repository"], &case["expect"]);
    let (account, region) = (text(repository, "account"), text(repository, "region"));
    let host = format!("{account}.dkr.ecr.{region}.amazonaws.com");
    let name = text(repository, "name");
    let image = format!("{host}/{name}:3.0.0");
    let mut world = world();
    put(&mut world, RegistryKind::Ecr, ECR_HOST, "home", None);
    put(&mut world, RegistryKind::Ecr, &host, name, Some("3.0.0"));
    let mut roles = Roles::new(&world);
    let statements = caller["identity"].as_sequence().into_iter().flatten();
    let actions = statements.flat_map(|statement| texts(&statement["Action"]));
    roles.set_inline(NODES, actions.map(str::to_owned).collect());
    let principal = roles.principal(NODES);
    let session = text(caller, "session");
    let as_recorded = |said: &str| said.replace(&principal, session);

    let mut mint = Mint::new(&world);
    let (login, log) = match ask_plugin(&mut mint, &roles, &image) {
        Ok(login) => (Some(login), String::new()),
        Err(log) => (None, log),
    };
    let pull_with = |dialect| pull(dialect, &world, &mint, &roles, &image, login.as_ref());
    let new = Dialect { local_pull: true, ..Dialect::of(Version::new(2, 3, 4)) };
    let old = Dialect::of(Version::new(1, 7, 24));
    let trace = pull_with(new);
    let (new, old) =
        (as_recorded(message(&trace.outcome)), as_recorded(message(&pull_with(old).outcome)));

    let step = |path: &str| {
        let mut asked = trace.exchanges.iter().filter(|exchange| exchange.url.contains(path));
        match asked.rfind(|exchange| exchange.basic_user.is_some()) {
            None => "not_reached",
            Some(exchange) if exchange.status == 200 => "allowed",
            Some(_) => "denied",
        }
    };
    let token = if login.is_some() { "allowed" } else { "denied" };
    let steps = &expect["steps"];
    let pulled = matches!(trace.outcome, PullOutcome::Pulled { .. });
    let mut differences: Vec<String> = [
        differ("token", token, text(steps, "token")),
        differ("manifest", step("/manifests/"), text(steps, "manifest")),
        differ("layers", step("/blobs/"), text(steps, "layers")),
        differ("pull", if pulled { "ok" } else { "fails" }, text(expect, "pull")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(want) = expect["denied_message"].as_str()
        && !format!("{new}{}", as_recorded(&log)).ends_with(want)
    {
        differences.push(format!("denied is {log:?} or {new:?}"));
    }
    match &expect["runtime_error"] {
        Value::String(want) => {
            differences.extend(
                [differ("new", &new, want), differ("old", &old, want)].into_iter().flatten(),
            );
        }
        Value::Mapping(_) => {
            let want = |key| text(&expect["runtime_error"], key);
            let found = [
                differ("new", &new, want("containerd>=2.3.3")),
                differ("old", &old, want("containerd<2.3.3")),
            ];
            differences.extend(found.into_iter().flatten());
        }
        _ => {}
    }
    if let Some(part) = expect["runtime_error_contains"].as_str()
        && !(new.contains(part) && old.contains(part))
    {
        differences.push(format!("no {part:?} in {new:?} and {old:?}"));
    }
    differences
}

/// What the node's plugin gives for an image.
fn ask_plugin(mint: &mut Mint, roles: &Roles, image: &str) -> Result<Login, String> {
    let image: ImageRef = image.parse().expect("an image");
    match cloud::provide_ecr(mint, roles, Some(NODES), &image.lookup_name(), SimTime::START) {
        Answer::Given { auth, .. } => {
            let [(host, login)] = <[_; 1]>::try_from(auth).expect("one entry");
            assert_eq!(host, image.host());
            Ok(login)
        }
        Answer::Failed(log) => Err(log),
    }
}

#[test]
fn tokens_are_judged_and_cached() {
    // What a registry says to a token, and for how long the plugin's answer counts.
    let covers = |case: &Value| {
        let given = case["given"].as_mapping().expect("what is given");
        given.contains_key("token") || given.contains_key("remaining")
    };
    play_all(ECR, "token_cases", 13, covers, |case| match case["given"]["remaining"].as_str() {
        Some(remaining) => play_cache(remaining, &case["expect"]),
        None => play_token(&case["given"], &case["expect"]),
    });
}

fn play_cache(remaining: &str, expect: &Value) -> Vec<String> {
    let want = match text(expect, "cacheDuration") {
        "unset" => None,
        duration => Some(span(duration)),
    };
    let got = cloud::cache_duration(span(remaining));
    (got != want).then(|| format!("{got:?}, should be {want:?}")).into_iter().collect()
}

/// `12h`, `-1h`, `30m`, `2s`.
fn span(text: &str) -> Span {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().expect("a number");
    match unit {
        "h" => Span::hours(number),
        "m" => Span::minutes(number),
        "s" => Span::seconds(number),
        _ => panic!("unit {unit}"),
    }
}

fn play_token(given: &Value, expect: &Value) -> Vec<String> {
    let mut world = world();
    let host = text(given, "host");
    put(&mut world, RegistryKind::Ecr, host, "app", Some("1"));
    let token = &given["token"];
    let mut roles = Roles::new(&world);
    if token["principal_allowed"] == false {
        roles.set(CI, Vec::new());
    }
    let mut mint = Mint::new(&world);
    let login = token["user"].as_str().map(|user| {
        let issuer = format!("123456789012.dkr.ecr.{}.amazonaws.com", text(token, "issued_region"));
        let age = span(text(token, "age"));
        let minted = mint.mint(&issuer, CI, SimTime::START - age);
        login(user, minted.text.reveal())
    });
    let server = Server::at(&world, &mint, &roles, host).expect("it was put there");
    let target = Target::Manifest("1");
    let (method, now) = (Method::Get, SimTime::START);
    let request = Request { method, repository: "app", target, login: login.as_ref(), now };
    let answer = server.answer(&request);
    let error = server.error(&request, &answer);
    let (code, said) =
        error.map_or((String::new(), String::new()), |e| (e.code.to_owned(), e.message));
    let image = format!("{host}/app:1");
    let dialect = Dialect::of(Version::new(2, 3, 4));
    let trace = pull(dialect, &world, &mint, &roles, &image, login.as_ref());

    let registry = if answer.status() == 200 { "accepts" } else { "rejects" };
    let mut differences: Vec<String> =
        differ("registry", registry, text(expect, "registry")).into_iter().collect();
    if let Some(status) = expect["http_status"].as_u64() {
        differences.extend(differ("status", &answer.status().to_string(), &status.to_string()));
    }
    for (key, got) in [("code", &code), ("message", &said)] {
        if let Some(want) = expect[key].as_str() {
            differences.extend(differ(key, got, want));
        }
    }
    if let Some(scheme) = expect["challenge"].as_str() {
        let challenge = server.challenge(&answer).unwrap_or_default();
        let got = challenge.split(' ').next().unwrap_or_default();
        differences.extend(differ("challenge", got, scheme));
    }
    let runtime = message(&trace.outcome);
    if let Some(part) = expect["runtime_contains"].as_str() {
        differences
            .extend((!runtime.contains(part)).then(|| format!("{runtime:?} lacks {part:?}")));
    }
    if let Some(part) = expect["never_contains"].as_str() {
        differences.extend(runtime.contains(part).then(|| format!("{runtime:?} has {part:?}")));
    }
    differences
}

#[test]
fn the_node_pulls_with_its_own_identity() {
    // Instances whose plugin is not given tokens of ServiceAccounts: nothing of the Pod reaches it.
    let covers = |case: &Value| {
        let given = &case["given"];
        given["compute"] == "ec2" && given["token_attributes"].is_null()
    };
    play_all(ECR, "identity_cases", 4, covers, |case| {
        let mut world = world();
        put(&mut world, RegistryKind::Ecr, ECR_HOST, "app", Some("1"));
        let mut roles = Roles::new(&world);
        let allows = case["given"]["node_role_allows"] == true;
        roles.set(NODES, allows.then(|| PULL_ONLY.to_owned()).into_iter().collect());
        let image = format!("{ECR_HOST}/app:1");
        let mut mint = Mint::new(&world);
        let login = ask_plugin(&mut mint, &roles, &image).ok();
        let dialect = Dialect::of(Version::new(2, 3, 4));
        let trace = pull(dialect, &world, &mint, &roles, &image, login.as_ref());
        let (pulled, identity) = match trace.outcome {
            PullOutcome::Pulled { .. } => {
                ("ok", mint.get("node-1").map(|token| token.role.clone()))
            }
            PullOutcome::Failed { .. } => ("fails", Some(NODES.to_owned())),
        };
        assert_eq!(identity.as_deref(), Some(NODES));
        assert_eq!(text(&case["expect"], "identity"), "node_role");
        differ("pull", pulled, text(&case["expect"], "pull")).into_iter().collect()
    });
}

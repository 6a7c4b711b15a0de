//! `ecr`: hosts, IAM, tokens and identities of Amazon ECR.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_model::cloud::{
    self, Action, Decision, EcrHost, Effect, NodeGroup, Resource, Roles, Statement,
};
use pullpath_model::cluster::Cluster;
use pullpath_model::credential::{Basic, Login};
use pullpath_model::image::ImageRef;
use pullpath_model::provider::{self, Answer};
use pullpath_model::pull::{AuthConfig, PullOutcome, SentAuth, Served};
use pullpath_model::registry::{Answer as Reply, Authorization, Method, Request, Server, Target};
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::Mint;
use pullpath_model::trace::ProviderOutcome;
use pullpath_model::world::{
    Features, NodeSpec, ProviderSpec, RegistryKind, TokenAttributes, TokenCacheType, Version, World,
};
use serde_json::json;
use serde_yaml::Value;

use super::registry_world::{
    CI, ECR_HOST, NODES, PULL_ONLY, login, message, node, pull, put, text, texts, world,
};
use crate::case::{
    Case, Difference, Played, differ as differ_value, differ_text as differ, not_played,
};

/// What a case may say, whatever its list.
const KEYS: [&str; 13] = [
    "confidence",
    "host",
    "kind",
    "account",
    "region",
    "fips",
    "ami_match_image",
    "plugin_client_region",
    "caller",
    "repository",
    "pull_through_first_import",
    "given",
    "expect",
];

pub(super) fn play(case: &Case<'_>) -> Played {
    case.knows(&KEYS)?;
    let given = &case.value["given"];
    match case.group {
        "host_cases" => Ok(play_host(case.value)),
        "iam_cases" => play_iam(case.value),
        "token_cases" => match given["remaining"].as_str() {
            Some(remaining) => Ok(play_cache(remaining, &case.value["expect"])),
            None if given.get("token").is_some() => Ok(play_token(given, &case.value["expect"])),
            None if given.get("pull_secret").is_some() => {
                Ok(play_secret(given, &case.value["expect"]))
            }
            None if given.get("region").is_some() => {
                let got = cloud::proxy_endpoint(text(given, "account"), text(given, "region"));
                let want = text(&case.value["expect"], "proxyEndpoint");
                Ok(differ("proxyEndpoint", &got, want).into_iter().collect())
            }
            None => not_played("neither a token nor what remains of one"),
        },
        "identity_cases" => play_identity(case.value),
        "eksctl_cases" if given.get("kind").is_some() => Ok(play_node_group(case.value)),
        group => not_played(format!("`{group}` of that kind")),
    }
}

fn note(what: &str, expected: impl std::fmt::Debug, got: impl std::fmt::Debug) -> Difference {
    Difference { what: what.to_owned(), expected: format!("{expected:?}"), got: format!("{got:?}") }
}

fn play_host(case: &Value) -> Vec<Difference> {
    let host = text(case, "host");
    let parsed = EcrHost::parse(host);
    let kind = match parsed {
        Some(_) => "private",
        None if cloud::is_ecr_public(host) => "public",
        None => "none",
    };
    let matched = cloud::EKS_MATCH_IMAGES.into_iter().find(|pattern| {
        let spec = ProviderSpec {
            name: "ecr-credential-provider".to_owned(),
            match_images: vec![(*pattern).to_owned()],
            default_cache_seconds: 43_200,
            ..ProviderSpec::default()
        };
        provider::asks(&spec, &format!("{host}/app"))
    });
    let or_null = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    [
        ("kind", Value::from(kind)),
        ("account", or_null(parsed.map(|host| host.account))),
        ("region", or_null(parsed.map(|host| host.region))),
        ("fips", Value::from(parsed.is_some_and(|host| host.fips))),
        ("plugin_client_region", Value::from(cloud::client_region(host).unwrap_or_default())),
        ("ami_match_image", or_null(matched)),
    ]
    .into_iter()
    // The glob alone fits one host with a `#` too, but the kubelet is never handed that: no image name has one.
    .filter(|(key, _)| *key != "ami_match_image" || ImageRef::parse(&format!("{host}/app")).is_ok())
    .filter_map(|(key, got)| differ_value(key, &got, &case[key]))
    .collect()
}

/// Whose rights a pull has: those of the node, of the role that a ServiceAccount names, or of Fargate's execution role,
/// which is what Fargate's nodes have.
fn play_identity(case: &Value) -> Played {
    let (given, expect) = (&case["given"], &case["expect"]);
    let mut differences: Vec<Difference> = Vec::new();
    if let Some(want) = expect["plugin_called"].as_bool() {
        differences.extend(differ_value("plugin_called", &plugin_is_called(given), &want));
        if expect["identity"].is_null() && expect["pull"].is_null() {
            return Ok(differences);
        }
    }
    let account = &given["service_account"];
    let attributes = &given["token_attributes"];
    let mut world = world();
    put(&mut world, RegistryKind::Ecr, ECR_HOST, "app", Some("1"));
    let mut roles = Roles::new(&world);
    let fargate = given["compute"] == "fargate";
    let allowed = |key: &str| given[key] == true;
    let allows = allowed(if fargate { "execution_role_allows" } else { "node_role_allows" });
    roles.set(NODES, allows.then(|| PULL_ONLY.to_owned()).into_iter().collect());
    let keys = ["requiredServiceAccountAnnotationKeys", "optionalServiceAccountAnnotationKeys"];
    // E32, E33: the account's token is handed over by the kubelet from 1.34 on, and read by the plugin from 1.34 on.
    let token = kubelet(given).service_account_tokens
        && version(text(given, "plugin_version")) >= Version::new(1, 34, 0);
    let passed = token
        && keys.iter().any(|key| texts(&attributes[*key]).contains(&cloud::ECR_ROLE_ANNOTATION));
    let annotation = account["annotations"][cloud::ECR_ROLE_ANNOTATION].as_str().filter(|_| passed);
    let trusts = given["assume_role"] != "denied";
    let role = match cloud::plugin_role(Some(NODES), annotation, trusts) {
        Ok(role) => role.expect("the node has one"),
        Err(log) => {
            let said = log.strip_prefix("Error running credential provider plugin: ");
            let want = text(expect, "plugin_error_prefix");
            let begins = said.is_some_and(|said| said.starts_with(want));
            return Ok((!begins)
                .then(|| note("plugin_error_prefix", want, &log))
                .into_iter()
                .collect());
        }
    };
    if role != NODES {
        // What the account's role may do is what the case is there for, unless it says otherwise.
        let denied = given["assumed_role_allows"] == false;
        roles.set(role, (!denied).then(|| PULL_ONLY.to_owned()).into_iter().collect());
    }
    let image = ImageRef::parse(&format!("{ECR_HOST}/app:1")).expect("an image");
    let mut mint = Mint::new(&world);
    let login = ask_plugin(&mut mint, &roles, role, &image).ok();
    let node = node(Version::new(2, 3, 4), false);
    let auth = login.as_ref().map(AuthConfig::of);
    let trace = pull(&node, &world, &mint, &roles, &image, auth);
    let pulled = if matches!(trace.outcome, PullOutcome::Pulled(_)) { "ok" } else { "fails" };
    let owner = mint.get("node-1").map_or(role, |token| token.role.as_str());
    let identity = match owner {
        NODES if fargate => "pod_execution_role",
        NODES => "node_role",
        _ => "service_account_role",
    };
    differences.extend(differ("identity", identity, text(expect, "identity")));
    differences.extend(differ("pull", pulled, text(expect, "pull")));
    if let Some(want) = expect["restricted"].as_bool() {
        differences.extend(differ_value("restricted", &(pulled != "ok"), &want));
    }
    Ok(differences)
}

/// What the kubelet of a case can do.
fn kubelet(given: &Value) -> Features {
    Features::of(version(text(given, "kubelet")), &BTreeMap::new())
}

/// `1.35`, `v1.36.1`
fn version(text: &str) -> Version {
    let mut numbers = text.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    Version::new(next(), next(), next())
}

/// Whether a node runs the plugin for a Pod of that account (E32).
fn plugin_is_called(given: &Value) -> bool {
    let attributes = &given["token_attributes"];
    let keys = |key: &str| texts(&attributes[key]).into_iter().map(str::to_owned).collect();
    let wants = (!attributes.is_null()).then(|| TokenAttributes {
        audience: attributes["serviceAccountTokenAudience"].as_str().unwrap_or_default().to_owned(),
        cache_type: match attributes["cacheType"].as_str() {
            Some("Token") => TokenCacheType::Token,
            _ => TokenCacheType::ServiceAccount,
        },
        require_service_account: attributes["requireServiceAccount"] == true,
        required_annotations: keys("requiredServiceAccountAnnotationKeys"),
        optional_annotations: keys("optionalServiceAccountAnnotationKeys"),
    });
    let mut world = world();
    put(&mut world, RegistryKind::Ecr, ECR_HOST, "app", Some("1"));
    world.nodes = vec![NodeSpec {
        name: "node".to_owned(),
        kubernetes: Some(version(text(given, "kubelet"))),
        role: (given["node_role_allows"] == true).then(|| CI.to_owned()),
        providers: vec![ProviderSpec { token_attributes: wants, ..ecr_plugin() }],
        ..NodeSpec::default()
    }];
    let mut cluster = Cluster::new(&Arc::new(world));
    let account = &given["service_account"];
    let name = account["name"].as_str().unwrap_or("default");
    let annotations = serde_json::to_value(&account["annotations"]).unwrap_or_default();
    for manifest in [
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "annotations": annotations}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"serviceAccountName": name,
                "containers": [{"name": "app", "image": format!("{ECR_HOST}/app:1")}]}}),
    ] {
        cluster.apply(&manifest).expect("the API server takes it");
    }
    let uid = Arc::clone(&cluster.pod("default", "web").expect("it was just applied").uid);
    let trace = cluster.trace_attempt(&uid, 1, SimTime::START + Span::minutes(1));
    trace.expect("a Pod is tried within a minute").providers.iter().any(|step| match step.outcome {
        ProviderOutcome::Provided { .. } | ProviderOutcome::Failed { .. } => true,
        ProviderOutcome::NotAsked | ProviderOutcome::Skipped { .. } => false,
    })
}

/// ECR's plugin as an EKS node has it.
fn ecr_plugin() -> ProviderSpec {
    ProviderSpec {
        name: "ecr-credential-provider".to_owned(),
        match_images: cloud::EKS_MATCH_IMAGES.map(str::to_owned).to_vec(),
        default_cache_seconds: 43_200,
        ..ProviderSpec::default()
    }
}

fn play_node_group(case: &Value) -> Vec<Difference> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let attach: Vec<String> =
        texts(&given["attachPolicyARNs"]).into_iter().map(str::to_owned).collect();
    let group = NodeGroup {
        managed: given["kind"] == "managed",
        with_oidc: given["withOIDC"] == true,
        attach: &attach,
        image_builder: given["imageBuilder"] == true,
    };
    let policies = group.policies();
    let mut names: Vec<&str> = policies.iter().filter_map(|arn| arn.rsplit('/').next()).collect();
    names.sort_unstable();
    let mut roles = Roles::new(&World::default());
    roles.set(NODES, policies.clone());
    let resource =
        Resource { arn: "arn:aws:ecr:r:a:repository/x", account: roles.account(), policy: None };
    let may = |action| roles.decide(NODES, action, resource) == Decision::Allowed;
    let can_pull = roles.allows(NODES, Action::GetAuthorizationToken)
        && may(Action::BatchGetImage)
        && may(Action::GetDownloadUrlForLayer);
    let can_push = policies
        .iter()
        .filter_map(|arn| cloud::managed_policy(arn))
        .any(|actions| actions.contains(&"ecr:PutImage"));
    let needed = [cloud::WORKER_POLICY, cloud::CNI_POLICY];
    let missing: Vec<&str> = needed.into_iter().filter(|name| !names.contains(name)).collect();
    let mut differences: Vec<Difference> = Vec::new();
    differences.extend(differ_value("policies", &names, &texts(&expect["policies"])));
    for (key, got) in [("can_pull", can_pull), ("can_push", can_push)] {
        let want = expect[key].as_bool();
        differences.extend(want.and_then(|want| differ_value(key, &got, &want)));
    }
    if !expect["missing"].is_null() {
        differences.extend(differ_value("missing", &missing, &texts(&expect["missing"])));
    }
    differences
}

/// A Pod with a pull secret that may be too old, on a node that may have a provider, or the image.
fn play_secret(given: &Value, expect: &Value) -> Vec<Difference> {
    let mut world = world();
    put(&mut world, RegistryKind::Ecr, ECR_HOST, "app", Some("1"));
    let age = span(text(&given["pull_secret"], "age"));
    let old = world.tokens.get_mut("old").expect("the world has it");
    old.issued = SimTime::START - age;
    let image = format!("{ECR_HOST}/app:1");
    let provider = &given["provider"];
    let allowed = provider["role_allows"] == true;
    world.nodes = vec![NodeSpec {
        name: "node".to_owned(),
        role: allowed.then(|| CI.to_owned()),
        images: (given["image_present"] == true).then(|| image.clone()).into_iter().collect(),
        providers: (provider["configured"] == true).then(ecr_plugin).into_iter().collect(),
        ..NodeSpec::default()
    }];
    let mut cluster = Cluster::new(&Arc::new(world));
    let password = cluster.mint().get("old").expect("known").text.reveal().to_owned();
    let config = json!({"auths": {ECR_HOST: {"username": "AWS", "password": password}}});
    let policy = given["pull_policy"].as_str().unwrap_or("IfNotPresent");
    for manifest in [
        json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "reg"}, "stringData": {".dockerconfigjson": config.to_string()}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"imagePullSecrets": [{"name": "reg"}],
                "containers": [{"name": "app", "image": image, "imagePullPolicy": policy}]}}),
    ] {
        cluster.apply(&manifest).expect("the API server takes it");
    }
    cluster.run_until(SimTime::START + Span::seconds(30));
    let attempts: Vec<_> = cluster.take_log();
    let pulled = attempts.iter().any(|entry| format!("{:?}", entry.fact).contains("PullBegan"));
    let running = cluster.pods().iter().all(|pod| pod.status.to_string() == "Running");
    let got = match (pulled, running) {
        (false, true) => "not_needed",
        (_, true) => "ok",
        (_, false) => "fails",
    };
    let mut differences: Vec<Difference> = Vec::new();
    differences.extend(differ("pull", got, text(expect, "pull")));
    if let Some(want) = expect["used"].as_str() {
        let minted = cluster.mint().get("node-1").is_some() && running;
        differences.extend(differ("used", if minted { "provider" } else { "secret" }, want));
    }
    differences
}

/// The statements of a policy, as its JSON has them.
fn statements(list: &Value) -> Result<Vec<Statement>, crate::case::NotPlayed> {
    let items = list.as_sequence().into_iter().flatten();
    items
        .map(|statement| {
            let known = ["Effect", "Action", "Resource", "Principal", "Sid"];
            let keys = statement.as_mapping().into_iter().flat_map(serde_yaml::Mapping::keys);
            let mut stranger = keys.filter(|key| !known.iter().any(|known| key == known));
            if let Some(stranger) = stranger.next() {
                return not_played(format!("`{stranger:?}` in a statement"));
            }
            let principals = match &statement["Principal"] {
                Value::Mapping(map) => map.values().flat_map(one_or_more).collect(),
                principal => one_or_more(principal),
            };
            Ok(Statement {
                effect: if statement["Effect"] == "Deny" { Effect::Deny } else { Effect::Allow },
                principals,
                actions: one_or_more(&statement["Action"]),
                resources: one_or_more(&statement["Resource"]),
            })
        })
        .collect()
}

/// IAM takes a text where it takes a list.
fn one_or_more(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        list => texts(list).into_iter().map(str::to_owned).collect(),
    }
}

fn play_iam(case: &Value) -> Played {
    let (caller, repository, expect) = (&case["caller"], &case["repository"], &case["expect"]);
    let (account, region) = (text(repository, "account"), text(repository, "region"));
    let host = format!("{account}.dkr.ecr.{region}.amazonaws.com");
    let name = text(repository, "name");
    let image = ImageRef::parse(&format!("{host}/{name}:3.0.0")).expect("an image");
    let mut world = world();
    text(caller, "account").clone_into(&mut world.account);
    let policy = &repository["policy"];
    let policy = if policy.is_null() { None } else { Some(statements(policy)?) };
    let placed = put(&mut world, RegistryKind::Ecr, &host, name, Some("3.0.0"));
    placed.policy = policy;
    placed.imports = case["pull_through_first_import"] == true;
    let mut roles = Roles::new(&world);
    roles.set_inline(NODES, statements(&caller["identity"])?);
    let principal = roles.principal(NODES);
    let session = text(caller, "session");
    let as_recorded = |said: &str| said.replace(&principal, session);

    let mut mint = Mint::new(&world);
    let (login, log) = match ask_plugin(&mut mint, &roles, NODES, &image) {
        Ok(login) => (Some(login), String::new()),
        Err(log) => (None, log),
    };
    let pull_with =
        |node| pull(&node, &world, &mint, &roles, &image, login.as_ref().map(AuthConfig::of));
    let trace = pull_with(node(Version::new(2, 3, 4), true));
    let older = pull_with(node(Version::new(1, 7, 24), false));
    let (new, old) = (as_recorded(message(&trace.outcome)), as_recorded(message(&older.outcome)));

    // A manifest that is allowed and only not imported was refused for the import.
    let import =
        case["pull_through_first_import"] == true && new.contains("ecr:BatchImportUpstreamImage");
    let step = |path: &str| {
        let mut asked = trace.exchanges.iter().filter(|exchange| exchange.url.contains(path));
        match asked.rfind(|exchange| exchange.auth != SentAuth::None) {
            None => "not_reached",
            Some(exchange) if exchange.status == 200 => "allowed",
            Some(_) => "denied",
        }
    };
    let manifest = if import { "allowed" } else { step("/manifests/") };
    let token = if login.is_some() { "allowed" } else { "denied" };
    let steps = &expect["steps"];
    let pulled = matches!(trace.outcome, PullOutcome::Pulled(_));
    let mut differences: Vec<Difference> = [
        differ("token", token, text(steps, "token")),
        differ("manifest", manifest, text(steps, "manifest")),
        differ("layers", step("/blobs/"), text(steps, "layers")),
        differ("pull", if pulled { "ok" } else { "fails" }, text(expect, "pull")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(want) = expect["denied_message"].as_str()
        && !format!("{new}{}", as_recorded(&log)).ends_with(want)
    {
        differences.push(note("denied_message", want, (&log, &new)));
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
        differences.push(note("runtime_error_contains", part, (&new, &old)));
    }
    if let Some(want) = steps["import"].as_str() {
        let got = if import { "denied" } else { "allowed" };
        differences.extend(differ("import", got, want));
    }
    let last = trace.exchanges.last().map_or(0, |exchange| exchange.status);
    if let Some(want) = expect["http_status"].as_u64() {
        differences.extend(differ_value("http_status", &u64::from(last), &want));
    }
    Ok(differences)
}

/// What the node's plugin gives for an image.
fn ask_plugin(
    mint: &mut Mint,
    roles: &Roles,
    role: &str,
    image: &ImageRef,
) -> Result<Login, String> {
    match cloud::provide_ecr(mint, roles, Some(role), &image.lookup_name(), SimTime::START) {
        Answer::Given { auth, .. } => {
            let [(host, login)] = <[_; 1]>::try_from(auth).expect("one entry");
            assert_eq!(host, image.host());
            Ok(login)
        }
        Answer::Failed(log) => Err(log),
    }
}

fn play_cache(remaining: &str, expect: &Value) -> Vec<Difference> {
    let want = match text(expect, "cacheDuration") {
        "unset" => None,
        duration => Some(span(duration)),
    };
    let got = cloud::cache_duration(span(remaining));
    differ_value("cacheDuration", &got, &want).into_iter().collect()
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

fn play_token(given: &Value, expect: &Value) -> Vec<Difference> {
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
    let authorization = match &login {
        None => Authorization::None,
        Some(login) => {
            let (user, secret) = (login.username.as_str(), login.password.reveal());
            Authorization::Basic(Basic { user, secret })
        }
    };
    let (method, now) = (Method::Get, SimTime::START);
    let from = "";
    let request = Request { method, repository: "app", target, authorization, from, now };
    let answer = server.answer(&request, &mut Served::default());
    let refused = match answer {
        Reply::Refused(no) => Some(no),
        Reply::Found(_) | Reply::Elsewhere(_) | Reply::Token(_) => None,
    };
    let error = refused.and_then(|no| server.error("app", target, &no));
    let (code, said) = error.map_or((String::new(), String::new()), |e| (e.code, e.message));
    let image = ImageRef::parse(&format!("{host}/app:1")).expect("an image");
    let node = node(Version::new(2, 3, 4), false);
    let auth = login.as_ref().map(AuthConfig::of);
    let trace = pull(&node, &world, &mint, &roles, &image, auth);

    let registry = if answer.status() == 200 { "accepts" } else { "rejects" };
    let mut differences: Vec<Difference> =
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
        let challenge = refused.and_then(|no| server.challenge("app", no.challenge));
        let challenge = challenge.unwrap_or_default();
        let got = challenge.split(' ').next().unwrap_or_default();
        differences.extend(differ("challenge", got, scheme));
    }
    let runtime = message(&trace.outcome);
    if let Some(part) = expect["runtime_contains"].as_str() {
        differences
            .extend((!runtime.contains(part)).then(|| note("runtime_contains", part, runtime)));
    }
    if let Some(part) = expect["never_contains"].as_str() {
        differences.extend(runtime.contains(part).then(|| note("never_contains", part, runtime)));
    }
    differences
}

//! `ecr`: hosts, IAM, tokens and identities of Amazon ECR.

use pullpath_model::cloud::{self, EcrHost, Roles};
use pullpath_model::credential::Login;
use pullpath_model::image::ImageRef;
use pullpath_model::message::runtime::Dialect;
use pullpath_model::provider::{self, Answer};
use pullpath_model::pull::PullOutcome;
use pullpath_model::registry::{Method, Request, Server, Target};
use pullpath_model::time::{SimTime, Span};
use pullpath_model::token::Mint;
use pullpath_model::world::{ProviderSpec, RegistryKind, Version};
use serde_yaml::Value;

use super::registry_world::{
    CI, ECR_HOST, NODES, PULL_ONLY, login, message, pull, put, text, texts, world,
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

pub(super) fn play(case: &Case<'_>) -> Played {
    case.knows(&KEYS)?;
    let given = &case.value["given"];
    match case.group {
        "host_cases" => Ok(play_host(case.value)),
        "iam_cases" if is_simple(case.value) => Ok(play_iam(case.value)),
        "iam_cases" => not_played("a policy that the model does not evaluate yet"),
        "token_cases" => match given["remaining"].as_str() {
            Some(remaining) => Ok(play_cache(remaining, &case.value["expect"])),
            None if given.get("token").is_some() => Ok(play_token(given, &case.value["expect"])),
            None => not_played("neither a token nor what remains of one"),
        },
        // Instances whose plugin is not given tokens of ServiceAccounts: nothing of the Pod reaches it.
        "identity_cases" if given["compute"] == "ec2" && given["token_attributes"].is_null() => {
            Ok(play_identity(case.value))
        }
        group => not_played(format!("`{group}` of that kind")),
    }
}

/// Statements that allow on everything, and no policy on the repository.
fn is_simple(case: &Value) -> bool {
    let simple = |statement: &Value| statement["Effect"] == "Allow" && statement["Resource"] == "*";
    let identity = case["caller"]["identity"].as_sequence().expect("statements");
    identity.iter().all(simple)
        && case["repository"]["policy"].is_null()
        && case["pull_through_first_import"] == false
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
        ("plugin_client_region", Value::from(cloud::client_region(host).unwrap_or_default())),
        ("ami_match_image", or_null(matched)),
    ]
    .into_iter()
    // The glob alone fits one host with a `#` too, but the kubelet is never handed that: no image name has one.
    .filter(|(key, _)| *key != "ami_match_image" || ImageRef::parse(&format!("{host}/app")).is_ok())
    .filter_map(|(key, got)| differ_value(key, &got, &case[key]))
    .collect()
}

fn play_identity(case: &Value) -> Vec<Difference> {
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
        PullOutcome::Pulled { .. } => ("ok", mint.get("node-1").map(|token| token.role.clone())),
        PullOutcome::Failed { .. } => ("fails", Some(NODES.to_owned())),
    };
    let identity = match identity.as_deref() {
        Some(NODES) => "node_role",
        Some(_) => "another",
        None => "none",
    };
    [
        differ("identity", identity, text(&case["expect"], "identity")),
        differ("pull", pulled, text(&case["expect"], "pull")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn play_iam(case: &Value) -> Vec<Difference> {
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
    let mut differences: Vec<Difference> = [
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
        let challenge = server.challenge(&answer).unwrap_or_default();
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

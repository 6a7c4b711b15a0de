//! Recorded facts about the kubelet, played against the model: image names, credentials, pull policy and back-off.
//!
//! The data stands in `tests/conformance` at the top of the repository; each file's head says where its cases come from.

use std::collections::BTreeMap;
use std::fmt::Debug;

use pullpath_model::back_off::BackOff;
use pullpath_model::credential::{Login, Source};
use pullpath_model::docker_config::{self, Entry, Parsed};
use pullpath_model::image::ImageRef;
use pullpath_model::keyring::{self, Keyring};
use pullpath_model::provider::{self, Answer, CacheKeyType, Provided};
use pullpath_model::pull_policy;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::ProviderSpec;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_yaml::Value;

#[derive(Deserialize)]
struct Data {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    group: String,
    cases: Vec<Value>,
}

/// Plays every case of a file. `play` gives a line for each thing that differs.
#[track_caller]
#[expect(clippy::print_stdout, reason = "the count is what a run of recorded cases has to show")]
fn play_all(file: &str, text: &str, count: usize, play: impl Fn(&str, &Value) -> Vec<String>) {
    let data: Data = serde_yaml::from_str(text).expect("the file has groups of cases");
    let mut played = 0;
    let mut failures = Vec::new();
    for Group { group, cases } in &data.groups {
        for case in cases {
            let id = case["id"].as_str().expect("every case has an id");
            failures.extend(play(group, case).into_iter().map(|line| format!("{id}: {line}")));
            played += 1;
        }
    }
    println!("{file}: {played} cases, {} differences", failures.len());
    assert!(failures.is_empty(), "{file}:\n{}", failures.join("\n"));
    assert_eq!(played, count, "cases in {file}");
}

fn read<T: DeserializeOwned>(case: &Value) -> T {
    serde_yaml::from_value(case.clone())
        .expect("the case has the fields that its file's head names")
}

/// A line if two things differ.
#[expect(clippy::needless_pass_by_value, reason = "each call compares two fresh values")]
fn differ<T: PartialEq + Debug>(what: &str, got: T, want: T) -> Option<String> {
    (got != want).then(|| format!("{what} is {got:?}, should be {want:?}"))
}

#[test]
fn image_reference() {
    #[derive(Deserialize)]
    struct Case {
        input: String,
        expect: Option<BTreeMap<String, String>>,
        error: Option<String>,
    }
    let text = include_str!("../../../tests/conformance/image_reference.yaml");
    play_all("image_reference", text, 167, |_, case| {
        let Case { input, expect, error } = read(case);
        match (input.parse::<ImageRef>(), expect, error) {
            (Err(got), None, Some(want)) => {
                differ("error", got.about(&input), want).into_iter().collect()
            }
            (Ok(image), Some(want), None) => {
                let got = BTreeMap::from([
                    ("domain", image.host().to_owned()),
                    ("path", image.path().to_owned()),
                    ("lookup", image.lookup_name()),
                    ("tag", image.tag().unwrap_or_default().to_owned()),
                    ("digest", image.digest().unwrap_or_default().to_owned()),
                    ("sent_to_runtime", image.sent_to_runtime(&input)),
                ]);
                let again = image.to_string().parse();
                let fields =
                    got.iter().filter_map(|(field, got)| differ(field, got, &want[*field]));
                fields
                    .chain(differ("the printed form, read again,", again, Ok(image.clone())))
                    .collect()
            }
            (got, ..) => vec![format!("got {got:?}")],
        }
    });
}

#[test]
fn url_match() {
    #[derive(Deserialize)]
    struct Case {
        glob: String,
        target: String,
        #[serde(rename = "match")]
        matched: bool,
        error: Option<String>,
    }
    let text = include_str!("../../../tests/conformance/url_match.yaml");
    play_all("url_match", text, 53, |_, case| {
        let Case { glob, target, matched, error } = read(case);
        let want = error.map_or(Ok(matched), Err);
        differ("match", keyring::matches(&glob, &target), want).into_iter().collect()
    });
}

#[derive(Deserialize)]
struct Secret {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    data: BTreeMap<String, String>,
}

/// The keyring of a Pod's Secrets, or the error that ends the look-up.
fn keyring_of(secrets: Vec<Secret>) -> Result<Keyring, String> {
    let mut keyring = Keyring::new();
    for Secret { name, kind, data } in secrets {
        let data = data.into_iter().map(|(key, value)| (key, value.into_bytes())).collect();
        let source = Source::Secret { namespace: "ns".into(), name, uid: "uid".into() };
        match docker_config::parse(&kind, &data) {
            Parsed::Ignored { .. } => {}
            Parsed::Entries(entries) => keyring.add(&source, entries),
            Parsed::Undecodable(error) => return Err(error),
        }
    }
    Ok(keyring)
}

#[test]
fn keyring_match() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Credential {
        username: String,
        password: String,
        source: String,
    }
    #[derive(Deserialize)]
    struct Case {
        #[serde(default)]
        secrets: Vec<Secret>,
        #[serde(default)]
        node_config: Vec<String>,
        lookup: String,
        credentials: Option<Vec<Credential>>,
        error: Option<String>,
        falls_back_to_docker_hub: Option<bool>,
    }
    fn offered(case: Case) -> Result<Vec<Credential>, String> {
        let mut keyrings = vec![keyring_of(case.secrets)?];
        for text in &case.node_config {
            let mut keyring = Keyring::new();
            keyring.add(&Source::NodeConfig, docker_config::parse_config_json(text.as_bytes())?);
            keyrings.push(keyring);
        }
        let offers = keyrings.iter().flat_map(|keyring| keyring.lookup(&case.lookup));
        let credentials = offers.map(|offer| Credential {
            username: offer.login.username.clone(),
            password: offer.login.password.reveal().to_owned(),
            source: match &offer.source {
                Source::Secret { name, .. } => format!("secret/{name}"),
                Source::NodeConfig => "node".to_owned(),
                Source::Provider { name } => format!("provider/{name}"),
            },
        });
        Ok(credentials.collect())
    }
    let text = include_str!("../../../tests/conformance/keyring_match.yaml");
    play_all("keyring_match", text, 96, |_, case| {
        let mut case: Case = read(case);
        if let Some(want) = case.falls_back_to_docker_hub {
            return differ("fallback", keyring::is_on_docker_hub(&case.lookup), want)
                .into_iter()
                .collect();
        }
        let want = match (case.credentials.take(), case.error.take()) {
            (Some(credentials), None) => Ok(credentials),
            (None, Some(error)) => Err(error),
            _ => return vec!["neither credentials nor an error".to_owned()],
        };
        differ("the list", offered(case), want).into_iter().collect()
    });
}

#[test]
fn dockerconfig_parse() {
    #[derive(Deserialize)]
    struct AuthField {
        auth: String,
        username: Option<String>,
        password: Option<String>,
        error: Option<String>,
    }
    #[derive(Deserialize)]
    struct Case {
        #[serde(rename = "type")]
        secret_type: String,
        value: String,
        entries: Option<BTreeMap<String, BTreeMap<String, String>>>,
        error: Option<String>,
        #[serde(default)]
        skipped: bool,
        error_exact: Option<bool>,
        api_server: String,
    }
    fn fields(login: Login) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("username".to_owned(), login.username),
            ("password".to_owned(), login.password.reveal().to_owned()),
            ("email".to_owned(), login.email),
        ])
    }
    fn play_auth(case: AuthField) -> Vec<String> {
        let got = docker_config::decode_auth(&case.auth)
            .map(|(username, password)| (username, password.reveal().to_owned()));
        let want = match (case.username, case.password, case.error) {
            (Some(username), Some(password), None) => Ok((username, password)),
            (None, None, Some(error)) => Err(error),
            _ => return vec!["neither a login nor an error".to_owned()],
        };
        differ("the login", got, want).into_iter().collect()
    }
    let text = include_str!("../../../tests/conformance/dockerconfig_parse.yaml");
    play_all("dockerconfig_parse", text, 65, |group, case| {
        if group == "auth-field" {
            return play_auth(read(case));
        }
        let case: Case = read(case);
        let key = match case.secret_type.as_str() {
            docker_config::DOCKER_CFG => ".dockercfg",
            _ => ".dockerconfigjson",
        };
        let api_server = docker_config::object_error(case.value.as_bytes());
        let api_server = api_server.unwrap_or_else(|| "accepts".to_owned());
        let data = BTreeMap::from([(key.to_owned(), case.value.into_bytes())]);
        let got = docker_config::parse(&case.secret_type, &data);
        let difference = match (got, case.entries, case.error) {
            (Parsed::Ignored { .. }, None, None) if case.skipped => None,
            (Parsed::Entries(got), Some(want), None) => {
                let got = got.into_iter().map(|entry| (entry.key, fields(entry.login))).collect();
                differ("the entries", got, want)
            }
            // Mismatches of types are worded differently by each release of Go.
            (Parsed::Undecodable(_), None, Some(_)) if case.error_exact == Some(false) => None,
            (Parsed::Undecodable(got), None, Some(want)) => differ("the error", got, want),
            (got, ..) => Some(format!("got {got:?}")),
        };
        difference.into_iter().chain(differ("api_server", api_server, case.api_server)).collect()
    });
}

#[test]
fn pull_policy_default() {
    #[derive(Deserialize)]
    struct Case {
        image: String,
        declared: Option<String>,
        always_pull_images: bool,
        expect: Option<String>,
        expect_error: Option<String>,
    }
    let text = include_str!("../../../tests/conformance/pull_policy_default.yaml");
    play_all("pull_policy_default", text, 35, |_, case| {
        let case: Case = read(case);
        let got =
            pull_policy::admit(case.declared.as_deref(), &case.image, case.always_pull_images)
                .map(|policy| policy.name().to_owned())
                .map_err(|error| format!("spec.containers[0].imagePullPolicy: {error}"));
        let want = match (case.expect, case.expect_error) {
            (Some(policy), None) => Ok(policy),
            (None, Some(error)) => Err(error),
            _ => return vec!["neither a policy nor an error".to_owned()],
        };
        differ("the policy", got, want).into_iter().collect()
    });
}

fn seconds(seconds: f64) -> SimTime {
    SimTime::from_millis((seconds * 1000.0).round() as i64)
}

#[test]
fn back_off() {
    #[derive(Deserialize)]
    struct Step {
        at: f64,
        #[serde(rename = "do")]
        action: String,
        in_backoff: Option<bool>,
        delay: i64,
    }
    #[derive(Deserialize)]
    struct Case {
        initial: i64,
        max: i64,
        steps: Vec<Step>,
    }
    let text = include_str!("../../../tests/conformance/backoff.yaml");
    play_all("backoff", text, 10, |_, case| {
        let Case { initial, max, steps } = read(case);
        let mut back_off = BackOff::new(Span::seconds(initial), Span::seconds(max));
        let mut failures = Vec::new();
        for Step { at, action, in_backoff, delay } in steps {
            let now = seconds(at);
            let held_back = back_off.is_held_back("uid", "image", now);
            match action.as_str() {
                "fail" => back_off.record_failure("uid", "image", now),
                "try" if !held_back => back_off.record_failure("uid", "image", now),
                "try" | "check" => {}
                "gc" => back_off.collect_idle(now),
                "reset" => back_off.reset("uid", "image"),
                other => failures.push(format!("unknown step {other}")),
            }
            let got = back_off.delay("uid", "image").unwrap_or(Span::ZERO);
            failures.extend(differ(&format!("delay at {at}"), got, Span::seconds(delay)));
            let got = in_backoff.map(|_| held_back);
            failures.extend(differ(&format!("in_backoff at {at}"), got, in_backoff));
        }
        failures
    });
}

#[test]
fn credential_provider() {
    #[derive(Deserialize)]
    struct Match {
        #[serde(rename = "match_images")]
        patterns: Vec<String>,
        lookup: String,
        response_auth_keys: Vec<String>,
        asked: bool,
        used_keys: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Request {
        at: f64,
        lookup: String,
        asked: bool,
        answer: Option<usize>,
    }
    #[derive(Deserialize)]
    struct PluginAnswer {
        cache_key_type: Option<String>,
        cache_duration: Option<i64>,
        #[serde(default)]
        fails: bool,
    }
    #[derive(Deserialize)]
    struct CacheCase {
        default_cache_duration: i64,
        answers: Vec<PluginAnswer>,
        requests: Vec<Request>,
    }
    fn spec(match_images: Vec<String>, default_cache_seconds: i64) -> ProviderSpec {
        ProviderSpec { name: "plugin".into(), match_images, default_cache_seconds }
    }
    fn play_match(case: Match) -> Vec<String> {
        let auth = case.response_auth_keys.into_iter().map(|key| (key, Login::default())).collect();
        let answer =
            Answer::Given { auth, cache_key: CacheKeyType::Registry, cache_duration: None };
        let spec = spec(case.patterns, 0);
        let mut asked = false;
        let provided =
            provider::Cache::default().provide(&spec, &case.lookup, SimTime::START, |_| {
                asked = true;
                answer
            });
        let mut keyring = Keyring::new();
        keyring.add(&Source::Provider { name: spec.name }, provided.entries());
        let used = keyring.lookup(&case.lookup).iter().map(|offer| offer.key.clone()).collect();
        [differ("asked", asked, case.asked), differ("used", used, case.used_keys)]
            .into_iter()
            .flatten()
            .collect()
    }
    fn play_cache(case: CacheCase) -> Vec<String> {
        let spec = spec(vec!["*.*.*.*.*.*".into(), "*.*".into()], case.default_cache_duration);
        let mut cache = provider::Cache::default();
        let mut runs = 0;
        let mut failures = Vec::new();
        for Request { at, lookup, asked, answer } in case.requests {
            let runs_before = runs;
            let provided = cache.provide(&spec, &lookup, seconds(at), |_| {
                runs += 1;
                let answer = &case.answers[(runs - 1).min(case.answers.len() - 1)];
                if answer.fails {
                    return Answer::Failed("exit status 1".into());
                }
                let username = runs.to_string();
                let cache_key = match answer.cache_key_type.as_deref() {
                    Some("Image") => CacheKeyType::Image,
                    Some("Registry") => CacheKeyType::Registry,
                    Some("Global") => CacheKeyType::Global,
                    other => panic!("unknown cache key type {other:?}"),
                };
                Answer::Given {
                    auth: vec![("*".into(), Login { username, ..Login::default() })],
                    cache_key,
                    cache_duration: answer.cache_duration.map(Span::seconds),
                }
            });
            let used = provided.entries().next().map(|entry: Entry| entry.login.username);
            failures.extend(differ(&format!("asked at {at}"), runs > runs_before, asked));
            let want = answer.map(|number| number.to_string());
            failures.extend(differ(&format!("answer at {at}"), used, want));
            if provided == Provided::NotAsked {
                failures.push(format!("the plugin is not for {lookup}"));
            }
        }
        failures
    }
    let text = include_str!("../../../tests/conformance/credential_provider.yaml");
    play_all("credential_provider", text, 20, |group, case| match group {
        "cache" => play_cache(read(case)),
        _ => play_match(read(case)),
    });
}

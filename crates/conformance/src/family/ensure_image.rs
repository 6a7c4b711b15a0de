//! `ensure_image`: the kubelet's decision for one container start, and who may use an image that is present.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_model::back_off::BackOff;
use pullpath_model::ensure_image::{
    Answers, Decision, Failure, LookUpOrder, Question, decide, pull_failure, runtime_error,
};
use pullpath_model::event::{EventType, Reason};
use pullpath_model::image::ImageRef;
use pullpath_model::message::kubelet as words;
use pullpath_model::node::Throttle;
use pullpath_model::pull_policy::PullPolicy;
use pullpath_model::pull_record::{
    self, Access, AccountRecord, PodCredentials, PullRecord, SecretRecord, VerificationPolicy,
};
use pullpath_model::time::{SimTime, Span};
use serde::Deserialize;

use crate::case::{Case, Difference, NotPlayed, Played, differ, differ_text, not_played};

pub(super) fn play(case: &Case<'_>) -> Played {
    match case.group {
        "decide-table" | "access-table" | "more" => Starts::play(case.read()?),
        "cri-error-kind" => play_error_kind(&case.read()?),
        "rpc-text" => play_rpc_text(&case.read()?),
        "must-pull" => play_must_pull(case.read()?),
        "verification-policy" => play_policy(&case.read()?),
        "allowlist" => play_allowlist(&case.read()?),
        group => not_played(format!("unknown group `{group}`")),
    }
}

// Container starts.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Starts {
    image: String,
    policy: String,
    present: bool,
    access: Option<String>,
    inspect_error: Option<String>,
    pull_error: Option<String>,
    credentials: Option<usize>,
    pull_errors: Option<Vec<Option<String>>>,
    keyring_error: Option<String>,
    pull_qps: Option<u32>,
    pull_burst: Option<u32>,
    ensure_secret_pulled_images: Option<bool>,
    backoff: Option<Limits>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    initial: i64,
    max: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    runtime_calls: Vec<String>,
    waiting_reason: Option<String>,
    message: Option<String>,
    events: Vec<Event>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Event {
    #[serde(rename = "type")]
    event_type: String,
    reason: String,
    message: String,
}

/// A runtime and a keyring that answer as the case says, and note what they were asked.
struct Told<'a> {
    case: &'a Starts,
    present: bool,
    held_back: bool,
    calls: Vec<String>,
}

impl Answers for Told<'_> {
    fn image_status(&mut self) -> Result<bool, String> {
        self.calls.push("image_status".to_owned());
        match &self.case.inspect_error {
            Some(error) => Err(error.clone()),
            None => Ok(self.present),
        }
    }

    fn must_pull(&mut self) -> Result<bool, String> {
        match self.case.access.as_deref() {
            Some("denied") => Ok(true),
            _ => Ok(false),
        }
    }

    fn look_up(&mut self) -> Result<(), String> {
        self.case.keyring_error.clone().map_or(Ok(()), Err)
    }

    fn is_held_back(&mut self) -> bool {
        self.held_back
    }
}

impl Starts {
    fn play(case: Self) -> Played {
        let Some(policy) = PullPolicy::from_name(&case.policy) else {
            return not_played(format!("policy {}", case.policy));
        };
        if case.access.as_deref().is_some_and(|access| !["allowed", "denied"].contains(&access)) {
            return not_played(format!("access {:?}", case.access));
        }
        let name_error = ImageRef::parse(&case.image).err().map(|error| error.about(&case.image));
        let question = Question {
            image: &case.image,
            name_error: name_error.as_deref(),
            policy,
            ensures_secret_pulled_images: case.ensure_secret_pulled_images.unwrap_or(true),
            look_up: LookUpOrder::WhenNeeded,
        };
        let (initial, max) =
            case.backoff.as_ref().map_or((10, 300), |limits| (limits.initial, limits.max));
        let (uid, image) = (Arc::from("uid"), Arc::from(case.image.as_str()));
        let mut back_off = BackOff::new(Span::seconds(initial), Span::seconds(max));
        let mut previous: Option<Failure> = None;
        let (mut present, mut pulls) = (case.present, 0);
        let mut throttle = Throttle::default();
        let mut differences = Vec::new();
        for (number, step) in (1..).zip(&case.steps) {
            let now = SimTime::START + Span::seconds(number);
            let held_back = back_off.is_held_back(&uid, &image, now);
            let mut told = Told { case: &case, present, held_back, calls: Vec::new() };
            let decision = decide(&question, &mut told);
            let mut events = decision.events(&question);
            let mut failure = decision.failure(&case.image, previous.as_ref());
            if decision == Decision::Pull {
                let errors = case.pull(now, &mut throttle, &mut pulls, &mut told.calls);
                match errors {
                    None => {
                        present = true;
                        let message =
                            words::pulled(&case.image, Span::seconds(1), Span::seconds(1), 7);
                        events.push((Reason::Pulled, message));
                    }
                    Some(errors) => {
                        let failed = pull_failure(&case.image, &errors);
                        events.extend(failed.events(&case.image));
                        back_off.record_failure(&uid, &image, now);
                        previous = Some(failed.failure());
                        failure.clone_from(&previous);
                    }
                }
            }
            let at = |what: &str| format!("{what} of step {number}");
            differences.extend(differ(&at("runtime_calls"), &told.calls, &step.runtime_calls));
            let reason = failure.as_ref().map(|failure| failure.reason.clone());
            differences.extend(differ(&at("waiting_reason"), &reason, &step.waiting_reason));
            let message = failure.map(|failure| failure.message);
            differences.extend(differ(&at("message"), &message, &step.message));
            let events: Vec<Event> = events.into_iter().map(printed).collect();
            differences.extend(differ(&at("events"), &events, &step.events));
        }
        Ok(differences)
    }

    /// Pulls with each credential until one works; the errors if none does.
    fn pull(
        &self,
        now: SimTime,
        throttle: &mut Throttle,
        pulls: &mut usize,
        calls: &mut Vec<String>,
    ) -> Option<Vec<String>> {
        let mut errors = Vec::new();
        for _ in 0..self.credentials.unwrap_or(0).max(1) {
            // Without a limit in the case there is none; the runtime does not hear of a pull that is refused.
            let (qps, burst) = (self.pull_qps.unwrap_or(0), self.pull_burst.unwrap_or(0));
            if !throttle.try_accept(qps, burst, now) {
                errors.push(words::PULL_QPS_EXCEEDED.to_owned());
                continue;
            }
            calls.push("pull".to_owned());
            let error = match &self.pull_errors {
                None => self.pull_error.clone(),
                Some(list) => list.get(*pulls).or(list.last()).cloned().flatten(),
            };
            *pulls += 1;
            errors.push(error?);
        }
        Some(errors)
    }
}

/// An event as the cases write it: durations and sizes stand for any.
fn printed((reason, message): (Reason, String)) -> Event {
    let event_type = match reason.event_type() {
        EventType::Normal => "Normal",
        EventType::Warning => "Warning",
    };
    let message = if reason == Reason::Pulled {
        message
            .replace(&words::go_duration(Span::seconds(1)), "<d>")
            .replace(": 7 bytes", ": <n> bytes")
    } else {
        message
    };
    Event { event_type: event_type.to_owned(), reason: reason.name().to_owned(), message }
}

// Texts.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorKind {
    image: String,
    pull_error: String,
    waiting_reason: String,
    message: String,
}

fn play_error_kind(case: &ErrorKind) -> Played {
    let failed = pull_failure(&case.image, std::slice::from_ref(&case.pull_error));
    let reason = differ_text("waiting_reason", failed.reason, &case.waiting_reason);
    Ok(reason.into_iter().chain(differ_text("message", &failed.message, &case.message)).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RpcText {
    grpc_code: String,
    grpc_message: String,
    error_text: String,
}

fn play_rpc_text(case: &RpcText) -> Played {
    let got = runtime_error(&case.grpc_code, &case.grpc_message);
    Ok(differ_text("error_text", &got, &case.error_text).into_iter().collect())
}

// Records.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    uid: String,
    namespace: String,
    name: String,
    #[serde(default)]
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    uid: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Recorded {
    #[serde(default)]
    secrets: Vec<Secret>,
    #[serde(default)]
    service_accounts: Vec<Account>,
    #[serde(default)]
    node: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MustPull {
    policy: String,
    #[serde(default)]
    allowlist: Vec<String>,
    image: String,
    present: bool,
    pulled_record: Option<BTreeMap<String, Recorded>>,
    pull_intent: bool,
    pod_secrets: Vec<Secret>,
    pod_service_account: Option<Account>,
    must_pull: bool,
    credentials_looked_up: bool,
    record_becomes: Option<BTreeMap<String, Recorded>>,
}

fn secret(secret: Secret) -> SecretRecord {
    let Secret { uid, namespace, name, hash } = secret;
    SecretRecord { namespace, name, uid, hash }
}

fn account(account: Account) -> AccountRecord {
    let Account { uid, namespace, name } = account;
    AccountRecord { namespace, name, uid }
}

fn record(repositories: BTreeMap<String, Recorded>) -> PullRecord {
    PullRecord::new(repositories.into_iter().map(|(name, recorded)| {
        let access = if recorded.node {
            Access::EveryPod
        } else {
            Access::These {
                secrets: recorded.secrets.into_iter().map(secret).collect(),
                service_accounts: recorded.service_accounts.into_iter().map(account).collect(),
            }
        };
        (name, access)
    }))
}

fn play_must_pull(case: MustPull) -> Played {
    let policy = VerificationPolicy::new(&case.policy, &case.allowlist).map_err(NotPlayed)?;
    if !case.present {
        // An absent image is pulled before anybody asks for records.
        return Ok(differ("must_pull", &true, &case.must_pull).into_iter().collect());
    }
    let Ok(image) = ImageRef::parse(&case.image) else {
        return not_played(format!("image {}", case.image));
    };
    let mut known = case.pulled_record.map(record);
    let before = known.clone();
    let mut looked_up = false;
    let credentials = PodCredentials {
        secrets: case.pod_secrets.into_iter().map(secret).collect(),
        service_account: case.pod_service_account.map(account),
    };
    let verdict = pull_record::must_pull(
        &policy,
        &case.image,
        &image.lookup_name(),
        known.as_mut(),
        case.pull_intent,
        || {
            looked_up = true;
            Ok(credentials)
        },
    );
    let must_pull = verdict.map(|verdict| verdict.must_pull());
    let becomes = case.record_becomes.map(record).or(before);
    Ok([
        differ("must_pull", &must_pull, &Ok(case.must_pull)),
        differ("credentials_looked_up", &looked_up, &case.credentials_looked_up),
        differ("the record", &known, &becomes),
    ]
    .into_iter()
    .flatten()
    .collect())
}

// Policies.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    policy: String,
    pulled_by_kubelet: bool,
    verify: bool,
}

fn play_policy(case: &Policy) -> Played {
    let policy = VerificationPolicy::new(&case.policy, &[]).map_err(NotPlayed)?;
    let got = policy.verifies("registry.example.com/app:1", case.pulled_by_kubelet);
    Ok(differ("verify", &got, &case.verify).into_iter().collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowlist {
    allowlist: Vec<String>,
    image: String,
    pulled_by_kubelet: bool,
    verify: Option<bool>,
    error: Option<String>,
}

fn play_allowlist(case: &Allowlist) -> Result<Vec<Difference>, NotPlayed> {
    let policy = VerificationPolicy::new("NeverVerifyAllowlistedImages", &case.allowlist);
    let got = policy.map(|policy| policy.verifies(&case.image, case.pulled_by_kubelet));
    let want = match (case.verify, &case.error) {
        (Some(verify), None) => Ok(verify),
        (None, Some(error)) => Err(error.clone()),
        _ => return not_played("neither `verify` nor `error`, or both"),
    };
    Ok(differ("verify", &got, &want).into_iter().collect())
}

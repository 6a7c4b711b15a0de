//! What a login says about itself: what kind it is, until when it holds, and whether it can hold at all. Nothing of the
//! login gets into the answer.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use pullpath_model::cloud::EcrHost;
use pullpath_model::credential::Login;
use pullpath_model::token;
use serde_json::Value;

use crate::host::Family;
use crate::moment::{Moment, length};
use crate::object::Written;
use crate::report::Until;

/// What is known about a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assessment {
    /// What kind of login it is.
    pub(crate) kind: &'static str,
    /// Its end, if it says one or one can be estimated.
    pub(crate) until: Option<Until>,
    /// Why it cannot work now, if that is so.
    pub(crate) dead: Option<Dead>,
    /// What there is to say about how long it lives.
    pub(crate) note: Option<&'static str>,
}

/// Why a login cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dead {
    pub(crate) code: &'static str,
    pub(crate) why: String,
    pub(crate) hint: String,
}

/// The user names that say what the password is, and are no secret.
const GOOGLE_TOKEN: &str = "oauth2accesstoken";
const AZURE_TOKEN: &str = "00000000-0000-0000-0000-000000000000";

/// A Google access token lives for an hour (reference, section 4: from memory, unverified), so it only makes an estimate.
const GOOGLE_SECONDS: i64 = 3600;

/// Looks at a login for a registry.
pub(crate) fn assess(
    login: &Login,
    host: &str,
    family: Family,
    written: Option<Written>,
    now: Moment,
) -> Assessment {
    let password = login.password.reveal();
    let (kind, note) = kind_of(login, family);
    let until = until(login, family, written);
    let dead = malformed(&login.username, password)
        .or_else(|| misfit(login, host, family))
        .or_else(|| expired(until.as_ref(), family, host, now));
    Assessment { kind, until, dead, note }
}

fn kind_of(login: &Login, family: Family) -> (&'static str, Option<&'static str>) {
    let password = login.password.reveal();
    let starts = |start: &str| password.starts_with(start);
    match login.username.as_str() {
        "" if password.is_empty() => ("no login", None),
        token::USER if matches!(family, Family::Ecr | Family::EcrPublic) => ("ECR token", None),
        GOOGLE_TOKEN => ("Google access token", None),
        "_json_key" | "_json_key_base64" => {
            ("Google service account key", Some("holds until the key is revoked"))
        }
        AZURE_TOKEN => ("Azure token", None),
        _ if starts("ghs_") => (
            "GitHub app or workflow token",
            Some("ends with the workflow's job (GITHUB_TOKEN) or after an hour (an app's)"),
        ),
        _ if starts("glcbt-") => ("GitLab job token", Some("ends with its job")),
        _ if starts("ghp_") => {
            ("GitHub personal access token", Some("its end is known to GitHub alone"))
        }
        _ if starts("github_pat_") => ("GitHub fine-grained token", None),
        _ if starts("glpat-") || starts("gldt-") => {
            ("GitLab token", Some("its end is known to GitLab alone"))
        }
        _ if starts("dckr_") => {
            ("Docker Hub access token", Some("its end is known to Docker Hub alone"))
        }
        user if user.starts_with("robot$") => {
            ("robot account", Some("its end is known to the registry alone"))
        }
        _ if jwt(password).is_some() => ("token (JWT)", None),
        _ => ("user name and password", Some("holds as long as the registry accepts it")),
    }
}

/// What no registry takes, whoever it is.
fn malformed(username: &str, password: &str) -> Option<Dead> {
    let dead = |code, why: &str, hint: &str| {
        Some(Dead { code, why: why.to_owned(), hint: hint.to_owned() })
    };
    if username.is_empty() && password.is_empty() {
        return dead(
            "empty-credential",
            "it has neither user name nor password",
            "give `username` and `password`, or `auth`: base64 of `username:password`",
        );
    }
    if username.is_empty() || password.is_empty() {
        let lacking =
            if username.is_empty() { "its user name is empty" } else { "its password is empty" };
        // R3: nothing is sent then.
        return dead(
            "empty-credential",
            lacking,
            "a registry that asks for a login gets none: give both",
        );
    }
    let broken = |text: &str| text.ends_with(['\n', '\r']) || text.starts_with(['\n', '\r']);
    for (name, text) in [("password", password), ("user name", username)] {
        if broken(text) {
            return dead(
                "newline-in-credential",
                &format!(
                    "its {name} has a line break at an end, which is sent to the registry as it is"
                ),
                "make it again without one: `printf %s`, `echo -n`, or `tr -d '\\n'`",
            );
        }
    }
    let placeholder = matches!(password, "null" | "undefined" | "None" | "changeme" | "password")
        || ["${", "$(", "{{", "<"].iter().any(|start| password.starts_with(start))
            && password.len() < 200;
    if placeholder {
        return dead(
            "placeholder-credential",
            "its password is a placeholder that nobody filled in",
            "look at what should have put the password there: a variable that is not set, or `jq` on a field that is not there",
        );
    }
    None
}

/// What this registry does not take.
fn misfit(login: &Login, host: &str, family: Family) -> Option<Dead> {
    let password = login.password.reveal();
    match family {
        Family::Ecr | Family::EcrPublic => {
            let inner = decode(password);
            if inner.is_some_and(|inner| inner.starts_with(b"AWS:")) {
                return Some(Dead {
                    code: "ecr-authorization-token",
                    why: "its password is ECR's whole `authorizationToken`, which is base64 of `AWS:` and the password".into(),
                    hint: "decode it and keep what stands after `AWS:`, or put the token as it is into `auth`".into(),
                });
            }
            (login.username != token::USER && ecr_expiration(password).is_some()).then(|| Dead {
                code: "ecr-user",
                why: "its password is an ECR token, and its user name is not `AWS`".into(),
                hint: "the user name of every ECR token is `AWS`".into(),
            })
        }
        Family::Ghcr => password.starts_with("github_pat_").then(|| Dead {
            code: "fine-grained-pat",
            why: "it is a fine-grained token, which the container registry does not take".into(),
            hint: "make a classic personal access token with `read:packages`".into(),
        }),
        Family::Acr => {
            let claims = jwt(password)?;
            let audience = claims.get("aud")?.as_str()?;
            let other = audience != host && audience.ends_with(".azurecr.io");
            other.then(|| Dead {
                code: "token-audience",
                why: format!("it is a token for `{}`", crate::source::short(audience)),
                hint: format!("get one for `{host}`"),
            })
        }
        Family::Gar
        | Family::Hub
        | Family::Quay
        | Family::Harbor
        | Family::GitLab
        | Family::Public
        | Family::Other => None,
    }
}

fn expired(until: Option<&Until>, family: Family, host: &str, now: Moment) -> Option<Dead> {
    let until = until.filter(|until| until.at <= now)?;
    let ago = length(now.unix() - until.at.unix());
    let certainly = if until.estimate { "at the latest " } else { "" };
    Some(Dead {
        code: "token-expired",
        why: format!("it expired {certainly}{ago} ago, at {} ({})", until.at, until.basis),
        hint: family.fresh_login(host),
    })
}

/// When a login ends: what the token says, or what can be said from when its Secret was written.
fn until(login: &Login, family: Family, written: Option<Written>) -> Option<Until> {
    let password = login.password.reveal();
    let says = |seconds: i64| Until {
        at: Moment::from_unix(seconds),
        estimate: false,
        basis: "the token says so".into(),
    };
    let ecr = matches!(family, Family::Ecr | Family::EcrPublic);
    if ecr && let Some(end) = ecr_expiration(password) {
        return Some(says(end));
    }
    if let Some(end) = jwt(password).and_then(|claims| claims.get("exp")?.as_i64()) {
        return Some(says(end));
    }
    let (seconds, life) = match login.username.as_str() {
        token::USER if ecr => (token::LIFETIME.as_millis() / 1000, "12 h"),
        GOOGLE_TOKEN => (GOOGLE_SECONDS, "1 h"),
        _ => return None,
    };
    // A token is as old as its Secret or older, so this is the latest end; but only where nothing was written since.
    let written = written?;
    let basis = if written.surely_last {
        format!("{life} after the Secret was last written, {}", written.at)
    } else {
        format!(
            "{life} after the Secret was created, {}, unless somebody has changed it since",
            written.at
        )
    };
    Some(Until { at: written.at.plus(seconds), estimate: true, basis })
}

/// The end that an ECR password carries: base64 of JSON whose `expiration` is in clear (model::token).
fn ecr_expiration(password: &str) -> Option<i64> {
    let value: Value = serde_json::from_slice(&decode(password)?).ok()?;
    value.get("expiration")?.as_i64()
}

/// The claims of a JWT; nobody checks its signature here.
fn jwt(password: &str) -> Option<Value> {
    let mut parts = password.trim().split('.');
    let (head, claims) = (parts.next()?, parts.next()?);
    if !head.starts_with("eyJ") || parts.next().is_none() || parts.next().is_some() {
        return None;
    }
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::URL_SAFE,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    serde_json::from_slice(&URL_SAFE.decode(claims).ok()?).ok()
}

/// Base64 with or without padding, line breaks at its ends forgiven.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    const EITHER: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let text = text.trim();
    (text.len() >= 8).then(|| EITHER.decode(text).ok())?
}

/// Whether two logins for two private ECR hosts are one token, which only one of two regions takes (E6).
pub(crate) fn of_another_region(host: &str, other: &str) -> bool {
    match (EcrHost::parse(host), EcrHost::parse(other)) {
        (Some(host), Some(other)) => host.region != other.region,
        _ => false,
    }
}

//! What is wrong in a Secret that is meant for pulls.

use std::collections::BTreeMap;

use pullpath_lesson::diagnostic::nearest;
use pullpath_model::docker_config::{
    DOCKER_CFG, DOCKER_CONFIG_JSON, Entry, Ignored, Parsed, decode_auth, parse,
};
use serde_json::Value;

use crate::credential::{assess, decode, of_another_region};
use crate::moment::Moment;
use crate::object::{Data, SecretObject};
use crate::report::{Finding, Severity};
use crate::source::{Sources, Spot, shown_key};
use crate::world::World;

/// What a Secret gives to a pull.
pub(crate) enum Content {
    /// Somebody blanked it out.
    Redacted,
    /// As the kubelet reads it.
    Read(Parsed),
}

/// Reads a Secret as the kubelet does.
pub(crate) fn content(secret: &SecretObject) -> Content {
    if secret.data.values().any(|value| value.redacted) {
        let counts = |key: &&str| secret.data.get(*key).is_some_and(|value| value.redacted);
        if [".dockerconfigjson", ".dockercfg"].iter().any(counts) {
            return Content::Redacted;
        }
    }
    let bytes = |(key, value): (&String, &Data)| {
        // What is not base64 never reaches a node, because the API server refuses it; for the look-up it is as broken.
        (key.clone(), value.bytes.clone().unwrap_or_else(|_| b"not base64".to_vec()))
    };
    let data: BTreeMap<String, Vec<u8>> = secret.data.iter().map(bytes).collect();
    Content::Read(parse(&secret.secret_type, &data))
}

/// Everything that can be said against a Secret. `named` says that a Pod or a ServiceAccount names it.
pub(crate) fn check(
    secret: &SecretObject,
    named: bool,
    renewed: bool,
    sources: &Sources<'_>,
    world: &World,
    now: Moment,
) -> Vec<Finding> {
    let mut check = Check { secret, renewed, sources, world, now, found: Vec::new() };
    check.run(named);
    check.found
}

struct Check<'a> {
    secret: &'a SecretObject,
    renewed: bool,
    sources: &'a Sources<'a>,
    world: &'a World,
    now: Moment,
    found: Vec<Finding>,
}

/// The value is looked at for what a person may have meant, and never larger than the API takes it.
const MOST_BYTES: usize = 1 << 20;

impl<'a> Check<'a> {
    fn error(&mut self, code: &'static str, spot: &Spot, message: String, hint: impl Into<String>) {
        let mut hint = hint.into();
        if self.secret.immutable {
            hint.push_str("; the Secret is `immutable`, so it has to be deleted and created again");
        }
        self.found.push(self.sources.finding(code, Severity::Error, spot, message, hint));
    }

    fn warn(&mut self, code: &'static str, spot: &Spot, message: String, hint: impl Into<String>) {
        self.found.push(self.sources.finding(code, Severity::Warning, spot, message, hint));
    }

    fn run(&mut self, named: bool) {
        let secret = self.secret;
        let counts = matches!(secret.secret_type.as_str(), DOCKER_CONFIG_JSON | DOCKER_CFG);
        if !counts && !named && !self.looks_like_one() {
            return;
        }
        if let Some((key, value)) = self.undecoded() {
            let hint = if value.plain {
                "write it under `stringData:`, which is not encoded, or encode it with `base64 -w0`"
            } else {
                "encode it with `base64 -w0`"
            };
            let error = value.bytes.as_ref().err().cloned().unwrap_or_default();
            return self.error(
                "bad-base64",
                &value.spot,
                format!("the value of `{key}` in Secret `{}` is not base64: {error}", secret.name),
                hint,
            );
        }
        if !counts {
            return self.wrong_type();
        }
        match content(secret) {
            Content::Redacted => {}
            Content::Read(Parsed::Ignored { why }) => self.ignored(why),
            Content::Read(Parsed::Undecodable(error)) => self.undecodable(&error),
            Content::Read(Parsed::Entries(entries)) => self.entries(&entries),
        }
    }

    /// A Secret of another type with registry logins in it.
    fn looks_like_one(&self) -> bool {
        let keys = [".dockerconfigjson", ".dockercfg", "dockerconfigjson", "config.json"];
        keys.iter().any(|key| {
            self.secret.data.get(*key).is_some_and(|value| {
                value.bytes.as_ref().is_ok_and(|bytes| {
                    key.starts_with('.')
                        || bytes.windows(7).take(MOST_BYTES).any(|window| window == b"\"auths\"")
                })
            })
        })
    }

    fn undecoded(&self) -> Option<(&'a String, &'a Data)> {
        let broken = |(_, value): &(&String, &Data)| value.bytes.is_err() && !value.redacted;
        self.secret.data.iter().find(broken)
    }

    fn wrong_type(&mut self) {
        let secret = self.secret;
        let spot = secret.type_spot.as_ref().unwrap_or(&secret.spot);
        let kind = crate::source::argument(&secret.secret_type, "[hidden]");
        let message = format!(
            "Secret `{}` has type `{kind}`, which the kubelet passes over without a word",
            secret.name
        );
        let wanted =
            if secret.data.contains_key(".dockercfg") { DOCKER_CFG } else { DOCKER_CONFIG_JSON };
        let hint = match nearest(&secret.secret_type, [DOCKER_CONFIG_JSON, DOCKER_CFG]) {
            Some(near) if near != secret.secret_type => format!("did you mean `{near}`?"),
            _ if secret.stored => format!(
                "a type cannot be changed: delete the Secret and create it with `type: {wanted}`"
            ),
            _ => format!("write `type: {wanted}`; it cannot be changed once the Secret exists"),
        };
        self.error("secret-type", spot, message, hint);
    }

    fn ignored(&mut self, why: Ignored) {
        let secret = self.secret;
        match why {
            Ignored::Type => self.wrong_type(),
            Ignored::KeyMissing(key) => {
                let has = secret.data.keys().next();
                let message = match has {
                    Some(other) => format!(
                        "Secret `{}` has `{}` where its type wants `{key}`",
                        secret.name,
                        crate::source::short(other)
                    ),
                    None => format!("Secret `{}` has no `{key}`", secret.name),
                };
                let hint = format!(
                    "the API server refuses it: `data[{key}]: Required value`; name the key `{key}`"
                );
                self.error("secret-key", &secret.data_spot, message, hint);
            }
            Ignored::Empty(key) => {
                let spot = secret.data.get(key).map_or(&secret.data_spot, |value| &value.spot);
                let message = format!(
                    "`{key}` of Secret `{}` is empty, so it gives no credential",
                    secret.name
                );
                self.error("secret-empty", spot, message, "put the registry logins there");
            }
        }
    }

    /// P29: it ends every look-up of every Pod that names it.
    fn undecodable(&mut self, error: &str) {
        let secret = self.secret;
        let (spot, bytes) = self.value();
        let stops = "so no image of a Pod that names it is pulled, whatever its registry";
        let text =
            bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
        if decode(&text).is_some_and(|inner| inner.trim_ascii_start().starts_with(b"{")) {
            let message = format!(
                "Secret `{}` is base64 twice over: what decodes is base64 again, {stops}",
                secret.name
            );
            return self.error(
                "double-base64",
                &spot,
                message,
                "encode it once; under `stringData:` not at all",
            );
        }
        if let Some((key, auth, error)) = self.broken_auth(&text) {
            let hint = if auth.contains(':') {
                "`auth` is base64 of `username:password`, and here it is in clear"
            } else if decode(&auth)
                .and_then(|once| decode(&String::from_utf8_lossy(&once)))
                .is_some_and(|twice| twice.contains(&b':'))
            {
                "`auth` is base64 twice over: encode `username:password` once"
            } else {
                "`auth` is base64 of `username:password`"
            };
            let message = format!(
                "`auth` of `{key}` in Secret `{}` cannot be read: {error}, {stops}",
                secret.name
            );
            return self.error("bad-auth", &spot, message, hint);
        }
        let message = format!("Secret `{}` does not decode: {error}, {stops}", secret.name);
        let hint = "look at it with `base64 -d | jq .`: it is JSON like {\"auths\": {\"HOST\": {\"auth\": \"…\"}}}";
        self.error("secret-undecodable", &spot, message, hint);
    }

    fn broken_auth(&self, text: &str) -> Option<(String, String, String)> {
        let json: Value = serde_json::from_str(text).ok()?;
        let entries = json.get("auths").unwrap_or(&json).as_object()?;
        entries.iter().find_map(|(key, entry)| {
            let auth = entry.get("auth")?.as_str().filter(|auth| !auth.is_empty())?;
            let error = decode_auth(auth).err()?;
            Some((shown_key(key), auth.to_owned(), error))
        })
    }

    /// The value that counts.
    fn value(&self) -> (Spot, Option<&'a [u8]>) {
        let key =
            if self.secret.secret_type == DOCKER_CFG { ".dockercfg" } else { ".dockerconfigjson" };
        match self.secret.data.get(key) {
            Some(value) => (value.spot.clone(), value.bytes.as_deref().ok()),
            None => (self.secret.data_spot.clone(), None),
        }
    }

    fn entries(&mut self, entries: &[Entry]) {
        let (spot, bytes) = self.value();
        let json: Value =
            bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        if self.layout(&spot, &json) {
            return;
        }
        let helper =
            ["credsStore", "credHelpers"].into_iter().find(|name| json.get(name).is_some());
        let empty = |entry: &Entry| {
            entry.login.username.is_empty() && entry.login.password.reveal().is_empty()
        };
        if let Some(helper) = helper
            && entries.iter().all(empty)
        {
            let message = format!(
                "Secret `{}` leaves its logins to a credential helper (`{helper}`), which no kubelet runs",
                self.secret.name
            );
            let hint = "log in without a helper, or use `kubectl create secret docker-registry`";
            return self.error("creds-store", &spot, message, hint);
        }
        if entries.is_empty() {
            let message = format!("Secret `{}` has no entry for any registry", self.secret.name);
            return self.error("no-entries", &spot, message, "put one below `auths`");
        }
        for entry in entries {
            self.entry(&spot, entry, &json);
        }
        self.same_token_in_two_regions(&spot, entries);
    }

    /// The flat layout where the nested one is wanted, and the other way round.
    fn layout(&mut self, spot: &Spot, json: &Value) -> bool {
        let is_entry = |entry: &Value| {
            ["auth", "username", "password"].iter().any(|field| entry.get(field).is_some())
        };
        let Some(top) = json.as_object() else { return false };
        let name = &self.secret.name;
        if self.secret.secret_type == DOCKER_CFG {
            let nested = top.get("auths").is_some_and(|auths| {
                auths.as_object().is_some_and(|auths| auths.values().any(is_entry))
            });
            if nested {
                let message = format!(
                    "Secret `{name}` has an `auths` layer, which `.dockercfg` has not: the kubelet takes `auths` for a host"
                );
                self.error(
                    "nested-in-dockercfg",
                    spot,
                    message,
                    "take the layer away, or use type `kubernetes.io/dockerconfigjson`",
                );
            }
            return nested;
        }
        let flat = top.get("auths").is_none() && top.values().any(is_entry);
        if flat {
            let message = format!(
                "Secret `{name}` has its entries at the top, where `.dockerconfigjson` has `auths`: none is found"
            );
            self.error(
                "flat-in-dockerconfigjson",
                spot,
                message,
                "put them into `{\"auths\": …}`, or use type `kubernetes.io/dockercfg`",
            );
        }
        flat
    }

    fn entry(&mut self, spot: &Spot, entry: &Entry, json: &Value) {
        let shown = shown_key(&entry.key);
        let name = self.secret.name.clone();
        let raw = json.get("auths").unwrap_or(json).get(&entry.key);
        let has = |field: &str| raw.is_some_and(|raw| raw.get(field).is_some());
        let host = host_of(&entry.key);
        let family = self.world.family(&host);
        let assessment = assess(&entry.login, &host, family, self.secret.written, self.now);
        if let Some(dead) = assessment.dead {
            let uncertain = assessment.until.as_ref().is_some_and(|until| {
                until.estimate && !self.secret.written.is_some_and(|written| written.surely_last)
            });
            if dead.code == "empty-credential" && (has("identitytoken") || has("registrytoken")) {
                let message = format!(
                    "the entry `{shown}` of Secret `{name}` has only an identity token, which the kubelet passes over"
                );
                return self.error(
                    "identity-token",
                    spot,
                    message,
                    "give `username` and `password`, or `auth`",
                );
            }
            let message =
                format!("the entry `{shown}` of Secret `{name}` gives no login: {}", dead.why);
            if dead.code == "token-expired" && uncertain {
                self.warn(dead.code, spot, message, dead.hint);
            } else {
                self.error(dead.code, spot, message, dead.hint);
            }
            return;
        }
        if let Some(raw) = raw
            && let (Some(auth), Some(password)) = (text(raw, "auth"), text(raw, "password"))
            && !auth.is_empty()
            && decode_auth(auth).is_ok_and(|(_, inner)| inner.reveal() != password)
        {
            let message = format!(
                "the entry `{shown}` of Secret `{name}` has two different passwords, and the one in `auth` counts"
            );
            self.warn("auth-overrides", spot, message, "take one of `auth` and `password` away");
        }
        if let Some(until) = &assessment.until
            && !self.renewed
            && until.at.unix() - self.now.unix() <= 12 * 3600
        {
            let left = crate::moment::length(until.at.unix() - self.now.unix());
            let message = format!(
                "the entry `{shown}` of Secret `{name}` ends in {left}, at {} ({})",
                until.at, until.basis
            );
            self.warn(
                "token-ends-soon",
                spot,
                message,
                format!("nothing in the input renews it; {}", family.fresh_login(&host)),
            );
        }
        let user = entry.login.username.as_str();
        if family == crate::host::Family::Harbor && (user == "robot" || user.starts_with("robot+"))
        {
            let message = format!(
                "the user name in the entry `{shown}` of Secret `{name}` is `robot` without a `$`: a shell takes `$project` in double quotes for a variable"
            );
            let hint = "write it in single quotes, `'robot$project+name'`, unless this Harbor's robots have another prefix";
            self.warn("robot-name", spot, message, hint);
        }
        if assessment.kind.contains("workflow") || assessment.kind.contains("job") {
            let message = format!(
                "the entry `{shown}` of Secret `{name}` holds a {}, which {}",
                assessment.kind,
                assessment.note.unwrap_or_default()
            );
            self.warn("job-token", spot, message, "use a token that outlives the job that deploys");
        }
    }

    /// E6.
    fn same_token_in_two_regions(&mut self, spot: &Spot, entries: &[Entry]) {
        for (index, entry) in entries.iter().enumerate().take(64) {
            let other = entries[..index].iter().find(|other| {
                other.login.password == entry.login.password
                    && of_another_region(&host_of(&entry.key), &host_of(&other.key))
            });
            if let Some(other) = other {
                let message = format!(
                    "Secret `{}` has one token for `{}` and for `{}`, and a token is good in the region that issued it only",
                    self.secret.name,
                    shown_key(&other.key),
                    shown_key(&entry.key)
                );
                let hint = "get one token for each region: `aws ecr get-login-password --region …`";
                return self.error("token-region", spot, message, hint);
            }
        }
    }
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

/// The host of an entry's key, with its port.
pub(crate) fn host_of(key: &str) -> String {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    match host {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        host => host.to_owned(),
    }
}

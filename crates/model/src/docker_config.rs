//! Reading registry credentials out of a pull secret's value, or out of a node's docker config file
//! (pkg/credentialprovider/config.go, secrets/secrets.go).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::fmt;

use crate::credential::{Login, SecretText};
use crate::go::base64::{self, Padding};
use crate::go::json::{Cursor, Kind, is_field};
use crate::ordered;

/// One entry of an `auths` map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key as written: `https://index.docker.io/v1/`.
    pub key: String,
    /// What it logs in with; empty if it says nothing.
    pub login: Login,
}

/// What a Secret holds for the kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// Nothing, and nobody is told.
    Ignored { why: Ignored },
    /// Entries in the order in which they appear; perhaps none.
    Entries(Vec<Entry>),
    /// It counts but does not decode, which fails the whole look-up of the Pod with this text (P29, P22).
    Undecodable(String),
}

/// Why a Secret does not count (P29).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// Its type is none of the two that count.
    Type,
    /// It lacks the key that goes with its type.
    KeyMissing(&'static str),
    /// The value under that key is empty.
    Empty(&'static str),
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type => f.write_str("its type is not one that holds registry credentials"),
            Self::KeyMissing(key) => write!(f, "it has no key `{key}`"),
            Self::Empty(key) => write!(f, "its `{key}` is empty"),
        }
    }
}

/// The type of a Secret with an `auths` map.
pub const DOCKER_CONFIG_JSON: &str = "kubernetes.io/dockerconfigjson";
/// The type of a Secret in the older, flat layout.
pub const DOCKER_CFG: &str = "kubernetes.io/dockercfg";

/// Reads the entries of one layout.
type Read = fn(&[u8]) -> Result<Vec<Entry>, String>;

/// P29, P30: the entries of a Secret (secrets/secrets.go).
pub fn parse(secret_type: &str, data: &BTreeMap<String, Vec<u8>>) -> Parsed {
    let (key, read): (&'static str, Read) = match secret_type {
        DOCKER_CONFIG_JSON => (".dockerconfigjson", parse_config_json),
        DOCKER_CFG => (".dockercfg", parse_cfg),
        _ => return Parsed::Ignored { why: Ignored::Type },
    };
    match data.get(key) {
        None => Parsed::Ignored { why: Ignored::KeyMissing(key) },
        Some(value) if value.is_empty() => Parsed::Ignored { why: Ignored::Empty(key) },
        Some(value) => read(value).map_or_else(Parsed::Undecodable, Parsed::Entries),
    }
}

/// A file with an `auths` map, as `docker login` writes it.
pub fn parse_config_json(value: &[u8]) -> Result<Vec<Entry>, String> {
    let mut cursor = Cursor::new(value).map_err(|error| error.to_string())?;
    let mut entries = Vec::new();
    let mut mismatches = Mismatches::default();
    match cursor.kind() {
        Kind::Object => cursor.members(|key, cursor| {
            if is_field(&key, "auths") {
                return read_auths(
                    cursor,
                    Some("DockerConfigJSON.auths"),
                    &mut entries,
                    &mut mismatches,
                );
            }
            if is_field(&key, "httpheaders") {
                skip_http_headers(cursor, &mut mismatches);
            } else {
                cursor.skip();
            }
            Ok(())
        })?,
        Kind::Null => {}
        kind => mismatches.note(kind, None, "credentialprovider.DockerConfigJSON"),
    }
    mismatches.first.map_or(Ok(entries), Err)
}

/// A file in the older, flat layout: the entries themselves.
pub fn parse_cfg(value: &[u8]) -> Result<Vec<Entry>, String> {
    let mut cursor = Cursor::new(value).map_err(|error| error.to_string())?;
    let mut entries = Vec::new();
    let mut mismatches = Mismatches::default();
    read_auths(&mut cursor, None, &mut entries, &mut mismatches)?;
    mismatches.first.map_or(Ok(entries), Err)
}

/// What the API server has against a value as a JSON object, in the words of its Secret validation; it looks no further
/// (P8: pkg/apis/core/validation/validation.go ValidateSecret).
pub fn object_error(value: &[u8]) -> Option<String> {
    let mut mismatches = Mismatches::default();
    match Cursor::new(value).map(|mut cursor| cursor.kind()) {
        Ok(Kind::Object | Kind::Null) => {}
        Ok(kind) => mismatches.note(kind, None, "map[string]interface {}"),
        Err(error) => return Some(error.to_string()),
    }
    mismatches.first
}

/// Values of the wrong type. Go reads on after one, and reports the first if nothing worse follows.
#[derive(Default)]
struct Mismatches {
    first: Option<String>,
}

impl Mismatches {
    /// Notes a value of a kind that the Go type at a field, or at the top, does not take. Wording: Go 1.24 and newer,
    /// which name the whole path of the field (encoding/json decode.go UnmarshalTypeError).
    fn note(&mut self, kind: Kind, field: Option<&str>, go_type: &str) {
        self.first.get_or_insert_with(|| {
            let place = field.map_or("value".to_owned(), |field| format!("struct field {field}"));
            format!("json: cannot unmarshal {} into Go {place} of type {go_type}", kind.name())
        });
    }
}

/// Takes a map of entries and adds it to what is there. `field` is its place, for errors.
fn read_auths(
    cursor: &mut Cursor<'_>,
    field: Option<&str>,
    entries: &mut Vec<Entry>,
    mismatches: &mut Mismatches,
) -> Result<(), String> {
    // Where each key stands, because a repeated key replaces its entry.
    let mut places: BTreeMap<String, usize> =
        ordered::map(entries.iter().map(|entry| entry.key.clone()).zip(0..));
    match cursor.kind() {
        Kind::Object => cursor.members(|key, cursor| {
            let login = read_entry(cursor, field)?;
            match places.entry(key) {
                Occupied(place) => entries[*place.get()].login = login,
                Vacant(place) => {
                    entries.push(Entry { key: place.key().clone(), login });
                    place.insert(entries.len() - 1);
                }
            }
            Ok(())
        }),
        kind => {
            cursor.skip();
            if kind == Kind::Null {
                entries.clear();
            } else {
                mismatches.note(kind, field, "credentialprovider.DockerConfig");
            }
            Ok(())
        }
    }
}

/// Takes one entry (config.go UnmarshalJSON). Other than a mismatch elsewhere, one in here ends the decoding.
fn read_entry(cursor: &mut Cursor<'_>, field: Option<&str>) -> Result<Login, String> {
    let mut login = Login::default();
    let mut password = String::new();
    let mut auth = String::new();
    let mut mismatches = Mismatches::default();
    match cursor.kind() {
        Kind::Object => cursor.members(|key, cursor| {
            let (name, target) = match key {
                _ if is_field(&key, "username") => ("username", &mut login.username),
                _ if is_field(&key, "password") => ("password", &mut password),
                _ if is_field(&key, "email") => ("email", &mut login.email),
                _ if is_field(&key, "auth") => ("auth", &mut auth),
                _ => {
                    cursor.skip();
                    return Ok(());
                }
            };
            match cursor.kind() {
                Kind::String => *target = cursor.string(),
                kind => {
                    cursor.skip();
                    if kind != Kind::Null {
                        let parent = field.unwrap_or("dockerConfigEntryWithAuth");
                        mismatches.note(kind, Some(&format!("{parent}.{name}")), "string");
                    }
                }
            }
            Ok::<(), String>(())
        })?,
        kind => {
            cursor.skip();
            if kind != Kind::Null {
                mismatches.note(kind, field, "credentialprovider.dockerConfigEntryWithAuth");
            }
        }
    }
    if let Some(mismatch) = mismatches.first {
        return Err(mismatch);
    }
    if auth.is_empty() {
        login.password = SecretText::new(password);
    } else {
        (login.username, login.password) = decode_auth(&auth)?;
    }
    Ok(login)
}

/// P30: user name and password from an entry's `auth` (config.go decodeDockerConfigFieldAuth).
pub fn decode_auth(auth: &str) -> Result<(String, SecretText), String> {
    let padding = if auth.trim().ends_with('=') { Padding::Required } else { Padding::Forbidden };
    let decoded = base64::decode(auth.as_bytes(), padding).map_err(|error| error.to_string())?;
    let decoded = String::from_utf8_lossy(&decoded);
    match decoded.split_once(':') {
        Some((username, password)) => Ok((username.to_owned(), SecretText::new(password))),
        None => {
            Err("unable to parse auth field, must be formatted as base64(username:password)".into())
        }
    }
}

fn skip_http_headers(cursor: &mut Cursor<'_>, mismatches: &mut Mismatches) {
    const FIELD: Option<&str> = Some("DockerConfigJSON.HttpHeaders");
    match cursor.kind() {
        Kind::Object => {
            let ended: Result<(), std::convert::Infallible> = cursor.members(|_, cursor| {
                match cursor.kind() {
                    Kind::String | Kind::Null => {}
                    kind => mismatches.note(kind, FIELD, "string"),
                }
                cursor.skip();
                Ok(())
            });
            let Ok(()) = ended;
        }
        kind => {
            cursor.skip();
            if kind != Kind::Null {
                mismatches.note(kind, FIELD, "map[string]string");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(secret_type: &str, key: &str, value: &str, want: &str) {
        let data = BTreeMap::from([(key.to_owned(), value.as_bytes().to_vec())]);
        let got = match parse(secret_type, &data) {
            Parsed::Ignored { why } => format!("ignored: {why}"),
            Parsed::Undecodable(error) => format!("error: {error}"),
            Parsed::Entries(entries) => entries
                .iter()
                .map(|Entry { key, login }| {
                    let Login { username, password, email } = login;
                    format!("{key}={username}:{}:{email}", password.reveal())
                })
                .collect::<Vec<_>>()
                .join(" "),
        };
        assert_eq!(got, want, "for {value}");
    }

    #[track_caller]
    fn check_json(value: &str, want: &str) {
        check(DOCKER_CONFIG_JSON, ".dockerconfigjson", value, want);
    }

    #[test]
    fn type_and_key_must_go_together() {
        let auths = r#"{"auths":{"r":{"username":"u","password":"p","email":"e"}}}"#;
        check(DOCKER_CONFIG_JSON, ".dockerconfigjson", auths, "r=u:p:e");
        check(
            DOCKER_CONFIG_JSON,
            ".dockercfg",
            auths,
            "ignored: it has no key `.dockerconfigjson`",
        );
        check(DOCKER_CFG, ".dockerconfigjson", auths, "ignored: it has no key `.dockercfg`");
        check(DOCKER_CFG, ".dockercfg", "", "ignored: its `.dockercfg` is empty");
        let why = "ignored: its type is not one that holds registry credentials";
        check("Opaque", ".dockerconfigjson", auths, why);
        check("", ".dockerconfigjson", auths, why);
        check("kubernetes.io/dockerConfigJson", ".dockerconfigjson", auths, why);
    }

    #[test]
    fn repeated_names_merge_and_order_is_kept() {
        check_json(
            r#"{"auths":{"z":{},"a":{"username":"1"},"z":{"username":"2"}}}"#,
            "z=2:: a=1::",
        );
        check_json(
            r#"{"auths":{"a":{"username":"1"}},"AUTHS":{"b":{},"a":{"password":"x"}}}"#,
            "a=:x: b=::",
        );
        check_json(r#"{"auths":{"a":{}},"auths":null,"auths":{"b":{}}}"#, "b=::");
        check_json(r#"{"auths":{"a":{"username":"u","UserName":"v","username":null}}}"#, "a=v::");
        check_json(r#"{"auths":{"a":{"username":"u"},"a":null}}"#, "a=::");
    }

    #[test]
    fn an_entry_that_fails_ends_the_decoding() {
        let number = "error: json: cannot unmarshal number into Go struct field";
        check_json(
            r#"{"HttpHeaders":{"a":1},"auths":{"a":{"auth":"pants"},"b":{"username":1}}}"#,
            "error: illegal base64 data at input byte 4",
        );
        check_json(
            r#"{"HttpHeaders":{"a":1},"auths":{"a":{}}}"#,
            &format!("{number} DockerConfigJSON.HttpHeaders of type string"),
        );
        check_json(
            r#"{"auths":{"a":{"username":1,"auth":"pants"}}}"#,
            &format!("{number} DockerConfigJSON.auths.username of type string"),
        );
        check_json(
            r#"{"auths":{"a":5}}"#,
            &format!(
                "{number} DockerConfigJSON.auths of type credentialprovider.dockerConfigEntryWithAuth"
            ),
        );
    }

    #[test]
    fn large_values_end() {
        let many: Vec<String> =
            (0..20_000).map(|n| format!(r#""r{}":{{"auth":"dTpw"}}"#, n % 9_999)).collect();
        let value = format!(r#"{{"auths":{{{}}}}}"#, many.join(","));
        assert_eq!(parse_config_json(value.as_bytes()).map(|entries| entries.len()), Ok(9_999));
        let deep =
            format!(r#"{{"auths":{{"r":{{"x":{}{}}}}}}}"#, "[".repeat(9_997), "]".repeat(9_997));
        check_json(&deep, "r=::");
        let auth = format!(r#"{{"auths":{{"r":{{"auth":"{}"}}}}}}"#, "dTpw".repeat(1 << 18));
        assert_eq!(parse_config_json(auth.as_bytes()).map(|entries| entries.len()), Ok(1));
        let ones = "1".repeat(1 << 20);
        check_json(&format!(r#"{{"x":{ones},"auths":{{}}}}"#), "");
    }
}

//! What containerd makes of the credential it is handed (R11: internal/cri/server/images/image_pull.go `ParseAuth`).

use std::fmt;

use crate::go::{self, base64, url};
use crate::pull::AuthConfig;

/// A credential that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// The `auth` field is no base64.
    NotBase64(base64::CorruptInput),
    /// It has no colon. What it has instead is printed, with the NULs that the decoder's buffer ends in (R33): here the
    /// runtime gives a secret away. No kubelet sets the field.
    NoColon(Vec<u8>),
    /// The server's address is no URL.
    ServerAddress(String),
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64(error) => error.fmt(f),
            Self::NoColon(decoded) => {
                write!(f, "invalid decoded auth: {}", go::quote_bytes(decoded))
            }
            Self::ServerAddress(error) => write!(f, "parse server address: {error}"),
        }
    }
}

/// A user name, empty beside an identity token, and a secret; both empty without a credential.
pub(super) struct Parsed {
    pub(super) user: String,
    pub(super) secret: String,
}

/// Reads a credential for a host.
pub(super) fn parse(auth: &AuthConfig<'_>, host: &str) -> Result<Parsed, AuthError> {
    let parsed =
        |user: &str, secret: &str| Parsed { user: user.to_owned(), secret: secret.to_owned() };
    if !auth.server_address.is_empty() {
        // A bare host has no scheme: Go takes it for a path, and finds no host in it.
        let address = auth.server_address.contains("://").then(|| url::parse(auth.server_address));
        let address =
            address.transpose().map_err(|error| AuthError::ServerAddress(error.to_string()))?;
        if address.is_none_or(|address| address.host != host) {
            return Ok(parsed("", ""));
        }
    }
    if !auth.username.is_empty() {
        return Ok(parsed(auth.username, auth.password));
    }
    if !auth.identity_token.is_empty() {
        return Ok(parsed("", auth.identity_token));
    }
    if auth.auth.is_empty() {
        return Ok(parsed("", ""));
    }
    let mut bytes = base64::decode(auth.auth.as_bytes(), base64::Padding::Required)
        .map_err(AuthError::NotBase64)?;
    // The decoder's buffer is as long as the text could make it, and is not cut.
    bytes.resize(auth.auth.len() / 4 * 3, 0);
    let Some(colon) = bytes.iter().position(|byte| *byte == b':') else {
        return Err(AuthError::NoColon(bytes));
    };
    let (user, secret) = bytes.split_at(colon);
    let secret = String::from_utf8_lossy(&secret[1..]);
    Ok(parsed(&String::from_utf8_lossy(user), secret.trim_matches('\0')))
}

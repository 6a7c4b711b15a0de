//! The part of Go's `net/url` and `net.SplitHostPort` that decides which host and path a registry name means.

use std::fmt;

use super::{quote, quote_bytes};

/// What the credential look-up reads of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Host with port, without user, unescaped.
    pub host: String,
    /// Path, unescaped. Bytes that are no UTF-8 become U+FFFD, which no image name holds either.
    pub path: String,
}

/// Why a text is no URL, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlError {
    url: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    ControlCharacter,
    Userinfo,
    MissingBracket,
    Port(String),
    HostCharacter(char),
    // Up to three bytes, which may end within a character.
    Escape(Vec<u8>),
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parse {}: ", quote(&self.url))?;
        match &self.why {
            Why::ControlCharacter => f.write_str("net/url: invalid control character in URL"),
            Why::Userinfo => f.write_str("net/url: invalid userinfo"),
            Why::MissingBracket => f.write_str("missing ']' in host"),
            Why::Port(port) => write!(f, "invalid port {} after host", quote(port)),
            Why::HostCharacter(c) => {
                write!(f, "invalid character {} in host name", quote(c.encode_utf8(&mut [0; 4])))
            }
            Why::Escape(escape) => write!(f, "invalid URL escape {}", quote_bytes(escape)),
        }
    }
}

/// Parses a text that begins with `http://` or `https://` (`url.Parse`); for others it would need Go's other branches.
pub fn parse(text: &str) -> Result<Url, UrlError> {
    let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
    let parsed =
        parse_without_fragment(url).map_err(|why| UrlError { url: url.to_owned(), why })?;
    match unescape(fragment, Mode::Lenient) {
        Ok(_) => Ok(parsed),
        Err(why) => Err(UrlError { url: text.to_owned(), why }),
    }
}

fn parse_without_fragment(url: &str) -> Result<Url, Why> {
    if url.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Why::ControlCharacter);
    }
    let (_, rest) = url.split_once("://").expect("the caller's text has a scheme");
    let rest = rest.split('?').next().expect("a split has a first part");
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.rsplit_once('@') {
        None => parse_host(authority)?,
        Some((user, host)) => {
            let host = parse_host(host)?;
            check_user(user)?;
            host
        }
    };
    Ok(Url { host, path: unescape(path, Mode::Lenient)? })
}

fn check_user(user: &str) -> Result<(), Why> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if !user.bytes().all(allowed) {
        return Err(Why::Userinfo);
    }
    // Name and password are unescaped one by one; an escape never spans the colon.
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    unescape(name, Mode::Lenient)?;
    unescape(password, Mode::Lenient)?;
    Ok(())
}

fn parse_host(host: &str) -> Result<String, Why> {
    if !host.starts_with('[') {
        check_port(host.rfind(':').map_or("", |at| &host[at..]))?;
        return unescape(host, Mode::Host);
    }
    let close = host.rfind(']').ok_or(Why::MissingBracket)?;
    check_port(&host[close + 1..])?;
    match host[..close].find("%25") {
        None => unescape(host, Mode::Host),
        Some(zone) => Ok([
            unescape(&host[..zone], Mode::Host)?,
            unescape(&host[zone..close], Mode::Zone)?,
            unescape(&host[close..], Mode::Host)?,
        ]
        .concat()),
    }
}

/// Nothing, or a colon and digits, perhaps none.
fn check_port(port: &str) -> Result<(), Why> {
    let digits = port.strip_prefix(':').unwrap_or(port);
    let valid = digits.bytes().all(|byte| byte.is_ascii_digit());
    if valid && (digits.len() < port.len() || port.is_empty()) {
        Ok(())
    } else {
        Err(Why::Port(port.to_owned()))
    }
}

/// Which part of a URL is unescaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Path, user and fragment: every well-formed escape goes, every character stands.
    Lenient,
    Host,
    /// The zone of an IPv6 address.
    Zone,
}

fn unescape(text: &str, mode: Mode) -> Result<String, Why> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(unescape_one(&text[at..], mode)?);
            at += 3;
        } else {
            if mode != Mode::Lenient && bytes[at].is_ascii() && !stands_in_host(bytes[at]) {
                return Err(Why::HostCharacter(char::from(bytes[at])));
            }
            out.push(bytes[at]);
            at += 1;
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// The byte that the escape at the beginning of a text means.
fn unescape_one(text: &str, mode: Mode) -> Result<u8, Why> {
    let hex = |at: usize| text.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let escape = || Why::Escape(text.bytes().take(3).collect());
    let (Some(high), Some(low)) = (hex(1), hex(2)) else { return Err(escape()) };
    let byte = (high << 4 | low) as u8;
    let allowed = byte == b'%'
        || match mode {
            Mode::Lenient => true,
            // RFC 3986: in a host, only what is not ASCII may be escaped.
            Mode::Host => !byte.is_ascii(),
            Mode::Zone => byte == b' ' || stands_in_host(byte),
        };
    if allowed { Ok(byte) } else { Err(escape()) }
}

fn stands_in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$&'()*+,;=:[]<>\"-_.~".contains(&byte)
}

/// A host cut at its port (`net.SplitHostPort`); the whole host and no port where Go's function fails, as the kubelet
/// then does (pkg/credentialprovider/keyring.go SplitURL).
pub fn split_port(host: &str) -> (&str, &str) {
    split_host_port(host).unwrap_or((host, ""))
}

fn split_host_port(host: &str) -> Option<(&str, &str)> {
    let (before, port) = host.rsplit_once(':')?;
    let name = match before.strip_prefix('[') {
        // The first `]` must be the one right before the port.
        Some(inner) => inner.strip_suffix(']').filter(|name| !name.contains(']'))?,
        None => Some(before).filter(|name| !name.contains([':', ']']))?,
    };
    let stray = name.contains('[') || port.contains(['[', ']']);
    (!stray).then_some((name, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = match parse(text) {
            Ok(url) => format!("{} {}", url.host, url.path),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "for {text:?}");
    }

    #[test]
    fn finds_host_and_path() {
        check("https://", " ");
        check("https://ghcr.io", "ghcr.io ");
        check("https://ghcr.io/acme?x=1#y", "ghcr.io /acme");
        check("https://ghcr.io?", "ghcr.io ");
        check("https://user:p%40w@ghcr.io:443/a%2Fb", "ghcr.io:443 /a/b");
        check("https://[::1]:5000/app", "[::1]:5000 /app");
        check("https://[fe80::1%25en0%20x]:80", "[fe80::1%en0 x]:80 ");
        check("https://r:/x", "r: /x");
        check("https://caf%C3%A9.io/%ff", "café.io /\u{fffd}");
        check("https://registry[12].io", "registry[12].io ");
    }

    #[test]
    fn fails_in_gos_words() {
        check("https://[", r#"parse "https://[": missing ']' in host"#);
        check("https://[::1]x", r#"parse "https://[::1]x": invalid port "x" after host"#);
        check("https://r:1a/x", r#"parse "https://r:1a/x": invalid port ":1a" after host"#);
        check("https://a b#c", r#"parse "https://a b": invalid character " " in host name"#);
        check("https://r%20", r#"parse "https://r%20": invalid URL escape "%20""#);
        check("https://r/%", r#"parse "https://r/%": invalid URL escape "%""#);
        check("https://r/%4é", r#"parse "https://r/%4é": invalid URL escape "%4\xc3""#);
        check("https://r#%zz", r#"parse "https://r#%zz": invalid URL escape "%zz""#);
        check("https://r\n", r#"parse "https://r\n": net/url: invalid control character in URL"#);
        check("https://a/b@c d@r", "a /b@c d@r");
        check("https://a^@r", r#"parse "https://a^@r": net/url: invalid userinfo"#);
        check("https://[a%25%01]", r#"parse "https://[a%25%01]": invalid URL escape "%01""#);
    }

    #[test]
    fn splits_ports() {
        for (host, want) in [
            ("", ("", "")),
            ("r", ("r", "")),
            ("r:5000", ("r", "5000")),
            ("r:", ("r", "")),
            ("a:b:1", ("a:b:1", "")),
            ("[::1]", ("[::1]", "")),
            ("[::1]:5000", ("::1", "5000")),
            ("[::1]x:5000", ("[::1]x:5000", "")),
            ("r[12].io:5000", ("r[12].io:5000", "")),
            ("r].io:5000", ("r].io:5000", "")),
            ("[[::1]:5000", ("[[::1]:5000", "")),
        ] {
            assert_eq!(split_port(host), want, "for {host:?}");
        }
    }
}

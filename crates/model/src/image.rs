//! Image references, normalised (P13): distribution/reference v0.6.0, the version Kubernetes v1.35 vendors.

use std::fmt;
use std::str::FromStr;

use crate::go;

/// An image name with its registry host and tag filled in.
///
/// ```
/// use pullpath_model::image::ImageRef;
/// let image: ImageRef = "nginx".parse()?;
/// assert_eq!(image.to_string(), "docker.io/library/nginx:latest");
/// # Ok::<(), pullpath_model::image::ImageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageRef {
    // Invariant: `host` and `path` are never empty; at least one of `tag` and `digest` is there.
    host: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why a text is no image name. `Display` is the library's own wording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageError {
    /// It does not follow the grammar.
    InvalidFormat,
    /// The repository, given here as it was understood, has an upper-case letter.
    RepositoryUppercase(String),
    /// Another part would have to be in lower case.
    NameUppercase,
    /// The repository is too long.
    NameTooLong,
    /// It is 64 hex digits and nothing else, which Docker takes for an image id.
    Identifier(String),
    /// The digest's algorithm is not written as one.
    DigestFormat,
    /// The digest has the wrong number of digits for its algorithm.
    DigestLength,
    /// The digest's algorithm is none of the three known ones.
    DigestUnsupported,
}

impl fmt::Display for ImageError {
    // distribution/reference v0.6.0 reference.go, normalize.go; opencontainers/go-digest v1.0.0 digest.go.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidFormat => f.write_str("invalid reference format"),
            Self::RepositoryUppercase(repository) => {
                write!(
                    f,
                    "invalid reference format: repository name ({repository}) must be lowercase"
                )
            }
            Self::NameUppercase => f.write_str("repository name must be lowercase"),
            Self::NameTooLong => {
                write!(f, "repository name must not be more than {MAX_PATH} characters")
            }
            Self::Identifier(name) => write!(
                f,
                "invalid repository name ({name}), cannot specify 64-byte hexadecimal strings"
            ),
            Self::DigestFormat => f.write_str("invalid checksum digest format"),
            Self::DigestLength => f.write_str("invalid checksum digest length"),
            Self::DigestUnsupported => f.write_str("unsupported digest algorithm"),
        }
    }
}

impl std::error::Error for ImageError {}

impl ImageError {
    /// The error as the kubelet prints it about the image as written (P16: pkg/util/parsers/parsers.go ParseImageName).
    pub fn about(&self, as_written: &str) -> String {
        format!("couldn't parse image name {}: {self}", go::quote(as_written))
    }
}

/// The longest path of a repository, in bytes.
const MAX_PATH: usize = 255;

impl FromStr for ImageRef {
    type Err = ImageError;
    fn from_str(text: &str) -> Result<Self, ImageError> {
        Self::parse(text)
    }
}

/// The whole normalised name: `docker.io/library/nginx:latest`.
impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl ImageRef {
    /// Reads an image name as the kubelet does (normalize.go ParseNormalizedNamed).
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return Err(ImageError::Identifier(text.to_owned()));
        }
        let (host, rest) = split_host(text);
        let repository = rest.split(':').next().expect("a split has a first part");
        if go::to_lower(repository) != repository {
            return Err(ImageError::RepositoryUppercase(repository.to_owned()));
        }
        let full = format!("{host}/{rest}");
        match Parts::of(&full) {
            Some(parts) => parts.check(),
            None if Parts::of(&go::to_lower(&full)).is_some() => Err(ImageError::NameUppercase),
            None => Err(ImageError::InvalidFormat),
        }
    }

    /// The registry's host, with its port if there is one: `docker.io`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository within the registry: `library/nginx`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag; `latest` where neither tag nor digest was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// `sha256:…`, if written.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The name credentials are looked up with (P15): host and path, no tag.
    pub fn lookup_name(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    /// P14: the name in the request to the runtime, which is what was written, with `:latest` where it had neither tag
    /// nor digest. `as_written` is the text this reference was parsed from.
    /// (pkg/kubelet/images/image_manager.go applyDefaultImageTag.)
    pub fn sent_to_runtime(&self, as_written: &str) -> String {
        let mut sent = as_written.to_owned();
        if let (Some(tag), None) = (self.tag(), self.digest())
            && !as_written.strip_suffix(tag).is_some_and(|before| before.ends_with(':'))
        {
            sent.push(':');
            sent.push_str(tag);
        }
        sent
    }

    /// The short way that Docker prints a reference in (distribution/reference helpers.go FamiliarString): Docker Hub
    /// and its `library` are left out, and so is a tag that was not written. `as_written` is the text this reference
    /// was parsed from.
    pub fn familiar(&self, as_written: &str) -> String {
        let official = self.path.strip_prefix("library/").filter(|name| !name.contains('/'));
        let mut familiar = match (self.host.as_str(), official) {
            ("docker.io", Some(name)) => name.to_owned(),
            ("docker.io", None) => self.path.clone(),
            _ => self.lookup_name(),
        };
        if let Some(tag) = self.tag()
            && self.sent_to_runtime(as_written) == as_written
        {
            familiar.extend([":", tag]);
        }
        if let Some(digest) = self.digest() {
            familiar.extend(["@", digest]);
        }
        familiar
    }
}

/// Host and the rest, with Docker Hub's defaults filled in (normalize.go splitDockerDomain).
fn split_host(text: &str) -> (&str, String) {
    let (host, rest) = match text.split_once('/') {
        Some(("index.docker.io", rest)) => ("docker.io", rest),
        Some((first, rest)) if is_host(first) => (first, rest),
        _ => ("docker.io", text),
    };
    let official = host == "docker.io" && !rest.contains('/');
    (host, if official { format!("library/{rest}") } else { rest.to_owned() })
}

/// Whether a first element is taken for a registry rather than for an account of Docker Hub.
fn is_host(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || go::to_lower(first) != first
}

/// A name cut by the grammar (regexp.go ReferenceRegexp).
struct Parts<'a> {
    host: &'a str,
    path: &'a str,
    // The host is itself only a path element to the grammar, for example because it has an underscore.
    host_is_path: bool,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(full: &'a str) -> Option<Self> {
        let (host, rest) = full.split_once('/')?;
        // Neither path nor tag holds an `@`; a path holds no `:`.
        let (rest, digest) = cut(rest, '@');
        let (path, tag) = cut(rest, ':');
        let host_is_path = !is_host_name(host);
        let valid = (!host_is_path || is_path_element(host))
            && path.split('/').all(is_path_element)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest);
        valid.then_some(Self { host, path, host_is_path, tag, digest })
    }

    fn check(self) -> Result<ImageRef, ImageError> {
        let before_path = if self.host_is_path { self.host.len() + 1 } else { 0 };
        if before_path + self.path.len() > MAX_PATH {
            return Err(ImageError::NameTooLong);
        }
        self.digest.map_or(Ok(()), check_digest)?;
        Ok(ImageRef {
            host: self.host.to_owned(),
            path: self.path.to_owned(),
            // The kubelet's own default (pkg/util/parsers/parsers.go ParseImageName).
            tag: self.tag.or(self.digest.is_none().then_some("latest")).map(str::to_owned),
            digest: self.digest.map(str::to_owned),
        })
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// A domain or a bracketed IPv6 address, and perhaps a port.
fn is_host_name(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, port)) => (address, port),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let valid_name = if host.starts_with('[') {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
    } else {
        name.split('.').all(is_host_label)
    };
    valid_name && (port.is_empty() || port.strip_prefix(':').is_some_and(is_digits))
}

fn is_host_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !label.is_empty()
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Runs of small letters and digits, between them one `.`, one or two `_`, or any number of `-`.
fn is_path_element(element: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = element.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    let separators = bytes.split(|byte| alphanumeric(*byte));
    alphanumeric(first)
        && alphanumeric(last)
        && separators.into_iter().all(|separator| {
            matches!(separator, b"" | b"." | b"_" | b"__")
                || separator.iter().all(|byte| *byte == b'-')
        })
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

/// An algorithm of one or more components, a colon, and at least 32 hex digits.
fn is_digest(digest: &str) -> bool {
    let component = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.split(['-', '_', '+', '.']).all(component)
            && hex.len() >= 32
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// opencontainers/go-digest v1.0.0 digest.go Validate, on what the grammar let through.
fn check_digest(digest: &str) -> Result<(), ImageError> {
    let (algorithm, hex) = digest.split_once(':').expect("the grammar asked for a colon");
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ if algorithm.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            return Err(ImageError::DigestFormat);
        }
        _ => return Err(ImageError::DigestUnsupported),
    };
    if hex.len() != digits {
        Err(ImageError::DigestLength)
    } else if hex.bytes().all(is_lower_hex) {
        Ok(())
    } else {
        Err(ImageError::DigestFormat)
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = match text.parse::<ImageRef>() {
            Ok(image) => image.to_string(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, want, "for {text:?}");
    }

    // What the recorded cases of `tests/conformance/image_reference.yaml` leave out.
    #[test]
    fn reads_corners_of_the_grammar() {
        check("a/", "error: invalid reference format");
        check("/a", "error: invalid reference format");
        check("docker.io/nginx", "docker.io/library/nginx:latest");
        check("index.docker.io/nginx", "docker.io/library/nginx:latest");
        check("my_registry.local/app", "my_registry.local/app:latest");
        check("my_registry:5000/app", "error: invalid reference format");
        check("[::1]/app", "[::1]/app:latest");
        check("[::1/app", "error: invalid reference format");
        check("r.io:/app", "error: invalid reference format");
        check("a___b", "error: invalid reference format");
        check("a---b/c", "docker.io/a---b/c:latest");
        check("a:b:c", "error: invalid reference format");
        check("a@b@c", "error: invalid reference format");
        check("r.io/a:\u{212a}", "error: repository name must be lowercase");
        check(
            "r.io/\u{212a}",
            "error: invalid reference format: repository name (\u{212a}) must be lowercase",
        );
    }

    #[test]
    fn digests_are_checked_last() {
        let hex = "0123456789abcdef".repeat(4);
        check(&format!("a@sha256:{hex}"), &format!("docker.io/library/a@sha256:{hex}"));
        check(&format!("a:b@sha256:{hex}"), &format!("docker.io/library/a:b@sha256:{hex}"));
        check(&format!("a@sha256:{hex}0"), "error: invalid checksum digest length");
        check(&format!("a@sha512:{hex}"), "error: invalid checksum digest length");
        check(&format!("a@sha256:{}", hex.to_uppercase()), "error: invalid checksum digest format");
        check(&format!("a:b@SHA256:{hex}"), "error: invalid checksum digest format");
        check(&format!("a@blake3:{hex}"), "error: unsupported digest algorithm");
        check(&format!("a@sha256:{}", &hex[..31]), "error: invalid reference format");
    }

    #[test]
    fn lengths_are_bounded() {
        let tag = "t".repeat(128);
        check(&format!("a:{tag}"), &format!("docker.io/library/a:{tag}"));
        check(&format!("a:{tag}t"), "error: invalid reference format");
        let path = "p".repeat(255);
        let too_long = "error: repository name must not be more than 255 characters";
        check(&format!("r.io/{path}"), &format!("r.io/{path}:latest"));
        check(&format!("r.io/{path}p"), too_long);
        // Here the first element is part of the path to the grammar.
        check(&format!("r_.io/{path}"), "error: invalid reference format");
        check(&format!("r_r.io/{path}"), too_long);
        check(&"a/".repeat(1 << 20), "error: invalid reference format");
        check(&"a.".repeat(1 << 20), "error: invalid reference format");
        check(&format!("{}a", "a-".repeat(1 << 20)), too_long);
        check(
            &format!("r.io/a@{}:{}", "x.".repeat(1 << 20), "0".repeat(64)),
            "error: invalid reference format",
        );
    }
}

//! What Docker and CRI-O say when a pull fails, for comparison; no node here runs them.
//!
//! *Source: R, section 3, "docker and skopeo wording" (docker measured with 28.5.2, the library of CRI-O with skopeo 1.9.3);
//! what is neither there nor in a report that is named is left out.*

use super::runtime::ImageName;
use crate::image::ImageRef;
use crate::registry::ErrorBody;

/// How a pull ends for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End<'a> {
    /// With the image.
    Came,
    /// Nobody was reached; `deadline` if packets were dropped.
    Unreached { host: &'a str, error: String, deadline: bool },
    /// The registry wants a login, and there is none.
    NoLogin { image: &'a ImageRef, url: String },
    /// The token server gives no token.
    NoToken { image: &'a ImageRef, url: String, status: u16, error: Option<ErrorBody> },
    /// The registry gives no manifest.
    Refused { image: &'a ImageRef, status: u16, error: Option<ErrorBody> },
    /// There is nothing for the platform.
    NoPlatform { platform: &'a str },
}

/// Docker's words, behind what its command line and cri-dockerd put in front.
pub fn docker(end: &End<'_>) -> Option<String> {
    let said = match end {
        End::Came => return Some(String::new()),
        End::Unreached { host, deadline: true, .. } => {
            format!("Get \"https://{host}/v2/\": context deadline exceeded")
        }
        End::Unreached { host, error, .. } => format!("Get \"https://{host}/v2/\": {error}"),
        End::NoLogin { url, .. } => format!("Head \"{url}\": no basic auth credentials"),
        End::NoToken { url, error, .. } => format!("Head \"{url}\": {}", coded(error.as_ref()?)?),
        End::Refused { image, status, error } => {
            let error = error.as_ref()?;
            let (said, name) = (coded(error)?, familiar(image));
            match (status, error.code.as_str()) {
                (_, "NAME_UNKNOWN") => format!("repository {name} not found: {said}"),
                (404, _) => {
                    let tag = image.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
                    format!("manifest for {name}{tag} not found: {said}")
                }
                (_, "DENIED") => format!(
                    "pull access denied for {name}, repository does not exist or may require 'docker login': {said}"
                ),
                (401 | 429, _) => said,
                _ => return None,
            }
        }
        End::NoPlatform { platform } => {
            format!("no matching manifest for {platform} in the manifest list entries")
        }
    };
    Some(format!("Error response from daemon: {said}"))
}

/// CRI-O's words, which are those of containers/image.
pub fn crio(end: &End<'_>) -> Option<String> {
    let reading = |image: &ImageRef, why: &str| {
        let tag = image.digest().or(image.tag()).unwrap_or_default();
        format!("reading manifest {tag} in {}/{}: {why}", image.host(), image.path())
    };
    match end {
        End::Came => Some(String::new()),
        // cri-o/cri-o issue 3612, since with `container` for `docker`.
        End::Unreached { host, error, .. } => {
            Some(format!("pinging container registry {host}: Get \"https://{host}/v2/\": {error}"))
        }
        // cri-o/cri-o issue 7808.
        End::NoLogin { image, .. } => Some(reading(image, "authentication required")),
        End::NoToken { status: 401, error, .. } => Some(format!(
            "unable to retrieve auth token: invalid username/password: {}",
            coded(error.as_ref()?)?
        )),
        // cri-o/cri-o issue 7007.
        End::NoToken { status: 403, .. } => Some(
            "Requesting bearer token: invalid status code from registry 403 (Forbidden)".to_owned(),
        ),
        End::NoToken { .. } | End::NoPlatform { .. } => None,
        // stolostron/deploy issue 6, cri-o/cri-o issue 4388.
        End::Refused { image, error, .. } => Some(reading(image, &coded(error.as_ref()?)?)),
    }
}

/// `denied: requested access to the resource is denied`: the code in lower case with blanks, and the message.
fn coded(error: &ErrorBody) -> Option<String> {
    let ErrorBody { code, message } = error;
    if code.is_empty() {
        // Docker Hub's token server answers with `details` and no code.
        let details = message.strip_prefix("{\"details\": \"")?.strip_suffix("\"}")?;
        return Some(format!("unauthorized: {details}"));
    }
    let code = code.to_ascii_lowercase();
    let code = if code == "toomanyrequests" { code } else { code.replace('_', " ") };
    Some(format!("{code}: {message}"))
}

/// An image's name without what goes without saying.
fn familiar(image: &ImageRef) -> String {
    let name = ImageName(image).to_string();
    let name = name.strip_prefix("docker.io/").unwrap_or(&name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let end = match (image.digest(), image.tag()) {
        (Some(digest), _) => name.len() - digest.len() - 1,
        (None, Some(tag)) => name.len() - tag.len() - 1,
        (None, None) => name.len(),
    };
    name[..end].to_owned()
}

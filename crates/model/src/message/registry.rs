//! What registries put into challenges and error bodies.
//!
//! *Source, unless another stands beside it: R, section 3 and the bodies of `registry_pull.yaml`, whose sources are
//! listed in R, section 5.*

/// A registry with a password file (distribution's `auth.htpasswd.realm`, at its customary value).
pub const BASIC_CHALLENGE: &str = "Basic realm=\"Registry Realm\"";

/// What Harbor asks for where a token was not enough (goharbor/harbor src/server/middleware/v2auth/auth.go).
pub const HARBOR_BASIC_CHALLENGE: &str = "Basic realm=\"harbor\"";

/// ECR's challenge (from memory in the reference; its kind, Basic, is confirmed by E7).
pub fn ecr_challenge(host: &str) -> String {
    format!("Basic realm=\"https://{host}/\",service=\"ecr.amazonaws.com\"")
}

/// A registry with a token server.
pub fn bearer_challenge(realm: &str, service: &str, scope: &str, error: Option<&str>) -> String {
    let error = error.map_or_else(String::new, |error| format!(",error=\"{error}\""));
    format!("Bearer realm=\"{realm}\",service=\"{service}\",scope=\"{scope}\"{error}")
}

/// The scope of a pull (R4).
pub fn pull_scope(repository: &str) -> String {
    format!("repository:{repository}:pull")
}

/// Who are you? The standard text of the code UNAUTHORIZED (distribution/distribution registry/api/errcode/register.go).
pub const UNAUTHORIZED: &str = "authentication required";

/// Not for you. The standard text of the code DENIED (same file).
pub const DENIED: &str = "requested access to the resource is denied";

/// What a token server says to a wrong password.
pub const WRONG_PASSWORD: &str = "incorrect username or password";

/// The same from Docker Hub, whose body is no registry error.
pub const HUB_WRONG_PASSWORD: &str = "{\"details\": \"incorrect username or password\"}";

/// The same from GitLab (gitlabhq/gitlabhq app/controllers/jwt_controller.rb, from memory).
pub const GITLAB_ACCESS_DENIED: &str = "HTTP Basic: Access denied";

/// Over the limit without a login (docker/docs content/manuals/docker-hub/usage/pulls.md).
pub const HUB_LIMIT_ANONYMOUS: &str = "You have reached your unauthenticated pull rate limit. \
     https://www.docker.com/increase-rate-limit";

/// Over the limit of an account (same page, the text of 2024).
pub const HUB_LIMIT_ACCOUNT: &str = "You have reached your pull rate limit. You may increase the limit by \
     authenticating and upgrading: https://www.docker.com/increase-rate-limit";

/// ACR to anybody it does not let in.
pub const ACR_UNAUTHORIZED: &str =
    "authentication required, visit https://aka.ms/acr/authorization for more information.";

/// ACR: no such tag.
pub fn acr_no_tag(reference: &str) -> String {
    format!("manifest tagged by \"{reference}\" is not found")
}

/// No such repository. The standard text of the code NAME_UNKNOWN (distribution/distribution
/// registry/api/v2/errors.go).
pub const NAME_UNKNOWN: &str = "repository name not known to registry";

/// Quay: this robot is unknown, or its token wrong.
pub const QUAY_NO_ROBOT: &str = "Could not find robot with specified username";

/// Quay: not for you.
pub const QUAY_NOT_AUTHORIZED: &str = "access to the requested resource is not authorized";

/// Harbor: not for you.
pub fn harbor_no_access(repository: &str) -> String {
    let once = format!("unauthorized to access repository: {repository}, action: pull");
    format!("{once}: {once}")
}

/// Artifact Registry: no right to read. The host names the location, the path project and repository.
pub fn no_download(host: &str, path: &str) -> String {
    let location = host.split_once('.').map_or(host, |(first, _)| first);
    let location = location.strip_suffix("-docker").unwrap_or(match location {
        "gcr" => "us",
        "eu" => "europe",
        other => other,
    });
    let mut parts = path.split('/');
    let project = parts.next().unwrap_or_default();
    let repository = if host.ends_with("gcr.io") { host } else { parts.next().unwrap_or_default() };
    format!(
        "Permission \"artifactregistry.repositories.downloadArtifacts\" denied on resource \
         \"projects/{project}/locations/{location}/repositories/{repository}\" (or it may not exist)"
    )
}

/// The body of ECR's 401, which is no JSON (E7: enix/kube-image-keeper issue 172).
pub const ECR_NOT_AUTHORIZED: &str = "Not Authorized";

/// An expired token (E7: aws-samples/ecs-bg-external-controller issue 13).
pub const ECR_TOKEN_EXPIRED: &str =
    "Your authorization token has expired. Reauthenticate and try again.";

/// No such repository (aws-samples/amazon-eks-cdk-blue-green-cicd issue 24).
pub fn ecr_no_repository(repository: &str, account: &str) -> String {
    format!(
        "The repository with name '{repository}' does not exist in the registry with id '{account}'"
    )
}

/// A pull-through cache is refused by the other registry, or finds no such repository there (aws/containers-roadmap issue
/// 2354).
pub const ECR_UPSTREAM_REFUSED: &str = "The authentication to the upstream registry failed. Verify that the credentials \
     provided in the pull through cache rule are correct, and try again.";

/// No such tag or digest (unconfirmed in the reference).
pub const ECR_NO_IMAGE: &str = "Requested image not found";

/// No such repository, tag or digest in CNCF distribution 2.8.3, which says the same for all of them
/// (distribution/distribution registry/api/v2/errors.go `ErrorCodeManifestUnknown`).
pub const MANIFEST_UNKNOWN: &str = "manifest unknown";

/// No such blob in CNCF distribution (same file, `ErrorCodeBlobUnknown`).
pub const BLOB_UNKNOWN: &str = "blob unknown to registry";

/// The words behind an HTTP status, as Go prints them (net/http/status.go).
pub const fn status_text(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        429 => "Too Many Requests",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

//! What registries put into challenges and error bodies.

/// ECR's challenge (R, section 3: from memory in the reference; its kind, Basic, is confirmed by E7).
pub fn ecr_challenge(host: &str) -> String {
    format!("Basic realm=\"https://{host}/\",service=\"ecr.amazonaws.com\"")
}

/// The body of ECR's 401, which is no JSON (E7: enix/kube-image-keeper issue 172).
pub const ECR_NOT_AUTHORIZED: &str = "Not Authorized";

/// An expired token (E7: aws-samples/ecs-bg-external-controller issue 13).
pub const ECR_TOKEN_EXPIRED: &str =
    "Your authorization token has expired. Reauthenticate and try again.";

/// No such repository (R, section 3: aws-samples/amazon-eks-cdk-blue-green-cicd issue 24).
pub fn ecr_no_repository(repository: &str, account: &str) -> String {
    format!(
        "The repository with name '{repository}' does not exist in the registry with id '{account}'"
    )
}

/// No such tag or digest (R, section 3; unconfirmed there).
pub const ECR_NO_IMAGE: &str = "Requested image not found";

/// No such repository, tag or digest in CNCF distribution 2.8.3, which says the same for all of them
/// (distribution/distribution registry/api/v2/errors.go `ErrorCodeManifestUnknown`).
pub const MANIFEST_UNKNOWN: &str = "manifest unknown";

/// No such blob in CNCF distribution (same file, `ErrorCodeBlobUnknown`).
pub const BLOB_UNKNOWN: &str = "blob unknown to registry";

/// The words behind an HTTP status (RFC 9110).
pub const fn status_text(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        _ => "",
    }
}

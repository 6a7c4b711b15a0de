//! What AWS and its credential provider plugin say.

use crate::cloud::{Action, Decision, PolicySide};

/// Who somebody is who assumed a role (form of the ARNs in aws/copilot-cli issue 3518 and everything2/everything2
/// issue 2562).
pub fn assumed_role(account: &str, role: &str, session: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
}

/// A repository as IAM calls it (same sources).
pub fn repository_arn(region: &str, account: &str, repository: &str) -> String {
    format!("arn:aws:ecr:{region}:{account}:repository/{repository}")
}

/// IAM refuses: because nobody allows it (E7, E13: aws/copilot-cli issue 3518; E15: aws/containers-roadmap issue 2053),
/// or because somebody denies it (the form of AWS's documentation of access denied messages).
pub fn denied(principal: &str, action: Action, resource: &str, decision: Decision) -> String {
    let action = action.name();
    let why = match decision {
        Decision::Allowed => String::new(),
        Decision::NotAllowed(side) => {
            format!("because no {} policy allows the {action} action", kind_of(side))
        }
        Decision::Denied(PolicySide::Identity) => {
            "with an explicit deny in an identity-based policy".to_owned()
        }
        Decision::Denied(PolicySide::Repository) => {
            "with an explicit deny in a resource-based policy".to_owned()
        }
    };
    format!(
        "User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"
    )
}

const fn kind_of(side: PolicySide) -> &'static str {
    match side {
        PolicySide::Identity => "identity-based",
        PolicySide::Repository => "resource-based",
    }
}

/// The plugin's last log line when the token is denied (E12, E25: cloud-provider-aws cmd/ecr-credential-provider
/// main.go logs the error, which is the AWS SDK for Go v2's as users report it of the same call, for example in
/// ECS task errors).
pub fn plugin_denied(is_public: bool, request_id: &str, denial: &str) -> String {
    let service = service(is_public);
    format!(
        "Error running credential provider plugin: operation error {service}: GetAuthorizationToken, https response \
         error StatusCode: 400, RequestID: {request_id}, api error AccessDeniedException: {denial}"
    )
}

/// The plugin's last log line on an instance without a role (as above; up to the name of the inner operation as in
/// ElementTech/kube-arch-scheduler issue 5, the rest from memory).
pub fn plugin_without_role(is_public: bool) -> String {
    let service = service(is_public);
    format!(
        "Error running credential provider plugin: operation error {service}: GetAuthorizationToken, get identity: \
         get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: \
         GetMetadata, http response error StatusCode: 404, request to EC2 IMDS failed"
    )
}

/// The plugin's last log line when the role named by a ServiceAccount cannot be assumed (E25; up to the operation's name
/// as there, the rest as the AWS SDK for Go v2 words it, from memory).
pub fn plugin_cannot_assume() -> String {
    "Error running credential provider plugin: failed to assume role: operation error STS: \
     AssumeRoleWithWebIdentity, https response error StatusCode: 403, api error AccessDenied: Not authorized to \
     perform sts:AssumeRoleWithWebIdentity"
        .to_owned()
}

/// The ACR plugin on a machine without a managed identity (azidentity `ManagedIdentityCredential`, from memory).
pub const ACR_NO_IDENTITY: &str = "failed to get credentials from ACR: ManagedIdentityCredential authentication failed: no identity is assigned to \
     the machine";

/// What the SDK calls the service.
const fn service(is_public: bool) -> &'static str {
    if is_public { "ECR PUBLIC" } else { "ECR" }
}

/// ECR does not take a policy of a repository (the AWS SDK for Go v2's form, hashicorp/terraform-provider-aws issue 39064).
pub fn policy_refused(request_id: &str, constraint: &str) -> String {
    format!(
        "operation error ECR: SetRepositoryPolicy, https response error StatusCode: 400, RequestID: {request_id}, \
         InvalidParameterException: Invalid parameter at 'PolicyText' failed to satisfy constraint: '{constraint}'"
    )
}

/// The constraint of a policy that is none (terraform-aws-modules/terraform-aws-ecr issue 19, awsdocs/amazon-ecr-user-guide
/// pull request 20).
pub const POLICY_INVALID: &str = "Invalid repository policy provided";

/// The constraint of a policy that names somebody who is not there (hashicorp/terraform-provider-aws issue 39064).
pub const PRINCIPAL_NOT_FOUND: &str = "Principal not found";

/// A secret as IAM calls it; its own name goes on with six characters, which who asks by name does not know (form of AWS's
/// documentation).
pub fn secret_arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}")
}

/// `ResourceNotFoundException` (aws/aws-cli issue 4996).
pub const SECRET_NOT_FOUND: &str = "Secrets Manager can't find the specified secret.";

/// The same for a version (hashicorp/terraform-provider-aws issue 4992).
pub fn secret_version_not_found(stage: &str) -> String {
    format!("Secrets Manager can't find the specified secret value for staging label: {stage}")
}

/// `InvalidRequestException` (hashicorp/terraform-provider-aws issue 14001).
pub const SECRET_MARKED_FOR_DELETION: &str =
    "You can't perform this operation on the secret because it was marked for deletion.";

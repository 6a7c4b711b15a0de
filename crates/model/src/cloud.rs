//! What AWS decides around a pull: which hosts are ECR's, what IAM roles may do, and what the ECR credential provider
//! plugin of a node answers.

mod iam;
mod nodes;
mod policy;
mod secrets_manager;

use crate::credential::Login;
use crate::message::cloud as words;
use crate::provider::{Answer, CacheKeyType};
use crate::time::{SimTime, Span};
use crate::token::{self, Mint};

pub use iam::{Action, Decision, Effect, PolicySide, Resource, Roles, Statement, managed_policy};
pub use nodes::{provide_acr, provide_gcp};
pub use policy::{repository_statements, statements_of};
pub use secrets_manager::{ReadError, SecretVersion, SecretsManager, Stage, StoredSecret};

/// The domains behind the region of a private ECR host (E1: cloud-provider-aws cmd/ecr-credential-provider/main.go
/// `ecrPrivateHostPattern`).
const ECR_DOMAINS: [&str; 9] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "sc2s.sgov.gov",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

/// The hosts of ECR Public (E2: same file, `ecrPublicHosts`).
const ECR_PUBLIC_HOSTS: [&str; 2] = ["public.ecr.aws", "ecr-public.aws.com"];

/// Where the plugin asks for tokens of ECR Public (E2: same file, `ecrPublicRegion`).
const ECR_PUBLIC_REGION: &str = "us-east-1";

/// E22: what an EKS-optimised AMI hands to the ECR plugin (awslabs/amazon-eks-ami
/// nodeadm/internal/kubelet/image-credential-provider.go, Kubernetes 1.32 and later).
pub const EKS_MATCH_IMAGES: [&str; 13] = [
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr-ecr.*.on.aws",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.dkr-ecr.*.on.amazonwebservices.com.cn",
    "*.dkr.ecr-fips.*.amazonaws.com",
    "*.dkr-ecr-fips.*.on.aws",
    "*.dkr.ecr.*.c2s.ic.gov",
    "*.dkr.ecr.*.sc2s.sgov.gov",
    "*.dkr.ecr.*.cloud.adc-e.uk",
    "*.dkr.ecr.*.csp.hci.ic.gov",
    "*.dkr.ecr.*.amazonaws.eu",
    "public.ecr.aws",
    "ecr-public.aws.com",
];

/// The parts of a private ECR registry's host name (E1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcrHost<'a> {
    // Invariant: `account` is twelve digits, `region` is not empty.
    /// The account the registry belongs to.
    pub account: &'a str,
    /// Its region; any word will do, it is not held against a list.
    pub region: &'a str,
    /// Whether it is a FIPS endpoint.
    pub fips: bool,
}

/// The host of an account's registry in a region, as ECR's API names it with its scheme (E3: `proxyEndpoint`).
pub fn proxy_endpoint(account: &str, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{account}.dkr.ecr.{region}.{domain}")
}

impl<'a> EcrHost<'a> {
    /// Takes a host name apart, without a port and with regard to case; `None` where it is not a private ECR host.
    ///
    /// ```
    /// use pullpath_model::cloud::EcrHost;
    /// let host = EcrHost::parse("123456789012.dkr.ecr.us-east-1.amazonaws.com").unwrap();
    /// assert_eq!((host.account, host.region, host.fips), ("123456789012", "us-east-1", false));
    /// ```
    pub fn parse(host: &'a str) -> Option<Self> {
        let (account, rest) = host.split_once('.')?;
        let rest = rest.strip_prefix("dkr")?.strip_prefix(['.', '-'])?.strip_prefix("ecr")?;
        let (fips, rest) = match rest.strip_prefix("-fips") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (region, domain) = rest.strip_prefix('.')?.split_once('.')?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_region = region.starts_with(|first: char| first.is_ascii_alphanumeric())
            && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (is_account && is_region && ECR_DOMAINS.contains(&domain)).then_some(Self {
            account,
            region,
            fips,
        })
    }
}

/// Whether the host is ECR Public's (E2).
pub fn is_ecr_public(host: &str) -> bool {
    ECR_PUBLIC_HOSTS.contains(&host)
}

/// The region that the plugin's client is set to for an image of that host (E20); `None` leaves it to the SDK.
pub fn client_region(host: &str) -> Option<&str> {
    if is_ecr_public(host) {
        return Some(ECR_PUBLIC_REGION);
    }
    EcrHost::parse(host).map(|host| host.region)
}

/// Asks the ECR credential provider plugin of a node for an image of that name. It does nothing but get a token, and
/// for any host it is handed, ECR's or not (E21); the identity is the node's role and never the Pod's (E24, E30).
///
/// The token counts for the whole registry and for half of its life (E23). A failure is what the plugin logs before it
/// exits with 1, which the kubelet takes for "no credentials" (E12).
///
/// *Source: cloud-provider-aws cmd/ecr-credential-provider/main.go (63ec440).*
pub fn provide_ecr(
    mint: &mut Mint,
    roles: &Roles,
    role: Option<&str>,
    lookup_name: &str,
    now: SimTime,
) -> Answer {
    // The key is the bare host, without port and path.
    let host = lookup_name.split([':', '/']).next().expect("a split has a first part");
    let is_public = is_ecr_public(host);
    let Some(role) = role else { return Answer::Failed(words::plugin_without_role(is_public)) };
    let action =
        if is_public { Action::GetPublicAuthorizationToken } else { Action::GetAuthorizationToken };
    if !roles.allows(role, action) {
        let nobody = Decision::NotAllowed(PolicySide::Identity);
        let denial = words::denied(&roles.principal(role), action, "*", nobody);
        return Answer::Failed(words::plugin_denied(
            is_public,
            &mint.request_id(host, now),
            &denial,
        ));
    }
    let token = mint.mint_for_node(host, role, now);
    let login = Login {
        username: token::USER.to_owned(),
        password: token.text.clone(),
        email: String::new(),
    };
    Answer::Given {
        auth: vec![(host.to_owned(), login)],
        cache_key: CacheKeyType::Registry,
        cache_duration: cache_duration(token.expires.since(now)),
    }
}

/// The role that the plugin asks for tokens with, when it is handed a token of the Pod's ServiceAccount (E33): the one
/// that the account's annotation names, or else the node's. What goes wrong then does not fall back.
///
/// `trusts` is whether the named role lets the account assume it.
pub fn plugin_role<'a>(
    node_role: Option<&'a str>,
    annotation: Option<&'a str>,
    trusts: bool,
) -> Result<Option<&'a str>, String> {
    match annotation {
        None => Ok(node_role),
        Some(arn) if trusts => Ok(Some(role_name(arn))),
        Some(_) => Err(words::plugin_cannot_assume()),
    }
}

/// The name of a role, from its ARN.
pub fn role_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The annotation of a ServiceAccount that names its role for pulls (E33); not the one of IRSA (E31).
pub const ECR_ROLE_ANNOTATION: &str = "eks.amazonaws.com/ecr-role-arn";

/// The annotation of a ServiceAccount that gives its Pods' containers a role (E31). It plays no part in a pull.
pub const IRSA_ANNOTATION: &str = "eks.amazonaws.com/role-arn";

/// A node group as eksctl is told of it (E37, E38).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeGroup<'a> {
    /// Whether EKS manages it (`managedNodeGroups`).
    pub managed: bool,
    /// Whether the cluster has an OIDC provider (`iam.withOIDC`).
    pub with_oidc: bool,
    /// `iam.attachPolicyARNs`.
    pub attach: &'a [String],
    /// `iam.withAddonPolicies.imageBuilder`.
    pub image_builder: bool,
}

impl NodeGroup<'_> {
    /// The ARNs of the policies that its role gets (eksctl pkg/cfn/builder/iam_helper.go `makeManagedPolicies`).
    pub fn policies(self) -> Vec<String> {
        let managed = |name: &str| format!("{}{name}", iam::MANAGED_POLICY);
        let mut policies = self.attach.to_vec();
        if self.attach.is_empty() {
            policies.push(managed(WORKER_POLICY));
            if !self.with_oidc {
                policies.push(managed(CNI_POLICY));
            }
            policies.push(managed("AmazonSSMManagedInstanceCore"));
        }
        if self.image_builder {
            policies.push(managed("AmazonEC2ContainerRegistryPowerUser"));
        } else if self.attach.is_empty() || !self.managed {
            policies.push(managed("AmazonEC2ContainerRegistryPullOnly"));
        }
        policies
    }
}

/// What a node needs to join a cluster.
pub const WORKER_POLICY: &str = "AmazonEKSWorkerNodePolicy";

/// What its network plugin needs.
pub const CNI_POLICY: &str = "AmazonEKS_CNI_Policy";

/// Half of what is left of a token's life, in whole seconds (E23: same file, `getCacheDuration`); nothing where that
/// comes to nothing.
pub fn cache_duration(remaining: Span) -> Option<Span> {
    let seconds = remaining.as_millis().div_euclid(2000);
    (seconds > 0).then_some(Span::seconds(seconds))
}

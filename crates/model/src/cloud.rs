//! What AWS decides around a pull: which hosts are ECR's, what IAM roles may do, and what the ECR credential provider
//! plugin of a node answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::credential::Login;
use crate::message::cloud as words;
use crate::provider::{Answer, CacheKeyType};
use crate::time::{SimTime, Span};
use crate::token::{self, Mint};
use crate::world::World;

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

/// The account of a world without an ECR registry; the model's choice.
const DEFAULT_ACCOUNT: &str = "123456789012";

/// What stands before the name of a policy that AWS manages (E11).
const MANAGED_POLICY: &str = "arn:aws:iam::aws:policy/";

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

/// What a pull needs a right for (E10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// To be given a token.
    GetAuthorizationToken,
    /// To be given a token of ECR Public.
    GetPublicAuthorizationToken,
    /// To read a manifest.
    BatchGetImage,
    /// To read a blob.
    GetDownloadUrlForLayer,
}

impl Action {
    /// What IAM calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetAuthorizationToken => "ecr:GetAuthorizationToken",
            Self::GetPublicAuthorizationToken => "ecr-public:GetAuthorizationToken",
            Self::BatchGetImage => "ecr:BatchGetImage",
            Self::GetDownloadUrlForLayer => "ecr:GetDownloadUrlForLayer",
        }
    }
}

/// The registry actions that a policy managed by AWS allows on everything; `None` for an ARN this model does not know,
/// which grants nothing.
///
/// *Source: E11 and E37; contents as dumped in getmoto/moto 5.2.5 moto/iam/aws_managed_policies.py.*
pub fn managed_policy(arn: &str) -> Option<&'static [&'static str]> {
    const PULL_ONLY: &[&str] = &[
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchImportUpstreamImage",
    ];
    const READ_ONLY: &[&str] = &[
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetRepositoryPolicy",
        "ecr:DescribeRepositories",
        "ecr:ListImages",
        "ecr:DescribeImages",
        "ecr:BatchGetImage",
        "ecr:GetLifecyclePolicy",
        "ecr:GetLifecyclePolicyPreview",
        "ecr:ListTagsForResource",
        "ecr:DescribeImageScanFindings",
    ];
    const POWER_USER: &[&str] = &[
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetRepositoryPolicy",
        "ecr:DescribeRepositories",
        "ecr:ListImages",
        "ecr:DescribeImages",
        "ecr:BatchGetImage",
        "ecr:GetLifecyclePolicy",
        "ecr:GetLifecyclePolicyPreview",
        "ecr:ListTagsForResource",
        "ecr:DescribeImageScanFindings",
        "ecr:InitiateLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload",
        "ecr:PutImage",
    ];
    match arn.strip_prefix(MANAGED_POLICY)? {
        "AmazonEC2ContainerRegistryPullOnly" => Some(PULL_ONLY),
        "AmazonEC2ContainerRegistryReadOnly" => Some(READ_ONLY),
        "AmazonEC2ContainerRegistryPowerUser" => Some(POWER_USER),
        // A node's other usual policies have no action of ECR.
        "AmazonEKSWorkerNodePolicy" | "AmazonEKS_CNI_Policy" | "AmazonSSMManagedInstanceCore" => {
            Some(&[])
        }
        _ => None,
    }
}

/// The IAM roles of an account as they are now. IAM is asked at each request to a registry, so a change works at once
/// and needs no new token (E5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    account: Arc<str>,
    by_name: BTreeMap<String, Arc<Rights>>,
}

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Rights {
    attached: Vec<String>,
    inline: Vec<String>,
}

impl Roles {
    /// The roles that a world begins with. Their account is that of the world's first ECR registry: worlds do not name
    /// one.
    pub fn new(world: &World) -> Self {
        let account = world.registries.keys().find_map(|host| EcrHost::parse(host));
        let account = account.map_or(DEFAULT_ACCOUNT, |host| host.account);
        let mut roles = Self { account: account.into(), by_name: BTreeMap::new() };
        for (name, spec) in &world.roles {
            roles.set(name, spec.policies.clone());
        }
        roles
    }

    /// Attaches exactly these policies to a role, and creates it if need be. Gives back the ARNs that are unknown
    /// here: they grant nothing.
    pub fn set(&mut self, role: &str, policies: Vec<String>) -> Vec<String> {
        let unknown =
            policies.iter().filter(|arn| managed_policy(arn).is_none()).cloned().collect();
        Arc::make_mut(self.by_name.entry(role.to_owned()).or_default()).attached = policies;
        unknown
    }

    /// Gives a role an inline policy that allows these actions on everything, in place of the one it has. Names may
    /// hold `*` and `?`; one that IAM does not know is accepted and useless (E14).
    pub fn set_inline(&mut self, role: &str, actions: Vec<String>) {
        Arc::make_mut(self.by_name.entry(role.to_owned()).or_default()).inline = actions;
    }

    /// The ARNs attached to a role; `None` if there is no such role.
    pub fn policies(&self, role: &str) -> Option<&[String]> {
        self.by_name.get(role).map(|rights| rights.attached.as_slice())
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Who a role's credentials say their user is: `arn:aws:sts::…:assumed-role/nodes/i-0…`.
    ///
    /// The session's name is that of an instance, made up from the role's: the model does not tell apart who assumed
    /// it.
    pub fn principal(&self, role: &str) -> String {
        let hash = Sha256::digest(role.as_bytes());
        let [first, ..] = hash.as_chunks::<8>().0 else { unreachable!("a SHA-256 has 32 bytes") };
        let instance = u64::from_be_bytes(*first);
        words::assumed_role(&self.account, role, &format!("i-0{instance:016x}"))
    }

    /// Whether the role's own policies allow the action.
    pub fn allows(&self, role: &str, action: Action) -> bool {
        let Some(rights) = self.by_name.get(role) else { return false };
        let attached =
            rights.attached.iter().filter_map(|arn| managed_policy(arn)).flatten().copied();
        let inline = rights.inline.iter().map(String::as_str);
        attached.chain(inline).any(|pattern| matches(pattern, action.name()))
    }
}

/// Whether an action is one of those an IAM policy names: without regard to case, `*` for any text, `?` for any
/// character (E10).
fn matches(pattern: &str, action: &str) -> bool {
    fn from(pattern: &[u8], action: &[u8]) -> bool {
        match (pattern.split_first(), action.split_first()) {
            (None, None) => true,
            (Some((b'*', pattern)), _) => {
                (0..=action.len()).any(|skipped| from(pattern, &action[skipped..]))
            }
            (Some((wanted, pattern)), Some((got, action))) => {
                (*wanted == b'?' || wanted.eq_ignore_ascii_case(got)) && from(pattern, action)
            }
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
    from(pattern.as_bytes(), action.as_bytes())
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
        let denial = words::denied_by_identity(&roles.principal(role), action, "*");
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

/// Half of what is left of a token's life, in whole seconds (E23: same file, `getCacheDuration`); nothing where that
/// comes to nothing.
pub fn cache_duration(remaining: Span) -> Option<Span> {
    let seconds = remaining.as_millis().div_euclid(2000);
    (seconds > 0).then_some(Span::seconds(seconds))
}

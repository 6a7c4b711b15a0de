//! IAM as far as a pull touches it: roles with their policies, policies of repositories, and what they come to.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::EcrHost;
use crate::message::cloud as words;
use crate::wildcard;
use crate::world::World;

/// The account of a world without an ECR registry; the model's choice.
const DEFAULT_ACCOUNT: &str = "123456789012";

/// What stands before the name of a policy that AWS manages (E11).
pub(super) const MANAGED_POLICY: &str = "arn:aws:iam::aws:policy/";

/// What needs a right: the steps of a pull (E10), and reading a secret.
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
    /// To have a pull-through cache fetch an image that is not in it yet (E18).
    BatchImportUpstreamImage,
    /// To make the repository that it is kept in (E18).
    CreateRepository,
    /// To read a secret of Secrets Manager.
    GetSecretValue,
}

impl Action {
    /// What IAM calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetAuthorizationToken => "ecr:GetAuthorizationToken",
            Self::GetPublicAuthorizationToken => "ecr-public:GetAuthorizationToken",
            Self::BatchGetImage => "ecr:BatchGetImage",
            Self::GetDownloadUrlForLayer => "ecr:GetDownloadUrlForLayer",
            Self::BatchImportUpstreamImage => "ecr:BatchImportUpstreamImage",
            Self::CreateRepository => "ecr:CreateRepository",
            Self::GetSecretValue => "secretsmanager:GetSecretValue",
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
    const FARGATE: &[&str] = &[
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
    ];
    match arn.strip_prefix(MANAGED_POLICY)? {
        "AmazonEC2ContainerRegistryPullOnly" => Some(PULL_ONLY),
        "AmazonEC2ContainerRegistryReadOnly" => Some(READ_ONLY),
        "AmazonEC2ContainerRegistryPowerUser" => Some(POWER_USER),
        "AmazonEKSFargatePodExecutionRolePolicy" => Some(FARGATE),
        "SecretsManagerReadWrite" => Some(&["secretsmanager:*"]),
        // A node's other usual policies have no action of ECR.
        "AmazonEKSWorkerNodePolicy" | "AmazonEKS_CNI_Policy" | "AmazonSSMManagedInstanceCore" => {
            Some(&[])
        }
        _ => None,
    }
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it is about, in a repository's policy: `*`, an account, or an ARN. A role's own policies name nobody.
    pub principals: Vec<String>,
    /// The actions it is about. Names may hold `*` and `?`; one that IAM does not know is accepted and useless (E14).
    pub actions: Vec<String>,
    /// The resources it is about, as ARNs with `*` and `?`. A repository's policy names none: it is about the repository.
    pub resources: Vec<String>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever allows.
    Deny,
}

/// What an action is about.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// Its ARN, or `*`.
    pub arn: &'a str,
    /// The account that owns it.
    pub account: &'a str,
    /// The policy on it.
    pub policy: Option<&'a [Statement]>,
}

/// What IAM says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed.
    Allowed,
    /// Nobody on that side allows it.
    NotAllowed(PolicySide),
    /// Somebody on that side denies it.
    Denied(PolicySide),
}

/// Whose policy lacks a permission, or denies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySide {
    /// The caller's own.
    Identity,
    /// That of the repository (E15).
    Repository,
}

/// The IAM roles of an account as they are now. IAM is asked at each request to a registry, so a change works at once
/// and needs no new token (E5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    account: Arc<str>,
    by_name: BTreeMap<String, Arc<Rights>>,
    // What became of the policies of repositories, by host and path; the world has those that nobody changed.
    repositories: BTreeMap<(String, String), Option<Arc<[Statement]>>>,
}

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Rights {
    // Empty for the cluster's.
    account: String,
    trusts: Option<Vec<String>>,
    attached: Vec<String>,
    inline: Vec<Statement>,
}

impl Roles {
    /// The roles that a world begins with. Where the world names no account, theirs is that of its first ECR registry.
    pub fn new(world: &World) -> Self {
        let first = world.registries.keys().find_map(|host| EcrHost::parse(host));
        let account = match world.account.as_str() {
            "" => first.map_or(DEFAULT_ACCOUNT, |host| host.account),
            account => account,
        };
        let mut roles = Self {
            account: account.into(),
            by_name: BTreeMap::new(),
            repositories: BTreeMap::new(),
        };
        for (name, spec) in &world.roles {
            let (account, trusts) = (spec.account.clone(), spec.trusts.clone());
            let (attached, inline) = (spec.policies.clone(), spec.inline.clone());
            let rights = Rights { account, trusts, attached, inline };
            roles.by_name.insert(name.clone(), Arc::new(rights));
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

    /// Gives a role an inline policy, in place of the one it has.
    pub fn set_inline(&mut self, role: &str, statements: Vec<Statement>) {
        Arc::make_mut(self.by_name.entry(role.to_owned()).or_default()).inline = statements;
    }

    /// The ARNs attached to a role; `None` if there is no such role.
    pub fn policies(&self, role: &str) -> Option<&[String]> {
        self.by_name.get(role).map(|rights| rights.attached.as_slice())
    }

    /// Puts a policy on a repository of a registry, in place of the one it has; `None` takes it away.
    pub fn set_repository_policy(
        &mut self,
        host: &str,
        path: &str,
        statements: Option<Vec<Statement>>,
    ) {
        let key = (host.to_owned(), path.to_owned());
        self.repositories.insert(key, statements.map(Into::into));
    }

    /// The policy that was put on a repository since the beginning; the outer `None` if none was put or taken.
    pub fn repository_policy(&self, host: &str, path: &str) -> Option<Option<&[Statement]>> {
        let changed = self.repositories.get(&(host.to_owned(), path.to_owned()))?;
        Some(changed.as_deref())
    }

    /// Whether somebody whom a policy names is there; `None` for what names nobody at all. Of accounts that no role here is
    /// in, everybody is taken to be there.
    pub(super) fn knows(&self, principal: &str) -> Option<bool> {
        let is_account =
            |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if principal == "*" || is_account(principal) {
            return Some(true);
        }
        let (_, rest) = principal.strip_prefix("arn:")?.split_once("::")?;
        let (account, who) = rest.split_once(':')?;
        if !is_account(account) || who.is_empty() || who.contains(['*', '?']) {
            return None;
        }
        let is_here =
            |role: &str| self.by_name.contains_key(role) && self.account_of(role) == account;
        let knows_account = *account == *self.account
            || self.by_name.keys().any(|role| self.account_of(role) == account);
        let role = who.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
        Some(role.is_none_or(|role| !knows_account || is_here(role)))
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The account that a role belongs to.
    fn account_of(&self, role: &str) -> &str {
        let own = self.by_name.get(role).map_or("", |rights| rights.account.as_str());
        if own.is_empty() { &self.account } else { own }
    }

    /// Whether a role is there and lets a ServiceAccount assume it with its token (E33).
    pub fn trusts(&self, role: &str, namespace: &str, account: &str) -> bool {
        let name = format!("{namespace}/{account}");
        let covers = |all: &Vec<String>| all.iter().any(|pattern| wildcard::covers(pattern, &name));
        let rights = self.by_name.get(role);
        rights.is_some_and(|rights| rights.trusts.as_ref().is_none_or(covers))
    }

    /// Who a role's credentials say their user is: `arn:aws:sts::…:assumed-role/nodes/i-0…`.
    ///
    /// The session's name is that of an instance, made up from the role's: the model does not tell apart who assumed
    /// it.
    pub fn principal(&self, role: &str) -> String {
        let hash = Sha256::digest(role.as_bytes());
        let [first, ..] = hash.as_chunks::<8>().0 else { unreachable!("a SHA-256 has 32 bytes") };
        let instance = u64::from_be_bytes(*first);
        words::assumed_role(self.account_of(role), role, &format!("i-0{instance:016x}"))
    }

    /// Whether the role's own policies allow an action that is about nothing in particular.
    pub fn allows(&self, role: &str, action: Action) -> bool {
        let resource = Resource { arn: "*", account: &self.account, policy: None };
        self.decide(role, action, resource) == Decision::Allowed
    }

    /// What IAM says to an action of a role (E15): a denial anywhere wins; at home either side's consent is enough, and
    /// another account's repository takes both.
    pub fn decide(&self, role: &str, action: Action, resource: Resource<'_>) -> Decision {
        let (mut identity, mut repository) = (None, None);
        if let Some(rights) = self.by_name.get(role) {
            let mut attached =
                rights.attached.iter().filter_map(|arn| managed_policy(arn)).flatten();
            if attached.any(|pattern| matches(pattern, action.name())) {
                identity = Some(Effect::Allow);
            }
            let about = |statement: &&Statement| {
                statement.resources.iter().any(|pattern| matches_arn(pattern, resource.arn))
            };
            identity = stronger(identity, rights.inline.iter().filter(about), action);
        }
        let principal = |statement: &&Statement| {
            statement.principals.iter().any(|named| self.is_principal(named, role))
        };
        let policy = resource.policy.unwrap_or_default();
        repository = stronger(repository, policy.iter().filter(principal), action);
        if identity == Some(Effect::Deny) {
            return Decision::Denied(PolicySide::Identity);
        }
        if repository == Some(Effect::Deny) {
            return Decision::Denied(PolicySide::Repository);
        }
        let account = self.account_of(role);
        let home = resource.account == account;
        match (identity.is_some(), repository.is_some()) {
            (true, true) => Decision::Allowed,
            (true, false) | (false, true) if home => Decision::Allowed,
            (true, false) => Decision::NotAllowed(PolicySide::Repository),
            (false, _) => Decision::NotAllowed(PolicySide::Identity),
        }
    }

    /// Whether a repository's policy means a role: everybody, the role's account, the role, or its session.
    fn is_principal(&self, named: &str, role: &str) -> bool {
        let account = self.account_of(role);
        if named == "*" || named == account {
            return true;
        }
        let Some((_, rest)) = named.split_once("::") else { return false };
        let Some(rest) = rest.strip_prefix(account).and_then(|rest| rest.strip_prefix(':')) else {
            return false;
        };
        rest == "root"
            || rest.strip_prefix("role/").is_some_and(|path| path.rsplit('/').next() == Some(role))
            || named == self.principal(role)
    }
}

/// The strongest effect that statements have on an action, and on what is known already.
fn stronger<'s>(
    known: Option<Effect>,
    statements: impl Iterator<Item = &'s Statement>,
    action: Action,
) -> Option<Effect> {
    statements
        .filter(|statement| statement.actions.iter().any(|name| matches(name, action.name())))
        .fold(known, |known, statement| match (known, statement.effect) {
            (Some(Effect::Deny), _) | (_, Effect::Deny) => Some(Effect::Deny),
            (_, Effect::Allow) => Some(Effect::Allow),
        })
}

/// Whether an action is one of those a statement names: without regard to case, `*` for any text, `?` for any
/// character (E10).
fn matches(pattern: &str, action: &str) -> bool {
    let fold = str::to_ascii_lowercase;
    wildcard::covers(&fold(pattern), &fold(action))
}

/// The same for a resource, with regard to case. `GetAuthorizationToken` is about `*` alone (E10).
fn matches_arn(pattern: &str, arn: &str) -> bool {
    if arn == "*" { pattern == "*" } else { wildcard::covers(pattern, arn) }
}

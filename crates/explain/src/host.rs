//! Whose registry a host is, and what that means for a pull: sensible defaults, until a world file says otherwise.

use pullpath_model::cloud::{EcrHost, is_ecr_public};

/// Whose rules a registry follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Ecr,
    EcrPublic,
    /// Artifact Registry, and the gcr.io names that it serves.
    Gar,
    Acr,
    Ghcr,
    Hub,
    Quay,
    Harbor,
    GitLab,
    /// A registry from which everybody may pull everything.
    Public,
    Other,
}

/// Whether a pull without a credential can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anonymous {
    /// Everything there is public.
    Always,
    /// Nothing is.
    Never,
    /// It depends on the repository.
    Repository,
}

impl Family {
    /// The family of a host, with its port.
    pub(crate) fn of(host: &str) -> Self {
        let bare = host.split(':').next().unwrap_or(host);
        let ends = |tail: &str| bare.ends_with(tail);
        if EcrHost::parse(host).is_some() {
            return Self::Ecr;
        }
        match bare {
            // An entry's key may be a pattern (P32).
            _ if bare.contains('*') && bare.contains(".dkr.ecr.") => Self::Ecr,
            _ if is_ecr_public(bare) => Self::EcrPublic,
            "docker.io" => Self::Hub,
            "ghcr.io" => Self::Ghcr,
            "quay.io" => Self::Quay,
            "registry.gitlab.com" => Self::GitLab,
            "registry.k8s.io" | "mcr.microsoft.com" | "k8s.gcr.io" => Self::Public,
            "gcr.io" => Self::Gar,
            _ if ends("-docker.pkg.dev") || ends(".gcr.io") => Self::Gar,
            _ if ends(".azurecr.io") || ends(".azurecr.cn") || ends(".azurecr.us") => Self::Acr,
            _ if bare.contains("harbor") => Self::Harbor,
            _ if bare.contains("gitlab") => Self::GitLab,
            _ => Self::Other,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ecr => "Amazon ECR",
            Self::EcrPublic => "Amazon ECR Public",
            Self::Gar => "Google Artifact Registry",
            Self::Acr => "Azure Container Registry",
            Self::Ghcr => "GitHub Container Registry",
            Self::Hub => "Docker Hub",
            Self::Quay => "Quay",
            Self::Harbor => "Harbor",
            Self::GitLab => "GitLab",
            Self::Public => "a public registry",
            Self::Other => "a registry of its own",
        }
    }

    /// The family of that name in a world file.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "ecr" => Self::Ecr,
            "ecr-public" => Self::EcrPublic,
            "gar" => Self::Gar,
            "acr" => Self::Acr,
            "ghcr" => Self::Ghcr,
            "hub" => Self::Hub,
            "quay" => Self::Quay,
            "harbor" => Self::Harbor,
            "gitlab" => Self::GitLab,
            "public" => Self::Public,
            "other" => Self::Other,
            _ => return None,
        })
    }

    /// The names of [`Self::from_name`].
    pub(crate) const NAMES: [&'static str; 11] = [
        "ecr",
        "ecr-public",
        "gar",
        "acr",
        "ghcr",
        "hub",
        "quay",
        "harbor",
        "gitlab",
        "public",
        "other",
    ];

    /// Whether a repository can be pulled without a credential. `path` is the repository.
    pub(crate) fn anonymous(self, path: &str) -> Anonymous {
        match self {
            // E7: without a credential the answer is 401, whatever the repository.
            Self::Ecr => Anonymous::Never,
            Self::EcrPublic | Self::Public => Anonymous::Always,
            // Docker's official images are all public.
            Self::Hub if path.starts_with("library/") => Anonymous::Always,
            // Artifact Registry and ACR have public repositories too, if somebody made them so.
            Self::Hub
            | Self::Gar
            | Self::Acr
            | Self::Ghcr
            | Self::Quay
            | Self::Harbor
            | Self::GitLab
            | Self::Other => Anonymous::Repository,
        }
    }

    /// Whether a credential that the registry does not accept fails the pull of a public image too (reference, section
    /// 3: yes for Docker Hub, GHCR, ECR Public and Quay; no for Harbor).
    pub(crate) const fn bad_login_fails_public(self) -> bool {
        match self {
            Self::Ecr | Self::EcrPublic | Self::Hub | Self::Ghcr | Self::Quay | Self::Gar => true,
            Self::Acr | Self::Harbor | Self::GitLab | Self::Public | Self::Other => false,
        }
    }

    /// What can pull from there in the name of a node, on the nodes of its own cloud.
    pub(crate) const fn node_identity(self) -> Option<&'static str> {
        match self {
            Self::Ecr => Some(
                "the nodes' IAM role, through the ECR credential provider (there on EKS nodes)",
            ),
            Self::Gar => Some("the nodes' service account (there on GKE nodes)"),
            Self::Acr => {
                Some("the kubelet's managed identity (where AKS is attached to the registry)")
            }
            Self::EcrPublic
            | Self::Ghcr
            | Self::Hub
            | Self::Quay
            | Self::Harbor
            | Self::GitLab
            | Self::Public
            | Self::Other => None,
        }
    }

    /// How a fresh credential is had.
    pub(crate) fn fresh_login(self, host: &str) -> String {
        match self {
            Self::Ecr => {
                let region = EcrHost::parse(host).map_or("REGION", |ecr| ecr.region);
                format!("`aws ecr get-login-password --region {region}` gives a new one for 12 hours; what lasts is the nodes' own role, or a controller that renews the Secret")
            }
            Self::EcrPublic => "ECR Public needs no credential to pull: take the Secret away".into(),
            Self::Gar => "use the nodes' service account, or a key (`_json_key`), which does not end by itself".into(),
            Self::Acr => "attach the registry to the cluster's identity, or use a token of the registry".into(),
            Self::Ghcr => "make a classic personal access token with `read:packages`".into(),
            Self::Hub => "make a personal access token with read access".into(),
            Self::Quay | Self::Harbor => "make a robot account".into(),
            Self::GitLab => "make a deploy token with `read_registry`".into(),
            Self::Public => "this registry needs no credential: take the Secret away".into(),
            Self::Other => "ask whoever runs the registry for a new one".into(),
        }
    }
}

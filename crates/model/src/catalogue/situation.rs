//! What can be the matter with a pull.

use crate::world::{RegistryKind, Trouble};

/// What is the matter with a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// The image is not public, and no credential is sent.
    NoCredential,
    /// The user name is wrong.
    WrongUser,
    /// The password is wrong.
    WrongPassword,
    /// The token is past its lifetime.
    TokenTooOld,
    /// The credential is good, and its owner may not pull this image.
    NoRight,
    /// The owner may read manifests and no layers.
    NoLayerRight,
    /// The repository is another account's, whose policy does not let the owner in.
    OtherAccount,
    /// A pull-through cache would have to fetch the image first, which the owner may not have it do.
    NoImportRight,
    /// There is no such tag.
    NoTag,
    /// There is no such repository.
    NoRepository,
    /// The image is public, and the credential that is sent is no good.
    PublicWithBadCredential,
    /// Too many pulls from one address.
    AddressLimit,
    /// Too many pulls of one account.
    AccountLimit,
    /// The image has nothing for the node's platform.
    NoPlatform,
    /// A layer is gone.
    LayerMissing,
    /// A layer is not what its digest says.
    LayerCorrupt,
    /// The registry's host name does not exist.
    NoSuchHost,
    /// The name server fails.
    NameServerFails,
    /// The name server does not answer.
    NameServerSilent,
    /// Nobody listens at the registry's address.
    Refused,
    /// There is no route to it.
    NoRoute,
    /// There is no network.
    NoNetwork,
    /// Packets to it are dropped.
    Dropped,
    /// The certificate is of an authority that the node does not know.
    UnknownAuthority,
    /// The certificate is for another name.
    WrongName,
    /// The certificate ran out.
    CertificateExpired,
    /// The registry speaks plain HTTP.
    PlainHttp,
    /// The registry speaks TLS, and the node plain HTTP.
    PlainToTls,
    /// The registry answers 503.
    Unavailable,
}

impl Situation {
    /// All of them; from [`Self::NoPlatform`] on a registry's kind makes no difference.
    pub const ALL: [Self; 29] = [
        Self::NoCredential,
        Self::WrongUser,
        Self::WrongPassword,
        Self::TokenTooOld,
        Self::NoRight,
        Self::NoLayerRight,
        Self::OtherAccount,
        Self::NoImportRight,
        Self::NoTag,
        Self::NoRepository,
        Self::PublicWithBadCredential,
        Self::AddressLimit,
        Self::AccountLimit,
        Self::NoPlatform,
        Self::LayerMissing,
        Self::LayerCorrupt,
        Self::NoSuchHost,
        Self::NameServerFails,
        Self::NameServerSilent,
        Self::Refused,
        Self::NoRoute,
        Self::NoNetwork,
        Self::Dropped,
        Self::UnknownAuthority,
        Self::WrongName,
        Self::CertificateExpired,
        Self::PlainHttp,
        Self::PlainToTls,
        Self::Unavailable,
    ];

    /// The situation as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoCredential => "The image is not public, and no credential is sent.",
            Self::WrongUser => "The user name is wrong.",
            Self::WrongPassword => "The password is wrong.",
            Self::TokenTooOld => "The token is past its lifetime.",
            Self::NoRight => "The credential is good, and its owner may not pull this image.",
            Self::NoLayerRight => {
                "The credential is good, and its owner may read the manifest and none of the layers."
            }
            Self::OtherAccount => {
                "The repository belongs to another account, and its policy does not let the credential's owner in."
            }
            Self::NoImportRight => {
                "A pull-through cache has to fetch the image first, and the credential's owner may not have it do so."
            }
            Self::NoTag => "There is no such tag.",
            Self::NoRepository => "There is no such repository.",
            Self::PublicWithBadCredential => {
                "The image is public, and the credential that is sent is no good."
            }
            Self::AddressLimit => "Too many pulls came from one address.",
            Self::AccountLimit => {
                "The account that is logged in has pulled as often as its plan allows."
            }
            Self::NoPlatform => "The image has nothing for the node's platform.",
            Self::LayerMissing => "The registry has lost a layer of the image.",
            Self::LayerCorrupt => "A layer that comes is not what its digest says.",
            Self::NoSuchHost => "The registry's host name does not exist.",
            Self::NameServerFails => "The name server fails.",
            Self::NameServerSilent => "The name server does not answer.",
            Self::Refused => "Nobody listens at the registry's address.",
            Self::NoRoute => "There is no route to the registry.",
            Self::NoNetwork => "The node has no network.",
            Self::Dropped => "Packets to the registry are dropped.",
            Self::UnknownAuthority => {
                "The registry's certificate is of an authority that the node does not know, or its own."
            }
            Self::WrongName => "The registry's certificate is for another name.",
            Self::CertificateExpired => {
                "The registry's certificate has run out, or the node's clock is wrong."
            }
            Self::PlainHttp => "The registry speaks plain HTTP, and is asked over TLS.",
            Self::PlainToTls => "The registry speaks TLS, and is asked in plain HTTP.",
            Self::Unavailable => "The registry answers 503.",
        }
    }

    /// What to look at next.
    pub const fn next(self) -> &'static str {
        match self {
            Self::NoCredential => {
                "Which Secrets does the Pod name (`kubectl get pod POD -o jsonpath='{.spec.imagePullSecrets}'`), do they exist in its namespace, and has one an entry for this host? Without a Secret the node needs an identity of its own."
            }
            Self::WrongUser => "The user name in the Secret. For ECR it is always `AWS`.",
            Self::WrongPassword => {
                "The password in the Secret, to its last character: a line break at its end counts. For ECR also the region that the token was made in."
            }
            Self::TokenTooOld => {
                "When the token was made: ECR's live 12 hours, Azure's 3, Google's 1. A new one mends it until it dies too; the node's own identity renews itself."
            }
            Self::NoRight => {
                "What the login may do at the registry: on ECR ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on this repository, on Artifact Registry the reader role, elsewhere membership of the project."
            }
            Self::NoLayerRight => "Whether its policy has ecr:GetDownloadUrlForLayer, spelled so.",
            Self::OtherAccount => {
                "The policy of the repository, in the account that owns it: it must name the puller's account or role. The puller's own policy must allow the same."
            }
            Self::NoImportRight => {
                "Whether the role may ecr:BatchImportUpstreamImage: AmazonEC2ContainerRegistryPullOnly has it, ReadOnly has not."
            }
            Self::NoTag => {
                "Whether the tag was pushed, and to this repository: compare letter by letter."
            }
            Self::NoRepository => {
                "The path, the host, and on ECR the account and region: a missing repository reads like a missing tag."
            }
            Self::PublicWithBadCredential => {
                "The login that was sent: without any the image would come. Mend it, or take it away from this Pod."
            }
            Self::AddressLimit => {
                "Who else pulls from the same address, often a whole office or cluster behind one NAT. A login counts for its account instead; a cache of your own asks once."
            }
            Self::AccountLimit => {
                "The plan of the account, and who else uses it. The limit counts six hours back."
            }
            Self::NoPlatform => {
                "The node's architecture (`kubectl get nodes -L kubernetes.io/arch`) against those the image was built for."
            }
            Self::LayerMissing => {
                "Push the image again, whole. Somebody may have cleaned up the registry's storage."
            }
            Self::LayerCorrupt => {
                "A proxy or cache between node and registry, then the registry's storage."
            }
            Self::NoSuchHost => {
                "The host in the image's name, and which name server the node asks: not that of Pods."
            }
            Self::NameServerFails | Self::NameServerSilent => {
                "The node's own name server (/etc/resolv.conf on the node): CoreDNS and NetworkPolicies play no part in a pull."
            }
            Self::Refused => "Whether the registry runs, and listens on that port.",
            Self::NoRoute | Self::NoNetwork => {
                "The node's network: routes, and whether it has an address at all."
            }
            Self::Dropped => {
                "Firewalls and security groups between node and registry. From the node: `curl -v https://HOST/v2/`. NetworkPolicies are for Pods."
            }
            Self::UnknownAuthority => {
                "The authority's certificate on every node, where its runtime looks: /etc/containerd/certs.d/HOST/hosts.toml (`ca`), or the system's store. What Pods trust plays no part."
            }
            Self::WrongName => "The name in the image against those in the certificate.",
            Self::CertificateExpired => {
                "Until when the registry's certificate is good, and the clock of the node."
            }
            Self::PlainHttp => {
                "Whether the registry should speak TLS. If not: hosts.toml on each node, with `server = \"http://HOST\"`."
            }
            Self::PlainToTls => {
                "hosts.toml on the node: it says `http://` where the registry wants `https://`."
            }
            Self::Unavailable => "The registry's own status. The kubelet tries again by itself.",
        }
    }

    pub(super) const fn trouble(self) -> Option<Trouble> {
        Some(match self {
            Self::NoSuchHost => Trouble::NoSuchHost,
            Self::NameServerFails => Trouble::NameServerFails,
            Self::NameServerSilent => Trouble::NameServerSilent(crate::time::Span::seconds(10)),
            Self::Refused => Trouble::Refused,
            Self::NoRoute => Trouble::NoRoute,
            Self::NoNetwork => Trouble::NoNetwork,
            Self::Dropped => Trouble::Dropped,
            Self::UnknownAuthority => Trouble::UnknownAuthority,
            Self::CertificateExpired => Trouble::CertificateExpired(crate::time::SimTime::START),
            Self::PlainHttp => Trouble::PlainHttp,
            Self::Unavailable => Trouble::Status(503, None),
            Self::WrongName
            | Self::NoCredential
            | Self::WrongUser
            | Self::WrongPassword
            | Self::TokenTooOld
            | Self::NoRight
            | Self::NoLayerRight
            | Self::OtherAccount
            | Self::NoImportRight
            | Self::NoTag
            | Self::NoRepository
            | Self::PublicWithBadCredential
            | Self::AddressLimit
            | Self::AccountLimit
            | Self::NoPlatform
            | Self::LayerMissing
            | Self::LayerCorrupt
            | Self::PlainToTls => return None,
        })
    }

    /// Whether a registry's kind makes no difference.
    pub const fn is_of_any_kind(self) -> bool {
        self as u8 >= Self::NoPlatform as u8
    }

    /// Whether it can happen at a registry of that kind.
    pub fn happens_at(self, kind: RegistryKind) -> bool {
        use RegistryKind as Kind;
        let asks = kind != Kind::Open && kind != Kind::EcrPublic;
        match self {
            Self::NoCredential => asks,
            // Elsewhere a wrong name reads like a wrong password.
            Self::WrongUser => kind == Kind::Ecr,
            Self::WrongPassword => kind != Kind::Open,
            Self::TokenTooOld => kind != Kind::Open && kind != Kind::Basic,
            Self::NoRight => asks && kind != Kind::Basic,
            Self::NoLayerRight | Self::OtherAccount | Self::NoImportRight => kind == Kind::Ecr,
            Self::NoTag | Self::NoRepository => true,
            Self::PublicWithBadCredential => asks && kind != Kind::Basic && kind != Kind::Ecr,
            Self::AddressLimit | Self::AccountLimit => kind == Kind::DockerHub,
            Self::NoPlatform
            | Self::LayerMissing
            | Self::LayerCorrupt
            | Self::NoSuchHost
            | Self::NameServerFails
            | Self::NameServerSilent
            | Self::Refused
            | Self::NoRoute
            | Self::NoNetwork
            | Self::Dropped
            | Self::UnknownAuthority
            | Self::WrongName
            | Self::CertificateExpired
            | Self::PlainHttp
            | Self::PlainToTls
            | Self::Unavailable => kind == Kind::Open,
        }
    }
}

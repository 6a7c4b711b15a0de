//! What a registry's answers say: challenges, token servers' URLs, error bodies. They are put into words only when
//! somebody wants to read them.

use super::{Body, Challenge, ErrorBody, Refused, Server, Target};
use crate::cloud::EcrHost;
use crate::message::{cloud as iam_words, registry as message};
use crate::world::RegistryKind;

impl Server<'_> {
    /// The `WWW-Authenticate` header of an answer to a request for a repository. All but Harbor's are from memory (R,
    /// introduction); of them only the URL of the token server shows in a message.
    pub fn challenge(&self, repository: &str, challenge: Challenge) -> Option<String> {
        Some(match challenge {
            Challenge::None => return None,
            Challenge::Basic => match self.registry.kind {
                RegistryKind::Ecr => message::ecr_challenge(self.host),
                RegistryKind::Harbor => message::HARBOR_BASIC_CHALLENGE.to_owned(),
                RegistryKind::Open
                | RegistryKind::Basic
                | RegistryKind::Token
                | RegistryKind::EcrPublic
                | RegistryKind::DockerHub
                | RegistryKind::Ghcr
                | RegistryKind::ArtifactRegistry
                | RegistryKind::Acr
                | RegistryKind::Quay
                | RegistryKind::GitLab => message::BASIC_CHALLENGE.to_owned(),
            },
            Challenge::Bearer(error) => {
                let scope = match self.registry.kind {
                    RegistryKind::EcrPublic => "aws".to_owned(),
                    _ => message::pull_scope(repository),
                };
                message::bearer_challenge(&self.realm(), self.service(), &scope, error)
            }
        })
    }

    /// The URL of its token server.
    pub fn realm(&self) -> String {
        if let Some(realm) = &self.registry.realm {
            return realm.clone();
        }
        let host = self.host;
        let beside = |name: &str| {
            let domain = host.split_once('.').map_or(host, |(_, domain)| domain);
            format!("{name}{domain}")
        };
        match self.registry.kind {
            RegistryKind::Open | RegistryKind::Basic | RegistryKind::Token | RegistryKind::Ecr => {
                format!("https://{}/token", beside("auth."))
            }
            RegistryKind::DockerHub => "https://auth.docker.io/token".to_owned(),
            RegistryKind::EcrPublic => format!("https://{host}/token/"),
            RegistryKind::Ghcr => format!("https://{host}/token"),
            RegistryKind::ArtifactRegistry => format!("https://{host}/v2/token"),
            RegistryKind::Acr => format!("https://{host}/oauth2/token"),
            RegistryKind::Quay => format!("https://{host}/v2/auth"),
            RegistryKind::Harbor => format!("https://{host}/service/token"),
            RegistryKind::GitLab => match host {
                "registry.gitlab.com" => "https://gitlab.com/jwt/auth".to_owned(),
                _ => format!("https://{}/jwt/auth", beside("gitlab.")),
            },
        }
    }

    fn service(&self) -> &str {
        match self.registry.kind {
            RegistryKind::DockerHub => "registry.docker.io",
            RegistryKind::Harbor => "harbor-registry",
            RegistryKind::GitLab => "container_registry",
            RegistryKind::Open
            | RegistryKind::Basic
            | RegistryKind::Token
            | RegistryKind::Ecr
            | RegistryKind::EcrPublic
            | RegistryKind::Ghcr
            | RegistryKind::ArtifactRegistry
            | RegistryKind::Acr
            | RegistryKind::Quay => self.host,
        }
    }

    /// The URL at which a token for a repository is asked for (R4): keys in the order of the alphabet, one scope more
    /// where the challenge's is not the repository's own.
    pub fn token_url(&self, repository: &str) -> String {
        let scope = escape(&message::pull_scope(repository));
        let service = escape(self.service());
        let more = if self.registry.kind == RegistryKind::EcrPublic { "scope=aws&" } else { "" };
        format!("{}?{more}scope={scope}&service={service}", self.realm())
    }

    /// The error that a GET's answer has in its body; a HEAD's answer has none.
    pub fn error(
        &self,
        repository: &str,
        target: Target<'_>,
        no: &Refused<'_>,
    ) -> Option<ErrorBody> {
        let error =
            |code: &str, message: String| Some(ErrorBody { code: code.to_owned(), message });
        match no.body {
            Body::Empty => None,
            Body::Text(text) => error("", text.to_owned()),
            Body::Error(code, message) => error(code, message.to_owned()),
            Body::Given(code, message) => error(code, message.to_owned()),
            Body::EcrNoRepository => {
                error("NAME_UNKNOWN", message::ecr_no_repository(repository, self.account()))
            }
            Body::Iam(token, action, decision) => {
                let region = EcrHost::parse(self.host).map_or("", |host| host.region);
                let arn = iam_words::repository_arn(region, self.account(), repository);
                let principal = self.roles.principal(&token.role);
                error("DENIED", iam_words::denied(&principal, action, &arn, decision))
            }
            Body::NoDownload => error("DENIED", message::no_download(self.host, repository)),
            Body::AcrNoTag => {
                let (Target::Manifest(reference) | Target::Blob(reference)) = target;
                error("MANIFEST_UNKNOWN", message::acr_no_tag(reference))
            }
            Body::HarborNoAccess => error("UNAUTHORIZED", message::harbor_no_access(repository)),
        }
    }
}

/// A value of a URL's query, as far as these values need it.
fn escape(text: &str) -> String {
    text.replace(':', "%3A").replace('/', "%2F")
}

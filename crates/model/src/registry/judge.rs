//! Who may pull what, by the rules of each kind of registry (R, section 3).

use super::{
    Authorization, Bearer, Body, Caller, Challenge, Method, Refused, Request, Server, Target,
    TokenRequest,
};
use crate::cloud::{Action, Decision, EcrHost, Resource};
use crate::credential::Basic;
use crate::message::{cloud as iam_words, registry as message};
use crate::pull::{Refusal, Served};
use crate::time::SimTime;
use crate::token::{self, Life, Token};
use crate::wildcard;
use crate::world::{LIMIT_WINDOW, Manifest, RegistryKind};

impl<'a> Server<'a> {
    /// Why a request is not let through.
    pub(super) fn refuse(&self, request: &Request<'_, 'a>) -> Option<Refused<'a>> {
        let bearer = match (self.registry.kind, request.authorization) {
            (RegistryKind::Open, _) => return None,
            (RegistryKind::Basic, authorization) => {
                return self.refuse_basic(request, authorization);
            }
            (RegistryKind::Ecr, Authorization::Basic(login)) => {
                return self.refuse_ecr(request, login);
            }
            (RegistryKind::Ecr, _) => {
                return Some(Refused::asking(
                    Challenge::Basic,
                    Refusal::LoginRefused,
                    Body::Text(message::ECR_NOT_AUTHORIZED),
                ));
            }
            // Harbor judges a password at its API as well (goharbor/harbor src/server/middleware/security).
            (RegistryKind::Harbor, Authorization::Basic(login)) => self.caller(login, request.now),
            (_, Authorization::Bearer(Bearer(caller))) => caller,
            (_, Authorization::None | Authorization::Basic(_)) => {
                return Some(Refused::asking(
                    Challenge::Bearer(None),
                    Refusal::LoginRefused,
                    Body::Error("UNAUTHORIZED", message::UNAUTHORIZED),
                ));
            }
        };
        self.refuse_bearer(request, bearer)
    }

    /// A password file knows users and no rights: whoever is in it may pull everything.
    fn refuse_basic(
        &self,
        request: &Request<'_, 'a>,
        authorization: Authorization<'_, 'a>,
    ) -> Option<Refused<'a>> {
        let caller = match authorization {
            Authorization::Basic(login) => self.caller(login, request.now),
            Authorization::None | Authorization::Bearer(_) => Caller::Stranger,
        };
        let why = match caller {
            Caller::User(..) | Caller::Owner(_) => return None,
            Caller::Late(_) => Refusal::TokenExpired,
            Caller::Nobody | Caller::Stranger => Refusal::LoginRefused,
        };
        let body = Body::Error("UNAUTHORIZED", message::UNAUTHORIZED);
        Some(Refused::asking(Challenge::Basic, why, body))
    }

    /// Why ECR does not let a login through, in the order in which it looks (E5 to E7, E10, E15; that a wrong region
    /// shows before expiry, and both before a missing image, is the reference's choice).
    fn refuse_ecr(&self, request: &Request<'_, 'a>, login: Basic<'_>) -> Option<Refused<'a>> {
        if login.user != token::USER {
            let body = Body::Text(message::ECR_NOT_AUTHORIZED);
            return Some(Refused::asking(Challenge::Basic, Refusal::LoginRefused, body));
        }
        let token = self.token_here(login.secret);
        let life = token.map_or(Life::Unborn, |token| token.life(request.now));
        match (life, token) {
            (Life::Live, Some(token)) => self.refuse_owner(request, token),
            (Life::Expired, Some(_)) => {
                let body = Body::Error("DENIED", message::ECR_TOKEN_EXPIRED);
                Some(Refused::new(403, Refusal::TokenExpired, body))
            }
            (Life::Unborn | Life::Revoked, _) | (_, None) => {
                Some(Refused::new(400, Refusal::TokenInvalid, Body::Text("Bad Request")))
            }
        }
    }

    /// The token of ECR that is this very string, if it is of this region (E6).
    pub(super) fn token_here(&self, secret: &str) -> Option<&'a Token> {
        let region = EcrHost::parse(self.host).map_or("", |host| host.region);
        let tokens = self.mint.find_all(secret).iter();
        tokens.map(AsRef::as_ref).find(|token| token.region == region)
    }

    /// What IAM says to the owner of a token (E10, E13 to E15).
    fn refuse_owner(&self, request: &Request<'_, 'a>, token: &'a Token) -> Option<Refused<'a>> {
        if token.role.is_empty() {
            return None;
        }
        let action = request.target.action();
        match self.decide(token, action, request.repository) {
            Decision::Allowed => None,
            no => Some(Refused::new(403, Refusal::NotAuthorized, Body::Iam(token, action, no))),
        }
    }

    /// IAM's answer to the owner of a token about a repository.
    pub(super) fn decide(&self, token: &Token, action: Action, path: &str) -> Decision {
        let region = EcrHost::parse(self.host).map_or("", |host| host.region);
        let arn = iam_words::repository_arn(region, self.account(), path);
        let own = || self.registry.repositories.get(path).and_then(|own| own.policy.as_deref());
        let policy = self.roles.repository_policy(self.host, path).unwrap_or_else(own);
        let resource = Resource { arn: &arn, account: self.account(), policy };
        self.roles.decide(&token.role, action, resource)
    }

    /// What a registry with a token server says to somebody with a token of it.
    fn refuse_bearer(&self, request: &Request<'_, 'a>, caller: Caller<'a>) -> Option<Refused<'a>> {
        let may = self.may_pull(caller, request.repository, request.now);
        let why = refusal_of(caller);
        match self.registry.kind {
            // These have said so at the token server.
            RegistryKind::Open
            | RegistryKind::Basic
            | RegistryKind::Ecr
            | RegistryKind::Ghcr
            | RegistryKind::Acr => None,
            RegistryKind::EcrPublic => match caller {
                Caller::Late(_) => {
                    let body = Body::Error("DENIED", message::ECR_TOKEN_EXPIRED);
                    Some(Refused::new(403, Refusal::TokenExpired, body))
                }
                Caller::Nobody | Caller::User(..) | Caller::Owner(_) | Caller::Stranger => None,
            },
            _ if may => None,
            RegistryKind::Token | RegistryKind::DockerHub | RegistryKind::GitLab => {
                let challenge = Challenge::Bearer(Some("insufficient_scope"));
                let body = Body::Error("DENIED", message::DENIED);
                Some(Refused::asking(challenge, why, body))
            }
            RegistryKind::ArtifactRegistry => Some(Refused::new(403, why, Body::NoDownload)),
            RegistryKind::Quay => {
                let body = Body::Error("UNAUTHORIZED", message::QUAY_NOT_AUTHORIZED);
                Some(Refused::asking(Challenge::Bearer(None), why, body))
            }
            // goharbor/harbor src/server/middleware/v2auth/auth.go: whoever shows a header is asked for a password.
            RegistryKind::Harbor => {
                Some(Refused::asking(Challenge::Basic, why, Body::HarborNoAccess))
            }
        }
    }

    /// Whom a token server takes somebody for, or why it gives no token. It does not look at whether the repository may
    /// be pulled, unless that is what its kind does (R, section 3; what is unconfirmed there is so here).
    pub(super) fn judge_login(
        &self,
        request: &TokenRequest<'_>,
    ) -> Result<Caller<'a>, Refused<'a>> {
        if request.method == Method::Post
            && let Some(status) = self.refuses_post()
        {
            return Err(Refused::new(status, Refusal::RegistryFailed, Body::Empty));
        }
        let caller = request.login.map_or(Caller::Nobody, |login| self.caller(login, request.now));
        let may = self.may_pull(caller, request.repository, request.now);
        let error =
            |status, why, code, message| Err(Refused::new(status, why, Body::Error(code, message)));
        let why = refusal_of(caller);
        let known = matches!(caller, Caller::Nobody | Caller::User(..) | Caller::Owner(_));
        match self.registry.kind {
            RegistryKind::Open | RegistryKind::Basic | RegistryKind::Ecr => Ok(caller),
            RegistryKind::Ghcr if !known => error(403, why, "DENIED", "denied"),
            RegistryKind::Ghcr if may => Ok(caller),
            RegistryKind::Ghcr
                if caller == Caller::Nobody && self.repository(request.repository).is_some() =>
            {
                error(401, why, "UNAUTHORIZED", message::UNAUTHORIZED)
            }
            RegistryKind::Ghcr => error(403, why, "DENIED", message::DENIED),
            RegistryKind::Acr if known && may => Ok(caller),
            RegistryKind::Acr => error(401, why, "UNAUTHORIZED", message::ACR_UNAUTHORIZED),
            RegistryKind::ArtifactRegistry if caller == Caller::Nobody && !may => {
                Err(Refused::new(403, why, Body::NoDownload))
            }
            RegistryKind::EcrPublic if caller == Caller::Stranger => {
                Err(Refused::new(400, why, Body::Text("Bad Request")))
            }
            RegistryKind::EcrPublic => Ok(caller),
            // A login that Harbor does not know counts as none (goharbor/harbor src/core/service/token/creator.go).
            RegistryKind::Harbor if !known => Ok(Caller::Nobody),
            RegistryKind::Quay if !known => error(401, why, "UNAUTHORIZED", message::QUAY_NO_ROBOT),
            RegistryKind::DockerHub if !known => {
                Err(Refused::new(401, why, Body::Text(message::HUB_WRONG_PASSWORD)))
            }
            RegistryKind::Token if !known => {
                error(401, why, "UNAUTHORIZED", message::WRONG_PASSWORD)
            }
            RegistryKind::GitLab if !known => {
                error(401, why, "UNAUTHORIZED", message::GITLAB_ACCESS_DENIED)
            }
            RegistryKind::ArtifactRegistry if !known => {
                error(401, why, "UNAUTHORIZED", message::UNAUTHORIZED)
            }
            RegistryKind::Token
            | RegistryKind::DockerHub
            | RegistryKind::ArtifactRegistry
            | RegistryKind::Quay
            | RegistryKind::Harbor
            | RegistryKind::GitLab => Ok(caller),
        }
    }

    /// The status with which a token server refuses forms, which OAuth clients try first (R4: containerd
    /// core/remotes/docker/authorizer.go names who does not know them; Quay's and Harbor's as the stubs have them).
    const fn refuses_post(&self) -> Option<u16> {
        match self.registry.kind {
            RegistryKind::Ghcr | RegistryKind::Quay => Some(405),
            RegistryKind::ArtifactRegistry | RegistryKind::Harbor | RegistryKind::EcrPublic => {
                Some(404)
            }
            RegistryKind::Open
            | RegistryKind::Basic
            | RegistryKind::Token
            | RegistryKind::Ecr
            | RegistryKind::DockerHub
            | RegistryKind::Acr
            | RegistryKind::GitLab => None,
        }
    }

    /// Too many pulls (R, section 4): a pull is a manifest's GET, a HEAD is free, and an index counts as one with what is
    /// taken from it.
    pub(super) fn limit(
        &self,
        request: &Request<'_, 'a>,
        served: &mut Served,
    ) -> Option<Refused<'a>> {
        self.registry.limit?;
        let Target::Manifest(reference) = request.target else { return None };
        if request.method != Method::Get || self.is_of_an_index(request.repository, reference) {
            return None;
        }
        let caller = match request.authorization {
            Authorization::Bearer(Bearer(caller)) => caller,
            Authorization::None | Authorization::Basic(_) => Caller::Nobody,
        };
        self.count(caller, request.from, request.now, served)
    }

    /// Whether a digest is that of one platform's manifest.
    fn is_of_an_index(&self, path: &str, reference: &str) -> bool {
        let found = self
            .repository(path)
            .and_then(|repository| self.holder(repository, path, |part| part == reference));
        found.is_some_and(|(tag, image)| {
            matches!(image.manifest, Manifest::Index(_))
                && self.top_digest(path, tag, image) != reference
        })
    }

    /// Counts a pull of somebody at an address, or says that there were too many. An account counts for itself, from
    /// wherever; what others used counts for the nodes' common address, and they used it at T+0.
    pub(super) fn count(
        &self,
        caller: Caller<'a>,
        address: &str,
        now: SimTime,
        served: &mut Served,
    ) -> Option<Refused<'a>> {
        let limit = self.registry.limit?;
        let user = match caller {
            Caller::User(name, user) => Some((name, user)),
            // An access token is its account's.
            Caller::Owner(token) => {
                let name = token.user.as_deref().unwrap_or_default();
                let user = self.registry.users.get_key_value(name);
                Some(user.map(|(name, user)| (name.as_str(), user))?)
            }
            Caller::Nobody | Caller::Late(_) | Caller::Stranger => None,
        };
        let (to, pulls, used) = match user {
            Some((name, user)) => (name.to_owned(), user.limit?, 0),
            None if address.is_empty() => (String::new(), limit.pulls, limit.used),
            // No user's name begins so.
            None => (format!("@{address}"), limit.pulls, 0),
        };
        let from = now - LIMIT_WINDOW;
        let used = if from < SimTime::START { used } else { 0 };
        if served.since(self.host, &to, from).saturating_add(used) >= pulls {
            let message = match user {
                None => message::HUB_LIMIT_ANONYMOUS,
                Some(_) => message::HUB_LIMIT_ACCOUNT,
            };
            let body = Body::Error("TOOMANYREQUESTS", message);
            return Some(Refused::new(429, Refusal::RateLimited, body));
        }
        served.count(self.host, &to, now, from);
        None
    }

    /// Who somebody with a login is.
    pub(super) fn caller(&self, login: Basic<'_>, now: SimTime) -> Caller<'a> {
        if let Some((name, user)) = self.registry.users.get_key_value(login.user)
            && user.password.reveal() == login.secret
            && user.until.is_none_or(|until| now < until)
        {
            return Caller::User(name, user);
        }
        let region = crate::cloud::client_region(self.host).unwrap_or_default();
        let here = |token: &&Token| {
            let name_fits = token.user.as_deref().is_none_or(|user| user == login.user);
            // An access token of Google is for no registry in particular.
            let is_googles = |kind| kind == RegistryKind::ArtifactRegistry;
            let host_fits = token.registry == self.host
                || (!region.is_empty() && token.region == region)
                || (is_googles(self.registry.kind)
                    && RegistryKind::of_host(&token.registry).is_some_and(is_googles));
            name_fits && host_fits
        };
        let token = self.mint.find_all(login.secret).iter().map(AsRef::as_ref).find(here);
        match token.map(|token| (token, token.life(now))) {
            Some((token, Life::Live)) => Caller::Owner(token),
            Some((token, Life::Expired)) => Caller::Late(token),
            Some((_, Life::Unborn | Life::Revoked)) | None => Caller::Stranger,
        }
    }

    /// Whether somebody may pull from a repository.
    pub(super) fn may_pull(&self, caller: Caller<'_>, path: &str, now: SimTime) -> bool {
        let repository = self.repository(path);
        if self.is_public(path) {
            return true;
        }
        // Docker Hub, Quay and GHCR know rights on what exists only.
        let needs_one = matches!(
            self.registry.kind,
            RegistryKind::DockerHub | RegistryKind::Quay | RegistryKind::Ghcr
        );
        let covers = |pulls: Option<&Vec<String>>| {
            pulls.is_none_or(|all| all.iter().any(|pattern| wildcard::covers(pattern, path)))
        };
        (repository.is_some() || !needs_one)
            && match caller {
                Caller::User(_, user) => covers(user.pulls.as_ref()),
                Caller::Owner(token) if !token.identity.is_empty() => {
                    // Rights are those of the identity now, not those that it had when the token was made.
                    let identity = self.world.identities.get(&token.identity);
                    identity.is_some_and(|identity| identity.may_pull(path, now))
                }
                Caller::Owner(token) => covers(token.pulls.as_ref()),
                Caller::Nobody | Caller::Late(_) | Caller::Stranger => false,
            }
    }

    pub(super) fn account(&self) -> &'a str {
        EcrHost::parse(self.host).map_or("", |host| host.account)
    }
}

/// What a refusal of somebody comes to.
const fn refusal_of(caller: Caller<'_>) -> Refusal {
    match caller {
        Caller::Nobody => Refusal::NoCredentials,
        Caller::User(..) | Caller::Owner(_) => Refusal::NotAuthorized,
        Caller::Late(_) => Refusal::TokenExpired,
        Caller::Stranger => Refusal::LoginRefused,
    }
}

//! Pull-through caches: images of another registry, fetched at the first pull.

use super::{Authorization, Body, Caller, Refused, Request, Server, Target};
use crate::cloud::{Action, Decision};
use crate::credential::Basic;
use crate::message::registry as message;
use crate::pull::{Refusal, Served};
use crate::world::{CacheRule, Part as Place, RegistryKind, Repository, Trouble};

impl<'a> Server<'a> {
    /// A repository: its own, or one of another registry that it keeps copies of.
    pub(super) fn repository(&self, path: &str) -> Option<&'a Repository> {
        self.registry.repositories.get(path).or_else(|| {
            let (rule, path) = self.rule(path)?;
            self.world.registries.get(&rule.upstream)?.repositories.get(path)
        })
    }

    /// The rule that a path falls under, and what the path is called at the other registry; nothing for repositories
    /// of its own.
    fn rule<'p>(&self, path: &'p str) -> Option<(&'a CacheRule, &'p str)> {
        if self.registry.repositories.contains_key(path) {
            return None;
        }
        self.registry.caches.iter().find_map(|rule| Some((rule, rule.upstream_path(path)?)))
    }

    /// Whether everybody may pull from a repository.
    pub(super) fn is_public(&self, path: &str) -> bool {
        match self.rule(path) {
            Some((rule, _)) => rule.public,
            None => self.repository(path).is_some_and(|repository| repository.public),
        }
    }

    /// Where an image of that path is really from.
    pub(super) fn origin<'p>(&'p self, path: &'p str) -> (&'p str, &'p str) {
        match self.rule(path) {
            Some((rule, path)) => (&rule.upstream, path),
            None => (self.host, path),
        }
    }

    /// Why an image that is not in the cache yet does not come into it; if it does, it is kept.
    pub(super) fn refuse_import(
        &self,
        request: &Request<'_, 'a>,
        served: &mut Served,
    ) -> Option<Refused<'a>> {
        let path = request.repository;
        let Target::Manifest(reference) = request.target else { return None };
        let rule = self.rule(path);
        let own = self.registry.repositories.get(path);
        if rule.is_none() && !own.is_some_and(|repository| repository.imports) {
            return None;
        }
        let tag = self.tag_of(path, reference);
        if tag.is_some_and(|tag| served.has_imported(self.host, path, tag)) {
            return None;
        }
        let is_there = own.is_some() || served.has_imported_from(self.host, path);
        let refused = self.refuse_right_to_import(request, is_there).or_else(|| {
            rule.and_then(|(rule, path)| self.refuse_upstream(rule, path, tag, request, served))
        });
        if refused.is_none()
            && let Some(tag) = tag
        {
            served.import(self.host, path, tag);
        }
        refused
    }

    /// The tag that a tag or digest stands for.
    fn tag_of(&self, path: &str, reference: &str) -> Option<&'a str> {
        let repository = self.repository(path)?;
        let (tag, _) = if reference.contains(':') {
            self.holder(repository, path, |part| part == reference)?
        } else {
            repository.tags.get_key_value(reference)?
        };
        Some(tag)
    }

    /// ECR asks IAM (E18): to import is a right of its own, and to make the repository another one.
    fn refuse_right_to_import(
        &self,
        request: &Request<'_, 'a>,
        is_there: bool,
    ) -> Option<Refused<'a>> {
        let Authorization::Basic(login) = request.authorization else { return None };
        if self.registry.kind != RegistryKind::Ecr {
            return None;
        }
        let token = self.token_here(login.secret).filter(|token| !token.role.is_empty())?;
        let make = (!is_there).then_some(Action::CreateRepository);
        [Action::BatchImportUpstreamImage].into_iter().chain(make).find_map(|action| {
            match self.decide(token, action, request.repository) {
                Decision::Allowed => None,
                no => Some(Refused::new(403, Refusal::NotAuthorized, Body::Iam(token, action, no))),
            }
        })
    }

    /// What the other registry says to the cache. That it cannot be reached is passed on as 502: what the services do then
    /// is not known, and this is the model's choice.
    fn refuse_upstream(
        &self,
        rule: &'a CacheRule,
        path: &str,
        tag: Option<&str>,
        request: &Request<'_, 'a>,
        served: &mut Served,
    ) -> Option<Refused<'a>> {
        let gone = Refused::new(502, Refusal::RegistryFailed, Body::Empty);
        let Some(upstream) = self.beside(&rule.upstream) else { return Some(gone) };
        match upstream.trouble(Place::Registry, request.now) {
            None | Some(Trouble::Slow(_)) => {}
            Some(_) => return Some(gone),
        }
        let login = rule.user.as_ref();
        let login = login.map(|user| Basic { user, secret: rule.password.reveal() });
        let caller = login.map_or(Caller::Nobody, |login| upstream.caller(login, request.now));
        let is_open = upstream.kind() == RegistryKind::Open;
        if !is_open && !upstream.may_pull(caller, path, request.now) {
            // A login that is not taken, and a repository that is not there, are one to it.
            let why = match upstream.repository(path) {
                None => Refusal::NotFound,
                Some(_) => Refusal::NotAuthorized,
            };
            return Some(match self.registry.kind {
                RegistryKind::Ecr => {
                    Refused::new(403, why, Body::Error("DENIED", message::ECR_UPSTREAM_REFUSED))
                }
                _ => Refused { why, ..self.no_repository(request.target) },
            });
        }
        if upstream.repository(path).is_none() {
            return Some(self.no_repository(request.target));
        }
        if tag.is_none() {
            return Some(self.no_content(request.target));
        }
        upstream.count(caller, self.host, request.now, served)
    }

    /// Another registry of the same world.
    fn beside(&self, host: &str) -> Option<Self> {
        Server::at(self.world, self.mint, self.roles, host)
    }
}

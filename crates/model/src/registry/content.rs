//! What a registry holds: manifests and blobs by tag and digest.

use sha2::{Digest, Sha256};

use super::{Answer, Body, Found, Refused, Request, Server, Target};
use crate::image::ImageRef;
use crate::message::registry as message;
use crate::pull::{Outside, Refusal};
use crate::world::{Damage, Image, Manifest, RegistryKind, Repository};

/// The digests of the parts of an image, as one platform gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// What the tag names: a manifest, or an index.
    pub top: String,
    /// The platform's manifest, where the tag names an index; `None` in it if there is none for the platform.
    pub platform: Option<Option<String>>,
    /// What a container is started with.
    pub config: String,
    /// The files.
    pub layer: String,
}

impl Parts {
    /// All that a node has after the pull.
    pub fn all(self) -> Vec<String> {
        let mut all = vec![self.top];
        all.extend(self.platform.flatten());
        all.extend([self.config, self.layer]);
        all
    }
}

/// The digests of an image's parts, if its registry has it.
pub fn parts_of(outside: &Outside<'_>, image: &ImageRef, platform: &str) -> Option<Parts> {
    let server = Server::of(outside, image.host())?;
    let repository = server.repository(image.path())?;
    let (tag, found) = match (image.digest(), image.tag()) {
        (Some(digest), _) => server.holder(repository, image.path(), |part| part == digest)?,
        (None, tag) => repository.tags.get_key_value(tag?)?,
    };
    Some(server.parts(image.path(), tag, found, platform))
}

impl<'a> Server<'a> {
    /// What there is, once the request is let through.
    pub(super) fn find(&self, request: &Request<'_, 'a>) -> Answer<'a> {
        let Some(repository) = self.repository(request.repository) else {
            return Answer::Refused(self.no_repository(request.target));
        };
        let found = match request.target {
            Target::Manifest(reference) if !reference.contains(':') => {
                repository.tags.get_key_value(reference)
            }
            Target::Manifest(digest) | Target::Blob(digest) => {
                self.holder(repository, request.repository, |part| part == digest)
            }
        };
        let there = |(_, image): &(&String, &Image)| {
            image.pushed.is_none_or(|pushed| pushed <= request.now)
        };
        let whole = |(tag, image): &(&String, &Image)| {
            let layer = || self.layer_digest(request.repository, tag, image);
            image.damage != Damage::Missing
                || !matches!(request.target, Target::Blob(digest) if digest == layer())
        };
        match found.filter(there).filter(whole) {
            None => Answer::Refused(self.no_content(request.target)),
            Some(_) if matches!(request.target, Target::Blob(_)) && self.blob_host().is_some() => {
                Answer::Elsewhere(self.blob_host().unwrap_or_default())
            }
            Some((tag, image)) => Answer::Found(Found { tag, image }),
        }
    }

    pub(super) fn no_repository(&self, target: Target<'_>) -> Refused<'a> {
        let body = match self.registry.kind {
            RegistryKind::Ecr => Body::EcrNoRepository,
            RegistryKind::Acr => Body::Error("NAME_UNKNOWN", message::NAME_UNKNOWN),
            RegistryKind::EcrPublic
            | RegistryKind::Open
            | RegistryKind::Basic
            | RegistryKind::Token
            | RegistryKind::DockerHub
            | RegistryKind::Ghcr
            | RegistryKind::ArtifactRegistry
            | RegistryKind::Quay
            | RegistryKind::Harbor
            | RegistryKind::GitLab => return self.no_content(target),
        };
        Refused::new(404, Refusal::NotFound, body)
    }

    pub(super) fn no_content(&self, target: Target<'_>) -> Refused<'a> {
        let body = match (self.registry.kind, target) {
            (RegistryKind::Ecr, _) => Body::Error("MANIFEST_UNKNOWN", message::ECR_NO_IMAGE),
            (_, Target::Blob(_)) => Body::Error("BLOB_UNKNOWN", message::BLOB_UNKNOWN),
            (RegistryKind::Acr, Target::Manifest(_)) => Body::AcrNoTag,
            (_, Target::Manifest(_)) => Body::Error("MANIFEST_UNKNOWN", message::MANIFEST_UNKNOWN),
        };
        Refused::new(404, Refusal::NotFound, body)
    }

    /// The tag whose image has a part with a digest that `is` the wanted one.
    pub(super) fn holder(
        &self,
        repository: &'a Repository,
        name: &str,
        is: impl Fn(&str) -> bool,
    ) -> Option<(&'a String, &'a Image)> {
        repository.tags.iter().find(|(tag, image)| {
            let platforms: &[String] = match &image.manifest {
                Manifest::Single => &[],
                Manifest::Index(platforms) => platforms,
            };
            let manifest = |platform: &String| is(&self.platform_digest(name, tag, platform));
            is(&self.top_digest(name, tag, image))
                || platforms.iter().any(manifest)
                || is(&self.made_up("config", name, tag))
                || is(&self.layer_digest(name, tag, image))
        })
    }

    /// The digests of an image's parts.
    pub fn parts(&self, name: &str, tag: &str, image: &Image, platform: &str) -> Parts {
        let of_platform = match &image.manifest {
            Manifest::Single => None,
            Manifest::Index(platforms) => {
                let has = platforms.iter().any(|known| known == platform);
                Some(has.then(|| self.platform_digest(name, tag, platform)))
            }
        };
        Parts {
            top: self.top_digest(name, tag, image),
            platform: of_platform,
            config: self.made_up("config", name, tag),
            layer: self.layer_digest(name, tag, image),
        }
    }

    pub(super) fn top_digest(&self, name: &str, tag: &str, image: &Image) -> String {
        image.digest.clone().unwrap_or_else(|| self.made_up("manifest", name, tag))
    }

    fn platform_digest(&self, name: &str, tag: &str, platform: &str) -> String {
        self.made_up(platform, name, tag)
    }

    fn layer_digest(&self, name: &str, tag: &str, image: &Image) -> String {
        match &image.layer {
            Some(shared) => digest(self.seed, "layer", &[shared]),
            None => self.made_up("layer", name, tag),
        }
    }

    fn made_up(&self, part: &str, name: &str, tag: &str) -> String {
        // What a cache has is what the other registry has.
        let (host, name) = self.origin(name);
        digest(self.seed, part, &[host, "/", name, ":", tag])
    }
}

/// A digest: that of a seeded text, since images have no content here.
fn digest(seed: u64, part: &str, of: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(part.as_bytes());
    hash.update([0]);
    for piece in of {
        hash.update(piece.as_bytes());
    }
    let hash = hash.finalize();
    let hex = |byte: u8| char::from(b"0123456789abcdef"[usize::from(byte)]);
    let digits = hash.iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]);
    "sha256:".chars().chain(digits).collect()
}

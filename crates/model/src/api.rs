//! The API server's front door: one request in, one response out.
//!
//! Every client goes through [`Cluster::request`](crate::cluster::Cluster::request): kubectl, a page that shows an
//! object, a test. A [`Request`] is what HTTP would carry, a [`Response`] likewise:
//!
//! ```
//! use std::sync::Arc;
//! use pullpath_model::api::{Method, PatchType, Request};
//! use pullpath_model::cluster::Cluster;
//! use pullpath_model::world::World;
//!
//! let mut cluster = Cluster::new(&Arc::new(World::default()));
//! let account = r#"{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web"}}"#;
//! let created = cluster.request(&Request {
//!     method: Method::Post,
//!     path: "/api/v1/namespaces/default/serviceaccounts".into(),
//!     query: "fieldValidation=Strict".into(),
//!     body: account.into(),
//! });
//! assert_eq!((created.code, &created.body["metadata"]["name"]), (201, &"web".into()));
//!
//! let patched = cluster.request(&Request {
//!     method: Method::Patch(PatchType::Strategic),
//!     path: "/api/v1/namespaces/default/serviceaccounts/web".into(),
//!     query: String::new(),
//!     body: r#"{"imagePullSecrets": [{"name": "ecr"}]}"#.into(),
//! });
//! assert_eq!(patched.body["imagePullSecrets"][0]["name"], "ecr");
//!
//! let missing = cluster.request(&Request::get("/api/v1/namespaces/default/pods/nope"));
//! assert_eq!(missing.code, 404);
//! assert_eq!(missing.body["message"], "pods \"nope\" not found");
//! ```
//!
//! - A path names a collection, an object or a subresource, with or without a namespace, as in the real API.
//! - The body of a response is the object, a List of its kind, or a `v1 Status`: of a refusal always, of a deletion as
//!   the real server answers. `Response::error` gives the refusal.
//! - Warnings are the texts of `Warning:` headers, in order.
//! - A refused request has changed nothing, and so has one with `dryRun=All`.

mod body;
mod change;
mod client;
mod delete;
mod error;
pub mod patch;
mod query;
mod read;
mod route;
pub mod strategic;
mod subresource;
mod write;

use serde_json::Value;

pub use client::{Applied, AppliedVerb};
pub use error::{ApiError, Cause};
pub(crate) use query::Propagation;
pub use query::Query;
pub use read::selects_labels;
pub use route::Target;

/// A request to the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is to be done.
    pub method: Method,
    /// `/api/v1/namespaces/payments/pods/web`, `/apis/apps/v1/deployments`, …
    pub path: String,
    /// `dryRun=All&fieldValidation=Strict`, percent-encoded as in a URL.
    pub query: String,
    /// JSON text; empty for GET.
    pub body: String,
}

impl Request {
    /// A plain GET; a query may follow a question mark.
    pub fn get(path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method: Method::Get,
            path: path.to_owned(),
            query: query.to_owned(),
            body: String::new(),
        }
    }
}

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads an object or a collection.
    Get,
    /// Creates an object in a collection.
    Post,
    /// Replaces an object.
    Put,
    /// Changes an object.
    Patch(PatchType),
    /// Deletes an object or a collection.
    Delete,
}

impl Method {
    /// The API server's word for it, where it names it.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "create",
            Self::Put => "update",
            Self::Patch(_) => "patch",
            Self::Delete => "delete",
        }
    }
}

/// The format of a patch, its media type in real life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchType {
    /// `application/json-patch+json`: a list of operations.
    Json,
    /// `application/merge-patch+json`: lists are replaced.
    Merge,
    /// `application/strategic-merge-patch+json`: lists merge as their types say.
    Strategic,
    /// `application/apply-patch+yaml`: server-side apply.
    Apply,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub code: u16,
    /// An object, a List or a `v1 Status`.
    pub body: Value,
    /// The texts of `Warning:` headers.
    pub warnings: Vec<String>,
}

impl Response {
    /// The refusal, if it is one.
    pub fn error(&self) -> Option<ApiError> {
        (self.code >= 400).then(|| ApiError::from_status(self.code, &self.body))
    }
}

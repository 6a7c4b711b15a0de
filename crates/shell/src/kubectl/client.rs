//! What kubectl has around it.

use pullpath_model::api::{Request, Response};
use pullpath_model::time::SimTime;
use serde_json::Value;

use super::Speaks;
use super::resource::Resource;

/// How kubectl is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Which version it is.
    pub speaks: Speaks,
    /// Whether a server is configured.
    pub connected: bool,
    /// The name of the current context.
    pub context: Option<String>,
    /// The namespace that the context sets.
    pub namespace: Option<String>,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            speaks: Speaks::default(),
            connected: true,
            context: Some("pullpath".to_owned()),
            namespace: None,
        }
    }
}

impl Client {
    /// One that no server is configured for.
    pub fn offline(speaks: Speaks) -> Self {
        Self { speaks, connected: false, context: None, namespace: None }
    }
}

/// What a command needs of the terminal it runs in.
pub(crate) trait Terminal {
    fn request(&mut self, request: &Request) -> Response;
    fn now(&self) -> SimTime;
    fn unix_millis(&self) -> i64;
    fn step(&mut self, end: SimTime) -> bool;
    fn told(&mut self) -> Vec<(&'static str, Value)>;
    fn has_type(&self, api_version: &str, kind: &str) -> bool;
    fn serves(&self, resource: &Resource) -> bool {
        self.has_type(&resource.api_version(), resource.kind)
    }
    /// When somebody interrupts.
    fn until(&self) -> Option<SimTime>;
    fn client(&self) -> &Client;
    fn client_mut(&mut self) -> &mut Client;
    fn read_file(&self, path: &str) -> Result<String, String>;
    fn write_file(&mut self, path: &str, text: &str) -> Result<(), String>;
    fn remove_file(&mut self, path: &str);
    fn is_folder(&self, path: &str) -> bool;
    fn list_files(&self, path: &str) -> Vec<String>;
    fn variable(&self, name: &str) -> Option<String>;
    /// Runs an editor on a file. `None` if there is no such program; its status otherwise.
    fn edit(&mut self, editor: &str, path: &str) -> Option<i32>;
}

//! How kubectl reads files: documents out of a stream, and YAML as `sigs.k8s.io/yaml` has it (kubectl.md, section 6).

mod scalar;
mod stream;
mod yaml;

pub(crate) use stream::documents;
pub(crate) use yaml::document;

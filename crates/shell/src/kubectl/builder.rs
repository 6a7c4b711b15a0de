//! The objects that a command line names, by files, types, names and selectors (CR pkg/resource/builder.go).

use pullpath_model::api::Method;
use serde_json::Value;

use super::Run;
use super::failure::Failure;
use super::resource::{Resource, as_item, percent};

/// An object that a command is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Info {
    /// Its type; none for one from a file that no server was asked about.
    pub(crate) resource: Option<&'static Resource>,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// What is known of it; null where nobody asked.
    pub(crate) object: Value,
    /// What errors call the file that it came from.
    pub(crate) source: Option<String>,
}

/// Where the objects of a command come from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// A type alone stands for all objects of it.
    pub(crate) whole_types: bool,
    /// The server is not asked about anything: files alone.
    pub(crate) local: bool,
    /// Objects named in files are read from the server.
    pub(crate) latest: bool,
    /// Objects named by type and name need not be read.
    pub(crate) names_only: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) infos: Vec<Info>,
    /// What was not, told after the others.
    pub(crate) failures: Vec<Failure>,
    /// Whether the command line means one object.
    pub(crate) single: bool,
}

/// What kubectl says where neither a type nor a file is given.
pub(crate) const NO_RESOURCE: &str = "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

const LOCAL_ONLY: &str = "error: you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'";

impl Info {
    pub(crate) fn path(&self) -> String {
        self.resource.map_or(String::new(), |resource| resource.path(&self.namespace, &self.name))
    }

    /// The type, for what only a server can do.
    pub(crate) fn resource(&self) -> &'static Resource {
        self.resource.expect("only local commands take objects of unknown types")
    }
}

/// A type by name and what is wanted of it.
enum Term {
    One(&'static Resource, String),
    All(&'static Resource),
}

impl Run<'_> {
    /// The type that a word means, if the server has it.
    pub(crate) fn resource(&self, word: &str) -> Result<&'static Resource, Failure> {
        let found = Resource::named(word).filter(|found| self.host.serves(found));
        found.ok_or_else(|| {
            Failure::error(&format!("the server doesn't have a resource type \"{word}\""))
        })
    }

    fn terms(&self, words: &[String], whole_types: bool) -> Result<Vec<Term>, Failure> {
        let slashes = words.iter().filter(|word| word.contains('/')).count();
        let mut terms = Vec::new();
        if slashes > 0 {
            if slashes < words.len() {
                return Err(Failure::error(
                    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
                ));
            }
            for word in words {
                let (kind, name) = word.split_once('/').unwrap_or((word, ""));
                if name.contains('/') {
                    return Err(Failure::error(
                        "arguments in resource/name form may not have more than one slash",
                    ));
                }
                if kind.is_empty() || name.is_empty() || kind.contains(',') {
                    return Err(Failure::error(
                        "arguments in resource/name form must have a single resource and name",
                    ));
                }
                terms.push(Term::One(self.resource(kind)?, name.to_owned()));
            }
            return Ok(terms);
        }
        let Some((kinds, names)) = words.split_first() else { return Ok(terms) };
        let by_choice =
            ["selector", "field-selector"].iter().any(|flag| self.flags.text(flag).is_some())
                || self.flags.is_set("all");
        let mut resources = Vec::new();
        for kind in kinds.split(',') {
            if kind == "all" {
                let all = ["po", "svc", "ds", "deploy", "rs", "sts", "hpa", "cj", "job"];
                resources.extend(all.iter().filter_map(|kind| self.resource(kind).ok()));
            } else {
                resources.push(self.resource(kind)?);
            }
        }
        if !names.is_empty() && by_choice {
            let what = "name cannot be provided when a selector is specified";
            return Err(Failure::error(what));
        }
        if names.is_empty() && !by_choice && !whole_types {
            return Err(Failure::error("resource(s) were provided, but no name was specified"));
        }
        for resource in resources {
            if names.is_empty() {
                terms.push(Term::All(resource));
            }
            terms.extend(names.iter().map(|name| Term::One(resource, name.clone())));
        }
        Ok(terms)
    }

    /// The objects that a command is about.
    pub(crate) fn find(&mut self, words: &[String], wanted: Wanted) -> Result<Found, Failure> {
        if !self.flags.values("filename").is_empty() {
            if !words.is_empty() {
                return Err(Failure::error(
                    "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
                ));
            }
            return self.find_in_files(wanted);
        }
        if wanted.local {
            return Err(Failure::plain(LOCAL_ONLY.to_owned()));
        }
        if words.is_empty() {
            return Err(Failure::error(NO_RESOURCE));
        }
        self.connect()?;
        let terms = self.terms(words, wanted.whole_types)?;
        let mut found =
            Found { single: matches!(terms.as_slice(), [Term::One(..)]), ..Found::default() };
        let everywhere = self.flags.is_set("all-namespaces");
        for term in terms {
            match term {
                Term::All(resource) => {
                    let inside = if resource.namespaced && !everywhere {
                        self.namespace()
                    } else {
                        String::new()
                    };
                    match self.list(resource, &inside) {
                        Ok(items) => found.infos.extend(items),
                        Err(failure) => found.failures.push(failure),
                    }
                }
                Term::One(..) if everywhere => {
                    return Err(Failure::error(
                        "a resource cannot be retrieved by name across all namespaces",
                    ));
                }
                Term::One(resource, name) => {
                    let namespace =
                        if resource.namespaced { self.namespace() } else { String::new() };
                    let object = if wanted.names_only {
                        Value::Null
                    } else {
                        match self.fetch(resource, &namespace, &name) {
                            Ok(object) => object,
                            Err(failure) => {
                                found.failures.push(failure);
                                continue;
                            }
                        }
                    };
                    let resource = Some(resource);
                    found.infos.push(Info { resource, namespace, name, object, source: None });
                }
            }
        }
        Ok(found)
    }

    fn find_in_files(&mut self, wanted: Wanted) -> Result<Found, Failure> {
        let (infos, read) = self.documents(wanted.local);
        let mut found = Found { single: infos.len() == 1, ..Found::default() };
        for mut info in infos {
            if wanted.latest && !wanted.local {
                match self.fetch(info.resource(), &info.namespace, &info.name) {
                    Ok(object) => info.object = object,
                    Err(failure) => {
                        found.failures.push(failure);
                        continue;
                    }
                }
            }
            found.infos.push(info);
        }
        found.failures.extend(read.err());
        Ok(found)
    }

    /// All objects of a type that the selectors choose.
    pub(crate) fn list(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
    ) -> Result<Vec<Info>, Failure> {
        let mut query = Vec::new();
        for (flag, parameter) in
            [("selector", "labelSelector"), ("field-selector", "fieldSelector")]
        {
            if let Some(value) = self.flags.text(flag) {
                query.push(format!("{parameter}={}", percent(value)));
            }
        }
        let path = resource.path(namespace, "");
        let list = self.ask(Method::Get, path, &query.join("&"), None)?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let info = |item: Value| {
            let object = as_item(resource, item);
            let (namespace, name) = super::change::place(&object);
            Info { resource: Some(resource), namespace, name, object, source: None }
        };
        Ok(items.into_iter().map(info).collect())
    }

    /// Reads an object. A missing object in a missing namespace is reported as the namespace (Info.Get).
    pub(crate) fn fetch(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Value, Failure> {
        if name.is_empty() {
            return Err(Failure::error("resource name may not be empty"));
        }
        let fetched = self.ask(Method::Get, resource.path(namespace, name), "", None);
        let Err(failure) = fetched else { return fetched };
        let elsewhere = resource.namespaced && !matches!(namespace, "" | "default");
        if failure.is_not_found() && elsewhere {
            let path = format!("/api/v1/namespaces/{namespace}");
            if let Err(missing) = self.ask(Method::Get, path, "", None)
                && missing.is_not_found()
            {
                return Err(missing);
            }
        }
        Err(failure)
    }
}

//! Objects of documents into the inventory.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_lesson::intake::Cursor;
use pullpath_model::go::base64::{self, Padding};

use super::{
    Account, Container, Data, EventText, Generator, Inventory, Key, Maker, Misplaced, NodeFacts,
    PodLike, SecretObject, State, Written,
};
use crate::moment::Moment;
use crate::source::{Spot, argument};

/// Reads the objects of one document.
pub(crate) struct Reader<'i> {
    pub(crate) file: usize,
    /// For objects that name no namespace.
    pub(crate) namespace: &'i str,
    pub(crate) into: &'i mut Inventory,
}

/// Kinds of the API with which a list can be complete.
const LISTED: [&str; 3] = ["Secret", "ServiceAccount", "ExternalSecret"];

/// A list in a list in a list is nobody's dump.
const MOST_LISTS: u32 = 4;

impl Reader<'_> {
    /// Reads one document.
    pub(crate) fn document(&mut self, root: Cursor<'_>) {
        self.object(root, None, 0);
    }

    fn object(&mut self, object: Cursor<'_>, list_kind: Option<&str>, depth: u32) {
        let kind = object.get("kind").and_then(Cursor::text).or(list_kind).unwrap_or_default();
        if depth < MOST_LISTS
            && let Some(items) = object.get("items")
            && (kind.ends_with("List") || kind.is_empty())
        {
            let item_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
            for item in items.items() {
                self.object(item, item_kind, depth + 1);
            }
            self.complete(object, items, item_kind);
            return;
        }
        // `kubectl get -o json | jq '.items'` leaves a list.
        if kind.is_empty() && depth < MOST_LISTS {
            for item in object.items() {
                self.object(item, None, depth + 1);
            }
        }
        if !object.is_map() || kind.is_empty() {
            return;
        }
        self.into.objects += 1;
        match kind {
            "Secret" => self.secret(object),
            "ServiceAccount" => self.account(object),
            "Event" => self.event(object),
            "Node" => self.node(object),
            "ExternalSecret" | "ClusterExternalSecret" | "SealedSecret" => {
                self.maker(object, kind);
            }
            "ECRAuthorizationToken" => self.generator(object),
            "Pod" => self.pod(object, kind, object.get("spec")),
            "CronJob" => {
                let template = object.at(&["spec", "jobTemplate", "spec", "template"]);
                self.template(object, kind, template);
            }
            "PodTemplate" => self.template(object, kind, object.get("template")),
            // Also kinds of other people's making, as long as there is a Pod template in them.
            _ => self.template(object, kind, object.at(&["spec", "template"])),
        }
    }

    /// A list that `kubectl get` printed holds every object of its kinds in its namespace; one with several namespaces
    /// comes from `-A`, because nothing else prints that.
    fn complete(&mut self, list: Cursor<'_>, items: Cursor<'_>, item_kind: Option<&str>) {
        let unfinished = list.at(&["metadata", "continue"]).and_then(Cursor::text);
        if unfinished.is_some_and(|token| !token.is_empty()) {
            return;
        }
        let mut found: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for item in items.items() {
            let kind = item.get("kind").and_then(Cursor::text).or(item_kind).unwrap_or_default();
            let stored = item.at(&["metadata", "uid"]).is_some();
            let Some(known) = LISTED.into_iter().find(|known| *known == kind) else { continue };
            if stored && let Some(namespace) = name_at(item, "namespace") {
                found.entry(known).or_default().insert(namespace);
            }
        }
        for (kind, namespaces) in found {
            let complete = self.into.complete.entry(kind).or_default();
            complete.files.insert(self.file);
            complete.everywhere |= namespaces.len() > 1;
            complete.namespaces.extend(namespaces);
        }
    }

    fn spot(&self, value: Cursor<'_>) -> Spot {
        Spot::value(self.file, value.span(), value.key_span())
    }

    /// The place of an object: its name.
    fn name_spot(&self, object: Cursor<'_>) -> Spot {
        let name = object.at(&["metadata", "name"]).or(object.get("kind")).unwrap_or(object);
        self.spot(name)
    }

    fn key(&mut self, object: Cursor<'_>) -> Key {
        let name = name_at(object, "name").or_else(|| name_at(object, "generateName"));
        let namespace = name_at(object, "namespace").unwrap_or_else(|| {
            self.into.defaulted_namespace = true;
            self.namespace.to_owned()
        });
        (namespace, name.unwrap_or_default())
    }

    fn template(&mut self, object: Cursor<'_>, kind: &str, template: Option<Cursor<'_>>) {
        let Some(spec) = template.and_then(|template| template.get("spec")) else { return };
        if spec.get("containers").is_none() && spec.get("initContainers").is_none() {
            return;
        }
        for (around, name) in [(object.get("spec"), "spec"), (template, "template")] {
            for field in ["imagePullSecrets", "serviceAccountName"] {
                let Some(found) = around.and_then(|around| around.get(field)) else { continue };
                self.into.misplaced.push(Misplaced {
                    spot: self.spot(found),
                    message: format!("`{field}` stands in the {kind}'s `{name}`, where no Pod sees it"),
                    hint: format!("move it into the Pod's own spec, beside `containers`: `spec.template.spec.{field}`"),
                });
            }
        }
        // A ReplicaSet that is scaled to nothing is only there to be rolled back to.
        let replicas = object.at(&["spec", "replicas"]).and_then(Cursor::scalar);
        if kind == "ReplicaSet" && replicas.and_then(serde_json::Value::as_u64) == Some(0) {
            return;
        }
        self.pod(object, kind, Some(spec));
    }

    fn pod(&mut self, object: Cursor<'_>, kind: &str, spec: Option<Cursor<'_>>) {
        let Some(spec) = spec else { return };
        let phase = object.at(&["status", "phase"]).and_then(Cursor::text);
        if kind == "Pod" && matches!(phase, Some("Succeeded" | "Failed")) {
            return;
        }
        let (namespace, name) = self.key(object);
        self.into.present.insert((kind.to_owned(), namespace.clone(), name.clone()));
        self.misspelt(spec);
        let text = |path: &str| spec.get(path).and_then(|value| Some((value.text()?, value)));
        let account = text("serviceAccountName")
            .or_else(|| text("serviceAccount"))
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, value)| (name.to_owned(), self.spot(value)));
        let stored = kind == "Pod" && object.at(&["metadata", "uid"]).is_some();
        let annotations = object.at(&["metadata", "annotations"]);
        let pod = PodLike {
            kind: kind.to_owned(),
            stored,
            described: false,
            created: moment_at(object, "creationTimestamp").filter(|_| stored),
            node: text("nodeName").map(|(name, _)| name.to_owned()),
            is_mirror: annotations
                .is_some_and(|all| all.get("kubernetes.io/config.mirror").is_some()),
            account,
            list: self.references(spec.get("imagePullSecrets")),
            spot: spec.get("containers").map_or_else(
                || self.spot(spec),
                |list| {
                    let key = list.key_span().unwrap_or_else(|| list.span());
                    Spot::value(self.file, key, None)
                },
            ),
            containers: self.containers(spec, object.get("status")),
            owner: owner(object),
            namespace,
            name,
        };
        self.into.pods.push(pod);
    }

    /// Names that are nearly those that count.
    fn misspelt(&mut self, spec: Cursor<'_>) {
        for (key, value) in spec.entries() {
            let near = |known: &str| {
                key != known
                    && (key.eq_ignore_ascii_case(known) || strsim::osa_distance(key, known) <= 2)
            };
            if matches!(key, "serviceAccount" | "imagePullSecrets" | "serviceAccountName")
                || key.len() > 40
            {
                continue;
            }
            for known in ["imagePullSecrets", "serviceAccountName"] {
                if near(known) {
                    let span = value.key_span().unwrap_or_else(|| value.span());
                    self.into.misplaced.push(Misplaced {
                        spot: Spot::value(self.file, span, None),
                        message: format!("`{key}` is no field of a Pod's spec"),
                        hint: format!("did you mean `{known}`?"),
                    });
                }
            }
        }
        for container in spec.get("containers").into_iter().flat_map(Cursor::items) {
            if let Some(found) = container.get("imagePullSecrets") {
                self.into.misplaced.push(Misplaced {
                    spot: self.spot(found),
                    message: "`imagePullSecrets` stands in a container, which has no such field"
                        .into(),
                    hint: "move it one level up, beside `containers`".into(),
                });
            }
        }
    }

    /// A list of `{ name: … }`.
    fn references(&mut self, list: Option<Cursor<'_>>) -> Vec<(Option<String>, Spot)> {
        let mut references = Vec::new();
        for item in list.into_iter().flat_map(Cursor::items) {
            if let Some(text) = item.text() {
                self.into.misplaced.push(Misplaced {
                    spot: self.spot(item),
                    message: format!(
                        "`{}` is a text where a reference is wanted",
                        crate::source::short(text)
                    ),
                    hint: format!("write `- name: {}`", crate::source::short(text)),
                });
                references.push((Some(text.to_owned()), self.spot(item)));
                continue;
            }
            let name = item.get("name");
            let spot = self.spot(name.unwrap_or(item));
            let name = name.and_then(Cursor::text).filter(|name| !name.is_empty());
            references.push((name.map(str::to_owned), spot));
        }
        references
    }

    fn containers(&self, spec: Cursor<'_>, status: Option<Cursor<'_>>) -> Vec<Container> {
        let mut containers = Vec::new();
        for (field, states, kind) in [
            ("initContainers", "initContainerStatuses", "init container"),
            ("containers", "containerStatuses", "container"),
            ("ephemeralContainers", "ephemeralContainerStatuses", "ephemeral container"),
        ] {
            let states = status.and_then(|status| status.get(states));
            for container in spec.get(field).into_iter().flat_map(Cursor::items) {
                let text = |name: &str| {
                    let value = container.get(name)?;
                    Some((value.text()?.to_owned(), self.spot(value)))
                };
                let name = text("name").map_or_else(String::new, |(name, _)| name);
                let state = states
                    .into_iter()
                    .flat_map(Cursor::items)
                    .find(|state| state.get("name").and_then(Cursor::text) == Some(&name));
                containers.push(Container {
                    kind,
                    image: container.get("image").and_then(|value| self.image(value)),
                    policy: text("imagePullPolicy").filter(|(policy, _)| !policy.is_empty()),
                    spot: self.spot(container.get("name").unwrap_or(container)),
                    state: state.map_or(State::Unsaid, |state| self.state(state)),
                    name,
                });
            }
        }
        for volume in spec.get("volumes").into_iter().flat_map(Cursor::items) {
            let Some(image) = volume.get("image") else { continue };
            let text = |name: &str| {
                let value = image.get(name)?;
                Some((value.text()?.to_owned(), self.spot(value)))
            };
            containers.push(Container {
                name: volume.get("name").and_then(Cursor::text).unwrap_or_default().to_owned(),
                kind: "image volume",
                image: image.get("reference").and_then(|value| self.image(value)),
                policy: text("pullPolicy"),
                spot: self.spot(image),
                state: State::Unsaid,
            });
        }
        containers
    }

    /// Where a type stands; what is none, because something else got into its place, is not shown.
    fn type_spot(&self, value: Cursor<'_>) -> Spot {
        match value.text() {
            Some(text) if argument(text, "") == text => self.spot(value),
            Some(_) | None => Spot::hidden(self.file, value.span(), value.key_span()),
        }
    }

    /// An image's name. Somebody may have written a login into it, as into a URL; that is no image name, and not shown.
    fn image(&self, value: Cursor<'_>) -> Option<(String, Spot)> {
        let text = value.text()?;
        match text.split_once('@') {
            Some((login, rest))
                if login.contains(':') && !rest.starts_with("sha") && rest.contains('/') =>
            {
                let spot = Spot::hidden(self.file, value.span(), value.key_span());
                Some((format!("[hidden]@{rest}"), spot))
            }
            Some(_) | None => Some((text.to_owned(), self.spot(value))),
        }
    }

    fn state(&self, status: Cursor<'_>) -> State {
        let ran = |field: &str| {
            let state = status.get(field);
            state.is_some_and(|state| {
                state.get("running").is_some() || state.get("terminated").is_some()
            })
        };
        if let Some(waiting) = status.at(&["state", "waiting"]) {
            let text = |name: &str| waiting.get(name).and_then(Cursor::text);
            let message = waiting
                .get("message")
                .and_then(|value| Some((value.text()?.to_owned(), self.spot(value))));
            let reason = text("reason").unwrap_or_default().to_owned();
            return State::Waiting { reason, message };
        }
        if ran("state") || ran("lastState") { State::Started } else { State::Unsaid }
    }

    fn secret(&mut self, object: Cursor<'_>) {
        let (namespace, name) = self.key(object);
        let declared = object.get("type");
        let mut data = BTreeMap::new();
        for (field, encoded) in [("data", true), ("stringData", false)] {
            for (key, value) in object.get(field).into_iter().flat_map(Cursor::entries) {
                // Nothing at all is an empty value to Go.
                let null = value.scalar().is_some_and(serde_json::Value::is_null);
                let Some(text) = value.text().or(null.then_some("")) else { continue };
                let bytes = if encoded {
                    base64::decode(text.as_bytes(), Padding::Required).map_err(|e| e.to_string())
                } else {
                    Ok(text.as_bytes().to_vec())
                };
                let spot = Spot::hidden(self.file, value.span(), value.key_span());
                let plain = encoded && text.trim_start().starts_with('{');
                let value = Data { bytes, spot, redacted: is_redacted(text), plain };
                data.insert(key.to_owned(), value);
            }
        }
        let data_spot = object.get("data").or(object.get("stringData"));
        let key_spot = |value: Cursor<'_>| {
            Spot::value(self.file, value.key_span().unwrap_or_else(|| value.span()), None)
        };
        let secret = SecretObject {
            spot: self.name_spot(object),
            secret_type: declared
                .and_then(Cursor::text)
                .filter(|t| !t.is_empty())
                .unwrap_or("Opaque")
                .to_owned(),
            type_spot: declared.map(|value| self.type_spot(value)),
            data,
            data_spot: data_spot.map_or_else(|| self.name_spot(object), key_spot),
            written: written(object),
            stored: object.at(&["metadata", "uid"]).is_some(),
            immutable: object.get("immutable").and_then(Cursor::scalar) == Some(&true.into()),
            name: name.clone(),
        };
        self.into.secrets.insert((namespace, name), secret);
    }

    fn account(&mut self, object: Cursor<'_>) {
        let key = self.key(object);
        let mountable = object.get("secrets").into_iter().flat_map(Cursor::items);
        let mountable = mountable
            .filter_map(|item| {
                let name = item.get("name")?;
                Some((name.text()?.to_owned(), self.spot(name)))
            })
            .collect();
        let account = Account {
            list: self.references(object.get("imagePullSecrets")),
            mountable,
            edited: written(object).filter(|written| written.surely_last).map(|written| written.at),
        };
        self.into.accounts.insert(key, account);
    }

    fn event(&mut self, object: Cursor<'_>) {
        let about = object.get("involvedObject").or(object.get("regarding"));
        let text = |name: &str| {
            let value = about?.get(name)?;
            value.text().map(str::to_owned)
        };
        let subject = (text("kind").as_deref() == Some("Pod"))
            .then(|| text("namespace").zip(text("name")))
            .flatten();
        let Some(message) = object.get("message").or(object.get("note")) else { return };
        let count = object.get("count").and_then(Cursor::scalar);
        self.into.events.push(EventText {
            subject,
            spot: self.spot(message),
            message: message.text().unwrap_or_default().to_owned(),
            count: count.and_then(serde_json::Value::as_u64).map_or(1, |count| count as u32),
        });
    }

    fn node(&mut self, object: Cursor<'_>) {
        let text = |path: &[&str]| object.at(path).and_then(Cursor::text).unwrap_or_default();
        self.into.nodes.push(NodeFacts {
            provider: text(&["spec", "providerID"]).to_owned(),
            runtime: text(&["status", "nodeInfo", "containerRuntimeVersion"]).to_owned(),
            kubelet: text(&["status", "nodeInfo", "kubeletVersion"]).to_owned(),
        });
    }

    fn maker(&mut self, object: Cursor<'_>, kind: &str) {
        let (namespace, name) = self.key(object);
        let spec = if kind == "ClusterExternalSecret" {
            object.at(&["spec", "externalSecretSpec"])
        } else {
            object.get("spec")
        };
        let text = |path: &[&str]| spec.and_then(|spec| spec.at(path)).and_then(Cursor::text);
        let (kind, secret) = match kind {
            "SealedSecret" => ("SealedSecret", text(&["template", "metadata", "name"])),
            "ExternalSecret" => ("ExternalSecret", text(&["target", "name"])),
            _ => {
                let made = object.at(&["spec", "externalSecretName"]).and_then(Cursor::text);
                ("ClusterExternalSecret", text(&["target", "name"]).or(made))
            }
        };
        let template = match kind {
            "SealedSecret" => spec.and_then(|spec| spec.get("template")),
            _ => spec.and_then(|spec| spec.at(&["target", "template"])),
        };
        let refresh = spec.and_then(|spec| spec.get("refreshInterval"));
        let generator = spec
            .and_then(|spec| spec.get("dataFrom"))
            .into_iter()
            .flat_map(Cursor::items)
            .find_map(|item| item.at(&["sourceRef", "generatorRef"]))
            .and_then(|generator| {
                let text = |name: &str| Some(generator.get(name)?.text()?.to_owned());
                Some((text("kind")?, text("name")?))
            });
        let api = object.get("apiVersion").unwrap_or(object);
        self.into.makers.push(Maker {
            kind,
            secret: secret.unwrap_or(&name).to_owned(),
            namespace: (kind != "ClusterExternalSecret").then_some(namespace),
            spot: self.name_spot(object),
            api_version: api.text().unwrap_or_default().to_owned(),
            api_spot: self.spot(api),
            stored: object.at(&["metadata", "uid"]).is_some(),
            secret_type: template
                .and_then(|template| template.get("type"))
                .and_then(Cursor::text)
                .map(str::to_owned),
            has_template_data: template.is_some_and(|template| {
                template.get("data").is_some() || template.get("templateFrom").is_some()
            }),
            refresh: refresh.and_then(|value| Some((value.text()?.to_owned(), self.spot(value)))),
            generator,
            name,
        });
    }

    fn generator(&mut self, object: Cursor<'_>) {
        let (namespace, name) = self.key(object);
        let Some(region) = object.at(&["spec", "region"]) else { return };
        self.into.generators.push(Generator {
            namespace,
            name,
            region: region.text().unwrap_or_default().to_owned(),
            spot: self.spot(region),
        });
    }
}

fn name_at(object: Cursor<'_>, field: &str) -> Option<String> {
    let value = object.at(&["metadata", field])?.text()?;
    (!value.is_empty()).then(|| value.to_owned())
}

fn moment_at(object: Cursor<'_>, field: &str) -> Option<Moment> {
    Moment::parse(object.at(&["metadata", field])?.text()?)
}

fn owner(object: Cursor<'_>) -> Option<(String, String)> {
    let owners = object.at(&["metadata", "ownerReferences"])?;
    let mut owners = owners.items();
    let owner = owners
        .find(|owner| owner.get("controller").and_then(Cursor::scalar) == Some(&true.into()))?;
    let text = |name: &str| Some(owner.get(name)?.text()?.to_owned());
    Some((text("kind")?, text("name")?))
}

/// `managedFields` say when each manager wrote last; a status is not content.
fn written(object: Cursor<'_>) -> Option<Written> {
    let managers = object.at(&["metadata", "managedFields"]).into_iter().flat_map(Cursor::items);
    let last = managers
        .filter(|manager| manager.get("subresource").is_none())
        .filter_map(|manager| Moment::parse(manager.get("time")?.text()?))
        .max();
    match last {
        Some(at) => Some(Written { at, surely_last: true }),
        None => Some(Written { at: moment_at(object, "creationTimestamp")?, surely_last: false }),
    }
}

/// People blank out Secrets before they paste them. Only what nobody can take for base64 of a docker config counts.
fn is_redacted(text: &str) -> bool {
    if text.trim().is_empty() {
        return false;
    }
    let text =
        text.trim().trim_matches(['<', '>', '[', ']', '*', 'x', 'X', '.', '…', '-', '_', '+']);
    let word = text.to_ascii_lowercase();
    text.is_empty()
        || ["redacted", "hidden", "removed", "secret", "omitted", "snip", "masked", "sensitive"]
            .iter()
            .any(|known| word.len() < 40 && word.contains(known))
}

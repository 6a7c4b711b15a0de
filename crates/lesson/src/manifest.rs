//! Manifests: what a learner's file says about API objects, held against the fields that the API knows.
//!
//! `kubectl apply` of a current version asks the API server for strict validation, so a field that no type has is an
//! error there as well as here; here it has a place.

use base64::Engine;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use pullpath_model::object::Kind;
use pullpath_model::schema::{self, Found, Misfit, Schema, Wanted};
use serde_json::Value;

use crate::diagnostic::{Checked, Diagnostic, did_you_mean, nearest, one_of};
use crate::intake::{self, Document, Places, Profile, pointer};
use crate::source::Span;

/// One object of a file, checked for its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The file it stands in.
    pub file: String,
    /// Which document of the file, counted from 0.
    pub index: usize,
    /// The object as JSON, as `kubectl apply` sends it; placeholders are still in it.
    pub value: Value,
    /// Where each of its fields stands.
    pub places: Places,
    /// As `apiVersion:` says.
    pub api_version: String,
    /// As `kind:` says.
    pub kind: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.namespace`; `default` where a namespaced object names none, empty for kinds without one.
    pub namespace: String,
}

impl Manifest {
    /// Where the field at a JSON pointer stands; the nearest one around it when it does not exist.
    pub fn place(&self, pointer: &str) -> Span {
        self.places.value(pointer)
    }
}

/// The kinds that files may hold, with their `apiVersion`.
const KINDS: [(&str, &str); 13] = [
    ("Namespace", "v1"),
    ("Secret", "v1"),
    ("ServiceAccount", "v1"),
    ("Pod", "v1"),
    ("Deployment", "apps/v1"),
    ("ReplicaSet", "apps/v1"),
    ("StatefulSet", "apps/v1"),
    ("DaemonSet", "apps/v1"),
    ("Job", "batch/v1"),
    ("CronJob", "batch/v1"),
    ("Role", "iam.services.k8s.aws/v1alpha1"),
    ("ConfigMap", "v1"),
    ("Repository", "ecr.services.k8s.aws/v1alpha1"),
];

/// Reads a file of manifests. Objects with problems are in the value too, as far as they have a kind and a name, so that
/// what refers to them is not reported as well.
pub fn read(file: &str, text: &str) -> Checked<Vec<Manifest>> {
    let Checked { value, mut diagnostics } = intake::read(file, text, Profile::Manifest);
    let Some(documents) = value else { return Checked { value: None, diagnostics } };
    let mut manifests = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        let mut reader = Reader { file, text, places: &document.places, found: Vec::new() };
        let head = reader.object(&document.value);
        diagnostics.append(&mut reader.found);
        manifests.extend(head.map(|head| head.with(file, index, document)));
    }
    pullpath_model::ordered::sort_by_key(&mut diagnostics, |diagnostic| diagnostic.span.start);
    intake::truncate(&mut diagnostics);
    Checked { value: Some(manifests), diagnostics }
}

/// What identifies an object.
struct Head {
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
}

impl Head {
    fn with(self, file: &str, index: usize, document: Document) -> Manifest {
        let Self { api_version, kind, name, namespace } = self;
        let (file, Document { value, places }) = (file.to_owned(), document);
        Manifest { file, index, value, places, api_version, kind, name, namespace }
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    places: &'a Places,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, code: &'static str, span: Span, message: String, hint: impl Into<String>) {
        self.found.push(Diagnostic::error(code, self.file, span, message).hint(hint));
    }

    fn object(&mut self, value: &Value) -> Option<Head> {
        if !value.is_object() {
            let hint = "begin with `apiVersion:`, `kind:` and `metadata:`";
            let message = "this document is not an object".to_owned();
            self.error("wrong-type", self.places.root(), message, hint);
            return None;
        }
        let api_version =
            self.text_at(value, "/apiVersion", "write `apiVersion: v1`, or that of the kind");
        let kind = self.text_at(
            value,
            "/kind",
            "write `kind:` and what it is, for example `kind: Secret`",
        );
        let name = self.text_at(value, "/metadata/name", "write `metadata:` and in it `name:`");
        let (api_version, kind) = (api_version?, kind?);
        self.kind(value, &api_version, &kind)?;
        let namespace = match (kind.as_str(), value.pointer("/metadata/namespace")) {
            ("Namespace", _) => String::new(),
            (_, Some(Value::String(namespace))) if !namespace.is_empty() => namespace.clone(),
            _ => "default".to_owned(),
        };
        Some(Head { api_version, kind, name: name?, namespace })
    }

    /// A text that every object needs.
    fn text_at(&mut self, value: &Value, at: &str, hint: &str) -> Option<String> {
        let name = at[1..].replace('/', ".");
        match value.pointer(at) {
            Some(Value::String(text)) if !text.is_empty() => return Some(text.clone()),
            None | Some(Value::Null | Value::String(_)) => {
                let around = self.places.value(at);
                let span = around.start..around.start;
                self.error("missing-field", span, format!("`{name}` is missing"), hint);
            }
            // Decoding tells it.
            Some(_) if at == "/metadata/name" => {}
            Some(_) => {
                self.error(
                    "wrong-type",
                    self.places.value(at),
                    format!("`{name}` is not a text"),
                    hint,
                );
            }
        }
        None
    }

    fn kind(&mut self, value: &Value, api_version: &str, kind: &str) -> Option<()> {
        if !KINDS.contains(&(kind, api_version)) {
            self.not_modelled(api_version, kind);
            return None;
        }
        match Kind::of(api_version, kind)? {
            Kind::Secret => self.secret(value),
            kind => self.shape(kind, value),
        }
        match kind {
            "Role" => {
                self.needs(value, "/spec/name", "write `name:` and the role's name in IAM");
                let hint = "write who may assume the role, as a JSON policy document";
                self.needs(value, "/spec/assumeRolePolicyDocument", hint);
            }
            "Repository" => {
                self.needs(value, "/spec/name", "write `name:` and the repository's path");
            }
            _ => {}
        }
        Some(())
    }

    /// A field that the kind's CustomResourceDefinition requires.
    fn needs(&mut self, value: &Value, at: &str, hint: &str) {
        if matches!(value.pointer(at), None | Some(Value::Null)) {
            self.text_at(value, at, hint);
        }
    }

    fn not_modelled(&mut self, api_version: &str, kind: &str) {
        let message =
            format!("the kind `{}` of `{}` is not modelled", short(kind), short(api_version));
        if let Some((_, right)) = KINDS.iter().find(|(known, _)| *known == kind) {
            let hint = format!("here `kind: {kind}` has `apiVersion: {right}`");
            return self.error(
                "kind-not-modelled",
                self.places.value("/apiVersion"),
                message,
                hint,
            );
        }
        let names = KINDS.map(|(kind, _)| kind);
        let hint = did_you_mean(kind, names)
            .unwrap_or_else(|| format!("the kinds are {}", one_of(&names)));
        self.error("kind-not-modelled", self.places.value("/kind"), message, hint);
    }

    /// Holds the object against the type of its kind.
    fn shape(&mut self, kind: Kind, value: &Value) {
        let Some(of) = Schema::get().of(kind) else { return };
        let shaped = schema::shape(of, value);
        for at in &shaped.unknown {
            self.unknown_field(&at.pointer());
        }
        for misfit in &shaped.misfits {
            self.misfit(misfit);
        }
    }

    fn unknown_field(&mut self, at: &str) {
        let name = last_step(at);
        let parent =
            at[1..].rsplit_once('/').map_or(String::new(), |(parent, _)| parent.replace('/', "."));
        let place =
            if parent.is_empty() { String::new() } else { format!(" in `{}`", short(&parent)) };
        let message = format!("unknown field `{}`{place}", short(&name));
        let hint = if FIELDS.contains(&name.as_str()) {
            match name.as_str() {
                "imagePullSecrets" | "serviceAccountName" => {
                    format!(
                        "`{name}` belongs into a Pod's `spec`; in a workload that is the `spec` of its template"
                    )
                }
                _ => format!("`{name}` is a field of something else: check the indentation"),
            }
        } else {
            match nearest(&name, FIELDS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "the API has no such field here: take it away, or check the indentation"
                    .to_owned(),
            }
        };
        self.error("unknown-field", self.places.key(at), message, hint);
    }

    fn misfit(&mut self, misfit: &Misfit) {
        let at = misfit.at.pointer();
        let name = short(&last_step(&at));
        let found = match &misfit.found {
            Found::Bool(value) => format!("`{value}`"),
            Found::Number(number) => format!("the number `{}`", short(number)),
            Found::String(text) => format!("the text \"{}\"", short(text)),
            Found::Array => "a list".to_owned(),
            Found::Object => "an object".to_owned(),
        };
        let (expected, hint) = match misfit.wanted {
            Wanted::Text => ("a text", "put quotes around it"),
            Wanted::Integer => ("a whole number", "write a number without quotes"),
            Wanted::Bool => ("true or false", "write `true` or `false` without quotes"),
            Wanted::List => ("a list", "begin each item on a line of its own with `- `"),
            Wanted::Object => ("an object with fields", "write its fields below it, indented"),
            Wanted::Base64 => ("a text in base64", "encode it with `base64 -w0`"),
            Wanted::Quantity => ("an amount", "write it like `250m` or `64Mi`"),
            Wanted::IntegerOrText => ("a whole number or a text", "write one of them"),
            Wanted::Time => ("a time", "write it like \"2026-11-24T12:00:00Z\", in quotes"),
        };
        let message = format!("`{name}` should be {expected}, and is {found}");
        self.error("wrong-type", self.places.value(&at), message, hint);
    }

    /// A Secret's `data` is decoded here, as Go would, because a decoder could not say which key is wrong.
    fn secret(&mut self, value: &Value) {
        let mut rest = value.clone();
        if let Some(Value::Object(data)) = value.get("data") {
            for (key, value) in data {
                self.secret_data(&pointer("/data", key), key, value);
            }
            remove(&mut rest, "/data");
        }
        self.shape(Kind::Secret, &rest);
    }

    fn secret_data(&mut self, at: &str, key: &str, value: &Value) {
        let span = self.places.value(at);
        match value {
            Value::Null => {}
            Value::String(text) if !tokens_in(text).is_empty() => {
                let message = format!("a placeholder stands in the base64 of `{}`", short(key));
                let hint = "use `stringData:`, which is not encoded";
                self.error("token-in-data", self.placeholder(&span), message, hint);
            }
            Value::String(text) if decodes(text) => {}
            Value::String(_) => {
                let message = format!("the value of `{}` is not base64", short(key));
                self.error(
                    "bad-base64",
                    span,
                    message,
                    "encode it with `base64 -w0`, or use `stringData:`",
                );
            }
            _ => {
                let message = format!("the value of `{}` should be a text", short(key));
                self.error("wrong-type", span, message, "put quotes around it");
            }
        }
    }

    /// The place of the first placeholder in a stretch of the file.
    fn placeholder(&self, span: &Span) -> Span {
        let inner = self.text.get(span.clone()).unwrap_or_default();
        let first = tokens_in(inner).into_iter().next();
        first.map_or(span.clone(), |(_, at)| span.start + at.start..span.start + at.end)
    }
}

/// encoding/base64 StdEncoding: skips line breaks, and does not look at the bits that are left over.
fn decodes(text: &str) -> bool {
    const LIKE_GO: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    LIKE_GO.decode(text.replace(['\r', '\n'], "")).is_ok()
}

/// Fields that learners write, for "did you mean".
const FIELDS: [&str; 62] = [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "data",
    "stringData",
    "type",
    "immutable",
    "name",
    "namespace",
    "labels",
    "annotations",
    "generateName",
    "replicas",
    "selector",
    "matchLabels",
    "template",
    "strategy",
    "rollingUpdate",
    "maxSurge",
    "maxUnavailable",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "revisionHistoryLimit",
    "paused",
    "containers",
    "initContainers",
    "ephemeralContainers",
    "image",
    "imagePullPolicy",
    "imagePullSecrets",
    "ports",
    "containerPort",
    "protocol",
    "env",
    "value",
    "valueFrom",
    "envFrom",
    "command",
    "args",
    "resources",
    "limits",
    "requests",
    "volumes",
    "volumeMounts",
    "mountPath",
    "restartPolicy",
    "serviceAccountName",
    "nodeSelector",
    "nodeName",
    "tolerations",
    "affinity",
    "securityContext",
    "automountServiceAccountToken",
    "secrets",
    "secretName",
    "hostNetwork",
    "terminationGracePeriodSeconds",
    "assumeRolePolicyDocument",
    "policies",
    "maxSessionDuration",
    "description",
];

fn last_step(at: &str) -> String {
    at.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
}

/// Takes the value at a pointer out. Items of lists become null, so that the places of the others stay.
fn remove(value: &mut Value, at: &str) -> bool {
    let Some((parent, _)) = at.rsplit_once('/') else { return false };
    let step = last_step(at);
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => map.remove(&step).is_some(),
        Some(Value::Array(_)) => remove(value, parent),
        _ => false,
    }
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(80).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

const OPEN: &str = "${token:";

/// The placeholders `${token:NAME}` in a text: each name, and where the whole placeholder stands.
pub fn tokens_in(text: &str) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(OPEN).map(|at| from + at) {
        let name_start = start + OPEN.len();
        let name = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        let name_end =
            name_start + text.bytes().skip(name_start).take_while(|byte| name(byte)).count();
        from = name_end;
        if name_end > name_start && text[name_end..].starts_with('}') {
            found.push((text[name_start..name_end].to_owned(), start..name_end + 1));
            from = name_end + 1;
        }
    }
    found
}

/// A manifest's object with every placeholder replaced by its token. Placeholders are replaced in decoded values, so no
/// token can break the YAML around it. `text` is the file's; unknown names are told with their place.
pub fn substitute(
    manifest: &Manifest,
    text: &str,
    token: &dyn Fn(&str) -> Option<String>,
) -> (Value, Vec<Diagnostic>) {
    let mut value = manifest.value.clone();
    let mut unknown = Vec::new();
    walk(&mut value, &mut String::new(), &mut |at, string| {
        for (name, span) in tokens_in(string).into_iter().rev() {
            match token(&name) {
                Some(token) => string.replace_range(span, &token),
                None => unknown.push((at.to_owned(), name)),
            }
        }
    });
    let diagnostics =
        unknown.into_iter().map(|(at, name)| unknown_token(manifest, text, &at, &name));
    (value, diagnostics.collect())
}

fn unknown_token(manifest: &Manifest, text: &str, at: &str, name: &str) -> Diagnostic {
    let around = manifest.place(at);
    let inner = text.get(around.clone()).unwrap_or_default();
    let written = format!("{OPEN}{name}}}");
    let span = inner
        .find(&written)
        .map_or(around.clone(), |found| around.start + found..around.start + found + written.len());
    Diagnostic::error("unknown-token", &manifest.file, span, format!("there is no token `{name}`"))
        .hint("a fresh token is `${token:fresh-1}`, once there is one")
}

fn walk(value: &mut Value, at: &mut String, visit: &mut dyn FnMut(&str, &mut String)) {
    let length = at.len();
    match value {
        Value::String(text) => visit(at, text),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                *at = pointer(at, &index.to_string());
                walk(item, at, visit);
                at.truncate(length);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                *at = pointer(at, key);
                walk(item, at, visit);
                at.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::position;

    /// `code@line:column message` of each problem.
    #[track_caller]
    fn problems(text: &str) -> Vec<String> {
        let shown = |diagnostic: &Diagnostic| {
            assert!(diagnostic.hint.is_some(), "{diagnostic:?}");
            let at = position(text, diagnostic.span.start);
            format!("{}@{}:{} {}", diagnostic.code, at.line, at.column, diagnostic.message)
        };
        read("f.yaml", text).diagnostics.iter().map(shown).collect()
    }

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: p}\n";

    #[test]
    fn objects_are_identified() {
        let text = format!(
            "{POD}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: p}}\n---\n\
                            apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n"
        );
        let checked = read("f.yaml", &text);
        assert_eq!(checked.diagnostics, []);
        let manifests = checked.value.unwrap();
        let heads: Vec<_> =
            manifests.iter().map(|m| (m.index, &*m.kind, &*m.namespace, &*m.name)).collect();
        assert_eq!(
            heads,
            [(0, "Pod", "p", "a"), (1, "Namespace", "", "p"), (2, "Secret", "default", "s")]
        );
    }

    #[test]
    fn shapes_are_checked_with_places() {
        #[track_caller]
        fn check(text: &str, want: &[&str]) {
            assert_eq!(problems(text), want, "{text}");
        }
        check("5\n", &["wrong-type@1:1 this document is not an object"]);
        check(
            "kind: Pod\n",
            &[
                "missing-field@1:1 `apiVersion` is missing",
                "missing-field@1:1 `metadata.name` is missing",
            ],
        );
        check(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n",
            &["wrong-type@3:18 `name` should be a text, and is the number `5`"],
        );
        check(
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
            &["kind-not-modelled@2:7 the kind `Service` of `v1` is not modelled"],
        );
        check(
            "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: a}\n",
            &["kind-not-modelled@1:13 the kind `Deployment` of `apps/v1beta1` is not modelled"],
        );
        check(
            &format!("{POD}spec:\n  serviceAcountName: x\n  containers: [{{nme: a, image: 5}}]\n"),
            &[
                "unknown-field@5:3 unknown field `serviceAcountName` in `spec`",
                "unknown-field@6:17 unknown field `nme` in `spec.containers.0`",
                "wrong-type@6:32 `image` should be a text, and is the number `5`",
            ],
        );
        check(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: three\n  imagePullSecrets: []\n",
            &[
                "wrong-type@5:13 `replicas` should be a whole number, and is the text \"three\"",
                "unknown-field@6:3 unknown field `imagePullSecrets` in `spec`",
            ],
        );
        check(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  good: YQ==\n  bad: '%%'\n  ph: ${token:x}\n",
            &[
                "bad-base64@6:8 the value of `bad` is not base64",
                "token-in-data@7:7 a placeholder stands in the base64 of `ph`",
            ],
        );
        check(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nimagePullSecrets: ecr\n",
            &["wrong-type@4:19 `imagePullSecrets` should be a list, and is the text \"ecr\""],
        );
        check(
            "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: Role\nmetadata: {name: a}\nspec: {name: a, polices: []}\n",
            &[
                "missing-field@4:7 `spec.assumeRolePolicyDocument` is missing",
                "unknown-field@4:17 unknown field `polices` in `spec`",
            ],
        );
    }

    #[test]
    fn placeholders_are_found() {
        let names = |text: &str| -> Vec<String> {
            tokens_in(text)
                .into_iter()
                .map(|(name, span)| format!("{name}={}", &text[span]))
                .collect()
        };
        assert_eq!(names("${token:a-1} ${token:b}"), ["a-1=${token:a-1}", "b=${token:b}"]);
        for text in
            ["${token:}", "${token:A}", "${token:a", "$token:a", "${token:é}", "${token:${token:"]
        {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn tokens_take_the_place_of_placeholders_in_values() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  .dockerconfigjson: |\n    \
                    {\"auths\": {\"h\": {\"password\": \"${token:old}\"}}}\n  other: ${token:new}\n";
        let manifest = read("f.yaml", text).value.unwrap().remove(0);
        let token = |name: &str| (name == "old").then(|| "\": x\n# '".to_owned());
        let (value, diagnostics) = substitute(&manifest, text, &token);
        let want = "{\"auths\": {\"h\": {\"password\": \"\": x\n# '\"}}}\n";
        assert_eq!(value["stringData"][".dockerconfigjson"], json!(want));
        let [unknown] = &diagnostics[..] else { panic!("{diagnostics:?}") };
        assert_eq!((unknown.code, &text[unknown.span.clone()]), ("unknown-token", "${token:new}"));
    }
}

//! The API server: what it stores, what it refuses and in which words. Expected texts were recorded from a 1.35.6 cluster
//! or composed from its source.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeSet;
use std::sync::Arc;

use pullpath_model::api::{Method, PatchType, Request, Response};
use pullpath_model::cluster::Cluster;
use pullpath_model::object::{Key, Kind};
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::{AdmissionPlugin, NodeSpec, World};
use serde_json::{Value, json};

fn cluster() -> Cluster {
    let node = NodeSpec { name: "worker-1".into(), ..NodeSpec::default() };
    let world = World { epoch_seconds: 1_795_000_000, nodes: vec![node], ..World::default() };
    Cluster::new(&Arc::new(world))
}

fn path(text: &str) -> String {
    let (kind, name) = text.split_once('/').unwrap_or((text, ""));
    let kind = Kind::every().find(|known| known.name() == kind).unwrap();
    let key = Key::new(kind, "default", name);
    if name.is_empty() { key.collection() } else { key.path() }
}

fn ask(cluster: &mut Cluster, method: Method, what: &str, query: &str, body: &Value) -> Response {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = if what.starts_with('/') { what.to_owned() } else { path(what) };
    cluster.request(&Request { method, path, query: query.into(), body })
}

fn create(cluster: &mut Cluster, kind: &str, body: &Value) -> Response {
    ask(cluster, Method::Post, kind, "fieldValidation=Strict", body)
}

fn pod(name: &str, spec: &Value) -> Value {
    let mut whole =
        json!({ "containers": [{ "name": "app", "image": "open.example.com/web:1.0" }] });
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name }, "spec": whole })
}

fn deployment(name: &str, spec: &Value, template: &Value) -> Value {
    let mut whole = json!({
        "replicas": 1, "selector": { "matchLabels": { "app": name } },
        "template": {
            "metadata": { "labels": { "app": name } },
            "spec": { "containers": [{ "name": "app", "image": "open.example.com/web:1.0" }] },
        },
    });
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    for (key, value) in template.as_object().unwrap() {
        whole["template"]["spec"][key] = value.clone();
    }
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name }, "spec": whole })
}

#[track_caller]
fn message(response: &Response) -> &str {
    assert!(response.code >= 400, "{response:?}");
    response.body["message"].as_str().unwrap()
}

#[test]
fn creations_are_refused_in_the_real_words() {
    #[track_caller]
    fn check(kind: &str, body: &Value, code: u16, want: &str) {
        let response = create(&mut cluster(), kind, body);
        assert_eq!((response.code, message(&response)), (code, want));
    }
    let handled = |kind: &str, why: &str| {
        format!("{kind} in version \"v1\" cannot be handled as a {kind}: {why}")
    };
    check(
        "Secret",
        &json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s9" }, "data": { "x": "not-base64!" } }),
        400,
        &handled("Secret", "illegal base64 data at input byte 3"),
    );
    check(
        "Pod",
        &pod("p2", &json!({ "imagePullSecret": "s1" })),
        400,
        &handled("Pod", "strict decoding error: unknown field \"spec.imagePullSecret\""),
    );
    let nested = json!({ "containers": [{ "name": "app", "image": "a", "imagePullSecrets": [] }], "zone": 1 });
    check(
        "Pod",
        &pod("p2", &nested),
        400,
        &handled(
            "Pod",
            "strict decoding error: unknown field \"spec.containers[0].imagePullSecrets\", unknown field \"spec.zone\"",
        ),
    );
    check(
        "Deployment",
        &deployment("d2", &json!({}), &json!({ "imagePullSecrets": "s1" })),
        400,
        &handled(
            "Deployment",
            "json: cannot unmarshal string into Go struct field PodSpec.spec.template.spec.imagePullSecrets of type []v1.LocalObjectReference",
        ),
    );
    check(
        "Deployment",
        &deployment("d2", &json!({ "replicas": "three" }), &json!({})),
        400,
        &handled(
            "Deployment",
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
    );
    check(
        "Deployment",
        &deployment("d2", &json!({ "replicas": 1.5 }), &json!({})),
        400,
        &handled(
            "Deployment",
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
    );
    check(
        "ServiceAccount",
        &json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "a" }, "imagePullSecrets": ["x"] }),
        400,
        &handled(
            "ServiceAccount",
            "json: cannot unmarshal string into Go struct field ServiceAccount.imagePullSecrets of type v1.LocalObjectReference",
        ),
    );
    check(
        "ServiceAccount",
        &json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": 5 } }),
        400,
        &handled(
            "ServiceAccount",
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string",
        ),
    );
    check(
        "ConfigMap",
        &json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "k": 5 } }),
        400,
        &handled(
            "ConfigMap",
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
    );
    check(
        "Pod",
        &pod("P8", &json!({})),
        422,
        "Pod \"P8\" is invalid: metadata.name: Invalid value: \"P8\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    );
    let other = json!({ "template": { "metadata": { "labels": { "app": "other" } }, "spec": { "containers": [{ "name": "a", "image": "b" }] } } });
    check(
        "Deployment",
        &deployment("d1", &other, &json!({})),
        422,
        "Deployment.apps \"d1\" is invalid: spec.template.metadata.labels: Invalid value: {\"app\":\"other\"}: `selector` does not match template `labels`",
    );
    check(
        "Pod",
        &pod(
            "p",
            &json!({ "containers": [{ "name": "app", "image": " x", "imagePullPolicy": "Sometimes" }] }),
        ),
        422,
        "Pod \"p\" is invalid: [spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\", spec.containers[0].image: Invalid value: \" x\": must not have leading or trailing whitespace]",
    );
    check(
        "Job",
        &json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "j" },
            "spec": { "template": { "spec": { "containers": [{ "name": "a", "image": "b" }] } } } }),
        422,
        "Job.batch \"j\" is invalid: spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
    );
}

#[test]
fn what_has_no_room_in_a_type_is_refused_before_it_is_read() {
    let api = "iam.services.k8s.aws/v1alpha1";
    let role = json!({ "apiVersion": api, "kind": "Role", "metadata": { "name": "r" }, "spec": { "policies": [] } });
    let response = ask(
        &mut cluster(),
        Method::Post,
        &Key::new(Kind::Role, "default", "").collection(),
        "",
        &role,
    );
    assert_eq!(response.code, 422);
    let want = "Role.iam.services.k8s.aws \"r\" is invalid: [spec.assumeRolePolicyDocument: Required value, spec.name: Required value]";
    assert_eq!(message(&response), want);

    let mut cluster = cluster();
    assert_eq!(
        create(&mut cluster, "Deployment", &deployment("d", &json!({}), &json!({}))).code,
        201
    );
    let scale = format!("{}/scale", path("Deployment/d"));
    let many = json!({ "spec": { "replicas": 3_000_000_000_u32 } });
    let response = ask(&mut cluster, Method::Put, &scale, "", &many);
    assert_eq!(response.code, 400, "{response:?}");

    let mut dated = pod("p", &json!({}));
    dated["metadata"]["creationTimestamp"] = json!("2026-02-30T00:00:00Z");
    assert!(message(&create(&mut cluster, "Pod", &dated)).ends_with("day out of range"));
    dated["metadata"]["creationTimestamp"] = json!("9999-12-31T23:59:59.000000000001-24:00");
    assert_eq!(create(&mut cluster, "Pod", &dated).code, 201);
}

#[test]
fn paths_and_methods_that_do_not_exist_are_refused() {
    #[track_caller]
    fn check(method: Method, path: &str, code: u16, want: &str) {
        let response =
            ask(&mut cluster(), method, path, "", &json!({ "metadata": { "name": "x" } }));
        assert_eq!((response.code, message(&response)), (code, want));
    }
    let no_path = "the server could not find the requested resource";
    check(Method::Get, "/api/v1/namespaces/default/pullsecrets", 404, no_path);
    check(Method::Get, "/api/v1/pods/x", 404, no_path);
    check(Method::Get, "/apis/apps/v1/namespaces/default/pods", 404, no_path);
    check(Method::Get, "/api/v1/namespaces/default/pods/nope", 404, "pods \"nope\" not found");
    check(
        Method::Get,
        "/apis/apps/v1/namespaces/default/deployments/nope",
        404,
        "deployments.apps \"nope\" not found",
    );
    let not_allowed = "the server does not allow this method on the requested resource";
    check(Method::Put, "/api/v1/namespaces/default/pods", 405, not_allowed);
    check(Method::Post, "/api/v1/pods", 405, not_allowed);
    check(
        Method::Post,
        "/api/v1/namespaces/nowhere/configmaps",
        404,
        "namespaces \"nowhere\" not found",
    );
}

#[test]
fn patches_are_refused_in_the_real_words() {
    let cluster = &mut cluster();
    create(cluster, "ServiceAccount", &json!({ "metadata": { "name": "s2" } }));
    create(cluster, "Secret", &json!({ "metadata": { "name": "s1" }, "stringData": { "x": "y" } }));
    let mut check =
        |format, what: &str, query: &str, patch: Value, code: u16, want: &str, warned: &[&str]| {
            let response = ask(cluster, Method::Patch(format), what, query, &patch);
            assert_eq!(
                (response.code, response.body["message"].as_str().unwrap_or_default()),
                (code, want),
                "{patch}"
            );
            assert_eq!(response.warnings, warned, "{patch}");
        };
    use PatchType::{Json, Merge, Strategic};
    check(
        Strategic,
        "ServiceAccount/s2",
        "",
        json!({ "imagePullSecrets": ["a"] }),
        422,
        " \"\" is invalid: patch: Invalid value: \"map[imagePullSecrets:[a]]\": cannot restore struct from: string",
        &[],
    );
    check(
        Strategic,
        "ServiceAccount/s2",
        "",
        json!({ "imagePullSecrets": [{ "nam": "a" }] }),
        200,
        "",
        &["unknown field \"imagePullSecrets[0].nam\""],
    );
    check(
        Strategic,
        "ServiceAccount/s2",
        "",
        json!({ "imagePullSecrets": [{ "name": "d", "$patch": "delete" }] }),
        200,
        "",
        &["unknown field \"imagePullSecrets[0].$patch\""],
    );
    check(
        Strategic,
        "ServiceAccount/s2",
        "fieldValidation=Strict",
        json!({ "imagePullSecret": [{ "name": "a" }] }),
        422,
        " \"\" is invalid: patch: Invalid value: \"map[imagePullSecret:[map[name:a]]]\": strict decoding error: unknown field \"imagePullSecret\"",
        &[],
    );
    check(
        Json,
        "ServiceAccount/default",
        "",
        json!([{ "op": "add", "path": "/imagePullSecrets/-", "value": { "name": "f" } }]),
        422,
        "the server rejected our request due to an error in our request",
        &[],
    );
    check(
        Merge,
        "Secret/s1",
        "",
        json!({ "type": "kubernetes.io/tls" }),
        422,
        "Secret \"s1\" is invalid: [type: Invalid value: \"kubernetes.io/tls\": field is immutable, data[tls.crt]: Required value, data[tls.key]: Required value]",
        &[],
    );
    check(
        Merge,
        "Secret/s1",
        "",
        json!({ "metadata": { "resourceVersion": "1" }, "immutable": true }),
        409,
        "Operation cannot be fulfilled on secrets \"s1\": the object has been modified; please apply your changes to the latest version and try again",
        &[],
    );
}

#[test]
fn a_patch_does_not_make_another_kind() {
    use PatchType::{Json, Merge, Strategic};
    let cluster = &mut cluster();
    let secret = json!({ "kind": "Secret" });
    let replace = json!([{ "op": "replace", "path": "/kind", "value": "Secret" }]);
    let mut patched = |format, patch: &Value| {
        let response = ask(cluster, Method::Patch(format), "ServiceAccount/default", "", patch);
        let told = response.body["message"].as_str().unwrap_or_default().to_owned();
        (response.code, told, response.body["kind"].clone())
    };
    for (format, patch) in [(Merge, &secret), (Json, &replace)] {
        let (code, told, _) = patched(format, patch);
        assert_eq!(code, 422, "{told}");
        let end = r#"no kind "Secret" is registered for version "v1""#;
        assert!(told.ends_with(end), "{told}");
    }
    assert_eq!(patched(Strategic, &secret), (200, String::new(), "ServiceAccount".into()));
}

#[test]
fn apply_quotes_its_patch() {
    let cluster = &mut cluster();
    let mut account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "s1", "namespace": "default" } });
    assert_eq!(cluster.apply(&account).unwrap().to_string(), "serviceaccount/s1 created");
    account["imagePullSecret"] = json!([{ "name": "a" }]);
    assert_eq!(
        cluster.apply(&account).unwrap_err().message,
        " \"\" is invalid: patch: Invalid value: \"map[imagePullSecret:[map[name:a]] metadata:map[annotations:map[kubectl.kubernetes.io/last-applied-configuration:{\\\"apiVersion\\\":\\\"v1\\\",\\\"imagePullSecret\\\":[{\\\"name\\\":\\\"a\\\"}],\\\"kind\\\":\\\"ServiceAccount\\\",\\\"metadata\\\":{\\\"annotations\\\":{},\\\"name\\\":\\\"s1\\\",\\\"namespace\\\":\\\"default\\\"}}\\n]]]\": strict decoding error: unknown field \"imagePullSecret\""
    );
    let mut web = deployment("d1", &json!({}), &json!({}));
    web["metadata"]["namespace"] = "default".into();
    cluster.apply(&web).unwrap();
    web["spec"]["template"]["spec"]["containers"][0]["imagePullSecrets"] = json!([{ "name": "a" }]);
    let error = cluster.apply(&web).unwrap_err().message;
    let end = "\\n]] spec:map[template:map[spec:map[]]]]\": strict decoding error: unknown field \"spec.template.spec.containers[0].imagePullSecrets\"";
    assert!(error.ends_with(end), "{error}");
    let mut web =
        deployment("d1", &json!({ "selector": { "matchLabels": { "app": "d2" } } }), &json!({}));
    web["metadata"]["namespace"] = "default".into();
    let error = cluster.apply(&web).unwrap_err();
    let causes: Vec<String> = error.causes.iter().map(ToString::to_string).collect();
    assert_eq!(
        causes,
        [
            "spec.template.metadata.labels: Invalid value: {\"app\":\"d1\"}: `selector` does not match template `labels`",
            "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"d2\"}}: field is immutable",
        ]
    );
}

#[test]
fn lists_merge_as_a_real_server_merged_them() {
    let cluster = &mut cluster();
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let secrets =
        |names: &[&str]| -> Value { names.iter().map(|name| json!({ "name": name })).collect() };
    let web = |names: &[&str]| {
        deployment("d1", &json!({}), &json!({ "imagePullSecrets": secrets(names) }))
    };
    let account = |names: &[&str]| json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "s1" }, "imagePullSecrets": secrets(names) });
    cluster.apply(&account(&["a", "b"])).unwrap();
    cluster.apply(&web(&["a", "b"])).unwrap();
    let at = "/spec/template/spec/imagePullSecrets";
    let check = |cluster: &mut Cluster, format, what: &str, patch: Value, want: &[&str]| {
        let response = ask(cluster, Method::Patch(format), what, "", &patch);
        let list = if what.starts_with('D') {
            response.body.pointer(at).cloned()
        } else {
            Some(response.body["imagePullSecrets"].clone())
        };
        assert_eq!(names(&list.unwrap_or_default()), want, "{patch}: {response:?}");
    };
    use PatchType::{Json, Merge, Strategic};
    check(
        cluster,
        Strategic,
        "ServiceAccount/s1",
        json!({ "imagePullSecrets": secrets(&["c"]) }),
        &["c"],
    );
    check(
        cluster,
        Merge,
        "ServiceAccount/s1",
        json!({ "imagePullSecrets": secrets(&["d", "e"]) }),
        &["d", "e"],
    );
    check(
        cluster,
        Json,
        "ServiceAccount/s1",
        json!([{ "op": "add", "path": "/imagePullSecrets/-", "value": { "name": "f" } }]),
        &["d", "e", "f"],
    );
    let inside =
        |list: Value| json!({ "spec": { "template": { "spec": { "imagePullSecrets": list } } } });
    check(cluster, Strategic, "Deployment/d1", inside(secrets(&["c"])), &["c", "a", "b"]);
    check(cluster, Merge, "Deployment/d1", inside(secrets(&["z"])), &["z"]);
    cluster.apply(&web(&["a"])).unwrap();
    cluster.apply(&account(&["a"])).unwrap();
    let live = ask(cluster, Method::Get, "Deployment/d1", "", &Value::Null);
    assert_eq!(names(live.body.pointer(at).unwrap()), ["a", "z"]);
    check(
        cluster,
        Strategic,
        "Deployment/d1",
        inside(json!([{ "$patch": "delete", "name": "z" }])),
        &["a"],
    );
    check(
        cluster,
        Strategic,
        "Deployment/d1",
        inside(json!([{ "name": "x" }, { "$patch": "replace" }])),
        &["x"],
    );
    let ordered = json!({ "spec": { "template": { "spec": {
        "$setElementOrder/imagePullSecrets": secrets(&["y", "x"]), "imagePullSecrets": secrets(&["y"]) } } } });
    check(cluster, Strategic, "Deployment/d1", ordered, &["y", "x"]);
}

#[test]
fn a_pod_cannot_be_given_another_pull_secret() {
    let cluster = &mut cluster();
    create(cluster, "Pod", &pod("p1", &json!({ "imagePullSecrets": [{ "name": "s1" }] })));
    cluster.run_until(SimTime::START + Span::seconds(3));
    let response = ask(
        cluster,
        Method::Patch(PatchType::Strategic),
        "Pod/p1",
        "",
        &json!({ "spec": { "imagePullSecrets": [{ "name": "other" }] } }),
    );
    let (_, diff) = message(&response).split_once('\n').unwrap();
    assert_eq!(
        diff,
        "@@ -163,6 +163,9 @@\n  },\n  \"ImagePullSecrets\": [\n   {\n+   \"Name\": \"other\"\n+  },\n+  {\n    \"Name\": \"s1\"\n   }\n  ],\n"
    );
    let policy =
        json!({ "spec": { "containers": [{ "name": "app", "imagePullPolicy": "Always" }] } });
    let response = ask(cluster, Method::Patch(PatchType::Strategic), "Pod/p1", "", &policy);
    let (_, diff) = message(&response).split_once('\n').unwrap();
    assert_eq!(
        diff,
        "@@ -125,7 +125,7 @@\n    \"Lifecycle\": null,\n    \"TerminationMessagePath\": \"/dev/termination-log\",\n    \"TerminationMessagePolicy\": \"File\",\n-   \"ImagePullPolicy\": \"IfNotPresent\",\n+   \"ImagePullPolicy\": \"Always\",\n    \"SecurityContext\": null,\n    \"Stdin\": false,\n    \"StdinOnce\": false,\n"
    );
    let mut check = |patch: Value, want: &str| {
        let response = ask(cluster, Method::Patch(PatchType::Strategic), "Pod/p1", "", &patch);
        let first = response.body["message"].as_str().unwrap_or_default().lines().next();
        assert_eq!(first.unwrap_or_default(), want, "{patch}");
    };
    let only = "Pod \"p1\" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
    check(json!({ "spec": { "imagePullSecrets": [{ "name": "other" }] } }), only);
    check(json!({ "spec": { "serviceAccountName": "other" } }), only);
    check(
        json!({ "spec": { "containers": [{ "name": "two", "image": "x" }] } }),
        "Pod \"p1\" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers",
    );
    check(json!({ "spec": { "containers": [{ "name": "app", "image": "GHCR:::" }] } }), "");
    check(json!({ "metadata": { "labels": { "a": "b" } } }), "");
}

#[test]
fn warnings_come_with_the_object() {
    #[track_caller]
    fn check(spec: &Value, query: &str, want: &[&str]) {
        let response = ask(&mut cluster(), Method::Post, "Pod", query, &pod("p", spec));
        assert_eq!(
            (response.code, response.warnings),
            (201, want.iter().map(|one| (*one).to_owned()).collect())
        );
    }
    let secrets = |names: &[&str]| -> Value {
        json!({ "imagePullSecrets": names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>() })
    };
    check(&secrets(&["a", "b", "a"]), "", &["spec.imagePullSecrets[2].name: duplicate name \"a\""]);
    check(&secrets(&[""]), "", &["spec.imagePullSecrets[0].name: invalid empty name \"\""]);
    let typo = json!({ "imagePullSecret": "s1" });
    check(&typo, "fieldValidation=Warn", &["unknown field \"spec.imagePullSecret\""]);
    check(&typo, "fieldValidation=Ignore", &[]);
}

#[test]
fn fields_that_are_there_twice_are_told() {
    let body = r#"{"metadata": {"name": "a", "name": "b"}, "data": {"k": "1", "k": "2"}}"#;
    let request = |query: &str| Request {
        method: Method::Post,
        path: "/api/v1/namespaces/default/configmaps".into(),
        query: query.into(),
        body: body.into(),
    };
    let told = ["duplicate field \"metadata.name\"", "duplicate field \"data.k\""];
    let refused = cluster().request(&request("fieldValidation=Strict"));
    let want = format!(
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: {}",
        told.join(", ")
    );
    assert_eq!(message(&refused), want);
    let warned = cluster().request(&request(""));
    assert_eq!((warned.code, &warned.body["metadata"]["name"]), (201, &"b".into()));
    assert_eq!(warned.warnings, told);
}

#[test]
fn a_pod_looks_as_it_did_on_a_real_cluster() {
    let cluster = &mut cluster();
    create(cluster, "Pod", &pod("p3", &json!({ "imagePullSecrets": [{ "name": "" }] })));
    cluster.run_until(SimTime::START + Span::seconds(30));
    let got = ask(cluster, Method::Get, "Pod/p3", "", &Value::Null).body;
    let volume = got["spec"]["volumes"][0]["name"].as_str().unwrap().to_owned();
    assert!(volume.starts_with("kube-api-access-"), "{volume}");
    let tolerated = |key: &str| json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 });
    let want = json!({
        "volumes": [{ "name": volume, "projected": { "defaultMode": 420, "sources": [
            { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
            { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
            { "downwardAPI": { "items": [{ "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } }] } },
        ] } }],
        "containers": [{
            "name": "app", "image": "open.example.com/web:1.0", "resources": {},
            "volumeMounts": [{ "name": volume, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount" }],
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        }],
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default", "serviceAccount": "default", "nodeName": "worker-1",
        "securityContext": {}, "imagePullSecrets": [{}], "schedulerName": "default-scheduler",
        "tolerations": [tolerated("node.kubernetes.io/not-ready"), tolerated("node.kubernetes.io/unreachable")],
        "priority": 0, "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority",
    });
    assert_eq!(got["spec"], want);
    assert_eq!(got["metadata"]["generation"], 1);
}

#[test]
fn always_pull_images_rewrites_pods_and_no_templates() {
    let node = NodeSpec { name: "worker-1".into(), ..NodeSpec::default() };
    let plugins = BTreeSet::from([AdmissionPlugin::AlwaysPullImages]);
    let world = World { nodes: vec![node], admission_plugins: plugins, ..World::default() };
    let cluster = &mut Cluster::new(&Arc::new(world));
    let never =
        json!({ "containers": [{ "name": "app", "image": "a:1", "imagePullPolicy": "Never" }] });
    let created = create(cluster, "Pod", &pod("p", &never));
    assert_eq!(created.body["spec"]["containers"][0]["imagePullPolicy"], "Always");
    let created = create(cluster, "Deployment", &deployment("d", &json!({}), &json!({})));
    let policy = "/spec/template/spec/containers/0/imagePullPolicy";
    assert_eq!(created.body.pointer(policy).unwrap(), "IfNotPresent");
}

#[test]
fn every_kind_comes_back_as_it_was_applied() {
    let template = |restart: &str| {
        json!({
            "metadata": { "labels": { "app": "x" } },
            "spec": { "restartPolicy": restart, "containers": [{ "name": "app", "image": "a:1", "env": [{ "name": "A", "value": "b" }],
                "ports": [{ "containerPort": 80 }], "resources": { "limits": { "memory": "64Mi" } } }] },
        })
    };
    let selected =
        json!({ "selector": { "matchLabels": { "app": "x" } }, "template": template("Always") });
    for kind in Kind::every() {
        let mut manifest = json!({
            "apiVersion": kind.api_version(), "kind": kind.name(),
            "metadata": { "name": "x", "labels": { "team": "a<b" }, "annotations": { "note": "5 > 4 & 3" } },
        });
        manifest["metadata"]["labels"] = json!({ "team": "a-b" });
        match kind {
            Kind::Node | Kind::Event => continue,
            Kind::Secret => manifest["data"] = json!({ "k": "djE=" }),
            Kind::ConfigMap => manifest["data"] = json!({ "k": "v" }),
            Kind::ServiceAccount => manifest["imagePullSecrets"] = json!([{ "name": "a" }]),
            Kind::Role => {
                manifest["spec"] = json!({ "name": "x", "assumeRolePolicyDocument": "{}", "maxSessionDuration": 3600 });
            }
            Kind::Repository => {
                manifest["spec"] = json!({ "name": "base/x", "policy": "{}", "tags": [{ "key": "a", "value": "b" }] });
            }
            Kind::Pod => manifest["spec"] = template("Always")["spec"].clone(),
            Kind::Deployment | Kind::ReplicaSet | Kind::DaemonSet => {
                manifest["spec"] = selected.clone();
            }
            Kind::StatefulSet => {
                manifest["spec"] = selected.clone();
                manifest["spec"]["serviceName"] = "x".into();
                manifest["spec"]["volumeClaimTemplates"] = json!([{ "metadata": { "name": "data" },
                    "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } }]);
            }
            Kind::Job => manifest["spec"] = json!({ "template": template("Never") }),
            Kind::CronJob => {
                manifest["spec"] = json!({ "schedule": "*/5 * * * *", "jobTemplate": { "spec": { "template": template("OnFailure") } } });
            }
            Kind::Namespace => {}
            Kind::Stored(_) if kind.name() == "PersistentVolumeClaim" => {
                manifest["spec"] = json!({ "accessModes": ["ReadWriteOnce"] });
            }
            Kind::Stored(_) => manifest["spec"] = json!({ "anything": [1, { "at": "all" }] }),
        }
        let cluster = &mut cluster();
        let printed = |verb: &str| format!("{}/x {verb}", kind.printed());
        assert_eq!(cluster.apply(&manifest).unwrap().to_string(), printed("created"));
        let key = Key::new(kind, if kind.namespaced() { "default" } else { "" }, "x");
        let got = cluster.request(&Request::get(&key.path())).body;
        contains(&got, &manifest, kind.name());
        let again = cluster.apply(&manifest).unwrap().to_string();
        let after = cluster.request(&Request::get(&key.path())).body;
        assert_eq!(after, got, "{again}");
        // The claims of a StatefulSet are replaced as a list, and the list that is there has its defaults.
        let verb = if kind == Kind::StatefulSet { "configured" } else { "unchanged" };
        assert_eq!(again, printed(verb));
        let listed = cluster.request(&Request::get(&key.collection())).body;
        assert_eq!(listed["kind"], format!("{}List", kind.name()));
        // What was read can be written back, and changes nothing.
        let back = ask(cluster, Method::Put, &key.path(), "fieldValidation=Strict", &got);
        assert_eq!((back.code, &back.body), (200, &got), "{}", kind.name());
        let gone = ask(cluster, Method::Delete, &key.path(), "", &Value::Null);
        assert_eq!(gone.code, 200);
        cluster.run_until(SimTime::START + Span::seconds(60));
        assert_eq!(cluster.request(&Request::get(&key.path())).code, 404, "{}", kind.name());
    }
}

/// kubectl v0.35 pkg/cmd/apply/apply.go `pruneNullsFromMap`, apimachinery pkg/util/strategicpatch `mergeSliceHandler`;
/// kubernetes issue 123304.
#[test]
fn a_null_is_passed_over_where_apply_creates_and_where_a_patch_adds() {
    let unknown = "unknown field \"imagePullSecrets[0].pull\"";
    let list = json!([{ "name": "a", "pull": null }]);
    let account = |list: &Value| {
        let mut account =
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "x" } });
        if !list.is_null() {
            account["imagePullSecrets"] = list.clone();
        }
        account
    };
    // The API server refuses it in every body.
    let refused = create(&mut cluster(), "ServiceAccount", &account(&list));
    assert!(message(&refused).ends_with(unknown), "{}", message(&refused));
    for before in [Value::Null, list.clone()] {
        let cluster = &mut cluster();
        cluster.apply(&account(&before)).unwrap();
        if before.is_null() {
            cluster.apply(&account(&list)).unwrap();
        }
        let got = cluster.request(&Request::get(&path("ServiceAccount/x"))).body;
        assert_eq!(got["imagePullSecrets"], json!([{ "name": "a" }]));
        // An account's list is replaced as a whole, with what is in it.
        let again = cluster.apply(&account(&list)).unwrap_err();
        assert!(again.message.contains(unknown), "{}", again.message);
    }
    // A Pod's list is merged by names, and a null takes away what is not there.
    let cluster = &mut cluster();
    let pod = pod("x", &json!({ "imagePullSecrets": list }));
    for verb in ["created", "configured"] {
        assert_eq!(cluster.apply(&pod).unwrap().to_string(), format!("pod/x {verb}"));
    }
}

/// Everything that was written is there.
#[track_caller]
fn contains(got: &Value, want: &Value, at: &str) {
    match want {
        Value::Object(map) => {
            map.iter().for_each(|(key, want)| contains(&got[key], want, &format!("{at}.{key}")));
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, want)| contains(&got[index], want, &format!("{at}[{index}]"))),
        want => assert_eq!(got, want, "{at}"),
    }
}

#[test]
fn what_an_object_owns_goes_with_it() {
    let cluster = &mut cluster();
    create(cluster, "Deployment", &deployment("d", &json!({ "replicas": 2 }), &json!({})));
    let seconds = |seconds| SimTime::START + Span::seconds(seconds);
    cluster.run_until(seconds(10));
    assert_eq!(cluster.pods().len(), 2);
    let sets = |cluster: &Cluster| cluster.store.list(Kind::ReplicaSet).count();
    let mut orphaned = cluster.clone();
    ask(cluster, Method::Delete, "Deployment/d", "", &Value::Null);
    cluster.run_until(seconds(20));
    assert_eq!((sets(cluster), cluster.pods().len()), (0, 0));
    ask(&mut orphaned, Method::Delete, "Deployment/d", "propagationPolicy=Orphan", &Value::Null);
    orphaned.run_until(seconds(20));
    assert_eq!((sets(&orphaned), orphaned.pods().len()), (1, 2));
}

#[test]
fn a_deleted_namespace_takes_everything_with_it() {
    let cluster = &mut cluster();
    create(cluster, "Namespace", &json!({ "metadata": { "name": "team" } }));
    let pods = "/api/v1/namespaces/team/pods";
    assert_eq!(ask(cluster, Method::Post, pods, "", &pod("p", &json!({}))).code, 201);
    cluster.run_until(SimTime::START + Span::seconds(5));
    let deleted = ask(cluster, Method::Delete, "/api/v1/namespaces/team", "", &Value::Null);
    assert_eq!(deleted.body["status"]["phase"], "Terminating");
    let refused = ask(cluster, Method::Post, pods, "", &pod("q", &json!({})));
    assert_eq!(
        message(&refused),
        "pods \"q\" is forbidden: unable to create new content in namespace team because it is being terminated"
    );
    cluster.run_until(SimTime::START + Span::seconds(15));
    assert_eq!(cluster.request(&Request::get("/api/v1/namespaces/team")).code, 404);
    assert_eq!(cluster.store.all().filter(|object| object.namespace() == "team").count(), 0);
}

#[test]
fn the_default_account_comes_back_within_a_second() {
    let cluster = &mut cluster();
    ask(
        cluster,
        Method::Patch(PatchType::Merge),
        "ServiceAccount/default",
        "",
        &json!({ "imagePullSecrets": [{ "name": "a" }] }),
    );
    assert_eq!(ask(cluster, Method::Delete, "ServiceAccount/default", "", &Value::Null).code, 200);
    assert_eq!(cluster.request(&Request::get(&path("ServiceAccount/default"))).code, 404);
    cluster.run_until(cluster.now() + Span::seconds(1));
    let back = cluster.request(&Request::get(&path("ServiceAccount/default"))).body;
    assert_eq!(
        (&back["metadata"]["name"], &back["imagePullSecrets"]),
        (&"default".into(), &Value::Null)
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    let cluster = &mut cluster();
    let before = cluster.store.resource_version();
    let dry = ask(cluster, Method::Post, "Pod", "dryRun=All", &pod("p", &json!({})));
    assert_eq!((dry.code, &dry.body["metadata"]["name"]), (201, &"p".into()));
    assert_eq!((cluster.store.resource_version(), cluster.pods().len()), (before, 0));
}

#[test]
fn other_objects_have_no_say_in_an_objects_uid() {
    let uid = |first: &[&str]| {
        let cluster = &mut cluster();
        for name in first {
            create(cluster, "Pod", &pod(name, &json!({})));
        }
        create(cluster, "Pod", &pod("web", &json!({}))).body["metadata"]["uid"].clone()
    };
    assert_eq!(uid(&[]), uid(&["a", "b"]));
}

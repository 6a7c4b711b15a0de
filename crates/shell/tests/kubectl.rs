//! kubectl on a cluster without nodes: whole outputs of short stories.

use std::sync::Arc;

use pullpath_model::api::{Request, Response};
use pullpath_model::cluster::Cluster;
use pullpath_model::time::SimTime;
use pullpath_model::world::World;
use pullpath_shell::{Host, YamlError, run};
use serde_json::Value;

struct Room(Cluster);

impl Host for Room {
    fn request(&mut self, request: &Request) -> Response {
        self.0.request(request)
    }

    fn now(&self) -> SimTime {
        self.0.now()
    }

    fn unix_millis(&self) -> i64 {
        self.0.now().as_millis()
    }

    fn step(&mut self, end: SimTime) -> bool {
        let stepped = self.0.step(end);
        if !stepped {
            self.0.run_until(end);
        }
        stepped
    }

    // JSON is YAML enough here; the dialect is the injected reader's.
    fn read_yaml(&self, document: &str) -> Result<Value, YamlError> {
        serde_json::from_str(document).map_err(|error| YamlError(error.to_string()))
    }

    fn read_file(&self, _: &str) -> Option<String> {
        None
    }
}

/// Runs a line and compares all that it printed: standard output, then standard error behind `! `.
#[track_caller]
fn check(room: &mut Room, line: &str, stdin: &str, want: &str) {
    let output = run(room, line, Some(stdin), None);
    let errors: String = output.stderr.lines().map(|line| format!("! {line}\n")).collect();
    assert_eq!(format!("{}{errors}", output.stdout), want, "for {line}");
    assert_eq!(output.exit, i32::from(errors.contains("rror")), "exit of {line}");
}

fn room() -> Room {
    Room(Cluster::new(&Arc::new(World::default())))
}

#[test]
fn apply_creates_configures_and_leaves_alone() {
    let room = &mut room();
    let account = |list: &str| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {{"name": "a"}}, "imagePullSecrets": {list}}}"#
        )
    };
    let apply = "kubectl apply -f -";
    check(room, apply, &account(r#"[{"name": "x"}]"#), "serviceaccount/a created\n");
    check(room, apply, &account(r#"[{"name": "x"}]"#), "serviceaccount/a unchanged\n");
    check(room, apply, &account(r#"[{"name": "y"}]"#), "serviceaccount/a configured\n");
    let list = "kubectl get sa a -o jsonpath='{.imagePullSecrets}'";
    check(room, list, "", r#"[{"name":"y"}]"#);
    check(
        room,
        "kubectl apply -f nope.yaml",
        "",
        "! error: the path \"nope.yaml\" does not exist\n",
    );
}

#[test]
fn a_docker_registry_secret_is_what_the_real_command_makes() {
    let room = &mut room();
    let create = "kubectl create secret docker-registry reg --docker-server=ghcr.io --docker-username=u --docker-password='p&q'";
    check(room, create, "", "secret/reg created\n");
    check(room, create, "", "! error: failed to create secret secrets \"reg\" already exists\n");
    let output =
        run(room, r"kubectl get secret reg -o 'jsonpath={.data.\.dockerconfigjson}'", None, None);
    let config = String::from_utf8(
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, output.stdout).unwrap(),
    );
    assert_eq!(
        config.unwrap(),
        r#"{"auths":{"ghcr.io":{"username":"u","password":"p\u0026q","auth":"dTpwJnE="}}}"#
    );
}

#[test]
fn what_is_not_there_is_said_in_kubectls_words() {
    let room = &mut room();
    check(room, "kubectl get pods", "", "! No resources found in default namespace.\n");
    check(room, "kubectl get pod x", "", "! Error from server (NotFound): pods \"x\" not found\n");
    check(
        room,
        "kubectl get pod x -n nowhere",
        "",
        "! Error from server (NotFound): namespaces \"nowhere\" not found\n",
    );
    check(
        room,
        "kubectl get pullsecrets",
        "",
        "! error: the server doesn't have a resource type \"pullsecrets\"\n",
    );
    check(room, "kubectl gte pods", "", "! error: unknown command \"gte\" for \"kubectl\"\n");
    check(
        room,
        "kubectl delete pods",
        "",
        "! error: resource(s) were provided, but no name was specified\n",
    );
}

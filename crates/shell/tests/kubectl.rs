//! kubectl on a cluster without nodes: whole outputs of short stories.

use std::sync::Arc;

use pullpath_model::api::{Request, Response};
use pullpath_model::cluster::Cluster;
use pullpath_model::object::Kind;
use pullpath_model::time::{SimTime, Span};
use pullpath_model::world::World;
use pullpath_shell::{Client, Host, Output, Shell};

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
}

fn run(room: &mut Room, line: &str, stdin: Option<&str>, patience: Option<Span>) -> Output {
    Shell::new(Client::default()).run(room, line, stdin, patience)
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
    check(
        room,
        "kubectl gte pods",
        "",
        "! error: unknown command \"gte\" for \"kubectl\"\n! \n! Did you mean this?\n! \tget\n",
    );
    check(
        room,
        "kubectl delete pods",
        "",
        "! error: resource(s) were provided, but no name was specified\n",
    );
}

fn template() -> &'static str {
    r#"{"metadata": {"labels": {"app": "it"}}, "spec": {"restartPolicy": "RESTART", "containers": [{"name": "app", "image": "r.example.com/report:1.0"}]}}"#
}

/// As recorded in `job-stuck`.
#[test]
fn a_job_is_described() {
    let room = &mut room();
    let job = format!(
        r#"{{"apiVersion": "batch/v1", "kind": "Job", "metadata": {{"name": "report"}}, "spec": {{"activeDeadlineSeconds": 60, "template": {}}}}}"#,
        template().replace("RESTART", "Never")
    );
    check(room, "kubectl apply -f -", &job, "job.batch/report created\n");
    room.0.run_until(SimTime::from_millis(2000));
    let uid = room.0.store.list(Kind::Job).next().unwrap().uid().to_owned();
    let pod = room.0.pods()[0].key.name.to_string();
    let output = run(room, "kubectl describe job report", None, None);
    let text = output.stdout.replace(&uid, "UID").replace(&pod, "report-POD");
    assert_eq!(
        text,
        "\
Name:                     report
Namespace:                default
Selector:                 batch.kubernetes.io/controller-uid=UID
Labels:                   app=it
                          batch.kubernetes.io/controller-uid=UID
                          batch.kubernetes.io/job-name=report
                          controller-uid=UID
                          job-name=report
Annotations:              <none>
Parallelism:              1
Completions:              1
Completion Mode:          NonIndexed
Suspend:                  false
Backoff Limit:            6
Start Time:               Thu, 01 Jan 1970 00:00:00 +0000
Active Deadline Seconds:  60s
Pods Statuses:            1 Active (0 Ready) / 0 Succeeded / 0 Failed
Pod Template:
  Labels:  app=it
           batch.kubernetes.io/controller-uid=UID
           batch.kubernetes.io/job-name=report
           controller-uid=UID
           job-name=report
  Containers:
   app:
    Image:         r.example.com/report:1.0
    Port:          <none>
    Host Port:     <none>
    Environment:   <none>
    Mounts:        <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Events:
  Type    Reason            Age   From            Message
  ----    ------            ----  ----            -------
  Normal  SuccessfulCreate  2s    job-controller  Created pod: report-POD
"
    );
}

#[test]
fn a_stateful_sets_rollout_has_a_history_and_is_undone() {
    let room = &mut room();
    let set = |tag: &str| {
        format!(
            r#"{{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {{"name": "db"}}, "spec": {{"replicas": 1, "selector": {{"matchLabels": {{"app": "it"}}}}, "template": {}}}}}"#,
            template().replace("RESTART", "Always").replace("1.0", tag)
        )
    };
    check(room, "kubectl apply -f -", &set("1.0"), "statefulset.apps/db created\n");
    room.0.run_until(SimTime::from_millis(1000));
    let undo = "kubectl rollout undo sts db";
    check(room, undo, "", "! error: no last revision to roll back to\n");
    check(room, "kubectl apply -f -", &set("2.0"), "statefulset.apps/db configured\n");
    room.0.run_until(SimTime::from_millis(2000));
    check(
        room,
        "kubectl rollout history sts db",
        "",
        "statefulset.apps/db \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n",
    );
    check(
        room,
        "kubectl rollout status sts db --watch=false",
        "",
        "Waiting for 1 pods to be ready...\n",
    );
    check(room, undo, "", "statefulset.apps/db rolled back\n");
    room.0.run_until(SimTime::from_millis(3000));
    let image = "kubectl get sts db -o jsonpath='{.spec.template.spec.containers[0].image}'";
    check(room, image, "", "r.example.com/report:1.0");
    let output = run(room, "kubectl get controllerrevisions", None, None).stdout;
    let rows: Vec<Vec<&str>> = output.lines().map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "CONTROLLER", "REVISION", "AGE"]);
    let mut numbers: Vec<&str> = rows[1..].iter().map(|row| row[2]).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, ["2", "3"], "the older template is the newest again");
    assert!(rows[1..].iter().all(|row| row[1] == "statefulset.apps/db"));
}

//! The language of the terminal: whole scripts and all that they print.

use std::sync::Arc;

use pullpath_model::api::{Request, Response};
use pullpath_model::cluster::Cluster;
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

fn room() -> Room {
    Room(Cluster::new(&Arc::new(World::default())))
}

fn run(script: &str) -> Output {
    Shell::new(Client::default()).run(&mut room(), script, None, Some(Span::seconds(60)))
}

/// Runs a script and compares all that it printed: standard output, then standard error behind `! `.
#[track_caller]
fn check(script: &str, want: &str) {
    let output = run(script);
    let errors: String = output.stderr.lines().map(|line| format!("! {line}\n")).collect();
    assert_eq!(format!("{}{errors}", output.stdout), want, "for {script}");
}

#[test]
fn words_and_quotes() {
    check(r#"echo a  b 'c  d' "e  f" g\ h"#, "a b c  d e  f g h\n");
    check(r#"echo "it's" 'say "hi"' "a\"b" 'x'"y"z"#, "it's say \"hi\" a\"b xyz\n");
    check("echo one \\\n  two # three\n# four\necho 'a#b' c#d", "one two\na#b c#d\n");
    check(r#"echo '$HOME' "$HOME" ~ ~/x "~""#, "$HOME /root /root /root/x ~\n");
    check(r"echo $'a\tb'", "a\tb\n");
}

#[test]
fn variables_and_substitution() {
    check("A=1; B=\"$A and ${A}2\"; echo $B '|' ${C:-none} ${A:+set}", "1 and 12 | none set\n");
    check("X='a  b'; echo $X; echo \"$X\"", "a b\na  b\n");
    check("N=$(echo 'x y' | wc -w); echo \"[$N]\" `echo old`", "[2] old\n");
    check("echo $(echo \"$(echo 'deep (er)')\")", "deep (er)\n");
    check("export A=1 B; A=2 env | grep ^A=; echo $A", "A=2\n1\n");
    check(
        "F=registry.example.com/app:1.2; echo ${F##*/} ${F%:*} ${#F}",
        "app:1.2 registry.example.com/app 28\n",
    );
    check(
        "F=a/b/c.tar.gz; echo ${F#*/} ${F%%.*} ${F%.x} ${F#}",
        "b/c.tar.gz a/b/c a/b/c.tar.gz a/b/c.tar.gz\n",
    );
    check("false; echo $?; true; echo $?", "1\n0\n");
    check("unset HOME; echo \"[$HOME]\"", "[]\n");
}

#[test]
fn lists_pipes_and_branches() {
    check("true && echo yes || echo no; false && echo yes || echo no", "yes\nno\n");
    check("! false && echo turned", "turned\n");
    check("printf '%s\\n' b a b | sort | uniq -c | sed 's/^ *//'", "1 a\n2 b\n");
    check("if [ a = a ] && test -n x; then echo same; else echo other; fi", "same\n");
    check("if false; then echo a; elif true; then echo b; fi", "b\n");
    check("for x in a 'b c'; do echo \"<$x>\"; done | tail -n 1", "<b c>\n");
    check("echo x > f; while [ -e f ]; do echo once; rm f; done", "once\n");
    check("{ echo a; echo b; } | wc -l", "2\n");
    check("(cd /tmp; pwd); pwd", "/tmp\n/root\n");
}

#[test]
fn files_and_redirections() {
    check("echo a > f; echo b >> f; cat < f; cat f missing 2>/dev/null | wc -l", "a\nb\n2\n");
    check("cat missing 2>&1 | sed 's/^/> /'", "> cat: missing: No such file or directory\n");
    check(
        "cat <<EOF\nhome is $HOME\nEOF\ncat <<'EOF'\nhome is $HOME\nEOF",
        "home is /root\nhome is $HOME\n",
    );
    check("cat <<-EOF | tr a-z A-Z\n\tindented\n\tEOF\necho after", "INDENTED\nafter\n");
    check("X=$(cat <<EOF\ninside\nEOF\n); echo \"[$X]\"", "[inside]\n");
    check(
        "mkdir -p d/e; touch d/a.yaml d/b.yaml d/c.txt; echo d/*.yaml d/*.json; ls d",
        "d/a.yaml d/b.yaml d/*.json\na.yaml\nb.yaml\nc.txt\ne\n",
    );
    check("cat <<< \"here $?\"", "here 0\n");
    check("echo x | tee f | cat; cat f", "x\nx\n");
    check(
        "printf '#!/bin/sh\\necho \"got $1\"\\nexit 3\\n' > run.sh; chmod +x run.sh; ./run.sh it; echo $?",
        "got it\n3\n",
    );
}

#[test]
fn tools_of_text() {
    check("printf 'a:1\\nb:2\\n' | cut -d: -f2; printf 'a:1\\nb:2\\n' | grep -v a", "1\n2\nb:2\n");
    check("printf 'x y\\n' | sed -e 's/x/[&]/' -e 's#y#z#g'", "[x] z\n");
    check("printf '3\\n10\\n2\\n' | sort -n | head -n 2", "2\n3\n");
    check("echo -n secret | base64; echo c2VjcmV0 | base64 -d; echo", "c2VjcmV0\nsecret\n");
    check("echo hello | tr -d l | tr a-z A-Z", "HEO\n");
}

#[test]
fn kubectl_is_a_command_like_others() {
    check(
        "kubectl create configmap a --from-literal=k=v -o name && kubectl get cm a -o jsonpath='{.data.k}' | tr a-z A-Z; echo",
        "configmap/a\nV\n",
    );
    check(
        "cat <<EOF | kubectl apply -f -\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\nEOF\nkubectl get cm b -o name",
        "configmap/b created\nconfigmap/b\n",
    );
    check(
        "kubectl get cm nothing || echo \"status $?\"",
        "status 1\n! Error from server (NotFound): configmaps \"nothing\" not found\n",
    );
    check("k get cm nothing 2>&1 | wc -l", "1\n");
}

#[test]
fn wrong_scripts_run_nothing() {
    #[track_caller]
    fn refused(script: &str) {
        let output = run(script);
        assert_eq!((output.stdout.as_str(), output.exit), ("", 2), "for {script}: {output:?}");
        assert!(output.stderr.contains("syntax error") || !output.stderr.is_empty(), "{output:?}");
    }
    refused("echo 'open");
    refused("echo a | | cat");
    refused("if true; then echo a");
    refused("echo $(echo a");
    let output = run("frobnicate");
    assert_eq!(output.exit, 127, "{output:?}");
}

/// Nothing runs for ever, and nothing fills the memory of the browser.
#[test]
fn every_script_ends() {
    let output = run("while true; do :; done");
    assert_ne!(output.exit, 0, "{output:?}");
    let output = run(
        "while true; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
    );
    assert!(output.stdout.len() < 20_000_000, "{}", output.stdout.len());
    let output = run("sleep 3600");
    assert!(output.interrupted, "{output:?}");
    let output = run(
        "X=a; for i in 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0; do X=$X$X; done",
    );
    assert_ne!(output.exit, 0, "{}", output.stderr);
    let deep = format!("{}echo a{}", "$(".repeat(5000), ")".repeat(5000));
    assert_ne!(run(&format!("echo {deep}")).exit, 0);
    let deep = "(".repeat(5000);
    assert_ne!(run(&deep).exit, 0);
}

#[test]
fn time_goes_by_while_a_script_sleeps() {
    let mut room = room();
    let mut shell = Shell::new(Client::default());
    let before = room.now();
    let output = shell.run(&mut room, "sleep 5; date > d; sleep 0.5", None, None);
    assert_eq!(output.exit, 0, "{output:?}");
    assert_eq!(room.now().as_millis() - before.as_millis(), 5500);
}

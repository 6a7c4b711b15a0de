//! `pullpath explain`, the real binary on real files.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn pullpath(arguments: &[&str]) -> Run {
    run(arguments, "")
}

fn explain(arguments: &[&str], stdin: &str) -> Run {
    run(&[&["explain"], arguments].concat(), stdin)
}

fn run(arguments: &[&str], stdin: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pullpath"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = child.stdin.take().unwrap();
    // A command that does not read its input closes it early.
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    Run {
        code: output.status.code().expect("no signal ended it"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

const NOW: [&str; 2] = ["--now", "2026-03-03T07:00:00Z"];

#[test]
fn the_first_line_is_the_verdict_and_the_code_says_it_too() {
    #[track_caller]
    fn check(arguments: &[&str], code: i32, first: &str) {
        let run = explain(&[&NOW[..], arguments].concat(), "");
        let line = run.out.lines().next().unwrap_or_default();
        assert_eq!((run.code, line), (code, first), "{}", run.err);
    }
    let at = "(at 2026-03-03T07:00:00Z)";
    check(&["-f", "all-pull"], 0, &format!("2 images pull, 1 warning {at}"));
    check(
        &["-f", "ecr-expired/dump.yaml"],
        1,
        &format!("1 of 2 images will not pull, 1 pulls, 1 mistake {at}"),
    );
    check(&["only-a-deployment"], 0, &format!("2 images unknown, 1 warning {at}"));
    check(&["only-a-deployment", "--strict"], 1, &format!("2 images unknown, 1 warning {at}"));
    check(
        &["-f", "all-pull/deployment.yaml", "all-pull/pull.yaml"],
        0,
        &format!("2 images pull, 1 warning {at}"),
    );
    check(
        &["--world", "gar-world/world.yaml", "-f", "gar-world/manifests.yaml"],
        1,
        &format!("2 of 5 images will not pull, 3 pull, 1 mistake {at}"),
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pullpath"))
        .args(["explain", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    // It begins to print when its input has ended, and nobody reads by then.
    child.stdin.take().unwrap().write_all(b"ErrImagePull").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}

#[test]
fn standard_input_is_read_and_the_clock_is_shown() {
    let dump = fs::read_to_string("tests/explain/ecr-expired/dump.yaml").unwrap();
    let run = explain(&["-f", "-"], &dump);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.out.contains(" --> -:109:5"), "{}", run.out);
    // Without --now it is the real clock, long after the token's end.
    assert!(!run.out.contains("(at 2026-03-03T07:00:00Z)"), "{}", run.out);
    assert!(run.out.lines().next().unwrap().contains("(at 20"), "{}", run.out);
    let message = explain(&["-f", "-"], "Error: ImagePullBackOff\n");
    assert_eq!(message.code, 1);
    assert!(message.out.starts_with("1 message of a failed pull"), "{}", message.out);
}

#[test]
fn every_format_is_one_document() {
    for (format, key) in [("json", "/images/0/verdict"), ("sarif", "/runs/0/results/0/ruleId")] {
        let run = explain(&["-f", "ecr-expired", "--format", format, NOW[0], NOW[1]], "");
        assert_eq!(run.code, 1);
        let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert!(value.pointer(key).is_some(), "{format}: {value}");
        assert!(!run.out.contains("MARKED"));
    }
}

#[test]
fn what_powershell_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string("tests/explain/all-pull/deployment.yaml").unwrap();
    let units = std::iter::once(0xfeff)
        .chain(text.replace('\n', "\r\n").encode_utf16().collect::<Vec<_>>());
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let file = folder.path().join("out.yaml");
    fs::write(&file, bytes).unwrap();
    let run = explain(&["-f", file.to_str().unwrap()], "");
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("out.yaml:"), "{}", run.out);
}

#[test]
fn bad_input_is_told_with_its_place() {
    #[track_caller]
    fn check(arguments: &[&str], stdin: &str, says: &str) {
        let run = explain(arguments, stdin);
        assert_eq!(run.code, 2, "{}", run.out);
        assert!((run.out + &run.err).contains(says), "{says}");
    }
    check(&[], "", "explain what?");
    check(&["-f", "nowhere.yaml"], "", " --> nowhere.yaml:1:1");
    check(&["-f", "-"], "", "there is nothing in it");
    check(&["-f", "-"], "the quick brown fox\n", "neither a manifest nor");
    check(&["-f", "-"], "apiVersion: v1\nkind: Pod\n  spec: {\n", "-:3:");
    check(&["-f", "-"], "apiVersion: v1\nkind: {{ .Values.kind }}\nx: [\n", "helm template");
    check(&["-f", "all-pull", "--now", "soon"], "", "`soon` is no moment");
    check(&["-f", "all-pull", "--format", "xml"], "", "there are text, json and sarif");
    check(&["-f", "all-pull", "--world", "all-pull/pull.yaml"], "", "a world file");
    check(&["-f", "all-pull", "--frob"], "", "--frob");
}

#[test]
fn one_unreadable_file_does_not_end_the_others_turn() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string("tests/explain/all-pull/deployment.yaml").unwrap();
    fs::write(folder.path().join("good.yaml"), text).unwrap();
    fs::write(folder.path().join("bytes.yaml"), [0x1f, 0x8b, 0xff, 0x00]).unwrap();
    let path = folder.path().to_str().unwrap();
    let run = explain(&["-f", path, "nowhere.yaml", NOW[0], NOW[1]], "");
    assert_eq!(run.code, 2, "{}{}", run.out, run.err);
    let first = run.out.lines().next().unwrap();
    assert!(first.starts_with("1 of 2 images unknown"), "{first}");
    assert!(first.contains("2 inputs could not be read"), "{first}");
    for says in ["error[unreadable]: this is no text", "bytes.yaml", " --> nowhere.yaml"] {
        assert!(run.out.contains(says), "{says}: {}", run.out);
    }
    let sarif = explain(&["-f", path, "--format", "sarif"], "");
    assert!(sarif.out.contains("\"unreadable\""), "{}", sarif.out);
}

/// Every fixture with a workload in it becomes a sandbox that is read, played, and holds no secret of the input.
#[test]
fn a_rehearsal_can_be_played_and_holds_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        "ecr-expired",
        "everything",
        "helm-default-serviceaccount",
        "undecodable",
        "workstation",
        "ecr-confusions",
    ];
    for case in cases {
        let target = folder.path().join(case);
        let target = target.to_str().unwrap();
        let run = explain(&["-f", case, "--rehearse", target, NOW[0], NOW[1]], "");
        assert!(run.err.contains("wrote a sandbox"), "{case}: {}", run.err);
        let mut waiting = vec![Path::new(target).to_owned()];
        while let Some(next) = waiting.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    assert!(!fs::read_to_string(&path).unwrap().contains("MARKED"), "{path:?}");
                }
            }
        }
        let check = pullpath(&["check", target]);
        assert_eq!(check.code, 0, "{case}: {}", check.out);
        assert!(check.out.contains("a sandbox, it can be played"), "{case}: {}", check.out);
        let again = explain(&["-f", case, "--rehearse", target], "");
        assert!(again.err.contains("there is something in it already"), "{}", again.err);
    }
    let expired = folder.path().join("ecr-expired");
    let played = pullpath(&["run", expired.to_str().unwrap()]);
    assert!(played.out.contains("403 Forbidden"), "{}", played.out);
    assert!(played.out.contains("token-expired"), "{}", played.out);
    // The sandbox's own files are explained like the input they come from.
    let files = expired.join("files");
    let run = explain(&["-f", files.to_str().unwrap(), NOW[0], NOW[1]], "");
    assert_eq!(run.code, 1, "{}", run.out);
}

#[test]
fn other_files_of_a_folder_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("values.yaml"), "replicas: 3\nimage: nginx\n").unwrap();
    fs::write(folder.path().join("package.json"), "{\"name\": \"x\"}\n").unwrap();
    let at = folder.path().to_str().unwrap();
    let none = explain(&["-f", at], "");
    assert_eq!(none.code, 2);
    assert!(none.err.contains("there is no file to read"), "{}", none.err);
    fs::copy("tests/explain/all-pull/deployment.yaml", folder.path().join("d.yml")).unwrap();
    assert_eq!(explain(&["-f", at], "").code, 0);
}

#[test]
fn a_message_leads_to_what_brings_it_about() {
    let ask = |message: &str, more: &[&str]| {
        pullpath(&[&["explain", "--message", message][..], more].concat())
    };
    let bare = "Failed to pull image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7\": failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7\": failed to resolve image: unexpected status from HEAD request to https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/web/manifests/7: 403 Forbidden";
    let run = ask(bare, &[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    for part in [
        "1. The token is past its lifetime.\n   registries   Amazon ECR, private\n   runtimes     containerd 2.1.0 to 2.3.2\n",
        "   reads with   containerd 2.3.3 and later:\n",
        "denied: Your authorization token has expired",
        "2. The credential is good, and its owner may not pull this image.\n",
        "Word by word:\n\n   Failed to pull image\n",
        "To go on:\n",
    ] {
        assert!(run.out.contains(part), "{part:?}: {}", run.out);
    }
    // Only its own words come back, and the image's name: what else stands in a message may be anything.
    let run = ask(
        "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://a.io/token?account=marked: 401 Unauthorized marked",
        &[],
    );
    assert!(run.code == 0 && !run.out.contains("marked"), "{}", run.out);
    let run = ask("the dog ate the manifest", &[]);
    assert_eq!(run.code, 1);
    let run = ask("ImagePullBackOff", &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(
        json["situations"][0]["what"],
        "A pull failed before, and the node waits before it tries again, up to five minutes."
    );
    let run = ask("ImagePullBackOff", &["-f", "Cargo.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("one at a time"), "{}", run.err);
}

//! `docs/messages.md`: what every failed pull reads like, as the model says it; and the way back, from a message to
//! what brings it about.

use std::fmt::Write as _;

use pullpath_model::catalogue::{
    Matter, Reading, Saying, Situation, phrases, readings, releases, search,
};
use pullpath_model::world::RegistryKind;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/messages.md");

const HEAD: &str = "\
# What the message of a failed pull means

Each text stands behind `Failed to pull image \"…\": ` in the event, and in the waiting message of the container. Kubelets up to 1.27 put
`rpc error: code = Unknown desc = ` before those that have no code here.

Names, hosts, digests and addresses differ, the words do not: `pullpath explain --message '…'` and the page *Messages* of the app look a
text up here by its words. Where one text stands in several places, the message does not tell them apart.

The model makes this page: `PULLPATH_UPDATE=1 cargo test -p pullpath-model --test catalogue` writes it anew. `use_local_image_pull` is
containerd's setting, and what forces it.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut last: Option<Reading> = None;
    for reading in readings() {
        if last.as_ref().is_none_or(|last| last.kind != reading.kind) {
            // What an open registry says where its kind makes no difference is any registry's.
            let title = match reading.kind {
                RegistryKind::Open => "Any registry",
                kind => kind.title(),
            };
            let _ = write!(page, "\n## {title}\n");
        }
        if last
            .as_ref()
            .is_none_or(|last| (last.kind, last.situation) != (reading.kind, reading.situation))
        {
            let _ = write!(page, "\n### {}\n", reading.situation.sentence());
        }
        let text = match &reading.refusal {
            None => "The image comes all the same.".to_owned(),
            Some(_) => format!("```text\n{}\n```", reading.message),
        };
        let _ = write!(page, "\n{}:\n\n{text}\n", capital(&releases(&reading.runtimes)));
        last = Some(reading);
    }
    page.push_str("\n## The kubelet itself\n");
    for saying in Saying::ALL {
        let _ = write!(page, "\n### {}\n", saying.sentence());
        for text in saying.texts() {
            let _ = write!(page, "\n```text\n{text}\n```\n");
        }
    }
    page
}

/// containerd's name is written as it writes it.
fn capital(text: &str) -> String {
    text.replacen("every", "Every", 1)
}

#[test]
fn the_page_says_what_the_model_says() {
    let page = page();
    if std::env::var_os("PULLPATH_UPDATE").is_some() {
        std::fs::write(PAGE, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(PAGE).expect("the page is there");
    assert!(written == page, "docs/messages.md is not what the model says; see its head");
}

#[test]
fn nobody_reads_a_secret_there() {
    for reading in readings() {
        for secret in ["wrong\"", "right", "alice:"] {
            assert!(!reading.message.contains(secret), "{reading:?}");
        }
    }
}

/// Every text of the page leads back to the place that it came from, also in other words' company.
#[test]
fn every_reading_is_found_by_its_message() {
    for reading in readings() {
        if reading.refusal.is_none() {
            continue;
        }
        let Reading { kind, situation, runtimes, message, .. } = &reading;
        let text = message.replace("team/app", "other/thing").replace("sha256:", "sha256:0");
        let text = format!(
            "Warning  Failed  3m (x4 over 5m)  kubelet  Failed to pull image \"app:1\": {text}"
        );
        let meaning = search(&text);
        let found = meaning.causes.iter().any(|cause| {
            cause.what == Matter::Pull(*situation)
                && (cause.kinds.is_empty() || cause.kinds.contains(kind))
                && runtimes.iter().all(|runtime| cause.runtimes.contains(runtime))
        });
        assert!(found, "{kind:?} {situation:?}: {text}\n{:?}", meaning.causes);
        assert!(!phrases(&text).is_empty(), "{text}");
    }
    for saying in Saying::ALL {
        for text in saying.texts() {
            let meaning = search(&text);
            let found = meaning.causes.iter().any(|cause| cause.what == Matter::Kubelet(saying));
            assert!(found, "{saying:?}: {text}");
        }
    }
}

/// Messages as people met them, and what they come to: situations, and the kinds for the first.
#[test]
fn real_messages_are_found() {
    #[track_caller]
    fn check(message: &str, want: &[Matter]) {
        let found: Vec<Matter> = search(message).causes.iter().map(|cause| cause.what).collect();
        assert_eq!(found, want, "{message}");
    }
    let pull = Matter::Pull;
    // kubernetes/kops issue 16762, the form before 2.1.
    check(
        "Failed to pull image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7\": failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7\": failed to resolve reference \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7\": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
        &[pull(Situation::NoCredential)],
    );
    // A bare 403 of ECR does not say why.
    check(
        "failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7\": failed to resolve image: unexpected status from HEAD request to https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/web/manifests/7: 403 Forbidden",
        &[
            pull(Situation::TokenTooOld),
            pull(Situation::NoRight),
            pull(Situation::OtherAccount),
            pull(Situation::NoImportRight),
        ],
    );
    check(
        "failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7\": failed to resolve image: unexpected status from HEAD request to https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/web/manifests/7: 403 Forbidden\ndenied: Your authorization token has expired. Reauthenticate and try again.",
        &[pull(Situation::TokenTooOld)],
    );
    // A waiting message in JSON, of an old kubelet.
    check(
        r#"{"message":"Back-off pulling image \"nginx:9\": ErrImagePull: rpc error: code = Unknown desc = failed to pull and unpack image \"docker.io/library/nginx:9\": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:ab: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}"#,
        &[pull(Situation::AddressLimit)],
    );
    check(
        "Failed to pull image \"harbor.corp/a/b:1\": [failed to pull and unpack image \"harbor.corp/a/b:1\": failed to resolve image: failed to do request: Head \"https://harbor.corp/v2/a/b/manifests/1\": tls: failed to verify certificate: x509: certificate signed by unknown authority, failed to pull and unpack image \"harbor.corp/a/b:1\": failed to resolve image: harbor.corp/a/b:1: not found]",
        &[pull(Situation::NoTag), pull(Situation::NoRepository), pull(Situation::UnknownAuthority)],
    );
    check(
        "Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.",
        &[Matter::Kubelet(Saying::MissingSecret)],
    );
    check("ImagePullBackOff", &[Matter::Kubelet(Saying::HeldBack)]);
    check("Container started", &[]);
    check("", &[]);
}

#[test]
fn a_message_says_how_it_would_read_elsewhere() {
    let meaning = search(
        "failed to pull and unpack image \"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7\": failed to resolve image: unexpected status from HEAD request to https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/web/manifests/7: 403 Forbidden",
    );
    let old = &meaning.causes[0];
    assert_eq!(releases(&old.runtimes), "containerd 2.1.0 to 2.3.2");
    let newest =
        old.elsewhere.iter().find(|(runtimes, _)| releases(runtimes).ends_with("2.3.3 and later"));
    let (_, text) = newest.expect("the newest reads otherwise");
    // In the names of the message that was asked about.
    assert!(text.contains("us-east-1.amazonaws.com/web:7"), "{text}");
    assert!(text.ends_with(
        "\ndenied: Your authorization token has expired. Reauthenticate and try again."
    ));
}

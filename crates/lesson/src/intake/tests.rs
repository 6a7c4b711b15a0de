//! Documents in, what is read or told out.

use serde_json::json;

use super::*;

#[track_caller]
fn value(text: &str, profile: Profile) -> Value {
    let checked = read("f.yaml", text, profile);
    assert_eq!(checked.diagnostics, [], "{text}");
    let documents = checked.value.expect("a value without problems");
    Value::Array(documents.into_iter().map(|document| document.value).collect())
}

/// `code@line:column` of each problem.
#[track_caller]
fn problems(text: &str, profile: Profile) -> Vec<String> {
    let shown = |diagnostic: &Diagnostic| {
        let at = crate::source::position(text, diagnostic.span.start);
        assert!(diagnostic.hint.is_some(), "{diagnostic:?}");
        format!("{}@{}:{}", diagnostic.code, at.line, at.column)
    };
    read("f.yaml", text, profile).diagnostics.iter().map(shown).collect()
}

#[test]
fn documents_read() {
    use Profile::{Authored, Manifest};
    assert_eq!(
        value("a: 1\nb: [x, {c: yes}]\n", Manifest),
        json!([{"a": 1, "b": ["x", {"c": true}]}])
    );
    assert_eq!(value("a: yes\n", Authored), json!([{"a": "yes"}]));
    assert_eq!(value("", Manifest), json!([]));
    assert_eq!(value("# nothing\n---\n---\na: 1\n---\n", Manifest), json!([{"a": 1}]));
    assert_eq!(value("a: |\n  x\n  y\n", Authored), json!([{"a": "x\ny\n"}]));
    assert_eq!(value("1: a\ntrue: b\n", Manifest), json!([{"1": "a", "true": "b"}]));
    assert_eq!(value("1.10: a\n", Authored), json!([{"1.10": "a"}]));
    assert_eq!(
        value("a: !!str 5\nb: ! 6\nc: '7'\n", Manifest),
        json!([{"a": "5", "b": "6", "c": "7"}])
    );
    assert_eq!(value("a:\n", Manifest), json!([{"a": null}]));
    assert_eq!(value("\u{feff}a: 1\n", Manifest), json!([{"a": 1}]));
}

#[test]
fn aliases_and_merges() {
    let merged = "base: &b {p: 1, q: 2}\nother: &o {q: 3, r: 4}\nsum:\n  <<: [*b, *o]\n  p: 0\n";
    let documents = value(merged, Profile::Manifest);
    assert_eq!(documents[0]["sum"], json!({"p": 0, "q": 2, "r": 4}));
    let kept = value("a: &a {x: 1}\nb: {'<<': 5}\nc: *a\n", Profile::Manifest);
    assert_eq!(kept[0]["b"], json!({"<<": 5}));
    assert_eq!(kept[0]["c"], json!({"x": 1}));
    assert_eq!(
        value("a: &a {x: 1}\nb: {<<: *a}\n", Profile::Authored)[0]["b"],
        json!({"<<": {"x": 1}})
    );
    // An alias as a key, and an anchor on a key's value.
    assert_eq!(value("a: &k name\nb: {*k : 1}\n", Profile::Manifest)[0]["b"], json!({"name": 1}));
}

#[test]
fn every_node_has_its_place() {
    let text = "kind: Pod\nspec:\n  containers:\n    - name: é\n      image: \"x\"\n  empty:\n";
    let documents = read("f.yaml", text, Profile::Manifest).value.unwrap();
    let places = &documents[0].places;
    let at = |span: Span| text[span].to_owned();
    assert_eq!(at(places.value("/kind")), "Pod");
    assert_eq!(at(places.key("/spec/containers")), "containers");
    assert_eq!(at(places.value("/spec/containers/0/image")), "\"x\"");
    assert_eq!(at(places.key("/spec/containers/0")), "name: é\n      image: \"x\"");
    assert_eq!(at(places.value("/spec/empty")), "empty");
    assert_eq!(at(places.value("/spec/containers/0/nothing/here")), "name: é\n      image: \"x\"");
    assert_eq!(at(places.value("/spec/containers/7")), "- name: é\n      image: \"x\"");
    assert_eq!(pointer("/data", "a/b~c"), "/data/a~1b~0c");
}

#[test]
fn every_mistake_is_told_with_its_place() {
    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        assert_eq!(problems(text, Profile::Manifest), want, "{text}");
    }
    check("a: 1\nb: 2\na: 3\nb: 4\n", &["duplicate-key@3:1", "duplicate-key@4:1"]);
    check("1: a\n'1': b\n", &["duplicate-key@2:1"]);
    check("a: !Ref x\nb: !!binary eA==\n", &["unsupported-tag@1:4", "unsupported-tag@2:4"]);
    check("a: !!map 5\n", &["unsupported-tag@1:4", "wrong-type@1:10"]);
    check("a: !!int five\n", &["wrong-type@1:10"]);
    check("a: *x\n", &["unknown-alias@1:4"]);
    check("a: &x [*x]\n", &["unknown-alias@1:8"]);
    check("a: .inf\n", &["not-json@1:4"]);
    check("~: 1\n", &["bad-key@1:1"]);
    check("? [a]\n: 1\n", &["bad-key@1:3"]);
    check("a: {<<: 5}\n", &["bad-merge@1:5"]);
    check("a: [1, 2\n", &["yaml-syntax@1:4"]);
    check("a: \"x\n", &["yaml-syntax@1:4"]);
    check("a:\n\tb: 1\n", &["yaml-syntax@2:1"]);
    check("a: x\n\tb: 1\n", &["yaml-syntax@2:1"]);
    check("a: b: c\n", &["yaml-syntax@1:5"]);
    check("a: 1\n  b: 2\n", &["yaml-syntax@2:4"]);
}

#[test]
fn hostile_texts_end_soon_with_a_place() {
    #[track_caller]
    fn check(text: &str, code: &str) {
        for profile in [Profile::Manifest, Profile::Authored] {
            let all = problems(text, profile);
            let last = all.last().map_or("", String::as_str);
            assert!(last.starts_with(code), "{code}: {all:?}");
            assert!(all.len() <= MOST_DIAGNOSTICS + 2);
        }
    }
    // The engine's stack in the page has 1 MiB.
    let run = || {
        check(&"a: b\n".repeat(2_000_000), "too-large@1:1");
        check(&"[".repeat(100_000), "too-deep@1:65");
        check(&"{a: ".repeat(60_000), "too-deep@1:257");
        check(&"- ".repeat(100_000), "too-deep@1:129");
        let blocks: String = (0..700).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        check(&blocks, "too-deep@65:65");
        check(&"? ".repeat(100_000), "too-deep");
        let laughs: String = (1..10)
            .map(|level| {
                format!("a{level}: &a{level} [{}]\n", format!("*a{},", level - 1).repeat(9))
            })
            .collect();
        check(&format!("a0: &a0 lol\n{laughs}"), "too-many-nodes@");
        let big = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a,".repeat(1000));
        check(&big, "too-much-text@2:32");
        check(&format!("a: &a x\nb: [{}]\n", "*a,".repeat(1001)), "too-many-aliases@2:");
        check(&format!("[{}]", "x,".repeat(20_001)), "too-many-nodes@1:");
        check(&"--- a\n".repeat(65), "too-many-documents@65:1");
        check(&"a: 1\n".repeat(50_000), "too-many-problems@");
        let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(40), "]".repeat(40));
        check(&format!("a: &a {}\nb: {}\n", deep("1"), deep("*a")), "too-deep@2:");
        check(&format!("\"{}", "x".repeat(200_000)), "yaml-syntax@1:1");
        check(&format!("{}: x", "k".repeat(200_000)), "yaml-syntax@");
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn long_keys_over_many_nodes_stay_small() {
    let text = format!("\"{}\":\n{}", "k".repeat(1000), "  - a\n".repeat(15_000));
    let checked = read("f.yaml", &text, Profile::Manifest);
    assert_eq!(checked.diagnostics, []);
}

/// Where the other reader has the same rules (no 1.1 scalars), both must say the same.
#[test]
fn a_second_reader_agrees() {
    for text in [
        "a: {b: [1, -2, 3.5, true, null, ~, 'x', \"y\\n\"]}\n",
        "a: >-\n  folded\n  text\n\n  more\nb: |+\n  kept\n\n",
        "- - a\n  - b\n-\n  c: d\n",
        "a: &x {k: v}\nb: *x\n",
        "\"quoted key\": 'it''s'\n? long\n: short\n",
        "a: 'multi\n  line'\nb: plain\n  too\n",
    ] {
        let theirs: Value = serde_yaml::from_str(text).unwrap();
        assert_eq!(value(text, Profile::Authored), json!([theirs]), "{text}");
    }
}

#[test]
fn a_dump_is_read_within_limits_of_its_own() {
    let item = "- metadata:\n    managedFields:\n    - fieldsV1:\n        f:data:\n          k:{\"x\":1}:\n            .: {}\n      \
                time: '2026-03-03T07:00:00Z'\n    name: é\n  on: yes\n";
    let text = format!("items:\n{}", item.repeat(6_000));
    assert_eq!(problems(&text, Profile::Manifest), ["too-large@1:1"]);
    let mut told = Vec::new();
    let checked = read_places("f.yaml", &text, Profile::Dump, &mut |read| told.push(read));
    assert_eq!(checked.diagnostics, []);
    assert!(told.len() > 1 && told.is_sorted(), "{told:?}");
    let documents = checked.value.unwrap();
    let items: Vec<Cursor<'_>> = documents[0].cursor().get("items").unwrap().items().collect();
    assert_eq!(items.len(), 6_000);
    let last = items[5_999];
    let want = json!({
        "metadata": {
            "managedFields": [{"fieldsV1": {}, "time": "2026-03-03T07:00:00Z"}],
            "name": "é",
        },
        "true": true,
    });
    assert_eq!(last.to_value(), want);
    let name = last.at(&["metadata", "name"]).unwrap();
    assert_eq!(&text[name.span()], "é");
    assert_eq!(&text[name.key_span().unwrap()], "name");
    assert_eq!(name.span().end, text.len() - "\n  on: yes\n".len());
    assert_eq!(problems("a: &x {fieldsV1: [1, {b: 2}]}\nc: *x\n", Profile::Dump), [""; 0]);
    assert_eq!(
        problems("a: {fieldsV1: {}, fieldsV1: {}}\n", Profile::Dump),
        ["duplicate-key@1:19"]
    );
}

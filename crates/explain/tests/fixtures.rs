//! Realistic inputs, each with its whole report kept beside it. Every secret in them holds the word `MARKED`, plainly or
//! inside base64, and no form of the report may hold it.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use pullpath_explain::{Input, Moment, Options, Report, World, explain, sarif, text};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/explain")
}

fn cases() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn read(case: &str) -> (Vec<Input>, Options) {
    let mut options = Options::at(Moment::parse("2026-03-03T07:00:00Z").unwrap());
    let mut files: Vec<_> =
        fs::read_dir(folder().join(case)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut inputs = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        if name == "world.yaml" {
            let world = World::read(&name, &text);
            assert_eq!(world.diagnostics, []);
            options.world = world.value.unwrap();
        } else {
            inputs.push(Input { name, text });
        }
    }
    (inputs, options)
}

fn report(case: &str) -> Report {
    let (inputs, options) = read(case);
    explain(&inputs, &options)
}

#[test]
fn every_report_is_as_it_was_read_and_found_good() {
    let cases = cases();
    assert!(cases.len() >= 12, "{cases:?}");
    for case in cases {
        insta::assert_snapshot!(case.as_str(), text::render(&report(&case)));
    }
}

#[test]
fn the_other_formats_say_the_same() {
    let expired = report("ecr-expired");
    insta::assert_snapshot!("ecr-expired.json", serde_json::to_string_pretty(&expired).unwrap());
    let sarif = sarif::render(&report("helm-default-serviceaccount"), "1.2.3");
    insta::assert_snapshot!(
        "helm-default-serviceaccount.sarif",
        serde_json::to_string_pretty(&sarif).unwrap()
    );
}

/// What `MARKED` looks like inside base64, whichever of three places in a group it begins at, and inside base64 of that.
fn shapes() -> Vec<String> {
    let encoded = |text: &str| -> Vec<String> {
        (0..3)
            .map(|before| {
                let coded = STANDARD_NO_PAD.encode(format!("{}{text}", "\0".repeat(before)));
                // The first and last digits hang on what stands beside.
                let from = [0, 2, 3][before];
                coded[from..coded.len() - 1].to_owned()
            })
            .collect()
    };
    let once = encoded("MARKED");
    let twice = once.iter().flat_map(|text| encoded(text)).collect::<Vec<_>>();
    [vec!["MARKED".to_owned()], once, twice].concat()
}

#[test]
fn no_form_of_a_report_holds_a_secret() {
    let shapes = shapes();
    for case in cases() {
        let (inputs, _) = read(&case);
        let report = report(&case);
        let forms = [
            text::render(&report),
            serde_json::to_string(&report).unwrap(),
            sarif::render(&report, "1").to_string(),
            format!("{report:?}"),
        ];
        for shape in &shapes {
            for form in &forms {
                assert!(!form.contains(shape.as_str()), "{case}: {shape} in\n{form}");
            }
        }
        let holds = |shape: &String| inputs.iter().any(|input| input.text.contains(shape.as_str()));
        let has_secrets = inputs.iter().any(|input| input.text.contains("kind: Secret"));
        assert!(!has_secrets || shapes.iter().any(holds), "{case} marks nothing");
    }
}

/// A place must be that of the text it is about, whatever the line ends and the marks at the beginning.
#[test]
fn places_are_exact() {
    for case in cases() {
        let (inputs, _) = read(&case);
        let report = report(&case);
        for image in &report.images {
            let input = inputs.iter().find(|input| input.name == image.place.file).unwrap();
            let line = input.text.lines().nth(image.place.line as usize - 1).unwrap();
            let column = image.place.column as usize - 1;
            let rest: String = line.chars().skip(column).collect();
            let rest = rest.trim_start_matches(['"', '\'']);
            assert!(rest.starts_with(&image.image), "{case}: {} at {line}", image.image);
        }
    }
}

/// The same input cut anywhere, and with every byte of it doubled, is read without a panic.
#[test]
fn broken_inputs_do_no_harm() {
    for case in cases() {
        let (inputs, options) = read(&case);
        for input in inputs {
            let most = input.text.len().min(12_000);
            for cut in (0..most).step_by(most / 40 + 1) {
                let cut = input.text.floor_char_boundary(cut);
                let text = input.text[..cut].to_owned();
                let report = explain(&[Input { name: "cut".into(), text }], &options);
                assert!(!text::render(&report).contains("MARKED"), "{case} at {cut}");
            }
        }
    }
}

//! Dumps, `describe` texts and messages, through `pullpath explain` and each of its ways to say the answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pullpath_explain::{Input, Moment, Options, rehearse, sarif, text};

fuzz_target!(|dump: &str| {
    let inputs = [Input { name: "dump.yaml".to_owned(), text: dump.to_owned() }];
    let options = Options::at(Moment::from_unix(1_772_442_000));
    let report = pullpath_explain::explain(&inputs, &options);
    for finding in report.findings.iter().chain(&report.unreadable) {
        let place = &finding.place;
        assert!(place.line >= 1 && place.column >= 1, "{finding:?} counts from 1");
        assert!((place.line, place.column) <= (place.end_line, place.end_column), "{finding:?} goes on");
        assert!(!finding.message.is_empty(), "{finding:?} has words");
    }
    assert!(!text::render(&report).is_empty());
    assert!(sarif::render(&report, "1").is_object());
    let _ = rehearse::folder(&inputs, &options, "rehearsal");
});

//! Finds case files, takes them apart into cases, and plays each one where a panic does no harm.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;

use serde_yaml::Value;

use crate::case::Case;
use crate::family::{self, Play};
use crate::report::{Outcome, Report, Verdict};

/// The family of recordings of a whole cluster.
pub const CLUSTER: &str = "cluster";

/// How deep folders may lie in one another.
const MAX_DEPTH: u32 = 16;

/// Plays every case file below a folder (or the one file).
pub fn directory(path: &Path) -> io::Result<Report> {
    let mut files = Vec::new();
    collect(path, 0, &mut files)?;
    files.sort();
    let mut report = Report::default();
    for path in &files {
        file(path, &mut report);
    }
    Ok(report)
}

fn collect(path: &Path, depth: u32, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        if depth < MAX_DEPTH {
            for entry in fs::read_dir(path)? {
                collect(&entry?.path(), depth + 1, files)?;
            }
        }
    } else if depth == 0 || is_case_file(path) {
        // What is named by hand must be there; `metadata` says why it is not.
        fs::metadata(path)?;
        files.push(path.to_owned());
    }
    Ok(())
}

fn is_case_file(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
}

/// Plays one file; a file that cannot be read is one case that was not played.
fn file(path: &Path, report: &mut Report) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let in_cluster = path.parent().and_then(Path::file_name).is_some_and(|name| name == CLUSTER);
    let parsed = fs::read_to_string(path)
        .map_err(|error| error.to_string())
        .and_then(|text| quietly(|| serde_yaml::from_str::<Value>(&text)))
        .and_then(|value| value.map_err(|error| error.to_string()));
    let value = match parsed {
        Ok(value) => value,
        Err(error) => {
            let verdict = Verdict::NotPlayed(format!("unreadable: {error}"));
            let (family, id) =
                if in_cluster { (CLUSTER.to_owned(), stem) } else { (stem, "file".to_owned()) };
            return report.outcomes.push(Outcome { family, id, verdict });
        }
    };
    let is_recording = value.get("id").is_some() && value.get("actions").is_some();
    let family = if in_cluster || is_recording { CLUSTER.to_owned() } else { stem.clone() };
    let player = family::player(&family);
    let cases = if family == CLUSTER {
        vec![Case { group: CLUSTER, value: &value, file: &value }]
    } else {
        cases_of(&value)
    };
    if cases.is_empty() {
        let verdict = Verdict::NotPlayed("no cases in it".to_owned());
        return report.outcomes.push(Outcome { family, id: "file".to_owned(), verdict });
    }
    for (number, case) in cases.into_iter().enumerate() {
        let named = ["id", "name"].iter().find_map(|key| case.value.get(*key)?.as_str());
        let id = named.map_or_else(
            || if family == CLUSTER { stem.clone() } else { format!("#{}", number + 1) },
            str::to_owned,
        );
        report.outcomes.push(Outcome {
            family: family.clone(),
            id,
            verdict: verdict(player, &case),
        });
    }
}

/// The cases of a file: its items, if it is a list; else the items of `groups[].cases`, and of every other list of mappings
/// at its top.
fn cases_of(file: &Value) -> Vec<Case<'_>> {
    let case = |group, value| Case { group, value, file };
    if let Some(items) = file.as_sequence() {
        return items.iter().filter(|item| item.is_mapping()).map(|item| case("", item)).collect();
    }
    let mut cases = Vec::new();
    let lists = file.as_mapping().into_iter().flatten();
    for (key, value) in lists {
        let (Some(key), Some(items)) = (key.as_str(), value.as_sequence()) else { continue };
        for item in items.iter().filter(|item| item.is_mapping()) {
            match (item.get("group").and_then(Value::as_str), item.get("cases")) {
                (Some(group), Some(Value::Sequence(inner))) => {
                    cases.extend(inner.iter().map(|value| case(group, value)));
                }
                _ => cases.push(case(key, item)),
            }
        }
    }
    cases
}

/// Plays one case.
fn verdict(player: Option<Play>, case: &Case<'_>) -> Verdict {
    let Some(play) = player else {
        return Verdict::NotPlayed("unknown family".to_owned());
    };
    match quietly(|| play(case)) {
        Err(words) => Verdict::Panicked(words),
        Ok(Err(why)) => Verdict::NotPlayed(why.0),
        Ok(Ok(differences)) if differences.is_empty() => Verdict::Passed,
        Ok(Ok(differences)) => Verdict::Failed(differences),
    }
}

thread_local! {
    // The words of the panic that this thread is in, while it plays a case.
    static WORDS: RefCell<Option<String>> = const { RefCell::new(None) };
    static PLAYING: RefCell<bool> = const { RefCell::new(false) };
}

/// Does something that may panic; the panic's words and place instead of a printed backtrace.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if PLAYING.with(|playing| *playing.borrow()) {
                WORDS.with(|words| *words.borrow_mut() = Some(info.to_string()));
            } else {
                before(info);
            }
        }));
    });
    PLAYING.with(|playing| *playing.borrow_mut() = true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    PLAYING.with(|playing| *playing.borrow_mut() = false);
    outcome.map_err(|_| {
        WORDS.with(|words| words.borrow_mut().take()).unwrap_or_else(|| "no words".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, family: &str) -> Vec<Verdict> {
        let value: Value = serde_yaml::from_str(text).unwrap();
        cases_of(&value).iter().map(|case| verdict(family::player(family), case)).collect()
    }

    #[test]
    fn a_key_that_nobody_knows_is_a_case_that_was_not_played() {
        let good = "{id: x, glob: ghcr.io, target: ghcr.io/a, match: true}";
        let strange = "{id: y, glob: ghcr.io, target: ghcr.io/a, match: true, colour: red}";
        let text = format!("groups: [{{group: g, cases: [{good}, {strange}]}}]");
        let verdicts = run(&text, "url_match");
        assert_eq!(verdicts[0], Verdict::Passed);
        assert!(matches!(&verdicts[1], Verdict::NotPlayed(why) if why.contains("colour")));
    }

    #[test]
    fn a_wrong_expectation_fails() {
        let text = "groups: [{group: g, cases: [{id: x, glob: a.io, target: b.io, match: true}]}]";
        assert!(matches!(run(text, "url_match")[0], Verdict::Failed(_)));
    }

    #[test]
    fn an_unknown_family_is_counted_and_a_panic_is_caught() {
        let text = "cases: [{id: x}, {id: y}]";
        assert_eq!(run(text, "weather").len(), 2);
        assert!(matches!(run(text, "weather")[0], Verdict::NotPlayed(_)));
        let value = Value::Null;
        let case = Case { group: "", value: &value, file: &value };
        let verdict = verdict(Some(|_| panic!("on purpose")), &case);
        assert!(matches!(verdict, Verdict::Panicked(words) if words.contains("on purpose")));
    }
}

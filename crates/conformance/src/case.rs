//! One case as its file has it, and what comes of playing it.

use std::fmt::{Debug, Write as _};

use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

/// Keys that say something to a reader and nothing to the model.
const LABELS: [&str; 5] = ["id", "name", "title", "note", "rule"];

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The list it stands in: the name of its group, or the key of its list.
    pub group: &'a str,
    /// The case.
    pub value: &'a Value,
    /// The file that it stands in: what its cases share is beside them.
    pub file: &'a Value,
}

/// A difference between what a case expects and what the model gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Of what.
    pub what: String,
    /// What the case says.
    pub expected: String,
    /// What the model says.
    pub got: String,
}

/// Why a case could not be played: a key, a word or a shape that the runner does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPlayed(pub String);

/// The differences found by playing a case; none is a pass.
pub type Played = Result<Vec<Difference>, NotPlayed>;

impl Case<'_> {
    /// The fields that the case has apart from its labels. `T` denies fields that it does not know.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, NotPlayed> {
        let mut value = self.value.clone();
        if let Some(fields) = value.as_mapping_mut() {
            for label in LABELS {
                fields.remove(label);
            }
        }
        serde_yaml::from_value(value).map_err(|error| NotPlayed(error.to_string()))
    }

    /// Fails if the case has a key that is in none of the lists.
    pub fn knows(&self, keys: &[&str]) -> Result<(), NotPlayed> {
        let fields: Option<&Mapping> = self.value.as_mapping();
        let stranger = fields.into_iter().flat_map(Mapping::keys).find(|key| {
            !key.as_str().is_some_and(|key| LABELS.contains(&key) || keys.contains(&key))
        });
        match stranger {
            Some(key) => Err(NotPlayed(format!("unknown key {key:?}"))),
            None => Ok(()),
        }
    }
}

/// A case that says something the runner has no part for.
pub fn not_played<T>(why: impl Into<String>) -> Result<T, NotPlayed> {
    Err(NotPlayed(why.into()))
}

/// Compares two things of one type.
pub fn differ<T: PartialEq + Debug + ?Sized>(
    what: &str,
    got: &T,
    expected: &T,
) -> Option<Difference> {
    (got != expected).then(|| Difference {
        what: what.to_owned(),
        expected: format!("{expected:#?}"),
        got: format!("{got:#?}"),
    })
}

/// Compares two texts, shown as they are.
pub fn differ_text(what: &str, got: &str, expected: &str) -> Option<Difference> {
    (got != expected).then(|| Difference {
        what: what.to_owned(),
        expected: expected.to_owned(),
        got: got.to_owned(),
    })
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let indented = |text: &str| {
            text.lines().fold(String::new(), |mut all, line| {
                let _ = write!(all, "\n    {line}");
                all
            })
        };
        let (expected, got) = (indented(&self.expected), indented(&self.got));
        write!(f, "{}\n  expected:{expected}\n  got:{got}", self.what)
    }
}

//! The table of broken scenario folders as Rust reads it, for the tests of the formats, of the command line, and of the
//! engine in a browser. Everything is compiled in, because a browser has no files.

use pullpath_lesson::Texts;
use pullpath_lesson::intake::{self, Profile};
use serde::Deserialize;

/// One entry of `cases.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) replace: Option<String>,
    pub(crate) with: Option<String>,
    pub(crate) write: Option<String>,
    pub(crate) append: Option<String>,
    #[serde(default)]
    pub(crate) delete: bool,
    pub(crate) generate: Option<Generate>,
    pub(crate) found: Option<String>,
    #[serde(default)]
    pub(crate) lesson: bool,
    pub(crate) code: String,
    pub(crate) at: String,
}

/// A text that is too large to keep.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Generate {
    #[serde(default)]
    pub(crate) before: String,
    pub(crate) repeat: String,
    pub(crate) times: usize,
    #[serde(default)]
    pub(crate) after: String,
}

impl Case {
    /// Breaks the texts in the way of this case.
    pub(crate) fn apply(&self, texts: &mut Texts) {
        if self.delete {
            texts.remove(&self.file).expect("the file to delete is there");
            return;
        }
        let text = texts.entry(self.file.clone()).or_default();
        if let (Some(replace), Some(with)) = (&self.replace, &self.with) {
            assert!(text.contains(replace), "{}: `{replace}` is not in {}", self.name, self.file);
            *text = text.replacen(replace, with, 1);
        }
        if let Some(write) = &self.write {
            text.clone_from(write);
        }
        if let Some(append) = &self.append {
            text.push_str(append);
        }
        if let Some(Generate { before, repeat, times, after }) = &self.generate {
            *text = format!("{before}{}{after}", repeat.repeat(*times));
        }
    }
}

/// The scenario without a mistake: path and text.
const BASE: &[(&str, &str)] = &[
    ("brief.md", include_str!("base/brief.md")),
    ("explanation.md", include_str!("base/explanation.md")),
    ("files/deployment.yaml", include_str!("base/files/deployment.yaml")),
    ("files/secret.yaml", include_str!("base/files/secret.yaml")),
    ("quizzes/base-quiz.yaml", include_str!("base-quiz.yaml")),
    // No quiz at all.
    ("quizzes/mistaken.yaml", "questions: []\n"),
    ("scenario.yaml", include_str!("base/scenario.yaml")),
    ("setup/namespace.yaml", include_str!("base/setup/namespace.yaml")),
    (
        "solutions/name-the-account/deployment.yaml",
        include_str!("base/solutions/name-the-account/deployment.yaml"),
    ),
    ("wrong/restart-only/commands.sh", include_str!("base/wrong/restart-only/commands.sh")),
];

/// The lesson without a mistake.
pub(crate) const LESSON: &str = include_str!("base-lesson.md");

/// The scenario without a mistake.
pub(crate) fn base() -> Texts {
    BASE.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// The texts that a case breaks, broken.
pub(crate) fn broken(case: &Case) -> Texts {
    let mut texts =
        if case.lesson { Texts::from([(case.file.clone(), LESSON.to_owned())]) } else { base() };
    case.apply(&mut texts);
    texts
}

/// Every case.
pub(crate) fn cases() -> Vec<Case> {
    let read = intake::read("cases.yaml", include_str!("cases.yaml"), Profile::Authored);
    assert_eq!(read.diagnostics, []);
    let document = read.value.expect("the table reads").remove(0);
    serde_json::from_value(document.value).expect("every case has its fields")
}

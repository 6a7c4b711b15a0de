//! What is wrong in a file that a person wrote: a code for machines, a place for the eye, a hint for the hand.

use std::fmt::Write;

use pullpath_view::wire::Problem;

use crate::Texts;
use crate::source::{Span, floor, line_at, position};

/// A mistake, or something worth a second look, at a place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// For machines: `unknown-field`.
    pub code: &'static str,
    /// Path of the file.
    pub file: String,
    /// Where, in bytes of the file.
    pub span: Span,
    /// One phrase in lower case without a full stop; what the user wrote stands in backticks.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// Whether the file can be used all the same.
    pub severity: Severity,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, and something in it is most likely not meant.
    Warning,
    /// It can, and this is worth a thought.
    Note,
}

impl Severity {
    /// As it is printed, and as SARIF calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// What came of reading something, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<T> {
    /// The value, if it could be made; there may be diagnostics all the same.
    pub value: Option<T>,
    /// Every problem, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Checked<T> {
    /// The value, unless there was an error.
    pub fn into_result(self) -> Result<T, Vec<Diagnostic>> {
        match self.value {
            Some(value) if !any_errors(&self.diagnostics) => Ok(value),
            _ => Err(self.diagnostics),
        }
    }

    /// Whether there is a value and no error.
    pub fn is_usable(&self) -> bool {
        self.value.is_some() && !any_errors(&self.diagnostics)
    }
}

/// Whether one of them is an error.
pub fn any_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// The widest part of a source line that is shown.
const WIDTH: usize = 100;
/// How much of a cut line stands before the place.
const BEFORE: usize = 40;

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, file: &str, span: Span, message: impl Into<String>) -> Self {
        let (file, message) = (file.to_owned(), message.into());
        Self { code, file, span, message, hint: None, severity: Severity::Error }
    }

    /// A warning.
    pub fn warning(code: &'static str, file: &str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file, span, message) }
    }

    /// A note.
    pub fn note(code: &'static str, file: &str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, file, span, message) }
    }

    /// The same with a hint.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same in a folder further up: `scenario.yaml` becomes `scenarios/x/scenario.yaml`.
    pub fn under(self, folder: &str) -> Self {
        Self { file: format!("{folder}/{}", self.file), ..self }
    }

    /// As the command line prints it. `texts` holds the file, unless it is the file that is missing.
    pub fn draw(&self, texts: &Texts) -> String {
        let text = texts.get(&self.file).map_or("", String::as_str);
        let severity = self.severity.name();
        let at = position(text, self.span.start);
        let mut drawing = format!("{severity}[{}]: {}\n", self.code, self.message);
        let _ = writeln!(drawing, " --> {}:{}:{}", self.file, at.line, at.column);
        if !text.is_empty() {
            drawing.push_str(&quote(text, &self.span));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(drawing, "  = hint: {hint}");
        }
        drawing
    }

    /// As the page gets it.
    pub fn problem(&self, texts: &Texts) -> Problem {
        let text = texts.get(&self.file).map_or("", String::as_str);
        let (start, end) = (position(text, self.span.start), position(text, self.span.end));
        Problem {
            code: self.code.to_owned(),
            warning: self.severity != Severity::Error,
            file: self.file.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            message: self.message.clone(),
            hint: self.hint.clone(),
            drawing: self.draw(texts),
        }
    }
}

/// The source line and carets under the place; only the part around the place when the line is long.
fn quote(text: &str, span: &Span) -> String {
    let start = floor(text, span.start);
    let (line_start, line) = line_at(text, start);
    let from = (start - line_start).min(line.len());
    let to = (floor(text, span.end.max(start)) - line_start).clamp(from, line.len());
    let (shown, cut_left, cut_right) = window(line, from);
    let carets = line[from..to.clamp(from, shown.end.max(from))].chars().count().max(1);
    let ellipsis = |cut| if cut { "…" } else { "" };
    let left = ellipsis(cut_left);
    // A tab is kept as it is above and below, so that the caret stands right whatever its width.
    let indent: String = left.chars().chain(line[shown.start..from].chars()).map(blank).collect();
    let printed: String = line[shown].chars().map(printable).collect();
    format!("  | {left}{printed}{}\n  | {indent}{}\n", ellipsis(cut_right), "^".repeat(carets))
}

/// Which part of a line is shown around the byte `from`, and whether it was cut on either side.
fn window(line: &str, from: usize) -> (Span, bool, bool) {
    if line.chars().count() <= WIDTH {
        return (0..line.len(), false, false);
    }
    let back = line[..from].char_indices().rev().nth(BEFORE - 1).map_or(0, |(index, _)| index);
    let end = line[back..].char_indices().nth(WIDTH).map_or(line.len(), |(index, _)| back + index);
    (back..end, back > 0, end < line.len())
}

fn blank(character: char) -> char {
    if character == '\t' { '\t' } else { ' ' }
}

/// A terminal must not be steered by the file that is quoted.
fn printable(character: char) -> char {
    if character.is_control() && character != '\t' { '\u{fffd}' } else { character }
}

/// `did you mean …?`, when one of the known words is near.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

/// The known word nearest to `word`, if it is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long words are never near, and the distance costs their product.
    let limit = match word.chars().count() {
        0 | 65.. => return None,
        1..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let near = |candidate: &'a str| {
        let folded = candidate.eq_ignore_ascii_case(word);
        let distance = if folded { 0 } else { strsim::osa_distance(word, candidate) };
        (distance <= limit).then_some((distance, candidate))
    };
    known.into_iter().filter_map(near).min().map(|(_, candidate)| candidate)
}

/// A list of words for a hint: `` `a`, `b` or `c` ``.
pub fn one_of(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, span: Span, want: &str) {
        let texts = Texts::from([("pod.yaml".to_owned(), text.to_owned())]);
        let diagnostic = Diagnostic::error("unknown-field", "pod.yaml", span, "unknown field")
            .hint("did you mean `serviceAccountName`?");
        assert_eq!(diagnostic.draw(&texts), want);
    }

    #[test]
    fn a_diagnostic_points_at_the_text() {
        check(
            "kind: Pod\nspec:\n  serviceAcountName: api\n",
            18..35,
            "error[unknown-field]: unknown field\n --> pod.yaml:3:3\n  |   serviceAcountName: api\n  |   \
             ^^^^^^^^^^^^^^^^^\n  = hint: did you mean `serviceAccountName`?\n",
        );
    }

    #[test]
    fn odd_places_draw_too() {
        let hint = "  = hint: did you mean `serviceAccountName`?\n";
        let drawn = |place: &str, quote: &str| {
            format!("error[unknown-field]: unknown field\n --> pod.yaml:{place}\n{quote}{hint}")
        };
        check("", 0..0, &drawn("1:1", ""));
        check("a\n", 99..120, &drawn("2:1", "  | \n  | ^\n"));
        check("a: 1\nb: 2\n", 0..9, &drawn("1:1", "  | a: 1\n  | ^^^^\n"));
        check("\té\u{1b}x\n", 4..5, &drawn("1:4", "  | \té\u{fffd}x\n  | \t  ^\n"));
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let text = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
        let texts = Texts::from([("f".to_owned(), text)]);
        let drawing = Diagnostic::error("c", "f", 5000..5004, "m").draw(&texts);
        let want = format!(
            "error[c]: m\n --> f:1:5001\n  | …{}HERE{}…\n  |  {}^^^^\n",
            "a".repeat(40),
            "b".repeat(56),
            " ".repeat(40)
        );
        assert_eq!(drawing, want);
    }

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["serviceAccountName", "containers", "on"];
        assert_eq!(nearest("serviceAcountName", known), Some("serviceAccountName"));
        assert_eq!(nearest("serviceaccountname", known), Some("serviceAccountName"));
        assert_eq!(nearest("replicas", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}

//! The inputs as texts with places, and the one way in which a piece of them gets into the report.

use pullpath_lesson::source::Span;

use crate::Input;
use crate::report::{Finding, Place, Quote, Severity};

/// A place in one of the inputs, and how much of it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) file: usize,
    // What the carets stand under.
    start: usize,
    end: usize,
    // The key of the value, if the value has one; the quote begins there.
    key: Option<(usize, usize)>,
    // Nothing of the value is shown.
    secret: bool,
}

impl Spot {
    /// A value that may be shown.
    pub(crate) fn value(file: usize, span: Span, key: Option<Span>) -> Self {
        let key = key.map(|key| (key.start, key.end));
        Self { file, start: span.start, end: span.end, key, secret: false }
    }

    /// A value that must not be: its key is pointed at instead.
    pub(crate) fn hidden(file: usize, span: Span, key: Option<Span>) -> Self {
        let shown = key.clone().unwrap_or(span.start..span.start);
        let key = key.map(|key| (key.start, key.end));
        Self { file, start: shown.start, end: shown.end, key, secret: true }
    }
}

/// The widest line that is shown.
const WIDTH: usize = 100;

/// All inputs, with the starts of their lines, so that a place in 32 MiB costs a binary search.
pub(crate) struct Sources<'a> {
    inputs: &'a [Input],
    lines: Vec<Vec<usize>>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(inputs: &'a [Input]) -> Self {
        let starts = |input: &Input| {
            let breaks = input.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(breaks).collect()
        };
        Self { inputs, lines: inputs.iter().map(starts).collect() }
    }

    pub(crate) fn text(&self, file: usize) -> &'a str {
        &self.inputs[file].text
    }

    pub(crate) fn name(&self, file: usize) -> &'a str {
        &self.inputs[file].name
    }

    /// Line and column, from 1, the column in UTF-16 units, and where the line starts.
    fn position(&self, file: usize, offset: usize) -> (u32, u32, usize) {
        let text = self.text(file);
        let offset = text.floor_char_boundary(offset);
        let line = self.lines[file].partition_point(|start| *start <= offset);
        let start = self.lines[file][line - 1];
        let column = text[start..offset].encode_utf16().count() as u32 + 1;
        (line as u32, column, start)
    }

    /// The place for the report.
    pub(crate) fn place(&self, spot: &Spot) -> Place {
        let (line, column, _) = self.position(spot.file, spot.start);
        let (end_line, end_column, _) = self.position(spot.file, spot.end.max(spot.start));
        let file = self.name(spot.file).to_owned();
        Place { file, line, column, end_line, end_column, quote: self.quote(spot) }
    }

    /// The place of a text that a cluster wrote, of which nothing is quoted: what is said of it is chosen elsewhere.
    pub(crate) fn bare_place(&self, spot: &Spot) -> Place {
        Place { quote: None, ..self.place(spot) }
    }

    /// The source line, from its key to the end of its value and no further: in JSON on one line, and in a dump, what
    /// stands beside may be anybody's password.
    fn quote(&self, spot: &Spot) -> Option<Quote> {
        let text = self.text(spot.file);
        let start = text.floor_char_boundary(spot.start);
        let (_, _, line_start) = self.position(spot.file, start);
        let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
        let end = text.floor_char_boundary(spot.end).clamp(start, line_end);
        let from = match spot.key {
            // A value below its key is shown alone.
            Some((key, _)) if key >= line_start && key <= start => text.floor_char_boundary(key),
            _ => start,
        };
        let indent = &text[line_start..from];
        let plain = indent.chars().all(|c| matches!(c, ' ' | '\t' | '-' | '?'));
        let lead = if plain && indent.chars().count() <= WIDTH / 2 { indent } else { "… " };
        let mut line = lead.to_owned();
        line.extend(text[from..start].chars().map(printable));
        let before = line.chars().count() as u32;
        let shown: String = text[start..end].chars().take(WIDTH).map(printable).collect();
        let width = (shown.chars().count() as u32).max(1);
        line.push_str(&shown);
        if shown.len() < end - start {
            line.push('…');
        }
        if spot.secret {
            line.push_str(": [hidden]");
        }
        (!line.trim().is_empty()).then_some(Quote { line, before, width })
    }

    pub(crate) fn finding(
        &self,
        code: &'static str,
        severity: Severity,
        spot: &Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Finding {
        let place = self.place(spot);
        Finding { code, severity, place, message: message.into(), hint: hint.into() }
    }
}

/// A terminal must not be steered by the file that is quoted.
pub(crate) fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// Text of an input as a sentence can quote it: short, on one line, harmless.
pub(crate) fn short(text: &str) -> String {
    const MOST: usize = 160;
    let mut shown: String = text.trim().chars().take(MOST).map(printable).collect();
    if text.trim().chars().count() > MOST {
        shown.push('…');
    }
    shown
}

/// A name of an input as a command can have it that somebody will copy into a shell: nothing but the letters of names, or
/// else a word that has to be filled in.
pub(crate) fn argument<'a>(text: &'a str, placeholder: &'a str) -> &'a str {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/@".contains(c);
    let fits = !text.is_empty() && text.len() <= 253 && text.chars().all(plain);
    if fits && !text.starts_with('-') { text } else { placeholder }
}

/// The key of an `auths` map without a login that somebody wrote into it: `https://user:password@host`.
pub(crate) fn shown_key(key: &str) -> String {
    let (scheme, rest) = key.split_once("://").map_or(("", key), |(scheme, rest)| (scheme, rest));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let separator = if scheme.is_empty() { "" } else { "://" };
    short(&format!("{scheme}{separator}{rest}"))
}

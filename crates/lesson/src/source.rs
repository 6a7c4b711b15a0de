//! Places in a text: bytes inside, lines and columns for people and editors.

use std::ops::Range;

/// A stretch of a text, in bytes.
pub type Span = Range<usize>;

/// A place as people and editors count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in UTF-16 units.
    pub column: u32,
}

/// Where the byte `offset` stands in `text`. An offset inside a character counts as before it, one past the end as the
/// end.
pub fn position(text: &str, offset: usize) -> Position {
    let offset = floor(text, offset);
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: count(before.matches('\n').count()) + 1,
        column: count(before[line_start..].encode_utf16().count()) + 1,
    }
}

/// The line that holds the byte `offset`, without its line break, and where it starts.
pub fn line_at(text: &str, offset: usize) -> (usize, &str) {
    let offset = floor(text, offset);
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |newline| offset + newline);
    (start, text[start..end].trim_end_matches('\r'))
}

/// The nearest character boundary at or before `offset`.
pub fn floor(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, offset: usize, line: u32, column: u32) {
        assert_eq!(position(text, offset), Position { line, column }, "{text:?} at {offset}");
    }

    #[test]
    fn columns_are_utf16_units() {
        check("", 0, 1, 1);
        check("ab\ncd", 4, 2, 2);
        check("ab\n", 3, 2, 1);
        check("é: x", 4, 1, 4);
        check("😀x", 4, 1, 3);
        check("😀x", 2, 1, 1);
        check("ab", 99, 1, 3);
    }

    #[test]
    fn lines_end_before_their_break() {
        assert_eq!(line_at("a\r\nbc\n", 3), (3, "bc"));
        assert_eq!(line_at("a\r\nbc\n", 0), (0, "a"));
        assert_eq!(line_at("a\n", 2), (2, ""));
    }
}

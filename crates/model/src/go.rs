//! What Go's standard library does, where the kubelet's behaviour or wording hangs on it.
//!
//! Each function is the smallest part of its namesake that the kubelet reaches, written from Go's documentation and
//! held against measured outcomes in `tests/conformance`.

pub mod base64;
pub mod difflib;
pub mod glob;
pub mod json;
pub mod toml;
pub mod url;

use std::fmt::{self, Write as _};

/// A text in double quotes the way Go's `%q` prints it (`strconv.Quote`).
pub fn quote(text: &str) -> String {
    quote_bytes(text.as_bytes())
}

/// The same for bytes that may not be UTF-8.
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_quoted(&mut out, c));
        chunk.invalid().iter().for_each(|byte| push(&mut out, format_args!("\\x{byte:02x}")));
    }
    out.push('"');
    out
}

fn push_quoted(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        _ if is_printable(c) => out.push(c),
        _ => match u32::from(c) {
            number @ ..0x80 => push(out, format_args!("\\x{number:02x}")),
            number @ ..0x1_0000 => push(out, format_args!("\\u{number:04x}")),
            number => push(out, format_args!("\\U{number:08x}")),
        },
    }
}

fn push(out: &mut String, escape: fmt::Arguments<'_>) {
    out.write_fmt(escape).expect("writing to a String succeeds");
}

/// Whether Go calls the character printable: letters, marks, numbers, punctuation, symbols and the blank.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Rust's own table differs only in that a combining mark at the very start counts as unprintable.
    let mut bytes = [b'a'; 5];
    let len = c.encode_utf8(&mut bytes[1..]).len();
    let text = std::str::from_utf8(&bytes[..=len]).expect("a letter and a character");
    text.escape_debug().eq(['a', c])
}

/// A text in lower case the way `strings.ToLower` does it: one character for one character.
pub fn to_lower(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().expect("never empty")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go_does() {
        for (text, want) in [
            ("", r#""""#),
            ("nginx:1.27", r#""nginx:1.27""#),
            ("a\"b\\c'd", r#""a\"b\\c'd""#),
            ("\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
            ("\0\x1b\x7f", r#""\x00\x1b\x7f""#),
            ("café e\u{301} \u{301}", "\"café e\u{301} \u{301}\""),
            ("\u{a0}\u{ad}\u{200b}\u{feff}", r#""\u00a0\u00ad\u200b\ufeff""#),
            ("\u{e0001}😀", "\"\\U000e0001😀\""),
        ] {
            assert_eq!(quote(text), want, "for {text:?}");
        }
    }

    #[test]
    fn lowers_one_for_one() {
        for (text, want) in
            [("", ""), ("GHCR.io", "ghcr.io"), ("É\u{212a}", "ék"), ("\u{130}", "i")]
        {
            assert_eq!(to_lower(text), want, "for {text:?}");
        }
    }
}

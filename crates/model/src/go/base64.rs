//! Go's `encoding/base64`, whose errors name the byte at which it gave up.

use std::fmt;

/// Data that is not base64, and the offset Go reports for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorruptInput(pub u64);

impl fmt::Display for CorruptInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "illegal base64 data at input byte {}", self.0)
    }
}

/// Whether the last group must be filled up with `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// `StdEncoding`: it must.
    Required,
    /// `RawStdEncoding`: it must not.
    Forbidden,
}

/// Decodes the standard alphabet; line breaks are skipped wherever they stand.
pub fn decode(text: &[u8], padding: Padding) -> Result<Vec<u8>, CorruptInput> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut at = 0;
    while at < text.len() {
        at = decode_group(text, at, padding, &mut out)?;
    }
    Ok(out)
}

/// Decodes one group of four digits from `at` on and gives the position behind it.
fn decode_group(
    text: &[u8],
    mut at: usize,
    padding: Padding,
    out: &mut Vec<u8>,
) -> Result<usize, CorruptInput> {
    let mut digits = [0_u8; 4];
    let mut count = 0;
    while count < 4 {
        let Some(&byte) = text.get(at) else {
            if count == 0 {
                return Ok(at);
            }
            if count == 1 || padding == Padding::Required {
                return Err(corrupt(at - count));
            }
            break;
        };
        at += 1;
        if let Some(digit) = digit(byte) {
            digits[count] = digit;
            count += 1;
        } else if !is_line_break(byte) {
            if byte != b'=' || padding == Padding::Forbidden || count < 2 {
                return Err(corrupt(at - 1));
            }
            at = close_padding(text, at, count)?;
            break;
        }
    }
    let [a, b, c, d] = digits.map(u32::from);
    let [_, bytes @ ..] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
    out.extend_from_slice(&bytes[..count - 1]);
    Ok(at)
}

/// Reads what must follow the first `=` of a group with `count` digits: another one if two are due, then nothing.
fn close_padding(text: &[u8], mut at: usize, count: usize) -> Result<usize, CorruptInput> {
    at = skip_line_breaks(text, at);
    if count == 2 {
        match text.get(at) {
            None => return Err(corrupt(text.len())),
            Some(b'=') => at = skip_line_breaks(text, at + 1),
            Some(_) => return Err(corrupt(at - 1)),
        }
    }
    if at < text.len() { Err(corrupt(at)) } else { Ok(at) }
}

fn skip_line_breaks(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|byte| is_line_break(**byte)).count()
}

fn is_line_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn corrupt(at: usize) -> CorruptInput {
    CorruptInput(at as u64)
}

#[cfg(test)]
mod tests {
    use super::Padding::{Forbidden, Required};
    use super::*;

    #[track_caller]
    fn check(text: &str, padding: Padding, want: Result<&str, u64>) {
        let got = decode(text.as_bytes(), padding).map_err(|error| error.0);
        assert_eq!(got, want.map(|text| text.as_bytes().to_vec()), "for {text:?}");
    }

    #[test]
    fn decodes_and_names_the_byte() {
        check("", Required, Ok(""));
        check("", Forbidden, Ok(""));
        check("\r\n", Required, Ok(""));
        check("dTpw", Required, Ok("u:p"));
        check("dTpwcA==", Required, Ok("u:pp"));
        check("dTpwcA", Forbidden, Ok("u:pp"));
        check("dTpwcHA", Forbidden, Ok("u:ppp"));
        check("d\nT\rpw\n", Forbidden, Ok("u:p"));
        check("dTpwcA=\n=\n", Required, Ok("u:pp"));
        check("dTpwcA", Required, Err(4));
        check("dTpwcA=", Required, Err(7));
        check("dTpwcA=x", Required, Err(6));
        check("dTpwcA==", Forbidden, Err(6));
        check("dTpwcHA==", Required, Err(8));
        check("dTpw=", Required, Err(4));
        check("d", Forbidden, Err(0));
        check("dTpw d", Forbidden, Err(4));
        check("dTpwcA==dTpw", Required, Err(8));
        check("dTp-", Forbidden, Err(3));
    }

    #[test]
    fn decodes_every_length() {
        use ::base64::Engine as _;
        use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for len in 0..bytes.len() {
            let bytes = &bytes[..len];
            assert_eq!(decode(STANDARD.encode(bytes).as_bytes(), Required).as_deref(), Ok(bytes));
            let raw = STANDARD_NO_PAD.encode(bytes);
            assert_eq!(decode(raw.as_bytes(), Forbidden).as_deref(), Ok(bytes));
        }
    }
}

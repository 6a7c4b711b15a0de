//! Go's `encoding/json`: its syntax errors word for word, and a cursor that reads a document in the order it is written.

use std::fmt;

use super::quote;

/// Why a text is no JSON document, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxError {
    /// It stops too early.
    UnexpectedEnd,
    /// A byte that cannot stand where it does, and the place in Go's words: `looking for beginning of value`.
    InvalidCharacter(u8, Place),
}

/// Where a byte did not belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    BeginningOfValue,
    BeginningOfKey,
    AfterKey,
    AfterPair,
    AfterElement,
    AfterTopLevel,
    InString,
    InEscape,
    InHexEscape,
    InNumber,
    AfterPoint,
    InExponent,
    /// In a word, at a letter that should have been another.
    InWord(&'static str, u8),
    TooDeep,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str("unexpected end of JSON input"),
            Self::InvalidCharacter(byte, place) => {
                write!(f, "invalid character {} {place}", quote_byte(*byte))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeginningOfValue => "looking for beginning of value",
            Self::BeginningOfKey => "looking for beginning of object key string",
            Self::AfterKey => "after object key",
            Self::AfterPair => "after object key:value pair",
            Self::AfterElement => "after array element",
            Self::AfterTopLevel => "after top-level value",
            Self::InString => "in string literal",
            Self::InEscape => "in string escape code",
            Self::InHexEscape => "in \\u hexadecimal character escape",
            Self::InNumber => "in numeric literal",
            Self::AfterPoint => "after decimal point in numeric literal",
            Self::InExponent => "in exponent of numeric literal",
            Self::TooDeep => "exceeded max depth",
            Self::InWord(word, at) => {
                let expected = char::from(word.as_bytes()[usize::from(*at)]);
                return write!(f, "in literal {word} (expecting '{expected}')");
            }
        })
    }
}

/// A byte in single quotes; beyond ASCII it is taken for the character of the same number (scanner.go quoteChar).
fn quote_byte(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        _ => {
            let quoted = quote(char::from(byte).encode_utf8(&mut [0; 4]));
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    }
}

/// Whether the bytes are one JSON document (scanner.go checkValid). Go does this before it decodes anything.
pub fn check(data: &[u8]) -> Result<(), SyntaxError> {
    let mut scanner = Scanner { state: State::Value, open: Vec::new() };
    data.iter().try_for_each(|byte| scanner.step(*byte))?;
    // Go ends a document with a blank, which finishes a number and may itself be the error.
    scanner.step(b' ')?;
    if scanner.state == State::End { Ok(()) } else { Err(SyntaxError::UnexpectedEnd) }
}

/// Where the first value of a stream ends; or how many bytes of the stream Go had read when it stumbled, and over what.
pub fn first(data: &[u8]) -> Result<usize, (usize, SyntaxError)> {
    let mut scanner = Scanner { state: State::Value, open: Vec::new() };
    for (index, byte) in data.iter().enumerate() {
        scanner.step(*byte).map_err(|error| (index + 1, error))?;
        let whole = matches!(scanner.state, State::End | State::AfterValue);
        if whole && scanner.open.is_empty() {
            return Ok(index + 1);
        }
    }
    // A number ends only with what follows it.
    let ended = scanner.step(b' ').is_ok() && scanner.state == State::End;
    if ended { Ok(data.len()) } else { Err((data.len(), SyntaxError::UnexpectedEnd)) }
}

/// The deepest nesting that Go reads.
const MAX_DEPTH: usize = 10_000;

/// What the next byte may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Value,
    ValueOrEmpty,
    Key,
    KeyOrEmpty,
    AfterValue,
    End,
    String,
    Escape,
    /// So many hex digits are still due.
    Hex(u8),
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
    /// So many letters of the word have been read.
    Word(&'static str, u8),
}

impl State {
    fn is_between_tokens(self) -> bool {
        use State::{AfterValue, End, Key, KeyOrEmpty, Value, ValueOrEmpty};
        matches!(self, Value | ValueOrEmpty | Key | KeyOrEmpty | AfterValue | End)
    }
}

/// What is open, and where in it the scanner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    ObjectKey,
    ObjectValue,
    Array,
}

struct Scanner {
    state: State,
    open: Vec<Open>,
}

impl Scanner {
    fn step(&mut self, byte: u8) -> Result<(), SyntaxError> {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') && self.state.is_between_tokens() {
            if self.state == State::AfterValue && self.open.is_empty() {
                self.state = State::End;
            }
            return Ok(());
        }
        let bad = |place| Err(SyntaxError::InvalidCharacter(byte, place));
        self.state = match (self.state, byte) {
            (State::ValueOrEmpty, b']') | (State::KeyOrEmpty, b'}') => self.close(),
            (State::Value | State::ValueOrEmpty, _) => return self.begin_value(byte),
            (State::Key | State::KeyOrEmpty, b'"') => State::String,
            (State::Key | State::KeyOrEmpty, _) => return bad(Place::BeginningOfKey),
            (State::AfterValue, _) => return self.after_value(byte),
            (State::End, _) => return bad(Place::AfterTopLevel),
            (State::String, b'"') => State::AfterValue,
            (State::String, b'\\') => State::Escape,
            (State::String, ..b' ') => return bad(Place::InString),
            (State::Escape, b'u') => State::Hex(4),
            (State::Escape, b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => {
                State::String
            }
            (State::Escape, _) => return bad(Place::InEscape),
            (State::Hex(_), _) if !byte.is_ascii_hexdigit() => return bad(Place::InHexEscape),
            (State::String | State::Hex(1), _) => State::String,
            (State::Hex(due), _) => State::Hex(due - 1),
            (State::Minus, b'0') => State::Zero,
            (State::Minus | State::Digits, b'0'..=b'9') => State::Digits,
            (State::Minus, _) => return bad(Place::InNumber),
            (State::Zero | State::Digits, b'.') => State::Point,
            (State::Point | State::Fraction, b'0'..=b'9') => State::Fraction,
            (State::Point, _) => return bad(Place::AfterPoint),
            (State::Zero | State::Digits | State::Fraction, b'e' | b'E') => State::Exponent,
            (State::Exponent, b'+' | b'-') => State::ExponentSign,
            (State::Exponent | State::ExponentSign | State::ExponentDigits, b'0'..=b'9') => {
                State::ExponentDigits
            }
            (State::Exponent | State::ExponentSign, _) => return bad(Place::InExponent),
            (State::Zero | State::Digits | State::Fraction | State::ExponentDigits, _) => {
                // The number ended with the byte before.
                self.state = State::AfterValue;
                return self.step(byte);
            }
            (State::Word(word, at), _) if byte != word.as_bytes()[usize::from(at)] => {
                return bad(Place::InWord(word, at));
            }
            (State::Word(word, at), _) if usize::from(at) + 1 == word.len() => State::AfterValue,
            (State::Word(word, at), _) => State::Word(word, at + 1),
        };
        Ok(())
    }

    fn begin_value(&mut self, byte: u8) -> Result<(), SyntaxError> {
        self.state = match byte {
            b'{' => self.open(Open::ObjectKey, State::KeyOrEmpty, byte)?,
            b'[' => self.open(Open::Array, State::ValueOrEmpty, byte)?,
            b'"' => State::String,
            b'-' => State::Minus,
            b'0' => State::Zero,
            b'1'..=b'9' => State::Digits,
            b't' => State::Word("true", 1),
            b'f' => State::Word("false", 1),
            b'n' => State::Word("null", 1),
            _ => return Err(SyntaxError::InvalidCharacter(byte, Place::BeginningOfValue)),
        };
        Ok(())
    }

    fn open(&mut self, open: Open, then: State, byte: u8) -> Result<State, SyntaxError> {
        self.open.push(open);
        if self.open.len() > MAX_DEPTH {
            return Err(SyntaxError::InvalidCharacter(byte, Place::TooDeep));
        }
        Ok(then)
    }

    fn close(&mut self) -> State {
        self.open.pop();
        if self.open.is_empty() { State::End } else { State::AfterValue }
    }

    /// A byte behind a value or a key that is not blank.
    fn after_value(&mut self, byte: u8) -> Result<(), SyntaxError> {
        let bad = |place| Err(SyntaxError::InvalidCharacter(byte, place));
        self.state = match (self.open.last_mut(), byte) {
            (None, _) => return bad(Place::AfterTopLevel),
            (Some(open @ Open::ObjectKey), b':') => {
                *open = Open::ObjectValue;
                State::Value
            }
            (Some(open @ Open::ObjectValue), b',') => {
                *open = Open::ObjectKey;
                State::Key
            }
            (Some(Open::Array), b',') => State::Value,
            (Some(Open::ObjectValue), b'}') | (Some(Open::Array), b']') => self.close(),
            (Some(Open::ObjectKey), _) => return bad(Place::AfterKey),
            (Some(Open::ObjectValue), _) => return bad(Place::AfterPair),
            (Some(Open::Array), _) => return bad(Place::AfterElement),
        };
        Ok(())
    }
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl Kind {
    /// As Go names it in an error.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Null => "null",
        }
    }
}

/// Reads a document from front to back. Each value must be taken exactly once, by [`Cursor::skip`] if by nothing else.
pub struct Cursor<'a> {
    // Invariant: `check` accepts the data, and `at` stands before a value or its end.
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor before the value of a document, once the whole document has been checked.
    pub fn new(data: &'a [u8]) -> Result<Self, SyntaxError> {
        check(data)?;
        Ok(Self { data, at: 0 })
    }

    /// The kind of the value that comes next.
    pub fn kind(&mut self) -> Kind {
        match self.next_byte() {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// Takes an object, giving each key to `member`, which takes the value.
    pub fn members<E>(
        &mut self,
        mut member: impl FnMut(String, &mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            // An opening brace or a comma.
            self.next_byte();
            self.at += 1;
            if self.next_byte() == b'"' {
                let key = self.string();
                self.next_byte(); // the colon
                self.at += 1;
                member(key, self)?;
            }
            if self.next_byte() == b'}' {
                self.at += 1;
                return Ok(());
            }
        }
    }

    /// Takes a string and reads it as Go does: half a surrogate pair and bytes that are no UTF-8 become U+FFFD.
    pub fn string(&mut self) -> String {
        let quoted = self.take();
        let mut rest = &quoted[1..quoted.len() - 1];
        let mut out = String::with_capacity(rest.len());
        while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
            push_lossy(&mut out, &rest[..at]);
            let (c, len) = unescape(&rest[at..]);
            out.push(c);
            rest = &rest[at + len..];
        }
        push_lossy(&mut out, rest);
        out
    }

    /// Takes an array, giving the cursor before each element, which takes it.
    pub fn elements(&mut self, mut element: impl FnMut(&mut Self)) {
        loop {
            // An opening bracket or a comma.
            self.next_byte();
            self.at += 1;
            if self.next_byte() != b']' {
                element(self);
            }
            if self.next_byte() == b']' {
                self.at += 1;
                return;
            }
        }
    }

    /// Takes a number or a word and gives its text.
    pub fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.take()).unwrap_or_default()
    }

    /// Takes a value of any kind.
    pub fn skip(&mut self) {
        self.take();
    }

    /// Takes a value and gives its text.
    fn take(&mut self) -> &'a [u8] {
        self.next_byte();
        let start = self.at;
        let mut depth = 0_u32;
        loop {
            match self.data[self.at] {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b'"' => self.at = end_of_string(self.data, self.at),
                byte if is_in_word(byte) => self.at = end_of_word(self.data, self.at),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return &self.data[start..self.at];
            }
        }
    }

    /// The next byte that is not blank; the cursor stands on it.
    fn next_byte(&mut self) -> u8 {
        while matches!(self.data[self.at], b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        self.data[self.at]
    }
}

/// The position of the quote that closes the string opened at `at`.
fn end_of_string(data: &[u8], mut at: usize) -> usize {
    loop {
        at += 1;
        match data[at] {
            b'"' => return at,
            b'\\' => at += 1,
            _ => {}
        }
    }
}

/// The position of the last byte of the number or the word that begins at `at`.
fn end_of_word(data: &[u8], at: usize) -> usize {
    at + data[at + 1..].iter().take_while(|byte| is_in_word(**byte)).count()
}

fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// The character that the escape at the beginning of a string's rest means, and the escape's length.
fn unescape(rest: &[u8]) -> (char, usize) {
    let c = match rest[1] {
        b'b' => '\x08',
        b'f' => '\x0c',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescape_unicode(rest),
        byte => char::from(byte),
    };
    (c, 2)
}

fn unescape_unicode(rest: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let escape = rest.get(at..at + 6)?.strip_prefix(b"\\u")?;
        std::str::from_utf8(escape).ok().and_then(|hex| u16::from_str_radix(hex, 16).ok())
    };
    let first = unit(0).expect("checked");
    let pair = [first, unit(6).unwrap_or(0)];
    match char::decode_utf16(pair).next() {
        Some(Ok(c)) => (c, if c.len_utf16() == 2 { 12 } else { 6 }),
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

/// Pushes text, and one U+FFFD for each byte that is no part of a character.
fn push_lossy(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|_| out.push(char::REPLACEMENT_CHARACTER));
    }
}

/// Whether Go takes a key for the field of that lower-case ASCII name: without regard to case, by Unicode's simple
/// folding, which holds two letters that look like `k` and `s`.
pub fn is_field(key: &str, name: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(name.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(text: &[u8], want: &str) {
        let got = check(text).map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        assert_eq!(got, want, "for {:?}", String::from_utf8_lossy(text));
    }

    #[test]
    fn accepts_json() {
        for text in [
            "null",
            " true ",
            "false\n",
            "0",
            "-0",
            "-12.50e+3",
            "1E9",
            "\"\"",
            r#""\u00e4\\\"\/x""#,
            "[]",
            "[ ]",
            "[1,[2],{}]",
            "{}",
            "{ }",
            r#"{"a" : [1 , 2] , "" : null}"#,
            "\"\u{7f}é\"",
        ] {
            check_error(text.as_bytes(), "ok");
        }
        check_error(b"\"\xff\"", "ok");
    }

    #[test]
    fn refuses_in_gos_words() {
        for (text, want) in [
            ("", "unexpected end of JSON input"),
            ("  ", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("[1,", "unexpected end of JSON input"),
            (r#"{"a":"#, "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            ("tr", "invalid character ' ' in literal true (expecting 'u')"),
            ("nulL", "invalid character 'L' in literal null (expecting 'l')"),
            ("-", "invalid character ' ' in numeric literal"),
            ("1.", "invalid character ' ' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("1e+", "invalid character ' ' in exponent of numeric literal"),
            ("01", "invalid character '1' after top-level value"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            (r#"{"a" 1}"#, "invalid character '1' after object key"),
            (r#"{"a":1 "b"}"#, "invalid character '\"' after object key:value pair"),
            (r#"{"a":1,}"#, "invalid character '}' looking for beginning of object key string"),
            ("{'a'}", r"invalid character '\'' looking for beginning of object key string"),
            ("\"a\nb\"", r"invalid character '\n' in string literal"),
            (r#""\x""#, "invalid character 'x' in string escape code"),
            (r#""\u00g0""#, r"invalid character 'g' in \u hexadecimal character escape"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
            ("\u{1}", r"invalid character '\x01' looking for beginning of value"),
        ] {
            check_error(text.as_bytes(), want);
        }
    }

    #[test]
    fn depth_is_bounded() {
        check_error(&b"[".repeat(10_000), "unexpected end of JSON input");
        check_error(&b"[".repeat(10_001), "invalid character '[' exceeded max depth");
        let text = [b"{\"a\":".repeat(10_000), b"1".to_vec(), b"}".repeat(10_000)].concat();
        let mut cursor = Cursor::new(&text).expect("well-formed");
        cursor.skip();
        assert_eq!(cursor.at, text.len());
    }

    /// The document as the cursor sees it, with what it skips left out.
    fn render(cursor: &mut Cursor<'_>) -> String {
        match cursor.kind() {
            Kind::String => format!("{:?}", cursor.string()),
            Kind::Object => {
                let mut out = Vec::new();
                let ended: Result<(), ()> = cursor.members(|key, cursor| {
                    out.push(format!("{key}={}", render(cursor)));
                    Ok(())
                });
                ended.expect("nothing fails");
                format!("{{{}}}", out.join(" "))
            }
            kind => {
                cursor.skip();
                kind.name().to_owned()
            }
        }
    }

    #[test]
    fn the_cursor_keeps_order_and_repeats() {
        for (text, want) in [
            ("{}", "{}"),
            (" { } ", "{}"),
            (
                r#"{"b":1,"a":"x","b":{"c":[{"d":"]}"}],"e":-1.5e+7}}"#,
                r#"{b=number a="x" b={c=array e=number}}"#,
            ),
            ("{\n\"a\" :\ttrue , \"b\" : null\r}", "{a=bool b=null}"),
            (
                r#""a\n\u00fc\ud83d\ude00\ud83dx\ude00\ud83d\u0041""#,
                "\"a\\nü😀\u{fffd}x\u{fffd}\u{fffd}A\"",
            ),
            (r#""\\\"\/\b\f\r\t""#, r#""\\\"/\u{8}\u{c}\r\t""#),
        ] {
            let mut cursor = Cursor::new(text.as_bytes()).expect("well-formed");
            assert_eq!(render(&mut cursor), want, "for {text:?}");
        }
        let mut cursor = Cursor::new(b"\"a\xe2\x82b\xff\"").expect("well-formed");
        assert_eq!(cursor.string(), "a\u{fffd}\u{fffd}b\u{fffd}");
    }

    #[test]
    fn fields_match_without_regard_to_case() {
        for (key, name, want) in [
            ("auths", "auths", true),
            ("AUTHS", "auths", true),
            ("auth\u{17f}", "auths", true),
            ("auth", "auths", false),
            ("äuths", "auths", false),
        ] {
            assert_eq!(is_field(key, name), want, "{key} and {name}");
        }
    }
}

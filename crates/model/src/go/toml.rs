//! TOML as go-toml reads it, as far as a `hosts.toml` goes: tables, texts, truth values, numbers and arrays.
//!
//! *Source: pelletier/go-toml v2.4.3 unstable/parser.go and scanner.go.*

/// A value. Numbers are kept as they are written; nothing here computes with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// `true`, `false`
    Truth(bool),
    /// Something that begins with a digit or a sign.
    Number(String),
    /// An array.
    List(Vec<Value>),
    /// A table within a line.
    Table(Vec<(Vec<String>, Value)>),
}

/// A document as what its lines say, in order: the way to a key, and its value. A table without keys has a way alone.
pub type Document = Vec<(Vec<String>, Option<Value>)>;

/// How deep arrays and tables may lie in one another.
const MAX_DEPTH: u32 = 32;

/// Reads a document; an error is go-toml's, without the `toml: ` in front.
pub fn read(text: &str) -> Result<Document, String> {
    let mut reader = Reader { rest: text, depth: 0 };
    let mut document = Document::new();
    let mut table = Vec::new();
    // Ends: each round takes at least a character, or fails.
    while !reader.rest.is_empty() {
        reader.blanks();
        match reader.rest.chars().next() {
            None => break,
            Some('#' | '\n' | '\r') => {}
            Some('[') => {
                reader.take(1);
                // An array of tables is a table for the one who reads hosts: it knows none.
                let double = reader.rest.starts_with('[');
                reader.take(usize::from(double));
                reader.blanks();
                table = reader.key()?;
                reader.expect(']')?;
                if double {
                    reader.expect(']')?;
                }
                document.push((table.clone(), None));
            }
            Some(_) => {
                let (key, value) = reader.pair()?;
                document.push(([table.as_slice(), &key].concat(), Some(value)));
            }
        }
        reader.blanks();
        reader.comment();
        match reader.rest.chars().next() {
            None => {}
            Some('\n') => reader.take(1),
            Some('\r') if reader.rest.starts_with("\r\n") => reader.take(2),
            Some('\r') => return Err(r"windows new line should be \r\n".to_owned()),
            Some(other) => return Err(format!("expected newline but got {}", unicode(other))),
        }
    }
    Ok(document)
}

/// A character as Go's `%#U` prints it.
fn unicode(c: char) -> String {
    format!("U+{:04X} '{c}'", u32::from(c))
}

struct Reader<'a> {
    rest: &'a str,
    depth: u32,
}

impl Reader<'_> {
    fn take(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn comment(&mut self) {
        if self.rest.starts_with('#') {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.take(end);
        }
    }

    /// Blanks, comments and line breaks inside an array.
    fn space(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
            if !self.rest.starts_with('#') {
                return;
            }
            self.comment();
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.rest.is_empty() {
            return Err(format!("expected character {wanted} but the document ended here"));
        }
        let Some(rest) = self.rest.strip_prefix(wanted) else {
            return Err(format!("expected character {wanted}"));
        };
        self.rest = rest;
        Ok(())
    }

    /// `host."https://mirror.example.com"`
    fn key(&mut self) -> Result<Vec<String>, String> {
        let mut parts = Vec::new();
        loop {
            parts.push(self.simple_key()?);
            self.blanks();
            if !self.rest.starts_with('.') {
                return Ok(parts);
            }
            self.take(1);
            self.blanks();
        }
    }

    fn simple_key(&mut self) -> Result<String, String> {
        match self.rest.chars().next() {
            None => Err("expected key but found none".to_owned()),
            Some('\'') => self.literal(),
            Some('"') => self.basic(),
            Some(first) => {
                let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                let end = self.rest.find(|c| !bare(c)).unwrap_or(self.rest.len());
                if end == 0 {
                    return Err(format!("invalid character at start of key: {first}"));
                }
                let key = self.rest[..end].to_owned();
                self.take(end);
                Ok(key)
            }
        }
    }

    fn pair(&mut self) -> Result<(Vec<String>, Value), String> {
        let key = self.key()?;
        self.blanks();
        if self.rest.is_empty() {
            return Err("expected = after a key, but the document ends there".to_owned());
        }
        self.expect('=')?;
        self.blanks();
        Ok((key, self.value()?))
    }

    fn value(&mut self) -> Result<Value, String> {
        let word = |rest: &str, word: &str| rest.starts_with(word);
        match self.rest.chars().next() {
            None => Err("expected value, not eof".to_owned()),
            Some('"') if word(self.rest, "\"\"\"") => self.long("\"\"\"").map(Value::Text),
            Some('"') => self.basic().map(Value::Text),
            Some('\'') if word(self.rest, "'''") => self.long("'''").map(Value::Text),
            Some('\'') => self.literal().map(Value::Text),
            Some('t') if word(self.rest, "true") => {
                self.take(4);
                Ok(Value::Truth(true))
            }
            Some('t') => Err("expected 'true'".to_owned()),
            Some('f') if word(self.rest, "false") => {
                self.take(5);
                Ok(Value::Truth(false))
            }
            Some('f') => Err("expected 'false'".to_owned()),
            Some('[' | '{') if self.depth >= MAX_DEPTH => {
                Err("the document is too deep".to_owned())
            }
            Some('[') => self.deeper(Self::list),
            Some('{') => self.deeper(Self::table),
            Some('0'..='9' | '+' | '-') => {
                let of_number =
                    |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_' | '.' | ':');
                let end = self.rest.find(|c| !of_number(c)).unwrap_or(self.rest.len());
                let number = self.rest[..end].to_owned();
                self.take(end);
                Ok(Value::Number(number))
            }
            Some('i') if word(self.rest, "inf") => {
                self.take(3);
                Ok(Value::Number("inf".to_owned()))
            }
            Some('i') => Err("expected 'inf'".to_owned()),
            Some('n') => Err("expected 'nan'".to_owned()),
            Some(_) => Err("incomplete number".to_owned()),
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Value, String> {
        self.take(1);
        let mut items = Vec::new();
        loop {
            self.space();
            match self.rest.chars().next() {
                None => return Err("array is incomplete".to_owned()),
                Some(']') => break,
                Some(',') if items.is_empty() => {
                    return Err("array cannot start with comma".to_owned());
                }
                Some(',') => {
                    self.take(1);
                    self.space();
                    if self.rest.starts_with(']') {
                        break;
                    }
                }
                Some(_) if !items.is_empty() => {
                    return Err("array elements must be separated by commas".to_owned());
                }
                Some(_) => {}
            }
            items.push(self.value()?);
        }
        self.take(1);
        Ok(Value::List(items))
    }

    fn table(&mut self) -> Result<Value, String> {
        self.take(1);
        let mut entries = Vec::new();
        loop {
            self.blanks();
            if self.rest.is_empty() {
                return Err("inline table is incomplete".to_owned());
            }
            if self.rest.starts_with('}') {
                break;
            }
            if !entries.is_empty() {
                self.expect(',')?;
                self.blanks();
            }
            entries.push(self.pair()?);
        }
        self.take(1);
        Ok(Value::Table(entries))
    }

    /// `'…'`
    fn literal(&mut self) -> Result<String, String> {
        let inner = &self.rest[1..];
        let Some(end) = inner.find(['\'', '\n', '\r']) else {
            return Err("unterminated literal string".to_owned());
        };
        if !inner[end..].starts_with('\'') {
            return Err("literal strings cannot have new lines".to_owned());
        }
        let text = inner[..end].to_owned();
        self.take(end + 2);
        Ok(text)
    }

    /// `"…"`
    fn basic(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.take(at + 1);
                    return Ok(text);
                }
                '\n' | '\r' => return Err("basic strings cannot have new lines".to_owned()),
                '\\' => match chars.next() {
                    None => return Err(r"need a character after \".to_owned()),
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, 'b')) => text.push('\x08'),
                    Some((_, 'f')) => text.push('\x0c'),
                    Some((_, 'e')) => text.push('\x1b'),
                    Some((_, plain @ ('"' | '\\'))) => text.push(plain),
                    Some((_, size @ ('u' | 'U'))) => {
                        let digits = if size == 'u' { 4 } else { 8 };
                        let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                        let number = u32::from_str_radix(&hex, 16)
                            .map_err(|_| "non-hex character".to_owned())?;
                        let Some(c) = char::from_u32(number) else {
                            return Err("escape sequence is invalid Unicode code point".to_owned());
                        };
                        text.push(c);
                    }
                    Some((_, other)) => {
                        return Err(format!("invalid escaped character {}", unicode(other)));
                    }
                },
                c => text.push(c),
            }
        }
        Err("basic string not terminated by \"".to_owned())
    }

    /// A text over several lines; escapes in it are left alone, for nothing that is read here has one.
    fn long(&mut self, mark: &str) -> Result<String, String> {
        let inner = &self.rest[3..];
        let Some(end) = inner.find(mark) else {
            let kind = if mark.starts_with('"') { "basic" } else { "literal" };
            return Err(format!("multiline {kind} string not terminated by {mark}"));
        };
        let text = inner[..end].trim_start_matches('\n').to_owned();
        self.take(end + 6);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_a_hosts_file_has() {
        let text = "server = \"https://a.example\" # ours\n\n[host.\"https://m.example:5000\"]\n  capabilities = [\"pull\", 'resolve',]\n  skip_verify = false\n  client = [\n    [\"a\", \"b\"], # a pair\n  ]\n[host.\"https://m.example:5000\".header]\nx = { y = 1 }\n";
        let way = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        let text_of = |text: &str| Value::Text(text.to_owned());
        let host = "https://m.example:5000";
        let pair = Value::List(vec![text_of("a"), text_of("b")]);
        let want: Document = vec![
            (way(&["server"]), Some(text_of("https://a.example"))),
            (way(&["host", host]), None),
            (
                way(&["host", host, "capabilities"]),
                Some(Value::List(vec![text_of("pull"), text_of("resolve")])),
            ),
            (way(&["host", host, "skip_verify"]), Some(Value::Truth(false))),
            (way(&["host", host, "client"]), Some(Value::List(vec![pair]))),
            (way(&["host", host, "header"]), None),
            (
                way(&["host", host, "header", "x"]),
                Some(Value::Table(vec![(way(&["y"]), Value::Number("1".to_owned()))])),
            ),
        ];
        assert_eq!(read(text), Ok(want));
    }

    #[test]
    fn it_fails_as_go_toml_does() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            assert_eq!(read(text), Err(want.to_owned()), "{text:?}");
        }
        check("server", "expected = after a key, but the document ends there");
        check("server \"x\"", "expected character =");
        check("server = ", "expected value, not eof");
        check("server = https://x", "incomplete number");
        check("server = \"https://x\n", "basic strings cannot have new lines");
        check("server = \"https://x", "basic string not terminated by \"");
        check("server = \"x\" ca = \"y\"", "expected newline but got U+0063 'c'");
        check("skip_verify = True", "incomplete number");
        check("skip_verify = trve", "expected 'true'");
        check("[host.\"x\"", "expected character ] but the document ended here");
        check("[host.\"x\")", "expected character ]");
        check("[]", "invalid character at start of key: ]");
        check(
            "capabilities = [\"pull\" \"resolve\"]",
            "array elements must be separated by commas",
        );
        check("capabilities = [\"pull\"", "array is incomplete");
        check("server: https://x", "expected character =");
        check(&format!("a = {}", "[".repeat(40)), "the document is too deep");
    }
}

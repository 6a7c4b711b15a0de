//! A template's text taken apart, with the errors of client-go's parser.go.

use super::{Bound, Filter, Node};

/// The parts of a template.
pub(super) fn template(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { input: text, at: 0, start: 0 };
    let mut nodes = Vec::new();
    loop {
        let rest = &text[parser.at..];
        let plain = rest.find('{').unwrap_or(rest.len());
        parser.at += plain;
        if plain > 0 {
            nodes.push(Node::Text(rest[..plain].to_owned()));
        }
        if parser.at == text.len() {
            return Ok(nodes);
        }
        parser.at += 1;
        parser.start = parser.at;
        nodes.push(Node::List(parser.action()?));
    }
}

/// What stands in one pair of braces, from text that had none.
fn action(text: &str) -> Result<Vec<Node>, String> {
    match template(&format!("{{{text}}}"))?.into_iter().next() {
        Some(Node::List(nodes)) => Ok(nodes),
        _ => Ok(Vec::new()),
    }
}

struct Parser<'a> {
    input: &'a str,
    at: usize,
    start: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.input[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn consume(&mut self) -> &'a str {
        let text = &self.input[self.start..self.at];
        self.start = self.at;
        text
    }

    /// Up to the brace that closes it.
    fn action(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with('}') {
                self.at += 1;
                self.consume();
                return Ok(nodes);
            } else if rest.starts_with("[?(") {
                nodes.push(self.filter()?);
                continue;
            } else if rest.starts_with("..") {
                if nodes.last() == Some(&Node::Recursive) {
                    return Err("invalid multiple recursive descent".to_owned());
                }
                self.at += 2;
                self.consume();
                nodes.push(Node::Recursive);
                if self.peek().is_some_and(is_alphanumeric) {
                    nodes.push(self.field());
                }
                continue;
            }
            match self.next() {
                None | Some('\r' | '\n') => return Err("unclosed action".to_owned()),
                // The object at hand is where every path begins.
                Some(' ' | '@' | '$') => drop(self.consume()),
                Some('[') => self.array(&mut nodes)?,
                Some(quote @ ('"' | '\'')) => nodes.push(self.quoted(quote)?),
                Some('.') => nodes.push(self.field()),
                Some(first) if first == '+' || first == '-' || first.is_numeric() => {
                    nodes.push(self.number()?);
                }
                Some(first) if is_alphanumeric(first) => {
                    while self.peek().is_some_and(|next| !is_terminator(next)) {
                        self.next();
                    }
                    nodes.push(match self.consume() {
                        "true" => Node::Bool(true),
                        "false" => Node::Bool(false),
                        word => Node::Identifier(word.to_owned()),
                    });
                }
                Some(strange) => {
                    return Err(format!(
                        "unrecognized character in action: U+{:04X} '{strange}'",
                        u32::from(strange)
                    ));
                }
            }
        }
    }

    fn field(&mut self) -> Node {
        self.consume();
        while let Some(next) = self.peek() {
            if next == '\\' {
                self.next();
                self.next();
            } else if is_terminator(next) {
                break;
            } else {
                self.next();
            }
        }
        match self.consume() {
            "*" => Node::Wildcard,
            name => Node::Field(name.replace('\\', "")),
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        while self.peek().is_some_and(|next| next == '.' || next.is_numeric()) {
            self.next();
        }
        let text = self.consume();
        if let Ok(number) = text.parse() {
            return Ok(Node::Int(number));
        }
        let float = text.parse::<f64>().ok().filter(|float| float.is_finite());
        float.map(Node::Float).ok_or_else(|| format!("cannot parse number {text}"))
    }

    fn quoted(&mut self, quote: char) -> Result<Node, String> {
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".to_owned()),
                Some(next) if next == quote => {
                    if self.input.as_bytes()[self.at - 2] != b'\\' {
                        break;
                    }
                }
                Some(_) => {}
            }
        }
        let text = self.consume();
        let unquoted = unquoted(text, quote)
            .ok_or_else(|| format!("unquote string {text} error invalid syntax"))?;
        Ok(Node::Text(unquoted))
    }

    fn array(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated array".to_owned()),
                Some(']') => break,
                Some(_) => {}
            }
        }
        let text = self.consume();
        let text = &text[1..text.len() - 1];
        let text = if text == "*" { ":" } else { text };
        if text.contains(',') {
            let parts =
                text.split(',').map(|part| action(&format!("[{}]", part.trim_matches(' '))));
            nodes.push(Node::Union(parts.collect::<Result<_, _>>()?));
            return Ok(());
        }
        let key = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        if let Some(key) = key.filter(|key| !key.contains('\'')) {
            // Dots in keys want a backslash even here.
            nodes.extend(action(&format!(".{key}"))?);
            return Ok(());
        }
        nodes.push(Node::Array(bounds(text)?));
        Ok(())
    }

    fn filter(&mut self) -> Result<Node, String> {
        self.at += 3;
        self.consume();
        // Quotes are looked for once on each side of the operator at most; a bracket inside the pair does not count.
        let (mut begun, mut ended, mut pair) = (false, false, ' ');
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".to_owned()),
                Some(quote @ ('"' | '\'')) => {
                    if begun {
                        let escaped = self.input.as_bytes()[self.at - 2] == b'\\';
                        ended |= !escaped && quote == pair;
                    } else {
                        begun = true;
                        pair = quote;
                    }
                }
                Some(')') if begun == ended => break,
                Some(_) => {}
            }
        }
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        let text = self.consume();
        let text = &text[..text.len() - 2];
        let (left, operator, right) = match compared(text) {
            None => (action(text)?, "exists", Vec::new()),
            Some((left, operator, right)) => (action(left)?, operator, action(right)?),
        };
        Ok(Node::Filter(Box::new(Filter { left, operator: operator.to_owned(), right })))
    }
}

/// A filter around its operator; none where it only asks whether something is there.
fn compared(text: &str) -> Option<(&str, &str, &str)> {
    let is_sign = |character| matches!(character, '!' | '<' | '>' | '=');
    let from = text.find(is_sign).filter(|from| *from > 0)?;
    let signs = text[from..].find(|character| !is_sign(character)).unwrap_or(text.len() - from);
    // Something must be left to compare with, if need be the last sign.
    let to = if from + signs == text.len() { text.len() - 1 } else { from + signs };
    (to > from && to < text.len()).then(|| (&text[..from], &text[from..to], &text[to..]))
}

/// `3`, `0:2`, `::2`
fn bounds(text: &str) -> Result<[Bound; 3], String> {
    let wrong = || format!("invalid array index {text}");
    let parts: Vec<&str> = text.split(':').collect();
    let shaped = |part: &&str| {
        let digits = part.strip_prefix('-').unwrap_or(part);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if parts.len() > 3 || !parts.iter().all(shaped) {
        return Err(wrong());
    }
    let mut bounds = [Bound::default(); 3];
    for (index, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
        let value = part.parse().map_err(|_| format!("array index {part} is not a number"))?;
        bounds[index] = Bound { known: true, value, derived: false };
    }
    if parts.len() == 1 {
        bounds[1] = Bound { known: true, value: bounds[0].value.saturating_add(1), derived: true };
    }
    Ok(bounds)
}

fn is_alphanumeric(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn is_terminator(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

/// A quoted text with Go's escapes; either quote may stand around it.
fn unquoted(text: &str, quote: char) -> Option<String> {
    let inner = text.get(1..text.len() - 1)?;
    let mut out = String::new();
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let next = rest.next()?;
        let mut code = |digits: usize, base: u32| {
            let mut number = 0_u32;
            for _ in 0..digits {
                number = number.checked_mul(base)?.checked_add(rest.next()?.to_digit(base)?)?;
            }
            char::from_u32(number)
        };
        out.push(match next {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '\\' => '\\',
            'x' => code(2, 16)?,
            'u' => code(4, 16)?,
            'U' => code(8, 16)?,
            next if next == quote => next,
            _ => return None,
        });
    }
    Some(out)
}

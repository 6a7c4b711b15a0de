//! A command line taken apart as a POSIX shell does.

use super::syntax::{
    AndOr, Command, Joint, Otherwise, Part, Pipeline, Redirection, Script, Then, What, Word,
};

/// Why a line is none, in bash's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SyntaxError {
    /// Something is open at the end: more input may close it.
    Unfinished(String),
    /// Something stands where it cannot.
    Wrong(String),
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unfinished(words) | Self::Wrong(words) => f.write_str(words),
        }
    }
}

/// Nothing is nested deeper.
const MOST_DEPTH: u32 = 32;

/// Reads a script.
pub(crate) fn parse(text: &str) -> Result<Script, SyntaxError> {
    let mut parser = Parser { text, at: 0, depth: 0, nested: 0, documents: Vec::new() };
    let script = parser.script(&[])?;
    match parser.peek() {
        None => Ok(script),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// How many lists of commands are open, and in how many substitutions.
    depth: u32,
    nested: u32,
    /// Here-documents that were announced, in order; their bodies begin on the next line.
    documents: Vec<Document>,
}

/// A here-document that has been announced.
struct Document {
    end: String,
    quoted: bool,
    tabs: bool,
    body: Option<Word>,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Blanks, continued lines and comments; line ends too, with the here-documents behind them.
    fn skip(&mut self, lines: bool) -> Result<(), SyntaxError> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => drop(self.next()),
                Some('\\') if self.rest().starts_with("\\\n") => self.at += 2,
                Some('#') => {
                    let length = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at += length;
                }
                Some('\n') if lines => self.line_end()?,
                _ => return Ok(()),
            }
        }
    }

    /// The end of a line, and the bodies of the here-documents that were announced on it.
    fn line_end(&mut self) -> Result<(), SyntaxError> {
        self.next();
        for index in 0..self.documents.len() {
            if self.documents[index].body.is_some() {
                continue;
            }
            let (end, quoted, tabs) = {
                let document = &self.documents[index];
                (document.end.clone(), document.quoted, document.tabs)
            };
            let mut body = String::new();
            loop {
                if self.rest().is_empty() {
                    // Bash warns, and takes the end of the input for the end of the document.
                    break;
                }
                let length = self.rest().find('\n').unwrap_or(self.rest().len());
                let line = self.rest()[..length].to_owned();
                self.at = (self.at + length + 1).min(self.text.len());
                let line = if tabs { line.trim_start_matches('\t') } else { line.as_str() };
                if line == end {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let word = if quoted { Word(vec![Part::Quoted(body)]) } else { expanding(&body)? };
            self.documents[index].body = Some(word);
        }
        Ok(())
    }

    fn unexpected(&self) -> SyntaxError {
        let rest = self.rest();
        let token = match rest.chars().next() {
            None => {
                return SyntaxError::Unfinished("syntax error: unexpected end of file".to_owned());
            }
            Some('\n') => "newline",
            Some(_) => ["&&", "||", ";;", "<<", ">>", ">&"]
                .into_iter()
                .find(|token| rest.starts_with(token))
                .unwrap_or_else(|| {
                    let end = rest
                        .char_indices()
                        .find(|(at, next)| *at > 0 && (is_meta(*next) || next.is_whitespace()));
                    let first = rest.chars().next().map_or(0, char::len_utf8);
                    let one = rest.starts_with(is_meta);
                    &rest[..if one { first } else { end.map_or(rest.len(), |(at, _)| at) }]
                }),
        };
        SyntaxError::Wrong(format!("syntax error near unexpected token `{token}'"))
    }

    /// Commands up to one of the words that end them, or to the end.
    fn script(&mut self, ends: &[&str]) -> Result<Script, SyntaxError> {
        self.depth += 1;
        if self.depth + self.nested > MOST_DEPTH {
            return Err(SyntaxError::Wrong("commands are nested too deeply".to_owned()));
        }
        let mut script = Script::default();
        loop {
            self.skip(true)?;
            if self.peek().is_none_or(|next| next == ')') || self.at_word(ends) {
                self.depth -= 1;
                // Bodies belong to commands that have been read by now.
                if self.depth == 0 {
                    self.skip(true)?;
                    let bodies: Vec<Word> = self
                        .documents
                        .drain(..)
                        .map(|document| document.body.unwrap_or_default())
                        .collect();
                    fill(&mut script, &mut bodies.into_iter());
                }
                return Ok(script);
            }
            script.0.push(self.and_or()?);
            self.skip(false)?;
            match self.peek() {
                None | Some('\n' | ')') => {}
                Some(';') if !self.rest().starts_with(";;") => drop(self.next()),
                Some('&') if !self.rest().starts_with("&&") => {
                    return Err(SyntaxError::Wrong(
                        "Pullpath has no commands in the background (`&`)".to_owned(),
                    ));
                }
                Some(_) if self.at_word(ends) => {}
                Some(_) => return Err(self.unexpected()),
            }
        }
    }

    /// Whether one of these words stands here, as a word of its own.
    fn at_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| {
            self.rest().strip_prefix(word).is_some_and(|rest| {
                rest.chars().next().is_none_or(|next| next.is_whitespace() || is_meta(next))
            })
        })
    }

    fn take_word(&mut self, word: &str) -> Result<(), SyntaxError> {
        self.skip(true)?;
        if self.at_word(&[word]) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn and_or(&mut self) -> Result<AndOr, SyntaxError> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip(false)?;
            let joint = if self.eat("&&") {
                Joint::And
            } else if self.eat("||") {
                Joint::Or
            } else {
                return Ok(AndOr { first, rest });
            };
            self.skip(true)?;
            rest.push((joint, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, SyntaxError> {
        self.skip(false)?;
        let negated = self.at_word(&["!"]);
        if negated {
            self.at += 1;
        }
        let mut commands = vec![self.command()?];
        loop {
            self.skip(false)?;
            if self.rest().starts_with("||") {
                break;
            }
            if self.eat("|&") {
                let last = commands.last_mut().expect("there is one");
                last.redirections.push(Redirection::Duplicate { stream: 2, of: 1 });
            } else if !self.eat("|") {
                break;
            }
            self.skip(true)?;
            commands.push(self.command()?);
        }
        Ok(Pipeline { negated, commands })
    }

    fn command(&mut self) -> Result<Command, SyntaxError> {
        self.skip(false)?;
        let what = if self.eat("(") {
            let script = self.script(&[])?;
            if !self.eat(")") {
                return Err(self.unexpected());
            }
            What::Subshell(script)
        } else if self.at_word(&["{"]) {
            self.at += 1;
            let script = self.script(&["}"])?;
            self.take_word("}")?;
            What::Group(script)
        } else if self.at_word(&["if"]) {
            self.at += 2;
            self.branch()?
        } else if self.at_word(&["while", "until"]) {
            let until = self.at_word(&["until"]);
            self.at += 5;
            let condition = self.script(&["do"])?;
            What::While { condition, until, body: self.body()? }
        } else if self.at_word(&["for"]) {
            self.at += 3;
            self.each()?
        } else {
            return self.simple();
        };
        let mut redirections = Vec::new();
        loop {
            self.skip(false)?;
            match self.redirection()? {
                Some(redirection) => redirections.push(redirection),
                None => return Ok(Command { what, redirections }),
            }
        }
    }

    fn branch(&mut self) -> Result<What, SyntaxError> {
        let condition = self.script(&["then"])?;
        self.take_word("then")?;
        let then = self.script(&["elif", "else", "fi"])?;
        let otherwise = if self.at_word(&["elif"]) {
            self.at += 4;
            let what = self.branch()?;
            let command = Command { what, redirections: Vec::new() };
            let first = Pipeline { negated: false, commands: vec![command] };
            return Ok(What::If {
                condition,
                then,
                otherwise: Script(vec![AndOr { first, rest: Vec::new() }]),
            });
        } else if self.at_word(&["else"]) {
            self.at += 4;
            self.script(&["fi"])?
        } else {
            Script::default()
        };
        self.take_word("fi")?;
        Ok(What::If { condition, then, otherwise })
    }

    fn each(&mut self) -> Result<What, SyntaxError> {
        self.skip(false)?;
        let name = self.word()?.and_then(|word| word.keyword());
        let Some(name) = name.filter(|name| is_name(name)) else { return Err(self.unexpected()) };
        self.skip(false)?;
        let mut words = Vec::new();
        if self.at_word(&["in"]) {
            self.at += 2;
            self.skip(false)?;
            while let Some(word) = self.word()? {
                words.push(word);
                self.skip(false)?;
            }
        }
        self.eat(";");
        Ok(What::For { name, words, body: self.body()? })
    }

    fn body(&mut self) -> Result<Script, SyntaxError> {
        self.take_word("do")?;
        let script = self.script(&["done"])?;
        self.take_word("done")?;
        Ok(script)
    }

    fn simple(&mut self) -> Result<Command, SyntaxError> {
        let (mut assignments, mut words) = (Vec::new(), Vec::new());
        let mut redirections = Vec::new();
        loop {
            self.skip(false)?;
            if let Some(redirection) = self.redirection()? {
                redirections.push(redirection);
                continue;
            }
            let Some(mut word) = self.word()? else { break };
            if words.is_empty()
                && let Some(Part::Plain(first)) = word.0.first_mut()
                && let Some((name, value)) = first.split_once('=')
                && is_name(name)
            {
                let name = name.to_owned();
                *first = value.to_owned();
                assignments.push((name, word));
                continue;
            }
            words.push(word);
        }
        if assignments.is_empty() && words.is_empty() && redirections.is_empty() {
            return Err(self.unexpected());
        }
        Ok(Command { what: What::Simple { assignments, words }, redirections })
    }

    fn redirection(&mut self) -> Result<Option<Redirection>, SyntaxError> {
        if self.eat("&>") {
            return self.file().map(|file| Some(Redirection::Both(file)));
        }
        let number = self.peek().filter(char::is_ascii_digit);
        let behind = if number.is_some() { &self.rest()[1..] } else { self.rest() };
        if !behind.starts_with(['<', '>']) {
            return Ok(None);
        }
        let number = number.map(|digit| digit as u8 - b'0');
        if number.is_some() {
            self.at += 1;
        }
        if self.eat("<<<") {
            let mut word = self.file()?;
            word.0.push(Part::Quoted("\n".to_owned()));
            return Ok(Some(Redirection::Text(word)));
        }
        if self.eat("<<") {
            let tabs = self.eat("-");
            let word = self.file()?;
            let quoted = word.keyword().is_none();
            let end = word.literal().ok_or_else(|| self.unexpected())?;
            self.documents.push(Document { end, quoted, tabs, body: None });
            // Its body is put here when it has been read.
            return Ok(Some(Redirection::Text(Word(vec![Part::Plain(DOCUMENT.to_owned())]))));
        }
        if self.eat("<") {
            return self.file().map(|file| Some(Redirection::From(file)));
        }
        let stream = number.unwrap_or(1);
        self.eat(">");
        if self.eat("&") {
            let of = self.next().and_then(|digit| digit.to_digit(10));
            return match of {
                Some(of @ 0..=2) => {
                    Ok(Some(Redirection::Duplicate { stream, of: u8::try_from(of).unwrap_or(1) }))
                }
                _ => Err(self.unexpected()),
            };
        }
        let append = self.eat(">");
        self.eat("|");
        Ok(Some(Redirection::To { stream, file: self.file()?, append }))
    }

    fn file(&mut self) -> Result<Word, SyntaxError> {
        self.skip(false)?;
        match self.word()? {
            Some(word) => Ok(word),
            None => Err(self.unexpected()),
        }
    }

    /// The word that begins here, if one does.
    fn word(&mut self) -> Result<Option<Word>, SyntaxError> {
        let mut word = Word::default();
        let mut any = false;
        while let Some(next) = self.peek() {
            match next {
                '\\' => {
                    self.next();
                    match self.next() {
                        Some('\n') => {}
                        Some(escaped) => word.0.push(Part::Quoted(escaped.to_string())),
                        None => word.0.push(Part::Quoted("\\".to_owned())),
                    }
                }
                '\'' => {
                    self.next();
                    let Some(length) = self.rest().find('\'') else {
                        return Err(unclosed('\''));
                    };
                    word.0.push(Part::Quoted(self.rest()[..length].to_owned()));
                    self.at += length + 1;
                }
                '"' => {
                    self.next();
                    self.quoted(&mut word, Some('"'))?;
                }
                '$' if self.rest().starts_with("$'") => {
                    self.at += 2;
                    word.0.push(Part::Quoted(self.ansi_c()?));
                }
                '$' => match self.dollar(false)? {
                    Some(part) => word.0.push(part),
                    None => push(&mut word, '$'),
                },
                '`' => {
                    self.next();
                    word.0.push(self.backquoted(false)?);
                }
                next if next.is_whitespace() || is_meta(next) => break,
                next => {
                    self.next();
                    push(&mut word, next);
                }
            }
            any = true;
        }
        Ok(any.then_some(word))
    }

    /// What stands in double quotes, or in a here-document without its end.
    fn quoted(&mut self, word: &mut Word, end: Option<char>) -> Result<(), SyntaxError> {
        let mut text = String::new();
        let mut parts = Vec::new();
        loop {
            match self.peek() {
                None if end.is_none() => break,
                None => return Err(unclosed('"')),
                next if next == end => {
                    self.next();
                    break;
                }
                Some('\\') => {
                    self.next();
                    // Inside quotes a backslash is itself unless it stands before one of these.
                    match self.peek() {
                        Some('\n') => drop(self.next()),
                        Some(next @ ('$' | '`' | '\\')) => {
                            self.next();
                            text.push(next);
                        }
                        Some('"') if end.is_some() => {
                            self.next();
                            text.push('"');
                        }
                        _ => text.push('\\'),
                    }
                }
                Some(opens @ ('$' | '`')) => {
                    let part = if opens == '$' {
                        self.dollar(true)?
                    } else {
                        self.next();
                        Some(self.backquoted(true)?)
                    };
                    match part {
                        Some(part) => {
                            parts.push(Part::Quoted(std::mem::take(&mut text)));
                            parts.push(part);
                        }
                        None => text.push('$'),
                    }
                }
                Some(next) => {
                    self.next();
                    text.push(next);
                }
            }
        }
        parts.push(Part::Quoted(text));
        word.0.append(&mut parts);
        Ok(())
    }

    /// An expansion; nothing if the dollar is only a dollar, which has then been taken.
    fn dollar(&mut self, quoted: bool) -> Result<Option<Part>, SyntaxError> {
        self.next();
        if self.rest().starts_with("((") {
            return Err(SyntaxError::Wrong("Pullpath has no arithmetic (`$((`)".to_owned()));
        }
        if self.eat("(") {
            let outer = std::mem::take(&mut self.documents);
            let depth = std::mem::take(&mut self.depth);
            self.nested += depth + 1;
            let script = self.script(&[])?;
            self.nested -= depth + 1;
            self.depth = depth;
            self.documents = outer;
            if !self.eat(")") {
                return Err(SyntaxError::Unfinished(
                    "unexpected EOF while looking for matching `)'".to_owned(),
                ));
            }
            return Ok(Some(Part::Substitution { script, quoted }));
        }
        if self.eat("{") {
            return self.braced(quoted).map(Some);
        }
        let name = match self.peek() {
            Some(special @ ('?' | '#' | '@' | '*' | '$' | '!' | '0'..='9')) => {
                self.next();
                special.to_string()
            }
            _ => self.name(),
        };
        Ok((!name.is_empty()).then_some(Part::Parameter { name, otherwise: None, quoted }))
    }

    fn name(&mut self) -> String {
        let is_inner = |next: char| next.is_ascii_alphanumeric() || next == '_';
        let length = self.rest().find(|next| !is_inner(next)).unwrap_or(self.rest().len());
        let name = &self.rest()[..length];
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            return String::new();
        }
        let name = name.to_owned();
        self.at += length;
        name
    }

    /// `${name}`, `${name:-word}`
    fn braced(&mut self, quoted: bool) -> Result<Part, SyntaxError> {
        let wrong = |parser: &Self| {
            let length = parser.rest().find('}').unwrap_or(parser.rest().len());
            SyntaxError::Wrong(format!("${{…{}}}: bad substitution", &parser.rest()[..length]))
        };
        // `${#}` is how many arguments there are, `${#name}` how long a text is.
        let counts = self.rest().starts_with('#') && !self.rest().starts_with("#}");
        if counts {
            self.next();
        }
        let name = match self.peek() {
            Some(special @ ('?' | '#' | '@' | '*' | '0'..='9')) => {
                self.next();
                special.to_string()
            }
            _ => self.name(),
        };
        if counts {
            let how = Otherwise { also_empty: false, then: Then::Length };
            if name.is_empty() || !self.eat("}") {
                return Err(wrong(self));
            }
            let otherwise = Some((how, Word::default()));
            return Ok(Part::Parameter { name, otherwise, quoted });
        }
        if name.is_empty() {
            return Err(wrong(self));
        }
        if self.eat("}") {
            return Ok(Part::Parameter { name, otherwise: None, quoted });
        }
        let also_empty = self.eat(":");
        let then = match self.next() {
            Some('-') => Then::Use,
            Some('=') => Then::Assign,
            Some('?') => Then::Fail,
            Some('+') => Then::Instead,
            Some('#') if !also_empty => Then::CutFront { longest: self.eat("#") },
            Some('%') if !also_empty => Then::CutEnd { longest: self.eat("%") },
            _ => return Err(wrong(self)),
        };
        let mut word = Word::default();
        self.quoted(&mut word, Some('}'))?;
        let otherwise = Some((Otherwise { also_empty, then }, word));
        Ok(Part::Parameter { name, otherwise, quoted })
    }

    /// The old form of `$(…)`.
    fn backquoted(&mut self, quoted: bool) -> Result<Part, SyntaxError> {
        let mut inner = String::new();
        loop {
            match self.next() {
                None => return Err(unclosed('`')),
                Some('`') => break,
                Some('\\') => match self.next() {
                    Some(next @ ('$' | '`' | '\\')) => inner.push(next),
                    Some(next) => inner.extend(['\\', next]),
                    None => return Err(unclosed('`')),
                },
                Some(next) => inner.push(next),
            }
        }
        Ok(Part::Substitution { script: parse(&inner)?, quoted })
    }

    /// `$'a\tb'`
    fn ansi_c(&mut self) -> Result<String, SyntaxError> {
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(unclosed('\'')),
                Some('\'') => return Ok(text),
                Some('\\') => text.push(match self.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some('0') => '\0',
                    Some(other) => other,
                    None => return Err(unclosed('\'')),
                }),
                Some(next) => text.push(next),
            }
        }
    }
}

/// Stands where the body of a here-document will be.
const DOCUMENT: &str = "\0";

/// Puts the bodies of here-documents where they were announced, in order.
fn fill(script: &mut Script, bodies: &mut dyn Iterator<Item = Word>) {
    let pipelines = script.0.iter_mut().flat_map(|one| {
        std::iter::once(&mut one.first).chain(one.rest.iter_mut().map(|one| &mut one.1))
    });
    for command in pipelines.flat_map(|pipeline| &mut pipeline.commands) {
        match &mut command.what {
            What::Simple { .. } => {}
            What::Group(script) | What::Subshell(script) => fill(script, bodies),
            What::If { condition, then, otherwise } => {
                for script in [condition, then, otherwise] {
                    fill(script, bodies);
                }
            }
            What::While { condition, body, .. } => {
                fill(condition, bodies);
                fill(body, bodies);
            }
            What::For { body, .. } => fill(body, bodies),
        }
        for redirection in &mut command.redirections {
            if let Redirection::Text(word) = redirection
                && word.0 == [Part::Plain(DOCUMENT.to_owned())]
            {
                *word = bodies.next().unwrap_or_default();
            }
        }
    }
}

/// Text in which only expansions mean something.
fn expanding(body: &str) -> Result<Word, SyntaxError> {
    let mut parser = Parser { text: body, at: 0, depth: 0, nested: 0, documents: Vec::new() };
    let mut word = Word::default();
    parser.quoted(&mut word, None)?;
    Ok(word)
}

fn unclosed(quote: char) -> SyntaxError {
    SyntaxError::Unfinished(format!("unexpected EOF while looking for matching `{quote}'"))
}

fn push(word: &mut Word, character: char) {
    match word.0.last_mut() {
        Some(Part::Plain(text)) => text.push(character),
        _ => word.0.push(Part::Plain(character.to_string())),
    }
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

const fn is_meta(character: char) -> bool {
    matches!(character, ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

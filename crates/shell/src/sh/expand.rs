//! Words with variables and substitutions to the fields that a command gets.

use super::files::absolute;
use super::run::Session;
use super::syntax::{Part, Then, Word};
use crate::host::Output;

/// A field that is being put together, and which of its characters may be a pattern of file names.
#[derive(Default)]
struct Field {
    text: String,
    /// The same with a backslash before what is quoted.
    pattern: String,
    any: bool,
}

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        self.any |= quoted || !text.is_empty();
        self.text.push_str(text);
        for character in text.chars() {
            if quoted && matches!(character, '*' | '?' | '[' | '\\') {
                self.pattern.push('\\');
            }
            self.pattern.push(character);
        }
    }
}

/// How long the texts of one command may be together.
const MOST_TEXT: usize = 1024 * 1024;

/// No longer text has a pattern cut off, which takes the square of its length.
const MOST_CUT: usize = 4096;

const TOO_LONG: &str = "Argument list too long";

/// A text without what a pattern matches at its front or its end.
fn cut(text: &str, pattern: &str, front: bool, longest: bool) -> Result<String, String> {
    if text.len() > MOST_CUT || pattern.len() > MOST_CUT {
        return Err(TOO_LONG.to_owned());
    }
    // Unlike in a path, a slash is a character like others.
    let plain = |text: &str| text.replace('/', "\u{1}");
    let pattern = plain(pattern);
    let matches =
        |piece: &str| pullpath_model::go::glob::matches(&pattern, &plain(piece)).unwrap_or(false);
    let mut places: Vec<usize> =
        text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    // From the shortest piece to the longest, or the other way round.
    if front == longest {
        places.reverse();
    }
    let found = places.into_iter().find(|at| {
        let (before, behind) = text.split_at(*at);
        matches(if front { before } else { behind })
    });
    Ok(match found {
        Some(at) if front => text[at..].to_owned(),
        Some(at) => text[..at].to_owned(),
        None => text.to_owned(),
    })
}

impl Session<'_> {
    /// The fields of words.
    pub(super) fn expand(&mut self, words: &[Word]) -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        for word in words {
            let mut fields = vec![Field::default()];
            for (index, part) in word.0.iter().enumerate() {
                self.part(part, index == 0, &mut fields)?;
                if fields.iter().map(|field| field.text.len()).sum::<usize>() > MOST_TEXT {
                    return Err(TOO_LONG.to_owned());
                }
            }
            for field in fields.into_iter().filter(|field| field.any) {
                match self.file_names(&field.pattern) {
                    names if names.is_empty() => all.push(field.text),
                    names => all.extend(names),
                }
            }
            if all.iter().map(String::len).sum::<usize>() > MOST_TEXT {
                return Err(TOO_LONG.to_owned());
            }
        }
        Ok(all)
    }

    /// The one text of a word, which is not taken apart.
    pub(super) fn expand_whole(&mut self, word: &Word) -> Result<String, String> {
        let mut text = String::new();
        for (index, part) in word.0.iter().enumerate() {
            match part {
                Part::Plain(plain) if index == 0 => text.push_str(&self.home(plain)),
                Part::Plain(part) | Part::Quoted(part) => text.push_str(part),
                Part::Parameter { .. } | Part::Substitution { .. } => {
                    text.push_str(&self.value(part)?);
                }
            }
            if text.len() > MOST_TEXT {
                return Err(TOO_LONG.to_owned());
            }
        }
        Ok(text)
    }

    fn part(&mut self, part: &Part, first: bool, fields: &mut Vec<Field>) -> Result<(), String> {
        let last = |fields: &mut Vec<Field>, text: &str, quoted| {
            fields.last_mut().expect("there is always one").push(text, quoted);
        };
        match part {
            Part::Plain(text) if first => last(fields, &self.home(text), false),
            Part::Plain(text) => last(fields, text, false),
            Part::Quoted(text) => last(fields, text, true),
            Part::Parameter { name, quoted: true, otherwise: None } if name == "@" => {
                let arguments = self.shell.arguments.iter().skip(1).cloned().collect::<Vec<_>>();
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        fields.push(Field::default());
                    }
                    last(fields, argument, true);
                }
            }
            Part::Parameter { quoted: true, .. } | Part::Substitution { quoted: true, .. } => {
                let text = self.value(part)?;
                last(fields, &text, true);
            }
            Part::Parameter { .. } | Part::Substitution { .. } => {
                let text = self.value(part)?;
                // Blanks separate fields, also those at either end.
                if text.starts_with(char::is_whitespace) {
                    fields.push(Field::default());
                }
                for (index, piece) in text.split_whitespace().enumerate() {
                    if index > 0 {
                        fields.push(Field::default());
                    }
                    last(fields, piece, false);
                }
                if text.ends_with(char::is_whitespace) {
                    fields.push(Field::default());
                }
            }
        }
        Ok(())
    }

    /// `~` and `~/x`
    fn home(&self, text: &str) -> String {
        match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let home = self.shell.variable("HOME").unwrap_or(super::HOME);
                format!("{home}{rest}")
            }
            _ => text.to_owned(),
        }
    }

    fn value(&mut self, part: &Part) -> Result<String, String> {
        match part {
            Part::Plain(text) | Part::Quoted(text) => Ok(text.clone()),
            Part::Substitution { script, .. } => {
                let mut output = Output::default();
                let kept = (self.shell.variables.clone(), self.shell.folder.clone());
                self.run(script, None, &mut output);
                (self.shell.variables, self.shell.folder) = kept;
                self.aside.push_str(&output.stderr);
                Ok(output.stdout.trim_end_matches('\n').to_owned())
            }
            Part::Parameter { name, otherwise, .. } => {
                let value = self.parameter(name);
                let Some((how, word)) = otherwise else { return Ok(value.unwrap_or_default()) };
                match how.then {
                    Then::Length => {
                        return Ok(value.unwrap_or_default().chars().count().to_string());
                    }
                    Then::CutFront { longest } | Then::CutEnd { longest } => {
                        let pattern = self.expand_whole(word)?;
                        let front = matches!(how.then, Then::CutFront { .. });
                        return cut(&value.unwrap_or_default(), &pattern, front, longest);
                    }
                    Then::Use | Then::Assign | Then::Fail | Then::Instead => {}
                }
                let set = value.filter(|value| !(how.also_empty && value.is_empty()));
                match (set, how.then) {
                    (Some(_), Then::Instead) => self.expand_whole(word),
                    (None, Then::Instead) => Ok(String::new()),
                    (Some(value), _) => Ok(value),
                    (None, Then::Assign) => {
                        let value = self.expand_whole(word)?;
                        self.assign(name, value.clone());
                        Ok(value)
                    }
                    (None, Then::Fail) => {
                        let words = self.expand_whole(word)?;
                        let words =
                            if words.is_empty() { "parameter null or not set" } else { &words };
                        Err(format!("{name}: {words}"))
                    }
                    (None, _) => self.expand_whole(word),
                }
            }
        }
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let arguments = self.shell.arguments.get(1..).unwrap_or_default();
        Some(match name {
            "?" => self.shell.status.to_string(),
            "#" => arguments.len().to_string(),
            "@" | "*" => arguments.join(" "),
            "$" => "1".to_owned(),
            "!" => String::new(),
            name => match name.parse::<usize>() {
                Ok(0) => self.shell.arguments.first().map_or("bash", String::as_str).to_owned(),
                Ok(number) => arguments.get(number - 1)?.clone(),
                Err(_) => self.shell.variable(name)?.to_owned(),
            },
        })
    }

    /// The files that a pattern in the last step of a path matches; none where it is no pattern.
    fn file_names(&self, pattern: &str) -> Vec<String> {
        let (folder, last) = pattern.rsplit_once('/').map_or(("", pattern), |(folder, last)| {
            (if folder.is_empty() { "/" } else { folder }, last)
        });
        if !last.contains(['*', '?', '[']) || folder.contains(['*', '?', '[', '\\']) {
            return Vec::new();
        }
        let names = self.shell.files.list(&absolute(&self.shell.folder, folder));
        let matching = names.into_iter().filter(|name| {
            (!name.starts_with('.') || last.starts_with('.'))
                && pullpath_model::go::glob::matches(last, name).unwrap_or(false)
        });
        let prefix = match folder {
            "" => String::new(),
            "/" => "/".to_owned(),
            folder => format!("{folder}/"),
        };
        matching.map(|name| format!("{prefix}{name}")).collect()
    }
}

//! Filters: `grep`, `sed` and the others that read lines and print lines.

use super::builtin::flags;
use super::pattern::{Pattern, Place};
use super::run::Session;
use crate::host::Output;

/// Flags with their values, apart from files: `-n 3`, `-n3`, `--lines=3`.
struct Given {
    flags: Vec<(String, Option<String>)>,
    files: Vec<String>,
}

impl Given {
    /// `valued` are the letters that a value follows; long names stand for their letters.
    fn read(
        program: &str,
        arguments: &[String],
        letters: &str,
        valued: &str,
        long: &[(&str, char)],
        out: &mut Output,
    ) -> Option<Self> {
        let mut given = Self { flags: Vec::new(), files: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let unknown = |out: &mut Output| {
                out.complain(&format!("{program}: Pullpath does not model `{argument}`"));
            };
            if let Some(name) = argument.strip_prefix("--").filter(|name| !name.is_empty()) {
                let (name, value) = match name.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (name, None),
                };
                let Some((_, letter)) = long.iter().find(|(known, _)| *known == name) else {
                    unknown(out);
                    return None;
                };
                let value = if valued.contains(*letter) {
                    value.or_else(|| rest.next().cloned())
                } else {
                    None
                };
                given.flags.push((letter.to_string(), value));
                continue;
            }
            let Some(short) = argument.strip_prefix('-').filter(|short| !short.is_empty()) else {
                given.files.push(argument.clone());
                continue;
            };
            if argument == "--" {
                given.files.extend(rest.by_ref().cloned());
                break;
            }
            // `head -3`
            if short.bytes().all(|byte| byte.is_ascii_digit()) && valued.contains('n') {
                given.flags.push(("n".to_owned(), Some(short.to_owned())));
                continue;
            }
            for (index, letter) in short.char_indices() {
                if valued.contains(letter) {
                    let inline = &short[index + letter.len_utf8()..];
                    let value = if inline.is_empty() {
                        rest.next().cloned()
                    } else {
                        Some(inline.to_owned())
                    };
                    given.flags.push((letter.to_string(), value));
                    break;
                }
                if !letters.contains(letter) {
                    unknown(out);
                    return None;
                }
                given.flags.push((letter.to_string(), None));
            }
        }
        Some(given)
    }

    fn has(&self, letter: char) -> bool {
        self.flags.iter().any(|(known, _)| known.starts_with(letter))
    }

    fn value(&self, letter: char) -> Option<&str> {
        let mut given = self.flags.iter().rev().filter(|(known, _)| known.starts_with(letter));
        given.find_map(|(_, value)| value.as_deref())
    }

    fn number(&self, letter: char) -> Option<usize> {
        self.value(letter)?.parse().ok()
    }
}

pub(super) fn grep(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let long = [
        ("ignore-case", 'i'),
        ("invert-match", 'v'),
        ("count", 'c'),
        ("extended-regexp", 'E'),
        ("fixed-strings", 'F'),
        ("line-number", 'n'),
        ("only-matching", 'o'),
        ("quiet", 'q'),
        ("word-regexp", 'w'),
        ("after-context", 'A'),
        ("before-context", 'B'),
        ("context", 'C'),
        ("regexp", 'e'),
        ("color", 'z'),
    ];
    let Some(mut given) = Given::read("grep", arguments, "ivcEFnoqwxlhsz", "ABCe", &long, out)
    else {
        return 2;
    };
    let patterns: Vec<String> = match given.value('e') {
        Some(_) => given
            .flags
            .iter()
            .filter(|(letter, _)| letter == "e")
            .filter_map(|(_, value)| value.clone())
            .collect(),
        None if given.files.is_empty() => {
            out.complain("Usage: grep [OPTION]... PATTERNS [FILE]...");
            return 2;
        }
        None => vec![given.files.remove(0)],
    };
    let mut read = Vec::new();
    for pattern in patterns.iter().flat_map(|pattern| pattern.split('\n')) {
        let pattern = match (given.has('F'), given.has('E')) {
            (true, _) => Some(Pattern::fixed(pattern)),
            (false, true) => Pattern::extended(pattern),
            (false, false) => Pattern::basic(pattern),
        };
        let Some(pattern) = pattern else {
            out.complain("grep: Invalid regular expression");
            return 2;
        };
        let pattern = if given.has('i') { pattern.ignoring_case() } else { pattern };
        read.push(match (given.has('w'), given.has('x')) {
            (_, true) => pattern.between(false),
            (true, false) => pattern.between(true),
            (false, false) => pattern,
        });
    }
    let find = |line: &str, from| -> Option<Place> {
        read.iter()
            .filter_map(|pattern| pattern.find(line, from))
            .min_by_key(|place| place[0].map_or(0, |(from, _)| from))
    };
    let around = given.number('C').unwrap_or(0);
    let (before, after) =
        (given.number('B').unwrap_or(around), given.number('A').unwrap_or(around));
    let inputs = session.input("grep", &given.files, stdin, out);
    let named = inputs.len() > 1 && !given.has('h');
    let mut any = false;
    for (name, text) in inputs {
        let lines: Vec<&str> = text.lines().collect();
        let hits: Vec<usize> = (0..lines.len())
            .filter(|index| find(lines[*index], 0).is_some() != given.has('v'))
            .collect();
        any |= !hits.is_empty();
        let prefix = if named { format!("{name}:") } else { String::new() };
        if given.has('q') {
            continue;
        }
        if given.has('l') {
            if !hits.is_empty() {
                out.say(&name);
            }
            continue;
        }
        if given.has('c') {
            out.say(&format!("{prefix}{}", hits.len()));
            continue;
        }
        let mut told = 0;
        let mut first = true;
        for hit in &hits {
            if given.has('o') {
                let mut from = 0;
                while let Some(Some((start, end))) = find(lines[*hit], from).map(|place| place[0]) {
                    if end > start {
                        out.say(&format!("{prefix}{}", &lines[*hit][start..end]));
                    }
                    from = if end > start { end } else { end + 1 };
                    if from > lines[*hit].len() || !lines[*hit].is_char_boundary(from) {
                        break;
                    }
                }
                continue;
            }
            let from = hit.saturating_sub(before).max(told);
            if !first && from > told && before + after > 0 {
                out.say("--");
            }
            first = false;
            let to = (hit + after + 1).min(lines.len());
            for (index, line) in lines.iter().enumerate().take(to).skip(from) {
                let is_hit = hits.binary_search(&index).is_ok();
                let sign = if is_hit { ':' } else { '-' };
                let name = if named { format!("{name}{sign}") } else { String::new() };
                let number =
                    if given.has('n') { format!("{}{sign}", index + 1) } else { String::new() };
                out.say(&format!("{name}{number}{line}"));
            }
            told = told.max(to);
        }
    }
    match std::mem::take(&mut out.exit) {
        0 => i32::from(!any),
        _ => 2,
    }
}

/// `s/this/that/g`, `-n`, `-e`, `-E`; `p` and `d` for all lines or a line by number or pattern.
pub(super) fn sed(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let long = [("quiet", 'n'), ("silent", 'n'), ("regexp-extended", 'E'), ("expression", 'e')];
    let Some(mut given) = Given::read("sed", arguments, "nErs", "e", &long, out) else { return 1 };
    let scripts: Vec<String> = if given.has('e') {
        given.flags.iter().filter_map(|(_, value)| value.clone()).collect()
    } else if given.files.is_empty() {
        out.complain("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...");
        return 1;
    } else {
        vec![given.files.remove(0)]
    };
    let extended = given.has('E') || given.has('r');
    let mut edits = Vec::new();
    for script in scripts.iter().flat_map(|script| script.split('\n')) {
        match Edit::read(script.trim(), extended) {
            Some(more) => edits.extend(more),
            None => {
                out.complain(&format!("sed: Pullpath does not model `{script}`"));
                return 1;
            }
        }
    }
    let text: String =
        session.input("sed", &given.files, stdin, out).into_iter().map(|(_, text)| text).collect();
    let last = text.lines().count();
    for (index, line) in text.lines().enumerate() {
        let mut line = line.to_owned();
        let mut shown = !given.has('n');
        for edit in &edits {
            if edit.applies(&line, index + 1, last) && !edit.perform(&mut line, &mut shown, out) {
                break;
            }
        }
        if shown {
            out.say(&line);
        }
    }
    std::mem::take(&mut out.exit)
}

enum Address {
    All,
    Line(usize),
    Last,
    Matching(Pattern),
}

enum Do {
    Substitute { pattern: Pattern, with: String, all: bool, print: bool },
    Print,
    Delete,
}

struct Edit {
    at: Address,
    what: Do,
}

impl Edit {
    fn read(script: &str, extended: bool) -> Option<Vec<Self>> {
        let pattern = |text: &str| {
            if extended { Pattern::extended(text) } else { Pattern::basic(text) }
        };
        let mut edits = Vec::new();
        let mut rest = script.trim_start_matches([';', ' ']);
        while !rest.is_empty() {
            let at;
            if let Some(inner) = rest.strip_prefix('/') {
                let (text, behind) = until(inner, '/')?;
                (at, rest) = (Address::Matching(pattern(&text)?), behind);
            } else if let Some(behind) = rest.strip_prefix('$') {
                (at, rest) = (Address::Last, behind);
            } else {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                at = match digits {
                    0 => Address::All,
                    _ => Address::Line(rest[..digits].parse().ok()?),
                };
                rest = &rest[digits..];
            }
            let command = rest.chars().next()?;
            rest = &rest[command.len_utf8()..];
            let what = match command {
                'p' => Do::Print,
                'd' => Do::Delete,
                's' => {
                    let delimiter = rest.chars().next()?;
                    let (from, behind) = until(&rest[delimiter.len_utf8()..], delimiter)?;
                    let (with, behind) = until(behind, delimiter)?;
                    let length = behind.bytes().take_while(|byte| b"gpIi".contains(byte)).count();
                    let (options, behind) = behind.split_at(length);
                    rest = behind;
                    let pattern = pattern(&from)?;
                    let pattern = if options.contains(['i', 'I']) {
                        pattern.ignoring_case()
                    } else {
                        pattern
                    };
                    let (all, print) = (options.contains('g'), options.contains('p'));
                    Do::Substitute { pattern, with, all, print }
                }
                _ => return None,
            };
            edits.push(Self { at, what });
            let behind = rest.trim_start();
            rest = if behind.is_empty() { "" } else { behind.strip_prefix(';')?.trim_start() };
        }
        Some(edits)
    }

    fn applies(&self, line: &str, number: usize, last: usize) -> bool {
        match &self.at {
            Address::All => true,
            Address::Line(wanted) => *wanted == number,
            Address::Last => number == last,
            Address::Matching(pattern) => pattern.is_match(line),
        }
    }

    /// Does it; false if nothing more happens to the line.
    fn perform(&self, line: &mut String, shown: &mut bool, out: &mut Output) -> bool {
        match &self.what {
            Do::Print => out.say(line),
            Do::Delete => {
                *shown = false;
                return false;
            }
            Do::Substitute { pattern, with, all, print } => {
                let mut changed = String::new();
                let (mut from, mut any) = (0, false);
                while from <= line.len() {
                    let Some(place) = pattern.find(line, from) else { break };
                    let Some((start, end)) = place[0] else { break };
                    any = true;
                    changed.push_str(&line[from..start]);
                    replacement(with, line, &place, &mut changed);
                    from = end;
                    if end == start {
                        // Nothing was matched: one character is passed over.
                        let Some(next) = line[end..].chars().next() else {
                            from = line.len();
                            break;
                        };
                        changed.push(next);
                        from += next.len_utf8();
                    }
                    if !all {
                        break;
                    }
                }
                changed.push_str(line.get(from..).unwrap_or_default());
                if any {
                    *line = changed;
                    if *print {
                        out.say(line);
                    }
                }
            }
        }
        true
    }
}

/// Up to a delimiter; behind a backslash it belongs to the text.
fn until(text: &str, delimiter: char) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text.char_indices();
    while let Some((at, character)) = rest.next() {
        if character == delimiter {
            return Some((part, &text[at + delimiter.len_utf8()..]));
        }
        if character == '\\' {
            let (_, next) = rest.next()?;
            if next != delimiter {
                part.push('\\');
            }
            part.push(next);
        } else {
            part.push(character);
        }
    }
    None
}

/// `&` is all that was matched, `\1` a group.
fn replacement(with: &str, line: &str, place: &Place, out: &mut String) {
    let group = |number: usize| {
        place.get(number).copied().flatten().map_or("", |(from, to)| &line[from..to])
    };
    let mut rest = with.chars();
    while let Some(character) = rest.next() {
        match character {
            '&' => out.push_str(group(0)),
            '\\' => match rest.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    out.push_str(group(digit as usize - '0' as usize));
                }
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
}

pub(super) fn head(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    ends("head", session, arguments, stdin, out)
}

pub(super) fn tail(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    ends("tail", session, arguments, stdin, out)
}

fn ends(
    program: &str,
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let long = [("lines", 'n'), ("bytes", 'c')];
    let Some(given) = Given::read(program, arguments, "q", "nc", &long, out) else { return 1 };
    let is_head = program == "head";
    let text: String = session
        .input(program, &given.files, stdin, out)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    if let Some(bytes) = given.number('c') {
        let bytes = bytes.min(text.len());
        let part = if is_head {
            &text.as_bytes()[..bytes]
        } else {
            &text.as_bytes()[text.len() - bytes..]
        };
        out.stdout.push_str(&String::from_utf8_lossy(part));
        return std::mem::take(&mut out.exit);
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let value = given.value('n').unwrap_or("10");
    let number: usize = value.trim_start_matches(['-', '+']).parse().unwrap_or(10);
    let part = match (is_head, value.starts_with('-'), value.starts_with('+')) {
        (true, true, _) => &lines[..lines.len().saturating_sub(number)],
        (true, ..) => &lines[..number.min(lines.len())],
        (false, _, true) => &lines[number.saturating_sub(1).min(lines.len())..],
        (false, ..) => &lines[lines.len().saturating_sub(number)..],
    };
    for line in part {
        out.stdout.push_str(line);
    }
    std::mem::take(&mut out.exit)
}

pub(super) fn wc(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some((given, files)) = flags("wc", arguments, "lwcm", out) else { return 1 };
    let files: Vec<String> = files.into_iter().cloned().collect();
    for (name, text) in session.input("wc", &files, stdin, out) {
        let counts = [
            ('l', text.matches('\n').count()),
            ('w', text.split_whitespace().count()),
            ('m', text.chars().count()),
            ('c', text.len()),
        ];
        let shown: Vec<usize> = counts
            .into_iter()
            .filter(
                |(letter, _)| {
                    if given.is_empty() { *letter != 'm' } else { given.contains(*letter) }
                },
            )
            .map(|(_, count)| count)
            .collect();
        let numbers: Vec<String> = match shown.as_slice() {
            [one] => vec![one.to_string()],
            several => several.iter().map(|count| format!("{count:>7}")).collect(),
        };
        let name = if name == "-" { String::new() } else { format!(" {name}") };
        out.say(&format!("{}{name}", numbers.join(" ")));
    }
    std::mem::take(&mut out.exit)
}

pub(super) fn sort(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some(given) = Given::read("sort", arguments, "nru", "kt", &[], out) else { return 2 };
    let text: String =
        session.input("sort", &given.files, stdin, out).into_iter().map(|(_, text)| text).collect();
    let column = given.value('k').and_then(|key| {
        let digits: String = key.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()?.checked_sub(1)
    });
    let key = |line: &&str| -> String {
        match column {
            None => (*line).to_owned(),
            Some(column) => match given.value('t') {
                Some(separator) => line.split(separator).skip(column).collect::<Vec<_>>().join(" "),
                None => line.split_whitespace().skip(column).collect::<Vec<_>>().join(" "),
            },
        }
    };
    let number = |text: &str| {
        let text = text.trim_start();
        let end = text
            .char_indices()
            .find(|(at, one)| !(one.is_ascii_digit() || (*at == 0 && *one == '-')))
            .map_or(text.len(), |(at, _)| at);
        text[..end].parse::<i64>().unwrap_or(0)
    };
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_by(|one, other| {
        let (left, right) = (key(one), key(other));
        let order = if given.has('n') {
            number(&left).cmp(&number(&right)).then_with(|| one.cmp(other))
        } else {
            left.cmp(&right)
        };
        if given.has('r') { order.reverse() } else { order }
    });
    if given.has('u') {
        lines.dedup();
    }
    for line in lines {
        out.say(line);
    }
    std::mem::take(&mut out.exit)
}

pub(super) fn uniq(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some((given, files)) = flags("uniq", arguments, "cdu", out) else { return 1 };
    let files: Vec<String> = files.into_iter().cloned().collect();
    let text: String =
        session.input("uniq", &files, stdin, out).into_iter().map(|(_, text)| text).collect();
    let mut runs: Vec<(&str, usize)> = Vec::new();
    for line in text.lines() {
        match runs.last_mut() {
            Some((last, count)) if *last == line => *count += 1,
            _ => runs.push((line, 1)),
        }
    }
    for (line, count) in runs {
        let dropped = (given.contains('d') && count == 1) || (given.contains('u') && count > 1);
        if !dropped {
            let count = if given.contains('c') { format!("{count:>7} ") } else { String::new() };
            out.say(&format!("{count}{line}"));
        }
    }
    std::mem::take(&mut out.exit)
}

pub(super) fn cut(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let long = [("delimiter", 'd'), ("fields", 'f'), ("characters", 'c')];
    let Some(given) = Given::read("cut", arguments, "s", "dfcb", &long, out) else { return 1 };
    let Some(list) = given.value('f').or(given.value('c')).or(given.value('b')) else {
        out.complain("cut: you must specify a list of bytes, characters, or fields");
        return 1;
    };
    let ranges: Vec<(usize, usize)> = list
        .split(',')
        .filter_map(|part| {
            let number = |text: &str, otherwise| {
                if text.is_empty() { Some(otherwise) } else { text.parse::<usize>().ok() }
            };
            match part.split_once('-') {
                Some((from, to)) => Some((number(from, 1)?, number(to, usize::MAX)?)),
                None => part.parse().ok().map(|one| (one, one)),
            }
        })
        .collect();
    let chosen = |index: usize| ranges.iter().any(|(from, to)| (*from..=*to).contains(&index));
    let delimiter = given.value('d').unwrap_or("\t").to_owned();
    let by_field = given.value('f').is_some();
    let text: String =
        session.input("cut", &given.files, stdin, out).into_iter().map(|(_, text)| text).collect();
    for line in text.lines() {
        if by_field {
            if !line.contains(&delimiter) {
                if !given.has('s') {
                    out.say(line);
                }
                continue;
            }
            let fields = line.split(&delimiter).enumerate();
            let kept: Vec<&str> =
                fields.filter(|(index, _)| chosen(index + 1)).map(|(_, field)| field).collect();
            out.say(&kept.join(&delimiter));
        } else {
            let kept: String = line
                .chars()
                .enumerate()
                .filter(|(index, _)| chosen(index + 1))
                .map(|(_, one)| one)
                .collect();
            out.say(&kept);
        }
    }
    std::mem::take(&mut out.exit)
}

pub(super) fn tr(
    _: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some((given, sets)) = flags("tr", arguments, "ds", out) else { return 1 };
    let set = |index: usize| sets.get(index).map_or_else(Vec::new, |text| characters(text));
    let (from, to) = (set(0), set(1));
    if from.is_empty() || (to.is_empty() && !given.contains(['d', 's'])) {
        out.complain("tr: missing operand");
        return 1;
    }
    let mut last = None;
    for character in stdin.unwrap_or_default().chars() {
        let place = from.iter().position(|one| *one == character);
        let kept = match place {
            Some(_) if given.contains('d') => continue,
            Some(place) if !to.is_empty() => to[place.min(to.len() - 1)],
            _ => character,
        };
        let squeezes = given.contains('s') && place.is_some() && last == Some(kept);
        if !squeezes {
            out.stdout.push(kept);
        }
        last = Some(kept);
    }
    0
}

/// `a-z`, `\n`, `[:upper:]`
fn characters(text: &str) -> Vec<char> {
    let text = text.replace("[:upper:]", "A-Z").replace("[:lower:]", "a-z");
    let text = text.replace("[:digit:]", "0-9").replace("[:space:]", " \\t\\n\\r");
    let mut plain = Vec::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        plain.push(match character {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    let mut all = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        match plain.get(at..at + 3) {
            Some([from, '-', to]) if from <= to => {
                all.extend(*from..=*to);
                at += 3;
            }
            _ => {
                all.push(plain[at]);
                at += 1;
            }
        }
    }
    all
}

pub(super) fn diff(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some((_, files)) = flags("diff", arguments, "uN", out) else { return 2 };
    let [one, other] = files.as_slice() else {
        out.complain("diff: missing operand");
        return 2;
    };
    let names = [(*one).clone(), (*other).clone()];
    let read = session.input("diff", &names, stdin, out);
    let [(_, one), (_, other)] = read.as_slice() else { return 2 };
    if one == other {
        return 0;
    }
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    out.say(&format!("--- {}\n+++ {}", names[0], names[1]));
    out.stdout.push_str(&pullpath_model::go::difflib::unified(&lines(one), &lines(other)));
    1
}

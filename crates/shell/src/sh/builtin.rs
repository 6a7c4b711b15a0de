//! The commands of the terminal.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pullpath_model::time::Span;

use super::Variable;
use super::files::{Refusal, absolute};
use super::run::Session;
use super::text;
use crate::host::Output;

/// A command: what it is given, and its status.
type Builtin = fn(&mut Session<'_>, &[String], Option<&str>, &mut Output) -> i32;

/// Every command, in order, with one line of help.
const BUILTINS: &[(&str, &str, Builtin)] = &[
    (":", "does nothing", |_, _, _, _| 0),
    ("[", "tests a condition", test),
    ("base64", "encodes, or decodes with -d", base64),
    ("cat", "prints files", cat),
    ("cd", "goes into a folder", cd),
    ("chmod", "makes a file a program (+x)", chmod),
    ("clear", "clears the screen", |_, _, _, out| {
        out.stdout.push_str("\u{1b}[H\u{1b}[2J");
        0
    }),
    ("cp", "copies a file", cp),
    ("cut", "takes columns out of lines", text::cut),
    ("date", "tells the simulated time", date),
    ("diff", "compares two files", text::diff),
    ("echo", "prints its arguments", echo),
    ("env", "prints what commands see of the variables", env),
    ("exit", "ends the script", exit),
    ("export", "lets commands see a variable", export),
    ("false", "fails", |_, _, _, _| 1),
    ("grep", "prints lines that match", text::grep),
    ("head", "prints the first lines", text::head),
    ("help", "lists what exists here", help),
    ("ls", "lists files", ls),
    ("mkdir", "makes folders", mkdir),
    ("mv", "moves a file", mv),
    ("printf", "prints by a format", printf),
    ("pwd", "tells the folder", pwd),
    ("rm", "takes files away", rm),
    ("sed", "replaces in lines: s/this/that/", text::sed),
    ("sleep", "lets simulated time go by", sleep),
    ("sort", "sorts lines", text::sort),
    ("tail", "prints the last lines", text::tail),
    ("tee", "prints, and writes into a file too", tee),
    ("test", "tests a condition", test),
    ("touch", "makes an empty file", touch),
    ("tr", "replaces or deletes characters", text::tr),
    ("true", "succeeds", |_, _, _, _| 0),
    ("uniq", "drops lines that repeat", text::uniq),
    ("unset", "forgets a variable", unset),
    ("watch", "runs a command again and again", watch),
    ("wc", "counts lines, words and bytes", text::wc),
    ("which", "tells whether a command exists", which),
];

/// The command of that name.
pub(super) fn named(name: &str) -> Option<Builtin> {
    BUILTINS.iter().find(|(known, ..)| *known == name).map(|(_, _, builtin)| *builtin)
}

impl Session<'_> {
    fn path(&self, path: &str) -> String {
        absolute(&self.shell.folder, path)
    }

    /// The text that a filter works on: its files, or what was piped to it. Files that are not there are complained about.
    pub(super) fn input(
        &self,
        program: &str,
        files: &[String],
        stdin: Option<&str>,
        out: &mut Output,
    ) -> Vec<(String, String)> {
        if files.is_empty() {
            return vec![("-".to_owned(), stdin.unwrap_or_default().to_owned())];
        }
        let mut read = Vec::new();
        for file in files {
            if file == "-" {
                read.push((file.clone(), stdin.unwrap_or_default().to_owned()));
                continue;
            }
            match self.shell.files.read(&self.path(file)) {
                Ok(text) => read.push((file.clone(), text)),
                Err(refusal) => {
                    out.complain(&format!("{program}: {file}: {refusal}"));
                    out.exit = 1;
                }
            }
        }
        read
    }
}

/// Files behind flags of one letter each; anything else is told not to be modelled.
pub(super) fn flags<'a>(
    program: &str,
    arguments: &'a [String],
    known: &str,
    out: &mut Output,
) -> Option<(String, Vec<&'a String>)> {
    let mut given = String::new();
    let mut files = Vec::new();
    for argument in arguments {
        match argument.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            Some(letters) if letters.chars().all(|letter| known.contains(letter)) => {
                given.push_str(letters);
            }
            Some(_) => {
                out.complain(&format!("{program}: Pullpath does not model `{argument}`"));
                return None;
            }
            None => files.push(argument),
        }
    }
    Some((given, files))
}

fn echo(_: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    let mut words = arguments;
    let (mut newline, mut escapes) = (true, false);
    while let Some((first, rest)) = words.split_first() {
        let is_flag = first.len() > 1
            && first
                .strip_prefix('-')
                .is_some_and(|flags| flags.bytes().all(|flag| b"neE".contains(&flag)));
        if !is_flag {
            break;
        }
        newline &= !first.contains('n');
        escapes = first.contains('e') || (escapes && !first.contains('E'));
        words = rest;
    }
    let text = words.join(" ");
    out.stdout.push_str(&if escapes { unescaped(&text) } else { text });
    if newline {
        out.stdout.push('\n');
    }
    0
}

/// `\n`, `\t` and the like.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') => out.push('\\'),
            Some('"') => out.push('"'),
            Some('0') => out.push('\0'),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

fn printf(_: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    let Some((format, values)) = arguments.split_first() else {
        out.complain("printf: usage: printf [-v var] format [arguments]");
        return 2;
    };
    let mut values = values.iter();
    // The format is used again while there are values left.
    loop {
        let before = values.len();
        let mut rest = unescaped(format).chars().collect::<Vec<_>>().into_iter();
        while let Some(character) = rest.next() {
            if character != '%' {
                out.stdout.push(character);
                continue;
            }
            let mut shape = String::new();
            let kind = loop {
                match rest.next() {
                    Some(next) if next.is_ascii_digit() || next == '-' => shape.push(next),
                    other => break other,
                }
            };
            let width: usize = shape.trim_start_matches('-').parse().unwrap_or(0).min(1000);
            let mut value = || values.next().map_or("", String::as_str);
            let text = match kind {
                Some('%') => "%".to_owned(),
                Some('s') => value().to_owned(),
                Some('b') => unescaped(value()),
                Some('d' | 'i') => value().trim().parse::<i64>().unwrap_or(0).to_string(),
                Some('q') => format!("'{}'", value().replace('\'', "'\\''")),
                other => {
                    let shown = other.map(String::from).unwrap_or_default();
                    out.complain(&format!("printf: `{shown}': invalid format character"));
                    return 1;
                }
            };
            if shape.starts_with('-') {
                out.stdout.push_str(&format!("{text:<width$}"));
            } else {
                out.stdout.push_str(&format!("{text:>width$}"));
            }
        }
        if values.len() == 0 || values.len() == before {
            return 0;
        }
    }
}

fn cat(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some((given, files)) = flags("cat", arguments, "nA", out) else { return 1 };
    let files: Vec<String> = files.into_iter().cloned().collect();
    let mut number = 0;
    for (_, text) in session.input("cat", &files, stdin, out) {
        if !given.contains(['n', 'A']) {
            out.stdout.push_str(&text);
            continue;
        }
        for line in text.split_inclusive('\n') {
            number += 1;
            if given.contains('n') {
                out.stdout.push_str(&format!("{number:>6}\t"));
            }
            if given.contains('A') {
                let ended = line.strip_suffix('\n');
                let shown = ended.unwrap_or(line).replace('\t', "^I").replace('\r', "^M");
                out.stdout.push_str(&shown);
                out.stdout.push_str(if ended.is_some() { "$\n" } else { "" });
            } else {
                out.stdout.push_str(line);
            }
        }
    }
    std::mem::take(&mut out.exit)
}

fn base64(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let (mut decode, mut wrap, mut files) = (false, 76_usize, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "-d" | "-D" | "--decode" => decode = true,
            "-w" | "--wrap" => wrap = rest.next().and_then(|text| text.parse().ok()).unwrap_or(0),
            "-i" => {}
            other => match other.strip_prefix("-w").or(other.strip_prefix("--wrap=")) {
                Some(columns) => wrap = columns.parse().unwrap_or(0),
                None => files.push(argument.clone()),
            },
        }
    }
    let input: String =
        session.input("base64", &files, stdin, out).into_iter().map(|(_, text)| text).collect();
    if out.exit != 0 {
        return std::mem::take(&mut out.exit);
    }
    if decode {
        let text: String = input.chars().filter(|one| *one != '\n').collect();
        // What can be decoded is printed before the complaint.
        let good = text.len() - text.len() % 4;
        let first_bad =
            text.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
        let good = first_bad.map_or(good, |bad| bad - bad % 4);
        let decoded = STANDARD.decode(&text[..good]);
        out.stdout.push_str(&String::from_utf8_lossy(decoded.as_deref().unwrap_or_default()));
        if decoded.is_err() || good < text.len() {
            out.complain("base64: invalid input");
            return 1;
        }
        return 0;
    }
    let text = STANDARD.encode(input);
    if wrap == 0 {
        out.stdout.push_str(&text);
        return 0;
    }
    for line in text.as_bytes().chunks(wrap) {
        out.say(&String::from_utf8_lossy(line));
    }
    0
}

fn cd(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    let home = session.shell.variable("HOME").unwrap_or(super::HOME).to_owned();
    let target = arguments.first().cloned().unwrap_or(home);
    let path = session.path(&target);
    if !session.shell.files.is_folder(&path) {
        let refusal =
            if session.shell.files.exists(&path) { Refusal::NoFolder } else { Refusal::NotThere };
        out.complain(&format!("bash: cd: {target}: {refusal}"));
        return 1;
    }
    session.assign("PWD", path.clone());
    session.shell.folder = path;
    0
}

fn pwd(session: &mut Session<'_>, _: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    out.say(&session.shell.folder);
    0
}

fn ls(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    let Some((given, paths)) = flags("ls", arguments, "1aAl", out) else { return 2 };
    let here = ".".to_owned();
    let paths = if paths.is_empty() { vec![&here] } else { paths };
    let mut status = 0;
    for path in paths {
        let absolute = session.path(path);
        if session.shell.files.is_folder(&absolute) {
            for name in session.shell.files.list(&absolute) {
                if !name.starts_with('.') || given.contains(['a', 'A']) {
                    out.say(&name);
                }
            }
        } else if session.shell.files.exists(&absolute) {
            out.say(path);
        } else {
            out.complain(&format!("ls: cannot access '{path}': No such file or directory"));
            status = 2;
        }
    }
    status
}

fn mkdir(
    session: &mut Session<'_>,
    arguments: &[String],
    _: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some((given, paths)) = flags("mkdir", arguments, "pv", out) else { return 1 };
    let mut status = 0;
    for path in paths {
        let absolute = session.path(path);
        let files = &mut session.shell.files;
        let made = if given.contains('p') {
            files.create_folders(&absolute)
        } else {
            files.create_folder(&absolute)
        };
        if let Err(refusal) = made {
            out.complain(&format!("mkdir: cannot create directory ‘{path}’: {refusal}"));
            status = 1;
        }
    }
    status
}

fn rm(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    let Some((given, paths)) = flags("rm", arguments, "rRf", out) else { return 1 };
    let mut status = 0;
    for path in paths {
        let removed = session.shell.files.remove(&session.path(path), given.contains(['r', 'R']));
        match removed {
            Err(Refusal::NotThere) if given.contains('f') => {}
            Err(refusal) => {
                out.complain(&format!("rm: cannot remove '{path}': {refusal}"));
                status = 1;
            }
            Ok(()) => {}
        }
    }
    status
}

/// `cp` and `mv`: a file to a place, or into a folder.
fn copy(
    session: &mut Session<'_>,
    program: &str,
    arguments: &[String],
    out: &mut Output,
) -> Option<Vec<String>> {
    let (_, paths) = flags(program, arguments, "fvr", out)?;
    let Some((target, sources)) = paths.split_last().filter(|(_, sources)| !sources.is_empty())
    else {
        out.complain(&format!("{program}: missing destination file operand"));
        return None;
    };
    let place = session.path(target);
    let mut copied = Vec::new();
    for source in sources {
        let from = session.path(source);
        let text = match session.shell.files.read(&from) {
            Ok(text) => text,
            Err(refusal) => {
                out.complain(&format!("{program}: cannot stat '{source}': {refusal}"));
                return None;
            }
        };
        let name = from.rsplit('/').next().unwrap_or_default();
        let to = if session.shell.files.is_folder(&place) {
            absolute(&place, name)
        } else {
            place.clone()
        };
        let executable = session.shell.files.is_executable(&from);
        if let Err(refusal) = session.shell.files.write(&to, &text, false) {
            out.complain(&format!("{program}: cannot create regular file '{target}': {refusal}"));
            return None;
        }
        if executable && session.shell.files.make_executable(&to).is_err() {
            return None;
        }
        if from != to {
            copied.push(from);
        }
    }
    Some(copied)
}

fn cp(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    i32::from(copy(session, "cp", arguments, out).is_none())
}

fn mv(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    let Some(copied) = copy(session, "mv", arguments, out) else { return 1 };
    for path in copied {
        if session.shell.files.remove(&path, false).is_err() {
            return 1;
        }
    }
    0
}

fn touch(
    session: &mut Session<'_>,
    arguments: &[String],
    _: Option<&str>,
    out: &mut Output,
) -> i32 {
    for path in arguments {
        let absolute = session.path(path);
        if let Err(refusal) = session.shell.files.write(&absolute, "", true) {
            out.complain(&format!("touch: cannot touch '{path}': {refusal}"));
            return 1;
        }
    }
    0
}

fn chmod(
    session: &mut Session<'_>,
    arguments: &[String],
    _: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some((mode, paths)) = arguments.split_first() else {
        out.complain("chmod: missing operand");
        return 1;
    };
    for path in paths {
        let absolute = session.path(path);
        let runs = mode.contains('x') || mode.contains('7') || mode.contains('5');
        let done = if runs {
            session.shell.files.make_executable(&absolute)
        } else if session.shell.files.exists(&absolute) {
            Ok(())
        } else {
            Err(Refusal::NotThere)
        };
        if let Err(refusal) = done {
            out.complain(&format!("chmod: cannot access '{path}': {refusal}"));
            return 1;
        }
    }
    0
}

fn tee(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some((given, paths)) = flags("tee", arguments, "a", out) else { return 1 };
    let text = stdin.unwrap_or_default();
    out.stdout.push_str(text);
    for path in paths {
        let absolute = session.path(path);
        let written = session.shell.files.write(&absolute, text, given.contains('a'));
        if let Err(refusal) = written {
            out.complain(&format!("tee: {path}: {refusal}"));
            return 1;
        }
    }
    0
}

fn env(
    session: &mut Session<'_>,
    arguments: &[String],
    stdin: Option<&str>,
    out: &mut Output,
) -> i32 {
    let given = arguments.iter().take_while(|one| one.contains('=')).count();
    let (assignments, command) = arguments.split_at(given);
    let kept = session.shell.variables.clone();
    for (name, value) in assignments.iter().filter_map(|one| one.split_once('=')) {
        let variable = Variable { value: value.to_owned(), exported: true };
        session.shell.variables.insert(name.to_owned(), variable);
    }
    let status = match command.split_first() {
        Some((program, arguments)) => {
            session.program(program, arguments, stdin, out);
            session.shell.status
        }
        None => {
            for (name, variable) in &session.shell.variables {
                if variable.exported {
                    out.stdout.push_str(&format!("{name}={}\n", variable.value));
                }
            }
            0
        }
    };
    session.shell.variables = kept;
    status
}

fn export(
    session: &mut Session<'_>,
    arguments: &[String],
    _: Option<&str>,
    out: &mut Output,
) -> i32 {
    for argument in arguments {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), session.shell.variable(argument).map(str::to_owned)),
        };
        if !super::parse::is_name(name) {
            out.complain(&format!("bash: export: `{argument}': not a valid identifier"));
            return 1;
        }
        if let Some(value) = value {
            session.shell.variables.insert(name.to_owned(), Variable { value, exported: true });
        }
    }
    0
}

fn unset(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, _: &mut Output) -> i32 {
    for name in arguments {
        session.shell.variables.remove(name);
    }
    0
}

fn exit(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, _: &mut Output) -> i32 {
    session.over = true;
    let status = arguments.first().and_then(|text| text.parse::<i32>().ok());
    status.map_or(session.shell.status, |status| status & 255)
}

fn date(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    use pullpath_model::time::{SimTime, rfc3339};
    let seconds = session.host.unix_millis().div_euclid(1000);
    let moment = rfc3339(seconds, SimTime::START);
    let format = arguments.iter().find_map(|argument| argument.strip_prefix('+'));
    match format {
        Some(format) => {
            let part = |from: usize, to: usize| moment.get(from..to).unwrap_or_default().to_owned();
            let mut text = String::new();
            let mut rest = format.chars();
            while let Some(character) = rest.next() {
                match (character, if character == '%' { rest.next() } else { None }) {
                    ('%', Some('s')) => text.push_str(&seconds.to_string()),
                    ('%', Some('Y')) => text.push_str(&part(0, 4)),
                    ('%', Some('m')) => text.push_str(&part(5, 7)),
                    ('%', Some('d')) => text.push_str(&part(8, 10)),
                    ('%', Some('H')) => text.push_str(&part(11, 13)),
                    ('%', Some('M')) => text.push_str(&part(14, 16)),
                    ('%', Some('S')) => text.push_str(&part(17, 19)),
                    ('%', Some('F')) => text.push_str(&part(0, 10)),
                    ('%', Some('T')) => text.push_str(&part(11, 19)),
                    ('%', Some('Z')) => text.push_str("UTC"),
                    ('%', Some(other)) => text.extend(['%', other]),
                    (other, _) => text.push(other),
                }
            }
            out.say(&text);
        }
        None => {
            // Thu, 15 Jan 2026 10:00:00 +0000 → Thu Jan 15 10:00:00 UTC 2026
            let words = crate::print::age::rfc1123z(&moment).unwrap_or_default();
            let words: Vec<&str> = words.split([' ', ',']).filter(|one| !one.is_empty()).collect();
            if let [weekday, day, month, year, time, _] = words.as_slice() {
                let day = day.trim_start_matches('0');
                out.say(&format!("{weekday} {month} {day:>2} {time} UTC {year}"));
            }
        }
    }
    0
}

/// `5`, `1.5`, `2m`, `1h`, `1d`
fn span(text: &str) -> Option<Span> {
    let (number, unit) = match text.find(|one: char| one.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let unit = match unit {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let thousandths: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let millis = whole.checked_mul(unit)?.checked_add(thousandths * unit / 1000)?;
    (0..=MOST_SLEEP).contains(&millis).then(|| Span::millis(millis))
}

/// Nobody sleeps longer than a year.
const MOST_SLEEP: i64 = 366 * 86_400_000;

fn sleep(
    session: &mut Session<'_>,
    arguments: &[String],
    _: Option<&str>,
    out: &mut Output,
) -> i32 {
    let Some(first) = arguments.first() else {
        out.complain("sleep: missing operand");
        return 1;
    };
    let Some(span) = span(first) else {
        out.complain(&format!("sleep: invalid time interval ‘{first}’"));
        return 1;
    };
    if session.sleep(span) {
        return 0;
    }
    session.over = true;
    out.interrupted = true;
    130
}

/// Runs a command every two seconds until somebody interrupts; every round is printed.
fn watch(
    session: &mut Session<'_>,
    arguments: &[String],
    _: Option<&str>,
    out: &mut Output,
) -> i32 {
    let (mut every, mut rest) = (Span::seconds(2), arguments);
    loop {
        match rest {
            [flag, seconds, more @ ..] if flag == "-n" => {
                every = span(seconds).unwrap_or(every).max(Span::millis(100));
                rest = more;
            }
            [flag, more @ ..] if flag.starts_with('-') => rest = more,
            _ => break,
        }
    }
    if rest.is_empty() {
        out.complain("Usage:\n watch [options] command");
        return 1;
    }
    let line = rest.join(" ");
    // Without somebody who interrupts, a minute is enough to see.
    let end = session.until.unwrap_or(session.host.now() + Span::seconds(60));
    while !session.over {
        out.stdout.push_str(&format!("Every {}.0s: {line}\n\n", every.as_millis() / 1000));
        session.script(&line, None, out);
        out.stdout.push('\n');
        if session.host.now() + every > end || !session.sleep(every) {
            break;
        }
    }
    out.interrupted = true;
    session.over = true;
    130
}

fn which(_: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    let mut status = 0;
    for name in arguments {
        if name == "kubectl" || named(name).is_some() {
            out.say(&format!("/usr/bin/{name}"));
        } else {
            status = 1;
        }
    }
    status
}

fn help(_: &mut Session<'_>, _: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    out.say("Commands of this terminal:");
    out.say(&format!("  {:<8} speaks to the simulated cluster", "kubectl"));
    for (name, line, _) in BUILTINS.iter().filter(|(name, ..)| name.len() > 1) {
        out.say(&format!("  {name:<8} {line}"));
    }
    0
}

fn test(session: &mut Session<'_>, arguments: &[String], _: Option<&str>, out: &mut Output) -> i32 {
    let arguments = match arguments.split_last() {
        Some((last, rest)) if last == "]" => rest,
        _ => arguments,
    };
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (negated, words) = match words.as_slice() {
        ["!", rest @ ..] => (true, rest),
        all => (false, all),
    };
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let files = &session.shell.files;
    let holds = match words {
        [] => false,
        [word] => !word.is_empty(),
        ["-n", word] => !word.is_empty(),
        ["-z", word] => word.is_empty(),
        ["-e", path] => files.exists(&session.path(path)),
        ["-f", path] => files.read(&session.path(path)).is_ok(),
        ["-d", path] => files.is_folder(&session.path(path)),
        ["-s", path] => files.read(&session.path(path)).is_ok_and(|text| !text.is_empty()),
        [one, "=" | "==", other] => one == other,
        [one, "!=", other] => one != other,
        [one, operator, other] => match (number(one), number(other)) {
            (Some(one), Some(other)) => match *operator {
                "-eq" => one == other,
                "-ne" => one != other,
                "-lt" => one < other,
                "-le" => one <= other,
                "-gt" => one > other,
                "-ge" => one >= other,
                _ => {
                    out.complain(&format!("bash: test: {operator}: binary operator expected"));
                    return 2;
                }
            },
            _ => {
                out.complain("bash: test: integer expression expected");
                return 2;
            }
        },
        _ => {
            out.complain("bash: test: too many arguments");
            return 2;
        }
    };
    i32::from(holds == negated)
}

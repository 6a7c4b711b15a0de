//! `pullpath explain`: real manifests, dumps and messages.

use std::fs;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use lexopt::prelude::*;
use pullpath_explain::report::Finding;
use pullpath_explain::{
    Input, Moment, Options, Progress, Report, World, explain_telling, meaning, sarif, text,
    unreadable,
};
use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::Checked;

use super::{Failure, IMPOSSIBLE, NOT_PASSED, Output, PASSED, say};
use crate::files;

const HELP: &str = "\
Usage: pullpath explain -f FILE... [-n NAMESPACE] [--now TIME] [--world FILE]
           [--format text|json|sarif] [--strict] [--rehearse DIR]
       pullpath explain --message TEXT [--format text|json]

Says for each container image whether it will pull, with which credential, until when,
and why not. Nothing is sent anywhere, and no secret is printed.

  -f, --filename FILE   YAML or JSON (manifests, `kubectl get -o yaml`), the text of
                        `kubectl describe pod`, events, or an error message; a folder;
                        `-` for standard input. May be repeated; more files may follow
  -n, --namespace NS    where objects without a namespace are (default)
      --now TIME        the moment that is meant, like 2026-03-02T09:00:00Z (now)
      --world FILE      registries, and what nodes pull by themselves
      --format FORMAT   text, json or sarif
      --strict          an image that is unknown fails too
      --message TEXT    what this message means: what brings it about, at which registries
                        and with which runtimes, how it reads with others, what to check
      --rehearse DIR    write a sandbox of the same cluster with simulated credentials

To have everything in one input:
  kubectl get pods,deployments,secrets,serviceaccounts -n NS -o yaml --show-managed-fields \\
    | pullpath explain -f -

Exit codes: 0 all pull, or are unknown without --strict; 1 something will not pull, or a
mistake is proved, or a message is not known; 2 an input could not be read.
";

/// What was asked for.
struct Request {
    files: Vec<PathBuf>,
    namespace: String,
    now: Moment,
    world: World,
    format: Format,
    strict: bool,
    rehearse: Option<PathBuf>,
    message: Option<String>,
}

#[derive(Clone, Copy)]
enum Format {
    Text,
    Json,
    Sarif,
}

/// Runs the command.
pub(super) fn run(parser: &mut lexopt::Parser, output: &mut Output<'_>) -> Result<u8, Failure> {
    let Some(request) = request(parser)? else { return say(output, HELP) };
    if let Some(message) = &request.message {
        return say_meaning(message, &request, output);
    }
    let Given { inputs, unreadable } = read_all(&request.files)?;
    let options = Options { now: request.now, namespace: request.namespace, world: request.world };
    let mut report = with_progress(&inputs, &options);
    report.unreadable.extend(unreadable);
    match request.format {
        Format::Text => write!(output.out, "{}", text::render(&report))?,
        Format::Json => writeln!(output.out, "{}", serde_json::to_string_pretty(&report)?)?,
        Format::Sarif => {
            let sarif = sarif::render(&report, env!("CARGO_PKG_VERSION"));
            writeln!(output.out, "{}", serde_json::to_string_pretty(&sarif)?)?;
        }
    }
    if let Some(folder) = &request.rehearse {
        rehearse(folder, &inputs, &options, output)?;
    }
    Ok(code(&report, request.strict))
}

fn say_meaning(text: &str, request: &Request, output: &mut Output<'_>) -> Result<u8, Failure> {
    let meaning = meaning::meaning(text, &request.namespace);
    match request.format {
        Format::Text => write!(output.out, "{}", meaning::render(&meaning))?,
        Format::Json => writeln!(output.out, "{}", serde_json::to_string_pretty(&meaning)?)?,
        Format::Sarif => {
            return Err(Failure(
                "a message has no place in a file\n  = hint: there are text and json".into(),
            ));
        }
    }
    Ok(if meaning.known { PASSED } else { NOT_PASSED })
}

fn code(report: &Report, strict: bool) -> u8 {
    if !report.unreadable.is_empty() {
        IMPOSSIBLE
    } else if report.has_failures() || (strict && report.has_unknown()) {
        NOT_PASSED
    } else {
        PASSED
    }
}

fn request(parser: &mut lexopt::Parser) -> Result<Option<Request>, Failure> {
    let (mut paths, mut namespace, mut now) = (Vec::new(), "default".to_owned(), None);
    let (mut world, mut format, mut strict, mut rehearse) =
        (World::default(), Format::Text, false, None);
    let mut message = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Short('f') | Long("filename") => {
                paths.extend(parser.values()?.map(PathBuf::from));
            }
            Short('n') | Long("namespace") => namespace = parser.value()?.string()?,
            Long("now") => now = Some(moment(&parser.value()?.string()?)?),
            Long("world") => world = read_world(&PathBuf::from(parser.value()?))?,
            Long("format") => format = format_of(&parser.value()?.string()?)?,
            Long("strict") => strict = true,
            Long("message") => message = Some(parser.value()?.string()?),
            Long("rehearse") => rehearse = Some(PathBuf::from(parser.value()?)),
            Value(path) => paths.push(PathBuf::from(path)),
            other => return Err(super::unexpected(other, "explain ")),
        }
    }
    if message.is_some() && !paths.is_empty() {
        let hint = "leave `-f` away, or put the message into a file and name it with `-f`";
        return Err(Failure(format!(
            "a message and files are explained one at a time\n  = hint: {hint}"
        )));
    }
    if paths.is_empty() && message.is_none() {
        return Err(Failure(
            "explain what?\n  = hint: `pullpath explain -f FILE`, `-f -` for standard input, or `--message TEXT`"
                .into(),
        ));
    }
    let now = now.unwrap_or_else(clock);
    Ok(Some(Request { files: paths, namespace, now, world, format, strict, rehearse, message }))
}

/// The real clock; nothing behind this command reads one.
pub(super) fn clock() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

pub(super) fn moment(text: &str) -> Result<Moment, Failure> {
    Moment::parse(text).ok_or_else(|| {
        Failure(format!("`{text}` is no moment\n  = hint: write it like 2026-03-02T09:00:00Z"))
    })
}

fn format_of(name: &str) -> Result<Format, Failure> {
    match name {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        "sarif" => Ok(Format::Sarif),
        other => Err(Failure(format!(
            "there is no format `{other}`\n  = hint: there are text, json and sarif"
        ))),
    }
}

fn read_world(path: &Path) -> Result<World, Failure> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| Failure(format!("{name}: {error}")))?;
    let text = decode(bytes).ok_or_else(|| Failure(format!("{name}: this is no text")))?;
    let Checked { value, diagnostics } = World::read(&name, &text);
    let texts = Texts::from([(name, text)]);
    match value {
        Some(world) if diagnostics.is_empty() => Ok(world),
        _ => {
            let drawn: Vec<_> = diagnostics.iter().map(|problem| problem.draw(&texts)).collect();
            Err(Failure(format!("the world file could not be read\n{}", drawn.join("\n"))))
        }
    }
}

/// What was given: the texts, and what could not be read. One file that cannot be does not end the others' turn.
#[derive(Default)]
pub(super) struct Given {
    pub(super) inputs: Vec<Input>,
    pub(super) unreadable: Vec<Finding>,
}

pub(super) fn read_all(paths: &[PathBuf]) -> Result<Given, Failure> {
    let mut given = Given::default();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().lock().take(files::LARGEST + 1).read_to_end(&mut bytes)?;
            given.take("-", input("-", bytes));
        } else if path.is_dir() {
            given.read_below(path)?;
        } else {
            given.take(&path.display().to_string(), read_file(path));
        }
    }
    if given.inputs.is_empty() && given.unreadable.is_empty() {
        return Err(Failure("there is no file to read\n  = hint: in folders, files count that end with .yaml, .yml, .json or .txt".into()));
    }
    Ok(given)
}

impl Given {
    fn take(&mut self, name: &str, read: Result<Input, String>) {
        match read {
            Ok(input) => self.inputs.push(input),
            Err(why) => self.unreadable.push(unreadable(name, why)),
        }
    }

    /// The files of a folder that can hold something, as `kubectl apply -R -f` takes them, and texts.
    fn read_below(&mut self, folder: &Path) -> Result<(), Failure> {
        const MOST: usize = 5_000;
        let mut waiting = vec![folder.to_owned()];
        let mut found = Vec::new();
        while let Some(next) = waiting.pop() {
            let entries = match fs::read_dir(&next) {
                Ok(entries) => entries,
                Err(why) => {
                    let name = next.display().to_string();
                    self.unreadable.push(unreadable(&name, why.to_string()));
                    continue;
                }
            };
            for entry in entries {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
                if name.starts_with('.') {
                    continue;
                }
                if path.is_dir() {
                    waiting.push(path);
                } else if [".yaml", ".yml", ".json", ".txt"].iter().any(|end| name.ends_with(end)) {
                    found.push(path);
                }
            }
            if found.len() > MOST {
                return Err(Failure(format!("{}: more than {MOST} files", folder.display())));
            }
        }
        found.sort();
        for path in found {
            let read = read_file(&path);
            // Values of a chart, a package's description and the like are no business of ours.
            if read.as_ref().map_or(true, |input| pullpath_explain::recognises(&input.text)) {
                self.take(&path.display().to_string(), read);
            }
        }
        Ok(())
    }
}

fn read_file(path: &Path) -> Result<Input, String> {
    let name = path.display().to_string();
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > files::LARGEST {
        return Err(format!("{size} bytes are more than any dump that is read"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    input(&name, bytes)
}

fn input(name: &str, bytes: Vec<u8>) -> Result<Input, String> {
    if bytes.len() as u64 > files::LARGEST {
        return Err("this is more than any dump that is read".to_owned());
    }
    let text = decode(bytes).ok_or("this is no text")?;
    Ok(Input { name: name.to_owned(), text })
}

/// UTF-8; or UTF-16 with its mark, which is what PowerShell's `>` writes.
fn decode(bytes: Vec<u8>) -> Option<String> {
    let units = |of: fn([u8; 2]) -> u16| {
        let (pairs, []) = bytes[2..].as_chunks::<2>() else { return None };
        String::from_utf16(&pairs.iter().map(|pair| of(*pair)).collect::<Vec<_>>()).ok()
    };
    match bytes[..] {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// From this size on somebody who looks at a terminal wants to see that something happens.
const SHOWN_FROM: usize = 2 << 20;

fn with_progress(inputs: &[Input], options: &Options) -> Report {
    let size: usize = inputs.iter().map(|input| input.text.len()).sum();
    let mut terminal = std::io::stderr();
    let show = size >= SHOWN_FROM && terminal.is_terminal();
    let report = explain_telling(inputs, options, &mut |progress: Progress| {
        if show {
            let percent = progress.read * 100 / progress.of.max(1);
            // What cannot be shown is only progress.
            let _ = write!(terminal, "\rreading: {percent} %");
        }
    });
    if show {
        let _ = write!(std::io::stderr(), "\r             \r");
    }
    report
}

fn rehearse(
    folder: &Path,
    inputs: &[Input],
    options: &Options,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let texts = pullpath_explain::rehearse::folder(inputs, options, &name);
    let texts = texts.map_err(Failure)?;
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        return Err(Failure(format!(
            "{}: there is something in it already\n  = hint: name a folder that does not exist yet",
            folder.display()
        )));
    }
    for (path, text) in &texts {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(&file, text).map_err(|error| Failure(format!("{}: {error}", file.display())))?;
    }
    let shown = folder.display();
    writeln!(output.err, "wrote a sandbox to {shown}: try it with `pullpath run {shown}`")?;
    Ok(())
}

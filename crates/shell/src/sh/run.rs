//! Commands, run one after the other, within bounds.

use pullpath_model::api::{Request, Response};
use pullpath_model::time::{SimTime, Span};
use serde_json::Value;

use super::files::absolute;
use super::parse::{SyntaxError, parse};
use super::syntax::{AndOr, Command, Joint, Pipeline, Redirection, Script, What, Word};
use super::{Shell, Variable, builtin};
use crate::host::{Host, Output};
use crate::kubectl::{self, Client, Terminal};

/// How many commands one line may run.
const MOST_COMMANDS: u32 = 20_000;

/// How much one line may print.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;

/// How many bytes all variables hold together.
const MOST_HELD: usize = 1024 * 1024;

/// How deep scripts may run one another.
const MOST_SCRIPTS: u32 = 8;

/// A line that is being run.
pub(crate) struct Session<'a> {
    pub(super) shell: &'a mut Shell,
    pub(super) host: &'a mut dyn Host,
    pub(super) until: Option<SimTime>,
    commands: u32,
    scripts: u32,
    /// What substitutions complained of, until it is printed.
    pub(super) aside: String,
    /// Whether nothing more is run: `exit`, an interruption, a bound.
    pub(super) over: bool,
}

/// Where what a command prints goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Out,
    Err,
    File(String),
}

impl<'a> Session<'a> {
    pub(super) fn new(
        shell: &'a mut Shell,
        host: &'a mut dyn Host,
        patience: Option<Span>,
    ) -> Self {
        let until = patience.map(|patience| host.now() + patience);
        Self { shell, host, until, commands: 0, scripts: 0, aside: String::new(), over: false }
    }

    /// Runs a text.
    pub(super) fn script(&mut self, text: &str, stdin: Option<&str>, out: &mut Output) {
        match parse(text) {
            Ok(script) => self.run(&script, stdin, out),
            Err(error) => {
                out.complain(&match error {
                    SyntaxError::Unfinished(words) | SyntaxError::Wrong(words) => {
                        format!("bash: {words}")
                    }
                });
                self.shell.status = 2;
            }
        }
    }

    pub(super) fn run(&mut self, script: &Script, stdin: Option<&str>, out: &mut Output) {
        for AndOr { first, rest } in &script.0 {
            if self.over {
                return;
            }
            self.pipeline(first, stdin, out);
            for (joint, pipeline) in rest {
                let goes_on = match joint {
                    Joint::And => self.shell.status == 0,
                    Joint::Or => self.shell.status != 0,
                };
                if goes_on && !self.over {
                    self.pipeline(pipeline, stdin, out);
                }
            }
        }
    }

    /// Each command runs to its end before the next one reads what it printed.
    fn pipeline(&mut self, pipeline: &Pipeline, stdin: Option<&str>, out: &mut Output) {
        let (last, before) = pipeline.commands.split_last().expect("a pipeline has a command");
        let mut piped: Option<String> = None;
        for command in before {
            let mut inner = Output::default();
            // What a part of a pipeline sets stays in it.
            let kept = self.keep();
            self.command(command, piped.as_deref().or(stdin), &mut inner);
            self.restore(kept);
            out.stderr.push_str(&inner.stderr);
            out.interrupted |= inner.interrupted;
            piped = Some(inner.stdout);
        }
        self.command(last, piped.as_deref().or(stdin), out);
        if pipeline.negated {
            self.shell.status = i32::from(self.shell.status == 0);
        }
    }

    fn keep(&self) -> (std::collections::BTreeMap<String, Variable>, String) {
        (self.shell.variables.clone(), self.shell.folder.clone())
    }

    fn restore(&mut self, kept: (std::collections::BTreeMap<String, Variable>, String)) {
        (self.shell.variables, self.shell.folder) = kept;
    }

    fn command(&mut self, command: &Command, stdin: Option<&str>, out: &mut Output) {
        self.commands += 1;
        if self.commands > MOST_COMMANDS || out.stdout.len() > MOST_OUTPUT {
            out.fail("bash: interrupted: this line runs or prints too much", 130);
            self.shell.status = 130;
            self.over = true;
            return;
        }
        let mut text = None;
        let mut targets = [Target::Out, Target::Err];
        for redirection in &command.redirections {
            if let Err(problem) = self.redirect(redirection, &mut text, &mut targets) {
                out.complain(&format!("bash: {problem}"));
                self.shell.status = 1;
                return;
            }
        }
        let stdin = text.as_deref().or(stdin);
        let mut inner = Output::default();
        self.what(&command.what, stdin, &mut inner);
        out.stderr.push_str(&std::mem::take(&mut self.aside));
        out.interrupted |= inner.interrupted;
        for (printed, target) in [inner.stdout, inner.stderr].into_iter().zip(targets) {
            match target {
                Target::Out => out.stdout.push_str(&printed),
                Target::Err => out.stderr.push_str(&printed),
                Target::File(path) => {
                    if let Err(refusal) = self.shell.files.write(&path, &printed, true) {
                        out.complain(&format!("bash: {path}: {refusal}"));
                        self.shell.status = 1;
                    }
                }
            }
        }
    }

    fn redirect(
        &mut self,
        redirection: &Redirection,
        text: &mut Option<String>,
        targets: &mut [Target; 2],
    ) -> Result<(), String> {
        match redirection {
            Redirection::From(file) => {
                let path = self.one(file)?;
                let read = self.shell.files.read(&absolute(&self.shell.folder, &path));
                *text = Some(read.map_err(|refusal| format!("{path}: {refusal}"))?);
            }
            Redirection::Text(word) => *text = Some(self.expand_whole(word)?),
            Redirection::To { stream, file, append } => {
                let target = self.open(file, *append)?;
                if let Some(slot) = targets.get_mut(usize::from(*stream).wrapping_sub(1)) {
                    *slot = target;
                }
            }
            Redirection::Both(file) => {
                let target = self.open(file, false)?;
                *targets = [target.clone(), target];
            }
            Redirection::Duplicate { stream, of } => {
                let (stream, of) = (usize::from(*stream), usize::from(*of));
                if let (1 | 2, 1 | 2) = (stream, of) {
                    targets[stream - 1] = targets[of - 1].clone();
                }
            }
        }
        Ok(())
    }

    /// A file that is written to: there and empty, unless it is appended to.
    fn open(&mut self, file: &Word, append: bool) -> Result<Target, String> {
        let path = self.one(file)?;
        let absolute = absolute(&self.shell.folder, &path);
        let opened = self.shell.files.write(&absolute, "", append);
        opened.map_err(|refusal| format!("{path}: {refusal}"))?;
        Ok(Target::File(absolute))
    }

    /// The one field that the name of a file must come to.
    fn one(&mut self, word: &Word) -> Result<String, String> {
        match <[String; 1]>::try_from(self.expand(std::slice::from_ref(word))?) {
            Ok([one]) => Ok(one),
            Err(_) => Err("ambiguous redirect".to_owned()),
        }
    }

    fn what(&mut self, what: &What, stdin: Option<&str>, out: &mut Output) {
        match what {
            What::Simple { assignments, words } => {
                if let Err(problem) = self.simple(assignments, words, stdin, out) {
                    out.complain(&format!("bash: {problem}"));
                    self.shell.status = 1;
                }
            }
            What::Group(script) => self.run(script, stdin, out),
            What::Subshell(script) => {
                let kept = self.keep();
                self.run(script, stdin, out);
                self.restore(kept);
            }
            What::If { condition, then, otherwise } => {
                self.run(condition, stdin, out);
                let branch = if self.shell.status == 0 { then } else { otherwise };
                self.shell.status = 0;
                self.run(branch, stdin, out);
            }
            What::While { condition, until, body } => {
                let mut status = 0;
                while !self.over {
                    self.run(condition, stdin, out);
                    if (self.shell.status == 0) == *until || self.over {
                        break;
                    }
                    self.run(body, stdin, out);
                    status = self.shell.status;
                }
                if !self.over {
                    self.shell.status = status;
                }
            }
            What::For { name, words, body } => match self.expand(words) {
                Ok(values) => {
                    self.shell.status = 0;
                    for value in values {
                        if self.over {
                            break;
                        }
                        self.assign(name, value);
                        self.run(body, stdin, out);
                    }
                }
                Err(problem) => {
                    out.complain(&format!("bash: {problem}"));
                    self.shell.status = 1;
                }
            },
        }
    }

    fn simple(
        &mut self,
        assignments: &[(String, Word)],
        words: &[Word],
        stdin: Option<&str>,
        out: &mut Output,
    ) -> Result<(), String> {
        let before = self.shell.status;
        let words = self.expand(words)?;
        let Some((program, arguments)) = words.split_first() else {
            // The status of an assignment is that of the last command in it.
            self.shell.status = 0;
            for (name, word) in assignments {
                let value = self.expand_whole(word)?;
                self.assign(name, value);
            }
            return Ok(());
        };
        let kept = (!assignments.is_empty()).then(|| self.shell.variables.clone());
        for (name, word) in assignments {
            let value = self.expand_whole(word)?;
            self.shell.variables.insert(name.clone(), Variable { value, exported: true });
        }
        self.shell.status = before;
        self.program(program, arguments, stdin, out);
        if let Some(kept) = kept {
            self.shell.variables = kept;
        }
        Ok(())
    }

    /// Sets a variable. All of them together hold only so much; beyond that the line ends.
    pub(super) fn assign(&mut self, name: &str, value: String) {
        let held: usize = self.shell.variables.values().map(|one| one.value.len()).sum();
        if held + value.len() > MOST_HELD {
            self.aside.push_str("bash: xrealloc: cannot allocate memory\n");
            self.commands = MOST_COMMANDS;
            self.shell.status = 1;
            return;
        }
        let exported = self.shell.variables.get(name).is_some_and(|known| known.exported);
        self.shell.variables.insert(name.to_owned(), Variable { value, exported });
    }

    /// Runs a program by name: a command of the terminal, or a script in a file.
    pub(crate) fn program(
        &mut self,
        program: &str,
        arguments: &[String],
        stdin: Option<&str>,
        out: &mut Output,
    ) {
        if program == "kubectl" || program == "k" {
            return self.kubectl(arguments, stdin, out);
        }
        if let Some(builtin) = builtin::named(program) {
            self.shell.status = builtin(self, arguments, stdin, out);
            return;
        }
        self.shell.status = if program.contains('/') {
            self.file(program, arguments, stdin, out)
        } else {
            out.complain(&format!("bash: {program}: command not found"));
            127
        };
    }

    pub(crate) fn kubectl(&mut self, arguments: &[String], stdin: Option<&str>, out: &mut Output) {
        let before = std::mem::take(&mut out.exit);
        kubectl::run(self, arguments, stdin, out);
        self.shell.status = out.exit;
        if out.interrupted {
            self.over = true;
            self.shell.status = 130;
        }
        out.exit = if self.shell.status == 0 { before } else { self.shell.status };
    }

    fn file(
        &mut self,
        program: &str,
        arguments: &[String],
        stdin: Option<&str>,
        out: &mut Output,
    ) -> i32 {
        let path = absolute(&self.shell.folder, program);
        let text = match self.shell.files.read(&path) {
            Ok(text) if self.shell.files.is_executable(&path) => text,
            Ok(_) => {
                out.complain(&format!("bash: {program}: Permission denied"));
                return 126;
            }
            Err(refusal) => {
                out.complain(&format!("bash: {program}: {refusal}"));
                return 127;
            }
        };
        if self.scripts >= MOST_SCRIPTS {
            out.complain(&format!("bash: {program}: too many scripts run one another"));
            return 126;
        }
        self.scripts += 1;
        let (kept, over) = (self.keep(), self.over);
        let arguments = std::iter::once(program.to_owned()).chain(arguments.iter().cloned());
        let outer = std::mem::replace(&mut self.shell.arguments, arguments.collect());
        self.shell.status = 0;
        self.script(&text, stdin, out);
        self.shell.arguments = outer;
        self.restore(kept);
        // `exit` ends the script and not its caller.
        self.over = over || out.interrupted || self.commands > MOST_COMMANDS;
        self.scripts -= 1;
        self.shell.status
    }

    /// Lets simulated time go by; false if somebody interrupts.
    pub(super) fn sleep(&mut self, span: Span) -> bool {
        let end = self.host.now() + span;
        let cut = self.until.is_some_and(|until| until < end);
        let end = self.until.map_or(end, |until| until.min(end));
        while self.host.now() < end && self.host.step(end) {}
        !cut
    }
}

impl Terminal for Session<'_> {
    fn request(&mut self, request: &Request) -> Response {
        self.host.request(request)
    }

    fn now(&self) -> SimTime {
        self.host.now()
    }

    fn unix_millis(&self) -> i64 {
        self.host.unix_millis()
    }

    fn step(&mut self, end: SimTime) -> bool {
        self.host.step(end)
    }

    fn told(&mut self) -> Vec<(&'static str, Value)> {
        self.host.told()
    }

    fn has_type(&self, api_version: &str, kind: &str) -> bool {
        self.host.serves(api_version, kind)
    }

    fn until(&self) -> Option<SimTime> {
        self.until
    }

    fn client(&self) -> &Client {
        &self.shell.client
    }

    fn client_mut(&mut self) -> &mut Client {
        &mut self.shell.client
    }

    fn read_file(&self, path: &str) -> Result<String, String> {
        let path = absolute(&self.shell.folder, path);
        self.shell.files.read(&path).map_err(|refusal| refusal.to_string().to_lowercase())
    }

    fn write_file(&mut self, path: &str, text: &str) -> Result<(), String> {
        let path = absolute(&self.shell.folder, path);
        let written = self.shell.files.write(&path, text, false);
        written.map_err(|refusal| refusal.to_string().to_lowercase())
    }

    fn remove_file(&mut self, path: &str) {
        // A file that is not there is what was wanted.
        let _ = self.shell.files.remove(&absolute(&self.shell.folder, path), false);
    }

    fn is_folder(&self, path: &str) -> bool {
        self.shell.files.is_folder(&absolute(&self.shell.folder, path))
    }

    fn list_files(&self, path: &str) -> Vec<String> {
        self.shell.files.list(&absolute(&self.shell.folder, path))
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.shell
            .variables
            .get(name)
            .filter(|known| known.exported)
            .map(|known| known.value.clone())
    }

    fn edit(&mut self, editor: &str, path: &str) -> Option<i32> {
        let words: Vec<String> = editor.split_whitespace().map(str::to_owned).collect();
        let (program, arguments) = words.split_first()?;
        let exists = match program.contains('/') {
            true => self.shell.files.exists(&absolute(&self.shell.folder, program)),
            false => builtin::named(program).is_some(),
        };
        let arguments: Vec<String> =
            arguments.iter().cloned().chain(std::iter::once(path.to_owned())).collect();
        exists.then(|| {
            // An editor has the screen to itself.
            self.program(program, &arguments, None, &mut Output::default());
            self.shell.status
        })
    }
}

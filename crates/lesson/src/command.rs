//! The lines of a `commands.sh`: what a learner would type or press, as far as scenarios need it.

use pullpath_model::time::Span as Duration;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// One line of a `commands.sh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// `kubectl apply -f .`: every file, in the scenario's order.
    Apply,
    /// `kubectl delete pod`.
    DeletePods {
        /// `-n`
        namespace: String,
        /// Which of them.
        which: Which,
    },
    /// `kubectl rollout restart deployment/NAME`.
    RestartRollout {
        /// `-n`
        namespace: String,
        /// The Deployment's name.
        deployment: String,
    },
    /// `aws ecr get-login-password`: mints the next of `${token:fresh-1}`, `${token:fresh-2}`, …
    FreshToken {
        /// `--region`
        region: String,
    },
    /// `sleep`: simulated time goes by.
    Sleep(Duration),
    /// `diagnose`: names the rung at which the pull broke.
    Diagnose(u8),
}

/// Which Pods of a namespace are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// The one of that name.
    Name(String),
    /// `--all`
    All,
    /// `-l key=value`
    Label {
        /// The label's key.
        key: String,
        /// Its value.
        value: String,
    },
}

/// The most commands that one file may hold.
const MOST: usize = 200;

/// Reads the lines of a `commands.sh`. Empty lines and comments are skipped.
pub fn read(file: &str, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let start = offset + (line.len() - line.trim_start().len());
        let span = start..start + trimmed.len();
        offset += line.len();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if commands.len() == MOST {
            let message = format!("more than {MOST} commands");
            let hint = "a solution is what a learner would do by hand: keep it short";
            diagnostics
                .push(Diagnostic::error("too-many-commands", file, span, message).hint(hint));
            break;
        }
        match parse(trimmed) {
            Ok(command) => commands.push(command),
            Err(hint) => diagnostics.push(unknown(file, span, trimmed, hint)),
        }
    }
    commands
}

fn unknown(file: &str, span: Span, line: &str, hint: &str) -> Diagnostic {
    let shown: String = line.chars().take(60).collect();
    Diagnostic::error("unknown-command", file, span, format!("cannot read the command `{shown}`"))
        .hint(hint)
}

const APPLY: &str = "write `kubectl apply -f .`, which applies every file";
const DELETE: &str =
    "write `kubectl delete pod -n NAMESPACE` and then a name, `--all` or `-l key=value`";
const RESTART: &str = "write `kubectl rollout restart deployment/NAME -n NAMESPACE`";
const TOKEN: &str = "write `aws ecr get-login-password --region REGION`";
const SLEEP: &str = "write `sleep` and a number of seconds, or `90s`, `5m`, `13h`";
const DIAGNOSE: &str = "write `diagnose` and the number of a rung, from 1 to 8";
const ANY: &str = "the commands are `kubectl apply -f .`, `kubectl delete pod`, `kubectl rollout restart`, \
                   `aws ecr get-login-password`, `sleep` and `diagnose`";

fn parse(line: &str) -> Result<Command, &'static str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["kubectl", "apply", ref rest @ ..] => {
            if matches!(rest, ["-f", "." | "./"]) {
                Ok(Command::Apply)
            } else {
                Err(APPLY)
            }
        }
        ["kubectl", "delete", "pod" | "pods" | "po", ref rest @ ..] => delete(rest).ok_or(DELETE),
        ["kubectl", "rollout", "restart", ref rest @ ..] => restart(rest).ok_or(RESTART),
        ["aws", "ecr", "get-login-password", ref rest @ ..] => match rest {
            ["--region", region] => Ok(Command::FreshToken { region: (*region).to_owned() }),
            _ => Err(TOKEN),
        },
        ["sleep", length] => sleep(length).map(Command::Sleep).ok_or(SLEEP),
        ["sleep", ..] => Err(SLEEP),
        ["diagnose", ref rest @ ..] => match rest {
            [rung] => rung.parse().ok().filter(|rung| (1..=8).contains(rung)),
            _ => None,
        }
        .map(Command::Diagnose)
        .ok_or(DIAGNOSE),
        _ => Err(ANY),
    }
}

fn sleep(length: &str) -> Option<Duration> {
    let plain = length.bytes().all(|byte| byte.is_ascii_digit());
    let length = if plain { format!("{length}s") } else { length.to_owned() };
    crate::quantity::duration(&length).filter(|length| *length > Duration::ZERO)
}

/// What stands on a kubectl line beside its verb.
#[derive(Default)]
struct Flags<'a> {
    namespace: Option<&'a str>,
    label: Option<&'a str>,
    all: bool,
    names: Vec<&'a str>,
}

fn flags<'a>(words: &[&'a str]) -> Option<Flags<'a>> {
    let mut flags = Flags::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-n" | "--namespace" => flags.namespace = Some(words.next()?),
            "-l" | "--selector" => flags.label = Some(words.next()?),
            "--all" => flags.all = true,
            word if word.starts_with('-') => return None,
            word => flags.names.push(word),
        }
    }
    Some(flags)
}

fn delete(words: &[&str]) -> Option<Command> {
    let flags = flags(words)?;
    let which = match (flags.all, flags.label, &flags.names[..]) {
        (true, None, []) => Which::All,
        (false, Some(label), []) => {
            let (key, value) = label.split_once('=')?;
            let value = value.strip_prefix('=').unwrap_or(value);
            Which::Label { key: key.to_owned(), value: value.to_owned() }
        }
        (false, None, [name]) => Which::Name((*name).to_owned()),
        _ => return None,
    };
    Some(Command::DeletePods { namespace: flags.namespace?.to_owned(), which })
}

fn restart(words: &[&str]) -> Option<Command> {
    let flags = flags(words)?;
    let deployment = match &flags.names[..] {
        [name] => name.split_once('/').filter(|(kind, _)| is_deployment(kind))?.1,
        [kind, name] if is_deployment(kind) => name,
        _ => return None,
    };
    if flags.all || flags.label.is_some() || deployment.is_empty() {
        return None;
    }
    let (namespace, deployment) = (flags.namespace?.to_owned(), deployment.to_owned());
    Some(Command::RestartRollout { namespace, deployment })
}

fn is_deployment(kind: &str) -> bool {
    matches!(kind, "deployment" | "deployments" | "deploy" | "deployment.apps")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: Result<Command, &str>) {
        assert_eq!(parse(line), want, "{line}");
    }

    #[test]
    fn every_command_reads() {
        let delete = |which| Ok(Command::DeletePods { namespace: "payments".to_owned(), which });
        let label = Which::Label { key: "app".to_owned(), value: "x".to_owned() };
        check("kubectl apply -f .", Ok(Command::Apply));
        check("kubectl delete pod -n payments a", delete(Which::Name("a".to_owned())));
        check("kubectl delete pods --all -n payments", delete(Which::All));
        check("kubectl delete pod -n payments -l app=x", delete(label));
        for line in ["deployment/payment-api -n p", "-n p deploy payment-api"] {
            let (namespace, deployment) = ("p".to_owned(), "payment-api".to_owned());
            let want = Ok(Command::RestartRollout { namespace, deployment });
            check(&format!("kubectl rollout restart {line}"), want);
        }
        let region = "eu-central-1".to_owned();
        check(
            "aws ecr get-login-password --region eu-central-1",
            Ok(Command::FreshToken { region }),
        );
        check("sleep 60", Ok(Command::Sleep(Duration::seconds(60))));
        check("sleep 13h", Ok(Command::Sleep(Duration::hours(13))));
    }

    #[test]
    fn what_cannot_be_read_is_told_how_to_write_it() {
        check("kubectl apply -f deployment.yaml", Err(APPLY));
        check("kubectl delete pod x", Err(DELETE));
        check("kubectl delete pod -n p --all -l app=x", Err(DELETE));
        check("kubectl delete pod -n p --force x", Err(DELETE));
        check("kubectl rollout restart daemonset/x -n p", Err(RESTART));
        check("aws ecr get-login-password", Err(TOKEN));
        check("sleep forever", Err(SLEEP));
        check("sleep 0", Err(SLEEP));
        check("rm -rf /", Err(ANY));
    }

    #[test]
    fn problems_have_their_line() {
        let mut diagnostics = Vec::new();
        let text = "# first\n\nkubectl apply -f .\n  helm install x\n";
        assert_eq!(read("c.sh", text, &mut diagnostics), [Command::Apply]);
        let [diagnostic] = &diagnostics[..] else { panic!("{diagnostics:?}") };
        assert_eq!(&text[diagnostic.span.clone()], "helm install x");
    }
}

//! An author's answer, played: files put in place, then commands, as a learner would.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_lesson::Texts;
use pullpath_lesson::command::{self, Command, Which};
use pullpath_lesson::diagnostic::{Diagnostic, any_errors, one_of};
use pullpath_lesson::scenario::{Answer, Scenario};
use pullpath_model::cloud::EcrHost;
use pullpath_model::object::{Kind, Object};
use pullpath_view::Action;

use crate::session::Session;

/// Plays an answer in a new session. What the cluster refuses is part of the answer; a command that cannot be meant is
/// the error.
pub fn play(scenario: &Arc<Scenario>, answer: &Answer) -> Result<Session, Problem> {
    let mut session = Session::new(Arc::clone(scenario)).map_err(Problem::Scenario)?;
    let act = |session: &mut Session, action: Action| {
        session.act(action, &mut |_, _| {}).map(|_| ()).map_err(Problem::Command)
    };
    for (file, text) in &answer.files {
        act(&mut session, Action::Edit { file: file.clone(), text: text.clone() })?;
    }
    for command in &answer.commands {
        for action in actions(&session, command).map_err(Problem::Command)? {
            act(&mut session, action)?;
        }
    }
    act(&mut session, Action::Run)?;
    Ok(session)
}

/// An answer from a folder of its own: files that take the place of the scenario's, and perhaps a `commands.sh`.
pub fn from_folder(
    scenario: &Scenario,
    name: &str,
    texts: &Texts,
) -> Result<Answer, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut files = BTreeMap::new();
    let mut commands = vec![Command::Apply];
    for (path, text) in texts {
        // An author's own answer is written for all draws.
        let text = &scenario.drawn().fill(text);
        let known = scenario.files().iter().find(|file| file.name == *path);
        match known {
            Some(file) if file.edit => {
                files.insert(path.clone(), text.clone());
            }
            _ if path == "commands.sh" => commands = command::read(path, text, &mut diagnostics),
            _ => {
                let names =
                    scenario.files().iter().filter(|file| file.edit).map(|file| file.name.as_str());
                let names: Vec<&str> = names.collect();
                let message =
                    format!("`{path}` is not a file that this scenario lets the learner change");
                let hint =
                    format!("an answer holds {}, and may hold `commands.sh`", one_of(&names));
                diagnostics
                    .push(Diagnostic::error("unexpected-file", path, 0..0, message).hint(hint));
            }
        }
    }
    if any_errors(&diagnostics) {
        return Err(diagnostics);
    }
    Ok(Answer { name: name.to_owned(), files, commands })
}

/// Why an answer could not be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The scenario itself does not start.
    Scenario(Diagnostic),
    /// A command was refused or means nothing here.
    Command(String),
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scenario(diagnostic) => f.write_str(&diagnostic.message),
            Self::Command(why) => f.write_str(why),
        }
    }
}

/// What a command comes to, as the cluster stands.
fn actions(session: &Session, command: &Command) -> Result<Vec<Action>, String> {
    Ok(match command {
        Command::Apply => vec![Action::Apply],
        Command::DeletePods { namespace, which } => pods(session, namespace, which)
            .into_iter()
            .map(|name| Action::DeletePod { namespace: namespace.clone(), name })
            .collect(),
        Command::RestartRollout { namespace, deployment } => vec![Action::RestartRollout {
            namespace: namespace.clone(),
            deployment: deployment.clone(),
        }],
        Command::FreshToken { region } => {
            let hosts = session.scenario().world().registries.keys();
            let in_region =
                |host: &&String| EcrHost::parse(host).is_some_and(|ecr| ecr.region == *region);
            let host = hosts.into_iter().find(in_region);
            let host =
                host.ok_or_else(|| format!("this scenario has no ECR registry in `{region}`"))?;
            vec![Action::FreshToken { registry: host.clone(), file: None }]
        }
        Command::Sleep(length) => {
            let seconds =
                u32::try_from(length.as_millis() / 1000).map_err(|_| "that is too long a sleep")?;
            vec![Action::Advance { seconds }]
        }
        Command::Diagnose(rung) => vec![Action::Diagnose { rung: *rung }],
    })
}

fn pods(session: &Session, namespace: &str, which: &Which) -> Vec<String> {
    let cluster = session.cluster();
    let matches = |pod: &&pullpath_model::pod::PodRun| {
        *pod.key.namespace == *namespace
            && pod.deleting.is_none()
            && match which {
                Which::Name(name) => *pod.key.name == **name,
                Which::All => true,
                Which::Label { key, value } => {
                    match cluster.store.find(Kind::Pod, namespace, &pod.key.name).map(AsRef::as_ref)
                    {
                        Some(Object::Pod(pod)) => {
                            pod.metadata.labels.as_ref().and_then(|labels| labels.get(key))
                                == Some(value)
                        }
                        _ => false,
                    }
                }
            }
    };
    cluster.pods().into_iter().filter(matches).map(|pod| pod.key.name.to_string()).collect()
}

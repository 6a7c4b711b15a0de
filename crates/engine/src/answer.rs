//! An author's answer, played: files put in place, then commands, as a learner would.

use std::sync::Arc;

use pullpath_lesson::command::{Command, Which};
use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::scenario::{Answer, Scenario};
use pullpath_model::cloud::EcrHost;
use pullpath_model::object::{Kind, Object};
use pullpath_view::Action;

use crate::session::Session;

/// Plays an answer in a new session. What the cluster refuses is part of the answer; a command that cannot be meant is
/// the error.
pub fn play(scenario: &Arc<Scenario>, answer: &Answer) -> Result<Session, Problem> {
    let mut session = Session::new(Arc::clone(scenario)).map_err(Problem::Scenario)?;
    let mut act = |session: &mut Session, action: Action| {
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

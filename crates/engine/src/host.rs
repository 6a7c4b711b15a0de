//! What the worker does: sessions by name, a request in, an answer out. The command line's tests use it too.

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::scenario::{Folder, Scenario};
use pullpath_model::world::World;
use pullpath_view::wire::{Answer, Ask, Notice, Query, Reply, Request};
use pullpath_view::{Attempt, View};

use crate::session::Session;
use crate::view;

/// All sessions of one page.
#[derive(Debug, Default)]
pub struct Host {
    build: String,
    sessions: BTreeMap<String, Open>,
}

#[derive(Debug)]
struct Open {
    session: Session,
    // What the page has, so that only what differs is sent.
    sent: Option<View>,
}

impl Host {
    /// A host of that build of the page.
    pub fn new(build: &str) -> Self {
        Self { build: build.to_owned(), sessions: BTreeMap::new() }
    }

    /// Answers a request. `progress` is called with signs of life before that.
    pub fn answer(&mut self, request: Request, progress: &mut dyn FnMut(Reply)) -> Reply {
        let Request { id, session, ask } = request;
        let mut sign = |done: pullpath_model::time::SimTime,
                        total: pullpath_model::time::SimTime| {
            let answer =
                Answer::Progress { done_ms: done.as_millis(), total_ms: total.as_millis() };
            progress(Reply { id, answer });
        };
        let answer = match ask {
            Ask::Hello { build } if build == self.build => {
                // That of a world which does not state its own.
                let kubernetes = view::release(World::default().kubernetes);
                Answer::Hello { build, kubernetes }
            }
            Ask::Hello { .. } => Answer::WrongBuild { build: self.build.clone() },
            Ask::Open { sources, attempt, query } => {
                self.open(session, &sources, attempt.as_ref(), &query, &mut sign)
            }
            Ask::Act { action, query } => match self.sessions.get_mut(&session) {
                None => no_session(&session),
                Some(open) => match open.session.act(action, &mut sign) {
                    Err(message) => Answer::Refused { message },
                    Ok(notices) => open.done(&query, notices),
                },
            },
            Ask::View { query } => match self.sessions.get_mut(&session) {
                None => no_session(&session),
                Some(open) => Answer::View { view: Box::new(open.view(&query)) },
            },
            Ask::Log => match self.sessions.get(&session) {
                None => no_session(&session),
                Some(open) => Answer::Log { text: open.session.log_text() },
            },
            Ask::Close => {
                self.sessions.remove(&session);
                Answer::Closed
            }
        };
        Reply { id, answer }
    }

    fn open(
        &mut self,
        name: String,
        sources: &Texts,
        attempt: Option<&Attempt>,
        query: &Query,
        sign: crate::session::Progress<'_>,
    ) -> Answer {
        let broken = |diagnostics: &[Diagnostic]| Answer::Broken {
            problems: diagnostics.iter().map(|diagnostic| diagnostic.problem(sources)).collect(),
        };
        let folder = match sources.keys().any(|path| path.starts_with("solutions/")) {
            true => Folder::Whole,
            false => Folder::Played,
        };
        let id = folder_name(sources);
        let scenario = match Scenario::read(sources, &id, folder).into_result() {
            Ok(scenario) => Arc::new(scenario),
            Err(diagnostics) => return broken(&diagnostics),
        };
        let session = match attempt.filter(|attempt| fits(attempt, &scenario)) {
            Some(attempt) => Session::replay(scenario, attempt, sign),
            None => Session::new(scenario),
        };
        match session {
            Err(diagnostic) => broken(&[diagnostic]),
            Ok(session) => {
                let mut open = Open { session, sent: None };
                let answer = open.done(query, Vec::new());
                self.sessions.insert(name, open);
                answer
            }
        }
    }
}

impl Open {
    fn done(&mut self, query: &Query, notices: Vec<Notice>) -> Answer {
        let attempt = self.session.attempt().clone();
        Answer::Done { view: Box::new(self.view(query)), attempt, notices }
    }

    fn view(&mut self, query: &Query) -> View {
        view::delta(view::whole(&self.session, query), &mut self.sent, query.whole)
    }
}

/// The page names no folder: the id that the scenario gives itself will do.
fn folder_name(sources: &Texts) -> String {
    let text = sources.get(pullpath_lesson::scenario::FILE).map_or("", String::as_str);
    let written = text.lines().find_map(|line| line.strip_prefix("id:"));
    written.map(|id| id.split('#').next().unwrap_or_default().trim().to_owned()).unwrap_or_default()
}

/// An attempt at another scenario, or at another version of it, is not replayed.
fn fits(attempt: &Attempt, scenario: &Scenario) -> bool {
    attempt.scenario == scenario.id() && attempt.version == scenario.version()
}

fn no_session(name: &str) -> Answer {
    Answer::Refused { message: format!("there is no session `{name}`: open a scenario first") }
}

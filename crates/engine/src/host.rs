//! What the worker does: sessions by name, a request in, an answer out. The command line's tests use it too.

mod desk;

use std::collections::BTreeMap;
use std::sync::Arc;

use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::{Checked, Diagnostic, any_errors};
use pullpath_lesson::prose::{self, Bundled, Markdown, Prose};
use pullpath_lesson::quiz::{self, Quiz};
use pullpath_lesson::scenario::{Folder, Scenario};
use pullpath_model::ordered;
use pullpath_view::own::{self, IgnoredAny};
use pullpath_view::quiz::QuizSource;
use pullpath_view::wire::{Answer, Ask, Errand, Found, Notice, Problem, Query, Reply, Request};
use pullpath_view::{Attempt, View};

use crate::quiz::Asked;
use crate::session::Session;
use crate::{record, view};

/// How Markdown is read; `None` takes what bundles hold.
type Reader = Option<&'static dyn Prose>;

/// Does an errand, and says how far it is.
type Desk<E, F> = fn(E, &mut dyn FnMut(usize, usize)) -> Answer<F>;

/// What a host needs that does more than play bundles; one without it links none of it.
#[derive(Debug)]
struct Author<E, F> {
    markdown: &'static dyn Prose,
    desk: Desk<E, F>,
}

const PLAYS_ONLY: &str = "this engine only plays: the one of the desk does that";

/// All sessions of one page, and what is done around playing: `E` is what is asked there, `F` what is found.
#[derive(Debug)]
pub struct Host<E = Errand, F = Found> {
    build: String,
    author: Option<Author<E, F>>,
    sessions: BTreeMap<String, Open>,
    // The quiz that was judged last: learners answer one question after the other, and predictions take a while.
    quiz: Option<(QuizSource, Asked)>,
}

#[derive(Debug)]
struct Open {
    session: Session,
    // What the page has, so that only what differs is sent.
    sent: Option<View>,
}

impl Host {
    /// A host of that build of the page that does everything: for an author's own folder, for hand-ins and messages,
    /// too.
    pub fn new(build: &str) -> Self {
        Self::with(build, Some(Author { markdown: &Markdown, desk: desk::answer }))
    }
}

/// A host that only plays: it need not be able to read what else could be asked, nor to write what would be found.
pub type Player = Host<IgnoredAny, ()>;

impl Player {
    /// One that plays what was bundled. It links no Markdown reader, and nothing of the desk.
    pub fn of_bundles(build: &str) -> Self {
        Self::with(build, None)
    }
}

impl<E, F> Host<E, F> {
    fn with(build: &str, author: Option<Author<E, F>>) -> Self {
        Self { build: build.to_owned(), author, sessions: BTreeMap::new(), quiz: None }
    }

    fn markdown(&self) -> Reader {
        self.author.as_ref().map(|author| author.markdown)
    }

    /// Answers a request. `progress` is called with signs of life before that.
    pub fn answer(&mut self, request: Request<E>, progress: &mut dyn FnMut(Reply<F>)) -> Reply<F> {
        let Request { id, session, ask } = request;
        let mut sign = |done: pullpath_model::time::SimTime,
                        total: pullpath_model::time::SimTime| {
            let answer =
                Answer::Progress { done_ms: done.as_millis(), total_ms: total.as_millis() };
            progress(Reply { id, answer });
        };
        let answer = match ask {
            Ask::Hello { build } if build == self.build => Answer::Hello { build },
            Ask::Hello { .. } => Answer::WrongBuild { build: self.build.clone() },
            Ask::Open { sources, attempt, seed, query } => {
                self.open(session, &sources, attempt.as_ref(), seed, &query, &mut sign)
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
            Ask::Judge { quiz, answers } => match self.quiz(quiz) {
                Err(problems) => Answer::Broken { problems },
                Ok(asked) => {
                    Answer::Judged { standing: Box::new(record::standing(asked, &answers)) }
                }
            },
            Ask::Errand(errand) => match &self.author {
                None => Answer::Refused { message: PLAYS_ONLY.to_owned() },
                Some(Author { desk, .. }) => desk(errand, &mut |done, total| {
                    let (done_ms, total_ms) = (done as i64, total as i64);
                    progress(Reply { id, answer: Answer::Progress { done_ms, total_ms } });
                }),
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
        seed: Option<u64>,
        query: &Query,
        sign: crate::session::Progress<'_>,
    ) -> Answer<F> {
        let broken = |diagnostics: &[Diagnostic]| Answer::Broken {
            problems: diagnostics.iter().map(|diagnostic| diagnostic.problem(sources)).collect(),
        };
        let folder = match sources.keys().any(|path| path.starts_with("solutions/")) {
            true => Folder::Whole,
            false => Folder::Played,
        };
        let id = folder_name(sources);
        let scenario = match scenario(self.markdown(), sources, &id, folder).into_result() {
            Ok(scenario) => Arc::new(scenario),
            Err(diagnostics) => return broken(&diagnostics),
        };
        let attempt = attempt.filter(|attempt| fits(attempt, &scenario));
        let seed = attempt.map(|attempt| attempt.seed).or(seed);
        let drawn = seed.and_then(|seed| scenario.redrawn(seed)).map(Arc::new);
        let scenario = drawn.unwrap_or(scenario);
        let session = match attempt {
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

impl<E, F> Host<E, F> {
    fn quiz(&mut self, source: QuizSource) -> Result<&Asked, Vec<Problem>> {
        let kept = self.quiz.take().filter(|(kept, _)| *kept == source);
        let (source, asked) = match kept {
            Some(kept) => kept,
            None => {
                let asked = ask(self.markdown(), &source)?;
                (source, asked)
            }
        };
        Ok(&self.quiz.insert((source, asked)).1)
    }
}

/// A quiz with the keys of its predictions, or what is wrong with it.
fn ask(markdown: Reader, source: &QuizSource) -> Result<Asked, Vec<Problem>> {
    let file = format!("{}.yaml", source.id);
    let text = quiz::unseal(&source.sealed).unwrap_or_default();
    let quiz: Quiz = own::read(&text).ok_or_else(Vec::new)?;
    let texts = Texts::from([(file.clone(), text)]);
    let broken = |told: &[Diagnostic]| -> Vec<Problem> {
        told.iter().map(|diagnostic| diagnostic.problem(&texts)).collect()
    };
    let scenarios = scenarios(markdown, &source.scenarios);
    let known: Vec<&str> = scenarios.keys().map(String::as_str).collect();
    let (keys, told) = crate::quiz::keys(&file, &quiz, &|id| scenarios.get(id), &known);
    if any_errors(&told) { Err(broken(&told)) } else { Ok(Asked { quiz, keys }) }
}

fn scenario(markdown: Reader, sources: &Texts, id: &str, folder: Folder) -> Checked<Scenario> {
    if let Some(markdown) = markdown {
        return Scenario::read_with(sources, id, folder, markdown);
    }
    let mut sources = sources.clone();
    let prose = Bundled::take_from(&mut sources);
    Scenario::read_with(&sources, id, folder, &prose)
}

/// Those that can be read; the others are missed where they are needed.
fn scenarios(
    markdown: Reader,
    sources: &BTreeMap<String, Texts>,
) -> BTreeMap<String, Arc<Scenario>> {
    let read = |(id, texts): (&String, &Texts)| {
        let scenario = scenario(markdown, texts, id, Folder::Played).into_result().ok()?;
        Some((id.clone(), Arc::new(scenario)))
    };
    ordered::map(sources.iter().filter_map(read))
}

impl Open {
    fn done<F>(&mut self, query: &Query, notices: Vec<Notice>) -> Answer<F> {
        let attempt = self.session.attempt().clone();
        Answer::Done { view: Box::new(self.view(query)), attempt, notices }
    }

    fn view(&mut self, query: &Query) -> View {
        view::delta(view::whole(&self.session, query), &mut self.sent, query.whole)
    }
}

/// The page names no folder: the id that the scenario gives itself will do.
fn folder_name(sources: &Texts) -> String {
    let text = prose::scenario_text(sources).unwrap_or_default();
    let written = text.lines().find_map(|line| line.strip_prefix("id:"));
    written.map(|id| id.split('#').next().unwrap_or_default().trim().to_owned()).unwrap_or_default()
}

/// An attempt at another scenario, or at another version of it, is not replayed.
fn fits(attempt: &Attempt, scenario: &Scenario) -> bool {
    attempt.scenario == scenario.id() && attempt.version == scenario.version()
}

fn no_session<F>(name: &str) -> Answer<F> {
    Answer::Refused { message: format!("there is no session `{name}`: open a scenario first") }
}

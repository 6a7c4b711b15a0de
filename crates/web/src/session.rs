//! One conversation with the engine: what the page was given last, what it waits for, what the learner is typing.

use std::collections::BTreeMap;
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use pullpath_view::action::{Action, Attempt};
use pullpath_view::block::Block;
use pullpath_view::pane::{EventRow, FileRow, Goals, Guide, Ladder, Picture, Timeline, View};
use pullpath_view::wire::{Answer, Ask, Notice, Problem, Query};
use yew::prelude::*;

use crate::channel::{Loss, Signal, Update};
use crate::engine::Engine;

/// How long typing must pause before the engine is told.
const PAUSE_MS: u32 = 250;
/// How many notices are kept for reading back.
const NOTICES: usize = 40;

/// Every pane as it was given last. A clone is cheap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panes {
    pub at_ms: i64,
    pub now_ms: i64,
    pub from_ms: i64,
    pub clock: AttrValue,
    pub wall: AttrValue,
    pub versions: AttrValue,
    pub brief: Option<Rc<Vec<Block>>>,
    pub goals: Option<Rc<Goals>>,
    pub files: Option<Rc<Vec<FileRow>>>,
    pub picture: Option<Rc<Picture>>,
    pub ladder: Option<Rc<Ladder>>,
    pub timeline: Option<Rc<Timeline>>,
    pub events: Option<Rc<Vec<EventRow>>>,
    pub guide: Option<Rc<Guide>>,
}

impl Panes {
    /// Takes over what a view brings; a pane that it does not bring has not changed.
    pub fn take(&mut self, view: View) {
        fn replace<T>(pane: &mut Option<Rc<T>>, news: Option<T>) {
            if let Some(news) = news {
                *pane = Some(Rc::new(news));
            }
        }
        self.at_ms = view.at_ms;
        self.now_ms = view.now_ms;
        self.from_ms = view.from_ms;
        self.clock = view.clock.into();
        self.wall = view.wall.into();
        self.versions = view.versions.into();
        replace(&mut self.brief, view.brief);
        replace(&mut self.goals, view.goals);
        replace(&mut self.files, view.files);
        replace(&mut self.picture, view.picture);
        replace(&mut self.ladder, view.ladder);
        replace(&mut self.timeline, view.timeline);
        replace(&mut self.events, view.events);
        replace(&mut self.guide, view.guide);
    }

    /// Whether the learner looks at the past.
    pub fn is_past(&self) -> bool {
        self.at_ms < self.now_ms
    }
}

/// How far a conversation has come.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Stage {
    /// Nothing was answered yet.
    #[default]
    Opening,
    /// There is something to draw.
    Open,
    /// The scenario's files have mistakes.
    Broken(Rc<Vec<Problem>>),
    /// There is no engine; in words.
    Lost(AttrValue),
}

/// What the engine is working on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// In words.
    pub what: AttrValue,
    /// How far the simulated clock has come, of how far.
    pub progress: Option<(i64, i64)>,
}

/// A conversation's state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Session {
    pub stage: Stage,
    pub panes: Panes,
    pub attempt: Option<Rc<Attempt>>,
    /// What is looked at.
    pub query: Query,
    /// In the order they were asked.
    pub busy: Vec<(u32, Busy)>,
    /// Texts that the learner changed and the engine does not have yet, or has but has not answered about.
    pub drafts: BTreeMap<String, String>,
    /// What was printed or happened, oldest first, each with a number that rises.
    pub notices: Vec<(u32, Notice)>,
    /// What went wrong with the engine itself, in words.
    pub trouble: Option<AttrValue>,
    serial: u32,
}

/// What moves a [`Session`].
pub enum Msg {
    /// Something was asked.
    Asked { ticket: u32, busy: Busy },
    /// Something came back.
    Heard { ticket: u32, edit: Option<(String, String)>, update: Update },
    /// The channel itself has news.
    Signalled(Signal),
    /// The learner types.
    Typed { file: String, text: String },
    /// Something else is looked at.
    Looked(Query),
    /// The trouble has been read.
    Dismissed,
    /// Everything anew.
    Cleared,
}

impl Session {
    /// Takes in what happened.
    pub fn fold(mut self, msg: Msg) -> Self {
        match msg {
            Msg::Asked { ticket, busy } => self.busy.push((ticket, busy)),
            Msg::Heard { ticket, edit, update } => self.hear(ticket, edit, update),
            Msg::Signalled(signal) => self.signal(signal),
            Msg::Typed { file, text } => {
                self.drafts.insert(file, text);
            }
            Msg::Looked(query) => self.query = query,
            Msg::Dismissed => self.trouble = None,
            Msg::Cleared => self = Self { serial: self.serial, ..Self::default() },
        }
        self
    }

    fn hear(&mut self, ticket: u32, edit: Option<(String, String)>, update: Update) {
        if let Update::Progress { done_ms, total_ms } = update {
            if let Some((_, busy)) = self.busy.iter_mut().find(|(id, _)| *id == ticket) {
                busy.progress = Some((done_ms, total_ms));
            }
            return;
        }
        self.busy.retain(|(id, _)| *id != ticket);
        match update {
            Update::Answer(answer) => {
                // The engine has the text now; unless the learner typed on, its word counts again.
                if let Some((file, text)) = edit
                    && self.drafts.get(&file) == Some(&text)
                {
                    self.drafts.remove(&file);
                }
                self.answer(answer);
            }
            Update::Lost(Loss::Unavailable) => self.say_unavailable(None),
            // A restart says what happened; a stale view is of no interest.
            Update::Lost(_) | Update::Progress { .. } => {}
        }
    }

    fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Done { view, attempt, notices } => {
                self.panes.take(*view);
                self.attempt = Some(Rc::new(attempt));
                self.stage = Stage::Open;
                for notice in notices {
                    self.note(notice);
                }
            }
            Answer::View { view } => self.panes.take(*view),
            Answer::Broken { problems } => self.stage = Stage::Broken(Rc::new(problems)),
            Answer::Refused { message } => {
                self.note(Notice { command: None, text: message.clone(), failed: true });
                if self.stage == Stage::Opening {
                    self.stage = Stage::Lost(message.into());
                }
            }
            Answer::Hello { .. }
            | Answer::WrongBuild { .. }
            | Answer::Log { .. }
            | Answer::Judged { .. }
            | Answer::Found(_)
            | Answer::Progress { .. }
            | Answer::Closed => {}
        }
    }

    fn signal(&mut self, signal: Signal) {
        match signal {
            Signal::Ready => {}
            Signal::WrongBuild { .. } => {
                self.stage = Stage::Lost(
                    "Pullpath was updated while this page was open. Load the page again: your progress is kept."
                        .into(),
                );
            }
            Signal::Unavailable { message } => self.say_unavailable(Some(&message)),
            Signal::Restarting { loss, dropped } => {
                let what = dropped.as_ref().map_or("What the engine was doing", name);
                let why = match loss {
                    Loss::Stopped => "was stopped".to_owned(),
                    Loss::Stalled => "took too long and was stopped".to_owned(),
                    Loss::Crashed { message } => {
                        format!("ended with an error of Pullpath itself ({message})")
                    }
                    Loss::Superseded | Loss::Unavailable => "was lost".to_owned(),
                };
                self.trouble = Some(
                    format!("“{what}” {why}. Everything before it is as it was, and nothing you typed is lost.").into(),
                );
            }
            Signal::Replayed { answer, .. } => self.answer(answer),
        }
    }

    fn say_unavailable(&mut self, message: Option<&str>) {
        let detail = message
            .filter(|text| !text.is_empty())
            .map_or(String::new(), |text| format!(" ({text})"));
        let text = format!(
            "The engine could not be loaded{detail}. Check the connection, then try again."
        );
        if self.stage == Stage::Opening {
            self.stage = Stage::Lost(text.into());
        } else if self.trouble.is_none() || message.is_some() {
            self.trouble = Some(text.into());
        }
    }

    fn note(&mut self, notice: Notice) {
        self.serial += 1;
        self.notices.push((self.serial, notice));
        let surplus = self.notices.len().saturating_sub(NOTICES);
        self.notices.drain(..surplus);
    }

    /// A file's text as the learner has it before them.
    pub fn text<'a>(&'a self, file: &'a FileRow) -> &'a str {
        self.drafts.get(&file.name).unwrap_or(&file.text)
    }
}

impl Reducible for Session {
    type Action = Msg;

    fn reduce(self: Rc<Self>, msg: Msg) -> Rc<Self> {
        Rc::new(Rc::unwrap_or_clone(self).fold(msg))
    }
}

/// An action in words, for the progress bar and for telling what was lost.
pub fn name(action: &Action) -> &'static str {
    match action {
        Action::Edit { .. } => "Edit",
        Action::ResetFile { .. } => "Reset file",
        Action::Apply => "Apply",
        Action::Run => "Run",
        Action::Advance { .. } => "Advance the clock",
        Action::DeletePod { .. } => "Delete Pod",
        Action::RestartRollout { .. } => "Restart rollout",
        Action::FreshToken { .. } => "Fresh token",
        Action::Predict { .. } => "Prediction",
        Action::Diagnose { .. } => "Diagnosis",
        Action::Answer { .. } => "Answer",
        Action::Hint { .. } => "Hint",
        Action::OpenLadder => "Open the ladder",
        Action::Reset => "Reset",
    }
}

/// A conversation as a component holds it.
#[derive(Clone)]
pub struct Desk {
    name: Rc<str>,
    engine: Engine,
    pub state: UseReducerHandle<Session>,
    held: Rc<std::cell::RefCell<Held>>,
}

impl PartialEq for Desk {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state && self.engine == other.engine && self.name == other.name
    }
}

/// What must be at hand between two drawings.
#[derive(Default)]
struct Held {
    /// What is looked at, also before it is drawn.
    query: Query,
    /// Texts not sent yet, with the timer that will send them.
    unsent: BTreeMap<String, String>,
    timer: Option<Timeout>,
    ticket: u32,
}

/// Begins a conversation under a name. Nothing is asked until [`Desk::open`].
#[hook]
pub fn use_desk(name: &str, engine: &Engine) -> Desk {
    let name: Rc<str> = name.into();
    let state = use_reducer(Session::default);
    let held = use_mut_ref(Held::default);
    {
        let (state, engine, name) = (state.dispatcher(), engine.clone(), Rc::clone(&name));
        use_effect_with((), move |()| {
            let own = Rc::clone(&name);
            let listening = engine.listen(move |signal| {
                let is_other =
                    matches!(signal, Signal::Replayed { session, .. } if **session != *own);
                if !is_other {
                    state.dispatch(Msg::Signalled(signal.clone()));
                }
            });
            move || {
                drop(listening);
                engine.ask(&name, Ask::Close, |_| {});
            }
        });
    }
    Desk { name, engine: engine.clone(), state, held }
}

impl Desk {
    /// Opens a scenario from its files; with an attempt, where that stopped.
    pub fn open(&self, sources: BTreeMap<String, String>, attempt: Option<Attempt>) {
        let ticket = self.held.borrow().ticket;
        self.held.replace(Held { ticket, ..Held::default() });
        self.state.dispatch(Msg::Cleared);
        let what =
            if attempt.is_some() { "Replaying your attempt" } else { "Setting up the cluster" };
        self.ask(
            what,
            None,
            Ask::Open {
                sources,
                attempt,
                seed: Some(crate::browser::random_seed()),
                query: Query { whole: true, ..Query::default() },
            },
        );
    }

    /// Does one thing, now: whoever acts no longer looks back.
    pub fn act(&self, action: Action) {
        self.flush();
        self.send(action);
    }

    fn send(&self, action: Action) {
        let edit = match &action {
            Action::Edit { file, text } => Some((file.clone(), text.clone())),
            _ => None,
        };
        // An edit changes nothing in the cluster, so whoever looks back may go on looking.
        if edit.is_none() {
            let mut held = self.held.borrow_mut();
            held.query.at_ms = None;
            held.query.pull = None;
            self.state.dispatch(Msg::Looked(held.query.clone()));
        }
        let query = self.held.borrow().query.clone();
        self.ask(name(&action), edit, Ask::Act { action, query });
    }

    /// Takes typed text; the engine is told when the typing pauses.
    pub fn type_text(&self, file: String, text: String) {
        self.state.dispatch(Msg::Typed { file: file.clone(), text: text.clone() });
        let this = self.clone();
        let mut held = self.held.borrow_mut();
        held.unsent.insert(file, text);
        held.timer = Some(Timeout::new(PAUSE_MS, move || this.flush()));
    }

    /// Tells the engine at once what was typed.
    pub fn flush(&self) {
        let unsent = {
            let mut held = self.held.borrow_mut();
            held.timer = None;
            std::mem::take(&mut held.unsent)
        };
        for (file, text) in unsent {
            self.send(Action::Edit { file, text });
        }
    }

    /// Looks at something else.
    pub fn look(&self, change: impl FnOnce(&mut Query)) {
        let query = {
            let mut held = self.held.borrow_mut();
            change(&mut held.query);
            held.query.clone()
        };
        self.state.dispatch(Msg::Looked(query.clone()));
        self.ask("", None, Ask::View { query });
    }

    /// Ends what the engine is working on.
    pub fn stop(&self) {
        self.engine.stop();
    }

    /// The trouble has been read.
    pub fn dismiss(&self) {
        self.state.dispatch(Msg::Dismissed);
    }

    fn ask(&self, what: &'static str, edit: Option<(String, String)>, ask: Ask) {
        let ticket = {
            let mut held = self.held.borrow_mut();
            held.ticket += 1;
            held.ticket
        };
        let what = if what.is_empty() { "Looking back" } else { what };
        self.state
            .dispatch(Msg::Asked { ticket, busy: Busy { what: what.into(), progress: None } });
        let state = self.state.dispatcher();
        self.engine.ask(&self.name, ask, move |update| {
            state.dispatch(Msg::Heard { ticket, edit: edit.clone(), update });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> Attempt {
        Attempt { format: 1, scenario: "s".into(), version: 1, seed: 1, ..Attempt::default() }
    }

    fn done(view: View) -> Update {
        Update::Answer(Answer::Done {
            view: Box::new(view),
            attempt: attempt(),
            notices: Vec::new(),
        })
    }

    fn heard(ticket: u32, update: Update) -> Msg {
        Msg::Heard { ticket, edit: None, update }
    }

    fn asked(ticket: u32) -> Msg {
        Msg::Asked { ticket, busy: Busy { what: "Run".into(), progress: None } }
    }

    #[test]
    fn a_pane_that_is_not_sent_stays() {
        let whole =
            View { events: Some(Vec::new()), now_ms: 5, clock: "a".into(), ..View::default() };
        let delta = View { now_ms: 9, clock: "b".into(), ..View::default() };
        let session = Session::default().fold(heard(1, done(whole))).fold(heard(2, done(delta)));
        assert!(session.panes.events.is_some());
        assert_eq!((session.panes.now_ms, session.panes.clock.as_str()), (9, "b"));
        assert_eq!(session.stage, Stage::Open);
    }

    #[test]
    fn what_is_waited_for_ends_with_its_own_answer() {
        let session = Session::default().fold(asked(1)).fold(asked(2));
        let session = session.fold(heard(1, Update::Progress { done_ms: 1, total_ms: 4 }));
        assert_eq!(session.busy[0].1.progress, Some((1, 4)));
        let session = session.fold(heard(1, Update::Lost(Loss::Superseded)));
        assert_eq!(session.busy.iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn typing_on_outlives_the_answer_to_an_earlier_edit() {
        let typed = |text: &str| Msg::Typed { file: "a".into(), text: text.into() };
        let answer = |text: &str| Msg::Heard {
            ticket: 1,
            edit: Some(("a".into(), text.into())),
            update: done(View::default()),
        };
        let session = Session::default().fold(typed("x")).fold(typed("xy")).fold(answer("x"));
        assert_eq!(session.drafts["a"], "xy");
        assert_eq!(session.fold(answer("xy")).drafts.len(), 0);
    }

    #[test]
    fn a_stopped_run_keeps_drafts_and_says_so() {
        let session = Session::default()
            .fold(heard(1, done(View::default())))
            .fold(Msg::Typed { file: "a".into(), text: "typed meanwhile".into() })
            .fold(asked(2))
            .fold(heard(2, Update::Lost(Loss::Stopped)))
            .fold(Msg::Signalled(Signal::Restarting {
                loss: Loss::Stopped,
                dropped: Some(Action::Run),
            }));
        assert_eq!(session.drafts["a"], "typed meanwhile");
        assert!(session.busy.is_empty());
        assert!(session.trouble.unwrap().starts_with("“Run” was stopped."));
    }

    #[test]
    fn an_engine_that_never_came_is_said() {
        let session = Session::default().fold(heard(1, Update::Lost(Loss::Unavailable)));
        assert!(matches!(session.stage, Stage::Lost(_)));
    }
}

//! Progress as components hold it. The browser's storage is the truth: every note is applied to what is stored *now*,
//! because another tab, or the other half of this page, may have written since.

use std::cell::RefCell;
use std::rc::Rc;

use pullpath_view::action::Attempt;
use pullpath_view::hand_in::QuizAnswers;
use pullpath_view::pane::Goals;
use pullpath_view::quiz::Standing;
use yew::prelude::*;

use crate::browser;
use crate::store::{self, Answered, Progress};

/// Told within a tab when progress was written; other tabs hear of it from the browser.
const WRITTEN: &str = "pullpath-progress";

/// What changes progress.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// Something was done in an attempt.
    Attempt(Rc<Attempt>, Rc<Goals>),
    /// An attempt is given up.
    StartOver(String),
    /// A question was answered.
    Answer(String, Answered),
    /// A quiz was answered, with how many questions there are.
    Answers(Box<QuizAnswers>, Rc<Standing>, u32),
    /// A quiz is begun once more; right answers may be kept.
    AnswerAgain { quiz: String, keeps: bool },
    /// A page was opened.
    Visited(String),
    /// Progress from a file.
    Import(Box<Progress>),
    /// Everything is forgotten.
    Reset,
}

impl Note {
    /// Writes the note into progress.
    pub fn apply(self, progress: &mut Progress) {
        match self {
            Self::Attempt(attempt, goals) => progress.note(&attempt, &goals),
            Self::StartOver(scenario) => progress.start_over(&scenario),
            Self::Answer(question, answer) => {
                progress.answers.insert(question, answer);
            }
            Self::Answers(answers, standing, questions) => {
                progress.note_answers(*answers, &standing, questions);
            }
            Self::AnswerAgain { quiz, keeps } => progress.answer_again(&quiz, keeps),
            Self::Visited(page) => progress.last = Some(page),
            Self::Import(other) => progress.merge(*other),
            Self::Reset => *progress = Progress::default(),
        }
    }
}

/// Progress, and how to change it.
#[derive(Debug, Clone, PartialEq)]
pub struct Keeper {
    pub kept: Rc<Progress>,
    /// What was wrong with storage, to be said once.
    pub notice: Option<AttrValue>,
    /// Notes something.
    pub note: Callback<Note>,
    /// The notice has been read.
    pub dismiss: Callback<()>,
}

/// What is known between two drawings.
#[derive(Debug, Default)]
struct Known {
    kept: Rc<Progress>,
    text: Option<String>,
    has_complained: bool,
}

/// The learner's progress, followed as it changes anywhere.
#[hook]
pub fn use_progress() -> Keeper {
    let known = use_mut_ref(Known::default);
    let kept = {
        let known = Rc::clone(&known);
        use_state(move || {
            let (progress, notice) = store::load();
            known.replace(Known {
                kept: Rc::new(progress),
                text: store::text(),
                has_complained: false,
            });
            (Rc::clone(&known.borrow().kept), notice.map(AttrValue::from))
        })
    };
    {
        let (known, setter) = (Rc::clone(&known), kept.setter());
        use_effect_with((), move |()| {
            let listeners = browser::is_here().then(|| {
                let window = gloo::utils::window();
                let hear = Rc::new(move || {
                    if let Some(news) = reread(&known) {
                        setter.set((news, None));
                    }
                });
                ["storage", WRITTEN].map(|name| {
                    let hear = Rc::clone(&hear);
                    gloo::events::EventListener::new(&window, name, move |_| hear())
                })
            });
            move || drop(listeners)
        });
    }
    let setter = kept.setter();
    let callbacks = use_memo((), move |()| {
        let dismiss = {
            let (known, setter) = (Rc::clone(&known), setter.clone());
            Callback::from(move |()| setter.set((Rc::clone(&known.borrow().kept), None)))
        };
        let note = Callback::from(move |note: Note| {
            let complaint = write(&known, note);
            setter.set((Rc::clone(&known.borrow().kept), complaint));
            browser::tell_window(WRITTEN);
        });
        (note, dismiss)
    });
    let (kept, notice) = (*kept).clone();
    Keeper { kept, notice, note: callbacks.0.clone(), dismiss: callbacks.1.clone() }
}

/// What is stored, if it is not what is known already.
fn reread(known: &RefCell<Known>) -> Option<Rc<Progress>> {
    let text = store::text();
    if known.borrow().text == text {
        return None;
    }
    let (progress, _) = store::load();
    let mut known = known.borrow_mut();
    known.text = text;
    known.kept = Rc::new(progress);
    Some(Rc::clone(&known.kept))
}

/// Applies a note to what is stored now and stores that. A browser that refuses is named once.
fn write(known: &RefCell<Known>, note: Note) -> Option<AttrValue> {
    reread(known);
    let mut known = known.borrow_mut();
    let mut progress = Rc::unwrap_or_clone(std::mem::take(&mut known.kept));
    note.apply(&mut progress);
    let outcome = store::save(&progress);
    known.kept = Rc::new(progress);
    known.text = store::text();
    let complaint = outcome.err().filter(|_| !known.has_complained);
    known.has_complained |= complaint.is_some();
    complaint.map(AttrValue::from)
}

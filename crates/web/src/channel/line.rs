//! The channel in a browser: one [`Worker`] at a time, and a tick that notices silence.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo::timers::callback::Interval;
use pullpath_view::own;
use pullpath_view::wire::{Answer, Ask, READY, Reply, Request};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{ErrorEvent, Event, MessageEvent, Url, Worker};

use super::ledger::{Ledger, Steps};
use super::{Loss, Signal, Update};

/// How often silence is counted. Counting ticks, not time: a laptop that slept has missed ticks, not answers.
const TICK_MS: u32 = 250;
/// The name of the session that the first message of a worker is about.
const NO_SESSION: &str = "";

/// Where the worker is, and how long to wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Address of the worker's script.
    pub script: String,
    /// The build of this page.
    pub build: String,
    /// How long the worker may be silent while an answer is due.
    pub patience_ms: u32,
    /// How long the worker may take to load.
    pub loading_ms: u32,
}

impl Settings {
    /// What the build wrote into the head of the page, with the worker of that name. Call it before the page changes
    /// its own address.
    pub fn of_page(worker: &str) -> Self {
        let script = meta(&format!("pullpath-{worker}")).unwrap_or_else(|| format!("{worker}.js"));
        Self {
            script: resolve(&script),
            build: meta("pullpath-build").unwrap_or_default(),
            patience_ms: 5_000,
            loading_ms: 120_000,
        }
    }
}

/// The content of a `<meta name=…>` of the page.
fn meta(name: &str) -> Option<String> {
    let document = web_sys::window()?.document()?;
    let selector = format!("meta[name=\"{name}\"]");
    document.query_selector(&selector).ok()??.get_attribute("content")
}

/// An absolute address, so that it stays right when the page's own address changes.
fn resolve(address: &str) -> String {
    let base = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.base_uri().ok().flatten());
    base.and_then(|base| Url::new_with_base(address, &base).ok())
        .map_or_else(|| address.to_owned(), |url| url.href())
}

type Callback = Rc<dyn Fn(Update)>;

/// The connection to the engine. Clones share one worker.
#[derive(Clone)]
pub struct Channel {
    inner: Rc<Inner>,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

/// Two channels are equal if they share their worker, so that one can be a property of a component.
impl PartialEq for Channel {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

struct Inner {
    settings: Settings,
    listener: Box<dyn Fn(Signal)>,
    ledger: RefCell<Ledger<Callback>>,
    line: RefCell<Option<Line>>,
    /// Where the present worker stands.
    stage: Cell<Stage>,
    /// What waits for the worker to be greeted.
    backlog: RefCell<Vec<Request>>,
    /// Counts while an answer is due.
    tick: RefCell<Option<Interval>>,
    silent_ticks: Cell<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The script is on its way, or the greeting is not answered.
    Loading,
    /// Requests are answered.
    Open,
    /// Nothing will be answered.
    Gone,
}

/// A worker with its listeners, which live as long as it does.
struct Line {
    worker: Worker,
    _message: Closure<dyn Fn(MessageEvent)>,
    _error: Closure<dyn Fn(Event)>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
    }
}

impl Channel {
    /// Loads a worker and greets it. `listener` hears what no request is about.
    pub fn open(settings: Settings, listener: impl Fn(Signal) + 'static) -> Self {
        let inner = Rc::new(Inner {
            settings,
            listener: Box::new(listener),
            ledger: RefCell::new(Ledger::new()),
            line: RefCell::new(None),
            stage: Cell::new(Stage::Loading),
            backlog: RefCell::new(Vec::new()),
            tick: RefCell::new(None),
            silent_ticks: Cell::new(0),
        });
        inner.connect();
        Self { inner }
    }

    /// Asks one thing of one session; `on_update` hears what becomes of it.
    pub fn ask(&self, session: &str, ask: Ask, on_update: impl Fn(Update) + 'static) {
        let steps = self.inner.ledger.borrow_mut().ask(session, ask, Rc::new(on_update));
        self.inner.carry_out(steps);
        if self.inner.stage.get() == Stage::Gone {
            self.inner.abandon_later();
        }
    }

    /// Ends what the worker is at and starts a new one with everything else: the learner's Stop, or another try after
    /// [`Signal::Unavailable`].
    pub fn stop(&self) {
        self.inner.restart(&Loss::Stopped);
    }
}

impl Inner {
    /// Starts a worker. The closures hold no strong reference, or the channel would never be dropped.
    fn connect(self: &Rc<Self>) {
        self.stage.set(Stage::Loading);
        self.silent_ticks.set(0);
        let worker = match Worker::new(&self.settings.script) {
            Ok(worker) => worker,
            Err(error) => return self.give_up(&format!("{error:?}")),
        };
        let this: Weak<Self> = Rc::downgrade(self);
        let message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let (Some(this), Some(text)) = (this.upgrade(), event.data().as_string()) {
                this.hear(&text);
            }
        });
        let this: Weak<Self> = Rc::downgrade(self);
        let error = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            if let Some(this) = this.upgrade() {
                this.break_down(&event);
            }
        });
        worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(error.as_ref().unchecked_ref()));
        self.line.replace(Some(Line { worker, _message: message, _error: error }));
        self.watch();
    }

    /// One message of the worker.
    fn hear(self: &Rc<Self>, text: &str) {
        self.silent_ticks.set(0);
        if text == READY {
            let ask = Ask::Hello { build: self.settings.build.clone() };
            return self.post(&Request { id: 0, session: NO_SESSION.to_owned(), ask });
        }
        let Some(reply) = own::read::<Reply>(text) else {
            let message = "it answered what this page cannot read".to_owned();
            return self.restart(&Loss::Crashed { message });
        };
        match reply.answer {
            Answer::Hello { .. } => {
                self.stage.set(Stage::Open);
                for request in self.backlog.take() {
                    self.post(&request);
                }
                (self.listener)(Signal::Ready);
            }
            Answer::WrongBuild { build } => {
                self.end();
                (self.listener)(Signal::WrongBuild { build });
            }
            _ => {
                let steps = self.ledger.borrow_mut().receive(reply);
                self.carry_out(steps);
            }
        }
        self.watch();
    }

    /// The worker threw, or could not be loaded at all.
    fn break_down(self: &Rc<Self>, event: &Event) {
        // It is ours to tell; without this the browser logs it as an uncaught error of the page.
        event.prevent_default();
        let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).unwrap_or_default();
        match self.stage.get() {
            Stage::Loading => self.give_up(&message),
            Stage::Open => self.restart(&Loss::Crashed { message }),
            Stage::Gone => {}
        }
    }

    fn restart(self: &Rc<Self>, loss: &Loss) {
        self.backlog.take();
        let steps = self.ledger.borrow_mut().restart(loss);
        self.connect();
        self.carry_out(steps);
    }

    fn give_up(self: &Rc<Self>, message: &str) {
        self.end();
        (self.listener)(Signal::Unavailable { message: message.to_owned() });
    }

    /// No worker any more, and no answers.
    fn end(self: &Rc<Self>) {
        self.stage.set(Stage::Gone);
        self.line.take();
        self.tick.take();
        self.backlog.take();
        let steps = self.ledger.borrow_mut().abandon(&Loss::Unavailable);
        self.carry_out(steps);
    }

    /// Tells callers that came too late, after their call has returned.
    fn abandon_later(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        let later = move || {
            if let Some(this) = this.upgrade().filter(|this| this.stage.get() == Stage::Gone) {
                this.end();
            }
        };
        gloo::timers::callback::Timeout::new(0, later).forget();
    }

    fn carry_out(self: &Rc<Self>, steps: Steps<Callback>) {
        for request in steps.post {
            match self.stage.get() {
                Stage::Loading => self.backlog.borrow_mut().push(request),
                Stage::Open => self.post(&request),
                Stage::Gone => {}
            }
        }
        self.watch();
        for (callback, update) in steps.tell {
            callback(update);
        }
        for signal in steps.signal {
            (self.listener)(signal);
        }
    }

    fn post(&self, request: &Request) {
        let text = serde_json::to_string(request).expect("a request has string keys only");
        if let Some(line) = &*self.line.borrow() {
            line.worker.post_message(&text.into()).expect("a string can always be cloned");
        }
    }

    /// Counts silence while something is due, and only then.
    fn watch(self: &Rc<Self>) {
        let is_due = match self.stage.get() {
            Stage::Loading => true,
            Stage::Open => self.ledger.borrow().is_waiting(),
            Stage::Gone => false,
        };
        if !is_due {
            self.tick.take();
        } else if self.tick.borrow().is_none() {
            self.silent_ticks.set(0);
            let this = Rc::downgrade(self);
            let count = move || {
                if let Some(this) = this.upgrade() {
                    this.count_silence();
                }
            };
            self.tick.replace(Some(Interval::new(TICK_MS, count)));
        }
    }

    fn count_silence(self: &Rc<Self>) {
        self.silent_ticks.set(self.silent_ticks.get() + 1);
        let silent_ms = self.silent_ticks.get().saturating_mul(TICK_MS);
        match self.stage.get() {
            Stage::Loading if silent_ms >= self.settings.loading_ms => {
                self.give_up("the engine took too long to load");
            }
            Stage::Open if silent_ms >= self.settings.patience_ms => self.restart(&Loss::Stalled),
            Stage::Loading | Stage::Open | Stage::Gone => {}
        }
    }
}

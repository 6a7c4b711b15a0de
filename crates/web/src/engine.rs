//! The page's handle on the engine: the worker channel, or in a test anything that answers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use pullpath_view::wire::{Answer, Ask};

use crate::channel::{Loss, Signal, Update};

/// The session of questions that are about none.
const NO_SESSION: &str = "";

type Hear = Box<dyn Fn(Update)>;
type Listener = Rc<dyn Fn(&Signal)>;

/// Something that answers [`Ask`]s.
pub trait Wire {
    /// Asks one thing of one session.
    fn ask(&self, session: &str, ask: Ask, hear: Hear);
    /// Ends what is being worked on.
    fn stop(&self);
}

/// The engine as components hold it. Clones are the same one.
#[derive(Clone)]
pub struct Engine {
    inner: Rc<Inner>,
}

struct Inner {
    wire: RefCell<Option<Box<dyn Wire>>>,
    listeners: RefCell<Vec<(u32, Listener)>>,
    next: Cell<u32>,
}

impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// Stops listening when it is dropped.
pub struct Listening {
    inner: Rc<Inner>,
    id: u32,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.inner.listeners.borrow_mut().retain(|(id, _)| *id != self.id);
    }
}

impl Engine {
    /// An engine that is not connected yet: what it is asked is never answered.
    pub fn idle() -> Self {
        let inner =
            Inner { wire: RefCell::default(), listeners: RefCell::default(), next: Cell::new(0) };
        Self { inner: Rc::new(inner) }
    }

    /// The engine behind something that answers.
    pub fn over(wire: impl Wire + 'static) -> Self {
        let engine = Self::idle();
        engine.inner.wire.replace(Some(Box::new(wire)));
        engine
    }

    /// The engine in the worker of that name: `worker` plays what is bundled, `desk` does all else too.
    #[cfg(feature = "csr")]
    pub fn connect(worker: &str) -> Self {
        use crate::channel::{Channel, Settings};

        let engine = Self::idle();
        let inner = Rc::downgrade(&engine.inner);
        let channel = Channel::open(Settings::of_page(worker), move |signal| {
            if let Some(inner) = inner.upgrade() {
                inner.tell(&signal);
            }
        });
        engine.inner.wire.replace(Some(Box::new(channel)));
        engine
    }

    /// Without a browser there is no worker.
    #[cfg(not(feature = "csr"))]
    pub fn connect(_worker: &str) -> Self {
        Self::idle()
    }

    /// Asks one thing of one session.
    pub fn ask(&self, session: &str, ask: Ask, hear: impl Fn(Update) + 'static) {
        if let Some(wire) = &*self.inner.wire.borrow() {
            wire.ask(session, ask, Box::new(hear));
        }
    }

    /// Asks something that is about no session, and waits for the answer. `sign` hears how far it is, of how far.
    pub async fn answer(
        &self,
        ask: Ask,
        sign: impl Fn(i64, i64) + 'static,
    ) -> Result<Answer, Loss> {
        let slot: Rc<RefCell<Option<Result<Answer, Loss>>>> = Rc::default();
        let promise = {
            let (ask, sign) = (RefCell::new(Some(ask)), Rc::new(sign));
            js_sys::Promise::new(&mut |resolve, _| {
                let Some(ask) = ask.take() else { return };
                let (slot, sign) = (Rc::clone(&slot), Rc::clone(&sign));
                self.ask(NO_SESSION, ask, move |update| {
                    let answer = match update {
                        Update::Progress { done_ms, total_ms } => return sign(done_ms, total_ms),
                        Update::Answer(answer) => Ok(answer),
                        Update::Lost(loss) => Err(loss),
                    };
                    slot.replace(Some(answer));
                    // Nothing that can fail is called.
                    let _ = resolve.call0(&wasm_bindgen::JsValue::NULL);
                });
            })
        };
        let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
        slot.take().unwrap_or(Err(Loss::Unavailable))
    }

    /// Ends what the engine is working on.
    pub fn stop(&self) {
        if let Some(wire) = &*self.inner.wire.borrow() {
            wire.stop();
        }
    }

    /// Hears what no single request is about, until the answer is dropped.
    pub fn listen(&self, listener: impl Fn(&Signal) + 'static) -> Listening {
        let id = self.inner.next.get();
        self.inner.next.set(id + 1);
        self.inner.listeners.borrow_mut().push((id, Rc::new(listener)));
        Listening { inner: Rc::clone(&self.inner), id }
    }
}

#[cfg(feature = "csr")]
impl Inner {
    fn tell(&self, signal: &Signal) {
        // A listener may listen anew, so nothing is borrowed while they are called.
        let listeners: Vec<Listener> =
            self.listeners.borrow().iter().map(|(_, listener)| Rc::clone(listener)).collect();
        for listener in listeners {
            listener(signal);
        }
    }
}

#[cfg(feature = "csr")]
impl Wire for crate::channel::Channel {
    fn ask(&self, session: &str, ask: Ask, hear: Hear) {
        Self::ask(self, session, ask, hear);
    }

    fn stop(&self) {
        Self::stop(self);
    }
}

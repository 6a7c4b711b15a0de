//! The page's handle on the engine: the worker channel, or in a test anything that answers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use pullpath_view::wire::Ask;

use crate::channel::{Signal, Update};

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

    /// The engine in its worker.
    #[cfg(feature = "csr")]
    pub fn connect() -> Self {
        use crate::channel::{Channel, Settings};

        let engine = Self::idle();
        let inner = Rc::downgrade(&engine.inner);
        let channel = Channel::open(Settings::of_page(), move |signal| {
            if let Some(inner) = inner.upgrade() {
                inner.tell(&signal);
            }
        });
        engine.inner.wire.replace(Some(Box::new(channel)));
        engine
    }

    /// Without a browser there is no worker.
    #[cfg(not(feature = "csr"))]
    pub fn connect() -> Self {
        Self::idle()
    }

    /// Asks one thing of one session.
    pub fn ask(&self, session: &str, ask: Ask, hear: impl Fn(Update) + 'static) {
        if let Some(wire) = &*self.inner.wire.borrow() {
            wire.ask(session, ask, Box::new(hear));
        }
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

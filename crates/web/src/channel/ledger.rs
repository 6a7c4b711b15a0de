//! What was asked, what is not answered yet, and what a new worker must be told: the channel without its browser.

use std::collections::BTreeMap;

use pullpath_view::action::Attempt;
use pullpath_view::wire::{Answer, Ask, Query, Reply, Request};

use super::{Loss, Signal, Update};

/// Things to do once the ledger is no longer borrowed: a callback may ask again.
pub(super) struct Steps<C> {
    /// Messages for the worker, in order.
    pub(super) post: Vec<Request>,
    /// Callbacks to call.
    pub(super) tell: Vec<(C, Update)>,
    /// What the owner of the channel hears.
    pub(super) signal: Vec<Signal>,
}

impl<C> Default for Steps<C> {
    fn default() -> Self {
        Self { post: Vec::new(), tell: Vec::new(), signal: Vec::new() }
    }
}

/// A request that was sent and is not answered.
struct Flight<C> {
    request: Request,
    /// `None` is a replay: its answer goes to the owner as a signal.
    callback: Option<C>,
}

/// Enough to open a session again in a new worker.
struct Kept {
    sources: BTreeMap<String, String>,
    attempt: Attempt,
    query: Query,
}

/// The books of a channel; `C` is a callback.
pub(super) struct Ledger<C> {
    next_id: u32,
    // Invariant: at most one View per session. The worker answers in the order of the ids.
    flights: BTreeMap<u32, Flight<C>>,
    /// The newest View of each session that has one in flight already.
    waiting: BTreeMap<String, (Query, C)>,
    kept: BTreeMap<String, Kept>,
}

impl<C: Clone> Ledger<C> {
    /// Nothing asked, nothing kept.
    pub(super) fn new() -> Self {
        Self {
            next_id: 1,
            flights: BTreeMap::new(),
            waiting: BTreeMap::new(),
            kept: BTreeMap::new(),
        }
    }

    /// Whether an answer is due.
    pub(super) fn is_waiting(&self) -> bool {
        !self.flights.is_empty()
    }

    /// Takes a question. A View waits while another one of its session is in flight, and takes the place of one that
    /// waited before.
    pub(super) fn ask(&mut self, session: &str, ask: Ask, callback: C) -> Steps<C> {
        let mut steps = Steps::default();
        match ask {
            Ask::View { query } if self.has_view_in_flight(session) => {
                let stale = self.waiting.insert(session.to_owned(), (query, callback));
                steps.tell.extend(stale.map(|(_, old)| (old, Update::Lost(Loss::Superseded))));
            }
            ask => steps.post.push(self.send(session, ask, Some(callback))),
        }
        steps
    }

    /// Takes what the worker said. A reply to nobody is dropped: it is of a request that was given up.
    pub(super) fn receive(&mut self, reply: Reply) -> Steps<C> {
        let mut steps = Steps::default();
        if let Answer::Progress { done_ms, total_ms } = reply.answer {
            let callback = self.flights.get(&reply.id).and_then(|flight| flight.callback.clone());
            let update = Update::Progress { done_ms, total_ms };
            steps.tell.extend(callback.map(|callback| (callback, update)));
            return steps;
        }
        let Some(flight) = self.flights.remove(&reply.id) else { return steps };
        let session = flight.request.session.clone();
        self.keep(flight.request, &reply.answer);
        match flight.callback {
            Some(callback) => steps.tell.push((callback, Update::Answer(reply.answer))),
            None => {
                steps
                    .signal
                    .push(Signal::Replayed { session: session.clone(), answer: reply.answer });
            }
        }
        if !self.has_view_in_flight(&session)
            && let Some((query, callback)) = self.waiting.remove(&session)
        {
            steps.post.push(self.send(&session, Ask::View { query }, Some(callback)));
        }
        steps
    }

    /// The worker is gone. The oldest request is the one it died of: that one is lost. What had been done before is
    /// opened again, and what was asked after it is asked again.
    pub(super) fn restart(&mut self, loss: &Loss) -> Steps<C> {
        let mut steps = Steps::default();
        let mut dropped = None;
        if let Some((_, guilty)) = self.flights.pop_first() {
            if let Ask::Act { action, .. } = &guilty.request.ask {
                dropped = Some(action.clone());
            }
            match guilty.callback {
                Some(callback) => steps.tell.push((callback, Update::Lost(loss.clone()))),
                // The attempt itself cannot be replayed: keeping it would end the next worker too.
                None => self.forget(&guilty.request.session),
            }
        }
        steps.signal.push(Signal::Restarting { loss: loss.clone(), dropped });
        let again = std::mem::take(&mut self.flights);
        for (session, ask) in self.replays() {
            steps.post.push(self.send(&session, ask, None));
        }
        for flight in again.into_values() {
            // Replays that were not answered yet are among those just made.
            if flight.callback.is_some() {
                let Request { session, ask, .. } = flight.request;
                steps.post.push(self.send(&session, ask, flight.callback));
            }
        }
        steps
    }

    /// Nothing will ever be answered again.
    pub(super) fn abandon(&mut self, loss: &Loss) -> Steps<C> {
        let flights =
            std::mem::take(&mut self.flights).into_values().filter_map(|flight| flight.callback);
        let waiting = std::mem::take(&mut self.waiting).into_values().map(|(_, callback)| callback);
        let tell =
            flights.chain(waiting).map(|callback| (callback, Update::Lost(loss.clone()))).collect();
        Steps { tell, ..Steps::default() }
    }

    fn has_view_in_flight(&self, session: &str) -> bool {
        self.flights.values().any(|flight| {
            flight.request.session == session && matches!(flight.request.ask, Ask::View { .. })
        })
    }

    fn send(&mut self, session: &str, ask: Ask, callback: Option<C>) -> Request {
        let request = Request { id: self.next_id, session: session.to_owned(), ask };
        self.next_id += 1;
        self.flights.insert(request.id, Flight { request: request.clone(), callback });
        request
    }

    /// Writes down what a new worker would need to know.
    fn keep(&mut self, request: Request, answer: &Answer) {
        match (request.ask, answer) {
            (Ask::Open { sources, query, .. }, Answer::Done { attempt, .. }) => {
                self.kept
                    .insert(request.session, Kept { sources, attempt: attempt.clone(), query });
            }
            (Ask::Act { query, .. }, Answer::Done { attempt, .. }) => {
                if let Some(kept) = self.kept.get_mut(&request.session) {
                    kept.attempt = attempt.clone();
                    kept.query = query;
                }
            }
            (Ask::View { query }, Answer::View { .. }) => {
                if let Some(kept) = self.kept.get_mut(&request.session) {
                    kept.query = query;
                }
            }
            (Ask::Close, _) => self.forget(&request.session),
            _ => {}
        }
    }

    fn forget(&mut self, session: &str) {
        self.kept.remove(session);
    }

    /// An Open for every session, at the moment that was looked at last, with every pane.
    fn replays(&self) -> Vec<(String, Ask)> {
        let open = |(session, kept): (&String, &Kept)| {
            let query = Query { whole: true, ..kept.query.clone() };
            let (sources, attempt) = (kept.sources.clone(), Some(kept.attempt.clone()));
            (session.clone(), Ask::Open { sources, attempt, seed: None, query })
        };
        self.kept.iter().map(open).collect()
    }
}

#[cfg(test)]
mod tests {
    use pullpath_view::action::Action;
    use pullpath_view::pane::View;

    use super::*;

    /// A ledger, and everything it wanted done, one line each.
    struct Bench {
        ledger: Ledger<&'static str>,
        log: Vec<String>,
    }

    impl Bench {
        fn new() -> Self {
            Self { ledger: Ledger::new(), log: Vec::new() }
        }

        fn note(mut self, steps: Steps<&'static str>) -> Self {
            for (callback, update) in steps.tell {
                self.log.push(match update {
                    Update::Progress { done_ms, .. } => {
                        format!("{callback} hears progress {done_ms}")
                    }
                    Update::Answer(answer) => format!("{callback} hears {}", answer_name(&answer)),
                    Update::Lost(loss) => format!("{callback} is lost: {loss:?}"),
                });
            }
            for signal in steps.signal {
                self.log.push(match signal {
                    Signal::Restarting { dropped, .. } => {
                        format!("restart without {:?}", dropped.as_ref().map(action_name))
                    }
                    Signal::Replayed { session, answer } => {
                        format!("{session} replayed: {}", answer_name(&answer))
                    }
                    other => format!("{other:?}"),
                });
            }
            for request in steps.post {
                self.log.push(format!(
                    "post {} {} {}",
                    request.id,
                    request.session,
                    ask_name(&request.ask)
                ));
            }
            self
        }

        fn ask(mut self, session: &str, ask: Ask, callback: &'static str) -> Self {
            let steps = self.ledger.ask(session, ask, callback);
            self.note(steps)
        }

        fn hear(mut self, id: u32, answer: Answer) -> Self {
            let steps = self.ledger.receive(Reply { id, answer });
            self.note(steps)
        }

        fn stall(mut self) -> Self {
            let steps = self.ledger.restart(&Loss::Stalled);
            self.note(steps)
        }

        #[track_caller]
        fn check(self, want: &[&str]) {
            assert_eq!(self.log, want);
        }
    }

    fn ask_name(ask: &Ask) -> String {
        match ask {
            Ask::Open { attempt, query, .. } => {
                let actions = attempt.iter().flat_map(|attempt| &attempt.actions);
                format!(
                    "open {:?} at {:?}",
                    actions.map(action_name).collect::<Vec<_>>(),
                    query.at_ms
                )
            }
            Ask::Act { action, .. } => action_name(action),
            Ask::View { query } => format!("view {:?}", query.at_ms),
            Ask::Hello { .. } | Ask::Log | Ask::Judge { .. } | Ask::Errand(_) | Ask::Close => {
                format!("{ask:?}").to_lowercase()
            }
        }
    }

    fn action_name(action: &Action) -> String {
        let value = serde_json::to_value(action).expect("an action is JSON");
        value["do"].as_str().expect("tagged").to_owned()
    }

    fn answer_name(answer: &Answer) -> String {
        let value = serde_json::to_value(answer).expect("an answer is JSON");
        let name = value.as_str().or_else(|| value.as_object()?.keys().next().map(String::as_str));
        name.expect("named").to_owned()
    }

    fn at(at_ms: i64) -> Ask {
        Ask::View { query: Query { at_ms: Some(at_ms), ..Query::default() } }
    }

    fn act(action: Action) -> Ask {
        Ask::Act { action, query: Query::default() }
    }

    fn open() -> Ask {
        Ask::Open { sources: BTreeMap::new(), attempt: None, seed: None, query: Query::default() }
    }

    fn view() -> Answer {
        Answer::View { view: Box::new(View::default()) }
    }

    fn done(actions: Vec<Action>) -> Answer {
        let attempt = Attempt {
            format: 1,
            scenario: "s".to_owned(),
            version: 1,
            seed: 7,
            actions,
            ..Attempt::default()
        };
        Answer::Done { view: Box::new(View::default()), attempt, notices: Vec::new() }
    }

    #[test]
    fn only_the_newest_waiting_view_is_sent() {
        Bench::new()
            .ask("play", at(1), "a")
            .ask("play", at(2), "b")
            .ask("play", at(3), "c")
            .ask("figure", at(9), "d")
            .hear(1, view())
            .hear(2, view())
            .hear(3, view())
            .check(&[
                "post 1 play view Some(1)",
                "b is lost: Superseded",
                "post 2 figure view Some(9)",
                "a hears view",
                "post 3 play view Some(3)",
                "d hears view",
                "c hears view",
            ]);
    }

    #[test]
    fn progress_does_not_complete_a_request() {
        Bench::new()
            .ask("play", act(Action::Run), "run")
            .hear(1, Answer::Progress { done_ms: 5, total_ms: 10 })
            .hear(1, done(vec![Action::Run]))
            .hear(1, done(vec![Action::Run]))
            .check(&["post 1 play run", "run hears progress 5", "run hears done"]);
    }

    #[test]
    fn a_new_worker_gets_everything_but_the_action_that_never_ended() {
        Bench::new()
            .ask("play", open(), "open")
            .hear(1, done(vec![]))
            .ask("play", act(Action::Apply), "apply")
            .hear(2, done(vec![Action::Apply]))
            .ask("play", at(4), "look")
            .hear(3, view())
            .ask("play", act(Action::Run), "run")
            .ask("play", act(Action::Hint { step: 0 }), "hint")
            .stall()
            .hear(6, done(vec![Action::Apply]))
            .hear(7, done(vec![Action::Apply, Action::Hint { step: 0 }]))
            .check(&[
                "post 1 play open [] at None",
                "open hears done",
                "post 2 play apply",
                "apply hears done",
                "post 3 play view Some(4)",
                "look hears view",
                "post 4 play run",
                "post 5 play hint",
                "run is lost: Stalled",
                "restart without Some(\"run\")",
                "post 6 play open [\"apply\"] at Some(4)",
                "post 7 play hint",
                "play replayed: done",
                "hint hears done",
            ]);
    }

    #[test]
    fn a_replay_that_stalls_is_given_up() {
        Bench::new()
            .ask("play", open(), "open")
            .hear(1, done(vec![]))
            .ask("play", act(Action::Run), "run")
            .stall()
            .stall()
            .stall()
            .check(&[
                "post 1 play open [] at None",
                "open hears done",
                "post 2 play run",
                "run is lost: Stalled",
                "restart without Some(\"run\")",
                "post 3 play open [] at None",
                "restart without None",
                "restart without None",
            ]);
    }

    #[test]
    fn a_closed_session_is_not_opened_again() {
        Bench::new()
            .ask("play", open(), "open")
            .hear(1, done(vec![]))
            .ask("play", Ask::Close, "close")
            .hear(2, Answer::Closed)
            .stall()
            .check(&[
                "post 1 play open [] at None",
                "open hears done",
                "post 2 play close",
                "close hears closed",
                "restart without None",
            ]);
    }

    #[test]
    fn without_a_worker_everybody_is_told() {
        let bench =
            Bench::new().ask("play", at(1), "a").ask("play", at(2), "b").ask("play", Ask::Log, "c");
        assert!(bench.ledger.is_waiting());
        let mut bench = Bench { log: Vec::new(), ..bench };
        let steps = bench.ledger.abandon(&Loss::Unavailable);
        assert!(!bench.ledger.is_waiting());
        bench.note(steps).check(&[
            "a is lost: Unavailable",
            "c is lost: Unavailable",
            "b is lost: Unavailable",
        ]);
    }
}

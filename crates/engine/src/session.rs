//! A session: one learner, one attempt at one scenario. It is a fold over actions.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use pullpath_lesson::Texts;
use pullpath_lesson::diagnostic::Diagnostic;
use pullpath_lesson::grade::{self, Deeds, Verdict};
use pullpath_lesson::hand_in::ENGINE;
use pullpath_lesson::manifest;
use pullpath_lesson::quiz::Kind;
use pullpath_lesson::scenario::{Check, Goal, LadderRule, Posed, Scenario};
use pullpath_model::api::ApiError;
use pullpath_model::cloud;
use pullpath_model::cluster::Cluster;
use pullpath_model::ordered;
use pullpath_model::pod::PodRun;
use pullpath_model::time::{SimTime, Span};
use pullpath_view::hand_in::Response;
use pullpath_view::wire::Notice;
use pullpath_view::{Action, Attempt};

use crate::past::Past;
use crate::quiz;
use crate::worlds::{self, World};
use pullpath_lesson::prediction::{self, Outcome};

/// How long a command takes.
const COMMAND: Span = Span::seconds(1);

/// A run ends at the latest after so long.
const LONGEST_RUN: Span = Span::minutes(10);

/// A learner cannot jump further than this at once.
const LONGEST_JUMP_SECONDS: u32 = 7 * 24 * 3600;

/// One learner's attempt at one scenario.
#[derive(Debug, Clone)]
pub struct Session {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) attempt: Attempt,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) applied: BTreeMap<String, String>,
    pub(crate) cluster: Cluster,
    pub(crate) past: Past,
    pub(crate) changes: Vec<Change>,
    pub(crate) guide: GuideState,
    // Every verdict and from when on it stood, oldest first; nothing is judged between a change and the next run.
    pub(crate) verdicts: Vec<(SimTime, Option<Verdict>)>,
    pub(crate) last_run: Option<String>,
    // The start that a reset goes back to, where it is kept.
    pub(crate) origin: Option<Arc<Self>>,
    // The worlds beside this one in which goals are judged; drawn when the first verdict needs them.
    pub(crate) worlds: Arc<OnceLock<Vec<World>>>,
    // The computed outcomes of the predictions among the questions; made when the first answer needs them, in the world as
    // it ships.
    pub(crate) keys: Arc<OnceLock<BTreeMap<String, Outcome>>>,
    pub(crate) watch: Watch,
    // Which Pod each deletion meant, by its place in `attempt.actions`.
    pub(crate) marks: BTreeMap<usize, PodMark>,
}

/// A Pod by what is the same in every world: the end of its name is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodMark {
    // What its name begins with, as those of its siblings.
    family: String,
    // How many of them are older, or stand before it.
    place: usize,
}

/// Something the learner did to the cluster.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) at: SimTime,
    pub(crate) label: String,
    // The cluster right after it, which goals count from.
    pub(crate) after: Cluster,
}

/// What leads the learner, as far as it got.
#[derive(Debug, Clone, Default)]
pub(crate) struct GuideState {
    // The step that is open; as many as there are when all of them are done.
    pub(crate) step: usize,
    // By step.
    pub(crate) predictions: BTreeMap<usize, Predicted>,
    pub(crate) diagnosis: Option<u8>,
    pub(crate) diagnosis_right: Option<bool>,
    // Where a pull was broken last: a Pod that waited may run by now.
    pub(crate) broken: Option<u8>,
    pub(crate) ladder_open: bool,
    // How many hints are open, by step.
    pub(crate) hints: BTreeMap<usize, usize>,
    // A change and then a run: a try. Hints after the first wait for one each.
    pub(crate) tries: usize,
    pub(crate) changed_since_run: bool,
    // The points of the goals that were met at best, and how many tries did not come beyond.
    pub(crate) best: u32,
    pub(crate) fruitless: u32,
    pub(crate) passed: bool,
}

/// What came of a step's prediction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Predicted {
    pub(crate) chosen: Option<String>,
    pub(crate) locked: bool,
    pub(crate) outcome: Option<Outcome>,
}

/// Who looks at a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// A learner, who may go back in time and is told how it stands after each run.
    Learner,
    /// Whoever grades: no past is kept, and only the end is judged. Tries are counted where they cost something.
    Grader,
    /// Nobody: what was done elsewhere is done in another world.
    Nobody,
}

/// Told while a long action runs: how far the clock has come, and where it will be at the latest.
pub type Progress<'a> = &'a mut dyn FnMut(SimTime, SimTime);

impl Session {
    /// A new attempt. What was applied before the learner came is applied; the error is of the author's files.
    pub fn new(scenario: Arc<Scenario>) -> Result<Self, Diagnostic> {
        let attempt = Attempt {
            format: 1,
            scenario: scenario.id().to_owned(),
            version: scenario.version(),
            seed: scenario.world().seed,
            content: scenario.content().to_owned(),
            engine: ENGINE.to_owned(),
            actions: Vec::new(),
        };
        let (cluster, past) = begin(&scenario)?;
        let shipped: BTreeMap<String, String> = ordered::map(
            scenario.files().iter().map(|file| (file.name.clone(), file.text.clone())),
        );
        let in_history =
            |name: &String| scenario.history().iter().any(|step| step.apply.contains(name));
        let applied = shipped.iter().filter(|(name, _)| in_history(name));
        Ok(Self {
            applied: ordered::map(applied.map(|(name, text)| (name.clone(), text.clone()))),
            files: shipped,
            cluster,
            past,
            changes: Vec::new(),
            guide: GuideState { best: at_start(&scenario), ..GuideState::default() },
            verdicts: Vec::new(),
            last_run: None,
            origin: None,
            worlds: Arc::default(),
            keys: Arc::default(),
            watch: Watch::Learner,
            marks: BTreeMap::new(),
            attempt,
            scenario,
        })
    }

    /// The same start for many replays that nobody looks at: no past is kept, and a reset comes back to it.
    pub(crate) fn watched_by(self, watch: Watch) -> Self {
        let mut start = Self { watch, past: Past::default(), ..self };
        start.past.remember(&mut start.cluster);
        let origin = Some(Arc::new(start.clone()));
        Self { origin, ..start }
    }

    /// Does again what an attempt holds. Actions that no longer apply are skipped, as they were refused then.
    pub fn replay(
        scenario: Arc<Scenario>,
        attempt: &Attempt,
        progress: Progress<'_>,
    ) -> Result<Self, Diagnostic> {
        let mut session = Self::new(scenario)?;
        for action in &attempt.actions {
            // A refused action changes nothing, then and now.
            let _ = session.act(action.clone(), progress);
        }
        Ok(session)
    }

    /// The attempt so far.
    pub const fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// The scenario.
    pub const fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// The cluster at the newest moment.
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The past.
    pub const fn past(&self) -> &Past {
        &self.past
    }

    /// The verdict on what was done so far. It does not depend on how far the clock ran. Goals with `worlds` are judged
    /// in drawn worlds too; a page draws them from the scenario's seed.
    pub fn judge(&self) -> Verdict {
        worlds::judge(self)
    }

    /// The verdict in this world alone, whatever other worlds goals ask for.
    pub fn judge_here(&self) -> Verdict {
        grade::judge(&self.scenario, self.after_change(), &self.deeds())
    }

    /// What was done, as far as goals ask for it.
    pub(crate) fn deeds(&self) -> Deeds {
        let text = |file: &str| self.files.get(file).map(String::as_str);
        let right = self.guide.diagnosis_right == Some(true);
        let key = |posed: &Posed| self.key(posed);
        let mut deeds = Deeds::of(&self.scenario, &self.attempt.actions, &text, &key);
        deeds.fruitless = self.guide.fruitless;
        deeds.diagnosis = self.guide.diagnosis.map(|rung| (rung, right));
        deeds
    }

    /// What a prediction among the questions comes to.
    pub(crate) fn key(&self, posed: &Posed) -> Option<Outcome> {
        if !matches!(posed.question.kind, Kind::Predict(_)) {
            return None;
        }
        let keys = self.keys.get_or_init(|| quiz::own_keys(&self.scenario).0);
        keys.get(&posed.question.id).copied()
    }

    /// The cluster right after the last change, which goals count from.
    pub(crate) fn after_change(&self) -> &Cluster {
        match self.changes.last() {
            Some(change) => &change.after,
            None => self.past.before(SimTime::START),
        }
    }

    /// Everything that happened, one line each: what two runs are compared by.
    pub fn log_text(&self) -> String {
        self.past.log().iter().map(|entry| format!("{entry}\n")).collect()
    }

    /// Does one thing. An error says why it could not be done; nothing changed then.
    pub fn act(&mut self, action: Action, progress: Progress<'_>) -> Result<Vec<Notice>, String> {
        let mark = self.mark(&action);
        if self.is_seen() || self.scenario.asks_for_diagnosis() {
            self.guide.broken = self.broken_rung().or(self.guide.broken);
        }
        let notices = self.perform(&action, progress)?;
        // Typing is one action for each pause; only the last text of a run of edits matters.
        if let (Action::Edit { file, .. }, Some(Action::Edit { file: last, .. })) =
            (&action, self.attempt.actions.last())
            && file == last
        {
            self.attempt.actions.pop();
        }
        if let Some(mark) = mark {
            self.marks.insert(self.attempt.actions.len(), mark);
        }
        self.attempt.actions.push(action);
        Ok(notices)
    }

    /// Does what was done in another world, `place` in whose attempt it stands: Pods have other names here.
    pub(crate) fn act_as(&mut self, other: &Self, place: usize) {
        let mut action = other.attempt.actions[place].clone();
        if let (Action::DeletePod { namespace, name }, Some(mark)) =
            (&mut action, other.marks.get(&place))
            && self.cluster.pod(namespace, name).is_none()
            && let Some(own) = self.pod_of(namespace, mark)
        {
            *name = own;
        }
        // What is refused here changes nothing here.
        let _ = self.act(action, &mut |_, _| {});
    }

    fn mark(&self, action: &Action) -> Option<PodMark> {
        let Action::DeletePod { namespace, name } = action else { return None };
        let family = family(&self.cluster, self.cluster.pod(namespace, name)?)?;
        let place = self.family(namespace, family).iter().position(|pod| pod == name)?;
        Some(PodMark { family: family.to_owned(), place })
    }

    fn pod_of(&self, namespace: &str, mark: &PodMark) -> Option<String> {
        let mut pods = self.family(namespace, &mark.family);
        let last = pods.len().checked_sub(1)?;
        Some(pods.swap_remove(mark.place.min(last)))
    }

    /// The names of the Pods of a family that are not being deleted, the oldest first.
    fn family(&self, namespace: &str, of: &str) -> Vec<String> {
        let mut pods = self.cluster.pods();
        pods.retain(|pod| {
            *pod.key.namespace == *namespace
                && pod.deleting.is_none()
                && family(&self.cluster, pod) == Some(of)
        });
        ordered::sort_by_key(&mut pods, |pod| pod.created);
        pods.into_iter().map(|pod| pod.key.name.to_string()).collect()
    }

    fn perform(&mut self, action: &Action, progress: Progress<'_>) -> Result<Vec<Notice>, String> {
        let forbidden = grade::deed(action).filter(|deed| self.scenario.forbidden().contains(deed));
        if let Some(deed) = forbidden {
            return Err(format!("this scenario asks you to do without `{}`", deed.name()));
        }
        match action {
            Action::Edit { file, text } => self.edit(file, text),
            Action::ResetFile { file } => {
                let shipped = self.scenario.files().iter().find(|known| known.name == *file);
                let text = shipped.map(|file| file.text.clone()).ok_or_else(|| no_file(file))?;
                self.edit(file, &text)
            }
            Action::Apply => self.apply(),
            Action::Run => Ok(self.run(progress)),
            Action::Advance { seconds } => self.advance(*seconds, progress),
            Action::DeletePod { namespace, name } => self.change(
                &format!("kubectl delete pod -n {namespace} {name}"),
                &format!("pod \"{name}\" deleted from {namespace} namespace"),
                &|cluster| cluster.delete_pod(namespace, name),
            ),
            Action::RestartRollout { namespace, deployment } => self.change(
                &format!("kubectl rollout restart -n {namespace} deployment/{deployment}"),
                &format!("deployment.apps/{deployment} restarted"),
                &|cluster| cluster.restart_rollout(namespace, deployment),
            ),
            Action::FreshToken { registry, file } => self.fresh_token(registry, file.as_deref()),
            Action::Predict { option } => self.predict(option),
            Action::Diagnose { rung } => self.diagnose(*rung),
            Action::Answer { question, response } => self.answer(question, response),
            Action::Hint { step } => self.hint(*step as usize),
            Action::OpenLadder => {
                self.guide.ladder_open = true;
                Ok(Vec::new())
            }
            Action::Reset => self.reset(),
        }
    }

    fn edit(&mut self, file: &str, text: &str) -> Result<Vec<Notice>, String> {
        let known = self.scenario.files().iter().find(|known| known.name == file);
        let known = known.ok_or_else(|| no_file(file))?;
        if !known.edit {
            return Err(format!("`{file}` cannot be edited in this scenario"));
        }
        if !known.may_become(text) {
            return Err(known.editable_words(&self.files[file]));
        }
        self.files.insert(file.to_owned(), text.to_owned());
        Ok(Vec::new())
    }

    /// `kubectl apply -f .`: a file with mistakes is left out, as are the objects that the server refuses.
    fn apply(&mut self) -> Result<Vec<Notice>, String> {
        let mut lines = Vec::new();
        let mut failed = false;
        self.tick();
        for file in self.scenario.clone().files() {
            let text = self.files[&file.name].clone();
            match apply_text(&mut self.cluster, &file.name, &text) {
                Ok(results) => {
                    for result in results {
                        failed |= result.is_err();
                        lines.push(result.unwrap_or_else(|line| line));
                    }
                    self.applied.insert(file.name.clone(), text);
                }
                Err(diagnostics) => {
                    failed = true;
                    let texts = Texts::from([(file.name.clone(), text)]);
                    lines.extend(diagnostics.iter().map(|diagnostic| diagnostic.draw(&texts)));
                }
            }
        }
        self.note_change("Apply");
        Ok(vec![Notice {
            command: Some("kubectl apply -f .".into()),
            text: lines.join("\n"),
            failed,
        }])
    }

    /// One command that changes the cluster. It is tried on a copy first: what is refused takes no time.
    fn change(
        &mut self,
        command: &str,
        printed: &str,
        make: &dyn Fn(&mut Cluster) -> Result<(), ApiError>,
    ) -> Result<Vec<Notice>, String> {
        let mut copy = self.cluster.clone();
        copy.run_until(copy.now() + COMMAND);
        make(&mut copy)
            .map_err(|error| format!("Error from server ({}): {error}", error.reason))?;
        self.tick();
        make(&mut self.cluster).expect("the copy stood at the same moment");
        self.note_change(command.strip_prefix("kubectl ").unwrap_or(command));
        Ok(vec![Notice {
            command: Some(command.to_owned()),
            text: printed.to_owned(),
            failed: false,
        }])
    }

    fn tick(&mut self) {
        let end = self.cluster.now() + COMMAND;
        self.run_until(end, &mut |_, _| {});
    }

    fn run_until(&mut self, end: SimTime, progress: Progress<'_>) {
        if self.is_seen() {
            self.past.run(&mut self.cluster, end, &mut |at| progress(at, end));
        } else {
            self.cluster.run_until(end);
            self.cluster.take_log();
        }
    }

    fn is_seen(&self) -> bool {
        self.watch == Watch::Learner
    }

    fn keep_past(&mut self) {
        if self.is_seen() {
            self.past.remember(&mut self.cluster);
        } else {
            self.cluster.take_log();
        }
    }

    fn note_change(&mut self, label: &str) {
        self.keep_past();
        if !self.is_seen() {
            // Only the last one is judged.
            self.changes.clear();
        }
        self.changes.push(Change {
            at: self.cluster.now(),
            label: label.to_owned(),
            after: self.cluster.clone(),
        });
        self.guide.changed_since_run = true;
        self.note_verdict(None);
    }

    fn note_verdict(&mut self, verdict: Option<Verdict>) {
        if self.verdicts.last().is_none_or(|(_, last)| *last != verdict) {
            self.verdicts.push((self.cluster.now(), verdict));
        }
    }

    /// The verdict as it stood at a moment.
    pub(crate) fn verdict_at(&self, at: SimTime) -> Option<&Verdict> {
        self.verdicts.iter().rev().find(|(since, _)| *since <= at)?.1.as_ref()
    }

    /// The clock runs until nothing changes any more but back-off, at most ten minutes.
    fn run(&mut self, progress: Progress<'_>) -> Vec<Notice> {
        let began = self.cluster.now();
        let since = self.changes.last().map_or(SimTime::from_millis(i64::MIN), |change| change.at);
        let end = began + LONGEST_RUN;
        let mut settled = false;
        while self.cluster.now() < end && !settled {
            let next = (self.cluster.now() + Span::seconds(1)).min(end);
            self.cluster.run_until(next);
            settled = self.cluster.is_settled(since);
            if settled || next == end || next.since(began).as_millis() % 60_000 == 0 {
                progress(next, end);
            }
        }
        self.keep_past();
        let took = self.cluster.now().since(began).as_millis() / 1000;
        let took = format!("{} min {} s", took / 60, took % 60);
        self.last_run = Some(if settled {
            format!("The cluster settled after {took}: from here on only back-off repeats.")
        } else {
            format!("The cluster had not settled after {took}, the longest that a run takes.")
        });
        self.after_run();
        Vec::new()
    }

    fn advance(&mut self, seconds: u32, progress: Progress<'_>) -> Result<Vec<Notice>, String> {
        if seconds == 0 || seconds > LONGEST_JUMP_SECONDS {
            return Err(format!("a jump is 1 s to {} h long", LONGEST_JUMP_SECONDS / 3600));
        }
        let end = self.cluster.now() + Span::seconds(i64::from(seconds));
        self.run_until(end, progress);
        self.last_run = None;
        self.after_run();
        Ok(Vec::new())
    }

    fn after_run(&mut self) {
        self.note_outcome();
        let verdict = self.is_seen().then(|| self.judge());
        self.end_try(verdict.as_ref());
        if let Some(verdict) = verdict {
            self.take_in(verdict);
        }
    }

    /// A change and then a run is a try. One that brings no goal further may cost something; that is judged in this world
    /// alone, on the page as when it is graded.
    pub(crate) fn end_try(&mut self, verdict: Option<&Verdict>) {
        if !std::mem::take(&mut self.guide.changed_since_run) {
            return;
        }
        self.guide.tries += 1;
        if self.watch == Watch::Nobody || self.scenario.penalties().fruitless_try == 0 {
            return;
        }
        let here;
        let verdict = match verdict.filter(|_| self.scenario.worlds() == 0) {
            Some(verdict) => verdict,
            None => {
                here = self.judge_here();
                &here
            }
        };
        let met = verdict.met_points(&self.scenario);
        if met > self.guide.best || verdict.all_met(&self.scenario) {
            self.guide.best = met;
        } else {
            self.guide.fruitless += 1;
        }
    }

    /// A learner is told a verdict, and goes on to the next step if it says so.
    fn take_in(&mut self, verdict: Verdict) {
        self.guide.passed |= verdict.passed;
        self.note_verdict(Some(verdict));
        self.go_on();
    }

    /// Opens the next step while the open one is done.
    fn go_on(&mut self) {
        let (scenario, deeds) = (Arc::clone(&self.scenario), self.deeds());
        let verdict = self.verdicts.last().and_then(|(_, verdict)| verdict.as_ref());
        let is_met = |(index, goal): (usize, &Goal)| {
            !goal.is_visible() || state(goal, index, verdict, &deeds) == Some(true)
        };
        let mut step = self.guide.step;
        while step < scenario.steps().len()
            && scenario.goals().iter().enumerate().filter(|(_, goal)| goal.step == step).all(is_met)
        {
            step += 1;
        }
        self.guide.step = step;
    }

    /// The step that is open, or the last one.
    pub(crate) fn step(&self) -> usize {
        self.guide.step.min(self.scenario.steps().len() - 1)
    }

    /// What came of the prediction of the open step.
    fn note_outcome(&mut self) {
        let step = self.step();
        if let Some(predict) = &self.scenario.steps()[step].predict {
            let predicted = self.guide.predictions.entry(step).or_default();
            if predicted.outcome.is_none() {
                predicted.locked = true;
                predicted.outcome = Some(prediction::outcome(&self.cluster, &predict.about));
            }
        }
    }

    fn fresh_token(&mut self, registry: &str, file: Option<&str>) -> Result<Vec<Notice>, String> {
        let role = self.scenario.fresh_token_role();
        let role = role.ok_or("this scenario gives no fresh tokens")?.to_owned();
        if !self.scenario.world().registries.contains_key(registry) {
            return Err(format!("there is no registry `{registry}` in this scenario"));
        }
        self.tick();
        let token = self.cluster.mint_token(registry, &role);
        self.keep_past();
        let placeholder = format!("${{token:{}}}", token.name);
        if let Some(file) = file {
            let text = self.files.get(file).ok_or_else(|| no_file(file))?;
            let mint = self.cluster.mint();
            let of_registry =
                |name: &str| mint.get(name).is_some_and(|token| token.registry == registry);
            let text = replace_tokens(text, &of_registry, &placeholder);
            self.edit(file, &text)?;
        }
        let region = cloud::EcrHost::parse(registry).map(|host| host.region).unwrap_or_default();
        Ok(vec![Notice {
            command: Some(format!("aws ecr get-login-password --region {region}")),
            text: format!(
                "A new token, valid until {}. In files it is {placeholder}.",
                self.cluster.wall_clock(token.expires)
            ),
            failed: false,
        }])
    }

    fn predict(&mut self, option: &str) -> Result<Vec<Notice>, String> {
        let step = self.step();
        if self.scenario.steps()[step].predict.is_none() {
            return Err("this scenario asks for no prediction".into());
        }
        let predicted = self.guide.predictions.entry(step).or_default();
        if predicted.locked {
            return Err("the prediction was made before the first run and stays".into());
        }
        if option != prediction::UNSURE && Outcome::from_name(option).is_none() {
            return Err(format!("`{option}` is not one of the options"));
        }
        predicted.chosen = Some(option.to_owned());
        Ok(Vec::new())
    }

    /// Right is the first broken rung of the newest Pod that waits, or waited, for what a goal is about.
    fn diagnose(&mut self, rung: u8) -> Result<Vec<Notice>, String> {
        if !(1..=8).contains(&rung) {
            return Err("a rung is a number from 1 to 8".into());
        }
        let broken = self.guide.broken;
        self.guide.diagnosis = Some(rung);
        self.guide.diagnosis_right = broken.map(|broken| broken == rung);
        self.guide.ladder_open = true;
        if self.is_seen() && self.scenario.asks_for_diagnosis() {
            // What was judged already is judged again; a change without a run stays unjudged.
            if matches!(self.verdicts.last(), Some((_, Some(_)))) {
                self.take_in(self.judge());
            }
            self.go_on();
        }
        Ok(Vec::new())
    }

    fn broken_rung(&self) -> Option<u8> {
        let workloads = self.scenario.goals().iter().filter_map(|goal| goal.check.workload());
        let pods = workloads
            .flat_map(|workload| self.cluster.pods_below(&workload.key()))
            .filter(|pod| pod.waiting().is_some());
        let newest = pods.max_by_key(|pod| pod.created)?;
        newest.waiting().map(|(_, waiting)| waiting.cause.rung())
    }

    /// Each question can be answered once: what is right is said at once.
    fn answer(&self, id: &str, response: &Response) -> Result<Vec<Notice>, String> {
        let posed = self.scenario.questions().iter().find(|posed| posed.question.id == id);
        let posed = posed.ok_or_else(|| format!("this scenario asks no question `{id}`"))?;
        if grade::response(&self.attempt.actions, id).is_some() {
            return Err("this question is answered; who starts over may answer it again".into());
        }
        // Whether it is an answer at all does not hang on the key.
        let judged = posed.question.judge(response, None);
        judged.map(|_| Vec::new()).ok_or_else(|| format!("this is no answer to `{id}`"))
    }

    fn hint(&mut self, step: usize) -> Result<Vec<Notice>, String> {
        let hints = self.scenario.steps().get(step).map_or(0, |step| step.hints.len());
        // Whoever grades keeps no account of steps and tries: what stands in an attempt was opened.
        if self.is_seen() {
            if step > self.step() {
                return Err("this step has not begun".into());
            }
            if let Some(note) = self.hint_note(step) {
                return Err(note);
            }
        }
        let open = self.guide.hints.entry(step).or_default();
        if *open >= hints {
            return Err("all hints are open".into());
        }
        *open += 1;
        Ok(Vec::new())
    }

    /// How many hints of a step are open.
    pub(crate) fn open_hints(&self, step: usize) -> usize {
        self.guide.hints.get(&step).copied().unwrap_or(0)
    }

    /// Why the next hint of a step cannot be opened yet. Each step's first one can be at once.
    pub(crate) fn hint_note(&self, step: usize) -> Option<String> {
        let open = self.open_hints(step);
        let others: usize = self.guide.hints.values().map(|open| open.saturating_sub(1)).sum();
        let waits = open > 0 && self.guide.tries < others + 1;
        (waits && open < self.scenario.steps()[step].hints.len())
            .then(|| "The next hint opens after a try: a change, then a run.".to_owned())
    }

    /// Whether the why ladder may be seen, and with it the lit path.
    pub(crate) fn ladder_is_open(&self) -> bool {
        self.guide.passed
            || match self.scenario.ladder() {
                LadderRule::Open => true,
                LadderRule::AfterDiagnosis => self.guide.ladder_open,
                LadderRule::AfterPass => false,
            }
    }

    /// Whether the ladder may say what would have helped.
    pub(crate) fn remedies_are_open(&self) -> bool {
        self.guide.passed
            || self.scenario.ladder() == LadderRule::Open
            || self.open_hints(self.step()) >= self.scenario.steps()[self.step()].hints.len()
    }

    /// Where a field of an object stands in the learner's files. An empty name means any object of the kind.
    pub(crate) fn place_of(&self, kind: &str, name: &str, pointer: &str) -> Option<(String, u32)> {
        self.files.iter().find_map(|(file, text)| {
            let manifests = manifest::read(file, text).value?;
            let is_it = |one: &&manifest::Manifest| {
                one.kind == kind && (name.is_empty() || one.name == name)
            };
            let found = manifests.iter().find(is_it)?;
            let offset = found.place(pointer).start;
            Some((file.clone(), pullpath_lesson::source::position(text, offset).line))
        })
    }

    fn reset(&mut self) -> Result<Vec<Notice>, String> {
        let fresh = match &self.origin {
            Some(origin) => Self { origin: self.origin.clone(), ..Self::clone(origin) },
            None => Self::new(Arc::clone(&self.scenario)).map_err(|problem| problem.message)?,
        };
        let (guide, attempt) = (self.guide.clone(), self.attempt.clone());
        let (worlds, marks) = (Arc::clone(&self.worlds), self.marks.clone());
        let keys = Arc::clone(&self.keys);
        // Hints, tries and the prediction belong to the attempt.
        let guide = GuideState { changed_since_run: false, ..guide };
        *self = Self { attempt, guide, worlds, keys, marks, ..fresh };
        Ok(Vec::new())
    }
}

/// Whether a goal is met, as far as it is judged: a diagnosis is judged when it is made.
pub(crate) fn state(
    goal: &Goal,
    index: usize,
    verdict: Option<&Verdict>,
    deeds: &Deeds,
) -> Option<bool> {
    match goal.check {
        Check::Diagnosed => deeds.diagnosis.map(|(_, right)| right),
        _ => verdict.map(|verdict| verdict.goals[index].met),
    }
}

/// The points of what holds before the learner comes.
fn at_start(scenario: &Scenario) -> u32 {
    let held = scenario.goals().iter().filter(|goal| goal.holds_at_start && goal.is_visible());
    held.map(|goal| goal.points).sum()
}

const fn is_answer(action: &Action) -> bool {
    matches!(action, Action::Answer { .. })
}

const fn passes(action: &Action) -> bool {
    matches!(action, Action::Run | Action::Advance { .. })
}

/// Whether the clock ran after the last change.
pub(crate) fn ends_with_a_run(actions: &[Action]) -> bool {
    let end = actions.iter().rev().take_while(|action| passes(action) || is_answer(action));
    end.into_iter().any(passes)
}

/// The places of the actions without the time that goes by at their end: goals count from the last change, whatever the
/// clock says. Answers to questions do not hang on it.
pub(crate) fn decisive(actions: &[Action]) -> impl Iterator<Item = usize> {
    let last = actions.iter().rposition(|action| !passes(action) && !is_answer(action));
    let end = last.map_or(0, |last| last + 1);
    (0..actions.len()).filter(move |place| *place < end || is_answer(&actions[*place]))
}

/// What the names of a Pod and its siblings begin with in every world: its own without the drawn end, and without the hash
/// of a ReplicaSet. Pods without an owner have names of their own, which are the same in every world.
fn family<'p>(cluster: &Cluster, pod: &'p PodRun) -> Option<&'p str> {
    pod.owner.as_ref()?;
    let object = cluster.store.get(&pod.key)?;
    let owner = object.metadata().owner_references.iter().flatten().next()?;
    let (maker, _) = pod.key.name.rsplit_once('-')?;
    match maker.rsplit_once('-') {
        Some((family, _)) if owner.kind == "ReplicaSet" => Some(family),
        _ => Some(maker),
    }
}

/// The world with its history played, up to T+0.
fn begin(scenario: &Scenario) -> Result<(Cluster, Past), Diagnostic> {
    let world = Arc::new(scenario.world().clone());
    let mut cluster = Cluster::new(&world);
    let mut past = Past::default();
    past.remember(&mut cluster);
    for step in scenario.history() {
        past.run(&mut cluster, step.at, &mut |_| {});
        for name in &step.apply {
            let text = scenario.text(name).expect("a scenario's history names texts that it has");
            let problem = |why: String| {
                let message = format!("`{name}` cannot be applied at {}: {why}", step.at);
                let hint = "history is applied in order: create what an object needs before it";
                Diagnostic::error(
                    "history",
                    pullpath_lesson::scenario::FILE,
                    step.span.clone(),
                    message,
                )
                .hint(hint)
            };
            let results = apply_text(&mut cluster, name, text)
                .map_err(|diagnostics| problem(diagnostics[0].message.clone()))?;
            for result in results {
                result.map_err(problem)?;
            }
        }
        past.remember(&mut cluster);
    }
    past.run(&mut cluster, SimTime::START, &mut |_| {});
    Ok((cluster, past))
}

/// Applies the objects of one text. The outer error is of the text; the inner ones are refusals of single objects,
/// in `kubectl`'s words.
fn apply_text(
    cluster: &mut Cluster,
    name: &str,
    text: &str,
) -> Result<Vec<Result<String, String>>, Vec<Diagnostic>> {
    let manifests = manifest::read(name, text).into_result()?;
    let tokens = cluster.mint().clone();
    let value_of = |name: &str| tokens.get(name).map(|token| token.text.reveal().to_owned());
    let mut results = Vec::new();
    for manifest in manifests {
        let (value, unknown) = manifest::substitute(&manifest, text, &value_of);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        results.push(match cluster.apply(&value) {
            Ok(applied) => Ok(applied.to_string()),
            Err(error) => Err(refusal(name, &error)),
        });
    }
    Ok(results)
}

/// The text with every token that passes the test replaced.
fn replace_tokens(text: &str, test: &dyn Fn(&str) -> bool, new: &str) -> String {
    let mut replaced = text.to_owned();
    for (name, span) in manifest::tokens_in(text).into_iter().rev() {
        if test(&name) {
            replaced.replace_range(span, new);
        }
    }
    replaced
}

/// kubectl's two ways of printing a refusal (cli-runtime; recorded texts).
fn refusal(file: &str, error: &ApiError) -> String {
    if error.reason == "Invalid" {
        format!("The {}", error.message)
    } else {
        format!(
            "Error from server ({}): error when creating \"{file}\": {}",
            error.reason, error.message
        )
    }
}

fn no_file(file: &str) -> String {
    format!("there is no file `{file}` in this scenario")
}

//! What the page is given to draw: view types from a session, at any moment.

mod events;
mod goals;
mod guide;
pub(crate) mod ids;
pub(crate) mod ladder;
mod picture;
mod subject;
mod timeline;

use pullpath_lesson::Texts;
use pullpath_lesson::manifest;
use pullpath_lesson::scenario::{Deed, ScenarioFile};
use pullpath_model::cloud::EcrHost;
use pullpath_model::cluster::Cluster;
use pullpath_model::ordered;
use pullpath_model::time::SimTime;
use pullpath_model::world::Version;
use pullpath_view::View;
use pullpath_view::pane::{Closed, FileRow};
use pullpath_view::wire::Query;

use crate::session::Session;
use crate::view::ladder::clock;
use crate::view::subject::Subject;

/// Builds every pane of a session for a query.
pub fn whole(session: &Session, query: &Query) -> View {
    let now = session.cluster.now();
    let from = session.scenario.world().from;
    let asked = query.at_ms.map_or(now, SimTime::from_millis);
    let at = asked.clamp(from, now);
    let looking_back = at < now;
    let past;
    let cluster: &Cluster = if looking_back {
        past = session.past.at(at);
        &past
    } else {
        &session.cluster
    };
    let subject = Subject::of(session, cluster, query);
    let open = session.ladder_is_open();
    let trace = if open { subject.trace(session, at) } else { None };
    View {
        at_ms: at.as_millis(),
        now_ms: now.as_millis(),
        from_ms: from.as_millis(),
        clock: clock(at),
        wall: cluster.wall_clock(at).replace('T', " "),
        versions: versions(session),
        brief: Some(session.scenario.brief().to_vec()),
        goals: Some(goals::goals(session, cluster)),
        files: Some(files(session)),
        picture: Some(picture::picture(session, cluster, query, trace.as_deref())),
        ladder: Some(subject.ladder(session, cluster, trace.as_deref(), open)),
        timeline: Some(timeline::timeline(session, query)),
        events: Some(events::events(cluster, at)),
        guide: Some(guide::guide(session)),
    }
}

/// Takes out every pane that equals what was sent before, and remembers what is sent.
pub fn delta(view: View, sent: &mut Option<View>, whole: bool) -> View {
    let before = if whole { None } else { sent.take() };
    let delta = match &before {
        None => view.clone(),
        Some(before) => View {
            brief: changed(view.brief.as_ref(), before.brief.as_ref()),
            goals: changed(view.goals.as_ref(), before.goals.as_ref()),
            files: changed(view.files.as_ref(), before.files.as_ref()),
            picture: changed(view.picture.as_ref(), before.picture.as_ref()),
            ladder: changed(view.ladder.as_ref(), before.ladder.as_ref()),
            timeline: changed(view.timeline.as_ref(), before.timeline.as_ref()),
            events: changed(view.events.as_ref(), before.events.as_ref()),
            guide: changed(view.guide.as_ref(), before.guide.as_ref()),
            clock: view.clock.clone(),
            wall: view.wall.clone(),
            versions: view.versions.clone(),
            ..view
        },
    };
    *sent = Some(view);
    delta
}

fn changed<T: Clone + PartialEq>(now: Option<&T>, before: Option<&T>) -> Option<T> {
    if now == before { None } else { now.cloned() }
}

fn versions(session: &Session) -> String {
    let mut runtimes: Vec<String> = session
        .scenario
        .world()
        .nodes
        .iter()
        .map(|node| format!("containerd {}", node.containerd))
        .collect();
    ordered::sort(&mut runtimes);
    runtimes.dedup();
    let cluster = session.scenario.world().kubernetes;
    // Nodes are not raised all at once.
    let mut kubelets: Vec<_> = session
        .scenario
        .world()
        .nodes
        .iter()
        .filter_map(|node| node.kubernetes)
        .filter(|own| *own != cluster)
        .collect();
    ordered::sort(&mut kubelets);
    kubelets.dedup();
    let kubelets = kubelets.into_iter().map(|own| format!("kubelet {}", release(own)));
    let shown: Vec<String> = kubelets.chain(runtimes).collect();
    format!("Kubernetes {} · {}", release(cluster), shown.join(", "))
}

/// As one says it: the third number only where a world states one.
fn release(version: Version) -> String {
    let whole = version.to_string();
    whole.strip_suffix(".0").map(str::to_owned).unwrap_or(whole)
}

fn files(session: &Session) -> Vec<FileRow> {
    let row = |file: &ScenarioFile| {
        let text = session.files[&file.name].clone();
        let texts = Texts::from([(file.name.clone(), text.clone())]);
        let checked = manifest::read(&file.name, &text);
        let mut diagnostics = checked.diagnostics;
        let mint = session.cluster.mint();
        for manifest in checked.value.iter().flatten() {
            let known = |name: &str| mint.get(name).map(|_| String::new());
            diagnostics.extend(manifest::substitute(manifest, &text, &known).1);
        }
        FileRow {
            name: file.name.clone(),
            shipped: file.text.clone(),
            editable: file.edit,
            closed: closed(file, &text),
            problems: diagnostics.iter().map(|diagnostic| diagnostic.problem(&texts)).collect(),
            unapplied: session.applied.get(&file.name) != Some(&text),
            token: token_host(session, file.edit, &text),
            token_cost: session.scenario.penalties().of(&Deed::FreshToken),
            text,
        }
    };
    session.scenario.files().iter().map(row).collect()
}

/// What stays as it is of a file of which a part may be changed.
fn closed(file: &ScenarioFile, text: &str) -> Option<Closed> {
    let (head, tail) = &file.keep;
    let units = |text: &str| text.encode_utf16().count() as u32;
    let is_part = file.edit && !(head.is_empty() && tail.is_empty());
    is_part.then(|| {
        let mut note = format!("{}.", file.editable_words(text));
        note[..1].make_ascii_uppercase();
        Closed { head: units(head), tail: units(tail), note }
    })
}

/// The registry whose token stands in a file, where the scenario gives fresh ones.
fn token_host(session: &Session, editable: bool, text: &str) -> Option<String> {
    session.scenario.fresh_token_role().filter(|_| editable)?;
    let mint = session.cluster.mint();
    manifest::tokens_in(text)
        .into_iter()
        .filter_map(|(name, _)| mint.get(&name))
        .map(|token| token.registry.clone())
        .find(|host| EcrHost::parse(host).is_some())
}

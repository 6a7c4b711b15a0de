//! Where everything stands in the cluster picture, in whole pixels.
//!
//! Namespaces and nodes share three columns, so that the gutters between them run through the whole picture: the path
//! of a pull follows the gutters and never crosses a card.

use std::collections::BTreeMap;

use pullpath_view::pane::{Picture, PullPath, RungState, Thing, Tone};

use crate::text::rung_tone;

const EDGE: i32 = 4;
const PAD: i32 = 10;
const GUTTER: i32 = 18;
/// Free space at the right of the cluster, for the way from a Secret down to the keyring.
const LANE: i32 = 14;
const ROW: i32 = 10;
const CARD: i32 = 42;
const TITLE: i32 = 24;
const HEAD: i32 = 18;
const IMAGE_LINE: i32 = 17;
/// Beyond these, the picture says how many more there are; the list has them all.
const IMAGES: usize = 5;
const BEND: i32 = 7;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
}

impl Rect {
    const fn right(self) -> i32 {
        self.x + self.w
    }

    const fn bottom(self) -> i32 {
        self.y + self.h
    }

    const fn middle_x(self) -> i32 {
        self.x + self.w / 2
    }

    const fn middle_y(self) -> i32 {
        self.y + self.h / 2
    }
}

/// A card, for a thing or for what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub rect: Rect,
    pub name: String,
    pub status: String,
    pub tone: Tone,
    /// The thing it stands for.
    pub thing: Option<Thing>,
    /// How the pull went here, if it came into question.
    pub state: Option<RungState>,
    /// What happened to the pull here; drawn in place of the state where it broke.
    pub label: Option<String>,
}

/// A frame with a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub rect: Rect,
    pub title: String,
    pub kind: &'static str,
}

/// A word above cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub x: i32,
    pub y: i32,
    pub room: i32,
    pub text: String,
    pub class: &'static str,
}

/// A piece of the pull's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// SVG path data.
    pub path: String,
    /// Where it arrives.
    pub end: (i32, i32),
    pub state: RungState,
}

/// The whole drawing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawing {
    pub width: i32,
    pub height: i32,
    pub frames: Vec<Frame>,
    pub words: Vec<Word>,
    pub cards: Vec<Card>,
    pub wires: Vec<Wire>,
}

/// Where a card stands in the grid, for the wires.
#[derive(Debug, Clone, Copy)]
enum Spot {
    /// In a namespace, column 0 to 2.
    Shelf(usize),
    /// On a node.
    Pod,
    /// The keyring of a node.
    Keyring,
    /// Outside.
    Outside,
}

struct Draft {
    drawing: Drawing,
    spots: BTreeMap<String, (Rect, Spot)>,
    columns: [i32; 3],
    column: i32,
}

/// Lays a picture out in a width.
pub fn lay_out(picture: &Picture, width: u32) -> Drawing {
    let width = (width as i32).clamp(300, 1100);
    let column = (width - 2 * EDGE - 2 * PAD - LANE - 2 * GUTTER) / 3;
    let columns = [0, 1, 2].map(|n| EDGE + PAD + n * (column + GUTTER));
    let mut draft = Draft {
        drawing: Drawing { width, ..Drawing::default() },
        spots: BTreeMap::new(),
        columns,
        column,
    };
    let ghosts = Ghosts::of(picture);
    let mut y = draft.namespaces(picture, &ghosts, 1);
    y = draft.nodes(picture, &ghosts, y);
    y = draft.registries(picture, y + 6);
    draft.drawing.height = y + EDGE - ROW;
    if let Some(path) = &picture.path {
        draft.path(path);
    }
    draft.drawing
}

/// Stops of the path that are no thing of the cluster: something missing, or the keyring that a kubelet makes for one
/// pull.
struct Ghosts {
    /// Column and place in the namespace of the puller.
    shelves: Vec<(usize, String, String)>,
    namespace: Option<String>,
    keyring: Option<String>,
    node: Option<String>,
}

impl Ghosts {
    fn of(picture: &Picture) -> Self {
        let mut ghosts = Self { shelves: Vec::new(), namespace: None, keyring: None, node: None };
        let Some(path) = &picture.path else { return ghosts };
        let pod = path.links.first().and_then(|link| link.thing.clone());
        // `pod/payments/payment-api-…`
        ghosts.namespace = pod.as_deref().and_then(|id| id.split('/').nth(1)).map(str::to_owned);
        let has_pod = |node: &&pullpath_view::pane::NodeBox| {
            node.pods.iter().any(|thing| Some(&thing.id) == pod.as_ref())
        };
        ghosts.node = picture.nodes.iter().find(has_pod).map(|node| node.node.id.clone());
        for link in path.links.iter().filter(|link| link.thing.is_none()) {
            let entry = (spot_key(&link.stop), link.name.clone());
            match link.stop.as_str() {
                "ServiceAccount" => ghosts.shelves.push((1, entry.0, entry.1)),
                "Secret" => ghosts.shelves.push((2, entry.0, entry.1)),
                _ if link.stop.eq_ignore_ascii_case("keyring") => ghosts.keyring = Some(entry.1),
                _ => {}
            }
        }
        ghosts
    }
}

fn spot_key(stop: &str) -> String {
    format!("stop/{}", stop.to_ascii_lowercase())
}

impl Draft {
    fn namespaces(&mut self, picture: &Picture, ghosts: &Ghosts, mut y: i32) -> i32 {
        for namespace in &picture.namespaces {
            let top = y;
            let head = y + TITLE + HEAD;
            let mut deepest = 0;
            let shelves = [
                ("Workloads", &namespace.workloads),
                ("ServiceAccounts", &namespace.service_accounts),
                ("Secrets", &namespace.secrets),
            ];
            for (n, (title, things)) in shelves.into_iter().enumerate() {
                let x = self.columns[n];
                self.word(x, head - 6, self.column, title, "shelf");
                let mut at = head;
                for thing in things {
                    self.card(thing, Rect { x, y: at, w: self.column, h: CARD }, Spot::Shelf(n));
                    at += CARD + ROW;
                }
                if ghosts.namespace.as_deref() == Some(&namespace.name) {
                    for (_, key, name) in ghosts.shelves.iter().filter(|(column, ..)| *column == n)
                    {
                        let rect = Rect { x, y: at, w: self.column, h: CARD };
                        self.ghost(key, name, rect, Spot::Shelf(n));
                        at += CARD + ROW;
                    }
                }
                deepest = deepest.max(at);
            }
            y = deepest.max(head + CARD + ROW);
            self.frame(top, y, &namespace.name, "Namespace");
            y += ROW;
        }
        y
    }

    fn nodes(&mut self, picture: &Picture, ghosts: &Ghosts, mut y: i32) -> i32 {
        for node in &picture.nodes {
            let top = y;
            let inner = self.drawing.width - 2 * EDGE - 2 * PAD - LANE;
            let strip = Rect { x: self.columns[0], y: y + 8, w: inner, h: 26 };
            self.card(&node.node, strip, Spot::Outside);
            // The gap below the strip is the row in which paths leave the Pods.
            y = strip.bottom() + ROW + 4;
            for (n, pod) in node.pods.iter().enumerate() {
                let rect = Rect {
                    x: self.columns[n % 3],
                    y: y + (n / 3) as i32 * (CARD + ROW),
                    w: self.column,
                    h: CARD,
                };
                self.card(pod, rect, Spot::Pod);
            }
            y += node.pods.len().div_ceil(3) as i32 * (CARD + ROW);
            let has_keyring =
                ghosts.keyring.is_some() && ghosts.node.as_ref() == Some(&node.node.id);
            let lines = self.images(&node.images, y, has_keyring);
            if let Some(name) = ghosts.keyring.as_ref().filter(|_| has_keyring) {
                let rect = Rect { x: self.columns[2], y, w: self.column, h: CARD };
                self.ghost(&spot_key("keyring"), name, rect, Spot::Keyring);
            }
            let deep = if has_keyring { CARD + ROW } else { 0 };
            y += deep.max(lines);
            self.frame(top, y, "", "Node");
            y += ROW;
        }
        y
    }

    /// The images of a node, as lines; gives their height.
    fn images(&mut self, images: &[String], y: i32, is_narrow: bool) -> i32 {
        let inner = self.drawing.width - 2 * EDGE - 2 * PAD - LANE;
        let room = if is_narrow { inner - self.column - GUTTER } else { inner };
        let x = self.columns[0];
        if images.is_empty() {
            self.word(x, y + 12, room, "No image in its store", "shelf");
            return HEAD + 4;
        }
        self.word(x, y + 12, room, "Images in its store", "shelf");
        for (n, image) in images.iter().take(IMAGES).enumerate() {
            self.word(x, y + 14 + (n as i32 + 1) * IMAGE_LINE, room, image, "image");
        }
        let mut lines = images.len().min(IMAGES) as i32;
        if images.len() > IMAGES {
            lines += 1;
            let more = format!("and {} more", images.len() - IMAGES);
            self.word(x, y + 14 + lines * IMAGE_LINE, room, &more, "shelf");
        }
        HEAD + 6 + lines * IMAGE_LINE
    }

    fn registries(&mut self, picture: &Picture, mut y: i32) -> i32 {
        if picture.registries.is_empty() {
            return y;
        }
        self.word(
            self.columns[0],
            y + 12,
            self.column * 3,
            "Registries, outside the cluster",
            "shelf",
        );
        y += HEAD + 2;
        let inner = self.drawing.width - 2 * EDGE - 2 * PAD - LANE;
        // Hosts are long: at most two in a row, and one where there is little room.
        let in_a_row = if picture.registries.len() == 1 || inner < 480 { 1 } else { 2 };
        let w = (inner - (in_a_row - 1) * GUTTER) / in_a_row;
        for (n, registry) in picture.registries.iter().enumerate() {
            let (row, n) = (n as i32 / in_a_row, n as i32 % in_a_row);
            let rect = Rect {
                x: self.columns[0] + n * (w + GUTTER),
                y: y + row * (CARD + ROW),
                w,
                h: CARD,
            };
            self.card(registry, rect, Spot::Outside);
        }
        y + (picture.registries.len() as i32 + in_a_row - 1) / in_a_row * (CARD + ROW)
    }

    fn card(&mut self, thing: &Thing, rect: Rect, spot: Spot) {
        self.spots.insert(thing.id.clone(), (rect, spot));
        self.drawing.cards.push(Card {
            rect,
            name: thing.name.clone(),
            status: thing.status.clone(),
            tone: thing.tone,
            thing: Some(thing.clone()),
            state: None,
            label: None,
        });
    }

    fn ghost(&mut self, key: &str, name: &str, rect: Rect, spot: Spot) {
        self.spots.insert(key.to_owned(), (rect, spot));
        let (name, status) = (name.to_owned(), String::new());
        self.drawing.cards.push(Card {
            rect,
            name,
            status,
            tone: Tone::Neutral,
            thing: None,
            state: None,
            label: None,
        });
    }

    fn word(&mut self, x: i32, y: i32, room: i32, text: &str, class: &'static str) {
        self.drawing.words.push(Word { x, y, room, text: text.to_owned(), class });
    }

    fn frame(&mut self, top: i32, bottom: i32, title: &str, kind: &'static str) {
        let rect = Rect { x: EDGE, y: top, w: self.drawing.width - 2 * EDGE, h: bottom - top };
        self.drawing.frames.push(Frame { rect, title: title.to_owned(), kind });
    }

    fn path(&mut self, path: &PullPath) {
        let mut came_from: Option<(Rect, Spot)> = None;
        for link in &path.links {
            let key = link.thing.clone().unwrap_or_else(|| spot_key(&link.stop));
            let Some(&(rect, spot)) = self.spots.get(&key) else { continue };
            if let Some(card) = self.drawing.cards.iter_mut().find(|card| card.rect == rect) {
                card.state = Some(link.state);
                // What happened here is worth more than the standing state, and a ghost has no other.
                if link.state == RungState::Failed || card.thing.is_none() {
                    card.label = Some(link.label.clone());
                    card.tone = rung_tone(link.state);
                }
            }
            if let Some((from, from_spot)) = came_from {
                let points = self.route(from, from_spot, rect, spot);
                let end = *points.last().expect("a route has two ends");
                self.drawing.wires.push(Wire { path: rounded(&points), end, state: link.state });
            }
            came_from = Some((rect, spot));
        }
    }

    /// The x of the gutter left of a column; column 3 is the lane at the right.
    fn gutter(&self, column: usize) -> i32 {
        match column {
            0 => EDGE + PAD / 2,
            3 => self.columns[2] + self.column + i32::midpoint(PAD, LANE),
            n => self.columns[n] - GUTTER / 2,
        }
    }

    /// A way from card to card through gutters.
    fn route(&self, from: Rect, from_spot: Spot, to: Rect, to_spot: Spot) -> Vec<(i32, i32)> {
        let (mut points, mut at_x) = match (from_spot, to_spot) {
            // Up into the row above the Pod, which is free.
            (Spot::Pod, _) => (
                vec![(from.middle_x(), from.y), (from.middle_x(), from.y - ROW / 2 - 1)],
                from.middle_x(),
            ),
            (Spot::Shelf(column), _) => {
                let x = self.gutter(column + 1);
                (vec![(from.right(), from.middle_y()), (x, from.middle_y())], x)
            }
            (Spot::Keyring | Spot::Outside, _) => {
                let y = from.bottom() + ROW + 4;
                (vec![(from.middle_x(), from.bottom()), (from.middle_x(), y)], from.middle_x())
            }
        };
        let last_y = points.last().map_or(0, |point| point.1);
        match to_spot {
            Spot::Shelf(column) => {
                let x = self.gutter(column);
                points.extend([(x, last_y), (x, to.middle_y()), (to.x, to.middle_y())]);
            }
            Spot::Keyring => {
                // From the lane at the right it comes in at the right, otherwise at the left.
                if at_x < to.right() {
                    at_x = self.gutter(2);
                    points.extend([(at_x, last_y), (at_x, to.middle_y()), (to.x, to.middle_y())]);
                } else {
                    points.extend([(at_x, to.middle_y()), (to.right(), to.middle_y())]);
                }
            }
            Spot::Pod | Spot::Outside => {
                let down = to.y - ROW / 2 - 2;
                if matches!(from_spot, Spot::Keyring | Spot::Outside) {
                    points.pop();
                    let x = from.middle_x().clamp(to.x + 16, to.right() - 16);
                    if x != from.middle_x() {
                        points.extend([(from.middle_x(), down), (x, down)]);
                    }
                    points.push((x, to.y));
                } else {
                    let lane = self.gutter(3);
                    points.extend([
                        (lane, last_y),
                        (lane, to.middle_y()),
                        (to.right(), to.middle_y()),
                    ]);
                }
            }
        }
        points.dedup();
        points
    }
}

/// A polyline with its corners rounded, as SVG path data.
fn rounded(points: &[(i32, i32)]) -> String {
    let Some(((x, y), rest)) = points.split_first() else { return String::new() };
    let mut path = format!("M{x} {y}");
    for n in 0..rest.len() {
        let (here, before) = (rest[n], points[n]);
        let Some(after) = rest.get(n + 1) else {
            path += &format!("L{} {}", here.0, here.1);
            break;
        };
        let (a, b) = (toward(here, before), toward(here, *after));
        path += &format!("L{} {}Q{} {} {} {}", a.0, a.1, here.0, here.1, b.0, b.1);
    }
    path
}

/// The point a bend's length away from a corner.
fn toward(corner: (i32, i32), other: (i32, i32)) -> (i32, i32) {
    let step = |from: i32, to: i32| {
        from + (to - from).clamp(-BEND, BEND) / if (to - from).abs() < 2 * BEND { 2 } else { 1 }
    };
    (step(corner.0, other.0), step(corner.1, other.1))
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn corners_are_rounded() {
        assert_eq!(rounded(&[(0, 0), (0, 100), (50, 100)]), "M0 0L0 93Q0 100 7 100L50 100");
        assert_eq!(rounded(&[(0, 0), (50, 0)]), "M0 0L50 0");
        assert_eq!(rounded(&[]), "");
    }
}

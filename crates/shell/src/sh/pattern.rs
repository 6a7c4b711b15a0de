//! Regular expressions for `grep` and `sed`, of both POSIX kinds. A crate for them weighs more than the rest of the shell.

/// A regular expression, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    root: Node,
    groups: usize,
    ignore_case: bool,
}

/// A place where a pattern matches, and its groups: byte ranges.
pub(super) type Place = Vec<Option<(usize, usize)>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Character(char),
    Any,
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Start,
    End,
    /// `\b`
    Edge,
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: u32,
        most: u32,
    },
    Group(usize, Box<Node>),
}

/// After so many steps a match is given up: patterns that backtrack for ever are possible to write.
const MOST_STEPS: u32 = 200_000;

/// Nothing is repeated more often by number.
const MOST_REPEATS: u32 = 1000;

/// Groups are not nested deeper.
const MOST_DEPTH: u32 = 32;

impl Pattern {
    /// Reads an extended regular expression (`grep -E`).
    pub fn extended(text: &str) -> Option<Self> {
        Self::read(text, true)
    }

    /// Reads a basic one, with backslashes before what is special in the other.
    pub fn basic(text: &str) -> Option<Self> {
        Self::read(text, false)
    }

    fn read(text: &str, extended: bool) -> Option<Self> {
        let mut reader =
            Reader { rest: text.chars().collect(), at: 0, extended, groups: 0, depth: 0 };
        let root = reader.either()?;
        (reader.at == reader.rest.len()).then_some(Self {
            root,
            groups: reader.groups,
            ignore_case: false,
        })
    }

    /// A text that stands for itself (`grep -F`).
    pub(super) fn fixed(text: &str) -> Self {
        let nodes = text.chars().map(Node::Character).collect();
        Self { root: Node::Sequence(nodes), groups: 0, ignore_case: false }
    }

    pub(super) fn ignoring_case(mut self) -> Self {
        self.ignore_case = true;
        self
    }

    /// The same as a whole word, or a whole line.
    pub(super) fn between(mut self, edge_of_word: bool) -> Self {
        let edges = if edge_of_word { [Node::Edge, Node::Edge] } else { [Node::Start, Node::End] };
        let [before, after] = edges;
        self.root = Node::Sequence(vec![before, self.root, after]);
        self
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, text: &str) -> bool {
        self.find(text, 0).is_some()
    }

    /// The first match from a byte on.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<Place> {
        let mut run = Run { text, steps: 0, ignore_case: self.ignore_case };
        let starts = text[from..].char_indices().map(|(at, _)| from + at);
        for start in starts.chain([text.len()]) {
            let mut groups = vec![None; self.groups + 1];
            let mut end = None;
            let matched = run.matches(&self.root, start, &mut groups, &mut |at, _| {
                end = Some(at);
                true
            });
            if matched {
                groups[0] = end.map(|end| (start, end));
                return Some(groups);
            }
        }
        None
    }
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    extended: bool,
    groups: usize,
    depth: u32,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    /// Whether a special sign stands here: bare in one kind, behind a backslash in the other.
    fn sign(&mut self, sign: char) -> bool {
        let wanted: &[char] = if self.extended { &[sign] } else { &['\\', sign] };
        let found = self.rest[self.at..].starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn either(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return None;
        }
        let mut branches = vec![self.sequence()?];
        while self.sign('|') {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Some(if branches.len() == 1 { branches.remove(0) } else { Node::Either(branches) })
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while self.peek().is_some() {
            let before = self.at;
            if self.sign('|') || self.sign(')') {
                self.at = before;
                break;
            }
            let node = self.one(nodes.is_empty())?;
            nodes.push(self.repeated(node)?);
        }
        Some(Node::Sequence(nodes))
    }

    fn one(&mut self, first: bool) -> Option<Node> {
        if self.sign('(') {
            self.groups += 1;
            let number = self.groups;
            let inner = self.either()?;
            return self.sign(')').then(|| Node::Group(number, Box::new(inner)));
        }
        let next = self.peek()?;
        self.at += 1;
        Some(match next {
            '.' => Node::Any,
            '[' => self.set()?,
            '^' if self.extended || first => Node::Start,
            '$' if self.extended || self.at_end() => Node::End,
            '*' if first => Node::Character('*'),
            '\\' => {
                let escaped = self.peek()?;
                self.at += 1;
                let class = |ranges: &[(char, char)], negated| Node::Set {
                    negated,
                    ranges: ranges.to_vec(),
                };
                let word = [('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
                let blank = [(' ', ' '), ('\t', '\r')];
                match escaped {
                    'w' => class(&word, false),
                    'W' => class(&word, true),
                    's' => class(&blank, false),
                    'S' => class(&blank, true),
                    'b' | '<' | '>' => Node::Edge,
                    'n' => Node::Character('\n'),
                    't' => Node::Character('\t'),
                    other => Node::Character(other),
                }
            }
            other => Node::Character(other),
        })
    }

    fn at_end(&self) -> bool {
        let rest = &self.rest[self.at..];
        rest.is_empty() || rest.starts_with(&['\\', ')']) || rest.starts_with(&['\\', '|'])
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let mut node = node;
        loop {
            let (least, most) = if self.peek() == Some('*') {
                self.at += 1;
                (0, u32::MAX)
            } else if self.sign('+') {
                (1, u32::MAX)
            } else if self.sign('?') {
                (0, 1)
            } else if self.sign('{') {
                self.times()?
            } else {
                return Some(node);
            };
            node = Node::Repeat { node: Box::new(node), least, most };
        }
    }

    /// `{2}`, `{2,}`, `{2,3}`, behind the brace.
    fn times(&mut self) -> Option<(u32, u32)> {
        let mut number = || {
            let digits: String =
                self.rest[self.at..].iter().take_while(|one| one.is_ascii_digit()).collect();
            self.at += digits.len();
            digits.parse::<u32>().ok().filter(|number| *number <= MOST_REPEATS)
        };
        let least = number();
        let (least, most) = if self.peek() == Some(',') {
            self.at += 1;
            let mut digits = String::new();
            while let Some(digit) = self.peek().filter(char::is_ascii_digit) {
                digits.push(digit);
                self.at += 1;
            }
            let most = if digits.is_empty() { u32::MAX } else { digits.parse().ok()? };
            (least.unwrap_or(0), most)
        } else {
            (least?, least?)
        };
        (self.sign('}') && least <= most).then_some((least, most))
    }

    fn set(&mut self) -> Option<Node> {
        let negated = self.peek() == Some('^');
        self.at += usize::from(negated);
        let mut ranges = Vec::new();
        loop {
            let next = self.peek()?;
            self.at += 1;
            match next {
                ']' if !ranges.is_empty() => return Some(Node::Set { negated, ranges }),
                '[' if self.peek() == Some(':') => {
                    let rest: String = self.rest[self.at + 1..].iter().collect();
                    let (name, _) = rest.split_once(":]")?;
                    self.at += name.chars().count() + 3;
                    ranges.extend_from_slice(match name {
                        "alpha" => &[('a', 'z'), ('A', 'Z')][..],
                        "digit" => &[('0', '9')],
                        "alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9')],
                        "upper" => &[('A', 'Z')],
                        "lower" => &[('a', 'z')],
                        "space" => &[(' ', ' '), ('\t', '\r')],
                        "blank" => &[(' ', ' '), ('\t', '\t')],
                        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
                        "xdigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
                        _ => return None,
                    });
                }
                from => {
                    let is_range = self.peek() == Some('-')
                        && self.rest.get(self.at + 1).is_some_and(|end| *end != ']');
                    let to = if is_range { self.rest[self.at + 1] } else { from };
                    self.at += if is_range { 2 } else { 0 };
                    ranges.push((from, to));
                }
            }
        }
    }
}

struct Run<'a> {
    text: &'a str,
    steps: u32,
    ignore_case: bool,
}

/// What is to match behind a node.
type Then<'a> = &'a mut dyn FnMut(usize, &mut Place) -> bool;

impl Run<'_> {
    fn matches(&mut self, node: &Node, at: usize, groups: &mut Place, then: Then<'_>) -> bool {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return false;
        }
        let next = self.text[at..].chars().next();
        let behind = |next: char| at + next.len_utf8();
        match node {
            Node::Character(wanted) => match next {
                Some(next) if self.same(*wanted, next) => then(behind(next), groups),
                _ => false,
            },
            Node::Any => next.is_some_and(|next| then(behind(next), groups)),
            Node::Set { negated, ranges } => match next {
                Some(next) if self.is_in(next, ranges) != *negated => then(behind(next), groups),
                _ => false,
            },
            Node::Start => (at == 0 || self.text[..at].ends_with('\n')) && then(at, groups),
            Node::End => (next.is_none() || next == Some('\n')) && then(at, groups),
            Node::Edge => {
                let is_word =
                    |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() || one == '_');
                let before = self.text[..at].chars().next_back();
                is_word(before) != is_word(next) && then(at, groups)
            }
            Node::Sequence(nodes) => self.sequence(nodes, at, groups, then),
            Node::Either(branches) => {
                branches.iter().any(|branch| self.matches(branch, at, groups, then))
            }
            Node::Group(number, inner) => {
                let before = groups[*number];
                let matched = self.matches(inner, at, groups, &mut |end, groups| {
                    let outer = groups[*number];
                    groups[*number] = Some((at, end));
                    let matched = then(end, groups);
                    if !matched {
                        groups[*number] = outer;
                    }
                    matched
                });
                if !matched {
                    groups[*number] = before;
                }
                matched
            }
            Node::Repeat { node, least, most } => {
                self.repeat((node, *least, *most), 0, at, groups, then)
            }
        }
    }

    fn sequence(&mut self, nodes: &[Node], at: usize, groups: &mut Place, then: Then<'_>) -> bool {
        let Some((first, rest)) = nodes.split_first() else { return then(at, groups) };
        // The run is lent to the inner match, which lends it on through its own copy of the counters.
        let (text, ignore_case) = (self.text, self.ignore_case);
        let mut steps = self.steps;
        let mut inner = Run { text, steps, ignore_case };
        let matched = inner.matches(first, at, groups, &mut |end, groups| {
            let mut run = Run { text, steps, ignore_case };
            let matched = run.sequence(rest, end, groups, then);
            steps = run.steps;
            matched
        });
        self.steps = steps.max(inner.steps);
        matched
    }

    /// As often as possible first.
    fn repeat(
        &mut self,
        (node, least, most): (&Node, u32, u32),
        done: u32,
        at: usize,
        groups: &mut Place,
        then: Then<'_>,
    ) -> bool {
        // A simple node needs no way back through every call.
        if matches!(node, Node::Character(_) | Node::Any | Node::Set { .. }) {
            let mut ends = vec![at];
            while ends.len() <= most as usize {
                let end = ends[ends.len() - 1];
                let mut next = None;
                self.matches(node, end, groups, &mut |at, _| {
                    next = Some(at);
                    true
                });
                match next {
                    Some(next) => ends.push(next),
                    None => break,
                }
            }
            return (least as usize..ends.len()).rev().any(|index| then(ends[index], groups));
        }
        if done < most && done < MOST_REPEATS {
            let (text, ignore_case) = (self.text, self.ignore_case);
            let mut steps = self.steps;
            let mut inner = Run { text, steps, ignore_case };
            let matched = inner.matches(node, at, groups, &mut |end, groups| {
                if end == at {
                    return false;
                }
                let mut run = Run { text, steps, ignore_case };
                let matched = run.repeat((node, least, most), done + 1, end, groups, then);
                steps = run.steps;
                matched
            });
            self.steps = steps.max(inner.steps);
            if matched {
                return true;
            }
        }
        done >= least && then(at, groups)
    }

    fn same(&self, one: char, other: char) -> bool {
        one == other
            || (self.ignore_case
                && one.to_lowercase().to_string() == other.to_lowercase().to_string())
    }

    fn is_in(&self, one: char, ranges: &[(char, char)]) -> bool {
        let within = |one: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&one));
        within(one)
            || (self.ignore_case
                && (within(one.to_ascii_lowercase()) || within(one.to_ascii_uppercase())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: Option<Pattern>, text: &str, want: Option<&str>) {
        let place = pattern.expect("it is one").find(text, 0);
        let found = place.and_then(|place| place[0]).map(|(from, to)| &text[from..to]);
        assert_eq!(found, want, "in {text:?}");
    }

    #[test]
    fn patterns_match_what_they_say() {
        check(Pattern::basic("a.c"), "xabcx", Some("abc"));
        check(Pattern::basic("a\\|b"), "b", Some("b"));
        check(Pattern::basic("a|b"), "b", None);
        check(Pattern::extended("a|b"), "b", Some("b"));
        check(Pattern::extended("^Name: +"), "Name:   x", Some("Name:   "));
        check(Pattern::extended("(ab)+c?"), "xababc", Some("ababc"));
        check(Pattern::extended("[^ ]+$"), "a bc", Some("bc"));
        check(Pattern::extended("x{2,3}"), "xxxx", Some("xxx"));
        check(Pattern::extended("[[:digit:]]+"), "a12", Some("12"));
        check(Pattern::basic("\\bcat\\b"), "a cat.", Some("cat"));
        check(Pattern::basic("*"), "a*", Some("*"));
        check(
            Pattern::extended("ERR.*pull").map(Pattern::ignoring_case),
            "ErrImagePull",
            Some("ErrImagePull"),
        );
        assert_eq!(Pattern::extended("("), None);
        assert_eq!(Pattern::extended("[a"), None);
    }

    #[test]
    fn a_pattern_that_never_ends_is_given_up() {
        let pattern = Pattern::extended("(a*)*(a*)*(a*)*b").expect("it is one");
        assert!(!pattern.is_match(&"a".repeat(60)));
    }
}

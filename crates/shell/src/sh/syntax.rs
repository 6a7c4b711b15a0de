//! What a command line consists of.

/// Commands one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Script(pub(crate) Vec<AndOr>);

/// Pipelines joined by `&&` and `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AndOr {
    pub(crate) first: Pipeline,
    pub(crate) rest: Vec<(Joint, Pipeline)>,
}

/// Between two pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joint {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pipeline {
    /// `!` stands before it.
    pub(crate) negated: bool,
    pub(crate) commands: Vec<Command>,
}

/// One command of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) what: What,
    pub(crate) redirections: Vec<Redirection>,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// `A=1 kubectl get pods`
    Simple { assignments: Vec<(String, Word)>, words: Vec<Word> },
    /// `{ …; }`
    Group(Script),
    /// `( … )`: nothing that it sets outlives it.
    Subshell(Script),
    /// `if …; then …; else …; fi`; an `elif` is an `if` in the `else`.
    If { condition: Script, then: Script, otherwise: Script },
    /// `while …; do …; done`, or `until`.
    While { condition: Script, until: bool, body: Script },
    /// `for x in …; do …; done`
    For { name: String, words: Vec<Word>, body: Script },
}

/// Where a stream goes to or comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Redirection {
    /// `< file`
    From(Word),
    /// `<<END` and `<<< word`
    Text(Word),
    /// `> file`, `>> file`, `2> file`
    To { stream: u8, file: Word, append: bool },
    /// `2>&1`, `>&2`
    Duplicate { stream: u8, of: u8 },
    /// `&> file`
    Both(Word),
}

/// A word in its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Word(pub(crate) Vec<Part>);

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text as it is, outside of quotes.
    Plain(String),
    /// Text in quotes or behind a backslash.
    Quoted(String),
    /// `$name`, `${name:-word}`
    Parameter { name: String, otherwise: Option<(Otherwise, Word)>, quoted: bool },
    /// `$(…)`
    Substitution { script: Script, quoted: bool },
}

/// What `${name…word}` does where the variable is not set; with a colon also where it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Otherwise {
    pub(crate) also_empty: bool,
    pub(crate) then: Then,
}

/// `-`, `=`, `?` and `+`; and what cuts a pattern off, or counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Use,
    Assign,
    Fail,
    /// The word stands for the variable where it is set.
    Instead,
    /// `#`, and `##`
    CutFront {
        longest: bool,
    },
    /// `%`, and `%%`
    CutEnd {
        longest: bool,
    },
    /// `${#name}`
    Length,
}

impl Word {
    /// The text of a word without expansions.
    pub(crate) fn literal(&self) -> Option<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Plain(part) | Part::Quoted(part) => text.push_str(part),
                Part::Parameter { .. } | Part::Substitution { .. } => return None,
            }
        }
        Some(text)
    }

    /// Whether nothing of it was quoted, as a keyword must be.
    fn is_plain(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Plain(_)))
    }

    /// The keyword that it may be.
    pub(crate) fn keyword(&self) -> Option<String> {
        self.literal().filter(|_| self.is_plain())
    }
}

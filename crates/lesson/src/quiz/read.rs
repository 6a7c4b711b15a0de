//! A file to a [`Quiz`], with every problem told at its place.

use std::collections::{BTreeMap, BTreeSet};

use pullpath_view::block::{Block, Inline};

use super::{
    CHOICE, Choice, FIELDS, FORMAT, ITEM, Item, Kind, LINE, LOCATE, Locate, NEARLY, OPTION, ORDER,
    PREDICT, Predict, QUESTION, Question, Quiz, SHORT, Short,
};
use crate::command;
use crate::diagnostic::{Checked, Diagnostic, any_errors};
use crate::fields::{Fields, Node, Sink, short};
use crate::intake::{self, Profile};
use crate::markdown;
use crate::prediction::{Outcome, UNSURE};
use crate::prose::{self, Markdown, Prose};
use crate::scenario::Workload;
use crate::source::Span;

/// The kinds of questions.
const KINDS: [&str; 5] = ["choice", "short", "predict", "order", "locate"];
/// Nothing of a quiz has more parts.
const MOST: usize = 200;

impl Quiz {
    /// Reads a quiz; `name` is the file's without folder and `.yaml`.
    pub fn read(file: &str, name: &str, text: &str) -> Checked<Self> {
        Self::read_with(file, name, text, &Markdown)
    }

    /// The same, with the Markdown read in another way.
    pub fn read_with(file: &str, name: &str, text: &str, prose: &dyn Prose) -> Checked<Self> {
        let read = intake::read(file, text, Profile::Authored);
        let mut diagnostics = read.diagnostics;
        let Some(documents) = read.value else { return Checked { value: None, diagnostics } };
        let [document] = &documents[..] else {
            let message = format!("the file has {} documents", documents.len());
            let wrong = Diagnostic::error("not-one-document", file, 0..0, message);
            diagnostics.push(wrong.hint("write one map, beginning with `format: 1`"));
            return Checked { value: None, diagnostics };
        };
        let sink = Sink::new(file, 0);
        let mut reader = Reader::new(prose, QUESTION, None);
        let quiz = reader.quiz(&Node::root(&sink, document), name, crate::hash(&[text]));
        diagnostics.extend(sink.into_found());
        diagnostics.extend(reader.found);
        pullpath_model::ordered::sort_by_key(&mut diagnostics, |found| found.span.start);
        intake::truncate(&mut diagnostics);
        let value = quiz.filter(|_| !any_errors(&diagnostics));
        Checked { value, diagnostics }
    }
}

/// Reads questions, of a quiz or of a scenario.
pub(crate) struct Reader<'a> {
    prose: &'a dyn Prose,
    // The fields that a question may have.
    fields: &'a [&'a str],
    // The scenario that asks, which is then the one that predictions are about.
    scenario: Option<&'a str>,
    // Problems in the Markdown inside the file.
    pub(crate) found: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    /// Questions may have these fields. `scenario` is the one that asks them, if one does.
    pub(crate) fn new(
        prose: &'a dyn Prose,
        fields: &'a [&'a str],
        scenario: Option<&'a str>,
    ) -> Self {
        Self { prose, fields, scenario, found: Vec::new() }
    }
}

impl Reader<'_> {
    fn quiz(&mut self, root: &Node<'_>, name: &str, content: String) -> Option<Quiz> {
        if let Some(format) = root.peek("format")
            && format.number() != Some(FORMAT)
        {
            let hint = "this program reads `format: 1`; a newer one may read the file";
            format.error("unknown-format", "this version of the format is not known", hint);
            return None;
        }
        let fields = root.map(FIELDS)?;
        fields.need("format", "write `format: 1` on the first line");
        let id_hint = "write the file's name without `.yaml`";
        let id = fields.need("id", id_hint).and_then(|node| id_at(&node).map(|id| (node, id)));
        if let Some((node, id)) = &id
            && id != name
        {
            let hint = format!("write `id: {name}`, or rename the file");
            node.error("id-mismatch", "the id differs from the file's name", hint);
        }
        let text = |name: &str, hint: &str| {
            fields.need(name, hint).and_then(|node| Some(node.text()?.to_owned()))
        };
        let title = text("title", "write a few words");
        let summary = text("summary", "write a sentence or two");
        let topic = text("topic", "write the group it stands in, for example `Attaching`");
        let minutes = fields.need("minutes", "write about how many minutes it takes");
        let minutes = minutes.and_then(|node| node.whole(1, 600));
        let version =
            fields.need("version", "write `version: 1`").and_then(|node| node.whole(1, 1_000_000));
        let questions_node = fields.need("questions", "write a list of questions");
        let questions = questions_node.as_ref().map(|node| self.questions(node));
        let total = questions.as_ref().and_then(|(questions, complete)| {
            complete.then(|| questions.iter().map(|question| question.points).sum::<u32>())
        });
        let pass = match fields.get("pass") {
            None => total,
            Some(node) => node.whole(1, 1_000_000).map(|pass| {
                if let Some(total) = total.filter(|total| pass > u64::from(*total)) {
                    let message =
                        format!("{pass} points are needed, but the questions give {total}");
                    node.error(
                        "pass-above-total",
                        message,
                        format!("write at most `pass: {total}`"),
                    );
                }
                pass as u32
            }),
        };
        Some(Quiz {
            id: id?.1,
            title: title?,
            summary: summary?,
            topic: topic?,
            minutes: minutes? as u32,
            version: version? as u32,
            content,
            pass: pass?,
            questions: questions?.0,
        })
    }

    /// The questions that could be read, and whether that is all of them.
    fn questions(&mut self, node: &Node<'_>) -> (Vec<Question>, bool) {
        let items = few(node, "questions");
        if items.is_empty() {
            node.error("no-questions", "there is nothing to answer", "write at least one question");
        }
        let mut ids = BTreeSet::new();
        let read: Vec<Question> =
            items.iter().filter_map(|item| self.question(item, &mut ids)).collect();
        let complete = read.len() == items.len() && !items.is_empty();
        (read, complete)
    }

    /// One question, whose id is none of `ids` yet.
    pub(crate) fn question(
        &mut self,
        item: &Node<'_>,
        ids: &mut BTreeSet<String>,
    ) -> Option<Question> {
        let fields = item.map(self.fields)?;
        let id = own_id(&fields, ids, "question");
        let points = fields.get("points").map_or(Some(1), |node| node.whole(1, 1000));
        let prompt = self.prose(&fields, "prompt", "write what is asked");
        let explanation = self.prose(
            &fields,
            "explanation",
            "write why it is so: it is shown with the result, whatever was answered",
        );
        let given: Vec<(&str, Node<'_>)> =
            KINDS.iter().filter_map(|kind| Some((*kind, fields.get(kind)?))).collect();
        let kind = match &given[..] {
            [(kind, node)] => self.kind(kind, node),
            _ => {
                let message = match given.len() {
                    0 => "it is not said how the question is answered",
                    _ => "a question is answered in one way",
                };
                let hint = "write one of `choice`, `short`, `predict`, `order` and `locate`";
                item.error("bad-question", message, hint);
                None
            }
        };
        let (id, span) = id?;
        Some(Question {
            id,
            points: points? as u32,
            prompt: prompt?,
            explanation: explanation?,
            kind: kind?,
            span,
        })
    }

    fn kind(&mut self, kind: &str, node: &Node<'_>) -> Option<Kind> {
        match kind {
            "choice" => self.choice(node),
            "short" => self.short(node),
            "predict" => self.predict(node),
            "order" => self.order(node),
            _ => self.locate(node),
        }
    }

    fn choice(&mut self, node: &Node<'_>) -> Option<Kind> {
        let fields = node.map(CHOICE)?;
        let options = fields.need("options", "write a list of `{ id, text, right, chosen }`")?;
        let items = few(&options, "options");
        let mut ids = BTreeSet::new();
        let mut texts = BTreeSet::new();
        let mut read = Vec::new();
        for item in &items {
            let Some(fields) = item.map(OPTION) else { continue };
            let id = own_id(&fields, &mut ids, "option");
            let text = self.line(&fields, "text", "write what is to be chosen");
            let right = fields.get("right").map_or(Some(false), |node| node.truth());
            let hint = "write what is said to somebody who chooses it, also where it is right";
            let chosen = self.prose(&fields, "chosen", hint);
            let not_chosen =
                fields.get("not-chosen").map(|node| prose::of(&node, self.prose, &mut self.found));
            if let Some(text) = &text
                && !texts.insert(markdown::plain(text).to_lowercase())
            {
                let hint = "nobody can tell the two apart";
                item.error("duplicate-option", "another option has the same words", hint);
            }
            if let (Some((id, _)), Some(text), Some(right), Some(chosen)) =
                (id, text, right, chosen)
            {
                let not_chosen = not_chosen.unwrap_or_default();
                read.push(Choice { id, text, right, chosen, not_chosen });
            }
        }
        if items.len() < 2 {
            let hint = "write at least two";
            options.error("too-few-options", "there is nothing to choose between", hint);
            return None;
        }
        if read.len() < items.len() {
            return None;
        }
        if read.iter().all(|option| !option.right) {
            options.error("no-right-option", "no option is right", "write `right: true` at one");
        } else if read.iter().all(|option| option.right) {
            let hint = "a question that nobody can get wrong asks nothing";
            options.error("no-wrong-option", "every option is right", hint);
        }
        Some(Kind::Choice(read))
    }

    fn short(&mut self, node: &Node<'_>) -> Option<Kind> {
        let fields = node.map(SHORT)?;
        let answer = fields.need("answer", "write the answer that is shown in the end");
        let texts = |node: Option<Node<'_>>| -> Vec<String> {
            let items = node.iter().flat_map(|node| few(node, "answers")).collect::<Vec<_>>();
            items.iter().filter_map(|item| Some(item.text()?.to_owned())).collect()
        };
        let exact = fields.get("exact").map_or(Some(false), |node| node.truth())?;
        let mut short = Short {
            answer: answer.as_ref().and_then(|node| Some(node.text()?.to_owned()))?,
            also: texts(fields.get("also")),
            exact,
            nearly: Vec::new(),
            otherwise: Vec::new(),
        };
        let mut known = BTreeSet::from([short.fold(&short.answer)]);
        let mut fresh = |node: &Node<'_>, short: &Short| {
            if let Some(text) = node.string()
                && !known.insert(short.fold(text))
            {
                let hint = "case, quotes and extra space do not count: take one of them away";
                node.error("duplicate-answer", "the same answer stands here already", hint);
            }
        };
        for node in fields.get("also").iter().flat_map(Node::items) {
            fresh(&node, &short);
        }
        for item in fields.get("nearly").iter().flat_map(|node| few(node, "answers")) {
            let Some(inner) = item.map(NEARLY) else { continue };
            let answers = inner.need("answers", "write a list of wrong answers");
            for node in answers.iter().flat_map(Node::items) {
                fresh(&node, &short);
            }
            let say = self.prose(&inner, "say", "write what is said to them");
            short.nearly.push((texts(answers), say.unwrap_or_default()));
        }
        let hint = "write what is said to any other answer";
        short.otherwise = self.prose(&fields, "otherwise", hint)?;
        Some(Kind::Short(short))
    }

    fn predict(&mut self, node: &Node<'_>) -> Option<Kind> {
        let fields = node.map(PREDICT)?;
        let scenario = self.scenario_of(&fields);
        let about = fields.need(
            "about",
            "write the Deployment: `namespace/name`; of another kind `kind/namespace/name`",
        );
        let workload = about.as_ref().and_then(|node| {
            let hint = "write it like `payments/payment-api`, or `daemonset/logging/agent`";
            node.parsed("bad-workload", "a workload", hint, Workload::parse)
        });
        let mut files = BTreeMap::new();
        for (name, text) in fields.get("files").iter().flat_map(Node::entries) {
            if let Some(text) = text.text() {
                files.insert(name.to_owned(), text.to_owned());
            }
        }
        let commands = fields.get("commands").and_then(|node| self.commands(&node));
        let words = Outcome::ALL.map(|outcome| (outcome.name(), outcome));
        let expect_node = fields.get("expect");
        let expect = expect_node.as_ref().and_then(|node| node.word(&words));
        let mut say = BTreeMap::new();
        for (name, text) in fields.get("say").iter().flat_map(Node::entries) {
            let known = words.iter().map(|(word, _)| *word).chain([UNSURE]);
            if text.key_reference("unknown-outcome", "outcome", name, known).is_some() {
                say.insert(name.to_owned(), prose::of(&text, self.prose, &mut self.found));
            }
        }
        let (scenario, scenario_span) = scenario?;
        let commands = match (commands, files.is_empty()) {
            (Some(commands), _) => commands,
            // As a learner would: changed files are applied.
            (None, false) => vec![command::Command::Apply],
            (None, true) => Vec::new(),
        };
        Some(Kind::Predict(Predict {
            scenario,
            about: workload?,
            files,
            commands,
            expect,
            say,
            scenario_span,
            about_span: about?.span(),
            expect_span: expect_node.map_or_else(|| node.span(), |node| node.span()),
        }))
    }

    /// The scenario that a prediction plays, and where it is named.
    fn scenario_of(&self, fields: &Fields<'_>) -> Option<(String, Span)> {
        let Some(own) = self.scenario else {
            let node = fields.need("scenario", "write the name of a scenario's folder")?;
            return Some((node.text()?.to_owned(), node.span()));
        };
        let Some(node) = fields.get("scenario") else { return Some((own.to_owned(), 0..0)) };
        if node.text()? != own {
            let message = "a question in a scenario is about that scenario";
            node.error("other-scenario", message, format!("write `{own}`, or take it away"));
        }
        Some((own.to_owned(), node.span()))
    }

    /// The lines of `commands`; their problems are told at the whole text.
    fn commands(&mut self, node: &Node<'_>) -> Option<Vec<command::Command>> {
        let text = node.text()?;
        let mut found = Vec::new();
        let commands = command::read(node.file(), text, &mut found);
        self.found.extend(found.into_iter().map(|told| Diagnostic { span: node.span(), ..told }));
        Some(commands)
    }

    fn order(&mut self, node: &Node<'_>) -> Option<Kind> {
        let fields = node.map(ORDER)?;
        let list = fields.need("items", "write a list of `{ id, text }` in the right order")?;
        let items = few(&list, "items");
        if items.len() < 3 {
            let hint = "write at least three: two are a coin's toss";
            list.error("too-few-items", "there is too little to put in order", hint);
        }
        let mut ids = BTreeSet::new();
        let mut read = Vec::new();
        for item in &items {
            let Some(fields) = item.map(ITEM) else { continue };
            let id = own_id(&fields, &mut ids, "item");
            let text = self.line(&fields, "text", "write what is to be put in order");
            if let (Some((id, _)), Some(text)) = (id, text) {
                read.push(Item { id, text });
            }
        }
        let otherwise = self.prose(&fields, "otherwise", "write what is said to any other order");
        Some(Kind::Order { items: read, otherwise: otherwise? })
    }

    fn locate(&mut self, node: &Node<'_>) -> Option<Kind> {
        let fields = node.map(LOCATE)?;
        let hint = "write the manifest as a block of text: `manifest: |`";
        let manifest = fields.need("manifest", hint).and_then(|node| Some(node.text()?.to_owned()));
        let right_node = fields.need("line", "write the line that is to be found, as it stands");
        let otherwise = self.prose(&fields, "otherwise", "write what is said to any other line");
        let manifest = manifest?;
        let mut known = BTreeSet::new();
        let mut right = Vec::new();
        let also = fields.get("also").map(|node| few(&node, "lines")).unwrap_or_default();
        for node in right_node.iter().chain(&also) {
            right.extend(line_of(node, &manifest, &mut known));
        }
        let mut lines = Vec::new();
        for item in fields.get("lines").iter().flat_map(|node| few(node, "lines")) {
            let Some(inner) = item.map(LINE) else { continue };
            let line = inner.need("line", "write a line of the manifest");
            let say = self.prose(&inner, "say", "write what is said to somebody who chose it");
            let number = line.and_then(|node| line_of(&node, &manifest, &mut known));
            lines.extend(number.zip(say));
        }
        if right.is_empty() {
            return None;
        }
        Some(Kind::Locate(Locate { manifest, right, lines, otherwise: otherwise? }))
    }

    /// A field of Markdown that must say something.
    fn prose(&mut self, fields: &Fields<'_>, name: &str, hint: &str) -> Option<Vec<Block>> {
        let node = fields.need(name, hint)?;
        node.text()?;
        Some(prose::of(&node, self.prose, &mut self.found))
    }

    /// A field of Markdown that is one line.
    fn line(&mut self, fields: &Fields<'_>, name: &str, hint: &str) -> Option<Vec<Inline>> {
        let node = fields.need(name, hint)?;
        let blocks = self.prose(fields, name, hint)?;
        match <[Block; 1]>::try_from(blocks) {
            Ok([Block::Paragraph { text }]) => Some(text),
            _ => {
                node.error(
                    "not-one-line",
                    "this is more than one line",
                    "write one short sentence",
                );
                None
            }
        }
    }
}

/// The items of a list that is not absurdly long.
fn few<'a>(node: &Node<'a>, what: &str) -> Vec<Node<'a>> {
    let mut items = node.list();
    if items.len() > MOST {
        node.error("too-many-parts", format!("more than {MOST} {what}"), "split the quiz");
        items.truncate(MOST);
    }
    items
}

fn id_at(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let fits = (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        let hint = "use 1 to 40 lower-case letters, digits and `-`";
        node.error("bad-id", format!("`{}` cannot be an id", short(text)), hint);
    }
    fits.then(|| text.to_owned())
}

fn own_id(fields: &Fields<'_>, ids: &mut BTreeSet<String>, what: &str) -> Option<(String, Span)> {
    let node = fields.need("id", "write a short name: answers are kept under it")?;
    let id = id_at(&node)?;
    if !ids.insert(id.clone()) {
        let hint = "answers are kept under the id: give each its own";
        node.error("duplicate-id", format!("another {what} has the id `{id}`"), hint);
        return None;
    }
    Some((id, node.span()))
}

/// The number of the one line of a manifest that reads like this, white space around it aside.
fn line_of(node: &Node<'_>, manifest: &str, known: &mut BTreeSet<u32>) -> Option<u32> {
    let text = node.text()?.trim();
    let same = |(_, line): &(usize, &str)| line.trim() == text;
    let found: Vec<u32> =
        manifest.lines().enumerate().filter(same).map(|(place, _)| place as u32 + 1).collect();
    match found[..] {
        [line] if known.insert(line) => Some(line),
        [_] => {
            node.error("duplicate-line", "this line is named already", "name each line once");
            None
        }
        [] => {
            let lines = manifest.lines().map(str::trim).filter(|line| !line.is_empty());
            let near = crate::diagnostic::did_you_mean(text, lines);
            let hint = near.unwrap_or_else(|| "write a whole line, as it stands".to_owned());
            node.error(
                "no-such-line",
                format!("no line of the manifest is `{}`", short(text)),
                hint,
            );
            None
        }
        _ => {
            let message = format!("{} lines of the manifest are `{}`", found.len(), short(text));
            node.error("ambiguous-line", message, "ask for a line that is there once");
            None
        }
    }
}

//! The questions of a scenario file: its own, and those that it takes from a quiz.

use std::collections::BTreeSet;

use super::{Due, FILE, Posed, QUIZZES};
use crate::Texts;
use crate::diagnostic::Diagnostic;
use crate::fields::{Fields, Node, short};
use crate::prose::Prose;
use crate::quiz::{self, Kind, Question, Quiz};

/// The fields of a question of the scenario's own: those of a question in a quiz, and when it is asked.
const OWN: [&str; 10] = [
    "id",
    "points",
    "prompt",
    "explanation",
    "choice",
    "short",
    "predict",
    "order",
    "locate",
    "ask",
];
/// The fields of one that is taken from a quiz.
const TAKEN: [&str; 5] = ["quiz", "question", "id", "points", "ask"];

/// The list of questions in a scenario file, with what stands around it.
pub struct Section<'a> {
    pub(super) node: Node<'a>,
    /// The scenario's folder, with the quizzes laid into it.
    pub(super) texts: &'a Texts,
    /// The scenario's id.
    pub(super) scenario: &'a str,
    /// Ids that stand for something else already.
    pub(super) ids: BTreeSet<String>,
}

/// Lays quizzes into the texts of a scenario's folder that asks questions: those of `others`, by path, that do not stand in it
/// already. A question names its quiz, which stands beside the scenario's folder.
pub fn lay_out_quizzes<'t>(
    folder: &mut Texts,
    others: &mut dyn Iterator<Item = (&'t String, &'t String)>,
) {
    // Reading says more exactly whether there are any; a text too many does no harm.
    if !folder.get(FILE).is_some_and(|text| text.contains("questions:")) {
        return;
    }
    for (path, text) in others.filter(|(path, _)| path.ends_with(".yaml")) {
        let name = path.rsplit('/').next().unwrap_or_default();
        folder.entry(format!("{QUIZZES}{name}")).or_insert_with(|| text.clone());
    }
}

/// Reads them.
pub(crate) fn read(
    around: &Section<'_>,
    prose: &dyn Prose,
    found: &mut Vec<Diagnostic>,
) -> Vec<Posed> {
    let node = &around.node;
    let items = node.list();
    if items.is_empty() {
        node.error("no-questions", "there is nothing to answer", "write one, or take it away");
    }
    let mut reader = quiz::Reader::new(prose, &OWN, Some(around.scenario));
    let mut ids = around.ids.clone();
    let posed = items.iter().filter_map(|item| {
        let question = match item.peek("quiz") {
            Some(_) => taken(item, around, prose, &mut ids)?,
            None => reader.question(item, &mut ids)?,
        };
        let words = Due::ALL.map(|due| (due.name(), due));
        let due = item.peek("ask").map_or(Some(Due::AfterPass), |node| node.word(&words))?;
        Some(Posed { question, due })
    });
    let posed = posed.collect();
    found.append(&mut reader.found);
    posed
}

/// A question of a quiz, under its own id and with its own points unless others are given.
fn taken(
    item: &Node<'_>,
    around: &Section<'_>,
    prose: &dyn Prose,
    ids: &mut BTreeSet<String>,
) -> Option<Question> {
    let fields = item.map(&TAKEN)?;
    let hint = "write the name of a file in `quizzes`, beside `scenarios`";
    let quiz_node = fields.need("quiz", hint)?;
    let question_node = fields.need("question", "write the id of a question of that quiz");
    let quiz = quiz_of(&quiz_node, around, prose)?;
    let known = quiz.questions().iter().map(|question| question.id.as_str());
    let node = question_node?;
    let id = node.reference("unknown-question", "question", known)?;
    let question = quiz.questions().iter().find(|question| question.id == id)?;
    let mut question = Question { span: node.span(), ..question.clone() };
    own_words(&fields, &mut question)?;
    let Question { id, .. } = &question;
    if !ids.insert(id.clone()) {
        let at = fields.get("id").unwrap_or_else(|| node.clone());
        let message = format!("`{id}` is the id of something else already");
        at.error("duplicate-id", message, "give the question another one: `id: …`");
    }
    if let Kind::Predict(predict) = &mut question.kind {
        if predict.scenario != around.scenario {
            let message =
                format!("this question is about another scenario, `{}`", predict.scenario);
            let hint = "a scenario can only ask what becomes of itself";
            node.error("other-scenario", message, hint);
        }
        for span in [&mut predict.scenario_span, &mut predict.about_span, &mut predict.expect_span]
        {
            *span = node.span();
        }
    }
    Some(question)
}

/// The id and the points that are given here.
fn own_words(fields: &Fields<'_>, question: &mut Question) -> Option<()> {
    if let Some(node) = fields.get("id") {
        question.id = super::read::id_at(&node)?;
    }
    if let Some(node) = fields.get("points") {
        question.points = node.whole(1, 1000)? as u32;
    }
    Some(())
}

fn quiz_of(node: &Node<'_>, around: &Section<'_>, prose: &dyn Prose) -> Option<Quiz> {
    let laid = around.texts.keys().filter_map(|path| path.strip_prefix(QUIZZES));
    let known = laid.filter_map(|name| name.strip_suffix(".yaml"));
    let name = node.reference("unknown-quiz", "quiz", known)?;
    let path = format!("{QUIZZES}{name}.yaml");
    let read = || Quiz::read_with(&path, name, &around.texts[&path], prose).into_result().ok();
    #[cfg(feature = "schema")]
    let quiz = crate::fields::record::aside(read);
    #[cfg(not(feature = "schema"))]
    let quiz = read();
    if quiz.is_none() {
        let message = format!("the quiz `{}` has mistakes", short(name));
        node.error(
            "broken-quiz",
            message,
            format!("`pullpath check quizzes/{name}.yaml` tells them"),
        );
    }
    quiz
}

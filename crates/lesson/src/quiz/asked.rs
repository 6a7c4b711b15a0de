//! A quiz as it is put to learners: shuffled, and without what is right.

use pullpath_model::ordered;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pullpath_view::quiz::{Choice, Form, Question};

use super::{Kind, Quiz};
use crate::prediction::{Outcome, UNSURE};
use pullpath_view::block::Inline;

impl Quiz {
    /// The questions as they are asked. Authors write what is right first, and things to be ordered in order, so both
    /// are shuffled; the same way each time, so that nobody's page jumps.
    pub fn asked(&self) -> Vec<Question> {
        self.questions.iter().map(|question| question.asked(&self.id)).collect()
    }
}

impl super::Question {
    /// The question as it is put. `by` is the id of the quiz or scenario that asks it.
    pub fn asked(&self, by: &str) -> Question {
        let form = match &self.kind {
            Kind::Choice(options) => {
                let choice = |option: &super::Choice| Choice {
                    id: option.id.clone(),
                    text: option.text.clone(),
                };
                Form::Choice {
                    several: options.iter().filter(|option| option.right).count() > 1,
                    options: self.shuffled(by, options.iter().map(choice).collect()),
                }
            }
            Kind::Short(_) => Form::Short,
            Kind::Predict(predict) => {
                let choice = |id: &str, words: &str| Choice {
                    id: id.to_owned(),
                    text: vec![Inline::Text(words.to_owned())],
                };
                let outcomes = Outcome::ALL.map(|outcome| choice(outcome.name(), outcome.words()));
                let unsure = choice(UNSURE, "I don't know");
                Form::Predict {
                    scenario: predict.scenario.clone(),
                    about: predict.about.to_string(),
                    options: outcomes.into_iter().chain([unsure]).collect(),
                }
            }
            Kind::Order { items, .. } => {
                let item =
                    |item: &super::Item| Choice { id: item.id.clone(), text: item.text.clone() };
                let right: Vec<Choice> = items.iter().map(item).collect();
                let mut shown = self.shuffled(by, right.clone());
                if shown == right {
                    shown.rotate_left(1);
                }
                Form::Order { items: shown }
            }
            Kind::Locate(locate) => Form::Locate { manifest: locate.manifest.clone() },
        };
        Question { id: self.id.clone(), points: self.points, prompt: self.prompt.clone(), form }
    }

    fn shuffled(&self, by: &str, mut choices: Vec<Choice>) -> Vec<Choice> {
        ordered::sort_by_key(&mut choices, |choice| crate::hash(&[by, &self.id, &choice.id]));
        choices
    }
}

/// Writes a quiz's file so that nobody reads the answers by accident. It is no secret: what judges them is in the
/// browser too.
pub fn seal(text: &str) -> String {
    STANDARD.encode(text)
}

/// The file again.
pub fn unseal(sealed: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(sealed).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiz() -> Quiz {
        let text = include_str!("../../../../tests/broken/base-quiz.yaml");
        Quiz::read("base-quiz.yaml", "base-quiz", text).into_result().unwrap()
    }

    #[test]
    fn what_is_asked_does_not_say_what_is_right() {
        let asked = quiz().asked();
        let text = format!("{asked:?}");
        // Feedback and explanations are said later, and the word to be found is nowhere.
        for hidden in
            ["is chosen", "imagePullSecrets", "right", "Otherwise", "It is empty", "mends"]
        {
            assert!(!text.contains(hidden), "{hidden}");
        }
        let Form::Order { items } = &asked[4].form else { panic!("an order") };
        let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
        assert_ne!(ids, ["first", "second", "third"]);
        let several = asked.iter().map(|question| match &question.form {
            Form::Choice { several, .. } => Some(*several),
            _ => None,
        });
        assert_eq!(several.take(2).collect::<Vec<_>>(), [Some(false), Some(true)]);
    }

    #[test]
    fn a_seal_opens() {
        assert_eq!(unseal(&seal("é: 1\n")).as_deref(), Some("é: 1\n"));
        assert_eq!(unseal("§"), None);
    }
}

//! People who answer prompts.

use crate::prompt::Prompt;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// Answers with what was laid ready, and remembers what was asked and shown.
#[derive(Default)]
pub(super) struct Person {
    answers: Mutex<Vec<String>>,
    heard: Mutex<Vec<String>>,
}

impl Person {
    pub(super) fn with(answers: &[&str]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|answer| (*answer).to_owned()).collect();
        Arc::new(Self { answers: Mutex::new(answers), heard: Mutex::default() })
    }

    /// What was asked (`secret:`, `line:`, `confirm:`) and shown (`show:`), in order.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn hear(&self, kind: &str, text: &str) {
        self.heard.lock().unwrap().push(format!("{kind}:{text}"));
    }

    fn answer(&self) -> Option<String> {
        self.answers.lock().unwrap().pop()
    }
}

impl Prompt for Person {
    fn secret(&self, question: &str) -> Option<Zeroizing<String>> {
        self.hear("secret", question);
        self.answer().map(Zeroizing::new)
    }
    fn line(&self, question: &str) -> Option<String> {
        self.hear("line", question);
        self.answer()
    }
    fn confirm(&self, question: &str) -> bool {
        self.hear("confirm", question);
        self.answer().as_deref() == Some("yes")
    }
    fn show(&self, text: &str) {
        self.hear("show", text);
    }
}

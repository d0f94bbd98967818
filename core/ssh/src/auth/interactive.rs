//! The `keyboard-interactive` method (RFC 4256): the server asks, as often and as much as it likes.

use super::AuthError;
use super::methods::name;
use super::negotiation::{Answer, Negotiation, patient};
use super::password::ask_secret;
use crate::limits;
use crate::settings::Method;
use crate::terminal::visible::{visible, visible_lines};
use russh::client::{Handler, KeyboardInteractiveAuthResponse as Response, Prompt as Question};

const METHOD: &str = "keyboard-interactive";

impl<H: Handler> Negotiation<'_, H> {
    /// One dialogue, to its end.
    pub(super) async fn keyboard_interactive(&mut self) -> Result<Answer, AuthError> {
        debug_assert_eq!(METHOD, name(Method::KeyboardInteractive));
        // A server that offers the method and then asks nothing is not tried again.
        let unasked = self.dialogues_begun > 0 && !self.dialogue_seen;
        if self.dialogues_begun >= self.request.settings.password_prompts || unasked {
            return Ok(Answer::Nothing);
        }
        self.dialogues_begun += 1;
        let devices = self.request.settings.kbd_interactive_devices.clone();
        let request = self.handle.authenticate_keyboard_interactive_start(self.request.user, devices);
        let mut response = patient(request, METHOD, self.request.patience, None).await?.map_err(|_| self.closed())?;
        let mut abandoned = false;
        let mut requests = 0;
        loop {
            match response {
                Response::Success => return Ok(Answer::Success),
                Response::Failure { remaining_methods, partial_success } => {
                    if abandoned {
                        // Asking once more would end in the same way.
                        self.dialogues_begun = u32::MAX;
                    } else if !partial_success {
                        self.tried.note(format!("tried {METHOD}: refused"));
                    }
                    return self.failure(&remaining_methods, partial_success);
                }
                Response::InfoRequest { name, instructions, prompts } => {
                    self.dialogue_seen = true;
                    requests += 1;
                    check(requests, limits::DIALOGUE_REQUESTS, "requests in one dialogue")?;
                    check(prompts.len(), limits::DIALOGUE_QUESTIONS, "questions at once")?;
                    self.show(&name, &instructions).await;
                    let answers = match self.answers(&prompts).await {
                        Some(answers) => answers,
                        None => {
                            self.tried.note(format!("{METHOD}: nobody could be asked, or nobody answered"));
                            abandoned = true;
                            // The server waits for as many answers as it asked for.
                            vec![String::new(); prompts.len()]
                        }
                    };
                    let request = self.handle.authenticate_keyboard_interactive_respond(answers);
                    response =
                        patient(request, METHOD, self.request.patience, None).await?.map_err(|_| self.closed())?;
                }
            }
        }
    }

    async fn show(&self, name: &str, instructions: &str) {
        for text in [name, instructions].into_iter().filter(|text| !text.is_empty()) {
            let (prompt, text) = (self.prompt.clone(), visible_lines(text.as_bytes()));
            // A panic of the prompt is not ours to handle, and nothing is lost with the text.
            let _ = tokio::task::spawn_blocking(move || prompt.show(&text)).await;
        }
    }

    async fn answers(&self, questions: &[Question]) -> Option<Vec<String>> {
        let who = format!("({}@{})", self.request.user, visible(self.request.prompt_host().as_bytes()));
        let mut answers = Vec::new();
        for Question { prompt: text, echo } in questions {
            let question = format!("{who} {}", visible_lines(text.as_bytes()));
            let answer = if *echo {
                let prompt = self.prompt.clone();
                tokio::task::spawn_blocking(move || prompt.line(&question)).await.ok()??
            } else {
                ask_secret(&self.prompt, question).await?.as_str().to_owned()
            };
            answers.push(answer);
        }
        Some(answers)
    }
}

fn check(count: usize, limit: usize, what: &'static str) -> Result<(), AuthError> {
    if count > limit { Err(AuthError::Limit { what, limit }) } else { Ok(()) }
}

//! The `password` method (RFC 4252, section 8).
//!
//! A server may answer with a request for a new password. russh passes that by in silence, and the server goes on waiting:
//! so the wait for the answer has an end, and its error says what may be behind it.

use super::AuthError;
use super::methods::name;
use super::negotiation::{Answer, Negotiation, patient};
use crate::prompt::Prompt;
use crate::settings::Method;
use log::error;
use russh::client::Handler;
use std::sync::Arc;
use zeroize::Zeroizing;

impl<H: Handler> Negotiation<'_, H> {
    /// Asks for the password, once, and sends it.
    pub(super) async fn password(&mut self) -> Result<Answer, AuthError> {
        let method = name(Method::Password);
        if self.passwords_sent >= self.request.settings.password_prompts {
            return Ok(Answer::Nothing);
        }
        if self.passwords_sent > 0 {
            error!("Permission denied, please try again.");
        }
        let question = format!("{}@{}'s password: ", self.request.user, self.request.prompt_host());
        let Some(password) = ask_secret(&self.prompt, question).await else {
            self.tried.note(format!("{method}: nobody could be asked for it, or nobody answered"));
            return Ok(Answer::Nothing);
        };
        self.passwords_sent += 1;
        let request = self.handle.authenticate_password(self.request.user, password.as_str());
        let result = patient(request, method, self.request.patience, None).await?;
        let answer = self.answer(result.map_err(AuthError::Protocol)?)?;
        if matches!(answer, Answer::Failure { partial: false, .. }) {
            self.tried.note(format!("tried {method}: refused"));
        }
        Ok(answer)
    }
}

/// A question for a secret, without holding up the runtime.
pub(super) async fn ask_secret(prompt: &Arc<dyn Prompt>, question: String) -> Option<Zeroizing<String>> {
    let prompt = prompt.clone();
    tokio::task::spawn_blocking(move || prompt.secret(&question)).await.ok()?
}

//! A server that does as its script says, in the same process.

use super::client::Login;
use crate::auth::{AuthError, AuthReport};
use russh::keys::{PrivateKey, key::safe_rng};
use russh::server::{Auth, Config, Handler, PublicKeyOffer, Response, VerifiedPublicKey, run_stream};
use russh::{MethodKind, MethodSet};
use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server takes, and what it heard.
#[derive(Clone, Default)]
pub(super) struct Script {
    /// The methods of each step, each of which must be passed.
    pub(super) steps: Vec<Vec<MethodKind>>,
    pub(super) password: &'static str,
    /// Rounds of questions (with whether they are echoed), and the answers to all of them.
    pub(super) rounds: Vec<Vec<(&'static str, bool)>>,
    pub(super) answers: Vec<&'static str>,
    pub(super) instructions: &'static str,
    /// Lets in who asks for nothing.
    pub(super) none: bool,
    /// Takes keys.
    pub(super) any_key: bool,
    /// Never answers a password.
    pub(super) hangs: bool,
    pub(super) heard: Arc<Mutex<Vec<String>>>,
}

impl Script {
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub(super) async fn admit(&self, login: &Login) -> Result<AuthReport, AuthError> {
        let (client, server) = tokio::io::duplex(1 << 16);
        let config = Config {
            methods: MethodSet::from(self.steps.first().map_or(&[][..], Vec::as_slice)),
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![PrivateKey::random(&mut safe_rng(), russh::keys::Algorithm::Ed25519).unwrap()],
            ..Config::default()
        };
        let handler = Server { script: self.clone(), step: 0, round: 0, given: Vec::new() };
        let server = tokio::spawn(async move {
            if let Ok(session) = run_stream(Arc::new(config), server, handler).await {
                let _ = session.await;
            }
        });
        let result = login.over(client, "me").await;
        server.abort();
        result
    }
}

struct Server {
    script: Script,
    step: usize,
    round: usize,
    given: Vec<String>,
}

impl Server {
    fn hear(&self, what: impl Into<String>) {
        self.script.heard.lock().unwrap().push(what.into());
    }

    /// A method was passed, or not.
    fn judge(&mut self, good: bool) -> Auth {
        self.step += usize::from(good);
        match self.script.steps.get(self.step) {
            None => Auth::Accept,
            Some(methods) => {
                Auth::Reject { proceed_with_methods: Some(MethodSet::from(methods.as_slice())), partial_success: good }
            }
        }
    }
}

impl Handler for Server {
    type Error = russh::Error;

    async fn auth_none(&mut self, _: &str) -> Result<Auth, Self::Error> {
        self.hear("none");
        Ok(if self.script.none { Auth::Accept } else { self.judge(false) })
    }

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, Self::Error> {
        self.hear(format!("password {password}"));
        if self.script.hangs {
            std::future::pending::<()>().await;
        }
        Ok(self.judge(password == self.script.password))
    }

    async fn auth_publickey_offered(&mut self, _: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        self.hear(format!("offer {}", offer.algorithm));
        Ok(if self.script.any_key { Auth::Accept } else { self.judge(false) })
    }

    async fn auth_publickey(&mut self, _: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.hear(format!("signature {}", key.algorithm));
        Ok(self.judge(true))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        match response {
            None => {
                self.hear(format!("dialogue {submethods}"));
                (self.round, self.given) = (0, Vec::new());
            }
            Some(answers) => {
                let answers = answers.map(|answer| String::from_utf8(answer.to_vec()).unwrap());
                self.given.extend(answers);
                self.round += 1;
            }
        }
        let Some(questions) = self.script.rounds.get(self.round) else {
            self.hear(format!("answers {}", self.given.join(",")));
            let good = self.given == self.script.answers;
            return Ok(self.judge(good));
        };
        let prompts = questions.iter().map(|(text, echo)| (Cow::Borrowed(*text), *echo));
        Ok(Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Borrowed(self.script.instructions),
            prompts: Cow::Owned(prompts.collect()),
        })
    }
}

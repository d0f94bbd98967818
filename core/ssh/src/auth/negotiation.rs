//! One login: which method is tried when, and what the server's answers mean.
//!
//! Round trips are what a login costs. So where there is a key whose public half is known, it is offered at once; the
//! `none` request, which OpenSSH begins with to learn what a server takes, is sent only where there is no such key, and
//! at the end, for an account that wants nothing at all. (A signature without an offer before it would save one more;
//! russh has no way to send it.)

use super::agent::{Agent, Purpose};
use super::algorithm::ServerRsa;
use super::key_file::private::Asking;
use super::methods::{Methods, Offered, name};
use super::queue::Queue;
use super::request::AuthRequest;
use super::signer::{Busy, Means};
use super::tried::Tried;
use super::{AuthError, AuthReport, Denied, advice};
use crate::limits;
use crate::prompt::Prompt;
use crate::settings::Method;
use log::{debug, info, trace, warn};
use russh::MethodSet;
use russh::client::{AuthResult, Handle, Handler};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// What came of one request.
pub(super) enum Answer {
    Success,
    Failure {
        offered: Offered,
        partial: bool,
    },
    /// Nothing was sent: the method has nothing left to try.
    Nothing,
}

pub(super) struct Negotiation<'a, H: Handler> {
    pub(super) handle: &'a mut Handle<H>,
    pub(super) request: &'a AuthRequest<'a>,
    pub(super) prompt: Arc<dyn Prompt>,
    pub(super) methods: Methods,
    pub(super) agent: Option<Agent>,
    pub(super) queue: Queue<'a>,
    pub(super) tried: Tried,
    /// The last key that was offered.
    pub(super) key: Option<String>,
    pub(super) passwords_sent: u32,
    pub(super) dialogues_begun: u32,
    pub(super) dialogue_seen: bool,
    server_rsa: Option<ServerRsa>,
    /// The server has answered something: then its EXT_INFO has come, if it sends one.
    heard: bool,
    none_sent: bool,
    partial: Vec<&'static str>,
}

impl<'a, H: Handler> Negotiation<'a, H> {
    pub(super) async fn new(
        handle: &'a mut Handle<H>,
        request: &'a AuthRequest<'a>,
        prompt: Arc<dyn Prompt>,
    ) -> Result<Self, AuthError> {
        let mut tried = Tried::default();
        let mut agent = None;
        let mut keys = Vec::new();
        let mut methods = request.settings.methods.clone();
        if methods.contains(&Method::PublicKey) {
            agent = connect(request, handle, &mut tried).await;
            if let Some(connected) = &mut agent {
                match connected.identities().await {
                    Ok(listed) => keys = listed,
                    Err(error) => {
                        warn!("{error}");
                        tried.note(error.to_string());
                        agent = None;
                    }
                }
            }
        }
        debug!("agent returned {} keys", keys.len());
        methods.retain(|method| can_be_used(*method, request, &mut tried));
        let queue = Queue::new(request, keys, &mut tried);
        Ok(Self {
            handle,
            request,
            prompt,
            methods: Methods::new(methods),
            agent,
            queue,
            tried,
            key: None,
            passwords_sent: 0,
            dialogues_begun: 0,
            dialogue_seen: false,
            server_rsa: None,
            heard: false,
            none_sent: false,
            partial: Vec::new(),
        })
    }

    pub(super) async fn run(mut self) -> Result<AuthReport, AuthError> {
        if !self.can_offer_at_once().await {
            let answer = self.none().await?;
            if self.take(answer, "none")? {
                return Ok(self.report("none"));
            }
        }
        loop {
            let Some(method) = self.methods.current() else {
                // Perhaps the account wants nothing at all.
                if self.none_sent || !self.can_afford_none() {
                    return Err(self.denied());
                }
                let known = self.methods.offered().cloned();
                let answer = self.none().await?;
                if self.take(answer, "none")? {
                    return Ok(self.report("none"));
                }
                if known.as_ref() == self.methods.offered() {
                    return Err(self.denied());
                }
                continue;
            };
            let answer = match method {
                Method::PublicKey => self.public_key().await?,
                Method::KeyboardInteractive => self.keyboard_interactive().await?,
                Method::Password => self.password().await?,
            };
            if let Answer::Nothing = answer {
                trace!("we did not send a packet, disable method");
                self.methods.disable(method);
                if self.methods.offered().is_none() {
                    // Nobody is asked anything before the server says that it would take the answer.
                    let answer = self.none().await?;
                    if self.take(answer, "none")? {
                        return Ok(self.report("none"));
                    }
                }
                continue;
            }
            if self.take(answer, name(method))? {
                return Ok(self.report(name(method)));
            }
        }
    }

    /// Whether the first thing to do is to offer a key.
    async fn can_offer_at_once(&mut self) -> bool {
        if !self.methods.is_first(Method::PublicKey) {
            return false;
        }
        match self.queue.peek(&mut self.tried).map(|key| key.is_rsa()) {
            // Without EXT_INFO an answer of the server has to tell that none will come.
            Some(true) => self.server_rsa().await != ServerRsa::Unknown,
            Some(false) => true,
            None => false,
        }
    }

    /// Whether one more refusal neither comes after a success nor makes the server lose its patience.
    fn can_afford_none(&self) -> bool {
        let questions = self.passwords_sent.saturating_add(self.dialogues_begun) as usize;
        self.partial.is_empty() && self.tried.keys_refused.saturating_add(questions) + 1 < advice::MAX_AUTH_TRIES
    }

    async fn none(&mut self) -> Result<Answer, AuthError> {
        self.none_sent = true;
        let request = self.handle.authenticate_none(self.request.user);
        let result = patient(request, "none", self.request.patience, None).await?;
        self.answer(result.map_err(AuthError::Protocol)?)
    }

    /// Takes note of an answer. Whether we are in.
    fn take(&mut self, answer: Answer, method: &'static str) -> Result<bool, AuthError> {
        self.heard = true;
        match answer {
            Answer::Success => return Ok(true),
            Answer::Nothing => {}
            Answer::Failure { offered, partial } => {
                if partial {
                    if self.partial.len() >= limits::PARTIAL_SUCCESSES {
                        return Err(AuthError::Limit { what: "partial successes", limit: limits::PARTIAL_SUCCESSES });
                    }
                    info!("Authenticated using \"{method}\" with partial success.");
                    self.partial.push(method);
                    self.tried.note(format!("{method}: accepted, but the server wants more"));
                    self.queue.restart(&mut self.tried);
                }
                debug!("Authentications that can continue: {offered}");
                self.methods.offer(offered);
            }
        }
        Ok(false)
    }

    /// What russh's answer means.
    pub(super) fn answer(&mut self, result: AuthResult) -> Result<Answer, AuthError> {
        match result {
            AuthResult::Success => Ok(Answer::Success),
            AuthResult::Failure { remaining_methods, partial_success } => {
                self.failure(&remaining_methods, partial_success)
            }
        }
    }

    /// A failure with nothing that can continue is also what russh says of a connection that is gone.
    pub(super) fn failure(&mut self, remaining: &MethodSet, partial: bool) -> Result<Answer, AuthError> {
        if remaining.is_empty() && !partial {
            return Err(self.closed());
        }
        let offered = Offered(remaining.iter().map(<&str>::from).collect());
        Ok(Answer::Failure { offered, partial })
    }

    pub(super) fn closed(&mut self) -> AuthError {
        let mut story = std::mem::take(&mut self.tried);
        advice::of_closed(&mut story, self.request);
        AuthError::Closed { story: story.into_lines() }
    }

    /// What the server said of RSA. A server that says anything does so with its NEWKEYS.
    pub(super) async fn server_rsa(&mut self) -> ServerRsa {
        if let Some(known) = self.server_rsa {
            return known;
        }
        let patience = if self.heard { Duration::ZERO } else { limits::SERVER_SIG_ALGS };
        let said = match tokio::time::timeout(patience, self.handle.best_supported_rsa_hash()).await {
            Ok(Ok(Some(Some(hash)))) => ServerRsa::Sha2(hash),
            Ok(Ok(Some(None))) => ServerRsa::Sha1,
            _ => ServerRsa::Unknown,
        };
        if self.heard || said != ServerRsa::Unknown {
            self.server_rsa = Some(said);
        }
        said
    }

    /// What signing needs.
    pub(super) fn means(
        agent: Option<&'a mut Agent>,
        request: &AuthRequest<'_>,
        prompt: &Arc<dyn Prompt>,
    ) -> Means<'a> {
        let settings = request.settings;
        let asking = (!settings.batch).then(|| Asking { prompt: prompt.clone(), times: settings.password_prompts });
        Means { agent, asking, add_keys: settings.add_keys, required_rsa_size: request.required_rsa_size }
    }

    fn denied(mut self) -> AuthError {
        let offered = self.methods.offered().cloned().unwrap_or_default();
        let advice = advice::of_denied(&self.tried, &offered, self.request);
        let tried = std::mem::take(&mut self.tried);
        AuthError::Denied(Box::new(Denied {
            user: self.request.user.to_owned(),
            host: self.request.host.to_owned(),
            offered: offered.0,
            story: tried.into_lines(),
            advice,
        }))
    }

    fn report(self, method: &'static str) -> AuthReport {
        let by_key = method == name(Method::PublicKey) || self.partial.contains(&name(Method::PublicKey));
        AuthReport { method, key: self.key.filter(|_| by_key), partial: self.partial }
    }
}

/// Waits for an answer, but not for ever. Time that we take ourselves does not count.
pub(super) async fn patient<T>(
    request: impl Future<Output = T>,
    method: &'static str,
    patience: Duration,
    busy: Option<&Busy>,
) -> Result<T, AuthError> {
    let mut request = pin!(request);
    loop {
        if let Ok(answer) = tokio::time::timeout(patience, &mut request).await {
            return Ok(answer);
        }
        if !busy.is_some_and(Busy::excuses) {
            return Err(AuthError::NoAnswer {
                method,
                seconds: patience.as_secs(),
                hint: if method == name(Method::Password) {
                    "; it may be asking for a new password, which xssh cannot give: change it by other means first"
                } else {
                    ""
                },
            });
        }
    }
}

async fn connect<H: Handler>(request: &AuthRequest<'_>, handle: &Handle<H>, tried: &mut Tried) -> Option<Agent> {
    let path = request.agent.as_ref()?;
    let mut agent = match Agent::connect(path).await {
        Ok(agent) => agent,
        Err(error) => {
            debug!("{error}");
            tried.note(error.to_string());
            return None;
        }
    };
    if let Some(binding) = handle.agent_session_binding() {
        match agent.bind(binding, Purpose::LogIn).await {
            Ok(()) => debug!("bound agent to hostkey"),
            Err(error) if agent.is_usable() => trace!("agent was not bound to hostkey: {error}"),
            Err(error) => {
                warn!("{error}");
                tried.note(error.to_string());
                return None;
            }
        }
    }
    Some(agent)
}

/// BatchMode, and a host that nobody vouches for, rule out what a person would have to say.
fn can_be_used(method: Method, request: &AuthRequest<'_>, tried: &mut Tried) -> bool {
    let why = match method {
        Method::PublicKey => return true,
        _ if request.settings.batch => "not tried, because of BatchMode",
        _ if !request.passwords_allowed => "not tried, because the host's key is not verified",
        _ => return true,
    };
    tried.note(format!("{}: {why}", name(method)));
    false
}

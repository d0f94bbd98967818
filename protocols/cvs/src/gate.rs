//! The gate: a client's bytes in, a server's bytes out, and back.
//!
//! Methods are of three kinds. *In*: [`from_client`](Gate::from_client), [`from_server`](Gate::from_server),
//! [`server_ended`](Gate::server_ended). *Out*: [`take_for_server`](Gate::take_for_server) and
//! [`take_for_client`](Gate::take_for_client), to be called after each of them. *Turns*: when [`wanted`](Gate::wanted) names a root,
//! a server for it is started and [`serve`](Gate::serve) called; when [`is_closing`](Gate::is_closing) says so, the server gets what is
//! still to be taken for it, and its input is closed.
//!
//! A refusal is the end. The client hears of it when the server has said all that it had to say, so the words never stand
//! in the middle of a file; and a client that goes on after an `error` is none that works.

mod judge;
#[cfg(test)]
mod tests;

use std::mem;

use crate::answers::Answers;
use crate::arguments::Arguments;
use crate::bounds::{Bounds, Sent};
use crate::directories::Directories;
use crate::grant::Grant;
use crate::limits;
use crate::login::Login;
use crate::path::Repository;
use crate::refusal::{Refusal, shown};
use crate::wire::request::Request;
use crate::wire::stream::{Event, Requests};

/// The gate of one connection.
#[derive(Debug)]
pub struct Gate {
    grant: Grant,
    requests: Requests,
    /// What the client said behind its `Root`, until there is a server.
    held: Vec<u8>,
    /// Which of the roots the client chose.
    root: Option<usize>,
    /// What is known of it, once there is a server for it.
    repository: Option<Repository>,
    directories: Directories,
    /// The directory that was named last, here and in the repository.
    last: (Vec<u8>, Vec<u8>),
    arguments: Arguments,
    bounds: Bounds,
    sent: Sent,
    answers: Answers,
    /// The list of requests was asked for.
    listed: bool,
    /// A command was passed on.
    busy: bool,
    /// The client knows that its edits are not noted.
    told: bool,
    for_server: Vec<u8>,
    for_client: Vec<u8>,
    refusal: Option<Refusal>,
    /// Whether the server has said all.
    is_over: bool,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The server gets it.
    Pass,
    /// Nobody does.
    Swallow,
}

impl Gate {
    /// The gate for a key.
    #[must_use]
    pub fn new(grant: Grant) -> Self {
        Self {
            grant,
            requests: Requests::default(),
            held: Vec::new(),
            root: None,
            repository: None,
            directories: Directories::default(),
            last: Default::default(),
            arguments: Arguments::default(),
            bounds: Bounds::default(),
            sent: Sent::default(),
            answers: Answers::default(),
            listed: false,
            busy: false,
            told: false,
            for_server: Vec::new(),
            for_client: Vec::new(),
            refusal: None,
            is_over: false,
        }
    }

    /// How much the client may send and add, to be said before it is [served](Self::serve).
    pub fn bound(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// How many files the client has sent, and what they have together.
    #[must_use]
    pub fn sent(&self) -> (u64, u64) {
        (self.sent.files, self.sent.bytes)
    }

    /// Takes what the client said.
    pub fn from_client(&mut self, bytes: &[u8]) {
        if self.refusal.is_some() {
            return;
        }
        if self.wanted().is_some() {
            self.held.extend_from_slice(bytes);
            return;
        }
        let mut input = bytes;
        if let Err(refusal) = self.read(&mut input) {
            self.refuse(refusal);
        }
        if self.wanted().is_some() {
            self.held.extend_from_slice(input);
        }
    }

    /// The root for which the client waits for a server, as its place in the grant. Nothing more should be read of the client
    /// until there is one.
    #[must_use]
    pub fn wanted(&self) -> Option<usize> {
        self.root.filter(|_| self.repository.is_none() && self.refusal.is_none())
    }

    /// There is a server, for the root that was [wanted](Self::wanted). With a login it is a `cvs pserver`.
    pub fn serve(&mut self, repository: Repository, login: Option<&Login>) {
        if let (Some(login), Some(root)) = (login, self.root.and_then(|root| self.grant.roots.get(root))) {
            self.for_server.splice(0..0, login.request(root));
            self.answers.expect_login();
        }
        self.repository = Some(repository);
        let held = mem::take(&mut self.held);
        self.from_client(&held);
    }

    /// No server could be started, or it shall be stopped: the client is told why.
    pub fn refuse(&mut self, refusal: Refusal) {
        if self.refusal.is_none() {
            if self.repository.is_none() || self.is_over {
                self.for_client.extend(refusal.response());
            }
            self.refusal = Some(refusal);
        }
    }

    /// Takes what the server said.
    pub fn from_server(&mut self, bytes: &[u8]) {
        if let Err(refusal) = self.answers.take(bytes, &mut self.for_client) {
            self.refuse(refusal);
        }
    }

    /// The server has said all.
    pub fn server_ended(&mut self) {
        if let Err(refusal) = self.answers.end(&mut self.for_client) {
            self.refuse(refusal);
        }
        self.is_over = true;
        if let Some(refusal) = &self.refusal {
            self.for_client.extend(refusal.response());
        }
    }

    /// What the server is to get.
    pub fn take_for_server(&mut self) -> Vec<u8> {
        mem::take(&mut self.for_server)
    }

    /// What the client is to get.
    pub fn take_for_client(&mut self) -> Vec<u8> {
        mem::take(&mut self.for_client)
    }

    /// Whether nothing more comes for the server.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.refusal.is_some()
    }

    /// Why the client was sent away.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    fn read(&mut self, input: &mut &[u8]) -> Result<(), Refusal> {
        while self.wanted().is_none()
            && let Some(event) = self.requests.next(input)?
        {
            match event {
                Event::Contents(piece) => self.for_server.extend_from_slice(piece),
                Event::Request(request) => {
                    if self.judge(&request)? == Verdict::Pass {
                        request.write(&mut self.for_server);
                    }
                }
            }
        }
        Ok(())
    }

    fn judge(&mut self, request: &Request) -> Result<Verdict, Refusal> {
        if let Request::Root(root) = request {
            return self.choose(root);
        }
        let Some(repository) = self.repository.take() else {
            return self.judge_before_root(request);
        };
        let verdict = self.judge_in(&repository, request);
        self.repository = Some(repository);
        verdict
    }

    /// The client names its repository, which must be granted byte for byte.
    fn choose(&mut self, root: &[u8]) -> Result<Verdict, Refusal> {
        let place = self.grant.roots.iter().position(|granted| granted == root);
        match (self.root, place) {
            (Some(chosen), place) if Some(chosen) == place => Ok(Verdict::Swallow),
            (Some(_), _) => Err(Refusal::SecondRoot(shown(root))),
            (None, None) => Err(Refusal::Root(shown(root))),
            (None, place) => {
                self.root = place;
                Ok(Verdict::Pass)
            }
        }
    }

    /// What cvsclient 5.8 allows before `Root`, without what is answered: there is nobody to answer yet.
    fn judge_before_root(&mut self, request: &Request) -> Result<Verdict, Refusal> {
        match request {
            Request::ValidResponses(_) | Request::UseUnchanged | Request::Set(_) | Request::GlobalOption(_) => {}
            other => return Err(Refusal::NoRoot(other.name().to_owned())),
        }
        if self.for_server.len() > limits::LINE {
            return Err(Refusal::Limit { what: "more before its Root", most: limits::LINE as u64 });
        }
        Ok(Verdict::Pass)
    }
}

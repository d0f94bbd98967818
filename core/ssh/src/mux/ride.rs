//! A client's session on the master's connection, with the client's own descriptors.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::time::timeout;

use super::Line;
use super::master::{Inner, denied};
use super::message::{FromMaster, NewSession, SOCKET};
use crate::exec::{Ending, Input, Keyboard, Killers, Output, Pump, pump};
use crate::limits::{MUX_START, MUX_VARIABLES};
use crate::session::{Channel, Exit, SessionError, Start, StartKind, StreamTo};
use crate::settings::LogLevel;
use crate::terminal::escape::{Escapes, Options};
use crate::terminal::request::PtyRequest;

/// How many descriptors a client hands over, and what the first of them is to it.
struct Handed {
    input: OwnedFd,
    output: OwnedFd,
    errors: Option<OwnedFd>,
}

impl Handed {
    async fn receive(line: &Line, with_errors: bool) -> io::Result<Self> {
        let (input, output) = (line.receive_descriptor().await?, line.receive_descriptor().await?);
        let errors = if with_errors { Some(line.receive_descriptor().await?) } else { None };
        Ok(Self { input, output, errors })
    }
}

impl Inner {
    /// Runs what a client wants, to its end.
    pub(super) async fn session_for(&self, line: &Line, id: u32, wanted: NewSession) -> io::Result<()> {
        let handed = Handed::receive(line, true).await?;
        let mut start = match start(&wanted, &handed.input) {
            Ok(start) => start,
            Err(reason) => return refuse(line, id, reason).await,
        };
        start.x11 = self.terms.x11.clone().filter(|_| wanted.x11);
        start.agent = self.terms.agent && wanted.agent;
        let question = "Allow shared connection to {host}? ";
        if !self.permits(question).await {
            return line.send(&denied(id).encode()).await;
        }
        self.carry(line, id, &start, handed, wanted.escape).await
    }

    /// Opens a stream to a further host for a client, and carries it to its end.
    pub(super) async fn stream_for(&self, line: &Line, id: u32, (host, port): (String, u32)) -> io::Result<()> {
        let handed = Handed::receive(line, false).await?;
        let (question, to) = match (port, u16::try_from(port)) {
            (SOCKET, _) => (format!("Allow forward to {host}? "), StreamTo::Unix { path: host }),
            (_, Ok(port)) => (format!("Allow forward to {host}:{port}? "), StreamTo::port(host, port)),
            (_, Err(_)) => return refuse(line, id, "no such port").await,
        };
        if !self.permits(&question).await {
            return line.send(&denied(id).encode()).await;
        }
        let start = Start::plain(StartKind::Forward(to));
        self.carry(line, id, &start, handed, None).await
    }

    async fn carry(&self, line: &Line, id: u32, start: &Start, handed: Handed, escape: Option<u8>) -> io::Result<()> {
        if !self.is_alive().await {
            return refuse(line, id, "the host does not answer any more").await;
        }
        let spill = &self.terms.spill;
        let stdout = Output::open(handed.output.as_fd(), spill.clone())?;
        let stderr = Output::open(handed.errors.as_ref().unwrap_or(&handed.output).as_fd(), spill.clone())?;
        // The client hears of it before it gives up and makes the call in another way: a command is run once.
        let starting = timeout(MUX_START, self.session.start(start, stdout.clone(), stderr.clone()));
        let opened = tokio::select! {
            opened = starting => opened,
            () = line.closed() => return Ok(()),
        };
        let channel = match opened {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => return refuse(line, id, &refusal(&error)).await,
            Err(_) => return refuse(line, id, "the host does not open a session").await,
        };
        let session = self.number();
        let input = Input::open(handed.input.as_fd())?;
        line.send(&FromMaster::SessionOpened { id, session }.encode()).await?;
        let keyboard = start.pty.as_ref().map(|_| keyboard(&handed.input, escape)).transpose()?;
        let mut nobody = Killers::none();
        let riding = pump(
            Pump { session: &self.session, channel: &channel, input, stdout, stderr: stderr.clone(), keyboard },
            &mut nobody,
        );
        let ending = tokio::select! {
            ending = riding => ending,
            () = without_terminal(line, &channel, session) => return Ok(()),
            () = line.closed() => return Ok(()),
        };
        if let Ending::Refused(request) = &ending {
            stderr.accept(format!("{} request failed on channel 0\r\n", request.name()).as_bytes()).await;
        }
        // Whoever has a stream and no program awaits the end of the connection, and no other message.
        if let Ending::Exited(Exit::Status(status)) = ending {
            line.send(&FromMaster::Exit { session, status }.encode()).await?;
        }
        Ok(())
    }
}

async fn refuse(line: &Line, id: u32, reason: &str) -> io::Result<()> {
    line.send(&FromMaster::Failure { id, reason: reason.to_owned() }.encode()).await
}

fn refusal(error: &SessionError) -> String {
    match error {
        SessionError::ChannelOpen(words) => format!("Session open refused by peer: {words}"),
        other => other.to_string(),
    }
}

/// Tells the client once that the host gave no terminal, and goes on for ever.
async fn without_terminal(line: &Line, channel: &Channel, session: u32) {
    let mut progress = channel.progress();
    if progress.wait_for(|progress| progress.pty_refused).await.is_ok() {
        // A client that is gone is noticed elsewhere.
        let _ = line.send(&FromMaster::TtyAllocFail { session }.encode()).await;
    }
    std::future::pending().await
}

/// What a client's words start on the host.
fn start(wanted: &NewSession, input: &OwnedFd) -> Result<Start, &'static str> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| "a name that is no text");
    let kind = match (wanted.subsystem, wanted.command.is_empty()) {
        (true, _) => StartKind::Subsystem(text(&wanted.command)?),
        (false, true) => StartKind::Shell,
        (false, false) => StartKind::Exec(wanted.command.clone()),
    };
    // The terminal's modes are those of a terminal in use: the client makes it raw when the session is open.
    let pty = wanted.tty.then(|| text(&wanted.term).map(|term| PtyRequest::gather(Some(&term), input))).transpose()?;
    let sent = wanted.environment.iter().take(MUX_VARIABLES).filter_map(|variable| {
        let (name, value) = str::from_utf8(variable).ok()?.split_once('=')?;
        // Which are sent the client has decided by its own settings: it is the same user's.
        (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    });
    Ok(Start { pty, environment: sent.collect(), ..Start::plain(kind) })
}

fn keyboard(terminal: &OwnedFd, escape: Option<u8>) -> io::Result<Keyboard> {
    let options = Options { escape, command_line: false, level: LogLevel::Info, log_on_stderr: false, shared: true };
    Ok(Keyboard {
        terminal: terminal.try_clone()?,
        raw: None,
        escapes: Escapes::new(options),
        set_level: Box::new(|_| {}),
        console: None,
    })
}

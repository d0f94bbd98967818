use std::ffi::OsString;

use super::authorize::{self, Authorize};
use super::definition::{self, AUTHORIZE, Letters, ROUTE, SERVE, SYNC, TUNNEL};
use super::listen::Listen;
use super::serve::{self, Serve};
use super::sync::{self, Sync};
use super::translation::Translation;
use super::tunnel::Wishes;
use super::walk::{Step, Walk};
use super::word::{self, Word};
use super::{Fault, Invocation, Tunnel};

/// What is to be done.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// `-V`.
    Version,
    /// `-h`, `--help`, `help`.
    Help(Help),
    /// `-Q question`.
    Query(String),
    /// The remote shell.
    RemoteShell(Box<Invocation>),
    /// `route`.
    Route {
        /// To where, and how.
        invocation: Box<Invocation>,
        /// As JSON.
        json: bool,
    },
    /// `tunnel`.
    Tunnel(Tunnel),
    /// `sync`.
    Sync(Box<Sync>),
    /// `serve`, as a forced command.
    Serve(Box<Serve>),
    /// `authorize`.
    Authorize(Box<Authorize>),
    /// `serve --listen`: a server of our own.
    Listen(Box<Listen>),
    /// `serve --sync`: the helper of a sync.
    ServeSync,
    /// `serve --verify digest`: whether this program is the one with this digest.
    Verify(String),
    /// `serve --sync-join`: a further lane of a sync.
    ServeSyncJoin,
}

/// Which help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Help {
    /// About what.
    pub(crate) topic: Topic,
    /// All of it, instead of a line an option.
    pub(crate) long: bool,
}

/// What help is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// The whole program.
    Program,
    /// `xssh route`.
    Route,
    /// `xssh tunnel`.
    Tunnel,
    /// `xssh sync`.
    Sync,
    /// `xssh serve`.
    Serve,
    /// `xssh authorize`.
    Authorize,
}

/// Reads a command line: `program` is the name that xssh was called by, without folders, and `words` are what follows
/// it. As in ssh, the first word that settles the matter (`-V`, `-Q`, a fault) ends the reading.
///
/// # Errors
/// Where the words are no command line, or ask for what is not there.
pub(crate) fn parse(program: &str, words: &[OsString]) -> Result<Action, Fault> {
    let rest = words.get(1..).unwrap_or_default();
    match word::find(program, words) {
        None => remote_shell(words),
        Some(Word::Route) => route(rest).map_err(|fault| fault.within(Topic::Route)),
        Some(Word::Tunnel) => tunnel(rest).map_err(|fault| fault.within(Topic::Tunnel)),
        Some(Word::Sync) => sync::sync(rest),
        Some(Word::Serve) => serve::serve(rest),
        Some(Word::Authorize) => authorize::authorize(rest),
        Some(Word::Help) => help(rest),
    }
}

fn remote_shell(words: &[OsString]) -> Result<Action, Fault> {
    match gather(words, &["help"], Topic::Program)? {
        Gathered::Settled(action) => Ok(action),
        Gathered::Letters { translation, .. } => Ok(Action::RemoteShell(Box::new(translation.finish()?))),
    }
}

fn route(words: &[OsString]) -> Result<Action, Fault> {
    let (translation, json) = match gather(words, &["help", "json"], Topic::Route)? {
        Gathered::Settled(action) => return Ok(action),
        Gathered::Letters { translation, wishes } => (translation, wishes.json),
    };
    let invocation = Box::new(translation.finish()?);
    if invocation.command.is_some() {
        return Err(Fault::NotForRoute("command"));
    }
    if invocation.dump || invocation.stdio_forward.is_some() {
        return Err(Fault::NotForRoute("-G or -W"));
    }
    Ok(Action::Route { invocation, json })
}

fn tunnel(words: &[OsString]) -> Result<Action, Fault> {
    let (translation, wishes) = match gather(words, &["help", "json", "status", "forget"], Topic::Tunnel)? {
        Gathered::Settled(action) => return Ok(action),
        Gathered::Letters { translation, wishes } => (translation, wishes),
    };
    let all = wishes.status && !translation.has_destination();
    let what = if all { None } else { Some(translation.for_tunnel().finish()?) };
    Ok(Action::Tunnel(Tunnel::new(what, wishes)?))
}

fn help(words: &[OsString]) -> Result<Action, Fault> {
    let topic = match words.first() {
        None => Topic::Program,
        Some(word) if word == ROUTE => Topic::Route,
        Some(word) if word == TUNNEL => Topic::Tunnel,
        Some(word) if word == SYNC => Topic::Sync,
        Some(word) if word == SERVE => Topic::Serve,
        Some(word) if word == AUTHORIZE => Topic::Authorize,
        Some(word) => return Err(Fault::NoSuchTopic(word.to_string_lossy().into_owned())),
    };
    Ok(Action::Help(Help { topic, long: true }))
}

/// What a walk over the words found.
enum Gathered {
    /// The matter was settled on the way.
    Settled(Action),
    /// All letters, translated.
    Letters { translation: Box<Translation>, wishes: Wishes },
}

fn gather(words: &[OsString], long: &'static [&'static str], topic: Topic) -> Result<Gathered, Fault> {
    let letters = Letters::of(&definition::options());
    let help = |long| Ok(Gathered::Settled(Action::Help(Help { topic, long })));
    let mut translation = Box::<Translation>::default();
    let mut wishes = Wishes::default();
    for step in Walk::new(&letters, long, words) {
        match step {
            Ok(Step::Flag('V')) => return Ok(Gathered::Settled(Action::Version)),
            Ok(Step::Value('Q', question)) => {
                let question = question.into_string().map_err(|_| Fault::NotText('Q'))?;
                return Ok(Gathered::Settled(Action::Query(question)));
            }
            Ok(Step::Flag(letter)) => translation.flag(letter)?,
            Ok(Step::Value(letter, value)) => translation.value(letter, value)?,
            Ok(Step::Long("json")) => wishes.json = true,
            Ok(Step::Long("status")) => wishes.status = true,
            Ok(Step::Long("forget")) => wishes.forget = true,
            // Behind the host there is no help of ours, for ssh knows neither -h nor --help.
            Ok(Step::Long(_)) if !translation.has_destination() => return help(true),
            Ok(Step::Long(name)) => return Err(Fault::UnknownLong(format!("--{name}"))),
            Ok(Step::Destination(word)) => translation.destination(&word)?,
            Ok(Step::Command(command)) => translation.command(command),
            Err(Fault::UnknownLetter(letter)) if letter == "h" && !translation.has_destination() => return help(false),
            Err(fault) => return Err(fault),
        }
    }
    Ok(Gathered::Letters { translation, wishes })
}

//! Who may come in, and what each is served with.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, PoisonError, RwLock};

use rustix::fs::OFlags;
use xssh_gate::line::{self, Line, Sources, Terms, Weight};
use xssh_gate::{Grant, Name, ServedCommand};
use xssh_ssh::server::{ClientCertificate, ClientKey, Gatekeeper, Service};

use super::{expired, forced};
use crate::args::listen::{Listen, is_grant};
use crate::serve::fitness::of_session;
use crate::serve::grants::Tables;
use crate::serve::own::{Files, Own};
use crate::serve::trusted;
use crate::{environment, words};

/// The largest file of keys that is read, bytes.
const FILE: u64 = 64 << 20;

/// The keys of a file in the form of authorized_keys.
pub(super) struct Keys {
    file: PathBuf,
    /// For keys whose line has no command.
    served: Option<Vec<OsString>>,
    program: PathBuf,
    account: String,
    /// That of the keys, and that of the server's own.
    files: Arc<[PathBuf; 2]>,
    known: RwLock<Known>,
}

/// Lines, by kind and base64 of their key.
#[derive(Default)]
struct Known {
    keys: HashMap<String, Vec<Entry>>,
    /// Those whose certificates count.
    authorities: HashMap<String, Vec<Entry>>,
}

/// What a line says.
struct Entry {
    number: usize,
    terms: Terms,
    command: Option<String>,
    served: Arc<Served>,
}

/// What one key is served with.
struct Served {
    program: PathBuf,
    words: Vec<OsString>,
    /// As above.
    files: Arc<[PathBuf; 2]>,
}

impl Keys {
    /// Reads them for the first time.
    ///
    /// # Errors
    /// They cannot be read, or what the server itself grants can never be served.
    pub(super) fn read(call: &Listen, host_key: &Path) -> Result<Self, String> {
        let program = environment::own_program()?;
        let (file, served, account) = (call.keys.clone(), call.served.clone(), environment::account().user);
        let absolute = |path: &Path| std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()));
        let files = Arc::new([absolute(&call.keys)?, absolute(host_key)?]);
        let keys = Self { file, served, program, account, files, known: RwLock::default() };
        if let Some(options) = &keys.served {
            judge(&keys.own(), options, &mut Tables::default())?;
        }
        keys.reread()?;
        Ok(keys)
    }

    /// What no tree may hold.
    fn own(&self) -> Files {
        let mut own = Files::of_account();
        let [keys, host_key] = &*self.files;
        own.add(Own::Grants, keys);
        own.add(Own::HostKey, host_key);
        own
    }

    /// Reads the file anew. Whoever is in stays in.
    ///
    /// # Errors
    /// It cannot be read, or others may change it: the keys are as before.
    pub(super) fn reread(&self) -> Result<(), String> {
        let failed = |error| format!("{}: {error}", self.file.display());
        trusted::is_ours(&self.file).map_err(|why| format!("{} does not count: {why}", self.file.display()))?;
        let mut text = String::new();
        open(&self.file).and_then(|file| file.take(FILE).read_to_string(&mut text)).map_err(failed)?;
        let (mut known, own, mut tables) = (Known::default(), self.own(), Tables::default());
        for (at, text) in text.lines().enumerate() {
            match self.entry(at + 1, text) {
                Ok(None) => {}
                Ok(Some((key, entry))) => {
                    // It may be mended while we run, or be for some requests only: who comes is told.
                    let has_command = entry.command.is_some();
                    let judged = has_command.then(|| judge(&own, &entry.served.words, &mut tables));
                    if let Some(Err(why)) = judged {
                        words::say(&format_args!("xssh: {}, line {}: {why}", self.file.display(), at + 1));
                    }
                    let is_authority = entry.terms.authority.is_some();
                    let lines = if is_authority { &mut known.authorities } else { &mut known.keys };
                    lines.entry(key).or_default().push(entry);
                }
                Err(why) => {
                    let place = format!("{}, line {}", self.file.display(), at + 1);
                    words::say(&format_args!("xssh: {place}: nobody comes in by it: {why}"));
                }
            }
        }
        if known.keys.is_empty() && known.authorities.is_empty() {
            words::say(&format_args!("xssh: {}: no key may come in", self.file.display()));
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn entry(&self, number: usize, text: &str) -> Result<Option<(String, Entry)>, String> {
        let Some(line) = Line::parse(text).map_err(|error| error.to_string())? else { return Ok(None) };
        if line.options.iter().any(|option| option.is("verify-required")) {
            return Err("its option 'verify-required' is not known here".to_owned());
        }
        let terms = line.terms().map_err(|error| error.to_string())?;
        let command = line.value("command").map(str::to_owned);
        let words = match (&command, &self.served) {
            (Some(command), _) => granted(command).ok_or("its command is none of xssh serve")?,
            (None, Some(words)) => words.clone(),
            (None, None) => return Err("it has no command, and --root was not given".to_owned()),
        };
        is_grant(&words)?;
        // A certificate has a name of its own.
        let words = if terms.authority.is_some() { words } else { named(words, &line.key.comment) };
        let key = format!("{} {}", line.key.kind, line.key.blob);
        let served = Arc::new(Served { program: self.program.clone(), words, files: self.files.clone() });
        Ok(Some((key, Entry { number, terms, command, served })))
    }

    /// What a certificate is served with by a line of its authority.
    fn certified(&self, entry: &Entry, shown: &ClientCertificate<'_>, from: SocketAddr) -> Result<Served, String> {
        let mut forced = None;
        for (name, value) in shown.critical_options() {
            match name {
                "force-command" => forced = Some(value),
                "source-address" if Sources::parse(value).is_ok_and(|sources| sources.have(from.ip())) => {}
                "source-address" => return Err("the certificate is not for that address".to_owned()),
                _ => return Err(format!("the certificate's option '{}' is not known here", name.escape_debug())),
            }
        }
        let words = match (forced, &entry.command) {
            // As with sshd, neither may give more than the other.
            (Some(forced), Some(own)) if forced != own => return Err("its command and its line's are two".to_owned()),
            (Some(forced), _) => granted(forced).ok_or("the certificate's command is none of xssh serve")?,
            (None, _) => entry.served.words.clone(),
        };
        is_grant(&words)?;
        Ok(Served { program: self.program.clone(), words: named(words, shown.key_id()), files: self.files.clone() })
    }
}

impl Entry {
    /// Whether somebody may come by it from there, now.
    fn lets_in(&self, from: SocketAddr) -> bool {
        let why = if expired(&self.terms) {
            "has expired"
        } else if self.terms.sources.as_ref().is_some_and(|sources| !sources.have(from.ip())) {
            "is not for that address"
        } else {
            return true;
        };
        ::log::info!("{from}: line {} {why}", self.number);
        false
    }
}

/// Opens a file that is one. Whoever opens a FIFO waits for its other end, and all connections with him.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file")),
    }
}

/// Whether what options grant can be served.
///
/// # Errors
/// Why not.
fn judge(own: &Files, options: &[OsString], tables: &mut Tables) -> Result<(), String> {
    let call = forced::granted(options, tables)?;
    let own = own.clone().with(&call);
    let wrong = of_session(&call, &own).into_iter().filter(|(weight, _)| *weight == Weight::Wrong);
    // A repository may be made later; the tree has been looked at.
    let repositories = Grant { tree: None, ..call.grant.clone() };
    let held = own.held_by_any(&repositories).map(|(root, held)| held.details(&root));
    wrong.map(|(_, why)| why).next().or(held).map_or(Ok(()), Err)
}

/// The options of a grant, of a command that is ours.
fn granted(command: &str) -> Option<Vec<OsString>> {
    let (_, words) = line::served(command)?;
    Some(words.into_iter().map(OsString::from_vec).collect())
}

/// A key without a name of its own is called as its comment says, in logs.
fn named(mut words: Vec<OsString>, comment: &str) -> Vec<OsString> {
    let has_name = words.iter().any(|word| word == "--name" || word.as_encoded_bytes().starts_with(b"--name="));
    if !has_name && comment.parse::<Name>().is_ok() {
        words.push(format!("--name={comment}").into());
    }
    words
}

impl Gatekeeper for Keys {
    fn admit(&self, key: &ClientKey<'_>, from: SocketAddr) -> Option<Arc<dyn Service>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        // As with sshd, the first line of a key that lets it in counts.
        let entry = known.keys.get(&key.line()?)?.iter().find(|entry| entry.lets_in(from))?;
        Some(entry.served.clone())
    }

    fn knows_authorities(&self) -> bool {
        !self.known.read().unwrap_or_else(PoisonError::into_inner).authorities.is_empty()
    }

    fn admit_certificate(&self, shown: &ClientCertificate<'_>, from: SocketAddr) -> Option<Arc<dyn Service>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let lines = known.authorities.get(&shown.authority()?)?;
        let is_for = |entry: &&Entry| {
            let is_one =
                entry.terms.authority.as_ref().is_some_and(|for_whom| for_whom.have(shown.principals(), &self.account));
            if !is_one {
                ::log::info!("{from}: line {} is for others than the certificate's principals", entry.number);
            }
            is_one
        };
        let entry = lines.iter().filter(is_for).find(|entry| entry.lets_in(from))?;
        match self.certified(entry, shown, from) {
            Ok(served) => Some(Arc::new(served)),
            Err(why) => {
                ::log::info!("{from}: line {}: {why}", entry.number);
                None
            }
        }
    }
}

impl Service for Served {
    fn program(&self) -> Command {
        let mut program = Command::new(&self.program);
        program.arg("serve").args(&self.words).env_clear().envs(environment::of_sessions());
        let [keys, host_key] = &*self.files;
        program.envs(environment::of_server([keys, host_key]));
        program
    }

    fn tunnel(&self, host: &str, port: u32) -> (Vec<u8>, Result<(), String>) {
        (ServedCommand::of_tunnel(host, port), forced::reaches(&self.words, host, port))
    }

    fn subsystem(&self, name: &str) -> Vec<u8> {
        ServedCommand::of_subsystem(name)
    }
}

//! Who may come in, and what each is served with.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, PoisonError, RwLock};

use xssh_gate::Name;
use xssh_gate::line::Line;
use xssh_ssh::server::{ClientKey, Gatekeeper, Service};

use crate::args::listen::{Listen, is_grant};
use crate::{environment, words};

/// The largest file of keys that is read, bytes.
const FILE: u64 = 64 << 20;
/// Options that let fewer in than their key, and that are not known here: by such a line nobody comes in.
const NARROWER: [&str; 5] = ["from", "expiry-time", "cert-authority", "principals", "verify-required"];

/// The keys of a file in the form of authorized_keys.
pub(super) struct Keys {
    file: PathBuf,
    /// For keys whose line has no command.
    served: Option<Vec<OsString>>,
    program: PathBuf,
    /// By kind and base64.
    known: RwLock<HashMap<String, Arc<Served>>>,
}

/// What one key is served with.
struct Served {
    program: PathBuf,
    words: Vec<OsString>,
}

impl Keys {
    pub(super) fn read(call: &Listen) -> Result<Self, String> {
        let program = environment::own_program()?;
        let keys = Self { file: call.keys.clone(), served: call.served.clone(), program, known: RwLock::default() };
        keys.reread()?;
        Ok(keys)
    }

    /// Reads the file anew. Whoever is in stays in.
    ///
    /// # Errors
    /// It cannot be read: the keys are as before.
    pub(super) fn reread(&self) -> Result<(), String> {
        let failed = |error| format!("{}: {error}", self.file.display());
        let mut text = String::new();
        File::open(&self.file).and_then(|file| file.take(FILE).read_to_string(&mut text)).map_err(failed)?;
        let mut known = HashMap::new();
        for (at, line) in text.lines().enumerate() {
            match self.line(line) {
                Ok(None) => {}
                // As with sshd, the first line of a key counts.
                Ok(Some((key, served))) => drop(known.entry(key).or_insert_with(|| Arc::new(served))),
                Err(why) => {
                    let place = format!("{}, line {}", self.file.display(), at + 1);
                    words::say(&format_args!("xssh: {place}: nobody comes in by it: {why}"));
                }
            }
        }
        if known.is_empty() {
            words::say(&format_args!("xssh: {}: no key may come in", self.file.display()));
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn line(&self, text: &str) -> Result<Option<(String, Served)>, String> {
        let Some(line) = Line::parse(text).map_err(|error| error.to_string())? else { return Ok(None) };
        if let Some(option) = NARROWER.into_iter().find(|name| line.options.iter().any(|option| option.is(name))) {
            return Err(format!("its option '{option}' is not known here"));
        }
        let own = line.served().map(|(_, words)| words.into_iter().map(OsString::from_vec).collect::<Vec<_>>());
        let words = match (own, line.value("command"), &self.served) {
            (Some(words), ..) => words,
            (None, Some(_), _) => return Err("its command is none of xssh serve".to_owned()),
            (None, None, Some(words)) => words.clone(),
            (None, None, None) => return Err("it has no command, and --root was not given".to_owned()),
        };
        is_grant(&words)?;
        let words = named(words, &line.key.comment);
        let key = format!("{} {}", line.key.kind, line.key.blob);
        Ok(Some((key, Served { program: self.program.clone(), words })))
    }
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
    fn admit(&self, key: &ClientKey<'_>, _from: SocketAddr) -> Option<Arc<dyn Service>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&key.line()?).map(|served| Arc::clone(served) as Arc<dyn Service>)
    }
}

impl Service for Served {
    fn program(&self) -> Command {
        let mut program = Command::new(&self.program);
        program.arg("serve").args(&self.words).env_clear().envs(environment::of_sessions());
        program
    }
}

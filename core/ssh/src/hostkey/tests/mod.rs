//! Tests of the whole room, with keys, certificates and lists that the real ssh-keygen made.

mod addresses;
mod certificates;
mod commands;
mod files;
mod hostile;
mod matching;
mod orders;
mod pictures;
mod revocations;
mod updates;
mod verdicts;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, Once};

use log::{Level, LevelFilter, Log, Metadata, Record};
use russh::keys::{Certificate, PublicKey, PublicKeyOrCertificate};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::policy::{Host, Policy};
use super::verify::check;
use super::{HostKeyError, KnownHosts, Verified};
use crate::prompt::Prompt;

/// A folder in which ssh-keygen works.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn keygen(&self, arguments: &[&str]) -> String {
        let output = Command::new("ssh-keygen")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .expect("ssh-keygen must be installed");
        assert!(output.status.success(), "ssh-keygen {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A new key of this type, in the files `name` and `name.pub`.
    fn key(&self, name: &str, kind: &str) -> PublicKey {
        let mut arguments = vec!["-q", "-N", "", "-f", name];
        match kind.split_once('-') {
            Some((kind, bits)) => arguments.extend(["-t", kind, "-b", bits]),
            None => arguments.extend(["-t", kind]),
        }
        self.keygen(&arguments);
        self.public(name)
    }

    fn public(&self, name: &str) -> PublicKey {
        PublicKey::from_openssh(&self.text(&format!("{name}.pub"))).unwrap()
    }

    /// A certificate for the key `name` by the key `authority`.
    fn sign(&self, name: &str, authority: &str, arguments: &[&str]) -> Certificate {
        let mut all = vec!["-q", "-s", authority, "-I", "an id"];
        all.extend(arguments);
        let public = format!("{name}.pub");
        all.push(&public);
        self.keygen(&all);
        Certificate::from_openssh(&self.text(&format!("{name}-cert.pub"))).unwrap()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A policy with the one file `known_hosts`, of this content.
    fn policy(&self, known: impl AsRef<[u8]>) -> Policy {
        Policy {
            user_files: vec![self.write("known_hosts", known)],
            required_rsa_size: 1024,
            ca_signature: ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", "ecdsa-sha2-nistp256"]
                .map(str::to_owned)
                .to_vec(),
            ..Policy::default()
        }
    }
}

/// `names type base64`, one line.
fn line(names: &str, key: &PublicKey) -> String {
    format!("{names} {}\n", words(key))
}

/// `type base64`.
fn words(key: &PublicKey) -> String {
    let text = key.to_openssh().unwrap();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

fn print(key: &PublicKey) -> String {
    super::fingerprint(key, crate::settings::FingerprintHash::Sha256)
}

fn host(name: &str, port: u16) -> Host {
    Host { name: name.to_owned(), port, alias: None, address: Some([192, 0, 2, 7].into()) }
}

fn plain(key: &PublicKey) -> PublicKeyOrCertificate {
    key.clone().into()
}

/// The check on this thread, so that its log can be caught.
fn verify(
    policy: &Policy,
    host: &Host,
    shown: PublicKeyOrCertificate,
    prompt: &dyn Prompt,
) -> Result<Verified, HostKeyError> {
    let known = KnownHosts::load(policy, host)?;
    check(policy, host, &known, shown, prompt)
}

/// Someone who gives these answers, one after the other, and then none.
#[derive(Default)]
struct Scripted {
    answers: Mutex<Vec<String>>,
    questions: Mutex<Vec<String>>,
}

impl Scripted {
    fn new(answers: &[&str]) -> Self {
        Self {
            answers: Mutex::new(answers.iter().rev().map(|answer| (*answer).to_owned()).collect()),
            questions: Mutex::default(),
        }
    }

    fn questions(&self) -> Vec<String> {
        self.questions.lock().unwrap().clone()
    }
}

impl Prompt for Scripted {
    fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
        None
    }
    fn line(&self, question: &str) -> Option<String> {
        self.questions.lock().unwrap().push(question.to_owned());
        self.answers.lock().unwrap().pop()
    }
    fn show(&self, _: &str) {}
}

thread_local! {
    static SAID: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

struct Catcher;

impl Log for Catcher {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        let _ = SAID.try_with(|said| said.borrow_mut().push((record.level(), record.args().to_string())));
    }
    fn flush(&self) {}
}

/// What `work` says in the log, down to `level`, one element a message.
fn said<T>(level: Level, work: impl FnOnce() -> T) -> (T, Vec<String>) {
    static START: Once = Once::new();
    START.call_once(|| {
        log::set_logger(&Catcher).expect("these tests need the log for themselves");
        log::set_max_level(LevelFilter::Trace);
    });
    SAID.with(|said| said.borrow_mut().clear());
    let result = work();
    let all = SAID.with(|said| said.borrow_mut().split_off(0));
    let shown = all.into_iter().filter(|(of, _)| *of <= level).map(|(_, text)| text);
    (result, shown.collect())
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

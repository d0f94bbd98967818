//! The identities of a login, in the order in which they are offered: certificates that were named, keys of the agent that
//! the configuration names too, files that it names and that need no passphrase, the agent's other keys, and the rest of
//! the files. (OpenSSH has all files behind the agent's other keys: sshconnect2.c, pubkey_prepare. A server's patience
//! ends after six keys, and a file that somebody named should not be the seventh.)
//!
//! Where nothing depends on the later files, each is read only when its turn comes.

use super::agent::AgentKey;
use super::algorithm;
use super::identity::{Identity, SignWith};
use super::key_file::{KeyFileError, public};
use super::public_key::PublicHalf;
use super::request::AuthRequest;
use super::tried::Tried;
use crate::limits;
use log::{Level, debug, log_enabled, warn};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

pub(super) struct Queue<'a> {
    request: &'a AuthRequest<'a>,
    ready: VecDeque<Identity>,
    /// Identity files that were not looked at yet; they come after `ready`.
    unread: VecDeque<PathBuf>,
    passed: Vec<Identity>,
    /// What is not offered, but may sign for a certificate.
    set_aside: Vec<Identity>,
    /// Every key that the agent holds.
    in_agent: Vec<PublicHalf>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(request: &'a AuthRequest<'a>, agent: Vec<AgentKey>, tried: &mut Tried) -> Self {
        let files = request.identity_files.iter().take(limits::IDENTITY_FILES);
        let mut queue = Self {
            request,
            ready: VecDeque::new(),
            unread: files.cloned().collect(),
            passed: Vec::new(),
            set_aside: Vec::new(),
            in_agent: agent.iter().map(|key| key.public.clone()).collect(),
        };
        for path in request.certificate_files.iter().take(limits::IDENTITY_FILES) {
            if let Some(certificate) = read_certificate(path) {
                queue.admit(certificate, tried);
            }
        }
        if !agent.is_empty() {
            queue.admit_agent(agent, tried);
        } else if log_enabled!(Level::Debug) {
            // Who reads the log wants to see the whole plan first.
            queue.read_all(tried);
        }
        queue
    }

    /// The next identity.
    pub(super) fn next(&mut self, tried: &mut Tried) -> Option<Identity> {
        self.fill(tried);
        let identity = self.ready.pop_front()?;
        self.passed.push(identity.clone());
        Some(identity)
    }

    /// What comes next, unless it is a file that can only be asked for a passphrase.
    pub(super) fn peek(&mut self, tried: &mut Tried) -> Option<&PublicHalf> {
        self.fill(tried);
        // A file that is missing is nobody's turn.
        while let Some(identity) = self.ready.front()
            && identity.public.is_none()
            && identity.file.as_ref().is_some_and(|file| !file.exists())
        {
            let missing = self.next(tried)?;
            tried.unusable(&missing, self.request.fingerprint_hash, &KeyFileError::Missing);
            self.fill(tried);
        }
        self.ready.front()?.public.as_ref()
    }

    /// After partial success all may be offered again: those that were not yet, and then the others.
    pub(super) fn restart(&mut self, tried: &mut Tried) {
        self.read_all(tried);
        self.ready.extend(self.passed.drain(..));
    }

    /// Who signs for `identity`: for a certificate the key that it certifies, wherever that is.
    pub(super) fn signer_of(&mut self, identity: &Identity, tried: &mut Tried) -> Option<SignWith> {
        let Some(public) = identity.public.as_ref().filter(|key| key.certificate().is_some()) else {
            return identity.sign_with();
        };
        self.read_all(tried);
        let all = || self.passed.iter().chain(&self.ready).chain(&self.set_aside);
        let is_its_key = |other: &&Identity| {
            let other = other.public.as_ref().filter(|other| other.certificate().is_none());
            other.is_some_and(|other| other.same_key(public))
        };
        // The agent first: there nobody is asked for a passphrase.
        let in_agent = || self.in_agent.iter().any(|held| held == public);
        let is_beside = |other: &&Identity| {
            let same = other.public == identity.public && other.file.is_some();
            !identity.in_agent && (same || identity.is_named_after(other))
        };
        let signer = all().filter(|other| other.in_agent).find(is_its_key);
        match signer.or_else(|| all().find(is_its_key)) {
            Some(signer) => signer.sign_with(),
            None if in_agent() => Some(SignWith::Agent(public.blob().to_vec())),
            None => all().find(is_beside).unwrap_or(identity).sign_with(),
        }
    }

    fn fill(&mut self, tried: &mut Tried) {
        while self.ready.is_empty()
            && let Some(path) = self.unread.pop_front()
        {
            for identity in self.read_identity(&path) {
                self.admit(identity, tried);
            }
        }
    }

    fn read_all(&mut self, tried: &mut Tried) {
        for path in std::mem::take(&mut self.unread) {
            for identity in self.read_identity(&path) {
                self.admit(identity, tried);
            }
        }
    }

    fn admit_agent(&mut self, keys: Vec<AgentKey>, tried: &mut Tried) {
        let paths = std::mem::take(&mut self.unread);
        let mut files: Vec<Identity> = paths.iter().flat_map(|path| self.read_identity(path)).collect();
        let mut others = Vec::new();
        for AgentKey { public, comment } in keys {
            if let Some(at) = files.iter().position(|file| file.public.as_ref() == Some(&public)) {
                let mut identity = files.remove(at);
                identity.in_agent = true;
                self.admit(identity, tried);
                continue;
            }
            let identity =
                Identity { name: comment, file: None, public: Some(public), explicit: false, in_agent: true };
            if self.request.settings.identities_only {
                self.set_aside.push(identity);
            } else {
                others.push(identity);
            }
        }
        let (named, rest): (Vec<_>, Vec<_>) = files.into_iter().partition(Identity::is_named_and_unlocked);
        for identity in named.into_iter().chain(others).chain(rest) {
            self.admit(identity, tried);
        }
    }

    /// An identity file's key and, where no certificates were named, the certificate beside it.
    fn read_identity(&self, path: &Path) -> Vec<Identity> {
        let explicit = self.request.identities_are_explicit();
        let key = public::load(path);
        log_read("identity", path, key.as_ref());
        let mut identities = vec![Identity::of_file(path, key, explicit)];
        if self.request.certificate_files.is_empty() {
            let beside = public::suffixed(path, "-cert");
            let certificate = public::load(&beside).filter(|key| key.certificate().is_some());
            log_read("identity", &beside, certificate.as_ref());
            // The name stays that of the private key.
            identities.extend(certificate.map(|key| Identity::of_file(path, Some(key), explicit)));
        }
        identities
    }

    /// Puts an identity at the end, unless it cannot be used.
    fn admit(&mut self, identity: Identity, tried: &mut Tried) {
        if let Some(reason) = self.objection(&identity) {
            let kind = identity.public.as_ref().map_or(String::new(), PublicHalf::name);
            debug!("Skipping {kind} key {} - {reason}", identity.name);
            tried.unused(&identity, self.request.fingerprint_hash, &reason);
            self.set_aside.push(identity);
            return;
        }
        debug!("Will attempt key: {}", identity.describe(self.request.fingerprint_hash));
        self.ready.push_back(identity);
    }

    fn objection(&self, identity: &Identity) -> Option<String> {
        let request = self.request;
        if identity.name.starts_with("pkcs11:") {
            let refused = "PKCS#11 is not supported; add the token to an agent with ssh-add -s";
            warn!("{}: {refused}", identity.name);
            return Some(refused.to_owned());
        }
        let key = identity.public.as_ref()?;
        if key.certificate().is_some() && !key.is_user_certificate() {
            return Some("not a user certificate".to_owned());
        }
        if let Some(bits) = key.rsa_bits().filter(|bits| *bits < request.required_rsa_size) {
            let required = request.required_rsa_size;
            return Some(KeyFileError::TooShort { bits, required }.to_string());
        }
        if !algorithm::is_allowed(key, request.pubkey_accepted) {
            return Some("corresponding algo not in PubkeyAcceptedAlgorithms".to_owned());
        }
        if key.is_security_key() && !self.in_agent.iter().any(|held| held.same_key(key)) {
            let refused = KeyFileError::SecurityKey.to_string();
            if identity.explicit {
                warn!("{}: {refused}", identity.name);
            }
            return Some(refused);
        }
        None
    }
}

fn read_certificate(path: &Path) -> Option<Identity> {
    let public = public::load(path);
    log_read("certificate", path, public.as_ref());
    let public = public?;
    if public.certificate().is_none() {
        debug!("key {} type {} is not a certificate", path.display(), public.label());
        return None;
    }
    let mut identity = Identity::of_file(path, Some(public), true);
    // A file of its own: the private key is elsewhere.
    identity.file = None;
    Some(identity)
}

fn log_read(what: &str, path: &Path, key: Option<&PublicHalf>) {
    let label = key.map_or("-1".to_owned(), PublicHalf::label);
    debug!("{what} file {} type {label}", path.display());
}

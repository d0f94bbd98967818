use super::key_file::{KeyFileError, private};
use super::public_key::PublicHalf;
use crate::settings::FingerprintHash;
use log::{debug, error, trace, warn};
use std::path::{Path, PathBuf};

/// Something that may be offered: a key file, a certificate, a key of the agent.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// The file's path, or the agent's comment.
    pub(super) name: String,
    /// Where the private key is, unless the agent alone has it.
    pub(super) file: Option<PathBuf>,
    /// `None` where only the private file can tell.
    pub(super) public: Option<PublicHalf>,
    /// The user named the file.
    pub(super) explicit: bool,
    /// The agent holds it.
    pub(super) in_agent: bool,
}

/// Who signs for an identity.
#[derive(Debug, Clone)]
pub(super) enum SignWith {
    /// The agent, which knows the key by these bytes.
    Agent(Vec<u8>),
    /// The private key in this file.
    File(PathBuf),
}

impl Identity {
    pub(super) fn of_file(path: &Path, public: Option<PublicHalf>, explicit: bool) -> Self {
        Self { name: path.display().to_string(), file: Some(path.to_owned()), public, explicit, in_agent: false }
    }

    /// As OpenSSH's log has it: `PATH TYPE FINGERPRINT explicit authenticator agent`.
    pub(super) fn describe(&self, hash: FingerprintHash) -> String {
        let public = self.public.as_ref();
        let key = public.map(|key| format!("{} {}", key.label(), key.fingerprint(hash)));
        let flag = |on: bool, word: &'static str| if on { word } else { "" };
        format!(
            "{} {}{}{}{}",
            self.name,
            key.unwrap_or_default(),
            flag(self.explicit, " explicit"),
            flag(public.is_some_and(PublicHalf::is_security_key), " authenticator"),
            flag(self.in_agent, " agent"),
        )
    }

    /// For a person: `TYPE FINGERPRINT from PATH`.
    pub(super) fn summary(&self, hash: FingerprintHash) -> String {
        let whence = match (self.in_agent, &self.file) {
            (true, Some(_)) => format!("{} (agent)", self.name),
            (true, None) => format!("agent ({})", self.name),
            (false, _) => self.name.clone(),
        };
        match &self.public {
            Some(key) => format!("{} {} from {whence}", key.label(), key.fingerprint(hash)),
            None => whence,
        }
    }

    /// Who signs for this identity by itself.
    pub(super) fn sign_with(&self) -> Option<SignWith> {
        match (&self.public, &self.file) {
            (Some(public), _) if self.in_agent => Some(SignWith::Agent(public.blob().to_vec())),
            (_, Some(file)) => Some(SignWith::File(file.clone())),
            _ => None,
        }
    }

    /// Whether the user named the file and it can sign without a passphrase. What it would be offered as is known.
    pub(super) fn is_named_and_unlocked(&self) -> bool {
        self.explicit && self.public.is_some() && self.file.as_deref().is_some_and(private::is_unlocked)
    }

    /// Whether `private` is the private key's file of this certificate, by their names (sshconnect2.c,
    /// id_filename_matches).
    pub(super) fn is_named_after(&self, private: &Self) -> bool {
        private.public.is_none()
            && ["", ".pub", "-cert.pub"]
                .iter()
                .any(|suffix| self.name.strip_suffix(suffix) == Some(private.name.as_str()))
    }

    /// Says in the log why the private key cannot be used, as OpenSSH does.
    pub(super) fn complain(&self, error: &KeyFileError) {
        match error {
            KeyFileError::Missing if self.explicit => {
                warn!("no such identity: {}: No such file or directory", self.name);
            }
            KeyFileError::Missing => trace!("no such identity: {}: No such file or directory", self.name),
            KeyFileError::Passphrase | KeyFileError::NobodyToAsk => debug!("key {}: {error}", self.name),
            _ => error!("Load key \"{}\": {error}", self.name),
        }
    }
}

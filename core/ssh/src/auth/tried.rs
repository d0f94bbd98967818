use super::identity::Identity;
use super::key_file::KeyFileError;
use crate::settings::FingerprintHash;

/// What was tried in a login, and what was not and why: the story that a refused login tells.
#[derive(Debug, Default)]
pub(super) struct Tried {
    lines: Vec<String>,
    /// Keys that the server refused.
    pub(super) keys_refused: usize,
    /// Of these, keys that were the agent's alone.
    pub(super) agent_keys_refused: usize,
    /// An RSA key was refused, or not offered, where SHA-1 might have been taken.
    pub(super) needs_sha1: bool,
    /// There was a private key that needs a passphrase, which nobody gave.
    pub(super) needs_passphrase: bool,
}

impl Tried {
    /// The server said no to a key.
    pub(super) fn refused(&mut self, identity: &Identity, hash: FingerprintHash, how: &str) {
        self.keys_refused += 1;
        self.agent_keys_refused += usize::from(identity.in_agent && identity.file.is_none());
        self.lines.push(format!("tried {}: {how}", identity.summary(hash)));
    }

    /// A key was not offered.
    pub(super) fn unused(&mut self, identity: &Identity, hash: FingerprintHash, why: &str) {
        self.lines.push(format!("not used: {}: {why}", identity.summary(hash)));
    }

    /// A private key could not be used. Default files that are missing are nothing to speak of.
    pub(super) fn unusable(&mut self, identity: &Identity, hash: FingerprintHash, error: &KeyFileError) {
        identity.complain(error);
        self.needs_passphrase |= matches!(error, KeyFileError::NobodyToAsk | KeyFileError::Passphrase);
        if identity.explicit || !matches!(error, KeyFileError::Missing) {
            self.unused(identity, hash, &error.to_string());
        }
    }

    /// Anything else.
    pub(super) fn note(&mut self, line: String) {
        self.lines.push(line);
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}

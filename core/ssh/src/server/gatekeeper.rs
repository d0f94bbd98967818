//! The caller's word on who comes in, and what runs for them.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use russh::keys::{HashAlg, PublicKey};

/// A key whose holder wants to come in.
#[derive(Debug)]
pub struct ClientKey<'a>(pub(super) &'a PublicKey);

impl ClientKey<'_> {
    /// As in authorized_keys, without a comment: `ssh-ed25519 AAAA…`. `None` for a key that cannot be written so.
    pub fn line(&self) -> Option<String> {
        let mut plain = self.0.clone();
        plain.set_comment("");
        plain.to_openssh().ok().map(|line| line.trim_end().to_owned())
    }

    /// `SHA256:…`, for the log.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }
}

/// Knows the keys.
pub trait Gatekeeper: Send + Sync + 'static {
    /// What the holder of a key is served with; `None` where it does not come in. Asked before the key is proved, and again
    /// when it is.
    fn admit(&self, key: &ClientKey<'_>, from: SocketAddr) -> Option<Arc<dyn Service>>;
}

/// What one key is served with.
pub trait Service: Send + Sync {
    /// The program that serves a request. What was asked for (`SSH_ORIGINAL_COMMAND`) and from where (`SSH_CONNECTION`) are
    /// added to its environment, and its standard descriptors become the channel's.
    fn program(&self) -> Command;
}

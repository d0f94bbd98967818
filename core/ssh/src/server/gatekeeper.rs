//! The caller's word on who comes in, and what runs for them.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use russh::keys::{Certificate, HashAlg, PublicKey};

/// A key whose holder wants to come in.
#[derive(Debug)]
pub struct ClientKey<'a>(pub(super) &'a PublicKey);

impl ClientKey<'_> {
    /// As in authorized_keys, without a comment: `ssh-ed25519 AAAA…`. `None` for a key that cannot be written so.
    pub fn line(&self) -> Option<String> {
        line(self.0.clone())
    }

    /// `SHA256:…`, for the log.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }
}

fn line(mut key: PublicKey) -> Option<String> {
    key.set_comment("");
    key.to_openssh().ok().map(|line| line.trim_end().to_owned())
}

/// A certificate whose holder wants to come in, and has proved its key. It is one of a user, valid now, and its authority has
/// signed it.
#[derive(Debug)]
pub struct ClientCertificate<'a>(pub(super) &'a Certificate);

impl ClientCertificate<'_> {
    /// Who has signed it, as [`ClientKey::line`] says it.
    pub fn authority(&self) -> Option<String> {
        line(PublicKey::new(self.0.signature_key().clone(), ""))
    }

    /// What the authority calls it.
    pub fn key_id(&self) -> &str {
        self.0.key_id()
    }

    /// Whom it is for.
    pub fn principals(&self) -> &[String] {
        self.0.valid_principals()
    }

    /// What it is held to, by name and value. Where one of them is not known it must not let anybody in (PROTOCOL.certkeys).
    pub fn critical_options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.critical_options().iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Knows the keys.
pub trait Gatekeeper: Send + Sync + 'static {
    /// What the holder of a key is served with; `None` where it does not come in. Asked before the key is proved, and again
    /// when it is.
    fn admit(&self, key: &ClientKey<'_>, from: SocketAddr) -> Option<Arc<dyn Service>>;

    /// Whether certificates are asked for. A client is then told of each key of its own that it may try it.
    fn knows_authorities(&self) -> bool;

    /// The same as [`admit`](Self::admit) of a certificate.
    fn admit_certificate(&self, certificate: &ClientCertificate<'_>, from: SocketAddr) -> Option<Arc<dyn Service>>;
}

/// What one key is served with.
pub trait Service: Send + Sync {
    /// The program that serves a request. What was asked for (`SSH_ORIGINAL_COMMAND`) and from where (`SSH_CONNECTION`) are
    /// added to its environment, and its standard descriptors become the channel's.
    fn program(&self) -> Command;

    /// A channel to a host and a port (direct-tcpip): what the program is asked for, and why there is none. Where there is none,
    /// the program is asked all the same, unheard, so that its log has it.
    fn tunnel(&self, host: &str, port: u32) -> (Vec<u8>, Result<(), String>);

    /// What the program is asked for where the client asks for this subsystem.
    fn subsystem(&self, name: &str) -> Vec<u8>;
}

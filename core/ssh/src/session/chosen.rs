//! The algorithms that both sides agreed on.

use log::debug;
use russh::Names;

/// What the key exchange chose, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The key exchange.
    pub kex: String,
    /// The host key's algorithm.
    pub host_key: String,
    /// The cipher, both ways.
    pub cipher: String,
    /// The MAC, or `<implicit>` with an authenticated cipher.
    pub mac: String,
    /// The compression.
    pub compression: String,
}

impl From<&Names> for Chosen {
    fn from(names: &Names) -> Self {
        let cipher = names.cipher.as_ref().to_owned();
        let implicit = cipher.contains("gcm") || cipher.contains("poly1305");
        let compression = match names.client_compression {
            russh::compression::Compression::None => "none",
            _ => "zlib@openssh.com",
        };
        Self {
            kex: names.kex.as_ref().to_owned(),
            host_key: names.key.as_str().to_owned(),
            mac: if implicit { "<implicit>".to_owned() } else { names.client_mac.as_ref().to_owned() },
            compression: compression.to_owned(),
            cipher,
        }
    }
}

impl Chosen {
    /// OpenSSH's lines of `-v` (kex.c, kex_choose_conf).
    pub(super) fn log(&self) {
        let Self { kex, host_key, cipher, mac, compression } = self;
        debug!("kex: algorithm: {kex}");
        debug!("kex: host key algorithm: {host_key}");
        for way in ["server->client", "client->server"] {
            debug!("kex: {way} cipher: {cipher} MAC: {mac} compression: {compression}");
        }
    }
}

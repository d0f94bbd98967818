//! What the check of a host depends on, tokens and paths expanded.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::settings::{FingerprintHash, StrictChecking, UpdateHostKeys};

/// What KnownHostsCommand is asked (ssh_config(5), TOKENS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRequest {
    /// `%I`: `ORDER`, `HOSTNAME` or `ADDRESS`.
    pub purpose: &'static str,
    /// `%H`: the name or address looked for.
    pub name: String,
    /// `%t`: the presented key's type; `NONE` for `ORDER`.
    pub key_type: String,
    /// `%f`: its fingerprint; `NONE` for `ORDER`.
    pub fingerprint: String,
    /// `%K`: the key itself, base64; `NONE` for `ORDER`.
    pub key: String,
}

/// Makes the command's arguments for one request; `None` where its tokens cannot be expanded.
pub type KnownHostsCommand = Arc<dyn Fn(&CommandRequest) -> Option<Vec<String>> + Send + Sync>;

/// How a host has to prove itself.
#[derive(Clone, Default)]
pub struct Policy {
    /// `StrictHostKeyChecking`.
    pub strict: StrictChecking,
    /// `UserKnownHostsFile`; the first is the one that is written.
    pub user_files: Vec<PathBuf>,
    /// `GlobalKnownHostsFile`.
    pub global_files: Vec<PathBuf>,
    /// `KnownHostsCommand`.
    pub command: Option<KnownHostsCommand>,
    /// `RevokedHostKeys`.
    pub revoked: Option<PathBuf>,
    /// `HashKnownHosts`.
    pub hash: bool,
    /// `CheckHostIP`.
    pub check_host_ip: bool,
    /// `VisualHostKey`.
    pub visual: bool,
    /// `FingerprintHash`.
    pub fingerprint_hash: FingerprintHash,
    /// `NoHostAuthenticationForLocalhost`.
    pub no_auth_for_localhost: bool,
    /// `RequiredRSASize`, bits.
    pub required_rsa_size: u32,
    /// `CASignatureAlgorithms`.
    pub ca_signature: Vec<String>,
    /// `UpdateHostKeys`.
    pub update: UpdateHostKeys,
}

/// The host to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name after configuration, lower case.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// `HostKeyAlias`, in the name's place.
    pub alias: Option<String>,
    /// The address reached; none behind a hop.
    pub address: Option<IpAddr>,
}

impl Host {
    /// The name that known_hosts has: the alias, or the name with the port where that is not 22.
    pub fn known_as(&self) -> String {
        match &self.alias {
            Some(alias) => alias.to_lowercase(),
            None => with_port(&self.name, self.port),
        }
    }

    /// The address as known_hosts has it; none where an alias stands for the host, or it is the name itself.
    pub(super) fn address_known_as(&self) -> Option<String> {
        let address = self.address.filter(|_| self.alias.is_none())?;
        let text = address.to_string();
        (text != self.name).then(|| with_port(&text, self.port))
    }
}

/// OpenSSH's put_host_port (misc.c).
pub(super) fn with_port(name: &str, port: u16) -> String {
    if port == 22 { name.to_owned() } else { format!("[{name}]:{port}") }
}

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
    /// `RequiredRSASize`, bits; fewer than 1024 are never enough.
    pub required_rsa_size: u32,
    /// `HostKeyAlgorithms`; an empty list permits every key.
    pub algorithms: Vec<String>,
    /// `CASignatureAlgorithms`; an empty list permits no certificate.
    pub ca_signature: Vec<String>,
    /// `UpdateHostKeys`.
    pub update: UpdateHostKeys,
    /// The user's home: its `.ssh` is made where a key is to be written there, and paths in questions begin with `~/`.
    pub home: Option<PathBuf>,
    /// What would be at risk with a host that is not the one known.
    pub at_risk: AtRisk,
}

/// What the settings would hand to the host. With `StrictHostKeyChecking no`, a host whose key contradicts what is known
/// gets none of it, and each loss is named in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtRisk {
    /// `PasswordAuthentication`.
    pub password: bool,
    /// `KbdInteractiveAuthentication`.
    pub keyboard_interactive: bool,
    /// `ForwardAgent`.
    pub agent: bool,
    /// `ForwardX11`.
    pub x11: bool,
    /// `LocalForward` and `RemoteForward`.
    pub ports: bool,
    /// `ExitOnForwardFailure`: losing any of these ends the connection.
    pub exit_on_failure: bool,
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
    #[must_use]
    pub fn known_as(&self) -> String {
        match &self.alias {
            Some(alias) => alias.to_ascii_lowercase(),
            None => with_port(&self.name, self.port).to_ascii_lowercase(),
        }
    }

    /// The name by which keys were known before they were known by port: the host's bare name, where that is another.
    pub(super) fn without_port(&self) -> Option<Self> {
        (self.alias.is_none() && self.port != 22).then(|| Self { port: 22, ..self.clone() })
    }

    /// The name that a certificate must have among its principals.
    pub(super) fn principal(&self) -> String {
        self.alias.as_ref().unwrap_or(&self.name).to_ascii_lowercase()
    }

    /// The address as known_hosts has it.
    pub(super) fn address_known_as(&self) -> Option<String> {
        let address = self.address?;
        Some(with_port(&address.to_string(), self.port))
    }

    /// The address that CheckHostIP looks up beside the name: none for this machine itself, or where it is the name.
    pub(super) fn address_to_check(&self) -> Option<String> {
        let known_as = self.address_known_as()?;
        let local = self.address.is_some_and(|address| address.is_loopback());
        (!local && known_as != self.known_as()).then_some(known_as)
    }

    /// The address in questions.
    pub(super) fn address_shown(&self) -> String {
        self.address_known_as().unwrap_or_else(|| "<no hostip for proxy command>".to_owned())
    }

    /// Whether the name may stand in a known_hosts file: none that would read as a pattern, a list or a comment there.
    pub(super) fn can_be_written(&self) -> bool {
        !self.name.contains(['@', '?', '*', '#', '[', ']', '|', '\'', '"', '\\', ',', '!'])
            && !self.known_as().contains(|c: char| c.is_whitespace() || c.is_control())
    }
}

/// A name as known_hosts has it for a port (misc.c, put_host_port).
pub(super) fn with_port(name: &str, port: u16) -> String {
    if port == 22 { name.to_owned() } else { format!("[{name}]:{port}") }
}

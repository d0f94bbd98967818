//! Asking first for the key types that are already known, so that a host with several keys shows the right one.

use super::known_hosts::{Known, order_request};
use super::line::Marker;
use super::{Host, HostKeyError, KnownHosts, Policy};
use russh::keys::ssh_key::Algorithm;

impl KnownHosts {
    /// `offered` with those names in front that could be checked with what is known: certificates where an authority
    /// is known for the host, then the types of known keys. Nothing is added or lost (OpenSSH's order_hostkeyalgs).
    ///
    /// # Errors
    /// KnownHostsCommand failed.
    pub fn order_algorithms(
        &self,
        policy: &Policy,
        host: &Host,
        offered: &[String],
    ) -> Result<Vec<String>, HostKeyError> {
        let all = self.with_command(policy, || order_request(host.known_as()))?;
        let has_authority = all.with(Marker::Authority).next().is_some();
        let known: Vec<Algorithm> = all.with(Marker::Plain).map(|known: &Known| known.key.algorithm()).collect();
        let can_check = |name: &String| {
            if name.contains("-cert-v01@") { has_authority } else { known.iter().any(|key| serves(key, name)) }
        };
        let (mut first, rest): (Vec<String>, Vec<String>) = offered.iter().cloned().partition(can_check);
        first.extend(rest);
        Ok(first)
    }
}

/// Whether a key of this algorithm signs under `name`: an RSA key does under three.
fn serves(key: &Algorithm, name: &str) -> bool {
    match key {
        Algorithm::Rsa { .. } => matches!(name, "ssh-rsa" | "rsa-sha2-256" | "rsa-sha2-512"),
        other => other.as_str() == name,
    }
}
